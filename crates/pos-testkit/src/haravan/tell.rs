//! Deliveries for what changes in the shop.

use std::collections::BTreeMap;

use bytes::Bytes;
use pos_core::record::Stream;
use serde_json::{Value, json};

use super::render::{self, ORG_ID};
use super::{Inner, Row, State, WebhookMessage};

/// How many deliveries are kept.
const MOST_WAITING: usize = 100_000;

/// What a row was like when it was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    changed: i64,
    paid: bool,
    cancelled: bool,
    fulfilled: bool,
}

impl Told {
    fn of(row: &Row) -> Self {
        Self {
            changed: row.changed,
            paid: row.json.get("financial_status").is_some_and(|state| state == "paid"),
            cancelled: row.json.get("cancelled_status").is_some_and(|state| state == "cancelled"),
            fulfilled: row.json.get("fulfillment_status").is_some_and(|state| state == "fulfilled"),
        }
    }
}

/// What every row was like.
pub(super) type Known = BTreeMap<(Stream, i64), Told>;

/// The rows that deliveries tell of.
pub(super) fn known(state: &State) -> Known {
    [Stream::Customers, Stream::Orders, Stream::Products]
        .into_iter()
        .flat_map(|stream| {
            let rows = state.tables.get(&stream).into_iter().flatten();
            rows.map(move |(id, row)| ((stream, *id), Told::of(row)))
        })
        .collect()
}

/// A row as a webhook shows it.
pub(super) fn body_of(row: &Row) -> Value {
    let mut json = row.json.clone();
    for key in ["total_paid", "group_name", "location_name"] {
        json.remove(key);
    }
    if let Some(state) = json.get_mut("state")
        && let Some(text) = state.as_str().map(str::to_lowercase)
    {
        *state = text.into();
    }
    Value::Object(json)
}

impl Inner {
    /// The delivery of a topic, signed as an app's webhook.
    pub(super) fn message(&self, topic: &str, body: Value) -> WebhookMessage {
        let body = Bytes::from(render::as_webhook(body).to_string());
        WebhookMessage::signed(topic, &ORG_ID.to_string(), body, &self.options.client_secret)
    }

    /// Makes the deliveries for everything that changed since the last time.
    pub(super) fn notice(&self, state: &mut State) {
        if !self.options.tells() {
            return;
        }
        let now = known(state);
        let before = std::mem::replace(&mut state.told, now);
        let mut changes: Vec<(String, Value)> = Vec::new();
        for ((stream, id), told) in &state.told {
            let Some(row) = state.tables.get(stream).and_then(|rows| rows.get(id)) else { continue };
            let mut tell = |verb: &str| changes.push((format!("{stream}/{verb}"), body_of(row)));
            match before.get(&(*stream, *id)) {
                None => tell("create"),
                Some(old) if old == told => {}
                Some(old) => {
                    tell(if *stream == Stream::Orders { "updated" } else { "update" });
                    for (verb, is) in [
                        ("paid", told.paid && !old.paid),
                        ("cancelled", told.cancelled && !old.cancelled),
                        ("fulfilled", told.fulfilled && !old.fulfilled),
                    ] {
                        if is {
                            tell(verb);
                        }
                    }
                }
            }
        }
        let gone = before.keys().filter(|key| !state.told.contains_key(key));
        changes.extend(gone.map(|(stream, id)| (format!("{stream}/delete"), json!({ "id": id }))));
        for (topic, body) in changes {
            self.send(state, &topic, body);
        }
    }

    /// Sends or keeps a delivery, when its topic is chosen, and for an app that subscribed not switched off.
    pub(super) fn send(&self, state: &mut State, topic: &str, body: Value) {
        let chosen = match state.is_managed {
            true => state.subscribed.contains(topic),
            false => self.options.topics.iter().any(|known| known == topic),
        };
        if !self.options.tells() || !chosen {
            return;
        }
        let message = self.message(topic, body);
        if let Some(url) = self.options.hook.clone() {
            self.outbox.post(url, message.headers.clone(), message.body.clone());
        }
        if self.options.keep_deliveries && state.waiting.len() < MOST_WAITING {
            state.waiting.push_back(message);
        }
    }
}
