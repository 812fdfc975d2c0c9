//! Proof, forgeries, and what a delivery is a hint of.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::HeaderMap;
use pos_core::webhook::{EventKind, Refusal, Remember, Trust, Verified, WebhookEvent, WebhookRequest};
use pos_core::{Secret, Stream, WebhookVerifier};
use pos_odoo::Webhooks;
use time::macros::datetime;

const SECRET: &str = "test-secret-f4f1";
/// The address in the headers of the samples.
const URL: &str = "/hooks/odoo/9f2c?token=test-secret-f4f1";

fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("older"), Secret::new(SECRET)])
}

fn verify(hooks: &Webhooks, url: Option<&str>, body: &[u8]) -> Result<Verified, Refusal> {
    let headers = HeaderMap::new();
    let mut request = WebhookRequest::new(&headers, body, datetime!(2026-11-21 19:28:39 UTC));
    request.url = url;
    hooks.verify(&request)
}

fn event(url: &str, body: &str) -> WebhookEvent {
    let verified = verify(&hooks(), Some(url), body.as_bytes()).unwrap();
    let mut delivery = hooks().parse(&verified).unwrap();
    assert!(delivery.rejected.is_empty(), "{:?}", delivery.rejected);
    assert_eq!(hooks().identify(&verified).unwrap().id, delivery.id);
    delivery.events.remove(0)
}

#[test]
fn every_sample_is_a_hint_to_read_its_record_again() {
    for (name, stream, id) in [
        ("webhook.partner-created.first-delivery.json", Stream::Customers, "14"),
        ("webhook.partner-created.last-delivery.json", Stream::Customers, "14"),
        ("webhook.sale-order-draft.json", Stream::Orders, "2"),
        ("webhook.sale-order-confirmed.json", Stream::Orders, "2"),
    ] {
        let verified = verify(&hooks(), Some(URL), &fixture(name)).unwrap();
        assert_eq!((verified.trust, hooks().trust()), (Trust::SharedToken, Trust::SharedToken));
        let delivery = hooks().parse(&verified).unwrap();
        let [event] = delivery.events.as_slice() else { panic!("{name}") };
        assert_eq!(
            (event.kind, event.stream, event.ids.as_slice()),
            (EventKind::Upsert, Some(stream), &[id.to_owned()][..])
        );
        assert!(
            event.refetch && event.record.is_none() && event.at.is_none(),
            "{name}: nothing of it is believed"
        );
    }
}

#[test]
fn a_storm_about_one_record_is_one_hint_while_it_waits() {
    let id = |name: &str| {
        let identified = hooks().identify(&verify(&hooks(), Some(URL), &fixture(name)).unwrap()).unwrap();
        assert_eq!(identified.remember, Remember::WhileWaiting);
        identified.id
    };
    assert_eq!(
        id("webhook.partner-created.first-delivery.json"),
        id("webhook.partner-created.last-delivery.json")
    );
    assert_ne!(id("webhook.partner-created.first-delivery.json"), id("webhook.sale-order-draft.json"));
}

#[test]
fn only_the_token_in_the_address_proves_a_delivery() {
    let body = fixture("webhook.sale-order-draft.json");
    let refusal = |url: Option<&str>| verify(&hooks(), url, &body).unwrap_err();
    assert!(matches!(refusal(None), Refusal::Unsigned(_)));
    assert!(matches!(refusal(Some("/hooks/odoo/9f2c")), Refusal::Unsigned(_)));
    for wrong in ["", "test-secret-f4f", "test-secret-f4f12", "TEST-SECRET-F4F1", " test-secret-f4f1"] {
        let url = format!("/hooks/odoo/9f2c?token={wrong}");
        assert!(matches!(refusal(Some(&url)), Refusal::BadProof(_)), "{wrong}");
    }
    for good in ["/hooks/test-secret-f4f1/x", "/hooks?a=b&token=older", "/hooks?token=%74est-secret-f4f1"] {
        assert!(verify(&hooks(), Some(good), &body).is_ok(), "{good}");
    }
    let nothing = Webhooks::new([Secret::new("  ")]);
    assert!(matches!(verify(&nothing, Some("/hooks?token="), &body), Err(Refusal::NotConfigured(_))));
    let small = hooks().with_max_body(8);
    assert!(matches!(verify(&small, Some(URL), &body), Err(Refusal::TooLarge { .. })));
    assert!(!format!("{:?} {:?}", hooks(), verify(&hooks(), Some(URL), &body)).contains(SECRET));
}

#[test]
fn the_address_of_a_rule_says_that_a_record_is_gone() {
    let body = r#"{"_action":"x(#1)","_id":14,"_model":"res.partner","name":"Lan"}"#;
    let gone = event(&format!("{URL}&trigger=on_unlink"), body);
    assert_eq!(
        (gone.kind, gone.refetch),
        (EventKind::Delete, true),
        "and is believed when it cannot be found"
    );
    assert_eq!(event(&format!("{URL}&trigger=on_write"), body).kind, EventKind::Upsert);
    let verified = verify(&hooks().with_deletions(true), Some(URL), body.as_bytes()).unwrap();
    let delivery = hooks().parse(&verified).unwrap();
    assert_eq!(delivery.events[0].kind, EventKind::Delete, "what was registered is kept with the delivery");
    assert_ne!(
        delivery.id,
        hooks().parse(&verify(&hooks(), Some(URL), body.as_bytes()).unwrap()).unwrap().id
    );
}

#[test]
fn what_belongs_to_a_record_changes_that_record() {
    use EventKind::{Stock, Unknown, Upsert};
    for (body, kind, stream, ids) in [
        (
            r#"{"_model":"res.partner","_id":8,"type":"delivery","parent_id":6}"#,
            Upsert,
            Some(Stream::Customers),
            &["6"][..],
        ),
        (
            r#"{"_model":"res.partner","_id":8,"type":"contact","parent_id":6}"#,
            Upsert,
            Some(Stream::Customers),
            &["8"],
        ),
        (r#"{"_model":"sale.order.line","_id":9,"order_id":2}"#, Upsert, Some(Stream::Orders), &["2"]),
        (
            r#"{"_model":"sale.order.line","_id":9,"order_id":[2,"S00002"]}"#,
            Upsert,
            Some(Stream::Orders),
            &["2"],
        ),
        (r#"{"_model":"sale.order.line","_id":9}"#, Unknown, Some(Stream::Orders), &[]),
        (
            r#"{"_model":"pos.order","_id":3,"amount_total":150000.0}"#,
            Upsert,
            Some(Stream::Orders),
            &["pos.order,3"],
        ),
        (
            r#"{"_model":"pos.order","_id":4,"amount_total":-150000.0}"#,
            Upsert,
            Some(Stream::Returns),
            &["pos.order,4"],
        ),
        (
            r#"{"_model":"pos.order.line","_id":5,"order_id":3}"#,
            Upsert,
            Some(Stream::Orders),
            &["pos.order,3"],
        ),
        (r#"{"_model":"product.product","_id":3}"#, Upsert, Some(Stream::Products), &["3"]),
        (
            r#"{"_model":"product.template","_id":1,"product_variant_ids":[3,4]}"#,
            Upsert,
            Some(Stream::Products),
            &["3", "4"],
        ),
        (r#"{"_model":"product.template","_id":1}"#, Unknown, Some(Stream::Products), &[]),
        (r#"{"_model":"stock.quant","_id":1,"product_id":3}"#, Stock, Some(Stream::Products), &["3"]),
        (r#"{"_model":"account.move","_id":1,"payment_state":"paid"}"#, Unknown, None, &[]),
    ] {
        let told = event(URL, body);
        assert_eq!(
            (told.kind, told.stream, told.ids.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
            (kind, stream, ids),
            "{body}"
        );
        assert_eq!(told.refetch, kind != Unknown, "{body}");
    }
    let unlinked =
        event(&format!("{URL}&trigger=on_unlink"), r#"{"_model":"sale.order.line","_id":9,"order_id":2}"#);
    assert_eq!(
        (unlinked.kind, unlinked.ids),
        (Upsert, vec!["2".to_owned()]),
        "a line that is gone changes its order"
    );
}

#[test]
fn a_body_that_names_no_record_is_refused_or_rejected_and_panics_nothing() {
    for body in ["", "[]", "null", "{", "\u{0}", &format!("{{\"a\":{}}}", "[".repeat(100))] {
        let verified = verify(&hooks(), Some(URL), body.as_bytes()).unwrap();
        assert!(matches!(hooks().parse(&verified), Err(Refusal::Malformed(_))), "{body}");
        assert!(hooks().identify(&verified).is_ok());
    }
    for body in [
        "{}",
        r#"{"_model":"res.partner"}"#,
        r#"{"_model":"res.partner","_id":0}"#,
        r#"{"_model":"res.partner","_id":"14"}"#,
        r#"{"_model":"Lan 0912000123","_id":14}"#,
        r#"{"_model":7,"_id":14}"#,
    ] {
        let delivery = hooks().parse(&verify(&hooks(), Some(URL), body.as_bytes()).unwrap()).unwrap();
        assert_eq!((delivery.events.len(), delivery.rejected.len()), (0, 1), "{body}");
    }
}
