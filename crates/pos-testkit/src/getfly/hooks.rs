//! What the company tells by webhook: notifications in a form, with a secret in it and no proof.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Kind, SandboxOptions, Shape, State};
use crate::contract::Shipment;
use crate::server::{Outbox, is_here, text};

/// How many deliveries are kept.
const MOST_KEPT: usize = 10_000;

/// The webhook that somebody made on the company's screens.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) secret: String,
    domain: String,
    shape: Shape,
    to: Option<Url>,
    keeps: bool,
    outbox: Outbox,
    sent: u64,
}

impl Post {
    pub(super) fn of(options: &SandboxOptions, outbox: &Outbox) -> Self {
        let host = format!("{}.getflycrm.com", options.company);
        Self {
            secret: options.webhook_secret.clone(),
            domain: if options.domain_is_address { format!("https://{host}") } else { host },
            shape: options.shape,
            to: options.webhook_to.clone().filter(is_here),
            keeps: options.keep_deliveries,
            outbox: outbox.clone(),
            sent: 0,
        }
    }
}

/// As PHP writes a form: everything but letters, digits, `-`, `_`, `.` and `~` by its bytes.
pub(super) fn form(pairs: &[(String, String)]) -> Bytes {
    let escaped = |text: &str| {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    out.push(char::from(byte))
                }
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
        out
    };
    let written: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    written.join("&").into()
}

/// A delivery with these bytes.
pub(super) fn with_body(shape: Shape, body: Bytes) -> Shipment {
    let kind = match shape {
        Shape::Json => "application/json",
        Shape::Flat | Shape::Nested => "application/x-www-form-urlencoded",
    };
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static("GuzzleHttp/7"));
    headers.insert("content-type", HeaderValue::from_static(kind));
    Shipment { headers, body, url: None }
}

/// What an event says of its row: its id, the code of an order, and what changed of a customer.
fn data(
    event: &str,
    kind: Kind,
    id: i64,
    row: Option<&Map<String, Value>>,
    before: Option<&Map<String, Value>>,
) -> Vec<(String, String)> {
    let of = match kind {
        Kind::Accounts => "account_id",
        Kind::Orders => "order_id",
        _ => "product_id",
    };
    let mut data = vec![(format!("[{of}]"), id.to_string())];
    if kind == Kind::Orders {
        let code = row.map(|row| text(row, "order_code")).unwrap_or_default();
        data.push(("[order_code]".into(), code.to_owned()));
    }
    if event == "customer.updated" {
        let about = "[data_change]";
        data.push((format!("{about}[updated_by][id]"), "5".into()));
        data.push((format!("{about}[updated_by][display_name]"), "Nhân viên Mẫu".into()));
        data.push((format!("{about}[update_source]"), "API".into()));
        for (name, words) in
            [("account_name", "Tên khách hàng"), ("phone_office", "Điện thoại"), ("email", "Email")]
        {
            let old = before.or(row).map(|row| text(row, name)).unwrap_or_default();
            let new = row.map(|row| text(row, name)).unwrap_or_default();
            if old != new {
                let field = format!("{about}[data][a.{name}]");
                data.push((format!("{field}[field_desc]"), words.into()));
                data.push((format!("{field}[old_value]"), old.to_owned()));
                data.push((format!("{field}[new_value]"), new.to_owned()));
            }
        }
        // Brackets inside the brackets of a key.
        data.push((format!("{about}[data][custom_fields[hang_the]][new_value]"), "Vàng".into()));
    }
    data
}

/// The delivery of an event about a row as it is now. Each has an id of its own.
pub(super) fn shipment(
    state: &mut State,
    shape: Shape,
    event: &str,
    kind: Kind,
    id: i64,
    before: Option<&Map<String, Value>>,
) -> Shipment {
    state.post.sent += 1;
    let uid = format!("b3f95949-0de2-480a-98af-{:012x}", state.post.sent);
    let at = state.now_ms() / 1000;
    let row = state.table(kind).get(&id).map(|row| row.json.clone());
    let row = row.or_else(|| state.gone.get(&(kind, id)).map(|gone| gone.row.json.clone()));
    let data = data(event, kind, id, row.as_ref(), before);
    let Post { secret, domain, .. } = &state.post;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let body = match shape {
        Shape::Json => {
            let member = |(name, value): &(String, String)| {
                let name = name.trim_matches(['[', ']']).to_owned();
                (name, value.parse::<i64>().map_or_else(|_| value.as_str().into(), Value::from))
            };
            let flat = data.iter().filter(|(name, _)| !name.contains("][")).map(member);
            let data: Map<String, Value> = flat.collect();
            json!({ "uid": uid, "event": event, "data": data, "domain": domain }).to_string().into()
        }
        Shape::Flat => {
            let mut pairs = vec![pair("event", event), pair("secret_key", secret)];
            pairs.extend(data.into_iter().map(|(name, value)| (format!("data{name}"), value)));
            pairs.extend([pair("domain", domain), pair("uid", &uid)]);
            // The examples differ in whether they say when.
            if event != "customer.created" {
                pairs.push(pair("created_at", &at.to_string()));
            }
            form(&pairs)
        }
        Shape::Nested => {
            let mut pairs = vec![pair("event", event), pair("secret_key", secret)];
            pairs.extend([pair("data[event]", event), pair("data[secret_key]", secret)]);
            pairs.extend(data.into_iter().map(|(name, value)| (format!("data[data]{name}"), value)));
            pairs.extend([pair("data[domain]", domain), pair("data[uid]", &uid)]);
            pairs.extend([pair("domain", domain), pair("uid", &uid)]);
            form(&pairs)
        }
    };
    with_body(shape, body)
}

/// Tells of what happened to a row.
pub(super) fn tell(state: &mut State, event: &str, kind: Kind, id: i64, before: Option<&Map<String, Value>>) {
    if !state.post.keeps && state.post.to.is_none() {
        return;
    }
    let shipment = shipment(state, state.post.shape, event, kind, id, before);
    if let Some(url) = &state.post.to {
        state.post.outbox.post(url.clone(), shipment.headers.clone(), shipment.body.clone());
    }
    if state.post.keeps && state.kept.len() < MOST_KEPT {
        state.kept.push_back(shipment);
    }
}
