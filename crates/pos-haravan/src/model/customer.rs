//! Customers, their addresses and groups.

use pos_core::record::Money;
use time::OffsetDateTime;

pos_core::wire! {
    /// A customer: `/customers`. Also inside orders, with a few fields less.
    Customer shows(id, state, created_at, updated_at) {
        @key {
            /// The key (D).
            id
        }
        /// Given name, or the whole name (S).
        first_name: Option<String> = "pos_core::lenient::text",
        /// Family and middle names (S).
        last_name: Option<String> = "pos_core::lenient::text",
        /// E-mail; documented as unique; placeholders such as `guest@haravan.com` occur (S).
        email: Option<String> = "pos_core::lenient::text",
        /// Free text; documented as unique in the shop (D), nobody measured it (?).
        phone: Option<String> = "pos_core::lenient::text",
        /// Consent to marketing by e-mail (D).
        accepts_marketing: Option<bool> = "pos_core::lenient::flag",
        /// At most the ten most recently updated (D).
        addresses: Vec<Address> = "super::many",
        /// The default one of them (D).
        default_address: Option<Box<Address>> = "super::boxed",
        /// Orders; on the guest record those of everybody (S).
        orders_count: Option<i64> = "pos_core::lenient::integer",
        /// Spent in a lifetime; what refunds do to it is not stated (D).
        total_spent: Option<Money> = "pos_core::lenient::money",
        /// `0.0` in every sample; REST only (S).
        total_paid: Option<Money> = "pos_core::lenient::loose_money",
        /// The last order (D).
        last_order_id: Option<i64> = "pos_core::lenient::integer",
        /// Its number (D).
        last_order_name: Option<String> = "pos_core::lenient::text",
        /// Its date (D).
        last_order_date: Option<OffsetDateTime> = "super::instant",
        /// `disabled`, `invited`, `enabled` or `declined`, in any letter case (S).
        state: Option<String> = "pos_core::lenient::text",
        /// Whether the e-mail is verified (D).
        verified_email: Option<bool> = "pos_core::lenient::flag",
        /// Tags, joined by commas (S).
        tags: Option<String> = "super::tags",
        /// Note (D).
        note: Option<String> = "pos_core::lenient::text",
        /// The customer's group, by name; REST only (S).
        group_name: Option<String> = "pos_core::lenient::text",
        /// Birthday as an instant; the zone of its midnight is not stated (?).
        birthday: Option<OffsetDateTime> = "super::instant",
        /// 1 male, 0 female, absent unknown (D).
        gender: Option<i64> = "pos_core::lenient::integer",
        /// Login of another system (D).
        multipass_identifier: Option<String> = "pos_core::lenient::text",
        /// Created (D).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (D).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A postal address of a customer or an order.
    Address shows(id, default) {
        /// The key; on the billing address of an order the **customer's** id, on a shipping address absent (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// Given name (S).
        first_name: Option<String> = "pos_core::lenient::text",
        /// Family and middle names (S).
        last_name: Option<String> = "pos_core::lenient::text",
        /// Both, family name first; a leading blank when there is no family name (S).
        name: Option<String> = "pos_core::lenient::text",
        /// Number to call there; repeats freely between customers (D).
        phone: Option<String> = "pos_core::lenient::text",
        /// Firm (D).
        company: Option<String> = "pos_core::lenient::text",
        /// House and street (D).
        address1: Option<String> = "pos_core::lenient::text",
        /// More of it (D).
        address2: Option<String> = "pos_core::lenient::text",
        /// Ward (S).
        ward: Option<String> = "pos_core::lenient::text",
        /// Five digits (S).
        ward_code: Option<String> = "pos_core::lenient::text",
        /// District; may be absent since the merger of 2025 (?).
        district: Option<String> = "pos_core::lenient::text",
        /// Province code and number (`HC476`) (S).
        district_code: Option<String> = "pos_core::lenient::text",
        /// Null or empty in Viet Nam (S).
        city: Option<String> = "pos_core::lenient::text",
        /// Province (S).
        province: Option<String> = "pos_core::lenient::text",
        /// Two letters (`HC`) (S).
        province_code: Option<String> = "pos_core::lenient::text",
        /// Postal code (S).
        zip: Option<String> = "pos_core::lenient::text",
        /// Country (S).
        country: Option<String> = "pos_core::lenient::text",
        /// `vn` on customers, `VN` on orders (S).
        country_code: Option<String> = "pos_core::lenient::text",
        /// On the address endpoint (D).
        country_name: Option<String> = "pos_core::lenient::text",
        /// Whether it is the default one (D).
        default: Option<bool> = "pos_core::lenient::flag",
    }
}

pos_core::wire! {
    /// A customer group: `/customers/groups`. Who is in it is not shown anywhere but in `group_name`.
    CustomerGroup shows(id) {
        @key {
            /// The key (S).
            id
        }
        /// Name (S).
        name: Option<String> = "pos_core::lenient::text",
        /// Created (S).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (S).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}
