#![doc = include_str!("../README.md")]

mod batch;
mod change;
mod cluster;
mod fields;
mod kept;
pub mod ledger;
mod mapping;
mod model;
mod plan;
mod policy;
mod project;
mod rules;

pub use batch::{Batch, Edit};
pub use change::{
    Audit, Change, ChangeSet, Conflict, Counts, KeyHint, LinkReason, Outbox, Push, Reads, Redirect, Same,
    Seen, Snapshot, Told, Want,
};
pub use cluster::{Suggestion, Suggestions};
pub use fields::{FIELDS, Field, FieldKind, field, one_line, read_address};
pub use kept::Kept;
pub use mapping::{FieldRule, FieldSource, Mapping, MappingError};
pub use model::{
    Contact, ContactId, Decision, Document, DocumentId, Entry, EntryId, FieldValue, LedgerReason, LedgerRow,
    Role, Subject, Version, nanos,
};
pub use plan::{Prepared, plan, wants};
pub use policy::Policy;
pub use rules::{LinkRules, OwnerRule, RevenueBasis, Rules, RulesError, host_keys};
