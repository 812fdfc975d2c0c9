//! Every saved delivery is proven and read; whatever else is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

mod common;

use common::fixture;
use http::{HeaderMap, HeaderName};
use pos_core::record::{DocumentKind, Record, Stream};
use pos_core::webhook::{Delivery, EventKind, Refusal, Remember, Trust, Verified, WebhookRequest};
use pos_core::{Secret, WebhookVerifier};
use pos_nhanh::{Mode, Webhooks};
use time::OffsetDateTime;

const TOKEN: &str = "test-secret-f4f1";

fn headers(name: &str) -> HeaderMap {
    let fields: std::collections::BTreeMap<String, String> =
        serde_json::from_slice(&fixture(&format!("{name}.headers.json"))).unwrap();
    fields
        .into_iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect()
}

fn take(hooks: &Webhooks, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
    let verified = hooks.verify(&WebhookRequest::new(headers, body, OffsetDateTime::UNIX_EPOCH))?;
    assert_eq!(verified.trust, Trust::SharedToken);
    hooks.parse(&verified)
}

fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("another-token-0001"), Secret::new(TOKEN)]).with_tenant("215500")
}

fn sample(name: &str) -> Delivery {
    let delivery = take(&hooks(), &headers(name), &fixture(&format!("{name}.json"))).unwrap();
    assert!(delivery.rejected.is_empty() && !delivery.events.is_empty(), "{name}: {delivery:?}");
    delivery
}

#[test]
fn every_sample_says_what_happened_to_what() {
    use EventKind::{AppUninstalled, Delete, Probe, Stock, Upsert};
    let orders = Some(Stream::Orders);
    let products = Some(Stream::Products);
    for (name, kind, stream, ids, refetch, has_record) in [
        ("v3_webhook_enabled", Probe, None, &[][..], false, false),
        ("v3_webhook_app_uninstalled", AppUninstalled, None, &[], true, false),
        ("v3_webhook_order_add", Upsert, orders, &["436200118"], true, true),
        ("v3_webhook_order_update", Upsert, orders, &["436200118"], true, true),
        ("v3_webhook_order_partial_return", Upsert, Some(Stream::Returns), &["436233001"], true, true),
        ("v3_webhook_order_delete", Delete, orders, &["436190001", "436190002"], true, false),
        ("v3_webhook_product_add", Upsert, products, &["38211045"], true, true),
        ("v3_webhook_product_update", Upsert, products, &["38211045"], true, true),
        ("v3_webhook_product_delete", Delete, products, &["38211045", "38211990"], true, false),
        ("v3_webhook_inventory_change", Stock, products, &["38211045"], true, false),
        ("v2_webhook_enabled", Probe, None, &[], false, false),
        ("v2_webhook_order_add", Upsert, orders, &["412300901"], true, true),
        ("v2_webhook_order_update", Upsert, orders, &["412300777"], true, false),
        ("v2_webhook_order_delete", Delete, orders, &["412300650", "412300651"], true, false),
        ("v2_webhook_product_add", Upsert, products, &["38219999"], true, true),
        ("v2_webhook_product_update", Upsert, products, &["38211045"], true, true),
        ("v2_webhook_product_delete", Delete, products, &["38211045", "38211990"], true, false),
        ("v2_webhook_inventory_change", Stock, products, &["38211045"], true, false),
    ] {
        let delivery = sample(name);
        let event = &delivery.events[0];
        assert_eq!((event.kind, event.stream), (kind, stream), "{name}");
        assert_eq!(
            (event.ids.as_slice(), event.refetch),
            (ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>().as_slice(), refetch),
            "{name}"
        );
        assert_eq!(event.record.is_some(), has_record, "{name}");
        assert_eq!(
            (delivery.attempt, delivery.tenant.is_some()),
            (None, !name.contains("enabled")),
            "{name}"
        );
        assert_eq!(delivery.id, pos_core::webhook::body_id(&fixture(&format!("{name}.json"))));
        // Goods brought back are orders to the vendor.
        let streams: Vec<_> = delivery.events.iter().map(|event| event.stream).collect();
        let more = if kind == Delete && stream == orders {
            vec![orders, Some(Stream::Returns)]
        } else {
            vec![stream]
        };
        assert_eq!(streams, more, "{name}");
    }
}

fn verified(hooks: &Webhooks, headers: &HeaderMap, body: &[u8]) -> Verified {
    hooks.verify(&WebhookRequest::new(headers, body, OffsetDateTime::UNIX_EPOCH)).unwrap()
}

#[test]
fn a_delivery_is_identified_by_its_envelope_and_remembered_while_it_waits() {
    let name = "v3_webhook_order_update";
    let body = fixture(&format!("{name}.json"));
    let proven = verified(&hooks(), &headers(name), &body);
    let known = hooks().identify(&proven).unwrap();
    assert_eq!((known.tenant.as_deref(), known.topic.as_deref()), (Some("215500"), Some("orderUpdate")));
    assert_eq!((known.remember, known.id), (Remember::WhileWaiting, hooks().parse(&proven).unwrap().id));
    // What was kept is read by whoever has no token, and by the connector.
    let kept: Verified = serde_json::from_str(&serde_json::to_string(&proven).unwrap()).unwrap();
    assert_eq!(Webhooks::new([]).parse(&kept).unwrap(), hooks().parse(&proven).unwrap());
    let shop = common::builder().build().unwrap();
    assert_eq!(shop.webhooks().parse(&kept).unwrap().events.len(), 1);
}

#[test]
fn an_uninstallation_works_again_after_a_month() {
    let body = fixture("nhanh_hook_uninstall.json");
    let delivery = verified(&hooks(), &headers("nhanh_hook_uninstall"), &body);
    let known = hooks().identify(&delivery).unwrap();
    assert_eq!(known.remember, Remember::WhileWaiting, "what is done is compared with nothing");
    let event = &hooks().parse(&delivery).unwrap().events[0];
    assert_eq!((event.kind, event.refetch), (EventKind::AppUninstalled, true));
}

#[test]
fn one_address_serves_all_shops_of_an_app() {
    let right = headers("v3_webhook_order_add");
    let body = String::from_utf8(fixture("v3_webhook_order_delete.json")).unwrap().replace("215500", "7");
    let all = Webhooks::new([Secret::new(TOKEN)]);
    let proven = verified(&all, &right, body.as_bytes());
    assert_eq!(all.identify(&proven).unwrap().tenant.as_deref(), Some("7"));
    let refusal = hooks().identify(&proven).unwrap_err();
    assert_eq!(refusal, Refusal::OtherShop("7".into()));
    assert_eq!(
        hooks().refusal_status(&refusal),
        200,
        "another status makes the vendor switch the address off"
    );
    assert_eq!(hooks().refusal_status(&Refusal::BadProof("x")), 401);
}

#[test]
fn without_a_token_the_vendor_is_asked_to_come_again() {
    let none = Webhooks::new([]);
    let body = fixture("v3_webhook_order_add.json");
    let headers = headers("v3_webhook_order_add");
    let refusal = none.verify(&WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH)).unwrap_err();
    assert_eq!((none.refusal_status(&refusal), refusal), (503, Refusal::NotConfigured("verify token")));
}

#[test]
fn a_byte_order_mark_before_the_body_is_no_obstacle() {
    for (name, mode) in [("v3_webhook_order_add", Mode::V3), ("v2_webhook_order_add", Mode::V2)] {
        let body = [b"\xef\xbb\xbf".as_slice(), &fixture(&format!("{name}.json"))].concat();
        let delivery = take(&hooks().with_mode(mode), &headers(name), &body).unwrap();
        assert_eq!(delivery.events[0].kind, EventKind::Upsert, "{name}");
    }
}

#[test]
fn hostile_bodies_cost_milliseconds() {
    let right = headers("v3_webhook_order_add");
    let envelope =
        |event: &str, data: &str| format!(r#"{{"event":"{event}","businessId":215500,"data":{data}}}"#);
    let ids = (0..100_000).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let members = (0..60_000).map(|id| format!("\"m{id}\":1")).collect::<Vec<_>>().join(",");
    let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let lines = (0..900)
        .map(|id| format!(r#"{{"id":{id},"name":"{}"}}"#, "x".repeat(900)))
        .collect::<Vec<_>>()
        .join(",");
    for (event, data, is_read) in [
        ("orderDelete", format!("[{ids}]"), false),
        ("inventoryChange", format!("[{ids}]"), false),
        ("orderAdd", format!(r#"{{"info":{{"id":5,"id":6,{members}}}}}"#), false),
        ("orderAdd", deep(100_000), false),
        ("orderAdd", format!(r#"{{"info":{{"id":5}},"x":{}}}"#, deep(40)), false),
        ("orderAdd", format!(r#"{{"info":{{"id":5}},"products":[{lines}]}}"#), true),
    ] {
        let body = envelope(event, &data);
        let proven = verified(&hooks(), &right, body.as_bytes());
        let known = hooks().identify(&proven);
        let read = hooks().parse(&proven);
        assert_eq!((known.is_ok(), read.is_ok()), (is_read, is_read), "{event} of {} bytes", body.len());
        if let Ok(delivery) = read {
            let event = &delivery.events[0];
            assert!(event.ids == ["5"] && event.refetch && event.record.is_none(), "{event:?}");
        }
    }
}

#[test]
fn a_partial_return_names_the_order_that_it_comes_from() {
    let delivery = sample("v3_webhook_order_partial_return");
    let event = &delivery.events[0];
    assert_eq!((event.related[0].stream, event.related[0].id.as_str()), (Stream::Orders, "436200199"));
    let Some(Record::Order(record)) = &event.record else { panic!() };
    assert_eq!(
        (record.stream, record.returns.as_deref(), record.incomplete),
        (DocumentKind::Return, Some("436200199"), true)
    );
    let Some(Record::Order(order)) = &sample("v3_webhook_order_update").events[0].record.clone() else {
        panic!()
    };
    assert_eq!(order.buyer.as_ref().unwrap().id.as_deref(), Some("90411201"));
    assert_eq!(order.updated_at.unwrap().unix_timestamp(), 1_794_452_744);
    let Some(Record::Product(shirt)) = &sample("v3_webhook_product_update").events[0].record.clone() else {
        panic!()
    };
    assert_eq!(shirt.category.as_ref().unwrap().name.as_deref(), Some("Áo thun"));
}

#[test]
fn each_mode_believes_its_own_place_alone() {
    let take_as = |mode: Mode, name: &str| {
        take(&hooks().with_mode(mode), &headers(name), &fixture(&format!("{name}.json"))).map(drop)
    };
    for (mode, v3, v2) in [(Mode::V3, true, false), (Mode::V2, false, true), (Mode::Auto, true, true)] {
        assert_eq!(take_as(mode, "v3_webhook_order_add").is_ok(), v3, "{mode:?}");
        assert_eq!(take_as(mode, "v2_webhook_order_add").is_ok(), v2, "{mode:?}");
    }
    // A wrong header is not saved by a right body.
    let body = fixture("v2_webhook_order_add.json");
    let mut wrong = HeaderMap::new();
    wrong.insert("authorization", "wrong".parse().unwrap());
    assert_eq!(take(&hooks(), &wrong, &body).unwrap_err(), Refusal::BadProof("authorization header"));
    assert!(take(&hooks().with_mode(Mode::V2), &wrong, &body).is_ok());
}

#[test]
fn only_the_exact_token_is_one() {
    let body = fixture("v3_webhook_order_add.json");
    for wrong in ["", "test-secret-f4f", "test-secret-f4f11", "Test-Secret-F4F1", "Bearer test-secret-f4f1"] {
        let mut headers = HeaderMap::new();
        headers.insert("Authorization", wrong.parse().unwrap());
        assert!(matches!(take(&hooks(), &headers, &body), Err(Refusal::BadProof(_))), "{wrong:?}");
    }
    assert!(matches!(take(&hooks(), &HeaderMap::new(), &body), Err(Refusal::Unsigned(_))));
    let v2 = |token: &str| {
        format!(r#"{{"event":"orderDelete","businessId":215500,"webhooksVerifyToken":{token},"data":[1]}}"#)
    };
    for (token, refusal) in [
        ("\"wrong\"", Refusal::BadProof("webhooksVerifyToken")),
        ("1", Refusal::MalformedProof("webhooksVerifyToken")),
        ("[\"test-secret-f4f1\"]", Refusal::MalformedProof("webhooksVerifyToken")),
    ] {
        assert_eq!(take(&hooks(), &HeaderMap::new(), v2(token).as_bytes()).unwrap_err(), refusal);
    }
    assert!(take(&hooks(), &HeaderMap::new(), v2("\"test-secret-f4f1\"").as_bytes()).is_ok());
    // Without a token nothing is believed, an empty header least of all.
    let none = Webhooks::new([Secret::new(" ")]);
    let mut empty = HeaderMap::new();
    empty.insert("authorization", "".parse().unwrap());
    assert!(take(&none, &empty, &body).is_err());
    assert!(!format!("{:?}", hooks()).contains("test-secret"));
}

#[test]
fn another_shop_s_delivery_and_unreadable_ones_are_refused() {
    let right = headers("v3_webhook_order_add");
    let body = String::from_utf8(fixture("v3_webhook_order_delete.json")).unwrap().replace("215500", "7");
    assert_eq!(take(&hooks(), &right, body.as_bytes()).unwrap_err(), Refusal::OtherShop("7".into()));
    assert!(
        take(&Webhooks::new([Secret::new(TOKEN)]), &right, body.as_bytes()).unwrap().tenant.as_deref()
            == Some("7")
    );
    for body in ["", "{}", "[]", "null", "{\"event\":1", "{\"event\":\"orderDelete\",\"data\":[1]}"] {
        assert!(matches!(take(&hooks(), &right, body.as_bytes()), Err(Refusal::Malformed(_))), "{body}");
    }
    let large = vec![b' '; pos_core::webhook::MAX_BODY + 1];
    assert!(matches!(take(&hooks(), &right, &large), Err(Refusal::TooLarge { .. })));
}

#[test]
fn lists_of_ids_come_in_several_shapes_and_strange_content_costs_only_itself() {
    let right = headers("v3_webhook_order_add");
    let read = |event: &str, data: &str| {
        take(
            &hooks(),
            &right,
            format!(r#"{{"event":"{event}","businessId":"215500","data":{data}}}"#).as_bytes(),
        )
        .unwrap()
    };
    for data in ["[1,\"2\"]", "{\"0\":1,\"1\":\"2\"}", "[1,2,2]"] {
        assert_eq!(read("orderDelete", data).events[0].ids, ["1", "2"], "{data}");
    }
    for (event, data) in [
        ("orderDelete", "[{}]"),
        ("orderDelete", "\"x y\""),
        ("orderAdd", "[]"),
        ("orderAdd", "{\"info\":{\"status\":54}}"),
        ("productAdd", "null"),
        ("inventoryChange", "[{\"code\":\"A\"}]"),
    ] {
        let delivery = read(event, data);
        let named = delivery.events.iter().any(|event| !event.ids.is_empty());
        assert!(delivery.rejected.len() == 1 || (data == "\"x y\"" && named), "{event} {data}: {delivery:?}");
    }
    for event in ["paymentReceived", "billAdd", "customerUpdate"] {
        assert_eq!(read(event, "{\"amount\":1}").events[0].kind, EventKind::Unknown);
    }
    let quotation = read("orderAdd", r#"{"info":{"id":5,"type":10,"status":54}}"#);
    assert_eq!((quotation.events[0].kind, quotation.events[0].record.is_none()), (EventKind::Unknown, true));
}
