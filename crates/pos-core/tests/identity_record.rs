//! What a customer's fields become: numbers that are the record's own tax code or personal id, stand-in mailboxes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;

use pos_core::entity::Customer;
use pos_core::identity::{EmailRules, IdentityResolver, IdentityRules, Key, Subject, SubjectId, read_emails};
use pos_core::record::{ContactPoints, CustomerRecord, Identity, Phone, PhoneSource};

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
    for tax_code in ["0312345673", "0312345673-001", "0312345673001", " 03 12345673", "MST 0312345673"] {
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
        let mut subject = Subject::new(SubjectId::customer("kiotviet", "1", &row["id"].to_string()));
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
