//! What a database must do for a sync.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use crm_merge::{ChangeSet, Contact, ContactId, Document, DocumentId, Entry, Snapshot, Subject, Want};
use pos_core::identity::{Key, SubjectId};
use pos_core::record::{Account, Currency, Money, Stream};
use time::OffsetDateTime;

use crate::model::{
    Boxed, Changed, Checkpoint, Fate, InboxItem, Lease, Link, LinkTurn, OutboxItem, Rejection, Retention,
    Run, Settled, Which,
};

/// Why a store could not do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Something that the plan read has changed since: take a new snapshot and plan again.
    #[error("the data changed since the snapshot")]
    Conflict,
    /// The lease is held by somebody else by now.
    #[error("the lease {0} was lost")]
    LeaseLost(String),
    /// The database is busy or away: later may work. Nothing was written.
    #[error("the database is not available: {what}")]
    Unavailable {
        /// What happened, without content.
        what: String,
        /// The error underneath.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The disk is full. Nothing was written.
    #[error("the disk is full")]
    DiskFull,
    /// The database was made by a newer version of this crate.
    #[error("the database has format {found}, this program knows {known}: use a newer program")]
    NewerFormat {
        /// The format of the database.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The content of the database is not what this crate writes.
    #[error("the database cannot be read: {what}")]
    Corrupt {
        /// What is wrong, without content.
        what: String,
        /// The error underneath.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// The result of a store.
pub type StoreResult<T> = Result<T, StoreError>;

/// Everything that is written together, all or nothing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Commit {
    /// The plan.
    pub changes: ChangeSet,
    /// How far a stream is by it.
    pub checkpoint: Option<(Account, Stream, Checkpoint)>,
    /// The run as it is by it; its number must be one that [`Store::put_run`] gave.
    pub run: Option<Run>,
    /// Records that could not be read.
    pub rejections: Vec<Rejection>,
    /// Links that begin or cease to work with it, each as [`LinkTurn::apply`] says; one that does not fit is left out.
    pub links: Vec<LinkTurn>,
    /// Deliveries and what becomes of them.
    pub inbox: Vec<Settled>,
    /// Pushes and what becomes of them.
    pub outbox: Vec<(u64, Fate)>,
    /// A lease that must still be held.
    pub lease: Option<Lease>,
}

impl Commit {
    /// A plan by itself.
    pub fn of(changes: ChangeSet) -> Self {
        Self { changes, ..Self::default() }
    }
}

/// What all documents of a contact add up to, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// The currency.
    pub currency: Currency,
    /// The sum of the ledger rows.
    pub revenue: Money,
    /// How many orders count.
    pub orders: u64,
}

impl Totals {
    /// A sum.
    pub fn new(currency: Currency, revenue: Money, orders: u64) -> Self {
        Self { currency, revenue, orders }
    }
}

/// Which contacts to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactQuery {
    /// Those that are found by this key: a record, a document or the host's own contact has it.
    pub key: Option<Key>,
    /// Those after this id, in the order of ids.
    pub after: Option<ContactId>,
    /// At most so many; 100 when zero.
    pub limit: u32,
}

impl ContactQuery {
    /// The contacts that a key finds.
    pub fn by_key(key: Key) -> Self {
        Self { key: Some(key), ..Self::default() }
    }

    /// One page of all contacts.
    pub fn page(after: Option<ContactId>, limit: u32) -> Self {
        Self { key: None, after, limit }
    }
}

/// How much is in a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Items that wait, due or not.
    pub waiting: u64,
    /// Items that failed for good.
    pub dead: u64,
    /// When the delivery arrived that waits longest; always absent for pushes.
    pub oldest: Option<OffsetDateTime>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Contacts.
    pub contacts: u64,
    /// Records linked to them.
    pub subjects: u64,
    /// Orders, invoices and returns.
    pub documents: u64,
    /// Products, branches, staff, categories and tickets.
    pub entries: u64,
}

/// The database of a CRM as a sync sees it. Hosts with a database of their own implement it and [`Browse`];
/// `pos_testkit::store_contract!` tells whether they did. [`Walk`](crate::Walk) says which rows a snapshot needs, and
/// [`CommitRows`](crate::CommitRows) what a commit writes.
///
/// Every method is one transaction. A method that fails has written nothing. Reads see what was committed before they
/// began. A host reads through [`Browse`], and writes through [`Crm`](crate::Crm).
///
/// # Cancel safety
/// A future may be dropped at any time: what it writes is written in full then, or not at all.
#[async_trait]
pub trait Store: Browse {
    /// The part of the CRM that a plan needs, closed as [`Snapshot`] says, at one instant.
    async fn snapshot(&self, want: &Want) -> StoreResult<Snapshot>;

    /// Writes everything or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something in [`ChangeSet::reads`] was written by a commit after the snapshot's
    /// sequence: a record, a contact, a document, or the set of holders of a key. [`StoreError::LeaseLost`] when the
    /// lease is not held.
    async fn commit(&self, commit: &Commit) -> StoreResult<()>;

    /// [`commit`](Store::commit) of something that can be shared with another thread: a store that makes much of a commit
    /// before it writes can do so there.
    ///
    /// # Errors
    /// As [`commit`](Store::commit).
    async fn commit_shared(&self, commit: &Arc<Commit>) -> StoreResult<()> {
        self.commit(commit).await
    }

    /// Makes or replaces a link.
    async fn put_link(&self, link: &Link) -> StoreResult<()>;
    /// The link of a shop.
    async fn link(&self, account: &Account) -> StoreResult<Option<Link>>;
    /// All links, by account.
    async fn links(&self) -> StoreResult<Vec<Link>>;

    /// Keeps what opens a shop, sealed by somebody else, in the place of what was kept; forgets it with `None`.
    async fn put_sealed(&self, account: &Account, sealed: Option<&str>) -> StoreResult<()>;
    /// Replaces what was kept so, if it is still this. False when it is not.
    async fn replace_sealed(&self, account: &Account, old: &str, new: &str) -> StoreResult<bool>;
    /// What was kept so.
    async fn sealed(&self, account: &Account) -> StoreResult<Option<String>>;
    /// All that was kept so, by account.
    async fn all_sealed(&self) -> StoreResult<Vec<(Account, String)>>;

    /// How far a stream was read.
    async fn checkpoint(&self, account: &Account, stream: Stream) -> StoreResult<Checkpoint>;
    /// Sets how far a stream counts as read, outside of a run (a skipped gap, a forced full read).
    async fn put_checkpoint(
        &self,
        account: &Account,
        stream: Stream,
        checkpoint: &Checkpoint,
    ) -> StoreResult<()>;

    /// What was spent of a quota, with the version under which it was written.
    async fn pace(&self, key: &str) -> StoreResult<Option<(u64, String)>>;
    /// Writes what was spent of a quota, unless somebody wrote since `version` (0 when there was nothing). False then.
    async fn put_pace(&self, key: &str, version: u64, body: &str) -> StoreResult<bool>;

    /// Takes a lease until `until`, unless somebody else holds it at `now`. The same holder gets it again with a new
    /// fence. A store that knows the holder's process to be dead may give its lease away before it ends.
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> StoreResult<Option<Lease>>;
    /// Holds on to a lease until `until`. False when it was lost.
    async fn renew(&self, lease: &Lease, until: OffsetDateTime) -> StoreResult<bool>;
    /// Gives a lease back. A lost one is not touched.
    async fn release(&self, lease: &Lease) -> StoreResult<()>;

    /// Writes a run and gives it a number when it has none.
    async fn put_run(&self, run: &Run) -> StoreResult<u64>;
    /// One run, by its number.
    async fn run(&self, id: u64) -> StoreResult<Option<Run>>;

    /// Keeps a delivery. False when it is known: it waits already (that is noted in [`InboxItem::arrivals`]), or it is done
    /// and still remembered ([`InboxItem::remember`], counted from its arrival). One that failed for good waits again.
    async fn accept(&self, item: &InboxItem) -> StoreResult<bool>;
    /// Deliveries of a shop that are due, the oldest first. One that cannot be read back fails for good by itself.
    async fn inbox(&self, account: &Account, now: OffsetDateTime, limit: u32) -> StoreResult<Vec<InboxItem>>;

    /// Lets items that failed for good wait again, due at `due`, as if they had never been tried; with `done`, those
    /// that are done and still kept too, each as a delivery that nobody sent ([`InboxItem::arrivals`] is 0). Says how many.
    /// Of the pushes of one object that wait or are picked, the newest stands for the others, which go; it keeps in mind
    /// whatever may have arrived of any.
    async fn revive(
        &self,
        account: &Account,
        of: Boxed,
        which: &Which,
        done: bool,
        due: OffsetDateTime,
    ) -> StoreResult<u64>;
    /// Makes what waits in a box for a later instant due at `due` at the latest.
    async fn wake(&self, account: &Account, of: Boxed, due: OffsetDateTime) -> StoreResult<()>;
    /// Takes items that failed for good out of their box. Says how many.
    async fn dismiss(&self, account: &Account, of: Boxed, which: &Which) -> StoreResult<u64>;
    /// Forgets what is older than the retention says, at most so many rows of each kind. Says how many went.
    async fn purge(&self, retention: &Retention, now: OffsetDateTime, limit: u32) -> StoreResult<u64>;

    /// Objects of a stream that are alive here and were last seen before an instant, in the order of ids, after an id.
    async fn unseen(
        &self,
        account: &Account,
        stream: Stream,
        before: OffsetDateTime,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<String>>;
    /// How many objects of a stream are alive here. Customers that only a document named do not count.
    async fn alive(&self, account: &Account, stream: Stream) -> StoreResult<u64>;

    /// Notes that a push is being sent, by the vendor's clock; the first instant stays. False when it must not be sent: the
    /// lease was lost, or the push waits no more (it was sent, replaced, taken out).
    async fn mark_sent(&self, lease: &Lease, push: u64, at: OffsetDateTime) -> StoreResult<bool>;
    /// Pushes to a shop that are due, the oldest first. One that cannot be read back fails for good by itself.
    async fn outbox(
        &self,
        account: &Account,
        now: OffsetDateTime,
        limit: u32,
    ) -> StoreResult<Vec<OutboxItem>>;
}

/// What a CRM's pages read, and what a host that mirrors it follows. Every [`Store`] is one, so that a host holds one
/// `Arc<dyn Store>` for both.
///
/// Every method is one transaction that sees what was committed before it began.
///
/// ```
/// use std::sync::Arc;
///
/// use pos_sync::{ChangedObject, ContactQuery, Crm, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let crm = Crm::new(Arc::new(MemoryStore::new()));
/// # let typed = crm_merge::Edit::new(crm_merge::ContactId::new("crm-7"), time::OffsetDateTime::now_utc())
/// #     .with_field("name", "Lan Mẫu")
/// #     .with_field("phones", serde_json::json!(["0912 000 123"]));
/// # crm.edit(typed).await?;
/// let store = crm.store();
/// // Who has this number.
/// let found = store.contacts(&ContactQuery::by_key("p:84912000123".parse()?)).await?;
/// assert_eq!(found[0].name(), Some("Lan Mẫu"));
/// // Everybody, page after page.
/// let (mut after, mut all) = (None, 0);
/// loop {
///     let page = store.contacts(&ContactQuery { after, limit: 500, ..ContactQuery::default() }).await?;
///     let Some(last) = page.last() else { break };
///     (after, all) = (Some(last.id.clone()), all + page.len());
/// }
/// assert_eq!(all, 1);
/// // What changed since a commit that was seen.
/// let changes = store.changes(0, 500).await?;
/// assert!(matches!(&changes[0].what, ChangedObject::Contact(id) if *id == found[0].id));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Browse: Send + Sync + Debug {
    /// A contact; a retired id leads to the one that it went into.
    async fn contact(&self, id: &ContactId) -> StoreResult<Option<Contact>>;
    /// Contacts by query, in the order of ids.
    async fn contacts(&self, query: &ContactQuery) -> StoreResult<Vec<Contact>>;
    /// The contacts with the highest revenue in a currency, highest first, then by id.
    async fn best_contacts(&self, currency: Currency, limit: u32) -> StoreResult<Vec<(Contact, Totals)>>;
    /// The records of a contact, in the order of ids.
    async fn subjects(&self, contact: &ContactId) -> StoreResult<Vec<Subject>>;
    /// One record.
    async fn subject(&self, id: &SubjectId) -> StoreResult<Option<Subject>>;
    /// The documents of a contact, the latest first.
    async fn documents(&self, contact: &ContactId, limit: u32) -> StoreResult<Vec<Document>>;
    /// One document.
    async fn document(&self, id: &DocumentId) -> StoreResult<Option<Document>>;
    /// What the documents of a contact add up to, by currency.
    async fn totals(&self, contact: &ContactId) -> StoreResult<Vec<Totals>>;
    /// The tickets of a contact's customers, the last changed first, then by shop and id. Those that are gone are left out.
    async fn tickets(&self, contact: &ContactId, limit: u32) -> StoreResult<Vec<Entry>>;
    /// Entries of a stream, in the order of ids, after an id.
    async fn entries(
        &self,
        account: &Account,
        stream: Stream,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<Entry>>;
    /// Groups of records that were joined by a key: contacts with more than one customer record, with those records.
    async fn duplicates(
        &self,
        after: Option<&ContactId>,
        limit: u32,
    ) -> StoreResult<Vec<(Contact, Vec<SubjectId>)>>;
    /// The audit trail of a contact, the newest first, as it was written.
    async fn audit(
        &self,
        contact: &ContactId,
        limit: u32,
    ) -> StoreResult<Vec<(Option<OffsetDateTime>, crm_merge::Audit)>>;
    /// Questions for people that are open: what a policy would not decide by itself.
    async fn conflicts(&self, limit: u32) -> StoreResult<Vec<crm_merge::Conflict>>;
    /// How much there is.
    async fn size(&self) -> StoreResult<Size>;

    /// What changed after a commit, in the order of commits, all changes of a commit together: at least `limit` of them
    /// when there are so many. The last sequence is where to go on.
    async fn changes(&self, after: u64, limit: u32) -> StoreResult<Vec<Changed>>;

    /// The latest runs, the newest first.
    async fn runs(&self, account: Option<&Account>, limit: u32) -> StoreResult<Vec<Run>>;
    /// What a run could not read.
    async fn rejections(&self, run: u64, limit: u32) -> StoreResult<Vec<Rejection>>;

    /// How much is in a box of a shop.
    async fn depth(&self, account: &Account, of: Boxed) -> StoreResult<Depth>;
    /// Deliveries of a shop that failed for good, with the reason.
    async fn dead_letters(&self, account: &Account, limit: u32) -> StoreResult<Vec<(InboxItem, String)>>;
    /// Pushes to a shop that failed for good, with the reason.
    async fn dead_pushes(&self, account: &Account, limit: u32) -> StoreResult<Vec<(OutboxItem, String)>>;
}
