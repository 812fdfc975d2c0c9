//! The inbox (webhooks) and the outbox (pushes).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crm_merge::{Batch, Push, Rules};
use pos_core::connector::{Connector, ConnectorExt, OrderPush, Pushed};
use pos_core::record::{Account, DocumentKind, Record, Stream};
use pos_core::webhook::{EventKind, Refusal, WebhookEvent, WebhookRequest, WebhookVerifier};
use pos_core::{ErrorKind, Retry};
use time::OffsetDateTime;

use crate::crm::Crm;
use crate::error::{SyncError, SyncResult};
use crate::model::{Fate, InboxItem, Lease, OutboxItem, Run, RunKind, RunStatus};
use crate::observe::{Event, Stop, lease_name};
use crate::pull::{counted, is_known};
use crate::store::Commit;

/// How often an item is tried before it is laid aside.
const ATTEMPTS: u32 = 12;

/// How many items are worked on together.
const TOGETHER: u32 = 50;

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

/// When a failed item is tried again: seconds, then minutes, up to an hour.
fn later(attempts: u32, error: &SyncError, now: OffsetDateTime) -> Fate {
    // Errors print without personal data.
    let why = error.to_string();
    let backoff = Duration::from_secs(5 << attempts.min(9)).min(Duration::from_secs(3600));
    match error.retry() {
        Retry::Never => Fate::Dead { why },
        _ if attempts + 1 >= ATTEMPTS => Fate::Dead { why },
        Retry::After(wait) => Fate::Later { at: now + wait.max(backoff), why },
        _ => Fate::Later { at: now + backoff, why },
    }
}

impl Worked {
    fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Done => self.done += 1,
            Fate::Later { .. } => self.later += 1,
            Fate::Dead { .. } => self.dead += 1,
        }
    }
}

impl Crm {
    /// Takes in a webhook delivery: proves it, keeps it, and says what to answer. No request is sent and nothing is
    /// merged here, so the answer is ready within milliseconds; [`work_inbox`](Crm::work_inbox) does the rest.
    ///
    /// A refused delivery changes nothing. A delivery that was kept before is answered like a new one.
    ///
    /// # Errors
    /// When the store fails: answer 503, so that the vendor sends it again.
    pub async fn receive(
        &self,
        account: &Account,
        verifier: &dyn WebhookVerifier,
        request: &WebhookRequest<'_>,
    ) -> SyncResult<Received> {
        let read = verifier.verify(request).and_then(|verified| verifier.parse(&verified));
        let delivery = match read {
            Ok(delivery) => delivery,
            Err(refusal) => {
                self.observer.on(&Event::Refused { account, refusal: &refusal });
                let status = verifier.refusal_status(&refusal);
                return Ok(Received { status, accepted: false, refusal: Some(refusal) });
            }
        };
        let works = self.enabled(account).await;
        if let Err(SyncError::Store(error)) = works {
            return Err(error.into());
        }
        if works.is_err() {
            // Nobody listens any more; a refusal would only make the vendor complain.
            return Ok(Received { status: 200, accepted: false, refusal: None });
        }
        let item = InboxItem::new(account.clone(), delivery.id, delivery.events, request.received_at);
        let accepted = self.store.accept(&item).await?;
        Ok(Received { status: 200, accepted, refusal: None })
    }

    /// Works on the deliveries of a shop that are due: reads again what a webhook does not carry in full, plans and
    /// commits with the acknowledgement. Deliveries that fail are tried again later; those that cannot work are laid
    /// aside as dead letters. Returns when nothing is due any more.
    ///
    /// # Errors
    /// When the store fails, the link does not work, or another worker is at it.
    pub async fn work_inbox(&self, connector: &dyn Connector, stop: &Stop) -> SyncResult<Worked> {
        let account = connector.account().clone();
        self.enabled(&account).await?;
        let lease = self.lease(&lease_name(&account, "inbox")).await?;
        let result = self.drain_inbox(connector, &account, &lease, stop).await;
        self.store.release(&lease).await?;
        result
    }

    async fn drain_inbox(
        &self,
        connector: &dyn Connector,
        account: &Account,
        lease: &Lease,
        stop: &Stop,
    ) -> SyncResult<Worked> {
        let rules = self.rules().await?;
        let mut worked = Worked::default();
        let mut run: Option<Run> = None;
        while !stop.is_stopped() && self.enabled(account).await.is_ok() {
            let now = OffsetDateTime::now_utc();
            let items = self.store.inbox(account, now, TOGETHER).await?;
            if items.is_empty() {
                break;
            }
            if run.is_none() {
                let mut new = Run::new(account.clone(), None, RunKind::Webhooks, now);
                new.id = self.store.put_run(&new).await?;
                run = Some(new);
            }
            let digest = self.digest(connector, account, &items);
            let Some((batch, fates)) = self.holding(lease, stop, digest).await? else { break };
            let base = run.clone();
            let commit = self
                .commit(&batch, &rules, |changes| {
                    let mut commit = Commit::default();
                    commit.run = base.as_ref().map(|run| counted(run, &changes, 1));
                    commit.changes = changes;
                    commit.inbox = fates.clone();
                    commit.lease = Some(lease.clone());
                    commit
                })
                .await?;
            for (_, _, fate) in &fates {
                worked.count(fate);
            }
            run = commit.run;
            if let Some(run) = &run {
                self.observer.on(&Event::Page { run, changes: &commit.changes, rejections: &[] });
            }
            if items.iter().flat_map(|item| &item.events).any(|event| event.kind == EventKind::AppUninstalled)
            {
                self.disable(account).await?;
            }
        }
        if let Some(mut run) = run {
            run.status = RunStatus::Done;
            run.finished_at = Some(OffsetDateTime::now_utc());
            self.store.put_run(&run).await?;
            self.observer.on(&Event::Finished { run: &run });
        }
        Ok(worked)
    }

    /// Turns deliveries into facts. An object that several of them name is read once.
    async fn digest(
        &self,
        connector: &dyn Connector,
        account: &Account,
        items: &[InboxItem],
    ) -> SyncResult<(Batch, Vec<(Account, String, Fate)>)> {
        let now = OffsetDateTime::now_utc();
        let mut read: BTreeMap<(Stream, String), Result<Option<Record>, Fate>> = BTreeMap::new();
        let mut batch = Batch::new(account.clone(), Vec::new());
        let mut fates = Vec::with_capacity(items.len());
        for item in items {
            let mut fate = Fate::Done;
            for (stream, id) in item.events.iter().flat_map(|event| to_read(event, connector)) {
                if let Entry::Vacant(slot) = read.entry((stream, id.clone())) {
                    let result = self.read_again(connector, account, stream, &id).await;
                    let result = match result {
                        Ok(record) => Ok(Some(record)),
                        Err(error) if error.is_not_found() => Ok(None),
                        Err(SyncError::Store(error)) => return Err(error.into()),
                        Err(error) => Err(later(item.attempts, &error, now)),
                    };
                    slot.insert(result);
                }
                if let Some(Err(failed)) = read.get(&(stream, id)) {
                    fate = failed.clone();
                }
            }
            if fate == Fate::Done {
                for event in &item.events {
                    take(event, connector, &mut batch);
                }
            }
            fates.push((account.clone(), item.delivery.clone(), fate));
        }
        for ((stream, id), result) in read {
            match result {
                Ok(Some(record)) => batch.records.push(record),
                Ok(None) => batch.removed.push((stream, id)),
                Err(_) => {}
            }
        }
        let buyers: BTreeSet<String> = batch
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Order(order) => order.buyer.as_ref()?.id.clone(),
                _ => None,
            })
            .collect();
        for buyer in buyers {
            let in_batch = batch
                .records
                .iter()
                .any(|record| matches!(record, Record::Customer(known) if known.id == buyer));
            let reads = connector.capabilities().stream(Stream::Customers).get;
            if reads && !in_batch && !is_known(self, account, &buyer).await? {
                // The order itself names the buyer well enough if this fails; the next pull brings the rest.
                if let Ok(record) = connector.get_customer(&buyer).await {
                    batch.records.push(record.into());
                }
            }
        }
        Ok((batch, fates))
    }

    async fn read_again(
        &self,
        connector: &dyn Connector,
        account: &Account,
        stream: Stream,
        id: &str,
    ) -> SyncResult<Record> {
        tracing::debug!(%account, %stream, "reading an object again");
        Ok(connector.get(stream, id).await?)
    }

    /// Sends the pushes of a shop that are due, and keeps what the vendor made of them. Returns when nothing is due any
    /// more.
    ///
    /// # Errors
    /// When the store fails, the link does not work, or another worker is at it.
    pub async fn work_outbox(&self, connector: &dyn Connector, stop: &Stop) -> SyncResult<Worked> {
        let account = connector.account().clone();
        self.enabled(&account).await?;
        let lease = self.lease(&lease_name(&account, "outbox")).await?;
        let result = self.drain_outbox(connector, &account, &lease, stop).await;
        self.store.release(&lease).await?;
        result
    }

    async fn drain_outbox(
        &self,
        connector: &dyn Connector,
        account: &Account,
        lease: &Lease,
        stop: &Stop,
    ) -> SyncResult<Worked> {
        let rules = self.rules().await?;
        let mut worked = Worked::default();
        let mut run: Option<Run> = None;
        while !stop.is_stopped() && self.enabled(account).await.is_ok() {
            let now = OffsetDateTime::now_utc();
            let Some(item) = self.store.outbox(account, now, 1).await?.into_iter().next() else { break };
            if run.is_none() {
                let mut new = Run::new(account.clone(), None, RunKind::Push, now);
                new.id = self.store.put_run(&new).await?;
                run = Some(new);
            }
            // Not interrupted by the stop signal: a write that is under way should be seen to its end.
            let sent = self.holding(lease, &Stop::new(), self.push(connector, &item, &rules)).await;
            let (batch, fate) = match sent {
                Ok(Some(batch)) => (batch, Fate::Done),
                Ok(None) => break,
                Err(SyncError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    self.observer.on(&Event::Error { account, error: &error });
                    (Batch::new(account.clone(), Vec::new()), later(item.attempts, &error, now))
                }
            };
            worked.count(&fate);
            let base = run.clone();
            let commit = self
                .commit(&batch, &rules, |changes| {
                    let mut commit = Commit::default();
                    commit.run = base.as_ref().map(|run| counted(run, &changes, 1));
                    commit.changes = changes;
                    commit.outbox = vec![(item.id, fate.clone())];
                    commit.lease = Some(lease.clone());
                    commit
                })
                .await?;
            run = commit.run;
        }
        if let Some(mut run) = run {
            run.status = RunStatus::Done;
            run.finished_at = Some(OffsetDateTime::now_utc());
            self.store.put_run(&run).await?;
            self.observer.on(&Event::Finished { run: &run });
        }
        Ok(worked)
    }

    async fn push(&self, connector: &dyn Connector, item: &OutboxItem, rules: &Rules) -> SyncResult<Batch> {
        let account = &item.entry.account;
        match &item.entry.push {
            Push::Customer(push) => {
                let mut push = (**push).clone();
                if let Some(contact) = &item.entry.contact
                    && push.vendor_id.is_none()
                {
                    // The shop may have come to know the contact since the push was put here.
                    push.vendor_id =
                        self.customer_push(account, contact).await.ok().and_then(|(_, push)| push.vendor_id);
                }
                let pushed = connector.push_customer(&push).await?;
                let record = match pushed.record {
                    Some(record) => record,
                    None => connector.get_customer(&pushed.id).await?,
                };
                let mut batch = Batch::new(account.clone(), vec![record.into()]);
                if let Some(contact) = &item.entry.contact {
                    // The contact may have gone into another one since the push was put here.
                    batch.pushed_from = self.store.contact(contact).await?.map(|contact| contact.id);
                }
                Ok(batch)
            }
            Push::Order(push) => {
                let mut push = (**push).clone();
                if push.buyer_id.is_none()
                    && let Some(contact) = &item.entry.contact
                {
                    self.find_buyer(connector, account, contact, &mut push, rules).await?;
                }
                let pushed: Pushed<_> = connector.push_order(&push).await?;
                let record = match pushed.record {
                    Some(record) => record,
                    None => connector.get_document(DocumentKind::Order, &pushed.id).await?,
                };
                Ok(Batch::new(account.clone(), vec![record.into()]))
            }
        }
    }

    /// The contact's customer at the shop; made there when the shop does not know the contact.
    async fn find_buyer(
        &self,
        connector: &dyn Connector,
        account: &Account,
        contact: &crm_merge::ContactId,
        push: &mut OrderPush,
        rules: &Rules,
    ) -> SyncResult<()> {
        let (contact, customer) = self.customer_push(account, contact).await?;
        push.buyer_id = customer.vendor_id.clone();
        if push.buyer_id.is_none() && connector.capabilities().push_customer {
            let pushed = connector.push_customer(&customer).await?;
            push.buyer_id = Some(pushed.id.clone());
            let record = match pushed.record {
                Some(record) => record,
                None => connector.get_customer(&pushed.id).await?,
            };
            let mut batch = Batch::new(account.clone(), vec![record.into()]);
            batch.pushed_from = Some(contact);
            self.commit(&batch, rules, Commit::of).await?;
        }
        push.buyer = Some(customer);
        Ok(())
    }

    /// Keeps a shop in step until the stop signal: catches up by list every `every`, and works on both boxes in between.
    /// Errors are told to the observer and waited out.
    pub async fn follow(&self, connector: &dyn Connector, every: Duration, stop: &Stop) {
        let account = connector.account().clone();
        let mut next_pull = tokio::time::Instant::now();
        let mut failures = 0u32;
        while !stop.is_stopped() {
            let mut worst: Option<SyncError> = None;
            if tokio::time::Instant::now() >= next_pull {
                let options = crate::PullOptions::default().with_stop(stop.clone());
                match self.pull(connector, &options).await {
                    Ok(_) => next_pull = tokio::time::Instant::now() + every,
                    Err(error) => worst = Some(error),
                }
            }
            worst = self.work_inbox(connector, stop).await.err().or(worst);
            worst = self.work_outbox(connector, stop).await.err().or(worst);
            let wait = match &worst {
                None => {
                    failures = 0;
                    Duration::from_secs(1)
                }
                Some(error) => {
                    failures = failures.saturating_add(1);
                    self.observer.on(&Event::Error { account: &account, error });
                    let backoff = Duration::from_secs(1 << failures.min(8));
                    match error.retry() {
                        Retry::After(wait) => wait.max(backoff),
                        _ => backoff,
                    }
                }
            };
            tokio::select! {
                () = stop.stopped() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

/// The objects that an event does not show in full.
fn to_read(event: &WebhookEvent, connector: &dyn Connector) -> Vec<(Stream, String)> {
    let capabilities = connector.capabilities();
    let reads = |stream: &Stream| capabilities.stream(*stream).get;
    let mut objects: Vec<(Stream, String)> = event
        .related
        .iter()
        .filter(|related| reads(&related.stream))
        .map(|related| (related.stream, related.id.clone()))
        .collect();
    let wants = match event.kind {
        EventKind::Stock => true,
        EventKind::Upsert => event.refetch || event.record.is_none(),
        _ => false,
    };
    if wants && let Some(stream) = event.stream.filter(reads) {
        objects.extend(event.ids.iter().map(|id| (stream, id.clone())));
    }
    objects
}

/// What an event says by itself.
fn take(event: &WebhookEvent, connector: &dyn Connector, batch: &mut Batch) {
    let read_again = !to_read(event, connector).is_empty();
    match (event.kind, event.stream) {
        (EventKind::Upsert, _) if !read_again => batch.records.extend(event.record.clone()),
        (EventKind::Delete, Some(stream)) => {
            batch.removed.extend(event.ids.iter().map(|id| (stream, id.clone())));
        }
        _ => {}
    }
}

/// Whether an error means that the credentials no longer work.
pub fn needs_reconnect(error: &SyncError) -> bool {
    matches!(error, SyncError::Vendor(error) if matches!(error.kind(), ErrorKind::Auth | ErrorKind::Forbidden))
}
