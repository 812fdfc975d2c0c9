//! Staff, and what a company configures.

use pos_core::lenient;
use serde::Deserialize;

pos_core::wire! {
    /// A member of staff: `/users`.
    User shows(id, user_name, dept_id) {
        @key {
            /// The key (C:2).
            #[serde(rename = "user_id", alias = "id")]
            id
        }
        /// Name (C:2).
        contact_name: Option<String> = "lenient::text",
        /// Login name: what `assigned_username` takes (C:2).
        user_name: Option<String> = "lenient::text",
        /// Department (C:2).
        dept_id: Option<i64> = "super::link",
        /// Its name (C:2).
        dept_name: Option<String> = "lenient::text",
        /// E-mail (C:2).
        email: Option<String> = "lenient::text",
        /// Mobile number (C:2).
        contact_mobile: Option<String> = "lenient::text",
    }
}

pos_core::wire! {
    /// A group of accounts: `/account_types`.
    AccountType shows(id, level, parent_id) {
        @key {
            /// The key (C:1).
            id
        }
        /// Depth (C:1).
        level: Option<i64> = "lenient::integer",
        /// Name: what a write takes (C:1).
        account_type_name: Option<String> = "lenient::text",
        /// Code (C:1).
        account_type_code: Option<String> = "lenient::text",
        /// Free text (C:1).
        description: Option<String> = "lenient::text",
        /// Whether it is out of use (C:1).
        invalid: Option<bool> = "lenient::flag",
        /// The group above it (C:1).
        parent_id: Option<i64> = "super::link",
    }
}

pos_core::wire! {
    /// Where accounts come from: `/account_sources`.
    AccountSource shows(id, parent_id) {
        @key {
            /// The key (C:1).
            id
        }
        /// Name: what a write takes (C:1).
        source_name: Option<String> = "lenient::text",
        /// Code (C:1).
        source_code: Option<String> = "lenient::text",
        /// Whether it is in use (C:1).
        valid: Option<bool> = "lenient::flag",
        /// The source above it (C:1).
        parent_id: Option<i64> = "super::link",
    }
}

pos_core::wire! {
    /// A field of accounts that the company made: `/account/custom_fields`.
    CustomField shows(id, field_name) {
        @key {
            /// The key (D).
            id
        }
        /// Its name in rows and writes (D).
        field_name: Option<String> = "lenient::text",
        /// What people read (D).
        field_description: Option<String> = "lenient::text",
        /// `text`, `select` and others (D).
        field_htmltype: Option<String> = "lenient::text",
    }
}

pos_core::wire! {
    /// A way to pay: `/payment_methods`.
    PaymentMethod shows(id) {
        @key {
            /// The key (D).
            id
        }
        /// Its name (D).
        method_name: Option<String> = "lenient::text",
    }
}

pos_core::wire! {
    /// How many orders an account has: `/account/count_orders_status`.
    OrderCounts shows(total_orders_pending, total_orders_approved, total_orders_canceled) {
        /// Not approved yet (D).
        total_orders_pending: Option<i64> = "lenient::integer",
        /// Approved (D).
        total_orders_approved: Option<i64> = "lenient::integer",
        /// Called off (D).
        total_orders_canceled: Option<i64> = "lenient::integer",
    }
}

/// What a write answers: the vendor documents none, so all of it may be absent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Made {
    /// The key of what was made (C:1).
    #[serde(default, alias = "account_id", alias = "order_id", deserialize_with = "super::link")]
    pub id: Option<i64>,
}
