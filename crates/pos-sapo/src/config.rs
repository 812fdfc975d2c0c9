//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug, Display};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use pos_core::http::{Client as HttpClient, Limit, Pacer, RetryPolicy, Transport};
use pos_core::{Account, Clock, Error, Result, Secret};
use url::{Host, Url};

use crate::auth::{Credentials, Header};
use crate::client::{Client, classify_at, observe};
use crate::connector::Sapo;
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR};

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

    pub(crate) fn url(&self) -> Result<Url> {
        Url::parse(&format!("https://{}/", self.host))
            .map_err(|error| Error::config("the host makes no URL").with_source(error))
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

/// What to connect to, and how. Made by [`Sapo::builder`].
#[derive(Clone)]
#[must_use]
pub struct SapoBuilder {
    store: String,
    flavor: Option<Flavor>,
    api_key: String,
    api_secret: Secret,
    access_token: Secret,
    base_url: Option<String>,
    location_id: Option<i64>,
    account_id: Option<i64>,
    transport: Option<Arc<dyn Transport>>,
    pacer: Option<Arc<Pacer>>,
    retry: RetryPolicy,
    time_limit: Duration,
    custom_fields: Vec<String>,
    webhooks: Webhooks,
    clock: Clock,
}

impl Debug for SapoBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SapoBuilder")
            .field("store", &self.store)
            .field("flavor", &self.flavor)
            .field("base_url", &self.base_url)
            .field("location_id", &self.location_id)
            .field("custom_fields", &self.custom_fields)
            .finish_non_exhaustive()
    }
}

impl Default for SapoBuilder {
    fn default() -> Self {
        Self {
            store: String::new(),
            flavor: None,
            api_key: String::new(),
            api_secret: Secret::default(),
            access_token: Secret::default(),
            base_url: None,
            location_id: None,
            account_id: None,
            transport: None,
            pacer: None,
            retry: RetryPolicy::default(),
            time_limit: Duration::from_secs(60),
            custom_fields: Vec::new(),
            webhooks: Webhooks::new([]),
            clock: Clock::default(),
        }
    }
}

impl SapoBuilder {
    /// The store: its name, host, or any address on it. The host decides the flavour; a bare name is a host of the flavour
    /// that is given, of the web flavour without one.
    pub fn store(mut self, store: impl Into<String>) -> Self {
        self.store = store.into();
        self
    }

    /// Another flavour than the host's.
    pub fn flavor(mut self, flavor: Flavor) -> Self {
        self.flavor = Some(flavor);
        self
    }

    /// A private app: API Key and API Secret from *Ứng dụng → Ứng dụng riêng* (D). Web only.
    pub fn private_app(mut self, api_key: impl Into<String>, api_secret: impl Into<Secret>) -> Self {
        self.api_key = api_key.into();
        self.api_secret = api_secret.into();
        self
    }

    /// A public app: the token that [`OAuthApp::exchange`](crate::OAuthApp::exchange) gave. It does not end.
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.access_token = token.into();
        self
    }

    /// What stands for `https://{store}`, for a sandbox. HTTPS, or HTTP on this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The branch that orders of the POS flavour are written in (`X-Sapo-LocationId`).
    pub fn location_id(mut self, id: i64) -> Self {
        self.location_id = Some(id);
        self
    }

    /// The member of staff that orders of the POS flavour are written by (`X-Sapo-AccountId`).
    pub fn account_id(mut self, id: i64) -> Self {
        self.account_id = Some(id);
        self
    }

    /// Another way to send requests.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// A pacer that is shared with others, or has other limits. Without it: a bucket of 40 that refills by 2 a second (D),
    /// by 1 on POS, whose limit is not known; the vendor's header fields correct it.
    pub fn pacer(mut self, pacer: Arc<Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Other limits than the vendor's.
    pub fn limits(self, limits: impl IntoIterator<Item = Limit>) -> Self {
        self.pacer(Arc::new(Pacer::new(limits)))
    }

    /// How often and how long to try. Without it: five times.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The time limit of one attempt; 60 s without it.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Who tells the time; the system without it. The vendor's own clock is learned from its answers.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A vendor field, by its dotted path on the wire (`accepts_marketing`, `default_address.zip`), that every record shall
    /// carry in `custom`. May be called several times.
    pub fn custom_field(mut self, path: impl Into<String>) -> Self {
        self.custom_fields.push(path.into());
        self
    }

    /// A secret that webhooks may be signed with. May be called several times, for rotation. Without any: the API Secret of
    /// the private app.
    pub fn webhook_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.webhooks = self.webhooks.with_secret(secret);
        self
    }

    /// Everything else about webhooks at once; secrets given before are replaced.
    pub fn webhooks(mut self, webhooks: Webhooks) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Sapo> {
        let wrong = |why: &str| Error::config(format!("{DISPLAY_NAME}: {why}"));
        if self.store.trim().is_empty() {
            return Err(wrong("store is blank"));
        }
        let store = StoreHost::read(&self.store, self.flavor.unwrap_or_default())?;
        let flavor = self.flavor.unwrap_or(store.flavor());
        let (key, secret) = (self.api_key.trim(), self.api_secret.expose().trim());
        let token = self.access_token.expose().trim();
        let credentials = match (key.is_empty(), secret.is_empty(), token.is_empty()) {
            (true, true, true) => return Err(wrong("neither a private app nor an access token is given")),
            (false, false, true) if flavor == Flavor::Pos => {
                return Err(wrong("POS knows no private apps: it needs an access token"));
            }
            (false, false, true) => Credentials::basic(key, secret),
            (true, true, false) => Credentials::token(token, store.is_legacy()),
            (false, false, false) => return Err(wrong("both a private app and an access token are given")),
            _ => return Err(wrong("a private app has an API key and an API secret")),
        };
        let base = match &self.base_url {
            Some(url) => address("base_url", url)?,
            None => store.url()?,
        };
        if let Some(blank) =
            self.custom_fields.iter().find(|path| path.split('.').any(|part| part.trim().is_empty()))
        {
            return Err(wrong(&format!("custom_field `{blank}` is not a dotted path")));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => HttpClient::default_transport()?,
        };
        let per_second = if flavor == Flavor::Web { 2.0 } else { 1.0 };
        let pacer =
            self.pacer.unwrap_or_else(|| Arc::new(Pacer::new([Limit::Bucket { capacity: 40, per_second }])));
        let clock = self.clock.clone();
        let http = HttpClient::builder(transport, move |answer| classify_at(answer, clock.now()))
            .clock(self.clock)
            .auth(Arc::new(Header::new(&credentials)?))
            .pacer(pacer)
            .observe(observe)
            .retry(self.retry)
            .time_limit(self.time_limit)
            .build();
        let mut webhooks = self.webhooks.with_flavor(flavor).with_custom_fields(self.custom_fields.clone());
        if webhooks.has_no_secret() && !secret.is_empty() {
            webhooks = webhooks.with_secret(secret);
        }
        Ok(Sapo::new(
            Client::new(http, base, flavor, self.location_id, self.account_id),
            Account::new(VENDOR, store.as_str()),
            webhooks,
            self.custom_fields,
        ))
    }
}

/// An address to which secrets may be sent.
pub(crate) fn address(name: &str, text: &str) -> Result<Url> {
    let wrong = |why: &str| Error::config(format!("{DISPLAY_NAME}: {name} {why}"));
    let url = Url::parse(text.trim()).map_err(|error| wrong("is not a URL").with_source(error))?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(wrong("has no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        _ => return Err(wrong("must be https: secrets travel to it")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("has more than host and path"));
    }
    Ok(url)
}
