//! What a customer's fields become: numbers that are the record's own tax code or personal id, stand-in mailboxes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;

use pos_core::Account;
use pos_core::entity::{Customer, Moments, Order, Totals, party};
use pos_core::identity::{EmailRules, IdentityResolver, IdentityRules, Key, Subject, SubjectId, read_emails};
use pos_core::record::{
    ContactPoints, CustomerRecord, DocumentContact, DocumentKind, Identity, OrderStatus, Party, PaymentState,
    Phone, PhoneSource,
};

/// A customer as a host may have it.
#[derive(Default)]
struct Row {
    name: &'static str,
    phones: Vec<(&'static str, PhoneSource)>,
    tax_code: Option<&'static str>,
    identity_number: Option<&'static str>,
}

impl Customer for Row {
    fn id(&self) -> Cow<'_, str> {
        "1".into()
    }
    fn raw_name(&self) -> Option<&str> {
        Some(self.name)
    }
    fn contact_points(&self) -> ContactPoints {
        let mut points = ContactPoints::default();
        for (phone, source) in &self.phones {
            points.phone(Some(phone), *source);
        }
        points
    }
    fn tax_code(&self) -> Option<&str> {
        self.tax_code
    }
    fn identity_number(&self) -> Option<&str> {
        self.identity_number
    }
}

fn own(phone: &'static str) -> Row {
    Row { name: "Công ty Thử", phones: vec![(phone, PhoneSource::Own)], ..Row::default() }
}

fn keys(record: &CustomerRecord) -> Vec<String> {
    let key = |phone: &Phone| phone.e164.filter(|_| phone.is_key).map(|e164| e164.to_string());
    record.phones.iter().filter_map(key).collect()
}

#[test]
fn the_own_tax_code_is_kept_and_is_no_key() {
    for tax_code in [
        "0312345673",
        "0312345673-001",
        "0312345673001",
        " 03 12345673",
        "MST 0312345673",
        "312345673",
        "312345673001",
    ] {
        for phone in ["0312345673", "312345673", "+84312345673", "0312.345.673"] {
            let record = Row { tax_code: Some(tax_code), ..own(phone) }.to_record();
            assert_eq!(record.phones[0].e164.unwrap().to_string(), "+84312345673", "{phone} {tax_code}");
            assert!(record.phones[0].doubtful && !record.phones[0].is_key, "{phone} {tax_code}");
        }
    }
    // The old form of a mobile number can be one too (Tiền Giang).
    let record = Row { tax_code: Some("1201234560"), ..own("1201234560") }.to_record();
    assert_eq!((record.phones[0].is_key, record.phones[0].migrated), (false, true));
    // No tax code, another one, or one with a wrong check digit.
    for tax_code in [None, Some(""), Some("0312345672"), Some("0100109106"), Some("0912000123")] {
        let record = Row { tax_code, ..own("0312345673") }.to_record();
        assert_eq!(keys(&record), ["+84312345673"], "{tax_code:?}");
    }
    let record = Row { tax_code: Some("0312345672"), ..own("0312345672") }.to_record();
    assert_eq!(keys(&record), ["+84312345672"]);
}

#[test]
fn another_number_of_the_record_takes_its_place() {
    let mut row = Row { tax_code: Some("0312345673"), ..own("0312345673") };
    row.phones.push(("0912000123", PhoneSource::DefaultAddress));
    row.phones.push(("0987000456", PhoneSource::Address));
    let record = row.to_record();
    assert_eq!(keys(&record), ["+84912000123"]);
    assert_eq!(record.phones[0].source, PhoneSource::DefaultAddress);
    assert_eq!(record.phones.len(), 3);
    row.phones.insert(0, ("0987000789", PhoneSource::Own));
    assert_eq!(keys(&row.to_record()), ["+84987000789"]);
    // Nothing but a tax code behind no name is nobody.
    let nobody = Row { name: "Khách lẻ", tax_code: Some("0312345673"), ..own("0312345673") }.to_record();
    assert_eq!(nobody.identity, Identity::Nobody);
    // One field says it twice, another beyond doubt.
    let mut row = own("084305012345");
    assert!(keys(&row.to_record()).is_empty());
    row.phones.push(("0305012345", PhoneSource::Secondary));
    assert_eq!(keys(&row.to_record()), ["+84305012345"]);
}

#[test]
fn the_own_personal_id_is_kept_and_is_no_key() {
    for (id, phone, is_key) in [
        ("341234567", "341234567", false),
        ("341 234 567", "341234567", false),
        ("341234567", "0341234567", true),
        ("0341234567", "0341234567", true),
        ("084305012345", "084305012345", false),
    ] {
        let record = Row { identity_number: Some(id), ..own(phone) }.to_record();
        assert_eq!(record.phones[0].is_key, is_key, "{id} {phone}");
    }
}

#[test]
fn a_personal_id_that_lost_its_zero_is_the_same_id() {
    for phone in ["084305012345", "84305012345"] {
        for id in ["084305012345", "84305012345"] {
            let record = Row { identity_number: Some(id), ..own(phone) }.to_record();
            assert!(record.phones[0].doubtful && !record.phones[0].is_key, "{phone} {id}");
        }
    }
    // A number that somebody typed into both fields is a number.
    for number in ["0912000123", "84912000123", "912000123"] {
        let record = Row { identity_number: Some("84912000123"), ..own(number) }.to_record();
        assert_eq!(keys(&record), ["+84912000123"], "{number}");
    }
}

#[test]
fn the_number_in_a_name_is_kept_where_there_is_no_other() {
    let named = |name, phones| Row { name, phones, ..Row::default() }.to_record();
    for name in [
        "0905550199",
        "905550199",
        "Hoa 0905550199",
        "Hoa - 0905.550.199",
        "Hoa (+84 905 550 199)",
        "84905550199 Hoa",
    ] {
        for phones in [vec![], vec![("", PhoneSource::Own)], vec![("không có", PhoneSource::Own)]] {
            let record = named(name, phones);
            assert_eq!(keys(&record), ["+84905550199"], "{name}");
            assert_eq!((record.identity, record.raw_name.as_deref()), (Identity::Person, Some(name)));
        }
    }
    for other in [("0912000123", PhoneSource::Own), ("0912000123", PhoneSource::Address)] {
        let record = named("Hoa 0905550199", vec![other]);
        assert_eq!(record.phones.len(), 1, "there is another number");
        assert_eq!(record.phones[0].raw, "0912000123");
    }
    for name in
        ["Hoa 905550199", "KH900000123", "Hoa 1990", "H** 0905550199", "Hoa MST 0312345673", "", "Hoa 2 / 3"]
    {
        assert!(named(name, vec![]).phones.is_empty(), "{name}");
    }
    let record = Row { tax_code: Some("0312345673"), name: "Thử 0312345673", ..Row::default() }.to_record();
    assert!(record.phones[0].doubtful && keys(&record).is_empty(), "it is the tax code");
}

/// A document of somebody who buys and somebody who receives.
#[derive(Default)]
struct Sale {
    buyer: Option<Party>,
    recipient: Option<Party>,
    contact: Option<DocumentContact>,
}

impl Order for Sale {
    fn id(&self) -> Cow<'_, str> {
        "1".into()
    }
    fn kind(&self) -> DocumentKind {
        DocumentKind::Order
    }
    fn status(&self) -> OrderStatus {
        OrderStatus::default()
    }
    fn payment(&self) -> PaymentState {
        PaymentState::default()
    }
    fn totals(&self) -> Totals {
        Totals::default()
    }
    fn moments(&self) -> Moments {
        Moments::default()
    }
    fn buyer(&self) -> Option<Party> {
        self.buyer.clone()
    }
    fn recipient(&self) -> Option<Party> {
        self.recipient.clone()
    }
    fn contact(&self) -> Option<DocumentContact> {
        self.contact.clone()
    }
}

#[test]
fn the_only_number_of_a_document_is_kept_also_where_it_stands_in_a_name() {
    let somebody = |id: Option<&str>, name: &str, phone: &str| {
        let mut points = ContactPoints::default();
        points.phone(Some(phone), PhoneSource::Own);
        party(id.map(str::to_owned), Some(name), points, None)
    };
    let numbers = |party: &Party| keys_of(&party.phones);
    let alone = |buyer| Sale { buyer, ..Sale::default() }.to_record().buyer.unwrap();
    assert_eq!(numbers(&alone(somebody(Some("5"), "0905550199", ""))), ["+84905550199"]);
    assert_eq!(numbers(&alone(somebody(None, "Hoa 0905550199", ""))), ["+84905550199"]);
    // The number of a field is better, also where the recipient has it.
    let both = Sale {
        buyer: somebody(None, "Hoa 0905550199", ""),
        recipient: somebody(None, "Hoa 0905550199", "0912000123"),
        contact: None,
    };
    let record = both.to_record();
    assert_eq!((numbers(&record.buyer.unwrap()), record.recipient), (vec!["+84912000123".to_owned()], None));
    let contact = DocumentContact {
        phones: somebody(None, "", "0912000123").unwrap().phones,
        ..DocumentContact::default()
    };
    let on_document =
        Sale { buyer: somebody(Some("5"), "Hoa 0905550199", ""), recipient: None, contact: Some(contact) };
    assert!(on_document.to_record().buyer.unwrap().phones.is_empty());
    // Somebody else has a number of their own, and each has one name.
    let others = Sale {
        buyer: somebody(Some("5"), "Hoa 0905550199", ""),
        recipient: somebody(None, "Bình 0987000456", ""),
        contact: None,
    };
    let record = others.to_record();
    assert_eq!(numbers(&record.buyer.unwrap()), ["+84905550199"]);
    assert_eq!(numbers(&record.recipient.unwrap()), ["+84987000456"]);
    let mut nobody = somebody(None, "Hoa 0905550199", "").unwrap();
    nobody.identity = Identity::Nobody;
    assert!(alone(Some(nobody)).phones.is_empty());
}

fn keys_of(phones: &[Phone]) -> Vec<String> {
    phones.iter().filter(|phone| phone.is_key).filter_map(|phone| Some(phone.e164?.to_string())).collect()
}

#[test]
fn doubt_is_kept_with_the_record() {
    let record = Row { tax_code: Some("0312345673"), ..own("0312345673") }.to_record();
    let text = serde_json::to_string(&record.phones[0]).unwrap();
    assert!(text.contains(r#""doubtful":true"#), "{text}");
    assert_eq!(serde_json::from_str::<Phone>(&text).unwrap(), record.phones[0]);
    let plain = serde_json::to_string(&own("0912000123").to_record().phones[0]).unwrap();
    assert!(!plain.contains("doubtful"), "{plain}");
}

#[test]
fn people_with_one_stand_in_stay_apart() {
    let scenario: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/standin_email.json")).unwrap();
    let mut resolver = IdentityResolver::new(IdentityRules::default()).unwrap();
    let mut people = 0;
    for row in
        scenario["steps"].as_array().unwrap().iter().flat_map(|step| step["body"]["data"].as_array().unwrap())
    {
        let mut points = ContactPoints::default();
        points.phone(row["contactNumber"].as_str(), PhoneSource::Own);
        points.email(row["email"].as_str());
        let mut subject =
            Subject::new(SubjectId::customer(&Account::new("kiotviet", "1"), &row["id"].to_string()));
        subject.keys.extend(
            points
                .phones
                .iter()
                .filter(|phone| phone.is_key)
                .filter_map(|phone| Some(Key::Phone(phone.e164?))),
        );
        for email in points.emails.iter().filter_map(|email| email.address.as_deref()) {
            let read = read_emails(email, &EmailRules::default()).emails;
            subject.keys.extend(read.into_iter().filter_map(|email| email.key.map(Key::Email)));
        }
        resolver.upsert(subject);
        people += 1;
    }
    assert_eq!((people, resolver.groups().len()), (7, 7));
}
