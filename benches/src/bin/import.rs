//! Imports the customers, orders and invoices of a KiotViet sandbox into a new SQLite file: the program that
//! `peers/run.py` sets beside others.
//!
//! ```text
//! import URL FILE [--unpaced]
//! ```
//!
//! Requests are spaced as the connector spaces them for the vendor, unless `--unpaced` is said. The last line of the
//! output is the number of rows that were read.

use std::io::Write as _;
use std::sync::Arc;

use crm_merge::{LinkRules, Policy};
use pos_core::Secret;
use pos_core::kit::Connection;
use pos_core::record::Stream;
use pos_kiotviet::KiotViet;
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, PullOptions};
use pos_testkit::kiotviet::SandboxOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, file, options @ ..] = words.as_slice() else {
        return Err("usage: import URL FILE [--unpaced]".into());
    };
    let connection = match options {
        [] => Connection::to(url),
        [option] if option == "--unpaced" => Connection::to(url).unpaced(),
        _ => return Err("usage: import URL FILE [--unpaced]".into()),
    };
    let invented = SandboxOptions::default();
    let shop = KiotViet::builder()
        .retailer(invented.retailer)
        .client_id(invented.client_id)
        .client_secret(Secret::new(invented.client_secret))
        .connection(connection)
        .token_url(format!("{}/connect/token", url.trim_end_matches('/')))
        .build()?;
    let crm = Crm::new(Arc::new(SqliteStore::open(file)?));
    let rules = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    crm.connect(&shop, rules, LinkOptions::default()).await?;
    let streams = [Stream::Customers, Stream::Orders, Stream::Invoices];
    let runs = crm.pull(&shop, &PullOptions::default().with_streams(streams)).await?;
    let rejected: u64 = runs.iter().map(|run| run.counts.rejected).sum();
    if rejected > 0 {
        return Err(format!("{rejected} rows were rejected").into());
    }
    let read: u64 = runs.iter().map(|run| run.counts.total).sum();
    writeln!(std::io::stdout(), "{read}")?;
    Ok(())
}
