//! Inputs that were once read wrong, and others of their kinds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

mod common;

use common::{Fake, fixture, ok, shop};
use pos_core::connector::ConnectorExt;
use pos_core::record::{DocumentKind, Identity, Money, OrderRecord, PaymentCategory, PlaceCodes, Record};
use pos_core::{Connector, ErrorKind, ListQuery};
use pos_nhanh::{Api, Stream, read_answer};
use serde_json::{Value, json};
use time::macros::datetime;

fn read(stream: Stream, body: &[u8]) -> (Vec<Record>, Vec<(Option<String>, String)>) {
    let page = read_answer(stream, body, Api::V3).unwrap().page;
    let rejected = page.rejected.into_iter().map(|row| (row.id, row.path)).collect();
    (page.records, rejected)
}

fn rows(stream: Stream, rows: Value) -> (Vec<Record>, Vec<(Option<String>, String)>) {
    read(stream, json!({ "code": 1, "data": rows }).to_string().as_bytes())
}

fn document(record: &Record) -> &OrderRecord {
    let Record::Order(order) = record else { panic!() };
    order
}

fn order(row: Value) -> OrderRecord {
    let (records, rejected) = rows(Stream::Orders, json!([row]));
    assert!(rejected.is_empty(), "{rejected:?}");
    document(&records[0]).clone()
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

fn customers(row: Value) -> Vec<pos_core::record::CustomerRecord> {
    let (records, rejected) = rows(Stream::Customers, row);
    assert!(rejected.is_empty(), "{rejected:?}");
    let customer = |record| if let Record::Customer(customer) = record { *customer } else { panic!() };
    records.into_iter().map(customer).collect()
}

#[test]
fn the_end_of_the_last_year_is_absent_and_nobody_is_rejected() {
    for late in [
        json!("9999-12-31T23:59:59-05:00"),
        json!("9999-12-31 23:59:59.9999999-00:01"),
        json!(253_402_300_800_i64),
        json!(-62_167_219_201_i64),
    ] {
        let read = order(json!({ "info": { "id": 7, "createdAt": late, "updatedAt": late } }));
        assert_eq!((read.id.as_str(), read.placed_at, read.updated_at), ("7", None, None), "{late}");
        let hoa = json!([{ "id": 1, "name": "Hoa", "birthday": late, "updatedAt": late }]);
        assert_eq!(customers(hoa)[0].updated_at, None, "{late}");
    }
}

#[test]
fn amounts_are_read_in_groups_and_those_that_no_mapping_needs_cost_themselves() {
    let read = order(json!({
        "info": { "id": 7 },
        "products": [{ "id": 1, "quantity": 1, "price": "1.250.000", "originalPrice": "x", "avgCost": "x" }],
        "carrier": { "customerShipFee": "1,000,000", "codFee": "x", "returnFee": "x" },
        "payment": { "businessPayment": "x", "deposit": { "amount": {} } },
    }));
    assert_eq!((read.lines[0].total, read.total), (money(1_250_000), money(2_250_000)));
    let bill =
        json!([{ "id": 9, "type": 2, "payment": { "amount": 5, "customerAmount": "x", "returnFee": "x" } }]);
    assert_eq!(rows(Stream::Invoices, bill).1, []);
    let product = json!([{ "id": 9, "prices": { "retail": "12.345.678", "wholesale": "x", "old": "x" } }]);
    assert_eq!(rows(Stream::Products, product).1, []);
    let (_, rejected) = rows(Stream::Products, json!([{ "id": 9, "name": {}, "prices": { "retail": "x" } }]));
    assert_eq!(rejected, [(Some("9".to_owned()), "data[0].prices.retail".to_owned())]);
}

#[test]
fn the_number_in_a_name_is_kept_where_there_is_no_other() {
    let numbers = |phones: &[pos_core::record::Phone]| -> Vec<String> {
        let keys = phones.iter().filter(|phone| phone.is_key);
        keys.filter_map(|phone| Some(phone.e164?.to_string())).collect()
    };
    for name in ["0905550199", "Hoa 0905550199"] {
        let read =
            order(json!({ "info": { "id": 7 }, "shippingAddress": { "id": 5, "name": name, "mobile": "" } }));
        assert_eq!(numbers(&read.buyer.unwrap().phones), ["+84905550199"], "{name}");
        let hoa = customers(json!([{ "id": 5, "name": name, "mobile": null }]));
        assert_eq!(numbers(&hoa[0].phones), ["+84905550199"], "{name}");
    }
}

#[test]
fn a_tax_code_that_lost_its_zero_is_the_same_tax_code() {
    for tax_code in [json!("0312345673"), json!(312_345_673), json!("312345673")] {
        let firm =
            customers(json!([{ "id": 5, "name": "Thử", "mobile": "0312345673", "taxCode": tax_code }]));
        assert!(!firm[0].phones[0].is_key, "{tax_code}");
    }
}

#[test]
fn a_member_of_the_envelope_costs_no_page() {
    for odd in [json!({}), json!([1]), json!(7)] {
        let body = json!({ "code": 1, "errorCode": odd, "messages": odd, "paginator": { "next": null, "total": odd },
            "data": [{ "id": 1, "name": "Hoa" }] });
        assert_eq!(read(Stream::Customers, body.to_string().as_bytes()).0.len(), 1, "{odd}");
    }
}

#[test]
fn coupons_and_exchanged_goods_pay_bills() {
    let (records, rejected) = read(Stream::Invoices, &fixture("nh_bills.json"));
    assert!(rejected.is_empty(), "{rejected:?}");
    let ids: Vec<_> = records.iter().map(Record::id).collect();
    assert_eq!(ids, ["880000002", "880000003", "880000005"], "bills of other modes are none of ours");
    for (at, total, how) in [(0, 180_000, "coupon"), (2, 150_000, "exchange")] {
        let bill = document(&records[at]);
        assert_eq!(
            (bill.stream, bill.total, bill.paid, bill.due),
            (DocumentKind::Invoice, money(total), money(total), money(0))
        );
        assert_eq!(bill.payment.category, PaymentCategory::Paid);
        assert!(
            bill.payments.iter().any(|payment| payment.method.as_deref() == Some(how)),
            "{:?}",
            bill.payments
        );
    }
    let back = document(&records[1]);
    assert_eq!((back.stream, back.returns.as_deref()), (DocumentKind::Return, Some("880000002")));
    assert_eq!((back.total, back.refunded), (money(100_000), money(90_000)));
}

#[test]
fn a_bill_is_paid_by_what_paid_it() {
    let bill = |kind: Value, payment: Value| {
        let row = json!({ "id": 9, "type": 2, "related": { "type": kind, "billId": 8 }, "payment": payment });
        let (records, rejected) = rows(Stream::Invoices, json!([row]));
        assert!(rejected.is_empty(), "{rejected:?}");
        document(&records[0]).clone()
    };
    // A coupon makes no more of a bill than it is worth, whether `amount` is net of it or not.
    let net = bill(
        Value::Null,
        json!({ "amount": 100, "cash": { "amount": 100 }, "coupon": { "code": "X", "amount": 80 } }),
    );
    assert_eq!((net.paid, net.payment.category), (money(100), PaymentCategory::Paid));
    let large =
        bill(Value::Null, json!({ "amount": 100, "cash": { "amount": 50 }, "coupon": { "amount": "80" } }));
    assert_eq!((large.paid, large.due), (money(100), money(0)));
    let by_value = bill(
        Value::Null,
        json!({ "amount": 100, "cash": { "amount": 20 }, "coupon": { "code": "X", "value": "80" } }),
    );
    assert_eq!(by_value.payment.category, PaymentCategory::Paid);
    // What is bought on credit is not paid, whatever coupon there is.
    let debt =
        bill(Value::Null, json!({ "amount": 100, "cash": { "amount": 50 }, "coupon": { "amount": 20 } }));
    assert_eq!(
        (debt.paid, debt.due, debt.payment.category),
        (money(70), money(30), PaymentCategory::PartiallyPaid)
    );
    let open = bill(json!(3), json!({ "amount": 100, "cash": { "amount": 50 } }));
    assert_eq!(open.payment.category, PaymentCategory::PartiallyPaid, "a gift is no exchange");
    // A whole exchange: nothing had to be paid.
    let even = bill(json!("6"), json!({ "amount": 100, "cash": [], "coupon": null }));
    assert_eq!((even.paid, even.payment.category), (money(100), PaymentCategory::Paid));
}

#[test]
fn an_exchange_order_stays_an_order_and_special_rates_add_nothing() {
    let (records, _) = read(Stream::Orders, &fixture("nh_type1_idreturn.json"));
    let exchange = document(&records[0]);
    assert_eq!(
        (exchange.stream, exchange.total, exchange.paid),
        (DocumentKind::Order, money(189_000), money(189_000))
    );
    let (records, _) = read(Stream::Orders, &fixture("nh_special_vat.json"));
    assert_eq!(document(&records[0]).total, money(290_000));
    // A return finds its order by whatever link there is.
    for link in ["returnFromId", "originalOrderId", "idReturn"] {
        let back = order(json!({ "info": { "id": 5, "type": 14, "status": 60, link: 41 } }));
        assert_eq!((back.stream, back.returns.as_deref()), (DocumentKind::Return, Some("41")), "{link}");
    }
}

#[test]
fn pieces_that_came_back_are_told() {
    let row = json!({ "info": { "id": 5, "type": 1, "status": 60 }, "products": [
        { "productId": 1, "quantity": 2, "price": 100, "totalAmount": 200, "partialDelivery": { "deliveredQuantity": 1, "returnQuantity": "1" } }
    ] });
    let sale = order(row);
    assert_eq!((sale.total, sale.returned), (money(200), None));
    assert_eq!(sale.lines[0].returned_quantity.unwrap().to_string(), "1");
}

#[test]
fn places_are_of_the_division_that_an_order_names() {
    let places = |members: Value| {
        let mut contact =
            json!({ "id": 7, "name": "Lê Thử", "mobile": "0912000123", "address": "8 Trần Phú" });
        contact.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        order(json!({ "info": { "id": 5 }, "shippingAddress": contact })).buyer.unwrap().address.unwrap()
    };
    let old = places(json!({ "cityId": 254, "districtId": 331, "wardId": 1120, "locationVersion": "v1" }));
    assert_eq!(old.codes_of("nhanh:v1"), PlaceCodes::new(Some("254"), Some("331"), Some("1120")));
    assert_eq!(old.codes.len(), 1);
    let new = places(json!({ "cityId": 1, "wardId": 97, "locationVersion": "v2" }));
    assert_eq!(new.codes_of("nhanh:v2"), PlaceCodes::new(Some("1"), None, Some("97")));
    assert_eq!(new.codes.len(), 1);
    let bare = places(json!({ "cityId": 254, "districtId": 331 }));
    assert_eq!(bare.codes_of("nhanh:v1").district.as_deref(), Some("331"));
    for version in [json!("V2"), json!(2)] {
        assert!(!places(json!({ "cityId": 1, "locationVersion": version })).codes_of("nhanh:v2").is_blank());
    }
    let unknown = places(json!({ "cityId": 1, "wardId": 97 }));
    assert!(unknown.codes.is_empty(), "a ward without a district and a version could be of either");
    let later = places(json!({ "cityId": 1, "locationVersion": "v3" }));
    assert_eq!(later.codes.keys().collect::<Vec<_>>(), ["nhanh:v3"]);

    let customer = json!({ "id": 7, "locations": { "cityId": 254, "districtId": 331, "wardId": 1120 }, "location": { "cityId": 1, "wardId": "97" } });
    let (records, _) = rows(Stream::Customers, json!([customer]));
    let Record::Customer(customer) = &records[0] else { panic!() };
    assert_eq!(customer.addresses[0].codes.keys().collect::<Vec<_>>(), ["nhanh:v1", "nhanh:v2"]);
    let depot = json!({ "id": 1, "location": { "cityId": 254, "cityName": "Hà Nội" }, "locationV2": { "cityId": 1, "cityName": "Hà Nội", "wardId": 97 } });
    let (records, _) = rows(Stream::Branches, json!([depot]));
    let Record::Branch(depot) = &records[0] else { panic!() };
    let address = depot.address.as_ref().unwrap();
    assert_eq!(address.codes_of("nhanh:v1").province.as_deref(), Some("254"));
    assert_eq!(address.codes_of("nhanh:v2").ward.as_deref(), Some("97"));
}

#[test]
fn a_decoration_never_costs_a_record() {
    let customer = json!({
        "id": "7", "name": "Lê Thử", "mobile": 912_000_123, "birthday": { "d": 1 }, "points": "nhiều", "gender": "nam", "type": [], "level": 3.5,
        "group": [[1]], "locations": "x", "location": [{ "cityId": 1 }], "business": true, "updatedAt": "hôm qua", "totalAmount": "",
        "startedDate": 5, "frequencyBought": "x", "saleName": ["x"], "name_": null,
    });
    let order = json!({
        "info": { "id": 5, "type": "1", "status": 60, "createdAt": {}, "updatedAt": "x", "tags": ["Ưu tiên", null, { "id": "266", "name": "Gấp" }, 7], "orderIndex": "x",
            "description": { "a": 1 }, "reason": [3], "sale": [1, 2] },
        "channel": { "saleChannel": { "id": 42 }, "trafficSource": true, "appOrderId": ["x"] },
        "shippingAddress": { "id": 90001, "name": "Lê Thử", "mobile": "0912000123", "email": {}, "cityId": { "x": 1 } },
        "products": [null, { "productId": 1, "quantity": "2", "price": "100000", "vatPercent": "KCT", "partialDelivery": "x", "vat": "x", "name": {} }],
        "carrier": [{ "customerShipFee": 15000, "deliveryAt": "mai" }],
        "payment": [{ "usedPoints": { "points": "x", "amount": 0 }, "vat": { "percent": "x" }, "codAmount": 0, "transfer": { "amount": 215000, "accountId": [] } }],
        "gifts": "x",
    });
    let bill = json!({ "id": 9, "type": 2, "tags": "vip, khách quen", "products": { "5": { "id": 5, "quantity": 1, "price": 100, "amount": 100 }, "6": null },
        "payment": { "amount": 100, "cash": { "amount": 100 }, "points": [], "usedPoints": { "points": "x" } }, "sale": 5, "createdAt": "x", "date": 5 });
    let product = json!({ "id": 3, "name": { "x": 1 }, "status": [], "prices": { "retail": 5, "retailVat": "x" }, "inventory": { "remain": "x", "depots": { "1": { "remain": "5" }, "2": null } },
        "images": { "avatar": [], "others": ["a", null, { "name": "b" }] }, "units": "Cái", "type": [1], "createdAt": "x" });
    for (stream, row) in [
        (Stream::Customers, customer),
        (Stream::Orders, order),
        (Stream::Invoices, bill),
        (Stream::Products, product),
    ] {
        let (records, rejected) = rows(stream, json!([row]));
        assert_eq!((records.len(), &rejected), (1, &Vec::new()), "{stream}");
        match &records[0] {
            Record::Customer(customer) => {
                assert_eq!(customer.phones[0].e164.unwrap().to_string(), "+84912000123");
                assert_eq!(customer.addresses[0].codes_of("nhanh:v2").province.as_deref(), Some("1"));
            }
            Record::Order(order) if order.id == "5" => {
                assert_eq!(
                    (order.total, order.paid, order.shipping_fee),
                    (money(215_000), money(215_000), money(15_000))
                );
                assert_eq!(order.tags, ["Ưu tiên", "Gấp"]);
            }
            Record::Order(bill) => {
                assert_eq!(
                    (bill.total, bill.payment.category, bill.lines.len()),
                    (money(100), PaymentCategory::Paid, 1)
                );
                assert_eq!(bill.tags, ["vip", "khách quen"]);
            }
            Record::Product(product) => {
                assert_eq!(
                    (product.price, product.stock.len(), product.images.as_slice()),
                    (money(5), 1, &["a".to_owned(), "b".to_owned()][..])
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn ids_and_amounts_cost_the_record_and_nothing_else_does() {
    let good = json!({ "info": { "id": 5 } });
    for (broken, id, path) in [
        (
            json!({ "info": { "id": 6 }, "payment": { "codAmount": "abc" } }),
            Some("6"),
            "data[1].payment.codAmount",
        ),
        (
            json!({ "info": { "id": 6 }, "products": [{ "productId": 1, "price": "abc" }] }),
            Some("6"),
            "data[1].products[0].price",
        ),
        (json!({ "info": { "id": 6 }, "products": ["abc"] }), Some("6"), "data[1].products[0]"),
        (json!({ "info": { "id": [6] } }), None, "data[1].id"),
        (json!({ "info": "x" }), None, "data[1].id"),
        (json!("x"), None, "data[1]"),
        (Value::Null, None, "data[1]"),
    ] {
        let (records, rejected) = rows(Stream::Orders, json!([good, broken]));
        assert_eq!(
            (records.len(), rejected.as_slice()),
            (1, &[(id.map(str::to_owned), path.to_owned())][..]),
            "{broken}"
        );
    }
}

#[test]
fn two_spellings_of_one_member_are_one() {
    for row in [
        r#"{"info":{"id":5,"id":5,"status":60},"payment":{"codAmount":100}}"#,
        r#"{"info":{"id":5},"payment":{"vat":{"percent":8,"value":null,"amount":0},"codAmount":100}}"#,
        r#"{"info":{"id":5},"products":[{"productId":1,"quantity":1,"price":100,"vat":{"value":8,"percent":8}}]}"#,
        r#"{"info":{"id":5,"id":5},"payment":{"vat":{"percent":8,"value":null}},
            "products":[{"productId":1,"quantity":1,"price":100,"vat":{"value":8,"percent":8}}]}"#,
    ] {
        let (records, rejected) = read(Stream::Orders, format!(r#"{{"code":1,"data":[{row}]}}"#).as_bytes());
        assert!(rejected.is_empty(), "{row}: {rejected:?}");
        assert_eq!((records.len(), document(&records[0]).total), (1, money(100)), "{row}");
    }
    let body = r#"{"code":1,"data":[{"id":3,"inventory":{"remain":1,"damage":2,"damaged":2}}]}"#;
    assert_eq!(read(Stream::Products, body.as_bytes()).0.len(), 1);
}

#[test]
fn a_tax_code_in_the_place_of_a_number_is_no_key() {
    let contact = |tax_code: &str| json!({ "id": 7, "name": "Công ty Mẫu", "mobile": "0387654326", "taxCode": tax_code });
    let v3 = |contact: Value, vat: Value| {
        order(json!({ "info": { "id": 5 }, "shippingAddress": contact, "payment": { "vat": vat } }))
    };
    for doubted in [
        v3(contact("0387654326"), json!([])),
        v3(contact("0387654326-001"), json!(null)),
        v3(contact(""), json!({ "percent": 8, "taxCode": "0387654326" })),
    ] {
        let phone = &doubted.buyer.unwrap().phones[0];
        assert!(phone.e164.is_some() && phone.doubtful && !phone.is_key, "{phone:?}");
    }
    // A number of a firm whose tax code is another one stays a key.
    let phone = v3(contact("0354123785"), json!([])).buyer.unwrap().phones.remove(0);
    assert!(phone.is_key, "{phone:?}");
}

#[cfg(feature = "v2")]
#[test]
fn a_tax_code_in_the_place_of_a_number_is_no_key_in_2_0() {
    let v2 = json!({ "code": 1, "data": { "orders": { "5": { "id": 5, "customerId": 7, "customerMobile": "0387654326",
        "vat": { "value": 8, "taxCode": "0387654326" } } } } });
    let v2 = read_answer(Stream::Orders, v2.to_string().as_bytes(), Api::V2).unwrap().page.records;
    let phone = &document(&v2[0]).buyer.as_ref().unwrap().phones[0];
    assert!(phone.e164.is_some() && !phone.is_key, "{phone:?}");
}

#[test]
fn the_only_number_on_an_order_is_never_lost() {
    let guest = order(
        json!({ "info": { "id": 5 }, "shippingAddress": { "id": 0, "name": "", "mobile": "0912 000 123 / 0987 000 456" } }),
    );
    let buyer = guest.buyer.unwrap();
    assert_eq!((buyer.id, buyer.identity, buyer.phones.len()), (None, Identity::Person, 2));
    let hidden = order(
        json!({ "info": { "id": 5 }, "shippingAddress": { "id": 7, "name": "N****n", "mobile": "+84 912000123" } }),
    );
    assert_eq!(hidden.buyer.unwrap().phones[0].e164.unwrap().to_string(), "+84912000123");
}

#[tokio::test]
async fn another_object_is_never_taken_for_the_one_that_was_asked_for() {
    let other = Fake::new(|asked, _| match asked.path.as_str() {
        "/v3.0/bill/retail" => ok(r#"{"code":1,"data":[{"id":999,"type":2}]}"#),
        "/v3.0/order/list" => ok(r#"{"code":1,"data":[{"info":{"id":999}}]}"#),
        _ => ok(r#"{"code":1,"data":[{"id":999,"name":"Lê Thử"}]}"#),
    });
    for stream in [Stream::Customers, Stream::Orders, Stream::Invoices, Stream::Returns, Stream::Products] {
        let error = shop(&other).get(stream, "123").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected, "{stream}: {error}");
    }
    assert_eq!(shop(&other).client().get_customer(123).await.unwrap_err().kind(), ErrorKind::Unexpected);
    // A filter by one name is passed over, one by the other is not.
    let picky = Fake::new(|asked, _| {
        let filters = &asked.json()["filters"];
        let id = if filters["id"].is_number() { 999 } else { 123 };
        ok(format!(r#"{{"code":1,"data":[{{"id":{id},"type":2}}]}}"#))
    });
    let bill = shop(&picky).get_document(DocumentKind::Invoice, "123").await.unwrap();
    assert_eq!((bill.id.as_str(), picky.asked().len()), ("123", 2));
}

#[tokio::test]
async fn a_return_is_found_behind_a_sale_of_the_same_number() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/v3.0/order/list" => ok(r#"{"code":1,"data":[{"info":{"id":123,"type":1}}]}"#),
        _ => ok(r#"{"code":1,"data":[{"id":123,"type":1,"payment":{"amount":5}}]}"#),
    });
    let back = shop(&fake).get_document(DocumentKind::Return, "123").await.unwrap();
    assert_eq!((back.stream, back.total), (DocumentKind::Return, money(5)));
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/v3.0/order/list" => ok(r#"{"code":1,"data":[{"info":{"id":123,"type":1}}]}"#),
        _ => ok(r#"{"code":1,"data":[]}"#),
    });
    assert_eq!(
        shop(&fake).get_document(DocumentKind::Return, "123").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn a_quotation_is_nothing_until_it_is_a_sale() {
    let fake = Fake::new(|_, before| {
        ok(format!(
            r#"{{"code":1,"data":[{{"info":{{"id":5,"type":{}}}}}]}}"#,
            if before == 0 { 10 } else { 1 }
        ))
    });
    let shop = shop(&fake);
    assert_eq!(shop.get_document(DocumentKind::Order, "5").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(shop.get_document(DocumentKind::Order, "5").await.unwrap().id, "5");
}

async fn walk(fake: &std::sync::Arc<Fake>, stream: Stream, query: ListQuery) -> pos_core::Result<usize> {
    let shop = shop(fake);
    let mut pages = shop.pages(stream, query);
    let mut seen = 0;
    while let Some(page) = pages.try_next().await? {
        seen += page.records.len();
        assert!(fake.asked().len() < 500, "the scan does not end");
    }
    Ok(seen)
}

#[tokio::test]
async fn cursors_in_a_circle_end_with_an_error() {
    for circle in [1, 2, 3, 7, 40] {
        let fake = Fake::new(move |_, before| {
            let at = before % circle;
            ok(format!(
                r#"{{"code":1,"paginator":{{"next":{{"id":{at}}}}},"data":[{{"id":{}}}]}}"#,
                before + 1
            ))
        });
        let error = walk(&fake, Stream::Customers, ListQuery::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected, "{circle}: {error}");
    }
}

#[tokio::test]
async fn a_window_that_is_passed_over_ends_with_an_error() {
    // The vendor answers its last days, whatever was asked for.
    let now = 1_795_000_000;
    let query = || {
        ListQuery::default()
            .with_modified_from(datetime!(2026-01-01 0:00 UTC))
            .with_modified_to(datetime!(2026-01-20 0:00 UTC))
    };
    let rows = [
        (Stream::Orders, json!({ "info": { "id": 5, "createdAt": now, "updatedAt": 1_600_000_000 } })),
        (Stream::Invoices, json!({ "id": 5, "type": 2, "date": "2026-11-18", "createdAt": now })),
    ];
    for (stream, row) in rows {
        let fake = Fake::new(move |_, _| ok(json!({ "code": 1, "data": [row] }).to_string()));
        let error = walk(&fake, stream, query()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected, "{stream}: {error}");
    }
    // A full read goes by when orders were written, which never moves.
    let fake = Fake::new(move |_, _| {
        ok(json!({ "code": 1, "data": [{ "info": { "id": 5, "createdAt": now } }] }).to_string())
    });
    assert_eq!(
        walk(&fake, Stream::Orders, ListQuery::default()).await.unwrap_err().kind(),
        ErrorKind::Unexpected
    );
}

#[tokio::test]
async fn an_order_that_never_changed_is_found_by_when_it_was_written() {
    let at = datetime!(2026-01-10 0:00 UTC).unix_timestamp();
    let fake = Fake::new(move |asked, _| {
        let row = json!({ "info": { "id": 5, "createdAt": at, "updatedAt": null } });
        let data = if asked.json()["filters"]["updatedAtFrom"].is_null() { json!([row]) } else { json!([]) };
        ok(json!({ "code": 1, "data": data }).to_string())
    });
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-01-01 0:00 UTC))
        .with_modified_to(datetime!(2026-01-20 0:00 UTC));
    assert_eq!(walk(&fake, Stream::Orders, query).await.unwrap(), 1);
}

#[tokio::test]
async fn a_null_row_is_told_and_costs_the_others_nothing() {
    let fake = Fake::new(|_, _| ok(r#"{"code":1,"data":[null,{"id":1},null,{"id":2}]}"#));
    let page = shop(&fake).list_customers(&ListQuery::default()).await.unwrap();
    assert_eq!((page.records.len(), page.rejected.len()), (2, 2));
}

#[tokio::test]
async fn rows_of_another_branch_are_left_out() {
    let fake = Fake::new(|_, _| {
        ok(r#"{"code":1,"data":[{"info":{"id":1,"depotId":31101}},{"info":{"id":2,"depotId":31102}}]}"#)
    });
    let query = ListQuery::default()
        .with_branch("31101")
        .with_modified_from(datetime!(2026-01-01 0:00 UTC))
        .with_modified_to(datetime!(2026-01-02 0:00 UTC));
    let page = shop(&fake).list_documents(DocumentKind::Order, &query).await.unwrap();
    assert_eq!(page.records.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["1"]);
}

#[tokio::test]
async fn a_cursor_of_an_earlier_release_begins_the_list_again_and_one_of_other_bounds_is_refused() {
    let fake = Fake::new(|_, _| ok(r#"{"code":1,"data":[{"id":1}],"paginator":{"next":{"id":7}}}"#));
    let shop = shop(&fake);
    let kept = r#"nhanh/customers/2:{"l":0,"u":1795000000,"n":{"id":5},"c":1,"b":{}}"#.to_owned();
    let page = shop.list_customers(&ListQuery::default().with_cursor(Some(kept.into()))).await.unwrap();
    assert_eq!(page.records.len(), 1);
    assert_eq!(fake.asked()[0].json()["paginator"]["next"], Value::Null, "from the beginning");
    let onward = || ListQuery::default().with_cursor(page.next.clone());
    shop.list_customers(&onward()).await.unwrap_err();
    assert_eq!(fake.asked()[1].json()["paginator"]["next"]["id"], 7, "the vendor's cursor is echoed");
    let bounded = onward().with_modified_from(datetime!(2026-01-01 0:00 UTC));
    let error = shop.list_customers(&bounded).await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Config, 2), "nothing is sent");
}
