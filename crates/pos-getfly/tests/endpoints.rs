//! What goes over the wire, and what is made of the answers.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::{Asked, Fake, Reply, builder, of_line, ok, shop, text, unknown};
use pos_core::http::RetryPolicy;
use pos_core::kit::{Connection, Settings};
use pos_core::record::DocumentKind;
use pos_core::{Connector, ConnectorExt, ErrorKind, ListQuery, Retry, Stream};
use pos_getfly::{Api, ENTRY, Getfly, ListParams};
use serde_json::{Value, json};
use time::macros::datetime;

/// A list of lines 6: rows by `offset` and `limit`.
fn listed(asked: &Asked, rows: &[Value]) -> Reply {
    let number = |name: &str, usual| asked.query(name).map_or(usual, |text| text.parse().unwrap());
    let (offset, limit) = (number("offset", 0), number("limit", 20));
    let data: Vec<&Value> = rows.iter().skip(offset).take(limit).collect();
    let has_more = offset + data.len() < rows.len();
    ok(json!({"data": data, "has_more": has_more, "offset": offset, "limited": limit}).to_string())
}

fn accounts(ids: impl IntoIterator<Item = i64>) -> Vec<Value> {
    ids.into_iter()
        .map(|id| json!({"id": id, "account_name": "Lê Mẫu", "updated_at": "2026-03-12 08:53:00"}))
        .collect()
}

/// All pages of a stream: ids, and ids of what is gone.
async fn read(shop: &Getfly, stream: Stream, query: ListQuery) -> (Vec<String>, Vec<String>) {
    let (mut ids, mut removed) = (Vec::new(), Vec::new());
    let mut pages = shop.pages(stream, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        ids.extend(page.records.iter().map(|record| record.id().to_owned()));
        removed.extend(page.removed);
    }
    (ids, removed)
}

#[tokio::test]
async fn a_list_goes_out_with_the_key_in_a_header_and_its_members_named() {
    let fake = Fake::new(|_, _| ok(text("accounts.page2-last.json")));
    let connection = Connection {
        custom_fields: vec!["custom_fields.hang_the".into(), "detail_custom_fields.hang_the".into()],
        ..fake.connection().unpaced()
    };
    let shop = builder().connection(connection).build().unwrap();
    let page = shop.list_customers(&ListQuery::default()).await.unwrap();
    assert_eq!((page.records.len(), page.next, page.total), (1, None, None));
    let asked = &fake.asked()[0];
    assert_eq!(asked.line(), "GET /api/v6.1/accounts");
    assert_eq!((asked.query("limit"), asked.query("offset")), (Some("100"), Some("0")));
    let fields: Vec<&str> = asked.query("fields").unwrap().split(',').collect();
    for name in ["contacts", "detail_custom_fields", "account_type_details", "updated_at", "gender_detail"] {
        assert!(fields.contains(&name), "{name}");
    }
    assert_eq!(asked.headers["x-api-key"], "sampleSampleSampleSample000001");
    assert!(asked.headers["x-api-key"].is_sensitive());
    assert_eq!(asked.headers["content-type"], "application/json");
    assert!(!asked.query.iter().any(|(_, value)| value.contains("sampleSample")), "never in an address");
}

#[tokio::test]
async fn own_fields_are_found_under_either_name() {
    let fake = Fake::new(|_, _| ok(text("account.detail.v6.1.json")));
    let connection = Connection {
        custom_fields: vec![
            "custom_fields.hang_the".into(),
            "relation_name".into(),
            "custom_fields.none".into(),
        ],
        ..fake.connection().unpaced()
    };
    let shop = builder().connection(connection).build().unwrap();
    let read = shop.get_customer("1201").await.unwrap();
    assert_eq!(read.custom["custom_fields.hang_the"], "Vàng", "it is read in `detail_custom_fields`");
    assert_eq!((read.custom.len(), &read.custom["relation_name"]), (2, &json!("Khách hàng mới")));
}

#[tokio::test]
async fn changes_are_a_list_of_their_own_and_deletions_come_first() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/api/v6.1/accounts/sync" => ok(text("accounts.sync.json")),
        "/api/v6.1/accounts/deleted_ids" if asked.query("offset") == Some("0") => {
            ok(text("accounts.deleted_ids.json"))
        }
        "/api/v6.1/accounts/deleted_ids" => ok("[]"),
        _ => unknown(),
    });
    let shop = shop(&fake);
    let from = datetime!(2026-03-13 9:00:00.7 +7);
    let query = ListQuery::default().with_modified_from(from).with_removed();
    let (ids, removed) = read(&shop, Stream::Customers, query).await;
    assert_eq!((ids.len(), removed), (1, vec!["1188".to_owned(), "1190".to_owned()]));
    let before = (from.unix_timestamp() - 1).to_string();
    for asked in fake.asked() {
        assert_eq!(asked.query("filtering[last_sync]"), Some(before.as_str()), "{}", asked.path);
    }
    assert!(fake.lines()[0].ends_with("deleted_ids"), "who was restored is seen alive afterwards");
    // What changed after the window is left to the next one.
    let until = datetime!(2026-03-13 9:59:59 +7);
    let (ids, _) =
        read(&shop, Stream::Customers, ListQuery::default().with_modified_from(from).with_modified_to(until))
            .await;
    assert!(ids.is_empty());
}

#[tokio::test]
async fn orders_are_asked_for_by_viet_nams_clocks_and_looked_at_here() {
    let fake = Fake::new(|asked, _| {
        // A company that does not mind the filter.
        let rows: Vec<Value> = (1..=30)
            .rev()
            .map(
                |id| json!({"id": id, "real_amount": 1, "updated_at": format!("2026-03-12 08:{:02}:00", id)}),
            )
            .collect();
        listed(asked, &rows)
    });
    let query = ListQuery::default()
        .with_modified_from(datetime!(2026-03-12 1:20:00.4 UTC))
        .with_modified_to(datetime!(2026-03-12 1:25 UTC))
        .with_page_size(7);
    let (ids, _) = read(&shop(&fake), Stream::Orders, query).await;
    assert_eq!(ids, ["25", "24", "23", "22", "21", "20"]);
    assert_eq!(fake.asked()[0].query("filtering[updated_at:gte]"), Some("2026-03-12 08:20:00"));
    let fields: Vec<String> =
        fake.asked()[0].query("fields").unwrap().split(',').map(str::to_owned).collect();
    for name in ["status_label", "has_pay_off", "payment_status", "f_amount", "order_details"] {
        assert!(fields.iter().any(|field| field == name), "{name}");
    }
}

#[tokio::test]
async fn rows_that_come_and_go_while_a_list_is_read_hide_no_others() {
    let state = Mutex::new((1..=250).rev().collect::<Vec<i64>>());
    let fake = Fake::new(move |asked, before| {
        let mut ids = state.lock().unwrap();
        match before {
            2 => drop(ids.drain(..30)),
            4 => ids.insert(0, 1000),
            6 => drop(ids.splice(0..0, [1001, 1002, 1003])),
            _ => {}
        }
        listed(asked, &accounts(ids.iter().copied()))
    });
    let (ids, _) = read(&shop(&fake), Stream::Customers, ListQuery::default().with_page_size(20)).await;
    let expected: Vec<String> = (1..=250).rev().map(|id: i64| id.to_string()).collect();
    assert_eq!(ids, expected, "every row once, whatever moved");
}

#[tokio::test]
async fn a_cursor_of_another_line_begins_again() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/api/v6.1/accounts" => listed(asked, &accounts(1..=30)),
        "/api/v6/accounts" => listed(asked, &accounts(1..=3)),
        _ => unknown(),
    });
    let ten = ListQuery::default().with_page_size(10);
    let page = shop(&fake).list_customers(&ten).await.unwrap();
    let next = ListQuery { cursor: page.next, ..ten };
    let page = of_line(&fake, Api::V6).list_customers(&next).await.unwrap();
    assert_eq!((page.records.len(), page.next), (3, None));
    let later = ListQuery { cursor: next.cursor, ..ListQuery::default() }
        .with_modified_from(datetime!(2026-01-01 0:00 UTC));
    assert_eq!(shop(&fake).list_customers(&later).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn the_line_that_a_company_answers_is_found_out() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/api/v3/accounts" => ok(
            r#"{"records":[{"account_id":"1"}],"pagination":{"page":1,"total_record":"1","total_page":1}}"#,
        ),
        "/api/v3/account/7" => unknown(),
        _ => Reply::Answer(404, "<html>".into()),
    });
    let new = shop(&fake);
    let error = new.check().await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Config, Retry::Never));
    assert!(error.to_string().contains("`api` v3"), "{error}");
    assert_eq!(new.client().find_api().await.unwrap(), Api::V3);
    let old = of_line(&fake, Api::V3);
    assert_eq!(old.check().await.unwrap().warnings.len(), 1);
    // That a line is gone is no deletion.
    for (shop, kind) in [(&new, ErrorKind::Config), (&old, ErrorKind::NotFound)] {
        assert_eq!(shop.get_customer("7").await.unwrap_err().kind(), kind);
    }
    assert_eq!(new.list_customers(&ListQuery::default()).await.unwrap_err().kind(), ErrorKind::Config);
    let nothing = Fake::new(|_, _| Reply::Answer(404, String::new()));
    assert_eq!(shop(&nothing).check().await.unwrap_err().kind(), ErrorKind::Config);
    let locked = Fake::new(|_, _| Reply::Answer(401, text("error.401.json")));
    assert_eq!(shop(&locked).check().await.unwrap_err().kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn each_line_has_paths_of_its_own() {
    for (api, account, order) in [
        (Api::V61, "/api/v6.1/account", "/api/v6.1/sale_order"),
        (Api::V6, "/api/v6/accounts/1201", "/api/v6/sale_orders/93"),
        (Api::V3, "/api/v3/account/1201", "/api/v3/orders/detail"),
    ] {
        let fake = Fake::new(move |asked, _| match asked.path.as_str() {
            path if path == account && api == Api::V3 => ok(text("account.detail.v3.json")),
            path if path == account => ok(format!("{{\"data\":{}}}", text("account.detail.v6.1.json"))),
            path if path == order && api == Api::V3 => {
                ok(text("order.detail.v3.json").replace("18293", "93"))
            }
            path if path == order => ok(text("sale_order.detail.json")),
            _ => unknown(),
        });
        let shop = of_line(&fake, api);
        assert_eq!(shop.get_customer("1201").await.unwrap().id, "1201", "{api}");
        assert_eq!(shop.get_document(DocumentKind::Order, "93").await.unwrap().id, "93", "{api}");
        let (customer, order) = (&fake.asked()[0], &fake.asked()[1]);
        let asked =
            (customer.query("account_id"), customer.query("fields").is_some(), order.query("order_id"));
        let expected = match api {
            Api::V61 => (Some("1201"), true, Some("93")),
            Api::V6 => (None, true, None),
            _ => (None, false, Some("93")),
        };
        assert_eq!(asked, expected, "{api}");
        // Another one in its place is none.
        assert_eq!(
            shop.get_customer("12011").await.unwrap_err().kind(),
            if api == Api::V61 { ErrorKind::Decode } else { ErrorKind::Config }
        );
    }
}

#[tokio::test]
async fn line_3_is_read_page_by_page_without_purchases() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/api/v3/orders" if asked.query("order_type") == Some("2") => {
            let page: i64 = asked.query("page").unwrap().parse().unwrap();
            let row = |id: i64| json!({"order_id": id, "amount": 5, "order_type": if id == 70 { 1 } else { 2 }, "is_repay": i64::from(id == 60)});
            let rows: Vec<Value> =
                (1..=120).rev().skip(usize::try_from((page - 1) * 50).unwrap()).take(50).map(row).collect();
            ok(json!({"records": rows, "pagination": {"page": page, "total_record": "120", "total_page": 3}})
                .to_string())
        }
        "/api/v3/orders/detail" => {
            ok(json!({"order_info": {"order_id": 60, "amount": 5, "is_repay": "1"}, "products": []})
                .to_string())
        }
        _ => unknown(),
    });
    let shop = of_line(&fake, Api::V3);
    let (orders, _) = read(&shop, Stream::Orders, ListQuery::default()).await;
    assert_eq!((orders.len(), fake.asked().len()), (118, 3));
    let (returns, _) = read(&shop, Stream::Returns, ListQuery::default().with_page_size(20)).await;
    assert_eq!(returns, ["60"]);
    assert!(shop.get_document(DocumentKind::Return, "60").await.unwrap().lines.is_empty());
    assert_eq!(shop.get_document(DocumentKind::Order, "60").await.unwrap_err().kind(), ErrorKind::NotFound);
    let later = ListQuery::default().with_modified_from(datetime!(2026-01-01 0:00 UTC));
    assert_eq!(shop.list(Stream::Orders, &later).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn the_changes_of_line_6_come_bare_in_old_names() {
    let row = |id: i64| json!({"account_id": id.to_string(), "account_name": "Lê Mẫu", "phone": "0352000141", "contacts": []});
    let fake = Fake::new(move |asked, _| {
        let offset: i64 = asked.query("offset").unwrap().parse().unwrap();
        let limit: i64 = asked.query("limit").unwrap().parse().unwrap();
        let rows: Vec<Value> =
            (offset..45).take(usize::try_from(limit).unwrap()).map(|at| row(at + 1)).collect();
        ok(Value::from(rows).to_string())
    });
    let from = datetime!(2026-03-12 1:00 UTC);
    for size in [10, 45, 100] {
        let query = ListQuery::default().with_modified_from(from).with_page_size(size);
        let (ids, _) = read(&of_line(&fake, Api::V6), Stream::Customers, query).await;
        assert_eq!(ids.len(), 45, "{size}");
    }
    // The list itself has an envelope: a bare one is something else.
    let error = of_line(&fake, Api::V6).list_customers(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff));
}

#[tokio::test]
async fn products_are_found_by_narrowing_their_list() {
    let fake = Fake::new(|asked, _| match asked.query("filtering[id:eq]") {
        Some("2507") => ok(text("products.page.v6.json")),
        Some("1") => ok(r#"{"data":[],"has_more":false,"offset":0,"limited":20}"#),
        // A company that does not mind it.
        _ => ok(text("products.page.v6.json")),
    });
    let shop = shop(&fake);
    assert_eq!(shop.get_product("2507").await.unwrap().code.as_deref(), Some("SP.00192"));
    assert_eq!(fake.lines()[0], "GET /api/v6/products");
    assert_eq!(shop.get_product("1").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        shop.get_product("2").await.unwrap_err().kind(),
        ErrorKind::Decode,
        "another is no proof that it is gone"
    );
}

#[tokio::test]
async fn the_rest_of_the_client() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/api/v6.1/account/count_orders_status" => ok(text("count_orders_status.json")),
        "/api/v6.1/account/custom_fields" => ok(text("custom_fields.json")),
        "/api/v6.1/account_types" => ok(text("account_types.json")),
        "/api/v6.1/sale_order_payments" => ok(
            r#"{"data":[{"id":3,"order_id":93,"amount":5000.5,"pay_date":"2026-03-12","description":"Cọc"}],"has_more":false}"#,
        ),
        "/api/v6/payment_methods" => ok(r#"{"data":[{"id":1,"method_name":"Tiền mặt"}],"has_more":false}"#),
        "/api/v6.1/account" | "/api/v6.1/account/restore" | "/api/v6/sale_orders/93/paid" => {
            ok(text("account.delete.response.json"))
        }
        _ => unknown(),
    });
    let shop = shop(&fake);
    let client = shop.client();
    assert_eq!(client.count_orders(1201).await.unwrap().total_orders_approved, Some(2));
    let fields = client.list_custom_fields(&ListParams::default()).await.unwrap();
    assert_eq!(
        (fields.data[1].field_name.as_deref(), fields.has_more, fields.limited),
        (Some("hang_the"), Some(false), Some(20))
    );
    let types = client.list_account_types(&ListParams::default()).await.unwrap();
    assert_eq!(types.data[0].account_type_name.as_deref(), Some("Khách lẻ"));
    let paid = client.list_payments(&ListParams::default().with_filter("order_id", 93)).await.unwrap();
    assert_eq!(paid.data[0].amount, Some("5000.5".parse().unwrap()));
    assert_eq!(fake.last("GET /api/v6.1/sale_order_payments").query("filtering[order_id]"), Some("93"));
    assert_eq!(client.list_payment_methods(&ListParams::default()).await.unwrap().data.len(), 1);
    client.delete_account("KH/2026/001203").await.unwrap();
    assert_eq!(fake.last("DELETE /api/v6.1/account").json(), json!({"account_code": "KH/2026/001203"}));
    client.restore_account("KH/2026/001203").await.unwrap();
    client.pay_order(93, &Default::default()).await.unwrap();
    // What another line does not have is not asked for.
    let before = fake.asked().len();
    let old = of_line(&fake, Api::V3);
    for error in [
        old.client().count_orders(1).await.map(drop).unwrap_err(),
        old.client().list_users(&ListParams::default()).await.map(drop).unwrap_err(),
        old.client().get_product(1).await.map(drop).unwrap_err(),
        old.client().delete_account("KH1").await.unwrap_err(),
        old.client().find_order_by_code("DH1").await.map(drop).unwrap_err(),
        old.client().list_payment_methods(&ListParams::default()).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
    assert_eq!(fake.asked().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_wish_for_fewer_requests_is_waited_for() {
    let fake = Fake::new(|_, before| match before {
        0 | 1 => Reply::Answer(429, text("error.429.json")),
        _ => ok(text("accounts.page2-last.json")),
    });
    let shop = builder()
        .connection(Connection { retry: Some(RetryPolicy::USUAL), ..fake.connection() })
        .build()
        .unwrap();
    assert_eq!(shop.list_customers(&ListQuery::default()).await.unwrap().records.len(), 1);
    let asked = fake.asked();
    assert!(
        asked[2].at.duration_since(asked[0].at).as_millis() >= 700,
        "it says not for how long: longer every time"
    );
}

#[test]
fn a_form_opens_a_company_and_says_what_is_wrong() {
    let open = |filled: &[(&str, &str)]| {
        let settings: Settings = filled.iter().copied().collect();
        ENTRY.connect(&settings, Connection::default())
    };
    let shop = open(&[("company", "https://Demo.getflycrm.com/"), ("api_key", "k"), ("api", "6")]).unwrap();
    assert_eq!((shop.account().id(), shop.capabilities().push_order), ("demo.getflycrm.com", false));
    for (filled, told) in [
        (&[("company", "demo")][..], "api_key is missing"),
        (&[("company", "demo"), ("api_key", "k"), ("api", "v4")], "api is not"),
        (&[("company", "de mo"), ("api_key", "k")], "company"),
        (&[("company", "demo"), ("api_key", "k\n0912000123")], "key has characters"),
    ] {
        let error = open(filled).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(told) && !format!("{error:?}").contains("0912"), "{error}");
    }
    let builder = builder().webhook_secret("hidden-word");
    assert!(
        !format!("{builder:?}").contains("sampleSample") && !format!("{builder:?}").contains("hidden-word")
    );
}

#[test]
fn the_capabilities_stand_in_the_readme_and_on_the_vendor_page() {
    let fake = Fake::new(|_, _| unknown());
    let caps = shop(&fake).capabilities();
    let readme = include_str!("../README.md");
    for (stream, can) in &caps.streams {
        let mark = |is: bool| if is { "✓" } else { "–" };
        let row = [can.list, can.get, can.modified_from, can.modified_to, can.branch, can.removed, can.total]
            .map(mark)
            .join(" | ");
        assert!(readme.contains(&format!("| {stream} | {row} |")), "| {stream} | {row} |");
    }
}
