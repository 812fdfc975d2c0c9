//! What the shop says about itself, by an arithmetic of its own: for tests that compare a CRM with it.

use pos_core::record::Stream;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::{Row, Sandbox, State, books, till};
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

/// What an order counts; `None` when it counts nothing at all.
fn worth(state: &State, model: &str, row: &Row) -> Option<f64> {
    if row.text("state") == "cancel" {
        return None;
    }
    let total = row.amount("amount_total");
    if model == "pos.order" {
        let is_paid = total == 0.0 || till::paid(state, row) >= total;
        return Some(if is_paid { total } else { 0.0 });
    }
    let (paid, back) = if state.hides_invoices { (0.0, 0.0) } else { books::settled(state, row) };
    match back {
        back if back > 0.0 && back >= paid => None,
        back if paid >= total => Some((total - back).max(0.0)),
        _ => Some(0.0),
    }
}

impl Sandbox {
    /// What is true in the shop now, as far as the user sees it.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let state = self.inner.state();
        let sees =
            |model: &'static str, id: i64, row: &Row| row.committed && !state.hidden.contains(&(model, id));
        for (id, row) in state.rows("res.partner").filter(|(id, row)| sees("res.partner", *id, row)) {
            if !state.is_customer(row) {
                continue;
            }
            truth.customers.push(CustomerTruth {
                id: id.to_string(),
                alive: !row.is_archived(),
                name: some(row.text("name").trim()),
                phone: some(row.text("phone")).or_else(|| some(row.text("mobile"))),
            });
        }
        for model in ["sale.order", "pos.order"] {
            for (id, row) in state.rows(model).filter(|(id, row)| sees(model, *id, row)) {
                let is_return = row.amount("amount_total") < 0.0;
                if is_return && row.text("state") == "draft" {
                    continue;
                }
                let worth = worth(&state, model, row);
                let is_address =
                    |id: &i64| state.row("res.partner", *id).is_some_and(|row| row.text("type") != "contact");
                let buyer = row.one("partner_id");
                let of =
                    buyer.filter(is_address).and_then(|id| state.row("res.partner", id)?.one("parent_id"));
                truth.documents.push(DocumentTruth {
                    stream: if is_return { Stream::Returns } else { Stream::Orders },
                    id: if model == "sale.order" { id.to_string() } else { format!("{model},{id}") },
                    alive: true,
                    buyer: of.or(buyer).map(|id| id.to_string()),
                    revenue: Decimal::from_f64(worth.unwrap_or(0.0)).unwrap_or_default().normalize(),
                    counts: worth.is_some() && !is_return,
                });
            }
        }
        for (stream, id) in &state.gone {
            if *stream == Stream::Customers {
                truth.customers.push(CustomerTruth { id: id.clone(), alive: false, name: None, phone: None });
            } else {
                truth.documents.push(DocumentTruth {
                    stream: *stream,
                    id: id.clone(),
                    alive: false,
                    buyer: None,
                    revenue: Decimal::ZERO,
                    counts: false,
                });
            }
        }
        truth
    }
}
