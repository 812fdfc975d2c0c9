//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use pos_core::http::{Client as HttpClient, Limit, Pacer, RetryPolicy, Transport};
use pos_core::{Account, Clock, Error, Result, Secret};
use url::{Host, Url};

use crate::auth::{Bearer, ClientCredentials, classify_token};
use crate::client::{Client, classify_at};
use crate::connector::KiotViet;
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR};

/// What to connect to, and how. Made by [`KiotViet::builder`].
#[derive(Clone)]
#[must_use]
pub struct KiotVietBuilder {
    retailer: String,
    client_id: String,
    client_secret: Secret,
    base_url: String,
    token_url: String,
    scope: String,
    transport: Option<Arc<dyn Transport>>,
    pacer: Option<Arc<Pacer>>,
    retry: RetryPolicy,
    time_limit: Duration,
    clock: Clock,
    custom_fields: Vec<String>,
    shipping_surcharge: Option<i64>,
    webhooks: Webhooks,
}

impl Debug for KiotVietBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KiotVietBuilder")
            .field("retailer", &self.retailer)
            .field("base_url", &self.base_url)
            .field("token_url", &self.token_url)
            .field("scope", &self.scope)
            .field("custom_fields", &self.custom_fields)
            .finish_non_exhaustive()
    }
}

impl Default for KiotVietBuilder {
    fn default() -> Self {
        let mut retry = RetryPolicy::default();
        // A wait is between half and all of this: the first one is at least two seconds [C:4].
        retry.first_wait = Duration::from_secs(4);
        retry.longest_wait = Duration::from_secs(60);
        Self {
            retailer: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            base_url: String::new(),
            token_url: String::new(),
            scope: String::new(),
            transport: None,
            pacer: None,
            retry,
            time_limit: Duration::from_secs(60),
            clock: Clock::default(),
            custom_fields: Vec::new(),
            shipping_surcharge: None,
            webhooks: Webhooks::new([]),
        }
        .retail()
    }
}

impl KiotVietBuilder {
    /// The retail product line; the default.
    pub fn retail(mut self) -> Self {
        self.base_url = "https://public.kiotapi.com".to_owned();
        self.token_url = "https://id.kiotviet.vn/connect/token".to_owned();
        self.scope = "PublicApi.Access".to_owned();
        self
    }

    /// Bars, cafés and restaurants: another host and scope, and the newer token address. Reads work; orders are written
    /// in another way there, so do not push any.
    pub fn fnb(mut self) -> Self {
        self.base_url = "https://publicfnb.kiotapi.com".to_owned();
        self.token_url = "https://api.fnb.kiotviet.vn/identity/connect/token".to_owned();
        self.scope = "PublicApi.Access.FNB".to_owned();
        self
    }

    /// The shop's name, as in its login address.
    pub fn retailer(mut self, name: impl Into<String>) -> Self {
        self.retailer = name.into();
        self
    }

    /// `ClientId` from *Thiết lập kết nối API*.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// `Mã bảo mật` from the same page.
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = secret.into();
        self
    }

    /// Another host, for a sandbox. HTTPS, or HTTP on this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Another address for tokens.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = url.into();
        self
    }

    /// Another scope.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Another way to send requests.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// A pacer that is shared with others, or has other limits. Without it: 5000 requests an hour (D).
    pub fn pacer(mut self, pacer: Arc<Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Other limits than the vendor's.
    pub fn limits(self, limits: impl IntoIterator<Item = Limit>) -> Self {
        self.pacer(Arc::new(Pacer::new(limits)))
    }

    /// How often and how long to try. Without it: five times, the first wait 2 to 4 s, the longest 60 s.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The time limit of one attempt; 60 s without it.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Who tells the time; the system without it.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A vendor field, by its dotted path on the wire (`psidFacebook`, `orderDelivery.weight`), that every record shall
    /// carry in `custom`. May be called several times.
    pub fn custom_field(mut self, path: impl Into<String>) -> Self {
        self.custom_fields.push(path.into());
        self
    }

    /// The surcharge, by the id that the shop gave it, that carries the shipping fee of pushed orders. Without it an order
    /// with a shipping fee cannot be pushed: the vendor has no other place for what a buyer pays for delivery.
    pub fn shipping_surcharge(mut self, id: i64) -> Self {
        self.shipping_surcharge = Some(id);
        self
    }

    /// A secret that webhooks may be signed with, as the host keeps it. May be called several times, for rotation.
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
    pub fn build(self) -> Result<KiotViet> {
        let retailer = filled("retailer", &self.retailer)?;
        let client_id = filled("client_id", &self.client_id)?;
        let client_secret = Secret::new(filled("client_secret", self.client_secret.expose())?);
        let scope = filled("scope", &self.scope)?;
        let base = address("base_url", &self.base_url)?;
        let token_url = address("token_url", &self.token_url)?;
        let header = HeaderValue::from_str(&retailer)
            .ok()
            .filter(|_| retailer.is_ascii() && !retailer.contains(char::is_whitespace))
            .ok_or_else(|| {
                Error::config("retailer is the shop's name in its login address, without blanks and accents")
            })?;
        if let Some(blank) =
            self.custom_fields.iter().find(|path| path.split('.').any(|part| part.trim().is_empty()))
        {
            return Err(Error::config(format!("custom_field `{blank}` is not a dotted path")));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => HttpClient::default_transport()?,
        };
        let pacer = self.pacer.unwrap_or_else(|| {
            let hour = Limit::Window { requests: 5000, per: Duration::from_secs(3600) };
            Arc::new(Pacer::new([hour]))
        });
        let clock = self.clock.clone();
        let token_http =
            HttpClient::builder(transport.clone(), move |response| classify_token(response, clock.now()))
                .retry(self.retry)
                .time_limit(self.time_limit)
                .max_body(1024 * 1024)
                .clock(self.clock.clone())
                .build();
        let source = ClientCredentials { http: token_http, url: token_url, client_id, client_secret, scope };
        let bearer = Arc::new(Bearer::new(source, header));
        let clock = self.clock.clone();
        let http = HttpClient::builder(transport, move |response| classify_at(response, clock.now()))
            .auth(bearer.clone())
            .pacer(pacer)
            .retry(self.retry)
            .time_limit(self.time_limit)
            .clock(self.clock)
            .build();
        Ok(KiotViet {
            client: Client::new(http, bearer, base),
            account: Account::new(VENDOR, retailer),
            webhooks: self.webhooks.with_custom_fields(self.custom_fields.clone()),
            custom_fields: self.custom_fields.into(),
            shipping_surcharge: self.shipping_surcharge,
        })
    }
}

fn filled(name: &str, value: &str) -> Result<String> {
    match value.trim() {
        "" => Err(Error::config(format!("{DISPLAY_NAME}: {name} is blank"))),
        value => Ok(value.to_owned()),
    }
}

/// An address to which secrets may be sent.
fn address(name: &str, text: &str) -> Result<Url> {
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
