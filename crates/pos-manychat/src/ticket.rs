//! Tickets: what a contact asked for, and what becomes of it.
//!
//! ManyChat has no tickets. The merchant's flow fills custom fields and sends them here; a ticket is what they say. It is one
//! ticket for a contact and a phone number: these two make its id, so a flow that runs twice makes no second one.

use std::fmt;

use pos_core::identity::E164;
use pos_core::kit::party;
use pos_core::record::{Party, TicketCategory, TicketRecord, TicketStatus, clean_opt};
use pos_core::webhook::delivery_hash;
use time::OffsetDateTime;

use crate::fields::Fields;
use crate::model::Subscriber;

/// How many signs of a number's digest mark it: of one contact no two numbers have the same.
const MARK: usize = 16;

/// What a contact says of a ticket, in one delivery.
#[derive(Clone, Default, PartialEq)]
pub struct TicketRequest {
    /// The contact's id; absent where the delivery names nobody.
    pub contact: Option<String>,
    /// The first number of the contact that is one.
    pub phone: Option<E164>,
    /// Type.
    pub kind: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Note.
    pub note: Option<String>,
    /// The host's own key.
    pub order: Option<String>,
    /// Who asks, as far as it is told.
    pub party: Option<Party>,
    /// When the contact last did something.
    pub at: Option<OffsetDateTime>,
}

pos_core::debug_only!(TicketRequest { contact, at });

/// Why there is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skipped {
    /// The delivery names nobody: a variable was not filled in.
    NoContact,
    /// No number that is one.
    NoPhone,
    /// No type.
    NoType,
    /// No note.
    NoNote,
}

/// What becomes of what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TicketDecision {
    /// A new ticket.
    Created,
    /// The ticket that was there says something else now.
    Updated,
    /// The ticket that was there says this already. A note alone is no change.
    Unchanged,
    /// No ticket is made and none is changed.
    Skipped(Skipped),
}

impl fmt::Display for TicketDecision {
    /// As the flow is told: `created`, `updated`, `unchanged`, `skipped:no_phone`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Skipped(Skipped::NoContact) => "skipped:no_contact",
            Self::Skipped(Skipped::NoPhone) => "skipped:no_phone",
            Self::Skipped(Skipped::NoType) => "skipped:no_type",
            Self::Skipped(Skipped::NoNote) => "skipped:no_note",
        })
    }
}

impl TicketRequest {
    /// What a contact's fields say.
    pub fn of(contact: &Subscriber, fields: &Fields) -> Self {
        let says = |names| clean_opt(contact.says(names).as_deref());
        let points = contact.points(fields);
        let phone = points.phones.iter().find_map(|phone| phone.e164);
        Self {
            contact: contact.id.clone(),
            phone,
            kind: says(&fields.ticket_type),
            description: says(&fields.ticket_description),
            note: says(&fields.ticket_note),
            order: says(&fields.ticket_order),
            party: party(contact.id.clone(), contact.full_name(fields).as_deref(), points, None),
            at: contact.interacted_at(),
        }
    }

    /// The id of the ticket that this is about: the contact, and a mark of the number, the same one every time. `None` where one
    /// of them lacks. Ids stand in logs and in what people see of a run: the number itself must not.
    pub fn ticket_id(&self) -> Option<String> {
        let (contact, phone) = (self.contact.as_ref()?, self.phone?.to_string());
        let mut mark = delivery_hash(&[contact], phone.as_bytes());
        mark.truncate(MARK);
        Some(format!("{contact}:{mark}"))
    }

    /// Whether it says enough for a new ticket.
    fn is_whole(&self) -> bool {
        self.kind.is_some() && self.note.is_some()
    }

    /// The ticket as this tells it. `None` where there is nothing to make a ticket of and nothing that one could be changed by.
    /// One that lacks type or note is [incomplete](TicketRecord::incomplete): it changes the ticket that is there, and makes
    /// none.
    pub fn into_record(self) -> Option<TicketRecord> {
        let id = self.ticket_id()?;
        let incomplete = !self.is_whole();
        if incomplete && self.kind.is_none() && self.description.is_none() {
            return None;
        }
        Some(TicketRecord {
            id,
            key: self.order,
            contact: self.party,
            kind: self.kind,
            description: self.description,
            note: self.note,
            status: TicketStatus { category: TicketCategory::Open, code: None },
            created_at: self.at,
            updated_at: self.at,
            incomplete,
            ..TicketRecord::default()
        })
    }
}

/// What becomes of a request, given the ticket with its [id](TicketRequest::ticket_id) as it is now.
///
/// A contact with another number than before asks for another ticket: its id is another one, and `known` is `None`. What is not
/// said erases nothing and changes nothing.
///
/// ```
/// use pos_manychat::{TicketDecision, TicketRequest, decide};
///
/// let came = TicketRequest {
///     contact: Some("7300000000000001".into()),
///     phone: Some("+84912345101".parse().unwrap()),
///     kind: Some("Bảo hành".into()),
///     note: Some("Gọi lại trước 17h".into()),
///     ..TicketRequest::default()
/// };
/// assert_eq!(decide(None, &came), TicketDecision::Created);
/// let ticket = came.clone().into_record().unwrap();
/// let again = TicketRequest { note: Some("Gọi lại sau 17h".into()), ..came.clone() };
/// assert_eq!(decide(Some(&ticket), &again), TicketDecision::Unchanged, "a note alone changes nothing");
/// let more = TicketRequest { description: Some("Máy không lên nguồn".into()), ..came };
/// assert_eq!(decide(Some(&ticket), &more), TicketDecision::Updated);
/// ```
pub fn decide(known: Option<&TicketRecord>, came: &TicketRequest) -> TicketDecision {
    use Skipped::{NoContact, NoNote, NoPhone, NoType};
    let changes = |said: &Option<String>, known: &Option<String>| said.is_some() && said != known;
    match (known, came) {
        (_, TicketRequest { contact: None, .. }) => TicketDecision::Skipped(NoContact),
        (_, TicketRequest { phone: None, .. }) => TicketDecision::Skipped(NoPhone),
        (Some(known), came)
            if changes(&came.kind, &known.kind) || changes(&came.description, &known.description) =>
        {
            TicketDecision::Updated
        }
        (Some(_), _) => TicketDecision::Unchanged,
        (None, TicketRequest { kind: None, .. }) => TicketDecision::Skipped(NoType),
        (None, TicketRequest { note: None, .. }) => TicketDecision::Skipped(NoNote),
        (None, _) => TicketDecision::Created,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came() -> TicketRequest {
        let some = |text: &str| Some(text.to_owned());
        TicketRequest {
            contact: some("7300000000000001"),
            phone: "+84912345101".parse().ok(),
            kind: some("Bảo hành"),
            description: some("Máy không lên nguồn"),
            note: some("Gọi lại trước 17h"),
            order: some("DH-1001"),
            ..TicketRequest::default()
        }
    }

    #[test]
    fn what_becomes_of_a_request() {
        use super::Skipped::{NoContact, NoNote, NoPhone, NoType};
        use TicketDecision::{Created, Skipped, Unchanged, Updated};
        let ticket = came().into_record().unwrap();
        let (none, some) = (|| None::<String>, |text: &str| Some(text.to_owned()));
        for (is_known, request, expected, told) in [
            (false, came(), Created, "created"),
            (false, TicketRequest { description: none(), order: none(), ..came() }, Created, "created"),
            (false, TicketRequest { contact: none(), ..came() }, Skipped(NoContact), "skipped:no_contact"),
            (false, TicketRequest { phone: None, ..came() }, Skipped(NoPhone), "skipped:no_phone"),
            (false, TicketRequest { kind: none(), ..came() }, Skipped(NoType), "skipped:no_type"),
            (false, TicketRequest { note: none(), ..came() }, Skipped(NoNote), "skipped:no_note"),
            (
                false,
                TicketRequest { kind: none(), note: none(), ..came() },
                Skipped(NoType),
                "skipped:no_type",
            ),
            (true, came(), Unchanged, "unchanged"),
            (true, TicketRequest { note: some("Gọi lại sau 17h"), ..came() }, Unchanged, "unchanged"),
            (true, TicketRequest { order: some("DH-2"), ..came() }, Unchanged, "unchanged"),
            (true, TicketRequest { kind: some("Đổi trả"), ..came() }, Updated, "updated"),
            (true, TicketRequest { description: some("Đã thử sạc khác"), ..came() }, Updated, "updated"),
            (true, TicketRequest { kind: some("Đổi trả"), note: none(), ..came() }, Updated, "updated"),
            // What is not said erases nothing.
            (
                true,
                TicketRequest { kind: none(), description: none(), note: none(), ..came() },
                Unchanged,
                "unchanged",
            ),
            (
                true,
                TicketRequest { phone: None, kind: some("Đổi trả"), ..came() },
                Skipped(NoPhone),
                "skipped:no_phone",
            ),
            (
                true,
                TicketRequest { contact: none(), phone: None, ..came() },
                Skipped(NoContact),
                "skipped:no_contact",
            ),
        ] {
            let decided = decide(Some(&ticket).filter(|_| is_known), &request);
            assert_eq!((decided, decided.to_string().as_str()), (expected, told), "known: {is_known}");
        }
    }

    #[test]
    fn a_record_says_whether_it_may_make_a_ticket() {
        let record = came().into_record().unwrap();
        assert!(record.id.starts_with("7300000000000001:") && !record.incomplete, "{}", record.id);
        assert_eq!(record.id, came().ticket_id().unwrap(), "the same one every time");
        assert!(!record.id.contains("912345"), "an id stands in logs");
        assert_eq!((record.key.as_deref(), record.title), (Some("DH-1001"), None));
        let other = TicketRequest { phone: "+84987111202".parse().ok(), ..came() };
        assert_ne!(other.into_record().unwrap().id, record.id, "another number is another ticket");
        assert!(TicketRequest { note: None, ..came() }.into_record().unwrap().incomplete);
        let bare = TicketRequest { kind: None, description: None, ..came() };
        assert!(bare.into_record().is_none(), "a note alone makes nothing and changes nothing");
        assert!(TicketRequest { phone: None, ..came() }.into_record().is_none());
    }
}
