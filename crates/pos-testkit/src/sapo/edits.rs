//! What people in the shop do: each stamps the time of the change as the vendor would, and is told by webhook.

use pos_core::record::Stream;
use serde_json::{Map, Value, json};

use super::rows::instant;
use super::truth::amount;
use super::{Flavor, Sandbox};
use crate::contract::number;

impl Sandbox {
    fn edit(&self, stream: Stream, id: &str, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.update(stream, number(id), change)
    }

    fn is_web(&self) -> bool {
        self.flavor() == Flavor::Web
    }

    /// Gives a customer another name.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        let is_web = self.is_web();
        self.edit(Stream::Customers, id, |row| {
            if is_web {
                row.insert("last_name".into(), Value::Null);
                row.insert("first_name".into(), name.into());
            } else {
                row.insert("name".into(), name.into());
            }
        })
    }

    /// Gives a customer another phone number.
    pub fn change_phone(&self, id: &str, phone: &str) -> bool {
        let name = if self.is_web() { "phone" } else { "phone_number" };
        self.edit(Stream::Customers, id, |row| drop(row.insert(name.into(), phone.into())))
    }

    /// Deletes a customer: web leaves no trace, POS keeps it as deleted.
    pub fn delete_customer(&self, id: &str) -> bool {
        if self.is_web() {
            return self.delete(Stream::Customers, number(id));
        }
        self.edit(Stream::Customers, id, |row| drop(row.insert("status".into(), "deleted".into())))
    }

    /// Makes a deleted customer of POS active again; web has none.
    pub fn restore_customer(&self, id: &str) -> bool {
        let is_deleted = self
            .row(Stream::Customers, number(id))
            .is_some_and(|row| row.get("status") == Some(&json!("deleted")));
        is_deleted
            && self.edit(Stream::Customers, id, |row| drop(row.insert("status".into(), "active".into())))
    }

    /// The rest is paid; answers false where nothing is left to pay.
    pub fn pay_order(&self, id: &str) -> bool {
        let is_web = self.is_web();
        let state = if is_web { "financial_status" } else { "payment_status" };
        let row = self.row(Stream::Orders, number(id)).unwrap_or_default();
        if matches!(row.get(state).and_then(Value::as_str), Some("paid" | "partially_refunded" | "refunded"))
        {
            return false;
        }
        let at = instant(self.inner.state().now_ms());
        self.edit(Stream::Orders, id, |row| {
            if is_web {
                let total = row.get("total_price").cloned().unwrap_or(Value::Null);
                for name in ["total_received", "net_payment"] {
                    row.insert(name.into(), total.clone());
                }
                for name in ["total_outstanding", "unpaid_amount"] {
                    row.insert(name.into(), 0.0.into());
                }
                row.insert("financial_status".into(), "paid".into());
                return;
            }
            let paid: i64 = row
                .get("prepayments")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|payment| payment["paid_amount"].as_f64())
                .map(|paid| paid as i64)
                .sum();
            let rest = amount(row, "total") - paid;
            let payment = json!({
                "id": row.get("id").and_then(Value::as_i64).unwrap_or(0) * 10 + 7, "payment_method_id": 220_001, "amount": rest, "paid_amount": rest,
                "returned_amount": 0, "source": "customer_prepaid", "status": "active", "paid_on": at,
            });
            match row.get_mut("prepayments").and_then(Value::as_array_mut) {
                Some(all) if rest > 0 => all.push(payment),
                _ => {}
            }
            row.insert("payment_status".into(), "paid".into());
        })
    }

    /// Gives part of a paid order's money back, and no goods. POS gives money back with goods only.
    pub fn refund_order(&self, id: &str, back: i64) -> bool {
        let at = instant(self.inner.state().now_ms());
        let is_paid = |row: &Map<String, Value>| {
            matches!(row.get("financial_status").and_then(Value::as_str), Some("paid" | "partially_refunded"))
                && amount(row, "total_received") > amount(row, "total_refunded") + back
        };
        if !self.is_web() || !self.row(Stream::Orders, number(id)).is_some_and(|row| is_paid(&row)) {
            return false;
        }
        self.edit(Stream::Orders, id, |row| {
            let order = row.get("id").and_then(Value::as_i64).unwrap_or(0);
            let refunded = amount(row, "total_refunded") + back;
            let serial = row.get("refunds").and_then(Value::as_array).map_or(0, Vec::len) as i64;
            let refund = json!({
                "id": order * 10 + serial, "order_id": order, "created_on": at, "processed_at": at, "restock": false, "refund_line_items": [],
                "transactions": [{
                    "id": order * 10 + 5 + serial, "order_id": order, "kind": "refund", "status": "success", "amount": back as f64, "currency": "VND",
                    "test": false,
                }],
                "order_adjustments": [{ "id": order * 10 + 8, "kind": "refund_discrepancy", "amount": -(back as f64) }], "total_refunded": back as f64,
            });
            if let Some(all) = row.get_mut("refunds").and_then(Value::as_array_mut) {
                all.push(refund);
            }
            row.insert("total_refunded".into(), (refunded as f64).into());
            row.insert("net_payment".into(), ((amount(row, "total_received") - refunded) as f64).into());
            row.insert("financial_status".into(), "partially_refunded".into());
        })
    }

    /// Cancels an order.
    pub fn cancel_order(&self, id: &str) -> bool {
        let at = instant(self.inner.state().now_ms());
        self.edit(Stream::Orders, id, |row| {
            row.insert("status".into(), "cancelled".into());
            row.insert("cancelled_on".into(), at.into());
        })
    }

    /// All of an order comes back, and all its money.
    pub fn return_order(&self, id: &str) -> bool {
        let is_web = self.is_web();
        self.edit(Stream::Orders, id, |row| {
            if is_web {
                let received = row.get("total_received").cloned().unwrap_or(Value::Null);
                row.insert("total_refunded".into(), received);
                row.insert("net_payment".into(), 0.0.into());
                row.insert("financial_status".into(), "refunded".into());
            } else {
                let total = amount(row, "total");
                add_return(row, total, "returned");
                row.insert("return_status".into(), "returned".into());
            }
        })
    }

    /// Half of an order's value comes back inside it, with its money. POS only: web refunds instead.
    pub fn return_part(&self, id: &str) -> bool {
        if self.is_web() {
            let half = self.row(Stream::Orders, number(id)).map_or(0, |row| amount(&row, "total_price") / 2);
            return half > 0 && self.refund_order(id, half);
        }
        self.edit(Stream::Orders, id, |row| {
            let half = amount(row, "total") / 2;
            add_return(row, half, "returned");
            row.insert("return_status".into(), "partial".into());
        })
    }

    /// A return of POS that was called off: it changes nothing.
    pub fn call_off_return(&self, id: &str) -> bool {
        !self.is_web()
            && self.edit(Stream::Orders, id, |row| {
                let half = amount(row, "total") / 2;
                add_return(row, half, "cancelled");
            })
    }

    /// Deletes an order without a trace.
    pub fn delete_order(&self, id: &str) -> bool {
        self.delete(Stream::Orders, number(id))
    }

    /// Nobody brings a deleted order back.
    pub fn restore_order(&self, _id: &str) -> bool {
        false
    }

    /// A new order of a customer, unpaid. Answers its number.
    pub fn create_order(&self, customer: &str) -> Option<String> {
        let id = number(customer);
        self.row(Stream::Customers, id)?;
        Some(self.add_order(Some(id), &[0]).to_string())
    }
}

fn add_return(row: &mut Map<String, Value>, value: i64, status: &str) {
    let order = row.get("id").and_then(Value::as_i64).unwrap_or(0);
    let serial = row.get("order_returns").and_then(Value::as_array).map_or(0, Vec::len) as i64;
    let is_paid = row.get("payment_status").is_some_and(|status| status == "paid");
    let refunds = if is_paid {
        json!([{ "id": order * 10 + serial, "amount": value, "status": "active" }])
    } else {
        json!([])
    };
    let back = json!({
        "id": order * 10 + serial, "code": format!("SR{order}{serial}"), "order_id": order, "status": status,
        "refund_status": if is_paid { "paid" } else { "unpaid" }, "total_amount": value, "line_items": [], "refunds": refunds,
    });
    match row.get_mut("order_returns").and_then(Value::as_array_mut) {
        Some(all) => all.push(back),
        None => drop(row.insert("order_returns".into(), json!([back]))),
    }
}
