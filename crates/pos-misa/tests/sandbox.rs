//! Habits of the vendor, one at a time, and what the sandbox knows to be true.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use pos_core::connector::{Connector, ConnectorExt, ListQuery, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{Money, PaymentCategory, Record, StatusCategory};
use pos_core::{ErrorKind, Stream};
use pos_misa::{Misa, MisaBuilder};
use pos_testkit::contract::VendorSandbox;
use pos_testkit::fault::{Fault, Rule};
use pos_testkit::misa::{Reading, Sandbox, SandboxOptions};
use time::Duration as Span;

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_documents(96, 12).with_seed(5)
}

fn builder(sandbox: &Sandbox) -> MisaBuilder {
    let retry = RetryPolicy { first_wait: Duration::from_millis(20), ..RetryPolicy::default() };
    let connection = Connection {
        retry: Some(retry),
        limits: Some(Vec::new()),
        time_limit: Some(Duration::from_millis(300)),
        ..Connection::to(sandbox.base_url())
    };
    Misa::builder().domain(sandbox.domain()).secret_key(sandbox.secret_key()).connection(connection)
}

async fn start(options: SandboxOptions) -> (Sandbox, Misa) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let shop = builder(&sandbox).build().unwrap();
    (sandbox, shop)
}

async fn read(shop: &Misa, stream: Stream, query: ListQuery) -> BTreeMap<String, Record> {
    let mut records = BTreeMap::new();
    let mut pages = shop.pages(stream, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty(), "{:?}", page.rejected);
        records.extend(page.records.into_iter().map(|record| (record.id().to_owned(), record)));
    }
    records
}

#[tokio::test]
async fn records_say_what_the_shop_says_in_whatever_form_it_says_it() {
    for options in [small(), small().unkind()] {
        let (sandbox, shop) = start(options).await;
        let truth = sandbox.truth();
        let customers = read(&shop, Stream::Customers, ListQuery::default()).await;
        assert_eq!(customers.len(), truth.customers.len());
        for told in &truth.customers {
            let Record::Customer(customer) = &customers[&told.id] else { panic!("{}", told.id) };
            assert_eq!(customer.raw_name, told.name, "{}", told.id);
        }
        let documents = read(&shop, Stream::Invoices, ListQuery::default()).await;
        assert_eq!(documents.len(), truth.documents.len());
        for told in &truth.documents {
            let Record::Order(record) = &documents[&told.id] else { panic!("{}", told.id) };
            assert_eq!(record.stream.stream(), told.stream, "{}", told.id);
            assert_eq!(record.buyer.as_ref().and_then(|buyer| buyer.id.clone()), told.buyer, "{}", told.id);
            assert!(!record.incomplete && !record.lines.is_empty(), "{}", told.id);
            if told.stream == Stream::Returns {
                assert!(record.total > Some(Money::ZERO) && record.returns.is_some(), "{}", told.id);
                continue;
            }
            let is_paid = record.payment.category == PaymentCategory::Paid;
            let revenue = Money::new(told.revenue);
            let counted = if is_paid && told.counts { record.total.unwrap() } else { Money::ZERO };
            assert_eq!(counted, revenue, "{}: {:?}", told.id, record.payment);
            use StatusCategory::{Cancelled, Failed, Returned};
            let is_over = matches!(record.status.category, Cancelled | Failed | Returned);
            assert_eq!(is_over, !told.counts, "{}: {:?}", told.id, record.status);
        }
        let unknown = |code: &str| {
            documents.values().any(|record| {
                matches!(record, Record::Order(order) if order.status.code.as_deref() == Some(code)
                    && order.status.category == StatusCategory::Unknown)
            })
        };
        assert!(unknown("-1000") && unknown("11"));
    }
}

#[tokio::test]
async fn a_wrong_clock_costs_one_refused_sign_in() {
    for (ahead, strict) in [(Span::HOUR, false), (-Span::HOUR, true)] {
        let options = small().with_clock_ahead(ahead).with_strict_login(strict);
        let (sandbox, shop) = start(options).await;
        shop.check().await.unwrap();
        assert_eq!(sandbox.token_requests(), 2, "{ahead}");
        sandbox.expire_tokens();
        shop.check().await.unwrap();
        assert_eq!(sandbox.token_requests(), 3, "the vendor's time is known by now");
    }
}

#[tokio::test]
async fn a_token_ends_a_shop_moves_and_a_connection_is_switched_off() {
    let (sandbox, shop) = start(small()).await;
    shop.check().await.unwrap();
    sandbox.pass(Span::hours(2));
    shop.check().await.unwrap();
    sandbox.move_away();
    shop.check().await.unwrap();
    assert_eq!(sandbox.environment(), "g3");
    assert_eq!(sandbox.requests().pop().unwrap().path, "/g3/api/v1/branchs/all");
    sandbox.set_connected(false);
    let error = shop.check().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Auth, Some("7")));
    sandbox.set_connected(true);
    shop.check().await.unwrap();
}

#[tokio::test]
async fn one_request_of_a_kind_at_a_time_is_what_the_vendor_takes() {
    let (sandbox, shop) = start(small().with_latency(Some(Duration::from_millis(15)))).await;
    let query = ListQuery::default().with_page_size(5);
    shop.list(Stream::Customers, &query).await.unwrap();
    let all = (shop.list_customers(&query), shop.list_customers(&query), shop.list_customers(&query));
    let (one, two, three) = tokio::join!(all.0, all.1, all.2);
    assert!([one, two, three].into_iter().all(|page| page.unwrap().records.len() == 5));
    assert_eq!(sandbox.refused_as_busy(), 0, "one connector waits for itself");
    // Another process knows nothing of it: it is refused, and asks again.
    let other = builder(&sandbox).build().unwrap();
    other.check().await.unwrap();
    for _ in 0..3 {
        let (one, two) = tokio::join!(shop.list_customers(&query), other.list_customers(&query));
        assert!(one.unwrap().records.len() == 5 && two.unwrap().records.len() == 5);
    }
    assert!(sandbox.refused_as_busy() > 0);
}

#[tokio::test]
async fn a_kind_stays_locked_after_its_caller_gave_up() {
    let (sandbox, shop) = start(small().with_busy_after(Duration::from_millis(30))).await;
    shop.check().await.unwrap();
    sandbox.faults().add(Rule::new(Fault::Hang).on("GET", "/g1/api/v1/customers"));
    let page = shop.list_customers(&ListQuery::default().with_page_size(5)).await.unwrap();
    assert_eq!(page.records.len(), 5);
}

#[tokio::test]
async fn no_change_is_missed_however_the_shop_reads_a_bound() {
    for reading in [Reading::Zoned, Reading::Utc, Reading::Local] {
        let (sandbox, shop) = start(small().with_reading(reading)).await;
        for stream in [Stream::Customers, Stream::Products] {
            let (before, id) = (sandbox.now(), sandbox.ids(stream)[7].clone());
            assert!(sandbox.touch(stream, &id));
            let changed = read(&shop, stream, ListQuery::default().with_modified_from(before)).await;
            assert_eq!(changed.keys().collect::<Vec<_>>(), [&id], "{stream}, {reading:?}");
        }
    }
}

#[tokio::test]
async fn a_write_that_fails_after_it_was_carried_out_is_found() {
    for own_numbers in [false, true] {
        let options = small().with_listed_orders(true).with_own_numbers(own_numbers).with_late_failures(true);
        let (sandbox, _) = start(options).await;
        let shop = builder(&sandbox).order_list(true).build().unwrap();
        let customers = sandbox.ids(Stream::Customers).len();
        let push = sandbox.customer_push("crm-1");
        let made = shop.push_customer(&push).await.unwrap();
        assert_eq!(made.outcome, PushOutcome::Created);
        assert_eq!(shop.push_customer(&push).await.unwrap().id, made.id);
        assert_eq!(sandbox.ids(Stream::Customers).len(), customers + 1);
        let orders = sandbox.ids(Stream::Orders).len();
        let push = sandbox.order_push("crm-o-1");
        let made = shop.push_order(&push).await.unwrap();
        let again = shop.push_order(&push).await.unwrap();
        assert_eq!((again.outcome, &again.id), (PushOutcome::Found, &made.id));
        assert_eq!(sandbox.ids(Stream::Orders).len(), orders + 1, "{own_numbers}");
        // The cashier makes an invoice of it, which names it.
        let number = sandbox.row(Stream::Orders, &made.id).unwrap()["OrderNo"].clone();
        let invoice = sandbox.invoice_order(&made.id).unwrap();
        let Record::Order(record) = shop.get(Stream::Invoices, &invoice).await.unwrap() else { panic!() };
        assert_eq!(record.fulfils.as_deref(), number.as_str());
        assert_eq!(record.total, Some(240_000.into()));
    }
}

#[tokio::test]
async fn without_a_list_of_orders_none_is_pushed() {
    let (sandbox, shop) = start(small()).await;
    let push = sandbox.order_push("crm-o-1");
    assert_eq!(shop.push_order(&push).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let trusting = builder(&sandbox).order_list(true).build().unwrap();
    let before = sandbox.ids(Stream::Orders).len();
    assert!(trusting.push_order(&push).await.is_err(), "the shop has no such list");
    assert_eq!(sandbox.ids(Stream::Orders).len(), before);
}

#[tokio::test]
async fn the_front_of_the_house_is_waited_for() {
    let (sandbox, shop) = start(small()).await;
    shop.check().await.unwrap();
    for status in [520, 525] {
        sandbox.faults().add(Rule::new(Fault::Status(status)).times(1));
        shop.check().await.unwrap();
        sandbox.faults().add(Rule::new(Fault::Status(status)).always());
        assert_eq!(shop.check().await.unwrap_err().kind(), ErrorKind::Unavailable, "{status}");
        sandbox.faults().clear();
    }
}
