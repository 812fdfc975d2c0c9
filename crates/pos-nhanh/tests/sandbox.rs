//! The connector against the habits of the sandbox: locks, windows, cursors, rotation, and money that adds up.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests; a panic is their verdict")]

use std::time::Duration;

use pos_core::http::Limit;
use pos_core::record::{DocumentKind, Money, Record, Stream};
use pos_core::{Connector, ConnectorExt, ErrorKind, ListQuery, Retry};
use pos_nhanh::model::{EditStatus, OrderEdit};
use pos_nhanh::{App, ListParams, Nhanh, NhanhBuilder};
use pos_testkit::nhanh::{Sandbox, SandboxOptions};
use time::macros::datetime;

async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxOptions::default().with_customers(80).with_documents(160, 160)).await.unwrap()
}

fn builder(shop: &Sandbox) -> NhanhBuilder {
    Nhanh::builder()
        .app_id(shop.app_id())
        .business_id(shop.business_id())
        .access_token(shop.access_token())
        .base_url(shop.base_url())
        .history_from(datetime!(2023-01-01 0:00 +7))
        .limits([Limit::Window { requests: 100_000, per: Duration::from_secs(1) }])
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
