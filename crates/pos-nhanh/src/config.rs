//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret, lenient};
use time::OffsetDateTime;

use crate::auth::{Bearer, TokenStore};
use crate::classify::classify_at;
use crate::client::Client;
use crate::connector::Nhanh;
use crate::model::NewStatus;
use crate::profile::{PROFILE, joined};
use crate::push::Opening;
use crate::webhook::Webhooks;

/// What to connect to, and how. Made by [`Nhanh::builder`].
#[derive(Clone)]
#[must_use]
pub struct NhanhBuilder {
    app_id: u64,
    business_id: u64,
    access_token: Secret,
    token_store: Option<Arc<dyn TokenStore>>,
    secret_key: Secret,
    connection: Connection,
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
            .field("sync_tax", &self.sync_tax)
            .field("connection", &self.connection)
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
            connection: Connection::default(),
            sync_tax: true,
            history_from: time::macros::datetime!(2015-01-01 0:00 +7),
            order_status: NewStatus::New,
            source_name: "CRM".to_owned(),
            webhooks: Webhooks::new([]),
        }
    }
}

impl Nhanh {
    /// What a connection needs.
    pub fn builder() -> NhanhBuilder {
        NhanhBuilder::default()
    }
}

pos_core::connection_setters! {
    NhanhBuilder with Webhooks {
        /// How it is reached: another host, transport, limits, patience, clock, and the vendor fields that records shall carry in
        /// `custom` (`level.name`, `info.privateDescription`). Without it: 150 requests in 30 s for each address (D), counted a
        /// little longer than that; other limits are for each address, too.
        connection,
        /// A verify token of the app's webhooks. May be called several times, for rotation.
        webhook_secret,
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

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Nhanh> {
        let blank = |name: &str| PROFILE.error(format_args!("{name} is blank"));
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
            return Err(PROFILE.error("access_token has characters that no header may have"));
        }
        let line = self.connection.open(PROFILE)?;
        let bearer = Arc::new(Bearer::new(token, self.token_store));
        let http = line.client(classify_at).auth(bearer.clone()).build();
        let business = self.business_id.to_string();
        Ok(Nhanh {
            client: Client::new(http, joined(&line.base, "v3.0"), self.app_id, self.business_id),
            bearer,
            account: PROFILE.account(business.clone()),
            secret_key: Some(self.secret_key).filter(|key| !key.expose().trim().is_empty()),
            webhooks: self
                .webhooks
                .with_tenant(business)
                .with_custom_fields(line.custom_fields.clone())
                .with_tax(self.sync_tax),
            custom_fields: line.custom_fields,
            sync_tax: self.sync_tax,
            history_from: lenient::in_vietnam(self.history_from),
            opening: Opening { status: self.order_status, source: self.source_name.into() },
        })
    }
}
