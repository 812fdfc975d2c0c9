//! What the shop says about itself, by an arithmetic of its own: for tests that compare a CRM with it.

use pos_core::record::Stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Kind, Sandbox, render};
use crate::server::text;
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

/// What an order is worth, in dong; `None` when it counts nothing at all.
fn worth(order: &Map<String, Value>) -> Option<i64> {
    if matches!(text(order, "status"), "cancelled" | "refunded" | "trash") {
        return None;
    }
    if order["date_paid_gmt"].is_null() {
        return Some(0);
    }
    let (total, back) = (render::dong(&order["total"]), render::refunded(order));
    if back == 0 {
        return Some(total);
    }
    // Of what was given back in part the goods that remain count, and no delivery; money of just its size was for it.
    let shipping = render::dong(&order["shipping_total"]);
    let goods_back = if back == shipping { 0 } else { back };
    Some((total - shipping - goods_back).clamp(0, total - back))
}

/// Family name, then given name.
fn name(of: &Map<String, Value>) -> String {
    let (last, first) = (text(of, "last_name"), text(of, "first_name"));
    let whole = format!("{last} {first}");
    if last.to_lowercase() == first.to_lowercase() { last.to_owned() } else { whole.trim().to_owned() }
}

impl Sandbox {
    /// What is true in the shop now, reckoned from its own rows.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut state = self.inner.state();
        for (id, row) in state.table(Kind::Customers).iter().filter(|(_, row)| row.is_told(Kind::Customers)) {
            let bare = Map::new();
            let billing = row.json["billing"].as_object().unwrap_or(&bare);
            let own = name(&row.json);
            truth.customers.push(CustomerTruth {
                id: id.to_string(),
                alive: true,
                name: some(&if own.is_empty() { name(billing) } else { own }),
                phone: some(text(billing, "phone")),
            });
        }
        let orders = state.table(Kind::Orders).iter();
        for (id, row) in orders.filter(|(_, row)| !row.hidden && !render::is_draft(row.status())) {
            let worth = worth(&row.json);
            let buyer = row.json["customer_id"].as_i64().filter(|id| *id != 0);
            truth.documents.push(DocumentTruth {
                stream: Stream::Orders,
                id: id.to_string(),
                alive: row.status() != "trash",
                buyer: buyer.map(|id| id.to_string()),
                revenue: Decimal::from(worth.unwrap_or(0)),
                counts: worth.is_some(),
            });
        }
        let gone = state.gone.iter().map(|(kind, id)| (*kind, id.to_string()));
        for (kind, id) in gone {
            match kind {
                Kind::Customers => {
                    truth.customers.push(CustomerTruth { id, alive: false, name: None, phone: None });
                }
                Kind::Orders => truth.documents.push(DocumentTruth {
                    stream: Stream::Orders,
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
