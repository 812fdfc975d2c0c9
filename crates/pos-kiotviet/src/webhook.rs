//! Webhooks: proof, reading, and keeping the registrations alive.

use std::fmt::{self, Debug};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_core::page::{Rejected, pick_custom, reject};
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Handshake, MAX_BODY, Refusal, Related, Trust, Verified, WebhookEvent,
    WebhookRequest, body_id, hmac_sha256, same_bytes, unhex,
};
use pos_core::{Error, Result, Secret, Stream, WebhookVerifier, lenient};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::answer::{Id, Keyed, unite};
use crate::client::{ListParams, MAX_PAGE};
use crate::connector::KiotViet;
use crate::map::ToRecord;
use crate::model::{Branch, Category, Customer, Hook, HookWrite, Invoice, Order, Product};
use crate::{VENDOR, model};

/// The header with the signature (D).
pub const SIGNATURE: &str = "X-Hub-Signature";
/// The header with the event's name (C:1).
pub const EVENT: &str = "X-Webhook-Event";
/// The header with an id that is new for every request (C:1).
pub const DELIVERY: &str = "X-Webhook-Delivery";
/// The query member of our own addresses that names the event, because bare deletions do not.
pub const EVENT_TYPE: &str = "eventType";

/// What the vendor can report (D). There is no `*.create`: a creation arrives as an update.
pub const TYPES: [&str; 15] = [
    "customer.update",
    "customer.delete",
    "product.update",
    "product.delete",
    "stock.update",
    "order.update",
    "invoice.update",
    "pricebook.update",
    "pricebook.delete",
    "pricebookdetail.update",
    "pricebookdetail.delete",
    "category.update",
    "category.delete",
    "branch.update",
    "branch.delete",
];

/// Proves and reads the webhooks of one shop.
///
/// The signature is HMAC-SHA256 over the exact body, as hex, under the misleading label `sha1=`. Whether the key is the
/// secret as the host keeps it or the Base64 that was registered is not settled, so both are tried for every secret, and
/// the decoded one where the secret itself is Base64.
///
/// Any of the statuses 400, 401, 403, 404 and 405 makes the vendor switch the webhook off (D). So a refused delivery is
/// answered with 200 and dropped, unless [`answering_401`](Webhooks::answering_401) says otherwise.
#[derive(Clone)]
pub struct Webhooks {
    secrets: Vec<Secret>,
    max_body: usize,
    tenant: Option<String>,
    unauthorized: bool,
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
    /// A verifier for any of these secrets, as the host keeps them. Blank ones are dropped; without any, nothing is
    /// believed.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let none = Self {
            secrets: Vec::new(),
            max_body: MAX_BODY,
            tenant: None,
            unauthorized: false,
            custom_fields: Arc::from([]),
        };
        secrets.into_iter().fold(none, Self::with_secret)
    }

    /// One more secret, for rotation.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Self {
        let secret = secret.into();
        if !secret.expose().trim().is_empty() {
            self.secrets.push(secret);
        }
        self
    }

    /// Refuses deliveries for another shop than this one (`retailerId`, see [`KiotViet::tenant`]).
    #[must_use]
    pub fn with_tenant(mut self, retailer_id: impl Into<String>) -> Self {
        self.tenant = Some(retailer_id.into());
        self
    }

    /// The largest body; 1 MiB without it.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Answers a bad proof with 401, as the documentation asks. One wrong secret then ends the feed for good.
    #[must_use]
    pub fn answering_401(mut self) -> Self {
        self.unauthorized = true;
        self
    }

    pub(crate) fn with_custom_fields(mut self, fields: Vec<String>) -> Self {
        self.custom_fields = fields.into();
        self
    }

    /// Whether any key that may be meant gives this digest. Every comparison takes constant time; which of the keys it
    /// was is no secret.
    fn proves(&self, body: &[u8], digest: &[u8]) -> bool {
        let gives = |key: &[u8]| same_bytes(&hmac_sha256(key, body), digest);
        self.secrets.iter().map(Secret::expose).any(|text| {
            gives(text.as_bytes())
                || gives(STANDARD.encode(text).as_bytes())
                || STANDARD.decode(text).is_ok_and(|key| !key.is_empty() && gives(&key))
        })
    }
}

/// The digest in a signature header: 64 hex digits or 44 characters of Base64, under any label or none.
fn digest(header: &str) -> Option<Vec<u8>> {
    let text = header.trim();
    let labelled = ["sha1=", "sha256="]
        .into_iter()
        .find(|label| text.get(..label.len()).is_some_and(|start| start.eq_ignore_ascii_case(label)));
    let digest = text.get(labelled.map_or(0, str::len)..)?.trim();
    let bytes = match digest.len() {
        64 => unhex(digest)?,
        44 => STANDARD.decode(digest).ok()?,
        _ => return None,
    };
    (bytes.len() == 32).then_some(bytes)
}

/// The body after its keys were brought to one letter case.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(borrow, default)]
    attempt: Option<&'a RawValue>,
    #[serde(borrow, default)]
    notifications: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "lenient::list")]
    remove_id: Vec<Id>,
    #[serde(default, deserialize_with = "lenient::list")]
    remove_ids: Vec<Id>,
    #[serde(default, deserialize_with = "lenient::list")]
    removed_id: Vec<Id>,
    #[serde(default, deserialize_with = "lenient::list")]
    removed_ids: Vec<Id>,
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    action: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// `product.update.500400000`: entity, verb, and the shop when it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Action {
    entity: String,
    verb: String,
    tenant: Option<String>,
}

impl Action {
    fn of(text: &str) -> Self {
        let mut parts = text.trim().split('.');
        let mut part = || parts.next().map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned);
        Self {
            entity: part().unwrap_or_default().to_ascii_lowercase(),
            verb: part().unwrap_or_default().to_ascii_lowercase(),
            tenant: part(),
        }
    }

    fn topic(&self) -> Option<String> {
        match (self.entity.as_str(), self.verb.as_str()) {
            ("", _) => None,
            (entity, "") => Some(entity.to_owned()),
            (entity, verb) => Some(format!("{entity}.{verb}")),
        }
    }

    /// The stream whose records the entity names.
    fn stream(&self) -> Option<Stream> {
        Some(match self.entity.as_str() {
            "customer" => Stream::Customers,
            "order" => Stream::Orders,
            "invoice" => Stream::Invoices,
            "return" => Stream::Returns,
            "product" | "stock" => Stream::Products,
            "category" => Stream::Categories,
            "branch" => Stream::Branches,
            "user" => Stream::Users,
            _ => return None,
        })
    }
}

/// A list as its items; one item that is no list as itself.
fn items(raw: Option<&RawValue>) -> Vec<&RawValue> {
    let Some(raw) = raw else { return Vec::new() };
    match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).unwrap_or_default(),
        Some(b'n') | None => Vec::new(),
        Some(_) => vec![raw],
    }
}

/// The ids that an item names: a bare id, an object with one, or an object with a list of removed ones.
fn ids_in(item: &RawValue) -> Vec<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        #[serde(default)]
        id: Option<Id>,
        #[serde(default)]
        product_id: Option<Id>,
        #[serde(default)]
        category_id: Option<Id>,
        #[serde(default)]
        price_book_id: Option<Id>,
        #[serde(default, deserialize_with = "lenient::list")]
        remove_id: Vec<Id>,
        #[serde(default, deserialize_with = "lenient::list")]
        remove_ids: Vec<Id>,
        #[serde(default, deserialize_with = "lenient::list")]
        removed_id: Vec<Id>,
        #[serde(default, deserialize_with = "lenient::list")]
        removed_ids: Vec<Id>,
    }
    if item.get().starts_with('{') {
        let Ok(named) = serde_json::from_str::<Named>(item.get()) else { return Vec::new() };
        let mut removed = named.remove_id;
        removed.extend(named.id.or(named.product_id).or(named.category_id).or(named.price_book_id));
        return unite([removed, named.remove_ids, named.removed_id, named.removed_ids]);
    }
    unite([serde_json::from_str::<Id>(item.get()).into_iter().collect(), Vec::new(), Vec::new(), Vec::new()])
}

fn nothing_named(path: String) -> Rejected {
    Rejected { id: None, path, reason: "expected an id".to_owned() }
}

/// Reads one item of an update as a record of its stream.
fn upsert<T>(
    item: &RawValue,
    path: &str,
    custom: &[String],
) -> std::result::Result<Option<(T, WebhookEvent)>, Rejected>
where
    T: DeserializeOwned + Keyed + ToRecord,
    Record: From<T::Record>,
{
    let read: T = serde_json::from_str(item.get()).map_err(|_| reject::<T>(item, path))?;
    if read.key() <= 0 {
        return Ok(None);
    }
    let record = T::with_custom(read.record(), pick_custom(item, custom));
    let event = WebhookEvent::new(EventKind::Upsert, None, vec![read.key().to_string()]).with_record(record);
    Ok(Some((read, event)))
}

/// Marks a document whose source is known to lack parts.
fn incomplete(mut event: WebhookEvent) -> WebhookEvent {
    if let Some(Record::Order(record)) = &mut event.record {
        record.incomplete = true;
    }
    event.with_refetch()
}

impl Webhooks {
    fn events(&self, action: &Action, data: Option<&RawValue>, path: &str, delivery: &mut Delivery) {
        let items = items(data);
        let mut push = |event: WebhookEvent| {
            let mut event = event;
            event.topic = action.topic();
            delivery.events.push(event);
        };
        let mut rejected = Vec::new();
        match (action.entity.as_str(), action.verb.as_str()) {
            ("pricebook" | "pricebookdetail", _) => {
                // Price books are no stream, but their rows change what products cost.
                for (at, item) in items.iter().enumerate() {
                    match price_change(item) {
                        Some(event) => push(event),
                        None => rejected.push(nothing_named(format!("{path}[{at}]"))),
                    }
                }
            }
            (_, "delete") => {
                let mut gone = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    let ids = ids_in(item);
                    if ids.is_empty() {
                        rejected.push(nothing_named(format!("{path}[{at}]")));
                    }
                    gone.extend(ids);
                }
                if !gone.is_empty() {
                    push(deletion(action.stream(), gone));
                }
            }
            ("stock", "update") => {
                for (at, item) in items.iter().enumerate() {
                    match ids_in(item) {
                        ids if ids.is_empty() => rejected.push(nothing_named(format!("{path}[{at}]"))),
                        // The level of one branch is no product: read that.
                        ids => push(
                            WebhookEvent::new(EventKind::Stock, Some(Stream::Products), ids).with_refetch(),
                        ),
                    }
                }
            }
            (entity, "update") if action.stream().is_some() => {
                for (at, item) in items.iter().enumerate() {
                    let path = format!("{path}[{at}]");
                    let custom = &self.custom_fields;
                    let read = match entity {
                        // No debt, groups, branch, points and totals.
                        "customer" => upsert::<Customer>(item, &path, custom)
                            .map(|read| read.map(|(_, event)| event.with_refetch())),
                        // No delivery, payments, surcharges and creation date.
                        "order" => {
                            upsert::<Order>(item, &path, custom).map(|read| read.map(|(_, e)| incomplete(e)))
                        }
                        // No order id and code, channel object, surcharges, line totals and creation date.
                        "invoice" => upsert::<Invoice>(item, &path, custom)
                            .map(|read| read.map(|(_, e)| incomplete(e))),
                        // No bar code and, in every dump, no pictures.
                        "product" => upsert::<Product>(item, &path, custom)
                            .map(|read| read.map(|(_, event)| event.with_refetch())),
                        "category" => upsert::<Category>(item, &path, custom).map(|read| {
                            read.map(|(category, event)| match category.is_deleted {
                                Some(true) => deletion(Some(Stream::Categories), event.ids),
                                _ => event,
                            })
                        }),
                        "branch" => {
                            upsert::<Branch>(item, &path, custom).map(|read| read.map(|(_, event)| event))
                        }
                        // Not documented to exist: an id is all that is asked of it.
                        _ => Ok(Some(ids_in(item))
                            .filter(|ids| !ids.is_empty())
                            .map(|ids| WebhookEvent::new(EventKind::Upsert, None, ids).with_refetch())),
                    };
                    match read {
                        Ok(Some(mut event)) => {
                            event.stream = action.stream();
                            push(event);
                        }
                        Ok(None) => {}
                        Err(broken) => rejected.push(broken),
                    }
                }
            }
            _ => {
                let ids = items.iter().flat_map(|item| ids_in(item)).collect();
                push(WebhookEvent::new(EventKind::Unknown, None, ids));
            }
        }
        delivery.rejected.extend(rejected);
    }
}

/// A deletion; of what, nobody may have said.
fn deletion(stream: Option<Stream>, ids: Vec<String>) -> WebhookEvent {
    let kind = if stream.is_some() { EventKind::Delete } else { EventKind::Unknown };
    WebhookEvent::new(kind, stream, ids)
}

/// A price book or a row of one: nothing that these crates follow, but its product is touched.
fn price_change(item: &RawValue) -> Option<WebhookEvent> {
    let price: model::PriceBookPrice = serde_json::from_str(item.get()).unwrap_or_default();
    let ids = match price.price_book_id {
        Some(id) => vec![id.to_string()],
        None => ids_in(item),
    };
    if ids.is_empty() {
        return None;
    }
    let mut event = WebhookEvent::new(EventKind::Unknown, None, ids);
    event.related = price
        .product_id
        .map(|id| Related { stream: Stream::Products, id: id.to_string() })
        .into_iter()
        .collect();
    Some(event)
}

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
        let header = request.header(SIGNATURE).unwrap_or_default();
        let digest = digest(header).ok_or(Refusal::MalformedProof(SIGNATURE))?;
        if !self.proves(request.body, &digest) {
            return Err(Refusal::BadProof(SIGNATURE));
        }
        let mut verified = Verified::proven(VENDOR, Trust::Signed, request);
        verified.topic = request.header(EVENT).map(str::to_owned).filter(|topic| !topic.trim().is_empty());
        verified.header_id = request.header(DELIVERY).map(str::to_owned).filter(|id| !id.trim().is_empty());
        let query = request.url.and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
        let hint = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == EVENT_TYPE);
        if let Some((_, hint)) = hint {
            verified.facts.insert(EVENT_TYPE.to_owned(), hint.into_owned());
        }
        Ok(verified)
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        std::str::from_utf8(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
        let json = lenient::camel_keys(&verified.body);
        let body: Body<'_> = serde_json::from_slice(&json)
            .map_err(|_| malformed("it is not a JSON object of the documented shape"))?;
        let id = body.id.or_else(|| verified.header_id.clone()).unwrap_or_else(|| body_id(&verified.body));
        let mut delivery = Delivery::new(id);
        delivery.attempt = body.attempt.and_then(|attempt| attempt.get().trim_matches('"').parse().ok());
        let named = verified.topic.as_deref().or(verified.facts.get(EVENT_TYPE).map(String::as_str));
        let named = named.map(Action::of).unwrap_or_default();
        let mut tenants: Vec<String> = named.tenant.iter().cloned().collect();

        let removed = unite([body.remove_id, body.remove_ids, body.removed_id, body.removed_ids]);
        if !removed.is_empty() {
            let mut event = deletion(named.stream(), removed);
            event.topic = named.topic();
            delivery.events.push(event);
        }
        for (at, raw) in items(body.notifications).into_iter().enumerate() {
            match serde_json::from_str::<Notification<'_>>(raw.get()) {
                Ok(notification) => {
                    let action = notification.action.as_deref().map_or_else(|| named.clone(), Action::of);
                    tenants.extend(action.tenant.clone());
                    self.events(
                        &action,
                        notification.data,
                        &format!("notifications[{at}].data"),
                        &mut delivery,
                    );
                }
                Err(_) => delivery.rejected.push(Rejected {
                    id: None,
                    path: format!("notifications[{at}]"),
                    reason: "expected an object with action and data".to_owned(),
                }),
            }
        }
        if let Some(expected) = &self.tenant
            && let Some(other) = tenants.iter().find(|tenant| *tenant != expected)
        {
            return Err(Refusal::OtherShop(other.clone()));
        }
        delivery.tenant = tenants.into_iter().next();
        Ok(delivery)
    }

    /// `GET …?echo=X` is answered with X: cheap tolerance for the verification that the vendor's platform knows (V).
    fn handshake(&self, query: &str) -> Option<Handshake> {
        let (_, echo) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "echo")?;
        let is_plain =
            echo.len() <= 128 && echo.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        is_plain.then(|| Handshake { status: 200, body: echo.into_owned() })
    }

    fn refusal_status(&self, refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::Unsigned(_) | Refusal::BadProof(_) | Refusal::MalformedProof(_) if self.unauthorized => {
                401
            }
            _ => 200,
        }
    }
}

/// Which webhooks a shop shall have.
#[derive(Clone)]
#[non_exhaustive]
pub struct HookPlan {
    /// Where the host listens; the type is added as `eventType`.
    pub url: Url,
    /// What to report, from [`TYPES`].
    pub types: Vec<String>,
    /// What to sign with, at least 8 characters.
    pub secret: Secret,
}

impl Debug for HookPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookPlan").field("types", &self.types).finish_non_exhaustive()
    }
}

impl HookPlan {
    /// Webhooks for everything that a sync follows.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the address is no HTTP URL or the secret is shorter than
    /// the 8 characters that the vendor asks for.
    pub fn new(url: &str, secret: impl Into<Secret>) -> Result<Self> {
        let url = Url::parse(url)
            .map_err(|error| Error::config("the webhook address is no URL").with_source(error))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Error::config("the webhook address is no HTTP URL"));
        }
        let secret = secret.into();
        if secret.expose().trim().chars().count() < 8 {
            return Err(Error::config("KiotViet asks for a webhook secret of at least 8 characters"));
        }
        let followed =
            TYPES.iter().filter(|kind| !kind.starts_with("pricebook")).map(|kind| (*kind).to_owned());
        Ok(Self { url, types: followed.collect(), secret })
    }

    /// Only these types.
    #[must_use]
    pub fn with_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// The address that is registered for a type.
    pub fn url_for(&self, kind: &str) -> String {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair(EVENT_TYPE, kind);
        url.into()
    }
}

/// What [`KiotViet::ensure_webhooks`] found and did.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HookReport {
    /// Types whose webhook was there and alive.
    pub kept: Vec<String>,
    /// Types whose webhook was not there and is registered now.
    pub registered: Vec<String>,
    /// Types whose webhook the vendor had switched off: events may have been missed, so read again from the checkpoint.
    pub revived: Vec<String>,
    /// Webhooks of the same types that are not ours. They are left alone; the merchant should know, because some say that
    /// KiotViet serves only one of a type.
    pub foreign: Vec<Hook>,
}

impl KiotViet {
    /// Makes sure that every planned webhook is registered and alive: registers what lacks, deletes and registers again
    /// what the vendor switched off, and touches nothing at another address than ours.
    ///
    /// Sends one request to list, one for each webhook that lacks, two for each that was switched off. Run it every few
    /// minutes; run again, it goes on where it was interrupted.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn ensure_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        let mut report = HookReport::default();
        let hooks = self.client.list_webhooks(&ListParams::default().with_page_size(MAX_PAGE)).await?.data;
        for kind in &plan.types {
            let url = plan.url_for(kind);
            let of_kind = hooks.iter().filter(|hook| hook.kind.as_deref() == Some(kind));
            let (ours, foreign): (Vec<&Hook>, Vec<&Hook>) =
                of_kind.partition(|hook| hook.url.as_deref() == Some(&url));
            report.foreign.extend(foreign.into_iter().cloned());
            if ours.iter().any(|hook| hook.is_active != Some(false)) {
                report.kept.push(kind.clone());
                continue;
            }
            for dead in &ours {
                self.client.delete_webhook(dead.id).await?;
            }
            self.client.register_webhook(&HookWrite::new(kind, url, plan.secret.clone())).await?;
            let list = if ours.is_empty() { &mut report.registered } else { &mut report.revived };
            list.push(kind.clone());
        }
        Ok(report)
    }
}
