//! What answers mean.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::fixture;
use http::HeaderMap;
use pos_core::http::{Outcome, Response};
use pos_core::{Error, ErrorKind, Retry};
use pos_pancake::classify_at;
use time::macros::datetime;

fn outcome(status: u16, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Outcome {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    classify_at(&Response::new(status, map, body.into()), datetime!(2026-07-13 1:00 UTC))
}

fn error(status: u16, body: impl Into<Vec<u8>>) -> Error {
    outcome(status, &[], body).into_error().unwrap()
}

#[test]
fn the_samples_are_told_apart() {
    for (sample, status, kind, message) in [
        ("error_200_success_false.json", 200, ErrorKind::NotFound, "Product not found"),
        ("error_auth.json", 200, ErrorKind::Auth, "Missing access_token"),
        ("error_auth.json", 400, ErrorKind::Auth, "Missing access_token"),
        ("error_auth.json", 403, ErrorKind::Auth, "Missing access_token"),
        ("error_not_found_404.json", 404, ErrorKind::NotFound, "Page not found"),
        ("error_throttled_429.json", 429, ErrorKind::RateLimited, "Too many requests"),
    ] {
        let error = error(status, fixture(sample));
        assert_eq!((error.kind(), error.vendor_message()), (kind, Some(message)), "{sample} {status}");
        assert!(!error.to_string().contains(message), "vendor prose stays out of Display");
    }
    // Only the message that speaks of the header asks for the header.
    assert!(matches!(outcome(401, &[], fixture("error_auth.json")), Outcome::RefreshToken(_)));
    assert!(matches!(outcome(401, &[], r#"{"message":"Unauthorized"}"#), Outcome::Failure(_)));
}

#[test]
fn statuses_mean_what_they_say() {
    for (status, kind, retry) in [
        (302, ErrorKind::Decode, Retry::Never),
        (400, ErrorKind::Rejected, Retry::Never),
        (401, ErrorKind::Auth, Retry::Never),
        (403, ErrorKind::Forbidden, Retry::Never),
        (404, ErrorKind::NotFound, Retry::Never),
        (408, ErrorKind::Timeout, Retry::Backoff),
        (409, ErrorKind::Conflict, Retry::Never),
        (410, ErrorKind::Rejected, Retry::Never),
        (422, ErrorKind::Rejected, Retry::Never),
        (429, ErrorKind::RateLimited, Retry::Backoff),
        (500, ErrorKind::Unavailable, Retry::Backoff),
        (503, ErrorKind::Unavailable, Retry::Backoff),
    ] {
        let error = error(status, r#"{"success":false,"message":"Không được"}"#);
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{status}");
    }
    let told = outcome(429, &[("retry-after", "7")], "{}").into_error().unwrap();
    assert_eq!(told.retry(), Retry::After(Duration::from_secs(7)));
}

#[test]
fn what_the_vendor_did_not_say_is_no_word_of_the_vendors() {
    let page = "<html><body><h1>404 Not Found</h1></body></html>";
    for status in [400, 401, 403, 404, 410] {
        for body in ["", "{}", "[]", "not found", page, r#"{"status":404}"#] {
            let error = error(status, body);
            assert_eq!(
                (error.kind(), error.retry()),
                (ErrorKind::Unavailable, Retry::Backoff),
                "{status} {body}"
            );
        }
    }
    // A gateway that speaks JSON says nothing about a record.
    for body in [r#"{"message":"no Route matched with those values"}"#, r#"{"error":"not found"}"#] {
        for status in [404, 410] {
            assert_eq!(error(status, body).kind(), ErrorKind::Unavailable, "{status} {body}");
        }
        assert_ne!(error(400, body).kind(), ErrorKind::NotFound);
    }
}

#[test]
fn absurd_waits_are_cut() {
    for wait in ["1000000000000", "9223372036854775807", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let error = outcome(429, &[("retry-after", wait)], "{}").into_error().unwrap();
        assert_eq!(error.retry(), Retry::After(pos_core::http::LONGEST_WAIT), "{wait}");
    }
}

#[test]
fn the_reason_is_found_wherever_it_stands() {
    for body in [
        r#"{"success":false,"message":"Sai"}"#,
        r#"{"success":false,"error":{"message":"Sai"}}"#,
        r#"{"success":false,"error":"Sai"}"#,
        r#"{"success":false,"data":{"message":"Sai"}}"#,
        r#"{"success":"false","message":"Sai","data":[1,2]}"#,
    ] {
        let error = error(200, body);
        assert_eq!((error.kind(), error.vendor_message()), (ErrorKind::Rejected, Some("Sai")), "{body}");
    }
    assert_eq!(error(422, r#"{"message":"Sai","error_code":1004}"#).vendor_code(), Some("1004"));
}

#[test]
fn good_answers_are_successes() {
    for name in [
        "orders_page1.json",
        "orders_empty.json",
        "shops.json",
        "shop.json",
        "users.json",
        "order_created.json",
    ] {
        assert!(matches!(outcome(200, &[], fixture(name)), Outcome::Success), "{name}");
    }
    for body in
        [r#"{"data":[]}"#, r#"{"success":null}"#, r#"{"data":{"success":false},"success":true}"#, "[]"]
    {
        assert!(matches!(outcome(200, &[], body), Outcome::Success), "{body}");
    }
}

#[test]
fn a_web_page_is_never_taken_for_data_and_shows_no_key() {
    let page = "<html><body>502 for /api/v1/orders?api_key=0123456789abcdef&page=1</body></html>";
    assert_eq!((error(200, page).kind(), error(200, page).retry()), (ErrorKind::Unavailable, Retry::Backoff));
    assert_eq!(error(502, page).kind(), ErrorKind::Unavailable);
    let message = error(502, page).vendor_message().unwrap().to_owned();
    assert!(message.contains("api_key=…&page=1") && !message.contains("0123456789abcdef"), "{message}");
    assert!(error(502, "x".repeat(5000)).vendor_message().unwrap().len() <= 200);
}
