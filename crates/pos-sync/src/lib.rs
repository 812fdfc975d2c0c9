#![doc = include_str!("../README.md")]

mod boxes;
#[cfg(feature = "credentials")]
mod credentials;
mod crm;
mod error;
mod health;
mod hooks;
#[cfg(feature = "credentials")]
mod keyring;
mod memory;
mod model;
mod observe;
mod pull;
mod push;
mod quota;
mod rows;
mod store;
mod walk;

pub use boxes::{Received, Worked};
pub use crm::{Connected, Crm};
pub use error::{SyncError, SyncResult};
pub use health::{LinkHealth, StreamHealth};
pub use hooks::{AppHookStatus, HookRoutes, HookStatus};
#[cfg(feature = "credentials")]
pub use keyring::{Keyring, UnsealError};
pub use memory::MemoryStore;
pub use model::{
    Boxed, Changed, ChangedObject, Checkpoint, Fate, InboxItem, Lease, Link, LinkOptions, LinkStatus,
    LinkTurn, OutboxItem, Rejection, Retention, Run, RunKind, RunStatus, Settled, Which, Window,
    is_remembered,
};
pub use observe::{Event, Observer, Stop};
pub use pull::PullOptions;
pub use rows::{AuditRow, CommitRows, DecisionRow, DocumentRow, EntryRow, Keys, SubjectRow};
pub use store::{Browse, Commit, ContactQuery, Depth, Size, Store, StoreError, StoreResult, Totals};
pub use walk::{Answers, Asks, Holder, Holders, NameRole, Outline, Walk};
