//! Inputs that were once read wrong, and others of their kinds.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::HeaderMap;
use pos_core::record::{CustomerRecord, Money, OrderRecord, Phone, Record};
use pos_core::webhook::{WebhookRequest, hex, hmac_sha256};
use pos_core::{Secret, WebhookVerifier};
use pos_kiotviet::{Stream, Webhooks, read_answer};
use serde_json::{Value, json};
use time::OffsetDateTime;

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

fn rows(stream: Stream, rows: Value) -> Vec<Record> {
    let body = json!({ "total": 1, "pageSize": 100, "data": rows }).to_string();
    let page = read_answer(stream, body.as_bytes()).unwrap().page;
    assert!(page.rejected.is_empty(), "{:?}", page.rejected);
    page.records
}

fn customer(row: Value) -> CustomerRecord {
    let Record::Customer(customer) = rows(Stream::Customers, json!([row])).remove(0) else { panic!() };
    *customer
}

fn invoice(row: Value) -> OrderRecord {
    let Record::Order(order) = rows(Stream::Invoices, json!([row])).remove(0) else { panic!() };
    *order
}

fn keys(phones: &[Phone]) -> Vec<String> {
    phones.iter().filter(|phone| phone.is_key).filter_map(|phone| Some(phone.e164?.to_string())).collect()
}

#[test]
fn the_end_of_the_last_year_is_absent_and_nobody_is_rejected() {
    for late in ["9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.9999999-00:01"] {
        let hoa = customer(json!({ "id": 1, "name": "Hoa", "createdDate": late, "modifiedDate": late }));
        assert_eq!((hoa.created_at, hoa.updated_at), (None, None), "{late}");
        let sale = invoice(json!({ "id": 1, "total": 5, "purchaseDate": late, "createdDate": late,
            "payments": [{ "id": 1, "amount": 5, "transDate": late }] }));
        assert_eq!((sale.placed_at, sale.paid), (None, money(5)), "{late}");
    }
}

#[test]
fn empty_amounts_are_nothing_and_grouped_ones_are_read() {
    for nothing in [json!({}), json!([])] {
        let hoa = customer(json!({ "id": 1, "name": "Hoa", "debt": nothing, "totalRevenue": nothing }));
        assert_eq!((hoa.debt, hoa.spent), (None, None), "{nothing}");
        let sale = invoice(json!({ "id": 1, "total": 5, "discount": nothing, "totalPayment": nothing }));
        assert_eq!((sale.total, sale.paid), (money(5), None), "{nothing}");
    }
    for text in ["1.250.000", "1,250,000"] {
        let sale = invoice(json!({ "id": 1, "total": text, "totalPayment": text }));
        assert_eq!((sale.total, sale.paid), (money(1_250_000), money(1_250_000)), "{text}");
    }
}

#[test]
fn amounts_that_no_mapping_needs_cost_themselves() {
    customer(json!({ "id": 1, "totalInvoiced": "x", "totalPoint": "x" }));
    invoice(json!({ "id": 1, "invoiceOrderSurcharges": [{ "price": "x", "surValue": "x" }] }));
    rows(Stream::Returns, json!([{ "id": 1, "returnFee": "x" }]));
    rows(
        Stream::Products,
        json!([{ "id": 1, "units": [{ "basePrice": "x" }], "priceBooks": [{ "price": "x" }] }]),
    );
    let body =
        json!({ "data": [{ "id": 1, "code": {}, "invoiceDetails": [null, { "price": "x" }] }] }).to_string();
    let page = read_answer(Stream::Invoices, body.as_bytes()).unwrap().page;
    assert_eq!(
        page.rejected[0].path, "data[0].invoiceDetails[1].price",
        "what costs the row, where it stands"
    );
}

#[test]
fn of_two_spellings_the_first_that_says_something_counts() {
    let body = fixture("kv_two_spellings.json");
    let mut headers = HeaderMap::new();
    let signature = format!("sha1={}", hex(&hmac_sha256(b"test-secret-f4f1", &body)));
    headers.insert("x-hub-signature", signature.parse().unwrap());
    let hooks = Webhooks::new([Secret::from("test-secret-f4f1")]);
    let request = WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH);
    let delivery = hooks.parse(&hooks.verify(&request).unwrap()).unwrap();
    assert_eq!(delivery.rejected, []);
    let told: Vec<_> = delivery
        .events
        .iter()
        .map(|event| {
            let Some(Record::Customer(customer)) = &event.record else { panic!("{event:?}") };
            (customer.id.as_str(), customer.name.as_deref(), keys(&customer.phones))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("5", Some("B"), vec!["+84912000123".to_owned()]),
            ("6", Some("C"), vec!["+84912000124".to_owned()]),
            ("7", Some("D"), vec!["+84912000125".to_owned()]),
        ]
    );
    let page = |body: &str| read_answer(Stream::Customers, body.as_bytes()).unwrap().page;
    assert_eq!(page(r#"{"Data":[],"data":[{"id":1}],"total":1,"pageSize":100}"#).records.len(), 1);
    assert_eq!(page(r#"{"data":[{"id":1}],"Data":null,"Total":null,"total":1}"#).total, Some(1));
    assert_eq!(page(r#"{"data":[],"removedIds":[5],"RemovedIds":[],"pageSize":1}"#).removed, ["5"]);
}

#[test]
fn the_number_in_a_name_is_kept_where_there_is_no_other() {
    for name in ["0905550199", "Hoa 0905550199"] {
        assert_eq!(keys(&customer(json!({ "id": 1, "name": name })).phones), ["+84905550199"], "{name}");
        let sale = invoice(json!({ "id": 4, "total": 1, "customerId": 5, "customerName": name }));
        assert_eq!(keys(&sale.buyer.unwrap().phones), ["+84905550199"], "{name}");
    }
    let hoa = customer(json!({ "id": 1, "name": "Hoa 0905550199", "subNumber": "0912000123" }));
    assert_eq!(keys(&hoa.phones), ["+84912000123"]);
}

#[test]
fn a_tax_code_that_lost_its_zero_is_the_same_tax_code() {
    for tax_code in [json!("0312345673"), json!(312_345_673)] {
        let firm =
            customer(json!({ "id": 7, "name": "Thử", "contactNumber": "0312345673", "taxCode": tax_code }));
        assert_eq!((firm.phones[0].is_key, firm.phones[0].doubtful), (false, true), "{tax_code}");
    }
}

#[test]
fn a_separator_behind_a_double_province_separates_nothing() {
    let place = |location: &str| {
        let address =
            customer(json!({ "id": 1, "address": "1 Phố", "locationName": location })).addresses.remove(0);
        (address.province, address.district)
    };
    assert_eq!(place("Bà Rịa - Vũng Tàu - "), (Some("Bà Rịa - Vũng Tàu".to_owned()), None));
    let both = (Some("Bà Rịa - Vũng Tàu".to_owned()), Some("Huyện Đất Đỏ".to_owned()));
    assert_eq!(place("Bà Rịa - Vũng Tàu - Huyện Đất Đỏ"), both);
}
