//! Kinds of orders that were read wrong once: each amount to the dong.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::record::{Money, OrderRecord, PaymentCategory, Record, StatusCategory};
use pos_pancake::{Stream, read_answer};
use serde_json::{Value, json};
use time::macros::datetime;

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

fn orders(body: &[u8]) -> Vec<OrderRecord> {
    let answer = read_answer(Stream::Orders, body).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    let order = |record| if let Record::Order(order) = record { Some(*order) } else { None };
    answer.page.records.into_iter().filter_map(order).collect()
}

/// The order of a case, changed.
fn case(name: &str, change: impl FnOnce(&mut Value)) -> OrderRecord {
    let mut body: Value = serde_json::from_slice(&fixture(name)).unwrap();
    change(&mut body["data"][0]);
    orders(body.to_string().as_bytes()).remove(0)
}

fn order(row: Value) -> OrderRecord {
    orders(json!({ "data": [row] }).to_string().as_bytes()).remove(0)
}

fn numbers(phones: &[pos_core::record::Phone]) -> Vec<String> {
    phones.iter().filter_map(|phone| Some(phone.e164?.to_string())).collect()
}

#[test]
fn a_byte_order_mark_hides_neither_rows_nor_a_refusal() {
    let marked = |body: &str| [b"\xef\xbb\xbf", body.as_bytes()].concat();
    for body in [
        r#"{"data":[{"id":"1","name":"Hoa"}]}"#,
        r#"{"data":{"id":"1","name":"Hoa"}}"#,
        r#"{"id":"1","name":"Hoa"}"#,
        r#"[{"id":"1","name":"Hoa"}]"#,
    ] {
        let answer = read_answer(Stream::Customers, &marked(body)).unwrap();
        assert_eq!(answer.page.records.len(), 1, "{body}");
    }
    let refused = marked(r#"{"success":false,"message":"x"}"#);
    assert_eq!(read_answer(Stream::Customers, &refused).unwrap_err().kind(), pos_core::ErrorKind::Rejected);
    let response = pos_core::http::Response::new(200, Default::default(), refused);
    let error = pos_pancake::classify(&response).into_error().unwrap();
    assert_eq!((error.kind(), error.vendor_message()), (pos_core::ErrorKind::Rejected, Some("x")));
}

#[test]
fn what_stands_beside_the_rows_costs_no_page() {
    for name in ["total_entries", "page_number", "page_size", "total_pages"] {
        for odd in [json!({}), json!([1]), json!("x"), json!(true), json!(-1)] {
            let mut body = json!({ "data": [{ "id": "1", "name": "Hoa" }], "page_number": 1, "page_size": 30,
                "total_pages": 2, "total_entries": 31 });
            body[name] = odd.clone();
            let answer = read_answer(Stream::Customers, body.to_string().as_bytes()).unwrap();
            assert_eq!(answer.page.records.len(), 1, "{name}: {odd}");
            let total = (name != "total_entries").then_some(31);
            assert_eq!(answer.page.total, total, "{name}: {odd}");
        }
    }
}

#[test]
fn the_end_of_the_last_year_is_absent_and_nobody_is_rejected() {
    for late in [
        json!("9999-12-31T23:59:59-05:00"),
        json!("9999-12-31T23:59:59.9999999-00:01"),
        json!(253_402_300_800_i64),
        json!(-62_167_219_201_i64),
    ] {
        let read = order(
            json!({ "system_id": 1, "status": 3, "total_price": 5, "inserted_at": late, "updated_at": late,
            "status_history": [{ "status": 3, "updated_at": late }], "partner": { "paid_at": late } }),
        );
        assert_eq!((read.placed_at, read.updated_at, read.completed_at), (None, None, None), "{late}");
    }
}

#[test]
fn amounts_are_read_in_groups_and_those_that_no_mapping_needs_cost_themselves() {
    let read = order(
        json!({ "system_id": 1, "total_price_after_sub_discount": "1.250.000", "total_price": "1,250,000",
        "items": [{ "quantity": 1, "returning_quantity": "x" }],
        "customer": { "id": "c", "name": "Hoa", "purchased_amount": "nhiều", "current_debts": {},
            "shop_customer_addresses": [{ "phone_number": "0905550199" }] } }),
    );
    assert_eq!((read.total, read.subtotal, read.lines.len()), (money(1_250_000), money(1_250_000), 1));
    assert_eq!(numbers(&read.buyer.unwrap().phones), ["+84905550199"], "the rest of the customer remains");
}

#[test]
fn valid_payments_are_what_is_paid() {
    let row = |id: &str, kind: &str, amount: i64, code: &str| json!({ "id": id, "type": kind, "amount": amount, "result_code": code });
    let with = |rows: Value, fields: Value| {
        let mut order = json!({ "system_id": 1, "status": 3, "total_price": 500_000,
            "total_price_after_sub_discount": 500_000, "payment_purchase_histories": rows });
        order.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self::order(order)
    };
    for (rows, fields, paid, told) in [
        // The same money under another name, and one id twice.
        (json!([row("x", "onepay", 500_000, "0")]), json!({ "charged_by_momo": 500_000 }), 500_000, 2),
        (json!([row("x", "onepay", 500_000, "0"), row("x", "onepay", 500_000, "0")]), json!({}), 500_000, 1),
        (json!([row("x", "onepay", 200_000, "0"), row("x", "onepay", 200_000, "0")]), json!({}), 200_000, 1),
        (json!([row("x", "onepay", 500_000, ""), row("x", "onepay", 500_000, "0")]), json!({}), 500_000, 1),
        (json!([row("x", "onepay", 200_000, "0"), row("y", "onepay", 300_000, "0")]), json!({}), 500_000, 2),
        // As far as something was open.
        (json!([row("x", "onepay", 500_000, "0")]), json!({ "cash": 300_000 }), 500_000, 2),
        (json!([row("x", "onepay", 500_000, "253")]), json!({ "cash": 300_000 }), 300_000, 2),
    ] {
        let order = with(rows.clone(), fields);
        let valid = order.payments.iter().filter(|payment| payment.valid);
        let sum: Money = valid.filter_map(|payment| payment.amount).sum();
        assert_eq!((order.paid, sum, order.payments.len()), (money(paid), Money::from(paid), told), "{rows}");
    }
}

#[test]
fn the_only_number_of_an_order_is_kept_wherever_it_stands() {
    let address = json!([{ "full_name": "Khác", "phone_number": "0905550199" }]);
    let customer =
        json!({ "id": "c", "name": "Hoa", "phone_numbers": [], "shop_customer_addresses": address });
    let read = order(json!({ "system_id": 7, "customer": customer }));
    let buyer = read.buyer.unwrap();
    assert_eq!((numbers(&buyer.phones), buyer.phones[0].is_key), (vec!["+84905550199".to_owned()], false));
    // The recipient's is nearer.
    let read = order(json!({ "system_id": 7, "customer": customer,
        "shipping_address": { "full_name": "Hoa", "phone_number": "0912000123" } }));
    assert_eq!(numbers(&read.contact.unwrap().phones), ["+84912000123"]);
    assert!(read.buyer.unwrap().phones.is_empty());
    for name in ["0905550199", "Hoa 0905550199"] {
        let read = order(json!({ "system_id": 7, "bill_full_name": name }));
        assert_eq!(numbers(&read.buyer.unwrap().phones), ["+84905550199"]);
    }
}

#[test]
fn successful_payments_through_gateways_count_and_failed_ones_do_not() {
    let order = case("pan_histories.json", |_| {});
    assert_eq!((order.total, order.paid, order.due), (money(500_000), money(500_000), money(0)));
    assert_eq!(order.payment.category, PaymentCategory::Paid);
    let [good, failed] = &order.payments[..] else { panic!("{:?}", order.payments) };
    assert_eq!((good.id.as_deref(), good.valid, good.amount), (Some("x"), true, money(500_000)));
    assert_eq!(good.paid_at, Some(datetime!(2026-11-01 3:30 UTC)));
    assert_eq!((failed.id.as_deref(), failed.valid), (Some("y"), false));

    let row = |kind: &str, amount: i64, code: Value| json!({"id": kind, "type": kind, "amount": amount, "result_code": code});
    for (rows, fields, paid, category) in [
        // All failed, or nobody says so.
        (json!([row("onepay", 500_000, "253".into())]), json!({}), 0, PaymentCategory::Unpaid),
        (json!([row("onepay", 500_000, Value::Null)]), json!({}), 0, PaymentCategory::Unpaid),
        // Zeros in every form.
        (
            json!([row("onepay", 200_000, 0.into()), row("vnpay", 300_000, "00".into())]),
            json!({}),
            500_000,
            PaymentCategory::Paid,
        ),
        // A part, and cash for the rest.
        (json!([row("onepay", 200_000, "0".into())]), json!({}), 200_000, PaymentCategory::PartiallyPaid),
        (
            json!([row("onepay", 200_000, "0".into())]),
            json!({"cash": 300_000}),
            500_000,
            PaymentCategory::Paid,
        ),
        // The same money in its own field, and under another name.
        (
            json!([row("momo", 200_000, "0".into())]),
            json!({"charged_by_momo": 200_000}),
            200_000,
            PaymentCategory::PartiallyPaid,
        ),
        (
            json!([row("onepay", 500_000, "0".into())]),
            json!({"transfer_money": 500_000}),
            500_000,
            PaymentCategory::Paid,
        ),
        (json!({}), json!({"cash": "500000"}), 500_000, PaymentCategory::Paid),
    ] {
        let order = case("pan_histories.json", |order| {
            order["payment_purchase_histories"] = rows.clone();
            order.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        });
        assert_eq!((order.paid, order.payment.category), (money(paid), category), "{rows} {fields}");
    }
}

#[test]
fn every_way_to_pay_counts_those_that_nobody_has_seen_too() {
    for name in [
        "prepaid",
        "transfer_money",
        "cash",
        "charged_by_card",
        "charged_by_momo",
        "charged_by_qrpay",
        "charged_by_vnpay",
        "charged_by_onepay",
        "charged_by_fundiin",
        "charged_by_something_new",
    ] {
        for amount in [json!(500_000), json!("500000"), json!(5e5)] {
            let order = case("pan_histories.json", |order| {
                order["payment_purchase_histories"] = json!([]);
                order[name] = amount.clone();
            });
            assert_eq!(
                (order.paid, order.payment.category),
                (money(500_000), PaymentCategory::Paid),
                "{name} {amount}"
            );
            assert_eq!((order.payments.len(), order.payments[0].method.as_deref()), (1, Some(name)));
        }
    }
    let thai = case("pan_histories.json", |order| {
        order["payment_purchase_histories"] = json!([]);
        order["order_currency"] = "THB".into();
        order["charged_by_vnpay"] = 500_000.into();
    });
    assert_eq!((thai.total, thai.paid), (money(5_000), money(5_000)));
}

#[test]
fn goods_that_are_priced_zero_cost_what_is_collected() {
    let order = case("pan_zero_price_cod.json", |_| {});
    assert_eq!((order.total, order.due), (money(350_000), money(350_000)));
    assert_eq!(order.payment.category, PaymentCategory::Unpaid);
    let settled = case("pan_zero_price_cod.json", |order| order["status"] = 16.into());
    assert_eq!(
        (settled.total, settled.paid, settled.payment.category),
        (money(350_000), money(350_000), PaymentCategory::Paid)
    );
    let by_carrier = case("pan_zero_price_cod.json", |order| {
        order["partner"] = json!({"partner_id": 5, "cod": 350_000, "paid_at": "2026-11-05T00:00:00"});
        (order["cod"], order["money_to_collect"]) = (0.into(), 0.into());
    });
    assert_eq!((by_carrier.total, by_carrier.paid), (money(350_000), money(350_000)));
    // A deposit, and the rest at the door; with goods that are listed at 0, and delivery.
    let deposit = case("pan_zero_price_cod.json", |order| {
        order["prepaid"] = 50_000.into();
        order["shipping_fee"] = 30_000.into();
        order["total_price_after_sub_discount"] = 30_000.into();
        order["items"] = json!([{"id": 1, "quantity": 2, "variation_info": {"retail_price": 0}}]);
    });
    assert_eq!((deposit.total, deposit.paid, deposit.due), (money(400_000), money(50_000), money(350_000)));
    // A gift: nothing is collected.
    let gift = case("pan_zero_price_cod.json", |order| {
        (order["cod"], order["money_to_collect"]) = (0.into(), 0.into());
    });
    assert_eq!(gift.total, money(0));
    // Goods with a price cost their price, whatever is collected.
    let priced = case("pan_partial15.json", |order| order["cod"] = 999_000.into());
    assert_eq!(priced.total, money(500_000));
}

#[test]
fn a_returned_order_is_not_paid_in_full() {
    let order = case("pan_returned_settled.json", |_| {});
    assert_eq!(order.status.category, StatusCategory::Returned);
    assert_ne!(order.payment.category, PaymentCategory::Paid);
    assert_ne!(order.paid, order.total);
    for status in [4, 5, 6, 7] {
        let order = case("pan_returned_settled.json", |order| {
            order["status"] = status.into();
            (order["cash"], order["cod"]) = (0.into(), 500_000.into());
        });
        assert_eq!((order.paid, order.payment.category), (money(0), PaymentCategory::Unpaid), "{status}");
    }
    let prepaid = case("pan_returned_settled.json", |order| order["prepaid"] = 500_000.into());
    assert_eq!((prepaid.paid, prepaid.payment.category), (money(500_000), PaymentCategory::Unknown));
    // Back on its way, settled, collected.
    let delivered = case("pan_returned_settled.json", |order| order["status"] = 3.into());
    assert_eq!((delivered.paid, delivered.payment.category), (money(500_000), PaymentCategory::Paid));
}

#[test]
fn goods_that_came_back_inside_an_order_are_told_by_what_they_were_sold_for() {
    let half = case("pan_partial15.json", |_| {});
    assert_eq!((half.total, half.paid, half.returned), (money(500_000), money(500_000), money(250_000)));
    assert_eq!(
        (half.status.category, half.payment.category),
        (StatusCategory::PartiallyReturned, PaymentCategory::Paid)
    );
    let settled = case("pancake_partial_return.json", |_| {});
    assert_eq!((settled.id.as_str(), settled.total, settled.paid), ("9405", money(300_000), money(300_000)));
    assert_eq!(
        (settled.returned, settled.lines[0].returned_quantity.unwrap().to_string()),
        (money(150_000), "1".into())
    );

    // Two pieces of 150 000 and delivery; one came back, and the carrier settled the other.
    let by_carrier = |change: fn(&mut Value)| {
        case("pancake_partial_return.json", |order| {
            (order["prepaid"], order["cod"]) = (0.into(), 330_000.into());
            order["shipping_fee"] = 30_000.into();
            order["total_price_after_sub_discount"] = 330_000.into();
            change(order);
        })
    };
    let kept = by_carrier(|_| {});
    assert_eq!(
        (kept.total, kept.returned, kept.paid, kept.due),
        (money(330_000), money(150_000), money(180_000), money(0))
    );
    assert_eq!(kept.payment.category, PaymentCategory::PartiallyPaid);
    assert_eq!(
        kept.payments.iter().map(|payment| (payment.method.as_deref(), payment.amount)).collect::<Vec<_>>(),
        [(Some("cod"), money(180_000))]
    );
    let deposit = by_carrier(|order| order["prepaid"] = 100_000.into());
    assert_eq!((deposit.paid, deposit.payments.len()), (money(180_000), 2));
    assert_eq!(deposit.payments[1].amount, money(80_000));
    // Nobody says what came back: all of it was collected.
    let untold = by_carrier(|order| order["items"][0]["returned_count"] = 0.into());
    assert_eq!((untold.paid, untold.payment.category), (money(330_000), PaymentCategory::Paid));

    type Change = fn(&mut Value);
    let cases: [(&str, Change, Option<Money>); 7] = [
        (
            "delivery does not come back",
            |order| {
                order["shipping_fee"] = 30_000.into();
                order["total_price_after_sub_discount"] = 530_000.into();
            },
            money(250_000),
        ),
        (
            "in the other place",
            |order| {
                order["items"][0]["returned_count"] = 0.into();
                order["items"][0]["return_quantity"] = "2".into();
            },
            money(500_000),
        ),
        ("more than were sold", |order| order["items"][0]["returned_count"] = 7.into(), money(500_000)),
        (
            "the line's discount",
            |order| {
                order["items"][0]["total_discount"] = 100_000.into();
                order["total_price_after_sub_discount"] = 400_000.into();
            },
            money(200_000),
        ),
        (
            "the order's discount is shared",
            |order| {
                order["total_discount"] = 50_000.into();
                order["total_price_after_sub_discount"] = 450_000.into();
            },
            money(225_000),
        ),
        (
            "on the way back is not back",
            |order| {
                order["items"][0]["returned_count"] = 0.into();
                order["items"][0]["returning_quantity"] = 1.into();
            },
            None,
        ),
        ("whatever the status", |order| order["status"] = 16.into(), money(250_000)),
    ];
    for (what, change, returned) in cases {
        assert_eq!(case("pan_partial15.json", change).returned, returned, "{what}");
    }
}

#[test]
fn an_order_that_was_deleted_and_is_not_any_more_lives() {
    for (status, category) in [(7, StatusCategory::Deleted), (3, StatusCategory::Completed)] {
        // Its history tells that it was deleted.
        let order = case("pancake_partial_return.json", |order| order["status"] = status.into());
        assert_eq!(order.status.category, category);
    }
}

#[test]
fn the_only_number_on_an_order_is_never_lost() {
    let numbers = |order: &OrderRecord| {
        let parties = [&order.buyer, &order.recipient].into_iter().flatten().flat_map(|party| &party.phones);
        let contact = order.contact.iter().flat_map(|contact| &contact.phones);
        parties
            .chain(contact)
            .filter_map(|phone| phone.e164)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
    };
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 6] = [
        ("billed", |order| order["bill_phone_number"] = "0912000444".into()),
        ("on the customer", |order| order["customer"]["phone_numbers"] = json!(["0912000444"])),
        ("one text on the customer", |order| order["customer"]["phone_numbers"] = "0912000444".into()),
        ("for the delivery", |order| order["shipping_address"]["phone_number"] = "0912000444".into()),
        ("for the delivery, masked on the bill", |order| {
            order["bill_phone_number"] = "091****444".into();
            order["shipping_address"]["phone_number"] = "0912000444".into();
        }),
        ("for a delivery to somebody else", |order| {
            order["shipping_address"]["phone_number"] = "0912000444".into();
            order["shipping_address"]["full_name"] = "Người Khác".into();
        }),
    ];
    for (what, change) in cases {
        for has_customer in [true, false] {
            let order = case("pancake_partial_return.json", |order| {
                order["bill_phone_number"] = Value::Null;
                order["shipping_address"]["phone_number"] = "".into();
                order["customer"]["phone_numbers"] = json!([]);
                change(order);
                if !has_customer && !what.contains("customer") {
                    order["customer"] = Value::Null;
                }
            });
            assert_eq!(numbers(&order), ["+84912000444"], "{what}, customer: {has_customer}");
        }
    }
}

#[test]
fn a_decoration_never_costs_a_record() {
    let order = case("pancake_partial_return.json", |order| {
        order["note"] = json!({"text": "?"});
        order["tags"] = json!("VIP, Ưu tiên");
        order["customer"]["purchased_amount"] = json!("không");
        order["customer"]["reward_point"] = json!([1]);
        order["customer"]["date_of_birth"] = json!(19931104);
        order["status_history"] = json!([{"status": 3, "updated_at": "hôm qua"}, null, 7, {"status": "3", "updated_at": 1783850000}]);
        order["shipping_address"]["province_name"] = json!({});
        order["shipping_address"]["commune_id"] = 1_011_309.into();
        order["partner"]["total_fee"] = json!("miễn phí");
        order["partner"]["extend_update"] = json!({});
        order["time_send_partner"] = json!("0000-00-00");
        order["bill_full_name"] = json!(["Hoa"]);
        order["items"][0]["note"] = json!(["x"]);
        order["items"][0]["variation_info"]["tax_rate"] = json!("8%");
        order["surcharge"] = json!({});
        order["tax"] = json!(false);
        order["warehouse_id"] = json!({});
        order["sub_status"] = json!("mới");
        order["order_sources"] = json!([-1]);
        order["payment_purchase_histories"] = json!("none");
        order["prepaid_by_point"] = json!([]);
        order["inserted_at"] = json!(1783825869);
    });
    assert_eq!((order.id.as_str(), order.total, order.paid), ("9405", money(300_000), money(300_000)));
    assert_eq!(order.tags, ["VIP", "Ưu tiên"]);
    assert_eq!(order.placed_at, Some(datetime!(2026-07-12 3:11:09 UTC)));
    let buyer = order.buyer.unwrap();
    assert_eq!(
        (buyer.id.as_deref(), buyer.name.as_deref()),
        (Some("3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4999"), Some("Hoa Thử"))
    );
    assert_eq!(order.lines.len(), 1);

    let mut body: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
    let mai = &mut body["data"][0];
    mai["tags"] = json!({});
    mai["notes"] = json!([null, {"id": 1, "message": 7, "created_at": "2026-07-12T09:53:20"}]);
    mai["order_count"] = json!("ba");
    mai["gender"] = json!([]);
    mai["level"] = json!({});
    mai["updated_at"] = json!("");
    mai["shop_customer_address"] = json!([]);
    mai["phone_numbers"] = json!([null, 84_912_345_001_u64, {"x": 1}]);
    let answer = read_answer(Stream::Customers, body.to_string().as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    let Record::Customer(mai) = &answer.page.records[0] else { panic!() };
    assert_eq!((mai.phones.len(), mai.addresses.len(), mai.tags.len()), (1, 1, 0));

    let mut body: Value = serde_json::from_slice(&fixture("products_page1.json")).unwrap();
    let product = &mut body["data"][0];
    product["is_removed"] = Value::Null;
    product["removed"] = json!(false);
    product["categories"] = json!({});
    product["variations"][0]["variations_warehouses"][0]["remain_quantity"] = json!("nhiều");
    product["variations"][0]["average_imported_price"] = json!([]);
    let answer = read_answer(Stream::Products, body.to_string().as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
}

#[test]
fn ids_and_amounts_that_cannot_be_read_reject_their_row_alone() {
    for (member, value) in
        [("total_price", json!("nhiều")), ("prepaid", json!({"a": 1})), ("system_id", json!("x1"))]
    {
        let mut body: Value = serde_json::from_slice(&fixture("orders_page1.json")).unwrap();
        body["data"][0][member] = value;
        let answer = read_answer(Stream::Orders, body.to_string().as_bytes()).unwrap();
        assert_eq!((answer.page.records.len(), answer.page.rejected.len()), (1, 1), "{member}");
    }
}

#[test]
fn two_spellings_of_a_member_are_one() {
    let body = r#"{"data":[{"id":"c","name":"An","shop_customer_addresses":[],"shop_customer_address":[{"address":"Số 8"}]}]}"#;
    let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
    let Record::Customer(customer) = &answer.page.records[0] else { panic!("{:?}", answer.page.rejected) };
    assert_eq!(customer.addresses[0].street.as_deref(), Some("Số 8"));
}

#[test]
fn names_of_an_order_are_aliases_and_numbers_of_others_are_not() {
    let names = |id: Value, custom: Value| {
        case("pan_partial15.json", |order| {
            order["system_id"] = 1041.into();
            order["id"] = id;
            order["custom_id"] = custom;
        })
    };
    let order = names("WEB-1001".into(), Value::Null);
    assert_eq!((order.id.as_str(), &order.aliases[..]), ("1041", &["WEB-1001".to_owned()][..]));
    assert_eq!(names("WEB-1001".into(), "WEB-1001".into()).aliases.len(), 1);
    assert_eq!(names(1041.into(), "WEB-1001".into()).aliases, ["WEB-1001"]);
    assert!(names(1041.into(), Value::Null).aliases.is_empty());
    // A number that the creator chose may be another order's.
    assert!(names("1402".into(), "1402".into()).aliases.is_empty());
}

#[test]
fn codes_of_places_keep_to_their_division() {
    let order = case("pancake_partial_return.json", |order| {
        order["shipping_address"]["new_province_id"] = "84_VN101".into();
        order["shipping_address"]["new_commune_id"] = "84_VN10105001".into();
    });
    let address = order.buyer.unwrap().address.unwrap();
    let (old, new) = (address.codes_of("pancake"), address.codes_of("pancake:new"));
    assert_eq!(
        (old.province.as_deref(), old.district.as_deref(), old.ward.as_deref()),
        (Some("101"), Some("10113"), Some("1011309"))
    );
    assert_eq!(
        (new.province.as_deref(), new.district, new.ward.as_deref()),
        (Some("84_VN101"), None, Some("84_VN10105001"))
    );
    // New codes in the old members.
    let order = case("pancake_partial_return.json", |order| {
        order["shipping_address"]["province_id"] = "84_VN101".into();
        order["shipping_address"]["district_id"] = Value::Null;
        order["shipping_address"]["commune_id"] = "84_VN10105001".into();
    });
    let address = order.buyer.unwrap().address.unwrap();
    assert!(address.codes_of("pancake").is_blank());
    assert_eq!(address.codes_of("pancake:new").ward.as_deref(), Some("84_VN10105001"));
}
