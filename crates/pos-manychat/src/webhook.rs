//! What a flow sends to the host: External Requests and Dynamic Blocks. Proof and reading.

use std::sync::Arc;

use pos_core::kit::{Gate, HeaderProof, is_deeper, is_list, is_object, text_of, value_of};
use pos_core::page::pick_custom;
use pos_core::record::Extra;
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Remember, Trust, Verified, WebhookEvent, WebhookRequest,
    delivery_hash,
};
use pos_core::{Error, Result, Secret, Stream, WebhookVerifier};
use serde_json::value::RawValue;

use crate::answer::{Found, contacts_in};
use crate::fields::Fields;
use crate::model::Subscriber;
use crate::profile::{VENDOR, page_id};
use crate::ticket::TicketRequest;

/// The header that carries the secret unless the host chooses another. ManyChat knows none of its own: every name that is in
/// use was chosen by somebody (C:9).
pub const SECRET_HEADER: &str = "x-webhook-secret";

/// How deep a body may be nested; the vendor's are four levels deep.
const DEPTH: usize = 40;

/// How long the same bytes are the same delivery. The vendor repeats nothing, but a contact may run a flow twice at once.
/// Whoever goes through it again takes longer, and may then say what they said before.
const TWICE: Remember = Remember::Seconds(10);

/// Proves and reads what a page's flows send.
///
/// ManyChat signs nothing. The proof is one or more header fields that the host chose and the merchant typed into the step of
/// the flow: all of them must come, each once, with a value that is expected.
///
/// A contact in a body is a hint to read the contact again. The ticket that it asks for is taken as it comes: the flow may
/// have written it into the body alone, and nothing else keeps it.
///
/// ```
/// use pos_core::Secret;
/// use pos_manychat::Webhooks;
///
/// let hooks = Webhooks::default()
///     .with_header("x-store-id", Secret::new("store-42"))?
///     .with_header("x-webhook-secret", Secret::new("test-secret-f4f1"))?;
/// # Ok::<(), pos_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    proof: HeaderProof,
    gate: Gate,
    fields: Arc<Fields>,
}

impl Webhooks {
    /// A verifier for any of these secrets in [`SECRET_HEADER`]. Blank ones are dropped; without any, nothing is believed.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        secrets.into_iter().fold(Self::default(), Self::with_secret)
    }

    /// One more secret in [`SECRET_HEADER`]. A blank one is not taken.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Self {
        // The name is a header's, so only a blank value is refused.
        drop(self.proof.require(SECRET_HEADER, secret));
        self
    }

    /// Requires a header with this value. The same header again accepts another value, for rotation; another header is
    /// required too. `Authorization` takes its value with the word before it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the name is no header's or the value is blank.
    pub fn with_header(mut self, name: &str, value: impl Into<Secret>) -> Result<Self> {
        self.proof.require(name, value)?;
        Ok(self)
    }

    /// Refuses bodies that name another page than this one. Those that were made by hand may name none.
    #[must_use]
    pub fn with_page(mut self, page: impl Into<String>) -> Self {
        let page = page.into();
        self.gate.tenant = Some(page_id(&page).unwrap_or(page));
        self
    }

    /// What the merchant calls the fields.
    #[must_use]
    pub fn with_fields(mut self, fields: Fields) -> Self {
        self.fields = Arc::new(fields);
        self
    }

    /// The largest body in bytes; 1 MiB without it.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.gate.max_body = bytes;
        self
    }

    pub(crate) fn for_page(
        mut self,
        page: String,
        fields: Arc<Fields>,
        custom_fields: Arc<[String]>,
    ) -> Self {
        self.gate.tenant = Some(page);
        self.gate.custom_fields = custom_fields;
        self.fields = fields;
        self
    }

    /// What the contacts of a proven delivery ask for: what to [decide](crate::decide) on and to answer the flow with, before
    /// anything is worked on. A delivery that names nobody has one request without a contact.
    ///
    /// # Errors
    /// When the body is not what a flow sends, or is of another page.
    pub fn requests(&self, verified: &Verified) -> Result<Vec<TicketRequest>, Refusal> {
        let found = self.open(verified)?;
        let contacts = found.into_iter().filter_map(|found| found.read.ok());
        let asked: Vec<_> = contacts.map(|contact| TicketRequest::of(&contact, &self.fields)).collect();
        Ok(if asked.is_empty() { vec![TicketRequest::default()] } else { asked })
    }

    /// Everybody in a body. It names this page, or none.
    fn open<'v>(&self, verified: &'v Verified) -> Result<Vec<Found<'v>>, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        let text = text_of(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
        if is_deeper(text.as_bytes(), DEPTH) {
            return Err(malformed("it is nested too deeply"));
        }
        let whole = value_of(text.as_bytes()).map_err(|_| malformed("it is not JSON"))?;
        if !is_object(whole) && !is_list(whole) {
            return Err(malformed("it is no JSON object and no list of them"));
        }
        let found = contacts_in(whole, &self.fields);
        let pages = found.iter().filter_map(|found| found.read.as_ref().ok()?.page_id.as_ref());
        self.gate.check_tenant(pages)?;
        Ok(found)
    }

    /// There is no delivery id. Page, contact and time stand in the body, so that its bytes tell deliveries apart; they are
    /// hashed as well because the same body may be sent for another page.
    fn delivery_id(&self, verified: &Verified, found: &[Found<'_>]) -> String {
        let first = found.iter().find_map(|found| found.read.as_ref().ok());
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let page = text(first.and_then(|contact| contact.page_id.as_ref()).or(self.gate.tenant.as_ref()));
        let contact = text(first.and_then(|contact| contact.id.as_ref()));
        let at = first.and_then(Subscriber::interacted_at);
        let at = at.map(|at| at.unix_timestamp().to_string()).unwrap_or_default();
        delivery_hash(&[&page, &contact, &at], &verified.body)
    }

    fn tenant(found: &[Found<'_>]) -> Option<String> {
        found.iter().find_map(|found| found.read.as_ref().ok()?.page_id.clone())
    }

    /// What a contact tells: of the person, and the ticket where there is one.
    fn events(&self, contact: Subscriber, raw: &RawValue, verified: &Verified) -> Vec<WebhookEvent> {
        let Some(id) = contact.id.clone() else { return Vec::new() };
        let mut ticket = TicketRequest::of(&contact, &self.fields).into_record();
        if let Some(ticket) = &mut ticket {
            ticket.created_at = ticket.created_at.or(Some(verified.received_at));
        }
        let custom = self.custom_of(&contact, raw);
        let person = WebhookEvent::new(EventKind::Upsert, Some(Stream::Customers), vec![id])
            .with_record(contact.into_customer(&self.fields, custom))
            .with_refetch();
        let ticket = ticket.map(|ticket| {
            let ids = vec![ticket.id.clone()];
            WebhookEvent::new(EventKind::Upsert, Some(Stream::Tickets), ids).with_record(ticket)
        });
        [Some(person), ticket].into_iter().flatten().collect()
    }

    fn custom_of(&self, contact: &Subscriber, raw: &RawValue) -> Extra {
        let mut custom = pick_custom(raw, &self.gate.custom_fields);
        contact.captioned(&mut custom, &self.gate.custom_fields);
        custom
    }
}

impl WebhookVerifier for Webhooks {
    fn trust(&self) -> Trust {
        Trust::SharedToken
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> std::result::Result<Verified, Refusal> {
        self.gate.check_size(request)?;
        self.proof.check(request)?;
        Ok(Verified::proven(VENDOR, Trust::SharedToken, request))
    }

    fn identify(&self, verified: &Verified) -> std::result::Result<Identified, Refusal> {
        let found = self.open(verified)?;
        Ok(Identified {
            id: self.delivery_id(verified, &found),
            remember: TWICE,
            tenant: Self::tenant(&found),
            topic: None,
        })
    }

    fn parse(&self, verified: &Verified) -> std::result::Result<Delivery, Refusal> {
        let found = self.open(verified)?;
        let mut delivery = Delivery::new(self.delivery_id(verified, &found));
        delivery.tenant = Self::tenant(&found);
        for Found { raw, read } in found {
            match read {
                Ok(contact) => delivery.events.extend(self.events(contact, raw, verified)),
                Err(rejected) => delivery.rejected.push(rejected),
            }
        }
        Ok(delivery)
    }
}

/// A verifier out of the two fields of a form: which header, and its value.
///
/// # Errors
/// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the header has no value, or a name that no header may have.
pub(crate) fn of_settings(header: Option<&str>, secret: Option<Secret>) -> Result<Webhooks> {
    match (header, secret) {
        (None, None) => Ok(Webhooks::default()),
        (header, Some(secret)) => Webhooks::default().with_header(header.unwrap_or(SECRET_HEADER), secret),
        (Some(_), None) => {
            Err(Error::config("ManyChat: webhook_header is named and webhook_secret is blank"))
        }
    }
}
