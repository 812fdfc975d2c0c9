//! Webhooks: registration, the queue, deliveries and what ends them.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::webhook::hmac_sha256;
use serde_json::{Map, Value, json};
use url::Url;

use super::answer::{error, error_with, invalid, no_route};
use super::{Inner, Kind, SandboxOptions, State, render};
use crate::contract::Shipment;
use crate::server::{Answer, Asked, Query, is_here, text};
use crate::wire;

/// The topics that tell of records.
pub(super) const TOPICS: [&str; 11] = [
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
];

/// How many failures in a row a webhook bears: the next one after this many disables it.
const MOST_FAILURES: u32 = 5;

/// A webhook of the shop.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    topic: String,
    status: String,
    url: String,
    secret: String,
    name: String,
    failures: u32,
    made: i64,
}

impl Hook {
    /// The secret is never shown.
    pub(super) fn shown(&self, id: i64) -> Value {
        let (resource, event) = self.topic.split_once('.').unwrap_or((&self.topic, ""));
        let mut json = Map::new();
        for (name, value) in [
            ("name", &*self.name),
            ("status", &*self.status),
            ("topic", &*self.topic),
            ("resource", resource),
            ("event", event),
            ("delivery_url", &*self.url),
        ] {
            json.insert(name.into(), value.into());
        }
        json.insert("id".into(), id.into());
        json.insert("hooks".into(), json!([]));
        render::stamp(&mut json, "date_created", Some(self.made));
        render::stamp(&mut json, "date_modified", Some(self.made));
        json.into()
    }
}

/// What a webhook has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    hook: i64,
    kind: Kind,
    id: i64,
}

/// What deliveries call a kind.
pub(super) fn resource(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Customers => "customer",
        Kind::Orders => "order",
        Kind::Products | Kind::Variations => "product",
        Kind::Refunds | Kind::Categories => return None,
    })
}

/// Tells of a change to every webhook of its topic, later. What waits already is not queued again.
pub(super) fn tell(state: &mut State, kind: Kind, id: i64, verb: &str) {
    let Some(resource) = resource(kind) else { return };
    if kind == Kind::Orders {
        let status = state.table(kind).get(&id).map(|row| row.status().to_owned()).unwrap_or_default();
        // An order that is still being typed is not created yet; it is updated, once it is more than an auto-draft.
        if matches!(status.as_str(), "auto-draft" | "draft")
            || (verb == "created" && render::is_draft(&status))
        {
            return;
        }
    }
    let mut verbs = vec![verb];
    if verb == "created" && kind == Kind::Orders {
        verbs.push("updated");
    }
    for verb in verbs {
        let topic = format!("{resource}.{verb}");
        let active = state.hooks.iter().filter(|(_, hook)| hook.status == "active" && hook.topic == topic);
        let told: Vec<Told> = active.map(|(hook, _)| Told { hook: *hook, kind, id }).collect();
        for told in told {
            if !state.queue.contains(&told) {
                state.queue.push_back(told);
            }
        }
    }
}

/// The object as it is now; its error where it is gone, or not for the webhook's user.
pub(super) fn body(state: &mut State, kind: Kind, id: i64, verb: &str) -> Bytes {
    if verb == "deleted" {
        return json!({ "id": id }).to_string().into();
    }
    let failed = |code: &str, status: u16| json!({ "code": code, "message": "Xin lỗi, không xem được.", "data": { "status": status } });
    let blind = state.hooks_are_blind;
    let whole = match state.table(kind).get(&id) {
        _ if blind => failed("woocommerce_rest_cannot_view", 401),
        Some(row) => row.json.clone().into(),
        None => failed("woocommerce_rest_invalid_id", 404),
    };
    php_json(&whole).into()
}

/// JSON as PHP writes it twice: escaped slashes, nothing beyond ASCII, and empty objects that became lists.
fn php_json(value: &Value) -> String {
    fn emptied(value: &Value) -> Value {
        match value {
            Value::Object(members) if members.is_empty() => json!([]),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), emptied(value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Array(items) => items.iter().map(emptied).collect(),
            other => other.clone(),
        }
    }
    let mut text = String::new();
    for letter in emptied(value).to_string().replace('/', "\\/").chars() {
        match letter.is_ascii() {
            true => text.push(letter),
            false => letter
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    text
}

/// A delivery with these bytes. Its id is the hook's and the second's: all of one second share it.
pub(super) fn signed(inner: &Inner, hook: i64, topic: &str, secret: &str, body: Bytes) -> Shipment {
    let second = inner.state().now_ms() / 1000;
    shipment(&inner.options, second, hook, (topic, secret), body)
}

fn shipment(
    options: &SandboxOptions,
    second: i64,
    hook: i64,
    (topic, secret): (&str, &str),
    body: Bytes,
) -> Shipment {
    let (resource, event) = topic.split_once('.').unwrap_or((topic, ""));
    let delivery = hmac_sha256(b"delivery", format!("{hook}{second}").as_bytes());
    let delivery: String = delivery.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let proof = STANDARD.encode(hmac_sha256(secret.as_bytes(), &body));
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("user-agent", "WooCommerce/11.2.0 Hookshot (WordPress/6.9.1)"),
        ("content-type", "application/json"),
        ("x-wc-webhook-source", &format!("https://{}/", options.site)),
        ("x-wc-webhook-topic", topic),
        ("x-wc-webhook-resource", resource),
        ("x-wc-webhook-event", event),
        ("x-wc-webhook-signature", &proof),
        ("x-wc-webhook-id", &hook.to_string()),
        ("x-wc-webhook-delivery-id", &delivery),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Shipment { headers, body, url: None }
}

/// What waits in the queue, each as its object is now, with its webhook and address. What is no longer active sends nothing.
pub(super) fn drain(inner: &Inner) -> Vec<(i64, String, Shipment)> {
    let mut state = inner.state();
    let waiting: VecDeque<Told> = std::mem::take(&mut state.queue);
    let second = state.now_ms() / 1000;
    let mut shipments = Vec::new();
    for told in waiting {
        let Some(hook) = state.hooks.get(&told.hook).filter(|hook| hook.status == "active").cloned() else {
            continue;
        };
        let verb = hook.topic.split_once('.').map_or("", |(_, verb)| verb);
        let body = body(&mut state, told.kind, told.id, verb);
        let made = shipment(&inner.options, second, told.hook, (&hook.topic, &hook.secret), body);
        shipments.push((told.hook, hook.url, made));
    }
    shipments
}

/// Delivers what waits. Nothing is sent away from this machine, and nothing twice.
pub(super) async fn work(inner: &Inner) {
    for (id, url, shipment) in drain(inner) {
        let Some(url) = url.parse::<Url>().ok().filter(is_here) else { continue };
        let answer = wire::send("POST", &url, &shipment.headers, &shipment.body).await;
        // A redirect is taken for success, and not followed.
        let is_taken = answer.is_ok_and(|answer| (200..=302).contains(&answer.status));
        let mut state = inner.state();
        let Some(hook) = state.hooks.get_mut(&id) else { continue };
        match is_taken {
            true => hook.failures = 0,
            false if hook.failures > MOST_FAILURES => hook.status = "disabled".into(),
            false => hook.failures += 1,
        }
    }
}

/// The webhooks that a shop starts with.
pub(super) fn seed(state: &mut State, options: &SandboxOptions) {
    let url = match &options.webhook_to {
        Some(url) => url.to_string(),
        None if options.keep_deliveries => "https://crm.example.vn/hooks".into(),
        None => return,
    };
    for (at, topic) in TOPICS.iter().enumerate() {
        let hook = Hook {
            topic: (*topic).to_owned(),
            status: "active".into(),
            url: url.clone(),
            secret: options.webhook_secret.clone(),
            name: format!("Webhook {at}"),
            failures: 0,
            made: crate::seed::START_MS,
        };
        state.hooks.insert(at as i64 + 1, hook);
    }
}

fn is_topic(topic: &str) -> bool {
    TOPICS.contains(&topic)
        || ["product.published", "coupon.created", "coupon.updated", "coupon.deleted", "coupon.restored"]
            .contains(&topic)
        || ["action.woocommerce_", "action.wc_"].iter().any(|action| topic.starts_with(action))
}

/// Members of a webhook that were sent.
fn fill(hook: &mut Hook, sent: &Map<String, Value>) -> Result<(), Answer> {
    let told = |name: &str| sent.get(name).and_then(Value::as_str).map(str::trim).map(str::to_owned);
    if let Some(topic) = told("topic") {
        if !is_topic(&topic) {
            return Err(error(400, "woocommerce_rest_shop_webhook_invalid_topic"));
        }
        hook.topic = topic;
    }
    if let Some(url) = told("delivery_url") {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(error(400, "woocommerce_rest_shop_webhook_invalid_url"));
        }
        hook.url = url;
    }
    if let Some(status) = told("status") {
        if !["active", "paused", "disabled"].contains(&status.as_str()) {
            return Err(invalid("status"));
        }
        // Whoever switches it on forgives it.
        hook.failures = 0;
        hook.status = status;
    }
    hook.name = told("name").unwrap_or_else(|| std::mem::take(&mut hook.name));
    hook.secret = told("secret").unwrap_or_else(|| std::mem::take(&mut hook.secret));
    Ok(())
}

/// `/webhooks`.
pub(super) fn route(
    inner: &Inner,
    state: &mut State,
    method: &str,
    parts: &[&str],
    query: &Query,
    asked: &Asked,
) -> Answer {
    let sent = || asked.object().ok_or_else(|| error(400, "rest_invalid_json"));
    let id = parts.first().and_then(|id| id.parse::<i64>().ok());
    match (method, parts, id) {
        ("GET", [], _) => {
            let (size, page) = (query.size("per_page", 10, 100), query.page("page"));
            let wanted = query.get("status").filter(|status| *status != "all");
            let hooks = state.hooks.iter().rev();
            let hooks: Vec<Value> = hooks
                .filter(|(_, hook)| wanted.is_none_or(|status| hook.status == status))
                .map(|(id, hook)| hook.shown(*id))
                .collect();
            let shown: Vec<&Value> = hooks.iter().skip((page - 1) * size).take(size).collect();
            let answer = Answer::ok(&json!(shown));
            match inner.options.no_totals {
                true => answer,
                false => {
                    answer.with("x-wp-total", hooks.len()).with("x-wp-totalpages", hooks.len().div_ceil(size))
                }
            }
        }
        ("POST", [], _) => match sent().and_then(|sent| new_hook(inner, state, &sent)) {
            Ok((id, hook)) => Answer::json(201, &hook.shown(id)),
            Err(refusal) => refusal,
        },
        (_, [_], Some(id)) => {
            let Some(hook) = state.hooks.get_mut(&id) else {
                let status = if method == "GET" { 404 } else { 400 };
                return error(status, "woocommerce_rest_shop_webhook_invalid_id");
            };
            let shown = hook.shown(id);
            match method {
                "GET" => Answer::ok(&shown),
                "DELETE" if query.get("force") != Some("true") => {
                    error(501, "woocommerce_rest_trash_not_supported")
                }
                "DELETE" => {
                    state.hooks.remove(&id);
                    Answer::ok(&shown)
                }
                "PUT" | "PATCH" | "POST" => match sent().and_then(|sent| fill(hook, &sent)) {
                    Ok(()) => Answer::ok(&hook.shown(id)),
                    Err(refusal) => refusal,
                },
                _ => no_route(),
            }
        }
        _ => no_route(),
    }
}

fn new_hook(inner: &Inner, state: &mut State, sent: &Map<String, Value>) -> Result<(i64, Hook), Answer> {
    for name in ["topic", "delivery_url"] {
        if text(sent, name).trim().is_empty() {
            let data = json!({ "status": 400, "params": [name] });
            return Err(error_with(400, "rest_missing_callback_param", data));
        }
    }
    let id = state.hooks.keys().next_back().copied().unwrap_or(0) + 1;
    let made = state.now_ms();
    let mut hook = Hook {
        topic: String::new(),
        status: "active".into(),
        url: String::new(),
        // Nobody is told this one.
        secret: format!("{:0>50}", made + id),
        name: format!("Webhook {id}"),
        failures: 0,
        made,
    };
    fill(&mut hook, sent)?;
    state.hooks.insert(id, hook.clone());
    // The ping: a form, without a proof, and whatever is answered.
    if let Some(url) = hook.url.parse::<Url>().ok().filter(is_here) {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        inner.outbox.post(url, headers, format!("webhook_id={id}").into());
    }
    Ok((id, hook))
}
