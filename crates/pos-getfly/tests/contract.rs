//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::{Connector, Secret, WebhookVerifier};
use pos_getfly::{Api, Getfly, Webhooks};
use pos_testkit::getfly::{Sandbox, UnkindSandbox, V3Sandbox, V6Sandbox};

fn connector(shop: &Sandbox, api: Api) -> Arc<dyn Connector> {
    let connector = Getfly::builder()
        .company(shop.company())
        .api_key(shop.api_key())
        .api(api)
        .connection(pos_testkit::contract::connection(shop.base_url()))
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    let host = format!("{}.getflycrm.com", shop.company());
    Arc::new(Webhooks::new([Secret::new(shop.webhook_secret())]).with_tenant(host))
}

pos_testkit::connector_contract!(Sandbox, |shop| connector(shop, Api::V61), verifier);

/// The same against a company that does all that one may do.
mod unkind {
    use super::*;

    pos_testkit::connector_contract!(UnkindSandbox, |shop| connector(&shop.0, Api::V61), |shop| verifier(
        &shop.0
    ));
}

/// The same against a company whose newest line is 6.
mod v6 {
    use super::*;

    pos_testkit::connector_contract!(V6Sandbox, |shop| connector(&shop.0, Api::V6), |shop| verifier(&shop.0));
}

/// The same against a company that has line 3 alone.
mod v3 {
    use super::*;

    pos_testkit::connector_contract!(V3Sandbox, |shop| connector(&shop.0, Api::V3), |shop| verifier(&shop.0));
}
