//! Writing to the shop, and the habits of the sandbox that reading has to stand.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::{Fake, Reply, fixture, ok, shop, unknown};
use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::kit::{Connection, Row};
use pos_core::record::{
    Address, DocumentKind, Extra, Money, PaymentCategory, PlaceCodes, Quantity, Record, StatusCategory,
};
use pos_core::webhook::WebhookRequest;
use pos_core::{Connector, ConnectorExt, ErrorKind, ListQuery, Secret, Stream, WebhookVerifier};
use pos_haravan::model::CancelWrite;
use pos_haravan::{Haravan, Webhooks};
use pos_testkit::haravan::{Clock, Sandbox, SandboxOptions};
use serde_json::json;
use time::{Duration, OffsetDateTime};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn lan() -> CustomerPush {
    let mut push = CustomerPush {
        reference: "c-1".into(),
        name: Some("Trần Ngọc Lan".into()),
        phones: vec!["0900000101".into()],
        email: Some("lan.tran@example.com".into()),
        note: Some("CRM".into()),
        tags: vec!["crm-sync".into()],
        ..CustomerPush::default()
    };
    let address = Address {
        street: Some("12 Đường Mẫu".into()),
        country: Some("Vietnam".into()),
        ..Address::default()
    };
    let own = PlaceCodes::new(Some("HC"), Some("HC476"), Some("27208"));
    let foreign = PlaceCodes::new(Some("79"), Some("772"), Some("99999"));
    push.address = Some(address.with_codes("haravan", own).with_codes("sapo", foreign));
    push
}

async fn start(options: SandboxOptions) -> (Sandbox, Haravan) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let connector = Haravan::builder()
        .org_id(sandbox.org_id())
        .token(sandbox.token())
        .webhook_url(sandbox.api_url())
        .connection(Connection { limits: Some(Vec::new()), ..Connection::to(sandbox.api_url()) })
        .build()
        .unwrap();
    (sandbox, connector)
}

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(120).with_orders(96).with_seed(5)
}

#[tokio::test]
async fn a_new_customer_is_looked_for_first_and_written_as_documented() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /com/customers/search.json" => ok(text("customers_page_past_end.json")),
        "POST /com/customers.json" => Reply::Answer(201, text("customer_create_response.json")),
        _ => unknown(),
    });
    let pushed = shop(&fake).push_customer(&lan()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("1100000105", PushOutcome::Created));
    let queries: Vec<_> =
        fake.asked().iter().filter_map(|asked| asked.query("query").map(str::to_owned)).collect();
    assert_eq!(queries, ["0900000101", "+84900000101", "lan.tran@example.com"]);
    let mut expected: serde_json::Value =
        serde_json::from_slice(&fixture("customer_create_request.json")).unwrap();
    expected["customer"]["send_email_invite"] = false.into();
    expected["customer"]["send_email_welcome"] = false.into();
    assert_eq!(fake.last("POST /com/customers.json").json(), expected);
    let nameless = CustomerPush { reference: "c-2".into(), ..CustomerPush::default() };
    assert_eq!(shop(&fake).push_customer(&nameless).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn who_is_there_already_is_answered_and_not_written_to() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /com/customers/search.json" => ok(text("customers_search_by_phone.json")),
        _ => unknown(),
    });
    let mut push = lan();
    push.name = Some("Người Khác Hẳn".into());
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!(
        (pushed.id.as_str(), pushed.outcome),
        ("1100000101", PushOutcome::Found),
        "told apart by e-mail"
    );
    assert_eq!(pushed.record.unwrap().name.as_deref(), Some("Trần Ngọc Lan"), "as the shop has it");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    // Both writings of the number are looked for: two customers may have one each.
    let queries: Vec<_> =
        fake.asked().iter().filter_map(|asked| asked.query("query").map(str::to_owned)).collect();
    assert_eq!(queries, ["0900000101", "+84900000101"]);
}

#[tokio::test]
async fn an_ambiguous_number_is_a_conflict_that_names_the_ids_only() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /com/customers/search.json" => ok(text("customers_search_by_phone.json")),
        _ => unknown(),
    });
    let mut stranger = lan();
    stranger.email = None;
    stranger.name = Some("Lý Thị Mới".into());
    let error = shop(&fake).push_customer(&stranger).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("1100000101") && error.to_string().contains("1100000104"), "{error}");
    assert!(!error.to_string().contains("0900000101"), "{error}");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    // One writing each.
    let fake = Fake::new(|asked, _| match asked.query("query") {
        Some("0900000101") => ok(r#"{"customers":[{"id":1,"first_name":"A","phone":"0900000101"}]}"#),
        Some("+84900000101") => ok(r#"{"customers":[{"id":2,"first_name":"B","phone":"+84 900 000 101"}]}"#),
        _ => ok(r#"{"customers":[]}"#),
    });
    let error = shop(&fake).push_customer(&stranger).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    // Two with one e-mail and no number.
    let fake = Fake::new(|_, _| {
        ok(
            r#"{"customers":[{"id":1,"first_name":"A","email":"lan.tran@example.com"},{"id":2,"first_name":"B","email":"Lan.Tran@example.com"}]}"#,
        )
    });
    let mut push = lan();
    push.phones.clear();
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap_err().kind(), ErrorKind::Conflict);
    push.name = Some("B".into());
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().id, "2");
}

#[tokio::test]
async fn holders_of_all_numbers_are_known_before_one_is_chosen() {
    let fake = Fake::new(|asked, _| match asked.query("query") {
        Some("0900000101") => ok(r#"{"customers":[{"id":1,"first_name":"A","phone":"0900000101"}]}"#),
        Some("0900000102") => {
            ok(r#"{"customers":[{"id":2,"first_name":"Lan","last_name":"Trần Ngọc","phone":"0900000102"}]}"#)
        }
        _ => ok(r#"{"customers":[]}"#),
    });
    for phones in [vec!["0900000101", "0900000102"], vec!["0900000101 / 0900000102", "+84900000101"]] {
        let mut push = lan();
        push.phones = phones.into_iter().map(str::to_owned).collect();
        let pushed = shop(&fake).push_customer(&push).await.unwrap();
        assert_eq!((pushed.id.as_str(), pushed.outcome), ("2", PushOutcome::Found), "{:?}", push.phones);
        push.name = Some("Lý Thị Mới".into());
        let error = shop(&fake).push_customer(&push).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.to_string().contains("1, 2"), "{error}");
    }
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    assert_eq!(fake.asked().len(), 16, "each number in both writings, once");
}

#[tokio::test]
async fn a_number_that_is_only_near_is_no_hit() {
    let mut near = lan();
    near.phones = vec!["0900000199".into()];
    near.email = None;
    let missed = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /com/customers/search.json" => ok(text("customers_search_by_phone.json")),
        "POST /com/customers.json" => Reply::Answer(201, text("customer_create_response.json")),
        _ => unknown(),
    });
    assert_eq!(shop(&missed).push_customer(&near).await.unwrap().outcome, PushOutcome::Created);
}

#[tokio::test]
async fn a_change_writes_only_what_differs() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        line if line.ends_with("/tags.json") => ok(text("customer_tags_response.json")),
        "GET /com/customers/1100000101.json" | "PUT /com/customers/1100000101.json" => {
            ok(text("customer_single.json"))
        }
        _ => unknown(),
    });
    let mut push = lan();
    push.vendor_id = Some("1100000101".into());
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Updated);
    assert_eq!(
        fake.last("PUT /com/customers/1100000101.json").json(),
        json!({ "customer": { "note": "CRM" } })
    );
    assert_eq!(fake.last("POST /com/customers/1100000101/tags.json").json(), json!({ "tags": "crm-sync" }));
    // Nothing that differs sends nothing: absent members, other writings of the same, tags in another letter case.
    let fake = Fake::new(|_, _| ok(text("customer_single.json")));
    let same = CustomerPush {
        reference: "c-1".into(),
        vendor_id: Some("1100000101".into()),
        name: Some(" trần  Ngọc Lan".replace("trần", "Trần")),
        phones: vec!["+84 900 000 101".into()],
        email: Some("LAN.TRAN@example.com".into()),
        tags: vec!["vip".into()],
        ..CustomerPush::default()
    };
    let pushed = shop(&fake).push_customer(&same).await.unwrap();
    assert_eq!((pushed.outcome, fake.asked().len()), (PushOutcome::Found, 1));
}

#[tokio::test]
async fn an_address_that_is_there_is_not_added_again() {
    let place = |street: &str, ward: Option<&str>, province: Option<&str>| {
        let mut push =
            CustomerPush { reference: "c-1".into(), vendor_id: Some("7".into()), ..CustomerPush::default() };
        let address = Address {
            street: Some(street.into()),
            ward: ward.map(Into::into),
            province: province.map(Into::into),
            ..Address::default()
        };
        push.address = Some(address);
        push
    };
    let customer = |places: &str| {
        format!(
            r#"{{"customer":{{"id":7,"first_name":"Lan","phone":"0900000101","addresses":[{places}],"default_address":null}}}}"#
        )
    };
    let home = r#"{"id":1,"address1":"12 Đường Mẫu","address2":"Lầu 2","ward":"Phường 15","province":"Hồ Chí Minh","default":true}"#;
    let one = customer(home);
    let fake = Fake::new(move |_, _| ok(one.clone()));
    let connector = shop(&fake);
    for same in [
        // As our own record writes it: both lines in one.
        place("12 Đường Mẫu, Lầu 2", Some("Phường 15"), Some("Hồ Chí Minh")),
        place("12 đường mẫu  lầu 2", None, Some("TP Hồ Chí Minh")),
        place("12 Đường Mẫu, Lầu 2, Phường 15, Hồ Chí Minh", None, None),
    ] {
        assert_eq!(connector.push_customer(&same).await.unwrap().outcome, PushOutcome::Found);
    }
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    // The customer shows ten of them: the others are looked at before one is added.
    let many: Vec<String> =
        (1..=10).map(|at| format!(r#"{{"id":{at},"address1":"{at} Đường Khác"}}"#)).collect();
    let ten = customer(&many.join(","));
    let fake = Fake::new(move |asked, _| match asked.path.as_str() {
        "/com/customers/7/addresses.json" => ok(format!(r#"{{"addresses":[{home}]}}"#)),
        _ => ok(ten.clone()),
    });
    let there = place("12 Đường Mẫu, Lầu 2", None, None);
    assert_eq!(shop(&fake).push_customer(&there).await.unwrap().outcome, PushOutcome::Found);
    assert_eq!(fake.last("GET /com/customers/7/addresses.json").query("limit"), Some("250"));
    // Another one is added, in its parts.
    let one = customer(home);
    let fake = Fake::new(move |asked, _| match asked.line().as_str() {
        "POST /com/customers/7/addresses.json" => Reply::Answer(201, r#"{"address":{"id":2}}"#.into()),
        _ => ok(one.clone()),
    });
    let other = place("12 Đường Mẫu, Lầu 2", Some("Phường Sài Gòn"), Some("Cần Thơ"));
    assert_eq!(shop(&fake).push_customer(&other).await.unwrap().outcome, PushOutcome::Updated);
    let body = fake.last("POST /com/customers/7/addresses.json").json();
    assert_eq!(
        (&body["address"]["ward"], &body["address"]["province"]),
        (&json!("Phường Sài Gòn"), &json!("Cần Thơ"))
    );
}

#[tokio::test]
async fn a_taken_number_that_the_search_missed_is_answered_and_not_written_to() {
    let fake = Fake::new(|asked, seen| match asked.line().as_str() {
        // The index lags at first.
        "GET /com/customers/search.json" if seen < 3 => ok(r#"{"customers":[]}"#),
        "GET /com/customers/search.json" => {
            ok(r#"{"customers":[{"id":9,"first_name":"Khác","phone":"0900000101"}]}"#)
        }
        "POST /com/customers.json" => Reply::Answer(422, text("error_422_fields.json")),
        _ => unknown(),
    });
    let pushed = shop(&fake).push_customer(&lan()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("9", PushOutcome::Found));
    assert!(!fake.lines().iter().any(|line| line.starts_with("PUT") || line.contains("addresses")));
}

#[tokio::test]
async fn the_guest_record_is_never_changed() {
    let fake = Fake::new(|_, _| ok(text("customer_guest.json")));
    let mut push = lan();
    push.vendor_id = Some("1100000001".into());
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn an_order_without_a_time_is_looked_for_by_the_vendors_clock() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /com/orders.json" => ok(r#"{"orders":[]}"#),
        "POST /com/orders.json" => Reply::Answer(201, text("order_create_response.json")),
        _ => Reply::With(200, "date", "Wed, 22 Jul 2026 05:00:00 GMT".into(), r#"{"locations":[]}"#.into()),
    });
    // Eighteen hours ahead of the vendor.
    let clock = pos_core::Clock::new(|| time::macros::datetime!(2026-07-22 23:00 UTC));
    let shop = common::builder().connection(Connection { clock, ..fake.connection() }).build().unwrap();
    shop.client().list_locations().await.unwrap();
    let line = PushLine { name: Some("Áo".into()), quantity: Quantity::from(1), ..PushLine::default() };
    let push = OrderPush {
        reference: "o-9".into(),
        buyer_id: Some("7".into()),
        lines: vec![line],
        ..OrderPush::default()
    };
    shop.push_order(&push).await.unwrap();
    assert_eq!(fake.last("GET /com/orders.json").query("created_at_min"), Some("2026-07-21T05:00:00"));
}

#[tokio::test]
async fn an_order_goes_out_with_its_reference_and_exact_amounts() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /com/orders.json" => ok(r#"{"orders":[]}"#),
        "POST /com/orders.json" => Reply::Answer(201, text("order_create_response.json")),
        _ => unknown(),
    });
    let line = PushLine {
        product_id: Some("1150000001".into()),
        quantity: Quantity::from(2),
        unit_price: Money::from(185_000),
        discount: Some(Money::from(30_000)),
        ..PushLine::default()
    };
    let mut push = OrderPush {
        reference: "CRM-0002".into(),
        created_at: Some(time::macros::datetime!(2026-07-25 12:19:26 UTC)),
        buyer_id: Some("1100000101".into()),
        branch_id: Some("900001".into()),
        lines: vec![line],
        shipping_fee: Some(Money::from(15_000)),
        discount: Some(Money::from(5_000)),
        paid: Some(Money::from(350_000)),
        payment_method: Some("Tiền mặt".into()),
        ..OrderPush::default()
    };
    let pushed = shop(&fake).push_order(&push).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("1500000006", PushOutcome::Created));
    let search = &fake.asked()[0];
    assert_eq!(
        (search.query("status"), search.query("created_at_min")),
        (Some("any"), Some("2026-07-25T12:09:26"))
    );
    let body = fake.last("POST /com/orders.json").json();
    let order = &body["order"];
    assert_eq!(order["customer"], json!({ "id": 1100000101 }));
    assert_eq!(order["note_attributes"], json!([{ "name": "crm_order_ref", "value": "CRM-0002" }]));
    let line = json!({ "variant_id": 1150000001, "quantity": 2, "price": 185000, "total_discount": 30000 });
    assert_eq!(order["line_items"], json!([line]));
    assert_eq!(
        order["transactions"],
        json!([{ "kind": "capture", "amount": 350000, "gateway": "Tiền mặt" }])
    );
    assert_eq!(order["discount_codes"], json!([{ "code": "CRM", "amount": 5000, "is_coupon_code": false }]));
    assert_eq!(
        (&order["location_id"], &order["tags"], &order["source"]),
        (&json!(900001), &json!("crm-sync"), &json!("crm"))
    );
    assert_eq!(
        (&order["send_receipt"], &order["shipping_lines"][0]["price"]),
        (&json!(false), &json!(15000))
    );
    push.buyer_id = None;
    assert_eq!(
        shop(&fake).push_order(&push).await.unwrap_err().kind(),
        ErrorKind::Config,
        "never onto the guest record"
    );
}

#[tokio::test]
async fn a_window_is_exact_whatever_clock_the_shop_filters_by() {
    for clock in [Clock::Local, Clock::Utc] {
        let (sandbox, connector) = start(small().with_clock(clock)).await;
        let now = OffsetDateTime::now_utc();
        let ids = sandbox.ids(Stream::Orders);
        let mut expected = BTreeSet::new();
        for (at, hours) in [(3, 0), (4, 1), (5, 6), (6, 8), (7, 20)] {
            sandbox.update_at(Stream::Orders, ids[at], now - Duration::hours(hours), |_| {});
            if hours <= 6 {
                expected.insert(ids[at].to_string());
            }
        }
        let query = ListQuery::default().with_modified_from(now - Duration::hours(6) - Duration::minutes(1));
        let mut pages = connector.pages(Stream::Orders, query);
        let mut seen = BTreeSet::new();
        while let Some(page) = pages.try_next().await.unwrap() {
            seen.extend(page.records.iter().map(|record| record.id().to_owned()));
        }
        assert_eq!(seen, expected, "{clock:?}");
    }
}

#[tokio::test]
async fn lists_in_falling_order_are_read_to_their_end() {
    let (sandbox, connector) = start(small().with_descending_lists()).await;
    for stream in [Stream::Customers, Stream::Orders, Stream::Products] {
        let mut pages = connector.pages(stream, ListQuery::default().with_page_size(17));
        let mut seen = BTreeSet::new();
        while let Some(page) = pages.try_next().await.unwrap() {
            seen.extend(page.records.iter().map(|record| record.id().to_owned()));
        }
        let expected: BTreeSet<String> = sandbox.ids(stream).iter().map(ToString::to_string).collect();
        assert_eq!(seen, expected, "{stream}");
    }
}

#[tokio::test]
async fn every_seeded_row_is_readable_and_the_sums_are_right() {
    let (sandbox, connector) = start(small()).await;
    let mut pages = connector.document_pages(DocumentKind::Order, ListQuery::default());
    let mut categories = BTreeSet::new();
    let mut refunds = 0;
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty(), "{:?}", page.rejected);
        for order in page.records {
            categories.insert(order.status.category);
            let shipping = order.shipping_fee.unwrap_or_default();
            assert_eq!(
                order.total.unwrap(),
                order.subtotal.unwrap() - order.discount.unwrap() + shipping,
                "{}",
                order.id
            );
            let lines: Money = order.lines.iter().filter_map(|line| line.total).sum();
            assert_eq!(Some(lines), order.subtotal, "{}", order.id);
            if order.payment.category == PaymentCategory::PartiallyRefunded {
                refunds += 1;
                let row = sandbox.row(Stream::Orders, order.id.parse().unwrap()).unwrap();
                let once = row["transactions"][0]["amount"].as_f64().unwrap().abs() as i64;
                assert_eq!(order.refunded, Some(Money::from(once)), "listed twice, counted once");
            }
        }
    }
    assert!(refunds > 0);
    assert!(
        categories.contains(&StatusCategory::Cancelled) && categories.contains(&StatusCategory::Completed)
    );
}

#[tokio::test]
async fn an_order_is_pushed_paid_and_cancelled_and_its_echo_says_the_same() {
    let (sandbox, connector) = start(small()).await;
    let buyer = connector.push_customer(&lan()).await.unwrap();
    let line = PushLine {
        product_id: Some(sandbox.variant_of(sandbox.id(Stream::Products, 4)).to_string()),
        quantity: Quantity::from(1),
        unit_price: Money::from(100_000),
        ..PushLine::default()
    };
    let push = OrderPush {
        reference: "o-1".into(),
        created_at: Some(OffsetDateTime::now_utc()),
        buyer: Some(lan()),
        lines: vec![line],
        ..OrderPush::default()
    };
    let pushed = connector.push_order(&push).await.unwrap();
    let order = pushed.record.clone().unwrap();
    assert_eq!(
        order.buyer.as_ref().unwrap().id.as_deref(),
        Some(buyer.id.as_str()),
        "the buyer was pushed before"
    );
    let id: i64 = pushed.id.parse().unwrap();
    let echo = sandbox.webhook("orders/create", Stream::Orders, id).unwrap();
    let hooks = Webhooks::new([Secret::new(sandbox.app_secret())]);
    let request = WebhookRequest::new(&echo.headers, &echo.body, OffsetDateTime::now_utc());
    let delivery = hooks.parse(&hooks.verify(&request).unwrap()).unwrap();
    let Some(Record::Order(told)) = &delivery.events[0].record else { panic!() };
    assert_eq!(
        (&told.reference, told.updated_at, told.total),
        (&order.reference, order.updated_at, order.total)
    );
    connector.client().pay_order(id, Money::from(100_000)).await.unwrap();
    let mut cancel = CancelWrite::default();
    cancel.reason = Some("customer".into());
    let cancelled = connector.client().cancel_order(id, &cancel).await.unwrap();
    let cancelled = cancelled.into_record(Extra::new());
    assert_eq!(
        (cancelled.status.category, cancelled.payment.category),
        (StatusCategory::Cancelled, PaymentCategory::Paid)
    );
    let deletion = sandbox.webhook_of_deletion(Stream::Orders, id);
    let request = WebhookRequest::new(&deletion.headers, &deletion.body, OffsetDateTime::now_utc());
    let delivery = hooks.parse(&hooks.verify(&request).unwrap()).unwrap();
    assert_eq!(delivery.events[0].ids, [pushed.id]);
    let own =
        sandbox.webhook("orders/create", Stream::Orders, id).unwrap().signed_with(sandbox.shop_secret());
    let request = WebhookRequest::new(&own.headers, &own.body, OffsetDateTime::now_utc());
    assert!(hooks.verify(&request).is_err(), "the shop's own webhooks have another key");
    assert!(hooks.with_secret(sandbox.shop_secret()).verify(&request).is_ok());
}
