//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::PancakeBuilder;
use crate::connector::Pancake;
use crate::profile::PROFILE;
use crate::webhook::Webhooks;

/// Pancake POS by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::secret("api_key", "API key", "API KEY"),
            Field::plain("shop_id", "Shop number", "Mã cửa hàng")
                .with_help("the number in the address /shop/<number>"),
            Field::plain("currency", "Currency", "Tiền tệ").with_help("of a shop that does not sell in VND"),
            Field::secret("webhook_secret", "Webhook secret", "Mã bảo mật webhook")
                .with_help("the value of the header X-Webhook-Secret that was chosen for webhooks"),
            Field::plain("base_url", "API address", "Địa chỉ API").with_help("of a sandbox"),
        ],
        ways: &[&["api_key", "shop_id"]],
        again: "Cấu hình → Nâng cao → Kết nối bên thứ 3 → Webhook/API → API KEY → Thêm mới makes a key",
        allowed: "whatever the person may see whose key it is: customers, orders and products of this shop",
    },
    open: |settings, connection| Ok(Arc::new(PancakeBuilder::from_settings(settings, connection)?.build()?)),
};

impl PancakeBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = Pancake::builder()
            .api_key(settings.text("api_key"))
            .shop_id(settings.text("shop_id"))
            .connection(settings.reach(connection, "base_url"));
        if let Some(code) = settings.get("currency") {
            builder = builder.currency(code);
        }
        if let Some(secret) = settings.secret("webhook_secret") {
            builder = builder.webhooks(Webhooks::new([secret]));
        }
        Ok(builder)
    }
}
