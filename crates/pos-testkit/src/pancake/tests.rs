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
    assert!(shop.requests().iter().all(|request| request.param("api_key").is_none()));
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
    let truth = one.truth();
    assert_eq!((truth.customers.len(), truth.documents.len()), (60, 40));
    assert!(truth.revenue() > rust_decimal::Decimal::ZERO);
}

#[tokio::test]
async fn edits_change_what_the_shop_says_of_itself() {
    let shop = Sandbox::start(small()).await.unwrap();
    let customer = shop.ids(Stream::Customers)[1].clone();
    assert!(shop.rename_customer(&customer, "Tên Mới Mẫu") && shop.change_phone(&customer, "0912000777"));
    let order = shop.create_order(&customer).unwrap();
    let of = |id: &str| shop.truth().documents.into_iter().find(|document| document.id == id).unwrap();
    let revenue = |id: &str| of(id).revenue.to_string();
    assert_eq!(
        (revenue(&order), of(&order).counts, of(&order).buyer),
        ("0".into(), true, Some(customer.clone()))
    );
    assert!(shop.pay_order(&order));
    assert_eq!(revenue(&order), "200000");
    assert!(shop.delete_order(&order) && !of(&order).alive);
    assert!(shop.restore_order(&order));
    assert_eq!((revenue(&order), of(&order).alive), ("200000".into(), true));
    assert!(shop.return_part(&order));
    assert_eq!((revenue(&order), of(&order).counts), ("0".into(), true));
    assert!(shop.cancel_order(&order) && !of(&order).counts);
    assert!(!shop.refund_order(&order, 1) && !shop.delete_customer(&customer));
    let new = shop.add_customer("Khách Mới Mẫu", "0912000888");
    assert!(shop.ids(Stream::Customers).contains(&new));
    let known = shop.truth().customers.into_iter().find(|one| one.id == customer).unwrap();
    assert_eq!((known.name.as_deref(), known.phone.as_deref()), (Some("Tên Mới Mẫu"), Some("0912000777")));
}

#[tokio::test]
async fn habits_change_how_money_is_written_and_not_what_came_in() {
    let plain = Sandbox::start(small()).await.unwrap();
    let varied =
        small().with_varied_payments(true).with_zero_prices(true).with_currency("THB").with_text_ids(true);
    let varied = Sandbox::start(varied).await.unwrap();
    let revenue =
        |shop: &Sandbox| shop.truth().documents.iter().map(|document| document.revenue).collect::<Vec<_>>();
    assert_eq!(revenue(&plain), revenue(&varied));
    let returned = Sandbox::start(small().with_partial_returns(true)).await.unwrap();
    assert!(returned.truth().revenue() < plain.truth().revenue());
}

#[tokio::test]
async fn the_clock_may_be_off_and_answers_say_so() {
    let shop = Sandbox::start(small()).await.unwrap();
    shop.set_clock_offset(time::Duration::hours(-2));
    let url = format!("{}/shops?api_key={}", shop.base_url(), shop.api_key()).parse().unwrap();
    let answer = send("GET", &url, &HeaderMap::new(), b"").await.unwrap();
    let date = answer.headers["date"].to_str().unwrap();
    let hour = format!("{:02}:", shop.now().hour());
    assert!(date.ends_with(" GMT") && date.contains(&hour), "{date}");
}

#[tokio::test]
async fn changes_are_told_to_the_address_that_is_registered() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: url::Url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
    let shop = Sandbox::start(small().with_webhook_to(Some(url)).with_kept_deliveries(true)).await.unwrap();
    let customer = shop.ids(Stream::Customers)[1].clone();
    shop.create_order(&customer).unwrap();
    shop.rename_customer(&customer, "Tên Mới Mẫu");
    assert_eq!((shop.deliveries().len(), shop.deliveries().len()), (3, 0));
    let mut told = Vec::new();
    for _ in 0..3 {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let mut part = [0; 65_536];
        loop {
            let read = stream.read(&mut part).await.unwrap();
            request.extend_from_slice(&part[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            assert!(head.contains("x-webhook-secret: sandbox-webhook-secret"));
            if let Ok(body) = serde_json::from_str::<Value>(body) {
                told.push(format!(
                    "{}.{}",
                    body["type"].as_str().unwrap(),
                    body["event_type"].as_str().unwrap()
                ));
                break;
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    }
    assert_eq!(told, ["orders.create", "variations_warehouses.update", "customers.update"]);
}
