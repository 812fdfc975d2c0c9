//! Orders of tills: rung up, paid, taken back.

use serde_json::{Value, json};

use super::{JSON2, Row, State};
use crate::server::object;

/// Ways to pay, by their ids.
pub(super) const CASH: i64 = 1;
pub(super) const CARD: i64 = 2;
/// Only written down: it brings no money.
pub(super) const ON_ACCOUNT: i64 = 3;

/// A line as it is rung up.
pub(super) struct Piece {
    pub(super) product: i64,
    pub(super) quantity: f64,
    pub(super) price: f64,
    pub(super) percent: f64,
    pub(super) net: f64,
    /// The line that it takes back.
    pub(super) of: Option<i64>,
}

/// An order of a till.
pub(super) struct Slip {
    pub(super) id: i64,
    pub(super) buyer: Option<i64>,
    pub(super) config: i64,
    pub(super) company: i64,
    /// How it is paid; nothing while it is rung up.
    pub(super) method: Option<i64>,
    pub(super) state: &'static str,
    pub(super) pieces: Vec<Piece>,
    /// The order that it takes back.
    pub(super) of: Option<i64>,
    pub(super) placed: i64,
    pub(super) changed: i64,
}

/// Puts an order with its lines and payments into the tables.
pub(super) fn ring_up(state: &mut State, slip: Slip) {
    let Slip { id, buyer, config, company, method, state: stands, pieces, of, placed, changed } = slip;
    let total: f64 = pieces.iter().map(|piece| piece.net).sum();
    let paid = if method.is_some() { total } else { 0.0 };
    let at = super::refusal::instant(placed, true);
    let number = format!("26{config}-1-{id:06}");
    let name = match (stands, of) {
        ("draft", _) => "/".to_owned(),
        (_, Some(of)) => format!("Quầy Mẫu {config} - {of:06} REFUND"),
        _ => format!("Quầy Mẫu {config} - {id:06}"),
    };
    let phone =
        buyer.and_then(|buyer| state.row("res.partner", buyer)).map(|row| row.text("phone").to_owned());
    let mut json = object(json!({
        "name": name, "pos_reference": number, "state": stands, "partner_id": buyer, "config_id": config,
        "session_id": config, "date_order": at, "amount_total": total, "amount_tax": 0.0, "amount_paid": paid,
        "amount_return": 0.0, "currency_id": super::CURRENCY, "user_id": 5, "company_id": company, "email": "",
    }));
    if state.version >= JSON2 {
        json.insert("is_refund".into(), of.is_some().into());
        json.insert("refunded_order_id".into(), of.into());
        json.insert("uuid".into(), format!("6bda96a5-5869-449b-9305-{id:012x}").into());
        // The number for the receipt is the buyer's where nothing else was typed.
        json.insert("mobile".into(), phone.unwrap_or_default().into());
    }
    json.retain(|_, value| !value.is_null());
    let row = |json| Row { json, created: placed, changed, committed: true };
    state.put("pos.order", id, row(json));
    for piece in pieces {
        let line = state.take_id("pos.order.line");
        let mut json = object(json!({
            "order_id": id, "product_id": piece.product, "full_product_name": name_of(state, piece.product),
            "qty": piece.quantity, "price_unit": piece.price, "discount": piece.percent, "price_subtotal": piece.net,
            "price_subtotal_incl": piece.net, "refunded_orderline_id": piece.of,
        }));
        json.retain(|_, value| !value.is_null());
        state.put("pos.order.line", line, row(json));
    }
    // Who pays in cash gets change now and then.
    let change = if method == Some(CASH) && total > 0.0 && id % 5 == 1 { 10_000.0 } else { 0.0 };
    for amount in [total + change, -change].into_iter().filter(|amount| *amount != 0.0 && method.is_some()) {
        let payment = state.take_id("pos.payment");
        let json = object(json!({
            "pos_order_id": id, "payment_method_id": method, "amount": amount, "payment_date": at,
            "is_change": amount < 0.0 && total > 0.0,
        }));
        state.put("pos.payment", payment, row(json));
    }
}

fn name_of(state: &State, product: i64) -> Value {
    let label = state.label("product.product", product);
    let bare =
        label.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map(|(_, name)| name.to_owned());
    bare.unwrap_or(label).into()
}

/// What money came in for an order: what was put on the customer's account is none.
pub(super) fn paid(state: &State, order: &Row) -> f64 {
    let payments = order.many("payment_ids").into_iter().filter_map(|id| state.row("pos.payment", id));
    payments
        .filter(|row| row.one("payment_method_id") != Some(ON_ACCOUNT))
        .map(|row| row.amount("amount"))
        .sum()
}

/// Takes goods back that were paid: all, or one piece of the first line. The order itself neither moves nor shows it.
/// Answers the id of the refund.
pub(super) fn take_back(
    state: &mut State,
    id: i64,
    is_whole: bool,
    stamps: Option<(i64, i64, i64)>,
) -> Option<i64> {
    let order = state.row("pos.order", id)?.clone();
    let total = order.amount("amount_total");
    let is_done = matches!(order.text("state"), "paid" | "done" | "invoiced");
    if !is_done || total <= 0.0 || paid(state, &order) < total || order.amount("_back") > 0.0 {
        return None;
    }
    let lines = order.many("lines").into_iter();
    let lines: Vec<(i64, Row)> =
        lines.filter_map(|line| Some((line, state.row("pos.order.line", line)?.clone()))).collect();
    let most = if is_whole { lines.len() } else { 1 };
    let pieces: Vec<Piece> = lines
        .iter()
        .take(most)
        .map(|(line, row)| Piece {
            product: row.one("product_id").unwrap_or(1),
            quantity: -row.amount("qty"),
            price: row.amount("price_unit"),
            percent: row.amount("discount"),
            net: -row.amount("price_subtotal"),
            of: Some(*line),
        })
        .collect();
    let back: f64 = -pieces.iter().map(|piece| piece.net).sum::<f64>();
    if back <= 0.0 || back > total {
        return None;
    }
    let now = state.stamp();
    let (new, placed, changed) = match stamps {
        Some(stamps) => stamps,
        None => (state.take_id("pos.order"), now, now),
    };
    let slip = Slip {
        id: new,
        buyer: order.one("partner_id"),
        config: order.one("config_id").unwrap_or(1),
        company: order.one("company_id").unwrap_or(1),
        method: Some(CASH),
        state: "paid",
        pieces,
        of: Some(id),
        placed,
        changed,
    };
    ring_up(state, slip);
    // The server knows, and does not tell.
    state.set("pos.order", id, "_back", json!(back));
    Some(new)
}
