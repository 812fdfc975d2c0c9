//! What answers mean.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::fixture;
use http::HeaderMap;
use pos_core::http::{Outcome, Response};
use pos_core::{Error, ErrorKind, Retry};
use pos_kiotviet::classify_at;
use time::macros::datetime;

fn outcome(status: u16, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Outcome {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    classify_at(&Response::new(status, map, body.into()), datetime!(2026-05-13 1:00 UTC))
}

fn error(status: u16, body: impl Into<Vec<u8>>) -> Error {
    outcome(status, &[], body).into_error().unwrap()
}

#[test]
fn each_420_is_told_from_the_others() {
    for (sample, kind, code) in [
        ("error_420_not_found.json", ErrorKind::NotFound, "KvValidateProductException"),
        ("error_420_validation.json", ErrorKind::Rejected, "KvValidateCustomerException"),
        ("error_420_permission.json", ErrorKind::Forbidden, "KvException"),
    ] {
        let error = error(420, fixture(sample));
        assert_eq!(
            (error.kind(), error.retry(), error.vendor_code()),
            (kind, Retry::Never, Some(code)),
            "{sample}"
        );
        assert!(error.vendor_message().is_some());
        assert!(!error.to_string().contains("khách"), "vendor prose stays out of Display");
        // The same failure inside a 200 is a failure too.
        assert_eq!(outcome(200, &[], fixture(sample)).into_error().unwrap().kind(), kind);
    }
}

#[test]
fn a_stale_token_is_seen_by_status_or_by_code() {
    let challenge = ("www-authenticate", "Bearer error=\"invalid_token\"");
    for (status, headers, body) in [
        (401, &[][..], fixture("error_401_token.json")),
        (420, &[], fixture("error_401_token.json")),
        (401, &[challenge], vec![]),
    ] {
        let outcome = outcome(status, headers, body);
        assert!(matches!(outcome, Outcome::RefreshToken(_)), "{status}");
        let error = outcome.into_error().unwrap();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Auth, Retry::Never));
    }
    let error = error(400, fixture("token_error_invalid_client.json"));
    assert_eq!(
        (error.kind(), error.retry(), error.vendor_code()),
        (ErrorKind::Auth, Retry::Never, Some("invalid_client"))
    );
}

#[test]
fn throttling_waits_as_long_as_the_vendor_asks() {
    let body = fixture("error_429_throttled.json");
    let bare = error(429, body.clone());
    assert_eq!((bare.kind(), bare.retry()), (ErrorKind::RateLimited, Retry::Backoff));
    for (value, seconds) in [("2", 2), ("Wed, 13 May 2026 01:00:30 GMT", 30)] {
        let error = outcome(429, &[("retry-after", value)], body.clone()).into_error().unwrap();
        assert_eq!(error.retry(), Retry::After(Duration::from_secs(seconds)), "{value}");
    }
}

#[test]
fn other_statuses_mean_what_they_say() {
    let own = r#"{"responseStatus":{"errorCode":"NotFound","message":"…"}}"#;
    for (status, kind, retry) in [
        (302, ErrorKind::Decode, Retry::Never),
        (400, ErrorKind::Rejected, Retry::Never),
        (403, ErrorKind::Forbidden, Retry::Never),
        (404, ErrorKind::NotFound, Retry::Never),
        (409, ErrorKind::Conflict, Retry::Never),
        (420, ErrorKind::Rejected, Retry::Never),
        (500, ErrorKind::Unavailable, Retry::Backoff),
        (503, ErrorKind::Unavailable, Retry::Backoff),
    ] {
        let error = error(status, own);
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{status}");
    }
    for (status, kind) in [(400, ErrorKind::Rejected), (420, ErrorKind::Rejected)] {
        assert_eq!(error(status, "{}").kind(), kind, "{status}");
    }
}

#[test]
fn a_gateway_that_answers_in_the_vendors_place_says_nothing_about_objects_and_tokens() {
    let bodies = [
        "",
        "{}",
        "null",
        "default backend - 404",
        "<html><body>404 Not Found</body></html>",
        r#"{"message":"no Route matched with those values"}"#,
        r#"{"error":"not_found"}"#,
        r#"{"responseStatus":{}}"#,
        r#"{"responseStatus":"x"}"#,
    ];
    for status in [401, 403, 404, 410] {
        for body in bodies {
            let error = error(status, body);
            assert_eq!(
                (error.kind(), error.retry()),
                (ErrorKind::Unavailable, Retry::Backoff),
                "{status} {body}"
            );
        }
    }
    assert_eq!(error(400, bodies[4]).kind(), ErrorKind::Unavailable);
    // The vendor's own, behind a byte order mark too.
    let own = "\u{feff}{\"responseStatus\":{\"errorCode\":\"KvException\"}}";
    assert_eq!(error(403, own).kind(), ErrorKind::Forbidden);
    assert_eq!(error(200, own).kind(), ErrorKind::Forbidden);
}

#[test]
fn no_wait_that_is_asked_for_is_absurd() {
    for value in ["1000000000000", "18446744073709551615", "9223372036854775807", "1e300", "inf"] {
        let error = outcome(429, &[("retry-after", value)], "{}").into_error().unwrap();
        assert!(
            matches!(error.retry(), Retry::After(wait) if wait <= Duration::from_secs(24 * 3600)),
            "{value}: {:?}",
            error.retry()
        );
    }
    for value in ["-5", "soon", "NaN"] {
        let error = outcome(429, &[("retry-after", value)], "{}").into_error().unwrap();
        assert_eq!(error.retry(), Retry::Backoff, "{value}");
    }
}

#[test]
fn a_web_page_is_never_taken_for_data() {
    let page = "<!DOCTYPE html><html><body>Bảo trì</body></html>";
    assert_eq!(error(200, page).kind(), ErrorKind::Decode);
    assert_eq!(error(502, page).kind(), ErrorKind::Unavailable);
    assert_eq!(error(429, page).kind(), ErrorKind::RateLimited);
    let declared = outcome(200, &[("content-type", "text/html; charset=utf-8")], "oops");
    assert_eq!(declared.into_error().unwrap().kind(), ErrorKind::Decode);
}

#[test]
fn good_answers_of_every_shape_are_successes() {
    for name in [
        "customers_page1.json",
        "customers_empty_page.json",
        "customer_delete_response.json",
        "customer_create_response_wrapped.json",
        "settings.json",
        "token_response.json",
    ] {
        assert!(matches!(outcome(200, &[], fixture(name)), Outcome::Success), "{name}");
    }
    for body in ["", "true", "\"0b6508a2-0000\"", "[]"] {
        assert!(matches!(outcome(200, &[], body), Outcome::Success), "{body}");
    }
}

#[test]
fn the_fields_that_the_vendor_complains_about_are_kept() {
    let body = r#"{"responseStatus":{"errorCode":"KvValidateException","message":"Sai","errors":[
        {"errorCode":"X","fieldName":"contactNumber","message":"Sai số"}, 7]}}"#;
    // A strange entry hides neither the failure nor the other entries.
    assert_eq!(error(420, body).vendor_code(), Some("KvValidateException"));
    assert_eq!(error(420, body).fields()["contactNumber"], ["Sai số"]);
}
