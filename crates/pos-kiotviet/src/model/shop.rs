//! What a shop is made of: branches, staff, categories, accounts, settings, webhooks.

use time::{Date, OffsetDateTime};

wire! {
    /// A branch: `/branches`. Webhooks say `Name` and `Location`.
    Branch shows(id, branch_code, is_active) {
        @key {
            /// The key.
            id
        }
        /// Name.
        #[serde(alias = "name")]
        branch_name: Option<String> = "pos_core::lenient::text",
        /// Code.
        branch_code: Option<String> = "pos_core::lenient::text",
        /// Address.
        address: Option<String> = "pos_core::lenient::text",
        /// `Province - District`.
        #[serde(alias = "location")]
        location_name: Option<String> = "pos_core::lenient::text",
        /// Ward.
        ward_name: Option<String> = "pos_core::lenient::text",
        /// Number, often `+84…` (W).
        contact_number: Option<String> = "crate::model::read::texts",
        /// Second number; webhooks only.
        sub_contact_number: Option<String> = "crate::model::read::texts",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// Whether it is in use; webhooks only.
        is_active: Option<bool> = "pos_core::lenient::flag",
        /// Whether it is locked; webhooks only.
        is_lock: Option<bool> = "pos_core::lenient::flag",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Changed.
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}

wire! {
    /// A member of staff: `/users`. The super administrator is not listed (D).
    User shows(id) {
        @key {
            /// The key.
            id
        }
        /// Login name.
        user_name: Option<String> = "pos_core::lenient::text",
        /// Name.
        given_name: Option<String> = "pos_core::lenient::text",
        /// Address.
        address: Option<String> = "pos_core::lenient::text",
        /// Number.
        mobile_phone: Option<String> = "pos_core::lenient::text",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
        /// Birthday.
        birth_date: Option<Date> = "pos_core::lenient::date",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}

wire! {
    /// A product category: `/categories`, at most three levels. Webhooks say `Id` and `Name`.
    Category shows(category_id, parent_id, category_name) {
        @key {
            /// The key; named `categoryId` in lists.
            #[serde(alias = "id")]
            category_id
        }
        /// The category above it.
        parent_id: Option<i64> = "pos_core::lenient::integer",
        /// Name.
        #[serde(alias = "name")]
        category_name: Option<String> = "pos_core::lenient::text",
        /// Whether there are categories below it.
        has_child: Option<bool> = "pos_core::lenient::flag",
        /// Place among its sisters.
        rank: Option<i64> = "pos_core::lenient::integer",
        /// Whether it is deleted; webhooks only.
        is_deleted: Option<bool> = "pos_core::lenient::flag",
        /// The categories below it, when `hierachicalData` was asked for.
        children: Vec<Category> = "crate::model::read::decorations",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Changed.
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}

wire! {
    /// A bank account of the shop: `/BankAccounts`.
    BankAccount shows(id) {
        @key {
            /// The key.
            id
        }
        /// Bank.
        bank_name: Option<String> = "pos_core::lenient::text",
        /// Number.
        account_number: Option<String> = "pos_core::lenient::text",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
    }
}

wire! {
    /// What the shop switched on: `/settings`, a flat object with PascalCase keys.
    Settings shows(manager_customer_by_branch) {
        /// Customers are kept apart by branch: the same phone may be one customer in each.
        #[serde(alias = "ManagerCustomerByBranch")]
        manager_customer_by_branch: Option<bool> = "pos_core::lenient::flag",
        /// Orders may be placed for what is out of stock.
        #[serde(alias = "AllowOrderWhenOutStock")]
        allow_order_when_out_stock: Option<bool> = "pos_core::lenient::flag",
        /// What is promised to orders may be sold.
        #[serde(alias = "AllowSellWhenOrderOutStock")]
        allow_sell_when_order_out_stock: Option<bool> = "pos_core::lenient::flag",
        /// What is out of stock may be sold.
        #[serde(alias = "AllowSellWhenOutStock")]
        allow_sell_when_out_stock: Option<bool> = "pos_core::lenient::flag",
    }
}

wire! {
    /// A registered webhook: `/webhooks`. The secret is never sent back.
    Hook shows(id, kind, is_active) {
        @key {
            /// The key.
            id
        }
        /// What it reports (`customer.update`).
        #[serde(rename = "type", alias = "Type")]
        kind: Option<String> = "pos_core::lenient::text",
        /// Where to.
        url: Option<String> = "pos_core::lenient::text",
        /// The vendor switches it off silently after a 4xx answer or repeated failures (C:1).
        is_active: Option<bool> = "pos_core::lenient::flag",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Changed.
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}
