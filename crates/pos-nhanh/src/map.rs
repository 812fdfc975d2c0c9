//! Vendor structs to records. Pure: no clock, no requests. Both versions of the API end here.
//!
//! # What was decided where the vendor is silent
//!
//! - **Lines**: `unit_price` is the price with tax (`priceAfterVAT`), because the line's total is; gifts are no lines.
//! - **Discount on the order**: in 3.0 it is spread over the lines, so `discount` is only told when it is zero; in 2.0 it is
//!   subtracted (R6). A bill's discount is told when its lines do not hold it.
//! - **Paid**: deposit, transfer, credit and points. A successful order has also collected what was to be collected: it is
//!   `paid`, and nothing is due. Before that `due` is what is to be collected.
//! - **Bills** are paid by their parts, a coupon among them as far as the others leave a gap. A bill of an exchange (`related`
//!   of type 6 on goods that go out) is paid in full: what the parts leave open, the goods that came back paid.
//! - **Goods that came back** are documents of their own (types 14 and 16, bills with goods coming in). What a line says of a
//!   delivery in parts is told as pieces: whoever counts takes a return of its own first.
//! - **Places** of an order are of the division that it names; one that names none is of three levels, unless it has a ward and
//!   no district, which nobody can tell.
//! - **Quotations (type 10) and transfers between depots (type 15)** are no sales and no records; neither are bills of other
//!   modes than retail and wholesale.
//! - **Companies** are customers with a firm's name or a tax code; wholesale alone does not make one.
//! - **Cost** is the average cost, else the import price.

use pos_core::kit::{CustomerDraft, Keyed, OrderDraft, ProductDraft, Row, party};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, CustomerKind, CustomerRecord, Delivery,
    DocumentKind, Extra, Fulfilment, FulfilmentCategory, Gender, Identity, Line, Money, OrderRecord,
    OrderStatus, Party, Payment, PaymentCategory, PaymentState, PhoneSource, ProductRecord, Quantity,
    Reference, StatusCategory, StockLevel, UserRecord, Variant, clean, clean_opt,
};
use time::{Date, OffsetDateTime};

use crate::model::{self, Named};
use crate::place::{self, PLACES_V1, PLACES_V2};

/// A row of a list: what it tells beside its record.
pub(crate) trait Listed: Row<Key = String> {
    /// When and where it is of, for the windows of lists.
    fn facts(&self) -> Facts {
        Facts::default()
    }

    /// Whether it is a record at all.
    fn is_record(&self) -> bool {
        true
    }

    /// The records in it.
    fn into_records(self, custom: Extra) -> Vec<Self::Record> {
        if self.is_record() { vec![self.into_record(custom)] } else { Vec::new() }
    }
}

/// When a row was written and changed, and where: what a list can be narrowed by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) created: Option<OffsetDateTime>,
    /// Absent on rows that never changed.
    pub(crate) updated: Option<OffsetDateTime>,
    /// The day in the stock book, of bills.
    pub(crate) day: Option<Date>,
    pub(crate) depot: Option<String>,
}

impl Facts {
    /// When the row came to be as it is.
    pub(crate) fn changed(&self) -> Option<OffsetDateTime> {
        self.updated.or(self.created)
    }
}

macro_rules! keyed {
    ($($row:ty: $($id:ident).+;)*) => {$(
        impl Keyed for $row {
            type Key = String;

            fn key(&self) -> Option<String> {
                self.$($id).+.clone()
            }
        }
    )*};
}

keyed! {
    model::Customer: id;
    model::Order: info.id;
    model::Bill: id;
    model::Deleted: id;
    model::Product: id;
    model::Depot: id;
    model::User: id;
    model::Category: id;
    model::v2::Customer: id;
    model::v2::Bill: id;
}

/// The number of 3.0, the word of 2.0, what people call it, and what it says of the order and of its goods.
type Status = (i64, &'static str, &'static str, StatusCategory, FulfilmentCategory);

/// Order statuses (D).
const STATUSES: [Status; 18] = {
    use FulfilmentCategory as F;
    use StatusCategory as S;
    [
        (54, "New", "Đơn mới", S::Pending, F::Unfulfilled),
        (55, "Confirming", "Đang xác nhận", S::Pending, F::Unfulfilled),
        (57, "CustomerConfirming", "Chờ khách xác nhận", S::Pending, F::Unfulfilled),
        (56, "Confirmed", "Đã xác nhận", S::Confirmed, F::Unfulfilled),
        (42, "Packing", "Đang đóng gói", S::Processing, F::Unfulfilled),
        (40, "Packed", "Đã đóng gói", S::Processing, F::Unfulfilled),
        (73, "ChangeDepot", "Đổi kho xuất hàng", S::Processing, F::Unfulfilled),
        (43, "Pickup", "Chờ thu gom", S::Shipping, F::Unfulfilled),
        (59, "Shipping", "Đang chuyển", S::Shipping, F::Shipping),
        (60, "Success", "Thành công", S::Completed, F::Delivered),
        (61, "Failed", "Thất bại", S::Failed, F::Failed),
        (63, "Canceled", "Khách hủy", S::Cancelled, F::Unfulfilled),
        (64, "Aborted", "Hệ thống hủy", S::Cancelled, F::Unfulfilled),
        (58, "CarrierCanceled", "Hãng vận chuyển hủy đơn", S::Cancelled, F::Unfulfilled),
        (68, "SoldOut", "Hết hàng", S::Cancelled, F::Unfulfilled),
        (71, "Returning", "Đang chuyển hoàn", S::Returning, F::Returning),
        (72, "Returned", "Đã chuyển hoàn", S::Returned, F::Returned),
        (74, "ConfirmReturned", "Xác nhận hoàn", S::Returned, F::Returned),
    ]
};

/// Why orders are called off (D): the number of 3.0, the word of 2.0.
const REASONS: [(i64, &str); 24] = [
    (1, "WrongProduct"),
    (2, "HighShipFee"),
    (3, "NotTransfer"),
    (4, "Duplicated"),
    (5, "CannotCall"),
    (6, "SoldOut"),
    (8, "WaitingTransfer"),
    (9, "NotLikeProduct"),
    (10, "NotPleasureDeliverer"),
    (11, "SlowShipping"),
    (12, "Bought"),
    (14, "WrongAddress"),
    (16, "NotBuy"),
    (18, "Other"),
    (19, "CannotCallSender"),
    (20, "SellerNotSellOnline"),
    (22, "SellerNotHandoverCarrier"),
    (23, "CarrierPickupLate"),
    (24, "WrongPickupAddress"),
    (25, "CarrierLostProduct"),
    (26, "SelfShipping"),
    (29, "SellerNotProcessOrder"),
    (30, "WrongPrice"),
    (35, "CustomerNotAtHome"),
];

/// Sales channels (D), with a code and a name for people.
const CHANNELS: [(&str, &str, &str); 16] = [
    ("1", "admin", "Admin"),
    ("2", "web", "Website"),
    ("10", "api", "API"),
    ("20", "facebook", "Facebook"),
    ("21", "instagram", "Instagram"),
    ("41", "lazada", "Lazada"),
    ("42", "shopee", "Shopee"),
    ("43", "sendo", "Sendo"),
    ("45", "tiki", "Tiki"),
    ("46", "zalo_shop", "Zalo Shop"),
    ("47", "1landing", "1Landing"),
    ("48", "tiktok", "TikTok Shop"),
    ("49", "zalo_oa", "Zalo OA"),
    ("50", "shopee_chat", "Shopee chat"),
    ("51", "lazada_chat", "Lazada chat"),
    ("52", "zalo", "Zalo"),
];

fn status_of(code: &str) -> Option<Status> {
    let code = code.trim();
    let known = code.parse::<i64>().ok();
    let is_it = |(number, word, ..): &&Status| Some(*number) == known || word.eq_ignore_ascii_case(code);
    STATUSES.iter().find(is_it).copied()
}

fn order_status(
    code: Option<&str>,
    label: Option<&str>,
    reason: Option<&str>,
) -> (OrderStatus, FulfilmentCategory) {
    let known = code.and_then(status_of);
    let (category, goods) = known.map(|(.., category, goods)| (category, goods)).unwrap_or_default();
    let label = clean_opt(label).or_else(|| known.map(|(_, _, label, ..)| label.to_owned()));
    let mut status = OrderStatus::new(category, clean_opt(code), label);
    status.reason = clean_opt(reason).filter(|reason| reason != "0").map(|reason| {
        let number = reason.parse::<i64>().ok();
        let named = REASONS.iter().find(|(known, _)| Some(*known) == number);
        named.map_or(reason, |(_, word)| (*word).to_owned())
    });
    (status, goods)
}

fn channel(number: Option<String>, name: Option<String>) -> Option<Reference> {
    let known = CHANNELS.iter().find(|(known, _, _)| Some(*known) == number.as_deref());
    let name = name.or_else(|| known.map(|(_, _, name)| (*name).to_owned()));
    Reference::of(number, known.map(|(_, code, _)| (*code).to_owned()), name)
}

/// A thing by its id, with what is known of it beside; `None` without an id.
fn reference(id: Option<String>, name: Option<String>, other: Option<Named>) -> Option<Reference> {
    let other = other.unwrap_or_default();
    let id = id.or(other.id)?;
    let name = name.or(other.name);
    Reference::of(Some(id), clean_opt(other.code.as_deref()), clean_opt(name.as_deref()))
}

/// The system of the ids of places on an order: `v1` or `v2`, and whatever comes next as itself.
fn system(contact: &model::OrderContact) -> Option<String> {
    match clean_opt(contact.location_version.as_deref()) {
        Some(version) => Some(format!("nhanh:v{}", version.to_lowercase().trim_start_matches('v'))),
        None if contact.ward_id.is_some() && contact.district_id.is_none() => None,
        None => Some(PLACES_V1.to_owned()),
    }
}

/// The ways to reach somebody. What the vendor hides behind stars is never a key.
fn points(mobile: Option<&str>, email: Option<&str>) -> ContactPoints {
    let mut points = ContactPoints::default();
    points.phone(mobile, PhoneSource::Own);
    points.email(email);
    if mobile.is_some_and(|mobile| mobile.contains('*')) {
        points.masked = true;
        for phone in &mut points.phones {
            (phone.e164, phone.kind, phone.is_key) = (None, None, false);
        }
    }
    if email.is_some_and(|email| email.contains('*')) {
        points.masked = true;
        for email in &mut points.emails {
            (email.address, email.is_key) = (None, false);
        }
    }
    points
}

/// A name with a star is no name.
fn hide(name: &mut Option<String>, identity: &mut Identity, has_key: bool) {
    if name.as_deref().is_some_and(|name| name.contains('*')) {
        *name = None;
        if !has_key {
            *identity = Identity::Masked;
        }
    }
}

fn buyer(id: Option<String>, name: Option<&str>, points: ContactPoints, address: Address) -> Option<Party> {
    let has_key = points.has_key();
    let mut party = party(id, name, points, Some(address))?;
    hide(&mut party.name, &mut party.identity, has_key);
    Some(party)
}

impl model::Customer {
    /// The customer's own address, in words and with the ids of both divisions.
    pub(crate) fn own_address(&self) -> Address {
        let (old, new) = (&self.locations, &self.location);
        let own = Address { street: clean_opt(self.address.as_deref()), ..Address::default() };
        own.with_codes(PLACES_V1, place::codes(&old.city_id, &old.district_id, &old.ward_id))
            .with_codes(PLACES_V2, place::codes(&new.city_id, &None, &new.ward_id))
    }
}

fn firm_address(firm: &model::Company) -> Option<Address> {
    let address = Address {
        street: Some(clean_opt(firm.address.as_deref())?),
        name: clean_opt(firm.name.as_deref()),
        ..Address::default()
    };
    Some(address)
}

impl Row for model::Customer {
    type Record = CustomerRecord;

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let addresses = [Some(self.own_address()), firm_address(&self.business)];
        let mut draft = CustomerDraft::new(self.id.unwrap_or_default(), custom);
        draft.points = points(self.mobile.as_deref(), self.email.as_deref());
        let has_key = draft.points.has_key();
        let record = &mut draft.record;
        record.addresses = addresses.into_iter().flatten().collect();
        record.gender = match self.gender {
            Some(1) => Some(Gender::Male),
            Some(2) => Some(Gender::Female),
            _ => None,
        };
        record.code = self.code;
        record.birth_date = self.birthday;
        record.organization = self.business.name;
        record.tax_code = self.tax_code;
        record.groups = self.group.and_then(|group| group.name).into_iter().collect();
        record.spent = self.total_amount;
        record.order_count = self.frequency_bought.and_then(|count| u64::try_from(count).ok());
        record.points = self.points;
        record.updated_at = self.updated_at;
        draft.name = self.name;
        let mut record = draft.finish();
        if record.organization.is_some() || record.tax_code.is_some() {
            record.kind = CustomerKind::Company;
        }
        hide(&mut record.name, &mut record.identity, has_key);
        record
    }
}

impl Listed for model::Customer {
    fn facts(&self) -> Facts {
        Facts { updated: self.updated_at, ..Facts::default() }
    }
}

/// Quotations and transfers between depots are no sales.
pub(crate) fn is_sale(kind: Option<i64>) -> bool {
    !matches!(kind, Some(10 | 15))
}

/// What a document of 2.0 tells that one of 3.0 has no place for.
#[derive(Default)]
pub(crate) struct Beside {
    /// What people call the status.
    pub(crate) label: Option<String>,
    /// The name of the depot.
    pub(crate) depot: Option<String>,
    /// The places in words.
    pub(crate) ward: Option<String>,
    pub(crate) district: Option<String>,
    pub(crate) city: Option<String>,
    /// A discount that is not in the lines.
    pub(crate) discount: Option<Money>,
    /// What was paid in all.
    pub(crate) paid: Option<Money>,
}

/// A part of what was paid, by its way.
type Part = (&'static str, Option<Money>);

fn sum(parts: &[Part]) -> Money {
    parts.iter().filter_map(|(_, amount)| *amount).sum()
}

fn payments(parts: &[Part]) -> Vec<Payment> {
    let payment = |(method, amount): &Part| {
        let payment = Payment {
            method: Some((*method).to_owned()),
            amount: Some(amount.filter(|amount| !amount.is_zero())?),
            valid: true,
            ..Payment::default()
        };
        Some(payment)
    };
    parts.iter().filter_map(payment).collect()
}

fn whole(unit: Option<Money>, quantity: Option<Quantity>) -> Option<Money> {
    Some(unit?.times(quantity?))
}

/// The sum of the lines; absent when there are none, or one cannot be counted.
fn subtotal(lines: &[Line]) -> Option<Money> {
    if lines.is_empty() { None } else { lines.iter().map(|line| line.total).sum() }
}

fn order_line(from: model::OrderLine) -> Line {
    let mut line = Line {
        id: from.order_product_id,
        product_id: from.product_id.or(from.id),
        sku: clean_opt(from.code.as_deref()),
        name: clean_opt(from.name.as_deref()),
        quantity: from.quantity,
        returned_quantity: from.partial_delivery.and_then(|partial| partial.return_quantity),
        unit_price: from.price_after_vat.or(from.price),
        discount: from.discount_amount.or_else(|| whole(from.discount, from.quantity)),
        tax: from.vat.and_then(|vat| vat.amount),
        ..Line::default()
    };
    line.total = from
        .total_amount
        .or_else(|| Some(whole(line.unit_price, from.quantity)? - line.discount.unwrap_or_default()));
    line
}

/// An order of either version.
pub(crate) fn order(from: model::Order, beside: Beside, custom: Extra) -> OrderRecord {
    let (info, channel, contact, carrier, money) =
        (from.info, from.channel, from.shipping_address, from.carrier, from.payment);
    // R8: types 14 and 16, or a link to the order that goods came back from.
    let source = info.return_from_id.or(from.original_order.and_then(|original| original.id));
    let is_return = matches!(info.kind, Some(14 | 16)) || source.is_some();
    let kind = if is_return { DocumentKind::Return } else { DocumentKind::Order };
    let mut draft = OrderDraft::new(kind, info.id.unwrap_or_default(), custom);
    let record = &mut draft.record;
    record.reference = channel.app_order_id;
    let (status, goods) =
        order_status(info.status.as_deref(), beside.label.as_deref(), info.reason.as_deref());
    record.status = status;
    if is_return {
        record.returns = source.or(info.original_order_id).or(info.id_return);
    } else {
        record.fulfilment = Fulfilment::new(goods, None);
    }
    record.placed_at = info.created_at;
    record.updated_at = info.updated_at;
    let mut address = Address {
        street: clean_opt(contact.address.as_deref()),
        ward: clean_opt(beside.ward.as_deref()),
        district: clean_opt(beside.district.as_deref()),
        province: clean_opt(beside.city.as_deref()),
        text: clean_opt(contact.location.as_deref()),
        ..Address::default()
    };
    if let Some(system) = system(&contact) {
        let codes = place::codes(&contact.city_id, &contact.district_id, &contact.ward_id);
        address = address.with_codes(&system, codes);
    }
    if carrier.id.is_some() || carrier.name.is_some() || carrier.carrier_code.is_some() {
        let delivery = Delivery {
            code: clean_opt(carrier.carrier_code.as_deref()),
            carrier: clean_opt(carrier.name.as_deref()),
            fee: carrier.ship_fee,
            cod: money.cod_amount,
            address: address.clone().or_none(),
            ..Delivery::default()
        };
        record.delivery = Some(delivery);
    }
    let vat = money.vat.unwrap_or_default();
    let mut reach = points(contact.mobile.as_deref(), contact.email.as_deref());
    // Shops type tax codes into phone fields.
    for code in [&contact.tax_code, &vat.tax_code].into_iter().flatten() {
        reach.doubt(Some(code), None);
    }
    record.buyer = buyer(contact.id, contact.name.as_deref(), reach, address);
    record.branch = reference(info.depot_id, beside.depot, None);
    record.seller = reference(info.sale_id, info.sale_name, info.sale);
    let source = channel.traffic_source.and_then(|source| clean_opt(source.name.as_deref()));
    let market = channel.shop_name.or(channel.app_shop_name);
    record.channel = self::channel(channel.sale_channel, source.or_else(|| clean_opt(market.as_deref())));
    record.tax = vat.amount;
    record.note = info.description;
    record.tags = info.tags.into_iter().filter_map(|tag| tag.name).collect();
    record.lines = from.products.into_iter().map(order_line).collect();
    let prepaid = [
        ("deposit", money.deposit.amount),
        ("transfer", money.transfer.amount),
        ("credit", money.credit.amount),
        ("points", money.used_points.amount),
    ];
    record.subtotal = subtotal(&record.lines);
    record.shipping_fee = carrier.customer_ship_fee;
    record.discount = beside.discount.or(money.discount.amount.filter(|discount| discount.is_zero()));
    // R6. Without lines the two sides of the cross-check have to do.
    record.total = match record.subtotal {
        Some(goods) => {
            Some(goods + record.shipping_fee.unwrap_or_default() - beside.discount.unwrap_or_default())
        }
        None => money.cod_amount.map(|cod| cod + sum(&prepaid)),
    };
    // Nothing is owed for goods that come back.
    if !is_return {
        settle(record, &prepaid, money.cod_amount);
    }
    // What is still to be collected is known to the vendor alone: a webhook does not tell it.
    let due = record.due;
    let mut record = draft.finish();
    record.due = due;
    record
}

/// What was paid of an order, and what is due.
fn settle(record: &mut OrderRecord, prepaid: &[Part], cod: Option<Money>) {
    record.payments = payments(prepaid);
    record.due = cod;
    let is_told = cod.is_some() || prepaid.iter().any(|(_, amount)| amount.is_some());
    record.paid = is_told.then(|| sum(prepaid));
    if record.status.category == StatusCategory::Completed && record.total.is_some() {
        record.payments.extend(payments(&[("cod", cod)]));
        record.paid = record.total;
        record.due = Some(Money::ZERO);
    }
    record.payment = match (record.status.category, record.paid) {
        (StatusCategory::Cancelled, paid) if paid.is_none_or(Money::is_zero) => {
            PaymentState::new(PaymentCategory::Voided, None)
        }
        _ => PaymentState::from_amounts(record.total, record.paid),
    };
}

impl Row for model::Order {
    type Record = OrderRecord;

    fn into_record(self, custom: Extra) -> OrderRecord {
        order(self, Beside::default(), custom)
    }
}

impl Listed for model::Order {
    fn facts(&self) -> Facts {
        let info = &self.info;
        Facts { created: info.created_at, updated: info.updated_at, day: None, depot: info.depot_id.clone() }
    }

    fn is_record(&self) -> bool {
        is_sale(self.info.kind)
    }
}

/// `related.type` of bills that take back, or exchange, what another one sold (D).
const GOODS_BACK: i64 = 6;

/// R9: goods out are a sale, goods in are brought back; other modes than retail and wholesale are neither.
pub(crate) fn is_trade(kind: Option<i64>, mode: Option<i64>) -> bool {
    matches!(kind, Some(1 | 2) | None) && matches!(mode, Some(2 | 6) | None)
}

fn bill_line(from: model::BillLine) -> Line {
    let mut line = Line {
        id: from.imex_id,
        product_id: from.id,
        sku: clean_opt(from.code.as_deref()),
        name: clean_opt(from.name.as_deref()),
        quantity: from.quantity,
        unit_price: from.price,
        ..Line::default()
    };
    // What is missing between price and amount is the discount, whatever it was written for.
    let gap = from.amount.and_then(|amount| Some(whole(from.price, from.quantity)? - amount));
    line.discount = gap
        .filter(|gap| !gap.is_negative() && from.discount.is_some())
        .or_else(|| whole(from.discount, from.quantity));
    line.tax = from.vat.and_then(|vat| vat.amount);
    line.total =
        from.amount.or_else(|| Some(whole(from.price, from.quantity)? - line.discount.unwrap_or_default()));
    line
}

/// The parts that a bill was paid by.
fn bill_parts(money: &model::BillPayment, is_exchange: bool) -> Vec<Part> {
    let mut parts = vec![
        ("cash", money.cash.amount),
        ("transfer", money.transfer.amount),
        ("installment", money.installment.amount),
        ("credit", money.credit.amount),
        ("points", money.used_points.amount),
    ];
    let gap = |parts: &[Part]| {
        let gap = money.amount.map(|total| total - sum(parts));
        gap.filter(|gap| !gap.is_negative() && !gap.is_zero())
    };
    // Whether `amount` is net of a coupon is not documented, so a coupon fills a gap and makes no more of it.
    let coupon = &money.coupon;
    let worth = coupon.amount.or_else(|| coupon.value.as_deref()?.trim().parse().ok());
    if let (Some(gap), Some(worth)) = (gap(&parts), worth.filter(|worth| !worth.is_zero())) {
        parts.push(("coupon", Some(worth.abs().min(gap))));
    }
    // What is open on an exchange was paid with the goods that came back.
    if is_exchange && let Some(gap) = gap(&parts) {
        parts.push(("exchange", Some(gap)));
    }
    parts
}

impl model::Bill {
    fn written_at(&self) -> Option<OffsetDateTime> {
        self.created_at.or_else(|| self.created.as_ref()?.created_at)
    }
}

/// A bill of either version.
pub(crate) fn bill(from: model::Bill, beside: Beside, custom: Extra) -> OrderRecord {
    let is_return = from.kind == Some(1);
    let kind = if is_return { DocumentKind::Return } else { DocumentKind::Invoice };
    let placed_at = from.written_at();
    let (related, customer, money) = (from.related, from.customer, from.payment);
    let mut draft = OrderDraft::new(kind, from.id.unwrap_or_default(), custom);
    let record = &mut draft.record;
    record.placed_at = placed_at;
    record.placed_on = from.date.filter(|_| placed_at.is_none());
    let address = Address { street: clean_opt(customer.address.as_deref()), ..Address::default() };
    let reach = points(customer.mobile.as_deref(), None);
    record.buyer = buyer(customer.id, customer.name.as_deref(), reach, address);
    record.branch = reference(from.depot_id, None, None);
    record.seller = reference(None, None, from.sale);
    let source = from.customer_source.unwrap_or_default();
    record.channel = Reference::of(source.id, Some("pos".to_owned()), clean_opt(source.name.as_deref()));
    record.note = from.description;
    record.tags = from.tags.into_iter().filter_map(|tag| tag.name).collect();
    record.lines = from.products.into_iter().map(bill_line).collect();
    let taxes: Vec<Money> = record.lines.iter().filter_map(|line| line.tax).collect();
    record.tax = (!taxes.is_empty()).then(|| taxes.into_iter().sum());
    record.status = OrderStatus::new(StatusCategory::Completed, None, None);
    record.subtotal = subtotal(&record.lines);
    record.total = money.amount.map(Money::abs).or(record.subtotal);
    record.discount = money.discount.filter(|discount| match (record.subtotal, record.total) {
        (Some(goods), Some(total)) => goods - *discount == total,
        _ => discount.is_zero(),
    });
    if is_return {
        record.returns = related.bill_id.or(related.parent_id).or(from.order_id);
        record.refunded = money.return_amount.map(Money::abs).filter(|amount| !amount.is_zero());
        return draft.finish();
    }
    record.fulfils = from.order_id;
    record.fulfilment = Fulfilment::new(FulfilmentCategory::Delivered, None);
    let parts = bill_parts(&money, related.kind == Some(GOODS_BACK));
    let by_parts = parts.iter().any(|(_, amount)| amount.is_some()).then(|| sum(&parts));
    record.payments = payments(&parts);
    record.paid = beside.paid.or(by_parts);
    record.payment = PaymentState::from_amounts(record.total, record.paid);
    draft.finish()
}

impl Row for model::Bill {
    type Record = OrderRecord;

    fn into_record(self, custom: Extra) -> OrderRecord {
        bill(self, Beside::default(), custom)
    }
}

impl Listed for model::Bill {
    fn facts(&self) -> Facts {
        Facts { created: self.written_at(), updated: None, day: self.date, depot: self.depot_id.clone() }
    }

    fn is_record(&self) -> bool {
        is_trade(self.kind, self.mode)
    }
}

fn is_active(status: Option<&str>) -> Option<bool> {
    Some(match status?.trim().to_ascii_lowercase().as_str() {
        "1" | "2" | "4" | "new" | "active" | "outofstock" => true,
        "3" | "inactive" => false,
        _ => return None,
    })
}

fn stock(from: model::Inventory) -> Vec<StockLevel> {
    let level = |branch: Option<Reference>, on_hand: Option<Quantity>, reserved: Option<Quantity>| {
        let mut level = StockLevel::default();
        (level.branch, level.on_hand, level.reserved) = (branch, on_hand, reserved);
        level
    };
    if from.depots.is_empty() && from.remain.is_some() {
        return vec![level(None, from.remain, from.holding)];
    }
    let depot =
        |depot: model::DepotStock| level(Reference::of(depot.id, None, None), depot.remain, depot.holding);
    from.depots.into_iter().map(depot).collect()
}

fn pictures(images: &model::Images) -> Vec<String> {
    let mut pictures: Vec<String> = Vec::new();
    for picture in images.avatar.iter().chain(&images.others).filter_map(|picture| clean(picture)) {
        if !pictures.contains(&picture) {
            pictures.push(picture);
        }
    }
    pictures
}

fn variant(from: model::Product) -> Option<Variant> {
    let variant = Variant {
        id: from.id?,
        sku: clean_opt(from.code.as_deref()),
        barcode: clean_opt(from.barcode.as_deref()),
        name: clean_opt(from.name.as_deref()),
        price: from.prices.retail,
    };
    Some(variant)
}

impl Row for model::Product {
    type Record = ProductRecord;

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.unwrap_or_default(), custom);
        let record = &mut draft.record;
        record.code = self.code;
        record.barcode = self.barcode;
        record.name = self.name;
        record.category = reference(self.category_id, None, self.category);
        record.unit = self.units.name;
        record.price = self.prices.retail;
        record.cost = self.prices.avg_cost.or(self.prices.import);
        record.variants = self.childs.into_iter().filter_map(variant).collect();
        record.stock = stock(self.inventory);
        record.active = is_active(self.status.as_deref());
        record.images = pictures(&self.images);
        record.created_at = self.created_at;
        record.updated_at = self.updated_at;
        draft.finish()
    }
}

impl Listed for model::Product {
    fn facts(&self) -> Facts {
        Facts { updated: self.updated_at, ..Facts::default() }
    }
}

impl Row for model::Depot {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        let mut record = BranchRecord {
            id: self.id.unwrap_or_default(),
            code: clean_opt(self.code.as_deref()),
            name: clean_opt(self.name.as_deref()),
            phones: points(self.mobile.as_deref(), None).phones,
            ..BranchRecord::default()
        };
        let flat = model::DepotPlace {
            city_id: self.city_id,
            city_name: self.city_name,
            district_id: self.district_id,
            district_name: self.district_name,
            ward_id: self.ward_id,
            ward_name: self.ward_name,
            address: self.address,
            ..model::DepotPlace::default()
        };
        let filled = |place: &&model::DepotPlace| place.city_id.is_some() || place.address.is_some();
        let of = |place: &model::DepotPlace| place::codes(&place.city_id, &place.district_id, &place.ward_id);
        let old = [&self.location, &flat].into_iter().find(filled);
        let new = Some(&self.location_v2).filter(filled);
        // The words are of one division, the old one where it is told; codes of both may stand beside them.
        record.address = old.or(new).and_then(|place| {
            let address = Address {
                street: clean_opt(place.address.as_deref()),
                ward: clean_opt(place.ward_name.as_deref()),
                district: clean_opt(place.district_name.as_deref()),
                province: clean_opt(place.city_name.as_deref()),
                ..Address::default()
            };
            address
                .with_codes(PLACES_V1, old.map(of).unwrap_or_default())
                .with_codes(PLACES_V2, new.map(of).unwrap_or_default())
                .or_none()
        });
        record
    }
}

impl Listed for model::Depot {}

impl Row for model::User {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let mut record = UserRecord {
            id: self.id.unwrap_or_default(),
            code: clean_opt(self.username.as_deref()),
            name: clean_opt(self.full_name.as_deref()),
            ..UserRecord::default()
        };
        let points = points(self.mobile.as_deref(), self.email.as_deref());
        record.phones = points.phones;
        record.emails = points.emails;
        record
    }
}

impl Listed for model::User {}

impl Row for model::Category {
    type Record = CategoryRecord;

    fn into_record(self, _: Extra) -> CategoryRecord {
        CategoryRecord {
            id: self.id.unwrap_or_default(),
            parent: self.parent_id,
            name: clean_opt(self.name.as_deref()),
        }
    }
}

impl Listed for model::Category {
    /// The category and those below it: 2.0 nests them.
    fn into_records(mut self, custom: Extra) -> Vec<CategoryRecord> {
        let below = std::mem::take(&mut self.childs);
        let mut records = vec![self.into_record(custom)];
        records.extend(below.into_iter().flat_map(|category| category.into_records(Extra::new())));
        records
    }
}

/// Takes the taxes out, for links that do not want them (`sync_tax`).
pub(crate) fn without_tax(record: &mut OrderRecord) {
    record.tax = None;
    for line in &mut record.lines {
        line.tax = None;
    }
}
