//! Webhooks: a token instead of a signature, in the header (version 3) or in the body (version 2).
//!
//! One address of an app serves all its shops: [`Identified::tenant`](pos_core::webhook::Identified::tenant) is the `businessId`
//! to route by. A delivery for a shop that the host does not know is answered 200 ([`Webhooks::refusal_status`]): the vendor
//! counts anything else as a failure and switches the address off for all shops.
//!
//! A token signs nothing, so no delivery is believed: each says what to read again, deletions and uninstallations too.

use std::collections::HashSet;

use pos_core::kit::{Gate, Members, is_list, is_object, items, text_of};
use pos_core::page::{Rejected, pick_custom};
use pos_core::record::{DocumentKind, Record};
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Related, Remember, Trust, Verified, WebhookEvent,
    WebhookRequest, body_id,
};
use pos_core::{Stream, WebhookVerifier};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::{id_of, no_id, read_row};
use crate::map::{Listed, without_tax};
use crate::model::{self, v2};
use crate::profile::VENDOR;
use crate::wire;

/// The header with the token in version 3 (D).
pub const TOKEN_HEADER: &str = "authorization";
/// The member of the body with the token in version 2 (D).
pub const TOKEN_MEMBER: &str = "webhooksVerifyToken";

/// Which version of webhooks the app has, a setting in the developer console that is independent of the API in use (D).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The header must hold the token.
    V3,
    /// The body must hold the token.
    V2,
    /// A header alone decides; without one the body does.
    #[default]
    Auto,
}

/// Proves and reads the webhooks of one app.
///
/// There is no signature: a static token chosen in the developer console comes along, so a delivery is
/// [`Trust::SharedToken`] and everything it says asks for the object to be read again. One address serves all shops of an app: a
/// delivery names its shop (`businessId`), and a verifier without a tenant proves those of all.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    gate: Gate,
    mode: Mode,
    without_tax: bool,
}

pos_core::webhook_setters! {
    Webhooks {
        /// One more token, for rotation.
        with_secret,
        /// Refuses deliveries for another shop than this one. Without it the host routes by
        /// [`Delivery::tenant`](pos_core::webhook::Delivery::tenant).
        with_tenant,
    }
}

impl Webhooks {
    /// Which version of webhooks the app has; either one without it.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) fn with_tax(mut self, wanted: bool) -> Self {
        self.without_tax = !wanted;
        self
    }

    fn check_tenant(&self, body: &Body<'_>) -> Result<(), Refusal> {
        if self.gate.tenant.is_some() && body.business_id.is_none() && body.name() != Some(PROBE) {
            return Err(malformed("it names no business"));
        }
        self.gate.check_tenant(&body.business_id)
    }

    fn header_proves(&self, request: &WebhookRequest<'_>) -> Option<Result<(), Refusal>> {
        let value = request.headers.get(TOKEN_HEADER)?;
        Some(if self.gate.knows(value.as_bytes()) {
            Ok(())
        } else {
            Err(Refusal::BadProof("authorization header"))
        })
    }

    fn body_proves(&self, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Proof<'a> {
            #[serde(borrow, default)]
            webhooks_verify_token: Option<&'a RawValue>,
        }
        // Nothing but the token is looked at here.
        let unsigned = || Refusal::Unsigned(TOKEN_MEMBER);
        let text = text_of(request.body).map_err(|_| unsigned())?;
        let proof: Proof<'_> = serde_json::from_str(text).map_err(|_| unsigned())?;
        let raw = proof.webhooks_verify_token.ok_or_else(unsigned)?;
        let token: String =
            serde_json::from_str(raw.get()).map_err(|_| Refusal::MalformedProof(TOKEN_MEMBER))?;
        if self.gate.knows(token.as_bytes()) { Ok(()) } else { Err(Refusal::BadProof(TOKEN_MEMBER)) }
    }
}

/// What surrounds every delivery.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(default, deserialize_with = "wire::text")]
    event: Option<String>,
    #[serde(default, deserialize_with = "wire::id")]
    business_id: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

impl<'a> Body<'a> {
    /// The envelope alone: what it holds is passed over, whatever it is.
    fn of(verified: &'a Verified) -> Result<Self, Refusal> {
        let text = text_of(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
        if !is_bounded(text.as_bytes()) {
            return Err(malformed("it is deeper or wider than anything that the vendor sends"));
        }
        let body: Self =
            serde_json::from_str(text).map_err(|_| malformed("it is not the JSON that the vendor sends"))?;
        if body.name().is_none() { Err(malformed("it names no event")) } else { Ok(body) }
    }

    fn name(&self) -> Option<&str> {
        self.event.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }
}

fn malformed(what: &str) -> Refusal {
    Refusal::Malformed(what.to_owned())
}

/// The event by which the vendor tries whether somebody answers; it names no business.
const PROBE: &str = "webhooksEnabled";

/// The most ids, rows or members that one list or object of a delivery may have. The vendor batches 100 products (D).
const MOST_ITEMS: u32 = 1000;
/// How deep a delivery may be nested; the vendor's go six levels deep.
const MOST_LEVELS: usize = 32;
/// The largest object whose content is looked at; of a larger one only the id is, and it is read again anyway.
const LARGEST_ROW: usize = 256 * 1024;

/// Whether a body keeps to the bounds above: one pass over its bytes.
fn is_bounded(body: &[u8]) -> bool {
    let mut commas = Vec::with_capacity(MOST_LEVELS);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'{' | b'[' if commas.len() >= MOST_LEVELS => return false,
            b'{' | b'[' => commas.push(0),
            b'}' | b']' => drop(commas.pop()),
            b',' => {
                let Some(commas) = commas.last_mut() else { continue };
                *commas += 1;
                if *commas >= MOST_ITEMS {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

fn expected(what: &str) -> Rejected {
    Rejected { id: None, path: "data".to_owned(), reason: format!("expected {what}") }
}

/// The items of a list, or of an object with the keys that they stand under.
fn items_in(data: &RawValue) -> Vec<(Option<String>, &RawValue)> {
    if is_list(data) {
        return items(data).unwrap_or_default().into_iter().map(|item| (None, item)).collect();
    }
    let members = Members::of(data).unwrap_or_default();
    members.iter().map(|(key, item)| (Some(key.to_owned()), item)).collect()
}

/// Ids in a list or among the values of an object, as numbers or texts.
fn ids_in(data: Option<&RawValue>) -> Result<Vec<String>, Rejected> {
    let data = data.ok_or_else(|| expected("a list of ids"))?;
    let items = if is_list(data) || is_object(data) { items_in(data) } else { vec![(None, data)] };
    let mut ids = Vec::with_capacity(items.len());
    let mut known = HashSet::new();
    for (at, (_, item)) in items.into_iter().enumerate() {
        let id = wire::id(item).ok().flatten().ok_or_else(|| no_id(format!("data[{at}]")))?;
        if known.insert(id.clone()) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The products of a stock event: a list of them, or an object keyed by id.
fn stocked(data: Option<&RawValue>) -> Result<Vec<String>, Rejected> {
    let no_list = || expected("a list of products");
    let data = data.filter(|data| is_list(data) || is_object(data)).ok_or_else(no_list)?;
    let is_one = |members: Members<'_>| members.get("id").is_some_and(|id| !is_object(id));
    let items = if Members::of(data).is_ok_and(is_one) { vec![(None, data)] } else { items_in(data) };
    let id = |(at, (key, item)): (usize, (Option<String>, &RawValue))| {
        let own = Members::of(item).ok().and_then(|members| {
            let raw = members.get("id").or_else(|| members.get("productId"))?;
            wire::id(raw).ok().flatten()
        });
        own.or(key).ok_or_else(|| no_id(format!("data[{at}].id")))
    };
    items.into_iter().enumerate().map(id).collect()
}

impl Webhooks {
    /// Reads the object of an event. What is not signed is read again, whatever it says.
    fn upsert<T: Listed>(&self, data: Option<&RawValue>) -> Result<WebhookEvent, Rejected>
    where
        Record: From<T::Record>,
    {
        let nothing = || expected("an object");
        let data = data.filter(|data| is_object(data)).ok_or_else(nothing)?;
        if data.get().len() > LARGEST_ROW {
            let id = id_of(data).ok_or_else(nothing)?;
            return Ok(WebhookEvent::new(EventKind::Upsert, None, vec![id]).with_refetch());
        }
        let row = read_row::<T>(data, "data")?;
        let ids: Vec<String> = row.key().into_iter().collect();
        if !row.is_record() {
            // A quotation or a transfer between depots: known by name, but no record.
            return Ok(WebhookEvent::new(EventKind::Unknown, None, ids));
        }
        let record = row.into_record(pick_custom(data, &self.gate.custom_fields));
        Ok(WebhookEvent::new(EventKind::Upsert, None, ids).with_refetch().with_record(record))
    }

    /// An order: its totals are not in a webhook.
    fn order(&self, data: Option<&RawValue>) -> Result<WebhookEvent, Rejected> {
        let is_v3 = data.is_some_and(|data| Members::of(data).is_ok_and(|members| members.has("info")));
        let mut event =
            if is_v3 { self.upsert::<model::Order>(data)? } else { self.upsert::<v2::Order>(data)? };
        event.stream = Some(Stream::Orders);
        if let Some(Record::Order(record)) = &mut event.record {
            record.incomplete = true;
            if self.without_tax {
                without_tax(record);
            }
            if record.stream == DocumentKind::Return {
                event.stream = Some(Stream::Returns);
                event.related.extend(record.returns.clone().map(|id| Related { stream: Stream::Orders, id }));
            }
            // An update of version 2 has no customer and no dates: too little for a record.
            if record.buyer.is_none() && record.placed_at.is_none() {
                event.record = None;
            }
        }
        Ok(event)
    }

    fn product(&self, data: Option<&RawValue>) -> Result<WebhookEvent, Rejected> {
        let is_v2 = data.is_some_and(|data| {
            Members::of(data).is_ok_and(|members| !members.has("id") && members.has("productId"))
        });
        let mut event =
            if is_v2 { self.upsert::<v2::Product>(data)? } else { self.upsert::<model::Product>(data)? };
        event.stream = Some(Stream::Products);
        Ok(event)
    }

    fn events(&self, name: &str, data: Option<&RawValue>) -> Result<Vec<WebhookEvent>, Rejected> {
        let gone = |stream: Stream, ids: Vec<String>| {
            WebhookEvent::new(EventKind::Delete, Some(stream), ids).with_refetch()
        };
        Ok(match name {
            PROBE => vec![WebhookEvent::new(EventKind::Probe, None, Vec::new())],
            "appUninstalled" => {
                vec![WebhookEvent::new(EventKind::AppUninstalled, None, Vec::new()).with_refetch()]
            }
            "orderAdd" | "orderUpdate" | "orderPartialReturn" => vec![self.order(data)?],
            // Goods brought back (types 14 and 16) are orders to the vendor, and an id does not tell.
            "orderDelete" => {
                let ids = ids_in(data)?;
                vec![gone(Stream::Orders, ids.clone()), gone(Stream::Returns, ids)]
            }
            "productAdd" | "productUpdate" => vec![self.product(data)?],
            "productDelete" => vec![gone(Stream::Products, ids_in(data)?)],
            "inventoryChange" => {
                let ids = stocked(data)?;
                vec![WebhookEvent::new(EventKind::Stock, Some(Stream::Products), ids).with_refetch()]
            }
            // Payments, whose content is not documented, and whatever comes next.
            _ => vec![WebhookEvent::new(EventKind::Unknown, None, Vec::new())],
        })
    }
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::SharedToken
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.gate.check_secret("verify token")?;
        self.gate.check_size(request)?;
        let proven = match self.mode {
            Mode::V3 => self.header_proves(request).unwrap_or(Err(Refusal::Unsigned("authorization header"))),
            Mode::V2 => self.body_proves(request),
            Mode::Auto => match self.header_proves(request) {
                Some(proven) => proven,
                None => self.body_proves(request),
            },
        };
        proven?;
        Ok(Verified::proven(VENDOR, Trust::SharedToken, request))
    }

    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        let body = Body::of(verified)?;
        self.check_tenant(&body)?;
        Ok(Identified {
            // There is no id. Event and business stand in the body, so its bytes tell deliveries apart.
            id: body_id(&verified.body),
            // All of them only say what to read again.
            remember: Remember::WhileWaiting,
            topic: body.name().map(str::to_owned),
            tenant: body.business_id,
        })
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let body = Body::of(verified)?;
        self.check_tenant(&body)?;
        let name = body.name().unwrap_or_default();
        let mut delivery = Delivery::new(body_id(&verified.body));
        match self.events(name, body.data) {
            Ok(events) => delivery.events.extend(events.into_iter().map(|event| event.with_topic(name))),
            Err(rejected) => delivery.rejected.push(rejected),
        }
        delivery.tenant = body.business_id.clone();
        Ok(delivery)
    }

    /// As for every vendor, but for a shop that is not known here: 200, because one address serves all shops of an app, and the
    /// vendor switches it off for all of them when deliveries fail.
    fn refusal_status(&self, refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::OtherShop(_) => 200,
            Refusal::Unsigned(_) | Refusal::BadProof(_) | Refusal::MalformedProof(_) | Refusal::Stale => 401,
            Refusal::TooLarge { .. } => 413,
            Refusal::NotConfigured(_) => 503,
            _ => 400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_bounded_in_depth_and_width() {
        assert!(is_bounded(br#"{"a":[1,2,{"b":"[[[,,,\"{{"}]}"#));
        assert!(is_bounded(b"]]}}") && is_bounded(b"\"\\"));
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(
            is_bounded(nested(MOST_LEVELS).as_bytes()) && !is_bounded(nested(MOST_LEVELS + 1).as_bytes())
        );
        let wide = |items: usize| format!("[{}]", vec!["1"; items].join(","));
        assert!(is_bounded(wide(1000).as_bytes()) && !is_bounded(wide(1001).as_bytes()));
    }
}
