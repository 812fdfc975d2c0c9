//! Writing to the shop.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{Asked, Fake, Reply, bad, builder, counted, fake, good, guid, ok, shop, text, value};
use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{Address, Gender, Money, PlaceCodes};
use pos_core::{Connector, ErrorKind, Retry};
use pos_misa::Misa;
use serde_json::{Value, json};
use time::macros::datetime;

const NEW: &str = "/g1/api/v1/customers/";
const SEARCH: &str = "/g1/api/v1/customers/customerbyinfo";
const ORDER: &str = "/g1/api/v1/invoices/";
const ORDERS: &str = "/g1/api/v1/orders/list";

fn le() -> CustomerPush {
    CustomerPush {
        reference: "c-44".into(),
        name: Some("Lê Tạo Mới".into()),
        phones: vec!["0977 000 444".into()],
        gender: Some(Gender::Male),
        note: Some("Từ CRM".into()),
        ..CustomerPush::default()
    }
}

fn holder(end: u64, name: &str, tel: &str) -> Value {
    json!({"CustomerID": guid(end), "CustomerCode": format!("KH{end:06}"), "CustomerName": name, "Tel": tel})
}

#[tokio::test]
async fn a_new_customer_goes_out_as_the_sample_says() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        SEARCH => counted(json!([]), 0),
        NEW => ok(text("customers.create.response.json")),
        _ => (404, "").into(),
    });
    let mut push = le();
    push.phones = vec!["0977000444".into()];
    let codes = PlaceCodes::new(Some("VN101"), Some("VN10113"), Some("VN1011303"));
    let address =
        Address {
            street: Some("5 Đường Thử".into()), province: Some("Hà Nội".into()), ..Address::default()
        };
    push.address = Some(address.with_codes("misa", codes));
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!((pushed.outcome, pushed.id.ends_with("44")), (PushOutcome::Created, true));
    assert_eq!(pushed.record.unwrap().code.as_deref(), Some("KH000044"));
    let mut sample = value("customers.create.request.json");
    sample.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    assert_eq!(fake.asked().last().unwrap().json(), sample);
    assert_eq!(fake.lines().len(), 3, "looked for as dialled and with the country's code, then made");
}

#[tokio::test]
async fn who_holds_the_number_is_found_and_not_written_to() {
    // By the search, in another writing of the number; what the search finds beside it does not count.
    let search = fake(|asked, _| match asked.path.as_str() {
        SEARCH => {
            counted(json!([holder(7, "Khác", "0977000445"), holder(8, "Lê Tạo Mới", "+84 977 000 444")]), 2)
        }
        _ => (404, "").into(),
    });
    let pushed = shop(&search).push_customer(&le()).await.unwrap();
    assert_eq!((pushed.id, pushed.outcome), (guid(8), PushOutcome::Found));
    assert!(!search.lines().contains(&format!("POST {NEW}")));
    // By the refusal, which says who it is.
    let refusal = fake(|asked, _| match asked.path.as_str() {
        SEARCH => counted(json!([]), 0),
        NEW => ok(text("customers.create.duplicate.json")),
        _ => (404, "").into(),
    });
    let pushed = shop(&refusal).push_customer(&le()).await.unwrap();
    assert_eq!((pushed.id, pushed.outcome), (guid(1), PushOutcome::Found));
    assert_eq!(pushed.record.unwrap().name.as_deref(), Some("Nguyễn Thị Mẫu Eshop"));
}

#[tokio::test]
async fn of_several_holders_the_one_who_agrees_is_found() {
    for (names, found) in [
        (["Lê Tạo Mới", "Khác"], Some(7)),
        (["Khác", "Khác nữa"], None),
        (["lê tạo mới", "Lê Tạo Mới"], None),
    ] {
        let fake = fake(move |asked, _| match asked.path.as_str() {
            SEARCH => {
                counted(json!([holder(7, names[0], "0977000444"), holder(8, names[1], "0977000444")]), 2)
            }
            _ => (404, "").into(),
        });
        match (shop(&fake).push_customer(&le()).await, found) {
            (Ok(pushed), Some(id)) => assert_eq!(pushed.id, guid(id)),
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::Conflict);
                assert!(
                    error.to_string().contains(&guid(7)) && error.to_string().contains(&guid(8)),
                    "{error}"
                );
            }
            (other, _) => panic!("{names:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_for() {
    let fake = fake(|asked, before| match (asked.path.as_str(), before) {
        (SEARCH, 0 | 1) => counted(json!([]), 0),
        (SEARCH, _) => counted(json!([holder(44, "Lê Tạo Mới", "0977000444")]), 1),
        (NEW, _) => Reply::Broken,
        _ => (404, "").into(),
    });
    let pushed = shop(&fake).push_customer(&le()).await.unwrap();
    assert_eq!((pushed.id, pushed.outcome), (guid(44), PushOutcome::Created));
    assert_eq!(fake.lines().iter().filter(|line| line.ends_with(NEW)).count(), 1);
}

#[tokio::test]
async fn the_id_of_what_was_made_may_stand_beside_it() {
    let fake = fake(|asked, _| {
        match asked.path.as_str() {
        SEARCH => counted(json!([]), 0),
        NEW => ok(json!({"Success": true, "Code": 200, "Data": {"Name": "Lê Tạo Mới"}, "PrimaryKeyValue": guid(44).to_uppercase()}).to_string()),
        _ => (404, "").into(),
    }
    });
    assert_eq!(shop(&fake).push_customer(&le()).await.unwrap().id, guid(44));
}

#[tokio::test]
async fn what_the_vendor_cannot_do_is_refused_before_anything_is_sent() {
    let fake = fake(|_, _| Reply::Broken);
    let shop = shop(&fake);
    for push in [
        CustomerPush { vendor_id: Some(guid(1)), ..le() },
        CustomerPush { phones: Vec::new(), email: Some("le@example.test".into()), ..le() },
        CustomerPush { phones: vec!["không có".into()], ..le() },
    ] {
        assert_eq!(shop.push_customer(&push).await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert_eq!(
        shop.push_customer(&CustomerPush { reference: " ".into(), ..le() }).await.unwrap_err().kind(),
        ErrorKind::Config
    );
    assert_eq!(
        shop.push_order(&sale()).await.unwrap_err().kind(),
        ErrorKind::Unsupported,
        "not told that orders are listed"
    );
    let listing = ordering(&fake);
    let line = |change: fn(&mut PushLine)| {
        let mut push = sale();
        change(&mut push.lines[0]);
        push
    };
    for (push, kind) in [
        (OrderPush { branch_id: None, ..sale() }, ErrorKind::Config),
        (OrderPush { lines: Vec::new(), ..sale() }, ErrorKind::Config),
        (line(|line| line.product_id = None), ErrorKind::Config),
        (line(|line| line.unit_price = Money::ZERO), ErrorKind::Unsupported),
        (line(|line| line.quantity = 0.into()), ErrorKind::Unsupported),
        (OrderPush { paid: Some(Money::from(1)), ..sale() }, ErrorKind::Unsupported),
        (OrderPush { seller_id: Some("1".into()), ..sale() }, ErrorKind::Unsupported),
        (OrderPush { channel_id: Some("1".into()), ..sale() }, ErrorKind::Unsupported),
    ] {
        assert_eq!(listing.push_order(&push).await.unwrap_err().kind(), kind);
    }
    assert!(fake.asked().is_empty());
}

fn sale() -> OrderPush {
    let line = PushLine {
        product_id: Some("0f0e0d0c-0006-4000-8000-000000000011".into()),
        quantity: 1.into(),
        unit_price: Money::from(250_000),
        ..PushLine::default()
    };
    OrderPush {
        reference: "o-7f3c2a".into(),
        created_at: Some(datetime!(2026-03-12 2:30 UTC)),
        branch_id: Some("0f0e0d0c-0001-4000-8000-000000000001".into()),
        buyer_id: Some(guid(1)),
        lines: vec![line],
        note: Some("Đơn từ CRM".into()),
        ..OrderPush::default()
    }
}

fn ordering(fake: &Arc<Fake>) -> Misa {
    let retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let connection = Connection { retry: Some(retry), ..fake.connection().unpaced() };
    builder().order_list(true).connection(connection).build().unwrap()
}

/// A shop with the customers and goods of the samples.
fn answer(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/g1/api/v1/customers/paging" => ok(text("customers.page1.json")),
        SEARCH => ok(text("customers.customerbyinfo.json")),
        path if path.contains("/inventoryitems/") => match asked.method.as_str() {
            "GET" => good(value("inventoryitems.pagingwithdetail.json")["Data"][0].clone()),
            _ => ok(text("inventoryitems.pagingwithdetail.json")),
        },
        _ => (404, "").into(),
    }
}

#[tokio::test]
async fn an_order_goes_out_with_a_number_of_ours_and_what_the_vendor_asks_for() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        ORDERS => counted(json!([]), 0),
        ORDER => ok(text("orders.create.response.json")),
        _ => answer(asked),
    });
    let mut push = sale();
    push.shipping_fee = Some(Money::from(30_000));
    push.discount = Some(Money::from(10_000));
    push.payment_method = Some("COD".into());
    push.recipient = Some(Address {
        name: Some("Người Nhận Thử".into()),
        phone: Some("0821000222".into()),
        street: Some("9 Phố Thử".into()),
        province: Some("Hà Nội".into()),
        ..Address::default()
    });
    let pushed = ordering(&fake).push_order(&push).await.unwrap();
    assert_eq!(
        (pushed.id.as_str(), pushed.outcome),
        ("0f0e0d0c-0004-4000-8000-000000000001", PushOutcome::Created)
    );
    assert_eq!(pushed.record.unwrap().code.as_deref(), Some("DT000025"));
    let sent = fake.asked().last().unwrap().json();
    let buyer = json!({
        "Id": guid(1), "Gender": 1, "Code": "KH000001", "Name": "Nguyễn Thị Mẫu Eshop", "Tel": "0985000111",
        "Email": "mau.eshop@example.test", "Address": "12 Đường Thử",
    });
    let mut receiver = buyer.clone();
    receiver["Name"] = json!("Người Nhận Thử");
    receiver["Tel"] = json!("0821000222");
    receiver["Address"] = json!("9 Phố Thử, Hà Nội");
    assert_eq!(
        sent,
        json!({
            "OrderNo": "CRM-o-7f3c2a", "OrderDate": "2026-03-12T09:30:00+07:00", "DiscountRate": 0, "DiscountAmount": 10_000,
            "ScopeOfApplication": 1, "TotalAmount": 270_000, "ToProvinceOrCityName": "Hà Nội",
            "Description": "Đơn từ CRM COD [crm:o-7f3c2a]", "Customer": buyer,
            "OrderDetails": [{
                "ProductId": "0f0e0d0c-0006-4000-8000-000000000011", "ProductType": 1, "ProductCode": "AO01-XL",
                "ProductName": "Áo Thử (XL)", "Quantity": 1, "SellingPrice": 250_000, "Amount": 250_000, "SortOrder": 1,
                "UnitId": "0f0e0d0c-0007-4000-8000-000000000001",
            }],
            "OrderDelivery": {"DeliveryAmount": 30_000, "Receiver": receiver},
            "BranchId": "0f0e0d0c-0001-4000-8000-000000000001",
        })
    );
}

#[tokio::test]
async fn an_order_that_is_there_is_found_by_its_number_or_its_mark_among_all_of_them() {
    for ours in
        [json!({"OrderNo": "crm-O-7F3C2A"}), json!({"OrderNo": "DT1", "Description": "x [crm:o-7f3c2a]"})]
    {
        let fake = fake(move |asked, _| match asked.path.as_str() {
            ORDERS => {
                let mut rows: Vec<Value> =
                    (1..=130).map(|end| json!({"OrderId": guid(end), "OrderNo": "DT7"})).collect();
                for (name, value) in ours.as_object().unwrap() {
                    rows[120][name] = value.clone();
                }
                let [page, limit] = ["Page", "Limit"]
                    .map(|name| usize::try_from(asked.json()[name].as_u64().unwrap()).unwrap());
                counted(rows.into_iter().skip((page - 1) * limit).take(limit).collect::<Vec<_>>().into(), 130)
            }
            _ => answer(asked),
        });
        let pushed = ordering(&fake).push_order(&sale()).await.unwrap();
        assert_eq!((pushed.id, pushed.outcome), (guid(121), PushOutcome::Found));
        assert!(!fake.lines().contains(&format!("POST {ORDER}")));
    }
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_looked_for_and_never_made_twice() {
    for is_listed in [true, false] {
        let fake = fake(move |asked, before| match (asked.path.as_str(), before) {
            (ORDERS, 1) if is_listed => counted(json!([{"OrderId": guid(9), "OrderNo": "CRM-o-7f3c2a"}]), 1),
            (ORDERS, _) => counted(json!([]), 0),
            (ORDER, _) => Reply::Broken,
            _ => answer(asked),
        });
        match ordering(&fake).push_order(&sale()).await {
            Ok(pushed) => {
                assert_eq!((pushed.id, pushed.outcome, is_listed), (guid(9), PushOutcome::Created, true))
            }
            Err(error) => assert!(!is_listed && error.retry() != Retry::Never, "{error}"),
        }
        assert_eq!(fake.lines().iter().filter(|line| line.ends_with(ORDER)).count(), 1);
    }
}

#[tokio::test]
async fn a_shop_that_does_not_list_its_orders_takes_none() {
    for (refusal, kind) in [
        (Reply::Answer(404, "không có".into()), ErrorKind::Unsupported),
        (bad(1), ErrorKind::Unsupported),
        // What is no answer of the vendor's says nothing.
        (ok("[]"), ErrorKind::Decode),
    ] {
        let fake = fake(move |asked, _| match asked.path.as_str() {
            ORDERS => refusal.clone(),
            _ => answer(asked),
        });
        let error = ordering(&fake).push_order(&sale()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!fake.lines().contains(&format!("POST {ORDER}")));
    }
}

#[tokio::test]
async fn a_buyer_without_an_id_is_pushed_first_and_one_with_an_id_is_looked_for_by_number() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        ORDERS => counted(json!([]), 0),
        ORDER => ok(text("orders.create.response.json")),
        NEW => ok(text("customers.create.response.json")),
        SEARCH if asked.body.contains("977000444") => counted(json!([]), 0),
        _ => answer(asked),
    });
    let push = OrderPush { buyer_id: None, buyer: Some(le()), ..sale() };
    ordering(&fake).push_order(&push).await.unwrap();
    assert_eq!(fake.asked().last().unwrap().json()["Customer"]["Code"], "KH000044");
    let mau = CustomerPush { phones: vec!["0985000111".into()], ..le() };
    let before = fake.asked().len();
    ordering(&fake).push_order(&OrderPush { buyer: Some(mau), ..sale() }).await.unwrap();
    assert_eq!(fake.asked().last().unwrap().json()["Customer"]["Code"], "KH000001");
    assert!(fake.asked()[before..].iter().all(|asked| !asked.path.ends_with("customers/paging")));
    let error =
        ordering(&fake).push_order(&OrderPush { buyer_id: None, buyer: None, ..sale() }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let error =
        ordering(&fake).push_order(&OrderPush { buyer_id: Some(guid(99)), ..sale() }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn goods_are_known_by_their_code_too() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        ORDERS => counted(json!([]), 0),
        ORDER => ok(text("orders.create.response.json")),
        _ => answer(asked),
    });
    let mut push = sale();
    (push.lines[0].product_id, push.lines[0].sku) = (None, Some("ao01-xl".into()));
    ordering(&fake).push_order(&push).await.unwrap();
    assert_eq!(fake.asked().last().unwrap().json()["OrderDetails"][0]["ProductCode"], "AO01-XL");
    push.lines[0].sku = Some("KHÔNG CÓ".into());
    assert_eq!(ordering(&fake).push_order(&push).await.unwrap_err().kind(), ErrorKind::Rejected);
}
