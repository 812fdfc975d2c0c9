//! What a connection needs.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret};

use crate::auth::KeyAuth;
use crate::client::Client;
use crate::connector::Getfly;
use crate::outcome::classify_at;
use crate::profile::{Api, PROFILE, company};
use crate::webhook::Webhooks;

/// What to connect to, and how. Made by [`Getfly::builder`].
#[derive(Clone, Default)]
#[must_use]
pub struct GetflyBuilder {
    company: String,
    api_key: Secret,
    api: Api,
    connection: Connection,
    webhooks: Webhooks,
}

impl Debug for GetflyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetflyBuilder")
            .field("company", &self.company)
            .field("api", &self.api)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Getfly {
    /// What a connection needs.
    pub fn builder() -> GetflyBuilder {
        GetflyBuilder::default()
    }
}

pos_core::connection_setters! {
    GetflyBuilder with Webhooks {
        /// How it is reached: another host than the company's, transport, limits, patience, clock, and the vendor fields that
        /// records shall carry in `custom` (a company's own ones as `detail_custom_fields.{name}`; in line v3 by their name
        /// alone). Without it: two requests a second.
        connection,
        /// The secret of the webhook. May be called several times. A blank one is not taken.
        webhook_secret,
    }
}

impl GetflyBuilder {
    /// The company: its name, its host or an address in it (`demo`, `demo.getflycrm.com`, `https://crm.example.com`). Its host
    /// names the account.
    pub fn company(mut self, company: impl Into<String>) -> Self {
        self.company = company.into();
        self
    }

    /// The company's key: *Settings → Integration → Other software → Getfly API Key*.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = key.into();
        self
    }

    /// The line of the API; 6.1 without it. Which one a company answers, [`Connector::check`](pos_core::Connector::check) says and
    /// [`Client::find_api`] finds out: store it beside the key.
    pub fn api(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Getfly> {
        let host = company(&self.company)?;
        let key = Secret::from(PROFILE.filled("api_key", self.api_key.expose())?);
        let auth = KeyAuth::new(&key)?;
        let base_url = self.connection.base_url.clone().or_else(|| Some(format!("https://{host}")));
        let line = Connection { base_url, ..self.connection }.open(PROFILE)?;
        let http = line.client(classify_at).auth(Arc::new(auth)).build();
        Ok(Getfly {
            client: Client::new(http, line.base, self.api),
            webhooks: self.webhooks.with_tenant(host.clone()).with_custom_fields(line.custom_fields.clone()),
            account: PROFILE.account(host),
            custom_fields: line.custom_fields,
        })
    }
}
