//! The program `quickstart`: a shop into a CRM, end to end, without account or network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crm_merge::{LinkRules, Policy};
use http::HeaderMap;
use pos_core::identity::SubjectId;
use pos_core::kit::Connection;
use pos_core::record::{Currency, DocumentKind, Stream};
use pos_core::webhook::WebhookRequest;
use pos_core::{Connector, Secret};
use pos_haravan::{Haravan, OAuthApp, Tokens};
use pos_kiotviet::KiotViet;
use pos_nhanh::Nhanh;
use pos_pancake::Pancake;
use pos_sapo::Sapo;
use pos_sync::{Browse, Crm, LinkOptions, PullOptions, Stop, Store};
use pos_testkit::contract::{Change, VendorSandbox};
use pos_testkit::{haravan, kiotviet, nhanh, pancake, sapo};
use time::OffsetDateTime;

use crate::live::open;
use crate::words::{self, Failure, Outcome, Words, usage};
use crate::{
    Progress, grouped, money, on_ctrl_c, print_contact, print_duplicates, print_history, print_rejections,
};

const VENDORS: &[&str] = &["kiotviet", "haravan", "nhanh", "sapo", "pancake"];

const DB: &str = "quickstart.db";

/// Every contact that this program makes has this tag, and so has every link: a file without it is somebody else's.
const TAG: &str = "quickstart";

const USAGE: &str = "\
quickstart [--vendor NAME|all] [--db FILE] [--keep]

Starts a sandbox on loopback, connects it, imports everything into a CRM file, prints what happened, and then lets
webhooks arrive. Needs no account and no network.

  --vendor NAME    which shop: kiotviet (default), haravan, nhanh, sapo, pancake, or all: they share customers, and
                   the CRM recognises them
  --db FILE        another file than quickstart.db; one that is there is never deleted
  --keep           go on with the file that is there, instead of beginning anew
  --help           this text

quickstart.db is this program's own: it begins anew every time, unless --keep is given.
Ctrl-C ends it after the page at hand and deletes nothing.
Exit status: 0 done, 1 failed, 2 called wrongly, 130 stopped.";

const OPTIONS: &[&str] = &["--vendor", "--db", "--keep", "--help"];

#[derive(Debug)]
struct Arguments {
    db: Option<PathBuf>,
    keep: bool,
    vendors: Vec<&'static str>,
}

fn arguments(words: Vec<String>) -> Outcome<Arguments> {
    let mut parsed = Arguments { db: None, keep: false, vendors: vec![VENDORS[0]] };
    let mut words = Words::new(words, OPTIONS);
    while let Some(word) = words.word() {
        match word.as_str() {
            "--db" => parsed.db = Some(words.value("--db", "a file")?.into()),
            "--keep" => parsed.keep = true,
            "--vendor" => {
                let names: Vec<&'static str> = VENDORS.iter().copied().chain(["all"]).collect();
                parsed.vendors = match words.one_of("--vendor", "a vendor", &names)? {
                    "all" => VENDORS.to_vec(),
                    one => vec![one],
                };
            }
            other => return words.unknown(other),
        }
    }
    Ok(parsed)
}

/// The program.
pub async fn main(words: Vec<String>) -> ExitCode {
    if words::asks_for_help(&words) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    words::end("quickstart", run(words).await)
}

async fn run(words: Vec<String>) -> Outcome {
    let arguments = arguments(words)?;
    let db = arguments.db.clone().unwrap_or_else(|| DB.into());
    if db.exists() && !arguments.keep {
        begin_anew(&db, arguments.db.is_some()).await?;
    }
    let crm = Crm::new(Arc::new(open(&db)?)).with_observer(Arc::new(Progress::new()));
    let stop = Stop::new();
    on_ctrl_c(&stop, "stopping after this page; with --keep it goes on from there");
    let shops = Shops { crm: &crm, stop: &stop };
    for vendor in &arguments.vendors {
        let done = match *vendor {
            "haravan" => shops.haravan().await,
            "nhanh" => shops.nhanh().await,
            "sapo" => shops.sapo().await,
            "pancake" => shops.pancake().await,
            _ => shops.kiotviet().await,
        };
        if stop.is_stopped() {
            let what =
                format!("stopped; {} has everything up to here, and --keep goes on from there", db.display());
            return Err(Failure::Stopped(what));
        }
        done?;
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
    println!("\nAll of it is in {}", db.display());
    Ok(())
}

/// Deletes the file that an earlier quickstart left, and no other.
async fn begin_anew(db: &Path, named: bool) -> Outcome {
    let file = db.display();
    if named {
        return usage(format!(
            "{file} is there already, and files that you name are never deleted\nAdd --keep to go on with it, or name a \
             file that is not there."
        ));
    }
    let store = open(db)?;
    let links = store.links().await?;
    let ours = links.iter().all(|link| link.rules.tags.iter().any(|tag| tag == TAG))
        && (!links.is_empty() || store.size().await?.contacts == 0);
    drop(store);
    if !ours {
        let what = format!(
            "{file} holds more than a quickstart put there, so it is not deleted\nAdd --keep to go on with it, or name \
             another file with --db."
        );
        return Err(Failure::Failed(what));
    }
    for end in ["", "-wal", "-shm"] {
        let mut path = db.to_path_buf().into_os_string();
        path.push(end);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let what = format!("{} cannot be deleted: {error}", Path::new(&path).display());
                return Err(Failure::Failed(what));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where the shops go.
struct Shops<'a> {
    crm: &'a Crm,
    stop: &'a Stop,
}

impl Shops<'_> {
    async fn kiotviet(&self) -> Outcome {
        println!("\nA KiotViet shop on loopback");
        let options = kiotviet::SandboxOptions::default().with_customers(5_200).with_documents(5_000, 7_000);
        let sandbox = kiotviet::Sandbox::start(options).await?;
        println!("  {} with 5.200 customers and 12.000 orders and invoices", sandbox.base_url());
        let shop = KiotViet::builder()
            .retailer(sandbox.retailer())
            .client_id(sandbox.client_id())
            .client_secret(Secret::new(sandbox.client_secret()))
            .connection(Connection::to(sandbox.base_url()))
            .token_url(sandbox.token_url().as_str())
            .webhook_secret(Secret::new(sandbox.webhook_secret()))
            .build()?;
        self.import(&shop).await?;
        println!("\nWebhooks");
        self.kiotviet_webhooks(&sandbox, &shop).await?;
        self.again(&shop).await
    }

    async fn nhanh(&self) -> Outcome {
        println!("\nA Nhanh.vn shop on loopback");
        let options = nhanh::SandboxOptions::default().with_customers(1_500).with_documents(1_000, 1_000);
        let sandbox = nhanh::Sandbox::start(options).await?;
        println!("  {} with 1.500 customers and 2.000 orders and bills", sandbox.base_url());
        let shop = Nhanh::builder()
            .app_id(sandbox.app_id())
            .business_id(sandbox.business_id())
            .access_token(sandbox.access_token())
            .secret_key(sandbox.secret_key())
            .connection(Connection::to(sandbox.base_url()).unpaced())
            .history_from(time::macros::datetime!(2023-01-01 0:00 +7))
            .webhook_secret(sandbox.verify_token())
            .build()?;
        self.import(&shop).await?;
        println!("\nWebhooks");
        self.webhooks(&shop, &sandbox).await?;
        self.again(&shop).await
    }

    async fn haravan(&self) -> Outcome {
        println!("\nA Haravan shop on loopback");
        let options = haravan::SandboxOptions::default().with_customers(1_500).with_orders(1_500);
        let sandbox = haravan::Sandbox::start(options).await?;
        println!("  {} with 1.500 customers and 1.500 orders", sandbox.api_url());
        let app =
            OAuthApp::new(sandbox.client_id(), sandbox.client_secret(), "https://example.com/callback")?
                .with_accounts_url(sandbox.api_url().as_str())?;
        let shop = Haravan::builder()
            .org_id(sandbox.org_id())
            .oauth(app, Tokens::default().with_refresh(sandbox.refresh_token()), |_| {})
            .connection(Connection::to(sandbox.api_url()).unpaced())
            .webhook_url(sandbox.api_url())
            .webhook_secret(sandbox.shop_secret())
            .webhook_secret(sandbox.app_secret())
            .build()?;
        self.import(&shop).await?;
        println!("\nWebhooks");
        self.webhooks(&shop, &sandbox).await?;
        self.again(&shop).await
    }

    async fn sapo(&self) -> Outcome {
        println!("\nA Sapo shop on loopback");
        let options = sapo::SandboxOptions::default().with_customers(1_500).with_orders(1_500);
        let sandbox = sapo::Sandbox::start(options).await?;
        println!("  {} with 1.500 customers and 1.500 orders", sandbox.base_url());
        let shop = Sapo::builder()
            .store(sandbox.store())
            .private_app(sandbox.api_key(), sandbox.api_secret())
            .connection(Connection::to(sandbox.base_url()).unpaced())
            .build()?;
        self.import(&shop).await?;
        println!("\nWebhooks");
        self.webhooks(&shop, &sandbox).await?;
        self.again(&shop).await
    }

    async fn pancake(&self) -> Outcome {
        println!("\nA Pancake POS shop on loopback");
        let options = pancake::SandboxOptions::default().with_customers(1_500).with_orders(1_500);
        let sandbox = pancake::Sandbox::start(options).await?;
        println!("  {} with 1.500 customers and 1.500 orders", sandbox.base_url());
        let options = sandbox.options();
        let proof = pos_pancake::Webhooks::default()
            .with_header("x-store-id", options.store_id.as_str())?
            .with_header("X-Webhook-Secret", options.webhook_secret.as_str())?;
        let shop = Pancake::builder()
            .api_key(sandbox.api_key())
            .shop_id(sandbox.shop_id())
            .connection(Connection::to(sandbox.base_url()).unpaced())
            .webhooks(proof)
            .build()?;
        self.import(&shop).await?;
        println!("\nWebhooks");
        self.webhooks(&shop, &sandbox).await?;
        self.again(&shop).await
    }

    /// Connects a shop, imports everything, and prints the history.
    async fn import(&self, shop: &dyn Connector) -> Outcome {
        let crm = self.crm;
        println!("\nConnect");
        let mut rules = LinkRules::default();
        rules.policy = Policy::Overwrite;
        rules.tags = vec![TAG.to_owned(), shop.vendor().to_string()];
        let connected = crm.connect(shop, rules, LinkOptions::default()).await?;
        println!(
            "  the credentials open {} with {} branches",
            connected.shop.name,
            connected.shop.branches.len()
        );
        println!("\nImport");
        let started = Instant::now();
        let runs = crm.pull(shop, &PullOptions::default().with_stop(self.stop.clone())).await?;
        println!("  {:.1} s\n\nHistory", started.elapsed().as_secs_f64());
        print_history(&runs);
        print_rejections(&**crm.store(), &runs).await?;
        self.go_on()
    }

    /// Whether nobody stopped it meanwhile.
    fn go_on(&self) -> Outcome {
        if self.stop.is_stopped() { Err(Failure::Stopped("stopped".to_owned())) } else { Ok(()) }
    }

    async fn again(&self, shop: &dyn Connector) -> Outcome {
        let crm = self.crm;
        println!("\nAgain");
        let runs = crm.pull(shop, &PullOptions::default().with_stop(self.stop.clone())).await?;
        print_history(&runs);
        self.go_on()?;
        let changed: u64 = runs.iter().map(|run| run.counts.created + run.counts.updated).sum();
        println!("  {}", if changed == 0 { "nothing to change" } else { "something changed meanwhile" });
        Ok(())
    }

    async fn receive(
        &self,
        shop: &dyn Connector,
        what: &str,
        (headers, body): (&HeaderMap, &[u8]),
    ) -> Outcome {
        let none = || Failure::Failed("this shop has no webhooks".to_owned());
        let verifier = shop.webhooks().ok_or_else(none)?;
        let request = WebhookRequest::new(headers, body, OffsetDateTime::now_utc());
        let received = self.crm.receive(shop.account(), verifier, &request).await?;
        match received.refusal {
            None => println!("  {what}: kept, answered {}", received.status),
            Some(refusal) => println!("  {what}: dropped, answered {} ({refusal})", received.status),
        }
        Ok(())
    }

    /// A customer changes, an order arrives, and somebody sends something without proof.
    async fn webhooks(&self, shop: &dyn Connector, sandbox: &impl VendorSandbox) -> Outcome {
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
            self.receive(shop, "a change", (&shipment.headers, &shipment.body)).await?;
        }
        if let Some(shipment) = shipments.first().map(|shipment| sandbox.unsigned(shipment)) {
            self.receive(shop, "without proof", (&shipment.headers, &shipment.body)).await?;
        }
        let worked = self.crm.work_inbox(shop, self.stop).await?;
        println!("  {} deliveries worked on", worked.done);
        Ok(())
    }

    /// A customer changes and orders something; the shop tells us. Then somebody else pretends to be the shop.
    async fn kiotviet_webhooks(&self, sandbox: &kiotviet::Sandbox, shop: &KiotViet) -> Outcome {
        let crm = self.crm;
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
            self.receive(shop, message.kind(), (&message.headers, &message.body)).await?;
        }
        let forged = messages[0].forged();
        self.receive(shop, "forged", (&forged.headers, &forged.body)).await?;
        let worked = self.crm.work_inbox(shop, self.stop).await?;
        println!("  {} deliveries worked on", worked.done);
        let store = crm.store();
        let id = SubjectId::customer(account.vendor.as_str(), &account.id, &customer.to_string());
        let contact = store
            .subject(&id)
            .await?
            .and_then(|subject| subject.contact)
            .ok_or_else(|| gone("the customer"))?;
        let contact = store.contact(&contact).await?.ok_or_else(|| gone("the contact"))?;
        print_contact(&**store, &contact).await?;
        let document = crm_merge::DocumentId::new(account.clone(), DocumentKind::Order, order.to_string());
        let document = store.document(&document).await?.ok_or_else(|| gone("the order"))?;
        let total = money(document.record.total.unwrap_or_default(), document.record.currency);
        println!("  the new order is there: {} for {total}", document.record.code.as_deref().unwrap_or("?"));
        Ok(())
    }
}

fn gone(what: &str) -> Failure {
    Failure::Failed(format!("{what} that was just announced is not in the CRM"))
}
