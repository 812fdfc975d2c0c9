//! Every saved delivery is proven and read; whatever else is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

mod common;

use common::fixture;
use http::{HeaderMap, HeaderName};
use pos_core::record::{DocumentKind, Record, Stream};
use pos_core::webhook::{Delivery, EventKind, Refusal, Trust, WebhookRequest};
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
    assert!(delivery.rejected.is_empty() && delivery.events.len() == 1, "{name}: {delivery:?}");
    delivery
}

#[test]
fn every_sample_says_what_happened_to_what() {
    use EventKind::{AppUninstalled, Delete, Probe, Stock, Upsert};
    let orders = Some(Stream::Orders);
    let products = Some(Stream::Products);
    for (name, kind, stream, ids, refetch, has_record) in [
        ("v3_webhook_enabled", Probe, None, &[][..], false, false),
        ("v3_webhook_app_uninstalled", AppUninstalled, None, &[], false, false),
        ("v3_webhook_order_add", Upsert, orders, &["436200118"], true, true),
        ("v3_webhook_order_update", Upsert, orders, &["436200118"], true, true),
        ("v3_webhook_order_partial_return", Upsert, Some(Stream::Returns), &["436233001"], true, true),
        ("v3_webhook_order_delete", Delete, orders, &["436190001", "436190002"], false, false),
        ("v3_webhook_product_add", Upsert, products, &["38211045"], true, true),
        ("v3_webhook_product_update", Upsert, products, &["38211045"], true, true),
        ("v3_webhook_product_delete", Delete, products, &["38211045", "38211990"], false, false),
        ("v3_webhook_inventory_change", Stock, products, &["38211045"], true, false),
        ("v2_webhook_enabled", Probe, None, &[], false, false),
        ("v2_webhook_order_add", Upsert, orders, &["412300901"], true, true),
        ("v2_webhook_order_update", Upsert, orders, &["412300777"], true, false),
        ("v2_webhook_order_delete", Delete, orders, &["412300650", "412300651"], false, false),
        ("v2_webhook_product_add", Upsert, products, &["38219999"], true, true),
        ("v2_webhook_product_update", Upsert, products, &["38211045"], true, true),
        ("v2_webhook_product_delete", Delete, products, &["38211045", "38211990"], false, false),
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
