//! What a vendor's struct must tell so that a record can be made of it.
//!
//! The traits are accessors only and object safe. Vendor structs implement them; so do the records, so that a host can
//! pass either, or rows of its own, as `&dyn Customer`. The rules that hold for every vendor (when a name is a name, who
//! is masked, when a recipient is somebody else) are in the provided `to_record`, once.

use std::borrow::Cow;

use time::{Date, OffsetDateTime};

use crate::record::{
    Address, ContactPoints, Currency, CustomerKind, CustomerRecord, Delivery, DocumentContact, DocumentKind,
    Email, Extra, Fulfilment, Gender, Identity, Line, Money, OrderRecord, OrderStatus, Party, Payment,
    PaymentState, Phone, ProductRecord, Quantity, Reference, StockLevel, Variant, clean, clean_opt,
    read_name,
};

/// A customer of a shop.
pub trait Customer {
    /// The vendor's id.
    fn id(&self) -> Cow<'_, str>;
    /// The name field as it came.
    fn raw_name(&self) -> Option<&str>;
    /// Phones and e-mails, own fields first.
    fn contact_points(&self) -> ContactPoints;
    /// Other ids of the same record.
    fn aliases(&self) -> Vec<String> {
        Vec::new()
    }
    /// The shop's code.
    fn code(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// Whether the vendor marks the record as one that many people share.
    fn is_shared_guest(&self) -> bool {
        false
    }
    /// Person or firm.
    fn kind(&self) -> CustomerKind {
        CustomerKind::Person
    }
    /// Gender.
    fn gender(&self) -> Option<Gender> {
        None
    }
    /// Birthday.
    fn birth_date(&self) -> Option<Date> {
        None
    }
    /// Postal addresses.
    fn addresses(&self) -> Vec<Address> {
        Vec::new()
    }
    /// The firm that the customer stands for.
    fn organization(&self) -> Option<&str> {
        None
    }
    /// Tax code.
    fn tax_code(&self) -> Option<&str> {
        None
    }
    /// Number of an identity card.
    fn identity_number(&self) -> Option<&str> {
        None
    }
    /// Note.
    fn note(&self) -> Option<&str> {
        None
    }
    /// Tags.
    fn tags(&self) -> Vec<String> {
        Vec::new()
    }
    /// Names of groups.
    fn groups(&self) -> Vec<String> {
        Vec::new()
    }
    /// What the vendor says was spent.
    fn spent(&self) -> Option<Money> {
        None
    }
    /// How many orders the vendor counts.
    fn order_count(&self) -> Option<u64> {
        None
    }
    /// Points now.
    fn points(&self) -> Option<Quantity> {
        None
    }
    /// Debt.
    fn debt(&self) -> Option<Money> {
        None
    }
    /// The branch that keeps the customer.
    fn branch_id(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// When it was created.
    fn created_at(&self) -> Option<OffsetDateTime> {
        None
    }
    /// When it last changed.
    fn updated_at(&self) -> Option<OffsetDateTime> {
        None
    }
    /// Whether the vendor deleted it.
    fn deleted(&self) -> bool {
        false
    }
    /// Whether the vendor says that it is a test.
    fn test(&self) -> bool {
        false
    }
    /// Vendor fields that a mapping asked for.
    fn custom(&self) -> Extra {
        Extra::new()
    }

    /// The record that flows on.
    fn to_record(&self) -> CustomerRecord {
        let name = read_name(self.raw_name());
        let mut points = self.contact_points();
        points.heed_name(self.raw_name());
        points.doubt(self.tax_code(), self.identity_number());
        let points = points.sorted();
        let identity = identity(self.is_shared_guest(), &name, &points);
        let mut record = CustomerRecord::default();
        record.id = self.id().into_owned();
        record.aliases = self.aliases();
        record.code = self.code().as_deref().and_then(clean);
        record.name = name.name;
        record.raw_name = name.raw;
        record.identity = identity;
        record.kind = self.kind();
        record.phones = points.phones;
        record.emails = points.emails;
        record.gender = self.gender();
        record.birth_date = self.birth_date();
        record.addresses = self.addresses().into_iter().filter_map(Address::or_none).collect();
        record.organization = clean_opt(self.organization());
        record.tax_code = clean_opt(self.tax_code());
        record.identity_number = clean_opt(self.identity_number());
        record.note = clean_opt(self.note());
        record.tags = cleaned(self.tags());
        record.groups = cleaned(self.groups());
        record.spent = self.spent();
        record.order_count = self.order_count();
        record.points = self.points();
        record.debt = self.debt();
        record.branch_id = self.branch_id().map(Cow::into_owned);
        record.created_at = self.created_at();
        record.updated_at = self.updated_at();
        record.deleted = self.deleted();
        record.test = self.test();
        record.custom = self.custom();
        if identity != Identity::Person {
            for phone in &mut record.phones {
                phone.is_key = false;
            }
            for email in &mut record.emails {
                email.is_key = false;
            }
        }
        record
    }
}

/// Whether somebody may be recognised by name and numbers.
fn identity(shared: bool, name: &crate::record::NameReading, points: &ContactPoints) -> Identity {
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

fn cleaned(texts: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts.iter().filter_map(|text| clean(text)) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
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
    let mut party = Party::default();
    party.identity = identity(false, &name, &points);
    party.id = id;
    party.name = name.name;
    party.raw_name = name.raw;
    party.phones = points.phones;
    party.emails = points.emails;
    party.address = address;
    Some(party)
}

/// The amounts of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// Sum of the lines.
    pub subtotal: Option<Money>,
    /// Discount on the document.
    pub discount: Option<Money>,
    /// Delivery, paid by the buyer.
    pub shipping_fee: Option<Money>,
    /// Tax.
    pub tax: Option<Money>,
    /// What the buyer owes for the document as placed.
    pub total: Option<Money>,
    /// All that came in, before refunds.
    pub paid: Option<Money>,
    /// What was given back.
    pub refunded: Option<Money>,
    /// How much of it was shipping.
    pub refunded_shipping: Option<Money>,
    /// What the goods that came back inside the document were sold for.
    pub returned: Option<Money>,
    /// What is still owed; computed from total and paid when absent.
    pub due: Option<Money>,
    /// The currency.
    pub currency: Currency,
}

/// When things happened to a document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Moments {
    /// Placed.
    pub placed_at: Option<OffsetDateTime>,
    /// The day it was placed, from vendors that give only a date.
    pub placed_on: Option<Date>,
    /// Last changed.
    pub updated_at: Option<OffsetDateTime>,
    /// Done.
    pub completed_at: Option<OffsetDateTime>,
    /// Called off.
    pub cancelled_at: Option<OffsetDateTime>,
}

/// An order, invoice or return.
pub trait Order {
    /// The vendor's id.
    fn id(&self) -> Cow<'_, str>;
    /// Order, invoice or return.
    fn kind(&self) -> DocumentKind;
    /// Where it stands.
    fn status(&self) -> OrderStatus;
    /// Where the money stands.
    fn payment(&self) -> PaymentState;
    /// The amounts.
    fn totals(&self) -> Totals;
    /// When things happened.
    fn moments(&self) -> Moments;
    /// Other names of the same document at the vendor.
    fn aliases(&self) -> Vec<String> {
        Vec::new()
    }
    /// The number that people see.
    fn code(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// The outside reference on it.
    fn reference(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// The order that this invoice settles.
    fn fulfils(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// The document that this return takes back.
    fn returns(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// Where the goods stand.
    fn fulfilment(&self) -> Fulfilment {
        Fulfilment::default()
    }
    /// Who buys.
    fn buyer(&self) -> Option<Party> {
        None
    }
    /// Who receives, whether or not it is the buyer.
    fn recipient(&self) -> Option<Party> {
        None
    }
    /// Numbers on the document itself.
    fn contact(&self) -> Option<DocumentContact> {
        None
    }
    /// Where it was sold.
    fn branch(&self) -> Option<Reference> {
        None
    }
    /// Who sold it.
    fn seller(&self) -> Option<Reference> {
        None
    }
    /// Through what it was sold.
    fn channel(&self) -> Option<Reference> {
        None
    }
    /// The goods.
    fn lines(&self) -> Vec<Line> {
        Vec::new()
    }
    /// Payments.
    fn payments(&self) -> Vec<Payment> {
        Vec::new()
    }
    /// How the goods travel.
    fn delivery(&self) -> Option<Delivery> {
        None
    }
    /// Note.
    fn note(&self) -> Option<&str> {
        None
    }
    /// Tags.
    fn tags(&self) -> Vec<String> {
        Vec::new()
    }
    /// Whether parts are known to lack.
    fn incomplete(&self) -> bool {
        false
    }
    /// Whether the vendor says that it is a test.
    fn test(&self) -> bool {
        false
    }
    /// Vendor fields that a mapping asked for.
    fn custom(&self) -> Extra {
        Extra::new()
    }

    /// The record that flows on. A document without a buyer takes its recipient as the buyer; a recipient who is the
    /// buyer is left out, and numbers that only the recipient's side has are kept on the document. A number that stands in
    /// a name is kept where there is no other.
    fn to_record(&self) -> OrderRecord {
        let totals = self.totals();
        let moments = self.moments();
        let mut contact = self.contact().unwrap_or_default();
        let (mut buyer, mut recipient) = match (self.buyer(), self.recipient()) {
            (Some(mut buyer), Some(recipient)) if buyer.is_same_person(&recipient) => {
                keep_numbers(&mut buyer, &mut contact, recipient);
                (Some(buyer), None)
            }
            (Some(buyer), recipient) => (Some(buyer), recipient),
            (None, recipient) => (recipient, None),
        };
        heed_name(buyer.as_mut(), Some(&contact));
        heed_name(recipient.as_mut(), None);
        let mut record = OrderRecord::new(self.kind(), self.id());
        record.aliases = self.aliases();
        record.code = self.code().as_deref().and_then(clean);
        record.reference = self.reference().as_deref().and_then(clean);
        record.fulfils = self.fulfils().as_deref().and_then(clean);
        record.returns = self.returns().as_deref().and_then(clean);
        record.status = self.status();
        record.payment = self.payment();
        record.fulfilment = self.fulfilment();
        record.placed_at = moments.placed_at;
        record.placed_on = moments.placed_on;
        record.updated_at = moments.updated_at;
        record.completed_at = moments.completed_at;
        record.cancelled_at = moments.cancelled_at;
        record.buyer = buyer;
        record.recipient = recipient;
        record.contact =
            Some(contact).filter(|contact| !contact.phones.is_empty() || !contact.emails.is_empty());
        record.branch = self.branch();
        record.seller = self.seller();
        record.channel = self.channel();
        record.lines = self.lines();
        record.subtotal = totals.subtotal;
        record.discount = totals.discount;
        record.shipping_fee = totals.shipping_fee;
        record.tax = totals.tax;
        record.total = totals.total;
        record.paid = totals.paid;
        record.refunded = totals.refunded;
        record.refunded_shipping = totals.refunded_shipping;
        record.returned = totals.returned;
        record.due = totals.due.or_else(|| Some((totals.total? - totals.paid?).max(Money::ZERO)));
        record.currency = totals.currency;
        record.payments = self.payments();
        record.delivery = self.delivery();
        record.note = clean_opt(self.note());
        record.tags = cleaned(self.tags());
        record.incomplete = self.incomplete();
        record.test = self.test();
        record.custom = self.custom();
        record
    }
}

/// A product or service.
pub trait Product {
    /// The vendor's id.
    fn id(&self) -> Cow<'_, str>;
    /// Name with attributes and unit.
    fn name(&self) -> Option<&str>;
    /// Stock keeping unit.
    fn code(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// Bar code.
    fn barcode(&self) -> Option<&str> {
        None
    }
    /// Category.
    fn category(&self) -> Option<Reference> {
        None
    }
    /// Unit of sale.
    fn unit(&self) -> Option<&str> {
        None
    }
    /// Price.
    fn price(&self) -> Option<Money> {
        None
    }
    /// Cost.
    fn cost(&self) -> Option<Money> {
        None
    }
    /// The currency of both.
    fn currency(&self) -> Currency {
        Currency::VND
    }
    /// Forms that are sold by themselves.
    fn variants(&self) -> Vec<Variant> {
        Vec::new()
    }
    /// Stock by branch.
    fn stock(&self) -> Vec<StockLevel> {
        Vec::new()
    }
    /// Whether it is on sale.
    fn active(&self) -> Option<bool> {
        None
    }
    /// Addresses of pictures.
    fn images(&self) -> Vec<String> {
        Vec::new()
    }
    /// When it was created.
    fn created_at(&self) -> Option<OffsetDateTime> {
        None
    }
    /// When it last changed.
    fn updated_at(&self) -> Option<OffsetDateTime> {
        None
    }
    /// Whether the vendor deleted it.
    fn deleted(&self) -> bool {
        false
    }
    /// Vendor fields that a mapping asked for.
    fn custom(&self) -> Extra {
        Extra::new()
    }

    /// The record that flows on.
    fn to_record(&self) -> ProductRecord {
        let mut record = ProductRecord::default();
        record.id = self.id().into_owned();
        record.code = self.code().as_deref().and_then(clean);
        record.barcode = clean_opt(self.barcode());
        record.name = clean_opt(self.name());
        record.category = self.category();
        record.unit = clean_opt(self.unit());
        record.price = self.price();
        record.cost = self.cost();
        record.currency = self.currency();
        record.variants = self.variants();
        record.stock = self.stock();
        record.active = self.active();
        record.images = self.images();
        record.created_at = self.created_at();
        record.updated_at = self.updated_at();
        record.deleted = self.deleted();
        record.custom = self.custom();
        record
    }
}

impl Customer for CustomerRecord {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn raw_name(&self) -> Option<&str> {
        self.raw_name.as_deref()
    }
    fn contact_points(&self) -> ContactPoints {
        ContactPoints {
            phones: self.phones.clone(),
            emails: self.emails.clone(),
            masked: self.identity == Identity::Masked,
        }
    }
    fn to_record(&self) -> CustomerRecord {
        self.clone()
    }
}

impl Order for OrderRecord {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn kind(&self) -> DocumentKind {
        self.stream
    }
    fn status(&self) -> OrderStatus {
        self.status.clone()
    }
    fn payment(&self) -> PaymentState {
        self.payment.clone()
    }
    fn totals(&self) -> Totals {
        Totals {
            subtotal: self.subtotal,
            discount: self.discount,
            shipping_fee: self.shipping_fee,
            tax: self.tax,
            total: self.total,
            paid: self.paid,
            refunded: self.refunded,
            refunded_shipping: self.refunded_shipping,
            returned: self.returned,
            due: self.due,
            currency: self.currency,
        }
    }
    fn moments(&self) -> Moments {
        Moments {
            placed_at: self.placed_at,
            placed_on: self.placed_on,
            updated_at: self.updated_at,
            completed_at: self.completed_at,
            cancelled_at: self.cancelled_at,
        }
    }
    fn buyer(&self) -> Option<Party> {
        self.buyer.clone()
    }
    fn recipient(&self) -> Option<Party> {
        self.recipient.clone()
    }
    fn lines(&self) -> Vec<Line> {
        self.lines.clone()
    }
    fn to_record(&self) -> OrderRecord {
        self.clone()
    }
}

impl Product for ProductRecord {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn to_record(&self) -> ProductRecord {
        self.clone()
    }
}
