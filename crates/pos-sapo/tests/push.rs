//! Pushes: the same one again makes no second object.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Fake, Reply, ok, shop};
use pos_core::connector::{Connector, CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::record::{Address, Gender, Money, Quantity};
use pos_core::{ErrorKind, Retry};
use pos_testkit::sapo::{Sandbox, SandboxOptions};
use serde_json::json;
use time::macros::{date, datetime};

fn push() -> CustomerPush {
    let mut address = Address::default();
    address.street = Some("12 ngõ Mẫu".into());
    address.ward = Some("Phường Cống Vị".into());
    address.province = Some("Hà Nội".into());
    let mut push = CustomerPush::default();
    push.reference = "crm-1".into();
    push.name = Some("Đặng Thu Hà".into());
    push.phones = vec!["0905 550 101".into()];
    push.email = Some("thuha.demo@example.com".into());
    push.gender = Some(Gender::Female);
    push.birth_date = Some(date!(1992 - 03 - 14));
    push.tags = vec!["vip".into(), "a,b".into()];
    push.address = Some(address);
    push
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
async fn a_customer_that_says_the_same_is_left_alone() {
    let fake = Fake::new(|_, _| list(HA));
    let pushed = shop(&fake).push_customer(&push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome, fake.asked().len()), ("51", PushOutcome::Found, 1));
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
async fn a_taken_number_is_looked_up_again_and_updated() {
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
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("51", PushOutcome::Updated));
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
    let mut nameless = CustomerPush::default();
    nameless.reference = "crm-2".into();
    nameless.name = Some("An".into());
    let mut empty = OrderPush::default();
    empty.reference = "crm-3".into();
    let shop = shop(&fake);
    assert_eq!(shop.push_customer(&nameless).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(shop.push_order(&empty).await.unwrap_err().kind(), ErrorKind::Config);
    assert!(fake.asked().is_empty());
}

fn order() -> OrderPush {
    let mut line = PushLine::default();
    line.product_id = Some("147230002".into());
    line.quantity = Quantity::from(1);
    line.unit_price = Money::from(625_000);
    let mut custom = PushLine::default();
    custom.name = Some("Gói quà".into());
    custom.quantity = Quantity::from(2);
    custom.unit_price = Money::from(10_000);
    custom.discount = Some(Money::from(5_000));
    let mut order = OrderPush::default();
    order.reference = "crm-000124".into();
    order.created_at = Some(datetime!(2026-06-20 3:10 UTC));
    order.branch_id = Some("825001".into());
    order.buyer_id = Some("51230011".into());
    order.lines = vec![line, custom];
    order.shipping_fee = Some(Money::from(30_000));
    order.paid = Some(Money::from(670_000));
    order.payment_method = Some("Chuyển khoản".into());
    order
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
        .base_url(sandbox.base_url().as_str())
        .build()
        .unwrap();
    let mut order = order();
    order.buyer_id = None;
    order.buyer = Some(push());
    order.recipient = Some({
        let mut to = Address::default();
        to.name = Some("Lê Thị Lan".into());
        to.phone = Some("0905550112".into());
        to.text = Some("7 đường Thử Nghiệm, Đà Nẵng".into());
        to
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
