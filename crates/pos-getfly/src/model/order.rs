//! Sale orders with their lines, and payments.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

pos_core::wire! {
    /// A sale order: `/sale_orders`, `/sale_order`; in v3 `/orders`, which has purchases, too.
    Order shows(id, order_code, status, order_date, updated_at) {
        @key {
            /// The key; `order_id` in v3 (D).
            #[serde(alias = "order_id")]
            id
        }
        /// Unique (D).
        order_code: Option<String> = "pos_core::lenient::text",
        /// What the buyer owes, with fees that the row does not tell; `amount` in v3 (D).
        #[serde(alias = "amount")]
        real_amount: Option<Money> = "pos_core::lenient::money",
        /// What was paid so far (D).
        f_amount: Option<Money> = "pos_core::lenient::money",
        /// Discount in percent (D).
        discount: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// The same discount in money (D).
        discount_amount: Option<Money> = "pos_core::lenient::money",
        /// Tax on the rest (D).
        vat_amount: Option<Money> = "pos_core::lenient::money",
        /// Delivery, in v3; 6.1 takes it and is not known to tell it (D)(?).
        transport_amount: Option<Money> = "pos_core::lenient::money",
        /// Installation, likewise (D)(?).
        installation_amount: Option<Money> = "pos_core::lenient::money",
        /// The account (D).
        account_id: Option<i64> = "super::link",
        /// Its code (D).
        account_code: Option<String> = "pos_core::lenient::text",
        /// Its name, in v3 (D).
        account_name: Option<String> = "pos_core::lenient::text",
        /// Its address of mail when the order was made; blank as a rule (D).
        account_email: Option<String> = "pos_core::lenient::text",
        /// Its number then; may come as a number (D).
        account_phone: Option<String> = "pos_core::lenient::text",
        /// Its address then (D).
        account_address: Option<String> = "pos_core::lenient::text",
        /// The person on the order (D).
        contact_name: Option<String> = "pos_core::lenient::text",
        /// Their number (D).
        contact_phone: Option<String> = "pos_core::lenient::text",
        /// Their address of mail (D).
        contact_email: Option<String> = "pos_core::lenient::text",
        /// The day of the sale (D).
        order_date: Option<Date> = "super::date",
        /// Created (D).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (D).
        updated_at: Option<OffsetDateTime> = "super::instant",
        /// 1 pending, 2 approved, 5 rejected; others are not known. `order_status` in v3 (D)(C:1).
        #[serde(alias = "order_status")]
        status: Option<String> = "pos_core::lenient::text",
        /// What people read for it (D).
        status_label: Option<String> = "pos_core::lenient::text",
        /// A label, or a code that nobody explained; only beside `has_pay_off` (D)(C:1).
        payment_status: Option<String> = "pos_core::lenient::text",
        /// Whether something was paid off (D).
        has_pay_off: Option<i64> = "pos_core::lenient::integer",
        /// Seller (D).
        assigned_user: Option<i64> = "super::link",
        /// Their name; `assigned_name` in v3 (D).
        #[serde(alias = "assigned_name")]
        assigned_user_name: Option<String> = "pos_core::lenient::text",
        /// Warehouse; 0 is none (D).
        store_id: Option<i64> = "super::link",
        /// The carrier's code (D).
        lading_code: Option<String> = "pos_core::lenient::text",
        /// Where the parcel is: `ASSIGNING`, others are not known (D).
        lading_status: Option<String> = "pos_core::lenient::text",
        /// What people read for it (D).
        lading_status_title: Option<String> = "pos_core::lenient::text",
        /// Where to follow it (D).
        tracking_url: Option<String> = "pos_core::lenient::text",
        /// Whether the bookkeeping has it (D).
        safebook_synchronized: Option<i64> = "pos_core::lenient::integer",
        /// v3: 1 purchase, 2 sale (C:1).
        order_type: Option<i64> = "pos_core::lenient::integer",
        /// v3: whether goods came back with it (C:1).
        is_repay: Option<bool> = "pos_core::lenient::flag",
        /// The goods; `products` beside the order in v3's detail. Absent where they were not asked for (D).
        #[serde(alias = "products")]
        order_details: Option<Vec<Line>> = "super::maybe_many",
        /// Payments beside the order, in v3's detail; their members are not documented (?).
        payments: Vec<Payment> = "pos_core::lenient::list",
        /// The company's own fields (D).
        custom_fields: serde_json::Value = "super::any",
    }
}

pos_core::wire! {
    /// A line of an order.
    Line shows(id, product_id, quantity, amount) {
        /// The key (D).
        id: Option<i64> = "super::link",
        /// Product (D).
        product_id: Option<i64> = "super::link",
        /// Its code (D).
        product_code: Option<String> = "pos_core::lenient::text",
        /// Its name when it was sold (D).
        product_name: Option<String> = "pos_core::lenient::text",
        /// Unit (D).
        unit_name: Option<String> = "pos_core::lenient::text",
        /// How many (D).
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Of one, before discount (D).
        price: Option<Money> = "pos_core::lenient::money",
        /// Discount in percent (D).
        product_sale_off: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// The same discount in money (D).
        cash_discount: Option<Money> = "pos_core::lenient::loose_money",
        /// Quantity by price (D).
        origin_amount: Option<Money> = "pos_core::lenient::loose_money",
        /// After discount, before tax (D).
        amount: Option<Money> = "pos_core::lenient::money",
        /// Tax in percent (D).
        vat: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Tax in money (D).
        vat_amount: Option<Money> = "pos_core::lenient::loose_money",
        /// Free text (D).
        note: Option<String> = "pos_core::lenient::text",
    }
}

pos_core::wire! {
    /// A payment of an order: `/sale_order_payments`.
    Payment shows(id, order_id, amount) {
        /// The key (D).
        id: Option<i64> = "super::link",
        /// The order (D).
        order_id: Option<i64> = "super::link",
        /// How much (D).
        amount: Option<Money> = "pos_core::lenient::loose_money",
        /// On which day (D).
        pay_date: Option<Date> = "super::date",
        /// Free text (D).
        description: Option<String> = "pos_core::lenient::text",
    }
}
