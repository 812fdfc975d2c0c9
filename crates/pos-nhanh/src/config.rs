//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use pos_core::http::{Client as HttpClient, Limit, Pacer, RetryPolicy, Transport};
use pos_core::{Account, Clock, Error, Result, Secret, lenient};
use time::OffsetDateTime;
use url::{Host, Url};

use crate::auth::{Bearer, TokenStore};
use crate::client::{Client, classify_at, joined};
use crate::connector::Nhanh;
use crate::model::NewStatus;
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR};

/// Where both versions of the API live (D).
pub(crate) const BASE_URL: &str = "https://pos.open.nhanh.vn";

/// What to connect to, and how. Made by [`Nhanh::builder`].
#[derive(Clone)]
#[must_use]
pub struct NhanhBuilder {
    app_id: u64,
    business_id: u64,
    access_token: Secret,
    token_store: Option<Arc<dyn TokenStore>>,
    secret_key: Secret,
    base_url: String,
    transport: Option<Arc<dyn Transport>>,
    pacer: Option<Arc<Pacer>>,
    retry: RetryPolicy,
    time_limit: Duration,
    clock: Clock,
    custom_fields: Vec<String>,
    sync_tax: bool,
    history_from: OffsetDateTime,
    order_status: NewStatus,
    source_name: String,
    webhooks: Webhooks,
}

impl Debug for NhanhBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NhanhBuilder")
            .field("app_id", &self.app_id)
            .field("business_id", &self.business_id)
            .field("base_url", &self.base_url)
            .field("sync_tax", &self.sync_tax)
            .field("custom_fields", &self.custom_fields)
            .finish_non_exhaustive()
    }
}

impl Default for NhanhBuilder {
    fn default() -> Self {
        Self {
            app_id: 0,
            business_id: 0,
            access_token: Secret::default(),
            token_store: None,
            secret_key: Secret::default(),
            base_url: BASE_URL.to_owned(),
            transport: None,
            pacer: None,
            retry: RetryPolicy::default(),
            time_limit: Duration::from_secs(60),
            clock: Clock::default(),
            custom_fields: Vec::new(),
            sync_tax: true,
            history_from: time::macros::datetime!(2015-01-01 0:00 +7),
            order_status: NewStatus::New,
            source_name: "CRM".to_owned(),
            webhooks: Webhooks::new([]),
        }
    }
}

impl NhanhBuilder {
    /// The app, by its id in the developer console.
    pub fn app_id(mut self, id: u64) -> Self {
        self.app_id = id;
        self
    }

    /// The shop: `businessId` of the exchange.
    pub fn business_id(mut self, id: u64) -> Self {
        self.business_id = id;
        self
    }

    /// The token of the exchange.
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.access_token = token.into();
        self
    }

    /// Where the host keeps the token: read when none was given, and once more when the vendor refuses the one in use.
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.token_store = Some(store);
        self
    }

    /// The app's secret key. With it the check of a connection also tells when the token ends and what it may see.
    pub fn secret_key(mut self, key: impl Into<Secret>) -> Self {
        self.secret_key = key.into();
        self
    }

    /// Another host, for a sandbox. HTTPS, or HTTP on this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Another way to send requests.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// A pacer that is shared with others, or has other limits. Without it: 150 requests in 30 s for each address (D), counted
    /// a little longer than that.
    pub fn pacer(mut self, pacer: Arc<Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Other limits for each address than the vendor's.
    pub fn limits(self, limits: impl IntoIterator<Item = Limit>) -> Self {
        self.pacer(Arc::new(Pacer::new([]).per_endpoint(limits)))
    }

    /// How often and how long to try.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The time limit of one attempt; 60 s without it.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Who tells the time; the system without it. What is asked of the vendor is corrected by the `Date` of its answers.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A vendor field, by its dotted path on the wire (`level.name`, `info.privateDescription`), that every record shall carry
    /// in `custom`. May be called several times.
    pub fn custom_field(mut self, path: impl Into<String>) -> Self {
        self.custom_fields.push(path.into());
        self
    }

    /// Whether records carry taxes where the vendor sends them. They do without it.
    pub fn sync_tax(mut self, wanted: bool) -> Self {
        self.sync_tax = wanted;
        self
    }

    /// Where a full read of orders and bills begins: the vendor answers at most 31 days at once, so the history is walked in
    /// such steps. 2015-01-01 without it; a later day saves requests.
    pub fn history_from(mut self, from: OffsetDateTime) -> Self {
        self.history_from = from;
        self
    }

    /// Where pushed orders start; [`NewStatus::New`] without it.
    pub fn order_status(mut self, status: NewStatus) -> Self {
        self.order_status = status;
        self
    }

    /// The name of the source on pushed orders; `CRM` without it.
    pub fn source_name(mut self, name: impl Into<String>) -> Self {
        self.source_name = name.into();
        self
    }

    /// A verify token of the app's webhooks. May be called several times, for rotation.
    pub fn webhook_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.webhooks = self.webhooks.with_secret(secret);
        self
    }

    /// Everything else about webhooks at once; tokens given before are replaced. The shop is still this one.
    pub fn webhooks(mut self, webhooks: Webhooks) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Nhanh> {
        let blank = |name: &str| Error::config(format!("{DISPLAY_NAME}: {name} is blank"));
        if self.app_id == 0 {
            return Err(blank("app_id"));
        }
        if self.business_id == 0 {
            return Err(blank("business_id"));
        }
        let token = Secret::new(self.access_token.expose().trim());
        if token.is_empty() && self.token_store.is_none() {
            return Err(blank("access_token"));
        }
        if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(format!(
                "{DISPLAY_NAME}: access_token has characters that no header may have"
            )));
        }
        if let Some(wrong) =
            self.custom_fields.iter().find(|path| path.split('.').any(|part| part.trim().is_empty()))
        {
            return Err(Error::config(format!("custom_field `{wrong}` is not a dotted path")));
        }
        let base = address("base_url", &self.base_url)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => HttpClient::default_transport()?,
        };
        let pacer = self.pacer.unwrap_or_else(|| Arc::new(default_pacer()));
        let bearer = Arc::new(Bearer::new(token, self.token_store));
        let clock = self.clock.clone();
        let http = HttpClient::builder(transport, move |response| classify_at(response, clock.now()))
            .clock(self.clock)
            .auth(bearer.clone())
            .pacer(pacer)
            .retry(self.retry)
            .time_limit(self.time_limit)
            .build();
        let business = self.business_id.to_string();
        Ok(Nhanh {
            client: Client::new(http, joined(&base, "v3.0"), self.app_id, self.business_id),
            bearer,
            account: Account::new(VENDOR, business.clone()),
            secret_key: Some(self.secret_key).filter(|key| !key.expose().trim().is_empty()),
            webhooks: self
                .webhooks
                .with_tenant(business)
                .with_custom_fields(self.custom_fields.clone())
                .with_tax(self.sync_tax),
            custom_fields: self.custom_fields.into(),
            sync_tax: self.sync_tax,
            history_from: lenient::in_vietnam(self.history_from),
            order_status: self.order_status,
            source_name: self.source_name.into(),
        })
    }
}

/// 150 requests in 30 s for each address (D).
pub(crate) fn default_pacer() -> Pacer {
    Pacer::new([]).per_endpoint([Limit::Window { requests: 150, per: Duration::from_secs(30) }])
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
        "http" => return Err(wrong("must be https: secrets travel to it")),
        _ => return Err(wrong("must be https")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("has more than host and path"));
    }
    Ok(url)
}
