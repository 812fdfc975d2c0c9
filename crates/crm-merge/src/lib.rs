#![doc = include_str!("../README.md")]

mod change;
mod cluster;
pub mod ledger;
mod mapping;
mod model;
mod plan;
mod policy;
mod project;
mod rules;

pub use change::{
    Audit, Change, ChangeSet, Conflict, Counts, LinkReason, Outbox, Push, Reads, Redirect, Seen, Snapshot,
    Want,
};
pub use cluster::{Suggestion, Suggestions};
pub use mapping::{DEFAULT_FIELDS, FieldRule, FieldSource, LIST_FIELDS, Mapping, MappingError, one_line};
pub use model::{
    Contact, ContactId, Decision, Document, DocumentId, Entry, EntryId, FieldValue, LedgerReason, LedgerRow,
    Role, Subject, Version, nanos,
};
pub use plan::{Batch, Edit, host_keys, plan, plan_wanted, wants};
pub use policy::Policy;
pub use rules::{LinkRules, OwnerRule, RevenueBasis, Rules, RulesError, account_of};
