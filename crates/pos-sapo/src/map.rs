//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Names** (web) are `last_name first_name`: family name first, as Viet Nam writes them.
//! - **Guests** (web, no `customer`): the buyer is who the billing address names, else the shipping address; what that
//!   address lacks (number, e-mail) comes from the order itself.
//! - **Status**: cancellation first, then an unknown main status stays unknown, then the rest of the table of the vendor
//!   page. An open order is `confirmed` until something ships, then `shipping`; a finalized one of POS too.
//! - **`fulfilled`** means handed to a carrier: `shipping`, until `delivered_on` (web) or `received_status` (POS) says more.
//! - **Amounts** (web): `subtotal` is `total_line_items_price`, because `subtotal_price` is after the discount; `paid` is
//!   `total_received`, before refunds; `total` is `total_price` less what was edited out of the order since. On POS `paid` is
//!   the sum of the active prepayments and of the payments of shipments, or the whole where the vendor says "paid".
//! - **Returns** (POS) count inside their order: what came back when it is `returned`, money when it went back; one that was
//!   called off counts nothing.
//! - **Placed** is `processed_on` (web; else `created_on`) and `issued_on` (POS): the business time of imported orders.
//! - **Stock**: the web flavour's products tell only what is available to sell, which is not what is on the shelf; so web
//!   products carry no stock. [`Client::list_inventory_levels`](crate::Client::list_inventory_levels) tells the real one.

use std::borrow::Cow;

use pos_core::entity::{Moments, Totals, party};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerRecord, Delivery,
    DocumentContact, DocumentKind, Extra, Fulfilment, FulfilmentCategory, Gender, Line, Money, OrderRecord,
    OrderStatus, Party, Payment, PaymentCategory, PaymentState, PhoneSource, PlaceCodes, ProductRecord,
    Quantity, Reference, StatusCategory, StockLevel, UserRecord, Variant, clean, clean_opt,
};
use time::OffsetDateTime;

use crate::model::{pos, web};
use crate::push::{REFERENCE, own_reference};

/// What every vendor struct that becomes a record can do.
pub(crate) trait ToRecord {
    /// The record of the common model.
    type Record;
    /// Makes it.
    fn record(&self) -> Self::Record;
    /// When it last changed.
    fn changed(&self) -> Option<OffsetDateTime> {
        None
    }
    /// Adds the vendor fields that a mapping asked for.
    fn with_custom(record: Self::Record, custom: Extra) -> Self::Record {
        let _ = custom;
        record
    }
}

fn link(id: Option<i64>) -> Option<String> {
    id.filter(|id| *id > 0).map(|id| id.to_string())
}

/// A code in small letters.
fn word(code: Option<&str>) -> Option<String> {
    clean_opt(code).map(|code| code.to_lowercase())
}

/// The sum of what is known; `None` when nothing is.
fn sum(amounts: impl IntoIterator<Item = Money>) -> Option<Money> {
    amounts.into_iter().fold(None, |sum, amount| Some(sum.unwrap_or_default() + amount))
}

/// Which division's codes an address has: those of the one after July 2025 begin at 2001 (provinces) and 200000 (wards), and
/// stand without a district (C:2 live). Only the older ones are taken when they are written.
pub(crate) const PLACES: &str = "sapo";
const NEW_PLACES: &str = "sapo:new";

fn places(province: Option<&str>, district: Option<&str>, ward: Option<&str>) -> (&'static str, PlaceCodes) {
    let number =
        |code: Option<&str>| code.and_then(|code| code.trim().parse::<i64>().ok()).unwrap_or_default();
    let is_new = number(district) == -1 || number(province) >= 2001 || number(ward) >= 200_000;
    let system = if is_new { NEW_PLACES } else { PLACES };
    (system, PlaceCodes::new(province, district.filter(|_| number(district) != -1), ward))
}

fn joined<'a>(parts: impl IntoIterator<Item = Option<&'a str>>, with: &str) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().filter_map(clean).collect();
    (!parts.is_empty()).then(|| parts.join(with))
}

fn full_name(last: Option<&str>, first: Option<&str>) -> Option<String> {
    joined([last, first], " ")
}

fn gender(text: Option<&str>) -> Option<Gender> {
    match text?.trim().to_lowercase().as_str() {
        "male" => Some(Gender::Male),
        "female" => Some(Gender::Female),
        "other" => Some(Gender::Other),
        _ => None,
    }
}

fn currency(code: Option<&str>) -> Currency {
    code.and_then(|code| code.parse().ok()).unwrap_or_default()
}

/// Numbers and addresses of a document that its buyer does not have.
fn differing(points: ContactPoints, buyer: Option<&Party>) -> Option<DocumentContact> {
    let mut contact = DocumentContact::default();
    let known = |same: &dyn Fn(&Party) -> bool| buyer.is_some_and(same);
    contact.phones = points.phones;
    contact.phones.retain(|phone| {
        !known(&|buyer| {
            buyer
                .phones
                .iter()
                .any(|other| other.raw == phone.raw || (phone.e164.is_some() && other.e164 == phone.e164))
        })
    });
    contact.emails = points.emails;
    contact.emails.retain(|email| {
        !known(&|buyer| {
            let same = |other: &pos_core::record::Email| match (&email.address, &other.address) {
                (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
                _ => email.raw == other.raw,
            };
            buyer.emails.iter().any(same)
        })
    });
    (!contact.phones.is_empty() || !contact.emails.is_empty()).then_some(contact)
}

/// The country whose numbers an address has: two letters, or Viet Nam.
fn region(code: Option<&str>) -> String {
    match code.map(str::trim) {
        Some(code) if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            code.to_ascii_uppercase()
        }
        _ => "VN".to_owned(),
    }
}

// ---- web ----

impl web::Customer {
    /// The whole name, family name first.
    pub fn display_name(&self) -> Option<String> {
        full_name(self.last_name.as_deref(), self.first_name.as_deref())
    }

    fn points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        if let Some(address) = self.default_one() {
            points.phone_in(
                address.phone.as_deref(),
                PhoneSource::DefaultAddress,
                &region(address.country_code.as_deref()),
            );
        }
        for address in &self.addresses {
            points.phone_in(
                address.phone.as_deref(),
                PhoneSource::Address,
                &region(address.country_code.as_deref()),
            );
        }
        points.email(self.email.as_deref());
        points
    }

    fn default_one(&self) -> Option<&web::Address> {
        self.default_address
            .as_ref()
            .or_else(|| self.addresses.iter().find(|address| address.default == Some(true)))
    }
}

impl web::Address {
    /// Who lives there: `name`, else family and given name.
    pub fn display_name(&self) -> Option<String> {
        clean_opt(self.name.as_deref())
            .or_else(|| full_name(self.last_name.as_deref(), self.first_name.as_deref()))
    }

    pub(crate) fn postal(&self) -> Address {
        let mut address = Address::default();
        address.id = link(self.id);
        address.is_default = self.default == Some(true);
        address.name = self.display_name();
        address.phone = clean_opt(self.phone.as_deref());
        address.street = joined([self.address1.as_deref(), self.address2.as_deref()], ", ");
        address.ward = clean_opt(self.ward.as_deref());
        address.district = clean_opt(self.district.as_deref());
        address.province = clean_opt(self.province.as_deref()).or_else(|| clean_opt(self.city.as_deref()));
        address.country = clean_opt(self.country.as_deref());
        let (system, codes) =
            places(self.province_code.as_deref(), self.district_code.as_deref(), self.ward_code.as_deref());
        address.with_codes(system, codes)
    }

    fn party(&self) -> Option<Party> {
        let mut points = ContactPoints::default();
        points.phone_in(self.phone.as_deref(), PhoneSource::Own, &region(self.country_code.as_deref()));
        let name = self.display_name();
        // A country that Sapo fills in by itself is nobody's address.
        let place = self.postal();
        let is_place = place.street.is_some()
            || place.ward.is_some()
            || place.district.is_some()
            || place.province.is_some();
        if name.is_none() && points.phones.is_empty() && !is_place {
            return None;
        }
        party(None, name.as_deref(), points, Some(place))
    }
}

/// A customer with the name put together.
struct Person<'a>(&'a web::Customer, Option<String>);

impl pos_core::Customer for Person<'_> {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.0.id.to_string())
    }
    fn raw_name(&self) -> Option<&str> {
        self.1.as_deref()
    }
    fn contact_points(&self) -> ContactPoints {
        self.0.points()
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.0.code.as_deref().map(Cow::Borrowed)
    }
    fn gender(&self) -> Option<Gender> {
        gender(self.0.gender.as_deref())
    }
    fn birth_date(&self) -> Option<time::Date> {
        self.0.dob
    }
    fn addresses(&self) -> Vec<Address> {
        let default = self.0.default_address.as_ref();
        let mut all: Vec<Address> = self.0.addresses.iter().map(web::Address::postal).collect();
        if let Some(default) = default {
            let mut default = default.postal();
            default.is_default = true;
            match all.iter_mut().find(|address| address.id.is_some() && address.id == default.id) {
                Some(same) => same.is_default = true,
                None => all.insert(0, default),
            }
        }
        all.sort_by_key(|address| !address.is_default);
        all
    }
    fn organization(&self) -> Option<&str> {
        self.0.company.as_deref().or_else(|| self.0.default_one()?.company.as_deref())
    }
    fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
    fn tags(&self) -> Vec<String> {
        self.0.tags.clone()
    }
    fn spent(&self) -> Option<Money> {
        self.0.total_spent
    }
    fn order_count(&self) -> Option<u64> {
        self.0.orders_count.and_then(|count| u64::try_from(count).ok())
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.0.created_on
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.0.modified_on.or(self.0.created_on)
    }
}

impl pos_core::Customer for web::Customer {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    /// One of the two name fields; [`display_name`](web::Customer::display_name) has both, and so has the record.
    fn raw_name(&self) -> Option<&str> {
        self.last_name.as_deref().or(self.first_name.as_deref())
    }
    fn contact_points(&self) -> ContactPoints {
        self.points()
    }
    fn to_record(&self) -> CustomerRecord {
        Person(self, self.display_name()).to_record()
    }
}

impl web::Refund {
    /// What went back: what the refund says, or its successful transactions where they say more.
    fn sent(&self) -> Option<Money> {
        let good = |one: &&web::Transaction| {
            word(one.kind.as_deref()).as_deref() == Some("refund") && one.is_success()
        };
        let transferred =
            sum(self.transactions.iter().filter(good).filter_map(|one| one.amount).map(Money::abs));
        self.total_refunded.map(Money::abs).max(transferred)
    }
}

impl web::Transaction {
    fn is_success(&self) -> bool {
        word(self.status.as_deref()).as_deref() == Some("success") && self.test != Some(true)
    }
}

/// What an order's transactions gave back.
pub(crate) fn refunds_in(transactions: &[web::Transaction]) -> Option<Money> {
    let is_refund =
        |one: &&web::Transaction| word(one.kind.as_deref()).as_deref() == Some("refund") && one.is_success();
    sum(transactions.iter().filter(is_refund).filter_map(|one| one.amount).map(Money::abs))
}

impl web::Order {
    fn fulfilled(&self) -> bool {
        word(self.fulfillment_status.as_deref()).as_deref() == Some("fulfilled")
    }

    /// Whether anything left the shop; an unknown word is no news.
    fn ships(&self) -> bool {
        matches!(
            word(self.fulfillment_status.as_deref()).as_deref(),
            Some("fulfilled" | "partial" | "shipped")
        )
    }

    fn live_fulfillment(&self) -> Option<&web::Fulfillment> {
        let is_live = |from: &&web::Fulfillment| {
            from.cancelled_on.is_none() && from.status.as_deref() != Some("cancelled")
        };
        self.fulfillments.iter().rev().find(is_live).or(self.fulfillments.last())
    }

    /// Phone and e-mail of the order itself; the billing address's where the order and its customer have none.
    fn own_points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        let customer = self.customer.as_ref().map(web::Customer::points).unwrap_or_default();
        let has_number = |points: &ContactPoints| points.phones.iter().any(|phone| phone.e164.is_some());
        if let Some(billed) = self.billing_address.as_ref().filter(|_| self.customer.is_some())
            && !has_number(&points)
            && !has_number(&customer)
        {
            points.phone_in(
                billed.phone.as_deref(),
                PhoneSource::Own,
                &region(billed.country_code.as_deref()),
            );
        }
        points
    }

    fn money_state(&self) -> Option<String> {
        word(self.financial_status.as_deref())
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled_on.is_some()
            || matches!(word(self.status.as_deref()).as_deref(), Some("cancelled" | "canceled"))
    }

    /// What went back, by the order or by its refunds, whichever says more; else what is missing from what came in.
    fn given_back(&self) -> Option<Money> {
        let told =
            self.total_refunded.map(Money::abs).max(sum(self.refunds.iter().filter_map(web::Refund::sent)));
        let says_so = matches!(self.money_state().as_deref(), Some("partially_refunded" | "refunded"));
        match told.filter(|told| !told.is_zero()) {
            None if says_so => {
                let missing = || Some(self.total_received? - self.net_payment?);
                missing().filter(|missing| *missing > Money::ZERO).or(told)
            }
            _ => told,
        }
    }

    /// Whether money went back of which nobody says how much: the transactions tell.
    pub(crate) fn hides_refund(&self) -> bool {
        self.money_state().as_deref() == Some("partially_refunded")
            && self.given_back().is_none_or(Money::is_zero)
    }

    /// What the goods were sold for that came back; `None` when nothing did, or when its value is not told.
    fn came_back(&self) -> Option<Money> {
        let value = |line: &web::RefundLine| {
            let price = || {
                let sold = line.line_item.as_ref().or_else(|| {
                    self.line_items
                        .iter()
                        .flatten()
                        .find(|one| one.id.is_some() && one.id == line.line_item_id)
                });
                Some(sold?.discounted_unit_price.or(sold?.price)?.times(line.quantity?))
            };
            line.subtotal.or_else(price).map(Money::abs)
        };
        let goods = self.refunds.iter().flat_map(|refund| &refund.refund_line_items);
        let values: Option<Vec<Money>> = goods.map(value).collect();
        sum(values?)
    }

    /// How many pieces of a line came back.
    fn pieces_back(&self, line: Option<i64>) -> Option<Quantity> {
        let of_line = self.refunds.iter().flat_map(|refund| &refund.refund_line_items);
        let pieces: Vec<Quantity> = of_line
            .filter(|back| back.line_item_id.is_some() && back.line_item_id == line)
            .filter_map(|back| back.quantity)
            .collect();
        (!pieces.is_empty()).then(|| pieces.into_iter().sum())
    }

    /// What is owed for the order as it was placed, less what was edited out of it since.
    fn owed(&self) -> Option<Money> {
        match (self.total_price, self.current_total_price) {
            (Some(placed), Some(current)) if !self.is_cancelled() => {
                let back = self.given_back().max(self.came_back()).unwrap_or_default();
                Some(placed.min(current + back))
            }
            (placed, current) => placed.or(current),
        }
    }

    fn is_edited(&self) -> bool {
        self.owed() < self.total_price
    }

    /// How many pieces of a line are left when what was edited out is gone.
    fn kept(&self, line: &web::LineItem) -> Option<Quantity> {
        let kept = || Some(line.current_quantity? + self.pieces_back(line.id).unwrap_or_default());
        kept().filter(|_| self.is_edited()).min(line.quantity).or(line.quantity)
    }

    /// What came in, before refunds.
    fn received(&self) -> Option<Money> {
        let by_net = || Some(self.net_payment? + self.given_back().unwrap_or_default());
        let received = self.total_received.or_else(by_net);
        let is_paid = self.money_state().as_deref() == Some("paid");
        match (received, self.owed()) {
            // Marked as paid without a transaction (C:1 live): what is owed says whether all came in.
            (Some(in_part), Some(owed)) if is_paid && in_part < owed => {
                match self.total_outstanding.or(self.unpaid_amount) {
                    Some(open) if open.is_zero() => Some(owed),
                    None if in_part.is_zero() => None,
                    _ => Some(in_part),
                }
            }
            (received, _) => received,
        }
    }
}

impl pos_core::Order for web::Order {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Order
    }
    fn status(&self) -> OrderStatus {
        let code = self.status.as_deref().map(str::trim);
        let money = self.money_state();
        let paid = money.as_deref() == Some("paid");
        let category = match word(code).as_deref() {
            _ if self.is_cancelled() => StatusCategory::Cancelled,
            Some("open" | "closed") | None if money.as_deref() == Some("refunded") => {
                StatusCategory::Returned
            }
            Some("closed") => StatusCategory::Completed,
            Some("open") | None if self.completed_on.is_some() || (self.fulfilled() && paid) => {
                StatusCategory::Completed
            }
            Some("open") | None if self.ships() => StatusCategory::Shipping,
            Some("open") | None => StatusCategory::Confirmed,
            Some(_) => StatusCategory::Unknown,
        };
        let mut status = OrderStatus::new(category, code.map(str::to_owned), None);
        status.reason = clean_opt(self.cancel_reason.as_deref());
        status
    }
    fn payment(&self) -> PaymentState {
        let code = self.financial_status.as_deref().map(str::trim);
        let category = match word(code).as_deref() {
            Some("pending" | "authorized" | "unpaid") => PaymentCategory::Unpaid,
            Some("partially_paid") => PaymentCategory::PartiallyPaid,
            Some("paid") => PaymentCategory::Paid,
            Some("partially_refunded") => PaymentCategory::PartiallyRefunded,
            Some("refunded") => PaymentCategory::Refunded,
            Some("voided") => PaymentCategory::Voided,
            Some(_) => PaymentCategory::Unknown,
            None => return PaymentState::from_amounts(self.owed(), self.received()),
        };
        PaymentState::new(category, code.map(str::to_owned))
    }
    fn fulfilment(&self) -> Fulfilment {
        let code = self.fulfillment_status.as_deref().map(str::trim);
        let category = match word(code).as_deref() {
            Some("fulfilled" | "shipped") if self.delivered_on.is_some() => FulfilmentCategory::Delivered,
            Some("fulfilled" | "shipped") => FulfilmentCategory::Shipping,
            Some("partial") => FulfilmentCategory::Partial,
            Some("restocked") => FulfilmentCategory::Returned,
            Some("unfulfilled" | "unshipped") | None => FulfilmentCategory::Unfulfilled,
            Some(_) => FulfilmentCategory::Unknown,
        };
        Fulfilment::new(category, code.map(str::to_owned))
    }
    fn totals(&self) -> Totals {
        let edited_out = || {
            let gone = |line: &web::LineItem| {
                let pieces = line.quantity? - self.kept(line)?;
                Some(line.price?.times(pieces))
            };
            self.line_items.iter().flatten().filter_map(gone).sum::<Money>()
        };
        let mut totals = Totals::default();
        totals.subtotal = self
            .total_line_items_price
            .or_else(|| {
                Some(self.subtotal_price.or(self.sub_total_price)? + self.total_discounts.unwrap_or_default())
            })
            .map(|goods| if self.is_edited() { goods - edited_out() } else { goods });
        totals.discount = self.total_discounts;
        totals.shipping_fee = self
            .total_shipping_price
            .or_else(|| sum(self.shipping_lines.iter().filter_map(|line| line.price)));
        totals.tax = self.total_tax;
        totals.total = self.owed();
        totals.paid = self.received();
        totals.refunded = self.given_back();
        totals.refunded_shipping = self.total_refunded_shipping.map(Money::abs);
        totals.returned = self.came_back();
        totals.due = self.total_outstanding.or(self.unpaid_amount);
        totals.currency = currency(self.currency.as_deref());
        totals
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.processed_on.or(self.created_on);
        moments.updated_at = self.modified_on.or(self.created_on);
        moments.completed_at = self.completed_on.or(self.closed_on);
        moments.cancelled_at = self.cancelled_on;
        moments
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        match (&self.name, &self.order_number) {
            (Some(name), _) => Some(Cow::Borrowed(name)),
            (None, number) => number
                .as_ref()
                .map(|number| Cow::Owned(format!("#{}", number.trim().trim_start_matches('#')))),
        }
    }
    /// Our own reference in full, where we pushed the order; else what the field says.
    fn reference(&self) -> Option<Cow<'_, str>> {
        let ours = self.note_attributes.iter().find(|attribute| attribute.name.as_deref() == Some(REFERENCE));
        ours.and_then(|ours| ours.value.as_deref()).or(self.reference.as_deref()).map(Cow::Borrowed)
    }
    fn buyer(&self) -> Option<Party> {
        let billed = self.billing_address.as_ref();
        if let Some(customer) = &self.customer {
            let place =
                billed.map(web::Address::postal).or_else(|| customer.default_one().map(web::Address::postal));
            return party(
                link(Some(customer.id)),
                customer.display_name().as_deref(),
                customer.points(),
                place,
            );
        }
        let named = billed.and_then(web::Address::party).or_else(|| self.shipping_address.as_ref()?.party());
        let own = self.own_points();
        let Some(mut buyer) = named else { return party(None, None, own, None) };
        if buyer.phones.is_empty() || buyer.emails.is_empty() {
            let mut points = ContactPoints {
                phones: std::mem::take(&mut buyer.phones),
                emails: buyer.emails.clone(),
                masked: own.masked,
            };
            if points.phones.is_empty() {
                points.phones = own.phones;
            }
            if points.emails.is_empty() {
                points.emails = own.emails;
            }
            return party(None, buyer.raw_name.as_deref(), points, buyer.address);
        }
        Some(buyer)
    }
    fn recipient(&self) -> Option<Party> {
        self.shipping_address.as_ref()?.party()
    }
    fn contact(&self) -> Option<DocumentContact> {
        differing(self.own_points(), self.buyer().as_ref())
    }
    fn branch(&self) -> Option<Reference> {
        Reference::of(link(self.location_id), None, None)
    }
    fn seller(&self) -> Option<Reference> {
        let id = self.assignee_id.or(self.user_id);
        let staff = [&self.assignee, &self.user].into_iter().flatten().find(|staff| Some(staff.id) == id);
        Reference::of(link(id), None, staff.and_then(web::Staff::display_name))
    }
    fn channel(&self) -> Option<Reference> {
        let source = clean_opt(self.source_name.as_deref())?;
        // For private apps the id of the app.
        if source.bytes().all(|byte| byte.is_ascii_digit()) {
            return Reference::of(Some(source), None, None);
        }
        Reference::of(None, Some(source), None)
    }
    fn lines(&self) -> Vec<Line> {
        let lines = self.line_items.iter().flatten().filter(|line| line.deleted != Some(true));
        let with_returned = |from: &web::LineItem| {
            let mut line = web_line(from, self.kept(from));
            line.returned_quantity = self.pieces_back(from.id);
            line
        };
        lines.map(with_returned).collect()
    }
    fn delivery(&self) -> Option<Delivery> {
        let address = self.shipping_address.as_ref().and_then(|address| address.postal().or_none());
        let from = self.live_fulfillment();
        if address.is_none() && from.is_none() {
            return None;
        }
        let mut delivery = Delivery::default();
        delivery.address = address;
        if let Some(from) = from {
            let info = from.tracking_info.as_ref();
            delivery.code =
                clean_opt(from.tracking_number.as_deref().or_else(|| info?.tracking_number.as_deref()));
            let names =
                || info.and_then(|info| info.carrier_name.as_deref().or(info.tracking_company.as_deref()));
            delivery.carrier = clean_opt(from.tracking_company.as_deref().or_else(names));
            delivery.status = clean_opt(from.shipment_status.as_deref().or(from.status.as_deref()));
        }
        Some(delivery)
    }
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
    fn tags(&self) -> Vec<String> {
        self.tags.clone()
    }
    /// Without lines the order was cut short, and a refund without an amount is told by the transactions: read it again.
    fn incomplete(&self) -> bool {
        self.line_items.is_none() || self.hides_refund()
    }
    fn test(&self) -> bool {
        self.test == Some(true)
    }
}

fn web_line(from: &web::LineItem, quantity: Option<Quantity>) -> Line {
    let gross = || Some(from.price?.times(quantity?));
    let title = from.title.as_deref();
    let variant = from.variant_title.as_deref().filter(|variant| *variant != "Default Title");
    let mut line = Line::default();
    line.id = link(from.id);
    line.product_id = link(from.product_id);
    line.variant_id = link(from.variant_id);
    line.sku = clean_opt(from.sku.as_deref());
    line.name = clean_opt(from.name.as_deref()).or_else(|| joined([title, variant], " - "));
    line.quantity = quantity;
    line.unit_price = from.price;
    line.discount = from.total_discount;
    line.tax = (!from.tax_lines.is_empty()).then(|| from.tax_lines.iter().filter_map(|tax| tax.price).sum());
    line.total = gross().map(|gross| gross - from.total_discount.unwrap_or(Money::ZERO));
    line
}

impl pos_core::Order for web::Refund {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Return
    }
    fn status(&self) -> OrderStatus {
        OrderStatus::new(StatusCategory::Completed, None, None)
    }
    fn payment(&self) -> PaymentState {
        PaymentState::new(PaymentCategory::Refunded, None)
    }
    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.refunded = self.sent();
        totals.total = totals.refunded;
        totals.currency = currency(self.transactions.first().and_then(|one| one.currency.as_deref()));
        totals
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.processed_at.or(self.created_on);
        moments.updated_at = self.created_on.or(self.processed_at);
        moments.completed_at = moments.placed_at;
        moments
    }
    fn returns(&self) -> Option<Cow<'_, str>> {
        link(self.order_id).map(Cow::Owned)
    }
    fn seller(&self) -> Option<Reference> {
        Reference::of(link(self.user_id), None, None)
    }
    fn branch(&self) -> Option<Reference> {
        Reference::of(link(self.transactions.first().and_then(|one| one.location_id)), None, None)
    }
    fn lines(&self) -> Vec<Line> {
        let line = |from: &web::RefundLine| {
            let mut line =
                from.line_item.as_ref().map(|sold| web_line(sold, sold.quantity)).unwrap_or_default();
            line.id = link(from.line_item_id).or(line.id);
            line.quantity = from.quantity;
            line.tax = from.total_tax;
            line.total = from.subtotal.or_else(|| Some(line.unit_price?.times(from.quantity?)));
            line.discount =
                Some(line.unit_price?.times(from.quantity?) - line.total?).filter(|rest| !rest.is_negative());
            Some(line)
        };
        self.refund_line_items.iter().map(|from| line(from).unwrap_or_default()).collect()
    }
    fn payments(&self) -> Vec<Payment> {
        let payment = |from: &web::Transaction| {
            let mut payment = Payment::default();
            payment.id = Some(from.id.to_string());
            payment.method = clean_opt(from.gateway.as_deref());
            payment.amount = from.amount.map(Money::abs);
            payment.paid_at = from.processed_at.or(from.created_on);
            payment.valid = from.is_success();
            payment
        };
        self.transactions.iter().map(payment).collect()
    }
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// The text that all agree on.
fn common<T: PartialEq + Clone>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

impl pos_core::Product for web::Product {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    /// The code of the only variant.
    fn code(&self) -> Option<Cow<'_, str>> {
        let [only] = self.variants.as_slice() else { return None };
        only.sku.as_deref().map(Cow::Borrowed)
    }
    fn barcode(&self) -> Option<&str> {
        let [only] = self.variants.as_slice() else { return None };
        only.barcode.as_deref()
    }
    fn category(&self) -> Option<Reference> {
        Reference::of(None, None, clean_opt(self.product_type.as_deref()))
    }
    fn unit(&self) -> Option<&str> {
        common(self.variants.iter().map(|variant| variant.unit.as_deref()))
    }
    /// The price that all variants share.
    fn price(&self) -> Option<Money> {
        common(self.variants.iter().map(|variant| variant.price))
    }
    fn variants(&self) -> Vec<Variant> {
        let variant = |from: &web::Variant| {
            let title = from.title.as_deref().filter(|title| *title != "Default Title");
            let mut variant = Variant::default();
            variant.id = from.id.to_string();
            variant.sku = clean_opt(from.sku.as_deref());
            variant.barcode = clean_opt(from.barcode.as_deref());
            variant.name = joined([self.name.as_deref(), title], " - ");
            variant.price = from.price;
            variant
        };
        self.variants.iter().map(variant).collect()
    }
    fn active(&self) -> Option<bool> {
        self.status.as_deref().map(|status| status.eq_ignore_ascii_case("active"))
    }
    fn images(&self) -> Vec<String> {
        self.images.iter().filter_map(|image| image.src.clone()).collect()
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.created_on
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }
}

impl web::Staff {
    /// The whole name, family name first.
    pub fn display_name(&self) -> Option<String> {
        full_name(self.last_name.as_deref(), self.first_name.as_deref())
    }
}

impl ToRecord for web::Location {
    type Record = BranchRecord;
    fn record(&self) -> BranchRecord {
        let mut address = Address::default();
        address.street = joined([self.address1.as_deref(), self.address2.as_deref()], ", ");
        address.province = clean_opt(self.province.as_deref()).or_else(|| clean_opt(self.city.as_deref()));
        if address.street.is_some() || address.province.is_some() {
            address.country = clean_opt(self.country.as_deref());
        }
        place(
            self.id,
            self.code.as_deref(),
            self.name.as_deref(),
            self.phone.as_deref(),
            self.email.as_deref(),
            address,
            self.active,
        )
    }
}

fn place(
    id: i64,
    code: Option<&str>,
    name: Option<&str>,
    phone: Option<&str>,
    email: Option<&str>,
    address: Address,
    active: Option<bool>,
) -> BranchRecord {
    let mut points = ContactPoints::default();
    points.phone(phone, PhoneSource::Own);
    points.email(email);
    let points = points.sorted();
    let mut record = BranchRecord::default();
    record.id = id.to_string();
    record.code = clean_opt(code);
    record.name = clean_opt(name);
    record.phones = points.phones;
    record.emails = points.emails;
    record.address = address.or_none();
    record.active = active;
    record
}

fn person(id: i64, name: Option<String>, phone: Option<&str>, email: Option<&str>) -> UserRecord {
    let mut points = ContactPoints::default();
    points.phone(phone, PhoneSource::Own);
    points.email(email);
    let points = points.sorted();
    let mut record = UserRecord::default();
    record.id = id.to_string();
    record.name = name;
    record.phones = points.phones;
    record.emails = points.emails;
    record
}

impl ToRecord for web::Staff {
    type Record = UserRecord;
    fn record(&self) -> UserRecord {
        person(self.id, self.display_name(), self.phone.as_deref(), self.email.as_deref())
    }
}

impl ToRecord for web::Collection {
    type Record = CategoryRecord;
    fn record(&self) -> CategoryRecord {
        let mut record = CategoryRecord::default();
        record.id = self.id.to_string();
        record.name = clean_opt(self.name.as_deref());
        record
    }
    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }
}

// ---- POS ----

impl pos::Address {
    /// Who lives there.
    pub fn display_name(&self) -> Option<String> {
        clean_opt(self.full_name.as_deref())
            .or_else(|| full_name(self.last_name.as_deref(), self.first_name.as_deref()))
    }

    /// `None` for an address of blanks, as Sapo makes one for every customer (C:1 live).
    fn postal(&self) -> Option<Address> {
        let mut address = Address::default();
        address.name = self.display_name();
        address.phone = clean_opt(self.phone_number.as_deref());
        address.street = joined([self.address1.as_deref(), self.address2.as_deref()], ", ");
        address.ward = clean_opt(self.ward.as_deref());
        address.district = clean_opt(self.district.as_deref());
        address.province = clean_opt(self.city.as_deref());
        address.text = clean_opt(self.full_address.as_deref());
        let mut address = address.or_none()?;
        let is_place = address.street.is_some()
            || address.ward.is_some()
            || address.district.is_some()
            || address.province.is_some();
        if is_place {
            address.country = clean_opt(self.country.as_deref());
        }
        address.id = link(self.id);
        Some(address)
    }

    fn party(&self) -> Option<Party> {
        let mut points = ContactPoints::default();
        points.phone(self.phone_number.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        party(None, self.display_name().as_deref(), points, self.postal())
    }
}

impl pos_core::Customer for pos::Customer {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn raw_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn contact_points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone_number.as_deref(), PhoneSource::Own);
        for address in &self.addresses {
            points.phone(address.phone_number.as_deref(), PhoneSource::Address);
        }
        points.email(self.email.as_deref());
        points
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.code.as_deref().map(Cow::Borrowed)
    }
    fn gender(&self) -> Option<Gender> {
        gender(self.sex.as_deref())
    }
    fn birth_date(&self) -> Option<time::Date> {
        self.dob
    }
    fn addresses(&self) -> Vec<Address> {
        self.addresses.iter().filter_map(pos::Address::postal).collect()
    }
    fn tax_code(&self) -> Option<&str> {
        self.tax_number.as_deref()
    }
    fn note(&self) -> Option<&str> {
        self.description.as_deref()
    }
    fn tags(&self) -> Vec<String> {
        self.tags.clone()
    }
    fn groups(&self) -> Vec<String> {
        self.group_name.iter().cloned().collect()
    }
    fn spent(&self) -> Option<Money> {
        self.sale_order.as_ref()?.total_sales
    }
    fn order_count(&self) -> Option<u64> {
        use std::str::FromStr;
        u64::from_str(&self.sale_order.as_ref()?.order_purchases?.to_string()).ok()
    }
    fn branch_id(&self) -> Option<Cow<'_, str>> {
        link(self.default_location_id).map(Cow::Owned)
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.created_on
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }
    fn deleted(&self) -> bool {
        word(self.status.as_deref()).as_deref() == Some("deleted")
    }
}

impl pos::OrderReturn {
    /// Whether it was called off.
    fn is_cancelled(&self) -> bool {
        matches!(word(self.status.as_deref()).as_deref(), Some("cancelled" | "canceled" | "deleted"))
    }

    /// Whether the goods are back.
    fn is_back(&self) -> bool {
        word(self.status.as_deref()).is_none_or(|status| status == "returned")
    }

    /// What its goods were taken back for.
    fn value(&self) -> Option<Money> {
        let of_lines = || sum(self.line_items.iter().filter_map(|line| pos_line(line).total));
        self.total_amount.or_else(of_lines).map(Money::abs)
    }

    /// Money that went back.
    fn given_back(&self) -> Option<Money> {
        let active = |refund: &&pos::ReturnRefund| {
            !matches!(word(refund.status.as_deref()).as_deref(), Some("cancelled" | "canceled" | "deleted"))
        };
        let listed =
            sum(self.refunds.iter().filter(active).filter_map(|refund| refund.amount).map(Money::abs));
        let is_paid = word(self.refund_status.as_deref()).as_deref() == Some("paid");
        listed.or_else(|| self.value().filter(|_| is_paid))
    }
}

impl pos::Order {
    /// The points of the customer on the order. A number that is the customer's tax code is none of his.
    fn customer_points(&self) -> Option<ContactPoints> {
        let customer = self.customer_data.as_ref()?;
        let mut points = pos_core::Customer::contact_points(customer);
        points.doubt(customer.tax_number.as_deref(), None);
        Some(points)
    }

    /// Phone and e-mail of the order itself; the billing address's where the order and its customer have none.
    fn own_points(&self) -> ContactPoints {
        let tax_code = self.customer_data.as_ref().and_then(|customer| customer.tax_number.as_deref());
        let mut points = ContactPoints::default();
        points.phone(self.phone_number.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        points.doubt(tax_code, None);
        let has_number = |points: &ContactPoints| {
            points.phones.iter().any(|phone| phone.e164.is_some() && !phone.doubtful)
        };
        if let (Some(customer), Some(billed)) = (self.customer_points(), &self.billing_address)
            && !has_number(&points)
            && !has_number(&customer)
        {
            points.phone(billed.phone_number.as_deref(), PhoneSource::Own);
            points.doubt(tax_code, None);
        }
        points
    }

    /// Returns that were not called off.
    fn returns(&self) -> impl Iterator<Item = &pos::OrderReturn> {
        self.order_returns.iter().filter(|one| !one.is_cancelled())
    }

    /// All payments once: those before delivery, and those that came with a shipment that was not called off.
    fn all_payments(
        &self,
    ) -> (impl Iterator<Item = &pos::Prepayment>, impl Iterator<Item = &pos::Prepayment>) {
        let is_live = |from: &&pos::Fulfillment| {
            from.cancel_date.is_none() && word(from.status.as_deref()).as_deref() != Some("cancelled")
        };
        let before = self.prepayments.iter().flatten();
        let known = move |payment: &&pos::Prepayment| {
            payment.id.is_none() || self.prepayments.iter().flatten().all(|other| other.id != payment.id)
        };
        (before, self.fulfillments.iter().filter(is_live).flat_map(|from| &from.payments).filter(known))
    }

    /// What came in before delivery and with the shipments, and whether these are one money told twice: money that a carrier
    /// collected may stand with the shipment and once more among the prepayments.
    fn came_in(&self) -> (Option<Money>, Option<Money>, bool) {
        fn total<'a>(payments: impl Iterator<Item = &'a pos::Prepayment>) -> Option<Money> {
            let active = payments.filter(|payment| is_active(payment));
            sum(active.filter_map(|payment| payment.paid_amount.or(payment.amount)))
        }
        let (before, with_goods) = self.all_payments();
        let (before, with_goods) = (total(before), total(with_goods));
        let both = sum([before, with_goods].into_iter().flatten());
        let is_told_twice = before.is_some()
            && with_goods.is_some()
            && both.zip(self.total).is_some_and(|(both, owed)| both > owed);
        (before, with_goods, is_told_twice)
    }

    /// What came in. What the vendor calls paid is paid, whatever is listed.
    fn received(&self) -> Option<Money> {
        let (before, with_goods, is_told_twice) = self.came_in();
        let once = if is_told_twice {
            before.max(with_goods)
        } else {
            let both = sum([before, with_goods].into_iter().flatten());
            both.or_else(|| self.prepayments.as_ref().map(|_| Money::ZERO))
        };
        let is_paid = word(self.payment_status.as_deref()).as_deref() == Some("paid");
        if is_paid { once.max(self.total) } else { once }
    }

    /// The discount on the whole order. `total_discount` holds those of the lines, too, which are in the lines already.
    fn order_discount(&self) -> Option<Money> {
        let on_lines = self.order_line_items.iter().flatten().filter_map(|line| pos_line(line).discount);
        match (self.order_discount_amount.filter(|amount| !amount.is_zero()), self.total_discount) {
            (Some(amount), _) => Some(amount),
            (None, Some(all)) => Some((all - on_lines.sum::<Money>()).max(Money::ZERO)),
            (None, None) => self.order_discount_amount,
        }
    }

    fn pieces_back(&self, line: Option<i64>) -> Option<Quantity> {
        let back = self.returns().filter(|one| one.is_back()).flat_map(|one| &one.line_items);
        let pieces: Vec<Quantity> = back
            .filter(|back| back.order_line_item_id.is_some() && back.order_line_item_id == line)
            .filter_map(|back| back.quantity)
            .collect();
        (!pieces.is_empty()).then(|| pieces.into_iter().sum())
    }

    fn live_fulfillment(&self) -> Option<&pos::Fulfillment> {
        let is_live = |from: &&pos::Fulfillment| {
            from.cancel_date.is_none() && from.status.as_deref() != Some("cancelled")
        };
        self.fulfillments.iter().rev().find(is_live).or(self.fulfillments.last())
    }
}

fn is_active(payment: &pos::Prepayment) -> bool {
    word(payment.status.as_deref()).is_none_or(|status| status == "active")
}

/// The discount of a whole line. `discount_amount` is that of the line; where `line_amount` shows that it is meant for one
/// piece, it is that of all. Without it, `line_amount` tells.
fn line_discount(from: &pos::Line) -> Option<Money> {
    let gross = from.price.zip(from.quantity).map(|(price, quantity)| price.times(quantity));
    let told = from.discount_amount.filter(|amount| !amount.is_zero());
    match (told, gross, from.line_amount) {
        (Some(told), Some(gross), Some(net)) if gross - told != net => {
            let of_all = told.times(from.quantity?);
            Some(if gross - of_all == net { of_all } else { told })
        }
        (None, Some(gross), Some(net))
            if net < gross && !net.is_negative() && from.discount_amount.is_none() =>
        {
            Some(gross - net)
        }
        _ => from.discount_amount,
    }
}

fn pos_line(from: &pos::Line) -> Line {
    let gross = || Some(from.price?.times(from.quantity?));
    let mut line = Line::default();
    line.id = link(from.id);
    line.product_id = link(from.product_id);
    line.variant_id = link(from.variant_id);
    line.sku = clean_opt(from.sku.as_deref());
    line.name = clean_opt(from.variant_name.as_deref()).or_else(|| clean_opt(from.product_name.as_deref()));
    line.quantity = from.quantity;
    line.unit_price = from.price;
    line.discount = line_discount(from);
    line.tax = from.tax_amount;
    line.total = gross().map(|gross| gross - line.discount.unwrap_or_default()).or(from.line_amount);
    line
}

/// Markets that a channel's text may name, by the codes that the model uses.
const MARKETS: [(&str, &str); 6] = [
    ("shopee", "shopee"),
    ("lazada", "lazada"),
    ("tiktok", "tiktok"),
    ("tiki", "tiki"),
    ("sendo", "sendo"),
    ("facebook", "facebook"),
];

impl pos_core::Order for pos::Order {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Order
    }
    fn status(&self) -> OrderStatus {
        let code = self.status.as_deref().map(str::trim);
        let is_back = word(self.return_status.as_deref()).as_deref() == Some("returned");
        let sent = matches!(word(self.fulfillment_status.as_deref()).as_deref(), Some("shipped" | "partial"));
        let category = match word(code).as_deref() {
            _ if self.cancelled_on.is_some() => StatusCategory::Cancelled,
            Some("cancelled" | "canceled") => StatusCategory::Cancelled,
            Some("deleted") => StatusCategory::Deleted,
            // Whatever else the order is: all of its goods came back.
            _ if is_back => StatusCategory::Returned,
            Some("completed" | "finished") => StatusCategory::Completed,
            Some("draft") => StatusCategory::Draft,
            Some("finalized") if sent => StatusCategory::Shipping,
            Some("finalized") => StatusCategory::Confirmed,
            _ => StatusCategory::Unknown,
        };
        OrderStatus::new(category, code.map(str::to_owned), None)
    }
    fn payment(&self) -> PaymentState {
        let code = self.payment_status.as_deref().map(str::trim);
        let category = match word(code).as_deref() {
            Some("unpaid") => PaymentCategory::Unpaid,
            Some("partial" | "partial_paid") => PaymentCategory::PartiallyPaid,
            Some("paid") => PaymentCategory::Paid,
            Some(_) => PaymentCategory::Unknown,
            None => return PaymentState::from_amounts(self.total, self.received()),
        };
        PaymentState::new(category, code.map(str::to_owned))
    }
    fn fulfilment(&self) -> Fulfilment {
        let code = self.fulfillment_status.as_deref().map(str::trim);
        let category = match (word(code).as_deref(), word(self.received_status.as_deref()).as_deref()) {
            (_, Some("received")) => FulfilmentCategory::Delivered,
            (Some("shipped"), _) => FulfilmentCategory::Shipping,
            (Some("partial"), _) => FulfilmentCategory::Partial,
            (Some("unshipped"), _) => FulfilmentCategory::Unfulfilled,
            _ => FulfilmentCategory::Unknown,
        };
        Fulfilment::new(category, code.map(str::to_owned))
    }
    fn totals(&self) -> Totals {
        let lines = self.order_line_items.as_deref().unwrap_or_default();
        let mut totals = Totals::default();
        totals.subtotal =
            (!lines.is_empty()).then(|| lines.iter().map(|line| pos_line(line).total).sum()).flatten();
        totals.discount = self.order_discount();
        totals.shipping_fee = self.delivery_fee;
        totals.tax = self.total_tax;
        totals.total = self.total;
        totals.paid = self.received();
        totals.refunded = sum(self.returns().filter_map(pos::OrderReturn::given_back));
        totals.returned = sum(self.returns().filter(|one| one.is_back()).filter_map(pos::OrderReturn::value));
        totals
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.issued_on.or(self.created_on);
        moments.updated_at = self.modified_on.or(self.created_on);
        moments.completed_at = self.completed_on.or(self.finished_on);
        moments.cancelled_at = self.cancelled_on;
        moments
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.code.as_deref().map(Cow::Borrowed)
    }
    fn reference(&self) -> Option<Cow<'_, str>> {
        let ours = || own_reference(self.code.as_deref()?);
        self.reference_number.as_deref().map(Cow::Borrowed).or_else(ours)
    }
    fn buyer(&self) -> Option<Party> {
        let id = link(self.customer_id);
        if let Some(customer) = &self.customer_data {
            let id = id.or_else(|| link(Some(customer.id)));
            let place =
                self.billing_address.as_ref().or(customer.addresses.first()).and_then(pos::Address::postal);
            let points = self.customer_points().unwrap_or_default();
            return party(id, customer.name.as_deref(), points, place);
        }
        let named = self
            .billing_address
            .as_ref()
            .and_then(pos::Address::party)
            .or_else(|| self.shipping_address.as_ref()?.party());
        let own = self.own_points();
        match named {
            Some(buyer) => {
                let pick = |mine: Vec<_>, theirs| if mine.is_empty() { theirs } else { mine };
                let points = ContactPoints {
                    phones: pick(buyer.phones, own.phones),
                    emails: if buyer.emails.is_empty() { own.emails } else { buyer.emails },
                    masked: own.masked,
                };
                party(id, buyer.raw_name.as_deref(), points, buyer.address)
            }
            None => party(id, None, own, None),
        }
    }
    fn recipient(&self) -> Option<Party> {
        self.shipping_address.as_ref()?.party()
    }
    fn contact(&self) -> Option<DocumentContact> {
        differing(self.own_points(), self.buyer().as_ref())
    }
    fn branch(&self) -> Option<Reference> {
        Reference::of(link(self.location_id), None, None)
    }
    fn seller(&self) -> Option<Reference> {
        Reference::of(link(self.assignee_id).or_else(|| link(self.account_id)), None, None)
    }
    fn channel(&self) -> Option<Reference> {
        let name = clean_opt(self.channel.as_deref());
        let lower = name.as_deref().unwrap_or_default().to_lowercase();
        let code = MARKETS.iter().find(|(word, _)| lower.contains(word)).map(|(_, code)| (*code).to_owned());
        Reference::of(link(self.source_id), code, name)
    }
    fn lines(&self) -> Vec<Line> {
        let with_returned = |from: &pos::Line| {
            let mut line = pos_line(from);
            line.returned_quantity = self.pieces_back(from.id);
            line
        };
        self.order_line_items.iter().flatten().map(with_returned).collect()
    }
    fn payments(&self) -> Vec<Payment> {
        let payment = |from: &pos::Prepayment| {
            let mut payment = Payment::default();
            payment.id = link(from.id);
            payment.method = clean_opt(from.source.as_deref());
            payment.amount = from.paid_amount.or(from.amount);
            payment.paid_at = from.paid_on;
            payment.valid = is_active(from);
            payment
        };
        let (paid_before, paid_with_goods, is_told_twice) = self.came_in();
        let (before, with_goods) = self.all_payments();
        // Of money that is told twice the larger telling counts.
        let counts = |is_larger: bool| {
            move |mut payment: Payment| {
                payment.valid &= is_larger || !is_told_twice;
                payment
            }
        };
        let before = before.map(payment).map(counts(paid_before >= paid_with_goods));
        before.chain(with_goods.map(payment).map(counts(paid_before < paid_with_goods))).collect()
    }
    fn delivery(&self) -> Option<Delivery> {
        let address = self.shipping_address.as_ref().and_then(pos::Address::postal);
        let from = self.live_fulfillment();
        if address.is_none() && from.is_none() {
            return None;
        }
        let mut delivery = Delivery::default();
        delivery.address = address;
        if let Some(from) = from {
            delivery.status =
                clean_opt(from.composite_fulfillment_status.as_deref().or(from.status.as_deref()));
            if let Some(shipment) = &from.shipment {
                delivery.code = clean_opt(shipment.tracking_code.as_deref());
                delivery.carrier = clean_opt(shipment.service_name.as_deref());
                delivery.fee = shipment.freight_amount;
                delivery.cod = shipment.cod_amount;
            }
        }
        Some(delivery)
    }
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
    fn tags(&self) -> Vec<String> {
        self.tags.clone()
    }
    /// Without lines the order was cut short, and so it was where goods came back and no return says which.
    fn incomplete(&self) -> bool {
        let came_back = word(self.return_status.as_deref()).as_deref() == Some("partial");
        self.order_line_items.is_none() || (came_back && self.returns().next().is_none())
    }
}

impl pos_core::Order for pos::OrderReturn {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Return
    }
    fn status(&self) -> OrderStatus {
        let category = match word(self.status.as_deref()).as_deref() {
            _ if self.is_cancelled() => StatusCategory::Cancelled,
            Some("returning") => StatusCategory::Processing,
            Some("returned") => StatusCategory::Completed,
            _ => StatusCategory::Unknown,
        };
        OrderStatus::new(category, self.status.clone(), None)
    }
    fn payment(&self) -> PaymentState {
        let category = match word(self.refund_status.as_deref()).as_deref() {
            Some("unpaid") => PaymentCategory::Unpaid,
            Some("partial") => PaymentCategory::PartiallyRefunded,
            Some("paid") => PaymentCategory::Refunded,
            _ => PaymentCategory::Unknown,
        };
        PaymentState::new(category, self.refund_status.clone())
    }
    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.total = self.value();
        totals.refunded = self.given_back();
        totals
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.created_on;
        moments.updated_at = self.modified_on.or(self.created_on);
        moments
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.code.as_deref().map(Cow::Borrowed)
    }
    fn returns(&self) -> Option<Cow<'_, str>> {
        link(self.order_id).map(Cow::Owned)
    }
    fn buyer(&self) -> Option<Party> {
        party(link(self.customer_id), None, ContactPoints::default(), None)
    }
    fn branch(&self) -> Option<Reference> {
        Reference::of(link(self.location_id), None, None)
    }
    fn lines(&self) -> Vec<Line> {
        self.line_items.iter().map(pos_line).collect()
    }
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

impl pos_core::Product for pos::Product {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        let [only] = self.variants.as_slice() else { return None };
        only.sku.as_deref().map(Cow::Borrowed)
    }
    fn barcode(&self) -> Option<&str> {
        let [only] = self.variants.as_slice() else { return None };
        only.barcode.as_deref()
    }
    fn category(&self) -> Option<Reference> {
        Reference::of(
            link(self.category_id),
            clean_opt(self.category_code.as_deref()),
            clean_opt(self.category.as_deref()),
        )
    }
    fn unit(&self) -> Option<&str> {
        common(self.variants.iter().map(|variant| variant.unit.as_deref()))
    }
    fn price(&self) -> Option<Money> {
        common(self.variants.iter().map(|variant| variant.variant_retail_price))
    }
    fn cost(&self) -> Option<Money> {
        common(self.variants.iter().map(|variant| variant.variant_import_price))
    }
    fn variants(&self) -> Vec<Variant> {
        let variant = |from: &pos::Variant| {
            let mut variant = Variant::default();
            variant.id = from.id.to_string();
            variant.sku = clean_opt(from.sku.as_deref());
            variant.barcode = clean_opt(from.barcode.as_deref());
            variant.name = clean_opt(from.name.as_deref());
            variant.price = from.variant_retail_price;
            variant
        };
        self.variants.iter().map(variant).collect()
    }
    /// By branch, over all variants.
    fn stock(&self) -> Vec<StockLevel> {
        let mut levels: Vec<StockLevel> = Vec::new();
        for from in self.variants.iter().flat_map(|variant| &variant.inventories) {
            let branch = Reference::of(link(from.location_id), None, None);
            match levels.iter_mut().find(|level| level.branch == branch) {
                Some(level) => {
                    level.on_hand =
                        Some(level.on_hand.unwrap_or_default() + from.on_hand.unwrap_or_default());
                    level.reserved =
                        Some(level.reserved.unwrap_or_default() + from.committed.unwrap_or_default());
                }
                None => {
                    let mut level = StockLevel::default();
                    level.branch = branch;
                    level.on_hand = from.on_hand;
                    level.reserved = from.committed;
                    levels.push(level);
                }
            }
        }
        levels
    }
    fn active(&self) -> Option<bool> {
        word(self.status.as_deref()).map(|status| status == "active")
    }
    fn images(&self) -> Vec<String> {
        let of_variants = self
            .variants
            .iter()
            .flat_map(|variant| &variant.images)
            .filter_map(|image| image.full_path.clone());
        self.image_path.iter().cloned().chain(of_variants).collect()
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.created_on
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }
    fn deleted(&self) -> bool {
        word(self.status.as_deref()).as_deref() == Some("deleted")
    }
}

impl ToRecord for pos::Location {
    type Record = BranchRecord;
    fn record(&self) -> BranchRecord {
        let mut address = Address::default();
        address.street = clean_opt(self.address1.as_deref());
        address.ward = clean_opt(self.ward.as_deref());
        address.district = clean_opt(self.district.as_deref());
        address.province = clean_opt(self.city.as_deref());
        let active = self.status.as_deref().map(|status| status == "active");
        place(
            self.id,
            self.code.as_deref(),
            self.name.as_deref(),
            self.phone_number.as_deref(),
            self.email.as_deref(),
            address,
            active,
        )
    }
}

impl ToRecord for pos::Category {
    type Record = CategoryRecord;
    fn record(&self) -> CategoryRecord {
        let mut record = CategoryRecord::default();
        record.id = self.id.to_string();
        record.parent = link(self.parent_id);
        record.name = clean_opt(self.name.as_deref());
        record
    }
}

impl ToRecord for pos::Staff {
    type Record = UserRecord;
    fn record(&self) -> UserRecord {
        person(
            self.id,
            clean_opt(self.full_name.as_deref()),
            self.phone_number.as_deref(),
            self.email.as_deref(),
        )
    }
}

macro_rules! by_entity {
    ($($vendor:ty as $entity:ident -> $record:ident, $changed:ident;)*) => {$(
        impl ToRecord for $vendor {
            type Record = $record;
            fn record(&self) -> $record {
                pos_core::$entity::to_record(self)
            }
            fn changed(&self) -> Option<OffsetDateTime> {
                self.$changed.or(self.created_on)
            }
            fn with_custom(mut record: $record, custom: Extra) -> $record {
                record.custom = custom;
                record
            }
        }
    )*};
}

by_entity! {
    web::Customer as Customer -> CustomerRecord, modified_on;
    web::Order as Order -> OrderRecord, modified_on;
    web::Refund as Order -> OrderRecord, created_on;
    web::Product as Product -> ProductRecord, modified_on;
    pos::Customer as Customer -> CustomerRecord, modified_on;
    pos::Order as Order -> OrderRecord, modified_on;
    pos::OrderReturn as Order -> OrderRecord, modified_on;
    pos::Product as Product -> ProductRecord, modified_on;
}
