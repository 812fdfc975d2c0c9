//! The hub: a store, the identity rules of the CRM, and the links of its shops.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crm_merge::{
    Batch, ChangeSet, ContactId, Decision, Edit, LinkRules, Outbox, Prepared, Push, Rules, Suggestion,
    Suggestions, Want,
};
use pos_core::connector::{Connector, OrderPush, ShopInfo};
use pos_core::identity::{IdentityRules, SubjectId};
use pos_core::record::{Account, Record};
use pos_core::{Clock, MergePolicy};
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::error::{SyncError, SyncResult};
use crate::model::{Boxed, Lease, Link, LinkOptions, LinkStatus, LinkTurn};
use crate::observe::{All, Event, Observer, Stop};
use crate::quota::StoreQuota;
use crate::store::{Commit, ContactQuery, Store, StoreError};

/// How often a plan is made anew because the data changed meanwhile.
const REPLANS: u32 = 20;

/// How long a lease lasts without being renewed: as long as a dead worker blocks its work.
const LEASE: Duration = Duration::from_secs(60);

/// A CRM that follows shops. Cheap to clone; one is enough for a process.
///
/// Shops come in by [`connect`](Crm::connect) and [`pull`](Crm::pull), or all by [`follow`](Crm::follow); what people do and
/// a host's own import go the same road:
///
/// ```
/// use std::sync::Arc;
///
/// use crm_merge::{Batch, ContactId, Edit};
/// use pos_core::record::{Account, ContactPoints, CustomerRecord, PhoneSource, Record, Vendor};
/// use pos_sync::{Crm, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let crm = Crm::new(Arc::new(MemoryStore::new()));
/// let lan = ContactId::new("crm-7");
/// let typed = Edit::new(lan.clone(), time::OffsetDateTime::now_utc())
///     .with_field("name", "Lan Mẫu")
///     .with_field("phones", serde_json::json!(["0912 000 123"]));
/// crm.edit(typed).await?;
///
/// // A row of the host's own with the same number is the same person.
/// let mut points = ContactPoints::default();
/// points.phone(Some("+84 912 000 123"), PhoneSource::Own);
/// let row = CustomerRecord { id: "41".into(), phones: points.phones, ..CustomerRecord::default() };
/// let import = Batch::new(Account::new(Vendor::new("till"), "corner"), vec![Record::from(row)]);
/// let changes = crm.apply(&import).await?;
/// assert_eq!((changes.counts.created, crm.store().subjects(&lan).await?.len()), (0, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Crm {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) observer: All,
    pub(crate) clock: Clock,
    policies: Arc<BTreeMap<String, Arc<dyn MergePolicy>>>,
    /// Somebody put something into a box.
    pub(crate) bell: Arc<Notify>,
    identity: Arc<IdentityRules>,
    #[cfg(feature = "credentials")]
    pub(crate) keyring: Option<Arc<crate::keyring::Keyring>>,
    holder: Arc<str>,
}

/// What connecting a shop found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connected {
    /// The link.
    pub link: Link,
    /// What the credentials open.
    pub shop: ShopInfo,
    /// Whether the shop was connected before.
    pub again: bool,
}

/// Runs what keeps a core busy on a thread that nothing else waits for.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> SyncResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => {
                let what = "the runtime is going away".into();
                Err(StoreError::Unavailable { what, source: None }.into())
            }
        },
    }
}

/// Reads a batch by the rules, on another thread.
pub(crate) async fn prepare(batch: Batch, rules: &Arc<Rules>) -> SyncResult<Arc<Prepared>> {
    let by = Arc::clone(rules);
    Ok(Arc::new(beside(move || Prepared::new(batch, &by)).await?))
}

/// A name that no other worker has: process, instant of its start, and a count.
fn holder() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let started = Clock::default().now().unix_timestamp_nanos();
    format!("{}-{started}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Crm {
    /// A CRM on a store, with the default identity rules.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            observer: All(Vec::new()),
            clock: Clock::default(),
            policies: Arc::default(),
            bell: Arc::default(),
            identity: Arc::new(IdentityRules::default()),
            #[cfg(feature = "credentials")]
            keyring: None,
            holder: holder().into(),
        }
    }

    /// With identity rules of its own. They hold for all shops: two shops' records are compared by one set of rules.
    #[must_use]
    pub fn with_identity(mut self, identity: IdentityRules) -> Self {
        self.identity = Arc::new(identity);
        self
    }

    /// With somebody (else) who watches. All observers hear everything.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer.0.push(observer);
        self
    }

    /// With a clock other than the system's. Give the connectors the same one.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// With a merge policy of the host's own, which links name by [`MergePolicy::name`]: `Policy::Named(name)`.
    #[must_use]
    pub fn with_policy(mut self, policy: Arc<dyn MergePolicy>) -> Self {
        Arc::make_mut(&mut self.policies).insert(policy.name().to_owned(), policy);
        self
    }

    /// The link of a shop that work begins with. What the vendor knows of its customers is taken into its rules, in case an
    /// earlier release connected it.
    pub(crate) async fn linked(&self, connector: &dyn Connector) -> SyncResult<Link> {
        let mut link = self.enabled(connector.account()).await?;
        self.share_quota(connector);
        if link.rules.heed(&connector.identity_hints()) {
            self.store.put_link(&link).await?;
        }
        Ok(link)
    }

    /// Lets a connector share the quota of its account with every other worker on this store.
    fn share_quota(&self, connector: &dyn Connector) {
        if let Some(pacer) = connector.pacer() {
            pacer.share(Arc::new(StoreQuota {
                store: Arc::clone(&self.store),
                account: connector.account().clone(),
                clock: self.clock.clone(),
            }));
        }
    }

    /// What time it is at a vendor, as far as its answers told.
    pub(crate) fn vendor_now(&self, connector: &dyn Connector) -> OffsetDateTime {
        self.clock.now().saturating_add(connector.skew().unwrap_or_default())
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Connects a shop: checks the credentials, keeps the link and the branches. A shop that is connected already keeps
    /// its place in every stream and gets the new rules; one that was disconnected catches up from where it stopped,
    /// unless the options say to skip the gap.
    ///
    /// # Errors
    /// When the credentials are refused, or the rules cannot be followed. Nothing is kept then.
    ///
    /// # Cancel safety
    /// When dropped, the link may be kept without its branches, or not at all; connecting again makes it whole.
    pub async fn connect(
        &self,
        connector: &dyn Connector,
        rules: LinkRules,
        options: LinkOptions,
    ) -> SyncResult<Connected> {
        let account = connector.account().clone();
        let mut rules = rules;
        for field in rules.mapping.vendor_fields() {
            if !connector.custom_fields().iter().any(|kept| kept == field) {
                return Err(SyncError::MissingField { account, field: field.to_owned() });
            }
        }
        self.bare_rules().with_link(account.clone(), connector.display_name(), rules.clone()).validate()?;
        self.share_quota(connector);
        let shop = self.overheard(&account, connector.check()).await?;
        if shop.account != account {
            return Err(SyncError::OtherShop { wanted: account, opened: shop.account });
        }
        rules.separate_branches |= shop.separates_customers_by_branch;
        rules.heed(&connector.identity_hints());
        if connector.capabilities().vendor_id_alone {
            rules.match_by.get_or_insert_default();
        }
        let known = self.store.link(&account).await?;
        let now = self.clock.now();
        let mut link = Link::new(account.clone(), rules, options, now);
        link.shop_name = shop.name.clone();
        link.vendor_name = connector.display_name().to_owned();
        let was_gone = known.as_ref().is_some_and(|link| link.status == LinkStatus::Disconnected);
        if was_gone && link.options.skip_gap {
            for (stream, _) in connector.capabilities().streams {
                let mut checkpoint = self.store.checkpoint(&account, stream).await?;
                checkpoint.complete_to = checkpoint.complete_to.map(|_| self.vendor_now(connector));
                checkpoint.window = None;
                self.store.put_checkpoint(&account, stream, &checkpoint).await?;
            }
        }
        self.store.put_link(&link).await?;
        for of in [Boxed::Inbox, Boxed::Outbox] {
            self.store.wake(&account, of, now).await?;
        }
        let branches = shop.branches.iter().cloned().map(Record::from).collect();
        let batch = Batch::new(account, branches).with_seen_at(self.vendor_now(connector));
        self.apply(&batch).await?;
        self.observer.on(&Event::Link { link: &link });
        self.bell.notify_waiters();
        Ok(Connected { link, shop, again: known.is_some() })
    }

    async fn set_status(&self, account: &Account, status: LinkStatus) -> SyncResult<()> {
        self.store.link(account).await?.ok_or_else(|| SyncError::NotConnected(account.clone()))?;
        self.turn(LinkTurn::new(account.clone(), status)).await
    }

    /// Turns a link: not the link that was read a while ago, but what it is when it is written.
    async fn turn(&self, turn: LinkTurn) -> SyncResult<()> {
        let mut commit = Commit::default();
        commit.links.push(turn);
        self.store.commit(&commit).await?;
        self.tell_turns(&commit.links).await
    }

    /// Tells who watches of links that turned, as they are now; one that did not turn is not told.
    pub(crate) async fn tell_turns(&self, turns: &[LinkTurn]) -> SyncResult<()> {
        for turn in turns {
            let link = self.store.link(&turn.account).await?;
            if let Some(link) = link.filter(|link| link.status == turn.to && link.reason == turn.reason) {
                self.observer.on(&Event::Link { link: &link });
            }
        }
        Ok(())
    }

    /// Notes that the vendor refuses the credentials, or that it accepts them again. What waits goes on waiting.
    pub(crate) async fn park(&self, account: &Account, error: Option<&SyncError>) -> SyncResult<()> {
        let Some(link) = self.store.link(account).await? else { return Ok(()) };
        let (from, to) = match error {
            Some(_) => (LinkStatus::Enabled, LinkStatus::Parked),
            None => (LinkStatus::Parked, LinkStatus::Enabled),
        };
        if link.status != from {
            return Ok(());
        }
        let reason = error.map(|error| format!("{error}: connect the shop again"));
        self.turn(LinkTurn::of(&link, &[from], to, reason)).await
    }

    /// Lets a paused link work again.
    ///
    /// # Errors
    /// When the shop is not connected.
    pub async fn enable(&self, account: &Account) -> SyncResult<()> {
        self.set_status(account, LinkStatus::Enabled).await
    }

    /// Pauses a link: pulls, webhooks and pushes stop at their next page.
    ///
    /// # Errors
    /// When the shop is not connected.
    pub async fn disable(&self, account: &Account) -> SyncResult<()> {
        self.set_status(account, LinkStatus::Disabled).await
    }

    /// Takes a shop away: everything stops at its next page, data stays. What opened it, as far as it was kept, is forgotten first.
    ///
    /// # Errors
    /// When the shop is not connected; what was kept is forgotten all the same.
    pub async fn disconnect(&self, account: &Account) -> SyncResult<()> {
        self.store.put_sealed(account, None).await?;
        self.set_status(account, LinkStatus::Disconnected).await
    }

    /// The link of a shop, if it works, or is tried again after the vendor refused its credentials.
    pub(crate) async fn enabled(&self, account: &Account) -> SyncResult<Link> {
        let link = self.store.link(account).await?.ok_or_else(|| SyncError::NotConnected(account.clone()))?;
        match link.status {
            LinkStatus::Enabled | LinkStatus::Parked => Ok(link),
            status => Err(SyncError::NotEnabled { account: account.clone(), status }),
        }
    }

    /// All rules as they are now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rules(&self) -> SyncResult<Arc<Rules>> {
        let links = self.store.links().await?;
        Ok(Arc::new(links.into_iter().fold(self.bare_rules(), |rules, link| {
            rules.with_link(link.account, link.vendor_name, link.rules)
        })))
    }

    fn bare_rules(&self) -> Rules {
        let rules = Rules::new((*self.identity).clone());
        self.policies.values().fold(rules, |rules, policy| rules.with_named_policy(Arc::clone(policy)))
    }

    /// What a batch would do: a dry run.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn preview(&self, batch: &Batch, rules: &Arc<Rules>) -> SyncResult<ChangeSet> {
        self.plan(&prepare(batch.clone(), rules).await?).await
    }

    /// Plans on other threads, so that the task can read pages meanwhile. Nothing is written there: when the caller goes
    /// away, a plan is lost and nothing else.
    pub(crate) async fn plan(&self, batch: &Arc<Prepared>) -> SyncResult<ChangeSet> {
        let snapshot = self.store.snapshot(batch.wants()).await?;
        let (of, now) = (Arc::clone(batch), self.clock.now());
        beside(move || of.plan(snapshot, now)).await
    }

    /// Plans a batch and commits it together with whatever `complete` adds; plans again when the data changed meanwhile.
    pub(crate) async fn commit(
        &self,
        batch: Batch,
        rules: &Arc<Rules>,
        complete: impl FnMut(ChangeSet) -> Commit,
    ) -> SyncResult<Commit> {
        self.commit_prepared(&prepare(batch, rules).await?, complete).await
    }

    /// [`commit`](Crm::commit) of a batch that was read already.
    pub(crate) async fn commit_prepared(
        &self,
        batch: &Arc<Prepared>,
        mut complete: impl FnMut(ChangeSet) -> Commit,
    ) -> SyncResult<Commit> {
        let mut tries = 0;
        loop {
            let commit = Arc::new(complete(self.plan(batch).await?));
            match self.store.commit_shared(&commit).await {
                Ok(()) => return Ok(Arc::unwrap_or_clone(commit)),
                Err(StoreError::Conflict) if tries < REPLANS => {
                    tries += 1;
                    // Whoever was faster gets out of the way.
                    sleep(Duration::from_millis(u64::from(tries) * 2)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Plans and commits facts that come from elsewhere than a pull: a host's own import, records at hand.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn apply(&self, batch: &Batch) -> SyncResult<ChangeSet> {
        let rules = self.rules().await?;
        self.apply_by(batch.clone(), &rules).await
    }

    pub(crate) async fn apply_by(&self, batch: Batch, rules: &Arc<Rules>) -> SyncResult<ChangeSet> {
        let account = batch.account.clone();
        let changes = self.commit(batch, rules, Commit::of).await?.changes;
        self.observer.on(&Event::Changed { account: &account, changes: &changes });
        Ok(changes)
    }

    fn own(&self) -> Batch {
        Batch::new(Account::new(pos_core::Vendor::new("host"), "crm"), Vec::new())
    }

    /// Keeps what a person typed into a contact, or makes the contact.
    ///
    /// # Errors
    /// [`SyncError::Unreadable`] when a phone number or e-mail address is none, and when the store fails.
    pub async fn edit(&self, edit: Edit) -> SyncResult<ChangeSet> {
        if let Some((field, expected)) = edit.unreadable() {
            return Err(SyncError::Unreadable { field: field.to_owned(), expected });
        }
        let mut batch = self.own();
        batch.edits.push(edit);
        self.apply(&batch).await
    }

    /// Keeps what a person decided about two records: that they are the same, or that they are not. It wins over every
    /// rule until it is taken back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn decide(&self, decision: Decision) -> SyncResult<ChangeSet> {
        let mut batch = self.own();
        batch.decisions.push(decision);
        self.apply(&batch).await
    }

    /// Takes a decision back: the rules hold again, and the contacts come out as if it had never been made.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke(&self, decision: Decision) -> SyncResult<ChangeSet> {
        let mut batch = self.own();
        batch.revoked.push(decision);
        self.apply(&batch).await
    }

    /// Contacts over the whole CRM that may be the same person although the rules keep them apart. Accept one with
    /// [`decide`](Crm::decide), and undo that with [`revoke`](Crm::revoke), decision by decision. Two of whom a person
    /// decided that they are not the same are not suggested again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn suggestions(&self) -> SyncResult<Vec<Suggestion>> {
        let rules = self.rules().await?;
        let mut suggestions = Suggestions::new(&rules);
        let mut after = None;
        loop {
            let page = self.store.contacts(&ContactQuery::page(after, 500)).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            for contact in &page {
                let record = match contact.host_made {
                    true => {
                        self.store.subjects(&contact.id).await?.into_iter().next().map(|subject| subject.id)
                    }
                    false => None,
                };
                suggestions.push(contact, record);
            }
        }
        // Decisions are about records; what a contact's other records are told of counts for it too.
        for records in suggestions.candidates().chunks(500) {
            let mut want = Want::default();
            want.subjects.extend(records.iter().cloned());
            let snapshot = self.store.snapshot(&want).await?;
            let contact = |id: &SubjectId| snapshot.subjects.get(id)?.contact.as_ref();
            for (left, right) in snapshot.decisions.iter().map(Decision::pair) {
                if let (Some(left), Some(right)) = (contact(left), contact(right)) {
                    suggestions.decided(left, right);
                }
            }
        }
        Ok(suggestions.finish())
    }

    /// Puts a contact into the outbox of a shop. What is written is what the contact is when it is sent, and only what the
    /// CRM changed since both sides last agreed; a contact that nobody changed is not sent. A push of the same contact that
    /// still waits is replaced.
    ///
    /// # Errors
    /// When there is no such contact, or the link does not work.
    pub async fn push_contact(&self, account: &Account, contact: &ContactId) -> SyncResult<()> {
        if !self.enabled(account).await?.options.push_customers {
            return Err(SyncError::OneWay { account: account.clone(), what: "customers" });
        }
        let contact =
            self.store.contact(contact).await?.ok_or_else(|| SyncError::NoContact(contact.clone()))?;
        let push = Push::Contact { reference: contact.id.to_string() };
        self.enqueue(Outbox::new(account.clone(), push, Some(contact.id))).await
    }

    /// Puts an order into the outbox of a shop. The buyer is the contact's customer there; a contact that the shop does
    /// not know is pushed first. Who cannot be pushed (no e-mail address at WooCommerce, say) buys as a guest where the
    /// vendor has guests ([`Capabilities::guest_orders`](pos_core::Capabilities::guest_orders)).
    ///
    /// # Errors
    /// When the link does not work.
    pub async fn push_order(
        &self,
        account: &Account,
        contact: Option<ContactId>,
        push: OrderPush,
    ) -> SyncResult<()> {
        if !self.enabled(account).await?.options.push_orders {
            return Err(SyncError::OneWay { account: account.clone(), what: "orders" });
        }
        self.enqueue(Outbox::new(account.clone(), Push::Order(Box::new(push)), contact)).await
    }

    async fn enqueue(&self, entry: Outbox) -> SyncResult<()> {
        let mut changes = ChangeSet::default();
        changes.outbox.push(entry);
        self.store.commit(&Commit::of(changes)).await?;
        self.bell.notify_waiters();
        Ok(())
    }

    /// Runs work whose failed requests the observers hear of, each at once.
    pub(crate) async fn overheard<T>(&self, account: &Account, work: impl Future<Output = T>) -> T {
        let (observer, account) = (self.observer.clone(), account.clone());
        let tell = move |asking: &pos_core::http::AskingAgain<'_>| {
            observer.on(&Event::AskingAgain { account: &account, asking });
        };
        pos_core::http::telling(tell, work).await
    }

    /// Takes a lease, or says that somebody else has it.
    pub(crate) async fn lease(&self, name: &str) -> SyncResult<Lease> {
        let now = self.clock.now();
        let lease = self.store.acquire(name, &self.holder, now, now + LEASE).await?;
        lease.ok_or_else(|| SyncError::Busy { what: name.to_owned() })
    }

    /// Waits for something while holding on to a lease. `None` when the stop signal comes first.
    pub(crate) async fn holding<T>(
        &self,
        lease: &Lease,
        stop: &Stop,
        work: impl Future<Output = SyncResult<T>>,
    ) -> SyncResult<Option<T>> {
        tokio::select! {
            biased;
            done = self.keeping(lease, work) => done.map(Some),
            () = stop.stopped() => Ok(None),
        }
    }

    /// Waits for something while holding on to a lease, whatever anybody says.
    pub(crate) async fn keeping<T>(
        &self,
        lease: &Lease,
        work: impl Future<Output = SyncResult<T>>,
    ) -> SyncResult<T> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = sleep(LEASE / 3) => self.keep(lease).await?,
            }
        }
    }

    /// Holds on to a lease, or says that it was lost.
    pub(crate) async fn keep(&self, lease: &Lease) -> SyncResult<()> {
        match self.store.renew(lease, self.clock.now() + LEASE).await? {
            true => Ok(()),
            false => Err(StoreError::LeaseLost(lease.name.clone()).into()),
        }
    }
}
