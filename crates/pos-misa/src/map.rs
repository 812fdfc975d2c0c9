//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Invoice types** other than 550 are not known: the state of such a document is `unknown` unless it was cancelled, so that
//!   it counts nothing. One that only takes goods back (every quantity below zero, a total below zero, or nothing but an amount
//!   of a return) is a return.
//! - **Amounts** of an invoice: `TotalAmount` is the total, and where only the detail is known, goods less discounts with
//!   delivery and tax. What the discount members do not explain of it is taken for discount.
//! - **Paid** is all of it when the state says paid; else cash without the change, card, voucher and deposit; on credit the
//!   total without what is left owing. `ActualAmount` is full while nothing came in, and means nothing here.
//! - **Goods that come back inside a sale** are told apart by their sign. Where the total counts only what was sold, what came
//!   back is `returned`; where it counts both, the lines keep their signs.
//! - **Fulfilment** of a paid invoice without delivery is `delivered`: it was handed over the counter.
//! - **Orders** of the list that nobody confirmed: `Pending` is pending, and any other text unknown. A new order is pending.
//! - **`Ordered`** of a stock is taken for promised to orders.

use pos_core::kit::{
    CustomerDraft, Keyed, OrderDraft, ProductDraft, Row, party, reference_in, without_marker,
};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, CustomerRecord, Delivery, DocumentKind, Extra,
    Fulfilment, FulfilmentCategory, Gender, Line, Money, OrderRecord, OrderStatus, Party, Payment,
    PaymentCategory, PaymentState, PhoneSource, PlaceCodes, ProductRecord, Quantity, Reference,
    StatusCategory, StockLevel, Variant, clean_opt, tidied,
};

use crate::model::{self, Invoice};
use crate::profile::PLACES;

/// The type of a sale (C:1).
const SALE: i64 = 550;

/// Names of places and their codes: the vendor has one member for either.
fn place(
    street: Option<String>,
    text: Option<String>,
    [ward, district, province]: [Option<String>; 3],
) -> Address {
    let split = |part: Option<String>| match tidied(part) {
        Some(code) if is_code(&code) => (None, Some(code)),
        name => (name, None),
    };
    let ((ward, of_ward), (district, of_district), (province, of_province)) =
        (split(ward), split(district), split(province));
    let codes = PlaceCodes { province: of_province, district: of_district, ward: of_ward };
    let address = Address {
        street: tidied(street),
        text: tidied(text),
        ward,
        district,
        province,
        ..Address::default()
    };
    address.with_codes(PLACES, codes)
}

/// `VN101`, `VN10113`, `VN1011303`.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix("VN").or_else(|| text.strip_prefix("vn"));
    digits.is_some_and(|digits| digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn points_of(tel: [Option<&str>; 3], email: Option<&str>) -> ContactPoints {
    let mut points = ContactPoints::default();
    for number in tel {
        points.phone(number, PhoneSource::Own);
    }
    points.email(email);
    points
}

fn gender(code: Option<i64>) -> Option<Gender> {
    match code {
        Some(0) => Some(Gender::Male),
        Some(1) => Some(Gender::Female),
        _ => None,
    }
}

impl model::Customer {
    /// The code in any spelling.
    pub(crate) fn any_code(&self) -> Option<&str> {
        // The loyalty search has a number of its own in `Code`.
        let own = self.code.as_deref().filter(|_| self.original_id.is_none());
        self.customer_code.as_deref().or(own)
    }

    /// The name in any spelling.
    pub(crate) fn any_name(&self) -> Option<&str> {
        [&self.name, &self.customer_name, &self.full_name].into_iter().find_map(Option::as_deref)
    }

    /// The numbers, as typed first.
    pub(crate) fn numbers(&self) -> [Option<&str>; 3] {
        [self.tel.as_deref(), self.normalized_tel.as_deref(), self.standard_tel.as_deref()]
    }

    fn place(&mut self) -> Address {
        let parts = [
            self.commune_addr.take().or(self.ward_name.take()),
            self.district_addr.take().or(self.district_name.take()),
            self.province_addr.take().or(self.province_name.take()),
        ];
        place(self.addr.take().or(self.street.take()), self.address.take(), parts)
    }

    /// Who it is on an order.
    fn into_party(mut self) -> Option<Party> {
        let points = points_of(self.numbers(), self.email.as_deref());
        let address = self.place();
        party(self.key(), self.any_name(), points, Some(address))
    }
}

impl Row for model::Customer {
    type Record = CustomerRecord;

    fn into_record(mut self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.key().unwrap_or_default(), custom);
        draft.points = points_of(self.numbers(), self.email.as_deref());
        let record = &mut draft.record;
        record.code = self.any_code().map(str::to_owned);
        record.addresses = vec![self.place()];
        record.gender = gender(self.gender);
        record.birth_date = self.birthday;
        record.organization = self.company_name;
        record.tax_code = self.tax_code;
        record.identity_number = self.identify_number;
        record.note = self.description.or(self.note);
        let level = self.member_level_name.or(self.card_name);
        record.groups = self.customer_category_name.into_iter().chain(level).collect();
        record.spent = self.total_amount;
        record.points = self.total_point.or(self.point);
        draft.name = self.name.or(self.customer_name).or(self.full_name);
        draft.finish()
    }
}

fn category(status: Option<i64>) -> StatusCategory {
    use StatusCategory::{Cancelled, Completed, Confirmed, Failed, Pending, Returned, Shipping, Unknown};
    match status {
        Some(1) => Pending,
        // On credit, paid, delivered, waiting for the carrier's money.
        Some(2 | 3 | 8 | 10) => Completed,
        Some(4) => Cancelled,
        Some(5) => Confirmed,
        Some(6) => Shipping,
        Some(7) => Failed,
        Some(9) => Returned,
        _ => Unknown,
    }
}

fn fulfilment(status: Option<i64>, travels: bool) -> FulfilmentCategory {
    use FulfilmentCategory::{Delivered, Failed, Returned, Shipping, Unfulfilled, Unknown};
    match status {
        Some(2 | 3) if !travels => Delivered,
        Some(5) => Unfulfilled,
        Some(6) => Shipping,
        Some(7) => Failed,
        Some(8 | 10) => Delivered,
        Some(9) => Returned,
        _ => Unknown,
    }
}

fn is_above(amount: Option<Money>) -> bool {
    amount.is_some_and(|amount| amount > Money::ZERO)
}

/// The sum of what is there; absent when nothing is.
fn sum(amounts: &[Option<Money>]) -> Option<Money> {
    let known = amounts.iter().flatten();
    (known.clone().count() > 0).then(|| known.copied().sum())
}

fn line(from: model::InvoiceLine) -> Line {
    let gross = from.amount.or_else(|| Some(from.unit_price?.times(from.quantity?)));
    let total = from.total_amount.or_else(|| Some(gross? - from.discount_amount.unwrap_or(Money::ZERO)));
    let unit_price = from.unit_price;
    let whole = unit_price.zip(from.quantity).map(|(price, quantity)| price.times(quantity));
    // quantity × price − discount = total, whatever the discount member says.
    let discount = whole.zip(total).map(|(whole, total)| whole - total).or(from.discount_amount);
    Line {
        sku: tidied(from.sku),
        name: tidied(from.name.or(from.encode_inventory_item_name)),
        quantity: from.quantity,
        unit_price,
        discount,
        total,
        ..Line::default()
    }
}

fn is_back(line: &Line) -> bool {
    line.quantity.is_some_and(Quantity::is_negative) || line.total.is_some_and(Money::is_negative)
}

/// A line of a return, whose amounts are positive.
fn turned(mut line: Line) -> Line {
    line.quantity = line.quantity.map(Quantity::abs);
    for amount in [&mut line.unit_price, &mut line.discount, &mut line.total] {
        *amount = amount.map(Money::abs);
    }
    line
}

/// The sum of the lines; absent when there are none, or one cannot be counted.
fn lines_total<'a>(lines: impl Iterator<Item = &'a Line>) -> Option<Money> {
    let mut count = 0;
    let total: Option<Money> = lines.inspect(|_| count += 1).map(|line| line.total).sum();
    total.filter(|_| count > 0)
}

impl Invoice {
    /// Whether it takes goods back and sells none.
    fn is_return(&self, lines: &[Line]) -> bool {
        if !lines.is_empty() && lines.iter().all(is_back) {
            return true;
        }
        let sells = is_above(self.total_amount) || is_above(self.total_item_amount);
        self.total_amount.is_some_and(Money::is_negative)
            || (self.invoice_type != Some(SALE) && is_above(self.total_amount_return) && !sells)
    }

    /// Whether a carrier has to do with it.
    fn travels(&self) -> bool {
        self.is_cod == Some(true)
            || self.has_connected_shipping_partner == Some(true)
            || [&self.delivery_code, &self.shipping_partner_name]
                .iter()
                .any(|text| clean_opt(text.as_deref()).is_some())
    }

    /// What came in by its ways, the change taken off.
    fn received(&self) -> Option<Money> {
        let cash = self.cash_amount.map(|cash| {
            let change = self.change_amount.unwrap_or(Money::ZERO);
            if change <= cash { cash - change } else { cash }
        });
        sum(&[cash, self.card_amount, self.voucher_amount, self.deposit_amount])
    }

    fn paid(&self, total: Option<Money>) -> Option<Money> {
        let most = |paid: Money| total.map_or(paid, |total| if paid > total { total } else { paid });
        let owed = self.debit_amount.filter(|owed| *owed > Money::ZERO);
        match (self.payment_status, total, owed) {
            (Some(3), Some(total), _) => Some(total),
            (Some(2), Some(total), Some(owed)) if owed <= total => Some(total - owed),
            _ => self.received().map(most),
        }
    }

    fn payments(&self) -> Vec<Payment> {
        let cash = self.cash_amount.map(|cash| cash - self.change_amount.unwrap_or(Money::ZERO));
        let ways = [
            ("cash", cash),
            ("card", self.card_amount),
            ("voucher", self.voucher_amount),
            ("deposit", self.deposit_amount),
        ];
        let each = |(method, amount): (&str, Option<Money>)| {
            is_above(amount).then(|| Payment {
                method: Some(method.to_owned()),
                amount,
                valid: true,
                ..Payment::default()
            })
        };
        ways.into_iter().filter_map(each).collect()
    }

    /// Subtotal, discount, tax and total, so that they add up.
    fn amounts(&self, goods: Option<Money>) -> [Option<Money>; 4] {
        let zero = Money::ZERO;
        let tax = self.vat_amount.or(self.tax_amount).filter(|tax| !tax.is_zero());
        let known = self.discount_amount.unwrap_or(zero);
        let delivery = self.delivery_amount.unwrap_or(zero);
        let Some(goods) = goods else { return [None, self.discount_amount, tax, self.total_amount] };
        let without_tax = goods + delivery - known;
        let total = self.total_amount.unwrap_or_else(|| {
            // Whether prices have their tax in them: what came in and what is owed tell.
            let told = sum(&[self.received(), self.debit_amount]).filter(|told| !told.is_zero());
            if told == Some(without_tax) { without_tax } else { without_tax + tax.unwrap_or(zero) }
        });
        if without_tax + tax.unwrap_or(zero) == total {
            return [Some(goods), self.discount_amount, tax, Some(total)];
        }
        if without_tax == total {
            return [Some(goods), self.discount_amount, None, Some(total)];
        }
        let rest = goods + delivery + tax.unwrap_or(zero) - total;
        let discount = if rest.is_negative() { self.discount_amount } else { Some(rest) };
        [Some(goods), discount, tax, Some(total)]
    }
}

impl Row for Invoice {
    type Record = OrderRecord;

    fn into_record(mut self, custom: Extra) -> OrderRecord {
        let id = self.key().unwrap_or_default();
        let incomplete = self.details.is_none();
        let lines: Vec<Line> = self.details.take().unwrap_or_default().into_iter().map(line).collect();
        let code = self.payment_status.map(|code| code.to_string());
        let is_return = self.is_return(&lines);
        let kind = if is_return { DocumentKind::Return } else { DocumentKind::Invoice };
        let mut draft = OrderDraft::new(kind, id, custom);
        let record = &mut draft.record;
        record.incomplete = incomplete;
        if is_return {
            self.take_back(record, lines);
        } else {
            self.sell(record, lines);
        }
        let travels = self.travels();
        let status = match (category(self.payment_status), self.invoice_type) {
            (StatusCategory::Cancelled, _) => StatusCategory::Cancelled,
            (_, Some(other)) if other != SALE && !is_return => StatusCategory::Unknown,
            (known, _) => known,
        };
        let label = self.invoice_type.filter(|kind| *kind != SALE).map(|kind| format!("InvoiceType {kind}"));
        record.status = OrderStatus::new(status, code.clone(), label);
        record.fulfilment = Fulfilment::new(fulfilment(self.payment_status, travels), code);
        record.code = self.invoice_number;
        record.fulfils = self.order_number.filter(|_| !is_return);
        // Only the date of a day, where the time stands beside it.
        record.placed_at = match (self.invoice_date, self.invoice_time) {
            (Some(day), Some(time)) => {
                let [day_there, time_there] = [day, time].map(pos_core::lenient::in_vietnam);
                let is_bare =
                    day_there.time() == time::Time::MIDNIGHT && day_there.date() == time_there.date();
                Some(if is_bare { time } else { day })
            }
            (day, time) => day.or(time),
        };
        let text = tidied(self.address).or_else(|| tidied(self.delivery_address.clone()));
        let address = Address { text, ..Address::default() };
        let points = points_of([self.tel.as_deref(), None, None], None);
        record.buyer = party(self.customer_id, self.customer_name.as_deref(), points, Some(address));
        record.branch = Reference::of(self.branch_id, None, tidied(self.branch_name));
        record.seller = Reference::of(None, None, tidied(self.sale_staff).or_else(|| tidied(self.cashier)));
        record.channel = Reference::of(None, None, tidied(self.sale_channel_name));
        record.delivery = travels.then(|| Delivery {
            code: tidied(self.delivery_code),
            carrier: tidied(self.shipping_partner_name),
            cod: self
                .is_cod
                .filter(|cod| *cod)
                .and_then(|_| Some((record.total? - record.paid?).max(Money::ZERO))),
            status: self.partner_status.map(|code| code.to_string()),
            address: Address { text: tidied(self.delivery_address), ..Address::default() }.or_none(),
            ..Delivery::default()
        });
        record.note = self.note;
        draft.finish()
    }
}

impl Invoice {
    /// Amounts and lines of a sale.
    fn sell(&self, record: &mut OrderRecord, lines: Vec<Line>) {
        let sold = lines_total(lines.iter().filter(|line| !is_back(line)));
        let (lines, goods) = match lines.iter().any(is_back) {
            // Goods came back inside of it. Does the total count what was sold, or what remains?
            true if self.amounts(sold)[1].unwrap_or(Money::ZERO)
                == self.discount_amount.unwrap_or(Money::ZERO) =>
            {
                let back = lines_total(lines.iter().filter(|line| is_back(line))).map(Money::abs);
                record.returned = back.or(self.total_amount_return);
                (lines.into_iter().filter(|line| !is_back(line)).collect(), sold)
            }
            true => {
                let whole = lines_total(lines.iter());
                (lines, whole)
            }
            false => {
                record.returned = self.total_amount_return.filter(|back| *back > Money::ZERO);
                (lines, sold)
            }
        };
        let goods = goods.or_else(|| {
            let discount = self.total_item_discount_amount.unwrap_or(Money::ZERO);
            self.total_item_amount.map(|amount| amount - discount)
        });
        [record.subtotal, record.discount, record.tax, record.total] = self.amounts(goods);
        record.shipping_fee = self.delivery_amount;
        record.lines = lines;
        record.paid = self.paid(record.total);
        record.refunded =
            sum(&[self.return_cash_amount, self.return_card_amount]).filter(|back| *back > Money::ZERO);
        record.payments = self.payments();
        let mut payment = PaymentState::from_amounts(record.total, record.paid);
        if self.payment_status == Some(4) && record.paid.is_none_or(Money::is_zero) {
            payment.category = PaymentCategory::Voided;
        }
        if let (Some(refunded), Some(paid)) = (record.refunded, record.paid) {
            payment.category = match refunded >= paid {
                true => PaymentCategory::Refunded,
                false => PaymentCategory::PartiallyRefunded,
            };
        }
        payment.code = self.payment_status.map(|code| code.to_string());
        record.payment = payment;
    }

    /// Amounts and lines of a document that only takes goods back: all positive.
    fn take_back(&self, record: &mut OrderRecord, lines: Vec<Line>) {
        record.lines = lines.into_iter().map(turned).collect();
        let goods = lines_total(record.lines.iter());
        record.subtotal = goods;
        let told = self.total_amount_return.filter(|back| *back > Money::ZERO);
        record.total =
            told.or_else(|| self.total_amount.filter(|total| !total.is_zero()).map(Money::abs)).or(goods);
        record.discount =
            goods.zip(record.total).map(|(goods, total)| goods - total).filter(|rest| *rest > Money::ZERO);
        let given = sum(&[self.return_cash_amount, self.return_card_amount]).filter(|given| !given.is_zero());
        let taken = sum(&[self.cash_amount, self.card_amount]).filter(|taken| taken.is_negative());
        record.refunded = given.or_else(|| taken.map(Money::abs));
        record.returns = self.return_exchange_ref_no.clone();
        record.payment =
            PaymentState::new(PaymentCategory::Unknown, self.payment_status.map(|code| code.to_string()));
    }
}

impl Row for model::Order {
    type Record = OrderRecord;

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Order, self.key().unwrap_or_default(), custom);
        let record = &mut draft.record;
        let category = match self.status.as_deref().map(str::trim) {
            None => StatusCategory::Pending,
            Some(text) if text.eq_ignore_ascii_case("pending") => StatusCategory::Pending,
            Some(_) => StatusCategory::Unknown,
        };
        record.status = OrderStatus::new(category, self.status, None);
        record.reference = self.description.as_deref().and_then(reference_in);
        record.note = self.description.map(|note| without_marker(&note).to_owned());
        record.code = self.order_no;
        record.placed_at = self.order_date;
        record.buyer = self.customer.and_then(|customer| customer.into_party());
        record.branch = Reference::of(self.branch_id, None, None);
        record.lines = self.order_details.unwrap_or_default().into_iter().map(order_line).collect();
        record.subtotal = lines_total(record.lines.iter());
        record.discount = self.discount_amount;
        record.total = self.total_amount;
        let to = place(
            None,
            None,
            [
                self.to_ward_or_commune_name.or(self.to_ward_or_commune_id),
                self.to_district_name.or(self.to_district_id),
                self.to_province_or_city_name.or(self.to_province_or_city_id),
            ],
        );
        if let Some(delivery) = self.order_delivery {
            record.shipping_fee = delivery.delivery_amount;
            record.recipient = delivery.receiver.and_then(|receiver| receiver.into_party());
            let line = record.recipient.as_ref().and_then(|party| party.address.clone()).unwrap_or_default();
            let address = Address { text: line.text, street: line.street, ..to }.or_none();
            record.delivery =
                address.map(|address| Delivery { address: Some(address), ..Delivery::default() });
        }
        draft.finish()
    }
}

fn order_line(from: model::OrderLine) -> Line {
    let whole = from.amount.or_else(|| Some(from.selling_price?.times(from.quantity?)));
    Line {
        product_id: from.product_id,
        sku: tidied(from.product_code),
        name: tidied(from.product_name),
        quantity: from.quantity,
        unit_price: from.selling_price,
        discount: from.discount_amount,
        total: whole.map(|whole| whole - from.discount_amount.unwrap_or(Money::ZERO)),
        ..Line::default()
    }
}

impl Row for model::Product {
    type Record = ProductRecord;

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.key().unwrap_or_default(), custom);
        let record = &mut draft.record;
        let mut stock = self.inventories;
        for mut variant in self.list_detail {
            stock.append(&mut variant.inventories);
            let Some(id) = variant.id else { continue };
            record.variants.push(Variant {
                id,
                sku: tidied(variant.code),
                barcode: tidied(variant.barcode),
                name: tidied(variant.name),
                price: variant.selling_price,
            });
        }
        record.stock = levels(stock);
        record.code = self.code;
        record.barcode = self.barcode;
        record.name = self.name;
        record.category = Reference::of(self.item_category_id, None, tidied(self.item_category_name));
        record.unit = self.unit_name;
        record.price = self.selling_price;
        record.cost = self.cost_price;
        record.active = self.inactive.map(|inactive| !inactive);
        let pictures = self.picture.into_iter().chain(self.list_picture_url);
        for picture in pictures.filter_map(|picture| tidied(Some(picture))) {
            if !record.images.contains(&picture) {
                record.images.push(picture);
            }
        }
        draft.finish()
    }
}

/// Stock by branch, that of variants together.
fn levels(rows: Vec<model::Stock>) -> Vec<StockLevel> {
    let mut levels: Vec<StockLevel> = Vec::new();
    let add = |one: Option<Quantity>, other: Option<Quantity>| match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    };
    for row in rows {
        let known = levels.iter_mut().find(|level| {
            level.branch.as_ref().and_then(|branch| branch.id.as_ref()) == row.branch_id.as_ref()
        });
        match known {
            Some(level) => {
                level.on_hand = add(level.on_hand, row.on_hand);
                level.reserved = add(level.reserved, row.ordered);
            }
            None => levels.push(StockLevel {
                branch: Reference::of(row.branch_id, None, tidied(row.branch_name)),
                on_hand: row.on_hand,
                reserved: row.ordered,
            }),
        }
    }
    levels
}

impl Row for model::Branch {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        let address = place(None, self.address, [self.commune_addr, self.district_addr, self.province_addr]);
        BranchRecord {
            id: self.id.unwrap_or_default(),
            code: tidied(self.code),
            name: tidied(self.name),
            address: address.or_none(),
            active: self.inactive.map(|inactive| !inactive),
            ..BranchRecord::default()
        }
    }
}

impl Row for model::Category {
    type Record = CategoryRecord;

    fn into_record(self, _: Extra) -> CategoryRecord {
        CategoryRecord { id: self.id.unwrap_or_default(), parent: self.parent_id, name: tidied(self.name) }
    }
}
