//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;

use http::HeaderValue;
use pos_core::kit::Connection;
use pos_core::{Error, Result, Secret};

use crate::auth::{Bearer, ClientCredentials, classify_token};
use crate::client::{Client, classify_at};
use crate::connector::KiotViet;
use crate::profile::PROFILE;
use crate::webhook::Webhooks;

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
    connection: Connection,
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
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Default for KiotVietBuilder {
    fn default() -> Self {
        Self {
            retailer: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            base_url: String::new(),
            token_url: String::new(),
            scope: String::new(),
            connection: Connection::default(),
            shipping_surcharge: None,
            webhooks: Webhooks::new([]),
        }
        .retail()
    }
}

impl KiotViet {
    /// What a connection needs.
    pub fn builder() -> KiotVietBuilder {
        KiotVietBuilder::default()
    }
}

pos_core::connection_setters! {
    KiotVietBuilder with Webhooks {
        /// How it is reached: another host, transport, limits, patience, clock, and the vendor fields that records shall carry
        /// in `custom` (`psidFacebook`, `orderDelivery.weight`). Without it: 5000 requests an hour (D), and five tries, the first wait 2 to 4 s, the longest 60 s.
        connection,
        /// A secret that webhooks may be signed with, as the host keeps it. May be called several times, for rotation.
        webhook_secret,
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

    /// The surcharge, by the id that the shop gave it, that carries the shipping fee of pushed orders. Without it an order
    /// with a shipping fee cannot be pushed: the vendor has no other place for what a buyer pays for delivery.
    pub fn shipping_surcharge(mut self, id: i64) -> Self {
        self.shipping_surcharge = Some(id);
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<KiotViet> {
        let retailer = PROFILE.filled("retailer", &self.retailer)?;
        let client_id = PROFILE.filled("client_id", &self.client_id)?;
        let client_secret = Secret::new(PROFILE.filled("client_secret", self.client_secret.expose())?);
        let scope = PROFILE.filled("scope", &self.scope)?;
        let token_url = PROFILE.address("token_url", &self.token_url)?;
        let header = HeaderValue::from_str(&retailer)
            .ok()
            .filter(|_| retailer.is_ascii() && !retailer.contains(char::is_whitespace))
            .ok_or_else(|| {
                Error::config("retailer is the shop's name in its login address, without blanks and accents")
            })?;
        let mut connection = self.connection;
        connection.base_url.get_or_insert(self.base_url);
        let line = connection.open(PROFILE)?;
        let http = line.beside(classify_token).build();
        let source = ClientCredentials { http, url: token_url, client_id, client_secret, scope };
        let bearer = Arc::new(Bearer::new(source, header));
        let http = line.client(classify_at).auth(bearer.clone()).build();
        Ok(KiotViet {
            client: Client::new(http, line.base),
            bearer,
            account: PROFILE.account(retailer),
            webhooks: self.webhooks.with_custom_fields(line.custom_fields.clone()),
            custom_fields: line.custom_fields,
            shipping_surcharge: self.shipping_surcharge,
        })
    }
}
