//! The endpoints, and who may use them.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{data, invalid, told};
use super::{Contact, Inner, State, render, write};
use crate::server::{Answer, Asked, Query, text};

/// The most rows of a search.
const MOST: usize = 100;

impl State {
    /// Counts a request; answers false where it is one too many in a second.
    fn takes(&mut self, path: &[&str]) -> bool {
        let second = Duration::from_secs(1);
        match path {
            ["fb", "page", what] if what.starts_with("get") => self.spent.page.takes(100, second),
            ["fb", "subscriber", "findBySystemField"] => self.spent.search.takes(50, second),
            _ => self.spent.other.takes(10, second),
        }
    }
}

impl Inner {
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        let mut state = self.state();
        let segments = asked.segments();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        if self.options.limits && !state.takes(&parts) {
            return told(429, "Too many requests");
        }
        let key = asked.bearer().unwrap_or_default();
        let is_formed = key.split_once(':').is_some_and(|(digits, secret)| {
            !secret.is_empty() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        if !is_formed {
            return told(401, "Wrong format token");
        }
        if key != state.key {
            return told(401, "Wrong token");
        }
        let query = Query::parse(&asked.query);
        let ["fb", area, what] = parts[..] else { return Answer::page(404) };
        match (asked.method.as_str(), area, what) {
            ("GET", "page", "getInfo") => data(&json!({
                "id": self.options.page_id.parse::<i64>().unwrap_or_default(), "name": "Gốm Việt", "category": "Shopping & Retail",
                "avatar_link": "https://pics.example.test/page.jpg", "username": "gomviet", "about": "", "description": "",
                "is_pro": true, "timezone": "Asia/Ho_Chi_Minh",
            })),
            ("GET", "page", "getTags") => {
                data(&state.tags.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect())
            }
            ("GET", "page", "getCustomFields") => data(
                &render::FIELDS
                    .into_iter()
                    .map(|field| {
                        let kind = render::kind_of(field, &self.options);
                        json!({ "id": field.id, "name": field.name, "type": kind, "description": "" })
                    })
                    .collect(),
            ),
            ("GET", "subscriber", "getInfo") => match query.number("subscriber_id") {
                Some(id) if state.contacts.contains_key(&id) => data(&self.shown(&state, id)),
                _ => self.nobody(),
            },
            ("GET", "subscriber", "findByName") => {
                let Some(name) = query.get("name") else { return self.invalid("name", "Name is required") };
                self.found(&state, |contact| text(&contact.json, "name") == name)
            }
            ("GET", "subscriber", "findByCustomField") => {
                let field = query.number("field_id");
                let field = render::FIELDS.into_iter().find(|known| Some(known.id) == field);
                let Some(field) = field else { return self.invalid("field_id", "Field not found") };
                let wanted = query.get("field_value").unwrap_or_default();
                self.found(&state, |contact| {
                    contact.fields.get(&field.id).and_then(Value::as_str) == Some(wanted)
                })
            }
            ("GET", "subscriber", "findBySystemField") => self.by_system_field(&state, &query),
            ("POST", "page" | "subscriber", _) => {
                let Some(sent) = asked.object() else { return self.invalid("body", "Body is not valid") };
                write::written(self, &mut state, area, what, &sent).unwrap_or_else(|| Answer::page(404))
            }
            _ => Answer::page(404),
        }
    }

    /// A refusal in this page's shape.
    pub(super) fn invalid(&self, member: &str, why: &str) -> Answer {
        invalid(self.options.details, member, why)
    }

    /// An id that nobody has.
    pub(super) fn nobody(&self) -> Answer {
        self.invalid("subscriber_id", "Subscriber does not exist")
    }

    pub(super) fn shown(&self, state: &State, id: i64) -> Value {
        let contact = state.contacts.get(&id);
        contact.map_or(Value::Null, |contact| render::answered(state, id, contact, &self.options))
    }

    /// Who matches, the last changed first.
    fn found(&self, state: &State, is: impl Fn(&Contact) -> bool) -> Answer {
        let mut ids: Vec<i64> = state.contacts.iter().filter(|(_, one)| is(one)).map(|(id, _)| *id).collect();
        ids.sort_by_key(|id| std::cmp::Reverse(text(&state.contacts[id].json, "last_interaction")));
        ids.truncate(MOST);
        if ids.is_empty() {
            self.missed()
        } else {
            data(&ids.iter().map(|id| self.shown(state, *id)).collect())
        }
    }

    fn missed(&self) -> Answer {
        match self.options.loud_misses {
            true => self.invalid("subscriber", "Subscriber not found"),
            false => data(&json!([])),
        }
    }

    /// By the phone or the address that ManyChat keeps: a number that is kept for WhatsApp is not looked at.
    fn by_system_field(&self, state: &State, query: &Query) -> Answer {
        let (name, wanted) = match (query.get("phone"), query.get("email")) {
            (Some(phone), None) => ("phone", phone),
            (None, Some(email)) => ("email", email),
            _ => return self.invalid("field", "Only phone or email can be specified"),
        };
        let is = |contact: &Contact| text(&contact.json, name) == wanted;
        let one = state.contacts.iter().find(|(_, contact)| is(contact));
        one.map_or_else(|| self.missed(), |(id, _)| data(&self.shown(state, *id)))
    }
}
