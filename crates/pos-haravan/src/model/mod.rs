//! What Haravan sends, field by field.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (S) a sample in it, (C:n) n other clients, (M) measured
//! against a live shop, (?) unproven. List, single and webhook answers have different key sets, so every field but the key
//! is optional; `""`, `{}` and `[]` read as absent; numbers may be texts and ids may be either. Instants are UTC with 0 to
//! 7 digits of fraction; those without a zone are taken as UTC. Read rows with [`pos_core::page::read_row`]: then a member
//! that cannot be read costs itself, unless it is the key or an amount. Fields that this crate does not know are kept in `extra`. `Debug` shows
//! ids and states only.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use pos_core::kit::{is_nothing, is_object};
use pos_core::lenient;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset};

/// Anything scalar as text; other JSON as it is written, because shops store objects in such values.
fn any_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        other => Some(other.to_string()),
    })
}

/// An instant, in UTC unless it says otherwise; what is none is absent.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => lenient::parse_instant(&text, UtcOffset::UTC).ok().flatten(),
        _ => None,
    })
}

/// A list that may be absent, `null`, `""` or `{}`; a `null` in it is left out.
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
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.trim().is_empty() { Ok(None) } else { Err(E::custom("expected a list")) }
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut rows = Vec::new();
            while let Some(row) = seq.next_element::<Option<T>>()? {
                rows.extend(row);
            }
            Ok(Some(rows))
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            match map.next_key::<IgnoredAny>()? {
                None => Ok(None),
                Some(_) => Err(serde::de::Error::custom("expected a list")),
            }
        }
    }

    deserializer.deserialize_any(Rows(PhantomData))
}

/// An object behind a pointer that may be absent, `null`, or something empty.
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

/// A record inside another one, which is told by its place and not by its figures.
fn inside<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Box<T>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(pos_core::page::read_inside(&raw).filter(|_| !is_nothing(&raw)).map(Box::new))
}

/// The customer in an order. It is read as far as it goes: without an id (which is 0 then), and without what it is said to
/// have spent.
fn customer_inside<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Customer>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !is_object(&raw) || is_nothing(&raw) {
        return Ok(None);
    }
    if let Some(customer) = pos_core::page::read_inside(&raw) {
        return Ok(Some(Box::new(customer)));
    }
    let members = pos_core::page::members(raw.get(), |name| name).map_err(D::Error::custom)?;
    let mut members: BTreeMap<String, &RawValue> = members.into_iter().collect();
    let id = members.get("id").and_then(|id| lenient::integer(*id).ok().flatten());
    let id = serde_json::value::to_raw_value(&id.unwrap_or(0)).map_err(D::Error::custom)?;
    members.insert("id".to_owned(), &id);
    let rest = serde_json::value::to_raw_value(&members).map_err(D::Error::custom)?;
    Ok(pos_core::page::read_inside(&rest).map(Box::new))
}

/// Tags: one text, joined by commas, or a list of texts.
pub(crate) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde_json::Value;
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let joined = match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().filter_map(text).collect::<Vec<_>>().join(","),
        other => text(other).unwrap_or_default(),
    };
    Ok(Some(joined).filter(|joined| !joined.trim().is_empty()))
}

/// Custom fields: a list of names and values, or one object of them.
fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NoteAttribute>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !is_object(&raw) {
        return many(&mut serde_json::Deserializer::from_str(raw.get())).map_err(D::Error::custom);
    }
    let members: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
    let attribute = |(name, value)| NoteAttribute {
        name: Some(name),
        value: any_text(value).ok().flatten(),
        ..NoteAttribute::default()
    };
    Ok(members.into_iter().map(attribute).collect())
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

pos_core::keyed!(
    Address,
    Customer,
    CustomerGroup,
    Event,
    InventoryLevel,
    Location,
    Order,
    Product,
    Refund,
    Shop,
    Transaction,
    User,
);
