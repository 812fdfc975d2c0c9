//! A connector to a vendor made of a closure.
#![allow(dead_code, unused_imports, unreachable_pub, clippy::unwrap_used)]

use std::sync::Arc;

use pos_nhanh::{Nhanh, NhanhBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// The paths that were asked for.
pub fn paths(fake: &Fake) -> Vec<String> {
    fake.asked().into_iter().map(|asked| asked.path).collect()
}

pub const TOKEN: &str = "FAKEnhanhAccessTokenForTestsOnly0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub fn builder() -> NhanhBuilder {
    Nhanh::builder().app_id(79001).business_id(215_500).access_token(TOKEN).secret_key("APP-SECRET-KEY")
}

pub fn shop(fake: &Arc<Fake>) -> Nhanh {
    builder().connection(fake.connection()).build().unwrap()
}
