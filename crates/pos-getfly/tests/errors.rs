//! Every error, with its kind and what to do next.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::text;
use http::{HeaderMap, HeaderValue};
use pos_core::http::Response;
use pos_core::{Error, ErrorKind, Retry};
use pos_getfly::classify_at;
use time::macros::datetime;

fn told(status: u16, body: &str) -> Option<Error> {
    let response = Response::new(status, HeaderMap::new(), body.to_owned());
    classify_at(&response, datetime!(2026-11-20 8:00 UTC)).into_error()
}

#[test]
fn the_status_decides_and_the_text_is_kept_for_people() {
    for (status, body, kind, message, retry) in [
        (400, text("error.400.json"), ErrorKind::Rejected, Some("Bad request"), Retry::Never),
        (401, text("error.401.json"), ErrorKind::Auth, Some("Unauthorized"), Retry::Never),
        (403, String::new(), ErrorKind::Forbidden, None, Retry::Never),
        (404, r#"{"msg":"Không tồn tại"}"#.into(), ErrorKind::NotFound, Some("Không tồn tại"), Retry::Never),
        (409, "{}".into(), ErrorKind::Conflict, None, Retry::Never),
        (408, String::new(), ErrorKind::Timeout, None, Retry::Backoff),
        (413, String::new(), ErrorKind::Rejected, None, Retry::Never),
        (429, text("error.429.json"), ErrorKind::RateLimited, Some("Too Many Attempts."), Retry::Backoff),
        (302, String::new(), ErrorKind::Config, None, Retry::Never),
        (500, r#"{"error":{"message":"lỗi"}}"#.into(), ErrorKind::Unavailable, Some("lỗi"), Retry::Backoff),
        (502, "<html>0912000123</html>".into(), ErrorKind::Unavailable, None, Retry::Backoff),
    ] {
        let error = told(status, &body).unwrap();
        assert_eq!((error.kind(), error.vendor_message(), error.retry()), (kind, message, retry), "{status}");
        assert_eq!((error.status(), error.vendor_code()), (Some(status), None));
        assert!(!format!("{error} {error:?}").contains("0912"), "{error:?}");
    }
}

#[test]
fn what_is_there_already_is_told_apart_from_what_is_wrong() {
    for (status, text, kind) in [
        (400, "Mã khách hàng đã tồn tại", ErrorKind::Conflict),
        (422, "account_code ALREADY EXISTS", ErrorKind::Conflict),
        (400, "Duplicate entry", ErrorKind::Conflict),
        (422, "Email này đã có trong hệ thống", ErrorKind::Conflict),
        (422, "Loại khách hàng không tồn tại", ErrorKind::Rejected),
        (400, "Đã có lỗi xảy ra", ErrorKind::Rejected),
        (422, "Ngày sinh không hợp lệ", ErrorKind::Rejected),
        (404, "đã tồn tại", ErrorKind::NotFound),
    ] {
        let body = serde_json::json!({"message": text}).to_string();
        assert_eq!(told(status, &body).unwrap().kind(), kind, "{text}");
    }
    let error =
        told(422, r#"{"errors":{"phone_office":["đã tồn tại"],"birthday":"sai","a":null,"b":{"c":1}}}"#)
            .unwrap();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.fields()["phone_office"], ["đã tồn tại"]);
    assert_eq!((error.fields()["birthday"].len(), error.fields()["a"].len()), (1, 0));
}

#[test]
fn a_failure_under_200_is_one_and_words_are_none() {
    for (body, kind) in [
        (r#"{"error":"Mã đã tồn tại"}"#, Some(ErrorKind::Conflict)),
        (r#"{"errors":{"email":["sai"]}}"#, Some(ErrorKind::Rejected)),
        ("<html>bảo trì</html>", Some(ErrorKind::Decode)),
        ("", Some(ErrorKind::Decode)),
        (r#"{"message":"Xóa thành công"}"#, None),
        (r#"{"errors":{},"error":"","message":"ok"}"#, None),
        (r#"{"errors":[],"data":{"id":1}}"#, None),
        (r#"{"error":"cảnh báo","data":[]}"#, None),
        ("[]", None),
        ("\u{feff}{\"id\":1}", None),
    ] {
        assert_eq!(told(200, body).map(|error| error.kind()), kind, "{body}");
    }
}

#[test]
fn a_wait_is_heeded_where_one_is_asked_for_and_a_firewall_may_change_its_mind() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("7"));
    let error =
        classify_at(&Response::new(429, headers, ""), datetime!(2026-11-20 8:00 UTC)).into_error().unwrap();
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(7)));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/html"));
    let page = Response::new(403, headers, "<html>");
    let error = classify_at(&page, datetime!(2026-11-20 8:00 UTC)).into_error().unwrap();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Forbidden, Retry::Backoff));
}
