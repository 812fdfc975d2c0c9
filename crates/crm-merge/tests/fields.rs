//! The fields of a contact: addresses in their parts, and what earlier releases kept as lines.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

mod common;

use common::*;
use crm_merge::{
    Batch, ChangeSet, Contact, ContactId, Edit, FIELDS, FieldKind, LinkRules, Policy, Rules, field, one_line,
};
use pos_core::identity::SubjectId;
use pos_core::record::{Address, CustomerRecord, PlaceCodes};
use serde_json::{Value, json};

const LINE: &str = "12 Phố Mẫu, Phường Cống Vị, Quận Ba Đình, Hà Nội";

fn home() -> Address {
    let address = Address {
        id: Some("9".into()),
        is_default: true,
        name: Some("Lan Mẫu".into()),
        phone: Some("0912 000 123".into()),
        street: Some("12 Phố Mẫu".into()),
        ward: Some("Phường Cống Vị".into()),
        district: Some("Quận Ba Đình".into()),
        province: Some("Hà Nội".into()),
        ..Address::default()
    };
    address.with_codes("demo", PlaceCodes::new(Some("HN"), None, Some("17")))
}

fn lan(id: &str, minute: i64) -> CustomerRecord {
    CustomerRecord { addresses: vec![home()], ..customer(id, "Lan", "0912000123", "", minute) }
}

fn line_of(text: &str) -> Address {
    Address { text: Some(text.into()), ..Address::default() }
}

/// A record of the shop, seen at a minute.
fn see(crm: &mut Crm, record: CustomerRecord, minute: i64, rules: &Rules) -> ChangeSet {
    crm.apply(&Batch::new(shop(), vec![record.into()]).with_seen_at(at(minute)), rules)
}

/// The contacts as an earlier release kept them.
fn aged(crm: &mut Crm) {
    for contact in crm.contacts.values_mut() {
        let lines: Vec<Value> = contact.addresses().iter().filter_map(one_line).map(Value::from).collect();
        if let Some(field) = contact.fields.get_mut("addresses") {
            field.value = lines.into();
        }
    }
}

#[test]
fn the_table_is_found_by_name() {
    assert!(FIELDS.is_sorted_by_key(|field| field.name));
    for one in &FIELDS {
        assert_eq!(field(one.name).map(|found| found.name), Some(one.name));
    }
    assert!(field("segment").is_none());
    let names = |wanted: fn(&&crm_merge::Field) -> bool| -> Vec<&str> {
        FIELDS.iter().filter(wanted).map(|field| field.name).collect()
    };
    assert_eq!(names(|field| field.kind.is_list()), ["addresses", "emails", "groups", "phones", "tags"]);
    assert_eq!(
        names(|field| field.is_pushed),
        ["addresses", "birth_date", "emails", "gender", "name", "note", "phones", "tags"]
    );
    assert_eq!(
        names(|field| !field.is_default),
        ["branch_id", "code", "debt", "order_count", "points", "raw_name", "spent"]
    );
}

#[test]
fn an_address_is_kept_in_its_parts() {
    let mut crm = Crm::default();
    crm.take(&shop(), [lan("1", 1).into()], &rules_with(Policy::Skip));
    let contact = crm.only();
    assert_eq!(
        contact.fields["addresses"].value,
        json!([{
            "street": "12 Phố Mẫu", "ward": "Phường Cống Vị", "district": "Quận Ba Đình", "province": "Hà Nội",
            "codes": {"demo": {"province": "HN", "ward": "17"}}
        }]),
        "whose it is and the vendor's id stay with the record"
    );
    let [kept] = contact.addresses().try_into().unwrap();
    assert_eq!((one_line(&kept).as_deref(), kept.codes_of("demo").ward.as_deref()), (Some(LINE), Some("17")));
}

#[test]
fn a_contact_of_an_earlier_release_is_read_and_left_alone() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    see(&mut crm, lan("1", 1), 1, &rules);
    aged(&mut crm);
    assert_eq!(crm.only().fields["addresses"].value, json!([LINE]));
    assert_eq!(crm.only().addresses(), [line_of(LINE)]);

    // Nothing new, and a record that says nothing new about the contact though the contact is made anew.
    let again = see(&mut crm, lan("1", 1), 2, &rules);
    assert!(again.contacts.is_empty() && again.subjects.is_empty() && again.audit.is_empty(), "{again:?}");
    let spent = CustomerRecord { order_count: Some(7), ..lan("1", 1) };
    let again = see(&mut crm, spent, 3, &rules);
    assert_eq!(again.subjects.len(), 1);
    assert!(again.contacts.is_empty() && again.audit.is_empty(), "{again:?}");

    // What does change takes the address along; it is no change of the address, and the shop is told nothing.
    let noted = CustomerRecord { note: Some("VIP".into()), order_count: Some(7), ..lan("1", 1) };
    let changed = see(&mut crm, noted, 4, &rules);
    let audit = serde_json::to_value(&changed.audit).unwrap();
    assert_eq!(audit, json!([{"what": "updated", "contact": "c:kiotviet/cuahangmau/1", "fields": ["note"]}]));
    assert_eq!(crm.only().addresses()[0].ward.as_deref(), Some("Phường Cống Vị"));
    assert!(crm.subjects.values().all(|subject| subject.unsent.is_empty()));
}

#[test]
fn another_form_of_an_address_is_no_news_for_the_other_shop() {
    let link = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    let rules = rules_of(link);
    let mut crm = Crm::default();
    crm.take(&shop(), [lan("1", 1).into()], &rules);
    crm.take(&haravan(), [lan("2", 2).into()], &rules);
    aged(&mut crm);
    let noted = CustomerRecord { note: Some("VIP".into()), ..lan("2", 5) };
    crm.take(&haravan(), [noted.into()], &rules);
    let unsent = |id: SubjectId| crm.subjects[&id].unsent.iter().cloned().collect::<Vec<_>>();
    assert_eq!(unsent(SubjectId::customer(&shop(), "1")), ["note"]);
    assert_eq!(unsent(SubjectId::customer(&haravan(), "2")), [""; 0]);
    assert_eq!(crm.only().addresses().len(), 1, "one line, one address");

    // Other parts are another address, and go out.
    let mut moved = lan("2", 9);
    moved.note = Some("VIP".into());
    moved.addresses[0].street = Some("14 Phố Mẫu".into());
    crm.take(&haravan(), [moved.into()], &rules);
    let unsent = &crm.subjects[&SubjectId::customer(&shop(), "1")].unsent;
    assert!(unsent.contains("addresses"), "{unsent:?}");
}

#[test]
fn what_a_person_types_is_read_by_the_kind_of_the_field() {
    let at = at(3);
    let typed = |field: &str, value: Value| {
        let contact = Contact::host_made("crm-7", at).with_typed(field, value, at);
        contact.fields[field].value.clone()
    };
    let line = json!([{"text": LINE}]);
    assert_eq!(typed("addresses", json!(format!("  {LINE} "))), line);
    assert_eq!(typed("addresses", json!([LINE, LINE, " ", 7])), line);
    let parts = json!({"street": "12 Phố Mẫu", "province": "Hà Nội", "codes": {"demo": {"province": "HN"}}});
    assert_eq!(typed("addresses", parts.clone()), json!([parts]));
    assert_eq!(typed("addresses", json!([{"id": "4", "is_default": true}])), json!([]), "nowhere");
    assert_eq!(typed("birth_date", json!("1992-03-14T00:00:00")), "1992-03-14");
    assert_eq!(typed("birth_date", json!("spring")), "spring");
    assert_eq!(typed("segment", json!({"a": [1]})), json!({"a": [1]}));

    let edit = |value: Value| Edit::new(ContactId::new("crm-7"), at).with_field("addresses", value);
    assert_eq!(edit(json!([LINE, parts])).unreadable(), None);
    for lost in [json!(""), json!([LINE, {"street": 7}]), json!(7)] {
        assert_eq!(edit(lost.clone()).unreadable(), Some(("addresses", "postal address")), "{lost}");
    }
    assert_eq!(FieldKind::Text.expected(), None);
}

#[test]
fn a_typed_line_and_the_same_parts_are_one_address() {
    let link = LinkRules {
        policy: Policy::Review,
        field_policies: [("phones".to_owned(), Policy::Overwrite)].into(),
        ..LinkRules::default()
    };
    let rules = rules_of(link);
    let mut crm = Crm::default();
    let typed = Contact::host_made("crm-7", at(0))
        .with_typed("name", "Lan", at(0))
        .with_typed("phones", json!(["0912000123"]), at(0))
        .with_typed("addresses", LINE, at(0));
    let keys = crm_merge::host_keys(&typed, &rules);
    crm.host_keys.insert(typed.id.clone(), keys);
    crm.contacts.insert(typed.id.clone(), typed);
    let changes = crm.take(&shop(), [lan("1", 1).into()], &rules);
    assert!(
        changes.conflicts.iter().all(|conflict| conflict.field != "addresses"),
        "{:?}",
        changes.conflicts
    );
    let [kept] = crm.only().addresses().try_into().unwrap();
    assert_eq!(kept.district.as_deref(), Some("Quận Ba Đình"), "the parts take the place of the line");
    assert_eq!(crm.only().typed["addresses"].value, json!([{"text": LINE}]), "what was typed stays");
}
