//! Every saved answer is read as the vendor page says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

mod common;

use common::fixture;
use pos_core::page::Answer;
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerKind, CustomerRecord, DocumentKind, FulfilmentCategory, Gender,
    Identity, Money, OrderRecord, PaymentCategory, ProductRecord, Record, StatusCategory, UserRecord,
};
use pos_nhanh::{Api, Stream, read_answer};
use serde_json::json;
use time::macros::{date, datetime};

fn read(stream: Stream, name: &str) -> Answer {
    #[cfg(feature = "v2")]
    let api = if name.starts_with("v2") { Api::V2 } else { Api::V3 };
    #[cfg(not(feature = "v2"))]
    let api = Api::V3;
    let answer = read_answer(stream, &fixture(name), api).unwrap();
    assert!(answer.page.rejected.is_empty(), "{name}: {:?}", answer.page.rejected);
    answer
}

macro_rules! records {
    ($($name:ident: $variant:ident($type:ty)),*) => {$(
        fn $name(answer: &Answer) -> Vec<&$type> {
            answer.page.records.iter().filter_map(|r| if let Record::$variant(one) = r { Some(&**one) } else { None }).collect()
        }
    )*};
}

records!(customers: Customer(CustomerRecord), orders: Order(OrderRecord), products: Product(ProductRecord));
records!(branches: Branch(BranchRecord), users: User(UserRecord), categories: Category(CategoryRecord));

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

fn phone(phones: &[pos_core::record::Phone]) -> String {
    phones[0].e164.unwrap().to_string()
}

#[test]
fn a_page_of_customers_tells_its_people_and_the_cursor() {
    let answer = read(Stream::Customers, "v3_customers_page1.json");
    assert_eq!((answer.more, answer.next.as_ref()), (Some(true), Some(&json!({ "id": 90_411_187 }))));
    let [vy, firm] = customers(&answer)[..] else { panic!() };
    assert_eq!((vy.id.as_str(), vy.code.as_deref()), ("90411201", Some("KH0001")));
    assert_eq!(
        (vy.name.as_deref(), vy.identity, vy.kind),
        (Some("Trần Thảo Vy"), Identity::Person, CustomerKind::Person)
    );
    assert_eq!((vy.gender, vy.birth_date), (Some(Gender::Female), Some(date!(1994 - 03 - 17))));
    assert_eq!((phone(&vy.phones), vy.phones[0].is_key), ("+84903111222".to_owned(), true));
    assert_eq!(vy.emails[0].address.as_deref(), Some("thaovy.tran@example.com"));
    assert_eq!(vy.addresses[0].street.as_deref(), Some("12 Ngõ 88 Láng Hạ"));
    assert_eq!(vy.addresses[0].codes_of("nhanh:v1").district.as_deref(), Some("331"));
    assert_eq!(vy.addresses[0].codes_of("nhanh:v2").district, None);
    assert_eq!((vy.groups.as_slice(), vy.spent), (&["Khách quen".to_owned()][..], money(12_450_000)));
    assert_eq!(vy.points.unwrap().to_string(), "120");
    assert_eq!((vy.updated_at, vy.tax_code.as_deref()), (Some(datetime!(2026-11-10 2:15 UTC)), None));
    assert_eq!((firm.kind, firm.gender, firm.birth_date), (CustomerKind::Company, None, None));
    assert_eq!(firm.organization.as_deref(), Some("Công ty TNHH Minh Hạ"));
    assert_eq!(
        (phone(&firm.phones), firm.tax_code.as_deref()),
        ("+842835550100".to_owned(), Some("0312345678"))
    );
    assert_eq!(firm.spent.unwrap().to_string(), "88000000.5");
    assert_eq!((firm.code.as_deref(), firm.groups.len(), firm.emails.len()), (None, 0, 0));

    let last = read(Stream::Customers, "v3_customers_last.json");
    assert_eq!((last.more, last.next.clone()), (Some(false), None));
    assert_eq!((customers(&last)[0].gender, customers(&last)[0].birth_date), (Some(Gender::Male), None));
    let empty = read(Stream::Customers, "v3_customers_empty_page.json");
    assert_eq!((empty.page.records.len(), empty.more), (0, Some(false)));
}

#[test]
fn an_order_adds_up_and_what_was_paid_is_told_from_what_is_due() {
    let answer = read(Stream::Orders, "v3_order_full.json");
    let [order] = orders(&answer)[..] else { panic!() };
    assert_eq!((order.id.as_str(), order.stream), ("436200118", DocumentKind::Order));
    assert_eq!(order.reference.as_deref(), Some("WEB-2026-000118"));
    assert_eq!(
        (order.subtotal, order.shipping_fee, order.total),
        (money(468_000), money(30_000), money(498_000))
    );
    assert_eq!((order.paid, order.due, order.discount), (money(170_000), money(328_000), money(0)));
    assert_eq!(order.payment.category, PaymentCategory::PartiallyPaid);
    let methods: Vec<_> = order.payments.iter().map(|p| (p.method.as_deref().unwrap(), p.amount)).collect();
    assert_eq!(
        methods,
        [("deposit", money(50_000)), ("transfer", money(100_000)), ("points", money(20_000))]
    );
    assert_eq!(
        (order.status.category, order.status.code.as_deref()),
        (StatusCategory::Confirmed, Some("56"))
    );
    assert_eq!(order.status.label.as_deref(), Some("Đã xác nhận"));
    assert_eq!(order.placed_at, Some(datetime!(2026-11-12 1:30:12 UTC)));
    assert_eq!(order.updated_at, Some(datetime!(2026-11-12 3:05:44 UTC)));
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (Some("90411201"), Some("Trần Thảo Vy")));
    assert_eq!((phone(&buyer.phones), order.recipient.is_none()), ("+84903111222".to_owned(), true));
    for line in &order.lines {
        let expected = line.unit_price.unwrap().times(line.quantity.unwrap()) - line.discount.unwrap();
        assert_eq!(line.total, Some(expected), "total = quantity × unit price − discount");
    }
    assert_eq!((order.lines[0].unit_price, order.lines[0].discount), (money(189_000), money(18_000)));
    assert_eq!(
        (order.lines[0].product_id.as_deref(), order.lines[0].sku.as_deref()),
        (Some("38211045"), Some("AT01-DEN-L"))
    );
    let delivery = order.delivery.as_ref().unwrap();
    assert_eq!(
        (delivery.code.as_deref(), delivery.cod, delivery.fee),
        (Some("GHNTEST0001"), money(328_000), money(22_000))
    );
    let channel = order.channel.as_ref().unwrap();
    assert_eq!(
        (channel.id.as_deref(), channel.code.as_deref(), channel.name.as_deref()),
        (Some("10"), Some("api"), Some("Website A"))
    );
    assert_eq!(
        (order.branch.as_ref().unwrap().id.as_deref(), order.note.as_deref()),
        (Some("31102"), Some("Giao giờ hành chính"))
    );
    assert_eq!((order.tags.as_slice(), order.tax), (&["Ưu tiên".to_owned()][..], money(0)));
}

#[test]
fn orders_of_every_end_are_told_apart() {
    let answer = read(Stream::Orders, "v3_orders_page1.json");
    assert_eq!((answer.more, answer.next.as_ref()), (Some(true), Some(&json!({ "id": 436_200_199 }))));
    let [new, done] = orders(&answer)[..] else { panic!() };
    assert_eq!(
        (new.status.category, new.total, new.due),
        (StatusCategory::Pending, money(403_000), money(403_000))
    );
    assert_eq!(
        (new.payment.category, new.channel.as_ref().unwrap().code.as_deref()),
        (PaymentCategory::Unpaid, Some("web"))
    );
    assert_eq!(
        (done.status.category, done.payment.category),
        (StatusCategory::Completed, PaymentCategory::Paid)
    );
    assert_eq!((done.total, done.paid, done.due), (money(567_000), money(567_000), money(0)));
    assert_eq!(
        (done.reference.as_deref(), done.fulfilment.category),
        (Some("2611120SHOPEE01"), FulfilmentCategory::Delivered)
    );
    assert_eq!(done.channel.as_ref().unwrap().code.as_deref(), Some("shopee"));

    let answer = read(Stream::Orders, "v3_orders_last.json");
    assert_eq!(answer.more, Some(false));
    let [cancelled, returned] = orders(&answer)[..] else { panic!() };
    assert_eq!(
        (cancelled.status.category, cancelled.status.reason.as_deref()),
        (StatusCategory::Cancelled, Some("NotBuy"))
    );
    assert_eq!((cancelled.payment.category, cancelled.total), (PaymentCategory::Voided, money(219_000)));
    assert_eq!(
        (returned.status.category, returned.status.code.as_deref()),
        (StatusCategory::Returned, Some("72"))
    );
    assert_eq!((returned.stream, returned.total), (DocumentKind::Order, money(204_000)));
}

#[test]
fn deleted_lists_name_what_is_gone() {
    let answer = read(Stream::Orders, "v3_orders_deleted.json");
    assert_eq!(answer.page.removed, ["436190001", "436190002"]);
    assert_eq!((answer.page.records.len(), answer.more), (0, Some(true)));
    assert_eq!(answer.next, Some(json!({ "id": "66f0aa" })));
    assert_eq!(read(Stream::Invoices, "v3_bills_deleted.json").page.removed, ["880100777"]);
}

#[test]
fn retail_bills_are_finished_sales() {
    let answer = read(Stream::Invoices, "v3_bills_retail_page.json");
    assert_eq!((answer.more, answer.next.as_ref()), (Some(true), Some(&json!({ "id": 880_100_912 }))));
    let [walk_in, known] = orders(&answer)[..] else { panic!() };
    for bill in [walk_in, known] {
        assert_eq!((bill.stream, bill.status.category), (DocumentKind::Invoice, StatusCategory::Completed));
        assert_eq!((bill.total, bill.paid, bill.due), (money(170_000), money(170_000), money(0)));
        assert_eq!(
            (bill.payment.category, bill.discount, bill.fulfils.as_deref()),
            (PaymentCategory::Paid, None, None)
        );
        assert_eq!((bill.lines[0].unit_price, bill.lines[0].discount), (money(189_000), money(19_000)));
        assert_eq!(bill.lines[0].total, money(170_000));
    }
    assert!(walk_in.buyer.is_none());
    assert_eq!(walk_in.placed_at, Some(datetime!(2026-11-12 12:00 UTC)));
    let buyer = known.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), phone(&buyer.phones)), (Some("90410555"), "+84868444555".to_owned()));
    let end = read(Stream::Invoices, "v3_bills_retail_end.json");
    assert_eq!((end.page.records.len(), end.more), (0, Some(false)));
}

#[test]
fn products_depots_staff_and_categories_are_read() {
    let answer = read(Stream::Products, "v3_products_page1.json");
    assert_eq!((answer.more, answer.page.records.len()), (Some(true), 3));
    let shirt = products(&answer)[1];
    assert_eq!((shirt.id.as_str(), shirt.code.as_deref()), ("38211045", Some("AT01-DEN-L")));
    assert_eq!((shirt.barcode.as_deref(), shirt.unit.as_deref()), (Some("8930038211045"), Some("Cái")));
    assert_eq!((shirt.price, shirt.cost, shirt.active), (money(189_000), money(105_840), Some(true)));
    assert_eq!(shirt.category.as_ref().unwrap().id.as_deref(), Some("77002"));
    assert_eq!(shirt.images, ["https://cdn.example.com/p/38211045.jpg"]);
    let stock = &shirt.stock[0];
    assert_eq!(stock.branch.as_ref().unwrap().id.as_deref(), Some("31101"));
    assert_eq!(
        (stock.on_hand.unwrap().to_string(), stock.reserved.unwrap().to_string()),
        ("12".into(), "2".into())
    );
    assert_eq!(shirt.updated_at, Some(datetime!(2026-11-08 3:00 UTC)));
    let last = read(Stream::Products, "v3_products_last.json");
    assert_eq!(
        (last.more, last.next.is_none(), products(&last)[0].stock[0].on_hand.unwrap().to_string()),
        (Some(false), true, "0".into())
    );

    let answer = read(Stream::Branches, "v3_depots.json");
    let [shop, store] = branches(&answer)[..] else { panic!() };
    assert_eq!(
        (shop.id.as_str(), shop.code.as_deref(), shop.name.as_deref()),
        ("31101", Some("CH01"), Some("Cửa hàng Láng Hạ"))
    );
    assert_eq!(phone(&shop.phones), "+842435550199");
    let address = shop.address.as_ref().unwrap();
    assert_eq!(
        (address.province.as_deref(), address.district.as_deref()),
        (Some("Hà Nội"), Some("Quận Đống Đa"))
    );
    assert!(store.phones.is_empty());

    let answer = read(Stream::Users, "v3_users.json");
    assert_eq!((answer.more, answer.next.as_ref()), (Some(true), Some(&json!(2_054_210))));
    assert_eq!(
        (users(&answer)[0].code.as_deref(), users(&answer)[1].name.as_deref()),
        (Some("longlb"), Some("Hoàng Minh Đức"))
    );
    let answer = read(Stream::Categories, "v3_categories.json");
    let [top, below] = categories(&answer)[..] else { panic!() };
    assert_eq!(
        (top.parent.as_deref(), below.parent.as_deref(), below.name.as_deref()),
        (None, Some("77001"), Some("Áo thun"))
    );
}

fn one(stream: Stream, body: serde_json::Value) -> Answer {
    read_answer(stream, body.to_string().as_bytes(), Api::V3).unwrap()
}

#[test]
fn goods_brought_back_are_returns_whatever_their_status_says() {
    let order = |kind: i64, from: serde_json::Value| json!({ "info": { "id": 5, "type": kind, "status": 60, "returnFromId": from } });
    for (kind, from, returns) in
        [(14, json!(null), None), (16, json!("77"), Some("77")), (1, json!(78), Some("78"))]
    {
        let answer = one(Stream::Orders, json!({ "code": 1, "data": [order(kind, from)] }));
        let record = orders(&answer)[0];
        assert_eq!(
            (record.stream, record.returns.as_deref()),
            (DocumentKind::Return, returns),
            "type {kind}"
        );
        assert_eq!(record.paid, None);
    }
    // Quotations and transfers between depots are no sales.
    for kind in [10, 15] {
        let answer = one(Stream::Orders, json!({ "code": 1, "data": [order(kind, json!(0))] }));
        assert!(answer.page.records.is_empty() && answer.page.rejected.is_empty());
    }
}

#[test]
fn bills_are_sales_returns_or_nothing_by_type_and_mode() {
    let bill = |kind: i64, mode: serde_json::Value, order: i64| {
        json!({ "id": 9, "type": kind, "mode": mode, "orderId": order, "related": { "type": 6, "billId": 8 }, "date": "2026-11-12",
            "payment": { "amount": 50_000 } })
    };
    let read = |bill| one(Stream::Invoices, json!({ "code": 1, "data": [bill] }));
    let answer = read(bill(2, json!(6), 41));
    let sale = orders(&answer)[0];
    assert_eq!(
        (sale.stream, sale.fulfils.as_deref(), sale.total),
        (DocumentKind::Invoice, Some("41"), money(50_000))
    );
    assert_eq!((sale.placed_at, sale.placed_on), (None, Some(date!(2026 - 11 - 12))));
    let answer = read(bill(1, json!(null), 0));
    let back = orders(&answer)[0];
    assert_eq!(
        (back.stream, back.returns.as_deref(), back.total),
        (DocumentKind::Return, Some("8"), money(50_000))
    );
    for mode in [1, 3, 5, 8, 15] {
        assert!(read(bill(2, json!(mode), 0)).page.records.is_empty(), "mode {mode}");
    }
}

#[test]
fn hidden_marketplace_buyers_are_known_by_id_alone() {
    let order = json!({ "info": { "id": 5, "status": 59 }, "channel": { "saleChannel": 42 },
        "shippingAddress": { "id": 90_409_009, "name": "N*n", "mobile": "******21", "email": "n*@example.com" } });
    let answer = one(Stream::Orders, json!({ "code": 1, "data": [order] }));
    let buyer = orders(&answer)[0].buyer.clone().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name, buyer.identity), (Some("90409009"), None, Identity::Masked));
    assert_eq!(buyer.raw_name.as_deref(), Some("N*n"));
    assert!(buyer.phones.iter().all(|phone| !phone.is_key) && buyer.emails.iter().all(|email| !email.is_key));
}

#[test]
fn unknown_codes_stay_unknown_and_empty_objects_may_be_lists() {
    let order = json!({ "info": { "id": "5", "status": 99 }, "channel": [], "shippingAddress": [], "products": { "7": { "productId": 7, "price": "1000", "quantity": "2" } },
        "carrier": null, "payment": { "discount": [], "codAmount": "2000" } });
    let answer = one(Stream::Orders, json!({ "code": "1", "data": { "5": order } }));
    let record = orders(&answer)[0];
    assert_eq!(
        (record.status.category, record.status.code.as_deref()),
        (StatusCategory::Unknown, Some("99"))
    );
    assert_eq!((record.total, record.buyer.is_none(), record.lines.len()), (money(2000), true, 1));
}

#[test]
fn a_broken_row_costs_only_itself_and_names_its_id() {
    let rows = json!([{ "info": { "id": 5 } }, { "info": { "id": 6 }, "payment": { "codAmount": "abc" } }, { "info": { "id": 0 } }]);
    let answer = one(Stream::Orders, json!({ "code": 1, "data": rows }));
    assert_eq!(answer.page.records.len(), 1);
    let rejected: Vec<_> = answer.page.rejected.iter().map(|r| (r.id.as_deref(), r.path.as_str())).collect();
    assert_eq!(rejected, [(Some("6"), "data[1].payment.codAmount"), (None, "data[2].id")]);
}

#[test]
fn single_objects_and_bare_lists_are_read_and_other_json_is_not() {
    let row = json!({ "id": 7, "name": "Lê Quốc Bảo", "mobile": 903_111_222 });
    for (body, more) in [
        (row.clone(), Some(false)),
        (json!([row.clone()]), None),
        (json!({ "code": 1, "data": row }), Some(false)),
    ] {
        let answer = one(Stream::Customers, body);
        assert_eq!((answer.page.records[0].id(), answer.more), ("7", more));
        assert_eq!(phone(&customers(&answer)[0].phones), "+84903111222", "a number that lost its zero");
    }
    for body in [
        "",
        "null",
        "\"x\"",
        "{}",
        "[[1]]",
        "[\"x\"]",
        "{\"code\":1,\"data\":\"x\"}",
        "{\"code\":1,\"data\":[1]}",
        "<html>",
    ] {
        assert!(read_answer(Stream::Customers, body.as_bytes(), Api::V3).is_err(), "{body}");
    }
    let error = read_answer(Stream::Customers, &fixture("v3_error_access_token.json"), Api::V3).unwrap_err();
    assert_eq!(error.kind(), pos_core::ErrorKind::Auth);
}

#[cfg(feature = "v2")]
#[allow(deprecated)]
mod v2 {
    use super::*;

    #[test]
    fn lists_are_objects_keyed_by_id_or_lists() {
        let page1 = read(Stream::Customers, "v2_customers_page1.json");
        assert_eq!(page1.more, Some(true));
        let [vy, firm] = customers(&page1)[..] else { panic!() };
        assert_eq!(
            (vy.id.as_str(), vy.gender, vy.spent),
            ("90411201", Some(Gender::Female), money(12_450_000))
        );
        assert_eq!(
            (firm.kind, firm.spent.unwrap().to_string()),
            (CustomerKind::Company, "88000000.5".to_owned())
        );
        let last = read(Stream::Customers, "v2_customers_last_as_array.json");
        assert_eq!(
            (last.more, customers(&last)[0].gender),
            (None, Some(Gender::Male)),
            "the page does not say which it is"
        );
        let none = read(Stream::Orders, "v2_no_records.json");
        assert_eq!((none.page.records.len(), none.more), (0, Some(false)));
    }

    #[test]
    fn an_order_subtracts_the_discount_that_is_not_in_its_lines() {
        let answer = read(Stream::Orders, "v2_order_full.json");
        assert_eq!((answer.page.total, answer.more), (Some(1), Some(false)));
        let order = orders(&answer)[0];
        assert_eq!(
            (order.subtotal, order.discount, order.shipping_fee),
            (money(470_000), money(20_000), money(25_000))
        );
        assert_eq!((order.total, order.paid, order.due), (money(475_000), money(200_000), money(275_000)));
        assert_eq!(
            (order.status.category, order.status.code.as_deref()),
            (StatusCategory::Shipping, Some("Shipping"))
        );
        assert_eq!((order.lines[1].discount, order.lines[1].total), (money(20_000), money(220_000)));
        assert_eq!(order.placed_at, Some(datetime!(2026-11-02 2:30:21 UTC)));
        assert_eq!(order.updated_at, Some(datetime!(2026-11-03 7:00 UTC)));
        assert_eq!(order.branch.as_ref().unwrap().name.as_deref(), Some("Kho online"));
        let address = order.buyer.as_ref().unwrap().address.as_ref().unwrap();
        assert_eq!(
            (address.province.as_deref(), address.district.as_deref()),
            (Some("Hà Nội"), Some("Quận Đống Đa"))
        );
        let page1 = read(Stream::Orders, "v2_orders_page1.json");
        assert_eq!((page1.page.total, page1.more), (Some(3), Some(true)));
        assert_eq!(orders(&page1)[1].status.category, StatusCategory::Pending);
        let last = read(Stream::Orders, "v2_orders_last.json");
        assert_eq!((last.more, orders(&last)[0].status.category), (Some(false), StatusCategory::Cancelled));
    }

    #[test]
    fn bills_products_and_the_rest_share_the_mapping() {
        let answer = read(Stream::Invoices, "v2_bills_page.json");
        let bill = orders(&answer)[0];
        assert_eq!(
            (bill.id.as_str(), bill.stream, bill.total),
            ("861000111", DocumentKind::Invoice, money(170_000))
        );
        assert_eq!(
            (bill.paid, bill.payment.category, bill.lines[0].total),
            (money(170_000), PaymentCategory::Paid, money(170_000))
        );
        assert_eq!(bill.placed_at, Some(datetime!(2026-11-02 11:22:10 UTC)));
        let answer = read(Stream::Products, "v2_products_page.json");
        assert_eq!(answer.more, Some(true));
        let shirt = products(&answer)[0];
        assert_eq!((shirt.id.as_str(), shirt.price, shirt.active), ("38211045", money(189_000), Some(true)));
        assert_eq!(shirt.stock[0].branch.as_ref().unwrap().id.as_deref(), Some("31101"));
        let answer = read(Stream::Categories, "v2_categories.json");
        assert_eq!(categories(&answer)[1].parent.as_deref(), Some("77001"));
        let answer = read(Stream::Branches, "v2_depots.json");
        assert_eq!(branches(&answer)[0].address.as_ref().unwrap().street.as_deref(), Some("20 Láng Hạ"));
        assert_eq!(users(&read(Stream::Users, "v2_users.json")).len(), 2);
    }

    #[test]
    fn a_token_comes_flat() {
        let grant = pos_nhanh::v2::read_grant(&fixture("v2_token_response.json")).unwrap();
        assert_eq!(grant.business_id.as_deref(), Some("215500"));
        assert_eq!(grant.expired_at, Some(datetime!(2027-11-02 16:59:59 UTC)));
        assert!(pos_nhanh::v2::read_grant(&fixture("v2_token_error.json")).is_err());
    }
}
