//! Writing twice makes one.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::{Asked, Reply, builder, ok, shop, unknown, vendor};
use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::{Connector, ErrorKind, Retry};
use serde_json::{Value, json};
use time::macros::datetime;

fn contact() -> CustomerPush {
    CustomerPush {
        reference: "8841".into(),
        name: Some("Phan Gia Huy".into()),
        phones: vec!["0911 222 344".into()],
        branch_id: Some("71001".into()),
        ..CustomerPush::default()
    }
}

fn purchase() -> OrderPush {
    let line = PushLine {
        product_id: Some("17385901".into()),
        quantity: 2.into(),
        unit_price: 120_000.into(),
        discount: Some(10_000.into()),
        ..PushLine::default()
    };
    OrderPush {
        reference: "O-5501".into(),
        created_at: Some(datetime!(2026-05-13 3:00 UTC)),
        branch_id: Some("71001".into()),
        buyer_id: Some("1030450011".into()),
        note: Some("Giao giờ hành chính".into()),
        lines: vec![line],
        ..OrderPush::default()
    }
}

/// A vendor that keeps customers and orders, finds customers by code and number, and fails as told.
fn keeper(
    mut fail: impl FnMut(&Asked, usize) -> Option<Reply> + Send + 'static,
    by_branch: bool,
    kept: Vec<Value>,
) -> impl Fn(&Asked, usize) -> Reply + Send + Sync {
    let customers = Mutex::new(kept);
    let orders: Mutex<Vec<Value>> = Mutex::default();
    let fail = Mutex::new(move |asked: &Asked, before| fail(asked, before));
    let missing = || {
        Reply::Answer(
            420,
            r#"{"responseStatus":{"errorCode":"KvValidateCustomerException","message":"…"}}"#.into(),
        )
    };
    move |asked, before| {
        let mut customers = customers.lock().unwrap();
        let mut orders = orders.lock().unwrap();
        let failure = (fail.lock().unwrap())(asked, before);
        // A lost answer is an answer that was made.
        if let Some(reply) = failure.as_ref().filter(|reply| !matches!(reply, Reply::Broken)) {
            return match reply {
                Reply::Answer(status, body) => Reply::Answer(*status, body.clone()),
                _ => Reply::Broken,
            };
        }
        let reply = match asked.line().as_str() {
            "POST /customers" => {
                let mut made = asked.json();
                made["id"] = json!(900 + customers.len());
                customers.push(made.clone());
                ok(json!({"message": "xong", "data": made}).to_string())
            }
            "GET /customers" => {
                let number = asked.query("contactNumber").unwrap();
                let found: Vec<_> = customers
                    .iter()
                    .filter(|c| {
                        c["contactNumber"].as_str().unwrap_or_default().replace(' ', "").contains(number)
                    })
                    .collect();
                ok(json!({"total": found.len(), "data": found}).to_string())
            }
            "GET /settings" => ok(json!({"ManagerCustomerByBranch": by_branch}).to_string()),
            "GET /customers/group" => ok(json!({"data": [{"id": 3101, "name": "Khách VIP"}]}).to_string()),
            "POST /orders" => {
                let mut made = asked.json();
                made["id"] = json!(500 + orders.len());
                orders.push(made.clone());
                ok(made.to_string())
            }
            "GET /orders" => ok(json!({"total": orders.len(), "pageSize": 100, "data": *orders}).to_string()),
            line if line.starts_with("GET /customers/code/") => {
                let code = line.rsplit('/').next().unwrap();
                customers.iter().find(|c| c["code"] == code).map_or_else(missing, |c| ok(c.to_string()))
            }
            line if line.starts_with("GET /customers/") => {
                let id = line.rsplit('/').next().unwrap();
                customers
                    .iter()
                    .find(|c| c["id"].as_i64() == id.parse().ok())
                    .map_or_else(missing, |c| ok(c.to_string()))
            }
            line if line.starts_with("PUT /customers/") => {
                let id: i64 = line.rsplit('/').next().unwrap().parse().unwrap();
                let mut body = asked.json();
                body["id"] = json!(id);
                for known in customers.iter_mut().filter(|c| c["id"] == id) {
                    *known = body.clone();
                }
                ok(body.to_string())
            }
            _ => unknown(),
        };
        failure.unwrap_or(reply)
    }
}

fn no_fault(_: &Asked, _: usize) -> Option<Reply> {
    None
}

#[tokio::test(start_paused = true)]
async fn a_customer_that_is_pushed_twice_is_created_once() {
    let fake = vendor(keeper(no_fault, false, vec![]));
    let shop = shop(&fake);
    let first = shop.push_customer(&contact()).await.unwrap();
    assert_eq!((first.outcome, first.id.as_str()), (PushOutcome::Created, "900"));
    let sent = fake.last("POST /customers").json();
    assert_eq!(sent["code"], "CRM-8841");
    assert_eq!((&sent["contactNumber"], &sent["branchId"]), (&json!("0911 222 344"), &json!(71001)));
    let again = shop.push_customer(&contact()).await.unwrap();
    assert_eq!((again.outcome, again.id.as_str()), (PushOutcome::Found, "900"));
    assert_eq!(fake.lines().iter().filter(|line| !line.starts_with("GET")).count(), 1);
    // Found by its code it is not written to: who it is, the caller decides.
    let mut renamed = contact();
    renamed.name = Some("Phan Gia Huy Hoàng".into());
    let found = shop.push_customer(&renamed).await.unwrap();
    assert_eq!((found.outcome, found.id.as_str()), (PushOutcome::Found, "900"));
    assert_eq!(found.record.unwrap().name.as_deref(), Some("Phan Gia Huy"));
    renamed.vendor_id = Some("900".into());
    let changed = shop.push_customer(&renamed).await.unwrap();
    assert_eq!((changed.outcome, changed.id.as_str()), (PushOutcome::Updated, "900"));
}

#[tokio::test(start_paused = true)]
async fn a_customer_whose_creation_was_lost_on_the_way_back_is_found_by_its_code() {
    let fault = |asked: &Asked, _| (asked.line() == "POST /customers").then_some(Reply::Broken);
    let fake = vendor(keeper(fault, false, vec![]));
    let pushed = shop(&fake).push_customer(&contact()).await.unwrap();
    assert_eq!((pushed.outcome, pushed.id.as_str()), (PushOutcome::Created, "900"));
    assert_eq!(fake.lines().iter().filter(|line| *line == "POST /customers").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_was_taken_meanwhile_is_read_back() {
    let mine = json!({"id": 7, "code": "CRM-8841", "name": "Phan Gia Huy"});
    let fault = move |asked: &Asked, before: usize| match (asked.line().as_str(), before) {
        ("GET /customers/code/CRM-8841", 0) => Some(Reply::Answer(
            420,
            r#"{"responseStatus":{"errorCode":"KvValidateCustomerException","message":"…"}}"#.into(),
        )),
        ("POST /customers", _) => {
            let body = r#"{"responseStatus":{"errorCode":"KvValidateCustomerException","message":"Mã khách hàng đã tồn tại"}}"#;
            Some(Reply::Answer(420, body.into()))
        }
        _ => None,
    };
    let fake = vendor(keeper(fault, false, vec![mine]));
    let pushed = shop(&fake).push_customer(&contact()).await.unwrap();
    assert_eq!((pushed.outcome, pushed.id.as_str()), (PushOutcome::Found, "7"));
}

#[tokio::test(start_paused = true)]
async fn a_customer_with_the_same_phone_is_found_and_not_written_to() {
    let known = json!({"id": 7, "code": "KH000007", "name": "Huy", "contactNumber": "0911222344"});
    let fake = vendor(keeper(no_fault, false, vec![known]));
    let pushed = shop(&fake).push_customer(&contact()).await.unwrap();
    assert_eq!((pushed.outcome, pushed.id.as_str()), (PushOutcome::Found, "7"));
    assert_eq!(pushed.record.unwrap().name.as_deref(), Some("Huy"));
    assert!(fake.lines().iter().all(|line| line.starts_with("GET")), "{:?}", fake.lines());
}

#[tokio::test(start_paused = true)]
async fn of_several_customers_with_the_number_the_one_is_found_who_agrees() {
    let holders = |names: [&str; 3]| {
        let row = |(at, name): (usize, &str)| json!({"id": at + 7, "name": name, "contactNumber": "0911222344", "email": format!("kh{at}@example.com")});
        names.into_iter().enumerate().map(row).collect::<Vec<_>>()
    };
    let push = async |names, push: &CustomerPush| {
        let fake = vendor(keeper(no_fault, false, holders(names)));
        let answer = shop(&fake).push_customer(push).await;
        assert!(fake.lines().iter().all(|line| line.starts_with("GET")), "{:?}", fake.lines());
        answer
    };
    // Written in capitals, without accents, decomposed.
    for name in ["Phan Gia Huy", "PHAN GIA HUY", "phan  gia huy"] {
        let found = push(["Lan", name, "Bình"], &contact()).await.unwrap();
        assert_eq!((found.outcome, found.id.as_str()), (PushOutcome::Found, "8"));
    }
    let mut mailed = contact();
    mailed.email = Some("KH2@example.com".into());
    assert_eq!(push(["Lan", "Mai", "Bình"], &mailed).await.unwrap().id, "9");
    for names in [["Lan", "Mai", "Bình"], ["Phan Gia Huy", "Mai", "Phan Gia Huy"]] {
        let error = push(names, &contact()).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Never));
        let line = error.to_string();
        assert!(line.contains("7, 8, 9") && !line.contains("0911") && !line.contains("Lan"), "{line}");
    }
    // Each of two numbers has another holder.
    let mut two = contact();
    two.phones.push("0987 000 456".into());
    let others = vec![
        json!({"id": 7, "name": "Lan", "contactNumber": "0911222344"}),
        json!({"id": 8, "name": "Mai", "contactNumber": "0987000456"}),
    ];
    let fake = vendor(keeper(no_fault, false, others));
    assert_eq!(shop(&fake).push_customer(&two).await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn the_holders_of_both_writings_of_a_number_are_told_apart() {
    let others = vec![
        json!({"id": 7, "name": "Lan", "contactNumber": "0911 222 344"}),
        json!({"id": 8, "name": "Phan Gia Huy", "contactNumber": "+84 911 222 344"}),
    ];
    let fake = vendor(keeper(no_fault, false, others));
    let found = shop(&fake).push_customer(&contact()).await.unwrap();
    assert_eq!((found.outcome, found.id.as_str()), (PushOutcome::Found, "8"));
    let mut other = contact();
    other.name = Some("Mai".into());
    let error = shop(&fake).push_customer(&other).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("7, 8"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn of_several_customers_whose_numbers_are_hidden_none_is_made_again() {
    let hidden = |names: [&'static str; 2]| {
        move |asked: &Asked, _: usize| {
            let rows = json!([{"id": 7, "name": names[0]}, {"id": 8, "name": names[1]}]);
            let found = || ok(json!({"total": 2, "pageSize": 100, "data": rows}).to_string());
            (asked.line() == "GET /customers").then(found)
        }
    };
    let fake = vendor(keeper(hidden(["Lan", "Phan Gia Huy"]), false, vec![]));
    let found = shop(&fake).push_customer(&contact()).await.unwrap();
    assert_eq!((found.outcome, found.id.as_str()), (PushOutcome::Found, "8"));
    let fake = vendor(keeper(hidden(["Lan", "Mai"]), false, vec![]));
    let error = shop(&fake).push_customer(&contact()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("7, 8"), "{error}");
    assert!(fake.lines().iter().all(|line| line.starts_with("GET")), "{:?}", fake.lines());
}

#[tokio::test(start_paused = true)]
async fn a_number_that_the_shop_does_not_show_is_never_erased() {
    let known = json!({"id": 7, "code": "KH000007", "name": "Huy", "email": "huy@example.com"});
    let fake = vendor(keeper(no_fault, false, vec![known]));
    let mut push = contact();
    push.vendor_id = Some("7".into());
    push.phones.clear();
    let error = shop(&fake).push_customer(&push).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unsupported, Retry::Never));
    assert!(fake.lines().iter().all(|line| line.starts_with("GET")), "{:?}", fake.lines());
    // Nothing differs, so nothing is at stake.
    push.name = Some("Huy".into());
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Found);
    let mut push = contact();
    push.vendor_id = Some("7".into());
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Updated);
    assert_eq!(fake.last("PUT /customers/7").json()["contactNumber"], "0911 222 344");
    // A second number alone is a number that is shown.
    let second = json!({"id": 7, "name": "Huy", "subNumber": "0911222344"});
    let fake = vendor(keeper(no_fault, false, vec![second]));
    push.phones.clear();
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn a_change_keeps_what_the_push_does_not_say_and_writes_nothing_when_nothing_differs() {
    let known = json!({"id": 7, "code": "KH000007", "name": "Huy", "contactNumber": "0911222344", "email": "huy@example.com",
        "taxCode": "0319998887", "groups": "Khách VIP", "birthDate": "1988-09-02T00:00:00.0000000", "branchId": 71002});
    let fake = vendor(keeper(no_fault, false, vec![known]));
    let mut push = contact();
    push.vendor_id = Some("7".into());
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!((pushed.outcome, pushed.id.as_str()), (PushOutcome::Updated, "7"));
    let sent = fake.last("PUT /customers/7").json();
    assert_eq!(
        sent,
        json!({"code": "KH000007", "name": "Phan Gia Huy", "contactNumber": "0911222344", "email": "huy@example.com",
            "taxCode": "0319998887", "birthDate": "1988-09-02T00:00:00", "groupIds": [3101], "branchId": 71002})
    );
    let writes = || fake.lines().iter().filter(|line| line.starts_with("PUT")).count();
    push.name = Some(" Phan  Gia Huy ".into());
    push.phones = vec!["+84 911 222 344".into()];
    push.address = Some(pos_core::record::Address::default());
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Found);
    assert_eq!(writes(), 1);
    let mut address = pos_core::record::Address {
        street: Some("12 Đường Mẫu".into()),
        ..pos_core::record::Address::default()
    };
    (address.province, address.district) = (Some("Thừa Thiên - Huế".into()), Some("Thành phố Huế".into()));
    address.ward = Some("Phường Mẫu".into());
    push.address = Some(address.clone());
    let record = shop(&fake).push_customer(&push).await.unwrap().record.unwrap();
    assert_eq!((record.addresses.len(), record.addresses[0].province.clone()), (1, address.province.clone()));
    assert_eq!(
        (&record.addresses[0].district, &record.addresses[0].ward),
        (&address.district, &address.ward)
    );
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Found);
    assert_eq!(writes(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_customer_that_the_shop_deleted_is_not_written_to() {
    let gone = json!({"id": 7, "code": "KH000007{DEL}", "name": "Huy", "contactNumber": "0911222344"});
    let fake = vendor(keeper(no_fault, false, vec![gone]));
    let shop = shop(&fake);
    let mut push = contact();
    push.vendor_id = Some("7".into());
    assert_eq!(shop.push_customer(&push).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(shop.push_customer(&contact()).await.unwrap().outcome, PushOutcome::Created);
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_keeps_customers_apart_by_branch_shares_none_between_them() {
    let other = json!({"id": 7, "code": "KH000007", "contactNumber": "0911222344", "branchId": 71002});
    let fake = vendor(keeper(no_fault, true, vec![other]));
    let pushed = shop(&fake).push_customer(&contact()).await.unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Created);
}

#[tokio::test(start_paused = true)]
async fn a_customer_with_a_known_id_is_changed_and_a_missing_one_is_not_created() {
    let fake = vendor(keeper(no_fault, false, vec![json!({"id": 7, "name": "Huy"})]));
    let shop = shop(&fake);
    let mut push = contact();
    push.vendor_id = Some("7".into());
    assert_eq!(shop.push_customer(&push).await.unwrap().outcome, PushOutcome::Updated);
    push.vendor_id = Some("8".into());
    assert_eq!(shop.push_customer(&push).await.unwrap_err().kind(), ErrorKind::NotFound);
    push.reference = " ".into();
    assert_eq!(shop.push_customer(&push).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_pushed_twice_is_created_once() {
    let fake = vendor(keeper(no_fault, false, vec![]));
    let shop = shop(&fake);
    let first = shop.push_order(&purchase()).await.unwrap();
    assert_eq!((first.outcome, first.id.as_str()), (PushOutcome::Created, "500"));
    assert_eq!(fake.last("GET /orders").query("createdDate"), Some("2026-05-13T09:50:00"));
    let sent = fake.last("POST /orders").json();
    assert_eq!(
        sent,
        json!({"branchId": 71001, "customer": {"id": 1_030_450_011}, "description": "Giao giờ hành chính [crm:O-5501]",
            "method": "Cash", "totalPayment": 0, "makeInvoice": false,
            "orderDetails": [{"productId": 17_385_901, "quantity": 2, "price": 120_000, "discount": 5000}]})
    );
    let record = first.record.unwrap();
    assert_eq!(
        (record.reference.as_deref(), record.note.as_deref()),
        (Some("O-5501"), Some("Giao giờ hành chính"))
    );
    let again = shop.push_order(&purchase()).await.unwrap();
    assert_eq!((again.outcome, again.id.as_str()), (PushOutcome::Found, "500"));
    let mut similar = purchase();
    similar.reference = "O-550".into();
    assert_eq!(
        shop.push_order(&similar).await.unwrap().outcome,
        PushOutcome::Created,
        "a prefix is another order"
    );
}

#[tokio::test(start_paused = true)]
async fn a_discount_that_the_pieces_cannot_share_goes_on_the_order() {
    let fake = vendor(keeper(no_fault, false, vec![]));
    let mut push = purchase();
    push.lines.push(push.lines[0].clone());
    push.lines[0].quantity = 3.into();
    push.discount = Some(2000.into());
    shop(&fake).push_order(&push).await.unwrap();
    let sent = fake.last("POST /orders").json();
    assert_eq!(
        sent["discount"],
        json!(12_000),
        "the line's 10 000, which three pieces cannot share, and 2 000"
    );
    assert_eq!(
        sent["orderDetails"],
        json!([
            {"productId": 17_385_901, "quantity": 3, "price": 120_000},
            {"productId": 17_385_901, "quantity": 2, "price": 120_000, "discount": 5000}
        ])
    );
    let mut none = purchase();
    none.lines[0].quantity = 0.into();
    assert_eq!(shop(&fake).push_order(&none).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_creation_was_lost_is_searched_for_before_anybody_gives_up() {
    let fault = |asked: &Asked, _| (asked.line() == "POST /orders").then_some(Reply::Broken);
    let fake = vendor(keeper(fault, false, vec![]));
    let pushed = shop(&fake).push_order(&purchase()).await.unwrap();
    assert_eq!((pushed.outcome, pushed.id.as_str()), (PushOutcome::Created, "500"));
    // Refused before it was carried out: the caller may try again.
    let fault =
        |asked: &Asked, _| (asked.line() == "POST /orders").then(|| Reply::Answer(503, String::new()));
    let fake = vendor(keeper(fault, false, vec![]));
    let error = shop(&fake).push_order(&purchase()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Backoff));
    assert_eq!(fake.lines().iter().filter(|line| *line == "POST /orders").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_buyer_without_an_id_is_pushed_first() {
    let fake = vendor(keeper(no_fault, false, vec![]));
    let mut push = purchase();
    push.buyer_id = None;
    push.buyer = Some(contact());
    shop(&fake).push_order(&push).await.unwrap();
    assert_eq!(fake.last("POST /orders").json()["customer"], json!({"id": 900}));
    // One that the shop knows is sold to, and not changed by that.
    let known = json!({"id": 7, "name": "Huy"});
    let fake = vendor(keeper(no_fault, false, vec![known]));
    push.buyer.as_mut().unwrap().vendor_id = Some("7".into());
    shop(&fake).push_order(&push).await.unwrap();
    assert_eq!(fake.last("POST /orders").json()["customer"], json!({"id": 7}));
    assert!(!fake.lines().iter().any(|line| line.contains("/customers")), "{:?}", fake.lines());
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_has_no_place_for_is_refused_before_anything_is_sent() {
    let fake = vendor(keeper(no_fault, false, vec![]));
    let plain = shop(&fake);
    let mut push = purchase();
    push.shipping_fee = Some(20_000.into());
    assert_eq!(plain.push_order(&push).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let mut nowhere = purchase();
    nowhere.branch_id = None;
    assert_eq!(plain.push_order(&nowhere).await.unwrap_err().kind(), ErrorKind::Config);
    assert!(fake.asked().is_empty());
    let shop = builder().connection(fake.connection()).shipping_surcharge(301).build().unwrap();
    shop.push_order(&push).await.unwrap();
    assert_eq!(fake.last("POST /orders").json()["surchages"], json!([{"id": 301, "price": 20_000}]));
}
