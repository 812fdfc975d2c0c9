//! What a connection needs.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret};

use crate::auth::{Bearer, OAuthApp, OnTokens, Refresher, Tokens};
use crate::client::{Client, FilterClock};
use crate::connector::Haravan;
use crate::outcome::classify_at;
use crate::profile::PROFILE;
use crate::webhook::Webhooks;

/// What to connect to, and how. Made by [`Haravan::builder`].
#[derive(Clone)]
#[must_use]
pub struct HaravanBuilder {
    org_id: String,
    tokens: Tokens,
    app: Option<OAuthApp>,
    on_tokens: Option<OnTokens>,
    webhook_url: String,
    connection: Connection,
    filter_clock: FilterClock,
    webhooks: Webhooks,
}

impl Debug for HaravanBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HaravanBuilder")
            .field("org_id", &self.org_id)
            .field("connection", &self.connection)
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
            webhook_url: "https://webhook.haravan.com".to_owned(),
            connection: Connection::default(),
            filter_clock: FilterClock::default(),
            webhooks: Webhooks::new([]),
        }
    }
}

impl Haravan {
    /// What a connection needs.
    pub fn builder() -> HaravanBuilder {
        HaravanBuilder::default()
    }
}

pos_core::connection_setters! {
    HaravanBuilder with Webhooks {
        /// How it is reached: another host in place of `https://apis.haravan.com`, transport, limits, patience, clock, and the
        /// vendor fields that records shall carry in `custom`. Without it: a bucket of 80 that refills by 4 a second (D),
        /// corrected by `X-Haravan-Api-Call-Limit`. A transport must not keep cookies: a POST that carries one fails while
        /// answering 200 (D).
        connection,
        /// A secret that webhooks may be signed with: the app's, or the shop's own. May be called several times.
        webhook_secret,
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

    /// Another host in place of `https://webhook.haravan.com`.
    pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
        self.webhook_url = url.into();
        self
    }

    /// Whose wall clock time filters are written in.
    pub fn filter_clock(mut self, clock: FilterClock) -> Self {
        self.filter_clock = clock;
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Haravan> {
        let org_id = match self.org_id.trim() {
            id if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) => id.to_owned(),
            _ => return Err(PROFILE.error("org_id is a number of 10 or 12 digits")),
        };
        let has_refresh =
            self.app.is_some() && self.tokens.refresh_token.as_ref().is_some_and(|one| !one.is_empty());
        if self.tokens.access_token.expose().trim().is_empty() && !has_refresh {
            return Err(PROFILE.error("there is no token"));
        }
        if !self.tokens.access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PROFILE.error("the token has characters that no header may have"));
        }
        let hooks = PROFILE.address("webhook_url", &self.webhook_url)?;
        let line = self.connection.open(PROFILE)?;
        let is_app = self.app.is_some();
        let app = self.app.map(|app| app.with_clock(line.clock.clone()));
        let bearer = Arc::new(Bearer::new(Refresher::new(app, self.tokens, self.on_tokens)));
        let commerce = line.client(classify_at).auth(bearer.clone()).build();
        // Webhooks have a host of their own, outside the shop's bucket.
        let webhook_http = line.beside(classify_at).auth(bearer).build();
        Ok(Haravan {
            client: Client::new(commerce, webhook_http, line.base, hooks, self.filter_clock),
            account: PROFILE.account(org_id.clone()),
            webhooks: self.webhooks.with_tenant(org_id).with_custom_fields(line.custom_fields.clone()),
            custom_fields: line.custom_fields,
            is_app,
        })
    }
}
