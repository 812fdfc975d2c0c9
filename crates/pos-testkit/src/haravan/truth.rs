//! What the shop knows to be true, and changes that it makes by itself.

use std::collections::{BTreeMap, BTreeSet};

use pos_core::record::Stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{GUEST, Sandbox, render, routes};
use crate::server::object;
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

/// A change that somebody makes in the shop. Every one moves the time of change, as it does there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Edit {
    /// A customer is called otherwise.
    Rename {
        /// Whom.
        customer: i64,
        /// The whole name, family name first.
        name: String,
    },
    /// A customer has another number.
    ChangePhone {
        /// Whom.
        customer: i64,
        /// The number.
        phone: String,
    },
    /// What is owed is paid.
    Pay {
        /// Which order.
        order: i64,
    },
    /// Money is given back, and maybe a piece of the first line.
    Refund {
        /// Which order.
        order: i64,
        /// How much.
        amount: i64,
        /// How many pieces of the first line come back.
        pieces: u32,
    },
    /// An order is cancelled; its payment status stays.
    Cancel {
        /// Which order.
        order: i64,
    },
    /// The carrier brings everything back.
    Return {
        /// Which order.
        order: i64,
    },
    /// An object is deleted; it never comes back.
    Delete {
        /// Of what sort.
        stream: Stream,
        /// Which one.
        id: i64,
    },
}

fn dong(value: &Value) -> i64 {
    match value {
        Value::String(text) => text.parse::<f64>().unwrap_or_default() as i64,
        other => other.as_f64().unwrap_or_default() as i64,
    }
}

fn rows<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

/// What an order is worth, and whether it counts as one: from the shop's own row, by hand.
fn worth(order: &Value) -> (i64, bool) {
    let said = |name: &str| order[name].as_str().unwrap_or_default();
    let live: Vec<&str> = rows(order, "fulfillments")
        .iter()
        .filter_map(|shipment| shipment["carrier_status_code"].as_str())
        .filter(|code| *code != "cancel")
        .collect();
    let came_back =
        !live.is_empty() && live.iter().all(|code| matches!(*code, "return" | "waitingforreturn"));
    let money = said("financial_status").replace('_', "");
    if said("cancelled_status") == "cancelled" || came_back || matches!(money.as_str(), "refunded" | "voided")
    {
        return (0, false);
    }
    let total = dong(&order["total_price"]);
    let (mut paid, mut given, mut named) = (0, 0, BTreeSet::new());
    let repeated = rows(order, "refunds").iter().flat_map(|refund| rows(refund, "transactions"));
    for one in rows(order, "transactions").iter().chain(repeated) {
        if !named.insert(one["id"].as_i64()) {
            continue;
        }
        match one["kind"].as_str() {
            Some("capture" | "sale") => paid += dong(&one["amount"]),
            Some("refund") => given += -dong(&one["amount"]),
            _ => {}
        }
    }
    // Goods that are still with the buyer, each at its share of what all goods cost after the discount on the order.
    let mut returned: BTreeMap<i64, f64> = BTreeMap::new();
    for back in rows(order, "refunds").iter().flat_map(|refund| rows(refund, "refund_line_items")) {
        *returned.entry(back["line_item_id"].as_i64().unwrap_or_default()).or_default() +=
            back["quantity"].as_f64().unwrap_or_default();
    }
    let price_of = |line: &Value, pieces: f64| dong(&line["price"]) as f64 * pieces;
    let (mut goods, mut gone) = (0.0, 0.0);
    for line in rows(order, "line_items") {
        let pieces = line["quantity"].as_f64().unwrap_or_default();
        let back = returned.get(&line["id"].as_i64().unwrap_or_default()).copied().unwrap_or_default();
        goods += price_of(line, pieces);
        gone += price_of(line, back.min(pieces));
    }
    let share = if goods > 0.0 { (goods - dong(&order["total_discounts"]) as f64) / goods } else { 1.0 };
    let gone = (gone * share).round() as i64;
    let fee: i64 = rows(order, "shipping_lines").iter().map(|line| dong(&line["price"])).sum();
    let settled = match money.as_str() {
        "paid" => true,
        "partiallyrefunded" => paid >= total - gone,
        _ => false,
    };
    if !settled {
        return (0, true);
    }
    if given == 0 && money == "paid" {
        return (if paid == 0 { total } else { total.min(paid) }, true);
    }
    // Money beyond the goods gave the fee back; the fee counts in no case.
    let for_goods = match gone {
        0 if given == fee => 0,
        0 => given,
        gone => {
            if given > gone {
                (given - fee).max(gone)
            } else {
                given.max(gone)
            }
        }
    };
    ((total - fee - for_goods.max(gone)).max(0).min((paid - given).max(0)), true)
}

impl Sandbox {
    /// Makes a change in the shop. Answers whether it could be made.
    pub fn edit(&self, edit: Edit) -> bool {
        let mut state = self.inner.state();
        let now = state.now_ms();
        let serial = state.serial();
        let (stream, id) = match &edit {
            Edit::Delete { stream, id } => {
                let deleted = routes::delete(&mut state, *stream, *id);
                self.inner.notice(&mut state);
                return deleted;
            }
            Edit::Rename { customer, .. } | Edit::ChangePhone { customer, .. } => {
                (Stream::Customers, *customer)
            }
            Edit::Pay { order }
            | Edit::Refund { order, .. }
            | Edit::Cancel { order }
            | Edit::Return { order } => (Stream::Orders, *order),
        };
        let Some(row) = state.table(stream).get_mut(&id) else { return false };
        let mut whole = Value::Object(std::mem::take(&mut row.json));
        let changed = change(&mut whole, id, &edit, now, serial);
        row.json = object(whole);
        if changed {
            routes::stamp(row, now);
            self.inner.notice(&mut state);
        }
        changed
    }

    /// What is true in the shop now, reckoned from its own rows.
    pub fn truth(&self) -> Truth {
        let mut state = self.inner.state();
        let text = |row: &Map<String, Value>, name: &str| {
            row.get(name)
                .and_then(Value::as_str)
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let living = state.table(Stream::Customers).iter().filter(|(id, _)| **id != GUEST);
        let mut customers: Vec<CustomerTruth> = living
            .map(|(id, row)| {
                let parts = [text(&row.json, "last_name"), text(&row.json, "first_name")];
                let name = parts
                    .iter()
                    .flatten()
                    .flat_map(|part| part.split_whitespace())
                    .collect::<Vec<_>>()
                    .join(" ");
                CustomerTruth {
                    id: id.to_string(),
                    alive: true,
                    name: Some(name).filter(|name| !name.is_empty()),
                    phone: text(&row.json, "phone"),
                }
            })
            .collect();
        let mut documents: Vec<DocumentTruth> = state
            .table(Stream::Orders)
            .iter()
            .map(|(id, row)| {
                let order = Value::Object(row.json.clone());
                let (revenue, counts) = worth(&order);
                let buyer =
                    order["customer"]["id"].as_i64().or_else(|| order["billing_address"]["id"].as_i64());
                DocumentTruth {
                    stream: Stream::Orders,
                    id: id.to_string(),
                    alive: true,
                    buyer: buyer.filter(|id| *id != GUEST).map(|id| id.to_string()),
                    revenue: revenue.into(),
                    counts,
                }
            })
            .collect();
        for (stream, id) in &state.gone {
            let id = id.to_string();
            match stream {
                Stream::Customers => {
                    customers.push(CustomerTruth { id, alive: false, name: None, phone: None });
                }
                Stream::Orders => documents.push(DocumentTruth {
                    stream: *stream,
                    id,
                    alive: false,
                    buyer: None,
                    revenue: Decimal::ZERO,
                    counts: false,
                }),
                _ => {}
            }
        }
        Truth { documents, customers }
    }
}

/// Changes a row; answers whether the shop would let somebody do that.
fn change(row: &mut Value, id: i64, edit: &Edit, now: i64, serial: i64) -> bool {
    let at = render::utc(now);
    match edit {
        Edit::Rename { name, .. } => {
            let (last, first) = name.trim().rsplit_once(' ').unwrap_or(("", name.trim()));
            row["last_name"] = if last.is_empty() { Value::Null } else { last.into() };
            row["first_name"] = first.into();
        }
        Edit::ChangePhone { phone, .. } => row["phone"] = phone.as_str().into(),
        Edit::Pay { .. } => {
            let received: i64 = rows(row, "transactions")
                .iter()
                .filter(|one| one["kind"] == "capture")
                .map(|one| dong(&one["amount"]))
                .sum();
            let owed = dong(&row["total_price"]) - received;
            if owed <= 0
                || row["cancelled_status"] == "cancelled"
                || rows(row, "refunds").iter().next().is_some()
            {
                return false;
            }
            let paid = render::transaction(1_390_000_000 + serial, id, "capture", owed, now, Value::Null);
            push(row, "transactions", paid);
            row["financial_status"] = "paid".into();
        }
        Edit::Refund { amount, pieces, .. } => {
            let worth: i64 = rows(row, "transactions")
                .iter()
                .filter(|one| matches!(one["kind"].as_str(), Some("capture" | "refund")))
                .map(|one| dong(&one["amount"]))
                .sum();
            if *amount <= 0 || *amount > worth {
                return false;
            }
            let back = render::transaction(1_390_000_000 + serial, id, "refund", -amount, now, Value::Null);
            let line = row["line_items"][0]["id"].clone();
            let goods = (*pieces > 0).then(|| json!([{ "id": 1_380_000_000 + serial, "line_item_id": line, "quantity": pieces, "line_item": null }]));
            let refund = json!({
                "created_at": at, "id": 1_370_000_000 + serial, "note": "hoàn tiền", "restock": goods.is_some(), "user_id": 0,
                "order_id": id, "location_id": null, "transactions": [back], "refund_line_items": goods,
            });
            // It stands in two lists.
            push(row, "transactions", back);
            push(row, "refunds", refund);
            row["financial_status"] =
                if *amount == worth { "refunded".into() } else { "partially_refunded".into() };
        }
        Edit::Cancel { .. } => {
            if row["cancelled_status"] == "cancelled" {
                return false;
            }
            row["cancel_reason"] = "customer".into();
            row["cancelled_at"] = at.into();
            row["cancelled_status"] = "cancelled".into();
        }
        Edit::Return { .. } => {
            let Some(shipments) = row["fulfillments"].as_array_mut().filter(|all| !all.is_empty()) else {
                return false;
            };
            for shipment in shipments {
                shipment["carrier_status_code"] = "return".into();
                shipment["carrier_status_name"] = "Đã hoàn".into();
                shipment["return_date"] = at.clone().into();
                shipment["updated_at"] = at.clone().into();
            }
        }
        Edit::Delete { .. } => return false,
    }
    true
}

fn push(row: &mut Value, list: &str, item: Value) {
    match row[list].as_array_mut() {
        Some(items) => items.push(item),
        None => row[list] = json!([item]),
    }
}
