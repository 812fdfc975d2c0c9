//! What is sent to Haravan. Absent members are left out of the body.

use pos_core::record::{Money, Quantity};
use serde::{Serialize, Serializer};

/// The vendor's sample of a cancellation has the amount as text.
fn texted<S: Serializer>(value: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

pos_core::body! {
    /// The body of `POST /customers` and, with the changed members only, of `PUT /customers/{id}` (D).
    CustomerWrite shows() {
        /// Given name, or everything.
        first_name: Option<String>,
        /// Family and middle names.
        last_name: Option<String>,
        /// E-mail.
        email: Option<String>,
        /// Phone number.
        phone: Option<String>,
        /// Note.
        note: Option<String>,
        /// Tags, joined by commas: replaces the whole text.
        tags: Option<String>,
        /// Birthday.
        birthday: Option<String>,
        /// 1 male, 0 female.
        gender: Option<i64>,
        /// Consent to marketing by e-mail.
        accepts_marketing: Option<bool>,
        /// Whether the vendor mails an invitation.
        send_email_invite: Option<bool>,
        /// Whether the vendor mails a welcome.
        send_email_welcome: Option<bool>,
        /// Addresses, when the customer is created.
        addresses: Option<Vec<AddressWrite>>,
    }
}

pos_core::body! {
    /// An address that is written.
    AddressWrite shows() {
        /// House and street.
        address1: Option<String>,
        /// More of it.
        address2: Option<String>,
        /// Firm.
        company: Option<String>,
        /// Given name.
        first_name: Option<String>,
        /// Family name.
        last_name: Option<String>,
        /// Phone number.
        phone: Option<String>,
        /// Ward.
        ward: Option<String>,
        /// Its code.
        ward_code: Option<String>,
        /// District.
        district: Option<String>,
        /// Its code.
        district_code: Option<String>,
        /// Province.
        province: Option<String>,
        /// Its code.
        province_code: Option<String>,
        /// Postal code.
        zip: Option<String>,
        /// Country.
        country: Option<String>,
        /// Its code.
        country_code: Option<String>,
    }
}

/// A reference by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ref {
    /// The id.
    pub id: i64,
}

pos_core::body! {
    /// The body of `POST /orders` (D).
    OrderWrite shows(customer, line_items, location_id) {
        /// The buyer; without one the order lands on the guest record.
        customer: Option<Ref>,
        /// The buyer's e-mail.
        email: Option<String>,
        /// The buyer's address.
        billing_address: Option<AddressWrite>,
        /// The recipient's address.
        shipping_address: Option<AddressWrite>,
        /// The goods.
        line_items: Option<Vec<LineWrite>>,
        /// Payments, always with their amounts.
        transactions: Option<Vec<TransactionWrite>>,
        /// Discounts on the order.
        discount_codes: Option<Vec<DiscountWrite>>,
        /// What the buyer pays for delivery.
        shipping_lines: Option<Vec<ShippingLineWrite>>,
        /// How it is paid, for people.
        gateway: Option<String>,
        /// Whether the carrier collects.
        is_cod_gateway: Option<bool>,
        /// Whether the shop need not confirm it.
        is_confirm: Option<bool>,
        /// Channel.
        source: Option<String>,
        /// Channel.
        source_name: Option<String>,
        /// The branch that sells.
        location_id: Option<i64>,
        /// The seller.
        user_id: Option<i64>,
        /// Tags, joined by commas.
        tags: Option<String>,
        /// Note.
        note: Option<String>,
        /// Custom fields.
        note_attributes: Option<Vec<AttributeWrite>>,
        /// Whether the buyer is mailed.
        send_receipt: Option<bool>,
        /// Whether the buyer is mailed about shipments.
        send_fulfillment_receipt: Option<bool>,
    }
}

/// A custom field that is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttributeWrite {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

pos_core::body! {
    /// The body of `PUT /orders/{id}`: the few members that can be changed (D).
    OrderUpdate shows() {
        /// Note.
        note: Option<String>,
        /// Custom fields: replaces all of them.
        note_attributes: Option<Vec<AttributeWrite>>,
        /// The buyer's e-mail.
        email: Option<String>,
        /// Tags, joined by commas: replaces the whole text.
        tags: Option<String>,
    }
}

pos_core::body! {
    /// A line that is written.
    LineWrite shows(variant_id, quantity, price) {
        /// Variant; without it the title says what is sold.
        variant_id: Option<i64>,
        /// Name.
        title: Option<String>,
        /// Stock keeping unit.
        sku: Option<String>,
        /// How many.
        quantity: Option<Quantity> = "pos_core::kit::bare_opt",
        /// Price of one before discounts (S).
        price: Option<Money> = "pos_core::kit::bare_opt",
        /// Discount of the whole line (S).
        total_discount: Option<Money> = "pos_core::kit::bare_opt",
    }
}

pos_core::body! {
    /// A movement of money that is written: `POST /orders/{id}/transactions`, and inside a new order (D).
    TransactionWrite shows(kind, amount) {
        /// `Capture` for money that came in.
        kind: Option<String>,
        /// How much.
        amount: Option<Money> = "pos_core::kit::bare_opt",
        /// How.
        gateway: Option<String>,
    }
}

pos_core::body! {
    /// A discount that is written (S).
    DiscountWrite shows(amount) {
        /// Name or code.
        code: Option<String>,
        /// How much.
        amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Whether it is a coupon.
        is_coupon_code: Option<bool>,
    }
}

pos_core::body! {
    /// Delivery that is written (S).
    ShippingLineWrite shows(price) {
        /// Name.
        code: Option<String>,
        /// Name.
        title: Option<String>,
        /// How much.
        price: Option<Money> = "pos_core::kit::bare_opt",
    }
}

pos_core::body! {
    /// The body of `POST /orders/{id}/cancel`: it has no wrapper (D).
    CancelWrite shows(reason, restock) {
        /// `customer`, `inventory`, `fraud`, `declined`, `other`.
        reason: Option<String>,
        /// What is given back; sent as text.
        amount: Option<Money> = "texted",
        /// Whether the goods go back on the shelf.
        restock: Option<bool>,
        /// Whether the buyer is mailed.
        email: Option<bool>,
        /// Note.
        note: Option<String>,
        /// Cancels although goods were shipped.
        ignore_cancel_fulfillment: Option<bool>,
    }
}

pos_core::body! {
    /// The body of `POST /orders/{id}/refunds` (D).
    RefundWrite shows(restock) {
        /// Whether the goods go back on the shelf.
        restock: Option<bool>,
        /// Whether the buyer is mailed.
        notify: Option<bool>,
        /// Why.
        note: Option<String>,
        /// The goods.
        refund_line_items: Option<Vec<RefundLineWrite>>,
        /// The money.
        transactions: Option<Vec<TransactionWrite>>,
    }
}

pos_core::body! {
    /// Goods given back that are written (S).
    RefundLineWrite shows(line_item_id, quantity) {
        /// The line of the order.
        line_item_id: Option<i64>,
        /// How many.
        quantity: Option<Quantity> = "pos_core::kit::bare_opt",
    }
}
