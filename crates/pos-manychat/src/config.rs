//! What a connection needs.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::{Result, Secret};

use crate::auth::KeyAuth;
use crate::client::Client;
use crate::connector::ManyChat;
use crate::fields::Fields;
use crate::outcome::classify_at;
use crate::profile::{PROFILE, clean_key, page_id};
use crate::push::{Import, Ways};
use crate::webhook::Webhooks;

/// What to connect to, and how. Made by [`ManyChat::builder`].
#[derive(Clone, Default)]
#[must_use]
pub struct ManyChatBuilder {
    page: String,
    api_key: Secret,
    fields: Fields,
    ways: Ways,
    connection: Connection,
    webhooks: Webhooks,
}

impl Debug for ManyChatBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManyChatBuilder")
            .field("page", &self.page)
            .field("fields", &self.fields)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl ManyChat {
    /// What a connection needs.
    pub fn builder() -> ManyChatBuilder {
        ManyChatBuilder::default()
    }
}

pos_core::connection_setters! {
    ManyChatBuilder with Webhooks {
        /// How it is reached: another host, transport, limits, patience, clock, and the vendor fields that records shall carry in
        /// `custom` (the merchant's own as `custom_fields.{caption}`). Without it: eight requests a second.
        connection,
        /// The secret in the header [`SECRET_HEADER`](crate::SECRET_HEADER). May be called several times. A blank one is not
        /// taken.
        webhook_secret,
    }
}

impl ManyChatBuilder {
    /// The page: its id, or an address of ManyChat with it (`…/fb104430000000821/…`). It names the account. The digits in the
    /// key may be another number (?).
    pub fn page_id(mut self, page: impl Into<String>) -> Self {
        self.page = page.into();
        self
    }

    /// The account's key: *Settings → API → Generate Your Token*. `Bearer` and blanks before it are taken off.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = key.into();
        self
    }

    /// What the merchant calls the fields.
    pub fn fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// How contacts are made that ManyChat does not have; they are not without it.
    pub fn import(mut self, import: Import) -> Self {
        self.ways.import = import;
        self
    }

    /// The words in which the people who are imported agreed to texts and mail. Without them nobody is said to have agreed.
    pub fn consent_phrase(mut self, phrase: impl Into<String>) -> Self {
        self.ways.consent = pos_core::record::clean(&phrase.into());
        self
    }

    /// The id of a custom field of text that mirrors the number of WhatsApp, as a rule of the merchant's keeps it: the only way
    /// to find a contact that was born there by its number.
    pub fn mirror_field(mut self, field_id: i64) -> Self {
        self.ways.mirror = Some(field_id);
        self
    }

    /// Checks everything and makes the connector. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming what is blank or malformed.
    pub fn build(self) -> Result<ManyChat> {
        let page = page_id(&self.page)?;
        let key = PROFILE.filled("api_key", clean_key(self.api_key.expose()))?;
        let auth = KeyAuth::new(&Secret::from(key))?;
        let line = self.connection.open(PROFILE)?;
        let http = line.client(classify_at).auth(Arc::new(auth)).build();
        let fields = Arc::new(self.fields);
        Ok(ManyChat {
            client: Client::new(http, line.base),
            webhooks: self.webhooks.for_page(page.clone(), fields.clone(), line.custom_fields.clone()),
            account: PROFILE.account(page),
            custom_fields: line.custom_fields,
            fields,
            ways: self.ways,
        })
    }
}
