//! Readers for what the vendor really sends: numbers as text, lists as objects, empty objects as lists. And its writing of
//! times.
//!
//! `null`, `""`, `[]` and `{}` are absent everywhere, because the vendor's backend writes an empty thing in any of these
//! ways. What is there and cannot be what the field is for is an error, so that the record is rejected.

use std::fmt;
use std::marker::PhantomData;

use pos_core::lenient;
use pos_core::record::{Money, Quantity};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use time::{Date, Month, OffsetDateTime};

use crate::model::{Named, Tag};

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $read:path;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
            let raw = Box::<RawValue>::deserialize(deserializer)?;
            match raw.get() {
                "null" | "\"\"" | "[]" | "{}" => Ok(None),
                text => $read(&mut serde_json::Deserializer::from_str(text)).map_err(D::Error::custom),
            }
        }
    )*};
}

readers! {
    /// A text.
    text: String = lenient::text;
    /// A whole number.
    int: i64 = lenient::integer;
    /// An amount.
    money: Money = lenient::money;
    /// A quantity that amounts follow from.
    quantity: Quantity = lenient::quantity;
    /// A number that no amount follows from: points, percentages, stock.
    count: Quantity = lenient::loose_quantity;
    /// An amount that no mapping needs: absent where it is no number.
    figure: Money = lenient::loose_money;
    /// An id: R1, zero is none.
    id: String = read_id;
    /// Unix seconds, or Viet Nam wall time.
    time: OffsetDateTime = read_time;
    /// `YYYY-MM-DD` or `DD/MM/YYYY`.
    date: Date = read_date;
}

fn read_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = lenient::text(deserializer)?.map(|id| id.trim().to_owned());
    Ok(id.filter(|id| !id.is_empty() && id != "0"))
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let Some(text) = lenient::text(deserializer)? else { return Ok(None) };
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(0) => Ok(None),
        Ok(seconds) => Ok(lenient::instant_of_unix(seconds)),
        Err(_) => lenient::parse_instant(text, lenient::VIETNAM).map_err(D::Error::custom),
    }
}

fn read_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    Ok(lenient::text(deserializer)?.and_then(|text| parse_date(text.trim())))
}

/// A date in either of the vendor's writings; impossible and zero dates are `None`.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    if let Some(date) = lenient::parse_date(text) {
        return Some(date);
    }
    let mut parts = text.splitn(3, '/').map(str::trim);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let year = year.parse().ok().filter(|year| *year > 1)?;
    Date::from_calendar_date(year, month, day.parse().ok()?).ok()
}

/// Values that are no object, and say no more than that there is none.
macro_rules! nothing {
    ($($visit:ident: $type:ty),*) => {$(
        fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(None)
        }
    )*};
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        // An object in a list of its own is that object.
        let first = seq.next_element::<T>()?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    nothing!(visit_bool: bool, visit_f64: f64, visit_u64: u64, visit_i64: i64);
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.trim().is_empty() { Ok(None) } else { Err(E::custom("expected an object")) }
    }
}

/// An object that may be absent in any of the vendor's ways.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<T>, D::Error> {
    d.deserialize_any(Object(PhantomData))
}

/// An object that reads as the empty one when it is absent.
pub(crate) fn block<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(object(d)?.unwrap_or_default())
}

/// A list, or an object whose values are one; what is done with the key that an item stands under.
struct Many<T>(fn(&mut T, String));

impl<'de, T: Deserialize<'de>> Visitor<'de> for Many<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Option<T>>()? {
            items.extend(item);
        }
        Ok(items)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some((key, item)) = map.next_entry::<String, Option<T>>()? {
            items.extend(item.map(|mut item| {
                (self.0)(&mut item, key);
                item
            }));
        }
        Ok(items)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.trim().is_empty() { Ok(Vec::new()) } else { Err(E::custom("expected a list")) }
    }
}

/// A list, or an object whose values are one (R11). Nulls in it are left out.
pub(crate) fn many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    d.deserialize_any(Many(|_, _| {}))
}

/// An object keyed by id, or a list: the keys go into `id` of items that have none.
pub(crate) fn keyed<'de, D: Deserializer<'de>, T: Deserialize<'de> + HasId>(
    d: D,
) -> Result<Vec<T>, D::Error> {
    d.deserialize_any(Many(T::id_or))
}

/// Something whose id may be the key it stands under.
pub(crate) trait HasId {
    /// Takes the key when there is no id.
    fn id_or(&mut self, key: String);
}

struct NamedVisitor;

impl<'de> Visitor<'de> for NamedVisitor {
    type Value = Option<Named>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, an id or an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Named::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    nothing!(visit_bool: bool, visit_f64: f64);
    fn visit_u64<E>(self, id: u64) -> Result<Self::Value, E> {
        Ok((id > 0).then(|| Named { id: Some(id.to_string()), ..Named::default() }))
    }
    fn visit_i64<E>(self, id: i64) -> Result<Self::Value, E> {
        Ok((id != 0).then(|| Named { id: Some(id.to_string()), ..Named::default() }))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim();
        Ok(match text.parse::<i64>() {
            _ if text.is_empty() => None,
            Ok(0) => None,
            Ok(_) => Some(Named { id: Some(text.to_owned()), ..Named::default() }),
            Err(_) => Some(Named { name: Some(text.to_owned()), ..Named::default() }),
        })
    }
}

/// A thing with a name: an object here, its bare id or its bare name there.
pub(crate) fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Named>, D::Error> {
    deserializer.deserialize_any(NamedVisitor)
}

/// What a list of small things holds, in whatever form: a list, the values of an object, or one text with commas.
fn small_things<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items,
        Value::Object(members) => members.into_iter().map(|(_, value)| value).collect(),
        Value::String(text) => text.split(',').map(|part| Value::String(part.trim().to_owned())).collect(),
        _ => Vec::new(),
    })
}

/// Texts, numbers as texts, and objects by their names; what is none of these is left out.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(members) => members.get("name").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    Ok(small_things(deserializer)?
        .into_iter()
        .filter_map(text)
        .filter(|text| !text.trim().is_empty())
        .collect())
}

/// Tags as objects, or by their names alone.
pub(crate) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    let tag = |value: Value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(Tag { name: Some(text), ..Tag::default() }),
        Value::Number(id) => Some(Tag { id: Some(id.to_string()), ..Tag::default() }),
        Value::Object(_) => serde_json::from_value(value).ok(),
        _ => None,
    };
    Ok(small_things(deserializer)?.into_iter().filter_map(tag).collect())
}

/// The goods of a document. Amounts follow from them, so one that is something else is not passed over: without it the
/// document would be worth less, and nobody would know.
pub(crate) fn goods<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    Ok(many::<_, Goods<T>>(d)?.into_iter().map(|Goods(one)| one).collect())
}

struct Goods<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Goods<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for One<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Like a missing id, it costs the whole row.
                f.write_str("an id")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(One(PhantomData)).map(Self)
    }
}

/// The first whole second that is not before an instant.
pub(crate) fn ceil(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() + i64::from(at.nanosecond() > 0)
}

/// A day as requests want it.
pub(crate) fn day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::time::macros::{date, datetime};
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Row {
        #[serde(deserialize_with = "id")]
        id: Option<String>,
        #[serde(deserialize_with = "time")]
        at: Option<OffsetDateTime>,
        #[serde(deserialize_with = "date")]
        on: Option<Date>,
        #[serde(deserialize_with = "object")]
        inner: Option<Box<Row>>,
        #[serde(deserialize_with = "many")]
        rows: Vec<Row>,
    }

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn nothing_has_many_writings() {
        for empty in ["null", "\"\"", "[]", "{}"] {
            let json = format!(r#"{{"id":{empty},"at":{empty},"on":{empty},"rows":{empty}}}"#);
            assert_eq!(row(&json), Row::default(), "{empty}");
        }
        for empty in ["null", "\"\"", "[]", "0"] {
            assert_eq!(row(&format!(r#"{{"inner":{empty}}}"#)).inner, None, "{empty}");
        }
        assert_eq!(row(r#"{"id":0,"at":0,"on":"0000-00-00"}"#), Row::default());
        assert!(serde_json::from_str::<Row>(r#"{"inner":[1]}"#).is_err());
        assert_eq!(row(r#"{"inner":[{"id":7}]}"#).inner.unwrap().id.as_deref(), Some("7"));
    }

    #[test]
    fn times_and_dates_come_in_the_writings_of_both_versions() {
        let at = Some(datetime!(2026-11-02 02:30:21 UTC));
        assert_eq!(row(r#"{"at":1793586621}"#).at, at);
        assert_eq!(row(r#"{"at":"1793586621"}"#).at, at);
        assert_eq!(row(r#"{"at":"2026-11-02 09:30:21"}"#).at, at);
        assert_eq!(row(r#"{"on":"1990-12-01"}"#).on, Some(date!(1990 - 12 - 01)));
        assert_eq!(row(r#"{"on":"01/12/1990"}"#).on, Some(date!(1990 - 12 - 01)));
        assert_eq!(row(r#"{"on":"31/02/1990"}"#).on, None);
    }

    #[test]
    fn a_list_may_be_an_object_keyed_by_id() {
        let ids = |json| row(json).rows.into_iter().filter_map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(r#"{"rows":[{"id":2},{"id":"1"}]}"#), ["2", "1"]);
        assert_eq!(ids(r#"{"rows":{"9":{"id":2},"1":{"id":1},"3":null}}"#), ["2", "1"]);
        assert_eq!(ids(r#"{"rows":[null,{"id":2}]}"#), ["2"]);
    }
}
