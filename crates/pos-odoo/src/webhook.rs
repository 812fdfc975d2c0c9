//! Webhooks of automation rules: proof and reading.

use pos_core::kit::{Gate, Members, open_body};
use pos_core::page::Rejected;
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Remember, Trust, Verified, WebhookEvent, WebhookRequest,
    delivery_hash,
};
use pos_core::{Stream, WebhookVerifier};
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use crate::map::shared_id;
use crate::profile::VENDOR;

/// The member of the address that carries the token, where it is no segment of its path.
pub const TOKEN: &str = "token";

/// The member of the address that names the trigger of its rule. Nothing in a body says that the record was deleted (M19), so the
/// address of a rule *on deletion* has to: `?token=…&trigger=on_unlink`.
pub const TRIGGER: &str = "trigger";

/// The trigger of deletions.
pub const ON_UNLINK: &str = "on_unlink";

/// How deep a body may be nested: the vendor's go two deep.
const MOST_DEPTH: usize = 32;

/// How many variants of a template are read again one by one; the next poll reads those of larger ones.
const MOST_VARIANTS: usize = 200;

/// The proof.
const PROOF: &str = "token in the address";

/// Proves and reads the webhooks of one shop.
///
/// Odoo signs nothing and sends nothing that tells where it comes from (M19). The proof is a token that nobody can guess in the
/// address that the merchant typed into the automation rule: the member `token` of its query, or a segment of its path. It covers
/// nothing of the body, so every event is a hint to read again, and a deletion is believed when the record cannot be found.
///
/// Deliveries come in storms: one change up to fifteen times, the first of them incomplete, unless the rule names its fields
/// (M19, M19b). So all that wait for one record are one. A delivery is never repeated, and Odoo waits a second for each: answer at
/// once.
///
/// ```
/// use pos_core::webhook::WebhookRequest;
/// use pos_core::{Secret, WebhookVerifier};
/// use pos_odoo::Webhooks;
///
/// let hooks = Webhooks::new([Secret::new("test-secret-f4f1")]);
/// let (headers, body) = (http::HeaderMap::new(), br#"{"_id": 14, "_model": "res.partner"}"#);
/// let request = WebhookRequest::new(&headers, body, time::OffsetDateTime::UNIX_EPOCH);
/// assert!(hooks.verify(&request.clone()).is_err());
/// let proven = hooks.verify(&request.with_url("/hooks/odoo/9f2c?token=test-secret-f4f1")).unwrap();
/// assert_eq!(hooks.parse(&proven).unwrap().events[0].ids, ["14"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    gate: Gate,
    deletions: bool,
}

pos_core::webhook_setters! {
    Webhooks {
        /// One more token: an earlier one, or of another rule.
        with_secret,
    }
}

impl Webhooks {
    /// Takes every delivery for one of a rule *on deletion*, whatever its address says.
    #[must_use]
    pub fn with_deletions(mut self, deletions: bool) -> Self {
        self.deletions = deletions;
        self
    }
}

/// Which delivery it is: all about one record are one. What names none is known by its bytes.
fn delivery_id(told: Option<(&str, i64)>, verified: &Verified) -> String {
    let gone = if is_deletion(verified) { ":gone" } else { "" };
    match told {
        Some((model, id)) => format!("{model},{id}{gone}"),
        None => delivery_hash(&[gone], &verified.body),
    }
}

fn is_deletion(verified: &Verified) -> bool {
    verified.facts.get(TRIGGER).is_some_and(|trigger| trigger == ON_UNLINK)
}

/// An id as webhooks write it, or as the other answers do.
fn id_in(members: &Members<'_>, name: &str) -> Option<i64> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Bare(i64),
        Named((i64, IgnoredAny)),
    }
    let id = match serde_json::from_str(members.get(name)?.get()).ok()? {
        Id::Bare(id) | Id::Named((id, _)) => id,
    };
    (id > 0).then_some(id)
}

fn ids_in(members: &Members<'_>, name: &str) -> Vec<i64> {
    let read = members.get(name).and_then(|raw| serde_json::from_str::<Vec<i64>>(raw.get()).ok());
    read.unwrap_or_default().into_iter().filter(|id| *id > 0).collect()
}

fn text_in(members: &Members<'_>, name: &str) -> Option<String> {
    members.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// The name of a model, and no prose.
fn model_in(members: &Members<'_>) -> Option<String> {
    let is_model = |name: &String| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
    };
    text_in(members, "_model").filter(is_model)
}

/// What a record of a model means to a sync.
fn event(model: &str, id: i64, members: &Members<'_>, gone: bool) -> WebhookEvent {
    let of_record = if gone { EventKind::Delete } else { EventKind::Upsert };
    let told = |kind, stream, ids: Vec<String>| WebhookEvent::new(kind, Some(stream), ids).with_refetch();
    // What belongs to another record changes that one, also by going.
    let of_owner = |stream, owner: Option<String>| match owner {
        Some(owner) => told(EventKind::Upsert, stream, vec![owner]),
        None => WebhookEvent::new(EventKind::Unknown, Some(stream), Vec::new()),
    };
    let till = |id: i64| shared_id("pos.order", id);
    match model {
        "res.partner" => {
            let is_address = text_in(members, "type").is_some_and(|kind| kind != "contact");
            match id_in(members, "parent_id").filter(|_| is_address) {
                Some(parent) => told(EventKind::Upsert, Stream::Customers, vec![parent.to_string()]),
                None => told(of_record, Stream::Customers, vec![id.to_string()]),
            }
        }
        "sale.order" => told(of_record, Stream::Orders, vec![id.to_string()]),
        "sale.order.line" => of_owner(Stream::Orders, id_in(members, "order_id").map(|id| id.to_string())),
        "pos.order" => {
            let total = members.get("amount_total").map(|raw| raw.get());
            let is_return = total.is_some_and(|total| total.starts_with('-'));
            let stream = if is_return { Stream::Returns } else { Stream::Orders };
            told(of_record, stream, vec![till(id)])
        }
        "pos.order.line" => of_owner(Stream::Orders, id_in(members, "order_id").map(till)),
        "pos.payment" => of_owner(Stream::Orders, id_in(members, "pos_order_id").map(till)),
        "product.product" => told(of_record, Stream::Products, vec![id.to_string()]),
        "product.template" => {
            let variants = ids_in(members, "product_variant_ids");
            let variants: Vec<String> = variants.into_iter().map(|id| id.to_string()).collect();
            match (1..=MOST_VARIANTS).contains(&variants.len()) {
                true => told(of_record, Stream::Products, variants),
                false => WebhookEvent::new(EventKind::Unknown, Some(Stream::Products), Vec::new()),
            }
        }
        "stock.quant" => match id_in(members, "product_id") {
            Some(product) => told(EventKind::Stock, Stream::Products, vec![product.to_string()]),
            None => WebhookEvent::new(EventKind::Unknown, Some(Stream::Products), Vec::new()),
        },
        // Invoices, tags, users: the next poll reads what they change.
        _ => WebhookEvent::new(EventKind::Unknown, None, Vec::new()),
    }
    .with_topic(if gone { format!("{model} {ON_UNLINK}") } else { model.to_owned() })
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::SharedToken
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.gate.check_size(request)?;
        self.gate.check_secret(PROOF)?;
        let called = request.url.ok_or(Refusal::Unsigned(PROOF))?;
        let base = Url::parse("http://localhost").ok();
        let url = base.and_then(|base| base.join(called).ok()).ok_or(Refusal::MalformedProof(PROOF))?;
        let (mut named, mut proven) = (false, false);
        for (name, value) in url.query_pairs() {
            if name == TOKEN {
                named = true;
                proven |= self.gate.knows(value.as_bytes());
            }
        }
        for segment in url.path().split('/').filter(|segment| !segment.is_empty()) {
            proven |= self.gate.knows(segment.as_bytes());
        }
        match (proven, named) {
            (true, _) => {}
            (false, true) => return Err(Refusal::BadProof(PROOF)),
            (false, false) => return Err(Refusal::Unsigned(PROOF)),
        }
        let mut verified = Verified::proven(VENDOR, Trust::SharedToken, request);
        let of_address = url.query_pairs().any(|(name, value)| name == TRIGGER && value == ON_UNLINK);
        if of_address || self.deletions {
            verified.facts.insert(TRIGGER.to_owned(), ON_UNLINK.to_owned());
        }
        Ok(verified)
    }

    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        // What is no object is told when it is read.
        let members = Members::of_body(&verified.body).unwrap_or_default();
        let model = model_in(&members);
        let told = model.as_deref().zip(id_in(&members, "_id"));
        let id = delivery_id(told, verified);
        Ok(Identified { id, remember: Remember::WhileWaiting, tenant: None, topic: model })
    }

    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        let (_, members) = open_body(verified, MOST_DEPTH)?;
        let model = model_in(&members);
        let told = model.as_deref().zip(id_in(&members, "_id"));
        let mut delivery = Delivery::new(delivery_id(told, verified));
        match told {
            Some((model, id)) => delivery.events.push(event(model, id, &members, is_deletion(verified))),
            None => {
                let path = if model.is_none() { "_model" } else { "_id" }.to_owned();
                let reason = "expected the model and the id of a record".to_owned();
                delivery.rejected.push(Rejected { id: None, path, reason });
            }
        }
        Ok(delivery)
    }
}
