//! What the example programs share: progress bars, and the history as a shop owner wants to read it.

pub mod live;

use std::collections::HashMap;
use std::sync::Mutex;

use crm_merge::{Contact, DocumentId};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use pos_core::record::{Account, Currency, Money, Stream};
use pos_sync::{Event, Observer, Run, RunStatus, Store, StoreResult};

/// A progress bar for every stream, and the announcement of a large import.
#[derive(Debug)]
pub struct Progress {
    bars: MultiProgress,
    by_stream: Mutex<HashMap<(Account, Option<Stream>), ProgressBar>>,
    plan: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Bars on standard error.
    pub fn new() -> Self {
        Self {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)),
            by_stream: Mutex::default(),
            plan: false,
        }
    }

    /// Also prints every planned change, for dry runs.
    #[must_use]
    pub fn printing_the_plan(mut self) -> Self {
        self.plan = true;
        self
    }

    fn bar(&self, run: &Run) -> ProgressBar {
        let mut bars = self.by_stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (run.account.clone(), run.stream);
        bars.entry(key)
            .or_insert_with(|| {
                let name = run.stream.map_or("webhooks", Stream::as_str);
                let bar = self.bars.add(ProgressBar::new(run.announced.unwrap_or_default()));
                let template = "  {prefix:<11} [{bar:32}] {pos:>6}/{len:<6} {msg}";
                let style =
                    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
                bar.set_style(style.progress_chars("=> "));
                bar.set_prefix(name);
                bar
            })
            .clone()
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::Started { run, resumed: true } => {
                eprintln!("  {} goes on where it stopped", stream_name(run))
            }
            Event::Page { run, changes, .. } => {
                let bar = self.bar(run);
                bar.set_length(run.announced.unwrap_or_default().max(run.counts.total));
                bar.set_position(run.counts.total);
                if self.plan {
                    for line in plan_lines(changes) {
                        println!("{line}");
                    }
                }
            }
            Event::Finished { run } => {
                let seconds = run.finished_at.map_or(0.0, |end| (end - run.started_at).as_seconds_f64());
                self.bar(run).finish_with_message(format!("{seconds:.1} s"));
            }
            Event::Refused { refusal, .. } => eprintln!("  a webhook was refused: {refusal}"),
            Event::Error { error, .. } => eprintln!("  {error}"),
            _ => {}
        }
    }

    fn large_import(&self, account: &Account, customers: u64) -> bool {
        eprintln!("  {account} has {customers} customers: this is a large import");
        true
    }
}

fn stream_name(run: &Run) -> &'static str {
    run.stream.map_or("webhooks", Stream::as_str)
}

fn plan_lines(changes: &crm_merge::ChangeSet) -> Vec<String> {
    let contacts = changes.contacts.iter().map(|change| {
        let verb = if change.existed { "change" } else { "create" };
        format!("{verb} contact {}", change.row.id)
    });
    let documents = changes.documents.iter().map(|change| {
        let verb = if change.existed { "change" } else { "create" };
        let ledger = change.row.ledger;
        format!("{verb} {} (revenue {} {}, {:?})", change.row.id, ledger.revenue, ledger.currency, ledger.why)
    });
    contacts.chain(documents).collect()
}

/// `1234567` as `1.234.567`, the way it is written in Viet Nam.
pub fn grouped(number: impl ToString) -> String {
    let text = number.to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{sign}{grouped},{fraction}"),
        None => format!("{sign}{grouped}"),
    }
}

/// An amount with its currency.
pub fn money(amount: Money, currency: Currency) -> String {
    if currency == Currency::VND {
        format!("{} đ", grouped(amount))
    } else {
        format!("{} {currency}", grouped(amount))
    }
}

/// Prints runs as a table.
pub fn print_history(runs: &[Run]) {
    println!(
        "  {:<12} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8}  result",
        "stream", "total", "created", "updated", "unchanged", "skipped", "rejected", "time"
    );
    for run in runs {
        let name = match (run.stream, run.kind) {
            (Some(stream), _) => stream.as_str().to_owned(),
            (None, kind) => format!("{kind:?}").to_lowercase(),
        };
        let seconds = run.finished_at.map_or(0.0, |end| (end - run.started_at).as_seconds_f64());
        let result = match &run.status {
            RunStatus::Done if run.duplicates > 0 => {
                format!("done, {} duplicates recognised", run.duplicates)
            }
            RunStatus::Done => "done".to_owned(),
            RunStatus::Running => "running".to_owned(),
            RunStatus::Stopped => "stopped, goes on next time".to_owned(),
            RunStatus::Failed(why) => format!("failed: {why}"),
            _ => "?".to_owned(),
        };
        let counts = run.counts;
        println!(
            "  {name:<12} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8} {seconds:>7.1}s  {result}",
            counts.total, counts.created, counts.updated, counts.unchanged, counts.skipped, counts.rejected
        );
    }
}

/// Prints what runs could not read, with the reasons.
///
/// # Errors
/// When the store fails.
pub async fn print_rejections(store: &dyn Store, runs: &[Run]) -> StoreResult<()> {
    for run in runs.iter().filter(|run| run.counts.rejected > 0) {
        for rejection in store.rejections(run.id, 5).await? {
            let rejected = rejection.rejected;
            let id = rejected.id.as_deref().unwrap_or("without id");
            println!("  {} {id}: {} at {}", stream_name(run), rejected.reason, rejected.path);
        }
    }
    Ok(())
}

/// A phone number with its middle hidden: these programs may run against real shops and be shown around.
pub fn shortened(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    match letters.len() {
        0..=6 => "…".to_owned(),
        length => {
            let head: String = letters.iter().take(4).collect();
            let tail: String = letters.iter().skip(length - 2).collect();
            format!("{head}…{tail}")
        }
    }
}

/// Prints a contact with its revenue, order count and latest documents.
///
/// # Errors
/// When the store fails.
pub async fn print_contact(store: &dyn Store, contact: &Contact) -> StoreResult<()> {
    let phones: Vec<String> = contact.phones().into_iter().map(shortened).collect();
    println!(
        "  {} ({}) {}",
        contact.name().unwrap_or("?"),
        contact.source.as_deref().unwrap_or("?"),
        phones.join(", ")
    );
    for totals in store.totals(&contact.id).await? {
        println!("      revenue {} in {} orders", money(totals.revenue, totals.currency), totals.orders);
    }
    for document in store.documents(&contact.id, 3).await? {
        let record = &document.record;
        let DocumentId { kind, .. } = &document.id;
        println!(
            "      {:<8} {:<14} {:<12} {:>16}  counts {}",
            kind.stream().as_str(),
            record.code.as_deref().unwrap_or(&record.id),
            record.status.category.as_str(),
            money(record.total.unwrap_or_default(), record.currency),
            money(document.ledger.revenue, document.ledger.currency),
        );
    }
    Ok(())
}

/// Prints groups of records that were recognised as one person.
///
/// # Errors
/// When the store fails.
pub async fn print_duplicates(store: &dyn Store, limit: u32) -> StoreResult<()> {
    for (contact, records) in store.duplicates(None, limit).await? {
        let ids: Vec<String> =
            records.iter().map(|record| format!("{} {}", record.vendor, record.id)).collect();
        println!("  {} is {}", contact.name().unwrap_or("?"), ids.join(" and "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_in_viet_nam() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1.234.567");
        assert_eq!(grouped("-590000.5"), "-590.000,5");
        assert_eq!(money(Money::from(590_000), Currency::VND), "590.000 đ");
    }
}

/// The pages whose code must compile.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/guide/webhooks.md")]
    struct Webhooks;
}
