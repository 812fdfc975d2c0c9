//! What goes over the wire, and what is made of the answers.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Fake, LOGIN, Reply, bad, builder, counted, fake, good, guid, ok, shop, text, value};
use pos_core::http::RetryPolicy;
use pos_core::kit::{Connection, Settings};
use pos_core::record::{DocumentKind, Money};
use pos_core::{Clock, Connector, ConnectorExt, ErrorKind, ListQuery, Retry, Stream};
use pos_misa::model::{BranchParams, ListParams};
use pos_misa::{ENTRY, Misa, signature};
use serde_json::{Value, json};
use time::macros::{date, datetime};

fn customer(end: u64) -> Value {
    json!({"Id": guid(end), "Code": format!("KH{end:06}"), "Name": "Khách Mẫu"})
}

/// A page as the vendor cuts it.
fn cut(rows: &[Value], asked: &Value) -> Value {
    let [page, limit] = ["Page", "Limit"].map(|name| usize::try_from(asked[name].as_u64().unwrap()).unwrap());
    assert!((1..=100).contains(&limit) && page > 0, "{asked}");
    rows.iter().skip((page - 1) * limit).take(limit).cloned().collect::<Vec<_>>().into()
}

async fn read(shop: &Misa, stream: Stream, query: ListQuery) -> Vec<String> {
    let mut ids = Vec::new();
    let mut pages = shop.pages(stream, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        ids.extend(page.records.iter().map(|record| record.id().to_owned()));
    }
    ids
}

#[tokio::test]
async fn a_list_is_asked_for_under_the_environment_and_with_what_the_login_gave() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        "/g1/api/v1/customers/paging" => {
            ok(text("customers.page2-last.json").replace("\"Total\": 3", "\"Total\": 1"))
        }
        _ => (404, "").into(),
    });
    let connection = Connection { custom_fields: vec!["Tel".into()], ..fake.connection().unpaced() };
    let shop = builder().connection(connection).build().unwrap();
    let query =
        ListQuery::default().with_modified_from(datetime!(2026-03-11 7:00:00.5 +7)).with_page_size(50);
    let page = shop.list_customers(&query).await.unwrap();
    assert_eq!((page.records.len(), page.next.is_none()), (1, true));
    assert_eq!(page.records[0].custom["Tel"], "0912000333");
    let asked = fake.asked();
    assert_eq!(
        asked.iter().map(|one| one.line()).collect::<Vec<_>>(),
        [format!("POST {LOGIN}"), "POST /g1/api/v1/customers/paging".into()]
    );
    assert_eq!(
        asked[1].json(),
        json!({"Page": 1, "Limit": 50, "SortField": "Code", "SortType": 1, "LastSyncDate": "2026-03-11T00:00:00.500Z"})
    );
    assert_eq!(asked[1].headers["authorization"], "Bearer INVENTED-access-token-0001");
    assert!(asked[1].headers["authorization"].is_sensitive());
    assert_eq!(asked[1].headers["companycode"], "cuahangthu");
    let login = asked[0].json();
    let at = login["LoginTime"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.len() == 24, "{at}");
    let signed =
        signature("MShopKeeperOpenPlatform", "cuahangthu.mshopkeeper.vn", at, &"test-secret-f4f1".into());
    assert_eq!(login["SignatureInfo"], signed);
    assert_eq!(
        (&login["Domain"], &login["AppID"]),
        (&json!("cuahangthu.mshopkeeper.vn"), &json!("MShopKeeperOpenPlatform"))
    );
}

#[tokio::test]
async fn after_a_401_the_next_login_leads_to_another_environment() {
    let fake = Fake::new(|asked, before| match (asked.path.as_str(), before) {
        (LOGIN, 0) => ok(text("login.response.json")),
        (LOGIN, _) => ok(text("login.response.minimal.json")),
        ("/g1/api/v1/branchs/all", _) => (401, text("error.401.json")).into(),
        ("/g2/api/v1/branchs/all", _) => ok(text("branchs.all.json")),
        _ => Reply::Broken,
    });
    let shop = shop(&fake);
    let branches = shop.client().list_branches(&BranchParams::default()).await.unwrap();
    assert_eq!(branches.data.len(), 2);
    let asked = fake.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[3].headers["authorization"], "Bearer INVENTED-access-token-0002");
    assert_eq!(asked[3].json(), json!({"IsIncludeInactiveBranch": false, "IsIncludeChainOfBranch": false}));
    // What was learned is kept.
    shop.client().list_branches(&BranchParams::default()).await.unwrap();
    assert_eq!(fake.asked().len(), 5);
}

#[tokio::test]
async fn a_wrong_clock_is_put_right_by_the_vendors_own_and_a_wrong_key_is_not() {
    let fake = Fake::new(|asked, before| match (asked.path.as_str(), before) {
        (LOGIN, 0) => Reply::With(
            200,
            "date",
            "Mon, 30 Nov 2026 05:00:00 GMT".into(),
            text("login.error.signature.json"),
        ),
        (LOGIN, _) => ok(text("login.response.json")),
        _ => ok(text("branchs.all.json")),
    });
    let slow = Clock::new(|| datetime!(2026-11-30 4:40 UTC));
    let connection = Connection { clock: slow, ..fake.connection().unpaced() };
    builder().connection(connection).build().unwrap().check().await.unwrap();
    let times: Vec<String> = fake.asked()[..2]
        .iter()
        .map(|asked| asked.json()["LoginTime"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(times, ["2026-11-30T04:40:00.000Z", "2026-11-30T05:00:00.000Z"]);
    let fake = Fake::new(|_, _| ok(text("login.error.signature.json")));
    let error = shop(&fake).check().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry(), error.vendor_code()),
        (ErrorKind::Auth, Retry::Never, Some("4"))
    );
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_beside_one_of_its_kind_waits() {
    let fake = fake(|asked, before| match (asked.path.as_str(), before) {
        (LOGIN, _) => (404, "").into(),
        (_, 0 | 1) => ok(text("error.same-request-in-progress.json")),
        _ => counted(json!([customer(1)]), 1),
    });
    let started = tokio::time::Instant::now();
    assert_eq!(shop(&fake).list_customers(&ListQuery::default()).await.unwrap().records.len(), 1);
    assert_eq!(fake.lines().len(), 3);
    assert!(started.elapsed() >= Duration::from_secs(6), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_list_whose_rows_slide_is_read_whole() {
    for told in [0, 3, 150] {
        let fake = fake(move |asked, before| {
            if asked.path == LOGIN {
                return (404, "").into();
            }
            let first = if before < 2 { 1 } else { 30 };
            let rows: Vec<Value> = (first..=250).map(customer).collect();
            let page = cut(&rows, &asked.json());
            if told == 0 { good(page) } else { counted(page, told) }
        });
        let mut ids = read(&shop(&fake), Stream::Customers, ListQuery::default()).await;
        ids.sort();
        let count = ids.len();
        ids.dedup();
        assert_eq!((count, ids.len()), (250, 250), "counted as {told}");
    }
}

#[tokio::test]
async fn invoices_are_read_with_their_details() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        "/g1/api/v1/invoices/pagingbycustomer" => {
            let mut rows = value("invoices.page1.json")["Data"].as_array().unwrap().clone();
            rows.extend(value("invoices.page2-last.json")["Data"].as_array().unwrap().clone());
            counted(cut(&rows, &asked.json()), 3)
        }
        "/g1/api/v1/invoices/detailbyrefid" => match asked.json()["RefID"].as_str().unwrap() {
            id if id.ends_with('1') => ok(text("invoices.detailbyrefid.json")),
            id if id.ends_with('2') => good(Value::Null),
            _ => bad(1),
        },
        _ => (404, "").into(),
    });
    let connection = Connection {
        custom_fields: vec!["Barcode".into(), "OrderNumber".into()],
        ..fake.connection().unpaced()
    };
    let shop = builder().connection(connection).build().unwrap();
    let page = shop.list_documents(DocumentKind::Invoice, &ListQuery::default()).await.unwrap();
    let [whole, gone, broken] = page.records.as_slice() else { panic!("{}", page.records.len()) };
    assert_eq!((whole.lines.len(), whole.incomplete, whole.fulfils.as_deref()), (1, false, Some("DT000001")));
    assert_eq!(whole.id, "0f0e0d0c-0003-4000-8000-000000000001");
    assert_eq!(
        whole.branch.as_ref().unwrap().name.as_deref(),
        Some("Chi nhánh Thử 01"),
        "the list alone tells it"
    );
    assert_eq!(whole.buyer.as_ref().unwrap().id.as_deref(), Some("0f0e0d0c-0002-4000-8000-000000000001"));
    assert_eq!(whole.custom["OrderNumber"], "DT000001");
    assert!(gone.incomplete && broken.incomplete, "one bad detail is not a bad page");
    let asked = fake.asked()[1].json();
    assert_eq!(
        asked,
        json!({
            "Page": 1, "Limit": 25, "SortField": "InvoiceNumber", "SortType": 1, "FromDate": "2000-01-01",
            "ToDate": "2099-12-31T23:59:59.999Z", "DateRangeType": 1,
        })
    );
    // Without them a list is one request.
    let plain = builder().details(false).connection(fake.connection().unpaced()).build().unwrap();
    let before = fake.asked().len();
    let page = plain.list_documents(DocumentKind::Invoice, &ListQuery::default()).await.unwrap();
    assert!(page.records.iter().all(|one| one.incomplete));
    assert_eq!(fake.asked().len(), before + 2, "a login and a list");
}

#[tokio::test]
async fn invoices_are_bounded_by_branch_and_by_time_of_change_only_where_somebody_said_how_far_back() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        "/g1/api/v1/invoices/pagingbycustomer" => {
            ok(text("invoices.page2-last.json").replace("\"Total\": 3", "\"Total\": 1"))
        }
        _ => (404, "").into(),
    });
    let plain = builder().details(false).connection(fake.connection().unpaced());
    let since = ListQuery::default().with_modified_from(datetime!(2026-03-12 20:00 UTC));
    let error = plain.clone().build().unwrap().list(Stream::Invoices, &since).await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Unsupported, 0));
    let shop = plain.invoice_days(30).build().unwrap();
    assert!(shop.capabilities().stream(Stream::Invoices).modified_from);
    let page = shop
        .list(Stream::Invoices, &since.with_branch("0F0E0D0C-0001-4000-8000-000000000002"))
        .await
        .unwrap();
    assert_eq!(page.records.len(), 1);
    let asked = fake.asked()[1].json();
    assert_eq!(
        (&asked["FromDate"], &asked["BranchID"]),
        (&json!("2026-02-11"), &json!("0F0E0D0C-0001-4000-8000-000000000002"))
    );
    let other = ListQuery::default().with_branch("0f0e0d0c-0001-4000-8000-000000000001");
    let page = shop.list(Stream::Invoices, &other).await.unwrap();
    assert_eq!(page.records.len(), 0, "a vendor that does not mind the branch is not believed");
}

#[tokio::test]
async fn what_comes_whole_is_told_in_pages() {
    let fake = fake(|asked, _| match asked.line().as_str() {
        "POST /g1/api/v1/branchs/all" => {
            let rows: Vec<Value> = (1..=7).rev().map(|end| json!({"Id": guid(end), "Name": "Kho"})).collect();
            good(rows.into())
        }
        "GET /g1/api/v1/categories/list" => ok(text("categories.list.json")),
        _ => (404, "").into(),
    });
    let shop = shop(&fake);
    let ids = read(&shop, Stream::Branches, ListQuery::default().with_page_size(3)).await;
    assert_eq!(ids, (1..=7).map(guid).collect::<Vec<_>>());
    assert_eq!(shop.list_branches(&ListQuery::default()).await.unwrap().total, Some(7));
    assert_eq!(read(&shop, Stream::Categories, ListQuery::default()).await.len(), 1);
    let asked = fake.asked();
    assert_eq!(asked.last().unwrap().query("includeInactive"), Some("true"));
    assert_eq!(asked[1].json(), json!({"IsIncludeInactiveBranch": false, "IsIncludeChainOfBranch": true}));
}

#[tokio::test]
async fn one_is_read_by_its_id_in_either_case() {
    let fake = fake(|asked, _| match asked.path.as_str() {
        "/g1/api/v1/invoices/detailbyrefid" => ok(text("invoices.detailbyrefid.json")),
        "/g1/api/v1/inventoryitems/detail/0f0e0d0c-0006-4000-8000-000000000010" => {
            good(value("inventoryitems.pagingwithdetail.json")["Data"][0].clone())
        }
        "/g1/api/v1/inventoryitems/detail/0f0e0d0c-0006-4000-8000-0000000000ff" => {
            good(value("inventoryitems.pagingwithdetail.json")["Data"][0].clone())
        }
        path if path.contains("/detail/") => good(Value::Null),
        _ => (404, "").into(),
    });
    let shop = shop(&fake);
    let invoice =
        shop.get_document(DocumentKind::Invoice, "0F0E0D0C-0003-4000-8000-000000000001").await.unwrap();
    assert_eq!(
        (invoice.id.as_str(), invoice.total),
        ("0f0e0d0c-0003-4000-8000-000000000001", Some(Money::from(170_000)))
    );
    let product = shop.get_product("0f0e0d0c-0006-4000-8000-000000000010").await.unwrap();
    assert_eq!(product.variants.len(), 1);
    let before = fake.asked().len();
    for (id, kind) in [
        ("0f0e0d0c-0006-4000-8000-000000000012", ErrorKind::NotFound),
        ("0f0e0d0c-0006-4000-8000-0000000000ff", ErrorKind::Decode),
        ("../branchs/all", ErrorKind::NotFound),
        ("", ErrorKind::NotFound),
    ] {
        assert_eq!(shop.get_product(id).await.unwrap_err().kind(), kind, "{id}");
    }
    assert_eq!(fake.asked().len(), before + 2, "what is no id is not sent");
    let error = shop.get_customer("0f0e0d0c-0002-4000-8000-000000000001").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn the_typed_client_knows_the_other_calls() {
    let fake = fake(|asked, _| {
        let name = match asked.path.strip_prefix("/g1/api/v1/").unwrap_or_default() {
            "customers/get-all-member-level" => "customers.member-levels.json",
            "customers/point-paging" => "customers.point-paging.json",
            "customers/customerbyinfo" => "customers.customerbyinfo.json",
            "customers/search-lomas-info" => "customers.search-lomas-info.json",
            "orders/list" => "orders.list.unconfirmed.json",
            "invoices/invoicebycustomer" => "invoices.page2-last.json",
            "inventoryitems/pagingbycode" => "inventoryitems.pagingwithdetail.json",
            "locations/bykindandparentid" => {
                return good(json!([{"Id": "VN10113", "Name": "Quận Cầu Giấy"}]));
            }
            _ => return (404, "").into(),
        };
        ok(text(name))
    });
    let shop = shop(&fake);
    let client = shop.client();
    let params = ListParams::default().with_page(1).with_limit(10);
    assert_eq!(
        client.list_member_levels(&params).await.unwrap().data[0].member_level_name.as_deref(),
        Some("Vàng")
    );
    assert_eq!(client.list_points(&params).await.unwrap().data[0].total_point.unwrap().to_string(), "159");
    assert_eq!(client.list_orders(&params).await.unwrap().data[0].order_no.as_deref(), Some("DT000025"));
    assert_eq!(client.find_customers("a@example.test").await.unwrap().total, Some(1));
    let loyal = client.find_loyalty_customer("0985000111").await.unwrap().unwrap();
    assert_eq!((loyal.id.as_deref(), loyal.extra["CardId"].as_i64()), (Some("132"), Some(2)));
    let mut of_customer = ListParams::default().with_limit(5);
    of_customer.customer_code = Some("KH000001".into());
    assert_eq!(client.list_invoices_of_customer(&of_customer).await.unwrap().data.len(), 1);
    assert_eq!(client.find_products(&params).await.unwrap().data.len(), 1);
    assert_eq!(
        client.list_locations(2, Some("VN101")).await.unwrap().data[0].name.as_deref(),
        Some("Quận Cầu Giấy")
    );
    let asked = fake.asked();
    assert_eq!(asked[4].json(), json!({"KeySearch": "a@example.test"}));
    assert_eq!(asked[5].json(), json!({"Keyword": "0985000111"}));
    assert_eq!(asked[6].json(), json!({"Limit": 5, "CustomerCode": "KH000001"}));
    assert_eq!(
        (asked.last().unwrap().query("kind"), asked.last().unwrap().query("parentId")),
        (Some("2"), Some("VN101"))
    );
    let sold = ListParams::default().sold_between(date!(2026 - 03 - 01), date!(2026 - 03 - 31));
    assert_eq!(sold.to_date.as_deref(), Some("2026-03-31T23:59:59.999Z"));
}

#[test]
fn a_form_opens_a_shop_and_says_what_is_wrong() {
    let settings = |more: &[(&str, &str)]| -> Settings {
        [("domain", "cuahangthu"), ("secret_key", "test-secret-f4f1")].iter().chain(more).copied().collect()
    };
    let open = |more: &[(&str, &str)]| ENTRY.connect(&settings(more), Connection::default());
    let shop = open(&[]).unwrap();
    assert_eq!(shop.account().id(), "cuahangthu.mshopkeeper.vn");
    assert_eq!((shop.display_name(), shop.webhooks().is_none()), ("MISA eShop", true));
    assert!(!shop.capabilities().push_order);
    let shop =
        open(&[("order_list", "true"), ("invoice_days", "30"), ("details", "false"), ("app_id", "Other")])
            .unwrap();
    assert!(shop.capabilities().push_order && shop.capabilities().stream(Stream::Invoices).modified_from);
    for (more, why) in [
        (("invoice_days", "soon"), "invoice_days"),
        (("domain", "thu.cukcuk.vn"), "CukCuk"),
        (("domain", "hai chữ"), "domain"),
        (("app_id", "6f1d0e0c-0001-4000-8000-000000000001"), "AMIS"),
        (("secret_key", " "), "secret_key"),
        (("base_url", "http://example.com"), "https"),
    ] {
        let error = open(&[more]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error}");
    }
    let shown = format!("{:?} {:?}", builder(), open(&[]).unwrap());
    assert!(!shown.contains("test-secret"), "{shown}");
    for written in ["https://CuaHangThu.mshopkeeper.vn/", "cuahangthu.mshopkeeper.vn", " cuahangthu "] {
        let shop = Misa::builder().domain(written).secret_key("k").build().unwrap();
        assert_eq!(shop.account().id(), "cuahangthu.mshopkeeper.vn", "{written}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_is_another_product_or_closed_says_so() {
    let fake =
        Fake::new(|_, _| ok(r#"{"Success":true,"Data":{"AccessToken":"INVENTED","CompanyCode":"c"}}"#));
    let error = shop(&fake).check().await.unwrap_err();
    assert!(error.to_string().contains("CukCuk") && error.kind() == ErrorKind::Config, "{error}");
    let retry = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    let off = common::fake(|asked, _| match asked.path.as_str() {
        LOGIN => (404, "").into(),
        _ => ok(text("error.connection-off.json")),
    });
    let shop = builder()
        .connection(Connection { retry: Some(retry), ..off.connection().unpaced() })
        .build()
        .unwrap();
    let error = shop.list_customers(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry(), off.lines().len()), (ErrorKind::Auth, Retry::Never, 1));
}
