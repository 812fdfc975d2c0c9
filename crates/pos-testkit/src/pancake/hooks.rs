//! Webhooks: where they go, and what they tell.

use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::record::Stream;
use serde_json::{Map, Value};
use url::Url;

use super::{Inner, MOST_KEPT, State, message_of, render};
use crate::server::is_here;

/// The name of a stream in a delivery.
pub(super) fn kind_of(stream: Stream) -> Option<&'static str> {
    Some(match stream {
        Stream::Orders => "orders",
        Stream::Customers => "customers",
        Stream::Products => "products",
        _ => return None,
    })
}

/// Where deliveries go now and with which headers: what a client registered, else what the sandbox was started with.
fn target(inner: &Inner, state: &State) -> Option<(Url, Option<HeaderMap>)> {
    let registered = || {
        if state.webhook.get("webhook_enable")?.as_bool() != Some(true) {
            return None;
        }
        let url = state.webhook.get("webhook_url")?.as_str()?.parse().ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in state.webhook.get("webhook_headers").and_then(Value::as_object)? {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::from_str(value.as_str().unwrap_or_default()))
            {
                headers.insert(name, value);
            }
        }
        Some((url, Some(headers)))
    };
    let started = || Some((inner.options.webhook_to.clone()?, None));
    registered().or_else(started).filter(|(url, _)| is_here(url))
}

/// Tells of a record that is new or has changed.
pub(super) fn tell(inner: &Inner, state: &mut State, stream: Stream, event: &str, body: &Map<String, Value>) {
    let Some(kind) = kind_of(stream) else { return };
    let target = target(inner, state);
    if target.is_none() && !inner.options.keep_deliveries {
        return;
    }
    let mut send = |body: Map<String, Value>| {
        let mut message = message_of(&inner.options, Value::Object(body).to_string().into());
        if inner.options.keep_deliveries && state.kept.len() < MOST_KEPT {
            state.kept.push_back(message.clone());
        }
        let Some((url, headers)) = &target else { return };
        if let Some(own) = headers {
            message.headers.remove("x-store-id");
            message.headers.remove("x-webhook-secret");
            message.headers.extend(own.clone());
        }
        inner.outbox.post(url.clone(), message.headers, message.body);
    };
    let mut record = body.clone();
    if !inner.options.bare_webhooks {
        record.insert("type".into(), kind.into());
        record.insert("event_type".into(), event.into());
    }
    send(record);
    let variation =
        body.get("items").and_then(|items| items.get(0)).and_then(|item| item.get("variation_id"));
    if let (Stream::Orders, "create", Some(variation)) = (stream, event, variation.and_then(Value::as_str)) {
        let mut stock = render::stock_event(variation);
        stock.insert("order_id".into(), body.get("id").cloned().unwrap_or(Value::Null));
        send(stock);
    }
}
