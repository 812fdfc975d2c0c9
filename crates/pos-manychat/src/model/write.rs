//! What is sent to ManyChat.

use serde_json::Value;

pos_core::body! {
    /// A contact to create or change (Dq). One of `phone`, `whatsapp_phone` and `email` is needed to create it.
    SubscriberWrite shows(has_opt_in_sms, has_opt_in_email) {
        /// First name.
        first_name: Option<String>,
        /// Last name.
        last_name: Option<String>,
        /// With the country's code. Needs `has_opt_in_sms` beside it.
        phone: Option<String>,
        /// Digits with the country's code.
        whatsapp_phone: Option<String>,
        /// Needs `has_opt_in_email` beside it.
        email: Option<String>,
        /// `male` or `female`.
        gender: Option<String>,
        /// Whether the person agreed to texts on the phone; then `consent_phrase` is needed.
        has_opt_in_sms: Option<bool>,
        /// Whether the person agreed to mail.
        has_opt_in_email: Option<bool>,
        /// The words in which the person agreed.
        consent_phrase: Option<String>,
    }
}

pos_core::body! {
    /// One custom field to set, by its id or its name, whose case does not count (Dq).
    FieldWrite shows(field_id, field_name) {
        /// Id.
        field_id: Option<i64>,
        /// Caption.
        field_name: Option<String>,
    } + always {
        /// Text, number, boolean; `YYYY-MM-DD` for a date, `YYYY-MM-DDTHH:MM:SS±HH:MM` for an instant.
        field_value: Value,
    }
}

impl FieldWrite {
    /// A field by its id.
    pub fn by_id(id: i64, value: impl Into<Value>) -> Self {
        Self { field_id: Some(id), field_value: value.into(), ..Self::default() }
    }

    /// A field by its name.
    pub fn by_name(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { field_name: Some(name.into()), field_value: value.into(), ..Self::default() }
    }
}
