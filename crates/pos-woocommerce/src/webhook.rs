//! Webhooks: proof and reading.

use pos_core::kit::{Gate, Members, Row, base64_digest, header_text, open_body, read_object, signature};
use pos_core::page::Rejected;
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Remember, Trust, Verified, WebhookEvent, WebhookRequest,
    delivery_hash,
};
use pos_core::{Stream, WebhookVerifier, lenient};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::answer::{Resource, custom_of};
use crate::model;
use crate::profile::{VENDOR, account_of, site};

/// The header with the signature (D).
pub const SIGNATURE: &str = "X-WC-Webhook-Signature";
/// The header with the event's name (D). It is **not** covered by the signature.
pub const TOPIC: &str = "X-WC-Webhook-Topic";
/// The header with the shop's address (D). It is not covered either.
pub const SOURCE: &str = "X-WC-Webhook-Source";
/// The header with the hook and the second (D): all that a queue sends within one second share it.
pub const DELIVERY: &str = "X-WC-Webhook-Delivery-ID";

/// What a new webhook sends first: no signature, and nothing to read.
const PING: &str = "signature: it is the ping of a new webhook";

/// Proves and reads the webhooks of one shop.
///
/// The signature is Base64 of HMAC-SHA256 over the exact body. Every webhook has a secret of its own, so several may be given.
/// An empty secret is refused: the shop signs with it as well, and so could anybody.
///
/// **The ping** that a new webhook sends has no signature. It is not believed, changes nothing, and is answered with 200, as the
/// shop wants it.
///
/// **What is believed**: the body is signed, topic and shop are not. A body that shows itself to be what the topic says carries
/// its record; a deletion, an error in the place of the object, and everything else is a hint to read again.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    gate: Gate,
}

pos_core::webhook_setters! {
    Webhooks {
        /// One more secret: of another webhook, or an earlier one.
        with_secret,
        /// Refuses deliveries for another shop than this one: host and path, as the account is named.
        with_tenant,
    }
}

impl Webhooks {
    /// The shop that a delivery names: it must be this one.
    fn tenant(&self, verified: &Verified) -> Result<Option<String>, Refusal> {
        let named = verified.facts.get(SOURCE).cloned();
        self.gate.check_tenant(&named)?;
        Ok(named)
    }

    /// Reads the object of an event, which is of the instant that `at` tells.
    fn object<T: Resource>(
        &self,
        topic: &str,
        whole: &RawValue,
        at: fn(&T) -> Option<OffsetDateTime>,
    ) -> Result<WebhookEvent, Rejected>
    where
        Record: From<T::Record>,
    {
        let read: T = read_object(whole, "")?;
        let id = read.key().map(|id| id.to_string());
        // What is no order yet, and a user who is no customer.
        if !read.is_told() {
            return Ok(event(EventKind::Unknown, T::STREAM, topic, id));
        }
        let at = at(&read);
        let mut event = event(EventKind::Upsert, T::STREAM, topic, id);
        event.at = at;
        Ok(event.with_record(read.into_record(custom_of(whole, &self.gate.custom_fields))))
    }
}

/// Which delivery it is. What a queue sends within one second shares the id in the header, so the hash of topic and body
/// stands beside it.
fn delivery_id(verified: &Verified) -> String {
    let fact = |name: &str| verified.facts.get(name).map(String::as_str).unwrap_or_default();
    let topic = verified.topic.as_deref().unwrap_or_default();
    let hash = delivery_hash(&[topic, fact(SOURCE)], &verified.body);
    match verified.header_id.as_deref() {
        Some(id) => format!("{id}:{hash}"),
        None => hash,
    }
}

fn event(
    kind: EventKind,
    stream: impl Into<Option<Stream>>,
    topic: &str,
    id: Option<String>,
) -> WebhookEvent {
    let event = WebhookEvent::new(kind, stream.into(), id.into_iter().collect());
    if topic.is_empty() { event } else { event.with_topic(topic) }
}

fn id_in(members: &Members<'_>, name: &str) -> Option<String> {
    let id = lenient::integer(members.get(name)?).ok().flatten().filter(|id| *id > 0)?;
    Some(id.to_string())
}

/// What sort of object it is, by members that only one sort has. The topic is a claim that the body must bear out.
fn shape_of(members: &Members<'_>) -> Option<Stream> {
    const ORDER: &[&str] = &["line_items", "order_key", "payment_method", "billing_email"];
    const PRODUCT: &[&str] = &["regular_price", "catalog_visibility", "stock_status"];
    const CUSTOMER: &[&str] = &["username", "is_paying_customer", "avatar_url"];
    let shapes = [(Stream::Orders, ORDER), (Stream::Products, PRODUCT), (Stream::Customers, CUSTOMER)];
    let mut fitting = shapes.into_iter().filter(|(_, names)| names.iter().any(|name| members.has(name)));
    fitting.next().map(|(stream, _)| stream).filter(|_| fitting.next().is_none())
}

/// How deep a body may be nested: the vendor's go seven deep.
const MOST_DEPTH: usize = 64;

/// What a topic is about.
#[derive(Clone, Copy)]
enum Topic {
    Upsert(Stream),
    Delete(Stream),
    Unknown,
}

impl Topic {
    fn of(name: &str) -> Self {
        let Some((object, verb)) = name.split_once('.') else { return Self::Unknown };
        let stream = match object {
            "order" => Stream::Orders,
            "customer" => Stream::Customers,
            "product" => Stream::Products,
            _ => return Self::Unknown,
        };
        match verb {
            "created" | "updated" | "restored" => Self::Upsert(stream),
            "published" if stream == Stream::Products => Self::Upsert(stream),
            "deleted" => Self::Delete(stream),
            _ => Self::Unknown,
        }
    }

    fn of_delivery(verified: &Verified) -> Self {
        Self::of(verified.topic.as_deref().unwrap_or_default())
    }
}

/// A deletion is known by its body: an id and hardly more. The name of the event is not signed, and an order that comes
/// under it is no deletion.
const MOST_IN_A_DELETION: usize = 3;

/// A webhook of an older API has other members: only this one has dates in UTC.
const OF_THIS_API: &str = "date_modified_gmt";

/// Whether it is what a new webhook sends: `webhook_id=7`.
fn is_ping(body: &[u8]) -> bool {
    let id = body.trim_ascii().strip_prefix(b"webhook_id=").unwrap_or_default();
    (1..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit)
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.gate.check_size(request)?;
        let unsigned = |refusal| if is_ping(request.body) { Refusal::Unsigned(PING) } else { refusal };
        let header = signature(request, &[SIGNATURE]).map_err(unsigned)?;
        self.gate.check_secret("webhook secret of WooCommerce")?;
        let digest = base64_digest(header).ok_or(Refusal::MalformedProof(SIGNATURE))?;
        if !self.gate.signs(request.body, &digest) {
            return Err(Refusal::BadProof(SIGNATURE));
        }
        let mut verified = Verified::proven(VENDOR, Trust::Signed, request);
        verified.topic = header_text(request, TOPIC, 100).map(|topic| topic.to_ascii_lowercase());
        verified.header_id = header_text(request, DELIVERY, 100);
        // Kept as the account is named.
        let shop = header_text(request, SOURCE, 300).map(|source| match site(&source) {
            Ok(url) => account_of(&url),
            Err(_) => shop_of(&source),
        });
        verified.facts.extend(shop.map(|shop| (SOURCE.to_owned(), shop)));
        Ok(verified)
    }

    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        let tenant = self.tenant(verified)?;
        // What is no object is told when it is read.
        let members = Members::of_body(&verified.body).unwrap_or_default();
        let carries = matches!(Topic::of_delivery(verified), Topic::Upsert(_))
            && id_in(&members, "id").is_some()
            && members.get(OF_THIS_API).is_some_and(|at| at.get() != "null");
        // The vendor never repeats a delivery, and its id with the body is good for one second of one webhook.
        let remember = match carries && verified.header_id.is_some() {
            true => Remember::Always,
            false => Remember::WhileWaiting,
        };
        Ok(Identified { id: delivery_id(verified), remember, tenant, topic: verified.topic.clone() })
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let mut delivery = Delivery::new(delivery_id(verified));
        delivery.tenant = self.tenant(verified)?;
        let (whole, members) = open_body(verified, MOST_DEPTH)?;
        let topic = verified.topic.as_deref().unwrap_or_default();
        let (id, shape) = (id_in(&members, "id"), shape_of(&members));
        let hint = |kind, stream: Stream, id| Ok(event(kind, stream, topic, id).with_refetch());
        let told = match (Topic::of(topic), id, shape) {
            (Topic::Unknown, id, _) => Ok(event(EventKind::Unknown, None, topic, id)),
            // The webhook's user was deleted or may not see the object, or it is gone: nothing is known of any object.
            (Topic::Upsert(stream) | Topic::Delete(stream), None, _) if members.has("code") => {
                hint(EventKind::Unknown, stream, None)
            }
            (Topic::Upsert(_) | Topic::Delete(_), None, _) => {
                Err(Rejected { id: None, path: "id".to_owned(), reason: "expected an id".to_owned() })
            }
            // What the body is, goes before what the topic says.
            (Topic::Upsert(stream) | Topic::Delete(stream), Some(id), Some(other)) if other != stream => {
                hint(EventKind::Upsert, other, Some(id))
            }
            // A variation is a part of its product.
            (Topic::Upsert(Stream::Products) | Topic::Delete(Stream::Products), Some(id), _)
                if members.get("parent_id").is_some_and(|parent| parent.get().trim_matches('"') != "0") =>
            {
                hint(EventKind::Upsert, Stream::Products, id_in(&members, "parent_id").or(Some(id)))
            }
            (Topic::Upsert(stream), Some(id), Some(_)) if !members.has(OF_THIS_API) => {
                hint(EventKind::Upsert, stream, Some(id))
            }
            (Topic::Upsert(stream), Some(_), Some(_)) => match stream {
                Stream::Customers => self.object(topic, whole, model::Customer::changed),
                Stream::Orders => self.object(topic, whole, model::Order::latest_told),
                // Of its variations it names the ids alone.
                _ => self.object(topic, whole, model::Product::changed).map(|event| match &event.record {
                    Some(Record::Product(product)) if !product.variants.is_empty() => event.with_refetch(),
                    _ => event,
                }),
            },
            // An id and hardly more is no object: its topic may have been exchanged.
            (Topic::Upsert(stream), Some(id), None) => hint(EventKind::Upsert, stream, Some(id)),
            // Into the trash, as a rule: reading it tells.
            (Topic::Delete(stream), Some(id), _) => {
                let is_deletion = members.len() <= MOST_IN_A_DELETION;
                let kind = if is_deletion { EventKind::Delete } else { EventKind::Upsert };
                hint(kind, stream, Some(id))
            }
        };
        match told {
            Ok(event) => delivery.events.push(event),
            Err(why) => delivery.rejected.push(why),
        }
        Ok(delivery)
    }

    /// The ping is answered with 200, and so is a proven delivery that cannot be read: the shop never repeats one, and switches
    /// a webhook off after a few refusals in a row.
    fn refusal_status(&self, refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::Unsigned(PING) | Refusal::Malformed(_) => 200,
            Refusal::OtherShop(_) => 404,
            Refusal::TooLarge { .. } => 413,
            Refusal::NotConfigured(_) => 503,
            _ => 401,
        }
    }
}

/// A shop that is called by plain HTTP: the source is only a name here.
fn shop_of(source: &str) -> String {
    let bare = source.split_once("://").map_or(source, |(_, rest)| rest);
    bare.trim_end_matches('/').to_ascii_lowercase()
}
