//! What answers mean.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::fixture;
use http::HeaderMap;
use pos_core::http::{Outcome, Response};
use pos_core::{Error, ErrorKind, Retry};
use pos_sapo::classify_at;
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

/// A sample's wrapper holds status, headers and body.
fn sample(name: &str) -> Error {
    let sample: serde_json::Value = serde_json::from_slice(&fixture(name)).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in sample["headers"].as_object().unwrap() {
        headers.insert(name.parse::<http::HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap());
    }
    let body = match &sample["body"] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let status = u16::try_from(sample["http_status"].as_u64().unwrap()).unwrap();
    let response = Response::new(status, headers, body);
    classify_at(&response, datetime!(2026-05-13 1:00 UTC)).into_error().unwrap()
}

#[test]
fn a_byte_order_mark_hides_no_refusal() {
    let mut body = b"\xef\xbb\xbf".to_vec();
    body.extend(br#"{"errors":{"phone":["has already been taken"]}}"#);
    assert_eq!(error(200, body.clone()).fields()["phone"], ["has already been taken"]);
    assert_eq!(error(422, body).kind(), ErrorKind::Conflict);
}

#[test]
fn every_sample_is_what_it_is() {
    use ErrorKind::{Auth, Decode, Forbidden, NotFound, RateLimited, Rejected};
    for (name, kind, code, message) in [
        ("error_200_html_shell.json", Decode, None, None),
        ("error_403_scope.json", Forbidden, Some("access_denied"), None),
        ("error_422_array_of_objects.json", Rejected, Some("unsupported"), Some("Ward is not supported")),
        (
            "error_422_map_of_arrays.json",
            Rejected,
            None,
            Some("address: can't be blank; topic: can't be blank"),
        ),
        ("error_422_map_of_strings.json", Rejected, None, Some("order: some message")),
        ("error_422_plain_string.json", Rejected, None, Some("some message")),
        ("error_429_throttled.json", RateLimited, None, None),
        (
            "error_oauth_code.json",
            Auth,
            Some("invalid_request"),
            Some("The authorization code was not found or was already used"),
        ),
        ("pos_error_422_empty_key.json", Rejected, None, Some("Đơn hàng đã bị hủy")),
        ("pos_error_message.json", NotFound, None, Some("Đơn hàng không tồn tại")),
    ] {
        let error = sample(name);
        assert_eq!(
            (error.kind(), error.vendor_code(), error.vendor_message()),
            (kind, code, message),
            "{name}"
        );
        assert!(!error.to_string().contains("Đơn hàng"), "vendor prose stays out of Display");
    }
    assert_eq!(sample("error_429_throttled.json").retry(), Retry::After(Duration::from_secs(1)));
}

#[test]
fn the_fields_that_the_vendor_complains_about_are_kept() {
    let fields = |name: &str| sample(name).fields().clone();
    assert_eq!(fields("error_422_map_of_arrays.json")["topic"], ["can't be blank"]);
    assert_eq!(fields("error_422_map_of_strings.json")["order"], ["some message"]);
    assert!(fields("error_422_source_name.json")["source_name"][0].contains("protected value"));
    let data = fields("pos_error_422_data_error.json");
    assert_eq!(
        (data["shipping_address.address1"][0].as_str(), data["tax_treatment"][0].as_str()),
        ("may not be empty", "may not be null")
    );
    assert_eq!(fields("pos_error_422_empty_key.json")[""], ["Đơn hàng đã bị hủy"]);
    let named =
        error(422, r#"{"errors":[{"code":"taken","field":"phone","message":"has already been taken"}]}"#);
    assert_eq!(
        (named.kind(), named.fields()["phone"][0].as_str()),
        (ErrorKind::Conflict, "has already been taken")
    );
}

#[test]
fn a_failure_inside_a_200_is_a_failure() {
    for (body, kind) in [
        (r#"{"error":{"message":"Đơn hàng không tồn tại"}}"#, ErrorKind::NotFound),
        (r#"{"error":"access_denied"}"#, ErrorKind::Forbidden),
        (r#"{"data_error":{"status":422,"errors":{"a":"b"}}}"#, ErrorKind::Rejected),
        (r#"{"errors":"some message"}"#, ErrorKind::Rejected),
    ] {
        assert_eq!(error(200, body).kind(), kind, "{body}");
    }
}

#[test]
fn throttling_waits_as_long_as_the_vendor_asks_and_at_least_a_second() {
    for (value, wait) in [
        (None, 1.0),
        (Some("2.5"), 2.5),
        (Some("0.2"), 1.0),
        (Some("soon"), 2.0),
        (Some("Wed, 13 May 2026 01:00:30 GMT"), 30.0),
    ] {
        let headers: Vec<_> = value.map(|value| ("retry-after", value)).into_iter().collect();
        for body in ["{}", "<html>", "busy"] {
            let error = outcome(429, &headers, body).into_error().unwrap();
            assert_eq!(
                (error.kind(), error.retry()),
                (ErrorKind::RateLimited, Retry::After(Duration::from_secs_f64(wait))),
                "{value:?}"
            );
        }
    }
}

#[test]
fn other_statuses_mean_what_they_say() {
    for (status, kind, retry) in [
        (302, ErrorKind::Decode, Retry::Backoff),
        (400, ErrorKind::Rejected, Retry::Never),
        (403, ErrorKind::Unavailable, Retry::Backoff),
        (404, ErrorKind::Unavailable, Retry::Backoff),
        (410, ErrorKind::Unavailable, Retry::Backoff),
        (405, ErrorKind::Rejected, Retry::Never),
        (409, ErrorKind::Conflict, Retry::Never),
        (422, ErrorKind::Rejected, Retry::Never),
        (500, ErrorKind::Unavailable, Retry::Backoff),
        (503, ErrorKind::Unavailable, Retry::Backoff),
    ] {
        for body in ["", "{}", "<html>", "[1]", "{\"errors\":[]}"] {
            let error = error(status, body);
            assert_eq!((error.kind(), error.retry()), (kind, retry), "{status} {body}");
        }
    }
}

#[test]
fn a_web_page_is_never_taken_for_data() {
    let page = "<!DOCTYPE html><html><body>Sapo</body></html>";
    assert_eq!(error(200, page).kind(), ErrorKind::Decode);
    let declared = outcome(200, &[("content-type", "text/html; charset=utf-8")], "{}");
    assert_eq!(declared.into_error().unwrap().kind(), ErrorKind::Decode);
}

#[test]
fn good_answers_of_every_shape_are_successes() {
    for name in [
        "web_customers_page_1.json",
        "web_customers_page_past_end.json",
        "web_customers_count.json",
        "web_transactions.json",
        "pos_customers_page_1.json",
        "web_refund.json",
        "web_token_response.json",
    ] {
        assert!(matches!(outcome(200, &[], fixture(name)), Outcome::Success), "{name}");
    }
    for (status, body) in [
        (200, ""),
        (204, ""),
        (200, "{}"),
        (201, "{\"order\":{\"id\":1,\"error\":null}}"),
        (200, "[]"),
        (200, "{\"error\":null}"),
    ] {
        assert!(matches!(outcome(status, &[], body), Outcome::Success), "{body}");
    }
}

#[test]
fn only_sapo_itself_says_that_something_is_gone_or_closed() {
    let kinds = |body: &str| [403, 404, 410].map(|status| error(status, body).kind());
    for body in [
        r#"{"errors":"Not Found"}"#,
        r#"{"errors":{"id":["is unknown"]}}"#,
        r#"{"error":"access_denied"}"#,
        r#"{"error":{"message":"Đơn hàng không tồn tại"}}"#,
        r#"{"data_error":{"status":404,"errors":{"":"x"}}}"#,
    ] {
        assert_eq!(kinds(body), [ErrorKind::Forbidden, ErrorKind::NotFound, ErrorKind::NotFound], "{body}");
    }
    for body in [
        "",
        "{}",
        "<html>404</html>",
        "404 page not found",
        r#"{"message":"no Route matched with those values"}"#,
        r#"{"timestamp":"2026-01-01","status":404,"error":"Not Found","path":"/admin"}"#,
        r#"{"error":{"code":404,"message":"not found","status":"NOT_FOUND"}}"#,
        r#"{"errors":{}}"#,
    ] {
        assert_eq!(kinds(body), [ErrorKind::Unavailable; 3], "{body}");
        assert_eq!(error(404, body).retry(), Retry::Backoff);
    }
    for (body, kind) in [("", ErrorKind::Auth), ("{}", ErrorKind::Auth), ("<html>", ErrorKind::Unavailable)] {
        assert_eq!(error(401, body).kind(), kind, "{body}");
    }
}

#[test]
fn errors_that_say_nothing_are_none() {
    for name in ["s10_200_empty_errors.json", "s11_200_errors_empty_object.json"] {
        assert!(matches!(outcome(200, &[], fixture(name)), Outcome::Success), "{name}");
    }
    for body in [
        r#"{"orders":[],"error":{}}"#,
        r#"{"order":{"id":1},"errors":null,"data_error":{}}"#,
        r#"{"errors":[{}]}"#,
    ] {
        assert!(matches!(outcome(200, &[], body), Outcome::Success), "{body}");
    }
}

#[test]
fn an_absurd_wait_is_cut() {
    for value in ["1000000000000", "18446744073709551615", "1e308", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let error = outcome(429, &[("retry-after", value)], "").into_error().unwrap();
        let Retry::After(wait) = error.retry() else { panic!("{value}") };
        assert!(wait <= Duration::from_secs(24 * 3600), "{value}: {wait:?}");
    }
}
