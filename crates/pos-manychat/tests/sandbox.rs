//! Habits of a page, one at a time, and what the sandbox knows to be true.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use pos_core::connector::{Connector, CustomerPush, PushOutcome};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::{Record, TicketRecord};
use pos_core::webhook::{Delivery, WebhookRequest};
use pos_core::{ErrorKind, Secret, WebhookVerifier};
use pos_manychat::{Fields, Import, ManyChat, ManyChatBuilder, TicketRequest, Webhooks, decide};
use pos_testkit::contract::{Shipment, VendorSandbox};
use pos_testkit::fault::{Fault, Rule};
use pos_testkit::manychat::{Details, Sandbox, SandboxOptions, Shape};

fn small() -> SandboxOptions {
    SandboxOptions::default().with_customers(60).with_seed(5)
}

fn builder(sandbox: &Sandbox) -> ManyChatBuilder {
    let retry = RetryPolicy { first_wait: Duration::from_millis(5), attempts: 2, ..RetryPolicy::default() };
    let connection =
        Connection { retry: Some(retry), limits: Some(Vec::new()), ..Connection::to(sandbox.base_url()) };
    ManyChat::builder()
        .page_id(sandbox.page_id())
        .api_key(sandbox.api_key())
        .webhook_secret(sandbox.webhook_secret())
        .connection(connection)
}

async fn start(options: SandboxOptions) -> (Sandbox, ManyChat) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let page = builder(&sandbox).build().unwrap();
    (sandbox, page)
}

fn heard(sandbox: &Sandbox, hooks: &Webhooks, shipment: &Shipment) -> (Delivery, Vec<TicketRequest>) {
    let request = WebhookRequest::new(&shipment.headers, &shipment.body, sandbox.now());
    let verified = hooks.verify(&request).unwrap();
    (hooks.parse(&verified).unwrap(), hooks.requests(&verified).unwrap())
}

fn ticket(delivery: &Delivery) -> Option<TicketRecord> {
    delivery.events.iter().find_map(|event| match &event.record {
        Some(Record::Ticket(ticket)) => Some((**ticket).clone()),
        _ => None,
    })
}

#[tokio::test]
async fn what_a_flow_sends_and_what_the_api_answers_are_one_customer() {
    for options in [small(), small().unkind(), small().with_shape(Shape::Wrapped).with_number_ids(true)] {
        let (sandbox, page) = start(options).await;
        let truth = sandbox.truth();
        for told in &truth.customers {
            let read = page.get_customer(&told.id).await.unwrap();
            let (delivery, _) =
                heard(&sandbox, page.webhooks(), &sandbox.run_flow(told.id.parse().unwrap()).unwrap());
            let Some(Record::Customer(sent)) = &delivery.events[0].record else { panic!("{delivery:?}") };
            // Tags are told by the API alone.
            let mut expected = read.clone();
            expected.tags.clear();
            assert!(**sent == expected, "{}", told.id);
            assert_eq!(read.raw_name, told.name, "{}", told.id);
            let index = told.id.parse::<u64>().unwrap() - 7_300_000_000_000_001;
            let seeded = sandbox.shop().customer(index);
            let birth = seeded.birth.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
            assert_eq!(read.birth_date.map(|date| date.to_string()), birth, "{}", told.id);
            let numbers = read.phones.iter().filter_map(|phone| phone.e164).map(|number| number.to_string());
            for number in numbers {
                assert!(seeded.keys().any(|key| format!("+{key}") == number), "{}: {number}", told.id);
            }
        }
    }
}

#[tokio::test]
async fn a_ticket_is_made_changed_and_made_anew_as_the_contact_says() {
    for shape in [Shape::Full, Shape::Wrapped, Shape::Flat] {
        let options = small().with_shape(shape).with_unresolved_variables(true).with_kept_deliveries(true);
        let (sandbox, page) = start(options).await;
        let contact = sandbox.add_contact("Vy Mẫu", "0912 000 777");
        let mut known: BTreeMap<String, TicketRecord> = BTreeMap::new();
        sandbox.deliveries();
        let mut told = Vec::new();
        let mut hear = || {
            for shipment in sandbox.deliveries() {
                let (delivery, asked) = heard(&sandbox, page.webhooks(), &shipment);
                let standing = asked[0].ticket_id().and_then(|id| known.get(&id).cloned());
                told.push(decide(standing.as_ref(), &asked[0]).to_string());
                if let Some(ticket) =
                    ticket(&delivery).filter(|ticket| standing.is_some() || !ticket.incomplete)
                {
                    known.insert(ticket.id.clone(), ticket);
                }
            }
            known.len()
        };
        sandbox.write(contact, "Cho mình hỏi");
        assert_eq!(hear(), 0);
        sandbox.ask(contact, "Bảo hành", "Máy không lên nguồn", "");
        assert_eq!(hear(), 0, "no note");
        sandbox.ask(contact, "Bảo hành", "Máy không lên nguồn", "Gọi lại");
        sandbox.ask(contact, "Bảo hành", "Máy không lên nguồn", "Gọi lại sau");
        sandbox.ask(contact, "Bảo hành", "Đã thử sạc khác", "Gọi lại sau");
        assert_eq!(hear(), 1);
        sandbox.type_phone(contact, "0987 000 778");
        assert_eq!(hear(), 2);
        let expected = ["skipped:no_type", "skipped:no_note", "created", "unchanged", "updated", "created"];
        assert_eq!(told, expected, "{shape:?}");
        let truth: Vec<_> =
            sandbox.tickets().into_iter().filter(|ticket| ticket.contact == contact.to_string()).collect();
        assert_eq!((truth.len(), truth[0].description.as_deref()), (1, Some("Đã thử sạc khác")));
    }
}

#[tokio::test]
async fn a_flow_that_runs_twice_makes_no_second_ticket_and_is_one_delivery() {
    let (sandbox, page) = start(small().with_doubled_flows(true).with_kept_deliveries(true)).await;
    let contact = sandbox.contacts()[0];
    sandbox.type_phone(contact, "0912 000 777");
    sandbox.ask(contact, "Bảo hành", "Máy không lên nguồn", "Gọi lại");
    let sent = sandbox.deliveries();
    assert_eq!(sent.len(), 4);
    let read: Vec<_> = sent.iter().map(|shipment| heard(&sandbox, page.webhooks(), shipment).0).collect();
    assert_eq!((&read[0].id, &read[2].id), (&read[1].id, &read[3].id));
    assert_ne!(read[0].id, read[2].id);
    assert_eq!(ticket(&read[2]).unwrap().id, ticket(&read[3]).unwrap().id);
}

#[tokio::test]
async fn a_contact_of_whatsapp_is_found_by_its_mirror_alone() {
    let (sandbox, page) = start(small().with_import(true)).await;
    // The fourth of five was born there.
    let id = (0..60)
        .map(|index| sandbox.id(index))
        .find(|id| !sandbox.row(*id).unwrap()["whatsapp_phone"].is_null())
        .unwrap();
    let number = format!("+{}", sandbox.row(id).unwrap()["whatsapp_phone"].as_str().unwrap());
    assert!(page.client().find_by_phone(&number).await.unwrap().is_none(), "it is searched elsewhere");
    let push = CustomerPush { reference: "crm-1".into(), phones: vec![number], ..CustomerPush::default() };
    let plain = builder(&sandbox).import(Import::Whatsapp).build().unwrap();
    let error = plain.push_customer(&push).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let mirrored =
        builder(&sandbox).import(Import::Whatsapp).mirror_field(sandbox.mirror_field()).build().unwrap();
    let pushed = mirrored.push_customer(&push).await.unwrap();
    assert_eq!((pushed.id, pushed.outcome), (id.to_string(), PushOutcome::Found));
}

#[tokio::test]
async fn somebody_new_on_whatsapp_can_be_found_afterwards_in_both_ways() {
    let (sandbox, _) = start(small().with_import(true)).await;
    let page =
        builder(&sandbox).import(Import::Whatsapp).mirror_field(sandbox.mirror_field()).build().unwrap();
    let push = sandbox.customer_push("crm-2");
    let made = page.push_customer(&push).await.unwrap();
    assert_eq!(made.outcome, PushOutcome::Created);
    let read = page.client().subscriber(made.id.parse().unwrap()).await.unwrap();
    let phone = read.phone.clone().unwrap();
    assert_eq!(read.whatsapp_phone.as_deref(), phone.strip_prefix('+'));
    assert_eq!(page.client().find_by_phone(&phone).await.unwrap().unwrap().id, read.id);
    let mirrored = page
        .client()
        .find_by_custom_field(sandbox.mirror_field(), phone.trim_start_matches('+'))
        .await
        .unwrap();
    assert_eq!(mirrored[0].id, read.id);
    assert_eq!(read.says(&Fields::default().deal_note).as_deref(), Some("Tạo từ CRM"));
    // Half of it was lost: the contact is there, and the second try finds it.
    for path in ["updateSubscriber", "setCustomFields"] {
        let push = sandbox.customer_push(path);
        let rule = Rule::new(Fault::Status(503)).on("POST", &format!("/fb/subscriber/{path}")).times(2);
        sandbox.faults().add(rule);
        let error = page.push_customer(&push).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let again = page.push_customer(&push).await;
        match (path, again) {
            // Made findable by then.
            ("setCustomFields", again) => assert_eq!(again.unwrap().outcome, PushOutcome::Found),
            // Nobody finds it before it writes: told, and not made twice.
            (_, again) => assert_eq!(again.unwrap_err().kind(), ErrorKind::Conflict),
        }
    }
}

#[tokio::test]
async fn an_account_without_imports_says_so_in_every_shape_of_details() {
    for details in [Details::ByField, Details::List, Details::Text] {
        let (sandbox, _) = start(small().with_details(details)).await;
        let page = builder(&sandbox).import(Import::Phone).build().unwrap();
        let before = sandbox.contacts().len();
        let error = page.push_customer(&sandbox.customer_push("crm-3")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{details:?}: {error}");
        assert!(error.vendor_message().unwrap().contains("Permission denied to import phone"));
        assert_eq!(sandbox.contacts().len(), before);
        let error = page.get_customer("7399999999999999").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{details:?}: {error}");
    }
}

#[tokio::test]
async fn a_key_of_another_form_is_told_apart_from_one_that_ended() {
    let (sandbox, page) = start(small()).await;
    let words = |error: &pos_core::Error| error.vendor_message().unwrap_or_default().to_owned();
    let other = builder(&sandbox).api_key("sandboxManyChatKey").build().unwrap();
    let error = other.check().await.unwrap_err();
    assert_eq!((error.kind(), words(&error).as_str()), (ErrorKind::Auth, "Wrong format token"));
    sandbox.revoke_credentials();
    let error = page.check().await.unwrap_err();
    assert_eq!((error.kind(), words(&error).as_str()), (ErrorKind::Auth, "Wrong token"));
    let pasted = builder(&sandbox).api_key(format!(" Bearer {} ", sandbox.api_key())).build().unwrap();
    assert_eq!(pasted.check().await.unwrap().name, "Gốm Việt");
}

#[tokio::test]
async fn our_pace_meets_no_limit_of_the_vendor() {
    let (sandbox, _) = start(small().with_documented_limits(true)).await;
    let page = ManyChat::builder()
        .page_id(sandbox.page_id())
        .api_key(sandbox.api_key())
        .connection(Connection::to(sandbox.base_url()))
        .build()
        .unwrap();
    for id in sandbox.contacts().into_iter().take(20) {
        page.get_customer(&id.to_string()).await.unwrap();
    }
    assert_eq!(sandbox.request_count(), 20, "nothing was asked twice");
    let hasty = builder(&sandbox).build().unwrap();
    let mut refused = 0;
    for id in sandbox.contacts().into_iter().take(12) {
        refused += u32::from(
            hasty.client().subscriber(id).await.is_err_and(|error| error.kind() == ErrorKind::RateLimited),
        );
    }
    let asked = sandbox.requests().iter().filter(|request| request.status == 429).count();
    assert!(asked > 0, "who minds no limit meets it ({refused} refused for good)");
}

#[tokio::test]
async fn birthdays_are_written_as_the_field_takes_them() {
    for is_text in [false, true] {
        let (sandbox, page) = start(small().with_text_birthdays(is_text)).await;
        let contact = sandbox.contacts()[0];
        let push = CustomerPush {
            reference: "crm-4".into(),
            vendor_id: Some(contact.to_string()),
            birth_date: Some(time::macros::date!(1991 - 02 - 03)),
            note: Some("Khách quen".into()),
            address: Some(pos_core::record::Address {
                text: Some("Số 3 phố Mẫu".into()),
                ..Default::default()
            }),
            ..CustomerPush::default()
        };
        let pushed = page.push_customer(&push).await.unwrap();
        assert_eq!(pushed.outcome, PushOutcome::Updated);
        let read = page.get_customer(&contact.to_string()).await.unwrap();
        assert_eq!(read.birth_date, push.birth_date);
        assert_eq!(read.note.as_deref(), Some("Khách quen"));
        assert_eq!(
            read.addresses[0].text.as_deref(),
            Some("Số 3 phố Mẫu"),
            "the caption has a blank at its end"
        );
        let written = if is_text { "03/02/1991" } else { "1991-02-03" };
        assert_eq!(sandbox.field(contact, "dob").unwrap(), written);
        assert_eq!(
            page.push_customer(&push).await.unwrap().outcome,
            PushOutcome::Found,
            "the same again writes nothing"
        );
    }
}

#[tokio::test]
async fn a_ticket_number_is_written_back_for_the_flow() {
    let (sandbox, page) = start(small()).await;
    let contact = sandbox.contacts()[0];
    page.client().set_custom_field_by_name(contact, "CRM_TICKET_ID", "T-551").await.unwrap();
    assert_eq!(sandbox.field(contact, "crm_ticket_id").unwrap(), "T-551");
    let error = page.client().set_custom_field_by_name(contact, "none", "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = page.client().add_tag_by_name(contact, "mới").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "a tag has to be there");
    page.client().create_tag("mới").await.unwrap();
    page.client().add_tag_by_name(contact, "mới").await.unwrap();
    assert!(page.get_customer(&contact.to_string()).await.unwrap().tags.contains(&"mới".to_owned()));
}

#[tokio::test]
async fn what_flows_send_is_proven_by_the_header_that_the_host_chose() {
    let mut options = small();
    options.webhook_header = "X-ManyChat-Token".into();
    let (sandbox, _) = start(options).await;
    let hooks =
        Webhooks::default().with_header("x-manychat-token", Secret::new(sandbox.webhook_secret())).unwrap();
    let shipment = sandbox.run_flow(sandbox.contacts()[0]).unwrap();
    assert_eq!(heard(&sandbox, &hooks, &shipment).0.events[0].ids, [sandbox.contacts()[0].to_string()]);
    let bare = sandbox.unsigned(&shipment);
    assert!(hooks.verify(&WebhookRequest::new(&bare.headers, &bare.body, sandbox.now())).is_err());
}
