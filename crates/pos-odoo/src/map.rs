//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Ids**: a stream that several models share keeps the plain id for the first of them, and `model,id` for the others, as the
//!   vendor itself writes such references: `3` is a sale order and `pos.order,3` one of a till.
//! - **Customers** are partners without a parent and contacts; children of any other type are addresses of their parent, and
//!   another name of it. The tax code of a contact is its firm's, and left to the firm. Archived is deleted.
//! - **Lines** are net. `unit_price` is the vendor's where it is net, too, else what follows from the net amount. A line with a
//!   negative price is a discount of the order. So `subtotal` − `discount` + `tax` is `total`.
//! - **Money of a sale order** is what came in on its posted invoices, or online, whichever is more. An invoice that was taken
//!   back unpaid, and what took it back, count as nothing; any other posted credit note counts as given back in full.
//! - **Money of a till** is its payments, but not what was put on the customer's account (`pay_later`).
//! - **A refund of a till** is an order with a negative total; it becomes a return with positive amounts.

use std::collections::HashMap;

use pos_core::kit::{CustomerDraft, OrderDraft, ProductDraft, Row, party};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerKind, CustomerRecord, Delivery,
    DocumentContact, DocumentKind, Extra, Fulfilment, FulfilmentCategory, Line, Money, OrderRecord,
    OrderStatus, Party, Payment, PaymentCategory, PaymentState, PhoneSource, PlaceCodes, ProductRecord,
    Quantity, Reference, StatusCategory, StockLevel, UserRecord, clean_opt,
};
use time::OffsetDateTime;

use crate::model::{
    Category, Company, Link, Move, Partner, PosConfig, PosLine, PosMethod, PosOrder, PosPayment, Product,
    Quant, SaleLine, SaleOrder, User, Warehouse,
};
use crate::place::{PLACES, is_vietnam, is_ward, province};

/// Prices of one piece are cut behind so many decimals.
const DECIMALS: u32 = 8;

/// Partners by their ids.
pub(crate) type People = HashMap<i64, Partner>;

/// Names by their ids: of tags.
pub(crate) type Names = HashMap<i64, String>;

/// The models whose records share a stream with the one that keeps the plain ids.
pub(crate) const SHARED: [&str; 3] = ["pos.order", "pos.config", "res.company"];

/// The id of a record of a model that shares its stream.
pub(crate) fn shared_id(model: &str, id: i64) -> String {
    format!("{model},{id}")
}

/// Text without the tags and entities of HTML.
pub(crate) fn plain(html: Option<&str>) -> Option<String> {
    let mut rest = html?;
    let mut text = String::with_capacity(rest.len());
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.find('>') {
            Some(end) => {
                text.push(' ');
                rest = &rest[end + 1..];
            }
            // No tag at all.
            None => break,
        }
    }
    text.push_str(rest);
    for (entity, letter) in
        [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        if text.contains(entity) {
            text = text.replace(entity, letter);
        }
    }
    clean_opt(Some(&text))
}

fn name_of(link: &Option<Link>) -> Option<String> {
    clean_opt(link.as_ref()?.label.as_deref())
}

fn reference(link: &Option<Link>) -> Option<Reference> {
    Reference::of(link.as_ref().map(|link| link.id.to_string()), None, name_of(link))
}

fn shared_reference(model: &str, link: &Option<Link>) -> Option<Reference> {
    Reference::of(link.as_ref().map(|link| shared_id(model, link.id)), None, name_of(link))
}

/// The name of a person in a label: behind the company that it belongs to.
fn person_in(label: &str) -> &str {
    label.rsplit_once(", ").map_or(label, |(_, person)| person)
}

fn currency(link: &Option<Link>) -> Currency {
    name_of(link).and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// An address of the vendor's five parts.
fn place(
    street: Option<&str>,
    street2: Option<&str>,
    city: Option<&str>,
    state: Option<&Link>,
    country: &Option<Link>,
) -> Option<Address> {
    let mut address = Address::default();
    let second = clean_opt(street2);
    let (ward, more) = match second {
        Some(text) if is_ward(&text) => (Some(text), None),
        other => (None, other),
    };
    let street: Vec<String> = clean_opt(street).into_iter().chain(more).collect();
    address.street = (!street.is_empty()).then(|| street.join(", "));
    address.ward = ward;
    address.province = state.and_then(|state| state.label.as_deref()).map(province);
    let city = clean_opt(city);
    // A town alone stands for the province, as most people type it.
    match address.province.is_some() || state.is_some() {
        true => address.district = city,
        false => address.province = city,
    }
    let code = state.map(|state| state.id.to_string());
    let mut address = address.with_codes(PLACES, PlaceCodes::new(code.as_deref(), None, None));
    let is_blank = address.is_blank();
    address.country = name_of(country);
    (!is_blank).then_some(address)
}

impl Partner {
    /// Whether it is an address of its parent, and nobody by itself.
    pub fn is_address(&self) -> bool {
        self.parent_id.is_some() && self.kind.as_deref().is_some_and(|kind| kind != "contact")
    }

    /// Whether it belongs to this partner.
    pub(crate) fn belongs_to(&self, parent: i64) -> bool {
        self.parent_id.as_ref().is_some_and(|link| link.id == parent)
    }

    pub(crate) fn is_foreign(&self) -> bool {
        let country = name_of(&self.country_id);
        country.is_some() && !is_vietnam(country.as_deref())
    }

    pub(crate) fn place(&self) -> Option<Address> {
        let mut address = place(
            self.street.as_deref(),
            self.street2.as_deref(),
            self.city.as_deref(),
            self.state_id.as_ref(),
            &self.country_id,
        )?;
        address.id = Some(self.id.to_string());
        Some(address)
    }

    fn numbers(&self, source: PhoneSource, region: &str, points: &mut ContactPoints) {
        points.phone_in(self.phone.as_deref(), source, region);
        let second = if source == PhoneSource::Own { PhoneSource::Secondary } else { source };
        points.phone_in(self.mobile.as_deref(), second, region);
    }

    /// The record, with its addresses, the names of its tags and the code of its country, as far as they are known.
    pub(crate) fn with(
        self,
        addresses: Vec<Self>,
        known: Option<(&Names, &Names)>,
        custom: Extra,
    ) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.to_string(), custom);
        let code_of = |partner: &Self| {
            let country = partner.country_id.as_ref()?;
            known.and_then(|(_, countries)| countries.get(&country.id)).cloned()
        };
        let region = code_of(&self).unwrap_or_else(|| "VN".to_owned());
        self.numbers(PhoneSource::Own, &region, &mut draft.points);
        draft.points.email(self.email.as_deref());
        let record = &mut draft.record;
        record.addresses =
            self.place().map(|place| Address { is_default: true, ..place }).into_iter().collect();
        for address in addresses.into_iter().filter(|address| address.active != Some(false)) {
            let region = code_of(&address).unwrap_or_else(|| region.clone());
            address.numbers(PhoneSource::Address, &region, &mut draft.points);
            if let Some(mut place) = address.place() {
                place.name = clean_opt(address.name.as_deref());
                place.phone = clean_opt(address.phone.as_deref().or(address.mobile.as_deref()));
                record.addresses.push(place);
            }
            record.aliases.push(address.id.to_string());
        }
        let is_company = self.is_company == Some(true);
        if is_company {
            record.kind = CustomerKind::Company;
        }
        record.organization = if is_company { None } else { name_of(&self.parent_id) };
        // The vendor copies a firm's code to everybody in it.
        record.tax_code = self.vat.filter(|_| is_company || self.parent_id.is_none());
        record.code = self.reference;
        record.note = plain(self.comment.as_deref());
        if let Some((tags, _)) = known {
            record.tags = self.category_id.iter().filter_map(|id| tags.get(id).cloned()).collect();
        }
        record.branch_id = self.company_id.map(|company| shared_id("res.company", company.id));
        record.created_at = self.create_date;
        record.updated_at = self.write_date;
        record.deleted = self.active == Some(false);
        draft.name = self.name;
        draft.finish()
    }
}

impl Row for Partner {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.write_date.or(self.create_date)
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        self.with(Vec::new(), None, custom)
    }
}

/// Who buys: the partner, or the one that an address belongs to. Where only a label is known, the name in it.
fn buyer(link: &Option<Link>, people: &People) -> Option<Party> {
    let link = link.as_ref()?;
    let Some(partner) = people.get(&link.id) else {
        let mut buyer = party(
            Some(link.id.to_string()),
            link.label.as_deref().map(person_in),
            ContactPoints::default(),
            None,
        )?;
        buyer.raw_name = clean_opt(link.label.as_deref());
        return Some(buyer);
    };
    let mut points = ContactPoints::default();
    if !partner.is_address() {
        partner.numbers(PhoneSource::Own, "VN", &mut points);
        points.email(partner.email.as_deref());
        return party(Some(partner.id.to_string()), partner.name.as_deref(), points, partner.place());
    }
    partner.numbers(PhoneSource::Address, "VN", &mut points);
    let parent = partner.parent_id.as_ref()?;
    let name = people.get(&parent.id).map_or(parent.label.as_deref(), |parent| parent.name.as_deref());
    party(Some(parent.id.to_string()), name, points, partner.place())
}

/// Who receives, where that is another partner than the buyer.
fn recipient(order: &SaleOrder, people: &People) -> Option<Party> {
    let to = order.partner_shipping_id.as_ref()?;
    if order.partner_id.as_ref().is_some_and(|buyer| buyer.id == to.id) {
        return None;
    }
    let partner = people.get(&to.id)?;
    let mut points = ContactPoints::default();
    partner.numbers(PhoneSource::Own, "VN", &mut points);
    points.email(partner.email.as_deref());
    let id = (!partner.is_address()).then(|| partner.id.to_string());
    // An address with nothing but a place is the buyer's, whatever it is called.
    if id.is_none() && points.phones.is_empty() && points.emails.is_empty() {
        return None;
    }
    party(id, partner.name.as_deref(), points, partner.place())
}

/// What one of a line costs before its discount, and the discount, so that quantity × price − discount is the net amount.
fn priced(
    quantity: Quantity,
    unit: Option<Money>,
    percent: Option<Quantity>,
    net: Money,
) -> (Option<Money>, Money) {
    let hundred = Money::from(100).decimal();
    let kept = hundred - percent.unwrap_or_default().decimal();
    if let Some(unit) = unit {
        let gross = unit.times(quantity);
        let expected = Money::new(gross.decimal().saturating_mul(kept) / hundred);
        // Lines are rounded to whole money; tax inside of the price is more than that.
        let slack = (Money::new(gross.abs().decimal() / hundred)).min(Money::from(1));
        if (expected - net).abs() <= slack {
            return (Some(unit), gross - net);
        }
    }
    let one = net.decimal().saturating_mul(hundred).checked_div(kept.saturating_mul(quantity.decimal()));
    match one {
        Some(one) => {
            let unit = Money::new(one.round_dp(DECIMALS));
            (Some(unit), unit.times(quantity) - net)
        }
        None => (unit, unit.unwrap_or_default().times(quantity) - net),
    }
}

/// Goods and their sum, and what lines with a negative price take off.
#[derive(Default)]
struct Goods {
    lines: Vec<Line>,
    subtotal: Money,
    discount: Money,
}

impl Goods {
    fn put(&mut self, mut line: Line, unit: Option<Money>, percent: Option<Quantity>, net: Money) {
        let quantity = line.quantity.unwrap_or_default();
        if net.is_negative() && !quantity.is_negative() {
            self.discount += -net;
            return;
        }
        let (unit, discount) = priced(quantity, unit, percent, net);
        line.unit_price = unit;
        line.discount = Some(discount).filter(|discount| !discount.is_zero());
        line.total = Some(net);
        self.subtotal += net;
        self.lines.push(line);
    }
}

fn sold(lines: &[SaleLine]) -> Goods {
    let mut goods = Goods::default();
    let mut lines: Vec<&SaleLine> = lines.iter().collect();
    lines.sort_by_key(|line| (line.sequence, line.id));
    for from in lines {
        // A section, a note: no goods.
        if from.display_type.is_some() {
            continue;
        }
        let line = Line {
            id: Some(from.id.to_string()),
            product_id: from.product_id.as_ref().map(|product| product.id.to_string()),
            sku: name_of(&from.product_id).as_deref().and_then(code_in).map(str::to_owned),
            name: clean_opt(from.name.as_deref()).map(|name| bare_name(&name).to_owned()),
            quantity: from.product_uom_qty,
            tax: from.price_tax,
            ..Line::default()
        };
        goods.put(line, from.price_unit, from.discount, from.price_subtotal.unwrap_or_default());
    }
    goods
}

fn rung_up(lines: &[PosLine]) -> Goods {
    let mut goods = Goods::default();
    for from in lines {
        let net = from.price_subtotal.unwrap_or_default();
        let line = Line {
            id: Some(from.id.to_string()),
            product_id: from.product_id.as_ref().map(|product| product.id.to_string()),
            sku: name_of(&from.product_id).as_deref().and_then(code_in).map(str::to_owned),
            name: clean_opt(from.full_product_name.as_deref())
                .or_else(|| name_of(&from.product_id).map(|name| bare_name(&name).to_owned())),
            quantity: from.qty,
            tax: from.price_subtotal_incl.map(|gross| gross - net),
            ..Line::default()
        };
        goods.put(line, from.price_unit, from.discount, net);
    }
    goods
}

/// The code in `[AT-001] Áo thun`.
fn code_in(label: &str) -> Option<&str> {
    let (code, _) = label.strip_prefix('[')?.split_once("] ")?;
    (!code.trim().is_empty()).then(|| code.trim())
}

/// The name behind it.
fn bare_name(label: &str) -> &str {
    let split = label.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    split.map_or(label, |(_, name)| name)
}

fn sale_category(state: &str) -> StatusCategory {
    match state {
        "draft" | "sent" => StatusCategory::Pending,
        "sale" | "done" => StatusCategory::Confirmed,
        "cancel" => StatusCategory::Cancelled,
        _ => StatusCategory::Unknown,
    }
}

fn till_category(state: &str) -> StatusCategory {
    match state {
        "draft" => StatusCategory::Draft,
        "paid" | "done" | "invoiced" => StatusCategory::Completed,
        "cancel" => StatusCategory::Cancelled,
        _ => StatusCategory::Unknown,
    }
}

fn delivered(state: Option<&str>) -> FulfilmentCategory {
    match state {
        Some("pending") => FulfilmentCategory::Unfulfilled,
        Some("started" | "partial") => FulfilmentCategory::Partial,
        Some("full") => FulfilmentCategory::Delivered,
        _ => FulfilmentCategory::Unknown,
    }
}

impl Move {
    fn is_posted(&self) -> bool {
        self.state.as_deref() == Some("posted")
    }

    fn is(&self, kind: &str) -> bool {
        self.is_posted() && self.move_type.as_deref() == Some(kind)
    }

    /// Taken back before it was paid.
    fn is_reversed(&self) -> bool {
        self.payment_state.as_deref() == Some("reversed")
    }

    /// What came in of it. Where the server does not say what is open, its state does.
    fn settled(&self) -> Money {
        let total = self.amount_total.unwrap_or_default();
        match (self.amount_residual, self.payment_state.as_deref()) {
            (Some(open), _) => total - open,
            (None, Some("paid" | "in_payment")) => total,
            _ => Money::ZERO,
        }
    }

    /// What of it belongs to an order of that total. An invoice may be for several orders, and is shared out then.
    fn share(&self, amount: Money, order: Money) -> Money {
        let total = self.amount_total.unwrap_or_default();
        if total <= order {
            return amount;
        }
        let part = amount.decimal().saturating_mul(order.decimal()).checked_div(total.decimal());
        part.map(|part| Money::new(part.round_dp(2))).unwrap_or_default()
    }
}

/// What came in by an order's invoices, and what was given back by its credit notes.
fn by_invoices(moves: &[Move], order: Money) -> (Money, Money) {
    let is_undone = |credit: &Move| {
        let reversed = credit.reversed_entry_id.as_ref().map(|link| link.id);
        moves
            .iter()
            .any(|invoice| Some(invoice.id) == reversed && invoice.is("out_invoice") && invoice.is_reversed())
    };
    let invoices = moves.iter().filter(|one| one.is("out_invoice") && !one.is_reversed());
    let credits = moves.iter().filter(|one| one.is("out_refund") && !is_undone(one));
    let paid = invoices.map(|one| one.share(one.settled(), order)).sum();
    let back = credits.map(|one| one.share(one.amount_total.unwrap_or_default(), order)).sum();
    (paid, back)
}

/// What the payments say, and the vendor's word beside it.
fn paid_state(total: Option<Money>, paid: Option<Money>, back: Money, code: Option<String>) -> PaymentState {
    let category = match paid {
        Some(paid) if !back.is_zero() && back >= paid => PaymentCategory::Refunded,
        Some(_) if !back.is_zero() => PaymentCategory::PartiallyRefunded,
        _ => PaymentState::from_amounts(total, paid).category,
    };
    PaymentState::new(category, code)
}

/// What stands in other answers about a sale order; absent where it was not asked or may not be seen.
#[derive(Default)]
pub(crate) struct SaleParts {
    pub(crate) lines: Option<Vec<SaleLine>>,
    pub(crate) moves: Option<Vec<Move>>,
}

impl SaleOrder {
    /// The record, with what other answers say.
    pub(crate) fn with(self, parts: &SaleParts, people: &People, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Order, self.id.to_string(), custom);
        let record = &mut draft.record;
        record.buyer = buyer(&self.partner_id, people);
        record.recipient = recipient(&self, people);
        let to = self
            .partner_shipping_id
            .as_ref()
            .filter(|to| Some(to.id) != self.partner_id.as_ref().map(|link| link.id));
        let address = to.and_then(|to| people.get(&to.id)?.place());
        record.delivery = address.map(|address| Delivery { address: Some(address), ..Delivery::default() });
        let state = clean_opt(self.state.as_deref());
        let category = state.as_deref().map(sale_category).unwrap_or_default();
        record.status = OrderStatus::new(category, state, None);
        let delivery = clean_opt(self.delivery_status.as_deref());
        record.fulfilment = Fulfilment::new(delivered(delivery.as_deref()), delivery);
        record.total = self.amount_total;
        record.tax = self.amount_tax;
        match &parts.lines {
            Some(lines) => {
                let goods = sold(lines);
                record.subtotal = Some(goods.subtotal);
                record.discount = Some(goods.discount).filter(|discount| !discount.is_zero());
                record.lines = goods.lines;
            }
            None => record.subtotal = self.amount_untaxed,
        }
        let has_none = |ids: &Option<Vec<i64>>| ids.as_ref().is_some_and(Vec::is_empty);
        record.incomplete = parts.lines.is_none() && !has_none(&self.order_line);
        let total = self.amount_total.unwrap_or_default();
        let invoiced = match &parts.moves {
            Some(moves) => Some(by_invoices(moves, total)),
            None => has_none(&self.invoice_ids).then_some((Money::ZERO, Money::ZERO)),
        };
        // What was paid online is settled with the invoice once there is one: it is the same money.
        record.paid = match (invoiced, self.amount_paid) {
            (Some((paid, _)), online) => Some(paid.max(online.unwrap_or_default())),
            (None, online) => online.filter(|online| !online.is_zero()),
        };
        let back = invoiced.map(|(_, back)| back).unwrap_or_default();
        record.refunded = Some(back).filter(|back| !back.is_zero());
        record.payment = paid_state(record.total, record.paid, back, self.invoice_status);
        record.code = self.name;
        record.reference = self.client_order_ref;
        record.placed_at = self.date_order.or(self.create_date);
        record.updated_at = self.write_date;
        record.branch =
            reference(&self.warehouse_id).or_else(|| shared_reference("res.company", &self.company_id));
        record.seller = reference(&self.user_id);
        record.channel = reference(&self.team_id);
        record.currency = currency(&self.currency_id);
        record.note = plain(self.note.as_deref());
        draft.finish()
    }
}

impl Row for SaleOrder {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.write_date.or(self.create_date)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        self.with(&SaleParts::default(), &People::new(), custom)
    }
}

/// What stands in other answers about an order of a till.
#[derive(Default)]
pub(crate) struct TillParts {
    pub(crate) lines: Option<Vec<PosLine>>,
    pub(crate) payments: Option<Vec<PosPayment>>,
}

/// Whether a way to pay brings money in: `pay_later` only writes it down.
fn brings_money(payment: &PosPayment, methods: &HashMap<i64, PosMethod>) -> bool {
    let method = payment.payment_method_id.as_ref().and_then(|link| methods.get(&link.id));
    method.and_then(|method| method.kind.as_deref()) != Some("pay_later")
}

impl PosOrder {
    /// Whether it takes back more than it sells.
    pub fn is_return(&self) -> bool {
        self.amount_total.is_some_and(Money::is_negative)
    }

    /// Whether it is still being rung up: it may be gone in a moment without a trace (M19b).
    pub fn is_open(&self) -> bool {
        self.state.as_deref() == Some("draft")
    }

    /// The record, with what other answers say.
    pub(crate) fn with(
        self,
        parts: &TillParts,
        methods: &HashMap<i64, PosMethod>,
        people: &People,
        custom: Extra,
    ) -> OrderRecord {
        let is_return = self.is_return();
        let kind = if is_return { DocumentKind::Return } else { DocumentKind::Order };
        let amount = |money: Money| if is_return { -money } else { money };
        let mut draft = OrderDraft::new(kind, shared_id("pos.order", self.id), custom);
        let record = &mut draft.record;
        let mut own = ContactPoints::default();
        own.phone(self.mobile.as_deref(), PhoneSource::Own);
        own.email(self.email.as_deref());
        record.buyer = match buyer(&self.partner_id, people) {
            // A walk-in who left a number.
            None => party(None, None, own, None),
            Some(buyer) => {
                let own = own.sorted();
                let is_new = |number: &pos_core::record::Phone| {
                    buyer.phones.iter().all(|known| known.e164 != number.e164)
                };
                let is_other = |email: &pos_core::record::Email| {
                    buyer.emails.iter().all(|known| known.address != email.address)
                };
                let phones = own.phones.into_iter().filter(is_new).collect();
                let emails = own.emails.into_iter().filter(is_other).collect();
                record.contact = Some(DocumentContact { phones, emails });
                Some(buyer)
            }
        };
        let state = clean_opt(self.state.as_deref());
        let category = state.as_deref().map(till_category).unwrap_or_default();
        let handed_over = category == StatusCategory::Completed && !is_return;
        record.status = OrderStatus::new(category, state, None);
        record.fulfilment = Fulfilment::new(
            if handed_over { FulfilmentCategory::Delivered } else { FulfilmentCategory::Unknown },
            None,
        );
        record.total = self.amount_total.map(amount);
        record.tax = self.amount_tax.map(amount);
        match &parts.lines {
            Some(lines) => {
                let turned: Vec<PosLine> = lines.iter().cloned().map(|line| line.turned(is_return)).collect();
                let goods = rung_up(&turned);
                record.subtotal = Some(goods.subtotal);
                record.discount = Some(goods.discount).filter(|discount| !discount.is_zero());
                record.lines = goods.lines;
            }
            None => record.subtotal = record.total.map(|total| total - record.tax.unwrap_or_default()),
        }
        let has_none = |ids: &Option<Vec<i64>>| ids.as_ref().is_some_and(Vec::is_empty);
        record.incomplete = parts.lines.is_none() && !has_none(&self.lines);
        let settled = match &parts.payments {
            Some(payments) => {
                let payment = |from: &PosPayment| Payment {
                    id: Some(from.id.to_string()),
                    method: name_of(&from.payment_method_id),
                    amount: from.amount.map(amount),
                    paid_at: from.payment_date,
                    valid: brings_money(from, methods),
                };
                record.payments = payments.iter().map(payment).collect();
                let valid = record.payments.iter().filter(|payment| payment.valid);
                Some(valid.filter_map(|payment| payment.amount).sum())
            }
            None => self.amount_paid.map(amount),
        };
        if is_return {
            record.refunded = settled;
            let category = match PaymentState::from_amounts(record.total, settled).category {
                PaymentCategory::Paid => PaymentCategory::Refunded,
                PaymentCategory::PartiallyPaid => PaymentCategory::PartiallyRefunded,
                other => other,
            };
            record.payment = PaymentState::new(category, None);
        } else {
            record.paid = settled;
            record.payment = PaymentState::from_amounts(record.total, settled);
        }
        record.returns = self
            .refunded_order_id
            .as_ref()
            .map(|order| shared_id("pos.order", order.id))
            .filter(|_| is_return);
        record.code = self.name.filter(|name| name.trim() != "/").or(self.pos_reference);
        record.placed_at = self.date_order.or(self.create_date);
        record.updated_at = self.write_date;
        record.branch = shared_reference("pos.config", &self.config_id)
            .or_else(|| shared_reference("res.company", &self.company_id));
        record.seller = reference(&self.user_id);
        record.channel = Reference::of(None, Some("pos".to_owned()), None);
        record.currency = currency(&self.currency_id);
        record.note = self.general_customer_note.or(self.note);
        draft.finish()
    }
}

impl PosLine {
    /// The same with the signs of a return turned.
    fn turned(mut self, is_return: bool) -> Self {
        if is_return {
            self.qty = self.qty.map(|quantity| -quantity);
            self.price_subtotal = self.price_subtotal.map(|money| -money);
            self.price_subtotal_incl = self.price_subtotal_incl.map(|money| -money);
        }
        self
    }
}

impl Row for PosOrder {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.write_date.or(self.create_date)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        self.with(&TillParts::default(), &HashMap::new(), &People::new(), custom)
    }
}

impl Product {
    /// The record, with the stock of its warehouses where that may be seen.
    pub(crate) fn with(self, quants: Option<&[Quant]>, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.to_string(), custom);
        let record = &mut draft.record;
        let told = quants.map(stock).filter(|stock| !stock.is_empty());
        record.stock = told.unwrap_or_else(|| {
            let on_hand = self.qty_available;
            let level = StockLevel { on_hand, ..StockLevel::default() };
            on_hand.map(|_| level).into_iter().collect()
        });
        // Only the label has what tells the variants apart.
        record.name = self.display_name.as_deref().map(|label| bare_name(label).to_owned()).or(self.name);
        record.code = self.default_code;
        record.barcode = self.barcode;
        record.category = reference(&self.categ_id);
        record.unit = name_of(&self.uom_id);
        record.price = self.lst_price.or(self.list_price);
        record.cost = self.standard_price;
        record.currency = currency(&self.currency_id);
        record.active = self.active.map(|active| active && self.sale_ok != Some(false));
        record.created_at = self.create_date;
        record.updated_at = self.write_date;
        record.deleted = self.active == Some(false);
        draft.finish()
    }
}

/// Stock by warehouse: a warehouse has many places.
fn stock(quants: &[Quant]) -> Vec<StockLevel> {
    let mut levels: Vec<StockLevel> = Vec::new();
    for quant in quants {
        let branch = reference(&quant.warehouse_id);
        let at = levels
            .iter()
            .position(|level| level.branch.as_ref().map(|one| &one.id) == branch.as_ref().map(|one| &one.id));
        let at = at.unwrap_or_else(|| {
            levels.push(StockLevel { branch, ..StockLevel::default() });
            levels.len() - 1
        });
        let add = |sum: &mut Option<Quantity>, more: Option<Quantity>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or_default() + more);
            }
        };
        add(&mut levels[at].on_hand, quant.quantity);
        add(&mut levels[at].reserved, quant.reserved_quantity);
    }
    levels
}

impl Row for Product {
    type Record = ProductRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.write_date.or(self.create_date)
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        self.with(None, custom)
    }
}

impl Row for Category {
    type Record = CategoryRecord;

    fn into_record(self, _: Extra) -> CategoryRecord {
        CategoryRecord {
            id: self.id.to_string(),
            parent: self.parent_id.map(|parent| parent.id.to_string()),
            name: clean_opt(self.name.or(self.complete_name).as_deref()),
        }
    }
}

impl Row for Warehouse {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        BranchRecord {
            id: self.id.to_string(),
            code: clean_opt(self.code.as_deref()),
            name: clean_opt(self.name.as_deref()),
            active: self.active,
            ..BranchRecord::default()
        }
    }
}

impl Row for Company {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        let mut points = ContactPoints::default();
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        let points = points.sorted();
        let address = place(
            self.street.as_deref(),
            self.street2.as_deref(),
            self.city.as_deref(),
            self.state_id.as_ref(),
            &self.country_id,
        );
        BranchRecord {
            id: shared_id("res.company", self.id),
            code: None,
            name: clean_opt(self.name.as_deref()),
            phones: points.phones,
            emails: points.emails,
            address,
            active: self.active,
        }
    }
}

impl Row for PosConfig {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        BranchRecord {
            id: shared_id("pos.config", self.id),
            name: clean_opt(self.name.as_deref()),
            active: self.active,
            ..BranchRecord::default()
        }
    }
}

impl User {
    /// Whether it is a customer with a login, and no member of staff.
    pub fn is_outside(&self) -> bool {
        self.share == Some(true)
    }
}

impl Row for User {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let mut points = ContactPoints::default();
        points.email(
            self.email.as_deref().or_else(|| self.login.as_deref().filter(|login| login.contains('@'))),
        );
        UserRecord {
            id: self.id.to_string(),
            code: clean_opt(self.login.as_deref()),
            name: clean_opt(self.name.as_deref()),
            emails: points.sorted().emails,
            active: self.active,
            ..UserRecord::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn a_line_adds_up_whether_its_price_has_tax_inside_or_not() {
        for (quantity, unit, percent, net, price) in [
            ("2", "150000", "0", "300000", "150000"),
            ("1", "150000", "10", "135000", "150000"),
            ("3", "1000.456", "0", "3001", "1000.456"),
            ("2", "110000", "0", "200000", "100000"),
            ("2", "110000", "50", "100000", "100000"),
            ("1", "80000", "100", "0", "80000"),
            ("0", "80000", "0", "0", "80000"),
        ] {
            let quantity: Quantity = quantity.parse().unwrap();
            let (one, discount) =
                priced(quantity, Some(money(unit)), Some(percent.parse().unwrap()), money(net));
            assert_eq!(one, Some(money(price)), "{quantity} x {unit}");
            assert_eq!(one.unwrap().times(quantity) - discount, money(net), "{quantity} x {unit}");
        }
    }

    #[test]
    fn html_becomes_text_and_what_is_none_stays() {
        assert_eq!(
            plain(Some("<p>Gọi trước<br/>khi giao &amp; nhận</p>")).unwrap(),
            "Gọi trước khi giao & nhận"
        );
        assert_eq!(plain(Some("1 < 2")).unwrap(), "1 < 2");
        assert_eq!(plain(Some("<p></p>")), None);
    }

    #[test]
    fn an_invoice_of_several_orders_is_shared_out() {
        let paid = |total: i64, open: i64, order: i64| {
            let mut one = Move { id: 1, ..Move::default() };
            (one.state, one.move_type) = (Some("posted".into()), Some("out_invoice".into()));
            (one.amount_total, one.amount_residual) = (Some(total.into()), Some(open.into()));
            by_invoices(&[one], order.into()).0
        };
        assert_eq!(paid(300, 0, 100), Money::from(100));
        assert_eq!(paid(300, 150, 100), Money::from(50));
        assert_eq!(paid(80, 30, 100), Money::from(50));
    }
}
