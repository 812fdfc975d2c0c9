//! Stores and the two APIs that they speak.

use std::fmt::{self, Display};
use std::str::FromStr;

use pos_core::{Error, Result};

/// Which of the two APIs a store speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Flavor {
    /// Sapo Web, Omnichannel v3, OmniAI: `*.mysapo.net`.
    #[default]
    Web,
    /// Sapo POS, Sapo GO, Omni v2: `*.mysapogo.com`.
    Pos,
}

/// The hosts of Sapo, with the API that they speak (D). That `mysapo.vn` speaks POS is inferred (?).
const HOSTS: [(&str, Flavor); 4] = [
    (".mysapo.net", Flavor::Web),
    (".bizwebvietnam.net", Flavor::Web),
    (".mysapogo.com", Flavor::Pos),
    (".mysapo.vn", Flavor::Pos),
];

impl Flavor {
    /// The API of a host; `None` when it is not one of Sapo's.
    pub fn of_host(host: &str) -> Option<Self> {
        host.parse::<StoreHost>().ok().map(|store| store.flavor())
    }

    /// `web` or `pos`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Pos => "pos",
        }
    }
}

impl Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no flavour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a flavour of Sapo is web or pos")]
pub struct FlavorError;

impl FromStr for Flavor {
    type Err = FlavorError;
    fn from_str(text: &str) -> Result<Self, FlavorError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "web" => Ok(Self::Web),
            "pos" => Ok(Self::Pos),
            _ => Err(FlavorError),
        }
    }
}

/// The host of a store: one label under one of Sapo's domains. Secrets are sent nowhere else.
///
/// ```
/// use pos_sapo::{Flavor, StoreHost};
///
/// let store: StoreHost = "https://Gom-Lam-Demo.mysapo.net/admin".parse().unwrap();
/// assert_eq!((store.as_str(), store.flavor()), ("gom-lam-demo.mysapo.net", Flavor::Web));
/// assert_eq!("gom-lam-demo".parse::<StoreHost>().unwrap(), store);
/// assert!("gom-lam-demo.mysapo.net.example.com".parse::<StoreHost>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreHost {
    host: String,
    flavor: Flavor,
}

impl StoreHost {
    /// The host.
    pub fn as_str(&self) -> &str {
        &self.host
    }

    /// The name in it.
    pub fn name(&self) -> &str {
        self.host.split('.').next().unwrap_or_default()
    }

    /// The API that it speaks.
    pub fn flavor(&self) -> Flavor {
        self.flavor
    }

    /// Whether it is the older name of the web API, whose token header had another name (C:1).
    pub(crate) fn is_legacy(&self) -> bool {
        self.host.ends_with(".bizwebvietnam.net")
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.host)
    }
}

impl Display for StoreHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

impl FromStr for StoreHost {
    type Err = Error;

    /// Reads a store's name, host, or any address on it. A bare name is one of `mysapo.net`; see
    /// [`StoreHost::read`] for others.
    fn from_str(text: &str) -> Result<Self> {
        Self::read(text, Flavor::Web)
    }
}

impl StoreHost {
    /// Reads a store's name, host, or any address on it. A bare name is under the domain of the flavour: `mysapo.net` or
    /// `mysapogo.com`. Another merchant may have the same name under the other one.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when it is no store of Sapo's.
    pub fn read(text: &str, flavor: Flavor) -> Result<Self> {
        let wrong = || {
            Error::config(
                "a store of Sapo is a name under mysapo.net, bizwebvietnam.net, mysapogo.com or mysapo.vn",
            )
        };
        let text = text.trim().to_ascii_lowercase();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(&text);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let domain = match flavor {
            Flavor::Web => ".mysapo.net",
            Flavor::Pos => ".mysapogo.com",
        };
        let host = if host.contains('.') { host.to_owned() } else { format!("{host}{domain}") };
        let (suffix, flavor) =
            HOSTS.into_iter().find(|(suffix, _)| host.ends_with(suffix)).ok_or_else(wrong)?;
        let label = &host[..host.len() - suffix.len()];
        let is_label = (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_label { Ok(Self { host, flavor }) } else { Err(wrong()) }
    }
}
