//! Habits of a company's Getfly, one at a time, and what the sandbox knows to be true.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use pos_core::connector::{Connector, ConnectorExt, ListQuery, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{Money, PaymentCategory, Record, StatusCategory};
use pos_core::webhook::{EventKind, Refusal, WebhookRequest};
use pos_core::{ErrorKind, Secret, Stream, WebhookVerifier};
use pos_getfly::{Api, Getfly, GetflyBuilder, ListParams, Webhooks};
use pos_testkit::contract::{Shipment, VendorSandbox};
use pos_testkit::fault::{Fault, Rule};
use pos_testkit::getfly::{Created, Line, Sandbox, SandboxOptions, Shape, Sorted};

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_orders(96).with_seed(5)
}

fn builder(sandbox: &Sandbox) -> GetflyBuilder {
    let retry = RetryPolicy { first_wait: Duration::from_millis(5), attempts: 2, ..RetryPolicy::default() };
    let connection =
        Connection { retry: Some(retry), limits: Some(Vec::new()), ..Connection::to(sandbox.base_url()) };
    Getfly::builder()
        .company(sandbox.company())
        .api_key(sandbox.api_key())
        .webhook_secret(sandbox.webhook_secret())
        .connection(connection)
}

async fn start(options: SandboxOptions) -> (Sandbox, Getfly) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let shop = builder(&sandbox).api(sandbox.api().parse().unwrap()).build().unwrap();
    (sandbox, shop)
}

/// Everything that a query answers: the records by id, and the ids that are gone.
async fn read(shop: &Getfly, stream: Stream, query: ListQuery) -> (BTreeMap<String, Record>, Vec<String>) {
    let (mut records, mut removed) = (BTreeMap::new(), Vec::new());
    let mut pages = shop.pages(stream, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty(), "{:?}", page.rejected);
        records.extend(page.records.into_iter().map(|record| (record.id().to_owned(), record)));
        removed.extend(page.removed);
    }
    (records, removed)
}

fn heard(
    shop: &Getfly,
    sandbox: &Sandbox,
    shipment: &Shipment,
) -> (EventKind, Option<Stream>, Vec<String>, bool) {
    let hooks = shop.webhooks();
    let verified =
        hooks.verify(&WebhookRequest::new(&shipment.headers, &shipment.body, sandbox.now())).unwrap();
    let mut delivery = hooks.parse(&verified).unwrap();
    assert!(delivery.rejected.is_empty() && delivery.events.len() == 1, "{delivery:?}");
    let event = delivery.events.remove(0);
    (event.kind, event.stream, event.ids, event.refetch)
}

#[tokio::test]
async fn records_say_what_the_company_says_in_every_type_and_order() {
    let moved = small().with_sorting(Sorted::Changed).with_largest_page(9);
    for options in
        [small(), small().unkind(), moved, small().with_sorting(Sorted::Oldest), small().with_line(Line::V6)]
    {
        let (sandbox, shop) = start(options).await;
        let truth = sandbox.truth();
        let (orders, _) = read(&shop, Stream::Orders, ListQuery::default()).await;
        assert_eq!(orders.len(), truth.documents.len());
        for told in &truth.documents {
            let Record::Order(order) = &orders[&told.id] else { panic!("{}", told.id) };
            let part = |part: Option<Money>| part.unwrap_or_default();
            let goods: Money = order.lines.iter().map(|line| part(line.total)).sum();
            for line in &order.lines {
                let whole = line.unit_price.unwrap().times(line.quantity.unwrap());
                assert_eq!(Some(whole - part(line.discount)), line.total, "{}", told.id);
            }
            assert_eq!(Some(goods), order.subtotal, "{}", told.id);
            // Fees are in the total and in no member: nobody says of what kind they are.
            let sum = goods - part(order.discount) + part(order.shipping_fee) + part(order.tax);
            let fees = order.total.unwrap() - sum;
            assert!(fees.is_zero() || fees == Money::from(20_000), "{}: {fees:?}", told.id);
            let counted = match order.payment.category {
                PaymentCategory::Paid if told.counts => order.total.unwrap(),
                _ => Money::ZERO,
            };
            assert_eq!(counted, Money::new(told.revenue), "{}", told.id);
            assert_eq!(order.buyer.as_ref().and_then(|buyer| buyer.id.clone()), told.buyer);
            let is_cancelled = order.status.category == StatusCategory::Cancelled;
            assert_eq!(is_cancelled, !told.counts, "{}: {:?}", told.id, order.status);
        }
        assert!(orders.values().any(|order| {
            matches!(order, Record::Order(order) if order.status.code.as_deref() == Some("7")
                && order.status.category == StatusCategory::Unknown)
        }));
        let (customers, _) = read(&shop, Stream::Customers, ListQuery::default()).await;
        assert_eq!(customers.len(), truth.customers.len());
        for told in &truth.customers {
            let Record::Customer(customer) = &customers[&told.id] else { panic!("{}", told.id) };
            let words = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(customer.raw_name, told.name.as_ref().map(words), "{}", told.id);
            let index = told.id.parse::<u64>().unwrap() - 1200;
            let seeded = sandbox.shop().customer(index);
            let birth = seeded.birth.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
            assert_eq!(customer.birth_date.map(|date| date.to_string()), birth, "{}", told.id);
        }
    }
}

#[tokio::test]
async fn a_company_of_an_older_line_says_which_one() {
    for (line, api) in [(Line::V6, Api::V6), (Line::V3, Api::V3)] {
        let sandbox = Sandbox::start(small().with_line(line)).await.unwrap();
        let shop = builder(&sandbox).build().unwrap();
        let error = shop.check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(api.as_str()), "{error}");
        let error = shop.list_customers(&ListQuery::default()).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Config,
            "a list that is not there says nothing of its rows: {error}"
        );
        let error = shop.get_customer("1201").await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::NotFound, "and so does a record: {error}");
        let shop = builder(&sandbox).api(api).build().unwrap();
        assert!(shop.check().await.unwrap().warnings.len() == 1);
    }
}

#[tokio::test]
async fn old_lists_leave_out_purchases_and_tell_returns_apart() {
    let (sandbox, shop) = start(small().with_line(Line::V3).with_purchases(true)).await;
    let (orders, _) = read(&shop, Stream::Orders, ListQuery::default()).await;
    let (returns, _) = read(&shop, Stream::Returns, ListQuery::default()).await;
    assert_eq!((orders.len(), returns.len()), (88, 8));
    assert!(orders.keys().chain(returns.keys()).all(|id| id.parse::<i64>().unwrap() < 900_000));
    let Record::Order(back) = returns.values().next().unwrap() else { panic!("{returns:?}") };
    assert!(back.total.unwrap() > Money::ZERO && back.incomplete, "the list has no lines");
    let id = sandbox.ids(Stream::Orders)[3].to_string();
    let Record::Order(order) = shop.get(Stream::Orders, &id).await.unwrap() else { panic!("{id}") };
    assert!(!order.lines.is_empty() && !order.incomplete);
    assert_eq!(shop.get(Stream::Returns, &id).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_account_is_made_once_whatever_the_answer_says_of_it() {
    for created in [Created::Wrapped, Created::Bare, Created::Words] {
        for taken in [409, 422, 400] {
            for wrapped in [false, true] {
                let options =
                    small().with_created(created).with_taken_status(taken).with_wrapped_records(wrapped);
                let (sandbox, shop) = start(options).await;
                let push = sandbox.customer_push("crm-1");
                let before = sandbox.ids(Stream::Customers).len();
                // The answer is lost, and the next attempt finds what was made.
                sandbox.faults().add(Rule::new(Fault::LoseAnswer).on("POST", "/api/v6.1/account"));
                let first = match shop.push_customer(&push).await {
                    Ok(first) => first,
                    Err(_) => shop.push_customer(&push).await.unwrap(),
                };
                let again = shop.push_customer(&push).await.unwrap();
                assert_eq!((&first.id, again.outcome), (&again.id, PushOutcome::Found));
                let order = sandbox.order_push("crm-o-1");
                let made = shop.push_order(&order).await.unwrap();
                let again = shop.push_order(&order).await.unwrap();
                assert_eq!((made.outcome, again.outcome), (PushOutcome::Created, PushOutcome::Found));
                assert_eq!((made.id, sandbox.ids(Stream::Customers).len()), (again.id, before + 1));
            }
        }
    }
}

#[tokio::test]
async fn who_is_there_under_another_code_is_found_and_not_made_again() {
    for options in [small(), small().unkind(), small().with_unique_people(true)] {
        let (sandbox, shop) = start(options).await;
        let before = sandbox.ids(Stream::Customers);
        for (index, phone) in
            [(3, "0905550141"), (7, "0905 550 142"), (9, "+84905550143"), (11, "84905550144")]
        {
            assert!(sandbox.change_phone(&before[index].to_string(), phone));
            let mut push = sandbox.customer_push(&format!("crm-{index}"));
            let plain: String = phone.chars().filter(char::is_ascii_digit).collect();
            push.phones = vec![format!("0{}", &plain[plain.len() - 9..])];
            let pushed = shop.push_customer(&push).await.unwrap();
            assert_eq!(
                (pushed.id, pushed.outcome),
                (before[index].to_string(), PushOutcome::Found),
                "{phone}"
            );
        }
        assert_eq!(sandbox.ids(Stream::Customers), before);
    }
}

#[tokio::test]
async fn the_code_of_a_deleted_account_stays_taken_and_is_a_conflict() {
    for options in [small(), small().unkind(), small().with_taken_status(400)] {
        let (sandbox, shop) = start(options).await;
        let push = sandbox.customer_push("crm-1");
        let made = shop.push_customer(&push).await.unwrap();
        assert!(sandbox.delete_customer(&made.id));
        let mut again = push.clone();
        // Another number, so that nobody else is in the way.
        again.phones = vec!["0905550111".into()];
        let error = shop.push_customer(&again).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, pos_core::Retry::Never), "{error}");
        assert!(!format!("{error:?}").contains("0905550111"));
        let code = sandbox.code(Stream::Customers, made.id.parse().unwrap()).unwrap();
        shop.client().restore_account(&code).await.unwrap();
        let found = shop.push_customer(&push).await.unwrap();
        assert_eq!((found.id, found.outcome), (made.id, PushOutcome::Found));
    }
}

#[tokio::test]
async fn what_was_deleted_is_told_with_the_second_of_the_bound() {
    for options in [small(), small().unkind(), small().with_line(Line::V6), small().with_line(Line::V3)] {
        let (sandbox, shop) = start(options.with_customers(160)).await;
        sandbox.set_clock(Some(time::macros::datetime!(2026-11-20 10:00:00 +7)));
        let all = sandbox.ids(Stream::Customers);
        let mut gone: Vec<String> = all.iter().step_by(2).map(ToString::to_string).collect();
        assert!(gone.iter().all(|id| sandbox.delete_customer(id)), "more than a page of them");
        let query = ListQuery::default().with_modified_from(sandbox.now()).with_removed();
        let (records, mut told) = read(&shop, Stream::Customers, query.clone()).await;
        told.sort();
        assert_eq!((records.len(), &told), (0, &gone));
        // One comes back, and one goes for good.
        assert!(
            sandbox.restore_customer(&gone[0]) && sandbox.purge(Stream::Customers, gone[1].parse().unwrap())
        );
        let (_, mut told) = read(&shop, Stream::Customers, query).await;
        told.sort();
        assert_eq!(told, gone.split_off(1));
        let error = shop.get_customer(&told[0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

#[tokio::test]
async fn a_change_in_the_second_of_the_bound_is_in_its_window() {
    for options in [small(), small().unkind(), small().with_line(Line::V6), small().with_line(Line::V3)] {
        let (sandbox, shop) = start(options).await;
        sandbox.set_clock(Some(time::macros::datetime!(2026-11-20 10:00:00 +7)));
        let id = sandbox.ids(Stream::Customers)[17].to_string();
        assert!(sandbox.rename_customer(&id, "Lê Thị Mẫu"));
        let (records, _) =
            read(&shop, Stream::Customers, ListQuery::default().with_modified_from(sandbox.now())).await;
        assert_eq!(records.keys().collect::<Vec<_>>(), [&id]);
    }
}

#[tokio::test]
async fn a_payment_that_moves_no_time_is_seen_by_a_whole_read_alone() {
    for quiet in [false, true] {
        let (sandbox, shop) = start(small().with_quiet_payments(quiet)).await;
        let (from, customer) = (sandbox.now(), sandbox.ids(Stream::Customers)[0].to_string());
        let id = sandbox.create_order(&customer);
        sandbox.set_clock_offset(time::Duration::HOUR);
        assert!(sandbox.pay_order(&id));
        let later = ListQuery::default().with_modified_from(from + time::Duration::minutes(30));
        assert_eq!(read(&shop, Stream::Orders, later).await.0.len(), usize::from(!quiet));
        let (all, _) = read(&shop, Stream::Orders, ListQuery::default()).await;
        assert!(matches!(&all[&id], Record::Order(order) if order.payment.category == PaymentCategory::Paid));
        let payments = ListParams::default().with_filter("order_id:eq", &id);
        let payments = shop.client().list_payments(&payments).await.unwrap().data;
        assert_eq!(
            payments.iter().filter_map(|payment| payment.amount).sum::<Money>(),
            amount(&sandbox, &id)
        );
    }
}

fn amount(sandbox: &Sandbox, order: &str) -> Money {
    let row = sandbox.row(Stream::Orders, order.parse().unwrap()).unwrap();
    Money::from(row["real_amount"].as_i64().unwrap())
}

#[tokio::test]
async fn a_pushed_order_comes_to_what_was_sold() {
    let (sandbox, shop) = start(small()).await;
    let mut push = sandbox.order_push("crm-7");
    push.lines[0].discount = Some(Money::from(15_000));
    push.discount = Some(Money::from(5_000));
    push.shipping_fee = Some(Money::from(30_000));
    push.paid = Some(Money::from(250_000));
    push.payment_method = Some("Tiền mặt".into());
    let made = shop.push_order(&push).await.unwrap();
    assert_eq!(amount(&sandbox, &made.id), Money::from(2 * 120_000 - 15_000 - 5_000 + 30_000));
    let record = made.record.unwrap();
    assert_eq!(
        (record.payment.category, record.reference.as_deref()),
        (PaymentCategory::Paid, Some("crm-7"))
    );
    push.reference = "crm-8".into();
    push.payment_method = Some("Vỏ sò".into());
    let error = shop.push_order(&push).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "what is not configured is refused: {error}");
    assert!(!error.fields().is_empty(), "and says which member it was");
}

#[tokio::test]
async fn deliveries_are_read_in_every_shape() {
    for shape in [Shape::Flat, Shape::Nested] {
        let options = small().with_shape(shape).with_domain_as_address(shape == Shape::Nested);
        let (sandbox, shop) = start(options.with_kept_deliveries(true)).await;
        let ids = [sandbox.ids(Stream::Customers)[3], sandbox.ids(Stream::Orders)[5]];
        let [customer, order] = ids.map(|id| id.to_string());
        assert!(sandbox.rename_customer(&customer, "Lê Thị Mẫu"));
        let made = sandbox.create_order(&customer);
        assert!(sandbox.approve_order(&made) && sandbox.pay_order(&made));
        assert!(sandbox.delete_customer(&customer) && sandbox.purge(Stream::Customers, ids[0]));
        assert!(sandbox.delete_order(&order), "of which nobody is told");
        let told: Vec<_> = sandbox.deliveries().iter().map(|one| heard(&shop, &sandbox, one)).collect();
        let event = |kind, stream, id: &String| (kind, Some(stream), vec![id.clone()], true);
        let expected = [
            event(EventKind::Upsert, Stream::Customers, &customer),
            event(EventKind::Upsert, Stream::Orders, &made),
            event(EventKind::Upsert, Stream::Orders, &made),
            event(EventKind::Delete, Stream::Customers, &customer),
            event(EventKind::Delete, Stream::Customers, &customer),
        ];
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_delivery_without_a_secret_is_refused_or_a_hint() {
    let (sandbox, shop) = start(small().with_webhook_secret("")).await;
    let id = sandbox.ids(Stream::Orders)[5];
    let open = sandbox.webhook_of("order.approved", Stream::Orders, id).unwrap();
    let request = |shipment: &Shipment| {
        let request = WebhookRequest::new(&shipment.headers, &shipment.body, sandbox.now());
        [
            shop.webhooks().verify(&request).map(|_| ()),
            Webhooks::new([Secret::new("")]).verify(&request).map(|_| ()),
            Webhooks::new([Secret::new("sandbox-webhook-secret-getfly")]).verify(&request).map(|_| ()),
        ]
    };
    for told in request(&open) {
        assert!(matches!(told, Err(Refusal::Unsigned(_) | Refusal::NotConfigured(_))), "{told:?}");
    }
    let json = sandbox.webhook_in(Shape::Json, "order.approved", Stream::Orders, id).unwrap();
    for told in request(&json) {
        assert!(told.is_err(), "JSON has no secret at all");
    }
    let hooks = Webhooks::new([Secret::new("sandbox-webhook-secret-getfly")]).with_unproven(true);
    let verified = hooks.verify(&WebhookRequest::new(&json.headers, &json.body, sandbox.now())).unwrap();
    let delivery = hooks.parse(&verified).unwrap();
    assert!(delivery.events[0].refetch && delivery.events[0].ids == [id.to_string()]);
}

#[tokio::test]
async fn statuses_are_told_apart_and_refusals_not_repeated() {
    let (sandbox, shop) = start(small()).await;
    let id = sandbox.ids(Stream::Customers)[0].to_string();
    for (status, kind) in [
        ("400", ErrorKind::Rejected),
        ("401", ErrorKind::Auth),
        ("403", ErrorKind::Forbidden),
        ("409", ErrorKind::Conflict),
        ("422", ErrorKind::Rejected),
    ] {
        sandbox.faults().add(Rule::new(Fault::Refuse(status.to_owned())).always());
        let before = sandbox.request_count();
        let error = shop.get_customer(&id).await.unwrap_err();
        assert_eq!((error.kind(), sandbox.request_count() - before), (kind, 1), "{status}: {error}");
        assert_eq!(error.status().map(|status| status.to_string()).as_deref(), Some(status));
        sandbox.faults().clear();
    }
    let (sandbox, shop) = start(small().with_limit(Some((1, 0.0001)))).await;
    shop.check().await.unwrap();
    assert_eq!(shop.check().await.unwrap_err().kind(), ErrorKind::RateLimited);
    assert_eq!(sandbox.requests().last().unwrap().status, 429);
}
