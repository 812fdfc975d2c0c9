//! What a person sees of a running sync: one line that moves, and lines that stay.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pos_core::ErrorKind;
use pos_core::record::{Account, Stream};
use pos_sync::{Event, LinkStatus, Observer, Run, RunStatus};

use crate::grouped;

/// How often the moving line is drawn at most.
const EVERY: Duration = Duration::from_millis(100);

/// How wide the bar is.
const WIDTH: u64 = 30;

/// Watches syncs for a person at a terminal, on standard error.
///
/// Only the last line moves, and it is taken away before anything else is written and when its run is over: nothing is
/// overwritten, and nothing is left behind. Where standard error is no terminal there is no moving line at all.
#[derive(Debug)]
pub struct Progress {
    moves: bool,
    plan: bool,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    shown: bool,
    drawn: Option<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// On standard error.
    pub fn new() -> Self {
        Self { moves: std::io::stderr().is_terminal(), plan: false, line: Mutex::default() }
    }

    /// Also prints every planned change, for dry runs.
    #[must_use]
    pub fn printing_the_plan(mut self) -> Self {
        self.plan = true;
        self
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the moving line away.
    fn clear(&self, line: &mut Line) {
        if std::mem::take(&mut line.shown) {
            eprint!("\r\x1b[2K");
        }
    }

    /// Draws the moving line, unless it was drawn a moment ago.
    fn show(&self, text: &str) {
        let mut line = self.line();
        if !self.moves || line.drawn.is_some_and(|drawn| drawn.elapsed() < EVERY) {
            return;
        }
        // Without wrapping, so that a narrow terminal cuts the line instead of making it two.
        eprint!("\r\x1b[2K\x1b[?7l{text}\x1b[?7h");
        let _ = std::io::stderr().flush();
        *line = Line { shown: true, drawn: Some(Instant::now()) };
    }

    /// Writes a line that stays.
    pub fn say(&self, text: &str) {
        let mut line = self.line();
        self.clear(&mut line);
        line.drawn = None;
        eprintln!("{text}");
    }

    /// Writes lines that stay on standard output.
    fn print(&self, lines: &[String]) {
        let mut line = self.line();
        self.clear(&mut line);
        let mut out = std::io::stdout().lock();
        for text in lines {
            // A reader who went away is no reason to stop a sync.
            let _ = writeln!(out, "{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear(&mut self.line());
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::Started { run, resumed: true } => {
                self.say(&format!("  {:<12} goes on where it stopped", name_of(run)));
            }
            Event::Started { run, .. } => self.show(&bar(run)),
            Event::Page { run, changes, .. } => {
                if self.plan {
                    self.print(&plan_lines(changes));
                }
                self.show(&bar(run));
            }
            Event::Changed { changes, .. } if self.plan => self.print(&plan_lines(changes)),
            Event::Finished { run } => self.say(&ended(run)),
            Event::AskingAgain { account, asking } => {
                let seconds = asking.wait.as_secs_f64();
                match asking.error.kind() {
                    ErrorKind::RateLimited => {
                        self.show(&format!("  {account} asks to wait {seconds:.0} s"));
                    }
                    _ if asking.attempt == 1 => {
                        self.say(&format!("  {account}: {}; trying again", asking.error));
                    }
                    _ => self.show(&format!("  {account}: try {} in {seconds:.0} s", asking.attempt + 1)),
                }
            }
            Event::Link { link } => match link.status {
                LinkStatus::Enabled => {}
                LinkStatus::Parked => self.say(&format!(
                    "  {} is parked: deliveries and pushes are kept until it is connected again",
                    link.account
                )),
                status => {
                    let reason = link.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                    self.say(&format!("  {} is {status}{reason}", link.account));
                }
            },
            Event::Refused { account, refusal } => {
                self.say(&format!("  a delivery for {account} was refused: {refusal}"));
            }
            Event::Error { account, error } => self.say(&format!("  {account}: {error}")),
            _ => {}
        }
    }

    fn large_import(&self, account: &Account, customers: u64) -> bool {
        self.say(&format!("  {account} has {} customers: this is a large import", grouped(customers)));
        true
    }
}

/// What a run reads, in a word.
pub(crate) fn name_of(run: &Run) -> &'static str {
    match (run.stream, run.kind) {
        (Some(stream), _) => Stream::as_str(stream),
        (None, pos_sync::RunKind::Push) => "pushes",
        (None, _) => "webhooks",
    }
}

/// The line that moves.
fn bar(run: &Run) -> String {
    let (name, done) = (name_of(run), run.counts.total);
    match run.announced.filter(|all| *all > 0) {
        Some(all) => {
            let filled = (WIDTH * done / all).min(WIDTH);
            let mut bar = String::new();
            for at in 0..WIDTH {
                bar.push(if at < filled { '=' } else { ' ' });
            }
            format!("  {name:<12} [{bar}] {:>8} of {}", grouped(done), grouped(all))
        }
        None => format!("  {name:<12} {:>8}", grouped(done)),
    }
}

/// The line that stays: how far it came, not how far it should have.
fn ended(run: &Run) -> String {
    let mut line = format!("  {:<12} {:>8}", name_of(run), grouped(run.counts.total));
    if let Some(all) = run.announced.filter(|all| *all > 0 && run.status != RunStatus::Done) {
        let _ = write!(line, " of {}", grouped(all));
    }
    let seconds = run.finished_at.map_or(0.0, |end| (end - run.started_at).as_seconds_f64());
    let _ = match &run.status {
        RunStatus::Stopped => write!(line, "  stopped after {seconds:.1} s"),
        RunStatus::Failed(_) => write!(line, "  failed after {seconds:.1} s"),
        _ => write!(line, "  in {seconds:.1} s"),
    };
    line
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

#[cfg(test)]
mod tests {
    use super::*;
    use pos_core::record::Vendor;
    use pos_sync::RunKind;
    use time::macros::datetime;

    fn run(done: u64, all: u64, status: RunStatus) -> Run {
        let account = Account::new(Vendor::new("kiotviet"), "cuahangmau");
        let mut run =
            Run::new(account, Some(Stream::Customers), RunKind::Full, datetime!(2026-11-01 08:00 UTC));
        run.finished_at = Some(datetime!(2026-11-01 08:00:02 UTC));
        run.counts.total = done;
        run.announced = Some(all);
        run.status = status;
        run
    }

    #[test]
    fn a_stopped_run_says_how_far_it_came() {
        let line = ended(&run(1_200, 5_200, RunStatus::Stopped));
        assert_eq!(line, "  customers       1.200 of 5.200  stopped after 2.0 s");
        let line = ended(&run(5_200, 5_200, RunStatus::Done));
        assert_eq!(line, "  customers       5.200  in 2.0 s");
    }

    #[test]
    fn the_bar_is_one_line_that_fits_into_eighty_columns() {
        for done in [0, 1, 2_600, 1_234_567, u64::MAX / 64] {
            let line = bar(&run(done, 1_234_567, RunStatus::Running));
            assert!(!line.contains('\n'));
            assert!(done > 10_000_000 || line.chars().count() < 80, "{line}");
        }
    }
}
