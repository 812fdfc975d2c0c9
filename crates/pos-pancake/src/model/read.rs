//! Readers for the shapes that only this vendor mixes.

use pos_core::lenient;
use pos_core::record::Extra;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use time::{Date, Month, OffsetDateTime};

/// An object, or nothing when something else is in its place.
pub(crate) fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !raw.get().starts_with('{') {
        return Ok(None);
    }
    serde_json::from_str(raw.get()).map(Some).map_err(|error| D::Error::custom(without_value(&error)))
}

/// [`object`] on the heap.
pub(crate) fn boxed<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Box<T>>, D::Error> {
    Ok(object(deserializer)?.map(Box::new))
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
    let rows = rows.into_iter().filter(|row| row.get().starts_with('{'));
    rows.map(|row| serde_json::from_str(row.get()).map_err(|error| D::Error::custom(without_value(&error))))
        .collect()
}

/// What went wrong without what was there, which may be personal.
fn without_value(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => text.to_owned(),
    }
}

/// The texts of a list of texts and numbers, or one text alone.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = |value: Value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    })
}

/// Any shape, kept as it is; null is nothing.
pub(crate) fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(Some(Value::deserialize(deserializer)?).filter(|value| !value.is_null()))
}

/// A text, or nothing when something else is in its place.
pub(crate) fn text_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
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

/// An instant as Unix seconds (notes) or as text in UTC.
pub(crate) fn instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let Some(text) = text_if_any(deserializer)? else { return Ok(None) };
    match text.trim().parse::<i64>() {
        Ok(seconds) => Ok(OffsetDateTime::from_unix_timestamp(seconds).ok()),
        Err(_) => lenient::parse_instant(&text, time::UtcOffset::UTC).map_err(D::Error::custom),
    }
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
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |value: &Value| match value {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Ok(match Value::deserialize(deserializer)? {
            Value::Object(tag) => {
                Self { id: tag.get("id").and_then(text), name: tag.get("name").and_then(text) }
            }
            Value::String(name) => Self { id: None, name: Some(name).filter(|name| !name.trim().is_empty()) },
            other => Self { id: text(&other), name: None },
        })
    }
}
