//! What Sapo sends, field by field: [`web`] and [`pos`] are two APIs under one brand, with different JSON.
//!
//! Sources are marked in the field docs: `(D)` vendor documentation, `(C:n)` seen in n client code bases or live captures,
//! `(?)` unproven. Every field but the key is optional; `""` reads as absent; amounts may be numbers or texts; dates are UTC
//! and may carry any offset. Fields that this crate does not know are kept in `extra`. `Debug` shows ids and states only.

/// Declares one vendor struct: its key and the times of its creation and change, where it has them, then the optional fields
/// with the lenient reader of each. A row of a list without its key is no record; an object inside another one may lack it
/// (0), and costs nobody anything.
macro_rules! wire {
    (
        $(#[$meta:meta])*
        $name:ident $(@$key:ident)? $(($created:ident, $modified:ident))? shows($($shown:ident),* $(,)?) {
            $($fields:tt)*
        }
    ) => {
        pos_core::wire! {
            $(#[$meta])*
            $name shows($($shown),*) {
                $(
                    /// The key.
                    $key: i64 = "crate::model::key",
                )?
                $($fields)*
                $(
                    /// Created.
                    $created: Option<time::OffsetDateTime> = "pos_core::lenient::instant_utc",
                    /// Changed.
                    $modified: Option<time::OffsetDateTime> = "pos_core::lenient::instant_utc",
                )?
            }
        }

        impl pos_core::kit::Keyed for $name {
            type Key = i64;

            /// 0 where it could not be read; `None` for what has no id of its own.
            fn key(&self) -> Option<i64> {
                let keys: &[i64] = &[$(self.$key)?];
                keys.first().copied()
            }
        }
    };
}

pub mod pos;
pub mod web;
mod write;

use pos_core::kit::{Members, is_object};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

pub use write::{
    AddressWrite, CustomerWrite, DiscountWrite, LineWrite, OrderCustomerWrite, OrderWrite, PosAddressWrite,
    PosCustomerWrite, PosLineWrite, PosOrderWrite, PosPrepaymentWrite, ShippingWrite, TransactionWrite,
    WebhookWrite,
};

wire! {
    /// A registered webhook: `/webhooks` of both flavours (D).
    Webhook @id shows(id, topic, created_on, modified_on) {
        /// `orders/create` and so on.
        topic: Option<String> = "pos_core::lenient::text",
        /// Where deliveries go.
        address: Option<String> = "pos_core::lenient::text",
        /// `json` or `xml`.
        format: Option<String> = "pos_core::lenient::text",
        /// Registered.
        created_on: Option<time::OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Changed; absent on hooks never changed (C:2).
        modified_on: Option<time::OffsetDateTime> = "pos_core::lenient::instant_utc",
    }
}

/// A key; 0 where there is none that can be read.
pub(crate) fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(pos_core::lenient::required_integer(deserializer).unwrap_or_default())
}

/// Tags: a text with commas (web; products of POS) or a list (POS), of texts or of objects with a name.
pub(crate) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    fn split(text: &str) -> Vec<String> {
        text.split(',').filter_map(pos_core::record::clean).collect()
    }
    let tag = |item: &Value| match item {
        Value::String(text) => split(text),
        Value::Number(number) => vec![number.to_string()],
        Value::Object(object) => ["name", "tag", "value"]
            .iter()
            .find_map(|name| object.get(*name)?.as_str())
            .map(split)
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.iter().flat_map(tag).collect(),
        other => tag(&other),
    })
}

/// A number, a text, or an object around one (`delivery_fee` of POS (?)).
pub(crate) fn fee<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<pos_core::Money>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !is_object(&raw) {
        return Ok(pos_core::lenient::loose_money(&*raw).unwrap_or_default());
    }
    let members = Members::of(&raw).map_err(D::Error::custom)?;
    let around = members.first(&["fee", "amount", "value", "total"], |_| true);
    Ok(around.and_then(|(_, value)| pos_core::lenient::loose_money(value).unwrap_or_default()))
}

/// A list; nulls in it are nothing.
pub(crate) fn rows<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(list_if_any(deserializer)?.unwrap_or_default())
}

/// A list, remembering whether it was there at all.
pub(crate) fn list_if_any<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let list = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(list.map(|rows| rows.into_iter().flatten().collect()))
}

/// An object; `{}` is nothing.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default + PartialEq,
{
    Ok(Option::<T>::deserialize(deserializer)?.filter(|object| *object != T::default()))
}

/// A customer inside an order: what it bought in all is not the order's, and costs nobody anything. `{}` is nothing.
pub(crate) fn inside<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default + PartialEq,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(pos_core::page::read_inside(&raw).filter(|object| *object != T::default()))
}
