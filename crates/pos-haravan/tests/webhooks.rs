//! Proof and reading of deliveries.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::record::{
    CustomerRecord, Identity, Money, OrderRecord, PaymentCategory, Record, StatusCategory,
};
use pos_core::webhook::{Delivery, EventKind, Refusal, Remember, Verified, WebhookEvent, WebhookRequest};
use pos_core::{Secret, Stream, WebhookVerifier};
use pos_haravan::Webhooks;
use time::macros::datetime;

const SECRET: &str = "test-secret-f4f1";

fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("an-older-secret"), Secret::new(SECRET)])
}

fn headers(name: &str) -> HeaderMap {
    let json: serde_json::Value = serde_json::from_slice(&fixture(&format!("{name}.headers.json"))).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in json.as_object().unwrap() {
        map.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.as_str().unwrap().parse().unwrap(),
        );
    }
    map
}

fn take(hooks: &Webhooks, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
    let request = WebhookRequest::new(headers, body, datetime!(2026-07-22 5:00 UTC));
    hooks.parse(&hooks.verify(&request)?)
}

fn sample(name: &str) -> Delivery {
    take(&hooks(), &headers(name), &fixture(&format!("{name}.json")))
        .unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn only(name: &str) -> WebhookEvent {
    let mut delivery = sample(name);
    assert_eq!((delivery.events.len(), delivery.rejected.len()), (1, 0), "{name}");
    assert_eq!(delivery.tenant.as_deref(), Some("200000900001"), "{name}");
    assert_eq!(delivery.attempt, None);
    delivery.events.remove(0)
}

fn signed(topic: &str, body: &str) -> HeaderMap {
    use base64::Engine;
    let mac = pos_core::webhook::hmac_sha256(SECRET.as_bytes(), body.as_bytes());
    let mut map = HeaderMap::new();
    map.insert(
        "X-Haravan-HmacSha256",
        base64::engine::general_purpose::STANDARD.encode(mac).parse().unwrap(),
    );
    if !topic.is_empty() {
        map.insert("X-Haravan-Topic", topic.parse().unwrap());
    }
    map
}

fn own(topic: &str, body: &str) -> Delivery {
    take(&hooks(), &signed(topic, body), body.as_bytes()).unwrap()
}

fn order(event: &WebhookEvent) -> &OrderRecord {
    let Some(Record::Order(order)) = &event.record else { panic!("no order") };
    order
}

fn customer(event: &WebhookEvent) -> &CustomerRecord {
    let Some(Record::Customer(customer)) = &event.record else { panic!("no customer") };
    customer
}

#[test]
fn the_life_of_an_order_is_followed_topic_by_topic() {
    use PaymentCategory::{Paid, PartiallyRefunded, Unpaid};
    use StatusCategory::{Cancelled, Completed, Confirmed, Pending, Shipping};
    for (name, topic, id, status, payment) in [
        ("webhook_orders_create", "orders/create", "1500000001", Pending, Unpaid),
        ("webhook_orders_updated", "orders/updated", "1500000001", Confirmed, Unpaid),
        ("webhook_orders_fulfilled", "orders/fulfilled", "1500000001", Shipping, Unpaid),
        ("webhook_orders_paid", "orders/paid", "1500000001", Completed, Paid),
        ("webhook_orders_cancelled", "orders/cancelled", "1500000004", Cancelled, PartiallyRefunded),
    ] {
        let event = only(name);
        assert_eq!((event.kind, event.stream), (EventKind::Upsert, Some(Stream::Orders)), "{name}");
        assert_eq!((event.topic.as_deref(), &event.ids[..]), (Some(topic), &[id.to_owned()][..]));
        assert!(!event.refetch && event.version.is_none() && event.related.is_empty(), "{name}");
        let order = order(&event);
        assert_eq!((order.status.category, order.payment.category), (status, payment), "{name}");
        assert_eq!(order.buyer.as_ref().unwrap().id.as_deref(), Some("1100000101"), "{name}");
        assert!(order.recipient.is_none(), "{name}");
    }
    let created = only("webhook_orders_create");
    let created = order(&created);
    assert_eq!(
        (created.total, created.paid),
        (Some(Money::from(840_000)), Some(Money::ZERO)),
        "pending is no payment"
    );
    assert_eq!(created.lines[0].total, Some(Money::from(900_000)));
    let cancelled = only("webhook_orders_cancelled");
    let cancelled = order(&cancelled);
    assert_eq!(
        (cancelled.paid, cancelled.refunded),
        (Some(Money::from(1_458_000)), Some(Money::from(520_000)))
    );
    assert_eq!(cancelled.cancelled_at, Some(datetime!(2026-07-18 15:44:16.635 UTC)));
}

#[test]
fn a_sale_over_the_counter_has_nobody_as_its_buyer() {
    let event = only("webhook_orders_create_guest_pos");
    let order = order(&event);
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!((buyer.identity, buyer.name.as_deref()), (Identity::Nobody, None));
    assert!(buyer.phones.is_empty() && buyer.emails.iter().all(|email| !email.is_key));
    assert_eq!(order.payment.category, PaymentCategory::PartiallyPaid);
    assert_eq!(order.paid, Some(Money::from(100_000)));
}

#[test]
fn customers_and_products_come_with_their_records() {
    let created = only("webhook_customers_create");
    assert_eq!(
        (created.kind, created.stream, created.refetch),
        (EventKind::Upsert, Some(Stream::Customers), false)
    );
    let quan = customer(&created);
    assert_eq!(quan.name.as_deref(), Some("Minh Quân"), "the leading blank is gone");
    assert_eq!(quan.phones[0].e164.unwrap().to_string(), "+84900000102");
    assert_eq!(quan.updated_at, Some(datetime!(2026-07-21 10:18:03.361_870_9 UTC)));
    for name in ["webhook_customers_update", "webhook_customers_disable"] {
        let event = only(name);
        assert_eq!((event.kind, customer(&event).id.as_str()), (EventKind::Upsert, "1100000101"), "{name}");
    }
    let product = only("webhook_products_update");
    let Some(Record::Product(record)) = &product.record else { panic!() };
    assert_eq!((record.variants.len(), record.images.len()), (2, 1));
}

#[test]
fn deletions_are_an_id_and_nothing_else() {
    for (name, stream, id) in [
        ("webhook_customers_delete", Stream::Customers, "1100000104"),
        ("webhook_orders_delete", Stream::Orders, "1500000003"),
        ("webhook_products_delete", Stream::Products, "1050000002"),
    ] {
        let event = only(name);
        assert_eq!((event.kind, event.stream), (EventKind::Delete, Some(stream)), "{name}");
        assert_eq!(
            (&event.ids[..], event.refetch, event.record.is_none()),
            (&[id.to_owned()][..], true, true),
            "the topic is not signed: a read has to confirm it"
        );
    }
}

#[test]
fn the_app_may_leave_and_a_test_is_only_a_test() {
    let gone = only("webhook_app_uninstalled");
    assert_eq!((gone.kind, gone.stream, gone.ids.len()), (EventKind::AppUninstalled, None, 0));
    assert!(gone.refetch, "only a refused token proves it");
    let test = only("webhook_test_delivery");
    assert_eq!((test.kind, test.ids.len(), test.record.is_none()), (EventKind::Probe, 0, true));
    assert_eq!(test.topic.as_deref(), Some("orders/create"));
    assert_ne!(
        sample("webhook_test_delivery").id,
        sample("webhook_orders_create").id,
        "a test does not hide the real one"
    );
}

#[test]
fn the_same_delivery_has_the_same_id_and_another_topic_another() {
    assert_eq!(sample("webhook_orders_create").id, sample("webhook_orders_create").id);
    assert_ne!(own("customers/delete", r#"{"id":7}"#).id, own("products/delete", r#"{"id":7}"#).id);
}

#[test]
fn a_topic_that_does_not_fit_its_body_deletes_nothing() {
    let body = String::from_utf8(fixture("webhook_orders_create.json")).unwrap();
    let exchanged = &own("orders/delete", &body).events[0];
    assert_eq!(
        (exchanged.kind, exchanged.refetch, exchanged.record.is_none()),
        (EventKind::Upsert, true, true)
    );
    let bare = &own("orders/updated", r#"{"id":7}"#).events[0];
    assert_eq!((bare.kind, bare.refetch, bare.record.is_none()), (EventKind::Upsert, true, true));
}

#[test]
fn near_misses_wrappers_and_unknown_topics_are_tolerated() {
    assert_eq!(own("orders/update", r#"{"order":{"id":7,"name":"A7"}}"#).events[0].ids, ["7"]);
    assert_eq!(
        own("orders/cancel", r#"{"data":{"id":8,"name":"A8"}}"#).events[0].stream,
        Some(Stream::Orders)
    );
    assert_eq!(own("", r#"{"topic":"customers/delete","id":9}"#).events[0].kind, EventKind::Delete);
    for topic in ["shop/update", "app_subscriptions/update", "refunds/create", ""] {
        assert_eq!(own(topic, r#"{"id":7}"#).events[0].kind, EventKind::Unknown, "{topic}");
    }
    let stock = &own(
        "inventorylocationbalances/update",
        r#"{"id":1,"loc_id":2,"product_id":1050000001,"variant_id":3}"#,
    )
    .events[0];
    assert_eq!(
        (stock.kind, &stock.ids[..], stock.refetch),
        (EventKind::Stock, &["1050000001".to_owned()][..], true)
    );
    assert_eq!(own("orders/updated", "{}").events.len(), 0);
    assert_eq!(
        own("orders/updated", r#"{"id":7,"name":"x","total_price":"nhiều"}"#).rejected[0].path,
        "total_price"
    );
}

#[test]
fn an_altered_forged_unsigned_or_oversized_delivery_is_refused() {
    let proof = headers("webhook_orders_create");
    let body = fixture("webhook_orders_create.json");
    let refuse = |headers: &HeaderMap, body: &[u8]| take(&hooks(), headers, body).unwrap_err();
    for at in [0, body.len() / 2, body.len() - 1] {
        let mut altered = body.clone();
        altered[at] ^= 1;
        assert!(matches!(refuse(&proof, &altered), Refusal::BadProof(_)));
    }
    assert!(matches!(refuse(&HeaderMap::new(), &body), Refusal::Unsigned(_)));
    for wrong in ["", "abc", "sha256=xyz", &"0".repeat(64), "IveolUedLDp5Wj44Pk29Q1cn8Utc/6VQxp37eAfRIHM"] {
        let mut headers = proof.clone();
        headers.insert("x-haravan-hmacsha256", HeaderValue::from_str(wrong).unwrap());
        assert!(
            matches!(refuse(&headers, &body), Refusal::MalformedProof(_) | Refusal::BadProof(_)),
            "{wrong}"
        );
    }
    // The header of before 2020, whatever it holds.
    let mut legacy = HeaderMap::new();
    legacy.insert("x-haravan-hmac-sha256", "5bdcc146bf60754e6a042426089575c75a003f08".parse().unwrap());
    assert!(matches!(refuse(&legacy, &body), Refusal::Unsigned(_)));
    assert!(matches!(refuse(&proof, &vec![b' '; 2 * 1024 * 1024]), Refusal::TooLarge { .. }));
    for none in [Webhooks::new([]), Webhooks::new([Secret::new(" ")])] {
        let refusal = take(&none, &proof, &body).unwrap_err();
        assert!(matches!(refusal, Refusal::NotConfigured(_)), "{refusal}");
        assert_eq!(none.refusal_status(&refusal), 503, "the vendor sends it again when the secret is there");
    }
    assert!(take(&Webhooks::new([Secret::new(SECRET)]).with_tenant("200000900001"), &proof, &body).is_ok());
    let other = take(&hooks().with_tenant("1"), &proof, &body).unwrap_err();
    assert_eq!(other, Refusal::OtherShop("200000900001".into()));
    // The body of an uninstallation names the shop itself, whatever the header says.
    let mut headers = headers("webhook_app_uninstalled");
    headers.insert("x-haravan-org-id", "1".parse().unwrap());
    let moved =
        take(&hooks().with_tenant("1"), &headers, &fixture("webhook_app_uninstalled.json")).unwrap_err();
    assert_eq!(moved, Refusal::OtherShop("200000900001".into()));
}

#[test]
fn a_proven_body_that_nobody_can_read_is_answered_and_a_bad_proof_is_not() {
    for body in ["", "[]", "null", "7", "\"text\"", "{\"id\":"] {
        let refusal = take(&hooks(), &signed("orders/updated", body), body.as_bytes()).unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed(_)), "{body}");
        assert_eq!(hooks().refusal_status(&refusal), 200, "19 refusals would end the subscription");
    }
    assert_eq!(hooks().refusal_status(&Refusal::BadProof("x")), 401);
    assert_eq!(hooks().refusal_status(&Refusal::Unsigned("x")), 401);
}

#[test]
fn the_question_whose_address_it_is_is_answered_with_the_challenge() {
    let sample: serde_json::Value = serde_json::from_slice(&fixture("webhook_verify_request.json")).unwrap();
    let text = |name: &str| sample["query"][name].as_str().unwrap().to_owned();
    let hooks = hooks().with_verify_token(text("hub.verify_token"));
    let query = |token: &str, challenge: &str| {
        format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge={challenge}")
    };
    let answer = hooks.handshake(&query(&text("hub.verify_token"), &text("hub.challenge"))).unwrap();
    assert_eq!(
        (u64::from(answer.status), answer.body.as_str()),
        (sample["expected_status"].as_u64().unwrap(), "1158201444")
    );
    assert_eq!(hooks.handshake(&query("wrong", "1")).unwrap().status, 401);
    let script = hooks.handshake(&query("sample-verify-token", "%3Cscript%3E")).unwrap();
    assert!(!script.body.contains('<'), "nothing but plain text is reflected");
    assert!(hooks.handshake("a=1").is_none());
    assert!(self::hooks().handshake(&query("sample-verify-token", "1")).is_none(), "no token was configured");
    assert!(!format!("{hooks:?}").contains("sample-verify") && !format!("{hooks:?}").contains(SECRET));
}

fn verified(topic: &str, body: &str) -> Verified {
    let headers = signed(topic, body);
    hooks().verify(&WebhookRequest::new(&headers, body.as_bytes(), datetime!(2026-07-22 5:00 UTC))).unwrap()
}

#[test]
fn a_genuine_body_under_another_topic_changes_nothing_that_a_read_does_not_confirm() {
    let bodies = [
        "webhook_orders_create",
        "webhook_customers_create",
        "webhook_products_update",
        "webhook_orders_delete",
    ];
    let topics = [
        "orders/delete",
        "customers/delete",
        "products/delete",
        "app/uninstalled",
        "inventory/update",
        "shop/update",
        "customers/update",
        "orders/updated",
        "products/update",
        "user/update",
        "orders/deleted",
        "",
    ];
    let own = |body: &str| body.split('_').nth(1).unwrap().to_owned();
    for name in bodies {
        let body = String::from_utf8(fixture(&format!("{name}.json"))).unwrap();
        for topic in topics {
            let delivery = self::own(topic, &body);
            for event in &delivery.events {
                let is_its_own =
                    topic.starts_with(&own(name)) && !topic.contains("delete") && event.record.is_some();
                assert!(
                    is_its_own || event.refetch || event.kind == EventKind::Unknown,
                    "{name} as {topic}: {event:?}"
                );
                assert!(event.record.is_none() || is_its_own, "{name} as {topic}");
                if name != "webhook_orders_delete" {
                    assert_ne!(event.kind, EventKind::Delete, "{name} as {topic}");
                    assert_ne!(event.kind, EventKind::AppUninstalled, "{name} as {topic}");
                }
            }
        }
    }
}

#[test]
fn names_of_topics_that_only_resemble_are_read_again() {
    for (name, topic) in [("h09_topic_singular", "order/create"), ("h10_topic_canceled", "orders/canceled")] {
        let event = &sample_for(name, "200000123456").events[0];
        assert_eq!(
            (event.kind, event.stream, event.refetch),
            (EventKind::Upsert, Some(Stream::Orders), true)
        );
        assert_eq!((event.topic.as_deref(), &event.ids[..]), (Some(topic), &["1500009001".to_owned()][..]));
    }
    for topic in ["customer/updated", "products/deleted", "orders/update", "Orders/Updated"] {
        assert_eq!(own(topic, r#"{"id":7}"#).events[0].ids, ["7"], "{topic}");
    }
}

fn sample_for(name: &str, tenant: &str) -> Delivery {
    let hooks = hooks().with_tenant(tenant);
    take(&hooks, &headers(name), &fixture(&format!("{name}.json"))).unwrap()
}

#[test]
fn a_byte_order_mark_before_signed_json_is_read_over() {
    let event = only("hv_hook_bom");
    let order = order(&event);
    assert_eq!((order.id.as_str(), order.total), ("1500900100", Some(Money::from(100_000))));
    let buyer = order.buyer.as_ref().unwrap();
    assert_eq!(buyer.phones[0].e164.unwrap().to_string(), "+84912000505");
    let mut altered = fixture("hv_hook_bom.json");
    altered.drain(..3);
    assert!(take(&hooks(), &headers("hv_hook_bom"), &altered).is_err(), "the mark is signed too");
}

#[test]
fn a_delivery_is_known_by_topic_shop_test_mark_and_body_as_long_as_it_is_repeated() {
    let body = String::from_utf8(fixture("webhook_orders_create.json")).unwrap();
    let identify = |verified: &Verified| hooks().identify(verified).unwrap();
    let plain = verified("orders/create", &body);
    let known = identify(&plain);
    assert_eq!(known.id, hooks().parse(&plain).unwrap().id);
    assert_eq!(known.remember, Remember::Seconds(49 * 3600), "48 hours of repeating");
    assert_eq!(known.topic.as_deref(), Some("orders/create"));
    assert_ne!(identify(&verified("orders/updated", &body)).id, known.id);
    let mut test = plain.clone();
    test.facts.insert("X-Haravan-Test".into(), "True".into());
    let mut shop = plain.clone();
    shop.facts.insert("X-Haravan-Org-Id".into(), "200000900002".into());
    let ids = [identify(&test).id, identify(&shop).id, known.id];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    assert_eq!(identify(&shop).tenant.as_deref(), Some("200000900002"));
    // Hints are coalesced while they wait, and never compared with those that are done.
    for (topic, body) in [
        ("orders/delete", r#"{"id":7}"#),
        ("orders/updated", r#"{"id":7}"#),
        ("app/uninstalled", r#"{"org_id":200000900001}"#),
        ("inventory/update", r#"{"product_id":7}"#),
        ("order/updated", body.as_str()),
    ] {
        assert_eq!(identify(&verified(topic, body)).remember, Remember::WhileWaiting, "{topic}");
    }
    assert_eq!(
        identify(&verified("", r#"{"topic":"orders/delete","org_id":5,"id":7}"#)).tenant.as_deref(),
        Some("5")
    );
}

#[test]
fn a_callback_that_shops_share_is_routed_by_shop_and_a_foreign_one_does_not_end_the_hook() {
    // One callback for the whole app: no tenant is configured, the delivery names it.
    let shared = Webhooks::new([]).with_shared_secret(SECRET);
    let proof = headers("webhook_orders_create");
    let body = fixture("webhook_orders_create.json");
    let request = WebhookRequest::new(&proof, &body, datetime!(2026-07-22 5:00 UTC));
    let verified = shared.verify(&request).unwrap();
    assert_eq!(shared.identify(&verified).unwrap().tenant.as_deref(), Some("200000900001"));
    // The secret is that of all shops: for which one it is stands in a header, so it is read again there.
    let event = &shared.parse(&verified).unwrap().events[0];
    assert!(event.refetch);
    assert_eq!(shared.identify(&verified).unwrap().remember, Remember::WhileWaiting);
    let both = shared.clone().with_secret(SECRET);
    assert!(!both.parse(&both.verify(&request).unwrap()).unwrap().events[0].refetch, "the shop's own");
    let other = shared.with_tenant("200000900009");
    let refusal = other.identify(&verified).unwrap_err();
    assert_eq!(refusal, Refusal::OtherShop("200000900001".into()));
    assert_eq!(other.refusal_status(&refusal), 200, "19 refusals would end the subscription");
}

#[test]
fn what_the_body_tells_of_says_when_it_was_written() {
    let paid = only("webhook_orders_paid");
    let at = paid.at.unwrap();
    assert!(at >= order(&paid).updated_at.unwrap() && at <= datetime!(2026-07-22 5:00 UTC));
    // A payment that moved no time is later than the order's own time of change.
    let body = r#"{"id":7,"total_price":5,"updated_at":"2026-07-20T00:00:00Z","transactions":[{"id":1,"kind":"capture","amount":5,"created_at":"2026-07-21T00:00:00Z"}]}"#;
    assert_eq!(own("orders/paid", body).events[0].at, Some(datetime!(2026-07-21 0:00 UTC)));
    // It came at 5:00 by a host whose clock is an hour behind: the vendor's own time counts, not the host's.
    let ahead = body.replace("2026-07-21T00", "2026-07-22T06");
    assert_eq!(own("orders/paid", &ahead).events[0].at, Some(datetime!(2026-07-22 6:00 UTC)));
}

#[test]
fn a_hostile_body_is_identified_at_once_and_read_in_bounds() {
    let many = |item: &dyn Fn(usize) -> String, bytes: usize| {
        let mut list = String::from("[");
        for at in 0.. {
            let next = item(at);
            if list.len() + next.len() + 2 > bytes {
                break;
            }
            if at > 0 {
                list.push(',');
            }
            list.push_str(&next);
        }
        list + "]"
    };
    let limit = 1000 * 1000;
    let transactions = many(&|at| format!(r#"{{"id":{at},"kind":"refund","amount":-1}}"#), limit);
    let lines = many(&|at| format!(r#"{{"id":{at},"price":1,"quantity":1}}"#), limit / 2);
    let back = many(&|at| format!(r#"{{"id":{at},"line_item_id":{at},"quantity":1}}"#), limit / 2);
    let ids = many(&|at| format!(r#"{{"id":{at}}}"#), limit);
    let places = many(&|at| format!(r#"{{"id":{at},"phone":"09{at:08}"}}"#), limit);
    let tags: Vec<String> = (0..150_000).map(|at| at.to_string()).collect();
    let bodies = [
        format!(r#"{{"id":7,"total_price":1,"transactions":{transactions}}}"#),
        format!(
            r#"{{"id":7,"total_price":1,"line_items":{lines},"refunds":[{{"refund_line_items":{back}}}]}}"#
        ),
        format!(r#"{{"id":7,"total_price":1,"orders":{ids}}}"#),
        format!(r#"{{"id":7,"orders_count":1,"addresses":{places}}}"#),
        format!(r#"{{"id":7,"orders_count":1,"tags":"{}"}}"#, tags.join(",")),
        format!(
            r#"{{"id":7,"total_price":1,"note_attributes":{}{}}}"#,
            "[".repeat(450_000),
            "]".repeat(450_000)
        ),
        format!(r#"{{"id":7,"total_price":1,"x":{}1{}}}"#, r#"{"a":"#.repeat(120), "}".repeat(120)),
    ];
    for body in bodies {
        let shape: String = body.chars().take(50).collect();
        let topics = match body.contains("orders_count") {
            true => ["customers/update"],
            false => ["orders/updated"],
        };
        for topic in topics {
            let verified = verified(topic, &body);
            hooks().identify(&verified).unwrap();
            if let Ok(delivery) = hooks().parse(&verified) {
                let told: usize = delivery.events.iter().map(|event| event.ids.len()).sum();
                assert!(told + delivery.rejected.len() <= 2, "{shape}");
            }
        }
    }
    let deep = format!(r#"{{"id":7,"total_price":1,"x":{}1{}}}"#, "[".repeat(100), "]".repeat(100));
    assert!(matches!(hooks().parse(&verified("orders/updated", &deep)), Err(Refusal::Malformed(_))));
}
