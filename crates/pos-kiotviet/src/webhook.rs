//! Webhooks: proof, reading, and keeping the registrations alive.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_core::kit::{
    Gate, Members, Raw, Row, Walk, Written, base64_digest, header_text, is_deeper, signature, text_of,
};
use pos_core::lenient::{self, camel_keys};
use pos_core::page::{Rejected, pick_custom};
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Handshake, Identified, Refusal, Related, Remember, Trust, Verified, WebhookEvent,
    WebhookRequest, delivery_hash, hex, hmac_sha256, same_bytes, unhex,
};
use pos_core::{Result, Secret, Stream, WebhookVerifier};
use serde_json::value::RawValue;

use crate::answer::{id_of, items, members_of, removed};
use crate::model::{Branch, Category, Customer, Invoice, Order, Product};
use crate::profile::VENDOR;

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
    "category.update",
    "category.delete",
    "branch.update",
    "branch.delete",
    "pricebook.update",
    "pricebook.delete",
    "pricebookdetail.update",
    "pricebookdetail.delete",
];

/// How many of them a sync follows: all but the price books.
pub(crate) const FOLLOWED: usize = 11;

/// Proves and reads the webhooks of one shop.
///
/// The signature is HMAC-SHA256 over the exact body, as hex, under the misleading label `sha1=`. Whether the key is the
/// secret as the host keeps it or the Base64 that was registered is not settled, so both are tried for every secret, and
/// the decoded one where the secret itself is Base64.
///
/// Any of the statuses 400, 401, 403, 404 and 405 makes the vendor switch the webhook off (D). So a refused delivery is
/// answered with 200 and dropped, unless [`answering_401`](Webhooks::answering_401) says otherwise.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    gate: Gate,
    unauthorized: bool,
}

pos_core::webhook_setters! {
    Webhooks {
        /// One more secret, as the host keeps it, for rotation.
        with_secret,
        /// Refuses deliveries for another shop than this one (`retailerId`, see
        /// [`KiotViet::tenant`](crate::KiotViet::tenant)).
        with_tenant,
    }
}

impl Webhooks {
    /// Answers a bad proof with 401, as the documentation asks. One wrong secret then ends the feed for good.
    #[must_use]
    pub fn answering_401(mut self) -> Self {
        self.unauthorized = true;
        self
    }

    /// Whether any key that may be meant gives this digest. Every comparison takes constant time; which of the keys it
    /// was is no secret.
    fn proves(&self, body: &[u8], digest: &[u8]) -> bool {
        let gives = |key: &[u8]| same_bytes(&hmac_sha256(key, body), digest);
        self.gate.secrets().iter().map(Secret::expose).any(|text| {
            gives(text.as_bytes())
                || gives(STANDARD.encode(text).as_bytes())
                || STANDARD.decode(text).is_ok_and(|key| !key.is_empty() && gives(&key))
        })
    }
}

/// The digest in a signature header: 64 hex digits or 44 characters of Base64, under any label or none.
fn digest(text: &str) -> Option<[u8; 32]> {
    let labelled = ["sha1=", "sha256="]
        .into_iter()
        .find(|label| text.get(..label.len()).is_some_and(|start| start.eq_ignore_ascii_case(label)));
    let digest = text.get(labelled.map_or(0, str::len)..)?.trim();
    match digest.len() {
        64 => unhex(digest)?.try_into().ok(),
        _ => base64_digest(digest),
    }
}

/// The largest number of notifications, and of objects in all of them, that one delivery is believed to tell of.
const MOST: usize = 1000;
/// The deepest nesting of a body.
const DEEPEST: usize = 64;
/// The longest id of a delivery; a longer one is no id.
const LONGEST_ID: usize = 128;
/// How long a body without an id of its own is known again. How long the vendor repeats a delivery is not documented.
const REPEATS: u32 = 3600;

/// `product.update.500400000`: entity, verb, and the shop when it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Action {
    entity: String,
    verb: String,
    tenant: Option<String>,
}

impl Action {
    fn of(text: &str) -> Self {
        let mut parts = text.trim().split('.').filter(|part| part.len() <= 64);
        let mut part = || parts.next().map(str::trim).filter(|part| !part.is_empty());
        Self {
            entity: part().unwrap_or_default().to_ascii_lowercase(),
            verb: part().unwrap_or_default().to_ascii_lowercase(),
            tenant: part().map(str::to_owned),
        }
    }

    /// Whether all that it tells is read again.
    fn is_hint(&self) -> bool {
        let read_again =
            matches!(self.entity.as_str(), "customer" | "order" | "invoice" | "product" | "stock");
        (read_again && self.verb == "update") || !self.is_documented()
    }

    fn is_documented(&self) -> bool {
        self.topic().is_some_and(|topic| TYPES.contains(&topic.as_str()))
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

/// What a body says before any of its rows is read.
struct Envelope<'a> {
    id: Option<String>,
    attempt: Option<u32>,
    notifications: Vec<Result<Notification<'a>, ()>>,
    removed: Vec<String>,
    too_many: bool,
    /// What header and address call the delivery, where the body does not say it all. No proof covers them.
    label: Action,
}

struct Notification<'a> {
    action: Option<Action>,
    data: Option<Written<'a>>,
}

/// What a text of an envelope says; too long a text says nothing.
fn text_in(raw: &RawValue) -> Option<String> {
    lenient::text(raw).ok().flatten().filter(|text| text.len() <= LONGEST_ID)
}

impl<'a> Notification<'a> {
    fn new(action: Option<&RawValue>, data: Option<Written<'a>>) -> Self {
        Self { action: action.and_then(text_in).map(|text| Action::of(&text)), data }
    }

    fn of(raw: &'a RawValue) -> Result<Self, ()> {
        if !raw.get().starts_with('{') {
            return Err(());
        }
        let members = members_of(raw);
        Ok(Self::new(members.get("action"), members.get("data").map(Written::from)))
    }

    /// The one that comes next, where it is written as the vendor writes it.
    fn at(walk: &mut Walk<'a>) -> Option<Self> {
        let (mut action, mut data) = (None, None);
        walk.object(|walk, name| {
            if name.eq_ignore_ascii_case("action") {
                return action.replace(walk.read::<&RawValue>()?.0).is_none().then_some(());
            }
            let value = walk.skip()?;
            if name.eq_ignore_ascii_case("data") {
                return data.replace(value).is_none().then_some(());
            }
            Some(())
        })?;
        Some(Self::new(action, data))
    }
}

/// The notifications of a delivery, and its other members.
struct Parts<'a> {
    notifications: Vec<Result<Notification<'a>, ()>>,
    members: Members<'a>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, Refusal> {
        if let Some(parts) = Self::at_once(text) {
            return Ok(parts);
        }
        let malformed = |_| Refusal::Malformed("it is not a JSON object of the documented shape".to_owned());
        let members = Members::of_body(text.as_bytes()).map_err(malformed)?;
        let notifications = members.get("notifications").map(items).unwrap_or_default();
        Ok(Self { notifications: notifications.into_iter().map(Notification::of).collect(), members })
    }

    /// All of it in one go, where it is written as the vendor writes it.
    fn at_once(text: &'a str) -> Option<Self> {
        let mut walk = Walk::new(text);
        let (mut notifications, mut members) = (None, Vec::new());
        walk.object(|walk, name| {
            if !name.eq_ignore_ascii_case("notifications") {
                members.push((name, walk.read()?.0));
                return Some(());
            }
            let mut list = Vec::new();
            walk.list(|walk| {
                list.push(Ok(Notification::at(walk)?));
                Some(())
            })?;
            notifications.replace(list).is_none().then_some(())
        })?;
        let notifications = notifications.filter(|_| walk.is_done())?;
        Some(Self { notifications, members: members.into_iter().collect() })
    }
}

impl<'a> Envelope<'a> {
    fn of(verified: &'a Verified) -> Result<Self, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        let text = text_of(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
        if is_deeper(text.as_bytes(), DEEPEST) {
            return Err(malformed("it is nested too deeply"));
        }
        let Parts { notifications, members } = Parts::of(text)?;
        if notifications.len() > MOST {
            return Err(malformed("it has more than a thousand notifications"));
        }
        let mut removed = removed(&members, MOST + 1);
        let too_many = removed.len() > MOST;
        removed.truncate(MOST);
        let mut envelope = Self {
            id: members.get("id").and_then(text_in).filter(|id| id.contains(|c| !matches!(c, '0' | '-'))),
            attempt: members
                .get("attempt")
                .and_then(|raw| lenient::integer(raw).ok().flatten())
                .and_then(|attempt| u32::try_from(attempt).ok()),
            notifications,
            removed,
            too_many,
            label: Action::default(),
        };
        if envelope.needs_label() || envelope.actions().flatten().all(|action| action.tenant.is_none()) {
            let label = verified.facts.get(EVENT_TYPE).or(verified.topic.as_ref());
            envelope.label = label.map(|label| Action::of(label)).unwrap_or_default();
        }
        Ok(envelope)
    }

    fn actions(&self) -> impl Iterator<Item = Option<&Action>> {
        self.notifications.iter().flatten().map(|notification| notification.action.as_ref())
    }

    /// Whether what it says depends on what header or address call it.
    fn needs_label(&self) -> bool {
        !self.removed.is_empty() || self.actions().any(|action| action.is_none())
    }

    /// The shops that it names: those in the body, else the one on its label.
    fn tenants(&self) -> impl Iterator<Item = &String> {
        let told = self.actions().flatten().filter_map(|action| action.tenant.as_ref());
        let labelled =
            self.label.tenant.iter().filter(|_| self.actions().flatten().all(|a| a.tenant.is_none()));
        told.chain(labelled)
    }

    /// What makes it the same delivery, and for how long.
    fn identity(&self, verified: &Verified) -> (String, Remember) {
        if let (Some(id), false) = (&self.id, self.needs_label()) {
            return (id.clone(), Remember::Always);
        }
        let is_hint = self.actions().flatten().all(Action::is_hint);
        let remember = if is_hint { Remember::WhileWaiting } else { Remember::Seconds(REPEATS) };
        let address = verified.facts.get(EVENT_TYPE).map(String::as_str);
        // New for every request, and outside of the proof: good enough for what is read again anyway.
        let header =
            verified.header_id.as_ref().filter(|_| address.is_none() && remember == Remember::WhileWaiting);
        let id = header.cloned().unwrap_or_else(|| {
            delivery_hash(
                &[address.unwrap_or_default(), verified.topic.as_deref().unwrap_or_default()],
                &verified.body,
            )
        });
        (id, remember)
    }
}

/// The ids that an item names: a bare id, an object with one, or an object with a list of removed ones.
fn ids_in(item: &RawValue, names: &[&str]) -> Vec<String> {
    if !item.get().starts_with('{') {
        return id_of(item).into_iter().collect();
    }
    let members = members_of(item);
    let own = names.iter().find_map(|name| id_of(members.get(name)?));
    let others = removed(&members, MOST + 1).into_iter().filter(|id| own.as_ref() != Some(id));
    own.iter().cloned().chain(others).collect()
}

/// The names of an id, in the order of preference.
const IDS: [&str; 4] = ["id", "productid", "categoryid", "pricebookid"];
/// Rows of stock may have an id of their own.
const PRODUCT_IDS: [&str; 2] = ["productid", "id"];

fn nothing_named(path: String) -> Rejected {
    Rejected { id: None, path, reason: "expected an id".to_owned() }
}

fn not_believed(path: String) -> Rejected {
    Rejected { id: None, path, reason: format!("more than {MOST} objects in one delivery are not believed") }
}

/// Reads one item of an update as a record of its stream.
fn upsert<T>(
    item: &RawValue,
    path: &str,
    custom: &[String],
) -> std::result::Result<Option<(T, WebhookEvent)>, Rejected>
where
    T: Row<Key = i64> + Clone,
    Record: From<T::Record>,
{
    let broken = || Rejected { id: None, path: path.to_owned(), reason: "expected an object".to_owned() };
    let lowered = camel_keys(item.get().as_bytes());
    let item: &RawValue = serde_json::from_slice(&lowered).map_err(|_| broken())?;
    let read: T = Raw::read(item, path).read?;
    let Some(key) = read.key().filter(T::is_real) else { return Ok(None) };
    let record = read.clone().into_record(pick_custom(item, custom));
    let event = WebhookEvent::new(EventKind::Upsert, None, vec![key.to_string()]).with_record(record);
    Ok(Some((read, event)))
}

/// Marks a document whose source is known to lack parts.
fn incomplete(mut event: WebhookEvent) -> WebhookEvent {
    if let Some(Record::Order(record)) = &mut event.record {
        record.incomplete = true;
    }
    event.with_refetch()
}

/// What a notification says of one of its items.
type Told = std::result::Result<Option<WebhookEvent>, Rejected>;

impl Webhooks {
    fn event(&self, action: &Action, item: &RawValue, path: String) -> Told {
        let custom = &self.gate.custom_fields;
        let named = |names: &[&str]| match ids_in(item, names) {
            ids if ids.is_empty() => Err(nothing_named(path.clone())),
            ids => Ok(ids),
        };
        match (action.entity.as_str(), action.verb.as_str()) {
            // Price books are no stream, but their rows change what products cost.
            ("pricebook" | "pricebookdetail", _) => {
                price_change(item).map(Some).ok_or_else(|| nothing_named(path))
            }
            (_, "delete") => named(&IDS).map(|ids| Some(deletion(action.stream(), ids))),
            // The level of one branch is no product: read that.
            ("stock", "update") => named(&PRODUCT_IDS).map(|ids| {
                Some(WebhookEvent::new(EventKind::Stock, Some(Stream::Products), ids).with_refetch())
            }),
            // No debt, groups, branch, points and totals.
            ("customer", "update") => upsert::<Customer>(item, &path, custom)
                .map(|read| read.map(|(_, event)| event.with_refetch())),
            // No delivery, payments, surcharges and creation date.
            ("order", "update") => {
                upsert::<Order>(item, &path, custom).map(|read| read.map(|(_, event)| incomplete(event)))
            }
            // No order id and code, channel object, surcharges, line totals and creation date.
            ("invoice", "update") => {
                upsert::<Invoice>(item, &path, custom).map(|read| read.map(|(_, event)| incomplete(event)))
            }
            // No bar code and, in every dump, no pictures.
            ("product", "update") => {
                upsert::<Product>(item, &path, custom).map(|read| read.map(|(_, event)| event.with_refetch()))
            }
            ("category", "update") => upsert::<Category>(item, &path, custom).map(|read| {
                read.map(|(category, event)| match category.is_deleted {
                    Some(true) => deletion(Some(Stream::Categories), event.ids),
                    _ => event,
                })
            }),
            ("branch", "update") => {
                upsert::<Branch>(item, &path, custom).map(|read| read.map(|(_, event)| event))
            }
            // Not documented to exist: an id is all that is asked of it.
            (_, "update") if action.stream().is_some() => Ok(Some(ids_in(item, &IDS))
                .filter(|ids| !ids.is_empty())
                .map(|ids| WebhookEvent::new(EventKind::Upsert, None, ids).with_refetch())),
            _ => Ok(Some(WebhookEvent::new(EventKind::Unknown, None, ids_in(item, &IDS)))),
        }
    }

    /// Reads the items of a notification, as many as are believed. What no proof covers is a hint: the action where the
    /// body does not name it, and what the vendor does not document.
    fn events(
        &self,
        action: &Action,
        is_proven: bool,
        data: Option<Written<'_>>,
        path: &str,
        delivery: &mut Delivery,
        believed: &mut usize,
    ) {
        let first = delivery.events.len();
        let rows = data.map(|data| items(data.value())).unwrap_or_default();
        if rows.is_empty() && action.stream().is_none() {
            let mut event = WebhookEvent::new(EventKind::Unknown, None, Vec::new());
            event.topic = action.topic();
            delivery.events.push(event);
        }
        for (at, item) in rows.into_iter().enumerate() {
            let path = format!("{path}[{at}]");
            if *believed >= MOST {
                delivery.rejected.push(not_believed(path));
                break;
            }
            match self.event(action, item, path.clone()) {
                Ok(Some(mut event)) => {
                    let room = MOST - *believed;
                    if event.ids.len() > room {
                        event.ids.truncate(room);
                        delivery.rejected.push(not_believed(path));
                    }
                    *believed += event.ids.len().max(1);
                    event.stream = event.stream.or(action.stream());
                    event.topic = action.topic();
                    event.refetch |=
                        event.kind == EventKind::Delete && !(is_proven && action.is_documented());
                    event.refetch |= !is_proven;
                    // The deletions of one notification are one event, and so is what nobody follows.
                    let unites = action.verb == "delete" || event.kind == EventKind::Unknown;
                    match delivery.events[first..].last_mut() {
                        Some(last) if unites && last.kind == event.kind && event.related.is_empty() => {
                            last.ids.extend(event.ids);
                        }
                        _ => delivery.events.push(event),
                    }
                }
                Ok(None) => *believed += 1,
                Err(broken) => {
                    *believed += 1;
                    delivery.rejected.push(broken);
                }
            }
        }
    }
}

/// A deletion; of what, nobody may have said.
fn deletion(stream: Option<Stream>, ids: Vec<String>) -> WebhookEvent {
    let kind = if stream.is_some() { EventKind::Delete } else { EventKind::Unknown };
    WebhookEvent::new(kind, stream, ids)
}

/// A price book or a row of one: nothing that these crates follow, but its product is touched.
fn price_change(item: &RawValue) -> Option<WebhookEvent> {
    let members = members_of(item);
    let id = |name: &str| members.get(name).and_then(id_of);
    let ids = id("pricebookid").map_or_else(|| ids_in(item, &IDS), |id| vec![id]);
    if ids.is_empty() {
        return None;
    }
    let mut event = WebhookEvent::new(EventKind::Unknown, None, ids);
    event.related = id("productid").map(|id| Related { stream: Stream::Products, id }).into_iter().collect();
    Some(event)
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.gate.check_size(request)?;
        self.gate.check_secret("webhook secret of KiotViet")?;
        let digest = digest(signature(request, &[SIGNATURE])?).ok_or(Refusal::MalformedProof(SIGNATURE))?;
        if !self.proves(request.body, &digest) {
            return Err(Refusal::BadProof(SIGNATURE));
        }
        let mut verified = Verified::proven(VENDOR, Trust::Signed, request);
        verified.topic = header_text(request, EVENT, 200);
        verified.header_id = header_text(request, DELIVERY, LONGEST_ID);
        let query = request.url.and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
        let hint = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == EVENT_TYPE);
        if let Some((_, hint)) = hint {
            verified.facts.insert(EVENT_TYPE.to_owned(), hint.into_owned());
        }
        Ok(verified)
    }

    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        let envelope = Envelope::of(verified)?;
        self.gate.check_tenant(envelope.tenants())?;
        let (id, remember) = envelope.identity(verified);
        let tenant = envelope.tenants().next().cloned();
        let topic = envelope.actions().flatten().next().unwrap_or(&envelope.label).topic();
        Ok(Identified { id, remember, tenant, topic })
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let envelope = Envelope::of(verified)?;
        self.gate.check_tenant(envelope.tenants())?;
        let mut delivery = Delivery::new(envelope.identity(verified).0);
        delivery.attempt = envelope.attempt;
        delivery.tenant = envelope.tenants().next().cloned();
        let mut believed = envelope.removed.len();
        if !envelope.removed.is_empty() {
            // Of what, no proof says.
            let mut event = deletion(envelope.label.stream(), envelope.removed).with_refetch();
            event.topic = envelope.label.topic();
            delivery.events.push(event);
        }
        if envelope.too_many {
            delivery.rejected.push(not_believed(format!("removeId[{MOST}]")));
        }
        for (at, notification) in envelope.notifications.into_iter().enumerate() {
            match notification {
                Ok(Notification { action, data }) => {
                    let path = format!("notifications[{at}].data");
                    let is_proven = action.is_some();
                    let action = action.unwrap_or_else(|| envelope.label.clone());
                    self.events(&action, is_proven, data, &path, &mut delivery, &mut believed);
                }
                Err(()) => delivery.rejected.push(Rejected {
                    id: None,
                    path: format!("notifications[{at}]"),
                    reason: "expected an object with action and data".to_owned(),
                }),
            }
        }
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
            // Kept by the vendor until there is a secret.
            Refusal::NotConfigured(_) => 503,
            _ => 200,
        }
    }
}

/// What the note of a webhook of ours ends with: it tells one secret from another and is no use for anything else. The
/// vendor never says which secret a webhook has.
pub(crate) fn fingerprint(secret: &Secret) -> String {
    let mut print = hex(&hmac_sha256(secret.expose().as_bytes(), b"crm-pos: which secret a webhook has"));
    print.truncate(8);
    print
}
