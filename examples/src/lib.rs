//! What the example programs share: what a person sees of a sync, options, shops from the environment, and the history as
//! a shop owner wants to read it.

/// The standard one ends the program where nobody reads on (`… --help | head -3`); here the words are lost and nothing else.
macro_rules! println {
    ($($what:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($what)*);
    }};
}

pub mod live;
mod order_file;
pub mod quickstart;
mod terminal;
pub mod vendors;
pub mod words;

use std::io::IsTerminal;

use crm_merge::{Contact, DocumentId};
use pos_core::record::{Currency, Money};
use pos_sync::{Run, RunKind, RunStatus, Stop, Store, StoreResult};

pub use terminal::Progress;
use terminal::name_of;

/// Gives the stop signal at the first Ctrl-C and ends the program at the second: what is committed is safe either way.
pub fn on_ctrl_c(stop: &Stop, says: &'static str) {
    let stop = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        // The terminal shows `^C` in the line that moves.
        let clear = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
        eprintln!("{clear}  {says} (Ctrl-C again: at once)");
        stop.stop();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
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
        let name = name_of(run);
        let seconds = run.finished_at.map_or(0.0, |end| (end - run.started_at).as_seconds_f64());
        let result = match &run.status {
            RunStatus::Done => done(run),
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
        for note in &run.notes {
            println!("  {:<12} {note}", "");
        }
    }
}

/// What a run that came to its end says about itself. Where the shop and the CRM differ, a note of the run tells.
fn done(run: &Run) -> String {
    let mut parts = vec!["done".to_owned()];
    if run.kind == RunKind::Full && run.kept.is_some() && run.kept == run.announced {
        parts.push("complete".to_owned());
    }
    if run.duplicates > 0 {
        parts.push(format!("{} duplicates recognised", run.duplicates));
    }
    parts.join(", ")
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
            println!("  {} {id}: {} at {}", name_of(run), rejected.reason, rejected.path);
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

/// Prints a contact with its revenue, order count, latest documents and tickets.
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
    for entry in store.tickets(&contact.id, 3).await? {
        let Some(ticket) = entry.ticket() else { continue };
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        let (kind, what) = (said(&ticket.kind), said(&ticket.description));
        println!("      ticket   {kind:<14} {:<12} {what}", ticket.status.category.as_str());
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
            records.iter().map(|record| format!("{} {}", record.vendor(), record.id)).collect();
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
    #[doc = include_str!("../../docs/guide/links.md")]
    struct Links;
    #[doc = include_str!("../../docs/guide/embedding.md")]
    struct Embedding;
    #[doc = include_str!("../../docs/guide/addresses.md")]
    struct Addresses;
    #[doc = include_str!("../../docs/guide/identity.md")]
    struct Identity;
    #[doc = include_str!("../../docs/guide/merge-policies.md")]
    struct Policies;
}
