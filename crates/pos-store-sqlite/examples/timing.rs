//! How long a snapshot, a plan and a commit take: `cargo run --release -p pos-store-sqlite --example timing`.
//!
//! It fills a fresh file with pages of 100 new customers, then with pages of 100 orders of them, and prints
//! microseconds for one record. Arguments: pages of customers, pages of orders, file, KiB of cache.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crm_merge::{Batch, Rules, plan, wants};
use pos_core::identity::IdentityRules;
use pos_core::record::{
    Account, ContactPoints, CustomerRecord, Identity, Line, OrderRecord, OrderStatus, Party, PaymentCategory,
    PaymentState, PhoneSource, Record, StatusCategory, Vendor,
};
use pos_core::record::{Address, DocumentKind};
use pos_store_sqlite::{SqliteOptions, SqliteStore};
use pos_sync::{Browse, Commit, Store};
use time::OffsetDateTime;
use time::macros::datetime;

const START: OffsetDateTime = datetime!(2025-01-01 00:00 UTC);

fn customer(number: u64) -> Record {
    let mut record = CustomerRecord {
        id: (1_000_000 + number).to_string(),
        code: Some(format!("KH{number:06}")),
        name: Some(format!("Khách Mẫu {number}")),
        ..CustomerRecord::default()
    };
    record.raw_name = record.name.clone();
    let mut points = ContactPoints::default();
    points.phone(Some(&format!("09{:08}", 10_000_000 + number * 13)), PhoneSource::Own);
    if number.is_multiple_of(2) {
        points.email(Some(&format!("khach{number}@example.com")));
    }
    let points = points.sorted();
    record.phones = points.phones;
    record.emails = points.emails;
    let address = Address {
        street: Some(format!("{} Đường Mẫu", number % 200)),
        ward: Some("Phường Mẫu".into()),
        province: Some("Hà Nội".into()),
        ..Address::default()
    };
    record.addresses = vec![address];
    record.groups = vec!["Khách lẻ".into()];
    record.branch_id = Some("21".into());
    record.created_at = Some(START + Duration::from_secs(number * 60));
    record.updated_at = record.created_at;
    record.into()
}

fn order(number: u64, customers: u64) -> Record {
    let buyer = (number * 7919) % customers;
    let Record::Customer(of) = customer(buyer) else { unreachable!() };
    let mut record = OrderRecord::new(DocumentKind::Order, (5_000_000 + number).to_string());
    record.code = Some(format!("DH{number:07}"));
    record.status = OrderStatus::new(StatusCategory::Completed, Some("3".into()), Some("Hoàn thành".into()));
    record.payment = PaymentState::new(PaymentCategory::Paid, None);
    record.placed_at = Some(START + Duration::from_secs(number * 30));
    record.updated_at = record.placed_at;
    let party = Party {
        id: Some(of.id.clone()),
        name: of.name.clone(),
        identity: Identity::Person,
        phones: of.phones.clone(),
        ..Party::default()
    };
    record.buyer = Some(party);
    for at in 0..3 {
        let line = Line {
            product_id: Some((700 + (number + at) % 300).to_string()),
            sku: Some(format!("SP{:05}", (number + at) % 300)),
            name: Some("Áo thun cổ tròn".into()),
            quantity: Some(2.into()),
            unit_price: Some(125_000.into()),
            total: Some(250_000.into()),
            ..Line::default()
        };
        record.lines.push(line);
    }
    record.subtotal = Some(750_000.into());
    record.total = Some(750_000.into());
    record.paid = Some(750_000.into());
    record.into()
}

#[derive(Default)]
struct Clock {
    make: Duration,
    snapshot: Duration,
    plan: Duration,
    commit: Duration,
    records: u64,
}

impl Clock {
    fn print(&self, what: &str) {
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / self.records as f64;
        println!(
            "{what:<22} {:>8} records: snapshot {:>6.2} µs, plan {:>6.2} µs, commit {:>6.2} µs, together {:>6.2} µs a record",
            self.records,
            micros(self.snapshot),
            micros(self.plan),
            micros(self.commit),
            micros(self.snapshot + self.plan + self.commit),
        );
    }
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut count = |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (customer_pages, order_pages) = (count(1000), count(2000));
    let path =
        std::env::args().nth(3).map_or_else(|| std::env::temp_dir().join("pos-timing.db"), PathBuf::from);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let mut options = SqliteOptions::default();
    if let Some(kib) = std::env::args().nth(4).and_then(|text| text.parse().ok()) {
        options = options.with_cache_kib(kib);
    }
    let store = SqliteStore::open_with(&path, options)?;
    let shop = Account::new(Vendor::new("kiotviet"), "cuahangmau");
    let rules = Rules::new(IdentityRules::default());
    let customers = customer_pages * 100;
    for (what, pages, again) in [
        ("new customers", customer_pages, false),
        ("customers again", customer_pages.min(200), true),
        ("new orders", order_pages, false),
        ("orders again", order_pages.min(200), true),
    ] {
        let orders = what.contains("orders");
        let mut clock = Clock::default();
        for page in 0..pages {
            let began = Instant::now();
            let numbers = page * 100..(page + 1) * 100;
            let records = numbers
                .map(|number| if orders { order(number, customers) } else { customer(number) })
                .collect();
            let batch = Batch::new(shop.clone(), records);
            clock.make += began.elapsed();
            let began = Instant::now();
            let snapshot = store.snapshot(&wants(&batch, &rules)).await?;
            clock.snapshot += began.elapsed();
            let began = Instant::now();
            let changes = plan(&batch, snapshot, &rules, START);
            assert_eq!(again, changes.is_empty());
            clock.plan += began.elapsed();
            let began = Instant::now();
            store.commit(&Commit::of(changes)).await?;
            clock.commit += began.elapsed();
            clock.records += 100;
        }
        clock.print(what);
    }
    println!("{:?}; {}; {} bytes", store.size().await?, memory(), std::fs::metadata(&path)?.len());
    let began = Instant::now();
    let best = store.best_contacts(pos_core::record::Currency::VND, 10).await?;
    println!("best contacts: {} in {:?}", best.len(), began.elapsed());
    let began = Instant::now();
    println!("duplicates: {} in {:?}", store.duplicates(None, 10).await?.len(), began.elapsed());
    Ok(())
}
