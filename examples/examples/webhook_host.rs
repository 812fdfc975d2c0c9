//! A small HTTP host for webhooks, with the loop that keeps the shop in step.
//!
//!     KIOTVIET_RETAILER=… KIOTVIET_CLIENT_ID=… KIOTVIET_CLIENT_SECRET=… KIOTVIET_WEBHOOK_SECRET=… \
//!     cargo run --release --example webhook_host -- 127.0.0.1:8081 [https://crm.example.com/hooks/kiotviet]
//!
//! With a public address as second argument it also registers the webhooks there, and registers them again when the
//! vendor has switched them off. Put TLS in front of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use pos_core::webhook::{WebhookRequest, WebhookVerifier};
use pos_core::{Connector, Secret};
use pos_kiotviet::{HookPlan, KiotViet};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, Stop};
use time::OffsetDateTime;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Clone)]
struct Host {
    crm: Crm,
    shop: KiotViet,
}

/// Proves and keeps the delivery, and answers. The work is done by the loop.
async fn deliver(
    State(host): State<Host>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let url = format!("/hooks/kiotviet?{}", query.unwrap_or_default());
    let request = WebhookRequest::new(&headers, &body, OffsetDateTime::now_utc()).with_url(&url);
    match host.crm.receive(host.shop.account(), host.shop.webhooks(), &request).await {
        Ok(received) => StatusCode::from_u16(received.status).unwrap_or(StatusCode::OK),
        // The database is away: the vendor shall send it again.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The vendor may ask whether the address is ours.
async fn handshake(State(host): State<Host>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    match host.shop.webhooks().handshake(&query.unwrap_or_default()) {
        Some(answer) => (StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK), answer.body),
        None => (StatusCode::OK, String::new()),
    }
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| format!("the environment variable {name} is not set").into())
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let address = words.next().unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let secret = Secret::new(variable("KIOTVIET_WEBHOOK_SECRET")?);
    let mut builder = KiotViet::builder()
        .retailer(variable("KIOTVIET_RETAILER")?)
        .client_id(variable("KIOTVIET_CLIENT_ID")?)
        .client_secret(Secret::new(variable("KIOTVIET_CLIENT_SECRET")?))
        .webhook_secret(secret.clone());
    if let (Ok(base), Ok(token)) = (std::env::var("KIOTVIET_BASE_URL"), std::env::var("KIOTVIET_TOKEN_URL")) {
        builder = builder.base_url(base).token_url(token);
    }
    let shop = builder.build()?;
    let crm =
        Crm::new(Arc::new(SqliteStore::open("crm.db")?)).with_observer(Arc::new(examples::Progress::new()));
    crm.connect(&shop, Default::default(), LinkOptions::default()).await?;
    if let Some(public) = words.next() {
        let report = shop.ensure_webhooks(&HookPlan::new(&public, secret)?).await?;
        println!("{report:?}");
    }

    let stop = Stop::new();
    let host = Host { crm: crm.clone(), shop: shop.clone() };
    let app = Router::new().route("/hooks/kiotviet", get(handshake).post(deliver)).with_state(host);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on http://{address}/hooks/kiotviet");
    let serve = async {
        let ended = stop.clone();
        axum::serve(listener, app).with_graceful_shutdown(async move { ended.stopped().await }).await
    };
    let signal = async {
        tokio::signal::ctrl_c().await.ok();
        stop.stop();
    };
    let (served, (), ()) = tokio::join!(serve, crm.follow(&shop, Duration::from_secs(300), &stop), signal);
    served?;
    Ok(())
}
