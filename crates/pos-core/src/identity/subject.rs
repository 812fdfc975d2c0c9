//! Records as identity sees them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use super::key::{Key, NotAKey, VendorKey, parts, path};
use crate::record::Account;

/// What sort of record it is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A customer of a vendor.
    Customer,
    /// The buyer's block of an order.
    OrderBuyer,
    /// The recipient's block of an order, when that is somebody else.
    OrderRecipient,
}

impl SubjectKind {
    /// One letter for stores: `c`, `b`, `r`.
    pub const fn code(self) -> char {
        match self {
            Self::Customer => 'c',
            Self::OrderBuyer => 'b',
            Self::OrderRecipient => 'r',
        }
    }

    /// Reads [`SubjectKind::code`] again.
    pub const fn from_code(code: char) -> Option<Self> {
        match code {
            'c' => Some(Self::Customer),
            'b' => Some(Self::OrderBuyer),
            'r' => Some(Self::OrderRecipient),
            _ => None,
        }
    }
}

/// Names one record for ever. Serde writes the text form, so it can be the key of a JSON object.
#[derive(Clone, Eq, PartialEq)]
pub struct SubjectId {
    /// The shop.
    pub account: Account,
    /// The sort of record.
    pub kind: SubjectKind,
    /// The id of the customer or of the order.
    pub id: Arc<str>,
}

impl Ord for SubjectId {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_id =
            || if Arc::ptr_eq(&self.id, &other.id) { Ordering::Equal } else { self.id.cmp(&other.id) };
        self.account.cmp(&other.account).then_with(|| self.kind.cmp(&other.kind)).then_with(by_id)
    }
}

impl PartialOrd for SubjectId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for SubjectId {
    /// By the id: those of one map are mostly of one shop and one kind.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl SubjectId {
    /// Builds an id of its parts.
    pub fn new(account: &Account, kind: SubjectKind, id: &str) -> Self {
        Self { account: account.clone(), kind, id: id.into() }
    }

    /// The id of a vendor's customer.
    pub fn customer(account: &Account, id: &str) -> Self {
        Self::new(account, SubjectKind::Customer, id)
    }

    /// The short name of the vendor.
    pub fn vendor(&self) -> &str {
        self.account.vendor().as_str()
    }

    /// The key by which the vendor's customer of this id is known; a customer holds its own without being told.
    pub fn vendor_key(&self) -> Key {
        self.vendor_key_of(&self.id)
    }

    /// The key of another id of a customer in the same shop.
    pub fn vendor_key_of(&self, id: &Arc<str>) -> Key {
        Key::Vendor(VendorKey { account: self.account.clone(), id: id.clone() })
    }

    /// The text form, for a store: `c:haravan/shop/17`.
    pub fn to_text(&self) -> String {
        path(self.kind.code().encode_utf8(&mut [0; 4]), &self.account, &self.id)
    }

    /// Reads the text form again.
    ///
    /// # Errors
    /// [`NotAKey`] when [`SubjectId::to_text`] did not write it.
    pub fn from_text(text: &str) -> Result<Self, NotAKey> {
        let (kind, rest) = text.split_once(':').ok_or(NotAKey)?;
        let mut letters = kind.chars();
        let kind = letters.next().and_then(SubjectKind::from_code).ok_or(NotAKey)?;
        let (account, id) = parts(rest)?;
        if letters.next().is_some() { Err(NotAKey) } else { Ok(Self { account, kind, id }) }
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectId({self})")
    }
}

impl FromStr for SubjectId {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        Self::from_text(text)
    }
}

impl Serialize for SubjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for SubjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).map_err(serde::de::Error::custom)
    }
}

/// What a record's account allows in one group. It binds records that have a vendor id.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// At most one vendor id of the account in a group: two customers of a Haravan shop with one phone are buyer and
    /// recipient more often than one person.
    Account,
    /// The account keeps the customers of its branches apart (KiotViet's `ManagerCustomerByBranch`), and this
    /// record belongs to the named branch. At most one vendor id of the account in a group, because the vendor
    /// lets a phone exist once per branch and means two customers by it. A record without a vendor id, such as a
    /// guest's order, joins groups of its own branch only, as at the vendor.
    Branch(Box<str>),
}

/// One record with what identity needs of it.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Which record it is.
    pub id: SubjectId,
    /// When it was created at the vendor. An unknown time counts as later than every known one.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<OffsetDateTime>,
    /// The person's name, for explanations; it never joins anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The usable keys. A customer's own vendor id need not be among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// What its account allows in one group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
}

impl Subject {
    /// A record without keys.
    pub fn new(id: SubjectId) -> Self {
        Self { id, created_at: None, name: None, keys: Vec::new(), guard: None }
    }

    /// Adds a key.
    #[must_use]
    pub fn with_key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Sets the time of creation.
    #[must_use]
    pub fn with_created_at(mut self, created_at: OffsetDateTime) -> Self {
        self.created_at = Some(created_at);
        self
    }

    /// Sets what the account allows in one group.
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// What records are ordered by: the oldest first, then vendor, account, kind and id.
    pub fn canonical(&self) -> impl Ord + '_ {
        (self.created_at.is_none(), self.created_at, &self.id)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("keys", &self.keys)
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}
