//! Every saved answer is read as the vendor page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::page::Answer;
use pos_core::record::{
    CustomerRecord, FulfilmentCategory, Gender, Identity, Money, OrderRecord, PaymentCategory, Phone,
    PhoneSource, PlaceCodes, ProductRecord, Record, StatusCategory,
};
use pos_pancake::{Stream, read_answer};
use serde_json::{Value, json};
use time::macros::{date, datetime};

fn read(stream: Stream, name: &str) -> Answer {
    read_answer(stream, &fixture(name)).unwrap()
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

fn numbers(phones: &[Phone]) -> Vec<(String, PhoneSource, bool)> {
    phones.iter().map(|p| (p.e164.map(|n| n.to_string()).unwrap_or_default(), p.source, p.is_key)).collect()
}

const MAI: &str = "3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b01";
const BAO: &str = "3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b02";
const WAREHOUSE: &str = "5b0c2f0e-6f0b-4c5e-9a41-2f6d3f6f1a10";
const SELLER: &str = "7d9c1c52-91ab-4d61-8a0e-0f5f52b7c111";

/// The order of a sample, changed, as the list would give it.
fn changed(change: impl FnOnce(&mut Value)) -> OrderRecord {
    let mut body: Value = serde_json::from_slice(&fixture("order_detail.json")).unwrap();
    change(&mut body["data"]);
    let answer = read_answer(Stream::Orders, body.to_string().as_bytes()).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    orders(&answer)[0].clone()
}

#[test]
fn a_page_of_customers_tells_its_people_and_that_more_follow() {
    let answer = read(Stream::Customers, "customers_page1.json");
    assert_eq!((answer.page.total, answer.more, &answer.next), (Some(3), Some(true), &None));
    assert!(answer.page.rejected.is_empty());
    let [mai, bao] = customers(&answer)[..] else { panic!() };
    assert_eq!(
        (mai.id.as_str(), &mai.aliases[..]),
        (MAI, &["e5b1d9a4-1c7d-4a3e-b1c2-5c7b3a9d0f01".to_owned()][..])
    );
    assert_eq!((mai.name.as_deref(), mai.identity), (Some("Đỗ Thị Thanh Mai"), Identity::Person));
    assert_eq!(numbers(&mai.phones), [("+84912345001".into(), PhoneSource::Own, true)]);
    assert_eq!((mai.emails[0].address.as_deref(), mai.emails[0].is_key), (Some("mai.do@example.test"), true));
    assert_eq!((mai.gender, mai.birth_date), (Some(Gender::Female), Some(date!(1993 - 11 - 04))));
    assert_eq!((mai.note.as_deref(), &mai.tags[..]), (Some("Gọi sau 18h"), &["Khách quen".to_owned()][..]));
    assert_eq!((mai.spent, mai.order_count, mai.debt), (money(900_000), Some(3), money(0)));
    assert_eq!(mai.points.unwrap().to_string(), "12.5");
    let address = &mai.addresses[0];
    assert_eq!(address.id.as_deref(), Some("c1d7a5f0-2a55-4c3b-8f7e-0b9f6f8d2e01"));
    assert_eq!(
        (address.name.as_deref(), address.phone.as_deref()),
        (Some("Đỗ Thị Thanh Mai"), Some("0912345001"))
    );
    assert_eq!(address.street.as_deref(), Some("Số 8 ngõ 15 phố Mẫu"));
    assert_eq!(
        (&address.codes_of("pancake"), address.codes.len()),
        (&PlaceCodes::new(Some("101"), Some("10113"), Some("1011309")), 1)
    );
    // No zone means UTC.
    assert_eq!(mai.created_at, Some(datetime!(2026-05-02 8:00:41 UTC)));
    assert_eq!(mai.updated_at, Some(datetime!(2026-07-12 3:11:10 UTC)));

    assert_eq!((bao.id.as_str(), bao.name.as_deref()), (BAO, Some("Lý Quốc Bảo")));
    assert_eq!(
        numbers(&bao.phones),
        [
            ("+84987650022".into(), PhoneSource::Own, true),
            ("+842873000022".into(), PhoneSource::Secondary, true)
        ]
    );
    assert_eq!((bao.gender, bao.birth_date, bao.note.as_deref()), (None, None, None));
    assert_eq!((bao.spent, bao.order_count), (money(0), Some(0)));
}

#[test]
fn the_walk_in_record_is_nobody() {
    let answer = read(Stream::Customers, "customers_last_page.json");
    assert_eq!((answer.page.total, answer.more), (Some(3), Some(false)));
    let [guest] = customers(&answer)[..] else { panic!() };
    assert_eq!((guest.name.as_deref(), guest.raw_name.as_deref()), (None, Some("Khách lẻ")));
    assert_eq!((guest.identity, guest.order_count), (Identity::Nobody, Some(1)));
    assert!(guest.phones.is_empty());
}

#[test]
fn orders_keep_buyer_recipient_and_customer_apart() {
    let answer = read(Stream::Orders, "orders_page1.json");
    assert_eq!((answer.page.total, answer.more), (Some(3), Some(true)));
    assert!(answer.page.rejected.is_empty());
    let [gift, plain] = orders(&answer)[..] else { panic!() };
    assert_eq!(
        (gift.id.as_str(), gift.code.as_deref(), gift.reference.as_deref()),
        ("1402", Some("1402"), None)
    );
    assert_eq!(gift.status.category, StatusCategory::Shipping);
    assert_eq!((gift.status.code.as_deref(), gift.status.label.as_deref()), (Some("2"), Some("shipped")));
    assert_eq!((gift.subtotal, gift.discount), (money(450_000), money(50_000)));
    assert_eq!((gift.shipping_fee, gift.tax), (money(35_000), money(0)));
    assert_eq!((gift.total, gift.paid, gift.due), (money(435_000), money(100_000), money(335_000)));
    assert_eq!(gift.payment.category, PaymentCategory::PartiallyPaid);
    assert_eq!(gift.payments.len(), 1);
    assert_eq!(
        (gift.payments[0].method.as_deref(), gift.payments[0].amount),
        (Some("prepaid"), money(100_000))
    );
    assert_eq!(gift.currency.code(), "VND");
    let buyer = gift.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (Some(BAO), Some("Lý Quốc Bảo")));
    assert_eq!(buyer.aliases, ["e5b1d9a4-1c7d-4a3e-b1c2-5c7b3a9d0f02"]);
    assert_eq!(numbers(&buyer.phones), [("+84987650022".into(), PhoneSource::Own, true)]);
    assert_eq!(buyer.emails[0].address.as_deref(), Some("bao.ly@example.test"));
    let recipient = gift.recipient.as_ref().unwrap();
    assert_eq!((recipient.id.as_deref(), recipient.name.as_deref()), (None, Some("Lý Thu Hà")));
    assert_eq!(numbers(&recipient.phones), [("+84377770033".into(), PhoneSource::Own, true)]);
    let address = recipient.address.as_ref().unwrap();
    assert_eq!(
        (address.ward.as_deref(), address.district.as_deref(), address.province.as_deref()),
        (Some("Phường Dịch Vọng"), Some("Quận Cầu Giấy"), Some("Hà Nội"))
    );
    assert_eq!(address.codes_of("pancake").province.as_deref(), Some("101"));
    let new = address.codes_of("pancake:new");
    assert_eq!((new.province.as_deref(), new.district), (Some("84_VN101"), None));
    assert_eq!(gift.branch.as_ref().unwrap().id.as_deref(), Some(WAREHOUSE));
    assert_eq!(gift.branch.as_ref().unwrap().name.as_deref(), Some("Kho chính"));
    assert_eq!(gift.seller.as_ref().unwrap().id.as_deref(), Some(SELLER));
    assert_eq!(gift.seller.as_ref().unwrap().name.as_deref(), Some("Nhân viên Mẫu"));
    let channel = gift.channel.as_ref().unwrap();
    assert_eq!(
        (channel.id.as_deref(), channel.code.as_deref(), channel.name.as_deref()),
        (Some("-1"), Some("facebook"), Some("Facebook"))
    );
    assert_eq!(
        (gift.note.as_deref(), &gift.tags[..]),
        (Some("Giao giờ hành chính"), &["Ưu tiên".to_owned()][..])
    );
    assert_eq!(gift.placed_at, Some(datetime!(2026-07-12 3:40:00.022951 UTC)));
    assert_eq!(gift.updated_at, Some(datetime!(2026-07-13 2:10:01.551002 UTC)));
    let delivery = gift.delivery.as_ref().unwrap();
    assert_eq!(
        (delivery.code.as_deref(), delivery.carrier.as_deref()),
        (Some("JT840000000001"), Some("J&T"))
    );
    assert_eq!(
        (delivery.fee, delivery.cod, delivery.status.as_deref()),
        (money(22_000), money(335_000), Some("out_for_delivery"))
    );
    assert_eq!(gift.fulfilment.category, FulfilmentCategory::Shipping);
    let [shirt, bag] = &gift.lines[..] else { panic!() };
    assert_eq!(
        (shirt.id.as_deref(), shirt.sku.as_deref(), shirt.name.as_deref()),
        (Some("12190000102"), Some("SP001-DEN-M"), Some("Áo thun mẫu"))
    );
    assert_eq!(shirt.product_id.as_deref(), Some("0d2c7b31-58a1-4b55-9f58-3f3e5f7a9c01"));
    assert_eq!(shirt.variant_id.as_deref(), Some("9f7e1b20-4c33-4f90-8a7d-1d9b7c3e5a01"));
    assert_eq!(
        (shirt.quantity.unwrap().to_string(), shirt.unit_price, shirt.total),
        ("3".into(), money(150_000), money(450_000))
    );
    assert_eq!((shirt.discount, shirt.returned_quantity.unwrap().to_string()), (money(0), "0".into()));
    assert_eq!((bag.name.as_deref(), bag.total), (Some("Túi tặng"), money(0)));

    assert_eq!((plain.id.as_str(), plain.status.category), ("1401", StatusCategory::Pending));
    assert_eq!((plain.total, plain.paid, plain.due), (money(310_000), money(0), money(310_000)));
    assert_eq!(plain.payment.category, PaymentCategory::Unpaid);
    assert_eq!(plain.buyer.as_ref().unwrap().id.as_deref(), Some(MAI));
    assert_eq!(
        numbers(&plain.buyer.as_ref().unwrap().phones),
        [("+84912345001".into(), PhoneSource::Own, true)]
    );
    assert!(plain.recipient.is_none(), "who receives is who buys");
    assert_eq!(plain.fulfilment.category, FulfilmentCategory::Unfulfilled);
    assert_eq!((plain.note.as_deref(), plain.completed_at), (None, None));
}

#[test]
fn cancelled_and_empty_and_single_are_read() {
    let answer = read(Stream::Orders, "orders_last_page.json");
    assert_eq!((answer.page.total, answer.more), (Some(3), Some(false)));
    let [cancelled] = orders(&answer)[..] else { panic!() };
    assert_eq!((cancelled.id.as_str(), cancelled.status.category), ("1400", StatusCategory::Cancelled));
    assert_eq!(cancelled.payment.category, PaymentCategory::Unpaid);
    assert_eq!(cancelled.placed_at, Some(datetime!(2026-07-09 11:00 UTC)));

    let answer = read(Stream::Orders, "orders_empty.json");
    assert_eq!(answer.page.records.len() + answer.page.rejected.len(), 0);
    assert_eq!((answer.page.total, answer.more), (Some(0), Some(false)));

    let answer = read(Stream::Orders, "order_detail.json");
    assert_eq!((orders(&answer)[0].id.as_str(), answer.more), ("1402", Some(false)));
    assert_eq!(orders(&answer)[0], orders(&read(Stream::Orders, "orders_page1.json"))[0]);
}

#[test]
fn an_order_of_ours_is_keyed_by_its_number_and_carries_our_id() {
    let answer = read(Stream::Orders, "order_created.json");
    let [made] = orders(&answer)[..] else { panic!() };
    assert_eq!(
        (made.id.as_str(), made.code.as_deref(), made.reference.as_deref()),
        ("1403", Some("CRM-551"), Some("CRM-551"))
    );
    assert_eq!((made.total, made.paid, made.subtotal), (money(330_000), money(0), money(300_000)));
    assert!(made.channel.is_none() && made.seller.is_none());
    assert_eq!(made.placed_at, Some(datetime!(2026-07-14 2:00:00.00012 UTC)));
    assert_eq!(made.status.category, StatusCategory::Pending);
    assert_eq!(made.buyer.as_ref().unwrap().address.as_ref().unwrap().province.as_deref(), Some("Hà Nội"));
}

#[test]
fn warehouses_are_branches() {
    let answer = read(Stream::Branches, "warehouses.json");
    assert_eq!((answer.page.records.len(), answer.more), (2, Some(false)));
    let Record::Branch(branch) = &answer.page.records[0] else { panic!() };
    assert_eq!((branch.id.as_str(), branch.name.as_deref()), (WAREHOUSE, Some("Kho chính")));
    assert_eq!(branch.phones[0].raw, "0240000001");
    assert_eq!(branch.address.as_ref().unwrap().text.as_deref(), Some("Kho mẫu, Cầu Giấy, Hà Nội"));
}

#[test]
fn staff_come_without_their_keys() {
    let answer = read(Stream::Users, "users.json");
    assert_eq!(answer.more, Some(false));
    let Record::User(user) = &answer.page.records[0] else { panic!() };
    assert_eq!(
        (user.id.as_str(), user.name.as_deref(), user.active),
        (SELLER, Some("Nhân viên Mẫu"), Some(true))
    );
    assert_eq!(user.emails[0].address.as_deref(), Some("nv.mau@example.test"));
    let mut body: Value = serde_json::from_slice(&fixture("users.json")).unwrap();
    body["data"][0]["user"]["api_key"] = "nested-key".into();
    body["data"][0]["more"] =
        json!([{"note_api_key": "deeper-key", "page_access_token": "token", "kept": 1}]);
    let typed: pos_pancake::model::User = serde_json::from_value(body["data"][0].clone()).unwrap();
    let kept = format!("{:?} {:?} {:?}", typed.extra, typed.user.as_ref().unwrap().extra, typed);
    for secret in ["not-a-real-key-must-never-be-logged", "nested-key", "deeper-key", "token"] {
        assert!(!kept.contains(secret), "{kept}");
    }
    assert!(kept.contains("kept"));
}

#[test]
fn products_have_their_variations_in_every_shape() {
    let answer = read(Stream::Products, "products_page1.json");
    assert_eq!((answer.page.total, answer.more), (Some(2), Some(true)));
    let listed = products(&answer)[0].clone();
    assert_eq!(
        (listed.id.as_str(), listed.code.as_deref()),
        ("0d2c7b31-58a1-4b55-9f58-3f3e5f7a9c01", Some("SP001"))
    );
    assert_eq!((listed.name.as_deref(), listed.barcode.as_deref()), (Some("Áo thun mẫu"), Some("SP001-1")));
    // Written as 1.25e5.
    assert_eq!((listed.price, listed.cost), (money(150_000), money(125_000)));
    assert_eq!(listed.category.as_ref().unwrap().id.as_deref(), Some("122800101"));
    assert_eq!((listed.active, listed.deleted), (Some(true), false));
    let [variant] = &listed.variants[..] else { panic!() };
    assert_eq!(
        (variant.id.as_str(), variant.sku.as_deref()),
        ("9f7e1b20-4c33-4f90-8a7d-1d9b7c3e5a01", Some("SP001-DEN-M"))
    );
    assert_eq!((variant.name.as_deref(), variant.price), (Some("Áo thun mẫu - Đen"), money(150_000)));
    assert_eq!(listed.stock[0].branch.as_ref().unwrap().id.as_deref(), Some(WAREHOUSE));
    assert_eq!(listed.stock[0].on_hand.unwrap().to_string(), "17");
    assert_eq!(listed.updated_at, Some(datetime!(2026-07-01 14:05:10.539429 UTC)));
    assert_eq!(listed.created_at, Some(datetime!(2025-12-27 6:52:08 UTC)));
    assert_eq!(listed.images, ["https://content.example.test/sp001.jpg"]);

    let single = read(Stream::Products, "product_detail.json");
    assert_eq!(
        (products(&single)[0].id.as_str(), products(&single)[0].cost),
        (listed.id.as_str(), money(60_000))
    );

    let flat = read(Stream::Products, "product_variations_page1.json");
    assert_eq!((flat.page.total, flat.more, flat.page.records.len()), (Some(1), Some(false), 1));
    let flat = products(&flat)[0];
    assert_eq!(
        (flat.id.as_str(), flat.code.as_deref(), flat.name.as_deref()),
        (listed.id.as_str(), Some("SP001"), Some("Áo thun mẫu"))
    );
    assert_eq!(flat.variants[0].id, variant.id);
}

#[test]
fn every_status_code_means_what_the_page_says() {
    use StatusCategory as S;
    for (code, name, expected) in [
        (0, "new", S::Pending),
        (17, "", S::Pending),
        (11, "waitting", S::Pending),
        (20, "ordered", S::Processing),
        (1, "submitted", S::Confirmed),
        (12, "wait_print", S::Processing),
        (13, "", S::Processing),
        (8, "packing", S::Processing),
        (9, "pending", S::Processing),
        (2, "shipped", S::Shipping),
        (3, "delivered", S::Completed),
        (16, "received_money", S::Completed),
        (4, "returning", S::Returning),
        (15, "", S::PartiallyReturned),
        (5, "returned", S::Returned),
        (6, "canceled", S::Cancelled),
        (7, "removed", S::Deleted),
        (19, "", S::Unknown),
        (99, "new", S::Unknown),
    ] {
        let order = changed(|order| {
            order["status"] = code.into();
            order["status_name"] = if name.is_empty() { Value::Null } else { name.into() };
        });
        assert_eq!(
            (order.status.category, order.status.code.as_deref()),
            (expected, Some(code.to_string().as_str())),
            "{code}"
        );
        // An unknown word of the carrier is no news.
        let odd = changed(|order| {
            order["status"] = code.into();
            order["partner"]["partner_status"] = "teleporting".into();
        });
        assert_eq!(odd.status.category, expected);
        assert_eq!(odd.fulfilment.code.as_deref(), Some("teleporting"));
    }
}

#[test]
fn money_that_the_carrier_settled_counts_as_paid() {
    let settled = changed(|order| order["partner"]["paid_at"] = "2026-07-15T02:00:00".into());
    assert_eq!(
        (settled.payment.category, settled.paid, settled.due),
        (PaymentCategory::Paid, money(435_000), money(0))
    );
    let cod = settled.payments.last().unwrap();
    assert_eq!(
        (cod.method.as_deref(), cod.amount, cod.paid_at),
        (Some("cod"), money(335_000), Some(datetime!(2026-07-15 2:00 UTC)))
    );
    let collected = changed(|order| order["status"] = 16.into());
    assert_eq!((collected.payment.category, collected.paid), (PaymentCategory::Paid, money(435_000)));
    let mixed = changed(|order| {
        order["cash"] = 100_000.into();
        order["transfer_money"] = "200000".into();
        order["prepaid_by_point"] = json!({"money": 3.5e4, "point": 35});
    });
    assert_eq!((mixed.payment.category, mixed.paid), (PaymentCategory::Paid, money(435_000)));
}

#[test]
fn a_total_that_is_not_told_is_computed() {
    let computed = changed(|order| {
        order["total_price_after_sub_discount"] = Value::Null;
        order["surcharge"] = 5_000.into();
    });
    assert_eq!(computed.total, money(440_000));
    let free = changed(|order| {
        order["total_price_after_sub_discount"] = Value::Null;
        order["is_free_shipping"] = true.into();
    });
    assert_eq!(free.total, money(400_000));
    let bare = changed(|order| {
        order["total_price_after_sub_discount"] = Value::Null;
        order["total_price"] = Value::Null;
    });
    // What is to be collected, and what was paid before.
    assert_eq!(bare.total, money(435_000));
}

#[test]
fn minor_units_are_divided_where_somebody_measured_them() {
    for (currency, expected) in
        [("THB", "2338"), ("TWD", "2338"), ("KWD", "233.8"), ("VND", "233800"), ("", "233800")]
    {
        let order = changed(|order| {
            order["total_price_after_sub_discount"] = 233_800.into();
            order["order_currency"] = currency.into();
        });
        assert_eq!(order.total.unwrap().to_string(), expected, "{currency}");
        assert!(order.custom.is_empty());
    }
    let order = changed(|order| {
        order["total_price_after_sub_discount"] = 233_800.into();
        order["order_currency"] = "PHP".into();
    });
    assert_eq!((order.total, order.currency.code()), (money(233_800), "PHP"));
    assert_eq!(order.custom[pos_pancake::UNVERIFIED], "PHP");
}

#[test]
fn a_buyer_is_found_wherever_the_vendor_left_one() {
    // A counter sale: nobody at all.
    let walk_in = changed(|order| {
        for name in
            ["customer", "bill_full_name", "bill_phone_number", "bill_email", "shipping_address", "partner"]
        {
            order[name] = Value::Null;
        }
    });
    assert_eq!((walk_in.buyer, walk_in.recipient, walk_in.delivery), (None, None, None));

    // No customer record: who is billed buys.
    let billed = changed(|order| order["customer"] = Value::Null);
    let buyer = billed.buyer.unwrap();
    assert_eq!((buyer.id, buyer.name.as_deref()), (None, Some("Lý Quốc Bảo")));
    assert!(billed.recipient.is_some());

    // Nobody billed, no record: who receives buys.
    let shipped = changed(|order| {
        for name in ["customer", "bill_full_name", "bill_phone_number", "bill_email"] {
            order[name] = Value::Null;
        }
    });
    assert_eq!(shipped.buyer.unwrap().name.as_deref(), Some("Lý Thu Hà"));
    assert_eq!(shipped.recipient, None);

    // No number on the bill: the record's, not the recipient's.
    let by_record = changed(|order| order["bill_phone_number"] = "".into());
    assert_eq!(numbers(&by_record.buyer.unwrap().phones)[0].0, "+84987650022");

    // A masked number is kept, and no key.
    let masked = changed(|order| {
        order["customer"]["phone_numbers"] = json!([]);
        order["bill_phone_number"] = "098****022".into();
        order["bill_full_name"] = "L******o".into();
        order["customer"]["name"] = "L******o".into();
        order["bill_email"] = Value::Null;
    });
    let buyer = masked.buyer.unwrap();
    assert_eq!((buyer.identity, buyer.name, buyer.id.as_deref()), (Identity::Masked, None, Some(BAO)));
    assert!(buyer.phones.iter().all(|phone| !phone.is_key));

    // The shop's walk-in record is nobody's id.
    let on_guest = changed(|order| {
        order["customer"]["name"] = "Khách lẻ".into();
        order["customer"]["phone_numbers"] = json!([]);
    });
    let buyer = on_guest.buyer.unwrap();
    assert_eq!((buyer.id, buyer.name.as_deref()), (None, Some("Lý Quốc Bảo")));
}

#[test]
fn a_thai_number_is_read_as_thai() {
    let order = changed(|order| {
        order["shipping_address"]["country_code"] = "66".into();
        order["bill_phone_number"] = "0812345678".into();
    });
    assert_eq!(numbers(&order.buyer.unwrap().phones)[0].0, "+66812345678");
}

#[test]
fn ids_of_every_kind_are_understood() {
    let imported = changed(|order| {
        order["id"] = "C812.44".into();
        order["system_id"] = "77".into();
    });
    assert_eq!(
        (imported.id.as_str(), imported.code.as_deref(), imported.reference),
        ("77", Some("C812.44"), None)
    );
    let market = changed(|order| order["marketplace_id"] = "2605110AB12CD".into());
    assert_eq!(market.reference.as_deref(), Some("2605110AB12CD"));
    let pushed = changed(|order| order["note"] = "Giao nhanh [crm:O-7]".into());
    assert_eq!((pushed.reference.as_deref(), pushed.note.as_deref()), (Some("O-7"), Some("Giao nhanh")));
}

#[test]
fn odd_values_cost_nothing_but_themselves() {
    let order = changed(|order| {
        order["items"][0]["variation_info"]["fields"] = Value::Null;
        order["items"][0]["discount_each_product"] = 10.into();
        order["items"][0]["is_discount_percent"] = true.into();
        order["items"][1]["total_discount"] = "0".into();
        order["tags"] = json!(["VIP", 7, {"id": 51, "name": "Ưu tiên"}, null]);
        order["warehouse_info"] = json!([]);
        order["return_fee"] = false.into();
        order["shipping_address"]["commune_name"] = Value::Null;
        order["updated_at"] = "2026-07-13T09:10:01+0700".into();
    });
    assert_eq!((order.lines[0].discount, order.lines[0].total), (money(45_000), money(405_000)));
    assert_eq!(order.tags, ["VIP", "7", "Ưu tiên"]);
    assert_eq!(order.recipient.unwrap().address.unwrap().ward.as_deref(), Some("Phường Dịch Vọng"));
    assert_eq!(order.updated_at, Some(datetime!(2026-07-13 2:10:01 UTC)));

    let mut body: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
    body["data"][0]["date_of_birth"] = "04/11/1993".into();
    body["data"][0]["gender"] = 2.into();
    body["data"][0]["level"] = json!({"id": 1, "name": "Vàng"});
    body["data"][0]["currency"] = "THB".into();
    body["data"][1]["purchased_amount"] = "không".into();
    body["total_pages"] = "2".into();
    let answer = read_answer(Stream::Customers, body.to_string().as_bytes()).unwrap();
    let mai = customers(&answer)[0];
    assert_eq!(
        (mai.birth_date, mai.gender, &mai.groups[..]),
        (Some(date!(1993 - 11 - 04)), None, &["Vàng".to_owned()][..])
    );
    assert_eq!((mai.spent, answer.more), (money(9_000), Some(true)));
    let rejected = &answer.page.rejected[0];
    assert_eq!((rejected.id.as_deref(), rejected.path.as_str()), (Some(BAO), "data[1].purchased_amount"));
    assert!(!rejected.reason.contains("không"));
}

#[test]
fn a_broken_order_is_named_by_its_number() {
    let mut body: Value = serde_json::from_slice(&fixture("orders_page1.json")).unwrap();
    body["data"][0]["total_discount"] = json!({"no": "amount"});
    body["data"][0]["id"] = "CRM-9".into();
    let answer = read_answer(Stream::Orders, body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.page.records.len(), 1);
    assert_eq!(
        (answer.page.rejected[0].id.as_deref(), answer.page.rejected[0].path.as_str()),
        (Some("1402"), "data[0].total_discount")
    );
}

#[test]
fn what_is_no_answer_is_an_error() {
    use pos_core::ErrorKind;
    for (body, kind) in [
        ("<html>", ErrorKind::Decode),
        ("", ErrorKind::Decode),
        ("7", ErrorKind::Decode),
        ("[1]", ErrorKind::Decode),
        (r#"{"message":"Product not found","success":false}"#, ErrorKind::NotFound),
        (r#"{"message":"Missing access_token","success":false}"#, ErrorKind::Auth),
    ] {
        assert_eq!(read_answer(Stream::Products, body.as_bytes()).unwrap_err().kind(), kind, "{body}");
    }
    assert_eq!(read_answer(Stream::Invoices, b"[]").unwrap_err().kind(), ErrorKind::Unsupported);
    let bare = read_answer(Stream::Branches, br#"[{"id":"a","name":"Kho"}]"#).unwrap();
    assert_eq!((bare.page.records.len(), bare.more), (1, None));
    let nameless = read_answer(Stream::Customers, br#"{"data":[{"name":"An"}]}"#).unwrap();
    assert_eq!((nameless.page.rejected[0].path.as_str(), nameless.page.records.len()), ("data[0].id", 0));
}
