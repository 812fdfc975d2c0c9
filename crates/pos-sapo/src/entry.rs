//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::SapoBuilder;
use crate::connector::Sapo;
use crate::profile::PROFILE;

/// Sapo by its settings alone: a private app of Sapo Web, or a token of either flavour.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("store", "Store", "Cửa hàng").with_help("name.mysapo.net or name.mysapogo.com"),
            Field::plain("api_key", "API key", "API Key").with_help("of a private app"),
            Field::secret("api_secret", "API secret", "API Secret").with_help("of a private app"),
            Field::secret("access_token", "Access token", "Access token")
                .with_help("of a public app, or of Sapo POS"),
            Field::secret("webhook_secret", "Webhook secret", "Mã bảo mật webhook")
                .with_help("the app's secret key; a private app's own secret where this is blank"),
            Field::plain("flavor", "Product", "Sản phẩm")
                .with_help("web or pos, where the host does not say it"),
            Field::plain("location_id", "Branch of pushed orders", "Chi nhánh của đơn tạo mới"),
            Field::plain("account_id", "Seller of pushed orders", "Nhân viên của đơn tạo mới"),
            Field::plain("base_url", "API address", "Địa chỉ API").with_help("of a sandbox"),
        ],
        ways: &[&["store", "api_key", "api_secret"], &["store", "access_token"]],
        again: "a private app: Ứng dụng → Ứng dụng riêng shows API Key and API Secret; a public app has itself installed \
                again",
        allowed: "read_customers, read_orders and read_products; to write also write_customers and write_orders. A private \
                  app: read (or read and write) for customers, orders and products",
    },
    open: |settings, connection| Ok(Arc::new(SapoBuilder::from_settings(settings, connection)?.build()?)),
};

impl SapoBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = Sapo::builder()
            .store(settings.text("store"))
            .access_token(settings.text("access_token"))
            .private_app(settings.text("api_key"), settings.text("api_secret"))
            .connection(settings.reach(connection, "base_url"));
        if let Some(flavor) = settings.parsed(&PROFILE, "flavor")? {
            builder = builder.flavor(flavor);
        }
        if let Some(id) = settings.parsed(&PROFILE, "location_id")? {
            builder = builder.location_id(id);
        }
        if let Some(id) = settings.parsed(&PROFILE, "account_id")? {
            builder = builder.account_id(id);
        }
        if let Some(secret) = settings.secret("webhook_secret") {
            builder = builder.webhook_secret(secret);
        }
        Ok(builder)
    }
}
