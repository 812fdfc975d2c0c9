//! What the merchant calls the fields that we read and write.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Names of one field, the one that is written first. Blanks around them and their case do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMore")]
pub struct Names(Vec<String>);

/// As it is written in settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl From<OneOrMore> for Names {
    fn from(names: OneOrMore) -> Self {
        match names {
            OneOrMore::One(name) => Self::new([name]),
            OneOrMore::More(names) => Self::new(names),
        }
    }
}

pub(crate) fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    // Nearly all names are of plain letters; the others are compared letter by letter.
    one.eq_ignore_ascii_case(other)
        || (!one.is_ascii() && !other.is_ascii() && {
            let fold = |text: &'_ str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
            fold(one) == fold(other)
        })
}

impl Names {
    /// These names; blank ones are left out.
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        let names = names.into_iter().map(|name| name.into().trim().to_owned());
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    pub(crate) fn has(&self, caption: &str) -> bool {
        self.0.iter().any(|name| same(name, caption))
    }

    /// The first of them, by its order here, that something is called, with what it says: what says nothing is passed over.
    pub(crate) fn pick<'a, V, T>(
        &self,
        known: impl Iterator<Item = (&'a str, V)> + Clone,
        says: impl Fn(V) -> Option<T>,
    ) -> Option<T> {
        let of = |name: &String| {
            known.clone().filter(|(caption, _)| same(name, caption)).find_map(|(_, value)| says(value))
        };
        self.0.iter().find_map(of)
    }
}

/// Which of the merchant's fields hold what. A field is a custom field of ManyChat, by its caption, or a member of a body that
/// was made by hand.
///
/// ```
/// use pos_manychat::Fields;
///
/// let fields: Fields = r#"{"ticket_type": ["Loại yêu cầu", "loai_ticket"], "dob": "Ngày sinh"}"#.parse().unwrap();
/// assert_eq!(fields.phone, Fields::default().phone, "what is not named stays as it is");
/// assert!(r#"{"birthday": "Ngày sinh"}"#.parse::<Fields>().is_err(), "there is no such field here");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// The contact's id in a body that was made by hand.
    pub id: Names,
    /// The whole name in a body that was made by hand.
    pub name: Names,
    /// Phone number; goes before the two that ManyChat keeps itself.
    pub phone: Names,
    /// E-mail address; goes before ManyChat's own.
    pub email: Names,
    /// Birthday: a date, or a text with the day first.
    pub dob: Names,
    /// Postal address in one line.
    pub address: Names,
    /// What was noted of the customer.
    pub deal_note: Names,
    /// Type of the ticket.
    pub ticket_type: Names,
    /// What the ticket is about.
    pub ticket_description: Names,
    /// Note of the ticket.
    pub ticket_note: Names,
    /// The host's own key on the ticket.
    pub ticket_order: Names,
}

impl Default for Fields {
    fn default() -> Self {
        let one = |name: &str| Names::new([name]);
        Self {
            id: Names::new(["id", "subscriber_id", "user_id"]),
            name: one("full_name"),
            phone: one("phone"),
            email: one("email"),
            dob: one("dob"),
            address: one("address"),
            deal_note: one("deal_note"),
            ticket_type: Names::new(["loai_ticket", "ticket_type"]),
            ticket_description: one("ticket_description"),
            ticket_note: one("ticket_note"),
            ticket_order: one("ticket_order"),
        }
    }
}

impl Fields {
    /// Whether a member of this name says who a contact is, rather than something of it.
    pub(crate) fn names_contact(&self, name: &str) -> bool {
        self.id.has(name) || self.name.has(name) || ["page_id", "name"].iter().any(|known| same(known, name))
    }
}

impl FromStr for Fields {
    type Err = serde_json::Error;

    /// Reads the JSON object of settings.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_blanks_and_case_and_the_first_that_speaks_counts() {
        let names = Names::new([" Loại Ticket", "ticket_type", " "]);
        let known =
            [("TICKET_TYPE ", Some("second")), ("loại ticket", None), (" loẠi ticket ", Some("first"))];
        let pick = |names: &Names| names.pick(known.into_iter(), |value| value);
        assert_eq!(pick(&names), Some("first"));
        assert_eq!(pick(&Names::new(["ticket_type"])), Some("second"));
        assert_eq!(pick(&Names::new(["ticket"])), None);
    }

    #[test]
    fn settings_read_back_as_they_were_written() {
        let fields = Fields { phone: Names::new(["SĐT", "phone"]), ..Fields::default() };
        let json = serde_json::to_string(&fields).unwrap();
        assert_eq!(json.parse::<Fields>().unwrap(), fields);
    }
}
