//! What a CRM keeps: contacts, the records linked to them, documents with their ledger rows, and plain entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use pos_core::debug_only;
use pos_core::identity::{Key, SubjectId};
use pos_core::merge::Source;
use pos_core::record::{
    Account, Address, Currency, CustomerRecord, DocumentKind, Money, OrderRecord, Record, Stream,
    TicketRecord,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;

use crate::fields::{kind_of, read_address};
use crate::kept::Kept;

/// The id of a contact: the host's own for a contact that the host made, else the id of its oldest record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(Arc<str>);

impl Serialize for ContactId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ContactId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl ContactId {
    /// Wraps an id of the host.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&SubjectId> for ContactId {
    fn from(id: &SubjectId) -> Self {
        Self(id.to_text().into())
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

impl FieldValue {
    /// Whether two states of a field are the same but for the form in which the value is kept.
    pub(crate) fn is_same(&self, field: &str, other: &Self) -> bool {
        (&self.by, self.at) == (&other.by, other.at) && kind_of(field).same(&self.value, &other.value)
    }
}

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
    /// Fields by the CRM's names: the default ones of [`FIELDS`](crate::FIELDS), and those of the mapping.
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
        Self { host_made: true, created_at: Some(created_at), ..Self::synced(ContactId::new(id)) }
    }

    pub(crate) fn synced(id: ContactId) -> Self {
        Self {
            id,
            role: Role::default(),
            host_made: false,
            fields: BTreeMap::new(),
            typed: BTreeMap::new(),
            owner: None,
            source: None,
            created_by: None,
            is_buyer: false,
            name_is_placeholder: false,
            deleted: false,
            created_at: None,
        }
    }

    /// The same contact with a field that a person typed.
    #[must_use]
    pub fn with_typed(mut self, field: &str, value: impl Into<Value>, at: OffsetDateTime) -> Self {
        let value = FieldValue { value: kind_of(field).typed(value.into()), by: Source::Host, at: Some(at) };
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

    /// Phone numbers in E.164, the best first. A typed text that is no number is not among them.
    pub fn phones(&self) -> Vec<&str> {
        self.list("phones")
    }

    /// E-mail addresses, the best first.
    pub fn emails(&self) -> Vec<&str> {
        self.list("emails")
    }

    /// Postal addresses, the best first, in their parts where they are known so; [`one_line`](crate::one_line) shows one.
    pub fn addresses(&self) -> Vec<Address> {
        let items = self.fields.get("addresses").and_then(|field| field.value.as_array());
        items.into_iter().flatten().filter_map(read_address).collect()
    }

    /// Whether two states of a contact are the same but for the form in which values are kept ([`FieldKind::same`]).
    ///
    /// [`FieldKind::same`]: crate::FieldKind
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        // A new member has to be looked at, too.
        let Self {
            id,
            role,
            host_made,
            fields,
            typed,
            owner,
            source,
            created_by,
            is_buyer,
            name_is_placeholder,
            deleted,
            created_at,
        } = self;
        (id, role, host_made, owner, source)
            == (&other.id, &other.role, &other.host_made, &other.owner, &other.source)
            && (created_by, is_buyer, name_is_placeholder)
                == (&other.created_by, &other.is_buyer, &other.name_is_placeholder)
            && (deleted, created_at) == (&other.deleted, &other.created_at)
            && same_fields(fields, &other.fields)
            && same_fields(typed, &other.typed)
    }
}

fn same_fields(one: &BTreeMap<String, FieldValue>, other: &BTreeMap<String, FieldValue>) -> bool {
    let same = |((name, one), (other_name, other)): ((&String, &FieldValue), (&String, &FieldValue))| {
        name == other_name && one.is_same(name, other)
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// Which state of an object a record shows: when the vendor says it changed, and when it was seen so.
///
/// The vendor's time of change decides; where it is equal or absent, the later sight does. So a change that moves no time
/// arrives, and an older state never replaces a newer one, whatever the order of arrival. That holds as long as a vendor's
/// times do not run backwards while some of its answers carry none: of such facts no order can keep both promises, and the
/// order of arrival decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// Last change at the vendor, in nanoseconds since 1970, where the vendor says one.
    pub changed: Option<i64>,
    /// When it was seen, by the vendor's clock: the instant before the request that read it, or the time of the event
    /// that told it.
    pub seen: i64,
    /// The first bytes of the content's SHA-256, to recognise what is unchanged.
    pub hash: u64,
}

impl Default for Version {
    /// The version of what was never seen.
    fn default() -> Self {
        Self { changed: None, seen: i64::MIN, hash: 0 }
    }
}

/// Nanoseconds since 1970, as versions count; the ends of the scale are the years 1677 and 2262.
pub fn nanos(at: OffsetDateTime) -> i64 {
    let nanos = at.unix_timestamp_nanos();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

const SECOND: i64 = 1_000_000_000;

impl Version {
    /// The version of some content. A change in the future counts as the second in which it was seen.
    pub fn new(changed: Option<OffsetDateTime>, seen: OffsetDateTime, content: &[u8]) -> Self {
        Self::of(changed, seen, hash(content))
    }

    /// The version of the content that has a hash.
    pub(crate) fn of(changed: Option<OffsetDateTime>, seen: OffsetDateTime, hash: u64) -> Self {
        let seen = nanos(seen);
        let changed = changed.map(nanos);
        Self {
            changed: changed.map(|at| if at > seen { seen - seen.rem_euclid(SECOND) } else { at }),
            seen,
            hash,
        }
    }

    /// Whether this state came after another one of the same object.
    pub fn is_after(&self, other: &Self) -> bool {
        let by_vendor = match (self.changed, other.changed) {
            (Some(mine), Some(theirs)) => mine.cmp(&theirs),
            _ => std::cmp::Ordering::Equal,
        };
        // Two states of one instant by both clocks: any fixed order will do.
        by_vendor.then(self.seen.cmp(&other.seen)).then(self.hash.cmp(&other.hash)).is_gt()
    }
}

/// The first bytes of the content's SHA-256.
pub(crate) fn hash(content: &[u8]) -> u64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(content);
    let mut hash = [0; 8];
    hash.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(hash)
}

/// One record of a vendor that may be a person, kept for ever, and the contact that it is bound to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subject {
    /// Which record.
    pub id: SubjectId,
    /// What the vendor says.
    pub record: Kept<CustomerRecord>,
    /// Only a document named it so far; the customer itself was not read yet.
    pub stub: bool,
    /// Which version of it.
    pub version: Version,
    /// When the vendor was seen to have it no more, in nanoseconds since 1970. It counts unless
    /// the record was seen alive later (`version.seen`).
    pub gone: Option<i64>,
    /// The keys that the rules of its link let it hold: by them it is recognised.
    pub keys: Vec<Key>,
    /// Further keys, by which its contact is found and nobody is recognised.
    pub finds: Vec<Key>,
    /// The contact.
    pub contact: Option<ContactId>,
    /// A person, or a push of ours, bound it to the contact: rules do not move it.
    pub pinned: bool,
    /// Fields of the contact that the CRM changed since both sides last agreed: what a push sends.
    pub unsent: BTreeSet<String>,
}

debug_only!(Subject { id, stub, version, gone, contact, pinned, unsent });

impl Subject {
    /// A record as a store kept it.
    pub fn new(id: SubjectId, record: CustomerRecord, version: Version, keys: Vec<Key>) -> Self {
        Self::of(id, record.into(), version, keys)
    }

    pub(crate) fn of(id: SubjectId, record: Kept<CustomerRecord>, version: Version, keys: Vec<Key>) -> Self {
        Self {
            id,
            record,
            stub: false,
            version,
            gone: None,
            keys,
            finds: Vec::new(),
            contact: None,
            pinned: false,
            unsent: BTreeSet::new(),
        }
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

    /// The same record with when it was seen to be gone.
    #[must_use]
    pub fn with_gone(mut self, gone: Option<i64>) -> Self {
        self.gone = gone;
        self
    }

    /// The same record with keys that only find it.
    #[must_use]
    pub fn with_finds(mut self, finds: Vec<Key>) -> Self {
        self.finds = finds;
        self
    }

    /// The same record with the fields that its shop was not told yet.
    #[must_use]
    pub fn with_unsent(mut self, fields: impl IntoIterator<Item = String>) -> Self {
        self.unsent = fields.into_iter().collect();
        self
    }
}

/// Serde for a text that is shared.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Arc::from)
    }
}

/// Names one document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentId {
    /// The shop.
    pub account: Account,
    /// Order, invoice or return.
    pub kind: DocumentKind,
    /// The vendor's id.
    #[serde(with = "shared")]
    pub id: Arc<str>,
}

impl Hash for DocumentId {
    /// By the id: those of one map are mostly of one shop and one kind.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl DocumentId {
    /// Names a document.
    pub fn new(account: Account, kind: DocumentKind, id: impl Into<Arc<str>>) -> Self {
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
    /// Part of it was refunded, or came back inside it: what remains counts.
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
    /// The document that it takes back did not count, or tells itself what came back.
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
    pub record: Kept<OrderRecord>,
    /// Which version of it.
    pub version: Version,
    /// The record of the buyer; absent for a walk-in sale. The document belongs to that record's contact.
    pub buyer: Option<SubjectId>,
    /// The record of the recipient, when recipients become contacts.
    pub recipient: Option<SubjectId>,
    /// Keys that stand on the document itself: by them its buyer's contact is found, and nobody is recognised.
    pub finds: Vec<Key>,
    /// The vendor has it no more.
    pub deleted: bool,
    /// When that was seen, in nanoseconds since 1970. It counts unless the document was seen alive later
    /// (`version.seen`).
    pub gone: Option<i64>,
    /// What it adds.
    pub ledger: LedgerRow,
}

debug_only!(Document { id, version, buyer, recipient, deleted, ledger });

impl Document {
    /// A document as a store kept it.
    pub fn new(id: DocumentId, record: OrderRecord, version: Version, ledger: LedgerRow) -> Self {
        Self::of(id, record.into(), version, ledger)
    }

    pub(crate) fn of(id: DocumentId, record: Kept<OrderRecord>, version: Version, ledger: LedgerRow) -> Self {
        Self {
            id,
            record,
            version,
            buyer: None,
            recipient: None,
            finds: Vec::new(),
            deleted: false,
            gone: None,
            ledger,
        }
    }

    /// What it is called: its id, its code and its other names. Whoever names one of them means it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let further = self.record.code.iter().chain(&self.record.aliases);
        std::iter::once(&*self.id.id).chain(further.map(String::as_str))
    }

    /// What it calls others: the order that it fulfils, the document that it takes back.
    pub fn refers_to(&self) -> impl Iterator<Item = &str> {
        [&self.record.fulfils, &self.record.returns].into_iter().flatten().map(String::as_str)
    }

    /// When it was placed; midnight UTC where only the day is known.
    pub fn placed(&self) -> Option<OffsetDateTime> {
        let day = || self.record.placed_on.map(|day| day.midnight().assume_utc());
        self.record.placed_at.or_else(day)
    }

    /// The same document with the records of its parties.
    #[must_use]
    pub fn with_parties(mut self, buyer: Option<SubjectId>, recipient: Option<SubjectId>) -> Self {
        self.buyer = buyer;
        self.recipient = recipient;
        self
    }

    /// The same document, removed by the vendor or not, and when that was seen.
    #[must_use]
    pub fn with_deleted(mut self, deleted: bool, gone: Option<i64>) -> Self {
        self.deleted = deleted;
        self.gone = gone;
        self
    }

    /// The same document with the keys that stand on it.
    #[must_use]
    pub fn with_finds(mut self, finds: Vec<Key>) -> Self {
        self.finds = finds;
        self
    }
}

/// Any other record: products, branches, staff, categories, tickets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "KeptEntry")]
#[non_exhaustive]
pub struct Entry {
    /// The shop.
    pub account: Account,
    /// The stream.
    pub stream: Stream,
    /// The vendor's id.
    #[serde(with = "shared")]
    pub id: Arc<str>,
    /// What the vendor says; absent when only its removal is known.
    pub record: Option<Kept<Record>>,
    /// Which version of it.
    pub version: Version,
    /// Whether the vendor has it no more.
    pub deleted: bool,
    /// When that was seen, in nanoseconds since 1970.
    pub gone: Option<i64>,
}

debug_only!(Entry { account, stream, id, version, deleted });

/// An entry as serde wrote it: which kind of record it is, is known by its stream alone.
#[derive(Deserialize)]
struct KeptEntry {
    account: Account,
    stream: Stream,
    #[serde(with = "shared")]
    id: Arc<str>,
    record: Option<Value>,
    version: Version,
    deleted: bool,
    #[serde(default)]
    gone: Option<i64>,
}

impl TryFrom<KeptEntry> for Entry {
    type Error = serde_json::Error;

    fn try_from(kept: KeptEntry) -> Result<Self, Self::Error> {
        let KeptEntry { account, stream, id, record, version, deleted, gone } = kept;
        let record = record.map(|record| Record::read(stream, record).map(Kept::from)).transpose()?;
        Ok(Self { account, stream, id, record, version, deleted, gone })
    }
}

impl Entry {
    /// An entry as a store kept it.
    pub fn new(id: EntryId, record: Option<Record>, version: Version, deleted: bool) -> Self {
        let EntryId { account, stream, id } = id;
        Self { account, stream, id, record: record.map(Kept::from), version, deleted, gone: None }
    }

    /// The same entry with when it was seen to be gone.
    #[must_use]
    pub fn with_gone(mut self, gone: Option<i64>) -> Self {
        self.gone = gone;
        self
    }

    /// The ticket that it is, while the vendor has it.
    pub fn ticket(&self) -> Option<&TicketRecord> {
        match self.record.as_deref() {
            Some(Record::Ticket(ticket)) if !self.deleted => Some(ticket),
            _ => None,
        }
    }

    /// Its name.
    pub fn entry_id(&self) -> EntryId {
        EntryId { account: self.account.clone(), stream: self.stream, id: self.id.clone() }
    }
}

/// Names an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId {
    /// The shop.
    pub account: Account,
    /// The stream.
    pub stream: Stream,
    /// The vendor's id.
    #[serde(with = "shared")]
    pub id: Arc<str>,
}

impl Hash for EntryId {
    /// By the id: those of one map are mostly of one shop and one stream.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl EntryId {
    /// Names an entry.
    pub fn new(account: Account, stream: Stream, id: impl Into<Arc<str>>) -> Self {
        Self { account, stream, id: id.into() }
    }

    /// Whether a plan compares the content of what is there, and not only its version: tickets.
    pub fn is_compared(&self) -> bool {
        self.stream == Stream::Tickets
    }
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

    /// Whether it is about a record.
    pub fn names(&self, id: &SubjectId) -> bool {
        let (left, right) = self.pair();
        left == id || right == id
    }
}
