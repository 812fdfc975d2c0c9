//! Proof and reading of deliveries.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::fixture;
use http::{HeaderMap, HeaderName};
use pos_core::record::{Money, Record, StatusCategory};
use pos_core::webhook::{Delivery, EventKind, Refusal, Remember, WebhookEvent, WebhookRequest, hmac_sha256};
use pos_core::{Secret, Stream, WebhookVerifier};
use pos_woocommerce::Webhooks;
use time::macros::datetime;

const SECRET: &str = "test-secret-f4f1";
const SHOP: &str = "gomviet-demo.example.vn";

fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("an-older-secret"), Secret::new(SECRET)]).with_tenant(SHOP)
}

fn headers(name: &str) -> HeaderMap {
    let json: serde_json::Value = serde_json::from_slice(&fixture(&format!("{name}.headers.json"))).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in json.as_object().unwrap() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    map
}

fn take(hooks: &Webhooks, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
    let request = WebhookRequest::new(headers, body, datetime!(2026-11-24 9:00 UTC));
    hooks.parse(&hooks.verify(&request)?)
}

fn only(delivery: Delivery) -> WebhookEvent {
    assert_eq!((delivery.events.len(), delivery.rejected.len()), (1, 0), "{delivery:?}");
    assert_eq!(delivery.tenant.as_deref(), Some(SHOP));
    delivery.events.into_iter().next().unwrap()
}

fn sample(name: &str) -> WebhookEvent {
    only(take(&hooks(), &headers(name), &fixture(&format!("{name}.json"))).unwrap())
}

fn signed(topic: &str, body: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    let mac = STANDARD.encode(hmac_sha256(SECRET.as_bytes(), body.as_bytes()));
    map.insert("x-wc-webhook-signature", mac.parse().unwrap());
    map.insert("x-wc-webhook-topic", topic.parse().unwrap());
    map.insert("x-wc-webhook-source", format!("https://{SHOP}/").parse().unwrap());
    map.insert("x-wc-webhook-delivery-id", "d1".parse().unwrap());
    map
}

fn own(topic: &str, body: &str) -> WebhookEvent {
    only(take(&hooks(), &signed(topic, body), body.as_bytes()).unwrap())
}

#[test]
fn an_order_is_believed_as_its_body_shows_it() {
    let event = sample("webhook_order_updated");
    assert_eq!((event.kind, event.stream, event.refetch), (EventKind::Upsert, Some(Stream::Orders), false));
    assert_eq!(
        (event.ids.as_slice(), event.topic.as_deref()),
        (&["5101".to_owned()][..], Some("order.updated"))
    );
    assert_eq!(event.at, Some(datetime!(2026-11-24 8:00:31 UTC)));
    let Some(Record::Order(order)) = event.record else { panic!("no order") };
    assert_eq!((order.status.category, order.paid), (StatusCategory::Completed, Some(Money::from(270_000))));
    let event = sample("webhook_customer_updated");
    assert_eq!(
        (event.kind, event.stream, event.refetch),
        (EventKind::Upsert, Some(Stream::Customers), false)
    );
    assert!(event.record.is_some());
}

#[test]
fn what_the_proof_does_not_cover_is_a_hint() {
    let event = sample("webhook_order_deleted");
    assert_eq!((event.kind, event.refetch, event.ids[0].as_str()), (EventKind::Delete, true, "5104"));
    let text = String::from_utf8(fixture("webhook_order_updated.json")).unwrap();
    let event = own("order.deleted", &text);
    assert_eq!(
        (event.kind, event.refetch),
        (EventKind::Upsert, true),
        "an order that is there is no deletion"
    );
    let event = own("customer.updated", &text);
    assert_eq!((event.stream, event.refetch), (Some(Stream::Orders), true), "the body says what it is");
    let event = own("order.restored", r#"{"id":"5104"}"#);
    assert_eq!((event.kind, event.refetch), (EventKind::Upsert, true));
    // A webhook of an older API has no dates in UTC.
    let event = own(
        "order.updated",
        r#"{"id":5101,"status":"completed","line_items":[],"date_modified":"2026-11-24T15:00:31"}"#,
    );
    assert!(event.refetch && event.record.is_none());
}

#[test]
fn a_byte_order_mark_before_signed_json_is_read_over() {
    let body = format!("\u{feff}{}", String::from_utf8(fixture("webhook_customer_updated.json")).unwrap());
    let event = own("customer.updated", &body);
    assert_eq!((event.kind, event.ids[0].as_str(), event.refetch), (EventKind::Upsert, "41", false));
}

#[test]
fn whatever_is_signed_is_read_without_a_panic() {
    for name in ["webhook_order_updated", "webhook_product_updated_variation", "webhook_permission_error"] {
        let body = String::from_utf8(fixture(&format!("{name}.json"))).unwrap();
        for cut in (0..body.len()).step_by(13) {
            let part = &body[..cut];
            if let Ok(delivery) = take(&hooks(), &signed("order.updated", part), part.as_bytes()) {
                assert!(delivery.events.iter().all(|event| event.record.is_none()), "{part}");
            }
            // And with a value of another type in its place.
            let other = body.replacen(":\"", ":[7],\"x\":\"", cut % 17);
            let _ = take(&hooks(), &signed("order.updated", &other), other.as_bytes());
        }
    }
}

#[test]
fn a_variation_is_news_of_its_product() {
    let event = sample("webhook_product_updated_variation");
    assert_eq!((event.kind, event.stream, event.refetch), (EventKind::Upsert, Some(Stream::Products), true));
    assert_eq!((event.ids.as_slice(), event.record.is_none()), (&["310".to_owned()][..], true));
    let products: Vec<serde_json::Value> = serde_json::from_slice(&fixture("products_page1.json")).unwrap();
    let variable = own("product.updated", &products[0].to_string());
    assert!(variable.refetch && variable.ids == ["310"], "its variations are not in it");
    let simple = own("product.updated", &products[1].to_string());
    assert!(!simple.refetch && simple.record.is_some());
}

#[test]
fn an_error_in_the_place_of_the_object_is_no_news_of_any_object() {
    let event = sample("webhook_permission_error");
    assert_eq!((event.kind, event.stream, event.refetch), (EventKind::Unknown, Some(Stream::Orders), true));
    assert!(event.ids.is_empty() && event.record.is_none());
    let event = own(
        "product.deleted",
        r#"{"code":"woocommerce_rest_product_invalid_id","message":"…","data":{"status":404}}"#,
    );
    assert_eq!((event.kind, event.refetch), (EventKind::Unknown, true));
}

#[test]
fn what_is_no_order_yet_and_what_nobody_follows_change_nothing() {
    let mut draft: serde_json::Value = serde_json::from_slice(&fixture("order_guest.json")).unwrap();
    draft["status"] = "checkout-draft".into();
    let event = own("order.updated", &draft.to_string());
    assert_eq!((event.kind, event.record.is_none()), (EventKind::Unknown, true));
    for topic in ["coupon.created", "action.woocommerce_add_to_cart", "order.seen", ""] {
        assert_eq!(own(topic, r#"{"id":7}"#).kind, EventKind::Unknown, "{topic}");
    }
    let body = r#"{"status":"completed"}"#;
    let delivery = take(&hooks(), &signed("order.updated", body), body.as_bytes()).unwrap();
    assert_eq!((delivery.events.len(), delivery.rejected[0].path.as_str()), (0, "id"));
}

#[test]
fn the_ping_changes_nothing_and_is_answered_with_200() {
    let hooks = hooks();
    let refusal = take(&hooks, &headers("webhook_ping.form"), &fixture("webhook_ping.form")).unwrap_err();
    assert_eq!((hooks.refusal_status(&refusal), refusal.to_string().contains("ping")), (200, true));
    for body in ["webhook_id=", "webhook_id=7&a=b", "webhook_id=7x", "{}", "webhook_id=111111111111111111111"]
    {
        let refusal = take(&hooks, &HeaderMap::new(), body.as_bytes()).unwrap_err();
        assert_eq!(hooks.refusal_status(&refusal), 401, "{body}");
    }
}

#[test]
fn forged_altered_and_foreign_deliveries_are_refused() {
    let (map, body) = (headers("webhook_order_updated"), fixture("webhook_order_updated.json"));
    let mut altered = body.clone();
    altered[7] = b'6';
    assert!(matches!(take(&hooks(), &map, &altered), Err(Refusal::BadProof(_))));
    assert!(matches!(take(&Webhooks::new([Secret::new("x")]), &map, &body), Err(Refusal::BadProof(_))));
    for empty in [Webhooks::new([]), Webhooks::new([Secret::new(""), Secret::new(" ")])] {
        let refusal = take(&empty, &map, &body).unwrap_err();
        assert_eq!(empty.refusal_status(&refusal), 503, "an empty secret proves nothing");
    }
    assert!(matches!(
        take(&hooks().with_tenant("other.example.vn"), &map, &body),
        Err(Refusal::OtherShop(_))
    ));
    assert!(matches!(take(&hooks().with_max_body(10), &map, &body), Err(Refusal::TooLarge { .. })));
    let mut wrong = map.clone();
    wrong.insert("x-wc-webhook-signature", "abc".parse().unwrap());
    assert!(matches!(take(&hooks(), &wrong, &body), Err(Refusal::MalformedProof(_))));
    for body in ["[", "7", "\u{feff}", &"[".repeat(100)] {
        let refusal = take(&hooks(), &signed("order.updated", body), body.as_bytes()).unwrap_err();
        assert_eq!(hooks().refusal_status(&refusal), 200, "the shop repeats nothing: {body}");
    }
    assert!(!format!("{:?}", hooks()).contains(SECRET));
}

#[test]
fn deliveries_of_one_second_share_an_id_and_are_told_apart() {
    let hooks = hooks();
    let identify = |topic: &str, id: &str, body: &str| {
        let mut map = signed(topic, body);
        map.insert("x-wc-webhook-delivery-id", id.parse().unwrap());
        let request = WebhookRequest::new(&map, body.as_bytes(), datetime!(2026-11-24 9:00 UTC));
        hooks.identify(&hooks.verify(&request).unwrap()).unwrap()
    };
    let (one, two) = (r#"{"id":5101}"#, r#"{"id":5102}"#);
    let first = identify("order.deleted", "d1", one);
    assert_eq!(first, identify("order.deleted", "d1", one));
    assert_ne!(first.id, identify("order.deleted", "d1", two).id);
    assert_ne!(first.id, identify("order.restored", "d1", one).id);
    assert_ne!(first.id, identify("order.deleted", "d2", one).id, "a second trashing has the same body");
    assert_eq!((first.remember, first.tenant.as_deref()), (Remember::WhileWaiting, Some(SHOP)));
    let whole = String::from_utf8(fixture("webhook_order_updated.json")).unwrap();
    assert_eq!(identify("order.updated", "d1", &whole).remember, Remember::Always);
}
