//! What is written by request.

use serde_json::{Map, Value};

use super::answer::{data, done};
use super::{Contact, Field, Inner, State, render};
use crate::server::{Answer, digits, text};

/// The most fields of one request.
const MOST: usize = 20;

/// Carries out a write; `None` where there is no such endpoint.
pub(super) fn written(
    inner: &Inner,
    state: &mut State,
    area: &str,
    what: &str,
    sent: &Map<String, Value>,
) -> Option<Answer> {
    Some(match (area, what) {
        ("page", "createTag") => {
            let name = text(sent, "name");
            if name.is_empty() {
                return Some(inner.invalid("name", "Name is required"));
            }
            let id = state.tags.keys().next_back().map_or(1, |last| last + 1);
            if !state.tags.values().any(|known| known == name) {
                state.tags.insert(id, name.to_owned());
            }
            let id = state.tags.iter().find(|(_, known)| *known == name).map(|(id, _)| *id);
            data(&serde_json::json!({ "tag": { "id": id, "name": name } }))
        }
        ("subscriber", "createSubscriber") => create(inner, state, sent),
        ("subscriber", "updateSubscriber") => {
            with_contact(inner, state, sent, |contact, _| update(inner, contact, sent))
        }
        ("subscriber", "setCustomField" | "setCustomFieldByName") => {
            with_contact(inner, state, sent, |contact, _| set(inner, contact, sent))
        }
        ("subscriber", "setCustomFields") => with_contact(inner, state, sent, |contact, _| {
            let fields = sent.get("fields").and_then(Value::as_array);
            let Some(fields) = fields.filter(|fields| !fields.is_empty() && fields.len() <= MOST) else {
                return Err(inner.invalid("fields", "Fields must have from 1 to 20 items"));
            };
            // All of them are good, or none is set.
            let mut changed = contact.clone();
            for field in fields {
                let Some(field) = field.as_object() else {
                    return Err(inner.invalid("fields", "Field is not valid"));
                };
                set(inner, &mut changed, field)?;
            }
            *contact = changed;
            Ok(())
        }),
        ("subscriber", "addTag" | "addTagByName" | "removeTag" | "removeTagByName") => {
            with_contact(inner, state, sent, |contact, tags| {
                let name = text(sent, "tag_name");
                let by_name = || tags.iter().find(|(_, known)| *known == name).map(|(id, _)| *id);
                let id = sent
                    .get("tag_id")
                    .and_then(Value::as_i64)
                    .filter(|id| tags.contains_key(id))
                    .or_else(by_name);
                let Some(id) = id else {
                    return Err(inner.invalid("tag_name", "Tag with same name must exist"));
                };
                if what.starts_with("add") {
                    contact.tags.insert(id)
                } else {
                    contact.tags.remove(&id)
                };
                Ok(())
            })
        }
        _ => return None,
    })
}

type Tags = std::collections::BTreeMap<i64, String>;

/// Does something to the contact that is named.
fn with_contact(
    inner: &Inner,
    state: &mut State,
    sent: &Map<String, Value>,
    change: impl FnOnce(&mut Contact, &Tags) -> Result<(), Answer>,
) -> Answer {
    let State { contacts, tags, .. } = state;
    // A number, as it is documented.
    let id = sent.get("subscriber_id").and_then(Value::as_i64);
    let Some(contact) = id.and_then(|id| contacts.get_mut(&id)) else { return inner.nobody() };
    change(contact, tags).map_or_else(|refusal| refusal, |()| done())
}

/// Sets one field, which must be there and of that type.
fn set(inner: &Inner, contact: &mut Contact, sent: &Map<String, Value>) -> Result<(), Answer> {
    let by_id = |id: i64| render::FIELDS.into_iter().find(|field| field.id == id);
    let field = match sent.get("field_id").and_then(Value::as_i64) {
        Some(id) => by_id(id),
        None => render::field(text(sent, "field_name")),
    };
    let Some(field) = field else { return Err(inner.invalid("field_id", "Field not found")) };
    let value = sent.get("field_value").cloned().unwrap_or_default();
    if !fits(inner, field, &value) {
        return Err(inner.invalid("field_value", "Value is not valid for this type of field"));
    }
    contact.fields.insert(field.id, value);
    Ok(())
}

fn fits(inner: &Inner, field: Field, value: &Value) -> bool {
    match (render::kind_of(field, &inner.options), value) {
        ("text", Value::String(_)) | ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => true,
        ("date", Value::String(text)) => {
            let parts: Vec<usize> = text.split('-').map(str::len).collect();
            parts == [4, 2, 2] && digits(text).len() == 8
        }
        _ => false,
    }
}

/// A number with the country's code, with or without a plus; the zero before it is none.
fn dialled(number: &str) -> Option<String> {
    let bare = number.strip_prefix('+').unwrap_or(number);
    let is_number = (8..=15).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !bare.starts_with('0') && !bare.starts_with("840")).then(|| bare.to_owned())
}

/// What of a person a write sets, or why not.
fn update(inner: &Inner, contact: &mut Contact, sent: &Map<String, Value>) -> Result<(), Answer> {
    let json = &mut contact.json;
    for name in ["first_name", "last_name", "gender"] {
        if let Some(value) = sent.get(name) {
            json.insert(name.into(), value.clone());
        }
    }
    render::join_name(json);
    for (name, agreed, optin) in
        [("phone", "has_opt_in_sms", "optin_phone"), ("email", "has_opt_in_email", "optin_email")]
    {
        let value = text(sent, name);
        if value.is_empty() {
            continue;
        }
        let Some(agreed) = sent.get(agreed).and_then(Value::as_bool) else {
            return Err(inner.invalid(agreed, "Opt-in is required"));
        };
        if name == "phone" && agreed && text(sent, "consent_phrase").is_empty() {
            return Err(inner.invalid("consent_phrase", "Consent phrase is required"));
        }
        let value = match (name, dialled(value)) {
            ("phone", None) => return Err(inner.invalid("phone", "Phone is not valid")),
            ("phone", Some(bare)) => format!("+{bare}"),
            _ => value.to_owned(),
        };
        json.insert(name.into(), value.into());
        json.insert(optin.into(), agreed.into());
    }
    Ok(())
}

/// A new contact, where the account may and where there is none with this number.
fn create(inner: &Inner, state: &mut State, sent: &Map<String, Value>) -> Answer {
    let (phone, whatsapp, email) = (text(sent, "phone"), text(sent, "whatsapp_phone"), text(sent, "email"));
    let named = [("phone", phone), ("wa_id", whatsapp), ("email", email)]
        .into_iter()
        .find(|(_, text)| !text.is_empty());
    let Some((member, _)) = named else {
        return inner.invalid("phone", "Phone, WhatsApp phone or email is required");
    };
    if !inner.options.import {
        return inner.invalid(member, &format!("Permission denied to import {member}"));
    }
    let id = state.contacts.keys().next_back().map_or(render::id_of(0), |last| last + 1);
    let now = state.clock.now_ms();
    let mut contact = render::contact(&inner.options.page_id, id, "", now);
    if let Err(refusal) = update(inner, &mut contact, sent) {
        return refusal;
    }
    if !whatsapp.is_empty() {
        let Some(bare) = dialled(whatsapp) else {
            return inner.invalid("wa_id", "This is not a valid WhatsApp number");
        };
        contact.json.insert("whatsapp_phone".into(), bare.into());
        contact.json.insert("optin_whatsapp".into(), true.into());
    }
    // No upsert, and no word of who it is.
    for (name, member, what) in
        [("phone", "phone", "phone"), ("email", "email", "email"), ("whatsapp_phone", "wa_id", "WhatsApp ID")]
    {
        let value = text(&contact.json, name);
        let is_taken =
            !value.is_empty() && state.contacts.values().any(|known| text(&known.json, name) == value);
        if is_taken {
            return inner.invalid(member, &format!("This {what} already exists: {value}"));
        }
    }
    state.contacts.insert(id, contact);
    data(&inner.shown(state, id))
}
