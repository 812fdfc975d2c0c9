//! What goes over the wire, and what is made of the answers.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Fake, Reply, builder, fixture, ok, shop, unknown};
use pos_core::kit::Connection;
use pos_core::record::{DocumentKind, Money};
use pos_core::{Connector, ConnectorExt, ErrorKind, HookPlan, ListQuery, Stream};
use pos_haravan::auth::{INSTALL_SCOPES, LOGIN_SCOPES};
use pos_haravan::model::{CancelWrite, CustomerWrite};
use pos_haravan::{FilterClock, Haravan, ListParams, OAuthApp, TOPICS, Tokens};
use time::macros::datetime;
use tokio::time::Instant;

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn app(url: &str) -> OAuthApp {
    OAuthApp::new("SAMPLECLIENTID", "sample-secret", "https://example.com/cb")
        .unwrap()
        .with_accounts_url(url)
        .unwrap()
}

#[tokio::test]
async fn a_list_goes_out_as_documented() {
    let mut server = mockito::Server::new_async().await;
    let list = server
        .mock("GET", "/com/orders.json")
        .match_header("authorization", format!("Bearer {}", common::TOKEN).as_str())
        .match_header("accept", "application/json")
        .match_header("cookie", mockito::Matcher::Missing)
        .match_query(mockito::Matcher::AllOf(
            [
                ("status", "any"),
                ("order", "created_at asc"),
                ("limit", "50"),
                ("page", "1"),
                // No zone, no offset, no upper bound.
                ("updated_at_min", "2026-07-20T03:00:00"),
            ]
            .map(|(name, value)| mockito::Matcher::UrlEncoded(name.into(), value.into()))
            .to_vec(),
        ))
        .with_body(fixture("orders_page1.json"))
        .create_async()
        .await;
    let shop = builder()
        .connection(Connection { custom_fields: vec!["gateway_code".into()], ..Connection::to(server.url()) })
        .build()
        .unwrap();
    let query = ListQuery::default().with_modified_from(datetime!(2026-07-20 3:00:00.9 UTC));
    let page = shop.list_documents(DocumentKind::Order, &query).await.unwrap();
    assert_eq!((page.records.len(), page.total), (3, None), "nobody counts what changed since then");
    assert_eq!(page.records[0].custom["gateway_code"], "COD");
    list.assert_async().await;
}

#[tokio::test]
async fn what_the_vendors_clock_adds_is_dropped_here() {
    let fake = Fake::new(|asked, _| match asked.query("page") {
        Some("1") => ok(text("orders_page1.json")),
        _ => ok(r#"{"orders":[]}"#),
    });
    let query = ListQuery::default().with_modified_from(datetime!(2026-07-22 5:00:00.837 UTC));
    let page = shop(&fake).list_documents(DocumentKind::Order, &query).await.unwrap();
    let ids: Vec<_> = page.records.iter().map(|order| order.id.as_str()).collect();
    assert_eq!(ids, ["1500000002", "1500000003"], "the lower bound is inclusive");
    let end = query.clone().with_cursor(page.next);
    assert!(shop(&fake).list_documents(DocumentKind::Order, &end).await.unwrap().next.is_none());
    let local = builder().connection(fake.connection()).filter_clock(FilterClock::Shop).build().unwrap();
    local.list_documents(DocumentKind::Order, &query).await.unwrap();
    assert_eq!(fake.asked().last().unwrap().query("updated_at_min"), Some("2026-07-22T12:00:00"));
    let foreign = end.with_modified_from(datetime!(2026-07-22 5:00 UTC));
    let sent = fake.asked().len();
    let error = local.list_documents(DocumentKind::Order, &foreign).await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Config, sent), "a cursor keeps its bounds");
}

/// A list that knows pages, of these ids in this order.
fn list_of(asked: &common::Asked, name: &str, ids: &[i64]) -> Reply {
    let number = |name: &str| asked.query(name).and_then(|text| text.parse::<usize>().ok());
    let (page, limit) = (number("page").unwrap_or(1), number("limit").unwrap_or(50));
    let rows: Vec<String> = ids
        .iter()
        .skip((page - 1) * limit)
        .take(limit)
        .map(|id| format!(r#"{{"id":{id},"name":"{id}","total_price":{id}}}"#))
        .collect();
    ok(format!(r#"{{"{name}":[{}]}}"#, rows.join(",")))
}

async fn read_all(shop: &Haravan, stream: Stream, query: ListQuery) -> Result<Vec<i64>, pos_core::Error> {
    let mut pages = shop.pages(stream, query);
    let mut seen = Vec::new();
    while let Some(page) = pages.try_next().await? {
        seen.extend(page.records.iter().map(|record| record.id().parse::<i64>().unwrap()));
    }
    Ok(seen)
}

#[tokio::test]
async fn a_scan_announces_how_many_there_are_and_ends_when_all_came() {
    let ids: Vec<i64> = (1..=120).collect();
    let fake = Fake::new(move |asked, _| match asked.path.as_str() {
        "/com/customers/count.json" => ok(r#"{"count":120}"#),
        _ => list_of(asked, "customers", &ids),
    });
    let connector = shop(&fake);
    let mut pages = connector.pages(Stream::Customers, ListQuery::default());
    let mut seen = 0;
    while let Some(page) = pages.try_next().await.unwrap() {
        assert_eq!(page.total, Some(120), "on every page");
        seen += page.records.len();
    }
    assert_eq!(seen, 120);
    let counted = fake.asked().iter().filter(|asked| asked.path.ends_with("count.json")).count();
    assert_eq!(counted, 1, "as many came as were announced");
}

#[tokio::test]
async fn backdated_orders_are_all_read_whatever_the_order_of_the_list() {
    // By time of creation: the first pages rise by id, and a third of the orders was written into the past.
    let mut backdated: Vec<i64> = (1..=120).collect();
    for (at, id) in (121..=180).enumerate() {
        backdated.insert(60 + at, id);
    }
    let falling: Vec<i64> = (1..=180).rev().collect();
    let mut mixed: Vec<i64> = (1..=180).collect();
    mixed.sort_by_key(|id| (id * 7919) % 181);
    for ids in [backdated, falling, mixed] {
        for honours_since in [false, true] {
            let all = ids.clone();
            let fake = Fake::new(move |asked, _| {
                if asked.path == "/com/orders/count.json" {
                    return ok(format!(r#"{{"count":{}}}"#, all.len()));
                }
                let since: i64 = asked.query("since_id").and_then(|id| id.parse().ok()).unwrap_or(0);
                let ids: Vec<i64> = all.iter().copied().filter(|id| !honours_since || *id > since).collect();
                list_of(asked, "orders", &ids)
            });
            for query in [
                ListQuery::default(),
                ListQuery::default().with_page_size(17),
                ListQuery::default().with_modified_from(datetime!(2026-07-20 3:00 UTC)),
            ] {
                let mut seen = read_all(&shop(&fake), Stream::Orders, query).await.unwrap();
                seen.sort_unstable();
                assert_eq!(seen, (1..=180).collect::<Vec<_>>());
            }
        }
    }
}

#[tokio::test]
async fn a_list_that_is_shorter_than_its_count_is_not_taken_for_read() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/com/orders/count.json" => ok(r#"{"count":180}"#),
        _ => list_of(asked, "orders", &(1..=120).collect::<Vec<_>>()),
    });
    let error = read_all(&shop(&fake), Stream::Orders, ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, pos_core::Retry::Backoff));
    // Once short and whole at the second reading: rows were hidden for a moment.
    let fake = Fake::new(|asked, seen| match asked.path.as_str() {
        "/com/orders/count.json" => ok(r#"{"count":120}"#),
        _ if seen < 2 => list_of(asked, "orders", &(1..=30).collect::<Vec<_>>()),
        _ => list_of(asked, "orders", &(1..=120).collect::<Vec<_>>()),
    });
    let seen = read_all(&shop(&fake), Stream::Orders, ListQuery::default()).await.unwrap();
    assert!((1..=120).all(|id| seen.contains(&id)));
    // A count that is not for this token proves nothing, and hides nothing.
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/com/orders/count.json" => Reply::Answer(403, "{}".into()),
        _ => list_of(asked, "orders", &(1..=120).collect::<Vec<_>>()),
    });
    assert_eq!(read_all(&shop(&fake), Stream::Orders, ListQuery::default()).await.unwrap().len(), 120);
}

#[tokio::test]
async fn a_list_without_an_end_ends_with_an_error() {
    let endless = |asked: &common::Asked| {
        let number = |name: &str| asked.query(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or(1);
        let (page, limit) = (number("page"), number("limit"));
        let ids: Vec<i64> = ((page - 1) * limit + 1..=page * limit).collect();
        let rows: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        ok(format!(r#"{{"orders":[{}]}}"#, rows.join(",")))
    };
    let fake = Fake::new(move |asked, _| match asked.path.as_str() {
        "/com/orders/count.json" => ok(r#"{"count":500}"#),
        _ => endless(asked),
    });
    for query in
        [ListQuery::default(), ListQuery::default().with_modified_from(datetime!(2026-07-20 3:00 UTC))]
    {
        let shop = builder()
            .connection(Connection { limits: Some(Vec::new()), ..fake.connection() })
            .build()
            .unwrap();
        let error = read_all(&shop, Stream::Orders, query).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected);
        assert!(fake.asked().len() < 1000);
    }
    // A vendor that knows no pages.
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/com/orders/count.json" => ok(r#"{"count":500}"#),
        _ => ok(format!(
            r#"{{"orders":[{}]}}"#,
            (1..=50).map(|id| format!(r#"{{"id":{id}}}"#)).collect::<Vec<_>>().join(",")
        )),
    });
    assert!(read_all(&shop(&fake), Stream::Orders, ListQuery::default()).await.is_err());
}

#[tokio::test]
async fn null_rows_cost_nothing_but_themselves() {
    let fake = Fake::new(|asked, _| match asked.query("page") {
        _ if asked.path.ends_with("count.json") => ok(r#"{"count":3}"#),
        Some("1") => ok(r#"{"orders":[null,{"id":1,"total_price":5},{"id":2,"total_price":5},null]}"#),
        _ => ok(r#"{"orders":[]}"#),
    });
    let shop = shop(&fake);
    let page = shop.list_documents(DocumentKind::Order, &ListQuery::default()).await.unwrap();
    assert_eq!((page.records.len(), page.rejected.len()), (2, 2));
    assert_eq!(read_all(&shop, Stream::Orders, ListQuery::default()).await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn a_place_of_an_earlier_release_begins_again() {
    let fake = Fake::new(|asked, _| list_of(asked, "orders", &[1, 2, 3]));
    let query = ListQuery::default().with_modified_from(datetime!(2026-07-20 3:00 UTC));
    let micros = datetime!(2026-07-20 3:00 UTC).unix_timestamp() * 1_000_000;
    for (version, state) in [(1, r#""s":1500000003,"p":0"#), (2, r#""w":{"p":2,"a":[[2,1]],"n":1,"c":2}"#)] {
        for bounds in [format!(r#"{{"f":{micros}}}"#), "{}".to_owned()] {
            let old = format!(r#"haravan/orders/{version}:{{{state},"b":{bounds}}}"#);
            let here = query.clone().with_cursor(Some(old.into()));
            assert_eq!(read_all(&shop(&fake), Stream::Orders, here).await.unwrap(), [1, 2, 3]);
        }
    }
}

#[tokio::test]
async fn branches_beyond_a_page_are_read_too() {
    let ids: Vec<i64> = (1..=70).collect();
    let fake = Fake::new(move |asked, _| list_of(asked, "locations", &ids));
    assert_eq!(read_all(&shop(&fake), Stream::Branches, ListQuery::default()).await.unwrap().len(), 70);
    let whole = Fake::new(|_, _| {
        let rows: Vec<String> = (1..=50).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        ok(format!(r#"{{"locations":[{}]}}"#, rows.join(",")))
    });
    assert_eq!(read_all(&shop(&whole), Stream::Branches, ListQuery::default()).await.unwrap().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_404_of_somebody_else_is_no_deletion_and_the_vendors_own_list_is_asked() {
    let storm = Fake::new(|_, _| Reply::Answer(404, "<html>404</html>".into()));
    let error = shop(&storm).get_customer("7").await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, pos_core::Retry::Backoff));
    // The object answers 404 and the list has it; has not; or does not heed `ids`.
    for (rows, kind) in
        [(vec![7], None), (vec![], Some(ErrorKind::NotFound)), (vec![8, 9], Some(ErrorKind::Unavailable))]
    {
        let fake = Fake::new(move |asked, _| match asked.path.as_str() {
            "/com/orders.json" => {
                assert_eq!((asked.query("ids"), asked.query("status")), (Some("7"), Some("any")));
                list_of(asked, "orders", &rows)
            }
            _ => Reply::Answer(404, String::new()),
        });
        let got = shop(&fake).get_document(DocumentKind::Order, "7").await;
        match kind {
            None => assert_eq!(got.unwrap().id, "7"),
            Some(kind) => assert_eq!(got.unwrap_err().kind(), kind),
        }
    }
    // Nor does the list heed `ids`, and another one of it is found by its id: so it is the vendor who does not know this one.
    let order = |id: u32| ok(format!(r#"{{"order":{{"id":{id},"total_price":1}}}}"#));
    for found_later in [false, true] {
        let fake = Fake::new(move |asked, before| match asked.path.as_str() {
            "/com/orders.json" => list_of(asked, "orders", &[8, 9]),
            "/com/orders/8.json" => order(8),
            // Five tries, and then once more.
            "/com/orders/7.json" if found_later && before >= 5 => order(7),
            _ => Reply::Answer(404, String::new()),
        });
        let got = shop(&fake).get_document(DocumentKind::Order, "7").await;
        match found_later {
            true => assert_eq!(got.unwrap().id, "7", "the trouble passed"),
            false => assert_eq!(got.unwrap_err().kind(), ErrorKind::NotFound),
        }
    }
    let own = Fake::new(|_, _| Reply::Answer(422, text("error_422_not_found_string.json")));
    assert_eq!(shop(&own).get_customer("7").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn another_object_than_the_one_asked_for_is_an_error() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        path if path.contains("customers") => ok(r#"{"customer":{"id":999,"first_name":"A"}}"#),
        path if path.contains("orders") => ok(r#"{"order":{"id":999,"total_price":1}}"#),
        _ => ok(r#"{"product":{"id":999}}"#),
    });
    let shop = shop(&fake);
    for stream in [Stream::Customers, Stream::Orders, Stream::Products] {
        let error = shop.get(stream, "123").await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, pos_core::Retry::Backoff));
        assert_eq!(shop.get(stream, "999").await.unwrap().id(), "999");
    }
    assert!(shop.client().get_customer(123).await.is_err());
    let nothing = Fake::new(|_, _| ok("{}"));
    let error = common::shop(&nothing).get_customer("7").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry()),
        (ErrorKind::Decode, pos_core::Retry::Backoff),
        "a moment's trouble"
    );
}

#[tokio::test]
async fn the_vendors_time_is_learned_from_its_answers() {
    let fake = Fake::new(|_, _| {
        Reply::With(200, "date", "Wed, 22 Jul 2026 05:00:00 GMT".into(), r#"{"locations":[]}"#.into())
    });
    let clock = pos_core::Clock::new(|| datetime!(2026-07-22 6:00 UTC));
    let shop = builder().connection(Connection { clock, ..fake.connection() }).build().unwrap();
    assert_eq!(shop.skew(), None);
    shop.client().list_locations().await.unwrap();
    assert_eq!(shop.skew(), Some(-time::Duration::HOUR));
    assert!(shop.pacer().is_some());
}

#[tokio::test]
async fn staff_that_the_plan_does_not_show_is_an_empty_list() {
    let fake = Fake::new(|_, _| Reply::Answer(403, "{}".into()));
    assert_eq!(shop(&fake).list_users(&ListQuery::default()).await.unwrap().records.len(), 0);
    assert_eq!(
        shop(&fake).list_branches(&ListQuery::default()).await.unwrap_err().kind(),
        ErrorKind::Forbidden
    );
}

#[tokio::test]
async fn deletions_of_products_come_from_the_events() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/com/events.json" if asked.query("page") == Some("1") => {
            assert_eq!((asked.query("verb"), asked.query("filter")), (Some("destroy"), Some("Product")));
            assert_eq!(asked.query("created_at_min"), Some("2026-07-20T03:00:00"));
            ok(r#"{"events":[
                {"id":1,"subject_id":41,"subject_type":"Product","verb":"destroy","created_at":"2026-07-19T21:59:59-05:00"},
                {"id":2,"subject_id":42,"subject_type":"Product","verb":"destroy","created_at":"2026-07-19T22:00:00-05:00"},
                {"id":3,"subject_id":43,"subject_type":"Product","verb":"update","created_at":"2026-07-20T22:00:00-05:00"},
                {"id":4,"subject_id":44,"subject_type":"Order","verb":"destroy","created_at":"2026-07-20T22:00:00-05:00"}]}"#)
        }
        "/com/events.json" => ok(r#"{"events":[]}"#),
        _ => ok(r#"{"products":[]}"#),
    });
    let connector = shop(&fake);
    let query = ListQuery::default().with_modified_from(datetime!(2026-07-20 3:00 UTC)).with_removed();
    let mut pages = connector.pages(Stream::Products, query);
    let mut removed = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        removed.extend(page.removed);
    }
    assert_eq!(removed, ["42"]);
    for stream in [Stream::Customers, Stream::Orders] {
        let error = connector.list(stream, &ListQuery::default().with_removed()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "the vendor's table has no such event");
    }
}

#[tokio::test(start_paused = true)]
async fn the_bucket_is_used_fully_and_the_vendors_count_is_believed() {
    let fake = Fake::new(|_, seen| match seen {
        0 => Reply::With(200, "x-haravan-api-call-limit", "78/80".into(), r#"{"locations":[]}"#.into()),
        _ => ok(r#"{"locations":[]}"#),
    });
    let shop = shop(&fake);
    let start = Instant::now();
    for _ in 0..3 {
        shop.client().list_locations().await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_millis(20), "two of the bucket were left");
    for _ in 0..8 {
        shop.client().list_locations().await.unwrap();
    }
    let elapsed = start.elapsed();
    assert!(
        elapsed >= Duration::from_millis(1990) && elapsed < Duration::from_millis(2300),
        "four a second: {elapsed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_waits_for_the_decimal_seconds() {
    let fake = Fake::new(|_, seen| match seen {
        0 => Reply::With(429, "retry-after", "2.0".into(), String::new()),
        _ => ok(r#"{"locations":[]}"#),
    });
    let start = Instant::now();
    shop(&fake).client().list_locations().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(2) && start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn the_typed_client_sends_what_the_vendor_documents() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "DELETE /com/customers/7.json" => ok("[]"),
        "POST /com/customers/7/tags.json" | "DELETE /com/customers/7/tags.json" => {
            ok(text("customer_tags_response.json"))
        }
        "PUT /com/customers/7.json" => ok(text("customer_single.json")),
        "POST /com/orders/9/cancel.json" => ok(text("order_full.json")),
        "POST /com/orders/9/transactions.json" => {
            Reply::Answer(201, text("transaction_create_response.json"))
        }
        "GET /com/orders/9/transactions.json" => ok(text("transactions.json")),
        "GET /com/orders/9/refunds.json" => ok(text("refunds.json")),
        "GET /com/customers/7/addresses.json" => ok(text("customer_addresses.json")),
        "GET /com/customers/groups.json" => ok(text("customer_groups.json")),
        "GET /com/inventory_locations.json" => ok(text("inventory_locations.json")),
        "GET /com/orders/count.json" => ok(text("orders_count.json")),
        "GET /com/shop.json" => ok(text("shop.json")),
        "GET /com/locations.json" => ok(text("locations.json")),
        _ => unknown(),
    });
    let connector = shop(&fake);
    let client = connector.client();
    client.delete_customer(7).await.unwrap();
    let tags = client.add_customer_tags(7, &["a1".into(), "a2".into()]).await.unwrap();
    assert_eq!(tags, ["VIP", "a1", "a2"]);
    assert_eq!(fake.last("POST /com/customers/7/tags.json").json()["tags"], "a1,a2");
    client.remove_customer_tags(7, &["b".into()]).await.unwrap();
    assert_eq!(fake.last("DELETE /com/customers/7/tags.json").json()["tags"], "b", "a DELETE with a body");
    let mut change = CustomerWrite::default();
    change.tags = Some("VIP".into());
    change.note = Some("Đã xác minh số điện thoại".into());
    client.update_customer(7, &change).await.unwrap();
    let expected: serde_json::Value =
        serde_json::from_slice(&fixture("customer_update_request.json")).unwrap();
    assert_eq!(fake.last("PUT /com/customers/7.json").json(), expected);
    let mut cancel = CancelWrite::default();
    cancel.reason = Some("customer".into());
    cancel.email = Some(false);
    cancel.restock = Some(true);
    cancel.note = Some("Khách đổi ý".into());
    client.cancel_order(9, &cancel).await.unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&fixture("order_cancel_request.json")).unwrap();
    assert_eq!(fake.last("POST /com/orders/9/cancel.json").json(), expected, "no wrapper");
    let paid = client.pay_order(9, Money::from(465_000)).await.unwrap();
    assert_eq!(paid.kind.as_deref(), Some("Capture"));
    let expected: serde_json::Value =
        serde_json::from_slice(&fixture("transaction_create_request.json")).unwrap();
    assert_eq!(fake.last("POST /com/orders/9/transactions.json").json(), expected);
    assert_eq!(client.list_transactions(9).await.unwrap().data[0].kind.as_deref(), Some("Pending"));
    assert_eq!(client.list_refunds(9).await.unwrap().data.len(), 2);
    assert_eq!(client.list_addresses(7, &ListParams::default()).await.unwrap().data.len(), 2);
    assert_eq!(client.list_customer_groups().await.unwrap().data.len(), 2);
    let stock = client.list_stock(&[900_001, 900_002], &[1, 2]).await.unwrap();
    assert_eq!(stock.data[0].qty_commited.unwrap().to_string(), "7");
    assert_eq!(fake.last("GET /com/inventory_locations.json").query("location_ids"), Some("900001,900002"));
    assert_eq!(client.count_orders().await.unwrap(), 4);
    let info = connector.check().await.unwrap();
    assert_eq!((info.name.as_str(), info.branches.len(), info.warnings.len()), ("tiem-vai-mau", 3, 0));
    let other = Haravan::builder().org_id("1").token("t").connection(fake.connection()).build().unwrap();
    let info = other.check().await.unwrap();
    assert!(info.warnings[0].contains("200000900001"));
    assert_eq!(info.account.id(), "200000900001", "the account that the token opens, not the configured one");
}

#[tokio::test]
async fn webhooks_are_switched_on_for_an_app_only() {
    let fake = Fake::new(|asked, _| match asked.line().as_str() {
        "GET /api/subscribe" => ok("[]"),
        "POST /api/subscribe" => ok(text("webhook_subscribe_response.json")),
        _ => unknown(),
    });
    let plan = HookPlan::new("https://example.com", "").unwrap();
    let private = shop(&fake);
    for refused in [private.register_webhooks(&plan).await, private.webhook_health(&plan).await] {
        assert_eq!((refused.unwrap_err().kind(), fake.asked().len()), (ErrorKind::Unsupported, 0));
    }
    assert!(!shop(&fake).capabilities().register_webhooks);
    let app = Haravan::builder()
        .org_id("200000900001")
        .oauth(app("http://127.0.0.1:1"), Tokens::of("t"), |_| {})
        .connection(fake.connection())
        .build()
        .unwrap();
    assert!(
        ["create", "update", "delete"]
            .iter()
            .all(|verb| TOPICS.contains(&format!("products/{verb}").as_str()))
    );
    assert_eq!(app.register_webhooks(&plan).await.unwrap().missing, TOPICS);
    assert_eq!(fake.last("POST /api/subscribe").json(), serde_json::json!({}));
    // The vendor keeps a subscription for each topic: one that was switched off is missed.
    let records = |topics: &[&str]| {
        let rows: Vec<String> = topics
            .iter()
            .map(|topic| format!(r#"{{"id":"61","event":"{topic}","url":"https://example.com"}}"#))
            .collect();
        format!(r#"{{"data":[{}]}}"#, rows.join(","))
    };
    for (topics, missing) in
        [(&TOPICS[..], &TOPICS[..0]), (&TOPICS[1..], &TOPICS[..1]), (&TOPICS[..1], &TOPICS[1..])]
    {
        let body = records(topics);
        let fake = Fake::new(move |asked, _| match asked.method.as_str() {
            "GET" => ok(body.clone()),
            _ => ok(text("webhook_subscribe_response.json")),
        });
        let app = Haravan::builder()
            .org_id("200000900001")
            .oauth(self::app("http://127.0.0.1:1"), Tokens::of("t"), |_| {})
            .connection(fake.connection())
            .build()
            .unwrap();
        let health = app.webhook_health(&plan).await.unwrap();
        assert_eq!(health.missing, missing);
        assert_eq!(health.warnings.len(), 0);
        assert_eq!(app.register_webhooks(&plan).await.unwrap(), health);
        let other = HookPlan::new("https://crm.example.com/hooks", "").unwrap();
        assert_eq!(app.webhook_health(&other).await.unwrap().warnings.len(), 1);
        assert_eq!(fake.asked().iter().any(|asked| asked.method == "POST"), !missing.is_empty());
    }
    let refused = Fake::new(|_, _| ok(r#"{"error":true,"message":"Thiếu quyền wh_api"}"#));
    let error = shop(&refused).client().subscribe_webhooks().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_message()), (ErrorKind::Rejected, Some("Thiếu quyền wh_api")));
    for body in [
        format!("[{}]", text("webhook_subscription_record.json")),
        format!(r#"{{"data":[{}]}}"#, text("webhook_subscription_record.json")),
        format!(r#"{{"error":false,"data":[{},null,7]}}"#, text("webhook_subscription_record.json")),
    ] {
        let fake = Fake::new(move |_, _| ok(body.clone()));
        let list = shop(&fake).client().list_subscriptions().await.unwrap();
        assert_eq!(list[0].event.as_deref(), Some("products/update"));
    }
}

#[tokio::test]
async fn an_authorization_goes_out_and_comes_back_as_documented() {
    let mut server = mockito::Server::new_async().await;
    let app = app(&server.url());
    let url = app.authorize_url(LOGIN_SCOPES, "state-1", "nonce-1", Some("200000900001"));
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(url.path(), "/connect/authorize");
    assert_eq!((query["response_type"].as_str(), query["response_mode"].as_str()), ("code", "query"));
    assert_eq!((query["scope"].as_str(), query["orgid"].as_str()), (LOGIN_SCOPES, "200000900001"));
    assert_eq!(
        (query["redirect_uri"].as_str(), query["state"].as_str()),
        ("https://example.com/cb", "state-1")
    );
    assert!(INSTALL_SCOPES.contains("grant_service wh_api com.read_customers com.write_customers"));
    let form = |fields: &[(&str, &str)]| {
        let fields =
            fields.iter().map(|(name, value)| mockito::Matcher::UrlEncoded((*name).into(), (*value).into()));
        mockito::Matcher::AllOf(fields.collect())
    };
    let exchange = server
        .mock("POST", "/connect/token")
        .match_header("content-type", "application/x-www-form-urlencoded")
        .match_body(form(&[
            ("grant_type", "authorization_code"),
            ("client_id", "SAMPLECLIENTID"),
            ("client_secret", "sample-secret"),
            ("code", "c-1"),
            ("redirect_uri", "https://example.com/cb"),
        ]))
        .with_body(fixture("token_response.json"))
        .create_async()
        .await;
    let tokens = app.exchange("c-1").await.unwrap();
    exchange.assert_async().await;
    let refresh = tokens.refresh_token.clone().unwrap();
    let again = server
        .mock("POST", "/connect/token")
        .match_body(form(&[("grant_type", "refresh_token"), ("refresh_token", refresh.expose())]))
        .with_body(fixture("token_response_no_refresh.json"))
        .create_async()
        .await;
    let renewed = app.refresh(&refresh).await.unwrap();
    assert_eq!(renewed.refresh_token, Some(refresh.clone()), "the old one is kept when none came back");
    again.assert_async().await;
    server
        .mock("POST", "/connect/token")
        .with_status(400)
        .with_body(fixture("token_error_invalid_grant.json"))
        .create_async()
        .await;
    let error = app.refresh(&refresh).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Auth, Some("invalid_grant")));
    let userinfo = server
        .mock("GET", "/connect/userinfo")
        .match_header("authorization", "Bearer t-1")
        .with_body(fixture("id_token_claims.json"))
        .create_async()
        .await;
    assert!(app.userinfo(&"t-1".into()).await.unwrap().is_admin());
    userinfo.assert_async().await;
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_host_hears_of_it() {
    let fake = Fake::new(|asked, _| match asked.headers.get("authorization").unwrap().to_str().unwrap() {
        "Bearer old" => Reply::Answer(401, String::new()),
        _ => ok(r#"{"locations":[]}"#),
    });
    let mut server = mockito::Server::new_async().await;
    let refresh = server
        .mock("POST", "/connect/token")
        .with_body(fixture("token_refresh_response.json"))
        .expect(1)
        .create_async()
        .await;
    let heard: Arc<Mutex<Vec<Tokens>>> = Arc::default();
    let keep = heard.clone();
    let shop = Haravan::builder()
        .org_id("200000900001")
        .oauth(app(&server.url()), Tokens::of("old").with_refresh("r-1"), move |tokens| {
            keep.lock().unwrap().push(tokens.clone());
        })
        .connection(fake.connection())
        .build()
        .unwrap();
    for _ in 0..3 {
        shop.client().list_locations().await.unwrap();
    }
    refresh.assert_async().await;
    let heard: Vec<Tokens> = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 1);
    assert!(heard[0].refresh_token.as_ref().unwrap().expose().ends_with("02"), "the rotated one");
    let private = common::shop(&Fake::new(|_, _| Reply::Answer(401, String::new())));
    assert_eq!(private.client().list_locations().await.unwrap_err().kind(), ErrorKind::Auth);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    for wrong in [
        Haravan::builder().token("t").build(),
        Haravan::builder().org_id("tiem-vai-mau").token("t").build(),
        Haravan::builder().org_id("1").build(),
        Haravan::builder().org_id("1").token("a\nb").build(),
        builder().connection(Connection::to("http://example.com")).build(),
        builder().connection(Connection::to("https://user@example.com")).build(),
        builder()
            .connection(Connection { custom_fields: vec!["a..b".into()], ..Connection::default() })
            .build(),
    ] {
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(OAuthApp::new("", "s", "u").is_err());
    let shown = format!("{:?} {:?}", builder(), builder().build().unwrap());
    assert!(!shown.contains(common::TOKEN));
}

#[test]
fn the_table_in_the_readme_says_what_the_connector_promises() {
    let readme = include_str!("../README.md");
    let tick = |on: bool| if on { "✓" } else { "–" };
    for (stream, caps) in builder().build().unwrap().capabilities().streams {
        let flags = [
            caps.list,
            caps.get,
            caps.modified_from,
            caps.modified_to,
            caps.branch,
            caps.removed,
            caps.total,
        ];
        let row = format!("| {stream} | {} |", flags.map(tick).join(" | "));
        println!("{row}");
        assert!(readme.contains(&row), "the README lacks {row}");
        assert_eq!((caps.max_page_size, caps.lag_seconds), (50, 600));
    }
}
