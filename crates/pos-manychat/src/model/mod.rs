//! What ManyChat sends, member by member, and what it is sent.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (Dq) the vendor's Swagger, (C:n) seen in n public clients,
//! (L) seen in a real delivery, (?) unproven. Every member is optional. Read objects with
//! [`pos_core::page::read_row`]: then a member that cannot be read costs itself. A text that is blank, the word `null`, or a
//! variable that was not filled in (`{{phone}}`) says nothing. What this crate does not know is kept in `extra`: in a body
//! that was made by hand the merchant's own members are there. `Debug` shows ids and states only.

use pos_core::kit::{Members, is_list, is_object, items};
use pos_core::lenient::{self, VIETNAM};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset};

mod page;
mod subscriber;
mod write;

pub use page::{Field, Page};
pub use subscriber::{CustomField, Subscriber, Tag};
pub use write::{FieldWrite, SubscriberWrite};

/// What a text says. Variables that were not filled in are cut out; what is left may be nothing.
pub(crate) fn said(text: &str) -> Option<String> {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, variable)) = rest.split_once("{{") {
        let Some((_, after)) = variable.split_once("}}") else { break };
        left.push_str(before);
        rest = after;
    }
    left.push_str(rest);
    let left = left.trim();
    (!left.is_empty() && !left.eq_ignore_ascii_case("null")).then(|| left.to_owned())
}

/// A text, from a number or a boolean as well.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::text(deserializer)?.and_then(|text| said(&text)))
}

/// A contact's id: digits. What else stands in its place names nobody here.
pub(crate) fn contact_id(text: &str) -> Option<String> {
    let id = said(text)?;
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && id.parse::<i64>().is_ok_and(|id| id > 0)).then_some(id)
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::text(deserializer)?.and_then(|text| contact_id(&text)))
}

/// An instant with its offset. People's form of it (`20 Oct 2025, 05:41pm`) names no zone, so that it could be any of two
/// dozen: it says nothing.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let Some(text) = lenient::text(deserializer)? else { return Ok(None) };
    let read = |zone| lenient::parse_instant(&text, zone).ok().flatten();
    // The same instant in two zones: the text names its own.
    Ok(read(UtcOffset::UTC).filter(|at| read(VIETNAM) == Some(*at)))
}

/// What a value says: a text, a number, yes or no, or several of them.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => said(text),
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").map(str::to_owned).unwrap_or(text))
        }
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(text_of).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// A value as it came; `null` is none.
fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(Some(Value::deserialize(deserializer)?).filter(|value| !value.is_null()))
}

/// Custom fields: an object of captions (D)(L), or a list (Dq). `[]` is none in both, because PHP knows one kind of nothing.
fn custom_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CustomField>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(match Members::of(&raw) {
        Ok(members) => members.iter().map(|(caption, value)| CustomField::of(caption, value)).collect(),
        Err(_) => objects(&raw),
    })
}

/// The objects of a list; what is none is left out.
fn objects<T: for<'a> Deserialize<'a>>(raw: &RawValue) -> Vec<T> {
    let items = if is_list(raw) { items(raw).unwrap_or_default() } else { Vec::new() };
    let read = |raw: &RawValue| pos_core::kit::read_object(raw, "").ok();
    items.into_iter().filter(|raw| is_object(raw)).filter_map(read).collect()
}

fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(objects(&raw))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_was_not_filled_in_says_nothing() {
        for nothing in ["", "  ", "null", " NULL ", "{{phone}}", "{{first_name}} {{last_name}}", "{{ }}"] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
        for (text, what) in [
            (" Lan ", "Lan"),
            ("Lan {{last_name}}", "Lan"),
            ("{{a}}Lan{{b}}", "Lan"),
            ("giá {{ chưa", "giá {{ chưa"),
            ("nullable", "nullable"),
        ] {
            assert_eq!(said(text).as_deref(), Some(what));
        }
        for id in ["{{user_id}}", "null", "0", "-1", "abc", "73 00", "99999999999999999999"] {
            assert_eq!(contact_id(id), None, "{id}");
        }
        assert_eq!(contact_id(" 7300000000000001 ").as_deref(), Some("7300000000000001"));
    }

    #[test]
    fn an_instant_names_its_zone_or_is_none() {
        let at = |json: &str| instant(&mut serde_json::Deserializer::from_str(json)).unwrap();
        assert_eq!(at("\"2026-07-12T10:14:41+07:00\""), Some(datetime!(2026-07-12 3:14:41 UTC)));
        assert_eq!(at("\"2026-07-12T03:14:41Z\""), Some(datetime!(2026-07-12 3:14:41 UTC)));
        for none in [
            "\"20 Oct 2025, 05:41pm\"",
            "\"2026-07-12T10:14:41\"",
            "\"2026-07-12\"",
            "null",
            "7",
            "\"{{last_seen}}\"",
        ] {
            assert_eq!(at(none), None, "{none}");
        }
    }
}
