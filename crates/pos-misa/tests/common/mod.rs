//! A connector to a shop made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

use pos_misa::{Misa, MisaBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};
use serde_json::{Value, json};

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

pub const LOGIN: &str = "/auth/api/Account/Login";

/// A shop that lets everybody in; what the closure answers with a bare 404 is a login.
pub fn fake(vendor: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Arc<Fake> {
    Fake::with_tokens(LOGIN, text("login.response.json"), vendor)
}

pub fn builder() -> MisaBuilder {
    Misa::builder().domain("cuahangthu.mshopkeeper.vn").secret_key("test-secret-f4f1")
}

/// A shop without a pace of its own.
pub fn shop(fake: &Arc<Fake>) -> Misa {
    builder().connection(fake.connection().unpaced()).build().unwrap()
}

/// What the vendor says of a request that went well.
pub fn good(data: Value) -> Reply {
    ok(json!({"Code": 200, "Data": data, "Success": true, "Environment": "g1"}).to_string())
}

/// The same with its count.
pub fn counted(data: Value, total: usize) -> Reply {
    ok(json!({"Code": 200, "Data": data, "Success": true, "Environment": "g1", "Total": total}).to_string())
}

/// What the vendor says of one that did not.
pub fn bad(kind: i64) -> Reply {
    let body = json!({
        "Code": 200, "Data": null, "Total": 0, "Success": false, "ErrorType": kind, "ErrorMessage": "Nguyễn Thị Mẫu 0985000111",
    });
    ok(body.to_string())
}

/// An id by its end.
pub fn guid(end: u64) -> String {
    format!("0f0e0d0c-0002-4000-8000-{end:012x}")
}
