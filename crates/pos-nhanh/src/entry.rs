//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};
use pos_core::{Result, lenient};

use crate::config::NhanhBuilder;
use crate::connector::Nhanh;
use crate::profile::PROFILE;

/// Nhanh.vn by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("app_id", "App ID", "ID ứng dụng"),
            Field::plain("business_id", "Business ID", "ID doanh nghiệp"),
            Field::secret("access_token", "Access token", "Access token").with_help("lasts a year"),
            Field::secret("secret_key", "Secret key of the app", "Khóa bí mật của ứng dụng")
                .with_help("to have the token checked"),
            Field::secret("webhook_secret", "Verify token", "Mã xác thực webhook"),
            Field::plain("history_from", "Read from", "Đọc từ ngày")
                .with_help("where a full read begins, as 2023-01-01"),
            Field::plain("base_url", "API address", "Địa chỉ API").with_help("of a sandbox"),
        ],
        ways: &[&["app_id", "business_id", "access_token"]],
        again: "tokens last a year and cannot be renewed: let the merchant consent again at https://nhanh.vn/oauth with \
                version=3.0",
        allowed: "customers, orders, bills, products and every depot, granted by a director: rights are fixed when the \
                  merchant consents, so a missing one needs a new consent",
    },
    open: |settings, connection| Ok(Arc::new(NhanhBuilder::from_settings(settings, connection)?.build()?)),
};

impl NhanhBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = Nhanh::builder()
            .app_id(settings.parsed(&PROFILE, "app_id")?.unwrap_or_default())
            .business_id(settings.parsed(&PROFILE, "business_id")?.unwrap_or_default())
            .access_token(settings.text("access_token"))
            .connection(settings.reach(connection, "base_url"));
        if let Some(key) = settings.secret("secret_key") {
            builder = builder.secret_key(key);
        }
        if let Some(text) = settings.get("history_from") {
            let wrong = || PROFILE.error("history_from is no date: write 2023-01-01 or 2023-01-01T08:30");
            let from = lenient::parse_instant(text, lenient::VIETNAM).ok().flatten().ok_or_else(wrong)?;
            builder = builder.history_from(from);
        }
        if let Some(secret) = settings.secret("webhook_secret") {
            builder = builder.webhook_secret(secret);
        }
        Ok(builder)
    }
}
