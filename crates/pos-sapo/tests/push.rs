//! Pushes: the same one again makes no second object.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Fake, Reply, ok, pos, shop};
use pos_core::connector::{Connector, CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::kit::Connection;
use pos_core::record::{Address, Gender, Money, Quantity};
use pos_core::{ErrorKind, Retry};
use pos_testkit::sapo::{Sandbox, SandboxOptions};
use serde_json::json;
use time::macros::{date, datetime};

fn push() -> CustomerPush {
    let address = Address {
        street: Some("12 ngõ Mẫu".into()),
        ward: Some("Phường Cống Vị".into()),
        province: Some("Hà Nội".into()),
        ..Address::default()
    };
    CustomerPush {
        reference: "crm-1".into(),
        name: Some("Đặng Thu Hà".into()),
        phones: vec!["0905 550 101".into()],
        email: Some("thuha.demo@example.com".into()),
        gender: Some(Gender::Female),
        birth_date: Some(date!(1992 - 03 - 14)),
        tags: vec!["vip".into(), "a,b".into()],
        address: Some(address),
        ..CustomerPush::default()
    }
}

const HA: &str = r#"{"id":51,"first_name":"Hà","last_name":"Đặng Thu","phone":"+84905550101","email":"THUHA.demo@example.com","gender":"Female","dob":"1992-03-14",
    "tags":"vip,a b,cũ","addresses":[{"id":6,"address1":"12 ngõ Mẫu, Phường Cống Vị, Hà Nội","province":"Hà Nội"}]}"#;

fn list(rows: &str) -> Reply {
    ok(format!(r#"{{"customers":[{rows}]}}"#))
}

#[tokio::test]
async fn a_new_customer_is_searched_for_and_then_created() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        // The search is fuzzy, or ignored.
        "GET" => list(r#"{"id":9,"first_name":"Ai khác","phone":"+84905550999"}"#),
        _ => Reply::Answer(201, format!(r#"{{"customer":{HA}}}"#)),
    });
    let pushed = shop(&fake).push_customer(&push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("51", PushOutcome::Created));
    let asked: Vec<_> =
        fake.asked().iter().filter_map(|asked| asked.query("query").map(str::to_owned)).collect();
    assert_eq!(asked, ["+84905550101", "0905550101", "thuha.demo@example.com"]);
    assert!(fake.asked().iter().all(|asked| asked.method == "POST" || asked.query("page") == Some("1")));
    assert_eq!(
        fake.last("POST /admin/customers.json").json(),
        json!({ "customer": {
            "first_name": "Hà", "last_name": "Đặng Thu", "email": "thuha.demo@example.com", "phone": "+84905550101", "gender": "female",
            "dob": "1992-03-14", "tags": "vip,a b", "addresses": [{
                "address1": "12 ngõ Mẫu, Phường Cống Vị, Hà Nội", "city": "Hà Nội", "province": "Hà Nội", "country": "Vietnam",
                "first_name": "Hà", "last_name": "Đặng Thu", "name": "Đặng Thu Hà", "phone": "+84905550101", "default": true,
            }],
        }})
    );
}

#[tokio::test]
async fn a_customer_who_is_there_is_answered_and_not_written_to() {
    for name in ["Đặng Thu Hà", "Ai Khác"] {
        let fake = Fake::new(|_, _| list(HA));
        let mut push = push();
        push.name = Some(name.into());
        push.note = Some("Mới".into());
        let pushed = shop(&fake).push_customer(&push).await.unwrap();
        assert_eq!((pushed.id.as_str(), pushed.outcome), ("51", PushOutcome::Found));
        assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
        assert_eq!(pushed.record.unwrap().name.as_deref(), Some("Đặng Thu Hà"));
    }
}

#[tokio::test]
async fn of_several_holders_of_a_number_the_one_who_agrees_is_found_or_nobody() {
    let holder = |id: u32, name: &str, email: &str| {
        format!(r#"{{"id":{id},"first_name":"{name}","phone":"+84905550101","email":"{email}"}}"#)
    };
    for (rows, found) in [
        ([holder(9, "Ai Khác", "x@example.com"), holder(8, "Đặng Thu Hà", "y@example.com")], Some("8")),
        ([holder(9, "Ai Khác", "THUHA.demo@example.com"), holder(8, "Nào Đó", "y@example.com")], Some("9")),
        ([holder(9, "Ai Khác", "x@example.com"), holder(8, "Nào Đó", "y@example.com")], None),
        ([holder(9, "Đặng Thu Hà", "x@example.com"), holder(8, "Đặng Thu Hà", "y@example.com")], None),
    ] {
        let fake = Fake::new(move |_, _| list(&rows.join(",")));
        match (shop(&fake).push_customer(&push()).await, found) {
            (Ok(pushed), Some(id)) => {
                assert_eq!((pushed.id.as_str(), pushed.outcome), (id, PushOutcome::Found))
            }
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::Conflict);
                let text = error.to_string();
                assert!(text.contains("8, 9") && !text.contains("0905") && !text.contains("Hà"), "{text}");
            }
            (outcome, _) => panic!("{outcome:?}"),
        }
        assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    }
}

#[tokio::test]
async fn holders_of_every_number_in_every_writing_are_known_before_one_is_chosen() {
    let holder = |id: u32, name: &str, phone: &str| {
        format!(
            r#"{{"id":{id},"first_name":"{name}","name":"{name}","phone":"{phone}","phone_number":"{phone}"}}"#
        )
    };
    // Each under one writing of one number: two of the same number, and two of two numbers.
    let by_writing =
        [("+84905550101", "Ai Khác", "+84905550101"), ("0905550101", "Đặng Thu Hà", "0905 550 101")];
    let by_number =
        [("+84905550101", "Ai Khác", "+84905550101"), ("+84905550102", "Đặng Thu Hà", "0905550102")];
    for rows in [by_writing, by_number] {
        let fake = Fake::new(move |asked, _| {
            let at = rows.iter().position(|(query, ..)| asked.query("query") == Some(query));
            list(&at.map_or(String::new(), |at| holder(8 + at as u32, rows[at].1, rows[at].2)))
        });
        let mut push = push();
        push.email = None;
        push.phones = vec!["0905 550 101 / 0905 550 102".into(), "+84905550101".into()];
        for shop in [shop(&fake), pos(&fake)] {
            let pushed = shop.push_customer(&push).await.unwrap();
            assert_eq!((pushed.id.as_str(), pushed.outcome), ("9", PushOutcome::Found), "{}", shop.flavor());
        }
        assert_eq!(fake.asked().len(), 8, "each number in each writing once: {:?}", fake.lines());
        push.name = Some("Người Thứ Ba".into());
        let error = shop(&fake).push_customer(&push).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.to_string().contains("8, 9"), "{error}");
        assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    }
}

#[tokio::test]
async fn a_push_that_changes_nothing_writes_nothing() {
    let shops = r#"{"id":51,"first_name":"Hà","last_name":"Đặng Thu","phone":"+84905550101","email":"thuha.demo@example.com","gender":"Female",
        "dob":"1992-03-14","tags":"vip,a b","addresses":[{"id":6,"address1":"12 ngõ Mẫu","ward":"Phường Cống Vị","district":"Quận Ba Đình",
        "province":"Hà Nội","country":"Vietnam","ward_code":"10107","district_code":"101","province_code":"1"}]}"#;
    let fake = Fake::new(move |_, _| ok(format!(r#"{{"customer":{shops}}}"#)));
    let shop = shop(&fake);
    let mut same = push();
    same.vendor_id = Some("51".into());
    // As this crate reads it, and as the CRM wrote it.
    let read = shop.get_customer("51").await.unwrap();
    for address in [same.address.clone(), read.addresses.first().cloned()] {
        same.address = address;
        let pushed = shop.push_customer(&same).await.unwrap();
        assert_eq!((pushed.id.as_str(), pushed.outcome), ("51", PushOutcome::Found));
    }
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "{:?}", fake.lines());
}

#[tokio::test]
async fn codes_go_out_with_their_names_and_not_where_the_vendor_refuses_them() {
    let fake = Fake::new(|asked, before| match (asked.method.as_str(), before) {
        ("GET", _) => list(""),
        (_, 0) => Reply::Answer(
            422,
            r#"{"errors":[{"code":"unsupported","message":"Ward is not supported"}]}"#.into(),
        ),
        _ => Reply::Answer(201, format!(r#"{{"customer":{HA}}}"#)),
    });
    let mut push = push();
    let codes = pos_core::record::PlaceCodes::new(Some("1"), Some("101"), Some("10107"));
    let mut address =
        push.address.take().unwrap().with_codes("sapo", codes.clone()).with_codes("haravan", codes);
    address.district = Some("Quận Ba Đình".into());
    push.address = Some(address);
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Created);
    let sent: Vec<serde_json::Value> =
        fake.asked().iter().filter(|asked| asked.method == "POST").map(|asked| asked.json()).collect();
    let [coded, plain] = &sent[..] else { panic!("{sent:?}") };
    let (coded, plain) = (&coded["customer"]["addresses"][0], &plain["customer"]["addresses"][0]);
    assert_eq!(
        [
            &coded["address1"],
            &coded["ward"],
            &coded["ward_code"],
            &coded["province"],
            &coded["province_code"]
        ],
        [&json!("12 ngõ Mẫu"), &json!("Phường Cống Vị"), &json!("10107"), &json!("Hà Nội"), &json!("1")]
    );
    assert_eq!(plain["address1"], "12 ngõ Mẫu, Phường Cống Vị, Quận Ba Đình, Hà Nội");
    assert!(plain.get("ward_code").is_none() && plain.get("province_code").is_none());
}

#[tokio::test]
async fn only_what_is_new_is_written_and_tags_are_kept() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /admin/customers.json" => list(HA),
        "GET /admin/customers/51.json" | "PUT /admin/customers/51.json" => {
            ok(format!(r#"{{"customer":{HA}}}"#))
        }
        _ => Reply::Answer(201, r#"{"address":{"id":8}}"#.into()),
    });
    let mut push = push();
    push.vendor_id = Some("51".into());
    push.name = Some("Hà".into());
    push.tags.push("mới".into());
    push.note = Some("Gọi buổi sáng".into());
    push.address.as_mut().unwrap().street = Some("99 đường Khác".into());
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Updated);
    assert_eq!(
        fake.last("PUT /admin/customers/51.json").json(),
        json!({ "customer": { "first_name": "Hà", "last_name": "", "note": "Gọi buổi sáng", "tags": "vip,a b,cũ,mới" } })
    );
    let address = fake.last("POST /admin/customers/51/addresses.json").json();
    assert_eq!(address["address"]["address1"], "99 đường Khác, Phường Cống Vị, Hà Nội");
}

#[tokio::test]
async fn a_customer_who_is_gone_is_not_found_whoever_says_so() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/customers.json" => list(r#"{"id":9,"first_name":"Ai khác"}"#),
        "/admin/customers/9.json" => ok(r#"{"customer":{"id":9,"first_name":"Ai khác"}}"#),
        _ => Reply::Answer(404, String::new()),
    });
    let mut change = push();
    change.vendor_id = Some("51".into());
    let web = common::builder().connection(common::once(&fake)).build().unwrap();
    assert_eq!(web.push_customer(&change).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test]
async fn a_taken_number_is_looked_up_again_and_found() {
    let fake = Fake::new(|asked, before| match asked.method.as_str() {
        // Lists lag: the first search finds nothing.
        "GET" if before < 3 => list(""),
        "GET" => list(HA),
        "POST" => Reply::Answer(422, r#"{"errors":{"phone":["has already been taken"]}}"#.into()),
        _ => ok(format!(r#"{{"customer":{HA}}}"#)),
    });
    let mut push = push();
    push.note = Some("Mới".into());
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("51", PushOutcome::Found));
    assert!(fake.lines().iter().all(|line| !line.starts_with("PUT")));
    let other = Fake::new(|asked, _| {
        if asked.method == "GET" {
            list("")
        } else {
            Reply::Answer(422, r#"{"errors":{"dob":"wrong"}}"#.into())
        }
    });
    let error = shop(&other).push_customer(&push).await.unwrap_err();
    assert_eq!((error.kind(), error.fields()["dob"][0].as_str()), (ErrorKind::Rejected, "wrong"));
}

#[tokio::test]
async fn a_lost_write_asks_for_a_wait_longer_than_the_lists_lag() {
    let fake = Fake::new(|asked, _| if asked.method == "GET" { list("") } else { Reply::Broken });
    let error = shop(&fake).push_customer(&push()).await.unwrap_err();
    assert_eq!(fake.asked().iter().filter(|asked| asked.method == "POST").count(), 1);
    let Retry::After(wait) = error.retry() else { panic!("{error:?}") };
    assert!(wait.as_secs() >= 10);
}

#[tokio::test]
async fn what_could_never_be_found_again_is_refused_before_anything_is_sent() {
    let fake = Fake::new(|_, _| list(""));
    let nameless =
        CustomerPush { reference: "crm-2".into(), name: Some("An".into()), ..CustomerPush::default() };
    let empty = OrderPush { reference: "crm-3".into(), ..OrderPush::default() };
    let shop = shop(&fake);
    assert_eq!(shop.push_customer(&nameless).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(shop.push_order(&empty).await.unwrap_err().kind(), ErrorKind::Config);
    assert!(fake.asked().is_empty());
}

fn order() -> OrderPush {
    let line = PushLine {
        product_id: Some("147230002".into()),
        quantity: Quantity::from(1),
        unit_price: Money::from(625_000),
        ..PushLine::default()
    };
    let custom = PushLine {
        name: Some("Gói quà".into()),
        quantity: Quantity::from(2),
        unit_price: Money::from(10_000),
        discount: Some(Money::from(5_000)),
        ..PushLine::default()
    };
    OrderPush {
        reference: "crm-000124".into(),
        created_at: Some(datetime!(2026-06-20 3:10 UTC)),
        branch_id: Some("825001".into()),
        buyer_id: Some("51230011".into()),
        lines: vec![line, custom],
        shipping_fee: Some(Money::from(30_000)),
        paid: Some(Money::from(670_000)),
        payment_method: Some("Chuyển khoản".into()),
        ..OrderPush::default()
    }
}

#[tokio::test]
async fn an_order_goes_out_with_its_reference_and_without_a_source_name() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        // The tag may be ignored: somebody else's order comes.
        "GET" => ok(r#"{"orders":[{"id":3,"reference":"crm-0001"}]}"#),
        _ => Reply::Answer(
            201,
            r#"{"order":{"id":7,"status":"open","reference":"crm-000124","line_items":[]}}"#.into(),
        ),
    });
    let pushed = shop(&fake).push_order(&order()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("7", PushOutcome::Created));
    let searches: Vec<_> = fake.asked().into_iter().filter(|asked| asked.method == "GET").collect();
    assert_eq!(
        searches.iter().map(|asked| asked.query("status")).collect::<Vec<_>>(),
        [None, Some("closed"), Some("cancelled")]
    );
    for asked in &searches {
        assert_eq!(
            (asked.query("tag"), asked.query("page"), asked.query("created_on_min")),
            (Some("crm-000124"), Some("1"), Some("2026-06-20T03:00:00Z"))
        );
    }
    assert_eq!(
        fake.last("POST /admin/orders.json").json(),
        json!({ "order": {
            "customer": { "id": 51_230_011 },
            "line_items": [
                { "variant_id": 147_230_002, "quantity": 1, "price": 625_000 },
                { "title": "Gói quà", "quantity": 2, "price": 10_000 },
            ],
            "discount_codes": [{ "code": "CRM", "amount": 5_000, "type": "fixed_amount" }],
            "shipping_lines": [{ "title": "Phí giao hàng", "code": "standard", "price": 30_000, "source": "custom" }],
            "transactions": [{ "kind": "sale", "status": "success", "amount": 670_000, "gateway": "Chuyển khoản" }],
            "financial_status": "paid", "tags": "crm-sync, crm-000124", "note_attributes": [{ "name": "crm_ref", "value": "crm-000124" }],
            "reference": "crm-000124", "location_id": 825_001, "inventory_behaviour": "bypass", "send_receipt": false, "send_webhooks": false,
        }})
    );
}

#[tokio::test]
async fn an_order_of_ours_is_found_in_any_list() {
    let fake = Fake::new(|asked, _| match asked.query("status") {
        Some("cancelled") => ok(r#"{"orders":[{"id":7,"reference":"crm-000124","status":"cancelled"}]}"#),
        _ => ok(r#"{"orders":[]}"#),
    });
    let pushed = shop(&fake).push_order(&order()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome, fake.asked().len()), ("7", PushOutcome::Found, 3));
}

#[tokio::test]
async fn a_long_reference_is_hashed_and_kept_in_full_beside_it() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        "GET" => ok(r#"{"orders":[]}"#),
        _ => Reply::Answer(201, r#"{"order":{"id":7}}"#.into()),
    });
    let mut order = order();
    order.reference = format!("đơn-{}", "9".repeat(60));
    order.paid = None;
    shop(&fake).push_order(&order).await.unwrap();
    let sent = fake.last("POST /admin/orders.json").json();
    let reference = sent["order"]["reference"].as_str().unwrap();
    assert!(reference.chars().count() <= 32 && reference.is_ascii());
    assert_eq!(
        (sent["order"]["note_attributes"][0]["value"].as_str(), sent["order"]["financial_status"].as_str()),
        (Some(order.reference.as_str()), Some("pending"))
    );
    assert!(sent["order"].get("transactions").is_none());
}

#[tokio::test]
async fn a_buyer_without_an_id_is_pushed_first() {
    let sandbox = Sandbox::start(SandboxOptions::default().with_customers(5).with_orders(3)).await.unwrap();
    let shop = pos_sapo::Sapo::builder()
        .store(sandbox.store())
        .access_token(sandbox.access_token())
        .connection(Connection::to(sandbox.base_url()))
        .build()
        .unwrap();
    let mut order = order();
    order.buyer_id = None;
    order.buyer = Some(push());
    order.recipient = Some({
        Address {
            name: Some("Lê Thị Lan".into()),
            phone: Some("0905550112".into()),
            text: Some("7 đường Thử Nghiệm, Đà Nẵng".into()),
            ..Address::default()
        }
    });
    let first = shop.push_order(&order).await.unwrap();
    let record = first.record.unwrap();
    assert_eq!(record.buyer.as_ref().unwrap().name.as_deref(), Some("Đặng Thu Hà"));
    assert_eq!(record.recipient.as_ref().unwrap().name.as_deref(), Some("Lê Thị Lan"));
    assert_eq!((record.reference.as_deref(), record.total), (Some("crm-000124"), Some(Money::from(670_000))));
    assert_eq!(shop.push_order(&order).await.unwrap().outcome, PushOutcome::Found);
    assert_eq!(sandbox.ids(pos_core::Stream::Customers).len(), 6);
    shop.client().cancel_order(first.id.parse().unwrap(), "other").await.unwrap();
    assert_eq!(
        shop.push_order(&order).await.unwrap().outcome,
        PushOutcome::Found,
        "also when it was cancelled"
    );
}

const BINH: &str = r#"{"id":67,"tenant_id":1,"name":"Trần Bình","phone_number":"0905550202 / 0905550203","email":"","status":"active","tags":["cũ"],
    "addresses":[{"id":3,"address1":"25 phố Mẫu","ward":"Phường Võ Thị Sáu","district":"Quận 3","city":"TP Hồ Chí Minh"}]}"#;

fn pos_push() -> CustomerPush {
    CustomerPush {
        reference: "crm-9".into(),
        name: Some("Trần Bình".into()),
        phones: vec!["+84905550203".into()],
        ..CustomerPush::default()
    }
}

#[tokio::test]
async fn pos_customers_are_found_by_any_of_their_numbers_created_and_changed() {
    let known = Fake::new(|_, _| list(BINH));
    let pushed = pos(&known).push_customer(&pos_push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("67", PushOutcome::Found));
    assert!(known.asked().iter().all(|asked| asked.method == "GET"));

    let deleted = Fake::new(|asked, _| match asked.method.as_str() {
        "GET" => list(&BINH.replace("active", "deleted")),
        _ => ok(format!(r#"{{"customer":{BINH}}}"#)),
    });
    let pushed = pos(&deleted).push_customer(&pos_push()).await.unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Created);
    assert_eq!(
        deleted.last("POST /admin/customers.json").json(),
        json!({ "customer": { "name": "Trần Bình", "phone_number": "0905550203" } })
    );

    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "POST /admin/customers/67/addresses.json" => Reply::Answer(201, "{}".into()),
        _ => ok(format!(r#"{{"customer":{BINH}}}"#)),
    });
    let shop = pos(&fake);
    let mut change = pos_push();
    change.vendor_id = Some("67".into());
    change.address = shop.get_customer("67").await.unwrap().addresses.into_iter().next();
    assert_eq!(shop.push_customer(&change).await.unwrap().outcome, PushOutcome::Found);
    change.name = Some("Trần Văn Bình".into());
    change.address.as_mut().unwrap().street = Some("26 phố Mẫu".into());
    assert_eq!(shop.push_customer(&change).await.unwrap().outcome, PushOutcome::Updated);
    assert_eq!(
        fake.last("PUT /admin/customers/67.json").json(),
        json!({ "customer": { "name": "Trần Văn Bình" } })
    );
    assert_eq!(
        fake.last("POST /admin/customers/67/addresses.json").json()["address"]["address1"],
        "26 phố Mẫu"
    );
}

fn pos_order() -> OrderPush {
    let line = PushLine {
        product_id: Some("4690001".into()),
        quantity: Quantity::from(2),
        unit_price: Money::from(120_000),
        discount: Some(Money::from(10_000)),
        ..PushLine::default()
    };
    let mut to = Address::default();
    (to.street, to.province) = (Some("25 phố Mẫu".into()), Some("TP Hồ Chí Minh".into()));
    to.name = Some("Trần Bình".into());
    OrderPush {
        reference: "crm-000125".into(),
        buyer_id: Some("67".into()),
        branch_id: Some("776002".into()),
        recipient: Some(to),
        lines: vec![line],
        discount: Some(Money::from(5_000)),
        paid: Some(Money::from(225_000)),
        payment_method: Some("220001".into()),
        ..OrderPush::default()
    }
}

#[tokio::test]
async fn pos_orders_go_out_with_a_code_by_which_they_are_found_again() {
    let fake = Fake::new(|asked, before| match (asked.method.as_str(), before) {
        ("GET", 0) => {
            ok(r#"{"metadata":{"total":1,"page":1,"limit":20},"orders":[{"id":3,"code":"CRM-crm-0001250"}]}"#)
        }
        ("GET", _) => ok(
            r#"{"metadata":{"total":1,"page":1,"limit":20},"orders":[{"id":7,"code":"CRM-crm-000125","order_line_items":[]}]}"#,
        ),
        _ => Reply::Broken,
    });
    let pushed = pos(&fake).push_order(&pos_order()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("7", PushOutcome::Created), "the answer was lost");
    assert_eq!(pushed.record.unwrap().reference.as_deref(), Some("crm-000125"));
    let sent = fake.last("POST /admin/orders.json");
    assert_eq!(sent.headers["x-sapo-locationid"], "776002");
    assert_eq!(
        sent.json(),
        json!({ "order": {
            "code": "CRM-crm-000125", "customer_id": 67, "tax_treatment": "exclusive", "status": "draft", "total": 225_000,
            "order_discount_amount": 5_000, "tags": ["crm-sync"],
            "shipping_address": { "country": "Việt Nam", "city": "TP Hồ Chí Minh", "address1": "25 phố Mẫu", "full_name": "Trần Bình" },
            "order_line_items": [{ "variant_id": 4_690_001, "quantity": 2, "price": 120_000, "discount_amount": 10_000 }],
            "prepayments": [{ "payment_method_id": 220_001, "amount": 225_000, "paid_amount": 225_000, "source": "customer_prepaid" }],
        }})
    );
    assert_eq!(pos(&fake).push_order(&pos_order()).await.unwrap().outcome, PushOutcome::Found);
    let asked = fake.asked().len();
    let mut homeless = pos_order();
    homeless.recipient = None;
    assert_eq!(pos(&fake).push_order(&homeless).await.unwrap_err().kind(), ErrorKind::Config);
    let mut charged = pos_order();
    charged.shipping_fee = Some(Money::from(1));
    assert_eq!(pos(&fake).push_order(&charged).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(fake.asked().len(), asked, "nothing was sent");
}
