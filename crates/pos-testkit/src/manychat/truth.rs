//! What the page says about itself, by an arithmetic of its own: for tests that compare a CRM with it.

use serde_json::Value;

use super::{Contact, Sandbox, render};
use crate::server::text;
use crate::truth::{CustomerTruth, Truth};

/// What a contact asks for, as its fields say it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TicketTruth {
    /// The contact.
    pub contact: String,
    /// The number as written.
    pub phone: String,
    /// Type.
    pub kind: String,
    /// What it is about.
    pub description: Option<String>,
    /// Note.
    pub note: String,
}

pos_core::debug_only!(TicketTruth { contact });

fn own(contact: &Contact, name: &str) -> Option<String> {
    let value = contact.fields.get(&render::field(name)?.id).and_then(Value::as_str)?;
    Some(value.to_owned()).filter(|text| !text.trim().is_empty())
}

/// The first number as written.
fn phone(contact: &Contact) -> Option<String> {
    let kept = |name: &str| Some(text(&contact.json, name).to_owned()).filter(|text| !text.is_empty());
    own(contact, "phone").or_else(|| kept("phone")).or_else(|| kept("whatsapp_phone"))
}

impl Sandbox {
    /// What is true on the page now. Nothing is sold there.
    pub fn truth(&self) -> Truth {
        let state = self.inner.state();
        let of = |(id, contact): (&i64, &Contact)| CustomerTruth {
            id: id.to_string(),
            alive: true,
            name: Some(text(&contact.json, "name").to_owned()).filter(|name| !name.is_empty()),
            phone: phone(contact),
        };
        Truth { customers: state.contacts.iter().map(of).collect(), ..Truth::default() }
    }

    /// What contacts ask for now, as far as it is enough for a ticket.
    pub fn tickets(&self) -> Vec<TicketTruth> {
        let state = self.inner.state();
        let of = |(id, contact): (&i64, &Contact)| {
            Some(TicketTruth {
                contact: id.to_string(),
                phone: phone(contact)?,
                kind: own(contact, "loai_ticket")?,
                description: own(contact, "ticket_description"),
                note: own(contact, "ticket_note")?,
            })
        };
        state.contacts.iter().filter_map(of).collect()
    }
}
