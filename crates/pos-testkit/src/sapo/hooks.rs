//! Webhooks: what can be registered, and the sender.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use pos_core::record::Stream;
use pos_core::webhook::hmac_sha256;
use serde_json::{Map, Value, json};
use url::Url;

use super::rows::Row;
use super::{Flavor, Inner, State};
use crate::contract::Shipment;
use crate::server::{is_here, millis};

/// The header that names the store.
pub(super) fn store_header(flavor: Flavor) -> &'static str {
    match flavor {
        Flavor::Web => "x-sapo-shop-domain",
        Flavor::Pos => "x-sapo-tenant-domain",
    }
}

/// Puts a row into the shop and tells of it.
pub(super) fn put(inner: &Inner, state: &mut State, stream: Stream, id: i64, json: Map<String, Value>) {
    let now = state.now_ms();
    let mut row = Row::new(json.into(), now, Some(now));
    row.shown = now + millis(inner.options.lag);
    state.table(stream).insert(id, row);
    tell(state, stream, id, "create");
}

/// Whether a topic can be registered.
pub(super) fn is_topic(flavor: Flavor, topic: &str) -> bool {
    let Some((entity, verb)) = topic.split_once('/') else { return false };
    let verbs: &[&str] = match (flavor, entity) {
        (_, "app") => &["uninstalled"],
        (Flavor::Web, "orders") => {
            &["create", "updated", "delete", "paid", "cancelled", "fulfilled", "partially_fulfilled"]
        }
        (Flavor::Web, "customers") => &["create", "update", "delete", "enable", "disable"],
        (_, "customers" | "products") | (Flavor::Web, "collections" | "carts") => {
            &["create", "update", "delete"]
        }
        (Flavor::Web, "order_transactions" | "refunds") => &["create"],
        (Flavor::Web, "fulfillments") => &["create", "update"],
        (Flavor::Web, "store") => &["update"],
        (Flavor::Pos, "orders") => &[
            "create",
            "update",
            "cancelled",
            "finalized",
            "fulfilled",
            "paid",
            "received",
            "create_return",
            "receive_return",
            "create_refund",
        ],
        _ => &[],
    };
    verbs.contains(&verb)
}

/// The topic that tells of a stream.
fn topic(flavor: Flavor, stream: Stream, verb: &str) -> Option<String> {
    let entity = match stream {
        Stream::Orders => "orders",
        Stream::Customers => "customers",
        Stream::Products => "products",
        Stream::Categories if flavor == Flavor::Web && verb != "delete" => "collections",
        _ => return None,
    };
    // Really spelled so.
    let verb =
        if flavor == Flavor::Web && stream == Stream::Orders && verb == "update" { "updated" } else { verb };
    Some(format!("{entity}/{verb}"))
}

/// A delivery of a topic with these bytes, signed as the store signs.
pub(super) fn sign(state: &mut State, topic: &str, object: Option<i64>, body: Bytes) -> Shipment {
    let mut headers = HeaderMap::new();
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert("x-sapo-topic", text(topic));
    headers.insert(store_header(state.flavor), text(&state.store));
    let proof = STANDARD.encode(hmac_sha256(state.first_secret.as_bytes(), &body));
    headers.insert("x-sapo-hmac-sha256", text(&proof));
    if state.flavor == Flavor::Pos {
        state.version += 1;
        headers.insert("x-event-version", HeaderValue::from(state.version));
        headers.insert("x-sapo-test", HeaderValue::from_static("false"));
        if let Some(object) = object {
            headers.insert("x-sapo-object-id", HeaderValue::from(object));
        }
    }
    Shipment { headers, body, url: None }
}

/// The delivery that tells of a row; `None` for streams without webhooks, and rows that are not there.
pub(super) fn of_row(state: &mut State, stream: Stream, id: i64, verb: &str) -> Option<Shipment> {
    let topic = topic(state.flavor, stream, verb)?;
    let body = match verb {
        "delete" => json!({ "id": id }),
        _ => Value::from(state.table(stream).get(&id)?.json.clone()),
    };
    Some(sign(state, &topic, Some(id), body.to_string().into()))
}

/// Tells of a change to everybody who registered for it. Nothing is ever sent away from this machine.
pub(super) fn tell(state: &mut State, stream: Stream, id: i64, verb: &str) {
    let Some(topic) = topic(state.flavor, stream, verb) else { return };
    let registered = state.hooks.values().filter(|hook| hook["topic"] == topic.as_str());
    let mut targets: Vec<Url> = registered
        .filter_map(|hook| hook["address"].as_str()?.parse().ok())
        .chain(state.webhook_to.clone())
        .collect();
    targets.retain(is_here);
    targets.dedup();
    if targets.is_empty() {
        return;
    }
    let Some(shipment) = of_row(state, stream, id, verb) else { return };
    for url in targets {
        state.outbox.post(url, shipment.headers.clone(), shipment.body.clone());
    }
}
