//! What a connection needs.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret};
use serde_json::{Map, json};

use crate::auth::KeyAuth;
use crate::client::{Access, Client};
use crate::outcome::classify_call;
use crate::profile::{PROFILE, account_of, site};
use crate::shop::{Extras, Odoo};
use crate::webhook::Webhooks;

/// What to connect to, and how. Made by [`Odoo::builder`].
#[derive(Clone, Default)]
#[must_use]
pub struct OdooBuilder {
    site: String,
    database: String,
    login: String,
    api_key: Secret,
    language: Option<String>,
    company: Option<i64>,
    extras: Extras,
    connection: Connection,
    webhooks: Webhooks,
}

impl Debug for OdooBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OdooBuilder")
            .field("site", &self.site)
            .field("database", &self.database)
            .field("company", &self.company)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Odoo {
    /// What a connection needs.
    pub fn builder() -> OdooBuilder {
        OdooBuilder::default()
    }
}

pos_core::connection_setters! {
    OdooBuilder with Webhooks {
        /// How it is reached: another host than the site's, transport, limits, patience, clock, and the vendor fields that records
        /// shall carry in `custom` (`x_level`). Without it: two requests at a time.
        connection,
        /// The token in the address of an automation rule's webhook. May be called several times.
        webhook_secret,
    }
}

impl OdooBuilder {
    /// The address of the server, with its folder where it has one: `mau.odoo.com`, `https://erp.example.com/odoo`. HTTPS, or HTTP on
    /// this machine. Host and path name the account, with the database before them where one is given.
    pub fn site(mut self, address: impl Into<String>) -> Self {
        self.site = address.into();
        self
    }

    /// The database. Needed below version 19, and where a server has several.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = name.into();
        self
    }

    /// The login of the user whose key it is. Needed below version 19.
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.login = login.into();
        self
    }

    /// An API key: *Preferences → Account Security → New API Key*. Below version 19 a password does as well. Odoo's keys end, after
    /// three months at the latest in 19.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = key.into();
        self
    }

    /// The language of names in every call (`vi_VN`), the user's own without it. One that is not installed refuses every call.
    pub fn language(mut self, code: impl Into<String>) -> Self {
        self.language = Some(code.into());
        self
    }

    /// Only this company of a group, by its id; all that the user may see without it.
    pub fn company(mut self, id: i64) -> Self {
        self.company = Some(id);
        self
    }

    /// The id of the product (`product.product`) that stands for delivery on pushed orders. Without it an order with a shipping fee
    /// cannot be pushed.
    pub fn delivery_product(mut self, id: i64) -> Self {
        self.extras.delivery = Some(id);
        self
    }

    /// The id of the product that stands for a discount of the whole order. Without it an order with one cannot be pushed.
    pub fn discount_product(mut self, id: i64) -> Self {
        self.extras.discount = Some(id);
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<Odoo> {
        let site = site(&self.site)?;
        let key = Secret::from(PROFILE.filled("api_key", self.api_key.expose())?);
        let (database, login) = (self.database.trim().to_owned(), self.login.trim().to_owned());
        let numbers = [
            ("company", self.company),
            ("delivery_product", self.extras.delivery),
            ("discount_product", self.extras.discount),
        ];
        if let Some((name, _)) = numbers.into_iter().find(|(_, id)| id.is_some_and(|id| id <= 0)) {
            return Err(PROFILE.error(format_args!("{name} is no id")));
        }
        let mut context = Map::new();
        // Archived records are hidden unless they are asked for (M19).
        context.insert("active_test".to_owned(), json!(false));
        context.extend(self.language.map(|code| ("lang".to_owned(), json!(code.trim()))));
        context.extend(self.company.map(|id| ("allowed_company_ids".to_owned(), json!([id]))));
        let account = account_of(&site, &database);
        let base_url = self.connection.base_url.clone().or_else(|| Some(site.to_string()));
        let line = Connection { base_url, ..self.connection }.open(PROFILE)?;
        let http = line.client(classify_call).auth(Arc::new(KeyAuth::new(key.clone()))).build();
        Ok(Odoo {
            client: Client::new(http, line.base, Access { database, login, key, context }),
            webhooks: self.webhooks.with_custom_fields(line.custom_fields.clone()),
            account: PROFILE.account(account),
            custom_fields: line.custom_fields,
            extras: self.extras,
        })
    }
}
