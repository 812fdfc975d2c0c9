//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::OdooBuilder;
use crate::profile::PROFILE;
use crate::shop::Odoo;

/// Odoo by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("site", "Server address", "Địa chỉ máy chủ")
                .with_help("https, with its folder where it has one"),
            Field::plain("database", "Database", "Cơ sở dữ liệu")
                .with_help("below version 19, and where the server has several"),
            Field::plain("login", "Login", "Tên đăng nhập").with_help("below version 19"),
            Field::secret("api_key", "API key", "Khóa API")
                .with_help("Preferences → Account Security → New API Key"),
            Field::secret("webhook_secret", "Webhook token", "Mã trong địa chỉ webhook")
                .with_help("stands in the address of the automation rules: ?token=…"),
            Field::plain("language", "Language of names", "Ngôn ngữ")
                .with_help("vi_VN; it must be installed"),
            Field::plain("company", "Company", "Công ty")
                .with_help("the id of one company of a group; all without it"),
            Field::plain("delivery_product", "Product for delivery", "Sản phẩm phí giao hàng")
                .with_help("its id; orders with a shipping fee need it"),
            Field::plain("discount_product", "Product for discounts", "Sản phẩm giảm giá")
                .with_help("its id; orders with a discount of their own need it"),
        ],
        ways: &[&["site", "api_key"], &["site", "database", "login", "api_key"]],
        again: "the user opens Preferences → Account Security in Odoo and makes a new API key; keys end after three months at \
                the latest",
        allowed: "read access to contacts, sales, point of sale, products and invoices; to write, creating contacts and sale \
                  orders",
    },
    open: |settings, connection| Ok(Arc::new(OdooBuilder::from_settings(settings, connection)?.build()?)),
};

impl OdooBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = Odoo::builder()
            .site(settings.text("site"))
            .database(settings.text("database"))
            .login(settings.text("login"))
            .connection(connection);
        if let Some(key) = settings.secret("api_key") {
            builder = builder.api_key(key);
        }
        if let Some(token) = settings.secret("webhook_secret") {
            builder = builder.webhook_secret(token);
        }
        if let Some(code) = settings.get("language") {
            builder = builder.language(code);
        }
        if let Some(id) = settings.parsed(&PROFILE, "company")? {
            builder = builder.company(id);
        }
        if let Some(id) = settings.parsed(&PROFILE, "delivery_product")? {
            builder = builder.delivery_product(id);
        }
        if let Some(id) = settings.parsed(&PROFILE, "discount_product")? {
            builder = builder.discount_product(id);
        }
        Ok(builder)
    }
}
