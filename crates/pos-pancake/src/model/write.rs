//! What is sent to Pancake. Absent members are left out of the body.

use std::collections::BTreeMap;

use pos_core::record::{Money, Quantity};
use pos_core::{Secret, debug_only};
use serde::{Serialize, Serializer};
use serde_json::json;
use time::Date;

pos_core::body! {
    /// A customer to write: the inside of `{"customer": {…}}`.
    CustomerWrite shows() {
        /// Name.
        name: Option<String>,
        /// Phone numbers.
        phone_numbers: Vec<String>,
        /// E-mail addresses.
        emails: Vec<String>,
        /// `male` or `female`.
        gender: Option<String>,
        /// Birthday.
        #[serde(serialize_with = "pos_core::lenient::iso_date::serialize")]
        date_of_birth: Option<Date>,
        /// Tags, as texts.
        tags: Vec<String>,
        /// Addresses.
        shop_customer_addresses: Vec<AddressWrite>,
    }
}

impl CustomerWrite {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The other body of `POST /customers`: at the root, and with what to do when the phone is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlatCustomerWrite<'a> {
    #[serde(skip_serializing_if = "pos_core::kit::Blank::is_blank")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "pos_core::kit::Blank::is_blank")]
    pub(crate) phone_number: Option<&'a str>,
    pub(crate) create_type: &'static str,
    #[serde(
        skip_serializing_if = "pos_core::kit::Blank::is_blank",
        serialize_with = "pos_core::lenient::iso_date::serialize"
    )]
    pub(crate) date_of_birth: Option<Date>,
}

pos_core::body! {
    /// An address to write.
    AddressWrite shows(country_code, province_id) {
        /// Who lives there.
        full_name: Option<String>,
        /// The number to call there.
        phone_number: Option<String>,
        /// House and street, or everything: without `province_id` the vendor reads the text by itself (Dq).
        address: Option<String>,
        /// Calling code of the country.
        country_code: Option<i64>,
        /// Province.
        province_id: Option<String>,
        /// District.
        district_id: Option<String>,
        /// Ward.
        commune_id: Option<String>,
        /// Province, two levels.
        new_province_id: Option<String>,
        /// Ward, two levels.
        new_commune_id: Option<String>,
    }
}

pos_core::body! {
    /// The body of `POST /orders` and `PUT /orders/{id}`: at the root, without a wrapper. In a change only what is set is sent.
    ///
    /// Amounts are as the vendor counts them: in minor units where the currency is not the dong.
    OrderWrite shows(shop_id, status, custom_id, warehouse_id) {
        /// The shop; must in a new order.
        shop_id: Option<i64>,
        /// Status.
        status: Option<i64>,
        /// Buyer.
        bill_full_name: Option<String>,
        /// The buyer's number; the vendor finds or makes the customer by it (C:3).
        bill_phone_number: Option<String>,
        /// The buyer's e-mail address.
        bill_email: Option<String>,
        /// The warehouse that sells.
        warehouse_id: Option<String>,
        /// Handed over the counter.
        received_at_shop: Option<bool>,
        /// Whether delivery is free.
        is_free_shipping: Option<bool>,
        /// Delivery, charged to the buyer.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        shipping_fee: Option<Money>,
        /// Discount on the order.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        total_discount: Option<Money>,
        /// Surcharge.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        surcharge: Option<Money>,
        /// Internal note.
        note: Option<String>,
        /// Note for the label.
        note_print: Option<String>,
        /// Our own id; the vendor answers it as `id` (L). Not documented to be unique.
        custom_id: Option<String>,
        /// Ids of tags.
        tags: Vec<i64>,
        /// The seller.
        assigning_seller_id: Option<String>,
        /// The source, by id.
        order_sources: Option<i64>,
        /// Where it goes.
        shipping_address: Option<AddressWrite>,
        /// The goods; in a change only while the status is 0 (C:1).
        items: Vec<LineWrite>,
    }
}

/// A line to write.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LineWrite {
    /// The product.
    #[serde(skip_serializing_if = "pos_core::kit::Blank::is_blank")]
    pub product_id: Option<String>,
    /// The variation; a must.
    pub variation_id: String,
    /// How many; a must.
    #[serde(serialize_with = "pos_core::kit::bare")]
    pub quantity: Quantity,
    /// Discount on one.
    #[serde(
        skip_serializing_if = "pos_core::kit::Blank::is_blank",
        serialize_with = "pos_core::kit::bare_opt"
    )]
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
    #[serde(serialize_with = "pos_core::kit::bare_opt")]
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
        let headers: BTreeMap<&str, &str> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        let shop = json!({
            "webhook_enable": self.enable,
            "webhook_url": self.url,
            "webhook_email": self.email,
            "webhook_types": self.types,
            "webhook_partner": "",
            "webhook_headers": headers,
        });
        json!({ "shop": shop }).serialize(serializer)
    }
}
