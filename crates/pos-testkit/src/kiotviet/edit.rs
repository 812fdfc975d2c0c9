//! What people do in the shop, and what is true there afterwards.

use std::collections::BTreeMap;

use pos_core::record::Stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::render::RETAILER_ID;
use super::{Entry, Sandbox, hooks, wall};
use crate::server::object;
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

const DELETED: &str = "{DEL}";

fn amount(row: &Map<String, Value>, key: &str) -> Decimal {
    row.get(key).and_then(|value| value.to_string().parse().ok()).unwrap_or_default()
}

fn whole(row: &Map<String, Value>, key: &str) -> Option<i64> {
    row.get(key).and_then(Value::as_i64)
}

fn text(row: &Map<String, Value>, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn lines(row: &Map<String, Value>) -> Vec<Map<String, Value>> {
    ["invoiceDetails", "orderDetails"]
        .iter()
        .find_map(|key| row.get(*key)?.as_array())
        .map(|lines| lines.iter().cloned().map(object).collect())
        .unwrap_or_default()
}

/// Whether a document counts at all: not cancelled, not failed, not marked as deleted.
fn is_alive(stream: Stream, row: &Map<String, Value>) -> bool {
    let dead: &[i64] = match stream {
        Stream::Orders => &[4],
        Stream::Invoices => &[2, 5],
        _ => &[2],
    };
    let marked = text(row, "code").is_some_and(|code| code.ends_with(DELETED));
    !marked && !whole(row, "status").is_some_and(|status| dead.contains(&status))
}

/// What a sale is worth when it is paid in full: the larger of what it says was paid and what it lists.
fn worth(row: &Map<String, Value>) -> Decimal {
    let valid = |payment: &&Value| payment.get("status").and_then(Value::as_i64) != Some(1);
    let payments = row.get("payments").and_then(Value::as_array).into_iter().flatten().filter(valid);
    let listed: Decimal =
        payments.filter_map(|payment| payment.get("amount")?.to_string().parse::<Decimal>().ok()).sum();
    let total = amount(row, "total");
    if total > Decimal::ZERO && amount(row, "totalPayment").max(listed) >= total {
        total
    } else {
        Decimal::ZERO
    }
}

impl Sandbox {
    /// Gives a customer another name.
    pub fn rename_customer(&self, id: i64, name: &str) -> bool {
        self.update_customer(id, |row| drop(row.insert("name".into(), name.into())))
    }

    /// Gives a customer another number.
    pub fn set_customer_phone(&self, id: i64, phone: &str) -> bool {
        self.update_customer(id, |row| drop(row.insert("contactNumber".into(), phone.into())))
    }

    /// Takes a deleted record back; its date of change becomes now.
    pub fn restore(&self, stream: Stream, id: i64) -> bool {
        let restored = self.inner.state().table(stream).restore(id);
        restored && self.update(stream, id, |_| {})
    }

    /// Takes a deleted customer back.
    pub fn restore_customer(&self, id: i64) -> bool {
        self.restore(Stream::Customers, id)
    }

    /// Puts the mark of deletion behind a record's code, or takes it away again.
    pub fn mark_deleted(&self, stream: Stream, id: i64, deleted: bool) -> bool {
        self.update(stream, id, |row| {
            let code = text(row, "code").unwrap_or_default();
            let bare = code.trim_end_matches(DELETED);
            row.insert(
                "code".into(),
                if deleted { format!("{bare}{DELETED}") } else { bare.to_owned() }.into(),
            );
        })
    }

    /// Takes in what is still owed on an order or invoice.
    pub fn mark_paid(&self, stream: Stream, id: i64) -> bool {
        let (now, number) = {
            let mut state = self.inner.state();
            state.payments += 1;
            (state.now_ms(), state.payments)
        };
        self.update(stream, id, |row| {
            let owed = amount(row, "total") - amount(row, "totalPayment");
            if owed <= Decimal::ZERO {
                return;
            }
            let owed: Value = serde_json::from_str(&owed.to_string()).unwrap_or_default();
            let payment = json!({
                "id": number, "code": format!("TT{number}"), "amount": owed, "method": "Cash", "status": 0,
                "statusValue": "Đã thanh toán", "transDate": wall(now),
            });
            match row.entry("payments").or_insert_with(|| json!([])) {
                Value::Array(list) => list.push(payment),
                other => *other = json!([payment]),
            }
            let total = row.get("total").cloned().unwrap_or_default();
            row.insert("totalPayment".into(), total);
        })
    }

    /// Brings goods of an invoice back, all of them or one piece of the first line, and gives the money back: a return,
    /// which is the vendor's only refund. Answers its id.
    pub fn return_goods(&self, invoice: i64, everything: bool) -> Option<i64> {
        let sale = self.row(Stream::Invoices, invoice)?;
        let mut goods = lines(&sale);
        if !everything {
            goods.truncate(1);
        }
        let mut total = Decimal::ZERO;
        let mut details = Vec::new();
        for line in &goods {
            let whole_line = amount(line, "quantity");
            let quantity = if everything { whole_line } else { whole_line.min(Decimal::ONE) };
            let price = amount(line, "price") - amount(line, "discount");
            total += price * quantity;
            details.push(json!({
                "productId": line.get("productId"), "productCode": line.get("productCode"), "productName": line.get("productName"),
                "quantity": number(quantity), "price": number(price), "note": "", "usePoint": false,
                "subTotal": number(price * quantity),
            }));
        }
        if everything {
            total = amount(&sale, "total");
        }
        let mut state = self.inner.state();
        let now = state.now_ms();
        let table = state.table(Stream::Returns);
        let id = table.take_id();
        let code = format!("TH{:06}", table.index_free(id) + 1);
        let mut row = object(json!({
            "id": id, "code": code, "invoiceId": invoice, "returnDate": wall(now), "retailerId": RETAILER_ID, "status": 1,
            "statusValue": "Đã trả", "returnTotal": number(total), "returnDiscount": 0, "returnFee": 0,
            "totalPayment": number(total), "createdDate": wall(now), "modifiedDate": wall(now), "returnDetails": details,
        }));
        for key in ["branchId", "branchName", "customerId", "customerCode", "customerName", "soldByName"] {
            if let Some(value) = sale.get(key) {
                row.insert(key.into(), value.clone());
            }
        }
        table.put(id, Entry { json: row, created: now, modified: Some(now) });
        drop(state);
        self.update(Stream::Invoices, invoice, |row| {
            for line in row
                .get_mut("invoiceDetails")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .take(goods.len())
            {
                let back = if everything { line["quantity"].clone() } else { json!(1) };
                line["returnQuantity"] = back;
            }
        });
        Some(id)
    }

    /// Sells an order that is not sold yet: the invoice settles it. Answers the invoice's id.
    pub fn invoice_order(&self, order: i64) -> Option<i64> {
        let mut sale = self.row(Stream::Orders, order).filter(|row| is_alive(Stream::Orders, row))?;
        let lines = sale.remove("orderDetails")?;
        sale.insert("invoiceDetails".into(), lines);
        sale.insert("orderId".into(), order.into());
        // What was paid on the order is counted on the invoice, and not listed there.
        let paid = sale.get("totalPayment").cloned().unwrap_or_default();
        sale.remove("payments");
        let id = {
            let mut state = self.inner.state();
            let id = super::routes::new_document(&self.inner, &mut state, Stream::Invoices, &sale, 1);
            state.tell(hooks::updated(Stream::Invoices, id));
            id
        };
        self.update(Stream::Invoices, id, |row| {
            row.remove("payments");
            row.insert("totalPayment".into(), paid);
        });
        self.update(Stream::Orders, order, |row| {
            row.insert("status".into(), 3.into());
            row.insert("statusValue".into(), "Hoàn thành".into());
        });
        Some(id)
    }

    /// What is true in the shop now, computed from its own rows and by nothing else.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let rows = |stream: Stream| -> Vec<(i64, Option<Map<String, Value>>)> {
            let gone: Vec<i64> = self.inner.state().table(stream).gone.keys().copied().collect();
            let there = self.ids(stream).into_iter().map(|id| (id, self.row(stream, id)));
            there.chain(gone.into_iter().map(|id| (id, None))).collect()
        };
        for (id, row) in rows(Stream::Customers) {
            let row = row.unwrap_or_default();
            let marked = text(&row, "code").is_some_and(|code| code.ends_with(DELETED));
            truth.customers.push(CustomerTruth {
                id: id.to_string(),
                alive: !row.is_empty() && !marked,
                name: text(&row, "name"),
                phone: text(&row, "contactNumber"),
            });
        }
        let orders: BTreeMap<i64, _> = rows(Stream::Orders).into_iter().collect();
        let invoices: BTreeMap<i64, _> = rows(Stream::Invoices).into_iter().collect();
        let living =
            |stream, row: &Option<Map<String, Value>>| row.as_ref().is_some_and(|row| is_alive(stream, row));
        // Which order a living invoice settles.
        let settles = |row: &Map<String, Value>| {
            whole(row, "orderId")
                .filter(|order| orders.get(order).is_some_and(|row| living(Stream::Orders, row)))
        };
        let settled: Vec<i64> = invoices
            .values()
            .flatten()
            .filter(|row| is_alive(Stream::Invoices, row))
            .filter_map(settles)
            .collect();
        // What is left of an invoice after the returns so far.
        let mut left: BTreeMap<i64, Decimal> = BTreeMap::new();
        let mut add =
            |stream: Stream, id: i64, row: &Option<Map<String, Value>>, revenue: Decimal, counts: bool| {
                truth.documents.push(DocumentTruth {
                    stream,
                    id: id.to_string(),
                    alive: living(stream, row),
                    buyer: row.as_ref().and_then(|row| whole(row, "customerId")).map(|id| id.to_string()),
                    revenue,
                    counts,
                });
            };
        for (id, row) in &orders {
            let alive = living(Stream::Orders, row);
            let own = alive && !settled.contains(id);
            let revenue = row.as_ref().filter(|_| own).map(worth).unwrap_or_default();
            add(Stream::Orders, *id, row, revenue, alive);
        }
        for (id, row) in &invoices {
            let alive = row.as_ref().filter(|row| is_alive(Stream::Invoices, row));
            let revenue = alive.map(worth).unwrap_or_default();
            left.insert(*id, revenue);
            add(Stream::Invoices, *id, row, revenue, alive.is_some_and(|row| settles(row).is_none()));
        }
        for (id, row) in rows(Stream::Returns) {
            let alive = row.as_ref().filter(|row| is_alive(Stream::Returns, row));
            let wanted = alive.map(|row| amount(row, "returnTotal").abs()).unwrap_or_default();
            let of = alive.and_then(|row| left.get_mut(&whole(row, "invoiceId")?));
            let taken = match of {
                Some(left) => {
                    let taken = wanted.min(*left);
                    *left -= taken;
                    taken
                }
                None => wanted,
            };
            add(Stream::Returns, id, &row, -taken, false);
        }
        truth
    }
}

fn number(value: Decimal) -> Value {
    serde_json::from_str(&value.normalize().to_string()).unwrap_or_default()
}
