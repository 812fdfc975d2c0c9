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

use std::borrow::Cow;

use pos_core::entity::{Moments, Totals, party};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerKind, CustomerRecord, Delivery,
    DocumentKind, Extra, Fulfilment, FulfilmentCategory, Gender, Identity, Line, Money, OrderRecord,
    OrderStatus, Party, Payment, PaymentCategory, PaymentState, PhoneSource, PlaceCodes, ProductRecord,
    Quantity, Reference, StatusCategory, StockLevel, UserRecord, Variant, clean, clean_opt,
};
use time::{Date, OffsetDateTime};

use crate::model::{self, Named, v2};

/// The system of the vendor's ids of places in the division of three levels.
pub(crate) const PLACES_V1: &str = "nhanh:v1";
/// The system of its ids of places in the division of two levels since July 2025.
pub(crate) const PLACES_V2: &str = "nhanh:v2";

/// A vendor struct that becomes a record.
pub(crate) trait Row {
    /// The record of the common model.
    type Record;
    /// The vendor's id.
    fn key(&self) -> Option<String>;
    /// Whether it is a record at all.
    fn is_record(&self) -> bool {
        true
    }
    /// What it says about when and where, for the windows of lists.
    fn facts(&self) -> Facts {
        Facts::default()
    }
    /// Makes the record.
    fn record(&self) -> Self::Record;
    /// Adds the vendor fields that a mapping asked for.
    fn put_custom(record: &mut Self::Record, custom: Extra) {
        let _ = (record, custom);
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

struct Status {
    number: i64,
    word: &'static str,
    label: &'static str,
    category: StatusCategory,
    fulfilment: FulfilmentCategory,
}

const fn status(
    number: i64,
    word: &'static str,
    label: &'static str,
    category: StatusCategory,
    fulfilment: FulfilmentCategory,
) -> Status {
    Status { number, word, label, category, fulfilment }
}

/// Order statuses (D): the number of 3.0, the word of 2.0.
const STATUSES: [Status; 18] = {
    use FulfilmentCategory as F;
    use StatusCategory as S;
    [
        status(54, "New", "Đơn mới", S::Pending, F::Unfulfilled),
        status(55, "Confirming", "Đang xác nhận", S::Pending, F::Unfulfilled),
        status(57, "CustomerConfirming", "Chờ khách xác nhận", S::Pending, F::Unfulfilled),
        status(56, "Confirmed", "Đã xác nhận", S::Confirmed, F::Unfulfilled),
        status(42, "Packing", "Đang đóng gói", S::Processing, F::Unfulfilled),
        status(40, "Packed", "Đã đóng gói", S::Processing, F::Unfulfilled),
        status(73, "ChangeDepot", "Đổi kho xuất hàng", S::Processing, F::Unfulfilled),
        status(43, "Pickup", "Chờ thu gom", S::Shipping, F::Unfulfilled),
        status(59, "Shipping", "Đang chuyển", S::Shipping, F::Shipping),
        status(60, "Success", "Thành công", S::Completed, F::Delivered),
        status(61, "Failed", "Thất bại", S::Failed, F::Failed),
        status(63, "Canceled", "Khách hủy", S::Cancelled, F::Unfulfilled),
        status(64, "Aborted", "Hệ thống hủy", S::Cancelled, F::Unfulfilled),
        status(58, "CarrierCanceled", "Hãng vận chuyển hủy đơn", S::Cancelled, F::Unfulfilled),
        status(68, "SoldOut", "Hết hàng", S::Cancelled, F::Unfulfilled),
        status(71, "Returning", "Đang chuyển hoàn", S::Returning, F::Returning),
        status(72, "Returned", "Đã chuyển hoàn", S::Returned, F::Returned),
        status(74, "ConfirmReturned", "Xác nhận hoàn", S::Returned, F::Returned),
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

fn status_of(code: &str) -> Option<&'static Status> {
    let code = code.trim();
    let number = code.parse::<i64>().ok();
    STATUSES.iter().find(|known| Some(known.number) == number || known.word.eq_ignore_ascii_case(code))
}

fn order_status(
    code: Option<&str>,
    label: Option<&str>,
    reason: Option<&str>,
) -> (OrderStatus, FulfilmentCategory) {
    let known = code.and_then(status_of);
    let label = clean_opt(label).or_else(|| known.map(|known| known.label.to_owned()));
    let mut status =
        OrderStatus::new(known.map(|known| known.category).unwrap_or_default(), clean_opt(code), label);
    status.reason = clean_opt(reason).filter(|reason| reason != "0").map(|reason| {
        let number = reason.parse::<i64>().ok();
        let named = REASONS.iter().find(|(known, _)| Some(*known) == number);
        named.map_or(reason, |(_, word)| (*word).to_owned())
    });
    (status, known.map(|known| known.fulfilment).unwrap_or_default())
}

fn channel(number: Option<&str>, name: Option<String>) -> Option<Reference> {
    let known = number.and_then(|number| CHANNELS.iter().find(|(known, _, _)| *known == number));
    let name = name.or_else(|| known.map(|(_, _, name)| (*name).to_owned()));
    Reference::of(number.map(str::to_owned), known.map(|(_, code, _)| (*code).to_owned()), name)
}

fn reference(id: Option<&String>, name: Option<&String>, other: Option<&Named>) -> Option<Reference> {
    let id = id.or_else(|| other?.id.as_ref()).cloned();
    let name = name.or_else(|| other?.name.as_ref()).and_then(|name| clean(name));
    let code = other.and_then(|other| clean_opt(other.code.as_deref()));
    id.as_ref()?;
    Reference::of(id, code, name)
}

fn places(city: &Option<String>, district: &Option<String>, ward: &Option<String>) -> PlaceCodes {
    PlaceCodes::new(city.as_deref(), district.as_deref(), ward.as_deref())
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

/// The ways to reach somebody whose document names tax codes: shops type these into phone fields.
fn doubted(mut points: ContactPoints, tax_codes: [Option<&String>; 2]) -> ContactPoints {
    for code in tax_codes.into_iter().flatten() {
        points.doubt(Some(code), None);
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

fn buyer(
    id: Option<&String>,
    name: Option<&str>,
    mut points: ContactPoints,
    address: Address,
) -> Option<Party> {
    points.heed_name(name);
    let has_key = points.has_key();
    let mut party = party(id.cloned(), name, points, Some(address))?;
    hide(&mut party.name, &mut party.identity, has_key);
    Some(party)
}

fn is_company(name: Option<&str>, tax_code: Option<&str>) -> CustomerKind {
    match clean_opt(name).or_else(|| clean_opt(tax_code)) {
        Some(_) => CustomerKind::Company,
        None => CustomerKind::Person,
    }
}

fn gender(number: Option<i64>) -> Option<Gender> {
    match number {
        Some(1) => Some(Gender::Male),
        Some(2) => Some(Gender::Female),
        _ => None,
    }
}

fn firm_address(name: Option<&str>, address: Option<&str>) -> Option<Address> {
    let street = clean_opt(address)?;
    let mut firm = Address::default();
    firm.name = clean_opt(name);
    firm.street = Some(street);
    Some(firm)
}

impl pos_core::Customer for model::Customer {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_deref().unwrap_or_default())
    }
    fn raw_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn contact_points(&self) -> ContactPoints {
        points(self.mobile.as_deref(), self.email.as_deref())
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.code.as_deref().map(Cow::Borrowed)
    }
    fn kind(&self) -> CustomerKind {
        is_company(self.business.name.as_deref(), self.tax_code.as_deref())
    }
    fn gender(&self) -> Option<Gender> {
        gender(self.gender)
    }
    fn birth_date(&self) -> Option<Date> {
        self.birthday
    }
    fn addresses(&self) -> Vec<Address> {
        let mut own = Address::default();
        own.street = clean_opt(self.address.as_deref());
        let (old, new) = (&self.locations, &self.location);
        let own = own
            .with_codes(PLACES_V1, places(&old.city_id, &old.district_id, &old.ward_id))
            .with_codes(PLACES_V2, places(&new.city_id, &None, &new.ward_id));
        let firm = firm_address(self.business.name.as_deref(), self.business.address.as_deref());
        [Some(own), firm].into_iter().flatten().collect()
    }
    fn organization(&self) -> Option<&str> {
        self.business.name.as_deref()
    }
    fn tax_code(&self) -> Option<&str> {
        self.tax_code.as_deref()
    }
    fn groups(&self) -> Vec<String> {
        self.group.iter().filter_map(|group| group.name.clone()).collect()
    }
    fn spent(&self) -> Option<Money> {
        self.total_amount
    }
    fn order_count(&self) -> Option<u64> {
        self.frequency_bought.and_then(|count| u64::try_from(count).ok())
    }
    fn points(&self) -> Option<Quantity> {
        self.points
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }
}

impl pos_core::Customer for v2::Customer {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_deref().unwrap_or_default())
    }
    fn raw_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn contact_points(&self) -> ContactPoints {
        points(self.mobile.as_deref(), self.email.as_deref())
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.code.as_deref().map(Cow::Borrowed)
    }
    fn kind(&self) -> CustomerKind {
        is_company(self.business_name.as_deref(), self.tax_code.as_deref())
    }
    fn gender(&self) -> Option<Gender> {
        gender(self.gender)
    }
    fn birth_date(&self) -> Option<Date> {
        self.birthday
    }
    fn addresses(&self) -> Vec<Address> {
        let mut own = Address::default();
        own.street = clean_opt(self.address.as_deref());
        let own = own.with_codes(
            PLACES_V1,
            places(&self.city_location_id, &self.district_location_id, &self.ward_location_id),
        );
        let firm = firm_address(self.business_name.as_deref(), self.business_address.as_deref());
        [Some(own), firm].into_iter().flatten().collect()
    }
    fn organization(&self) -> Option<&str> {
        self.business_name.as_deref()
    }
    fn tax_code(&self) -> Option<&str> {
        self.tax_code.as_deref()
    }
    fn groups(&self) -> Vec<String> {
        self.group.iter().cloned().collect()
    }
    fn spent(&self) -> Option<Money> {
        self.total_money
    }
    fn points(&self) -> Option<Quantity> {
        self.points
    }
}

fn customer_record(from: &impl pos_core::Customer) -> CustomerRecord {
    let has_key = from.contact_points().has_key();
    let mut record = from.to_record();
    hide(&mut record.name, &mut record.identity, has_key);
    record
}

impl Row for model::Customer {
    type Record = CustomerRecord;
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn facts(&self) -> Facts {
        Facts { updated: self.updated_at, ..Facts::default() }
    }
    fn record(&self) -> CustomerRecord {
        customer_record(self)
    }
    fn put_custom(record: &mut CustomerRecord, custom: Extra) {
        record.custom = custom;
    }
}

impl Row for v2::Customer {
    type Record = CustomerRecord;
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn record(&self) -> CustomerRecord {
        customer_record(self)
    }
    fn put_custom(record: &mut CustomerRecord, custom: Extra) {
        record.custom = custom;
    }
}

/// R8: types 14 and 16, or a link to the order that goods came back from.
fn document_kind(kind: Option<i64>, returns: Option<&String>) -> DocumentKind {
    if matches!(kind, Some(14 | 16)) || returns.is_some() {
        DocumentKind::Return
    } else {
        DocumentKind::Order
    }
}

fn is_sale(kind: Option<i64>) -> bool {
    !matches!(kind, Some(10 | 15))
}

/// What both versions of an order come down to.
#[derive(Default)]
struct Sale {
    lines: Vec<Line>,
    /// Not in the lines.
    discount: Option<Money>,
    /// In the lines, or not known.
    shown_discount: Option<Money>,
    shipping: Option<Money>,
    prepaid: Vec<(&'static str, Option<Money>)>,
    cod: Option<Money>,
}

impl Sale {
    /// Fills the amounts by R6.
    fn fill(self, record: &mut OrderRecord) {
        let prepaid = |money: Option<Money>| money.filter(|money| !money.is_zero());
        let said = self.prepaid.iter().any(|(_, money)| money.is_some());
        let in_advance: Money = self.prepaid.iter().filter_map(|(_, money)| *money).sum();
        let subtotal: Option<Money> =
            if self.lines.is_empty() { None } else { self.lines.iter().map(|line| line.total).sum() };
        let shipping = self.shipping.unwrap_or_default();
        record.total = match subtotal {
            Some(goods) => Some(goods + shipping - self.discount.unwrap_or_default()),
            // Without lines the two sides of the cross-check have to do.
            None => self.cod.map(|cod| cod + in_advance),
        };
        record.subtotal = subtotal;
        record.discount = self.discount.or(self.shown_discount);
        record.shipping_fee = self.shipping;
        record.due = self.cod;
        record.payments = self
            .prepaid
            .iter()
            .filter_map(|(method, money)| Some(payment(method, prepaid(*money)?)))
            .collect();
        record.paid = (said || self.cod.is_some()).then_some(in_advance);
        if record.stream == DocumentKind::Return {
            // Nothing is owed for goods that come back.
            (record.payments, record.paid, record.due) = (Vec::new(), None, None);
            record.lines = self.lines;
            return;
        }
        let is_done = record.status.category == StatusCategory::Completed;
        if is_done && record.total.is_some() {
            if let Some(collected) = prepaid(self.cod) {
                record.payments.push(payment("cod", collected));
            }
            record.paid = record.total;
            record.due = Some(Money::ZERO);
        }
        record.payment = match (record.status.category, record.paid) {
            (StatusCategory::Cancelled, paid) if paid.is_none_or(Money::is_zero) => {
                PaymentState::new(PaymentCategory::Voided, None)
            }
            _ => PaymentState::from_amounts(record.total, record.paid),
        };
        record.lines = self.lines;
    }
}

fn payment(method: &str, amount: Money) -> Payment {
    let mut payment = Payment::default();
    payment.method = Some(method.to_owned());
    payment.amount = Some(amount);
    payment.valid = true;
    payment
}

fn whole(unit: Option<Money>, quantity: Option<Quantity>) -> Option<Money> {
    Some(unit?.times(quantity?))
}

fn order_line(from: &model::OrderLine) -> Line {
    let mut line = Line::default();
    line.id = from.order_product_id.clone();
    line.product_id = from.product_id.clone().or_else(|| from.id.clone());
    line.sku = clean_opt(from.code.as_deref());
    line.name = clean_opt(from.name.as_deref());
    line.quantity = from.quantity;
    line.returned_quantity = from.partial_delivery.as_ref().and_then(|partial| partial.return_quantity);
    line.unit_price = from.price_after_vat.or(from.price);
    line.discount = from.discount_amount.or_else(|| whole(from.discount, from.quantity));
    line.tax = from.vat.as_ref().and_then(|vat| vat.amount);
    line.total = from
        .total_amount
        .or_else(|| Some(whole(line.unit_price, from.quantity)? - line.discount.unwrap_or_default()));
    line
}

impl Row for model::Order {
    type Record = OrderRecord;
    fn key(&self) -> Option<String> {
        self.info.id.clone()
    }
    fn is_record(&self) -> bool {
        is_sale(self.info.kind)
    }
    fn facts(&self) -> Facts {
        let info = &self.info;
        Facts { created: info.created_at, updated: info.updated_at, day: None, depot: info.depot_id.clone() }
    }
    fn record(&self) -> OrderRecord {
        let (info, carrier, payment) = (&self.info, &self.carrier, &self.payment);
        let original = self.original_order.as_ref().and_then(|original| original.id.as_ref());
        let back_from = info.return_from_id.as_ref();
        let kind = document_kind(info.kind, back_from.or(original));
        let mut record = OrderRecord::new(kind, info.id.clone().unwrap_or_default());
        record.reference = clean_opt(self.channel.app_order_id.as_deref());
        if kind == DocumentKind::Return {
            let other = [&info.original_order_id, &info.id_return].into_iter().find_map(Option::as_ref);
            record.returns = back_from.or(original).or(other).cloned();
        }
        let (status, goods) = order_status(info.status.as_deref(), None, info.reason.as_deref());
        if kind != DocumentKind::Return {
            record.fulfilment = Fulfilment::new(goods, None);
        }
        record.status = status;
        record.placed_at = info.created_at;
        record.updated_at = info.updated_at;
        let contact = &self.shipping_address;
        let mut address = Address::default();
        address.street = clean_opt(contact.address.as_deref());
        address.text = clean_opt(contact.location.as_deref());
        if let Some(system) = system(contact) {
            address =
                address.with_codes(&system, places(&contact.city_id, &contact.district_id, &contact.ward_id));
        }
        let vat_code = payment.vat.as_ref().and_then(|vat| vat.tax_code.as_ref());
        let reach = points(contact.mobile.as_deref(), contact.email.as_deref());
        let reach = doubted(reach, [contact.tax_code.as_ref(), vat_code]);
        record.buyer = buyer(contact.id.as_ref(), contact.name.as_deref(), reach, address.clone());
        record.branch = reference(info.depot_id.as_ref(), None, None);
        record.seller = reference(info.sale_id.as_ref(), info.sale_name.as_ref(), info.sale.as_ref());
        let source =
            self.channel.traffic_source.as_ref().and_then(|source| clean_opt(source.name.as_deref()));
        let market = self.channel.shop_name.as_deref().or(self.channel.app_shop_name.as_deref());
        record.channel = channel(self.channel.sale_channel.as_deref(), source.or_else(|| clean_opt(market)));
        if carrier.id.is_some() || carrier.name.is_some() || carrier.carrier_code.is_some() {
            let mut delivery = Delivery::default();
            delivery.code = clean_opt(carrier.carrier_code.as_deref());
            delivery.carrier = clean_opt(carrier.name.as_deref());
            delivery.fee = carrier.ship_fee;
            delivery.cod = payment.cod_amount;
            delivery.address = address.or_none();
            record.delivery = Some(delivery);
        }
        record.tax = payment.vat.as_ref().and_then(|vat| vat.amount);
        record.note = clean_opt(info.description.as_deref());
        record.tags = info.tags.iter().filter_map(|tag| clean_opt(tag.name.as_deref())).collect();
        let mut sale = Sale::default();
        sale.lines = self.products.iter().map(order_line).collect();
        sale.shown_discount = payment.discount.amount.filter(|discount| discount.is_zero());
        sale.shipping = carrier.customer_ship_fee;
        sale.prepaid = vec![
            ("deposit", payment.deposit.amount),
            ("transfer", payment.transfer.amount),
            ("credit", payment.credit.amount),
            ("points", payment.used_points.amount),
        ];
        sale.cod = payment.cod_amount;
        sale.fill(&mut record);
        record
    }
    fn put_custom(record: &mut OrderRecord, custom: Extra) {
        record.custom = custom;
    }
}

impl v2::Order {
    fn number(&self) -> Option<String> {
        self.id.clone().or_else(|| self.order_id.clone())
    }
}

impl Row for v2::Order {
    type Record = OrderRecord;
    fn key(&self) -> Option<String> {
        self.number()
    }
    fn is_record(&self) -> bool {
        is_sale(self.type_id)
    }
    fn facts(&self) -> Facts {
        let depot = self.depot_id.clone();
        Facts { created: self.created_date_time, updated: self.updated_at, day: None, depot }
    }
    fn record(&self) -> OrderRecord {
        let back_from = self.return_from_order_id.as_ref();
        let kind = document_kind(self.type_id, back_from);
        let mut record = OrderRecord::new(kind, self.number().unwrap_or_default());
        record.reference =
            clean_opt(self.shop_order_id.as_deref()).or_else(|| clean_opt(self.private_id.as_deref()));
        record.returns = back_from.cloned();
        let code = self.status_code.as_deref().or(self.status.as_deref());
        let label = self.status_name.as_deref().or(self.status_description.as_deref());
        let (status, goods) = order_status(code, label, self.reason.as_deref());
        if kind != DocumentKind::Return {
            record.fulfilment = Fulfilment::new(goods, None);
        }
        record.status = status;
        record.placed_at = self.created_date_time;
        record.updated_at = self.updated_at;
        let either = |one: &Option<String>, other: &Option<String>| one.clone().or_else(|| other.clone());
        let mut address = Address::default();
        address.street = clean_opt(self.customer_address.as_deref());
        address.ward = clean_opt(self.customer_ward.as_deref());
        address.district = clean_opt(self.customer_district.as_deref());
        address.province = clean_opt(self.customer_city.as_deref());
        let address = address.with_codes(
            PLACES_V1,
            places(
                &either(&self.customer_city_id, &self.ship_to_city_location_id),
                &either(&self.customer_district_id, &self.ship_to_district_location_id),
                &self.ship_to_ward_location_id,
            ),
        );
        let vat_code = self.vat.as_ref().and_then(|vat| vat.tax_code.as_ref());
        let reach = points(self.customer_mobile.as_deref(), self.customer_email.as_deref());
        let reach = doubted(reach, [vat_code, None]);
        record.buyer =
            buyer(self.customer_id.as_ref(), self.customer_name.as_deref(), reach, address.clone());
        record.branch = reference(self.depot_id.as_ref(), self.depot_name.as_ref(), None);
        record.seller = reference(self.sale_id.as_ref(), self.sale_name.as_ref(), None);
        record.channel =
            channel(self.sale_channel.as_deref(), clean_opt(self.traffic_source_name.as_deref()));
        if self.carrier_id.is_some() || self.carrier_name.is_some() || self.carrier_code.is_some() {
            let mut delivery = Delivery::default();
            delivery.code = clean_opt(self.carrier_code.as_deref());
            delivery.carrier = clean_opt(self.carrier_name.as_deref());
            delivery.fee = self.ship_fee;
            delivery.cod = self.calc_total_money;
            delivery.address = address.or_none();
            record.delivery = Some(delivery);
        }
        record.tax = self.vat.as_ref().and_then(|vat| vat.amount);
        record.note = clean_opt(self.description.as_deref());
        record.tags = self.tags.iter().filter_map(|tag| clean(tag)).collect();
        let mut sale = Sale::default();
        sale.lines = self
            .products
            .iter()
            .map(|from| {
                let mut line = Line::default();
                line.product_id = from.product_id.clone().or_else(|| from.id.clone());
                line.sku =
                    clean_opt(from.product_code.as_deref()).or_else(|| clean_opt(from.code.as_deref()));
                line.name = clean_opt(from.product_name.as_deref());
                line.quantity = from.quantity;
                line.unit_price = from.price;
                line.discount = whole(from.discount, from.quantity);
                line.total = from
                    .product_money
                    .or_else(|| Some(whole(from.price, from.quantity)? - line.discount.unwrap_or_default()));
                line
            })
            .collect();
        sale.discount = self.money_discount;
        sale.shipping = self.customer_ship_fee;
        sale.prepaid = vec![
            ("deposit", self.money_deposit),
            ("transfer", self.money_transfer),
            ("credit", self.credit_amount),
            ("points", self.money_used_points.or(self.used_point_amount)),
        ];
        sale.cod = self.calc_total_money;
        sale.fill(&mut record);
        record
    }
    fn put_custom(record: &mut OrderRecord, custom: Extra) {
        record.custom = custom;
    }
}

/// `related.type` of bills that take back, or exchange, what another one sold (D).
const GOODS_BACK: i64 = 6;

/// R9: goods out are a sale, goods in are brought back; other modes than retail and wholesale are neither.
fn is_trade(kind: Option<i64>, mode: Option<i64>) -> bool {
    matches!(kind, Some(1 | 2) | None) && matches!(mode, Some(2 | 6) | None)
}

fn bill_kind(kind: Option<i64>) -> DocumentKind {
    if kind == Some(1) { DocumentKind::Return } else { DocumentKind::Invoice }
}

/// Amounts and states of a bill, once its lines are there.
fn fill_bill(
    record: &mut OrderRecord,
    total: Option<Money>,
    discount: Option<Money>,
    paid: Option<Money>,
    given_back: Option<Money>,
) {
    let positive = |money: Option<Money>| money.map(Money::abs);
    record.status = OrderStatus::new(StatusCategory::Completed, None, None);
    record.subtotal =
        if record.lines.is_empty() { None } else { record.lines.iter().map(|line| line.total).sum() };
    record.total = positive(total).or(record.subtotal);
    record.discount = discount.filter(|discount| match (record.subtotal, record.total) {
        (Some(goods), Some(total)) => goods - *discount == total,
        _ => discount.is_zero(),
    });
    if record.stream == DocumentKind::Return {
        record.refunded = positive(given_back).filter(|money| !money.is_zero());
        return;
    }
    record.fulfilment = Fulfilment::new(FulfilmentCategory::Delivered, None);
    record.paid = paid;
    record.due = Some((record.total.unwrap_or_default() - paid.unwrap_or_default()).max(Money::ZERO))
        .filter(|_| record.total.is_some() && paid.is_some());
    record.payment = PaymentState::from_amounts(record.total, record.paid);
}

fn paid_by(record: &mut OrderRecord, parts: &[(&str, Option<Money>)]) -> Option<Money> {
    for (method, amount) in parts {
        if let Some(amount) = amount.filter(|amount| !amount.is_zero()) {
            record.payments.push(payment(method, amount));
        }
    }
    parts.iter().any(|(_, money)| money.is_some()).then(|| parts.iter().filter_map(|(_, money)| *money).sum())
}

impl model::Bill {
    fn written_at(&self) -> Option<OffsetDateTime> {
        self.created_at.or_else(|| self.created.as_ref()?.created_at)
    }
}

impl Row for model::Bill {
    type Record = OrderRecord;
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn is_record(&self) -> bool {
        is_trade(self.kind, self.mode)
    }
    fn facts(&self) -> Facts {
        Facts { created: self.written_at(), updated: None, day: self.date, depot: self.depot_id.clone() }
    }
    fn record(&self) -> OrderRecord {
        let mut record = OrderRecord::new(bill_kind(self.kind), self.id.clone().unwrap_or_default());
        let related = &self.related;
        if record.stream == DocumentKind::Return {
            let sold = [&related.bill_id, &related.parent_id, &self.order_id];
            record.returns = sold.into_iter().find_map(Option::as_ref).cloned();
        } else {
            record.fulfils = self.order_id.clone();
        }
        record.placed_at = self.written_at();
        record.placed_on = self.date.filter(|_| record.placed_at.is_none());
        let mut address = Address::default();
        address.street = clean_opt(self.customer.address.as_deref());
        let reach = points(self.customer.mobile.as_deref(), None);
        record.buyer = buyer(self.customer.id.as_ref(), self.customer.name.as_deref(), reach, address);
        record.branch = reference(self.depot_id.as_ref(), None, None);
        record.seller = reference(None, None, self.sale.as_ref());
        let source = self.customer_source.as_ref();
        record.channel = Reference::of(
            source.and_then(|source| source.id.clone()),
            Some("pos".to_owned()),
            source.and_then(|source| clean_opt(source.name.as_deref())),
        );
        record.note = clean_opt(self.description.as_deref());
        record.tags = self.tags.iter().filter_map(|tag| clean_opt(tag.name.as_deref())).collect();
        record.lines = self
            .products
            .iter()
            .map(|from| {
                let mut line = Line::default();
                line.id = from.imex_id.clone();
                line.product_id = from.id.clone();
                line.sku = clean_opt(from.code.as_deref());
                line.name = clean_opt(from.name.as_deref());
                line.quantity = from.quantity;
                line.unit_price = from.price;
                // What is missing between price and amount is the discount, whatever it was written for.
                let gap = from.amount.and_then(|amount| Some(whole(from.price, from.quantity)? - amount));
                line.discount = gap
                    .filter(|gap| !gap.is_negative() && from.discount.is_some())
                    .or_else(|| whole(from.discount, from.quantity));
                line.tax = from.vat.as_ref().and_then(|vat| vat.amount);
                line.total = from
                    .amount
                    .or_else(|| Some(whole(from.price, from.quantity)? - line.discount.unwrap_or_default()));
                line
            })
            .collect();
        let taxes: Vec<Money> = record.lines.iter().filter_map(|line| line.tax).collect();
        record.tax = (!taxes.is_empty()).then(|| taxes.into_iter().sum());
        let money = &self.payment;
        let mut parts = vec![
            ("cash", money.cash.amount),
            ("transfer", money.transfer.amount),
            ("installment", money.installment.amount),
            ("credit", money.credit.amount),
            ("points", money.used_points.amount),
        ];
        if record.stream == DocumentKind::Return {
            parts.clear();
        } else {
            let gap = |parts: &[(&str, Option<Money>)]| {
                let covered: Money = parts.iter().filter_map(|(_, amount)| *amount).sum();
                money.amount.map(|total| total - covered).filter(|gap| !gap.is_negative() && !gap.is_zero())
            };
            // Whether `amount` is net of a coupon is not documented, so a coupon fills a gap and makes no more of it.
            let coupon = &money.coupon;
            let worth = coupon.amount.or_else(|| coupon.value.as_deref()?.trim().parse().ok());
            if let (Some(gap), Some(worth)) = (gap(&parts), worth.filter(|worth| !worth.is_zero())) {
                parts.push(("coupon", Some(worth.abs().min(gap))));
            }
            // What is open on an exchange was paid with the goods that came back.
            if related.kind == Some(GOODS_BACK)
                && let Some(gap) = gap(&parts)
            {
                parts.push(("exchange", Some(gap)));
            }
        }
        let paid = paid_by(&mut record, &parts);
        fill_bill(&mut record, money.amount, money.discount, paid, money.return_amount);
        record
    }
    fn put_custom(record: &mut OrderRecord, custom: Extra) {
        record.custom = custom;
    }
}

impl Row for v2::Bill {
    type Record = OrderRecord;
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn is_record(&self) -> bool {
        is_trade(self.kind, self.mode)
    }
    fn facts(&self) -> Facts {
        let depot = self.depot_id.clone();
        Facts { created: self.created_date_time, updated: None, day: self.date, depot }
    }
    fn record(&self) -> OrderRecord {
        let mut record = OrderRecord::new(bill_kind(self.kind), self.id.clone().unwrap_or_default());
        if record.stream == DocumentKind::Return {
            record.returns = self.related_bill_id.clone().or_else(|| self.order_id.clone());
        } else {
            record.fulfils = self.order_id.clone();
        }
        record.placed_at = self.created_date_time;
        record.placed_on = self.date.filter(|_| record.placed_at.is_none());
        let reach = points(self.customer_mobile.as_deref(), None);
        record.buyer =
            buyer(self.customer_id.as_ref(), self.customer_name.as_deref(), reach, Address::default());
        record.branch = reference(self.depot_id.as_ref(), None, None);
        record.seller = reference(self.sale_id.as_ref(), self.sale_name.as_ref(), None);
        record.channel = Reference::of(None, Some("pos".to_owned()), None);
        record.note = clean_opt(self.description.as_deref());
        record.lines = self
            .products
            .iter()
            .map(|from| {
                let mut line = Line::default();
                line.product_id = from.id.clone();
                line.sku = clean_opt(from.code.as_deref());
                line.name = clean_opt(from.name.as_deref());
                line.quantity = from.quantity;
                line.unit_price = from.price;
                line.discount = whole(from.discount, from.quantity);
                line.total =
                    whole(from.price, from.quantity).map(|sum| sum - line.discount.unwrap_or_default());
                line
            })
            .collect();
        let mut parts = vec![
            ("cash", self.cash),
            ("transfer", self.money_transfer),
            ("installment", self.installment_money),
            ("credit", self.credit_money),
            ("points", self.used_points_money),
        ];
        if record.stream == DocumentKind::Return {
            parts.clear();
        }
        let by_parts = paid_by(&mut record, &parts);
        fill_bill(&mut record, self.money, self.discount, self.payment.or(by_parts), self.payment);
        record
    }
    fn put_custom(record: &mut OrderRecord, custom: Extra) {
        record.custom = custom;
    }
}

macro_rules! document {
    ($($type:ty),*) => {$(
        impl pos_core::Order for $type {
            fn id(&self) -> Cow<'_, str> {
                Cow::Owned(self.key().unwrap_or_default())
            }
            fn kind(&self) -> DocumentKind {
                self.record().stream
            }
            fn status(&self) -> OrderStatus {
                self.record().status
            }
            fn payment(&self) -> PaymentState {
                self.record().payment
            }
            fn totals(&self) -> Totals {
                pos_core::Order::totals(&self.record())
            }
            fn moments(&self) -> Moments {
                pos_core::Order::moments(&self.record())
            }
            fn buyer(&self) -> Option<Party> {
                self.record().buyer
            }
            fn lines(&self) -> Vec<Line> {
                self.record().lines
            }
            fn to_record(&self) -> OrderRecord {
                self.record()
            }
        }
    )*};
}

document!(model::Order, model::Bill, v2::Order, v2::Bill);

fn is_active(status: Option<&str>) -> Option<bool> {
    Some(match status?.trim().to_ascii_lowercase().as_str() {
        "1" | "2" | "4" | "new" | "active" | "outofstock" => true,
        "3" | "inactive" => false,
        _ => return None,
    })
}

fn stock(from: &model::Inventory) -> Vec<StockLevel> {
    let level = |branch: Option<Reference>, on_hand: Option<Quantity>, reserved: Option<Quantity>| {
        let mut level = StockLevel::default();
        (level.branch, level.on_hand, level.reserved) = (branch, on_hand, reserved);
        level
    };
    if from.depots.is_empty() && from.remain.is_some() {
        return vec![level(None, from.remain, from.holding)];
    }
    let depot = |depot: &model::DepotStock| {
        level(Reference::of(depot.id.clone(), None, None), depot.remain, depot.holding)
    };
    from.depots.iter().map(depot).collect()
}

fn pictures(first: Option<&String>, others: &[String]) -> Vec<String> {
    let mut pictures: Vec<String> = Vec::new();
    for picture in first.into_iter().chain(others).filter_map(|picture| clean(picture)) {
        if !pictures.contains(&picture) {
            pictures.push(picture);
        }
    }
    pictures
}

impl pos_core::Product for model::Product {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_deref().unwrap_or_default())
    }
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.code.as_deref().map(Cow::Borrowed)
    }
    fn barcode(&self) -> Option<&str> {
        self.barcode.as_deref()
    }
    fn category(&self) -> Option<Reference> {
        reference(self.category_id.as_ref(), None, self.category.as_ref())
    }
    fn unit(&self) -> Option<&str> {
        self.units.name.as_deref()
    }
    fn price(&self) -> Option<Money> {
        self.prices.retail
    }
    fn cost(&self) -> Option<Money> {
        self.prices.avg_cost.or(self.prices.import)
    }
    fn currency(&self) -> Currency {
        Currency::VND
    }
    fn variants(&self) -> Vec<Variant> {
        let variant = |from: &Self| {
            let mut variant = Variant::default();
            variant.id = from.id.clone()?;
            variant.sku = clean_opt(from.code.as_deref());
            variant.barcode = clean_opt(from.barcode.as_deref());
            variant.name = clean_opt(from.name.as_deref());
            variant.price = from.prices.retail;
            Some(variant)
        };
        self.childs.iter().filter_map(variant).collect()
    }
    fn stock(&self) -> Vec<StockLevel> {
        stock(&self.inventory)
    }
    fn active(&self) -> Option<bool> {
        is_active(self.status.as_deref())
    }
    fn images(&self) -> Vec<String> {
        pictures(self.images.avatar.as_ref(), &self.images.others)
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.created_at
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }
}

impl v2::Product {
    fn number(&self) -> Option<&String> {
        self.id_nhanh.as_ref().or(self.product_id.as_ref()).or(self.id.as_ref())
    }
}

impl pos_core::Product for v2::Product {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.number().map_or("", String::as_str))
    }
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        self.code.as_deref().map(Cow::Borrowed)
    }
    fn barcode(&self) -> Option<&str> {
        self.barcode.as_deref()
    }
    fn category(&self) -> Option<Reference> {
        reference(self.category_id.as_ref(), None, None)
    }
    fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }
    fn price(&self) -> Option<Money> {
        self.price
    }
    fn cost(&self) -> Option<Money> {
        self.avg_cost.or(self.import_price)
    }
    fn stock(&self) -> Vec<StockLevel> {
        stock(&self.inventory)
    }
    fn active(&self) -> Option<bool> {
        is_active(self.status.as_deref())
    }
    fn images(&self) -> Vec<String> {
        pictures(self.image.as_ref(), &self.images)
    }
    fn created_at(&self) -> Option<OffsetDateTime> {
        self.created_date_time
    }
    fn updated_at(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }
}

macro_rules! product {
    ($($type:ty),*) => {$(
        impl Row for $type {
            type Record = ProductRecord;
            fn key(&self) -> Option<String> {
                Some(pos_core::Product::id(self).into_owned()).filter(|id| !id.is_empty())
            }
            fn facts(&self) -> Facts {
                Facts { updated: self.updated_at, ..Facts::default() }
            }
            fn record(&self) -> ProductRecord {
                pos_core::Product::to_record(self)
            }
            fn put_custom(record: &mut ProductRecord, custom: Extra) {
                record.custom = custom;
            }
        }
    )*};
}

product!(model::Product, v2::Product);

impl Row for model::Depot {
    type Record = BranchRecord;
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn record(&self) -> BranchRecord {
        let mut record = BranchRecord::default();
        record.id = self.id.clone().unwrap_or_default();
        record.code = clean_opt(self.code.as_deref());
        record.name = clean_opt(self.name.as_deref());
        record.phones = points(self.mobile.as_deref(), None).phones;
        let flat = model::DepotPlace {
            city_id: self.city_id.clone(),
            city_name: self.city_name.clone(),
            district_id: self.district_id.clone(),
            district_name: self.district_name.clone(),
            ward_id: self.ward_id.clone(),
            ward_name: self.ward_name.clone(),
            address: self.address.clone(),
            ..model::DepotPlace::default()
        };
        let filled = |place: &&model::DepotPlace| place.city_id.is_some() || place.address.is_some();
        let of = |place: &model::DepotPlace| places(&place.city_id, &place.district_id, &place.ward_id);
        let old = [&self.location, &flat].into_iter().find(filled);
        let new = Some(&self.location_v2).filter(filled);
        // The words are of one division, the old one where it is told; codes of both may stand beside them.
        record.address = old.or(new).and_then(|place| {
            let mut address = Address::default();
            address.street = clean_opt(place.address.as_deref());
            address.ward = clean_opt(place.ward_name.as_deref());
            address.district = clean_opt(place.district_name.as_deref());
            address.province = clean_opt(place.city_name.as_deref());
            address
                .with_codes(PLACES_V1, old.map(of).unwrap_or_default())
                .with_codes(PLACES_V2, new.map(of).unwrap_or_default())
                .or_none()
        });
        record
    }
}

impl Row for model::User {
    type Record = UserRecord;
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn record(&self) -> UserRecord {
        let mut record = UserRecord::default();
        record.id = self.id.clone().unwrap_or_default();
        record.code = clean_opt(self.username.as_deref());
        record.name = clean_opt(self.full_name.as_deref());
        let points = points(self.mobile.as_deref(), self.email.as_deref());
        record.phones = points.phones;
        record.emails = points.emails;
        record
    }
}

impl Row for model::Category {
    type Record = CategoryRecord;
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn record(&self) -> CategoryRecord {
        let mut record = CategoryRecord::default();
        record.id = self.id.clone().unwrap_or_default();
        record.parent = self.parent_id.clone();
        record.name = clean_opt(self.name.as_deref());
        record
    }
}

/// Takes the taxes out, for links that do not want them (`sync_tax`).
pub(crate) fn without_tax(record: &mut OrderRecord) {
    record.tax = None;
    for line in &mut record.lines {
        line.tax = None;
    }
}
