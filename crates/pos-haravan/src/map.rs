//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Guests**: a customer whose e-mail is `guest@haravan.com` is the shop's shared record: `nobody`. So is one without
//!   any name, number and e-mail that could be somebody's.
//! - **Buyer of an order**: the customer; a blank name or number is taken from the billing address, which is the buyer's.
//!   On the guest record a billing address with a number of its own is somebody without a vendor id; anything else is
//!   `nobody`, also behind a masked name: the id that comes along is everybody's.
//! - **Lines**: `unit_price` is `price_original`; the discount is what lies between it and `price`, times the quantity.
//! - **Amounts**: `paid` is capture and sale that are not said to have failed or to be a test; `pending` is an expectation.
//!   A refund is counted once by its id, wherever it is repeated. `total` is `total_price`, which nothing lowers.
//! - **What came back** stands on the lines. The vendor does not say whether a refund gave the shipping fee back, so
//!   `refunded_shipping` stays absent.
//! - **Goods**: handed to a shipment is `shipping`, also while the carrier has not come yet; `restocked` is `returned`. A
//!   carrier's code that nobody explained is no news.
//! - **The only number** of an order is kept wherever it stands: on the order, its addresses or its shipments.
//! - **Products**: price, code and bar code are those of the only variant; with several, the price only if all agree.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use pos_core::entity::{Moments, Totals, party};
use pos_core::lenient;
use pos_core::record::{
    Address, BranchRecord, ContactPoints, Currency, CustomerRecord, Delivery, DocumentContact, DocumentKind,
    Extra, Fulfilment, FulfilmentCategory, Gender, Identity, Line, Money, OrderRecord, OrderStatus, Party,
    Payment, PaymentCategory, PaymentState, Phone, PhoneSource, PlaceCodes, ProductRecord, Quantity,
    Reference, StatusCategory, UserRecord, Variant, clean, clean_opt, read_name,
};
use time::OffsetDateTime;

use crate::model;
use crate::push::REFERENCE;

/// What every vendor struct that becomes a record can do.
pub(crate) trait ToRecord {
    /// The record of the common model.
    type Record;
    /// Makes it.
    fn record(&self) -> Self::Record;
    /// Adds the vendor fields that a mapping asked for.
    fn with_custom(record: Self::Record, custom: Extra) -> Self::Record {
        let _ = custom;
        record
    }
    /// When it last changed.
    fn changed(&self) -> Option<OffsetDateTime> {
        None
    }
    /// The latest instant that it tells of: it was written then, or later.
    fn latest(&self) -> Option<OffsetDateTime> {
        self.changed()
    }
}

/// The system of Haravan's place codes.
pub(crate) const PLACES: &str = "haravan";

/// A customer shows at most ten addresses (D), and nobody has more tags than this.
const MOST_ADDRESSES: usize = 50;
const MOST_TAGS: usize = 250;

/// The shared record of walk-ins and marketplaces.
const GUEST: &str = "guest@haravan.com";

/// An id of another object; 0 and below point nowhere.
fn link(id: Option<i64>) -> Option<String> {
    id.filter(|id| *id > 0).map(|id| id.to_string())
}

/// Tags, joined by commas.
pub(crate) fn split_tags(tags: Option<&str>) -> Vec<String> {
    tags.unwrap_or_default().split(',').filter_map(clean).take(MOST_TAGS).collect()
}

/// Family name, then given name.
fn full_name(last: Option<&str>, first: Option<&str>) -> Option<String> {
    clean(&format!("{} {}", last.unwrap_or_default(), first.unwrap_or_default()))
}

/// A name that says something: dashes alone do not.
fn spoken(name: Option<String>) -> Option<String> {
    name.filter(|name| name.chars().any(|letter| letter.is_alphanumeric() || letter == '*'))
}

fn is_guest(email: Option<&str>) -> bool {
    email.is_some_and(|email| email.trim().eq_ignore_ascii_case(GUEST))
}

/// `Partially_Paid`, `partially paid`, `partiallypaid`: letter case, underscores and blanks mean nothing.
fn plain(text: Option<&str>) -> String {
    text.unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn region(code: Option<&str>) -> String {
    let code = code.unwrap_or_default().trim();
    if code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic()) {
        code.to_ascii_uppercase()
    } else {
        "VN".into()
    }
}

impl model::Address {
    fn full_name(&self) -> Option<String> {
        self.name
            .as_deref()
            .and_then(clean)
            .or_else(|| full_name(self.last_name.as_deref(), self.first_name.as_deref()))
    }

    fn call(&self, points: &mut ContactPoints, source: PhoneSource) {
        points.phone_in(self.phone.as_deref(), source, &region(self.country_code.as_deref()));
    }

    fn place(&self) -> Option<Address> {
        let mut address = Address::default();
        address.is_default = self.default == Some(true);
        address.name = spoken(self.full_name());
        address.phone = clean_opt(self.phone.as_deref());
        address.street = joined(&[&self.address1, &self.address2]);
        address.ward = clean_opt(self.ward.as_deref());
        address.district = clean_opt(self.district.as_deref());
        address.province = clean_opt(self.province.as_deref()).or_else(|| clean_opt(self.city.as_deref()));
        let codes = PlaceCodes::new(
            self.province_code.as_deref(),
            self.district_code.as_deref(),
            self.ward_code.as_deref(),
        );
        let mut address = address.with_codes(PLACES, codes);
        // A country alone is no address: the vendor writes it on blank ones.
        let is_blank = address.is_blank();
        address.country =
            clean_opt(self.country.as_deref()).or_else(|| clean_opt(self.country_name.as_deref()));
        (!is_blank).then_some(address)
    }
}

fn joined(parts: &[&Option<String>]) -> Option<String> {
    let parts: Vec<String> = parts.iter().filter_map(|part| clean_opt(part.as_deref())).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

impl model::Customer {
    pub(crate) fn full_name(&self) -> Option<String> {
        full_name(self.last_name.as_deref(), self.first_name.as_deref())
    }

    fn points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        if let Some(default) = &self.default_address {
            default.call(&mut points, PhoneSource::DefaultAddress);
        }
        for address in self.addresses.iter().take(MOST_ADDRESSES) {
            let is_default = address.default == Some(true) && self.default_address.is_none();
            address.call(
                &mut points,
                if is_default { PhoneSource::DefaultAddress } else { PhoneSource::Address },
            );
        }
        points.email(self.email.as_deref());
        points
    }

    /// The record that anonymous and marketplace orders hang on, or one that nobody could be recognised by.
    pub(crate) fn is_guest(&self) -> bool {
        if is_guest(self.email.as_deref()) {
            return true;
        }
        let points = self.points();
        let reachable =
            points.has_key() || points.phones.iter().any(|phone| phone.e164.is_some()) || points.masked;
        !reachable && spoken(self.full_name()).is_none()
    }

    fn address(&self) -> Option<Address> {
        self.default_address.as_ref().and_then(|address| address.place())
    }
}

impl pos_core::Customer for model::Customer {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    /// The vendor keeps the name in two parts: this is the given one. The record has both, family name first.
    fn raw_name(&self) -> Option<&str> {
        self.first_name.as_deref()
    }
    fn contact_points(&self) -> ContactPoints {
        self.points()
    }
    fn is_shared_guest(&self) -> bool {
        self.is_guest()
    }
    fn gender(&self) -> Option<Gender> {
        match self.gender {
            Some(1) => Some(Gender::Male),
            Some(0) => Some(Gender::Female),
            _ => None,
        }
    }
    fn birth_date(&self) -> Option<time::Date> {
        // Midnight in UTC and midnight in Viet Nam both fall on the right day there.
        self.birthday.and_then(lenient::date_in_vietnam).filter(|date| date.year() > 1)
    }
    fn addresses(&self) -> Vec<Address> {
        let with_id = |from: &model::Address| {
            let mut address = from.place()?;
            address.id = link(from.id);
            Some(address)
        };
        let mut addresses: Vec<Address> =
            self.addresses.iter().take(MOST_ADDRESSES).filter_map(with_id).collect();
        if let Some(default) = &self.default_address
            && let Some(mut address) = with_id(default)
        {
            match addresses.iter_mut().find(|known| known.id.is_some() && known.id == address.id) {
                Some(known) => known.is_default = true,
                None => {
                    address.is_default = true;
                    addresses.push(address);
                }
            }
        }
        addresses.sort_by_key(|address| !address.is_default);
        addresses
    }
    fn organization(&self) -> Option<&str> {
        self.default_address.as_ref().and_then(|address| address.company.as_deref())
    }
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
    fn tags(&self) -> Vec<String> {
        split_tags(self.tags.as_deref())
    }
    fn groups(&self) -> Vec<String> {
        self.group_name.clone().into_iter().collect()
    }
    fn spent(&self) -> Option<Money> {
        self.total_spent
    }
    fn order_count(&self) -> Option<u64> {
        self.orders_count.and_then(|count| u64::try_from(count).ok())
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.created_at
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }
    fn to_record(&self) -> CustomerRecord {
        Named { customer: self, name: self.full_name() }.to_record()
    }
}

/// A customer with the whole name in one text.
struct Named<'a> {
    customer: &'a model::Customer,
    name: Option<String>,
}

macro_rules! forward {
    ($($name:ident -> $type:ty),* $(,)?) => {
        $(fn $name(&self) -> $type { pos_core::Customer::$name(self.customer) })*
    };
}

impl pos_core::Customer for Named<'_> {
    fn raw_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn organization(&self) -> Option<&str> {
        pos_core::Customer::organization(self.customer)
    }
    fn note(&self) -> Option<&str> {
        pos_core::Customer::note(self.customer)
    }
    fn id(&self) -> Cow<'_, str> {
        pos_core::Customer::id(self.customer)
    }
    forward!(
        contact_points -> ContactPoints, is_shared_guest -> bool, gender -> Option<Gender>,
        birth_date -> Option<time::Date>, addresses -> Vec<Address>, tags -> Vec<String>, groups -> Vec<String>,
        spent -> Option<Money>, order_count -> Option<u64>, created_at -> Option<OffsetDateTime>,
        updated_at -> Option<OffsetDateTime>,
    );
}

/// Where one shipment is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// The carrier says nothing, or what nobody explained.
    Silent,
    OnTheWay,
    Delivered,
    Missed,
    Returning,
    Returned,
}

impl model::Fulfillment {
    fn is_live(&self) -> bool {
        let dead = |text: Option<&str>| {
            matches!(plain(text).as_str(), "cancel" | "cancelled" | "canceled" | "error" | "failure")
        };
        !dead(self.status.as_deref())
            && !dead(self.carrier_status_code.as_deref())
            && self.cancel_date.is_none()
    }

    fn carried(&self) -> Carried {
        match plain(self.carrier_status_code.as_deref()).as_str() {
            "readytopick" | "picking" | "delivering" => Carried::OnTheWay,
            "delivered" => Carried::Delivered,
            "notmeetcustomer" => Carried::Missed,
            "waitingforreturn" => Carried::Returning,
            "return" | "returned" => Carried::Returned,
            _ if self.delivered_date.is_some() => Carried::Delivered,
            _ => Carried::Silent,
        }
    }
}

/// What is known about the whole of an order before its category.
struct Standing {
    cancelled: bool,
    carried: Vec<Carried>,
    money: String,
    goods: String,
}

impl Standing {
    fn all(&self, test: impl Fn(Carried) -> bool) -> bool {
        !self.carried.is_empty() && self.carried.iter().all(|one| test(*one))
    }
}

/// One movement of money, known by its id, or by what it says when it has none.
#[derive(PartialEq, Eq, Hash)]
enum Movement {
    Known(i64),
    Told(Option<Money>, Option<OffsetDateTime>),
}

impl model::Transaction {
    fn movement(&self) -> Movement {
        match self.id.filter(|id| *id > 0) {
            Some(id) => Movement::Known(id),
            None => Movement::Told(self.amount.map(Money::abs), self.created_at),
        }
    }

    /// Whether money moved: only what is known to say so does.
    fn is_valid(&self) -> bool {
        let status = plain(self.status.as_deref());
        let done = matches!(status.as_str(), "" | "success" | "succeeded" | "thànhcông" | "thanhcong");
        done && self.test != Some(true)
    }
}

impl model::Order {
    fn is_open(text: Option<&str>, word: &str) -> bool {
        plain(text) == word
    }

    fn live(&self) -> impl Iterator<Item = &model::Fulfillment> {
        self.fulfillments.iter().filter(|one| one.is_live())
    }

    fn standing(&self) -> Standing {
        Standing {
            cancelled: self.cancelled_at.is_some()
                || Self::is_open(self.cancelled_status.as_deref(), "cancelled"),
            carried: self.live().map(model::Fulfillment::carried).collect(),
            money: plain(self.financial_status.as_deref()),
            goods: plain(self.fulfillment_status.as_deref()),
        }
    }

    /// What the states add up to, with the raw text that decided.
    fn category(&self) -> (StatusCategory, Option<String>) {
        use StatusCategory::{Cancelled, Completed, Confirmed, Pending, Returned, Shipping};
        let standing = self.standing();
        let carrier = || self.live().find_map(|one| clean_opt(one.carrier_status_code.as_deref()));
        let goods = || clean_opt(self.fulfillment_status.as_deref());
        let fulfilled = standing.goods == "fulfilled";
        if standing.cancelled {
            return (
                Cancelled,
                clean_opt(self.cancelled_status.as_deref()).or_else(|| Some("cancelled".into())),
            );
        }
        if standing.money == "refunded" {
            return (Returned, clean_opt(self.financial_status.as_deref()));
        }
        if standing.all(|one| matches!(one, Carried::Returning | Carried::Returned)) {
            return (Returned, carrier());
        }
        if self.closed_at.is_some() || Self::is_open(self.closed_status.as_deref(), "closed") {
            return (Completed, clean_opt(self.closed_status.as_deref()).or_else(|| Some("closed".into())));
        }
        if fulfilled && standing.all(|one| one == Carried::Delivered) {
            return (Completed, carrier().or_else(goods));
        }
        let settled = standing.carried.iter().all(|one| matches!(one, Carried::Silent | Carried::Delivered));
        let was_paid = matches!(standing.money.as_str(), "paid" | "partiallyrefunded");
        if fulfilled && settled && was_paid {
            return (Completed, goods());
        }
        if !standing.carried.is_empty() || fulfilled || standing.goods == "partial" {
            return (Shipping, carrier().or_else(goods));
        }
        if self.confirmed_at.is_some() || Self::is_open(self.confirmed_status.as_deref(), "confirmed") {
            return (
                Confirmed,
                clean_opt(self.confirmed_status.as_deref()).or_else(|| Some("confirmed".into())),
            );
        }
        (Pending, clean_opt(self.confirmed_status.as_deref()))
    }

    /// Whether the order hangs on the shared record. A customer without anything is nobody too, unless the billing address
    /// says more.
    fn guest_customer(&self) -> bool {
        match &self.customer {
            Some(customer) if is_guest(customer.email.as_deref()) => true,
            Some(customer) => {
                customer.is_guest()
                    && self.billing_name().is_none()
                    && !self.billing_points(PhoneSource::Own).phones.iter().any(|phone| phone.e164.is_some())
            }
            None => is_guest(self.email.as_deref()) || is_guest(self.contact_email.as_deref()),
        }
    }

    fn billing_name(&self) -> Option<String> {
        spoken(self.billing_address.as_ref()?.full_name())
    }

    fn order_emails(&self, points: &mut ContactPoints) {
        points.email(self.email.as_deref());
        points.email(self.contact_email.as_deref());
    }

    fn billing_points(&self, source: PhoneSource) -> ContactPoints {
        let mut points = ContactPoints::default();
        if let Some(billing) = &self.billing_address {
            billing.call(&mut points, source);
        }
        points
    }

    fn customer_id(&self) -> Option<String> {
        link(self.customer.as_ref().map(|customer| customer.id))
    }

    fn billing_place(&self) -> Option<Address> {
        let mut address = self.billing_address.as_ref()?.place()?;
        address.is_default = false;
        Some(address)
    }

    /// Anonymous and marketplace orders hang on the guest record; a billing address with a number is somebody all the same.
    fn guest_buyer(&self) -> Option<Party> {
        let mut points = self.billing_points(PhoneSource::Own);
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.heed_name(self.billing_name().as_deref());
        if points.has_key() {
            return party(None, self.billing_name().as_deref(), points, self.billing_place());
        }
        let id = self.customer_id();
        let id = id.or_else(|| link(self.billing_address.as_ref().and_then(|billing| billing.id)));
        let name = self
            .customer
            .as_ref()
            .and_then(|customer| spoken(customer.full_name()))
            .or_else(|| self.billing_name());
        let mut emails = points;
        emails.email(self.customer.as_ref().and_then(|customer| customer.email.as_deref()));
        let mut nobody = party(id, name.as_deref(), emails, self.billing_place())?;
        nobody.identity = Identity::Nobody;
        for phone in &mut nobody.phones {
            phone.is_key = false;
        }
        for email in &mut nobody.emails {
            email.is_key = false;
        }
        Some(nobody)
    }

    fn recipient_party(&self) -> Option<Party> {
        let shipping = self.shipping_address.as_ref()?;
        let mut points = ContactPoints::default();
        shipping.call(&mut points, PhoneSource::Own);
        party(None, spoken(shipping.full_name()).as_deref(), points, shipping.place())
    }

    fn is_marketplace(&self) -> bool {
        let mark = |attributes: &[model::NoteAttribute]| {
            attributes
                .iter()
                .filter_map(|one| one.name.as_deref())
                .any(|name| name.starts_with("X-Haravan-SalesChannel-"))
        };
        let markets = ["shopee", "lazada", "tiki", "tiktok", "tiktokshop", "sendo"];
        markets.contains(&plain(self.channel_code()).as_str())
            || mark(&self.note_attributes)
            || self.line_items.iter().flatten().any(|line| mark(&line.properties))
    }

    fn channel_code(&self) -> Option<&str> {
        self.source_name.as_deref().or(self.source.as_deref())
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.note_attributes.iter().find(|one| one.name.as_deref() == Some(name))?.value.as_deref()
    }

    /// Our own reference, when we pushed the order.
    pub(crate) fn own_reference(&self) -> Option<&str> {
        self.attribute(REFERENCE)
    }

    fn received(&self) -> impl Iterator<Item = &model::Transaction> {
        let transactions = self.transactions.as_deref().unwrap_or_default();
        transactions.iter().filter(|one| matches!(plain(one.kind.as_deref()).as_str(), "capture" | "sale"))
    }

    /// All that came in; an order that is called paid and names no payment was paid in full, and of one that was refunded
    /// nobody can tell.
    fn paid(&self) -> Option<Money> {
        if self.received().next().is_none() {
            match plain(self.financial_status.as_deref()).as_str() {
                "paid" => return self.total_price,
                "partiallyrefunded" | "refunded" => return None,
                _ => {}
            }
        }
        let sum = self.received().filter(|one| one.is_valid()).filter_map(|one| one.amount).sum::<Money>();
        self.transactions.as_ref().map(|_| sum)
    }

    /// Refunds are repeated in two lists: each id counts once.
    fn refunded(&self) -> Option<Money> {
        if self.transactions.is_none() && self.refunds.is_none() {
            return None;
        }
        let in_refunds = self.refunds.iter().flatten().flat_map(|refund| &refund.transactions);
        let mut known = HashSet::new();
        let once = self.transactions.iter().flatten().chain(in_refunds).filter(|one| {
            plain(one.kind.as_deref()) == "refund" && one.is_valid() && known.insert(one.movement())
        });
        Some(once.filter_map(|one| one.amount).map(Money::abs).sum())
    }

    /// How many pieces of each line came back.
    fn came_back(&self) -> HashMap<i64, Quantity> {
        let mut known = HashSet::new();
        let mut back: HashMap<i64, Quantity> = HashMap::new();
        for row in self.refunds.iter().flatten().flat_map(|refund| &refund.refund_line_items) {
            let is_new = row.id.is_none_or(|id| id <= 0 || known.insert(id));
            if let (true, Some(line), Some(quantity)) =
                (is_new, row.line_item_id.filter(|id| *id > 0), row.quantity)
            {
                let sum = back.entry(line).or_default();
                *sum += quantity;
            }
        }
        back
    }

    fn shipping_fee(&self) -> Option<Money> {
        let fees: Vec<Money> = self.shipping_lines.iter().filter_map(|line| line.price).collect();
        (!fees.is_empty()).then(|| fees.into_iter().sum())
    }

    fn latest_told(&self) -> Option<OffsetDateTime> {
        let money = self.transactions.iter().flatten().map(|one| one.created_at);
        let back = self.refunds.iter().flatten().map(|one| one.created_at);
        let goods =
            self.fulfillments.iter().flat_map(|one| [one.created_at, one.updated_at, one.delivered_date]);
        let own = [self.created_at, self.updated_at, self.cancelled_at, self.closed_at, self.confirmed_at];
        own.into_iter().chain(money).chain(back).chain(goods).flatten().max()
    }

    fn line(from: &model::Line, back: &HashMap<i64, Quantity>) -> Line {
        let mut line = Line::default();
        let original = from.price_original.filter(|original| !original.is_zero());
        let original = original.or_else(|| Some(from.price? + from.total_discount.unwrap_or(Money::ZERO)));
        let unit_discount =
            original.zip(from.price).map(|(original, price)| (original - price).max(Money::ZERO));
        // A price above the original one is the price.
        line.unit_price = original.max(from.price);
        line.id = link(from.id);
        line.product_id = link(from.product_id);
        line.variant_id = link(from.variant_id);
        line.sku = clean_opt(from.sku.as_deref());
        line.name = match from.variant_title.as_deref() {
            Some("Default Title") => clean_opt(from.title.as_deref()),
            _ => clean_opt(from.name.as_deref()),
        }
        .or_else(|| clean_opt(from.title.as_deref()))
        .or_else(|| clean_opt(from.name.as_deref()));
        line.quantity = from.quantity;
        line.returned_quantity = from.id.and_then(|id| back.get(&id)).copied();
        line.discount = unit_discount.zip(from.quantity).map(|(unit, quantity)| unit.times(quantity));
        line.total = from.price.zip(from.quantity).map(|(price, quantity)| price.times(quantity));
        line
    }
}

impl pos_core::Order for model::Order {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Order
    }
    fn status(&self) -> OrderStatus {
        let (category, code) = self.category();
        let label = self.live().find_map(|one| clean_opt(one.carrier_status_name.as_deref()));
        let shipped = matches!(
            category,
            StatusCategory::Shipping | StatusCategory::Returned | StatusCategory::Completed
        );
        let mut status = OrderStatus::new(category, code, label.filter(|_| shipped));
        if category == StatusCategory::Cancelled {
            status.reason = clean_opt(self.cancel_reason.as_deref());
        }
        status
    }
    fn payment(&self) -> PaymentState {
        use PaymentCategory::{Paid, PartiallyPaid, PartiallyRefunded, Refunded, Unknown, Unpaid, Voided};
        let category = match plain(self.financial_status.as_deref()).as_str() {
            "" => return PaymentState::from_amounts(self.total_price, self.paid()),
            "pending" | "authorized" | "unpaid" => Unpaid,
            "partiallypaid" => PartiallyPaid,
            "paid" => Paid,
            "partiallyrefunded" => PartiallyRefunded,
            "refunded" => Refunded,
            "voided" => Voided,
            _ => Unknown,
        };
        PaymentState::new(category, clean_opt(self.financial_status.as_deref()))
    }
    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.subtotal = self.subtotal_price.or(self.total_line_items_price);
        totals.discount = self.total_discounts;
        totals.shipping_fee = self.shipping_fee();
        totals.tax = self.total_tax;
        totals.total = self.total_price;
        totals.paid = self.paid();
        totals.refunded = self.refunded();
        totals.currency =
            self.currency.as_deref().and_then(|code| code.parse().ok()).unwrap_or(Currency::VND);
        totals
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.created_at;
        moments.updated_at = self.updated_at;
        moments.cancelled_at = self.cancelled_at;
        if self.category().0 == StatusCategory::Completed {
            let delivered = || self.live().filter_map(|one| one.delivered_date).max();
            moments.completed_at = self.closed_at.or(self.complete_at).or_else(delivered);
        }
        moments
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.name.as_deref().or(self.order_number.as_deref()).map(Cow::Borrowed)
    }
    fn reference(&self) -> Option<Cow<'_, str>> {
        self.own_reference()
            .or_else(|| self.name.as_deref().filter(|_| self.is_marketplace()))
            .map(Cow::Borrowed)
    }
    fn fulfilment(&self) -> Fulfilment {
        use FulfilmentCategory::{
            Delivered, Failed, Partial, Returned, Returning, Shipping, Unfulfilled, Unknown,
        };
        let standing = self.standing();
        let category = match standing.goods.as_str() {
            "" | "notfulfilled" | "unfulfilled" | "unshipped" if standing.carried.is_empty() => Unfulfilled,
            "restocked" | "restock" => Returned,
            "partial" => Partial,
            "" | "notfulfilled" | "unfulfilled" | "unshipped" | "fulfilled" | "shipped" => {
                if standing.all(|one| one == Carried::Delivered) {
                    Delivered
                } else if standing.all(|one| one == Carried::Returned) {
                    Returned
                } else if standing.all(|one| matches!(one, Carried::Returned | Carried::Returning)) {
                    Returning
                } else if standing.all(|one| one == Carried::Missed) {
                    Failed
                } else if self.category().0 == StatusCategory::Completed {
                    Delivered
                } else {
                    Shipping
                }
            }
            _ => Unknown,
        };
        Fulfilment::new(category, clean_opt(self.fulfillment_status.as_deref()))
    }
    fn buyer(&self) -> Option<Party> {
        if self.guest_customer() {
            return self.guest_buyer();
        }
        match &self.customer {
            Some(customer) => {
                let mut points = ContactPoints::default();
                points.phone(customer.phone.as_deref(), PhoneSource::Own);
                let has_own = points.has_key();
                if !has_own && let Some(billing) = &self.billing_address {
                    billing.call(&mut points, PhoneSource::DefaultAddress);
                }
                // What the customer has beside it stays behind the number for this order.
                for phone in customer.points().phones {
                    let same = |known: &Phone| match phone.e164 {
                        Some(number) => known.e164 == Some(number),
                        None => known.raw == phone.raw,
                    };
                    if !points.phones.iter().any(same) {
                        points.phones.push(phone);
                    }
                }
                points.email(customer.email.as_deref());
                let name = spoken(customer.full_name())
                    .or_else(|| self.billing_name())
                    .or_else(|| customer.full_name());
                let address = self.billing_place().or_else(|| customer.address());
                party(self.customer_id(), name.as_deref(), points, address)
            }
            None => {
                let mut points = self.billing_points(PhoneSource::Own);
                let name = self.billing_name();
                let address = self.billing_place();
                let billing_id = link(self.billing_address.as_ref().and_then(|billing| billing.id));
                let is_blank = billing_id.is_none() && name.is_none() && points.phones.is_empty();
                points.phone(self.phone.as_deref(), PhoneSource::Own);
                self.order_emails(&mut points);
                if is_blank && let Some(shipping) = self.shipping_address.as_ref() {
                    shipping.call(&mut points, PhoneSource::Own);
                    return party(None, spoken(shipping.full_name()).as_deref(), points, shipping.place());
                }
                party(billing_id, name.as_deref(), points, address)
            }
        }
    }
    fn recipient(&self) -> Option<Party> {
        self.recipient_party()
    }
    /// What this order says beside the buyer: never written onto the customer.
    fn contact(&self) -> Option<DocumentContact> {
        let buyer = self.buyer();
        let known: HashSet<_> =
            buyer.iter().flat_map(|buyer| &buyer.phones).filter_map(|phone| phone.e164).collect();
        let mails: HashSet<_> =
            buyer.iter().flat_map(|buyer| &buyer.emails).filter_map(|email| email.address.clone()).collect();
        let mut points = self.billing_points(PhoneSource::Own);
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        self.order_emails(&mut points);
        // The number that the carrier calls, when it is the only one.
        let has_number = |points: &ContactPoints| points.phones.iter().any(|phone| phone.e164.is_some());
        let elsewhere =
            self.recipient_party().is_some_and(|to| to.phones.iter().any(|phone| phone.e164.is_some()));
        if known.is_empty() && !has_number(&points) && !elsewhere {
            for shipment in self.fulfillments.iter().take(MOST_ADDRESSES) {
                points.phone(shipment.shipping_phone.as_deref(), PhoneSource::Own);
            }
        }
        let mut contact = DocumentContact::default();
        contact.phones = points
            .phones
            .into_iter()
            .filter(|phone| phone.e164.is_some_and(|number| !known.contains(&number)))
            .collect();
        contact.emails = points
            .emails
            .into_iter()
            .filter(|email| {
                email.is_key && email.address.as_ref().is_some_and(|address| !mails.contains(address))
            })
            .collect();
        Some(contact)
    }
    fn branch(&self) -> Option<Reference> {
        Reference::of(link(self.location_id), None, clean_opt(self.location_name.as_deref()))
    }
    fn seller(&self) -> Option<Reference> {
        Reference::of(link(self.user_id), None, None)
    }
    fn channel(&self) -> Option<Reference> {
        let id = self.attribute("X-Haravan-SalesChannel-BranchId").and_then(clean);
        let name = self.attribute("X-Haravan-SalesChannel-BranchName").and_then(clean);
        Reference::of(id, self.channel_code().and_then(clean), name)
    }
    fn lines(&self) -> Vec<Line> {
        let back = self.came_back();
        self.line_items.iter().flatten().map(|line| Self::line(line, &back)).collect()
    }
    fn payments(&self) -> Vec<Payment> {
        let payment = |from: &model::Transaction| {
            let mut payment = Payment::default();
            payment.id = link(from.id);
            payment.method = clean_opt(from.gateway.as_deref());
            payment.amount = from.amount;
            payment.paid_at = from.created_at;
            payment.valid = from.is_valid();
            payment
        };
        self.received().map(payment).collect()
    }
    fn delivery(&self) -> Option<Delivery> {
        let address = self.shipping_address.as_ref().and_then(|address| address.place());
        let shipment = self.live().last().or_else(|| self.fulfillments.last());
        if shipment.is_none() && address.is_none() {
            return None;
        }
        let mut delivery = Delivery::default();
        delivery.address = address;
        if let Some(from) = shipment {
            delivery.code = clean_opt(from.tracking_number.as_deref());
            delivery.carrier = clean_opt(from.tracking_company.as_deref());
            delivery.fee = from.real_shipping_fee;
            delivery.cod = from.cod_amount;
            delivery.status = clean_opt(from.carrier_status_name.as_deref())
                .or_else(|| clean_opt(from.carrier_status_code.as_deref()));
        }
        Some(delivery)
    }
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
    fn tags(&self) -> Vec<String> {
        split_tags(self.tags.as_deref())
    }
    fn incomplete(&self) -> bool {
        self.line_items.is_none() || self.total_price.is_none()
    }
}

impl pos_core::Product for model::Product {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn name(&self) -> Option<&str> {
        self.title.as_deref()
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.only_variant()?.sku.as_deref().map(Cow::Borrowed)
    }
    fn barcode(&self) -> Option<&str> {
        self.only_variant()?.barcode.as_deref()
    }
    fn category(&self) -> Option<Reference> {
        Reference::of(None, None, clean_opt(self.product_type.as_deref()))
    }
    fn price(&self) -> Option<Money> {
        let first = self.variants.first()?.price?;
        self.variants.iter().all(|variant| variant.price == Some(first)).then_some(first)
    }
    fn variants(&self) -> Vec<Variant> {
        let variant = |from: &model::Variant| {
            let mut variant = Variant::default();
            variant.id = link(from.id)?;
            variant.sku = clean_opt(from.sku.as_deref());
            variant.barcode = clean_opt(from.barcode.as_deref());
            variant.name = clean_opt(from.title.as_deref()).filter(|title| title != "Default Title");
            variant.price = from.price;
            Some(variant)
        };
        self.variants.iter().filter_map(variant).collect()
    }
    fn active(&self) -> Option<bool> {
        Some(self.published_at.is_some())
    }
    fn images(&self) -> Vec<String> {
        self.images.iter().filter_map(|image| clean_opt(image.src.as_deref())).collect()
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.created_at
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }
}

impl model::Product {
    fn only_variant(&self) -> Option<&model::Variant> {
        match self.variants.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl ToRecord for model::Customer {
    type Record = CustomerRecord;
    fn record(&self) -> CustomerRecord {
        pos_core::Customer::to_record(self)
    }
    fn with_custom(mut record: CustomerRecord, custom: Extra) -> CustomerRecord {
        record.custom = custom;
        record
    }
    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at.or(self.created_at)
    }
}

impl ToRecord for model::Order {
    type Record = OrderRecord;
    fn record(&self) -> OrderRecord {
        let mut record = pos_core::Order::to_record(self);
        // Who receives what nobody bought is somebody else.
        let nobody = record.buyer.as_ref().is_some_and(|buyer| buyer.identity == Identity::Nobody);
        if nobody && record.recipient.is_none() {
            record.recipient =
                self.recipient_party().filter(|recipient| recipient.phones.iter().any(|phone| phone.is_key));
            let theirs: Vec<_> =
                record.recipient.iter().flat_map(|to| &to.phones).filter_map(|phone| phone.e164).collect();
            if let Some(contact) = &mut record.contact {
                contact.phones.retain(|phone| phone.e164.is_none_or(|number| !theirs.contains(&number)));
            }
            record.contact =
                record.contact.filter(|contact| !contact.phones.is_empty() || !contact.emails.is_empty());
        }
        record
    }
    fn with_custom(mut record: OrderRecord, custom: Extra) -> OrderRecord {
        record.custom = custom;
        record
    }
    fn latest(&self) -> Option<OffsetDateTime> {
        self.latest_told()
    }
    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at.or(self.created_at)
    }
}

impl ToRecord for model::Product {
    type Record = ProductRecord;
    fn record(&self) -> ProductRecord {
        pos_core::Product::to_record(self)
    }
    fn with_custom(mut record: ProductRecord, custom: Extra) -> ProductRecord {
        record.custom = custom;
        record
    }
    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at.or(self.created_at)
    }
}

impl ToRecord for model::Location {
    type Record = BranchRecord;
    fn record(&self) -> BranchRecord {
        let mut points = ContactPoints::default();
        points.phone_in(self.phone.as_deref(), PhoneSource::Own, &region(self.country_code.as_deref()));
        points.email(self.email.as_deref());
        let points = points.sorted();
        let mut address = model::Address::default();
        address.address1.clone_from(&self.address1);
        address.address2.clone_from(&self.address2);
        address.ward.clone_from(&self.ward);
        address.ward_code.clone_from(&self.ward_code);
        address.district.clone_from(&self.district);
        address.district_code.clone_from(&self.district_code);
        address.city.clone_from(&self.city);
        address.province.clone_from(&self.province);
        address.province_code.clone_from(&self.province_code);
        address.country.clone_from(&self.country);
        let mut record = BranchRecord::default();
        // Goods on their way are in no branch of the shop.
        record.active = clean_opt(self.kind.as_deref()).map(|kind| plain(Some(&kind)) != "ontheroad");
        record.id = self.id.to_string();
        record.name = clean_opt(self.name.as_deref());
        record.phones = points.phones;
        record.emails = points.emails;
        record.address = address.place();
        record
    }
}

impl ToRecord for model::User {
    type Record = UserRecord;
    fn record(&self) -> UserRecord {
        let mut points = ContactPoints::default();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        let points = points.sorted();
        let mut record = UserRecord::default();
        record.id = self.id.to_string();
        record.name = full_name(self.last_name.as_deref(), self.first_name.as_deref());
        record.phones = points.phones;
        record.emails = points.emails;
        record
    }
}

/// Whether a text is a name that a customer could have.
pub(crate) fn is_name(text: &str) -> bool {
    read_name(Some(text)).name.is_some()
}
