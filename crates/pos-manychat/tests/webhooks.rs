//! Proof and reading of what flows send.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{PAGE, RECEIVED, SECRET, fixture, headers, hooks, take, value, verify};
use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::webhook::{Refusal, Remember, Trust, Verified, WebhookRequest};
use pos_core::{ErrorKind, Secret, WebhookVerifier};
use pos_manychat::{Webhooks, decide};
use serde_json::json;

fn of(hooks: &Webhooks, fields: &[(&str, &str)]) -> Result<Verified, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    hooks.verify(&WebhookRequest::new(&headers, b"{}", RECEIVED))
}

#[test]
fn the_proof_is_a_header_of_the_hosts_choosing() {
    let what = "required header";
    let hooks = hooks();
    for (fields, expected) in [
        (&[("X-Webhook-Secret", SECRET)][..], Ok(Trust::SharedToken)),
        (&[("x-webhook-secret", "an-older-secret")], Ok(Trust::SharedToken)),
        (&[], Err(Refusal::Unsigned(what))),
        (&[("x-manychat-secret", SECRET)], Err(Refusal::Unsigned(what))),
        (&[("x-webhook-secret", "")], Err(Refusal::MalformedProof(what))),
        (&[("x-webhook-secret", "TEST-secret-f4f1")], Err(Refusal::BadProof(what))),
        (&[("x-webhook-secret", SECRET), ("x-webhook-secret", "other")], Err(Refusal::MalformedProof(what))),
    ] {
        assert_eq!(of(&hooks, fields).map(|verified| verified.trust), expected, "{fields:?}");
    }
    let refusal = of(&Webhooks::default(), &[("x-webhook-secret", SECRET)]).unwrap_err();
    assert!(matches!(refusal, Refusal::NotConfigured(_)));
    let blank = Webhooks::new([Secret::new(" ")]);
    assert!(of(&blank, &[("x-webhook-secret", " ")]).is_err(), "a blank secret proves nothing");
    let two = Webhooks::default().with_header("X-Workspace-Token", "w-1").unwrap();
    let two = two.with_header("Authorization", "Bearer long-and-random").unwrap();
    assert!(of(&two, &[("authorization", "Bearer long-and-random"), ("x-workspace-token", "w-1")]).is_ok());
    assert!(of(&two, &[("authorization", "Bearer long-and-random")]).is_err());
    assert_eq!(Webhooks::default().with_header("a b", "v").unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn another_page_is_refused_and_one_that_is_not_named_passes() {
    let body = fixture("external_request_full_contact_data.json");
    let other = Webhooks::new([Secret::new(SECRET)]).with_page("104430000000822");
    let verified = verify(&other, &body).unwrap();
    assert_eq!(other.parse(&verified), Err(Refusal::OtherShop(PAGE.to_owned())));
    assert!(matches!(other.identify(&verified), Err(Refusal::OtherShop(_))));
    assert!(matches!(other.requests(&verified), Err(Refusal::OtherShop(_))));
    let delivery = take(&other, &fixture("external_request_custom_body.json")).unwrap();
    assert_eq!((delivery.tenant, delivery.events.len()), (None, 2));
    let numbered = take(&hooks(), &fixture("external_request_documented_shape.json")).unwrap();
    assert_eq!(numbered.tenant.as_deref(), Some(PAGE), "a number is the same page");
}

#[test]
fn a_delivery_is_known_by_page_contact_time_and_bytes() {
    let id = |hooks: &Webhooks, body: &[u8]| hooks.identify(&verify(hooks, body).unwrap()).unwrap();
    let full = fixture("external_request_full_contact_data.json");
    let first = id(&hooks(), &full);
    assert_eq!(first, id(&hooks(), &full));
    assert_eq!(first.id, take(&hooks(), &full).unwrap().id);
    assert_eq!((first.remember, first.tenant.as_deref()), (Remember::Seconds(10), Some(PAGE)));
    for other in [
        "external_request_ticket_changed.json",
        "external_request_wrapped_contact.json",
        "external_request_no_ticket.json",
    ] {
        assert_ne!(id(&hooks(), &fixture(other)).id, first.id, "{other}");
    }
    // A body that names no page is another delivery for another page.
    let bare = fixture("external_request_custom_body.json");
    let elsewhere = Webhooks::new([Secret::new(SECRET)]).with_page("1");
    assert_ne!(id(&hooks(), &bare).id, id(&elsewhere, &bare).id);
}

#[test]
fn what_cannot_be_read_is_refused_and_changes_nothing() {
    for body in [&b""[..], b"null", b"7", b"\"text\"", b"{", b"\xff\xfe", b"{\"id\":1} x"] {
        assert!(matches!(take(&hooks(), body), Err(Refusal::Malformed(_))), "{body:?}");
    }
    for body in [&b"{}"[..], b"[]", b"{\"contacts\":[]}", b"[{}]"] {
        let delivery = take(&hooks(), body).unwrap();
        assert!(delivery.events.is_empty(), "{body:?}");
    }
    let delivery = take(&hooks(), b"{\"contacts\":[7,{\"id\":\"7300000000000007\"}]}").unwrap();
    assert_eq!((delivery.events.len(), delivery.rejected.len()), (1, 1), "one that is none costs no other");
    let large = vec![b' '; 1024 * 1024 + 1];
    assert!(matches!(verify(&hooks(), &large), Err(Refusal::TooLarge { .. })));
    let small = hooks().with_max_body(10);
    assert!(matches!(
        verify(&small, &fixture("external_request_custom_body.json")),
        Err(Refusal::TooLarge { .. })
    ));
}

#[test]
fn whoever_is_not_named_is_answered_and_skipped() {
    for body in [
        json!({}),
        json!({"id": "{{user_id}}", "ticket_type": "Bảo hành"}),
        json!([]),
        json!({"contacts": [7]}),
    ] {
        let verified = verify(&hooks(), body.to_string().as_bytes()).unwrap();
        let asked = hooks().requests(&verified).unwrap();
        let told: Vec<String> = asked.iter().map(|asked| decide(None, asked).to_string()).collect();
        assert_eq!(told, ["skipped:no_contact"], "{body}");
    }
}

#[test]
fn a_ticket_without_a_time_was_made_when_it_came() {
    let delivery = take(&hooks(), &fixture("external_request_custom_body.json")).unwrap();
    let Some(pos_core::Record::Ticket(ticket)) = &delivery.events[1].record else { panic!("{delivery:?}") };
    assert_eq!((ticket.created_at, ticket.updated_at), (Some(RECEIVED), None));
}

#[test]
fn what_was_proven_is_kept_and_read_by_a_later_release() {
    let body = fixture("external_request_wrapped_contact.json");
    let verified = verify(&hooks(), &body).unwrap();
    let kept = serde_json::to_string(&verified).unwrap();
    assert!(!kept.contains(SECRET), "the header with the secret is not kept");
    let again: Verified = serde_json::from_str(&kept).unwrap();
    assert_eq!(hooks().parse(&again).unwrap(), hooks().parse(&verified).unwrap());
}

#[test]
fn vendor_fields_that_a_mapping_asked_for_come_along_from_either_shape() {
    let fake = common::Fake::new(|_, _| common::ok(common::text("api_get_info_response.json")));
    let connection = pos_core::kit::Connection {
        custom_fields: vec!["custom_fields.DOB ".into(), "locale".into(), "custom_fields.none".into()],
        ..fake.connection().unpaced()
    };
    let page = common::builder().webhook_secret(SECRET).connection(connection).build().unwrap();
    let verified = page.webhooks().verify(&WebhookRequest::new(
        &headers(),
        &fixture("external_request_full_contact_data.json"),
        RECEIVED,
    ));
    let delivery = page.webhooks().parse(&verified.unwrap()).unwrap();
    let Some(pos_core::Record::Customer(told)) = &delivery.events[0].record else { panic!("{delivery:?}") };
    let expected = json!({"custom_fields.DOB ": "1995-08-20", "locale": "vi_VN"});
    assert_eq!(serde_json::to_value(&told.custom).unwrap(), expected);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let read = runtime.block_on(pos_core::Connector::get_customer(&page, "7300000000000001")).unwrap();
    assert_eq!(
        serde_json::to_value(&read.custom).unwrap(),
        expected,
        "{}",
        value("api_get_info_response.json")
    );
}
