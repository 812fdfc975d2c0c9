//! Written once, found again, refused in time.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{Asked, Fake, Reply, builder, contact, data, done, own_fields, refused};
use pos_core::connector::{CustomerPush, PushOutcome};
use pos_core::record::{Address, Gender};
use pos_core::{Connector, ErrorKind, Retry};
use pos_manychat::{Import, ManyChat, ManyChatBuilder};
use serde_json::{Value, json};
use time::macros::date;

const FIND: &str = "GET /fb/subscriber/findBySystemField";
const MIRROR: &str = "GET /fb/subscriber/findByCustomField";
const CREATE: &str = "POST /fb/subscriber/createSubscriber";
const UPDATE: &str = "POST /fb/subscriber/updateSubscriber";
const SET: &str = "POST /fb/subscriber/setCustomFields";
const READ: &str = "GET /fb/subscriber/getInfo";
const FIELDS: &str = "GET /fb/page/getCustomFields";

fn push() -> CustomerPush {
    CustomerPush {
        reference: "crm-7".into(),
        name: Some("Phan Gia Mẫu".into()),
        phones: vec!["0912 345 101".into()],
        email: Some("gia.mau@example.test".into()),
        ..CustomerPush::default()
    }
}

/// A page where nobody is found, and everything is taken; `answer` goes before that.
fn vendor(answer: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static) -> Arc<Fake> {
    Fake::new(move |asked, before| {
        answer(asked, before).unwrap_or_else(|| match asked.line().as_str() {
            FIND | MIRROR => data(&json!([])),
            CREATE | READ => data(&contact()),
            FIELDS => data(&own_fields()),
            _ => done(),
        })
    })
}

fn page(fake: &Arc<Fake>, with: impl Fn(ManyChatBuilder) -> ManyChatBuilder) -> ManyChat {
    with(builder()).connection(fake.connection().unpaced()).build().unwrap()
}

fn importing(fake: &Arc<Fake>) -> ManyChat {
    page(fake, |builder| builder.import(Import::Phone))
}

#[tokio::test]
async fn whoever_is_there_is_found_and_not_written_to() {
    let fake = vendor(|asked, _| {
        (asked.line() == FIND).then(|| {
            let mut held = contact();
            held["phone"] = json!("+84912345101");
            data(&held)
        })
    });
    let pushed = importing(&fake).push_customer(&push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("7300000000000001", PushOutcome::Found));
    assert_eq!(fake.lines(), [FIND]);
    assert_eq!(fake.asked()[0].query("phone"), Some("+84912345101"));
}

#[tokio::test]
async fn whoever_is_shown_and_does_not_hold_the_number_is_not_the_one() {
    // A search that is not minded shows somebody else.
    let fake = vendor(|asked, _| {
        (asked.line() == FIND).then(|| {
        data(&json!({"id": "8", "phone": "+84905000199", "email": "other@example.test", "name": "Phan Gia Mẫu"}))
    })
    });
    let error = page(&fake, |builder| builder).push_customer(&push()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(fake.lines(), [FIND, FIND], "by number, then by address");
}

#[tokio::test]
async fn a_new_contact_is_made_where_that_is_allowed_and_gets_the_merchants_fields() {
    let fake = vendor(|_, _| None);
    let whole = CustomerPush {
        gender: Some(Gender::Female),
        birth_date: Some(date!(1990 - 01 - 02)),
        note: Some("Tạo từ CRM".into()),
        address: Some(Address {
            street: Some("Số 9 phố Mẫu".into()),
            province: Some("Hà Nội".into()),
            ..Address::default()
        }),
        ..push()
    };
    let pushed = importing(&fake).push_customer(&whole).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("7300000000000001", PushOutcome::Created));
    assert_eq!(fake.lines(), [FIND, FIND, CREATE, FIELDS, SET, READ]);
    let made = json!({
        "first_name": "Phan Gia", "last_name": "Mẫu", "phone": "+84912345101", "email": "gia.mau@example.test", "gender": "female",
        "has_opt_in_sms": false, "has_opt_in_email": false,
    });
    assert_eq!(fake.last(CREATE).json(), made, "nobody is said to have agreed who was not asked");
    let set = json!({"subscriber_id": 7300000000000001_i64, "fields": [
        {"field_id": 14, "field_value": "gia.mau@example.test"},
        {"field_id": 12, "field_value": "1990-01-02"},
        {"field_id": 16, "field_value": "Số 9 phố Mẫu, Hà Nội"},
        {"field_id": 15, "field_value": "Tạo từ CRM"},
    ]});
    assert_eq!(fake.last(SET).json(), set, "the number is there already, in another writing");
    let consenting =
        page(&fake, |builder| builder.import(Import::Phone).consent_phrase(" Đồng ý  nhận tin "));
    consenting.push_customer(&push()).await.unwrap();
    let made = fake.last(CREATE).json();
    assert_eq!(
        (&made["has_opt_in_sms"], &made["has_opt_in_email"], &made["consent_phrase"]),
        (&json!(true), &json!(true), &json!("Đồng ý nhận tin"))
    );
}

#[tokio::test]
async fn who_is_not_imported_is_refused_in_time() {
    let fake = vendor(|_, _| None);
    let off = page(&fake, |builder| builder);
    let error = off.push_customer(&push()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unsupported, Retry::Never));
    assert!(fake.lines().iter().all(|line| line == FIND), "looked for, and nothing was written");
    let nobody = CustomerPush { phones: vec!["không có".into()], email: None, ..push() };
    let asked = fake.asked().len();
    assert_eq!(importing(&fake).push_customer(&nobody).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let blank = CustomerPush { reference: " ".into(), ..push() };
    assert_eq!(importing(&fake).push_customer(&blank).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(fake.asked().len(), asked, "nothing was sent");
    let by_mail = CustomerPush { phones: Vec::new(), ..push() };
    let whatsapp = page(&fake, |builder| builder.import(Import::Whatsapp));
    assert_eq!(whatsapp.push_customer(&by_mail).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(importing(&fake).push_customer(&by_mail).await.unwrap().outcome, PushOutcome::Created);
    assert_eq!(fake.last(CREATE).json()["phone"], Value::Null);
}

#[tokio::test]
async fn an_account_that_may_not_import_says_so() {
    let fake = vendor(|asked, _| {
        (asked.line() == CREATE).then(|| refused("phone", "Permission denied to import phone"))
    });
    let error = importing(&fake).push_customer(&push()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Forbidden, Retry::Never));
    assert!(error.to_string().contains("support"), "{error}");
    assert_eq!(fake.lines(), [FIND, FIND, CREATE]);
}

#[tokio::test]
async fn a_contact_of_whatsapp_is_made_findable() {
    let fake = vendor(|_, _| None);
    let page = page(&fake, |builder| builder.import(Import::Whatsapp).mirror_field(21));
    page.push_customer(&push()).await.unwrap();
    assert_eq!(fake.lines(), [FIND, MIRROR, MIRROR, FIND, CREATE, FIELDS, UPDATE, SET, READ]);
    let forms: Vec<Option<String>> = fake
        .asked()
        .iter()
        .filter(|asked| asked.line() == MIRROR)
        .map(|asked| asked.query("field_value").map(str::to_owned))
        .collect();
    assert_eq!(forms, [Some("84912345101".to_owned()), Some("+84912345101".to_owned())]);
    let made = json!({"first_name": "Phan Gia", "last_name": "Mẫu", "whatsapp_phone": "84912345101"});
    assert_eq!(fake.last(CREATE).json(), made);
    let findable =
        json!({"subscriber_id": 7300000000000001_i64, "phone": "+84912345101", "has_opt_in_sms": false});
    assert_eq!(fake.last(UPDATE).json(), findable);
    let fields = fake.last(SET).json();
    assert!(
        fields["fields"].as_array().unwrap().contains(&json!({"field_id": 21, "field_value": "84912345101"})),
        "{fields}"
    );
}

#[tokio::test]
async fn who_is_there_already_is_looked_for_and_a_hidden_one_is_a_conflict() {
    let taken = || refused("wa_id", "This WhatsApp ID already exists: 84912345101");
    let fake = vendor(move |asked, _| (asked.line() == CREATE).then(taken));
    let whatsapp = |fake| page(fake, |builder| builder.import(Import::Whatsapp).mirror_field(21));
    let error = whatsapp(&fake).push_customer(&push()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Never));
    assert!(error.to_string().contains("mirrors") && !error.to_string().contains("912345101"), "{error}");
    assert_eq!(error.fields()["wa_id"].len(), 1);
    // The same where the mirror shows it by then.
    let mirrored = json!([{"id": "9", "whatsapp_phone": null, "custom_fields": [{"id": 21, "name": "wa", "value": "84912345101"}]}]);
    let fake = vendor(move |asked, before| match (asked.line().as_str(), before) {
        (CREATE, _) => Some(taken()),
        (MIRROR, 2..) => Some(data(&mirrored)),
        _ => None,
    });
    let pushed = whatsapp(&fake).push_customer(&push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("9", PushOutcome::Found));
    assert!(!fake.lines().contains(&SET.to_owned()), "somebody else's is not written to");
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_before_it_is_tried_again() {
    let fake = vendor(|asked, before| match (asked.line().as_str(), before) {
        (CREATE, _) => Some(Reply::Broken),
        (FIND, 2..) => Some(data(&json!({"id": "7300000000000001", "phone": "+84912345101"}))),
        _ => None,
    });
    let pushed = importing(&fake).push_customer(&push()).await.unwrap();
    assert_eq!((pushed.id.as_str(), pushed.outcome), ("7300000000000001", PushOutcome::Created));
    assert_eq!(fake.lines().iter().filter(|line| *line == CREATE).count(), 1);
    let fake = vendor(|asked, _| (asked.line() == CREATE).then_some(Reply::Broken));
    let error = importing(&fake).push_customer(&push()).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Backoff, "nobody knows: try again later");
}

#[tokio::test]
async fn of_several_holders_the_one_that_agrees_is_found() {
    let holder = |id: &str, name: &str| json!({"id": id, "name": name, "custom_fields": [{"id": 21, "name": "wa", "value": "+84912345101"}]});
    for (names, found) in [
        (["Phan Gia Mẫu", "Lê Mẫu"], Some("8")),
        (["Trần Mẫu", "Lê Mẫu"], None),
        (["Phan Gia Mẫu", "phan gia mẫu"], None),
    ] {
        let rows = json!([holder("8", names[0]), holder("9", names[1])]);
        let fake = vendor(move |asked, _| (asked.line() == MIRROR).then(|| data(&rows)));
        let pushed = page(&fake, |builder| builder.mirror_field(21)).push_customer(&push()).await;
        match found {
            Some(id) => assert_eq!(pushed.unwrap().id, id),
            None => {
                let error = pushed.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Conflict);
                assert!(error.to_string().contains("8, 9"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_change_writes_what_differs_and_nothing_else() {
    let known = CustomerPush { vendor_id: Some("7300000000000001".into()), ..push() };
    let fake = vendor(|_, _| None);
    let page = page(&fake, |builder| builder);
    let pushed = page.push_customer(&known).await.unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Updated);
    assert_eq!(fake.lines(), [READ, FIELDS, UPDATE, SET, READ]);
    let name = json!({"subscriber_id": 7300000000000001_i64, "first_name": "Phan Gia", "last_name": "Mẫu"});
    assert_eq!(fake.last(UPDATE).json(), name);
    let set = json!([{"field_id": 14, "field_value": "gia.mau@example.test"}]);
    assert_eq!(fake.last(SET).json()["fields"], set);
    // What is there already is not written, and blanks erase nothing.
    let same = CustomerPush {
        name: Some("Thảo Đinh".into()),
        email: None,
        birth_date: Some(date!(1995 - 08 - 20)),
        gender: Some(Gender::Female),
        ..known.clone()
    };
    let before = fake.asked().len();
    assert_eq!(page.push_customer(&same).await.unwrap().outcome, PushOutcome::Found);
    assert_eq!(fake.lines()[before..], [READ]);
    // One word is not written over two, and a field that the page does not have takes nothing.
    let less = CustomerPush { name: Some("Thảo".into()), note: Some("mới".into()), email: None, ..known };
    let bare = vendor(|asked, _| (asked.line() == FIELDS).then(|| data(&json!([]))));
    let pushed = builder()
        .connection(bare.connection().unpaced())
        .build()
        .unwrap()
        .push_customer(&less)
        .await
        .unwrap();
    assert_eq!(
        (pushed.outcome, bare.lines()),
        (PushOutcome::Found, vec![READ.to_owned(), FIELDS.to_owned()])
    );
}

#[tokio::test]
async fn a_birthday_is_written_as_its_field_takes_it() {
    for (kind, written) in [
        ("date", json!("1990-01-02")),
        ("datetime", json!("1990-01-02T00:00:00+07:00")),
        ("text", json!("02/01/1990")),
        ("number", Value::Null),
    ] {
        let fields = json!([{"id": 12, "name": "DOB", "type": kind}]);
        let fake = vendor(move |asked, _| (asked.line() == FIELDS).then(|| data(&fields)));
        let change = CustomerPush {
            reference: "crm-7".into(),
            vendor_id: Some("7300000000000001".into()),
            birth_date: Some(date!(1990 - 01 - 02)),
            ..CustomerPush::default()
        };
        page(&fake, |builder| builder).push_customer(&change).await.unwrap();
        let sent = fake.asked().into_iter().find(|asked| asked.line() == SET);
        let value = sent.map(|asked| asked.json()["fields"][0]["field_value"].clone()).unwrap_or_default();
        assert_eq!(value, written, "{kind}");
    }
}
