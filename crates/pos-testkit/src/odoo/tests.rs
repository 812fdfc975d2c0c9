//! The sandbox by itself.

use http::{HeaderMap, HeaderValue};
use pos_core::record::Stream;
use serde_json::{Value, json};

use super::{Sandbox, SandboxOptions};
use crate::contract::VendorSandbox;
use crate::wire::send;

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_orders(40)
}

/// A call of JSON-2, with its status.
async fn ask(shop: &Sandbox, path: &str, body: Value) -> (u16, Value) {
    let mut headers = HeaderMap::new();
    let proof = format!("bearer {}", shop.api_key());
    headers.insert("authorization", HeaderValue::from_str(&proof).unwrap());
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let url = shop.base_url().join(&format!("json/2/{path}")).unwrap();
    let answer = send("POST", &url, &headers, body.to_string().as_bytes()).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

/// The same over JSON-RPC: the result, or the name of the error.
async fn call(shop: &Sandbox, model: &str, method: &str, places: Value, names: Value) -> Value {
    let args = json!([shop.database(), 2, shop.api_key(), model, method, places, names]);
    let body = json!({ "jsonrpc": "2.0", "method": "call", "id": 1,
                       "params": { "service": "object", "method": "execute_kw", "args": args } });
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let url = shop.base_url().join("jsonrpc").unwrap();
    let answer = send("POST", &url, &headers, body.to_string().as_bytes()).await.unwrap();
    assert_eq!(answer.status, 200, "whatever happened");
    let mut told: Value = serde_json::from_slice(&answer.body).unwrap();
    match told.get_mut("error") {
        Some(error) => error["data"]["name"].take(),
        None => told["result"].take(),
    }
}

fn found(answer: &Value) -> Vec<i64> {
    answer.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn rows_come_as_the_server_sends_them() {
    let shop = Sandbox::start(small()).await.unwrap();
    let fields = ["name", "phone", "parent_id", "is_company", "state_id", "category_id", "write_date"];
    let (status, rows) =
        ask(&shop, "res.partner/search_read", json!({ "fields": fields, "order": "id", "limit": 200 })).await;
    assert_eq!(status, 200);
    let rows = rows.as_array().unwrap();
    assert!(rows.iter().all(|row| row["write_date"].as_str().unwrap().len() == 19));
    assert!(
        rows.iter().any(|row| row["phone"] == false) && rows.iter().all(|row| row["is_company"].is_boolean())
    );
    let child = rows.iter().find(|row| row["parent_id"].is_array()).unwrap();
    assert!(child["parent_id"][1].is_string());
    let archived = shop.ids(Stream::Customers).len();
    let customers = json!([
        "|",
        ["parent_id", "=", false],
        ["type", "=", "contact"],
        "!",
        ["user_ids.share", "=", false],
        ["ref_company_ids", "=", false]
    ]);
    let (_, shown) = ask(&shop, "res.partner/search", json!({ "domain": customers })).await;
    let all = json!({ "domain": customers, "context": { "active_test": false } });
    let (_, all) = ask(&shop, "res.partner/search", all).await;
    assert_eq!(all.as_array().unwrap().len(), archived);
    assert!(shown.as_array().unwrap().len() < archived, "archived ones are hidden");
    let (_, bare) = ask(
        &shop,
        "res.partner/read",
        json!({ "ids": [child["id"]], "fields": ["parent_id"], "load": null }),
    )
    .await;
    assert_eq!(bare[0]["parent_id"], child["parent_id"][0]);
}

#[tokio::test]
async fn ids_that_are_none_are_answered_with_nothing_or_with_a_row_of_nothing() {
    let shop = Sandbox::start(small()).await.unwrap();
    let read =
        async |ids: Value| ask(&shop, "res.partner/read", json!({ "ids": ids, "fields": ["name"] })).await;
    assert_eq!(found(&read(json!([104, 101, 104, 9_999_999])).await.1), [104, 101, 104]);
    assert_eq!(read(json!(["101"])).await, (200, json!([])));
    assert_eq!(read(json!([false])).await, (200, json!([{ "id": false, "name": false }])));
    let write = async |ids: Value| {
        ask(&shop, "res.partner/write", json!({ "ids": ids, "vals": { "ref": "x" } })).await.0
    };
    assert_eq!((write(json!([])).await, write(json!([9_999_999])).await), (200, 404));
    assert!(shop.hide(Stream::Customers, "101", true));
    assert_eq!(read(json!([101, 104])).await.0, 403, "one hidden row refuses all");
    let (_, seen) =
        ask(&shop, "res.partner/search_read", json!({ "domain": [["id", "in", [101, 104]]], "fields": [] }))
            .await;
    assert_eq!(found(&seen), [104]);
}

#[tokio::test]
async fn mistakes_are_refused_as_each_protocol_has_it() {
    let shop = Sandbox::start(small()).await.unwrap();
    for (path, body, status, name) in [
        ("res.partner/search_read", json!({ "fields": ["mobile"] }), 500, "builtins.ValueError"),
        ("res.partner/search_read", json!({ "order": "company_type" }), 500, "builtins.ValueError"),
        (
            "res.partner/search_read",
            json!({ "domain": [["write_date", ">", "2026-01-01T00:00:00Z"]] }),
            500,
            "builtins.ValueError",
        ),
        (
            "res.partner/search_read",
            json!({ "limit": -1 }),
            500,
            "psycopg2.errors.InvalidRowCountInLimitClause",
        ),
        ("res.partner/search_read", json!({ "zzz": 1 }), 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("res.partner/search", json!({}), 422, "werkzeug.exceptions.UnprocessableEntity"),
        (
            "res.partner/search_read",
            json!({ "context": { "lang": "xx_XX" } }),
            422,
            "odoo.exceptions.UserError",
        ),
        ("res.partner/write", json!({ "ids": [101], "vals": { "zzz": 1 } }), 500, "builtins.KeyError"),
        (
            "res.partner/create",
            json!({ "vals_list": [{ "phone": "1" }] }),
            422,
            "odoo.exceptions.ValidationError",
        ),
        (
            "sale.order/create",
            json!({ "vals_list": [{ "partner_id": 9_999_999 }] }),
            404,
            "odoo.exceptions.MissingError",
        ),
        ("res.partner/unlink", json!({ "ids": [1] }), 422, "odoo.exceptions.UserError"),
        ("no.model/read", json!({}), 404, "werkzeug.exceptions.NotFound"),
        ("res.partner/no_method", json!({}), 404, "werkzeug.exceptions.NotFound"),
        ("res.partner/_write", json!({}), 403, "odoo.exceptions.AccessError"),
    ] {
        let (got, said) = ask(&shop, path, body.clone()).await;
        assert_eq!((got, said["name"].as_str().unwrap()), (status, name), "{path} {body}");
    }
    let old = Sandbox::start(small().with_version(14)).await.unwrap();
    let none = json!({});
    let refused = call(&old, "no.model", "search", json!([[]]), none.clone()).await;
    assert_eq!(refused, "odoo.exceptions.UserError");
    assert!(
        call(&old, "res.partner", "search_read", json!([[]]), json!({ "fields": ["mobile"], "limit": 1 }))
            .await
            .is_array()
    );
    let made = call(&old, "res.partner", "create", json!([{ "name": "Mẫu" }]), none.clone()).await;
    assert!(
        made.is_number()
            && call(&old, "res.partner", "create", json!([[{ "name": "Mẫu" }]]), none).await.is_array()
    );
    assert_eq!(
        ask(&old, "res.partner/search", json!({ "domain": [] })).await.0,
        404,
        "there is no such way in"
    );
}

#[tokio::test]
async fn times_are_compared_to_the_second_and_sorted_to_the_microsecond() {
    for (version, above, at) in [(14, true, false), (19, false, true)] {
        let shop = Sandbox::start(small().with_version(version)).await.unwrap();
        let id = shop.insert(Stream::Customers).unwrap().parse::<i64>().unwrap();
        let row = call(&shop, "res.partner", "read", json!([[id], ["write_date"]]), json!({})).await;
        let stamp = row[0]["write_date"].as_str().unwrap();
        let has = async |sign: &str| {
            let domain = json!([[["write_date", sign, stamp], ["id", "=", id]]]);
            call(&shop, "res.partner", "search", domain, json!({})).await == json!([id])
        };
        assert_eq!((has(">").await, has("=").await, has(">=").await), (above, at, true), "{version}");
    }
    // Nothing breaks a tie: pages over one stamp lose rows, though nothing changes.
    let shop = Sandbox::start(small()).await.unwrap();
    {
        let mut state = shop.inner.state();
        state.table("res.partner").values_mut().for_each(|row| row.changed = 1_790_000_000_000_000);
    }
    let mut seen = std::collections::BTreeSet::new();
    for offset in (0..60).step_by(6) {
        let body = json!({ "fields": ["name"], "order": "write_date", "limit": 6, "offset": offset });
        seen.extend(found(&ask(&shop, "res.partner/search_read", body).await.1));
        shop.touch(Stream::Products, "1");
    }
    assert!(seen.len() < 60, "{}", seen.len());
}

#[tokio::test]
async fn loading_is_an_upsert_that_answers_well_also_when_it_failed() {
    let shop = Sandbox::start(small()).await.unwrap();
    let load = async |columns: Value, row: Value| {
        ask(&shop, "res.partner/load", json!({ "fields": columns, "data": [row] })).await
    };
    let (status, failed) = load(json!(["id"]), json!(["__import__.x_1"])).await;
    assert_eq!((status, &failed["ids"]), (200, &json!(false)));
    let (_, made) = load(json!(["id", "name"]), json!(["__import__.x_1", "Một"])).await;
    let (_, again) = load(json!(["id", "name"]), json!(["__import__.x_1", "Hai"])).await;
    assert_eq!(made["ids"], again["ids"]);
    let id = made["ids"][0].as_i64().unwrap().to_string();
    assert_eq!(shop.record(Stream::Customers, &id).unwrap()["name"], "Hai");
    assert!(shop.delete(Stream::Customers, &id));
    let (_, anew) = load(json!(["id", "name"]), json!(["__import__.x_1", "Ba"])).await;
    assert_ne!(anew["ids"], made["ids"]);
}

#[tokio::test]
async fn an_address_spreads_over_a_firm_and_a_locked_order_stays() {
    let shop = Sandbox::start(small()).await.unwrap();
    let firm = shop
        .create("res.partner", json!({ "name": "Công ty Mẫu", "is_company": true, "vat": "0100000001" }))
        .unwrap();
    let one =
        shop.create("res.partner", json!({ "name": "A Mẫu", "parent_id": firm, "street": "1 Phố" })).unwrap();
    let other = shop.create("res.partner", json!({ "name": "B Mẫu", "parent_id": firm })).unwrap();
    let of =
        |id: i64, name: &str| shop.record(Stream::Customers, &id.to_string()).unwrap().get(name).cloned();
    assert_eq!((of(firm, "street"), of(other, "street")), (Some("1 Phố".into()), Some("1 Phố".into())));
    assert_eq!(of(one, "vat"), Some("0100000001".into()));
    assert_eq!(
        ask(&shop, "res.partner/write", json!({ "ids": [other], "vals": { "street": "2 Phố" } })).await.0,
        200
    );
    assert_eq!((of(firm, "street"), of(one, "street")), (Some("2 Phố".into()), Some("2 Phố".into())));
    assert!(shop.delete(Stream::Customers, &firm.to_string()));
    assert_eq!(of(one, "parent_id"), Some(Value::Null), "children stay");
    let sale = shop.create_order("101");
    let ids = json!({ "ids": [sale.parse::<i64>().unwrap()] });
    assert_eq!(ask(&shop, "sale.order/action_lock", ids.clone()).await, (200, Value::Null));
    assert_eq!(ask(&shop, "sale.order/action_cancel", ids).await.0, 422);
}
