//! What is sent to MISA eShop. Absent members are left out of the body; amounts go as numbers.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;
use time::macros::format_description;

pos_core::body! {
    /// What a list is asked for: the body of a POST. Which member works where is in the vendor page.
    #[serde(rename_all = "PascalCase")]
    ListParams shows(page, limit, sort_field, sort_type, last_sync_date, from_date, to_date) {
        /// Which page, from 1 (C:7).
        page: Option<u64>,
        /// Rows a page, at most 100 (C:5).
        limit: Option<u64>,
        /// What the list goes by (C:4).
        sort_field: Option<&'static str>,
        /// 1 ascending, 2 descending (C:1).
        sort_type: Option<u8>,
        /// Changed since; customers, products, member levels (C:4).
        last_sync_date: Option<String>,
        /// Sold since; invoices (C:4).
        from_date: Option<String>,
        /// Sold until; invoices (C:4).
        to_date: Option<String>,
        /// 1 is by the date of the invoice (D~); others are not known.
        date_range_type: Option<u8>,
        /// Of this customer; invoices (C:4).
        #[serde(rename = "CustomerID")]
        customer_id: Option<String>,
        /// Of this branch; invoices (C:4).
        #[serde(rename = "BranchID")]
        branch_id: Option<String>,
        /// With stock; products (C:7).
        include_inventory: Option<bool>,
        /// Those that are no more on sale too; products (C:7).
        include_in_active: Option<bool>,
        /// Of this category; products (C:7).
        #[serde(rename = "InventoryItemCategoryID")]
        inventory_item_category_id: Option<String>,
        /// What is looked for, in `inventoryitems/pagingbycode`; its name in the body is not established (?).
        key_search: Option<String>,
        /// Of the customer with this code, in `invoices/invoicebycustomer` (D).
        customer_code: Option<String>,
        /// The invoice with this number, there as well (C:1).
        invoice_number: Option<String>,
    }
}

pos_core::setters! { ListParams {
    /// Which page, from 1.
    with_page(page: u64);
    /// Rows a page.
    with_limit(limit: u64);
    /// Of this customer.
    with_customer_id(customer_id: String);
    /// Of this branch.
    with_branch_id(branch_id: String);
    /// Of this category.
    with_category_id(inventory_item_category_id: String);
}}

impl ListParams {
    /// In this order.
    #[must_use]
    pub fn sorted_by(mut self, field: &'static str) -> Self {
        self.sort_field = Some(field);
        self.sort_type = Some(1);
        self
    }

    /// Changed at or after, in UTC. Whether the vendor minds the zone is not established: read as a wall time of Viet Nam it
    /// is hours earlier, so that more comes and nothing is left out.
    #[must_use]
    pub fn changed_since(mut self, from: OffsetDateTime) -> Self {
        self.last_sync_date = Some(utc(from));
        self
    }

    /// Sold between two days, both included, as they are in Viet Nam.
    #[must_use]
    pub fn sold_between(mut self, from: time::Date, to: time::Date) -> Self {
        let day =
            |day: time::Date| day.format(&format_description!("[year]-[month]-[day]")).unwrap_or_default();
        self.from_date = Some(day(from));
        self.to_date = Some(format!("{}T23:59:59.999Z", day(to)));
        self.date_range_type = Some(1);
        self
    }
}

/// An instant in UTC with milliseconds.
pub(crate) fn utc(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default()
}

/// An instant on Viet Nam's clocks, as the vendor writes it.
pub(crate) fn vietnam(at: OffsetDateTime) -> String {
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory]:[offset_minute]"
    );
    pos_core::lenient::in_vietnam(at).format(&format).unwrap_or_default()
}

pos_core::body! {
    /// The body of `branchs/all` (C:4).
    #[serde(rename_all = "PascalCase")]
    BranchParams shows(is_include_inactive_branch, is_include_chain_of_branch) {} + always {
        /// Those that are no more in use too.
        is_include_inactive_branch: bool,
        /// Those of the chain too.
        is_include_chain_of_branch: bool,
    }
}

pos_core::body! {
    /// The body of `POST customers/` (C:1).
    #[serde(rename_all = "PascalCase")]
    CustomerWrite shows(gender, address_province) {
        /// Name.
        name: Option<String>,
        /// Number: nobody else may have it.
        tel: Option<String>,
        /// E-mail address.
        email: Option<String>,
        /// 0 male, 1 female.
        gender: Option<u8>,
        /// House and street.
        addr: Option<String>,
        /// Number of an identity card.
        identify_number: Option<String>,
        /// Note.
        description: Option<String>,
        /// Province, as a code.
        address_province: Option<String>,
        /// District, as a code.
        address_district: Option<String>,
        /// Ward, as a code.
        address_village: Option<String>,
    }
}

pos_core::body! {
    /// The body of `POST invoices/`, which makes an order (C:3).
    #[serde(rename_all = "PascalCase")]
    OrderWrite shows(order_no, order_date, branch_id, total_amount) {
        /// Our own number; without it the vendor gives one. That it keeps ours is not established (?).
        order_no: Option<String>,
        /// When it was placed.
        order_date: Option<String>,
        /// Discount of the document as a share of a hundred.
        discount_rate: Option<Quantity> = "pos_core::kit::bare_opt",
        /// Discount of the document.
        discount_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// 1 in every body that was seen (C:3).
        scope_of_application: Option<u8>,
        /// What the buyer owes.
        total_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Province that it goes to, as a code.
        to_province_or_city_id: Option<String>,
        /// Its name.
        to_province_or_city_name: Option<String>,
        /// District, as a code.
        to_district_id: Option<String>,
        /// Its name.
        to_district_name: Option<String>,
        /// Ward, as a code.
        to_ward_or_commune_id: Option<String>,
        /// Its name.
        to_ward_or_commune_name: Option<String>,
        /// Note.
        description: Option<String>,
        /// Who buys: id, code and name are needed (C:1).
        customer: Option<PartyWrite>,
        /// The goods.
        order_details: Vec<OrderLineWrite>,
        /// Delivery.
        order_delivery: Option<DeliveryWrite>,
        /// The branch that sells.
        branch_id: Option<String>,
    }
}

pos_core::body! {
    /// Somebody on an order (C:2).
    #[serde(rename_all = "PascalCase")]
    PartyWrite shows(id, code) {
        /// The customer.
        id: Option<String>,
        /// 0 male, 1 female.
        gender: Option<u8>,
        /// The customer's code.
        code: Option<String>,
        /// Name.
        name: Option<String>,
        /// Number.
        tel: Option<String>,
        /// E-mail address.
        email: Option<String>,
        /// Address in one line.
        address: Option<String>,
    }
}

pos_core::body! {
    /// A line of an order that is written; every member but the discount is needed (C:1).
    #[serde(rename_all = "PascalCase")]
    OrderLineWrite shows(product_id, quantity, amount) {
        /// Product or variant.
        product_id: Option<String>,
        /// 1 is goods.
        product_type: Option<u8>,
        /// Its code.
        product_code: Option<String>,
        /// Its name.
        product_name: Option<String>,
        /// How many: above zero.
        quantity: Option<Quantity> = "pos_core::kit::bare_opt",
        /// Price of one: above zero.
        selling_price: Option<Money> = "pos_core::kit::bare_opt",
        /// Quantity by price: above zero.
        amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Discount of the line.
        discount_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Its place, from 1.
        sort_order: Option<u32>,
        /// Unit of the product.
        unit_id: Option<String>,
    }
}

pos_core::body! {
    /// How an order travels.
    #[serde(rename_all = "PascalCase")]
    DeliveryWrite shows(delivery_amount) {
        /// What the buyer pays for it.
        delivery_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Who receives.
        receiver: Option<PartyWrite>,
    }
}
