//! Proof and reading of deliveries.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::record::{
    CustomerRecord, Identity, Money, OrderRecord, PaymentCategory, Record, StatusCategory,
};
use pos_core::webhook::{Delivery, EventKind, Refusal, WebhookEvent, WebhookRequest};
use pos_core::{Secret, Stream, WebhookVerifier};
use pos_haravan::Webhooks;
use time::macros::datetime;

const SECRET: &str = "test-secret-f4f1";

fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("an-older-secret"), Secret::new(SECRET)])
}

fn headers(name: &str) -> HeaderMap {
    let json: serde_json::Value = serde_json::from_slice(&fixture(&format!("{name}.headers.json"))).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in json.as_object().unwrap() {
        map.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.as_str().unwrap().parse().unwrap(),
        );
    }
    map
}

fn take(hooks: &Webhooks, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
    let request = WebhookRequest::new(headers, body, datetime!(2026-07-22 5:00 UTC));
    hooks.parse(&hooks.verify(&request)?)
}

fn sample(name: &str) -> Delivery {
    take(&hooks(), &headers(name), &fixture(&format!("{name}.json")))
        .unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn only(name: &str) -> WebhookEvent {
    let mut delivery = sample(name);
    assert_eq!((delivery.events.len(), delivery.rejected.len()), (1, 0), "{name}");
    assert_eq!(delivery.tenant.as_deref(), Some("200000900001"), "{name}");
    assert_eq!(delivery.attempt, None);
    delivery.events.remove(0)
}

fn signed(topic: &str, body: &str) -> HeaderMap {
    use base64::Engine;
    let mac = pos_core::webhook::hmac_sha256(SECRET.as_bytes(), body.as_bytes());
    let mut map = HeaderMap::new();
    map.insert(
        "X-Haravan-HmacSha256",
        base64::engine::general_purpose::STANDARD.encode(mac).parse().unwrap(),
    );
    if !topic.is_empty() {
        map.insert("X-Haravan-Topic", topic.parse().unwrap());
    }
    map
}

fn own(topic: &str, body: &str) -> Delivery {
    take(&hooks(), &signed(topic, body), body.as_bytes()).unwrap()
}

fn order(event: &WebhookEvent) -> &OrderRecord {
    let Some(Record::Order(order)) = &event.record else { panic!("no order") };
    order
}

fn customer(event: &WebhookEvent) -> &CustomerRecord {
    let Some(Record::Customer(customer)) = &event.record else { panic!("no customer") };
    customer
}

#[test]
fn the_life_of_an_order_is_followed_topic_by_topic() {
    use PaymentCategory::{Paid, PartiallyRefunded, Unpaid};
    use StatusCategory::{Cancelled, Completed, Confirmed, Pending, Shipping};
    for (name, topic, id, status, payment) in [
        ("webhook_orders_create", "orders/create", "1500000001", Pending, Unpaid),
        ("webhook_orders_updated", "orders/updated", "1500000001", Confirmed, Unpaid),
        ("webhook_orders_fulfilled", "orders/fulfilled", "1500000001", Shipping, Unpaid),
        ("webhook_orders_paid", "orders/paid", "1500000001", Completed, Paid),
        ("webhook_orders_cancelled", "orders/cancelled", "1500000004", Cancelled, PartiallyRefunded),
    ] {
        let event = only(name);
        assert_eq!((event.kind, event.stream), (EventKind::Upsert, Some(Stream::Orders)), "{name}");
        assert_eq!((event.topic.as_deref(), &event.ids[..]), (Some(topic), &[id.to_owned()][..]));
        assert!(!event.refetch && event.version.is_none() && event.related.is_empty(), "{name}");
        let order = order(&event);
        assert_eq!((order.status.category, order.payment.category), (status, payment), "{name}");
        assert_eq!(order.buyer.as_ref().unwrap().id.as_deref(), Some("1100000101"), "{name}");
        assert!(order.recipient.is_none(), "{name}");
    }
    let created = only("webhook_orders_create");
    let created = order(&created);
    assert_eq!(
        (created.total, created.paid),
        (Some(Money::from(840_000)), Some(Money::ZERO)),
        "pending is no payment"
    );
    assert_eq!(created.lines[0].total, Some(Money::from(900_000)));
    let cancelled = only("webhook_orders_cancelled");
    let cancelled = order(&cancelled);
    assert_eq!(
        (cancelled.paid, cancelled.refunded),
        (Some(Money::from(1_458_000)), Some(Money::from(520_000)))
    );
    assert_eq!(cancelled.cancelled_at, Some(datetime!(2026-07-18 15:44:16.635 UTC)));
}

#[test]
fn a_sale_over_the_counter_has_nobody_as_its_buyer() {
    let event = only("webhook_orders_create_guest_pos");
    let order = order(&event);
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!((buyer.identity, buyer.name.as_deref()), (Identity::Nobody, None));
    assert!(buyer.phones.is_empty() && buyer.emails.iter().all(|email| !email.is_key));
    assert_eq!(order.payment.category, PaymentCategory::PartiallyPaid);
    assert_eq!(order.paid, Some(Money::from(100_000)));
}

#[test]
fn customers_and_products_come_with_their_records() {
    let created = only("webhook_customers_create");
    assert_eq!(
        (created.kind, created.stream, created.refetch),
        (EventKind::Upsert, Some(Stream::Customers), false)
    );
    let quan = customer(&created);
    assert_eq!(quan.name.as_deref(), Some("Minh Quân"), "the leading blank is gone");
    assert_eq!(quan.phones[0].e164.unwrap().to_string(), "+84900000102");
    assert_eq!(quan.updated_at, Some(datetime!(2026-07-21 10:18:03.361_870_9 UTC)));
    for name in ["webhook_customers_update", "webhook_customers_disable"] {
        let event = only(name);
        assert_eq!((event.kind, customer(&event).id.as_str()), (EventKind::Upsert, "1100000101"), "{name}");
    }
    let product = only("webhook_products_update");
    let Some(Record::Product(record)) = &product.record else { panic!() };
    assert_eq!((record.variants.len(), record.images.len()), (2, 1));
}

#[test]
fn deletions_are_an_id_and_nothing_else() {
    for (name, stream, id) in [
        ("webhook_customers_delete", Stream::Customers, "1100000104"),
        ("webhook_orders_delete", Stream::Orders, "1500000003"),
        ("webhook_products_delete", Stream::Products, "1050000002"),
    ] {
        let event = only(name);
        assert_eq!((event.kind, event.stream), (EventKind::Delete, Some(stream)), "{name}");
        assert_eq!(
            (&event.ids[..], event.refetch, event.record.is_none()),
            (&[id.to_owned()][..], false, true)
        );
    }
}

#[test]
fn the_app_may_leave_and_a_test_is_only_a_test() {
    let gone = only("webhook_app_uninstalled");
    assert_eq!((gone.kind, gone.stream, gone.ids.len()), (EventKind::AppUninstalled, None, 0));
    let test = only("webhook_test_delivery");
    assert_eq!((test.kind, test.ids.len(), test.record.is_none()), (EventKind::Probe, 0, true));
    assert_eq!(test.topic.as_deref(), Some("orders/create"));
    assert_ne!(
        sample("webhook_test_delivery").id,
        sample("webhook_orders_create").id,
        "a test does not hide the real one"
    );
}

#[test]
fn the_same_delivery_has_the_same_id_and_another_topic_another() {
    assert_eq!(sample("webhook_orders_create").id, sample("webhook_orders_create").id);
    assert_ne!(own("customers/delete", r#"{"id":7}"#).id, own("products/delete", r#"{"id":7}"#).id);
}

#[test]
fn a_topic_that_does_not_fit_its_body_deletes_nothing() {
    let body = String::from_utf8(fixture("webhook_orders_create.json")).unwrap();
    let exchanged = &own("orders/delete", &body).events[0];
    assert_eq!(
        (exchanged.kind, exchanged.refetch, exchanged.record.is_none()),
        (EventKind::Upsert, true, true)
    );
    let bare = &own("orders/updated", r#"{"id":7}"#).events[0];
    assert_eq!((bare.kind, bare.refetch, bare.record.is_none()), (EventKind::Upsert, true, true));
}

#[test]
fn near_misses_wrappers_and_unknown_topics_are_tolerated() {
    assert_eq!(own("orders/update", r#"{"order":{"id":7,"name":"A7"}}"#).events[0].ids, ["7"]);
    assert_eq!(
        own("orders/cancel", r#"{"data":{"id":8,"name":"A8"}}"#).events[0].stream,
        Some(Stream::Orders)
    );
    assert_eq!(own("", r#"{"topic":"customers/delete","id":9}"#).events[0].kind, EventKind::Delete);
    for topic in ["shop/update", "app_subscriptions/update", "refunds/create", ""] {
        assert_eq!(own(topic, r#"{"id":7}"#).events[0].kind, EventKind::Unknown, "{topic}");
    }
    let stock = &own(
        "inventorylocationbalances/update",
        r#"{"id":1,"loc_id":2,"product_id":1050000001,"variant_id":3}"#,
    )
    .events[0];
    assert_eq!(
        (stock.kind, &stock.ids[..], stock.refetch),
        (EventKind::Stock, &["1050000001".to_owned()][..], true)
    );
    assert_eq!(own("orders/updated", "{}").events.len(), 0);
    assert_eq!(
        own("orders/updated", r#"{"id":7,"name":"x","total_price":"nhiều"}"#).rejected[0].path,
        "total_price"
    );
}

#[test]
fn an_altered_forged_unsigned_or_oversized_delivery_is_refused() {
    let proof = headers("webhook_orders_create");
    let body = fixture("webhook_orders_create.json");
    let refuse = |headers: &HeaderMap, body: &[u8]| take(&hooks(), headers, body).unwrap_err();
    for at in [0, body.len() / 2, body.len() - 1] {
        let mut altered = body.clone();
        altered[at] ^= 1;
        assert!(matches!(refuse(&proof, &altered), Refusal::BadProof(_)));
    }
    assert!(matches!(refuse(&HeaderMap::new(), &body), Refusal::Unsigned(_)));
    for wrong in ["", "abc", "sha256=xyz", &"0".repeat(64), "IveolUedLDp5Wj44Pk29Q1cn8Utc/6VQxp37eAfRIHM"] {
        let mut headers = proof.clone();
        headers.insert("x-haravan-hmacsha256", HeaderValue::from_str(wrong).unwrap());
        assert!(
            matches!(refuse(&headers, &body), Refusal::MalformedProof(_) | Refusal::BadProof(_)),
            "{wrong}"
        );
    }
    // The header of before 2020, whatever it holds.
    let mut legacy = HeaderMap::new();
    legacy.insert("x-haravan-hmac-sha256", "5bdcc146bf60754e6a042426089575c75a003f08".parse().unwrap());
    assert!(matches!(refuse(&legacy, &body), Refusal::Unsigned(_)));
    assert!(matches!(refuse(&proof, &vec![b' '; 2 * 1024 * 1024]), Refusal::TooLarge { .. }));
    for none in [Webhooks::new([]), Webhooks::new([Secret::new(" ")])] {
        assert!(take(&none, &proof, &body).is_err(), "without a secret nothing is believed");
    }
    assert!(take(&Webhooks::new([Secret::new(SECRET)]).with_tenant("200000900001"), &proof, &body).is_ok());
    let other = take(&hooks().with_tenant("1"), &proof, &body).unwrap_err();
    assert_eq!(other, Refusal::OtherShop("200000900001".into()));
    // The body of an uninstallation names the shop itself, whatever the header says.
    let mut headers = headers("webhook_app_uninstalled");
    headers.insert("x-haravan-org-id", "1".parse().unwrap());
    let moved =
        take(&hooks().with_tenant("1"), &headers, &fixture("webhook_app_uninstalled.json")).unwrap_err();
    assert_eq!(moved, Refusal::OtherShop("200000900001".into()));
}

#[test]
fn a_proven_body_that_nobody_can_read_is_answered_and_a_bad_proof_is_not() {
    for body in ["", "[]", "null", "7", "\"text\"", "{\"id\":"] {
        let refusal = take(&hooks(), &signed("orders/updated", body), body.as_bytes()).unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed(_)), "{body}");
        assert_eq!(hooks().refusal_status(&refusal), 200, "19 refusals would end the subscription");
    }
    assert_eq!(hooks().refusal_status(&Refusal::BadProof("x")), 401);
    assert_eq!(hooks().refusal_status(&Refusal::Unsigned("x")), 401);
}

#[test]
fn the_question_whose_address_it_is_is_answered_with_the_challenge() {
    let sample: serde_json::Value = serde_json::from_slice(&fixture("webhook_verify_request.json")).unwrap();
    let text = |name: &str| sample["query"][name].as_str().unwrap().to_owned();
    let hooks = hooks().with_verify_token(text("hub.verify_token"));
    let query = |token: &str, challenge: &str| {
        format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge={challenge}")
    };
    let answer = hooks.handshake(&query(&text("hub.verify_token"), &text("hub.challenge"))).unwrap();
    assert_eq!(
        (u64::from(answer.status), answer.body.as_str()),
        (sample["expected_status"].as_u64().unwrap(), "1158201444")
    );
    assert_eq!(hooks.handshake(&query("wrong", "1")).unwrap().status, 401);
    let script = hooks.handshake(&query("sample-verify-token", "%3Cscript%3E")).unwrap();
    assert!(!script.body.contains('<'), "nothing but plain text is reflected");
    assert!(hooks.handshake("a=1").is_none());
    assert!(self::hooks().handshake(&query("sample-verify-token", "1")).is_none(), "no token was configured");
    assert!(!format!("{hooks:?}").contains("sample-verify") && !format!("{hooks:?}").contains(SECRET));
}
