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

use pos_core::lenient;
use pos_core::record::{Money, Quantity};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset};

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

/// Anything scalar as text; other JSON as it is written, because shops store objects in such values.
fn any_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        other => Some(other.to_string()),
    })
}

/// An amount. Beside what [`lenient::money`] reads: `{}` and `[]` for nothing, and digits in groups (`1.250.000`).
///
/// # Errors
/// When it is there and no number.
fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    decimal(deserializer, |raw| lenient::money(raw))
}

/// A number of pieces, likewise.
fn quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Quantity>, D::Error> {
    decimal(deserializer, |raw| lenient::quantity(raw))
}

/// A weight or a ratio: what is no number is absent.
fn measure<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Quantity>, D::Error> {
    Ok(quantity(deserializer).unwrap_or_default())
}

fn decimal<'de, D: Deserializer<'de>, T: std::str::FromStr>(
    deserializer: D,
    read: impl Fn(&mut serde_json::Deserializer<serde_json::de::StrRead<'_>>) -> serde_json::Result<Option<T>>,
) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if is_nothing(raw.get()) {
        return Ok(None);
    }
    match read(&mut serde_json::Deserializer::from_str(raw.get())) {
        Ok(value) => Ok(value),
        Err(why) => ungrouped(raw.get())
            .and_then(|digits| digits.parse().ok())
            .map(Some)
            .ok_or_else(|| D::Error::custom(why)),
    }
}

/// `{}` and `[]`.
fn is_nothing(raw: &str) -> bool {
    let bare = |open: char, close: char| {
        raw.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|in_it| in_it.trim().is_empty())
    };
    bare('{', '}') || bare('[', ']')
}

/// `"1.250.000"` and `"1,250,000"` as digits: at least two groups of three, so that no decimal fraction is taken for one.
fn ungrouped(raw: &str) -> Option<String> {
    let text = raw.trim_matches('"').trim();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let mark =
        digits.chars().find(|letter| !letter.is_ascii_digit()).filter(|mark| matches!(mark, '.' | ','))?;
    let mut groups = digits.split(mark);
    let first = groups.next()?;
    let groups: Vec<&str> = groups.collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = groups.len() >= 2
        && first.len() <= 3
        && is_number(first)
        && groups.iter().all(|group| group.len() == 3 && is_number(group));
    fits.then(|| format!("{sign}{first}{}", groups.concat()))
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
    if !raw.get().starts_with('{') || is_nothing(raw.get()) {
        return Ok(None);
    }
    pos_core::page::read_row(&raw, "")
        .map(|read| Some(Box::new(read)))
        .map_err(|why| D::Error::custom(why.reason))
}

/// The customer in an order. It is read as far as it goes: without an id (which is 0 then), and without what it is said to
/// have spent.
fn customer_inside<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Customer>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !raw.get().starts_with('{') || is_nothing(raw.get()) {
        return Ok(None);
    }
    if let Ok(customer) = pos_core::page::read_row(&raw, "customer") {
        return Ok(Some(Box::new(customer)));
    }
    let Ok(mut members) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(raw.get())
    else {
        return Ok(None);
    };
    members.retain(|name, _| !name.starts_with("total_"));
    let id = members.get("id").and_then(|id| match id {
        serde_json::Value::String(text) => text.trim().parse::<i64>().ok(),
        number => number.as_i64(),
    });
    members.insert("id".to_owned(), id.unwrap_or(0).into());
    let rest = serde_json::value::to_raw_value(&members).map_err(D::Error::custom)?;
    Ok(pos_core::page::read_row(&rest, "customer").ok().map(Box::new))
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
    if !raw.get().starts_with('{') {
        return many(&mut serde_json::Deserializer::from_str(raw.get())).map_err(D::Error::custom);
    }
    let members: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
    let attribute = |(name, value)| {
        let mut attribute = NoteAttribute::default();
        attribute.name = Some(name);
        attribute.value = any_text(value).ok().flatten();
        attribute
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
