//! Reading a shop: page after page, each committed with the place where the next one starts.

use crm_merge::{Audit, Batch, ChangeSet, LinkReason, Rules};
use pos_core::connector::{Connector, ConnectorExt, ListQuery};
use pos_core::record::{Account, Record, Stream};
use pos_core::{Cursor, Error, ErrorKind, Page};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::crm::Crm;
use crate::error::{SyncError, SyncResult};
use crate::model::{Checkpoint, Lease, Link, Rejection, Run, RunKind, RunStatus, Window};
use crate::observe::{Event, Stop, stream_lease};
use crate::store::Commit;

/// Pages that come slower than this are written one by one.
const QUICK: std::time::Duration = std::time::Duration::from_secs(2);

/// What to read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PullOptions {
    /// Only these streams; those of the link when empty.
    pub streams: Vec<Stream>,
    /// Read everything again, whatever the checkpoints say.
    pub full: bool,
    /// Only what changed since this instant. The checkpoint neither counts nor moves.
    pub since: Option<OffsetDateTime>,
    /// Only this branch, of the streams that can tell. The checkpoint neither counts nor moves.
    pub branch: Option<String>,
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
    rules: &'a Rules,
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
    /// Sends one request a page, the next page while this one is committed. May be dropped at any time: what was
    /// committed stays, and the next pull goes on from there.
    ///
    /// # Errors
    /// The first error ends the pull; the runs before it are done and in the history.
    pub async fn pull(&self, connector: &dyn Connector, options: &PullOptions) -> SyncResult<Vec<Run>> {
        let account = connector.account();
        let link = self.enabled(account).await?;
        let rules = self.rules().await?;
        let capabilities = connector.capabilities();
        let mut runs = Vec::new();
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
            runs.push(self.pull_stream(connector, &link, &rules, *stream, options).await?);
        }
        Ok(runs)
    }

    async fn pull_stream(
        &self,
        connector: &dyn Connector,
        link: &Link,
        rules: &Rules,
        stream: Stream,
        options: &PullOptions,
    ) -> SyncResult<Run> {
        let account = &link.account;
        let lease = self.lease(&stream_lease(account, stream)).await?;
        let result = self.open(connector, link, rules, stream, options, lease.clone()).await;
        let result = match result {
            Ok(mut pull) => {
                let outcome = pull.read().await;
                pull.close(outcome).await
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
        rules: &'a Rules,
        stream: Stream,
        options: &'a PullOptions,
        lease: Lease,
    ) -> SyncResult<Pull<'a>> {
        let account = &link.account;
        let caps = connector.capabilities().stream(stream);
        let checkpoint = self.store.checkpoint(account, stream).await?;
        let now = OffsetDateTime::now_utc();
        let going_on = checkpoint.window.clone().filter(|_| !options.is_aside() && !options.full);
        let resumed = going_on.is_some();
        let window = going_on.unwrap_or_else(|| {
            let reach_back = |instant: OffsetDateTime| instant - caps.lag();
            let full_due = match (link.options.full_every(), checkpoint.full_at) {
                (Some(every), Some(last)) => last + every <= now,
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
            let known =
                self.store.runs(Some(account), 100).await?.into_iter().find(|run| run.id == window.run);
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

enum Outcome {
    Done,
    Stopped,
}

impl Pull<'_> {
    fn query(&self) -> ListQuery {
        let caps = self.connector.capabilities().stream(self.stream);
        let mut query = ListQuery::default();
        query.modified_from = self.window.from;
        query.branch_id = self.options.branch.clone();
        query.include_removed = caps.removed && self.window.from.is_some();
        let largest = caps.max_page_size;
        query.page_size =
            self.link.options.page_size.map(|size| if largest > 0 { size.min(largest) } else { size });
        query
    }

    async fn read(&mut self) -> SyncResult<Outcome> {
        let ahead = Ahead {
            crm: self.crm,
            connector: self.connector,
            stream: self.stream,
            lease: self.lease.clone(),
            stop: self.options.stop.clone(),
            query: self.query(),
            records: self.link.options.records_per_commit as usize,
        };
        let Some(mut pages) = ahead.fetch(self.window.cursor.clone()).await? else {
            return Ok(Outcome::Stopped);
        };
        self.run.announced = pages.page.total.or(self.run.announced);
        if self.stream == Stream::Customers && self.window.from.is_none() && self.run.pages == 0 {
            let customers = pages.page.total.unwrap_or_default();
            let large = customers > self.link.options.large_import;
            if large && !self.crm.observer.large_import(&self.link.account, customers) {
                return Err(SyncError::Declined { customers });
            }
        }
        loop {
            // The next pages are under way while these are written.
            let (written, fetched) = match pages.page.next.clone() {
                None => (self.write(pages).await?, None),
                Some(cursor) => {
                    let (written, fetched) = tokio::join!(self.write(pages), ahead.fetch(Some(cursor)));
                    (written?, Some(fetched))
                }
            };
            if !written {
                return Ok(Outcome::Stopped);
            }
            match fetched {
                None => return Ok(Outcome::Done),
                Some(fetched) => match fetched? {
                    Some(following) if !self.options.stop.is_stopped() => pages = following,
                    _ => return Ok(Outcome::Stopped),
                },
            }
        }
    }

    /// Commits pages with the place where the next one starts. False when the link was paused or taken away.
    async fn write(&mut self, pages: Pages) -> SyncResult<bool> {
        let Pages { page, count } = pages;
        let next = page.next.clone();
        let account = self.link.account.clone();
        let rejections: Vec<Rejection> = page
            .rejected
            .iter()
            .map(|rejected| Rejection {
                run: self.run.id,
                stream: Some(self.stream),
                rejected: rejected.clone(),
            })
            .collect();
        let batch = Batch::of_page(account.clone(), self.stream, page);
        let base = self.run.clone();
        if self.options.dry_run {
            let changes = self.crm.preview(&batch, self.rules).await?;
            self.run = counted(&base, &changes, count);
            self.crm.observer.on(&Event::Page { run: &self.run, changes: &changes, rejections: &rejections });
            return Ok(true);
        }
        if self.crm.enabled(&account).await.is_err() {
            return Ok(false);
        }
        let aside = self.options.is_aside();
        let checkpoint = match &next {
            Some(cursor) => {
                let window = Window { cursor: Some(cursor.clone()), ..self.window.clone() };
                Checkpoint { window: Some(window), ..self.checkpoint.clone() }
            }
            None => Checkpoint {
                complete_to: Some(self.window.fixed_at),
                full_at: if self.window.from.is_none() {
                    Some(self.window.fixed_at)
                } else {
                    self.checkpoint.full_at
                },
                window: None,
            },
        };
        let commit = self
            .crm
            .commit(&batch, self.rules, |changes| {
                let mut run = counted(&base, &changes, count);
                if next.is_none() {
                    run.status = RunStatus::Done;
                    run.finished_at = Some(OffsetDateTime::now_utc());
                }
                let mut commit = Commit::of(changes);
                commit.run = Some(run);
                commit.rejections = rejections.clone();
                commit.lease = Some(self.lease.clone());
                commit.checkpoint = (!aside).then(|| (account.clone(), self.stream, checkpoint.clone()));
                commit
            })
            .await?;
        if let Some(run) = commit.run {
            self.run = run;
        }
        self.checkpoint = checkpoint;
        self.window.cursor = next;
        self.crm.observer.on(&Event::Page {
            run: &self.run,
            changes: &commit.changes,
            rejections: &rejections,
        });
        Ok(true)
    }

    async fn close(mut self, outcome: SyncResult<Outcome>) -> SyncResult<Run> {
        self.run.finished_at = Some(OffsetDateTime::now_utc());
        let result = match outcome {
            Ok(Outcome::Done) => {
                self.run.status = RunStatus::Done;
                Ok(())
            }
            Ok(Outcome::Stopped) => {
                self.run.status = RunStatus::Stopped;
                Ok(())
            }
            Err(error) => {
                self.run.status = RunStatus::Failed(error.to_string());
                Err(error)
            }
        };
        if !self.options.dry_run {
            // The error itself matters more than the line about it in the history.
            let kept = self.crm.store.put_run(&self.run).await;
            if result.is_ok() {
                kept?;
            }
        }
        self.crm.observer.on(&Event::Finished { run: &self.run });
        result.map(|()| self.run)
    }
}

/// Pages that are written together, as one.
struct Pages {
    page: Page<Record>,
    count: u64,
}

/// What fetching ahead needs while the pages before are written.
struct Ahead<'a> {
    crm: &'a Crm,
    connector: &'a dyn Connector,
    stream: Stream,
    lease: Lease,
    stop: Stop,
    query: ListQuery,
    records: usize,
}

impl Ahead<'_> {
    /// The next pages: as many as come quickly, up to the records that are written together. `None` when the stop
    /// signal comes first.
    async fn fetch(&self, cursor: Option<Cursor>) -> SyncResult<Option<Pages>> {
        let begun = Instant::now();
        let Some(page) = self.page(cursor).await? else { return Ok(None) };
        let mut pages = Pages { page, count: 1 };
        while pages.page.records.len() < self.records && begun.elapsed() < QUICK && !self.stop.is_stopped() {
            let Some(cursor) = pages.page.next.clone() else { break };
            // What was read so far is written first; an error will be there again when its page is asked for alone.
            let Ok(Some(mut page)) = self.page(Some(cursor)).await else { break };
            pages.page.records.append(&mut page.records);
            pages.page.removed.append(&mut page.removed);
            pages.page.rejected.append(&mut page.rejected);
            pages.page.next = page.next;
            pages.count += 1;
        }
        Ok(Some(pages))
    }

    async fn page(&self, cursor: Option<Cursor>) -> SyncResult<Option<Page<Record>>> {
        let query = self.query.clone().with_cursor(cursor.clone());
        let list = async { Ok(self.connector.list(self.stream, &query).await?) };
        let page = self.crm.holding(&self.lease, &self.stop, list).await?;
        if page.as_ref().is_some_and(|page| page.next.is_some() && page.next == cursor) {
            let what = "the vendor gives the same cursor again";
            return Err(Error::new(ErrorKind::Unexpected, what).with_context(self.stream.as_str()).into());
        }
        Ok(page)
    }
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
    let id = pos_core::identity::SubjectId::customer(account.vendor.as_str(), &account.id, customer);
    Ok(crm.store.subject(&id).await?.is_some_and(|subject| !subject.stub))
}
