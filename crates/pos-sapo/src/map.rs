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
//!   `total_received`, before refunds. On POS `paid` is the sum of the active prepayments.
//! - **Placed** is `processed_on` (web; else `created_on`) and `issued_on` (POS): the business time of imported orders.
//! - **Stock**: the web flavour's products tell only what is available to sell, which is not what is on the shelf; so web
//!   products carry no stock. [`Client::list_inventory_levels`](crate::Client::list_inventory_levels) tells the real one.

use std::borrow::Cow;

use pos_core::entity::{Moments, Totals, party};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerRecord, Delivery,
    DocumentContact, DocumentKind, Extra, Fulfilment, FulfilmentCategory, Gender, Line, Money, OrderRecord,
    OrderStatus, Party, Payment, PaymentCategory, PaymentState, PhoneSource, ProductRecord, Quantity,
    Reference, StatusCategory, StockLevel, UserRecord, Variant, clean, clean_opt,
};
use time::OffsetDateTime;

use crate::model::{pos, web};
use crate::push::{POS_MARK, REFERENCE};

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

    fn postal(&self) -> Address {
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
        for (part, code) in [
            ("province", &self.province_code),
            ("district", &self.district_code),
            ("ward", &self.ward_code),
            ("country", &self.country_code),
        ] {
            if let Some(code) = clean_opt(code.as_deref()) {
                address.codes.insert(part.to_owned(), code);
            }
        }
        address
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

impl web::Order {
    fn fulfilled(&self) -> bool {
        self.fulfillment_status.as_deref() == Some("fulfilled")
    }

    /// Whether anything left the shop; an unknown word is no news.
    fn ships(&self) -> bool {
        matches!(self.fulfillment_status.as_deref(), Some("fulfilled" | "partial" | "shipped"))
    }

    fn live_fulfillment(&self) -> Option<&web::Fulfillment> {
        let is_live = |from: &&web::Fulfillment| {
            from.cancelled_on.is_none() && from.status.as_deref() != Some("cancelled")
        };
        self.fulfillments.iter().rev().find(is_live).or(self.fulfillments.last())
    }

    fn own_points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        points
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
        let paid = self.financial_status.as_deref() == Some("paid");
        let category = match code {
            _ if self.cancelled_on.is_some() => StatusCategory::Cancelled,
            Some("cancelled") => StatusCategory::Cancelled,
            Some("open" | "closed") | None if self.financial_status.as_deref() == Some("refunded") => {
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
        let category = match code {
            Some("pending" | "authorized" | "unpaid") => PaymentCategory::Unpaid,
            Some("partially_paid") => PaymentCategory::PartiallyPaid,
            Some("paid") => PaymentCategory::Paid,
            Some("partially_refunded") => PaymentCategory::PartiallyRefunded,
            Some("refunded") => PaymentCategory::Refunded,
            Some("voided") => PaymentCategory::Voided,
            Some(_) => PaymentCategory::Unknown,
            None => return PaymentState::from_amounts(self.total_price, self.total_received),
        };
        PaymentState::new(category, code.map(str::to_owned))
    }
    fn fulfilment(&self) -> Fulfilment {
        let code = self.fulfillment_status.as_deref().map(str::trim);
        let category = match code {
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
        let refunds = || {
            let sums: Vec<Money> = self.refunds.iter().filter_map(|refund| refund.total_refunded).collect();
            (!sums.is_empty()).then(|| sums.into_iter().sum())
        };
        let fees = || {
            let fees: Vec<Money> = self.shipping_lines.iter().filter_map(|line| line.price).collect();
            (!fees.is_empty()).then(|| fees.into_iter().sum())
        };
        let mut totals = Totals::default();
        totals.subtotal = self
            .total_line_items_price
            .or_else(|| Some(self.subtotal_price.or(self.sub_total_price)? + self.total_discounts?));
        totals.discount = self.total_discounts;
        totals.shipping_fee = self.total_shipping_price.or_else(fees);
        totals.tax = self.total_tax;
        totals.total = self.total_price;
        totals.paid = self.total_received;
        totals.refunded = self.total_refunded.or_else(refunds);
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
        match (&self.name, self.order_number) {
            (Some(name), _) => Some(Cow::Borrowed(name)),
            (None, number) => number.map(|number| Cow::Owned(format!("#{number}"))),
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
                Some(customer.id.to_string()),
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
        let returned = |id: Option<i64>| {
            let of_line = self.refunds.iter().flat_map(|refund| &refund.refund_line_items);
            let pieces: Vec<Quantity> = of_line
                .filter(|line| line.line_item_id.is_some() && line.line_item_id == id)
                .filter_map(|line| line.quantity)
                .collect();
            (!pieces.is_empty()).then(|| pieces.into_iter().sum())
        };
        let lines = self.line_items.iter().flatten().filter(|line| line.deleted != Some(true));
        let with_returned = |from: &web::LineItem| {
            let mut line = web_line(from);
            line.returned_quantity = returned(from.id);
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
    /// Without lines the order was cut short: read it again.
    fn incomplete(&self) -> bool {
        self.line_items.is_none()
    }
}

fn web_line(from: &web::LineItem) -> Line {
    let gross = || Some(from.price?.times(from.quantity?));
    let title = from.title.as_deref();
    let variant = from.variant_title.as_deref().filter(|variant| *variant != "Default Title");
    let mut line = Line::default();
    line.id = link(from.id);
    line.product_id = link(from.product_id);
    line.variant_id = link(from.variant_id);
    line.sku = clean_opt(from.sku.as_deref());
    line.name = clean_opt(from.name.as_deref()).or_else(|| joined([title, variant], " - "));
    line.quantity = from.quantity;
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
        let sent = || {
            let good = self.transactions.iter().filter(|one| {
                one.kind.as_deref() == Some("refund") && one.status.as_deref() == Some("success")
            });
            let sums: Vec<Money> = good.filter_map(|one| one.amount).collect();
            (!sums.is_empty()).then(|| sums.into_iter().sum())
        };
        let mut totals = Totals::default();
        totals.refunded = self.total_refunded.or_else(sent).map(Money::abs);
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
            let mut line = from.line_item.as_ref().map(web_line).unwrap_or_default();
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
            payment.valid = from.status.as_deref() == Some("success");
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
        self.status.as_deref() == Some("deleted")
    }
}

impl pos::Order {
    fn own_points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone_number.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        points
    }

    fn live_fulfillment(&self) -> Option<&pos::Fulfillment> {
        let is_live = |from: &&pos::Fulfillment| {
            from.cancel_date.is_none() && from.status.as_deref() != Some("cancelled")
        };
        self.fulfillments.iter().rev().find(is_live).or(self.fulfillments.last())
    }
}

fn is_active(payment: &pos::Prepayment) -> bool {
    payment.status.as_deref().is_none_or(|status| status == "active")
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
    line.discount = from.discount_amount;
    line.tax = from.tax_amount;
    line.total =
        gross().map(|gross| gross - from.discount_amount.unwrap_or(Money::ZERO)).or(from.line_amount);
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
        let is_back = self.return_status.as_deref() == Some("returned");
        let sent = matches!(self.fulfillment_status.as_deref(), Some("shipped" | "partial"));
        let category = match code {
            _ if self.cancelled_on.is_some() => StatusCategory::Cancelled,
            Some("cancelled") => StatusCategory::Cancelled,
            Some("deleted") => StatusCategory::Deleted,
            Some("draft" | "finalized" | "completed" | "finished") if is_back => StatusCategory::Returned,
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
        let category = match code {
            Some("unpaid") => PaymentCategory::Unpaid,
            Some("partial" | "partial_paid") => PaymentCategory::PartiallyPaid,
            Some("paid") => PaymentCategory::Paid,
            Some(_) => PaymentCategory::Unknown,
            None => return PaymentState::from_amounts(self.total, self.totals().paid),
        };
        PaymentState::new(category, code.map(str::to_owned))
    }
    fn fulfilment(&self) -> Fulfilment {
        let code = self.fulfillment_status.as_deref().map(str::trim);
        let category = match (code, self.received_status.as_deref()) {
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
        let back: Vec<Money> = self
            .order_returns
            .iter()
            .flat_map(|one| &one.refunds)
            .filter_map(|refund| refund.amount)
            .collect();
        let mut totals = Totals::default();
        totals.subtotal =
            (!lines.is_empty()).then(|| lines.iter().map(|line| pos_line(line).total).sum()).flatten();
        totals.discount = self.order_discount_amount.or(self.total_discount);
        totals.shipping_fee = self.delivery_fee;
        totals.tax = self.total_tax;
        totals.total = self.total;
        totals.paid = self.prepayments.as_ref().map(|all| {
            all.iter()
                .filter(|payment| is_active(payment))
                .filter_map(|payment| payment.paid_amount.or(payment.amount))
                .sum()
        });
        totals.refunded = (!back.is_empty()).then(|| back.into_iter().sum::<Money>().abs());
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
        let ours = || self.code.as_deref().filter(|code| code.starts_with(POS_MARK));
        self.reference_number.as_deref().or_else(ours).map(Cow::Borrowed)
    }
    fn buyer(&self) -> Option<Party> {
        let id = link(self.customer_id);
        if let Some(customer) = &self.customer_data {
            let id = id.or_else(|| Some(customer.id.to_string()));
            let place =
                self.billing_address.as_ref().or(customer.addresses.first()).and_then(pos::Address::postal);
            let points = pos_core::Customer::contact_points(customer);
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
        self.order_line_items.iter().flatten().map(pos_line).collect()
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
        self.prepayments.iter().flatten().map(payment).collect()
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
    fn incomplete(&self) -> bool {
        self.order_line_items.is_none()
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
        let category = match self.status.as_deref() {
            Some("returning") => StatusCategory::Processing,
            Some("returned") => StatusCategory::Completed,
            Some("cancelled") => StatusCategory::Cancelled,
            _ => StatusCategory::Unknown,
        };
        OrderStatus::new(category, self.status.clone(), None)
    }
    fn payment(&self) -> PaymentState {
        let category = match self.refund_status.as_deref() {
            Some("unpaid") => PaymentCategory::Unpaid,
            Some("partial") => PaymentCategory::PartiallyRefunded,
            Some("paid") => PaymentCategory::Refunded,
            _ => PaymentCategory::Unknown,
        };
        PaymentState::new(category, self.refund_status.clone())
    }
    fn totals(&self) -> Totals {
        let back: Vec<Money> = self.refunds.iter().filter_map(|refund| refund.amount).collect();
        let mut totals = Totals::default();
        totals.total = self.total_amount.map(Money::abs);
        totals.refunded = (!back.is_empty()).then(|| back.into_iter().sum::<Money>().abs());
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
        self.status.as_deref().map(|status| status == "active")
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
        self.status.as_deref() == Some("deleted")
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
