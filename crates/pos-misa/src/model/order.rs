//! Orders: made by `POST invoices/`, turned into invoices by a cashier.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

use super::Customer;

wire! {
    /// An order: the answer to a new one (C:3), and a row of `orders/list`, which one client calls and doubts (?).
    Order shows(order_id, order_no, order_date, status, total_amount) {
        /// The key (C:1).
        order_id: Option<String> = "super::read::id",
        /// The number that people see, `DT000025` (C:3).
        order_no: Option<String> = "pos_core::lenient::text",
        /// When it was placed (C:3).
        order_date: Option<OffsetDateTime> = "super::read::instant",
        /// Where it stands: `Pending` in a made-up list (?).
        status: Option<String> = "pos_core::lenient::text",
        /// What the buyer owes (C:3).
        total_amount: Option<Money> = "pos_core::lenient::money",
        /// Discount of the document (C:3).
        discount_amount: Option<Money> = "pos_core::lenient::money",
        /// Note (C:3).
        description: Option<String> = "pos_core::lenient::text",
        /// Who buys (C:2).
        customer: Option<Box<Customer>> = "super::read::inside",
        /// The goods (C:3).
        order_details: Option<Vec<OrderLine>> = "super::read::rows",
        /// Delivery (C:3).
        order_delivery: Option<Box<OrderDelivery>> = "super::read::inside",
        /// Branch (C:3).
        #[serde(alias = "BranchID")]
        branch_id: Option<String> = "super::read::id",
        /// Province that it goes to, as a code (C:1).
        to_province_or_city_id: Option<String> = "pos_core::lenient::text",
        /// Its name (C:1).
        to_province_or_city_name: Option<String> = "pos_core::lenient::text",
        /// District, as a code (C:1).
        to_district_id: Option<String> = "pos_core::lenient::text",
        /// Its name (C:1).
        to_district_name: Option<String> = "pos_core::lenient::text",
        /// Ward, as a code (C:1).
        to_ward_or_commune_id: Option<String> = "pos_core::lenient::text",
        /// Its name (C:1).
        to_ward_or_commune_name: Option<String> = "pos_core::lenient::text",
    }
}

wire! {
    /// A line of an order (C:3).
    OrderLine shows(product_id, product_code, quantity, amount) {
        /// Product.
        product_id: Option<String> = "super::read::id",
        /// 1 is goods (C:3).
        product_type: Option<i64> = "pos_core::lenient::loose_integer",
        /// Stock keeping unit.
        product_code: Option<String> = "pos_core::lenient::text",
        /// Name.
        product_name: Option<String> = "pos_core::lenient::text",
        /// How many.
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Price of one.
        selling_price: Option<Money> = "pos_core::lenient::money",
        /// Quantity by price.
        amount: Option<Money> = "pos_core::lenient::money",
        /// Discount of the line.
        discount_amount: Option<Money> = "pos_core::lenient::money",
        /// The same as a share of a hundred.
        discount_rate: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Its place.
        sort_order: Option<i64> = "pos_core::lenient::loose_integer",
        /// Unit.
        unit_id: Option<String> = "super::read::id",
    }
}

wire! {
    /// How an order travels (C:3).
    OrderDelivery shows(delivery_amount) {
        /// What the buyer pays for it.
        delivery_amount: Option<Money> = "pos_core::lenient::money",
        /// Who receives.
        receiver: Option<Box<Customer>> = "super::read::inside",
    }
}
