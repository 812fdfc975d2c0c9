//! Webhooks: proof, reading, and the question whether the address is ours.

use std::collections::BTreeMap;

use pos_core::kit::{Gate, Members, Row, base64_digest, header_text, open_body, read_object, signature};
use pos_core::page::{Rejected, pick_custom};
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Handshake, Identified, Refusal, Remember, Trust, Verified, WebhookEvent,
    WebhookRequest, delivery_hash, same_bytes,
};
use pos_core::{Secret, Stream, WebhookVerifier, lenient};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::answer::{Resource, unwrapped};
use crate::model;
use crate::profile::VENDOR;

/// The header with the signature (D).
pub const SIGNATURE: &str = "X-Haravan-Hmacsha256";
/// The header with the event's name (D). It is **not** covered by the signature.
pub const TOPIC: &str = "X-Haravan-Topic";
/// The header with the shop's org id (D). It is not covered either.
pub const ORG_ID: &str = "X-Haravan-Org-Id";
/// The header of test deliveries (C:2).
pub const TEST: &str = "X-Haravan-Test";

/// What lacks where nothing is configured.
const SECRET: &str = "webhook secret of Haravan";

/// The fact that a delivery is proven by a secret that several shops share.
const SHARED: &str = "shared secret";

/// Proves and reads the webhooks of one shop.
///
/// The signature is Base64 of HMAC-SHA256 over the exact body. The key of an app's webhooks is the app's secret; that of the
/// webhooks which a shop set up by itself is the text on its page *Settings → Notifications*. A delivery does not say which
/// of the two it is, so a shop that has both gives both secrets here. The older header with a SHA-1 digest is not accepted.
///
/// **One callback for many shops** (an app has only one): make `Webhooks` with the app's secret as a
/// [shared](Self::with_shared_secret) one and without [`with_tenant`](Self::with_tenant), and route by the tenant that [`identify`](WebhookVerifier::identify) tells. Answer
/// 200 for a shop that is not known: refusals end the subscription.
///
/// **What is believed**: the body is signed, topic and shop are not. A body that shows itself to be what the topic says
/// carries its record; a deletion, an uninstallation and everything else is a hint to read again.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    gate: Gate,
    shared: Gate,
    verify_token: Option<Secret>,
}

pos_core::webhook_setters! {
    Webhooks {
        /// One more secret, as it is shown: the app's, the shop's, or an earlier one of either.
        with_secret,
        /// Refuses deliveries for another shop than this one.
        with_tenant,
    }
}

impl Webhooks {
    /// The secret of an app that several shops have installed. It proves that the app's vendor sent the delivery, and not for
    /// which shop: that is in a header. So what it proves is read again with the shop's own token, and never believed as it
    /// comes.
    #[must_use]
    pub fn with_shared_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.shared.add(secret.into());
        self
    }

    /// The verify token that was typed beside the callback in the partner dashboard: answers the vendor's question.
    #[must_use]
    pub fn with_verify_token(mut self, token: impl Into<Secret>) -> Self {
        self.verify_token = Some(token.into()).filter(|token: &Secret| !token.expose().trim().is_empty());
        self
    }

    /// Reads the object of an event, which is of the instant that `at` tells. It is believed when the topic is one that the
    /// vendor documents.
    fn object<T: Resource>(
        &self,
        claim: &Claim,
        object: &RawValue,
        path: &str,
        at: fn(&T) -> Option<OffsetDateTime>,
    ) -> Result<WebhookEvent, Rejected>
    where
        Record: From<T::Record>,
    {
        let read: T = read_object(object, path)?;
        let id = read.key().map(|id| id.to_string()).unwrap_or_default();
        let mut event = claim.event(EventKind::Upsert, T::STREAM, id);
        // By the vendor's clock. How far it is from the host's, the reader of the inbox knows, who lets nothing be later
        // than the vendor's now.
        event.at = at(&read);
        event = event.with_record(read.into_record(pick_custom(object, &self.gate.custom_fields)));
        Ok(if claim.is_exact { event } else { event.with_refetch() })
    }

    /// Whose delivery it is, as far as it says. What stands in the body is signed and goes before the header; both must be
    /// this shop.
    fn tenant(&self, verified: &Verified, in_body: Option<String>) -> Result<Option<String>, Refusal> {
        let header = verified.facts.get(ORG_ID).cloned();
        self.gate.check_tenant(in_body.iter().chain(&header))?;
        Ok(in_body.or(header))
    }

    /// No id comes along (?). Retries repeat the body, so its hash knows them; another event may have the same body, and a
    /// test must not hide the real one.
    fn delivery_id(verified: &Verified, topic: &str) -> String {
        let org = verified.facts.get(ORG_ID).map(String::as_str).unwrap_or_default();
        let test = if is_test(verified) { "test" } else { "" };
        delivery_hash(&[topic, org, test], &verified.body)
    }
}

fn is_test(verified: &Verified) -> bool {
    verified.facts.get(TEST).is_some_and(|test| test.eq_ignore_ascii_case("true") || test == "1")
}

/// The topic that came along; without one the body's.
fn topic_of(verified: &Verified, in_body: Option<&str>) -> String {
    verified.topic.as_deref().or(in_body).unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte != b'0')
}

/// What a delivery claims to be: its topic is not signed.
struct Claim {
    topic: String,
    /// The topic is written as the vendor documents it, and the proof covers the shop.
    is_exact: bool,
}

impl Claim {
    fn event(&self, kind: EventKind, stream: impl Into<Option<Stream>>, id: String) -> WebhookEvent {
        let ids = if id.is_empty() { Vec::new() } else { vec![id] };
        let event = WebhookEvent::new(kind, stream.into(), ids);
        if self.topic.is_empty() { event } else { event.with_topic(self.topic.as_str()) }
    }

    /// Something to be read again.
    fn hint(&self, kind: EventKind, stream: impl Into<Option<Stream>>, id: String) -> WebhookEvent {
        self.event(kind, stream, id).with_refetch()
    }
}

/// A text or a number.
fn text_in(members: &Members<'_>, name: &str) -> Option<String> {
    let text = lenient::text(members.get(name)?).ok().flatten()?;
    Some(text.trim().to_owned())
}

fn id_in(members: &Members<'_>, name: &str) -> Option<String> {
    text_in(members, name).filter(|id| is_id(id))
}

/// What sort of object it is, by members that only one sort has. The topic is a claim that the body must bear out.
fn shape_of(members: &Members<'_>) -> Option<Stream> {
    const ORDER: &[&str] =
        &["financial_status", "fulfillment_status", "line_items", "total_price", "order_number"];
    const PRODUCT: &[&str] = &["variants", "body_html", "product_type", "published_scope", "handle"];
    const CUSTOMER: &[&str] = &[
        "orders_count",
        "accepts_marketing",
        "verified_email",
        "default_address",
        "addresses",
        "total_spent",
    ];
    const USER: &[&str] = &["user_type", "account_owner", "permissions"];
    let shapes = [
        (Stream::Orders, ORDER),
        (Stream::Products, PRODUCT),
        (Stream::Customers, CUSTOMER),
        (Stream::Users, USER),
    ];
    let mut fitting = shapes.into_iter().filter(|(_, names)| names.iter().any(|name| members.has(name)));
    fitting.next().map(|(stream, _)| stream).filter(|_| fitting.next().is_none())
}

/// How deep a body may be nested: the vendor's go six deep.
const MOST_DEPTH: usize = 64;

/// What a topic is about.
enum Topic {
    Upsert(Stream),
    Delete(Stream),
    Stock,
    Uninstalled,
    Unknown,
}

impl Topic {
    /// The member that its object may stand in.
    fn wrapper(&self) -> Option<&'static str> {
        match self {
            Self::Upsert(Stream::Customers) | Self::Delete(Stream::Customers) => Some(model::Customer::ONE),
            Self::Upsert(Stream::Orders) | Self::Delete(Stream::Orders) => Some(model::Order::ONE),
            Self::Upsert(Stream::Products) | Self::Delete(Stream::Products) => Some(model::Product::ONE),
            Self::Upsert(_) | Self::Delete(_) => Some(model::User::ONE),
            _ => None,
        }
    }

    /// What a topic is about, and whether it is written as documented. `order/create`, `orders/canceled`, `orders/update` and
    /// the like are taken for what they must mean (C:1).
    fn of(name: &str) -> (Self, bool) {
        let Some((object, verb)) = name.split_once('/') else { return (Self::Unknown, false) };
        let (stream, is_plural) = match object {
            "customers" | "customer" => (Stream::Customers, object == "customers"),
            "orders" | "order" => (Stream::Orders, object == "orders"),
            "products" | "product" => (Stream::Products, object == "products"),
            "user" | "users" => (Stream::Users, object == "user"),
            "app" if verb == "uninstalled" => return (Self::Uninstalled, true),
            "inventorylocationbalances" | "inventory" if verb == "update" => return (Self::Stock, true),
            _ => return (Self::Unknown, false),
        };
        let documented = match stream {
            Stream::Customers => matches!(verb, "create" | "update" | "enable" | "disable" | "delete"),
            Stream::Orders => {
                matches!(verb, "create" | "updated" | "paid" | "cancelled" | "fulfilled" | "delete")
            }
            Stream::Products => matches!(verb, "create" | "update" | "delete"),
            _ => verb == "update",
        };
        match verb {
            "delete" | "deleted" if stream != Stream::Users => {
                (Self::Delete(stream), documented && is_plural)
            }
            "create" | "created" | "update" | "updated" | "enable" | "disable" | "paid" | "cancel"
            | "canceled" | "cancelled" | "fulfilled" => (Self::Upsert(stream), documented && is_plural),
            _ => (Self::Unknown, false),
        }
    }
}

/// A deletion is known by its body: an id and hardly more. The name of the event is not signed, and an order that comes
/// under it is no deletion.
const MOST_IN_A_DELETION: usize = 3;

/// How long the vendor repeats a delivery: 48 hours (D), and an hour for its clock.
const REPEATED_FOR: u32 = 49 * 3600;

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.gate.check_size(request)?;
        let header = signature(request, &[SIGNATURE])?;
        self.gate.check_secret(SECRET).or_else(|_| self.shared.check_secret(SECRET))?;
        let digest = base64_digest(header).ok_or(Refusal::MalformedProof(SIGNATURE))?;
        let by_own = self.gate.signs(request.body, &digest);
        let by_shared = self.shared.signs(request.body, &digest);
        if !by_own && !by_shared {
            return Err(Refusal::BadProof(SIGNATURE));
        }
        let mut verified = Verified::proven(VENDOR, Trust::Signed, request);
        verified.topic = header_text(request, TOPIC, 100);
        if !by_own {
            verified.facts.insert(SHARED.to_owned(), "true".to_owned());
        }
        let org = header_text(request, ORG_ID, 100).filter(|id| is_id(id));
        for (name, value) in [(ORG_ID, org), (TEST, header_text(request, TEST, 100))] {
            verified.facts.extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(verified)
    }

    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        // What is no object is told when it is read.
        let members = Members::of_body(&verified.body).unwrap_or_default();
        let tenant = self.tenant(verified, id_in(&members, "org_id"))?;
        let topic = topic_of(verified, text_in(&members, "topic").as_deref());
        // A body that carries its object, and nothing else, tells a state that may come only once.
        let carries = matches!(Topic::of(&topic), (Topic::Upsert(_), true))
            && members.get("updated_at").is_some_and(|at| at.get() != "null")
            && !verified.facts.contains_key(SHARED);
        let remember = match carries && !is_test(verified) {
            true => Remember::Seconds(REPEATED_FOR),
            false => Remember::WhileWaiting,
        };
        let id = Self::delivery_id(verified, &topic);
        Ok(Identified { id, remember, tenant, topic: Some(topic).filter(|topic| !topic.is_empty()) })
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let (whole, members) = open_body(verified, MOST_DEPTH)?;
        let tenant = self.tenant(verified, id_in(&members, "org_id"))?;
        let topic = topic_of(verified, text_in(&members, "topic").as_deref());
        let mut delivery = Delivery::new(Self::delivery_id(verified, &topic));
        delivery.tenant = tenant;
        let (kind, is_exact) = Topic::of(&topic);
        // For which shop it is, the proof of a shared secret does not say.
        let is_exact = is_exact && !verified.facts.contains_key(SHARED);
        let claim = Claim { topic, is_exact };
        if is_test(verified) {
            delivery.events.push(claim.event(EventKind::Probe, None, String::new()));
            return Ok(delivery);
        }
        // The object is the root; some say that it may stand in one wrapper.
        let (object, path) = unwrapped(whole, &members, kind.wrapper().as_slice());
        let inner =
            Members::of(object).map_err(|_| Refusal::Malformed("it is not a JSON object".to_owned()))?;
        let (id, shape) = (id_in(&inner, "id"), shape_of(&inner));
        let told = match (kind, id, shape) {
            (Topic::Upsert(_) | Topic::Delete(_), None, _) => Err(Rejected {
                id: None,
                path: if path.is_empty() { "id".to_owned() } else { format!("{path}.id") },
                reason: "expected an id".to_owned(),
            }),
            // What the body is, goes before what the topic says: another object is something to look at, and no more.
            (Topic::Upsert(stream) | Topic::Delete(stream), Some(id), Some(other)) if other != stream => {
                Ok(claim.hint(EventKind::Upsert, other, id))
            }
            (Topic::Upsert(stream), Some(_), Some(_)) => match stream {
                Stream::Customers => self.object(&claim, object, path, model::Customer::changed),
                Stream::Orders => self.object(&claim, object, path, model::Order::latest_told),
                Stream::Products => self.object(&claim, object, path, model::Product::changed),
                _ => self.object(&claim, object, path, model::User::changed),
            },
            // An id and hardly more is no object: its topic may have been exchanged.
            (Topic::Upsert(stream), Some(id), None) => Ok(claim.hint(EventKind::Upsert, stream, id)),
            (Topic::Delete(stream), Some(id), _) => {
                let is_deletion = inner.len() <= MOST_IN_A_DELETION && !inner.has("created_at");
                let kind = if is_deletion { EventKind::Delete } else { EventKind::Upsert };
                Ok(claim.hint(kind, stream, id))
            }
            // The stock of one branch is no product: read that.
            (Topic::Stock, ..) => match id_in(&inner, "product_id").or_else(|| id_in(&inner, "variant_id")) {
                Some(id) => Ok(claim.hint(EventKind::Stock, Stream::Products, id)),
                None => Ok(claim.hint(EventKind::Unknown, None, String::new())),
            },
            // The topic is a claim here too: an object is no farewell, and what the vendor's own farewell says
            // (`event_type`) nobody knows. Whether the app is gone, a refused token tells.
            (Topic::Uninstalled, Some(id), Some(stream)) => Ok(claim.hint(EventKind::Upsert, stream, id)),
            (Topic::Uninstalled, ..) => Ok(claim.hint(EventKind::AppUninstalled, None, String::new())),
            (Topic::Unknown, id, _) => Ok(claim.event(EventKind::Unknown, None, id.unwrap_or_default())),
        };
        match told {
            Ok(event) => delivery.events.push(event),
            Err(why) => delivery.rejected.push(why),
        }
        Ok(delivery)
    }

    /// The vendor's question when a callback is saved in the dashboard: `hub.mode=subscribe`, `hub.verify_token`,
    /// `hub.challenge`. The right token is answered with the challenge as plain text, a wrong one with 401.
    fn handshake(&self, query: &str) -> Option<Handshake> {
        let expected = self.verify_token.as_ref()?;
        let query: BTreeMap<_, _> =
            url::form_urlencoded::parse(query.trim_start_matches('?').as_bytes()).collect();
        let token = query.get("hub.verify_token")?;
        let challenge = query.get("hub.challenge").map(AsRef::as_ref).unwrap_or_default();
        let is_plain = challenge.len() <= 256
            && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~=+/".contains(&b));
        let is_ours = same_bytes(expected.expose().as_bytes(), token.as_bytes())
            && query.get("hub.mode").is_none_or(|mode| mode == "subscribe");
        Some(if is_ours && is_plain && !challenge.is_empty() {
            Handshake { status: 200, body: challenge.to_owned() }
        } else {
            Handshake { status: 401, body: String::new() }
        })
    }

    /// A proven delivery that cannot be read is answered with 200, and so is one for a shop that is not known here: the vendor
    /// repeats a refused one 19 times, and then deletes the subscription (D), also of the shops that share the callback.
    fn refusal_status(&self, refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::Malformed(_) | Refusal::OtherShop(_) => 200,
            Refusal::TooLarge { .. } => 413,
            // Ours to mend: the vendor sends it again.
            Refusal::NotConfigured(_) => 503,
            _ => 401,
        }
    }
}
