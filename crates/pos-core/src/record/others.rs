//! Products, branches, staff and categories.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Address, Currency, Email, Extra, Money, Phone, Quantity, Reference, is_false};
use crate::debug_only;

/// A form of a product that is sold by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variant {
    /// The vendor's id.
    pub id: String,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Bar code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Name with its attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
}

/// How much of a product a branch has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StockLevel {
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<Reference>,
    /// On the shelf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_hand: Option<Quantity>,
    /// Promised to orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Quantity>,
}

/// A product or service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductRecord {
    /// The vendor's id.
    pub id: String,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Bar code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Name with attributes and unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Reference>,
    /// Unit of sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Price before discounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// What it cost the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// The currency of both.
    pub currency: Currency,
    /// Forms that are sold by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// Stock by branch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stock: Vec<StockLevel>,
    /// Whether it is on sale; absent when the vendor does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Addresses of pictures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
    /// Whether the vendor deleted it.
    #[serde(skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Vendor fields that the link's mapping asked for, by their path on the wire.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub custom: Extra,
}

macro_rules! place_or_person {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            /// The vendor's id.
            pub id: String,
            /// Code or login name.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub code: Option<String>,
            /// Name.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            /// Phone numbers.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub phones: Vec<Phone>,
            /// E-mail addresses.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub emails: Vec<Email>,
            /// Postal address.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub address: Option<Address>,
            /// Whether it is in use; absent when the vendor does not say.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub active: Option<bool>,
        }

        debug_only!($name { id, code, active });
    };
}

place_or_person! {
    /// A shop or warehouse of the account.
    BranchRecord
}

place_or_person! {
    /// A member of staff.
    UserRecord
}

/// A product category.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CategoryRecord {
    /// The vendor's id.
    pub id: String,
    /// The category above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
