//! A connector to a page made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use pos_core::Secret;
use pos_core::webhook::{Delivery, Refusal, Verified, WebhookRequest, WebhookVerifier};
use pos_manychat::{ManyChat, ManyChatBuilder, Webhooks};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

pub const SECRET: &str = "test-secret-f4f1";
pub const PAGE: &str = "104430000000821";
pub const KEY: &str = "104430000000821:sampleSampleSample0001";
pub const RECEIVED: OffsetDateTime = datetime!(2026-07-12 3:14:45 UTC);

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

pub fn value(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

pub fn builder() -> ManyChatBuilder {
    ManyChat::builder().page_id(PAGE).api_key(KEY)
}

/// A page without a pace of its own.
pub fn page(fake: &Arc<Fake>) -> ManyChat {
    builder().connection(fake.connection().unpaced()).build().unwrap()
}

/// A success with data.
pub fn data(data: &Value) -> Reply {
    ok(json!({"status": "success", "data": data}).to_string())
}

/// What a write answers.
pub fn done() -> Reply {
    ok(r#"{"status":"success"}"#)
}

/// A refusal with the reason in `details`.
pub fn refused(field: &str, why: &str) -> Reply {
    let body = json!({"status": "error", "message": "Validation error", "details": {"messages": {field: {"message": [why]}}}});
    Reply::Answer(400, body.to_string())
}

/// The contact of the sample.
pub fn contact() -> Value {
    value("api_get_info_response.json")["data"].clone()
}

/// The page's own fields.
pub fn own_fields() -> Value {
    json!([
        {"id": 11, "name": "phone", "type": "text", "description": ""},
        {"id": 12, "name": "dob", "type": "date", "description": ""},
        {"id": 14, "name": "Email ", "type": "text", "description": ""},
        {"id": 15, "name": "deal_note", "type": "text", "description": ""},
        {"id": 16, "name": "address", "type": "text", "description": ""},
    ])
}

pub fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("an-older-secret"), Secret::new(SECRET)]).with_page(PAGE)
}

pub fn headers() -> HeaderMap {
    let json = value("external_request.headers.json");
    let each = json.as_object().unwrap().iter();
    let name = |name: &String| HeaderName::from_bytes(name.as_bytes()).unwrap();
    each.map(|(key, value)| (name(key), value.as_str().unwrap().parse().unwrap())).collect()
}

pub fn verify(hooks: &Webhooks, body: &[u8]) -> Result<Verified, Refusal> {
    hooks.verify(&WebhookRequest::new(&headers(), body, RECEIVED))
}

pub fn take(hooks: &Webhooks, body: &[u8]) -> Result<Delivery, Refusal> {
    hooks.parse(&verify(hooks, body)?)
}

/// The id of the ticket of a contact and a number.
pub fn ticket_id(contact: &str, phone: &str) -> String {
    let (contact, phone) = (Some(contact.to_owned()), phone.parse().ok());
    pos_manychat::TicketRequest { contact, phone, ..pos_manychat::TicketRequest::default() }
        .ticket_id()
        .unwrap()
}
