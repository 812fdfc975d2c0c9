//! The OAuth flow of public apps.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Fake, Reply, fixture, ok};
use pos_core::ErrorKind;
use pos_core::webhook::{Refusal, hex, hmac_sha256};
use pos_sapo::{OAuthApp, StoreHost};
use time::OffsetDateTime;

const AT: i64 = 1_781_776_915;

fn app() -> OAuthApp {
    OAuthApp::new("key-mau", "test-secret-f4f1", "https://crm.example.com/sapo/return")
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// A query with these parameters, signed.
fn signed(message: &str, secret: &str) -> String {
    format!("{message}&hmac={}", hex(&hmac_sha256(secret.as_bytes(), message.as_bytes())).to_uppercase())
}

#[test]
fn every_sample_is_judged_rightly() {
    let samples: serde_json::Value = serde_json::from_slice(&fixture("web_oauth_callbacks.json")).unwrap();
    for sample in samples["callbacks"].as_array().unwrap() {
        let outcome = app().verify_callback(sample["query"].as_str().unwrap(), at(AT + 5));
        assert_eq!(outcome.is_ok(), sample["valid"].as_bool().unwrap(), "{}", sample["name"]);
        if let Ok(callback) = outcome {
            assert_eq!(callback.store.as_str(), "gom-lam-demo.mysapo.net");
            assert!(!format!("{callback:?}").contains("a1b2c3d4"), "the code is a secret");
        }
    }
}

#[test]
fn a_plus_that_became_a_blank_is_read() {
    let samples: serde_json::Value = serde_json::from_slice(&fixture("web_oauth_callbacks.json")).unwrap();
    let query = samples["callbacks"][0]["query"].as_str().unwrap();
    for query in
        [query.replace("%2F", "/"), query.replace("%2B", "+").replace("%3D", "="), format!("?{query}")]
    {
        // Only the bytes of the proof change their writing.
        assert!(app().verify_callback(&query, at(AT)).is_ok(), "{query}");
    }
}

#[test]
fn the_time_the_store_and_the_parameters_are_checked() {
    let good = "code=abc&state=n0nce&store=a.mysapo.net&timestamp=1781776915";
    let callback = app().verify_callback(&signed(good, "test-secret-f4f1"), at(AT)).unwrap();
    assert_eq!(callback.state.as_deref(), Some("n0nce"));
    // The vendor's library signs three parameters only.
    let three = signed("code=abc&store=a.mysapo.net&timestamp=1781776915", "test-secret-f4f1");
    let appended = app().verify_callback(&format!("{three}&state=n0nce"), at(AT)).unwrap();
    assert_eq!(appended.state, None, "anybody may have put it there");
    let storeless = signed("code=abc&timestamp=1781776915", "test-secret-f4f1");
    assert!(app().verify_callback(&format!("{storeless}&shop=b.mysapo.net"), at(AT)).is_err());
    for late in [AT - 301, AT + 301] {
        assert_eq!(
            app().verify_callback(&signed(good, "test-secret-f4f1"), at(late)).unwrap_err(),
            Refusal::Stale
        );
    }
    assert!(
        app()
            .with_freshness(std::time::Duration::from_secs(3600))
            .verify_callback(&signed(good, "test-secret-f4f1"), at(AT + 301))
            .is_ok()
    );
    assert!(app().with_secret("new").verify_callback(&signed(good, "new"), at(AT)).is_ok());
    for foreign in [
        "evil.example.com",
        "a.mysapo.net.example.com",
        "mysapo.net",
        "a",
        "a.mysapo.net/x",
        "a.b.mysapo.net",
    ] {
        let query = signed(&format!("code=abc&store={foreign}&timestamp=1781776915"), "test-secret-f4f1");
        assert!(matches!(app().verify_callback(&query, at(AT)), Err(Refusal::Malformed(_))), "{foreign}");
    }
    for (query, refusal) in [
        ("code=a&store=a.mysapo.net&timestamp=1".to_owned(), Refusal::Unsigned("hmac parameter")),
        (format!("{good}&hmac=abc"), Refusal::MalformedProof("hmac parameter")),
        (signed(good, "other"), Refusal::BadProof("hmac parameter")),
    ] {
        assert_eq!(app().verify_callback(&query, at(AT)).unwrap_err(), refusal);
    }
    let twice = format!("{}&store=b.mysapo.net", signed(good, "test-secret-f4f1"));
    assert!(app().verify_callback(&twice, at(AT)).is_err());
    // A value that carries another parameter is not that parameter.
    let posing = format!(
        "code=abc%26store%3Da.mysapo.net%26timestamp%3D1781776915&hmac={}",
        hex(&hmac_sha256(b"test-secret-f4f1", b"code=abc&store=a.mysapo.net&timestamp=1781776915"))
    );
    assert!(app().verify_callback(&posing, at(AT)).is_err());
    assert!(
        OAuthApp::new("k", "", "r").verify_callback(&signed(good, ""), at(AT)).is_err(),
        "no secret proves nothing"
    );
}

#[test]
fn the_owner_is_sent_to_the_store() {
    let store: StoreHost = "gom-lam-demo".parse().unwrap();
    let url = app().authorize_url(&store, &["read_orders", "write_customers"], "n0nce").unwrap();
    assert_eq!(
        url.as_str(),
        "https://gom-lam-demo.mysapo.net/admin/oauth/authorize?client_id=key-mau&scope=read_orders%2Cwrite_customers&redirect_uri=https%3A%2F%2Fcrm.example.com%2Fsapo%2Freturn&state=n0nce"
    );
}

#[tokio::test]
async fn a_code_is_given_for_a_token_once() {
    for (store, body) in [
        ("a.mysapo.net", r#"{"client_id":"key-mau","client_secret":"test-secret-f4f1","code":"abc"}"#),
        ("a.mysapogo.com", "client_id=key-mau&client_secret=test-secret-f4f1&code=abc"),
    ] {
        let fake = Fake::new(|_, before| match before {
            0 => ok(String::from_utf8(fixture("web_token_response.json"))
                .unwrap()
                .replace(',', ", ")
                .replace("_orders, ", "_orders ")),
            _ => Reply::Answer(400, r#"{"error":"invalid_request","error_description":"used"}"#.into()),
        });
        let app = app().with_transport(fake.clone());
        let callback = app
            .verify_callback(
                &signed(&format!("code=abc&store={store}&timestamp={AT}"), "test-secret-f4f1"),
                at(AT),
            )
            .unwrap();
        let token = app.exchange(&callback).await.unwrap();
        assert_eq!(token.access_token.expose(), "f0e1d2c3b4a5968778695a4b3c2d1e0f");
        assert_eq!(token.scopes.len(), 5, "commas and blanks: {:?}", token.scopes);
        assert!(!format!("{token:?} {app:?}").contains("f0e1d2"));
        let asked = fake.last("POST /admin/oauth/access_token");
        let sorted = |text: &str| {
            let mut all: Vec<char> = text.chars().collect();
            all.sort_unstable();
            all
        };
        assert_eq!(sorted(&asked.body), sorted(body));
        let error = app.exchange(&callback).await.unwrap_err();
        assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Auth, Some("invalid_request")));
    }
}
