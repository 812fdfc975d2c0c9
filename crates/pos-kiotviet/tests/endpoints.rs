//! What goes over the wire, and what is made of the answers.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Fake, Reply, builder, fixture, ok, shop, unknown, vendor};
use pos_core::HookPlan;
use pos_core::kit::Connection;
use pos_core::record::DocumentKind;
use pos_core::{Connector, ConnectorExt, ErrorKind, ListQuery, Retry, Stream};
use pos_kiotviet::{KiotViet, ListParams};
use time::macros::datetime;
use tokio::time::Instant;

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

#[tokio::test]
async fn a_list_goes_out_as_documented() {
    let mut server = mockito::Server::new_async().await;
    let token = server
        .mock("POST", "/connect/token")
        .match_header("content-type", "application/x-www-form-urlencoded")
        .match_body(mockito::Matcher::AllOf(vec![
            mockito::Matcher::UrlEncoded("scopes".into(), "PublicApi.Access".into()),
            mockito::Matcher::UrlEncoded("grant_type".into(), "client_credentials".into()),
            mockito::Matcher::UrlEncoded("client_id".into(), "11111111-2222-3333-4444-555555555555".into()),
            mockito::Matcher::UrlEncoded(
                "client_secret".into(),
                "0123456789abcdef0123456789abcdef01234567".into(),
            ),
        ]))
        .with_body(common::TOKEN)
        .expect(1)
        .create_async()
        .await;
    let bearer = serde_json::from_str::<serde_json::Value>(common::TOKEN).unwrap();
    let bearer = format!("Bearer {}", bearer["access_token"].as_str().unwrap());
    let list = server
        .mock("GET", "/orders")
        .match_header("authorization", bearer.as_str())
        .match_header("retailer", "cuahangmau")
        .match_header("accept", "application/json")
        .match_query(mockito::Matcher::AllOf(
            [
                ("orderBy", "id"),
                ("orderDirection", "Asc"),
                ("includePayment", "true"),
                ("includeOrderDelivery", "true"),
                ("pageSize", "100"),
                ("lastModifiedFrom", "2026-05-13T10:00:00"),
                ("toDate", "2026-05-13T11:00:01"),
                ("branchIds", "71001"),
            ]
            .map(|(name, value)| mockito::Matcher::UrlEncoded(name.into(), value.into()))
            .to_vec(),
        ))
        .with_body(fixture("orders_page.json"))
        .create_async()
        .await;
    let shop = builder()
        .token_url(format!("{}/connect/token", server.url()))
        .connection(Connection { custom_fields: vec!["usingCod".into()], ..Connection::to(server.url()) })
        .build()
        .unwrap();
    // The lower bound is floored to the second, the upper one raised.
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-05-13 3:00:00.9 UTC))
        .with_modified_to(datetime!(2026-05-13 4:00:00.1 UTC))
        .with_branch("71001");
    let page = shop.list_documents(DocumentKind::Order, &query).await.unwrap();
    assert_eq!((page.records.len(), page.total, page.next), (6, Some(6), None));
    assert_eq!(page.records[0].custom["usingCod"], false);
    token.assert_async().await;
    list.assert_async().await;
}

#[tokio::test]
async fn a_query_that_the_vendor_would_ignore_is_refused_without_a_request() {
    let fake = vendor(|_, _| unknown());
    let shop = shop(&fake);
    let now = datetime!(2026-05-13 3:00 UTC);
    let refused = [
        shop.list_customers(&ListQuery::default().with_modified_to(now)).await.map(drop),
        shop.list_customers(&ListQuery::default().with_branch("1")).await.map(drop),
        shop.list_customers(&ListQuery::default().with_page_size(101)).await.map(drop),
        shop.list_documents(DocumentKind::Return, &ListQuery::default().with_modified_from(now))
            .await
            .map(drop),
        shop.list_documents(DocumentKind::Order, &ListQuery::default().with_removed()).await.map(drop),
        shop.get_document(DocumentKind::Return, "7").await.map(drop),
    ];
    for answer in refused {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert_eq!(shop.get_customer("KH01").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(fake.asked().is_empty());
}

/// A shop with customers 1 to `count`, which repeats its last page instead of ending, and hides its total if asked to.
fn numbered(count: u64, with_total: bool) -> impl Fn(&common::Asked, usize) -> Reply {
    move |asked, _| {
        if asked.path != "/customers" {
            return unknown();
        }
        let size: u64 = asked.query("pageSize").unwrap().parse().unwrap();
        let offset: u64 = asked.query("currentItem").unwrap_or("0").parse().unwrap();
        let offset = offset.min(count.saturating_sub(size));
        let mut rows: Vec<_> =
            (offset + 1..=(offset + size).min(count)).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        if offset == 0 {
            rows.insert(0, r#"{"id":-1,"totalInvoiced":5}"#.to_owned());
        }
        if offset < 5 {
            rows[(5 - offset) as usize] = r#"{"id":5,"debt":"x"}"#.to_owned();
        }
        let total = if with_total { format!(r#""total":{count},"#) } else { String::new() };
        ok(format!(r#"{{{total}"pageSize":{size},"data":[{}]}}"#, rows.join(",")))
    }
}

#[tokio::test(start_paused = true)]
async fn a_scan_reads_every_row_once_and_ends_at_a_repeated_tail() {
    for with_total in [true, false] {
        let fake = vendor(numbered(25, with_total));
        let shop = shop(&fake);
        let mut pages = shop.customer_pages(ListQuery::default().with_page_size(10));
        let (mut ids, mut rejected) = (Vec::new(), Vec::new());
        while let Some(page) = pages.try_next().await.unwrap() {
            ids.extend(page.records.into_iter().map(|record| record.id.parse::<u64>().unwrap()));
            rejected.extend(page.rejected);
        }
        assert_eq!(ids, (1..=25).filter(|id| *id != 5).collect::<Vec<u64>>());
        assert_eq!(rejected.len(), 1);
        assert_eq!((rejected[0].id.as_deref(), rejected[0].path.as_str()), (Some("5"), "data[5].debt"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_belongs_to_its_window_and_its_stream() {
    let fake = vendor(numbered(25, true));
    let shop = shop(&fake);
    let from = datetime!(2026-05-13 3:00 UTC);
    let query = ListQuery::default().with_page_size(10).with_modified_from(from);
    let page = shop.list_customers(&query).await.unwrap();
    assert!(page.next.as_ref().unwrap().as_str().len() < 200);
    let drifted =
        query.clone().with_modified_from(from - Duration::from_secs(60)).with_cursor(page.next.clone());
    assert_eq!(shop.list_customers(&drifted).await.unwrap_err().kind(), ErrorKind::Config);
    let foreign = ListQuery::default().with_cursor(page.next.clone());
    assert_eq!(shop.list_products(&foreign).await.unwrap_err().kind(), ErrorKind::Config);
    assert!(shop.list_customers(&query.with_cursor(page.next)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_without_a_list_ends_the_scan() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/customers" => ok(text("customers_empty_page.json")),
        _ => unknown(),
    });
    let page = shop(&fake).list_customers(&ListQuery::default().with_removed()).await.unwrap();
    assert!(page.records.is_empty() && page.next.is_none());
    assert_eq!(fake.last("GET /customers").query("includeRemoveIds"), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn many_waiting_calls_share_one_token_and_a_stale_one_is_renewed_once() {
    let fake = vendor(|asked, before| match asked.path.as_str() {
        // The first three answers fall into the hour after the token was revoked.
        "/settings" if before < 3 => Reply::Answer(401, text("error_401_token.json")),
        "/settings" => ok(text("settings.json")),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let (a, b, c) = tokio::join!(
        shop.client().get_settings(),
        shop.client().get_settings(),
        shop.client().get_settings()
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let tokens = fake.asked().iter().filter(|asked| asked.path.ends_with("/connect/token")).count();
    assert_eq!(tokens, 2, "one to begin with, one after the refusal");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_asked_for_without_end() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/settings" => Reply::Answer(420, text("error_401_token.json")),
        _ => unknown(),
    });
    let error = shop(&fake).client().get_settings().await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Auth, Retry::Never));
    assert_eq!(fake.lines().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_read_waits_as_long_as_asked_and_at_least_two_seconds_otherwise() {
    let fake = vendor(|asked, before| match (asked.path.as_str(), before) {
        ("/settings", 0) => Reply::With(429, "retry-after", "30".into(), text("error_429_throttled.json")),
        ("/settings", 1) => Reply::Answer(429, text("error_429_throttled.json")),
        ("/settings", _) => ok(text("settings.json")),
        _ => unknown(),
    });
    let start = Instant::now();
    shop(&fake).client().get_settings().await.unwrap();
    let times: Vec<_> = fake.asked().iter().filter(|a| a.path == "/settings").map(|a| a.at - start).collect();
    assert!(times[1] - times[0] >= Duration::from_secs(30), "{times:?}");
    assert!(times[2] - times[1] >= Duration::from_secs(2), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn reads_are_repeated_and_writes_are_not() {
    let fake = vendor(|asked, before| match (asked.line().as_str(), before) {
        ("GET /settings", 0) => Reply::Broken,
        ("GET /settings", 1) => Reply::Hang,
        ("GET /settings", 2) => Reply::Answer(503, "<html>".into()),
        ("GET /settings", _) => ok(text("settings.json")),
        ("POST /payments", _) => Reply::Broken,
        _ => unknown(),
    });
    let shop = shop(&fake);
    assert_eq!(shop.client().get_settings().await.unwrap().manager_customer_by_branch, Some(false));
    let mut payment = pos_kiotviet::model::PaymentWrite::default();
    payment.amount = Some("850000.50".parse().unwrap());
    payment.method = "Cash".into();
    payment.invoice_id = 7;
    assert_eq!(shop.client().create_payment(&payment).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let sent = fake.last("POST /payments");
    assert_eq!(sent.body, r#"{"amount":850000.5,"method":"Cash","invoiceId":7}"#);
    assert_eq!(fake.lines().iter().filter(|line| *line == "POST /payments").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_web_page_instead_of_data_is_a_clear_error() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/customers" => ok("<html><body>Đăng nhập</body></html>"),
        _ => unknown(),
    });
    let error = shop(&fake).list_customers(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.context()), (ErrorKind::Decode, Some("GET /customers")));
    assert!(error.to_string().contains("web page"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_object_is_told_from_a_refusal_by_its_code() {
    let body = |code: &str| format!(r#"{{"responseStatus":{{"errorCode":"{code}","message":"…"}}}}"#);
    let fake = vendor(move |asked, _| match asked.path.as_str() {
        "/customers/1" => Reply::Answer(420, body("KvValidateCustomerException")),
        "/customers/2" => Reply::Answer(420, body("KvException")),
        "/customers/3" => Reply::Answer(420, body("KvValidateBranchException")),
        "/orders/24102572" => ok(format!(r#"{{"data":{}}}"#, text("order_detail_full.json"))),
        "/orders/5" => ok(text("order_detail_full.json")),
        _ => unknown(),
    });
    let shop = shop(&fake);
    for (id, kind) in [("1", ErrorKind::NotFound), ("2", ErrorKind::Forbidden), ("3", ErrorKind::Rejected)] {
        let error = shop.get_customer(id).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, Some(420)), "{id}");
    }
    let order = shop.get_document(DocumentKind::Order, "24102572").await.unwrap();
    assert_eq!(order.id, "24102572", "a wrapped answer is unwrapped");
    for error in [
        shop.get_document(DocumentKind::Order, "5").await.unwrap_err(),
        shop.client().get_order(5).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Decode, "another order is answered: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_tells_branches_and_whether_customers_are_kept_apart() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/branches" => ok(text("branches_page.json")),
        "/settings" => ok(r#"{"ManagerCustomerByBranch":true}"#),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let info = shop.check().await.unwrap();
    assert_eq!(info.branches.iter().map(|b| b.id.as_str()).collect::<Vec<_>>(), ["71001", "71002"]);
    assert!(info.separates_customers_by_branch && info.warnings.is_empty());
    assert_eq!(shop.tenant().await.unwrap().as_deref(), Some("500987654"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_and_a_wrong_shop_name_are_told_apart() {
    let fake = vendor(|_, _| Reply::Answer(400, text("token_error_invalid_client.json")));
    let error = shop(&fake).check().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry(), error.vendor_code()),
        (ErrorKind::Auth, Retry::Never, Some("invalid_client"))
    );
    assert!(error.to_string().contains("client id and secret"), "{error}");

    for refusal in [401, 404, 420] {
        let fake = vendor(move |asked, _| match asked.path.as_str() {
            "/branches" => {
                Reply::Answer(refusal, r#"{"responseStatus":{"errorCode":"KvValidateException"}}"#.into())
            }
            _ => unknown(),
        });
        let other = builder().retailer("cuahangkhac").connection(fake.connection()).build().unwrap();
        let error = other.check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        let line = error.to_string();
        assert!(line.contains("`cuahangkhac`") && line.contains("`cuahangmau`"), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_names_the_shop_that_the_token_was_issued_to() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/branches" => ok(text("branches_page.json")),
        "/settings" => ok(text("settings.json")),
        _ => unknown(),
    });
    let other = builder().retailer("cuahangkhac").connection(fake.connection()).build().unwrap();
    let info = other.check().await.unwrap();
    assert_eq!((info.account.id(), info.warnings.len()), ("cuahangmau", 1));
    let same = builder().retailer("CuaHangMau").connection(fake.connection()).build().unwrap();
    assert_eq!(
        &same.check().await.unwrap().account,
        same.account(),
        "written otherwise, it is the same shop"
    );
}

#[tokio::test(start_paused = true)]
async fn a_gateways_404_is_asked_again_and_deletes_nothing() {
    let fake = vendor(|asked, before| match (asked.path.as_str(), before) {
        ("/customers/7", 0) => Reply::Answer(404, "<html>404</html>".into()),
        ("/customers/7", 1) => Reply::Answer(404, r#"{"message":"no Route matched"}"#.into()),
        ("/customers/7", _) => ok(r#"{"id":7}"#),
        ("/customers/8", _) => Reply::Answer(404, "{}".into()),
        _ => unknown(),
    });
    let shop = shop(&fake);
    assert_eq!(shop.get_customer("7").await.unwrap().id, "7");
    let error = shop.get_customer("8").await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Backoff));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_says_nothing_is_no_answer() {
    for body in ["{}", "", "null", "<html></html>"] {
        let fake = vendor(move |asked, _| match asked.path.as_str() {
            "/connect/token" => unknown(),
            _ => ok(body),
        });
        let shop = shop(&fake);
        let errors = [
            shop.get_customer("7").await.map(drop),
            shop.list_customers(&ListQuery::default()).await.map(drop),
            shop.client().get_settings().await.map(drop),
            shop.client().list_webhooks(&ListParams::default()).await.map(drop),
        ];
        for answer in errors {
            let error = answer.unwrap_err();
            assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff), "{body}: {error}");
        }
    }
    // A token that is none is no refusal of the credentials either.
    let fake = vendor(|_, _| ok("{}"));
    assert_eq!(shop(&fake).get_customer("7").await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_list_without_an_order_is_not_taken_for_whole() {
    // Another order with every request.
    let fake = vendor(|asked, before| match asked.path.as_str() {
        "/customers" => {
            let size: u64 = asked.query("pageSize").unwrap().parse().unwrap();
            let from: u64 = asked.query("currentItem").unwrap_or("0").parse().unwrap();
            let id = |at: u64| (at * 37 + before as u64 * 11) % 95 + 1;
            let rows: Vec<_> =
                (from..(from + size).min(95)).map(|at| format!(r#"{{"id":{}}}"#, id(at))).collect();
            ok(format!(r#"{{"total":95,"pageSize":{size},"data":[{}]}}"#, rows.join(",")))
        }
        _ => unknown(),
    });
    let shop = shop(&fake);
    let mut pages = shop.customer_pages(ListQuery::default().with_page_size(10));
    let error = loop {
        match pages.try_next().await {
            Ok(page) => assert!(page.is_some(), "a list in no order was taken for whole"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Backoff));
    // A count without rows.
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/customers" => ok(r#"{"total":95,"pageSize":100}"#),
        _ => unknown(),
    });
    assert!(common::shop(&fake).list_customers(&ListQuery::default()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn removed_ids_are_told_once_and_never_of_what_lives() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/customers" => {
            let from: u64 = asked.query("currentItem").unwrap_or("0").parse().unwrap();
            let rows: Vec<_> =
                (from..(from + 2).min(5)).map(|at| format!(r#"{{"id":{}}}"#, at + 1)).collect();
            ok(format!(r#"{{"total":5,"pageSize":2,"removeId":[1,5,90],"data":[{}]}}"#, rows.join(",")))
        }
        _ => unknown(),
    });
    let shop = shop(&fake);
    let mut pages = shop.customer_pages(ListQuery::default().with_page_size(2).with_removed());
    let mut told = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        told.push(page.removed.join(","));
    }
    // 1 lives on the first page; 5 lives on a later one, after its removal was told.
    assert_eq!(told, ["5,90", "", "", ""]);
}

#[tokio::test(start_paused = true)]
async fn the_vendors_clock_is_learned_from_its_answers() {
    use pos_core::Clock;
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/settings" => {
            Reply::With(200, "date", "Wed, 13 May 2026 05:00:00 GMT".into(), text("settings.json"))
        }
        "/orders" => Reply::With(
            200,
            "date",
            "Wed, 13 May 2026 05:00:00 GMT".into(),
            r#"{"total":0,"pageSize":100}"#.into(),
        ),
        _ => unknown(),
    });
    let ours = datetime!(2026-05-13 4:00 UTC);
    let shop = builder()
        .connection(Connection { clock: Clock::new(move || ours), ..fake.connection() })
        .build()
        .unwrap();
    assert_eq!(shop.skew(), None);
    shop.client().get_settings().await.unwrap();
    assert_eq!(shop.skew(), Some(time::Duration::HOUR));
    assert!(shop.pacer().is_some());
    let mut push = pos_core::connector::OrderPush {
        reference: "O-1".into(),
        branch_id: Some("71001".into()),
        ..pos_core::connector::OrderPush::default()
    };
    let line = pos_core::connector::PushLine {
        product_id: Some("1".into()),
        ..pos_core::connector::PushLine::default()
    };
    push.lines = vec![line];
    assert!(shop.push_order(&push).await.is_err(), "nobody takes orders here");
    // A day before the vendor's noon in Viet Nam.
    assert_eq!(fake.last("GET /orders").query("createdDate"), Some("2026-05-12T12:00:00"));
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_anything_is_sent() {
    for (wrong, what) in [
        (builder().retailer(" "), "retailer"),
        (builder().retailer("cửa hàng"), "retailer"),
        (builder().client_id(""), "client_id"),
        (builder().client_secret("\t"), "client_secret"),
        (builder().connection(Connection::to("kiotviet")), "base_url"),
        (builder().connection(Connection::to("http://public.kiotapi.com")), "base_url"),
        (builder().token_url("ftp://127.0.0.1"), "token_url"),
        (builder().token_url("https://id.kiotviet.vn/connect/token?x=1"), "token_url"),
        (
            builder().connection(Connection { custom_fields: vec!["a..b".into()], ..Connection::default() }),
            "custom field",
        ),
    ] {
        let error = wrong.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(what), "{error}");
    }
    let shown = format!("{:?} {:?}", builder(), builder().build().unwrap());
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
    assert!(KiotViet::builder().fnb().retailer("a").client_id("b").client_secret("c").build().is_ok());
}

#[tokio::test(start_paused = true)]
async fn every_stream_that_is_promised_is_asked_for() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/connect/token" => unknown(),
        _ => ok(r#"{"total":0,"pageSize":100}"#),
    });
    let shop = shop(&fake);
    for (stream, _) in shop.capabilities().streams {
        assert!(shop.list(stream, &ListQuery::default()).await.unwrap().next.is_none());
    }
    let lines = fake.lines();
    assert_eq!(
        lines,
        ["branches", "users", "categories", "products", "customers", "orders", "invoices", "returns"]
            .map(|p| format!("GET /{p}"))
    );
    assert_eq!(shop.capabilities().stream(Stream::Returns).lag_seconds, 300);
}

#[tokio::test(start_paused = true)]
async fn bulk_writes_try_both_spellings() {
    let fake = vendor(|asked, _| match asked.line().as_str() {
        "POST /listaddcustomers" => Reply::Answer(404, "{}".into()),
        "POST /listaddcutomers" => ok(r#"{"message":"xong"}"#),
        _ => unknown(),
    });
    shop(&fake).client().create_customers(&[Default::default()]).await.unwrap();
    assert_eq!(fake.last("POST /listaddcutomers").body, r#"{"listCustomers":[{}]}"#);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_is_cancelled_by_a_body_and_codes_are_percent_encoded() {
    let fake = vendor(|asked, _| match asked.line().as_str() {
        "DELETE /invoices" => ok(r#"{"id":7,"status":2}"#),
        "GET /products/code/SP%2F1%20%C3%A1" => ok(r#"{"id":8}"#),
        _ => unknown(),
    });
    let shop = shop(&fake);
    assert_eq!(shop.client().cancel_invoice(7, true).await.unwrap().status, Some(2));
    assert_eq!(fake.last("DELETE /invoices").body, r#"{"id":7,"isVoidPayment":true}"#);
    assert_eq!(shop.client().get_product_by_code("SP/1 á").await.unwrap().id, 8);
}

#[tokio::test(start_paused = true)]
async fn a_phone_is_found_however_it_is_written_and_never_by_chance() {
    let fake = vendor(|asked, _| match (asked.path.as_str(), asked.query("contactNumber")) {
        ("/customers", Some("0935000777")) => {
            ok(r#"{"total":2,"data":[{"id":1,"contactNumber":"0935000777123"},{"id":2,"name":"An"}]}"#)
        }
        ("/customers", Some("935000777")) => ok(
            r#"{"total":2,"data":[{"id":3,"contactNumber":"0912000123"},{"id":4,"subNumber":"+84 935 000 777"}]}"#,
        ),
        ("/customers", Some("0912000123")) => ok(r#"{"total":1,"data":[{"id":9,"name":"hidden number"}]}"#),
        ("/customers", Some("912000123")) => ok(r#"{"total":0,"pageSize":100}"#),
        // Both writings are in use; of hidden numbers nothing tells which.
        ("/customers", Some("0901234567")) => {
            ok(r#"{"total":2,"data":[{"id":5,"contactNumber":"090 123 4567"},{"id":6}]}"#)
        }
        ("/customers", Some("901234567")) => ok(
            r#"{"total":2,"data":[{"id":5,"contactNumber":"090 123 4567"},{"id":7,"contactNumber":"+84 901 234 567"}]}"#,
        ),
        ("/customers", Some("0901234568")) => {
            ok(r#"{"total":3,"data":[{"id":10},{"id":11},{"id":12,"contactNumber":"0901234568123"}]}"#)
        }
        ("/customers", Some("901234568")) => ok(r#"{"total":2,"data":[{"id":10},{"id":13}]}"#),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let ids = |found: Vec<pos_kiotviet::model::Customer>| found.iter().map(|c| c.id).collect::<Vec<_>>();
    assert_eq!(ids(shop.client().find_customers_by_phone("+84935000777").await.unwrap()), [4]);
    assert_eq!(ids(shop.client().find_customers_by_phone("0912 000 123").await.unwrap()), [9]);
    assert_eq!(ids(shop.client().find_customers_by_phone("0901234567").await.unwrap()), [5, 7]);
    assert_eq!(ids(shop.client().find_customers_by_phone("0901234568").await.unwrap()), [10, 11, 13]);
    assert_eq!(shop.client().find_customers_by_phone("Lan").await.unwrap_err().kind(), ErrorKind::Config);
}

/// A vendor that keeps webhooks, two of which are not by us.
fn hook_keeper() -> std::sync::Arc<Fake> {
    use serde_json::{Value, json};
    let hooks = std::sync::Mutex::new(vec![
        json!({"id": 1, "type": "product.update", "url": "https://other.example/hook", "isActive": true}),
        json!({"id": 2, "type": "customer.update", "isActive": true, "description": "CRM sync customer.update",
            "url": "https://crm.example.com/hooks/kiotviet/9f2c?eventType=customer.update"}),
    ]);
    vendor(move |asked, _| {
        let mut hooks = hooks.lock().unwrap();
        match asked.line().as_str() {
            "GET /webhooks" => ok(json!({"total": hooks.len(), "pageSize": 20, "data": *hooks}).to_string()),
            "POST /webhooks" => {
                let sent = asked.json();
                let id = hooks.iter().filter_map(|hook| hook["id"].as_i64()).max().unwrap_or(0) + 1;
                // The secret is never sent back.
                let made = json!({"id": id, "type": sent["Webhook"]["Type"], "url": sent["Webhook"]["Url"],
                    "isActive": sent["Webhook"]["IsActive"], "description": sent["Webhook"]["Description"]});
                hooks.push(made.clone());
                ok(made.to_string())
            }
            "POST /switch-off" => {
                hooks.iter_mut().for_each(|hook| hook["isActive"] = Value::Bool(false));
                ok("")
            }
            line => match line.strip_prefix("DELETE /webhooks/") {
                Some(id) => {
                    hooks.retain(|hook| hook["id"].as_i64() != id.parse().ok());
                    ok("")
                }
                None => unknown(),
            },
        }
    })
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_registered_and_those_of_others_left_alone() {
    let fake = hook_keeper();
    let plan = HookPlan::new("https://crm.example.com/hooks/kiotviet/9f2c", "test-secret-f4f1")
        .unwrap()
        .with_topics(["customer.update", "order.update", "product.update"]);
    let health = shop(&fake).webhook_health(&plan).await.unwrap();
    assert_eq!(fake.lines(), ["GET /webhooks"]);
    let report = shop(&fake).register_webhooks(&plan).await.unwrap();
    // Nobody knows which secret the webhook that was there has.
    assert_eq!((&report.kept.len(), &report.outdated[..]), (&0, &["customer.update".to_owned()][..]));
    assert_eq!(report.missing, ["order.update", "product.update"]);
    assert_eq!(report.foreign.iter().map(|hook| hook.id.as_str()).collect::<Vec<_>>(), ["1"]);
    assert_eq!(health, report);
    assert_eq!(
        fake.lines()[1..],
        ["GET /webhooks", "DELETE /webhooks/2", "POST /webhooks", "POST /webhooks", "POST /webhooks"]
    );
    let sent = fake.last("POST /webhooks").json();
    assert_eq!(sent["Webhook"]["Type"], "product.update");
    assert_eq!(sent["Webhook"]["Secret"], "dGVzdC1zZWNyZXQtZjRmMQ==");
    assert_eq!(
        sent["Webhook"]["Url"],
        "https://crm.example.com/hooks/kiotviet/9f2c?eventType=product.update"
    );
    let note = sent["Webhook"]["Description"].as_str().unwrap();
    assert!(note.starts_with("CRM sync product.update ") && !note.contains("test-secret"), "{note}");
    let expected: serde_json::Value =
        serde_json::from_slice(&fixture("webhook_register_request.json")).unwrap();
    let ours = serde_json::to_value(pos_kiotviet::model::HookWrite::new(
        "customer.update",
        "https://crm.example.com/hooks/kiotviet/9f2c?eventType=customer.update",
        plan.secret.clone(),
    ));
    assert_eq!(ours.unwrap(), expected);
    let asked = fake.lines().len();
    let short = HookPlan::new("https://crm.example.com", "short").unwrap();
    assert_eq!(shop(&fake).register_webhooks(&short).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(fake.lines().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_revived_and_follow_the_secret() {
    let fake = hook_keeper();
    let shop = shop(&fake);
    let plan = |secret: &str| {
        HookPlan::new("https://crm.example.com/hooks/kiotviet/9f2c", secret)
            .unwrap()
            .with_topics(["order.update"])
    };
    let written = || fake.lines().iter().filter(|line| !line.starts_with("GET")).count();
    assert_eq!(shop.register_webhooks(&plan("test-secret-one")).await.unwrap().missing, ["order.update"]);
    let report = shop.register_webhooks(&plan("test-secret-one")).await.unwrap();
    assert_eq!((&report.kept[..], written()), (&["order.update".to_owned()][..], 1));
    let report = shop.register_webhooks(&plan("test-secret-two")).await.unwrap();
    assert_eq!((&report.outdated[..], written()), (&["order.update".to_owned()][..], 3));
    let sent = fake.last("POST /webhooks").json();
    assert_eq!(sent["Webhook"]["Secret"], "dGVzdC1zZWNyZXQtdHdv");
    assert_eq!(shop.register_webhooks(&plan("test-secret-two")).await.unwrap().kept, ["order.update"]);
    // The vendor switches it off.
    let off = pos_core::http::Request::new(
        http::Method::POST,
        "https://public.kiotapi.com/switch-off".parse().unwrap(),
    );
    pos_core::http::Transport::send(&*fake, off, 1).await.unwrap();
    let report = shop.register_webhooks(&plan("test-secret-two")).await.unwrap();
    assert_eq!(report.dropped, ["order.update"]);
    assert_eq!(shop.register_webhooks(&plan("test-secret-two")).await.unwrap().kept, ["order.update"]);
}

#[tokio::test(start_paused = true)]
async fn other_lists_are_typed() {
    let fake = vendor(|asked, _| match asked.path.as_str() {
        "/customers/group" => ok(text("customer_groups.json")),
        "/salechannel" => ok(text("sale_channels_page.json")),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let groups = shop.client().list_customer_groups().await.unwrap().data;
    assert_eq!(groups[0].customer_group_details[0].customer_id, Some(1_030_450_011));
    let channels = shop.client().list_sale_channels(&ListParams::default()).await.unwrap().data;
    assert_eq!(channels[1].name.as_deref(), Some("Shopee"));
}
