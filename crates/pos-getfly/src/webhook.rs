//! Webhooks: proof and reading.

use std::borrow::Cow;

use pos_core::kit::{Gate, Members, is_deeper, is_object};
use pos_core::lenient::{self, without_mark};
use pos_core::page::Rejected;
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Remember, Trust, Verified, WebhookEvent, WebhookRequest,
    delivery_hash,
};
use pos_core::{Stream, WebhookVerifier};
use serde_json::Value;
use url::form_urlencoded;

use crate::profile::{VENDOR, host_in};

/// The member of the body that is the proof (D)(W). There is no header.
pub const SECRET: &str = "secret_key";

/// How deep a body may be nested: the vendor's go five deep.
const MOST_DEPTH: usize = 64;

/// Proves and reads the webhooks of one company.
///
/// The proof is a secret in the body: it says who sent it, and nothing of what it says. So every event is a hint to read the
/// object again, and a deletion is believed when it cannot be found any more. The secret is taken out of what is kept.
///
/// **A company without a secret** sends a blank one. It is refused, whatever is configured here.
///
/// **Bodies as JSON**, as an older page of the documentation has them, have no secret. They are refused, unless
/// [`with_unproven`](Self::with_unproven) says otherwise.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    gate: Gate,
    unproven: bool,
}

pos_core::webhook_setters! {
    Webhooks {
        /// One more secret: an earlier one, or that of another webhook.
        with_secret,
        /// Refuses deliveries that name another company than the one with this host.
        with_tenant,
    }
}

impl Webhooks {
    /// Takes deliveries that carry no secret at all for hints: anybody may then have objects of this company read again. A wrong
    /// secret and a blank one stay refused.
    #[must_use]
    pub fn with_unproven(mut self, taken: bool) -> Self {
        self.unproven = taken;
        self
    }

    /// The company that a delivery names: it must be this one.
    fn tenant(&self, told: &Told<'_>) -> Result<Option<String>, Refusal> {
        self.gate.check_tenant(&told.domain)?;
        Ok(told.domain.clone())
    }
}

/// What a delivery says, as far as anybody needs it. Everything may come once more inside of `data` (W).
#[derive(Default)]
struct Told<'a> {
    event: Option<Cow<'a, str>>,
    secret: Option<Cow<'a, str>>,
    domain: Option<String>,
    uid: Option<Cow<'a, str>>,
    inner: Inner<'a>,
    /// Members of the innermost `data` with ids: of each the last one (PHP).
    ids: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// The same, a level deeper.
#[derive(Default)]
struct Inner<'a> {
    event: Option<Cow<'a, str>>,
    secret: Option<Cow<'a, str>>,
    domain: Option<Cow<'a, str>>,
    uid: Option<Cow<'a, str>>,
    has_data: bool,
}

fn malformed(why: &str) -> Refusal {
    Refusal::Malformed(why.to_owned())
}

fn is_json(body: &[u8]) -> bool {
    without_mark(body).trim_ascii_start().starts_with(b"{")
}

/// The object that `data` is.
fn data_in<'a>(members: &Members<'a>) -> Option<Members<'a>> {
    members.get("data").filter(|data| is_object(data)).and_then(|data| Members::of(data).ok())
}

/// The names of the members with ids.
const IDS: [&str; 3] = ["account_id", "order_id", "product_id"];

impl<'a> Told<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let mut told = if is_json(body) { Self::of_json(body)? } else { Self::of_form(text) };
        told.event = told.event.take().or(told.inner.event.take()).filter(|event| !event.trim().is_empty());
        told.secret = told.secret.take().or(told.inner.secret.take());
        told.uid = told.uid.take().or(told.inner.uid.take()).filter(|uid| !uid.trim().is_empty());
        let domain = told.domain.take().or_else(|| told.inner.domain.take().map(Cow::into_owned));
        told.domain = domain.map(|domain| host_in(&domain)).filter(|host| !host.is_empty());
        Ok(told)
    }

    fn of_form(text: &'a str) -> Self {
        let mut told = Self::default();
        let (mut flat, mut nested) = (Vec::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "event" => told.event = Some(value),
                SECRET => told.secret = Some(value),
                "domain" => told.domain = Some(value.into_owned()),
                "uid" => told.uid = Some(value),
                "data[event]" => told.inner.event = Some(value),
                "data[secret_key]" => told.inner.secret = Some(value),
                "data[domain]" => told.inner.domain = Some(value),
                "data[uid]" => told.inner.uid = Some(value),
                name => {
                    let inside = |text: &str| {
                        let id = text.strip_suffix(']')?;
                        IDS.into_iter().find(|known| *known == id)
                    };
                    if let Some(inner) = name.strip_prefix("data[data][") {
                        told.inner.has_data = true;
                        nested.extend(inside(inner).map(|id| (Cow::Borrowed(id), value)));
                    } else if let Some(id) = name.strip_prefix("data[").and_then(inside) {
                        flat.push((Cow::Borrowed(id), value));
                    }
                }
            }
        }
        told.ids = if told.inner.has_data { nested } else { flat };
        told
    }

    fn of_json(body: &[u8]) -> Result<Self, Refusal> {
        if is_deeper(body, MOST_DEPTH) {
            return Err(malformed("it is nested too deeply"));
        }
        let whole = Members::of_body(body).map_err(|_| malformed("it is not a JSON object"))?;
        let text = |members: &Members<'_>, name: &str| -> Option<Cow<'a, str>> {
            lenient::text(members.get(name)?).ok().flatten().map(Cow::Owned)
        };
        let mut told = Self {
            event: text(&whole, "event"),
            // A blank one is a secret that was not set.
            secret: whole.has(SECRET).then(|| text(&whole, SECRET).unwrap_or_default()),
            domain: text(&whole, "domain").map(Cow::into_owned),
            uid: text(&whole, "uid"),
            ..Self::default()
        };
        let Some(data) = data_in(&whole) else { return Ok(told) };
        let deeper = data_in(&data);
        told.inner = Inner {
            event: text(&data, "event"),
            secret: data.has(SECRET).then(|| text(&data, SECRET).unwrap_or_default()),
            domain: text(&data, "domain"),
            uid: text(&data, "uid"),
            has_data: deeper.is_some(),
        };
        let data = deeper.unwrap_or(data);
        told.ids = IDS.into_iter().filter_map(|id| Some((Cow::Borrowed(id), text(&data, id)?))).collect();
        Ok(told)
    }

    fn topic(&self) -> &str {
        self.event.as_deref().unwrap_or_default().trim()
    }

    /// An id of this name; `None` when there is none, or it is no id.
    fn id(&self, name: &str) -> Option<String> {
        let (_, id) = self.ids.iter().rfind(|(known, _)| known == name)?;
        let id: i64 = id.trim().parse().ok()?;
        (id > 0).then(|| id.to_string())
    }

    /// Which delivery it is: by the vendor's id, else by what happened to what.
    fn delivery_id(&self) -> String {
        match &self.uid {
            Some(uid) => uid.trim().to_owned(),
            None => {
                let ids = self.ids.iter().map(|(_, id)| &**id);
                let domain = self.domain.as_deref().unwrap_or_default();
                let parts: Vec<&str> = [domain, self.topic()].into_iter().chain(ids).collect();
                delivery_hash(&parts, b"")
            }
        }
    }

    fn told(&self) -> Result<WebhookEvent, Rejected> {
        let topic = self.topic();
        let (stream, name) = match topic.split_once('.') {
            Some(("customer", _)) => (Stream::Customers, "account_id"),
            Some(("order", _)) => (Stream::Orders, "order_id"),
            Some(("product", _)) => (Stream::Products, "product_id"),
            _ => {
                let event = WebhookEvent::new(EventKind::Unknown, None, Vec::new());
                return Ok(if topic.is_empty() { event } else { event.with_topic(topic) });
            }
        };
        // Names of further events are not documented: whatever happened, reading tells.
        let kind = match topic {
            "customer.deleted" | "customer.hard_deleted" => EventKind::Delete,
            _ => EventKind::Upsert,
        };
        match self.id(name) {
            Some(id) => Ok(WebhookEvent::new(kind, Some(stream), vec![id]).with_topic(topic).with_refetch()),
            // What a product's event carries is not documented.
            None if stream == Stream::Products => {
                Ok(WebhookEvent::new(EventKind::Unknown, Some(stream), Vec::new()).with_topic(topic))
            }
            None => {
                let reason = "expected an id".to_owned();
                Err(Rejected { id: None, path: format!("data.{name}"), reason })
            }
        }
    }
}

/// The body without its secret: what is kept must not open anything.
fn without_secret(body: &[u8]) -> Vec<u8> {
    let is_secret = |name: &str| name.trim_end_matches(']').rsplit('[').next() == Some(SECRET);
    if is_json(body) {
        let Ok(mut whole) = serde_json::from_slice::<Value>(without_mark(body)) else { return body.to_vec() };
        strip(&mut whole);
        return whole.to_string().into_bytes();
    }
    let parts = body
        .split(|byte| *byte == b'&')
        .filter(|part| form_urlencoded::parse(part).next().is_none_or(|(name, _)| !is_secret(&name)));
    parts.collect::<Vec<_>>().join(&b'&')
}

fn strip(value: &mut Value) {
    let Value::Object(members) = value else { return };
    members.retain(|name, _| !name.eq_ignore_ascii_case(SECRET));
    members.values_mut().for_each(strip);
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::SharedToken
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.gate.check_size(request)?;
        let told = Told::read(request.body)?;
        let trust = match &told.secret {
            None if self.unproven && told.event.is_some() => Trust::Unsigned,
            // A blank secret is what a company without one sends.
            None => return Err(Refusal::Unsigned(SECRET)),
            Some(secret) if secret.trim().is_empty() => return Err(Refusal::Unsigned(SECRET)),
            Some(secret) => {
                self.gate.check_secret("webhook secret of Getfly")?;
                if !self.gate.knows(secret.as_bytes()) {
                    return Err(Refusal::BadProof(SECRET));
                }
                Trust::SharedToken
            }
        };
        let mut verified = Verified::proven(VENDOR, trust, request);
        verified.body = without_secret(request.body).into();
        verified.topic = told.event.map(Cow::into_owned);
        verified.header_id = told.uid.map(Cow::into_owned);
        Ok(verified)
    }

    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        let told = Told::read(&verified.body)?;
        let tenant = self.tenant(&told)?;
        // The vendor says that its id is there to be kept (D).
        let remember = if told.uid.is_some() { Remember::Always } else { Remember::WhileWaiting };
        let topic = told.event.as_deref().map(str::to_owned);
        Ok(Identified { id: told.delivery_id(), remember, tenant, topic })
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let told = Told::read(&verified.body)?;
        let mut delivery = Delivery::new(told.delivery_id());
        delivery.tenant = self.tenant(&told)?;
        match told.told() {
            Ok(event) => delivery.events.push(event),
            Err(why) => delivery.rejected.push(why),
        }
        Ok(delivery)
    }
}
