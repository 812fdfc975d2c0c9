//! Against a running server, where the environment names one: `tests/odoo/run` starts a server of version 19, runs this and stops it.
//!
//! `ODOO_SITE`, `ODOO_DATABASE`, `ODOO_LOGIN`, `ODOO_API_KEY`: everything here is written into that database. Without them nothing is tried, and
//! the test says so.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use pos_core::connector::{ConnectorExt, CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::http::{Request, ReqwestTransport, Response, Transport, TransportError};
use pos_core::kit::Connection;
use pos_core::record::{Address, DocumentKind, PaymentCategory, Record, StatusCategory};
use pos_core::{Connector, ErrorKind, ListQuery, Stream};
use pos_odoo::model::{Move, Partner, Product, SaleLine, SaleOrder};
use pos_odoo::{Odoo, Protocol, Search};
use serde_json::{Map, Value, json};

/// A way to a server that says that it is older than it is.
#[derive(Debug)]
struct Older(ReqwestTransport);

#[async_trait]
impl Transport for Older {
    async fn send(&self, request: Request, max_body: usize) -> Result<Response, TransportError> {
        if request.url.path().ends_with("/web/version") {
            return Ok(Response::new(404, HeaderMap::new(), "<html>"));
        }
        let is_version = String::from_utf8_lossy(&request.body).contains("\"version\"");
        let mut response = self.0.send(request, max_body).await?;
        if is_version {
            response.body = String::from_utf8_lossy(&response.body).replace("[19,", "[18,").into();
        }
        Ok(response)
    }
}

fn server(is_older: bool) -> Option<Odoo> {
    let get = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let (site, key) = (get("ODOO_SITE")?, get("ODOO_API_KEY")?);
    let mut shop = Odoo::builder().site(site).database(get("ODOO_DATABASE").unwrap_or_default()).api_key(key);
    if is_older {
        let transport: Arc<dyn Transport> = Arc::new(Older(ReqwestTransport::new().unwrap()));
        let connection = Connection { transport: Some(transport), ..Connection::default() };
        shop = shop.login(get("ODOO_LOGIN").unwrap_or("admin".to_owned())).connection(connection);
    }
    Some(shop.build().unwrap())
}

fn values(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

async fn ids(shop: &Odoo, stream: Stream, query: ListQuery) -> Vec<String> {
    let mut pages = shop.pages(stream, query);
    let mut ids = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty(), "{stream}: {:?}", page.rejected);
        ids.extend(page.records.iter().map(|record| record.id().to_owned()));
    }
    ids
}

/// What changed since now, by the server's clock, once something was done.
async fn moved(shop: &Odoo, stream: Stream, work: impl Future<Output = ()>) -> Vec<String> {
    // Whole seconds: what was done before must be in an earlier one.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let now = time::OffsetDateTime::now_utc() + shop.skew().unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    work.await;
    ids(shop, stream, ListQuery::default().with_modified_from(now).with_page_size(2)).await
}

#[tokio::test]
async fn a_running_server_is_read_and_written_over_both_protocols() {
    for is_older in [false, true] {
        match server(is_older) {
            Some(shop) => read_and_write(shop, is_older).await,
            None => println!("left out: ODOO_SITE and ODOO_API_KEY name no server"),
        }
    }
}

async fn read_and_write(shop: Odoo, is_older: bool) {
    let run = time::OffsetDateTime::now_utc().unix_timestamp();
    let protocol = shop.client().server().await.unwrap().protocol;
    assert_eq!(protocol == Protocol::Json2, !is_older, "{protocol:?}");
    let info = shop.check().await.unwrap();
    assert!(info.branches.iter().any(|branch| branch.id.starts_with("res.company,")), "{:?}", info.branches);

    // A customer, twice the same, and changed.
    let phone = format!("09{:08}", run % 100_000_000);
    let mut push = CustomerPush {
        reference: format!("real {run}"),
        name: Some("Nguyễn Thị Hoa Mẫu".into()),
        phones: vec![phone.clone()],
        email: Some(format!("hoa.{run}@mau.example.vn")),
        note: Some("a < b & c".into()),
        tags: vec![format!("Khách sỉ {run}")],
        ..CustomerPush::default()
    };
    push.address = Some(Address {
        street: Some("1 Lê Lợi".into()),
        ward: Some("Phường Hải Châu".into()),
        province: Some("Đà Nẵng".into()),
        ..Address::default()
    });
    let made = shop.push_customer(&push).await.unwrap();
    assert_eq!(made.outcome, PushOutcome::Created);
    let record = made.record.unwrap();
    assert_eq!(record.addresses[0].province.as_deref(), Some("TP Đà Nẵng"), "the vendor's name of it");
    assert_eq!(
        (record.addresses[0].ward.as_deref(), record.note.as_deref()),
        (Some("Phường Hải Châu"), Some("a < b & c"))
    );
    assert_eq!(record.tags, push.tags);
    let again = shop.push_customer(&push).await.unwrap();
    assert_eq!((&again.id, again.outcome), (&made.id, PushOutcome::Found));
    let other = CustomerPush { reference: format!("other {run}"), ..push.clone() };
    let found = shop.push_customer(&other).await.unwrap();
    assert_eq!((&found.id, found.outcome), (&made.id, PushOutcome::Found), "by the number");
    let change = CustomerPush {
        vendor_id: Some(made.id.clone()),
        name: Some("Nguyễn Thị Hoa".into()),
        ..push.clone()
    };
    let unchanged =
        shop.push_customer(&CustomerPush { name: push.name.clone(), ..change.clone() }).await.unwrap();
    assert_eq!(unchanged.outcome, PushOutcome::Found);
    assert_eq!(shop.push_customer(&change).await.unwrap().outcome, PushOutcome::Updated);
    let customer: i64 = made.id.parse().unwrap();

    // An address moves its customer, also when it is archived; a contact's own goes beside it.
    let client = shop.client();
    let address =
        values(json!({"name": false, "parent_id": customer, "type": "delivery", "street": "2 Lê Lợi"}));
    let address = client.create::<Partner>(address).await.unwrap();
    for change in [json!({"street": "3 Lê Lợi"}), json!({"active": false})] {
        let work = async { client.write::<Partner>(address, values(change)).await.unwrap() };
        assert_eq!(moved(&shop, Stream::Customers, work).await, [made.id.as_str()]);
    }
    assert_eq!(shop.get_customer(&address.to_string()).await.unwrap().id, made.id);
    let firm = client
        .create::<Partner>(values(json!({"name": "Công ty Mẫu", "is_company": true, "street": "9 Trần Phú"})))
        .await
        .unwrap();
    let contact =
        client.create::<Partner>(values(json!({"name": "Lan Mẫu", "parent_id": firm}))).await.unwrap();
    let own = CustomerPush {
        reference: format!("contact {run}"),
        vendor_id: Some(contact.to_string()),
        address: Some(Address { street: Some("8 Trần Phú".into()), ..Address::default() }),
        ..CustomerPush::default()
    };
    let pushed = shop.push_customer(&own).await.unwrap().record.unwrap();
    assert!(
        pushed.addresses.iter().any(|address| address.street.as_deref() == Some("8 Trần Phú")),
        "{:?}",
        pushed.addresses.len()
    );
    assert_eq!(client.read::<Partner>(&[firm]).await.unwrap().data[0].street.as_deref(), Some("9 Trần Phú"));

    // Products and their stock.
    let code = format!("AT-{run}");
    let product = client
        .create::<Product>(values(json!({"name": "Áo thun mẫu", "default_code": code, "list_price": 150_000, "taxes_id": [[6, 0, []]]})))
        .await
        .unwrap();
    let told = shop.get_product(&product.to_string()).await.unwrap();
    assert_eq!((told.name.as_deref(), told.code.as_deref()), (Some("Áo thun mẫu"), Some(code.as_str())));

    // An order, twice the same; its prices are held, and its invoice says what was paid.
    let order = OrderPush {
        reference: format!("o-{run}"),
        buyer_id: Some(made.id.clone()),
        lines: vec![PushLine {
            sku: Some(code),
            quantity: 2.into(),
            unit_price: 90_000.into(),
            ..PushLine::default()
        }],
        recipient: Some(Address {
            name: Some("Mẹ Hoa".into()),
            phone: Some("0987000111".into()),
            street: Some("7 Lê Lợi".into()),
            ..Address::default()
        }),
        ..OrderPush::default()
    };
    let placed = shop.push_order(&order).await.unwrap();
    assert_eq!(placed.outcome, PushOutcome::Created);
    let record = placed.record.unwrap();
    assert_eq!((record.total, record.status.category), (Some(180_000.into()), StatusCategory::Pending));
    assert_eq!(record.reference.as_deref(), Some(order.reference.as_str()));
    assert_eq!(record.recipient.unwrap().name.as_deref(), Some("Mẹ Hoa"));
    let again = shop.push_order(&order).await.unwrap();
    assert_eq!((&again.id, again.outcome), (&placed.id, PushOutcome::Found));
    let id: i64 = placed.id.parse().unwrap();
    let line =
        client.search::<SaleLine>(Search::of(vec![json!(["order_id", "=", id])])).await.unwrap().data[0].id;
    client.write::<SaleLine>(line, values(json!({"product_uom_qty": 3}))).await.unwrap();
    let record = shop.get_document(DocumentKind::Order, &placed.id).await.unwrap();
    assert_eq!(record.total, Some(270_000.into()), "the price is held when the quantity changes");
    let renamed =
        async { client.write::<SaleLine>(line, values(json!({"name": "Áo thun đỏ"}))).await.unwrap() };
    assert_eq!(
        moved(&shop, Stream::Orders, renamed).await,
        [placed.id.as_str()],
        "a renamed line moves no order by itself"
    );
    client.call("sale.order", "action_confirm", Some(&[id]), Map::new()).await.unwrap();
    assert_eq!(
        shop.get_document(DocumentKind::Order, &placed.id).await.unwrap().status.category,
        StatusCategory::Confirmed
    );

    // The invoice is made, posted and paid.
    client.write::<SaleLine>(line, values(json!({"qty_delivered": 3}))).await.unwrap();
    let wizard = |model: &'static str, made: Value, method: &'static str, context: Value| {
        let shop = shop.clone();
        async move {
            let args = values(json!({"vals_list": [made], "context": context}));
            let made = shop.client().call(model, "create", None, args).await.unwrap();
            let id = made[0].as_i64().unwrap();
            shop.client()
                .call(model, method, Some(&[id]), values(json!({"context": context})))
                .await
                .unwrap();
        }
    };
    let of_order = json!({"active_ids": [id], "active_model": "sale.order"});
    let invoiced = json!({"advance_payment_method": "delivered", "sale_order_ids": [[6, 0, [id]]]});
    wizard("sale.advance.payment.inv", invoiced, "create_invoices", of_order).await;
    let invoice = client.read::<SaleOrder>(&[id]).await.unwrap().data[0].invoice_ids.clone().unwrap();
    client.call("account.move", "action_post", Some(&invoice), Map::new()).await.unwrap();
    let record = shop.get_document(DocumentKind::Order, &placed.id).await.unwrap();
    assert_eq!((record.paid, record.payment.category), (Some(0.into()), PaymentCategory::Unpaid));
    let of_invoice = json!({"active_ids": invoice, "active_model": "account.move"});
    let paying = wizard("account.payment.register", json!({}), "action_create_payments", of_invoice);
    assert_eq!(
        moved(&shop, Stream::Orders, paying).await,
        [placed.id.as_str()],
        "a payment moves the invoice alone"
    );
    let record = shop.get_document(DocumentKind::Order, &placed.id).await.unwrap();
    assert_eq!((record.paid, record.payment.category), (Some(270_000.into()), PaymentCategory::Paid));
    assert_eq!(client.read::<Move>(&invoice).await.unwrap().data.len(), 1);

    // Merging partners moves their orders in silence, and the one that stays; the other is gone.
    let twin = client.create::<Partner>(values(json!({"name": "Hoa Mẫu"}))).await.unwrap();
    let of_twin = client.create::<SaleOrder>(values(json!({"partner_id": twin}))).await.unwrap();
    let merge = json!({"partner_ids": [[6, 0, [customer, twin]]], "dst_partner_id": customer});
    let merging = wizard("base.partner.merge.automatic.wizard", merge, "action_merge", json!({}));
    let mut told = moved(&shop, Stream::Orders, merging).await;
    told.sort();
    let mut both = [placed.id.clone(), of_twin.to_string()];
    both.sort();
    assert_eq!(told, both, "the orders of both are read again");
    let record = shop.get_document(DocumentKind::Order, &of_twin.to_string()).await.unwrap();
    assert_eq!(record.buyer.unwrap().id.as_deref(), Some(made.id.as_str()));
    assert_eq!(shop.get_customer(&twin.to_string()).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(shop.push_customer(&push).await.unwrap().id, made.id, "our reference goes along");

    // A till sells, on account, too, and takes back.
    let search = |model: &'static str, domain: Value| {
        let client = shop.client().clone();
        async move {
            let args = values(json!({"domain": domain, "fields": ["id"], "limit": 1}));
            client.call(model, "search_read", None, args).await.unwrap()[0]["id"].as_i64().unwrap()
        }
    };
    let create = |model: &'static str, made: Value| {
        let client = shop.client().clone();
        async move {
            client.call(model, "create", None, values(json!({"vals_list": [made]}))).await.unwrap()[0]
                .as_i64()
                .unwrap()
        }
    };
    let journal = search("account.journal", json!([["type", "=", "bank"]])).await;
    let card = create("pos.payment.method", json!({"name": "Thẻ", "journal_id": journal})).await;
    let account = create("pos.payment.method", json!({"name": "Ghi nợ"})).await;
    let till = create(
        "pos.config",
        json!({"name": format!("Quầy {run}"), "payment_method_ids": [[6, 0, [card, account]]]}),
    )
    .await;
    let session = create("pos.session", json!({"config_id": till})).await;
    let sell = |method: i64| {
        let line = json!({"product_id": product, "qty": 2, "price_unit": 50_000, "price_subtotal": 100_000,
                          "price_subtotal_incl": 100_000, "tax_ids": [[6, 0, []]]});
        let order = json!({"session_id": session, "partner_id": customer, "lines": [[0, 0, line]], "amount_total": 100_000,
                           "amount_tax": 0, "amount_paid": 0, "amount_return": 0});
        let made = create("pos.order", order);
        async move {
            let order = made.await;
            let context = json!({"active_id": order, "active_model": "pos.order"});
            wizard(
                "pos.make.payment",
                json!({"amount": 100_000, "payment_method_id": method}),
                "check",
                context,
            )
            .await;
            order
        }
    };
    let sold = sell(card).await;
    let order = shop.get_document(DocumentKind::Order, &format!("pos.order,{sold}")).await.unwrap();
    assert_eq!(
        (order.total, order.paid, order.status.category),
        (Some(100_000.into()), Some(100_000.into()), StatusCategory::Completed)
    );
    assert_eq!((order.lines.len(), order.buyer.unwrap().id), (1, Some(made.id.clone())));
    assert_eq!(order.branch.unwrap().id, Some(format!("pos.config,{till}")));
    let owed = sell(account).await;
    let owed = shop.get_document(DocumentKind::Order, &format!("pos.order,{owed}")).await.unwrap();
    assert_eq!((owed.paid, owed.payment.category), (Some(0.into()), PaymentCategory::Unpaid));
    let back = async {
        let refund = client.call("pos.order", "refund", Some(&[sold]), Map::new()).await.unwrap()["res_id"]
            .as_i64()
            .unwrap();
        let context = json!({"active_id": refund, "active_model": "pos.order"});
        assert!(
            ids(&shop, Stream::Returns, ListQuery::default())
                .await
                .iter()
                .all(|id| *id != format!("pos.order,{refund}"))
        );
        wizard("pos.make.payment", json!({"amount": -100_000, "payment_method_id": card}), "check", context)
            .await;
    };
    let [back] = moved(&shop, Stream::Returns, back).await.try_into().unwrap();
    let back = shop.get_document(DocumentKind::Return, &back).await.unwrap();
    assert_eq!((back.total, back.refunded), (Some(100_000.into()), Some(100_000.into())));
    assert_eq!(back.returns, Some(format!("pos.order,{sold}")));

    // Whole reads, and what is gone.
    for stream in [
        Stream::Branches,
        Stream::Users,
        Stream::Categories,
        Stream::Products,
        Stream::Customers,
        Stream::Orders,
        Stream::Returns,
    ] {
        let seen = ids(&shop, stream, ListQuery::default().with_page_size(3)).await;
        let once: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!(once.len(), seen.len(), "{stream}");
    }
    let customers = ids(&shop, Stream::Customers, ListQuery::default()).await;
    assert!(
        customers.contains(&made.id)
            && customers.contains(&contact.to_string())
            && !customers.contains(&address.to_string())
    );
    client.write::<Partner>(contact, values(json!({"active": false}))).await.unwrap();
    let archived = shop.get(Stream::Customers, &contact.to_string()).await.unwrap();
    assert!(matches!(archived, Record::Customer(customer) if customer.deleted));
    client.call("res.partner", "unlink", Some(&[contact]), Map::new()).await.unwrap();
    assert_eq!(shop.get_customer(&contact.to_string()).await.unwrap_err().kind(), ErrorKind::NotFound);
}
