//! Views of what a host has: records, or rows of its own.
//!
//! The traits are accessors only and object safe. The records implement them without losing a member; a host implements
//! them for its own rows, and pushes, matches or merges those as `&dyn Customer`. The rules that hold for every vendor
//! (when a name is a name, who is masked, when a recipient is somebody else) are in the provided `to_record`, as in the
//! drafts that vendors fill in.

use std::borrow::Cow;

use time::{Date, OffsetDateTime};

use crate::connector::{CustomerPush, OrderPush, PushLine};
pub use crate::kit::party;
use crate::kit::{CustomerDraft, OrderDraft, ProductDraft};
use crate::record::{
    Address, ContactPoints, Currency, CustomerKind, CustomerRecord, Delivery, DocumentContact, DocumentKind,
    Extra, Fulfilment, Gender, Identity, Line, Money, OrderRecord, OrderStatus, Party, Payment, PaymentState,
    Phone, ProductRecord, Quantity, Reference, StockLevel, Variant,
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
        let mut draft = CustomerDraft::new(self.id(), self.custom());
        draft.name = self.raw_name().map(str::to_owned);
        draft.points = self.contact_points();
        draft.shared_guest = self.is_shared_guest();
        let record = &mut draft.record;
        record.aliases = self.aliases();
        record.code = self.code().map(Cow::into_owned);
        record.kind = self.kind();
        record.gender = self.gender();
        record.birth_date = self.birth_date();
        record.addresses = self.addresses();
        record.organization = self.organization().map(str::to_owned);
        record.tax_code = self.tax_code().map(str::to_owned);
        record.identity_number = self.identity_number().map(str::to_owned);
        record.note = self.note().map(str::to_owned);
        record.tags = self.tags();
        record.groups = self.groups();
        record.spent = self.spent();
        record.order_count = self.order_count();
        record.points = self.points();
        record.debt = self.debt();
        record.branch_id = self.branch_id().map(Cow::into_owned);
        record.created_at = self.created_at();
        record.updated_at = self.updated_at();
        record.deleted = self.deleted();
        record.test = self.test();
        draft.finish()
    }
}

/// The amounts of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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

    /// The record that flows on, by the rules of [`OrderDraft::finish`].
    fn to_record(&self) -> OrderRecord {
        let totals = self.totals();
        let moments = self.moments();
        let mut draft = OrderDraft::new(self.kind(), self.id(), self.custom());
        let record = &mut draft.record;
        record.aliases = self.aliases();
        record.code = self.code().map(Cow::into_owned);
        record.reference = self.reference().map(Cow::into_owned);
        record.fulfils = self.fulfils().map(Cow::into_owned);
        record.returns = self.returns().map(Cow::into_owned);
        record.status = self.status();
        record.payment = self.payment();
        record.fulfilment = self.fulfilment();
        record.placed_at = moments.placed_at;
        record.placed_on = moments.placed_on;
        record.updated_at = moments.updated_at;
        record.completed_at = moments.completed_at;
        record.cancelled_at = moments.cancelled_at;
        record.buyer = self.buyer();
        record.recipient = self.recipient();
        record.contact = self.contact();
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
        record.due = totals.due;
        record.currency = totals.currency;
        record.payments = self.payments();
        record.delivery = self.delivery();
        record.note = self.note().map(str::to_owned);
        record.tags = self.tags();
        record.incomplete = self.incomplete();
        record.test = self.test();
        draft.finish()
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
        let mut draft = ProductDraft::new(self.id(), self.custom());
        let record = &mut draft.record;
        record.code = self.code().map(Cow::into_owned);
        record.barcode = self.barcode().map(str::to_owned);
        record.name = self.name().map(str::to_owned);
        record.category = self.category();
        record.unit = self.unit().map(str::to_owned);
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
        draft.finish()
    }
}

/// The views of records: every member, so that nothing is lost on the way through a trait object.
mod views {
    use super::*;

    fn text(text: &Option<String>) -> Option<Cow<'_, str>> {
        text.as_deref().map(Cow::Borrowed)
    }

    #[deny(clippy::missing_trait_methods)]
    impl Customer for CustomerRecord {
        fn id(&self) -> Cow<'_, str> {
            Cow::Borrowed(&self.id)
        }
        fn raw_name(&self) -> Option<&str> {
            self.raw_name.as_deref()
        }
        fn contact_points(&self) -> ContactPoints {
            let masked = self.identity == Identity::Masked;
            ContactPoints { phones: self.phones.clone(), emails: self.emails.clone(), masked }
        }
        fn aliases(&self) -> Vec<String> {
            self.aliases.clone()
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            text(&self.code)
        }
        fn is_shared_guest(&self) -> bool {
            self.identity == Identity::Nobody
        }
        fn kind(&self) -> CustomerKind {
            self.kind
        }
        fn gender(&self) -> Option<Gender> {
            self.gender
        }
        fn birth_date(&self) -> Option<Date> {
            self.birth_date
        }
        fn addresses(&self) -> Vec<Address> {
            self.addresses.clone()
        }
        fn organization(&self) -> Option<&str> {
            self.organization.as_deref()
        }
        fn tax_code(&self) -> Option<&str> {
            self.tax_code.as_deref()
        }
        fn identity_number(&self) -> Option<&str> {
            self.identity_number.as_deref()
        }
        fn note(&self) -> Option<&str> {
            self.note.as_deref()
        }
        fn tags(&self) -> Vec<String> {
            self.tags.clone()
        }
        fn groups(&self) -> Vec<String> {
            self.groups.clone()
        }
        fn spent(&self) -> Option<Money> {
            self.spent
        }
        fn order_count(&self) -> Option<u64> {
            self.order_count
        }
        fn points(&self) -> Option<Quantity> {
            self.points
        }
        fn debt(&self) -> Option<Money> {
            self.debt
        }
        fn branch_id(&self) -> Option<Cow<'_, str>> {
            text(&self.branch_id)
        }
        fn created_at(&self) -> Option<OffsetDateTime> {
            self.created_at
        }
        fn updated_at(&self) -> Option<OffsetDateTime> {
            self.updated_at
        }
        fn deleted(&self) -> bool {
            self.deleted
        }
        fn test(&self) -> bool {
            self.test
        }
        fn custom(&self) -> Extra {
            self.custom.clone()
        }
        fn to_record(&self) -> CustomerRecord {
            self.clone()
        }
    }

    #[deny(clippy::missing_trait_methods)]
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
        fn aliases(&self) -> Vec<String> {
            self.aliases.clone()
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            text(&self.code)
        }
        fn reference(&self) -> Option<Cow<'_, str>> {
            text(&self.reference)
        }
        fn fulfils(&self) -> Option<Cow<'_, str>> {
            text(&self.fulfils)
        }
        fn returns(&self) -> Option<Cow<'_, str>> {
            text(&self.returns)
        }
        fn fulfilment(&self) -> Fulfilment {
            self.fulfilment.clone()
        }
        fn buyer(&self) -> Option<Party> {
            self.buyer.clone()
        }
        fn recipient(&self) -> Option<Party> {
            self.recipient.clone()
        }
        fn contact(&self) -> Option<DocumentContact> {
            self.contact.clone()
        }
        fn branch(&self) -> Option<Reference> {
            self.branch.clone()
        }
        fn seller(&self) -> Option<Reference> {
            self.seller.clone()
        }
        fn channel(&self) -> Option<Reference> {
            self.channel.clone()
        }
        fn lines(&self) -> Vec<Line> {
            self.lines.clone()
        }
        fn payments(&self) -> Vec<Payment> {
            self.payments.clone()
        }
        fn delivery(&self) -> Option<Delivery> {
            self.delivery.clone()
        }
        fn note(&self) -> Option<&str> {
            self.note.as_deref()
        }
        fn tags(&self) -> Vec<String> {
            self.tags.clone()
        }
        fn incomplete(&self) -> bool {
            self.incomplete
        }
        fn test(&self) -> bool {
            self.test
        }
        fn custom(&self) -> Extra {
            self.custom.clone()
        }
        fn to_record(&self) -> OrderRecord {
            self.clone()
        }
    }

    #[deny(clippy::missing_trait_methods)]
    impl Product for ProductRecord {
        fn id(&self) -> Cow<'_, str> {
            Cow::Borrowed(&self.id)
        }
        fn name(&self) -> Option<&str> {
            self.name.as_deref()
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            text(&self.code)
        }
        fn barcode(&self) -> Option<&str> {
            self.barcode.as_deref()
        }
        fn category(&self) -> Option<Reference> {
            self.category.clone()
        }
        fn unit(&self) -> Option<&str> {
            self.unit.as_deref()
        }
        fn price(&self) -> Option<Money> {
            self.price
        }
        fn cost(&self) -> Option<Money> {
            self.cost
        }
        fn currency(&self) -> Currency {
            self.currency
        }
        fn variants(&self) -> Vec<Variant> {
            self.variants.clone()
        }
        fn stock(&self) -> Vec<StockLevel> {
            self.stock.clone()
        }
        fn active(&self) -> Option<bool> {
            self.active
        }
        fn images(&self) -> Vec<String> {
            self.images.clone()
        }
        fn created_at(&self) -> Option<OffsetDateTime> {
            self.created_at
        }
        fn updated_at(&self) -> Option<OffsetDateTime> {
            self.updated_at
        }
        fn deleted(&self) -> bool {
            self.deleted
        }
        fn custom(&self) -> Extra {
            self.custom.clone()
        }
        fn to_record(&self) -> ProductRecord {
            self.clone()
        }
    }
}

impl CustomerPush {
    /// A push of a row of the host's own, by the rules that records follow: names that are none, placeholders and numbers
    /// that nobody can dial stay at home. The row's id is the reference; what names groups and branches of the vendor is
    /// the host's to add.
    ///
    /// ```
    /// use std::borrow::Cow;
    /// use pos_core::connector::CustomerPush;
    /// use pos_core::record::{ContactPoints, PhoneSource};
    /// use pos_core::Customer;
    ///
    /// struct Client { id: u64, name: String, mobile: String }
    ///
    /// impl Customer for Client {
    ///     fn id(&self) -> Cow<'_, str> {
    ///         self.id.to_string().into()
    ///     }
    ///     fn raw_name(&self) -> Option<&str> {
    ///         Some(&self.name)
    ///     }
    ///     fn contact_points(&self) -> ContactPoints {
    ///         let mut points = ContactPoints::default();
    ///         points.phone(Some(&self.mobile), PhoneSource::Own);
    ///         points
    ///     }
    /// }
    ///
    /// let client = Client { id: 8841, name: "Phan Gia Huy".into(), mobile: "0911 222 344".into() };
    /// let push = CustomerPush::of(&client);
    /// assert_eq!((push.reference.as_str(), push.phones), ("8841", vec!["+84911222344".to_owned()]));
    /// ```
    pub fn of(customer: &dyn Customer) -> Self {
        let record = customer.to_record();
        Self {
            reference: record.id,
            name: record.name,
            phones: dialled(&record.phones),
            email: record.emails.into_iter().find_map(|email| email.address),
            gender: record.gender,
            birth_date: record.birth_date,
            address: record.addresses.into_iter().next(),
            note: record.note,
            tags: record.tags,
            ..Self::default()
        }
    }
}

/// The numbers that can be dialled, as `+84…`.
fn dialled(phones: &[Phone]) -> Vec<String> {
    phones.iter().filter_map(|phone| phone.e164.map(|number| number.to_string())).collect()
}

impl OrderPush {
    /// A push of an order of the host's own. Its id is the reference; ids of products, branch, seller, channel and buyer are
    /// taken for the vendor's.
    pub fn of(order: &dyn Order) -> Self {
        let record = order.to_record();
        let id = |reference: Option<Reference>| reference.and_then(|reference| reference.id);
        let line = |line: Line| PushLine {
            product_id: line.variant_id.or(line.product_id),
            sku: line.sku,
            name: line.name,
            quantity: line.quantity.unwrap_or_default(),
            unit_price: line.unit_price.unwrap_or_default(),
            discount: line.discount,
        };
        let buyer = record.buyer.map(|buyer| CustomerPush {
            reference: buyer.id.clone().unwrap_or_else(|| record.id.clone()),
            vendor_id: buyer.id,
            name: buyer.name,
            phones: dialled(&buyer.phones),
            email: buyer.emails.into_iter().find_map(|email| email.address),
            address: buyer.address,
            ..CustomerPush::default()
        });
        let recipient = record.recipient.map(|recipient| {
            let mut to = recipient.address.unwrap_or_default();
            to.name = to.name.or(recipient.name);
            to.phone = to.phone.or_else(|| dialled(&recipient.phones).into_iter().next());
            to
        });
        Self {
            reference: record.id,
            created_at: record.placed_at,
            branch_id: id(record.branch),
            seller_id: id(record.seller),
            channel_id: id(record.channel),
            buyer_id: buyer.as_ref().and_then(|buyer| buyer.vendor_id.clone()),
            buyer,
            recipient,
            lines: record.lines.into_iter().map(line).collect(),
            discount: record.discount,
            shipping_fee: record.shipping_fee,
            paid: record.paid,
            payment_method: record.payments.into_iter().find_map(|payment| payment.method),
            note: record.note,
        }
    }
}
