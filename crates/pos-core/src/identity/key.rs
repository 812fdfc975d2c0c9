//! Keys: what two records may have in common.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::email::EmailKey;
use super::phone::E164;
use crate::record::Account;

/// A class of keys, as the order of matching names it.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyClass {
    /// The vendor's own id of the customer. Always used, always first.
    VendorId,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
}

/// A vendor's id of a customer in one account.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd)]
pub struct VendorKey {
    /// The shop.
    pub account: Account,
    /// The customer's id there.
    pub id: Arc<str>,
}

impl Hash for VendorKey {
    /// By the id: keys of one map are mostly those of one shop.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for VendorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VendorKey({}/{}/{})", self.account.vendor(), self.account.id(), self.id)
    }
}

/// Something that two records of one person have in common.
///
/// `Debug` hides what identifies a person. [`Key::to_text`] gives the stable text form that a store may index, and
/// serde uses the same.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Key {
    /// A customer's id at a vendor. A customer record holds its own without being told; an order block names the
    /// customer that it belongs to; a customer's other ids are named the same way.
    Vendor(VendorKey),
    /// A telephone number.
    Phone(E164),
    /// An e-mail address.
    Email(EmailKey),
}

impl Key {
    /// The key of a customer's id.
    pub fn vendor(account: &Account, id: &str) -> Self {
        Self::Vendor(VendorKey { account: account.clone(), id: id.into() })
    }

    /// The class of the key.
    pub const fn class(&self) -> KeyClass {
        match self {
            Self::Vendor(_) => KeyClass::VendorId,
            Self::Phone(_) => KeyClass::Phone,
            Self::Email(_) => KeyClass::Email,
        }
    }

    /// The text form: `p:84912000123`, `e:lan@example.com`, `v:haravan/shop/17` (with `%` and `/` inside a part
    /// written `%25` and `%2F`).
    pub fn to_text(&self) -> String {
        match self {
            Self::Phone(phone) => format!("p:{}", phone.digits()),
            Self::Email(email) => format!("e:{email}"),
            Self::Vendor(key) => path("v", &key.account, &key.id),
        }
    }

    /// Reads the text form again.
    ///
    /// # Errors
    /// [`NotAKey`] when [`Key::to_text`] did not write it.
    pub fn from_text(text: &str) -> Result<Self, NotAKey> {
        let (class, rest) = text.split_once(':').ok_or(NotAKey)?;
        match class {
            "p" if rest.bytes().all(|byte| byte.is_ascii_digit()) && !rest.starts_with('0') => {
                rest.parse().ok().and_then(E164::new).map(Self::Phone).ok_or(NotAKey)
            }
            "e" if rest.contains('@') => Ok(Self::Email(EmailKey::from_folded(rest))),
            "v" => parts(rest).map(|(account, id)| Self::Vendor(VendorKey { account, id })),
            _ => Err(NotAKey),
        }
    }
}

fn escape(part: &str) -> Cow<'_, str> {
    if part.contains(['%', '/']) { part.replace('%', "%25").replace('/', "%2F").into() } else { part.into() }
}

/// `c:vendor/account/id`.
pub(super) fn path(class: &str, account: &Account, id: &str) -> String {
    let (vendor, shop) = (account.vendor().as_str(), account.id());
    [class, ":", &*escape(vendor), "/", &*escape(shop), "/", &*escape(id)].concat()
}

/// Reads `vendor/account/id` again.
pub(super) fn parts(text: &str) -> Result<(Account, Arc<str>), NotAKey> {
    let mut parts = text.split('/').map(unescape);
    let mut part = || parts.next().flatten().ok_or(NotAKey);
    let (vendor, shop, id) = (part()?, part()?, part()?);
    if parts.next().is_some() {
        return Err(NotAKey);
    }
    Ok((Account::new(vendor.into_owned(), shop), id.into()))
}

fn unescape(part: &str) -> Option<Cow<'_, str>> {
    if !part.contains('%') {
        return Some(part.into());
    }
    let text = part.replace("%2F", "/").replace("%25", "%");
    (escape(&text) == part).then(|| text.into())
}

/// The text is not the text form of a key.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a key: want p:<digits>, e:<address> or v:<vendor>/<account>/<id>")]
pub struct NotAKey;

impl FromStr for Key {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        Self::from_text(text)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).map_err(serde::de::Error::custom)
    }
}
