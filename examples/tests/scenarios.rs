//! What the CRM says after answers of shops were taken in, one after the other.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crm_merge::{Batch, LinkRules, Policy};
use pos_core::page::Answer;
use pos_core::record::{Account, DocumentKind, Money, Record, Stream, Vendor};
use pos_store_sqlite::SqliteStore;
use pos_sync::{ContactQuery, Crm, Link, LinkOptions, MemoryStore, Store};
use serde_json::Value;
use time::OffsetDateTime;

fn file(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The scenario of a file: a file without steps is one answer with orders.
fn steps(name: &str) -> Vec<Value> {
    let body = file(name);
    match body.get("steps") {
        Some(steps) => steps.as_array().unwrap().clone(),
        None => {
            let vendor = match &name[..2] {
                "hv" => "haravan",
                "pa" => "pancake",
                "nh" => "nhanh",
                _ => "sapo",
            };
            let stream = if vendor == "nhanh" { "invoices" } else { "orders" };
            vec![serde_json::json!({"do": "records", "vendor": vendor, "stream": stream, "body": body})]
        }
    }
}

fn read(vendor: &str, flavor: Option<&str>, stream: Stream, body: &[u8]) -> Answer {
    match vendor {
        "kiotviet" => pos_kiotviet::read_answer(stream, body),
        "haravan" => pos_haravan::read_answer(stream, body),
        "nhanh" => pos_nhanh::read_answer(stream, body, pos_nhanh::Api::V3),
        "sapo" if flavor == Some("pos") => pos_sapo::read_answer(stream, body, pos_sapo::Flavor::Pos),
        "sapo" => pos_sapo::read_answer(stream, body, pos_sapo::Flavor::Web),
        _ => pos_pancake::read_answer(stream, body),
    }
    .unwrap()
}

fn account(vendor: &str) -> Account {
    Account::new(Vendor::from(vendor.to_owned()), "shopmau")
}

const VENDORS: [&str; 5] = ["kiotviet", "haravan", "nhanh", "sapo", "pancake"];

async fn crm(store: Arc<dyn Store>, policy: &Policy) -> Crm {
    let crm = Crm::new(store);
    for vendor in VENDORS {
        let mut rules = LinkRules { policy: policy.clone(), ..LinkRules::default() };
        if vendor == "haravan" {
            rules.match_by = Some(Vec::new());
        }
        let link = Link::new(account(vendor), rules, LinkOptions::default(), OffsetDateTime::now_utc());
        crm.store().put_link(&link).await.unwrap();
    }
    crm
}

async fn play(crm: &Crm, name: &str) {
    for step in steps(name) {
        let Some(vendor) = step.get("vendor").and_then(Value::as_str) else { continue };
        let stream: Stream = step["stream"].as_str().unwrap().parse().unwrap();
        let mut batch = Batch::new(account(vendor), Vec::new());
        match step["do"].as_str().unwrap() {
            "remove" => batch.removed.push((stream, step["id"].as_str().unwrap().to_owned())),
            _ => {
                let body = match step.get("file").and_then(Value::as_str) {
                    Some(name) => file(name),
                    None => step["body"].clone(),
                };
                let flavor = step.get("flavor").and_then(Value::as_str);
                let answer = read(vendor, flavor, stream, body.to_string().as_bytes());
                assert!(answer.page.rejected.is_empty(), "{name}: {:?}", answer.page.rejected);
                batch = Batch::of_page(account(vendor), stream, answer.page);
            }
        }
        crm.apply(&batch).await.unwrap();
    }
}

/// Plays a scenario into every store and under every policy.
async fn played(name: &str, check: impl AsyncFn(&Crm, &str)) {
    for policy in [Policy::Skip, Policy::Overwrite, Policy::FillBlanks, Policy::PreferNewest] {
        let stores: [Arc<dyn Store>; 2] =
            [Arc::new(MemoryStore::new()), Arc::new(SqliteStore::in_memory().unwrap())];
        for store in stores {
            let crm = crm(store, &policy).await;
            play(&crm, name).await;
            check(&crm, &format!("{name}, {policy:?}, {:?}", crm.store())).await;
        }
    }
}

/// The revenue of each document that counts anything, by its id.
async fn revenue(crm: &Crm) -> BTreeMap<String, Money> {
    let mut revenue = BTreeMap::new();
    for change in crm.store().changes(0, 10_000).await.unwrap() {
        if let pos_sync::ChangedObject::Document(id) = change.what {
            let document = crm.store().document(&id).await.unwrap().unwrap();
            if !document.ledger.revenue.is_zero() {
                revenue.insert(id.id.to_string(), document.ledger.revenue);
            }
        }
    }
    revenue
}

async fn amounts(name: &str, expected: &[i64]) {
    let expected: Vec<Money> = expected.iter().map(|amount| Money::from(*amount)).collect();
    played(name, async |crm, what| {
        let found: Vec<Money> = revenue(crm).await.into_values().collect();
        assert_eq!(found, expected, "{what}");
    })
    .await;
}

#[tokio::test]
async fn what_was_read_later_wins_where_the_time_of_change_did_not_move() {
    amounts("s_time_unmoved.json", &[260_000; 10]).await;
}

#[tokio::test]
async fn refunds_of_goods_and_deposits_count_to_the_dong() {
    amounts("hv_deposit_refund.json", &[]).await;
    amounts("hv_refund_goods.json", &[250_000]).await;
    amounts("hv_refund_one_dong.json", &[499_999]).await;
    amounts("s_kv_deposit.json", &[500_000]).await;
}

#[tokio::test]
async fn goods_that_came_back_inside_an_order_do_not_count() {
    amounts("s_pancake_partial.json", &[150_000]).await;
    amounts("pan_partial15.json", &[250_000]).await;
}

#[tokio::test]
async fn an_order_that_was_edited_down_counts_what_it_is_now() {
    amounts("sw_edited_down.json", &[250_000]).await;
    amounts("s_sapo_web.json", &[250_000, 250_000]).await;
    amounts("s12_test_order.json", &[]).await;
}

#[tokio::test]
async fn a_customer_that_is_active_again_lives_again() {
    played("s_sp_customer_restored.json", async |crm, what| {
        let contacts = crm.store().contacts(&ContactQuery::page(None, 9)).await.unwrap();
        assert_eq!(contacts.len(), 1, "{what}");
        assert!(!contacts[0].deleted, "{what}");
    })
    .await;
}

#[tokio::test]
async fn a_customer_that_was_made_anew_names_the_contact() {
    let steps = steps("s_kv_recreated.json");
    let last = &steps.last().unwrap()["body"]["data"][0];
    let (name, email) = (last["name"].as_str().unwrap(), last["email"].as_str().unwrap());
    played("s_kv_recreated.json", async |crm, what| {
        let contacts = crm.store().contacts(&ContactQuery::page(None, 9)).await.unwrap();
        assert_eq!(contacts.len(), 1, "{what}");
        assert_eq!(
            (contacts[0].name(), contacts[0].emails().first().copied()),
            (Some(name), Some(email)),
            "{what}"
        );
    })
    .await;
}

#[tokio::test]
async fn stand_in_mailboxes_join_nobody() {
    played("s_standin_email.json", async |crm, what| {
        let mut people: Vec<usize> = Vec::new();
        for contact in crm.store().contacts(&ContactQuery::page(None, 99)).await.unwrap() {
            people.push(crm.store().subjects(&contact.id).await.unwrap().len());
        }
        assert!(people.iter().all(|records| *records == 1), "{what}: {people:?}");
    })
    .await;
}

#[tokio::test]
async fn an_order_read_twice_is_one_order() {
    played("s_time_unmoved.json", async |crm, what| {
        let contacts = crm.store().contacts(&ContactQuery::page(None, 99)).await.unwrap();
        let mut orders = 0;
        for contact in &contacts {
            let totals = crm.store().totals(&contact.id).await.unwrap();
            orders += totals.iter().map(|totals| totals.orders).sum::<u64>();
        }
        assert_eq!(orders, 10, "{what}");
        let id = crm_merge::DocumentId::new(account("haravan"), DocumentKind::Order, "1500920001");
        let document = crm.store().document(&id).await.unwrap().unwrap();
        let record = Record::from(document.record.into_record());
        assert_eq!(record.id(), "1500920001");
    })
    .await;
}
