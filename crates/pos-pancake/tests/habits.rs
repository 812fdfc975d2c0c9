//! The vendor's worse habits, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use pos_core::connector::PushOutcome;
use pos_core::http::RetryPolicy;
use pos_core::record::{DocumentKind, Record, Stream};
use pos_core::{Connector, ConnectorExt, ListQuery};
use pos_pancake::Pancake;
use pos_testkit::contract::VendorSandbox;
use pos_testkit::fault::{Fault, Rule};
use pos_testkit::pancake::{Sandbox, SandboxOptions};

fn options() -> SandboxOptions {
    SandboxOptions::default().with_customers(120).with_orders(90)
}

fn connector(shop: &Sandbox) -> Pancake {
    let mut retry = RetryPolicy::default();
    retry.first_wait = Duration::from_millis(5);
    retry.attempts = 8;
    Pancake::builder()
        .api_key(shop.api_key())
        .shop_id(shop.shop_id())
        .base_url(shop.base_url().as_str())
        .retry(retry)
        .limits([])
        .build()
        .unwrap()
}

async fn orders(shop: &Pancake, query: ListQuery) -> (Vec<String>, Vec<String>) {
    let (mut seen, mut removed) = (Vec::new(), Vec::new());
    let mut pages = shop.pages(Stream::Orders, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        seen.extend(page.records.iter().map(|record| record.id().to_owned()));
        removed.extend(page.removed);
    }
    (seen, removed)
}

#[tokio::test]
async fn an_overlap_as_long_as_the_lag_finds_what_the_index_hid() {
    let shop = Sandbox::start(options().with_index_lag(Duration::from_secs(600))).await.unwrap();
    let connector = connector(&shop);
    let id = shop.ids(Stream::Orders)[5].clone();
    let start = shop.now();
    shop.set_status(&id, 5);
    let window = |from| ListQuery::default().with_modified_from(from).with_removed();
    assert_eq!(orders(&connector, window(start)).await, (vec![], vec![]), "the index does not know yet");
    // By id the database answers.
    let read = connector.get_document(DocumentKind::Order, &id).await.unwrap();
    assert_eq!(read.status.code.as_deref(), Some("5"));
    shop.settle_index();
    let lag = connector.capabilities().stream(Stream::Orders).lag();
    assert!(lag >= Duration::from_secs(1800));
    let next_run = shop.now();
    assert_eq!(orders(&connector, window(next_run - lag)).await.0, [id]);
}

#[tokio::test]
async fn a_push_whose_answer_was_lost_is_found_although_the_index_lags() {
    let shop = Sandbox::start(options().with_index_lag(Duration::from_secs(600))).await.unwrap();
    let connector = connector(&shop);
    let before = shop.ids(Stream::Orders).len();
    shop.faults().add(Rule::new(Fault::LoseAnswer).on("POST", "/api/v1/shops/880012345/orders"));
    for reference in ["O-77", "551", "đơn 7"] {
        let push = shop.order_push(reference);
        let first = connector.push_order(&push).await.unwrap();
        let second = connector.push_order(&push).await.unwrap();
        assert_eq!((second.id, second.outcome), (first.id, PushOutcome::Found), "{reference}");
        assert_eq!(second.record.unwrap().reference.as_deref(), Some(reference));
    }
    assert_eq!(shop.ids(Stream::Orders).len(), before + 3);
}

#[tokio::test]
async fn sporadic_failures_cost_time_and_nothing_else() {
    let shop = Sandbox::start(options().with_failures_in_hundred(25.0)).await.unwrap();
    let connector = connector(&shop);
    for stream in [Stream::Customers, Stream::Orders, Stream::Products] {
        let mut seen = BTreeSet::new();
        let mut pages = connector.pages(stream, ListQuery::default().with_page_size(20));
        while let Some(page) = pages.try_next().await.unwrap() {
            seen.extend(page.records.iter().map(|record: &Record| record.id().to_owned()));
        }
        assert_eq!(seen, shop.ids(stream).into_iter().collect::<BTreeSet<_>>(), "{stream}");
    }
}

#[tokio::test]
async fn cancelled_orders_that_the_list_leaves_out_come_all_the_same() {
    for hidden in [false, true] {
        let shop = Sandbox::start(options().with_hidden_cancelled(hidden)).await.unwrap();
        let (mut seen, removed) = orders(&connector(&shop), ListQuery::default().with_page_size(20)).await;
        let mut expected = shop.ids(Stream::Orders);
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected, "hidden: {hidden}");
        assert!(removed.is_empty());
    }
}

#[tokio::test]
async fn orders_with_a_text_for_an_id_are_found_by_their_number() {
    let shop = Sandbox::start(options()).await.unwrap();
    let connector = connector(&shop);
    let id = shop.ids(Stream::Orders)[11].clone();
    assert!(shop.row(Stream::Orders, &id).unwrap()["id"].as_str().unwrap().starts_with('C'));
    let read = connector.get_document(DocumentKind::Order, &id).await.unwrap();
    assert_eq!((read.id.as_str(), read.reference), (id.as_str(), None));
    assert!(read.code.unwrap().starts_with('C'));
}

#[tokio::test]
async fn a_customer_that_is_not_answered_is_read_back() {
    let shop = Sandbox::start(options().with_bare_created(true).with_wanted_header(true)).await.unwrap();
    let connector = connector(&shop);
    let first = connector.push_customer(&shop.customer_push("r-1")).await.unwrap();
    assert_eq!(first.outcome, PushOutcome::Created);
    let again = connector.push_customer(&shop.customer_push("r-1")).await.unwrap();
    assert_eq!((again.id, again.outcome), (first.id, PushOutcome::Found));
}

#[tokio::test]
async fn a_stock_delivery_leads_to_product_and_order() {
    use pos_core::WebhookVerifier;
    use pos_core::webhook::WebhookRequest;

    let shop = Sandbox::start(options()).await.unwrap();
    let connector = connector(&shop);
    let order = shop.ids(Stream::Orders)[0].clone();
    let product = shop.ids(Stream::Products)[0].clone();
    let row = shop.row(Stream::Products, &product).unwrap();
    let variation = row["variations"][1]["id"].as_str().unwrap();
    let message = shop.stock_webhook(variation, Some(&order));
    let hooks = pos_pancake::Webhooks::new([shop.options().webhook_secret.as_str().into()]);
    let verified = hooks.verify(&WebhookRequest::new(&message.headers, &message.body, shop.now())).unwrap();
    let delivery = hooks.parse(&verified).unwrap();
    let event = &delivery.events[0];
    assert_eq!(connector.get_product(&event.ids[0]).await.unwrap().id, product);
    assert_eq!(connector.get_document(DocumentKind::Order, &event.related[0].id).await.unwrap().id, order);
}
