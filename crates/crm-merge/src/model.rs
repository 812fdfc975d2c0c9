//! What a CRM keeps: contacts, the records linked to them, documents with their ledger rows, and plain entries.

use std::collections::BTreeMap;
use std::fmt;

use pos_core::debug_only;
use pos_core::identity::{Key, SubjectId};
use pos_core::merge::Source;
use pos_core::record::{Account, Currency, CustomerRecord, DocumentKind, Money, OrderRecord, Record, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// The id of a contact: the host's own for a contact that the host made, else the id of its oldest record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactId(String);

impl ContactId {
    /// Wraps an id of the host.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&SubjectId> for ContactId {
    fn from(id: &SubjectId) -> Self {
        Self(id.to_text())
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContactId({})", self.0)
    }
}

/// What a contact is in the CRM.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// A person.
    #[default]
    Contact,
    /// A firm or household that persons belong to.
    Account,
    /// A role of the host's own.
    Other(String),
}

/// The value of a field and who says it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldValue {
    /// The value.
    pub value: Value,
    /// Who says it.
    pub by: Source,
    /// When it was said.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option", default)]
    pub at: Option<OffsetDateTime>,
}

debug_only!(FieldValue { by, at });

/// A contact. Its fields are a pure function of the records linked to it, of the rules, and of what people typed; so it
/// can be made anew at any time and comes out the same.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contact {
    /// Id.
    pub id: ContactId,
    /// What it is.
    #[serde(default)]
    pub role: Role,
    /// Whether the host made it, and not the sync.
    #[serde(default, skip_serializing_if = "is_false")]
    pub host_made: bool,
    /// Fields by the CRM's names: `name`, `phones`, `emails`, `addresses`, `gender`, `birth_date`, `tags`, `groups`,
    /// `note`, `organization`, `tax_code`, `identity_number`, `kind`, and those of the mapping.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldValue>,
    /// What people typed, by field. It is where the fold starts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub typed: BTreeMap<String, FieldValue>,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Where it came from first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who or what created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Whether any record of it buys; false for somebody who only receives.
    #[serde(default)]
    pub is_buyer: bool,
    /// Whether `name` only stands in for a name that nobody knows yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub name_is_placeholder: bool,
    /// Whether every record of it is deleted at its vendor.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// When the oldest record was created, or the host made it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
}

debug_only!(Contact { id, role, host_made, is_buyer, name_is_placeholder, deleted });

fn is_false(value: &bool) -> bool {
    !*value
}

impl Contact {
    /// A contact that the host made. Give it fields with [`with_typed`](Contact::with_typed).
    pub fn host_made(id: impl Into<String>, created_at: OffsetDateTime) -> Self {
        Self {
            id: ContactId::new(id),
            role: Role::default(),
            host_made: true,
            fields: BTreeMap::new(),
            typed: BTreeMap::new(),
            owner: None,
            source: None,
            created_by: None,
            is_buyer: false,
            name_is_placeholder: false,
            deleted: false,
            created_at: Some(created_at),
        }
    }

    pub(crate) fn synced(id: ContactId) -> Self {
        Self { host_made: false, created_at: None, ..Self::host_made(id.0, OffsetDateTime::UNIX_EPOCH) }
    }

    /// The same contact with a field that a person typed.
    #[must_use]
    pub fn with_typed(mut self, field: &str, value: impl Into<Value>, at: OffsetDateTime) -> Self {
        let value = FieldValue { value: value.into(), by: Source::Host, at: Some(at) };
        self.fields.insert(field.to_owned(), value.clone());
        self.typed.insert(field.to_owned(), value);
        self
    }

    /// The same contact in another role.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// A field as text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.value.as_str()
    }

    /// The name, or what stands in for it.
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// A list field, as texts.
    pub fn list(&self, field: &str) -> Vec<&str> {
        let items = self.fields.get(field).and_then(|field| field.value.as_array());
        items.map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }

    /// Phone numbers in E.164, the best first.
    pub fn phones(&self) -> Vec<&str> {
        self.list("phones")
    }

    /// E-mail addresses, the best first.
    pub fn emails(&self) -> Vec<&str> {
        self.list("emails")
    }
}

/// Which version of an object a record is. A later version never gives way to an earlier one, whatever the order of
/// arrival; at the same instant the further status wins, then the hash decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// Last change at the vendor, in nanoseconds since 1970; the smallest number when the vendor says none.
    pub at: i128,
    /// How far the status is.
    pub rank: u8,
    /// The first bytes of the content's SHA-256.
    pub hash: u64,
}

impl Version {
    /// The version of some content.
    pub fn new(at: Option<OffsetDateTime>, rank: u8, content: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(content);
        let mut hash = [0; 8];
        hash.copy_from_slice(&digest[..8]);
        Self {
            at: at.map_or(i128::MIN, OffsetDateTime::unix_timestamp_nanos),
            rank,
            hash: u64::from_be_bytes(hash),
        }
    }
}

/// One record of a vendor that may be a person, kept for ever, and the contact that it is bound to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subject {
    /// Which record.
    pub id: SubjectId,
    /// What the vendor says.
    pub record: CustomerRecord,
    /// Only a document named it so far; the customer itself was not read yet.
    pub stub: bool,
    /// Which version of it.
    pub version: Version,
    /// The keys that the rules of its link let it hold.
    pub keys: Vec<Key>,
    /// The contact.
    pub contact: Option<ContactId>,
    /// A person, or a push of ours, bound it to the contact: rules do not move it.
    pub pinned: bool,
}

debug_only!(Subject { id, stub, version, contact, pinned });

impl Subject {
    /// A record as a store kept it.
    pub fn new(id: SubjectId, record: CustomerRecord, version: Version, keys: Vec<Key>) -> Self {
        Self { id, record, stub: false, version, keys, contact: None, pinned: false }
    }

    /// The same record, bound to a contact.
    #[must_use]
    pub fn with_contact(mut self, contact: impl Into<Option<ContactId>>) -> Self {
        self.contact = contact.into();
        self
    }

    /// The same record with its marks.
    #[must_use]
    pub fn with_marks(mut self, stub: bool, pinned: bool) -> Self {
        self.stub = stub;
        self.pinned = pinned;
        self
    }
}

/// Names one document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentId {
    /// The shop.
    pub account: Account,
    /// Order, invoice or return.
    pub kind: DocumentKind,
    /// The vendor's id.
    pub id: String,
}

impl DocumentId {
    /// Names a document.
    pub fn new(account: Account, kind: DocumentKind, id: impl Into<String>) -> Self {
        Self { account, kind, id: id.into() }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.kind.stream(), self.id)
    }
}

/// What a document adds to the revenue and order count of its contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LedgerRow {
    /// Money; below zero for a return.
    pub revenue: Money,
    /// 1 when it counts as an order.
    pub orders: u32,
    /// The currency of the money.
    pub currency: Currency,
    /// Why.
    pub why: LedgerReason,
}

impl LedgerRow {
    /// What a document adds.
    pub fn new(revenue: Money, orders: u32, currency: Currency, why: LedgerReason) -> Self {
        Self { revenue, orders, currency, why }
    }
}

/// Why a document counts as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LedgerReason {
    /// It is paid: its total counts.
    Paid,
    /// Part of it was refunded: what remains without shipping counts.
    PartiallyRefunded,
    /// It is not paid in full: it counts as an order, its money does not count yet.
    NotPaid,
    /// It was called off, came back, failed or was deleted.
    Dead,
    /// An invoice settles it: the order counts, the money counts there.
    Invoiced,
    /// It settles an order that is counted already: only its money counts.
    SettlesOrder,
    /// Goods came back.
    Returned,
    /// The document that it takes back did not count.
    ReturnOfNothing,
    /// Every document counts, paid or not, because the rules say so.
    Counted,
}

/// A document of a vendor with the record of its buyer and its ledger row.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Document {
    /// Which document.
    pub id: DocumentId,
    /// What the vendor says.
    pub record: OrderRecord,
    /// Which version of it.
    pub version: Version,
    /// The record of the buyer; absent for a walk-in sale. The document belongs to that record's contact.
    pub buyer: Option<SubjectId>,
    /// The record of the recipient, when recipients become contacts.
    pub recipient: Option<SubjectId>,
    /// The vendor removed it, whatever later versions of it say.
    pub deleted: bool,
    /// What it adds.
    pub ledger: LedgerRow,
}

debug_only!(Document { id, version, buyer, recipient, deleted, ledger });

impl Document {
    /// A document as a store kept it.
    pub fn new(id: DocumentId, record: OrderRecord, version: Version, ledger: LedgerRow) -> Self {
        Self { id, record, version, buyer: None, recipient: None, deleted: false, ledger }
    }

    /// The same document with the records of its parties.
    #[must_use]
    pub fn with_parties(mut self, buyer: Option<SubjectId>, recipient: Option<SubjectId>) -> Self {
        self.buyer = buyer;
        self.recipient = recipient;
        self
    }

    /// The same document, removed by the vendor or not.
    #[must_use]
    pub fn with_deleted(mut self, deleted: bool) -> Self {
        self.deleted = deleted;
        self
    }
}

/// Any other record: products, branches, staff, categories.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "KeptEntry")]
#[non_exhaustive]
pub struct Entry {
    /// The shop.
    pub account: Account,
    /// The stream.
    pub stream: Stream,
    /// The vendor's id.
    pub id: String,
    /// What the vendor says; absent when only its removal is known.
    pub record: Option<Record>,
    /// Which version of it.
    pub version: Version,
    /// Whether the vendor removed it.
    pub deleted: bool,
}

debug_only!(Entry { account, stream, id, version, deleted });

/// An entry as serde wrote it: which kind of record it is, is known by its stream alone.
#[derive(Deserialize)]
struct KeptEntry {
    account: Account,
    stream: Stream,
    id: String,
    record: Option<Value>,
    version: Version,
    deleted: bool,
}

impl TryFrom<KeptEntry> for Entry {
    type Error = serde_json::Error;

    fn try_from(kept: KeptEntry) -> Result<Self, Self::Error> {
        let KeptEntry { account, stream, id, record, version, deleted } = kept;
        let record = record.map(|record| Record::read(stream, record)).transpose()?;
        Ok(Self { account, stream, id, record, version, deleted })
    }
}

impl Entry {
    /// An entry as a store kept it.
    pub fn new(id: EntryId, record: Option<Record>, version: Version, deleted: bool) -> Self {
        let EntryId { account, stream, id } = id;
        Self { account, stream, id, record, version, deleted }
    }

    /// Its name.
    pub fn entry_id(&self) -> EntryId {
        EntryId { account: self.account.clone(), stream: self.stream, id: self.id.clone() }
    }
}

/// Names an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryId {
    /// The shop.
    pub account: Account,
    /// The stream.
    pub stream: Stream,
    /// The vendor's id.
    pub id: String,
}

/// What a person decided about two records. It wins over every rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// They are the same person.
    Same(SubjectId, SubjectId),
    /// They are not.
    Different(SubjectId, SubjectId),
}

impl Decision {
    /// Both records, the smaller id first.
    pub fn pair(&self) -> (&SubjectId, &SubjectId) {
        let (Self::Same(a, b) | Self::Different(a, b)) = self;
        if a <= b { (a, b) } else { (b, a) }
    }
}
