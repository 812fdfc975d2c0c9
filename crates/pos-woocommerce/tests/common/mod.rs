//! A connector to a shop made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

pub use pos_testkit::fake::{Asked, Fake, Reply, ok};
use pos_woocommerce::{WooCommerce, WooCommerceBuilder};

pub const SITE: &str = "https://gomviet-demo.example.vn";

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

pub fn builder() -> WooCommerceBuilder {
    WooCommerce::builder().site(SITE).consumer_key("ck_sample").consumer_secret("cs_sample")
}

/// A shop without a pace of its own.
pub fn shop(fake: &Arc<Fake>) -> WooCommerce {
    builder().connection(fake.connection().unpaced()).build().unwrap()
}

/// What a shop says of a route that it does not have.
pub fn unknown() -> Reply {
    Reply::Answer(404, text("error_404_no_route.json"))
}

/// A page with the vendor's count.
pub fn counted(total: usize, body: impl Into<String>) -> Reply {
    Reply::With(200, "x-wp-total", total.to_string(), body.into())
}
