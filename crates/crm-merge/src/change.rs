//! What planning needs to see, and what it answers: plain data that can be printed, stored and compared.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use pos_core::identity::{IgnoreReason, Key, KeyClass, SubjectId};
use pos_core::record::Account;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

use crate::model::{Contact, ContactId, Decision, Document, DocumentId, Entry, EntryId, LedgerRow, Subject};

/// What a plan needs from the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// What the batch tells: rows that say the same need not be shown.
    pub told: Arc<[Told]>,
    /// Records.
    pub subjects: BTreeSet<SubjectId>,
    /// Customers that documents name. Of those that are known in full only that much matters: the store puts them into
    /// [`Snapshot::known`] and reads nothing else about them. The others it treats like `subjects`, with the key of
    /// their own id.
    pub mentioned: BTreeSet<SubjectId>,
    /// Keys: every record that holds one of them, and the contacts that the host made with them.
    pub keys: BTreeSet<Key>,
    /// Documents, with those that they refer to and that refer to them.
    pub documents: BTreeSet<DocumentId>,
    /// Ids and codes by shop: the documents that have one of them, or that refer to one of them.
    pub references: BTreeSet<(Account, String)>,
    /// Plain entries.
    pub entries: BTreeSet<EntryId>,
    /// Contacts, with every record of them.
    pub contacts: BTreeSet<ContactId>,
    /// A key held by more records than this is shared: it is reported, and its holders are not fetched. An order's block
    /// that names a customer counts with that customer. It is more than the limit of the rules, because the batch may
    /// take holders away.
    pub max_key_holders: u32,
    /// Keys that a person allowed to join however many hold them: never shared, their holders are always fetched.
    pub allowed_shared: BTreeSet<Key>,
}

/// What a batch tells of a record, and what has to be seen when that is news.
///
/// It is none when the store has the same: that row's own words matter to nobody then. Most of what a full read brings
/// again is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A customer: none when its row has this hash and these keys, is no stub, and was not seen to be gone.
    Customer {
        /// Which one.
        id: SubjectId,
        /// The hash of what it says ([`Version::hash`](crate::Version::hash)).
        hash: u64,
        /// The keys that it holds.
        keys: Vec<Key>,
        /// The keys that only find it.
        finds: Vec<Key>,
    },
    /// A document: none when its row has this hash, and was not seen to be gone.
    Document {
        /// Which one.
        id: DocumentId,
        /// The hash of what it says.
        hash: u64,
        /// What it is called beside its id, and what it refers to.
        names: Vec<String>,
        /// Records that it speaks of.
        subjects: Vec<SubjectId>,
        /// Customers that it names, as in [`Want::mentioned`].
        mentioned: Vec<SubjectId>,
        /// The keys on it.
        keys: Vec<Key>,
    },
}

/// The part of the CRM that a plan may touch, as it was at one instant.
///
/// It is closed: with a record come all records that hold one of its keys (unless the key is shared), and all records
/// of its contact, and so on; with a document come the documents that it refers to and that refer to it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The number of the last commit that it has seen.
    pub sequence: u64,
    /// Records.
    pub subjects: HashMap<SubjectId, Subject>,
    /// What the batch told and the store has the same, with the instant at which each was seen last, in nanoseconds since
    /// 1970: those rows are here only when something else leads to them.
    pub same: Same,
    /// Mentioned customers that are known in full, by their own records.
    pub known: HashSet<SubjectId>,
    /// Contacts of those records, and contacts that the host made with one of the wanted keys.
    pub contacts: HashMap<ContactId, Contact>,
    /// Wanted contacts whose ids are retired, and the living contacts that these lead to. Those are in `contacts`.
    pub redirected: HashMap<ContactId, ContactId>,
    /// Documents.
    pub documents: HashMap<DocumentId, Document>,
    /// Entries: whether they are there, and which version. Tickets alone have their content, because it is compared.
    pub entries: HashMap<EntryId, Entry>,
    /// Keys that more records hold than are allowed.
    pub shared: HashSet<Key>,
    /// Decisions about the records here.
    pub decisions: Vec<Decision>,
}

/// [`Snapshot::same`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Same {
    /// Customers.
    pub subjects: HashMap<SubjectId, i64>,
    /// Documents.
    pub documents: HashMap<DocumentId, i64>,
}

impl Snapshot {
    /// The contact that a wanted id means by now.
    pub fn heir<'a>(&'a self, id: &'a ContactId) -> &'a ContactId {
        self.redirected.get(id).unwrap_or(id)
    }
}

/// What the commit must find unchanged since the snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reads {
    /// The snapshot's number.
    pub sequence: u64,
    /// Records that were read, or were looked for and not there.
    pub subjects: BTreeSet<SubjectId>,
    /// Keys whose holders were read.
    pub keys: BTreeSet<Key>,
    /// Documents that were read, or were looked for and not there.
    pub documents: BTreeSet<DocumentId>,
    /// Ids and codes by shop: no document may have come that has one of them, or that refers to one of them.
    #[serde(default)]
    pub references: BTreeSet<(Account, String)>,
    /// Contacts that were read.
    pub contacts: BTreeSet<ContactId>,
}

/// One row written. `before` tells a new row from a changed one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change<T> {
    /// The row as it will be.
    pub row: T,
    /// Whether it was there before.
    pub existed: bool,
}

impl<T> Change<T> {
    /// A row that is new.
    pub fn new(row: T) -> Self {
        Self { row, existed: false }
    }

    /// A row that was there.
    pub fn changed(row: T) -> Self {
        Self { row, existed: true }
    }
}

/// A contact that is no more; its id leads to another one for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// The id that is retired.
    pub from: ContactId,
    /// Where it leads.
    pub into: ContactId,
}

/// Why something was done. One entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Audit {
    /// A contact was made for a record.
    Created {
        /// The contact.
        contact: ContactId,
        /// The record.
        by: SubjectId,
    },
    /// Fields of a contact changed; their names, not their values.
    Updated {
        /// The contact.
        contact: ContactId,
        /// Fields.
        fields: Vec<String>,
    },
    /// A record was recognised as a contact that was there.
    Linked {
        /// The contact.
        contact: ContactId,
        /// The record.
        record: SubjectId,
        /// Why.
        why: LinkReason,
    },
    /// Two contacts turned out to be one.
    Merged {
        /// The one that is no more.
        from: ContactId,
        /// The one that stays.
        into: ContactId,
    },
    /// A contact turned out to be several.
    Split {
        /// The one that was.
        from: ContactId,
        /// The other one.
        into: ContactId,
        /// The records that went.
        records: Vec<SubjectId>,
    },
    /// A key was not used.
    Ignored {
        /// The key, shortened so that it names nobody.
        key: KeyHint,
        /// Why.
        #[serde(deserialize_with = "ignore_reason")]
        why: IgnoreReason,
        /// The records.
        records: Vec<SubjectId>,
    },
    /// A contact that matches too but was not merged: a person may decide.
    Suspected {
        /// The contact that was chosen.
        contact: ContactId,
        /// The one that matches as well.
        other: ContactId,
    },
}

impl Audit {
    /// The contacts whose trail it belongs to; those of its records, at the moment it is written, when it names none.
    pub fn about(&self) -> (Vec<&ContactId>, &[SubjectId]) {
        match self {
            Self::Created { contact, .. } | Self::Updated { contact, .. } | Self::Linked { contact, .. } => {
                (vec![contact], &[])
            }
            Self::Merged { from, into } | Self::Split { from, into, .. } => (vec![from, into], &[]),
            Self::Suspected { contact, other } => (vec![contact, other], &[]),
            Self::Ignored { records, .. } => (Vec::new(), records),
        }
    }
}

/// A key in a form that names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptHint")]
pub struct KeyHint {
    /// Its class.
    pub class: KeyClass,
    /// What may be shown of it: country and last two digits of a number, the domain of an address, a vendor's id.
    pub shown: String,
}

impl KeyHint {
    /// The hint at a key.
    pub fn of(key: &Key) -> Self {
        let shown = match key {
            Key::Phone(number) => format!("+{}…{:02}", number.country_code(), number.digits() % 100),
            Key::Email(address) => {
                format!("…@{}", address.as_str().rsplit_once('@').map_or("", |(_, domain)| domain))
            }
            Key::Vendor(key) => format!("{}/{}/{}", key.account.vendor(), key.account.id(), key.id),
        };
        Self { class: key.class(), shown }
    }
}

impl fmt::Display for KeyHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A hint as serde wrote it; earlier releases wrote how the key looks in a log: `Phone(E164(+84…23))`.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeptHint {
    Typed { class: KeyClass, shown: String },
    Text(String),
}

impl From<KeptHint> for KeyHint {
    fn from(kept: KeptHint) -> Self {
        match kept {
            KeptHint::Typed { class, shown } => Self { class, shown },
            KeptHint::Text(text) => {
                let (class, inner) = match text.split_once('(') {
                    Some(("Email", inner)) => (KeyClass::Email, inner),
                    Some(("Vendor", inner)) => (KeyClass::VendorId, inner),
                    Some((_, inner)) => (KeyClass::Phone, inner),
                    None => (KeyClass::Phone, &*text),
                };
                let shown = inner.split_once('(').map_or(inner, |(_, shown)| shown);
                Self { class, shown: shown.trim_end_matches(')').to_owned() }
            }
        }
    }
}

/// Earlier releases wrote the reason in words.
fn ignore_reason<'de, D: Deserializer<'de>>(from: D) -> Result<IgnoreReason, D::Error> {
    match String::deserialize(from)?.as_str() {
        "shared by too many records" => Ok(IgnoreReason::Shared),
        "groupfull" => Ok(IgnoreReason::GroupFull),
        "forcedsplit" => Ok(IgnoreReason::ForcedSplit),
        name => IgnoreReason::deserialize(name.into_deserializer()),
    }
}

/// Why a record belongs to a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkReason {
    /// Both hold the same key.
    Key {
        /// The class of the key.
        class: KeyClass,
        /// The record that held it before; absent when it is a contact that the host made.
        with: Option<SubjectId>,
    },
    /// A person decided.
    Decided,
    /// A push of ours made the record.
    Pushed,
}

/// A value that a policy wants a person to look at.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The contact.
    pub contact: ContactId,
    /// The field.
    pub field: String,
    /// What stays for now.
    pub kept: serde_json::Value,
    /// What was offered.
    pub offered: serde_json::Value,
    /// By which record.
    pub by: SubjectId,
}

impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict")
            .field("contact", &self.contact)
            .field("field", &self.field)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

/// Something to be written at a vendor after the commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outbox {
    /// The shop.
    pub account: Account,
    /// What to write.
    pub push: Push,
    /// The contact whose record this becomes.
    pub contact: Option<ContactId>,
}

impl Outbox {
    /// Something to write.
    pub fn new(account: Account, push: Push, contact: Option<ContactId>) -> Self {
        Self { account, push, contact }
    }
}

/// What to write at a vendor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    /// A contact, as it is when it is sent.
    Contact {
        /// Its id.
        reference: String,
    },
    /// A customer as it was when it was put here: a form of earlier releases, sent like [`Push::Contact`] when the contact
    /// is known.
    Customer(Box<pos_core::connector::CustomerPush>),
    /// An order.
    Order(Box<pos_core::connector::OrderPush>),
}

impl Push {
    /// Our own id of the object: a second push with the same one replaces the first.
    pub fn reference(&self) -> &str {
        match self {
            Self::Contact { reference } => reference,
            Self::Customer(push) => &push.reference,
            Self::Order(push) => &push.reference,
        }
    }
}

/// Objects that were seen again as they were known: nothing changes but how recent that knowledge is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// Records, with the instant in nanoseconds since 1970.
    pub subjects: Vec<(SubjectId, i64)>,
    /// Documents.
    pub documents: Vec<(DocumentId, i64)>,
    /// Entries.
    pub entries: Vec<(EntryId, i64)>,
}

impl Seen {
    /// Whether nothing was seen again.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.documents.is_empty() && self.entries.is_empty()
    }
}

/// What became of the records of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// New in the CRM.
    pub created: u64,
    /// Changed something.
    pub updated: u64,
    /// Seen before, in this very version.
    pub unchanged: u64,
    /// Recognised, and by the rules not taken over: a duplicate under the skip policy, an older version, nobody's
    /// record.
    pub skipped: u64,
    /// Not readable.
    pub rejected: u64,
    /// Removed at the vendor.
    pub removed: u64,
}

impl Counts {
    /// Adds the counts of another batch.
    pub fn add(&mut self, other: Self) {
        self.total += other.total;
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
        self.removed += other.removed;
    }
}

/// Everything that one plan wants to be written, all or nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChangeSet {
    /// What must not have changed meanwhile.
    pub reads: Reads,
    /// Records.
    pub subjects: Vec<Change<Subject>>,
    /// Records that are gone: the buyer's block of a document that names a customer by now.
    pub dropped: Vec<SubjectId>,
    /// Contacts.
    pub contacts: Vec<Change<Contact>>,
    /// The keys by which contacts that the host made are found, for those that are written here: they replace what was
    /// there.
    pub host_keys: Vec<(ContactId, Vec<Key>)>,
    /// Contacts that are no more.
    pub redirects: Vec<Redirect>,
    /// Contacts that nothing is left of (a split undid them): their id leads nowhere.
    pub emptied: Vec<ContactId>,
    /// Documents with their ledger rows.
    pub documents: Vec<Change<Document>>,
    /// Ledger rows of documents that did not change themselves.
    pub ledger: Vec<(DocumentId, LedgerRow)>,
    /// Plain entries.
    pub entries: Vec<Change<Entry>>,
    /// Decisions of people.
    pub decisions: Vec<Decision>,
    /// Decisions taken back.
    pub revoked: Vec<Decision>,
    /// Questions for people.
    pub conflicts: Vec<Conflict>,
    /// Why.
    pub audit: Vec<Audit>,
    /// What to write at vendors.
    pub outbox: Vec<Outbox>,
    /// What was seen again. It conflicts with nothing: a later sight that is there already stays.
    pub seen: Seen,
    /// When it was planned.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub planned_at: Option<OffsetDateTime>,
    /// What became of the batch.
    pub counts: Counts,
}

impl ChangeSet {
    /// Whether nothing would be written but the counts.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
            && self.dropped.is_empty()
            && self.contacts.is_empty()
            && self.redirects.is_empty()
            && self.emptied.is_empty()
            && self.documents.is_empty()
            && self.ledger.is_empty()
            && self.entries.is_empty()
            && self.decisions.is_empty()
            && self.revoked.is_empty()
            && self.conflicts.is_empty()
            && self.outbox.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_earlier_releases_are_read() {
        let read = |key: &str, why: &str| {
            let line =
                format!(r#"{{"what":"ignored","key":"{key}","why":"{why}","records":["c:sapo/shop/1"]}}"#);
            match serde_json::from_str(&line) {
                Ok(Audit::Ignored { key, why, records }) if records.len() == 1 => {
                    Some((key.class, key.shown, why))
                }
                _ => None,
            }
        };
        let said = |class, shown: &str, why| Some((class, shown.to_owned(), why));
        assert_eq!(
            read("Phone(E164(+84…23))", "shared by too many records"),
            said(KeyClass::Phone, "+84…23", IgnoreReason::Shared)
        );
        assert_eq!(
            read("Email(EmailKey(…@example.com))", "groupfull"),
            said(KeyClass::Email, "…@example.com", IgnoreReason::GroupFull)
        );
        assert_eq!(
            read("Vendor(VendorKey(sapo/shop/1))", "forcedsplit"),
            said(KeyClass::VendorId, "sapo/shop/1", IgnoreReason::ForcedSplit)
        );
        assert_eq!(read("p:…23", "guarded"), said(KeyClass::Phone, "p:…23", IgnoreReason::Guarded));
        assert_eq!(read("p:…23", "no such reason"), None);
    }

    #[test]
    fn a_hint_names_nobody_and_is_read_as_it_was_written() {
        for (text, shown) in [("p:84912000123", "+84…23"), ("e:lan@example.com", "…@example.com")] {
            let Ok(key) = Key::from_text(text) else { panic!("{text}") };
            let audit =
                Audit::Ignored { key: KeyHint::of(&key), why: IgnoreReason::Shared, records: Vec::new() };
            let json = serde_json::to_string(&audit).unwrap_or_default();
            assert!(json.contains(shown) && !json.contains("912000") && !json.contains("lan@"), "{json}");
            assert_eq!(serde_json::from_str::<Audit>(&json).ok(), Some(audit));
        }
    }
}
