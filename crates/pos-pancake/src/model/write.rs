//! What is sent to Pancake. Absent members are left out of the body.

use std::collections::BTreeMap;

use pos_core::record::{Money, Quantity};
use pos_core::{Secret, debug_only};
use serde::{Serialize, Serializer};
use time::Date;

/// Amounts go out as bare JSON numbers.
fn amount<S: Serializer>(value: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    bare(value.map(|value| value.to_string()), serializer)
}

fn count<S: Serializer>(value: &Quantity, serializer: S) -> Result<S::Ok, S::Error> {
    bare(Some(value.to_string()), serializer)
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

/// A customer to write: the inside of `{"customer": {…}}`.
#[derive(Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CustomerWrite {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phone numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phone_numbers: Vec<String>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// `male` or `female`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Birthday.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pos_core::lenient::iso_date::serialize"
    )]
    pub date_of_birth: Option<Date>,
    /// Tags, as texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shop_customer_addresses: Vec<AddressWrite>,
}

debug_only!(CustomerWrite {});

impl CustomerWrite {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The other body of `POST /customers`: at the root, and with what to do when the phone is known.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlatCustomerWrite {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<String>,
    pub(crate) create_type: &'static str,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pos_core::lenient::iso_date::serialize"
    )]
    pub(crate) date_of_birth: Option<Date>,
}

/// An address to write.
#[derive(Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AddressWrite {
    /// Who lives there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The number to call there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// House and street, or everything: without `province_id` the vendor reads the text by itself (Dq).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Calling code of the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<i64>,
    /// Province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_id: Option<String>,
    /// District.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<String>,
    /// Ward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commune_id: Option<String>,
    /// Province, two levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_province_id: Option<String>,
    /// Ward, two levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_commune_id: Option<String>,
}

debug_only!(AddressWrite { country_code, province_id });

/// The body of `POST /orders` and `PUT /orders/{id}`: at the root, without a wrapper. In a change only what is set is sent.
///
/// Amounts are as the vendor counts them: in minor units where the currency is not the dong.
#[derive(Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OrderWrite {
    /// The shop; must in a new order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop_id: Option<i64>,
    /// Status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// Buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_full_name: Option<String>,
    /// The buyer's number; the vendor finds or makes the customer by it (C:3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_phone_number: Option<String>,
    /// The buyer's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_email: Option<String>,
    /// The warehouse that sells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse_id: Option<String>,
    /// Handed over the counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at_shop: Option<bool>,
    /// Whether delivery is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_free_shipping: Option<bool>,
    /// Delivery, charged to the buyer.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "amount")]
    pub shipping_fee: Option<Money>,
    /// Discount on the order.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "amount")]
    pub total_discount: Option<Money>,
    /// Surcharge.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "amount")]
    pub surcharge: Option<Money>,
    /// Internal note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Note for the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_print: Option<String>,
    /// Our own id; the vendor answers it as `id` (L). Not documented to be unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// Ids of tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<i64>,
    /// The seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigning_seller_id: Option<String>,
    /// The source, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_sources: Option<i64>,
    /// Where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<AddressWrite>,
    /// The goods; in a change only while the status is 0 (C:1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<LineWrite>,
}

debug_only!(OrderWrite { shop_id, status, custom_id, warehouse_id });

/// A line to write.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LineWrite {
    /// The product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// The variation; a must.
    pub variation_id: String,
    /// How many; a must.
    #[serde(serialize_with = "count")]
    pub quantity: Quantity,
    /// Discount on one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "amount")]
    pub discount_each_product: Option<Money>,
    /// A gift.
    pub is_bonus_product: bool,
    /// The price; without it a line may be priced 0.
    pub variation_info: VariationInfoWrite,
}

/// The price of a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VariationInfoWrite {
    /// Price of one.
    #[serde(serialize_with = "amount")]
    pub retail_price: Option<Money>,
}

/// The one webhook of a shop, as `PUT /shops/{id}` takes it (Dq).
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct HookWrite {
    /// Whether webhooks are sent.
    pub enable: bool,
    /// Where to.
    pub url: String,
    /// Where to write when it fails.
    pub email: String,
    /// `orders`, `customers`, `products`, `variations_warehouses`.
    pub types: Vec<String>,
    /// Header fields that every delivery shall carry.
    pub headers: BTreeMap<String, Secret>,
}

debug_only!(HookWrite { enable, types });

impl Serialize for HookWrite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Inner<'a> {
            webhook_enable: bool,
            webhook_url: &'a str,
            webhook_email: &'a str,
            webhook_types: &'a [String],
            webhook_partner: &'static str,
            webhook_headers: BTreeMap<&'a str, &'a str>,
        }
        #[derive(Serialize)]
        struct Outer<'a> {
            shop: Inner<'a>,
        }
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        let shop = Inner {
            webhook_enable: self.enable,
            webhook_url: &self.url,
            webhook_email: &self.email,
            webhook_types: &self.types,
            webhook_partner: "",
            webhook_headers: headers,
        };
        Outer { shop }.serialize(serializer)
    }
}
