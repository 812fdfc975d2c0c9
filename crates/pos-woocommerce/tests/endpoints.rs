//! What goes over the wire, and what is made of the answers.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use base64::Engine;
use common::{Fake, Reply, SITE, builder, counted, fixture, ok, shop, text, unknown};
use pos_core::http::RetryPolicy;
use pos_core::kit::{Connection, Settings};
use pos_core::record::{DocumentKind, Money, StatusCategory};
use pos_core::{Connector, ConnectorExt, ErrorKind, HookPlan, ListQuery, Secret, Stream};
use pos_woocommerce::model::{Batch, CustomerWrite};
use pos_woocommerce::{ENTRY, ListParams, TOPICS, WooCommerce};
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration as Span, OffsetDateTime};

/// An order that changed at this minute of the day.
fn order(id: i64, minute: i64) -> Value {
    let at = datetime!(2026-11-20 0:00 UTC) + Span::minutes(minute);
    let at = at
        .format(time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]"))
        .unwrap();
    json!({"id": id, "status": "completed", "total": "1", "line_items": [], "date_modified_gmt": at})
}

fn list(rows: &[Value]) -> String {
    Value::from(rows.to_vec()).to_string()
}

fn since(minute: i64) -> ListQuery {
    ListQuery::default().with_modified_from(datetime!(2026-11-20 0:00:00.9 UTC) + Span::minutes(minute))
}

/// All pages of a stream: ids, and ids of what is gone.
async fn read(shop: &WooCommerce, stream: Stream, query: ListQuery) -> (Vec<String>, Vec<String>) {
    let (mut ids, mut removed) = (Vec::new(), Vec::new());
    let mut pages = shop.pages(stream, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        ids.extend(page.records.iter().map(|record| record.id().to_owned()));
        removed.extend(page.removed);
    }
    ids.dedup();
    (ids, removed)
}

#[tokio::test]
async fn a_list_goes_out_with_exclusive_bounds_in_utc_and_without_a_zone() {
    let fake = Fake::new(|_, _| {
        let mut rows: Vec<Value> = serde_json::from_slice(&fixture("orders_page1.json")).unwrap();
        rows.sort_by_key(|row| row["date_modified_gmt"].to_string());
        counted(4, list(&rows))
    });
    let connection =
        Connection { custom_fields: vec!["payment_method".into()], ..fake.connection().unpaced() };
    let shop = builder().connection(connection).build().unwrap();
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-11-01 7:00:00.9 +7))
        .with_modified_to(datetime!(2026-11-30 0:00 UTC));
    let page = shop.list_documents(DocumentKind::Order, &query).await.unwrap();
    assert_eq!((page.records.len(), page.next.is_none(), page.total), (4, true, None));
    assert_eq!(page.records[0].custom["payment_method"], "vnpay");
    let asked = &fake.asked()[0];
    assert_eq!(asked.line(), "GET /wp-json/wc/v3/orders");
    for (name, value) in [
        ("modified_after", "2026-10-31T23:59:59"),
        ("modified_before", "2026-11-30T00:00:01"),
        ("dates_are_gmt", "true"),
        ("orderby", "modified"),
        ("order", "asc"),
        ("per_page", "100"),
        ("page", "1"),
        ("status", "any"),
    ] {
        assert_eq!(asked.query(name), Some(value), "{name}");
    }
    let key = base64::engine::general_purpose::STANDARD.encode("ck_sample:cs_sample");
    assert_eq!(asked.headers["authorization"], format!("Basic {key}"));
    assert!(asked.headers["authorization"].is_sensitive());
    assert_eq!(asked.query("consumer_key"), None);
}

#[tokio::test]
async fn rows_that_move_while_they_are_read_are_all_read() {
    let fake = Fake::new(|asked, _| {
        let after = asked.query("modified_after").unwrap().to_owned();
        let rows: Vec<Value> = (1..=250).map(|id| order(id, id / 40)).collect();
        let found: Vec<Value> = rows
            .into_iter()
            .filter(|row| row["date_modified_gmt"].as_str().unwrap() > after.as_str())
            .collect();
        let (page, size) = (asked.query("page").unwrap().parse::<usize>().unwrap(), 30);
        assert_eq!(asked.query("per_page"), Some("30"));
        // What the key may not read is left out: a short page is not the end.
        let shown: Vec<Value> =
            found.iter().skip((page - 1) * size).take(size).filter(|row| row["id"] != 7).cloned().collect();
        if asked.query("status") == Some("any") {
            counted(found.len(), list(&shown))
        } else {
            ok(list(&shown))
        }
    });
    let shop = shop(&fake);
    let (mut ids, _) = read(&shop, Stream::Orders, since(0).with_page_size(30)).await;
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 249, "the bound is inclusive to the second, though it lies inside of it");
    let windows = fake.asked().iter().filter(|asked| asked.query("page") == Some("1")).count();
    assert!(windows > 3, "the walk begins again where it ended");
}

#[tokio::test]
async fn a_shop_without_an_order_by_change_is_read_by_id_and_looked_at_here() {
    let rows: Vec<Value> = (1..=5).map(|id| order(id, 10 - id)).collect();
    let old = {
        let rows = rows.clone();
        Fake::new(move |asked, _| match asked.query("orderby") {
            Some("id") => counted(5, list(&rows)),
            _ => Reply::Answer(400, text("error_400_invalid_param.json")),
        })
    };
    assert_eq!(read(&shop(&old), Stream::Orders, since(7)).await.0, ["1", "2", "3"]);
    assert_eq!(old.last("GET /wp-json/wc/v3/orders").query("offset"), Some("0"));
    // And one that heeds neither the bound nor the order.
    let deaf = Fake::new(move |_, _| counted(5, list(&rows)));
    assert_eq!(read(&shop(&deaf), Stream::Orders, since(7)).await.0, ["1", "2", "3"]);
}

#[tokio::test]
async fn customers_of_every_role_are_read_by_id_with_and_without_the_count() {
    for has_count in [true, false] {
        let fake = Fake::new(move |asked, _| {
            let from: usize = asked.query("offset").unwrap().parse().unwrap();
            let rows: Vec<Value> =
                (1..=25).map(|id| json!({"id": id, "email": format!("a{id}@example.com")})).collect();
            // Users that the key may not see are cut out of the page.
            let page: Vec<Value> = rows
                .into_iter()
                .skip(from)
                .take(10)
                .filter(|row| row["id"].as_i64().unwrap() % 10 != 4)
                .collect();
            if has_count { counted(25, list(&page)) } else { ok(list(&page)) }
        });
        let (ids, _) = read(&shop(&fake), Stream::Customers, ListQuery::default().with_page_size(10)).await;
        assert_eq!(ids.len(), 22, "{ids:?}");
        let asked = &fake.asked()[0];
        assert_eq!(
            (asked.query("role"), asked.query("orderby"), asked.query("order")),
            (Some("all"), Some("id"), Some("asc"))
        );
    }
    let fake = Fake::new(|_, _| unknown());
    let error = shop(&fake).list_customers(&since(0)).await.unwrap_err();
    assert_eq!(
        (error.kind(), fake.asked().len()),
        (ErrorKind::Unsupported, 0),
        "the shop would ignore the bound"
    );
}

#[tokio::test]
async fn a_host_that_breaks_down_is_asked_for_less() {
    let fake = Fake::new(|asked, _| match asked.query("per_page").unwrap() {
        "100" | "50" => Reply::Answer(500, text("error_500_critical.json")),
        _ => counted(3, text("customers_page1.json")),
    });
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::USUAL };
    let shop = builder()
        .connection(Connection { retry: Some(once), ..fake.connection().unpaced() })
        .build()
        .unwrap();
    assert_eq!(shop.list_customers(&ListQuery::default()).await.unwrap().records.len(), 3);
    let sizes: Vec<_> =
        fake.asked().iter().filter_map(|asked| asked.query("per_page").map(str::to_owned)).collect();
    assert_eq!(sizes, ["100", "50", "25"]);
}

#[tokio::test]
async fn what_lies_in_the_trash_is_told_as_removed() {
    let fake = Fake::new(|asked, _| match (asked.path.as_str(), asked.query("status")) {
        ("/wp-json/wc/v3/orders", Some("trash")) => counted(1, list(&[order(9, 50)])),
        ("/wp-json/wc/v3/orders", _) => counted(1, list(&[order(1, 50)])),
        ("/wp-json/wc/v3/products", Some("trash")) => {
            Reply::Answer(400, text("error_400_invalid_param.json"))
        }
        _ => counted(0, "[]"),
    });
    let shop = shop(&fake);
    let (ids, removed) = read(&shop, Stream::Orders, since(7).with_removed()).await;
    assert_eq!((ids, removed), (vec!["1".to_owned()], vec!["9".to_owned()]));
    let asked = fake.last("GET /wp-json/wc/v3/orders");
    assert_eq!(asked.query("modified_after"), None, "trashing may not move the time of change");
    assert_eq!(asked.query("_fields"), Some("id,status,date_modified_gmt"));
    let (_, removed) = read(&shop, Stream::Products, since(7).with_removed()).await;
    assert!(removed.is_empty(), "an old shop has no such status for products");
    assert_eq!(fake.last("GET /wp-json/wc/v3/products").query("modified_after"), None);
}

#[tokio::test]
async fn products_come_with_their_variations_and_categories_page_by_page() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/wp-json/wc/v3/products" => counted(2, text("products_page1.json")),
        "/wp-json/wc/v3/products/310/variations" => {
            // The sample comes newest first; asked by id it comes ascending.
            let mut rows: Vec<Value> = serde_json::from_slice(&fixture("product_variations.json")).unwrap();
            rows.reverse();
            counted(2, list(&rows))
        }
        "/wp-json/wc/v3/products/310" => {
            ok(serde_json::from_slice::<Value>(&fixture("products_page1.json")).unwrap()[0].to_string())
        }
        "/wp-json/wc/v3/products/312" => ok(text("webhook_product_updated_variation.json")),
        "/wp-json/wc/v3/products/categories" => match asked.query("page") {
            Some("1") => ok(text("product_categories.json")),
            _ => ok("[]"),
        },
        _ => unknown(),
    });
    let shop = shop(&fake);
    let page = shop.list_products(&ListQuery::default()).await.unwrap();
    assert_eq!((page.next.is_none(), page.total), (true, Some(2)));
    let vase = &page.records[0];
    let told: Vec<_> =
        vase.variants.iter().map(|one| (one.id.as_str(), one.name.as_deref(), one.price)).collect();
    let price = |amount: i64| Some(Money::from(amount));
    assert_eq!(told, [("312", Some("Xanh"), price(450_000)), ("313", Some("Nâu"), price(470_000))]);
    assert_eq!(vase.price, None, "they differ");
    assert_eq!(shop.get_product("310").await.unwrap(), *vase);
    assert_eq!(
        shop.get_product("312").await.unwrap_err().kind(),
        ErrorKind::NotFound,
        "a variation is no product"
    );
    assert_eq!(fake.asked()[0].query("per_page"), Some("20"), "each variable product costs a request");
    assert_eq!(read(&shop, Stream::Categories, ListQuery::default()).await.0, ["21", "15"]);
}

#[tokio::test]
async fn one_object_is_read_by_its_id_and_another_one_is_an_error() {
    let fake = Fake::new(|asked, _| match asked.path.rsplit('/').next().unwrap() {
        "5101" => {
            let mut body: Value = serde_json::from_slice(&fixture("order_guest.json")).unwrap();
            body["status"] = json!("trash");
            body["meta_data"] = json!([{"key": "vat_code", "value": {"no": 7}}]);
            ok(body.to_string())
        }
        "41" => ok(r#"{"id":42,"email":"a@example.com"}"#),
        "5999" => Reply::Answer(404, text("error_404_order_invalid_id.json")),
        _ => unknown(),
    });
    let connection = Connection {
        custom_fields: vec!["meta_data.vat_code".into(), "order_key".into()],
        ..fake.connection().unpaced()
    };
    let shop = builder().connection(connection).build().unwrap();
    let order = shop.get_document(DocumentKind::Order, "5101").await.unwrap();
    assert_eq!(order.status.category, StatusCategory::Deleted, "one in the trash can be read");
    assert_eq!(order.custom["meta_data.vat_code"], json!({"no": 7}));
    assert_eq!(order.custom["order_key"], "wc_order_demo5101");
    assert_eq!(shop.get_document(DocumentKind::Order, "5999").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(shop.get_document(DocumentKind::Order, "GV-1").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(shop.get_customer("41").await.unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(
        shop.get_document(DocumentKind::Return, "1").await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[tokio::test]
async fn the_key_goes_into_the_query_only_where_it_may_and_the_header_was_lost() {
    let lost = || {
        Fake::new(|asked, _| match asked.query("consumer_key") {
            None => Reply::Answer(401, text("error_401_cannot_view.json")),
            Some(_) => counted(0, "[]"),
        })
    };
    let fake = lost();
    let error = shop(&fake).list_customers(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Auth, 1));
    let fake = lost();
    let shop = builder().key_in_query(true).connection(fake.connection().unpaced()).build().unwrap();
    for _ in 0..2 {
        shop.list_customers(&ListQuery::default()).await.unwrap();
    }
    let asked = fake.asked();
    assert_eq!(asked.len(), 3, "once it was learned it is kept to");
    assert_eq!(asked[2].query("consumer_secret"), Some("cs_sample"));
    assert!(!asked[2].headers.contains_key("authorization"));
}

#[tokio::test]
async fn plain_permalinks_are_found_once_and_kept_to() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/shop/index.php" if asked.query("rest_route") == Some("/wc/v3/customers") => counted(0, "[]"),
        _ => Reply::Answer(404, "<html>Not found</html>".to_owned()),
    });
    let shop = builder().site("example.vn/shop/").connection(fake.connection().unpaced()).build().unwrap();
    assert_eq!(shop.account().to_string(), "woocommerce:example.vn/shop");
    for _ in 0..2 {
        shop.list_customers(&ListQuery::default()).await.unwrap();
    }
    assert_eq!(
        fake.lines(),
        ["GET /shop/wp-json/wc/v3/customers", "GET /shop/index.php", "GET /shop/index.php"]
    );
    assert_eq!(fake.asked()[2].query("role"), Some("all"));
    let off = Fake::new(|_, _| unknown());
    let error = common::shop(&off).list_categories(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), off.asked().len()), (ErrorKind::Config, 2));
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_sent() {
    for (site, key, secret) in [
        ("", "ck", "cs"),
        ("http://shop.example.vn", "ck", "cs"),
        ("https://shop.example.vn?a=b", "ck", "cs"),
        ("shop.example.vn", " ", "cs"),
        ("shop.example.vn", "ck", ""),
    ] {
        let made = WooCommerce::builder().site(site).consumer_key(key).consumer_secret(secret).build();
        assert_eq!(made.unwrap_err().kind(), ErrorKind::Config, "{site}");
    }
    let local =
        WooCommerce::builder().site("http://127.0.0.1:8080/").consumer_key("ck").consumer_secret("cs");
    assert_eq!(local.build().unwrap().account().id(), "127.0.0.1:8080");
    assert!(!format!("{:?}", builder().build().unwrap()).contains("_sample"), "no key is printed");
    let settings: Settings = [
        ("site", "Shop.Example.vn"),
        ("consumer_key", "ck"),
        ("consumer_secret", "cs"),
        ("key_in_query", "true"),
    ]
    .into_iter()
    .collect();
    let shop = ENTRY.connect(&settings, Connection::to("http://127.0.0.1:9")).unwrap();
    assert_eq!(shop.account().id(), "shop.example.vn", "the way there is not its name");
}

#[tokio::test(start_paused = true)]
async fn a_shop_is_asked_twice_a_second_and_one_after_the_other() {
    let fake = Fake::new(|_, _| counted(0, "[]"));
    let shop = builder().connection(fake.connection()).build().unwrap();
    for _ in 0..12 {
        shop.list_customers(&ListQuery::default()).await.unwrap();
    }
    let asked = fake.asked();
    let took = asked[11].at - asked[0].at;
    assert!((Duration::from_millis(4900)..Duration::from_millis(5300)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_check_says_what_the_key_may_not_do() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/wp-json/wc/v3/customers" => Reply::Answer(403, text("error_403_cannot_view.json")),
        _ => ok("[]"),
    });
    let info = shop(&fake).check().await.unwrap();
    assert_eq!((info.account.id(), info.warnings.len()), ("gomviet-demo.example.vn", 1));
    let refused = Fake::new(|_, _| Reply::Answer(401, text("error_401_secret_invalid.json")));
    assert_eq!(shop(&refused).check().await.unwrap_err().kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn missing_webhooks_are_made_disabled_ones_revived_and_paused_ones_left() {
    const URL: &str = "https://crm.example.vn/hooks/woo/a1";
    let fake = Fake::new(|asked, _| {
        match (asked.line().as_str(), asked.query("status")) {
        ("GET /wp-json/wc/v3/webhooks", None) => ok(json!([
            {"id": 1, "status": "active", "topic": "order.created", "delivery_url": URL},
            {"id": 2, "status": "paused", "topic": "order.deleted", "delivery_url": URL},
            {"id": 4, "status": "active", "topic": "order.restored", "delivery_url": "https://other.example.vn"},
        ]).to_string()),
        ("GET /wp-json/wc/v3/webhooks", Some("disabled")) => {
            ok(json!([{"id": 3, "status": "disabled", "topic": "order.updated", "delivery_url": URL}]).to_string())
        }
        ("PUT /wp-json/wc/v3/webhooks/3", _) => ok(text("webhook_create_response_201.json")),
        ("POST /wp-json/wc/v3/webhooks", _) => Reply::Answer(201, text("webhook_create_response_201.json")),
        _ => unknown(),
    }
    });
    let shop = shop(&fake);
    let plan = |url, secret| HookPlan::new(url, Secret::new(secret));
    let hooks = shop.register_webhooks(&plan(URL, "test-secret-f4f1").unwrap()).await.unwrap();
    assert_eq!(
        (&hooks.dropped[..], &hooks.paused[..]),
        (&["order.updated".to_owned()][..], &["order.deleted".to_owned()][..])
    );
    assert_eq!((hooks.kept.len(), hooks.missing.len(), hooks.foreign.len()), (1, TOPICS.len() - 3, 1));
    assert_eq!(fake.last("PUT /wp-json/wc/v3/webhooks/3").json(), json!({"status": "active"}));
    let made = fake.asked().into_iter().find(|asked| asked.method == "POST").unwrap().json();
    assert_eq!(made["topic"], "order.restored");
    assert_eq!(
        (&made["delivery_url"], &made["secret"], &made["status"]),
        (&json!(URL), &json!("test-secret-f4f1"), &json!("active"))
    );
    let sent = fake.asked().len();
    for (url, secret) in [("https://crm.example.vn:8443/", "abc"), (URL, ""), (URL, "a&b")] {
        let error = shop.register_webhooks(&plan(url, secret).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
    }
    assert_eq!(fake.asked().len(), sent);
}

#[tokio::test]
async fn a_batch_answers_object_by_object() {
    let fake = Fake::new(|_, _| ok(text("customers_batch_response.json")));
    let shop = shop(&fake);
    let create = vec![CustomerWrite::default(), CustomerWrite::default()];
    let mut batch = Batch { create, ..Batch::default() };
    let answer = shop.client().batch_customers(&batch).await.unwrap();
    let first = answer.created[0].as_ref().unwrap_err();
    assert_eq!(
        (first.kind(), first.vendor_code()),
        (ErrorKind::Conflict, Some("registration-error-email-exists"))
    );
    assert_eq!(answer.created[1].as_ref().unwrap().id, 45);
    batch.delete = (0..99).collect();
    assert_eq!(shop.client().batch_customers(&batch).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(fake.asked().len(), 1, "101 are too many");
}

#[tokio::test]
async fn refunds_are_read_by_order_and_all_together() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/wp-json/wc/v3/orders/5102/refunds" => ok(text("order_refunds.json")),
        "/wp-json/wc/v3/refunds" => counted(2, text("refunds_page1.json")),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let of_order = shop.client().list_order_refunds(5102, &ListParams::default()).await.unwrap();
    assert_eq!((of_order.data[0].amount, of_order.data[0].parent_id), (Some(Money::from(72_000)), None));
    assert_eq!(of_order.data[0].line_items[0].quantity, Some((-1).into()));
    let after = OffsetDateTime::UNIX_EPOCH;
    let all = shop.client().list_refunds(&ListParams::default().with_after(after)).await.unwrap();
    assert_eq!((all.data[0].parent_id, all.total, all.data[0].line_items.len()), (Some(5103), Some(2), 0));
    assert_eq!(fake.last("GET /wp-json/wc/v3/refunds").query("after"), Some("1970-01-01T00:00:00"));
    assert!(SITE.ends_with(shop.account().id()));
}

/// The tables in the vendor page and in the README, as the connector promises them.
#[test]
fn the_pages_say_what_the_connector_promises() {
    let root = env!("CARGO_MANIFEST_DIR");
    let page =
        std::fs::read_to_string(format!("{root}/../../docs/vendors/woocommerce.md")).unwrap_or_default();
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
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
        let row = |yes: &str, no: &str| {
            let told = flags.map(|flag| if flag { yes } else { no });
            format!("| {stream} | {} |", told.join(" | "))
        };
        let row_of_page = format!("{} {} | {} s |", row("yes", "no"), caps.max_page_size, caps.lag_seconds);
        assert!(page.is_empty() || page.contains(&row_of_page), "{row_of_page}");
        assert!(readme.contains(&row("✓", "–")), "{stream}");
    }
}
