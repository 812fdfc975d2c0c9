//! Every saved answer is read as the vendor page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::page::Answer;
use pos_core::record::{
    BranchRecord, CustomerRecord, FulfilmentCategory, Gender, Identity, Money, OrderRecord, PaymentCategory,
    PhoneSource, ProductRecord, Record, StatusCategory,
};
use pos_sapo::model::{Webhook, pos, web};
use pos_sapo::{Flavor, Stream, read_answer};
use time::macros::{date, datetime};

fn read(stream: Stream, name: &str) -> Answer {
    let flavor = if name.starts_with("pos_") { Flavor::Pos } else { Flavor::Web };
    let answer = read_answer(stream, &fixture(name), flavor).unwrap();
    assert!(answer.page.rejected.is_empty(), "{name}: {:?}", answer.page.rejected);
    answer
}

macro_rules! picks {
    ($($name:ident($variant:ident) -> $type:ty;)*) => {$(
        fn $name(answer: &Answer) -> Vec<&$type> {
            answer.page.records.iter().map(|record| match record {
                Record::$variant(record) => &**record,
                other => panic!("{other:?}"),
            }).collect()
        }
    )*};
}

picks! {
    customers(Customer) -> CustomerRecord;
    orders(Order) -> OrderRecord;
    products(Product) -> ProductRecord;
    branches(Branch) -> BranchRecord;
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

/// Phones as number, source and whether they are keys.
fn phones(record: &[pos_core::record::Phone]) -> Vec<(String, PhoneSource, bool)> {
    record.iter().map(|phone| (phone.e164.unwrap().to_string(), phone.source, phone.is_key)).collect()
}

#[test]
fn web_customers_have_family_name_first_and_one_number_in_two_writings() {
    let answer = read(Stream::Customers, "web_customers_page_1.json");
    assert_eq!((answer.page.total, answer.more, answer.next.is_none()), (None, None, true));
    let [ha, shop] = customers(&answer)[..] else { panic!() };
    assert_eq!(
        (ha.id.as_str(), ha.name.as_deref(), ha.raw_name.as_deref()),
        ("51230011", Some("Đặng Thu Hà"), Some("Đặng Thu Hà"))
    );
    assert_eq!(
        (ha.identity, ha.gender, ha.birth_date),
        (Identity::Person, Some(Gender::Female), Some(date!(1992 - 03 - 14)))
    );
    assert_eq!(phones(&ha.phones), [("+84905550101".into(), PhoneSource::Own, true)]);
    assert_eq!(ha.emails[0].address.as_deref(), Some("thuha.demo@example.com"));
    assert!(ha.emails[0].is_key);
    assert_eq!(ha.tags, ["vip", "hẹn gọi lại"]);
    assert_eq!(
        (ha.spent, ha.order_count, ha.note.as_deref()),
        (money(1_875_000), Some(3), Some("Thích gốm men lam"))
    );
    assert_eq!(
        (ha.created_at, ha.updated_at),
        (Some(datetime!(2026-03-02 4:15:09 UTC)), Some(datetime!(2026-06-18 9:41:55 UTC)))
    );
    let [home] = &ha.addresses[..] else { panic!("{:?}", ha.addresses) };
    assert!(home.is_default);
    assert_eq!(
        (home.id.as_deref(), home.name.as_deref(), home.phone.as_deref()),
        (Some("60110001"), Some("Đặng Thu Hà"), Some("0905550101"))
    );
    assert_eq!((home.street.as_deref(), home.ward.as_deref()), (Some("12 ngõ Mẫu"), Some("Phường Cống Vị")));
    assert_eq!((home.district.as_deref(), home.province.as_deref()), (Some("Quận Ba Đình"), Some("Hà Nội")));
    assert_eq!(
        (home.country.as_deref(), home.codes_of("sapo").ward.as_deref()),
        (Some("Vietnam"), Some("10107"))
    );
    assert!(!ha.deleted, "state disabled is no deletion");

    assert_eq!(
        (shop.name.as_deref(), shop.emails.len(), shop.gender),
        (Some("Quán Trà Mộc"), 0, Some(Gender::Other))
    );
    assert_eq!(
        shop.addresses[0].province.as_deref(),
        Some("Đà Nẵng"),
        "the city, where there is no province"
    );
    assert_eq!((shop.spent, shop.order_count), (Some(Money::ZERO), Some(0)));
}

#[test]
fn the_last_and_the_empty_web_page_are_read() {
    let answer = read(Stream::Customers, "web_customers_page_last.json");
    let [minh] = customers(&answer)[..] else { panic!() };
    assert_eq!((minh.name.as_deref(), minh.phones.len(), minh.addresses.len()), (Some("Lý Minh"), 0, 0));
    assert_eq!(
        minh.emails[0].address.as_deref().map(str::to_lowercase).as_deref(),
        Some("minh.demo@example.com")
    );
    assert_eq!((minh.identity, minh.updated_at), (Identity::Person, Some(datetime!(2026-05-30 16:00 UTC))));
    for (stream, name) in [
        (Stream::Customers, "web_customers_page_past_end.json"),
        (Stream::Orders, "web_orders_status_any.json"),
    ] {
        let answer = read(stream, name);
        assert_eq!((answer.page.records.len(), answer.more), (0, Some(false)), "{name}");
    }
    let one = read(Stream::Customers, "web_customer_single.json");
    assert_eq!((customers(&one)[0].id.as_str(), one.more), ("51230011", Some(false)));
}

#[test]
fn web_orders_keep_states_amounts_lines_and_references() {
    for name in ["web_order_full.json", "web_orders_page_1.json"] {
        let answer = read(Stream::Orders, name);
        let order = orders(&answer)[0];
        assert_eq!(
            (order.id.as_str(), order.code.as_deref(), order.reference.as_deref()),
            ("190440021", Some("#1042"), Some("crm-000123"))
        );
        assert_eq!(
            (order.status.category, order.status.code.as_deref()),
            (StatusCategory::Completed, Some("open")),
            "fulfilled and paid"
        );
        assert_eq!(
            (order.payment.category, order.payment.code.as_deref()),
            (PaymentCategory::Paid, Some("paid"))
        );
        assert_eq!(
            (order.fulfilment.category, order.fulfilment.code.as_deref()),
            (FulfilmentCategory::Shipping, Some("fulfilled"))
        );
        assert_eq!(order.placed_at, Some(datetime!(2026-06-18 9:41:55 UTC)));
        assert_eq!(order.updated_at, Some(datetime!(2026-06-19 2:00:01 UTC)));
        assert_eq!((order.cancelled_at, order.completed_at), (None, None));
        assert_eq!(
            (order.subtotal, order.discount, order.shipping_fee),
            (money(875_000), money(50_000), money(30_000))
        );
        assert_eq!((order.tax, order.total, order.paid), (money(0), money(855_000), money(855_000)));
        assert_eq!((order.refunded, order.due, order.currency.code()), (money(0), money(0), "VND"));
        let buyer = order.buyer.as_ref().unwrap();
        assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (Some("51230011"), Some("Đặng Thu Hà")));
        assert_eq!(phones(&buyer.phones), [("+84905550101".into(), PhoneSource::Own, true)]);
        assert!(order.recipient.is_none(), "the same person");
        assert!(order.contact.is_none(), "the same numbers");
        assert_eq!(order.branch.as_ref().unwrap().id.as_deref(), Some("825001"));
        let seller = order.seller.as_ref().unwrap();
        assert_eq!((seller.id.as_deref(), seller.name.as_deref()), (Some("720001"), Some("Thử Lan")));
        assert_eq!(order.channel.as_ref().unwrap().code.as_deref(), Some("web"));
        let [vase, cups] = &order.lines[..] else { panic!() };
        assert_eq!(
            (vase.id.as_deref(), vase.sku.as_deref(), vase.name.as_deref()),
            (Some("290440001"), Some("BG-ML-01"), Some("Bình gốm men lam"))
        );
        assert_eq!(
            (vase.product_id.as_deref(), vase.variant_id.as_deref()),
            (Some("46410001"), Some("147230002"))
        );
        assert_eq!(
            (cups.name.as_deref(), cups.quantity.unwrap().to_string().as_str()),
            (Some("Chén trà - Trắng"), "2")
        );
        assert_eq!((cups.unit_price, cups.discount, cups.total), (money(125_000), money(0), money(250_000)));
        let delivery = order.delivery.as_ref().unwrap();
        assert_eq!(
            (delivery.code.as_deref(), delivery.carrier.as_deref()),
            (Some("GT0000042"), Some("Giao Thử"))
        );
        assert_eq!((delivery.status.as_deref(), delivery.fee), (Some("pending"), None));
        assert_eq!(
            (order.note.as_deref(), order.tags.as_slice()),
            (Some("Gói quà giúp em"), &["crm-sync".to_owned()][..])
        );
        assert!(!order.incomplete);
    }
    let answer = read(Stream::Orders, "web_orders_page_1.json");
    let pending = orders(&answer)[1];
    assert_eq!(
        (pending.status.category, pending.payment.category),
        (StatusCategory::Confirmed, PaymentCategory::Unpaid)
    );
    assert_eq!(pending.fulfilment.category, FulfilmentCategory::Unfulfilled);
    assert_eq!(
        (pending.channel.as_ref().unwrap().code.as_deref(), pending.due),
        (Some("facebook"), money(450_000))
    );
    assert_eq!(pending.buyer.as_ref().unwrap().name.as_deref(), Some("Quán Trà Mộc"));
}

#[test]
fn a_cancelled_web_order_says_why() {
    let answer = read(Stream::Orders, "web_order_cancelled.json");
    let order = orders(&answer)[0];
    assert_eq!(
        (order.status.category, order.status.reason.as_deref()),
        (StatusCategory::Cancelled, Some("customer"))
    );
    assert_eq!((order.payment.category, order.paid), (PaymentCategory::Voided, money(0)));
    assert_eq!(order.cancelled_at, Some(datetime!(2026-06-21 9:30 UTC)));
    assert_eq!(order.reference, None);
}

#[test]
fn the_category_of_a_web_order_follows_the_table() {
    use StatusCategory::{Cancelled, Completed, Confirmed, Returned, Shipping, Unknown};
    for (members, category) in [
        (r#""status":"open""#, Confirmed),
        (r#""fulfillment_status":null"#, Confirmed),
        (r#""status":"open","fulfillment_status":"partial""#, Shipping),
        (r#""status":"open","fulfillment_status":"fulfilled","financial_status":"pending""#, Shipping),
        (r#""status":"open","fulfillment_status":"fulfilled","financial_status":"paid""#, Completed),
        (r#""status":"open","fulfillment_status":"teleported","financial_status":"paid""#, Confirmed),
        (r#""status":"open","completed_on":"2026-01-01T00:00:00Z""#, Completed),
        (r#""status":"closed","financial_status":"pending""#, Completed),
        (r#""status":"closed","financial_status":"refunded""#, Returned),
        (r#""status":"closed","financial_status":"partially_refunded""#, Completed),
        (r#""status":"closed","cancelled_on":"2026-01-01T00:00:00Z""#, Cancelled),
        (r#""status":"cancelled","financial_status":"refunded""#, Cancelled),
        (r#""status":"frozen","financial_status":"paid","fulfillment_status":"fulfilled""#, Unknown),
    ] {
        let body = format!(r#"{{"orders":[{{"id":1,{members},"line_items":[]}}]}}"#);
        let answer = read_answer(Stream::Orders, body.as_bytes(), Flavor::Web).unwrap();
        assert_eq!(orders(&answer)[0].status.category, category, "{members}");
    }
}

#[test]
fn an_order_without_a_customer_is_bought_by_who_is_billed() {
    let body = r#"[{"id":1,"status":"open","phone":"0905550199","email":"khach@example.com","customer":null,
        "billing_address":{"first_name":"Bình","last_name":"Trần Văn","phone":"0905 550 111","province":"Hà Nội"},
        "shipping_address":{"name":"Lê Thị Lan","phone":"0905550112"}},
        {"id":2,"customer":null,"phone":"+84905550113","billing_address":null,"shipping_address":{"name":"Lê Thị Lan","country":"Vietnam"}},
        {"id":3,"customer":null,"phone":"","email":"","billing_address":{"country":"Vietnam"},"shipping_address":null}]"#;
    let answer = read_answer(Stream::Orders, body.as_bytes(), Flavor::Web).unwrap();
    let [billed, shipped, walk_in] = orders(&answer)[..] else { panic!() };
    let buyer = billed.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (None, Some("Trần Văn Bình")));
    assert_eq!(phones(&buyer.phones), [("+84905550111".into(), PhoneSource::Own, true)]);
    assert_eq!(buyer.emails[0].address.as_deref(), Some("khach@example.com"), "the address had none");
    assert_eq!(billed.recipient.as_ref().unwrap().name.as_deref(), Some("Lê Thị Lan"));
    let contact = billed.contact.as_ref().unwrap();
    assert_eq!((phones(&contact.phones)[0].0.as_str(), contact.emails.len()), ("+84905550199", 0));
    let buyer = shipped.buyer.as_ref().unwrap();
    assert_eq!(
        (buyer.name.as_deref(), phones(&buyer.phones)[0].0.as_str()),
        (Some("Lê Thị Lan"), "+84905550113")
    );
    assert!(shipped.recipient.is_none() && shipped.contact.is_none());
    assert!(walk_in.buyer.is_none() && walk_in.incomplete);
}

#[test]
fn addresses_give_a_key_only_where_the_customer_has_no_number() {
    let body = r#"[{"id":1,"first_name":"An","phone":null,"default_address":{"id":5,"phone":"0905550111"},
        "addresses":[{"id":5,"phone":"0905550111","default":true},{"id":6,"phone":"0905550112"}]}]"#;
    let answer = read_answer(Stream::Customers, body.as_bytes(), Flavor::Web).unwrap();
    let record = customers(&answer)[0];
    assert_eq!(
        phones(&record.phones),
        [
            ("+84905550111".into(), PhoneSource::DefaultAddress, true),
            ("+84905550112".into(), PhoneSource::Address, false)
        ]
    );
    assert_eq!(record.addresses.iter().map(|address| address.is_default).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn amounts_may_be_texts_and_tags_a_list() {
    let body = r##"{"order":{"id":"9","name":"#1","status":"open","total_price":"409.94","total_line_items_price":"409.94",
        "line_items":[{"id":1,"price":"409.94","quantity":"1","total_discount":"10"}],"tags":["a","b, c"]}}"##;
    let answer = read_answer(Stream::Orders, body.as_bytes(), Flavor::Web).unwrap();
    let order = orders(&answer)[0];
    assert_eq!((order.id.as_str(), order.total.unwrap().to_string().as_str()), ("9", "409.94"));
    assert_eq!(
        (order.lines[0].total.unwrap().to_string().as_str(), order.tags.join("|").as_str()),
        ("399.94", "a|b|c")
    );
}

#[test]
fn web_products_and_branches_are_read() {
    let answer = read(Stream::Products, "web_products_page_1.json");
    let [vase, cup] = products(&answer)[..] else { panic!() };
    assert_eq!(
        (vase.id.as_str(), vase.code.as_deref(), vase.name.as_deref()),
        ("46410001", Some("BG-ML-01"), Some("Bình gốm men lam"))
    );
    assert_eq!((vase.price, vase.active, vase.unit.as_deref()), (money(625_000), Some(true), None));
    assert_eq!(vase.images, ["https://cdn.example.com/p/46410001.jpg"]);
    assert_eq!((cup.code.as_deref(), cup.price, cup.unit.as_deref()), (None, None, Some("cái")));
    let variants: Vec<_> = cup
        .variants
        .iter()
        .map(|one| (one.id.as_str(), one.sku.as_deref().unwrap(), one.name.as_deref().unwrap()))
        .collect();
    assert_eq!(
        variants,
        [("147230012", "CT-TRANG", "Chén trà - Trắng"), ("147230014", "CT-XANH", "Chén trà - Xanh")]
    );
    assert_eq!(cup.variants[1].price, money(135_000));
    assert!(cup.stock.is_empty(), "available to sell is not on the shelf");

    let answer = read(Stream::Branches, "web_locations.json");
    let [main, second] = branches(&answer)[..] else { panic!() };
    assert_eq!(
        (main.id.as_str(), main.name.as_deref(), main.active),
        ("825001", Some("Kho chính"), Some(true))
    );
    assert_eq!((phones(&main.phones)[0].0.as_str(), second.active), ("+84905550190", Some(false)));
    assert_eq!(
        (main.address.as_ref().unwrap().street.as_deref(), second.address.is_none()),
        (Some("1 đường Kho"), true)
    );
}

#[test]
fn a_refund_takes_back_its_order() {
    let answer = read(Stream::Returns, "web_refund.json");
    let refund = orders(&answer)[0];
    assert_eq!((refund.id.as_str(), refund.returns.as_deref()), ("25410001", Some("190440021")));
    assert_eq!((refund.total, refund.refunded, refund.paid), (money(125_000), money(125_000), None));
    assert_eq!(
        (refund.payment.category, refund.payments[0].method.as_deref()),
        (PaymentCategory::Refunded, Some("Tiền mặt"))
    );
    assert_eq!(refund.placed_at, Some(datetime!(2026-06-25 8:00:09 UTC)));
}

#[test]
fn other_web_answers_have_types() {
    let body: serde_json::Value = serde_json::from_slice(&fixture("web_transactions.json")).unwrap();
    let sale: web::Transaction = serde_json::from_str(&body["transactions"][0].to_string()).unwrap();
    assert_eq!(
        (sale.kind.as_deref(), sale.status.as_deref(), sale.amount),
        (Some("sale"), Some("success"), money(855_000))
    );
    assert_eq!(sale.processed_at, Some(datetime!(2026-06-18 9:41:55 UTC)));
    let body: serde_json::Value = serde_json::from_slice(&fixture("web_store.json")).unwrap();
    let store: web::StoreInfo = serde_json::from_str(&body["store"].to_string()).unwrap();
    assert_eq!((store.id, store.name.as_deref()), (Some(574_001), Some("Gốm Lam Demo")));
    let body: serde_json::Value = serde_json::from_slice(&fixture("web_webhooks_list.json")).unwrap();
    let hook: Webhook = serde_json::from_str(&body["webhooks"][1].to_string()).unwrap();
    assert_eq!(
        (hook.id, hook.topic.as_deref(), hook.modified_on),
        (987_910_002, Some("orders/updated"), None)
    );
    let body: serde_json::Value =
        serde_json::from_slice(&fixture("web_webhook_create_response.json")).unwrap();
    let hook: Webhook = serde_json::from_str(&body["webhook"].to_string()).unwrap();
    assert_eq!(hook.topic.as_deref(), Some("orders/create"));
}

#[test]
fn pos_customers_may_have_two_numbers_or_a_number_for_a_name() {
    let answer = read(Stream::Customers, "pos_customers_page_1.json");
    assert_eq!((answer.page.total, answer.more), (Some(3), Some(true)));
    let [phan, tu] = customers(&answer)[..] else { panic!() };
    assert_eq!(
        (phan.id.as_str(), phan.code.as_deref(), phan.name.as_deref()),
        ("670800001", Some("CUZN310001"), Some("Phan Thử Nghiệm"))
    );
    assert_eq!(phones(&phan.phones), [("+84905550201".into(), PhoneSource::Own, true)]);
    assert_eq!(
        (phan.emails.len(), phan.gender, phan.groups.as_slice()),
        (0, Some(Gender::Other), &["Bán lẻ".to_owned()][..])
    );
    assert_eq!((phan.spent, phan.order_count), (money(340_000), Some(2)));
    let address = &phan.addresses[0];
    assert_eq!(
        (address.street.as_deref(), address.province.as_deref()),
        (Some("25 phố Mẫu"), Some("TP Hồ Chí Minh"))
    );
    assert_eq!(
        phones(&tu.phones),
        [("+84905550202".into(), PhoneSource::Own, true), ("+84905550203".into(), PhoneSource::Own, true)]
    );
    assert_eq!((tu.birth_date, tu.gender), (Some(date!(1975 - 01 - 20)), Some(Gender::Female)));
    assert_eq!((tu.updated_at, tu.note.as_deref()), (Some(datetime!(2026-06-01 0:10 UTC)), None));

    let answer = read(Stream::Customers, "pos_customers_page_last.json");
    assert_eq!(answer.more, Some(false));
    let number = customers(&answer)[0];
    assert_eq!((number.name.as_deref(), number.raw_name.as_deref()), (None, Some("0905550204")));
    assert_eq!((number.identity, number.addresses.len()), (Identity::Person, 0));
}

#[test]
fn pos_phone_fields_are_split_at_every_separator() {
    for text in [
        "0905550201 / 0905550202",
        "0905550201 - 0905550202",
        "0905550201;0905550202",
        "0905550201, 0905550202",
    ] {
        let body = format!(r#"[{{"id":1,"name":"An","phone_number":"{text}"}}]"#);
        let answer = read_answer(Stream::Customers, body.as_bytes(), Flavor::Pos).unwrap();
        let keys: Vec<String> =
            phones(&customers(&answer)[0].phones).into_iter().map(|(number, ..)| number).collect();
        assert_eq!(keys, ["+84905550201", "+84905550202"], "{text}");
    }
    let walk_in = read_answer(
        Stream::Customers,
        r#"[{"id":1,"name":"Khách lẻ","phone_number":""}]"#.as_bytes(),
        Flavor::Pos,
    )
    .unwrap();
    assert_eq!(customers(&walk_in)[0].identity, Identity::Nobody);
}

#[test]
fn pos_orders_keep_states_payments_and_fractions() {
    for name in ["pos_order_full.json", "pos_orders_page_1.json"] {
        let answer = read(Stream::Orders, name);
        let order = orders(&answer)[0];
        assert_eq!((order.id.as_str(), order.code.as_deref()), ("197310001", Some("SON474001")));
        assert_eq!(
            (order.status.category, order.payment.category),
            (StatusCategory::Completed, PaymentCategory::Paid)
        );
        assert_eq!(
            (order.fulfilment.category, order.fulfilment.code.as_deref()),
            (FulfilmentCategory::Delivered, Some("shipped"))
        );
        assert_eq!(
            (order.subtotal, order.discount, order.total, order.paid),
            (money(340_000), money(0), money(340_000), money(340_000))
        );
        assert_eq!((order.due, order.shipping_fee, order.reference.as_deref()), (money(0), None, None));
        assert_eq!(
            (order.placed_at, order.completed_at),
            (Some(datetime!(2026-06-05 6:48:17 UTC)), Some(datetime!(2026-06-06 2:15 UTC)))
        );
        let buyer = order.buyer.as_ref().unwrap();
        assert_eq!(
            (buyer.id.as_deref(), buyer.name.as_deref()),
            (Some("670800001"), Some("Phan Thử Nghiệm"))
        );
        assert!(order.recipient.is_none() && order.contact.is_none());
        assert_eq!(
            (order.branch.as_ref().unwrap().id.as_deref(), order.channel.as_ref().unwrap().id.as_deref()),
            (Some("776001"), Some("3870001"))
        );
        assert_eq!(
            (order.lines.len(), order.lines[1].name.as_deref(), order.lines[1].total),
            (2, Some("Bánh cốm"), money(100_000))
        );
        let payment = &order.payments[0];
        assert_eq!(
            (payment.id.as_deref(), payment.amount, payment.valid),
            (Some("3470001"), money(340_000), true)
        );
        let delivery = order.delivery.as_ref().unwrap();
        assert_eq!(
            (delivery.code.as_deref(), delivery.cod, delivery.fee),
            (Some("FU560001"), money(340_000), money(20_000))
        );
        assert_eq!(order.tags, ["crm"]);
    }
    let answer = read(Stream::Orders, "pos_orders_page_1.json");
    assert_eq!((answer.page.total, answer.more), (Some(51), Some(true)));
    let draft = orders(&answer)[1];
    assert_eq!(
        (draft.status.category, draft.payment.category),
        (StatusCategory::Draft, PaymentCategory::Unpaid)
    );
    assert_eq!(
        (draft.fulfilment.category, draft.total, draft.paid),
        (FulfilmentCategory::Unfulfilled, money(60_000), money(0))
    );
    assert_eq!(
        (draft.lines[0].quantity.unwrap().to_string().as_str(), draft.lines[0].total),
        ("0.5", money(60_000))
    );
    let buyer = draft.buyer.as_ref().unwrap();
    assert_eq!((buyer.name.as_deref(), phones(&buyer.phones)[0].0.as_str()), (None, "+84905550204"));
}

#[test]
fn the_category_of_a_pos_order_follows_the_table() {
    use StatusCategory::{Cancelled, Completed, Confirmed, Draft, Returned, Shipping, Unknown};
    for (members, category) in [
        (r#""status":"draft""#, Draft),
        (r#""status":"finalized","fulfillment_status":"unshipped""#, Confirmed),
        (r#""status":"finalized","fulfillment_status":"shipped""#, Shipping),
        (r#""status":"finished""#, Completed),
        (r#""status":"completed","return_status":"returned""#, Returned),
        (r#""status":"completed","return_status":"partial""#, Completed),
        (r#""status":"cancelled","return_status":"returned""#, Cancelled),
        (r#""status":"finalized","cancelled_on":"2026-01-01T00:00:00Z""#, Cancelled),
        (r#""status":"open""#, Unknown),
    ] {
        let body = format!(r#"[{{"id":1,{members}}}]"#);
        let answer = read_answer(Stream::Orders, body.as_bytes(), Flavor::Pos).unwrap();
        assert_eq!(orders(&answer)[0].status.category, category, "{members}");
    }
}

#[test]
fn cancelled_prepayments_do_not_count_and_a_fee_may_be_an_object() {
    let body = r#"[{"id":1,"status":"finalized","total":100,"delivery_fee":{"fee":15000},"channel":"Sàn TMĐT - Shopee","reference_number":"2605110AB",
        "prepayments":[{"id":1,"amount":60,"paid_amount":60,"status":"cancelled"},{"id":2,"amount":40,"paid_amount":40,"status":"active"}]}]"#;
    let answer = read_answer(Stream::Orders, body.as_bytes(), Flavor::Pos).unwrap();
    let order = orders(&answer)[0];
    assert_eq!(
        (order.paid, order.shipping_fee, order.reference.as_deref()),
        (money(40), money(15_000), Some("2605110AB"))
    );
    assert_eq!(order.payments.iter().map(|payment| payment.valid).collect::<Vec<_>>(), [false, true]);
    assert_eq!(order.channel.as_ref().unwrap().code.as_deref(), Some("shopee"));
}

#[test]
fn pos_products_branches_and_groups_are_read() {
    let answer = read(Stream::Products, "pos_products_page_1.json");
    assert_eq!((answer.page.total, answer.more), (Some(1), Some(false)));
    let tea = products(&answer)[0];
    assert_eq!(
        (tea.id.as_str(), tea.code.as_deref(), tea.price, tea.cost),
        ("3260001", Some("TS-100"), money(120_000), money(70_000))
    );
    assert_eq!((tea.category.as_ref().unwrap().name.as_deref(), tea.active), (Some("Trà"), Some(true)));
    assert_eq!(tea.stock[0].on_hand.unwrap().to_string(), "12.5");
    let answer = read(Stream::Branches, "pos_locations.json");
    let [one, two] = branches(&answer)[..] else { panic!() };
    assert_eq!(
        (one.code.as_deref(), one.address.as_ref().unwrap().province.as_deref()),
        (Some("CN001"), Some("Hà Nội"))
    );
    assert_eq!((two.name.as_deref(), two.address.is_none()), (Some("Chi nhánh 2"), true));
    let body: serde_json::Value = serde_json::from_slice(&fixture("pos_customer_groups.json")).unwrap();
    let groups: Vec<pos::CustomerGroup> = body["customer_groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| serde_json::from_str(&one.to_string()).unwrap())
        .collect();
    assert_eq!(
        (groups.len(), groups[1].code.as_deref(), groups[1].name_translate.as_deref()),
        (3, Some("BANBUON"), Some("Bán buôn"))
    );
    let body: serde_json::Value = serde_json::from_slice(&fixture("pos_logs.json")).unwrap();
    let log: pos::LogEntry = serde_json::from_str(&body["logs"][1].to_string()).unwrap();
    assert_eq!(
        (log.id, log.uri.as_deref(), log.root_id),
        (90_010_002, Some("/admin/customers/670800002.json"), Some(670_800_002))
    );
}

#[test]
fn a_broken_row_costs_only_itself() {
    let body =
        r#"{"customers":[{"id":5,"first_name":"Bảo"},{"id":6,"total_spent":"nợ"},{"first_name":"An"}]}"#;
    let answer = read_answer(Stream::Customers, body.as_bytes(), Flavor::Web).unwrap();
    assert_eq!(customers(&answer).len(), 1);
    let rejected: Vec<_> = answer.page.rejected.iter().map(|r| (r.id.as_deref(), r.path.as_str())).collect();
    assert_eq!(rejected, [(Some("6"), "customers[1].total_spent"), (None, "customers[2]")]);
    assert!(!answer.page.rejected[0].reason.contains("nợ"));
}

#[test]
fn what_is_no_answer_is_an_error_and_never_a_panic() {
    for body in
        ["", "<html>", "7", "\"x\"", "{", "[{]", "null", "{}", "{\"orders\":[]}", "{\"customers\":{}}"]
    {
        assert!(read_answer(Stream::Customers, body.as_bytes(), Flavor::Web).is_err(), "{body}");
    }
    assert!(read_answer(Stream::Customers, b"\xff\xfe", Flavor::Pos).is_err());
    let error = read_answer(Stream::Invoices, b"[]", Flavor::Web).unwrap_err();
    assert_eq!(error.kind(), pos_core::ErrorKind::Unsupported);
}

#[test]
fn debug_output_shows_no_person() {
    let body: serde_json::Value = serde_json::from_slice(&fixture("web_order_full.json")).unwrap();
    let typed: web::Order = serde_json::from_str(&body["order"].to_string()).unwrap();
    let shown = format!(
        "{typed:?} {:?} {:?}",
        read(Stream::Customers, "web_customers_page_1.json"),
        read(Stream::Orders, "pos_order_full.json")
    );
    for secret in ["Thu Hà", "905550101", "thuha", "ngõ Mẫu", "Phan Thử", "905550201"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(typed.extra.contains_key("feature_version"));
}

#[test]
fn a_tax_code_in_a_phone_field_is_no_key_of_an_orders_buyer() {
    let customer = r#""customer_data":{"id":67,"name":"Công ty Mẫu","phone_number":"0312345673","tax_number":"0312345673"}"#;
    let order = |members: &str| {
        let body =
            format!(r#"{{"orders":[{{"id":7,"status":"finalized","order_line_items":[],{members}}}]}}"#);
        let answer = pos_sapo::read_answer(pos_sapo::Stream::Orders, body.as_bytes(), pos_sapo::Flavor::Pos);
        let Some(pos_core::Record::Order(order)) = answer.unwrap().page.records.into_iter().next() else {
            panic!()
        };
        *order
    };
    let own = order(&format!(r#"{customer},"phone_number":"0312345673""#));
    let phones = &own.buyer.as_ref().unwrap().phones;
    assert!(phones.iter().all(|phone| phone.doubtful && !phone.is_key) && phones.len() == 1, "{phones:?}");
    assert!(own.contact.is_none_or(|contact| contact.phones.iter().all(|phone| !phone.is_key)));
    // On the order alone, and beside it the only number that there is.
    let nameless = customer.replace(r#""phone_number":"0312345673","#, "");
    let typed = order(&format!(
        r#"{nameless},"phone_number":"0312345673","billing_address":{{"phone_number":"0905550201"}}"#
    ));
    let keys: Vec<String> = (typed.buyer.iter().flat_map(|buyer| &buyer.phones))
        .chain(typed.contact.iter().flat_map(|contact| &contact.phones))
        .filter(|phone| phone.is_key)
        .map(|phone| phone.e164.unwrap().to_string())
        .collect();
    assert_eq!(keys, ["+84905550201"]);
}
