//! What a plan is made from: facts of one shop, and what people typed and decided.

use std::collections::BTreeMap;

use pos_core::record::{Account, Record, Stream};
use time::OffsetDateTime;

use crate::fields::kind_of;
use crate::model::{ContactId, Decision, Role};

/// What a person typed into a contact. A contact that is not there is made.
///
/// ```
/// use crm_merge::{ContactId, Edit};
/// use time::macros::datetime;
///
/// let typed = Edit::new(ContactId::new("crm-7"), datetime!(2026-11-21 09:00 UTC))
///     .with_field("name", "Lan Mẫu")
///     .with_field("phones", serde_json::json!(["0912 000 123"]));
/// assert_eq!(typed.unreadable(), None);
/// let misspelt = typed.with_field("emails", "lan at example.com");
/// assert_eq!(misspelt.unreadable(), Some(("emails", "e-mail address")));
/// ```
#[derive(Clone, PartialEq)]
pub struct Edit {
    /// The contact.
    pub contact: ContactId,
    /// Fields and their values; null takes a typed value back.
    pub fields: BTreeMap<String, serde_json::Value>,
    /// The role, when the person chose one.
    pub role: Option<Role>,
    /// When.
    pub at: OffsetDateTime,
}

pos_core::debug_only!(Edit { contact, role, at });

impl Edit {
    /// An edit of a contact, without any field yet.
    pub fn new(contact: ContactId, at: OffsetDateTime) -> Self {
        Self { contact, fields: BTreeMap::new(), role: None, at }
    }

    /// With a field.
    #[must_use]
    pub fn with_field(mut self, field: &str, value: impl Into<serde_json::Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// A field that a person typed and that cannot be read, with what it should hold: a phone number that is none, an
    /// e-mail address that is none, a postal address without any part. It would be left out.
    pub fn unreadable(&self) -> Option<(&str, &'static str)> {
        self.fields.iter().find_map(|(field, value)| {
            let kind = kind_of(field);
            let expected = kind.expected()?;
            let is_lost = |typed: &serde_json::Value| {
                kind.typed(typed.clone()).as_array().is_none_or(|read| read.is_empty())
            };
            let lost = match value {
                serde_json::Value::Array(items) => items.iter().any(is_lost),
                serde_json::Value::Null => false,
                other => is_lost(other),
            };
            lost.then_some((field.as_str(), expected))
        })
    }

    /// With a role.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }
}

/// Facts of one shop: a page, a webhook, the answer to a push.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The shop.
    pub account: Account,
    /// Records.
    pub records: Vec<Record>,
    /// What the vendor removed.
    pub removed: Vec<(Stream, String)>,
    /// When the records were seen so, by the vendor's clock: the instant before the request that read them, or the time
    /// of the event that told them. When the plan is made, unless said.
    pub seen_at: Option<OffsetDateTime>,
    /// Where records were seen at another instant: from this position on.
    pub seen_from: Vec<(usize, OffsetDateTime)>,
    /// Where a removal was seen at another instant.
    pub removed_at: BTreeMap<(Stream, String), OffsetDateTime>,
    /// How many records could not be read.
    pub rejected: u64,
    /// The contact that these customers were pushed from: they belong to it whatever the rules say.
    pub pushed_from: Option<ContactId>,
    /// The fields of that contact that the shop agrees to by now; every field unless said.
    pub agreed: Option<BTreeMap<String, serde_json::Value>>,
    /// What people typed into contacts, or contacts that they made.
    pub edits: Vec<Edit>,
    /// What people decided.
    pub decisions: Vec<Decision>,
    /// Decisions that people take back.
    pub revoked: Vec<Decision>,
}

impl Batch {
    /// Records of a shop.
    pub fn new(account: Account, records: Vec<Record>) -> Self {
        Self {
            account,
            records,
            removed: Vec::new(),
            seen_at: None,
            seen_from: Vec::new(),
            removed_at: BTreeMap::new(),
            rejected: 0,
            pushed_from: None,
            agreed: None,
            edits: Vec::new(),
            decisions: Vec::new(),
            revoked: Vec::new(),
        }
    }

    /// A page of a stream.
    pub fn of_page(account: Account, stream: Stream, page: pos_core::Page<Record>) -> Self {
        let mut batch = Self::new(account, page.records);
        batch.removed = page.removed.into_iter().map(|id| (stream, id)).collect();
        batch.rejected = page.rejected.len() as u64;
        batch
    }

    /// The same batch, seen at this instant.
    #[must_use]
    pub fn with_seen_at(mut self, at: OffsetDateTime) -> Self {
        self.seen_at = Some(at);
        self
    }

    /// Adds records that were seen at an instant of their own.
    pub fn extend_seen(&mut self, at: OffsetDateTime, records: impl IntoIterator<Item = Record>) {
        let from = self.records.len();
        self.records.extend(records);
        if self.records.len() > from {
            self.seen_from.push((from, at));
        }
    }

    /// Adds a removal that was seen at an instant of its own.
    pub fn remove_seen(&mut self, at: OffsetDateTime, stream: Stream, id: impl Into<String>) {
        let removal = (stream, id.into());
        if !self.removed.contains(&removal) {
            self.removed.push(removal.clone());
        }
        let known = self.removed_at.entry(removal).or_insert(at);
        *known = (*known).max(at);
    }
}
