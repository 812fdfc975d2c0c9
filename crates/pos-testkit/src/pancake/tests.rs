//! The sandbox by itself.

use std::time::Duration;

use http::HeaderMap;
use pos_core::record::Stream;
use serde_json::Value;

use super::{Sandbox, SandboxOptions, render};
use crate::wire::send;

async fn ask(shop: &Sandbox, method: &str, path: &str, body: &str) -> (u16, Value) {
    let joint = if path.contains('?') { '&' } else { '?' };
    let url = format!("{}{path}{joint}api_key={}", shop.base_url(), shop.api_key()).parse().unwrap();
    let answer = send(method, &url, &HeaderMap::new(), body.as_bytes()).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_orders(40)
}

#[tokio::test]
async fn pages_and_windows_are_the_vendors() {
    let shop = Sandbox::start(small()).await.unwrap();
    let (status, page) = ask(&shop, "GET", "/shops/880012345/customers?page_size=25&page_number=3", "").await;
    assert_eq!((status, page["data"].as_array().unwrap().len()), (200, 10));
    assert_eq!((&page["total_entries"], &page["total_pages"]), (&60.into(), &3.into()));
    let updated = page["data"][0]["updated_at"].as_str().unwrap();
    assert!(updated.len() == 19 && !updated.ends_with('Z'), "{updated}");
    let (status, _) = ask(&shop, "GET", "/shops/880012345/orders?filter_status=[1,2]", "").await;
    assert_eq!(status, 500);
    let (_, page) = ask(&shop, "GET", "/shops/880012345/orders?filter_status[]=6", "").await;
    assert!(page["data"].as_array().unwrap().iter().all(|order| order["status"] == 6));
    assert!(page["total_entries"].as_u64().unwrap() > 0);
    let (status, shops) = ask(&shop, "GET", "/shops", "").await;
    assert_eq!((status, &shops["shops"][0]["id"]), (200, &render::SHOP_ID.into()));
    assert_eq!(ask(&shop, "GET", "/shops/880012345/webhooks", "").await.0, 404);
}

#[tokio::test]
async fn a_stranger_is_refused() {
    let shop = Sandbox::start(small()).await.unwrap();
    let url = format!("{}/shops?api_key=wrong", shop.base_url()).parse().unwrap();
    assert_eq!(send("GET", &url, &HeaderMap::new(), b"").await.unwrap().status, 401);
    assert!(shop.requests().iter().all(|request| request.query.iter().all(|(name, _)| name != "api_key")));
}

#[tokio::test]
async fn deleted_orders_hide_and_the_index_lags() {
    let shop = Sandbox::start(small().with_index_lag(Duration::from_secs(600))).await.unwrap();
    let id = shop.ids(Stream::Orders)[3].clone();
    let list = "/shops/880012345/orders?page_size=100";
    assert!(shop.set_status(&id, 7));
    let (_, page) = ask(&shop, "GET", list, "").await;
    assert_eq!(page["total_entries"], 40, "the index still shows it");
    let (_, order) = ask(&shop, "GET", &format!("/shops/880012345/orders/{id}"), "").await;
    assert_eq!(order["data"]["status"], 7, "the database knows better");
    shop.settle_index();
    let (_, page) = ask(&shop, "GET", list, "").await;
    assert_eq!(page["total_entries"], 39);
    let (_, page) = ask(&shop, "GET", &format!("{list}&include_removed=1"), "").await;
    assert_eq!(page["total_entries"], 40);
    assert!(!shop.ids(Stream::Orders).contains(&id));
}

#[tokio::test]
async fn reads_fail_now_and_then() {
    let shop = Sandbox::start(small().with_failures_in_hundred(30.0)).await.unwrap();
    let mut failed = 0;
    for _ in 0..100 {
        failed += u32::from(ask(&shop, "GET", "/shops", "").await.0 == 500);
    }
    assert!((10..60).contains(&failed), "{failed}");
}

#[tokio::test]
async fn a_change_drops_money_fields_without_a_word() {
    let shop = Sandbox::start(small()).await.unwrap();
    let id = shop.ids(Stream::Orders)[0].clone();
    let before = shop.row(Stream::Orders, &id).unwrap()["shipping_fee"].clone();
    let path = format!("/shops/880012345/orders/{id}");
    let (status, order) = ask(&shop, "PUT", &path, r#"{"shipping_fee":99,"note":"mới"}"#).await;
    assert_eq!(
        (status, &order["data"]["note"], &order["data"]["shipping_fee"]),
        (200, &"mới".into(), &before)
    );
}

#[tokio::test]
async fn two_shops_with_one_seed_share_their_people() {
    let one = Sandbox::start(small()).await.unwrap();
    let other =
        crate::kiotviet::Sandbox::start(crate::kiotviet::SandboxOptions::default().with_customers(60))
            .await
            .unwrap();
    let phone = |row: &serde_json::Map<String, Value>| row["phone_numbers"][0].as_str().map(str::to_owned);
    let shared = one
        .ids(Stream::Customers)
        .iter()
        .zip(other.customer_ids())
        .filter(|(id, there)| {
            let mine = one.row(Stream::Customers, id).and_then(|row| phone(&row));
            let theirs = other
                .row(Stream::Customers, *there)
                .and_then(|row| row.get("contactNumber")?.as_str().map(str::to_owned));
            mine.is_some() && mine == theirs
        })
        .count();
    assert!(shared > 20, "{shared}");
    assert!(one.truth().completed > 0 && one.truth().revenue > 0);
}
