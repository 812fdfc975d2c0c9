//! Writing to a company's CRM.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Fake, Reply, of_line, ok, shop, text, unknown};
use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::record::{Address, Money};
use pos_core::{Connector, ErrorKind, Retry};
use pos_getfly::Api;
use serde_json::{Value, json};
use time::macros::{date, datetime};

const CODE: &str = "CRM-c-000144";

fn thu() -> CustomerPush {
    let address = Address {
        street: Some("88 Trần Phú".into()),
        province: Some("Đà Nẵng".into()),
        ..Address::default()
    };
    CustomerPush {
        reference: "c-000144".into(),
        name: Some("Ngô Minh Thu".into()),
        phones: vec!["0352000144".into(), "0352000145".into()],
        email: Some("thu.ngo@example.com".into()),
        birth_date: Some(date!(1990 - 12 - 22)),
        address: Some(address),
        note: Some("Gọi buổi sáng".into()),
        ..CustomerPush::default()
    }
}

fn account(id: i64, more: Value) -> Value {
    let mut account = json!({
        "id": id, "account_code": CODE, "account_name": "Ngô Minh Thu", "phone_office": "0352 000 144",
        "email": "thu.ngo@example.com", "billing_address_street": "88 Trần Phú, Đà Nẵng", "birthday": "1990-12-22",
        "description": "Gọi buổi sáng", "contacts": [{"first_name": "Ngô Minh Thu", "phone_mobile": "0352000145"}],
    });
    account.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    account
}

fn page(rows: &[Value]) -> Reply {
    ok(json!({"data": rows, "has_more": false, "offset": 0, "limited": 50}).to_string())
}

#[tokio::test]
async fn a_new_account_is_looked_for_written_under_our_code_and_read_back() {
    for answer in [
        r#"{"data":{"id":1250}}"#,
        r#"{"id":"1250"}"#,
        r#"{"message":"Thêm thành công"}"#,
        r#"{"account_id":1250,"order_id":9}"#,
        "[]",
    ] {
        let fake = Fake::new(move |asked, before| match (asked.line().as_str(), before) {
            ("GET /api/v6.1/accounts", _) => page(&[]),
            ("GET /api/v6.1/account", 0) => unknown(),
            ("GET /api/v6.1/account", _) => ok(account(1250, json!({})).to_string()),
            ("POST /api/v6.1/account", _) => Reply::Answer(201, answer.to_owned()),
            _ => Reply::Broken,
        });
        let pushed = shop(&fake).push_customer(&thu()).await.unwrap();
        assert_eq!((pushed.id.as_str(), pushed.outcome), ("1250", PushOutcome::Created), "{answer}");
        assert_eq!(pushed.record.unwrap().code.as_deref(), Some(CODE));
        let sent = fake.last("POST /api/v6.1/account").json();
        let wanted = json!({
            "account_code": CODE, "account_name": "Ngô Minh Thu", "phone_office": "0352000144", "email": "thu.ngo@example.com",
            "billing_address_street": "88 Trần Phú, Đà Nẵng", "birthday": "1990-12-22", "description": "Gọi buổi sáng",
            "last_contact_name": "Ngô Minh Thu", "last_contact_phone": "0352000145",
        });
        assert_eq!(sent, wanted);
    }
    let looks: Vec<(String, String)> = {
        let fake = Fake::new(|asked, _| match asked.line().as_str() {
            "GET /api/v6.1/accounts" => page(&[]),
            _ => unknown(),
        });
        assert_eq!(shop(&fake).push_customer(&thu()).await.unwrap_err().kind(), ErrorKind::NotFound);
        let filters = fake.asked().into_iter().flat_map(|asked| asked.query);
        filters.filter(|(name, _)| name.starts_with("filtering")).collect()
    };
    let look = |name: &str, value: &str| looks.contains(&(format!("filtering[{name}]"), value.to_owned()));
    assert!(look("phone_office:contains", "352000144") && look("phone_office:contains", "352 000 144"));
    assert!(look("contact_phone:contains", "352000145") && look("email:eq", "thu.ngo@example.com"));
}

#[tokio::test]
async fn who_is_there_already_is_found_and_not_written_to() {
    // By our code; by a number that an account holds, or somebody in it; by the address.
    let other = |more: Value| {
        let mut row = account(
            77,
            json!({"account_code": "KH/1", "account_name": "Thu", "phone_office": "", "email": "", "contacts": []}),
        );
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    for (filter, row) in [
        ("phone_office:contains", other(json!({"phone_office": "+84 352 000 144"}))),
        ("contact_phone:contains", other(json!({"contacts": [{"phone_mobile": "0352.000.145"}]}))),
        ("email:eq", other(json!({"email": "Thu.Ngo@example.com"}))),
    ] {
        let fake = Fake::new(move |asked, _| match asked.line().as_str() {
            "GET /api/v6.1/accounts" if asked.query(&format!("filtering[{filter}]")).is_some() => {
                page(std::slice::from_ref(&row))
            }
            // A filter that is not known, and one that is not minded.
            "GET /api/v6.1/accounts" if asked.query("filtering[contact_phone:contains]").is_some() => {
                Reply::Answer(400, text("error.400.json"))
            }
            "GET /api/v6.1/accounts" => page(&[
                json!({"id": 5, "account_name": "Ai đó", "phone_office": "0352000999", "email": "a@example.com"}),
            ]),
            _ => unknown(),
        });
        let pushed = shop(&fake).push_customer(&thu()).await.unwrap();
        assert_eq!((pushed.id.as_str(), pushed.outcome), ("77", PushOutcome::Found), "{filter}");
        assert!(!fake.lines().iter().any(|line| line.starts_with("POST")), "{filter}");
    }
    let fake = Fake::new(|_, _| ok(account(1250, json!({})).to_string()));
    let pushed = shop(&fake).push_customer(&thu()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome, fake.asked().len()), ("1250", PushOutcome::Found, 1));
}

#[tokio::test]
async fn of_several_the_one_that_agrees_is_meant_or_none() {
    let two = |name: &'static str| {
        Fake::new(move |asked, _| match asked.line().as_str() {
            "GET /api/v6.1/accounts" => page(&[
                account(9, json!({"account_name": "Chị Thu", "email": ""})),
                account(8, json!({"account_name": name, "email": "khac@example.com"})),
            ]),
            _ => unknown(),
        })
    };
    let pushed = shop(&two("NGÔ  Minh Thu")).push_customer(&thu()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("8", PushOutcome::Found));
    let error = shop(&two("Ai đó")).push_customer(&thu()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("8, 9"), "{error}");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_looked_for_and_a_code_that_is_taken_is_told() {
    let fake = Fake::new(|asked, before| match (asked.line().as_str(), before) {
        ("GET /api/v6.1/accounts", _) => page(&[]),
        ("GET /api/v6.1/account", 0) => unknown(),
        ("GET /api/v6.1/account", _) => ok(account(1250, json!({})).to_string()),
        _ => Reply::Broken,
    });
    let pushed = shop(&fake).push_customer(&thu()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("1250", PushOutcome::Created));
    assert_eq!(fake.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
    // The code of an account that was deleted stays taken.
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /api/v6.1/accounts" => page(&[]),
        "POST /api/v6.1/account" => Reply::Answer(409, r#"{"message":"Mã khách hàng đã tồn tại"}"#.into()),
        _ => unknown(),
    });
    let error = shop(&fake).push_customer(&thu()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Never));
    assert!(error.to_string().contains("deleted") && error.vendor_message().is_some(), "{error}");
    assert!(!fake.lines().iter().any(|line| line.contains("restore")), "what a merchant deleted stays so");
}

#[tokio::test]
async fn only_what_differs_is_written_and_the_number_in_another_writing_is_the_same() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        "GET" => ok(account(1250, json!({})).to_string()),
        _ => ok(text("account.delete.response.json")),
    });
    let shop = shop(&fake);
    let mut push = CustomerPush { vendor_id: Some("1250".into()), ..thu() };
    push.phones = vec!["+84352000145".into()];
    push.email = Some("THU.NGO@example.com".into());
    let same = shop.push_customer(&push).await.unwrap();
    assert_eq!((same.outcome, fake.asked().len()), (PushOutcome::Found, 1), "nothing differs");
    push.phones = vec!["0352000149".into()];
    push.note = None;
    push.name = Some("Ngô Thị Minh Thu".into());
    let changed = shop.push_customer(&push).await.unwrap();
    assert_eq!(changed.outcome, PushOutcome::Updated);
    let wanted = json!({"current_account_code": CODE, "account_name": "Ngô Thị Minh Thu", "phone_office": "0352000149"});
    assert_eq!(fake.last("PUT /api/v6.1/account").json(), wanted);
    // The older line goes by the id.
    of_line(&fake, Api::V6).push_customer(&push).await.unwrap();
    let sent = fake.last("PUT /api/v6/accounts/1250").json();
    assert_eq!(sent, json!({"account_name": "Ngô Thị Minh Thu", "phone_office": "0352000149"}));
}

fn line(product: Option<&str>, sku: Option<&str>, discount: Option<i64>) -> PushLine {
    PushLine {
        product_id: product.map(str::to_owned),
        sku: sku.map(str::to_owned),
        quantity: "1.5".parse().unwrap(),
        unit_price: "65000.5".parse().unwrap(),
        discount: discount.map(Money::from),
        ..PushLine::default()
    }
}

fn sale() -> OrderPush {
    let to = Address {
        name: Some("Lê Văn Minh".into()),
        street: Some("5 Lê Lợi".into()),
        province: Some("Huế".into()),
        ..Address::default()
    };
    OrderPush {
        reference: "o-7f3c2a".into(),
        created_at: Some(datetime!(2026-03-11 18:00 UTC)),
        buyer_id: Some("1201".into()),
        recipient: Some(to),
        lines: vec![line(Some("2507"), None, Some(500)), line(None, Some("SP.00192"), None)],
        discount: Some(Money::from(1000)),
        shipping_fee: Some(Money::from(20_000)),
        paid: Some(Money::from(50_000)),
        payment_method: Some("Chuyển khoản".into()),
        ..OrderPush::default()
    }
}

fn seller(order: impl Fn(usize) -> Reply + Send + Sync + 'static) -> std::sync::Arc<Fake> {
    Fake::new(move |asked, before| match asked.line().as_str() {
        "GET /api/v6.1/sale_order" => order(before),
        "GET /api/v6.1/account" => ok(text("account.detail.v6.1.json")),
        "GET /api/v6/products" => ok(text("products.page.v6.json")),
        "POST /api/v6.1/sale_order" => Reply::Answer(200, r#"{"message":"Tạo đơn thành công"}"#.into()),
        _ => unknown(),
    })
}

fn made() -> Reply {
    ok(text("sale_order.detail.json").replace("DH00093", "CRM-o-7f3c2a"))
}

#[tokio::test]
async fn an_order_is_looked_for_by_its_code_and_written_as_documented() {
    let fake = seller(|before| if before == 0 { unknown() } else { made() });
    let pushed = shop(&fake).push_order(&sale()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("93", PushOutcome::Created));
    assert_eq!(pushed.record.unwrap().reference.as_deref(), Some("o-7f3c2a"));
    assert_eq!(fake.asked()[0].query("order_code"), Some("CRM-o-7f3c2a"), "no list can be asked for it");
    let line = json!({"product_code": "SP.00192", "product_name": "Sản phẩm Thử", "quantity": 1.5, "price": 65000.5});
    let wanted = json!({
        "account": {
            "account_code": "KH/2026/001201", "account_name": "Công ty TNHH Gió Thử", "contact_name": "Lê Văn Minh",
            "account_phone": "02439990011", "account_email": "lienhe@giothu.example.test", "account_address": "5 Lê Lợi, Huế",
        },
        "order_code": "CRM-o-7f3c2a", "order_date": "2026-03-12", "saved_order_details": [line, line],
        "discount_amount": 1500, "transport_amount": 20000, "payment_method_name": "Chuyển khoản",
        "saved_sale_order_payments": [{"method_name": "Chuyển khoản", "amount": 50000, "pay_date": "2026-03-12"}],
    });
    assert_eq!(fake.last("POST /api/v6.1/sale_order").json(), wanted);
    let again = shop(&fake).push_order(&sale()).await.unwrap();
    assert_eq!((again.id.as_str(), again.outcome), ("93", PushOutcome::Found));
    assert_eq!(fake.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn an_order_that_is_not_shown_yet_is_no_failure_for_good() {
    let fake = seller(|_| unknown());
    let error = shop(&fake).push_order(&sale()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, Retry::Backoff));
    let mut missing = sale();
    missing.lines[1].sku = Some("SP.NONE".into());
    let error = shop(&fake).push_order(&missing).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Rejected, Retry::Never));
}

#[tokio::test]
async fn a_buyer_who_is_no_account_yet_becomes_one_first() {
    let fake = Fake::new(|asked, before| match (asked.line().as_str(), before) {
        ("GET /api/v6.1/sale_order", 0) | ("GET /api/v6.1/account", 0) => unknown(),
        ("GET /api/v6.1/sale_order", _) => made(),
        ("GET /api/v6.1/account", _) => ok(account(1250, json!({})).to_string()),
        ("GET /api/v6.1/accounts", _) => page(&[]),
        ("GET /api/v6/products", _) => ok(text("products.page.v6.json")),
        ("POST /api/v6.1/account" | "POST /api/v6.1/sale_order", _) => ok(r#"{"message":"ok"}"#),
        _ => unknown(),
    });
    let push = OrderPush { buyer_id: None, buyer: Some(thu()), recipient: None, ..sale() };
    assert_eq!(shop(&fake).push_order(&push).await.unwrap().outcome, PushOutcome::Created);
    let sent = fake.last("POST /api/v6.1/sale_order").json();
    assert_eq!(
        (&sent["account"]["account_code"], &sent["account"]["account_address"]),
        (&json!(CODE), &json!("88 Trần Phú, Đà Nẵng"))
    );
}

#[tokio::test]
async fn what_getfly_cannot_take_is_refused_before_anything_is_sent() {
    let fake = Fake::new(|_, _| unknown());
    let new = shop(&fake);
    let change = |change: &dyn Fn(&mut OrderPush)| {
        let mut push = sale();
        change(&mut push);
        push
    };
    for (push, kind) in [
        (change(&|push| push.lines.clear()), ErrorKind::Config),
        (change(&|push| push.lines = vec![line(None, None, None)]), ErrorKind::Unsupported),
        (change(&|push| push.lines = vec![line(Some("a"), None, None)]), ErrorKind::Config),
        (change(&|push| (push.buyer_id, push.buyer) = (None, None)), ErrorKind::Unsupported),
        (change(&|push| push.reference = " ".into()), ErrorKind::Config),
    ] {
        assert_eq!(new.push_order(&push).await.unwrap_err().kind(), kind);
    }
    let nobody = CustomerPush { reference: "c-1".into(), ..CustomerPush::default() };
    assert_eq!(new.push_customer(&nobody).await.unwrap_err().kind(), ErrorKind::Unsupported);
    for api in [Api::V6, Api::V3] {
        assert_eq!(of_line(&fake, api).push_order(&sale()).await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert_eq!(
        of_line(&fake, Api::V3).push_customer(&thu()).await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert!(fake.asked().is_empty());
}
