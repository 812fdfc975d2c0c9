//! Webhooks: proof, reading, and keeping the registrations alive.

use pos_core::kit::{Gate, Members, Row, base64_digest, is_object, signature, text_of};
use pos_core::page::Rejected;
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Remember, Trust, Verified, WebhookEvent, WebhookRequest,
    delivery_hash,
};
use pos_core::{Result, Stream, WebhookVerifier, lenient};
use serde_json::value::RawValue;

use crate::answer::{Named, row};
use crate::model::{pos, web};
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
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    gate: Gate,
    flavor: Option<Flavor>,
}

pos_core::webhook_setters! {
    Webhooks {
        /// One more secret, for rotation, or because hooks that a merchant registered by hand may have another one (?).
        with_secret,
        /// Refuses deliveries whose header names another store than this one (`name.mysapo.net`; only the name is compared,
        /// for a store has several hosts). Deliveries without such a header pass: route by an address of your own.
        with_store,
    }
}

impl Webhooks {
    pub(crate) fn has_no_secret(&self) -> bool {
        self.gate.secrets().is_empty()
    }

    /// Which API the bodies are of. Without it the store's header decides, else the body: POS bodies carry `tenant_id`.
    #[must_use]
    pub fn with_flavor(mut self, flavor: Flavor) -> Self {
        self.flavor = Some(flavor);
        self
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
        self.gate.check_secret("secret for webhooks")?;
        self.gate.check_size(request)?;
        let name = SIGNATURE[0];
        let digest = base64_digest(signature(request, &SIGNATURE)?).ok_or(Refusal::MalformedProof(name))?;
        if !self.gate.signs(request.body, &digest) {
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
        match (&self.gate.tenant, &claim.tenant) {
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
        let custom = &self.gate.custom_fields;
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
