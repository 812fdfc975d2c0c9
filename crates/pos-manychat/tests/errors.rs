//! Every error, with its kind and what to do next.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::text;
use http::{HeaderMap, HeaderValue};
use pos_core::http::Response;
use pos_core::{Error, ErrorKind, Retry};
use pos_manychat::classify_at;
use serde_json::json;
use time::macros::datetime;

fn told(status: u16, body: &str) -> Option<Error> {
    let response = Response::new(status, HeaderMap::new(), body.to_owned());
    classify_at(&response, datetime!(2026-07-12 3:14 UTC)).into_error()
}

/// A refusal as it is documented, with what stands in `details`.
fn detailed(details: serde_json::Value) -> String {
    json!({"status": "error", "message": "Validation error", "details": details}).to_string()
}

#[test]
fn the_samples_are_refusals_with_their_code_and_reason() {
    let error = told(400, &text("api_error_code_400.json")).unwrap();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Rejected, Some("2011")));
    assert_eq!(error.vendor_message(), Some("User_ref isn't registered"));
    let error = told(400, &text("api_error_validation_400.json")).unwrap();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Rejected, Retry::Never));
    assert_eq!(error.vendor_message(), Some("Validation error: Phone is not valid"));
    assert_eq!(error.fields()["details"], ["Phone is not valid"]);
}

#[test]
fn the_reason_stands_in_details_whatever_their_shape() {
    let taken = "This WhatsApp ID already exists: 84905000101";
    for details in [
        json!({"messages": {"wa_id": {"message": [taken]}}}),
        json!({"messages": {"wa_id": {"message": taken}}}),
        json!({"messages": {"wa_id": [taken]}}),
        json!({"messages": {"wa_id": taken}}),
    ] {
        let error = told(400, &detailed(details.clone())).unwrap();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Never), "{details}");
        assert_eq!(error.fields()["wa_id"], [taken], "{details}");
        assert_eq!(error.vendor_message(), Some(&*format!("Validation error: {taken}")));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("wa_id") && !shown.contains("0905") && !shown.contains("84905"), "{shown}");
    }
    for details in [
        json!(taken),
        json!({"messages": [taken]}),
        json!({"messages": {"message": taken}}),
        json!([{"message": taken}]),
    ] {
        let error = told(400, &detailed(details.clone())).unwrap();
        assert_eq!(
            (error.kind(), &error.fields()["details"][0][..]),
            (ErrorKind::Conflict, taken),
            "{details}"
        );
    }
    for nothing in [json!(null), json!({}), json!({"messages": []}), json!({"messages": null}), json!("")] {
        let error = told(400, &detailed(nothing.clone())).unwrap();
        assert_eq!((error.kind(), error.fields().len()), (ErrorKind::Rejected, 0), "{nothing}");
    }
}

#[test]
fn what_the_reason_means_decides() {
    for (why, kind) in [
        ("Permission denied to import phone", ErrorKind::Forbidden),
        ("Permission denied to import wa_id", ErrorKind::Forbidden),
        ("Subscriber not found", ErrorKind::NotFound),
        ("Subscriber does not exist", ErrorKind::NotFound),
        ("84905000101 is not a valid WhatsApp number", ErrorKind::Rejected),
        ("This phone already exists", ErrorKind::Conflict),
        ("Only phone or email can be specified", ErrorKind::Rejected),
    ] {
        let error = told(400, &detailed(json!({"messages": {"phone": {"message": [why]}}}))).unwrap();
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Never), "{why}");
        // The same under a success is the same.
        let error = told(200, &detailed(json!({"messages": {"phone": {"message": [why]}}}))).unwrap();
        assert_eq!(error.kind(), kind, "{why}");
    }
}

#[test]
fn a_bad_key_says_what_is_wrong_with_it() {
    for (status, body, words) in [
        (401, r#"{"status":"error","message":"Wrong token"}"#, "does not know this key"),
        (401, r#"{"status":"error","message":"Wrong format token"}"#, "digits, a colon"),
        (400, r#"{"status":"error","message":"Wrong format token"}"#, "digits, a colon"),
        (401, "", "does not accept the key"),
        (401, "<html>", "does not accept the key"),
    ] {
        let error = told(status, body).unwrap();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Auth, Retry::Never), "{status} {body}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn the_status_decides_where_nothing_is_said() {
    for (status, body, kind, retry) in [
        (403, "", ErrorKind::Forbidden, Retry::Never),
        (404, r#"{"status":"error","message":"Not found"}"#, ErrorKind::NotFound, Retry::Never),
        (404, "<html>", ErrorKind::Unexpected, Retry::Never),
        (404, r#"{"error":"no route"}"#, ErrorKind::Unexpected, Retry::Never),
        (408, "", ErrorKind::Timeout, Retry::Backoff),
        (409, "", ErrorKind::Conflict, Retry::Never),
        (413, "", ErrorKind::Rejected, Retry::Never),
        (429, r#"{"status":"error","message":"Too many requests"}"#, ErrorKind::RateLimited, Retry::Backoff),
        (302, "", ErrorKind::Config, Retry::Never),
        (500, r#"{"status":"error","message":"oops"}"#, ErrorKind::Unavailable, Retry::Backoff),
        (503, "<html>0905000101</html>", ErrorKind::Unavailable, Retry::Backoff),
        (200, "<html>0905000101</html>", ErrorKind::Decode, Retry::Backoff),
        (200, "", ErrorKind::Decode, Retry::Backoff),
        (200, "[]", ErrorKind::Decode, Retry::Backoff),
        (200, r#"{"status":"error","message":"Validation error"}"#, ErrorKind::Rejected, Retry::Never),
    ] {
        let error = told(status, body).unwrap();
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{status} {body}");
        assert!(!format!("{error} {error:?}").contains("0905"), "{error:?}");
    }
    for good in
        [r#"{"status":"success"}"#, r#"{"status":"success","data":[]}"#, "\u{feff}{\"data\":{}}", "{}"]
    {
        assert!(told(200, good).is_none(), "{good}");
    }
}

#[test]
fn a_wait_is_heeded_where_one_is_asked_for() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("7"));
    let response = Response::new(429, headers, "");
    let error = classify_at(&response, datetime!(2026-07-12 3:14 UTC)).into_error().unwrap();
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(7)));
}
