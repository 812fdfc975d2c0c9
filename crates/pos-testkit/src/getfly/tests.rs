//! The sandbox by itself.

use http::{HeaderMap, HeaderValue};
use pos_core::record::Stream;
use serde_json::Value;

use super::{Created, Line, Sandbox, SandboxOptions, Shape};
use crate::server::text;
use crate::wire::send;

async fn ask(shop: &Sandbox, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_str(&shop.api_key()).unwrap());
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let url = shop.base_url().join(path).unwrap();
    let answer = send(method, &url, &headers, body.as_bytes()).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_orders(40)
}

fn ids(page: &Value, name: &str) -> Vec<i64> {
    page["data"].as_array().unwrap().iter().map(|row| row[name].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn lists_come_newest_first_and_a_full_page_may_be_the_last() {
    let shop = Sandbox::start(small()).await.unwrap();
    let (status, page) = ask(&shop, "GET", "/api/v6.1/accounts", "").await;
    assert_eq!((status, &page["limited"], &page["has_more"]), (200, &20.into(), &true.into()));
    assert_eq!(ids(&page, "id"), (1240..1260).rev().collect::<Vec<_>>());
    let row = page["data"][0].as_object().unwrap();
    assert!(!row.contains_key("contacts") && !row.contains_key("custom_fields"), "named fields only");
    assert!(text(row, "account_code").starts_with("KH/2026/"));
    let (_, page) = ask(&shop, "GET", "/api/v6.1/accounts?limit=20&offset=40&fields=id,contacts", "").await;
    assert_eq!((&page["has_more"], page["data"][0].as_object().unwrap().len()), (&true.into(), 2));
    let (_, page) = ask(&shop, "GET", "/api/v6.1/accounts?limit=20&offset=60", "").await;
    assert_eq!((&page["has_more"], page["data"].as_array().unwrap().len()), (&false.into(), 0));
    let (_, page) =
        ask(&shop, "GET", "/api/v6.1/accounts?filtering[id:lt]=1203&filtering[colour]=red&fields=id", "")
            .await;
    assert_eq!(ids(&page, "id"), [1202, 1201, 1200], "a filter that nobody knows is not heard");
    let shop = Sandbox::start(small().with_narrow_filters(true).with_largest_page(7)).await.unwrap();
    let (_, page) =
        ask(&shop, "GET", "/api/v6.1/accounts?filtering[id:lt]=1203&limit=50&fields=id", "").await;
    assert_eq!((&page["limited"], page["data"].as_array().unwrap().len()), (&7.into(), 7));
}

#[tokio::test]
async fn payment_is_told_with_its_flag_and_the_search_finds_no_order() {
    let shop = Sandbox::start(small()).await.unwrap();
    let row = async |fields: &str| {
        let path = format!("/api/v6.1/sale_orders?limit=1&fields={fields}");
        ask(&shop, "GET", &path, "").await.1["data"][0].clone()
    };
    assert!(row("id,payment_status").await.get("payment_status").is_none());
    assert!(row("id,payment_status,has_pay_off").await["payment_status"].is_string());
    let (_, page) = ask(&shop, "GET", "/api/v6.1/sale_orders?search=DH00093", "").await;
    assert!(page["data"].as_array().unwrap().is_empty());
    let (_, page) =
        ask(&shop, "GET", "/api/v6.1/sale_orders?filtering[order_code]=DH00093&limit=100", "").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 40, "not a filter of this list");
    let (_, order) = ask(&shop, "GET", "/api/v6.1/sale_order?order_code=DH00093", "").await;
    assert_eq!(order["id"], 93);
    // What is told adds up, but for fees.
    for id in shop.ids(Stream::Orders) {
        let row = shop.row(Stream::Orders, id).unwrap();
        let sum = |name: &str| row[name].as_f64().unwrap();
        let goods: f64 = row["order_details"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["amount"].as_f64().unwrap())
            .sum();
        let fees = sum("real_amount") - (goods - sum("discount_amount") + sum("vat_amount"));
        assert!(fees.abs() < 0.01 || (fees - 20_000.0).abs() < 0.01, "{id}: {fees}");
    }
}

#[tokio::test]
async fn a_company_of_an_old_line_does_not_know_the_new_ones() {
    let shop = Sandbox::start(small().with_line(Line::V3).with_purchases(true)).await.unwrap();
    for path in ["/api/v6.1/accounts?limit=1", "/api/v6/accounts?limit=1", "/api/v6/sale_orders"] {
        assert_eq!(ask(&shop, "GET", path, "").await.0, 404);
    }
    let (_, page) = ask(&shop, "GET", "/api/v3/accounts?page=2", "").await;
    assert_eq!(
        (page["records"].as_array().unwrap().len(), &page["pagination"]["total_record"]),
        (10, &"60".into())
    );
    assert_eq!(page["records"][9]["account_id"], "1200");
    assert_eq!(ask(&shop, "GET", "/api/v3/orders", "").await.0, 400, "without a type");
    let (_, page) = ask(&shop, "GET", "/api/v3/orders?order_type=2", "").await;
    let rows = page["records"].as_array().unwrap();
    assert_eq!(
        rows.iter().filter(|row| row["order_type"] == 1).count(),
        1,
        "a supplier's document among the sales"
    );
    let (_, order) = ask(&shop, "GET", "/api/v3/orders/detail?order_id=93", "").await;
    assert_eq!(order["order_info"]["order_date"].as_str().unwrap().len(), 10);
    let (_, products) = ask(&shop, "GET", "/api/v3/products?page=1", "").await;
    assert!(products["records"][0]["cover_price"].is_string());
    let shop = Sandbox::start(small().with_line(Line::V6)).await.unwrap();
    assert_eq!(ask(&shop, "GET", "/api/v6.1/accounts?limit=1", "").await.0, 404);
    let (_, rows) = ask(&shop, "GET", "/api/v6/accounts/sync?filtering[last_sync]=0&limit=3", "").await;
    assert_eq!(rows[0]["account_id"], "1259", "a bare array in the shape of 3");
}

#[tokio::test]
async fn a_code_stays_taken_after_its_customer_was_deleted() {
    let shop = Sandbox::start(small()).await.unwrap();
    let before = shop.now().unix_timestamp() - 1;
    let new = r#"{"account_name":"Người Mới Mẫu","account_code":"CRM/1","phone_office":"0905550199"}"#;
    let (status, made) = ask(&shop, "POST", "/api/v6.1/account", new).await;
    let id = made["data"]["id"].as_i64().unwrap();
    assert_eq!((status, ask(&shop, "POST", "/api/v6.1/account", new).await.0), (201, 409));
    let one = "/api/v6.1/account?account_code=CRM%2F1";
    assert_eq!(ask(&shop, "GET", one, "").await.1["id"], id);
    let (_, words) = ask(&shop, "DELETE", "/api/v6.1/account", r#"{"account_code":"CRM/1"}"#).await;
    assert_eq!(words["message"], "Xóa thành công");
    assert_eq!(
        (ask(&shop, "GET", one, "").await.0, ask(&shop, "POST", "/api/v6.1/account", new).await.0),
        (404, 409)
    );
    let feed = format!("/api/v6.1/accounts/deleted_ids?filtering[last_sync]={before}");
    let (_, gone) = ask(&shop, "GET", &feed, "").await;
    assert_eq!(gone, serde_json::json!([{ "account_id": id, "account_code": "CRM/1" }]));
    let (status, _) = ask(&shop, "POST", "/api/v6.1/account/restore", r#"{"account_code":"CRM/1"}"#).await;
    assert_eq!((status, ask(&shop, "GET", one, "").await.0), (200, 200));
    assert_eq!(ask(&shop, "GET", &feed, "").await.1, serde_json::json!([]));
    let change = r#"{"current_account_code":"CRM/1","phone_office":"0905550188"}"#;
    assert_eq!(ask(&shop, "PUT", "/api/v6.1/account", change).await.0, 200);
    assert_eq!(shop.row(Stream::Customers, id).unwrap()["phone_office"], "0905550188");
    for wrong in [
        r#"{"phone_office":"1"}"#,
        r#"{"account_name":"A","account_type_names":["Không có"]}"#,
        r#"{"account_name":"A","birthday":"22/12/1990"}"#,
    ] {
        assert_eq!(ask(&shop, "POST", "/api/v6.1/account", wrong).await.0, 422, "{wrong}");
    }
    assert!(shop.purge(Stream::Customers, id));
    let (status, _) = ask(&shop, "POST", "/api/v6.1/account", new).await;
    assert_eq!(status, 201, "what is gone for good gives its code back");
    let newest = shop.ids(Stream::Customers).pop().unwrap();
    assert!(newest > id && shop.delete_customer(&newest.to_string()));
    let (_, made) = ask(&shop, "POST", "/api/v6.1/account", r#"{"account_name":"Người Sau Mẫu"}"#).await;
    assert!(made["data"]["id"].as_i64().unwrap() > newest, "and never its id");
}

#[tokio::test]
async fn orders_are_made_and_paid() {
    let options = small().with_created(Created::Words).with_quiet_payments(true).with_kept_deliveries(true);
    let shop = Sandbox::start(options).await.unwrap();
    let new = r#"{"account":{"account_code":"KH/2026/001201"},"order_code":"CRM-1","order_date":"2026-03-12",
        "saved_order_details":[{"product_code":"SP.02504","quantity":2,"price":120000,"cash_discount":10000,"product_sale_off":0}],
        "transport_amount":15000,"saved_sale_order_payments":[{"method_name":"Tiền mặt","amount":50000,"pay_date":"2026-03-12"}]}"#;
    let (status, words) = ask(&shop, "POST", "/api/v6.1/sale_order", new).await;
    assert_eq!((status, words.get("id")), (200, None));
    let id = shop.ids(Stream::Orders).pop().unwrap();
    let row = shop.row(Stream::Orders, id).unwrap();
    assert_eq!(
        (&row["real_amount"], &row["f_amount"], &row["account_id"]),
        (&245_000.into(), &50_000.into(), &1201.into())
    );
    let told = shop.deliveries();
    assert!(told.len() == 1 && std::str::from_utf8(&told[0].body).unwrap().contains("event=order.created"));
    let before = row["updated_at"].clone();
    shop.pass(time::Duration::MINUTE);
    assert!(shop.pay_order(&id.to_string()) && !shop.pay_order(&id.to_string()));
    let row = shop.row(Stream::Orders, id).unwrap();
    assert_eq!((&row["f_amount"], &row["updated_at"]), (&245_000.into(), &before), "nobody would see it");
    let path = format!("/api/v6.1/sale_order_payments?filtering[order_id:in][]={id}");
    assert_eq!(ask(&shop, "GET", &path, "").await.1["data"].as_array().unwrap().len(), 2);
    assert!(shop.approve_order(&id.to_string()) && !shop.approve_order(&id.to_string()));
    assert!(std::str::from_utf8(&shop.deliveries()[0].body).unwrap().contains("event=order.approved"));
    for (wrong, status) in [("{}", 422), ("", 400), (new, 409)] {
        assert_eq!(ask(&shop, "POST", "/api/v6.1/sale_order", wrong).await.0, status);
    }
}

#[tokio::test]
async fn deliveries_have_the_bytes_of_the_samples() {
    let options = small().with_webhook_secret("test-secret-f4f1");
    let shop = Sandbox::start(options).await.unwrap();
    let told = shop.webhook_in(Shape::Flat, "customer.created", Stream::Customers, 1202).unwrap();
    let flat = "event=customer.created&secret_key=test-secret-f4f1&data%5Baccount_id%5D=1202\
        &domain=gomviet-demo.getflycrm.com&uid=b3f95949-0de2-480a-98af-000000000001";
    assert_eq!(told.body, flat);
    let told = shop.webhook_in(Shape::Nested, "order.approved", Stream::Orders, 94).unwrap();
    let nested = "event=order.approved&secret_key=test-secret-f4f1&data%5Bevent%5D=order.approved\
        &data%5Bsecret_key%5D=test-secret-f4f1&data%5Bdata%5D%5Border_id%5D=94&data%5Bdata%5D%5Border_code%5D=DH00094\
        &data%5Bdomain%5D=gomviet-demo.getflycrm.com&data%5Buid%5D=b3f95949-0de2-480a-98af-000000000002\
        &domain=gomviet-demo.getflycrm.com&uid=b3f95949-0de2-480a-98af-000000000002";
    assert_eq!(told.body, nested);
    let told = shop.webhook_in(Shape::Json, "customer.created", Stream::Customers, 1202).unwrap();
    let json: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!((&json["data"]["account_id"], json.get("secret_key")), (&1202.into(), None));
    let told = shop.webhook_of("customer.updated", Stream::Customers, 1202).unwrap();
    assert!(
        std::str::from_utf8(&told.body).unwrap().contains("%5Bcustom_fields%5Bhang_the%5D%5D%5Bnew_value%5D")
    );
}

#[tokio::test]
async fn strangers_and_other_kinds_of_content_are_refused() {
    let shop = Sandbox::start(small()).await.unwrap();
    let old = shop.api_key();
    assert_eq!(ask(&shop, "GET", "/api/v6.1/accounts", "").await.0, 200);
    shop.revoke_credentials();
    assert_ne!(shop.api_key(), old);
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_str(&old).unwrap());
    let url = shop.base_url().join("/api/v6.1/accounts").unwrap();
    assert_eq!(send("GET", &url, &headers, b"").await.unwrap().status, 401);
    headers.insert("x-api-key", HeaderValue::from_str(&shop.api_key()).unwrap());
    assert_eq!(send("GET", &url, &headers, b"").await.unwrap().status, 400, "JSON is the only kind");
    assert_eq!(ask(&shop, "POST", "/api/v6.1/accounts", "{}").await.0, 403, "a method that is not accepted");
}
