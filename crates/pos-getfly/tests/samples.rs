//! Every saved answer is read as the vendor page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{fixture, text};
use pos_core::page::Answer;
use pos_core::record::{
    CustomerKind, CustomerRecord, DocumentKind, FulfilmentCategory, Identity, Money, OrderRecord,
    PaymentCategory, PhoneSource, Record, StatusCategory,
};
use pos_core::{ErrorKind, Stream};
use pos_getfly::read_answer;
use time::macros::{date, datetime};

fn read(stream: Stream, name: &str) -> Answer {
    let answer = read_answer(stream, &fixture(name)).unwrap();
    assert!(answer.page.rejected.is_empty(), "{name}: {:?}", answer.page.rejected);
    answer
}

fn customers(answer: Answer) -> Vec<CustomerRecord> {
    let take = |record| if let Record::Customer(customer) = record { Some(*customer) } else { None };
    answer.page.records.into_iter().filter_map(take).collect()
}

fn orders(answer: Answer) -> Vec<OrderRecord> {
    let take = |record| if let Record::Order(order) = record { Some(*order) } else { None };
    answer.page.records.into_iter().filter_map(take).collect()
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

#[test]
fn a_firm_keeps_its_people_and_is_not_one_of_them() {
    let answer = read(Stream::Customers, "accounts.page1.json");
    assert_eq!((answer.more, answer.page.total), (Some(true), None));
    let all = customers(answer);
    let [firm, person] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!((firm.id.as_str(), firm.code.as_deref()), ("1201", Some("KH/2026/001201")));
    assert_eq!((firm.name.as_deref(), firm.kind), (Some("Công ty TNHH Gió Thử"), CustomerKind::Company));
    let phones: Vec<_> = firm
        .phones
        .iter()
        .map(|phone| (phone.e164.unwrap().to_string(), phone.source, phone.is_key))
        .collect();
    assert_eq!(
        phones,
        [
            ("+842439990011".to_owned(), PhoneSource::Own, true),
            ("+84912000801".to_owned(), PhoneSource::Secondary, false)
        ],
        "who works there may buy elsewhere"
    );
    assert_eq!(firm.emails.iter().map(|email| email.is_key).collect::<Vec<_>>(), [true, false]);
    assert_eq!(firm.tax_code.as_deref(), Some("0100000099"));
    assert_eq!(firm.spent, Some("15300000.5".parse().unwrap()));
    assert_eq!(firm.addresses[0].street.as_deref(), Some("Số 1 ngõ Thử, Hà Nội"));
    assert_eq!(firm.updated_at, Some(datetime!(2026-03-12 2:10:11 UTC)), "Viet Nam's clocks");
    assert_eq!(firm.groups, ["1", "4"], "their names were not asked for");
    assert_eq!((firm.birth_date, firm.gender), (None, None));

    assert_eq!((person.kind, person.identity), (CustomerKind::Person, Identity::Person));
    assert_eq!(person.birth_date, Some(date!(1990 - 12 - 22)));
    assert_eq!(person.phones[0].e164.unwrap().to_string(), "+84903111222");
    assert_eq!((person.phones[0].raw.as_str(), person.phones[0].is_key), ("0903 111 222", true));
    assert_eq!((person.gender, person.spent), (None, money(0)), "what its code 1 means nobody says");
    assert!(person.addresses.is_empty() && person.groups.is_empty() && person.tax_code.is_none());
}

#[test]
fn other_pages_of_accounts() {
    let last = read(Stream::Customers, "accounts.page2-last.json");
    assert_eq!((last.more, last.page.records.len()), (Some(false), 1));
    let subset = customers(read(Stream::Customers, "accounts.fields-subset.json"));
    assert_eq!((subset[0].id.as_str(), subset[0].code.as_deref()), ("1203", Some("KH/2026/001203")));
    assert_eq!(subset[0].updated_at, None, "what was not asked for is absent");
    let sync = read(Stream::Customers, "accounts.sync.json");
    assert_eq!((sync.page.records.len(), sync.more), (1, Some(false)));
    assert_eq!(customers(sync)[0].updated_at, Some(datetime!(2026-03-13 3:00 UTC)));
    let gone = read(Stream::Customers, "accounts.deleted_ids.json");
    assert_eq!(
        (gone.page.removed, gone.page.records.len(), gone.more),
        (vec!["1188".into(), "1190".into()], 0, None)
    );
}

#[test]
fn one_account_of_either_line() {
    let now = &customers(read(Stream::Customers, "account.detail.v6.1.json"))[0];
    assert_eq!((now.id.as_str(), now.kind), ("1201", CustomerKind::Company));
    let codes = now.addresses[0].codes_of("getfly");
    assert_eq!(
        (codes.province.as_deref(), codes.district.as_deref(), codes.ward),
        (Some("1"), Some("12"), None)
    );
    assert_eq!(now.addresses[0].country.as_deref(), Some("Việt Nam"));
    assert_eq!((now.tax_code.as_deref(), now.note.as_deref()), (None, None));
    let old = &customers(read(Stream::Customers, "account.detail.v3.json"))[0];
    assert_eq!((old.id.as_str(), old.code.as_deref()), ("1201", Some("KH001201")));
    assert_eq!(old.birth_date, Some(date!(2012 - 12 - 22)));
    let place = &old.addresses[0];
    assert_eq!(place.street.as_deref(), Some("Số 1 ngõ Thử"));
    assert_eq!((place.province.as_deref(), place.district.as_deref()), (Some("Hà Nội"), Some("Đống Đa")));
    assert_eq!(old.phones.len(), 2, "the persons stand beside the account");
    assert_eq!((old.phones[0].is_key, old.phones[1].is_key), (true, false));
    assert_eq!((old.spent, old.groups.len()), (money(0), 0));
}

#[test]
fn orders_that_wait_and_orders_that_were_approved() {
    let answer = read(Stream::Orders, "sale_orders.page1.json");
    assert_eq!(answer.more, Some(true));
    let all = orders(answer);
    let [pending, approved] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!((pending.id.as_str(), pending.code.as_deref()), ("93", Some("DH00093")));
    assert_eq!(pending.status.category, StatusCategory::Pending);
    assert_eq!(
        (pending.status.code.as_deref(), pending.status.label.as_deref()),
        (Some("1"), Some("Chờ duyệt"))
    );
    assert_eq!(approved.status.category, StatusCategory::Confirmed);
    for order in &all {
        assert_eq!(order.stream, DocumentKind::Order);
        assert_eq!((order.payment.category, order.paid), (PaymentCategory::Unpaid, money(0)));
        assert_eq!(order.due, order.total);
        assert_eq!((order.placed_at, order.placed_on), (Some(datetime!(2026-02-03 1:23:40 UTC)), None));
        let buyer = order.buyer.as_ref().unwrap();
        assert_eq!((buyer.id.as_deref(), buyer.phones.len()), (Some("1201"), 0));
        assert_eq!(buyer.name.as_deref(), Some("Đinh Thị Liên Hệ"), "the row tells no other name");
        let contact = order.contact.as_ref().unwrap();
        assert_eq!(contact.phones[0].e164.unwrap().to_string(), "+84912000801");
        assert_eq!(contact.emails[0].address.as_deref(), Some("dinh@giothu.example.test"));
        assert_eq!(order.branch.as_ref().unwrap().id.as_deref(), Some("2"));
        assert_eq!(order.seller.as_ref().unwrap().name.as_deref(), Some("Nhân viên Mẫu"));
        assert!(!order.incomplete && order.reference.is_none());
    }
    assert_eq!(
        approved.total,
        Some("83706.5".parse().unwrap()),
        "what it says, whatever its parts add up to"
    );
    assert_eq!((approved.discount, approved.tax), (money(6435), Some("5791.5".parse().unwrap())));
    let line = &approved.lines[0];
    assert_eq!((line.product_id.as_deref(), line.sku.as_deref()), (Some("2507"), Some("SP.00192")));
    assert_eq!((line.quantity, line.unit_price, line.total), (Some(2.into()), money(65_000), money(130_000)));
    assert_eq!(approved.subtotal, money(130_000));
    assert_eq!(approved.delivery.as_ref().unwrap().code.as_deref(), Some("BE.01921.1282"));
    assert_eq!(approved.fulfilment.category, FulfilmentCategory::Unknown);
    let empty = read(Stream::Orders, "sale_orders.page2-last.json");
    assert_eq!((empty.more, empty.page.records.len()), (Some(false), 0));
    let one = &orders(read(Stream::Orders, "sale_order.detail.json"))[0];
    assert_eq!((one.id.as_str(), one.total), ("93", money(65_000)));
}

/// The row of the vendor's own example (6.1/sale-order/list), as far as it can be read.
#[test]
fn a_discount_that_is_said_twice_is_one_discount() {
    let body = r#"{"data":[{"id":95,"real_amount":83706.5,"f_amount":20000,"discount":10,"discount_amount":6435,"vat_amount":5791.5,
        "order_details":[{"id":7,"quantity":1,"price":65000,"product_sale_off":1,"cash_discount":650,"origin_amount":65000,"amount":64350}]}],"has_more":false}"#;
    let order = &orders(read_answer(Stream::Orders, body.as_bytes()).unwrap())[0];
    let line = &order.lines[0];
    assert_eq!((line.unit_price, line.discount, line.total), (money(65_000), money(650), money(64_350)));
    assert_eq!((order.subtotal, order.discount), (money(64_350), money(6435)));
    assert_eq!((order.payment.category, order.paid), (PaymentCategory::PartiallyPaid, money(20_000)));
    assert_eq!(order.due, Some("63706.5".parse().unwrap()));
}

#[test]
fn an_order_of_line_3() {
    let order = &orders(read(Stream::Orders, "order.detail.v3.json"))[0];
    assert_eq!((order.id.as_str(), order.code.as_deref()), ("18293", Some("DH18293")));
    assert_eq!((order.status.category, order.total), (StatusCategory::Pending, money(900_000)));
    assert_eq!(
        (order.placed_at, order.placed_on),
        (None, Some(date!(2024 - 01 - 03))),
        "days only, day first"
    );
    assert_eq!((order.payment.category, order.paid), (PaymentCategory::Unknown, None));
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (Some("25"), Some("Khách lẻ Thử")));
    assert_eq!(buyer.phones[0].e164.unwrap().to_string(), "+84977111333");
    assert_eq!(buyer.address.as_ref().unwrap().street.as_deref(), Some("Địa chỉ giao hàng"));
    assert_eq!(order.fulfilment.category, FulfilmentCategory::Unfulfilled);
    assert!(order.branch.is_none() && order.lines.is_empty() && !order.incomplete);
    // Goods that came back, and a supplier's document.
    let other = |from: &str, to: &str| text("order.detail.v3.json").replace(from, to);
    let back = other("\"is_repay\": \"0\"", "\"is_repay\": \"1\"");
    assert!(read_answer(Stream::Orders, back.as_bytes()).unwrap().page.records.is_empty());
    let back = &orders(read_answer(Stream::Returns, back.as_bytes()).unwrap())[0];
    assert_eq!((back.stream, back.total), (DocumentKind::Return, money(900_000)));
    let bought = other("\"order_type\": 2", "\"order_type\": 1");
    for stream in [Stream::Orders, Stream::Returns] {
        assert!(read_answer(stream, bought.as_bytes()).unwrap().page.records.is_empty(), "{stream}");
    }
}

#[test]
fn products_of_either_line() {
    let product = |name| match read(Stream::Products, name).page.records.remove(0) {
        Record::Product(product) => *product,
        other => panic!("{other:?}"),
    };
    let now = product("products.page.v6.json");
    assert_eq!((now.id.as_str(), now.code.as_deref()), ("2507", Some("SP.00192")));
    assert_eq!((now.price, now.cost, now.active), (money(129_000), money(0), None));
    assert_eq!(now.category.unwrap().id.as_deref(), Some("3"));
    assert_eq!(now.updated_at, Some(datetime!(2026-01-11 3:00 UTC)));
    let old = product("products.page.v3.json");
    assert_eq!((old.id.as_str(), old.name.as_deref(), old.price), ("4371", Some("Áo Thử"), money(1_299_000)));
    assert_eq!(old.created_at, Some(datetime!(2017-11-10 17:00 UTC)));
    assert_eq!((old.category, old.images.len()), (None, 0));
    assert_eq!(read(Stream::Products, "products.page.v3.json").more, None);
}

#[test]
fn staff_and_what_is_no_stream() {
    let answer = read(Stream::Users, "users.json");
    let Record::User(user) = &answer.page.records[0] else { panic!("{answer:?}") };
    assert_eq!(
        (user.id.as_str(), user.code.as_deref(), user.name.as_deref()),
        ("5", Some("sale1"), Some("Nhân viên Mẫu"))
    );
    assert_eq!(user.phones[0].e164.unwrap().to_string(), "+84912000005");
    let error = read_answer(Stream::Branches, b"[]").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    for name in ["error.400.json", "error.401.json", "account.delete.response.json"] {
        assert_eq!(
            read_answer(Stream::Customers, &fixture(name)).unwrap_err().kind(),
            ErrorKind::Unexpected,
            "{name}"
        );
    }
}
