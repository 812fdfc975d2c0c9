//! The program `live`: the same as the quickstart, against a real shop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crm_merge::{ContactId, Policy};
use crm_pos::VendorEntry;
use pos_core::Connector;
use pos_core::connector::OrderPush;
use pos_core::record::{Currency, Stream};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, PullOptions, Stop, Store};
use time::OffsetDateTime;

use crate::vendors;
use crate::words::{self, Failure, Outcome, Words, usage};
use crate::{
    Progress, grouped, on_ctrl_c, order_file, print_contact, print_duplicates, print_history,
    print_rejections,
};

const DB: &str = "crm.db";

const USAGE: &str = "\
live <vendor> [--db FILE] [--check] [--dry-run] [--full] [--since DATE] [--stream NAME]... [--branch ID]
              [--policy NAME] [--push [--contact ID]... [--order FILE]...]

Reads the shop into a CRM file and prints what happened. Nothing is written to the shop unless --push is given: then
the contacts and orders named here, and whatever waits in the outbox of the file, are sent.

  --db FILE        the CRM file (default: crm.db); it is made when it is not there, and never deleted
  --check          only see whether the credentials work
  --dry-run        plan and count, write nothing
  --full           read everything again
  --since DATE     only what changed since: 2026-11-01, or 2026-11-01T08:30 (Viet Nam's time)
  --stream NAME    only this stream: branches, users, categories, products, customers, orders, invoices, returns,
                   tickets
  --branch ID      only this branch, of the streams that can tell
  --policy NAME    when a person is there already: skip (default), overwrite, fill_blanks, prefer_newest, review;
                   the file keeps it until another one is named
  --push           send what follows to the shop, and what waits in the outbox
  --contact ID     a contact of the CRM file
  --order FILE     an order, as JSON (below)
  --help           this text

Ctrl-C ends it after the page at hand; the same command goes on from there.
Exit status: 0 done, 1 failed, 2 called wrongly, 130 stopped.

Credentials come from the environment:

";

const ORDERS: &str = "
An order file (amounts and quantities are texts):

";

const OPTIONS: &[&str] = &[
    "--db",
    "--check",
    "--dry-run",
    "--full",
    "--since",
    "--stream",
    "--branch",
    "--policy",
    "--push",
    "--contact",
    "--order",
    "--help",
];

const POLICIES: &[&str] = &["skip", "overwrite", "fill_blanks", "prefer_newest", "review"];

#[derive(Debug)]
struct Arguments {
    vendor: &'static VendorEntry,
    db: PathBuf,
    check: bool,
    pull: PullOptions,
    push: bool,
    policy: Option<Policy>,
    contacts: Vec<String>,
    orders: Vec<PathBuf>,
}

fn arguments(words: Vec<String>) -> Outcome<Arguments> {
    let mut words = Words::new(words, OPTIONS);
    let Some(vendor) = words.word() else {
        let names: Vec<&str> = crm_pos::vendors().iter().map(VendorEntry::name).collect();
        return usage(format!("which vendor? One of {}", names.join(", ")));
    };
    if vendor.starts_with('-') {
        return usage(format!("the vendor stands first: live <vendor> {vendor} …"));
    }
    let mut parsed = Arguments {
        vendor: vendors::named(&vendor)?,
        db: DB.into(),
        check: false,
        pull: PullOptions::default(),
        push: false,
        policy: None,
        contacts: Vec::new(),
        orders: Vec::new(),
    };
    let mut streams = Vec::new();
    while let Some(word) = words.word() {
        match word.as_str() {
            "--db" => parsed.db = words.value("--db", "a file")?.into(),
            "--check" => parsed.check = true,
            "--dry-run" => parsed.pull = parsed.pull.with_dry_run(),
            "--full" => parsed.pull = parsed.pull.with_full(),
            "--since" => {
                let since = words::instant("--since", &words.value("--since", "a date")?)?;
                parsed.pull = parsed.pull.with_since(since);
            }
            "--stream" => {
                let names = Stream::ALL.map(Stream::as_str);
                let name = words.one_of("--stream", "a stream", &names)?;
                streams.extend(Stream::ALL.into_iter().filter(|stream| stream.as_str() == name));
            }
            "--branch" => parsed.pull = parsed.pull.with_branch(words.value("--branch", "a branch's id")?),
            "--policy" => {
                let name = words.one_of("--policy", "a policy", POLICIES)?;
                parsed.policy = Some(serde_json::from_value(name.into())?);
            }
            "--push" => parsed.push = true,
            "--contact" => parsed.contacts.push(words.value("--contact", "a contact's id")?),
            "--order" => parsed.orders.push(words.value("--order", "a file")?.into()),
            other => return words.unknown(other),
        }
    }
    parsed.pull = parsed.pull.with_streams(streams);
    let wants_a_push = !parsed.contacts.is_empty() || !parsed.orders.is_empty();
    if wants_a_push && !parsed.push {
        return usage("--contact and --order write to the shop: say --push as well if that is meant");
    }
    if parsed.push && parsed.pull.dry_run {
        return usage("--push writes to the shop and --dry-run writes nothing: leave one of them out");
    }
    Ok(parsed)
}

fn help() -> String {
    let credentials = crm_pos::vendors().iter().map(vendors::help).collect::<Vec<_>>().join("\n");
    format!("{USAGE}{credentials}{ORDERS}{}", order_file::EXAMPLE)
}

/// The program.
pub async fn main(words: Vec<String>) -> ExitCode {
    if words::asks_for_help(&words) {
        println!("{}", help());
        return ExitCode::SUCCESS;
    }
    words::end("live", run(words).await)
}

async fn run(words: Vec<String>) -> Outcome {
    let arguments = arguments(words)?;
    let shop = vendors::connector(arguments.vendor)?;
    // Files that cannot be read are found before anything is sent.
    let orders =
        arguments.orders.iter().map(|file| order_file::read(file)).collect::<Outcome<Vec<OrderPush>>>()?;
    let stop = Stop::new();
    on_ctrl_c(&stop, "stopping after this page; the same command goes on from there");
    work(&arguments, &*shop, orders, &stop).await
}

async fn work(arguments: &Arguments, shop: &dyn Connector, orders: Vec<OrderPush>, stop: &Stop) -> Outcome {
    let vendor = arguments.vendor;
    if arguments.check {
        let checked = unless_stopped(stop, shop.check()).await?;
        let info = checked.map_err(|error| vendors::explain(vendor, &error.into(), shop))?;
        println!("{} opens with {} branches", info.name, info.branches.len());
        for warning in info.warnings {
            println!("  {warning}");
        }
        return Ok(());
    }
    let db = &arguments.db;
    let dry_run = arguments.pull.dry_run;
    // Connecting writes, too: a dry run does all that to a copy.
    let copy = dry_run.then(|| Copy::of(db)).transpose()?;
    let store: Arc<dyn Store> = Arc::new(open(copy.as_ref().map_or(db, |copy| &copy.db))?);
    let progress = if dry_run { Progress::new().printing_the_plan() } else { Progress::new() };
    let crm = Crm::new(store.clone()).with_observer(Arc::new(progress));

    // Whoever names no policy leaves the one that the file has.
    let mut rules = store.link(shop.account()).await?.map(|link| link.rules).unwrap_or_default();
    if let Some(policy) = &arguments.policy {
        rules.policy = policy.clone();
    }
    let connected = unless_stopped(stop, crm.connect(shop, rules, LinkOptions::default())).await?;
    let connected = connected.map_err(|error| vendors::explain(vendor, &error, shop))?;
    println!("{} is connected; the CRM is {}", connected.shop.name, db.display());
    for warning in connected.shop.warnings {
        println!("  {warning}");
    }

    let options = arguments.pull.clone().with_stop(stop.clone());
    let started = OffsetDateTime::now_utc();
    let pulled = crm.pull(shop, &options).await;
    let mut runs = store.runs(Some(shop.account()), 20).await?;
    runs.retain(|run| run.finished_at.is_none_or(|end| end >= started));
    runs.reverse();
    print_history(if dry_run { pulled.as_deref().unwrap_or_default() } else { &runs });
    print_rejections(&*store, &runs).await?;
    pulled.map_err(|error| vendors::explain(vendor, &error, shop))?;
    if stop.is_stopped() {
        return stopped(db);
    }
    if dry_run {
        println!("nothing was written");
        return Ok(());
    }
    if arguments.push {
        push(&crm, arguments, shop, orders, stop).await?;
    }
    let size = store.size().await?;
    println!("the CRM has {} contacts and {} documents", grouped(size.contacts), grouped(size.documents));
    for (contact, _) in store.best_contacts(Currency::VND, 3).await? {
        print_contact(&*store, &contact).await?;
    }
    print_duplicates(&*store, 5).await?;
    if stop.is_stopped() { stopped(db) } else { Ok(()) }
}

async fn push(
    crm: &Crm,
    arguments: &Arguments,
    shop: &dyn Connector,
    orders: Vec<OrderPush>,
    stop: &Stop,
) -> Outcome {
    let explain = |error| vendors::explain(arguments.vendor, &error, shop);
    for contact in &arguments.contacts {
        crm.push_contact(shop.account(), &ContactId::new(contact.as_str())).await.map_err(explain)?;
    }
    for order in orders {
        crm.push_order(shop.account(), None, order).await.map_err(explain)?;
    }
    let worked = crm.work_outbox(shop, stop).await.map_err(explain)?;
    println!("pushed {}, again later {}, laid aside {}", worked.done, worked.later, worked.dead);
    for (item, why) in crm.store().dead_pushes(shop.account(), 10).await? {
        println!("  {}: {why}", item.entry.push.reference());
    }
    if worked.dead > 0 {
        return Err(Failure::Failed("not everything could be pushed; the reasons stand above".to_owned()));
    }
    Ok(())
}

/// A copy of the CRM file, or an empty one, that goes when the program ends.
struct Copy {
    db: PathBuf,
    folder: PathBuf,
}

impl Copy {
    fn of(db: &Path) -> Outcome<Self> {
        let folder = std::env::temp_dir().join(format!("crm-dry-run-{}", std::process::id()));
        let wrong = |error: std::io::Error| Failure::Failed(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(wrong)?;
        let copy = Self { db: folder.join("crm.db"), folder: folder.clone() };
        // What another program has not written back yet stands beside it.
        for end in ["", "-wal"] {
            let from = PathBuf::from(format!("{}{end}", db.display()));
            if from.is_file() {
                std::fs::copy(&from, format!("{}{end}", copy.db.display())).map_err(wrong)?;
            }
        }
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Opens the CRM file, or says what is the matter with the one that is there.
pub(crate) fn open(db: &Path) -> Outcome<SqliteStore> {
    if let Some(folder) = db.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        let what = format!(
            "{}: there is no folder {}; make it, or name another file",
            db.display(),
            folder.display()
        );
        return Err(Failure::Failed(what));
    }
    SqliteStore::open(db).map_err(|error| match error {
        pos_sync::StoreError::Corrupt { .. } => {
            let advice = "It was left as it is; name another file with --db.";
            Failure::Failed(format!(
                "{} is not a CRM file of these programs: {error}\n{advice}",
                db.display()
            ))
        }
        error => error.into(),
    })
}

fn stopped(db: &Path) -> Outcome {
    Err(Failure::Stopped(format!(
        "stopped; {} has everything up to here, and the same command goes on from there",
        db.display()
    )))
}

/// Waits for something that knows no stop signal.
async fn unless_stopped<T>(stop: &Stop, work: impl Future<Output = T>) -> Outcome<T> {
    tokio::select! {
        done = work => Ok(done),
        () = stop.stopped() => Err(Failure::Stopped("stopped before anything was read".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(words: &[&str]) -> String {
        match arguments(words.iter().map(ToString::to_string).collect()) {
            Err(Failure::Usage(what)) => what,
            other => format!("not a wrong call: {other:?}"),
        }
    }

    #[test]
    fn a_wrong_call_is_told_what_would_be_right() {
        for (words, parts) in [
            (&[][..], &["which vendor?", "kiotviet"][..]),
            (&["kiotvet"], &["did you mean kiotviet?"]),
            (&["--db", "x"], &["the vendor stands first"]),
            (&["kiotviet", "--sinc", "2026-11-01"], &["--sinc", "did you mean --since?"]),
            (&["kiotviet", "--since", "01/11/2026"], &["--since", "`01/11/2026`", "2026-11-01"]),
            (&["kiotviet", "--stream", "custmers"], &["--stream", "did you mean customers?"]),
            (&["kiotviet", "--policy", "overwrit"], &["--policy", "did you mean overwrite?"]),
            (&["kiotviet", "--db"], &["--db needs a file"]),
            (&["kiotviet", "--order", "a.json"], &["--push"]),
            (&["kiotviet", "crm.db"], &["`crm.db` has no option before it", "--db"]),
        ] {
            let what = wrong(words);
            for part in parts {
                assert!(what.contains(part), "{words:?}: {what}");
            }
        }
    }

    #[test]
    fn the_help_names_every_option() {
        for option in OPTIONS {
            assert!(help().contains(option), "{option}");
        }
    }
}
