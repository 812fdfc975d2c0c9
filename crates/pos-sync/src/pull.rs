//! Reading a shop: page after page, each committed with the place where the next one starts.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crm_merge::{Audit, Batch, ChangeSet, LinkReason, Prepared, Rules};
use pos_core::connector::{Connector, ConnectorExt, ListQuery};
use pos_core::record::{Account, Record, Stream};
use pos_core::{Cursor, Error, ErrorKind, Page, Rejected, Retry};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::crm::{Crm, prepare};
use crate::error::{SyncError, SyncResult};
use crate::model::{Checkpoint, Lease, Link, LinkStatus, Rejection, Run, RunKind, RunStatus, Window};
use crate::observe::{Event, Observer, Stop, stream_lease};
use crate::store::{Commit, StoreResult};

/// Pages that come slower than this are written one by one.
const QUICK: std::time::Duration = std::time::Duration::from_secs(2);

/// How far our clock may be ahead of one that the vendor does not tell.
const TOLERANCE: time::Duration = time::Duration::minutes(10);

/// How many objects that a full read did not show are read by id together.
const SWEEP: u32 = 100;

/// How many of them are asked for at once when they are only counted.
const COUNTED: u32 = 10_000;

/// How many ids a note names.
const NAMED: usize = 20;

/// So many missing objects are always looked at, though never more than half of a stream; beyond that, no more than
/// [`BRAKE_PERCENT`] of it.
const BRAKE_LEAST: u64 = 20;

/// The brake: when more than this share of a stream is missing, something else than deletions is the matter.
const BRAKE_PERCENT: u64 = 5;

/// What to read.
///
/// ```
/// use pos_core::Stream;
/// use pos_sync::{PullOptions, Stop};
///
/// let stop = Stop::new();
/// // All customers again, until somebody says stop.
/// let options =
///     PullOptions { streams: vec![Stream::Customers], full: true, stop: stop.clone(), ..PullOptions::default() };
/// stop.stop();
/// assert!(options.stop.is_stopped() && !options.dry_run);
/// ```
#[derive(Clone, Debug, Default)]
pub struct PullOptions {
    /// Only these streams; those of the link when empty.
    pub streams: Vec<Stream>,
    /// Read everything again, whatever the checkpoints say.
    pub full: bool,
    /// Only what changed since this instant. The checkpoint neither counts nor moves.
    pub since: Option<OffsetDateTime>,
    /// Only this branch, of the streams that can tell. The checkpoint neither counts nor moves.
    pub branch: Option<String>,
    /// Objects that a full read did not show are looked at however many they are. Without it, more than 5 % of a stream
    /// (and more than 20) are left alone and noted in the run: a shop that shows less than it has is the likelier reason.
    pub release_brake: bool,
    /// Plan and count, but write nothing. Pages are planned one by one against the CRM as it is: two pages that would
    /// create the same contact count it twice.
    pub dry_run: bool,
    /// Stops the pull between pages.
    pub stop: Stop,
}

impl PullOptions {
    /// Only these streams.
    #[must_use]
    pub fn with_streams(mut self, streams: impl IntoIterator<Item = Stream>) -> Self {
        self.streams = streams.into_iter().collect();
        self
    }

    /// Everything again.
    #[must_use]
    pub fn with_full(mut self) -> Self {
        self.full = true;
        self
    }

    /// Only what changed since.
    #[must_use]
    pub fn with_since(mut self, since: OffsetDateTime) -> Self {
        self.since = Some(since);
        self
    }

    /// Only this branch.
    #[must_use]
    pub fn with_branch(mut self, branch: impl Into<String>) -> Self {
        self.branch = Some(branch.into());
        self
    }

    /// However many objects a full read did not show: look at them.
    #[must_use]
    pub fn with_release_brake(mut self) -> Self {
        self.release_brake = true;
        self
    }

    /// Write nothing.
    #[must_use]
    pub fn with_dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Stops with this signal.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Whether the pull is a look aside that leaves the checkpoints alone.
    fn is_aside(&self) -> bool {
        self.since.is_some() || self.branch.is_some() || self.dry_run
    }
}

/// One stream being read.
struct Pull<'a> {
    crm: &'a Crm,
    connector: &'a dyn Connector,
    rules: &'a Arc<Rules>,
    options: &'a PullOptions,
    link: &'a Link,
    stream: Stream,
    lease: Lease,
    checkpoint: Checkpoint,
    window: Window,
    run: Run,
}

impl Crm {
    /// Reads the streams of a shop, one after the other, each from its checkpoint: in full the first time and when the
    /// link's options say so, else what changed. Returns one run a stream.
    ///
    /// Sends one request a page. While pages are planned and committed, the next ones are made ready and those after them are
    /// read; planning and making ready run on tokio's threads for work that blocks. Memory holds three commits' worth of
    /// records.
    ///
    /// # Errors
    /// An error of one stream ends that stream alone: the others are read all the same, and the first such error is
    /// answered at the end. What concerns them all ends the pull at once: credentials that are refused, a quota that is used
    /// up, a store that fails, a declined import. Either way the runs are in the history, and observers hear of every error
    /// that is not answered.
    ///
    /// # Cancel safety
    /// May be dropped at any time. What was committed stays, the place in the stream with it; pages that were read and not
    /// committed are read again. The next pull goes on with the run (a run of which nothing was committed stays `Running` in the
    /// history, and another begins), and a lease that was held lasts up to a minute: this `Crm` and its clones take it over at
    /// once, any other worker then, or as soon as the store knows that the process is gone.
    pub async fn pull(&self, connector: &dyn Connector, options: &PullOptions) -> SyncResult<Vec<Run>> {
        let account = connector.account();
        let link = self.linked(connector).await?;
        let rules = self.rules().await?;
        let capabilities = connector.capabilities();
        if let Some(branch) = &options.branch {
            self.check_branch(account, branch).await?;
        }
        let mut runs = Vec::new();
        let mut failed = None;
        let wanted = if options.streams.is_empty() { &link.options.streams } else { &options.streams };
        for stream in wanted {
            if !capabilities.stream(*stream).list {
                return Err(SyncError::NoStream { account: account.clone(), stream: *stream });
            }
        }
        for (stream, caps) in &capabilities.streams {
            if !caps.list || !(wanted.is_empty() || wanted.contains(stream)) {
                continue;
            }
            if options.stop.is_stopped() {
                break;
            }
            // A stream that cannot be narrowed is left out of a narrowed pull instead of being read in full.
            let narrowed = (options.branch.is_some() && !caps.branch)
                || (options.since.is_some() && !caps.modified_from);
            if narrowed {
                continue;
            }
            let asked = options.full || options.streams.contains(stream);
            if link.options.once.contains(stream)
                && !asked
                && self.store.checkpoint(account, *stream).await?.full_at.is_some()
            {
                continue;
            }
            let pull = self.pull_stream(connector, &link, &rules, *stream, options);
            match self.overheard(account, pull).await {
                Ok(run) => runs.push(run),
                Err(error) if concerns_one_stream(&error) => match failed {
                    None => failed = Some(error),
                    Some(_) => self.observer.on(&Event::Error { account, error: &error }),
                },
                Err(error) => {
                    if error.is_refused() {
                        self.park(account, Some(&error)).await?;
                    }
                    if let Some(earlier) = failed {
                        self.observer.on(&Event::Error { account, error: &earlier });
                    }
                    return Err(error);
                }
            }
        }
        if link.status == LinkStatus::Parked && !runs.is_empty() {
            self.unpark(account).await?;
        }
        failed.map_or(Ok(runs), Err)
    }

    /// Writes how a run ended, on every way out of it, and says so. A run that only looked is not kept.
    pub(crate) async fn finish(
        &self,
        mut run: Run,
        outcome: SyncResult<Outcome>,
        keeps: bool,
    ) -> SyncResult<Run> {
        run.finished_at = Some(self.clock.now());
        run.status = match &outcome {
            Ok(Outcome::Done) => RunStatus::Done,
            Ok(Outcome::Stopped) => RunStatus::Stopped,
            Err(error) => RunStatus::Failed(error.to_string()),
        };
        if keeps {
            // The error itself matters more than the line about it in the history.
            let kept = self.store.put_run(&run).await;
            if outcome.is_ok() {
                kept?;
            }
        }
        self.observer.on(&Event::Finished { run: &run });
        outcome.map(|_| run)
    }

    /// A branch that the shop does not have would only be an empty answer.
    async fn check_branch(&self, account: &Account, branch: &str) -> SyncResult<()> {
        let mut known = Vec::new();
        loop {
            let after = known.last().map(String::as_str);
            let entries = self.store.entries(account, Stream::Branches, after, 500).await?;
            if entries.is_empty() {
                break;
            }
            known.extend(entries.into_iter().map(|entry| entry.id.to_string()));
        }
        if known.is_empty() || known.iter().any(|id| id == branch) {
            return Ok(());
        }
        known.truncate(50);
        Err(SyncError::NoBranch { account: account.clone(), branch: branch.to_owned(), known })
    }

    async fn pull_stream(
        &self,
        connector: &dyn Connector,
        link: &Link,
        rules: &Arc<Rules>,
        stream: Stream,
        options: &PullOptions,
    ) -> SyncResult<Run> {
        let account = &link.account;
        let lease = self.lease(&stream_lease(account, stream)).await?;
        let result = self.open(connector, link, rules, stream, options, lease.clone()).await;
        let result = match result {
            Ok(mut pull) => {
                let outcome = pull.read().await;
                self.finish(pull.run, outcome, !options.dry_run).await
            }
            Err(error) => Err(error),
        };
        self.store.release(&lease).await?;
        result
    }

    async fn open<'a>(
        &'a self,
        connector: &'a dyn Connector,
        link: &'a Link,
        rules: &'a Arc<Rules>,
        stream: Stream,
        options: &'a PullOptions,
        lease: Lease,
    ) -> SyncResult<Pull<'a>> {
        let account = &link.account;
        let caps = connector.capabilities().stream(stream);
        let checkpoint = self.store.checkpoint(account, stream).await?;
        let now = self.clock.now();
        let going_on = checkpoint.window.clone().filter(|_| !options.is_aside() && !options.full);
        let resumed = going_on.is_some();
        let window = going_on.unwrap_or_else(|| {
            let reach_back = |instant: OffsetDateTime| instant - caps.lag();
            let full_due = match (link.options.full_every(), checkpoint.full_at) {
                (Some(every), Some(last)) => {
                    // A time beyond every calendar never comes.
                    let every = time::Duration::try_from(every).unwrap_or(time::Duration::MAX);
                    last.checked_add(every).is_some_and(|due| due <= now)
                }
                (Some(_), None) => true,
                (None, last) => last.is_none(),
            };
            let from = match (options.since, checkpoint.complete_to) {
                (Some(since), _) => Some(since),
                (None, Some(to)) if caps.modified_from && !full_due && !options.full => Some(reach_back(to)),
                _ => None,
            };
            Window::new(from, now, 0)
        });
        let kind = if window.from.is_none() { RunKind::Full } else { RunKind::CatchUp };
        let mut run = Run::new(account.clone(), Some(stream), kind, now);
        if resumed {
            let known = self.store.run(window.run).await?;
            let known = known.filter(|known| known.account == *account && known.stream == Some(stream));
            run = known.unwrap_or(run);
            run.status = RunStatus::Running;
            run.finished_at = None;
        }
        let mut pull =
            Pull { crm: self, connector, rules, options, link, stream, lease, checkpoint, window, run };
        if !options.dry_run {
            pull.run.id = self.store.put_run(&pull.run).await?;
        }
        pull.window.run = pull.run.id;
        self.observer.on(&Event::Started { run: &pull.run, resumed });
        Ok(pull)
    }
}

/// How work ended that did not fail.
pub(crate) enum Outcome {
    Done,
    /// Somebody stopped it, or paused the link.
    Stopped,
}

/// Whether an error says nothing about the other streams.
fn concerns_one_stream(error: &SyncError) -> bool {
    match error {
        SyncError::Vendor(error) => !matches!(error.kind(), ErrorKind::Auth | ErrorKind::RateLimited),
        SyncError::Busy { .. } | SyncError::OtherObject { .. } => true,
        _ => false,
    }
}

/// How many ids there are; where there are more than `most`, some number above it. Memory holds one piece of them.
async fn count_up_to<F>(most: u64, ids: impl Fn(Option<String>, u32) -> F) -> SyncResult<u64>
where
    F: Future<Output = StoreResult<Vec<String>>>,
{
    let (mut count, mut after) = (0, None);
    while count <= most {
        let piece = ids(after, COUNTED).await?;
        let Some(last) = piece.last() else { break };
        count += piece.len() as u64;
        after = Some(last.clone());
    }
    Ok(count)
}

impl Pull<'_> {
    fn query(&self) -> ListQuery {
        let caps = self.connector.capabilities().stream(self.stream);
        let mut query = ListQuery {
            modified_from: self.window.from,
            branch_id: self.options.branch.clone(),
            include_removed: caps.removed && self.window.from.is_some(),
            ..ListQuery::default()
        };
        let largest = caps.max_page_size;
        query.page_size =
            self.link.options.page_size.map(|size| if largest > 0 { size.min(largest) } else { size });
        query
    }

    async fn read(&mut self) -> SyncResult<Outcome> {
        let ahead = Ahead {
            crm: self.crm,
            connector: self.connector,
            rules: self.rules,
            account: &self.link.account,
            stream: self.stream,
            lease: self.lease.clone(),
            stop: self.options.stop.clone(),
            query: self.query(),
            records: self.link.options.records_per_commit as usize,
            most: self.link.options.max_pages,
            walked: Mutex::default(),
        };
        let is_new = self.window.cursor.is_none();
        let Some(pages) = ahead.fetch(self.window.cursor.clone()).await? else {
            return Ok(Outcome::Stopped);
        };
        if is_new {
            // The instant before the first request, by the vendor's clock: what changes later belongs to the next window.
            let begun = pages.first_seen;
            self.window.fixed_at = if self.connector.skew().is_some() { begun } else { begun - TOLERANCE };
        }
        self.run.announced = pages.page.total.or(self.run.announced);
        if self.stream == Stream::Customers && self.window.from.is_none() && self.run.pages == 0 {
            let customers = pages.page.total.unwrap_or_default();
            let large = customers > self.link.options.large_import;
            if large && !self.crm.observer.large_import(&self.link.account, customers) {
                return Err(SyncError::Declined { customers });
            }
        }
        let (send, receive) = mpsc::channel(1);
        tokio::select! {
            biased;
            outcome = self.write(receive) => outcome,
            never = async { ahead.run(pages, send).await; std::future::pending().await } => never,
        }
    }

    /// Commits what comes, in order, with the place where the next pages start.
    async fn write(&mut self, mut pages: mpsc::Receiver<SyncResult<Ready>>) -> SyncResult<Outcome> {
        while let Some(ready) = pages.recv().await {
            let Ready { batch, next, rejected, count } = ready?;
            if self.options.stop.is_stopped() {
                break;
            }
            let is_last = next.is_none();
            // The window is closed when everything that it did not show was looked at.
            let checkpoint = next.map(|cursor| {
                self.window.cursor = Some(cursor);
                Checkpoint { window: Some(self.window.clone()), ..self.checkpoint.clone() }
            });
            let run = self.run.id;
            let rejection = |rejected| Rejection { run, stream: Some(self.stream), rejected };
            let rejections = rejected.into_iter().map(rejection).collect();
            if !self.put(&batch, count, rejections, checkpoint).await? {
                break;
            }
            if is_last {
                return Ok(if self.complete().await? { Outcome::Done } else { Outcome::Stopped });
            }
        }
        Ok(Outcome::Stopped)
    }

    /// Commits facts of this run. False when the link was paused or taken away.
    async fn put(
        &mut self,
        batch: &Arc<Prepared>,
        pages: u64,
        rejections: Vec<Rejection>,
        checkpoint: Option<Checkpoint>,
    ) -> SyncResult<bool> {
        let base = self.run.clone();
        let crm = self.crm;
        if self.options.dry_run {
            let changes = crm.plan(batch).await?;
            self.run = counted(&base, &changes, pages);
            crm.observer.on(&Event::Page { run: &self.run, changes: &changes, rejections: &rejections });
            return Ok(true);
        }
        let account = &self.link.account;
        if crm.enabled(account).await.is_err() {
            return Ok(false);
        }
        let kept = checkpoint.as_ref().filter(|_| !self.options.is_aside());
        let commit = crm
            .commit_prepared(batch, |changes| Commit {
                run: Some(counted(&base, &changes, pages)),
                changes,
                rejections: rejections.clone(),
                lease: Some(self.lease.clone()),
                checkpoint: kept.map(|kept| (account.clone(), self.stream, kept.clone())),
                ..Commit::default()
            })
            .await?;
        if let Some(run) = commit.run {
            self.run = run;
        }
        if let Some(checkpoint) = checkpoint {
            self.checkpoint = checkpoint;
        }
        crm.observer.on(&Event::Page { run: &self.run, changes: &commit.changes, rejections: &rejections });
        Ok(true)
    }

    /// Looks at what a full read did not show, says whether the CRM has what the shop says, and closes the window. False
    /// when it was interrupted.
    async fn complete(&mut self) -> SyncResult<bool> {
        let is_full = self.window.from.is_none();
        if self.options.dry_run || self.options.is_aside() {
            return Ok(true);
        }
        if is_full && !self.sweep().await? {
            return Ok(false);
        }
        let (crm, account) = (self.crm, &self.link.account);
        if is_full {
            let kept = crm.store.alive(account, self.stream).await?;
            self.run.kept = Some(kept);
            if let Some(said) = self.run.announced.filter(|said| *said != kept) {
                self.note(format!("the shop says {said}, the CRM has {kept}"));
            }
        }
        let fixed_at = Some(self.window.fixed_at);
        let checkpoint = Checkpoint {
            complete_to: fixed_at,
            full_at: if is_full { fixed_at } else { self.checkpoint.full_at },
            window: None,
        };
        let mut run = self.run.clone();
        run.status = RunStatus::Done;
        run.finished_at = Some(crm.clock.now());
        let commit = Commit {
            run: Some(run.clone()),
            lease: Some(self.lease.clone()),
            checkpoint: Some((account.clone(), self.stream, checkpoint.clone())),
            ..Commit::default()
        };
        crm.store.commit(&commit).await?;
        self.run = run;
        self.checkpoint = checkpoint;
        self.window.cursor = None;
        Ok(true)
    }

    fn note(&mut self, note: String) {
        if !self.run.notes.contains(&note) {
            self.run.notes.push(note);
        }
    }

    /// Reads by id what the CRM has alive and the full read did not show. What cannot be found any more is gone; the rest
    /// was only not shown, or cannot be told, which the run notes. False when it was interrupted.
    async fn sweep(&mut self) -> SyncResult<bool> {
        let (crm, connector, stream) = (self.crm, self.connector, self.stream);
        let account = self.link.account.clone();
        let (of, before) = (&account, self.window.fixed_at);
        let unseen = |after: Option<String>, limit: u32| async move {
            crm.store.unseen(of, stream, before, after.as_deref(), limit).await
        };
        let alive = crm.store.alive(&account, stream).await?;
        let most = match self.options.release_brake {
            true => u64::MAX,
            false => BRAKE_LEAST.min(alive.div_ceil(2)).max(alive.saturating_mul(BRAKE_PERCENT) / 100),
        };
        let missing = count_up_to(most, unseen).await?;
        if missing == 0 {
            return Ok(true);
        }
        if !connector.capabilities().stream(stream).get {
            let missing = if missing > most { format!("more than {most}") } else { missing.to_string() };
            self.note(format!(
                "{missing} were not shown; this vendor gives none by id, so they were left alone"
            ));
            return Ok(true);
        }
        if missing > most {
            self.note(format!(
                "more than {most} of {alive} were not shown: none was taken for deleted; read again with the brake \
                 released if they are"
            ));
            return Ok(true);
        }
        let (mut after, mut nowhere) = (None, Vec::new());
        loop {
            let ids = unseen(after, SWEEP).await?;
            let Some(last) = ids.last().cloned() else { break };
            let mut batch = Batch::new(account.clone(), Vec::new());
            for id in &ids {
                let get = crm.read_again(connector, stream, id);
                match crm.holding(&self.lease, &self.options.stop, async { Ok(get.await) }).await? {
                    None => return Ok(false),
                    Some((seen, Ok(record))) => batch.extend_seen(seen, [record]),
                    Some((seen, Err(error))) if error.is_not_found() => batch.remove_seen(seen, stream, id),
                    // It is there and cannot be read: the run has its row among the rejected ones.
                    Some((_, Err(error))) if error.retry() == Retry::Never && !error.is_refused() => {}
                    // A 404 that may be a gateway's says neither that it is there nor that it is gone, however often
                    // it is asked: that must not keep everything behind it from being read.
                    Some((_, Err(error))) if error.is_nowhere() => nowhere.push(id.clone()),
                    Some((_, Err(error))) => return Err(error),
                }
            }
            let batch = prepare(batch, self.rules).await?;
            if !self.put(&batch, 0, Vec::new(), None).await? {
                return Ok(false);
            }
            // What can be found and not be read stays among them: it is not asked for twice.
            after = Some(last);
        }
        if !nowhere.is_empty() {
            let count = nowhere.len();
            nowhere.truncate(NAMED);
            self.note(format!(
                "{count} were not shown, and a 404 that may be a gateway's answered when they were read by id, so they \
                 were left alone: {}",
                nowhere.join(", ")
            ));
        }
        Ok(true)
    }
}

/// Pages that are written together, as one.
struct Pages {
    page: Page<Record>,
    count: u64,
    /// When the first page was asked for, by the vendor's clock.
    first_seen: OffsetDateTime,
    /// When the pages after it were, with the position of their first records.
    seen: Vec<(usize, OffsetDateTime)>,
}

/// Pages that only have to be planned and written.
struct Ready {
    batch: Arc<Prepared>,
    /// Where the next pages start.
    next: Option<Cursor>,
    rejected: Vec<Rejected>,
    /// How many pages they were.
    count: u64,
}

/// What fetching ahead needs while the pages before are written.
struct Ahead<'a> {
    crm: &'a Crm,
    connector: &'a dyn Connector,
    rules: &'a Arc<Rules>,
    account: &'a Account,
    stream: Stream,
    lease: Lease,
    stop: Stop,
    query: ListQuery,
    records: usize,
    /// How many pages a list may have whose length the vendor does not say.
    most: u64,
    /// Cursors of this scan, as hashes: one that comes again is a circle.
    walked: Mutex<Walked>,
}

#[derive(Default)]
struct Walked {
    cursors: HashSet<u64>,
    rows: u64,
    pages: u64,
    total: Option<u64>,
}

impl Walked {
    /// How many pages there may be: a generous multiple of what the vendor's count needs.
    fn most(&self, without_total: u64) -> u64 {
        let per_page = (self.rows / self.pages.max(1)).max(1);
        self.total.map_or(without_total, |total| 1_000 + 4 * (total / per_page))
    }
}

impl Ahead<'_> {
    /// Hands on these pages and all that follow, each made ready while the next are read. An error comes after the pages
    /// before it; nothing more comes after the stop signal.
    async fn run(&self, first: Pages, send: mpsc::Sender<SyncResult<Ready>>) {
        let mut fetched = Ok(Some(first));
        // So many pages are on the way as there are places for them.
        while let Ok(place) = send.reserve().await {
            let pages = match fetched {
                Ok(Some(pages)) => pages,
                Ok(None) => return,
                Err(error) => return place.send(Err(error)),
            };
            match pages.page.next.clone() {
                None => return place.send(self.ready(pages).await),
                Some(cursor) => {
                    let ready = async { place.send(self.ready(pages).await) };
                    ((), fetched) = tokio::join!(ready, self.fetch(Some(cursor)));
                }
            }
        }
    }

    async fn ready(&self, pages: Pages) -> SyncResult<Ready> {
        let Pages { page, count, first_seen, seen } = pages;
        let (next, rejected) = (page.next.clone(), page.rejected.clone());
        let mut batch = Batch::of_page(self.account.clone(), self.stream, page);
        batch.seen_at = Some(first_seen);
        batch.seen_from = seen;
        Ok(Ready { batch: prepare(batch, self.rules).await?, next, rejected, count })
    }

    /// The next pages: as many as come quickly, up to the records that are written together. `None` when the stop
    /// signal comes first.
    async fn fetch(&self, cursor: Option<Cursor>) -> SyncResult<Option<Pages>> {
        let begun = Instant::now();
        let Some((first_seen, page)) = self.page(cursor).await? else { return Ok(None) };
        let mut pages = Pages { page, count: 1, first_seen, seen: Vec::new() };
        while pages.page.records.len() < self.records && begun.elapsed() < QUICK && !self.stop.is_stopped() {
            let Some(cursor) = pages.page.next.clone() else { break };
            // What was read so far is written first; an error will be there again when its page is asked for alone.
            let Ok(Some((seen, mut page))) = self.page(Some(cursor)).await else { break };
            pages.seen.push((pages.page.records.len(), seen));
            pages.page.records.append(&mut page.records);
            pages.page.removed.append(&mut page.removed);
            pages.page.rejected.append(&mut page.rejected);
            pages.page.next = page.next;
            pages.count += 1;
        }
        Ok(Some(pages))
    }

    fn walked(&self) -> std::sync::MutexGuard<'_, Walked> {
        self.walked.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// One page, and the instant before it was asked for, by the vendor's clock.
    async fn page(&self, cursor: Option<Cursor>) -> SyncResult<Option<(OffsetDateTime, Page<Record>)>> {
        let wrong = |what: &str| {
            SyncError::from(Error::new(ErrorKind::Unexpected, what).with_context(self.stream.as_str()))
        };
        let followed = cursor.as_ref().map(hash_of);
        if followed.is_some_and(|cursor| self.walked().cursors.contains(&cursor)) {
            return Err(wrong(
                "the vendor gives a cursor that was followed already: the list goes in a circle",
            ));
        }
        let query = self.query.clone().with_cursor(cursor);
        let begun = self.crm.clock.now();
        let list = async { Ok(self.connector.list(self.stream, &query).await?) };
        let Some(page) = self.crm.holding(&self.lease, &self.stop, list).await? else { return Ok(None) };
        let seen = begun.saturating_add(self.connector.skew().unwrap_or_default());
        let mut walked = self.walked();
        walked.cursors.extend(followed);
        walked.pages += 1;
        walked.rows += page.records.len() as u64;
        walked.total = page.total.or(walked.total);
        if walked.pages > walked.most(self.most) {
            return Err(wrong("the list does not end: it has far more pages than it should"));
        }
        Ok(Some((seen, page)))
    }
}

fn hash_of(cursor: &Cursor) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    cursor.hash(&mut hasher);
    hasher.finish()
}

/// The run with what a plan counts.
pub(crate) fn counted(run: &Run, changes: &ChangeSet, pages: u64) -> Run {
    let mut run = run.clone();
    run.counts.add(changes.counts);
    run.pages += pages;
    run.duplicates += duplicates(changes);
    run
}

/// How many records were recognised by a key as somebody who was there.
fn duplicates(changes: &ChangeSet) -> u64 {
    let linked = |audit: &&Audit| matches!(audit, Audit::Linked { why: LinkReason::Key { .. }, .. });
    changes.audit.iter().filter(linked).count() as u64
}

/// Whether a record of a shop is known in full, so that a document's mention of it needs no reading.
pub(crate) async fn is_known(crm: &Crm, account: &Account, customer: &str) -> SyncResult<bool> {
    let id = pos_core::identity::SubjectId::customer(account, customer);
    Ok(crm.store.subject(&id).await?.is_some_and(|subject| !subject.stub))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn however_many_are_missing_they_are_counted_beyond_the_brake() {
        // The brake of three million rows, of which a million were not shown.
        let (missing, brake) = (1_000_000_u32, 150_000);
        let asked = Mutex::new(0);
        let ids = |after: Option<String>, limit: u32| {
            *asked.lock().unwrap() += 1;
            let first = after.map_or(0, |after| after.parse::<u32>().unwrap() + 1);
            let piece = (first..missing.min(first + limit)).map(|id| format!("{id:07}")).collect();
            async move { StoreResult::<Vec<String>>::Ok(piece) }
        };
        assert!(count_up_to(brake, &ids).await.unwrap() > brake);
        assert_eq!(*asked.lock().unwrap(), 16, "and not all of them");
        assert_eq!(count_up_to(u64::MAX, &ids).await.unwrap(), 1_000_000);
    }
}
