//! What a connection needs.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret};

use crate::auth::KeyAuth;
use crate::client::Client;
use crate::connector::WooCommerce;
use crate::outcome::classify_at;
use crate::profile::{PROFILE, account_of, site};
use crate::webhook::Webhooks;

/// What to connect to, and how. Made by [`WooCommerce::builder`].
#[derive(Clone)]
#[must_use]
pub struct WooCommerceBuilder {
    site: String,
    consumer_key: String,
    consumer_secret: Secret,
    key_in_query: bool,
    connection: Connection,
    webhooks: Webhooks,
}

impl Debug for WooCommerceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WooCommerceBuilder")
            .field("site", &self.site)
            .field("key_in_query", &self.key_in_query)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Default for WooCommerceBuilder {
    fn default() -> Self {
        Self {
            site: String::new(),
            consumer_key: String::new(),
            consumer_secret: Secret::default(),
            key_in_query: false,
            connection: Connection::default(),
            webhooks: Webhooks::new([]),
        }
    }
}

impl WooCommerce {
    /// What a connection needs.
    pub fn builder() -> WooCommerceBuilder {
        WooCommerceBuilder::default()
    }
}

pos_core::connection_setters! {
    WooCommerceBuilder with Webhooks {
        /// How it is reached: another host than the site's, transport, limits, patience, clock, and the vendor fields that records
        /// shall carry in `custom` (those of plugins as `meta_data.{key}`). Without it: one request at a time, two a second.
        connection,
        /// The secret of a webhook. May be called several times.
        webhook_secret,
    }
}

impl WooCommerceBuilder {
    /// The address of the shop's WordPress, with its folder where it has one: `shop.example.com`, `https://example.com/shop`.
    /// HTTPS, or HTTP on this machine: over plain HTTP the vendor takes a key only with signatures of OAuth 1.0a, which this
    /// crate does not make. Host and path name the account.
    pub fn site(mut self, address: impl Into<String>) -> Self {
        self.site = address.into();
        self
    }

    /// The key (`ck_…`): *WooCommerce → Settings → Advanced → REST API*.
    pub fn consumer_key(mut self, key: impl Into<String>) -> Self {
        self.consumer_key = key.into();
        self
    }

    /// Its secret (`cs_…`).
    pub fn consumer_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.consumer_secret = secret.into();
        self
    }

    /// Allows the key to be sent in the query where the shop says that nobody is logged in: some hosts take the `Authorization`
    /// header away. It is tried then, and kept to. The query of a request ends in the host's access log, so this is off unless
    /// it is needed.
    pub fn key_in_query(mut self, allowed: bool) -> Self {
        self.key_in_query = allowed;
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<WooCommerce> {
        let site = site(&self.site)?;
        let key = PROFILE.filled("consumer_key", &self.consumer_key)?;
        let secret = Secret::from(PROFILE.filled("consumer_secret", self.consumer_secret.expose())?);
        let auth = KeyAuth::new(key, secret, self.key_in_query)?;
        let account = account_of(&site);
        let base_url = self.connection.base_url.clone().or_else(|| Some(site.to_string()));
        let line = Connection { base_url, ..self.connection }.open(PROFILE)?;
        let http = line.client(classify_at).auth(Arc::new(auth)).build();
        Ok(WooCommerce {
            client: Client::new(http, line.base),
            webhooks: self
                .webhooks
                .with_tenant(account.clone())
                .with_custom_fields(line.custom_fields.clone()),
            account: PROFILE.account(account),
            custom_fields: line.custom_fields,
        })
    }
}
