//! Contacts, and what is kept on them.

use pos_core::kit::Keyed;
use pos_core::record::Extra;
use serde_json::Value;
use time::OffsetDateTime;

use super::{custom_fields, id, instant, tags, text};
use crate::fields::{Fields, Names};

pos_core::wire! {
    /// A contact: as the API answers it (Dq), and as the variable *Full Contact Data* writes it (D)(L). Bodies that were made by
    /// hand are read into the same members.
    Subscriber shows(id, page_id, status, subscribed, last_interaction) {
        /// The contact's id, of 16 digits and more (L); a number in the documented example (D).
        id: Option<String> = "id",
        /// `user:<id>` (D)(L).
        key: Option<String> = "text",
        /// The page (D)(L).
        page_id: Option<String> = "text",
        /// `active`; others are not listed (D).
        status: Option<String> = "text",
        /// First name (D).
        first_name: Option<String> = "text",
        /// Last name (D).
        last_name: Option<String> = "text",
        /// Both (D).
        name: Option<String> = "text",
        /// `male`, `female` (D).
        gender: Option<String> = "text",
        /// A picture's address (D).
        profile_pic: Option<String> = "text",
        /// `vi_VN` (D).
        locale: Option<String> = "text",
        /// Its name in English (D).
        language: Option<String> = "text",
        /// The contact's own, `UTC+07` (D).
        timezone: Option<String> = "text",
        /// Where people of the shop chat with the contact (D).
        live_chat_url: Option<String> = "text",
        /// The last text that the contact ever typed: in an event that is no message it is an old one (C:1).
        last_input_text: Option<String> = "text",
        /// Agreed to texts on the phone (Dq).
        optin_phone: Option<bool> = "pos_core::lenient::flag",
        /// The phone that ManyChat keeps, with a plus (L). Of a contact that was born on WhatsApp it is empty (C:8).
        phone: Option<String> = "text",
        /// Agreed to mail (Dq).
        optin_email: Option<bool> = "pos_core::lenient::flag",
        /// The address that ManyChat keeps (L).
        email: Option<String> = "text",
        /// Since when it is a contact (D).
        subscribed: Option<OffsetDateTime> = "instant",
        /// When the contact last did something (D).
        last_interaction: Option<OffsetDateTime> = "instant",
        /// When the contact last read something (D).
        last_seen: Option<OffsetDateTime> = "instant",
        /// The same of Instagram (L).
        ig_last_interaction: Option<OffsetDateTime> = "instant",
        /// The same of Instagram (L).
        ig_last_seen: Option<OffsetDateTime> = "instant",
        /// (Dq).
        is_followup_enabled: Option<bool> = "pos_core::lenient::flag",
        /// Name on Instagram (L).
        ig_username: Option<String> = "text",
        /// Id on Instagram: a number beyond what a float holds (Dq).
        ig_id: Option<String> = "text",
        /// Number on WhatsApp, with the country's code and often without a plus (L)(C:8).
        whatsapp_phone: Option<String> = "text",
        /// Meta's id of somebody on WhatsApp who shows no number (`VN.2081…`): no phone number (C:3).
        whatsapp_bsuid: Option<String> = "text",
        /// Name on WhatsApp (Dq).
        whatsapp_username: Option<String> = "text",
        /// Agreed to messages on WhatsApp (Dq).
        optin_whatsapp: Option<bool> = "pos_core::lenient::flag",
        /// Null in the one delivery that was seen (L).
        phone_country_code: Option<String> = "text",
        /// The merchant's own fields.
        custom_fields: Vec<CustomField> = "custom_fields",
        /// Tags; the API alone tells them (Dq).
        tags: Vec<Tag> = "tags",
    }
}

/// One custom field of a contact.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct CustomField {
    /// The field's id; absent in what is sent to the host.
    pub id: Option<i64>,
    /// Caption: free text, with capitals, and often a blank at its end.
    pub name: Option<String>,
    /// `text`, `number`, `date`, `datetime`, `boolean` (Dq); lists were seen (C:1).
    pub kind: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Text, number, boolean, list; absent when not set.
    pub value: Option<Value>,
    /// What else came.
    pub extra: Extra,
}

pos_core::debug_only!(CustomField { id, kind });

impl CustomField {
    /// A field of what is sent to the host.
    pub(super) fn of(caption: String, value: Value) -> Self {
        Self { name: Some(caption), value: Some(value).filter(|value| !value.is_null()), ..Self::default() }
    }
}

pos_core::wire! {
    /// A tag.
    Tag shows(id, name) {
        /// Id (Dq).
        id: Option<i64> = "pos_core::lenient::loose_integer",
        /// Name (Dq).
        name: Option<String> = "text",
    }
}

impl Keyed for Subscriber {
    type Key = String;

    fn key(&self) -> Option<String> {
        self.id.clone()
    }
}

impl Subscriber {
    /// What the custom field of one of these names says; where there is none, what a member of the body of this name says, which
    /// this crate does not know otherwise.
    pub fn says(&self, names: &Names) -> Option<String> {
        let fields = self.custom_fields.iter();
        let fields = fields.map(|field| (field.name.as_deref().unwrap_or_default(), field.value.as_ref()));
        let members = self.extra.iter().map(|(name, value)| (name.as_str(), value));
        let said = |value: Option<&Value>| super::text_of(value?);
        names.pick(fields, said).or_else(|| names.pick(members, super::text_of))
    }

    /// Fills in the id of a body that was made by hand, which may stand under another name.
    #[must_use]
    pub fn with_id_of(mut self, fields: &Fields) -> Self {
        if self.id.is_none() {
            let members = self.extra.iter().map(|(name, value)| (name.as_str(), value));
            self.id = fields.id.pick(members, |value| super::contact_id(&super::text_of(value)?));
        }
        self
    }

    /// When the contact last did something, on whichever channel.
    pub fn interacted_at(&self) -> Option<OffsetDateTime> {
        self.last_interaction.max(self.ig_last_interaction)
    }
}
