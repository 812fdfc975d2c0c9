//! The suite that every connector passes, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use pos_core::{Connector, Secret, WebhookVerifier};
use pos_manychat::{Import, ManyChat, Webhooks};
use pos_testkit::manychat::{Sandbox, UnkindSandbox};

fn connector(page: &Sandbox, import: Import) -> Arc<dyn Connector> {
    let connector = ManyChat::builder()
        .page_id(page.page_id())
        .api_key(page.api_key())
        .webhook_secret(page.webhook_secret())
        .import(import)
        .mirror_field(page.mirror_field())
        .connection(pos_testkit::contract::connection(page.base_url()))
        .build()
        .unwrap();
    Arc::new(connector)
}

fn verifier(page: &Sandbox) -> Arc<dyn WebhookVerifier> {
    Arc::new(Webhooks::new([Secret::new(page.webhook_secret())]).with_page(page.page_id()))
}

pos_testkit::connector_contract!(Sandbox, |page| connector(page, Import::Phone), verifier);

/// The same against a page that does all that one may do.
mod unkind {
    use super::*;

    pos_testkit::connector_contract!(UnkindSandbox, |page| connector(&page.0, Import::Phone), |page| {
        verifier(&page.0)
    });
}
