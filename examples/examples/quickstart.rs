//! A shop into a CRM, end to end, without account or network.
//!
//!     cargo run --release --example quickstart
//!
//! Starts a KiotViet sandbox on loopback, connects, imports everything into `crm.db`, prints what happened, and then lets
//! webhooks arrive. `--db FILE` takes another file, `--keep` goes on with the one that is there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crm_merge::{LinkRules, Policy};
use examples::{Progress, grouped, money, print_contact, print_duplicates, print_history, print_rejections};
use pos_core::identity::SubjectId;
use pos_core::record::{Currency, DocumentKind, Stream};
use pos_core::webhook::WebhookRequest;
use pos_core::{Connector, Secret};
use pos_kiotviet::KiotViet;
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, PullOptions, Stop, Store};
use pos_testkit::kiotviet::{Event, Sandbox, SandboxOptions};
use time::OffsetDateTime;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Arguments {
    db: PathBuf,
    keep: bool,
}

fn arguments() -> Result<Arguments> {
    let mut parsed = Arguments { db: PathBuf::from("crm.db"), keep: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--db" => parsed.db = words.next().ok_or("--db needs a file")?.into(),
            "--keep" => parsed.keep = true,
            "--vendor" => match words.next().as_deref() {
                Some("kiotviet" | "all") => {}
                other => return Err(format!("--vendor: kiotviet or all, not {other:?}").into()),
            },
            other => return Err(format!("no such option: {other}").into()),
        }
    }
    Ok(parsed)
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = arguments()?;
    if !arguments.keep {
        for end in ["", "-wal", "-shm"] {
            let mut file = arguments.db.clone().into_os_string();
            file.push(end);
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
    }

    println!("A KiotViet shop on loopback");
    let options = SandboxOptions::default().with_customers(5_200).with_documents(5_000, 7_000);
    let sandbox = Sandbox::start(options).await?;
    println!("  {} with 5.200 customers and 12.000 orders and invoices", sandbox.base_url());

    println!("\nConnect");
    let shop = KiotViet::builder()
        .retailer(sandbox.retailer())
        .client_id(sandbox.client_id())
        .client_secret(Secret::new(sandbox.client_secret()))
        .base_url(sandbox.base_url().as_str())
        .token_url(sandbox.token_url().as_str())
        .webhook_secret(Secret::new(sandbox.webhook_secret()))
        .build()?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&arguments.db)?);
    let crm = Crm::new(store.clone()).with_observer(Arc::new(Progress::new()));
    let mut rules = LinkRules::default();
    rules.policy = Policy::Overwrite;
    rules.tags = vec!["kiotviet".into()];
    let connected = crm.connect(&shop, rules, LinkOptions::default()).await?;
    println!(
        "  the credentials open {} with {} branches",
        connected.shop.name,
        connected.shop.branches.len()
    );

    println!("\nImport into {}", arguments.db.display());
    let started = Instant::now();
    let runs = crm.pull(&shop, &PullOptions::default()).await?;
    println!("  {:.1} s\n\nHistory", started.elapsed().as_secs_f64());
    print_history(&runs);
    print_rejections(&*store, &runs).await?;

    let size = store.size().await?;
    println!("\nThe CRM has {} contacts and {} documents", grouped(size.contacts), grouped(size.documents));
    println!("\nBest customers");
    for (contact, _) in store.best_contacts(Currency::VND, 3).await? {
        print_contact(&*store, &contact).await?;
    }
    println!("\nSome of the duplicates that were recognised");
    print_duplicates(&*store, 5).await?;

    println!("\nWebhooks");
    webhooks(&sandbox, &shop, &crm).await?;

    println!("\nAgain");
    let runs = crm.pull(&shop, &PullOptions::default()).await?;
    print_history(&runs);
    let changed: u64 = runs.iter().map(|run| run.counts.created + run.counts.updated).sum();
    println!("  {}", if changed == 0 { "nothing to change" } else { "something changed meanwhile" });
    Ok(())
}

/// A customer changes and orders something; the shop tells us. Then somebody else pretends to be the shop.
async fn webhooks(sandbox: &Sandbox, shop: &KiotViet, crm: &Crm) -> Result<()> {
    let account = shop.account();
    let customer = sandbox.id(Stream::Customers, 10);
    sandbox.update_customer(customer, |row| {
        row.insert("name".into(), "Trần Thị Đổi Tên".into());
        row.insert("comments".into(), "Gọi trước khi giao".into());
    });
    let order = sandbox.add_order(Some(customer), &[1, 2]);
    let messages =
        [sandbox.webhook(Event::CustomerUpdated(customer)), sandbox.webhook(Event::OrderUpdated(order))];
    for message in &messages {
        let request = WebhookRequest::new(&message.headers, &message.body, OffsetDateTime::now_utc());
        let received = crm.receive(account, shop.webhooks(), &request).await?;
        println!("  {}: kept, answered {}", message.kind(), received.status);
    }
    let forged = messages[0].forged();
    let request = WebhookRequest::new(&forged.headers, &forged.body, OffsetDateTime::now_utc());
    let received = crm.receive(account, shop.webhooks(), &request).await?;
    let why = received.refusal.map_or_else(|| "it was believed".to_owned(), |refusal| refusal.to_string());
    println!("  forged: dropped, answered {} ({why})", received.status);

    let worked = crm.work_inbox(shop, &Stop::new()).await?;
    println!("  {} deliveries worked on", worked.done);
    let store = crm.store();
    let id = SubjectId::customer(account.vendor.as_str(), &account.id, &customer.to_string());
    let contact =
        store.subject(&id).await?.and_then(|subject| subject.contact).ok_or("the customer is gone")?;
    let contact = store.contact(&contact).await?.ok_or("the contact is gone")?;
    print_contact(&**store, &contact).await?;
    let document = crm_merge::DocumentId::new(account.clone(), DocumentKind::Order, order.to_string());
    let document = store.document(&document).await?.ok_or("the order did not arrive")?;
    let total = money(document.record.total.unwrap_or_default(), document.record.currency);
    println!("  the new order is there: {} for {total}", document.record.code.as_deref().unwrap_or("?"));
    Ok(())
}
