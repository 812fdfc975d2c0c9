//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Names**: family name, then given name, unless the country is another one than Viet Nam. Equal halves count once.
//! - **Buyer of an order**: the billing block, with the account's id where there is one. A guest has none.
//! - **Lines**: net of tax, `unit_price` is `subtotal` by the quantity, the discount is what coupons took off. A positive fee is
//!   a line without a product, a negative one a discount of the order; so `subtotal` − `discount` + `shipping_fee` + `tax` is
//!   `total`.
//! - **Money**: `date_paid_gmt` alone says that an order was paid, and then in full. Refunds are told by their totals; what came
//!   back of the goods is not on the order.
//! - **Drafts** (`checkout-draft`, `auto-draft`, `draft`) are no orders yet, and users of another role than `customer` are no
//!   customers unless they have an address or bought something.
//! - **Places**: the keys of the two checkout plugins become names, digits are codes; a town without a province beside it
//!   stands for the province.

use pos_core::kit::{CustomerDraft, OrderDraft, ProductDraft, Row, party};
use pos_core::record::{
    Address, CategoryRecord, ContactPoints, Currency, CustomerRecord, Delivery, DocumentKind, Extra,
    Fulfilment, FulfilmentCategory, Line, Money, OrderRecord, OrderStatus, Party, Payment, PaymentCategory,
    PaymentState, PhoneSource, PlaceCodes, ProductRecord, Reference, StatusCategory, StockLevel, Variant,
    clean, clean_opt,
};
use time::OffsetDateTime;

use crate::mark;
use crate::model::{self, meta};
use crate::place::{State, is_code, is_vietnam, is_ward, state};

/// Prices of one piece are cut behind so many decimals, as the vendor cuts them.
const DECIMALS: u32 = 8;

fn id(id: Option<i64>) -> Option<String> {
    id.map(|id| id.to_string())
}

/// Two halves of a name as people of that country say them.
fn full_name(country: Option<&str>, first: Option<&str>, last: Option<&str>) -> Option<String> {
    let (first, last) = (clean_opt(first), clean_opt(last));
    match (first, last) {
        (Some(first), Some(last)) if first.to_lowercase() == last.to_lowercase() => Some(last),
        (Some(first), Some(last)) if is_vietnam(country) => Some(format!("{last} {first}")),
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (first, last) => last.or(first),
    }
}

/// Text without the entities of HTML.
fn plain(text: Option<&str>) -> Option<String> {
    let mut rest = text?;
    let mut plain = String::with_capacity(rest.len());
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(10).position(|byte| byte == b';');
        let letter = end.and_then(|end| Some((entity(&rest[1..end])?, end)));
        match letter {
            Some((letter, end)) => {
                plain.push(letter);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    clean(&plain)
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

impl model::Address {
    pub(crate) fn full_name(&self) -> Option<String> {
        full_name(self.country.as_deref(), self.first_name.as_deref(), self.last_name.as_deref())
    }

    fn region(&self) -> String {
        match self.country.as_deref().map(str::trim) {
            Some(code) if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                code.to_ascii_uppercase()
            }
            _ => "VN".to_owned(),
        }
    }

    fn call(&self, points: &mut ContactPoints, source: PhoneSource) {
        points.phone_in(self.phone.as_deref(), source, &self.region());
    }

    /// Whether somebody filled it in: a country stands on blank ones, too.
    pub(crate) fn is_filled(&self) -> bool {
        let members = [
            &self.first_name,
            &self.last_name,
            &self.company,
            &self.address_1,
            &self.city,
            &self.email,
            &self.phone,
        ];
        members.into_iter().any(|member| clean_opt(member.as_deref()).is_some())
    }

    pub(crate) fn place(&self) -> Option<Address> {
        let mut address = Address::default();
        let local = is_vietnam(self.country.as_deref());
        let (city, second) = (clean_opt(self.city.as_deref()), clean_opt(self.address_2.as_deref()));
        let of_plugin = |text: &Option<String>| text.clone().filter(|text| local && is_code(text));
        let (district_code, ward_code) = (of_plugin(&city), of_plugin(&second));
        let named = clean_opt(self.state.as_deref());
        let mut province_code = None;
        address.province = match named.as_deref().filter(|_| local).map(state) {
            Some(State::Province(name)) => {
                province_code = named;
                Some(name.to_owned())
            }
            Some(State::Key) => {
                province_code = named;
                None
            }
            Some(State::Name) | None => named,
        };
        let town = city.filter(|_| district_code.is_none());
        match address.province {
            Some(_) => address.district = town,
            None => address.province = town,
        }
        let second = second.filter(|_| ward_code.is_none());
        let (ward, more) = match second {
            Some(text) if local && is_ward(&text) => (Some(text), None),
            other => (None, other),
        };
        address.ward = ward;
        let street: Vec<String> = clean_opt(self.address_1.as_deref()).into_iter().chain(more).collect();
        address.street = (!street.is_empty()).then(|| street.join(", "));
        let codes = PlaceCodes::new(province_code.as_deref(), district_code.as_deref(), ward_code.as_deref());
        let mut address = address.with_codes(mark::PLACES, codes);
        let is_blank = address.is_blank();
        address.country = clean_opt(self.country.as_deref());
        address.name = self.full_name();
        address.phone = clean_opt(self.phone.as_deref());
        (!is_blank).then_some(address)
    }
}

impl model::Customer {
    pub(crate) fn full_name(&self) -> Option<String> {
        let country = self.billing.as_ref().and_then(|billing| billing.country.as_deref());
        full_name(country, self.first_name.as_deref(), self.last_name.as_deref())
            .or_else(|| self.billing.as_ref().and_then(|billing| billing.full_name()))
    }

    /// Whether the shop sells to this user: accounts of staff and of readers stand in the same list.
    pub(crate) fn is_buyer(&self) -> bool {
        self.role.as_deref().is_none_or(|role| role == "customer")
            || self.is_paying_customer == Some(true)
            || self.billing.as_ref().is_some_and(|billing| billing.is_filled())
    }

    fn points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        if let Some(billing) = &self.billing {
            billing.call(&mut points, PhoneSource::Own);
        }
        if let Some(shipping) = &self.shipping {
            shipping.call(&mut points, PhoneSource::Address);
        }
        points.email(self.email.as_deref());
        points.email(self.billing.as_ref().and_then(|billing| billing.email.as_deref()));
        points
    }

    fn places(&self) -> Vec<Address> {
        let mut places: Vec<Address> = Vec::new();
        for from in [&self.billing, &self.shipping].into_iter().flatten() {
            let Some(mut place) = from.place() else { continue };
            let same = |known: &Address| {
                let parts = |one: &Address| {
                    [&one.street, &one.ward, &one.district, &one.province].map(Option::<String>::clone)
                };
                parts(known) == parts(&place) && (place.name.is_none() || known.name == place.name)
            };
            if places.iter().any(same) {
                continue;
            }
            place.is_default = places.is_empty();
            places.push(place);
        }
        places
    }
}

impl Row for model::Customer {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.date_modified_gmt.or(self.date_created_gmt)
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.to_string(), custom);
        draft.name = self.full_name();
        draft.points = self.points();
        draft.record.addresses = self.places();
        draft.record.organization = self.billing.and_then(|billing| billing.company);
        draft.record.created_at = self.date_created_gmt;
        draft.record.updated_at = self.date_modified_gmt;
        draft.finish()
    }
}

/// What is said of an order whose payment failed: it waits to be paid again.
const PAYMENT_FAILED: &str = "payment failed";

fn category(status: &str) -> StatusCategory {
    use StatusCategory::{Cancelled, Completed, Deleted, Draft, Pending, Processing, Returned, Unknown};
    match status {
        "pending" | "on-hold" | "failed" => Pending,
        "processing" => Processing,
        "completed" => Completed,
        "cancelled" => Cancelled,
        "refunded" => Returned,
        "trash" => Deleted,
        "auto-draft" | "checkout-draft" | "draft" => Draft,
        _ => Unknown,
    }
}

/// The core knows no shipments: what is still to be done has not left the shop, and of the rest nothing is said.
fn fulfilment(status: &OrderStatus) -> Fulfilment {
    let category = match status.category {
        StatusCategory::Pending | StatusCategory::Processing => FulfilmentCategory::Unfulfilled,
        _ => FulfilmentCategory::Unknown,
    };
    Fulfilment::new(category, None)
}

impl model::Order {
    /// The status without the prefix that the database has.
    fn code(&self) -> Option<String> {
        let status = clean_opt(self.status.as_deref())?.to_ascii_lowercase();
        Some(status.strip_prefix("wc-").map(str::to_owned).unwrap_or(status))
    }

    /// Whether it is no order yet.
    pub(crate) fn is_draft(&self) -> bool {
        self.code().is_some_and(|code| category(&code) == StatusCategory::Draft)
    }

    fn status(&self) -> OrderStatus {
        let code = self.code();
        let category = code.as_deref().map(category).unwrap_or_default();
        let reason = (code.as_deref() == Some("failed")).then(|| PAYMENT_FAILED.to_owned());
        let mut status = OrderStatus::new(category, code, None);
        status.reason = reason;
        status
    }

    fn refunded(&self) -> Option<Money> {
        let refunds = self.refunds.as_ref()?;
        Some(refunds.iter().filter_map(|refund| refund.total).map(Money::abs).sum())
    }

    /// Nothing else says that money came in: an order by COD is unpaid until somebody completes it.
    fn paid(&self) -> Option<Money> {
        match self.date_paid_gmt {
            Some(_) => self.total,
            None => Some(Money::ZERO),
        }
    }

    fn payment(&self) -> PaymentState {
        use PaymentCategory::{Paid, PartiallyRefunded, Refunded, Unpaid};
        let back = self.refunded().unwrap_or_default();
        let category = match self.total {
            _ if back.is_zero() && self.date_paid_gmt.is_some() => Paid,
            _ if back.is_zero() => Unpaid,
            Some(total) if back >= total => Refunded,
            _ => PartiallyRefunded,
        };
        PaymentState::new(category, None)
    }

    fn buyer(&self) -> Option<Party> {
        let mut points = ContactPoints::default();
        let Some(billing) = &self.billing else { return party(id(self.customer_id), None, points, None) };
        billing.call(&mut points, PhoneSource::Own);
        points.email(billing.email.as_deref());
        party(id(self.customer_id), billing.full_name().as_deref(), points, billing.place())
    }

    /// Who receives, as far as the order says. Whether that is somebody else than the buyer is decided for every vendor
    /// alike.
    fn recipient(&self) -> Option<Party> {
        let shipping = self.shipping.as_ref().filter(|shipping| shipping.is_filled())?;
        let mut points = ContactPoints::default();
        shipping.call(&mut points, PhoneSource::Own);
        if points.phones.is_empty() {
            // Before 5.6.
            points.phone_in(meta(&self.meta_data, "_shipping_phone"), PhoneSource::Own, &shipping.region());
        }
        party(None, shipping.full_name().as_deref(), points, shipping.place())
    }

    /// Our own reference, when we pushed the order.
    pub(crate) fn own_reference(&self) -> Option<&str> {
        meta(&self.meta_data, mark::ORDER)
    }

    fn payments(&self) -> Vec<Payment> {
        let Some(paid_at) = self.date_paid_gmt else { return Vec::new() };
        let payment = Payment {
            id: clean_opt(self.transaction_id.as_deref()),
            method: clean_opt(self.payment_method_title.as_deref())
                .or_else(|| clean_opt(self.payment_method.as_deref())),
            amount: self.total,
            paid_at: Some(paid_at),
            valid: true,
        };
        vec![payment]
    }

    /// The latest instant that it tells of: it was written then, or later.
    pub(crate) fn latest_told(&self) -> Option<OffsetDateTime> {
        let told =
            [self.date_created_gmt, self.date_modified_gmt, self.date_completed_gmt, self.date_paid_gmt];
        told.into_iter().flatten().max()
    }
}

fn line(from: &model::Line) -> Line {
    let mut line = Line::default();
    let subtotal = from.subtotal.or(from.total);
    line.unit_price = subtotal.zip(from.quantity).and_then(|(subtotal, quantity)| {
        let one = subtotal.decimal().checked_div(quantity.decimal())?;
        Some(Money::new(one.round_dp(DECIMALS)))
    });
    line.id = id(from.id);
    line.product_id = id(from.product_id);
    line.variant_id = id(from.variation_id);
    line.sku = clean_opt(from.sku.as_deref());
    line.name = plain(from.name.as_deref());
    line.quantity = from.quantity;
    line.discount = subtotal.zip(from.total).map(|(subtotal, total)| subtotal - total);
    line.tax = from.total_tax;
    line.total = from.total.or(subtotal);
    line
}

/// A fee that the buyer pays: a line without a product.
fn fee(from: &model::FeeLine) -> Line {
    Line {
        id: id(from.id),
        name: plain(from.name.as_deref()),
        quantity: Some(1.into()),
        unit_price: from.total,
        discount: Some(Money::ZERO),
        tax: from.total_tax,
        total: from.total,
        ..Line::default()
    }
}

impl Row for model::Order {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.date_modified_gmt.or(self.date_created_gmt)
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut draft = OrderDraft::new(DocumentKind::Order, self.id.to_string(), custom);
        let record = &mut draft.record;
        record.status = self.status();
        record.payment = self.payment();
        record.fulfilment = fulfilment(&record.status);
        record.placed_at = self.date_created_gmt;
        record.updated_at = self.date_modified_gmt;
        let is_done = record.status.category == StatusCategory::Completed;
        record.completed_at = self.date_completed_gmt.filter(|_| is_done);
        record.reference = self.own_reference().map(str::to_owned);
        record.buyer = self.buyer();
        record.recipient = self.recipient();
        record.channel = Reference::of(None, clean_opt(self.created_via.as_deref()), None);
        let goods = self.line_items.as_deref().unwrap_or_default();
        let is_discount = |fee: &&model::FeeLine| fee.total.is_some_and(Money::is_negative);
        let discounts: Money =
            self.fee_lines.iter().filter(is_discount).filter_map(|fee| fee.total).map(Money::abs).sum();
        let fees = self.fee_lines.iter().filter(|fee| !is_discount(fee));
        record.lines = goods.iter().map(line).chain(fees.map(fee)).collect();
        let gross = record
            .lines
            .iter()
            .map(|line| line.total.unwrap_or_default() + line.discount.unwrap_or_default());
        record.subtotal = self.line_items.as_ref().map(|_| gross.sum());
        record.discount = match self.discount_total {
            None if discounts.is_zero() => None,
            coupons => Some(coupons.unwrap_or_default() + discounts),
        };
        record.shipping_fee = self.shipping_total;
        record.tax = self.total_tax;
        record.total = self.total;
        record.paid = self.paid();
        record.refunded = self.refunded();
        record.currency =
            self.currency.as_deref().and_then(|code| code.parse().ok()).unwrap_or(Currency::VND);
        record.payments = self.payments();
        record.delivery = self
            .shipping
            .as_ref()
            .and_then(|shipping| shipping.place())
            .map(|place| Delivery { address: Some(place), ..Delivery::default() });
        record.incomplete = self.line_items.is_none() || self.total.is_none();
        record.code = self.number.or_else(|| Some(self.id.to_string()));
        record.note = self.customer_note;
        draft.finish()
    }
}

/// What is asked for one, without a sale.
fn price(regular: Option<Money>, now: Option<Money>) -> Option<Money> {
    regular.or(now)
}

fn variant(from: model::Variation) -> Variant {
    let mut variant = Variant::default();
    let options: Vec<String> =
        from.attributes.iter().filter_map(|attribute| plain(attribute.option.as_deref())).collect();
    variant.id = from.id.to_string();
    variant.name = (!options.is_empty()).then(|| options.join(" / ")).or_else(|| plain(from.name.as_deref()));
    variant.sku = clean_opt(from.sku.as_deref());
    variant.barcode = clean_opt(from.global_unique_id.as_deref());
    variant.price = price(from.regular_price, from.price);
    variant
}

impl model::Product {
    /// Whether it is a form of another product.
    pub(crate) fn is_variation(&self) -> bool {
        self.kind.as_deref() == Some("variation")
    }

    /// The record with its variations, where these were read; a product only names their ids.
    pub(crate) fn with_variations(
        self,
        variations: Option<Vec<model::Variation>>,
        custom: Extra,
    ) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.to_string(), custom);
        let record = &mut draft.record;
        record.price = price(self.regular_price, self.price);
        match variations {
            Some(variations) => {
                record.variants = variations.into_iter().map(variant).collect();
                // What a variable product says is the lowest of them.
                if let Some(first) = record.variants.first().map(|first| first.price) {
                    record.price = first.filter(|_| record.variants.iter().all(|one| one.price == first));
                }
            }
            None => {
                let named = |id: i64| Variant { id: id.to_string(), ..Variant::default() };
                record.variants = self.variations.into_iter().map(named).collect();
            }
        }
        if self.manage_stock.as_deref() == Some("true") {
            let level = StockLevel { on_hand: self.stock_quantity, ..StockLevel::default() };
            record.stock = vec![level];
        }
        record.name = plain(self.name.as_deref());
        record.code = self.sku;
        record.barcode = self.global_unique_id;
        let first = self.categories.into_iter().next();
        record.category = first.and_then(|one| Reference::of(id(one.id), None, plain(one.name.as_deref())));
        record.active = self.status.as_deref().map(|status| status == "publish");
        record.deleted = self.status.as_deref() == Some("trash");
        record.images = self.images.iter().filter_map(|image| clean_opt(image.src.as_deref())).collect();
        record.created_at = self.date_created_gmt;
        record.updated_at = self.date_modified_gmt;
        draft.finish()
    }
}

impl Row for model::Product {
    type Record = ProductRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.date_modified_gmt.or(self.date_created_gmt)
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        self.with_variations(None, custom)
    }
}

impl Row for model::Category {
    type Record = CategoryRecord;

    fn into_record(self, _: Extra) -> CategoryRecord {
        CategoryRecord { id: self.id.to_string(), parent: id(self.parent), name: plain(self.name.as_deref()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_joined_as_the_country_says_them_and_equal_ones_count_once() {
        let join = |country, first, last| full_name(country, Some(first), Some(last)).unwrap();
        assert_eq!(join(Some("VN"), "Lan", "Đỗ Thị"), "Đỗ Thị Lan");
        assert_eq!(join(None, "Lan", "Đỗ Thị"), "Đỗ Thị Lan");
        assert_eq!(join(Some("US"), "Ann", "Lee"), "Ann Lee");
        assert_eq!(join(Some("VN"), " Cao Tú", "cao tú "), "cao tú");
        assert_eq!(join(Some("VN"), "", "Phạm Gia Huy"), "Phạm Gia Huy");
    }

    #[test]
    fn entities_become_letters_and_everything_else_stays() {
        let read = |text| plain(Some(text)).unwrap();
        assert_eq!(read("Ấm &amp; chén &#8211; b&#xE1;t"), "Ấm & chén – bát");
        assert_eq!(read("A & B; C &unknown; &#9999999999;"), "A & B; C &unknown; &#9999999999;");
        assert_eq!(read("&ộộộ;"), "&ộộộ;");
    }
}
