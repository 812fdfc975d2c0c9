//! The calls that write: customers and orders are made, and never changed.

use serde_json::{Value, json};

use super::body::{Json, Outcome, number, sent, words};
use super::{Inner, Kind, State, rows};
use crate::server::{Answer, object, text};

fn amount(of: &Value, name: &str) -> Option<f64> {
    let body = of.as_object()?;
    match sent(body, name)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

/// The name of a place by its code; a code that is not known stays as it is.
fn place(body: &Json, name: &str) -> String {
    let code = words(body, name).unwrap_or_default();
    let known = rows::LOCATIONS.iter().find(|(_, id, _)| *id == code);
    known.map_or(code, |(_, _, name)| (*name).to_owned())
}

/// Makes a customer, unless one has the number.
pub(super) fn customer(inner: &Inner, state: &mut State, body: &Json) -> Outcome<Answer> {
    let name = words(body, "Name").filter(|name| !name.trim().is_empty()).ok_or(1)?;
    let tel = words(body, "Tel").unwrap_or_default();
    let normalized = rows::normalized(&tel);
    let is_known = |row: &&super::Row| rows::normalized(text(&row.json, "Tel")) == normalized;
    let known = state.table(Kind::Customers).values().filter(|_| !normalized.is_empty()).find(is_known);
    if let Some(known) = known.map(|row| row.json.clone()) {
        return Ok(inner.failed(state, 200, known.into()));
    }
    let id = new_customer(state, &name, &tel);
    state.change(Kind::Customers, &id, |row| {
        for (name, from) in [
            ("Email", "Email"),
            ("Addr", "Addr"),
            ("IdentifyNumber", "IdentifyNumber"),
            ("Description", "Description"),
        ] {
            row.extend(words(body, from).map(|text| (name.to_owned(), Value::from(text))));
        }
        row.extend(number(body, "Gender").map(|gender| ("Gender".to_owned(), Value::from(gender))));
        for (name, from) in [
            ("ProvinceAddr", "AddressProvince"),
            ("DistrictAddr", "AddressDistrict"),
            ("CommuneAddr", "AddressVillage"),
        ] {
            row.insert(name.into(), place(body, from).into());
        }
    });
    // The answer shows little of what was sent.
    let mut told = state.table(Kind::Customers).get(&id).map(|row| row.json.clone()).unwrap_or_default();
    for name in ["Addr", "Description", "ProvinceAddr", "DistrictAddr", "CommuneAddr"] {
        told.insert(name.into(), "".into());
    }
    Ok(made(inner, state, told, "Id", &id))
}

/// Puts a customer into the shop.
pub(super) fn new_customer(state: &mut State, name: &str, tel: &str) -> String {
    let serial = state.take_serial();
    let id = rows::id(Kind::Customers, serial);
    // The cashier types a code now and then; it may stand before all others.
    let code = if serial.is_multiple_of(2) { format!("KH{serial:06}") } else { format!("0-{serial:06}") };
    let row = rows::customer(&id, &code, name, tel);
    state.put(Kind::Customers, id.clone(), row);
    id
}

/// Answers what was made; where the switches say so, its id stands beside it alone, or an error in its place.
fn made(inner: &Inner, state: &mut State, mut data: Json, key: &str, id: &str) -> Answer {
    if inner.options.fails_late {
        return inner.failure(state, 100);
    }
    if !inner.options.other_forms {
        return inner.success(state, data.into(), None, true);
    }
    data.remove(key);
    let answer = inner.success(state, data.into(), None, true);
    let mut body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let id = if inner.options.mixed_case { id.to_uppercase() } else { id.to_owned() };
    body.insert("PrimaryKeyValue".into(), id.into());
    Answer::ok(&body.into())
}

/// Whether somebody is named as an order needs it.
fn is_somebody(of: &Value, names: &[&str]) -> bool {
    of.as_object().is_some_and(|body| names.iter().all(|name| sent(body, name).is_some()))
}

/// Makes an order. A number of its own is kept, known or not.
pub(super) fn order(inner: &Inner, state: &mut State, body: &Json) -> Outcome<Answer> {
    let lacks = |name: &str| sent(body, name).is_none();
    if ["BranchId", "OrderDate", "ScopeOfApplication", "OrderDetails"].iter().any(|name| lacks(name)) {
        return Err(1);
    }
    let customer = sent(body, "Customer").is_some_and(|one| is_somebody(one, &["Id", "Code", "Name"]));
    // One client sends no customer, but who receives.
    let receiver = sent(body, "OrderDelivery").and_then(|delivery| delivery.get("Receiver"));
    let receiver =
        receiver.is_some_and(|one| is_somebody(one, &["Name", "Tel"])) && number(body, "EditMode") == Some(1);
    let is_sold = customer || (receiver && lacks("Customer"));
    if !is_sold {
        return Err(1);
    }
    let details =
        sent(body, "OrderDetails").and_then(Value::as_array).filter(|all| !all.is_empty()).ok_or(1)?;
    for line in details {
        let named = ["ProductId", "ProductType", "ProductCode", "ProductName", "UnitId", "SortOrder"];
        let above = ["Quantity", "SellingPrice", "Amount"];
        let is_above = |name: &&str| amount(line, name).is_some_and(|amount| amount > 0.0);
        if !is_somebody(line, &named) || !above.iter().all(is_above) {
            return Err(1);
        }
    }
    // What the shop does not know is an internal error: no code of it is known.
    let branch = words(body, "BranchId").unwrap_or_default().to_lowercase();
    if !state.table(Kind::Branches).contains_key(&branch) {
        return Err(100);
    }
    let serial = state.take_serial();
    let id = rows::id(Kind::Orders, serial);
    let own = words(body, "OrderNo").filter(|_| !inner.options.numbers_itself);
    let number = own.unwrap_or_else(|| rows::order_number(serial));
    let row = rows::order(&id, &number, body.clone());
    state.put(Kind::Orders, id.clone(), row.clone());
    Ok(made(inner, state, row, "OrderId", &id))
}

/// The invoice that a cashier makes of an order, and its id.
pub(super) fn invoice_of(state: &mut State, order: &Json) -> String {
    let serial = state.take_serial();
    let id = rows::id(Kind::Invoices, serial);
    let now = state.now_ms();
    let branch = text(order, "BranchId").to_lowercase();
    let mut json = rows::bare_invoice(&id, &format!("22908{serial:06}"), now, 0);
    if let Some(known) = state.table(Kind::Branches).get(&branch) {
        json.insert("BranchName".into(), known.json.get("Name").cloned().unwrap_or_default());
        json.insert("BranchId".into(), branch.into());
    }
    let buyer = order.get("Customer").cloned().unwrap_or_default();
    let known = buyer["Id"].as_str().map(str::to_lowercase);
    let known = known.and_then(|id| Some(state.table(Kind::Customers).get(&id)?.json.clone()));
    match known {
        Some(known) => rows::sell_to(&mut json, &known),
        None => {
            let receiver = &order.get("OrderDelivery").cloned().unwrap_or_default()["Receiver"];
            for (name, from) in [("CustomerName", "Name"), ("Tel", "Tel"), ("Address", "Address")] {
                json.insert(name.into(), receiver[from].as_str().unwrap_or_default().into());
            }
        }
    }
    let details = order.get("OrderDetails").and_then(Value::as_array);
    let lines = details.into_iter().flatten().enumerate().map(|(at, line)| {
        let of = |name: &str| amount(line, name).unwrap_or_default();
        let name = line["ProductName"].as_str().unwrap_or_default();
        let sku = line["ProductCode"].as_str().unwrap_or_default();
        let thousandths = (of("Quantity") * 1000.0).round() as i64;
        rows::line(
            at,
            sku,
            name,
            thousandths,
            of("SellingPrice").round() as i64,
            of("DiscountAmount").round() as i64,
        )
    });
    let discount = amount(&Value::Object(order.clone()), "DiscountAmount").unwrap_or_default();
    rows::fill(&mut json, lines.collect(), discount.round() as i64, 0, 0);
    json.insert("OrderNumber".into(), order.get("OrderNo").cloned().unwrap_or_default());
    state.put(Kind::Invoices, id.clone(), json);
    id
}

/// An invoice of one thing, of a customer or of nobody, and its id.
pub(super) fn new_invoice(state: &mut State, customer: Option<&str>) -> String {
    let serial = state.take_serial();
    let id = rows::id(Kind::Invoices, serial);
    let mut json = rows::bare_invoice(&id, &format!("22908{serial:06}"), state.now_ms(), 0);
    if let Some(buyer) = customer.and_then(|id| state.table(Kind::Customers).get(id)) {
        rows::sell_to(&mut json, &buyer.json);
    }
    rows::fill(&mut json, vec![rows::line(0, "SP000001", "Hàng mẫu", 1000, 10_000, 0)], 0, 0, 0);
    state.put(Kind::Invoices, id.clone(), json);
    id
}

/// A new order of a customer, as the shop's own people type it.
pub(super) fn new_order(state: &mut State, customer: Option<&str>) -> String {
    let serial = state.take_serial();
    let id = rows::id(Kind::Orders, serial);
    let now = rows::stamp(state.now_ms());
    let branch = rows::id(Kind::Branches, 0);
    let item = rows::item_id(4);
    let mut sent = object(json!({
        "OrderDate": now, "ScopeOfApplication": 1, "TotalAmount": rows::money(10_000), "BranchId": branch,
        "OrderDetails": [{
            "ProductId": item, "ProductType": 1, "ProductCode": "SP000005", "ProductName": "Hàng mẫu", "UnitId": rows::UNIT,
            "Quantity": 1.0, "SellingPrice": rows::money(10_000), "Amount": rows::money(10_000), "SortOrder": 1,
        }],
    }));
    if let Some(buyer) = customer.and_then(|id| state.table(Kind::Customers).get(id)) {
        let of = |name: &str| buyer.json.get(name).cloned().unwrap_or_default();
        let buyer = json!({ "Id": of("Id"), "Code": of("Code"), "Name": of("Name"), "Tel": of("Tel") });
        sent.insert("Customer".into(), buyer);
    }
    let row = rows::order(&id, &rows::order_number(serial), sent);
    state.put(Kind::Orders, id.clone(), row);
    id
}
