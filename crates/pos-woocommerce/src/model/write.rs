//! What is sent to WooCommerce. Absent members are left out of the body; amounts go as text, as they come.

use pos_core::record::{Money, Quantity};
use pos_core::{Secret, debug_only};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A quantity is a number by the vendor's schema (D).
fn bare<S: Serializer>(value: &Option<Quantity>, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    match value {
        Some(value) => {
            RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
        }
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
    CustomerWrite shows(id) {
        /// Which one, in a batch of changes.
        id: i64,
        /// E-mail: a new customer needs one.
        email: String,
        /// Given name.
        first_name: String,
        /// Family and middle names.
        last_name: String,
        /// With the phone number.
        billing: AddressWrite,
        /// Where goods go.
        shipping: AddressWrite,
        /// Anything else.
        meta_data: Vec<MetaWrite>,
    }
}

body! {
    /// An address that is written.
    AddressWrite shows(country) {
        /// Given name.
        first_name: String,
        /// Family and middle names.
        last_name: String,
        /// Firm.
        company: String,
        /// House and street.
        address_1: String,
        /// More of it.
        address_2: String,
        /// Town.
        city: String,
        /// Province.
        state: String,
        /// Postal code.
        postcode: String,
        /// Two letters.
        country: String,
        /// E-mail, of who buys.
        email: String,
        /// Phone number.
        phone: String,
    }
}

body! {
    /// A meta field that is written.
    MetaWrite shows(key) {
        /// Its name.
        key: String,
        /// Its value.
        value: String,
    }
}

body! {
    /// The body of `POST /orders` and of `PUT /orders/{id}` (D).
    OrderWrite shows(id, status, customer_id) {
        /// Which one, in a batch of changes; a new one must not have it.
        id: i64,
        /// Where it stands. A change sends mails and moves stock.
        status: String,
        /// Where it comes from; heeded since 9.9 (D).
        created_via: String,
        /// Three letters.
        currency: String,
        /// The account; it must exist.
        customer_id: i64,
        /// Who buys.
        billing: AddressWrite,
        /// Who receives.
        shipping: AddressWrite,
        /// `cod`, `bacs`, or a plugin's.
        payment_method: String,
        /// Its name.
        payment_method_title: String,
        /// Whether it counts as paid: sends mails and moves stock.
        set_paid: bool,
        /// The buyer's note.
        customer_note: String,
        /// The goods. A line without an id is added.
        line_items: Vec<LineWrite>,
        /// Fees, and discounts below zero.
        fee_lines: Vec<FeeWrite>,
        /// Delivery.
        shipping_lines: Vec<ShippingWrite>,
        /// Anything else.
        meta_data: Vec<MetaWrite>,
    }
}

body! {
    /// A line that is written. Without amounts the shop prices it.
    LineWrite shows(product_id, variation_id, quantity) {
        /// Which one, to change it.
        id: i64,
        /// Product.
        product_id: i64,
        /// Its variation.
        variation_id: i64,
        /// How many: whole ones (D).
        quantity: Quantity = "bare",
        /// Net before discounts.
        subtotal: Money,
        /// Net after them.
        total: Money,
    }
}

body! {
    /// A fee that is written.
    FeeWrite shows(total) {
        /// What for.
        name: String,
        /// How much, net.
        total: Money,
    }
}

body! {
    /// Delivery that is written.
    ShippingWrite shows(total) {
        /// `flat_rate` and others.
        method_id: String,
        /// Its name.
        method_title: String,
        /// How much, net.
        total: Money,
    }
}

body! {
    /// The body of `POST /webhooks` and of `PUT /webhooks/{id}` (D).
    WebhookWrite shows(status, topic) {
        /// Name.
        name: String,
        /// `order.updated` and others.
        topic: String,
        /// Where it goes.
        delivery_url: String,
        /// What deliveries are signed with: letters and digits.
        secret: Secret,
        /// `active`.
        status: String,
    }
}

/// The body of a batch: at most 100 objects in all (D).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Batch<T> {
    /// New ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub create: Vec<T>,
    /// Changes, each with its id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub update: Vec<T>,
    /// Ids to delete for good: a batch knows no trash (D).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<i64>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { create: Vec::new(), update: Vec::new(), delete: Vec::new() }
    }
}

impl<T> Batch<T> {
    /// How many objects it is about.
    pub fn len(&self) -> usize {
        self.create.len() + self.update.len() + self.delete.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
