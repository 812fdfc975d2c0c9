//! What is sent to WooCommerce. Absent members are left out of the body; amounts go as text, as they come.

use pos_core::Secret;
use pos_core::record::{Money, Quantity};
use serde::Serialize;

pos_core::body! {
    /// The body of `POST /customers` and, with the changed members only, of `PUT /customers/{id}` (D).
    CustomerWrite shows(id) {
        /// Which one, in a batch of changes.
        id: Option<i64>,
        /// E-mail: a new customer needs one.
        email: Option<String>,
        /// Given name.
        first_name: Option<String>,
        /// Family and middle names.
        last_name: Option<String>,
        /// With the phone number.
        billing: Option<AddressWrite>,
        /// Where goods go.
        shipping: Option<AddressWrite>,
        /// Anything else.
        meta_data: Option<Vec<MetaWrite>>,
    }
}

pos_core::body! {
    /// An address that is written.
    AddressWrite shows(country) {
        /// Given name.
        first_name: Option<String>,
        /// Family and middle names.
        last_name: Option<String>,
        /// Firm.
        company: Option<String>,
        /// House and street.
        address_1: Option<String>,
        /// More of it.
        address_2: Option<String>,
        /// Town.
        city: Option<String>,
        /// Province.
        state: Option<String>,
        /// Postal code.
        postcode: Option<String>,
        /// Two letters.
        country: Option<String>,
        /// E-mail, of who buys.
        email: Option<String>,
        /// Phone number.
        phone: Option<String>,
    }
}

pos_core::body! {
    /// A meta field that is written.
    MetaWrite shows(key) {
        /// Its name.
        key: Option<String>,
        /// Its value.
        value: Option<String>,
    }
}

pos_core::body! {
    /// The body of `POST /orders` and of `PUT /orders/{id}` (D).
    OrderWrite shows(id, status, customer_id) {
        /// Which one, in a batch of changes; a new one must not have it.
        id: Option<i64>,
        /// Where it stands. A change sends mails and moves stock.
        status: Option<String>,
        /// Where it comes from; heeded since 9.9 (D).
        created_via: Option<String>,
        /// Three letters.
        currency: Option<String>,
        /// The account; it must exist.
        customer_id: Option<i64>,
        /// Who buys.
        billing: Option<AddressWrite>,
        /// Who receives.
        shipping: Option<AddressWrite>,
        /// `cod`, `bacs`, or a plugin's.
        payment_method: Option<String>,
        /// Its name.
        payment_method_title: Option<String>,
        /// Whether it counts as paid: sends mails and moves stock.
        set_paid: Option<bool>,
        /// The buyer's note.
        customer_note: Option<String>,
        /// The goods. A line without an id is added.
        line_items: Option<Vec<LineWrite>>,
        /// Fees, and discounts below zero.
        fee_lines: Option<Vec<FeeWrite>>,
        /// Delivery.
        shipping_lines: Option<Vec<ShippingWrite>>,
        /// Anything else.
        meta_data: Option<Vec<MetaWrite>>,
    }
}

pos_core::body! {
    /// A line that is written. Without amounts the shop prices it.
    LineWrite shows(product_id, variation_id, quantity) {
        /// Which one, to change it.
        id: Option<i64>,
        /// Product.
        product_id: Option<i64>,
        /// Its variation.
        variation_id: Option<i64>,
        /// How many: whole ones (D).
        quantity: Option<Quantity> = "pos_core::kit::bare_opt",
        /// Net before discounts.
        subtotal: Option<Money>,
        /// Net after them.
        total: Option<Money>,
    }
}

pos_core::body! {
    /// A fee that is written.
    FeeWrite shows(total) {
        /// What for.
        name: Option<String>,
        /// How much, net.
        total: Option<Money>,
    }
}

pos_core::body! {
    /// Delivery that is written.
    ShippingWrite shows(total) {
        /// `flat_rate` and others.
        method_id: Option<String>,
        /// Its name.
        method_title: Option<String>,
        /// How much, net.
        total: Option<Money>,
    }
}

pos_core::body! {
    /// The body of `POST /webhooks` and of `PUT /webhooks/{id}` (D).
    WebhookWrite shows(status, topic) {
        /// Name.
        name: Option<String>,
        /// `order.updated` and others.
        topic: Option<String>,
        /// Where it goes.
        delivery_url: Option<String>,
        /// What deliveries are signed with: letters and digits.
        secret: Option<Secret>,
        /// `active`.
        status: Option<String>,
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
