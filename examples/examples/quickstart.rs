//! A shop into a CRM, end to end, without account or network.
//!
//!     cargo run --release --example quickstart [-- --vendor NAME|all] [--db FILE] [--keep]
//!
//! Starts a sandbox on loopback, connects, imports everything into `crm.db`, prints what happened, and then lets webhooks
//! arrive. `--vendor` takes another shop than KiotViet's (haravan, nhanh, sapo, pancake), or all five: they share customers,
//! and the CRM recognises them. `--db` takes another file,
//! `--keep` goes on with the one that is there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crm_merge::{LinkRules, Policy};
use examples::{Progress, grouped, money, print_contact, print_duplicates, print_history, print_rejections};
use http::HeaderMap;
use pos_core::identity::SubjectId;
use pos_core::record::{Currency, DocumentKind, Stream};
use pos_core::webhook::WebhookRequest;
use pos_core::{Connector, Secret, WebhookVerifier};
use pos_haravan::{Haravan, OAuthApp, Tokens};
use pos_kiotviet::KiotViet;
use pos_nhanh::Nhanh;
use pos_pancake::Pancake;
use pos_sapo::Sapo;
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, PullOptions, Stop};
use pos_testkit::contract::{Change, VendorSandbox};
use pos_testkit::{haravan, kiotviet, nhanh, pancake, sapo};
use time::OffsetDateTime;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const VENDORS: [&str; 5] = ["kiotviet", "haravan", "nhanh", "sapo", "pancake"];

struct Arguments {
    db: PathBuf,
    keep: bool,
    vendors: Vec<&'static str>,
}

fn arguments() -> Result<Arguments> {
    let mut parsed = Arguments { db: PathBuf::from("crm.db"), keep: false, vendors: vec!["kiotviet"] };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--db" => parsed.db = words.next().ok_or("--db needs a file")?.into(),
            "--keep" => parsed.keep = true,
            "--vendor" => {
                let name = words.next().unwrap_or_default();
                parsed.vendors =
                    VENDORS.into_iter().filter(|vendor| name == "all" || name == *vendor).collect();
                if parsed.vendors.is_empty() {
                    return Err(format!("--vendor: all or one of {}", VENDORS.join(", ")).into());
                }
            }
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

    let crm = Crm::new(Arc::new(SqliteStore::open(&arguments.db)?)).with_observer(Arc::new(Progress::new()));
    for vendor in &arguments.vendors {
        match *vendor {
            "haravan" => haravan(&crm).await?,
            "nhanh" => nhanh(&crm).await?,
            "sapo" => sapo(&crm).await?,
            "pancake" => pancake(&crm).await?,
            _ => kiotviet(&crm).await?,
        }
    }
    let store = crm.store();
    let size = store.size().await?;
    println!("\nThe CRM has {} contacts and {} documents", grouped(size.contacts), grouped(size.documents));
    println!("\nBest customers");
    for (contact, _) in store.best_contacts(Currency::VND, 3).await? {
        print_contact(&**store, &contact).await?;
    }
    println!("\nSome of the duplicates that were recognised");
    print_duplicates(&**store, 5).await?;
    Ok(())
}

async fn kiotviet(crm: &Crm) -> Result<()> {
    println!("\nA KiotViet shop on loopback");
    let options = kiotviet::SandboxOptions::default().with_customers(5_200).with_documents(5_000, 7_000);
    let sandbox = kiotviet::Sandbox::start(options).await?;
    println!("  {} with 5.200 customers and 12.000 orders and invoices", sandbox.base_url());
    let shop = KiotViet::builder()
        .retailer(sandbox.retailer())
        .client_id(sandbox.client_id())
        .client_secret(Secret::new(sandbox.client_secret()))
        .base_url(sandbox.base_url().as_str())
        .token_url(sandbox.token_url().as_str())
        .webhook_secret(Secret::new(sandbox.webhook_secret()))
        .build()?;
    import(crm, &shop).await?;
    println!("\nWebhooks");
    kiotviet_webhooks(&sandbox, &shop, crm).await?;
    again(crm, &shop).await
}

async fn nhanh(crm: &Crm) -> Result<()> {
    println!("\nA Nhanh.vn shop on loopback");
    let options = nhanh::SandboxOptions::default().with_customers(1_500).with_documents(1_000, 1_000);
    let sandbox = nhanh::Sandbox::start(options).await?;
    println!("  {} with 1.500 customers and 2.000 orders and bills", sandbox.base_url());
    let shop = Nhanh::builder()
        .app_id(sandbox.app_id())
        .business_id(sandbox.business_id())
        .access_token(sandbox.access_token())
        .secret_key(sandbox.secret_key())
        .base_url(sandbox.base_url())
        .history_from(time::macros::datetime!(2023-01-01 0:00 +7))
        .limits([])
        .webhook_secret(sandbox.verify_token())
        .build()?;
    import(crm, &shop).await?;
    println!("\nWebhooks");
    webhooks(crm, &shop, &shop, &sandbox).await?;
    again(crm, &shop).await
}

async fn haravan(crm: &Crm) -> Result<()> {
    println!("\nA Haravan shop on loopback");
    let options = haravan::SandboxOptions::default().with_customers(1_500).with_orders(1_500);
    let sandbox = haravan::Sandbox::start(options).await?;
    println!("  {} with 1.500 customers and 1.500 orders", sandbox.api_url());
    let app = OAuthApp::new(sandbox.client_id(), sandbox.client_secret(), "https://example.com/callback")?
        .with_accounts_url(sandbox.api_url().as_str())?;
    let shop = Haravan::builder()
        .org_id(sandbox.org_id())
        .oauth(app, Tokens::default().with_refresh(sandbox.refresh_token()), |_| {})
        .api_url(sandbox.api_url())
        .webhook_url(sandbox.api_url())
        .limits([])
        .build()?;
    import(crm, &shop).await?;
    println!("\nWebhooks");
    let secrets = [sandbox.shop_secret(), sandbox.app_secret()].map(Secret::new);
    let verifier = pos_haravan::Webhooks::new(secrets).with_tenant(sandbox.org_id());
    webhooks(crm, &shop, &verifier, &sandbox).await?;
    again(crm, &shop).await
}

async fn sapo(crm: &Crm) -> Result<()> {
    println!("\nA Sapo shop on loopback");
    let options = sapo::SandboxOptions::default().with_customers(1_500).with_orders(1_500);
    let sandbox = sapo::Sandbox::start(options).await?;
    println!("  {} with 1.500 customers and 1.500 orders", sandbox.base_url());
    let shop = Sapo::builder()
        .store(sandbox.store())
        .private_app(sandbox.api_key(), sandbox.api_secret())
        .base_url(sandbox.base_url().as_str())
        .limits([])
        .build()?;
    import(crm, &shop).await?;
    println!("\nWebhooks");
    let verifier =
        pos_sapo::Webhooks::new([Secret::new(sandbox.webhook_secret())]).with_store(sandbox.store());
    webhooks(crm, &shop, &verifier, &sandbox).await?;
    again(crm, &shop).await
}

async fn pancake(crm: &Crm) -> Result<()> {
    println!("\nA Pancake POS shop on loopback");
    let options = pancake::SandboxOptions::default().with_customers(1_500).with_orders(1_500);
    let sandbox = pancake::Sandbox::start(options).await?;
    println!("  {} with 1.500 customers and 1.500 orders", sandbox.base_url());
    let shop = Pancake::builder()
        .api_key(sandbox.api_key())
        .shop_id(sandbox.shop_id())
        .base_url(sandbox.base_url().as_str())
        .limits([])
        .build()?;
    import(crm, &shop).await?;
    println!("\nWebhooks");
    let options = sandbox.options();
    let verifier = pos_pancake::Webhooks::default()
        .with_header("x-store-id", options.store_id.as_str())?
        .with_header("X-Webhook-Secret", options.webhook_secret.as_str())?
        .with_shop(sandbox.shop_id());
    webhooks(crm, &shop, &verifier, &sandbox).await?;
    again(crm, &shop).await
}

/// Connects a shop, imports everything, and prints the history.
async fn import(crm: &Crm, shop: &dyn Connector) -> Result<()> {
    println!("\nConnect");
    let mut rules = LinkRules::default();
    rules.policy = Policy::Overwrite;
    rules.tags = vec![shop.vendor().to_string()];
    let connected = crm.connect(shop, rules, LinkOptions::default()).await?;
    println!(
        "  the credentials open {} with {} branches",
        connected.shop.name,
        connected.shop.branches.len()
    );
    println!("\nImport");
    let started = Instant::now();
    let runs = crm.pull(shop, &PullOptions::default()).await?;
    println!("  {:.1} s\n\nHistory", started.elapsed().as_secs_f64());
    print_history(&runs);
    Ok(print_rejections(&**crm.store(), &runs).await?)
}

async fn again(crm: &Crm, shop: &dyn Connector) -> Result<()> {
    println!("\nAgain");
    let runs = crm.pull(shop, &PullOptions::default()).await?;
    print_history(&runs);
    let changed: u64 = runs.iter().map(|run| run.counts.created + run.counts.updated).sum();
    println!("  {}", if changed == 0 { "nothing to change" } else { "something changed meanwhile" });
    Ok(())
}

async fn receive(
    crm: &Crm,
    shop: &dyn Connector,
    verifier: &dyn WebhookVerifier,
    what: &str,
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<()> {
    let request = WebhookRequest::new(headers, body, OffsetDateTime::now_utc());
    let received = crm.receive(shop.account(), verifier, &request).await?;
    match received.refusal {
        None => println!("  {what}: kept, answered {}", received.status),
        Some(refusal) => println!("  {what}: dropped, answered {} ({refusal})", received.status),
    }
    Ok(())
}

/// A customer changes, an order arrives, and somebody sends something without proof.
async fn webhooks(
    crm: &Crm,
    shop: &dyn Connector,
    verifier: &dyn WebhookVerifier,
    sandbox: &impl VendorSandbox,
) -> Result<()> {
    let mut changes = Vec::new();
    if let Some(id) = sandbox.ids(Stream::Customers).into_iter().next()
        && sandbox.touch(Stream::Customers, &id)
    {
        changes.push(Change::Upsert(Stream::Customers, id));
    }
    if let Some(id) = sandbox.insert(Stream::Orders) {
        changes.push(Change::Upsert(Stream::Orders, id));
    }
    let shipments: Vec<_> = changes.iter().filter_map(|change| sandbox.webhook(change)).collect();
    for shipment in &shipments {
        receive(crm, shop, verifier, "a change", (&shipment.headers, &shipment.body)).await?;
    }
    if let Some(shipment) = shipments.first().map(|shipment| sandbox.unsigned(shipment)) {
        receive(crm, shop, verifier, "without proof", (&shipment.headers, &shipment.body)).await?;
    }
    let worked = crm.work_inbox(shop, &Stop::new()).await?;
    println!("  {} deliveries worked on", worked.done);
    Ok(())
}

/// A customer changes and orders something; the shop tells us. Then somebody else pretends to be the shop.
async fn kiotviet_webhooks(sandbox: &kiotviet::Sandbox, shop: &KiotViet, crm: &Crm) -> Result<()> {
    let account = shop.account();
    let customer = sandbox.id(Stream::Customers, 10);
    sandbox.update_customer(customer, |row| {
        row.insert("name".into(), "Trần Thị Đổi Tên".into());
        row.insert("comments".into(), "Gọi trước khi giao".into());
    });
    let order = sandbox.add_order(Some(customer), &[1, 2]);
    let messages = [
        sandbox.webhook(kiotviet::Event::CustomerUpdated(customer)),
        sandbox.webhook(kiotviet::Event::OrderUpdated(order)),
    ];
    for message in &messages {
        receive(crm, shop, shop.webhooks(), message.kind(), (&message.headers, &message.body)).await?;
    }
    let forged = messages[0].forged();
    receive(crm, shop, shop.webhooks(), "forged", (&forged.headers, &forged.body)).await?;
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
