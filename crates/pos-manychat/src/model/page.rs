//! The page and what is set up on it.

use super::text;

pos_core::wire! {
    /// The connected page (Dq).
    Page shows(id, is_pro) {
        /// Its id: the one in what is sent to the host.
        id: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
        /// Name in addresses.
        username: Option<String> = "text",
        /// Whether the account has a plan with the API.
        is_pro: Option<bool> = "pos_core::lenient::flag",
        /// Its zone, as a name.
        timezone: Option<String> = "text",
    }
}

pos_core::wire! {
    /// A custom field as it is set up (Dq).
    Field shows(id, name, kind) {
        /// Id.
        id: Option<i64> = "pos_core::lenient::loose_integer",
        /// Caption.
        name: Option<String> = "pos_core::lenient::text",
        /// `text`, `number`, `date`, `datetime`, `boolean`.
        #[serde(rename = "type")]
        kind: Option<String> = "text",
        /// What it is for.
        description: Option<String> = "text",
    }
}
