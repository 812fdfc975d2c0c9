//! Every sample reads as the vendor's page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{PAGE, fixture, hooks, take, text, ticket_id, value, verify};
use pos_core::record::{CustomerRecord, Gender, Record, TicketCategory, TicketRecord};
use pos_core::webhook::EventKind;
use pos_core::{ErrorKind, Stream};
use pos_manychat::{
    Channel, DynamicBlock, ExternalReply, TicketDecision, decide, model::FieldWrite, read_answer,
};
use time::macros::{date, datetime};

fn customer(body: &[u8]) -> CustomerRecord {
    let answer = read_answer(Stream::Customers, body).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    let [Record::Customer(record)] = answer.page.records.as_slice() else { panic!("{:?}", answer.page) };
    (**record).clone()
}

fn ticket(body: &[u8]) -> TicketRecord {
    let answer = read_answer(Stream::Tickets, body).unwrap();
    let [Record::Ticket(record)] = answer.page.records.as_slice() else { panic!("{:?}", answer.page) };
    (**record).clone()
}

#[test]
fn what_the_api_answers_is_a_customer() {
    let read = customer(&fixture("api_get_info_response.json"));
    assert_eq!((read.id.as_str(), read.name.as_deref()), ("7300000000000001", Some("Thảo Đinh")));
    assert_eq!(read.phones[0].e164.unwrap().to_string(), "+84912345101");
    assert_eq!((read.phones.len(), read.phones[0].is_key), (1, true));
    assert_eq!((read.gender, read.birth_date), (Some(Gender::Female), Some(date!(1995 - 08 - 20))));
    assert_eq!(read.tags, ["vip"]);
    assert_eq!(read.created_at, Some(datetime!(2026-06-01 2:14:41 UTC)));
    assert_eq!(read.updated_at, Some(datetime!(2026-07-12 3:14:41 UTC)));
    assert_eq!(read.note, None, "the last text that was typed is no note");
}

#[test]
fn full_contact_data_is_the_same_customer_with_the_merchants_fields() {
    let read = customer(&fixture("external_request_full_contact_data.json"));
    assert_eq!(read.emails[0].address.as_deref(), Some("thao.dinh@example.test"));
    assert_eq!(read.addresses[0].text.as_deref(), Some("Số 3 phố Mẫu, Hà Nội"));
    assert!(read.addresses[0].is_default);
    assert_eq!(read.note.as_deref(), Some("Khách hỏi gói năm"));
    assert_eq!(read.birth_date, Some(date!(1995 - 08 - 20)));
    let wrapped = customer(&fixture("external_request_wrapped_contact.json"));
    assert_eq!(wrapped, CustomerRecord { id: "7300000000000004".into(), ..read });
}

#[test]
fn the_documented_shape_has_numbers_for_ids_and_fields_of_other_types() {
    let read = customer(&fixture("external_request_documented_shape.json"));
    assert_eq!((read.id.as_str(), read.name.as_deref()), ("7300000000000002", Some("Subscriber Mẫu")));
    assert!(read.phones.is_empty() && read.emails.is_empty() && read.addresses.is_empty());
    assert_eq!(read.updated_at, Some(datetime!(2018-07-02 0:00 UTC)));
    assert!(
        read_answer(Stream::Tickets, &fixture("external_request_documented_shape.json"))
            .unwrap()
            .page
            .records
            .is_empty()
    );
}

#[test]
fn a_body_made_by_hand_is_read_by_its_own_members() {
    let body = fixture("external_request_custom_body.json");
    let read = customer(&body);
    assert_eq!((read.id.as_str(), read.name.as_deref()), ("7300000000000003", Some("Giang Lưu")));
    assert_eq!(read.phones[0].e164.unwrap().to_string(), "+84977000303");
    assert!(read.emails.is_empty(), "a blank one is none");
    let asked = ticket(&body);
    assert_eq!(asked.id, ticket_id("7300000000000003", "+84977000303"));
    assert_eq!(
        (asked.kind.as_deref(), asked.note.as_deref()),
        (Some("Đổi trả"), Some("Khách muốn đổi size"))
    );
    assert_eq!(
        (asked.description.as_deref(), asked.key.as_deref()),
        (Some("Giày 39 sang 40"), Some("DH-1002"))
    );
    assert_eq!((asked.created_at, asked.updated_at), (None, None), "nothing says when");
}

#[test]
fn the_samples_in_their_order_make_change_and_make_another_ticket() {
    let hooks = hooks();
    let mut known: Vec<TicketRecord> = Vec::new();
    for (name, decision, tickets) in [
        ("external_request_no_ticket.json", "skipped:no_phone", 0),
        ("external_request_full_contact_data.json", "created", 1),
        ("external_request_full_contact_data.json", "unchanged", 1),
        ("external_request_ticket_changed.json", "updated", 1),
        ("external_request_phone_changed.json", "created", 2),
        ("external_request_custom_body.json", "created", 3),
        ("external_request_wrapped_contact.json", "created", 4),
        ("external_request_documented_shape.json", "skipped:no_phone", 4),
    ] {
        let body = fixture(name);
        let verified = verify(&hooks, &body).unwrap();
        let [asked] = hooks.requests(&verified).unwrap().try_into().unwrap_or_else(|_| panic!("{name}"));
        let id = asked.ticket_id();
        let standing = known.iter().find(|ticket| Some(&ticket.id) == id.as_ref());
        assert_eq!(decide(standing, &asked).to_string(), decision, "{name}");
        // The event of the delivery carries the same ticket.
        let delivery = take(&hooks, &body).unwrap();
        let told = delivery.events.iter().find(|event| event.stream == Some(Stream::Tickets));
        let told = told.and_then(|event| match &event.record {
            Some(Record::Ticket(ticket)) => Some(ticket.as_ref().clone()),
            _ => None,
        });
        assert_eq!(told.is_some(), !decision.starts_with("skipped"), "{name}");
        if let Some(told) = told {
            assert_eq!(told.status.category, TicketCategory::Open);
            assert_eq!(told.customer(), asked.contact.as_deref());
            known.retain(|ticket| ticket.id != told.id);
            known.push(told);
        }
        assert_eq!(known.len(), tickets, "{name}");
    }
    let first =
        known.iter().find(|ticket| ticket.id == ticket_id("7300000000000001", "+84912345101")).unwrap();
    assert_eq!(first.description.as_deref(), Some("Máy không lên nguồn, đã thử sạc khác"));
    assert!(
        known.iter().any(|ticket| ticket.id == ticket_id("7300000000000001", "+84987111202")),
        "the old one stays"
    );
}

#[test]
fn a_delivery_tells_the_contact_as_a_hint_and_the_ticket_as_a_fact() {
    let delivery = take(&hooks(), &fixture("external_request_full_contact_data.json")).unwrap();
    assert_eq!(delivery.tenant.as_deref(), Some(PAGE));
    let [person, ticket] = delivery.events.as_slice() else { panic!("{:?}", delivery.events) };
    assert_eq!(
        (person.kind, person.stream, person.refetch),
        (EventKind::Upsert, Some(Stream::Customers), true)
    );
    assert_eq!(person.ids, ["7300000000000001"]);
    assert!(matches!(&person.record, Some(Record::Customer(record)) if record.phones.len() == 1));
    assert_eq!(
        (ticket.kind, ticket.stream, ticket.refetch),
        (EventKind::Upsert, Some(Stream::Tickets), false)
    );
    let Some(Record::Ticket(record)) = &ticket.record else { panic!("{ticket:?}") };
    assert_eq!(ticket.ids, [record.id.as_str()]);
    assert_eq!(record.created_at, Some(datetime!(2026-07-12 3:14:41 UTC)));
    assert_eq!(record.contact.as_ref().unwrap().phones[0].e164.unwrap().to_string(), "+84912345101");
}

#[test]
fn answers_are_written_as_the_samples_have_them() {
    let reply = ExternalReply::of(TicketDecision::Created, Some("T-551".into()));
    assert_eq!(reply.to_json(), text("external_request_reply.json"));
    let block = DynamicBlock::new(Channel::Messenger).text("Đã ghi nhận yêu cầu.").add_tag("da-tao-ticket");
    let written: serde_json::Value = serde_json::from_str(&block.to_json().unwrap()).unwrap();
    assert_eq!(written, value("dynamic_block_reply.json"));
    let fields = [FieldWrite::by_name("crm_ticket_id", "T-551"), FieldWrite::by_id(12, "1995-08-20")];
    assert_eq!(serde_json::to_value(fields).unwrap(), value("api_set_custom_fields_request.json")["fields"]);
}

#[test]
fn other_streams_are_no_streams_of_it() {
    let body = fixture("api_get_info_response.json");
    for stream in Stream::ALL.into_iter().filter(|is| !matches!(is, Stream::Customers | Stream::Tickets)) {
        assert_eq!(read_answer(stream, &body).unwrap_err().kind(), ErrorKind::Unsupported, "{stream}");
    }
}
