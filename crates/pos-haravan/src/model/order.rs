//! Orders with everything that hangs on them.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

use super::{Address, Customer};

pos_core::wire! {
    /// An order: `/orders`. There is no separate invoice.
    Order shows(id, name, financial_status, fulfillment_status, cancelled_at, created_at, updated_at, total_price) {
        @key {
            /// The key (D).
            id
        }
        /// The same as `id`, not a running number (S).
        number: Option<i64> = "pos_core::lenient::integer",
        /// What people call it: any text; the marketplace's code on marketplace orders (S)(M).
        name: Option<String> = "pos_core::lenient::text",
        /// The same text (S).
        order_number: Option<String> = "pos_core::lenient::text",
        /// The customer; may be null, and is the guest record on anonymous and marketplace orders (D)(S).
        customer: Option<Box<Customer>> = "super::customer_inside",
        /// The buyer's e-mail for this order (S).
        email: Option<String> = "pos_core::lenient::text",
        /// The same (S).
        contact_email: Option<String> = "pos_core::lenient::text",
        /// Absent in every sample (?).
        phone: Option<String> = "pos_core::lenient::text",
        /// The **buyer's** address; its id is the customer's (S).
        billing_address: Option<Box<Address>> = "super::boxed",
        /// The **recipient's** address (S).
        shipping_address: Option<Box<Address>> = "super::boxed",
        /// `pending`, `authorized`, `partially_paid` (on the wire `partiallypaid`), `paid`, `partially_refunded`, `refunded`,
        /// `voided` (D)(S).
        financial_status: Option<String> = "pos_core::lenient::text",
        /// `fulfilled`, `partial`, `restocked`, null (on the wire `notfulfilled`) (D)(S).
        fulfillment_status: Option<String> = "pos_core::lenient::text",
        /// `confirmed` or `unconfirmed` (S).
        confirmed_status: Option<String> = "pos_core::lenient::text",
        /// When (S).
        confirmed_at: Option<OffsetDateTime> = "super::instant",
        /// `cancelled` or `uncancelled` (S).
        cancelled_status: Option<String> = "pos_core::lenient::text",
        /// When (S).
        cancelled_at: Option<OffsetDateTime> = "super::instant",
        /// `customer`, `inventory`, `fraud`, `declined`, `other` (D).
        cancel_reason: Option<String> = "pos_core::lenient::text",
        /// Only `unclosed` is shown; `closed` is presumed (?).
        closed_status: Option<String> = "pos_core::lenient::text",
        /// When (D).
        closed_at: Option<OffsetDateTime> = "super::instant",
        /// Advanced processing: `confirmed`, `out_of_stock_confirm` and others (S).
        order_processing_status: Option<String> = "pos_core::lenient::text",
        /// Done; older samples only (S).
        complete_at: Option<OffsetDateTime> = "super::instant",
        /// Sum of the lines, **before** the discount on the order (S).
        subtotal_price: Option<Money> = "pos_core::lenient::money",
        /// The same figure (S).
        total_line_items_price: Option<Money> = "pos_core::lenient::money",
        /// Discount on the order: codes and manual (S).
        total_discounts: Option<Money> = "pos_core::lenient::money",
        /// Tax (S).
        total_tax: Option<Money> = "pos_core::lenient::money",
        /// Subtotal less discounts plus shipping; refunds and cancellation do not lower it (S).
        total_price: Option<Money> = "pos_core::lenient::money",
        /// `VND` (S).
        currency: Option<String> = "pos_core::lenient::text",
        /// Codes (S).
        discount_codes: Vec<DiscountCode> = "super::many",
        /// One even when nothing is shipped (S).
        shipping_lines: Vec<ShippingLine> = "super::many",
        /// The goods; absent when the answer was trimmed.
        line_items: Option<Vec<Line>> = "super::maybe_many",
        /// Money in and out; absent when the answer was trimmed.
        transactions: Option<Vec<Transaction>> = "super::maybe_many",
        /// Goods and money given back.
        refunds: Option<Vec<Refund>> = "super::maybe_many",
        /// Shipments.
        fulfillments: Vec<Fulfillment> = "super::many",
        /// How it is paid, for people (S).
        gateway: Option<String> = "pos_core::lenient::text",
        /// `COD`, `bankdeposit`, `Custom` (S).
        gateway_code: Option<String> = "pos_core::lenient::text",
        /// Channel: `web`, `pos`, `shopee`, or any text (S)(M).
        source: Option<String> = "pos_core::lenient::text",
        /// The same (S).
        source_name: Option<String> = "pos_core::lenient::text",
        /// Custom fields (S).
        note_attributes: Vec<NoteAttribute> = "super::attributes",
        /// Selling branch (S).
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name, often absent (S).
        location_name: Option<String> = "pos_core::lenient::text",
        /// Branch asked to ship (S).
        assigned_location_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name (S).
        assigned_location_name: Option<String> = "pos_core::lenient::text",
        /// Who sold it; 0 nobody (S).
        user_id: Option<i64> = "pos_core::lenient::integer",
        /// Who confirmed it; 0 nobody (S).
        confirm_user: Option<i64> = "pos_core::lenient::integer",
        /// Tags, joined by commas (S).
        tags: Option<String> = "super::tags",
        /// Note (S).
        note: Option<String> = "pos_core::lenient::text",
        /// The order that this one replaces; 0 or null for none (S).
        ref_order_id: Option<i64> = "pos_core::lenient::integer",
        /// Likewise (S).
        prev_order_id: Option<i64> = "pos_core::lenient::integer",
        /// Created (S).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (S).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A line of an order.
    Line shows(id, product_id, variant_id, quantity, price) {
        /// The key (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// Product; null on marketplace lines (M).
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Variant; null on marketplace lines (M).
        variant_id: Option<i64> = "pos_core::lenient::integer",
        /// Stock keeping unit (S).
        sku: Option<String> = "pos_core::lenient::text",
        /// Bar code (S).
        barcode: Option<String> = "pos_core::lenient::text",
        /// Product name (S).
        title: Option<String> = "pos_core::lenient::text",
        /// Variant name; `Default Title` for none (S).
        variant_title: Option<String> = "pos_core::lenient::text",
        /// Title, ` - `, variant (S).
        name: Option<String> = "pos_core::lenient::text",
        /// How many (S).
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Price of one, **after** the line's discounts (S).
        price: Option<Money> = "pos_core::lenient::money",
        /// Price of one before them (S).
        price_original: Option<Money> = "pos_core::lenient::money",
        /// Discount on one piece (S).
        total_discount: Option<Money> = "pos_core::lenient::money",
        /// Where it comes from (S).
        applied_discounts: Vec<AppliedDiscount> = "super::many",
        /// Not yet shipped (S).
        fulfillable_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// `notfulfilled`, `restock`, … (S).
        fulfillment_status: Option<String> = "pos_core::lenient::text",
        /// Custom fields; null or a list (S).
        properties: Vec<NoteAttribute> = "super::attributes",
    }
}

pos_core::wire! {
    /// A discount on a line.
    AppliedDiscount shows(amount) {
        /// What for (S).
        description: Option<String> = "pos_core::lenient::text",
        /// How much (S).
        amount: Option<Money> = "pos_core::lenient::loose_money",
    }
}

pos_core::wire! {
    /// A discount code on an order.
    DiscountCode shows(amount) {
        /// The code (S).
        code: Option<String> = "pos_core::lenient::text",
        /// How much (S).
        amount: Option<Money> = "pos_core::lenient::loose_money",
        /// `fixed_amount`, `percentage`, `shipping` or null (D)(S).
        #[serde(rename = "type")]
        kind: Option<String> = "pos_core::lenient::text",
        /// Whether it is a coupon; else a manual discount (S).
        is_coupon_code: Option<bool> = "pos_core::lenient::flag",
    }
}

pos_core::wire! {
    /// What the buyer pays for delivery.
    ShippingLine shows(price) {
        /// Name (S).
        code: Option<String> = "pos_core::lenient::text",
        /// How much (S).
        price: Option<Money> = "pos_core::lenient::money",
        /// Where it comes from (S).
        source: Option<String> = "pos_core::lenient::text",
        /// Name (S).
        title: Option<String> = "pos_core::lenient::text",
    }
}

pos_core::wire! {
    /// A custom field.
    NoteAttribute shows(name) {
        /// Its name (S).
        name: Option<String> = "pos_core::lenient::text",
        /// Its value; JSON that is no text is kept as it is written (D).
        value: Option<String> = "super::any_text",
    }
}

pos_core::wire! {
    /// A movement of money: `/orders/{id}/transactions`, and inside orders and refunds.
    Transaction shows(id, order_id, kind, amount, created_at) {
        /// The key (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// The order (S).
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// `pending`, `authorization`, `sale`, `capture`, `void`, `refund`, in any letter case (S).
        kind: Option<String> = "pos_core::lenient::text",
        /// How much; refunds are negative (S).
        amount: Option<Money> = "pos_core::lenient::money",
        /// How (S).
        gateway: Option<String> = "pos_core::lenient::text",
        /// Null inside orders, `success` here, `Thành công` inside refunds (S).
        status: Option<String> = "pos_core::lenient::text",
        /// What it continues (S).
        parent_id: Option<i64> = "pos_core::lenient::integer",
        /// `VND` or null (S).
        currency: Option<String> = "pos_core::lenient::text",
        /// Money of a test, which is none (S).
        test: Option<bool> = "pos_core::lenient::flag",
        /// Who took it; 0 nobody (S).
        user_id: Option<i64> = "pos_core::lenient::integer",
        /// Where (S).
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// When (S).
        created_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// Goods or money given back: `/orders/{id}/refunds`, and inside orders. Goods and money are often two refunds (S).
    Refund shows(id, order_id, restock, created_at) {
        /// The key (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// The order (S).
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// Why (S).
        note: Option<String> = "pos_core::lenient::text",
        /// Whether the goods go back on the shelf (S).
        restock: Option<bool> = "pos_core::lenient::flag",
        /// Who; 0 nobody (S).
        user_id: Option<i64> = "pos_core::lenient::integer",
        /// Where (S).
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// The goods (S).
        refund_line_items: Vec<RefundLine> = "super::many",
        /// The money, repeated in the order's own list under the same id (S).
        transactions: Vec<Transaction> = "super::many",
        /// When (S).
        created_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// Goods given back.
    RefundLine shows(id, line_item_id, quantity) {
        /// The key (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// The line of the order (S).
        line_item_id: Option<i64> = "pos_core::lenient::integer",
        /// How many came back (S).
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// The line as it was; its id is 0 (S).
        line_item: Option<Box<Line>> = "super::inside",
    }
}

pos_core::wire! {
    /// A shipment.
    Fulfillment shows(id, order_id, status, carrier_status_code, created_at) {
        /// The key (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// The order (S).
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// `success`; others are not known (S).
        status: Option<String> = "pos_core::lenient::text",
        /// Carrier (S).
        tracking_company: Option<String> = "pos_core::lenient::text",
        /// Its code (S).
        tracking_company_code: Option<String> = "pos_core::lenient::text",
        /// Waybill number (S).
        tracking_number: Option<String> = "pos_core::lenient::text",
        /// `readytopick`, `picking`, `delivering`, `delivered`, `return`, `cancel`, `notmeetcustomer`, `waitingforreturn`
        /// (S)(C:1).
        carrier_status_code: Option<String> = "pos_core::lenient::text",
        /// For people (S).
        carrier_status_name: Option<String> = "pos_core::lenient::text",
        /// `none`, `codpending`, `codreceipt` (S)(C:1).
        carrier_cod_status_code: Option<String> = "pos_core::lenient::text",
        /// What the carrier collects (S).
        cod_amount: Option<Money> = "pos_core::lenient::money",
        /// What the carrier costs (S).
        real_shipping_fee: Option<Money> = "pos_core::lenient::money",
        /// Branch that ships (S).
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// The recipient's given name (S).
        first_name: Option<String> = "pos_core::lenient::text",
        /// And family name (S).
        last_name: Option<String> = "pos_core::lenient::text",
        /// Street, plain text here (S).
        shipping_address: Option<String> = "pos_core::lenient::text",
        /// The recipient's number (S).
        shipping_phone: Option<String> = "pos_core::lenient::text",
        /// Delivered (S).
        delivered_date: Option<OffsetDateTime> = "super::instant",
        /// Called off (S).
        cancel_date: Option<OffsetDateTime> = "super::instant",
        /// Came back (S).
        return_date: Option<OffsetDateTime> = "super::instant",
        /// Created (S).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (S).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}
