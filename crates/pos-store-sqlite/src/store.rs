//! The store itself.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use crm_merge::{Audit, Conflict, Contact, ContactId, Document, DocumentId, Entry, Snapshot, Subject, Want};
use pos_core::identity::SubjectId;
use pos_core::record::{Account, Currency, Stream};
use pos_sync::{
    Boxed, Browse, Changed, Checkpoint, Commit, CommitRows, ContactQuery, Depth, InboxItem, Lease, Link,
    OutboxItem, Rejection, Retention, Run, Size, Store, StoreError, StoreResult, Totals, Walk, Which,
};
use time::OffsetDateTime;

use crate::commit::{self, Outcome};
use crate::db::{Db, SqliteOptions, blocking};
use crate::presence::Presence;
use crate::{boxes, codec, queries, schema, snapshot};

/// A CRM in one SQLite file.
///
/// It may be cloned, shared and opened several times, by several processes too; all of them see each other's commits.
/// Nothing waits for the disk on an asynchronous thread: every call runs on tokio's blocking threads, so it needs a
/// tokio runtime.
///
/// # Cancel safety
/// A future may be dropped at any time. A commit that has begun then goes on to its end on its own thread: it is
/// written in full or not at all, and the next call waits for it.
///
/// ```
/// use pos_store_sqlite::{Durability, SqliteOptions, SqliteStore};
/// use pos_sync::Browse;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("crm.db");
/// // A host of webhooks: what was answered outlives a power failure.
/// let options = SqliteOptions { durability: Durability::Deliveries, ..SqliteOptions::default() };
/// let store = SqliteStore::open_with(&path, options)?;
/// assert_eq!(store.size().await?.contacts, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) db: Arc<Db>,
    presence: Arc<Presence>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens a file, or makes it. It blocks for a moment.
    ///
    /// # Errors
    /// [`NewerFormat`](pos_sync::StoreError::NewerFormat) when a newer version of this crate made it,
    /// [`Corrupt`](pos_sync::StoreError::Corrupt) when it is no database or another program's, and
    /// [`Unavailable`](pos_sync::StoreError::Unavailable) when it cannot be opened. The file is not touched then.
    pub fn open(path: impl AsRef<Path>) -> StoreResult<Self> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// [`SqliteStore::open`] with options.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> StoreResult<Self> {
        Self::open_steps(path.as_ref(), options, schema::STEPS)
    }

    /// A database in memory, which ends with its last handle.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> StoreResult<Self> {
        Ok(Self::on(Db::in_memory(SqliteOptions::default(), schema::STEPS)?))
    }

    pub(crate) fn open_steps(path: &Path, options: SqliteOptions, steps: &[&str]) -> StoreResult<Self> {
        let db = Db::open(path, options, steps).map_err(|fail| named(path, fail.into()))?;
        Ok(Self::on(db))
    }

    fn on(db: Db) -> Self {
        Self { db: Arc::new(db), presence: Arc::default() }
    }

    async fn write_rows(&self, rows: CommitRows, commit: &Commit) -> StoreResult<()> {
        let rows = Arc::new(rows);
        let mut reads = None;
        loop {
            let (rows, reads_then) = (Arc::clone(&rows), reads.take());
            let outcome = self
                .db
                .write(move |tx, accounts| commit::write(&rows, tx, accounts, reads_then.as_ref()))
                .await?;
            match outcome {
                Outcome::Done => return Ok(()),
                // What was read is copied only when it has to be compared.
                Outcome::Moved => reads = Some(commit.reads()),
            }
        }
    }

    /// Lays aside items of a box that cannot be read back, so that they stop nobody.
    async fn bury(&self, of: Boxed, broken: Vec<i64>) -> StoreResult<()> {
        if broken.is_empty() {
            return Ok(());
        }
        self.db.write(move |tx, _| boxes::bury(tx, of, &broken)).await
    }

    /// Runs SQL without answer on the connection that writes, for tests of what the file can get into.
    #[cfg(test)]
    pub(crate) async fn batch(&self, sql: &'static str) -> StoreResult<()> {
        self.db.with_writer(move |session| Ok(session.conn.execute_batch(sql)?)).await
    }
}

/// An error of opening a file, with its path.
fn named(path: &Path, error: StoreError) -> StoreError {
    let named = |what: String| match what.starts_with(&*path.to_string_lossy()) {
        true => what,
        false => format!("{}: {what}", path.display()),
    };
    match error {
        StoreError::Unavailable { what, source } => StoreError::Unavailable { what: named(what), source },
        StoreError::Corrupt { what, source } => StoreError::Corrupt { what: named(what), source },
        error => error,
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn snapshot(&self, want: &Want) -> StoreResult<Snapshot> {
        let walk = Walk::new(want);
        self.db.read_warm(move |conn, accounts| snapshot::snapshot(conn, accounts, walk)).await
    }

    async fn commit(&self, commit: &Commit) -> StoreResult<()> {
        self.write_rows(CommitRows::new(commit)?, commit).await
    }

    async fn commit_shared(&self, commit: &Arc<Commit>) -> StoreResult<()> {
        let of = Arc::clone(commit);
        self.write_rows(blocking(move || Ok(CommitRows::new(&of)?)).await?, commit).await
    }

    async fn put_link(&self, link: &Link) -> StoreResult<()> {
        let (account, body) = (link.account.clone(), codec::json(link)?);
        self.db.write(move |tx, accounts| boxes::put_link(tx, accounts, &account, &body)).await
    }

    async fn link(&self, account: &Account) -> StoreResult<Option<Link>> {
        let account = account.clone();
        self.db.read(move |conn, accounts| Ok(boxes::links(conn, accounts, Some(&account))?.pop())).await
    }

    async fn put_sealed(&self, account: &Account, sealed: Option<&str>) -> StoreResult<()> {
        let (account, sealed) = (account.clone(), sealed.map(str::to_owned));
        self.db.write(move |tx, accounts| boxes::put_sealed(tx, accounts, &account, sealed.as_deref())).await
    }

    async fn replace_sealed(&self, account: &Account, old: &str, new: &str) -> StoreResult<bool> {
        let (account, old, new) = (account.clone(), old.to_owned(), new.to_owned());
        self.db.write(move |tx, accounts| boxes::replace_sealed(tx, accounts, &account, &old, &new)).await
    }

    async fn sealed(&self, account: &Account) -> StoreResult<Option<String>> {
        let account = account.clone();
        self.db.read(move |conn, accounts| boxes::sealed(conn, accounts, &account)).await
    }

    async fn all_sealed(&self) -> StoreResult<Vec<(Account, String)>> {
        self.db.read(boxes::all_sealed).await
    }

    async fn links(&self) -> StoreResult<Vec<Link>> {
        self.db.read(move |conn, accounts| boxes::links(conn, accounts, None)).await
    }

    async fn checkpoint(&self, account: &Account, stream: Stream) -> StoreResult<Checkpoint> {
        let account = account.clone();
        self.db.read(move |conn, accounts| boxes::checkpoint(conn, accounts, &account, stream)).await
    }

    async fn put_checkpoint(
        &self,
        account: &Account,
        stream: Stream,
        checkpoint: &Checkpoint,
    ) -> StoreResult<()> {
        let (account, body) = (account.clone(), codec::json(checkpoint)?);
        self.db
            .write(move |tx, accounts| {
                let account = accounts.make(tx, &account)?;
                boxes::put_checkpoint(tx, account, stream, &body)
            })
            .await
    }

    async fn pace(&self, key: &str) -> StoreResult<Option<(u64, String)>> {
        let key = key.to_owned();
        self.db.read(move |conn, _| boxes::pace(conn, &key)).await
    }

    async fn put_pace(&self, key: &str, version: u64, body: &str) -> StoreResult<bool> {
        let (key, body) = (key.to_owned(), body.to_owned());
        self.db.write(move |tx, _| boxes::put_pace(tx, &key, version, &body)).await
    }

    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> StoreResult<Option<Lease>> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        let (path, presence) = (self.db.path().map(Path::to_owned), Arc::clone(&self.presence));
        self.db
            .write(move |tx, _| {
                let worker = path.as_deref().and_then(|path| presence.name(path));
                let is_gone = |sign: &str| path.as_deref().is_some_and(|path| Presence::is_gone(path, sign));
                boxes::acquire(tx, &name, &holder, (now, until), worker.as_deref(), is_gone)
            })
            .await
    }

    async fn renew(&self, lease: &Lease, until: OffsetDateTime) -> StoreResult<bool> {
        let lease = lease.clone();
        self.db.write(move |tx, _| boxes::renew(tx, &lease, until)).await
    }

    async fn release(&self, lease: &Lease) -> StoreResult<()> {
        let lease = lease.clone();
        self.db.write(move |tx, _| boxes::release(tx, &lease)).await
    }

    async fn put_run(&self, run: &Run) -> StoreResult<u64> {
        let (id, account, body) = (run.id, run.account.clone(), codec::json(run)?);
        self.db
            .write(move |tx, accounts| {
                let account = accounts.make(tx, &account)?;
                boxes::put_run(tx, id, account, &body)
            })
            .await
    }

    async fn run(&self, id: u64) -> StoreResult<Option<Run>> {
        self.db.read(move |conn, _| boxes::run(conn, id)).await
    }

    async fn accept(&self, item: &InboxItem) -> StoreResult<bool> {
        let (item, body) = (item.clone(), codec::json(&item.verified)?);
        self.db.write_inbox(move |tx, accounts| boxes::accept(tx, accounts, &item, &body)).await
    }

    async fn inbox(&self, account: &Account, now: OffsetDateTime, limit: u32) -> StoreResult<Vec<InboxItem>> {
        loop {
            let of = account.clone();
            let (items, broken) =
                self.db.read(move |conn, accounts| boxes::inbox(conn, accounts, &of, now, limit)).await?;
            let goes_on = items.is_empty() && !broken.is_empty();
            self.bury(Boxed::Inbox, broken).await?;
            if !goes_on {
                return Ok(items);
            }
        }
    }

    async fn revive(
        &self,
        account: &Account,
        of: Boxed,
        which: &Which,
        done: bool,
        due: OffsetDateTime,
    ) -> StoreResult<u64> {
        let (account, which) = (account.clone(), which.clone());
        self.db
            .write(move |tx, accounts| boxes::revive(tx, accounts, &account, of, (&which, done), due))
            .await
    }

    async fn wake(&self, account: &Account, of: Boxed, due: OffsetDateTime) -> StoreResult<()> {
        let account = account.clone();
        self.db.write(move |tx, accounts| boxes::wake(tx, accounts, &account, of, due)).await
    }

    async fn dismiss(&self, account: &Account, of: Boxed, which: &Which) -> StoreResult<u64> {
        let (account, which) = (account.clone(), which.clone());
        self.db.write(move |tx, accounts| boxes::dismiss(tx, accounts, &account, of, &which)).await
    }

    async fn purge(&self, retention: &Retention, now: OffsetDateTime, limit: u32) -> StoreResult<u64> {
        let retention = *retention;
        self.db.write(move |tx, _| boxes::purge(tx, &retention, now, limit)).await
    }

    async fn unseen(
        &self,
        account: &Account,
        stream: Stream,
        before: OffsetDateTime,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<String>> {
        let (account, after) = (account.clone(), after.map(str::to_owned));
        self.db
            .read(move |conn, accounts| {
                queries::unseen(conn, accounts, &account, stream, before, (after.as_deref(), limit))
            })
            .await
    }

    async fn alive(&self, account: &Account, stream: Stream) -> StoreResult<u64> {
        let account = account.clone();
        self.db.read(move |conn, accounts| queries::alive(conn, accounts, &account, stream)).await
    }

    async fn mark_sent(&self, lease: &Lease, push: u64, at: OffsetDateTime) -> StoreResult<bool> {
        let lease = lease.clone();
        self.db.write(move |tx, _| boxes::mark_sent(tx, &lease, push, at)).await
    }

    async fn outbox(
        &self,
        account: &Account,
        now: OffsetDateTime,
        limit: u32,
    ) -> StoreResult<Vec<OutboxItem>> {
        loop {
            let of = account.clone();
            let (items, broken) =
                self.db.read(move |conn, accounts| boxes::outbox(conn, accounts, &of, now, limit)).await?;
            let goes_on = items.is_empty() && !broken.is_empty();
            self.bury(Boxed::Outbox, broken).await?;
            if !goes_on {
                return Ok(items);
            }
        }
    }
}

#[async_trait]
impl Browse for SqliteStore {
    async fn contact(&self, id: &ContactId) -> StoreResult<Option<Contact>> {
        let id = id.clone();
        self.db.read(move |conn, _| queries::contact(conn, &id)).await
    }

    async fn contacts(&self, query: &ContactQuery) -> StoreResult<Vec<Contact>> {
        let query = query.clone();
        self.db.read(move |conn, _| queries::contacts(conn, &query)).await
    }

    async fn best_contacts(&self, currency: Currency, limit: u32) -> StoreResult<Vec<(Contact, Totals)>> {
        self.db.read(move |conn, _| queries::best_contacts(conn, currency, limit)).await
    }

    async fn subjects(&self, contact: &ContactId) -> StoreResult<Vec<Subject>> {
        let contact = contact.clone();
        self.db.read(move |conn, accounts| queries::subjects(conn, accounts, &contact)).await
    }

    async fn subject(&self, id: &SubjectId) -> StoreResult<Option<Subject>> {
        let id = id.clone();
        self.db.read(move |conn, accounts| queries::subject(conn, accounts, &id)).await
    }

    async fn documents(&self, contact: &ContactId, limit: u32) -> StoreResult<Vec<Document>> {
        let contact = contact.clone();
        self.db.read(move |conn, accounts| queries::documents(conn, accounts, &contact, limit)).await
    }

    async fn document(&self, id: &DocumentId) -> StoreResult<Option<Document>> {
        let id = id.clone();
        self.db.read(move |conn, accounts| queries::document(conn, accounts, &id)).await
    }

    async fn totals(&self, contact: &ContactId) -> StoreResult<Vec<Totals>> {
        let contact = contact.clone();
        self.db.read(move |conn, _| queries::totals(conn, &contact)).await
    }

    async fn tickets(&self, contact: &ContactId, limit: u32) -> StoreResult<Vec<Entry>> {
        let contact = contact.clone();
        self.db.read(move |conn, accounts| queries::tickets(conn, accounts, &contact, limit)).await
    }

    async fn entries(
        &self,
        account: &Account,
        stream: Stream,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<Entry>> {
        let (account, after) = (account.clone(), after.map(str::to_owned));
        self.db
            .read(move |conn, accounts| {
                queries::entries(conn, accounts, &account, stream, after.as_deref(), limit)
            })
            .await
    }

    async fn duplicates(
        &self,
        after: Option<&ContactId>,
        limit: u32,
    ) -> StoreResult<Vec<(Contact, Vec<SubjectId>)>> {
        let after = after.cloned();
        self.db.read(move |conn, accounts| queries::duplicates(conn, accounts, after.as_ref(), limit)).await
    }

    async fn audit(
        &self,
        contact: &ContactId,
        limit: u32,
    ) -> StoreResult<Vec<(Option<OffsetDateTime>, Audit)>> {
        let contact = contact.clone();
        self.db.read(move |conn, _| queries::audit(conn, &contact, limit)).await
    }

    async fn conflicts(&self, limit: u32) -> StoreResult<Vec<Conflict>> {
        self.db.read(move |conn, _| queries::conflicts(conn, limit)).await
    }

    async fn size(&self) -> StoreResult<Size> {
        self.db.read(move |conn, _| queries::size(conn)).await
    }

    async fn changes(&self, after: u64, limit: u32) -> StoreResult<Vec<Changed>> {
        self.db.read(move |conn, accounts| queries::changes(conn, accounts, after, limit)).await
    }

    async fn runs(&self, account: Option<&Account>, limit: u32) -> StoreResult<Vec<Run>> {
        let account = account.cloned();
        self.db.read(move |conn, accounts| boxes::runs(conn, accounts, account.as_ref(), limit)).await
    }

    async fn rejections(&self, run: u64, limit: u32) -> StoreResult<Vec<Rejection>> {
        self.db.read(move |conn, _| boxes::rejections(conn, run, limit)).await
    }

    async fn depth(&self, account: &Account, of: Boxed) -> StoreResult<Depth> {
        let account = account.clone();
        self.db.read(move |conn, accounts| boxes::depth(conn, accounts, &account, of)).await
    }

    async fn dead_letters(&self, account: &Account, limit: u32) -> StoreResult<Vec<(InboxItem, String)>> {
        let account = account.clone();
        self.db.read(move |conn, accounts| boxes::dead_letters(conn, accounts, &account, limit)).await
    }

    async fn dead_pushes(&self, account: &Account, limit: u32) -> StoreResult<Vec<(OutboxItem, String)>> {
        let account = account.clone();
        self.db.read(move |conn, accounts| boxes::dead_pushes(conn, accounts, &account, limit)).await
    }
}
