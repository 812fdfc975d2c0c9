//! What is sent to Haravan. Absent members are left out of the body.

use std::fmt::Display;

use pos_core::debug_only;
use pos_core::record::{Money, Quantity};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Decimals go out as bare JSON numbers.
fn bare<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    match value {
        Some(value) => {
            RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
        }
        None => serializer.serialize_none(),
    }
}

/// The vendor's sample of a cancellation has the amount as text.
fn texted<S: Serializer>(value: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Declares one struct that is written: every member may be absent.
macro_rules! body {
    ($(#[$meta:meta])* $name:ident shows($($shown:ident),* $(,)?) {
        $($(#[$field_meta:meta])* $field:ident: $type:ty $(= $how:literal)?,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "Option::is_none" $(, serialize_with = $how)?)]
                pub $field: Option<$type>,
            )*
        }

        debug_only!($name { $($shown),* });
    };
}

body! {
    /// The body of `POST /customers` and, with the changed members only, of `PUT /customers/{id}` (D).
    CustomerWrite shows() {
        /// Given name, or everything.
        first_name: String,
        /// Family and middle names.
        last_name: String,
        /// E-mail.
        email: String,
        /// Phone number.
        phone: String,
        /// Note.
        note: String,
        /// Tags, joined by commas: replaces the whole text.
        tags: String,
        /// Birthday.
        birthday: String,
        /// 1 male, 0 female.
        gender: i64,
        /// Consent to marketing by e-mail.
        accepts_marketing: bool,
        /// Whether the vendor mails an invitation.
        send_email_invite: bool,
        /// Whether the vendor mails a welcome.
        send_email_welcome: bool,
        /// Addresses, when the customer is created.
        addresses: Vec<AddressWrite>,
    }
}

body! {
    /// An address that is written.
    AddressWrite shows() {
        /// House and street.
        address1: String,
        /// More of it.
        address2: String,
        /// Firm.
        company: String,
        /// Given name.
        first_name: String,
        /// Family name.
        last_name: String,
        /// Phone number.
        phone: String,
        /// Ward.
        ward: String,
        /// Its code.
        ward_code: String,
        /// District.
        district: String,
        /// Its code.
        district_code: String,
        /// Province.
        province: String,
        /// Its code.
        province_code: String,
        /// Postal code.
        zip: String,
        /// Country.
        country: String,
        /// Its code.
        country_code: String,
    }
}

/// A reference by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ref {
    /// The id.
    pub id: i64,
}

body! {
    /// The body of `POST /orders` (D).
    OrderWrite shows(customer, line_items, location_id) {
        /// The buyer; without one the order lands on the guest record.
        customer: Ref,
        /// The buyer's e-mail.
        email: String,
        /// The buyer's address.
        billing_address: AddressWrite,
        /// The recipient's address.
        shipping_address: AddressWrite,
        /// The goods.
        line_items: Vec<LineWrite>,
        /// Payments, always with their amounts.
        transactions: Vec<TransactionWrite>,
        /// Discounts on the order.
        discount_codes: Vec<DiscountWrite>,
        /// What the buyer pays for delivery.
        shipping_lines: Vec<ShippingLineWrite>,
        /// How it is paid, for people.
        gateway: String,
        /// Whether the carrier collects.
        is_cod_gateway: bool,
        /// Whether the shop need not confirm it.
        is_confirm: bool,
        /// Channel.
        source: String,
        /// Channel.
        source_name: String,
        /// The branch that sells.
        location_id: i64,
        /// The seller.
        user_id: i64,
        /// Tags, joined by commas.
        tags: String,
        /// Note.
        note: String,
        /// Custom fields.
        note_attributes: Vec<AttributeWrite>,
        /// Whether the buyer is mailed.
        send_receipt: bool,
        /// Whether the buyer is mailed about shipments.
        send_fulfillment_receipt: bool,
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

body! {
    /// The body of `PUT /orders/{id}`: the few members that can be changed (D).
    OrderUpdate shows() {
        /// Note.
        note: String,
        /// Custom fields: replaces all of them.
        note_attributes: Vec<AttributeWrite>,
        /// The buyer's e-mail.
        email: String,
        /// Tags, joined by commas: replaces the whole text.
        tags: String,
    }
}

body! {
    /// A line that is written.
    LineWrite shows(variant_id, quantity, price) {
        /// Variant; without it the title says what is sold.
        variant_id: i64,
        /// Name.
        title: String,
        /// Stock keeping unit.
        sku: String,
        /// How many.
        quantity: Quantity = "bare",
        /// Price of one before discounts (S).
        price: Money = "bare",
        /// Discount of the whole line (S).
        total_discount: Money = "bare",
    }
}

body! {
    /// A movement of money that is written: `POST /orders/{id}/transactions`, and inside a new order (D).
    TransactionWrite shows(kind, amount) {
        /// `Capture` for money that came in.
        kind: String,
        /// How much.
        amount: Money = "bare",
        /// How.
        gateway: String,
    }
}

body! {
    /// A discount that is written (S).
    DiscountWrite shows(amount) {
        /// Name or code.
        code: String,
        /// How much.
        amount: Money = "bare",
        /// Whether it is a coupon.
        is_coupon_code: bool,
    }
}

body! {
    /// Delivery that is written (S).
    ShippingLineWrite shows(price) {
        /// Name.
        code: String,
        /// Name.
        title: String,
        /// How much.
        price: Money = "bare",
    }
}

body! {
    /// The body of `POST /orders/{id}/cancel`: it has no wrapper (D).
    CancelWrite shows(reason, restock) {
        /// `customer`, `inventory`, `fraud`, `declined`, `other`.
        reason: String,
        /// What is given back; sent as text.
        amount: Money = "texted",
        /// Whether the goods go back on the shelf.
        restock: bool,
        /// Whether the buyer is mailed.
        email: bool,
        /// Note.
        note: String,
        /// Cancels although goods were shipped.
        ignore_cancel_fulfillment: bool,
    }
}

body! {
    /// The body of `POST /orders/{id}/refunds` (D).
    RefundWrite shows(restock) {
        /// Whether the goods go back on the shelf.
        restock: bool,
        /// Whether the buyer is mailed.
        notify: bool,
        /// Why.
        note: String,
        /// The goods.
        refund_line_items: Vec<RefundLineWrite>,
        /// The money.
        transactions: Vec<TransactionWrite>,
    }
}

body! {
    /// Goods given back that are written (S).
    RefundLineWrite shows(line_item_id, quantity) {
        /// The line of the order.
        line_item_id: i64,
        /// How many.
        quantity: Quantity = "bare",
    }
}
