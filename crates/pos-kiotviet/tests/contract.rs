//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::{Connector, Secret, WebhookVerifier};
use pos_kiotviet::{KiotViet, Webhooks};
use pos_testkit::kiotviet::Sandbox;

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    let connector = KiotViet::builder()
        .retailer(shop.retailer())
        .client_id(shop.client_id())
        .client_secret(shop.client_secret())
        .token_url(shop.token_url().as_str())
        .connection(pos_testkit::contract::connection(shop.base_url()))
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    Arc::new(Webhooks::new([Secret::new(shop.webhook_secret())]).with_tenant(shop.retailer_id().to_string()))
}

pos_testkit::connector_contract!(Sandbox, connector, verifier);

/// The same, against a shop that is as unkind as the vendor may be and whose clock is an hour ahead of ours.
mod unkind {
    use pos_testkit::kiotviet::Unkind;

    pos_testkit::connector_contract!(Unkind, |shop| super::connector(shop), |shop| super::verifier(shop));
}
