//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::Connector;
use pos_misa::{Misa, MisaBuilder};
use pos_testkit::misa::{MiscountingSandbox, Sandbox, UnkindSandbox};

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

/// The same against a sandbox that does all that a shop may do.
mod unkind {
    use super::*;

    pos_testkit::connector_contract!(UnkindSandbox, |shop| connector(&shop.0), skip: [(
        "a_window_holds_exactly_what_changed_in_it",
        "a shop that takes a bound in UTC for the time in Viet Nam tells what changed in the seven hours before it as well; \
         sandbox::no_change_is_missed_however_the_shop_reads_a_bound shows that nothing is missing"
    )]);
}

/// The same against a sandbox whose lists say that they are over before they are.
mod miscounting {
    use super::*;

    pos_testkit::connector_contract!(MiscountingSandbox, |shop| connector(&shop.0));
}
