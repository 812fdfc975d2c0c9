//! What automation rules tell: the record that changed, by a POST to an address with a token, and no proof.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Map;
use url::Url;

use super::refusal::python;
use super::{Row, SandboxOptions, State, schema};
use crate::contract::Shipment;
use crate::server::{Outbox, is_here};

/// How many deliveries are kept.
const MOST_KEPT: usize = 10_000;

/// The first version with such an action.
const SINCE: u32 = 17;

/// The rules that somebody made: the model, the number of the action, and what is sent, sorted.
const RULES: &[(&str, u32, &[&str])] = &[
    (
        "res.partner",
        497,
        &["active", "category_id", "email", "name", "parent_id", "phone", "type", "vat", "write_date"],
    ),
    (
        "sale.order",
        498,
        &["amount_total", "client_order_ref", "name", "order_line", "partner_id", "state", "write_date"],
    ),
    ("sale.order.line", 499, &["name", "order_id", "price_subtotal", "product_id", "write_date"]),
    ("pos.order", 500, &["amount_total", "name", "partner_id", "state", "write_date"]),
    ("product.product", 501, &["active", "default_code", "lst_price", "name", "write_date"]),
    ("stock.quant", 502, &["product_id", "quantity", "write_date"]),
];

fn rule(model: &str) -> Option<&'static (&'static str, u32, &'static [&'static str])> {
    RULES.iter().find(|(name, ..)| *name == model)
}

/// Where deliveries go.
#[derive(Debug)]
pub(super) struct Post {
    token: String,
    storms: bool,
    to: Option<Url>,
    keeps: bool,
    outbox: Outbox,
}

impl Post {
    pub(super) fn of(options: &SandboxOptions, outbox: &Outbox) -> Self {
        Self {
            token: options.webhook_token.clone(),
            storms: options.storms,
            to: options.webhook_to.clone().filter(is_here),
            keeps: options.keep_deliveries,
            outbox: outbox.clone(),
        }
    }
}

/// What happened to a record.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    Made,
    /// With the row as it was.
    Written(&'a Row),
    /// With the row as it was last.
    Gone(&'a Row),
}

/// The last part of the address that a rule posts to.
pub(super) fn target(token: &str, gone: bool) -> String {
    let trigger = if gone { "&trigger=on_unlink" } else { "" };
    format!("/hooks/odoo?token={token}{trigger}")
}

/// A delivery with these bytes.
pub(super) fn with_body(token: &str, gone: bool, body: Bytes) -> Shipment {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("user-agent", "python-requests/2.32.3"), ("accept", "*/*"), ("content-type", "application/json")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Shipment { headers, body, url: Some(target(token, gone)) }
}

/// What a rule says of a row: references as bare ids, its time with microseconds.
pub(super) fn shipment(state: &State, model: &str, id: i64, row: &Row, gone: bool) -> Option<Shipment> {
    if state.version < SINCE {
        return None;
    }
    let (name, action, fields) = rule(model)?;
    let model = schema::model(name)?;
    let mut body = Map::new();
    body.insert("_action".into(), format!("Send Webhook(#{action})").into());
    body.insert("_id".into(), id.into());
    body.insert("_model".into(), model.name.into());
    body.insert("id".into(), id.into());
    for field in fields.iter().filter_map(|field| model.field(field, state.version)) {
        body.insert(field.name.into(), state.value(model.name, id, row, field, true));
    }
    let mut text = String::new();
    python(&body.into(), &mut text);
    Some(with_body(&state.post.token, gone, text.into()))
}

/// Tells of what happened to a record, once it is done.
pub(super) fn tell(state: &mut State, model: &'static str, id: i64, what: What<'_>) {
    if !state.post.keeps && state.post.to.is_none() {
        return;
    }
    let Some((_, _, fields)) = rule(model) else { return };
    let (row, gone) = match what {
        What::Gone(row) => (Some(row.clone()), true),
        _ => (state.row(model, id).cloned(), false),
    };
    let Some(row) = row else { return };
    let is_change = |before: &Row| fields.iter().any(|name| before.json.get(*name) != row.json.get(*name));
    let times = match (what, model, state.post.storms) {
        (What::Written(before), _, false) => usize::from(is_change(before)),
        (What::Made, "res.partner", true) => 14,
        (What::Made, "sale.order", true) => 5,
        (What::Written(_), _, true) => 2,
        _ => 1,
    };
    for nth in 0..times {
        // The first ones of many are not whole.
        let mut row = row.clone();
        if nth + 1 < times && matches!(what, What::Made) {
            row.json.remove("vat");
        }
        let Some(shipment) = shipment(state, model, id, &row, gone) else { return };
        if let Some(mut url) = state.post.to.clone() {
            url.query_pairs_mut().append_pair("token", &state.post.token);
            if gone {
                url.query_pairs_mut().append_pair("trigger", "on_unlink");
            }
            state.post.outbox.post(url, shipment.headers.clone(), shipment.body.clone());
        }
        if state.post.keeps && state.kept.len() < MOST_KEPT {
            state.kept.push_back(shipment);
        }
    }
}
