//! A connector to a vendor made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

use pos_kiotviet::{KiotViet, KiotVietBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};

pub const TOKEN: &str = include_str!("../fixtures/token_response.json");

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

/// A vendor that gives tokens unless it says otherwise.
pub fn vendor(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Arc<Fake> {
    Fake::with_tokens("/connect/token", TOKEN, answer)
}

pub fn builder() -> KiotVietBuilder {
    KiotViet::builder()
        .retailer("cuahangmau")
        .client_id("11111111-2222-3333-4444-555555555555")
        .client_secret("0123456789abcdef0123456789abcdef01234567")
}

pub fn shop(fake: &Arc<Fake>) -> KiotViet {
    builder().connection(fake.connection()).build().unwrap()
}

/// A vendor that knows nothing but tokens.
pub fn unknown() -> Reply {
    Reply::Answer(404, String::new())
}
