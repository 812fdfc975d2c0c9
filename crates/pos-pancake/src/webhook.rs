//! Webhooks: proof, reading, and the one registration that a shop has.

use std::fmt::{self, Debug};
use std::sync::Arc;

use pos_core::kit::{
    Gate, HeaderProof, Members, is_deeper, is_list, is_object, knows, read_object, text_of, value_of,
};
use pos_core::page::{Rejected, pick_custom};
use pos_core::record::{Record, clean};
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Related, Remember, Trust, Verified, WebhookEvent,
    WebhookRequest, delivery_hash,
};
use pos_core::{Error, Result, Secret, Stream, WebhookVerifier};
use serde_json::value::RawValue;

use crate::answer::read_row;
use crate::map::InShop;
use crate::model::read::text_if_any;
use crate::model::{Customer, Order, Product, Variation, WarehouseStock};
use crate::profile::VENDOR;

/// The header that carries the secret unless the host chooses another.
pub const SECRET_HEADER: &str = "x-webhook-secret";

/// What the vendor can report (Dq).
pub const TYPES: [&str; 4] = ["orders", "customers", "products", "variations_warehouses"];

/// What every registration should tell the merchant first.
pub const ONE_WEBHOOK: &str = "a Pancake shop has one webhook address: registering ours ends the one that is there, whoever it belongs to";

/// Proves and reads the webhooks of one shop.
///
/// Pancake signs nothing. The proof is one or more header fields that the host chose and the merchant typed in (*Request
/// Headers*): all of them must come, each once, with a value that is expected. They do not cover the body, so every event
/// says `refetch`: what it shows is a hint.
///
/// ```
/// use pos_core::Secret;
/// use pos_pancake::Webhooks;
///
/// let hooks = Webhooks::default()
///     .with_header("x-store-id", Secret::new("store-42"))?
///     .with_header("x-webhook-secret", Secret::new("test-secret-f4f1"))?;
/// # Ok::<(), pos_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Webhooks {
    headers: HeaderProof,
    /// Accepted path segments; none asks for none.
    segments: Vec<Secret>,
    gate: Gate,
    currency: String,
}

impl Default for Webhooks {
    /// Believes nothing until a header is named.
    fn default() -> Self {
        Self {
            headers: HeaderProof::default(),
            segments: Vec::new(),
            gate: Gate::default(),
            currency: "VND".to_owned(),
        }
    }
}

impl Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks")
            .field("headers", &self.headers)
            .field("segments", &self.segments.len())
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}

impl Webhooks {
    /// A verifier for any of these secrets in [`SECRET_HEADER`]. Blank ones are dropped; without any, nothing is believed.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut hooks = Self::default();
        for secret in secrets {
            // The name is a header's, so only a blank value is refused.
            drop(hooks.headers.require(SECRET_HEADER, secret));
        }
        hooks
    }

    /// Requires a header with this value. The same header again accepts another value, for rotation; another header is
    /// required too.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the name is no header's or the value is blank.
    pub fn with_header(mut self, name: &str, value: impl Into<Secret>) -> Result<Self> {
        self.headers.require(name, value)?;
        Ok(self)
    }

    /// Requires a segment in the path of the address that was called. Again accepts another, for rotation.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when it is blank or more than one segment.
    pub fn with_path_segment(mut self, segment: impl Into<Secret>) -> Result<Self> {
        let segment = segment.into();
        if segment.expose().trim().is_empty() || segment.expose().contains('/') {
            return Err(Error::config("the secret path segment is blank or has a slash"));
        }
        self.segments.push(segment);
        Ok(self)
    }

    /// Refuses deliveries for another shop than this one. Stock deliveries may name none.
    #[must_use]
    pub fn with_shop(mut self, shop_id: impl Into<String>) -> Self {
        self.gate.tenant = Some(shop_id.into());
        self
    }

    /// The largest body; 1 MiB without it.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.gate.max_body = bytes;
        self
    }

    pub(crate) fn for_shop(mut self, shop: String, currency: String, fields: Arc<[String]>) -> Self {
        self.gate.tenant = Some(shop);
        self.gate.custom_fields = fields;
        self.currency = currency;
        self
    }

    fn prove(&self, request: &WebhookRequest<'_>) -> std::result::Result<(), Refusal> {
        if self.headers.is_empty() && self.segments.is_empty() {
            return Err(Refusal::NotConfigured("webhook header or path segment"));
        }
        if !self.headers.is_empty() {
            self.headers.check(request)?;
        }
        if !self.segments.is_empty() {
            let path = request.url.unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
            let segments = path.split('/').filter(|segment| !segment.is_empty());
            let is_known =
                segments.fold(false, |known, segment| known | knows(&self.segments, segment.as_bytes()));
            if !is_known {
                return Err(Refusal::BadProof("required path"));
            }
        }
        Ok(())
    }

    /// Reads a row. What cannot be read here may be read well from the API.
    fn take<T: InShop>(&self, raw: &RawValue, stream: Stream, delivery: &mut Delivery) -> Option<T> {
        match read_row::<T>(raw, "body").read {
            Ok(mut read) => {
                read.assume_currency(&self.currency);
                Some(read)
            }
            Err(rejected) => {
                delivery
                    .events
                    .extend(rejected.id.clone().map(|id| hint(EventKind::Upsert, stream, vec![id])));
                delivery.rejected.push(rejected);
                None
            }
        }
    }

    fn upsert<T: InShop>(&self, row: T, raw: &RawValue, stream: Stream) -> WebhookEvent
    where
        Record: From<T::Record>,
    {
        let ids = row.key().into_iter().collect();
        hint(EventKind::Upsert, stream, ids)
            .with_record(row.into_record(pick_custom(raw, &self.gate.custom_fields)))
    }

    fn read(&self, raw: &RawValue, shape: Shape, delivery: &mut Delivery) {
        let event = match shape {
            Shape::Order => self.take::<Order>(raw, Stream::Orders, delivery).map(|order| {
                let (status, number, address) = (order.status, order.system_id, order.address());
                let mut event = self.upsert(order, raw, Stream::Orders);
                if status == Some(7) {
                    // Deleted: a tombstone that still shows the order.
                    event.kind = EventKind::Delete;
                }
                if number.is_none() {
                    // The text alone is no key: the read by it tells the number.
                    event.record = None;
                }
                // Read by number, an order with a text for an id may not be found while the index lags.
                event.ids = address.into_iter().collect();
                event
            }),
            Shape::Customer => {
                let customer = self.take::<Customer>(raw, Stream::Customers, delivery);
                customer.map(|customer| self.upsert(customer, raw, Stream::Customers))
            }
            Shape::Product => self.take::<Product>(raw, Stream::Products, delivery).map(|product| {
                let mut event = self.upsert(product, raw, Stream::Products);
                if matches!(&event.record, Some(Record::Product(record)) if record.deleted) {
                    event.kind = EventKind::Delete;
                }
                event
            }),
            Shape::Variation => {
                // One variation of a product that may have more.
                let product = read_object::<Variation>(raw, "body").ok().and_then(|row| row.product_id);
                product.map(|product| hint(EventKind::Upsert, Stream::Products, vec![product]))
            }
            Shape::Stock => self.stock(raw, delivery),
            Shape::Unknown => Some(WebhookEvent::new(EventKind::Unknown, None, Vec::new())),
        };
        delivery.events.extend(event);
    }

    /// How many there are, and often the order that changed it: the vendor forgets to tell of orders now and then (C:1).
    fn stock(&self, raw: &RawValue, delivery: &mut Delivery) -> Option<WebhookEvent> {
        let row: WarehouseStock = match read_object(raw, "body") {
            Ok(row) => row,
            Err(rejected) => {
                delivery.rejected.push(rejected);
                return None;
            }
        };
        if row.variation_id.is_none() && row.order_id.is_none() {
            let reason = "expected a variation or an order".to_owned();
            delivery.rejected.push(Rejected { id: None, path: "variation_id".to_owned(), reason });
            return None;
        }
        let ids = row.variation_id.into_iter().collect();
        let mut event = hint(EventKind::Stock, Stream::Products, ids);
        event.related = row.order_id.map(|id| Related { stream: Stream::Orders, id }).into_iter().collect();
        Some(event)
    }
}

/// The proof does not cover the body: what it says is a hint.
fn hint(kind: EventKind, stream: Stream, ids: Vec<String>) -> WebhookEvent {
    WebhookEvent::new(kind, Some(stream), ids).with_refetch()
}

/// What a body is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Order,
    Customer,
    Product,
    Variation,
    Stock,
    Unknown,
}

/// How deep a body may be nested; the vendor's are six levels deep.
const DEPTH: usize = 40;

/// The record that a body holds, and what its envelope says beside.
struct Head<'a> {
    raw: &'a RawValue,
    members: Members<'a>,
    kind: Option<String>,
    event_type: Option<String>,
    shop_id: Option<String>,
}

impl<'a> Head<'a> {
    fn of(raw: &'a RawValue) -> Result<Self> {
        let mut head = Self { raw, members: Members::of(raw)?, kind: None, event_type: None, shop_id: None };
        head.kind = head.text("type");
        head.event_type = head.text("event_type");
        head.shop_id = head.text("shop_id");
        Ok(head)
    }

    /// A text or a number; anything else is nothing, and nothing of it is kept.
    fn text(&self, name: &str) -> Option<String> {
        text_if_any(self.members.get(name).filter(|raw| raw.get().len() <= 200)?).ok().flatten()
    }

    fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    fn has_list(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(is_list)
    }

    /// Whether there is anything that a record is named by.
    fn names_something(&self) -> bool {
        ["id", "system_id", "variation_id", "order_id"].iter().any(|name| self.has(name))
    }

    /// `record`, or `data` when that holds a `record`.
    fn inner(&self) -> Option<&'a RawValue> {
        let of_data = || Members::of(self.members.get("data")?).ok()?.get("record");
        [self.members.get("record"), of_data()].into_iter().flatten().find(|raw| is_object(raw))
    }

    /// By `type` where it is one of the four, else by shape: clients report deliveries without it.
    fn shape(&self) -> Shape {
        match self.kind.as_deref().map(str::trim) {
            Some("orders") => return Shape::Order,
            Some("customers") => return Shape::Customer,
            Some("products") if self.has("product_id") && !self.has_list("variations") => {
                return Shape::Variation;
            }
            Some("products") => return Shape::Product,
            Some("variations_warehouses") => return Shape::Stock,
            _ => {}
        }
        if self.has("system_id") {
            Shape::Order
        } else if (self.has("variation_id") && self.has("warehouse_id")) || self.has("order_id") {
            Shape::Stock
        } else if self.has_list("variations") {
            Shape::Product
        } else if self.has("id") && self.has_list("phone_numbers") {
            Shape::Customer
        } else {
            Shape::Unknown
        }
    }

    fn topic(&self) -> Option<String> {
        let part = |text: &Option<String>| {
            text.as_deref().and_then(clean).map(|text| text.chars().take(60).collect::<String>())
        };
        match (part(&self.kind), part(&self.event_type)) {
            (Some(kind), Some(event)) => Some(format!("{kind}.{event}")),
            (kind, event) => kind.or(event),
        }
    }
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::SharedToken
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> std::result::Result<Verified, Refusal> {
        self.gate.check_size(request)?;
        self.prove(request)?;
        Ok(Verified::proven(VENDOR, Trust::SharedToken, request))
    }

    fn identify(&self, verified: &Verified) -> std::result::Result<Identified, Refusal> {
        let head = self.open(verified)?;
        Ok(Identified {
            id: self.delivery_id(verified),
            // Nothing in a body is believed: every delivery asks to read something again.
            remember: Remember::WhileWaiting,
            topic: head.topic(),
            tenant: head.shop_id,
        })
    }

    fn parse(&self, verified: &Verified) -> std::result::Result<Delivery, Refusal> {
        let head = self.open(verified)?;
        let mut delivery = Delivery::new(self.delivery_id(verified));
        delivery.tenant = head.shop_id.clone();
        self.read(head.raw, head.shape(), &mut delivery);
        for event in &mut delivery.events {
            event.topic = head.topic();
        }
        Ok(delivery)
    }
}

impl Webhooks {
    /// There is no delivery id: a repeated delivery has the same bytes.
    fn delivery_id(&self, verified: &Verified) -> String {
        delivery_hash(&[self.gate.tenant.as_deref().unwrap_or_default()], &verified.body)
    }

    /// A delivery's record and what it is about, without reading the record.
    fn open<'a>(&self, verified: &'a Verified) -> std::result::Result<Head<'a>, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        let text = text_of(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
        if is_deeper(&verified.body, DEPTH) {
            return Err(malformed("it is nested too deeply"));
        }
        let no_object = |_| malformed("it is not a JSON object");
        let mut head = Head::of(value_of(text.as_bytes()).map_err(no_object)?).map_err(no_object)?;
        // The record may stand in the form of an answer: `{"data": {"record": {…}, "success": true}}`. What others call an
        // envelope (`{"event", "data"}`) is not the vendor's.
        while !head.names_something()
            && let Some(inner) = head.inner()
        {
            let inner = Head::of(inner).map_err(no_object)?;
            head = Head {
                kind: inner.kind.or(head.kind),
                event_type: inner.event_type.or(head.event_type),
                shop_id: inner.shop_id.or(head.shop_id),
                ..inner
            };
        }
        self.gate.check_tenant(&head.shop_id)?;
        Ok(head)
    }
}
