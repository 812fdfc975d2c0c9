//! Answers of bad days and amounts that are hard to count, each as it was met.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::page::Answer;
use pos_core::record::{
    BranchRecord, CustomerRecord, FulfilmentCategory, Identity, Money, OrderRecord, PaymentCategory, Record,
    StatusCategory,
};
use pos_haravan::{Stream, read_answer};
use serde_json::{Value, json};
use time::macros::date;

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

fn whole(stream: Stream, body: &[u8]) -> Answer {
    let answer = read_answer(stream, body).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    answer
}

fn orders_of(body: &[u8]) -> Vec<OrderRecord> {
    let order = |record| if let Record::Order(order) = record { *order } else { panic!("no order") };
    whole(Stream::Orders, body).page.records.into_iter().map(order).collect()
}

fn orders(name: &str) -> Vec<OrderRecord> {
    orders_of(&fixture(name))
}

fn order(json: Value) -> OrderRecord {
    orders_of(json.to_string().as_bytes()).remove(0)
}

/// An order of a fixture with some members exchanged.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> OrderRecord {
    let mut body: Value = serde_json::from_slice(&fixture(name)).unwrap();
    change(&mut body["order"]);
    order(body)
}

fn customers(body: &[u8]) -> Vec<CustomerRecord> {
    let customer =
        |record| if let Record::Customer(customer) = record { *customer } else { panic!("no customer") };
    whole(Stream::Customers, body).page.records.into_iter().map(customer).collect()
}

fn branches(body: &[u8]) -> Vec<BranchRecord> {
    let branch = |record| if let Record::Branch(branch) = record { *branch } else { panic!("no branch") };
    whole(Stream::Branches, body).page.records.into_iter().map(branch).collect()
}

#[test]
fn impossible_birthdays_are_absent_and_nobody_is_rejected() {
    let all = customers(&fixture("hv_customer_birthday.json"));
    let dates: Vec<_> = all.iter().map(|customer| customer.birth_date).collect();
    assert_eq!(dates, [None, None, None, Some(date!(1990 - 12 - 25)), None]);
    assert!(all.iter().all(|customer| customer.phones[0].is_key));
}

#[test]
fn a_member_that_is_neither_identity_nor_money_never_costs_the_order() {
    let all = orders("hv_order_loose.json");
    assert_eq!(all.len(), 6);
    assert_eq!((all[0].total, all[0].payment.category), (money(455_000), PaymentCategory::PartiallyPaid));
    assert_eq!(all[0].lines[0].sku.as_deref(), Some("789"));
    assert_eq!(all[1].buyer.as_ref().unwrap().identity, Identity::Nobody);
    assert_eq!(all[2].total, money(50_000), "an exchange");
    assert_eq!(all[3].tags, ["a", "b"], "a list of texts");
    assert_eq!((all[4].total, all[4].paid), (money(0), money(0)));
    assert_eq!(all[5].total, money(1_250_000), "digits in groups");
}

#[test]
fn every_decoration_may_be_of_another_kind() {
    // Every member that is neither the key nor an amount, once as each of these.
    let whole: Value = serde_json::from_slice(&fixture("order_full.json")).unwrap();
    let amounts = ["price", "discount", "total", "amount", "fee", "quantity", "cost", "grams", "weight"];
    let strange = [json!({}), json!([null]), json!({ "a": { "b": 1 } }), json!(true), json!("?"), json!(7)];
    for name in whole["order"].as_object().unwrap().keys() {
        if name == "id" || amounts.iter().any(|part| name.contains(part)) {
            continue;
        }
        for value in &strange {
            let mut body = whole.clone();
            body["order"][name] = value.clone();
            let read = order(body);
            assert_eq!((read.id.as_str(), read.total), ("1500000005", money(925_000)), "{name} as {value}");
        }
    }
    let whole: Value = serde_json::from_slice(&fixture("customer_single.json")).unwrap();
    for name in whole["customer"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "id" && !name.starts_with("total_"))
    {
        for value in &strange {
            let mut body = whole.clone();
            body["customer"][name] = value.clone();
            assert_eq!(customers(body.to_string().as_bytes())[0].id, "1100000101", "{name} as {value}");
        }
    }
    let whole: Value = serde_json::from_slice(&fixture("products_page1.json")).unwrap();
    for name in whole["products"][0].as_object().unwrap().keys().filter(|name| *name != "id") {
        for value in &strange {
            let mut body = whole.clone();
            body["products"][0][name] = value.clone();
            let answer = read_answer(Stream::Products, body.to_string().as_bytes()).unwrap();
            assert_eq!(answer.page.records.len(), 2, "{name} as {value}: {:?}", answer.page.rejected);
        }
    }
}

#[test]
fn nothing_comes_in_many_forms_and_lists_have_holes() {
    let read = order(json!({ "order": {
        "id": 7, "total_price": 5, "customer": {}, "billing_address": [], "shipping_address": "",
        "transactions": [null, { "id": 1, "kind": "capture", "amount": "5" }], "refunds": {}, "fulfillments": "",
        "line_items": [null, { "id": 1, "price": 5, "quantity": 1, "properties": { "a": 1 } }], "total_tax": {},
        "note_attributes": { "crm_order_ref": "CRM-7" }, "discount_codes": {}, "tags": ["x", null, 3],
    } }));
    assert_eq!((read.paid, read.lines.len(), read.tags.join("|")), (money(5), 1, "x|3".into()));
    assert_eq!(read.reference.as_deref(), Some("CRM-7"), "custom fields as one object");
    for (text, amount) in [
        ("1.250.000", Some(1_250_000)),
        ("12,345,678", Some(12_345_678)),
        ("-1.250.000", Some(-1_250_000)),
        ("600000.0000", Some(600_000)),
        ("1.25.000", None),
        ("1.250,000", None),
        ("nhiều", None),
    ] {
        let body = json!({ "order": { "id": 7, "total_price": text } }).to_string();
        let answer = read_answer(Stream::Orders, body.as_bytes()).unwrap();
        match amount {
            Some(amount) => {
                let Record::Order(order) = &answer.page.records[0] else { panic!() };
                assert_eq!(order.total, money(amount), "{text}");
            }
            None => assert_eq!(answer.page.rejected[0].path, "order.total_price", "{text}"),
        }
    }
}

#[test]
fn the_end_of_the_last_year_is_absent_or_read_and_nobody_is_rejected() {
    for late in ["9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.9999999-00:01", "9999-12-31T23:59:59Z"] {
        let body = json!({ "customers": [{ "id": 1, "first_name": "Hoa", "phone": "0905550101",
            "birthday": late, "created_at": late, "updated_at": late }] });
        let all = customers(body.to_string().as_bytes());
        assert_eq!((all[0].birth_date, all[0].phones[0].is_key), (None, true), "{late}");
        let read = order(
            json!({ "order": { "id": 7, "total_price": 5, "created_at": late, "updated_at": late,
            "cancelled_at": late, "transactions": [{ "kind": "capture", "amount": 5, "created_at": late }] } }),
        );
        assert_eq!(read.paid, money(5), "{late}");
    }
    let on = |at: &str| {
        let body = json!({ "customers": [{ "id": 1, "birthday": at }] });
        customers(body.to_string().as_bytes())[0].birth_date
    };
    assert_eq!(on("9999-12-31T15:59:59Z"), Some(date!(9999 - 12 - 31)));
    assert_eq!(on("1970-04-30T16:00:00Z"), Some(date!(1970 - 05 - 01)), "midnight there until June 1975");
}

#[test]
fn amounts_that_no_mapping_needs_cost_themselves() {
    let read = order(json!({ "order": {
        "id": 7, "total_price": 5, "discount_codes": [{ "code": "X", "amount": "nhiều" }],
        "customer": { "id": 9, "first_name": "Hoa", "total_spent": "nhiều", "total_paid": {} },
        "line_items": [{ "id": 1, "price": 5, "quantity": 1, "fulfillable_quantity": "x",
            "applied_discounts": [{ "amount": "x" }] }],
        "refunds": [{ "id": 3, "refund_line_items": [{ "id": 4, "line_item_id": 1, "quantity": 1,
            "line_item": { "id": 0, "price": "x" } }] }],
    } }));
    assert_eq!((read.total, read.lines[0].total), (money(5), money(5)));
    assert_eq!(read.lines[0].returned_quantity, Some(1.into()));
    let products = json!({ "products": [{ "id": 1, "variants": [{ "id": 2, "price": 5, "compare_at_price": "x",
        "variant_units": [{ "price": "x" }] }] }] });
    assert_eq!(whole(Stream::Products, products.to_string().as_bytes()).page.records.len(), 1);
}

#[test]
fn a_row_that_is_rejected_names_the_amount_and_a_mended_one_keeps_its_digits() {
    let body = r##"{"orders":[{"id":1,"name":{},"total_price":"x"},{"id":2,"name":{},"total_price":123456789012345678.2500}]}"##;
    let page = read_answer(Stream::Orders, body.as_bytes()).unwrap().page;
    assert_eq!(page.rejected[0].path, "orders[0].total_price");
    let Record::Order(order) = &page.records[0] else { panic!() };
    assert_eq!(order.total.unwrap().to_string(), "123456789012345678.25");
}

#[test]
fn a_customer_without_an_id_does_not_cost_the_order() {
    for customer in [
        json!({ "first_name": "Hoa", "phone": "0905550101" }),
        json!({ "id": null, "first_name": "Hoa", "phone": "0905550101" }),
        json!({ "id": "x", "first_name": "Hoa", "phone": "0905550101", "total_spent": "nhiều" }),
    ] {
        let read = order(json!({ "order": { "id": 7, "total_price": 5, "customer": customer } }));
        let buyer = read.buyer.unwrap();
        assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (None, Some("Hoa")), "{customer}");
        assert_eq!(buyer.phones[0].e164.unwrap().to_string(), "+84905550101");
    }
    let read = order(json!({ "order": { "id": 7, "total_price": 5,
        "customer": { "id": 9, "first_name": "Hoa", "phone": "0905550101", "total_spent": "nhiều" } } }));
    assert_eq!(read.buyer.unwrap().id.as_deref(), Some("9"));
}

#[test]
fn an_unknown_code_of_a_carrier_is_no_news() {
    let read = &orders("h02_carrier_code_unknown.json")[0];
    assert_eq!(
        (read.status.category, read.fulfilment.category),
        (StatusCategory::Completed, FulfilmentCategory::Delivered)
    );
}

#[test]
fn the_only_number_of_an_order_is_never_lost() {
    let numbers = |read: &OrderRecord| -> Vec<String> {
        let parties = read.buyer.iter().chain(&read.recipient).flat_map(|party| &party.phones);
        let contact = read.contact.iter().flat_map(|contact| &contact.phones);
        parties.chain(contact).filter_map(|phone| phone.e164).map(|number| number.to_string()).collect()
    };
    let same = &orders("h05_customer_no_phone_shipping_same_person.json")[0];
    assert_eq!(numbers(same), ["+84905550199"]);
    assert_eq!(same.buyer.as_ref().unwrap().id.as_deref(), Some("1100009009"));
    let guest = json!({ "id": 1, "email": "guest@haravan.com" });
    let blank = json!({ "name": " ", "phone": null, "country": "Vietnam" });
    let with = json!({ "name": "Lê Thị Hoa", "phone": "0905550199" });
    let shipment = json!([{ "id": 1, "status": "success", "shipping_phone": "0905550199" }]);
    for (what, members) in [
        (
            "on the order, no customer",
            json!({ "phone": "0905550199", "shipping_address": { "name": "Hoa" } }),
        ),
        ("on the order, guest", json!({ "phone": "0905550199", "customer": guest })),
        (
            "on the order, guest and blank address",
            json!({ "phone": "0905550199", "customer": guest, "billing_address": blank }),
        ),
        ("on the order, guest mail only", json!({ "phone": "0905550199", "email": "guest@haravan.com" })),
        ("shipping, guest", json!({ "customer": guest, "shipping_address": with })),
        ("billing, guest", json!({ "customer": guest, "billing_address": with })),
        ("shipping, no customer", json!({ "shipping_address": with })),
        ("shipping, nameless customer", json!({ "customer": { "id": 9 }, "shipping_address": with })),
        ("billing, nameless customer", json!({ "customer": { "id": 9 }, "billing_address": with })),
        ("shipment alone", json!({ "customer": { "id": 9, "first_name": "Hoa" }, "fulfillments": shipment })),
        ("shipment alone, guest", json!({ "customer": guest, "fulfillments": shipment })),
    ] {
        let mut body = json!({ "order": { "id": 7, "total_price": 5 } });
        body["order"].as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        assert_eq!(numbers(&order(body)), ["+84905550199"], "{what}");
    }
}

#[test]
fn goods_on_their_way_are_no_branch_in_use() {
    let all = branches(&fixture("h12_transit_location.json"));
    assert_eq!(all.iter().map(|branch| branch.active).collect::<Vec<_>>(), [Some(true), Some(false)]);
}

#[test]
fn a_refund_is_counted_once_and_goods_that_came_back_stand_on_their_lines() {
    let back = |read: &OrderRecord| read.lines[0].returned_quantity.map(|pieces| pieces.to_string());
    let goods = &orders("hv_refund_goods.json")[0];
    assert_eq!((goods.total, goods.paid, goods.refunded), (money(530_000), money(530_000), money(250_000)));
    assert_eq!((back(goods).as_deref(), goods.shipping_fee), (Some("1"), money(30_000)));
    assert_eq!((goods.returned, goods.refunded_shipping), (None, None), "the vendor tells neither");
    let dong = &orders("hv_refund_one_dong.json")[0];
    assert_eq!((dong.refunded, back(dong)), (money(1), None));
    let deposit = &orders("hv_deposit_refund.json")[0];
    assert_eq!(
        (deposit.paid, deposit.refunded, deposit.due),
        (money(200_000), money(150_000), money(330_000))
    );
    // Goods and money in two refunds, and the money listed twice.
    let two = changed("hv_refund_goods.json", |order| {
        let mut money = order["refunds"][0].clone();
        order["refunds"][0]["transactions"] = json!([]);
        money["id"] = 22.into();
        money["refund_line_items"] = Value::Null;
        money["transactions"][0]["amount"] = (-280_000).into();
        let told = money["transactions"][0].clone();
        order["transactions"].as_array_mut().unwrap().push(told);
        order["refunds"].as_array_mut().unwrap().push(money);
    });
    assert_eq!((two.refunded, back(&two).as_deref()), (money(280_000), Some("1")));
    // Two refunds of one second and one amount are two, unless they are the same one.
    let twice = |ids: [Value; 2]| {
        changed("hv_refund_one_dong.json", |order| {
            let mut list = vec![order["refunds"][0]["transactions"][0].clone(); 2];
            for (one, id) in list.iter_mut().zip(ids) {
                one["id"] = id;
            }
            order["refunds"][0]["transactions"] = list.into();
        })
        .refunded
    };
    assert_eq!(twice([json!(1), json!(2)]), money(2));
    assert_eq!(twice([json!(1), json!(1)]), money(1));
    assert_eq!(twice([json!(null), json!(0)]), money(1));
}

#[test]
fn only_money_that_moved_is_counted() {
    let with = |transactions: Value, status: &str| {
        let read = order(
            json!({ "order": { "id": 7, "total_price": 500, "financial_status": status, "transactions": transactions } }),
        );
        (read.paid, read.refunded)
    };
    let one = |kind: &str, status: Value| json!([{ "id": 1, "kind": kind, "amount": 200, "status": status }]);
    for (kind, status, paid) in [
        ("capture", Value::Null, 200),
        ("Sale", json!("success"), 200),
        ("capture", json!("Thành công"), 200),
        ("capture", json!("failure"), 0),
        ("capture", json!("pending"), 0),
        ("capture", json!("Thất bại"), 0),
        ("pending", Value::Null, 0),
        ("authorization", Value::Null, 0),
        ("void", Value::Null, 0),
    ] {
        assert_eq!(with(one(kind, status.clone()), "partiallypaid").0, money(paid), "{kind} {status}");
    }
    let test = json!([{ "id": 1, "kind": "capture", "amount": 200, "test": true }]);
    assert_eq!(with(test, "partiallypaid").0, money(0), "money of a test is none");
    assert_eq!(with(json!([]), "paid").0, money(500), "called paid, without a payment");
    assert_eq!(with(json!([]), "pending").0, money(0));
    assert_eq!(with(json!([]), "partially_refunded").0, None, "something came in, and nobody says how much");
}

#[test]
fn stand_in_mailboxes_of_the_vendor_are_no_keys() {
    let all = customers(&fixture("emails_haravan.json"));
    let key = |id: &str| all.iter().find(|one| one.id == id).unwrap().emails.iter().any(|email| email.is_key);
    for id in ["1100900106", "1100900107", "1100900108", "1100900109"] {
        assert!(!key(id), "{id}");
    }
}
