//! Readers for the shapes that only this vendor mixes.

use pos_core::lenient;
use pos_core::page::{read_inside, read_row};
use pos_core::record::{Extra, Money};
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use time::{Date, Month, OffsetDateTime};

/// Reads a part of a row as rows are read: what cannot be read costs itself, unless it is an amount.
fn part<T: DeserializeOwned, E: Error>(raw: &RawValue) -> Result<T, E> {
    read_row(raw, "").map_err(|rejected| E::custom(rejected.reason))
}

/// An object, or nothing when something else is in its place.
pub(crate) fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if raw.get().starts_with('{') { part(&raw).map(Some) } else { Ok(None) }
}

/// A record inside another one, whose own amounts are not the other's: where they cannot be read, the rest remains.
pub(crate) fn embedded<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Box<T>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(read_inside(&raw).map(Box::new))
}

/// The objects of a list; nothing when there is no list, and what is no object is left out.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !raw.get().starts_with('[') {
        return Ok(Vec::new());
    }
    let rows: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
    rows.into_iter().filter(|row| row.get().starts_with('{')).map(part).collect()
}

/// An amount: a number, or a text with one. `false` is one more way to say nothing.
pub(crate) fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if raw.get() == "false" { Ok(None) } else { lenient::money(&*raw).map_err(D::Error::custom) }
}

/// An amount among the members that a struct does not know.
pub(crate) fn amount_in(value: &Value) -> Option<Money> {
    lenient::money(&mut serde_json::Deserializer::from_str(&value.to_string())).ok().flatten()
}

/// A whole number that names a record: a row whose number cannot be read would be another one.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    lenient::integer(&mut serde_json::Deserializer::from_str(raw.get()))
        .map_err(|_| D::Error::custom("expected a whole number that is an id"))
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The texts of a list of texts and numbers, or one text alone.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().filter_map(text_of).collect(),
        one => text_of(one).into_iter().collect(),
    })
}

/// Tags: a list, one alone, or texts with commas between.
pub(crate) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    let tags: Vec<Tag> = match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().map(Tag::of).collect(),
        Value::String(texts) => texts.split(',').map(|text| Tag::of(text.trim().into())).collect(),
        one => vec![Tag::of(one)],
    };
    Ok(tags.into_iter().filter(|tag| tag.text().is_some()).collect())
}

/// Any shape, kept as it is; null is nothing.
pub(crate) fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(Some(Value::deserialize(deserializer)?).filter(|value| !value.is_null()))
}

/// A text, or nothing when something else is in its place.
pub(crate) fn text_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(Value::deserialize(deserializer)?))
}

/// A flag, or nothing when something else is in its place.
pub(crate) fn flag_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Some(flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) => match text.trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    })
}

/// A birthday: `1993-11-04`, the same with a time, or `04/11/1993`; anything else is nothing.
pub(crate) fn birthday<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = text_if_any(deserializer)? else { return Ok(None) };
    let text = text.trim();
    Ok(lenient::parse_date(text).or_else(|| {
        let mut parts = text.split('/').map(|part| part.trim().parse::<u16>().ok());
        let (day, month, year) = (parts.next()??, parts.next()??, parts.next()??);
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
        (parts.next().is_none() && year > 1).then_some(date)
    }))
}

/// An instant as text in UTC or as Unix seconds (notes); anything else is nothing.
pub(crate) fn instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let Some(text) = text_if_any(deserializer)? else { return Ok(None) };
    Ok(match text.trim().parse::<i64>() {
        Ok(seconds) => lenient::instant_of_unix(seconds),
        Err(_) => lenient::parse_instant(&text, time::UtcOffset::UTC).unwrap_or_default(),
    })
}

/// Whether a member of an object holds a secret: rows of staff carry each person's own API key (C:3).
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("api_key") || name.ends_with("apikey") || name.ends_with("token")
}

fn scrub(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !is_secret(name));
            object.values_mut().for_each(scrub);
        }
        Value::Array(items) => items.iter_mut().for_each(scrub),
        _ => {}
    }
}

/// What a struct does not know, without the keys and tokens that stand in it at any depth.
pub(crate) fn extra<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Extra, D::Error> {
    let mut extra = Extra::deserialize(deserializer)?;
    extra.retain(|name, _| !is_secret(name));
    extra.values_mut().for_each(scrub);
    Ok(extra)
}

/// A tag: `{id, name}` on orders (L), a text in write examples of customers (?), a bare number elsewhere (?).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tag {
    /// The vendor's id.
    pub id: Option<String>,
    /// The words.
    pub name: Option<String>,
}

impl Tag {
    /// The words, else the id.
    pub fn text(&self) -> Option<&str> {
        self.name.as_deref().or(self.id.as_deref())
    }

    fn of(value: Value) -> Self {
        match value {
            Value::Object(mut tag) => {
                let mut part = |name| tag.remove(name).and_then(text_of);
                Self { id: part("id"), name: part("name") }
            }
            Value::String(_) => Self { id: None, name: text_of(value) },
            other => Self { id: text_of(other), name: None },
        }
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::of)
    }
}
