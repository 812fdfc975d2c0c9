//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Order status 1** (`Phiếu tạm`) is `pending`: the order is placed and waits for the shop. 2 is `shipping`, or
//!   `processing` when its label says so; 6 (partly invoiced) is `processing`.
//! - **Amounts**: `total` is the vendor's. `paid` is the larger of `totalPayment`, which counts deposits that are not
//!   listed, and the valid payments; where `totalPayment` is all payments with the cancelled ones, it is the valid ones. A
//!   line's `discount` is the unit discount times the quantity; its `total` is `subTotal` if there is one.
//! - **Goods that came back** are documents of their own (`/returns`), so that an invoice whose lines tell a
//!   `returnQuantity` says that nothing came back inside it: counted there, it would be counted twice.
//! - **Shipping fee**: absent. `delivery.price` is what the carrier costs the shop, and a surcharge is any fee that the
//!   shop named itself: nothing but its free text says what it is for. Surcharges are part of `total`.
//! - **Goods**: a completed invoice without a delivery, and not paid on delivery, was handed over the counter:
//!   `delivered`. Without a delivery nothing else is known.
//! - **Returns**: `total` is what the goods were taken back for, `refunded` what was given back; both positive. Nothing
//!   is `paid` on a return. The shop's fee (`returnFee`) has no member in the model.
//! - **Marketplaces**: a number after `DHSPE_` or the like is the marketplace's own and becomes the `reference`; only the
//!   prefix `SPE` is known to be a channel (`shopee`).

use std::borrow::Cow;

use pos_core::entity::{Moments, Totals, party};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerKind, CustomerRecord, Delivery,
    DocumentKind, Extra, Fulfilment, FulfilmentCategory, Gender, Line, Money, OrderRecord, OrderStatus,
    Party, Payment, PaymentCategory, PaymentState, PhoneSource, ProductRecord, Quantity, Reference,
    StatusCategory, StockLevel, UserRecord, clean, clean_opt,
};

use crate::model;
use crate::place;
use crate::push::{reference_in, without_marker};

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
}

/// The code without the mark of deletion (`{DEL}`) that the vendor appends, and whether it was there. A mark that is
/// gone again is a deletion that was taken back.
fn live_code(code: Option<&str>) -> (Option<&str>, bool) {
    const DELETED: &str = "{DEL}";
    let Some(code) = code.map(str::trim) else { return (None, false) };
    let mut live = code;
    while let Some(at) = live.len().checked_sub(DELETED.len())
        && live.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(DELETED))
    {
        live = live[..at].trim_end();
    }
    (Some(live).filter(|code| !code.is_empty()), live.len() != code.len())
}

/// An id of another object; 0 and below point nowhere.
fn link(id: Option<i64>) -> Option<String> {
    id.filter(|id| *id > 0).map(|id| id.to_string())
}

fn address(street: Option<&str>, ward: Option<&str>, location: Option<&str>) -> Address {
    let (province, district) = location.map(place::split).unwrap_or_default();
    let mut address = Address::default();
    address.street = clean_opt(street);
    address.ward = clean_opt(ward);
    address.district = district;
    address.province = province;
    address
}

impl pos_core::Customer for model::Customer {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn raw_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn contact_points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.contact_number.as_deref(), PhoneSource::Own);
        points.phone(self.sub_number.as_deref(), PhoneSource::Secondary);
        points.email(self.email.as_deref());
        points
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        live_code(self.code.as_deref()).0.map(Cow::Borrowed)
    }
    fn kind(&self) -> CustomerKind {
        if self.kind == Some(1) { CustomerKind::Company } else { CustomerKind::Person }
    }
    fn gender(&self) -> Option<Gender> {
        self.gender.map(|male| if male { Gender::Male } else { Gender::Female })
    }
    fn birth_date(&self) -> Option<time::Date> {
        self.birth_date
    }
    fn addresses(&self) -> Vec<Address> {
        vec![address(self.address.as_deref(), self.ward_name.as_deref(), self.location_name.as_deref())]
    }
    fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }
    fn tax_code(&self) -> Option<&str> {
        self.tax_code.as_deref()
    }
    fn identity_number(&self) -> Option<&str> {
        self.identification_number.as_deref()
    }
    fn note(&self) -> Option<&str> {
        self.comments.as_deref()
    }
    fn groups(&self) -> Vec<String> {
        let groups = self.groups.as_deref().unwrap_or_default();
        groups.split([',', '|']).filter_map(clean).collect()
    }
    fn spent(&self) -> Option<Money> {
        self.total_revenue
    }
    fn points(&self) -> Option<Quantity> {
        self.reward_point.or(self.total_point)
    }
    fn debt(&self) -> Option<Money> {
        self.debt
    }
    fn branch_id(&self) -> Option<Cow<'_, str>> {
        link(self.branch_id).map(Cow::Owned)
    }
    fn created_at(&self) -> Option<time::OffsetDateTime> {
        self.created_date
    }
    fn updated_at(&self) -> Option<time::OffsetDateTime> {
        self.modified_date
    }
    fn deleted(&self) -> bool {
        live_code(self.code.as_deref()).1
    }
}

/// What orders and invoices have in common, borrowed from either.
struct Sale<'a> {
    total: Option<Money>,
    total_payment: Option<Money>,
    discount: Option<Money>,
    tax: Option<Money>,
    lines: &'a [model::Line],
    payments: &'a [model::Payment],
    delivery: Option<&'a model::Delivery>,
    code: Option<&'a str>,
    description: Option<&'a str>,
    channel: Option<&'a model::SaleChannel>,
    channel_id: Option<i64>,
    customer_id: Option<i64>,
    customer_name: Option<&'a str>,
}

macro_rules! sale {
    ($document:expr, $lines:ident, $delivery:ident) => {
        Sale {
            total: $document.total,
            total_payment: $document.total_payment,
            discount: $document.discount,
            tax: $document.total_tax,
            lines: &$document.$lines,
            payments: &$document.payments,
            delivery: $document.$delivery.as_ref(),
            code: $document.code.as_deref(),
            description: $document.description.as_deref(),
            channel: $document.sale_channel.as_ref(),
            channel_id: $document.sale_channel_id,
            customer_id: $document.customer_id,
            customer_name: $document.customer_name.as_deref(),
        }
    };
}

impl model::Order {
    fn sale(&self) -> Sale<'_> {
        sale!(self, order_details, order_delivery)
    }
}

impl model::Invoice {
    fn sale(&self) -> Sale<'_> {
        sale!(self, invoice_details, invoice_delivery)
    }
}

impl Sale<'_> {
    fn paid(&self) -> Option<Money> {
        paid(self.payments, self.total_payment)
    }

    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.subtotal = subtotal(self.lines);
        totals.discount = self.discount;
        totals.tax = self.tax;
        totals.total = self.total;
        totals.paid = self.paid();
        let came_back = |line: &model::Line| line.return_quantity.is_some_and(|count| !count.is_zero());
        totals.returned = self.lines.iter().any(came_back).then_some(Money::ZERO);
        totals.currency = Currency::VND;
        totals
    }

    fn payment(&self, status: StatusCategory) -> PaymentState {
        payment_state(status, PaymentState::from_amounts(self.total, self.paid()), self.paid())
    }

    fn buyer(&self) -> Option<Party> {
        party(link(self.customer_id), self.customer_name, ContactPoints::default(), None)
    }

    fn recipient(&self) -> Option<Party> {
        let delivery = self.delivery?;
        let mut points = ContactPoints::default();
        points.phone(delivery.contact_number.as_deref(), PhoneSource::Own);
        party(None, delivery.receiver.as_deref(), points, delivery_address(delivery))
    }

    fn delivery(&self) -> Option<Delivery> {
        let from = self.delivery?;
        let mut delivery = Delivery::default();
        delivery.code = clean_opt(from.delivery_code.as_deref());
        delivery.carrier =
            from.partner_delivery.as_ref().and_then(|partner| clean_opt(partner.name.as_deref()));
        delivery.fee = from.price;
        delivery.cod = from.price_cod_payment;
        delivery.status = clean_opt(from.status_value.as_deref());
        delivery.address = delivery_address(from);
        Some(delivery)
    }

    fn reference(&self) -> Option<String> {
        self.description.and_then(reference_in).or_else(|| Some(marketplace(self.code?)?.1.to_owned()))
    }

    fn channel(&self) -> Option<Reference> {
        let proven = self.code.and_then(marketplace).filter(|(prefix, _)| *prefix == "SPE");
        let id = self.channel.map(|channel| channel.id).or(self.channel_id);
        let name = self.channel.and_then(|channel| clean_opt(channel.name.as_deref()));
        Reference::of(link(id), proven.map(|_| "shopee".to_owned()), name)
    }
}

/// Market and number in a marketplace's document code (`DHSPE_2605110AB12CD`), without the suffix of a reissue.
fn marketplace(code: &str) -> Option<(&str, &str)> {
    let code = live_code(Some(code)).0?;
    let (prefix, number) = code.split_once('_')?;
    let market = prefix.strip_prefix("DH").or_else(|| prefix.strip_prefix("HD"))?;
    if market.is_empty() || !market.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let number = match number.rsplit_once('.') {
        Some((number, reissue)) if reissue.len() == 2 && reissue.bytes().all(|b| b.is_ascii_digit()) => {
            number
        }
        _ => number,
    };
    (!number.is_empty()).then_some((market, number))
}

fn delivery_address(delivery: &model::Delivery) -> Option<Address> {
    let text = |text: &Option<String>| text.clone();
    let (street, ward, location) =
        (text(&delivery.address), text(&delivery.ward_name), text(&delivery.location_name));
    address(street.as_deref(), ward.as_deref(), location.as_deref()).or_none()
}

fn paid(payments: &[model::Payment], total_payment: Option<Money>) -> Option<Money> {
    let sum = |valid: bool| -> Money {
        payments
            .iter()
            .filter(|payment| is_valid(payment) == valid)
            .filter_map(|payment| payment.amount)
            .sum()
    };
    if payments.iter().all(|payment| payment.amount.is_none()) {
        return total_payment;
    }
    let (valid, cancelled) = (sum(true), sum(false));
    // Deposits are in the total alone; so may be payments that were cancelled.
    let larger = total_payment.filter(|total| {
        let counts_cancelled = !cancelled.is_zero() && *total == valid + cancelled;
        total.abs() > valid.abs() && !counts_cancelled
    });
    Some(larger.unwrap_or(valid))
}

/// Status 1 of a payment is "cancelled"; without a number its label says so.
fn is_valid(payment: &model::Payment) -> bool {
    let label = payment.status_value.as_deref();
    payment.status.map_or(!says(label, "hủy") && !says(label, "huỷ"), |status| status != 1)
}

/// A cancelled document that nobody paid is voided; otherwise the amounts speak.
fn payment_state(status: StatusCategory, by_amounts: PaymentState, moved: Option<Money>) -> PaymentState {
    if status == StatusCategory::Cancelled && moved.is_none_or(Money::is_zero) {
        return PaymentState::new(PaymentCategory::Voided, None);
    }
    by_amounts
}

fn payments(payments: &[model::Payment], sign: impl Fn(Money) -> Money) -> Vec<Payment> {
    payments
        .iter()
        .map(|from| {
            let mut payment = Payment::default();
            payment.id = from.id.clone();
            payment.method = clean_opt(from.method.as_deref());
            payment.amount = from.amount.map(&sign);
            payment.paid_at = from.trans_date;
            payment.valid = is_valid(from);
            payment
        })
        .collect()
}

fn line(from: &model::Line) -> Line {
    let whole = |unit: Option<Money>| Some(unit?.times(from.quantity?));
    let mut line = Line::default();
    line.product_id = link(from.product_id);
    line.sku = live_code(from.product_code.as_deref()).0.and_then(clean);
    line.name = clean_opt(from.product_name.as_deref());
    line.quantity = from.quantity;
    line.returned_quantity = from.return_quantity;
    line.unit_price = from.price;
    line.discount = whole(from.discount);
    line.tax = from
        .taxes
        .iter()
        .filter_map(|tax| tax.detail_tax)
        .fold(None, |sum, tax| Some(sum.unwrap_or(Money::ZERO) + tax));
    line.total =
        from.sub_total.or_else(|| Some(whole(from.price)? - whole(from.discount).unwrap_or(Money::ZERO)));
    line
}

fn lines(from: &[model::Line]) -> Vec<Line> {
    from.iter().map(line).collect()
}

/// The sum of the lines; absent when there are none, or one cannot be counted.
fn subtotal(from: &[model::Line]) -> Option<Money> {
    if from.is_empty() {
        return None;
    }
    from.iter().map(|from| line(from).total).sum()
}

fn status(
    category: StatusCategory,
    code: Option<i64>,
    label: Option<&str>,
    number: Option<&str>,
) -> OrderStatus {
    let category = if live_code(number).1 { StatusCategory::Deleted } else { category };
    OrderStatus::new(category, code.map(|code| code.to_string()), clean_opt(label))
}

fn says(label: Option<&str>, word: &str) -> bool {
    label.is_some_and(|label| label.to_lowercase().contains(word))
}

/// Where the carrier has the goods. The vendor documents 1 to 12.
fn carried(delivery: &model::Delivery) -> Fulfilment {
    use FulfilmentCategory::{Delivered, Returned, Returning, Shipping, Unfulfilled, Unknown};
    let category = match delivery.status {
        // Waiting, called off, on the way to fetch it, fetched in vain.
        Some(1 | 6 | 7 | 8) => Unfulfilled,
        // On the way, fetched, waiting for another try.
        Some(2 | 9 | 10) => Shipping,
        Some(3) => Delivered,
        Some(4 | 12) => Returning,
        Some(5) => Returned,
        // "Waiting to be passed on": back to the shop if the label says so.
        Some(11) if says(delivery.status_value.as_deref(), "hoàn") => Returning,
        Some(11) => Shipping,
        _ => Unknown,
    };
    Fulfilment::new(category, delivery.status.map(|code| code.to_string()))
}

fn branch(id: Option<i64>, name: Option<&str>) -> Option<Reference> {
    Reference::of(link(id), None, clean_opt(name))
}

impl pos_core::Order for model::Order {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Order
    }
    fn status(&self) -> OrderStatus {
        use StatusCategory::{Cancelled, Completed, Confirmed, Pending, Processing, Shipping, Unknown};
        let category = match self.status {
            Some(1) => Pending,
            Some(2) if says(self.status_value.as_deref(), "xử lý") => Processing,
            Some(2) => Shipping,
            Some(3) => Completed,
            Some(4) => Cancelled,
            Some(5) => Confirmed,
            Some(6) => Processing,
            _ => Unknown,
        };
        status(category, self.status, self.status_value.as_deref(), self.code.as_deref())
    }
    fn payment(&self) -> PaymentState {
        self.sale().payment(self.status().category)
    }
    fn totals(&self) -> Totals {
        self.sale().totals()
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.purchase_date.or(self.created_date);
        moments.updated_at = self.modified_date;
        moments
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        live_code(self.code.as_deref()).0.map(Cow::Borrowed)
    }
    fn reference(&self) -> Option<Cow<'_, str>> {
        self.sale().reference().map(Cow::Owned)
    }
    fn fulfilment(&self) -> Fulfilment {
        self.order_delivery.as_ref().map(carried).unwrap_or_default()
    }
    fn buyer(&self) -> Option<Party> {
        self.sale().buyer()
    }
    fn recipient(&self) -> Option<Party> {
        self.sale().recipient()
    }
    fn branch(&self) -> Option<Reference> {
        branch(self.branch_id, self.branch_name.as_deref())
    }
    fn seller(&self) -> Option<Reference> {
        branch(self.sold_by_id, self.sold_by_name.as_deref())
    }
    fn channel(&self) -> Option<Reference> {
        self.sale().channel()
    }
    fn lines(&self) -> Vec<Line> {
        lines(&self.order_details)
    }
    fn payments(&self) -> Vec<Payment> {
        payments(&self.payments, |amount| amount)
    }
    fn delivery(&self) -> Option<Delivery> {
        self.sale().delivery()
    }
    fn note(&self) -> Option<&str> {
        self.description.as_deref().map(without_marker)
    }
}

impl pos_core::Order for model::Invoice {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Invoice
    }
    fn status(&self) -> OrderStatus {
        use StatusCategory::{Cancelled, Completed, Failed, Processing, Unknown};
        let category = match self.status {
            Some(1) => Completed,
            Some(2) => Cancelled,
            Some(3) => Processing,
            Some(5) => Failed,
            _ => Unknown,
        };
        status(category, self.status, self.status_value.as_deref(), self.code.as_deref())
    }
    fn payment(&self) -> PaymentState {
        self.sale().payment(self.status().category)
    }
    fn totals(&self) -> Totals {
        self.sale().totals()
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.purchase_date.or(self.created_date);
        moments.updated_at = self.modified_date;
        moments
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        live_code(self.code.as_deref()).0.map(Cow::Borrowed)
    }
    fn reference(&self) -> Option<Cow<'_, str>> {
        self.sale().reference().map(Cow::Owned)
    }
    fn fulfils(&self) -> Option<Cow<'_, str>> {
        link(self.order_id).map(Cow::Owned).or_else(|| self.order_code.as_deref().map(Cow::Borrowed))
    }
    fn fulfilment(&self) -> Fulfilment {
        let over_the_counter = self.status == Some(1) && self.using_cod != Some(true);
        match &self.invoice_delivery {
            Some(delivery) => carried(delivery),
            None if over_the_counter => Fulfilment::new(FulfilmentCategory::Delivered, None),
            None => Fulfilment::default(),
        }
    }
    fn buyer(&self) -> Option<Party> {
        self.sale().buyer()
    }
    fn recipient(&self) -> Option<Party> {
        self.sale().recipient()
    }
    fn branch(&self) -> Option<Reference> {
        branch(self.branch_id, self.branch_name.as_deref())
    }
    fn seller(&self) -> Option<Reference> {
        branch(self.sold_by_id, self.sold_by_name.as_deref())
    }
    fn channel(&self) -> Option<Reference> {
        self.sale().channel()
    }
    fn lines(&self) -> Vec<Line> {
        lines(&self.invoice_details)
    }
    fn payments(&self) -> Vec<Payment> {
        payments(&self.payments, |amount| amount)
    }
    fn delivery(&self) -> Option<Delivery> {
        self.sale().delivery()
    }
    fn note(&self) -> Option<&str> {
        self.description.as_deref().map(without_marker)
    }
}

impl pos_core::Order for model::Return {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Return
    }
    fn status(&self) -> OrderStatus {
        let category = match self.status {
            Some(1) => StatusCategory::Completed,
            Some(2) => StatusCategory::Cancelled,
            _ => StatusCategory::Unknown,
        };
        status(category, self.status, self.status_value.as_deref(), self.code.as_deref())
    }
    fn payment(&self) -> PaymentState {
        let (total, refunded) = (self.totals().total, self.totals().refunded);
        let category = match PaymentState::from_amounts(total, refunded).category {
            PaymentCategory::Paid => PaymentCategory::Refunded,
            PaymentCategory::PartiallyPaid => PaymentCategory::PartiallyRefunded,
            other => other,
        };
        payment_state(self.status().category, PaymentState::new(category, None), refunded)
    }
    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.subtotal = subtotal(&self.return_details).map(Money::abs);
        totals.discount = self.return_discount.map(Money::abs);
        totals.total = self.return_total.map(Money::abs);
        totals.refunded = paid(&self.payments, self.total_payment).map(Money::abs);
        totals.currency = Currency::VND;
        totals
    }
    fn moments(&self) -> Moments {
        let mut moments = Moments::default();
        moments.placed_at = self.return_date.or(self.created_date);
        moments.updated_at = self.modified_date;
        moments
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        live_code(self.code.as_deref()).0.map(Cow::Borrowed)
    }
    fn returns(&self) -> Option<Cow<'_, str>> {
        link(self.invoice_id).map(Cow::Owned)
    }
    fn buyer(&self) -> Option<Party> {
        party(link(self.customer_id), self.customer_name.as_deref(), ContactPoints::default(), None)
    }
    fn branch(&self) -> Option<Reference> {
        branch(self.branch_id, self.branch_name.as_deref())
    }
    fn seller(&self) -> Option<Reference> {
        branch(None, self.sold_by_name.as_deref())
    }
    fn lines(&self) -> Vec<Line> {
        lines(&self.return_details)
    }
    fn payments(&self) -> Vec<Payment> {
        payments(&self.payments, Money::abs)
    }
    fn note(&self) -> Option<&str> {
        self.description.as_deref().map(without_marker)
    }
}

impl pos_core::Product for model::Product {
    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(self.id.to_string())
    }
    fn name(&self) -> Option<&str> {
        self.full_name.as_deref().or(self.name.as_deref())
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        live_code(self.code.as_deref()).0.map(Cow::Borrowed)
    }
    fn barcode(&self) -> Option<&str> {
        self.bar_code.as_deref()
    }
    fn category(&self) -> Option<Reference> {
        branch(self.category_id, self.category_name.as_deref())
    }
    fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }
    fn price(&self) -> Option<Money> {
        self.base_price
    }
    /// The branches' cost, when they agree on it.
    fn cost(&self) -> Option<Money> {
        let mut costs = self.inventories.iter().filter_map(|inventory| inventory.cost);
        let first = costs.next()?;
        costs.all(|cost| cost == first).then_some(first)
    }
    fn stock(&self) -> Vec<StockLevel> {
        let level = |from: &model::Inventory| {
            let mut level = StockLevel::default();
            level.branch = branch(from.branch_id, from.branch_name.as_deref());
            level.on_hand = from.on_hand;
            level.reserved = from.reserved;
            level
        };
        self.inventories.iter().map(level).collect()
    }
    fn active(&self) -> Option<bool> {
        self.is_active
    }
    fn images(&self) -> Vec<String> {
        self.images.clone()
    }
    fn created_at(&self) -> Option<time::OffsetDateTime> {
        self.created_date
    }
    fn updated_at(&self) -> Option<time::OffsetDateTime> {
        self.modified_date
    }
    fn deleted(&self) -> bool {
        live_code(self.code.as_deref()).1
    }
}

macro_rules! by_entity {
    ($($vendor:ident is $entity:ident -> $record:ident),* $(,)?) => {$(
        impl ToRecord for model::$vendor {
            type Record = $record;
            fn record(&self) -> $record {
                pos_core::$entity::to_record(self)
            }
            fn with_custom(mut record: $record, custom: Extra) -> $record {
                record.custom = custom;
                record
            }
        }
    )*};
}

by_entity!(
    Customer is Customer -> CustomerRecord,
    Order is Order -> OrderRecord,
    Invoice is Order -> OrderRecord,
    Return is Order -> OrderRecord,
    Product is Product -> ProductRecord,
);

impl ToRecord for model::Branch {
    type Record = BranchRecord;
    fn record(&self) -> BranchRecord {
        let mut points = ContactPoints::default();
        points.phone(self.contact_number.as_deref(), PhoneSource::Own);
        points.phone(self.sub_contact_number.as_deref(), PhoneSource::Secondary);
        points.email(self.email.as_deref());
        let points = points.sorted();
        let mut record = BranchRecord::default();
        record.id = self.id.to_string();
        record.code = clean_opt(self.branch_code.as_deref());
        record.name = clean_opt(self.branch_name.as_deref());
        record.phones = points.phones;
        record.emails = points.emails;
        record.address =
            address(self.address.as_deref(), self.ward_name.as_deref(), self.location_name.as_deref())
                .or_none();
        record.active = self.is_active;
        record
    }
}

impl ToRecord for model::User {
    type Record = UserRecord;
    fn record(&self) -> UserRecord {
        let mut points = ContactPoints::default();
        points.phone(self.mobile_phone.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        let points = points.sorted();
        let mut record = UserRecord::default();
        record.id = self.id.to_string();
        record.code = clean_opt(self.user_name.as_deref());
        record.name = clean_opt(self.given_name.as_deref());
        record.phones = points.phones;
        record.emails = points.emails;
        record.address = address(self.address.as_deref(), None, None).or_none();
        record
    }
}

impl ToRecord for model::Category {
    type Record = CategoryRecord;
    fn record(&self) -> CategoryRecord {
        let mut record = CategoryRecord::default();
        record.id = self.category_id.to_string();
        record.parent = link(self.parent_id);
        record.name = clean_opt(self.category_name.as_deref());
        record
    }
}
