//! What the sandbox does on a bad day, one habit at a time, and what it knows to be true.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{Money, OrderRecord, PaymentCategory, Quantity, Record, StatusCategory};
use pos_core::webhook::{EventKind, WebhookRequest};
use pos_core::{
    Clock, Connector, ConnectorExt, ErrorKind, HookPlan, ListQuery, Retry, Secret, Stream, WebhookVerifier,
};
use pos_haravan::{Haravan, HaravanBuilder, TOPICS, Webhooks};
use pos_testkit::fault::{Fault, Rule};
use pos_testkit::haravan::{Edit, Sandbox, SandboxOptions};

fn connection(sandbox: &Sandbox) -> Connection {
    let retry = RetryPolicy { first_wait: Duration::from_millis(5), ..RetryPolicy::default() };
    Connection { retry: Some(retry), limits: Some(Vec::new()), ..Connection::to(sandbox.api_url()) }
}

fn builder(sandbox: &Sandbox) -> HaravanBuilder {
    Haravan::builder()
        .org_id(sandbox.org_id())
        .token(sandbox.token())
        .webhook_url(sandbox.api_url())
        .connection(connection(sandbox))
}

async fn start(options: SandboxOptions) -> (Sandbox, Haravan) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let connector = builder(&sandbox).build().unwrap();
    (sandbox, connector)
}

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_orders(180).with_seed(5)
}

async fn read(connector: &Haravan, stream: Stream) -> Vec<Record> {
    let mut pages = connector.pages(stream, ListQuery::default());
    let mut records = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty(), "{:?}", page.rejected);
        records.extend(page.records);
    }
    records
}

fn ids(records: &[Record]) -> BTreeSet<String> {
    records.iter().map(|record| record.id().to_owned()).collect()
}

#[tokio::test]
async fn a_shop_that_writes_orders_into_the_past_is_read_whole() {
    for options in [
        small().with_backdated_orders(),
        small().with_backdated_orders().with_ignored_since(),
        small().with_backdated_orders().with_repeat_tail(true),
        small().with_descending_lists(),
        small().unkind(),
    ] {
        let (sandbox, connector) = start(options).await;
        let all: BTreeSet<String> = sandbox.ids(Stream::Orders).iter().map(ToString::to_string).collect();
        let records = read(&connector, Stream::Orders).await;
        assert_eq!((ids(&records), records.len()), (all, 180));
    }
}

#[tokio::test]
async fn lists_heed_states_ids_and_fields_as_the_typed_client_asks() {
    use pos_haravan::ListParams;
    let mut options = small().unkind();
    options.ignore_ids = false;
    let (sandbox, connector) = start(options).await;
    let client = connector.client();
    let all = client.count_orders().await.unwrap();
    assert_eq!(all, 180, "of every status");
    let filtered = |name: &'static str, value: &str| ListParams::default().with_filter(name, value);
    let cancelled = client.list_orders(&filtered("status", "cancelled")).await.unwrap().data;
    assert!(!cancelled.is_empty() && cancelled.iter().all(|order| order.cancelled_at.is_some()));
    let closed = client.list_orders(&filtered("status", "closed")).await.unwrap().data;
    assert!(!closed.is_empty() && closed.iter().all(|order| order.closed_at.is_some()));
    let paid = client.list_orders(&filtered("financial_status", "partially_refunded")).await.unwrap().data;
    assert!(!paid.is_empty());
    let wanted = sandbox.ids(Stream::Orders)[7];
    let one = client.list_orders(&filtered("ids", &wanted.to_string())).await.unwrap().data;
    assert_eq!(one.iter().map(|order| order.id).collect::<Vec<_>>(), [wanted]);
    let trimmed = client.list_customers(&filtered("fields", "id")).await.unwrap().data;
    assert!(trimmed.iter().all(|customer| customer.first_name.is_none() && customer.created_at.is_none()));
}

#[tokio::test]
async fn orders_that_vanish_and_change_under_a_scan_hide_no_others() {
    let (sandbox, connector) = start(small().unkind()).await;
    let all = sandbox.ids(Stream::Orders);
    let mut gone = BTreeSet::new();
    let mut pages = connector.pages(Stream::Orders, ListQuery::default().with_page_size(20));
    let mut seen = BTreeSet::new();
    let mut number = 0;
    while let Some(page) = pages.try_next().await.unwrap() {
        seen.extend(page.records.iter().map(|record| record.id().to_owned()));
        number += 1;
        if number % 3 == 1 {
            // Also the very last row that was read, which the scan holds on to.
            let last = page.records.last().map(|record| record.id().parse().unwrap());
            for id in [all[number * 2], all[number * 2 + 1]].into_iter().chain(last) {
                sandbox.delete(Stream::Orders, id);
                gone.insert(id.to_string());
            }
            sandbox.edit(Edit::Cancel { order: all[170 - number] });
        }
    }
    let missing: Vec<_> =
        all.iter().map(ToString::to_string).filter(|id| !seen.contains(id) && !gone.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn a_storm_of_404_deletes_nobody_and_passes() {
    let (sandbox, connector) = start(small()).await;
    let id = sandbox.ids(Stream::Customers)[3].to_string();
    for body in ["", "<html>404</html>", r#"{"message":"no Route matched with those values"}"#] {
        sandbox.faults().add(Rule::new(Fault::Answer { status: 404, body: body.into() }).always());
        let error = connector.get_customer(&id).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Backoff), "{body}");
        sandbox.faults().clear();
    }
    assert_eq!(connector.get_customer(&id).await.unwrap().id, id);
    // Deleted in truth, told by a bare 404: the list of this id is the vendor's word, and where it shows any, a read of
    // another one.
    for ignore_ids in [false, true] {
        let mut options = small().unkind();
        options.ignore_ids = ignore_ids;
        let (sandbox, connector) = start(options).await;
        let id = sandbox.ids(Stream::Customers)[3];
        assert!(sandbox.edit(Edit::Delete { stream: Stream::Customers, id }));
        let error = connector.get_customer(&id.to_string()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{ignore_ids}");
    }
}

#[tokio::test]
async fn a_missing_scope_is_forbidden_and_staff_is_empty() {
    let (_sandbox, connector) = start(small().without_scope("products").without_scope("users")).await;
    let error = connector.list_products(&ListQuery::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Forbidden, Retry::Never));
    assert!(error.to_string().contains("com.read_"), "{error}");
    assert!(connector.list_users(&ListQuery::default()).await.unwrap().records.is_empty());
    assert!(connector.check().await.is_ok());
}

#[tokio::test]
async fn a_topic_that_was_switched_off_is_switched_on_again() {
    let sandbox = Sandbox::start(small().with_deliveries()).await.unwrap();
    let app =
        pos_haravan::OAuthApp::new(sandbox.client_id(), sandbox.client_secret(), "https://example.com/cb")
            .unwrap()
            .with_accounts_url(sandbox.api_url().as_str())
            .unwrap();
    let tokens = pos_haravan::Tokens::default().with_refresh(sandbox.refresh_token());
    let connector = builder(&sandbox).oauth(app, tokens, |_| {}).build().unwrap();
    let plan = HookPlan::new("https://example.com/hooks", "").unwrap();
    let missing = async || connector.webhook_health(&plan).await.unwrap().missing;
    assert_eq!(missing().await, TOPICS);
    assert_eq!(connector.register_webhooks(&plan).await.unwrap().missing, TOPICS);
    assert!(connector.register_webhooks(&plan).await.unwrap().is_healthy());
    let topics_of_a_payment = || {
        let order = sandbox.add_order(None, &[1]);
        sandbox.edit(Edit::Pay { order });
        sandbox.deliveries().iter().map(|message| message.topic().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(topics_of_a_payment(), ["orders/create", "orders/updated", "orders/paid"]);
    assert!(sandbox.drop_topic("orders/paid"));
    assert_eq!(topics_of_a_payment(), ["orders/create", "orders/updated"]);
    assert_eq!(missing().await, ["orders/paid"]);
    assert!(!connector.register_webhooks(&plan).await.unwrap().is_healthy());
    assert!(missing().await.is_empty());
}

#[tokio::test]
async fn windows_hold_with_the_hosts_clock_off_by_an_hour_either_way() {
    for hours in [-1, 1] {
        let (sandbox, _) = start(small()).await;
        let clock = Clock::default().ahead_by(time::Duration::hours(hours));
        let connector = builder(&sandbox)
            .connection(Connection { clock: clock.clone(), ..connection(&sandbox) })
            .build()
            .unwrap();
        connector.check().await.unwrap();
        let skew = connector.skew().unwrap();
        assert!((skew + time::Duration::hours(hours)).abs() < time::Duration::seconds(3), "{skew}");
        // A window that is fixed on the vendor's clock.
        let from = clock.now() + skew - time::Duration::seconds(2);
        let id = sandbox.ids(Stream::Orders)[9];
        assert!(sandbox.edit(Edit::Cancel { order: id }));
        let mut pages = connector.pages(Stream::Orders, ListQuery::default().with_modified_from(from));
        let mut seen = BTreeSet::new();
        while let Some(page) = pages.try_next().await.unwrap() {
            seen.extend(page.records.iter().map(|record| record.id().to_owned()));
        }
        assert_eq!(seen, BTreeSet::from([id.to_string()]));
    }
}

fn order_push(sandbox: &Sandbox, reference: &str) -> OrderPush {
    let line = PushLine {
        product_id: Some(sandbox.variant_of(sandbox.id(Stream::Products, 4)).to_string()),
        quantity: Quantity::from(1),
        unit_price: Money::from(100_000),
        ..PushLine::default()
    };
    OrderPush {
        reference: reference.into(),
        created_at: Some(sandbox.now()),
        buyer_id: Some(sandbox.id(Stream::Customers, 1).to_string()),
        lines: vec![line],
        ..OrderPush::default()
    }
}

#[tokio::test]
async fn a_lost_answer_makes_one_order_once_the_list_caught_up() {
    for ahead in [-1, 0, 1] {
        let options =
            small().with_lag(Duration::from_millis(400)).with_clock_ahead(time::Duration::hours(ahead));
        let (sandbox, connector) = start(options).await;
        let push = order_push(&sandbox, "o-1");
        let before = sandbox.ids(Stream::Orders).len();
        sandbox.faults().add(Rule::new(Fault::LoseAnswer).on("POST", "/com/orders.json"));
        let error = connector.push_order(&push).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "whether it was made is open");
        // What the list does not show yet, nobody can find: the caller waits as long as the connector declares.
        while connector
            .list_documents(
                pos_core::record::DocumentKind::Order,
                &ListQuery::default().with_modified_from(sandbox.now() - time::Duration::minutes(1)),
            )
            .await
            .unwrap()
            .records
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
        let pushed = connector.push_order(&push).await.unwrap();
        assert_eq!((pushed.outcome, sandbox.ids(Stream::Orders).len()), (PushOutcome::Found, before + 1));
    }
}

#[tokio::test]
async fn a_known_number_in_another_writing_is_found_and_not_written_to() {
    let (sandbox, connector) = start(small()).await;
    let id = sandbox.add_customer(serde_json::json!({ "first_name": "Lan", "phone": "0912 000 345" }));
    let push = CustomerPush {
        reference: "c-1".into(),
        name: Some("Người Khác".into()),
        phones: vec!["+84912000345".into()],
        ..CustomerPush::default()
    };
    let before = sandbox.row(Stream::Customers, id);
    // The search does not know the blanks; the vendor refuses the number all the same.
    let pushed = connector.push_customer(&push).await.unwrap();
    assert_eq!((pushed.id, pushed.outcome), (id.to_string(), PushOutcome::Found));
    assert_eq!(sandbox.row(Stream::Customers, id), before);
}

/// What an order counts, by the rules of the ledger in their simplest form.
fn counted(order: &OrderRecord) -> (i64, bool) {
    use StatusCategory::{Cancelled, Deleted, Failed, Returned};
    let amount =
        |money: Option<Money>| i64::try_from(money.unwrap_or_default().decimal().round().mantissa()).unwrap();
    let dead = matches!(order.status.category, Cancelled | Deleted | Failed | Returned)
        || matches!(order.payment.category, PaymentCategory::Refunded | PaymentCategory::Voided);
    if dead {
        return (0, false);
    }
    let (total, refunded) = (amount(order.total), amount(order.refunded));
    let paid = order.paid.map(|paid| amount(Some(paid)));
    let goods: f64 = order.lines.iter().map(|line| amount(line.total) as f64).sum();
    let back: f64 = order
        .lines
        .iter()
        .filter_map(|line| {
            Some(
                amount(line.total) as f64 * line.returned_quantity?.to_string().parse::<f64>().ok()?
                    / line.quantity?.to_string().parse::<f64>().ok()?,
            )
        })
        .sum();
    let back =
        if goods > 0.0 { (back * (goods - amount(order.discount) as f64) / goods).round() as i64 } else { 0 };
    let fee = amount(order.shipping_fee);
    let settled = match order.payment.category {
        PaymentCategory::Paid => true,
        PaymentCategory::PartiallyRefunded => paid.is_none_or(|paid| paid >= total - back),
        _ => false,
    };
    if !settled {
        return (0, true);
    }
    let touched = order.payment.category == PaymentCategory::PartiallyRefunded || refunded > 0;
    let shipping = if touched { fee } else { 0 };
    let returned_shipping = match back {
        0 if refunded == shipping => refunded,
        0 => 0,
        back => (refunded - back).clamp(0, shipping),
    };
    let gone = (refunded + shipping - returned_shipping).max(back + shipping);
    let kept = paid.map_or(i64::MAX, |paid| (paid - refunded).max(0));
    ((total - gone).max(0).min(kept), true)
}

#[tokio::test]
async fn after_many_edits_the_records_say_what_the_shop_knows() {
    for seed in 1..4_u64 {
        let (sandbox, connector) = start(small().with_seed(seed).unkind()).await;
        let mut dice = seed;
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % sides
        };
        let mut done = 0;
        for _ in 0..400 {
            let orders = sandbox.ids(Stream::Orders);
            let customers = sandbox.ids(Stream::Customers);
            let order = orders[roll(orders.len() as u64) as usize];
            let customer = customers[1 + roll(customers.len() as u64 - 1) as usize];
            let edit = match roll(9) {
                0 => Edit::Rename { customer, name: format!("Trần Đổi {}", roll(1000)) },
                1 => Edit::ChangePhone { customer, phone: format!("09120{:05}", roll(100_000)) },
                2 | 3 => Edit::Pay { order },
                4 => Edit::Refund {
                    order,
                    amount: (roll(200) * 1000 + roll(2)) as i64,
                    pieces: roll(2) as u32,
                },
                5 => Edit::Cancel { order },
                6 => Edit::Return { order },
                7 => Edit::Delete { stream: Stream::Orders, id: order },
                _ => {
                    sandbox.add_order(Some(customer), &[roll(40), roll(40)]);
                    continue;
                }
            };
            done += u32::from(sandbox.edit(edit));
        }
        assert!(done > 100, "{done}");
        let truth = sandbox.truth();
        let orders: BTreeMap<String, OrderRecord> = read(&connector, Stream::Orders)
            .await
            .into_iter()
            .filter_map(|record| {
                if let Record::Order(order) = record { Some((order.id.clone(), *order)) } else { None }
            })
            .collect();
        let living: Vec<_> = truth.documents.iter().filter(|document| document.alive).collect();
        assert_eq!(orders.len(), living.len());
        assert!(living.len() < truth.documents.len(), "some were deleted");
        for expected in living {
            let order = &orders[&expected.id];
            assert_eq!(
                counted(order),
                (i64::try_from(expected.revenue).unwrap(), expected.counts),
                "{expected:?}"
            );
            let buyer = order.buyer.as_ref().and_then(|buyer| buyer.id.clone());
            if expected.buyer.is_some() {
                assert_eq!(buyer, expected.buyer, "{expected:?}");
            }
        }
        let names: BTreeMap<String, Option<String>> = read(&connector, Stream::Customers)
            .await
            .into_iter()
            .filter_map(|record| {
                if let Record::Customer(one) = record {
                    Some((one.id.clone(), one.raw_name.clone()))
                } else {
                    None
                }
            })
            .collect();
        for expected in &truth.customers {
            assert_eq!(names[&expected.id], expected.name, "{expected:?}");
        }
    }
}

#[tokio::test]
async fn changes_are_told_by_deliveries_that_prove_and_read() {
    let (sandbox, connector) = start(small().with_deliveries()).await;
    let hooks = Webhooks::new([Secret::new(sandbox.app_secret())]).with_tenant(sandbox.org_id());
    let told = |sandbox: &Sandbox| -> Vec<(String, EventKind, String, bool)> {
        let read = |message: &pos_testkit::haravan::WebhookMessage| {
            let request = WebhookRequest::new(&message.headers, &message.body, sandbox.now());
            let delivery = hooks.parse(&hooks.verify(&request).unwrap()).unwrap();
            let event = &delivery.events[0];
            let id = event.ids.first().cloned().unwrap_or_default();
            (message.topic().to_owned(), event.kind, id, event.record.is_some())
        };
        sandbox.deliveries().iter().map(read).collect()
    };
    assert!(told(&sandbox).is_empty());
    let customer = sandbox.ids(Stream::Customers)[2];
    sandbox.edit(Edit::Rename { customer, name: "Trần Mới".into() });
    assert_eq!(told(&sandbox), [("customers/update".into(), EventKind::Upsert, customer.to_string(), true)]);
    let order = sandbox.add_order(Some(customer), &[1]).to_string();
    sandbox.edit(Edit::Pay { order: order.parse().unwrap() });
    connector
        .client()
        .cancel_order(order.parse().unwrap(), &pos_haravan::model::CancelWrite::default())
        .await
        .unwrap();
    sandbox.delete(Stream::Orders, order.parse().unwrap());
    let topics: Vec<_> =
        told(&sandbox).into_iter().map(|(topic, kind, id, _)| (topic, kind, id == order)).collect();
    let upsert = |topic: &str| (topic.to_owned(), EventKind::Upsert, true);
    assert_eq!(
        topics,
        [
            upsert("orders/create"),
            upsert("orders/updated"),
            upsert("orders/paid"),
            upsert("orders/updated"),
            upsert("orders/cancelled"),
            ("orders/delete".to_owned(), EventKind::Delete, true),
        ]
    );
    sandbox.revoke_credentials();
    assert_eq!(told(&sandbox)[0].1, EventKind::AppUninstalled);
}

#[tokio::test]
async fn deliveries_reach_an_address() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = vec![0; 64 * 1024];
        let read = stream.read(&mut bytes).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    });
    let (sandbox, _) = start(small().with_hook(url)).await;
    sandbox.edit(Edit::Delete { stream: Stream::Orders, id: sandbox.ids(Stream::Orders)[0] });
    let text = tokio::task::spawn_blocking(move || heard.join().unwrap()).await.unwrap();
    assert!(
        text.starts_with("POST /hook HTTP/1.1") && text.contains("x-haravan-topic: orders/delete"),
        "{text}"
    );
}
