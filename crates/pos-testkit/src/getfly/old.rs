//! Version 3: texts everywhere, pages by number, other names.

use serde_json::{Map, Value, json};

use super::answer::{missing, told};
use super::{Inner, Kind, State};
use crate::server::{Answer, Query, Twist, object, text};

/// Rows of a page of customers and orders, and of products.
const PAGE: usize = 50;
const PRODUCTS: usize = 20;

fn as_text(value: Option<&Value>) -> Value {
    match value {
        None | Some(Value::Null) => Value::Null,
        Some(Value::String(text)) => text.as_str().into(),
        Some(other) => other.to_string().into(),
    }
}

/// Labels as one text, `FB,Google`.
fn labels(row: &Map<String, Value>, name: &str) -> String {
    let all = row.get(name).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|one| one["label"].as_str()).collect::<Vec<_>>().join(",")
}

/// Persons of a firm.
fn contacts(row: &Map<String, Value>) -> Value {
    let all = row.get("contacts").and_then(Value::as_array).into_iter().flatten();
    all.map(|one| {
        json!({
            "contact_id": as_text(one.get("id")), "first_name": one["first_name"], "last_name": one["last_name"],
            "phone_mobile": one["phone_mobile"], "phone_home": "", "email": one["email"], "description": "",
            "title": one["title"],
        })
    })
    .collect()
}

/// A row of a list of customers. The company's own fields stand flat beside the others; the feed of 6 has them by themselves.
pub(super) fn account(row: &Map<String, Value>, of_feed: bool) -> Value {
    let mut old = object(json!({
        "account_id": as_text(row.get("id")), "account_code": row["account_code"], "account_name": row["account_name"],
        "address": row["billing_address_street"], "phone": row["phone_office"], "email": row["email"],
        "website": row["website"], "birthday": row["birthday"], "description": row["description"],
        "manager_email": row["mgr_email"], "manager_user_name": row["mgr_display_name"], "created_at": row["created_at"],
        "account_type_id": row["account_type"], "account_type": labels(row, "account_type_details"),
        "account_source_id": row["account_source"], "account_source": labels(row, "account_source_details"),
    }));
    old.extend(object(json!({
        "relation_id": as_text(row.get("relation_id")), "relation_name": row["relation_name"],
        "gender": row["gender"].as_i64().unwrap_or(0).to_string(), "revenue": as_text(row.get("total_revenue")),
        "province_name": row["province_name"], "industry_name": "", "contacts": contacts(row),
    })));
    let own = row["custom_fields"].as_object().cloned().unwrap_or_default();
    match of_feed {
        true => drop(old.insert("custom_fields".into(), own.into())),
        false => {
            for (name, value) in own {
                old.entry(name).or_insert(value);
            }
        }
    }
    old.into()
}

/// One customer: what is in its row under `info`, its persons beside it.
fn detail(row: &Map<String, Value>) -> Value {
    let mut info = object(account(row, false));
    let persons = info.remove("contacts").unwrap_or_default();
    for (name, value) in [("creator_name", "Mẫu"), ("country_id", "1"), ("country_name", "Việt Nam")] {
        info.insert(name.into(), value.into());
    }
    json!({ "info": info, "contacts": persons })
}

/// `03/01/2024`
fn slashed(day: &str) -> String {
    let mut parts = day.get(..10).unwrap_or_default().split('-').rev();
    [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default).join("/")
}

/// Head of an order: the row of its list, and its detail.
fn head(row: &Map<String, Value>) -> Value {
    let mut head = object(json!({
        "order_id": row["id"], "order_code": row["order_code"], "order_date": slashed(text(row, "order_date")),
        "order_type": 2, "order_status": row["status"], "amount": row["real_amount"], "discount": row["discount"],
        "discount_amount": row["discount_amount"], "created_at": slashed(text(row, "created_at")), "installation": 0,
        "installation_amount": 0, "transport": 0, "transport_amount": 0, "lading_status": row["lading_status"],
    }));
    let is_repay = as_text(row.get("is_repay").or(Some(&0.into())));
    head.extend(object(json!({
        "store_id": 0, "account_id": row["account_id"], "account_name": row["account_name"],
        "account_code": row["account_code"], "account_phone": row["account_phone"], "account_email": row["account_email"],
        "assigned_name": row["assigned_user_name"], "is_repay": is_repay, "account_address": row["account_address"],
    })));
    head.into()
}

fn order(state: &mut State, id: i64) -> Answer {
    let Some(row) = state.table(Kind::Orders).get(&id).map(|row| row.json.clone()) else {
        return missing(Kind::Orders);
    };
    let paid = state.table(Kind::Payments).values().filter(|row| row.json["order_id"] == id);
    let payments: Vec<Value> = paid.map(|row| row.json.clone().into()).collect();
    Answer::ok(&json!({
        "order_info": head(&row), "products": row["order_details"], "payments": payments, "terms": [],
    }))
}

fn product(row: &Map<String, Value>) -> Value {
    let mut old = Map::new();
    for (name, value) in row {
        let value = match (name.as_str(), value) {
            ("id" | "custom_fields", _) => continue,
            ("created_at" | "updated_at", Value::String(at)) => slashed(at).replace('/', "-").into(),
            ("last_active", _) => "0000-00-00 00:00:00".into(),
            ("services", Value::Bool(is_service)) => i64::from(*is_service).to_string().into(),
            (_, Value::Number(number)) => number.to_string().into(),
            (_, other) => other.clone(),
        };
        old.insert(name.clone(), value);
    }
    old.insert("product_id".into(), as_text(row.get("id")));
    old.insert("technique".into(), "".into());
    old.insert(
        "thumbnail_file".into(),
        "https://gomviet-demo.getflycrm.com/assets/images/no-product.jpg".into(),
    );
    old.into()
}

/// A supplier's document, which a list of sales may hold, too.
fn purchase(id: usize) -> Value {
    json!({
        "order_id": 900_000 + id, "order_code": format!("PN{id:05}"), "order_type": 1, "order_status": 2,
        "amount": 4_000_000, "account_id": 1, "account_name": "Nhà cung cấp Mẫu", "is_repay": "0",
        "order_date": "03/01/2024", "created_at": "03/01/2024",
    })
}

/// The ids of a page, newest first, with the number of pages.
fn page(state: &mut State, kind: Kind, query: &Query, size: usize) -> (Vec<i64>, usize, usize, usize) {
    let now = state.now_ms();
    let ids: Vec<i64> =
        state.table(kind).iter().filter(|(_, row)| row.shown <= now).map(|(id, _)| *id).rev().collect();
    let number = query.page("page");
    let chosen = ids.iter().skip((number - 1).saturating_mul(size)).take(size).copied().collect();
    (chosen, number, ids.len(), ids.len().div_ceil(size))
}

/// The endpoints, which read only.
pub(super) fn route(
    inner: &Inner,
    state: &mut State,
    (method, parts): (&str, &[&str]),
    query: &Query,
    twist: Twist,
) -> Answer {
    if method != "GET" {
        return told(403, "Phương thức không được chấp nhận.");
    }
    match parts {
        ["accounts"] => {
            let (ids, number, total, pages) = page(state, Kind::Accounts, query, PAGE);
            let rows = Inner::rows(state, Kind::Accounts, &ids, twist, |row| account(&row.json, false));
            Answer::ok(&json!({
                "records": rows,
                "pagination": { "page": number, "total_record": total.to_string(), "total_page": pages },
            }))
        }
        ["accounts", "sync"] => {
            let since = query.number("last_sync").unwrap_or(i64::MIN);
            let changed = state.table(Kind::Accounts).iter().rev();
            let changed = changed.filter(|(_, row)| row.changed.div_euclid(1000) > since);
            let ids: Vec<i64> = changed.map(|(id, _)| *id).collect();
            let rows = Inner::rows(state, Kind::Accounts, &ids, twist, |row| account(&row.json, false));
            Answer::ok(&json!({ "data": rows, "meta": {} }))
        }
        ["accounts", "deleted_ids"] => inner.deleted(state, query, true),
        ["account", id] => {
            let row = id.parse::<i64>().ok().and_then(|id| state.table(Kind::Accounts).get(&id));
            row.map_or_else(|| missing(Kind::Accounts), |row| Answer::ok(&detail(&row.json)))
        }
        ["orders"] => {
            if query.number("order_type").is_none() {
                return Answer::json(400, &json!({ "error": "Bad request" }));
            }
            let size = query.size("per_page", PAGE, PAGE);
            let (ids, number, total, pages) = page(state, Kind::Orders, query, size);
            let is_sale = query.number("order_type") == Some(2);
            let ids = if is_sale { ids } else { Vec::new() };
            let mut rows = Inner::rows(state, Kind::Orders, &ids, twist, |row| head(&row.json));
            if inner.options.purchases && !rows.is_empty() {
                rows.insert(rows.len() / 2, purchase(number));
            }
            Answer::ok(&json!({
                "records": rows,
                "pagination": { "page": number, "total_record": total.to_string(), "total_page": pages },
            }))
        }
        ["orders", "detail"] => order(state, query.number("order_id").unwrap_or(0)),
        ["orders", code] => {
            let row =
                state.table(Kind::Orders).iter().find(|(_, row)| text(&row.json, "order_code") == *code);
            let id = row.map_or(0, |(id, _)| *id);
            order(state, id)
        }
        ["products"] => {
            let (ids, number, total, pages) = page(state, Kind::Products, query, PRODUCTS);
            let rows = Inner::rows(state, Kind::Products, &ids, twist, |row| product(&row.json));
            Answer::ok(&json!({
                "records": rows,
                "pagination": {
                    "page": number.to_string(), "limit": PRODUCTS, "total_page": pages, "total_records": total,
                },
            }))
        }
        ["users"] => {
            let ids: Vec<i64> = state.table(Kind::Users).keys().copied().collect();
            let rows = Inner::rows(state, Kind::Users, &ids, twist, |row| {
                let mut json = row.json.clone();
                json.insert("user_id".into(), as_text(row.json.get("user_id")));
                Value::from(json)
            });
            Answer::ok(&json!({ "records": rows }))
        }
        _ => Answer::page(404),
    }
}

#[cfg(test)]
mod tests {
    use super::slashed;

    #[test]
    fn days_are_turned_round() {
        assert_eq!(slashed("2024-01-03 10:00:00"), "03/01/2024");
        assert_eq!(crate::getfly::render::day(1_704_214_800_000), "2024-01-03");
    }
}
