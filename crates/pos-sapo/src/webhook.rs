//! Webhooks: proof, reading, and keeping the registrations alive.

use std::fmt::{self, Debug};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_core::kit::{Members, Row, is_object, text_of};
use pos_core::page::Rejected;
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Identified, MAX_BODY, Refusal, Remember, Trust, Verified, WebhookEvent,
    WebhookRequest, delivery_hash, hmac_sha256, same_bytes,
};
use pos_core::{Result, Secret, Stream, WebhookVerifier, lenient};
use serde_json::value::RawValue;

use crate::answer::{Named, row};
use crate::model::{Webhook, pos, web};
use crate::profile::VENDOR;
use crate::store::Flavor;

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

/// How long a delivery is repeated: 48 hours on POS [D]; on the web flavour it is not established.
const REPEATED: u32 = 49 * 3600;

/// Topics about parts of an order.
const PARTS: [&str; 4] = ["fulfillments", "refunds", "order_transactions", "order_returns"];

/// The deepest nesting and the most values that a body is read with. An order has some hundred values.
const DEEPEST: usize = 64;
const MOST_VALUES: usize = 60_000;

/// What a sync follows on the web flavour (D). `orders/updated` is really spelled so.
pub const WEB_TOPICS: [&str; 16] = [
    "orders/create",
    "orders/updated",
    "orders/delete",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "refunds/create",
    "order_transactions/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "products/create",
    "products/update",
    "products/delete",
    "app/uninstalled",
];

/// What a sync follows on POS (D). Two generations of the documentation name different ones: a store may refuse some.
pub const POS_TOPICS: [&str; 18] = [
    "orders/create",
    "orders/update",
    "orders/cancelled",
    "orders/finalized",
    "orders/fulfilled",
    "orders/paid",
    "orders/received",
    "orders/create_return",
    "orders/receive_return",
    "orders/create_refund",
    "customers/create",
    "customers/update",
    "customers/delete",
    "products/create",
    "products/update",
    "products/delete",
    "inventories/update",
    "app/uninstalled",
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

impl Default for Webhooks {
    /// A verifier that believes nothing yet.
    fn default() -> Self {
        Self {
            secrets: Vec::new(),
            max_body: MAX_BODY,
            store: None,
            flavor: None,
            custom_fields: Arc::from([]),
        }
    }
}

impl Webhooks {
    /// A verifier for any of these secrets. Blank ones are dropped; without any, nothing is believed.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        secrets.into_iter().fold(Self::default(), Self::with_secret)
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

    pub(crate) fn with_custom_fields(mut self, fields: Arc<[String]>) -> Self {
        self.custom_fields = fields;
        self
    }

    /// Whether any secret gives this digest. Every one is compared, in constant time.
    fn proves(&self, body: &[u8], digest: &[u8]) -> bool {
        self.secrets.iter().fold(false, |proven, secret| {
            proven | same_bytes(&hmac_sha256(secret.expose().as_bytes(), body), digest)
        })
    }

    fn flavor_of(&self, tenant: Option<&str>, body: &Head<'_>) -> Flavor {
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

/// What the sender says about a body: facts that the signature does not cover.
struct Claim<'a> {
    topic: String,
    tenant: Option<String>,
    version: Option<&'a str>,
    object: Option<&'a str>,
    is_test: bool,
}

impl<'a> Claim<'a> {
    fn of(verified: &'a Verified) -> Self {
        let fact = |name: &str| verified.facts.get(name).map(String::as_str);
        Self {
            topic: verified.topic.as_deref().unwrap_or_default().trim().to_ascii_lowercase(),
            tenant: fact("store").map(str::to_ascii_lowercase),
            version: fact("version"),
            object: fact("object"),
            is_test: fact("test").is_some_and(|text| text.eq_ignore_ascii_case("true")),
        }
    }

    fn entity(&self) -> &str {
        self.topic.split_once('/').map_or(self.topic.as_str(), |(entity, _)| entity)
    }

    fn verb(&self) -> &str {
        self.topic.split_once('/').map_or("", |(_, verb)| verb)
    }

    /// The stream that the topic names.
    fn stream(&self, flavor: Flavor) -> Option<Stream> {
        match self.entity() {
            "orders" => Some(Stream::Orders),
            "customers" => Some(Stream::Customers),
            "products" => Some(Stream::Products),
            "collections" if flavor == Flavor::Web => Some(Stream::Categories),
            _ => None,
        }
    }

    /// The same for every repetition of one delivery, and for no other: nothing that a forger could give to another body
    /// makes that body's delivery known.
    fn id(&self, body: &[u8]) -> String {
        let outside = [
            self.topic.as_str(),
            self.tenant.as_deref().unwrap_or_default(),
            self.version.unwrap_or_default(),
            if self.is_test { "test" } else { "" },
        ];
        delivery_hash(&outside, body)
    }
}

/// What a body names, and what its members tell that it is.
struct Head<'a> {
    members: Members<'a>,
    id: Option<String>,
    order_id: Option<String>,
    product_id: Option<String>,
    variant_id: Option<String>,
    tenant_id: Option<String>,
}

impl<'a> Head<'a> {
    fn read(raw: &'a RawValue) -> Self {
        let members = Members::of(raw).unwrap_or_default();
        let text = |name| lenient::text(members.get(name)?).ok()?;
        Self {
            id: text("id"),
            order_id: text("order_id"),
            product_id: text("product_id"),
            variant_id: text("variant_id"),
            tenant_id: text("tenant_id"),
            members,
        }
    }

    /// What the body is, as far as its members tell; a part of an order is none of these.
    fn stream(&self) -> Option<Stream> {
        let has = |names: &[&str]| self.members.first(names, |raw| raw.get() != "null").is_some();
        if has(&["line_items", "order_line_items"]) {
            // A shipment, a return and a refund have lines, too, and name their order.
            return self.order_id.is_none().then_some(Stream::Orders);
        }
        let customer = ["first_name", "last_name", "customer_group_id", "orders_count", "total_spent"];
        match () {
            () if self.order_id.is_some() => None,
            () if has(&["financial_status", "payment_status", "order_number"]) => Some(Stream::Orders),
            () if has(&customer) => Some(Stream::Customers),
            () if has(&["phone_number"]) && self.tenant_id.is_some() => Some(Stream::Customers),
            () if has(&["variants", "product_type"]) => Some(Stream::Products),
            () if has(&["alias"]) => Some(Stream::Categories),
            () => None,
        }
    }

    /// The object that it wraps: under the name of what it is, or the only one where it names nothing itself. What is an
    /// object by its own members wraps none.
    fn wrapped(&self) -> Option<&'a RawValue> {
        if self.stream().is_some() {
            return None;
        }
        if let Some((_, inner)) =
            self.members.first(&["order", "customer", "product", "collection"], is_object)
        {
            return Some(inner);
        }
        let is_named = self.id.is_some() || self.order_id.is_some() || self.variant_id.is_some();
        let mut objects = self.members.iter().map(|(_, member)| member).filter(|member| is_object(member));
        objects.next().filter(|_| !is_named && objects.next().is_none())
    }
}

/// The object in a body and what it names: bare, or in a wrapper with the name of what it is.
fn object(body: &[u8]) -> std::result::Result<(&RawValue, Head<'_>), Refusal> {
    let malformed = |why: &str| Refusal::Malformed(why.to_owned());
    let text = text_of(body).map_err(|_| malformed("it is not UTF-8"))?;
    if !is_modest(text) {
        return Err(malformed("it is nested too deeply, or has too many values"));
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| malformed("it is not JSON"))?;
    if !is_object(raw) {
        return Err(malformed("it is not a JSON object"));
    }
    let head = Head::read(raw);
    Ok(match head.wrapped() {
        Some(inner) => (inner, Head::read(inner)),
        None => (raw, head),
    })
}

/// Whether a text is no deeper and no longer than reading it may cost. One pass over the bytes.
fn is_modest(text: &str) -> bool {
    let (mut depth, mut values, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                depth += 1;
                values += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > DEEPEST || values > MOST_VALUES {
            return false;
        }
    }
    true
}

/// Reads the object of an event as a record.
fn record<T: Named + Row>(
    raw: &RawValue,
    custom: &[String],
) -> std::result::Result<(String, Record), Rejected>
where
    Record: From<T::Record>,
{
    let row = row::<T>(raw, T::ONE[0]);
    let id = row.key().unwrap_or_default().to_string();
    Ok((id, row.into_record(custom)?.into()))
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        let name = SIGNATURE[0];
        if self.has_no_secret() {
            return Err(Refusal::NotConfigured("secret for webhooks"));
        }
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

    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        let claim = Claim::of(verified);
        self.is_ours(&claim)?;
        let (_, head) = object(&verified.body)?;
        let flavor = self.flavor_of(claim.tenant.as_deref(), &head);
        let is_carried = claim.verb() != "delete"
            && !claim.is_test
            && claim.stream(flavor).is_some_and(|stream| carries(stream, &head));
        Ok(Identified {
            id: claim.id(&verified.body),
            remember: if is_carried { Remember::Seconds(REPEATED) } else { Remember::WhileWaiting },
            tenant: claim.tenant,
            topic: verified.topic.clone(),
        })
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let claim = Claim::of(verified);
        self.is_ours(&claim)?;
        let (raw, head) = object(&verified.body)?;
        let flavor = self.flavor_of(claim.tenant.as_deref(), &head);
        let mut delivery = Delivery::new(claim.id(&verified.body));
        let event = if claim.is_test {
            // Made-up data for whoever set up the webhook.
            Ok(Some(WebhookEvent::new(EventKind::Probe, None, Vec::new())))
        } else {
            self.event(flavor, &claim, raw, &head)
        };
        match event {
            Ok(Some(mut event)) => {
                event.version = claim.version.map(str::to_owned);
                event.topic = verified.topic.clone();
                delivery.events.push(event);
            }
            Ok(None) => {}
            Err(rejected) => delivery.rejected.push(rejected),
        }
        delivery.tenant = claim.tenant;
        Ok(delivery)
    }
}

/// Whether a body is believed as it came. Deliveries come twice, late and out of order, those of the web flavour in part too, and
/// times are whole seconds: which of two that name the same second is the newer one no body tells, and the version of a POS
/// delivery is not signed. So objects are read again; but a category cannot be read by id.
fn carries(stream: Stream, head: &Head<'_>) -> bool {
    stream == Stream::Categories && head.stream() == Some(stream)
}

impl Webhooks {
    fn is_ours(&self, claim: &Claim<'_>) -> Result<(), Refusal> {
        match (&self.store, &claim.tenant) {
            (Some(expected), Some(other)) if label(expected) != label(other) => {
                Err(Refusal::OtherShop(other.clone()))
            }
            _ => Ok(()),
        }
    }

    /// What a delivery says. `orders/update` and `orders/updated` are the same, and so is any other word after the slash that
    /// nobody explained: the object changed.
    ///
    /// The topic is not signed, the body is. So a topic that the body does not bear out makes the object of the body be read
    /// again, and a deletion or uninstallation is a hint in any case.
    fn event(
        &self,
        flavor: Flavor,
        claim: &Claim<'_>,
        raw: &RawValue,
        head: &Head<'_>,
    ) -> std::result::Result<Option<WebhookEvent>, Rejected> {
        let id = head.id.clone().or_else(|| claim.object.map(str::to_owned));
        let nothing = || Rejected { id: None, path: "id".to_owned(), reason: "expected an id".to_owned() };
        let hint = |kind, stream, ids| Ok(Some(WebhookEvent::new(kind, Some(stream), ids).with_refetch()));
        let claimed = claim.stream(flavor);
        // A category has too few members of its own to contradict a topic; and of what a sync does not follow, the body
        // does not matter.
        let is_followed = claimed.is_some()
            || claim.topic.is_empty()
            || matches!(claim.entity(), "app" | "inventories" | "inventory_levels")
            || PARTS.contains(&claim.entity());
        let found = head.stream().filter(|_| is_followed);
        let borne_out = found.filter(|found| *found != Stream::Categories || claimed == Some(*found));
        // A part of an order tells that the order changed, whatever the topic says.
        let part = head.order_id.clone().filter(|_| borne_out.is_none() && is_followed);
        let stream = match (claimed, borne_out, part) {
            (Some(claimed), None, None) => claimed,
            (Some(claimed), Some(found), _) if claimed == found => claimed,
            (_, Some(found), _) => {
                let Some(id) = head.id.clone() else { return Ok(None) };
                return hint(EventKind::Upsert, found, vec![id]);
            }
            (_, None, Some(order)) => return hint(EventKind::Upsert, Stream::Orders, vec![order]),
            (None, None, None) => match claim.entity() {
                "app" if claim.verb() == "uninstalled" => {
                    let event = WebhookEvent::new(EventKind::AppUninstalled, None, Vec::new());
                    return Ok(Some(event.with_refetch()));
                }
                "inventories" | "inventory_levels" => {
                    let ids: Vec<String> =
                        head.product_id.clone().or(head.variant_id.clone()).or(id).into_iter().collect();
                    if ids.is_empty() {
                        return Err(nothing());
                    }
                    // A level is no product: read that.
                    return hint(EventKind::Stock, Stream::Products, ids);
                }
                entity if PARTS.contains(&entity) => return Err(nothing()),
                _ => {
                    let ids = id.into_iter().collect();
                    return Ok(Some(WebhookEvent::new(EventKind::Unknown, None, ids)));
                }
            },
        };
        if claim.verb() == "delete" {
            return hint(EventKind::Delete, stream, vec![id.ok_or_else(nothing)?]);
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
        let event = WebhookEvent::new(EventKind::Upsert, Some(stream), vec![id]).with_record(record);
        Ok(Some(if carries(stream, head) { event } else { event.with_refetch() }))
    }
}

/// What [`Sapo::ensure_webhooks`](crate::Sapo::ensure_webhooks) found and did.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HookReport {
    /// Topics whose webhook was there.
    pub kept: Vec<String>,
    /// Topics whose webhook is registered now.
    pub registered: Vec<String>,
    /// Topics that the vendor does not take.
    pub refused: Vec<String>,
    /// Webhooks of these topics at other addresses; they are left alone.
    pub foreign: Vec<Webhook>,
}
