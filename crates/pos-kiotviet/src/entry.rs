//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::KiotVietBuilder;
use crate::connector::KiotViet;
use crate::profile::PROFILE;

/// KiotViet by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("retailer", "Shop name", "Tên gian hàng")
                .with_help("the name in the login address: cuahangmau of cuahangmau.kiotviet.vn"),
            Field::plain("client_id", "Client ID", "ClientId"),
            Field::secret("client_secret", "Client secret", "Mã bảo mật"),
            Field::secret("webhook_secret", "Webhook secret", "Mã bảo mật webhook").with_help(
                "what the shop's webhooks are signed with, as it was given when they were registered",
            ),
            Field::plain("shipping_surcharge", "Surcharge for shipping", "Thu khác cho phí giao hàng")
                .with_help("the id of the surcharge that carries the shipping fee of pushed orders"),
            Field::plain("base_url", "API address", "Địa chỉ API").with_help("of another line than retail"),
            Field::plain("token_url", "Token address", "Địa chỉ lấy token")
                .with_help("of another line than retail"),
            Field::plain("scope", "Scope", "Phạm vi").with_help("of another line than retail"),
        ],
        ways: &[&["retailer", "client_id", "client_secret"]],
        again: "an admin of the shop opens Thiết lập cửa hàng → Thiết lập kết nối API and copies ClientId and Mã bảo mật",
        allowed: "the scope PublicApi.Access, of an admin of the shop who may see its customers, orders, invoices and \
                  products",
    },
    open: |settings, connection| Ok(Arc::new(KiotVietBuilder::from_settings(settings, connection)?.build()?)),
};

impl KiotVietBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = KiotViet::builder()
            .retailer(settings.text("retailer"))
            .client_id(settings.text("client_id"))
            .client_secret(settings.text("client_secret"))
            .connection(settings.reach(connection, "base_url"));
        if let Some(url) = settings.get("token_url") {
            builder = builder.token_url(url);
        }
        if let Some(scope) = settings.get("scope") {
            builder = builder.scope(scope);
        }
        if let Some(id) = settings.parsed(&PROFILE, "shipping_surcharge")? {
            builder = builder.shipping_surcharge(id);
        }
        if let Some(secret) = settings.secret("webhook_secret") {
            builder = builder.webhook_secret(secret);
        }
        Ok(builder)
    }
}
