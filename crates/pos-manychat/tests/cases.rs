//! Bad days: other types, wrappers, variables that were not filled in.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{fixture, hooks, take, ticket_id, value};
use pos_core::record::{CustomerRecord, Identity, Record};
use pos_core::webhook::Refusal;
use pos_core::{Secret, Stream};
use pos_manychat::{Channel, DynamicBlock, Fields, Webhooks, read_answer};
use serde_json::{Value, json};

fn read(body: &Value) -> Vec<CustomerRecord> {
    let answer = read_answer(Stream::Customers, body.to_string().as_bytes()).unwrap();
    let customer = |record| match record {
        Record::Customer(record) => *record,
        other => panic!("{other:?}"),
    };
    answer.page.records.into_iter().map(customer).collect()
}

/// Full contact data with members put over it.
fn full(over: Value) -> Value {
    let mut body = value("external_request_full_contact_data.json");
    body.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    body
}

#[test]
fn a_contact_is_found_in_whatever_it_is_wrapped_in() {
    let contact = full(json!({}));
    let other = full(json!({"id": "7300000000000009"}));
    for (body, ids) in [
        (json!({"subscriber": contact, "event": "tag_added"}), &["7300000000000001"][..]),
        (json!({"data": contact, "platform": "manychat"}), &["7300000000000001"]),
        (json!({"full-data": contact, "id": "evt-1"}), &["7300000000000001"]),
        (json!({"status": "success", "data": {"contact": contact}}), &["7300000000000001"]),
        (json!({"contacts": [contact, other]}), &["7300000000000001", "7300000000000009"]),
        (json!({"contacts": [{"contact": contact}], "id": "123"}), &["7300000000000001"]),
        (json!([contact, {"contact": other}]), &["7300000000000001", "7300000000000009"]),
        (json!({"status": "success", "data": [contact]}), &["7300000000000001"]),
        (json!({"status": "success", "data": []}), &[]),
        (json!([]), &[]),
        // A member of that name that is no wrapper.
        (full(json!({"data": [], "contact": "x"})), &["7300000000000001"]),
    ] {
        let read: Vec<String> = read(&body).into_iter().map(|record| record.id).collect();
        assert_eq!(read, ids, "{body}");
    }
    let mut deep = contact;
    for _ in 0..60 {
        deep = json!({ "contact": deep });
    }
    assert!(matches!(take(&hooks(), deep.to_string().as_bytes()), Err(Refusal::Malformed(_))));
}

#[test]
fn what_stands_beside_a_wrapped_contact_is_said_of_it() {
    let body = json!({
        "contact": {"id": 7300000000000005_i64, "name": "Mai Vũ", "phone": "+84905000105", "custom_fields": []},
        "request_id": "r-7", "id": "not the contact's", "ticket_type": "Bảo hành", "ticket_note": "Gọi lại",
        "ticket_order": 1003,
    });
    let answer = read_answer(Stream::Tickets, body.to_string().as_bytes()).unwrap();
    let [Record::Ticket(ticket)] = answer.page.records.as_slice() else { panic!("{answer:?}") };
    assert_eq!(
        (ticket.id.clone(), ticket.key.as_deref()),
        (ticket_id("7300000000000005", "+84905000105"), Some("1003"))
    );
    assert!(!ticket.incomplete);
}

#[test]
fn variables_that_were_not_filled_in_say_nothing() {
    let body = full(json!({
        "name": "{{first_name}} {{last_name}}", "first_name": "Thảo", "last_name": "null", "phone": "null", "gender": "{{gender}}",
        "optin_phone": "{{optin_phone}}", "last_interaction": "{{last_interaction}}", "whatsapp_phone": "",
        "custom_fields": {"phone": "{{phone}}", "email": "null", "dob": "", "address": "{{address}}", "deal_note": null},
    }));
    let [read] = read(&body).try_into().unwrap();
    assert_eq!((read.name.as_deref(), read.gender, read.updated_at), (Some("Thảo"), None, None));
    assert!(read.phones.is_empty() && read.emails.is_empty() && read.addresses.is_empty());
    assert_eq!((read.note, read.birth_date), (None, None));
    for id in ["{{user_id}}", "null", "", "{{id}}"] {
        let delivery = take(&hooks(), full(json!({ "id": id })).to_string().as_bytes()).unwrap();
        assert!(delivery.events.is_empty() && delivery.rejected.is_empty(), "{id}: {delivery:?}");
    }
}

#[test]
fn custom_fields_come_as_an_object_a_list_or_nothing() {
    let of = |fields: Value| read(&full(json!({ "custom_fields": fields }))).remove(0);
    let list = json!([
        {"id": 1, "name": " Phone ", "type": "text", "value": "0912 345 101"},
        {"id": "2", "name": "DOB", "type": "text", "value": "20/08/1995"},
        {"name": "deal_note", "value": ["hỏi giá", 7, null]}, "x", null, {"id": {}, "name": 5},
    ]);
    let object = json!({" Phone ": "0912 345 101", "DOB": "20/08/1995", "deal_note": ["hỏi giá", 7, null]});
    assert_eq!(of(list), of(object.clone()));
    let read = of(object);
    assert_eq!(read.note.as_deref(), Some("hỏi giá, 7"));
    assert_eq!(read.birth_date.unwrap().to_string(), "1995-08-20");
    for none in [json!([]), json!({}), json!(null), json!(""), json!("x"), json!(7), json!([[]])] {
        let read = of(none.clone());
        assert!(read.phones.is_empty() && read.note.is_none(), "{none}");
    }
    // A field of numbers loses its zero; `true` is a text of its own.
    let read = of(json!({"phone": 912345101, "deal_note": true}));
    assert_eq!((read.phones[0].raw.as_str(), read.note.as_deref()), ("912345101", Some("true")));
}

#[test]
fn the_merchants_field_goes_before_what_manychat_keeps() {
    let read = |over| read(&full(over)).remove(0);
    let all =
        read(json!({"phone": "+84905000106", "whatsapp_phone": "84905000107", "email": "own@example.test"}));
    let phones: Vec<String> =
        all.phones.iter().filter_map(|phone| phone.e164).map(|e164| e164.to_string()).collect();
    assert_eq!(phones, ["+84912345101", "+84905000106", "+84905000107"]);
    assert_eq!(all.emails.len(), 2);
    assert_eq!(all.emails[0].address.as_deref(), Some("thao.dinh@example.test"));
    // Junk in the field hides no number behind it.
    let ticket = |over: Value| {
        let answer = read_answer(Stream::Tickets, full(over).to_string().as_bytes()).unwrap();
        answer.page.records.into_iter().map(|record| record.id().to_owned()).collect::<Vec<_>>()
    };
    let fields = |phone: &str| json!({"phone": phone, "loai_ticket": "Bảo hành", "ticket_note": "Gọi lại"});
    assert_eq!(
        ticket(json!({"phone": "+84905000106", "custom_fields": fields("không có")})),
        [ticket_id("7300000000000001", "+84905000106")]
    );
    assert!(ticket(json!({"custom_fields": fields("không có")})).is_empty());
}

#[test]
fn somebody_on_whatsapp_without_a_number_is_a_contact_without_a_phone() {
    let body = full(json!({
        "whatsapp_bsuid": "VN.2081905000101123", "whatsapp_phone": null, "custom_fields": {}, "name": "Vy Mẫu",
        "ig_id": 17841400000000000001_u64, "tt_user_id": "905000108",
    }));
    let [read] = read(&body).try_into().unwrap();
    assert!(read.phones.is_empty());
    assert_eq!((read.identity, read.name.as_deref()), (Identity::Person, Some("Vy Mẫu")));
}

#[test]
fn a_later_word_on_instagram_counts() {
    let read = |over| read(&full(over)).remove(0).updated_at.unwrap().to_string();
    let later = json!({"ig_last_interaction": "2026-07-13T00:00:00+07:00"});
    assert!(read(later).starts_with("2026-07-12 17:00"));
    assert!(
        read(json!({"ig_last_interaction": "2026-01-01T00:00:00+07:00"})).starts_with("2026-07-12 3:14:41")
    );
}

#[test]
fn members_of_another_type_cost_themselves_and_no_more() {
    let body = full(json!({
        "id": 7300000000000001_i64, "page_id": 104430000000821_i64, "name": {"a": 1}, "optin_email": "vâng", "tags": {"id": 1},
        "subscribed": 5, "user_refs": {}, "locale": [], "status": null,
    }));
    let [read] = read(&body).try_into().unwrap();
    assert_eq!(
        (read.name.as_deref(), read.created_at),
        (Some("Thảo Đinh"), None),
        "first and last name are left"
    );
    assert_eq!(read.phones.len(), 1);
    for nobody in [json!(7), json!("x"), json!({"contacts": ["x"]}), json!({})] {
        let answer = read_answer(Stream::Customers, nobody.to_string().as_bytes()).unwrap();
        assert_eq!((answer.page.records.len(), answer.page.rejected.len()), (0, 1), "{nobody}");
    }
}

#[test]
fn the_merchant_may_call_the_fields_otherwise() {
    let fields: Fields = r#"{"phone": "Số điện thoại", "ticket_type": ["Loại yêu cầu"], "ticket_note": "Ghi chú", "id": "Mã khách"}"#
        .parse()
        .unwrap();
    let hooks = Webhooks::new([Secret::new(common::SECRET)]).with_fields(fields);
    let body = json!({
        "mã khách": "7300000000000006", "name": "Bình Mẫu", "SỐ ĐIỆN THOẠI ": "0905 000 109", "Loại yêu cầu": "Đổi trả",
        "ghi chú": "Đổi size", "loai_ticket": "bị bỏ qua",
    });
    let delivery = take(&hooks, body.to_string().as_bytes()).unwrap();
    assert_eq!(delivery.events[0].ids, ["7300000000000006"]);
    let Some(Record::Ticket(ticket)) = &delivery.events[1].record else { panic!("{delivery:?}") };
    assert_eq!(
        (&ticket.id, ticket.kind.as_deref()),
        (&ticket_id("7300000000000006", "+84905000109"), Some("Đổi trả"))
    );
}

#[test]
fn what_asks_for_too_little_changes_a_ticket_at_most() {
    let asked = |over: Value| {
        let body = full(json!({ "custom_fields": over }));
        let delivery = take(&hooks(), body.to_string().as_bytes()).unwrap();
        delivery.events.into_iter().find_map(|event| match event.record {
            Some(Record::Ticket(ticket)) => Some(ticket),
            _ => None,
        })
    };
    let bare = asked(json!({"phone": "0912345101", "loai_ticket": "Bảo hành"})).unwrap();
    assert!(bare.incomplete, "without a note it makes no ticket");
    assert!(
        asked(json!({"phone": "0912345101", "ticket_note": "Gọi lại", "ticket_order": "DH-1"})).is_none()
    );
    assert!(asked(json!({"loai_ticket": "Bảo hành", "ticket_note": "Gọi lại"})).is_none(), "no number");
}

#[test]
fn nothing_of_a_person_is_printed() {
    for name in ["external_request_full_contact_data.json", "external_request_custom_body.json"] {
        let body = fixture(name);
        let verified = common::verify(&hooks(), &body).unwrap();
        let shown = format!(
            "{verified:?} {:?} {:?} {:?}",
            take(&hooks(), &body).unwrap(),
            hooks().requests(&verified).unwrap(),
            read_answer(Stream::Tickets, &body).unwrap()
        );
        for secret in [
            "Thảo",
            "Giang",
            "912",
            "345 101",
            "example.test",
            "977000",
            "phố",
            "bảo hành",
            "Bảo hành",
            "size",
            common::SECRET,
        ] {
            assert!(!shown.contains(secret), "{name}: {secret} in {shown}");
        }
    }
}

#[test]
fn a_dynamic_block_takes_no_more_than_the_vendor() {
    let texts = |count| {
        (0..count).fold(DynamicBlock::new(Channel::WhatsApp), |block, at| block.text(format!("{at}")))
    };
    let whole = texts(10).set_field("ticket_order", "T-1").unset_field("ticket_note").remove_tag("mới");
    let json: Value = serde_json::from_str(&whole.to_json().unwrap()).unwrap();
    assert_eq!((&json["version"], &json["content"]["type"]), (&json!("v2"), &json!("whatsapp")));
    assert_eq!(
        json["content"]["actions"][0],
        json!({"action": "set_field_value", "field_name": "ticket_order", "value": "T-1"})
    );
    assert_eq!(json["content"]["actions"][2], json!({"action": "remove_tag", "tag_name": "mới"}));
    assert!(texts(11).to_json().unwrap_err().to_string().contains("10 messages"));
    let tags = (0..6).fold(texts(1), |block, at| block.add_tag(format!("{at}")));
    assert!(tags.to_json().unwrap_err().to_string().contains("5 actions"));
    let quick = (0..12)
        .fold(texts(1), |block, _| block.quick_reply(json!({"type": "flow", "caption": "x", "target": "y"})));
    assert!(quick.to_json().unwrap_err().to_string().contains("11 quick_replies"));
}
