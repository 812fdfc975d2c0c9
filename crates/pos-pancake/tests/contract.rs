//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use pos_core::kit::Connection;
use pos_core::{Connector, WebhookVerifier};
use pos_pancake::{Pancake, Webhooks};
use pos_testkit::pancake::Sandbox;

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    connector_in(shop, "VND")
}

fn connector_in(shop: &Sandbox, currency: &str) -> Arc<dyn Connector> {
    let connection = pos_testkit::contract::connection(shop.base_url());
    let connector = Pancake::builder()
        .api_key(shop.api_key())
        .shop_id(shop.shop_id())
        .connection(Connection { time_limit: Some(Duration::from_secs(1)), ..connection })
        .currency(currency)
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    let options = shop.options();
    let hooks = Webhooks::default()
        .with_header("x-store-id", options.store_id.as_str())
        .unwrap()
        .with_header("X-Webhook-Secret", options.webhook_secret.as_str())
        .unwrap()
        .with_shop(shop.shop_id());
    Arc::new(hooks)
}

pos_testkit::connector_contract!(Sandbox, connector, verifier);

/// The same against a shop that is as unkind as the vendor can be.
mod unkind {
    use pos_testkit::pancake::Unkind;

    pos_testkit::connector_contract!(
        Unkind,
        |shop: &Unkind| super::connector_in(shop, "THB"),
        |shop: &Unkind| super::verifier(shop),
    );
}
