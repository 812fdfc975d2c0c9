//! What answers mean.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Fake, Reply, builder, fixture, ok, server, shop, text};
use http::HeaderMap;
use pos_core::http::Response;
use pos_core::kit::Connection;
use pos_core::webhook::WebhookRequest;
use pos_core::{Connector, Error, ErrorKind, ListQuery, Retry};
use pos_odoo::model::Partner;
use pos_odoo::{Odoo, Protocol, Search, classify_at};
use serde_json::json;
use time::macros::datetime;

fn told(status: u16, body: impl Into<Vec<u8>>) -> Option<Error> {
    classify_at(&Response::new(status, HeaderMap::new(), body.into()), datetime!(2026-11-22 5:00 UTC))
        .into_error()
}

fn error(status: u16, body: impl Into<Vec<u8>>) -> Error {
    told(status, body).unwrap()
}

#[test]
fn the_name_of_an_exception_decides_what_a_refusal_means() {
    use ErrorKind::{Auth, Config, Forbidden, NotFound, Rejected};
    for (status, name, kind) in [
        (401, "json2.error-401-bad-key.json", Auth),
        (401, "json2.error-401-no-key.json", Auth),
        (403, "json2.error-403-access.json", Forbidden),
        (404, "json2.error-404-missing-record.json", NotFound),
        (404, "json2.error-404-model.json", Config),
        (404, "json2.error-404-wrong-db.html", Config),
        (422, "json2.error-422-validation.json", Rejected),
        (500, "json2.error-500-bad-datetime.json", Rejected),
        (500, "json2.error-500-unknown-field.json", Rejected),
        (200, "jsonrpc14.error-access-denied.json", Auth),
        (200, "jsonrpc14.error-missing-record.json", NotFound),
        (200, "jsonrpc14.error-unknown-model.json", Config),
        (200, "jsonrpc14.error-validation.json", Rejected),
        (200, "jsonrpc19.authenticate-failed.json", Auth),
        (200, "jsonrpc19.error-access-denied.json", Auth),
        (200, "jsonrpc19.error-unknown-field.json", Rejected),
        (200, "xmlrpc19.fault-access-denied.xml", Auth),
        (200, "xmlrpc19.fault-validation.xml", Rejected),
    ] {
        let error = error(status, fixture(name));
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Never), "{name}");
        assert_eq!(error.status(), Some(status), "{name}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("Contacts require") && !shown.contains("999999"),
            "vendor prose stays out: {shown}"
        );
    }
    let refused = error(422, fixture("json2.error-422-validation.json"));
    assert_eq!(refused.vendor_code(), Some("odoo.exceptions.ValidationError"));
    assert!(refused.vendor_message().unwrap().contains("Contacts require a name"));
}

#[test]
fn every_other_sample_is_no_error() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut seen = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.contains("error") && !name.contains("fault") && name != "jsonrpc19.authenticate-failed.json"
        {
            assert!(told(200, fixture(&name)).is_none(), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn a_collision_is_worth_another_try_and_a_mistake_of_ours_is_not() {
    let json2 = |name: &str, message: &str| {
        error(
            500,
            json!({"name": name, "message": message, "arguments": [], "context": {}, "debug": "x"})
                .to_string(),
        )
    };
    for name in [
        "psycopg2.errors.SerializationFailure",
        "psycopg2.errors.DeadlockDetected",
        "psycopg2.errors.LockNotAvailable",
    ] {
        let collision = json2(name, "could not serialize access due to concurrent update");
        assert_eq!((collision.kind(), collision.retry()), (ErrorKind::Unavailable, Retry::Backoff), "{name}");
    }
    for name in ["psycopg2.errors.UndefinedFunction", "builtins.TypeError", "builtins.KeyError"] {
        assert_eq!(
            (json2(name, "").kind(), json2(name, "").retry()),
            (ErrorKind::Rejected, Retry::Never),
            "{name}"
        );
    }
    let database = json2("psycopg2.OperationalError", "FATAL:  database \"x\" does not exist");
    assert_eq!(database.kind(), ErrorKind::Config);
    assert_eq!(json2("psycopg2.OperationalError", "the server is gone").retry(), Retry::Backoff);
    assert_eq!(json2("odoo.addons.demo.Broken", "").retry(), Retry::Backoff);
    assert_eq!(json2("Anh Nam 0912000123", "").vendor_code(), None, "prose is no code");
}

#[test]
fn what_stands_before_the_server_is_told_from_it() {
    let busy = Response::new(
        503,
        HeaderMap::from_iter([("retry-after".parse().unwrap(), "7".parse().unwrap())]),
        "<html>",
    );
    let error_of = |response| classify_at(&response, datetime!(2026-11-22 5:00 UTC)).into_error().unwrap();
    assert_eq!(error_of(busy).retry(), Retry::After(Duration::from_secs(7)));
    assert_eq!(error(429, "<html>").kind(), ErrorKind::RateLimited);
    assert_eq!(
        (error(200, "<html>").kind(), error(200, "<html>").retry()),
        (ErrorKind::Decode, Retry::Backoff)
    );
    assert_eq!(error(302, "").kind(), ErrorKind::Config);
    assert_eq!(error(415, "<html>").retry(), Retry::Never);
    assert_eq!(error(502, "").kind(), ErrorKind::Unavailable);
    assert_eq!(error(403, "<html>").retry(), Retry::Backoff);
}

#[test]
fn settings_are_checked_before_anything_is_sent() {
    let kind = |builder: pos_odoo::OdooBuilder| builder.build().unwrap_err().kind();
    assert_eq!(kind(Odoo::builder().api_key("k")), ErrorKind::Config);
    assert_eq!(kind(Odoo::builder().site("mau.example.vn").api_key(" ")), ErrorKind::Config);
    assert_eq!(kind(builder().site("http://mau.example.vn")), ErrorKind::Config);
    assert_eq!(kind(builder().company(0)), ErrorKind::Config);
    let shop = builder().site("mau.example.vn:8069/erp/").build().unwrap();
    assert_eq!(shop.account().id(), "possync@mau.example.vn:8069/erp");
    assert!(!format!("{:?} {shop:?}", builder()).contains(common::KEY));
}

#[tokio::test]
async fn a_server_of_19_is_asked_once_for_its_version_and_fields() {
    let fake = server(|_| ok("[]"));
    let shop = shop(&fake);
    assert_eq!(shop.client().server().await.unwrap().protocol, Protocol::Json2);
    for _ in 0..2 {
        shop.client().search::<Partner>(Search::default()).await.unwrap();
    }
    let lines =
        ["GET /web/version", "POST /json/2/res.partner/fields_get", "POST /json/2/res.partner/search_read"];
    assert_eq!(fake.lines(), [&lines[..], &lines[2..]].concat());
    let asked = fake.last(lines[2]);
    assert_eq!(asked.headers["authorization"], format!("bearer {}", common::KEY));
    assert_eq!(asked.headers["x-odoo-database"], "possync");
    assert!(!fake.asked()[0].headers.contains_key("authorization"), "the page of the version needs no key");
    let body = asked.json();
    assert_eq!((&body["order"], &body["context"]["active_test"]), (&json!("id asc"), &json!(false)));
    let fields: Vec<&str> =
        body["fields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(fields.contains(&"phone") && !fields.contains(&"mobile"), "{fields:?}");
}

/// A server of version 14.
fn old(uid: &'static str) -> std::sync::Arc<Fake> {
    Fake::new(move |asked, _| {
        if asked.path != "/jsonrpc" {
            return Reply::Answer(404, "<html>".into());
        }
        let body = asked.json();
        let (params, result) =
            (&body["params"], |value: &str| ok(format!(r#"{{"jsonrpc":"2.0","id":1,"result":{value}}}"#)));
        match (params["method"].as_str().unwrap(), params["args"][4].as_str()) {
            ("version", _) => {
                result(r#"{"server_version":"14.0","server_version_info":[14,0,0,"final",0,""]}"#)
            }
            ("authenticate", _) => result(uid),
            (_, Some("fields_get")) if params["args"][3] == "res.partner" => {
                result(r#"{"name":{},"mobile":{},"phone":{}}"#)
            }
            (_, Some("fields_get")) => ok(text("jsonrpc14.error-unknown-model.json")),
            _ => ok(text("jsonrpc14.partners.page.json")),
        }
    })
}

#[tokio::test]
async fn an_older_server_is_reached_by_json_rpc_with_its_own_fields() {
    let fake = old("2");
    let shop = shop(&fake);
    let list = shop.client().search::<Partner>(Search::default().with_limit(3)).await.unwrap();
    assert_eq!(list.data[1].mobile.as_deref(), Some("84912888002"));
    let params = fake.last("POST /jsonrpc").json()["params"].clone();
    assert_eq!((&params["service"], &params["method"]), (&json!("object"), &json!("execute_kw")));
    let args = &params["args"];
    assert_eq!(
        [&args[0], &args[1], &args[3], &args[4], &args[5]],
        [&json!("possync"), &json!(2), &json!("res.partner"), &json!("search_read"), &json!([])]
    );
    assert_eq!(
        (&args[6]["fields"], &args[6]["limit"]),
        (&json!(["id", "name", "phone", "mobile"]), &json!(3))
    );
    // Neither sales nor tills: the list is empty, and that is the truth.
    let orders =
        shop.list_documents(pos_core::record::DocumentKind::Order, &ListQuery::default()).await.unwrap();
    assert!(orders.records.is_empty() && orders.next.is_none());
}

#[tokio::test]
async fn a_refused_login_and_a_missing_one_are_told_apart() {
    let error = shop(&old("false")).client().server().await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Auth, Retry::Never));
    let fake = old("2");
    let shop = Odoo::builder().site(common::SITE).api_key("k").connection(fake.connection()).build().unwrap();
    let error = shop.client().server().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("database and login"), "{error}");
}

#[tokio::test]
async fn an_updated_server_is_asked_anew() {
    let fake = server(|call| match call.before {
        0 => Reply::Answer(500, text("json2.error-500-unknown-field.json")),
        _ => ok("[]"),
    });
    let shop = shop(&fake);
    assert_eq!(
        shop.client().search::<Partner>(Search::default()).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
    shop.client().search::<Partner>(Search::default()).await.unwrap();
    assert_eq!(fake.lines().iter().filter(|line| *line == "GET /web/version").count(), 2);
}

#[test]
fn a_shop_is_opened_by_its_settings() {
    let open = |filled: &[(&str, &str)]| {
        pos_odoo::ENTRY.connect(&filled.iter().copied().collect(), Connection::default())
    };
    let all = [
        ("site", "mau.example.vn"),
        ("database", "possync"),
        ("login", "bot"),
        ("api_key", "k"),
        ("webhook_secret", "test-secret-f4f1"),
        ("language", "vi_VN"),
        ("company", "1"),
        ("delivery_product", "7"),
        ("discount_product", "8"),
    ];
    assert_eq!(pos_odoo::ENTRY.form.fields.len(), all.len());
    let shop = open(&all).unwrap();
    assert_eq!((shop.vendor().as_str(), shop.account().id()), ("odoo", "possync@mau.example.vn"));
    let (headers, now) = (HeaderMap::new(), datetime!(2026-11-22 5:00 UTC));
    let request = WebhookRequest::new(&headers, b"{}", now).with_url("/hooks?token=test-secret-f4f1");
    assert!(shop.webhooks().unwrap().verify(&request).is_ok());
    assert!(open(&all[..1]).unwrap_err().to_string().ends_with("Odoo: api_key is missing"));
    let error =
        open(&[("site", "mau.example.vn"), ("api_key", "k"), ("company", "x 0912000123")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("company") && !format!("{error:?}").contains("0912"), "{error}");
}
