//! Accounts: the vendor's customers, with the persons in them.

use pos_core::record::Money;
use time::{Date, OffsetDateTime};

pos_core::wire! {
    /// An account, which is a customer: a firm or a person. `/accounts`, `/account`.
    Account shows(id, updated_at) {
        @key {
            /// The key; `account_id` in v3 and in v6's sync (D).
            #[serde(alias = "account_id")]
            id
        }
        /// Unique, and may hold strokes: `KH/2026/001203` (D).
        account_code: Option<String> = "pos_core::lenient::text",
        /// The name of firm or person (D).
        account_name: Option<String> = "pos_core::lenient::text",
        /// Free text; `phone` in v3 (D).
        #[serde(alias = "phone")]
        phone_office: Option<String> = "pos_core::lenient::text",
        /// E-mail (D).
        email: Option<String> = "pos_core::lenient::text",
        /// Website (D).
        website: Option<String> = "pos_core::lenient::text",
        /// A picture's address (D).
        logo: Option<String> = "pos_core::lenient::text",
        /// Free text (D).
        description: Option<String> = "pos_core::lenient::text",
        /// The whole address, as a rule; `address` in v3 (D).
        #[serde(alias = "address")]
        billing_address_street: Option<String> = "pos_core::lenient::text",
        /// Tax code (D).
        sic_code: Option<String> = "pos_core::lenient::text",
        /// Birthday, or the day on which a firm was founded (D).
        birthday: Option<Date> = "super::date",
        /// A company's own code (D).
        gender: Option<String> = "pos_core::lenient::text",
        /// What the code means (D).
        gender_detail: Vec<Label> = "super::labels",
        /// Ids of groups, parted by commas; names in v3 (D).
        account_type: Option<String> = "pos_core::lenient::text",
        /// The groups with their names (C:1).
        account_type_details: Vec<Label> = "super::labels",
        /// Ids of sources, parted by commas; names in v3 (D).
        account_source: Option<String> = "pos_core::lenient::text",
        /// The sources with their names (C:1).
        account_source_details: Vec<Label> = "super::labels",
        /// Ids of branches of business (D).
        industry: Option<String> = "pos_core::lenient::text",
        /// Where in the pipeline (D).
        relation_id: Option<i64> = "super::link",
        /// Its name (D).
        relation_name: Option<String> = "pos_core::lenient::text",
        /// What the vendor counts; `revenue` in v3 (D).
        #[serde(alias = "revenue")]
        total_revenue: Option<Money> = "pos_core::lenient::loose_money",
        /// Who looks after it (D).
        account_manager: Option<i64> = "super::link",
        /// Their address of mail; `manager_email` in v3 (D).
        #[serde(alias = "manager_email")]
        mgr_email: Option<String> = "pos_core::lenient::text",
        /// Their name (D).
        mgr_display_name: Option<String> = "pos_core::lenient::text",
        /// Country (D).
        country_id: Option<i64> = "super::link",
        /// Its name (D).
        country_name: Option<String> = "pos_core::lenient::text",
        /// Province (D).
        province_id: Option<i64> = "super::link",
        /// Its name, in v3 (D).
        province_name: Option<String> = "pos_core::lenient::text",
        /// District (D).
        district_id: Option<i64> = "super::link",
        /// Its name, in v3 (D).
        district_name: Option<String> = "pos_core::lenient::text",
        /// Ward (D).
        ward_id: Option<i64> = "super::link",
        /// Its name (?).
        ward_name: Option<String> = "pos_core::lenient::text",
        /// The persons in it: only where they were asked for (D).
        contacts: Vec<Contact> = "pos_core::lenient::list",
        /// The company's own fields as they are written (D).
        custom_fields: serde_json::Value = "super::any",
        /// The same as they are read (D).
        detail_custom_fields: serde_json::Value = "super::any",
        /// Created (D).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (D).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A person in an account.
    Contact shows(id) {
        /// The key; `contact_id` in v3, and of v6.1 it is a guess (D)(?).
        #[serde(alias = "contact_id")]
        id: Option<i64> = "super::link",
        /// The whole name, while `last_name` is empty (D).
        first_name: Option<String> = "pos_core::lenient::text",
        /// The rest of the name, where somebody filled it in (D).
        last_name: Option<String> = "pos_core::lenient::text",
        /// Mobile number (D).
        phone_mobile: Option<String> = "pos_core::lenient::text",
        /// Number at home, in v3 (C:1).
        phone_home: Option<String> = "pos_core::lenient::text",
        /// E-mail (D).
        email: Option<String> = "pos_core::lenient::text",
        /// What they are in the firm (D).
        title: Option<String> = "pos_core::lenient::text",
        /// Birthday: Unix seconds in v6 (C:1).
        birthdate: Option<Date> = "super::date",
        /// Free text (D).
        description: Option<String> = "pos_core::lenient::text",
    }
}

pos_core::wire! {
    /// What a number stands for.
    Label shows(id) {
        /// The number (C:1).
        id: Option<i64> = "super::link",
        /// What people read (C:1).
        label: Option<String> = "pos_core::lenient::text",
    }
}

pos_core::wire! {
    /// An account that was deleted: `/accounts/deleted_ids`.
    DeletedAccount shows(id) {
        @key {
            /// The key of the account (D).
            #[serde(alias = "account_id")]
            id
        }
        /// Its code: the vendor may keep it taken (C:1).
        account_code: Option<String> = "pos_core::lenient::text",
    }
}
