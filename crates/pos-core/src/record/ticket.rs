//! Tickets: what somebody asked for in a chat, and an agent works on.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::order::categories;
use super::{Extra, Party, is_false};
use crate::debug_only;

categories! {
    /// Where a ticket stands.
    TicketCategory {
        /// Nobody is done with it.
        Open = "open",
        /// It waits for somebody.
        Pending = "pending",
        /// It is done.
        Closed = "closed",
    }
}

/// The state of a ticket with the vendor's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketStatus {
    /// What it means.
    pub category: TicketCategory,
    /// The vendor's code; absent when the vendor has no states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Something that a customer asked for.
///
/// It stands on the contact of the customer whose vendor id is in [`contact`](Self::contact), wherever that customer goes by
/// a merge or a split.
///
/// ```
/// use pos_core::record::TicketRecord;
///
/// let ticket = |kind: &str, note: &str| TicketRecord {
///     id: "7300000000000001:+84912000101".into(),
///     kind: Some(kind.into()),
///     note: Some(note.into()),
///     ..TicketRecord::default()
/// };
/// let first = ticket("Bảo hành", "Gọi lại trước 17h");
/// assert!(first.says_the_same(&ticket("Bảo hành", "Gọi lại sau 17h")), "a note alone is no change");
/// assert!(!first.says_the_same(&ticket("Đổi trả", "Gọi lại trước 17h")));
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketRecord {
    /// The vendor's id, or one that is made of what makes it one ticket.
    pub id: String,
    /// The host's own key that was put on it; people never write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Who asks, with the numbers that were given with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Party>,
    /// What sort of request, in the merchant's words.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What was noted when it was made, or last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it stands.
    pub status: TicketStatus,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub closed_at: Option<OffsetDateTime>,
    /// It says too little to make a ticket of: one that is there is changed by it, and none is made. It is forgotten when it
    /// comes before the one that makes the ticket.
    #[serde(skip_serializing_if = "is_false")]
    pub incomplete: bool,
    /// Whether the vendor deleted it.
    #[serde(skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Vendor fields that the link's mapping asked for, by their path on the wire.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub custom: Extra,
}

debug_only!(TicketRecord { id, status, created_at, updated_at, closed_at, incomplete, deleted });

impl TicketRecord {
    /// Whether it changes nothing of a ticket that is there: type, heading, description and state are the same, or not said.
    /// Notes, keys and times by themselves are no change.
    pub fn says_the_same(&self, known: &Self) -> bool {
        let alike = |said: &Option<String>, known: &Option<String>| said.is_none() || said == known;
        alike(&self.kind, &known.kind)
            && alike(&self.title, &known.title)
            && alike(&self.description, &known.description)
            && self.status == known.status
            && self.deleted == known.deleted
    }

    /// The ticket that is there, changed by this one: what is not said stays as it was.
    #[must_use]
    pub fn over(mut self, known: &Self) -> Self {
        let keep = |said: &mut Option<String>, known: &Option<String>| {
            if said.is_none() {
                said.clone_from(known);
            }
        };
        keep(&mut self.key, &known.key);
        keep(&mut self.kind, &known.kind);
        keep(&mut self.title, &known.title);
        keep(&mut self.description, &known.description);
        keep(&mut self.note, &known.note);
        self.contact = self.contact.or_else(|| known.contact.clone());
        self.created_at = known.created_at.or(self.created_at);
        self.incomplete &= known.incomplete;
        self
    }

    /// The vendor's id of the customer who asks.
    pub fn customer(&self) -> Option<&str> {
        self.contact.as_ref()?.id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> TicketRecord {
        TicketRecord {
            id: "1:+84912000101".into(),
            key: Some("DH-1".into()),
            contact: Some(Party { id: Some("1".into()), ..Party::default() }),
            kind: Some("Bảo hành".into()),
            description: Some("Máy không lên nguồn".into()),
            note: Some("Gọi lại".into()),
            status: TicketStatus { category: TicketCategory::Open, code: None },
            created_at: Some(time::macros::datetime!(2026-07-12 03:00 UTC)),
            ..TicketRecord::default()
        }
    }

    #[test]
    fn what_is_not_said_stays_and_is_no_change() {
        let known = ticket();
        let said = TicketRecord { description: None, note: None, key: Some("DH-2".into()), ..ticket() };
        assert!(said.says_the_same(&known), "a key alone is no change");
        assert!(!TicketRecord { description: Some("Khác".into()), ..ticket() }.says_the_same(&known));
        assert!(!TicketRecord { deleted: true, ..ticket() }.says_the_same(&known));
        let later = Some(time::macros::datetime!(2026-07-13 03:00 UTC));
        let changed =
            TicketRecord { contact: None, created_at: later, incomplete: true, ..said }.over(&known);
        assert_eq!(changed, TicketRecord { key: Some("DH-2".into()), ..ticket() });
    }

    #[test]
    fn its_type_is_called_so_in_json_and_debug_shows_nobody() {
        let json = serde_json::to_value(ticket()).unwrap();
        assert_eq!(json["type"], "Bảo hành");
        assert_eq!(serde_json::from_value::<TicketRecord>(json).unwrap(), ticket());
        let shown = format!("{:?}", ticket());
        assert!(shown.contains("Open") && !shown.contains("nguồn") && !shown.contains("DH-1"), "{shown}");
    }
}
