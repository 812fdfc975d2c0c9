//! The connector against the habits of the sandbox: locks, windows, cursors, rotation, and money that adds up.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

use std::time::Duration;

use pos_core::connector::{CustomerPush, PushOutcome};
use pos_core::http::Limit;
use pos_core::kit::Connection;
use pos_core::record::{DocumentKind, Money, Record, Stream};
use pos_core::{Connector, ConnectorExt, ErrorKind, ListQuery, Retry, WebhookVerifier};
use pos_nhanh::model::{EditStatus, OrderEdit};
use pos_nhanh::{App, ListParams, Nhanh, NhanhBuilder};
use pos_testkit::contract::VendorSandbox;
use pos_testkit::nhanh::{BillFilter, Event, Sandbox, SandboxOptions};
use time::macros::datetime;

async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxOptions::default().with_customers(80).with_documents(160, 160)).await.unwrap()
}

fn builder(shop: &Sandbox) -> NhanhBuilder {
    Nhanh::builder()
        .app_id(shop.app_id())
        .business_id(shop.business_id())
        .access_token(shop.access_token())
        .history_from(datetime!(2023-01-01 0:00 +7))
        .connection(Connection {
            limits: Some(vec![Limit::Window { requests: 100_000, per: Duration::from_secs(1) }]),
            ..Connection::to(shop.base_url().to_string())
        })
}

#[tokio::test]
async fn a_lock_is_waited_out_without_a_call_that_would_make_it_longer() {
    let options =
        SandboxOptions::default().with_customers(80).with_documents(16, 16).with_lock(Duration::from_secs(1));
    let shop = Sandbox::start(options).await.unwrap();
    let nhanh = builder(&shop).build().unwrap();
    shop.lock("/v3.0/order/list", Duration::from_secs(2));
    // The first call finds the lock, which makes it longer; none comes after it.
    let error = nhanh.client().list_orders(&ListParams::default()).await;
    assert!(error.is_ok(), "{error:?}");
    assert_eq!(shop.ignored_locks(), 1);
    shop.lock("/v3.0/customer/list", Duration::from_secs(3600));
    for _ in 0..3 {
        let error = nhanh.list_customers(&ListQuery::default()).await.unwrap_err();
        assert!(matches!(error.retry(), Retry::After(wait) if wait > Duration::from_secs(3500)), "{error:?}");
    }
    assert_eq!(shop.ignored_locks(), 2, "one call found the lock, the others were not sent");
    nhanh.list_products(&ListQuery::default()).await.unwrap();
}

#[tokio::test]
async fn queries_beyond_31_days_and_changed_cursors_are_refused_there() {
    let shop = sandbox().await;
    let client = builder(&shop).build().unwrap().client().clone();
    let from = datetime!(2024-01-01 0:00 UTC);
    let wide = ListParams::default().with_updated_from(from).with_updated_to(from + time::Duration::days(32));
    let error = client.list_orders(&wide).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Rejected, Some("ERR_INVALID_FORM_FIELDS")));
    assert!(error.fields().contains_key("updatedAtTo"));
    let page = client.list_customers(&ListParams::default().with_size(5)).await.unwrap();
    let changed =
        ListParams::default().with_size(5).with_next(Some(serde_json::json!({ "id": 1, "x": page.next })));
    assert!(client.list_customers(&changed).await.is_err());
    assert!(client.list_customers(&ListParams::default().with_size(5).with_next(page.next)).await.is_ok());
}

#[tokio::test]
async fn a_replaced_token_works_for_a_while_and_a_code_once() {
    let shop = sandbox().await;
    let nhanh = builder(&shop).build().unwrap();
    shop.rotate();
    nhanh.list_branches(&ListQuery::default()).await.unwrap();
    shop.revoke_credentials();
    assert_eq!(nhanh.list_branches(&ListQuery::default()).await.unwrap_err().kind(), ErrorKind::Auth);
    let transport = pos_core::http::Client::default_transport().unwrap();
    let app =
        App::with_transport(shop.app_id(), shop.secret_key(), shop.base_url().as_str(), transport).unwrap();
    let code = shop.consent();
    let grant = app.exchange(&code).await.unwrap();
    nhanh.replace_token(grant.access_token);
    nhanh.list_branches(&ListQuery::default()).await.unwrap();
    let error = app.exchange(&code).await.unwrap_err();
    assert_eq!(error.fields()["accessCode"], ["Invalid accessCode"]);
}

#[tokio::test]
async fn what_the_shop_sold_is_what_its_documents_add_up_to() {
    let shop = sandbox().await;
    let nhanh = builder(&shop).build().unwrap();
    let mut sold = Money::ZERO;
    for stream in [Stream::Orders, Stream::Invoices] {
        let mut pages = nhanh.pages(stream, ListQuery::default());
        while let Some(page) = pages.try_next().await.unwrap() {
            assert!(page.rejected.is_empty());
            for record in page.records {
                let Record::Order(record) = record else { panic!() };
                if record.status.category != pos_core::record::StatusCategory::Completed {
                    continue;
                }
                let total = record.total.unwrap();
                if record.stream == DocumentKind::Return {
                    sold -= total;
                } else {
                    assert_eq!(
                        record.payment.category,
                        pos_core::record::PaymentCategory::Paid,
                        "{record:?}"
                    );
                    sold += total;
                }
            }
        }
    }
    assert_eq!(sold, Money::from(shop.shop().totals().revenue()));
}

#[tokio::test]
async fn an_edit_sends_what_changed_and_leaves_the_rest() {
    let shop = sandbox().await;
    let nhanh = builder(&shop).build().unwrap();
    let open = shop
        .ids(Stream::Orders)
        .into_iter()
        .find(|id| shop.row(Stream::Orders, *id).unwrap()["info"]["status"] == 56)
        .unwrap();
    let name = shop.row(Stream::Orders, open).unwrap()["shippingAddress"]["name"].clone();
    nhanh.client().cancel_order(open, EditStatus::Aborted, Some("Hết hàng")).await.unwrap();
    let row = shop.row(Stream::Orders, open).unwrap();
    assert_eq!((&row["info"]["status"], &row["shippingAddress"]["name"]), (&serde_json::json!(64), &name));
    let done = shop.ids(Stream::Orders)[0];
    let mut edit = OrderEdit::new(done);
    edit.info.private_description = Some("Ghi chú".into());
    assert_eq!(nhanh.client().edit_order(&edit).await.unwrap_err().kind(), ErrorKind::Rejected, "it is done");
    let error = nhanh.client().cancel_shipment(open).await.unwrap_err();
    assert_eq!(error.vendor_code(), Some("ERR_ORDER_CARRIER_NOT_YET_SENT"));
    assert!(nhanh.client().order_history(&[open]).await.unwrap().is_empty());
}

async fn small(set: impl FnOnce(SandboxOptions) -> SandboxOptions) -> Sandbox {
    Sandbox::start(set(SandboxOptions::default().with_customers(40).with_documents(64, 64))).await.unwrap()
}

async fn ids(nhanh: &Nhanh, stream: Stream, query: ListQuery) -> pos_core::Result<Vec<String>> {
    let mut pages = nhanh.pages(stream, query);
    let mut ids = Vec::new();
    while let Some(page) = pages.try_next().await? {
        ids.extend(page.records.iter().map(|record| record.id().to_owned()));
    }
    Ok(ids)
}

#[tokio::test]
async fn what_lists_do_not_show_yet_is_made_once() {
    let shop = small(|options| options.with_lag(Duration::from_secs(120))).await;
    let nhanh = builder(&shop).build().unwrap();
    let (customers, orders) = (shop.ids(Stream::Customers).len(), shop.ids(Stream::Orders).len());
    let push = shop.customer_push("lag-1");
    let made = nhanh.push_customer(&push).await.unwrap();
    assert_eq!((made.outcome, made.record.is_none()), (PushOutcome::Created, true), "it is not shown yet");
    let order = nhanh.push_order(&shop.order_push("lag-1")).await.unwrap();
    assert_eq!(order.outcome, PushOutcome::Created);
    // The vendor refuses a second one, and nobody can see the first.
    let error = nhanh.push_order(&shop.order_push("lag-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    shop.shift_clock(time::Duration::minutes(3));
    let again = nhanh.push_order(&shop.order_push("lag-1")).await.unwrap();
    assert_eq!((again.outcome, &again.id), (PushOutcome::Found, &order.id));
    let again = nhanh.push_customer(&push).await.unwrap();
    assert_eq!((again.outcome, &again.id), (PushOutcome::Found, &made.id));
    assert_eq!(
        (shop.ids(Stream::Customers).len(), shop.ids(Stream::Orders).len()),
        (customers + 1, orders + 1)
    );
}

#[tokio::test]
async fn a_depot_that_is_granted_later_brings_what_was_never_seen() {
    let shop = small(|options| options.with_granted_depots(Some(1))).await;
    let nhanh = builder(&shop).secret_key(shop.secret_key()).build().unwrap();
    assert!(nhanh.check().await.unwrap().warnings.iter().any(|warning| warning.contains("depots")));
    let before = ids(&nhanh, Stream::Orders, ListQuery::default()).await.unwrap();
    shop.grant_all_depots();
    let after = ids(&nhanh, Stream::Orders, ListQuery::default()).await.unwrap();
    assert!(before.len() < after.len() && before.iter().all(|id| after.contains(id)));
    let hidden = after.iter().find(|id| !before.contains(id)).unwrap();
    assert_eq!(nhanh.get(Stream::Orders, hidden).await.unwrap().id(), hidden);
}

#[tokio::test]
async fn a_quotation_becomes_a_sale_under_its_number() {
    let shop = small(|options| options.with_unstamped(true)).await;
    let nhanh = builder(&shop).build().unwrap();
    let customer = shop.ids(Stream::Customers)[0].to_string();
    let before = shop.now();
    let quote = shop.quote(&customer).unwrap();
    let changed = || ListQuery::default().with_modified_from(before);
    assert!(!ids(&nhanh, Stream::Orders, changed()).await.unwrap().contains(&quote));
    let order = shop.create_order(&customer).unwrap();
    assert_eq!(
        ids(&nhanh, Stream::Orders, changed()).await.unwrap(),
        std::slice::from_ref(&order),
        "it never changed since it was written"
    );
    assert!(shop.accept_quotation(&quote));
    let sale = nhanh.get(Stream::Orders, &quote).await.unwrap();
    assert_eq!(sale.id(), quote);
    assert_eq!(ids(&nhanh, Stream::Orders, changed()).await.unwrap().len(), 2);
    // The state comes back, and the record says what the shop says.
    assert!(shop.pay_order(&order) && shop.return_order(&order));
    let Record::Order(returned) = nhanh.get(Stream::Orders, &order).await.unwrap() else { panic!() };
    assert_eq!(returned.status.category, pos_core::record::StatusCategory::Returned);
}

#[tokio::test]
async fn deleted_returns_are_told_and_found_gone() {
    let shop = small(|options| options.keep_deliveries(true)).await;
    let nhanh = builder(&shop).webhook_secret(shop.verify_token()).build().unwrap();
    let customer = shop.create_customer("Lê Thử", "0912000123");
    let order = shop.create_order(&customer).unwrap();
    assert!(shop.pay_order(&order));
    let back = shop.return_part(&order).unwrap();
    let Record::Order(record) = nhanh.get(Stream::Returns, &back).await.unwrap() else { panic!() };
    assert_eq!((record.stream, record.returns.as_deref()), (DocumentKind::Return, Some(order.as_str())));
    let before = shop.now();
    assert!(shop.delete_order(&back));
    let page = nhanh
        .list(Stream::Returns, &ListQuery::default().with_modified_from(before).with_removed())
        .await
        .unwrap();
    assert_eq!(page.removed, std::slice::from_ref(&back));
    assert_eq!(nhanh.get(Stream::Returns, &back).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        (shop.deliveries().len(), shop.deliveries().len()),
        (4, 0),
        "added, paid, partly back, deleted"
    );
    shop.set_clock_ahead(time::Duration::hours(2));
    assert!(shop.now() - before > time::Duration::minutes(110));
    let truth = shop.truth();
    let gone = truth.documents.iter().find(|document| document.id == back).unwrap();
    assert_eq!((gone.stream, gone.alive, gone.revenue.is_zero()), (Stream::Returns, false, true));
}

#[tokio::test]
async fn a_deleted_order_takes_no_return_of_its_number_along() {
    for filter in [BillFilter::Id, BillFilter::Ids] {
        let shop = small(|options| options.with_numbers_overlap(true).with_bill_filter(filter)).await;
        let nhanh = builder(&shop).build().unwrap();
        let is_sale = |id: &i64| shop.row(Stream::Orders, *id).is_some_and(|row| row["info"]["type"] == 1);
        let shared: Vec<i64> = shop.ids(Stream::Invoices).into_iter().filter(is_sale).take(2).collect();
        let [living, dead] = shared[..] else { panic!("{shared:?}") };
        for id in &shared {
            // Goods that were brought back over the counter.
            assert!(shop.update(Stream::Invoices, *id, |row| row["type"] = 1.into()));
        }
        let before = shop.now();
        let query = || ListQuery::default().with_modified_from(before).with_removed();
        assert!(shop.delete(Stream::Orders, living) && shop.delete(Stream::Orders, dead));
        assert!(shop.delete(Stream::Invoices, dead));
        let mut told = std::collections::BTreeMap::new();
        for stream in [Stream::Orders, Stream::Invoices, Stream::Returns] {
            let mut pages = nhanh.pages(stream, query());
            let mut ids = std::collections::BTreeSet::new();
            while let Some(page) = pages.try_next().await.unwrap() {
                ids.extend(page.removed);
            }
            told.insert(stream, ids.into_iter().collect::<Vec<_>>());
        }
        let (living, dead) = (living.to_string(), dead.to_string());
        assert_eq!(told[&Stream::Returns], std::slice::from_ref(&dead), "{filter:?}");
        assert_eq!(told[&Stream::Invoices], std::slice::from_ref(&dead));
        assert_eq!(told[&Stream::Orders].len(), 2);
        assert_eq!(nhanh.get(Stream::Returns, &living).await.unwrap().id(), living);
    }
}

#[tokio::test]
async fn cursors_in_a_circle_and_filters_that_are_passed_over_are_noticed() {
    let circle = small(|options| options.with_cursor_circle(true)).await;
    let error =
        ids(&builder(&circle).build().unwrap(), Stream::Customers, ListQuery::default().with_page_size(5))
            .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unexpected);
    for filter in [BillFilter::Id, BillFilter::Ids, BillFilter::Both] {
        let shop = small(|options| options.with_bill_filter(filter)).await;
        let bill = shop.ids(Stream::Invoices)[3].to_string();
        assert_eq!(
            builder(&shop).build().unwrap().get(Stream::Invoices, &bill).await.unwrap().id(),
            bill,
            "{filter:?}"
        );
    }
}

#[tokio::test]
async fn a_token_of_2_0_says_that_consent_is_needed() {
    let shop = small(|options| options).await;
    let nhanh = builder(&shop).access_token("V2-TOKEN-OF-LAST-YEAR").build().unwrap();
    let error = nhanh.check().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Auth, Some("ERR_INVALID_VERSION")));
}

#[tokio::test]
async fn hosts_whose_clocks_are_off_lose_nothing() {
    for ahead in [-61_i64, 61] {
        let shop = small(|options| options.with_clock_ahead(time::Duration::minutes(ahead))).await;
        let nhanh = builder(&shop).build().unwrap();
        let customer = shop.ids(Stream::Customers)[0].to_string();
        let before = shop.now();
        let order = shop.create_order(&customer).unwrap();
        let found =
            ids(&nhanh, Stream::Orders, ListQuery::default().with_modified_from(before)).await.unwrap();
        assert_eq!(found, [order]);
        let skew = nhanh.skew().unwrap().whole_seconds();
        assert!((skew - ahead * 60).abs() <= 5, "{skew}");
    }
}

#[tokio::test]
async fn records_say_what_the_shop_says() {
    let shop = small(SandboxOptions::unkind).await;
    let nhanh = builder(&shop).build().unwrap();
    let truth = shop.truth();
    let settled: Vec<String> = {
        let mut bills = nhanh.pages(Stream::Invoices, ListQuery::default());
        let mut settled = Vec::new();
        while let Some(page) = bills.try_next().await.unwrap() {
            settled.extend(page.records.iter().filter_map(|record| match record {
                Record::Order(bill) => bill.fulfils.clone(),
                _ => None,
            }));
        }
        settled
    };
    assert!(!settled.is_empty());
    let mut compared = 0;
    for stream in [Stream::Orders, Stream::Invoices] {
        let mut pages = nhanh.pages(stream, ListQuery::default());
        while let Some(page) = pages.try_next().await.unwrap() {
            assert!(page.rejected.is_empty(), "{:?}", page.rejected);
            for record in page.records {
                let Record::Order(record) = record else { panic!() };
                if record.stream == DocumentKind::Return || settled.contains(&record.id) {
                    continue;
                }
                let known = truth
                    .documents
                    .iter()
                    .find(|document| document.stream == stream && document.id == record.id)
                    .unwrap();
                use pos_core::record::{PaymentCategory, StatusCategory};
                let dead = matches!(
                    record.status.category,
                    StatusCategory::Cancelled | StatusCategory::Failed | StatusCategory::Returned
                );
                let paid = record.payment.category == PaymentCategory::Paid && !dead;
                let worth = if paid { record.total.unwrap() } else { Money::ZERO };
                assert_eq!(worth.decimal(), known.revenue, "{record:?}");
                assert_eq!(
                    (record.buyer.and_then(|buyer| buyer.id), !dead),
                    (known.buyer.clone(), known.counts || record.fulfils.is_some())
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 40, "{compared}");
}

#[tokio::test]
async fn deliveries_of_both_versions_come_by_themselves() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for v2 in [false, true] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap()).parse().unwrap();
        let shop = small(|options| options.with_hooks_v2(v2).with_webhook_url(Some(url))).await;
        let hooks = builder(&shop).webhook_secret(shop.verify_token()).build().unwrap();
        let customer = shop.ids(Stream::Customers)[0].to_string();
        let order = shop.create_order(&customer).unwrap();
        assert!(shop.pay_order(&order) && shop.delete_order(&order));
        shop.uninstall();
        let mut topics = Vec::new();
        for answer in ["500 Oops", "200 OK", "200 OK", "200 OK", "200 OK"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let head = loop {
                let mut part = [0_u8; 4096];
                let read = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                if let Some(end) = text.find("\r\n\r\n") {
                    let length = text.lines().find_map(|line| {
                        line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned)
                    });
                    if request.len() >= end + 4 + length.unwrap().parse::<usize>().unwrap() {
                        break end;
                    }
                }
            };
            stream
                .write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").as_bytes())
                .await
                .unwrap();
            let mut headers = http::HeaderMap::new();
            for line in String::from_utf8_lossy(&request[..head]).lines().skip(1) {
                let (name, value) = line.split_once(": ").unwrap();
                headers.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
            }
            let request = pos_core::webhook::WebhookRequest::new(&headers, &request[head + 4..], shop.now());
            let verified = hooks.webhooks().verify(&request).unwrap();
            topics.push(hooks.webhooks().identify(&verified).unwrap().topic.unwrap());
            assert!(!hooks.webhooks().parse(&verified).unwrap().events.is_empty());
        }
        assert_eq!(
            topics,
            ["orderAdd", "orderAdd", "orderUpdate", "orderDelete", "appUninstalled"],
            "v2: {v2}"
        );
        assert_eq!(hooks.check().await.unwrap_err().kind(), ErrorKind::Auth, "the credentials say so, too");
        assert_eq!(Event::AppUninstalled.name(), "appUninstalled");
    }
}

#[tokio::test]
async fn a_customer_whom_the_shop_changed_keeps_what_nobody_else_changed() {
    let shop = small(|options| options).await;
    let nhanh = builder(&shop).build().unwrap();
    let id = nhanh.push_customer(&shop.customer_push("kept-1")).await.unwrap().id;
    assert!(shop.rename_customer(&id, "Tên Mới Ở Cửa Hàng"));
    let push = CustomerPush {
        reference: "kept-1".into(),
        vendor_id: Some(id.clone()),
        email: Some("moi@example.com".into()),
        ..CustomerPush::default()
    };
    assert_eq!(nhanh.push_customer(&push).await.unwrap().outcome, PushOutcome::Updated);
    assert_eq!(nhanh.push_customer(&push).await.unwrap().outcome, PushOutcome::Found, "nothing differs");
    let row = shop.row(Stream::Customers, id.parse().unwrap()).unwrap();
    assert_eq!((&row["name"], &row["email"]), (&"Tên Mới Ở Cửa Hàng".into(), &"moi@example.com".into()));
}
