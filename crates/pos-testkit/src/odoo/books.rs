//! Invoices of sale orders: what came in, and what went back.

use serde_json::{Value, json};

use super::{Row, State};
use crate::server::object;

/// An invoice over a whole order, with so much paid of it; a draft has no name and counts for nothing.
pub(super) fn invoice(state: &mut State, order: i64, paid: f64, is_draft: bool, stamp: i64) {
    let Some(row) = state.row("sale.order", order).cloned() else { return };
    let total = row.amount("amount_total");
    let json = json!({
        "move_type": "out_invoice", "state": if is_draft { "draft" } else { "posted" }, "partner_id": row.one("partner_id"),
        "amount_total": total, "amount_residual": total - paid, "payment_state": paid_state(total, paid),
        "company_id": row.one("company_id"),
    });
    book(state, order, json, "INV", is_draft, stamp);
}

/// A credit note on the invoice of an order.
pub(super) fn credit(state: &mut State, order: i64, amount: f64) {
    let stamp = state.stamp();
    let Some(row) = state.row("sale.order", order).cloned() else { return };
    let of = posted(state, &row, "out_invoice").first().map(|(id, _)| *id);
    let json = json!({
        "move_type": "out_refund", "state": "posted", "partner_id": row.one("partner_id"), "amount_total": amount,
        "amount_residual": 0.0, "payment_state": "paid", "reversed_entry_id": of, "company_id": row.one("company_id"),
    });
    book(state, order, json, "RINV", false, stamp);
    state.moved("sale.order", order);
}

fn paid_state(total: f64, paid: f64) -> &'static str {
    match paid {
        _ if paid >= total => "paid",
        _ if paid > 0.0 => "partial",
        _ => "not_paid",
    }
}

/// Puts a document under an order and under its lines.
fn book(state: &mut State, order: i64, json: Value, series: &str, is_draft: bool, stamp: i64) {
    let id = state.take_id("account.move");
    let mut json = object(json);
    json.retain(|_, value| !value.is_null());
    if !is_draft {
        json.insert("name".into(), format!("{series}/2026/{id:05}").into());
    }
    state.put("account.move", id, Row { json, created: stamp, changed: stamp, committed: true });
    let lines = state.row("sale.order", order).map(|row| row.many("order_line")).unwrap_or_default();
    for line in lines {
        let part = state.take_id("account.move.line");
        let json = object(json!({ "move_id": id }));
        state.put("account.move.line", part, Row { json, created: stamp, changed: stamp, committed: true });
        add(state, "sale.order.line", line, "invoice_lines", part);
    }
    add(state, "sale.order", order, "invoice_ids", id);
}

fn add(state: &mut State, model: &'static str, id: i64, field: &str, more: i64) {
    let Some(row) = state.row(model, id) else { return };
    let ids: Vec<i64> = row.many(field).into_iter().chain([more]).collect();
    state.set(model, id, field, ids.into());
}

/// The posted documents of a kind that an order has.
pub(super) fn posted<'a>(state: &'a State, order: &Row, kind: &str) -> Vec<(i64, &'a Row)> {
    let ids = order.many("invoice_ids").into_iter();
    let moves = ids.filter_map(|id| Some((id, state.row("account.move", id)?)));
    moves.filter(|(_, row)| row.text("state") == "posted" && row.text("move_type") == kind).collect()
}

/// What came in, and what went back.
pub(super) fn settled(state: &State, order: &Row) -> (f64, f64) {
    let invoices = posted(state, order, "out_invoice");
    let came = invoices
        .iter()
        .map(|(_, row)| row.amount("amount_total") - row.amount("amount_residual"))
        .sum::<f64>();
    let credits = posted(state, order, "out_refund");
    let back = credits.iter().map(|(_, row)| row.amount("amount_total")).sum();
    (came.max(order.amount("amount_paid")), back)
}

/// The rest of an order's money comes in. The invoice moves, and the order does not.
pub(super) fn pay(state: &mut State, order: i64) -> bool {
    let Some(row) = state.row("sale.order", order).cloned() else { return false };
    let total = row.amount("amount_total");
    let is_open = row.text("state") != "cancel" && total > 0.0;
    if !is_open || settled(state, &row).0 >= total {
        return false;
    }
    if matches!(row.text("state"), "draft" | "sent") {
        state.set("sale.order", order, "state", "sale".into());
    }
    match posted(state, &row, "out_invoice").first().map(|(id, _)| *id) {
        Some(id) => {
            state.set("account.move", id, "amount_residual", json!(0.0));
            state.set("account.move", id, "payment_state", "paid".into());
            state.moved("account.move", id);
        }
        None => {
            let stamp = state.stamp();
            invoice(state, order, total, false, stamp);
            state.moved("sale.order", order);
        }
    }
    true
}
