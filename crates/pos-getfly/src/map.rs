//! Vendor structs to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Account**: a firm where it has a tax code or the name of one, else a person. The persons in a firm (`contacts`) are kept
//!   with it, and their numbers recognise it only where it has none of its own; those of a person's account are that person's.
//! - **Order**: the buyer is the account. The person on the order gives the buyer a name where the order tells no name of the
//!   account, and their numbers are the document's.
//! - **Total** is `real_amount`, whatever the parts add up to: fees are inside of it that the row does not tell.
//! - **Status**: the label decides, the code only where there is none. What neither explains is unknown.
//! - **Payment**: `f_amount` is what came in; the label counts where that is absent.

use pos_core::kit::{CustomerDraft, OrderDraft, ProductDraft, Row, party};
use pos_core::record::{
    Address, ContactPoints, CustomerKind, CustomerRecord, Delivery, DocumentContact, DocumentKind, Extra,
    Fulfilment, FulfilmentCategory, Gender, Line, Money, OrderRecord, OrderStatus, Party, Payment,
    PaymentCategory, PaymentState, PhoneSource, PlaceCodes, ProductRecord, Reference, StatusCategory,
    UserRecord, clean_opt,
};
use time::{OffsetDateTime, Time};

use crate::mark::{PLACES, reference_in};
use crate::model;

fn id(id: Option<i64>) -> Option<String> {
    id.map(|id| id.to_string())
}

/// A label as it can be compared: marks of tone stand on either vowel in "hủy", and some systems write them apart.
pub(crate) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).filter_map(bare).collect()
}

/// A Vietnamese letter without its marks; the marks by themselves are nothing.
fn bare(letter: char) -> Option<char> {
    Some(match letter {
        '\u{300}'..='\u{36f}' => return None,
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ' | 'ẫ'
        | 'ậ' => 'a',
        'đ' => 'd',
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ' => 'e',
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị' => 'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở' | 'ỡ'
        | 'ợ' => 'o',
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' => 'u',
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ' => 'y',
        other => other,
    })
}

/// How names of firms begin, without marks.
const FIRMS: [&str; 9] = [
    "cong ty",
    "cty",
    "c.ty",
    "tong cong ty",
    "tap doan",
    "doanh nghiep",
    "dntn",
    "hop tac xa",
    "chi nhanh cong ty",
];

fn is_firm(name: Option<&str>, tax_code: Option<&str>) -> bool {
    let digits = tax_code.unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    let name = folded(name.unwrap_or_default().trim_start());
    matches!(digits, 10 | 13) || FIRMS.iter().any(|firm| name.starts_with(firm))
}

impl model::Contact {
    /// The whole name stands in `first_name`; where it was split, the family name stands there, as people say it.
    pub fn full_name(&self) -> Option<String> {
        match (clean_opt(self.first_name.as_deref()), clean_opt(self.last_name.as_deref())) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (first, last) => first.or(last),
        }
    }
}

impl model::Account {
    /// Whether it is a firm.
    pub fn is_firm(&self) -> bool {
        is_firm(self.account_name.as_deref(), self.sic_code.as_deref())
    }

    /// Everything that reaches it, its own first.
    pub(crate) fn points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.phone_office.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        let is_firm = self.is_firm();
        let has_phone = points.phones.iter().any(|phone| phone.is_key);
        let has_email = points.emails.iter().any(|email| email.is_key);
        let (phones, emails) = (points.phones.len(), points.emails.len());
        for contact in &self.contacts {
            points.phone(contact.phone_mobile.as_deref(), PhoneSource::Secondary);
            points.phone(contact.phone_home.as_deref(), PhoneSource::Secondary);
            points.email(contact.email.as_deref());
        }
        // Somebody in a firm may buy elsewhere, and is not the firm.
        for phone in points.phones.iter_mut().skip(phones).filter(|_| is_firm && has_phone) {
            phone.is_key = false;
        }
        for email in points.emails.iter_mut().skip(emails).filter(|_| is_firm && has_email) {
            email.is_key = false;
        }
        points
    }

    fn place(&self) -> Option<Address> {
        let codes = [self.province_id, self.district_id, self.ward_id].map(id);
        let [province, district, ward] = codes.each_ref().map(Option::as_deref);
        let address = Address {
            street: clean_opt(self.billing_address_street.as_deref()),
            province: clean_opt(self.province_name.as_deref()),
            district: clean_opt(self.district_name.as_deref()),
            ward: clean_opt(self.ward_name.as_deref()),
            ..Address::default()
        };
        let mut address = address.with_codes(PLACES, PlaceCodes::new(province, district, ward)).or_none()?;
        address.country = clean_opt(self.country_name.as_deref());
        address.is_default = true;
        Some(address)
    }

    /// The names of its groups; their ids where the names were not asked for.
    fn groups(&self) -> Vec<String> {
        if !self.account_type_details.is_empty() {
            return self.account_type_details.iter().filter_map(|group| group.label.clone()).collect();
        }
        let ids = self.account_type.as_deref().unwrap_or_default().split(',').map(str::trim);
        ids.filter(|id| !matches!(*id, "" | "0")).map(str::to_owned).collect()
    }

    /// What a company's code of gender means is said by its label alone.
    fn gender(&self) -> Option<Gender> {
        let label = self.gender_detail.iter().find_map(|label| label.label.as_deref());
        match folded(label.or(self.gender.as_deref())?.trim()).as_str() {
            "nam" | "male" | "anh" => Some(Gender::Male),
            "nu" | "female" | "chi" => Some(Gender::Female),
            _ => None,
        }
    }
}

impl Row for model::Account {
    type Record = CustomerRecord;

    /// Rows in the shape of line v3 tell none, and when they were made says nothing of it.
    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.to_string(), custom);
        draft.points = self.points();
        let record = &mut draft.record;
        record.kind = if self.is_firm() { CustomerKind::Company } else { CustomerKind::Person };
        record.addresses = self.place().into_iter().collect();
        record.groups = self.groups();
        record.gender = self.gender();
        record.birth_date = self.birthday;
        record.code = self.account_code;
        record.tax_code = self.sic_code;
        record.note = self.description;
        record.spent = self.total_revenue;
        record.created_at = self.created_at;
        record.updated_at = self.updated_at;
        draft.name = self.account_name;
        draft.finish()
    }
}

/// What a label means, where it says one of the words that are known.
fn labelled(label: &str, code: Option<&str>) -> StatusCategory {
    let label = folded(label);
    let words: Vec<&str> = label.split(|letter: char| !letter.is_alphanumeric()).collect();
    let says = |word: &str| words.contains(&word);
    if says("huy") {
        return StatusCategory::Cancelled;
    }
    let refuses = says("khong") || label.contains("tu choi");
    match (says("duyet"), says("cho") || says("chua")) {
        // That the company refused it counts where the code says so, too.
        _ if refuses => code.map(coded).filter(|is| *is == StatusCategory::Cancelled).unwrap_or_default(),
        (true, true) => StatusCategory::Pending,
        (true, false) => StatusCategory::Confirmed,
        (false, _) => StatusCategory::Unknown,
    }
}

/// The codes that are known (D)(C:1).
fn coded(code: &str) -> StatusCategory {
    match code.trim() {
        "1" => StatusCategory::Pending,
        "2" => StatusCategory::Confirmed,
        "5" => StatusCategory::Cancelled,
        _ => StatusCategory::Unknown,
    }
}

/// The one label of a payment that is documented, without marks.
const UNPAID: &str = "chua thanh toan";

impl model::Order {
    fn status(&self) -> OrderStatus {
        let (code, label) = (clean_opt(self.status.as_deref()), clean_opt(self.status_label.as_deref()));
        let category = match (&label, &code) {
            (Some(label), code) => labelled(label, code.as_deref()),
            (None, Some(code)) => coded(code),
            (None, None) => StatusCategory::Unknown,
        };
        OrderStatus::new(category, code, label)
    }

    fn payment(&self) -> PaymentState {
        let label = clean_opt(self.payment_status.as_deref());
        let is_unpaid = label.as_deref().is_some_and(|label| folded(label) == UNPAID);
        let nothing = Money::ZERO;
        let category = match (self.real_amount, self.f_amount) {
            (_, None) if is_unpaid => PaymentCategory::Unpaid,
            // Nothing is owed and nothing came: nobody says what that is, unless the label does.
            (Some(total), Some(paid)) if total.is_zero() && paid.is_zero() => {
                if is_unpaid {
                    PaymentCategory::Unpaid
                } else {
                    PaymentCategory::Unknown
                }
            }
            (_, Some(paid)) if paid <= nothing => PaymentCategory::Unpaid,
            (Some(total), Some(paid)) if paid < total => PaymentCategory::PartiallyPaid,
            (Some(_), Some(_)) => PaymentCategory::Paid,
            _ => PaymentCategory::Unknown,
        };
        PaymentState::new(category, label)
    }

    /// Of the states of a parcel only that it waits for a carrier is known.
    fn fulfilment(&self) -> Fulfilment {
        let code = clean_opt(self.lading_status.as_deref());
        let category = match code.as_deref() {
            Some("ASSIGNING") => FulfilmentCategory::Unfulfilled,
            _ => FulfilmentCategory::Unknown,
        };
        Fulfilment::new(category, code)
    }

    fn buyer(&self) -> (Option<Party>, DocumentContact) {
        let (mut points, mut others) = (ContactPoints::default(), ContactPoints::default());
        points.phone(self.account_phone.as_deref(), PhoneSource::Own);
        points.email(self.account_email.as_deref());
        let of_contact = if self.account_id.is_some() { &mut others } else { &mut points };
        of_contact.phone(self.contact_phone.as_deref(), PhoneSource::Own);
        of_contact.email(self.contact_email.as_deref());
        let address =
            Address { street: clean_opt(self.account_address.as_deref()), ..Address::default() }.or_none();
        let name =
            clean_opt(self.account_name.as_deref()).or_else(|| clean_opt(self.contact_name.as_deref()));
        let buyer = party(id(self.account_id), name.as_deref(), points, address);
        let is_buyers = |number: &pos_core::record::Phone| {
            let known = buyer.iter().flat_map(|buyer| &buyer.phones);
            known.into_iter().any(|known| known.e164.is_some() && known.e164 == number.e164)
        };
        let is_buyers_mail = |email: &pos_core::record::Email| {
            buyer.iter().flat_map(|buyer| &buyer.emails).any(|known| known.address == email.address)
        };
        let others = others.sorted();
        let contact = DocumentContact {
            phones: others.phones.into_iter().filter(|phone| !is_buyers(phone)).collect(),
            emails: others.emails.into_iter().filter(|email| !is_buyers_mail(email)).collect(),
        };
        (buyer, contact)
    }

    /// The moment of the sale. Rows with days only are known by their midnight; a day that is not the day on which the row was
    /// made is a day only.
    fn placed(&self) -> (Option<OffsetDateTime>, Option<time::Date>) {
        let made = self.created_at.map(pos_core::lenient::in_vietnam);
        match (made.filter(|at| at.time() != Time::MIDNIGHT), self.order_date) {
            (Some(at), Some(day)) if at.date() == day => (self.created_at, None),
            (Some(_), None) => (self.created_at, None),
            (_, Some(day)) => (None, Some(day)),
            (None, None) => (None, made.map(OffsetDateTime::date)),
        }
    }

    /// Whether the code is the one that we gave to this reference.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.order_code.as_deref().is_some_and(|own| own.trim() == code)
    }
}

fn line(from: model::Line) -> Line {
    let mut line = Line::default();
    let whole = from.origin_amount.or_else(|| Some(from.price?.times(from.quantity?)));
    line.total = from.amount.or_else(|| Some(whole? - from.cash_discount.unwrap_or_default()));
    // The percent and the money of a line are one discount, told twice.
    line.discount = whole.zip(line.total).map(|(whole, total)| whole - total);
    line.unit_price = from.price;
    line.quantity = from.quantity;
    line.tax = from.vat_amount;
    line.id = id(from.id);
    line.product_id = id(from.product_id);
    line.sku = clean_opt(from.product_code.as_deref());
    line.name = clean_opt(from.product_name.as_deref());
    line
}

/// What is paid beside the goods: a line without a product.
fn fee(name: &str, amount: Money) -> Line {
    Line {
        name: Some(name.to_owned()),
        quantity: Some(1.into()),
        unit_price: Some(amount),
        discount: Some(Money::ZERO),
        total: Some(amount),
        ..Line::default()
    }
}

fn payment(from: &model::Payment) -> Payment {
    let midnight = |day: time::Date| day.midnight().assume_offset(pos_core::lenient::VIETNAM);
    Payment {
        id: id(from.id),
        method: None,
        amount: from.amount,
        paid_at: from.pay_date.map(midnight),
        valid: true,
    }
}

impl Row for model::Order {
    type Record = OrderRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }

    fn into_record(self, custom: Extra) -> OrderRecord {
        let kind = if self.is_repay == Some(true) { DocumentKind::Return } else { DocumentKind::Order };
        let mut draft = OrderDraft::new(kind, self.id.to_string(), custom);
        let record = &mut draft.record;
        let amount = |money: Option<Money>| match kind {
            DocumentKind::Return => money.map(Money::abs),
            _ => money,
        };
        record.status = self.status();
        record.payment = self.payment();
        record.fulfilment = self.fulfilment();
        (record.placed_at, record.placed_on) = self.placed();
        record.updated_at = self.updated_at;
        let (buyer, contact) = self.buyer();
        (record.buyer, record.contact) = (buyer, Some(contact));
        record.branch = Reference::of(id(self.store_id), None, None);
        record.seller =
            Reference::of(id(self.assigned_user), None, clean_opt(self.assigned_user_name.as_deref()));
        record.reference = self.order_code.as_deref().and_then(reference_in);
        record.incomplete = self.order_details.is_none() || self.real_amount.is_none();
        let has_lines = self.order_details.is_some();
        record.lines = self.order_details.unwrap_or_default().into_iter().map(line).collect();
        let installation = self.installation_amount.filter(|fee| !fee.is_zero());
        record.lines.extend(installation.map(|amount| fee("Phí lắp đặt", amount)));
        let totals = record.lines.iter().map(|line| line.total.unwrap_or_default());
        record.subtotal = has_lines.then(|| totals.sum()).filter(|_| !record.lines.is_empty());
        record.discount = amount(self.discount_amount);
        record.shipping_fee = amount(self.transport_amount);
        record.tax = amount(self.vat_amount);
        record.total = amount(self.real_amount);
        record.paid = amount(self.f_amount);
        record.payments = self.payments.iter().map(payment).collect();
        let (code, status) =
            (clean_opt(self.lading_code.as_deref()), clean_opt(self.lading_status.as_deref()));
        record.delivery =
            (code.is_some() || status.is_some()).then(|| Delivery { code, status, ..Delivery::default() });
        record.code = self.order_code;
        draft.finish()
    }
}

impl Row for model::Product {
    type Record = ProductRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.updated_at
    }

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut draft = ProductDraft::new(self.id.to_string(), custom);
        let record = &mut draft.record;
        record.code = self.product_code;
        record.name = self.product_name;
        record.category = Reference::of(id(self.category_id), None, None);
        record.price = self.cover_price;
        record.cost = self.price_average_in;
        record.images = self.featured_image.into_iter().chain(self.images).collect();
        record.images.dedup();
        record.created_at = self.created_at;
        record.updated_at = self.updated_at;
        draft.finish()
    }
}

impl Row for model::User {
    type Record = UserRecord;

    fn into_record(self, _: Extra) -> UserRecord {
        let mut points = ContactPoints::default();
        points.phone(self.contact_mobile.as_deref(), PhoneSource::Own);
        points.email(self.email.as_deref());
        let points = points.sorted();
        UserRecord {
            id: self.id.to_string(),
            code: clean_opt(self.user_name.as_deref()),
            name: clean_opt(self.contact_name.as_deref()),
            phones: points.phones,
            emails: points.emails,
            ..UserRecord::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_decides_in_either_spelling() {
        use StatusCategory::{Cancelled, Confirmed, Pending, Unknown};
        for (label, category) in [
            ("Chờ duyệt", Pending),
            ("CHỜ DUYỆT", Pending),
            ("Chưa duyệt", Pending),
            ("Đã duyệt", Confirmed),
            ("Đã duye\u{323}\u{302}t", Confirmed),
            ("Đã hủy", Cancelled),
            ("Đã huỷ", Cancelled),
            ("Đã hu\u{309}y", Cancelled),
            ("Hủy duyệt", Cancelled),
            ("Không duyệt", Unknown),
            ("Đang chuyển hàng", Unknown),
            ("", Unknown),
        ] {
            assert_eq!(labelled(label, Some("2")), category, "{label}");
        }
        assert_eq!(labelled("Không duyệt", Some("5")), Cancelled);
        for (code, category) in
            [("1", Pending), ("2", Confirmed), ("5", Cancelled), ("3", Unknown), ("0", Unknown)]
        {
            assert_eq!(coded(code), category, "{code}");
        }
    }

    #[test]
    fn firms_are_known_by_tax_code_or_name() {
        for (name, code, is) in [
            ("Công ty TNHH Gió Thử", None, true),
            ("CTY CP Mẫu", None, true),
            ("Nguyễn Văn Mẫu", Some("0100000099"), true),
            ("Nguyễn Văn Mẫu", Some("0100000099-001"), true),
            ("Nguyễn Văn Mẫu", Some(""), false),
            ("Cty", None, true),
            ("Công Tằng Mẫu", None, false),
        ] {
            assert_eq!(is_firm(Some(name), code), is, "{name}");
        }
    }
}
