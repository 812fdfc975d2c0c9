//! Bad days: other types, empty things, unknown states, missing parts.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Tables, database, ok, server, shop};
use pos_core::record::{
    CustomerRecord, DocumentKind, Identity, OrderRecord, PaymentCategory, Record, StatusCategory,
};
use pos_core::{Connector, ErrorKind, ListQuery, Retry, Stream};
use pos_odoo::read_answer;
use serde_json::{Value, json};

fn customer(row: Value) -> CustomerRecord {
    let answer = read_answer(Stream::Customers, json!([row]).to_string().as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    match answer.page.records.into_iter().next() {
        Some(Record::Customer(customer)) => *customer,
        _ => panic!("no customer"),
    }
}

fn order(row: Value) -> OrderRecord {
    let answer = read_answer(Stream::Orders, json!([row]).to_string().as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    match answer.page.records.into_iter().next() {
        Some(Record::Order(order)) => *order,
        _ => panic!("no order"),
    }
}

#[test]
fn a_member_of_another_type_costs_itself() {
    let odd = customer(
        json!({"id": "7", "name": ["x"], "phone": 912345001, "email": true, "parent_id": "x", "category_id": "x",
                              "is_company": "yes", "write_date": "gestern", "street": {"a": 1}, "child_ids": {}}),
    );
    assert_eq!((odd.id.as_str(), odd.name.as_deref(), odd.emails.len()), ("7", None, 0));
    assert_eq!(odd.phones[0].e164.unwrap().to_string(), "+84912345001");
    assert_eq!(odd.updated_at, None);
}

#[test]
fn a_row_without_an_id_or_with_an_amount_that_is_none_is_rejected_alone() {
    let body = r#"[{"id":1,"name":"S1","amount_total":"x"},{"name":"S2"},{"id":0,"name":"S3"},null,{"id":4,"name":"S4","amount_total":5.0}]"#;
    let answer = read_answer(Stream::Orders, body.as_bytes()).unwrap();
    let rejected: Vec<_> =
        answer.page.rejected.iter().map(|why| (why.id.as_deref(), why.path.as_str())).collect();
    assert_eq!(rejected[0], (Some("1"), "[0].amount_total"));
    assert!(answer.page.records.iter().any(|record| record.id() == "4"), "the others are not harmed");
    assert!(answer.page.records.iter().all(|record| record.id() != "2"));
}

#[test]
fn a_state_that_nobody_explained_stays_unknown_with_its_code() {
    let odd = order(json!({"id": 1, "name": "S1", "state": "to_approve", "amount_total": 5.0}));
    assert_eq!(
        (odd.status.category, odd.status.code.as_deref()),
        (StatusCategory::Unknown, Some("to_approve"))
    );
    let till = order(
        json!({"id": 1, "name": "/", "pos_reference": "260-1", "session_id": [1, "/"], "state": "held", "amount_total": 5.0}),
    );
    assert_eq!((till.status.category, till.code.as_deref()), (StatusCategory::Unknown, Some("260-1")));
    // In a secondary field it is no news.
    let odd = order(
        json!({"id": 1, "name": "S1", "state": "sale", "delivery_status": "teleported", "amount_total": 5.0}),
    );
    assert_eq!(
        (odd.status.category, odd.fulfilment.code.as_deref()),
        (StatusCategory::Confirmed, Some("teleported"))
    );
}

#[test]
fn invoiced_is_a_state_of_old_tills_and_done_one_of_old_orders() {
    let till = order(
        json!({"id": 1, "name": "A", "session_id": [1, "/"], "state": "invoiced", "amount_total": 5.0, "amount_paid": 5.0}),
    );
    assert_eq!(
        (till.status.category, till.payment.category),
        (StatusCategory::Completed, PaymentCategory::Paid)
    );
    assert_eq!(
        order(json!({"id": 1, "name": "S1", "state": "done"})).status.category,
        StatusCategory::Confirmed
    );
}

#[test]
fn a_walk_in_is_nobody_unless_a_number_was_left() {
    let sale = |mobile: &str| {
        order(
            json!({"id": 1, "name": "A", "session_id": [1, "/"], "partner_id": false, "state": "paid", "amount_total": 5.0,
                     "mobile": mobile, "email": ""}),
        )
    };
    assert_eq!(sale("").buyer, None);
    let buyer = sale("0909 000 444").buyer.unwrap();
    assert_eq!((buyer.id, buyer.phones[0].e164.unwrap().to_string()), (None, "+84909000444".to_owned()));
}

#[test]
fn a_firms_tax_code_typed_into_a_phone_field_is_no_key() {
    let firm = customer(
        json!({"id": 1, "name": "Công ty", "is_company": true, "vat": "0312345673", "phone": "0312345673"}),
    );
    assert!(firm.phones.iter().all(|phone| !phone.is_key));
    let guest = customer(json!({"id": 1, "name": "Khách lẻ"}));
    assert_eq!(guest.identity, Identity::Nobody);
}

#[test]
fn two_addresses_in_one_field_are_two() {
    let both = customer(json!({"id": 1, "name": "Lan", "email": "A@X.example.vn , b@y.example.vn"}));
    let read: Vec<_> = both.emails.iter().filter_map(|email| email.address.as_deref()).collect();
    assert_eq!(read.len(), 2, "{read:?}");
}

#[test]
fn a_free_gift_and_a_line_that_takes_something_off_add_up() {
    let line = |id: i64, price: f64, percent: f64, net: f64| {
        json!({"id": id, "order_id": [1, "S1"], "sequence": id, "display_type": false, "product_id": [id, "x"], "product_uom_qty": 1.0,
               "price_unit": price, "discount": percent, "price_subtotal": net, "price_tax": 0.0})
    };
    let tables = Tables::from([
        (
            "sale.order",
            vec![
                json!({"id": 1, "name": "S1", "state": "sale", "amount_untaxed": 90000.0, "amount_tax": 0.0,
                                   "amount_total": 90000.0, "order_line": [1, 2, 3], "invoice_ids": []}),
            ],
        ),
        (
            "sale.order.line",
            vec![
                line(1, 100000.0, 0.0, 100000.0),
                line(2, 80000.0, 100.0, 0.0),
                line(3, -10000.0, 0.0, -10000.0),
            ],
        ),
    ]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let read = runtime
        .block_on(async { shop(&database(tables).0).get_document(DocumentKind::Order, "1").await.unwrap() });
    assert_eq!(
        (read.lines.len(), read.subtotal, read.discount),
        (2, Some(100_000.into()), Some(10_000.into()))
    );
    assert_eq!(read.total, Some(90_000.into()));
    assert_eq!(read.lines[1].discount, Some(80_000.into()));
}

#[test]
fn an_invoice_that_was_undone_unpaid_counts_as_nothing_on_both_sides() {
    let invoice = |id: i64, kind: &str, state: &str, of: Value| {
        json!({"id": id, "move_type": kind, "state": "posted", "payment_state": state, "amount_total": 100000.0,
               "amount_residual": 0.0, "reversed_entry_id": of})
    };
    let paid = |moves: Vec<Value>| {
        let ids: Vec<Value> = moves.iter().map(|one| one["id"].clone()).collect();
        let tables = Tables::from([
            (
                "sale.order",
                vec![
                    json!({"id": 1, "name": "S1", "state": "sale", "amount_total": 100000.0, "order_line": [], "invoice_ids": ids}),
                ],
            ),
            ("account.move", moves),
        ]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            shop(&database(tables).0).get_document(DocumentKind::Order, "1").await.unwrap()
        })
    };
    let undone = paid(vec![
        invoice(1, "out_invoice", "reversed", json!(false)),
        invoice(2, "out_refund", "paid", json!([1, "x"])),
    ]);
    assert_eq!(
        (undone.paid, undone.refunded, undone.payment.category),
        (Some(0.into()), None, PaymentCategory::Unpaid)
    );
    let back = paid(vec![
        invoice(1, "out_invoice", "paid", json!(false)),
        invoice(2, "out_refund", "not_paid", json!([1, "x"])),
    ]);
    assert_eq!(back.payment.category, PaymentCategory::Refunded);
    let mut draft = invoice(1, "out_invoice", "not_paid", json!(false));
    draft["state"] = json!("draft");
    assert_eq!(paid(vec![draft]).paid, Some(0.into()), "a draft is no invoice");
}

#[tokio::test]
async fn a_list_that_comes_in_another_order_or_again_ends_with_an_error() {
    for rows in [r#"[{"id":2,"name":"b"},{"id":1,"name":"a"}]"#, r#"[{"id":3,"name":"a"}]"#] {
        let fake = server(move |_| ok(rows));
        let shop = shop(&fake);
        let first = shop.list_users(&ListQuery::default()).await;
        let error = match first {
            Ok(page) => shop.list_users(&ListQuery::default().with_cursor(page.next)).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, Retry::Backoff));
    }
}

#[test]
fn a_number_in_the_plan_of_another_country_is_read_there() {
    let row = json!({"id": 1, "name": "Ann", "phone": "(415) 555-0132", "country_id": [233, "United States"], "parent_id": false,
                     "type": "contact", "child_ids": []});
    let tables = Tables::from([
        ("res.partner", vec![row]),
        ("res.country", vec![json!({"id": 233, "name": "United States", "code": "US"})]),
    ]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let read = runtime.block_on(async { shop(&database(tables).0).get_customer("1").await.unwrap() });
    assert_eq!(read.phones[0].e164.unwrap().to_string(), "+14155550132");
}
