//! Deliveries: what is believed, and what is read from them.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use http::{HeaderMap, HeaderName};
use pos_core::record::Record;
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Remember, WebhookEvent, WebhookRequest, hex, hmac_sha256,
};
use pos_core::{Secret, WebhookVerifier};
use pos_sapo::{Flavor, Stream, Webhooks};
use time::OffsetDateTime;

const SECRET: &str = "test-secret-f4f1";
const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn headers(name: &str) -> HeaderMap {
    let value: serde_json::Value = serde_json::from_slice(&fixture(&format!("{name}.headers.json"))).unwrap();
    let pairs = value.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap()))
        .collect()
}

fn hooks() -> Webhooks {
    Webhooks::new([Secret::new("an-older-secret"), Secret::new(SECRET)])
}

fn read(hooks: &Webhooks, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
    hooks.verify(&WebhookRequest::new(headers, body, NOW)).and_then(|verified| hooks.parse(&verified))
}

fn sample(name: &str) -> Delivery {
    let delivery = read(&hooks(), &headers(name), &fixture(&format!("{name}.json"))).unwrap();
    assert!(delivery.rejected.is_empty(), "{name}: {:?}", delivery.rejected);
    delivery
}

fn only(delivery: &Delivery) -> &WebhookEvent {
    let [event] = &delivery.events[..] else { panic!("{:?}", delivery.events) };
    event
}

fn signed(topic: &str, body: &str) -> (HeaderMap, Vec<u8>) {
    use base64::Engine;
    let proof =
        base64::engine::general_purpose::STANDARD.encode(hmac_sha256(SECRET.as_bytes(), body.as_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("x-sapo-hmac-sha256", proof.parse().unwrap());
    headers.insert("x-sapo-topic", topic.parse().unwrap());
    (headers, body.as_bytes().to_vec())
}

fn delivered(topic: &str, body: &str) -> Delivery {
    let (headers, body) = signed(topic, body);
    read(&hooks(), &headers, &body).unwrap()
}

#[test]
fn every_sample_is_proven_and_read() {
    use EventKind::{Delete, Upsert};
    for (name, kind, stream, id, refetch) in [
        ("webhook_legacy_bizweb_orders_create", Upsert, Stream::Orders, "190440022", true),
        ("webhook_web_orders_create", Upsert, Stream::Orders, "190440022", true),
        ("webhook_web_orders_updated", Upsert, Stream::Orders, "190440021", true),
        ("webhook_web_orders_paid", Upsert, Stream::Orders, "190440021", true),
        ("webhook_web_orders_cancelled", Upsert, Stream::Orders, "190440023", true),
        ("webhook_web_orders_delete", Delete, Stream::Orders, "190440023", true),
        ("webhook_web_customers_create", Upsert, Stream::Customers, "51230011", true),
        ("webhook_web_customers_update", Upsert, Stream::Customers, "51230011", true),
        ("webhook_web_customers_delete", Delete, Stream::Customers, "51230011", true),
        ("webhook_web_products_update", Upsert, Stream::Products, "46410002", true),
        ("webhook_web_fulfillments_create", Upsert, Stream::Orders, "190440021", true),
        ("webhook_pos_customers_update", Upsert, Stream::Customers, "670800002", true),
        ("webhook_pos_orders_create", Upsert, Stream::Orders, "197310002", true),
        ("webhook_pos_orders_update", Upsert, Stream::Orders, "197310001", true),
    ] {
        let delivery = sample(name);
        let event = only(&delivery);
        assert_eq!(event.ids, [id], "{name}");
        assert_eq!((event.kind, event.stream, event.refetch), (kind, Some(stream), refetch), "{name}");
        let carries = kind == Upsert && !name.contains("fulfillments");
        assert_eq!(event.record.as_ref().map(Record::id), carries.then(|| event.ids[0].as_str()), "{name}");
        assert!(event.topic.as_deref().unwrap().contains('/'), "{name}");
        assert_eq!(delivery.attempt, None);
    }
}

#[test]
fn the_store_is_told_where_a_header_names_it() {
    assert_eq!(sample("webhook_web_orders_create").tenant.as_deref(), Some("gom-lam-demo.mysapo.net"));
    assert_eq!(sample("webhook_pos_orders_create").tenant.as_deref(), Some("tra-moc-demo.mysapogo.com"));
    assert_eq!(sample("webhook_legacy_bizweb_orders_create").tenant, None);
    let body = fixture("webhook_web_orders_create.json");
    for (store, accepted) in [
        ("gom-lam-demo.mysapo.net", true),
        ("gom-lam-demo.bizwebvietnam.net", true),
        ("other-demo.mysapo.net", false),
    ] {
        let outcome = read(&hooks().with_store(store), &headers("webhook_web_orders_create"), &body);
        assert_eq!(outcome.is_ok(), accepted, "{store}");
        assert!(accepted || matches!(outcome, Err(Refusal::OtherShop(_))));
    }
}

#[test]
fn a_delivery_is_known_by_its_body_and_all_that_is_said_of_it() {
    let pos = sample("webhook_pos_orders_update");
    assert_eq!(only(&pos).version.as_deref(), Some("1848550001"));
    assert_eq!(only(&sample("webhook_web_orders_create")).version, None);
    let (mut headers, body) = signed("orders/update", r#"{"id":7,"tenant_id":1,"payment_status":"paid"}"#);
    let id = |headers: &HeaderMap| read(&hooks(), headers, &body).unwrap().id;
    let bare = id(&headers);
    assert_eq!(bare, id(&headers), "the same one again");
    let mut ids = vec![bare];
    for (name, value) in [
        ("x-event-version", "8"),
        ("x-sapo-test", "true"),
        ("x-sapo-tenant-domain", "a.mysapogo.com"),
        ("x-sapo-topic", "orders/paid"),
    ] {
        headers.insert(name, value.parse().unwrap());
        ids.push(id(&headers));
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "none hides another");
}

#[test]
fn of_two_versions_of_one_second_none_is_believed() {
    // The newer one arrives first; nothing that is signed says which is which.
    for (version, paid) in [("102", "paid"), ("101", "unpaid")] {
        let body = format!(
            r#"{{"id":7,"tenant_id":1,"status":"finalized","payment_status":"{paid}","modified_on":"2026-06-07T10:00:00Z","order_line_items":[]}}"#
        );
        let (mut headers, body) = signed("orders/update", &body);
        headers.insert("x-event-version", version.parse().unwrap());
        headers.insert("x-sapo-tenant-domain", "a.mysapogo.com".parse().unwrap());
        let delivery = read(&hooks(), &headers, &body).unwrap();
        let event = only(&delivery);
        assert_eq!((event.version.as_deref(), event.refetch), (Some(version), true));
        assert_eq!(identified(&headers, &body).remember, Remember::WhileWaiting);
    }
}

#[test]
fn any_word_after_the_slash_means_that_the_object_changed() {
    for topic in [
        "orders/update",
        "orders/updated",
        "orders/partially_fulfilled",
        "orders/finalized",
        "orders/teleported",
        "Orders/Create",
    ] {
        let delivery = delivered(topic, r#"{"id":7,"status":"open","line_items":[]}"#);
        let event = only(&delivery);
        assert_eq!(
            (event.kind, event.stream, event.ids[0].as_str()),
            (EventKind::Upsert, Some(Stream::Orders), "7"),
            "{topic}"
        );
    }
    for topic in ["customers/enable", "customers/disable"] {
        assert_eq!(only(&delivered(topic, r#"{"id":7,"first_name":"An"}"#)).kind, EventKind::Upsert);
    }
}

#[test]
fn parts_of_an_order_ask_for_the_order() {
    for topic in
        ["refunds/create", "order_transactions/create", "fulfillments/update", "order_returns/returned"]
    {
        let delivery = delivered(topic, r#"{"id":7,"order_id":9,"status":"x"}"#);
        let event = only(&delivery);
        assert_eq!(
            (event.kind, event.stream, event.ids[0].as_str(), event.refetch),
            (EventKind::Upsert, Some(Stream::Orders), "9", true),
            "{topic}"
        );
    }
}

#[test]
fn other_events_are_told_for_what_they_are() {
    let stock = delivered(
        "inventory_levels/update",
        r#"{"inventory_item_id":1,"variant_id":147230012,"location_id":2}"#,
    );
    assert_eq!((only(&stock).kind, only(&stock).ids[0].as_str()), (EventKind::Stock, "147230012"));
    let uninstalled = delivered("app/uninstalled", "{}");
    assert_eq!((only(&uninstalled).kind, only(&uninstalled).refetch), (EventKind::AppUninstalled, true));
    for topic in ["store/update", "carts/create", "draft_orders/create", "suppliers/update"] {
        assert_eq!(only(&delivered(topic, r#"{"id":1}"#)).kind, EventKind::Unknown, "{topic}");
    }
    let (mut headers, body) = signed("orders/create", r#"{"id":1,"status":"open","line_items":[]}"#);
    headers.insert("x-sapo-test", "true".parse().unwrap());
    let test = read(&hooks(), &headers, &body).unwrap();
    assert_eq!((only(&test).kind, only(&test).record.is_none()), (EventKind::Probe, true));
}

#[test]
fn a_wrapped_body_is_read_and_a_cut_one_asks_for_more() {
    let wrapped = delivered("orders/create", r#"{"order":{"id":7,"status":"open","line_items":[]}}"#);
    assert_eq!(only(&wrapped).ids, ["7"]);
    let cut = delivered("orders/create", r#"{"id":7,"status":"open"}"#);
    assert!(only(&cut).refetch);
    let Some(Record::Order(order)) = &only(&cut).record else { panic!() };
    assert!(order.incomplete);
}

#[test]
fn the_flavour_comes_from_the_configuration_the_host_or_the_body() {
    let body = r#"{"id":7,"tenant_id":1,"name":"An","phone_number":"0905550201"}"#;
    let phones = |delivery: &Delivery| match &only(delivery).record {
        Some(Record::Customer(record)) => record.phones.len(),
        other => panic!("{other:?}"),
    };
    let (mut headers, bytes) = signed("customers/update", body);
    assert_eq!(phones(&read(&hooks(), &headers, &bytes).unwrap()), 1);
    assert_eq!(phones(&read(&hooks().with_flavor(Flavor::Web), &headers, &bytes).unwrap()), 0);
    headers.insert("x-sapo-shop-domain", "a.mysapo.net".parse().unwrap());
    assert_eq!(phones(&read(&hooks(), &headers, &bytes).unwrap()), 0);
}

#[test]
fn what_is_not_proven_is_refused() {
    let (name, body) = ("x-sapo-hmac-sha256", fixture("webhook_web_orders_create.json"));
    let good = headers("webhook_web_orders_create");
    let refused = |value: Option<&str>, body: &[u8]| {
        let mut headers = good.clone();
        match value {
            Some(value) => drop(headers.insert(name, value.parse().unwrap())),
            None => drop(headers.remove(name)),
        }
        read(&hooks(), &headers, body).unwrap_err()
    };
    assert!(matches!(refused(None, &body), Refusal::Unsigned(_)));
    let digest = hmac_sha256(SECRET.as_bytes(), &body);
    assert!(
        matches!(refused(Some(&hex(&digest)), &body), Refusal::MalformedProof(_)),
        "hex was never seen on webhooks"
    );
    for wrong in ["", "abc", "sha256=abc", &"A".repeat(43)] {
        assert!(matches!(refused(Some(wrong), &body), Refusal::MalformedProof(_)), "{wrong}");
    }
    let proof = good[name].to_str().unwrap().to_owned();
    let mut altered = body.clone();
    altered[10] ^= 1;
    let refusal = refused(Some(&proof), &altered);
    assert!(matches!(refusal, Refusal::BadProof(_)));
    assert_eq!(hooks().refusal_status(&refusal), 401);
    let without = Webhooks::new([Secret::new(" ")]);
    let refusal = read(&without, &good, &body).unwrap_err();
    assert!(matches!(refusal, Refusal::NotConfigured(_)), "no secret believes nothing");
    assert_eq!(without.refusal_status(&refusal), 503);
    let small = hooks().with_max_body(100);
    assert!(matches!(read(&small, &good, &body), Err(Refusal::TooLarge { .. })));
}

#[test]
fn a_broken_object_is_told_without_its_values() {
    let delivery = delivered("customers/update", r#"{"id":7,"total_spent":"nợ nhiều"}"#);
    assert!(delivery.events.is_empty());
    assert_eq!(
        (delivery.rejected[0].id.as_deref(), delivery.rejected[0].path.as_str()),
        (Some("7"), "customer.total_spent")
    );
    assert!(!format!("{delivery:?}").contains("nhiều"));
    let nameless = delivered("orders/delete", "{}");
    assert_eq!((nameless.events.len(), nameless.rejected.len()), (0, 1));
}

fn identified(headers: &HeaderMap, body: &[u8]) -> Identified {
    let verified = hooks().verify(&WebhookRequest::new(headers, body, NOW)).unwrap();
    let read = hooks().parse(&verified).unwrap();
    let identified = hooks().identify(&verified).unwrap();
    assert_eq!((&identified.id, &identified.tenant), (&read.id, &read.tenant));
    identified
}

#[test]
fn a_wrapper_may_have_neighbours() {
    let wrapped = sample("s08_wrapper_with_neighbour");
    let event = only(&wrapped);
    assert_eq!((event.kind, event.ids[0].as_str()), (EventKind::Upsert, "190009001"));
    for (topic, body) in [
        ("customers/update", r#"{"customer":{"id":7,"first_name":"An"},"event":"updated"}"#),
        ("customers/update", r#"{"id":"e-1","customer":{"id":7,"first_name":"An"}}"#),
        ("products/update", r#"{"at":"2026-01-01","product":{"id":7,"variants":[]},"by":null}"#),
        (
            "orders/update",
            "\u{feff}{\"id\":7,\"line_items\":[],\"customer\":{\"id\":9,\"first_name\":\"An\"}}",
        ),
    ] {
        assert_eq!(only(&delivered(topic, body)).ids, ["7"], "{body}");
    }
    let part =
        delivered("fulfillments/create", r#"{"fulfillment":{"id":7,"order_id":9,"line_items":[]},"v":2}"#);
    assert_eq!((only(&part).stream, only(&part).ids[0].as_str()), (Some(Stream::Orders), "9"));
}

#[test]
fn a_test_hides_no_real_delivery() {
    assert_ne!(sample("s09_test_same_body").id, sample("s09_real_same_body").id);
}

#[test]
fn a_topic_that_the_body_does_not_bear_out_only_makes_the_object_be_read() {
    let delivery = sample("s18_order_body_under_uninstalled");
    let event = only(&delivery);
    assert_eq!((event.kind, event.stream, event.refetch), (EventKind::Upsert, Some(Stream::Orders), true));
    assert_eq!((event.ids[0].as_str(), event.record.is_none()), ("180009001", true));
    let order = r#"{"id":7,"tenant_id":1,"payment_status":"paid","order_line_items":[]}"#;
    for topic in
        ["customers/update", "customers/delete", "products/update", "app/uninstalled", "inventories/update"]
    {
        let delivery = delivered(topic, order);
        let event = only(&delivery);
        assert_eq!(
            (event.kind, event.stream, event.refetch, event.record.is_none()),
            (EventKind::Upsert, Some(Stream::Orders), true, true),
            "{topic}"
        );
    }
    let deleted = delivered("orders/delete", order);
    assert_eq!((only(&deleted).kind, only(&deleted).refetch), (EventKind::Delete, true));
    // A body of the web flavour under a header of POS is not believed.
    let (mut headers, body) = signed("customers/update", r#"{"id":7,"first_name":"An"}"#);
    headers.insert("x-sapo-tenant-domain", "a.mysapogo.com".parse().unwrap());
    assert!(only(&read(&hooks(), &headers, &body).unwrap()).refetch);
    let supplier =
        delivered("suppliers/update", r#"{"id":7,"tenant_id":1,"name":"NCC","phone_number":"0905550201"}"#);
    assert_eq!(only(&supplier).kind, EventKind::Unknown);
}

#[test]
fn a_delivery_without_a_topic_is_what_its_body_is() {
    let delivery = delivered("", r#"{"id":7,"line_items":[]}"#);
    let event = only(&delivery);
    assert_eq!((event.kind, event.ids[0].as_str(), event.refetch), (EventKind::Upsert, "7", true));
    assert_eq!(only(&delivered("", "{\"id\":7}")).kind, EventKind::Unknown);
}

#[test]
fn what_is_read_again_is_a_hint_and_what_is_believed_is_remembered_while_it_is_repeated() {
    for (name, is_hint) in [
        ("webhook_web_orders_updated", true),
        ("webhook_web_orders_delete", true),
        ("webhook_web_fulfillments_create", true),
        ("webhook_pos_orders_update", true),
        ("webhook_pos_customers_update", true),
        ("s18_order_body_under_uninstalled", true),
    ] {
        let identified = identified(&headers(name), &fixture(&format!("{name}.json")));
        match identified.remember {
            Remember::WhileWaiting => assert!(is_hint, "{name}"),
            Remember::Seconds(seconds) => assert!(!is_hint && seconds >= 48 * 3600, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    // Nobody reads a category by its id.
    let (headers, body) = signed("collections/update", r#"{"id":7,"name":"Trà","alias":"tra"}"#);
    let Remember::Seconds(seconds) = identified(&headers, &body).remember else { panic!() };
    assert!(seconds >= 48 * 3600 && !only(&read(&hooks(), &headers, &body).unwrap()).refetch);
}

#[test]
fn a_hostile_body_costs_little() {
    let deep = format!(r#"{{"id":7,"line_items":{}{}}}"#, "[".repeat(300_000), "]".repeat(300_000));
    let wide = format!(r#"{{"id":7,"line_items":[{}]}}"#, vec!["1"; 400_000].join(","));
    let ids = format!(r#"{{"ids":[{}],"id":7}}"#, vec!["190440021"; 100_000].join(","));
    for body in [&deep, &wide, &ids] {
        let (headers, body) = signed("orders/update", body);
        let verified = hooks().verify(&WebhookRequest::new(&headers, &body, NOW)).unwrap();
        assert!(matches!(hooks().identify(&verified), Err(Refusal::Malformed(_))));
        assert!(matches!(hooks().parse(&verified), Err(Refusal::Malformed(_))));
    }
}

#[test]
fn a_kept_delivery_is_read_without_any_secret() {
    let (name, nobody) = ("webhook_pos_orders_update", Webhooks::new([]));
    let body = fixture(&format!("{name}.json"));
    let verified = hooks().verify(&WebhookRequest::new(&headers(name), &body, NOW)).unwrap();
    let kept: pos_core::webhook::Verified =
        serde_json::from_str(&serde_json::to_string(&verified).unwrap()).unwrap();
    assert_eq!(nobody.parse(&kept).unwrap(), hooks().parse(&verified).unwrap());
    let shop =
        pos_sapo::Sapo::builder().store("tra-moc-demo.mysapogo.com").access_token("t").build().unwrap();
    assert_eq!(shop.webhooks().parse(&kept).unwrap().events.len(), 1);
}
