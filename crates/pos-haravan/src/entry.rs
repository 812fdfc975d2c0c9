//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::HaravanBuilder;
use crate::connector::Haravan;
use crate::profile::PROFILE;

/// Haravan by its settings alone, with a private token or an app's. Who renews tokens uses
/// [`HaravanBuilder::oauth`](crate::HaravanBuilder::oauth).
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("org_id", "Shop number", "Mã tổ chức").with_help("10 or 12 digits"),
            Field::secret("token", "Token", "Token").with_help("a private token, or an app's access token"),
            Field::secret("webhook_secret", "Webhook secret", "Mã bảo mật webhook")
                .with_help("the app's client secret, or the private app's shared secret"),
            Field::plain("api_url", "API address", "Địa chỉ API").with_help("of a sandbox"),
        ],
        ways: &[&["org_id", "token"]],
        again: "the shop's owner opens Apps → Private apps and makes a token; an app has itself installed again",
        allowed: "com.read_customers, com.read_orders, com.read_products, com.read_inventories and com.read_shop; to write \
                  also com.write_customers and com.write_orders; for webhooks wh_api",
    },
    open: |settings, connection| Ok(Arc::new(HaravanBuilder::from_settings(settings, connection)?.build()?)),
};

impl HaravanBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = Haravan::builder().org_id(settings.text("org_id")).token(settings.text("token"));
        if let Some(secret) = settings.secret("webhook_secret") {
            builder = builder.webhook_secret(secret);
        }
        let connection = settings.reach(connection, "api_url");
        if let Some(url) = &connection.base_url {
            builder = builder.webhook_url(url);
        }
        Ok(builder.connection(connection))
    }
}
