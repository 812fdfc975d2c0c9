//! What a connection needs, checked before anything is sent.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret};

use crate::auth::{Bearer, SignIn};
use crate::client::Client;
use crate::connector::Misa;
use crate::outcome::{judge, judge_login};
use crate::profile::{APP_ID, PROFILE, domain, is_guid};

/// What to connect to, and how. Made by [`Misa::builder`].
#[derive(Clone)]
#[must_use]
pub struct MisaBuilder {
    domain: String,
    app_id: String,
    secret_key: Secret,
    connection: Connection,
    details: bool,
    invoice_days: Option<u32>,
    order_list: bool,
}

impl Debug for MisaBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MisaBuilder")
            .field("domain", &self.domain)
            .field("connection", &self.connection)
            .field("details", &self.details)
            .field("invoice_days", &self.invoice_days)
            .field("order_list", &self.order_list)
            .finish_non_exhaustive()
    }
}

impl Default for MisaBuilder {
    fn default() -> Self {
        Self {
            domain: String::new(),
            app_id: APP_ID.to_owned(),
            secret_key: Secret::default(),
            connection: Connection::default(),
            details: true,
            invoice_days: None,
            order_list: false,
        }
    }
}

impl Misa {
    /// What a connection needs.
    pub fn builder() -> MisaBuilder {
        MisaBuilder::default()
    }
}

impl MisaBuilder {
    /// The shop's address, `cuahang.mshopkeeper.vn`, or its first part.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Another `AppID` than [`APP_ID`], which the shops have that were seen.
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.app_id = id.into();
        self
    }

    /// The secret key of the connection, as text.
    pub fn secret_key(mut self, key: impl Into<Secret>) -> Self {
        self.secret_key = key.into();
        self
    }

    /// How it is reached: another host, transport, limits, patience, clock, and the vendor fields that records shall carry in
    /// `custom` (`MembershipCode`, `Barcode`). Without it: one request at a time, each up to three minutes, and five tries, the
    /// first wait 2 to 4 s, the longest 60 s.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Whether lists of invoices read the detail of each: lines, customer, order and returns. On, at a request an invoice.
    /// Off, invoices are known to be incomplete and name their buyer by number alone.
    pub fn details(mut self, on: bool) -> Self {
        self.details = on;
        self
    }

    /// Lets a catch-up of invoices read those sold up to so many days before it, which is more than what changed: the vendor
    /// has bounds by the date of sale alone. What changes later is found by a full read. Without it every pull reads all
    /// invoices.
    pub fn invoice_days(mut self, days: u32) -> Self {
        self.invoice_days = Some(days);
        self
    }

    /// Says that the shop answers `orders/list`, which nobody confirmed: then orders can be pushed, because one that was pushed
    /// before is found there.
    pub fn order_list(mut self, on: bool) -> Self {
        self.order_list = on;
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed, or of another product of the
    /// house.
    pub fn build(self) -> Result<Misa> {
        let domain = domain(&self.domain)?;
        let app_id = PROFILE.filled("app_id", &self.app_id)?;
        if is_guid(&app_id) {
            return Err(PROFILE.error("app_id is one of MISA AMIS: another product with another API"));
        }
        let secret_key = Secret::new(PROFILE.filled("secret_key", self.secret_key.expose())?);
        let line = self.connection.open(PROFILE)?;
        let mut url = line.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["auth", "api", "Account", "Login"]);
        }
        let http = line.beside(judge_login).build();
        let sign_in = SignIn { http, url, domain: domain.clone(), app_id, secret_key };
        let bearer = Arc::new(Bearer::new(sign_in, &line.base));
        let http = line.client(judge).auth(bearer.clone()).build();
        Ok(Misa {
            client: Client::new(http, line.base),
            bearer,
            account: PROFILE.account(domain),
            custom_fields: line.custom_fields,
            details: self.details,
            invoice_days: self.invoice_days,
            order_list: self.order_list,
        })
    }
}
