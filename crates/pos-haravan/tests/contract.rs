//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::{Connector, Secret, WebhookVerifier};
use pos_haravan::{Haravan, OAuthApp, Tokens, Webhooks};
use pos_testkit::haravan::{Sandbox, Unkind};

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    let app = OAuthApp::new(shop.client_id(), shop.client_secret(), "https://example.com/callback")
        .unwrap()
        .with_accounts_url(shop.api_url().as_str())
        .unwrap();
    let connector = Haravan::builder()
        .org_id(shop.org_id())
        .oauth(app, Tokens::default().with_refresh(shop.refresh_token()), |_| {})
        .webhook_url(shop.api_url())
        .connection(pos_testkit::contract::connection(shop.api_url()))
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    let secrets = [shop.shop_secret(), shop.app_secret()].map(Secret::new);
    Arc::new(Webhooks::new(secrets).with_tenant(shop.org_id()))
}

pos_testkit::connector_contract!(Sandbox, connector, verifier);

/// The same against a sandbox that does all that the vendor may do.
mod unkind {
    use super::*;

    pos_testkit::connector_contract!(Unkind, |shop| connector(&shop.0), |shop| verifier(&shop.0));
}
