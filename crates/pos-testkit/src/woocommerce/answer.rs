//! What is answered where something is wrong.

use serde_json::{Value, json};

use super::Kind;
use crate::server::Answer;

/// An error of the REST API.
pub(super) fn error(status: u16, code: &str) -> Answer {
    error_with(status, code, json!({ "status": status }))
}

pub(super) fn error_with(status: u16, code: &str, data: Value) -> Answer {
    Answer::json(status, &json!({ "code": code, "message": "Xin lỗi, không thực hiện được.", "data": data }))
}

/// Parameters that are not what they should be.
pub(super) fn invalid(name: &str) -> Answer {
    let data = json!({
        "status": 400, "params": { name: format!("{name} không hợp lệ.") },
        "details": { name: { "code": "rest_out_of_bounds", "message": "không hợp lệ", "data": null } },
    });
    error_with(400, "rest_invalid_param", data)
}

pub(super) fn no_route() -> Answer {
    error(404, "rest_no_route")
}

/// A refusal by its code alone.
pub(super) fn refused(code: &str) -> Answer {
    match code {
        "rest_invalid_param" => invalid("per_page"),
        "woocommerce_rest_authentication_error" => error(401, code),
        "woocommerce_rest_cannot_view" | "rest_forbidden" => error(403, code),
        "internal_server_error" => error(500, code),
        code if code.ends_with("_invalid_id") || code == "rest_no_route" => error(404, code),
        code => error(400, code),
    }
}

/// What an id is answered with that nothing has. Only orders and products name themselves.
fn missing_code(kind: Kind) -> &'static str {
    match kind {
        Kind::Orders => "woocommerce_rest_shop_order_invalid_id",
        Kind::Products => "woocommerce_rest_product_invalid_id",
        Kind::Variations => "woocommerce_rest_product_variation_invalid_id",
        Kind::Refunds => "woocommerce_rest_shop_order_refund_invalid_id",
        Kind::Customers => "woocommerce_rest_invalid_id",
        Kind::Categories => "woocommerce_rest_term_invalid",
    }
}

pub(super) fn missing(kind: Kind) -> Answer {
    match kind {
        // These routes say their status alone, which WordPress takes for none.
        Kind::Refunds => error_with(500, missing_code(kind), json!(404)),
        _ => error(404, missing_code(kind)),
    }
}

/// An update of what is not there.
pub(super) fn missing_for_update(kind: Kind) -> Answer {
    error(400, missing_code(kind))
}
