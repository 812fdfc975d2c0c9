//! Webhooks: the proof, and what is read from a delivery.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::HeaderMap;
use pos_core::record::{Record, StatusCategory, Stream};
use pos_core::webhook::{
    Delivery, EventKind, MAX_BODY, Refusal, Related, Remember, Trust, Verified, WebhookRequest,
};
use pos_core::{ErrorKind, Secret, WebhookVerifier};
use pos_pancake::Webhooks;
use time::OffsetDateTime;

const SECRET: &str = "test-secret-f4f1";

fn hooks() -> Webhooks {
    Webhooks::default()
        .with_header("x-store-id", "store-42")
        .unwrap()
        .with_header("X-Webhook-Secret", SECRET)
        .unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn good() -> HeaderMap {
    headers(&[("content-type", "application/json"), ("x-store-id", "store-42"), ("x-webhook-secret", SECRET)])
}

fn read(body: &[u8]) -> Delivery {
    let headers = good();
    let request = WebhookRequest::new(&headers, body, OffsetDateTime::UNIX_EPOCH);
    let verified = hooks().verify(&request).unwrap();
    assert_eq!(verified.trust, Trust::SharedToken);
    hooks().parse(&verified).unwrap()
}

#[test]
fn every_sample_passes_with_its_own_headers() {
    for (name, kind, stream, ids, topic) in [
        ("webhook_order_create", EventKind::Upsert, Stream::Orders, "1404", "orders.create"),
        ("webhook_order_update", EventKind::Upsert, Stream::Orders, "1402", "orders.update"),
        ("webhook_order_removed", EventKind::Delete, Stream::Orders, "1404", "orders.update"),
        (
            "webhook_customer_update",
            EventKind::Upsert,
            Stream::Customers,
            "3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b01",
            "customers.update",
        ),
        (
            "webhook_product_update",
            EventKind::Upsert,
            Stream::Products,
            "0d2c7b31-58a1-4b55-9f58-3f3e5f7a9c01",
            "products.update",
        ),
        (
            "webhook_variations_warehouses",
            EventKind::Stock,
            Stream::Products,
            "9f7e1b20-4c33-4f90-8a7d-1d9b7c3e5a01",
            "variations_warehouses.update",
        ),
    ] {
        let own: std::collections::BTreeMap<String, String> =
            serde_json::from_slice(&fixture(&format!("{name}.headers.json"))).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in &own {
            headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let body = fixture(&format!("{name}.json"));
        let verified =
            hooks().verify(&WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH)).unwrap();
        let delivery = hooks().with_shop("880012345").parse(&verified).unwrap();
        let [event] = &delivery.events[..] else { panic!("{name}") };
        assert_eq!(
            (event.kind, event.stream, event.topic.as_deref()),
            (kind, Some(stream), Some(topic)),
            "{name}"
        );
        assert_eq!(event.ids, [ids], "{name}");
        assert!(event.refetch, "{name}: headers prove nothing about the body");
        assert!(delivery.rejected.is_empty() && delivery.attempt.is_none());
        let identified = hooks().with_shop("880012345").identify(&verified).unwrap();
        assert_eq!((&identified.id, &identified.tenant), (&delivery.id, &delivery.tenant), "{name}");
        assert_eq!((identified.remember, identified.topic.as_deref()), (Remember::WhileWaiting, Some(topic)));
        let other = hooks().identify(&verified).unwrap();
        assert_ne!(other.id, identified.id, "the same bytes for another shop");
        if name != "webhook_product_update" {
            assert_eq!(delivery.tenant.as_deref(), Some("880012345"));
        }
    }
}

#[test]
fn records_come_along_and_stock_names_its_order() {
    let removed = read(&fixture("webhook_order_removed.json"));
    let Some(Record::Order(order)) = &removed.events[0].record else { panic!() };
    assert_eq!(
        (order.status.category, order.status.label.as_deref()),
        (StatusCategory::Deleted, Some("removed"))
    );
    let update = read(&fixture("webhook_order_update.json"));
    let Some(Record::Order(order)) = &update.events[0].record else { panic!() };
    assert_eq!(order.recipient.as_ref().unwrap().name.as_deref(), Some("Lý Thu Hà"));
    let stock = read(&fixture("webhook_variations_warehouses.json"));
    assert_eq!(stock.events[0].related, [Related { stream: Stream::Orders, id: "1404".into() }]);
    assert!(stock.events[0].record.is_none());
}

#[test]
fn all_headers_must_come_right_and_once() {
    let body = fixture("webhook_order_create.json");
    let refusal = |headers: HeaderMap| {
        hooks().verify(&WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH)).unwrap_err()
    };
    assert!(matches!(refusal(HeaderMap::new()), Refusal::Unsigned(_)));
    assert!(matches!(refusal(headers(&[("x-webhook-secret", SECRET)])), Refusal::Unsigned(_)));
    assert!(matches!(
        refusal(headers(&[("x-store-id", "store-42"), ("x-webhook-secret", "")])),
        Refusal::MalformedProof(_)
    ));
    assert!(matches!(
        refusal(headers(&[("x-store-id", "store-42"), ("x-webhook-secret", "test-secret-f4f")])),
        Refusal::BadProof(_)
    ));
    assert!(matches!(
        refusal(headers(&[("x-store-id", "store-43"), ("x-webhook-secret", SECRET)])),
        Refusal::BadProof(_)
    ));
    let twice = [("x-store-id", "store-42"), ("x-webhook-secret", SECRET), ("x-webhook-secret", "other")];
    assert!(matches!(refusal(headers(&twice)), Refusal::MalformedProof(_)));
    let mut same = good();
    same.append("x-webhook-secret", SECRET.parse().unwrap());
    assert!(hooks().verify(&WebhookRequest::new(&same, &body, OffsetDateTime::UNIX_EPOCH)).is_ok());
    for refused in
        [refusal(HeaderMap::new()), refusal(headers(&[("x-store-id", "x"), ("x-webhook-secret", "y")]))]
    {
        assert_eq!(hooks().refusal_status(&refused), 401);
        assert!(!refused.to_string().contains("store-42"));
    }
}

#[test]
fn a_verifier_without_a_secret_believes_nothing() {
    for hooks in [Webhooks::default(), Webhooks::new([Secret::new("  ")])] {
        let headers = good();
        let request = WebhookRequest::new(&headers, b"{}", OffsetDateTime::UNIX_EPOCH);
        let refusal = hooks.verify(&request).unwrap_err();
        assert!(matches!(refusal, Refusal::NotConfigured(_)));
        assert_eq!(hooks.refusal_status(&refusal), 503);
    }
    for (name, value) in [("x-webhook-secret", " "), ("no header", "x"), ("", "x")] {
        assert_eq!(Webhooks::default().with_header(name, value).unwrap_err().kind(), ErrorKind::Config);
    }
    for segment in ["", "a/b"] {
        assert_eq!(Webhooks::default().with_path_segment(segment).unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn secrets_rotate_and_a_path_may_hold_one() {
    let hooks = Webhooks::new([Secret::new("old"), Secret::new("new")]).with_path_segment("s3cr3t").unwrap();
    let verify = |secret: &str, url: Option<&str>| {
        let headers = headers(&[("x-webhook-secret", secret)]);
        let mut request = WebhookRequest::new(&headers, b"{}", OffsetDateTime::UNIX_EPOCH);
        if let Some(url) = url {
            request = request.with_url(url);
        }
        hooks.verify(&request).map(drop)
    };
    assert!(verify("old", Some("/hooks/s3cr3t/pancake?x=1")).is_ok());
    assert!(verify("new", Some("/hooks/s3cr3t")).is_ok());
    for (secret, url) in [
        ("new", None),
        ("new", Some("/hooks?s3cr3t")),
        ("new", Some("/hooks/s3cr3")),
        ("older", Some("/s3cr3t")),
    ] {
        assert!(matches!(verify(secret, url), Err(Refusal::BadProof(_))), "{secret} {url:?}");
    }
    assert!(!format!("{hooks:?}").contains("s3cr3t"));
}

#[test]
fn another_shops_delivery_is_refused_and_a_nameless_one_is_not() {
    let headers = good();
    let body = fixture("webhook_order_create.json");
    let hooks = hooks().with_shop("1");
    let verified = hooks.verify(&WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH)).unwrap();
    assert_eq!(hooks.parse(&verified).unwrap_err(), Refusal::OtherShop("880012345".into()));
    let stock = br#"{"variation_id":"v","warehouse_id":"w","remain_quantity":1}"#;
    let verified = hooks.verify(&WebhookRequest::new(&headers, stock, OffsetDateTime::UNIX_EPOCH)).unwrap();
    assert_eq!(hooks.parse(&verified).unwrap().events[0].kind, EventKind::Stock);
}

#[test]
fn a_body_without_a_type_is_known_by_its_shape() {
    for (body, kind, stream) in [
        (r#"{"id":"C1.2","system_id":7,"status":1}"#, EventKind::Upsert, Some(Stream::Orders)),
        (r#"{"variation_id":"v","warehouse_id":"w"}"#, EventKind::Stock, Some(Stream::Products)),
        (r#"{"order_id":1404}"#, EventKind::Stock, Some(Stream::Products)),
        (r#"{"id":"p","type":"product","variations":[]}"#, EventKind::Upsert, Some(Stream::Products)),
        (r#"{"id":"c","phone_numbers":[]}"#, EventKind::Upsert, Some(Stream::Customers)),
        // Variations of a product that has more.
        (r#"{"id":"v","product_id":"p","type":"products"}"#, EventKind::Upsert, Some(Stream::Products)),
        // What nobody sends, and what nobody knows.
        (
            r#"{"event":"order.created","timestamp":1,"data":{"system_id":7,"id":7}}"#,
            EventKind::Unknown,
            None,
        ),
        (r#"{"payload":{"id":1},"signature":"00"}"#, EventKind::Unknown, None),
        (r#"{"type":"conversations","event_type":"x","id":"1"}"#, EventKind::Unknown, None),
        ("{}", EventKind::Unknown, None),
    ] {
        let delivery = read(body.as_bytes());
        let [event] = &delivery.events[..] else { panic!("{body}: {delivery:?}") };
        assert_eq!((event.kind, event.stream), (kind, stream), "{body}");
        if kind == EventKind::Unknown {
            assert!(event.ids.is_empty() && event.record.is_none(), "{body}");
        }
    }
    let order = read(br#"{"order_id":1404}"#);
    assert_eq!((order.events[0].ids.len(), order.events[0].related[0].id.as_str()), (0, "1404"));
}

#[test]
fn a_body_that_cannot_be_read_harms_nobody() {
    let mut broken: serde_json::Value =
        serde_json::from_slice(&fixture("webhook_order_update.json")).unwrap();
    broken["total_price"] = serde_json::json!({"no": "amount"});
    let delivery = read(broken.to_string().as_bytes());
    assert_eq!(
        (delivery.rejected[0].id.as_deref(), delivery.rejected[0].path.as_str()),
        (Some("1402"), "body.total_price")
    );
    assert!(delivery.events[0].refetch && delivery.events[0].record.is_none());
    // No id, no order.
    let empty = read(br#"{"type":"orders","event_type":"create"}"#);
    assert!(empty.events.is_empty() && empty.rejected.len() == 1);

    let headers = good();
    for body in [&b"null"[..], b"[]", b"\"x\"", b"", b"{\"a\":", b"{\"id\":\"\xff\"}"] {
        let verified =
            hooks().verify(&WebhookRequest::new(&headers, body, OffsetDateTime::UNIX_EPOCH)).unwrap();
        assert!(matches!(hooks().parse(&verified), Err(Refusal::Malformed(_))), "{body:?}");
    }
    let large = vec![b' '; MAX_BODY + 1];
    let refusal =
        hooks().verify(&WebhookRequest::new(&headers, &large, OffsetDateTime::UNIX_EPOCH)).unwrap_err();
    assert!(matches!(refusal, Refusal::TooLarge { .. }));
}

#[test]
fn a_record_in_the_form_of_an_answer_is_read() {
    let stock = read(&fixture("panw_schema.json"));
    assert_eq!((stock.events[0].kind, &stock.events[0].ids[..]), (EventKind::Stock, &["v1".to_owned()][..]));
    let order = read(
        br#"{"type":"orders","event_type":"update","data":{"record":{"id":7,"system_id":7,"shop_id":1}}}"#,
    );
    assert_eq!((order.events[0].stream, order.tenant.as_deref()), (Some(Stream::Orders), Some("1")));
    assert_eq!(order.events[0].topic.as_deref(), Some("orders.update"));
}

#[test]
fn an_order_is_called_by_the_name_that_the_database_knows() {
    let text = read(br#"{"type":"orders","id":"WEB-1001","system_id":1041,"status":3}"#);
    assert_eq!(text.events[0].ids, ["WEB-1001"]);
    let Some(Record::Order(order)) = &text.events[0].record else { panic!() };
    assert_eq!((order.id.as_str(), &order.aliases[..]), ("1041", &["WEB-1001".to_owned()][..]));
    // The text alone is no key.
    let alone = read(br#"{"type":"orders","id":"WEB-1001","status":3}"#);
    assert_eq!((&alone.events[0].ids[..], &alone.events[0].record), (&["WEB-1001".to_owned()][..], &None));
    // A stock event names it either way.
    let stock = read(
        br#"{"type":"variations_warehouses","variation_id":"v","warehouse_id":"w","order_id":"WEB-1001"}"#,
    );
    assert_eq!(stock.events[0].related, [Related { stream: Stream::Orders, id: "WEB-1001".into() }]);
}

#[test]
fn a_kept_delivery_is_read_later_and_alike() {
    for name in ["webhook_order_update.json", "webhook_order_removed.json", "panw_schema.json"] {
        let (headers, body) = (good(), fixture(name));
        let verified =
            hooks().verify(&WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH)).unwrap();
        let kept = serde_json::to_string(&verified).unwrap();
        assert!(!kept.contains(SECRET), "no secret is kept");
        let again: Verified = serde_json::from_str(&kept).unwrap();
        assert_eq!(hooks().parse(&again).unwrap(), hooks().parse(&verified).unwrap());
        assert!(
            hooks().parse(&again).unwrap().events.iter().all(|event| event.refetch),
            "what is not signed is a hint"
        );
    }
}

#[test]
fn a_hostile_body_is_identified_at_once_and_read_within_bounds() {
    let fill = |open: &str, row: &str, close: &str| {
        let mut body = open.to_owned();
        while body.len() + row.len() + close.len() + 1 < MAX_BODY {
            body.push_str(row);
            body.push(',');
        }
        body.pop();
        body.push_str(close);
        body.into_bytes()
    };
    let headers = good();
    for body in [
        fill(r#"{"type":"orders","id":1,"system_id":1,"items":["#, r#"{"id":1}"#, "]}"),
        fill(r#"{"type":"customers","id":"c","phone_numbers":["#, "\"0912345001\"", "]}"),
        fill(r#"{"type":"orders","id":["#, "1", r#"],"system_id":7}"#),
        fill(r#"{"type":"products","id":"p","variations":["#, r#"{"id":"v"}"#, "]}"),
        fill(r#"{"id":1,"system_id":1,"status_history":["#, r#"{"status":[]}"#, "]}"),
        fill(r#"{"data":{"record":{"variation_id":["#, "\"v\"", "]}}}"),
    ] {
        let verified =
            hooks().verify(&WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH)).unwrap();
        hooks().identify(&verified).unwrap();
        let delivery = hooks().parse(&verified).unwrap();
        assert!(delivery.events.len() + delivery.rejected.len() <= 2);
        assert!(delivery.events.iter().all(|event| event.ids.len() <= 1));
    }
    let deep = format!("{{\"id\":1,\"system_id\":1,\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let verified =
        hooks().verify(&WebhookRequest::new(&headers, deep.as_bytes(), OffsetDateTime::UNIX_EPOCH)).unwrap();
    assert!(matches!(hooks().identify(&verified), Err(Refusal::Malformed(_))));
    assert!(matches!(hooks().parse(&verified), Err(Refusal::Malformed(_))));
    // Brackets in texts nest nothing.
    let text = format!(r#"{{"id":1,"system_id":1,"note":"{} \\\" ["}}"#, "[".repeat(100));
    assert!(read(text.as_bytes()).rejected.is_empty());
}
