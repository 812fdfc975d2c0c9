//! Webhooks: proof, reading, and the question whether the address is ours.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_core::page::{Rejected, pick_custom};
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Handshake, MAX_BODY, Refusal, Trust, Verified, WebhookEvent, WebhookRequest,
    body_id, hmac_sha256, same_bytes,
};
use pos_core::{Secret, Stream, WebhookVerifier};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::answer::{Keyed, names, refuse};
use crate::map::ToRecord;
use crate::{VENDOR, model};

/// The header with the signature (D).
pub const SIGNATURE: &str = "X-Haravan-Hmacsha256";
/// The header with the event's name (D). It is **not** covered by the signature.
pub const TOPIC: &str = "X-Haravan-Topic";
/// The header with the shop's org id (D). It is not covered either.
pub const ORG_ID: &str = "X-Haravan-Org-Id";
/// The header of test deliveries (C:2).
pub const TEST: &str = "X-Haravan-Test";

/// Proves and reads the webhooks of one shop.
///
/// The signature is Base64 of HMAC-SHA256 over the exact body. The key of an app's webhooks is the app's secret; that of the
/// webhooks which a shop set up by itself is the text on its page *Settings → Notifications*. A delivery does not say which
/// of the two it is, so a shop that has both gives both secrets here. The older header with a SHA-1 digest is not accepted.
#[derive(Clone)]
pub struct Webhooks {
    secrets: Vec<Secret>,
    max_body: usize,
    tenant: Option<String>,
    verify_token: Option<Secret>,
    custom_fields: Arc<[String]>,
}

impl Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks")
            .field("secrets", &self.secrets.len())
            .field("max_body", &self.max_body)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Webhooks {
    /// A verifier for any of these secrets, as they are shown. Blank ones are dropped; without any, nothing is believed.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let none = Self {
            secrets: Vec::new(),
            max_body: MAX_BODY,
            tenant: None,
            verify_token: None,
            custom_fields: Arc::from([]),
        };
        secrets.into_iter().fold(none, Self::with_secret)
    }

    /// One more secret: the app's, the shop's, or an earlier one of either.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Self {
        let secret = secret.into();
        if !secret.expose().trim().is_empty() {
            self.secrets.push(secret);
        }
        self
    }

    /// Refuses deliveries for another shop than this one.
    #[must_use]
    pub fn with_tenant(mut self, org_id: impl Into<String>) -> Self {
        self.tenant = Some(org_id.into());
        self
    }

    /// The verify token that was typed beside the callback in the partner dashboard: answers the vendor's question.
    #[must_use]
    pub fn with_verify_token(mut self, token: impl Into<Secret>) -> Self {
        self.verify_token = Some(token.into()).filter(|token: &Secret| !token.expose().trim().is_empty());
        self
    }

    /// The largest body; 1 MiB without it.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    pub(crate) fn with_custom_fields(mut self, fields: Vec<String>) -> Self {
        self.custom_fields = fields.into();
        self
    }

    /// Every secret is compared, in constant time.
    fn proves(&self, body: &[u8], digest: &[u8]) -> bool {
        let compare = |proven, secret: &Secret| {
            proven | same_bytes(&hmac_sha256(secret.expose().as_bytes(), body), digest)
        };
        self.secrets.iter().fold(false, compare)
    }

    fn read<T>(&self, topic: &str, stream: Stream, object: &RawValue, path: &str, delivery: &mut Delivery)
    where
        T: DeserializeOwned + Keyed + ToRecord,
        Record: From<T::Record>,
    {
        let event = |kind, id: String| WebhookEvent::new(kind, Some(stream), vec![id]).with_topic(topic);
        match serde_json::from_str::<T>(object.get()) {
            Ok(read) => {
                let id = read.key().to_string();
                // A bare id under a topic of change is no object: its name may have been exchanged.
                let is_bare = Members::of(object).is_some_and(|members| members.0.len() < 2);
                let event = event(EventKind::Upsert, id);
                delivery.events.push(if is_bare {
                    event.with_refetch()
                } else {
                    event.with_record(T::with_custom(read.record(), pick_custom(object, &self.custom_fields)))
                });
            }
            Err(_) => delivery.rejected.push(refuse::<T>(object, path)),
        }
    }
}

/// The members of an object as they are written.
#[derive(Deserialize)]
struct Members<'a>(#[serde(borrow)] BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>);

impl<'a> Members<'a> {
    fn of(object: &'a RawValue) -> Option<Self> {
        serde_json::from_str(object.get()).ok()
    }

    fn text(&self, name: &str) -> Option<String> {
        let raw = self.0.get(name)?.get();
        let text = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
        Some(text.trim().to_owned()).filter(|text| !text.is_empty() && text != "null")
    }

    fn id(&self, name: &str) -> Option<String> {
        self.text(name)
            .filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()) && id.bytes().any(|byte| byte != b'0'))
    }
}

/// What a topic is about.
enum Topic {
    Upsert(Stream),
    Delete(Stream),
    Stock,
    Uninstalled,
    Unknown,
}

impl Topic {
    /// The topics that are known, with the near-misses of their names (C:1).
    fn of(name: &str) -> Self {
        match name {
            "customers/create" | "customers/update" | "customers/updated" | "customers/enable"
            | "customers/disable" => Self::Upsert(Stream::Customers),
            "orders/create" | "orders/updated" | "orders/update" | "orders/paid" | "orders/cancelled"
            | "orders/cancel" | "orders/fulfilled" => Self::Upsert(Stream::Orders),
            "products/create" | "products/update" | "products/updated" => Self::Upsert(Stream::Products),
            "customers/delete" => Self::Delete(Stream::Customers),
            "orders/delete" => Self::Delete(Stream::Orders),
            "products/delete" => Self::Delete(Stream::Products),
            "user/update" => Self::Upsert(Stream::Users),
            "inventorylocationbalances/update" | "inventory/update" => Self::Stock,
            "app/uninstalled" => Self::Uninstalled,
            _ => Self::Unknown,
        }
    }
}

/// A deletion is known by its body: an id and hardly more. The name of the event is not signed, and an order that comes
/// under it is no deletion.
const MOST_IN_A_DELETION: usize = 3;

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        if request.body.len() > self.max_body {
            return Err(Refusal::TooLarge { size: request.body.len(), limit: self.max_body });
        }
        if !request.headers.contains_key(SIGNATURE) {
            return Err(Refusal::Unsigned(SIGNATURE));
        }
        let header = request.header(SIGNATURE).unwrap_or_default().trim();
        let digest = STANDARD
            .decode(header)
            .ok()
            .filter(|digest| digest.len() == 32)
            .ok_or(Refusal::MalformedProof(SIGNATURE))?;
        if !self.proves(request.body, &digest) {
            return Err(Refusal::BadProof(SIGNATURE));
        }
        let mut verified = Verified::proven(VENDOR, Trust::Signed, request);
        let text = |name: &str| {
            request.header(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        verified.topic = text(TOPIC);
        for name in [ORG_ID, TEST] {
            if let Some(value) = text(name) {
                verified.facts.insert(name.to_owned(), value);
            }
        }
        Ok(verified)
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        std::str::from_utf8(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
        let whole: &RawValue =
            serde_json::from_slice(&verified.body).map_err(|_| malformed("it is not JSON"))?;
        let members = Members::of(whole).ok_or_else(|| malformed("it is not a JSON object"))?;
        // What stands in the body is signed: it goes before the header.
        let header_org = verified.facts.get(ORG_ID).cloned();
        let tenant = members.id("org_id").or_else(|| header_org.clone());
        if let Some(expected) = &self.tenant
            && let Some(other) = tenant.iter().chain(&header_org).find(|tenant| *tenant != expected)
        {
            return Err(Refusal::OtherShop(other.clone()));
        }
        let topic =
            verified.topic.clone().or_else(|| members.text("topic")).unwrap_or_default().to_ascii_lowercase();
        let is_test =
            verified.facts.get(TEST).is_some_and(|test| test.eq_ignore_ascii_case("true") || test == "1");

        // No id comes along (?). Retries repeat the body, so its hash knows them; another event may have the same body, and
        // a test must not hide the real one.
        let mut known = topic.clone().into_bytes();
        known.extend_from_slice(header_org.as_deref().unwrap_or_default().as_bytes());
        known.extend_from_slice(&verified.body);
        if is_test {
            known.extend_from_slice(b"\ntest");
        }
        let mut delivery = Delivery::new(body_id(&known));
        delivery.tenant = tenant;
        if is_test {
            delivery.events.push(WebhookEvent::new(EventKind::Probe, None, Vec::new()).with_topic(topic));
            return Ok(delivery);
        }
        let kind = Topic::of(&topic);
        let stream = match kind {
            Topic::Upsert(stream) | Topic::Delete(stream) => Some(stream),
            _ => None,
        };
        // The object is the root; some say that it may stand in one wrapper.
        let wrapper = stream.and_then(names).map(|(_, one)| one);
        let (object, path) = wrapper
            .into_iter()
            .chain(["data"])
            .filter(|_| !members.0.contains_key("id"))
            .find_map(|name| Some((*members.0.get(name).filter(|inner| inner.get().starts_with('{'))?, name)))
            .unwrap_or((whole, ""));
        let inner = Members::of(object).ok_or_else(|| malformed("it is not a JSON object"))?;
        let nameless = |delivery: &mut Delivery| {
            delivery.rejected.push(Rejected {
                id: None,
                path: if path.is_empty() { "id".to_owned() } else { format!("{path}.id") },
                reason: "expected an id".to_owned(),
            });
        };
        match kind {
            Topic::Upsert(_) if inner.id("id").is_none() => nameless(&mut delivery),
            Topic::Upsert(stream) => match stream {
                Stream::Customers => {
                    self.read::<model::Customer>(&topic, stream, object, path, &mut delivery)
                }
                Stream::Orders => self.read::<model::Order>(&topic, stream, object, path, &mut delivery),
                Stream::Products => self.read::<model::Product>(&topic, stream, object, path, &mut delivery),
                _ => self.read::<model::User>(&topic, stream, object, path, &mut delivery),
            },
            Topic::Delete(stream) => match inner.id("id") {
                Some(id) => {
                    let is_deletion =
                        inner.0.len() <= MOST_IN_A_DELETION && !inner.0.contains_key("created_at");
                    let kind = if is_deletion { EventKind::Delete } else { EventKind::Upsert };
                    let event = WebhookEvent::new(kind, Some(stream), vec![id]).with_topic(topic.as_str());
                    delivery.events.push(if is_deletion { event } else { event.with_refetch() });
                }
                None => nameless(&mut delivery),
            },
            Topic::Stock => {
                let id = inner.id("product_id").or_else(|| inner.id("variant_id"));
                let kind = if id.is_some() { EventKind::Stock } else { EventKind::Unknown };
                let stream = id.is_some().then_some(Stream::Products);
                let event = WebhookEvent::new(kind, stream, id.into_iter().collect()).with_topic(topic);
                // The stock of one branch is no product: read that.
                delivery.events.push(event.with_refetch());
            }
            Topic::Uninstalled => {
                delivery
                    .events
                    .push(WebhookEvent::new(EventKind::AppUninstalled, None, Vec::new()).with_topic(topic));
            }
            Topic::Unknown => {
                let event = WebhookEvent::new(EventKind::Unknown, None, inner.id("id").into_iter().collect());
                delivery.events.push(if topic.is_empty() { event } else { event.with_topic(topic) });
            }
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

    /// A proven delivery that cannot be read is answered with 200: the vendor repeats a refused one 19 times, and then
    /// deletes the subscription (D).
    fn refusal_status(&self, refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::Malformed(_) => 200,
            Refusal::TooLarge { .. } => 413,
            Refusal::OtherShop(_) => 404,
            _ => 401,
        }
    }
}
