//! Comparing what two ways ended in.

use serde_json::Value;

/// A row as JSON without what tells the way to it: when it was seen (two ways to the same state look at different times),
/// and which fields a shop was not told yet.
pub fn state_of(row: impl Into<Value>) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| !["seen", "gone", "unsent"].contains(&name.as_str()));
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = row.into();
    strip(&mut value);
    value.to_string()
}
