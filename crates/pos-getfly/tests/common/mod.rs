//! A connector to a company made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

use pos_getfly::{Api, Getfly, GetflyBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

pub fn builder() -> GetflyBuilder {
    Getfly::builder().company("demo").api_key("sampleSampleSampleSample000001")
}

/// A company without a pace of its own.
pub fn shop(fake: &Arc<Fake>) -> Getfly {
    of_line(fake, Api::V61)
}

pub fn of_line(fake: &Arc<Fake>, api: Api) -> Getfly {
    builder().api(api).connection(fake.connection().unpaced()).build().unwrap()
}

/// What the vendor says of what it does not know.
pub fn unknown() -> Reply {
    Reply::Answer(404, r#"{"message":"Không tồn tại"}"#.to_owned())
}
