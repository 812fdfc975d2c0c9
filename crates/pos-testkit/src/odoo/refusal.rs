//! How the server says no, and how it writes values.

use serde_json::{Value, json};

use crate::out::civil;
use crate::server::Answer;

/// A refusal: the status of JSON-2, the name of the exception, what it says.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    name: String,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, name: &str, message: impl Into<String>) -> Self {
        Self { status, name: name.to_owned(), message: message.into() }
    }

    /// By the name of an exception alone.
    pub(super) fn named(name: &str) -> Self {
        let status = match name {
            "werkzeug.exceptions.Unauthorized" | "odoo.exceptions.AccessDenied" => 401,
            "odoo.exceptions.AccessError" => 403,
            "odoo.exceptions.MissingError" | "werkzeug.exceptions.NotFound" => 404,
            _ if name.starts_with("odoo.exceptions.") => 422,
            _ => 500,
        };
        Self::new(status, name, "Không thực hiện được.")
    }

    /// Nonsense in the call.
    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::new(500, "builtins.ValueError", message)
    }

    pub(super) fn field(name: &str, model: &str) -> Self {
        Self::value(format!("Invalid field '{name}' on '{model}'"))
    }

    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new(422, "werkzeug.exceptions.UnprocessableEntity", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(422, "odoo.exceptions.ValidationError", message)
    }

    pub(super) fn user(message: impl Into<String>) -> Self {
        Self::new(422, "odoo.exceptions.UserError", message)
    }

    pub(super) fn access(model: &str) -> Self {
        let message = format!(
            "You are not allowed to access '{model}' ({model}) records.\n\nContact your administrator to request access \
             if necessary."
        );
        Self::new(403, "odoo.exceptions.AccessError", message)
    }

    pub(super) fn missing(model: &str, id: i64) -> Self {
        let message = format!(
            "Record does not exist or has been deleted.\n(Record: {model}({id},), User: {})",
            super::UID
        );
        Self::new(404, "odoo.exceptions.MissingError", message)
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// As each protocol shows it.
    pub(super) fn answer(&self, version: u32, is_rpc: bool) -> Answer {
        let data = json!({
            "name": self.name, "message": self.message, "arguments": [self.message], "context": {},
            "debug": "Traceback (most recent call last):\n  ...",
        });
        if !is_rpc {
            return Answer::json(self.status, &data);
        }
        let code = if version >= 19 { 0 } else { 200 };
        let error = json!({ "code": code, "message": "Odoo Server Error", "data": data });
        Answer::ok(&json!({ "jsonrpc": "2.0", "id": 1, "error": error }))
    }
}

/// `2026-11-21 19:24:25`, in UTC; with all six digits behind the second where they are asked for.
pub(super) fn instant(micros: i64, is_whole: bool) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let whole = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    if is_whole { whole } else { format!("{whole}.{:06}", micros.rem_euclid(1_000_000)) }
}

/// JSON as Python writes it: sorted, a blank behind commas and colons, nothing but ASCII.
pub(super) fn python(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            out.push('{');
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            for (at, name) in names.into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                python(&Value::from(name.as_str()), out);
                out.push_str(": ");
                python(&members[name], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                python(item, out);
            }
            out.push(']');
        }
        Value::String(_) => {
            for letter in value.to_string().chars() {
                match letter.is_ascii() {
                    true => out.push(letter),
                    false => letter
                        .encode_utf16(&mut [0; 2])
                        .iter()
                        .for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
                }
            }
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_server_writes_them() {
        let at = time::macros::datetime!(2026-11-21 19:28:37.997304 UTC).unix_timestamp_nanos() / 1000;
        let at = i64::try_from(at).unwrap();
        assert_eq!(
            (instant(at, true).as_str(), instant(at, false).as_str()),
            ("2026-11-21 19:28:37", "2026-11-21 19:28:37.997304")
        );
        let mut out = String::new();
        python(&json!({"name": "Phạm", "id": 14, "email": false, "_id": [1, 2]}), &mut out);
        assert_eq!(out, r#"{"_id": [1, 2], "email": false, "id": 14, "name": "Ph\u1ea1m"}"#);
    }
}
