//! The program `live`: the same as the quickstart, against a real shop.

use std::path::PathBuf;
use std::sync::Arc;

use crm_merge::{ContactId, LinkRules, Policy};
use pos_core::connector::OrderPush;
use pos_core::record::{Currency, Stream};
use pos_core::{Connector, Secret};
use pos_kiotviet::KiotViet;
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, PullOptions, Stop, Store};
use time::OffsetDateTime;

use crate::{Progress, grouped, print_contact, print_duplicates, print_history, print_rejections};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "live <vendor> [--db FILE] [--check] [--dry-run] [--full] [--since DATE] [--stream NAME]... [--branch ID]
     [--policy skip|overwrite|fill_blanks|prefer_newest|review]
     [--push [--contact ID]... [--order FILE]...]

Reads the shop into a CRM file (crm.db) and prints what happened. Nothing is written to the shop unless --push is given:
then the contacts and orders named here, and whatever waits in the outbox of the file, are sent.

  kiotviet   KIOTVIET_RETAILER, KIOTVIET_CLIENT_ID, KIOTVIET_CLIENT_SECRET
             and, for another line than retail: KIOTVIET_BASE_URL, KIOTVIET_TOKEN_URL, KIOTVIET_SCOPE
  haravan    HARAVAN_ORG_ID (10 or 12 digits), HARAVAN_TOKEN (a private token, or an app's access token);
             HARAVAN_API_URL for a sandbox
  nhanh      NHANH_APP_ID, NHANH_BUSINESS_ID, NHANH_ACCESS_TOKEN; NHANH_SECRET_KEY to have the token checked,
             NHANH_HISTORY_FROM (a date) to begin a full read later, NHANH_BASE_URL for a sandbox
  sapo       SAPO_STORE (name.mysapo.net, name.mysapogo.com) and SAPO_API_KEY, SAPO_API_SECRET of a private app,
             or SAPO_ACCESS_TOKEN of a public one; SAPO_BASE_URL for a sandbox
  pancake    PANCAKE_API_KEY, PANCAKE_SHOP_ID (the number in the address /shop/<number>); PANCAKE_CURRENCY for a shop
             that does not sell in VND, PANCAKE_BASE_URL for a sandbox";

#[derive(Default)]
struct Arguments {
    vendor: String,
    db: Option<PathBuf>,
    check: bool,
    pull: PullOptions,
    streams: Vec<Stream>,
    push: bool,
    policy: Policy,
    contacts: Vec<String>,
    orders: Vec<PathBuf>,
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments> {
    let mut parsed = Arguments { vendor: words.next().ok_or(USAGE)?, ..Arguments::default() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n\n{USAGE}"));
        match word.as_str() {
            "--db" => parsed.db = Some(value()?.into()),
            "--check" => parsed.check = true,
            "--dry-run" => parsed.pull = parsed.pull.with_dry_run(),
            "--full" => parsed.pull = parsed.pull.with_full(),
            "--since" => {
                let text = value()?;
                let since = pos_core::lenient::parse_instant(&text, pos_core::lenient::VIETNAM)?;
                parsed.pull = parsed.pull.with_since(since.ok_or("--since needs a date")?);
            }
            "--stream" => parsed.streams.push(value()?.parse()?),
            "--branch" => parsed.pull = parsed.pull.with_branch(value()?),
            "--policy" => parsed.policy = serde_json::from_value(value()?.into())?,
            "--push" => parsed.push = true,
            "--contact" => parsed.contacts.push(value()?),
            "--order" => parsed.orders.push(value()?.into()),
            _ => return Err(format!("no such option: {word}\n\n{USAGE}").into()),
        }
    }
    let writes = !parsed.contacts.is_empty() || !parsed.orders.is_empty();
    if writes && !parsed.push {
        return Err("--contact and --order write to the shop: they need --push".into());
    }
    Ok(parsed)
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| format!("the environment variable {name} is not set\n\n{USAGE}").into())
}

/// The shop that the environment names.
fn connector(vendor: &str) -> Result<Arc<dyn Connector>> {
    match vendor {
        "kiotviet" => {
            let mut builder = KiotViet::builder()
                .retailer(variable("KIOTVIET_RETAILER")?)
                .client_id(variable("KIOTVIET_CLIENT_ID")?)
                .client_secret(Secret::new(variable("KIOTVIET_CLIENT_SECRET")?));
            if let Ok(url) = std::env::var("KIOTVIET_BASE_URL") {
                builder = builder.base_url(url);
            }
            if let Ok(url) = std::env::var("KIOTVIET_TOKEN_URL") {
                builder = builder.token_url(url);
            }
            if let Ok(scope) = std::env::var("KIOTVIET_SCOPE") {
                builder = builder.scope(scope);
            }
            Ok(Arc::new(builder.build()?))
        }
        "haravan" => {
            let mut builder = pos_haravan::Haravan::builder()
                .org_id(variable("HARAVAN_ORG_ID")?)
                .token(Secret::new(variable("HARAVAN_TOKEN")?));
            if let Ok(url) = std::env::var("HARAVAN_API_URL") {
                builder = builder.api_url(&url).webhook_url(url);
            }
            Ok(Arc::new(builder.build()?))
        }
        "nhanh" => {
            let mut builder = pos_nhanh::Nhanh::builder()
                .app_id(variable("NHANH_APP_ID")?.parse()?)
                .business_id(variable("NHANH_BUSINESS_ID")?.parse()?)
                .access_token(Secret::new(variable("NHANH_ACCESS_TOKEN")?));
            if let Ok(key) = std::env::var("NHANH_SECRET_KEY") {
                builder = builder.secret_key(key);
            }
            if let Ok(from) = std::env::var("NHANH_HISTORY_FROM") {
                let from = pos_core::lenient::parse_instant(&from, pos_core::lenient::VIETNAM)?;
                builder = builder.history_from(from.ok_or("NHANH_HISTORY_FROM needs a date")?);
            }
            if let Ok(url) = std::env::var("NHANH_BASE_URL") {
                builder = builder.base_url(url);
            }
            Ok(Arc::new(builder.build()?))
        }
        "sapo" => {
            let mut builder = pos_sapo::Sapo::builder().store(variable("SAPO_STORE")?);
            builder = match std::env::var("SAPO_ACCESS_TOKEN") {
                Ok(token) => builder.access_token(Secret::new(token)),
                Err(_) => {
                    builder.private_app(variable("SAPO_API_KEY")?, Secret::new(variable("SAPO_API_SECRET")?))
                }
            };
            if let Ok(url) = std::env::var("SAPO_BASE_URL") {
                builder = builder.base_url(url);
            }
            Ok(Arc::new(builder.build()?))
        }
        "pancake" => {
            let mut builder = pos_pancake::Pancake::builder()
                .api_key(Secret::new(variable("PANCAKE_API_KEY")?))
                .shop_id(variable("PANCAKE_SHOP_ID")?);
            if let Ok(code) = std::env::var("PANCAKE_CURRENCY") {
                builder = builder.currency(code);
            }
            if let Ok(url) = std::env::var("PANCAKE_BASE_URL") {
                builder = builder.base_url(url);
            }
            Ok(Arc::new(builder.build()?))
        }
        other => Err(format!("no such vendor: {other}\n\n{USAGE}").into()),
    }
}

/// Runs the program.
///
/// # Errors
/// What went wrong, in words for the person at the terminal.
pub async fn run(words: impl Iterator<Item = String>) -> Result<()> {
    let arguments = arguments(words)?;
    let shop = connector(&arguments.vendor)?;
    if arguments.check {
        let info = shop.check().await?;
        println!("{} opens with {} branches", info.name, info.branches.len());
        for warning in info.warnings {
            println!("  {warning}");
        }
        return Ok(());
    }
    let db = arguments.db.unwrap_or_else(|| "crm.db".into());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&db)?);
    let dry_run = arguments.pull.dry_run;
    let progress = if dry_run { Progress::new().printing_the_plan() } else { Progress::new() };
    let crm = Crm::new(store.clone()).with_observer(Arc::new(progress));

    let mut rules = LinkRules::default();
    rules.policy = arguments.policy;
    let connected = crm.connect(&*shop, rules, LinkOptions::default()).await?;
    println!("{} is connected; the CRM is {}", connected.shop.name, db.display());

    let stop = Stop::new();
    let signal = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("  stopping after this page; run the same command again to go on");
            signal.stop();
        }
    });
    let options = arguments.pull.with_streams(arguments.streams).with_stop(stop.clone());
    let started = OffsetDateTime::now_utc();
    let pulled = crm.pull(&*shop, &options).await;
    let mut runs = store.runs(Some(shop.account()), 20).await?;
    runs.retain(|run| run.finished_at.is_none_or(|end| end >= started));
    runs.reverse();
    print_history(if dry_run { pulled.as_deref().unwrap_or_default() } else { &runs });
    print_rejections(&*store, &runs).await?;
    pulled?;
    if dry_run {
        println!("nothing was written");
        return Ok(());
    }

    if arguments.push {
        for contact in &arguments.contacts {
            crm.push_contact(shop.account(), &ContactId::new(contact.as_str())).await?;
        }
        for file in &arguments.orders {
            let order: OrderPush = serde_json::from_slice(&std::fs::read(file)?)?;
            crm.push_order(shop.account(), None, order).await?;
        }
        let worked = crm.work_outbox(&*shop, &stop).await?;
        println!("pushed {}, again later {}, laid aside {}", worked.done, worked.later, worked.dead);
        for (item, why) in store.dead_pushes(shop.account(), 10).await? {
            println!("  {}: {why}", item.entry.push.reference());
        }
    }

    let size = store.size().await?;
    println!("the CRM has {} contacts and {} documents", grouped(size.contacts), grouped(size.documents));
    for (contact, _) in store.best_contacts(Currency::VND, 3).await? {
        print_contact(&*store, &contact).await?;
    }
    print_duplicates(&*store, 5).await?;
    Ok(())
}
