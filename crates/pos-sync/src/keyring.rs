//! The keys that seal credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Generate, Key, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use pos_core::kit::Settings;
use pos_core::record::Account;
use pos_core::webhook::{hex, unhex};
use pos_core::{Error, Secret};

/// How sealed texts begin.
const FORM: &str = "x1";

/// The bytes of a nonce.
const NONCE: usize = 24;

/// Why sealed credentials could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsealError {
    /// The CRM was made without [`with_keyring`](crate::Crm::with_keyring).
    #[error("no key ring was given to this CRM")]
    NoKeyring,
    /// They were sealed with a key that is not on the ring.
    #[error("they are sealed with the key {0:?}, which is not on the ring")]
    UnknownKey(String),
    /// They were altered, are another shop's, or the key of that name is another one.
    #[error("they do not open: they were altered, or the key is another one of that name")]
    Altered,
    /// The text is not what this crate writes.
    #[error("they are not in the form that this release knows")]
    Form,
}

/// The keys that seal credentials: a current one, and earlier ones that still open.
///
/// Each has a name, which is no secret and stands beside what it sealed. A key is 32 bytes; keep it where the database is
/// not: who has both has the credentials.
///
/// ```
/// use pos_sync::Keyring;
///
/// // Once, to be kept by the host:
/// let key = Keyring::generate();
/// let ring = Keyring::new("2026-11", &key)?;
/// // A year later:
/// let ring = Keyring::new("2027-11", &Keyring::generate())?.with_earlier("2026-11", &key)?;
/// # drop(ring);
/// # Ok::<(), pos_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Keyring {
    current: Arc<str>,
    keys: BTreeMap<Arc<str>, XChaCha20Poly1305>,
}

impl fmt::Debug for Keyring {
    /// The names alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.current)
            .field("keys", &self.keys.keys())
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// A ring with one key, in 64 hex digits.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the key is no 32 bytes in hex, or the name is not made of
    /// letters, digits, `-`, `_` and `.`.
    pub fn new(name: &str, key: &Secret) -> pos_core::Result<Self> {
        let empty = Self { current: name.into(), keys: BTreeMap::new() };
        empty.with_earlier(name, key)
    }

    /// The ring with a key that opens what it sealed, and seals nothing any more.
    ///
    /// # Errors
    /// As [`new`](Keyring::new); when the ring has a key of that name.
    pub fn with_earlier(mut self, name: &str, key: &Secret) -> pos_core::Result<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
            let what =
                "the name of a key has 1 to 64 letters of ASCII, digits, hyphens, underscores and dots";
            return Err(Error::config(what));
        }
        let bytes = unhex(key.expose().trim());
        let cipher = bytes.and_then(|bytes| XChaCha20Poly1305::new_from_slice(&bytes).ok());
        let cipher = cipher.ok_or_else(|| {
            Error::config(format!("the key {name} is not what it should be: 64 hex digits"))
        })?;
        if self.keys.insert(name.into(), cipher).is_some() {
            return Err(Error::config(format!("the key ring has a key {name} already")));
        }
        Ok(self)
    }

    /// A new key from the operating system's random numbers.
    pub fn generate() -> Secret {
        Secret::new(hex(&Key::<XChaCha20Poly1305>::generate()))
    }

    /// Whether the current key sealed it.
    pub(crate) fn is_current(&self, sealed: &str) -> bool {
        parts(sealed).is_some_and(|(key, _)| *key == *self.current)
    }

    /// What is bound to a sealed text beside what it hides: it opens for no other shop, and under no other name of a key.
    fn bound(account: &Account, key: &str) -> String {
        serde_json::json!([FORM, key, account.vendor(), account.id()]).to_string()
    }

    pub(crate) fn seal(&self, account: &Account, settings: &Settings) -> pos_core::Result<String> {
        let cannot = || Error::config("the credentials could not be sealed");
        let cipher = self.keys.get(&self.current).ok_or_else(cannot)?;
        let plain = serde_json::to_vec(settings).map_err(|_| cannot())?;
        let nonce = XNonce::generate();
        let bound = Self::bound(account, &self.current);
        let payload = Payload { msg: &plain, aad: bound.as_bytes() };
        let sealed = cipher.encrypt(&nonce, payload).map_err(|_| cannot())?;
        let text = STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        Ok(format!("{FORM}:{}:{text}", self.current))
    }

    pub(crate) fn open(&self, account: &Account, sealed: &str) -> Result<Settings, UnsealError> {
        let (key, text) = parts(sealed).ok_or(UnsealError::Form)?;
        let cipher = self.keys.get(key).ok_or_else(|| UnsealError::UnknownKey(key.to_owned()))?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| UnsealError::Form)?;
        let (nonce, hidden) = bytes.split_first_chunk::<NONCE>().ok_or(UnsealError::Form)?;
        let bound = Self::bound(account, key);
        let payload = Payload { msg: hidden, aad: bound.as_bytes() };
        let plain = cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| UnsealError::Altered)?;
        serde_json::from_slice(&plain).map_err(|_| UnsealError::Form)
    }
}

/// The name of the key, and what it sealed.
fn parts(sealed: &str) -> Option<(&str, &str)> {
    sealed.strip_prefix(FORM)?.strip_prefix(':')?.split_once(':')
}

#[cfg(test)]
mod tests {
    use pos_core::record::Vendor;

    use super::*;

    fn shop(id: &str) -> Account {
        Account::new(Vendor::new("kiotviet"), id)
    }

    fn settings() -> Settings {
        [("client_id", "mau-client"), ("client_secret", "bi-mat-f4f1")].into_iter().collect()
    }

    #[test]
    fn what_was_sealed_opens_for_its_shop_alone() {
        let ring = Keyring::new("a", &Keyring::generate()).unwrap();
        let sealed = ring.seal(&shop("mau"), &settings()).unwrap();
        assert_eq!(ring.open(&shop("mau"), &sealed), Ok(settings()));
        assert_eq!(ring.open(&shop("khac"), &sealed), Err(UnsealError::Altered));
        assert_ne!(ring.seal(&shop("mau"), &settings()).unwrap(), sealed, "a nonce is used once");
        assert!(sealed.starts_with("x1:a:") && !sealed.contains("mau"));
        let mut altered = sealed.clone().into_bytes();
        let last = altered.len() - 10;
        altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(ring.open(&shop("mau"), &altered), Err(UnsealError::Altered));
        for other in ["", "x1:a", "x2:a:AAAA", "x1:a:A", "x1:a:AAAA", "x1:a:%%"] {
            assert_eq!(ring.open(&shop("mau"), other), Err(UnsealError::Form), "{other}");
        }
        let another = Keyring::new("a", &Keyring::generate()).unwrap();
        assert_eq!(another.open(&shop("mau"), &sealed), Err(UnsealError::Altered));
        let renamed = sealed.replacen(":a:", ":b:", 1);
        assert_eq!(ring.open(&shop("mau"), &renamed), Err(UnsealError::UnknownKey("b".to_owned())));
    }

    #[test]
    fn a_key_is_32_bytes_and_has_a_plain_name_of_its_own() {
        let key = Keyring::generate();
        assert_eq!((key.expose().len(), Keyring::generate() == key), (64, false));
        for (name, key) in [("a", "00"), ("a", &"zz".repeat(32)), ("", key.expose()), ("a:b", key.expose())] {
            assert!(Keyring::new(name, &Secret::new(key)).is_err(), "{name}");
        }
        let ring = Keyring::new("a", &key).unwrap();
        assert!(ring.clone().with_earlier("a", &key).is_err());
        assert!(!format!("{ring:?}").contains(key.expose()));
    }
}
