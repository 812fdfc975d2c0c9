//! Habits of a server, one at a time, and what the sandbox knows to be true.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pos_core::connector::{Connector, ConnectorExt, CustomerPush, ListQuery, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{Address, DocumentKind, Money, PaymentCategory, Record, StatusCategory};
use pos_core::webhook::{EventKind, WebhookRequest};
use pos_core::{ErrorKind, Stream, WebhookVerifier};
use pos_odoo::model::{Partner, SaleLine};
use pos_odoo::{Odoo, OdooBuilder, Search};
use pos_testkit::contract::VendorSandbox;
use pos_testkit::odoo::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

fn small() -> SandboxOptions {
    let mut options = SandboxOptions::default().with_customers(60).with_orders(96).with_seed(5);
    options.shop.products = 40;
    options
}

fn builder(sandbox: &Sandbox) -> OdooBuilder {
    let retry = RetryPolicy { first_wait: Duration::from_millis(5), attempts: 2, ..RetryPolicy::default() };
    let connection =
        Connection { retry: Some(retry), limits: Some(Vec::new()), ..Connection::to(sandbox.base_url()) };
    Odoo::builder()
        .site("gomviet.odoo.com")
        .database(sandbox.database())
        .login(sandbox.login())
        .api_key(sandbox.api_key())
        .webhook_secret(sandbox.webhook_token())
        .connection(connection)
}

async fn start(options: SandboxOptions) -> (Sandbox, Odoo) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let shop = builder(&sandbox).build().unwrap();
    (sandbox, shop)
}

async fn read(shop: &Odoo, stream: Stream, query: ListQuery) -> BTreeMap<String, Record> {
    let mut records = BTreeMap::new();
    let mut pages = shop.pages(stream, query);
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty(), "{:?}", page.rejected);
        for record in page.records {
            assert!(records.insert(record.id().to_owned(), record).is_none(), "a record came twice");
        }
    }
    records
}

/// What is told of the time since something was done.
async fn told(shop: &Odoo, sandbox: &Sandbox, stream: Stream, work: impl FnOnce()) -> BTreeSet<String> {
    sandbox.pass(time::Duration::seconds(2));
    let since = sandbox.now();
    work();
    read(shop, stream, ListQuery::default().with_modified_from(since).with_page_size(3))
        .await
        .into_keys()
        .collect()
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    ids.into_iter().map(str::to_owned).collect()
}

fn members(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// An open order that is in no module's own state.
fn order(sandbox: &Sandbox, state: &str) -> String {
    let fits = |id: &String| sandbox.record(Stream::Orders, id).is_some_and(|row| row["state"] == state);
    sandbox.ids(Stream::Orders).into_iter().find(|id| !id.contains(',') && fits(id)).unwrap()
}

#[tokio::test]
async fn records_say_what_the_shop_says_in_every_version() {
    let (old, rpc) = (small().with_version(14), small().with_version(17).unkind());
    for options in [small(), small().unkind(), rpc, old] {
        let version = options.version;
        let (sandbox, shop) = start(options).await;
        let truth = sandbox.truth();
        let customers = read(&shop, Stream::Customers, ListQuery::default()).await;
        assert_eq!(customers.len(), truth.customers.len(), "{version}");
        for told in &truth.customers {
            let Record::Customer(customer) = &customers[&told.id] else { panic!("{}", told.id) };
            assert_eq!(customer.deleted, !told.alive, "{version} {}", told.id);
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let (name, expected) = (customer.raw_name.as_deref(), told.name.as_deref());
            assert_eq!(name.map(words), expected.map(words), "{version} {}", told.id);
        }
        let mut documents = read(&shop, Stream::Orders, ListQuery::default()).await;
        documents.extend(read(&shop, Stream::Returns, ListQuery::default()).await);
        assert_eq!(documents.len(), truth.documents.len(), "{version}");
        assert!(truth.documents.iter().any(|told| told.stream == Stream::Returns), "{version}");
        for told in &truth.documents {
            let Record::Order(order) = &documents[&told.id] else { panic!("{}", told.id) };
            let part = |part: Option<Money>| part.unwrap_or_default();
            let goods: Money = order.lines.iter().map(|line| part(line.total)).sum();
            assert_eq!(Some(goods), order.subtotal, "{version} {}", told.id);
            let sum = part(order.subtotal) - part(order.discount) + part(order.tax);
            assert_eq!(Some(sum), order.total, "{version} {}", told.id);
            assert_eq!(
                order.buyer.as_ref().and_then(|buyer| buyer.id.clone()),
                told.buyer,
                "{version} {}",
                told.id
            );
            let worth = match (told.stream, order.payment.category) {
                (Stream::Returns, _) => -part(order.total),
                (_, PaymentCategory::Paid | PaymentCategory::PartiallyRefunded) => {
                    part(order.total) - part(order.refunded)
                }
                _ => Money::ZERO,
            };
            let is_dead = order.status.category == StatusCategory::Cancelled;
            let worth = if is_dead { Money::ZERO } else { worth };
            assert_eq!(worth, Money::new(told.revenue), "{version} {}", told.id);
        }
    }
}

#[tokio::test]
async fn what_moves_beside_a_record_is_told_with_it() {
    let (sandbox, shop) = start(small()).await;
    let product = sandbox.id(Stream::Products, 8);
    let moved = told(&shop, &sandbox, Stream::Products, || assert!(sandbox.move_stock(&product, 5))).await;
    assert_eq!(moved, ids([&*product]));
    // An invoice that is paid moves, and its order does not.
    let truth = sandbox.truth();
    let is_open = |id: &&str| {
        let row = sandbox.record(Stream::Orders, id).unwrap();
        row["state"] == "sale" && row.get("invoice_ids").is_some_and(|ids| ids[0].is_number())
    };
    let open = truth.documents.iter().filter(|one| one.revenue.is_zero() && !one.id.contains(','));
    let open: Vec<&str> = open.map(|one| one.id.as_str()).filter(is_open).collect();
    let mut paid = None;
    let moved = told(&shop, &sandbox, Stream::Orders, || {
        let stamp = |id: &str| sandbox.stamp_of(Stream::Orders, id);
        paid = open.iter().copied().find(|id| {
            let before = stamp(id);
            sandbox.pay_order(id) && stamp(id) == before
        });
    });
    let moved = moved.await;
    let paid = paid.unwrap();
    assert!(moved.contains(paid), "{moved:?}");
    let record = shop.get_document(DocumentKind::Order, paid).await.unwrap();
    assert_eq!(record.payment.category, PaymentCategory::Paid);
    // A credit note is what went back.
    let sale = sandbox.create_order(&sandbox.id(Stream::Customers, 4));
    assert!(sandbox.pay_order(&sale));
    let moved = told(&shop, &sandbox, Stream::Orders, || assert!(sandbox.refund_order(&sale, 1))).await;
    assert_eq!(moved, ids([&*sale]));
    let record = shop.get_document(DocumentKind::Order, &sale).await.unwrap();
    assert_eq!(
        (record.refunded, record.payment.category),
        (Some(1.into()), PaymentCategory::PartiallyRefunded)
    );
    // A renamed line moves itself, and no order.
    let own = Search::of(vec![json!(["order_id", "=", sale.parse::<i64>().unwrap()])]);
    let line = shop.client().search::<SaleLine>(own).await.unwrap().data[0].id;
    sandbox.pass(time::Duration::seconds(2));
    let since = sandbox.now();
    shop.client().write::<SaleLine>(line, members(json!({ "name": "Áo đỏ" }))).await.unwrap();
    let moved = read(&shop, Stream::Orders, ListQuery::default().with_modified_from(since)).await;
    assert_eq!(moved.into_keys().collect::<BTreeSet<_>>(), ids([&*sale]));
}

#[tokio::test]
async fn an_address_moves_its_customer_and_a_firm_its_people() {
    let (sandbox, shop) = start(small()).await;
    let customer = sandbox.id(Stream::Customers, 1);
    let address = (customer.parse::<i64>().unwrap() + 1).to_string();
    let street = members(json!({ "street": "9 Đường Khác" }));
    let moved = told(&shop, &sandbox, Stream::Customers, || {
        assert!(sandbox.update(Stream::Customers, &address, street));
    });
    assert_eq!(moved.await, ids([&*customer]));
    let firm = sandbox
        .create("res.partner", json!({ "name": "Công ty Mẫu", "is_company": true, "street": "1 Phố Mẫu" }));
    let firm = firm.unwrap();
    let person =
        sandbox.create("res.partner", json!({ "name": "Lan Mẫu", "parent_id": firm })).unwrap().to_string();
    let firm = firm.to_string();
    let moved =
        told(&shop, &sandbox, Stream::Customers, || assert!(sandbox.change_phone(&firm, "024 3999 0001")));
    assert_eq!(moved.await, ids([&*firm, &*person]));
    // The person's own address goes beside the person: on the person it would be the firm's.
    let push = CustomerPush {
        reference: "c-1".into(),
        vendor_id: Some(person),
        address: Some(Address { street: Some("8 Phố Mẫu".into()), ..Address::default() }),
        ..CustomerPush::default()
    };
    let pushed = shop.push_customer(&push).await.unwrap().record.unwrap();
    assert!(pushed.addresses.iter().any(|address| address.street.as_deref() == Some("8 Phố Mẫu")));
    assert_eq!(sandbox.record(Stream::Customers, &firm).unwrap()["street"], "1 Phố Mẫu");
}

#[tokio::test]
async fn merged_customers_take_their_orders_and_our_reference_along() {
    for version in [14, 19] {
        let (sandbox, shop) = start(small().with_version(version)).await;
        let push = CustomerPush {
            reference: "c-7".into(),
            name: Some("Phan Mẫu Mới".into()),
            phones: vec!["0912 000 777".into()],
            ..CustomerPush::default()
        };
        let made = shop.push_customer(&push).await.unwrap();
        assert_eq!(made.outcome, PushOutcome::Created);
        let sale = sandbox.create_order(&made.id);
        let into = sandbox.id(Stream::Customers, 2);
        let moved =
            told(&shop, &sandbox, Stream::Orders, || assert!(sandbox.merge_customers(&made.id, &into))).await;
        assert!(moved.contains(&sale), "{version}: {moved:?}");
        let record = shop.get_document(DocumentKind::Order, &sale).await.unwrap();
        assert_eq!(record.buyer.unwrap().id, Some(into.clone()));
        assert_eq!(shop.get_customer(&made.id).await.unwrap_err().kind(), ErrorKind::NotFound);
        let again = shop.push_customer(&push).await.unwrap();
        assert_eq!((again.id, again.outcome), (into, PushOutcome::Found));
    }
}

#[tokio::test]
async fn rows_that_become_visible_behind_later_ones_are_in_the_next_catch_up() {
    let (sandbox, shop) = start(small()).await;
    let late = sandbox.begin_import(&["Nhập Một Mẫu", "Nhập Hai Mẫu"]);
    sandbox.pass(time::Duration::seconds(5));
    let early = sandbox.create("res.partner", json!({ "name": "Khách Sau Mẫu" })).unwrap().to_string();
    let all = read(&shop, Stream::Customers, ListQuery::default()).await;
    assert!(all.contains_key(&early) && late.iter().all(|id| !all.contains_key(id)));
    let seen_until = sandbox.now();
    sandbox.commit();
    let bare = ListQuery::default().with_modified_from(seen_until);
    assert!(
        read(&shop, Stream::Customers, bare).await.keys().all(|id| !late.contains(id)),
        "they are stamped before"
    );
    let lag = shop.capabilities().stream(Stream::Customers).lag_seconds;
    let since = seen_until - time::Duration::seconds(lag.into());
    let caught = read(&shop, Stream::Customers, ListQuery::default().with_modified_from(since)).await;
    assert!(late.iter().all(|id| caught.contains_key(id)));
}

#[tokio::test]
async fn hidden_is_not_gone_and_archived_lives_again() {
    let (sandbox, shop) = start(small()).await;
    let (customer, sale) = (sandbox.id(Stream::Customers, 3), order(&sandbox, "sale"));
    for (stream, id) in [(Stream::Customers, &customer), (Stream::Orders, &sale)] {
        assert!(sandbox.hide(stream, id, true));
        assert!(!read(&shop, stream, ListQuery::default()).await.contains_key(id));
        assert_eq!(shop.get(stream, id).await.unwrap_err().kind(), ErrorKind::Forbidden);
        assert!(sandbox.hide(stream, id, false));
        assert_eq!(shop.get(stream, id).await.unwrap().id(), id);
    }
    assert!(sandbox.archive_customer(&customer, true));
    assert!(shop.get_customer(&customer).await.unwrap().deleted);
    assert!(sandbox.restore_customer(&customer));
    assert!(!shop.get_customer(&customer).await.unwrap().deleted);
    let nobody = sandbox.create("res.partner", json!({ "name": "Khách Lẻ Mẫu" })).unwrap().to_string();
    assert!(sandbox.delete(Stream::Customers, &nobody));
    assert_eq!(shop.get_customer(&nobody).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_a_user_may_not_see_leaves_the_rest_and_is_told() {
    for version in [17, 19] {
        let options = small().with_version(version).with_closed_invoices(true).with_salesman(true);
        let (sandbox, shop) = start(options).await;
        let warnings = shop.check().await.unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.contains("invoices")), "{warnings:?}");
        let since = ListQuery::default().with_modified_from(time::OffsetDateTime::UNIX_EPOCH);
        let orders = read(&shop, Stream::Orders, since).await;
        assert_eq!(
            orders.keys().cloned().collect::<BTreeSet<_>>(),
            sandbox.ids(Stream::Orders).into_iter().collect()
        );
        let is_unknown = |record: &Record| match record {
            Record::Order(order) => {
                order.payment.category == PaymentCategory::Unknown && order.paid.is_none()
            }
            _ => false,
        };
        assert!(orders.values().any(is_unknown), "an invoice that may not be seen says nothing");
        // Modules that are not there have no rows.
        let (sandbox, shop) =
            start(small().with_version(version).with_missing_modules(vec!["point_of_sale", "stock"])).await;
        let warnings = shop.check().await.unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.contains("point of sale")), "{warnings:?}");
        let orders = read(&shop, Stream::Orders, ListQuery::default()).await;
        assert!(!orders.is_empty() && orders.keys().all(|id| !id.contains(',')));
        assert!(read(&shop, Stream::Returns, ListQuery::default()).await.is_empty());
        let products = read(&shop, Stream::Products, ListQuery::default()).await;
        assert_eq!(products.len(), sandbox.ids(Stream::Products).len());
    }
}

#[tokio::test]
async fn settings_that_do_not_fit_are_told() {
    let (sandbox, shop) = start(small().with_languages(vec!["en_US"]).with_several_databases(true)).await;
    shop.check().await.unwrap();
    let foreign = builder(&sandbox).language("vi_VN").build().unwrap();
    assert_eq!(foreign.check().await.unwrap_err().kind(), ErrorKind::Rejected);
    let elsewhere = builder(&sandbox).database("other").build().unwrap();
    assert_eq!(elsewhere.check().await.unwrap_err().kind(), ErrorKind::Config);
    let unauthorized = builder(&sandbox).company(99).build().unwrap();
    assert_eq!(unauthorized.check().await.unwrap_err().kind(), ErrorKind::Forbidden);
    let second = builder(&sandbox).company(2).build().unwrap();
    let orders = read(&second, Stream::Orders, ListQuery::default()).await;
    let all = read(&shop, Stream::Orders, ListQuery::default()).await;
    assert!(!orders.is_empty() && orders.len() < all.len());
    let (sandbox, _) = start(small().with_version(14)).await;
    let elsewhere = builder(&sandbox).database("other").build().unwrap();
    assert_eq!(elsewhere.check().await.unwrap_err().kind(), ErrorKind::Config);
    let stranger = builder(&sandbox).login("nobody@example.com").build().unwrap();
    assert_eq!(stranger.check().await.unwrap_err().kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn a_collision_is_tried_again_and_makes_one_customer() {
    let (sandbox, shop) = start(small()).await;
    let push = CustomerPush {
        reference: "c-9".into(),
        name: Some("Đỗ Mẫu Chín".into()),
        phones: vec!["0912 000 779".into()],
        ..CustomerPush::default()
    };
    let before = sandbox.ids(Stream::Customers).len();
    sandbox.collide(1);
    let error = shop.push_customer(&push).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, pos_core::Retry::Backoff), "{error}");
    let made = shop.push_customer(&push).await.unwrap();
    assert_eq!((made.outcome, sandbox.ids(Stream::Customers).len()), (PushOutcome::Created, before + 1));
}

#[tokio::test]
async fn the_price_of_a_pushed_order_is_held_and_its_taxes_are_the_shops() {
    let (sandbox, shop) = start(small().with_tax(8)).await;
    let placed = shop.push_order(&sandbox.order_push("o-1")).await.unwrap();
    let record = placed.record.unwrap();
    assert_eq!(
        (record.subtotal, record.tax, record.total),
        (Some(240_000.into()), Some(19_200.into()), Some(259_200.into()))
    );
    let id: i64 = placed.id.parse().unwrap();
    let client = shop.client();
    let line =
        client.search::<SaleLine>(Search::of(vec![json!(["order_id", "=", id])])).await.unwrap().data[0].id;
    client.write::<SaleLine>(line, members(json!({ "product_uom_qty": 3 }))).await.unwrap();
    let record = shop.get_document(DocumentKind::Order, &placed.id).await.unwrap();
    assert_eq!(record.subtotal, Some(360_000.into()), "held when the quantity changes");
    // A price that nobody holds is put back.
    let bare = sandbox.create_order(&sandbox.id(Stream::Customers, 1));
    let own = Search::of(vec![json!(["order_id", "=", bare.parse::<i64>().unwrap()])]);
    let line = client.search::<SaleLine>(own).await.unwrap().data[0].clone();
    client.write::<SaleLine>(line.id, members(json!({ "product_uom_qty": 2 }))).await.unwrap();
    let record = shop.get_document(DocumentKind::Order, &bare).await.unwrap();
    assert_eq!(record.subtotal, line.price_unit.map(|price| price + price));
}

#[tokio::test]
async fn deliveries_of_one_change_are_one_and_say_what_to_read() {
    let (sandbox, shop) = start(small().with_kept_deliveries(true).with_storms(true)).await;
    let hooks = shop.webhooks();
    let hear = |sandbox: &Sandbox| {
        let mut heard = Vec::new();
        for shipment in sandbox.deliveries() {
            let url = shipment.url.clone().unwrap();
            let request =
                WebhookRequest::new(&shipment.headers, &shipment.body, sandbox.now()).with_url(&url);
            let mut delivery = hooks.parse(&hooks.verify(&request).unwrap()).unwrap();
            let event = delivery.events.remove(0);
            assert!(event.refetch && delivery.rejected.is_empty());
            heard.push((delivery.id, event.kind, event.stream.unwrap(), event.ids));
        }
        heard
    };
    let customer = sandbox.create("res.partner", json!({ "name": "Lê Mẫu" })).unwrap().to_string();
    let heard = hear(&sandbox);
    assert_eq!(heard.len(), 14);
    let expected =
        (format!("res.partner,{customer}"), EventKind::Upsert, Stream::Customers, vec![customer.clone()]);
    assert!(heard.iter().all(|one| *one == expected), "{heard:?}");
    let sold = sandbox.sell(Some(&customer)).unwrap();
    assert!(sandbox.return_order(&sold));
    let streams: Vec<(Stream, Vec<String>)> =
        hear(&sandbox).into_iter().map(|(_, _, stream, ids)| (stream, ids)).collect();
    assert_eq!(streams[0], (Stream::Orders, vec![sold]));
    assert_eq!(streams[1].0, Stream::Returns);
    assert_eq!(shop.get_document(DocumentKind::Return, &streams[1].1[0]).await.unwrap().id, streams[1].1[0]);
    let nobody = sandbox.create("res.partner", json!({ "name": "Lê Khác Mẫu" })).unwrap().to_string();
    drop(sandbox.deliveries());
    assert!(sandbox.delete(Stream::Customers, &nobody));
    let heard = hear(&sandbox);
    assert_eq!((heard.len(), heard[0].1, &heard[0].3), (1, EventKind::Delete, &vec![nobody]));
    // Rules that name their fields tell a change once, and none that is none.
    let (sandbox, shop) = start(small().with_kept_deliveries(true)).await;
    let customer = sandbox.id(Stream::Customers, 5);
    assert!(sandbox.touch(Stream::Customers, &customer));
    assert!(sandbox.deliveries().is_empty());
    assert!(sandbox.rename_customer(&customer, "Tên Khác Mẫu"));
    assert_eq!(sandbox.deliveries().len(), 1);
    let known = shop.client().read::<Partner>(&[customer.parse().unwrap()]).await.unwrap().data;
    assert_eq!(known[0].name.as_deref(), Some("Tên Khác Mẫu"));
}
