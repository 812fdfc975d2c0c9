//! What is sent, and what follows from the answers.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Fake, Reply, builder, fixture, ok, pos, shop, unknown};
use pos_core::connector::{Connector, ConnectorExt, ListQuery};
use pos_core::kit::Connection;
use pos_core::record::{DocumentKind, Stream};
use pos_core::{Cursor, ErrorKind, HookPlan, Page};
use pos_sapo::client::ListParams;
use pos_sapo::model::{PosOrderWrite, WebhookWrite};
use pos_sapo::{Flavor, Sapo};
use time::macros::datetime;

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// Reads a stream to its end; answers the ids and the pages.
async fn all(shop: &Sapo, stream: Stream, query: ListQuery) -> (Vec<String>, Vec<Page<pos_core::Record>>) {
    let mut pages = shop.pages(stream, query);
    let mut read = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        read.push(page);
    }
    (read.iter().flat_map(|page| page.records.iter().map(|record| record.id().to_owned())).collect(), read)
}

#[tokio::test]
async fn a_private_app_sends_basic_credentials_and_always_a_page() {
    let mut server = mockito::Server::new_async().await;
    let list = server
        .mock("GET", "/admin/customers.json")
        .match_query(mockito::Matcher::AllOf(vec![
            mockito::Matcher::UrlEncoded("page".into(), "1".into()),
            mockito::Matcher::UrlEncoded("limit".into(), "250".into()),
            mockito::Matcher::UrlEncoded("since_id".into(), "0".into()),
        ]))
        .match_header("authorization", "Basic YXBpLWtleS1tYXU6YXBpLXNlY3JldC1tYXU=")
        .match_header("content-type", "application/json")
        .match_header("accept", "application/json")
        .with_body(fixture("web_customers_page_1.json"))
        .create_async()
        .await;
    let shop = builder().connection(Connection::to(server.url())).build().unwrap();
    let page = shop.list_customers(&ListQuery::default()).await.unwrap();
    assert_eq!((page.records.len(), page.total, page.next.is_none()), (2, Some(2), true));
    list.assert_async().await;
}

#[tokio::test]
async fn a_public_app_sends_its_token_and_older_hosts_get_it_under_two_names() {
    let fake = Fake::new(|_, _| ok(r#"{"customer":{"id":7}}"#));
    for (store, legacy) in [("a.mysapo.net", false), ("a.bizwebvietnam.net", true)] {
        let builder = Sapo::builder().store(store).access_token("token-mau");
        let shop = builder.connection(fake.connection()).build().unwrap();
        shop.get_customer("7").await.unwrap();
        let asked = fake.last("GET /admin/customers/7.json");
        assert_eq!(asked.headers["x-sapo-access-token"], "token-mau");
        assert_eq!(asked.headers.contains_key("x-bizweb-access-token"), legacy);
        assert!(!asked.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_window_is_sent_wider_and_checked_again() {
    let rows = r#"{"customers":[
        {"id":1,"modified_on":"2026-06-01T00:00:00Z"},{"id":2,"modified_on":"2026-06-01T00:00:10Z"},
        {"id":3,"modified_on":"2026-06-01T00:00:20Z"},{"id":4,"modified_on":null,"created_on":"2026-06-01T00:00:15Z"},
        {"id":5,"modified_on":"2026-06-01T00:00:21Z"}]}"#;
    let fake = Fake::new(move |_, _| ok(rows));
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-06-01 0:00:10.5 UTC))
        .with_modified_to(datetime!(2026-06-01 7:00:20 +7));
    let (ids, _) = all(&shop(&fake), Stream::Customers, query).await;
    assert_eq!(ids, ["2", "3", "4"], "filters may be ignored silently");
    let asked = fake.last("GET /admin/customers.json");
    assert_eq!(
        (asked.query("modified_on_min"), asked.query("modified_on_max")),
        (Some("2026-06-01T00:00:09Z"), Some("2026-06-01T00:00:22Z"))
    );
}

/// Orders by status; answers those that a list of a status holds.
fn orders(asked: &common::Asked, without_status_is_all: bool) -> Reply {
    let all = [(1, "open"), (2, "closed"), (3, "cancelled"), (4, "open")];
    let wanted = asked.query("status");
    assert_ne!(wanted, Some("any"));
    let rows: Vec<String> = all
        .iter()
        .filter(|(_, status)| {
            wanted.map_or(without_status_is_all || *status == "open", |wanted| wanted == *status)
        })
        .map(|(id, status)| format!(r#"{{"id":{id},"status":"{status}","line_items":[]}}"#))
        .collect();
    ok(format!(r#"{{"orders":[{}]}}"#, rows.join(",")))
}

#[tokio::test]
async fn closed_and_cancelled_orders_come_whatever_a_list_without_status_holds() {
    for (holds_all, requests) in [(true, 1), (false, 3)] {
        let fake = Fake::new(move |asked, _| orders(asked, holds_all));
        let (mut ids, _) = all(&shop(&fake), Stream::Orders, ListQuery::default()).await;
        ids.sort();
        assert_eq!(ids, ["1", "2", "3", "4"]);
        let lists = fake.lines().into_iter().filter(|line| line == "GET /admin/orders.json").count();
        assert_eq!(lists, requests);
    }
    // A status filter that is ignored makes no order come twice.
    let fake = Fake::new(|asked, _| match asked.query("status") {
        None => ok(r#"{"orders":[{"id":1,"status":"open"}]}"#),
        Some(_) => ok(
            r#"{"orders":[{"id":1,"status":"open"},{"id":2,"status":"closed"},{"id":3,"status":"cancelled"}]}"#,
        ),
    });
    let (ids, _) = all(&shop(&fake), Stream::Orders, ListQuery::default()).await;
    assert_eq!(ids, ["1", "2", "3"]);
}

#[tokio::test]
async fn the_same_page_again_is_an_error_while_rows_are_missing() {
    let page = r#"{"products":[{"id":9},{"id":8}]}"#;
    let fake = Fake::new(
        move |asked, _| if asked.path.ends_with("/count.json") { ok(r#"{"count":7}"#) } else { ok(page) },
    );
    let shop = shop(&fake);
    let mut pages = shop.pages(Stream::Products, ListQuery::default().with_page_size(2));
    let error = loop {
        match pages.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the list was taken for complete"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_bucket_is_spent_at_once_and_corrected_from_either_header() {
    for header in ["x-sapo-api-call-limit", "x-bizweb-api-call-limit"] {
        let fake = Fake::new(move |_, before| {
            let used = if before == 9 { "40/40" } else { "1/40" };
            Reply::With(200, header, used.into(), r#"{"customer":{"id":7}}"#.into())
        });
        let shop = shop(&fake);
        for _ in 0..11 {
            shop.get_customer("7").await.unwrap();
        }
        let asked = fake.asked();
        assert!(asked[9].at - asked[0].at < Duration::from_millis(50));
        let wait = asked[10].at - asked[9].at;
        assert!(
            wait >= Duration::from_millis(490) && wait < Duration::from_millis(600),
            "{header}: {wait:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_repeated_and_an_open_one_is_not() {
    let fake = Fake::new(|_, before| {
        if before == 0 { Reply::With(429, "retry-after", "3".into(), String::new()) } else { ok("{}") }
    });
    let started = tokio::time::Instant::now();
    shop(&fake).client().cancel_order(7, "other").await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(3));
    let asked = fake.last("POST /admin/orders/7/cancel.json");
    assert_eq!(asked.json(), serde_json::json!({ "order_cancel": { "cancel_reason": "other" } }));
    let fake = Fake::new(|_, _| Reply::Answer(500, String::new()));
    let error = shop(&fake).client().cancel_order(7, "other").await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Unavailable, 1));
}

#[tokio::test]
async fn an_order_without_lines_is_read_once_more_through_the_list() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/orders/7.json" => ok(r#"{"order":{"id":7,"status":"open"}}"#),
        _ => ok(
            r#"{"orders":[{"id":6},{"id":7,"status":"open","line_items":[{"id":1,"quantity":1,"price":5}]}]}"#,
        ),
    });
    let order = shop(&fake).get_document(DocumentKind::Order, "7").await.unwrap();
    assert_eq!((order.lines.len(), order.incomplete), (1, false));
    let asked = fake.last("GET /admin/orders.json");
    assert_eq!((asked.query("ids"), asked.query("page")), (Some("7"), Some("1")));
}

#[tokio::test]
async fn an_order_without_lines_is_looked_for_in_every_list_that_may_hold_it() {
    for status in ["open", "closed", "cancelled"] {
        let fake = Fake::new(move |asked, _| {
            let whole =
                format!(r#"{{"id":7,"status":"{status}","line_items":[{{"id":1,"quantity":1,"price":5}}]}}"#);
            // Without a status only the open ones are shown.
            match (asked.path.as_str(), asked.query("status").unwrap_or("open")) {
                ("/admin/orders/7.json", _) => ok(format!(r#"{{"order":{{"id":7,"status":"{status}"}}}}"#)),
                (_, wanted) if wanted == status => ok(format!(r#"{{"orders":[{whole}]}}"#)),
                _ => ok(r#"{"orders":[]}"#),
            }
        });
        let order = shop(&fake).get_document(DocumentKind::Order, "7").await.unwrap();
        assert_eq!((order.lines.len(), order.incomplete), (1, false), "{status}");
    }
}

/// Shops of both flavours that try once.
fn hasty(fake: &std::sync::Arc<Fake>) -> [Sapo; 2] {
    let pos = Sapo::builder().store("tra-moc-demo.mysapogo.com").access_token("token-mau");
    let connection = Connection { limits: Some(Vec::new()), ..common::once(fake) };
    [builder(), pos].map(|shop| shop.connection(connection.clone()).build().unwrap())
}

fn bare() -> Reply {
    Reply::Answer(404, String::new())
}

#[tokio::test]
async fn a_404_in_nobodys_words_is_asked_about_by_the_list_of_this_id() {
    // No list shows it: the vendor's word.
    let gone = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/orders.json" => ok(r#"{"orders":[]}"#),
        "/admin/products.json" => ok(r#"{"products":[]}"#),
        "/admin/customers.json" => ok(r#"{"customers":[]}"#),
        _ => bare(),
    });
    for shop in hasty(&gone) {
        for stream in [Stream::Orders, Stream::Products, Stream::Customers] {
            let error = shop.get(stream, "7").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{} {stream}", shop.flavor());
        }
    }
    let [web, _] = hasty(&gone);
    let before = gone.asked().len();
    web.get(Stream::Orders, "7").await.unwrap_err();
    let lists: Vec<_> = gone.asked().split_off(before + 1);
    assert_eq!(
        lists.iter().map(|asked| (asked.query("ids"), asked.query("status"))).collect::<Vec<_>>(),
        [(Some("7"), None), (Some("7"), Some("closed")), (Some("7"), Some("cancelled"))]
    );
    web.get(Stream::Customers, "7").await.unwrap_err();
    assert_eq!(gone.last("GET /admin/customers.json").query("ids"), None, "customers know no such filter");
    // A list shows it: it is there.
    let there = Fake::new(|asked, _| match (asked.path.as_str(), asked.query("status")) {
        ("/admin/orders.json", Some("cancelled")) => {
            ok(r#"{"orders":[{"id":7,"status":"cancelled","line_items":[]}]}"#)
        }
        ("/admin/orders.json", _) => ok(r#"{"orders":[]}"#),
        _ => bare(),
    });
    assert_eq!(hasty(&there)[0].get(Stream::Orders, "7").await.unwrap().id(), "7");
    // Nobody answers lists either: nothing is known, and nothing is gone.
    for answer in ["", "<html>404</html>"] {
        let storm = Fake::new(move |_, _| Reply::Answer(404, answer.into()));
        for shop in hasty(&storm) {
            for stream in [Stream::Orders, Stream::Products, Stream::Customers] {
                let error = shop.get(stream, "7").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{} {stream}", shop.flavor());
            }
        }
    }
}

#[tokio::test]
async fn where_lists_show_others_a_read_that_finds_one_of_them_tells_who_answers() {
    let lists = |asked: &common::Asked| {
        let name = ["orders", "products", "customers"].into_iter().find(|name| asked.path.contains(name))?;
        asked
            .path
            .ends_with(&format!("/{name}.json"))
            .then(|| ok(format!(r#"{{"{name}":[null,{{"id":8}}]}}"#)))
    };
    let streams = [Stream::Orders, Stream::Products, Stream::Customers];
    let object = |asked: &common::Asked, id: u32| {
        let name =
            ["order", "product", "customer"].into_iter().find(|name| asked.path.contains(name)).unwrap();
        ok(format!(r#"{{"{name}":{{"id":{id},"line_items":[]}}}}"#))
    };
    // The other one is found and this one is not; neither is; this one is, the second time.
    let own = Fake::new(move |asked, _| match lists(asked) {
        Some(list) => list,
        None if asked.path.ends_with("/8.json") => object(asked, 8),
        None => bare(),
    });
    let closed = Fake::new(move |asked, _| lists(asked).unwrap_or_else(bare));
    for (fake, kind) in [(&own, ErrorKind::NotFound), (&closed, ErrorKind::Unavailable)] {
        for (shop, stream) in hasty(fake).iter().flat_map(|shop| streams.map(|stream| (shop, stream))) {
            let error = shop.get(stream, "7").await.unwrap_err();
            assert_eq!(error.kind(), kind, "{} {stream}", shop.flavor());
        }
    }
    let passed = Fake::new(move |asked, before| match lists(asked) {
        Some(list) => list,
        None if asked.path.ends_with("/8.json") => object(asked, 8),
        None if before == 0 => bare(),
        None => object(asked, 7),
    });
    for stream in streams {
        assert_eq!(hasty(&passed)[0].get(stream, "7").await.unwrap().id(), "7", "{stream}");
    }
}

#[tokio::test]
async fn check_names_the_store_and_warns_of_missing_permissions() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/store.json" => ok(text("web_store.json")),
        "/admin/locations.json" => Reply::Answer(403, r#"{"error":"access_denied"}"#.into()),
        _ => ok(text("web_customers_page_past_end.json")),
    });
    let info = shop(&fake).check().await.unwrap();
    assert_eq!((info.name.as_str(), info.account.id()), ("Gốm Lam Demo", "gom-lam-demo.mysapo.net"));
    assert_eq!((info.branches.len(), info.warnings.len()), (0, 1));
    let other = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/store.json" => ok(text("web_store.json").replace("gom-lam-demo.biz", "tiem-khac.biz")),
        "/admin/locations.json" => Reply::Answer(403, String::new()),
        _ => ok(text("web_customers_page_past_end.json")),
    });
    let info = builder().connection(common::once(&other)).build().unwrap().check().await.unwrap();
    assert_eq!((info.account.id(), info.warnings.len()), ("tiem-khac.bizwebvietnam.net", 1));
    let error = shop(&Fake::new(|_, _| Reply::Answer(401, String::new()))).check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn pos_lists_follow_their_metadata() {
    let fake = Fake::new(|asked, _| match (asked.path.as_str(), asked.query("page")) {
        ("/admin/customers.json", Some("1")) => ok(text("pos_customers_page_1.json")),
        ("/admin/customers.json", Some("2")) => ok(text("pos_customers_page_last.json")),
        ("/admin/locations.json", _) => ok(text("pos_locations.json")),
        ("/admin/products.json", _) => ok(text("pos_products_page_1.json")),
        _ => unknown(),
    });
    let shop = pos(&fake);
    assert_eq!(shop.flavor(), Flavor::Pos);
    let (ids, pages) = all(&shop, Stream::Customers, ListQuery::default()).await;
    assert_eq!((ids.len(), pages.len(), pages[0].total), (3, 2, Some(3)));
    assert!(fake.asked().iter().all(|asked| asked.query("since_id").is_none()));
    assert_eq!(all(&shop, Stream::Products, ListQuery::default()).await.0, ["3260001"]);
    assert_eq!(shop.check().await.unwrap().branches.len(), 2);
    let refused =
        shop.list_customers(&ListQuery::default().with_modified_from(datetime!(2026-01-01 0:00 UTC))).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(shop.client().get_store().await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn changed_pos_orders_are_found_wherever_they_stand() {
    let rows = |ids: [(u32, u32); 2]| {
        let row = |(id, hour): (u32, u32)| {
            format!(r#"{{"id":{id},"modified_on":"2026-06-07T{hour:02}:00:00Z","status":"draft"}}"#)
        };
        format!(r#"{{"metadata":{{"total":6,"page":1,"limit":2}},"orders":[{}]}}"#, ids.map(row).join(","))
    };
    for pages in [
        [[(4, 9), (6, 8)], [(5, 7), (3, 3)], [(2, 2), (1, 1)]],
        [[(6, 6), (5, 9)], [(4, 8), (3, 3)], [(2, 7), (1, 1)]],
        [[(1, 1), (6, 9)], [(5, 8), (2, 2)], [(4, 7), (3, 3)]],
        // Sorted at first sight.
        [[(5, 5), (6, 4)], [(3, 3), (2, 2)], [(4, 9), (1, 8)]],
    ] {
        let fake = Fake::new(move |asked, _| {
            let page: usize = asked.query("page").unwrap().parse().unwrap();
            ok(rows(pages[page - 1]))
        });
        let query = ListQuery::default().with_modified_from(datetime!(2026-06-07 7:00 UTC));
        let (mut ids, _) = all(&pos(&fake), Stream::Orders, query).await;
        ids.sort();
        let mut expected: Vec<String> =
            pages.iter().flatten().filter(|(_, hour)| *hour >= 7).map(|(id, _)| id.to_string()).collect();
        expected.sort();
        assert_eq!((ids, fake.asked().len()), (expected, 3), "no order is believed");
    }
}

#[tokio::test]
async fn pos_orders_are_written_in_a_branch() {
    let fake = Fake::new(|_, _| ok(text("pos_order_full.json")));
    let mut order = PosOrderWrite::default();
    order.tax_treatment = "exclusive".into();
    pos(&fake).client().create_pos_order(&order).await.unwrap();
    let asked = fake.last("POST /admin/orders.json");
    assert_eq!(
        (
            asked.headers["x-sapo-locationid"].to_str().unwrap(),
            asked.headers["x-sapo-accountid"].to_str().unwrap()
        ),
        ("776001", "1260001")
    );
    assert_eq!(asked.headers["x-sapo-access-token"], "token-mau");
    let builder = Sapo::builder().store("a.mysapogo.com").access_token("t");
    let bare = builder.connection(fake.connection()).build().unwrap();
    assert_eq!(bare.client().create_pos_order(&order).await.unwrap_err().kind(), ErrorKind::Config);
    let elsewhere = bare.client().in_branch(Some(5), None);
    elsewhere.create_pos_order(&order).await.unwrap();
    assert_eq!(fake.last("POST /admin/orders.json").headers["x-sapo-locationid"], "5");
}

#[tokio::test]
async fn webhooks_are_registered_where_they_lack() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        "GET" => ok(text("web_webhooks_list.json")),
        _ => ok(text("web_webhook_create_response.json")),
    });
    let shop = shop(&fake);
    let plan = HookPlan::new("https://crm.example.com/hooks/sapo", "")
        .unwrap()
        .with_topics(["customers/create", "orders/create"]);
    let report = shop.register_webhooks(&plan).await.unwrap();
    assert_eq!(
        (report.kept, report.missing),
        (vec!["customers/create".to_owned()], vec!["orders/create".to_owned()])
    );
    let sent = fake.last("POST /admin/webhooks.json").json();
    assert_eq!(
        sent,
        serde_json::from_slice::<serde_json::Value>(&fixture("web_webhook_create_request.json")).unwrap()
    );
    let asked = fake.asked().len();
    assert!(shop.register_webhooks(&HookPlan::new("http://crm.example.com", "").unwrap()).await.is_err());
    assert_eq!(fake.asked().len(), asked);
    assert_eq!(WebhookWrite::new("a", "b").format, "json");
}

#[tokio::test]
async fn other_reads_are_typed() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/orders/9/transactions.json" => ok(text("web_transactions.json")),
        "/admin/customers/count.json" => ok(text("web_customers_count.json")),
        "/admin/webhooks/5.json" => Reply::Answer(204, String::new()),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let client = shop.client();
    assert_eq!(client.list_transactions(9).await.unwrap().data.len(), 1);
    assert_eq!(client.count("customers", &ListParams::default().with_status("any")).await.unwrap(), 3);
    assert!(fake.asked().iter().all(|asked| asked.query("status").is_none()), "`any` answers nothing");
    client.delete_webhook(5).await.unwrap();
    assert_eq!(client.get_product(1).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn the_host_decides_the_flavour_and_secrets_go_nowhere_else() {
    for (store, host, flavor) in [
        ("gom-lam-demo", "gom-lam-demo.mysapo.net", Flavor::Web),
        ("https://A.mysapo.net/admin?x=1", "a.mysapo.net", Flavor::Web),
        ("a.bizwebvietnam.net", "a.bizwebvietnam.net", Flavor::Web),
        ("a.mysapogo.com/", "a.mysapogo.com", Flavor::Pos),
        ("a.mysapo.vn", "a.mysapo.vn", Flavor::Pos),
    ] {
        let shop = Sapo::builder().store(store).access_token("t").build().unwrap();
        assert_eq!((shop.account().id(), shop.flavor()), (host, flavor));
    }
    // A bare name is a host of the flavour: the other one may be another merchant's.
    let kho = Sapo::builder().store("kho").flavor(Flavor::Pos).access_token("t").build().unwrap();
    assert_eq!((kho.account().id(), kho.flavor()), ("kho.mysapogo.com", Flavor::Pos));
    for store in [
        "",
        "a.example.com",
        "mysapo.net",
        "a.b.mysapo.net",
        "evil.com/a.mysapo.net",
        "k:s@a.mysapo.net",
        "a.mysapo.net:8080",
        "a_b.mysapo.net",
        "-a",
    ] {
        assert_eq!(
            Sapo::builder().store(store).access_token("t").build().unwrap_err().kind(),
            ErrorKind::Config,
            "{store}"
        );
    }
    let neither = Sapo::builder().store("a").build();
    let half = Sapo::builder().store("a").private_app("k", "").build();
    let both = Sapo::builder().store("a").private_app("k", "s").access_token("t").build();
    let pos = Sapo::builder().store("a.mysapogo.com").private_app("k", "s").build();
    let open = Sapo::builder().store("a").access_token("t");
    let open = open.connection(Connection::to("http://example.com")).build();
    for wrong in [neither, half, both, pos, open] {
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Config);
    }
    let over =
        Sapo::builder().store("a.mysapo.vn").flavor(Flavor::Web).private_app("k", "s").build().unwrap();
    assert_eq!(over.flavor(), Flavor::Web);
}

#[tokio::test]
async fn vendor_fields_come_along_when_asked_for() {
    let fake = Fake::new(|_, _| ok(text("web_customers_page_1.json")));
    let custom_fields = vec!["accepts_marketing".to_owned(), "default_address.country_code".to_owned()];
    let shop = builder().connection(Connection { custom_fields, ..fake.connection() }).build().unwrap();
    let page = shop.list_customers(&ListQuery::default()).await.unwrap();
    assert_eq!(page.records[0].custom["accepts_marketing"], true);
    assert_eq!(page.records[0].custom["default_address.country_code"], "VN");
}

/// The table in the vendor page, as the connector promises it.
#[test]
fn the_capabilities_are_those_of_the_vendor_page() {
    let page = std::fs::read_to_string(format!("{}/../../docs/vendors/sapo.md", env!("CARGO_MANIFEST_DIR")))
        .unwrap_or_default();
    let mut table = String::from(
        "| flavour | stream | list | by id | changed since | changed until | total |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for store in ["a.mysapo.net", "a.mysapogo.com"] {
        let shop = Sapo::builder().store(store).access_token("t").build().unwrap();
        for (stream, caps) in shop.capabilities().streams {
            let sign = |on: bool| if on { "✓" } else { "–" };
            let [list, get, from, to, total] =
                [caps.list, caps.get, caps.modified_from, caps.modified_to, caps.total].map(sign);
            table.push_str(&format!(
                "| {} | {stream} | {list} | {get} | {from} | {to} | {total} |\n",
                shop.flavor()
            ));
        }
    }
    println!("{table}");
    assert!(page.is_empty() || page.contains(&table), "docs/vendors/sapo.md must hold this table:\n{table}");
}

#[tokio::test]
async fn another_object_than_the_one_asked_for_is_an_error() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/orders/123.json" => ok(r#"{"order":{"id":999,"line_items":[]}}"#),
        "/admin/customers/123.json" => ok(r#"{"customer":{"id":999}}"#),
        _ => ok(r#"{"product":{"id":999,"variants":[]}}"#),
    });
    for shop in [shop(&fake), pos(&fake)] {
        for stream in [Stream::Customers, Stream::Products, Stream::Orders] {
            let error = shop.get(stream, "123").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{stream}");
        }
    }
    assert_eq!(shop(&fake).client().get_customer(123).await.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_refund_that_only_the_transactions_tell_is_read_from_them() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/admin/orders/7.json" => ok(
            r#"{"order":{"id":7,"status":"open","financial_status":"partially_refunded","total_price":500,"total_received":500,
                "refunds":[],"line_items":[]}}"#,
        ),
        _ => ok(r#"{"transactions":[{"id":1,"kind":"sale","status":"success","amount":500},
                {"id":2,"kind":"refund","status":"failure","amount":300},{"id":3,"kind":"refund","status":"success","amount":200}]}"#),
    });
    let order = shop(&fake).get_document(DocumentKind::Order, "7").await.unwrap();
    assert_eq!((order.refunded, order.incomplete), (Some(200.into()), false));
    assert_eq!(fake.lines(), ["GET /admin/orders/7.json", "GET /admin/orders/7/transactions.json"]);
}

/// Pages of a list of the web flavour: so many rows, so many on a page whatever is asked for.
fn paged(asked: &common::Asked, rows: u32, a_page: u32) -> Reply {
    if asked.path.ends_with("/count.json") {
        return ok(format!(r#"{{"count":{rows}}}"#));
    }
    let number = |name: &str| asked.query(name).and_then(|text| text.parse::<u32>().ok()).unwrap_or_default();
    let since = number("since_id");
    let ids: Vec<u32> = (1..=rows).filter(|id| *id > since).collect();
    let from = (number("page").max(1) - 1) * a_page;
    let page = ids.iter().skip(from as usize).take(a_page as usize).map(|id| format!(r#"{{"id":{id}}}"#));
    ok(format!(r#"{{"customers":[null,{}]}}"#, page.collect::<Vec<_>>().join(",")).replace(",]", "]"))
}

#[tokio::test]
async fn a_page_that_the_vendor_shortens_is_not_the_end_and_the_total_is_told_at_once() {
    let fake = Fake::new(|asked, _| paged(asked, 230, 49));
    let (ids, pages) = all(&shop(&fake), Stream::Customers, ListQuery::default()).await;
    let once: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!((once.len(), pages[0].total), (230, Some(230)));
}

#[tokio::test]
async fn rows_that_the_count_tells_and_no_page_shows_are_an_error() {
    let fake = Fake::new(|asked, _| match asked.path.ends_with("/count.json") {
        true => ok(r#"{"count":120}"#),
        false => paged(asked, 100, 60),
    });
    let shop = shop(&fake);
    let mut pages = shop.pages(Stream::Customers, ListQuery::default().with_page_size(60));
    let error = loop {
        match pages.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the list was taken for complete"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, pos_core::Retry::Backoff));
}

#[tokio::test]
async fn deleted_products_are_told_by_events_where_there_are_events() {
    let events = r#"{"events":[
        {"id":1,"subject_id":5,"subject_type":"Product","verb":"destroy","created_on":"2026-06-02T00:00:00Z"},
        {"id":2,"subject_id":6,"subject_type":"Product","verb":"destroy","created_on":"2026-05-01T00:00:00Z"},
        {"id":3,"subject_id":7,"subject_type":"Order","verb":"destroy","created_on":"2026-06-02T00:00:00Z"},
        {"id":4,"subject_id":8,"subject_type":"Product","verb":"update","created_on":"2026-06-02T00:00:00Z"}]}"#;
    let page = "<!DOCTYPE html><html></html>";
    for (answer, expected) in [(events, vec!["5"]), (page, vec![]), (r#"{"errors":"Not Found"}"#, vec![])] {
        let fake = Fake::new(move |asked, _| match asked.path.as_str() {
            "/admin/events.json" if answer.starts_with(r#"{"errors"#) => Reply::Answer(404, answer.into()),
            "/admin/events.json" => ok(answer),
            _ => ok(r#"{"products":[{"id":9,"modified_on":"2026-06-02T00:00:00Z"}]}"#),
        });
        let shop = builder().connection(common::once(&fake)).build().unwrap();
        let query = ListQuery::default().with_removed().with_modified_from(datetime!(2026-06-01 0:00 UTC));
        let (ids, pages) = all(&shop, Stream::Products, query).await;
        let removed: Vec<String> = pages.iter().flat_map(|page| page.removed.clone()).collect();
        assert_eq!((ids, removed.iter().map(String::as_str).collect()), (vec!["9".to_owned()], expected));
        let asked = fake.last("GET /admin/events.json");
        assert_eq!((asked.query("verb"), asked.query("page")), (Some("destroy"), Some("1")));
    }
    let refused =
        shop(&Fake::new(|_, _| unknown())).list_customers(&ListQuery::default().with_removed()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
}

/// So many events about deleted products, from this number on.
fn destroyed(from: u32, count: u32) -> Reply {
    let event = |id: u32| {
        format!(
            r#"{{"id":{id},"subject_id":{id},"subject_type":"Product","verb":"destroy","created_on":"2026-06-02T00:00:00Z"}}"#
        )
    };
    ok(format!(r#"{{"events":[{}]}}"#, (from..from + count).map(event).collect::<Vec<_>>().join(",")))
}

/// Reads the deleted products to the end.
async fn removed(shop: &Sapo) -> pos_core::Result<Vec<String>> {
    let mut pages = shop.pages(Stream::Products, ListQuery::default().with_removed());
    let mut told = Vec::new();
    while let Some(page) = pages.try_next().await? {
        told.extend(page.removed);
    }
    Ok(told)
}

#[tokio::test]
async fn events_end_where_their_pages_do_and_never_go_on_for_ever() {
    let with_events = |events: fn(u32) -> Reply| {
        Fake::new(move |asked, _| match asked.path.as_str() {
            "/admin/events.json" => events(asked.query("page").unwrap().parse().unwrap()),
            _ => ok(r#"{"products":[{"id":9000}]}"#),
        })
    };
    let pages = |fake: &Fake| fake.lines().iter().filter(|line| line.ends_with("/events.json")).count();
    // Pages that the vendor makes shorter, and a last one.
    let shorter = with_events(|page| destroyed(page * 100, if page < 3 { 100 } else { 7 }));
    assert_eq!((removed(&hasty(&shorter)[0]).await.unwrap().len(), pages(&shorter)), (207, 3));
    // Nothing heeds the number of the page.
    let same = with_events(|_| destroyed(1, 250));
    assert_eq!((removed(&hasty(&same)[0]).await.unwrap().len(), pages(&same)), (250, 2));
    // The same last page again.
    let tail = with_events(|page| destroyed(page.min(2) * 250, 250));
    assert_eq!((removed(&hasty(&tail)[0]).await.unwrap().len(), pages(&tail)), (500, 3));
    let endless = with_events(|page| destroyed(page * 250, 250));
    let error = removed(&hasty(&endless)[0]).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, pos_core::Retry::Backoff), "{error}");
    // What is closed later on was open before: the rest is not told, and that is no end.
    let cut = with_events(|page| if page == 1 { destroyed(1, 250) } else { bare() });
    assert!(removed(&hasty(&cut)[0]).await.is_err());
}

#[tokio::test]
async fn a_topic_that_the_store_refuses_keeps_no_other_from_being_registered() {
    let fake = Fake::new(|asked, _| match asked.method.as_str() {
        "GET" => ok(r#"{"webhooks":[]}"#),
        _ if asked.body.contains("inventories") => {
            Reply::Answer(422, r#"{"errors":{"topic":["is invalid"]}}"#.into())
        }
        _ => Reply::Answer(201, r#"{"webhook":{"id":5}}"#.into()),
    });
    let topics = &pos_sapo::webhook::POS_TOPICS;
    let plan = HookPlan::new("https://crm.example.com/h", "").unwrap();
    let report = pos(&fake).register_webhooks(&plan).await.unwrap();
    assert_eq!(
        (report.missing.len(), report.refused),
        (topics.len() - 1, vec!["inventories/update".to_owned()])
    );
    for topics in [&pos_sapo::webhook::POS_TOPICS[..], &pos_sapo::webhook::WEB_TOPICS[..]] {
        assert!(topics.contains(&"app/uninstalled"));
    }
    let none = Fake::new(|asked, _| match asked.method.as_str() {
        "GET" => ok(r#"{"webhooks":[]}"#),
        _ => Reply::Answer(422, r#"{"errors":{"address":["is invalid"]}}"#.into()),
    });
    assert!(pos(&none).register_webhooks(&plan).await.is_err());
}

#[tokio::test]
async fn the_vendors_clock_is_learned() {
    let fake = Fake::new(|_, _| {
        Reply::With(200, "date", "Wed, 13 May 2026 02:00:00 GMT".into(), r#"{"customer":{"id":7}}"#.into())
    });
    let clock = pos_core::Clock::new(|| datetime!(2026-05-13 1:00 UTC));
    let shop = builder().connection(Connection { clock, ..fake.connection() }).build().unwrap();
    assert_eq!(shop.skew(), None);
    shop.get_customer("7").await.unwrap();
    assert_eq!(shop.skew(), Some(time::Duration::hours(1)));
    assert!(shop.pacer().is_some());
}

#[tokio::test]
async fn a_cursor_of_an_earlier_release_begins_the_list_again() {
    let fake = Fake::new(|_, _| ok(r#"{"customers":[{"id":7}]}"#));
    let from = |cursor: &str| ListQuery::default().with_cursor(Some(Cursor::from(cursor.to_owned())));
    let earlier = from(r#"sapo/web/customers/2:{"s":{"i":900,"p":0,"n":3},"w":{}}"#);
    assert_eq!(shop(&fake).list_customers(&earlier).await.unwrap().records.len(), 1);
    let asked = fake.last("GET /admin/customers.json");
    assert_eq!(asked.query("since_id"), Some("0"));
    // One of the other flavour is of another list.
    let other = from(r#"sapo/pos/customers/2:{"s":{},"w":{}}"#);
    assert_eq!(shop(&fake).list_customers(&other).await.unwrap_err().kind(), ErrorKind::Config);
}
