//! Watching a sync, and stopping it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pos_core::record::{Account, Stream};
use pos_core::webhook::Refusal;
use tokio::sync::Notify;

use crate::model::{Rejection, Run};

/// Something that happened during a sync.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A run begins, or goes on where it stopped.
    Started {
        /// The run so far.
        run: &'a Run,
        /// Whether it goes on after an interruption.
        resumed: bool,
    },
    /// A page is committed (or planned, in a dry run).
    Page {
        /// The run so far.
        run: &'a Run,
        /// What was planned.
        changes: &'a crm_merge::ChangeSet,
        /// What could not be read.
        rejections: &'a [Rejection],
    },
    /// Something else than a page of a run is committed: what a person typed or decided, a host's own import, a shop that
    /// was connected, the record of a buyer who was pushed along with an order.
    Changed {
        /// The shop; the host's own account for what people do.
        account: &'a Account,
        /// What was planned.
        changes: &'a crm_merge::ChangeSet,
    },
    /// A link works no more, or works again.
    Link {
        /// The link as it is now.
        link: &'a crate::Link,
    },
    /// A request failed and is made again after a wait: the vendor was not reached, or asks to wait.
    AskingAgain {
        /// The shop.
        account: &'a Account,
        /// Which request, which attempt, why, and how long the wait is.
        asking: &'a pos_core::http::AskingAgain<'a>,
    },
    /// A run is over.
    Finished {
        /// The run.
        run: &'a Run,
    },
    /// A webhook was refused: somebody forged it, or a secret is wrong.
    Refused {
        /// The shop.
        account: &'a Account,
        /// Why.
        refusal: &'a Refusal,
    },
    /// A loop goes on after an error.
    Error {
        /// The shop.
        account: &'a Account,
        /// The error.
        error: &'a crate::SyncError,
    },
}

/// Watches syncs. Methods are called between pages and must not block.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use pos_core::Account;
/// use pos_sync::{Crm, Event, MemoryStore, Observer};
///
/// /// How many contacts were written, for a dashboard.
/// #[derive(Debug, Default)]
/// struct Written(AtomicU64);
///
/// impl Observer for Written {
///     fn on(&self, event: &Event<'_>) {
///         if let Event::Page { changes, .. } | Event::Changed { changes, .. } = event {
///             self.0.fetch_add(changes.contacts.len() as u64, Ordering::Relaxed);
///         }
///     }
///     fn large_import(&self, _: &Account, customers: u64) -> bool {
///         customers < 1_000_000
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let written = Arc::new(Written::default());
/// let crm = Crm::new(Arc::new(MemoryStore::new())).with_observer(written.clone());
/// # let edit = crm_merge::Edit::new(crm_merge::ContactId::new("crm-7"), time::OffsetDateTime::now_utc());
/// crm.edit(edit.with_field("name", "Lan Mẫu")).await?;
/// assert_eq!(written.0.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub trait Observer: Send + Sync + Debug {
    /// Something happened.
    fn on(&self, event: &Event<'_>) {
        let _ = event;
    }

    /// A first import of so many customers is about to start. False declines it.
    fn large_import(&self, account: &Account, customers: u64) -> bool {
        let _ = (account, customers);
        true
    }
}

/// Several observers as one: all of them hear everything, and each can decline a large import.
#[derive(Clone, Debug)]
pub(crate) struct All(pub(crate) Vec<Arc<dyn Observer>>);

impl Observer for All {
    fn on(&self, event: &Event<'_>) {
        for observer in &self.0 {
            observer.on(event);
        }
    }

    fn large_import(&self, account: &Account, customers: u64) -> bool {
        // Everybody is asked, whatever the others say.
        let mut goes = true;
        for observer in &self.0 {
            goes &= observer.large_import(account, customers);
        }
        goes
    }
}

/// Tells running syncs to stop. What is committed stays, and the next run goes on from there. Cheap to clone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use pos_sync::Stop;
///
/// let stop = Stop::new();
/// let signal = stop.clone();
/// // Whoever ends the program says so, and whatever runs with the signal ends at its next page.
/// tokio::spawn(async move { signal.stop() });
/// stop.stopped().await;
/// assert!(stop.is_stopped());
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<StopState>);

#[derive(Debug, Default)]
struct StopState {
    stopped: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// A signal that nobody gave yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Whether it was given.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Waits until it is given.
    pub async fn stopped(&self) {
        loop {
            let mut notified = std::pin::pin!(self.0.notify.notified());
            notified.as_mut().enable();
            if self.is_stopped() {
                return;
            }
            notified.await;
        }
    }
}

/// A stream by name for leases.
pub(crate) fn lease_name(account: &Account, part: &str) -> String {
    format!("{account}/{part}")
}

/// The lease of a stream.
pub(crate) fn stream_lease(account: &Account, stream: Stream) -> String {
    lease_name(account, stream.as_str())
}
