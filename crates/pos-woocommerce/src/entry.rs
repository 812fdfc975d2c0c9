//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::WooCommerceBuilder;
use crate::connector::WooCommerce;
use crate::profile::PROFILE;

/// WooCommerce by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("site", "Shop address", "Địa chỉ cửa hàng")
                .with_help("https, with its folder where it has one"),
            Field::plain("consumer_key", "Consumer key", "Khóa khách hàng").with_help("begins with ck_"),
            Field::secret("consumer_secret", "Consumer secret", "Mã bí mật của khóa")
                .with_help("begins with cs_"),
            Field::secret("webhook_secret", "Webhook secret", "Mã bảo mật webhook")
                .with_help("letters and digits"),
            Field::plain("key_in_query", "Key in the address", "Gửi khóa trong địa chỉ").with_help(
                "`true` where the host takes the Authorization header away; access logs then show the key",
            ),
        ],
        ways: &[&["site", "consumer_key", "consumer_secret"]],
        again: "an administrator opens WooCommerce → Settings → Advanced → REST API and adds a key for a shop manager",
        allowed: "read access; to write and for webhooks read and write access; its user has to be a shop manager or an \
                  administrator",
    },
    open: |settings, connection| {
        Ok(Arc::new(WooCommerceBuilder::from_settings(settings, connection)?.build()?))
    },
};

impl WooCommerceBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = WooCommerce::builder()
            .site(settings.text("site"))
            .consumer_key(settings.text("consumer_key"))
            .key_in_query(settings.parsed(&PROFILE, "key_in_query")?.unwrap_or(false))
            .connection(connection);
        if let Some(secret) = settings.secret("consumer_secret") {
            builder = builder.consumer_secret(secret);
        }
        if let Some(secret) = settings.secret("webhook_secret") {
            builder = builder.webhook_secret(secret);
        }
        Ok(builder)
    }
}
