//! What answers mean.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::fixture;
use http::HeaderMap;
use pos_core::http::{Outcome, Response};
use pos_core::{Error, ErrorKind, Retry};
use pos_woocommerce::classify_at;
use time::macros::datetime;

fn outcome(status: u16, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Outcome {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    classify_at(&Response::new(status, map, body.into()), datetime!(2026-11-22 5:00 UTC))
}

fn error(status: u16, body: impl Into<Vec<u8>>) -> Error {
    outcome(status, &[], body).into_error().unwrap()
}

#[test]
fn the_code_decides_what_a_refusal_means() {
    use ErrorKind::{Auth, Config, Conflict, Forbidden, NotFound, Rejected, Unavailable};
    for (status, name, kind) in [
        (400, "error_400_email_exists.json", Conflict),
        (400, "error_400_invalid_param.json", Rejected),
        (400, "error_400_order_left_as_draft.json", Rejected),
        (401, "error_401_cannot_view.json", Auth),
        (401, "error_401_no_write_permission.json", Auth),
        (401, "error_401_secret_invalid.json", Auth),
        (403, "error_403_cannot_view.json", Forbidden),
        (403, "error_403_firewall.html", Forbidden),
        (404, "error_404_customer.json", NotFound),
        (404, "error_404_order_invalid_id.json", NotFound),
        (404, "error_404_no_route.json", Config),
        (410, "error_410_already_trashed.json", NotFound),
        (413, "error_413_batch_too_large.json", Rejected),
        (500, "error_500_critical.json", Unavailable),
        (501, "error_501_trash_not_supported.json", Rejected),
        (503, "error_503_maintenance.html", Unavailable),
    ] {
        let error = error(status, fixture(name));
        assert_eq!(error.kind(), kind, "{name}");
        assert_eq!(error.status(), Some(status), "{name}");
        assert!(!format!("{error} {error:?}").contains("lan.do"), "vendor prose stays out: {error:?}");
    }
    let taken = error(400, fixture("error_400_email_exists.json"));
    assert_eq!(taken.vendor_code(), Some("registration-error-email-exists"));
    let fields = error(400, fixture("error_400_invalid_param.json"));
    assert_eq!(fields.fields()["per_page"], ["per_page must be between 1 (inclusive) and 100 (inclusive)"]);
    // An update of what is not there, and a reference to what is not there.
    let body = |code: &str| format!(r#"{{"code":"{code}","message":"…","data":{{"status":400}}}}"#);
    assert_eq!(error(400, body("woocommerce_rest_shop_order_invalid_id")).kind(), NotFound);
    assert_eq!(error(400, body("woocommerce_rest_invalid_customer_id")).kind(), Rejected);
    assert_eq!(error(400, body("product_invalid_sku")).kind(), Conflict);
    assert_eq!(error(401, body("rest_not_logged_in").replace("400", "401")).kind(), Forbidden);
}

#[test]
fn only_a_key_that_never_arrived_is_tried_another_way() {
    let is_another = |name: &str| matches!(outcome(401, &[], fixture(name)), Outcome::RefreshToken(_));
    assert!(is_another("error_401_cannot_view.json"));
    assert!(
        !is_another("error_401_secret_invalid.json") && !is_another("error_401_no_write_permission.json")
    );
    assert!(matches!(outcome(403, &[], fixture("error_403_cannot_view.json")), Outcome::Failure(_)));
}

#[test]
fn what_is_no_json_is_never_an_answer() {
    for body in [
        fixture("body_200_php_notice_then_json.txt"),
        fixture("error_403_firewall.html"),
        b"".to_vec(),
        b"true".to_vec(),
        b"webhook_id=7".to_vec(),
    ] {
        let error = error(200, body);
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff));
    }
    assert!(matches!(outcome(200, &[], fixture("body_200_bom_then_json.txt")), Outcome::Success));
    assert!(matches!(outcome(200, &[], "[]"), Outcome::Success));
    // A cache may call good JSON a web page.
    assert!(matches!(outcome(200, &[("content-type", "text/html; charset=UTF-8")], "[]"), Outcome::Success));
    assert!(matches!(outcome(200, &[], r#"{"id":7,"code":"a","message":"b"}"#), Outcome::Success));
}

#[test]
fn an_error_says_of_itself_what_it_is() {
    assert_eq!(error(200, fixture("error_401_secret_invalid.json")).kind(), ErrorKind::Auth);
    let silent = r#"{"code":"woocommerce_rest_x","message":"…","data":null}"#;
    assert_eq!(error(200, silent).kind(), ErrorKind::Unexpected);
    // Routes of refunds say the status alone, and WordPress answers 500.
    let refund = r#"{"code":"woocommerce_rest_shop_order_refund_invalid_id","message":"…","data":404}"#;
    assert_eq!(error(500, refund).kind(), ErrorKind::NotFound);
    let missing =
        r#"{"code":"rest_missing_callback_param","message":"…","data":{"status":400,"params":["email"]}}"#;
    assert!(error(400, missing).fields().contains_key("email"));
}

#[test]
fn waits_are_heeded_and_web_pages_are_told_apart() {
    let limited = outcome(429, &[("retry-after", "7")], "slow down").into_error().unwrap();
    assert_eq!(
        (limited.kind(), limited.retry()),
        (ErrorKind::RateLimited, Retry::After(Duration::from_secs(7)))
    );
    let headers = [("retry-after", "600")];
    let closed = outcome(503, &headers, fixture("error_503_maintenance.html")).into_error().unwrap();
    assert_eq!(closed.retry(), Retry::After(Duration::from_secs(600)));
    assert_eq!(error(403, fixture("error_403_firewall.html")).retry(), Retry::Backoff);
    assert_eq!(error(404, "<html>").kind(), ErrorKind::Config);
    assert_eq!(error(404, "").kind(), ErrorKind::Unavailable, "anybody on the way may say so");
    assert_eq!(error(301, "").kind(), ErrorKind::Config);
    for status in [500, 502, 504, 508, 520, 524] {
        assert_eq!(error(status, "<html>").kind(), ErrorKind::Unavailable);
    }
}
