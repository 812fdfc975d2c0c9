//! Measures planning alone: from a batch and a snapshot to rows for a database, in memory, on one core.
//!
//!     cargo run --release -p benches --bin plan [-- --json] [--rows N] [--page N] [--only NAME]
//!
//! `--rows N` is the number of customers, of orders and of invoices (20 000 unless said), `--page N` how many records one
//! batch has (100 unless said). Time is that of the processor, so that a busy machine changes little. The store's work, and
//! the making of records, are not measured.

use std::alloc::System;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crm_merge::{
    Batch, Contact, ContactId, Document, DocumentId, LinkRules, Policy, Prepared, Rules, Snapshot, Subject,
    Want,
};
use pos_core::identity::{IdentityRules, SubjectId};
use pos_core::record::{
    Account, Address, ContactPoints, Currency, CustomerRecord, DocumentKind, Identity, Line, Money,
    OrderRecord, OrderStatus, Party, Payment, PaymentCategory, PaymentState, PhoneSource, Record, Reference,
    StatusCategory, Vendor,
};
use pos_sync::{Commit, CommitRows};
use serde::Serialize;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use time::OffsetDateTime;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What one kind of batches costs.
#[derive(Debug, Serialize)]
struct Cost {
    what: &'static str,
    records: usize,
    /// Records a second on one core.
    per_second: f64,
    /// Microseconds of one record: reading it and asking, planning, making rows.
    micros: f64,
    asking_micros: f64,
    plan_micros: f64,
    rows_micros: f64,
    /// Allocations of one record, and how many bytes they asked for.
    allocations: f64,
    bytes: f64,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
    let rows: usize = value("--rows").map_or(Ok(20_000), |text| text.parse())?;
    let page: usize = value("--page").map_or(Ok(100), |text| text.parse())?;
    let only = value("--only").map(String::as_str);
    let link = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    let rules = Arc::new(Rules::new(IdentityRules::default()).with_link(account(), "KiotViet", link));

    let customers = || (0..rows).map(|n| customer(n, 0).into());
    let changed = || (0..rows).map(|n| customer(n, 1).into());
    let orders = || (0..rows).map(|n| document(n, DocumentKind::Order, false).into());
    let invoices = || (0..rows).map(|n| document(n, DocumentKind::Invoice, false).into());
    let guests = || (0..rows).map(|n| document(n, DocumentKind::Order, true).into());
    let mut shop = Shop::default();
    let mut costs = Vec::new();
    let mut run = |what: &'static str, shop: &mut Shop, records: &mut dyn Iterator<Item = Record>| {
        let cost = shop.take(what, records, page, &rules)?;
        if only.is_none_or(|only| only == what) {
            costs.push(cost);
        }
        Result::Ok(())
    };
    run("customers", &mut shop, &mut customers())?;
    run("orders", &mut shop, &mut orders())?;
    run("invoices", &mut shop, &mut invoices())?;
    run("customers-again", &mut shop, &mut customers())?;
    run("orders-again", &mut shop, &mut orders())?;
    run("customers-changed", &mut shop, &mut changed())?;
    run("guests", &mut Shop::default(), &mut guests())?;

    if words.iter().any(|word| word == "--json") {
        println!("{}", serde_json::to_string_pretty(&costs)?);
        return Ok(());
    }
    println!(
        "{:<18} {:>8} {:>10} {:>8} {:>8} {:>8} {:>8} {:>7} {:>8}",
        "what", "records", "records/s", "us", "asking", "plan", "rows", "allocs", "bytes"
    );
    for cost in &costs {
        println!(
            "{:<18} {:>8} {:>10.0} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>7.1} {:>8.0}",
            cost.what,
            cost.records,
            cost.per_second,
            cost.micros,
            cost.asking_micros,
            cost.plan_micros,
            cost.rows_micros,
            cost.allocations,
            cost.bytes
        );
    }
    Ok(())
}

/// Time that this thread had of the processor, where the system says it.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A clock of the processor's time, or of time where there is none.
struct Watch(Option<Duration>, Instant);

impl Watch {
    fn start() -> Self {
        Self(processor_time(), Instant::now())
    }

    fn elapsed(&self) -> Duration {
        match (self.0, processor_time()) {
            (Some(from), Some(to)) => to.saturating_sub(from),
            _ => self.1.elapsed(),
        }
    }
}

/// What a store keeps, as far as these batches need it.
#[derive(Default)]
struct Shop {
    sequence: u64,
    subjects: HashMap<SubjectId, Subject>,
    contacts: HashMap<ContactId, Contact>,
    documents: HashMap<DocumentId, Document>,
    codes: HashMap<String, DocumentId>,
}

impl Shop {
    /// Nobody shares a key with anybody here, so a snapshot is what is asked for.
    fn snapshot(&self, want: &Want) -> Snapshot {
        let mut snapshot = Snapshot { sequence: self.sequence, ..Snapshot::default() };
        for id in &want.subjects {
            let Some(subject) = self.subjects.get(id) else { continue };
            if let Some(contact) = subject.contact.as_ref().and_then(|id| self.contacts.get(id)) {
                snapshot.contacts.insert(contact.id.clone(), contact.clone());
            }
            snapshot.subjects.insert(id.clone(), subject.clone());
        }
        snapshot.known =
            want.mentioned.iter().filter(|id| self.subjects.contains_key(*id)).cloned().collect();
        let called = want.references.iter().filter_map(|(_, name)| self.codes.get(name));
        for id in want.documents.iter().chain(called) {
            if let Some(document) = self.documents.get(id) {
                snapshot.documents.insert(id.clone(), document.clone());
            }
        }
        snapshot
    }

    fn take(
        &mut self,
        what: &'static str,
        records: &mut dyn Iterator<Item = Record>,
        page: usize,
        rules: &Arc<Rules>,
    ) -> Result<Cost> {
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
        let (mut asking, mut planning, mut writing) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let (mut count, mut allocations, mut bytes) = (0, 0, 0);
        loop {
            let page: Vec<Record> = Iterator::take(&mut *records, page).collect();
            if page.is_empty() {
                break;
            }
            count += page.len();
            let seen = now + time::Duration::seconds(i64::try_from(self.sequence)?);
            let batch = Batch::new(account(), page).with_seen_at(seen);

            let region = Region::new(ALLOCATOR);
            let watch = Watch::start();
            let prepared = Prepared::new(black_box(batch), rules);
            let want = prepared.wants();
            asking += watch.elapsed();
            let asked = region.change();

            let snapshot = self.snapshot(want);

            let region = Region::new(ALLOCATOR);
            let watch = Watch::start();
            let changes = black_box(&prepared).plan(snapshot, now);
            planning += watch.elapsed();
            let commit = Commit::of(changes);
            let watch = Watch::start();
            let rows = CommitRows::new(black_box(&commit))?;
            writing += watch.elapsed();
            let planned = region.change();
            black_box(&rows);
            allocations +=
                asked.allocations + planned.allocations + asked.reallocations + planned.reallocations;
            bytes += asked.bytes_allocated + planned.bytes_allocated;

            self.sequence += 1;
            let changes = commit.changes;
            self.contacts
                .extend(changes.contacts.into_iter().map(|change| (change.row.id.clone(), change.row)));
            self.subjects
                .extend(changes.subjects.into_iter().map(|change| (change.row.id.clone(), change.row)));
            for change in changes.documents {
                if let Some(code) = &change.row.record.code {
                    self.codes.insert(code.clone(), change.row.id.clone());
                }
                self.documents.insert(change.row.id.clone(), change.row);
            }
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
        let whole = asking + planning + writing;
        Ok(Cost {
            what,
            records: count,
            per_second: count as f64 / whole.as_secs_f64(),
            micros: each(whole),
            asking_micros: each(asking),
            plan_micros: each(planning),
            rows_micros: each(writing),
            allocations: allocations as f64 / count as f64,
            bytes: bytes as f64 / count as f64,
        })
    }
}

fn account() -> Account {
    Account::new(Vendor::new("kiotviet"), "cuahangmau")
}

const WORDS: [&str; 12] =
    ["Nguyễn", "Trần", "Lê", "Phạm", "Thị", "Văn", "Minh", "Lan", "Hùng", "Mai", "Đức", "Anh"];

fn name(n: usize) -> String {
    let word = |at: usize| WORDS[at % WORDS.len()];
    format!("{} {} {} {n}", word(n), word(n / 12 + 4), word(n / 144 + 6))
}

fn placed(n: usize) -> Option<OffsetDateTime> {
    let seconds = i64::try_from(n).unwrap_or_default() * 61;
    Some(OffsetDateTime::UNIX_EPOCH + time::Duration::days(19_000) + time::Duration::seconds(seconds))
}

fn address(n: usize) -> Address {
    Address {
        is_default: true,
        street: Some(format!("{} Nguyễn Trãi", n % 400 + 1)),
        ward: Some("Phường 7".into()),
        district: Some("Quận 5".into()),
        province: Some("Hồ Chí Minh".into()),
        ..Address::default()
    }
}

fn points(n: usize) -> ContactPoints {
    let mut points = ContactPoints::default();
    points.phone(Some(&format!("0912{:06}", n * 7919 % 1_000_000)), PhoneSource::Own);
    if n.is_multiple_of(3) {
        points.email(Some(&format!("khach{n}@example.com")));
    }
    points.sorted()
}

/// A customer as a shop of KiotViet tells it; another edition of it is another version.
fn customer(n: usize, edition: usize) -> CustomerRecord {
    let points = points(n);
    let mut record = CustomerRecord {
        id: (100_000 + n).to_string(),
        code: Some(format!("KH{n:06}")),
        name: Some(name(n)),
        ..CustomerRecord::default()
    };
    record.raw_name.clone_from(&record.name);
    record.identity = Identity::Person;
    (record.phones, record.emails) = (points.phones, points.emails);
    record.addresses = vec![address(n)];
    record.groups = vec!["Khách lẻ".into()];
    record.note = (edition > 0).then(|| format!("Lần {edition}"));
    record.spent = Some(Money::from(150_000 * (n as i64 % 9)));
    record.debt = Some(Money::ZERO);
    record.branch_id = Some("7".into());
    record.created_at = placed(n);
    record.updated_at = placed(n + edition);
    record
}

fn document(n: usize, kind: DocumentKind, guest: bool) -> OrderRecord {
    let mut record = OrderRecord::new(kind, (500_000 + n).to_string());
    let number = format!("DH{n:06}");
    record.code = Some(match kind {
        DocumentKind::Order => number.clone(),
        _ => format!("HD{n:06}"),
    });
    record.fulfils = (kind == DocumentKind::Invoice).then_some(number);
    record.status = OrderStatus::new(StatusCategory::Completed, Some("3".into()), Some("Hoàn thành".into()));
    record.payment = PaymentState::new(PaymentCategory::Paid, None);
    record.placed_at = placed(n);
    record.updated_at = placed(n);
    let mut buyer = Party { name: Some(name(n)), ..Party::default() };
    buyer.raw_name.clone_from(&buyer.name);
    if guest {
        buyer.identity = Identity::Person;
        let points = points(n);
        (buyer.phones, buyer.emails) = (points.phones, points.emails);
        buyer.address = Some(address(n));
    } else {
        buyer.id = Some((100_000 + n).to_string());
    }
    record.buyer = Some(buyer);
    record.branch = Reference::of(Some("7".into()), None, Some("Chi nhánh trung tâm".into()));
    record.seller = Reference::of(Some("21".into()), None, Some("Nhân viên 21".into()));
    record.lines = (0..2 + n % 2).map(line).collect();
    record.total = Some(Money::from(240_000 * record.lines.len() as i64));
    record.paid = record.total;
    record.currency = Currency::VND;
    record.payments = vec![payment(n)];
    record
}

fn line(at: usize) -> Line {
    Line {
        product_id: Some((9_000 + at).to_string()),
        sku: Some(format!("SP{at:04}")),
        name: Some("Áo thun cổ tròn".into()),
        quantity: Some(2.into()),
        unit_price: Some(Money::from(120_000)),
        total: Some(Money::from(240_000)),
        ..Line::default()
    }
}

fn payment(n: usize) -> Payment {
    Payment {
        id: Some((700_000 + n).to_string()),
        method: Some("Cash".into()),
        amount: Some(Money::from(480_000)),
        paid_at: placed(n),
        valid: true,
    }
}
