//! Customers and their groups.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

wire! {
    /// A customer: `/customers`.
    Customer shows(id, code, branch_id, created_date, modified_date) {
        @key {
            /// The key; rows with ids of 0 and below are not records (D).
            id
        }
        /// The shop's code (`KH000123`); marketplaces write `KHSPE…` (W); `{DEL}` is appended when it is deleted (?).
        code: Option<String> = "pos_core::lenient::text",
        /// Name; marketplace buyers are masked (`Q******o`) (W).
        name: Option<String> = "pos_core::lenient::text",
        /// 0 person, 1 company; missing in some rows (D).
        #[serde(rename = "type")]
        kind: Option<i64> = "pos_core::lenient::integer",
        /// True male, false female, absent unknown (D).
        gender: Option<bool> = "pos_core::lenient::flag",
        /// Birthday: a date without a zone.
        birth_date: Option<Date> = "pos_core::lenient::date",
        /// Free text: one number in any writing, two numbers, or nothing when the account may not see it (W).
        contact_number: Option<String> = "crate::model::read::texts",
        /// A second number (newer) (D).
        sub_number: Option<String> = "crate::model::read::texts",
        /// Number of the identity card; documented with a capital I, sent with a small one (D)(W).
        #[serde(alias = "IdentificationNumber")]
        identification_number: Option<String> = "pos_core::lenient::text",
        /// E-mail; not validated by the vendor.
        email: Option<String> = "pos_core::lenient::text",
        /// House and street, or the whole address: free text.
        address: Option<String> = "pos_core::lenient::text",
        /// `Province - District`.
        location_name: Option<String> = "pos_core::lenient::text",
        /// Ward.
        ward_name: Option<String> = "pos_core::lenient::text",
        /// The firm that the customer stands for.
        organization: Option<String> = "pos_core::lenient::text",
        /// Tax code.
        tax_code: Option<String> = "pos_core::lenient::text",
        /// Note.
        #[serde(alias = "comment")]
        comments: Option<String> = "pos_core::lenient::text",
        /// Names of groups in one text; the separator is not documented, `,` and `|` are both accepted (?).
        groups: Option<String> = "crate::model::read::texts",
        /// Groups by id; in the answer to a create (D).
        customer_group_details: Vec<CustomerGroupDetail> = "crate::model::read::many",
        /// Above zero the customer owes the shop; below zero occurs (?).
        debt: Option<Money> = "pos_core::lenient::money",
        /// Sold in all, gross; with `includeTotal` (D).
        total_invoiced: Option<Money> = "pos_core::lenient::loose_money",
        /// Sold in all, net of returns; with `includeTotal` (D).
        total_revenue: Option<Money> = "pos_core::lenient::money",
        /// Points of a lifetime.
        total_point: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Points now.
        reward_point: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Facebook's page-scoped id; with `includeCustomerSocial` (D).
        psid_facebook: Option<i64> = "pos_core::lenient::integer",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// The branch that created the customer (W).
        branch_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Changed; absent on records never changed (W).
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// In one client's types only (?).
        is_active: Option<bool> = "pos_core::lenient::flag",
    }
}

wire! {
    /// That a customer is in a group.
    CustomerGroupDetail shows(id, customer_id, group_id) {
        /// The key of the membership.
        id: Option<i64> = "pos_core::lenient::integer",
        /// The customer.
        customer_id: Option<i64> = "pos_core::lenient::integer",
        /// The group.
        group_id: Option<i64> = "pos_core::lenient::integer",
    }
}

wire! {
    /// A customer group: `/customers/group`.
    CustomerGroup shows(id, name) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Description.
        description: Option<String> = "pos_core::lenient::text",
        /// Discount of the group.
        discount: Option<Money> = "pos_core::lenient::loose_money",
        /// Who made it.
        created_by: Option<i64> = "pos_core::lenient::integer",
        /// When.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Its members.
        customer_group_details: Vec<CustomerGroupDetail> = "crate::model::read::many",
    }
}
