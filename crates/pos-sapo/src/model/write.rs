//! What we send. Blank members are left out: Sapo leaves alone what a PUT does not name (C:2 live).

use pos_core::record::{Money, Quantity};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use time::Date;

/// An exact amount as a JSON number.
fn number<S: Serializer>(value: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    raw(value.map(|value| value.to_string()), serializer)
}

fn pieces<S: Serializer>(value: &Option<Quantity>, serializer: S) -> Result<S::Ok, S::Error> {
    raw(value.map(|value| value.to_string()), serializer)
}

fn raw<S: Serializer>(text: Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer),
        None => serializer.serialize_none(),
    }
}

macro_rules! writes {
    ($($(#[$meta:meta])* $name:ident shows($($shown:ident),*) {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }
        pos_core::debug_only!($name { $($shown),* });
    )*};
}

writes! {
    /// An address to write (web). Codes are accepted for the division before July 2025 only, each together with its name
    /// (C:1 live); without them this crate sends the whole address in `address1`.
    AddressWrite shows(default) {
        /// House and street, or the whole address.
        #[serde(skip_serializing_if = "Option::is_none")]
        address1: Option<String>,
        /// City.
        #[serde(skip_serializing_if = "Option::is_none")]
        city: Option<String>,
        /// Province.
        #[serde(skip_serializing_if = "Option::is_none")]
        province: Option<String>,
        /// Its code.
        #[serde(skip_serializing_if = "Option::is_none")]
        province_code: Option<String>,
        /// District.
        #[serde(skip_serializing_if = "Option::is_none")]
        district: Option<String>,
        /// Its code.
        #[serde(skip_serializing_if = "Option::is_none")]
        district_code: Option<String>,
        /// Ward.
        #[serde(skip_serializing_if = "Option::is_none")]
        ward: Option<String>,
        /// Its code.
        #[serde(skip_serializing_if = "Option::is_none")]
        ward_code: Option<String>,
        /// Country.
        #[serde(skip_serializing_if = "Option::is_none")]
        country: Option<String>,
        /// Given name.
        #[serde(skip_serializing_if = "Option::is_none")]
        first_name: Option<String>,
        /// Family and middle name.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_name: Option<String>,
        /// Whole name.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Number.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        /// The default one.
        #[serde(skip_serializing_if = "Option::is_none")]
        default: Option<bool>,
    }

    /// A customer to write (web) (D)(C:2 live).
    CustomerWrite shows(accepts_marketing) {
        /// Given name.
        #[serde(skip_serializing_if = "Option::is_none")]
        first_name: Option<String>,
        /// Family and middle name.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_name: Option<String>,
        /// E-mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// Number.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        /// `male`, `female`, `other`.
        #[serde(skip_serializing_if = "Option::is_none")]
        gender: Option<String>,
        /// Birthday.
        #[serde(skip_serializing_if = "Option::is_none", with = "pos_core::lenient::iso_date")]
        dob: Option<Date>,
        /// Note.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// All tags, joined by commas: they are replaced as a whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        tags: Option<String>,
        /// Whether advertising is allowed.
        #[serde(skip_serializing_if = "Option::is_none")]
        accepts_marketing: Option<bool>,
        /// Addresses of a new customer.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        addresses: Vec<AddressWrite>,
    }

    /// The buyer of an order: by id, or inline (web).
    OrderCustomerWrite shows(id) {
        /// Id.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<i64>,
        /// Given name.
        #[serde(skip_serializing_if = "Option::is_none")]
        first_name: Option<String>,
        /// Family and middle name.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_name: Option<String>,
        /// E-mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// Number.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
    }

    /// A line: a variant, or goods of no product (web).
    LineWrite shows(variant_id, sku, quantity) {
        /// Variant.
        #[serde(skip_serializing_if = "Option::is_none")]
        variant_id: Option<i64>,
        /// Name of goods of no product.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// Stock keeping unit of goods of no product.
        #[serde(skip_serializing_if = "Option::is_none")]
        sku: Option<String>,
        /// How many.
        #[serde(serialize_with = "pieces")]
        quantity: Option<Quantity>,
        /// Price of one.
        #[serde(serialize_with = "number")]
        price: Option<Money>,
    }

    /// A discount on an order (web).
    DiscountWrite shows(amount) {
        /// Code.
        code: String,
        /// How much.
        #[serde(serialize_with = "number")]
        amount: Option<Money>,
        /// `fixed_amount`.
        #[serde(rename = "type")]
        kind: String,
    }

    /// A delivery charge (web).
    ShippingWrite shows(price) {
        /// Name.
        title: String,
        /// Code.
        code: String,
        /// How much.
        #[serde(serialize_with = "number")]
        price: Option<Money>,
        /// Source.
        source: String,
    }

    /// A payment that came with an order (web).
    TransactionWrite shows(amount) {
        /// `sale`.
        kind: String,
        /// `success`.
        status: String,
        /// How much.
        #[serde(serialize_with = "number")]
        amount: Option<Money>,
        /// How.
        gateway: String,
    }

    /// An order to create (web). There is no `source_name` here: Sapo refuses the useful values and fills in the app.
    OrderWrite shows(reference, location_id, line_items) {
        /// E-mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// Number.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        /// Buyer.
        #[serde(skip_serializing_if = "Option::is_none")]
        customer: Option<OrderCustomerWrite>,
        /// Goods.
        line_items: Vec<LineWrite>,
        /// Who pays.
        #[serde(skip_serializing_if = "Option::is_none")]
        billing_address: Option<AddressWrite>,
        /// Who receives.
        #[serde(skip_serializing_if = "Option::is_none")]
        shipping_address: Option<AddressWrite>,
        /// Discounts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        discount_codes: Vec<DiscountWrite>,
        /// Delivery charges.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        shipping_lines: Vec<ShippingWrite>,
        /// Payments.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        transactions: Vec<TransactionWrite>,
        /// Where the money stands.
        #[serde(skip_serializing_if = "Option::is_none")]
        financial_status: Option<String>,
        /// Tags, joined by commas.
        #[serde(skip_serializing_if = "Option::is_none")]
        tags: Option<String>,
        /// Note.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Named remarks.
        #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "attributes")]
        note_attributes: Vec<(String, String)>,
        /// Outside reference, at most 32 characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// Branch.
        #[serde(skip_serializing_if = "Option::is_none")]
        location_id: Option<i64>,
        /// `bypass` leaves the stock alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        inventory_behaviour: Option<String>,
        /// Whether Sapo writes to the buyer.
        #[serde(skip_serializing_if = "Option::is_none")]
        send_receipt: Option<bool>,
        /// Whether webhooks tell of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        send_webhooks: Option<bool>,
    }

    /// An address to write (POS).
    PosAddressWrite shows() {
        /// Country.
        #[serde(skip_serializing_if = "Option::is_none")]
        country: Option<String>,
        /// Province.
        #[serde(skip_serializing_if = "Option::is_none")]
        city: Option<String>,
        /// District.
        #[serde(skip_serializing_if = "Option::is_none")]
        district: Option<String>,
        /// Ward.
        #[serde(skip_serializing_if = "Option::is_none")]
        ward: Option<String>,
        /// House and street; an order needs it (D).
        #[serde(skip_serializing_if = "Option::is_none")]
        address1: Option<String>,
        /// Who lives there.
        #[serde(skip_serializing_if = "Option::is_none")]
        full_name: Option<String>,
        /// Number.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone_number: Option<String>,
        /// What it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    }

    /// A customer to create or change (POS) (D)(C:3).
    PosCustomerWrite shows(customer_group_id) {
        /// Name.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Number.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone_number: Option<String>,
        /// E-mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// `male`, `female`, `other`.
        #[serde(skip_serializing_if = "Option::is_none")]
        sex: Option<String>,
        /// Birthday (?).
        #[serde(skip_serializing_if = "Option::is_none", with = "pos_core::lenient::iso_date")]
        birthday: Option<Date>,
        /// Note; read under this name, written under it (?).
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Tags; read under this name, written under it (?).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
        /// Group.
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_group_id: Option<i64>,
        /// Addresses of a new customer.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        addresses: Vec<PosAddressWrite>,
    }

    /// A line (POS).
    PosLineWrite shows(variant_id, quantity) {
        /// Product.
        #[serde(skip_serializing_if = "Option::is_none")]
        product_id: Option<i64>,
        /// Variant.
        #[serde(skip_serializing_if = "Option::is_none")]
        variant_id: Option<i64>,
        /// How many.
        #[serde(serialize_with = "pieces")]
        quantity: Option<Quantity>,
        /// Price of one.
        #[serde(serialize_with = "number")]
        price: Option<Money>,
        /// Discount of the line; read under this name, written under it (?).
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
        discount_amount: Option<Money>,
    }

    /// A payment (POS).
    PosPrepaymentWrite shows(payment_method_id, amount) {
        /// How.
        payment_method_id: i64,
        /// How much.
        #[serde(serialize_with = "number")]
        amount: Option<Money>,
        /// How much of it counts.
        #[serde(serialize_with = "number")]
        paid_amount: Option<Money>,
        /// `customer_prepaid`, `cod_transfer`.
        source: String,
    }

    /// An order to create (POS) (D). `tax_treatment` and an address with `address1` are required.
    PosOrderWrite shows(code, customer_id, status) {
        /// Code: ours, to find it again.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// Customer.
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_id: Option<i64>,
        /// Source.
        #[serde(skip_serializing_if = "Option::is_none")]
        source_id: Option<i64>,
        /// Price list.
        #[serde(skip_serializing_if = "Option::is_none")]
        price_list_id: Option<i64>,
        /// `exclusive`.
        tax_treatment: String,
        /// `draft`.
        status: String,
        /// E-mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// Number.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone_number: Option<String>,
        /// What the buyer owes.
        #[serde(serialize_with = "number")]
        total: Option<Money>,
        /// Discount on the whole order; read under this name, written under it (?).
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
        order_discount_amount: Option<Money>,
        /// Note (D).
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Tags (D).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
        /// Who pays.
        #[serde(skip_serializing_if = "Option::is_none")]
        billing_address: Option<PosAddressWrite>,
        /// Who receives.
        #[serde(skip_serializing_if = "Option::is_none")]
        shipping_address: Option<PosAddressWrite>,
        /// Goods.
        order_line_items: Vec<PosLineWrite>,
        /// Payments.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        prepayments: Vec<PosPrepaymentWrite>,
    }

    /// A webhook to register.
    WebhookWrite shows(topic) {
        /// `orders/create` and so on; see [`crate::webhook`].
        topic: String,
        /// Where deliveries go.
        address: String,
        /// `json`.
        format: String,
    }
}

impl WebhookWrite {
    /// JSON deliveries of a topic to an address.
    pub fn new(topic: impl Into<String>, address: impl Into<String>) -> Self {
        Self { topic: topic.into(), address: address.into(), format: "json".into() }
    }
}

fn attributes<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Attribute<'a> {
        name: &'a str,
        value: &'a str,
    }
    serializer.collect_seq(pairs.iter().map(|(name, value)| Attribute { name, value }))
}
