//! What the shop says about itself, for tests that compare a CRM with it: reckoned from the shop's own rows, by hand.

use std::collections::BTreeMap;

use pos_core::record::Stream;
use serde_json::Value;

use super::{Sandbox, order_type};
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

pub(super) fn amount(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => text.parse().unwrap_or_default(),
        _ => 0.0,
    }
}

pub(super) fn dong(value: &Value) -> i64 {
    amount(value).round() as i64
}

/// What a line comes to, whether it says so or not.
pub(super) fn line_total(line: &Value) -> f64 {
    if !line["totalAmount"].is_null() {
        return amount(&line["totalAmount"]);
    }
    let price = if line["priceAfterVAT"].is_null() { &line["price"] } else { &line["priceAfterVAT"] };
    let quantity = amount(&line["quantity"]);
    let off = if line["discountAmount"].is_null() {
        amount(&line["discount"]) * quantity
    } else {
        amount(&line["discountAmount"])
    };
    amount(price) * quantity - off
}

/// What an order comes to.
pub(super) fn total(order: &Value) -> i64 {
    let lines = order["products"].as_array().map_or(&[][..], Vec::as_slice);
    let goods: f64 = lines.iter().map(line_total).sum();
    goods.round() as i64 + dong(&order["carrier"]["customerShipFee"])
}

/// What came in before an order is done.
pub(super) fn prepaid(order: &Value) -> i64 {
    let payment = &order["payment"];
    ["deposit", "transfer", "credit", "usedPoints"].iter().map(|part| dong(&payment[part]["amount"])).sum()
}

/// One document before it is joined with others.
struct Sheet {
    stream: Stream,
    id: i64,
    buyer: Option<String>,
    alive: bool,
    dead: bool,
    worth: i64,
    /// The order that a bill settles.
    fulfils: Option<i64>,
    /// Where the goods of a return came from, and in which stream that is.
    returns: Option<(Stream, i64)>,
    placed: i64,
}

fn buyer(block: &Value) -> Option<String> {
    block["id"].as_i64().filter(|id| *id != 0).map(|id| id.to_string())
}

fn of_order(id: i64, row: &Value, alive: bool) -> Option<Sheet> {
    let kind = order_type(row);
    if matches!(kind, 10 | 15) {
        return None;
    }
    let info = &row["info"];
    let from = info["returnFromId"].as_i64().filter(|from| *from > 0);
    let is_return = matches!(kind, 14 | 16) || from.is_some();
    let status = info["status"].as_i64().unwrap_or(0);
    let dead = !alive || matches!(status, 58 | 61 | 63 | 64 | 68 | 72 | 74);
    let sum = total(row);
    let paid = status == 60 || (prepaid(row) >= sum && prepaid(row) > 0);
    Some(Sheet {
        stream: if is_return { Stream::Returns } else { Stream::Orders },
        id,
        buyer: buyer(&row["shippingAddress"]),
        alive,
        dead,
        worth: if is_return || paid { sum } else { 0 },
        fulfils: None,
        returns: from.map(|from| (Stream::Orders, from)),
        placed: info["createdAt"].as_i64().unwrap_or(0),
    })
}

fn of_bill(id: i64, row: &Value, alive: bool) -> Sheet {
    let (payment, related) = (&row["payment"], &row["related"]);
    let sum = dong(&payment["amount"]);
    let parts = ["cash", "transfer", "installment", "credit", "usedPoints", "coupon"];
    let paid: i64 = parts.iter().map(|part| dong(&payment[part]["amount"])).sum();
    let is_return = row["type"] == 1;
    let is_paid = is_return || related["type"] == 6 || paid >= sum;
    let order = row["orderId"].as_i64().filter(|order| *order > 0);
    Sheet {
        stream: if is_return { Stream::Returns } else { Stream::Invoices },
        id,
        buyer: buyer(&row["customer"]),
        alive,
        dead: !alive,
        worth: if is_paid { sum } else { 0 },
        fulfils: order.filter(|_| !is_return),
        returns: related["billId"].as_i64().filter(|_| is_return).map(|bill| (Stream::Invoices, bill)),
        placed: row["createdAt"].as_i64().unwrap_or(0),
    }
}

impl Sandbox {
    /// What is true in the shop now, as far as the token sees it.
    pub fn truth(&self) -> Truth {
        let state = self.inner.state();
        let living = |stream: Stream| {
            let rows = state.tables.0.get(&stream).into_iter().flatten();
            rows.map(move |(id, row)| (*id, &row.json, true))
        };
        let gone = |stream: Stream| {
            let rows = state.gone.iter().filter(move |(of, ..)| *of == stream);
            rows.map(|(_, id, json)| (*id, json, false))
        };
        let seen = |json: &Value| state.is_granted(json);
        let all = |stream: Stream| living(stream).chain(gone(stream)).filter(|(_, json, _)| seen(json));
        let mut sheets: Vec<Sheet> =
            all(Stream::Orders).filter_map(|(id, row, alive)| of_order(id, row, alive)).collect();
        sheets.extend(all(Stream::Invoices).map(|(id, row, alive)| of_bill(id, row, alive)));
        sheets.sort_by_key(|sheet| (sheet.placed, sheet.id));
        let text = |json: &Value, name: &str| {
            json[name].as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let customers = all(Stream::Customers)
            .map(|(id, row, alive)| CustomerTruth {
                id: id.to_string(),
                alive,
                name: text(row, "name"),
                phone: text(row, "mobile"),
            })
            .collect();
        // An order that a living bill settles counts by its bill.
        let settled: Vec<i64> =
            sheets.iter().filter(|sheet| !sheet.dead).filter_map(|sheet| sheet.fulfils).collect();
        let is_living_order = |id: i64| {
            sheets.iter().any(|sheet| sheet.stream == Stream::Orders && sheet.id == id && !sheet.dead)
        };
        // What returns may still take from a sale.
        let mut left: BTreeMap<(Stream, i64), i64> = sheets
            .iter()
            .filter(|sheet| sheet.stream != Stream::Returns)
            .map(|sheet| ((sheet.stream, sheet.id), if sheet.dead { 0 } else { sheet.worth }))
            .collect();
        let documents = sheets
            .iter()
            .map(|sheet| {
                let revenue = match sheet.stream {
                    _ if sheet.dead => 0,
                    Stream::Returns => match sheet.returns.and_then(|original| left.get_mut(&original)) {
                        Some(left) => {
                            let taken = sheet.worth.min(*left);
                            *left -= taken;
                            -taken
                        }
                        None => -sheet.worth,
                    },
                    Stream::Orders if settled.contains(&sheet.id) => 0,
                    _ => sheet.worth,
                };
                let counts = !sheet.dead
                    && match sheet.stream {
                        Stream::Orders => true,
                        Stream::Invoices => !sheet.fulfils.is_some_and(is_living_order),
                        _ => false,
                    };
                DocumentTruth {
                    stream: sheet.stream,
                    id: sheet.id.to_string(),
                    buyer: sheet.buyer.clone(),
                    alive: sheet.alive,
                    revenue: revenue.into(),
                    counts,
                }
            })
            .collect();
        Truth { documents, customers }
    }
}
