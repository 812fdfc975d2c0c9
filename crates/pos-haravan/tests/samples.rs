//! Every saved answer is read as the vendor page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::page::Answer;
use pos_core::record::{
    CustomerRecord, FulfilmentCategory, Gender, Identity, Money, OrderRecord, PaymentCategory, PhoneSource,
    ProductRecord, Record, StatusCategory,
};
use pos_haravan::{Claims, Stream, Tokens, read_answer};
use serde_json::{Value, json};
use time::macros::{date, datetime};

fn read(stream: Stream, name: &str) -> Answer {
    let answer = read_answer(stream, &fixture(name)).unwrap();
    assert!(answer.page.rejected.is_empty(), "{name}: {:?}", answer.page.rejected);
    answer
}

fn customers(answer: &Answer) -> Vec<&CustomerRecord> {
    answer
        .page
        .records
        .iter()
        .filter_map(|r| if let Record::Customer(c) = r { Some(&**c) } else { None })
        .collect()
}

fn orders(answer: &Answer) -> Vec<&OrderRecord> {
    answer
        .page
        .records
        .iter()
        .filter_map(|r| if let Record::Order(o) = r { Some(&**o) } else { None })
        .collect()
}

fn products(answer: &Answer) -> Vec<&ProductRecord> {
    answer
        .page
        .records
        .iter()
        .filter_map(|r| if let Record::Product(p) = r { Some(&**p) } else { None })
        .collect()
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

/// An order of the samples with some members exchanged.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> OrderRecord {
    let mut body: Value = serde_json::from_slice(&fixture(name)).unwrap();
    change(&mut body["order"]);
    let answer = read_answer(Stream::Orders, body.to_string().as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    orders(&answer)[0].clone()
}

#[test]
fn customers_have_their_family_name_first_and_their_own_number_as_key() {
    let answer = read(Stream::Customers, "customers_page1.json");
    assert_eq!((answer.more, answer.page.total, answer.next.is_none()), (None, None, true));
    let [lan, quan] = customers(&answer)[..] else { panic!() };
    assert_eq!(
        (lan.id.as_str(), lan.name.as_deref(), lan.identity),
        ("1100000101", Some("Trần Ngọc Lan"), Identity::Person)
    );
    let phones: Vec<_> =
        lan.phones.iter().map(|p| (p.e164.unwrap().to_string(), p.source, p.is_key)).collect();
    assert_eq!(
        phones,
        [
            ("+84900000101".into(), PhoneSource::Own, true),
            ("+84900000199".into(), PhoneSource::Address, false)
        ]
    );
    assert_eq!(
        (lan.gender, lan.birth_date),
        (Some(Gender::Female), Some(date!(1992 - 03 - 15))),
        "0 is a woman"
    );
    assert_eq!(
        (lan.tags.join("|"), lan.groups.join("|")),
        ("VIP|hcm".into(), "Khách hàng thân thiết".into())
    );
    assert_eq!(
        (lan.spent, lan.order_count, lan.note.as_deref()),
        (money(3_360_000), Some(4), Some("Khách quen"))
    );
    let [home, other] = &lan.addresses[..] else { panic!() };
    assert_eq!((home.id.as_deref(), home.is_default, other.is_default), (Some("1200000101"), true, false));
    assert_eq!((home.street.as_deref(), home.ward.as_deref()), (Some("12 Đường Mẫu"), Some("Phường 15")));
    assert_eq!((home.district.as_deref(), home.province.as_deref()), (Some("Quận 11"), Some("Hồ Chí Minh")));
    let codes = home.codes_of("haravan");
    assert_eq!((codes.province.as_deref(), codes.ward.as_deref()), (Some("HC"), Some("27208")));
    assert_eq!(home.codes.len(), 1, "codes belong to their own system");
    assert_eq!(other.phone.as_deref(), Some("0900000199"));
    assert_eq!(quan.name.as_deref(), Some("Minh Quân"));
    assert_eq!(quan.gender, Some(Gender::Male));
    assert_eq!(quan.phones[0].e164.unwrap().to_string(), "+84900000102");
    assert_eq!(quan.created_at, Some(datetime!(2026-07-21 10:18:03.361_860_1 UTC)));
}

#[test]
fn other_customer_answers_are_read_too() {
    let last = read(Stream::Customers, "customers_page_last.json");
    let hanh = customers(&last)[0];
    assert_eq!((hanh.name.as_deref(), hanh.phones.len(), hanh.gender), (Some("Lê Thị Hạnh"), 0, None));
    assert_eq!(hanh.spent.unwrap().to_string(), "121981374.6222");
    assert_eq!(hanh.updated_at, Some(datetime!(2026-07-22 9:00:00.1 UTC)));
    let end = read(Stream::Customers, "customers_page_past_end.json");
    assert_eq!((end.page.records.len(), end.more), (0, Some(false)));
    let single = read(Stream::Customers, "customer_single.json");
    assert_eq!((customers(&single)[0].id.as_str(), single.more), ("1100000101", Some(false)));
    let made = read(Stream::Customers, "customer_create_response.json");
    assert_eq!(customers(&made)[0].updated_at, Some(datetime!(2026-07-23 6:18:27.488_082_3 UTC)));
    let shared = read(Stream::Customers, "customers_search_by_phone.json");
    let numbers: Vec<_> = customers(&shared).iter().map(|one| one.phones[0].e164).collect();
    assert_eq!((numbers[0], numbers.len()), (numbers[1], 2), "two customers may share a number");
    assert_eq!(read(Stream::Customers, "customers_count.json").page.total, Some(3));
    assert_eq!(read(Stream::Customers, "customer_delete_response.json").page.records.len(), 0);
    let bare = [b"[".as_slice(), &fixture("webhook_customers_create.json"), b"]"].concat();
    assert_eq!(read_answer(Stream::Customers, &bare).unwrap().page.records.len(), 1);
    for wrong in [&b"<html>"[..], b"7", b"{}", b"{\"message\":\"x\"}", b""] {
        assert_eq!(read_answer(Stream::Customers, wrong).unwrap_err().kind(), pos_core::ErrorKind::Decode);
    }
    assert_eq!(read_answer(Stream::Invoices, b"{}").unwrap_err().kind(), pos_core::ErrorKind::Unsupported);
}

#[test]
fn the_guest_record_is_nobody_and_vendor_mail_is_no_key() {
    let answer = read(Stream::Customers, "customer_guest.json");
    let guest = customers(&answer)[0];
    assert_eq!(
        (guest.identity, guest.name.as_deref(), guest.order_count),
        (Identity::Nobody, None, Some(290))
    );
    assert!(guest.emails.iter().all(|email| !email.is_key));
    let one = |json: Value| {
        let answer = read_answer(Stream::Customers, json.to_string().as_bytes()).unwrap();
        customers(&answer)[0].clone()
    };
    for email in ["khachhang@haravan.com", "guest+77@haravan.com", "0900000111.phone@haravan.com"] {
        let real = one(json!({ "id": 1, "first_name": "Lan", "email": email, "phone": "0900000111" }));
        assert_eq!((real.identity, real.emails[0].is_key), (Identity::Person, false), "{email}");
        assert!(real.phones[0].is_key);
        let none = one(json!({ "id": 1, "first_name": "---", "email": email }));
        assert_eq!((none.identity, none.name), (Identity::Nobody, None), "{email}");
    }
    let masked = one(json!({ "id": 1, "first_name": "N******n", "phone": "********46" }));
    assert_eq!((masked.identity, masked.raw_name.as_deref()), (Identity::Masked, Some("N******n")));
}

#[test]
fn the_default_address_lends_its_number_when_the_customer_has_none() {
    let body = json!({ "customer": {
        "id": 5, "first_name": "Hạnh", "last_name": "Lê Thị", "phone": null,
        "default_address": { "id": 6, "phone": "0900 000 103", "country_code": "vn", "default": true },
        "addresses": [{ "id": 7, "phone": "0900000104" }, { "id": 6, "phone": "0900 000 103", "default": true }],
        "birthday": "1992-03-14T17:00:00Z",
    } });
    let answer = read_answer(Stream::Customers, body.to_string().as_bytes()).unwrap();
    let hanh = customers(&answer)[0];
    let phones: Vec<_> =
        hanh.phones.iter().map(|p| (p.e164.unwrap().to_string(), p.source, p.is_key)).collect();
    assert_eq!(
        phones,
        [
            ("+84900000103".into(), PhoneSource::DefaultAddress, true),
            ("+84900000104".into(), PhoneSource::Address, false)
        ]
    );
    assert_eq!(hanh.birth_date, Some(date!(1992 - 03 - 15)), "midnight in Viet Nam");
}

#[test]
fn orders_of_a_page_show_who_bought_what_and_where_it_stands() {
    let answer = read(Stream::Orders, "orders_page1.json");
    let [web, pos, shopee] = orders(&answer)[..] else { panic!() };
    assert_eq!(
        (web.status.category, web.payment.category),
        (StatusCategory::Completed, PaymentCategory::Paid)
    );
    assert_eq!(web.fulfilment.category, FulfilmentCategory::Delivered);
    assert_eq!(web.completed_at, Some(datetime!(2026-07-20 3:20 UTC)));
    assert_eq!((web.code.as_deref(), web.reference.as_deref()), (Some("#100101"), None));
    assert_eq!(
        (web.subtotal, web.discount, web.shipping_fee),
        (money(900_000), money(90_000), money(30_000))
    );
    assert_eq!(
        (web.total, web.paid, web.due, web.refunded),
        (money(840_000), money(840_000), money(0), money(0))
    );
    assert_eq!(
        (web.payments.len(), web.payments[0].id.as_deref()),
        (1, Some("1300000002")),
        "pending is no payment"
    );
    let line = &web.lines[0];
    assert_eq!(
        (line.unit_price, line.discount, line.total),
        (money(500_000), money(100_000), money(900_000))
    );
    assert_eq!(
        (line.product_id.as_deref(), line.variant_id.as_deref()),
        (Some("1050000001"), Some("1150000001"))
    );
    let branch = web.branch.as_ref().unwrap();
    assert_eq!((branch.id.as_deref(), branch.name.as_deref()), (Some("900001"), Some("Kho Hồ Chí Minh")));
    assert!(web.recipient.is_none() && web.contact.is_none() && web.seller.is_none());
    let delivery = web.delivery.as_ref().unwrap();
    assert_eq!((delivery.code.as_deref(), delivery.cod), (Some("GH0000001"), money(840_000)));

    assert_eq!(
        (pos.payment.category, pos.payment.code.as_deref()),
        (PaymentCategory::PartiallyPaid, Some("partiallypaid"))
    );
    assert_eq!(
        (pos.status.category, pos.fulfilment.category),
        (StatusCategory::Confirmed, FulfilmentCategory::Unfulfilled)
    );
    assert_eq!((pos.paid, pos.due), (money(100_000), money(150_000)));
    assert_eq!(pos.buyer.as_ref().unwrap().identity, Identity::Nobody);
    assert_eq!((pos.lines[0].name.as_deref(), pos.lines[0].sku.as_deref()), (Some("Nón vải"), None));
    assert_eq!(pos.seller.as_ref().unwrap().id.as_deref(), Some("200000900777"));

    let buyer = shopee.buyer.as_ref().unwrap();
    assert_eq!(
        (buyer.identity, buyer.name.as_deref(), buyer.raw_name.as_deref()),
        (Identity::Nobody, None, Some("N******n"))
    );
    assert!(buyer.emails.iter().all(|email| !email.is_key) && shopee.recipient.is_none());
    assert_eq!(
        (shopee.code.as_deref(), shopee.reference.as_deref()),
        (Some("260722ABCD1234"), Some("260722ABCD1234"))
    );
    let channel = shopee.channel.as_ref().unwrap();
    assert_eq!((channel.code.as_deref(), channel.name.as_deref()), (Some("shopee"), Some("Tiệm Vải Mẫu HN")));
    assert_eq!(
        (shopee.lines[0].product_id.as_deref(), shopee.lines[0].sku.as_deref()),
        (None, Some("NON-01"))
    );
    assert_eq!((shopee.total, shopee.paid), (money(189_000), money(0)));
}

#[test]
fn a_cancelled_order_keeps_its_total_and_counts_its_refund_once() {
    let answer = read(Stream::Orders, "orders_page_last.json");
    let order = orders(&answer)[0];
    assert_eq!(
        (order.status.category, order.status.reason.as_deref()),
        (StatusCategory::Cancelled, Some("customer"))
    );
    assert_eq!(order.payment.category, PaymentCategory::PartiallyRefunded);
    assert_eq!(
        (order.total, order.paid, order.refunded),
        (money(1_458_000), money(1_458_000), money(520_000))
    );
    assert_eq!(order.cancelled_at, Some(datetime!(2026-07-18 15:44:16.635 UTC)));
    let line = &order.lines[0];
    assert_eq!(
        (line.unit_price, line.discount, line.total),
        (money(749_000), money(40_000), money(1_458_000))
    );
    assert_eq!(line.returned_quantity.unwrap().to_string(), "2");
    assert_eq!(order.code.as_deref(), Some("A-100104-B"));
}

#[test]
fn a_gift_has_a_buyer_and_a_recipient() {
    let answer = read(Stream::Orders, "order_full.json");
    let order = orders(&answer)[0];
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (Some("1100000103"), Some("Lê Thị Hạnh")));
    assert_eq!(buyer.phones[0].e164.unwrap().to_string(), "+84900000103", "from the billing address");
    assert!(buyer.phones[0].is_key);
    let recipient = order.recipient.as_ref().unwrap();
    assert_eq!((recipient.id.as_deref(), recipient.name.as_deref()), (None, Some("Nguyễn Văn Tâm")));
    assert_eq!(recipient.phones[0].e164.unwrap().to_string(), "+84900000155");
    assert_eq!(recipient.address.as_ref().unwrap().province.as_deref(), Some("Cần Thơ"));
    assert_eq!(order.reference.as_deref(), Some("CRM-0001"));
    assert_eq!(
        (order.status.category, order.payment.category),
        (StatusCategory::Completed, PaymentCategory::PartiallyRefunded)
    );
    assert_eq!((order.total, order.paid, order.refunded), (money(925_000), money(925_000), money(120_000)));
    assert_eq!(order.lines[1].returned_quantity.unwrap().to_string(), "1");
    assert_eq!((order.lines[1].unit_price, order.lines[1].discount), (money(125_000), money(15_000)));
    assert_eq!(
        (order.tags.join("|"), order.note.as_deref()),
        ("qua-tang|crm".into(), Some("Gửi tặng, không ghi giá"))
    );
    assert!(!order.incomplete);
    let made = read(Stream::Orders, "order_create_response.json");
    assert_eq!(orders(&made)[0].reference.as_deref(), Some("CRM-0002"));
}

#[test]
fn buyers_are_found_without_a_customer_and_kept_apart_from_the_guest() {
    let no_customer = changed("order_full.json", |order| order["customer"] = Value::Null);
    let buyer = no_customer.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.phones[0].source), (Some("1100000103"), PhoneSource::Own));
    assert_eq!(buyer.emails[0].address.as_deref(), Some("hanh.le@example.com"));
    let only_shipping = changed("order_full.json", |order| {
        order["customer"] = Value::Null;
        order["billing_address"] = Value::Null;
    });
    let buyer = only_shipping.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (None, Some("Nguyễn Văn Tâm")));
    assert!(only_shipping.recipient.is_none());
    let guest = changed("order_full.json", |order| {
        order["customer"]["email"] = "Guest@Haravan.com".into();
        order["customer"]["id"] = 1.into();
    });
    let buyer = guest.buyer.as_ref().unwrap();
    assert_eq!(
        (buyer.id.as_deref(), buyer.identity),
        (None, Identity::Person),
        "a number makes somebody of a guest"
    );
    assert_eq!(buyer.phones[0].e164.unwrap().to_string(), "+84900000103");
    let walk_in = changed("order_full.json", |order| {
        order["customer"] = json!({ "id": 1, "email": "guest@haravan.com" });
        order["billing_address"] = json!({ "id": 1, "name": " ", "country": "Vietnam" });
    });
    assert_eq!(walk_in.buyer.as_ref().unwrap().identity, Identity::Nobody);
    assert_eq!(
        walk_in.recipient.as_ref().unwrap().name.as_deref(),
        Some("Nguyễn Văn Tâm"),
        "who receives is somebody"
    );
    let other_mail = changed("order_full.json", |order| {
        order["email"] = "van.phong@example.com".into();
        order["customer"]["phone"] = "0900000777".into();
    });
    let contact = other_mail.contact.as_ref().unwrap();
    assert_eq!(contact.emails[0].address.as_deref(), Some("van.phong@example.com"));
    assert_eq!(contact.phones[0].e164.unwrap().to_string(), "+84900000103", "never written onto the buyer");
    assert_eq!(other_mail.buyer.as_ref().unwrap().phones[0].e164.unwrap().to_string(), "+84900000777");
}

#[test]
fn the_category_is_derived_from_what_the_vendor_says_last() {
    use StatusCategory::{Completed, Confirmed, Pending, Returned, Shipping};
    let with = |carriers: &[&str], financial: &str, goods: Value, closed: Value| {
        changed("order_full.json", |order| {
            let one = order["fulfillments"][0].clone();
            order["fulfillments"] = carriers
                .iter()
                .map(|code| {
                    let mut copy = one.clone();
                    copy["carrier_status_code"] = (*code).into();
                    copy["delivered_date"] = Value::Null;
                    copy
                })
                .collect();
            order["financial_status"] = financial.into();
            order["fulfillment_status"] = goods;
            order["closed_at"] = closed;
        })
        .status
        .category
    };
    let (full, none) = (json!("fulfilled"), Value::Null);
    let closed = json!("2026-07-24T02:00:00Z");
    assert_eq!(with(&["delivered"], "Partially Paid", full.clone(), none.clone()), Completed);
    assert_eq!(with(&["delivered", "delivering"], "paid", full.clone(), none.clone()), Shipping);
    assert_eq!(with(&["readytopick"], "paid", full.clone(), none.clone()), Shipping);
    assert_eq!(with(&["notmeetcustomer"], "paid", full.clone(), none.clone()), Shipping);
    assert_eq!(with(&["return", "waitingforreturn"], "paid", full.clone(), none.clone()), Returned);
    assert_eq!(with(&["delivered"], "REFUNDED", full.clone(), none.clone()), Returned);
    assert_eq!(with(&[], "paid", full.clone(), none.clone()), Completed, "handed over the counter");
    assert_eq!(with(&[], "pending", full.clone(), none.clone()), Shipping);
    assert_eq!(with(&[], "pending", none.clone(), none.clone()), Confirmed);
    assert_eq!(
        with(&["cancel"], "pending", json!("notfulfilled"), none.clone()),
        Confirmed,
        "a dead shipment"
    );
    assert_eq!(with(&["dronelost"], "pending", full, closed), Completed);
    let new = changed("order_full.json", |order| {
        for key in ["confirmed_at", "fulfillment_status"] {
            order[key] = Value::Null;
        }
        order["fulfillments"] = json!([]);
        order["confirmed_status"] = "unconfirmed".into();
        order["financial_status"] = "mysterious".into();
    });
    assert_eq!((new.status.category, new.payment.category), (Pending, PaymentCategory::Unknown));
    assert_eq!(new.payment.code.as_deref(), Some("mysterious"));
}

#[test]
fn money_may_be_text_and_spellings_differ() {
    let order = changed("order_full.json", |order| {
        order["total_price"] = "925000.0000".into();
        order["financial_status"] = "partiallyrefunded".into();
        order["fulfillment_status"] = "restocked".into();
    });
    assert_eq!((order.total, order.payment.category), (money(925_000), PaymentCategory::PartiallyRefunded));
    assert_eq!(order.fulfilment.category, FulfilmentCategory::Returned);
    let trimmed = read_answer(Stream::Orders, br#"{"order":{"id":7,"name":"x"}}"#).unwrap();
    assert!(orders(&trimmed)[0].incomplete);
    let broken = read_answer(Stream::Orders, br#"{"orders":[{"id":7,"total_price":"x"},{"id":8}]}"#).unwrap();
    assert_eq!(
        (broken.page.records.len(), broken.page.rejected[0].path.as_str()),
        (1, "orders[0].total_price")
    );
    assert_eq!(broken.page.rejected[0].id.as_deref(), Some("7"));
}

#[test]
fn products_branches_and_staff_are_read() {
    let answer = read(Stream::Products, "products_page1.json");
    let [coat, hat] = products(&answer)[..] else { panic!() };
    assert_eq!((coat.name.as_deref(), coat.price, coat.variants.len()), (Some("Áo khoác kaki"), None, 2));
    assert_eq!((coat.variants[1].sku.as_deref(), coat.variants[1].price), (Some("KAKI-L"), money(729_000)));
    assert_eq!(coat.category.as_ref().unwrap().name.as_deref(), Some("Áo"));
    assert_eq!((coat.active, coat.images.len()), (Some(true), 1));
    assert_eq!((hat.price, hat.active, hat.variants[0].name.as_deref()), (money(120_000), Some(false), None));
    assert_eq!(read(Stream::Products, "products_count.json").page.total, Some(2));
    assert_eq!(read(Stream::Products, "products_page_past_end.json").more, Some(false));
    let branches = read(Stream::Branches, "locations.json");
    let Record::Branch(first) = &branches.page.records[0] else { panic!() };
    assert_eq!((first.id.as_str(), first.name.as_deref()), ("900001", Some("Kho Hồ Chí Minh")));
    assert_eq!(first.phones[0].e164.unwrap().to_string(), "+84900000100");
    assert_eq!((branches.page.records.len(), branches.more), (3, Some(false)));
    let users = read(Stream::Users, "users.json");
    let Record::User(user) = &users.page.records[0] else { panic!() };
    assert_eq!((user.id.as_str(), user.name.as_deref()), ("200000900777", Some("Ngân Thu")));
}

#[test]
fn token_answers_and_claims_are_read() {
    let now = datetime!(2026-07-22 5:00 UTC);
    let tokens = Tokens::read(&fixture("token_response.json"), now).unwrap();
    assert_eq!(tokens.expires_at, Some(datetime!(2026-07-23 5:00 UTC)));
    assert!(tokens.refresh_token.is_some() && tokens.scope.as_deref().unwrap().contains("wh_api"));
    assert!(tokens.claims().is_none(), "the sample's id token is a dummy");
    assert!(Tokens::read(&fixture("token_response_no_refresh.json"), now).unwrap().refresh_token.is_none());
    assert!(Tokens::read(&fixture("token_refresh_response.json"), now).unwrap().id_token.is_none());
    assert!(Tokens::read(b"{}", now).is_err() && Tokens::read(b"<html>", now).is_err());
    assert!(!format!("{tokens:?}").contains("SAMPLE"));
    let claims: Claims = serde_json::from_slice(&fixture("id_token_claims.json")).unwrap();
    assert_eq!((claims.orgid.as_deref(), claims.is_admin()), (Some("200000900001"), true));
    let text: Claims = serde_json::from_str(r#"{"orgid":200000900001,"role":"staff Admin"}"#).unwrap();
    assert_eq!((text.orgid.as_deref(), text.is_admin()), (Some("200000900001"), true));
    let none: Claims = serde_json::from_str("{}").unwrap();
    assert!(!none.is_admin());
}
