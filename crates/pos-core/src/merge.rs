//! What a merge policy may decide.
//!
//! A contact is a fold over the records that are linked to it, in canonical order (creation, vendor, account, id), with
//! what people typed into the CRM as the start. For every field the engine asks the policy of the incoming record's link
//! whether its value replaces the one that is there. A policy sees nothing else and must be pure: that is why pages,
//! webhooks and replays in any order end in the same contact.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::identity::SubjectId;

/// Who says a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A person in the CRM, or the host before the first sync.
    Host,
    /// A vendor's record.
    Record(SubjectId),
}

impl Source {
    /// The vendor's short name, unless it is the host.
    pub fn vendor(&self) -> Option<&str> {
        match self {
            Self::Host => None,
            Self::Record(id) => Some(id.vendor()),
        }
    }
}

/// One value for a field. Empty and placeholder values never become candidates.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Candidate<'a> {
    /// Who says it.
    pub source: &'a Source,
    /// When it was said: the record's last change, or the person's edit.
    pub at: Option<OffsetDateTime>,
    /// The value, as JSON.
    pub value: &'a serde_json::Value,
}

crate::debug_only!(Candidate<'_> { source, at });

impl<'a> Candidate<'a> {
    /// A value with its source.
    pub fn new(source: &'a Source, at: Option<OffsetDateTime>, value: &'a serde_json::Value) -> Self {
        Self { source, at, value }
    }
}

/// What a policy decides for one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// The value that is there stays.
    Keep,
    /// The incoming value replaces it.
    Take,
    /// The value that is there stays for now, and a person shall decide.
    Review,
}

/// Decides whether an incoming value replaces the one that is there.
pub trait MergePolicy: Send + Sync + Debug {
    /// The name for history and audit.
    fn name(&self) -> &str;

    /// `current` is absent when the contact has no value yet. The record that creates a contact is not asked about.
    fn choose(&self, field: &str, current: Option<&Candidate<'_>>, incoming: &Candidate<'_>) -> Choice;

    /// Whether a list field (phones, e-mails, addresses, tags, groups) gathers the incoming values instead of replacing
    /// or keeping the whole list.
    fn unites_lists(&self, field: &str) -> bool {
        let _ = field;
        true
    }
}
