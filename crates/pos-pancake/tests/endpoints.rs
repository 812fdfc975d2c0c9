//! What is asked of the vendor: path, query, headers, body, pauses.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::{Fake, KEY, Reply, SHOP, builder, fixture, ok, shop, through};
use mockito::Matcher;
use pos_core::connector::{CustomerPush, ListQuery, OrderPush, PushLine, PushOutcome};
use pos_core::http::{Request, Response, RetryPolicy, Transport, TransportError};
use pos_core::kit::Connection;
use pos_core::record::{Address, DocumentKind, Gender, Money, PlaceCodes, Quantity};
use pos_core::{Connector, ErrorKind, HookPlan, Secret};
use pos_pancake::client::ListParams;
use pos_pancake::model::OrderWrite;
use pos_pancake::{AccessTokenHeader, CustomerShape, Pancake};
use serde_json::{Value, json};
use time::macros::{date, datetime};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn pairs(asked: &common::Asked) -> Vec<(&str, &str)> {
    asked
        .query
        .iter()
        .filter(|(name, _)| name != "api_key")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[tokio::test]
async fn a_list_of_customers_is_asked_for_as_documented() {
    let mut server = mockito::Server::new_async().await;
    let mock = server
        .mock("GET", "/api/v1/shops/880012345/customers")
        .match_query(Matcher::AllOf(vec![
            Matcher::UrlEncoded("api_key".into(), KEY.into()),
            Matcher::UrlEncoded("page_number".into(), "1".into()),
            Matcher::UrlEncoded("page_size".into(), "50".into()),
            Matcher::UrlEncoded("start_time_updated_at".into(), "1783728000".into()),
            Matcher::UrlEncoded("end_time_updated_at".into(), "1783825870".into()),
        ]))
        .match_header("accept", "application/json")
        .match_header("authorization", Matcher::Missing)
        .with_body(text("customers_page1.json"))
        .create_async()
        .await;
    let shop = builder().connection(Connection::to(format!("{}/api/v1/", server.url()))).build().unwrap();
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-07-11 0:00:00.7 UTC))
        .with_modified_to(datetime!(2026-07-12 3:11:09.2 UTC))
        .with_page_size(50);
    let page = shop.list_customers(&query).await.unwrap();
    mock.assert_async().await;
    // What changed after the asked instant is left to the next window.
    assert_eq!((page.records.len(), page.total), (1, Some(3)));
    assert!(page.next.is_some());
    assert!(!format!("{shop:?} {:?}", page.next).contains(KEY));
}

#[tokio::test]
async fn orders_are_read_by_time_and_in_two_passes() {
    let fake = Fake::new(|asked, _| {
        let wanted = asked.query("filter_status[]").is_some();
        let below = asked.query("endDateTime") != Some("1785456000");
        match (wanted, below) {
            (true, _) => {
                ok(text("orders_last_page.json").replace(r#""total_entries":3"#, r#""total_entries":1"#))
            }
            (false, false) => ok(text("orders_page1.json")),
            // The older of the two again, and the third.
            (false, true) => {
                let mut page: Value = serde_json::from_slice(&fixture("orders_page1.json")).unwrap();
                let mut third = page["data"][1].clone();
                third["id"] = 1399.into();
                third["system_id"] = 1399.into();
                third["updated_at"] = "2026-07-11T00:00:00".into();
                page["data"] = json!([page["data"][1], third]);
                page["total_entries"] = 2.into();
                ok(page.to_string())
            }
        }
    });
    let shop = shop(&fake);
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-07-01 0:00 UTC))
        .with_modified_to(datetime!(2026-07-31 0:00 UTC))
        .with_removed();
    let first = shop.list_documents(DocumentKind::Order, &query).await.unwrap();
    assert_eq!((first.records.len(), first.total), (2, Some(3)));
    assert_eq!(
        pairs(&fake.asked()[0]),
        [
            ("page_number", "1"),
            ("page_size", "100"),
            ("updateStatus", "updated_at"),
            ("startDateTime", "1782864000"),
            ("endDateTime", "1785456000"),
            ("option_sort", "last_updated_order_desc"),
            ("extra_fields[]", "custom_id"),
        ]
    );
    // From the second of the last row on, and that row is known.
    let second =
        shop.list_documents(DocumentKind::Order, &query.clone().with_cursor(first.next)).await.unwrap();
    let older = first.records[1].updated_at.unwrap();
    let next = (older.unix_timestamp() + i64::from(older.nanosecond() > 0)).to_string();
    assert_eq!(fake.asked()[1].query("endDateTime"), Some(next.as_str()));
    assert_eq!(second.records.iter().map(|order| order.id.as_str()).collect::<Vec<_>>(), ["1399"]);
    let third = shop.list_documents(DocumentKind::Order, &query.clone().with_cursor(second.next)).await;
    let third = third.unwrap();
    let all = fake.asked();
    let statuses: Vec<_> =
        pairs(&all[2]).into_iter().filter(|(name, _)| name.starts_with("filter")).collect();
    assert_eq!(statuses, [("filter_status[]", "6"), ("filter_status[]", "7")]);
    assert_eq!(fake.asked()[2].query("include_removed"), Some("1"));
    assert_eq!((third.records.len(), third.next), (1, None));
    // A cursor of other bounds is refused.
    let other = ListQuery::default()
        .with_cursor(shop.list_documents(DocumentKind::Order, &query).await.unwrap().next);
    let error = shop.list_documents(DocumentKind::Order, &other).await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Config, 4));
    // One of an earlier release starts again.
    let old = pos_core::Cursor::from("pancake/orders/1:{\"s\":{\"f\":1,\"t\":2,\"n\":1}}".to_owned());
    let again =
        shop.list_documents(DocumentKind::Order, &query.clone().with_cursor(Some(old))).await.unwrap();
    assert_eq!(again.records.len(), 2);
}

#[tokio::test]
async fn a_window_is_fixed_on_the_vendors_clock() {
    // Both passes find nothing.
    for (hours, requests) in [(1, 3), (-1, 3), (0, 2)] {
        let vendors = datetime!(2026-07-12 10:00 UTC);
        let fake = Fake::new(|_, _| {
            Reply::With(200, "date", "Sun, 12 Jul 2026 10:00:00 GMT".into(), text("orders_empty.json"))
        });
        let clock = pos_core::Clock::new(move || vendors + time::Duration::hours(hours));
        let shop = builder().connection(Connection { clock, ..through(fake.clone()) }).build().unwrap();
        let query = ListQuery::default().with_modified_from(datetime!(2026-07-11 0:00 UTC));
        shop.list_documents(DocumentKind::Order, &query).await.unwrap();
        let asked = fake.asked();
        assert_eq!(asked.len(), requests, "{hours}");
        assert_eq!(asked.last().unwrap().query("endDateTime"), Some("1783850401"), "{hours}");
        assert_eq!(shop.skew(), Some(time::Duration::hours(-hours)));
    }
}

#[tokio::test]
async fn customers_whom_no_window_shows_are_read_page_by_page() {
    // The third has no time of change.
    let fake = Fake::new(|asked, _| {
        let start = asked.query("start_time_updated_at");
        if start.is_some_and(|start| start != "946684800") {
            return ok(text("orders_empty.json"));
        }
        let is_window = start.is_some();
        let mut page: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
        if !is_window {
            let last: Value = serde_json::from_slice(&fixture("customers_last_page.json")).unwrap();
            let mut third = last["data"][0].clone();
            third["updated_at"] = Value::Null;
            page["data"].as_array_mut().unwrap().push(third);
        }
        let rows = page["data"].as_array().unwrap().len();
        (page["total_entries"], page["total_pages"]) = (rows.into(), 1.into());
        ok(page.to_string())
    });
    let shop = shop(&fake);
    let mut seen = std::collections::BTreeSet::new();
    let mut query = ListQuery::default();
    loop {
        let page = shop.list_customers(&query).await.unwrap();
        seen.extend(page.records.into_iter().map(|record| record.id));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_vendor_that_does_not_look_at_the_window_is_read_page_by_page() {
    let fake = Fake::new(|asked, _| {
        let is_orders = asked.path.ends_with("/orders");
        let is_second = asked.query("page_number") == Some("2");
        ok(text(match (is_orders, is_second) {
            (true, false) => "orders_page1.json",
            (true, true) => "orders_last_page.json",
            (false, false) => "customers_page1.json",
            (false, true) => "customers_last_page.json",
        }))
    });
    let shop = shop(&fake);
    for stream in [pos_core::Stream::Customers, pos_core::Stream::Orders] {
        let query = ListQuery::default().with_modified_from(datetime!(2026-07-01 0:00 UTC));
        let mut seen = std::collections::BTreeSet::new();
        let mut pages = pos_core::ConnectorExt::pages(&shop, stream, query);
        while let Some(page) = pages.try_next().await.unwrap() {
            seen.extend(page.records.iter().map(|record| record.id().to_owned()));
        }
        assert_eq!(seen.len(), 3, "{stream}: {seen:?}");
    }
}

#[tokio::test]
async fn another_object_than_was_asked_for_is_never_taken_for_it() {
    let fake = Fake::new(|asked, _| match asked.path.rsplit('/').next().unwrap() {
        "orders" | "variations" => ok(text("orders_empty.json")),
        _ if asked.path.contains("/orders/") => ok(text("order_detail.json")),
        _ if asked.path.contains("/products/") => ok(text("product_detail.json")),
        _ => {
            let page: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
            ok(json!({"data": page["data"][1], "success": true}).to_string())
        }
    });
    let shop = shop(&fake);
    for error in [
        shop.get_document(DocumentKind::Order, "99").await.unwrap_err(),
        shop.get_document(DocumentKind::Order, "WEB-1").await.unwrap_err(),
        shop.get_customer("3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b01").await.unwrap_err(),
        shop.get_product("0d2c7b31-58a1-4b55-9f58-3f3e5f7a9c99").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
    // Either id of a customer is its name, and so are the texts of an order.
    let bao = shop.get_customer("e5b1d9a4-1c7d-4a3e-b1c2-5c7b3a9d0f02").await.unwrap();
    assert_eq!(bao.id, "3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b02");
    let fake = Fake::new(|_, _| ok(text("order_created.json")));
    for name in ["CRM-551", "1403"] {
        let order = common::shop(&fake).get_document(DocumentKind::Order, name).await.unwrap();
        assert_eq!((order.id.as_str(), &order.aliases[..]), ("1403", &["CRM-551".to_owned()][..]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateways_refusal_makes_nothing_missing() {
    for status in [400, 401, 403, 404, 410] {
        for body in ["", "{}", "<html>404</html>", r#"{"message":"no Route matched with those values"}"#] {
            let fake = Fake::new(move |asked, _| match asked.path.as_str() {
                "/api/v1/shops/880012345/customers" if status != 400 => ok(text("customers_page1.json")),
                _ => Reply::Answer(status, body.into()),
            });
            let shop = shop(&fake);
            for error in [
                shop.get_customer("c").await.unwrap_err(),
                shop.get_document(DocumentKind::Order, "99").await.unwrap_err(),
                shop.get_product("p").await.unwrap_err(),
            ] {
                assert_ne!(error.kind(), ErrorKind::NotFound, "{status} {body}: {error}");
            }
        }
    }
    // An empty object or a web page with 200 is no answer, and may be another one in a moment.
    for body in ["{}", "", "<html></html>", "[]"] {
        let fake = Fake::new(move |_, _| ok(body));
        let shop = shop(&fake);
        for error in [
            shop.get_customer("c").await.unwrap_err(),
            shop.list_customers(&ListQuery::default()).await.unwrap_err(),
            shop.client().create_customer_note("c", "x").await.unwrap_err(),
        ] {
            assert!(
                matches!(error.kind(), ErrorKind::Decode | ErrorKind::Unavailable)
                    && error.retry() == pos_core::Retry::Backoff,
                "{body}: {error:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_moment_makes_nobody_missing() {
    // 500 at every read by key for a while, and lists that answer.
    let fake = Fake::new(|asked, before| match asked.path.ends_with("/customers") {
        true => ok(text("customers_page1.json")),
        false if before < 3 => Reply::Answer(500, "oops".into()),
        false => {
            let page: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
            ok(json!({"data": page["data"][1], "success": true}).to_string())
        }
    });
    let id = "3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b02";
    assert_eq!(shop(&fake).get_customer(id).await.unwrap().id, id);
}

#[tokio::test]
async fn the_key_goes_into_a_header_only_when_it_is_asked_for() {
    let fake = Fake::new(|asked, _| match asked.headers.get("authorization") {
        None => Reply::Answer(200, text("error_auth.json")),
        Some(_) => ok(text("shops.json")),
    });
    let shops = builder().connection(through(fake.clone())).shops().await.unwrap();
    assert_eq!(shops[0].key(), Some(SHOP));
    let asked = fake.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (2, "/api/v1/shops"));
    assert_eq!(asked[1].headers["authorization"], format!("Bearer {KEY}"));
    assert!(asked.iter().all(|asked| {
        asked.query.iter().filter(|(name, value)| name == "api_key" && value == KEY).count() == 1
    }));

    let never = builder()
        .connection(through(fake.clone()))
        .access_token_header(AccessTokenHeader::Never)
        .build()
        .unwrap();
    let error = never.client().list_shops().await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Auth, 3));
    let always = builder()
        .connection(through(fake.clone()))
        .access_token_header(AccessTokenHeader::Always)
        .build()
        .unwrap();
    always.client().list_shops().await.unwrap();
    assert_eq!(fake.asked().len(), 4);
}

#[tokio::test]
async fn whatever_goes_wrong_no_key_is_shown() {
    let echo = format!(
        r#"{{"success":false,"message":"bad request GET /shops?api_key={KEY}, by 01234567-89ab-cdef-0123-456789abcdef"}}"#
    );
    let fake = Fake::new(move |_, _| Reply::Answer(422, echo.clone()));
    let error = shop(&fake).client().list_shops().await.unwrap_err();
    let message = error.vendor_message().unwrap();
    assert!(message.contains("bad request"), "{message}");
    for shown in [message.to_owned(), format!("{error} {error:?}")] {
        assert!(!shown.contains(KEY) && !shown.contains("01234567-89ab-cdef-0123-456789abcdef"), "{shown}");
    }
    // A real connection that fails: its error knows the address, and must not tell.
    let dead = builder().connection(Connection {
        retry: Some(RetryPolicy { attempts: 1, ..RetryPolicy::default() }),
        ..Connection::to("http://127.0.0.1:9/api/v1")
    });
    let shown = format!("{dead:?}");
    let dead = dead.build().unwrap();
    let error = dead.check().await.unwrap_err();
    let mut texts = vec![shown, format!("{dead:?} {error} {error:?}")];
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        texts.push(format!("{inner} {inner:?}"));
        source = inner.source();
    }
    assert!(texts.iter().all(|text| !text.contains(KEY) && !text.contains("api_key")), "{texts:?}");
}

/// A vendor whose first host cannot be reached.
#[derive(Debug)]
struct FirstHostDown(Arc<Fake>);

#[async_trait]
impl Transport for FirstHostDown {
    async fn send(&self, request: Request, max_body: usize) -> Result<Response, TransportError> {
        if request.url.host_str() == Some("pos.pages.fm") {
            return Err(TransportError::new("no connection to the vendor", true, false));
        }
        assert_eq!(request.url.host_str(), Some("pos.pancake.vn"));
        self.0.send(request, max_body).await
    }
}

#[tokio::test]
async fn the_second_host_gets_what_could_not_be_sent_to_the_first() {
    let fake = Fake::new(|_, _| ok(text("shop.json")));
    let shop = builder().connection(through(Arc::new(FirstHostDown(fake.clone())))).build().unwrap();
    let read = shop.client().get_shop().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("Cửa hàng Mẫu"));
    assert_eq!(fake.lines(), ["GET /api/v1/shops/880012345"]);
    assert_eq!(fake.asked()[0].query("api_key"), Some(KEY));
    // An answer that was lost may have been carried out: no second host for that.
    let lossy = Fake::new(|_, _| Reply::Broken);
    let shop = common::shop(&lossy);
    let error = shop.client().create_order(&OrderWrite::default()).await.unwrap_err();
    assert_eq!((error.kind(), lossy.asked().len()), (ErrorKind::Unavailable, 1));
}

#[tokio::test(start_paused = true)]
async fn reads_are_repeated_with_pauses_and_writes_are_not() {
    let fake = Fake::new(|asked, before| match (asked.method.as_str(), before) {
        ("GET", 0..2) => Reply::Answer(500, "oops".into()),
        ("GET", _) => ok(text("warehouses.json")),
        _ => Reply::Answer(500, String::new()),
    });
    let shop = shop(&fake);
    let page = shop.list_branches(&ListQuery::default()).await.unwrap();
    assert_eq!((page.records.len(), page.total, page.next), (2, Some(2), None));
    let asked = fake.asked();
    assert_eq!(asked.len(), 3);
    let waits = [asked[1].at - asked[0].at, asked[2].at - asked[1].at];
    assert!(waits[0] >= Duration::from_millis(1500) && waits[0] <= Duration::from_secs(3), "{waits:?}");
    assert!(waits[1] >= Duration::from_secs(3) && waits[1] <= Duration::from_secs(6), "{waits:?}");
    for error in [
        shop.client().create_order(&OrderWrite::default()).await.unwrap_err(),
        shop.client().update_customer("c", &Default::default()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert_eq!(fake.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn two_requests_a_second_are_never_exceeded() {
    let fake = Fake::new(|_, _| ok(text("shops.json")));
    let shop = builder().connection(fake.connection()).build().unwrap();
    for _ in 0..5 {
        shop.client().list_shops().await.unwrap();
    }
    let asked = fake.asked();
    assert!(asked.windows(2).all(|pair| pair[1].at - pair[0].at >= Duration::from_millis(500)));
}

#[tokio::test]
async fn arrays_are_bracketed_repeats() {
    let fake = Fake::new(|_, _| ok(text("orders_empty.json")));
    let params =
        ListParams::default().with_array("filter_status[]", ["1", "2"]).with_filter("include_removed", "1");
    assert!(shop(&fake).client().list_orders(&params).await.unwrap().data.is_empty());
    assert_eq!(
        pairs(&fake.asked()[0]),
        [("filter_status[]", "1"), ("filter_status[]", "2"), ("include_removed", "1")]
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_id_is_not_found_whether_the_vendor_says_400_or_500() {
    for status in [400, 500] {
        let fake = Fake::new(move |asked, _| match asked.path.as_str() {
            "/api/v1/shops/880012345/customers" => ok(text("customers_page1.json")),
            "/api/v1/shops/880012345/orders" => ok(text("orders_empty.json")),
            "/api/v1/shops/880012345/products" => ok(text("products_page1.json")),
            "/api/v1/shops/880012345/products/variations" => ok(text("orders_empty.json")),
            _ => Reply::Answer(status, r#"{"message":"oops","success":false}"#.into()),
        });
        let shop = shop(&fake);
        for error in [
            shop.get_customer("nobody").await.unwrap_err(),
            shop.get_document(DocumentKind::Order, "99").await.unwrap_err(),
            shop.get_product("nothing").await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{status}: {error}");
        }
        // Nothing but a key may go into a path.
        let before = fake.asked().len();
        for id in ["", " ", ".", ".."] {
            assert_eq!(shop.get_customer(id).await.unwrap_err().kind(), ErrorKind::NotFound);
        }
        assert_eq!(fake.asked().len(), before);
        shop.get_customer("a/b?c").await.unwrap_err();
        assert!(fake.asked()[before].path.ends_with("/customers/a%2Fb%3Fc"));
    }
    // While everything fails, nobody is declared missing.
    let down = Fake::new(|_, _| Reply::Answer(500, String::new()));
    assert_eq!(shop(&down).get_customer("c").await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_variation_leads_to_its_product() {
    let variation = "9f7e1b20-4c33-4f90-8a7d-1d9b7c3e5a01";
    let fake = Fake::new(move |asked, _| match asked.path.rsplit('/').next().unwrap() {
        "variations" => ok(text("product_variations_page1.json")),
        "0d2c7b31-58a1-4b55-9f58-3f3e5f7a9c01" => ok(text("product_detail.json")),
        _ => Reply::Answer(400, r#"{"success":false}"#.into()),
    });
    let product = shop(&fake).get_product(variation).await.unwrap();
    assert_eq!(product.id, "0d2c7b31-58a1-4b55-9f58-3f3e5f7a9c01");
    assert_eq!(
        pairs(&fake.asked()[1]),
        [("page_number", "1"), ("page_size", "10"), ("variation_ids[]", variation)]
    );
}

fn customer_push() -> CustomerPush {
    CustomerPush {
        reference: "7".into(),
        name: Some("Lý Quốc Bảo".into()),
        phones: vec!["0987650022".into()],
        email: Some("bao.ly@example.test".into()),
        gender: Some(Gender::Male),
        birth_date: Some(date!(1990 - 01 - 31)),
        ..CustomerPush::default()
    }
}

#[tokio::test]
async fn a_new_customer_is_searched_for_in_every_spelling_and_then_written() {
    let none = r#"{"data":[],"success":true,"total_pages":0}"#;
    for shape in [CustomerShape::Wrapped, CustomerShape::Flat] {
        let fake = Fake::new(move |asked, before| match (asked.method.as_str(), before) {
            ("GET", 0..4) if asked.path.ends_with("/customers") => ok(none),
            ("GET", _) if asked.path.ends_with("/customers") => ok(text("customers_page1.json")),
            ("GET", _) => {
                let page: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
                ok(json!({"data": page["data"][1], "success": true}).to_string())
            }
            _ => ok(r#"{"success":true}"#),
        });
        let shop = builder().connection(through(fake.clone())).customer_shape(shape).build().unwrap();
        let pushed = shop.push_customer(&customer_push()).await.unwrap();
        assert_eq!(
            (pushed.id.as_str(), pushed.outcome),
            ("3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b02", PushOutcome::Created)
        );
        let asked = fake.asked();
        let searched: Vec<&str> = asked.iter().filter_map(|asked| asked.query("search")).collect();
        let spellings = ["0987650022", "84987650022", "+84987650022"];
        assert_eq!(searched[..3], spellings);
        assert_eq!((searched[3], &searched[4..]), ("bao.ly@example.test", &spellings[..]));
        let sample = match shape {
            CustomerShape::Flat => "customer_create_request_a.json",
            _ => "customer_create_request_b.json",
        };
        let expected: Value = serde_json::from_slice(&fixture(sample)).unwrap();
        assert_eq!(asked[4].line(), "POST /api/v1/shops/880012345/customers");
        assert_eq!(asked[4].headers["content-type"], "application/json");
        assert_eq!(asked[4].json(), expected);
        // What the vendor did not keep is written again, as a change.
        let change = fake.last("PUT /api/v1/shops/880012345/customers/3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b02");
        assert_eq!(
            change.json(),
            json!({"customer": {"emails": ["bao.ly@example.test"], "gender": "male", "date_of_birth": "1990-01-31"}})
        );
    }
}

const MAI: &str = "3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b01";

/// A vendor with the customers of the sample, by list and by key.
fn customer_vendor(asked: &common::Asked) -> Reply {
    let page: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
    match asked.method.as_str() {
        "GET" if asked.path.ends_with("/customers") => ok(page.to_string()),
        "GET" => ok(json!({"data": page["data"][0], "success": true}).to_string()),
        _ => ok(json!({"success": true, "data": {"id": MAI, "name": "Đỗ Mai"}}).to_string()),
    }
}

fn is_write(asked: &common::Asked) -> bool {
    asked.method != "GET"
}

#[tokio::test]
async fn a_customer_who_is_there_already_is_found_and_not_written_to() {
    let fake = Fake::new(|asked, _| customer_vendor(asked));
    let shop = shop(&fake);
    let mut push = CustomerPush {
        reference: "8".into(),
        name: Some("Tên Khác Hẳn".into()),
        phones: vec!["+84 912 345 001".into()],
        tags: vec!["VIP".into()],
        note: Some("Thích màu đen".into()),
        ..CustomerPush::default()
    };
    let pushed = shop.push_customer(&push).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), (MAI, PushOutcome::Found));
    assert_eq!(pushed.record.unwrap().name.as_deref(), Some("Đỗ Thị Thanh Mai"));
    // By the e-mail address alone.
    push.phones.clear();
    push.email = Some("Mai.Do@example.test".into());
    assert_eq!(shop.push_customer(&push).await.unwrap().id, MAI);
    assert!(!fake.asked().iter().any(is_write));
    // Without a phone nobody is created: there is nothing to find the first one by.
    push.email = Some("other@example.test".into());
    assert_eq!(shop.push_customer(&push).await.unwrap_err().kind(), ErrorKind::Unsupported);
    push.group_ids = vec!["1".into()];
    assert_eq!(shop.push_customer(&push).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(!fake.asked().iter().any(is_write));
}

#[tokio::test]
async fn a_named_customer_is_changed_in_what_differs_and_not_otherwise() {
    let fake = Fake::new(|asked, _| customer_vendor(asked));
    let shop = shop(&fake);
    let mut push = CustomerPush {
        reference: "8".into(),
        vendor_id: Some(MAI.into()),
        name: Some("Đỗ Thị Thanh Mai".into()),
        phones: vec!["+84 912 345 001".into()],
        email: Some("Mai.Do@example.test".into()),
        tags: vec!["Khách quen".into()],
        note: Some("Gọi sau 18h".into()),
        ..CustomerPush::default()
    };
    let address = Address { street: Some("Chỗ ở mới".into()), ..Address::default() };
    push.address = Some(address);
    let pushed = shop.push_customer(&push).await.unwrap();
    assert_eq!((pushed.outcome, fake.asked().len()), (PushOutcome::Found, 1));
    push.tags.push("VIP".into());
    push.phones.push("0987650099".into());
    push.note = Some("Thích màu đen".into());
    let pushed = shop.push_customer(&push).await.unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Updated);
    let writes: Vec<_> = fake.asked().into_iter().filter(is_write).collect();
    // A second address is not made beside the one that is there.
    assert_eq!(
        writes[0].json(),
        json!({"customer": {"phone_numbers": ["0912345001", "0987650099"], "tags": ["Khách quen", "VIP"]}})
    );
    assert!(writes[1].path.ends_with("/create_note"));
    assert_eq!((writes[1].json(), writes.len()), (json!({"message": "Thích màu đen"}), 2));
}

#[tokio::test]
async fn a_number_of_two_customers_is_the_one_whose_name_agrees_or_a_conflict() {
    let fake = Fake::new(|_, _| {
        let mut page: Value = serde_json::from_slice(&fixture("customers_page1.json")).unwrap();
        // The same number in another spelling.
        page["data"][1]["phone_numbers"] = json!(["84912345001"]);
        ok(page.to_string())
    });
    let shop = shop(&fake);
    let mut push =
        CustomerPush { reference: "8".into(), phones: vec!["0912345001".into()], ..CustomerPush::default() };
    for (name, id) in [("đỗ thị  thanh mai", MAI), ("Lý Quốc Bảo", "3a0f7c2e-7b61-4f0c-9d55-6f1f0c9e4b02")]
    {
        push.name = Some(name.into());
        let pushed = shop.push_customer(&push).await.unwrap();
        assert_eq!((pushed.id.as_str(), pushed.outcome), (id, PushOutcome::Found));
    }
    for name in [Some("Tên Khác Hẳn".to_owned()), None] {
        push.name = name;
        let error = shop.push_customer(&push).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let text = error.to_string();
        assert!(text.contains("9e4b01") && text.contains("9e4b02"), "{text}");
        assert!(!text.contains("Mai") && !text.contains("345001"), "{text}");
    }
    assert!(!fake.asked().iter().any(is_write));
}

#[tokio::test]
async fn the_search_for_an_order_of_ours_begins_when_it_was_made() {
    let fake = Fake::new(order_vendor);
    let mut push = order_push();
    push.created_at = Some(datetime!(2026-07-12 9:00 UTC));
    shop(&fake).push_order(&push).await.unwrap();
    let search = &fake.asked()[1];
    assert_eq!(
        (search.query("search"), search.query("startDateTime")),
        (Some("0912345001"), Some("1783843200"))
    );
    assert_eq!(search.query("updateStatus"), Some("inserted_at"));
}

#[tokio::test]
async fn the_shop_that_the_vendor_names_is_the_account() {
    let fake = Fake::new(|asked, _| match asked.path.ends_with("/warehouses") {
        true => ok(text("warehouses.json")),
        false => ok(text("shop.json").replace("880012345", "880099999")),
    });
    let info = shop(&fake).check().await.unwrap();
    assert_eq!(info.account.to_string(), "pancake:880099999");
}

fn order_push() -> OrderPush {
    let mut buyer = CustomerPush {
        name: Some("Đỗ Thị Thanh Mai".into()),
        phones: vec!["0912345001".into()],
        ..CustomerPush::default()
    };
    let mut address = Address { street: Some("Số 8 ngõ 15 phố Mẫu".into()), ..Address::default() };
    address = address
        .with_codes("pancake", PlaceCodes::new(Some("101"), Some("10113"), Some("1011309")))
        .with_codes("haravan", PlaceCodes::new(Some("50"), Some("486"), Some("27259")));
    buyer.address = Some(address);
    let line = PushLine {
        product_id: Some("9f7e1b20-4c33-4f90-8a7d-1d9b7c3e5a01".into()),
        quantity: Quantity::from(2),
        unit_price: Money::from(150_000),
        ..PushLine::default()
    };
    OrderPush {
        reference: "CRM-551".into(),
        branch_id: Some("5b0c2f0e-6f0b-4c5e-9a41-2f6d3f6f1a10".into()),
        buyer: Some(buyer),
        lines: vec![line],
        shipping_fee: Some(Money::from(30_000)),
        ..OrderPush::default()
    }
}

fn order_vendor(asked: &common::Asked, _: usize) -> Reply {
    match (asked.method.as_str(), asked.path.rsplit('/').next().unwrap()) {
        ("GET", "orders") => {
            ok(text("orders_page1.json").replace(r#""total_pages":2"#, r#""total_pages":1"#))
        }
        ("GET", "variations") => ok(text("product_variations_page1.json")),
        ("POST", _) => ok(text("order_created.json")),
        _ => Reply::Answer(400, r#"{"success":false,"message":"Bad request"}"#.into()),
    }
}

#[tokio::test]
async fn a_new_order_is_looked_for_twice_and_written_once() {
    let fake = Fake::new(order_vendor);
    let pushed = shop(&fake).push_order(&order_push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("1403", PushOutcome::Created));
    let lines = fake.lines();
    assert_eq!(
        lines,
        [
            "GET /api/v1/shops/880012345/orders/CRM-551",
            "GET /api/v1/shops/880012345/orders",
            "GET /api/v1/shops/880012345/products/variations",
            "POST /api/v1/shops/880012345/orders",
        ]
    );
    assert_eq!(fake.asked()[1].query("search"), Some("0912345001"));
    let mut expected: Value = serde_json::from_slice(&fixture("order_create_request.json")).unwrap();
    // The sample's own way to leave a mark is another.
    expected["note"] = "[crm:CRM-551]".into();
    for name in ["bill_email", "received_at_shop", "note_print"] {
        expected.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(fake.last("POST /api/v1/shops/880012345/orders").json(), expected);
}

#[tokio::test]
async fn an_order_that_is_there_is_not_written_again() {
    // By its own id, which reads the database.
    let fake = Fake::new(|_, _| ok(text("order_created.json")));
    let pushed = shop(&fake).push_order(&order_push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome, fake.asked().len()), ("1403", PushOutcome::Found, 1));
    // By the mark in its note.
    let fake = Fake::new(|asked, _| match asked.path.ends_with("/orders") {
        true => ok(text("orders_page1.json").replacen("Giao giờ hành chính", "Giao [crm:CRM-551]", 1)),
        false => Reply::Answer(400, r#"{"success":false}"#.into()),
    });
    let pushed = shop(&fake).push_order(&order_push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome, fake.asked().len()), ("1402", PushOutcome::Found, 2));
}

#[tokio::test]
async fn what_an_order_cannot_say_is_refused_before_anything_is_sent() {
    let fake = Fake::new(order_vendor);
    let shop = shop(&fake);
    let refused = |change: fn(&mut OrderPush)| {
        let mut push = order_push();
        change(&mut push);
        push
    };
    for (push, kind) in [
        (refused(|push| push.lines.clear()), ErrorKind::Config),
        (refused(|push| push.reference.clear()), ErrorKind::Config),
        (refused(|push| push.paid = Some(Money::from(1000))), ErrorKind::Unsupported),
        (refused(|push| push.lines[0].quantity = "1.5".parse().unwrap()), ErrorKind::Config),
        (refused(|push| push.lines[0].unit_price = "0.5".parse().unwrap()), ErrorKind::Config),
        (refused(|push| push.lines[0].product_id = None), ErrorKind::Config),
        (refused(|push| push.channel_id = Some("shopee".into())), ErrorKind::Config),
    ] {
        assert_eq!(shop.push_order(&push).await.unwrap_err().kind(), kind);
    }
    assert!(fake.asked().is_empty());
    // A discount that does not go evenly into the pieces is the order's.
    let mut push = order_push();
    push.lines[0].discount = Some(Money::from(10_001));
    push.discount = Some(Money::from(500));
    shop.push_order(&push).await.unwrap();
    let body = fake.last("POST /api/v1/shops/880012345/orders").json();
    assert_eq!(
        (&body["total_discount"], &body["items"][0]["discount_each_product"]),
        (&json!(10_501), &json!(0))
    );
    push.lines[0].discount = Some(Money::from(10_000));
    shop.push_order(&push).await.unwrap();
    let body = fake.last("POST /api/v1/shops/880012345/orders").json();
    assert_eq!(
        (&body["total_discount"], &body["items"][0]["discount_each_product"]),
        (&json!(500), &json!(5_000))
    );
}

#[tokio::test]
async fn a_change_tells_what_did_not_stick() {
    let fake = Fake::new(|_, _| ok(text("order_detail.json")));
    let shop = shop(&fake);
    let order = shop.client().get_order("1402").await.unwrap();
    let mut change = OrderWrite::default();
    change.status = Some(2);
    change.shipping_fee = Some(Money::from(1));
    let changed = shop.client().update_order(&order, &change).await.unwrap();
    assert_eq!(changed.dropped, ["shipping_fee"]);
    assert_eq!(
        fake.last("PUT /api/v1/shops/880012345/orders/1402").json(),
        json!({"status": 2, "shipping_fee": 1})
    );
    // Staff were faster.
    let error = shop.client().change_status("1402", 0, 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let changed = shop.client().change_status("1402", 2, 2).await.unwrap();
    assert!(changed.dropped.is_empty());
}

#[tokio::test]
async fn the_one_webhook_of_a_shop_is_not_taken_without_asking() {
    let plan = || {
        HookPlan::new("https://crm.example.test/hooks/pancake", "test-secret-f4f1")
            .unwrap()
            .with_email("ops@example.test")
            .with_header("x-store-id", "store-42")
    };
    let with = |shown: Value| {
        Fake::new(move |asked, _| {
            let mut body: Value = serde_json::from_slice(&fixture("shop.json")).unwrap();
            if asked.method == "GET" {
                body["shop"].as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
            }
            ok(body.to_string())
        })
    };
    // Somebody else's, and one that cannot be seen.
    for shown in [json!({"webhook_url": "https://other.example.test/", "webhook_enable": true}), json!({})] {
        let fake = with(shown.clone());
        let health = shop(&fake).webhook_health(&plan()).await.unwrap();
        assert_eq!((health.missing.len(), health.foreign.len()), (4, usize::from(shown != json!({}))));
        let error = shop(&fake).register_webhooks(&plan()).await.unwrap_err();
        assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Conflict, 2));
        assert!(error.to_string().contains("one webhook address"), "{error}");
        let report = shop(&fake).register_webhooks(&plan().replacing()).await.unwrap();
        assert_eq!(report.foreign, health.foreign);
        let expected: Value = serde_json::from_slice(&fixture("webhook_register_request.json")).unwrap();
        assert_eq!(fake.last("PUT /api/v1/shops/880012345").json(), expected);
    }
    // Nothing there, and ours.
    for shown in [
        json!({"webhook_url": null, "webhook_enable": false}),
        json!({"webhook_url": "https://crm.example.test/hooks/pancake"}),
    ] {
        let report = shop(&with(shown)).register_webhooks(&plan()).await.unwrap();
        assert!(report.foreign.is_empty() && !report.warnings.is_empty());
    }
    let blank = HookPlan::new("https://x.example/", "").unwrap();
    let fake = with(json!({}));
    assert_eq!(shop(&fake).register_webhooks(&blank).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(fake.asked().len(), 0);
}

#[tokio::test]
async fn a_key_for_another_shop_says_so() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/api/v1/shops" => ok(text("shops.json")),
        _ => Reply::Answer(404, text("error_not_found_404.json")),
    });
    let shop = builder().shop_id("1").connection(through(fake)).build().unwrap();
    let error = shop.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.to_string().contains("not for shop 1; it reaches 880012345"), "{error}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let with = |field: &str| Connection { custom_fields: vec![field.into()], ..Connection::default() };
    let builds = |change: &dyn Fn(pos_pancake::PancakeBuilder) -> pos_pancake::PancakeBuilder| {
        change(builder()).build().map(drop)
    };
    for (name, result) in [
        ("blank key", builds(&|b| b.api_key(Secret::new(" ")))),
        ("no shop", builds(&|b| b.shop_id(""))),
        ("shop name", builds(&|b| b.shop_id("my shop"))),
        ("http", builds(&|b| b.connection(Connection::to("http://example.com/api")))),
        ("no url", builds(&|b| b.connection(Connection::to("pos.pages.fm")))),
        ("query", builds(&|b| b.connection(Connection::to("https://pos.pages.fm/api?x=1")))),
        ("currency", builds(&|b| b.currency("đồng"))),
        ("field", builds(&|b| b.connection(with("a..b")))),
        ("key field", builds(&|b| b.connection(with("user.api_key")))),
        ("editor", builds(&|b| b.connection(with("histories.0.editor_id")))),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Config, "{name}");
    }
    let shop = Pancake::builder().api_key(KEY).shop_id(SHOP).connection(with("fb_id")).build().unwrap();
    assert_eq!(
        (shop.account().to_string().as_str(), shop.custom_fields()),
        ("pancake:880012345", &["fb_id".to_owned()][..])
    );
    assert!(!format!("{shop:?} {:?}", builder()).contains(KEY));
}

#[tokio::test]
async fn custom_fields_and_the_shops_currency_reach_the_records() {
    let fake = Fake::new(|asked, _| {
        let name =
            if asked.path.ends_with("/customers") { "customers_page1.json" } else { "products_page1.json" };
        ok(text(name))
    });
    let connection = Connection { custom_fields: vec!["fb_id".to_owned()], ..through(fake) };
    let shop = builder().connection(connection).currency("THB").build().unwrap();
    let page = shop.list_customers(&ListQuery::default()).await.unwrap();
    assert_eq!(page.records[0].spent, Some(Money::from(9_000)));
    assert_eq!(page.records[1].custom["fb_id"], "7000000000000002");
    let product = &shop.list_products(&ListQuery::default()).await.unwrap().records[0];
    assert_eq!((product.price, product.currency.code()), (Some(Money::from(1_500)), "THB"));
}

#[tokio::test]
async fn staff_and_addresses_are_asked_for() {
    let fake = Fake::new(|asked, _| match asked.path.rsplit('/').next().unwrap() {
        "users" => ok(text("users.json")),
        "order_source" => ok(text("order_source.json")),
        "load_customer_notes" => ok(text("customer_notes.json")),
        _ => ok(text("geo_provinces.json")),
    });
    let shop = shop(&fake);
    let users = shop.list_users(&ListQuery::default()).await.unwrap();
    assert_eq!(users.records[0].id, "7d9c1c52-91ab-4d61-8a0e-0f5f52b7c111");
    assert_eq!(pairs(&fake.asked()[0]), [("page_number", "1"), ("page_size", "500")]);
    let provinces = shop.client().list_provinces("84").await.unwrap();
    assert_eq!(provinces[0].new_id.as_deref(), Some("84_VN101"));
    assert_eq!(
        (fake.asked()[1].path.as_str(), fake.asked()[1].query("country_code")),
        ("/api/v1/geo/provinces", Some("84"))
    );
    let sources = shop.client().list_order_sources(&ListParams::default()).await.unwrap();
    assert_eq!((sources.data[0].id.as_deref(), sources.data[1].id.as_deref()), (Some("-1"), Some("9001")));
    let notes = shop.client().list_customer_notes("c").await.unwrap();
    assert_eq!(notes[0].created_at, Some(datetime!(2026-07-12 9:53:20 UTC)));
}
