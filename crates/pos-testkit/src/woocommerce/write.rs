//! The endpoints that write.

use serde_json::{Map, Value, json};

use super::answer::{error, error_with, invalid, missing, missing_for_update};
use super::{Inner, Kind, State, render};
use crate::server::{Answer, object, text};

type Sent = Map<String, Value>;

/// What an order may be.
pub(super) const STATUSES: [&str; 11] = [
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "trash",
    "auto-draft",
    "checkout-draft",
    "da-giao",
];

/// The most that a batch is about.
const MOST: usize = 100;

fn lacks(name: &str) -> Answer {
    let data = json!({ "status": 400, "params": [name] });
    error_with(400, "rest_missing_callback_param", data)
}

/// A text as WordPress keeps it; `None` where none was sent.
fn told(sent: &Sent, name: &str) -> Option<String> {
    sent.get(name).and_then(Value::as_str).map(render::tidy)
}

pub(super) fn create(inner: &Inner, state: &mut State, kind: Kind, sent: &Sent) -> Result<i64, Answer> {
    match kind {
        Kind::Customers => new_customer(state, sent),
        _ => new_order(inner, state, sent),
    }
}

pub(super) fn update(state: &mut State, kind: Kind, id: i64, sent: &Sent) -> Result<i64, Answer> {
    if !state.table(kind).contains_key(&id) {
        return Err(missing_for_update(kind));
    }
    match kind {
        Kind::Customers => change_customer(state, id, sent),
        _ => change_order(state, id, sent),
    }
}

pub(super) fn delete(inner: &Inner, state: &mut State, kind: Kind, id: i64, force: bool) -> Answer {
    let Some(row) = state.table(kind).get(&id) else { return missing(kind) };
    if !kind.has_trash() && !force {
        return error(501, "woocommerce_rest_trash_not_supported");
    }
    if kind == Kind::Customers && !matches!(text(&row.json, "role"), "customer" | "subscriber") {
        return error(403, "woocommerce_rest_cannot_delete");
    }
    let before = inner.shown(kind, row, None);
    if !state.delete(kind, id, force) {
        return error(410, "woocommerce_rest_already_trashed");
    }
    let after = state.table(kind).get(&id).map(|row| inner.shown(kind, row, None));
    Answer::ok(&after.unwrap_or(before))
}

/// Each item by itself, under 200; deletions are for good.
pub(super) fn batch(inner: &Inner, state: &mut State, kind: Kind, sent: &Sent) -> Answer {
    let items = |name: &str| sent.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (new, changed, deleted) = (items("create"), items("update"), items("delete"));
    if new.len() + changed.len() + deleted.len() > MOST {
        return error(413, "woocommerce_rest_request_entity_too_large");
    }
    let item = |id: i64, answer: Answer| {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status < 400 { body } else { json!({ "id": id, "error": body }) }
    };
    let mut told = Map::new();
    let made = new.into_iter().map(|one| {
        let done = create(inner, state, kind, &object(one));
        item(0, inner.written(state, kind, done, 201))
    });
    told.insert("create".into(), made.collect());
    let made = changed.into_iter().map(|one| {
        let id = one["id"].as_i64().unwrap_or_default();
        let done = update(state, kind, id, &object(one));
        item(id, inner.written(state, kind, done, 200))
    });
    told.insert("update".into(), made.collect());
    let made = deleted.into_iter().map(|one| {
        let id = one.as_i64().unwrap_or_default();
        item(id, delete(inner, state, kind, id, true))
    });
    told.insert("delete".into(), made.collect());
    told.retain(|_, list| list.as_array().is_some_and(|list| !list.is_empty()));
    Answer::ok(&told.into())
}

/// Members of an address that were sent; the others stay.
fn fill(row: &mut Sent, name: &str, sent: &Sent) {
    let Some(parts) = sent.get(name).and_then(Value::as_object) else { return };
    let old = object(row.remove(name).unwrap_or_default());
    let mut address = if old.is_empty() { render::blank(name == "billing") } else { old };
    for (part, value) in parts {
        if let (true, Some(value)) = (address.contains_key(part), value.as_str()) {
            address.insert(part.clone(), render::tidy(value).into());
        }
    }
    row.insert(name.into(), address.into());
}

/// A meta field of a key that is there is replaced, unless it is named by its id.
fn mark(row: &mut Sent, serial: i64, sent: &Sent) {
    let Some(fields) = sent.get("meta_data").and_then(Value::as_array) else { return };
    let Some(own) = row.get_mut("meta_data").and_then(Value::as_array_mut) else { return };
    for (at, field) in fields.iter().enumerate() {
        own.retain(|known| known["key"] != field["key"]);
        own.push(json!({ "id": serial * 100 + at as i64, "key": field["key"], "value": field["value"] }));
    }
}

fn has_email(state: &mut State, email: &str, but: Option<i64>) -> bool {
    let is = |row: &Sent| text(row, "email").eq_ignore_ascii_case(email);
    state.table(Kind::Customers).iter().any(|(id, row)| Some(*id) != but && is(&row.json))
}

pub(super) fn new_customer(state: &mut State, sent: &Sent) -> Result<i64, Answer> {
    if sent.get("id").is_some_and(|id| *id != 0) {
        return Err(error(400, "woocommerce_rest_customer_exists"));
    }
    let email = told(sent, "email").filter(|email| !email.is_empty()).ok_or_else(|| lacks("email"))?;
    if !email.contains('@') {
        return Err(error(400, "registration-error-invalid-email"));
    }
    if has_email(state, &email, None) {
        return Err(error(400, "registration-error-email-exists"));
    }
    let id = state.take_id();
    let mut row = render::user(id, &email, "customer");
    for name in ["first_name", "last_name"] {
        row.insert(name.into(), told(sent, name).unwrap_or_default().into());
    }
    fill(&mut row, "billing", sent);
    fill(&mut row, "shipping", sent);
    mark(&mut row, id, sent);
    state.put(Kind::Customers, id, row, 0);
    Ok(id)
}

fn change_customer(state: &mut State, id: i64, sent: &Sent) -> Result<i64, Answer> {
    let email = told(sent, "email").filter(|email| !email.is_empty());
    if let Some(email) = &email {
        if has_email(state, email, Some(id)) {
            return Err(error(400, "woocommerce_rest_customer_invalid_email"));
        }
        let row = &state.table(Kind::Customers)[&id].json;
        let is_other = !text(row, "email").eq_ignore_ascii_case(email);
        if is_other && !matches!(text(row, "role"), "customer" | "subscriber") {
            return Err(error(403, "woocommerce_rest_cannot_edit"));
        }
    }
    let serial = state.take_id();
    state.change(Kind::Customers, id, |row| {
        row.extend(email.map(|email| ("email".to_owned(), Value::from(email))));
        for name in ["first_name", "last_name"] {
            row.extend(told(sent, name).map(|text| (name.to_owned(), Value::from(text))));
        }
        fill(row, "billing", sent);
        fill(row, "shipping", sent);
        mark(row, serial, sent);
    });
    Ok(id)
}

/// A line that was sent. Without amounts the shop prices it.
fn new_line(state: &mut State, sent: &Value) -> Result<Value, Answer> {
    let quantity =
        sent.get("quantity").map_or(Some(1), Value::as_i64).ok_or_else(|| invalid("line_items"))?;
    let (product, variation) =
        (sent["product_id"].as_i64().unwrap_or(0), sent["variation_id"].as_i64().unwrap_or(0));
    let kept = match variation {
        0 => state.table(Kind::Products).get(&product),
        variation => state.table(Kind::Variations).get(&variation),
    };
    let kept = kept.filter(|row| row.status() != "trash").ok_or_else(|| error(400, "order_item_invalid"))?;
    let price = render::dong(&kept.json["price"]);
    let named = (text(&kept.json, "name").to_owned(), kept.json["sku"].clone());
    let subtotal = sent.get("subtotal").map_or(price * quantity, render::dong);
    let total = sent.get("total").map_or(subtotal, render::dong);
    let id = state.take_id();
    Ok(render::line(id, (product, variation), (&named.0, named.1), quantity * 1000, [subtotal, total, 0]))
}

fn list<'a>(sent: &'a Sent, name: &str) -> impl Iterator<Item = &'a Value> {
    sent.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn status_sent(sent: &Sent) -> Result<Option<String>, Answer> {
    match told(sent, "status") {
        Some(status) if !STATUSES.contains(&status.as_str()) => Err(invalid("status")),
        status => Ok(status),
    }
}

pub(super) fn new_order(inner: &Inner, state: &mut State, sent: &Sent) -> Result<i64, Answer> {
    if sent.get("id").is_some_and(|id| *id != 0) {
        return Err(error(400, "woocommerce_rest_shop_order_exists"));
    }
    let status = status_sent(sent)?;
    let customer = sent.get("customer_id").and_then(Value::as_i64).unwrap_or(0);
    if customer != 0 && !state.table(Kind::Customers).contains_key(&customer) {
        return Err(error(400, "woocommerce_rest_invalid_customer_id"));
    }
    let id = state.take_id();
    let mut row = render::bare_order(id);
    fill(&mut row, "billing", sent);
    fill(&mut row, "shipping", sent);
    mark(&mut row, id, sent);
    row.insert("customer_id".into(), customer.into());
    for name in ["payment_method", "payment_method_title", "customer_note", "transaction_id", "currency"] {
        row.extend(told(sent, name).map(|text| (name.to_owned(), Value::from(text))));
    }
    if let Some(via) = told(sent, "created_via").filter(|_| state.version >= (9, 9)) {
        row.insert("created_via".into(), via.into());
    }
    if inner.options.numbered {
        row.insert("number".into(), format!("GV-2026-{}", id % 100_000).into());
    }
    let mut lines = Vec::new();
    for sent in list(sent, "line_items") {
        match new_line(state, sent) {
            Ok(line) => lines.push(line),
            Err(refusal) if refusal.status == 400 && sent["quantity"].is_i64() => {
                // What was made so far stays behind.
                row.insert("status".into(), "checkout-draft".into());
                state.put(Kind::Orders, id, row, 0);
                let data = json!({ "status": 400, "new_draft_order_id": id });
                return Err(error_with(400, "order_item_invalid", data));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    row.insert("line_items".into(), lines.into());
    let fees = list(sent, "fee_lines").enumerate().map(|(at, fee)| {
        render::fee(
            id * 100 + at as i64,
            fee["name"].as_str().unwrap_or_default(),
            render::dong(&fee["total"]),
        )
    });
    row.insert("fee_lines".into(), fees.collect());
    let ways = list(sent, "shipping_lines").enumerate();
    let ways =
        ways.map(|(at, way)| render::shipping_line(id * 100 + 50 + at as i64, render::dong(&way["total"])));
    row.insert("shipping_lines".into(), ways.collect());
    render::add_up(&mut row);
    let now = state.now_ms();
    set_status(&mut row, &status.unwrap_or_else(|| "pending".to_owned()), now);
    if sent.get("set_paid") == Some(&true.into()) {
        pay(&mut row, now);
    }
    state.put(Kind::Orders, id, row, 0);
    Ok(id)
}

/// Moves an order on, with the dates that belong to it.
pub(super) fn set_status(row: &mut Sent, status: &str, now: i64) {
    let unset = |row: &Sent, name: &str| row.get(name).is_none_or(Value::is_null);
    row.insert("status".into(), status.into());
    let is_done = status == "completed";
    if is_done && unset(row, "date_completed_gmt") {
        render::stamp(row, "date_completed", Some(now));
    }
    // Paid at the door, when it is done; by other ways, when it may be worked on.
    let is_paid = is_done || status == "processing" && text(row, "payment_method") != "cod";
    if is_paid && unset(row, "date_paid_gmt") {
        render::stamp(row, "date_paid", Some(now));
    }
}

/// The money came in.
pub(super) fn pay(row: &mut Sent, now: i64) {
    if matches!(text(row, "status"), "pending" | "on-hold" | "failed" | "cancelled") {
        row.insert("status".into(), "processing".into());
    }
    render::stamp(row, "date_paid", Some(now));
}

fn change_order(state: &mut State, id: i64, sent: &Sent) -> Result<i64, Answer> {
    let status = status_sent(sent)?;
    let mut changed = Vec::new();
    for line in list(sent, "line_items") {
        let quantity = line.get("quantity").and_then(Value::as_i64);
        let known = line.get("id").and_then(Value::as_i64);
        let is_removed =
            known.is_some() && (quantity == Some(0) || line.get("product_id") == Some(&Value::Null));
        changed.push(match (known, is_removed) {
            (Some(known), true) => (Some(known), None),
            (Some(known), false) => (Some(known), Some(line.clone())),
            (None, _) => (None, Some(new_line(state, line)?)),
        });
    }
    let (now, serial) = (state.now_ms(), state.take_id());
    if status.as_deref() == Some("refunded") {
        give_back(state, id, None);
    }
    let is_paid = sent.get("set_paid") == Some(&true.into());
    state.change(Kind::Orders, id, |row| {
        fill(row, "billing", sent);
        fill(row, "shipping", sent);
        mark(row, serial, sent);
        for name in ["payment_method", "payment_method_title", "customer_note", "transaction_id"] {
            row.extend(told(sent, name).map(|text| (name.to_owned(), Value::from(text))));
        }
        if let Some(lines) = row.get_mut("line_items").and_then(Value::as_array_mut) {
            for (known, change) in changed {
                match (known, change) {
                    (Some(known), None) => lines.retain(|line| line["id"] != known),
                    (Some(known), Some(change)) => {
                        for line in lines.iter_mut().filter(|line| line["id"] == known) {
                            for name in ["quantity", "subtotal", "total"] {
                                if let Some(value) = change.get(name) {
                                    line[name] = value.clone();
                                }
                            }
                        }
                    }
                    (None, line) => lines.extend(line),
                }
            }
        }
        render::add_up(row);
        if let Some(status) = &status {
            set_status(row, status, now);
        }
        if is_paid {
            pay(row, now);
        }
    });
    Ok(id)
}

/// Gives money back, all that is left without an amount, and a piece of the first line where it is said. Answers the refund's id.
/// What is given back in full is refunded.
pub(super) fn give_back(state: &mut State, order: i64, amount: Option<(i64, i64)>) -> Option<i64> {
    let row = state.table(Kind::Orders).get(&order)?;
    let left = render::dong(row.json.get("total")?) - render::refunded(&row.json);
    let (amount, pieces) = amount.unwrap_or((left, 0));
    if amount <= 0 || amount > left {
        return None;
    }
    let (id, now) = (state.take_id(), state.now_ms());
    let mut refund = Map::new();
    state.change(Kind::Orders, order, |row| {
        refund = render::refund(row, id, amount, pieces, now);
        if amount == left {
            row.insert("status".into(), "refunded".into());
        }
    });
    state.put(Kind::Refunds, id, refund, order);
    Some(id)
}

pub(super) fn refund(state: &mut State, order: i64, sent: &Sent) -> Result<i64, Answer> {
    let amount = sent.get("amount").map_or(0, render::dong);
    give_back(state, order, Some((amount, 0)))
        .ok_or_else(|| error(400, "woocommerce_rest_invalid_order_refund"))
}

/// Adds any record.
pub(super) fn insert(state: &mut State, kind: Kind) -> Option<i64> {
    let id = state.take_id();
    match kind {
        Kind::Customers => {
            let email = format!("khach.moi{id}@example.com");
            let sent = json!({ "email": email, "first_name": "Mới", "last_name": "Khách" });
            return new_customer(state, &object(sent)).ok();
        }
        Kind::Orders => {
            let mut row = render::bare_order(id);
            let line = render::line(id * 10, (0, 0), ("Hàng mẫu", Value::Null), 1000, [10_000, 10_000, 0]);
            row.insert("line_items".into(), json!([line]));
            render::add_up(&mut row);
            state.put(kind, id, row, 0);
        }
        Kind::Products => {
            let is_simple = |row: &&super::Row| text(&row.json, "type") == "simple" && !row.hidden;
            let mut row = state.table(kind).values().find(is_simple)?.json.clone();
            row.extend(object(json!({ "id": id, "sku": format!("MOI{id}") })));
            state.put(kind, id, row, 0);
        }
        Kind::Categories => state.put(kind, id, render::category(id, "Loại mới", 0), 0),
        Kind::Refunds | Kind::Variations => return None,
    }
    Some(id)
}
