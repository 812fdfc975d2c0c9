//! Deliveries: proven, then read.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::HeaderMap;
use pos_core::Secret;
use pos_core::record::{Money, PhoneSource, Record, StatusCategory};
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Remember, Verified, WebhookRequest, hex, hmac_sha256,
};
use pos_core::{Stream, WebhookVerifier};
use pos_kiotviet::Webhooks;
use time::OffsetDateTime;

const SECRET: &str = "test-secret-f4f1";

fn hooks() -> Webhooks {
    Webhooks::new([Secret::from(SECRET)])
}

fn headers(name: &str) -> HeaderMap {
    let value: serde_json::Value = serde_json::from_slice(&fixture(name)).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in value.as_object().unwrap() {
        let name: http::HeaderName = name.parse().unwrap();
        headers.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    headers
}

fn signed(body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let signature = format!("sha1={}", hex(&hmac_sha256(SECRET.as_bytes(), body)));
    headers.insert("x-hub-signature", signature.parse().unwrap());
    headers
}

fn take(hooks: &Webhooks, headers: &HeaderMap, body: &[u8], url: Option<&str>) -> Result<Delivery, Refusal> {
    let mut request = WebhookRequest::new(headers, body, OffsetDateTime::UNIX_EPOCH);
    if let Some(url) = url {
        request = request.with_url(url);
    }
    hooks.parse(&hooks.verify(&request)?)
}

fn sample(name: &str) -> Delivery {
    let headers = headers(&format!("webhook_{name}.headers.json"));
    take(&hooks(), &headers, &fixture(&format!("webhook_{name}.json")), None).unwrap()
}

/// Reads a body that we sign ourselves.
fn own(body: &str) -> Delivery {
    take(&hooks(), &signed(body.as_bytes()), body.as_bytes(), None).unwrap()
}

#[test]
fn every_signature_vector_is_judged_as_listed() {
    let vectors: serde_json::Value = serde_json::from_slice(&fixture("signature_vectors.json")).unwrap();
    let body = fixture("webhook_order_update.json");
    for (list, expected) in [("accept", true), ("reject", false)] {
        for row in vectors[list].as_array().unwrap() {
            let mut headers = HeaderMap::new();
            headers.insert("x-hub-signature", row["header"].as_str().unwrap().parse().unwrap());
            let request = WebhookRequest::new(&headers, &body, OffsetDateTime::UNIX_EPOCH);
            assert_eq!(hooks().verify(&request).is_ok(), expected, "{}", row["note"]);
        }
    }
}

#[test]
fn a_signature_may_be_base64_and_the_host_may_keep_the_registered_form() {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let body = b"{}";
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature", engine.encode(hmac_sha256(SECRET.as_bytes(), body)).parse().unwrap());
    let request = WebhookRequest::new(&headers, body, OffsetDateTime::UNIX_EPOCH);
    assert!(hooks().verify(&request).is_ok());
    let registered = Webhooks::new([Secret::new("an old one"), Secret::new(engine.encode(SECRET))]);
    assert!(registered.verify(&request).is_ok(), "a later secret of a rotation, decoded");
}

#[test]
fn what_is_not_proven_is_refused() {
    let body = fixture("webhook_order_update.json");
    let proof = headers("webhook_order_update.headers.json");
    let refuse = |headers: &HeaderMap, body: &[u8]| take(&hooks(), headers, body, None).unwrap_err();
    for at in [0, body.len() / 2, body.len() - 1] {
        let mut altered = body.clone();
        altered[at] ^= 1;
        assert!(matches!(refuse(&proof, &altered), Refusal::BadProof(_)));
    }
    assert!(matches!(refuse(&HeaderMap::new(), &body), Refusal::Unsigned(_)));
    let large = vec![b' '; 5 * 1024 * 1024];
    assert!(matches!(refuse(&signed(&large), &large), Refusal::TooLarge { .. }));
    for none in [Webhooks::new([]), Webhooks::new([Secret::new(" ")])] {
        let refusal = take(&none, &proof, &body, None).unwrap_err();
        assert!(matches!(refusal, Refusal::NotConfigured(_)), "without a secret nothing is believed");
        assert_eq!(none.refusal_status(&refusal), 503, "the vendor shall send it again");
    }
}

#[test]
fn proven_bodies_that_cannot_be_read_are_refused_without_a_panic() {
    for body in [&b"\xff\xfe{}"[..], b"", b"[]x", b"7", b"{\"Notifications\":", b"\"text\""] {
        let refusal = take(&hooks(), &signed(body), body, None).unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed(_)), "{refusal}");
    }
}

#[test]
fn a_refusal_does_not_switch_the_webhook_off_unless_the_host_wants_it() {
    let refusals = [
        Refusal::Unsigned("x"),
        Refusal::BadProof("x"),
        Refusal::OtherShop("1".into()),
        Refusal::Malformed("x".into()),
        Refusal::TooLarge { size: 2, limit: 1 },
    ];
    for refusal in &refusals {
        assert_eq!(hooks().refusal_status(refusal), 200);
    }
    assert_eq!(hooks().answering_401().refusal_status(&refusals[1]), 401);
    assert_eq!(hooks().answering_401().refusal_status(&refusals[3]), 200);
}

#[test]
fn an_echo_is_answered_and_nothing_else_is_reflected() {
    assert_eq!(hooks().handshake("a=1&echo=X9").unwrap().body, "X9");
    assert!(hooks().handshake("noecho").is_none());
    assert!(hooks().handshake("echo=%3Cscript%3E").is_none());
}

#[test]
fn a_changed_customer_is_a_hint_with_what_there_is() {
    let delivery = sample("customer_update");
    assert_eq!(delivery.id, "d42dcce1-3919-4303-b829-d473a1630001");
    assert_eq!((delivery.tenant.as_deref(), delivery.attempt), (Some("500987654"), Some(1)));
    let [event] = &delivery.events[..] else { panic!() };
    assert_eq!((event.kind, event.stream, event.refetch), (EventKind::Upsert, Some(Stream::Customers), true));
    assert_eq!(
        (event.topic.as_deref(), &event.ids[..]),
        (Some("customer.update"), &["1030450011".to_owned()][..])
    );
    let Some(Record::Customer(customer)) = &event.record else { panic!() };
    assert_eq!(customer.name.as_deref(), Some("Nguyễn Thị Mai Lan"));
    assert_eq!(customer.phones[0].source, PhoneSource::Own);
    assert_eq!((customer.debt, customer.spent, customer.groups.len()), (None, None, 0));
    assert_eq!(customer.birth_date.unwrap().to_string(), "1991-04-17");
    assert_eq!(customer.updated_at, Some(time::macros::datetime!(2026-05-13 2:41:03.153 UTC)));
}

#[test]
fn changed_documents_say_that_they_lack_parts() {
    let delivery = sample("order_update");
    let Some(Record::Order(order)) = &delivery.events[0].record else { panic!() };
    assert!(order.incomplete && delivery.events[0].refetch);
    assert_eq!((order.status.category, order.total), (StatusCategory::Confirmed, Some(Money::from(590_000))));
    assert_eq!(order.lines[0].total, Some(Money::from(480_000)));

    let delivery = sample("invoice_update");
    assert_eq!(delivery.attempt, Some(2));
    let Some(Record::Order(invoice)) = &delivery.events[0].record else { panic!() };
    assert!(invoice.incomplete && delivery.events[0].refetch);
    assert_eq!(
        (invoice.status.category, invoice.paid),
        (StatusCategory::Completed, Some(Money::from(590_000)))
    );
    assert_eq!(invoice.fulfilment.code.as_deref(), Some("3"));
}

#[test]
fn deletions_are_understood_in_every_form() {
    let gone = ["1030440900".to_owned(), "1030440901".to_owned()];
    for name in ["customer_delete_notifications", "customer_delete_removeid"] {
        let delivery = sample(name);
        let [event] = &delivery.events[..] else { panic!("{name}") };
        assert_eq!((event.kind, event.stream), (EventKind::Delete, Some(Stream::Customers)), "{name}");
        assert_eq!(event.ids, gone, "{name}");
        assert_eq!(event.topic.as_deref(), Some("customer.delete"));
        assert_eq!(event.refetch, name == "customer_delete_removeid", "only what is signed is believed");
    }
    assert_eq!(sample("product_delete").events[0].ids, ["17380001"]);
    // A bare list: the name comes from our own address, and the delivery is known by its hash.
    let body = fixture("webhook_customer_delete_removeid.json");
    let delivery = take(&hooks(), &signed(&body), &body, Some("/hook?eventType=product.delete")).unwrap();
    assert_eq!(delivery.events[0].stream, Some(Stream::Products));
    assert!(delivery.events[0].refetch, "the address is not signed: read the object before it is gone");
    let other = take(&hooks(), &signed(&body), &body, Some("/hook?eventType=customer.delete")).unwrap();
    assert_ne!(delivery.id, other.id, "the same bytes at two addresses are two deliveries");
    // Of what, nobody says.
    let delivery = take(&hooks(), &signed(&body), &body, None).unwrap();
    assert_eq!((delivery.events[0].kind, delivery.events[0].stream), (EventKind::Unknown, None));
    // Beside an empty list of notifications, in other spellings, and as objects.
    let body = r#"{"Notifications":[],"removedIds":[3]}"#;
    let delivery =
        take(&hooks(), &signed(body.as_bytes()), body.as_bytes(), Some("?eventType=customer.delete.7"))
            .unwrap();
    assert_eq!((&delivery.events[0].ids[..], delivery.tenant.as_deref()), (&["3".to_owned()][..], Some("7")));
    let delivery = own(
        r#"{"Id":"a","Notifications":[{"Action":"branch.delete","Data":[{"Id":4},"5",{"RemoveId":[6]}]}]}"#,
    );
    assert_eq!(delivery.events[0].ids, ["4", "5", "6"]);
}

#[test]
fn an_id_that_survives_retries_is_preferred() {
    let delivery = sample("customer_delete_removeid");
    assert!(!delivery.id.contains('-') && delivery.id.len() == 32, "from the header: {}", delivery.id);
}

fn verified(body: &[u8], url: Option<&str>) -> Verified {
    let headers = signed(body);
    let mut request = WebhookRequest::new(&headers, body, OffsetDateTime::UNIX_EPOCH);
    if let Some(url) = url {
        request = request.with_url(url);
    }
    hooks().verify(&request).unwrap()
}

fn identified(body: &str, url: Option<&str>) -> Identified {
    let verified = verified(body.as_bytes(), url);
    let identified = hooks().identify(&verified).unwrap();
    assert_eq!(identified.id, hooks().parse(&verified).unwrap().id);
    identified
}

#[test]
fn a_delivery_is_known_by_its_own_id_and_a_bare_one_only_while_it_waits() {
    let own =
        r#"{"Id":"d42d","Attempt":1,"Notifications":[{"Action":"order.update.500","Data":[{"Id":3}]}]}"#;
    let first = identified(own, None);
    assert_eq!((first.id.as_str(), first.remember), ("d42d", Remember::Always));
    assert_eq!((first.tenant.as_deref(), first.topic.as_deref()), (Some("500"), Some("order.update")));
    assert_eq!(identified(&own.replace("\"Attempt\":1", "\"Attempt\":2"), Some("/h?eventType=x")).id, "d42d");
    // A relabelled copy of a body that does not say what it is about is no repetition of the genuine one.
    let bare = r#"{"RemoveId":[1]}"#;
    let [customers, products] = ["customer.delete", "product.delete"]
        .map(|kind| identified(bare, Some(&format!("/h?eventType={kind}"))));
    assert_ne!(customers.id, products.id);
    assert_eq!(customers.remember, Remember::WhileWaiting);
    assert_eq!(customers.topic.as_deref(), Some("customer.delete"));
    for labelled in [
        r#"{"Id":"d42d","RemoveId":[1]}"#,
        r#"{"Id":"d42d","Notifications":[{"Data":[1]}]}"#,
        r#"{"Id":"00000000-0000-0000-0000-000000000000","Notifications":[{"Action":"order.update.5","Data":[1]}]}"#,
    ] {
        assert_eq!(
            identified(labelled, Some("/h?eventType=customer.delete")).remember,
            Remember::WhileWaiting
        );
    }
    let tree = r#"{"Notifications":[{"Action":"category.update.5","Data":[{"Id":1,"Name":"Áo"}]}]}"#;
    assert!(matches!(identified(tree, None).remember, Remember::Seconds(_)));
}

#[test]
fn only_what_is_signed_is_believed() {
    // The action in the body is signed; what header and address say is not.
    let deletion = r#"{"Id":"a","Notifications":[{"Action":"customer.delete.5","Data":[7]}]}"#;
    let told = hooks().parse(&verified(deletion.as_bytes(), Some("/h?eventType=order.update"))).unwrap();
    assert_eq!((told.events[0].stream, told.events[0].refetch), (Some(Stream::Customers), false));
    for (body, kind) in [
        (r#"{"RemoveId":[7]}"#, EventKind::Delete),
        (r#"{"Notifications":[{"Data":[7]}]}"#, EventKind::Delete),
        (r#"{"Notifications":[],"removedIds":["7"]}"#, EventKind::Delete),
    ] {
        let told = hooks().parse(&verified(body.as_bytes(), Some("/h?eventType=customer.delete"))).unwrap();
        assert_eq!((told.events[0].kind, told.events[0].refetch), (kind, true), "{body}");
    }
    let unnamed = r#"{"Notifications":[{"Data":[{"Id":7,"Name":"Áo"}]}]}"#;
    let told = hooks().parse(&verified(unnamed.as_bytes(), Some("/h?eventType=branch.update"))).unwrap();
    assert!(told.events[0].refetch);
    // Orders are cancelled, never deleted: the vendor has no such event.
    let undocumented = own(r#"{"Notifications":[{"Action":"order.delete.5","Data":[7]}]}"#);
    assert_eq!((undocumented.events[0].kind, undocumented.events[0].refetch), (EventKind::Delete, true));
}

#[test]
fn a_kept_delivery_needs_nothing_but_itself() {
    let body = br#"{"RemoveId":[7]}"#;
    let kept = serde_json::to_string(&verified(body, Some("/h?eventType=customer.delete"))).unwrap();
    let read: Verified = serde_json::from_str(&kept).unwrap();
    let told = Webhooks::new([]).parse(&read).unwrap();
    assert_eq!(
        (told.events[0].stream, &told.events[0].ids[..]),
        (Some(Stream::Customers), &["7".to_owned()][..])
    );
}

#[test]
fn a_byte_order_mark_before_signed_json_is_no_fault() {
    let delivery = own(
        "\u{feff}{\"Id\":\"a\",\"Notifications\":[{\"Action\":\"order.update.5\",\"Data\":[{\"Id\":3}]}]}",
    );
    assert_eq!((delivery.id.as_str(), delivery.events.len()), ("a", 1));
}

#[test]
fn hostile_bodies_are_bounded() {
    let ids = (1..=100_000).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let rows = (1..=20_000).map(|id| format!(r#"{{"Id":{id},"Name":"A"}}"#)).collect::<Vec<_>>().join(",");
    let notes = vec![r#"{"Action":"order.update.5","Data":[]}"#; 1001].join(",");
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let objects = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    for body in [
        format!(r#"{{"RemoveId":[{ids}]}}"#),
        format!(r#"{{"Id":"a","Notifications":[{{"Action":"customer.delete.5","Data":[{ids}]}}]}}"#),
        format!(
            r#"{{"Id":"a","Notifications":[{{"Action":"customer.delete.5","Data":[{{"RemoveId":[{ids}]}}]}}]}}"#
        ),
        format!(r#"{{"Id":"a","Notifications":[{{"Action":"order.update.5","Data":[{rows}]}}]}}"#),
        format!(r#"{{"Id":"a","Notifications":[{{"Action":"stock.update.5","Data":[{ids}]}}]}}"#),
        format!(r#"{{"Id":"a","Notifications":[{{"Action":"what.ever.5","Data":[{ids}]}}]}}"#),
    ] {
        let verified = verified(body.as_bytes(), Some("/h?eventType=customer.delete"));
        assert!(hooks().identify(&verified).is_ok());
        let delivery = hooks().parse(&verified).unwrap();
        assert!(delivery.events.iter().map(|event| event.ids.len()).sum::<usize>() <= 1000);
        assert_eq!(delivery.rejected.len(), 1, "{:?}", delivery.rejected);
    }
    for body in [
        format!(r#"{{"Id":"a","Notifications":[{notes}]}}"#),
        format!(r#"{{"Id":"a","Notifications":[{{"Action":"order.update.5","Data":[{deep}]}}]}}"#),
        format!(
            r#"{{"Id":"a","Notifications":[{{"Action":"order.update.5","Data":[{{"Id":1,"X":{objects}}}]}}]}}"#
        ),
        format!(r#"{{"Id":{deep}}}"#),
    ] {
        let verified = verified(body.as_bytes(), None);
        assert!(matches!(hooks().identify(&verified), Err(Refusal::Malformed(_))));
        assert!(matches!(hooks().parse(&verified), Err(Refusal::Malformed(_))));
    }
    // Brackets in texts are texts.
    let name = "[{".repeat(500);
    let body = format!(
        r#"{{"Id":"a","Notifications":[{{"Action":"order.update.5","Data":[{{"Id":1,"Code":"{name}\\\"{name}"}}]}}]}}"#
    );
    assert_eq!(own(&body).events.len(), 1);
}

#[test]
fn rows_of_deliveries_lose_only_what_cannot_be_read() {
    let delivery = own(r#"{"Id":"a","Notifications":[{"Action":"order.update.5","Data":[
        {"Id":1,"IsActive":true,"isActive":false,"PurchaseDate":"hôm qua","OrderDetails":[null,{}],"Total":"5.5","UsingCod":"có"}]}]}"#);
    let Some(Record::Order(order)) = &delivery.events[0].record else { panic!("{:?}", delivery.rejected) };
    assert_eq!(order.total, Some("5.5".parse().unwrap()));
    let marked = own(
        r#"{"Id":"b","Notifications":[{"Action":"customer.update.5","Data":[{"Id":1,"Code":"KH1{DEL}"}]}]}"#,
    );
    let Some(Record::Customer(customer)) = &marked.events[0].record else { panic!() };
    assert!(customer.deleted && marked.events[0].refetch);
}

#[test]
fn products_stock_and_the_tree_of_categories_are_followed() {
    let product = &sample("product_update").events[0];
    assert_eq!((product.kind, product.stream), (EventKind::Upsert, Some(Stream::Products)));
    let Some(Record::Product(record)) = &product.record else { panic!() };
    assert_eq!(record.price, Some(Money::from(255_000)));
    assert_eq!(record.active, Some(true), "isActive is camelCase inside a PascalCase body");
    let stock = &sample("stock_update").events[0];
    assert_eq!((stock.kind, stock.stream), (EventKind::Stock, Some(Stream::Products)));
    assert_eq!((&stock.ids[..], stock.record.is_none()), (&["17385858".to_owned()][..], true));
    let category = &sample("category_update").events[0];
    let Some(Record::Category(record)) = &category.record else { panic!() };
    assert_eq!((record.id.as_str(), record.name.as_deref()), ("546661", Some("Áo")));
    let branch = &sample("branch_update").events[0];
    let Some(Record::Branch(record)) = &branch.record else { panic!() };
    assert_eq!((record.name.as_deref(), record.active), (Some("Chi nhánh Thủ Đức"), Some(true)));
    assert_eq!(record.address.as_ref().unwrap().district.as_deref(), Some("TP. Thủ Đức"));
    let deleted =
        own(r#"{"Notifications":[{"Action":"category.update.1","Data":[{"Id":9,"IsDeleted":true}]}]}"#);
    assert_eq!(
        (deleted.events[0].kind, deleted.events[0].stream),
        (EventKind::Delete, Some(Stream::Categories))
    );
}

#[test]
fn price_books_are_unknown_but_name_the_product_that_they_touch() {
    let event = &sample("pricebookdetail_update").events[0];
    assert_eq!((event.kind, event.topic.as_deref()), (EventKind::Unknown, Some("pricebookdetail.update")));
    assert_eq!((event.related[0].stream, event.related[0].id.as_str()), (Stream::Products, "17385858"));
    let event = &sample("pricebook_delete").events[0];
    assert_eq!((event.kind, &event.ids[..]), (EventKind::Unknown, &["40011".to_owned()][..]));
}

#[test]
fn many_notifications_live_and_die_one_by_one() {
    let delivery = own(r#"{"Id":"x","Attempt":3,"Notifications":[
            {"Action":"customer.update.500","Data":[{"Id":1,"Name":"Lê Quốc Bảo"},{"Id":2,"Debt":"nợ"},{"Id":-1}]},
            7,
            {"action":"order.update.500","data":[{"id":3,"code":"DH000003","contactNumber":"x","status":1}]},
            {"Action":"loyalty.update.500","Data":[{"Id":9}]}]}"#);
    let kinds: Vec<_> = delivery.events.iter().map(|event| (event.kind, event.ids.join(","))).collect();
    assert_eq!(
        kinds,
        [(EventKind::Upsert, "1".into()), (EventKind::Upsert, "3".into()), (EventKind::Unknown, "9".into())]
    );
    let paths: Vec<_> = delivery.rejected.iter().map(|r| (r.id.as_deref(), r.path.as_str())).collect();
    assert_eq!(paths, [(Some("2"), "notifications[0].data[1].debt"), (None, "notifications[1]")]);
    assert_eq!(delivery.attempt, Some(3));
}

#[test]
fn a_delivery_for_another_shop_is_refused() {
    let body = fixture("webhook_order_update.json");
    let proof = headers("webhook_order_update.headers.json");
    assert!(take(&hooks().with_tenant("500987654"), &proof, &body, None).is_ok());
    let refusal = take(&hooks().with_tenant("1"), &proof, &body, None).unwrap_err();
    assert_eq!(refusal, Refusal::OtherShop("500987654".into()));
}

#[test]
fn no_debug_output_shows_a_secret() {
    assert!(!format!("{:?}", hooks()).contains(SECRET));
}
