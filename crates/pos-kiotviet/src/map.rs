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

use pos_core::kit::{CustomerDraft, OrderDraft, ProductDraft, Row, party, reference_in, without_marker};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, CustomerKind, CustomerRecord, Delivery,
    DocumentKind, Extra, Fulfilment, FulfilmentCategory, Gender, Line, Money, OrderRecord, OrderStatus,
    Party, Payment, PaymentCategory, PaymentState, PhoneSource, ProductRecord, Reference, StatusCategory,
    StockLevel, UserRecord, clean, tidied,
};
use time::OffsetDateTime;

use crate::model;
use crate::place;

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

/// The same by value.
fn live(code: Option<String>) -> (Option<String>, bool) {
    match live_code(code.as_deref()) {
        (live, true) => (live.map(str::to_owned), true),
        (_, false) => (code, false),
    }
}

/// An id of another object; 0 and below point nowhere.
fn link(id: Option<i64>) -> Option<String> {
    id.filter(|id| *id > 0).map(|id| id.to_string())
}

fn address(street: Option<String>, ward: Option<String>, location: Option<&str>) -> Address {
    let (province, district) = location.map(place::split).unwrap_or_default();
    Address { street: tidied(street), ward: tidied(ward), district, province, ..Address::default() }
}

fn reference(id: Option<i64>, name: Option<String>) -> Option<Reference> {
    Reference::of(link(id), None, tidied(name))
}

impl model::Customer {
    /// Whether the shop deleted the customer.
    pub(crate) fn is_deleted(&self) -> bool {
        live_code(self.code.as_deref()).1
    }

    /// The names of the customer's groups.
    pub(crate) fn group_names(&self) -> Vec<String> {
        let groups = self.groups.as_deref().unwrap_or_default();
        groups.split([',', '|']).filter_map(clean).collect()
    }
}

impl Row for model::Customer {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_date.or(self.created_date)
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.to_string(), custom);
        draft.points.phone(self.contact_number.as_deref(), PhoneSource::Own);
        draft.points.phone(self.sub_number.as_deref(), PhoneSource::Secondary);
        draft.points.email(self.email.as_deref());
        let record = &mut draft.record;
        record.groups = self.group_names();
        record.addresses = vec![address(self.address, self.ward_name, self.location_name.as_deref())];
        (record.code, record.deleted) = live(self.code);
        record.kind = if self.kind == Some(1) { CustomerKind::Company } else { CustomerKind::Person };
        record.gender = self.gender.map(|male| if male { Gender::Male } else { Gender::Female });
        record.birth_date = self.birth_date;
        record.organization = self.organization;
        record.tax_code = self.tax_code;
        record.identity_number = self.identification_number;
        record.note = self.comments;
        record.spent = self.total_revenue;
        record.points = self.reward_point.or(self.total_point);
        record.debt = self.debt;
        record.branch_id = link(self.branch_id);
        record.created_at = self.created_date;
        record.updated_at = self.modified_date;
        draft.name = self.name;
        draft.finish()
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
    payment.status.map_or_else(|| !says(label, "hủy") && !says(label, "huỷ"), |status| status != 1)
}

/// A cancelled document that nobody paid is voided; otherwise the amounts speak.
fn payment_state(status: StatusCategory, by_amounts: PaymentState, moved: Option<Money>) -> PaymentState {
    if status == StatusCategory::Cancelled && moved.is_none_or(Money::is_zero) {
        return PaymentState::new(PaymentCategory::Voided, None);
    }
    by_amounts
}

fn payments(payments: Vec<model::Payment>, sign: impl Fn(Money) -> Money) -> Vec<Payment> {
    let each = |from: model::Payment| Payment {
        valid: is_valid(&from),
        id: from.id,
        method: tidied(from.method),
        amount: from.amount.map(&sign),
        paid_at: from.trans_date,
    };
    payments.into_iter().map(each).collect()
}

fn line(from: model::Line) -> Line {
    let whole = |unit: Option<Money>| Some(unit?.times(from.quantity?));
    let mut line = Line {
        product_id: link(from.product_id),
        sku: tidied(live(from.product_code).0),
        name: tidied(from.product_name),
        quantity: from.quantity,
        returned_quantity: from.return_quantity,
        unit_price: from.price,
        discount: whole(from.discount),
        tax: from
            .taxes
            .iter()
            .filter_map(|tax| tax.detail_tax)
            .fold(None, |sum, tax| Some(sum.unwrap_or(Money::ZERO) + tax)),
        ..Line::default()
    };
    line.total =
        from.sub_total.or_else(|| Some(whole(from.price)? - whole(from.discount).unwrap_or(Money::ZERO)));
    line
}

/// The sum of the lines; absent when there are none, or one cannot be counted.
fn subtotal(lines: &[Line]) -> Option<Money> {
    if lines.is_empty() {
        return None;
    }
    lines.iter().map(|line| line.total).sum()
}

fn status(category: StatusCategory, code: Option<i64>, label: Option<String>, deleted: bool) -> OrderStatus {
    let category = if deleted { StatusCategory::Deleted } else { category };
    OrderStatus::new(category, code.map(|code| code.to_string()), tidied(label))
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

/// How the goods travel, and who receives them.
fn delivery(from: model::Delivery) -> (Delivery, Option<Party>) {
    let address = address(from.address, from.ward_name, from.location_name.as_deref()).or_none();
    let mut points = ContactPoints::default();
    points.phone(from.contact_number.as_deref(), PhoneSource::Own);
    let recipient = party(None, from.receiver.as_deref(), points, address.clone());
    let delivery = Delivery {
        code: tidied(from.delivery_code),
        carrier: from.partner_delivery.and_then(|partner| tidied(partner.name)),
        fee: from.price,
        cod: from.price_cod_payment,
        status: tidied(from.status_value),
        address,
    };
    (delivery, recipient)
}

fn channel(code: Option<&str>, channel: Option<model::SaleChannel>, id: Option<i64>) -> Option<Reference> {
    let proven = code.and_then(marketplace).filter(|(prefix, _)| *prefix == "SPE");
    let id = channel.as_ref().map(|channel| channel.id).or(id);
    let name = channel.and_then(|channel| tidied(channel.name));
    Reference::of(link(id), proven.map(|_| "shopee".to_owned()), name)
}

fn note(description: Option<String>) -> Option<String> {
    description.map(|note| match without_marker(&note) {
        whole if whole.len() == note.len() => note,
        rest => rest.to_owned(),
    })
}

/// What orders and invoices have in common.
macro_rules! sale {
    ($document:ident, $draft:ident, $category:ident, $lines:ident, $delivery:ident) => {
        let record = &mut $draft.record;
        record.reference = $document
            .description
            .as_deref()
            .and_then(reference_in)
            .or_else(|| Some(marketplace($document.code.as_deref()?)?.1.to_owned()));
        record.channel =
            channel($document.code.as_deref(), $document.sale_channel, $document.sale_channel_id);
        let (code, deleted) = live($document.code);
        record.status = status($category, $document.status, $document.status_value, deleted);
        record.code = code;
        record.buyer = party(
            link($document.customer_id),
            $document.customer_name.as_deref(),
            ContactPoints::default(),
            None,
        );
        let delivery = $document.$delivery.map(delivery);
        (record.delivery, record.recipient) =
            delivery.map_or((None, None), |(delivery, recipient)| (Some(delivery), recipient));
        record.branch = reference($document.branch_id, $document.branch_name);
        record.seller = reference($document.sold_by_id, $document.sold_by_name);
        record.placed_at = $document.purchase_date.or($document.created_date);
        record.updated_at = $document.modified_date;
        record.discount = $document.discount;
        record.tax = $document.total_tax;
        record.total = $document.total;
        record.paid = paid(&$document.payments, $document.total_payment);
        record.payment = payment_state(
            record.status.category,
            PaymentState::from_amounts(record.total, record.paid),
            record.paid,
        );
        record.payments = payments($document.payments, |amount| amount);
        record.lines = $document.$lines.into_iter().map(line).collect();
        record.subtotal = subtotal(&record.lines);
        let came_back = |line: &Line| line.returned_quantity.is_some_and(|count| !count.is_zero());
        record.returned = record.lines.iter().any(came_back).then_some(Money::ZERO);
        record.note = note($document.description);
    };
}

impl Row for model::Order {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_date.or(self.created_date)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        use StatusCategory::{Cancelled, Completed, Confirmed, Pending, Processing, Shipping, Unknown};
        let mut draft = OrderDraft::new(DocumentKind::Order, self.id.to_string(), custom);
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
        draft.record.fulfilment = self.order_delivery.as_ref().map(carried).unwrap_or_default();
        sale!(self, draft, category, order_details, order_delivery);
        draft.finish()
    }
}

impl Row for model::Invoice {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_date.or(self.created_date)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        use StatusCategory::{Cancelled, Completed, Failed, Processing, Unknown};
        let mut draft = OrderDraft::new(DocumentKind::Invoice, self.id.to_string(), custom);
        let category = match self.status {
            Some(1) => Completed,
            Some(2) => Cancelled,
            Some(3) => Processing,
            Some(5) => Failed,
            _ => Unknown,
        };
        let over_the_counter = self.status == Some(1) && self.using_cod != Some(true);
        draft.record.fulfilment = match &self.invoice_delivery {
            Some(delivery) => carried(delivery),
            None if over_the_counter => Fulfilment::new(FulfilmentCategory::Delivered, None),
            None => Fulfilment::default(),
        };
        draft.record.fulfils = link(self.order_id).or(self.order_code);
        sale!(self, draft, category, invoice_details, invoice_delivery);
        draft.finish()
    }
}

impl Row for model::Return {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_date.or(self.created_date)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Return, self.id.to_string(), custom);
        let record = &mut draft.record;
        let category = match self.status {
            Some(1) => StatusCategory::Completed,
            Some(2) => StatusCategory::Cancelled,
            _ => StatusCategory::Unknown,
        };
        let (code, deleted) = live(self.code);
        record.code = code;
        record.status = status(category, self.status, self.status_value, deleted);
        record.returns = link(self.invoice_id);
        record.placed_at = self.return_date.or(self.created_date);
        record.updated_at = self.modified_date;
        record.discount = self.return_discount.map(Money::abs);
        record.total = self.return_total.map(Money::abs);
        record.refunded = paid(&self.payments, self.total_payment).map(Money::abs);
        let payment = match PaymentState::from_amounts(record.total, record.refunded).category {
            PaymentCategory::Paid => PaymentCategory::Refunded,
            PaymentCategory::PartiallyPaid => PaymentCategory::PartiallyRefunded,
            other => other,
        };
        record.payment =
            payment_state(record.status.category, PaymentState::new(payment, None), record.refunded);
        record.buyer =
            party(link(self.customer_id), self.customer_name.as_deref(), ContactPoints::default(), None);
        record.branch = reference(self.branch_id, self.branch_name);
        record.seller = reference(None, self.sold_by_name);
        record.payments = payments(self.payments, Money::abs);
        record.lines = self.return_details.into_iter().map(line).collect();
        record.subtotal = subtotal(&record.lines).map(Money::abs);
        record.note = note(self.description);
        draft.finish()
    }
}

impl Row for model::Product {
    type Record = ProductRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_date.or(self.created_date)
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.to_string(), custom);
        let record = &mut draft.record;
        (record.code, record.deleted) = live(self.code);
        record.name = self.full_name.or(self.name);
        record.barcode = self.bar_code;
        record.category = reference(self.category_id, self.category_name);
        record.unit = self.unit;
        record.price = self.base_price;
        // The branches' cost, when they agree on it.
        let mut costs = self.inventories.iter().filter_map(|inventory| inventory.cost);
        record.cost = costs.next().filter(|first| costs.all(|cost| cost == *first));
        let level = |from: model::Inventory| StockLevel {
            branch: reference(from.branch_id, from.branch_name),
            on_hand: from.on_hand,
            reserved: from.reserved,
        };
        record.stock = self.inventories.into_iter().map(level).collect();
        record.active = self.is_active;
        record.images = self.images;
        record.created_at = self.created_date;
        record.updated_at = self.modified_date;
        draft.finish()
    }
}

impl Row for model::Branch {
    type Record = BranchRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_date.or(self.created_date)
    }

    fn into_record(self, _: Extra) -> BranchRecord {
        let mut points = ContactPoints::default();
        points.phone(self.contact_number.as_deref(), PhoneSource::Own);
        points.phone(self.sub_contact_number.as_deref(), PhoneSource::Secondary);
        points.email(self.email.as_deref());
        let points = points.sorted();
        BranchRecord {
            id: self.id.to_string(),
            code: tidied(self.branch_code),
            name: tidied(self.branch_name),
            phones: points.phones,
            emails: points.emails,
            address: address(self.address, self.ward_name, self.location_name.as_deref()).or_none(),
            active: self.is_active,
        }
    }
}

impl Row for model::User {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let mut points = ContactPoints::default();
        points.phone(self.mobile_phone.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        let points = points.sorted();
        UserRecord {
            id: self.id.to_string(),
            code: tidied(self.user_name),
            name: tidied(self.given_name),
            phones: points.phones,
            emails: points.emails,
            address: address(self.address, None, None).or_none(),
            ..UserRecord::default()
        }
    }
}

impl Row for model::Category {
    type Record = CategoryRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_date.or(self.created_date)
    }

    fn into_record(self, _: Extra) -> CategoryRecord {
        CategoryRecord {
            id: self.category_id.to_string(),
            parent: link(self.parent_id),
            name: tidied(self.category_name),
        }
    }
}
