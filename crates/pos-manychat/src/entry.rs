//! The vendor for hosts that offer several: its form, and the page that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::ManyChatBuilder;
use crate::connector::ManyChat;
use crate::profile::PROFILE;
use crate::webhook::of_settings;

/// ManyChat by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("page_id", "Page number", "Mã trang")
                .with_help("the number behind fb in ManyChat's addresses, or the whole address"),
            Field::secret("api_key", "API key", "Khóa API"),
            Field::secret("webhook_secret", "Secret of external requests", "Mã bí mật của External Request")
                .with_help("the value of the header that the merchant adds to the step of the flow"),
            Field::plain("webhook_header", "Header of the secret", "Tên header chứa mã bí mật")
                .with_help("x-webhook-secret without it"),
            Field::plain("fields", "Names of fields", "Tên các trường")
                .with_help("as JSON, where they are not the usual ones: {\"ticket_type\": \"Loại yêu cầu\"}"),
            Field::plain("mirror_field", "Field with the WhatsApp number", "Trường lưu số WhatsApp")
                .with_help(
                    "the number of a custom field of text that a rule of the merchant's fills with it",
                ),
            Field::plain("import", "New contacts", "Tạo liên hệ mới").with_help(
                "off, phone or whatsapp; off without it, and ManyChat's support has to open the others",
            ),
            Field::plain("consent_phrase", "Words of consent", "Câu đồng ý nhận tin")
                .with_help("what people who are imported agreed to; nobody agreed without it"),
            Field::plain("base_url", "API address", "Địa chỉ API").with_help("of a sandbox"),
        ],
        ways: &[&["page_id", "api_key"]],
        again: "an administrator opens ManyChat: Settings → API → Generate Your Token (gói Pro); the key before it stops working",
        allowed: "the key opens the whole account; importing contacts is allowed by ManyChat's support alone",
    },
    open: |settings, connection| Ok(Arc::new(ManyChatBuilder::from_settings(settings, connection)?.build()?)),
};

impl ManyChatBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = ManyChat::builder()
            .page_id(settings.text("page_id"))
            .fields(settings.parsed(&PROFILE, "fields")?.unwrap_or_default())
            .import(settings.parsed(&PROFILE, "import")?.unwrap_or_default())
            .consent_phrase(settings.text("consent_phrase"))
            .webhooks(of_settings(settings.get("webhook_header"), settings.secret("webhook_secret"))?)
            .connection(settings.reach(connection, "base_url"));
        if let Some(key) = settings.secret("api_key") {
            builder = builder.api_key(key);
        }
        if let Some(field) = settings.parsed(&PROFILE, "mirror_field")? {
            builder = builder.mirror_field(field);
        }
        Ok(builder)
    }
}
