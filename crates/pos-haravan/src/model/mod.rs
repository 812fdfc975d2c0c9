//! What Haravan sends, field by field.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (S) a sample in it, (C:n) n other clients, (M) measured
//! against a live shop, (?) unproven. List, single and webhook answers have different key sets, so every field but the key
//! is optional; `""` reads as absent; numbers may be texts and ids may be either. Instants are UTC with 0 to 7 digits of
//! fraction; those without a zone are taken as UTC. Fields that this crate does not know are kept in `extra`. `Debug` shows
//! ids and states only.

/// Declares one vendor struct: the key without which a row is no record, then the optional fields with the lenient
/// reader of each.
macro_rules! wire {
    (
        $(#[$meta:meta])*
        $name:ident shows($($shown:ident),* $(,)?) {
            $(@key { $(#[$key_meta:meta])* $key:ident })?
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $how:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$key_meta])*
                #[serde(deserialize_with = "pos_core::lenient::required_integer")]
                pub $key: i64,
            )?
            $(
                $(#[$field_meta])*
                #[serde(default, deserialize_with = $how)]
                pub $field: $type,
            )*
            /// What else came.
            #[serde(flatten)]
            pub extra: pos_core::record::Extra,
        }

        pos_core::debug_only!($name { $($shown),* });

        $(
            impl crate::answer::Keyed for $name {
                fn key(&self) -> i64 {
                    self.$key
                }
            }
        )?
    };
}

/// An object that may be absent or `null`.
fn object<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    serde::Deserialize::deserialize(deserializer)
}

/// An object behind a pointer that may be absent or `null`.
fn boxed<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Box<T>>, D::Error> {
    serde::Deserialize::deserialize(deserializer)
}

/// Anything scalar as text; other JSON as it is written, because shops store objects in such values.
fn any_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde::Deserialize;
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        other => Some(other.to_string()),
    })
}

mod customer;
mod order;
mod product;
mod shop;
mod write;

pub use customer::{Address, Customer, CustomerGroup};
pub use order::{
    AppliedDiscount, DiscountCode, Fulfillment, Line, NoteAttribute, Order, Refund, RefundLine, ShippingLine,
    Transaction,
};
pub use product::{Image, InventoryLevel, Product, ProductOption, Variant, VariantUnit};
pub use shop::{Event, Location, Shop, Subscription, User};
pub use write::{
    AddressWrite, AttributeWrite, CancelWrite, CustomerWrite, DiscountWrite, LineWrite, OrderUpdate,
    OrderWrite, Ref, RefundLineWrite, RefundWrite, ShippingLineWrite, TransactionWrite,
};
