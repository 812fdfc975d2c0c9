//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Buyer** is who is billed (`bill_*`) under the id of the linked customer record. The phone that identity uses is the
//!   billed one, else the customer record's, else the recipient's when the names allow it. A linked record that is the shop's
//!   walk-in record lends its id to nobody who gave a name or number of their own.
//! - **Amounts** of other currencies come in minor units; only those that somebody measured are divided. The others stay as
//!   they came, and `custom` says so under [`UNVERIFIED`].
//! - **Paid** is what the payment fields add up to, with the successful payments through gateways that no field shows; with
//!   status 16, or when the carrier has settled the cash of an order that did not come back, all of the total.
//! - **Returned** is what the pieces that came back were sold for, the order's discount shared among the goods.
//! - **Goods**: the carrier's word, unless the order has gone further; over the counter, done is delivered.
//! - **Products** have their variations as variants, also from the flat list of variations. Price and cost of the product are
//!   those of its variations where these agree.

use pos_core::kit::{
    CustomerDraft, Keyed, OrderDraft, ProductDraft, Row, party, reference_in, without_marker,
};
use pos_core::record::{
    Address, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerRecord, Delivery, DocumentKind,
    Extra, Fulfilment, FulfilmentCategory, Gender, Line, Money, OrderRecord, OrderStatus, Party, Payment,
    PaymentCategory, PaymentState, PhoneSource, PlaceCodes, ProductRecord, Quantity, Reference,
    StatusCategory, StockLevel, UserRecord, Variant, clean_opt, read_name,
};
use time::OffsetDateTime;

use crate::mark::{NEW_PLACES, OLD_PLACES, reference_of_custom_id};
use crate::model::read::amount_in;
use crate::model::{self, Tag};

/// The member of `custom` that names the currency whose minor unit nobody has measured: the record's amounts are as the vendor
/// wrote them.
pub const UNVERIFIED: &str = "unverified_minor_unit";

/// What the names of payment fields begin with (L).
const CHARGED: &str = "charged_by_";

/// A row of a shop, whose currency it may leave out.
pub(crate) trait InShop: Row<Key = String> {
    /// The shop's currency, where the row names none.
    fn assume_currency(&mut self, currency: &str) {
        let _ = currency;
    }
}

/// A currency and what one written unit of it is worth.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    pub(crate) currency: Currency,
    /// 1, or a hundredth, or a thousandth; absent when nobody measured it.
    worth: Option<Money>,
}

impl Unit {
    /// Measured on seven shops (C:2): hundredths for five currencies, thousandths for three; the dong has none (L).
    pub(crate) fn of(code: Option<&str>) -> Self {
        let code = code.map(str::trim).filter(|code| !code.is_empty()).unwrap_or("VND").to_ascii_uppercase();
        let worth = match code.as_str() {
            "VND" => "1",
            "THB" | "AED" | "SAR" | "QAR" | "TWD" => "0.01",
            "KWD" | "OMR" | "BHD" => "0.001",
            _ => "",
        };
        let currency: Result<Currency, _> = code.parse();
        Self { currency: currency.unwrap_or_default(), worth: worth.parse().ok() }
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.worth.is_some()
    }

    /// How many digits amounts have behind the point.
    fn scale(&self) -> u32 {
        self.worth.map_or(0, |worth| worth.decimal().scale())
    }

    fn read(&self, raw: Option<Money>) -> Option<Money> {
        let raw = raw?;
        match self.worth {
            Some(worth) => raw.decimal().checked_mul(worth.decimal()).map(Money::new),
            None => Some(raw),
        }
    }

    /// An amount as the vendor wants it written.
    pub(crate) fn write(&self, amount: Money) -> Option<Money> {
        amount.decimal().checked_div(self.worth?.decimal()).map(Money::new)
    }
}

/// The two letters of a country by its calling code, as far as the vendor sells there.
fn region(country_code: Option<&str>) -> &'static str {
    match country_code.map(|code| code.trim().trim_start_matches('+')) {
        Some("66") => "TH",
        Some("971") => "AE",
        Some("966") => "SA",
        Some("974") => "QA",
        Some("965") => "KW",
        Some("968") => "OM",
        Some("973") => "BH",
        Some("886") => "TW",
        Some("63") => "PH",
        Some("60") => "MY",
        Some("62") => "ID",
        Some("65") => "SG",
        Some("855") => "KH",
        Some("856") => "LA",
        _ => "VN",
    }
}

fn texts(tags: Vec<Tag>) -> Vec<String> {
    tags.into_iter().filter_map(|tag| tag.name.or(tag.id)).collect()
}

/// What a mapping asked for, beside the name of a currency whose minor unit nobody has measured.
fn flagged(custom: Extra, unit: Unit, currency: Option<String>) -> Extra {
    let named = currency.filter(|_| !unit.is_verified());
    let flag = named.map(|currency| (UNVERIFIED.to_owned(), currency.into()));
    flag.into_iter().chain(custom).collect()
}

/// A code of the division of July 2025, wherever it stands: `84_VN129` (L).
fn is_new_code(code: &str) -> bool {
    code.contains("_VN")
}

/// An address with its codes, three levels and two levels where they are told apart by member or by form, and with the country
/// where it says anything else.
fn placed(
    address: Address,
    [province, district, ward]: [&Option<String>; 3],
    [new_province, new_ward]: [&Option<String>; 2],
    country_code: &Option<String>,
) -> Address {
    let (province, district, ward) = (province.as_deref(), district.as_deref(), ward.as_deref());
    let (new_province, new_ward) = (new_province.as_deref(), new_ward.as_deref());
    let is_new = province.is_some_and(is_new_code);
    let old = if is_new { PlaceCodes::default() } else { PlaceCodes::new(province, district, ward) };
    let new = if is_new {
        PlaceCodes::new(new_province.or(province), None, new_ward.or(ward))
    } else {
        PlaceCodes::new(new_province, None, new_ward)
    };
    let mut address = address.with_codes(OLD_PLACES, old).with_codes(NEW_PLACES, new);
    if !address.is_blank() {
        address.country = clean_opt(country_code.as_deref());
    }
    address
}

impl model::CustomerAddress {
    fn read(&self) -> Address {
        let address = Address {
            name: clean_opt(self.full_name.as_deref()),
            phone: clean_opt(self.phone_number.as_deref()),
            street: clean_opt(self.address.as_deref()),
            text: clean_opt(self.full_address.as_deref()),
            ..Address::default()
        };
        let old = [&self.province_id, &self.district_id, &self.commune_id];
        let mut address = placed(address, old, [&None, &None], &self.country_code);
        address.id = clean_opt(self.id.as_deref());
        address
    }
}

impl model::ShippingAddress {
    fn read(&self) -> Option<Address> {
        let mut address = Address {
            name: clean_opt(self.full_name.as_deref()),
            phone: clean_opt(self.phone_number.as_deref()),
            street: clean_opt(self.address.as_deref()),
            ..Address::default()
        };
        // The vendor's slip of the pen comes along with the right name, or alone.
        address.ward =
            clean_opt(self.commune_name.as_deref()).or_else(|| clean_opt(self.commnue_name.as_deref()));
        address.district = clean_opt(self.district_name.as_deref());
        address.province = clean_opt(self.province_name.as_deref());
        address.text =
            clean_opt(self.full_address.as_deref()).or_else(|| clean_opt(self.new_full_address.as_deref()));
        let old = [&self.province_id, &self.district_id, &self.commune_id];
        let new = [&self.new_province_id, &self.new_commune_id];
        placed(address, old, new, &self.country_code).or_none()
    }

    /// Who receives.
    fn addressee(&self) -> Option<Party> {
        let mut points = ContactPoints::default();
        let region = region(self.country_code.as_deref());
        points.phone_in(self.phone_number.as_deref(), PhoneSource::Own, region);
        party(None, self.full_name.as_deref(), points, self.read())
    }
}

impl model::Customer {
    /// The country that the addresses agree on.
    fn region(&self) -> &'static str {
        let mut codes =
            self.shop_customer_addresses.iter().filter_map(|address| address.country_code.as_deref());
        let Some(first) = codes.next() else { return region(None) };
        if codes.all(|code| code == first) { region(Some(first)) } else { region(None) }
    }

    fn add_address_phones(&self, points: &mut ContactPoints) {
        for address in &self.shop_customer_addresses {
            let region = region(address.country_code.as_deref());
            points.phone_in(address.phone_number.as_deref(), PhoneSource::Address, region);
        }
    }

    fn add_phones(&self, points: &mut ContactPoints, region: &str) {
        for (at, phone) in self.phone_numbers.iter().enumerate() {
            let source = if at == 0 { PhoneSource::Own } else { PhoneSource::Secondary };
            points.phone_in(Some(phone), source, region);
        }
    }

    fn add_emails(&self, points: &mut ContactPoints) {
        self.emails.iter().for_each(|email| points.email(Some(email)));
    }

    /// Whether this is the record that the shop rings walk-ins up on.
    fn is_walk_in(&self) -> bool {
        read_name(self.name.as_deref()).placeholder && self.phone_numbers.is_empty() && self.emails.is_empty()
    }

    fn aliases(&self) -> Vec<String> {
        self.customer_id.clone().filter(|other| Some(other) != self.id.as_ref()).into_iter().collect()
    }

    fn level_name(&self) -> Option<&str> {
        let level = self.level.as_ref()?;
        level.as_str().or_else(|| level.get("name")?.as_str())
    }
}

impl InShop for model::Customer {
    fn assume_currency(&mut self, currency: &str) {
        self.currency.get_or_insert_with(|| currency.to_owned());
    }
}

impl Row for model::Customer {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::default();
        self.add_phones(&mut draft.points, self.region());
        self.add_address_phones(&mut draft.points);
        self.add_emails(&mut draft.points);
        let unit = Unit::of(self.currency.as_deref());
        let record = &mut draft.record;
        record.aliases = self.aliases();
        record.groups = self.level_name().map(str::to_owned).into_iter().collect();
        record.addresses = self.shop_customer_addresses.iter().map(model::CustomerAddress::read).collect();
        // `1` and `2` were seen by one client, which does not say which is which.
        record.gender =
            match self.gender.as_deref().map(|gender| gender.trim().to_ascii_lowercase()).as_deref() {
                Some("male") => Some(Gender::Male),
                Some("female") => Some(Gender::Female),
                Some("other") => Some(Gender::Other),
                _ => None,
            };
        record.id = self.id.unwrap_or_default();
        record.birth_date = self.date_of_birth;
        let latest = self.notes.into_iter().max_by_key(|note| note.updated_at.or(note.created_at));
        record.note = latest.and_then(|note| note.message);
        record.tags = texts(self.tags);
        record.spent = unit.read(self.purchased_amount);
        record.order_count = self.order_count.and_then(|count| u64::try_from(count).ok());
        record.points = self.reward_point;
        record.debt = unit.read(self.current_debts);
        record.created_at = self.inserted_at;
        record.updated_at = self.updated_at;
        record.custom = flagged(custom, unit, self.currency);
        draft.name = self.name;
        draft.finish()
    }
}

/// The amounts of an order that are worked out.
struct Sums<'a> {
    /// The payment fields with their names.
    fields: Vec<(&'a str, Money)>,
    total: Option<Money>,
    /// What was paid before the carrier settled.
    so_far: Option<Money>,
    paid: Option<Money>,
    /// What the goods that came back were sold for.
    returned: Option<Money>,
}

impl model::Order {
    /// Whether this is the order that such an id asks for: by number the shop's running one alone, by text any of its names.
    pub(crate) fn is_named(&self, id: &str) -> bool {
        let names = [&self.id, &self.custom_id];
        self.key().as_deref() == Some(id)
            || (!is_number(id) && names.iter().any(|name| name.as_deref().map(str::trim) == Some(id)))
    }

    /// The name by which its database knows it for sure: a text that the order was given, else the number (?).
    pub(crate) fn address(&self) -> Option<String> {
        let text = clean_opt(self.id.as_deref()).filter(|id| !is_number(id));
        text.or_else(|| self.key())
    }

    fn unit(&self) -> Unit {
        Unit::of(self.order_currency.as_deref())
    }

    /// The payment fields with their names: every `charged_by_*`, those that nobody has seen yet as well.
    fn paid_fields(&self) -> Vec<(&str, Money)> {
        let unit = self.unit();
        let points = self.prepaid_by_point.as_ref().and_then(|points| points.money);
        let known = [
            ("prepaid", self.prepaid),
            ("transfer_money", self.transfer_money),
            ("cash", self.cash),
            ("charged_by_card", self.charged_by_card),
            ("charged_by_momo", self.charged_by_momo),
            ("charged_by_qrpay", self.charged_by_qrpay),
            ("prepaid_by_point", points),
        ];
        let others = self.extra.iter().filter(|(name, _)| name.starts_with(CHARGED));
        let others = others.map(|(name, value)| (name.as_str(), amount_in(value)));
        known
            .into_iter()
            .chain(others)
            .filter_map(|(name, amount)| Some((name, unit.read(amount)?)))
            .collect()
    }

    /// Payments through a gateway that no payment field shows, each id once: what succeeded counts before what did not.
    fn unshown_payments<'a>(
        &'a self,
        fields: &[(&str, Money)],
    ) -> impl Iterator<Item = &'a model::PurchasePayment> {
        let rows = &self.payment_purchase_histories;
        let told_elsewhere = |at: usize, row: &model::PurchasePayment| {
            let same = |other: &model::PurchasePayment| row.id.is_some() && other.id == row.id;
            let before = rows[..at].iter().any(|other| same(other) && other.succeeded() >= row.succeeded());
            before || rows[at + 1..].iter().any(|other| same(other) && other.succeeded() && !row.succeeded())
        };
        let is_shown = |kind: Option<&str>| {
            let of = |name: &str| Some(name.strip_prefix(CHARGED).unwrap_or(name)) == kind;
            fields.iter().any(|(name, amount)| of(name) && !amount.is_zero())
        };
        let shown: Vec<bool> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| is_shown(row.kind.as_deref()) || told_elsewhere(at, row))
            .collect();
        rows.iter().zip(shown).filter(|(_, shown)| !shown).map(|(row, _)| row)
    }

    /// What came in, before the carrier settled: the fields, and the gateways' payments beside them.
    fn came_in(&self, fields: &[(&str, Money)]) -> Option<(Money, Money)> {
        let unit = self.unit();
        let mut rows = self.unshown_payments(fields).filter(|row| row.succeeded()).peekable();
        if fields.is_empty() && rows.peek().is_none() {
            return None;
        }
        let beside = rows.filter_map(|row| unit.read(row.amount)).sum();
        Some((sum_of(fields), beside))
    }

    fn paid_so_far(&self, total: Option<Money>, came_in: Option<(Money, Money)>) -> Option<Money> {
        let Some((fields, beside)) = came_in else {
            // No payment field at all, and everything is still to be collected.
            let nothing_yet = total.is_some_and(|total| !total.is_zero() && self.to_collect() >= Some(total));
            return nothing_yet.then_some(Money::ZERO);
        };
        // A gateway's payment may stand in a field under another name: together they are no more than was owed.
        let most = total.map_or(fields + beside, |total| (fields + beside).min(total));
        Some(most.max(fields))
    }

    fn settled_at(&self) -> Option<OffsetDateTime> {
        self.partner.as_ref().and_then(|partner| partner.paid_at)
    }

    /// Whether the cash is in: the shop says so, or the carrier settled an order that did not come back.
    fn is_settled(&self) -> bool {
        self.status == Some(16) || (self.settled_at().is_some() && !matches!(self.status, Some(4..=7)))
    }

    /// The cash that is to be collected.
    fn to_collect(&self) -> Option<Money> {
        self.unit().read([self.cod, self.money_to_collect].into_iter().flatten().max())
    }

    fn grand_total(&self, lines: &[Line], came_in: Option<(Money, Money)>) -> Option<Money> {
        let computed = || {
            let zero = Money::ZERO;
            let shipping =
                if self.is_free_shipping == Some(true) { zero } else { self.shipping_fee.unwrap_or(zero) };
            let goods = self.total_price? - self.total_discount.unwrap_or(zero);
            Some(goods + shipping + self.surcharge.unwrap_or(zero) + self.tax.unwrap_or(zero))
        };
        let stated = self.unit().read(self.total_price_after_sub_discount.or_else(computed));
        // Shops that price their goods 0 put all the money into the cash to collect (L).
        let mut prices = lines.iter().filter_map(|line| line.unit_price).chain(self.total_price);
        if stated.is_some() && prices.any(|price| !price.is_zero()) {
            return stated;
        }
        let (fields, beside) = came_in.unwrap_or_default();
        let told = self.to_collect().map(|cash| cash + fields + beside);
        let by_carrier = || self.unit().read(self.partner.as_ref().and_then(|partner| partner.cod));
        told.filter(|told| !told.is_zero()).or_else(by_carrier).max(told).max(stated)
    }

    /// Whether a part came back: the carrier collects for the rest alone.
    fn is_partly_back(&self) -> bool {
        self.status == Some(15)
    }

    /// What the goods that came back were sold for: their part of the lines, less their part of the order's discount.
    fn came_back(&self, lines: &[Line]) -> Option<Money> {
        let unit = self.unit();
        let back = |line: &Line| {
            let (quantity, back) = (line.quantity?, line.returned_quantity?.min(line.quantity?));
            let part = line.total?.times(back).decimal().checked_div(quantity.decimal())?;
            Some(Money::new(part))
        };
        let back: Money = lines.iter().filter_map(back).sum();
        if back <= Money::ZERO {
            return None;
        }
        let goods: Money = lines.iter().filter_map(|line| line.total).sum();
        let discount = unit.read(self.total_discount).unwrap_or(Money::ZERO);
        let discounted = unit.read(self.total_price).map_or(goods, |all| all - discount);
        let sold = discounted.min(goods).max(Money::ZERO).decimal();
        let part = back.decimal().checked_mul(sold).and_then(|part| part.checked_div(goods.decimal()));
        Some(part.map_or(back, |part| Money::new(part.round_dp(unit.scale()))))
    }

    fn sums(&self, lines: &[Line]) -> Sums<'_> {
        let fields = self.paid_fields();
        let came_in = self.came_in(&fields);
        let total = self.grand_total(lines, came_in);
        let so_far = self.paid_so_far(total, came_in);
        let returned = self.came_back(lines);
        // What was owed in the end: of an order that came back in part, nothing for the goods that did.
        let back = returned.filter(|_| self.is_partly_back()).unwrap_or(Money::ZERO);
        let owed = total.map(|total| (total - back).max(Money::ZERO));
        let paid = if self.is_settled() { so_far.max(owed) } else { so_far };
        Sums { fields, total, so_far, paid, returned }
    }

    fn payment(&self, sums: &Sums<'_>) -> PaymentState {
        if self.is_settled() && !self.is_partly_back() {
            return PaymentState::new(PaymentCategory::Paid, None);
        }
        let state = PaymentState::from_amounts(sums.total, sums.paid);
        if self.status == Some(5) && state.category == PaymentCategory::Paid {
            // It was paid and came back; nobody says whether the money went back.
            return PaymentState::new(PaymentCategory::Unknown, None);
        }
        state
    }

    fn payments(&self, sums: &Sums<'_>) -> Vec<Payment> {
        let payment = |method: &str, amount: Money| Payment {
            method: Some(method.to_owned()),
            amount: Some(amount),
            valid: true,
            ..Payment::default()
        };
        let told = sums.fields.iter().filter(|(_, amount)| !amount.is_zero());
        let mut payments: Vec<Payment> = told.map(|(method, amount)| payment(method, *amount)).collect();
        // A gateway's payment that a field shows under another name is told, and is not paid once more.
        let mut open = sums.so_far.map_or(Money::ZERO, |paid| paid - sum_of(&sums.fields));
        for row in self.unshown_payments(&sums.fields) {
            let Some(amount) = self.unit().read(row.amount) else { continue };
            let counted = amount.min(open).max(Money::ZERO);
            let is_paid = row.succeeded() && !counted.is_zero();
            let amount = if is_paid { counted } else { amount };
            let mut tried = payment(row.kind.as_deref().unwrap_or("gateway"), amount);
            (tried.id, tried.paid_at, tried.valid) = (row.id.clone(), row.date, is_paid);
            if is_paid {
                open -= counted;
            }
            payments.push(tried);
        }
        // What the carrier settled: all that was not paid otherwise.
        if let (Some(at), Some(paid)) = (self.settled_at().filter(|_| self.is_settled()), sums.paid) {
            let mut cash = payment("cod", paid - sums.so_far.unwrap_or(Money::ZERO));
            cash.paid_at = Some(at);
            payments.extend(Some(cash).filter(|cash| cash.amount > Some(Money::ZERO)));
        }
        payments
    }

    /// When the order last took this status.
    fn reached(&self, status: i64) -> Option<OffsetDateTime> {
        let rows = self.status_history.iter().filter(|row| row.status == Some(status));
        rows.filter_map(|row| row.updated_at).max()
    }

    /// What the status says of the order and of its goods, and whether the carrier can say no more about these.
    fn stands(&self) -> (StatusCategory, FulfilmentCategory, bool) {
        use FulfilmentCategory as Goods;
        use StatusCategory::{
            Cancelled, Completed, Confirmed, Deleted, PartiallyReturned, Pending, Processing, Returned,
            Returning, Shipping, Unknown,
        };
        match self.status {
            // New, waiting for confirmation, waiting for stock.
            Some(0 | 17 | 11) => (Pending, Goods::Unfulfilled, false),
            Some(1) => (Confirmed, Goods::Unfulfilled, false),
            // Ordered from the supplier, to be printed, printed, being packed, waiting for the carrier.
            Some(20 | 12 | 13 | 8 | 9) => (Processing, Goods::Unfulfilled, false),
            Some(2) => (Shipping, Goods::Shipping, false),
            // Received, money collected.
            Some(3 | 16) => (Completed, Goods::Delivered, true),
            Some(4) => (Returning, Goods::Returning, true),
            Some(15) => (PartiallyReturned, Goods::Delivered, true),
            Some(5) => (Returned, Goods::Returned, true),
            Some(6) => (Cancelled, Goods::Unfulfilled, false),
            Some(7) => (Deleted, Goods::Unknown, false),
            _ => (Unknown, Goods::Unknown, false),
        }
    }

    /// The texts that the vendor calls the order by. A number is left out: it is, or may become, the key of another one.
    fn aliases(&self) -> Vec<String> {
        let key = self.key();
        let mut names: Vec<String> = Vec::new();
        for name in [&self.id, &self.custom_id].into_iter().filter_map(|name| clean_opt(name.as_deref())) {
            if Some(&name) != key.as_ref() && !is_number(&name) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn reference(&self) -> Option<String> {
        let own = || {
            let id = self.custom_id.as_deref().or(self.id.as_deref())?.trim();
            let named = self.custom_id.is_some() || !(is_number(id) || is_imported(id));
            named.then(|| reference_of_custom_id(id).unwrap_or_else(|| id.to_owned()))
        };
        let marked = self.note.as_deref().and_then(reference_in);
        marked.or_else(own).or_else(|| self.marketplace_id.clone())
    }

    fn buyer(&self, addressee: Option<&Party>) -> Option<Party> {
        let customer = self.customer.as_deref();
        let region =
            region(self.shipping_address.as_ref().and_then(|address| address.country_code.as_deref()));
        let mut points = ContactPoints::default();
        points.phone_in(self.bill_phone_number.as_deref(), PhoneSource::Own, region);
        points.email(self.bill_email.as_deref());
        let billed = read_name(self.bill_full_name.as_deref());
        let names_itself = billed.name.is_some() || points.has_key();
        let linked = customer.filter(|customer| !(customer.is_walk_in() && names_itself));
        if let Some(customer) = linked {
            if !points.phones.iter().any(|phone| phone.is_key) {
                customer.add_phones(&mut points, region);
            }
            // The only number of an order, where the recipient has none either.
            let theirs = addressee.iter().flat_map(|addressee| &addressee.phones);
            if !points.phones.iter().chain(theirs).any(|phone| phone.e164.is_some()) {
                customer.add_address_phones(&mut points);
            }
            if points.emails.is_empty() {
                customer.add_emails(&mut points);
            }
        }
        let own_name = linked.and_then(|customer| customer.name.as_deref());
        let name = match &self.bill_full_name {
            Some(name) if billed.name.is_some() || read_name(own_name).name.is_none() => Some(name.as_str()),
            _ => own_name,
        };
        let id = linked.and_then(|customer| customer.id.clone());
        let mut buyer = party(id, name, points, None)?;
        buyer.aliases = linked.map(model::Customer::aliases).unwrap_or_default();
        if let Some(addressee) = addressee.filter(|addressee| buyer.is_same_person(addressee)) {
            buyer.address.clone_from(&addressee.address);
        }
        Some(buyer)
    }

    fn delivery(&self, address: Option<Address>) -> Option<Delivery> {
        let partner = self.partner.as_ref();
        if partner.is_none() && address.is_none() {
            return None;
        }
        let unit = self.unit();
        let mut delivery =
            Delivery { cod: unit.read(self.cod.or(self.money_to_collect)), address, ..Delivery::default() };
        if let Some(partner) = partner {
            delivery.code = clean_opt(partner.extend_code.as_deref())
                .or_else(|| clean_opt(partner.order_number_vtp.as_deref()));
            delivery.carrier = clean_opt(partner.partner_name.as_deref());
            delivery.fee = unit.read(partner.total_fee.or(self.partner_fee));
            delivery.cod = unit.read(partner.cod).or(delivery.cod);
            delivery.status = clean_opt(partner.partner_status.as_deref());
        }
        Some(delivery)
    }
}

fn sum_of(fields: &[(&str, Money)]) -> Money {
    fields.iter().map(|(_, amount)| *amount).sum()
}

/// What the carrier's words mean; the list is open.
fn carried(status: &str) -> Option<FulfilmentCategory> {
    use FulfilmentCategory::{Delivered, Returned, Returning, Shipping, Unfulfilled};
    Some(match status.trim() {
        "request_received" | "picking_up" | "canceled" => Unfulfilled,
        "picked_up" | "on_the_way" | "out_for_delivery" => Shipping,
        "delivered" => Delivered,
        "waiting_for_return" | "returning" => Returning,
        "returned" => Returned,
        _ => return None,
    })
}

fn is_number(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// `C<digits>.<digits>`: the order came from an older system (L).
fn is_imported(id: &str) -> bool {
    id.strip_prefix('C')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(a, b)| is_number(a) && is_number(b))
}

fn line(from: model::Line, unit: Unit) -> Line {
    let info = from.variation_info.unwrap_or_default();
    let price = unit.read(info.retail_price);
    let whole = |one: Option<Money>| Some(one?.times(from.quantity?));
    let mut line = Line {
        id: from.id,
        product_id: from.product_id,
        variant_id: from.variation_id,
        sku: clean_opt(info.display_id.as_deref()),
        name: clean_opt(info.name.as_deref()).or_else(|| clean_opt(from.note_product.as_deref())),
        quantity: from.quantity,
        returned_quantity: from.returned_count.max(from.return_quantity),
        unit_price: price,
        ..Line::default()
    };
    let of_line = from.total_discount.filter(|discount| !discount.is_zero());
    let of_one = from.discount_each_product.filter(|discount| !discount.is_zero());
    line.discount = match (of_line, of_one) {
        (Some(discount), _) => unit.read(Some(discount)),
        (None, Some(percent)) if from.is_discount_percent == Some(true) => {
            let part = percent.decimal().checked_div(100.into());
            whole(price).zip(part).and_then(|(all, part)| all.decimal().checked_mul(part)).map(Money::new)
        }
        (None, Some(discount)) => whole(unit.read(Some(discount))),
        (None, None) => unit.read(from.total_discount.or(from.discount_each_product)),
    };
    line.total = whole(price).map(|all| all - line.discount.unwrap_or(Money::ZERO));
    line
}

/// The sum of the lines; absent when there are none, or one cannot be counted.
fn subtotal(lines: &[Line]) -> Option<Money> {
    if lines.is_empty() { None } else { lines.iter().map(|line| line.total).sum() }
}

impl InShop for model::Order {
    fn assume_currency(&mut self, currency: &str) {
        self.order_currency.get_or_insert_with(|| currency.to_owned());
    }
}

impl Row for model::Order {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }

    fn into_record(mut self, custom: Extra) -> OrderRecord {
        let unit = self.unit();
        let id = self.key().unwrap_or_default();
        let mut draft =
            OrderDraft::new(DocumentKind::Order, id, flagged(custom, unit, self.order_currency.clone()));
        let record = &mut draft.record;
        record.lines = std::mem::take(&mut self.items).into_iter().map(|item| line(item, unit)).collect();
        let sums = self.sums(&record.lines);
        record.subtotal = unit.read(self.total_price).or_else(|| subtotal(&record.lines));
        record.discount = unit.read(self.total_discount);
        record.shipping_fee = unit.read(self.shipping_fee);
        record.tax = unit.read(self.tax);
        record.total = sums.total;
        record.paid = sums.paid;
        record.returned = sums.returned;
        // Nobody owes for goods that came back.
        record.due = (self.is_settled() && self.is_partly_back()).then_some(Money::ZERO);
        record.currency = unit.currency;
        record.payment = self.payment(&sums);
        record.payments = self.payments(&sums);
        let (category, goods, is_final) = self.stands();
        let code = self.status.map(|code| code.to_string());
        record.status = OrderStatus::new(category, code, clean_opt(self.status_name.as_deref()));
        record.status.reason = clean_opt(self.returned_reason_name.as_deref());
        let word = self.partner.as_ref().and_then(|partner| partner.partner_status.as_deref());
        let by_carrier = word.and_then(carried).filter(|_| !is_final);
        record.fulfilment = Fulfilment::new(by_carrier.unwrap_or(goods), clean_opt(word));
        record.placed_at = self.inserted_at;
        record.updated_at = self.updated_at;
        match category {
            StatusCategory::Completed => {
                record.completed_at = self.reached(3).or_else(|| self.reached(16));
            }
            StatusCategory::Cancelled => record.cancelled_at = self.reached(6),
            _ => {}
        }
        record.recipient = self.shipping_address.as_ref().and_then(model::ShippingAddress::addressee);
        record.buyer = self.buyer(record.recipient.as_ref());
        let address = record.recipient.as_ref().and_then(|recipient| recipient.address.clone());
        record.delivery = self.delivery(address);
        record.aliases = self.aliases();
        record.reference = self.reference();
        let warehouse = self.warehouse_info.unwrap_or_default();
        record.branch = Reference::of(
            self.warehouse_id,
            clean_opt(warehouse.custom_id.as_deref()),
            clean_opt(warehouse.name.as_deref()),
        );
        let seller = self.assigning_seller.unwrap_or_default();
        record.seller =
            Reference::of(self.assigning_seller_id.or(seller.id), None, clean_opt(seller.name.as_deref()));
        // Only -1 is confirmed by several; shops use the other numbers as they please.
        let code = self.order_sources.as_deref().filter(|id| *id == "-1").map(|_| "facebook".to_owned());
        record.channel =
            Reference::of(self.order_sources, code, clean_opt(self.order_sources_name.as_deref()));
        record.code = self.display_id.or(self.id);
        record.note = self.note.map(|mut note| {
            note.truncate(without_marker(&note).len());
            note
        });
        record.tags = texts(self.tags);
        draft.finish()
    }
}

impl model::Variation {
    /// The product that this variation alone tells of.
    pub(crate) fn into_product(mut self) -> model::Product {
        let of = self.product.take().map(|product| *product).unwrap_or_default();
        model::Product {
            id: self.product_id.clone().or(of.id).or_else(|| self.id.clone()),
            name: of.name,
            // The flat list writes the stock keeping unit where products have a running number.
            custom_id: of.display_id,
            image: of.image,
            categories: of.categories,
            currency: self.currency.clone(),
            inserted_at: self.inserted_at,
            variations: vec![self],
            ..model::Product::default()
        }
    }

    fn is_gone(&self) -> bool {
        self.is_removed == Some(true)
    }

    fn is_off(&self) -> bool {
        self.is_gone() || self.is_hidden == Some(true) || self.is_locked == Some(true)
    }

    fn cost(&self) -> Option<Money> {
        self.average_imported_price.or(self.last_imported_price)
    }

    /// The variant of a product of this name.
    fn variant(&self, product: Option<&str>, unit: Unit) -> Option<Variant> {
        let values: Vec<String> =
            self.fields.iter().filter_map(|field| clean_opt(field.value.as_deref())).collect();
        let values = Some(values.join(" / ")).filter(|values| !values.is_empty());
        let variant = Variant {
            id: self.id.clone()?,
            sku: clean_opt(self.display_id.as_deref()).or_else(|| clean_opt(self.custom_id.as_deref())),
            barcode: clean_opt(self.barcode.as_deref()),
            name: match (clean_opt(product), values) {
                (Some(name), Some(values)) => Some(format!("{name} - {values}")),
                (name, values) => name.or(values),
            },
            price: unit.read(self.retail_price),
        };
        Some(variant)
    }
}

impl model::Product {
    /// The variations that are there.
    fn there(&self) -> impl Iterator<Item = &model::Variation> {
        self.variations.iter().filter(|variation| !variation.is_gone())
    }

    /// What the variations that are there agree on.
    fn agreed(&self, of: impl Fn(&model::Variation) -> Option<Money>) -> Option<Money> {
        let mut all = self.there().map(of);
        let first = all.next()??;
        all.all(|other| other == Some(first)).then_some(first)
    }

    fn stock(&self) -> Vec<StockLevel> {
        let mut levels: Vec<StockLevel> = Vec::new();
        for row in self.there().flat_map(|variation| &variation.variations_warehouses) {
            let (on_hand, reserved) = levels_of(row);
            let known = levels.iter_mut().find(|level| {
                level.branch.as_ref().and_then(|branch| branch.id.as_ref()) == row.warehouse_id.as_ref()
            });
            match known {
                Some(level) => {
                    level.on_hand = sum(level.on_hand, on_hand);
                    level.reserved = sum(level.reserved, reserved);
                }
                None => {
                    let mut level = StockLevel {
                        branch: Reference::of(row.warehouse_id.clone(), None, None),
                        ..StockLevel::default()
                    };
                    (level.on_hand, level.reserved) = (on_hand, reserved);
                    levels.push(level);
                }
            }
        }
        levels
    }

    fn active(&self) -> Option<bool> {
        let off = self.removed == Some(true) || self.is_hidden == Some(true) || self.is_locked == Some(true);
        if off {
            return Some(false);
        }
        let says = |variation: &model::Variation| {
            variation.is_hidden.is_some() || variation.is_locked.is_some() || variation.is_removed.is_some()
        };
        self.variations.iter().any(says).then(|| !self.variations.iter().all(model::Variation::is_off))
    }
}

impl InShop for model::Product {
    fn assume_currency(&mut self, currency: &str) {
        self.currency.get_or_insert_with(|| currency.to_owned());
    }
}

impl Row for model::Product {
    type Record = ProductRecord;

    /// The latest change of any variation: products carry no date of their own.
    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at.or_else(|| self.variations.iter().filter_map(|variation| variation.updated_at).max())
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        let unit = Unit::of(self.currency.as_deref());
        let mut draft = ProductDraft::default();
        let record = &mut draft.record;
        record.price = unit.read(self.agreed(|variation| variation.retail_price));
        record.cost = unit.read(self.agreed(model::Variation::cost));
        record.currency = unit.currency;
        let variant = |variation: &model::Variation| variation.variant(self.name.as_deref(), unit);
        record.variants = self.there().filter_map(variant).collect();
        record.stock = self.stock();
        record.active = self.active();
        record.updated_at = self.changed();
        record.deleted =
            self.removed == Some(true) || (!self.variations.is_empty() && self.there().next().is_none());
        if let [only] = self.variations.as_slice() {
            record.barcode.clone_from(&only.barcode);
        }
        if let Some(first) = self.categories.into_iter().next() {
            record.category = Reference::of(first.id, None, clean_opt(first.name.as_deref()));
        }
        for image in
            self.image.into_iter().chain(self.variations.into_iter().flat_map(|variation| variation.images))
        {
            if !record.images.contains(&image) {
                record.images.push(image);
            }
        }
        record.id = self.id.unwrap_or_default();
        record.name = self.name;
        record.code = self.custom_id.or(self.display_id);
        record.created_at = self.inserted_at;
        record.custom = flagged(custom, unit, self.currency);
        draft.finish()
    }
}

fn sum(one: Option<Quantity>, other: Option<Quantity>) -> Option<Quantity> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

/// On the shelf, and of these promised: `remain_quantity` is what is left to sell.
fn levels_of(row: &model::WarehouseStock) -> (Option<Quantity>, Option<Quantity>) {
    match (row.actual_remain_quantity, row.remain_quantity) {
        (Some(shelf), Some(left)) if shelf >= left => (Some(shelf), Some(shelf - left)),
        (shelf, left) => (left.or(shelf), None),
    }
}

impl InShop for model::Warehouse {}

impl Row for model::Warehouse {
    type Record = BranchRecord;

    fn into_record(self, _: Extra) -> BranchRecord {
        let mut points = ContactPoints::default();
        points.phone_in(self.phone_number.as_deref(), PhoneSource::Own, region(self.country_code.as_deref()));
        let address = Address {
            street: clean_opt(self.address.as_deref()),
            text: clean_opt(self.full_address.as_deref()),
            ..Address::default()
        };
        let (new_province, new_ward) = self.new_places();
        let old = [&self.province_id, &self.district_id, &self.commune_id];
        BranchRecord {
            address: placed(address, old, [&new_province, &new_ward], &self.country_code).or_none(),
            id: self.id.unwrap_or_default(),
            code: clean_opt(self.custom_id.as_deref()),
            name: clean_opt(self.name.as_deref()),
            phones: points.sorted().phones,
            ..BranchRecord::default()
        }
    }
}

impl InShop for model::User {}

impl Row for model::User {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let mut record = UserRecord {
            id: self.key().unwrap_or_default(),
            active: self.is_active,
            ..UserRecord::default()
        };
        let person = self.user.unwrap_or_default();
        let mut points = ContactPoints::default();
        points.phone(person.phone_number.as_deref(), PhoneSource::Own);
        points.email(person.email.as_deref());
        let points = points.sorted();
        record.name = clean_opt(person.name.as_deref());
        record.phones = points.phones;
        record.emails = points.emails;
        record
    }
}

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
