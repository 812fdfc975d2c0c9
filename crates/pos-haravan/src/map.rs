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

use std::collections::{HashMap, HashSet};

use pos_core::kit::{CustomerDraft, OrderDraft, ProductDraft, Row, party};
use pos_core::lenient;
use pos_core::record::{
    Address, BranchRecord, ContactPoints, Currency, CustomerRecord, Delivery, DocumentContact, DocumentKind,
    Extra, Fulfilment, FulfilmentCategory, Gender, Identity, Line, Money, OrderRecord, OrderStatus, Party,
    Payment, PaymentCategory, PaymentState, Phone, PhoneSource, PlaceCodes, ProductRecord, Quantity,
    Reference, StatusCategory, UserRecord, Variant, clean, clean_opt, read_name,
};
use time::OffsetDateTime;

use crate::mark::{PLACES, REFERENCE};
use crate::model;
use crate::profile::PROFILE;

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
        let address = Address {
            is_default: self.default == Some(true),
            name: spoken(self.full_name()),
            phone: clean_opt(self.phone.as_deref()),
            street: joined(&[&self.address1, &self.address2]),
            ward: clean_opt(self.ward.as_deref()),
            district: clean_opt(self.district.as_deref()),
            province: clean_opt(self.province.as_deref()).or_else(|| clean_opt(self.city.as_deref())),
            ..Address::default()
        };
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
            let source = if is_default { PhoneSource::DefaultAddress } else { PhoneSource::Address };
            address.call(&mut points, source);
        }
        points.email_heeding(self.email.as_deref(), &PROFILE.identity);
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

    /// The place of the default address.
    fn place(&self) -> Option<Address> {
        self.default_address.as_ref().and_then(|address| address.place())
    }

    pub(crate) fn birth_date(&self) -> Option<time::Date> {
        self.birthday.and_then(lenient::birthday).filter(|date| date.year() > 1)
    }

    /// All places, the default one first.
    fn places(&self) -> Vec<Address> {
        let with_id = |from: &model::Address| {
            let mut address = from.place()?;
            address.id = link(from.id);
            Some(address)
        };
        let mut addresses: Vec<Address> =
            self.addresses.iter().take(MOST_ADDRESSES).filter_map(with_id).collect();
        if let Some(mut address) = self.default_address.as_deref().and_then(with_id) {
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
}

impl Row for model::Customer {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at.or(self.created_at)
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.to_string(), custom);
        draft.name = self.full_name();
        draft.points = self.points();
        draft.shared_guest = self.is_guest();
        let record = &mut draft.record;
        record.gender = match self.gender {
            Some(1) => Some(Gender::Male),
            Some(0) => Some(Gender::Female),
            _ => None,
        };
        record.birth_date = self.birth_date();
        record.addresses = self.places();
        record.tags = split_tags(self.tags.as_deref());
        record.groups.extend(self.group_name);
        record.organization = self.default_address.and_then(|address| address.company);
        record.note = self.note;
        record.spent = self.total_spent;
        record.order_count = self.orders_count.and_then(|count| u64::try_from(count).ok());
        record.created_at = self.created_at;
        record.updated_at = self.updated_at;
        draft.finish()
    }
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
    fn live(&self) -> impl Iterator<Item = &model::Fulfillment> {
        self.fulfillments.iter().filter(|one| one.is_live())
    }

    fn standing(&self) -> Standing {
        Standing {
            cancelled: self.cancelled_at.is_some() || plain(self.cancelled_status.as_deref()) == "cancelled",
            carried: self.live().map(model::Fulfillment::carried).collect(),
            money: plain(self.financial_status.as_deref()),
            goods: plain(self.fulfillment_status.as_deref()),
        }
    }

    /// What the states add up to, with the raw text that decided.
    fn category(&self, standing: &Standing) -> (StatusCategory, Option<String>) {
        use StatusCategory::{Cancelled, Completed, Confirmed, Pending, Returned, Shipping};
        let said =
            |text: &Option<String>, word: &str| clean_opt(text.as_deref()).or_else(|| Some(word.to_owned()));
        let carrier = || self.live().find_map(|one| clean_opt(one.carrier_status_code.as_deref()));
        let goods = || clean_opt(self.fulfillment_status.as_deref());
        let fulfilled = standing.goods == "fulfilled";
        if standing.cancelled {
            return (Cancelled, said(&self.cancelled_status, "cancelled"));
        }
        if standing.money == "refunded" {
            return (Returned, clean_opt(self.financial_status.as_deref()));
        }
        if standing.all(|one| matches!(one, Carried::Returning | Carried::Returned)) {
            return (Returned, carrier());
        }
        if self.closed_at.is_some() || plain(self.closed_status.as_deref()) == "closed" {
            return (Completed, said(&self.closed_status, "closed"));
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
        if self.confirmed_at.is_some() || plain(self.confirmed_status.as_deref()) == "confirmed" {
            return (Confirmed, said(&self.confirmed_status, "confirmed"));
        }
        (Pending, clean_opt(self.confirmed_status.as_deref()))
    }

    fn status(&self, standing: &Standing) -> OrderStatus {
        use StatusCategory::{Cancelled, Completed, Returned, Shipping};
        let (category, code) = self.category(standing);
        let label = self.live().find_map(|one| clean_opt(one.carrier_status_name.as_deref()));
        let shipped = matches!(category, Shipping | Returned | Completed);
        let mut status = OrderStatus::new(category, code, label.filter(|_| shipped));
        if category == Cancelled {
            status.reason = clean_opt(self.cancel_reason.as_deref());
        }
        status
    }

    fn payment(&self, standing: &Standing) -> PaymentState {
        use PaymentCategory::{Paid, PartiallyPaid, PartiallyRefunded, Refunded, Unknown, Unpaid, Voided};
        let category = match standing.money.as_str() {
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

    fn fulfilment(&self, standing: &Standing, category: StatusCategory) -> Fulfilment {
        use FulfilmentCategory::{
            Delivered, Failed, Partial, Returned, Returning, Shipping, Unfulfilled, Unknown,
        };
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
                } else if category == StatusCategory::Completed {
                    Delivered
                } else {
                    Shipping
                }
            }
            _ => Unknown,
        };
        Fulfilment::new(category, clean_opt(self.fulfillment_status.as_deref()))
    }

    /// Whether the order hangs on the shared record. A customer without anything is nobody too, unless the billing address
    /// says more.
    fn guest_customer(&self) -> bool {
        match &self.customer {
            Some(customer) if is_guest(customer.email.as_deref()) => true,
            Some(customer) => {
                customer.is_guest()
                    && self.billing_name().is_none()
                    && !has_number(&self.billing_points().phones)
            }
            None => is_guest(self.email.as_deref()) || is_guest(self.contact_email.as_deref()),
        }
    }

    fn billing_name(&self) -> Option<String> {
        spoken(self.billing_address.as_ref()?.full_name())
    }

    fn billing_points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        if let Some(billing) = &self.billing_address {
            billing.call(&mut points, PhoneSource::Own);
        }
        points
    }

    fn billing_id(&self) -> Option<String> {
        link(self.billing_address.as_ref().and_then(|billing| billing.id))
    }

    fn billing_place(&self) -> Option<Address> {
        let mut address = self.billing_address.as_ref()?.place()?;
        address.is_default = false;
        Some(address)
    }

    fn order_emails(&self, points: &mut ContactPoints) {
        points.email_heeding(self.email.as_deref(), &PROFILE.identity);
        points.email_heeding(self.contact_email.as_deref(), &PROFILE.identity);
    }

    fn customer_id(&self) -> Option<String> {
        link(self.customer.as_ref().map(|customer| customer.id))
    }

    /// Anonymous and marketplace orders hang on the guest record; a billing address with a number is somebody all the same.
    fn guest_buyer(&self) -> Option<Party> {
        let mut points = self.billing_points();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.heed_name(self.billing_name().as_deref());
        if points.has_key() {
            return party(None, self.billing_name().as_deref(), points, self.billing_place());
        }
        let customer = self.customer.as_ref();
        let id = self.customer_id().or_else(|| self.billing_id());
        let name = customer.and_then(|customer| spoken(customer.full_name())).or_else(|| self.billing_name());
        points.email_heeding(customer.and_then(|customer| customer.email.as_deref()), &PROFILE.identity);
        let mut nobody = party(id, name.as_deref(), points, self.billing_place())?;
        nobody.identity = Identity::Nobody;
        nobody.phones.iter_mut().for_each(|phone| phone.is_key = false);
        nobody.emails.iter_mut().for_each(|email| email.is_key = false);
        Some(nobody)
    }

    fn buyer(&self) -> Option<Party> {
        if self.guest_customer() {
            return self.guest_buyer();
        }
        let Some(customer) = &self.customer else { return self.buyer_without_customer() };
        let mut points = ContactPoints::default();
        points.phone(customer.phone.as_deref(), PhoneSource::Own);
        if let (false, Some(billing)) = (points.has_key(), &self.billing_address) {
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
        points.email_heeding(customer.email.as_deref(), &PROFILE.identity);
        let name =
            spoken(customer.full_name()).or_else(|| self.billing_name()).or_else(|| customer.full_name());
        let address = self.billing_place().or_else(|| customer.place());
        party(self.customer_id(), name.as_deref(), points, address)
    }

    fn buyer_without_customer(&self) -> Option<Party> {
        let mut points = self.billing_points();
        let (id, name) = (self.billing_id(), self.billing_name());
        let is_blank = id.is_none() && name.is_none() && points.phones.is_empty();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        self.order_emails(&mut points);
        if is_blank && let Some(shipping) = &self.shipping_address {
            shipping.call(&mut points, PhoneSource::Own);
            return party(None, spoken(shipping.full_name()).as_deref(), points, shipping.place());
        }
        party(id, name.as_deref(), points, self.billing_place())
    }

    fn recipient(&self) -> Option<Party> {
        let shipping = self.shipping_address.as_ref()?;
        let mut points = ContactPoints::default();
        shipping.call(&mut points, PhoneSource::Own);
        party(None, spoken(shipping.full_name()).as_deref(), points, shipping.place())
    }

    /// What this order says beside the buyer: never written onto the customer.
    fn contact(&self, buyer: Option<&Party>, recipient: Option<&Party>) -> DocumentContact {
        let phones = buyer.into_iter().flat_map(|buyer| &buyer.phones);
        let known: HashSet<_> = phones.filter_map(|phone| phone.e164).collect();
        let emails = buyer.into_iter().flat_map(|buyer| &buyer.emails);
        let mails: HashSet<_> = emails.filter_map(|email| email.address.as_ref()).collect();
        let mut points = self.billing_points();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        self.order_emails(&mut points);
        // The number that the carrier calls, when it is the only one.
        let elsewhere = recipient.is_some_and(|to| has_number(&to.phones));
        if known.is_empty() && !has_number(&points.phones) && !elsewhere {
            for shipment in self.fulfillments.iter().take(MOST_ADDRESSES) {
                points.phone(shipment.shipping_phone.as_deref(), PhoneSource::Own);
            }
        }
        points.phones.retain(|phone| phone.e164.is_some_and(|number| !known.contains(&number)));
        points.emails.retain(|email| {
            email.is_key && email.address.as_ref().is_some_and(|address| !mails.contains(address))
        });
        DocumentContact { phones: points.phones, emails: points.emails }
    }

    fn is_marketplace(&self) -> bool {
        let mark = |attributes: &[model::NoteAttribute]| {
            let mut names = attributes.iter().filter_map(|one| one.name.as_deref());
            names.any(|name| name.starts_with("X-Haravan-SalesChannel-"))
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

    fn channel(&self) -> Option<Reference> {
        let id = self.attribute("X-Haravan-SalesChannel-BranchId").and_then(clean);
        let name = self.attribute("X-Haravan-SalesChannel-BranchName").and_then(clean);
        Reference::of(id, self.channel_code().and_then(clean), name)
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
                *back.entry(line).or_default() += quantity;
            }
        }
        back
    }

    fn shipping_fee(&self) -> Option<Money> {
        let fees: Vec<Money> = self.shipping_lines.iter().filter_map(|line| line.price).collect();
        (!fees.is_empty()).then(|| fees.into_iter().sum())
    }

    fn delivery(&self) -> Option<Delivery> {
        let address = self.shipping_address.as_ref().and_then(|address| address.place());
        let shipment = self.live().last().or_else(|| self.fulfillments.last());
        if shipment.is_none() && address.is_none() {
            return None;
        }
        let mut delivery = Delivery { address, ..Delivery::default() };
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

    /// The latest instant that it tells of: it was written then, or later.
    pub(crate) fn latest_told(&self) -> Option<OffsetDateTime> {
        let money = self.transactions.iter().flatten().map(|one| one.created_at);
        let back = self.refunds.iter().flatten().map(|one| one.created_at);
        let goods =
            self.fulfillments.iter().flat_map(|one| [one.created_at, one.updated_at, one.delivered_date]);
        let own = [self.created_at, self.updated_at, self.cancelled_at, self.closed_at, self.confirmed_at];
        own.into_iter().chain(money).chain(back).chain(goods).flatten().max()
    }
}

fn has_number(phones: &[Phone]) -> bool {
    phones.iter().any(|phone| phone.e164.is_some())
}

fn line(from: &model::Line, back: &HashMap<i64, Quantity>) -> Line {
    let mut line = Line::default();
    let original = from.price_original.filter(|original| !original.is_zero());
    let original = original.or_else(|| Some(from.price? + from.total_discount.unwrap_or(Money::ZERO)));
    let unit_discount = original.zip(from.price).map(|(original, price)| (original - price).max(Money::ZERO));
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

fn payment(from: &model::Transaction) -> Payment {
    Payment {
        id: link(from.id),
        method: clean_opt(from.gateway.as_deref()),
        amount: from.amount,
        paid_at: from.created_at,
        valid: from.is_valid(),
    }
}

impl Row for model::Order {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at.or(self.created_at)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Order, self.id.to_string(), custom);
        let record = &mut draft.record;
        let standing = self.standing();
        record.status = self.status(&standing);
        record.payment = self.payment(&standing);
        record.fulfilment = self.fulfilment(&standing, record.status.category);
        record.placed_at = self.created_at;
        record.updated_at = self.updated_at;
        record.cancelled_at = self.cancelled_at;
        if record.status.category == StatusCategory::Completed {
            let delivered = || self.live().filter_map(|one| one.delivered_date).max();
            record.completed_at = self.closed_at.or(self.complete_at).or_else(delivered);
        }
        let marketplaces = || self.name.as_deref().filter(|_| self.is_marketplace());
        record.reference = self.own_reference().or_else(marketplaces).map(str::to_owned);
        record.buyer = self.buyer();
        record.recipient = self.recipient();
        record.contact = Some(self.contact(record.buyer.as_ref(), record.recipient.as_ref()));
        record.branch = Reference::of(link(self.location_id), None, clean_opt(self.location_name.as_deref()));
        record.seller = Reference::of(link(self.user_id), None, None);
        record.channel = self.channel();
        record.subtotal = self.subtotal_price.or(self.total_line_items_price);
        record.discount = self.total_discounts;
        record.shipping_fee = self.shipping_fee();
        record.tax = self.total_tax;
        record.total = self.total_price;
        record.paid = self.paid();
        record.refunded = self.refunded();
        record.currency =
            self.currency.as_deref().and_then(|code| code.parse().ok()).unwrap_or(Currency::VND);
        record.payments = self.received().map(payment).collect();
        record.delivery = self.delivery();
        record.incomplete = self.line_items.is_none() || self.total_price.is_none();
        record.tags = split_tags(self.tags.as_deref());
        let back = self.came_back();
        record.lines = self.line_items.iter().flatten().map(|from| line(from, &back)).collect();
        record.code = self.name.or(self.order_number);
        record.note = self.note;
        // Who receives what nobody bought is somebody else, also under the same name.
        let is_nobodys = record.buyer.as_ref().is_some_and(|buyer| buyer.identity == Identity::Nobody);
        let to =
            record.recipient.as_ref().filter(|to| is_nobodys && to.phones.iter().any(|phone| phone.is_key));
        let to = to.cloned();
        let mut record = draft.finish();
        if let (None, Some(to)) = (&record.recipient, to) {
            let is_theirs =
                |phone: &Phone| phone.e164.is_some() && to.phones.iter().any(|own| own.e164 == phone.e164);
            if let Some(contact) = &mut record.contact {
                contact.phones.retain(|phone| !is_theirs(phone));
            }
            record.contact =
                record.contact.filter(|contact| !contact.phones.is_empty() || !contact.emails.is_empty());
            record.recipient = Some(to);
        }
        record
    }
}

impl Row for model::Product {
    type Record = ProductRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at.or(self.created_at)
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.to_string(), custom);
        let record = &mut draft.record;
        if let [only] = self.variants.as_slice() {
            record.code.clone_from(&only.sku);
            record.barcode.clone_from(&only.barcode);
        }
        let price = self.variants.first().and_then(|first| first.price);
        record.price = price.filter(|_| self.variants.iter().all(|variant| variant.price == price));
        let variant = |from: model::Variant| {
            let variant = Variant {
                id: link(from.id)?,
                sku: clean_opt(from.sku.as_deref()),
                barcode: clean_opt(from.barcode.as_deref()),
                name: clean_opt(from.title.as_deref()).filter(|title| title != "Default Title"),
                price: from.price,
            };
            Some(variant)
        };
        record.variants = self.variants.into_iter().filter_map(variant).collect();
        record.name = self.title;
        record.category = Reference::of(None, None, clean_opt(self.product_type.as_deref()));
        record.active = Some(self.published_at.is_some());
        record.images = self.images.iter().filter_map(|image| clean_opt(image.src.as_deref())).collect();
        record.created_at = self.created_at;
        record.updated_at = self.updated_at;
        draft.finish()
    }
}

impl Row for model::Location {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        let mut points = ContactPoints::default();
        points.phone_in(self.phone.as_deref(), PhoneSource::Own, &region(self.country_code.as_deref()));
        points.email_heeding(self.email.as_deref(), &PROFILE.identity);
        let points = points.sorted();
        let address = model::Address {
            address1: self.address1,
            address2: self.address2,
            ward: self.ward,
            ward_code: self.ward_code,
            district: self.district,
            district_code: self.district_code,
            city: self.city,
            province: self.province,
            province_code: self.province_code,
            country: self.country,
            ..model::Address::default()
        };
        BranchRecord {
            // Goods on their way are in no branch of the shop.
            active: clean_opt(self.kind.as_deref()).map(|kind| plain(Some(&kind)) != "ontheroad"),
            id: self.id.to_string(),
            name: clean_opt(self.name.as_deref()),
            phones: points.phones,
            emails: points.emails,
            address: address.place(),
            ..BranchRecord::default()
        }
    }
}

impl Row for model::User {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let mut points = ContactPoints::default();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.email_heeding(self.email.as_deref(), &PROFILE.identity);
        let points = points.sorted();
        UserRecord {
            id: self.id.to_string(),
            name: full_name(self.last_name.as_deref(), self.first_name.as_deref()),
            phones: points.phones,
            emails: points.emails,
            ..UserRecord::default()
        }
    }
}

/// Whether a text is a name that a customer could have.
pub(crate) fn is_name(text: &str) -> bool {
    read_name(Some(text)).name.is_some()
}
