//! The shop itself: branches, staff, events, webhook subscriptions.

use time::OffsetDateTime;

pos_core::wire! {
    /// A branch or warehouse: `/locations`.
    Location shows(id, kind, is_primary) {
        @key {
            /// The key (S).
            id
        }
        /// Name (S).
        name: Option<String> = "pos_core::lenient::text",
        /// `default`, or `ontheroad` for goods in transit (D).
        #[serde(rename = "type")]
        kind: Option<String> = "pos_core::lenient::text",
        /// E-mail (S).
        email: Option<String> = "pos_core::lenient::text",
        /// Phone number (S).
        phone: Option<String> = "pos_core::lenient::text",
        /// House and street (S).
        address1: Option<String> = "pos_core::lenient::text",
        /// More of it (S).
        address2: Option<String> = "pos_core::lenient::text",
        /// Ward (S).
        ward: Option<String> = "pos_core::lenient::text",
        /// Its code (S).
        ward_code: Option<String> = "pos_core::lenient::text",
        /// District (S).
        district: Option<String> = "pos_core::lenient::text",
        /// Its code (S).
        district_code: Option<String> = "pos_core::lenient::text",
        /// Null in Viet Nam (S).
        city: Option<String> = "pos_core::lenient::text",
        /// Province (S).
        province: Option<String> = "pos_core::lenient::text",
        /// Its code (S).
        province_code: Option<String> = "pos_core::lenient::text",
        /// Country (S).
        country: Option<String> = "pos_core::lenient::text",
        /// Its code (S).
        country_code: Option<String> = "pos_core::lenient::text",
        /// Whether it is the main one (S).
        is_primary: Option<bool> = "pos_core::lenient::flag",
        /// Created (S).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (S).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A member of staff: `/users`; on the Plus plan only (D).
    User shows(id, user_type, account_owner) {
        @key {
            /// The key; twelve digits (S).
            id
        }
        /// Given name (S).
        first_name: Option<String> = "pos_core::lenient::text",
        /// Family name (S).
        last_name: Option<String> = "pos_core::lenient::text",
        /// E-mail (S).
        email: Option<String> = "pos_core::lenient::text",
        /// Phone number (S).
        phone: Option<String> = "pos_core::lenient::text",
        /// `invited` and others (S).
        user_type: Option<String> = "pos_core::lenient::text",
        /// Whether the shop is theirs (S).
        account_owner: Option<bool> = "pos_core::lenient::flag",
    }
}

pos_core::wire! {
    /// The shop: `/shop`.
    Shop shows(id, timezone, currency) {
        @key {
            /// The key: in practice the org id (C:1).
            id
        }
        /// Name (S).
        name: Option<String> = "pos_core::lenient::text",
        /// Address with scheme (S).
        domain: Option<String> = "pos_core::lenient::text",
        /// The `{handle}.myharavan.com` address with scheme (S).
        myharavan_domain: Option<String> = "pos_core::lenient::text",
        /// `(GMT+07:00) Hanoi` (S).
        timezone: Option<String> = "pos_core::lenient::text",
        /// `VND` (S).
        currency: Option<String> = "pos_core::lenient::text",
        /// E-mail (S).
        email: Option<String> = "pos_core::lenient::text",
        /// Phone number (S).
        phone: Option<String> = "pos_core::lenient::text",
        /// The firm (S).
        shop_owner: Option<String> = "pos_core::lenient::text",
    }
}

pos_core::wire! {
    /// Something that happened: `/events`. Shown with a lag of up to minutes (D).
    Event shows(id, subject_id, subject_type, verb, created_at) {
        @key {
            /// The key (D).
            id
        }
        /// The object (D).
        subject_id: Option<i64> = "pos_core::lenient::integer",
        /// `Order`, `Product` and others; never a customer (D).
        subject_type: Option<String> = "pos_core::lenient::text",
        /// `destroy`, `cancelled`, `update` and others (D).
        verb: Option<String> = "pos_core::lenient::text",
        /// When, with an offset (S).
        created_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A webhook subscription of an app (D).
    Subscription shows(id, event) {
        /// The key: hex text.
        id: Option<String> = "pos_core::lenient::text",
        /// The topic.
        event: Option<String> = "pos_core::lenient::text",
        /// The callback.
        url: Option<String> = "pos_core::lenient::text",
    }
}
