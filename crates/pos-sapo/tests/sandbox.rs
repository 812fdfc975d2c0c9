//! Habits of the vendor that the contract suite leaves off.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use pos_core::connector::{Connector, ConnectorExt, ListQuery, PushOutcome};
use pos_core::{ErrorKind, Stream};
use pos_sapo::Sapo;
use pos_sapo::client::ListParams;
use pos_testkit::contract::VendorSandbox;
use pos_testkit::sapo::{Sandbox, SandboxOptions, WithoutStatus};

fn connect(sandbox: &Sandbox) -> Sapo {
    let builder = Sapo::builder().store(sandbox.store()).access_token(sandbox.access_token());
    builder.base_url(sandbox.base_url().as_str()).limits([]).build().unwrap()
}

fn options() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_orders(90)
}

#[tokio::test]
async fn nothing_is_lost_whatever_the_vendor_ignores() {
    for without_status in [WithoutStatus::All, WithoutStatus::Open] {
        for since_id in [true, false] {
            let options = options().with_without_status(without_status).with_since_id(since_id);
            let sandbox = Sandbox::start(options).await.unwrap();
            let shop = connect(&sandbox);
            for (stream, _) in shop.capabilities().streams {
                for size in [250, 7] {
                    let mut pages = shop.pages(stream, ListQuery::default().with_page_size(size));
                    let mut seen = Vec::new();
                    while let Some(page) = pages.try_next().await.unwrap() {
                        seen.extend(page.records.iter().map(|record| record.id().to_owned()));
                    }
                    let once: BTreeSet<String> = seen.iter().cloned().collect();
                    assert_eq!(
                        once,
                        VendorSandbox::ids(&sandbox, stream).into_iter().collect(),
                        "{stream}, {without_status:?}, since_id {since_id}"
                    );
                    assert_eq!(
                        once.len(),
                        seen.len(),
                        "{stream}, {without_status:?}, since_id {since_id}: twice"
                    );
                }
            }
            assert!(
                sandbox
                    .requests()
                    .iter()
                    .all(|asked| asked.path.ends_with("/count.json") || asked.param("page").is_some())
            );
        }
    }
}

#[tokio::test]
async fn rows_that_go_while_pages_are_counted_hide_no_others() {
    let sandbox = Sandbox::start(options().with_since_id(false)).await.unwrap();
    let shop = connect(&sandbox);
    let all = sandbox.ids(Stream::Customers);
    let mut pages = shop.pages(Stream::Customers, ListQuery::default().with_page_size(10));
    let mut seen = BTreeSet::new();
    let mut number = 0;
    while let Some(page) = pages.try_next().await.unwrap() {
        seen.extend(page.records.iter().map(|record| record.id().parse::<i64>().unwrap()));
        number += 1;
        if number == 3 {
            // The newest go: everything after them slides forward, past the page that was reached.
            assert!(all.iter().rev().take(5).all(|id| sandbox.delete(Stream::Customers, *id)));
        }
    }
    assert!(sandbox.ids(Stream::Customers).iter().all(|id| seen.contains(id)));
}

#[tokio::test]
async fn what_lists_do_not_show_yet_is_read_by_id() {
    let sandbox = Sandbox::start(options().with_lag(Duration::from_secs(3600))).await.unwrap();
    let shop = connect(&sandbox);
    let push = sandbox.customer_push("crm-1");
    let made = shop.push_customer(&push).await.unwrap();
    assert_eq!(made.outcome, PushOutcome::Created);
    let listed = shop.client().list_customers(&ListParams::default().with_limit(250)).await.unwrap();
    assert!(listed.data.iter().all(|customer| customer.id.to_string() != made.id));
    assert_eq!(shop.get_customer(&made.id).await.unwrap().name, push.name);
    // The number is taken, and nobody can say by whom yet: no second customer.
    assert_eq!(shop.push_customer(&push).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(sandbox.ids(Stream::Customers).len(), 61);
}

#[tokio::test]
async fn unknown_addresses_answer_a_web_page_and_closed_ones_say_so() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let shop = connect(&sandbox);
    assert_eq!(shop.client().uninstall().await.unwrap_err().kind(), ErrorKind::Decode);
    let order = sandbox.add_order(None, &[1, 2]);
    let read = shop.client().get_order(order).await.unwrap();
    assert_eq!(read.line_items.unwrap().len(), 2);
    shop.client().close_order(order).await.unwrap();
    shop.client().reopen_order(order).await.unwrap();
    shop.client().cancel_order(order, "customer").await.unwrap();
    let cancelled = shop.client().get_order(order).await.unwrap();
    assert_eq!(
        (cancelled.status.as_deref(), cancelled.cancel_reason.as_deref()),
        (Some("cancelled"), Some("customer"))
    );
    let report = shop.ensure_webhooks("https://crm.example.com/hooks", &["orders/create"]).await.unwrap();
    assert_eq!(report.registered.len(), 1);
    let report = shop.ensure_webhooks("https://crm.example.com/hooks", &["orders/create"]).await.unwrap();
    assert_eq!((report.kept.len(), sandbox.hooks().len()), (1, 1));
}

#[tokio::test]
async fn a_deletion_is_told_by_webhook() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let shop = Sapo::builder()
        .store(sandbox.store())
        .private_app(sandbox.api_key(), sandbox.api_secret())
        .build()
        .unwrap();
    for stream in [Stream::Customers, Stream::Orders, Stream::Products] {
        let id = sandbox.ids(stream)[3];
        let shipment = sandbox.webhook_of_deletion(stream, id).unwrap();
        let request = pos_core::webhook::WebhookRequest::new(
            &shipment.headers,
            &shipment.body,
            time::OffsetDateTime::UNIX_EPOCH,
        );
        let verified = pos_core::WebhookVerifier::verify(&shop, &request).unwrap();
        let delivery = pos_core::WebhookVerifier::parse(&shop, &verified).unwrap();
        let event = &delivery.events[0];
        assert_eq!(
            (event.kind, event.stream, event.ids[0].as_str()),
            (pos_core::webhook::EventKind::Delete, Some(stream), id.to_string().as_str())
        );
    }
}
