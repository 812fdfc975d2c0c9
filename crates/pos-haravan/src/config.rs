//! What a connection needs.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use pos_core::http::{Client as HttpClient, Limit, Pacer, Response, RetryPolicy, Transport};
use pos_core::{Account, Clock, Error, Result, Secret};
use url::{Host, Url};

use crate::auth::{Bearer, OAuthApp, OnTokens, Refresher, Tokens};
use crate::client::{Client, classify_at};
use crate::connector::Haravan;
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR};

/// Whose wall clock the time filters of lists are written in. Haravan compares them with the shop's own time, UTC+7,
/// whatever zone is written beside them (measured for orders on one shop; not established for all).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterClock {
    /// UTC: right whichever way a shop compares. A shop that compares with local time answers seven hours more, which are
    /// dropped here.
    #[default]
    Utc,
    /// The shop's own time: exact where a shop compares so, and loses seven hours of changes where it does not.
    Shop,
}

/// What to connect to, and how. Made by [`Haravan::builder`].
#[derive(Clone)]
#[must_use]
pub struct HaravanBuilder {
    org_id: String,
    tokens: Tokens,
    app: Option<OAuthApp>,
    on_tokens: Option<OnTokens>,
    api_url: String,
    webhook_url: String,
    transport: Option<Arc<dyn Transport>>,
    pacer: Option<Arc<Pacer>>,
    retry: RetryPolicy,
    time_limit: Duration,
    custom_fields: Vec<String>,
    filter_clock: FilterClock,
    clock: Clock,
    webhooks: Webhooks,
}

impl Debug for HaravanBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HaravanBuilder")
            .field("org_id", &self.org_id)
            .field("api_url", &self.api_url)
            .field("custom_fields", &self.custom_fields)
            .finish_non_exhaustive()
    }
}

impl Default for HaravanBuilder {
    fn default() -> Self {
        Self {
            org_id: String::new(),
            tokens: Tokens::default(),
            app: None,
            on_tokens: None,
            api_url: "https://apis.haravan.com".to_owned(),
            webhook_url: "https://webhook.haravan.com".to_owned(),
            transport: None,
            pacer: None,
            retry: RetryPolicy::default(),
            time_limit: Duration::from_secs(60),
            custom_fields: Vec::new(),
            filter_clock: FilterClock::default(),
            clock: Clock::default(),
            webhooks: Webhooks::new([]),
        }
    }
}

impl HaravanBuilder {
    /// The shop's org id (10 or 12 digits): it names the account here. With OAuth it is in the id token; with a private
    /// token [`check`](pos_core::Connector::check) tells it when it is another.
    pub fn org_id(mut self, id: impl Into<String>) -> Self {
        self.org_id = id.into();
        self
    }

    /// A private token: *Apps → Private apps → Create*, with the permissions that are needed.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.tokens = Tokens::of(token);
        self.app = None;
        self
    }

    /// The tokens of an installed app; they are renewed with its refresh token. `on_tokens` hears of every new set **before
    /// it is used**: keep it, because the old refresh token may be gone.
    pub fn oauth(
        mut self,
        app: OAuthApp,
        tokens: Tokens,
        on_tokens: impl Fn(&Tokens) + Send + Sync + 'static,
    ) -> Self {
        self.tokens = tokens;
        self.app = Some(app);
        self.on_tokens = Some(Arc::new(on_tokens));
        self
    }

    /// Another host in place of `https://apis.haravan.com`, for a sandbox. HTTPS, or HTTP on this machine.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = url.into();
        self
    }

    /// Another host in place of `https://webhook.haravan.com`.
    pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
        self.webhook_url = url.into();
        self
    }

    /// Another way to send requests. It must not keep cookies: a POST that carries one fails while answering 200 (D).
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// A pacer that is shared with others, or has other limits. Without it: a bucket of 80 that refills by 4 a second (D),
    /// corrected by `X-Haravan-Api-Call-Limit`.
    pub fn pacer(mut self, pacer: Arc<Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Other limits than the vendor's.
    pub fn limits(self, limits: impl IntoIterator<Item = Limit>) -> Self {
        self.pacer(Arc::new(Pacer::new(limits)))
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

    /// A vendor field, by its dotted path on the wire, that every record shall carry in `custom`. May be called several
    /// times.
    pub fn custom_field(mut self, path: impl Into<String>) -> Self {
        self.custom_fields.push(path.into());
        self
    }

    /// Whose wall clock time filters are written in.
    pub fn filter_clock(mut self, clock: FilterClock) -> Self {
        self.filter_clock = clock;
        self
    }

    /// Who tells the time; the system without it. How far the vendor's clock is off is learned from its answers.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A secret that webhooks may be signed with: the app's, or the shop's own. May be called several times.
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
    pub fn build(self) -> Result<Haravan> {
        let org_id = match self.org_id.trim() {
            id if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) => id.to_owned(),
            _ => return Err(Error::config(format!("{DISPLAY_NAME}: org_id is a number of 10 or 12 digits"))),
        };
        let has_refresh =
            self.app.is_some() && self.tokens.refresh_token.as_ref().is_some_and(|one| !one.is_empty());
        if self.tokens.access_token.expose().trim().is_empty() && !has_refresh {
            return Err(Error::config(format!("{DISPLAY_NAME}: there is no token")));
        }
        if !self.tokens.access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(format!(
                "{DISPLAY_NAME}: the token has characters that no header may have"
            )));
        }
        let api = address("api_url", &self.api_url)?;
        let hooks = address("webhook_url", &self.webhook_url)?;
        if let Some(blank) =
            self.custom_fields.iter().find(|path| path.split('.').any(|part| part.trim().is_empty()))
        {
            return Err(Error::config(format!("custom_field `{blank}` is not a dotted path")));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => HttpClient::default_transport()?,
        };
        let pacer = self
            .pacer
            .unwrap_or_else(|| Arc::new(Pacer::new([Limit::Bucket { capacity: 80, per_second: 4.0 }])));
        let is_app = self.app.is_some();
        let app = self.app.map(|app| app.with_clock(self.clock.clone()));
        let bearer = Arc::new(Bearer::new(Refresher::new(app, self.tokens, self.on_tokens)));
        let client = |transport| {
            let clock = self.clock.clone();
            HttpClient::builder(transport, move |response: &Response| classify_at(response, clock.now()))
                .clock(self.clock.clone())
                .auth(bearer.clone())
                .retry(self.retry)
                .time_limit(self.time_limit)
        };
        let commerce = client(transport.clone()).pacer(pacer).observe(learn).build();
        // Webhooks have a host of their own, outside the shop's bucket.
        let webhook_http = client(transport).max_body(1024 * 1024).build();
        Ok(Haravan {
            client: Client::new(commerce, webhook_http, api, hooks, self.filter_clock),
            account: Account::new(VENDOR, org_id.clone()),
            webhooks: self.webhooks.with_tenant(org_id).with_custom_fields(self.custom_fields.clone()),
            custom_fields: self.custom_fields.into(),
            is_app,
        })
    }
}

/// Lowers our bucket to the vendor's (`32/80`).
fn learn(response: &Response, pacer: &Pacer) {
    let said = response.header("x-haravan-api-call-limit").and_then(|text| text.trim().split_once('/'));
    if let Some((used, size)) = said
        && let (Ok(used), Ok(size)) = (used.trim().parse(), size.trim().parse())
        && size > 0
    {
        pacer.correct(used, size);
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
        "http" => return Err(wrong("must be https: secrets travel to it")),
        _ => return Err(wrong("must be https")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("has more than host and path"));
    }
    Ok(url)
}
