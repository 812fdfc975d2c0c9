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

use pos_core::kit::{CustomerDraft, OrderDraft, ProductDraft, Row, party};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerRecord, Delivery,
    DocumentContact, DocumentKind, Email, Extra, Fulfilment, FulfilmentCategory, Gender, Line, Money,
    OrderRecord, OrderStatus, Party, Payment, PaymentCategory, PaymentState, Phone, PhoneSource, PlaceCodes,
    ProductRecord, Quantity, Reference, StatusCategory, StockLevel, UserRecord, Variant, clean, clean_opt,
};
use time::OffsetDateTime;

use crate::mark::{REFERENCE, own_reference};
use crate::model::{pos, web};

fn link(id: Option<i64>) -> Option<String> {
    id.filter(|id| *id > 0).map(|id| id.to_string())
}

/// A code in small letters; blank where there is none.
fn word(code: Option<&str>) -> String {
    clean_opt(code).unwrap_or_default().to_lowercase()
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
fn differing(points: ContactPoints, buyer: Option<&Party>) -> DocumentContact {
    let has_phone = |phone: &Phone| {
        let same =
            |other: &Phone| other.raw == phone.raw || (phone.e164.is_some() && other.e164 == phone.e164);
        buyer.is_some_and(|buyer| buyer.phones.iter().any(same))
    };
    let has_email = |email: &Email| {
        let same = |other: &Email| match (&email.address, &other.address) {
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            _ => email.raw == other.raw,
        };
        buyer.is_some_and(|buyer| buyer.emails.iter().any(same))
    };
    DocumentContact {
        phones: points.phones.into_iter().filter(|phone| !has_phone(phone)).collect(),
        emails: points.emails.into_iter().filter(|email| !has_email(email)).collect(),
    }
}

fn points_of(phone: Option<&str>, email: Option<&str>) -> ContactPoints {
    let mut points = ContactPoints::default();
    points.phone(phone, PhoneSource::Own);
    points.email(email);
    points
}

/// A buyer without an id of his own, who has the document's numbers and addresses where the block that names him has none.
fn guest(id: Option<String>, named: Option<Party>, own: ContactPoints) -> Option<Party> {
    let named = named.unwrap_or_default();
    let points = ContactPoints {
        phones: if named.phones.is_empty() { own.phones } else { named.phones },
        emails: if named.emails.is_empty() { own.emails } else { named.emails },
        masked: own.masked,
    };
    party(id, named.raw_name.as_deref(), points, named.address)
}

/// Whether an address names a place; a country that Sapo fills in by itself is nobody's.
fn is_place(address: &Address) -> bool {
    address.street.is_some()
        || address.ward.is_some()
        || address.district.is_some()
        || address.province.is_some()
}

/// How many pieces of a line came back, of lines and pieces that did.
fn pieces_of(
    line: Option<i64>,
    back: impl Iterator<Item = (Option<i64>, Option<Quantity>)>,
) -> Option<Quantity> {
    let pieces: Vec<Quantity> =
        back.filter(|(id, _)| id.is_some() && *id == line).filter_map(|(_, quantity)| quantity).collect();
    (!pieces.is_empty()).then(|| pieces.into_iter().sum())
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
            address.call(&mut points, PhoneSource::DefaultAddress);
        }
        for address in &self.addresses {
            address.call(&mut points, PhoneSource::Address);
        }
        points.email(self.email.as_deref());
        points
    }

    fn default_one(&self) -> Option<&web::Address> {
        self.default_address
            .as_ref()
            .or_else(|| self.addresses.iter().find(|address| address.default == Some(true)))
    }

    /// All addresses, the default one first.
    fn places(&self) -> Vec<Address> {
        let mut all: Vec<Address> = self.addresses.iter().map(web::Address::postal).collect();
        if let Some(default) = &self.default_address {
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
}

impl Row for web::Customer {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.to_string(), custom);
        draft.name = self.display_name();
        draft.points = self.points();
        let record = &mut draft.record;
        record.updated_at = self.changed();
        record.gender = gender(self.gender.as_deref());
        record.birth_date = self.dob;
        record.addresses = self.places();
        record.organization = match self.company {
            Some(company) => Some(company),
            None => self.default_one().and_then(|address| address.company.clone()),
        };
        record.code = self.code;
        record.note = self.note;
        record.tags = self.tags;
        record.spent = self.total_spent;
        record.order_count = self.orders_count.and_then(|count| u64::try_from(count).ok());
        record.created_at = self.created_on;
        draft.finish()
    }
}

impl web::Address {
    /// Who lives there: `name`, else family and given name.
    pub fn display_name(&self) -> Option<String> {
        clean_opt(self.name.as_deref())
            .or_else(|| full_name(self.last_name.as_deref(), self.first_name.as_deref()))
    }

    /// Reads the number, which is one of the address's country.
    fn call(&self, points: &mut ContactPoints, source: PhoneSource) {
        points.phone_in(self.phone.as_deref(), source, &region(self.country_code.as_deref()));
    }

    fn postal(&self) -> Address {
        let address = Address {
            id: link(self.id),
            is_default: self.default == Some(true),
            name: self.display_name(),
            phone: clean_opt(self.phone.as_deref()),
            street: joined([self.address1.as_deref(), self.address2.as_deref()], ", "),
            ward: clean_opt(self.ward.as_deref()),
            district: clean_opt(self.district.as_deref()),
            province: clean_opt(self.province.as_deref()).or_else(|| clean_opt(self.city.as_deref())),
            country: clean_opt(self.country.as_deref()),
            ..Address::default()
        };
        let (system, codes) =
            places(self.province_code.as_deref(), self.district_code.as_deref(), self.ward_code.as_deref());
        address.with_codes(system, codes)
    }

    fn party(&self) -> Option<Party> {
        let mut points = ContactPoints::default();
        self.call(&mut points, PhoneSource::Own);
        let (name, place) = (self.display_name(), self.postal());
        if name.is_none() && points.phones.is_empty() && !is_place(&place) {
            return None;
        }
        party(None, name.as_deref(), points, Some(place))
    }
}

impl web::Refund {
    /// What went back: what the refund says, or its successful transactions where they say more.
    fn sent(&self) -> Option<Money> {
        self.total_refunded.map(Money::abs).max(refunds_in(&self.transactions))
    }
}

impl web::Transaction {
    fn is_success(&self) -> bool {
        word(self.status.as_deref()) == "success" && self.test != Some(true)
    }
}

/// What an order's transactions gave back.
pub(crate) fn refunds_in(transactions: &[web::Transaction]) -> Option<Money> {
    let is_refund = |one: &&web::Transaction| word(one.kind.as_deref()) == "refund" && one.is_success();
    sum(transactions.iter().filter(is_refund).filter_map(|one| one.amount).map(Money::abs))
}

impl web::Order {
    fn fulfilled(&self) -> bool {
        word(self.fulfillment_status.as_deref()) == "fulfilled"
    }

    /// Whether anything left the shop; an unknown word is no news.
    fn ships(&self) -> bool {
        matches!(word(self.fulfillment_status.as_deref()).as_str(), "fulfilled" | "partial" | "shipped")
    }

    fn live_fulfillment(&self) -> Option<&web::Fulfillment> {
        let is_live = |from: &&web::Fulfillment| {
            from.cancelled_on.is_none() && from.status.as_deref() != Some("cancelled")
        };
        self.fulfillments.iter().rev().find(is_live).or(self.fulfillments.last())
    }

    /// Phone and e-mail of the order itself; the billing address's where the order and its customer have none.
    fn own_points(&self) -> ContactPoints {
        let mut points = points_of(self.phone.as_deref(), self.email.as_deref());
        let has_number = |points: &ContactPoints| points.phones.iter().any(|phone| phone.e164.is_some());
        if let (Some(customer), Some(billed)) = (&self.customer, &self.billing_address)
            && !has_number(&points)
            && !has_number(&customer.points())
        {
            billed.call(&mut points, PhoneSource::Own);
        }
        points
    }

    fn money_state(&self) -> String {
        word(self.financial_status.as_deref())
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled_on.is_some()
            || matches!(word(self.status.as_deref()).as_str(), "cancelled" | "canceled")
    }

    /// What went back, by the order or by its refunds, whichever says more; else what is missing from what came in.
    fn given_back(&self) -> Option<Money> {
        let told =
            self.total_refunded.map(Money::abs).max(sum(self.refunds.iter().filter_map(web::Refund::sent)));
        let says_so = matches!(self.money_state().as_str(), "partially_refunded" | "refunded");
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
        self.money_state() == "partially_refunded" && self.given_back().is_none_or(Money::is_zero)
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
        let back = self.refunds.iter().flat_map(|refund| &refund.refund_line_items);
        pieces_of(line, back.map(|back| (back.line_item_id, back.quantity)))
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
        let is_paid = self.money_state() == "paid";
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

    fn status(&self) -> OrderStatus {
        let code = self.status.as_deref().map(str::trim);
        let money = self.money_state();
        let category = match word(code).as_str() {
            _ if self.is_cancelled() => StatusCategory::Cancelled,
            "open" | "closed" | "" if money == "refunded" => StatusCategory::Returned,
            "closed" => StatusCategory::Completed,
            "open" | "" if self.completed_on.is_some() => StatusCategory::Completed,
            "open" | "" if self.fulfilled() && money == "paid" => StatusCategory::Completed,
            "open" | "" if self.ships() => StatusCategory::Shipping,
            "open" | "" => StatusCategory::Confirmed,
            _ => StatusCategory::Unknown,
        };
        let mut status = OrderStatus::new(category, code.map(str::to_owned), None);
        status.reason = clean_opt(self.cancel_reason.as_deref());
        status
    }

    fn payment(&self) -> PaymentState {
        let code = self.financial_status.as_deref().map(str::trim);
        let category = match word(code).as_str() {
            "pending" | "authorized" | "unpaid" => PaymentCategory::Unpaid,
            "partially_paid" => PaymentCategory::PartiallyPaid,
            "paid" => PaymentCategory::Paid,
            "partially_refunded" => PaymentCategory::PartiallyRefunded,
            "refunded" => PaymentCategory::Refunded,
            "voided" => PaymentCategory::Voided,
            "" => return PaymentState::from_amounts(self.owed(), self.received()),
            _ => PaymentCategory::Unknown,
        };
        PaymentState::new(category, code.map(str::to_owned))
    }

    fn fulfilment(&self) -> Fulfilment {
        let code = self.fulfillment_status.as_deref().map(str::trim);
        let category = match word(code).as_str() {
            "fulfilled" | "shipped" if self.delivered_on.is_some() => FulfilmentCategory::Delivered,
            "fulfilled" | "shipped" => FulfilmentCategory::Shipping,
            "partial" => FulfilmentCategory::Partial,
            "restocked" => FulfilmentCategory::Returned,
            "unfulfilled" | "unshipped" | "" => FulfilmentCategory::Unfulfilled,
            _ => FulfilmentCategory::Unknown,
        };
        Fulfilment::new(category, code.map(str::to_owned))
    }

    /// The goods before discount, less what was edited out.
    fn subtotal(&self) -> Option<Money> {
        let edited_out = || {
            let gone = |line: &web::LineItem| {
                let pieces = line.quantity? - self.kept(line)?;
                Some(line.price?.times(pieces))
            };
            self.line_items.iter().flatten().filter_map(gone).sum::<Money>()
        };
        let discounted = || self.subtotal_price.or(self.sub_total_price);
        let goods = self
            .total_line_items_price
            .or_else(|| Some(discounted()? + self.total_discounts.unwrap_or_default()))?;
        Some(if self.is_edited() { goods - edited_out() } else { goods })
    }

    fn buyer(&self) -> Option<Party> {
        let billed = self.billing_address.as_ref();
        if let Some(customer) = &self.customer {
            let place = billed.or_else(|| customer.default_one()).map(web::Address::postal);
            let name = customer.display_name();
            return party(link(Some(customer.id)), name.as_deref(), customer.points(), place);
        }
        let named = billed.and_then(web::Address::party).or_else(|| self.shipping_address.as_ref()?.party());
        guest(None, named, self.own_points())
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
        let mut delivery = Delivery { address, ..Delivery::default() };
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
}

impl Row for web::Order {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Order, self.id.to_string(), custom);
        let record = &mut draft.record;
        record.status = self.status();
        record.payment = self.payment();
        record.fulfilment = self.fulfilment();
        record.placed_at = self.processed_on.or(self.created_on);
        record.updated_at = self.changed();
        record.completed_at = self.completed_on.or(self.closed_on);
        record.cancelled_at = self.cancelled_on;
        record.buyer = self.buyer();
        record.recipient = self.shipping_address.as_ref().and_then(web::Address::party);
        record.contact = Some(differing(self.own_points(), record.buyer.as_ref()));
        record.branch = Reference::of(link(self.location_id), None, None);
        record.seller = self.seller();
        record.channel = self.channel();
        record.lines = self.lines();
        record.subtotal = self.subtotal();
        record.discount = self.total_discounts;
        record.shipping_fee = self
            .total_shipping_price
            .or_else(|| sum(self.shipping_lines.iter().filter_map(|line| line.price)));
        record.tax = self.total_tax;
        record.total = self.owed();
        record.paid = self.received();
        record.refunded = self.given_back();
        record.refunded_shipping = self.total_refunded_shipping.map(Money::abs);
        record.returned = self.came_back();
        record.due = self.total_outstanding.or(self.unpaid_amount);
        record.currency = currency(self.currency.as_deref());
        record.delivery = self.delivery();
        // Without lines the order was cut short, and a refund without an amount is told by the transactions: read it again.
        record.incomplete = self.line_items.is_none() || self.hides_refund();
        record.test = self.test == Some(true);
        let number = |number: String| format!("#{}", number.trim().trim_start_matches('#'));
        record.code = self.name.or_else(|| self.order_number.map(number));
        // Our own reference in full, where we pushed the order; else what the field says.
        let mut notes = self.note_attributes.into_iter();
        let ours = notes.find(|attribute| attribute.name.as_deref() == Some(REFERENCE));
        record.reference = ours.and_then(|ours| ours.value).or(self.reference);
        record.note = self.note;
        record.tags = self.tags;
        draft.finish()
    }
}

fn web_line(from: &web::LineItem, quantity: Option<Quantity>) -> Line {
    let gross = || Some(from.price?.times(quantity?));
    let title = from.title.as_deref();
    let variant = from.variant_title.as_deref().filter(|variant| *variant != "Default Title");
    Line {
        id: link(from.id),
        product_id: link(from.product_id),
        variant_id: link(from.variant_id),
        sku: clean_opt(from.sku.as_deref()),
        name: clean_opt(from.name.as_deref()).or_else(|| joined([title, variant], " - ")),
        quantity,
        unit_price: from.price,
        discount: from.total_discount,
        tax: (!from.tax_lines.is_empty()).then(|| from.tax_lines.iter().filter_map(|tax| tax.price).sum()),
        total: gross().map(|gross| gross - from.total_discount.unwrap_or(Money::ZERO)),
        ..Line::default()
    }
}

impl Row for web::Refund {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.created_on
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Return, self.id.to_string(), custom);
        let record = &mut draft.record;
        record.status = OrderStatus::new(StatusCategory::Completed, None, None);
        record.payment = PaymentState::new(PaymentCategory::Refunded, None);
        record.refunded = self.sent();
        record.total = record.refunded;
        let first = self.transactions.first();
        record.currency = currency(first.and_then(|one| one.currency.as_deref()));
        record.branch = Reference::of(link(first.and_then(|one| one.location_id)), None, None);
        record.seller = Reference::of(link(self.user_id), None, None);
        record.returns = link(self.order_id);
        record.placed_at = self.processed_at.or(self.created_on);
        record.updated_at = self.created_on.or(self.processed_at);
        record.completed_at = record.placed_at;
        record.lines = self.refund_line_items.iter().map(refund_line).collect();
        let payment = |from: web::Transaction| Payment {
            id: Some(from.id.to_string()),
            valid: from.is_success(),
            method: clean_opt(from.gateway.as_deref()),
            amount: from.amount.map(Money::abs),
            paid_at: from.processed_at.or(from.created_on),
        };
        record.payments = self.transactions.into_iter().map(payment).collect();
        record.note = self.note;
        draft.finish()
    }
}

/// Goods that came back; a line that can not be counted tells nothing.
fn refund_line(from: &web::RefundLine) -> Line {
    let read = || {
        let mut line = from.line_item.as_ref().map(|sold| web_line(sold, sold.quantity)).unwrap_or_default();
        line.id = link(from.line_item_id).or(line.id);
        line.quantity = from.quantity;
        line.tax = from.total_tax;
        line.total = from.subtotal.or_else(|| Some(line.unit_price?.times(from.quantity?)));
        line.discount =
            Some(line.unit_price?.times(from.quantity?) - line.total?).filter(|rest| !rest.is_negative());
        Some(line)
    };
    read().unwrap_or_default()
}

/// The text that all agree on.
fn common<T: PartialEq + Clone>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

impl Row for web::Product {
    type Record = ProductRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.to_string(), custom);
        let record = &mut draft.record;
        record.updated_at = self.changed();
        if let [only] = self.variants.as_slice() {
            (record.code, record.barcode) = (only.sku.clone(), only.barcode.clone());
        }
        record.category = Reference::of(None, None, clean_opt(self.product_type.as_deref()));
        record.unit = common(self.variants.iter().map(|variant| variant.unit.as_deref())).map(str::to_owned);
        record.price = common(self.variants.iter().map(|variant| variant.price));
        let variant = |from: web::Variant| {
            let title = from.title.as_deref().filter(|title| *title != "Default Title");
            Variant {
                id: from.id.to_string(),
                name: joined([self.name.as_deref(), title], " - "),
                sku: clean_opt(from.sku.as_deref()),
                barcode: clean_opt(from.barcode.as_deref()),
                price: from.price,
            }
        };
        record.variants = self.variants.into_iter().map(variant).collect();
        record.active = self.status.map(|status| status.eq_ignore_ascii_case("active"));
        record.images = self.images.into_iter().filter_map(|image| image.src).collect();
        record.created_at = self.created_on;
        record.name = self.name;
        draft.finish()
    }
}

impl web::Staff {
    /// The whole name, family name first.
    pub fn display_name(&self) -> Option<String> {
        full_name(self.last_name.as_deref(), self.first_name.as_deref())
    }
}

impl Row for web::Location {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        let mut address = Address {
            street: joined([self.address1.as_deref(), self.address2.as_deref()], ", "),
            province: clean_opt(self.province.as_deref()).or_else(|| clean_opt(self.city.as_deref())),
            ..Address::default()
        };
        if is_place(&address) {
            address.country = clean_opt(self.country.as_deref());
        }
        let points = points_of(self.phone.as_deref(), self.email.as_deref());
        branch(self.id, self.code.as_deref(), self.name.as_deref(), points, address, self.active)
    }
}

fn branch(
    id: i64,
    code: Option<&str>,
    name: Option<&str>,
    points: ContactPoints,
    address: Address,
    active: Option<bool>,
) -> BranchRecord {
    let points = points.sorted();
    BranchRecord {
        id: id.to_string(),
        code: clean_opt(code),
        name: clean_opt(name),
        phones: points.phones,
        emails: points.emails,
        address: address.or_none(),
        active,
    }
}

fn user(id: i64, name: Option<String>, points: ContactPoints) -> UserRecord {
    let points = points.sorted();
    UserRecord {
        id: id.to_string(),
        name,
        phones: points.phones,
        emails: points.emails,
        ..UserRecord::default()
    }
}

fn category(id: i64, parent: Option<i64>, name: Option<&str>) -> CategoryRecord {
    CategoryRecord { id: id.to_string(), parent: link(parent), name: clean_opt(name) }
}

impl Row for web::Staff {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let points = points_of(self.phone.as_deref(), self.email.as_deref());
        user(self.id, self.display_name(), points)
    }
}

impl Row for web::Collection {
    type Record = CategoryRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, _: Extra) -> CategoryRecord {
        category(self.id, None, self.name.as_deref())
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
        let address = Address {
            name: self.display_name(),
            phone: clean_opt(self.phone_number.as_deref()),
            street: joined([self.address1.as_deref(), self.address2.as_deref()], ", "),
            ward: clean_opt(self.ward.as_deref()),
            district: clean_opt(self.district.as_deref()),
            province: clean_opt(self.city.as_deref()),
            text: clean_opt(self.full_address.as_deref()),
            ..Address::default()
        };
        let mut address = address.or_none()?;
        if is_place(&address) {
            address.country = clean_opt(self.country.as_deref());
        }
        address.id = link(self.id);
        Some(address)
    }

    fn party(&self) -> Option<Party> {
        let points = points_of(self.phone_number.as_deref(), self.email.as_deref());
        party(None, self.display_name().as_deref(), points, self.postal())
    }
}

impl pos::Customer {
    fn points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone_number.as_deref(), PhoneSource::Own);
        for address in &self.addresses {
            points.phone(address.phone_number.as_deref(), PhoneSource::Address);
        }
        points.email(self.email.as_deref());
        points
    }
}

impl Row for pos::Customer {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.to_string(), custom);
        draft.points = self.points();
        draft.name = self.name;
        let record = &mut draft.record;
        record.gender = gender(self.sex.as_deref());
        record.birth_date = self.dob;
        record.addresses = self.addresses.iter().filter_map(pos::Address::postal).collect();
        record.deleted = word(self.status.as_deref()) == "deleted";
        record.code = self.code;
        record.tax_code = self.tax_number;
        record.note = self.description;
        record.tags = self.tags;
        record.groups.extend(self.group_name);
        let bought = self.sale_order.unwrap_or_default();
        record.spent = bought.total_sales;
        record.order_count = bought.order_purchases.and_then(|count| count.to_string().parse().ok());
        record.branch_id = link(self.default_location_id);
        record.created_at = self.created_on;
        record.updated_at = self.modified_on.or(self.created_on);
        draft.finish()
    }
}

/// Whether a return, or money that went back, was called off.
fn is_off(status: Option<&str>) -> bool {
    matches!(word(status).as_str(), "cancelled" | "canceled" | "deleted")
}

impl pos::OrderReturn {
    /// Whether it was called off.
    fn is_cancelled(&self) -> bool {
        is_off(self.status.as_deref())
    }

    /// Whether the goods are back.
    fn is_back(&self) -> bool {
        matches!(word(self.status.as_deref()).as_str(), "" | "returned")
    }

    /// What its goods were taken back for.
    fn value(&self) -> Option<Money> {
        let of_lines = || sum(self.line_items.iter().filter_map(|line| pos_line(line).total));
        self.total_amount.or_else(of_lines).map(Money::abs)
    }

    /// Money that went back.
    fn given_back(&self) -> Option<Money> {
        let made = self.refunds.iter().filter(|refund| !is_off(refund.status.as_deref()));
        let listed = sum(made.filter_map(|refund| refund.amount).map(Money::abs));
        let is_paid = word(self.refund_status.as_deref()) == "paid";
        listed.or_else(|| self.value().filter(|_| is_paid))
    }
}

impl pos::Order {
    /// The points of the customer on the order. A number that is the customer's tax code is none of his.
    fn customer_points(&self) -> Option<ContactPoints> {
        let customer = self.customer_data.as_ref()?;
        let mut points = customer.points();
        points.doubt(customer.tax_number.as_deref(), None);
        Some(points)
    }

    /// Phone and e-mail of the order itself; the billing address's where the order and its customer have none.
    fn own_points(&self) -> ContactPoints {
        let tax_code = self.customer_data.as_ref().and_then(|customer| customer.tax_number.as_deref());
        let mut points = points_of(self.phone_number.as_deref(), self.email.as_deref());
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
            from.cancel_date.is_none() && word(from.status.as_deref()) != "cancelled"
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
        let is_paid = word(self.payment_status.as_deref()) == "paid";
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
        pieces_of(line, back.map(|back| (back.order_line_item_id, back.quantity)))
    }

    fn live_fulfillment(&self) -> Option<&pos::Fulfillment> {
        let is_live = |from: &&pos::Fulfillment| {
            from.cancel_date.is_none() && from.status.as_deref() != Some("cancelled")
        };
        self.fulfillments.iter().rev().find(is_live).or(self.fulfillments.last())
    }
}

fn is_active(payment: &pos::Prepayment) -> bool {
    matches!(word(payment.status.as_deref()).as_str(), "" | "active")
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
    let mut line = Line {
        id: link(from.id),
        product_id: link(from.product_id),
        variant_id: link(from.variant_id),
        sku: clean_opt(from.sku.as_deref()),
        name: clean_opt(from.variant_name.as_deref()).or_else(|| clean_opt(from.product_name.as_deref())),
        quantity: from.quantity,
        unit_price: from.price,
        discount: line_discount(from),
        tax: from.tax_amount,
        ..Line::default()
    };
    line.total = gross().map(|gross| gross - line.discount.unwrap_or_default()).or(from.line_amount);
    line
}

/// Markets that a channel's text may name, by the codes that the model uses.
const MARKETS: [&str; 6] = ["shopee", "lazada", "tiktok", "tiki", "sendo", "facebook"];

impl pos::Order {
    fn status(&self) -> OrderStatus {
        let code = self.status.as_deref().map(str::trim);
        let is_back = word(self.return_status.as_deref()) == "returned";
        let sent = matches!(word(self.fulfillment_status.as_deref()).as_str(), "shipped" | "partial");
        let category = match word(code).as_str() {
            _ if self.cancelled_on.is_some() => StatusCategory::Cancelled,
            "cancelled" | "canceled" => StatusCategory::Cancelled,
            "deleted" => StatusCategory::Deleted,
            // Whatever else the order is: all of its goods came back.
            _ if is_back => StatusCategory::Returned,
            "completed" | "finished" => StatusCategory::Completed,
            "draft" => StatusCategory::Draft,
            "finalized" if sent => StatusCategory::Shipping,
            "finalized" => StatusCategory::Confirmed,
            _ => StatusCategory::Unknown,
        };
        OrderStatus::new(category, code.map(str::to_owned), None)
    }

    fn payment(&self) -> PaymentState {
        let code = self.payment_status.as_deref().map(str::trim);
        let category = match word(code).as_str() {
            "unpaid" => PaymentCategory::Unpaid,
            "partial" | "partial_paid" => PaymentCategory::PartiallyPaid,
            "paid" => PaymentCategory::Paid,
            "" => return PaymentState::from_amounts(self.total, self.received()),
            _ => PaymentCategory::Unknown,
        };
        PaymentState::new(category, code.map(str::to_owned))
    }

    fn fulfilment(&self) -> Fulfilment {
        let code = self.fulfillment_status.as_deref().map(str::trim);
        let category = match word(code).as_str() {
            _ if word(self.received_status.as_deref()) == "received" => FulfilmentCategory::Delivered,
            "shipped" => FulfilmentCategory::Shipping,
            "partial" => FulfilmentCategory::Partial,
            "unshipped" => FulfilmentCategory::Unfulfilled,
            _ => FulfilmentCategory::Unknown,
        };
        Fulfilment::new(category, code.map(str::to_owned))
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
        guest(id, named, self.own_points())
    }

    fn channel(&self) -> Option<Reference> {
        let name = clean_opt(self.channel.as_deref());
        let lower = name.as_deref().unwrap_or_default().to_lowercase();
        let code = MARKETS.into_iter().find(|market| lower.contains(market)).map(str::to_owned);
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
        let (paid_before, paid_with_goods, is_told_twice) = self.came_in();
        let (before, with_goods) = self.all_payments();
        let payment = |from: &pos::Prepayment, is_larger: bool| {
            Payment {
                id: link(from.id),
                method: clean_opt(from.source.as_deref()),
                amount: from.paid_amount.or(from.amount),
                paid_at: from.paid_on,
                // Of money that is told twice the larger telling counts.
                valid: is_active(from) && (is_larger || !is_told_twice),
            }
        };
        let before = before.map(|from| payment(from, paid_before >= paid_with_goods));
        before.chain(with_goods.map(|from| payment(from, paid_before < paid_with_goods))).collect()
    }

    fn delivery(&self) -> Option<Delivery> {
        let address = self.shipping_address.as_ref().and_then(pos::Address::postal);
        let from = self.live_fulfillment();
        if address.is_none() && from.is_none() {
            return None;
        }
        let mut delivery = Delivery { address, ..Delivery::default() };
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
}

impl Row for pos::Order {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Order, self.id.to_string(), custom);
        let record = &mut draft.record;
        record.status = self.status();
        record.payment = self.payment();
        record.fulfilment = self.fulfilment();
        record.placed_at = self.issued_on.or(self.created_on);
        record.updated_at = self.changed();
        record.completed_at = self.completed_on.or(self.finished_on);
        record.cancelled_at = self.cancelled_on;
        record.buyer = self.buyer();
        record.recipient = self.shipping_address.as_ref().and_then(pos::Address::party);
        record.contact = Some(differing(self.own_points(), record.buyer.as_ref()));
        record.branch = Reference::of(link(self.location_id), None, None);
        record.seller = Reference::of(link(self.assignee_id).or_else(|| link(self.account_id)), None, None);
        record.channel = self.channel();
        record.lines = self.lines();
        record.subtotal = record.lines.first().and_then(|_| record.lines.iter().map(|line| line.total).sum());
        record.discount = self.order_discount();
        record.shipping_fee = self.delivery_fee;
        record.tax = self.total_tax;
        record.total = self.total;
        record.paid = self.received();
        record.refunded = sum(self.returns().filter_map(pos::OrderReturn::given_back));
        record.returned = sum(self.returns().filter(|one| one.is_back()).filter_map(pos::OrderReturn::value));
        record.payments = self.payments();
        record.delivery = self.delivery();
        // Without lines the order was cut short, and so it was where goods came back and no return says which.
        let came_back = word(self.return_status.as_deref()) == "partial";
        record.incomplete = self.order_line_items.is_none() || (came_back && self.returns().next().is_none());
        let ours = || own_reference(self.code.as_deref()?).map(str::to_owned);
        record.reference = self.reference_number.or_else(ours);
        record.code = self.code;
        record.note = self.note;
        record.tags = self.tags;
        draft.finish()
    }
}

impl Row for pos::OrderReturn {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Return, self.id.to_string(), custom);
        let record = &mut draft.record;
        let status = match word(self.status.as_deref()).as_str() {
            _ if self.is_cancelled() => StatusCategory::Cancelled,
            "returning" => StatusCategory::Processing,
            "returned" => StatusCategory::Completed,
            _ => StatusCategory::Unknown,
        };
        let payment = match word(self.refund_status.as_deref()).as_str() {
            "unpaid" => PaymentCategory::Unpaid,
            "partial" => PaymentCategory::PartiallyRefunded,
            "paid" => PaymentCategory::Refunded,
            _ => PaymentCategory::Unknown,
        };
        record.total = self.value();
        record.refunded = self.given_back();
        record.status = OrderStatus::new(status, self.status, None);
        record.payment = PaymentState::new(payment, self.refund_status);
        record.placed_at = self.created_on;
        record.updated_at = self.modified_on.or(self.created_on);
        record.code = self.code;
        record.returns = link(self.order_id);
        record.buyer = party(link(self.customer_id), None, ContactPoints::default(), None);
        record.branch = Reference::of(link(self.location_id), None, None);
        record.lines = self.line_items.iter().map(pos_line).collect();
        record.note = self.note;
        draft.finish()
    }
}

impl Row for pos::Product {
    type Record = ProductRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.modified_on.or(self.created_on)
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.to_string(), custom);
        let record = &mut draft.record;
        record.updated_at = self.changed();
        let status = word(self.status.as_deref());
        record.active = (!status.is_empty()).then_some(status == "active");
        record.deleted = status == "deleted";
        if let [only] = self.variants.as_slice() {
            (record.code, record.barcode) = (only.sku.clone(), only.barcode.clone());
        }
        record.category = Reference::of(
            link(self.category_id),
            clean_opt(self.category_code.as_deref()),
            clean_opt(self.category.as_deref()),
        );
        record.unit = common(self.variants.iter().map(|variant| variant.unit.as_deref())).map(str::to_owned);
        record.price = common(self.variants.iter().map(|variant| variant.variant_retail_price));
        record.cost = common(self.variants.iter().map(|variant| variant.variant_import_price));
        record.stock = stock(&self.variants);
        record.images.extend(self.image_path);
        for from in self.variants {
            let variant = Variant {
                id: from.id.to_string(),
                sku: clean_opt(from.sku.as_deref()),
                barcode: clean_opt(from.barcode.as_deref()),
                name: clean_opt(from.name.as_deref()),
                price: from.variant_retail_price,
            };
            record.variants.push(variant);
            record.images.extend(from.images.into_iter().filter_map(|image| image.full_path));
        }
        record.name = self.name;
        record.created_at = self.created_on;
        draft.finish()
    }
}

/// By branch, over all variants.
fn stock(variants: &[pos::Variant]) -> Vec<StockLevel> {
    let mut levels: Vec<StockLevel> = Vec::new();
    for from in variants.iter().flat_map(|variant| &variant.inventories) {
        let branch = Reference::of(link(from.location_id), None, None);
        match levels.iter_mut().find(|level| level.branch == branch) {
            Some(level) => {
                level.on_hand = Some(level.on_hand.unwrap_or_default() + from.on_hand.unwrap_or_default());
                level.reserved =
                    Some(level.reserved.unwrap_or_default() + from.committed.unwrap_or_default());
            }
            None => {
                let level = StockLevel { branch, on_hand: from.on_hand, reserved: from.committed };
                levels.push(level);
            }
        }
    }
    levels
}

impl Row for pos::Location {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        let address = Address {
            street: clean_opt(self.address1.as_deref()),
            ward: clean_opt(self.ward.as_deref()),
            district: clean_opt(self.district.as_deref()),
            province: clean_opt(self.city.as_deref()),
            ..Address::default()
        };
        let active = self.status.map(|status| status == "active");
        let points = points_of(self.phone_number.as_deref(), self.email.as_deref());
        branch(self.id, self.code.as_deref(), self.name.as_deref(), points, address, active)
    }
}

impl Row for pos::Category {
    type Record = CategoryRecord;

    fn into_record(self, _: Extra) -> CategoryRecord {
        category(self.id, self.parent_id, self.name.as_deref())
    }
}

impl Row for pos::Staff {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let points = points_of(self.phone_number.as_deref(), self.email.as_deref());
        user(self.id, clean_opt(self.full_name.as_deref()), points)
    }
}
