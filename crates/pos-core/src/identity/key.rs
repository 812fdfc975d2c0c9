//! Keys: what two records may have in common.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::email::EmailKey;
use super::phone::E164;

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
    /// The vendor, for example `kiotviet`.
    pub vendor: Arc<str>,
    /// The account of the shop at that vendor.
    pub account: Arc<str>,
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
        write!(f, "VendorKey({}/{}/{})", self.vendor, self.account, self.id)
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
    pub fn vendor(vendor: &str, account: &str, id: &str) -> Self {
        Self::Vendor(VendorKey { vendor: vendor.into(), account: account.into(), id: id.into() })
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
            Self::Vendor(key) => path("v", &key.vendor, &key.account, &key.id),
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
            "v" => {
                let mut parts = rest.split('/').map(unescape);
                let mut part = || parts.next().flatten().ok_or(NotAKey);
                let key = VendorKey { vendor: part()?.into(), account: part()?.into(), id: part()?.into() };
                if parts.next().is_some() { Err(NotAKey) } else { Ok(Self::Vendor(key)) }
            }
            _ => Err(NotAKey),
        }
    }
}

fn escape(part: &str) -> Cow<'_, str> {
    if part.contains(['%', '/']) { part.replace('%', "%25").replace('/', "%2F").into() } else { part.into() }
}

/// `c:vendor/account/id`.
pub(super) fn path(class: &str, vendor: &str, account: &str, id: &str) -> String {
    [class, ":", &*escape(vendor), "/", &*escape(account), "/", &*escape(id)].concat()
}

pub(super) fn unescape(part: &str) -> Option<Box<str>> {
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
