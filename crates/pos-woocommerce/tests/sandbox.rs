//! Habits of a shop, one at a time, and what the sandbox knows to be true.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use pos_core::connector::{Connector, ConnectorExt, ListQuery, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{PaymentCategory, Record, StatusCategory};
use pos_core::webhook::{Delivery, EventKind, WebhookRequest};
use pos_core::{ErrorKind, HookPlan, Secret, Stream, WebhookVerifier};
use pos_testkit::contract::{Shipment, VendorSandbox};
use pos_testkit::woocommerce::{Sandbox, SandboxOptions};
use pos_woocommerce::model::{Batch, CustomerWrite, LineWrite, OrderWrite, WebhookWrite};
use pos_woocommerce::{ListParams, WooCommerce, WooCommerceBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_orders(96).with_seed(5)
}

fn builder(sandbox: &Sandbox) -> WooCommerceBuilder {
    let retry = RetryPolicy { first_wait: Duration::from_millis(5), attempts: 2, ..RetryPolicy::default() };
    let connection =
        Connection { retry: Some(retry), limits: Some(Vec::new()), ..Connection::to(sandbox.base_url()) };
    WooCommerce::builder()
        .site(sandbox.site())
        .consumer_key(sandbox.consumer_key())
        .consumer_secret(sandbox.consumer_secret())
        .webhook_secret(sandbox.webhook_secret())
        .connection(connection)
}

async fn start(options: SandboxOptions) -> (Sandbox, WooCommerce) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let shop = builder(&sandbox).build().unwrap();
    (sandbox, shop)
}

/// Everything that a query answers: the records by id, and the ids that are gone.
async fn read(
    shop: &WooCommerce,
    stream: Stream,
    query: ListQuery,
) -> (BTreeMap<String, Record>, Vec<String>) {
    let (mut records, mut removed) = (BTreeMap::new(), Vec::new());
    let mut pages = shop.pages(stream, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty(), "{:?}", page.rejected);
        records.extend(page.records.into_iter().map(|record| (record.id().to_owned(), record)));
        removed.extend(page.removed);
    }
    (records, removed)
}

fn take(shop: &WooCommerce, sandbox: &Sandbox, shipment: &Shipment) -> Delivery {
    let hooks = shop.webhooks();
    let verified =
        hooks.verify(&WebhookRequest::new(&shipment.headers, &shipment.body, sandbox.now())).unwrap();
    hooks.parse(&verified).unwrap()
}

#[tokio::test]
async fn records_say_what_the_shop_says_whatever_plugins_make_of_it() {
    for options in [small(), small().unkind(), small().with_version((5, 3)), small().with_hidden_rows(true)] {
        let (sandbox, shop) = start(options).await;
        let truth = sandbox.truth();
        let (orders, _) = read(&shop, Stream::Orders, ListQuery::default()).await;
        assert_eq!(orders.len(), truth.documents.len());
        for told in &truth.documents {
            let Record::Order(order) = &orders[&told.id] else { panic!("{}", told.id) };
            let line = |line: &pos_core::record::Line| line.total.unwrap();
            let fees = order.discount.unwrap_or_default();
            let coupons: pos_core::record::Money =
                order.lines.iter().map(|line| line.discount.unwrap_or_default()).sum();
            let goods: pos_core::record::Money = order.lines.iter().map(line).sum();
            let whole = goods - (fees - coupons)
                + order.shipping_fee.unwrap_or_default()
                + order.tax.unwrap_or_default();
            assert_eq!(Some(whole), order.total, "{}", told.id);
            let back = order.refunded.unwrap_or_default();
            let category = match (order.status.category, back.is_zero()) {
                (StatusCategory::Returned, _) => PaymentCategory::Refunded,
                (_, false) => PaymentCategory::PartiallyRefunded,
                (StatusCategory::Completed, _) => PaymentCategory::Paid,
                _ => order.payment.category,
            };
            assert_eq!(order.payment.category, category, "{}", told.id);
            assert_eq!(order.buyer.as_ref().and_then(|buyer| buyer.id.clone()), told.buyer);
        }
        assert!(orders.values().any(|order| {
            matches!(order, Record::Order(order) if order.status.code.as_deref() == Some("da-giao")
                && order.status.category == StatusCategory::Unknown)
        }));
        let (customers, _) = read(&shop, Stream::Customers, ListQuery::default()).await;
        assert_eq!(customers.len(), truth.customers.len(), "no staff, and whoever buys");
        for told in &truth.customers {
            let Record::Customer(customer) = &customers[&told.id] else { panic!("{}", told.id) };
            assert_eq!(customer.raw_name, told.name, "{}", told.id);
        }
    }
}

#[tokio::test]
async fn a_key_goes_where_the_host_lets_it_through() {
    let (sandbox, shop) = start(small().with_stripped_authorization(true)).await;
    let error = shop.check().await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Auth, Some("woocommerce_rest_cannot_view")));
    let shop = builder(&sandbox).key_in_query(true).build().unwrap();
    shop.check().await.unwrap();
    let last = sandbox.requests().pop().unwrap();
    assert!(last.query.contains("consumer_key=ck_") && !last.query.contains("cs_sandbox"), "{}", last.query);

    let (_sandbox, shop) = start(small().with_read_only(true)).await;
    shop.check().await.unwrap();
    let error = shop.client().create_customer(&CustomerWrite::default()).await.unwrap_err();
    let code = Some("woocommerce_rest_authentication_error");
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Auth, code));

    let (sandbox, shop) = start(small().with_closed_webhooks(true)).await;
    assert_eq!(shop.known_webhooks().await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(sandbox.hooks().len(), 0);
}

#[tokio::test]
async fn a_shop_in_a_folder_or_with_plain_permalinks_is_found() {
    let mut options = small();
    options.site = "example.com/cua-hang".into();
    for (options, path) in
        [(options, "/cua-hang/wp-json/wc/v3/customers"), (small().with_plain_permalinks(true), "/index.php")]
    {
        let (sandbox, shop) = start(options).await;
        shop.check().await.unwrap();
        assert_eq!(sandbox.requests().pop().unwrap().path, path);
        assert_eq!(shop.account().id(), sandbox.site());
        let id = sandbox.ids(Stream::Orders)[0];
        let shipment = sandbox.webhook_of(Stream::Orders, id, "updated").unwrap();
        assert_eq!(take(&shop, &sandbox, &shipment).events[0].ids, [id.to_string()]);
    }
}

#[tokio::test]
async fn a_bound_with_a_zone_loses_what_the_shops_zone_is_ahead() {
    let (sandbox, shop) = start(small()).await;
    let id = sandbox.ids(Stream::Orders)[3];
    assert!(VendorSandbox::touch(&sandbox, Stream::Orders, &id.to_string()));
    let since = sandbox.now() - time::Duration::HOUR;
    let right = ListParams::default().with_modified_after(since);
    assert_eq!(shop.client().list_orders(&right).await.unwrap().data.len(), 1);
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let wrong = ListParams::default()
        .with_filter("modified_after", since.format(format).unwrap())
        .with_filter("dates_are_gmt", "true");
    assert!(shop.client().list_orders(&wrong).await.unwrap().data.is_empty());
    // And customers know no such filter at all.
    let all = shop.client().list_customers(&right.with_per_page(100)).await.unwrap();
    assert_eq!(all.total, Some(64));
}

#[tokio::test]
async fn what_lies_in_the_trash_is_told_whether_or_not_its_time_moved() {
    for still in [false, true] {
        let (sandbox, shop) = start(small().with_still_trash(still)).await;
        let before = sandbox.now();
        for stream in [Stream::Orders, Stream::Products] {
            let id = sandbox.ids(stream)[4];
            assert!(sandbox.delete(stream, id));
            let query = ListQuery::default().with_modified_from(before).with_removed();
            let (records, removed) = read(&shop, stream, query).await;
            assert_eq!((records.len(), removed), (0, vec![id.to_string()]), "{stream}, still {still}");
            assert!(
                matches!(shop.get(stream, &id.to_string()).await.unwrap(),
                Record::Order(order) if order.status.category == StatusCategory::Deleted)
                    || stream == Stream::Products
            );
            assert!(sandbox.restore(stream, id));
            let (records, removed) =
                read(&shop, stream, ListQuery::default().with_modified_from(before).with_removed()).await;
            assert!(records.contains_key(&id.to_string()) && removed.is_empty(), "{stream}");
            assert!(sandbox.purge(stream, id), "for good, and nobody tells");
            assert_eq!(shop.get(stream, &id.to_string()).await.unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

#[tokio::test]
async fn an_old_shop_tells_orders_in_its_trash() {
    let options = small().with_version((5, 3)).with_no_trashed_products(true);
    let (sandbox, shop) = start(options).await;
    let before = sandbox.now();
    for (stream, tells) in [(Stream::Orders, true), (Stream::Products, false)] {
        let id = sandbox.ids(stream)[4];
        assert!(sandbox.delete(stream, id));
        let query = ListQuery::default().with_modified_from(before).with_removed();
        let (records, removed) = read(&shop, stream, query).await;
        assert!(records.is_empty(), "{stream}: everything is read, and looked at here");
        assert_eq!(removed, tells.then(|| id.to_string()).into_iter().collect::<Vec<_>>(), "{stream}");
    }
    assert_eq!(
        shop.client().list_refunds(&ListParams::default()).await.unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[tokio::test]
async fn refunds_are_read_by_order_and_all_together() {
    for options in [small(), small().unkind()] {
        let (sandbox, shop) = start(options.with_hidden_rows(false)).await;
        let order = sandbox.id(Stream::Orders, 5);
        let of_order = shop.client().list_order_refunds(order, &ListParams::default()).await.unwrap().data;
        assert_eq!((of_order.len(), of_order[0].parent_id), (1, None));
        assert!(of_order[0].line_items[0].quantity.unwrap().is_negative());
        assert!(sandbox.refund_order(&order.to_string(), 1000));
        let record = shop.get(Stream::Orders, &order.to_string()).await.unwrap();
        let Record::Order(record) = record else { panic!("{record:?}") };
        let all = shop.client().list_refunds(&ListParams::default().with_per_page(50)).await.unwrap().data;
        let of_it =
            all.iter().filter(|refund| of_order[0].id == refund.id || refund.amount == Some(1000.into()));
        assert_eq!(record.refunded, Some(of_it.filter_map(|refund| refund.amount).sum()));
        assert_eq!(record.total, Some(record.paid.unwrap()), "refunds lower no total");
    }
}

#[tokio::test]
async fn batches_fail_item_by_item_and_unknown_customers_are_refused() {
    let (sandbox, shop) = start(small()).await;
    let known = shop.client().get_customer(sandbox.id(Stream::Customers, 2)).await.unwrap();
    let mut batch = Batch::default();
    for email in [known.email.unwrap(), "moi@example.com".into()] {
        let mut write = CustomerWrite::default();
        write.email = Some(email);
        batch.create.push(write);
    }
    batch.delete = vec![known.id, 77];
    let done = shop.client().batch_customers(&batch).await.unwrap();
    assert_eq!(done.created[0].as_ref().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(done.created[1].as_ref().unwrap().email.as_deref(), Some("moi@example.com"));
    assert_eq!(done.deleted[0].as_ref().unwrap().id, known.id);
    assert_eq!(done.deleted[1].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
    let mut order = OrderWrite::default();
    order.customer_id = Some(77);
    let error = shop.client().create_order(&order).await.unwrap_err();
    assert_eq!(error.vendor_code(), Some("woocommerce_rest_invalid_customer_id"));
    order.customer_id = None;
    let mut line = LineWrite::default();
    (line.product_id, line.quantity) = (Some(77), Some(1.into()));
    order.line_items = Some(vec![line]);
    let before = sandbox.ids(Stream::Orders).len();
    assert_eq!(shop.client().create_order(&order).await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(sandbox.ids(Stream::Orders).len(), before, "what was left behind is a draft");
    let drafts = ListParams::default().with_filter("status", "checkout-draft").with_order("id");
    let left = shop.client().list_orders(&drafts.with_per_page(100)).await.unwrap().data.pop().unwrap();
    assert!(left.line_items.unwrap().is_empty());
}

#[tokio::test]
async fn an_order_is_made_once_where_the_shop_keeps_neither_channel_nor_number() {
    for options in [small().with_version((9, 0)), small().unkind(), small().with_version((5, 3))] {
        let (sandbox, shop) = start(options).await;
        let mut push = sandbox.order_push("crm-1");
        push.buyer_id = None;
        push.buyer = Some(sandbox.customer_push("crm-buyer"));
        let before = sandbox.ids(Stream::Orders).len();
        let made = shop.push_order(&push).await.unwrap();
        assert_eq!(made.outcome, PushOutcome::Created);
        let record = made.record.unwrap();
        assert_eq!(record.reference.as_deref(), Some("crm-1"));
        assert_eq!(record.buyer.unwrap().raw_name, push.buyer.as_ref().unwrap().name);
        assert_eq!(record.lines[0].variant_id.as_deref(), push.lines[0].product_id.as_deref(), "a variation");
        let again = shop.push_order(&push).await.unwrap();
        assert_eq!((again.outcome, again.id), (PushOutcome::Found, made.id));
        assert_eq!(sandbox.ids(Stream::Orders).len(), before + 1);
    }
}

#[tokio::test]
async fn deliveries_tell_the_object_as_it_is_when_they_leave() {
    let (sandbox, shop) = start(small().with_kept_deliveries(true)).await;
    let ids = sandbox.ids(Stream::Orders);
    let unpaid = sandbox.truth().documents.into_iter().find(|told| told.counts && told.revenue.is_zero());
    let order = unpaid.unwrap().id;
    assert!(sandbox.cancel_order(&ids[0].to_string()) && sandbox.pay_order(&order));
    assert!(sandbox.cancel_order(&order), "both changes are one delivery");
    let told = sandbox.deliveries();
    assert_eq!(told.len(), 2);
    let events: Vec<_> = told.iter().map(|one| take(&shop, &sandbox, one).events.remove(0)).collect();
    for event in &events {
        let Some(Record::Order(record)) = &event.record else { panic!("{event:?}") };
        assert_eq!(record.status.category, StatusCategory::Cancelled);
    }
    let id_of = |shipment: &Shipment| {
        let request = WebhookRequest::new(&shipment.headers, &shipment.body, sandbox.now());
        shop.webhooks().identify(&shop.webhooks().verify(&request).unwrap()).unwrap().id
    };
    assert_ne!(id_of(&told[0]), id_of(&told[1]));

    let made = sandbox.create_order(&sandbox.ids(Stream::Customers)[2].to_string());
    let told: Vec<_> = sandbox.deliveries().iter().map(|one| take(&shop, &sandbox, one)).collect();
    assert_eq!(told.len(), 2, "created and updated together");
    assert!(told.iter().all(|delivery| delivery.events[0].ids == [made.clone()]));

    assert!(sandbox.delete_order(&made) && sandbox.restore_order(&made));
    let [gone, back] = &sandbox.deliveries()[..] else { panic!("a deletion and what came after") };
    let gone = take(&shop, &sandbox, gone).events.remove(0);
    assert_eq!((gone.kind, gone.refetch, gone.ids), (EventKind::Delete, true, vec![made.clone()]));
    assert_eq!(take(&shop, &sandbox, back).events[0].kind, EventKind::Upsert);

    sandbox.blind_hooks(true);
    assert!(sandbox.pay_order(&made));
    let event = take(&shop, &sandbox, &sandbox.deliveries()[0]).events.remove(0);
    assert_eq!((event.kind, event.refetch, event.record.is_none()), (EventKind::Unknown, true, true));
    assert!(sandbox.purge(Stream::Orders, made.parse().unwrap()));
    assert!(sandbox.deliveries().is_empty(), "what is deleted for good is told by nobody");
}

#[tokio::test]
async fn what_edits_in_silence_is_seen_by_a_whole_read_alone() {
    let (sandbox, shop) = start(small()).await;
    let (before, id) = (sandbox.now(), sandbox.ids(Stream::Orders)[0].to_string());
    assert!(sandbox.edit_in_silence(&id, |order| {
        order.insert("total".into(), "1000".into());
    }));
    let (changed, _) = read(&shop, Stream::Orders, ListQuery::default().with_modified_from(before)).await;
    assert!(changed.is_empty());
    let (all, _) = read(&shop, Stream::Orders, ListQuery::default()).await;
    assert!(matches!(&all[&id], Record::Order(order) if order.total == Some(1000.into())));
}

#[tokio::test]
async fn an_address_that_fails_is_given_up_after_seven_and_switched_on_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sandbox, shop) = start(small()).await;
    let mut hook = WebhookWrite::default();
    hook.topic = Some("customer.updated".into());
    hook.delivery_url = Some(url);
    hook.secret = Some(Secret::new(sandbox.webhook_secret()));
    let made = shop.client().create_webhook(&hook).await.unwrap();
    // What is heard, and answered with this status.
    let hear = async |status: u16| {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"}") && !heard.ends_with(format!("webhook_id={}", made.id).as_bytes()) {
            assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
        }
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let text = String::from_utf8(heard).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut headers = http::HeaderMap::new();
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            headers.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        Shipment { headers, body: body.to_owned().into(), url: None }
    };
    let ping = hear(500).await;
    let refusal =
        shop.webhooks().verify(&WebhookRequest::new(&ping.headers, &ping.body, sandbox.now())).unwrap_err();
    assert_eq!(shop.webhooks().refusal_status(&refusal), 200);
    let customer = sandbox.ids(Stream::Customers)[3].to_string();
    // A success in between forgives what was.
    for status in [500, 200, 500, 404, 301, 500, 500, 500, 500, 500, 500, 500] {
        assert!(sandbox.change_phone(&customer, "0912000777"));
        let told = take(&shop, &sandbox, &hear(status).await);
        assert_eq!(told.events[0].ids, std::slice::from_ref(&customer));
    }
    let disabled = ListParams::default().with_filter("status", "disabled");
    tokio::time::timeout(Duration::from_secs(10), async {
        while shop.client().list_webhooks(&disabled).await.unwrap().data.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    let mut on = WebhookWrite::default();
    on.status = Some("active".into());
    shop.client().update_webhook(made.id, &on).await.unwrap();
    assert!(sandbox.change_phone(&customer, "0912000778"));
    hear(200).await;
}

#[tokio::test]
async fn webhooks_are_made_once() {
    let (sandbox, shop) = start(small().with_no_totals(true)).await;
    let plan = HookPlan::new("https://crm.example.com/hooks", "lettersanddigits").unwrap();
    let report = shop.register_webhooks(&plan).await.unwrap();
    assert_eq!((report.missing.len(), sandbox.hooks().len()), (11, 11));
    let report = shop.register_webhooks(&plan).await.unwrap();
    assert_eq!((report.missing.len(), sandbox.hooks().len()), (0, 11));
    assert!(sandbox.hooks().iter().all(|hook| hook.get("secret").is_none()));
}
