//! Connections, and the threads that may wait on them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pos_sync::StoreResult;
use rusqlite::TransactionBehavior::{Deferred, Immediate};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

use crate::accounts::Accounts;
use crate::error::{Fail, Res, unavailable};
use crate::schema;

/// When a commit counts as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// When the process may die. A power failure may take back the latest commits, whole and in order, so that the
    /// file is as it was a moment earlier: a sync reads those pages again. What a power failure does take for good are
    /// webhook deliveries of that moment; the next catch-up brings what they said.
    #[default]
    Process,
    /// Like [`Process`](Durability::Process), but a webhook delivery is answered when it may no longer be lost by a power
    /// failure either: accepting one waits for the disk, everything else does not.
    Deliveries,
    /// When the power may fail: every commit waits for the disk.
    Power,
}

/// How a [`SqliteStore`](crate::SqliteStore) uses its file.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// When a commit counts as written.
    pub durability: Durability,
    /// How long to wait for another process that holds the lock.
    pub busy_timeout: Duration,
    /// Memory for pages of the connection that writes, in KiB.
    pub cache_kib: u32,
    /// Connections for reading beside it; each has a quarter of that memory.
    pub readers: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            busy_timeout: Duration::from_secs(5),
            cache_kib: 8 * 1024,
            readers: 2,
        }
    }
}

impl SqliteOptions {
    /// Sets when a commit counts as written.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how long to wait for another process.
    #[must_use]
    pub fn with_busy_timeout(mut self, wait: Duration) -> Self {
        self.busy_timeout = wait;
        self
    }

    /// Sets the memory for pages, in KiB.
    #[must_use]
    pub fn with_cache_kib(mut self, kib: u32) -> Self {
        self.cache_kib = kib;
        self
    }

    /// Sets the number of connections for reading.
    #[must_use]
    pub fn with_readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }
}

/// A connection with what it remembers.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) conn: Connection,
    accounts: Accounts,
}

impl Session {
    fn new(conn: Connection) -> Self {
        conn.set_prepared_statement_cache_capacity(96);
        Self { conn, accounts: Accounts::default() }
    }

    /// One transaction: everything, or nothing when the job fails or panics.
    pub(crate) fn transaction<T>(
        &mut self,
        behavior: TransactionBehavior,
        job: impl FnOnce(&Transaction<'_>, &mut Accounts) -> Res<T>,
    ) -> Res<T> {
        let tx = self.conn.transaction_with_behavior(behavior)?;
        let done = job(&tx, &mut self.accounts).and_then(|value| {
            tx.commit()?;
            Ok(value)
        });
        if done.is_err() {
            self.accounts.forget();
        }
        done
    }
}

#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<Session>>,
    gate: Arc<Semaphore>,
}

/// The file.
#[derive(Debug)]
pub(crate) struct Db {
    path: Option<PathBuf>,
    options: SqliteOptions,
    writer: Arc<Mutex<Session>>,
    gate: Arc<Semaphore>,
    readers: Option<Arc<Readers>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A job that panicked has rolled back already.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tune(conn: &Connection, options: &SqliteOptions, cache_kib: u32) -> Res<()> {
    // Otherwise kept statements are compiled again whenever their values change.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let synchronous = match options.durability {
        Durability::Process | Durability::Deliveries => "NORMAL",
        Durability::Power => "FULL",
    };
    conn.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous}; PRAGMA cache_size = -{cache_kib}; PRAGMA wal_autocheckpoint = 4000; \
         PRAGMA journal_size_limit = 16777216;"
    ))?;
    Ok(())
}

/// People's data is for the owner of the file alone. SQLite gives its companions the same mode.
#[cfg(unix)]
fn make_private(path: &Path) -> Res<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(unavailable(format!("{}: {error}", path.display())).into())
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> Res<()> {
    Ok(())
}

fn open_file(path: &Path, options: &SqliteOptions, steps: &[&str]) -> Res<Connection> {
    make_private(path)?;
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(options.busy_timeout)?;
    // A file that is not ours stays as it is.
    schema::check(&conn, u32::try_from(steps.len()).unwrap_or(u32::MAX))?;
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    tune(&conn, options, options.cache_kib)?;
    schema::migrate(&mut conn, steps)?;
    Ok(conn)
}

impl Drop for Db {
    /// Leaves one file that is the whole CRM: the readers go first, because a connection that only reads cannot do it.
    fn drop(&mut self) {
        if let Some(readers) = &self.readers {
            lock(&readers.idle).clear();
        }
        if self.path.is_some() {
            // Another process may be at the file: then it does this when it goes.
            let done = lock(&self.writer).conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            if let Err(error) = done {
                tracing::debug!(%error, "the log was not written back");
            }
        }
    }
}

impl Db {
    /// The file, unless the database is in memory.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn open(path: &Path, options: SqliteOptions, steps: &[&str]) -> Res<Self> {
        let conn = open_file(path, &options, steps)?;
        let readers = (options.readers > 0).then(|| {
            Arc::new(Readers {
                idle: Mutex::new(Vec::new()),
                gate: Arc::new(Semaphore::new(options.readers)),
            })
        });
        Ok(Self::of(Some(path.to_owned()), options, conn, readers))
    }

    pub(crate) fn in_memory(options: SqliteOptions, steps: &[&str]) -> Res<Self> {
        let mut conn = Connection::open_in_memory()?;
        tune(&conn, &options, options.cache_kib)?;
        schema::migrate(&mut conn, steps)?;
        Ok(Self::of(None, options, conn, None))
    }

    fn of(
        path: Option<PathBuf>,
        options: SqliteOptions,
        conn: Connection,
        readers: Option<Arc<Readers>>,
    ) -> Self {
        let writer = Arc::new(Mutex::new(Session::new(conn)));
        Self { path, options, writer, gate: Arc::new(Semaphore::new(1)), readers }
    }

    /// Writes in one transaction. When the caller goes away the job goes on to its end.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection, &mut Accounts) -> Res<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.with_writer(move |session| session.transaction(Immediate, |tx, accounts| job(tx, accounts)))
            .await
    }

    /// Runs a job with the connection that writes, on a thread that may wait.
    pub(crate) async fn with_writer<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Session) -> Res<T> + Send + 'static,
    ) -> StoreResult<T> {
        let turn =
            Arc::clone(&self.gate).acquire_owned().await.map_err(|_| unavailable("the store is closed"))?;
        let writer = Arc::clone(&self.writer);
        blocking(move || {
            let done = job(&mut lock(&writer));
            drop(turn);
            done
        })
        .await
    }

    /// [`Db::write`] for a delivery, which may have to wait for the disk.
    pub(crate) async fn write_inbox<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection, &mut Accounts) -> Res<T> + Send + 'static,
    ) -> StoreResult<T> {
        if self.options.durability != Durability::Deliveries {
            return self.write(job).await;
        }
        self.with_writer(move |session| {
            session.conn.execute_batch("PRAGMA synchronous = FULL")?;
            let done = session.transaction(Immediate, |tx, accounts| job(tx, accounts));
            session.conn.execute_batch("PRAGMA synchronous = NORMAL")?;
            done
        })
        .await
    }

    /// Runs a job that only reads, beside the connection that writes.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection, &mut Accounts) -> Res<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (Some(readers), Some(path)) = (&self.readers, &self.path) else {
            let job =
                move |session: &mut Session| session.transaction(Deferred, |tx, accounts| job(tx, accounts));
            return self.with_writer(job).await;
        };
        let turn = Arc::clone(&readers.gate)
            .acquire_owned()
            .await
            .map_err(|_| unavailable("the store is closed"))?;
        let (readers, path, options) = (Arc::clone(readers), path.clone(), self.options.clone());
        blocking(move || {
            let idle = lock(&readers.idle).pop();
            let mut session = match idle {
                Some(session) => session,
                None => {
                    let conn = Connection::open_with_flags(
                        &path,
                        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
                    )?;
                    conn.busy_timeout(options.busy_timeout)?;
                    tune(&conn, &options, options.cache_kib / 4)?;
                    Session::new(conn)
                }
            };
            let done = session.transaction(Deferred, |tx, accounts| job(tx, accounts));
            lock(&readers.idle).push(session);
            drop(turn);
            done
        })
        .await
    }

    /// Runs a job that only reads with the connection that writes when that is free, because its pages are warm.
    pub(crate) async fn read_warm<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection, &mut Accounts) -> Res<T> + Send + 'static,
    ) -> StoreResult<T> {
        match Arc::clone(&self.gate).try_acquire_owned() {
            Ok(turn) => {
                let writer = Arc::clone(&self.writer);
                blocking(move || {
                    let done = lock(&writer).transaction(Deferred, |tx, accounts| job(tx, accounts));
                    drop(turn);
                    done
                })
                .await
            }
            Err(_) => self.read(job).await,
        }
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, Fail> + Send + 'static,
) -> StoreResult<T> {
    match tokio::task::spawn_blocking(job).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(unavailable("the thread of the database ended early")),
    }
}
