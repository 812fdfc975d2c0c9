//! A page of ManyChat behind the common trait.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, Pushed};
use pos_core::kit::known;
use pos_core::page::pick_custom;
use pos_core::record::CustomerRecord;
use pos_core::webhook::Trust;
use pos_core::{
    Account, Capabilities, Connector, Error, ErrorKind, Result, ShopInfo, Stream, StreamCapabilities,
};

use crate::client::Client;
use crate::fields::Fields;
use crate::profile::PROFILE;
use crate::push::{Desk, Ways};
use crate::webhook::Webhooks;

/// One page of ManyChat. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct ManyChat {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) webhooks: Webhooks,
    pub(crate) fields: Arc<Fields>,
    pub(crate) ways: Ways,
}

impl ManyChat {
    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads what this page's flows send.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// What the merchant calls the fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }
}

#[async_trait]
impl Connector for ManyChat {
    pos_core::connector_basics!(PROFILE);

    /// Nothing can be listed: contacts come by what their flows send, and are read by id.
    fn capabilities(&self) -> Capabilities {
        let customers = StreamCapabilities { get: true, ..StreamCapabilities::default() };
        Capabilities {
            streams: vec![(Stream::Customers, customers), (Stream::Tickets, StreamCapabilities::default())],
            push_customer: true,
            webhooks: Some(Trust::SharedToken),
            ..Capabilities::default()
        }
    }

    /// Reads the page: one request. The account in the answer is the page that the key opens.
    async fn check(&self) -> Result<ShopInfo> {
        let page = self.client.page_info().await?;
        let id = page
            .id
            .ok_or_else(|| Error::decode("the answer names no page").with_context("GET /fb/page/getInfo"))?;
        let mut info = ShopInfo::new(PROFILE.account(id.clone()), page.name.unwrap_or(id));
        if page.is_pro == Some(false) {
            info.warnings.push("the page has no Pro plan: flows send nothing without one".to_owned());
        }
        if info.account != self.account {
            info.warnings.push("the key opens another page than the one that is connected".to_owned());
        }
        Ok(info)
    }

    /// One request.
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        let id = known(id)?;
        let record = self.client.find(id, |raw, contact| {
            let mut custom = pick_custom(raw, &self.custom_fields);
            contact.captioned(&mut custom, &self.custom_fields);
            contact.into_customer(&self.fields, custom)
        });
        record.await.map_err(|error| match error.kind() {
            // Of one contact nothing else can be rejected than its id.
            ErrorKind::Rejected if error.fields().contains_key("subscriber_id") => no_such(&error),
            _ => error,
        })
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        Desk { client: &self.client, fields: &self.fields, ways: &self.ways }.customer(push).await
    }
}

fn no_such(error: &Error) -> Error {
    Error::new(ErrorKind::NotFound, "ManyChat does not know it")
        .with_context(error.context().unwrap_or_default())
        .with_status(error.status().unwrap_or_default())
        .with_vendor_message(error.vendor_message().map(str::to_owned))
        .with_fields(error.fields().clone())
}
