//! How the vendor says no.

use pos_core::record::Stream;
use serde_json::json;

use crate::server::Answer;

/// The vendor's way to refuse.
pub(super) fn refuse(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "responseStatus": { "errorCode": code, "message": message, "errors": [] } }),
    )
}

pub(super) fn missing(stream: Stream) -> Answer {
    let (code, what) = match stream {
        Stream::Customers => ("KvValidateCustomerException", "Khách hàng"),
        Stream::Orders => ("KvValidateOrderException", "Đơn đặt hàng"),
        Stream::Invoices => ("KvValidateInvoiceException", "Hóa đơn"),
        Stream::Returns => ("KvValidateReturnException", "Phiếu trả hàng"),
        Stream::Products => ("KvValidateProductException", "Hàng hóa"),
        Stream::Branches => ("KvValidateBranchException", "Chi nhánh"),
        Stream::Users => ("KvValidateUserException", "Người dùng"),
        _ => ("KvValidateException", "Dữ liệu"),
    };
    refuse(420, code, &format!("{what} được chọn không tồn tại hoặc đã bị xóa"))
}

pub(super) fn missing_route(path: &str) -> Answer {
    refuse(404, "NotFound", &format!("Không có địa chỉ {path}"))
}

pub(super) fn throttled() -> Answer {
    refuse(429, "429", "Quá nhiều yêu cầu, vui lòng thử lại sau")
}
