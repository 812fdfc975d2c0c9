//! Credentials as data: the form that a host draws, what somebody filled in, and the shop that it opens.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::connection::{Connection, Profile};
use crate::connector::Connector;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// One field of the form that connects a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// As it is written in [`Settings`].
    pub name: &'static str,
    /// What people read beside it.
    pub label: &'static str,
    /// The same in Vietnamese.
    pub label_vi: &'static str,
    /// Whether nobody should see it again after it was saved.
    pub secret: bool,
    /// What it is, where the label does not say it.
    pub help: &'static str,
}

impl Field {
    /// A field that anybody may see.
    pub const fn plain(name: &'static str, label: &'static str, label_vi: &'static str) -> Self {
        Self { name, label, label_vi, secret: false, help: "" }
    }

    /// A field that nobody may see.
    pub const fn secret(name: &'static str, label: &'static str, label_vi: &'static str) -> Self {
        Self { name, label, label_vi, secret: true, help: "" }
    }

    /// The same, explained.
    pub const fn with_help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }
}

/// The form that connects a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Every field, in the order in which a person meets them.
    pub fields: &'static [Field],
    /// The sets of fields that open a shop, the usual one first. What is in none of them may be left out.
    pub ways: &'static [&'static [&'static str]],
    /// Where new credentials come from: a sentence for the merchant.
    pub again: &'static str,
    /// What the credentials must be allowed to do.
    pub allowed: &'static str,
}

/// What somebody filled in: texts by the names of the form's [`Field`]s. Blank ones count as absent.
///
/// ```
/// use pos_core::kit::Settings;
///
/// let settings: Settings = serde_json::from_str(r#"{"app_id": 77, "access_token": "…", "secret_key": ""}"#).unwrap();
/// assert_eq!(settings.get("app_id"), Some("77"));
/// assert_eq!(settings.get("secret_key"), None);
/// assert_eq!(format!("{settings:?}"), r#"Settings(["access_token", "app_id", "secret_key"])"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Settings(BTreeMap<String, Secret>);

impl Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Settings").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Filled {
            Text(String),
            Number(serde_json::Number),
            Flag(bool),
            Nothing(()),
        }
        let filled = BTreeMap::<String, Filled>::deserialize(deserializer)?;
        let text = |filled| match filled {
            Filled::Text(text) => Some(text),
            Filled::Number(number) => Some(number.to_string()),
            Filled::Flag(flag) => Some(flag.to_string()),
            Filled::Nothing(()) => None,
        };
        Ok(filled.into_iter().filter_map(|(name, filled)| Some((name, text(filled)?))).collect())
    }
}

impl<N: Into<String>, T: Into<Secret>> FromIterator<(N, T)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(filled: I) -> Self {
        Self(filled.into_iter().map(|(name, text)| (name.into(), text.into())).collect())
    }
}

impl Settings {
    /// A field, unless it is blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.expose().trim()).filter(|text| !text.is_empty())
    }

    /// A field; blank where it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// A field that must stay secret.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.get(name).map(Secret::from)
    }

    /// The way to the shop, to the address in this field unless the connection names one.
    pub fn reach(&self, connection: Connection, field: &str) -> Connection {
        let base_url = connection.base_url.or_else(|| self.get(field).map(str::to_owned));
        Connection { base_url, ..connection }
    }

    /// A field that is a number, a date or the like.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the field, without what stands in it.
    pub fn parsed<T: FromStr>(&self, profile: &Profile, name: &str) -> Result<Option<T>> {
        let wrong = |_| profile.error(format_args!("{name} is not what it should be"));
        self.get(name).map(|text| text.parse().map_err(wrong)).transpose()
    }
}

/// A vendor, as far as a host needs to know it that offers several: what it is called, what it asks for, and how it is
/// opened.
///
/// Every vendor crate has one as `ENTRY`.
#[derive(Clone, Copy, Debug)]
pub struct VendorEntry {
    /// What is said of the vendor.
    pub profile: Profile,
    /// What it asks for.
    pub form: Form,
    /// Opens a shop. [`connect`](Self::connect) checks the form first.
    pub open: fn(&Settings, Connection) -> Result<Arc<dyn Connector>>,
}

impl VendorEntry {
    /// The short name, in lower case.
    pub fn name(&self) -> &'static str {
        self.profile.vendor
    }

    /// The name for people.
    pub fn display_name(&self) -> &'static str {
        self.profile.display_name
    }

    /// The shop that these settings open. Sends nothing: [`Connector::check`] sees whether they are good. The shop proves
    /// and reads its webhooks, too, with [`Connector::webhooks`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming what is missing, unknown or malformed.
    pub fn connect(&self, settings: &Settings, connection: Connection) -> Result<Arc<dyn Connector>> {
        self.check(settings)?;
        (self.open)(settings, connection)
    }

    /// Says at once what is missing or unknown.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the fields.
    pub fn check(&self, settings: &Settings) -> Result<()> {
        if let Some(unknown) = settings.0.keys().find(|name| self.field(name).is_none()) {
            let known: Vec<&str> = self.form.fields.iter().map(|field| field.name).collect();
            let what =
                format_args!("there is no setting `{unknown}`; it has {}", known.join(", ")).to_string();
            return Err(self.profile.error(what));
        }
        match self.missing(settings).as_slice() {
            [] => Ok(()),
            [one] => Err(self.profile.error(format_args!("{one} is missing"))),
            several => Err(self.profile.error(format_args!("{} are missing", several.join(", ")))),
        }
    }

    /// The fields that are missing on the way of which the most is there; none when a shop can be opened.
    pub fn missing(&self, settings: &Settings) -> Vec<&'static str> {
        let lacks = |way: &&'static [&'static str]| -> Vec<&'static str> {
            way.iter().copied().filter(|name| settings.get(name).is_none()).collect()
        };
        self.form.ways.iter().map(lacks).min_by_key(Vec::len).unwrap_or_default()
    }

    fn field(&self, name: &str) -> Option<&'static Field> {
        self.form.fields.iter().find(|field| field.name == name)
    }

    /// The variable of the environment that a field may come from: `KIOTVIET_CLIENT_ID`.
    pub fn variable(&self, field: &str) -> String {
        format!("{}_{field}", self.name()).to_uppercase()
    }

    /// Settings out of variables: `get` answers with what a variable holds.
    pub fn settings_from(&self, get: impl Fn(&str) -> Option<String>) -> Settings {
        let fields = self.form.fields.iter();
        fields.filter_map(|field| Some((field.name, get(&self.variable(field.name))?))).collect()
    }
}

/// The entry of that name.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is none.
pub fn entry<'e>(entries: &'e [VendorEntry], name: &str) -> Result<&'e VendorEntry> {
    entries.iter().find(|entry| entry.name() == name).ok_or_else(|| {
        let names: Vec<&str> = entries.iter().map(VendorEntry::name).collect();
        Error::config(format!("there is no vendor of this name; the vendors are {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const DEMO: VendorEntry = VendorEntry {
        profile: Profile::new("demo", "Demo"),
        form: Form {
            fields: &[
                Field::plain("shop", "Shop", "Gian hàng"),
                Field::plain("key", "Key", "Khóa"),
                Field::secret("key_secret", "Secret of the key", "Mã bảo mật"),
                Field::secret("token", "Token", "Token").with_help("of an app"),
                Field::plain("since", "Since", "Từ"),
            ],
            ways: &[&["shop", "key", "key_secret"], &["shop", "token"]],
            again: "ask for them",
            allowed: "everything",
        },
        open: |settings, _| {
            let since: Option<u16> = settings.parsed(&Profile::new("demo", "Demo"), "since")?;
            Err(Error::config(format!("opened since {since:?}")))
        },
    };

    fn settings(filled: &[(&str, &str)]) -> Settings {
        filled.iter().copied().collect()
    }

    #[test]
    fn what_is_missing_or_unknown_is_told_at_once() {
        for (filled, told) in [
            (&[][..], "shop, token are missing"),
            (&[("shop", "a"), ("key", "b")], "key_secret is missing"),
            (&[("shop", "a"), ("token", " ")], "token is missing"),
            (&[("shop", "a"), ("tokn", "0912000123")], "no setting `tokn`; it has shop, key"),
            (&[("shop", "a"), ("token", "t"), ("since", "0912000123")], "since is not what it should be"),
            (&[("shop", "a"), ("token", "t"), ("since", "7")], "opened since Some(7)"),
        ] {
            let error = DEMO.connect(&settings(filled), Connection::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(told), "{filled:?}: {error}");
            assert!(!format!("{error} {error:?}").contains("0912"), "{error:?}");
        }
    }

    #[test]
    fn settings_come_out_of_the_environment_and_out_of_json() {
        let of = |name: &str| (name == "DEMO_KEY_SECRET").then(|| "s".to_owned());
        assert_eq!(DEMO.settings_from(of), settings(&[("key_secret", "s")]));
        let read: Settings =
            serde_json::from_str(r#"{"shop":"a","since":7,"key":null,"token":true}"#).unwrap();
        assert_eq!(read, settings(&[("shop", "a"), ("since", "7"), ("token", "true")]));
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"shop":"a","since":"7","token":"true"}"#);
        assert!(serde_json::from_str::<Settings>(r#"{"shop":{}}"#).is_err());
    }

    #[test]
    fn an_entry_is_found_by_name() {
        assert_eq!(entry(&[DEMO], "demo").unwrap().display_name(), "Demo");
        assert!(entry(&[DEMO], "demu").unwrap_err().to_string().contains("the vendors are demo"));
    }
}
