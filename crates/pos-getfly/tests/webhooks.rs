//! Proof and reading of deliveries.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::{HeaderMap, HeaderName};
use pos_core::webhook::{
    Delivery, EventKind, Refusal, Remember, Trust, Verified, WebhookEvent, WebhookRequest,
};
use pos_core::{Secret, Stream, WebhookVerifier};
use pos_getfly::Webhooks;
use time::macros::datetime;

const SECRET: &str = "test-secret-f4f1";
const COMPANY: &str = "demo.getflycrm.com";

fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("an-older-secret"), Secret::new(SECRET)]).with_tenant(COMPANY)
}

fn headers(name: &str) -> HeaderMap {
    let json: serde_json::Value = serde_json::from_slice(&fixture(&format!("{name}.headers.json"))).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in json["headers"].as_object().unwrap() {
        map.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.as_str().unwrap().parse().unwrap(),
        );
    }
    map
}

fn verify(hooks: &Webhooks, body: &[u8]) -> Result<Verified, Refusal> {
    let headers = HeaderMap::new();
    hooks.verify(&WebhookRequest::new(&headers, body, datetime!(2026-03-12 9:00 UTC)))
}

fn take(hooks: &Webhooks, body: &[u8]) -> Result<Delivery, Refusal> {
    hooks.parse(&verify(hooks, body)?)
}

fn only(delivery: Delivery) -> WebhookEvent {
    let [event] = delivery.events.as_slice() else { panic!("{delivery:?}") };
    event.clone()
}

#[test]
fn every_sample_is_proven_and_a_hint() {
    for (name, kind, stream, id, uid) in [
        ("webhook.customer.created.form", EventKind::Upsert, Stream::Customers, "1202", "001"),
        ("webhook.customer.updated.form", EventKind::Upsert, Stream::Customers, "1202", "002"),
        ("webhook.customer.deleted.form", EventKind::Delete, Stream::Customers, "1203", "003"),
        ("webhook.customer.hard_deleted.form", EventKind::Delete, Stream::Customers, "1203", "004"),
        ("webhook.order.created.form", EventKind::Upsert, Stream::Orders, "93", "005"),
        ("webhook.order.approved.flat.form", EventKind::Upsert, Stream::Orders, "94", "006"),
        ("webhook.order.approved.nested.form", EventKind::Upsert, Stream::Orders, "94", "007"),
    ] {
        let (hooks, body, headers) = (hooks(), fixture(name), headers(name));
        let verified =
            hooks.verify(&WebhookRequest::new(&headers, &body, datetime!(2026-03-12 9:00 UTC))).unwrap();
        assert_eq!(verified.trust, Trust::SharedToken);
        let identified = hooks.identify(&verified).unwrap();
        let delivery = hooks.parse(&verified).unwrap();
        let expected = format!("b3f95949-0de2-480a-98af-2fafd0f4a{uid}");
        assert_eq!((&identified.id, &delivery.id), (&expected, &expected), "{name}");
        assert_eq!((identified.remember, identified.tenant.as_deref()), (Remember::Always, Some(COMPANY)));
        let event = only(delivery);
        assert_eq!((event.kind, event.stream, event.ids[0].as_str()), (kind, Some(stream), id), "{name}");
        assert!(
            event.refetch && event.record.is_none(),
            "{name}: who knows the secret is known, what it says is not"
        );
        assert_eq!(event.topic, identified.topic);
    }
}

#[test]
fn what_is_kept_opens_nothing() {
    for name in ["webhook.customer.created.form", "webhook.order.approved.nested.form"] {
        let verified = verify(&hooks(), &fixture(name)).unwrap();
        let kept = serde_json::to_string(&verified).unwrap();
        assert!(!kept.contains(SECRET) && !kept.contains("secret_key"), "{kept}");
        let again: Verified = serde_json::from_str(&kept).unwrap();
        assert_eq!(hooks().parse(&again).unwrap().events[0].ids.len(), 1);
    }
    let body = format!(
        r#"{{"event":"customer.created","secret_key":"{SECRET}","data":{{"secret_key":"{SECRET}","data":{{"account_id":7}}}}}}"#
    );
    let verified = verify(&hooks(), body.as_bytes()).unwrap();
    assert!(!String::from_utf8_lossy(&verified.body).contains(SECRET));
    assert_eq!(only(hooks().parse(&verified).unwrap()).ids, ["7"]);
}

#[test]
fn forgeries_are_refused() {
    let body = String::from_utf8(fixture("webhook.customer.created.form")).unwrap();
    let with = |secret: &str| body.replace(&format!("secret_key={SECRET}"), secret);
    for (forged, proven) in [
        (with("secret_key="), "the delivery carries no secret_key"),
        (with("secret_key=%20"), "the delivery carries no secret_key"),
        (with("x=1"), "the delivery carries no secret_key"),
        (with("secret_key=test-secret-f4f2"), "the secret_key does not match"),
        (with("secret_key=TEST-SECRET-F4F1"), "the secret_key does not match"),
        (with(&format!("secret_key={SECRET}&secret_key=other")), "the secret_key does not match"),
        (with(&format!("secret_key=&data[secret_key]={SECRET}")), "the delivery carries no secret_key"),
        (with(&format!("secret_key[]={SECRET}")), "the delivery carries no secret_key"),
    ] {
        let refusal = take(&hooks(), forged.as_bytes()).unwrap_err();
        assert_eq!(refusal.to_string(), proven, "{forged}");
        assert_eq!(hooks().refusal_status(&refusal), 401);
    }
    assert!(
        take(&hooks(), with(&format!("secret_key=other&secret_key={SECRET}")).as_bytes()).is_ok(),
        "the last one counts"
    );
    assert!(take(&hooks(), with("secret_key=an-older-secret").as_bytes()).is_ok());
    // Nothing is believed where no secret is known, and a blank one is none.
    for none in [Webhooks::default(), Webhooks::new([Secret::new(""), Secret::new("  ")])] {
        assert!(matches!(take(&none, body.as_bytes()), Err(Refusal::NotConfigured(_))));
        assert!(matches!(take(&none, with("secret_key=").as_bytes()), Err(Refusal::Unsigned(_))));
    }
}

#[test]
fn another_company_is_refused_whatever_way_it_is_written() {
    let body = String::from_utf8(fixture("webhook.order.created.form")).unwrap();
    let with = |domain: &str| body.replace("domain=demo.getflycrm.com", &format!("domain={domain}"));
    for same in ["https%3A%2F%2Fdemo.getflycrm.com", "DEMO.getflycrm.com%2F", "demo.getflycrm.com:443", ""] {
        assert!(take(&hooks(), with(same).as_bytes()).is_ok(), "{same}");
    }
    for other in ["other.getflycrm.com", "https%3A%2F%2Fdemo.getflycrm.com.example.com", "demo"] {
        let refusal = take(&hooks(), with(other).as_bytes()).unwrap_err();
        assert!(matches!(refusal, Refusal::OtherShop(_)), "{other}");
        assert_eq!(hooks().refusal_status(&refusal), 404);
    }
}

#[test]
fn json_without_a_secret_is_a_hint_only_where_that_is_wanted() {
    let body = fixture("webhook.customer.created.v4.json");
    assert_eq!(take(&hooks(), &body).unwrap_err().to_string(), "the delivery carries no secret_key");
    let open = hooks().with_unproven(true);
    let verified = verify(&open, &body).unwrap();
    assert_eq!(verified.trust, Trust::Unsigned);
    let event = only(open.parse(&verified).unwrap());
    assert_eq!((event.kind, event.ids[0].as_str(), event.refetch), (EventKind::Upsert, "1202", true));
    // A wrong secret stays wrong, and a blank one none.
    for member in ["\"secret_key\":\"no\",", "\"secret_key\":\"\",", "\"secret_key\":null,"] {
        let forged = String::from_utf8(body.clone()).unwrap().replacen('{', &format!("{{{member}"), 1);
        assert!(verify(&open, forged.as_bytes()).is_err(), "{member}");
    }
    assert!(verify(&open, b"{}").is_err() && verify(&open, b"a=b").is_err());
}

#[test]
fn a_delivery_without_an_id_is_known_by_what_happened_to_what() {
    let body = |id: &str, event: &str| {
        format!("event={event}&secret_key={SECRET}&data%5Baccount_id%5D={id}&domain={COMPANY}")
    };
    let known = |text: String| {
        let verified = verify(&hooks(), text.as_bytes()).unwrap();
        let identified = hooks().identify(&verified).unwrap();
        assert_eq!(identified.remember, Remember::WhileWaiting);
        assert_eq!(identified.id, hooks().parse(&verified).unwrap().id);
        identified.id
    };
    let first = known(body("7", "customer.updated"));
    assert_eq!(first, known(format!("{}&created_at=1773309191", body("7", "customer.updated"))));
    assert_ne!(first, known(body("8", "customer.updated")));
    assert_ne!(first, known(body("7", "customer.deleted")));
}

#[test]
fn events_that_nobody_documented_are_hints_or_nothing() {
    let take = |text: &str| take(&hooks(), format!("secret_key={SECRET}&{text}").as_bytes()).unwrap();
    for (text, kind, stream, ids) in [
        ("event=order.edited&data[order_id]=5", EventKind::Upsert, Some(Stream::Orders), 1),
        ("event=customer.restored&data[account_id]=5", EventKind::Upsert, Some(Stream::Customers), 1),
        ("event=product.updated&data[product_id]=5", EventKind::Upsert, Some(Stream::Products), 1),
        ("event=product.updated&data[code]=5", EventKind::Unknown, Some(Stream::Products), 0),
        ("event=store_sheet_out.created&data[id]=5", EventKind::Unknown, None, 0),
        ("event=task.updated&data[task_code]=5", EventKind::Unknown, None, 0),
        ("data[account_id]=5", EventKind::Unknown, None, 0),
        (
            "data[event]=order.created&data[data][order_id]=5&data[order_id]=6",
            EventKind::Upsert,
            Some(Stream::Orders),
            1,
        ),
    ] {
        let event = only(take(text));
        assert_eq!((event.kind, event.stream, event.ids.len()), (kind, stream, ids), "{text}");
        assert!(event.ids.iter().all(|id| id == "5"));
    }
    for text in [
        "event=order.created&data[order_code]=DH1",
        "event=customer.deleted&data[account_id]=a",
        "event=order.created&data[order_id]=0",
    ] {
        let delivery = take(text);
        assert!(delivery.events.is_empty(), "{text}");
        assert!(delivery.rejected[0].path.starts_with("data."), "{text}");
    }
}

#[test]
fn bodies_that_nobody_can_read_are_refused() {
    let deep = format!("{{\"secret_key\":\"{SECRET}\",\"data\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let bodies: [&[u8]; 6] = [b"", b"null", b"[]", b"{", b"\xff\xfe", deep.as_bytes()];
    for body in bodies {
        assert!(take(&hooks(), body).is_err(), "{body:?}");
    }
    let large = vec![b'a'; 2 * 1024 * 1024];
    assert!(matches!(take(&hooks(), &large), Err(Refusal::TooLarge { .. })));
}
