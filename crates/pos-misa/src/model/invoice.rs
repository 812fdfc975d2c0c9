//! Invoices: sales that are done or on their way.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

/// Declares the invoice, and how a row of the list is completed by its detail.
macro_rules! invoice {
    ($($(#[$meta:meta])* $field:ident: $type:ty = $how:literal,)*) => {
        wire! {
            /// An invoice: a row of `invoices/pagingbycustomer`, or the object of `invoices/detailbyrefid`, which has other
            /// members.
            Invoice shows(invoice_id, invoice_number, invoice_type, payment_status, invoice_date, total_amount) {
                $($(#[$meta])* $field: $type = $how,)*
            }
        }

        impl Invoice {
            /// The same invoice with what its detail says, which is more and never less.
            #[must_use]
            pub fn with_detail(mut self, detail: Self) -> Self {
                $(self.$field = detail.$field.or(self.$field);)*
                self.extra.extend(detail.extra);
                self
            }
        }
    };
}

invoice! {
    /// The key (C:4); not in the detail.
    #[serde(alias = "InvoiceID", alias = "RefID", alias = "RefId")]
    invoice_id: Option<String> = "super::read::id",
    /// The number that people see (C:4).
    invoice_number: Option<String> = "pos_core::lenient::text",
    /// The order that it settles, `DT000001`; in the detail only (C:2).
    order_number: Option<String> = "pos_core::lenient::text",
    /// 550 is a sale (C:1); others are not known.
    invoice_type: Option<i64> = "pos_core::lenient::loose_integer",
    /// When it was sold (C:4).
    invoice_date: Option<OffsetDateTime> = "super::read::instant",
    /// The same again (C:4).
    invoice_time: Option<OffsetDateTime> = "super::read::instant",
    /// Branch (C:4).
    #[serde(alias = "BranchID")]
    branch_id: Option<String> = "super::read::id",
    /// Its name; in lists only (C:4).
    branch_name: Option<String> = "pos_core::lenient::text",
    /// What the buyer owes; in lists only (C:4).
    total_amount: Option<Money> = "pos_core::lenient::money",
    /// What the goods cost the shop (?).
    cost_amount: Option<Money> = "pos_core::lenient::loose_money",
    /// Tax; what it is beside `VATAmount` is not known (?).
    tax_amount: Option<Money> = "pos_core::lenient::loose_money",
    /// The goods (C:4).
    total_item_amount: Option<Money> = "pos_core::lenient::money",
    /// Value added tax (C:4).
    #[serde(rename = "VATAmount")]
    vat_amount: Option<Money> = "pos_core::lenient::money",
    /// Discount (C:4).
    discount_amount: Option<Money> = "pos_core::lenient::money",
    /// Discounts of the lines; in the detail only (C:2).
    total_item_discount_amount: Option<Money> = "pos_core::lenient::money",
    /// What the buyer pays for delivery; in the detail only (C:2).
    delivery_amount: Option<Money> = "pos_core::lenient::money",
    /// Paid before; in the detail only (C:2).
    deposit_amount: Option<Money> = "pos_core::lenient::money",
    /// Paid in cash (C:4).
    cash_amount: Option<Money> = "pos_core::lenient::money",
    /// Paid by card (C:4).
    card_amount: Option<Money> = "pos_core::lenient::money",
    /// Paid by voucher (C:4).
    voucher_amount: Option<Money> = "pos_core::lenient::money",
    /// Left owing (C:4).
    debit_amount: Option<Money> = "pos_core::lenient::money",
    /// Not what was received: it is full while nothing came in (?).
    actual_amount: Option<Money> = "pos_core::lenient::loose_money",
    /// Change that was given; in the detail only (C:2).
    change_amount: Option<Money> = "pos_core::lenient::money",
    /// Change that was left to the shop (C:2).
    not_take_change_amount: Option<Money> = "pos_core::lenient::loose_money",
    /// Change that was taken off a debt (?).
    change_deducted_amount: Option<Money> = "pos_core::lenient::loose_money",
    /// Goods that came back (C:2).
    amount_return: Option<Money> = "pos_core::lenient::money",
    /// Their discount (C:2).
    discount_amount_return: Option<Money> = "pos_core::lenient::loose_money",
    /// What they were taken back for (C:2).
    total_amount_return: Option<Money> = "pos_core::lenient::money",
    /// Given back in cash (C:2).
    return_cash_amount: Option<Money> = "pos_core::lenient::money",
    /// Given back to a card (C:2).
    return_card_amount: Option<Money> = "pos_core::lenient::money",
    /// Of an exchange (?).
    return_exchange_amount: Option<Money> = "pos_core::lenient::loose_money",
    /// Taken off a debt (?).
    reduce_debt_amount: Option<Money> = "pos_core::lenient::loose_money",
    /// The customer: in the detail (C:1), and one client maps it in lists.
    #[serde(alias = "CustomerID")]
    customer_id: Option<String> = "super::read::id",
    /// Name of the customer (C:4).
    customer_name: Option<String> = "pos_core::lenient::text",
    /// Number of the customer (C:4).
    tel: Option<String> = "pos_core::lenient::text",
    /// Address of the customer; in lists only (C:4).
    address: Option<String> = "pos_core::lenient::text",
    /// Where it goes; in the detail only (C:2).
    delivery_address: Option<String> = "pos_core::lenient::text",
    /// Member level when it was sold (C:4).
    member_level_name: Option<String> = "pos_core::lenient::text",
    /// Who took the money: a name (C:4).
    cashier: Option<String> = "pos_core::lenient::text",
    /// Who sold: a name (C:4).
    sale_staff: Option<String> = "pos_core::lenient::text",
    /// Where it stands, -1000 to 10 (C:1).
    payment_status: Option<i64> = "pos_core::lenient::loose_integer",
    /// Paid at the door (C:4).
    #[serde(rename = "IsCOD")]
    is_cod: Option<bool> = "pos_core::lenient::flag",
    /// Left owing; in the detail only (C:2).
    is_debit: Option<bool> = "pos_core::lenient::flag",
    /// Not known (?).
    addition_bill_type: Option<i64> = "pos_core::lenient::loose_integer",
    /// Through what it was sold (C:4).
    sale_channel_name: Option<String> = "pos_core::lenient::text",
    /// The other document of a return or an exchange (?).
    return_exchange_ref_no: Option<String> = "pos_core::lenient::text",
    /// Whether a carrier is told by the vendor (C:4).
    has_connected_shipping_partner: Option<bool> = "pos_core::lenient::flag",
    /// Waybill number (C:4).
    delivery_code: Option<String> = "pos_core::lenient::text",
    /// Carrier (C:4).
    shipping_partner_name: Option<String> = "pos_core::lenient::text",
    /// Where the carrier has it; what the numbers mean is not known (?).
    partner_status: Option<i64> = "pos_core::lenient::loose_integer",
    /// Delivered, or to be: which is not known (?).
    delivery_date: Option<OffsetDateTime> = "super::read::instant",
    /// Points that it earned (C:4).
    point: Option<Quantity> = "pos_core::lenient::loose_quantity",
    /// Bar code of the paper (?).
    barcode: Option<String> = "pos_core::lenient::text",
    /// Note (C:4).
    note: Option<String> = "pos_core::lenient::text",
    /// The lines; in the detail only, and misspelt there (C:2). A version that spells it rightly is read as well.
    #[serde(rename = "InvocieDetails", alias = "InvoiceDetails")]
    details: Option<Vec<InvoiceLine>> = "super::read::rows",
}

wire! {
    /// A line of an invoice. It names no product but by its code (C:2).
    InvoiceLine shows(invoice_detail_type, sku, quantity, amount, total_amount) {
        /// 1 is goods (C:1); others are not known.
        invoice_detail_type: Option<i64> = "pos_core::lenient::loose_integer",
        /// Stock keeping unit (C:2).
        #[serde(rename = "SKU")]
        sku: Option<String> = "pos_core::lenient::text",
        /// Name (C:2).
        name: Option<String> = "pos_core::lenient::text",
        /// The same again (C:2).
        encode_inventory_item_name: Option<String> = "pos_core::lenient::text",
        /// How many; below zero came back (C:2).
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Price of one (C:2).
        unit_price: Option<Money> = "pos_core::lenient::money",
        /// Quantity by price (C:2).
        amount: Option<Money> = "pos_core::lenient::money",
        /// After the discount (C:2).
        total_amount: Option<Money> = "pos_core::lenient::money",
        /// Discount of the line (C:2).
        discount_amount: Option<Money> = "pos_core::lenient::money",
        /// Its place (C:2).
        sort_order: Option<i64> = "pos_core::lenient::loose_integer",
        /// Unit (C:2).
        unit_name: Option<String> = "pos_core::lenient::text",
    }
}
