//! Requests as they go out, and lists that change while they are read.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Reply, Tables, builder, database, ok, rows_of, server, shop, text};
use pos_core::connector::ConnectorExt;
use pos_core::record::{DocumentKind, FulfilmentCategory, Money, PaymentCategory, Record};
use pos_core::{Connector, ErrorKind, ListQuery, Stream};
use pos_odoo::Odoo;
use serde_json::{Value, json};
use time::macros::datetime;

fn partner(id: i64, changed: &str) -> Value {
    json!({"id": id, "name": format!("Khách {id}"), "parent_id": false, "type": "contact", "active": true, "child_ids": [],
           "write_date": changed, "is_company": false, "category_id": [], "phone": format!("0912 000 {id:03}")})
}

fn address(id: i64, parent: i64, changed: &str) -> Value {
    json!({"id": id, "name": false, "parent_id": [parent, "x"], "type": "delivery", "active": true, "child_ids": [],
           "street": format!("{id} Lê Lợi"), "write_date": changed})
}

async fn all(shop: &Odoo, stream: Stream, query: ListQuery) -> Vec<Record> {
    let mut pages = shop.pages(stream, query);
    let mut records = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        assert!(page.rejected.is_empty());
        records.extend(page.records);
    }
    records
}

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(Record::id).collect()
}

#[tokio::test]
async fn customers_are_walked_by_id_over_a_bound_that_stays() {
    let rows = (1..=25).map(|id| partner(id, "2026-11-21 10:00:00")).collect();
    let (fake, tables) = database(Tables::from([("res.partner", rows)]));
    let shop = shop(&fake);
    let query =
        ListQuery::default().with_modified_from(datetime!(2026-11-21 9:59:59.9 UTC)).with_page_size(10);
    let mut pages = shop.customer_pages(query);
    let mut seen = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        seen.extend(page.records.into_iter().map(|record| record.id));
        // One that was read changes again, one goes, one comes.
        let mut tables = tables.lock().unwrap();
        let rows = tables.get_mut("res.partner").unwrap();
        rows.iter_mut().take(1).for_each(|row| row["write_date"] = json!("2026-11-21 10:00:05"));
        rows.retain(|row| row["id"] != 2);
        if rows.len() < 26 {
            rows.push(partner(100 + rows.len() as i64, "2026-11-21 10:00:06"));
        }
    }
    assert!((1..=25).all(|id: i64| seen.contains(&id.to_string())), "{seen:?}");
    let asked: Vec<Value> = fake
        .asked()
        .iter()
        .filter(|asked| asked.path.ends_with("search_read"))
        .map(|asked| asked.json())
        .collect();
    assert!(
        asked.iter().all(|body| body["domain"].to_string().contains("2026-11-21 09:59:59")),
        "the second of the bound is in"
    );
    let last = asked.last().unwrap()["domain"].to_string();
    assert!(last.contains("parent_id\",\"!=\""), "behind the customers come addresses: {last}");
}

#[tokio::test]
async fn addresses_are_told_with_their_customer_and_move_it() {
    let mut rows = vec![
        partner(1, "2026-11-21 10:00:00"),
        partner(2, "2026-11-21 10:00:00"),
        partner(3, "2026-11-21 12:00:00"),
    ];
    for parent in [1, 2, 3] {
        rows[parent as usize - 1]["child_ids"] = json!([10 + parent, 20 + parent]);
        rows.push(address(10 + parent, parent, "2026-11-21 12:00:00"));
        rows.push(address(20 + parent, parent, "2026-11-21 12:00:00"));
    }
    let archived = rows.iter_mut().find(|row| row["id"] == 22).unwrap();
    archived["active"] = json!(false);
    let (fake, _) = database(Tables::from([("res.partner", rows)]));
    let shop = shop(&fake);
    let everybody = all(&shop, Stream::Customers, ListQuery::default()).await;
    assert_eq!(ids(&everybody), ["1", "2", "3"]);
    let Record::Customer(first) = &everybody[0] else { panic!() };
    assert_eq!(first.addresses.len(), 2);
    assert_eq!(first.aliases, ["11", "21"], "an order may name the address as its buyer");
    let Record::Customer(second) = &everybody[1] else { panic!() };
    assert_eq!(second.addresses.len(), 1, "an archived address is left out");
    // 3 changed by itself; 1 and 2 only by their addresses, two each, on several pages.
    for size in [1, 2, 10] {
        let query =
            ListQuery::default().with_modified_from(datetime!(2026-11-21 11:00 UTC)).with_page_size(size);
        let mut changed = all(&shop, Stream::Customers, query).await;
        changed.sort_by(|one, other| one.id().cmp(other.id()));
        assert_eq!(ids(&changed), ["1", "2", "3"], "pages of {size}");
    }
}

#[tokio::test]
async fn an_upper_bound_has_its_whole_second() {
    let rows = (1..=3).map(|id| partner(id, &format!("2026-11-21 10:00:0{id}"))).collect();
    let (fake, _) = database(Tables::from([("res.partner", rows)]));
    let query = ListQuery::default().with_modified_to(datetime!(2026-11-21 10:00:02 UTC));
    assert_eq!(ids(&all(&shop(&fake), Stream::Customers, query).await), ["1", "2"]);
}

#[tokio::test]
async fn archived_customers_are_deleted_and_others_say_why_they_are_none() {
    let mut rows = vec![partner(1, "2026-11-21 10:00:00"), partner(2, "2026-11-21 10:00:00")];
    rows[1]["active"] = json!(false);
    rows[0]["child_ids"] = json!([11]);
    rows.push(address(11, 1, "2026-11-21 10:00:00"));
    let (fake, _) = database(Tables::from([("res.partner", rows)]));
    let shop = shop(&fake);
    assert!(shop.get_customer("2").await.unwrap().deleted);
    let by_address = shop.get_customer("11").await.unwrap();
    assert_eq!((by_address.id.as_str(), by_address.aliases.as_slice()), ("1", &["11".to_owned()][..]));
    assert_eq!(shop.get_customer("3").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(shop.get_customer("x").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_record_that_may_not_be_seen_is_not_gone() {
    let fake = server(|call| match call.method {
        "search_read" => ok("[]"),
        _ => Reply::Answer(403, text("json2.error-403-access.json")),
    });
    let shop = shop(&fake);
    assert_eq!(shop.get_customer("7").await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(shop.get_document(DocumentKind::Order, "7").await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(shop.get_product("7").await.unwrap_err().kind(), ErrorKind::Forbidden);
}

fn sales() -> Tables {
    let mut orders = rows_of("json2.sale-orders.page.json");
    orders[1]["invoice_ids"] = json!([51, 52]);
    let mut lines = rows_of("json2.sale-order-lines.json");
    lines.push(json!({"id": 3, "order_id": [2, "S00002"], "sequence": 10, "display_type": false, "product_id": [3, "[AT-001] Áo"],
                      "name": "Áo", "product_uom_qty": 3.0, "price_unit": 150000.0, "discount": 0.0, "price_subtotal": 450000.0,
                      "price_tax": 67500.0, "price_total": 517500.0}));
    let invoice = |id: i64, kind: &str, total: f64, open: f64, of: Value| {
        json!({"id": id, "move_type": kind, "state": "posted", "payment_state": "paid", "amount_total": total,
               "amount_residual": open, "reversed_entry_id": of})
    };
    let moves = vec![
        invoice(51, "out_invoice", 517500.0, 0.0, json!(false)),
        invoice(52, "out_refund", 100000.0, 0.0, json!([51, "INV"])),
    ];
    let partners = rows_of("json2.partners.page1.json");
    let till = rows_of("json2.pos-orders.page.json");
    let mut till_lines = rows_of("json2.pos-order-lines.json");
    till_lines.push(json!({"id": 2, "order_id": [2, "x"], "product_id": [3, "[AT-001] Áo"], "qty": -1.0, "price_unit": 150000.0,
                           "discount": 0.0, "price_subtotal": -150000.0, "price_subtotal_incl": -150000.0}));
    Tables::from([
        ("sale.order", orders),
        ("sale.order.line", lines),
        ("account.move", moves),
        ("res.partner", partners),
        ("pos.order", till),
        ("pos.order.line", till_lines),
        ("pos.payment", rows_of("json2.pos-payments.json")),
        ("pos.payment.method", vec![json!({"id": 1, "name": "Cash", "type": "cash"})]),
    ])
}

#[tokio::test]
async fn orders_are_told_with_lines_invoices_and_payments_and_add_up() {
    let (fake, _) = database(sales());
    let shop = shop(&fake);
    for size in [1, 3, 100] {
        let records = all(&shop, Stream::Orders, ListQuery::default().with_page_size(size)).await;
        assert_eq!(ids(&records), ["1", "2", "3", "4", "pos.order,1"], "pages of {size}");
    }
    let records = all(&shop, Stream::Orders, ListQuery::default()).await;
    let orders: Vec<_> = records
        .into_iter()
        .map(|record| if let Record::Order(order) = record { *order } else { panic!() })
        .collect();
    for order in orders.iter().filter(|order| !order.lines.is_empty()) {
        let amount = |money: Option<Money>| money.unwrap_or_default();
        let sum = amount(order.subtotal) - amount(order.discount) + amount(order.tax);
        assert_eq!(Some(sum), order.total, "{}", order.id);
        for line in &order.lines {
            let gross = line.unit_price.unwrap().times(line.quantity.unwrap());
            assert_eq!(Some(gross - amount(line.discount)), line.total, "{}", order.id);
        }
    }
    let invoiced = &orders[1];
    assert_eq!((invoiced.paid, invoiced.refunded), (Some(517_500.into()), Some(100_000.into())));
    assert_eq!(invoiced.payment.category, PaymentCategory::PartiallyRefunded);
    assert_eq!(invoiced.buyer.as_ref().unwrap().name.as_deref(), Some("Phạm Thu Giả"));
    let hoa = &orders[2];
    assert_eq!((hoa.lines.len(), hoa.incomplete), (2, false), "a note is no line");
    assert_eq!((hoa.lines[1].discount, hoa.lines[0].sku.as_deref()), (Some(15_000.into()), Some("AT-001")));
    assert_eq!(hoa.buyer.as_ref().unwrap().phones[0].e164.unwrap().to_string(), "+84912345001");
    let till = &orders[4];
    assert_eq!((till.payments.len(), till.paid), (1, Some(150_000.into())));
    assert_eq!(till.fulfilment.category, FulfilmentCategory::Delivered);
}

#[tokio::test]
async fn a_refund_is_a_return_once_it_is_paid() {
    let (fake, tables) = database(sales());
    let shop = shop(&fake);
    let query = ListQuery::default();
    let returns = || shop.list_documents(DocumentKind::Return, &query);
    assert!(returns().await.unwrap().records.is_empty(), "it is still being rung up");
    {
        let mut tables = tables.lock().unwrap();
        tables.get_mut("pos.order").unwrap()[1]["state"] = json!("paid");
        let back = json!({"id": 2, "pos_order_id": [2, "x"], "payment_method_id": [1, "Cash"], "amount": -150000.0,
                          "payment_date": "2026-11-21 19:27:00", "is_change": false});
        tables.get_mut("pos.payment").unwrap().push(back);
    }
    let page = returns().await.unwrap();
    let [back] = page.records.as_slice() else { panic!("{:?}", page.records) };
    assert_eq!((back.id.as_str(), back.returns.as_deref()), ("pos.order,2", Some("pos.order,1")));
    assert_eq!(
        (back.total, back.refunded, back.subtotal),
        (Some(150_000.into()), Some(150_000.into()), Some(150_000.into()))
    );
    assert_eq!(back.payment.category, PaymentCategory::Refunded);
    assert_eq!(back.lines[0].quantity, Some(1.into()));
    assert_eq!(
        shop.get_document(DocumentKind::Order, "pos.order,2").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(shop.get_document(DocumentKind::Return, "pos.order,2").await.unwrap().id, "pos.order,2");
}

#[tokio::test]
async fn what_is_put_on_the_account_is_not_paid() {
    let mut tables = sales();
    tables.get_mut("pos.payment.method").unwrap()[0]["type"] = json!("pay_later");
    let (fake, _) = database(tables);
    let order = shop(&fake).get_document(DocumentKind::Order, "pos.order,1").await.unwrap();
    assert_eq!((order.paid, order.payment.category), (Some(Money::ZERO), PaymentCategory::Unpaid));
    assert!(!order.payments[0].valid);
}

#[tokio::test]
async fn an_increment_of_orders_looks_at_lines_invoices_and_buyers() {
    let (fake, _) = database(Tables::new());
    let query = ListQuery::default().with_modified_from(datetime!(2026-11-21 10:00 UTC));
    shop(&fake).list_documents(DocumentKind::Order, &query).await.unwrap();
    let since = "2026-11-21 10:00:00";
    let domain = fake.last("POST /json/2/sale.order/search_read").json()["domain"].clone();
    let expected = json!([
        "|",
        "|",
        "|",
        ["write_date", ">=", since],
        ["partner_id.write_date", ">=", since],
        ["order_line.write_date", ">=", since],
        ["order_line.invoice_lines.move_id.write_date", ">=", since],
        ["id", ">", 0],
    ]);
    assert_eq!(domain, expected);
}

#[tokio::test]
async fn without_a_right_to_invoices_orders_come_all_the_same() {
    let fake = server(|call| match call.model {
        "sale.order" if call.body["domain"].to_string().contains("move_id") => {
            Reply::Answer(403, text("json2.error-403-access.json"))
        }
        "sale.order" => {
            ok(json!([{"id": 2, "name": "S2", "state": "sale", "amount_total": 5.0, "invoice_ids": [9]}])
                .to_string())
        }
        "account.move" => Reply::Answer(403, text("json2.error-403-access.json")),
        _ => ok("[]"),
    });
    let query = ListQuery::default().with_modified_from(datetime!(2026-11-21 10:00 UTC));
    let order = shop(&fake).list_documents(DocumentKind::Order, &query).await.unwrap().records.remove(0);
    assert_eq!(
        (order.paid, order.payment.category),
        (None, PaymentCategory::Unknown),
        "nothing is known of the money"
    );
}

#[tokio::test]
async fn products_have_their_stock_by_warehouse() {
    let quant = |id: i64, warehouse: i64, on_hand: f64| {
        json!({"id": id, "product_id": [3, "x"], "warehouse_id": [warehouse, format!("Kho {warehouse}")],
               "location_id": [5, "WH/Stock"], "quantity": on_hand, "reserved_quantity": 1.0})
    };
    let (fake, _) = database(Tables::from([("product.product", rows_of("json2.products.page.json"))]));
    let product = shop(&fake).get_product("3").await.unwrap();
    assert_eq!(product.stock.len(), 1, "without places of its own the sum is told");
    let fake = server(move |call| match call.model {
        "stock.quant" => ok(json!([quant(1, 1, 5.0), quant(2, 2, 7.0), quant(3, 1, 2.5)]).to_string()),
        _ => ok(text("json2.products.page.json")),
    });
    let product = shop(&fake).get_product("3").await.unwrap();
    let levels: Vec<_> = product
        .stock
        .iter()
        .map(|level| (level.branch.as_ref().unwrap().id.clone().unwrap(), level.on_hand.unwrap().to_string()))
        .collect();
    assert_eq!(levels, [("1".to_owned(), "7.5".to_owned()), ("2".to_owned(), "7".to_owned())]);
}

#[tokio::test]
async fn branches_are_warehouses_companies_and_tills() {
    let till = json!({"id": 1, "name": "Quầy Mẫu", "company_id": [1, "My Company"], "active": true});
    let staff =
        json!({"id": 2, "name": "Lan", "login": "lan@mau.example.vn", "share": false, "active": true});
    let (fake, _) = database(Tables::from([
        ("stock.warehouse", rows_of("json2.warehouses.json")),
        ("res.company", rows_of("json2.companies.json")),
        ("pos.config", vec![till]),
        ("res.users", vec![staff, json!({"id": 9, "name": "Khách", "login": "khach", "share": true})]),
        ("res.partner", Vec::new()),
    ]));
    let shop = shop(&fake);
    let info = shop.check().await.unwrap();
    assert_eq!((&info.account, info.name.as_str()), (shop.account(), "My Company"));
    let branches: Vec<&str> = info.branches.iter().map(|branch| branch.id.as_str()).collect();
    assert_eq!(branches, ["1", "res.company,1", "pos.config,1"]);
    let users = shop.list_users(&ListQuery::default()).await.unwrap().records;
    assert_eq!(
        (users.len(), users[0].code.as_deref()),
        (1, Some("lan@mau.example.vn")),
        "who is from outside is a customer"
    );
}

#[tokio::test]
async fn language_and_company_stand_in_every_call() {
    let (fake, _) = database(Tables::new());
    let shop =
        builder().language("vi_VN").company(3).connection(fake.connection().unpaced()).build().unwrap();
    shop.list_users(&ListQuery::default()).await.unwrap();
    for asked in fake.asked().iter().filter(|asked| asked.path.starts_with("/json")) {
        let context = &asked.json()["context"];
        assert_eq!(
            (&context["lang"], &context["allowed_company_ids"]),
            (&json!("vi_VN"), &json!([3])),
            "{}",
            asked.path
        );
    }
}

#[tokio::test]
async fn what_is_not_promised_sends_nothing() {
    let (fake, _) = database(Tables::new());
    let shop = shop(&fake);
    let kind = |result: pos_core::Result<pos_core::Page<Record>>| result.unwrap_err().kind();
    let query = ListQuery::default();
    assert_eq!(kind(shop.list(Stream::Invoices, &query).await), ErrorKind::Unsupported);
    assert_eq!(
        kind(
            shop.list(Stream::Users, &query.clone().with_modified_from(datetime!(2026-11-21 10:00 UTC)))
                .await
        ),
        ErrorKind::Unsupported
    );
    assert_eq!(
        kind(shop.list(Stream::Customers, &query.clone().with_removed()).await),
        ErrorKind::Unsupported
    );
    assert_eq!(kind(shop.list(Stream::Customers, &query.with_page_size(1001)).await), ErrorKind::Unsupported);
    assert!(fake.asked().is_empty());
}
