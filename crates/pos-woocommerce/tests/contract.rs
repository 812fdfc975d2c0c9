//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::{Connector, Secret, WebhookVerifier};
use pos_testkit::woocommerce::{OldSandbox, Sandbox, UnkindSandbox};
use pos_woocommerce::{Webhooks, WooCommerce};

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    let connector = WooCommerce::builder()
        .site(shop.site())
        .consumer_key(shop.consumer_key())
        .consumer_secret(shop.consumer_secret())
        .connection(pos_testkit::contract::connection(shop.base_url()))
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    Arc::new(Webhooks::new([Secret::new(shop.webhook_secret())]).with_tenant(shop.site()))
}

pos_testkit::connector_contract!(Sandbox, connector, verifier);

/// The same against a sandbox that does all that a shop may do.
mod unkind {
    use super::*;

    pos_testkit::connector_contract!(UnkindSandbox, |shop| connector(&shop.0), |shop| verifier(&shop.0));
}

/// The same against a shop of before bounds by change.
mod old {
    use super::*;

    pos_testkit::connector_contract!(OldSandbox, |shop| connector(&shop.0), |shop| verifier(&shop.0), skip: [(
        "removed_records_are_told",
        "such a shop refuses to list products in the trash, so nobody tells which are gone; sandbox::an_old_shop_tells_\
         orders_in_its_trash reads the rest"
    )]);
}
