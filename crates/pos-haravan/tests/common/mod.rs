//! A connector to a vendor made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

use pos_haravan::{Haravan, HaravanBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};

pub const TOKEN: &str = "SAMPLEPRIVATETOKEN0001";

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn builder() -> HaravanBuilder {
    Haravan::builder().org_id("200000900001").token(TOKEN)
}

pub fn shop(fake: &Arc<Fake>) -> Haravan {
    builder().connection(fake.connection()).build().unwrap()
}

/// A vendor that knows nothing.
pub fn unknown() -> Reply {
    Reply::Answer(404, String::new())
}
