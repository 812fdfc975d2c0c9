//! Writing to the shop.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Fake, Reply, counted, fixture, ok, shop, text, unknown};
use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{Address, Money, PaymentCategory};
use pos_core::{Connector, ErrorKind};
use serde_json::{Value, json};
use time::macros::datetime;

const CUSTOMERS: &str = "/wp-json/wc/v3/customers";
const ORDERS: &str = "/wp-json/wc/v3/orders";

fn thu() -> CustomerPush {
    let mut push = CustomerPush {
        reference: "c-000144".into(),
        name: Some("Ngô Minh Thu".into()),
        phones: vec!["0352000144".into()],
        email: Some("thu.ngo@example.com".into()),
        ..CustomerPush::default()
    };
    let address = Address {
        street: Some("88 Trần Phú".into()),
        province: Some("Đà Nẵng".into()),
        ..Address::default()
    };
    push.address = Some(address);
    push
}

fn lan(change: impl FnOnce(&mut CustomerPush)) -> CustomerPush {
    let mut push = CustomerPush {
        reference: "c-41".into(),
        vendor_id: Some("41".into()),
        name: Some("Đỗ Thị Lan".into()),
        phones: vec!["+84 352 000 141".into()],
        email: Some("Lan.Do@example.com".into()),
        ..CustomerPush::default()
    };
    let address = Address {
        street: Some("12 Phan Chu Trinh".into()),
        province: Some("Hội An".into()),
        ..Address::default()
    };
    push.address = Some(address);
    change(&mut push);
    push
}

fn line(product: Option<&str>, quantity: &str, price: i64) -> PushLine {
    PushLine {
        product_id: product.map(str::to_owned),
        quantity: quantity.parse().unwrap(),
        unit_price: Money::from(price),
        ..PushLine::default()
    }
}

fn sale() -> OrderPush {
    OrderPush {
        reference: "o-7f3c2a".into(),
        created_at: Some(datetime!(2026-11-23 3:05 UTC)),
        buyer: Some(thu()),
        lines: vec![line(Some("312"), "1", 450_000)],
        shipping_fee: Some(Money::from(30_000)),
        payment_method: Some("COD".into()),
        ..OrderPush::default()
    }
}

/// The customer of the samples, as the shop has her.
fn known(id: usize) -> String {
    serde_json::from_slice::<Value>(&fixture("customers_page1.json")).unwrap()[id].to_string()
}

#[tokio::test]
async fn a_new_customer_is_written_as_documented_and_marked() {
    let fake = Fake::new(|_, _| Reply::Answer(201, text("customer_create_response_201.json")));
    let pushed = shop(&fake).push_customer(&thu()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("44", PushOutcome::Created));
    assert_eq!(fake.lines(), [format!("POST {CUSTOMERS}")]);
    let wanted: Value = serde_json::from_slice(&fixture("customer_create_request.json")).unwrap();
    assert_eq!(fake.asked()[0].json(), wanted);
}

#[tokio::test]
async fn who_has_the_address_already_is_found_and_not_written_to() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        "POST" => Reply::Answer(400, text("error_400_email_exists.json")),
        _ => ok(text("customers_page1.json")),
    });
    let push = lan(|push| push.vendor_id = None);
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("41", PushOutcome::Found));
    let asked = fake.last(&format!("GET {CUSTOMERS}"));
    assert_eq!((asked.query("role"), asked.query("email")), (Some("all"), Some("Lan.Do@example.com")));
    let nobody = Fake::new(|_, _| unknown());
    for email in [None, Some("  ".to_owned())] {
        let push = lan(|push| (push.vendor_id, push.email) = (None, email));
        assert_eq!(shop(&nobody).push_customer(&push).await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert!(nobody.asked().is_empty());
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_looked_for() {
    for (is_ours, outcome) in [(true, PushOutcome::Created), (false, PushOutcome::Found)] {
        let fake = Fake::new(move |asked, _| match asked.method.as_str() {
            "POST" => Reply::Broken,
            _ => {
                let mut made: Value =
                    serde_json::from_slice(&fixture("customer_create_response_201.json")).unwrap();
                if !is_ours {
                    made["meta_data"] = json!([]);
                }
                ok(json!([made]).to_string())
            }
        });
        assert_eq!(shop(&fake).push_customer(&thu()).await.unwrap().outcome, outcome);
        assert_eq!(fake.asked().len(), 2);
    }
}

#[tokio::test]
async fn only_what_differs_is_written() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        "GET" => ok(known(if asked.path.ends_with("43") { 2 } else { 0 })),
        _ => ok(known(0)),
    });
    let shop = shop(&fake);
    let same = shop.push_customer(&lan(|_| ())).await.unwrap();
    assert_eq!((same.outcome, fake.asked().len()), (PushOutcome::Found, 1), "nothing differs");
    let push = lan(|push| {
        push.phones = vec!["0352000149".into()];
        push.name = Some("Đỗ Thị Ngọc Lan".into());
    });
    assert_eq!(shop.push_customer(&push).await.unwrap().outcome, PushOutcome::Updated);
    let sent = fake.last(&format!("PUT {CUSTOMERS}/41")).json();
    let half = json!({"first_name": "Lan", "last_name": "Đỗ Thị Ngọc"});
    assert_eq!((&sent["first_name"], &sent["last_name"]), (&half["first_name"], &half["last_name"]));
    assert_eq!(sent["billing"]["phone"], "0352000149");
    assert_eq!((sent.get("email"), sent["billing"].get("address_1")), (None, None));
    // An address with the codes of a plugin goes back as it came, and a new one leaves nothing of it behind.
    let record = shop.get_customer("43").await.unwrap();
    let mut push =
        lan(|push| (push.vendor_id, push.name, push.phones) = (Some("43".into()), None, Vec::new()));
    push.email = None;
    push.address = record.addresses.first().cloned();
    assert_eq!(shop.push_customer(&push).await.unwrap().outcome, PushOutcome::Found);
    push.address = thu().address;
    shop.push_customer(&push).await.unwrap();
    let sent = fake.last(&format!("PUT {CUSTOMERS}/43")).json()["billing"].clone();
    let wanted =
        json!({"address_1": "88 Trần Phú", "address_2": "", "city": "Đà Nẵng", "state": "", "country": "VN"});
    assert_eq!(sent, wanted);
}

#[tokio::test]
async fn an_order_is_looked_for_marked_and_written_as_documented() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /wp-json/wc/v3/orders" => counted(0, "[]"),
        "GET /wp-json/wc/v3/products/312" => ok(text("webhook_product_updated_variation.json")),
        "POST /wp-json/wc/v3/orders" => Reply::Answer(201, text("order_create_response_201.json")),
        _ => unknown(),
    });
    let pushed = shop(&fake).push_order(&sale()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("5110", PushOutcome::Created));
    assert_eq!(pushed.record.unwrap().payment.category, PaymentCategory::Unpaid);
    let asked = fake.last(&format!("GET {ORDERS}"));
    for (name, value) in [
        ("after", "2026-11-23T03:00:00"),
        ("dates_are_gmt", "true"),
        ("status", "any"),
        ("orderby", "id"),
        ("_fields", "id,status,meta_data"),
    ] {
        assert_eq!(asked.query(name), Some(value), "{name}");
    }
    let mut wanted: Value = serde_json::from_slice(&fixture("order_create_request.json")).unwrap();
    // The shop's own currency and no account are what it takes without them.
    wanted.as_object_mut().unwrap().retain(|name, _| !["currency", "customer_id"].contains(&name.as_str()));
    assert_eq!(fake.last(&format!("POST {ORDERS}")).json(), wanted);
}

#[tokio::test]
async fn the_same_order_again_is_found_and_a_lost_answer_too() {
    let made = || serde_json::from_slice::<Value>(&fixture("order_create_response_201.json")).unwrap();
    let fake = Fake::new(move |asked, before| match (asked.line().as_str(), before) {
        ("GET /wp-json/wc/v3/orders", 0) => {
            let mut draft = made();
            draft["status"] = json!("checkout-draft");
            counted(1, json!([draft]).to_string())
        }
        ("GET /wp-json/wc/v3/orders", _) => counted(1, json!([made()]).to_string()),
        ("GET /wp-json/wc/v3/orders/5110", _) => ok(made().to_string()),
        ("GET /wp-json/wc/v3/products/312", _) => ok(text("webhook_product_updated_variation.json")),
        ("POST /wp-json/wc/v3/orders", _) => Reply::Answer(502, "<html>".to_owned()),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let pushed = shop.push_order(&sale()).await.unwrap();
    assert_eq!(
        (pushed.id.as_str(), pushed.outcome),
        ("5110", PushOutcome::Created),
        "what a failure left is no order"
    );
    let again = shop.push_order(&sale()).await.unwrap();
    assert_eq!((again.id.as_str(), again.outcome), ("5110", PushOutcome::Found));
    assert_eq!(fake.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn fees_discounts_payments_and_accounts() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /wp-json/wc/v3/orders" => counted(0, "[]"),
        "GET /wp-json/wc/v3/products" => counted(2, text("products_page1.json")),
        "GET /wp-json/wc/v3/customers/41" => ok(known(0)),
        "POST /wp-json/wc/v3/orders" => Reply::Answer(201, text("order_create_response_201.json")),
        _ => unknown(),
    });
    let mut push = sale();
    let mut by_code = line(None, "3", 80_000);
    by_code.sku = Some("KHAY-3".into());
    by_code.discount = Some(Money::from(24_000));
    let mut wrapping = line(None, "1", 15_000);
    wrapping.name = Some("Gói quà".into());
    push.lines = vec![by_code, wrapping];
    push.discount = Some(Money::from(20_000));
    (push.buyer, push.buyer_id) = (None, Some("41".into()));
    push.paid = Some(Money::from(241_000));
    push.payment_method = Some("bacs".into());
    let mut to = Address::default();
    (to.name, to.phone, to.province) =
        (Some("Lê Văn Minh".into()), Some("0352000152".into()), Some("Huế".into()));
    push.recipient = Some(to);
    shop(&fake).push_order(&push).await.unwrap();
    let sent = fake.last(&format!("POST {ORDERS}")).json();
    assert_eq!(
        sent["line_items"],
        json!([{"product_id": 320, "quantity": 3, "subtotal": "240000", "total": "216000"}])
    );
    let fees = json!([{"name": "Gói quà", "total": "15000"}, {"name": "Giảm giá", "total": "-20000"}]);
    assert_eq!(sent["fee_lines"], fees);
    assert_eq!(
        (&sent["set_paid"], sent.get("status"), &sent["customer_id"]),
        (&json!(true), None, &json!(41))
    );
    assert_eq!(sent["billing"]["phone"], "0352000141", "the shop does not fill in the buyer by itself");
    let to = json!({"first_name": "Minh", "last_name": "Lê Văn", "city": "Huế", "country": "VN", "phone": "0352000152"});
    assert_eq!(sent["shipping"], to);
}

#[tokio::test]
async fn what_a_shop_cannot_take_is_refused_before_anything_is_sent() {
    let fake = Fake::new(|_, _| unknown());
    let shop = shop(&fake);
    let mut half = sale();
    half.paid = Some(Money::from(100_000));
    assert_eq!(shop.push_order(&half).await.unwrap_err().kind(), ErrorKind::Unsupported, "no part payments");
    let mut fraction = sale();
    fraction.lines = vec![line(Some("312"), "1.5", 450_000)];
    assert_eq!(shop.push_order(&fraction).await.unwrap_err().kind(), ErrorKind::Unsupported);
    for lines in [vec![], vec![line(None, "1", 1)]] {
        let mut bad = sale();
        bad.lines = lines;
        assert_eq!(shop.push_order(&bad).await.unwrap_err().kind(), ErrorKind::Config);
    }
    let mut unnamed = sale();
    unnamed.reference = " ".into();
    assert_eq!(shop.push_order(&unnamed).await.unwrap_err().kind(), ErrorKind::Config);
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn an_order_that_the_shop_refuses_is_not_looked_for_again() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /wp-json/wc/v3/orders" => counted(0, "[]"),
        "GET /wp-json/wc/v3/products/312" => ok(text("webhook_product_updated_variation.json")),
        _ => Reply::Answer(400, text("error_400_order_left_as_draft.json")),
    });
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::USUAL };
    let connection = Connection { retry: Some(once), ..fake.connection().unpaced() };
    let shop = common::builder().connection(connection).build().unwrap();
    let error = shop.push_order(&sale()).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Rejected, Some("order_item_invalid")));
    assert_eq!(fake.asked().len(), 3);
}
