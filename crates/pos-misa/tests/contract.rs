//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::Connector;
use pos_misa::{Misa, MisaBuilder};
use pos_testkit::misa::{ListingSandbox, MiscountingSandbox, Sandbox, UnkindSandbox};

fn builder(shop: &Sandbox) -> MisaBuilder {
    Misa::builder()
        .domain(shop.domain())
        .app_id(shop.app_id())
        .secret_key(shop.secret_key())
        .connection(pos_testkit::contract::connection(shop.base_url()))
}

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    Arc::new(builder(shop).build().unwrap())
}

pos_testkit::connector_contract!(Sandbox, connector);

/// The same against a sandbox that does all that the vendor may do. Its clock is ahead.
mod unkind {
    use super::*;

    pos_testkit::connector_contract!(UnkindSandbox, |shop| connector(&shop.0));
}

/// The same against a sandbox whose lists say that they are over before they are, and repeat their end.
mod miscounting {
    use super::*;

    pos_testkit::connector_contract!(MiscountingSandbox, |shop| connector(&shop.0));
}

/// The same against one that lists its orders, so that they can be pushed.
mod listing {
    use super::*;

    pos_testkit::connector_contract!(ListingSandbox, |shop| {
        Arc::new(builder(&shop.0).order_list(true).build().unwrap()) as Arc<dyn Connector>
    });
}
