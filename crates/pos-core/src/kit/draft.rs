//! Drafts: records as one vendor tells them, before the rules that hold for every vendor.
//!
//! A draft is made from a wire struct by value, and finished into the record by value: no text is copied on the way.

use crate::debug_only;
use crate::record::{
    Address, ContactPoints, CustomerRecord, DocumentContact, DocumentKind, Email, Extra, Identity, Money,
    NameReading, OrderRecord, Party, Phone, ProductRecord, read_name, tidied, tidy,
};

/// A customer as a vendor tells it.
#[derive(Clone, Default)]
pub struct CustomerDraft {
    /// What goes over as it is. Names, numbers, addresses of mail and the identity come from the members below; texts are
    /// tidied.
    pub record: CustomerRecord,
    /// The name field as it came.
    pub name: Option<String>,
    /// Phones and e-mails, own fields first.
    pub points: ContactPoints,
    /// Whether the vendor marks the record as one that many people share.
    pub shared_guest: bool,
}

debug_only!(CustomerDraft { record, shared_guest });

impl CustomerDraft {
    /// A draft of the customer with this id.
    pub fn new(id: impl Into<String>, custom: Extra) -> Self {
        let mut draft = Self::default();
        draft.record.id = id.into();
        draft.record.custom = custom;
        draft
    }

    /// The record that flows on.
    pub fn finish(self) -> CustomerRecord {
        let Self { mut record, name, mut points, shared_guest } = self;
        let name = tidied(name).map(NameReading::of).unwrap_or_default();
        tidy(&mut record.code);
        tidy(&mut record.organization);
        tidy(&mut record.tax_code);
        tidy(&mut record.identity_number);
        tidy(&mut record.note);
        tidy_all(&mut record.tags);
        tidy_all(&mut record.groups);
        record.addresses = record.addresses.into_iter().filter_map(Address::or_none).collect();
        points.heed_name(name.raw.as_deref());
        points.doubt(record.tax_code.as_deref(), record.identity_number.as_deref());
        let points = points.sorted();
        record.identity = identity(shared_guest, &name, &points);
        record.name = name.name;
        record.raw_name = name.raw;
        record.phones = points.phones;
        record.emails = points.emails;
        if record.identity != Identity::Person {
            record.phones.iter_mut().for_each(|phone| phone.is_key = false);
            record.emails.iter_mut().for_each(|email| email.is_key = false);
        }
        record
    }
}

/// An order, invoice or return as a vendor tells it.
#[derive(Clone, Debug)]
pub struct OrderDraft {
    /// What goes over as it is; texts are tidied.
    pub record: OrderRecord,
}

impl OrderDraft {
    /// A draft of the document with this id.
    pub fn new(kind: DocumentKind, id: impl Into<String>, custom: Extra) -> Self {
        let mut record = OrderRecord::new(kind, id);
        record.custom = custom;
        Self { record }
    }

    /// The record that flows on. A document without a buyer takes its recipient as the buyer; a recipient who is the buyer
    /// is left out, and numbers that only the recipient's side has are kept on the document. A number that stands in a name
    /// is kept where there is no other. What is still owed is told by total and paid where the vendor does not say it.
    pub fn finish(self) -> OrderRecord {
        let Self { mut record } = self;
        let mut contact = record.contact.take().unwrap_or_default();
        (record.buyer, record.recipient) = match (record.buyer.take(), record.recipient.take()) {
            (Some(mut buyer), Some(recipient)) if buyer.is_same_person(&recipient) => {
                keep_numbers(&mut buyer, &mut contact, recipient);
                (Some(buyer), None)
            }
            (Some(buyer), recipient) => (Some(buyer), recipient),
            (None, recipient) => (recipient, None),
        };
        heed_name(record.buyer.as_mut(), Some(&contact));
        heed_name(record.recipient.as_mut(), None);
        record.contact =
            Some(contact).filter(|contact| !contact.phones.is_empty() || !contact.emails.is_empty());
        record.due = record.due.or_else(|| Some((record.total? - record.paid?).max(Money::ZERO)));
        tidy(&mut record.code);
        tidy(&mut record.reference);
        tidy(&mut record.fulfils);
        tidy(&mut record.returns);
        tidy(&mut record.note);
        tidy_all(&mut record.tags);
        record
    }
}

/// A product or service as a vendor tells it.
#[derive(Clone, Debug, Default)]
pub struct ProductDraft {
    /// What goes over as it is; texts are tidied.
    pub record: ProductRecord,
}

impl ProductDraft {
    /// A draft of the product with this id.
    pub fn new(id: impl Into<String>, custom: Extra) -> Self {
        let record = ProductRecord { id: id.into(), custom, ..ProductRecord::default() };
        Self { record }
    }

    /// The record that flows on.
    pub fn finish(self) -> ProductRecord {
        let Self { mut record } = self;
        tidy(&mut record.code);
        tidy(&mut record.barcode);
        tidy(&mut record.name);
        tidy(&mut record.unit);
        record
    }
}

/// Reads one side of a document: the vendor's id if there is one, the name as it came, and the numbers beside it.
///
/// `None` when nothing at all is known.
pub fn party(
    id: Option<String>,
    raw_name: Option<&str>,
    points: ContactPoints,
    address: Option<Address>,
) -> Option<Party> {
    let name = read_name(raw_name);
    let points = points.sorted();
    let address = address.and_then(Address::or_none);
    if id.is_none()
        && name.raw.is_none()
        && points.phones.is_empty()
        && points.emails.is_empty()
        && address.is_none()
    {
        return None;
    }
    let party = Party {
        identity: identity(false, &name, &points),
        id,
        name: name.name,
        raw_name: name.raw,
        phones: points.phones,
        emails: points.emails,
        address,
        ..Party::default()
    };
    Some(party)
}

/// Whether somebody may be recognised by name and numbers.
fn identity(shared: bool, name: &NameReading, points: &ContactPoints) -> Identity {
    if shared {
        return Identity::Nobody;
    }
    match (name.masked || points.masked, points.has_key()) {
        (_, true) => Identity::Person,
        (true, false) => Identity::Masked,
        (false, false) if name.placeholder => Identity::Nobody,
        (false, false) => Identity::Person,
    }
}

/// Keeps the numbers of a recipient who is the buyer where the buyer's side has none: on the buyer's block when it is
/// only a block, else on the document, because a document never writes onto a customer.
fn keep_numbers(buyer: &mut Party, contact: &mut DocumentContact, recipient: Party) {
    let has_phone = |phones: &[Phone]| phones.iter().any(|phone| phone.e164.is_some());
    let has_email = |emails: &[Email]| emails.iter().any(|email| email.address.is_some());
    let lacks_phone = !has_phone(&buyer.phones) && !has_phone(&contact.phones);
    let lacks_email = !has_email(&buyer.emails) && !has_email(&contact.emails);
    let (phones, emails) = match buyer.id {
        Some(_) => (&mut contact.phones, &mut contact.emails),
        None => (&mut buyer.phones, &mut buyer.emails),
    };
    if lacks_phone && has_phone(&recipient.phones) {
        phones.extend(recipient.phones);
    }
    if lacks_email && has_email(&recipient.emails) {
        emails.extend(recipient.emails);
    }
}

/// Keeps the number that stands in the name of a party, where neither the party nor the document has another for it.
/// Nobody's name is nobody's number.
fn heed_name(party: Option<&mut Party>, contact: Option<&DocumentContact>) {
    let Some(party) = party.filter(|party| party.identity != Identity::Nobody) else { return };
    let on_document = contact.iter().flat_map(|contact| &contact.phones).any(|phone| phone.e164.is_some());
    if on_document {
        return;
    }
    let mut points = ContactPoints { phones: std::mem::take(&mut party.phones), ..ContactPoints::default() };
    points.heed_name(party.raw_name.as_deref());
    if points.has_key() && party.identity == Identity::Masked {
        party.identity = Identity::Person;
    }
    party.phones = points.sorted().phones;
}

/// Tidies texts, leaves out blank ones and those that came before.
fn tidy_all(texts: &mut Vec<String>) {
    let mut kept: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts.drain(..) {
        let mut text = Some(text);
        tidy(&mut text);
        kept.extend(text.filter(|text| !kept.contains(text)));
    }
    *texts = kept;
}
