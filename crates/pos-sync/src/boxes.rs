//! The inbox: webhooks are kept as they come, and read when their turn comes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crm_merge::Batch;
use pos_core::connector::{Connector, ConnectorExt};
use pos_core::record::{Account, Record, Stream};
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Verified, WebhookEvent, WebhookRequest, WebhookVerifier,
};
use pos_core::{ErrorKind, Rejected, Retry};
use time::OffsetDateTime;

use crate::crm::Crm;
use crate::error::{SyncError, SyncResult};
use crate::model::{
    Boxed, Fate, InboxItem, Lease, LinkStatus, LinkTurn, Rejection, Retention, Run, RunKind, Settled, Which,
};
use crate::observe::{Event, Observer, Stop, lease_name};
use crate::pull::{Outcome, counted, is_known};
use crate::store::Commit;

/// How often an item is tried before it is laid aside.
const ATTEMPTS: u32 = 12;

/// How many items are worked on together.
const TOGETHER: u32 = 50;

/// How many notes a run keeps.
const MOST_NOTES: usize = 100;

/// What to answer the vendor, and what became of the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The HTTP status to answer with, at once.
    pub status: u16,
    /// Whether the delivery is new and kept.
    pub accepted: bool,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// It was proven and not kept, because the link does not work.
    pub dropped: bool,
}

/// What working on a box did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Worked {
    /// Items that are done.
    pub done: u64,
    /// Items to be tried again.
    pub later: u64,
    /// Items laid aside for a person.
    pub dead: u64,
}

/// How long an item waits whose vendor refuses the credentials. It is woken as soon as they are accepted again.
const REFUSED: Duration = Duration::from_secs(300);

/// When a failed item is tried again: seconds, then minutes, up to an hour. What only a person can mend is laid aside at
/// once; what waits for credentials waits as long as it takes, and that uses up no tries.
pub(crate) fn later(attempts: u32, error: &SyncError, now: OffsetDateTime) -> Fate {
    // Errors print without personal data.
    let why = error.to_string();
    let backoff = Duration::from_secs(5 << attempts.min(10)).min(Duration::from_secs(3600));
    let is_hopeless = match error {
        SyncError::Vendor(error) => matches!(
            error.kind(),
            ErrorKind::Config | ErrorKind::Unsupported | ErrorKind::Rejected | ErrorKind::Conflict
        ),
        SyncError::Store(_) | SyncError::Busy { .. } => false,
        _ => true,
    };
    let asked = match error.retry() {
        Retry::After(wait) => wait.min(pos_core::http::LONGEST_WAIT),
        _ => Duration::ZERO,
    };
    if error.is_refused() {
        return Fate::Waits { at: now + asked.max(REFUSED), why };
    }
    if is_hopeless || attempts + 1 >= ATTEMPTS {
        return Fate::Dead { why };
    }
    Fate::Later { at: now + asked.max(backoff), why }
}

impl Worked {
    pub(crate) fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Done => self.done += 1,
            Fate::Later { .. } | Fate::Waits { .. } => self.later += 1,
            Fate::Dead { .. } => self.dead += 1,
        }
    }
}

/// After so many failures in a row the wait grows no more.
const LONG_FAILED: u32 = 8;

/// How much longer than a vendor's lag an announced object may stay unfindable before the hint is dropped.
const PATIENCE: time::Duration = time::Duration::minutes(10);

/// What reading an object again gave.
enum Sight {
    Alive(OffsetDateTime, Box<Record>),
    Missing(OffsetDateTime),
    Failed(SyncError),
}

/// What a group of deliveries says.
struct Digest {
    batch: Batch,
    settled: Vec<Settled>,
    rejected: Vec<(Option<Stream>, Rejected)>,
    notes: Vec<String>,
    uninstalled: Option<String>,
    /// The vendor answered a read: the credentials work.
    answered: bool,
    refused: Option<SyncError>,
}

impl Crm {
    /// Takes in a webhook delivery: proves it, says which one it is, keeps it as it came, and says what to answer. No
    /// request is sent and nothing is read or merged here, so the answer is ready within milliseconds;
    /// [`work_inbox`](Crm::work_inbox) does the rest.
    ///
    /// A refused delivery changes nothing. A delivery that is known is answered like a new one.
    ///
    /// # Errors
    /// When the store fails: answer 503, so that the vendor sends it again.
    ///
    /// # Cancel safety
    /// When dropped (the vendor hung up), the delivery is kept in full or not at all. Nobody answered it, so it comes again,
    /// and one that was kept is recognised as far as it is remembered.
    pub async fn receive(
        &self,
        account: &Account,
        verifier: &dyn WebhookVerifier,
        request: &WebhookRequest<'_>,
    ) -> SyncResult<Received> {
        let proven = verifier.verify(request).and_then(|verified| {
            let identified = verifier.identify(&verified)?;
            Ok((identified, verified))
        });
        let (identified, verified) = match proven {
            Ok(proven) => proven,
            Err(refusal) => {
                self.observer.on(&Event::Refused { account, refusal: &refusal });
                let status = verifier.refusal_status(&refusal);
                return Ok(Received { status, accepted: false, refusal: Some(refusal), dropped: false });
            }
        };
        self.take_in(account, identified, verified).await
    }

    /// Keeps a delivery that was proven.
    pub(crate) async fn take_in(
        &self,
        account: &Account,
        identified: Identified,
        verified: Verified,
    ) -> SyncResult<Received> {
        let works = self.enabled(account).await;
        if let Err(SyncError::Store(error)) = works {
            return Err(error.into());
        }
        if works.is_err() {
            // Nobody listens any more; a refusal would only make the vendor complain.
            return Ok(Received { status: 200, accepted: false, refusal: None, dropped: true });
        }
        let item = InboxItem::new(account.clone(), identified.id, identified.remember, verified);
        let accepted = self.store.accept(&item).await?;
        self.bell.notify_waiters();
        Ok(Received { status: 200, accepted, refusal: None, dropped: false })
    }

    /// Works on the deliveries of a shop that are due: reads what they say, and reads again at the vendor what they do not
    /// show in full or must not be believed, plans and commits. Returns when nothing is due any more.
    ///
    /// # Errors
    /// When the store fails, the link does not work, or another worker is at it. A vendor's failure is no error here: its
    /// delivery waits.
    ///
    /// # Cancel safety
    /// When dropped, the deliveries at hand (up to 50) wait as before, and are read again; nothing counts as tried. What was
    /// committed stays, the run stays `Running` in the history, and a lease that was held lasts up to a minute: this `Crm` and its clones take it over at
    /// once, any other worker then, or as soon as the store knows that the process is gone.
    pub async fn work_inbox(&self, connector: &dyn Connector, stop: &Stop) -> SyncResult<Worked> {
        let account = connector.account().clone();
        self.linked(connector).await?;
        let lease = self.lease(&lease_name(&account, "inbox")).await?;
        let (mut worked, mut run) = (Worked::default(), None);
        let work = self.drain_inbox(connector, &account, &lease, stop, &mut worked, &mut run);
        let outcome = self.overheard(&account, work).await;
        let result = self.finish_box(run, outcome).await;
        self.store.release(&lease).await?;
        result.map(|()| worked)
    }

    /// Writes how the run of a box ended, where there was anything to do.
    pub(crate) async fn finish_box(&self, run: Option<Run>, outcome: SyncResult<Outcome>) -> SyncResult<()> {
        match run {
            Some(run) => self.finish(run, outcome, true).await.map(drop),
            None => outcome.map(drop),
        }
    }

    /// Notes that the vendor accepts the credentials again, and wakes what waited for that.
    pub(crate) async fn unpark(&self, account: &Account) -> SyncResult<()> {
        if !self.store.link(account).await?.is_some_and(|link| link.status == LinkStatus::Parked) {
            return Ok(());
        }
        self.park(account, None).await?;
        let now = self.clock.now();
        for of in [Boxed::Inbox, Boxed::Outbox] {
            self.store.wake(account, of, now).await?;
        }
        self.bell.notify_waiters();
        Ok(())
    }

    async fn drain_inbox(
        &self,
        connector: &dyn Connector,
        account: &Account,
        lease: &Lease,
        stop: &Stop,
        worked: &mut Worked,
        run: &mut Option<Run>,
    ) -> SyncResult<Outcome> {
        let rules = self.rules().await?;
        while !stop.is_stopped() {
            let link = match self.enabled(account).await {
                Ok(link) => link,
                Err(SyncError::Store(error)) => return Err(error.into()),
                Err(_) => break,
            };
            let now = self.clock.now();
            let items = self.store.inbox(account, now, TOGETHER).await?;
            if items.is_empty() {
                return Ok(Outcome::Done);
            }
            if run.is_none() {
                let mut new = Run::new(account.clone(), None, RunKind::Webhooks, now);
                new.id = self.store.put_run(&new).await?;
                *run = Some(new);
            }
            let digest = self.digest(connector, account, &items);
            let Some(digest) = self.holding(lease, stop, digest).await? else { break };
            let Digest { mut batch, settled, rejected, notes, uninstalled, answered, refused } = digest;
            batch.rejected = rejected.len() as u64;
            // Written with the delivery that says so: a crash in between forgets neither.
            let works = [LinkStatus::Enabled, LinkStatus::Parked];
            let links: Vec<LinkTurn> = uninstalled
                .map(|reason| LinkTurn::of(&link, &works, LinkStatus::Disabled, Some(reason)))
                .into_iter()
                .collect();
            let rejections: Vec<Rejection> = rejected
                .into_iter()
                .map(|(stream, rejected)| Rejection {
                    run: run.as_ref().map_or(0, |run| run.id),
                    stream,
                    rejected,
                })
                .collect();
            let base = run.clone().map(|mut run| {
                run.notes.extend(notes);
                run.notes.truncate(MOST_NOTES);
                run
            });
            let commit = self
                .commit(batch, &rules, |changes| Commit {
                    run: base.as_ref().map(|run| counted(run, &changes, 1)),
                    changes,
                    inbox: settled.clone(),
                    links: links.clone(),
                    rejections: rejections.clone(),
                    lease: Some(lease.clone()),
                    ..Commit::default()
                })
                .await?;
            for settled in &settled {
                worked.count(&settled.fate);
            }
            *run = commit.run;
            if let Some(run) = &*run {
                self.observer.on(&Event::Page { run, changes: &commit.changes, rejections: &rejections });
            }
            self.tell_turns(&links).await?;
            match refused {
                Some(error) => {
                    self.park(account, Some(&error)).await?;
                    self.observer.on(&Event::Error { account, error: &error });
                }
                // A delivery that shows what it tells says nothing about the credentials.
                None if answered => self.unpark(account).await?,
                None => {}
            }
        }
        Ok(Outcome::Stopped)
    }

    /// Turns deliveries into facts. An object that several of them name is read once.
    async fn digest(
        &self,
        connector: &dyn Connector,
        account: &Account,
        items: &[InboxItem],
    ) -> SyncResult<Digest> {
        let now = self.clock.now();
        let mut sights: BTreeMap<(Stream, String), Sight> = BTreeMap::new();
        let mut digest = Digest {
            batch: Batch::new(account.clone(), Vec::new()),
            settled: Vec::with_capacity(items.len()),
            rejected: Vec::new(),
            notes: Vec::new(),
            uninstalled: None,
            answered: false,
            refused: None,
        };
        for item in items {
            let mut events = match read_delivery(connector, &item.verified) {
                Ok(delivery) => {
                    digest.rejected.extend(delivery.rejected.into_iter().map(|rejected| (None, rejected)));
                    delivery.events
                }
                Err(refusal) => {
                    let why = SyncError::Unread(refusal).to_string();
                    digest.settled.push(Settled::new(item, Fate::Dead { why }));
                    continue;
                }
            };
            // What came again while it waited, or is worked on again, may show less than what came in between.
            if item.is_replayed() || item.arrivals > 1 {
                events.iter_mut().for_each(|event| doubt(event, connector));
            }
            // What is believed is stamped by the vendor's clock; a connector that has not heard the vendor yet asks first.
            if connector.skew().is_none()
                && digest.refused.is_none()
                && events.iter().any(is_believed)
                && let Err(error) = connector.check().await
            {
                let error = SyncError::from(error);
                digest.settled.push(Settled::new(item, later(item.attempts, &error, now)));
                digest.refused = error.is_refused().then_some(error);
                continue;
            }
            for (stream, id) in events.iter().flat_map(|event| to_read(event, connector)) {
                if let Entry::Vacant(slot) = sights.entry((stream, id)) {
                    // Who was refused once is refused again: nothing more is asked.
                    if let Some(error) = &digest.refused {
                        slot.insert(Sight::Failed(another(error)));
                        continue;
                    }
                    let (stream, id) = slot.key();
                    let sight = match self.read_again(connector, *stream, id).await {
                        (seen, Ok(record)) => Sight::Alive(seen, Box::new(record)),
                        (seen, Err(error)) if error.is_not_found() => Sight::Missing(seen),
                        (_, Err(SyncError::Store(error))) => return Err(error.into()),
                        (_, Err(error)) => {
                            digest.refused = error.is_refused().then(|| another(&error));
                            Sight::Failed(error)
                        }
                    };
                    digest.answered |= !matches!(sight, Sight::Failed(_));
                    slot.insert(sight);
                }
            }
            let mut fate = Fate::Done;
            for event in &events {
                if let Err(error) = self.take(event, item, connector, &sights, &mut digest).await? {
                    fate = match error {
                        Stay::Failed(error) => later(item.attempts, &error, now),
                        Stay::NotYet(at, why) => Fate::Waits { at, why },
                    };
                }
            }
            digest.settled.push(Settled::new(item, fate));
        }
        for sight in sights.into_values() {
            if let Sight::Alive(seen, record) = sight {
                digest.batch.extend_seen(seen, [*record]);
            }
        }
        if digest.refused.is_none() {
            self.read_buyers(connector, account, &mut digest.batch).await?;
        }
        Ok(digest)
    }

    /// What an event says: facts into the digest, or why its delivery has to stay.
    async fn take(
        &self,
        event: &WebhookEvent,
        item: &InboxItem,
        connector: &dyn Connector,
        sights: &BTreeMap<(Stream, String), Sight>,
        digest: &mut Digest,
    ) -> SyncResult<Result<(), Stay>> {
        let now = self.clock.now();
        let here = connector.skew().unwrap_or_default();
        let received = item.received_at().saturating_add(here);
        let at = event.at.unwrap_or(received).min(now.saturating_add(here));
        if event.kind == EventKind::Upsert && !event.refetch {
            digest.batch.extend_seen(at, event.record.clone());
        }
        let objects = to_read(event, connector);
        for (stream, id) in &objects {
            match sights.get(&(*stream, id.clone())) {
                Some(Sight::Failed(error)) => {
                    return Ok(Err(Stay::Failed(another(error))));
                }
                Some(Sight::Missing(seen)) if event.kind == EventKind::Delete => {
                    digest.batch.remove_seen(*seen, *stream, id.clone());
                }
                Some(Sight::Missing(_)) => {
                    // The vendor's index may lag behind its webhooks.
                    let lag = connector.capabilities().stream(*stream).lag();
                    let age = now - item.received_at();
                    if age < lag + PATIENCE {
                        // Twice as long after its arrival as this time.
                        let wait = age.clamp(time::Duration::seconds(5), PATIENCE);
                        let why = format!("{stream}: announced, and not found yet");
                        return Ok(Err(Stay::NotYet(now + wait, why)));
                    }
                    digest.notes.push(format!("{stream} {id}: announced, and never found"));
                }
                _ => {}
            }
        }
        match (event.kind, event.stream) {
            (EventKind::Upsert, Some(stream)) if is_doubted(event) && !reads(connector, stream) => {
                let ids = event.ids.join(", ");
                digest.notes.push(format!(
                    "{stream} {ids}: announced without a proof, and not given by id; the next list shows it"
                ));
            }
            (EventKind::Delete, Some(stream)) if !event.refetch => {
                for id in &event.ids {
                    digest.batch.remove_seen(at, stream, id.clone());
                }
            }
            (EventKind::Delete, Some(stream)) if objects.is_empty() => {
                let ids = event.ids.join(", ");
                digest
                    .notes
                    .push(format!("{stream} {ids}: said to be deleted without a proof; not believed"));
            }
            (EventKind::AppUninstalled, _) => {
                let confirmed = !event.refetch
                    || match connector.check().await {
                        Ok(_) => false,
                        // A scope that is missing, or a gateway's 403, is no uninstallation.
                        Err(error) if error.kind() == ErrorKind::Auth => true,
                        Err(error) => return Ok(Err(Stay::Failed(error.into()))),
                    };
                if confirmed {
                    digest.uninstalled = Some("the shop uninstalled the app".to_owned());
                } else {
                    digest.notes.push(
                        "an uninstallation was announced without a proof; the credentials still work"
                            .to_owned(),
                    );
                }
            }
            _ => {}
        }
        Ok(Ok(()))
    }

    /// Reads buyers that the CRM does not know yet: a document alone names them, and hardly more.
    async fn read_buyers(
        &self,
        connector: &dyn Connector,
        account: &Account,
        batch: &mut Batch,
    ) -> SyncResult<()> {
        let buyers: BTreeSet<String> = batch
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Order(order) => order.buyer.as_ref()?.id.clone(),
                _ => None,
            })
            .collect();
        if !connector.capabilities().stream(Stream::Customers).get {
            return Ok(());
        }
        for buyer in buyers {
            let in_batch = batch
                .records
                .iter()
                .any(|record| matches!(record, Record::Customer(known) if known.id == buyer));
            if !in_batch && !is_known(self, account, &buyer).await? {
                // The order itself names the buyer well enough if this fails; the next pull brings the rest.
                if let (seen, Ok(record)) = self.read_again(connector, Stream::Customers, &buyer).await {
                    batch.extend_seen(seen, [record]);
                }
            }
        }
        Ok(())
    }

    /// An object as the vendor has it now, and the instant before it was asked for, by the vendor's clock.
    pub(crate) async fn read_again(
        &self,
        connector: &dyn Connector,
        stream: Stream,
        id: &str,
    ) -> (OffsetDateTime, SyncResult<Record>) {
        tracing::debug!(account = %connector.account(), %stream, "reading an object again");
        let begun = self.clock.now();
        let read = connector.get(stream, id).await;
        let seen = begun.saturating_add(connector.skew().unwrap_or_default());
        let checked = match read {
            Ok(record) if !is_called(&record, id) => {
                Err(SyncError::OtherObject { stream, asked: id.to_owned() })
            }
            read => read.map_err(SyncError::from),
        };
        (seen, checked)
    }

    /// Lets deliveries or pushes that failed for good wait again. Says how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revive(&self, account: &Account, of: Boxed, which: &Which) -> SyncResult<u64> {
        let revived = self.store.revive(account, of, which, false, self.clock.now()).await?;
        self.bell.notify_waiters();
        Ok(revived)
    }

    /// Works on deliveries again, those that are done too, as far as they are still kept, by today's rules. Says how many.
    ///
    /// What a delivery shows was true then. So an object that its vendor gives by id is read as it is now; of any other the
    /// delivery counts as seen when it was sent, and changes nothing that was seen later.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay(&self, account: &Account, which: &Which) -> SyncResult<u64> {
        let revived = self.store.revive(account, Boxed::Inbox, which, true, self.clock.now()).await?;
        self.bell.notify_waiters();
        Ok(revived)
    }

    /// Takes deliveries or pushes that failed for good out of their box. Says how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dismiss(&self, account: &Account, of: Boxed, which: &Which) -> SyncResult<u64> {
        Ok(self.store.dismiss(account, of, which).await?)
    }

    /// Forgets what is older than the retention says, a thousand rows at a time, so that nobody waits long. Says how many
    /// rows went.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn purge(&self, retention: &Retention) -> SyncResult<u64> {
        let mut gone = 0;
        loop {
            let now = self.store.purge(retention, self.clock.now(), 1_000).await?;
            gone += now;
            if now == 0 {
                return Ok(gone);
            }
        }
    }

    /// Keeps a shop in step until the stop signal: catches up by list every `every`, and works on both boxes meanwhile, as
    /// soon as something is put into them. Errors are told to the observer and waited out; none of the three waits for
    /// another.
    ///
    /// # Cancel safety
    /// That of [`pull`](Crm::pull), [`work_inbox`](Crm::work_inbox) and [`work_outbox`](Crm::work_outbox): nothing is lost, but
    /// the `stop` signal leaves no lease behind.
    pub async fn follow(&self, connector: &dyn Connector, every: Duration, stop: &Stop) {
        tokio::join!(
            self.follow_lists(connector, every, stop),
            self.follow_box(connector, Boxed::Inbox, stop),
            self.follow_box(connector, Boxed::Outbox, stop),
        );
    }

    async fn follow_lists(&self, connector: &dyn Connector, every: Duration, stop: &Stop) {
        let options = crate::PullOptions::default().with_stop(stop.clone());
        let mut failures = 0u32;
        while !stop.is_stopped() {
            let wait = match self.pull(connector, &options).await {
                Ok(_) => {
                    failures = 0;
                    every
                }
                Err(error) => {
                    let wait = self.back_off(connector.account(), &error, &mut failures);
                    // What does not mend itself makes nobody read the other lists more often than was asked.
                    if failures > LONG_FAILED { wait.max(every) } else { wait }
                }
            };
            tokio::select! {
                () = stop.stopped() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn follow_box(&self, connector: &dyn Connector, of: Boxed, stop: &Stop) {
        let mut failures = 0u32;
        while !stop.is_stopped() {
            let mut rings = std::pin::pin!(self.bell.notified());
            rings.as_mut().enable();
            let worked = match of {
                Boxed::Inbox => self.work_inbox(connector, stop).await,
                Boxed::Outbox => self.work_outbox(connector, stop).await,
            };
            let wait = match worked {
                // Somebody else is at it.
                Ok(_) | Err(SyncError::Busy { .. }) => {
                    failures = 0;
                    Duration::from_secs(1)
                }
                Err(error) => self.back_off(connector.account(), &error, &mut failures),
            };
            tokio::select! {
                () = stop.stopped() => break,
                () = &mut rings => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn back_off(&self, account: &Account, error: &SyncError, failures: &mut u32) -> Duration {
        *failures = failures.saturating_add(1);
        self.observer.on(&Event::Error { account, error });
        let backoff = Duration::from_secs(1 << (*failures).min(LONG_FAILED));
        match error.retry() {
            Retry::After(wait) => wait.max(backoff),
            _ => backoff,
        }
    }
}

/// Why a delivery has to stay.
enum Stay {
    Failed(SyncError),
    NotYet(OffsetDateTime, String),
}

/// The fact under which a release that kept events instead of bodies left them.
const KEPT_EVENTS: &str = "events";

/// Reads a delivery that was kept.
fn read_delivery(connector: &dyn Connector, verified: &Verified) -> Result<Delivery, Refusal> {
    let Some(events) = verified.facts.get(KEPT_EVENTS).filter(|_| verified.body.is_empty()) else {
        let unread = || Refusal::Malformed("this connector reads no deliveries".to_owned());
        return connector.webhooks().ok_or_else(unread)?.parse(verified);
    };
    let mut delivery = Delivery::new("");
    delivery.events = serde_json::from_str(events)
        .map_err(|_| Refusal::Malformed("it was kept by an earlier release".to_owned()))?;
    Ok(delivery)
}

/// Whether a record is what was asked for, by its id or by another name that it has.
fn is_called(record: &Record, name: &str) -> bool {
    record.id() == name
        || match record {
            Record::Customer(customer) => {
                customer.aliases.iter().chain(&customer.code).any(|known| known == name)
            }
            Record::Order(order) => {
                let names = order.aliases.iter().chain(&order.code).chain(&order.reference);
                names.into_iter().any(|known| known == name)
            }
            Record::Product(product) => {
                product.code.as_deref() == Some(name)
                    || product
                        .variants
                        .iter()
                        .any(|variant| variant.id == name || variant.sku.as_deref() == Some(name))
            }
            _ => false,
        }
}

/// Whether the vendor gives an object of a stream by its id.
fn reads(connector: &dyn Connector, stream: Stream) -> bool {
    connector.capabilities().stream(stream).get
}

/// Whether an event changes something without a look at the vendor.
fn is_believed(event: &WebhookEvent) -> bool {
    !event.refetch && matches!(event.kind, EventKind::Upsert | EventKind::Delete)
}

/// Whether an event shows nothing of its object, or must not be believed about it.
fn is_doubted(event: &WebhookEvent) -> bool {
    event.refetch || event.record.is_none()
}

/// What an event shows was true when it was sent: a delivery that is worked on again only says what to read.
fn doubt(event: &mut WebhookEvent, connector: &dyn Connector) {
    let reads = event.stream.is_some_and(|stream| reads(connector, stream));
    event.refetch |= event.kind == EventKind::Upsert && reads && !event.ids.is_empty();
}

/// Errors are not copied; what the scheduler needs of one is.
fn another(error: &SyncError) -> SyncError {
    pos_core::Error::new(error.vendor_kind(), error.to_string()).with_retry(error.retry()).into()
}

/// The objects that an event does not show in full, or that it must not be believed about.
fn to_read(event: &WebhookEvent, connector: &dyn Connector) -> Vec<(Stream, String)> {
    let mut objects: Vec<(Stream, String)> = event
        .related
        .iter()
        .filter(|related| reads(connector, related.stream))
        .map(|related| (related.stream, related.id.clone()))
        .collect();
    let wants = match event.kind {
        EventKind::Stock => true,
        EventKind::Upsert => is_doubted(event),
        EventKind::Delete => event.refetch,
        _ => false,
    };
    if wants && let Some(stream) = event.stream.filter(|stream| reads(connector, *stream)) {
        objects.extend(event.ids.iter().map(|id| (stream, id.clone())));
    }
    objects
}
