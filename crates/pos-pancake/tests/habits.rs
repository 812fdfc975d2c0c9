//! The vendor's worse habits, against the sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use pos_core::connector::PushOutcome;
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{DocumentKind, Money, OrderRecord, PaymentCategory, Record, StatusCategory, Stream};
use pos_core::{Connector, ConnectorExt, ListQuery};
use pos_pancake::Pancake;
use pos_testkit::contract::VendorSandbox;
use pos_testkit::fault::{Fault, Rule};
use pos_testkit::pancake::{Sandbox, SandboxOptions};

fn options() -> SandboxOptions {
    SandboxOptions::default().with_customers(120).with_orders(90)
}

fn connector(shop: &Sandbox) -> Pancake {
    connector_in(shop, "VND")
}

fn connector_in(shop: &Sandbox, currency: &str) -> Pancake {
    connector_with(shop, currency, 8)
}

fn connector_with(shop: &Sandbox, currency: &str, attempts: u32) -> Pancake {
    let first_wait = Duration::from_millis(5);
    let connection = Connection {
        retry: Some(RetryPolicy { first_wait, attempts, ..RetryPolicy::default() }),
        limits: Some(Vec::new()),
        ..Connection::to(shop.base_url().as_str())
    };
    Pancake::builder()
        .api_key(shop.api_key())
        .shop_id(shop.shop_id())
        .connection(connection)
        .currency(currency)
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

/// What an order adds to revenue by its members alone.
fn worth(order: &OrderRecord) -> Money {
    use StatusCategory::{Cancelled, Deleted, Returned};
    let returned = order.returned.unwrap_or_default();
    let remains = order.total.unwrap_or_default() - returned;
    let is_paid = match order.payment.category {
        PaymentCategory::Paid => true,
        // The carrier collected the money for what was kept.
        PaymentCategory::PartiallyPaid => !returned.is_zero() && order.paid >= Some(remains),
        _ => false,
    };
    if matches!(order.status.category, Cancelled | Deleted | Returned) || !is_paid {
        return Money::ZERO;
    }
    remains.min(order.paid.unwrap_or_default()).max(Money::ZERO)
}

#[tokio::test]
async fn orders_add_up_to_what_the_shop_says_whatever_its_habits() {
    let every = options()
        .with_varied_payments(true)
        .with_partial_returns(true)
        .with_zero_prices(true)
        .with_text_ids(true);
    for (options, currency) in [
        (options(), "VND"),
        (every.clone(), "VND"),
        (every.clone().with_currency("THB"), "THB"),
        (every.with_currency("KWD"), "KWD"),
    ] {
        let shop = Sandbox::start(options).await.unwrap();
        let connector = connector_in(&shop, currency);
        let customer = shop.ids(Stream::Customers)[1].clone();
        for edit in [Sandbox::pay_order, Sandbox::cancel_order, Sandbox::return_order, Sandbox::delete_order]
        {
            let id = shop.create_order(&customer).unwrap();
            assert!(edit(&shop, &id));
        }
        for (at, edit) in [
            (3, Sandbox::pay_order as fn(&Sandbox, &str) -> bool),
            (4, Sandbox::return_part),
            (6, Sandbox::return_part),
        ] {
            let id = shop.ids(Stream::Orders)[at].clone();
            assert!(shop.pay_order(&id) && edit(&shop, &id));
        }
        for expected in shop.truth().documents {
            let order = connector.get_document(DocumentKind::Order, &expected.id).await.unwrap();
            assert_eq!((order.id.as_str(), order.currency.code()), (expected.id.as_str(), currency));
            assert_eq!(worth(&order), Money::new(expected.revenue), "{currency} {order:?} {expected:?}");
            assert_eq!(order.status.category == StatusCategory::Deleted, !expected.alive);
        }
    }
}

#[tokio::test]
async fn the_vendors_clock_may_be_off_either_way() {
    for hours in [-2, -1, 1, 2] {
        let shop = Sandbox::start(options()).await.unwrap();
        shop.set_clock_offset(time::Duration::hours(hours));
        let since = shop.now();
        let id = shop.ids(Stream::Orders)[5].clone();
        let customer = shop.ids(Stream::Customers)[5].clone();
        assert!(shop.set_status(&id, 2) && shop.rename_customer(&customer, "Tên Mới Mẫu"));
        let connector = connector(&shop);
        let window = || ListQuery::default().with_modified_from(since);
        assert_eq!(orders(&connector, window()).await.0, [id], "{hours}");
        let page = connector.list_customers(&window()).await.unwrap();
        assert_eq!(page.records.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), [customer]);
        let skew = connector.skew().unwrap().whole_seconds() - hours * 3600;
        assert!((-2..=2).contains(&skew), "{hours}: {skew}");
        // Everything, orders of the last second too.
        let new = shop.create_order(&shop.ids(Stream::Customers)[1]).unwrap();
        let mut all = orders(&connector, ListQuery::default().with_page_size(20)).await.0;
        assert!(all.contains(&new), "{hours}");
        let mut expected = shop.ids(Stream::Orders);
        all.sort();
        expected.sort();
        assert_eq!(all, expected, "{hours}");
        // A push whose answer is lost is found again, although the index lags.
        shop.faults().add(Rule::new(Fault::LoseAnswer).on("POST", "/api/v1/shops/880012345/orders"));
        let push = shop.order_push("O-88");
        let first = connector.push_order(&push).await.unwrap();
        assert_eq!(connector.push_order(&push).await.unwrap().id, first.id);
    }
}

#[tokio::test]
async fn customers_without_a_time_of_change_are_read_all_the_same() {
    let shop = Sandbox::start(options().with_dateless_customers(true)).await.unwrap();
    let connector = connector(&shop);
    for size in [10, 100] {
        let mut seen = BTreeSet::new();
        let mut pages = connector.customer_pages(ListQuery::default().with_page_size(size));
        while let Some(page) = pages.try_next().await.unwrap() {
            seen.extend(page.records.into_iter().map(|record| record.id));
        }
        assert_eq!(seen, shop.ids(Stream::Customers).into_iter().collect::<BTreeSet<_>>());
    }
}

#[tokio::test]
async fn lists_in_no_order_are_read_whole() {
    let shop = Sandbox::start(options().with_unsorted_lists(true)).await.unwrap();
    // Backdated, as orders from an older system are: the number says nothing about the time.
    for (at, id) in shop.ids(Stream::Orders).iter().enumerate().filter(|(at, _)| at % 3 == 0) {
        assert!(shop.backdate(id, time::Duration::days(at as i64 % 7 * 40)));
    }
    let connector = connector(&shop);
    for stream in [Stream::Customers, Stream::Orders, Stream::Products] {
        for size in [10, 60] {
            let mut seen = BTreeSet::new();
            let mut pages = connector.pages(stream, ListQuery::default().with_page_size(size));
            while let Some(page) = pages.try_next().await.unwrap() {
                seen.extend(page.records.iter().map(|record: &Record| record.id().to_owned()));
            }
            assert_eq!(seen, shop.ids(stream).into_iter().collect::<BTreeSet<_>>(), "{stream} {size}");
        }
    }
}

#[tokio::test]
async fn an_order_with_a_text_for_an_id_is_read_by_its_delivery_while_the_index_lags_and_reads_fail() {
    use pos_core::WebhookVerifier;
    use pos_core::webhook::WebhookRequest;

    let options = options().with_index_lag(Duration::from_secs(600)).with_lag_everywhere(true);
    for bare in [false, true] {
        let shop = Sandbox::start(options.clone().with_bare_webhooks(bare)).await.unwrap();
        let connector = connector(&shop);
        let customer = shop.ids(Stream::Customers)[1].clone();
        let id = shop.create_order(&customer).unwrap();
        assert!(shop.update(Stream::Orders, &id, |row| drop(row.insert("id".into(), "WEB-1001".into()))));
        let hooks = pos_pancake::Webhooks::new([shop.options().webhook_secret.as_str().into()]);
        let variation = "9f7e1b20-0000-4000-8000-000000000000";
        for message in
            [shop.webhook(Stream::Orders, &id).unwrap(), shop.stock_webhook(variation, Some("WEB-1001"))]
        {
            let verified =
                hooks.verify(&WebhookRequest::new(&message.headers, &message.body, shop.now())).unwrap();
            let delivery = connector.webhooks().parse(&verified).unwrap();
            let event = &delivery.events[0];
            let name =
                event.related.first().map_or_else(|| event.ids[0].clone(), |related| related.id.clone());
            shop.faults()
                .add(Rule::new(Fault::Status(500)).on("GET", "/api/v1/shops/880012345/orders/").times(3));
            let order = connector.get_document(DocumentKind::Order, &name).await.unwrap();
            assert_eq!((&order.id, &order.aliases[..]), (&id, &["WEB-1001".to_owned()][..]));
            shop.faults().clear();
        }
    }
}

#[tokio::test]
async fn an_order_that_leaves_the_bin_lives_again() {
    let shop = Sandbox::start(options()).await.unwrap();
    let connector = connector(&shop);
    let id = shop.ids(Stream::Orders)[5].clone();
    let since = shop.now();
    let window = || ListQuery::default().with_modified_from(since).with_removed();
    assert!(shop.delete_order(&id));
    assert_eq!(orders(&connector, window()).await, (vec![], vec![id.clone()]));
    let read = connector.get_document(DocumentKind::Order, &id).await.unwrap();
    assert_eq!(read.status.category, StatusCategory::Deleted);
    assert!(shop.restore_order(&id));
    assert_eq!(orders(&connector, window()).await, (vec![id.clone()], vec![]));
    let read = connector.get_document(DocumentKind::Order, &id).await.unwrap();
    assert_eq!(read.status.category, StatusCategory::Completed);
}

#[tokio::test]
async fn a_storm_of_404_makes_nothing_missing() {
    let shop = Sandbox::start(options()).await.unwrap();
    let connector = connector_with(&shop, "VND", 2);
    let (order, customer) = (shop.ids(Stream::Orders)[5].clone(), shop.ids(Stream::Customers)[5].clone());
    let product = shop.ids(Stream::Products)[1].clone();
    let bodies =
        ["", "{}", "<html><h1>404</h1></html>", r#"{"message":"no Route matched with those values"}"#];
    for status in [401, 403, 404, 410] {
        for body in bodies {
            let fault = Fault::Answer { status, body: body.to_owned() };
            shop.faults().add(Rule::new(fault).on("GET", "/api/v1/shops/880012345/").always());
            for error in [
                connector.get_document(DocumentKind::Order, &order).await.unwrap_err(),
                connector.get_customer(&customer).await.unwrap_err(),
                connector.get_product(&product).await.unwrap_err(),
                connector.list_customers(&ListQuery::default()).await.unwrap_err(),
            ] {
                assert_ne!(error.kind(), pos_core::ErrorKind::NotFound, "{status} {body}: {error}");
            }
            shop.faults().clear();
        }
    }
    assert_eq!(connector.get_customer(&customer).await.unwrap().id, customer);
}
