//! The suite that every connector passes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

use std::sync::Arc;
use std::time::Duration;

use pos_core::http::RetryPolicy;
use pos_nhanh::Nhanh;
use pos_testkit::nhanh::Sandbox;

fn connector(shop: &Sandbox) -> Nhanh {
    let mut retry = RetryPolicy::default();
    retry.attempts = 5;
    retry.first_wait = Duration::from_millis(10);
    retry.longest_wait = Duration::from_millis(80);
    retry.patience = Duration::from_secs(3);
    Nhanh::builder()
        .app_id(shop.app_id())
        .business_id(shop.business_id())
        .access_token(shop.access_token())
        .secret_key(shop.secret_key())
        .base_url(shop.base_url())
        .history_from(time::macros::datetime!(2023-01-01 0:00 +7))
        .limits([pos_core::http::Limit::Window { requests: 100_000, per: Duration::from_secs(1) }])
        .retry(retry)
        .time_limit(Duration::from_millis(400))
        .webhook_secret(shop.verify_token())
        .build()
        .unwrap()
}

pos_testkit::connector_contract!(Sandbox, |shop| Arc::new(connector(shop)), |shop| Arc::new(connector(shop)),);

/// The same against a shop that does all that the vendor may do.
mod unkind {
    use pos_testkit::nhanh::Unkind;

    use super::{Arc, connector};

    pos_testkit::connector_contract!(
        Unkind,
        |shop: &Unkind| Arc::new(connector(&shop.0)),
        |shop: &Unkind| Arc::new(connector(&shop.0)),
    );
}
