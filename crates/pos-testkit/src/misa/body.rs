//! What was sent, member by member.

use serde_json::{Map, Value};

pub(super) type Json = Map<String, Value>;

/// What becomes of a call.
pub(super) type Outcome<T> = Result<T, i64>;

/// A member of what was sent, whatever its capitals. Null is nothing, and so is an empty text.
pub(super) fn sent<'a>(body: &'a Json, name: &str) -> Option<&'a Value> {
    let of_name = body.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    of_name.map(|(_, value)| value).filter(|value| !value.is_null() && *value != "")
}

/// A number, or a text that is one.
pub(super) fn number(body: &Json, name: &str) -> Option<i64> {
    match sent(body, name)? {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64().map(|number| number as i64),
    }
}

pub(super) fn words(body: &Json, name: &str) -> Option<String> {
    match sent(body, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
