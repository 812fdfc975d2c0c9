//! What goes over the wire, and what is made of the answers.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{
    Fake, KEY, PAGE, Reply, builder, contact, data, done, ok, own_fields, page, refused, text, value,
};
use pos_core::kit::{Connection, Settings};
use pos_core::webhook::WebhookRequest;
use pos_core::{Capabilities, Connector, ConnectorExt, ErrorKind, ListQuery, Stream};
use pos_manychat::model::{FieldWrite, SubscriberWrite};
use pos_manychat::{ENTRY, ManyChat};
use serde_json::json;

#[tokio::test]
async fn a_contact_is_read_by_its_number_with_the_key_in_a_header() {
    let fake = Fake::new(|_, _| ok(text("api_get_info_response.json")));
    let read = page(&fake).get_customer("7300000000000001").await.unwrap();
    assert_eq!(read.name.as_deref(), Some("Thảo Đinh"));
    let asked = &fake.asked()[0];
    assert_eq!(asked.line(), "GET /fb/subscriber/getInfo");
    assert_eq!(asked.query("subscriber_id"), Some("7300000000000001"));
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    assert!(asked.headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn an_id_that_nobody_has_is_not_found_and_no_id_sends_nothing() {
    for reply in [
        refused("subscriber_id", "Subscriber does not exist"),
        refused("subscriber_id", "Invalid value"),
        data(&json!([])),
        Reply::Answer(404, r#"{"status":"error","message":"not found"}"#.into()),
    ] {
        let answer = reply.clone();
        let fake = Fake::new(move |_, _| answer.clone());
        let error = page(&fake).get_customer("7300000000000099").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{reply:?}: {error}");
    }
    let fake = Fake::new(|_, _| ok(text("api_get_info_response.json")));
    for id in ["", "abc", "-7", "1?x=1", "99999999999999999999"] {
        assert_eq!(page(&fake).get_customer(id).await.unwrap_err().kind(), ErrorKind::NotFound, "{id}");
    }
    assert!(fake.asked().is_empty());
    // Another contact than the one that was asked for is nobody's answer.
    let error = page(&fake).get_customer("7300000000000002").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn answers_of_another_shape_are_told() {
    for body in [
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":7}"#,
        "[]",
        r#"{"status":"success","data":[{}]}"#,
    ] {
        let fake = Fake::new(move |_, _| ok(body));
        let error = page(&fake).get_customer("7300000000000001").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert!(page(&fake).check().await.is_err(), "{body}");
    }
}

#[tokio::test]
async fn the_check_reads_the_page_and_says_whether_it_is_this_one() {
    for (body, id, warnings) in [
        (json!({"id": 104430000000821_i64, "name": "Gốm Việt", "is_pro": true}), PAGE, 0),
        (json!({"id": PAGE, "is_pro": false}), PAGE, 1),
        (json!({"id": "2", "name": "Trang khác"}), "2", 1),
    ] {
        let told = body.clone();
        let fake = Fake::new(move |_, _| data(&told));
        let info = page(&fake).check().await.unwrap();
        assert_eq!((info.account.id(), info.warnings.len()), (id, warnings), "{body}");
        assert_eq!(fake.lines(), ["GET /fb/page/getInfo"]);
    }
}

#[tokio::test]
async fn a_search_finds_one_several_or_nobody() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/fb/subscriber/findBySystemField" if asked.query("phone") == Some("+84912345101") => {
            data(&contact())
        }
        "/fb/subscriber/findBySystemField" if asked.query("email").is_some() => {
            refused("email", "Subscriber not found")
        }
        "/fb/subscriber/findBySystemField" if asked.query("phone") == Some("+84900000495") => {
            (495, "").into()
        }
        "/fb/subscriber/findByName" | "/fb/subscriber/findByCustomField" => {
            data(&json!([contact(), contact()]))
        }
        _ => data(&json!([])),
    });
    let page = page(&fake);
    let client = page.client();
    let found = client.find_by_phone("+84912345101").await.unwrap().unwrap();
    assert_eq!(found.id.as_deref(), Some("7300000000000001"));
    assert!(client.find_by_phone("+84900000001").await.unwrap().is_none(), "200 with an empty list");
    assert!(client.find_by_phone("+84900000495").await.unwrap().is_none());
    assert!(client.find_by_email("a@example.test").await.unwrap().is_none(), "400 with words");
    assert_eq!(client.find_by_name("Thảo Đinh").await.unwrap().len(), 2);
    assert_eq!(client.find_by_custom_field(21, "84905000101").await.unwrap().len(), 2);
    let asked = fake.last("GET /fb/subscriber/findByCustomField");
    assert_eq!((asked.query("field_id"), asked.query("field_value")), (Some("21"), Some("84905000101")));
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "searches by POST are wrong");
}

#[tokio::test]
async fn writes_go_out_as_they_are_documented() {
    let fake = Fake::new(|asked, _| match asked.path.as_str() {
        "/fb/subscriber/createSubscriber" => data(&contact()),
        "/fb/page/getCustomFields" => data(&own_fields()),
        "/fb/page/getTags" => data(&json!([{"id": 5, "name": "vip"}])),
        _ => done(),
    });
    let page = page(&fake);
    let client = page.client();
    let id = 7_300_000_000_000_001;
    let fields = [FieldWrite::by_name("crm_ticket_id", "T-551"), FieldWrite::by_id(12, "1995-08-20")];
    client.set_custom_fields(id, &fields).await.unwrap();
    assert_eq!(fake.asked()[0].json(), value("api_set_custom_fields_request.json"));
    let many: Vec<FieldWrite> = (0..41).map(|at| FieldWrite::by_id(at, at)).collect();
    client.set_custom_fields(id, &many).await.unwrap();
    let sizes: Vec<usize> =
        fake.asked()[1..].iter().map(|asked| asked.json()["fields"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [20, 20, 1]);
    client.set_custom_field(id, 12, true).await.unwrap();
    client.set_custom_field_by_name(id, "deal_note", "a").await.unwrap();
    client.add_tag(id, 5).await.unwrap();
    client.remove_tag(id, 5).await.unwrap();
    client.create_tag("vip").await.unwrap();
    client.add_tag_by_name(id, "vip").await.unwrap();
    client.remove_tag_by_name(id, "vip").await.unwrap();
    let mut write = SubscriberWrite::default();
    (write.first_name, write.last_name) = (Some("Thảo".into()), Some("Đinh".into()));
    (write.phone, write.email) = (Some("+84912345101".into()), Some("thao.dinh@example.test".into()));
    (write.gender, write.consent_phrase) = (Some("female".into()), Some("Đồng ý nhận tin".into()));
    (write.has_opt_in_sms, write.has_opt_in_email) = (Some(true), Some(true));
    assert_eq!(client.create_subscriber(&write).await.unwrap().id.as_deref(), Some("7300000000000001"));
    assert_eq!(
        fake.last("POST /fb/subscriber/createSubscriber").json(),
        value("api_create_subscriber_request.json")
    );
    client.update_subscriber(id, &write).await.unwrap();
    assert_eq!(
        fake.last("POST /fb/subscriber/updateSubscriber").json()["subscriber_id"],
        7_300_000_000_000_001_i64
    );
    assert_eq!(client.custom_fields().await.unwrap()[1].kind.as_deref(), Some("date"));
    assert_eq!(client.tags().await.unwrap()[0].name.as_deref(), Some("vip"));
    for (line, body) in [
        (
            "POST /fb/subscriber/setCustomField",
            json!({"subscriber_id": id, "field_id": 12, "field_value": true}),
        ),
        (
            "POST /fb/subscriber/setCustomFieldByName",
            json!({"subscriber_id": id, "field_name": "deal_note", "field_value": "a"}),
        ),
        ("POST /fb/subscriber/addTag", json!({"subscriber_id": id, "tag_id": 5})),
        ("POST /fb/subscriber/removeTag", json!({"subscriber_id": id, "tag_id": 5})),
        ("POST /fb/subscriber/addTagByName", json!({"subscriber_id": id, "tag_name": "vip"})),
        ("POST /fb/subscriber/removeTagByName", json!({"subscriber_id": id, "tag_name": "vip"})),
        ("POST /fb/page/createTag", json!({"name": "vip"})),
    ] {
        assert_eq!(fake.last(line).json(), body, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_sets_a_value_is_sent_again_and_what_makes_something_is_not() {
    let fake = Fake::new(|_, before| if before == 0 { Reply::Broken } else { done() });
    let page = page(&fake);
    page.client().set_custom_field(7, 12, "a").await.unwrap();
    assert_eq!(fake.asked().len(), 2);
    let error = page.client().create_subscriber(&SubscriberWrite::default()).await.unwrap_err();
    assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::Unavailable, 3));
}

#[tokio::test(start_paused = true)]
async fn eight_requests_go_in_a_second_and_no_more() {
    let fake = Fake::new(|_, _| ok(text("api_get_info_response.json")));
    let page = builder().connection(fake.connection()).build().unwrap();
    for _ in 0..24 {
        page.get_customer("7300000000000001").await.unwrap();
    }
    let at: Vec<_> = fake.asked().iter().map(|asked| asked.at).collect();
    for window in at.windows(9) {
        assert!(window[8] - window[0] >= Duration::from_secs(1), "{:?}", window[8] - window[0]);
    }
    let took = at[23] - at[0];
    assert!(took < Duration::from_millis(2400), "the quota is used: {took:?}");
}

#[tokio::test]
async fn nothing_can_be_listed_and_nothing_is_asked_for_it() {
    let fake = Fake::new(|_, _| done());
    let page = page(&fake);
    let Capabilities { push_customer, push_order, register_webhooks, .. } = page.capabilities();
    assert_eq!((push_customer, push_order, register_webhooks), (true, false, false));
    for stream in Stream::ALL {
        let error = page.list(stream, &ListQuery::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{stream}");
    }
    assert_eq!(
        page.get(Stream::Tickets, "1:0123456789abcdef").await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert!(fake.asked().is_empty());
}

#[test]
fn a_connection_is_checked_before_anything_is_sent() {
    assert!(builder().build().is_ok());
    assert_eq!(builder().build().unwrap().account().to_string(), format!("manychat:{PAGE}"));
    for (builder, told) in [
        (ManyChat::builder().api_key(KEY), "page_id is blank"),
        (builder().page_id("my page"), "page_id is no number"),
        (ManyChat::builder().page_id(PAGE), "api_key is blank"),
        (builder().api_key(" Bearer  "), "api_key is blank"),
        (builder().api_key("821:a\u{7f}b"), "api_key has characters"),
        (builder().connection(Connection::to("http://api.example.com")), "must be https"),
    ] {
        let shown = format!("{builder:?}");
        assert!(!shown.contains("sampleSample"), "{shown}");
        let error = builder.build().unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn the_form_opens_a_page_and_its_receiver() {
    let fake = Fake::new(|_, _| data(&json!({"id": PAGE, "name": "Gốm Việt"})));
    let settings = [
        ("page_id", "https://manychat.example.test/fb104430000000821/chat/1"),
        ("api_key", "Bearer 821:sample"),
        ("webhook_header", "X-Manychat-Secret"),
        ("webhook_secret", "test-secret-f4f1"),
        ("fields", r#"{"phone": "SĐT"}"#),
        ("import", "WhatsApp"),
        ("mirror_field", "21"),
    ];
    let open = |with: &[(&'static str, &'static str)]| {
        let filled: Settings = settings.iter().chain(with).copied().collect();
        ENTRY.connect(&filled, fake.connection().unpaced())
    };
    let page = open(&[]).unwrap();
    assert_eq!(page.check().await.unwrap().account, *page.account());
    assert_eq!(fake.asked()[0].headers["authorization"], "Bearer 821:sample");
    let mut headers = http::HeaderMap::new();
    headers.insert("x-manychat-secret", "test-secret-f4f1".parse().unwrap());
    let body = r#"{"id": "7", "SĐT": "0912 345 101", "ticket_type": "a", "ticket_note": "b"}"#;
    let hooks = page.webhooks().unwrap();
    let verified = hooks.verify(&WebhookRequest::new(&headers, body.as_bytes(), common::RECEIVED)).unwrap();
    assert_eq!(hooks.parse(&verified).unwrap().events[1].ids, [common::ticket_id("7", "+84912345101")]);
    for (field, wrong, told) in [
        ("fields", "{", "fields is not"),
        ("import", "yes", "import is not"),
        ("mirror_field", "phone", "mirror_field is not"),
        ("webhook_header", "a b", "a name that no header may have"),
        ("webhook_secret", " ", "webhook_secret is blank"),
    ] {
        let error = open(&[(field, wrong)]).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.to_string().contains(told), "{field}: {error}");
    }
    assert_eq!(ENTRY.missing(&Settings::default()), ["page_id", "api_key"]);
}
