//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret};

use crate::auth::Header;
use crate::client::{Client, classify_at};
use crate::connector::Sapo;
use crate::profile::{POS, PROFILE};
use crate::store::{Flavor, StoreHost};
use crate::webhook::Webhooks;

/// What to connect to, and how. Made by [`Sapo::builder`].
#[derive(Clone, Default)]
#[must_use]
pub struct SapoBuilder {
    store: String,
    flavor: Option<Flavor>,
    api_key: String,
    api_secret: Secret,
    access_token: Secret,
    location_id: Option<i64>,
    account_id: Option<i64>,
    connection: Connection,
    webhooks: Webhooks,
}

impl Debug for SapoBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SapoBuilder")
            .field("store", &self.store)
            .field("flavor", &self.flavor)
            .field("location_id", &self.location_id)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Sapo {
    /// What a connection needs.
    pub fn builder() -> SapoBuilder {
        SapoBuilder::default()
    }
}

pos_core::connection_setters! {
    SapoBuilder with Webhooks {
        /// How it is reached: what stands for `https://{store}`, transport, limits, patience, clock, and the vendor fields that
        /// records shall carry in `custom` (`accepts_marketing`, `default_address.zip`). Without it: a bucket of 40 that refills
        /// by 2 a second (D), by 1 on POS, whose limit is not known; the vendor's header fields correct it.
        connection,
        /// A secret that webhooks may be signed with. May be called several times, for rotation. Without any: the API Secret of
        /// the private app.
        webhook_secret,
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

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Sapo> {
        let wrong = |why: &str| PROFILE.error(why);
        if self.store.trim().is_empty() {
            return Err(wrong("store is blank"));
        }
        let store = StoreHost::read(&self.store, self.flavor.unwrap_or_default())?;
        let flavor = self.flavor.unwrap_or(store.flavor());
        let (key, secret) = (self.api_key.trim(), self.api_secret.expose().trim());
        let token = self.access_token.expose().trim();
        let header = match (key.is_empty(), secret.is_empty(), token.is_empty()) {
            (true, true, true) => return Err(wrong("neither a private app nor an access token is given")),
            (false, false, true) if flavor == Flavor::Pos => {
                return Err(wrong("POS knows no private apps: it needs an access token"));
            }
            (false, false, true) => Header::basic(key, secret)?,
            (true, true, false) => Header::token(token, store.is_legacy())?,
            (false, false, false) => return Err(wrong("both a private app and an access token are given")),
            _ => return Err(wrong("a private app has an API key and an API secret")),
        };
        let mut connection = self.connection;
        connection.base_url.get_or_insert_with(|| store.url());
        let line = connection.open(if flavor == Flavor::Web { PROFILE } else { POS })?;
        let http = line.client(classify_at).auth(Arc::new(header)).build();
        let mut webhooks = self.webhooks.with_flavor(flavor).with_custom_fields(line.custom_fields.clone());
        if webhooks.has_no_secret() && !secret.is_empty() {
            webhooks = webhooks.with_secret(secret);
        }
        Ok(Sapo {
            client: Client::new(http, line.base, flavor, self.location_id, self.account_id),
            account: PROFILE.account(store.as_str()),
            webhooks,
            custom_fields: line.custom_fields,
            pushing: Arc::default(),
        })
    }
}
