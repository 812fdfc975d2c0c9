//! Bad days: other types, empty things, unknown states, missing parts.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use pos_core::record::{
    CustomerRecord, Gender, Identity, OrderRecord, PaymentCategory, Record, StatusCategory,
};
use pos_core::{ErrorKind, Retry, Stream};
use pos_getfly::read_answer;
use serde_json::{Value, json};
use time::macros::{date, datetime};

fn customer(row: Value) -> CustomerRecord {
    let body = json!({"data": [row], "has_more": false}).to_string();
    let mut answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    match answer.page.records.remove(0) {
        Record::Customer(customer) => *customer,
        other => panic!("{other:?}"),
    }
}

fn order(row: Value) -> OrderRecord {
    let body = json!({"data": [row], "has_more": false}).to_string();
    let mut answer = read_answer(Stream::Orders, body.as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    match answer.page.records.remove(0) {
        Record::Order(order) => *order,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_member_that_cannot_be_read_costs_itself() {
    let read = customer(json!({
        "id": "7", "account_name": "Lê Thị Mẫu", "phone_office": 352000141, "email": ["a"], "birthday": "1990-02-31",
        "created_at": "0000-00-00 00:00:00", "updated_at": {"a": 1}, "contacts": "không", "custom_fields": [],
        "total_revenue": "rất nhiều", "account_type": {"1": "Sỉ"}, "account_type_details": "Sỉ", "country_id": "VN",
        "gender_detail": {"id": 2, "label": "Nữ"}, "logo": false,
    }));
    assert_eq!((read.id.as_str(), read.name.as_deref()), ("7", Some("Lê Thị Mẫu")));
    assert_eq!((read.birth_date, read.created_at, read.updated_at, read.spent), (None, None, None, None));
    assert_eq!((read.groups, read.gender), (vec!["Sỉ".to_owned()], Some(Gender::Female)));
    assert!(read.emails.is_empty());
    let body = json!({"data": [{"account_name": "ai đó"}, null, {"id": 8}, 7, {"id": {}}], "has_more": true})
        .to_string();
    let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
    assert_eq!((answer.page.records.len(), answer.page.rejected.len()), (1, 4));
    assert_eq!(answer.page.rejected[0].path, "data[0]");
    let body = json!({"data": [{"id": 9, "real_amount": "nhiều"}], "has_more": false}).to_string();
    let answer = read_answer(Stream::Orders, body.as_bytes()).unwrap();
    assert_eq!(answer.page.rejected[0].id.as_deref(), Some("9"), "an amount that is no number is no amount");
}

#[test]
fn both_spellings_of_an_id_are_one_id() {
    let read = customer(json!({"id": 7, "account_id": "7", "phone": "0352000141", "phone_office": ""}));
    assert_eq!(read.id, "7");
    assert_eq!(read.phones[0].e164.unwrap().to_string(), "+84352000141");
    let body = json!([{"account_id": "12", "account_name": "Lê Mẫu", "contacts": [{"contact_id": "3", "first_name": "Lê Mẫu", "phone_mobile": "0352000142"}]}]);
    let answer = read_answer(Stream::Customers, body.to_string().as_bytes()).unwrap();
    let Record::Customer(read) = &answer.page.records[0] else { panic!() };
    assert_eq!((read.id.as_str(), read.phones[0].is_key, answer.more), ("12", true, None));
}

#[test]
fn nobody_is_nobody_and_a_hidden_number_is_no_number() {
    let nobody = customer(json!({"id": 1, "account_name": "Khách lẻ", "contacts": [null, {}]}));
    assert_eq!((nobody.identity, nobody.name), (Identity::Nobody, None));
    let hidden = customer(json!({"id": 2, "account_name": "Lê Mẫu", "phone_office": "0912***123"}));
    assert!(!hidden.phones.iter().any(|phone| phone.is_key));
    // A tax code typed into the number is none.
    let code = customer(json!({"id": 3, "account_name": "CTY Mẫu", "phone_office": "MST: 0312345673"}));
    assert!(!code.phones.iter().any(|phone| phone.is_key));
    let person = customer(json!({"id": 4, "account_name": "Lê Mẫu", "phone_office": "0352000141",
        "contacts": [{"first_name": "Lê Mẫu", "phone_mobile": "0352000142", "email": "le.mau@example.com"}]}));
    assert!(person.phones.iter().all(|phone| phone.is_key) && person.emails[0].is_key, "a person's own");
    let firm = customer(
        json!({"id": 5, "account_name": "Công ty Mẫu", "contacts": [{"phone_mobile": "0352000142"}]}),
    );
    assert!(firm.phones[0].is_key, "the only number that reaches it");
}

#[test]
fn states_that_nobody_explained_are_unknown() {
    let category = |row: Value| order(row).status.category;
    assert_eq!(category(json!({"id": 1, "status": 3})), StatusCategory::Unknown);
    assert_eq!(category(json!({"id": 1, "status": "2"})), StatusCategory::Confirmed);
    assert_eq!(
        category(json!({"id": 1, "status": 2, "status_label": "Chờ duyệt lần 2"})),
        StatusCategory::Pending
    );
    assert_eq!(category(json!({"id": 1, "status": 9, "status_label": "Đã huỷ"})), StatusCategory::Cancelled);
    assert_eq!(
        category(json!({"id": 1, "status": 2, "status_label": "Đang chuyển"})),
        StatusCategory::Unknown
    );
    assert_eq!(category(json!({"id": 1})), StatusCategory::Unknown);
    let unknown = order(json!({"id": 1, "status": 7, "lading_status": "LOST"}));
    assert_eq!(
        (unknown.status.code.as_deref(), unknown.fulfilment.code.as_deref()),
        (Some("7"), Some("LOST"))
    );
}

#[test]
fn what_was_paid_decides_and_the_label_where_nothing_is_said() {
    let state = |row: Value| order(row).payment.category;
    use PaymentCategory::{Paid, PartiallyPaid, Unknown, Unpaid};
    for (row, category) in [
        (json!({"id": 1, "real_amount": 100, "f_amount": 0}), Unpaid),
        (json!({"id": 1, "real_amount": 100, "f_amount": "40"}), PartiallyPaid),
        (json!({"id": 1, "real_amount": 100, "f_amount": 100, "payment_status": "Chưa thanh toán"}), Paid),
        (json!({"id": 1, "real_amount": 100, "f_amount": 120}), Paid),
        (json!({"id": 1, "real_amount": 0, "f_amount": 0}), Unknown),
        (json!({"id": 1, "real_amount": 0, "f_amount": 0, "payment_status": "Chưa thanh toán"}), Unpaid),
        (json!({"id": 1, "real_amount": 100, "payment_status": "chưa thanh toán "}), Unpaid),
        (json!({"id": 1, "real_amount": 100, "payment_status": "Đã thanh toán"}), Unknown),
        (json!({"id": 1, "real_amount": 100, "payment_status": 1}), Unknown),
    ] {
        assert_eq!(state(row.clone()), category, "{row}");
    }
}

#[test]
fn parts_that_are_missing_are_told() {
    let bare = order(json!({"id": 1, "order_code": "DH1", "real_amount": 5}));
    assert!(bare.incomplete && bare.lines.is_empty() && bare.subtotal.is_none() && bare.buyer.is_none());
    let empty = order(json!({"id": 1, "real_amount": 0, "order_details": [null, {"product_name": "Quà"}]}));
    assert!(!empty.incomplete);
    assert_eq!((empty.lines.len(), empty.lines[0].name.as_deref()), (1, Some("Quà")));
    let fees = order(json!({"id": 1, "real_amount": 170, "transport_amount": 20, "installation_amount": 50,
        "order_details": [{"quantity": "2", "price": "50"}]}));
    assert_eq!((fees.shipping_fee, fees.subtotal), (Some(20.into()), Some(150.into())));
    let other_day = order(json!({"id": 1, "order_date": "2026-01-31", "created_at": "2026-02-03 08:23:40"}));
    assert_eq!((other_day.placed_at, other_day.placed_on), (None, Some(date!(2026 - 01 - 31))));
    let late = order(json!({"id": 1, "order_date": "2026-02-03", "created_at": "2026-02-03 00:23:40"}));
    assert_eq!(late.placed_at, Some(datetime!(2026-02-02 17:23:40 UTC)), "the day of Viet Nam");
    let guest = order(json!({"id": 1, "contact_name": "Lê Mẫu", "contact_phone": "0352000141"}));
    let buyer = guest.buyer.unwrap();
    assert_eq!((buyer.id, buyer.phones[0].is_key, guest.contact), (None, true, None));
    let ours = order(json!({"id": 1, "order_code": "CRM-o_2f7"}));
    assert_eq!(ours.reference.as_deref(), Some("o/7"));
}

#[test]
fn what_is_no_answer_is_an_error() {
    for body in
        ["", "<html>", "null", "\"a\"", "[[\"a\"]]", "[1,2]", "{\"data\":\"a\"}", "{\"data\":[1]}", "{"]
    {
        match read_answer(Stream::Customers, body.as_bytes()) {
            Err(error) => {
                assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff), "{body}")
            }
            Ok(answer) => assert!(answer.page.records.is_empty(), "{body}"),
        }
    }
    let marked = "\u{feff} {\"data\": [{\"id\": 7}], \"has_more\": 1, \"limited\": \"20\"}";
    let answer = read_answer(Stream::Customers, marked.as_bytes()).unwrap();
    assert_eq!((answer.page.records.len(), answer.more), (1, Some(true)));
    let counted =
        r#"{"records":[{"account_id":"7"}],"pagination":{"page":"2","total_record":"51","total_page":2}}"#;
    let answer = read_answer(Stream::Customers, counted.as_bytes()).unwrap();
    assert_eq!((answer.page.total, answer.more), (Some(51), Some(false)));
}
