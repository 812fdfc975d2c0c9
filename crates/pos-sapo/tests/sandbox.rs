//! Habits of the vendor that the contract suite leaves off.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use pos_core::connector::{Connector, ConnectorExt, ListQuery, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{OrderRecord, PaymentCategory, Record, StatusCategory};
use pos_core::{ErrorKind, HookPlan, Stream, WebhookVerifier};
use pos_sapo::Sapo;
use pos_sapo::client::ListParams;
use pos_testkit::contract::VendorSandbox;
use pos_testkit::sapo::{Flavor, Sandbox, SandboxOptions, WithoutStatus};

fn connect(sandbox: &Sandbox) -> Sapo {
    let retry = RetryPolicy { first_wait: Duration::from_millis(5), attempts: 3, ..RetryPolicy::default() };
    let connection =
        Connection { retry: Some(retry), limits: Some(Vec::new()), ..Connection::to(sandbox.base_url()) };
    let builder = Sapo::builder().store(sandbox.store()).access_token(sandbox.access_token());
    builder.connection(connection).build().unwrap()
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
            let counted = |path: &str| path.ends_with("/count.json");
            assert!(
                sandbox.requests().iter().all(|asked| counted(&asked.path) || asked.param("page").is_some())
            );
        }
    }
}

#[tokio::test]
async fn rows_that_go_while_pages_are_counted_hide_no_others() {
    for flavor in [Flavor::Web, Flavor::Pos] {
        for (deletions, after) in [(1, 1), (3, 2), (25, 3)] {
            let options = options().with_since_id(false).with_flavor(flavor);
            let sandbox = Sandbox::start(options).await.unwrap();
            let shop = connect(&sandbox);
            for stream in [Stream::Customers, Stream::Orders, Stream::Products] {
                let all = sandbox.ids(stream);
                let mut pages = shop.pages(stream, ListQuery::default().with_page_size(10));
                let mut seen = BTreeSet::new();
                let mut number = 0;
                while let Some(page) = pages.try_next().await.unwrap() {
                    seen.extend(page.records.iter().map(|record| record.id().parse::<i64>().unwrap()));
                    number += 1;
                    if number == after {
                        // The newest go: everything after them slides forward, past the page that was reached.
                        assert!(all.iter().rev().take(deletions).all(|id| sandbox.delete(stream, *id)));
                    }
                }
                assert!(sandbox.ids(stream).iter().all(|id| seen.contains(id)), "{flavor:?} {stream}");
            }
        }
    }
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
    let plan = HookPlan::new("https://crm.example.com/hooks", "").unwrap().with_topics(["orders/create"]);
    let report = shop.register_webhooks(&plan).await.unwrap();
    assert_eq!(report.missing.len(), 1);
    let report = shop.register_webhooks(&plan).await.unwrap();
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
        let verified = shop.webhooks().verify(&request).unwrap();
        let delivery = shop.webhooks().parse(&verified).unwrap();
        let event = &delivery.events[0];
        assert_eq!(
            (event.kind, event.stream, event.ids[0].as_str()),
            (pos_core::webhook::EventKind::Delete, Some(stream), id.to_string().as_str())
        );
        assert!(event.refetch, "the topic is not signed");
    }
}

/// What an order counts, by the rules that every vendor's records are counted by.
fn worth(order: &OrderRecord) -> Option<String> {
    use StatusCategory::{Cancelled, Deleted, Returned};
    let zero = pos_core::Money::ZERO;
    let is_dead = matches!(order.status.category, Cancelled | Deleted | Returned)
        || matches!(order.payment.category, PaymentCategory::Refunded | PaymentCategory::Voided);
    if is_dead || order.test {
        return None;
    }
    let (total, paid) = (order.total.unwrap_or_default(), order.paid.unwrap_or_default());
    let (refunded, returned) = (order.refunded.unwrap_or_default(), order.returned.unwrap_or_default());
    let counts = match order.payment.category {
        // Of an order that money went back for, goods count and no shipping: in POS's words it stays "paid".
        PaymentCategory::Paid if refunded > zero => {
            let fee = order.shipping_fee.unwrap_or_default();
            let fee_back = order.refunded_shipping.unwrap_or((refunded - returned).max(zero)).min(fee);
            total - fee - returned.max(refunded - fee_back)
        }
        PaymentCategory::Paid => total - returned,
        PaymentCategory::PartiallyRefunded if paid >= total => {
            let goods = (refunded - order.refunded_shipping.unwrap_or_default()).max(returned);
            (total - order.shipping_fee.unwrap_or_default() - goods).min((paid - refunded).max(zero))
        }
        _ => zero,
    };
    Some(counts.max(zero).to_string())
}

#[tokio::test]
async fn records_say_what_the_shop_says_of_itself() {
    for flavor in [Flavor::Web, Flavor::Pos] {
        for rich in [false, true] {
            let sandbox = Sandbox::start(options().with_flavor(flavor).with_rich_orders(rich)).await.unwrap();
            let orders: Vec<String> = VendorSandbox::ids(&sandbox, Stream::Orders);
            let done = [
                sandbox.pay_order(&orders[0]),
                sandbox.pay_order(&orders[1]),
                sandbox.refund_order(&orders[1], 1_000) == (flavor == Flavor::Web),
                sandbox.pay_order(&orders[2]),
                sandbox.return_part(&orders[2]),
                sandbox.return_order(&orders[3]),
                sandbox.call_off_return(&orders[4]) == (flavor == Flavor::Pos),
                sandbox.cancel_order(&orders[5]),
                sandbox.delete_order(&orders[6]),
            ];
            assert!(
                done[5] && done[7] && done[8] && done.iter().filter(|done| **done).count() > 5,
                "{done:?}"
            );
            let customers = VendorSandbox::ids(&sandbox, Stream::Customers);
            assert!(
                sandbox.rename_customer(&customers[0], "Tên Mới")
                    && sandbox.change_phone(&customers[1], "0905550777")
            );
            assert!(sandbox.delete_customer(&customers[2]));
            assert_eq!(sandbox.restore_customer(&customers[2]), flavor == Flavor::Pos);
            let made = sandbox.create_order(&customers[3]).unwrap();
            let shop = connect(&sandbox);
            let truth = sandbox.truth();
            assert!(truth.documents.iter().any(|document| document.id == made));
            assert!(truth.documents.iter().all(|document| document.id != orders[6]));
            assert!(truth.revenue() > 0.into());
            let mut pages = shop.pages(Stream::Orders, ListQuery::default());
            let mut seen = 0;
            while let Some(page) = pages.try_next().await.unwrap() {
                assert!(page.rejected.is_empty(), "{:?}", page.rejected);
                for record in page.records {
                    let Record::Order(order) = record else { panic!() };
                    let document = truth.documents.iter().find(|document| document.id == order.id).unwrap();
                    let expected = document.counts.then(|| document.revenue.to_string());
                    assert_eq!(worth(&order), expected, "{flavor:?}, rich {rich}: {order:?}");
                    assert_eq!(order.buyer.as_ref().and_then(|buyer| buyer.id.clone()), document.buyer);
                    seen += 1;
                }
            }
            assert_eq!(seen, truth.documents.len());
            let mut pages = shop.customer_pages(ListQuery::default());
            while let Some(page) = pages.try_next().await.unwrap() {
                for record in page.records {
                    let customer = truth.customers.iter().find(|customer| customer.id == record.id).unwrap();
                    assert_eq!(record.deleted, !customer.alive);
                }
            }
        }
    }
}

#[tokio::test]
async fn changes_are_told_by_signed_webhooks() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
    let options = options().with_flavor(Flavor::Pos).with_webhook_to(Some(address));
    let sandbox = Sandbox::start(options).await.unwrap();
    let id = VendorSandbox::ids(&sandbox, Stream::Customers)[0].clone();
    assert!(sandbox.rename_customer(&id, "Tên Mới"));
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).ends_with('}') {
        assert!(stream.read_buf(&mut request).await.unwrap() > 0);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let text = String::from_utf8(request).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut headers = http::HeaderMap::new();
    for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        headers.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
    }
    let hooks = pos_sapo::Webhooks::new([pos_core::Secret::new(sandbox.webhook_secret())]);
    let request =
        pos_core::webhook::WebhookRequest::new(&headers, body.as_bytes(), time::OffsetDateTime::UNIX_EPOCH);
    let verified = pos_core::WebhookVerifier::verify(&hooks, &request).unwrap();
    let delivery = pos_core::WebhookVerifier::parse(&hooks, &verified).unwrap();
    let Some(Record::Customer(record)) = &delivery.events[0].record else { panic!("{delivery:?}") };
    assert_eq!((record.id.as_str(), record.name.as_deref()), (id.as_str(), Some("Tên Mới")));
}

#[tokio::test]
async fn refused_topics_places_and_branches_are_told() {
    let options = options().with_strict_hooks(true).with_strict_places(true).with_closed_branches(true);
    let sandbox = Sandbox::start(options).await.unwrap();
    let shop = connect(&sandbox);
    let plan = HookPlan::new("https://crm.example.com/h", "").unwrap();
    let report = shop.register_webhooks(&plan).await.unwrap();
    assert!(report.refused.is_empty(), "{report:?}");
    assert_eq!(shop.check().await.unwrap().warnings.len(), 1);
    let mut push = sandbox.customer_push("crm-7");
    let mut address = pos_core::record::Address::default();
    (address.street, address.ward) = (Some("1 Đường Mẫu".into()), Some("Phường Mẫu".into()));
    (address.district, address.province) = (Some("Quận Mẫu".into()), Some("Hà Nội".into()));
    // Codes after July 2025 under the older name: the store refuses them, and the customer is made without.
    let codes = pos_core::record::PlaceCodes::new(Some("2001"), Some("7"), Some("200001"));
    push.address = Some(address.with_codes("sapo", codes));
    let made = shop.push_customer(&push).await.unwrap();
    assert_eq!(made.outcome, PushOutcome::Created);
    assert!(made.record.unwrap().addresses[0].codes.is_empty());

    let pos = Sandbox::start(self::options().with_flavor(Flavor::Pos).with_strict_hooks(true)).await.unwrap();
    let report = connect(&pos).register_webhooks(&plan).await.unwrap();
    assert_eq!(report.refused, ["inventories/update"]);
}

#[tokio::test]
async fn a_clock_that_is_off_is_learned_and_hides_nothing() {
    for flavor in [Flavor::Web, Flavor::Pos] {
        for hours in [-1, 1] {
            let sandbox = Sandbox::start(options().with_flavor(flavor)).await.unwrap();
            sandbox.set_clock_offset(time::Duration::hours(hours));
            let shop = connect(&sandbox);
            shop.check().await.unwrap();
            let skew = shop.skew().unwrap();
            assert!((skew - time::Duration::hours(hours)).abs() < time::Duration::seconds(5), "{skew}");
            let before = sandbox.now() - time::Duration::seconds(1);
            let order = VendorSandbox::ids(&sandbox, Stream::Orders)[7].clone();
            assert!(sandbox.cancel_order(&order));
            let query = ListQuery::default().with_modified_from(before);
            let mut pages = shop.pages(Stream::Orders, query);
            let mut seen = Vec::new();
            while let Some(page) = pages.try_next().await.unwrap() {
                seen.extend(page.records.iter().map(|record| record.id().to_owned()));
            }
            assert_eq!(seen, [order]);
        }
    }
}

#[tokio::test]
async fn a_storm_of_404_says_nothing_about_any_object() {
    use pos_testkit::fault::{Fault, Rule};

    for flavor in [Flavor::Web, Flavor::Pos] {
        let sandbox = Sandbox::start(options().with_flavor(flavor)).await.unwrap();
        let shop = connect(&sandbox);
        let id = VendorSandbox::ids(&sandbox, Stream::Orders)[0].clone();
        for fault in [
            Fault::Status(404),
            Fault::Answer { status: 404, body: r#"{"message":"no Route matched"}"#.into() },
        ] {
            sandbox.faults().add(Rule::new(fault).always());
            let error = shop.get(Stream::Orders, &id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            sandbox.faults().clear();
        }
        assert_eq!(shop.get(Stream::Orders, &id).await.unwrap().id(), id);
        assert!(sandbox.delete_order(&id));
        assert_eq!(shop.get(Stream::Orders, &id).await.unwrap_err().kind(), ErrorKind::NotFound);
    }
}
