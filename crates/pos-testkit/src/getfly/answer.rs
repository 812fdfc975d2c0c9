//! What is answered where something is wrong.

use serde_json::json;

use super::Kind;
use crate::server::Answer;

/// A few words.
pub(super) fn told(status: u16, words: &str) -> Answer {
    Answer::json(status, &json!({ "message": words }))
}

/// Members that are not what they should be.
pub(super) fn invalid(name: &str, why: &str) -> Answer {
    Answer::json(422, &json!({ "errors": { name: [why] } }))
}

/// What an id is answered with that nothing has.
pub(super) fn missing(kind: Kind) -> Answer {
    let what = match kind {
        Kind::Accounts => "Khách hàng",
        Kind::Orders => "Đơn hàng",
        Kind::Products => "Sản phẩm",
        Kind::Users | Kind::Payments => "Bản ghi",
    };
    told(404, &format!("{what} không tồn tại"))
}
