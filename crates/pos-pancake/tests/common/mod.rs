//! A connector to a vendor made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

use pos_core::http::Transport;
use pos_core::kit::Connection;
use pos_pancake::{Pancake, PancakeBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};

/// An invented key.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";
pub const SHOP: &str = "880012345";

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn builder() -> PancakeBuilder {
    Pancake::builder().api_key(KEY).shop_id(SHOP)
}

/// The way to a vendor, as fast as it answers.
pub fn through(transport: Arc<dyn Transport>) -> Connection {
    Connection { transport: Some(transport), limits: Some(Vec::new()), ..Connection::default() }
}

pub fn shop(fake: &Arc<Fake>) -> Pancake {
    builder().connection(through(fake.clone())).build().unwrap()
}
