//! What ManyChat sends, member by member, and what it is sent.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (Dq) the vendor's Swagger, (C:n) seen in n public clients,
//! (L) seen in a real delivery, (?) unproven. Every member is optional. Read objects with
//! [`pos_core::page::read_row`]: then a member that cannot be read costs itself. A text that is blank, the word `null`, or a
//! variable that was not filled in (`{{phone}}`) says nothing. What this crate does not know is kept in `extra`: in a body
//! that was made by hand the merchant's own members are there. `Debug` shows ids and states only.

use std::borrow::Cow;
use std::fmt;

use pos_core::lenient;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset};

mod page;
mod subscriber;
mod write;

pub use page::{Field, Page};
pub use subscriber::{CustomField, Subscriber, Tag};
pub use write::{FieldWrite, SubscriberWrite};

/// Whether a text says what it is: nothing has to be cut off.
fn is_plain(text: &str) -> bool {
    let is_trimmed = !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace);
    !text.is_empty() && is_trimmed && !text.contains("{{") && !text.eq_ignore_ascii_case("null")
}

/// What a text says. Variables that were not filled in are cut out; what is left may be nothing.
pub(crate) fn said(text: &str) -> Option<String> {
    if is_plain(text) {
        return Some(text.to_owned());
    }
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
    let text = lenient::text(deserializer)?;
    Ok(text.and_then(|text| if is_plain(&text) { Some(text) } else { said(&text) }))
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
    let has_zone =
        text.bytes().skip("2026-07-12T".len()).any(|byte| matches!(byte, b'+' | b'-' | b'Z' | b'z'));
    Ok(lenient::parse_instant(&text, UtcOffset::UTC).ok().flatten().filter(|_| has_zone))
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

/// Custom fields: an object of captions (D)(L), or a list (Dq). `[]` is none in both, because PHP knows one kind of nothing.
fn custom_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CustomField>, D::Error> {
    deserializer.deserialize_any(Fields)
}

/// Tags: a list of objects.
fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    let Value::Array(tags) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    let of = |tag: &Value| {
        let (id, name) = (number_of(tag.get("id")), tag.get("name").and_then(text_of));
        tag.is_object().then(|| Tag { id, name, ..Tag::default() })
    };
    Ok(tags.iter().filter_map(of).collect())
}

/// [`text_of`] by value.
fn into_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if is_plain(&text) => Some(text),
        other => text_of(&other),
    }
}

/// A whole number, or a text that is one.
fn number_of(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Reads custom fields where they stand; what is neither an object nor a list is none.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<CustomField>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("custom fields")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(16);
        while let Some((caption, value)) = map.next_entry::<String, Value>()? {
            fields.push(CustomField::of(caption, value));
        }
        Ok(fields)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(16);
        while let Some(Listed(field)) = seq.next_element()? {
            fields.extend(field);
        }
        Ok(fields)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

/// One of a list; none where it is no object.
struct Listed(Option<CustomField>);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Option<CustomField>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a custom field")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut field = CustomField::default();
                // Every member is read as whatever it is: one of another type costs no other.
                while let Some((name, value)) = map.next_entry::<Cow<'de, str>, Value>()? {
                    match &*name {
                        "id" => field.id = number_of(Some(&value)),
                        "name" => field.name = into_text(value),
                        "type" => field.kind = into_text(value),
                        "description" => field.description = into_text(value),
                        "value" => field.value = Some(value).filter(|value| !value.is_null()),
                        _ => drop(field.extra.insert(name.into_owned(), value)),
                    }
                }
                Ok(Some(field))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(None)
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(None)
            }
        }
        deserializer.deserialize_any(Object).map(Self)
    }
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
