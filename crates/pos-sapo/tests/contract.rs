//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::{Connector, Secret, WebhookVerifier};
use pos_sapo::{Sapo, Webhooks};
use pos_testkit::sapo::{Flavor, HeedlessSandbox, PosSandbox, Sandbox, UnkindPosSandbox, UnkindSandbox};

/// Every kind of store, as the suite sees it.
macro_rules! stores {
    ($($name:ident: $sandbox:ty, skip: $skip:tt;)*) => {$(
        mod $name {
            use super::*;

            fn connector(shop: &$sandbox) -> Arc<dyn Connector> {
                connected(shop)
            }

            fn verifier(shop: &$sandbox) -> Arc<dyn WebhookVerifier> {
                Arc::new(Webhooks::new([Secret::new(shop.webhook_secret())]).with_store(shop.store()))
            }

            pos_testkit::connector_contract!($sandbox, connector, verifier, skip: $skip);
        }
    )*};
}

stores! {
    web: Sandbox, skip: [];
    unkind_web: UnkindSandbox, skip: [(VANISH, TWICE)];
    heedless_web: HeedlessSandbox, skip: [(VANISH, TWICE), (REMOVED, NO_EVENTS)];
    pos: PosSandbox, skip: [(VANISH, TWICE)];
    unkind_pos: UnkindPosSandbox, skip: [(VANISH, TWICE)];
}

const VANISH: &str = "rows_that_vanish_between_pages_hide_no_others";
const TWICE: &str = "a list that lost rows while its pages were counted is read once more, so rows come twice; \
    sandbox::rows_that_go_while_pages_are_counted_hide_no_others looks at what is missing";

const REMOVED: &str = "removed_records_are_told";
const NO_EVENTS: &str = "a store without a list of events tells no deletion in a window: webhooks do, and a full read; \
    endpoints::deleted_products_are_told_by_events_where_there_are_events reads such a store";

fn connected(shop: &Sandbox) -> Arc<dyn Connector> {
    let builder = Sapo::builder().store(shop.store());
    let builder = builder.connection(pos_testkit::contract::connection(shop.base_url()));
    let builder = match shop.flavor() {
        Flavor::Web => builder.private_app(shop.api_key(), shop.api_secret()),
        Flavor::Pos => builder.access_token(shop.access_token()),
    };
    Arc::new(builder.build().unwrap())
}
