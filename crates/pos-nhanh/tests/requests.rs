//! What is sent, against the requests that the vendor page prints.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

mod common;

use common::{Fake, Reply, TOKEN, builder, fixture, ok, paths, shop, text};
use pos_core::connector::{ConnectorExt, CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::kit::Connection;
use pos_core::record::{Address, Gender, Money, PlaceCodes, Stream};
use pos_core::{Connector, ErrorKind, ListQuery};
use pos_nhanh::model::{CustomerWrite, EditStatus, OrderEdit, PlaceWrite};
use pos_nhanh::{App, ListParams};
use serde_json::{Value, json};
use time::macros::{date, datetime};

/// The printed request of this name.
fn printed(name: &str) -> Value {
    let all: Vec<Value> = serde_json::from_slice(&fixture("requests_v3.json")).unwrap();
    all.into_iter().find(|request| request["name"] == name).unwrap()
}

/// A server that takes exactly the printed request.
async fn server(name: &str, answer: &str) -> (mockito::ServerGuard, mockito::Mock) {
    let printed = printed(name);
    let mut server = mockito::Server::new_async().await;
    let url: url::Url = printed["url"].as_str().unwrap().parse().unwrap();
    let query = printed["query"].as_object().unwrap().iter();
    let query =
        query.map(|(name, value)| mockito::Matcher::UrlEncoded(name.clone(), value.to_string())).collect();
    let mut mock = server
        .mock("POST", url.path())
        .match_query(mockito::Matcher::AllOf(query))
        .match_body(mockito::Matcher::Json(printed["body"].clone()))
        .with_header("content-type", "application/json")
        .with_body(answer);
    for (name, value) in printed["headers"].as_object().unwrap() {
        mock = mock.match_header(name.as_str(), value.as_str().unwrap());
    }
    let mock = mock.expect(1).create_async().await;
    (server, mock)
}

fn at(server: &mockito::ServerGuard) -> pos_nhanh::Client {
    builder().connection(Connection::to(server.url())).build().unwrap().client().clone()
}

#[tokio::test]
async fn lists_and_reads_are_sent_as_printed() {
    let from = datetime!(2026-10-31 17:00 UTC);
    let to = datetime!(2026-11-12 17:00 UTC);
    let since = ListParams::default().with_updated_from(from).with_updated_to(to);

    let (server, mock) =
        server("customers first page, changed since", &text("v3_customers_page1.json")).await;
    let page = at(&server).list_customers(&since).await.unwrap();
    mock.assert_async().await;
    assert_eq!((page.data.len(), page.next.clone()), (2, Some(json!({ "id": 90_411_187 }))));

    let (server, mock) = self::server("customers next page", &text("v3_customers_last.json")).await;
    let last = at(&server).list_customers(&since.clone().with_next(page.next)).await.unwrap();
    mock.assert_async().await;
    assert_eq!(last.next, None);

    // Its only page: a cursor would be followed.
    let by_phone: Value = serde_json::from_str(&text("v3_customers_page1.json")).unwrap();
    let by_phone = json!({ "code": 1, "data": by_phone["data"] }).to_string();
    let (server, mock) = self::server("customer by phone", &by_phone).await;
    let found = at(&server).find_customers_by_mobile("+84 903 111 222").await.unwrap();
    mock.assert_async().await;
    assert_eq!(found.len(), 1, "only who holds the very number");

    let (server, mock) = self::server("customers by id", &text("v3_customers_page1.json")).await;
    at(&server).get_customer(90_411_201).await.unwrap();
    mock.assert_async().await;

    let (server, mock) =
        self::server("one order by id (no window needed)", &text("v3_order_full.json")).await;
    assert_eq!(at(&server).get_order(436_200_118).await.unwrap().info.id.as_deref(), Some("436200118"));
    mock.assert_async().await;

    let (server, mock) =
        self::server("orders changed since (window <= 31 days)", &text("v3_orders_last.json")).await;
    let mut params =
        ListParams::default().with_updated_from(datetime!(2026-11-11 17:00 UTC)).with_updated_to(to);
    params.data_options = Some(json!({ "marketing": 1 }));
    assert_eq!(at(&server).list_orders(&params).await.unwrap().data.len(), 2);
    mock.assert_async().await;

    let (server, mock) = self::server("deleted orders", &text("v3_orders_deleted.json")).await;
    let params = ListParams::default()
        .with_size(50)
        .with_filter("createdAtFrom", from.unix_timestamp())
        .with_filter("createdAtTo", to.unix_timestamp());
    assert_eq!(
        at(&server).list_deleted_orders(&params).await.unwrap().data[0].id.as_deref(),
        Some("436190001")
    );
    mock.assert_async().await;

    let (server, mock) = self::server("products changed since", &text("v3_products_last.json")).await;
    let mut params = since.clone();
    params.sort = Some(json!({ "id": "desc" }));
    at(&server).list_products(&params).await.unwrap();
    mock.assert_async().await;

    let (server, mock) = self::server("retail bills by day", &text("v3_bills_retail_page.json")).await;
    let mut params =
        ListParams::default().with_size(50).with_days(date!(2026 - 11 - 12), date!(2026 - 11 - 12));
    params.data_options = Some(json!(["tags"]));
    at(&server).list_retail_bills(&params).await.unwrap();
    mock.assert_async().await;

    let (server, mock) = self::server("check access token", &text("v3_checkaccesstoken_response.json")).await;
    let grant = at(&server).check_token(&"APP-SECRET-KEY".into()).await.unwrap();
    mock.assert_async().await;
    assert_eq!(grant.business_id.as_deref(), Some("215500"));
}

#[tokio::test]
async fn writes_are_sent_as_printed() {
    let (server, mock) = server("exchange access code", &text("v3_token_response.json")).await;
    let transport = pos_core::http::Client::default_transport().unwrap();
    let app = App::with_transport(79001, "APP-SECRET-KEY", &server.url(), transport).unwrap();
    let grant = app.exchange("ACCESS-CODE-FROM-REDIRECT").await.unwrap();
    mock.assert_async().await;
    assert_eq!(grant.access_token.expose(), TOKEN);

    let (server, mock) =
        self::server("add customers (max 100)", &text("v3_customer_add_response.json")).await;
    let mut first = CustomerWrite::default();
    first.name = Some("Ngô Hải Yến".into());
    first.mobile = Some("0938777666".into());
    first.gender = Some(2);
    first.birthday = Some("1990-12-01".into());
    first.email = Some("haiyen.ngo@example.com".into());
    first.address = Some("8 Trần Phú".into());
    let mut place = PlaceWrite::default();
    (place.city_id, place.district_id, place.ward_id) = (Some(254), Some(331), Some(1120));
    first.locations = Some(place);
    let mut second = CustomerWrite::default();
    second.name = Some("Bùi Quốc Khánh".into());
    second.mobile = Some("0939777666".into());
    let added = at(&server).add_customers(&[first, second]).await.unwrap();
    mock.assert_async().await;
    assert_eq!(added[1].id.as_deref(), Some("90412011"));

    let (server, mock) = self::server("edit order status", &text("v3_order_edit_response.json")).await;
    at(&server).cancel_order(436_200_118, EditStatus::Canceled, Some("Khách hủy qua CRM")).await.unwrap();
    mock.assert_async().await;
    let blank = {
        let mut edit = OrderEdit::new(1);
        edit.info.description = Some(" ".into());
        edit
    };
    let error = at(&server).edit_order(&blank).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "a blank would erase");
    assert!(at(&server).cancel_order(1, EditStatus::Success, None).await.is_err());
}

fn push_order() -> OrderPush {
    let mut buyer = CustomerPush {
        name: Some("Ngô Hải Yến".into()),
        phones: vec!["+84 938 777 666".into()],
        ..CustomerPush::default()
    };
    let address = Address { street: Some("8 Trần Phú".into()), ..Address::default() };
    let codes = PlaceCodes::new(Some("254"), Some("331"), Some("1120"));
    buyer.address = Some(address.with_codes("nhanh:v1", codes));
    let line = PushLine {
        product_id: Some("38211045".into()),
        unit_price: Money::from(189_000),
        quantity: "1".parse().unwrap(),
        ..PushLine::default()
    };
    OrderPush {
        reference: "CRM-000001".into(),
        branch_id: Some("31102".into()),
        buyer: Some(buyer),
        lines: vec![line],
        note: Some("Giao giờ hành chính".into()),
        ..OrderPush::default()
    }
}

#[tokio::test]
async fn a_new_order_is_searched_for_first_and_then_written_as_printed() {
    let fake = Fake::new(|asked, before| match (asked.path.as_str(), before) {
        ("/v3.0/order/list", 0) => ok(r#"{"code":1,"data":[]}"#),
        ("/v3.0/order/add", _) => ok(text("v3_order_add_response.json")),
        _ => ok(text("v3_order_full.json").replace("436200118,", "436210001,")),
    });
    let pushed = shop(&fake).push_order(&push_order()).await.unwrap();
    assert_eq!((pushed.outcome, pushed.record.unwrap().id), (PushOutcome::Created, "436210001".to_owned()));
    assert_eq!(paths(&fake), ["/v3.0/order/list", "/v3.0/order/add", "/v3.0/order/list"]);
    assert_eq!(fake.asked()[0].json()["filters"], json!({ "shippingAddress": { "mobile": "0938777666" } }));
    let mut expected = printed("add order")["body"].clone();
    // Nothing was paid: what is not said is not sent.
    expected.as_object_mut().unwrap().remove("payment");
    assert_eq!(fake.asked()[1].json(), expected);
    let query =
        [("appId", "79001"), ("businessId", "215500")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(fake.asked()[1].query, query);
}

#[tokio::test]
async fn what_an_order_has_no_place_for_is_refused_before_anything_is_sent() {
    let fake = Fake::new(|_, _| Reply::Broken);
    let shop = shop(&fake);
    let mut channel = push_order();
    channel.channel_id = Some("1".into());
    assert_eq!(shop.push_order(&channel).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let mut nameless = push_order();
    nameless.buyer = None;
    let mut bare = push_order();
    bare.lines.clear();
    for push in [nameless, bare] {
        assert_eq!(shop.push_order(&push).await.unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn discounts_go_where_they_belong_and_a_receiver_into_the_note() {
    let fake = Fake::new(|asked, before| match (asked.path.as_str(), before) {
        ("/v3.0/order/list", 0) => ok(r#"{"code":1,"data":[]}"#),
        ("/v3.0/order/add", _) => ok(text("v3_order_add_response.json")),
        _ => ok(text("v3_order_full.json")),
    });
    let mut push = push_order();
    push.lines[0].discount = Some(Money::from(9000));
    push.lines[0].quantity = "3".parse().unwrap();
    push.lines.push(push.lines[0].clone());
    push.lines[1].discount = Some(Money::from(10_000));
    push.discount = Some(Money::from(1000));
    push.seller_id = Some("2054197".into());
    push.shipping_fee = Some(Money::from(30_000));
    push.paid = Some(Money::from(50_000));
    push.payment_method = Some("263475".into());
    let to = Address {
        name: Some("Phan Văn Nhận".into()),
        text: Some("5 Lê Lợi, Huế".into()),
        ..Address::default()
    };
    push.recipient = Some(to);
    shop(&fake).push_order(&push).await.unwrap();
    let body = fake.asked()[1].json();
    assert_eq!(
        body["payment"],
        json!({ "transferAmount": 50_000, "transferAccountId": 263_475, "discountAmount": 11_000, "discountType": "cash" })
    );
    assert_eq!(
        body["products"],
        json!([
            { "id": 38_211_045, "price": 189_000, "quantity": 3, "discount": 3000 },
            { "id": 38_211_045, "price": 189_000, "quantity": 3 }
        ]),
        "a discount that three pieces cannot share goes on the order"
    );
    assert_eq!(
        (&body["info"]["saleId"], &body["carrier"]),
        (&json!(2_054_197), &json!({ "customerShipFee": 30_000 }))
    );
    assert_eq!(body["info"]["description"], "Giao giờ hành chính. Người nhận: Phan Văn Nhận");
    assert_eq!(
        body["shippingAddress"],
        json!({ "name": "Ngô Hải Yến", "mobile": "0938777666", "address": "5 Lê Lợi, Huế" })
    );
}

#[tokio::test]
async fn a_known_mobile_is_found_and_not_overwritten() {
    let fake = Fake::new(|_, before| match before {
        0 => ok(text("v3_customers_page1.json")),
        _ => ok(r#"{"code":1,"data":[]}"#),
    });
    let mut push = CustomerPush {
        reference: "1".into(),
        name: Some("Vy Trần".into()),
        phones: vec!["không có".into(), "0903.111.222".into()],
        ..CustomerPush::default()
    };
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("90411201", PushOutcome::Found));
    assert_eq!(paths(&fake), ["/v3.0/customer/list", "/v3.0/customer/list"], "the vendor had a cursor");
    push.phones = vec!["không có".into()];
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_number_that_cannot_be_read_is_no_key_to_change_a_customer_by() {
    for mobile in
        [json!("******21"), json!("0903***222"), json!("không có"), json!("0000000000"), json!(null)]
    {
        let row =
            json!({ "code": 1, "data": [{ "id": 77, "name": "T**** V*", "mobile": mobile }] }).to_string();
        let fake = Fake::new(move |_, _| ok(row.clone()));
        let push = CustomerPush {
            reference: "1".into(),
            vendor_id: Some("77".into()),
            name: Some("Vy Trần".into()),
            ..CustomerPush::default()
        };
        let error = shop(&fake).push_customer(&push).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{mobile}");
        assert_eq!(paths(&fake), ["/v3.0/customer/list"], "{mobile}: nothing is written");
    }
}

#[tokio::test]
async fn a_number_that_somebody_else_holds_changes_nobody() {
    let fake = Fake::new(|asked, _| {
        let both = json!([
            { "id": 77, "name": "Trần Thảo Vy", "mobile": "0903111222 - 0938777666" },
            { "id": 78, "name": "Trần Vy", "mobile": "+84 938 777 666" }
        ]);
        let by_id = json!([both[0]]);
        let is_search = !asked.json()["filters"]["mobile"].is_null();
        ok(json!({ "code": 1, "data": if is_search { both } else { by_id } }).to_string())
    });
    let push = CustomerPush {
        reference: "1".into(),
        vendor_id: Some("77".into()),
        name: Some("Vy Trần".into()),
        ..CustomerPush::default()
    };
    let error = shop(&fake).push_customer(&push).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, pos_core::Retry::Never));
    let line = error.to_string();
    assert!(line.contains("77") && line.contains("78") && !line.contains("938"), "{line}");
    assert!(paths(&fake).iter().all(|path| path.ends_with("customer/list")), "{:?}", paths(&fake));
}

#[tokio::test]
async fn a_change_that_is_not_shown_yet_is_looked_at_again() {
    let shown = std::sync::atomic::AtomicBool::new(false);
    let shown = std::sync::Arc::new(shown);
    let late = shown.clone();
    let fake = Fake::new(move |asked, _| {
        let name =
            if late.load(std::sync::atomic::Ordering::SeqCst) { "Vy Trần" } else { "Trần Thảo Vy" };
        ok(match asked.path.as_str() {
            "/v3.0/customer/add" => r#"{"code":1,"data":[{"id":77,"mobile":"0903111222"}]}"#.to_owned(),
            _ => json!({ "code": 1, "data": [{ "id": 77, "name": name, "mobile": "0903111222", "updatedAt": 1_793_000_000 }] })
                .to_string(),
        })
    });
    let push = CustomerPush {
        reference: "1".into(),
        vendor_id: Some("77".into()),
        name: Some("Vy Trần".into()),
        ..CustomerPush::default()
    };
    let error = shop(&fake).push_customer(&push).await.unwrap_err();
    let lag = std::time::Duration::from_secs(300);
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, pos_core::Retry::After(lag)));
    shown.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Found);
}

#[tokio::test]
async fn a_change_that_does_not_take_is_told() {
    let one = Fake::new(|asked, before| match asked.path.as_str() {
        "/v3.0/customer/add" => ok(r#"{"code":1,"data":[{"id":90411201,"mobile":"0903111222"}]}"#),
        // Its time of change moves, its name does not.
        _ => ok(format!(
            r#"{{"code":1,"data":[{{"id":90411201,"name":"Trần Thảo Vy","mobile":"0903111222","gender":2,"updatedAt":{}}}]}}"#,
            1_793_000_000 + before
        )),
    });
    let mut push = CustomerPush {
        reference: "1".into(),
        vendor_id: Some("90411201".into()),
        gender: Some(Gender::Female),
        ..CustomerPush::default()
    };
    assert_eq!(
        shop(&one).push_customer(&push).await.unwrap().outcome,
        PushOutcome::Found,
        "nothing to write"
    );
    push.name = Some("Vy Trần".into());
    let error = shop(&one).push_customer(&push).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let sent = one.asked().into_iter().find(|asked| asked.path.ends_with("add")).unwrap().json();
    assert_eq!(sent, json!([{ "name": "Vy Trần", "mobile": "0903111222" }]), "what is the same is not sent");
}

#[tokio::test]
async fn windows_of_31_days_follow_each_other_without_a_gap_and_the_cursor_is_echoed() {
    let fake =
        Fake::new(|asked, before| match (asked.path.as_str(), before) {
            ("/v3.0/order/list", 0) => ok(text("v3_orders_page1.json")
                .replace("{\n      \"id\": 436200199\n    }", "[1742545330, 6478]")),
            _ => ok(r#"{"code":1,"data":[]}"#),
        });
    let shop = shop(&fake);
    let from = datetime!(2026-11-01 0:00 UTC);
    let query =
        ListQuery::default().with_modified_from(from).with_modified_to(datetime!(2027-01-15 0:00 UTC));
    let mut pages = shop.pages(Stream::Orders, query);
    let mut seen = 0;
    while let Some(page) = pages.try_next().await.unwrap() {
        seen += page.records.len();
    }
    assert_eq!(seen, 2);
    let asked = fake.asked();
    let all: Vec<Value> = asked.iter().map(common::Asked::json).collect();
    let (bodies, others): (Vec<Value>, Vec<Value>) =
        all.into_iter().partition(|body| !body["filters"]["updatedAtFrom"].is_null());
    // Orders that never changed have no time of change: they are found by when they were written.
    assert!(others.len() == 3 && others.iter().all(|body| !body["filters"]["createdAtFrom"].is_null()));
    assert_eq!(bodies[1]["paginator"]["next"], json!([1_742_545_330, 6478]));
    let bound = |body: &Value, name: &str| body["filters"][name].as_i64().unwrap();
    let windows: Vec<(i64, i64)> =
        bodies.iter().map(|body| (bound(body, "updatedAtFrom"), bound(body, "updatedAtTo"))).collect();
    assert_eq!(windows[0], windows[1]);
    assert_eq!(windows.len(), 4);
    assert_eq!(windows[0].0, from.unix_timestamp());
    assert_eq!(windows.last().unwrap().1, datetime!(2027-01-15 0:00 UTC).unix_timestamp());
    for (low, high) in &windows {
        assert!(high - low <= 31 * 86_400, "{}", high - low);
    }
    for pair in windows[1..].windows(2) {
        assert_eq!(pair[0].1 - pair[1].0, 60, "each window reaches a minute into the one before");
    }
}

#[tokio::test]
async fn bills_are_asked_for_by_days_in_the_shop_s_time() {
    let fake = Fake::new(|_, _| ok(r#"{"code":1,"data":[]}"#));
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-10-31 17:30 UTC))
        .with_modified_to(datetime!(2026-12-05 0:00 UTC));
    let page = shop(&fake).list_documents(pos_core::record::DocumentKind::Invoice, &query).await.unwrap();
    assert!(page.next.is_none() && page.records.is_empty());
    let days: Vec<Value> = fake.asked().iter().map(|asked| asked.json()["filters"].clone()).collect();
    assert_eq!(
        days,
        [
            json!({ "fromDate": "2026-11-01", "toDate": "2026-12-01" }),
            json!({ "fromDate": "2026-12-02", "toDate": "2026-12-05" })
        ]
    );
}

#[tokio::test]
async fn taxes_are_left_out_when_the_link_does_not_want_them() {
    let fake = Fake::new(|_, _| ok(text("v3_order_full.json")));
    let with = shop(&fake).get_document(pos_core::record::DocumentKind::Order, "436200118").await.unwrap();
    assert_eq!(with.tax, Some(Money::ZERO));
    let connection =
        Connection { custom_fields: vec!["info.privateDescription".into()], ..fake.connection() };
    let plain = builder().connection(connection).sync_tax(false).build().unwrap();
    let without = plain.get_document(pos_core::record::DocumentKind::Order, "436200118").await.unwrap();
    assert_eq!(
        (without.tax, without.custom["info.privateDescription"].as_str()),
        (None, Some("Khách dặn gọi trước"))
    );
}

#[tokio::test]
async fn several_holders_of_a_number_are_told_apart_or_named() {
    let two = |asked: &common::Asked, _: usize| {
        assert!(asked.path.ends_with("customer/list"), "nothing is written");
        ok(
            r#"{"code":1,"data":[{"id":11,"name":"Lê Thử","mobile":"0912000123"},{"id":12,"name":"Trần Thử","mobile":"84912000123","email":"tran@example.com"}]}"#,
        )
    };
    let mut push =
        CustomerPush { reference: "1".into(), phones: vec!["0912000123".into()], ..CustomerPush::default() };
    for (name, email, id) in [
        (Some("lê  thử"), None, Some("11")),
        (Some("Ai Đó"), Some("Tran@example.com"), Some("12")),
        (Some("Ai Đó"), None, None),
        (Some("Lê Thử"), Some("tran@example.com"), None),
    ] {
        push.name = name.map(str::to_owned);
        push.email = email.map(str::to_owned);
        let answer = shop(&Fake::new(two)).push_customer(&push).await;
        match id {
            Some(id) => {
                let pushed = answer.unwrap();
                assert_eq!((pushed.id.as_str(), pushed.outcome), (id, PushOutcome::Found), "{name:?}");
            }
            None => {
                let error = answer.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Conflict, "{name:?}");
                assert!(
                    error.to_string().contains("11, 12") && !error.to_string().contains("912"),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_number_of_a_push_is_looked_up() {
    let fake = Fake::new(|asked, _| match asked.json()["filters"]["mobile"].as_str() {
        Some("0987000456") => ok(r#"{"code":1,"data":[{"id":11,"name":"Lê Thử","mobile":"0987000456"}]}"#),
        _ => ok(r#"{"code":1,"data":[]}"#),
    });
    let push = CustomerPush {
        reference: "1".into(),
        phones: vec!["0912000123".into(), "0987000456".into()],
        ..CustomerPush::default()
    };
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().id, "11");
}

#[tokio::test]
async fn a_customer_who_is_not_shown_yet_was_made_all_the_same() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/v3.0/customer/add" => ok(r#"{"code":1,"data":[{"id":"77","mobile":"0912000123"}]}"#),
        _ => ok(r#"{"code":1,"data":[]}"#),
    });
    let push =
        CustomerPush { reference: "1".into(), phones: vec!["0912000123".into()], ..CustomerPush::default() };
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!(
        (pushed.id.as_str(), pushed.outcome, pushed.record.is_none()),
        ("77", PushOutcome::Created, true)
    );
}

#[tokio::test]
async fn places_go_out_in_the_vendor_s_own_system_alone() {
    let sent = async |codes: &[(&str, PlaceCodes)]| {
        let fake = Fake::new(|asked, before| match (asked.path.as_str(), before) {
            ("/v3.0/order/list", 0) => ok(r#"{"code":1,"data":[]}"#),
            ("/v3.0/order/add", _) => ok(r#"{"code":1,"data":[{"orderId":436200118}]}"#),
            _ => ok(text("v3_order_full.json")),
        });
        let mut address = Address {
            street: Some("8 Trần Phú".into()),
            ward: Some("Phường Láng".into()),
            district: Some("Quận Đống Đa".into()),
            province: Some("Hà Nội".into()),
            ..Address::default()
        };
        for (system, codes) in codes {
            address = address.with_codes(system, codes.clone());
        }
        let mut push = push_order();
        push.buyer.as_mut().unwrap().address = Some(address);
        assert_eq!(shop(&fake).push_order(&push).await.unwrap().id, "436200118");
        let mut contact = fake.asked()[1].json()["shippingAddress"].take();
        let members = contact.as_object_mut().unwrap();
        members.retain(|name, _| !["name", "mobile"].contains(&name.as_str()));
        contact
    };
    let whole = "8 Trần Phú, Phường Láng, Quận Đống Đa, Hà Nội";
    let (old, new) = (
        PlaceCodes::new(Some("254"), Some("331"), Some("1120")),
        PlaceCodes::new(Some("1"), None, Some("97")),
    );
    let v1 = json!({ "address": "8 Trần Phú", "cityId": 254, "districtId": 331, "wardId": 1120, "locationVersion": "v1" });
    assert_eq!(sent(&[("nhanh:v1", old.clone()), ("nhanh:v2", new.clone())]).await, v1);
    let v2 = json!({ "address": "8 Trần Phú", "cityId": 1, "wardId": 97, "locationVersion": "v2" });
    assert_eq!(sent(&[("nhanh:v2", new.clone()), ("sapo", old.clone())]).await, v2);
    assert_eq!(sent(&[("haravan", old.clone()), ("nhanh:v3", new)]).await, json!({ "address": whole }));
    let partly = PlaceCodes::new(Some("254"), Some("331"), None);
    let expected = json!({ "address": "8 Trần Phú, Phường Láng", "cityId": 254, "districtId": 331, "locationVersion": "v1" });
    assert_eq!(sent(&[("nhanh:v1", partly)]).await, expected);
}

#[tokio::test]
async fn an_order_whose_number_was_changed_in_the_shop_is_found_by_when_it_was_made() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/v3.0/order/add" => ok(
            r#"{"code":0,"errorCode":"ERR_INVALID_FORM_FIELDS","messages":{"channel.appOrderId":"exists"}}"#,
        ),
        _ if asked.json()["filters"]["createdAtFrom"].is_null() => ok(r#"{"code":1,"data":[]}"#),
        _ => ok(r#"{"code":1,"data":[{"info":{"id":5},"channel":{"appOrderId":"CRM-000001"}}]}"#),
    });
    let pushed = shop(&fake).push_order(&push_order()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("5", PushOutcome::Created));
}
