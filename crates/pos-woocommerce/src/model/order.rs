//! Orders with everything that hangs on them, and refunds.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

use super::{Address, Meta};

pos_core::wire! {
    /// An order: `/orders`. Amounts of lines are net of tax (D).
    Order shows(id, number, status, total, date_created_gmt, date_modified_gmt) {
        @key {
            /// The key (D).
            id
        }
        /// What people call it; another text than the id with a plugin (D).
        number: Option<String> = "super::text",
        /// `pending`, `on-hold`, `processing`, `completed`, `cancelled`, `refunded`, `failed`, `trash`, drafts, and whatever a
        /// plugin adds (D).
        status: Option<String> = "super::text",
        /// Three letters (D).
        currency: Option<String> = "super::text",
        /// Of the shop's software when the order was made (D).
        version: Option<String> = "super::text",
        /// How prices were typed; the amounts here are net all the same (D).
        prices_include_tax: Option<bool> = "super::flag",
        /// What coupons took off, net of tax; already inside the lines (D).
        discount_total: Option<Money> = "super::money",
        /// Tax on it (D).
        discount_tax: Option<Money> = "super::loose_money",
        /// What the buyer pays for delivery, net (D).
        shipping_total: Option<Money> = "super::money",
        /// Tax on it (D).
        shipping_tax: Option<Money> = "super::loose_money",
        /// Tax on the lines (D).
        cart_tax: Option<Money> = "super::loose_money",
        /// Both together (D).
        total_tax: Option<Money> = "super::money",
        /// What the buyer owes; refunds do not lower it (D).
        total: Option<Money> = "super::money",
        /// The account; none for a guest, and a guest's order may get one later (D).
        customer_id: Option<i64> = "super::link",
        /// Who buys (D).
        billing: Option<Box<Address>> = "super::boxed",
        /// Who receives; blank when there is nothing to ship, else a copy of `billing` or somebody else (D).
        shipping: Option<Box<Address>> = "super::boxed",
        /// `cod`, `bacs`, or a plugin's (D).
        payment_method: Option<String> = "super::text",
        /// Its name when the order was made (D).
        payment_method_title: Option<String> = "super::text",
        /// The payment's id at the gateway (D).
        transaction_id: Option<String> = "super::text",
        /// `checkout`, `store-api`, `admin`, `rest-api`, or a plugin's (D).
        created_via: Option<String> = "super::text",
        /// The buyer's note (D).
        customer_note: Option<String> = "super::text",
        /// Anything that plugins keep.
        meta_data: Vec<Meta> = "super::many",
        /// The goods; absent when the answer was trimmed.
        line_items: Option<Vec<Line>> = "super::maybe_many",
        /// Fees; a negative one is a discount (D)(C:1).
        fee_lines: Vec<FeeLine> = "super::many",
        /// Ways of delivery; several are possible (D).
        shipping_lines: Vec<ShippingLine> = "super::many",
        /// Coupons (D).
        coupon_lines: Vec<CouponLine> = "super::many",
        /// What was given back, without lines; absent when the answer was trimmed (D).
        refunds: Option<Vec<RefundTotal>> = "super::maybe_many",
        /// Created (D).
        date_created_gmt: Option<OffsetDateTime> = "super::instant",
        /// Changed: a hint and no promise (D)(C:4).
        date_modified_gmt: Option<OffsetDateTime> = "super::instant",
        /// Completed (D).
        date_completed_gmt: Option<OffsetDateTime> = "super::instant",
        /// Paid; nothing else says that it was (D).
        date_paid_gmt: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A line of an order or a refund.
    Line shows(id, product_id, variation_id, quantity, total) {
        /// The key (D).
        id: Option<i64> = "super::link",
        /// Name when it was sold (D).
        name: Option<String> = "super::text",
        /// Product (D).
        product_id: Option<i64> = "super::link",
        /// Its variation (D).
        variation_id: Option<i64> = "super::link",
        /// How many; fractions with plugins, negative in refunds (D)(C:3).
        quantity: Option<Quantity> = "super::quantity",
        /// Net before coupons (D).
        subtotal: Option<Money> = "super::money",
        /// Net after them (D).
        total: Option<Money> = "super::money",
        /// Tax on the total (D).
        total_tax: Option<Money> = "super::money",
        /// The total by the quantity (D).
        price: Option<Money> = "super::loose_money",
        /// Stock keeping unit; null when the product is gone (D).
        sku: Option<String> = "super::text",
        /// Of the product, where the line is a variation (D).
        parent_name: Option<String> = "super::text",
        /// What was chosen, and what plugins keep.
        meta_data: Vec<Meta> = "super::many",
    }
}

pos_core::wire! {
    /// A fee, or a discount when it is negative.
    FeeLine shows(id, total) {
        /// The key (D).
        id: Option<i64> = "super::link",
        /// What for (D).
        name: Option<String> = "super::text",
        /// How much, net (D).
        total: Option<Money> = "super::money",
        /// Tax on it (D).
        total_tax: Option<Money> = "super::loose_money",
    }
}

pos_core::wire! {
    /// A way of delivery.
    ShippingLine shows(method_id, total) {
        /// `flat_rate`, `free_shipping`, or a plugin's (D).
        method_id: Option<String> = "super::text",
        /// Its name (D).
        method_title: Option<String> = "super::text",
        /// How much, net (D).
        total: Option<Money> = "super::loose_money",
    }
}

pos_core::wire! {
    /// A coupon on an order.
    CouponLine shows(discount) {
        /// The code (D).
        code: Option<String> = "super::text",
        /// What it took off (D).
        discount: Option<Money> = "super::loose_money",
    }
}

pos_core::wire! {
    /// A refund as an order shows it.
    RefundTotal shows(id, total) {
        /// The key (D).
        id: Option<i64> = "super::link",
        /// Why (D).
        reason: Option<String> = "super::text",
        /// How much: negative (D).
        total: Option<Money> = "super::money",
    }
}

pos_core::wire! {
    /// A refund: `/orders/{id}/refunds`, and `/refunds` since 9.0.
    Refund shows(id, parent_id, amount, date_created_gmt) {
        @key {
            /// The key (D).
            id
        }
        /// The order; absent in the lists of one order (D).
        parent_id: Option<i64> = "super::link",
        /// How much, positive: the truth, whatever the lines add up to (D).
        amount: Option<Money> = "super::money",
        /// Why (D).
        reason: Option<String> = "super::text",
        /// Who did it (D).
        refunded_by: Option<i64> = "super::link",
        /// Whether the gateway really paid it back (D).
        refunded_payment: Option<bool> = "super::flag",
        /// Copies of lines with negative figures; the order's line is in the meta field `_refunded_item_id` (D).
        line_items: Vec<Line> = "super::many",
        /// Delivery that was given back (D).
        shipping_lines: Vec<ShippingLine> = "super::many",
        /// Fees that were given back (D).
        fee_lines: Vec<FeeLine> = "super::many",
        /// Created; a refund has no time of change (D).
        date_created_gmt: Option<OffsetDateTime> = "super::instant",
    }
}
