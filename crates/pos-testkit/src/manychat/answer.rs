//! What is answered where something is wrong, and where all is well.

use serde_json::{Value, json};

use super::Details;
use crate::server::Answer;

/// A success with data.
pub(super) fn data(data: &Value) -> Answer {
    Answer::ok(&json!({ "status": "success", "data": data }))
}

/// A success without.
pub(super) fn done() -> Answer {
    Answer::ok(&json!({ "status": "success" }))
}

/// A few words.
pub(super) fn told(status: u16, words: &str) -> Answer {
    Answer::json(status, &json!({ "status": "error", "message": words }))
}

/// A refusal with a code.
pub(super) fn coded(code: &str) -> Answer {
    let code = code.parse::<i64>().map_or_else(|_| code.into(), Value::from);
    Answer::json(400, &json!({ "status": "error", "message": "It is refused", "code": code }))
}

/// A member that is not what it should be: the words at the top are the same whatever is wrong.
pub(super) fn invalid(shape: Details, member: &str, why: &str) -> Answer {
    let details = match shape {
        Details::ByField => json!({ "messages": { member: { "message": [why] } } }),
        Details::List => json!({ "messages": [{ "message": why }] }),
        Details::Text => why.into(),
    };
    let body = json!({ "status": "error", "message": "Validation error", "details": details });
    Answer::json(400, &body)
}
