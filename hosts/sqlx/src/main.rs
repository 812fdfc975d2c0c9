//! A host whose own tables are in PostgreSQL, through sqlx. The shops come into an SQLite file beside it, and a mirror
//! carries over what changed.
//!
//! `DATABASE_URL` and the shop's credentials come from the environment. It is built by CI and run by whoever has a
//! PostgreSQL at hand.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use pos_core::record::Currency;
use pos_kiotviet::KiotViet;
use pos_store_sqlite::SqliteStore;
use pos_sync::{ChangedObject, Crm, LinkOptions, Stop, Store};
use sqlx::PgPool;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS shop_customer \
     (id TEXT PRIMARY KEY, name TEXT, phone TEXT, revenue TEXT NOT NULL, orders BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS shop_mirror (one BOOL PRIMARY KEY DEFAULT TRUE CHECK (one), sequence BIGINT NOT NULL)",
];

#[tokio::main]
async fn main() -> Result<()> {
    let pool = PgPool::connect(&std::env::var("DATABASE_URL")?).await?;
    for table in TABLES {
        sqlx::query(table).execute(&pool).await?;
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
            if let Err(error) = mirror(&**crm.store(), &pool).await {
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
async fn mirror(store: &dyn Store, pool: &PgPool) -> Result<()> {
    let known: Option<i64> =
        sqlx::query_scalar("SELECT sequence FROM shop_mirror").fetch_optional(pool).await?;
    let mut after = u64::try_from(known.unwrap_or_default())?;
    loop {
        let changes = store.changes(after, 500).await?;
        let Some(last) = changes.last() else { return Ok(()) };
        after = last.sequence;
        let mut tx = pool.begin().await?;
        for change in &changes {
            match &change.what {
                ChangedObject::Contact(id) => {
                    let Some(contact) = store.contact(id).await? else { continue };
                    let totals = store.totals(&contact.id).await?;
                    let dong = totals.iter().find(|totals| totals.currency == Currency::VND);
                    sqlx::query(
                        "INSERT INTO shop_customer (id, name, phone, revenue, orders) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (id) DO UPDATE SET name = $2, phone = $3, revenue = $4, orders = $5",
                    )
                    .bind(contact.id.to_string())
                    .bind(contact.name())
                    .bind(contact.phones().first().copied())
                    .bind(dong.map_or_else(|| "0".to_owned(), |dong| dong.revenue.to_string()))
                    .bind(dong.map_or(0, |dong| dong.orders as i64))
                    .execute(&mut *tx)
                    .await?;
                }
                ChangedObject::ContactGone { id, .. } => {
                    sqlx::query("DELETE FROM shop_customer WHERE id = $1")
                        .bind(id.to_string())
                        .execute(&mut *tx)
                        .await?;
                }
                _ => {}
            }
        }
        sqlx::query(
            "INSERT INTO shop_mirror (sequence) VALUES ($1) ON CONFLICT (one) DO UPDATE SET sequence = $1",
        )
        .bind(i64::try_from(after)?)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
    }
}
