use http::HeaderValue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::fault::{Drift, Fault, Rule};
use crate::wire::{self, Answer};

/// A client that knows what it talks to.
struct Till<'a> {
    shop: &'a Sandbox,
    headers: http::HeaderMap,
}

async fn start(options: SandboxOptions) -> Sandbox {
    Sandbox::start(options).await.unwrap()
}

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(230).with_documents(96, 96)
}

async fn token(shop: &Sandbox, id: &str, secret: &str) -> Answer {
    let form = format!(
        "scopes=PublicApi.Access&grant_type=client_credentials&client_id={id}&client_secret={secret}"
    );
    wire::send("POST", &shop.token_url(), &http::HeaderMap::new(), form.as_bytes()).await.unwrap()
}

impl<'a> Till<'a> {
    async fn of(shop: &'a Sandbox) -> Till<'a> {
        let answer = token(shop, shop.client_id(), &shop.client_secret()).await;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert("retailer", HeaderValue::from_str(shop.retailer()).unwrap());
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        headers.insert("authorization", HeaderValue::from_str(&bearer).unwrap());
        Self { shop, headers }
    }

    async fn raw(&self, method: &str, path: &str, body: &Value) -> std::io::Result<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let url = self.shop.base_url().join(path).unwrap();
        wire::send(method, &url, &self.headers, body.as_bytes()).await
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.raw(method, path, &body).await.unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.send(method, path, body).await;
        (status, body["responseStatus"]["errorCode"].as_str().unwrap_or_default().to_owned())
    }
}

fn ids(page: &Value) -> Vec<i64> {
    page["data"].as_array().into_iter().flatten().filter_map(|row| row["id"].as_i64()).collect()
}

#[tokio::test]
async fn only_the_right_credentials_open_the_shop() {
    let shop = start(small()).await;
    let good = token(&shop, shop.client_id(), &shop.client_secret()).await;
    let body: Value = serde_json::from_slice(&good.body).unwrap();
    assert_eq!(
        (good.status, &body["expires_in"], &body["token_type"]),
        (200, &json!(86_400), &json!("Bearer"))
    );
    let payload = body["access_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let payload = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(
        (&payload["client_RetailerCode"], &payload["client_RetailerId"]),
        (&json!("cuahangmau"), &json!("500987654"))
    );
    for (id, secret) in [(shop.client_id(), "wrong"), ("wrong", &*shop.client_secret())] {
        let bad = token(&shop, id, secret).await;
        assert_eq!((bad.status, bad.body.as_slice()), (400, &br#"{"error":"invalid_client"}"#[..]));
    }
    let mut till = Till::of(&shop).await;
    till.get("customers").await;
    till.headers.insert("retailer", HeaderValue::from_static("shopkhac"));
    assert_eq!(till.refused("GET", "customers", Value::Null).await, (420, "KvException".into()));
    till.headers.remove("retailer");
    assert_eq!(till.refused("GET", "customers", Value::Null).await, (420, "KvException".into()));
    till.headers.remove("authorization");
    assert_eq!(till.refused("GET", "customers", Value::Null).await, (401, "TokenException".into()));
    let till = Till::of(&shop).await;
    shop.revoke_credentials();
    assert_eq!(till.refused("GET", "customers", Value::Null).await, (401, "TokenException".into()));
    assert_eq!(shop.token_requests(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_when_it_said() {
    let shop = start(small().with_token_life(Duration::from_secs(60))).await;
    let till = Till::of(&shop).await;
    till.get("branches").await;
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(till.refused("GET", "branches", Value::Null).await, (401, "TokenException".into()));
}

#[tokio::test]
async fn pages_are_capped_and_an_empty_one_has_no_data() {
    let shop = start(small()).await;
    let till = Till::of(&shop).await;
    let page = till.get("customers?pageSize=1000&orderBy=id").await;
    assert_eq!((ids(&page).len(), &page["pageSize"], &page["total"]), (100, &json!(100), &json!(230)));
    assert!(page["timestamp"].as_str().unwrap().ends_with("+07:00"));
    assert_eq!(ids(&till.get("customers").await).len(), 20);
    let page = till.get("customers?currentItem=230").await;
    assert!(page.get("data").is_none() && page["total"] == 230, "{page}");
    let mut all = Vec::new();
    for offset in (0..230).step_by(70) {
        all.extend(ids(&till.get(&format!("customers?orderBy=id&pageSize=70&currentItem={offset}")).await));
    }
    assert_eq!(all, shop.customer_ids());
    let last = till.get("customers?orderBy=id&orderDirection=Desc&pageSize=3").await;
    assert_eq!(ids(&last), shop.customer_ids().into_iter().rev().take(3).collect::<Vec<_>>());
}

#[tokio::test]
async fn without_an_order_pages_overlap() {
    let shop = start(small()).await;
    let till = Till::of(&shop).await;
    let mut all = Vec::new();
    for offset in [0, 100, 200] {
        all.extend(ids(&till.get(&format!("customers?pageSize=100&currentItem={offset}")).await));
    }
    assert_eq!(all.len(), 230);
    all.sort_unstable();
    all.dedup();
    assert!(all.len() < 230, "the default order is stable");
}

#[tokio::test]
async fn the_tail_repeats_and_totals_stand_first_where_switched_on() {
    let shop = start(small().with_repeat_tail(true).with_totals_row(true)).await;
    let till = Till::of(&shop).await;
    let first = till.get("customers?orderBy=id&pageSize=100").await;
    assert_eq!((ids(&first)[0], ids(&first).len()), (-1, 101));
    let last = ids(&till.get("customers?orderBy=id&pageSize=100&currentItem=200").await);
    assert_eq!(last.len(), 30);
    for offset in [230, 300, 5000] {
        assert_eq!(
            ids(&till.get(&format!("customers?orderBy=id&pageSize=100&currentItem={offset}")).await),
            last
        );
    }
}

#[tokio::test]
async fn windows_and_removed_ids_follow_the_changes() {
    for (key, spelling) in [
        (RemovedKey::Documented, "removeId"),
        (RemovedKey::RemovedIds, "removedIds"),
        (RemovedKey::RemoveIds, "removeIds"),
        (RemovedKey::RemovedId, "removedId"),
    ] {
        let shop = start(small().with_removed_key(key)).await;
        let till = Till::of(&shop).await;
        shop.set_clock(Some(time::macros::datetime!(2026-06-01 10:00:00 +07:00)));
        let list = "customers?orderBy=id&includeRemoveIds=true&lastModifiedFrom=2026-06-01T10:00:00";
        let page = till.get(list).await;
        assert_eq!((&page["total"], &page[spelling]), (&json!(0), &json!([])), "{page}");
        let customers = shop.customer_ids();
        assert!(shop.update_customer(customers[40], |row| drop(row.insert("name".into(), "Lan Mẫu".into()))));
        assert!(shop.delete_customer(customers[3]));
        let added = shop.add_customer(json!({ "name": "Huy Mẫu", "contactNumber": "0900000077" }));
        let page = till.get(list).await;
        assert_eq!(ids(&page), [customers[40], added]);
        assert_eq!(page[spelling], json!([customers[3]]));
        assert_eq!(page["data"][0]["modifiedDate"], "2026-06-01T10:00:00.0000000");
        assert!(page["data"][1].get("modifiedDate").is_none());
        assert_eq!(till.get("customers?lastModifiedFrom=2026-06-02").await["total"], 0);
        assert_eq!(till.refused("GET", &format!("customers/{}", customers[3]), Value::Null).await.0, 420);
        assert_eq!(shop.count(Stream::Customers), 230);
    }
    let shop = start(small()).await;
    let till = Till::of(&shop).await;
    assert_eq!(till.refused("GET", "customers?lastModifiedFrom=yesterday", Value::Null).await.0, 400);
    let all = till.get("orders?toDate=2030-01-01&pageSize=1").await;
    assert_eq!(all["total"], 96);
    let by_change = till.get("orders?orderBy=modifiedDate&pageSize=100").await;
    let dates: Vec<String> = by_change["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.get("modifiedDate").unwrap_or(&row["createdDate"]).to_string())
        .collect();
    assert!(dates.is_sorted() && dates.len() == 96);
}

#[tokio::test]
async fn flags_filters_and_codes_find_what_they_name() {
    let shop = start(small()).await;
    let till = Till::of(&shop).await;
    let bare = till.get("invoices?orderBy=id&pageSize=100").await;
    assert!(
        bare["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row.get("payments").is_none() && row.get("invoiceDelivery").is_none())
    );
    let full = till.get("invoices?orderBy=id&pageSize=100&includePayment=true&includeInvoiceDelivery=true&SaleChannel=true").await;
    let has = |key: &str| full["data"].as_array().unwrap().iter().any(|row| row.get(key).is_some());
    assert!(has("payments") && has("invoiceDelivery") && has("SaleChannel"));
    for row in full["data"].as_array().unwrap().iter().step_by(7) {
        let code = row["code"].as_str().unwrap();
        assert_eq!(till.get(&format!("invoices/code/{code}")).await["id"], row["id"]);
        let buyer = &row["customerId"];
        if buyer.is_i64() {
            let mine = till.get(&format!("invoices?customerIds={buyer}&pageSize=100")).await;
            assert!(ids(&mine).contains(&row["id"].as_i64().unwrap()));
            assert!(mine["data"].as_array().unwrap().iter().all(|row| row["customerId"] == *buyer));
        }
        if row["orderId"].is_i64() {
            let sold = till.get(&format!("invoices?orderId={}", row["orderId"])).await;
            assert!(ids(&sold).contains(&row["id"].as_i64().unwrap()));
        }
    }
    let id =
        shop.add_customer(json!({ "name": "Huy Mẫu", "code": "CRM-9", "contactNumber": "0987 001 234" }));
    assert_eq!(ids(&till.get("customers?contactNumber=0987001234").await), [id]);
    assert_eq!(ids(&till.get("customers?contactNumber=7001234").await), [id]);
    assert_eq!(ids(&till.get("customers?code=CRM-9").await), [id]);
    assert_eq!(till.get("customers/code/CRM-9").await["id"], id);
    let seeded = till.get("customers?orderBy=id&pageSize=5").await;
    for row in seeded["data"].as_array().unwrap() {
        assert_eq!(
            till.get(&format!("customers/code/{}", row["code"].as_str().unwrap())).await["id"],
            row["id"]
        );
        assert_eq!(
            ids(&till.get(&format!("customers?code={}", row["code"].as_str().unwrap())).await),
            [row["id"].as_i64().unwrap()]
        );
    }
    for (path, status) in [
        ("customers/17", 420),
        ("orders/1", 420),
        ("invoices/code/HD999999", 420),
        ("products/5", 420),
        ("returns/2", 420),
        ("customers/abc", 400),
        ("products/code/A%2BB", 400),
        ("customergroups", 404),
    ] {
        assert_eq!(till.refused("GET", path, Value::Null).await.0, status, "{path}");
    }
    assert_eq!(till.get("customers/group").await["data"][0]["name"], "Khách VIP");
    assert_eq!(till.get("settings").await["ManagerCustomerByBranch"], false);
    assert_eq!(till.get("salechannel").await["total"], 4);
    assert!(till.get("categories?pageSize=100").await["data"][0]["categoryId"].is_i64());
    let hidden = start(small().with_hidden_contact_number(true)).await;
    let till = Till::of(&hidden).await;
    hidden.add_customer(json!({ "name": "Huy Mẫu", "contactNumber": "0987001234" }));
    let found = till.get("customers?contactNumber=0987001234").await;
    assert!(found["total"] == 1 && found["data"][0].get("contactNumber").is_none(), "{found}");
}

#[tokio::test]
async fn writes_change_the_shop_and_refuse_what_the_vendor_refuses() {
    let shop = start(small()).await;
    let till = Till::of(&shop).await;
    let customer = json!({ "name": "Phan Mẫu", "code": "CRM-1", "groupIds": [3101], "branchId": 71_001, "birthDate": "1988-09-02T00:00:00" });
    let (status, made) = till.send("POST", "customers", customer.clone()).await;
    assert_eq!((status, made["data"]["groups"].as_str()), (200, Some("Khách VIP")));
    assert_eq!(made["data"]["birthDate"], "1988-09-02T00:00:00.0000000");
    let again = till.refused("POST", "customers", customer).await;
    assert_eq!(again, (420, "KvValidateCustomerException".into()));
    assert_eq!(
        till.refused("POST", "customers", json!({ "name": " " })).await.1,
        "KvValidateCustomerException"
    );
    assert_eq!(
        till.refused("POST", "customers", json!({ "name": "A", "branchId": 1 })).await.1,
        "KvValidateBranchException"
    );
    let id = made["data"]["id"].as_i64().unwrap();
    till.send("PUT", &format!("customers/{id}"), json!({ "email": "phan@example.com" })).await;
    assert_eq!(till.get(&format!("customers/{id}")).await["email"], "phan@example.com");

    let line = json!([{ "productId": shop.id(Stream::Products, 3), "quantity": 2, "price": 90_000, "discount": 5000 }]);
    let order = json!({ "branchId": 71_001, "customer": { "id": id }, "orderDetails": line, "totalPayment": 50_000, "method": "Cash",
        "surchages": [{ "id": 301, "price": 20_000 }] });
    let (_, made) = till.send("POST", "orders", order).await;
    assert_eq!(
        (&made["total"], &made["customerName"], &made["status"]),
        (&json!(190_000), &json!("Phan Mẫu"), &json!(1))
    );
    let order_id = made["id"].as_i64().unwrap();
    for (wrong, code) in [
        (json!({ "branchId": 1, "orderDetails": line }), "KvValidateBranchException"),
        (json!({ "branchId": 71_001, "orderDetails": [{ "productId": 1 }] }), "KvValidateProductException"),
        (json!({ "branchId": 71_001, "orderDetails": [] }), "KvValidateProductException"),
        (json!({ "branchId": 71_001, "orderDetails": line, "customerId": 9 }), "KvValidateCustomerException"),
        (
            json!({ "branchId": 71_001, "orderDetails": line, "saleChannelId": 9 }),
            "KvValidateSaleChannelException",
        ),
    ] {
        assert_eq!(till.refused("POST", "orders", wrong.clone()).await, (420, code.into()), "{wrong}");
    }
    let (_, sold) = till.send("PUT", &format!("orders/{order_id}"), json!({ "makeInvoice": true })).await;
    assert_eq!((&sold["status"], &sold["total"]), (&json!(3), &json!(190_000)));
    let sold = till.get(&format!("invoices?orderId={order_id}")).await;
    let invoice = sold["data"][0]["id"].as_i64().unwrap();
    assert_eq!((&sold["data"][0]["orderCode"], &sold["data"][0]["total"]), (&made["code"], &json!(190_000)));
    let (_, paid) = till
        .send("POST", "payments", json!({ "amount": 1000, "method": "Cash", "invoiceId": invoice }))
        .await;
    assert_eq!(paid["DocumentCode"], sold["data"][0]["code"]);
    let (_, gone) = till.send("DELETE", "invoices", json!({ "id": invoice, "isVoidPayment": true })).await;
    assert_eq!((&gone["status"], &gone["statusValue"]), (&json!(2), &json!("Đã hủy")));
    till.send("DELETE", &format!("orders/{order_id}?IsVoidPayment=true"), Value::Null).await;
    assert_eq!(till.get(&format!("orders/{order_id}")).await["status"], 4);
    till.send("DELETE", &format!("customers/{id}"), Value::Null).await;
    assert_eq!(till.refused("GET", &format!("customers/{id}"), Value::Null).await.0, 420);

    let closed = start(small().with_orders_off(true)).await;
    assert_eq!(Till::of(&closed).await.refused("GET", "orders", Value::Null).await.0, 420);
}

#[tokio::test]
async fn faults_reach_the_wire() {
    let shop = start(small()).await;
    let till = Till::of(&shop).await;
    let strike = |fault| shop.faults().add(Rule::new(fault));
    strike(Fault::Throttle { retry_after: Some(7) });
    let answer = till.raw("GET", "customers", &Value::Null).await.unwrap();
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "7"));
    strike(Fault::Html);
    let answer = till.raw("GET", "customers", &Value::Null).await.unwrap();
    assert!(answer.status == 200 && answer.body.starts_with(b"<!DOCTYPE html>"));
    strike(Fault::Refuse("KvException".into()));
    assert_eq!(till.refused("GET", "customers", Value::Null).await, (420, "KvException".into()));
    for fault in [Fault::CutBody, Fault::LoseAnswer, Fault::Reset] {
        strike(fault.clone());
        assert!(till.raw("GET", "customers", &Value::Null).await.is_err(), "{fault:?}");
    }
    strike(Fault::LoseAnswer);
    assert!(till.raw("POST", "customers", &json!({ "name": "A", "code": "CRM-5" })).await.is_err());
    assert_eq!(till.get("customers?code=CRM-5").await["total"], 1);
    strike(Fault::Reset);
    assert!(till.raw("POST", "customers", &json!({ "name": "A", "code": "CRM-6" })).await.is_err());
    assert_eq!(till.get("customers?code=CRM-6").await["total"], 0);
    strike(Fault::Hang);
    let hang =
        tokio::time::timeout(Duration::from_millis(100), till.raw("GET", "customers", &Value::Null)).await;
    assert!(hang.is_err());
    strike(Fault::BreakRecord { row: 2 });
    let page = till.get("customers?orderBy=id").await;
    let texts =
        page["data"].as_array().unwrap().iter().map(|row| row["debt"].is_string()).collect::<Vec<_>>();
    assert_eq!((texts[2], texts.iter().filter(|text| **text).count()), (true, 1));
    strike(Fault::RepeatTail);
    assert_eq!(ids(&till.get("customers?orderBy=id&pageSize=100").await).len(), 31);
    let before = shop.customer_ids();
    strike(Fault::Drift(Drift::Delete));
    till.get("customers?orderBy=id&pageSize=5").await;
    assert_eq!(shop.customer_ids(), before[1..]);
    strike(Fault::Drift(Drift::Insert));
    till.get("customers?orderBy=id&pageSize=5").await;
    assert_eq!(shop.customer_ids().len(), before.len());
    strike(Fault::StaleToken);
    assert_eq!(till.refused("GET", "customers", Value::Null).await.0, 401);
    let log = shop.requests();
    let last = log.last().unwrap();
    assert_eq!((last.method.as_str(), last.path.as_str(), last.status), ("GET", "/customers", 401));
    assert_eq!(log.len() as u64, shop.request_count());
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_slides() {
    let shop = start(small().with_rate_limit(Some((3, Duration::from_secs(60))))).await;
    let till = Till::of(&shop).await;
    for _ in 0..3 {
        till.get("branches").await;
    }
    assert_eq!(till.refused("GET", "branches", Value::Null).await.0, 429);
    assert_eq!(till.send("POST", "customers", json!({ "name": "A" })).await.0, 200, "writes are not counted");
    tokio::time::advance(Duration::from_secs(61)).await;
    till.get("branches").await;
}

/// Answers every request with one status, and hands on what came.
async fn ear(status: u16) -> (Url, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks?eventType=x", listener.local_addr().unwrap()).parse().unwrap();
    let (heard, ears) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            loop {
                let size = stream.read(&mut chunk).await.unwrap_or(0);
                request.extend_from_slice(&chunk[..size]);
                let text = String::from_utf8_lossy(&request);
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |n| n.parse().unwrap());
                if body.len() >= length || size == 0 {
                    break;
                }
            }
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            drop(stream.write_all(answer.as_bytes()).await);
            drop(heard.send(request));
        }
    });
    (url, ears)
}

#[tokio::test]
async fn webhooks_are_registered_signed_and_switched_off_by_a_refusal() {
    let shop = start(small()).await;
    let till = Till::of(&shop).await;
    let (good, mut heard) = ear(200).await;
    let (bad, _refused) = ear(401).await;
    let register = |kind: &str, url: &Url| json!({ "Webhook": { "Type": kind, "Url": url.as_str(), "IsActive": true, "Secret": "c2VjcmV0LTEyMw==" } });
    let (_, made) = till.send("POST", "webhooks", register("customer.update", &good)).await;
    assert!(made["isActive"] == true && made.get("secret").is_none(), "{made}");
    till.send("POST", "webhooks", register("customer.update", &bad)).await;
    for wrong in [
        json!({ "Type": "customer.update", "Url": good.as_str() }),
        register("customer.create", &good),
        json!({}),
    ] {
        assert_eq!(till.send("POST", "webhooks", wrong).await.0, 420);
    }
    let customer = shop.customer_ids()[5];
    assert_eq!(shop.notify(Event::CustomerUpdated(customer)).await, [200, 401]);
    let request = heard.recv().await.unwrap();
    let text = String::from_utf8(request).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mac = pos_core::webhook::hmac_sha256(b"c2VjcmV0LTEyMw==", body.as_bytes());
    assert!(head.contains(&format!("x-hub-signature: sha1={}", pos_core::webhook::hex(&mac))), "{head}");
    assert!(head.contains("x-webhook-event: customer.update"));
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["Notifications"][0]["Action"], "customer.update.500987654");
    let data = &body["Notifications"][0]["Data"][0];
    assert!(data["Id"] == customer && data.get("Debt").is_none() && data["CreatedDate"].is_null(), "{data}");
    let hooks = till.get("webhooks").await;
    let active: Vec<bool> =
        hooks["data"].as_array().unwrap().iter().map(|hook| hook["isActive"].as_bool().unwrap()).collect();
    assert_eq!(active, [true, false]);
    assert_eq!(shop.notify(Event::CustomerUpdated(customer)).await, [200]);
    assert_eq!(till.send("DELETE", &format!("webhooks/{}", made["id"]), Value::Null).await.0, 200);
    assert!(shop.notify(Event::CustomerUpdated(customer)).await.is_empty());
}

#[tokio::test]
async fn messages_come_in_every_shape_of_wrong() {
    let shop = start(small()).await;
    let order = shop.add_order(Some(shop.customer_ids()[9]), &[1, 2]);
    let message = shop.webhook(Event::OrderUpdated(order));
    let signature = |message: &WebhookMessage| message.headers.get("x-hub-signature").cloned();
    let right = |message: &WebhookMessage| {
        let mac = pos_core::webhook::hmac_sha256(shop.webhook_secret().as_bytes(), &message.body);
        signature(message)
            .is_some_and(|value| value == format!("sha1={}", pos_core::webhook::hex(&mac)).as_str())
    };
    assert!(
        right(&message)
            && right(&message.next_attempt())
            && right(&message.not_utf8())
            && right(&message.oversized(9000))
    );
    assert!(
        right(&message.for_retailer(7))
            && String::from_utf8_lossy(&message.for_retailer(7).body).contains("order.update.7")
    );
    assert!(
        !right(&message.altered()) && !right(&message.forged()) && signature(&message.unsigned()).is_none()
    );
    let body: Value = serde_json::from_slice(&message.body).unwrap();
    assert_eq!(body["Notifications"][0]["Data"][0]["OrderDetails"].as_array().unwrap().len(), 2);
    assert_eq!(
        body["Notifications"][0]["Data"][0]["PurchaseDate"].as_str().map(|text| text.ends_with("+07:00")),
        Some(true)
    );
    let next: Value = serde_json::from_slice(&message.next_attempt().body).unwrap();
    assert_eq!((&next["Id"], &next["Attempt"]), (&body["Id"], &json!(2)));
    let bare = shop.webhook(Event::CustomersDeletedBare(vec![1, 2]));
    assert_eq!(bare.body, r#"{"RemoveId": [1, 2]}"#);
    let (url, _heard) = ear(200).await;
    let many: Vec<_> =
        (0..20).map(|at| shop.webhook(Event::CustomerUpdated(shop.customer_ids()[at]))).collect();
    let mixed = WebhookMessage::disorder(3, &many);
    assert!(mixed.len() > many.len());
    assert_eq!(shop.burst(&url, &mixed, 8).await, vec![200; mixed.len()]);
}

#[tokio::test]
async fn the_truth_follows_what_people_do() {
    let shop = start(SandboxOptions::default().with_customers(5).with_documents(0, 0)).await;
    let buyer = shop.customer_ids()[0];
    let worth = |shop: &Sandbox| -> (String, usize) {
        let truth = shop.truth();
        let of_buyer = truth.documents.iter().filter(|row| row.buyer == Some(buyer.to_string()));
        let rows: Vec<_> = of_buyer.collect();
        let sum: rust_decimal::Decimal = rows.iter().map(|row| row.revenue).sum();
        (sum.normalize().to_string(), rows.iter().filter(|row| row.counts).count())
    };
    assert_eq!(worth(&shop), ("0".into(), 0));
    let order = shop.add_order(Some(buyer), &[1, 2]);
    let total = shop.row(Stream::Orders, order).unwrap()["total"].to_string();
    assert_eq!(worth(&shop), ("0".into(), 1), "not paid");
    assert!(shop.mark_paid(Stream::Orders, order));
    assert_eq!(worth(&shop), (total.clone(), 1));
    let invoice = shop.invoice_order(order).unwrap();
    assert_eq!(worth(&shop), (total.clone(), 1), "sold once, though there are two papers");
    let row = shop.row(Stream::Invoices, invoice).unwrap();
    assert!(
        row["totalPayment"].as_i64() == total.parse().ok() && row.get("payments").is_none(),
        "a deposit is not listed"
    );
    let returned = shop.return_goods(invoice, false).unwrap();
    let back = shop.row(Stream::Returns, returned).unwrap()["returnTotal"].as_i64().unwrap();
    let left: i64 = total.parse::<i64>().unwrap() - back;
    assert_eq!(worth(&shop), (left.to_string(), 1));
    assert!(shop.return_goods(invoice, true).is_some());
    assert_eq!(worth(&shop), ("0".into(), 1), "no more comes back than was sold");
    shop.cancel(Stream::Invoices, invoice);
    shop.cancel(Stream::Orders, order);
    assert_eq!(worth(&shop), ("0".into(), 0));

    assert!(shop.rename_customer(buyer, "Tên Khác") && shop.set_customer_phone(buyer, "0912000777"));
    let person =
        |shop: &Sandbox| shop.truth().customers.into_iter().find(|one| one.id == buyer.to_string()).unwrap();
    assert_eq!(
        (person(&shop).name.as_deref(), person(&shop).phone.as_deref()),
        (Some("Tên Khác"), Some("0912000777"))
    );
    assert!(shop.delete_customer(buyer) && !person(&shop).alive);
    assert!(shop.restore_customer(buyer) && person(&shop).alive);
    assert_eq!(person(&shop).name.as_deref(), Some("Tên Khác"), "it comes back as it was");
    assert!(shop.mark_deleted(Stream::Customers, buyer, true) && !person(&shop).alive);
    assert!(shop.mark_deleted(Stream::Customers, buyer, false) && person(&shop).alive);
    assert!(!format!("{:?}", shop.truth()).contains("0912000777"));
}

#[tokio::test]
async fn changes_are_told_as_they_happen_and_a_deaf_address_is_given_up() {
    let (url, mut heard) = ear(200).await;
    let shop = start(small().with_webhook_url(Some(url))).await;
    let till = Till::of(&shop).await;
    let (_, made) = till.send("POST", "customers", json!({ "name": "Nghe Mẫu" })).await;
    let text = String::from_utf8(heard.recv().await.unwrap()).unwrap();
    assert!(
        text.contains("eventType=customer.update") && text.contains(&made["data"]["id"].to_string()),
        "{text}"
    );
    shop.delete_customer(made["data"]["id"].as_i64().unwrap());
    let text = String::from_utf8(heard.recv().await.unwrap()).unwrap();
    assert!(text.contains("eventType=customer.delete") && text.contains("{\"RemoveId\": ["), "{text}");

    let (deaf, _heard) = ear(503).await;
    let shop = start(small().unkind()).await;
    let till = Till::of(&shop).await;
    let hook = json!({ "Webhook": { "Type": "customer.update", "Url": deaf.as_str(), "Secret": "c2VjcmV0LTEyMw==" } });
    till.send("POST", "webhooks", hook).await;
    let id = shop.customer_ids()[0];
    for alive in [true, true, false] {
        shop.notify(Event::CustomerUpdated(id)).await;
        assert_eq!(shop.hooks()[0].is_active, alive);
    }
    let message = shop.webhook(Event::CustomerUpdated(id));
    assert_eq!(message.headers["x-webhook-event"], "customer.update.500987654");
    assert!(!String::from_utf8_lossy(&message.body).contains("ModifiedDate"));
    shop.take_changes();
    shop.add_invoice(Some(id), &[1]);
    assert_eq!(shop.take_changes().len(), 2, "the invoice and its customer");
    assert_eq!(shop.id(Stream::Orders, 3), shop.id(Stream::Invoices, 3));
    let order = till.get(&format!("Orders/{}", shop.id(Stream::Orders, 3))).await;
    assert!(order.get("orderDetails").is_some());
    let code = shop.row(Stream::Customers, id).unwrap()["code"].as_str().unwrap().to_owned();
    assert_eq!(till.get(&format!("Customers/Code/{code}")).await["id"], id);
    let strict = start(small().with_strict_paths(true)).await;
    assert_eq!(Till::of(&strict).await.refused("GET", "Products", Value::Null).await.0, 404);
}

#[tokio::test]
async fn lists_lag_and_the_date_is_the_shops_own() {
    let shop = start(small().with_lag(Duration::from_secs(60))).await;
    let till = Till::of(&shop).await;
    let stand = time::macros::datetime!(2026-11-01 3:00 UTC);
    shop.set_clock(Some(stand));
    let id = shop.add_customer(json!({ "name": "Mới Mẫu", "contactNumber": "0987001234" }));
    assert_eq!(till.get("customers?contactNumber=0987001234").await["total"], 0);
    assert_eq!(till.get(&format!("customers/{id}")).await["name"], "Mới Mẫu", "a read by id does not lag");
    shop.set_clock_offset(time::Duration::seconds(61));
    assert_eq!(till.get("customers?contactNumber=0987001234").await["total"], 1);
    let answer = till.raw("GET", "branches", &Value::Null).await.unwrap();
    assert_eq!(answer.headers["date"], "Sun, 01 Nov 2026 03:01:01 GMT");
}

#[tokio::test]
async fn a_large_shop_answers_at_once_and_keeps_nothing() {
    let shop =
        start(SandboxOptions::default().with_customers(1_000_000).with_documents(2_000_000, 2_000_000)).await;
    let till = Till::of(&shop).await;
    let started = std::time::Instant::now();
    let page = till.get("orders?orderBy=id&pageSize=100&currentItem=1999950&toDate=2030-01-01").await;
    assert_eq!((ids(&page).len(), &page["total"]), (50, &json!(2_000_000)));
    let page = till.get("customers?orderBy=id&pageSize=100&currentItem=999999").await;
    assert_eq!(ids(&page), [shop.id(Stream::Customers, 999_999)]);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}
