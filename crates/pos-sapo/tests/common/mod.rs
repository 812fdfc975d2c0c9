//! A connector to a vendor made of a closure.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::sync::Arc;

use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_sapo::{Sapo, SapoBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn builder() -> SapoBuilder {
    Sapo::builder().store("gom-lam-demo.mysapo.net").private_app("api-key-mau", "api-secret-mau")
}

pub fn shop(fake: &Arc<Fake>) -> Sapo {
    builder().connection(fake.connection()).build().unwrap()
}

/// A store of the POS flavour.
pub fn pos(fake: &Arc<Fake>) -> Sapo {
    let builder = Sapo::builder()
        .store("tra-moc-demo.mysapogo.com")
        .access_token("token-mau")
        .location_id(776_001)
        .account_id(1_260_001);
    builder.connection(fake.connection()).build().unwrap()
}

/// A vendor that knows nothing.
pub fn unknown() -> Reply {
    Reply::Answer(404, r#"{"errors":"Not Found"}"#.into())
}

/// One try, for tests of what is worth several.
pub fn once(fake: &Arc<Fake>) -> Connection {
    let retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    Connection { retry: Some(retry), ..fake.connection() }
}
