//! What contacts do, and people of the shop.

use serde_json::{Map, Value};

use super::{Sandbox, flows, render};
use crate::contract::number;

impl Sandbox {
    /// Changes a contact, who did it themselves just now: the flow runs. Answers whether there is such a contact.
    fn does(
        &self,
        id: i64,
        change: impl FnOnce(&mut Map<String, Value>, &mut dyn FnMut(&str, Value)),
    ) -> bool {
        let mut state = self.inner.state();
        let now = state.clock.now_ms();
        let Some(contact) = state.contacts.get_mut(&id) else { return false };
        let fields = &mut contact.fields;
        change(&mut contact.json, &mut |name, value| {
            if let Some(field) = render::field(name) {
                fields.insert(field.id, value);
            }
        });
        for member in ["last_interaction", "last_seen"] {
            contact.json.insert(member.into(), render::stamp(now));
        }
        flows::run(&mut state, &self.inner.options, id);
        true
    }

    /// A contact writes something.
    pub fn write(&self, id: i64, words: &str) -> bool {
        self.does(id, |json, _| drop(json.insert("last_input_text".into(), words.into())))
    }

    /// A contact asks for something in the chat.
    pub fn ask(&self, id: i64, kind: &str, description: &str, note: &str) -> bool {
        self.does(id, |_, set| {
            set("loai_ticket", kind.into());
            set("ticket_description", description.into());
            set("ticket_note", note.into());
        })
    }

    /// A contact types a number.
    pub fn type_phone(&self, id: i64, phone: &str) -> bool {
        self.does(id, |_, set| set("phone", phone.into()))
    }

    /// Somebody new writes to the page.
    pub fn add_contact(&self, name: &str, phone: &str) -> i64 {
        let id = {
            let mut state = self.inner.state();
            let id = state.contacts.keys().next_back().map_or(render::id_of(0), |last| last + 1);
            let now = state.clock.now_ms();
            let contact = render::contact(self.page_id(), id, name, now);
            state.contacts.insert(id, contact);
            id
        };
        self.type_phone(id, phone);
        id
    }

    /// A contact takes another name.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        self.does(number(id), |json, _| {
            json.insert("first_name".into(), name.into());
            json.insert("last_name".into(), Value::Null);
            render::join_name(json);
        })
    }

    /// Every contact writes once more.
    pub fn speak_again(&self) {
        for id in self.contacts() {
            self.write(id, "Alo");
        }
    }
}
