//! Every saved answer is read as the vendor page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{fixture, text};
use pos_core::page::Answer;
use pos_core::record::{
    CustomerRecord, FulfilmentCategory, Identity, Money, OrderRecord, PaymentCategory, PhoneSource,
    ProductRecord, Record, StatusCategory,
};
use pos_core::{ErrorKind, Retry, Stream};
use pos_woocommerce::{Keys, read_answer};
use time::macros::datetime;

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

fn products(answer: Answer) -> Vec<ProductRecord> {
    let take = |record| if let Record::Product(product) = record { Some(*product) } else { None };
    answer.page.records.into_iter().filter_map(take).collect()
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

#[test]
fn customers_are_people_with_the_number_of_their_billing_address() {
    let answer = read(Stream::Customers, "customers_page1.json");
    assert_eq!((answer.more, answer.page.total), (None, None), "a page tells neither");
    let all = customers(answer);
    let [lan, new, binh] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!(lan.name.as_deref(), Some("Đỗ Thị Lan"));
    assert_eq!(lan.phones[0].e164.unwrap().to_string(), "+84352000141");
    assert_eq!((lan.phones[0].source, lan.phones[0].is_key), (PhoneSource::Own, true));
    assert_eq!(lan.emails.len(), 1, "the same address twice is one");
    assert_eq!(lan.addresses.len(), 1, "shipping is a copy");
    assert_eq!(lan.addresses[0].province.as_deref(), Some("Hội An"));
    assert_eq!(lan.updated_at, Some(datetime!(2026-11-21 9:40:12 UTC)));
    assert_eq!((lan.spent, lan.order_count), (None, None), "v3 does not tell");
    assert_eq!((new.name.as_deref(), new.updated_at, new.identity), (None, None, Identity::Person));
    assert_eq!(new.created_at, Some(datetime!(2026-11-20 15:05:41 UTC)));
    assert_eq!(binh.name.as_deref(), Some("Trần Quốc Bình"), "the whole name stands in the family name");
    assert_eq!(binh.organization.as_deref(), Some("Công ty TNHH Gốm Lam"));
    let place = &binh.addresses[0];
    assert_eq!((place.province.as_deref(), place.district.as_deref()), (Some("Hồ Chí Minh"), None));
    assert_eq!((place.street.as_deref(), place.ward.as_deref()), (Some("5/7 Lê Lợi"), None));
    let codes = place.codes_of("woocommerce");
    let codes = [codes.province, codes.district, codes.ward].map(Option::unwrap_or_default);
    assert_eq!(codes, ["HOCHIMINH", "760", "26734"]);
    let end = read(Stream::Customers, "customers_page_past_end.json");
    assert_eq!((end.page.records.len(), end.more), (0, Some(false)));
    assert_eq!(customers(read(Stream::Customers, "customer_create_response_201.json"))[0].id, "44");
}

#[test]
fn amounts_of_every_order_add_up() {
    for name in ["orders_page1.json", "order_create_response_201.json", "webhook_order_updated.json"] {
        for order in orders(read(Stream::Orders, name)) {
            let amount = |money: Option<Money>| money.unwrap_or_default();
            let sum = amount(order.subtotal) - amount(order.discount)
                + amount(order.shipping_fee)
                + amount(order.tax);
            assert_eq!(Some(sum), order.total, "{}", order.id);
            for line in &order.lines {
                let whole = line.unit_price.unwrap().times(line.quantity.unwrap());
                assert_eq!(Some(whole - line.discount.unwrap()), line.total, "{}", order.id);
            }
            assert!(!order.incomplete);
        }
    }
}

#[test]
fn an_order_that_waits_for_money_with_tax() {
    let order = &orders(read(Stream::Orders, "orders_page1.json"))[0];
    assert_eq!((order.id.as_str(), order.code.as_deref()), ("5104", Some("5104")));
    assert_eq!(
        (order.status.category, order.status.code.as_deref()),
        (StatusCategory::Pending, Some("on-hold"))
    );
    assert_eq!(
        (order.payment.category, order.paid, order.due),
        (PaymentCategory::Unpaid, money(0), money(540_000))
    );
    assert_eq!((order.subtotal, order.tax, order.total), (money(500_000), money(40_000), money(540_000)));
    assert_eq!(order.lines[0].tax, money(40_000));
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (None, Some("Cao Anh Tú")), "a guest");
    assert!(buyer.phones[0].is_key && buyer.emails[0].is_key);
    assert!(order.recipient.is_none() && order.delivery.is_none());
}

#[test]
fn a_guest_who_pays_at_the_door() {
    let order = &orders(read(Stream::Orders, "order_guest.json"))[0];
    assert_eq!(order.status.category, StatusCategory::Processing);
    assert_eq!((order.payment.category, order.paid), (PaymentCategory::Unpaid, money(0)));
    assert_eq!(order.fulfilment.category, FulfilmentCategory::Unfulfilled);
    assert_eq!(order.channel.as_ref().unwrap().code.as_deref(), Some("checkout"));
    assert_eq!(order.note.as_deref(), Some("Giao giờ hành chính"));
    assert_eq!(order.placed_at, Some(datetime!(2026-11-22 13:11:05 UTC)));
    assert_eq!((order.shipping_fee, order.lines[0].unit_price), (money(30_000), money(120_000)));
    let done = &orders(read(Stream::Orders, "webhook_order_updated.json"))[0];
    assert_eq!((done.payment.category, done.paid), (PaymentCategory::Paid, money(270_000)));
    assert_eq!(done.completed_at, Some(datetime!(2026-11-24 8:00:31 UTC)));
    assert_eq!(done.payments[0].method.as_deref(), Some("Trả tiền mặt khi nhận hàng"));
}

#[test]
fn a_coupon_a_fee_a_present_and_a_part_that_was_given_back() {
    let order = &orders(read(Stream::Orders, "orders_page1.json"))[2];
    assert_eq!(
        (order.code.as_deref(), order.status.category),
        (Some("GV-2026-00102"), StatusCategory::Completed)
    );
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (Some("41"), Some("Đỗ Thị Lan")));
    let to = order.recipient.as_ref().unwrap();
    assert_eq!((to.id.as_deref(), to.name.as_deref()), (None, Some("Lê Văn Minh")));
    assert_eq!(to.phones[0].e164.unwrap().to_string(), "+84352000152");
    let place = order.delivery.as_ref().unwrap().address.as_ref().unwrap();
    assert_eq!(place.province.as_deref(), Some("Huế"));
    assert_eq!(
        (order.subtotal, order.discount, order.total),
        (money(705_000), money(69_000), money(666_000))
    );
    let [vase, tray, fee] = order.lines.as_slice() else { panic!("{}", order.lines.len()) };
    assert_eq!((vase.product_id.as_deref(), vase.variant_id.as_deref()), (Some("310"), Some("312")));
    assert_eq!((tray.unit_price, tray.discount, tray.total), (money(80_000), money(24_000), money(216_000)));
    assert_eq!(
        (fee.product_id.as_deref(), fee.name.as_deref(), fee.total),
        (None, Some("Gói quà"), money(15_000))
    );
    assert_eq!((order.payment.category, order.paid), (PaymentCategory::PartiallyRefunded, money(666_000)));
    assert_eq!((order.refunded, order.returned, order.refunded_shipping), (money(72_000), None, None));
}

#[test]
fn what_was_given_back_in_full() {
    let order = &orders(read(Stream::Orders, "order_refunded.json"))[0];
    assert_eq!(order.status.category, StatusCategory::Returned);
    assert_eq!((order.payment.category, order.total), (PaymentCategory::Refunded, money(990_000)));
    assert_eq!((order.paid, order.refunded), (money(990_000), money(990_000)));
    assert_eq!(order.payments[0].id.as_deref(), Some("14712233"));
    assert_eq!(order.buyer.as_ref().unwrap().phones[0].e164.unwrap().to_string(), "+84352000153");
    let ours = &orders(read(Stream::Orders, "order_create_response_201.json"))[0];
    assert_eq!(ours.reference.as_deref(), Some("o-7f3c2a"));
    let error = read_answer(Stream::Returns, &fixture("refunds_page1.json")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "refunds are told inside of orders");
}

#[test]
fn products_and_categories() {
    let all = products(read(Stream::Products, "products_page1.json"));
    let [vase, tray] = all.as_slice() else { panic!("{}", all.len()) };
    let ids: Vec<_> = vase.variants.iter().map(|one| one.id.as_str()).collect();
    assert_eq!((ids, vase.price, vase.code.as_deref()), (vec!["312", "313"], money(450_000), None));
    assert_eq!((tray.code.as_deref(), tray.barcode.as_deref()), (Some("KHAY-3"), Some("8930000000320")));
    assert_eq!((tray.price, tray.active, tray.deleted), (money(80_000), Some(true), false));
    assert_eq!(tray.stock[0].on_hand, Some(14.into()));
    assert_eq!(tray.category.as_ref().unwrap().name.as_deref(), Some("Khay"));
    assert_eq!(vase.images.len(), 1);
    let categories = read(Stream::Categories, "product_categories.json").page.records;
    let told: Vec<_> = categories
        .iter()
        .filter_map(|record| if let Record::Category(one) = record { Some(one) } else { None })
        .map(|one| (one.id.as_str(), one.parent.as_deref(), one.name.as_deref().unwrap()))
        .collect();
    assert_eq!(told, [("21", Some("15"), "Bình hoa"), ("15", None, "Gốm")]);
}

#[test]
fn a_byte_order_mark_is_read_over_and_a_warning_before_the_answer_is_not() {
    assert_eq!(orders(read(Stream::Orders, "body_200_bom_then_json.txt"))[0].id, "5101");
    for name in ["body_200_php_notice_then_json.txt", "error_403_firewall.html", "webhook_ping.form"] {
        let error = read_answer(Stream::Orders, &fixture(name)).unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff), "{name}");
    }
    let error = read_answer(Stream::Orders, &fixture("error_401_cannot_view.json")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected, "never an empty list");
}

#[test]
fn the_keys_that_a_merchant_agreed_to() {
    let keys = Keys::read(&fixture("auth_callback_keys.json")).unwrap();
    assert_eq!((keys.user_id.as_str(), keys.key_permissions.as_str()), ("tenant-17", "read_write"));
    assert!(keys.consumer_key.expose().starts_with("ck_"));
    assert!(!format!("{keys:?}").contains("ck_"));
    assert!(Keys::read(text("webhook_ping.form").as_bytes()).is_err());
}
