//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use pos_core::http::{Client as HttpClient, Limit, Pacer, RetryPolicy, Transport};
use pos_core::record::Currency;
use pos_core::{Account, Clock, Error, Result, Secret};
use url::{Host, Url};

use crate::auth::{AccessTokenHeader, Key, Redactor, SecondHost};
use crate::client::{Client, classify_call};
use crate::connector::Pancake;
use crate::model::Shop;
use crate::push::CustomerShape;
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR};

/// The documented host (Dq).
const FIRST: &str = "https://pos.pages.fm/api/v1";
/// The same system under another name (C:6): asked when the first cannot be reached.
const SECOND: &str = "https://pos.pancake.vn/api/v1";

/// What to connect to, and how. Made by [`Pancake::builder`].
#[derive(Clone)]
#[must_use]
pub struct PancakeBuilder {
    api_key: Secret,
    shop_id: String,
    base_url: String,
    fallback_url: Option<String>,
    header: AccessTokenHeader,
    shape: CustomerShape,
    currency: String,
    transport: Option<Arc<dyn Transport>>,
    pacer: Option<Arc<Pacer>>,
    retry: RetryPolicy,
    time_limit: Duration,
    clock: Clock,
    custom_fields: Vec<String>,
    webhooks: Webhooks,
}

impl Debug for PancakeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PancakeBuilder")
            .field("shop_id", &self.shop_id)
            .field("base_url", &self.base_url)
            .field("currency", &self.currency)
            .field("custom_fields", &self.custom_fields)
            .finish_non_exhaustive()
    }
}

impl Default for PancakeBuilder {
    fn default() -> Self {
        let mut retry = RetryPolicy::default();
        // A wait is between half and all of this: the first one is 1.5 to 3 s.
        retry.first_wait = Duration::from_secs(3);
        retry.longest_wait = Duration::from_secs(60);
        Self {
            api_key: Secret::default(),
            shop_id: String::new(),
            base_url: FIRST.to_owned(),
            fallback_url: Some(SECOND.to_owned()),
            header: AccessTokenHeader::default(),
            shape: CustomerShape::default(),
            currency: "VND".to_owned(),
            transport: None,
            pacer: None,
            retry,
            time_limit: Duration::from_secs(60),
            clock: Clock::default(),
            custom_fields: Vec::new(),
            webhooks: Webhooks::default(),
        }
    }
}

impl PancakeBuilder {
    /// The key from *Cấu hình → Nâng cao → Kết nối bên thứ 3 → Webhook/API → API KEY*. It belongs to one user in one shop.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = key.into();
        self
    }

    /// The shop's number, from [`shops`](Self::shops) or from the address `/shop/<number>` in the browser.
    pub fn shop_id(mut self, id: impl Into<String>) -> Self {
        self.shop_id = id.into();
        self
    }

    /// Another host, for a sandbox; then there is no second one. HTTPS, or HTTP on this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self.fallback_url = None;
        self
    }

    /// The host for requests that could not be sent to the first; `None` for none.
    pub fn fallback_url(mut self, url: Option<String>) -> Self {
        self.fallback_url = url;
        self
    }

    /// Whether the key also travels in a header.
    pub fn access_token_header(mut self, header: AccessTokenHeader) -> Self {
        self.header = header;
        self
    }

    /// How new customers are written.
    pub fn customer_shape(mut self, shape: CustomerShape) -> Self {
        self.shape = shape;
        self
    }

    /// The shop's currency, for records that name none; `VND` without it.
    pub fn currency(mut self, code: impl Into<String>) -> Self {
        self.currency = code.into();
        self
    }

    /// Another way to send requests.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// A pacer that is shared with others, or has other limits. Without it: half a second between requests, three at once. The
    /// vendor names no limit; real answers are slow.
    pub fn pacer(mut self, pacer: Arc<Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Other limits than this crate's.
    pub fn limits(self, limits: impl IntoIterator<Item = Limit>) -> Self {
        self.pacer(Arc::new(Pacer::new(limits)))
    }

    /// How often and how long to try. Without it: five times, the first wait 1.5 to 3 s, the longest 60 s.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The time limit of one attempt; 60 s without it.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Who tells the time; the system without it. It is corrected by the `Date` of the vendor's answers.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A vendor field, by its dotted path on the wire (`fb_id`, `partner.sort_code`), that every record shall carry in `custom`.
    /// May be called several times. Fields that hold keys are refused.
    pub fn custom_field(mut self, path: impl Into<String>) -> Self {
        self.custom_fields.push(path.into());
        self
    }

    /// What proves webhooks: see [`Webhooks`].
    pub fn webhooks(mut self, webhooks: Webhooks) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// The shops that the key reaches, to choose one from. Sends one request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed; else what the vendor says.
    pub async fn shops(&self) -> Result<Vec<Shop>> {
        self.clone().client("0".to_owned())?.list_shops().await
    }

    fn client(&self, shop: String) -> Result<Client> {
        let key = Secret::new(filled("api_key", self.api_key.expose())?);
        let base = address("base_url", &self.base_url)?;
        let mut transport = match &self.transport {
            Some(transport) => transport.clone(),
            None => HttpClient::default_transport()?,
        };
        if let Some(second) = &self.fallback_url {
            let second = address("fallback_url", second)?;
            transport = Arc::new(SecondHost { inner: transport, first: base.clone(), second });
        }
        let pacer = self.pacer.clone().unwrap_or_else(|| {
            Arc::new(Pacer::new([Limit::Spacing(Duration::from_millis(500))]).in_flight(3))
        });
        let auth = Arc::new(Key::new(key.clone(), self.header));
        let http = |retry: RetryPolicy, by_key: bool| {
            let redactor = Redactor::new(&key);
            let clock = self.clock.clone();
            let judge = move |response: &_| redactor.outcome(classify_call(response, clock.now(), by_key));
            HttpClient::builder(transport.clone(), judge)
                .auth(auth.clone())
                .pacer(pacer.clone())
                .clock(self.clock.clone())
                .retry(retry)
                .time_limit(self.time_limit)
                .build()
        };
        let mut twice = self.retry;
        twice.attempts = twice.attempts.min(2);
        Ok(Client::new(http(self.retry, false), http(twice, true), base, shop))
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Pancake> {
        let shop = filled("shop_id", &self.shop_id)?;
        if !shop.bytes().all(|byte| byte.is_ascii_digit()) || shop.len() > 18 {
            return Err(Error::config(format!("{DISPLAY_NAME}: shop_id is a whole number")));
        }
        if self.currency.parse::<Currency>().is_err() {
            return Err(Error::config(format!("{DISPLAY_NAME}: currency is three letters, such as VND")));
        }
        let client = self.client(shop.clone())?;
        for path in &self.custom_fields {
            let mut parts = path.split('.');
            if parts.clone().any(|part| part.trim().is_empty()) {
                return Err(Error::config(format!("custom_field `{path}` is not a dotted path")));
            }
            // The ids of editors and creators can be the API key itself (C:1).
            let secret = |part: &str| part.ends_with("api_key") || matches!(part, "editor_id" | "creator_id");
            if parts.any(secret) {
                return Err(Error::config(format!("custom_field `{path}` may hold an API key")));
            }
        }
        Ok(Pancake {
            client,
            account: Account::new(VENDOR, shop.clone()),
            webhooks: self.webhooks.for_shop(shop, self.currency.clone(), self.custom_fields.clone()),
            custom_fields: self.custom_fields.into(),
            currency: self.currency,
            shape: self.shape,
        })
    }
}

fn filled(name: &str, value: &str) -> Result<String> {
    match value.trim() {
        "" => Err(Error::config(format!("{DISPLAY_NAME}: {name} is blank"))),
        value => Ok(value.to_owned()),
    }
}

/// An address to which the key may be sent.
fn address(name: &str, text: &str) -> Result<Url> {
    let wrong = |why: &str| Error::config(format!("{DISPLAY_NAME}: {name} {why}"));
    let mut url = Url::parse(text.trim()).map_err(|error| wrong("is not a URL").with_source(error))?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(wrong("has no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        _ => return Err(wrong("must be https: the key travels to it")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("has more than host and path"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}
