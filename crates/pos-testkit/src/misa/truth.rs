//! What the shop says about itself, by an arithmetic of its own: for tests that compare a CRM with it.

use std::collections::BTreeMap;

use pos_core::record::Stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Kind, Row, Sandbox, rows};
use crate::server::text;
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

/// What an invoice is worth, in dong; `None` when it counts nothing at all.
fn worth(invoice: &Map<String, Value>) -> Option<i64> {
    let status = invoice.get("PaymentStatus").and_then(Value::as_i64);
    let came_in: i64 =
        ["CashAmount", "CardAmount", "VoucherAmount"].iter().map(|name| rows::dong(invoice, name)).sum();
    let total = rows::dong(invoice, "TotalAmount");
    match status {
        // Cancelled; the delivery failed; returned to the sender.
        Some(4 | 7 | 9) => None,
        Some(3) => Some(total),
        // Delivered: paid where the money is there.
        Some(8) if came_in >= total => Some(total),
        _ => Some(0),
    }
}

/// What goods that came back take from their invoice: no more than that counts.
fn taken_back(back: &Map<String, Value>, invoices: &BTreeMap<String, Row>) -> Option<i64> {
    let of = text(back, "ReturnExchangeRefNo");
    let is_it = |row: &&Row| text(&row.json, "InvoiceNumber") == of;
    let sold = invoices.values().find(is_it).and_then(|row| worth(&row.json)).unwrap_or(0);
    let is_cancelled = back.get("PaymentStatus").and_then(Value::as_i64) == Some(4);
    (!is_cancelled).then(|| -rows::dong(back, "TotalAmountReturn").min(sold))
}

impl Sandbox {
    /// What is true in the shop now, reckoned from its own rows. Orders are not in it: no list shows them.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut state = self.inner.state();
        for (id, row) in state.table(Kind::Customers).iter() {
            truth.customers.push(CustomerTruth {
                id: id.clone(),
                alive: true,
                name: some(text(&row.json, "Name")),
                phone: some(text(&row.json, "Tel")),
            });
        }
        let invoices = state.table(Kind::Invoices);
        for (id, row) in invoices.iter() {
            let is_back = row.json["InvoiceType"] == rows::BROUGHT_BACK;
            let worth = if is_back { taken_back(&row.json, invoices) } else { worth(&row.json) };
            truth.documents.push(DocumentTruth {
                stream: if is_back { Stream::Returns } else { Stream::Invoices },
                id: id.clone(),
                alive: true,
                buyer: some(text(&row.json, "CustomerId")),
                revenue: Decimal::from(worth.unwrap_or(0)),
                counts: worth.is_some() && !is_back,
            });
        }
        for (kind, id) in &state.gone {
            let id = id.clone();
            match kind {
                Kind::Customers => {
                    truth.customers.push(CustomerTruth { id, alive: false, name: None, phone: None });
                }
                Kind::Invoices => truth.documents.push(DocumentTruth {
                    stream: Stream::Invoices,
                    id,
                    alive: false,
                    buyer: None,
                    revenue: Decimal::ZERO,
                    counts: false,
                }),
                _ => {}
            }
        }
        truth
    }
}
