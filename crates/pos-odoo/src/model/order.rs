//! Sale orders, till orders, their lines and payments, and the invoices that say what was paid.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

use super::Link;

pos_core::wire! {
    /// A quotation or sale order: `sale.order`.
    SaleOrder shows(id, name, state, amount_total, write_date) {
        @key {
            /// The key.
            id
        }
        /// `S00001`; not unique, and with gaps (M19b).
        name: Option<String> = "super::text",
        /// `draft`, `sent`, `sale`, `cancel`, and `done` on 14 for a locked one (M14, M19).
        state: Option<String> = "super::text",
        /// Whether it is locked (M19).
        locked: Option<bool> = "super::flag",
        /// Who buys: `[id, "Company, Person"]`.
        partner_id: Option<Link> = "super::link",
        /// Who pays.
        partner_invoice_id: Option<Link> = "super::link",
        /// Where the goods go.
        partner_shipping_id: Option<Link> = "super::link",
        /// When; confirming stamps it anew (M19).
        date_order: Option<OffsetDateTime> = "super::instant",
        /// Until when the quotation holds.
        validity_date: Option<Date> = "super::day",
        /// When the goods were promised.
        commitment_date: Option<OffsetDateTime> = "super::instant",
        /// Net.
        amount_untaxed: Option<Money> = "super::money",
        /// Tax.
        amount_tax: Option<Money> = "super::money",
        /// Both.
        amount_total: Option<Money> = "super::money",
        /// What was paid online; invoices are not counted (M19).
        amount_paid: Option<Money> = "super::loose_money",
        /// What was invoiced; falls with a credit note (M19b).
        amount_invoiced: Option<Money> = "super::loose_money",
        /// What is still to be invoiced.
        amount_to_invoice: Option<Money> = "super::loose_money",
        /// Currency.
        currency_id: Option<Link> = "super::link",
        /// `upselling`, `invoiced`, `to invoice`, `no` (M14, M19).
        invoice_status: Option<String> = "super::text",
        /// `pending`, `started`, `partial`, `full`, with stock (M19); stays `full` when goods come back (M19b).
        delivery_status: Option<String> = "super::text",
        /// The buyer's own number; here stands our reference when we pushed it.
        client_order_ref: Option<String> = "super::text",
        /// What it was made from.
        origin: Option<String> = "super::text",
        /// Terms, as HTML.
        note: Option<String> = "super::text",
        /// Ids of its lines.
        order_line: Option<Vec<i64>> = "super::maybe_many",
        /// Who sold it.
        user_id: Option<Link> = "super::link",
        /// Sales team.
        team_id: Option<Link> = "super::link",
        /// Whose it is.
        company_id: Option<Link> = "super::link",
        /// Where the goods leave, with stock.
        warehouse_id: Option<Link> = "super::link",
        /// Price list.
        pricelist_id: Option<Link> = "super::link",
        /// Terms of payment.
        payment_term_id: Option<Link> = "super::link",
        /// Ids of its tags.
        tag_ids: Vec<i64> = "super::many",
        /// Ids of its invoices and credit notes.
        invoice_ids: Option<Vec<i64>> = "super::maybe_many",
        /// Created.
        create_date: Option<OffsetDateTime> = "super::instant",
        /// Changed; a line that changes no total does not move it (M19b).
        write_date: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A line of a sale order: `sale.order.line`.
    SaleLine shows(id, display_type, product_uom_qty, price_subtotal) {
        @key {
            /// The key.
            id
        }
        /// Its order.
        order_id: Option<Link> = "super::link",
        /// Its place among the others.
        sequence: Option<i64> = "super::integer",
        /// `line_section`, `line_note` and others: no goods (M19).
        display_type: Option<String> = "super::text",
        /// Product, a variant.
        product_id: Option<Link> = "super::link",
        /// Text on the document.
        name: Option<String> = "super::text",
        /// How many.
        product_uom_qty: Option<Quantity> = "super::quantity",
        /// Unit, since 19 (M19).
        product_uom_id: Option<Link> = "super::link",
        /// Price of one; with tax where the tax is part of the price.
        price_unit: Option<Money> = "super::money",
        /// Discount in percent.
        discount: Option<Quantity> = "super::loose_quantity",
        /// Net, after the discount; rounded by line (M19b).
        price_subtotal: Option<Money> = "super::money",
        /// Tax.
        price_tax: Option<Money> = "super::money",
        /// Both.
        price_total: Option<Money> = "super::money",
        /// How many left the shop; falls when they come back (M19b).
        qty_delivered: Option<Quantity> = "super::loose_quantity",
        /// How many were invoiced.
        qty_invoiced: Option<Quantity> = "super::loose_quantity",
        /// The order's state.
        state: Option<String> = "super::text",
        /// Changed.
        write_date: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// An invoice or a credit note: `account.move`. Paying it does not move the order (M19b).
    Move shows(id, move_type, state, payment_state, amount_total) {
        @key {
            /// The key.
            id
        }
        /// Number; none as long as it is a draft (M19b).
        name: Option<String> = "super::text",
        /// `out_invoice`, `out_refund`, `entry` and others (M19b).
        move_type: Option<String> = "super::text",
        /// `draft`, `posted`, `cancel`.
        state: Option<String> = "super::text",
        /// `not_paid`, `in_payment`, `partial`, `paid`, `reversed` and others (M19b).
        payment_state: Option<String> = "super::text",
        /// Amount, positive for a credit note, too (M19b).
        amount_total: Option<Money> = "super::money",
        /// What is still open (M19).
        amount_residual: Option<Money> = "super::money",
        /// What a credit note takes back (M19b).
        reversed_entry_id: Option<Link> = "super::link",
        /// Changed.
        write_date: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// An order of a till: `pos.order`. A refund is one with a negative total.
    PosOrder shows(id, name, state, amount_total, write_date) {
        @key {
            /// The key.
            id
        }
        /// `/` until it is paid, then `Till - 000001`; not unique (M19, M19b).
        name: Option<String> = "super::text",
        /// Number on the receipt.
        pos_reference: Option<String> = "super::text",
        /// `draft`, `paid`, `done`, `cancel`, and `invoiced` on 14 (M14, M19).
        state: Option<String> = "super::text",
        /// Who buys; nobody for a walk-in (M19).
        partner_id: Option<Link> = "super::link",
        /// Session of the till.
        session_id: Option<Link> = "super::link",
        /// The till.
        config_id: Option<Link> = "super::link",
        /// When it was sold: before `create_date` when the till was offline (M19b).
        date_order: Option<OffsetDateTime> = "super::instant",
        /// With tax; negative for a refund.
        amount_total: Option<Money> = "super::money",
        /// Tax in it.
        amount_tax: Option<Money> = "super::money",
        /// What came in, less change.
        amount_paid: Option<Money> = "super::money",
        /// Change.
        amount_return: Option<Money> = "super::loose_money",
        /// Currency.
        currency_id: Option<Link> = "super::link",
        /// Ids of its lines.
        lines: Option<Vec<i64>> = "super::maybe_many",
        /// Ids of its payments.
        payment_ids: Option<Vec<i64>> = "super::maybe_many",
        /// Whether it has an invoice.
        is_invoiced: Option<bool> = "super::flag",
        /// The invoice: the same money (M19b).
        account_move: Option<Link> = "super::link",
        /// Whether one was asked for.
        to_invoice: Option<bool> = "super::flag",
        /// Whether goods come back (M19).
        is_refund: Option<bool> = "super::flag",
        /// What they were sold by (M19).
        refunded_order_id: Option<Link> = "super::link",
        /// Who sold it.
        user_id: Option<Link> = "super::link",
        /// Whose it is.
        company_id: Option<Link> = "super::link",
        /// E-mail for the receipt.
        email: Option<String> = "super::text",
        /// Number for the receipt; the buyer's where nothing else was typed (M19).
        mobile: Option<String> = "super::text",
        /// Number that is called out.
        tracking_number: Option<String> = "super::text",
        /// What makes a till's order the same one when it is sent again (M19b).
        uuid: Option<String> = "super::text",
        /// Where it was made.
        source: Option<String> = "super::text",
        /// Note for the buyer (M19).
        general_customer_note: Option<String> = "super::text",
        /// Note, in older versions (?).
        note: Option<String> = "super::text",
        /// Created.
        create_date: Option<OffsetDateTime> = "super::instant",
        /// Changed; a refund does not move the order that it takes back (M19b).
        write_date: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A line of a till's order: `pos.order.line`.
    PosLine shows(id, qty, price_subtotal) {
        @key {
            /// The key.
            id
        }
        /// Its order.
        order_id: Option<Link> = "super::link",
        /// Product, a variant.
        product_id: Option<Link> = "super::link",
        /// Its name when it was sold.
        full_product_name: Option<String> = "super::text",
        /// How many; negative when they come back.
        qty: Option<Quantity> = "super::quantity",
        /// Price of one; with tax where the tax is part of the price.
        price_unit: Option<Money> = "super::money",
        /// Discount in percent.
        discount: Option<Quantity> = "super::loose_quantity",
        /// Net, after the discount.
        price_subtotal: Option<Money> = "super::money",
        /// With tax.
        price_subtotal_incl: Option<Money> = "super::money",
        /// Note.
        customer_note: Option<String> = "super::text",
        /// The line that it takes back.
        refunded_orderline_id: Option<Link> = "super::link",
        /// The till's own key.
        uuid: Option<String> = "super::text",
    }
}

pos_core::wire! {
    /// A payment at a till: `pos.payment`.
    PosPayment shows(id, amount) {
        @key {
            /// The key.
            id
        }
        /// Its order.
        pos_order_id: Option<Link> = "super::link",
        /// How it was paid.
        payment_method_id: Option<Link> = "super::link",
        /// How much; change is negative.
        amount: Option<Money> = "super::money",
        /// When.
        payment_date: Option<OffsetDateTime> = "super::instant",
        /// Whether it is change.
        is_change: Option<bool> = "super::flag",
        /// Session of the till.
        session_id: Option<Link> = "super::link",
        /// Who pays.
        partner_id: Option<Link> = "super::link",
    }
}

pos_core::wire! {
    /// A way to pay at a till: `pos.payment.method`.
    PosMethod shows(id, kind) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// `cash`, `bank`, or `pay_later`, which is no money yet; not stored (M19b).
        #[serde(rename = "type")]
        kind: Option<String> = "super::text",
    }
}
