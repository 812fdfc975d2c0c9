//! What is sent to KiotViet. Absent members are left out of the body.

use pos_core::record::{Money, Quantity};
use pos_core::{Secret, debug_only};
use serde::{Serialize, Serializer};
use time::Date;

use crate::answer::wall_time;

fn midnight<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => serializer.serialize_str(&wall_time(date.midnight())),
        None => serializer.serialize_none(),
    }
}

pos_core::body! {
    /// The body of `POST /customers` and `PUT /customers/{id}`.
    #[serde(rename_all = "camelCase")]
    CustomerWrite shows(id, code, branch_id) {
        /// The key, in bulk changes.
        id: Option<i64>,
        /// The shop's code; must be unique, chosen by the vendor when absent.
        code: Option<String>,
        /// Name; the only must in practice.
        name: Option<String>,
        /// 0 person, 1 company.
        #[serde(rename = "type")]
        kind: Option<i64>,
        /// True male, false female.
        gender: Option<bool>,
        /// Birthday.
        birth_date: Option<Date> = "midnight",
        /// Phone number.
        contact_number: Option<String>,
        /// Second phone number.
        sub_number: Option<String>,
        /// Number of the identity card; documented with a capital I.
        #[serde(rename = "IdentificationNumber")]
        identification_number: Option<String>,
        /// House and street.
        address: Option<String>,
        /// `Province - District`.
        location_name: Option<String>,
        /// Ward.
        ward_name: Option<String>,
        /// E-mail.
        email: Option<String>,
        /// The firm that the customer stands for.
        organization: Option<String>,
        /// Tax code.
        tax_code: Option<String>,
        /// Note.
        comments: Option<String>,
        /// Groups by id.
        group_ids: Vec<i64>,
        /// The branch; documented as a list, taken as a number by every client that works (V).
        branch_id: Option<i64>,
    }
}

pos_core::body! {
    /// The body of `POST /orders` and `PUT /orders/{id}`.
    #[serde(rename_all = "camelCase")]
    OrderWrite shows(branch_id, sale_channel_id, order_details) {
        /// The seller.
        sold_by_id: Option<i64>,
        /// The sales channel.
        sale_channel_id: Option<i64>,
        /// The buyer.
        customer: Option<OrderCustomerWrite>,
        /// Discount of the document.
        discount: Option<Money> = "pos_core::kit::bare_opt",
        /// Note.
        description: Option<String>,
        /// `Cash`, `Card` or `Transfer`.
        method: Option<String>,
        /// What was paid.
        total_payment: Option<Money> = "pos_core::kit::bare_opt",
        /// The bank account that took it, for `Card` and `Transfer`.
        account_id: Option<i64>,
        /// Delivery.
        order_delivery: Option<DeliveryWrite>,
        /// Surcharges; the vendor spells the member so.
        #[serde(rename = "surchages")]
        surcharges: Vec<SurchargeWrite>,
    } + always {
        /// The branch that sells.
        branch_id: i64,
        /// Turn it into an invoice at once.
        make_invoice: bool,
        /// The goods.
        order_details: Vec<LineWrite>,
    }
}

pos_core::body! {
    /// The buyer of an order that is written: by id, or by fields.
    #[serde(rename_all = "camelCase")]
    OrderCustomerWrite shows(id, code) {
        /// The customer.
        id: Option<i64>,
        /// Code.
        code: Option<String>,
        /// Name.
        name: Option<String>,
        /// Phone number.
        contact_number: Option<String>,
    }
}

pos_core::body! {
    /// A line that is written.
    #[serde(rename_all = "camelCase")]
    LineWrite shows(product_id, product_code, product_name, discount, quantity, price) {
        /// Product; this or the code.
        product_id: Option<i64>,
        /// Stock keeping unit.
        product_code: Option<String>,
        /// Name.
        product_name: Option<String>,
        /// Discount of one.
        discount: Option<Money> = "pos_core::kit::bare_opt",
    } + always {
        /// How many.
        quantity: Option<Quantity> = "pos_core::kit::bare_opt",
        /// Price of one.
        price: Option<Money> = "pos_core::kit::bare_opt",
    }
}

pos_core::body! {
    /// Delivery that is written.
    #[serde(rename_all = "camelCase")]
    DeliveryWrite shows(kind, price) {
        /// What the carrier costs.
        price: Option<Money> = "pos_core::kit::bare_opt",
        /// Who receives.
        receiver: Option<String>,
        /// The number to call.
        contact_number: Option<String>,
        /// House and street.
        address: Option<String>,
        /// `Province - District`.
        location_name: Option<String>,
        /// Ward.
        ward_name: Option<String>,
    } + always {
        /// 1 for the ordinary one.
        #[serde(rename = "type")]
        kind: i64,
    }
}

pos_core::body! {
    /// A surcharge that is written: one of those that the shop set up.
    #[serde(rename_all = "camelCase")]
    SurchargeWrite shows(id, price) {

    } + always {
        /// Its key.
        id: i64,
        /// How much.
        price: Option<Money> = "pos_core::kit::bare_opt",
    }
}

pos_core::body! {
    /// The body of `POST /invoices` and `PUT /invoices/{id}`.
    #[serde(rename_all = "camelCase")]
    InvoiceWrite shows(branch_id, customer_id, order_id, status) {
        /// The branch that sells.
        branch_id: Option<i64>,
        /// The seller.
        sold_by_id: Option<i64>,
        /// The buyer.
        customer_id: Option<i64>,
        /// The order that it settles.
        order_id: Option<i64>,
        /// The goods.
        invoice_details: Vec<LineWrite>,
        /// What was paid.
        total_payment: Option<Money> = "pos_core::kit::bare_opt",
        /// How.
        method: Option<String>,
        /// Cash on delivery.
        using_cod: Option<bool>,
        /// Delivery; read back as `invoiceDelivery`.
        delivery_detail: Option<DeliveryWrite>,
        /// A new status, in changes.
        status: Option<i64>,
    }
}

pos_core::body! {
    /// The body of `POST /payments`.
    #[serde(rename_all = "camelCase")]
    PaymentWrite shows(account_id, amount, method, invoice_id) {
        /// The bank account that took it.
        account_id: Option<i64>,
    } + always {
        /// How much.
        amount: Option<Money> = "pos_core::kit::bare_opt",
        /// `Cash`, `Card` or `Transfer`.
        method: String,
        /// The invoice.
        invoice_id: i64,
    }
}

wire! {
    /// The answer to [`PaymentWrite`].
    PaymentWritten shows(payment_id, payment_code, amount, method, invoice_id) {
        /// The key.
        payment_id: Option<i64> = "pos_core::lenient::integer",
        /// The number of the slip.
        payment_code: Option<String> = "pos_core::lenient::text",
        /// How much.
        amount: Option<Money> = "pos_core::lenient::money",
        /// How.
        method: Option<String> = "pos_core::lenient::text",
        /// The bank account that took it.
        account_id: Option<i64> = "pos_core::lenient::integer",
        /// The invoice.
        invoice_id: Option<i64> = "pos_core::lenient::integer",
        /// The invoice's code; the vendor writes it with a capital D (D).
        #[serde(alias = "DocumentCode")]
        document_code: Option<String> = "pos_core::lenient::text",
    }
}

/// A webhook to register; the wrapper and the PascalCase are the vendor's.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct HookWrite {
    /// What to report: one type for each registration.
    pub kind: String,
    /// Where to.
    pub url: String,
    /// Note.
    pub description: String,
    /// The secret as the host keeps it; it is sent as Base64, as the documentation asks.
    pub secret: Secret,
}

debug_only!(HookWrite { kind });

impl HookWrite {
    /// A registration.
    pub fn new(kind: impl Into<String>, url: impl Into<String>, secret: Secret) -> Self {
        let kind = kind.into();
        let description = format!("CRM sync {kind}");
        Self { kind, url: url.into(), description, secret }
    }
}

impl Serialize for HookWrite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine;

        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Inner<'a> {
            r#type: &'a str,
            url: &'a str,
            is_active: bool,
            description: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            secret: Option<String>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Outer<'a> {
            webhook: Inner<'a>,
        }
        let secret = (!self.secret.is_empty())
            .then(|| base64::engine::general_purpose::STANDARD.encode(self.secret.expose()));
        let webhook = Inner {
            r#type: &self.kind,
            url: &self.url,
            is_active: true,
            description: &self.description,
            secret,
        };
        Outer { webhook }.serialize(serializer)
    }
}
