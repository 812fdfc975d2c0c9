//! What WooCommerce sends, field by field.
//!
//! Sources are marked in the field docs: (D) vendor documentation or source, (C:n) seen in n other places, (?) unproven. Any
//! plugin may add, rename or retype a member, so every field but the id is optional. `""`, `null`, `false`, `[]` and `{}` read
//! as absent; numbers may be texts and ids either; a list may come as an object with numeric keys and an empty object as a
//! list. Every date comes twice: only the one in UTC is read (`…_gmt`, without an offset). Read rows with
//! [`pos_core::page::read_row`]: then a member that cannot be read costs itself, unless it is the id or an amount. What this
//! crate does not know is kept in `extra`. `Debug` shows ids and states only.

use std::fmt;
use std::marker::PhantomData;

use pos_core::kit::{is_nothing, is_object};
use pos_core::lenient;
use pos_core::record::{Money, Quantity};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset};

/// Whether a value says nothing, in any of the ways in which PHP says nothing.
fn is_blank(raw: &RawValue) -> bool {
    is_nothing(raw) || raw.get().strip_prefix('[').is_some_and(|rest| rest.trim_start() == "]")
}

pos_core::readers! { is_blank =>
    text: String = lenient::text;
    integer: i64 = lenient::integer;
    money: Money = lenient::money;
    loose_money: Money = lenient::loose_money;
    quantity: Quantity = lenient::quantity;
    loose_quantity: Quantity = lenient::loose_quantity;
    flag: bool = lenient::flag;
}

/// An id that points somewhere: 0 is none.
fn link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(deserializer)?.filter(|id| *id > 0))
}

/// An instant in UTC; what is none is absent.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = text(deserializer)?;
    Ok(text.and_then(|text| lenient::parse_instant(&text, UtcOffset::UTC).ok().flatten()))
}

/// Any JSON.
fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<serde_json::Value, D::Error> {
    serde_json::Value::deserialize(deserializer)
}

/// A list, or an object with the rows as its members.
fn many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    maybe_many(deserializer).map(Option::unwrap_or_default)
}

/// Likewise, and absent tells apart from empty.
fn maybe_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    struct Rows<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
        type Value = Option<Vec<T>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E: serde::de::Error>(self, told: bool) -> Result<Self::Value, E> {
            if told { Err(E::custom("expected a list")) } else { Ok(Some(Vec::new())) }
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.trim().is_empty() { Ok(Some(Vec::new())) } else { Err(E::custom("expected a list")) }
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut rows = Vec::new();
            while let Some(row) = seq.next_element::<Option<T>>()? {
                rows.extend(row);
            }
            Ok(Some(rows))
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut rows = Vec::new();
            while let Some((_, row)) = map.next_entry::<IgnoredAny, Option<T>>()? {
                rows.extend(row);
            }
            Ok(Some(rows))
        }
    }

    deserializer.deserialize_any(Rows(PhantomData))
}

/// An object that may be absent, `null`, or an empty list.
fn boxed<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Box<T>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !is_object(&raw) || is_nothing(&raw) {
        return Ok(None);
    }
    pos_core::page::read_row(&raw, "")
        .map(|read| Some(Box::new(read)))
        .map_err(|why| D::Error::custom(why.reason))
}

mod customer;
mod order;
mod product;
mod shop;
mod write;

pub use customer::{Address, Customer};
pub use order::{CouponLine, FeeLine, Line, Order, Refund, RefundTotal, ShippingLine};
pub use product::{Attribute, Category, Image, Label, Product, Variation};
pub use shop::{Meta, Webhook};
pub use write::{
    AddressWrite, Batch, CustomerWrite, FeeWrite, LineWrite, MetaWrite, OrderWrite, ShippingWrite,
    WebhookWrite,
};

/// The meta fields of an object.
pub(crate) fn metas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Meta>, D::Error> {
    many(deserializer)
}

/// The text of a meta field.
pub(crate) fn meta<'m>(fields: &'m [Meta], key: &str) -> Option<&'m str> {
    let told = |field: &'m Meta| field.value.as_str().filter(|text| !text.trim().is_empty());
    fields.iter().filter(|field| field.key.as_deref() == Some(key)).find_map(told)
}

pos_core::keyed!(Category, Customer, Order, Product, Refund, Variation, Webhook);
