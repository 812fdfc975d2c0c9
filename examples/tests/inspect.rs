//! `inspect` as a support engineer runs it.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn fixture(name: &str) -> String {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/pos-kiotviet/tests/fixtures");
    fixtures.join(name).to_str().unwrap().to_owned()
}

fn inspect(arguments: &[&str], input: Option<&[u8]>) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_inspect"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.unwrap_or_default()).unwrap();
    child.wait_with_output().unwrap()
}

fn answer(arguments: &[&str], input: Option<&[u8]>) -> Value {
    let output = inspect(arguments, input);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.trim_end().lines().count(), 1, "one object and nothing else");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn records_are_shown_in_the_common_model() {
    let file = fixture("customers_page1.json");
    let seen = answer(&["kiotviet", "records", "customers", &file], None);
    assert_eq!((&seen["vendor"], &seen["stream"]), (&Value::from("kiotviet"), &Value::from("customers")));
    assert_eq!(seen["removed"], serde_json::json!(["1030440900", "1030440901"]));
    assert_eq!(
        (&seen["total"], &seen["more"], &seen["next"]),
        (&Value::from(5), &Value::from(true), &Value::Null)
    );
    let lan = &seen["records"][0];
    assert_eq!(lan["id"], "1030450011");
    assert_eq!(lan["phones"][0]["e164"], "+84901234511");
    assert_eq!((&lan["debt"], &lan["birth_date"]), (&Value::from("350000"), &Value::from("1991-04-17")));
    assert_eq!(lan["updated_at"], "2026-05-11T02:41:03.153Z");
    assert_eq!(
        (&seen["records"][2]["identity"], &seen["records"][2]["name"]),
        (&Value::from("masked"), &Value::Null)
    );
}

#[test]
fn every_sample_has_an_answer() {
    for (stream, names) in [
        (
            "customers",
            &["customers_page2_last", "customers_empty_page", "customers_removed_variant", "customer_detail"]
                [..],
        ),
        (
            "customers",
            &[
                "customer_create_response_plain",
                "customer_create_response_wrapped",
                "customer_delete_response",
            ],
        ),
        ("orders", &["orders_page", "order_detail_full"]),
        ("invoices", &["invoices_page", "invoice_detail_full"]),
        ("products", &["products_page"]),
        ("categories", &["categories_page"]),
        ("branches", &["branches_page"]),
        ("users", &["users_page"]),
    ] {
        for name in names {
            let seen = answer(&["kiotviet", "records", stream, &fixture(&format!("{name}.json"))], None);
            let rejected = seen["rejected"].as_array().unwrap().len();
            assert_eq!(rejected, usize::from(*name == "customer_delete_response"), "{name}");
        }
    }
}

#[test]
fn a_body_that_is_no_answer_is_said_to_be_none() {
    let seen = answer(&["kiotviet", "records", "orders", "-"], Some(b"<html>"));
    assert_eq!(seen["records"], serde_json::json!([]));
    assert_eq!(seen["rejected"].as_array().unwrap().len(), 1);
}

#[test]
fn a_webhook_is_verified_and_read() {
    let (body, headers) =
        (fixture("webhook_order_update.json"), fixture("webhook_order_update.headers.json"));
    let run = |secret: &[&str]| {
        let mut arguments = vec!["kiotviet", "webhook", &body, "--headers", &headers];
        arguments.extend(secret);
        answer(&arguments, None)
    };
    let seen = run(&["--secret", "an-old-one", "--secret", "test-secret-f4f1"]);
    assert_eq!((&seen["verified"], &seen["reason"]), (&Value::from(true), &Value::Null));
    assert_eq!(seen["delivery_id"], "71676945-a9ef-4ca0-aff6-856731f30003");
    assert_eq!((&seen["tenant"], &seen["attempt"]), (&Value::from("500987654"), &Value::from(1)));
    let event = &seen["events"][0];
    assert_eq!(
        (&event["kind"], &event["stream"], &event["topic"]),
        (&"upsert".into(), &"orders".into(), &"order.update".into())
    );
    assert_eq!(
        (&event["ids"], &event["related"]),
        (&serde_json::json!(["24102572"]), &serde_json::json!([]))
    );
    assert_eq!((&event["record"]["total"], &event["record"]["incomplete"]), (&"590000".into(), &true.into()));
    let refused = run(&["--secret", "wrong-secret"]);
    assert_eq!((&refused["verified"], &refused["events"]), (&Value::from(false), &serde_json::json!([])));
    assert!(refused["reason"].is_string());
    assert!(!refused.to_string().contains("wrong-secret"));
    assert_eq!(run(&[])["verified"], false);
}

#[test]
fn every_signed_sample_is_verified() {
    let fixtures = std::fs::read_dir(fixture(".")).unwrap();
    let mut seen = 0;
    for name in fixtures.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let Some(stem) = name.strip_suffix(".headers.json") else { continue };
        let (body, headers) = (fixture(&format!("{stem}.json")), fixture(&name));
        let delivery = answer(
            &["kiotviet", "webhook", &body, "--headers", &headers, "--secret", "test-secret-f4f1"],
            None,
        );
        assert_eq!(delivery["verified"], true, "{name}");
        assert_eq!(delivery["events"].as_array().unwrap().len(), 1, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[test]
fn errors_say_what_to_do_next() {
    let run =
        |name: &str, status: &str| answer(&["kiotviet", "error", &fixture(name), "--status", status], None);
    for (name, status, kind, retry) in [
        ("error_420_not_found.json", "420", "not_found", "never"),
        ("error_420_validation.json", "420", "rejected", "never"),
        ("error_420_permission.json", "420", "forbidden", "never"),
        ("error_401_token.json", "401", "auth", "never"),
        ("token_error_invalid_client.json", "400", "auth", "never"),
        ("error_429_throttled.json", "429", "rate_limited", "backoff"),
        ("customers_empty_page.json", "200", "ok", "never"),
        ("customers_empty_page.json", "503", "unavailable", "backoff"),
    ] {
        let seen = run(name, status);
        assert_eq!((&seen["kind"], &seen["retry"]), (&Value::from(kind), &Value::from(retry)), "{name}");
        assert_eq!(seen["status"].to_string(), status);
    }
    assert_eq!(run("error_420_validation.json", "420")["code"], "KvValidateCustomerException");
    assert_eq!(run("error_420_validation.json", "420")["message"], "Mã khách hàng đã tồn tại");

    let headers = std::env::temp_dir().join(format!("inspect-headers-{}.json", std::process::id()));
    std::fs::write(&headers, r#"{"headers":{"Retry-After":"Wed, 13 May 2026 01:00:30 GMT"}}"#).unwrap();
    let seen = answer(
        &[
            "kiotviet",
            "error",
            &fixture("error_429_throttled.json"),
            "--status",
            "429",
            "--headers",
            headers.to_str().unwrap(),
            "--now",
            "2026-05-13T01:00:00Z",
        ],
        None,
    );
    std::fs::remove_file(&headers).unwrap();
    assert_eq!((&seen["retry"], &seen["after_seconds"]), (&Value::from("after"), &Value::from(30.0)));
}

#[test]
fn phone_numbers_are_read_line_by_line_with_the_blanks_around_them() {
    let input = "0168 234 5678\n  0912000123 \r\n0912 000 123 / 0987 000 456\n091****123\n\nLan";
    let output = inspect(&["phone", "-"], Some(input.as_bytes()));
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(
        lines[0],
        serde_json::json!({"input":"0168 234 5678","phones":[{"e164":"+84382345678","kind":"mobile","migrated":true,"is_key":true}],"reason":null})
    );
    assert_eq!(lines[1]["input"], "  0912000123 ");
    assert_eq!(lines[2]["phones"].as_array().unwrap().len(), 2);
    for line in &lines[3..] {
        assert_eq!(line["phones"], serde_json::json!([]));
        assert!(line["reason"].is_string(), "{line}");
    }
}

#[test]
fn what_a_flow_sent_is_proven_by_headers_and_read_with_its_ticket() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/pos-manychat/tests/fixtures");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (body, headers) =
        (file("external_request_full_contact_data.json"), file("external_request.headers.json"));
    let run = |more: &[&str]| {
        let mut arguments = vec!["manychat", "webhook", &body, "--headers", &headers];
        arguments.extend(["--secret", "test-secret-f4f1", "--require-header"]);
        arguments.extend(more);
        answer(&arguments, None)
    };
    let seen = run(&["x-store-id=store-42"]);
    assert_eq!((&seen["verified"], &seen["tenant"]), (&true.into(), &"104430000000821".into()));
    let [person, ticket] = seen["events"].as_array().unwrap().as_slice() else { panic!("{seen}") };
    assert_eq!((&person["stream"], &person["refetch"]), (&"customers".into(), &true.into()));
    assert_eq!((&ticket["stream"], &ticket["refetch"]), (&"tickets".into(), &false.into()));
    assert_eq!(
        (&ticket["record"]["type"], &ticket["record"]["key"]),
        (&"Bảo hành".into(), &"DH-1001".into())
    );
    assert_eq!(ticket["record"]["contact"]["phones"][0]["e164"], "+84912345101");
    assert_eq!(run(&["x-store-id=store-43"])["verified"], false);
    let seen = answer(&["manychat", "records", "tickets", &body], None);
    assert_eq!(seen["records"][0]["id"], ticket["record"]["id"]);
    let seen = answer(&["manychat", "records", "customers", &file("api_get_info_response.json")], None);
    assert_eq!(seen["records"][0]["birth_date"], "1995-08-20");
    let seen =
        answer(&["manychat", "error", &file("api_error_validation_400.json"), "--status", "400"], None);
    assert_eq!((&seen["kind"], &seen["retry"]), (&"rejected".into(), &"never".into()));
    assert_eq!(seen["fields"]["details"][0], "Phone is not valid");
}

#[test]
fn a_wrong_call_ends_with_two_and_prints_no_answer() {
    let file = fixture("customers_page1.json");
    for arguments in [
        &[][..],
        &["kiotviet"],
        &["kiotviet", "dance"],
        &["kiotviet", "records", "dreams", &file],
        &["kiotviet", "records", "customers"],
        &["kiotviet", "records", "customers", "/does/not/exist"],
        &["kiotviet", "records", "customers", &file, "--api", "v3"],
        &["kiotviet", "webhook", &file],
        &["kiotviet", "error", &file],
        &["kiotviet", "error", &file, "--status", "many"],
        &["kiotviet", "error", &file, "--status", "420", "--now", "today"],
        &["kiotviet", "callback", "a=b", "--secret", "s", "--now", "1"],
        &["shopware", "records", "customers", &file],
        &["phone"],
    ] {
        let output = inspect(arguments, None);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_is_an_answer() {
    for arguments in [&["--help"][..], &["-h"], &["kiotviet", "webhook", "--help"]] {
        let output = inspect(arguments, None);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("--received-at"), "{arguments:?}");
    }
}

#[test]
fn a_wrong_word_is_answered_with_the_right_one() {
    let file = fixture("customers_page1.json");
    for (arguments, right) in [
        (&["kiotvet", "records", "customers", &file][..], "kiotviet"),
        (&["kiotviet", "recrods", "customers", &file], "records"),
        (&["kiotviet", "records", "costumers", &file], "customers"),
        (&["kiotviet", "error", &file, "--statsu", "420"], "--status"),
        (&["kiotviet", "error", &file, "--status", "420", "--now", "01/11/2026"], "2026-11-20T08:30:00Z"),
    ] {
        let said = String::from_utf8(inspect(arguments, None).stderr).unwrap();
        assert!(said.contains(right), "{arguments:?}: {said}");
    }
}
