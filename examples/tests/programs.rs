//! The programs as a newcomer meets them: help, mistakes, interruptions.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Command, Output};

use pos_testkit::kiotviet::{Sandbox, SandboxOptions};

const LIVE: &str = env!("CARGO_BIN_EXE_live");
const QUICKSTART: &str = env!("CARGO_BIN_EXE_quickstart");

fn run(program: &str, folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.args(words).current_dir(folder).env_clear().envs(environment.iter().copied());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A shop that nobody can reach: a port that was free a moment ago.
fn nowhere() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{free}/")
}

#[test]
fn help_is_printed_and_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for program in [LIVE, QUICKSTART] {
        for words in [&["--help"][..], &["-h"], &["--db", "x.db", "--help"]] {
            let output = run(program, folder.path(), words, &[]);
            assert_eq!(output.status.code(), Some(0), "{program} {words:?}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("--db FILE"), "{program} {words:?}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "help makes no files");
}

/// What is left of `--help | head -3`: nobody takes the rest.
#[test]
#[cfg(target_os = "linux")]
fn help_that_nobody_reads_to_its_end_is_no_failure() {
    for program in [LIVE, QUICKSTART, env!("CARGO_BIN_EXE_inspect")] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = Command::new(program).arg("--help").stdout(full).output().unwrap();
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""), "{program}");
    }
}

#[test]
fn a_wrong_call_ends_with_two_and_says_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    for (program, words, parts) in [
        (QUICKSTART, &["--vendr", "all"][..], &["--vendr", "did you mean --vendor?"][..]),
        (QUICKSTART, &["--vendor", "haravn"], &["--vendor", "did you mean haravan?"]),
        (QUICKSTART, &["--db"], &["--db needs a file"]),
        (LIVE, &["kiotviet", "--since", "01/11/2026"], &["--since", "2026-11-01"]),
        (LIVE, &["kiotviet"], &["KIOTVIET_RETAILER", "KIOTVIET_CLIENT_SECRET", "not set"]),
        (LIVE, &["sapo"], &["SAPO_STORE", "or SAPO_STORE, SAPO_ACCESS_TOKEN"]),
    ] {
        let output = run(program, folder.path(), words, &[]);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        for part in parts {
            assert!(said(&output).contains(part), "{words:?}: {}", said(&output));
        }
    }
}

#[test]
fn quickstart_deletes_no_file_that_was_named_or_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("crm.db");
    std::fs::write(&own, b"mine").unwrap();
    let output = run(QUICKSTART, folder.path(), &["--db", "crm.db"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--keep"), "{}", said(&output));
    assert_eq!(std::fs::read(&own).unwrap(), b"mine");

    // A file by the default name that somebody else made.
    let other = folder.path().join("quickstart.db");
    std::fs::write(&other, b"mine too, and no database at all").unwrap();
    let output = run(QUICKSTART, folder.path(), &[], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("quickstart.db"), "{}", said(&output));
    assert_eq!(std::fs::read(&other).unwrap(), b"mine too, and no database at all");
}

#[test]
fn no_network_names_the_host_and_the_cause_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = nowhere();
    let environment = [
        ("PANCAKE_API_KEY", "0123456789abcdef"),
        ("PANCAKE_SHOP_ID", "4242"),
        ("PANCAKE_BASE_URL", url.as_str()),
    ];
    let output = run(LIVE, folder.path(), &["pancake"], &environment);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    assert!(said.matches(host).count() >= 2, "once at the first failure, once at the end: {said}");
    assert!(said.contains("trying again") && said.to_lowercase().contains("refused"), "{said}");
    assert!(said.contains("run the same command again"), "{said}");
    assert!(!said.contains("0123456789abcdef"), "{said}");
}

async fn sandbox() -> (Sandbox, Vec<(&'static str, String)>) {
    let options = SandboxOptions::default().with_customers(60).with_documents(20, 20);
    let sandbox = Sandbox::start(options).await.unwrap();
    let environment = vec![
        ("KIOTVIET_RETAILER", sandbox.retailer().to_owned()),
        ("KIOTVIET_CLIENT_ID", sandbox.client_id().to_owned()),
        ("KIOTVIET_CLIENT_SECRET", sandbox.client_secret().to_owned()),
        ("KIOTVIET_BASE_URL", sandbox.base_url().to_string()),
        ("KIOTVIET_TOKEN_URL", sandbox.token_url().to_string()),
    ];
    (sandbox, environment)
}

async fn live(folder: &Path, words: &[&str], environment: &[(&'static str, String)]) -> Output {
    let (folder, words) = (folder.to_owned(), words.iter().map(ToString::to_string).collect::<Vec<_>>());
    let environment = environment.to_vec();
    tokio::task::spawn_blocking(move || {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run(LIVE, &folder, &words, &environment)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_in_the_one_file_after_the_program_ended() {
    let (_sandbox, environment) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let output = live(folder.path(), &["kiotviet"], &environment).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let files: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-shm"))
        .filter(|name| std::fs::metadata(folder.path().join(name)).unwrap().len() > 0)
        .collect();
    assert!(!files.iter().any(|name| name.ends_with("-wal")), "{files:?}");
    let copy = folder.path().join("copy.db");
    std::fs::copy(folder.path().join("crm.db"), &copy).unwrap();
    let store = pos_store_sqlite::SqliteStore::open(&copy).unwrap();
    assert!(pos_sync::Browse::size(&store).await.unwrap().contacts > 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_at_a_shop_are_told_with_what_to_do() {
    let (_sandbox, environment) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("foreign.db"), vec![7u8; 8192]).unwrap();
    std::fs::write(folder.path().join("order.json"), r#"{"reference":"A","line":[]}"#).unwrap();
    for (words, parts) in [
        (&["kiotviet", "--db", "foreign.db"][..], &["foreign.db", "--db"][..]),
        (&["kiotviet", "--db", "no/such/crm.db"], &["no/such/crm.db", "no folder no/such"]),
        (&["kiotviet", "--branch", "4711"], &["no branch 4711", "it has"]),
        (&["kiotviet", "--push", "--order", "missing.json"], &["missing.json"]),
        (&["kiotviet", "--push", "--order", "order.json"], &["order.json", "`line`", "did you mean lines?"]),
        (&["kiotviet", "--push", "--contact", "nobody"], &["no contact nobody"]),
    ] {
        let output = live(folder.path(), words, &environment).await;
        assert_eq!(output.status.code(), Some(1), "{words:?}: {}", said(&output));
        for part in parts {
            assert!(said(&output).contains(part), "{words:?}: {}", said(&output));
        }
    }
    let mut refused = environment.clone();
    refused[2].1 = "another-secret".to_owned();
    let output = live(folder.path(), &["kiotviet", "--db", "new.db"], &refused).await;
    assert_eq!(output.status.code(), Some(1));
    for part in ["Connect the shop again", "KIOTVIET_CLIENT_SECRET"] {
        assert!(said(&output).contains(part), "{}", said(&output));
    }
    assert!(!said(&output).contains("another-secret"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interruption_is_no_success_and_loses_nothing() {
    let mut options = SandboxOptions::default().with_customers(3_000).with_documents(10, 10);
    options.latency = Some(std::time::Duration::from_millis(200));
    let sandbox = Sandbox::start(options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(LIVE)
        .args(["kiotviet", "--stream", "customers"])
        .current_dir(folder.path())
        .env("KIOTVIET_RETAILER", sandbox.retailer())
        .env("KIOTVIET_CLIENT_ID", sandbox.client_id())
        .env("KIOTVIET_CLIENT_SECRET", sandbox.client_secret())
        .env("KIOTVIET_BASE_URL", sandbox.base_url().as_str())
        .env("KIOTVIET_TOKEN_URL", sandbox.token_url().as_str())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Until some pages were asked for.
    for _ in 0..600 {
        if sandbox.request_count() > 8 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("goes on from there"), "{}", said(&output));
    assert!(folder.path().join("crm.db").exists());
}
