//! The vendor for hosts that offer several: its form, and the company that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::GetflyBuilder;
use crate::connector::Getfly;
use crate::profile::PROFILE;

/// Getfly by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("company", "Company", "Tên công ty trên Getfly")
                .with_help("the name before .getflycrm.com, or the whole address"),
            Field::secret("api_key", "API key", "Getfly API Key"),
            Field::secret("webhook_secret", "Webhook secret", "Mã bí mật webhook")
                .with_help("as it stands in Getfly's settings of the webhook; never blank"),
            Field::plain("api", "Line of the API", "Phiên bản API")
                .with_help("v6.1, v6 or v3; v6.1 without it, and the check says which one to take"),
        ],
        ways: &[&["company", "api_key"]],
        again: "an administrator opens Getfly: Cài đặt → Tích hợp → Phần mềm khác → Getfly API Key",
        allowed: "the key opens the whole company; whether it is limited by who made it is not documented, so let an \
                  administrator make it",
    },
    open: |settings, connection| Ok(Arc::new(GetflyBuilder::from_settings(settings, connection)?.build()?)),
};

impl GetflyBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = Getfly::builder()
            .company(settings.text("company"))
            .api(settings.parsed(&PROFILE, "api")?.unwrap_or_default())
            .connection(connection);
        if let Some(key) = settings.secret("api_key") {
            builder = builder.api_key(key);
        }
        if let Some(secret) = settings.secret("webhook_secret") {
            builder = builder.webhook_secret(secret);
        }
        Ok(builder)
    }
}
