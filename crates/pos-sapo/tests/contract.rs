//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use pos_core::http::RetryPolicy;
use pos_core::{Connector, Secret, WebhookVerifier};
use pos_sapo::{Sapo, Webhooks};
use pos_testkit::sapo::Sandbox;

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    let mut retry = RetryPolicy::default();
    retry.first_wait = Duration::from_millis(20);
    retry.patience = Duration::from_secs(5);
    let connector = Sapo::builder()
        .store(shop.store())
        .private_app(shop.api_key(), shop.api_secret())
        .base_url(shop.base_url().as_str())
        .retry(retry)
        .time_limit(Duration::from_millis(400))
        .limits([])
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    Arc::new(Webhooks::new([Secret::new(shop.webhook_secret())]).with_store(shop.store()))
}

pos_testkit::connector_contract!(Sandbox, connector, verifier);
