//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::http::RetryPolicy;
use pos_core::kit::{Connection, Line};
use pos_core::record::Currency;
use pos_core::{Result, Secret};

use crate::auth::{AccessTokenHeader, Key, Redactor, SecondHost};
use crate::classify::classify_call;
use crate::client::{Client, CustomerShape};
use crate::connector::Pancake;
use crate::model::Shop;
use crate::profile::PROFILE;
use crate::webhook::Webhooks;

/// The same system under another name (C:6): asked when the first cannot be reached.
const SECOND: &str = "https://pos.pancake.vn/api/v1";

/// What to connect to, and how. Made by [`Pancake::builder`].
#[derive(Clone)]
#[must_use]
pub struct PancakeBuilder {
    api_key: Secret,
    shop_id: String,
    fallback_url: Option<String>,
    header: AccessTokenHeader,
    shape: CustomerShape,
    currency: String,
    connection: Connection,
    webhooks: Webhooks,
}

impl Debug for PancakeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PancakeBuilder")
            .field("shop_id", &self.shop_id)
            .field("currency", &self.currency)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Default for PancakeBuilder {
    fn default() -> Self {
        Self {
            api_key: Secret::default(),
            shop_id: String::new(),
            fallback_url: Some(SECOND.to_owned()),
            header: AccessTokenHeader::default(),
            shape: CustomerShape::default(),
            currency: "VND".to_owned(),
            connection: Connection::default(),
            webhooks: Webhooks::default(),
        }
    }
}

impl Pancake {
    /// What a connection needs.
    pub fn builder() -> PancakeBuilder {
        PancakeBuilder::default()
    }
}

pos_core::connection_setters! {
    PancakeBuilder with Webhooks {
        /// How it is reached: another host, transport, limits, patience, clock, and the vendor fields that records shall carry in
        /// `custom` (`fb_id`, `partner.sort_code`); those that hold keys are refused. Without it: half a second between requests,
        /// three at once, because the vendor names no limit and real answers are slow; and five tries, the first wait 1.5 to 3 s,
        /// the longest 60 s.
        connection,
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

    /// The host for requests that could not be sent to the documented one; `None` for none. A connection to another host has
    /// none.
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

    /// The shops that the key reaches, to choose one from. Sends one request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed; else what the vendor says.
    pub async fn shops(&self) -> Result<Vec<Shop>> {
        self.clone().open("0".to_owned())?.0.list_shops().await
    }

    fn open(&self, shop: String) -> Result<(Client, Line)> {
        let key = Secret::new(PROFILE.filled("api_key", self.api_key.expose())?);
        let second = self.fallback_url.as_deref().filter(|_| self.connection.base_url.is_none());
        let mut line = self.connection.clone().open(PROFILE)?;
        if let Some(second) = second {
            let second = PROFILE.address("fallback_url", second)?;
            line.transport = Arc::new(SecondHost { inner: line.transport, first: line.base.clone(), second });
        }
        let auth = Arc::new(Key::new(key.clone(), self.header));
        let http = |by_key: bool| {
            let redactor = Redactor::new(&key);
            let judge = move |response: &_, now| redactor.outcome(classify_call(response, now, by_key));
            line.client(judge).auth(auth.clone())
        };
        let twice = RetryPolicy { attempts: line.retry.attempts.min(2), ..line.retry };
        let (http, lookup) = (http(false).build(), http(true).retry(twice).build());
        let client = Client::new(http, lookup, line.base.clone(), shop, self.currency.clone());
        Ok((client, line))
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Pancake> {
        let shop = PROFILE.filled("shop_id", &self.shop_id)?;
        if !shop.bytes().all(|byte| byte.is_ascii_digit()) || shop.len() > 18 {
            return Err(PROFILE.error("shop_id is a whole number"));
        }
        if self.currency.parse::<Currency>().is_err() {
            return Err(PROFILE.error("currency is three letters, such as VND"));
        }
        let (client, line) = self.open(shop.clone())?;
        // The ids of editors and creators can be the API key itself (C:1).
        let secret = |part: &str| part.ends_with("api_key") || matches!(part, "editor_id" | "creator_id");
        if let Some(path) = line.custom_fields.iter().find(|path| path.split('.').any(secret)) {
            return Err(PROFILE.error(format_args!("custom field `{path}` may hold an API key")));
        }
        Ok(Pancake {
            client,
            account: PROFILE.account(shop.clone()),
            webhooks: self.webhooks.for_shop(shop, self.currency, line.custom_fields.clone()),
            custom_fields: line.custom_fields,
            shape: self.shape,
        })
    }
}
