//! Readers for the shapes that this vendor mixes.

use pos_core::lenient;
use pos_core::page::{read_inside, read_row};
use pos_core::record::clean;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::Value;
use serde_json::value::RawValue;
use time::{Date, OffsetDateTime};

use crate::profile::same_case;

/// An id: trimmed, in one case; the empty one of .NET is nothing.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = lenient::text(deserializer)?.as_deref().and_then(clean).map(same_case);
    Ok(id.filter(|id| id.bytes().any(|byte| !matches!(byte, b'0' | b'-'))))
}

/// An instant, or nothing when something else is in its place.
pub(crate) fn instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    Ok(lenient::instant_vietnam(deserializer).unwrap_or_default())
}

/// A birthday: the vendor writes it as an instant.
pub(crate) fn birthday<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = lenient::text(deserializer).unwrap_or_default().unwrap_or_default();
    let at = lenient::parse_instant(&text, lenient::VIETNAM).unwrap_or_default();
    Ok(at.and_then(lenient::birthday))
}

/// The objects of a list, `None` where there is no list. What is no object is left out; one that cannot be read costs the row
/// only where an amount is no number.
pub(crate) fn rows<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !raw.get().starts_with('[') {
        return Ok(None);
    }
    let rows: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
    let objects = rows.into_iter().filter(|row| row.get().starts_with('{'));
    let read = |row: &RawValue| read_row(row, "").map_err(|rejected| D::Error::custom(rejected.reason));
    objects.map(read).collect::<Result<_, _>>().map(Some)
}

/// The same where a list that is not there is an empty one.
pub(crate) fn many<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    rows(deserializer).map(Option::unwrap_or_default)
}

/// An object inside another one; nothing when something else is in its place.
pub(crate) fn inside<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Box<T>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(read_inside(&raw).map(Box::new))
}

/// The texts of a list, or one text alone.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = |value: Value| value.as_str().and_then(clean);
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    })
}
