//! What we send. Blank members are left out: Sapo leaves alone what a PUT does not name (C:2 live).

use pos_core::record::{Money, Quantity};
use serde::{Serialize, Serializer};
use time::Date;

pos_core::body! {
    /// An address to write (web). Codes are accepted for the division before July 2025 only, each together with its name
    /// (C:1 live); without them this crate sends the whole address in `address1`.
    AddressWrite shows(default) {
        /// House and street, or the whole address.
        address1: Option<String>,
        /// City.
        city: Option<String>,
        /// Province.
        province: Option<String>,
        /// Its code.
        province_code: Option<String>,
        /// District.
        district: Option<String>,
        /// Its code.
        district_code: Option<String>,
        /// Ward.
        ward: Option<String>,
        /// Its code.
        ward_code: Option<String>,
        /// Country.
        country: Option<String>,
        /// Given name.
        first_name: Option<String>,
        /// Family and middle name.
        last_name: Option<String>,
        /// Whole name.
        name: Option<String>,
        /// Number.
        phone: Option<String>,
        /// The default one.
        default: Option<bool>,
    }

    /// A customer to write (web) (D)(C:2 live).
    CustomerWrite shows(accepts_marketing) {
        /// Given name.
        first_name: Option<String>,
        /// Family and middle name.
        last_name: Option<String>,
        /// E-mail.
        email: Option<String>,
        /// Number.
        phone: Option<String>,
        /// `male`, `female`, `other`.
        gender: Option<String>,
        /// Birthday.
        #[serde(with = "pos_core::lenient::iso_date")]
        dob: Option<Date>,
        /// Note.
        note: Option<String>,
        /// All tags, joined by commas: they are replaced as a whole.
        tags: Option<String>,
        /// Whether advertising is allowed.
        accepts_marketing: Option<bool>,
        /// Addresses of a new customer.
        addresses: Vec<AddressWrite>,
    }

    /// The buyer of an order: by id, or inline (web).
    OrderCustomerWrite shows(id) {
        /// Id.
        id: Option<i64>,
        /// Given name.
        first_name: Option<String>,
        /// Family and middle name.
        last_name: Option<String>,
        /// E-mail.
        email: Option<String>,
        /// Number.
        phone: Option<String>,
    }

    /// A line: a variant, or goods of no product (web).
    LineWrite shows(variant_id, sku, quantity) {
        /// Variant.
        variant_id: Option<i64>,
        /// Name of goods of no product.
        title: Option<String>,
        /// Stock keeping unit of goods of no product.
        sku: Option<String>,
    } + always {
        /// How many.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        quantity: Option<Quantity>,
        /// Price of one.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        price: Option<Money>,
    }

    /// A discount on an order (web).
    DiscountWrite shows(amount) {} + always {
        /// Code.
        code: String,
        /// How much.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        amount: Option<Money>,
        /// `fixed_amount`.
        #[serde(rename = "type")]
        kind: String,
    }

    /// A delivery charge (web).
    ShippingWrite shows(price) {} + always {
        /// Name.
        title: String,
        /// Code.
        code: String,
        /// How much.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        price: Option<Money>,
        /// Source.
        source: String,
    }

    /// A payment that came with an order (web).
    TransactionWrite shows(amount) {} + always {
        /// `sale`.
        kind: String,
        /// `success`.
        status: String,
        /// How much.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        amount: Option<Money>,
        /// How.
        gateway: String,
    }

    /// An order to create (web). There is no `source_name` here: Sapo refuses the useful values and fills in the app.
    OrderWrite shows(reference, location_id, line_items) {
        /// E-mail.
        email: Option<String>,
        /// Number.
        phone: Option<String>,
        /// Buyer.
        customer: Option<OrderCustomerWrite>,
        /// Who pays.
        billing_address: Option<AddressWrite>,
        /// Who receives.
        shipping_address: Option<AddressWrite>,
        /// Discounts.
        discount_codes: Vec<DiscountWrite>,
        /// Delivery charges.
        shipping_lines: Vec<ShippingWrite>,
        /// Payments.
        transactions: Vec<TransactionWrite>,
        /// Where the money stands.
        financial_status: Option<String>,
        /// Tags, joined by commas.
        tags: Option<String>,
        /// Note.
        note: Option<String>,
        /// Named remarks.
        #[serde(serialize_with = "attributes")]
        note_attributes: Vec<(String, String)>,
        /// Outside reference, at most 32 characters.
        reference: Option<String>,
        /// Branch.
        location_id: Option<i64>,
        /// `bypass` leaves the stock alone.
        inventory_behaviour: Option<String>,
        /// Whether Sapo writes to the buyer.
        send_receipt: Option<bool>,
        /// Whether webhooks tell of it.
        send_webhooks: Option<bool>,
    } + always {
        /// Goods.
        line_items: Vec<LineWrite>,
    }

    /// An address to write (POS).
    PosAddressWrite shows() {
        /// Country.
        country: Option<String>,
        /// Province.
        city: Option<String>,
        /// District.
        district: Option<String>,
        /// Ward.
        ward: Option<String>,
        /// House and street; an order needs it (D).
        address1: Option<String>,
        /// Who lives there.
        full_name: Option<String>,
        /// Number.
        phone_number: Option<String>,
        /// What it is for.
        label: Option<String>,
    }

    /// A customer to create or change (POS) (D)(C:3).
    PosCustomerWrite shows(customer_group_id) {
        /// Name.
        name: Option<String>,
        /// Number.
        phone_number: Option<String>,
        /// E-mail.
        email: Option<String>,
        /// `male`, `female`, `other`.
        sex: Option<String>,
        /// Birthday (?).
        #[serde(with = "pos_core::lenient::iso_date")]
        birthday: Option<Date>,
        /// Note; read under this name, written under it (?).
        description: Option<String>,
        /// Tags; read under this name, written under it (?).
        tags: Vec<String>,
        /// Group.
        customer_group_id: Option<i64>,
        /// Addresses of a new customer.
        addresses: Vec<PosAddressWrite>,
    }

    /// A line (POS).
    PosLineWrite shows(variant_id, quantity) {
        /// Product.
        product_id: Option<i64>,
        /// Variant.
        variant_id: Option<i64>,
        /// Discount of the line; read under this name, written under it (?).
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        discount_amount: Option<Money>,
    } + always {
        /// How many.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        quantity: Option<Quantity>,
        /// Price of one.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        price: Option<Money>,
    }

    /// A payment (POS).
    PosPrepaymentWrite shows(payment_method_id, amount) {} + always {
        /// How.
        payment_method_id: i64,
        /// How much.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        amount: Option<Money>,
        /// How much of it counts.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        paid_amount: Option<Money>,
        /// `customer_prepaid`, `cod_transfer`.
        source: String,
    }

    /// An order to create (POS) (D). `tax_treatment` and an address with `address1` are required.
    PosOrderWrite shows(code, customer_id, status) {
        /// Code: ours, to find it again.
        code: Option<String>,
        /// Customer.
        customer_id: Option<i64>,
        /// Source.
        source_id: Option<i64>,
        /// Price list.
        price_list_id: Option<i64>,
        /// E-mail.
        email: Option<String>,
        /// Number.
        phone_number: Option<String>,
        /// Discount on the whole order; read under this name, written under it (?).
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        order_discount_amount: Option<Money>,
        /// Note (D).
        note: Option<String>,
        /// Tags (D).
        tags: Vec<String>,
        /// Who pays.
        billing_address: Option<PosAddressWrite>,
        /// Who receives.
        shipping_address: Option<PosAddressWrite>,
        /// Payments.
        prepayments: Vec<PosPrepaymentWrite>,
    } + always {
        /// `exclusive`.
        tax_treatment: String,
        /// `draft`.
        status: String,
        /// What the buyer owes.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        total: Option<Money>,
        /// Goods.
        order_line_items: Vec<PosLineWrite>,
    }

    /// A webhook to register.
    WebhookWrite shows(topic) {} + always {
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
