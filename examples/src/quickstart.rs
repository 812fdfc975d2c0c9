//! The program `quickstart`: a shop into a CRM, end to end, without account or network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crm_merge::{DocumentId, LinkRules, Policy};
use crm_pos::{Connection, Settings};
use pos_core::Connector;
use pos_core::identity::SubjectId;
use pos_core::record::{Currency, DocumentKind, Stream};
use pos_core::webhook::WebhookRequest;
use pos_sync::{Browse, Crm, LinkOptions, PullOptions, Stop, Store};
use pos_testkit::contract::{Change, Shipment, VendorSandbox};
use pos_testkit::registry::{Entry, SANDBOXES};
use pos_testkit::seed::Shop;
use time::OffsetDateTime;

use crate::live::open;
use crate::words::{self, Failure, Outcome, Words, usage};
use crate::{
    Progress, grouped, money, on_ctrl_c, print_contact, print_duplicates, print_history, print_rejections,
};

const DB: &str = "quickstart.db";

/// Every contact that this program makes has this tag, and so has every link: a file without it is somebody else's.
const TAG: &str = "quickstart";

const USAGE: &str = "\
quickstart [--vendor NAME|all] [--db FILE] [--keep]

Starts a sandbox on loopback, connects it, imports everything into a CRM file, prints what happened, and then lets
webhooks arrive, or asks again where the vendor sends none. Needs no account and no network.

  --vendor NAME    which shop: kiotviet (default), haravan, nhanh, sapo, pancake, woocommerce, getfly, misa,
                   odoo, manychat (a chat, where nothing is sold), or all: they share customers, and the CRM recognises them
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
    shops: &'static [Entry],
}

fn arguments(words: Vec<String>) -> Outcome<Arguments> {
    let mut parsed = Arguments { db: None, keep: false, shops: &SANDBOXES[..1] };
    let mut words = Words::new(words, OPTIONS);
    while let Some(word) = words.word() {
        match word.as_str() {
            "--db" => parsed.db = Some(words.value("--db", "a file")?.into()),
            "--keep" => parsed.keep = true,
            "--vendor" => {
                let vendors = SANDBOXES.iter().map(|shop| shop.vendor);
                let names: Vec<&'static str> = vendors.chain(["all"]).collect();
                let name = words.one_of("--vendor", "a vendor", &names)?;
                let one = SANDBOXES.iter().position(|shop| shop.vendor == name);
                parsed.shops = one.map_or(SANDBOXES, |at| &SANDBOXES[at..=at]);
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
    for entry in arguments.shops {
        let done = shops.run(entry).await;
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
    /// A shop from its sandbox into the CRM, by its settings alone.
    async fn run(&self, entry: &Entry) -> Outcome {
        let vendor = crm_pos::vendor(entry.vendor)?;
        println!("\nA {} shop on loopback", vendor.display_name());
        let is_first = entry.vendor == SANDBOXES[0].vendor;
        let (customers, orders, invoices) =
            if is_first { (5_200, 5_000, 7_000) } else { (1_500, 1_500, 1_000) };
        let sandbox = (entry.start)(Shop::new(1, customers, orders, invoices)).await?;
        let (url, settings) = sandbox.opening();
        let documents: usize =
            [Stream::Orders, Stream::Invoices].into_iter().map(|stream| sandbox.ids(stream).len()).sum();
        println!("  {url} with {} customers and {} documents", grouped(customers), grouped(documents));
        let settings: Settings = settings.into_iter().collect();
        let shop = vendor.connect(&settings, Connection::to(url).unpaced())?;
        self.import(&*shop).await?;
        self.news(&*shop, &*sandbox).await?;
        self.again(&*shop).await
    }

    /// Connects a shop, imports everything, and prints the history.
    async fn import(&self, shop: &dyn Connector) -> Outcome {
        let crm = self.crm;
        println!("\nConnect");
        let rules = LinkRules {
            policy: Policy::Overwrite,
            tags: vec![TAG.to_owned(), shop.vendor().to_string()],
            ..LinkRules::default()
        };
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

    async fn receive(&self, shop: &dyn Connector, what: &str, shipment: &Shipment) -> Outcome {
        let none = || Failure::Failed("this shop has no webhooks".to_owned());
        let verifier = shop.webhooks().ok_or_else(none)?;
        let mut request = WebhookRequest::new(&shipment.headers, &shipment.body, OffsetDateTime::now_utc());
        if let Some(url) = &shipment.url {
            request = request.with_url(url);
        }
        let received = self.crm.receive(shop.account(), verifier, &request).await?;
        match received.refusal {
            None => println!("  {what}: kept, answered {}", received.status),
            Some(refusal) => println!("  {what}: dropped, answered {} ({refusal})", received.status),
        }
        Ok(())
    }

    /// A customer changes and a sale is made. The shop tells us, or is asked where it tells nothing.
    async fn news(&self, shop: &dyn Connector, sandbox: &dyn VendorSandbox) -> Outcome {
        let (crm, account, capabilities) = (self.crm, shop.account(), shop.capabilities());
        let is_listed = |kind: &DocumentKind| capabilities.stream(kind.stream()).list;
        let kinds = [DocumentKind::Order, DocumentKind::Invoice];
        let Some(kind) = kinds.into_iter().find(is_listed) else { return self.chat(shop, sandbox).await };
        let customer = sandbox.ids(Stream::Customers).into_iter().nth(10);
        let customer =
            customer.filter(|id| sandbox.touch(Stream::Customers, id)).ok_or_else(|| gone("the customer"))?;
        let sale = sandbox.insert(kind.stream()).ok_or_else(|| gone("the sale"))?;
        let changes = [
            Change::Upsert(Stream::Customers, customer.clone()),
            Change::Upsert(kind.stream(), sale.clone()),
        ];
        if capabilities.webhooks.is_some() {
            println!("\nWebhooks");
            self.told(shop, sandbox, &changes).await?;
        } else {
            println!("\nThis vendor sends no webhooks: what is new is asked for");
            let runs = crm.pull(shop, &PullOptions::default().with_stop(self.stop.clone())).await?;
            print_history(&runs);
            self.go_on()?;
        }
        let store = crm.store();
        let id = SubjectId::customer(account, &customer);
        let subject = store.subject(&id).await?.and_then(|subject| subject.contact);
        let contact = store.contact(&subject.ok_or_else(|| gone("the customer"))?).await?;
        print_contact(&**store, &contact.ok_or_else(|| gone("the contact"))?).await?;
        let document = DocumentId::new(account.clone(), kind, sale);
        let document = store.document(&document).await?.ok_or_else(|| gone("the sale"))?;
        let total = money(document.record.total.unwrap_or_default(), document.record.currency);
        let code = document.record.code.as_deref().unwrap_or("?");
        let what = if kind == DocumentKind::Order { "order" } else { "invoice" };
        println!("  the new {what} is there: {code} for {total}");
        Ok(())
    }

    /// Nothing is sold and nothing can be listed: people write to the page, and somebody asks for something.
    async fn chat(&self, shop: &dyn Connector, sandbox: &dyn VendorSandbox) -> Outcome {
        println!("\nPeople write");
        let (crm, store, account) = (self.crm, self.crm.store(), shop.account());
        let verifier = shop.webhooks().ok_or_else(|| gone("the chat"))?;
        let people = sandbox.ids(Stream::Customers);
        for person in &people {
            let written = sandbox.touch(Stream::Customers, person);
            let change = Change::Upsert(Stream::Customers, person.clone());
            let Some(shipment) = sandbox.webhook(&change).filter(|_| written) else { continue };
            let request = WebhookRequest::new(&shipment.headers, &shipment.body, OffsetDateTime::now_utc());
            crm.receive(account, verifier, &request).await?;
        }
        let worked = crm.work_inbox(shop, self.stop).await?;
        println!("  {} deliveries worked on", worked.done);
        self.go_on()?;
        // Whoever bought most, where shops are there.
        let mut asking = None;
        for (contact, _) in store.best_contacts(Currency::VND, 500).await? {
            let subjects = store.subjects(&contact.id).await?;
            let mut here = subjects.iter().filter(|subject| subject.id.account == *account);
            asking =
                here.find(|subject| sandbox.touch(Stream::Tickets, &subject.id.id)).map(|one| one.id.clone());
            if asking.is_some() {
                break;
            }
        }
        if asking.is_none() {
            let person = people.iter().find(|person| sandbox.touch(Stream::Tickets, person));
            asking = person.map(|person| SubjectId::customer(account, person));
        }
        let asking = asking.ok_or_else(|| gone("somebody with a number"))?;
        println!("\nSomebody asks for something");
        self.told(shop, sandbox, &[Change::Upsert(Stream::Customers, asking.id.to_string())]).await?;
        let contact = store.subject(&asking).await?.and_then(|subject| subject.contact);
        let contact = store.contact(&contact.ok_or_else(|| gone("the contact"))?).await?;
        print_contact(&**store, &contact.ok_or_else(|| gone("the contact"))?).await?;
        Ok(())
    }

    /// The shop's deliveries of changes. Then somebody sends something without proof.
    async fn told(&self, shop: &dyn Connector, sandbox: &dyn VendorSandbox, changes: &[Change]) -> Outcome {
        let shipments: Vec<_> = changes.iter().filter_map(|change| sandbox.webhook(change)).collect();
        for shipment in &shipments {
            self.receive(shop, "a change", shipment).await?;
        }
        if let Some(shipment) = shipments.first().map(|shipment| sandbox.unsigned(shipment)) {
            self.receive(shop, "without proof", &shipment).await?;
        }
        let worked = self.crm.work_inbox(shop, self.stop).await?;
        println!("  {} deliveries worked on", worked.done);
        Ok(())
    }
}

fn gone(what: &str) -> Failure {
    Failure::Failed(format!("{what} that was just announced is not in the CRM"))
}
