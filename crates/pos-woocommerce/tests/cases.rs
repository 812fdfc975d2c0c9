//! What plugins, PHP and bad days make of an answer.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::record::{
    CustomerRecord, Identity, Money, OrderRecord, PaymentCategory, ProductRecord, Record, StatusCategory,
};
use pos_core::{Rejected, Stream};
use pos_woocommerce::read_answer;
use serde_json::{Value, json};

fn read(stream: Stream, body: &Value) -> (Vec<Record>, Vec<Rejected>) {
    let page = read_answer(stream, body.to_string().as_bytes()).unwrap().page;
    (page.records, page.rejected)
}

/// An order of the samples with some members exchanged.
fn order(change: impl FnOnce(&mut Value)) -> OrderRecord {
    let mut body: Value = serde_json::from_slice(&fixture("order_guest.json")).unwrap();
    change(&mut body);
    let (mut records, rejected) = read(Stream::Orders, &body);
    assert!(rejected.is_empty(), "{rejected:?}");
    match records.pop() {
        Some(Record::Order(order)) => *order,
        other => panic!("{other:?}"),
    }
}

fn customer(body: Value) -> Option<CustomerRecord> {
    let (records, rejected) = read(Stream::Customers, &body);
    assert!(rejected.is_empty(), "{rejected:?}");
    records.into_iter().find_map(|one| if let Record::Customer(one) = one { Some(*one) } else { None })
}

fn product(body: Value) -> ProductRecord {
    let (records, _) = read(Stream::Products, &body);
    records
        .into_iter()
        .find_map(|one| if let Record::Product(one) = one { Some(*one) } else { None })
        .unwrap()
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

#[test]
fn lists_come_as_objects_and_objects_as_lists() {
    let told = order(|order| {
        let line = order["line_items"][0].clone();
        order["line_items"] = json!({"1": line});
        order["meta_data"] = json!({"4": {"key": "crm_order_id", "value": "o-1"}});
        order["shipping"] = json!([]);
        order["fee_lines"] = json!(false);
        order["refunds"] = json!({});
    });
    assert_eq!((told.lines.len(), told.reference.as_deref()), (1, Some("o-1")));
    assert_eq!((told.refunded, told.recipient.is_none()), (money(0), true));
    let page: Value = serde_json::from_slice(&fixture("orders_page1.json")).unwrap();
    let gaps = json!({"0": page[0], "3": page[2]});
    assert_eq!(read(Stream::Orders, &gaps).0.len(), 2);
    assert_eq!(read(Stream::Orders, &json!({})).0.len(), 0);
    let blank =
        customer(json!({"id": 7, "role": "customer", "billing": [], "shipping": [], "meta_data": {}}));
    assert!(blank.unwrap().addresses.is_empty());
}

#[test]
fn every_way_of_saying_nothing_is_nothing_and_numbers_and_texts_change_places() {
    for nothing in [json!(null), json!(""), json!(false), json!([]), json!({})] {
        let told = order(|order| {
            for name in
                ["discount_total", "date_paid_gmt", "customer_note", "transaction_id", "total_tax", "number"]
            {
                order[name] = nothing.clone();
            }
            order["billing"]["email"] = nothing.clone();
        });
        assert_eq!((told.code.as_deref(), told.note, told.tax), (Some("5101"), None, None), "{nothing}");
        assert_eq!(told.payment.category, PaymentCategory::Unpaid, "{nothing}");
    }
    let told = order(|order| {
        order["id"] = json!("5101");
        order["total"] = json!(270000.0);
        order["customer_id"] = json!("41");
        order["line_items"][0]["price"] = json!("116666.66666667");
        order["line_items"][0]["product_id"] = json!("0");
    });
    assert_eq!((told.id.as_str(), told.total), ("5101", money(270_000)));
    assert_eq!(told.buyer.unwrap().id.as_deref(), Some("41"));
    assert_eq!(told.lines[0].product_id, None, "0 points nowhere");
    let text = order(|order| order["total"] = json!("270000.00"));
    assert_eq!(text.total, money(270_000));
}

#[test]
fn only_ids_and_amounts_reject_a_row() {
    let mut rows: Value = serde_json::from_slice(&fixture("orders_page1.json")).unwrap();
    rows[0]["billing"] = json!("gone");
    rows[0]["line_items"][0]["image"] = json!(7);
    rows[1]["total"] = json!("a lot");
    rows[2]["id"] = json!("x");
    let (records, rejected) = read(Stream::Orders, &rows);
    assert_eq!(records.iter().map(Record::id).collect::<Vec<_>>(), ["5104", "5103"]);
    let told: Vec<_> = rejected.iter().map(|one| (one.id.as_deref(), one.path.as_str())).collect();
    assert_eq!(told, [(Some("5101"), "[1].total"), (Some("x"), "[2].id")]);
}

#[test]
fn states_keep_their_codes_and_only_known_ones_mean_something() {
    use StatusCategory::{Cancelled, Completed, Deleted, Pending, Processing, Returned, Unknown};
    for (code, category) in [
        ("pending", Pending),
        ("on-hold", Pending),
        ("wc-processing", Processing),
        ("completed", Completed),
        ("cancelled", Cancelled),
        ("refunded", Returned),
        ("failed", Pending),
        ("trash", Deleted),
        ("da-giao", Unknown),
    ] {
        let told = order(|order| order["status"] = json!(code));
        assert_eq!(told.status.category, category, "{code}");
        assert_eq!(told.status.code.as_deref(), Some(code.trim_start_matches("wc-")));
        assert_eq!(told.status.reason.is_some(), code == "failed", "the payment failed, and no delivery");
        assert_eq!(told.payment.category, PaymentCategory::Unpaid);
    }
    for draft in ["checkout-draft", "auto-draft", "draft"] {
        let mut body: Value = serde_json::from_slice(&fixture("order_guest.json")).unwrap();
        body["status"] = json!(draft);
        assert!(read(Stream::Orders, &json!([body])).0.is_empty(), "{draft}");
    }
}

#[test]
fn a_fee_below_zero_is_a_discount_and_pieces_may_be_fractions() {
    let told = order(|order| {
        order["fee_lines"] =
            json!([{"id": 1, "name": "Giảm &amp; quà", "total": "-20000"}, {"id": 2, "total": "5000"}]);
        order["total"] = json!("255000");
        order["line_items"][0]["quantity"] = json!(1.5);
    });
    assert_eq!((told.subtotal, told.discount), (money(245_000), money(20_000)));
    assert_eq!((told.lines.len(), told.lines[0].unit_price), (2, money(160_000)));
    let none = order(|order| order["line_items"][0]["quantity"] = json!(0));
    assert_eq!((none.lines[0].unit_price, none.lines[0].total), (None, money(240_000)));
}

#[test]
fn a_recipient_is_somebody_with_another_name_or_number() {
    let to = |first: &str, last: &str, phone: &str| {
        let shipping = json!({"first_name": first, "last_name": last, "address_1": "1 Lê Lợi", "country": "VN", "phone": phone});
        order(|order| order["shipping"] = shipping).recipient
    };
    assert!(to("Hạnh", "Vũ Thị", "").is_none(), "a copy");
    assert!(to("Hạnh", "Vũ Thị", "0352 000 151").is_none());
    assert!(to("Hạnh", "Vũ Thị", "0352000199").is_some(), "another number");
    assert_eq!(to("Minh", "Lê Văn", "").unwrap().name.as_deref(), Some("Lê Văn Minh"));
    let old = order(|order| {
        order["shipping"] = json!({"first_name": "Minh", "last_name": "Lê Văn", "country": "VN"});
        order["meta_data"] = json!([{"key": "_shipping_phone", "value": "0352000152"}]);
    });
    assert_eq!(old.recipient.unwrap().phones.len(), 1, "before 5.6 the number was a meta field");
    let only = order(|order| {
        order["billing"] = json!([]);
        order["shipping"] = json!({"first_name": "Minh", "last_name": "Lê Văn", "phone": "0352000152"});
    });
    assert!(only.buyer.unwrap().phones[0].is_key, "the only number of an order is not lost");
    assert!(order(|order| order["billing"] = json!([])).buyer.is_none(), "a sale to nobody in particular");
}

#[test]
fn names_and_places_are_read_by_their_country() {
    let told = order(|order| {
        order["billing"]["country"] = json!("US");
        order["billing"]["first_name"] = json!("Ann");
        order["billing"]["last_name"] = json!("Lee");
        order["billing"]["state"] = json!("CA");
        order["billing"]["phone"] = json!("(201) 555-0123");
    });
    let buyer = told.buyer.unwrap();
    assert_eq!(buyer.name.as_deref(), Some("Ann Lee"));
    assert_eq!(buyer.phones[0].e164.unwrap().to_string(), "+12015550123");
    let place = buyer.address.unwrap();
    assert_eq!((place.province.as_deref(), place.district.as_deref()), (Some("CA"), Some("Hà Nội")));
    for (state, province, code) in [
        ("HO-CHI-MINH", "Hồ Chí Minh", Some("HO-CHI-MINH")),
        ("Đà Nẵng", "Đà Nẵng", None),
        ("vnsg", "Hà Nội", Some("vnsg")),
    ] {
        let told = order(|order| {
            order["billing"]["state"] = json!(state);
            order["billing"]["address_2"] = json!("Phường Hải Châu");
        });
        let place = told.buyer.unwrap().address.unwrap();
        assert_eq!(place.province.as_deref(), Some(province), "{state}");
        assert_eq!(place.codes_of("woocommerce").province.as_deref(), code, "{state}");
        assert_eq!(place.ward.as_deref(), Some("Phường Hải Châu"));
    }
}

#[test]
fn users_who_never_buy_are_no_customers_and_people_without_a_name_are() {
    let user = |role: &str, billing: Value, paying: bool| {
        customer(
            json!({"id": 3, "email": "a@example.com", "role": role, "billing": billing, "is_paying_customer": paying}),
        )
    };
    assert!(user("administrator", json!({"country": "VN"}), false).is_none());
    assert!(user("shop_manager", json!({"phone": "0352000161"}), false).is_some());
    assert!(user("si-buon", json!([]), true).is_some(), "a role of a plugin that buys");
    let nameless = user("customer", json!([]), false).unwrap();
    assert_eq!((nameless.identity, nameless.emails.len()), (Identity::Person, 1));
    let walk_in = order(|order| {
        order["billing"] = json!({"first_name": "Khách lẻ", "last_name": "", "country": "VN"});
    });
    assert_eq!(walk_in.buyer.unwrap().identity, Identity::Nobody);
}

#[test]
fn refunds_are_counted_by_their_totals_whoever_paid_them_back() {
    let told = |paid: Value, refunds: Value| {
        let order = order(|order| {
            order["date_paid_gmt"] = paid;
            order["refunds"] = refunds;
        });
        (order.payment.category, order.paid, order.refunded)
    };
    let at = json!("2026-11-23T00:00:00");
    let two = json!([{"id": 1, "total": "-100000"}, {"id": 2, "total": "-170000"}]);
    assert_eq!(told(at.clone(), two), (PaymentCategory::Refunded, money(270_000), money(270_000)));
    let one = json!([{"id": 1, "total": "-30000"}]);
    assert_eq!(told(at.clone(), one), (PaymentCategory::PartiallyRefunded, money(270_000), money(30_000)));
    assert_eq!(told(at, json!([])), (PaymentCategory::Paid, money(270_000), money(0)));
    let trimmed = order(|order| {
        let order = order.as_object_mut().unwrap();
        order.remove("refunds");
        order.remove("line_items");
    });
    assert_eq!((trimmed.refunded, trimmed.incomplete), (None, true));
}

#[test]
fn products_without_a_price_in_the_trash_or_with_entities_in_their_names() {
    let told = product(
        json!([{"id": 9, "type": "simple", "name": "Ấm &amp; chén", "price": "", "regular_price": "",
        "status": "trash", "manage_stock": "parent", "stock_quantity": 5, "sku": false}]),
    );
    assert_eq!((told.name.as_deref(), told.price, told.deleted), (Some("Ấm & chén"), None, true));
    assert_eq!((told.active, told.stock.len(), told.code), (Some(false), 0, None));
    let sale = product(json!({"id": 9, "price": "80000", "regular_price": "100000", "sale_price": "80000"}));
    assert_eq!(sale.price, money(100_000), "before the discount");
}

#[test]
fn half_an_answer_is_never_an_answer() {
    for (stream, name) in [
        (Stream::Orders, "orders_page1.json"),
        (Stream::Customers, "customers_page1.json"),
        (Stream::Products, "products_page1.json"),
        (Stream::Categories, "product_categories.json"),
    ] {
        let body = fixture(name);
        let body = body.trim_ascii();
        for cut in (0..body.len()).step_by(31) {
            assert!(read_answer(stream, &body[..cut]).is_err(), "{name} {cut}");
        }
    }
}

#[test]
fn two_spellings_of_a_member_are_one_and_unknown_members_are_kept_out_of_the_way() {
    let text = String::from_utf8(fixture("order_guest.json")).unwrap();
    let twice = text.replacen("\"number\"", "\"number\": \"\", \"number\"", 1);
    let page = read_answer(Stream::Orders, twice.as_bytes()).unwrap().page;
    assert_eq!((page.records.len(), page.rejected.len()), (1, 0));
    let told = order(|order| {
        order["fulfillments"] = json!({"0": {"status": "shipped"}});
        order["_links"] = json!("gone");
    });
    assert_eq!(told.status.category, StatusCategory::Processing);
}
