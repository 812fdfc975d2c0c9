//! Writing to the shop.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{Call, Fake, Reply, builder, ok, server, shop, text};
use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::Address;
use pos_core::{Connector, ErrorKind};
use serde_json::{Value, json};
use time::macros::datetime;

fn hoa() -> CustomerPush {
    CustomerPush {
        reference: "c-17".into(),
        name: Some("Nguyễn Thị Hoa Mẫu".into()),
        phones: vec!["0912345001".into()],
        email: Some("hoa.mau@example.test".into()),
        ..CustomerPush::default()
    }
}

fn row() -> Value {
    json!({"id": 17, "name": "Nguyễn Thị Hoa Mẫu", "phone": "0912 345 001", "email": "hoa.mau@example.test", "parent_id": false,
           "type": "contact", "child_ids": [], "category_id": [], "active": true, "comment": "<p>Khách quen</p>",
           "street": "1 Lê Lợi", "city": "Đà Nẵng", "write_date": "2026-11-21 19:29:40"})
}

const REFUSED: &str =
    r#"{"ids":false,"messages":[{"type":"error","message":"Contacts require a name"}],"nextrow":0}"#;

fn loaded(id: i64) -> Reply {
    ok(json!({"ids": [id], "messages": [], "nextrow": 0}).to_string())
}

/// Whether nothing is loaded but an external id: that only asks whether there is one.
fn is_look(call: &Call<'_>) -> bool {
    call.method == "load" && call.body["fields"] == json!(["id"])
}

fn is_by_id(call: &Call<'_>) -> bool {
    call.body["domain"]
        .as_array()
        .is_some_and(|terms| terms.iter().any(|term| term[0] == "id" && term[1] == "="))
}

fn writes(fake: &Arc<Fake>) -> Vec<Value> {
    let is_write = |path: &str| ["/create", "/write", "/load"].iter().any(|method| path.ends_with(method));
    let asked = fake.asked().into_iter().filter(|asked| is_write(&asked.path)).map(|asked| asked.json());
    asked.filter(|body| body["fields"] != json!(["id"])).collect()
}

fn quick(fake: &Arc<Fake>) -> pos_odoo::Odoo {
    let retry = RetryPolicy { attempts: 1, ..RetryPolicy::USUAL };
    builder().connection(Connection { retry: Some(retry), ..fake.connection().unpaced() }).build().unwrap()
}

#[tokio::test]
async fn a_new_customer_is_loaded_under_our_reference() {
    let fake = server(|call| match call.method {
        "load" if is_look(call) => ok(REFUSED),
        "load" => loaded(17),
        _ if call.model == "res.country.state" => {
            ok(r#"[{"id":1060,"name":"Đà Nẵng","country_id":[241,"Vietnam"]}]"#)
        }
        _ if is_by_id(call) => ok(json!([row()]).to_string()),
        _ => ok("[]"),
    });
    let mut push = hoa();
    push.note = Some("a < b".into());
    push.address = Some(Address {
        street: Some("1 Lê Lợi".into()),
        ward: Some("Phường Hải Châu".into()),
        province: Some("thành phố đà nẵng".into()),
        ..Address::default()
    });
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("17", PushOutcome::Created));
    assert_eq!(pushed.record.unwrap().name.as_deref(), Some("Nguyễn Thị Hoa Mẫu"));
    let [write] = writes(&fake).try_into().unwrap();
    let cells: Vec<(String, String)> = write["fields"]
        .as_array()
        .unwrap()
        .iter()
        .zip(write["data"][0].as_array().unwrap())
        .map(|(name, text)| (name.as_str().unwrap().to_owned(), text.as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("id", "__import__.crm_pos_contact_c-17"),
        ("name", "Nguyễn Thị Hoa Mẫu"),
        ("phone", "0912345001"),
        ("email", "hoa.mau@example.test"),
        ("comment", "a &lt; b"),
        ("street", "1 Lê Lợi"),
        ("street2", "Phường Hải Châu"),
        ("state_id/.id", "1060"),
        ("country_id/.id", "241"),
    ];
    assert_eq!(cells, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

#[tokio::test]
async fn who_is_there_by_reference_number_or_address_is_found_and_not_written_to() {
    let by_reference = server(|call| match call.method {
        "load" => loaded(17),
        _ => ok(json!([row()]).to_string()),
    });
    let by_number = server(|call| match call.method {
        "load" => ok(REFUSED),
        _ if is_by_id(call) || call.body["domain"].to_string().contains("9%1%2%3%4%5%0%0%1") => {
            ok(json!([row()]).to_string())
        }
        _ => ok("[]"),
    });
    let by_address = server(|call| match call.method {
        "load" => ok(REFUSED),
        _ if is_by_id(call) || call.body["domain"].to_string().contains("hoa.mau@example.test") => {
            ok(json!([row()]).to_string())
        }
        _ => ok("[]"),
    });
    for fake in [by_reference, by_number, by_address] {
        let pushed = shop(&fake).push_customer(&hoa()).await.unwrap();
        assert_eq!((pushed.id.as_str(), pushed.outcome), ("17", PushOutcome::Found));
        assert!(pushed.record.is_some() && writes(&fake).is_empty());
    }
}

#[tokio::test]
async fn of_several_who_hold_a_number_the_one_who_agrees_is_found_else_nobody() {
    let fake = |second: &'static str| {
        server(move |call| {
            let mut other = row();
            (other["id"], other["name"], other["email"]) = (json!(18), json!(second), json!(false));
            match call.method {
                "load" => ok(REFUSED),
                _ if is_by_id(call) => ok(json!([row()]).to_string()),
                _ => ok(json!([row(), other]).to_string()),
            }
        })
    };
    assert_eq!(shop(&fake("Trần Khác")).push_customer(&hoa()).await.unwrap().id, "17");
    let error = shop(&fake("nguyễn thị  hoa mẫu")).push_customer(&hoa()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("17, 18"), "{error}");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_customer() {
    let fake = server(|call| match call.method {
        // The first look, the write whose answer is lost, the second look.
        "load" => match call.before {
            0 => ok(REFUSED),
            1 => Reply::Broken,
            _ => loaded(17),
        },
        _ if is_by_id(call) => ok(json!([row()]).to_string()),
        _ => ok("[]"),
    });
    let pushed = quick(&fake).push_customer(&hoa()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("17", PushOutcome::Created));
}

#[tokio::test]
async fn a_collision_of_two_loads_is_worth_another_try_and_a_refusal_is_not() {
    let say = |message: &str| {
        let refused =
            ok(json!({"ids": false, "messages": [{"type": "error", "message": message}]}).to_string());
        server(move |call| match call.method {
            "load" if is_look(call) => ok(REFUSED),
            "load" => refused.clone(),
            _ => ok("[]"),
        })
    };
    let error = quick(&say("could not serialize access due to concurrent update"))
        .push_customer(&hoa())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let error = quick(&say("0912345001 is not allowed")).push_customer(&hoa()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(!format!("{error} {error:?}").contains("0912345001"));
}

#[tokio::test]
async fn a_change_writes_what_differs_and_nothing_else() {
    let known = |call: &Call<'_>| match call.method {
        "write" => ok("true"),
        _ if call.model == "res.partner.category" => ok(r#"[{"id":5,"name":"Khách sỉ"}]"#),
        _ if call.model == "res.country.state" => ok("[]"),
        _ => ok(json!([row()]).to_string()),
    };
    let fake = server(known);
    let mut push = CustomerPush { vendor_id: Some("17".into()), note: Some("Khách quen".into()), ..hoa() };
    push.phones = vec!["+84 912 345 001".into()];
    push.address = Some(Address {
        street: Some("1 lê lợi".into()),
        province: Some("Đà Nẵng".into()),
        ..Address::default()
    });
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!(
        (pushed.outcome, writes(&fake).len()),
        (PushOutcome::Found, 0),
        "the same again would move its time"
    );
    push.phones = vec!["0987 000 111".into()];
    push.tags = vec!["Khách sỉ".into()];
    push.address =
        Some(Address {
            street: Some("2 Lê Lợi".into()), province: Some("Huế".into()), ..Address::default()
        });
    let pushed = shop(&fake).push_customer(&push).await.unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Updated);
    let expected = json!({"phone": "0987 000 111", "category_id": [[4, 5]], "street": "2 Lê Lợi", "street2": false, "city": "Huế", "state_id": false});
    let [write] = writes(&fake).try_into().unwrap();
    assert_eq!((&write["vals"], &write["ids"]), (&expected, &json!([17])));
}

#[tokio::test]
async fn the_address_of_a_contact_is_never_written_onto_its_firm() {
    let fake = server(|call| {
        let mut contact = row();
        (contact["parent_id"], contact["street"], contact["city"]) =
            (json!([9, "Công ty"]), json!(false), json!(false));
        match call.method {
            "load" => loaded(40),
            _ if call.model == "res.country.state" => ok("[]"),
            _ => ok(json!([contact]).to_string()),
        }
    });
    let mut push = CustomerPush { vendor_id: Some("17".into()), ..hoa() };
    push.address = Some(Address { street: Some("3 Lê Lợi".into()), ..Address::default() });
    assert_eq!(shop(&fake).push_customer(&push).await.unwrap().outcome, PushOutcome::Updated);
    let [write] = writes(&fake).try_into().unwrap();
    assert_eq!(write["fields"], json!(["id", "parent_id/.id", "type", "street"]));
    assert_eq!(write["data"], json!([["__import__.crm_pos_address_c-17", "17", "other", "3 Lê Lợi"]]));
}

#[tokio::test]
async fn a_contact_of_whom_nothing_is_known_is_refused_before_anything_is_sent() {
    let fake = server(|_| Reply::Broken);
    let nobody = CustomerPush { reference: "c-1".into(), ..CustomerPush::default() };
    assert_eq!(shop(&fake).push_customer(&nobody).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(
        shop(&fake).push_customer(&CustomerPush::default()).await.unwrap_err().kind(),
        ErrorKind::Config
    );
    assert!(fake.asked().is_empty());
}

fn order() -> OrderPush {
    OrderPush {
        reference: "o-1".into(),
        created_at: Some(datetime!(2026-11-21 12:00 +7)),
        buyer_id: Some("17".into()),
        branch_id: Some("1".into()),
        lines: vec![
            PushLine {
                product_id: Some("3".into()),
                quantity: 2.into(),
                unit_price: 150_000.into(),
                discount: Some(30_000.into()),
                ..PushLine::default()
            },
            PushLine {
                sku: Some("Q-1".into()),
                quantity: 1.into(),
                unit_price: 50_000.into(),
                ..PushLine::default()
            },
        ],
        note: Some("Gọi trước".into()),
        ..OrderPush::default()
    }
}

/// A shop that has the order when `is_there` says so.
fn orders(
    is_there: impl Fn(&Call<'_>) -> bool + Send + Sync + 'static,
    make: impl Fn() -> Reply + Send + Sync + 'static,
) -> Arc<Fake> {
    let record = json!([{"id": 70, "name": "S00070", "state": "draft", "amount_total": 320000.0, "client_order_ref": "o-1",
                         "partner_id": [17, "Hoa"], "order_line": [], "invoice_ids": []}]);
    server(move |call| match (call.model, call.method) {
        ("sale.order", "create") => make(),
        ("sale.order", _) if is_by_id(call) || is_there(call) => ok(record.to_string()),
        ("product.product", _) => ok(r#"[{"id":4,"default_code":"Q-1"}]"#),
        (_, "load") => loaded(41),
        _ => ok("[]"),
    })
}

#[tokio::test]
async fn an_order_carries_our_reference_and_holds_its_prices() {
    let fake = orders(|_| false, || ok("[70]"));
    let mut push = order();
    push.recipient = Some(Address {
        name: Some("Mẹ Hoa".into()),
        phone: Some("0987000111".into()),
        street: Some("9 Lê Lợi".into()),
        ..Address::default()
    });
    let pushed = shop(&fake).push_order(&push).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("70", PushOutcome::Created));
    assert_eq!(pushed.record.unwrap().reference.as_deref(), Some("o-1"));
    let create = fake.last("POST /json/2/sale.order/create").json()["vals_list"][0].clone();
    let expected = json!({
        "partner_id": 17, "client_order_ref": "o-1", "warehouse_id": 1, "date_order": "2026-11-21 05:00:00",
        "note": "<p>Gọi trước</p>", "partner_shipping_id": 41,
        "order_line": [
            [0, 0, {"product_id": 3, "product_uom_qty": 2, "price_unit": 150000, "discount": 10, "technical_price_unit": 0}],
            [0, 0, {"product_id": 4, "product_uom_qty": 1, "price_unit": 50000, "technical_price_unit": 0}],
        ],
    });
    assert_eq!(create, expected);
    let load = fake.last("POST /json/2/res.partner/load").json();
    assert_eq!(load["data"][0][0], "__import__.crm_pos_recipient_o-1");
}

#[tokio::test]
async fn an_order_that_is_there_is_found_before_and_after() {
    let fake = orders(|_| true, || Reply::Broken);
    assert_eq!(shop(&fake).push_order(&order()).await.unwrap().outcome, PushOutcome::Found);
    assert!(writes(&fake).is_empty());
    // The answer was lost: what is there then, we made.
    let fake = orders(|call| call.before > 0, || Reply::Broken);
    let pushed = quick(&fake).push_order(&order()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("70", PushOutcome::Created));
    // Nothing is to be seen of it: whether it was carried out is open, and nothing is tried again.
    let fake = orders(|_| false, || Reply::Broken);
    let error = quick(&fake).push_order(&order()).await.unwrap_err();
    assert_eq!((error.kind(), writes(&fake).len()), (ErrorKind::Unavailable, 1));
    // A buyer or a product that is gone refuses the order, and is no order that is gone.
    let fake = orders(|_| false, || Reply::Answer(404, text("json2.error-404-missing-record.json")));
    assert_eq!(quick(&fake).push_order(&order()).await.unwrap_err().kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn what_an_order_has_no_place_for_is_refused_before_anything_is_sent() {
    let fake = orders(|_| false, || ok("[70]"));
    let refused = |change: fn(&mut OrderPush)| {
        let mut push = order();
        change(&mut push);
        let shop = shop(&fake);
        async move { shop.push_order(&push).await.unwrap_err().kind() }
    };
    use ErrorKind::{Config, Unsupported};
    assert_eq!(refused(|push| push.lines.clear()).await, Config);
    assert_eq!(refused(|push| push.buyer_id = None).await, Unsupported);
    assert_eq!(refused(|push| push.shipping_fee = Some(30_000.into())).await, Unsupported);
    assert_eq!(refused(|push| push.discount = Some(10_000.into())).await, Unsupported);
    assert_eq!(refused(|push| push.paid = Some(320_000.into())).await, Unsupported);
    assert_eq!(refused(|push| push.branch_id = Some("pos.config,1".into())).await, Unsupported);
    assert_eq!(refused(|push| push.lines[0].product_id = None).await, Unsupported);
    assert_eq!(refused(|push| push.buyer_id = Some("0".into())).await, Config, "no id must ever be none");
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn fee_and_discount_are_lines_of_their_products() {
    let fake = orders(|_| false, || ok("[70]"));
    let shop = builder()
        .delivery_product(90)
        .discount_product(91)
        .connection(fake.connection().unpaced())
        .build()
        .unwrap();
    let push = OrderPush { shipping_fee: Some(30_000.into()), discount: Some(20_000.into()), ..order() };
    shop.push_order(&push).await.unwrap();
    let lines = fake.last("POST /json/2/sale.order/create").json()["vals_list"][0]["order_line"].clone();
    let read = |at: usize| (lines[at][2]["product_id"].as_i64(), lines[at][2]["price_unit"].as_i64());
    assert_eq!((read(2), read(3)), ((Some(90), Some(30_000)), (Some(91), Some(-20_000))));
}
