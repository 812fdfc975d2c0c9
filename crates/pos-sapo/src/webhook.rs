//! Webhooks: proof, reading, and keeping the registrations alive.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_core::page::{Rejected, pick_custom, reject};
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, MAX_BODY, Refusal, Trust, Verified, WebhookEvent, WebhookRequest, body_id,
    hmac_sha256, same_bytes,
};
use pos_core::{Error, Result, Secret, Stream, WebhookVerifier, lenient};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::answer::{Keyed, Named};
use crate::client::{ListParams, MAX_PAGE};
use crate::map::ToRecord;
use crate::model::{Webhook, WebhookWrite, pos, web};
use crate::{Flavor, Sapo, VENDOR};

/// The header with the signature (D), and its older name (C:2).
pub const SIGNATURE: [&str; 2] = ["X-Sapo-Hmac-Sha256", "X-Bizweb-Hmac-Sha256"];
/// The header with the topic (C:7), and its older name (C:1).
pub const TOPIC: [&str; 2] = ["X-Sapo-Topic", "X-Bizweb-Topic"];
/// Headers that may name the store: a hint, because the signature does not cover them.
pub const STORE: [&str; 6] = [
    "X-Sapo-Shop-Domain",
    "X-Sapo-Tenant-Domain",
    "X-Sapo-Store-Domain",
    "X-Sapo-Domain",
    "X-Bizweb-Shop-Domain",
    "X-Bizweb-Store-Domain",
];
/// The header with a number that grows with every event of a POS shop (C:1 live).
pub const VERSION: &str = "X-Event-Version";
/// The header with the id of the object; POS only (C:1 live).
pub const OBJECT: &str = "X-Sapo-Object-Id";
/// The header of test deliveries.
pub const TEST: &str = "X-Sapo-Test";

/// What a sync follows on the web flavour (D). `orders/updated` is really spelled so.
pub const WEB_TOPICS: [&str; 14] = [
    "orders/create",
    "orders/updated",
    "orders/delete",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "refunds/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "products/create",
    "products/update",
    "products/delete",
];

/// What a sync follows on POS (D).
pub const POS_TOPICS: [&str; 9] = [
    "orders/create",
    "orders/update",
    "orders/cancelled",
    "customers/create",
    "customers/update",
    "customers/delete",
    "products/create",
    "products/update",
    "products/delete",
];

/// Proves and reads the webhooks of one store.
///
/// The signature is HMAC-SHA256 over the exact body, in base64 with padding, keyed by the app's secret. Hex was never seen
/// here and is refused. The body is the bare object.
#[derive(Clone)]
pub struct Webhooks {
    secrets: Vec<Secret>,
    max_body: usize,
    store: Option<String>,
    flavor: Option<Flavor>,
    custom_fields: Arc<[String]>,
}

impl Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks")
            .field("secrets", &self.secrets.len())
            .field("max_body", &self.max_body)
            .field("store", &self.store)
            .field("flavor", &self.flavor)
            .finish_non_exhaustive()
    }
}

impl Webhooks {
    /// A verifier for any of these secrets. Blank ones are dropped; without any, nothing is believed.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let none = Self {
            secrets: Vec::new(),
            max_body: MAX_BODY,
            store: None,
            flavor: None,
            custom_fields: Arc::from([]),
        };
        secrets.into_iter().fold(none, Self::with_secret)
    }

    /// One more secret, for rotation, or because hooks that a merchant registered by hand may have another one (?).
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Self {
        let secret = secret.into();
        if !secret.expose().trim().is_empty() {
            self.secrets.push(secret);
        }
        self
    }

    pub(crate) fn has_no_secret(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Which API the bodies are of. Without it the store's header decides, else the body: POS bodies carry `tenant_id`.
    #[must_use]
    pub fn with_flavor(mut self, flavor: Flavor) -> Self {
        self.flavor = Some(flavor);
        self
    }

    /// Refuses deliveries whose header names another store than this one (`name.mysapo.net`; only the name is compared, for
    /// a store has several hosts). Deliveries without such a header pass: route by an address of your own.
    #[must_use]
    pub fn with_store(mut self, host: impl Into<String>) -> Self {
        self.store = Some(host.into());
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

    /// Whether any secret gives this digest. Every one is compared, in constant time.
    fn proves(&self, body: &[u8], digest: &[u8]) -> bool {
        self.secrets.iter().fold(false, |proven, secret| {
            proven | same_bytes(&hmac_sha256(secret.expose().as_bytes(), body), digest)
        })
    }

    fn flavor_of(&self, tenant: Option<&str>, body: &Head) -> Flavor {
        self.flavor.or_else(|| Flavor::of_host(tenant?)).unwrap_or(if body.tenant_id.is_some() {
            Flavor::Pos
        } else {
            Flavor::Web
        })
    }
}

fn first<'a>(request: &WebhookRequest<'a>, names: &[&'static str]) -> Option<&'a str> {
    names.iter().find_map(|name| request.header(name)).map(str::trim).filter(|text| !text.is_empty())
}

fn label(host: &str) -> String {
    host.trim().to_ascii_lowercase().split('.').next().unwrap_or_default().to_owned()
}

/// What every body may name.
#[derive(Default, Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    order_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    variant_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    tenant_id: Option<String>,
}

/// The object in a body: bare, or in a wrapper that is named like it.
fn object(body: &[u8]) -> Option<&RawValue> {
    // Fails for everything but an object.
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let is_wrapper = members.len() == 1;
    let inner = members.values().next().copied().filter(|raw| is_wrapper && raw.get().starts_with('{'));
    inner.or_else(|| serde_json::from_slice::<&RawValue>(body).ok())
}

/// Reads the object of an event as a record.
fn record<T>(raw: &RawValue, custom: &[String]) -> std::result::Result<(String, Record), Rejected>
where
    T: DeserializeOwned + Named + Keyed + ToRecord,
    Record: From<T::Record>,
{
    let read: T = serde_json::from_str(raw.get()).map_err(|_| reject::<T>(raw, T::ONE[0]))?;
    Ok((read.key().to_string(), T::with_custom(read.record(), pick_custom(raw, custom)).into()))
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        let name = SIGNATURE[0];
        if request.body.len() > self.max_body {
            return Err(Refusal::TooLarge { size: request.body.len(), limit: self.max_body });
        }
        let Some(header) = SIGNATURE.iter().find(|name| request.headers.contains_key(**name)) else {
            return Err(Refusal::Unsigned(name));
        };
        let text = request.header(header).unwrap_or_default().trim();
        let digest = STANDARD.decode(text).ok().filter(|bytes| text.len() == 44 && bytes.len() == 32);
        let digest = digest.ok_or(Refusal::MalformedProof(name))?;
        if !self.proves(request.body, &digest) {
            return Err(Refusal::BadProof(name));
        }
        let mut verified = Verified::proven(VENDOR, Trust::Signed, request);
        verified.topic = first(request, &TOPIC).map(str::to_owned);
        for (fact, names) in
            [("store", &STORE[..]), ("version", &[VERSION]), ("object", &[OBJECT]), ("test", &[TEST])]
        {
            if let Some(text) = first(request, names) {
                verified.facts.insert(fact.to_owned(), text.to_owned());
            }
        }
        Ok(verified)
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        std::str::from_utf8(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
        let raw = object(&verified.body).ok_or_else(|| malformed("it is not a JSON object"))?;
        let head: Head = serde_json::from_str(raw.get()).unwrap_or_default();
        let fact = |name: &str| verified.facts.get(name).cloned();
        let tenant = fact("store").map(|host| host.to_ascii_lowercase());
        if let (Some(expected), Some(other)) = (&self.store, &tenant)
            && label(expected) != label(other)
        {
            return Err(Refusal::OtherShop(other.clone()));
        }
        let topic = verified.topic.clone().unwrap_or_default();
        let flavor = self.flavor_of(tenant.as_deref(), &head);
        let version = fact("version");
        let id = head.id.clone().or_else(|| fact("object"));
        // There is no delivery id: topic, object and version where they come along, else the hash of the body.
        let mut delivery = Delivery::new(match (&version, &id) {
            (Some(version), Some(id)) => format!("{topic}:{id}:{version}"),
            _ => body_id(&verified.body),
        });
        delivery.tenant = tenant;
        let is_test = fact("test").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let event = if is_test {
            // Made-up data for whoever set up the webhook.
            Ok(Some(WebhookEvent::new(EventKind::Probe, None, Vec::new())))
        } else {
            self.event(flavor, &topic, raw, &head, id)
        };
        match event {
            Ok(Some(mut event)) => {
                event.version = version;
                event.topic = verified.topic.clone();
                delivery.events.push(event);
            }
            Ok(None) => {}
            Err(rejected) => delivery.rejected.push(rejected),
        }
        Ok(delivery)
    }
}

impl Webhooks {
    /// What a delivery says. `orders/update` and `orders/updated` are the same, and so is any other word after the slash that
    /// nobody explained: the object changed.
    fn event(
        &self,
        flavor: Flavor,
        topic: &str,
        raw: &RawValue,
        head: &Head,
        id: Option<String>,
    ) -> std::result::Result<Option<WebhookEvent>, Rejected> {
        let lower = topic.to_ascii_lowercase();
        let (entity, verb) = lower.split_once('/').unwrap_or((lower.as_str(), ""));
        let nothing = || Rejected { id: None, path: "id".to_owned(), reason: "expected an id".to_owned() };
        let stream = match entity {
            "orders" => Stream::Orders,
            "customers" => Stream::Customers,
            "products" => Stream::Products,
            "collections" if flavor == Flavor::Web => Stream::Categories,
            "app" if verb == "uninstalled" => {
                return Ok(Some(WebhookEvent::new(EventKind::AppUninstalled, None, Vec::new())));
            }
            "inventories" | "inventory_levels" => {
                let ids: Vec<String> = head.variant_id.clone().or(id).into_iter().collect();
                if ids.is_empty() {
                    return Err(nothing());
                }
                // A level is no product: read that.
                return Ok(Some(
                    WebhookEvent::new(EventKind::Stock, Some(Stream::Products), ids).with_refetch(),
                ));
            }
            // Parts of an order: it is what changed, and the part does not tell it whole.
            "fulfillments" | "refunds" | "order_transactions" | "order_returns" => {
                let order = head.order_id.clone().ok_or_else(nothing)?;
                return Ok(Some(
                    WebhookEvent::new(EventKind::Upsert, Some(Stream::Orders), vec![order]).with_refetch(),
                ));
            }
            _ => return Ok(Some(WebhookEvent::new(EventKind::Unknown, None, id.into_iter().collect()))),
        };
        if verb == "delete" {
            let id = id.ok_or_else(nothing)?;
            return Ok(Some(WebhookEvent::new(EventKind::Delete, Some(stream), vec![id])));
        }
        if head.id.is_none() {
            // An object that names nothing carries nothing.
            return Ok(None);
        }
        let custom = &self.custom_fields;
        let (id, record) = match (flavor, stream) {
            (Flavor::Web, Stream::Orders) => record::<web::Order>(raw, custom),
            (Flavor::Web, Stream::Customers) => record::<web::Customer>(raw, custom),
            (Flavor::Web, Stream::Products) => record::<web::Product>(raw, custom),
            (Flavor::Web, _) => record::<web::Collection>(raw, custom),
            (Flavor::Pos, Stream::Orders) => record::<pos::Order>(raw, custom),
            (Flavor::Pos, Stream::Customers) => record::<pos::Customer>(raw, custom),
            (Flavor::Pos, _) => record::<pos::Product>(raw, custom),
        }?;
        let incomplete = matches!(&record, Record::Order(order) if order.incomplete);
        let event = WebhookEvent::new(EventKind::Upsert, Some(stream), vec![id]).with_record(record);
        // Web deliveries come twice, late, out of order and in part; reading again is cheap. POS deliveries are whole and
        // numbered. A category cannot be read by id.
        let again = incomplete || (flavor == Flavor::Web && stream != Stream::Categories);
        Ok(Some(if again { event.with_refetch() } else { event }))
    }
}

/// What [`Sapo::ensure_webhooks`] found and did.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HookReport {
    /// Topics whose webhook was there.
    pub kept: Vec<String>,
    /// Topics whose webhook is registered now.
    pub registered: Vec<String>,
    /// Webhooks of these topics at other addresses; they are left alone.
    pub foreign: Vec<Webhook>,
}

impl Sapo {
    /// Makes sure that a webhook of every topic points to an address: [`WEB_TOPICS`] or [`POS_TOPICS`], or others.
    ///
    /// Sends one request to list and one for each webhook that lacks. Run again, it goes on where it was interrupted.
    ///
    /// # Errors
    /// See [`classify`](crate::classify); [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the address is no HTTPS
    /// URL.
    pub async fn ensure_webhooks(&self, address: &str, topics: &[&str]) -> Result<HookReport> {
        if !Url::parse(address).is_ok_and(|url| url.scheme() == "https") {
            return Err(Error::config("the webhook address is no https URL"));
        }
        let hooks = self.client().list_webhooks(&ListParams::default().with_limit(MAX_PAGE)).await?.data;
        let mut report = HookReport::default();
        for topic in topics {
            let (ours, foreign): (Vec<&Webhook>, Vec<&Webhook>) = hooks
                .iter()
                .filter(|hook| hook.topic.as_deref() == Some(topic))
                .partition(|hook| hook.address.as_deref() == Some(address));
            report.foreign.extend(foreign.into_iter().cloned());
            if ours.is_empty() {
                self.client().register_webhook(&WebhookWrite::new(*topic, address)).await?;
                report.registered.push((*topic).to_owned());
            } else {
                report.kept.push((*topic).to_owned());
            }
        }
        Ok(report)
    }
}
