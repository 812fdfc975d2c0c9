//! A sync that is killed again and again ends where one that was left alone ends.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pos_core::record::{Account, DocumentKind, Stream, Vendor};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Browse, ContactQuery};
use pos_testkit::kiotviet::{Sandbox, SandboxOptions};

fn start(sandbox: &Sandbox, db: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_live"))
        .args(["kiotviet", "--policy", "overwrite", "--db"])
        .arg(db)
        .env("KIOTVIET_RETAILER", sandbox.retailer())
        .env("KIOTVIET_CLIENT_ID", sandbox.client_id())
        .env("KIOTVIET_CLIENT_SECRET", sandbox.client_secret())
        .env("KIOTVIET_BASE_URL", sandbox.base_url().as_str())
        .env("KIOTVIET_TOKEN_URL", sandbox.token_url().as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn row<T: serde::Serialize>(row: &T) -> String {
    pos_testkit::state_of(serde_json::to_value(row).unwrap())
}

/// Everything that a merchant sees, as text: contacts with their records, documents with their ledger rows, entries.
async fn content(db: &Path, sandbox: &Sandbox) -> BTreeMap<String, String> {
    let store = SqliteStore::open(db).unwrap();
    let account = Account::new(Vendor::new("kiotviet"), sandbox.retailer());
    let mut content = BTreeMap::new();
    let mut after = None;
    loop {
        let contacts = store.contacts(&ContactQuery::page(after.clone(), 200)).await.unwrap();
        let Some(last) = contacts.last() else { break };
        after = Some(last.id.clone());
        for contact in contacts {
            let records = store.subjects(&contact.id).await.unwrap();
            let totals = store.totals(&contact.id).await.unwrap();
            let text = row(&(&contact, &records));
            content.insert(contact.id.to_string(), format!("{text} {totals:?}"));
        }
    }
    for (stream, kind) in [
        (Stream::Orders, DocumentKind::Order),
        (Stream::Invoices, DocumentKind::Invoice),
        (Stream::Returns, DocumentKind::Return),
    ] {
        for id in sandbox.ids(stream) {
            let id = crm_merge::DocumentId::new(account.clone(), kind, id.to_string());
            let document = store.document(&id).await.unwrap();
            content.insert(id.to_string(), row(&document));
        }
    }
    for stream in [Stream::Branches, Stream::Users, Stream::Categories, Stream::Products] {
        for entry in store.entries(&account, stream, None, 1000).await.unwrap() {
            content.insert(format!("{stream}/{}", entry.id), row(&entry));
        }
    }
    content.insert("size".into(), format!("{:?}", store.size().await.unwrap()));
    content
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_points_it_ends_as_if_left_alone() {
    let options = SandboxOptions::default().with_customers(900).with_documents(700, 900);
    let sandbox = Sandbox::start(options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();

    let undisturbed = folder.path().join("undisturbed.db");
    let begun = std::time::Instant::now();
    assert!(start(&sandbox, &undisturbed).wait().unwrap().success());
    let whole = begun.elapsed();
    let expected = content(&undisturbed, &sandbox).await;
    assert!(expected.len() > 2_000, "{}", expected.len());

    // Kill points are spread over the whole run by a plain generator: reproducible, and different every time.
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut kills = 0;
    // At least four databases and eight kills; a machine that got faster meanwhile needs more databases for that.
    for round in 0..12 {
        if round >= 4 && kills >= 8 {
            break;
        }
        let db = folder.path().join(format!("killed-{round}.db"));
        let mut finished = false;
        for _ in 0..60 {
            let mut child = start(&sandbox, &db);
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let share = 0.05 + (state >> 40) as f64 / (1u64 << 24) as f64 * 0.6;
            tokio::time::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share)).await;
            match child.try_wait().unwrap() {
                Some(status) => {
                    assert!(status.success(), "the sync failed by itself");
                    finished = true;
                    break;
                }
                None => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    kills += 1;
                }
            }
        }
        if !finished {
            assert!(start(&sandbox, &db).wait().unwrap().success());
        }
        let found = content(&db, &sandbox).await;
        for (key, value) in &expected {
            assert_eq!(found.get(key), Some(value), "{key} differs after being killed");
        }
        assert_eq!(found.len(), expected.len());
    }
    assert!(kills >= 8, "only {kills} runs were killed");
}
