//! The suite that every connector passes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

use std::sync::Arc;

use pos_core::{Connector, WebhookVerifier};
use pos_nhanh::Nhanh;
use pos_testkit::nhanh::Sandbox;

fn nhanh(shop: &Sandbox) -> Nhanh {
    Nhanh::builder()
        .app_id(shop.app_id())
        .business_id(shop.business_id())
        .access_token(shop.access_token())
        .secret_key(shop.secret_key())
        .history_from(time::macros::datetime!(2023-01-01 0:00 +7))
        .webhook_secret(shop.verify_token())
        .connection(pos_testkit::contract::connection(shop.base_url()))
        .build()
        .unwrap()
}

fn connector(shop: &Sandbox) -> Arc<dyn Connector> {
    Arc::new(nhanh(shop))
}

fn verifier(shop: &Sandbox) -> Arc<dyn WebhookVerifier> {
    Arc::new(nhanh(shop).webhooks().clone())
}

pos_testkit::connector_contract!(Sandbox, connector, verifier);

/// The same against a shop that does all that the vendor may do.
mod unkind {
    use pos_testkit::nhanh::Unkind;

    pos_testkit::connector_contract!(Unkind, |shop: &Unkind| super::connector(&shop.0), |shop: &Unkind| {
        super::verifier(&shop.0)
    },);
}
