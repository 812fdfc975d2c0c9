//! A small HTTP host for webhooks, with the loop that keeps the shop in step. `--help` says what it needs.
//!
//!     KIOTVIET_RETAILER=… KIOTVIET_CLIENT_ID=… KIOTVIET_CLIENT_SECRET=… KIOTVIET_WEBHOOK_SECRET=… \
//!     cargo run --release --example webhook_host -- 127.0.0.1:8081 [https://crm.example.com/hooks/]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use examples::words::{self, Failure, Outcome, Words, usage};
use examples::{on_ctrl_c, vendors};
use pos_core::kit::Connection;
use pos_core::{Connector, HookPlan, Secret};
use pos_kiotviet::{ENTRY, KiotVietBuilder};
use pos_store_sqlite::{Durability, SqliteOptions, SqliteStore};
use pos_sync::{Crm, HookRoutes, LinkOptions, Stop};

/// The standard one ends the program where nobody reads on (`… --help | head -3`); here the words are lost and nothing else.
macro_rules! println {
    ($($what:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($what)*);
    }};
}

const USAGE: &str = "\
webhook_host [ADDRESS [PUBLIC URL]] [--db FILE]

Keeps a KiotViet shop in step: takes in its webhooks below http://ADDRESS/hooks/ (default 127.0.0.1:8081) at a path that
nobody can guess, and catches up by list every five minutes. Put TLS in front of it.

With the public URL of http://ADDRESS/hooks/ it also registers the webhooks there, and registers them again when the
vendor has switched them off.

  --db FILE   the CRM file (default: crm.db, the one that `live` writes)
  --help      this text

Environment: KIOTVIET_RETAILER, KIOTVIET_CLIENT_ID, KIOTVIET_CLIENT_SECRET, KIOTVIET_WEBHOOK_SECRET.
Ctrl-C ends it after what is at hand.";

const OPTIONS: &[&str] = &["--db", "--help"];

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words::asks_for_help(&words) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    words::end("webhook_host", run(words).await)
}

async fn run(words: Vec<String>) -> Outcome {
    let mut db = PathBuf::from("crm.db");
    let mut places = Vec::new();
    let mut words = Words::new(words, OPTIONS);
    while let Some(word) = words.word() {
        match word.as_str() {
            "--db" => db = words.value("--db", "a file")?.into(),
            option if option.starts_with('-') => return words.unknown(option),
            _ => places.push(word),
        }
    }
    let (address, public) = match places.as_slice() {
        [] => ("127.0.0.1:8081", None),
        [address] => (address.as_str(), None),
        [address, public] => (address.as_str(), Some(public)),
        _ => return usage("there are at most an address and a public URL"),
    };
    let settings = vendors::settings(&ENTRY, &["webhook_secret"])?;
    let secret = Secret::new(settings.text("webhook_secret"));
    let shop = KiotVietBuilder::from_settings(&settings, Connection::default())?.build()?;
    let options = SqliteOptions::default().with_durability(Durability::Deliveries);
    let store = SqliteStore::open_with(&db, options)?;
    let crm = Crm::new(Arc::new(store)).with_observer(Arc::new(examples::Progress::new()));
    // What the file says about merging stays.
    let rules = crm.store().link(shop.account()).await?.map(|link| link.rules).unwrap_or_default();
    let connected = crm.connect(&shop, rules, LinkOptions::default()).await;
    connected.map_err(|error| vendors::explain(&ENTRY, &error, &shop))?;
    // The path is made of a key. A host with many shops keeps one for all of them; here the secret does.
    let hooks = HookRoutes::new(crm.clone(), secret.clone())?;
    hooks.serve(Arc::new(shop.clone()))?;
    if let Some(public) = public {
        let base = public.parse().map_err(|_| Failure::Usage("the public URL is no URL".to_owned()))?;
        let url = hooks.url(&base, shop.account())?;
        let report = shop.register_webhooks(&HookPlan::new(url.as_str(), secret)?).await?;
        println!(
            "webhooks: {} kept, {} registered, {} revived, {} renewed; {} at other addresses were left alone",
            report.kept.len(),
            report.missing.len(),
            report.dropped.len(),
            report.outdated.len(),
            report.foreign.len()
        );
    }

    let stop = Stop::new();
    on_ctrl_c(&stop, "stopping after what is at hand");
    let path = hooks.path(shop.account());
    let app = Router::new().nest("/hooks", pos_axum::router(hooks));
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| Failure::Failed(format!("nothing can listen on {address}: {error}")))?;
    println!("listening on http://{address}/hooks/{path}");
    let ended = stop.clone();
    let serve = axum::serve(listener, app).with_graceful_shutdown(async move { ended.stopped().await });
    let (served, ()) =
        tokio::join!(async { serve.await }, crm.follow(&shop, Duration::from_secs(300), &stop));
    Ok(served?)
}
