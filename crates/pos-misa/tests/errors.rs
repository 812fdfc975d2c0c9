//! What answers mean.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::fixture;
use http::HeaderMap;
use pos_core::http::{Outcome, Response};
use pos_core::{Error, ErrorKind, Retry};
use pos_misa::classify_at;
use time::macros::datetime;

fn outcome(status: u16, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Outcome {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    classify_at(&Response::new(status, map, body.into()), datetime!(2026-11-30 5:00 UTC))
}

fn error(status: u16, body: impl Into<Vec<u8>>) -> Error {
    outcome(status, &[], body).into_error().unwrap()
}

#[test]
fn the_error_type_decides_what_a_200_means() {
    use ErrorKind::{Auth, Config, Conflict, RateLimited, Rejected, Unavailable};
    for (name, kind, code, retry) in [
        ("login.error.appid.json", Config, "3", Retry::Never),
        ("login.error.signature.json", Auth, "4", Retry::Never),
        ("error.paging-limit.json", Rejected, "5", Retry::Never),
        ("error.connection-off.json", Auth, "7", Retry::Never),
        ("error.internal.json", Unavailable, "100", Retry::Backoff),
        ("error.same-request-in-progress.json", RateLimited, "102", Retry::Backoff),
        ("customers.create.duplicate.json", Conflict, "200", Retry::Never),
    ] {
        let error = error(200, fixture(name));
        assert_eq!((error.kind(), error.vendor_code()), (kind, Some(code)), "{name}");
        assert_eq!((error.retry(), error.status()), (retry, Some(200)), "{name}");
        assert!(error.vendor_message().is_some(), "{name}");
        assert!(!format!("{error} {error:?}").contains("Khách"), "the vendor's prose stays out: {error:?}");
    }
    for (kind, known) in [
        ("1", Rejected),
        ("2", Config),
        ("6", Rejected),
        ("\"102\"", RateLimited),
        ("77", ErrorKind::Unexpected),
    ] {
        let body = format!(r#"{{"Code":200,"Success":false,"Data":null,"ErrorType":{kind},"Message":"…"}}"#);
        let error = error(200, body);
        assert_eq!((error.kind(), error.vendor_message()), (known, Some("…")), "{kind}");
    }
    let unknown = error(200, r#"{"Code":200,"Success":false,"ErrorType":77}"#);
    assert_eq!(unknown.retry(), Retry::Backoff);
}

#[test]
fn success_is_what_the_envelope_says_in_any_of_its_forms() {
    for body in [
        r#"{"Code":200,"Success":true,"Data":[]}"#,
        r#"{"Success":true,"Data":{},"ErrorType":null,"ErrorMessage":null}"#,
        r#"{"Code":200,"Data":null,"ErrorType":0}"#,
        r#"{"Code":"200","Success":"true","Data":[],"ErrorType":""}"#,
        "\u{feff}{\"Success\":true}",
    ] {
        assert!(matches!(outcome(200, &[], body), Outcome::Success), "{body}");
    }
    for (body, kind) in [
        (r#"{"Code":200,"Success":false,"Data":[]}"#, ErrorKind::Unexpected),
        (r#"{"Code":500,"Success":true,"Data":[]}"#, ErrorKind::Unexpected),
        (r#"{"Code":200,"Success":true,"Data":[],"ErrorType":100}"#, ErrorKind::Unavailable),
        (r#"{"Data":[]}"#, ErrorKind::Decode),
        ("{}", ErrorKind::Decode),
        ("[]", ErrorKind::Decode),
        ("", ErrorKind::Decode),
        ("<html>0985000111</html>", ErrorKind::Decode),
    ] {
        let error = error(200, body);
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Backoff), "{body}");
        assert!(!format!("{error:?}").contains("0985"), "{error:?}");
    }
}

#[test]
fn statuses_mean_what_they_mean_elsewhere_too() {
    use ErrorKind::{Config, Forbidden, RateLimited, Rejected, Timeout, Unavailable};
    for (status, kind) in [
        (302, Config),
        (400, Rejected),
        (403, Forbidden),
        (408, Timeout),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (520, Unavailable),
        (525, Unavailable),
    ] {
        assert_eq!(error(status, "<html></html>").kind(), kind, "{status}");
    }
    // A new login helps where the token ended, and where the shop moved to another environment.
    for (status, body, kind) in [
        (401, fixture("error.401.json"), ErrorKind::Auth),
        (401, Vec::new(), ErrorKind::Auth),
        (404, b"<html></html>".to_vec(), Unavailable),
        (200, fixture("login.error.signature.json"), ErrorKind::Auth),
    ] {
        let Outcome::RefreshToken(error) = outcome(status, &[], body) else { panic!("{status}") };
        assert_eq!(error.kind(), kind);
    }
    let busy = outcome(503, &[("retry-after", "7")], "").into_error().unwrap();
    assert_eq!(busy.retry(), Retry::After(Duration::from_secs(7)));
}
