//! Reading answers: what stands in `data`; and bodies: who of them are contacts.

use pos_core::kit::{
    Keyed, Members, Raw, foreign, is_list, is_object, items, listed, page_of, read_object, unreadable,
    value_of,
};
use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::{Extra, Record, Stream};
use pos_core::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::fields::Fields;
use crate::model::Subscriber;
use crate::ticket::TicketRequest;

/// What stands in `data`; `None` where there is no such member, as in the answer to most writes.
pub(crate) fn data_of(body: &[u8]) -> Result<Option<&RawValue>> {
    let whole = value_of(body)?;
    if !is_object(whole) {
        return Err(foreign("the answer is not an object with data"));
    }
    Ok(Members::of(whole)?.get("data"))
}

/// The one object of an answer. `[]` is PHP's way of saying that there is none.
pub(crate) fn one<T: DeserializeOwned>(body: &[u8]) -> Result<Option<(&RawValue, T)>> {
    match data_of(body)? {
        Some(data) if is_object(data) && !is_blank(data) => {
            let read = read_object(data, "data").map_err(|rejected| unreadable(&rejected))?;
            Ok(Some((data, read)))
        }
        Some(data) if is_blank(data) => Ok(None),
        _ => Err(no_data()),
    }
}

/// The objects of an answer; `data` of one that was found alone is one.
pub(crate) fn many<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>> {
    let Some(data) = data_of(body)? else { return Err(no_data()) };
    let rows = match is_list(data) {
        true => items(data)?,
        false if is_object(data) && !is_blank(data) => vec![data],
        false => return Err(no_data()),
    };
    let read = |(at, raw): (usize, &RawValue)| read_object(raw, &format!("data[{at}]"));
    rows.into_iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, Rejected>>()
        .map_err(|rejected| unreadable(&rejected))
}

fn no_data() -> Error {
    foreign("the answer has no data as the vendor documents it")
}

/// An empty list or object.
fn is_blank(raw: &RawValue) -> bool {
    let text = raw.get().trim_matches(|letter: char| letter.is_whitespace());
    let inner = |open, close| text.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    inner('[', ']').or_else(|| inner('{', '}')).is_some_and(|inner| inner.trim().is_empty())
}

/// Members in which a contact is wrapped (C:3).
const WRAPPERS: [&str; 4] = ["contact", "subscriber", "data", "full-data"];

/// Members with several contacts, of middlewares (C:1).
const LISTS: [&str; 2] = ["contacts", "data"];

/// How many wrappers are opened; the deepest that was seen is one.
const DEEPEST: usize = 4;

/// How many contacts of one body are read.
const MOST: usize = 1_000;

/// A contact as it stands in a body.
pub(crate) struct Found<'a> {
    pub(crate) raw: &'a RawValue,
    pub(crate) read: std::result::Result<Subscriber, Rejected>,
}

impl<'a> Found<'a> {
    /// As a row, which has an id or is rejected.
    fn named(self) -> Raw<'a, Subscriber> {
        let nobody = || {
            let reason = "expected a contact's id".to_owned();
            Rejected { id: None, path: "id".to_owned(), reason }
        };
        let read = self.read.and_then(|read| if read.key().is_some() { Ok(read) } else { Err(nobody()) });
        Raw { raw: self.raw.into(), read }
    }
}

/// Everybody in a body: at its root, wrapped, or listed. What stands beside a wrapped contact is said of it, too, where it says
/// nothing of that itself. A body that names nobody gives one contact without an id.
pub(crate) fn contacts_in<'a>(whole: &'a RawValue, fields: &Fields) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    open(whole, &Extra::new(), fields, 0, &mut found);
    found
}

fn open<'a>(raw: &'a RawValue, beside: &Extra, fields: &Fields, depth: usize, found: &mut Vec<Found<'a>>) {
    if found.len() >= MOST || depth > DEEPEST {
        return;
    }
    if is_list(raw) {
        // What stands beside a list is said of nobody in it.
        for item in items(raw).unwrap_or_default() {
            open(item, &Extra::new(), fields, depth + 1, found);
        }
        return;
    }
    let Ok(members) = Members::of(raw) else {
        let reason = "expected a contact".to_owned();
        found.push(Found { raw, read: Err(Rejected { id: None, path: "contact".to_owned(), reason }) });
        return;
    };
    let filled = |raw: &RawValue| !is_blank(raw);
    let one = members.first(&WRAPPERS, |raw| is_object(raw) && filled(raw));
    let inner = one.or_else(|| members.first(&LISTS, |raw| is_list(raw) && filled(raw)));
    let Some((name, inner)) = inner else {
        found.push(Found { raw, read: contact(raw, beside, fields) });
        return;
    };
    // The envelope's own id and name are not the contact's.
    let is_about = |known: &str| !known.eq_ignore_ascii_case(name) && !fields.names_contact(known);
    let mut around = beside.clone();
    for (known, raw) in members.iter().filter(|(known, raw)| is_about(known) && !is_object(raw)) {
        if let Ok(value) = serde_json::from_str(raw.get()) {
            around.insert(known.to_owned(), value);
        }
    }
    open(inner, &around, fields, depth + 1, found);
}

fn contact(raw: &RawValue, beside: &Extra, fields: &Fields) -> std::result::Result<Subscriber, Rejected> {
    let mut contact: Subscriber = read_object(raw, "contact")?;
    for (name, value) in beside {
        if !contact.extra.contains_key(name) {
            contact.extra.insert(name.clone(), value.clone());
        }
    }
    Ok(contact.with_id_of(fields))
}

/// Reads a saved answer of the API, or what was sent to the host, of a stream: customers, and the tickets that they asked for.
///
/// # Errors
/// [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when it is no JSON; [`ErrorKind::Unsupported`](pos_core::ErrorKind::Unsupported)
/// for other streams.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    if stream == Stream::Customers
        && let Some((beside, rows)) = listed::<Subscriber>(body, "data")
        && !rows.is_empty()
        && rows.iter().all(|row| row.key().is_some())
        && !WRAPPERS.iter().chain(&LISTS).any(|name| beside.has(name))
    {
        // What a search found, in one go.
        return Ok(Answer { page: page_of(rows), ..Answer::default() });
    }
    let whole = value_of(body)?;
    let fields = Fields::default();
    let mut found = contacts_in(whole, &fields);
    // A search that found nobody is no contact without an id.
    let is_blank_data = Members::of(whole).ok().and_then(|members| members.get("data")).is_some_and(is_blank);
    if is_blank_data {
        found.retain(|found| found.read.as_ref().is_ok_and(|contact| contact.id.is_some()));
    }
    let page = match stream {
        Stream::Customers => page_of(found.into_iter().map(Found::named).collect()),
        Stream::Tickets => {
            let mut page = Page::default();
            for found in found {
                match found.read {
                    Ok(contact) => {
                        let record = TicketRequest::of(&contact, &fields).into_record();
                        page.records.extend(record.map(Record::from));
                    }
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            page
        }
        other => return Err(Error::unsupported(format!("ManyChat tells no {other}"))),
    };
    // Nothing in an answer says that there is more: what is found ends at a hundred (Dq).
    Ok(Answer { page, more: None, ..Answer::default() })
}
