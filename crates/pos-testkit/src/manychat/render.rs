//! What a contact looks like: in answers, and in what flows send.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{Contact, Field, SandboxOptions, Shape, State};
use crate::seed::{CustomerRow, PhoneForm};
use crate::server::{instant, object, text};

/// The merchant's fields.
pub(super) const FIELDS: [Field; 11] = [
    Field { id: 11, name: "phone", kind: "text" },
    Field { id: 12, name: "dob", kind: "date" },
    Field { id: 13, name: "email", kind: "text" },
    Field { id: 14, name: "Address ", kind: "text" },
    Field { id: 15, name: "deal_note", kind: "text" },
    Field { id: 16, name: "loai_ticket", kind: "text" },
    Field { id: 17, name: "ticket_description", kind: "text" },
    Field { id: 18, name: "ticket_note", kind: "text" },
    Field { id: 19, name: "ticket_order", kind: "text" },
    Field { id: MIRROR, name: "so_whatsapp", kind: "text" },
    Field { id: 21, name: "crm_ticket_id", kind: "text" },
];

/// The field that a rule of the merchant's fills with the number of WhatsApp.
pub(super) const MIRROR: i64 = 20;

/// A field by its name, whose case does not count.
pub(super) fn field(name: &str) -> Option<Field> {
    FIELDS.into_iter().find(|field| field.name.trim().eq_ignore_ascii_case(name.trim()))
}

/// The kind of a field on this page.
pub(super) fn kind_of(field: Field, options: &SandboxOptions) -> &'static str {
    if field.name == "dob" && options.text_birthdays { "text" } else { field.kind }
}

/// The id of a seeded contact.
pub(super) fn id_of(index: u64) -> i64 {
    7_300_000_000_000_001 + i64::try_from(index).unwrap_or(0)
}

/// An instant as the vendor writes it: with the page's offset.
pub(super) fn stamp(ms: i64) -> Value {
    let format = time::macros::format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory]:[offset_minute]"
    );
    let at: OffsetDateTime = instant(ms);
    at.to_offset(time::macros::offset!(+7)).format(format).map_or(Value::Null, Value::String)
}

/// A birthday as its field holds it.
pub(super) fn birthday((year, month, day): (u16, u8, u8), options: &SandboxOptions) -> Value {
    match options.text_birthdays {
        true => format!("{day:02}/{month:02}/{year:04}").into(),
        false => format!("{year:04}-{month:02}-{day:02}").into(),
    }
}

/// First and last name: the vendor puts them behind one another.
fn set_name(json: &mut Map<String, Value>, name: &str) {
    let words: Vec<&str> = name.split_whitespace().collect();
    let (first, last) = match words.as_slice() {
        [first @ .., last] if !first.is_empty() => (first.join(" "), Some((*last).to_owned())),
        one => (one.concat(), None),
    };
    json.insert("first_name".into(), first.into());
    json.insert("last_name".into(), last.into());
    join_name(json);
}

/// The whole name out of its parts.
pub(super) fn join_name(json: &mut Map<String, Value>) {
    let name = format!("{} {}", text(json, "first_name"), text(json, "last_name"));
    json.insert("name".into(), name.trim().into());
}

/// A contact without anything but a name.
pub(super) fn contact(page: &str, id: i64, name: &str, now: i64) -> Contact {
    let mut json = object(json!({
        "gender": null, "profile_pic": format!("https://pics.example.test/big_{id}.jpg"), "locale": "vi_VN",
        "language": "Vietnamese", "timezone": "UTC+07",
        "live_chat_url": format!("https://manychat.example.test/fb{page}/chat/{id}"), "last_input_text": null,
        "optin_phone": false, "phone": null, "optin_email": false, "email": null, "subscribed": stamp(now),
        "last_interaction": stamp(now), "last_seen": stamp(now), "is_followup_enabled": true, "ig_username": null, "ig_id": null,
        "whatsapp_phone": null, "optin_whatsapp": false, "whatsapp_bsuid": null, "whatsapp_username": null,
    }));
    set_name(&mut json, name);
    Contact { json, fields: BTreeMap::new(), tags: BTreeSet::new() }
}

/// Where a seeded contact came from.
fn place(contact: &mut Contact, row: &CustomerRow) {
    let json = &mut contact.json;
    let digits = row.keys().next();
    match (row.index % 5, digits) {
        // Born on WhatsApp: the number is kept there alone, and what people type is somewhere else.
        (3, Some(digits)) => {
            json.insert("whatsapp_phone".into(), digits.to_string().into());
            json.insert("optin_whatsapp".into(), true.into());
            contact.fields.insert(MIRROR, digits.to_string().into());
        }
        // On WhatsApp without a number.
        (3, None) => {
            let id = format!("VN.{}", 2_081_905_000_000_000 + row.index);
            json.insert("whatsapp_bsuid".into(), id.into());
        }
        (4, _) => {
            json.insert("ig_username".into(), format!("mau.{}", row.index).into());
            json.insert("ig_id".into(), (17_841_400_000_000_000_001 + row.index).into());
        }
        (1, Some(digits)) => {
            json.insert("phone".into(), format!("+{digits}").into());
            json.insert("optin_phone".into(), true.into());
        }
        _ => {}
    }
}

/// Fills the page.
pub(super) fn seed(state: &mut State, options: &SandboxOptions) {
    let shop = options.shop;
    for row in (0..shop.customers).map(|index| shop.customer(index)) {
        let id = id_of(row.index);
        let mut one = contact(&options.page_id, id, row.name().trim(), row.created_ms);
        for member in ["last_interaction", "last_seen"] {
            one.json.insert(member.into(), stamp(row.changed_ms()));
        }
        one.json.insert("gender".into(), row.gender.map(|he| if he { "male" } else { "female" }).into());
        place(&mut one, &row);
        // What the flow asked for; who writes from WhatsApp was not asked.
        let is_asked = row.index % 5 != 3 && row.form != PhoneForm::Blank;
        if let Some(phone) = row.phone().filter(|_| is_asked) {
            one.fields.insert(11, phone.into());
        }
        if let Some(email) = row.email() {
            one.fields.insert(13, email.into());
        }
        if let Some(birth) = row.birth {
            one.fields.insert(12, birthday(birth, options));
        }
        if row.index % 7 == 0 {
            one.tags.insert(5);
        }
        // Asked for something some time ago; without a number it is no ticket.
        if row.index % 6 == 1 {
            let order = format!("DH-{}", 1001 + row.index);
            for (id, text) in
                [(16, "Bảo hành"), (17, "Máy không lên nguồn"), (18, "Gọi lại trước 17h"), (19, &order)]
            {
                one.fields.insert(id, text.into());
            }
        }
        state.contacts.insert(id, one);
    }
}

fn id(number: i64, options: &SandboxOptions) -> Value {
    if options.number_ids { number.into() } else { number.to_string().into() }
}

fn page(options: &SandboxOptions) -> Value {
    let number = options.page_id.parse::<i64>().ok().filter(|_| options.number_ids);
    number.map_or_else(|| options.page_id.as_str().into(), Value::from)
}

/// A contact as the API answers it.
pub(super) fn answered(state: &State, number: i64, contact: &Contact, options: &SandboxOptions) -> Value {
    let mut json = contact.json.clone();
    json.insert("id".into(), number.to_string().into());
    json.insert("page_id".into(), options.page_id.as_str().into());
    json.insert("user_refs".into(), json!([]));
    json.insert("custom_fields".into(), listed(contact, options));
    let tags = contact.tags.iter().filter_map(|id| Some(json!({ "id": id, "name": state.tags.get(id)? })));
    json.insert("tags".into(), tags.collect());
    json.into()
}

/// Every field of the page as the API lists them on a contact.
fn listed(contact: &Contact, options: &SandboxOptions) -> Value {
    let of = |field: Field| {
        let value = contact.fields.get(&field.id);
        json!({ "id": field.id, "name": field.name, "type": kind_of(field, options), "description": "", "value": value })
    };
    FIELDS.into_iter().map(of).collect()
}

/// The variable *Full Contact Data*.
pub(super) fn full(number: i64, contact: &Contact, options: &SandboxOptions) -> Value {
    let mut json = contact.json.clone();
    json.insert("key".into(), format!("user:{number}").into());
    json.insert("id".into(), id(number, options));
    json.insert("page_id".into(), page(options));
    json.insert("user_refs".into(), json!([]));
    json.insert("status".into(), "active".into());
    for member in ["ig_last_interaction", "ig_last_seen", "phone_country_code", "last_growth_tool"] {
        json.insert(member.into(), Value::Null);
    }
    let fields = match (options.listed_fields, contact.fields.is_empty()) {
        (true, _) => listed(contact, options),
        // PHP knows one kind of nothing.
        (false, true) => json!([]),
        (false, false) => {
            let of = |field: Field| {
                (field.name.to_owned(), contact.fields.get(&field.id).cloned().unwrap_or_default())
            };
            Value::Object(FIELDS.into_iter().map(of).collect())
        }
    };
    json.insert("custom_fields".into(), fields);
    json.into()
}

/// What the step of a flow sends for a contact.
pub(super) fn body(shape: Shape, number: i64, contact: &Contact, options: &SandboxOptions) -> Value {
    match shape {
        Shape::Full => full(number, contact, options),
        Shape::Wrapped => json!({ "contact": full(number, contact, options), "request_id": "r-0001" }),
        Shape::Flat => {
            let own = |name: &str| field(name).and_then(|field| contact.fields.get(&field.id)).cloned();
            let kept = |name: &str| contact.json.get(name).cloned().filter(|value| !value.is_null());
            let phone = own("phone").or_else(|| kept("phone")).or_else(|| kept("whatsapp_phone"));
            let members = [
                ("id", Some(number.to_string().into())),
                ("full_name", kept("name")),
                ("phone", phone),
                ("email", own("email").or_else(|| kept("email"))),
                ("ticket_type", own("loai_ticket")),
                ("ticket_note", own("ticket_note")),
                ("ticket_description", own("ticket_description")),
                ("ticket_order", own("ticket_order")),
                ("last_input_text", kept("last_input_text")),
            ];
            let filled = |(name, value): (&str, Option<Value>)| {
                let nothing = match (options.unresolved, options.null_words) {
                    (true, _) => format!("{{{{{name}}}}}"),
                    (false, true) => "null".to_owned(),
                    (false, false) => String::new(),
                };
                (name.to_owned(), value.unwrap_or_else(|| nothing.into()))
            };
            Value::Object(members.into_iter().map(filled).collect())
        }
    }
}
