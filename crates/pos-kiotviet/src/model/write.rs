//! What is sent to KiotViet. Absent members are left out of the body.

use pos_core::record::{Money, Quantity};
use pos_core::{Secret, debug_only};
use serde::{Serialize, Serializer};
use time::Date;

use crate::answer::wall_time;

/// Decimals go out as bare JSON numbers.
fn number<S: Serializer>(value: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    bare(value.map(|value| value.to_string()), serializer)
}

fn count<S: Serializer>(value: &Option<Quantity>, serializer: S) -> Result<S::Ok, S::Error> {
    bare(value.map(|value| value.to_string()), serializer)
}

fn bare<S: Serializer>(text: Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    match text {
        Some(text) => {
            serde_json::value::RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
        }
        None => serializer.serialize_none(),
    }
}

fn midnight<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => serializer.serialize_str(&wall_time(date.midnight())),
        None => serializer.serialize_none(),
    }
}

/// The body of `POST /customers` and `PUT /customers/{id}`.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CustomerWrite {
    /// The key, in bulk changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The shop's code; must be unique, chosen by the vendor when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Name; the only must in practice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 0 person, 1 company.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<i64>,
    /// True male, false female.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<bool>,
    /// Birthday.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "midnight")]
    pub birth_date: Option<Date>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_number: Option<String>,
    /// Second phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_number: Option<String>,
    /// Number of the identity card; documented with a capital I.
    #[serde(rename = "IdentificationNumber", skip_serializing_if = "Option::is_none")]
    pub identification_number: Option<String>,
    /// House and street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `Province - District`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_name: Option<String>,
    /// Ward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ward_name: Option<String>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The firm that the customer stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Tax code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<String>,
    /// Note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
    /// Groups by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_ids: Vec<i64>,
    /// The branch; documented as a list, taken as a number by every client that works (V).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<i64>,
}

debug_only!(CustomerWrite { id, code, branch_id });

/// The body of `POST /orders` and `PUT /orders/{id}`.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OrderWrite {
    /// The branch that sells.
    pub branch_id: i64,
    /// The seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sold_by_id: Option<i64>,
    /// The sales channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_channel_id: Option<i64>,
    /// The buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<OrderCustomerWrite>,
    /// Discount of the document.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub discount: Option<Money>,
    /// Note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `Cash`, `Card` or `Transfer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What was paid.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub total_payment: Option<Money>,
    /// The bank account that took it, for `Card` and `Transfer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<i64>,
    /// Turn it into an invoice at once.
    pub make_invoice: bool,
    /// The goods.
    pub order_details: Vec<LineWrite>,
    /// Delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_delivery: Option<DeliveryWrite>,
    /// Surcharges; the vendor spells the member so.
    #[serde(rename = "surchages", skip_serializing_if = "Vec::is_empty")]
    pub surcharges: Vec<SurchargeWrite>,
}

debug_only!(OrderWrite { branch_id, sale_channel_id, order_details });

/// The buyer of an order that is written: by id, or by fields.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OrderCustomerWrite {
    /// The customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// Code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_number: Option<String>,
}

debug_only!(OrderCustomerWrite { id, code });

/// A line that is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LineWrite {
    /// Product; this or the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<i64>,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// How many.
    #[serde(serialize_with = "count")]
    pub quantity: Option<Quantity>,
    /// Price of one.
    #[serde(serialize_with = "number")]
    pub price: Option<Money>,
    /// Discount of one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub discount: Option<Money>,
}

/// Delivery that is written.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeliveryWrite {
    /// 1 for the ordinary one.
    #[serde(rename = "type")]
    pub kind: i64,
    /// What the carrier costs.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub price: Option<Money>,
    /// Who receives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// The number to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_number: Option<String>,
    /// House and street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `Province - District`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_name: Option<String>,
    /// Ward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ward_name: Option<String>,
}

debug_only!(DeliveryWrite { kind, price });

/// A surcharge that is written: one of those that the shop set up.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SurchargeWrite {
    /// Its key.
    pub id: i64,
    /// How much.
    #[serde(serialize_with = "number")]
    pub price: Option<Money>,
}

/// The body of `POST /invoices` and `PUT /invoices/{id}`.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InvoiceWrite {
    /// The branch that sells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<i64>,
    /// The seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sold_by_id: Option<i64>,
    /// The buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<i64>,
    /// The order that it settles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<i64>,
    /// The goods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invoice_details: Vec<LineWrite>,
    /// What was paid.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub total_payment: Option<Money>,
    /// How.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Cash on delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub using_cod: Option<bool>,
    /// Delivery; read back as `invoiceDelivery`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_detail: Option<DeliveryWrite>,
    /// A new status, in changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
}

debug_only!(InvoiceWrite { branch_id, customer_id, order_id, status });

/// The body of `POST /payments`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentWrite {
    /// How much.
    #[serde(serialize_with = "number")]
    pub amount: Option<Money>,
    /// `Cash`, `Card` or `Transfer`.
    pub method: String,
    /// The bank account that took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<i64>,
    /// The invoice.
    pub invoice_id: i64,
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
