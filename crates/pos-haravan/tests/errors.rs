//! What answers mean.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::fixture;
use http::HeaderMap;
use pos_core::http::{Outcome, Response};
use pos_core::{Error, ErrorKind, Retry};
use pos_haravan::classify_at;
use time::macros::datetime;

fn outcome(status: u16, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Outcome {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    classify_at(&Response::new(status, map, body.into()), datetime!(2026-07-22 5:00 UTC))
}

fn error(status: u16, body: impl Into<Vec<u8>>) -> Error {
    outcome(status, &[], body).into_error().unwrap()
}

#[test]
fn the_shapes_of_a_refusal_are_all_read() {
    let fields = error(422, fixture("error_422_fields.json"));
    assert_eq!((fields.kind(), fields.retry()), (ErrorKind::Rejected, Retry::Never));
    assert_eq!(fields.fields()["base"], ["Cannot delete the customers default address"]);
    assert!(!fields.to_string().contains("default address"), "vendor prose stays out of Display");
    let many = error(422, fixture("error_422_fields_multi.json"));
    assert_eq!(many.fields()["author"], ["can't be blank"]);
    assert_eq!(many.fields()["email"], ["is invalid"]);
    let text = error(422, fixture("error_422_string.json"));
    assert_eq!((text.kind(), text.vendor_message()), (ErrorKind::Rejected, Some("Key can't be blank")));
    let list = error(400, fixture("error_array.json"));
    assert_eq!((list.kind(), list.vendor_message()), (ErrorKind::Rejected, Some("Invalid request")));
    assert_eq!(error(400, r#"{"message":"Bad"}"#).vendor_message(), Some("Bad"));
}

#[test]
fn an_answer_whose_errors_say_nothing_is_no_refusal() {
    for body in [
        r#"{"error":""}"#,
        r#"{"error":{}}"#,
        r#"{"error":[]}"#,
        r#"{"error":false}"#,
        r#"{"errors":{}}"#,
        r#"{"errors":[]}"#,
        r#"{"errors":" "}"#,
        r#"{"errors":{"a":[]}}"#,
        r#"{"errors":{"a":null,"b":""}}"#,
        r#"{"errors":[null]}"#,
    ] {
        assert!(matches!(outcome(200, &[], body), Outcome::Success), "{body}");
    }
    for body in
        [r#"{"error":true}"#, r#"{"error":"x"}"#, r#"{"errors":{"a":[],"b":"x"}}"#, r#"{"errors":[7]}"#]
    {
        assert_eq!(error(200, body).kind(), ErrorKind::Rejected, "{body}");
    }
    let told = error(200, r#"{"errors":{"a":[],"b":["x"]}}"#);
    assert_eq!((told.vendor_message(), told.fields().len()), (Some("x"), 1));
}

#[test]
fn a_missing_object_is_a_404_or_a_422_that_says_so() {
    let gone = error(422, fixture("error_422_not_found_string.json"));
    assert_eq!((gone.kind(), gone.vendor_message()), (ErrorKind::NotFound, Some("Dữ liệu không tồn tại!")));
    assert_eq!(error(404, r#"{"errors":"Not Found"}"#).kind(), ErrorKind::NotFound);
}

#[test]
fn what_only_the_vendor_may_say_is_believed_in_its_own_words_alone() {
    let gateways = [
        "",
        "{}",
        "not found",
        "<html><body>404</body></html>",
        r#"{"message":"no Route matched with those values"}"#,
        r#"{"error":"Not Found","status":404}"#,
        "[]",
        "null",
    ];
    for body in gateways {
        for status in [404, 410] {
            let error = error(status, body);
            assert_eq!(
                (error.kind(), error.retry()),
                (ErrorKind::Unavailable, Retry::Backoff),
                "{status} {body}"
            );
        }
    }
    for body in ["", "<html>blocked</html>", r#"{"message":"forbidden"}"#] {
        assert_eq!(error(403, body).kind(), ErrorKind::Unavailable, "{body}");
    }
    assert_eq!(error(403, r#"{"errors":"Thiếu quyền"}"#).kind(), ErrorKind::Forbidden);
    let page = HeaderMap::from_iter([(http::header::CONTENT_TYPE, "text/html".parse().unwrap())]);
    for status in [200, 400, 401, 403, 404, 422] {
        let response = Response::new(status, page.clone(), "<html></html>");
        let error = classify_at(&response, datetime!(2026-07-22 5:00 UTC)).into_error().unwrap();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Backoff), "{status}");
    }
    assert!(matches!(outcome(401, &[], "{}"), Outcome::RefreshToken(_)), "its body is not established");
}

#[test]
fn prose_of_the_vendor_is_never_printed() {
    for body in [
        r#"{"error":"Số điện thoại 0912000123 của Lan đã tồn tại"}"#,
        r#"{"error":"0912000123"}"#,
        r#"{"errors":{"phone":["0912000123 has been taken by Lan"]}}"#,
        r#"{"errors":["0912000123"]}"#,
        r#"{"error":true,"message":"0912000123"}"#,
        r#"{"error":"invalid_request","error_description":"0912000123"}"#,
    ] {
        let error = error(422, body);
        assert!(!format!("{error} {error:?}").contains("0912000123"), "{error}");
        assert!(error.vendor_message().is_some_and(|text| text.contains("0912000123")), "{body}");
    }
}

#[test]
fn an_absurd_wait_is_cut() {
    for wait in ["1000000000000", "9223372036854775807", "1e308", "inf", "99999999999999999999999999"] {
        let error = outcome(429, &[("retry-after", wait)], "").into_error().unwrap();
        let Retry::After(wait) = error.retry() else { panic!("{wait}") };
        assert!(wait <= Duration::from_secs(24 * 3600));
    }
    for wait in ["-1", "NaN", "soon"] {
        assert_eq!(outcome(429, &[("retry-after", wait)], "").into_error().unwrap().retry(), Retry::Backoff);
    }
}

#[test]
fn a_refused_token_asks_for_another_and_a_missing_scope_does_not() {
    assert!(matches!(outcome(401, &[], ""), Outcome::RefreshToken(_)));
    let scope = error(403, fixture("error_403_empty.json"));
    assert_eq!((scope.kind(), scope.retry()), (ErrorKind::Forbidden, Retry::Never));
    let grant = error(400, fixture("token_error_invalid_grant.json"));
    assert_eq!((grant.kind(), grant.vendor_code()), (ErrorKind::Auth, Some("invalid_grant")));
}

#[test]
fn throttling_waits_for_a_decimal_number_of_seconds() {
    let sample: serde_json::Value = serde_json::from_slice(&fixture("throttled_429.json")).unwrap();
    let wait = sample["headers"]["Retry-After"].as_str().unwrap();
    let throttled = outcome(429, &[("retry-after", wait), ("x-haravan-api-call-limit", "80/80")], "");
    let throttled = throttled.into_error().unwrap();
    assert_eq!(
        (throttled.kind(), throttled.retry()),
        (ErrorKind::RateLimited, Retry::After(Duration::from_secs(2)))
    );
    for body in ["", "<html>slow down</html>", "{}"] {
        assert_eq!(error(429, body).retry(), Retry::Backoff);
    }
    let half = outcome(429, &[("retry-after", "0.5")], "").into_error().unwrap();
    assert_eq!(half.retry(), Retry::After(Duration::from_millis(500)));
}

#[test]
fn other_statuses_mean_what_they_say() {
    for (status, kind, retry) in [
        (302, ErrorKind::Decode, Retry::Never),
        (400, ErrorKind::Rejected, Retry::Never),
        (409, ErrorKind::Conflict, Retry::Never),
        (500, ErrorKind::Unavailable, Retry::Backoff),
        (502, ErrorKind::Unavailable, Retry::Backoff),
        (504, ErrorKind::Unavailable, Retry::Backoff),
    ] {
        let error = error(status, "{}");
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{status}");
    }
    assert_eq!(error(200, "<!DOCTYPE html><html></html>").kind(), ErrorKind::Unavailable);
    assert_eq!(error(502, "<html></html>").kind(), ErrorKind::Unavailable);
}

#[test]
fn a_200_that_says_error_is_one_and_odd_successes_are_none() {
    let flag = error(200, r#"{"error":true,"message":"Không có quyền"}"#);
    assert_eq!((flag.kind(), flag.vendor_message()), (ErrorKind::Rejected, Some("Không có quyền")));
    for name in [
        "customer_delete_response.json",
        "customers_page1.json",
        "customers_page_past_end.json",
        "customers_count.json",
        "customer_tags_response.json",
        "webhook_subscribe_response.json",
        "token_response.json",
        "token_response_no_refresh.json",
        "order_full.json",
        "shop.json",
    ] {
        assert!(matches!(outcome(200, &[], fixture(name)), Outcome::Success), "{name}");
    }
    for body in
        ["", "{}", "[]", r#"{"errors":null}"#, r#"{"errors":{}}"#, r#"{"errors":[]}"#, r#"{"errors":""}"#]
    {
        assert!(matches!(outcome(201, &[], body), Outcome::Success), "{body}");
    }
}
