//! What the company says about itself, by an arithmetic of its own: for tests that compare a CRM with it.

use pos_core::record::Stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::render::amount;
use super::{Kind, Sandbox, render};
use crate::server::text;
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

/// What an order counts, in hundredths of a dong; `None` when it counts nothing at all.
fn worth(order: &Map<String, Value>) -> Option<i64> {
    if order.get("status") == Some(&5.into()) {
        return None;
    }
    let (total, paid) = (amount(order, "real_amount"), amount(order, "f_amount"));
    Some(if paid >= total { total } else { 0 })
}

impl Sandbox {
    /// What is true in the company now, reckoned from its own rows.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut state = self.inner.state();
        for (id, row) in state.table(Kind::Accounts) {
            truth.customers.push(CustomerTruth {
                id: id.to_string(),
                alive: true,
                name: some(text(&row.json, "account_name").trim()),
                phone: some(text(&row.json, "phone_office")),
            });
        }
        for (id, row) in state.table(Kind::Orders) {
            let is_return = render::is_return(row);
            let worth = worth(&row.json).map(|worth| if is_return { -worth } else { worth });
            truth.documents.push(DocumentTruth {
                stream: if is_return { Stream::Returns } else { Stream::Orders },
                id: id.to_string(),
                alive: true,
                buyer: row.json["account_id"].as_i64().filter(|id| *id != 0).map(|id| id.to_string()),
                revenue: Decimal::new(worth.unwrap_or(0), 2).normalize(),
                counts: worth.is_some() && !is_return,
            });
        }
        for (kind, id) in state.gone.keys() {
            match kind {
                Kind::Accounts => truth.customers.push(CustomerTruth {
                    id: id.to_string(),
                    alive: false,
                    name: None,
                    phone: None,
                }),
                Kind::Orders => truth.documents.push(DocumentTruth {
                    stream: Stream::Orders,
                    id: id.to_string(),
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
