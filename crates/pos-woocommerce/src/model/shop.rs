//! Meta fields and webhooks.

pos_core::wire! {
    /// A field that the core or a plugin keeps beside an object.
    Meta shows(key) {
        /// Its name; the shop's own ones begin with `_` (D).
        key: Option<String> = "super::text",
        /// Any JSON (D).
        value: serde_json::Value = "super::any",
    }
}

pos_core::wire! {
    /// A webhook of the shop: `/webhooks`. The secret is never shown (D).
    Webhook shows(id, status, topic) {
        @key {
            /// The key (D).
            id
        }
        /// Name (D).
        name: Option<String> = "super::text",
        /// `active`, `paused`, or `disabled` after failures in a row (D).
        status: Option<String> = "super::text",
        /// `order.updated` and others, one a hook (D).
        topic: Option<String> = "super::text",
        /// Where it goes (D).
        delivery_url: Option<String> = "super::text",
    }
}
