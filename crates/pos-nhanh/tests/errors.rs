//! What answers mean, how locks are kept, and what becomes of a token.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::{Fake, TOKEN, builder, fixture, ok, paths, shop, text};
use http::HeaderMap;
use pos_core::http::{Outcome, Response};
use pos_core::kit::Connection;
use pos_core::{Connector, Error, ErrorKind, ListQuery, Retry, Secret};
use pos_nhanh::auth::OVERLAP;
use pos_nhanh::{Grant, Granted, ListParams, TokenStore, access_code, classify_at};
use time::macros::datetime;

fn outcome(status: u16, body: impl Into<Vec<u8>>) -> Outcome {
    classify_at(&Response::new(status, HeaderMap::new(), body.into()), datetime!(2026-11-13 1:00 UTC))
}

fn error(status: u16, body: impl Into<Vec<u8>>) -> Error {
    outcome(status, body).into_error().unwrap()
}

#[test]
fn every_code_means_the_same_whatever_the_status_is() {
    for status in [200, 400, 500] {
        for (sample, kind, code) in [
            ("v3_error_403.json", ErrorKind::Forbidden, Some("ERR_403")),
            ("v3_error_invalid_fields.json", ErrorKind::Rejected, Some("ERR_INVALID_FORM_FIELDS")),
            ("v3_token_error.json", ErrorKind::Rejected, Some("ERR_INVALID_FORM_FIELDS")),
            ("v2_error_invalid_data.json", ErrorKind::Rejected, Some("ERR_INVALID_DATA")),
        ] {
            let error = error(status, fixture(sample));
            assert_eq!(
                (error.kind(), error.retry(), error.vendor_code()),
                (kind, Retry::Never, code),
                "{sample}"
            );
        }
        assert!(matches!(outcome(status, fixture("v3_error_access_token.json")), Outcome::RefreshToken(_)));
    }
    for (code, kind) in [
        ("ERR_INVALID_APP_ID", ErrorKind::Config),
        ("ERR_INVALID_BUSINESS_ID", ErrorKind::Config),
        ("ERR_INVALID_DEPOT_ID", ErrorKind::Forbidden),
        ("ERR_BUSINESS_NOT_ENABLE_API", ErrorKind::Forbidden),
        ("ERR_INVALID_VERSION", ErrorKind::Auth),
        ("ERR_EXCEEDED_RATE_LIMIT", ErrorKind::RateLimited),
        ("ERR_ORDER_CARRIER_REJECT", ErrorKind::Rejected),
        ("ERR_NOBODY_KNOWS", ErrorKind::Rejected),
    ] {
        let error = error(200, format!(r#"{{"code":0,"errorCode":"{code}","messages":[]}}"#));
        assert_eq!((error.kind(), error.vendor_code()), (kind, Some(code)));
    }
    assert_eq!(error(200, fixture("v2_token_error.json")).vendor_message(), Some("Invalid accessCode"));
}

#[test]
fn messages_come_as_a_text_a_list_or_fields() {
    let said = |body: &str| error(200, body).vendor_message().map(str::to_owned);
    assert_eq!(said(r#"{"code":0,"messages":"a"}"#).as_deref(), Some("a"));
    assert_eq!(said(r#"{"code":"0","messages":["a","b"]}"#).as_deref(), Some("a; b"));
    assert_eq!(said(r#"{"code":0,"message":"a","messages":[]}"#).as_deref(), Some("a"));
    let error = error(200, fixture("v3_error_invalid_fields.json"));
    assert_eq!(error.fields()["customer.mobile"], ["customer.mobile is required"]);
    assert!(!error.to_string().contains("mobile"), "vendor prose stays out of Display");
}

#[test]
fn what_looks_like_a_failure_and_is_none_is_a_success() {
    for sample in [
        "v2_no_records.json",
        "v3_error_order_history_none.json",
        "v3_success_with_warning.json",
        "v3_customers_empty_page.json",
    ] {
        assert!(matches!(outcome(200, fixture(sample)), Outcome::Success), "{sample}");
    }
    assert!(matches!(outcome(200, r#"{"code":0,"messages":["  no RECORDS "]}"#), Outcome::Success));
    assert!(
        outcome(200, r#"{"code":0,"errorCode":"ERR_403","messages":["No records"]}"#).into_error().is_some()
    );
}

#[test]
fn a_lock_lasts_until_its_end_else_as_long_as_said_else_half_a_minute() {
    let wait = |body: &str| match error(200, body).retry() {
        Retry::After(wait) => wait.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(&text("v3_rate_limited.json")), 10);
    let throttled = |data: &str| format!(r#"{{"code":0,"errorCode":"ERR_429","message":"x","data":{data}}}"#);
    assert_eq!(wait(&throttled(r#"{"lockedSeconds":7,"unlockedAt":1}"#)), 7, "our clock is ahead");
    assert_eq!(wait(&throttled(r#"{"lockedSeconds":"7"}"#)), 7);
    assert_eq!(wait(&throttled("[]")), 30);
    assert_eq!(wait(r#"{"code":0,"messages":"Too Many Requests"}"#), 30);
    assert_eq!(error(429, "").retry(), Retry::After(Duration::from_secs(30)));
}

#[test]
fn absurd_waits_are_a_day_and_the_vendor_s_own_clock_counts() {
    let throttled = |data: &str| format!(r#"{{"code":0,"errorCode":"ERR_429","message":"x","data":{data}}}"#);
    for data in [
        r#"{"lockedSeconds":1000000000000}"#,
        r#"{"lockedSeconds":9223372036854775807}"#,
        r#"{"unlockedAt":253402300799}"#,
        r#"{"unlockedAt":9223372036854775807,"lockedSeconds":99999999}"#,
    ] {
        assert_eq!(error(200, throttled(data)).retry(), Retry::After(Duration::from_secs(86_400)), "{data}");
    }
    for data in [r#"{"lockedSeconds":-5}"#, r#"{"lockedSeconds":"x"}"#, "7", r#"{"unlockedAt":-9}"#] {
        assert_eq!(error(200, throttled(data)).retry(), Retry::After(Duration::from_secs(30)), "{data}");
    }
    let mut headers = HeaderMap::new();
    headers.insert("date", "Fri, 13 Nov 2026 03:00:00 GMT".parse().unwrap());
    let until = datetime!(2026-11-13 3:00:20 UTC).unix_timestamp();
    let body = throttled(&format!(r#"{{"lockedSeconds":7,"unlockedAt":{until}}}"#));
    let error =
        classify_at(&Response::new(200, headers, body), datetime!(2026-11-13 1:00 UTC)).into_error().unwrap();
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(20)));
}

#[test]
fn what_answers_without_the_vendor_s_envelope_is_not_the_vendor() {
    let page = error(404, "<!DOCTYPE html><title>404</title><p>Không tìm thấy");
    assert_eq!(
        (page.kind(), page.status(), page.retry()),
        (ErrorKind::Unavailable, Some(404), Retry::Backoff)
    );
    assert_eq!(page.vendor_message(), Some("404 Không tìm thấy"));
    for status in [401, 403, 404, 410, 502] {
        for body in
            ["", "<html>", r#"{"message":"no Route matched"}"#, r#"{"code":404,"message":"x"}"#, "not found"]
        {
            let error = error(status, body);
            assert_eq!(
                (error.kind(), error.retry()),
                (ErrorKind::Unavailable, Retry::Backoff),
                "{status} {body}"
            );
        }
    }
    assert_eq!(error(200, "<html>").kind(), ErrorKind::Unavailable);
    for (status, body) in
        [(302, ""), (200, "{}"), (200, ""), (200, "[]"), (200, r#"{"data":[]}"#), (200, "null")]
    {
        let error = error(status, body);
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff), "{status} {body}");
    }
    let marked = [b"\xef\xbb\xbf".as_slice(), br#"{"code":1,"data":[]}"#].concat();
    assert!(matches!(outcome(200, marked), Outcome::Success), "a byte order mark");
}

#[tokio::test]
async fn a_success_without_a_list_is_not_the_end_of_one() {
    let fake = Fake::new(|_, _| ok(r#"{"code":1}"#));
    let error = shop(&fake).list_customers(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff));
    let error = shop(&fake).get_customer("7").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "nor does it say that an object is gone");
}

#[test]
fn a_token_of_another_version_says_what_to_do() {
    let error = error(200, r#"{"code":0,"errorCode":"ERR_INVALID_VERSION","messages":[]}"#);
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.to_string().contains("3.0"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_locked_address_is_left_alone_until_the_lock_ends_and_the_others_are_not() {
    let fake = Fake::new(|asked, before| match (asked.path.as_str(), before) {
        ("/v3.0/customer/list", 0) => {
            ok(r#"{"code":0,"errorCode":"ERR_429","message":"x","data":{"lockedSeconds":20}}"#)
        }
        _ => ok(r#"{"code":1,"data":[]}"#),
    });
    let client = shop(&fake).client().clone();
    let params = ListParams::default();
    let (waited, other) = tokio::join!(client.list_customers(&params), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.list_orders(&params).await
    });
    waited.unwrap();
    other.unwrap();
    let asked = fake.asked();
    assert_eq!(paths(&fake), ["/v3.0/customer/list", "/v3.0/order/list", "/v3.0/customer/list"]);
    assert!(asked[2].at - asked[0].at >= Duration::from_secs(20));
    assert!(asked[1].at - asked[0].at < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_a_long_lock_lasts() {
    let fake = Fake::new(|_, before| match before {
        0 => ok(r#"{"code":0,"errorCode":"ERR_429","message":"x","data":{"lockedSeconds":600}}"#),
        _ => ok(r#"{"code":1,"data":[]}"#),
    });
    let client = shop(&fake).client().clone();
    let params = ListParams::default();
    let error = client.list_customers(&params).await.unwrap_err();
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(600)));
    tokio::time::advance(Duration::from_secs(100)).await;
    let error = client.list_customers(&params).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry()),
        (ErrorKind::RateLimited, Retry::After(Duration::from_secs(500)))
    );
    assert_eq!(fake.asked().len(), 1, "a call while the address is locked would make the lock longer");
    tokio::time::advance(Duration::from_secs(490)).await;
    client.list_customers(&params).await.unwrap();
    assert_eq!(fake.asked().len(), 2);
}

#[derive(Debug)]
struct Vault(Mutex<Vec<&'static str>>);

#[async_trait]
impl TokenStore for Vault {
    async fn load(&self) -> pos_core::Result<Secret> {
        let mut tokens = self.0.lock().unwrap();
        let token = if tokens.len() > 1 { tokens.remove(0) } else { tokens[0] };
        Ok(Secret::new(token))
    }
}

#[tokio::test]
async fn a_refused_token_is_read_again_once_from_where_it_is_kept() {
    let fake = Fake::new(|asked, _| match asked.headers["authorization"].to_str().unwrap() {
        "NEW" => ok(r#"{"code":1,"data":[]}"#),
        _ => ok(text("v3_error_access_token.json")),
    });
    let vault = Arc::new(Vault(Mutex::new(vec!["NEW"])));
    let rotated = builder().connection(fake.connection()).token_store(vault).build().unwrap();
    rotated.list_customers(&ListQuery::default()).await.unwrap();
    assert_eq!(fake.asked().len(), 2);

    let dead = builder()
        .connection(fake.connection())
        .token_store(Arc::new(Vault(Mutex::new(vec![TOKEN]))))
        .build()
        .unwrap();
    let error = dead.list_customers(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Auth, 3), "the same token is not tried twice");

    let plain = shop(&fake);
    assert_eq!(plain.list_customers(&ListQuery::default()).await.unwrap_err().kind(), ErrorKind::Auth);
    plain.clone().replace_token("NEW");
    plain.list_customers(&ListQuery::default()).await.unwrap();
}

#[test]
fn a_grant_tells_its_end_and_what_it_opens() {
    let read = |name: &str| -> Grant {
        let body: serde_json::Value = serde_json::from_slice(&fixture(name)).unwrap();
        serde_json::from_value(body["data"].clone()).unwrap()
    };
    let all = read("v3_token_response.json");
    assert_eq!((all.depot_ids.clone(), all.page_ids.clone()), (Granted::All, Granted::All));
    let some = read("v3_checkaccesstoken_response.json");
    assert_eq!(some.depot_ids, Granted::Only(vec!["31101".into(), "31102".into()]));
    assert_eq!((some.page_ids.clone(), some.business_id.as_deref()), (Granted::All, Some("215500")));
    let end = some.expired_at.unwrap();
    assert_eq!(end, datetime!(2027-11-02 16:59:59 UTC));
    assert_eq!(some.warn_from(), Some(datetime!(2027-10-03 16:59:59 UTC)));
    assert_eq!(some.warning(datetime!(2027-10-01 0:00 UTC)), None);
    assert!(some.warning(datetime!(2027-10-05 0:00 UTC)).unwrap().contains("2027-11-02"));
    assert!(some.warning(datetime!(2027-12-05 0:00 UTC)).unwrap().contains("ended"));
    assert_eq!(Grant::old_token_works_until(end) - end, OVERLAP);
    assert!(!format!("{some:?}").contains("FAKE"));
}

#[test]
fn consent_is_asked_for_over_https_and_comes_back_with_a_code_or_without() {
    let app = pos_nhanh::App::new(79001, "APP-SECRET-KEY").unwrap();
    let url = app.consent_url("https://crm.example.com/nhanh?shop=7").unwrap();
    assert_eq!(
        url.as_str(),
        "https://nhanh.vn/oauth?version=3.0&appId=79001&returnLink=https%3A%2F%2Fcrm.example.com%2Fnhanh%3Fshop%3D7"
    );
    assert!(app.consent_url("http://crm.example.com").is_err());
    assert_eq!(access_code("https://crm.example.com/nhanh?shop=7&accessCode=A%2BB").unwrap(), "A+B");
    assert_eq!(access_code("shop=7&accessCode=").unwrap_err().kind(), ErrorKind::Auth);
    assert!(!format!("{app:?}").contains("APP-SECRET"));
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_sent() {
    let blank = || pos_nhanh::Nhanh::builder();
    assert!(blank().build().is_err());
    assert!(blank().app_id(1).business_id(1).build().is_err());
    assert!(builder().connection(Connection::to("http://pos.example.com")).build().is_err());
    assert!(builder().access_token("a b").build().is_err());
    let no_path = Connection { custom_fields: vec!["a..b".into()], ..Connection::default() };
    assert!(builder().connection(no_path).build().is_err());
    let made = builder().build().unwrap();
    assert!(!format!("{made:?} {:?}", builder()).contains("FAKE"));
}

#[tokio::test]
async fn the_check_tells_a_token_that_ends_soon_and_depots_that_it_does_not_see() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/v3.0/app/checkaccesstoken" => {
            ok(text("v3_checkaccesstoken_response.json").replace("1825174799", "1700000000"))
        }
        _ => ok(text("v3_depots.json")),
    });
    let info = shop(&fake).check().await.unwrap();
    assert_eq!((info.account.id(), info.branches.len(), info.warnings.len()), ("215500", 2, 2));
    let other = builder().business_id(1).connection(fake.connection()).build().unwrap();
    let info = other.check().await.unwrap();
    assert_eq!((info.account.id(), other.account().id()), ("215500", "1"), "the vendor's word");
}
