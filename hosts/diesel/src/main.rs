//! A host whose own tables are in SQLite, through diesel. The shops come into a file of their own, and a mirror carries
//! over what changed. Both crates speak to the one native SQLite in the program.
//!
//! The shop's credentials come from the environment.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use pos_core::record::Currency;
use pos_kiotviet::KiotViet;
use pos_store_sqlite::SqliteStore;
use pos_sync::{Changed, ChangedObject, Crm, LinkOptions, Stop, Store};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

diesel::table! {
    shop_customer (id) {
        id -> Text,
        name -> Nullable<Text>,
        phone -> Nullable<Text>,
        revenue -> Text,
        orders -> BigInt,
    }
}

diesel::table! {
    shop_mirror (id) {
        id -> Integer,
        sequence -> BigInt,
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = shop_customer, treat_none_as_null = true)]
struct Row {
    id: String,
    name: Option<String>,
    phone: Option<String>,
    revenue: String,
    orders: i64,
}

const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS shop_customer \
     (id TEXT PRIMARY KEY NOT NULL, name TEXT, phone TEXT, revenue TEXT NOT NULL, orders BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS shop_mirror (id INTEGER PRIMARY KEY NOT NULL, sequence BIGINT NOT NULL)",
];

#[tokio::main]
async fn main() -> Result<()> {
    let mut own = SqliteConnection::establish("host.db")?;
    for table in TABLES {
        diesel::sql_query(table).execute(&mut own)?;
    }
    let shop = KiotViet::builder()
        .retailer(std::env::var("KIOTVIET_RETAILER")?)
        .client_id(std::env::var("KIOTVIET_CLIENT_ID")?)
        .client_secret(std::env::var("KIOTVIET_CLIENT_SECRET")?)
        .build()?;
    let crm = Crm::new(Arc::new(SqliteStore::open("shops.db")?));
    crm.connect(&shop, Default::default(), LinkOptions::default()).await?;

    let stop = Stop::new();
    let mirroring = async {
        while !stop.is_stopped() {
            // What failed is carried over next time: the place is written with the rows.
            if let Err(error) = mirror(&**crm.store(), &mut own).await {
                eprintln!("the mirror waits: {error}");
            }
            tokio::select! {
                () = stop.stopped() => {}
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
        }
    };
    let signal = async {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.stop();
        }
    };
    tokio::join!(crm.follow(&shop, Duration::from_secs(300), &stop), mirroring, signal);
    Ok(())
}

/// Carries over what changed since the last time, each commit whole.
async fn mirror(store: &dyn Store, own: &mut SqliteConnection) -> Result<()> {
    let known: Option<i64> = shop_mirror::table.select(shop_mirror::sequence).first(own).optional()?;
    let mut after = u64::try_from(known.unwrap_or_default())?;
    loop {
        let changes = store.changes(after, 500).await?;
        let Some(last) = changes.last() else { return Ok(()) };
        after = last.sequence;
        let (rows, gone) = read(store, &changes).await?;
        let sequence = i64::try_from(after)?;
        own.transaction(|own| {
            for row in &rows {
                diesel::insert_into(shop_customer::table)
                    .values(row)
                    .on_conflict(shop_customer::id)
                    .do_update()
                    .set(row)
                    .execute(own)?;
            }
            diesel::delete(shop_customer::table.filter(shop_customer::id.eq_any(&gone))).execute(own)?;
            diesel::replace_into(shop_mirror::table)
                .values((shop_mirror::id.eq(1), shop_mirror::sequence.eq(sequence)))
                .execute(own)
        })?;
    }
}

/// What the changed contacts say now, and which are no more.
async fn read(store: &dyn Store, changes: &[Changed]) -> Result<(Vec<Row>, Vec<String>)> {
    let (mut rows, mut gone) = (Vec::new(), Vec::new());
    for change in changes {
        match &change.what {
            ChangedObject::Contact(id) => {
                let Some(contact) = store.contact(id).await? else { continue };
                let totals = store.totals(&contact.id).await?;
                let dong = totals.iter().find(|totals| totals.currency == Currency::VND);
                rows.push(Row {
                    id: contact.id.to_string(),
                    name: contact.name().map(str::to_owned),
                    phone: contact.phones().first().map(ToString::to_string),
                    revenue: dong.map_or_else(|| "0".to_owned(), |dong| dong.revenue.to_string()),
                    orders: dong.map_or(0, |dong| dong.orders as i64),
                });
            }
            ChangedObject::ContactGone { id, .. } => gone.push(id.to_string()),
            _ => {}
        }
    }
    Ok((rows, gone))
}
