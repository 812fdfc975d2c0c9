//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::{Connector, Secret, WebhookVerifier};
use pos_odoo::{Odoo, Webhooks};
use pos_testkit::odoo::{OldSandbox, Sandbox, UnkindSandbox, V17Sandbox};

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    let connector = Odoo::builder()
        .site("gomviet.odoo.com")
        .database(shop.database())
        .login(shop.login())
        .api_key(shop.api_key())
        .connection(pos_testkit::contract::connection(shop.base_url()))
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    Arc::new(Webhooks::new([Secret::new(shop.webhook_token())]))
}

pos_testkit::connector_contract!(Sandbox, connector, verifier);

/// The same against a server that does all that one may do.
mod unkind {
    use super::*;

    pos_testkit::connector_contract!(UnkindSandbox, |shop| connector(&shop.0), |shop| verifier(&shop.0));
}

/// The same against a server that speaks JSON-RPC.
mod v17 {
    use super::*;

    pos_testkit::connector_contract!(V17Sandbox, |shop| connector(&shop.0), |shop| verifier(&shop.0));
}

/// The same against the oldest one.
mod v14 {
    use super::*;

    pos_testkit::connector_contract!(OldSandbox, |shop| connector(&shop.0), |shop| verifier(&shop.0));
}
