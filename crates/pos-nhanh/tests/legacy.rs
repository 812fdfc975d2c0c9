//! API 2.0: what is sent, against the requests that the vendor page prints.
#![cfg(feature = "v2")]
#![allow(deprecated, reason = "the vendor ended it; what is there still works as it did")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

mod common;

use common::{Fake, TOKEN, fixture, ok, text};
use pos_nhanh::v2::{self, Client, CustomerWrite};
use serde_json::{Map, Value, json};
use time::macros::{date, datetime};

fn printed(name: &str) -> Map<String, Value> {
    let all: Vec<Value> = serde_json::from_slice(&fixture("requests_v2.json")).unwrap();
    let request = all.into_iter().find(|request| request["name"] == name).unwrap();
    request["form"].as_object().unwrap().clone()
}

/// The form that was sent, its `data` as JSON.
fn sent(body: &str) -> Map<String, Value> {
    let fields = url::form_urlencoded::parse(body.as_bytes());
    fields.map(|(name, value)| (name.into_owned(), readable(&value))).collect()
}

fn readable(value: &str) -> Value {
    serde_json::from_str(value)
        .ok()
        .filter(|value: &Value| !value.is_number())
        .unwrap_or_else(|| value.into())
}

fn same(fake: &Fake, name: &str) {
    let expected: Map<String, Value> =
        printed(name).into_iter().map(|(key, value)| (key, readable(value.as_str().unwrap()))).collect();
    let last = fake.asked().pop().unwrap();
    assert_eq!(sent(&last.body), expected, "{name}");
    assert!(last.query.is_empty(), "the token never travels in the address");
}

fn filters(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn requests_are_forms_with_json_in_one_field() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/api/order/index" => ok(text("v2_orders_page1.json")),
        "/api/customer/search" => ok(text("v2_customers_page1.json")),
        "/api/store/depot" => ok(text("v2_depots.json")),
        "/api/order/update" => ok(text("v2_order_update_response.json")),
        _ => ok(r#"{"code":1,"messages":[]}"#),
    });
    let client =
        Client::with_transport(79001, 215_500, TOKEN, "https://pos.open.nhanh.vn", fake.clone()).unwrap();
    let (from, to) = (datetime!(2026-11-02 0:00 +7), datetime!(2026-11-04 23:59:59 +7));
    let window = json!({ "page": 1, "icpp": 100, "updatedDateTimeFrom": v2::wall_time(from), "updatedDateTimeTo": v2::wall_time(to) });
    let page = client.list_orders(filters(window)).await.unwrap();
    same(&fake, "orders changed since (window <= 10 days)");
    assert_eq!((page.data.len(), page.page, page.total_pages, page.total), (2, Some(1), Some(2), Some(3)));
    client.list_orders(filters(json!({ "page": 1, "id": 412_300_777 }))).await.unwrap();
    same(&fake, "one order");
    let window = json!({ "page": 1, "icpp": 50, "updatedAtFrom": "2026-11-01 00:00:00", "updatedAtTo": "2026-11-04 23:59:59" });
    assert_eq!(client.list_customers(filters(window)).await.unwrap().data.len(), 2);
    same(&fake, "customers changed since");
    client.list_customers(filters(json!({ "mobile": "0903111222" }))).await.unwrap();
    same(&fake, "customer by phone");
    let mut customer = CustomerWrite::new("Ngô Hải Yến", "0938777666");
    customer.gender = Some(2);
    customer.birthday = Some(v2::birthday(date!(1990 - 12 - 01)));
    customer.email = Some("haiyen.ngo@example.com".into());
    assert!(client.add_customers(&[customer]).await.unwrap().is_empty());
    same(&fake, "upsert customers by mobile (max 50)");
    assert_eq!(client.cancel_order("412300777").await.unwrap().order_id.as_deref(), Some("412300777"));
    same(&fake, "cancel order");
    assert_eq!(client.list_depots(Map::new()).await.unwrap().data.len(), 2);
    same(&fake, "depots");
}

#[tokio::test]
async fn a_code_is_exchanged_for_a_flat_answer() {
    let fake = Fake::new(|_, before| match before {
        0 => ok(text("v2_token_response.json")),
        _ => ok(text("v2_token_error.json")),
    });
    let exchange =
        || v2::exchange(79001, &KEY, "ACCESS-CODE-FROM-REDIRECT", "https://pos.open.nhanh.vn", fake.clone());
    static KEY: std::sync::LazyLock<pos_core::Secret> = std::sync::LazyLock::new(|| "APP-SECRET-KEY".into());
    let grant = exchange().await.unwrap();
    same(&fake, "exchange access code");
    assert_eq!((grant.access_token.expose(), grant.business_id.as_deref()), (TOKEN, Some("215500")));
    assert_eq!(exchange().await.unwrap_err().vendor_message(), Some("Invalid accessCode"));
    assert!(v2::consent(79001, "https://crm.example.com/r").unwrap().as_str().contains("version=2.0"));
}

#[tokio::test]
async fn no_records_is_an_empty_page() {
    let fake = Fake::new(|_, _| ok(text("v2_no_records.json")));
    let client = Client::with_transport(79001, 215_500, TOKEN, "https://pos.open.nhanh.vn", fake).unwrap();
    let page = client.list_orders(Map::new()).await.unwrap();
    assert!(page.data.is_empty() && page.rejected.is_empty());
    assert!(!format!("{client:?}").contains("FAKE"));
}
