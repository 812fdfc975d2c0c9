//! Reading answers: everything comes in one envelope, failures too, and under 200.

use pos_core::http::Response;
use pos_core::kit::{
    Keyed, Members, Raw, Row, foreign, is_list, is_object, listed, not_json, page_of, read_object, rows_of,
    split, unreadable, value_of,
};
use pos_core::page::{Answer, Rejected};
use pos_core::record::{Record, Stream};
use pos_core::{Error, ErrorKind, Result, Retry, lenient};
use serde_json::value::RawValue;

use crate::model;
use crate::profile::same_case;

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// How many rows the vendor counts in what was asked for.
    pub total: Option<u64>,
}

/// The member that holds what was asked for.
const DATA: &str = "Data";

fn whole(raw: Option<&RawValue>) -> Option<i64> {
    raw.and_then(|raw| lenient::integer(raw).ok().flatten())
}

fn text(members: &Members<'_>, names: [&str; 2]) -> Option<String> {
    names.iter().find_map(|name| lenient::text(members.get(name)?).ok().flatten())
}

/// What the vendor says with a failure.
pub(crate) mod failure {
    /// The shop switched the connection off.
    pub(crate) const OFF: i64 = 7;
    /// The signature of the login is wrong, or too old.
    pub(crate) const SIGNATURE: i64 = 4;
    /// A request of the same kind is under way.
    pub(crate) const BUSY: i64 = 102;
    /// The customer exists; `Data` holds who it is.
    pub(crate) const EXISTS: i64 = 200;
}

/// What an `ErrorType` means (D~), and whether asking again may help.
fn meaning(code: i64) -> (ErrorKind, &'static str) {
    match code {
        1 => (ErrorKind::Rejected, "a parameter is missing"),
        2 => (ErrorKind::Config, "MISA eShop knows no shop at this address"),
        3 => (ErrorKind::Config, "MISA eShop does not know this AppID"),
        failure::SIGNATURE => (
            ErrorKind::Auth,
            "MISA eShop does not accept the signature: copy the secret key anew, and see that the clock is right",
        ),
        5 => (ErrorKind::Rejected, "the page is larger than allowed"),
        6 => (ErrorKind::Rejected, "a date is out of range"),
        failure::OFF => (ErrorKind::Auth, "the shop switched the connection off"),
        100 => (ErrorKind::Unavailable, "MISA eShop failed inside"),
        failure::BUSY => {
            (ErrorKind::RateLimited, "a request of the same kind is still under way: this one was refused")
        }
        failure::EXISTS => (ErrorKind::Conflict, "the shop has a customer with this phone number"),
        _ => (ErrorKind::Unexpected, "MISA eShop refuses the request, and nobody explained the code"),
    }
}

/// The failure that an envelope tells, if it tells one.
pub(crate) fn failure_in(members: &Members<'_>) -> Option<Error> {
    let success = members.get("Success").and_then(|raw| lenient::flag(raw).ok().flatten());
    let code = whole(members.get("Code"));
    let kind = whole(members.get("ErrorType")).filter(|kind| *kind != 0);
    let error = match (kind, success, code) {
        (Some(kind), ..) => {
            let (known, what) = meaning(kind);
            let error = Error::new(known, what);
            if known == ErrorKind::Unexpected { error.with_retry(Retry::Backoff) } else { error }
        }
        (None, None, None) => foreign("the answer is not in the vendor's envelope"),
        (None, Some(true), None) => return None,
        (None, Some(true) | None, Some(200..=299)) => return None,
        _ => Error::new(ErrorKind::Unexpected, "a failure that says nothing of itself")
            .with_retry(Retry::Backoff),
    };
    let told = kind.or(code.filter(|code| !(200..=299).contains(code)));
    Some(
        error
            .with_vendor_code(told.map(|code| code.to_string()))
            .with_vendor_message(text(members, ["ErrorMessage", "Message"])),
    )
}

/// What of an answer is a customer who exists already. `None` when it is another answer.
pub(crate) fn existing(body: &[u8]) -> Option<model::Customer> {
    let members = Members::of_body(body).ok()?;
    if whole(members.get("ErrorType")) != Some(failure::EXISTS) {
        return None;
    }
    let known: model::Customer = read_object(members.get(DATA)?, DATA).ok()?;
    known.key().is_some().then_some(known)
}

/// A row that cannot be told from others is none.
fn checked<'a, T: Keyed>(row: Raw<'a, T>, at: usize) -> Raw<'a, T> {
    let read = match row.read {
        Ok(read) if read.key().is_none() => {
            Err(Rejected { id: None, path: format!("{DATA}[{at}]"), reason: "expected an id".to_owned() })
        }
        Err(rejected) => Err(Rejected { id: rejected.id.map(same_case), ..rejected }),
        read => read,
    };
    Raw { raw: row.raw, read }
}

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<Raw<'a, T>>,
    pub(crate) total: Option<u64>,
}

impl<'a, T: Keyed> Rows<'a, T> {
    fn of(rows: Vec<Raw<'a, T>>, members: Option<&Members<'_>>) -> Self {
        let rows = rows.into_iter().enumerate().map(|(at, row)| checked(row, at)).collect();
        let total = members.and_then(|members| whole(members.get("Total")));
        Self { rows, total: total.and_then(|total| total.try_into().ok()) }
    }

    pub(crate) fn into_list(self) -> List<T> {
        let (data, rejected) = split(self.rows);
        List { data, rejected, total: self.total }
    }
}

/// Reads a list answer; the vendor may say `null` for one without rows.
pub(crate) fn read_list<T: Keyed>(body: &[u8]) -> Result<Rows<'_, T>> {
    if let Some((members, rows)) = listed(body, DATA) {
        return match failure_in(&members) {
            None => Ok(Rows::of(rows, Some(&members))),
            Some(error) => Err(error),
        };
    }
    let members = Members::of_body(body)?;
    if let Some(error) = failure_in(&members) {
        return Err(error);
    }
    let rows = match members.get(DATA) {
        Some(list) if is_list(list) => rows_of(list, DATA)?,
        Some(nothing) if nothing.get() == "null" => Vec::new(),
        _ => return Err(foreign("the answer is not a list as the vendor documents it")),
    };
    Ok(Rows::of(rows, Some(&members)))
}

/// The object in an answer; `None` when the vendor has none.
pub(crate) fn object_in(body: &[u8]) -> Result<Option<&RawValue>> {
    let members = Members::of_body(body)?;
    if let Some(error) = failure_in(&members) {
        return Err(error);
    }
    match members.get(DATA) {
        Some(object) if is_object(object) => Ok(Some(object)),
        None => Ok(None),
        Some(nothing) if nothing.get() == "null" => Ok(None),
        Some(_) => Err(foreign("the answer is not an object as the vendor documents it")),
    }
}

/// The id of what was saved, where it stands beside the object and not in it (?).
pub(crate) fn saved_id(body: &[u8]) -> Option<String> {
    let members = Members::of_body(body).ok()?;
    lenient::text(members.get("PrimaryKeyValue")?).ok().flatten().map(|id| same_case(id.trim().to_owned()))
}

/// Reads one object of an answer.
pub(crate) fn read_one<T: serde::de::DeserializeOwned>(raw: &RawValue) -> Result<T> {
    read_object(raw, DATA).map_err(|rejected| unreadable(&rejected))
}

/// An answer that cannot be read, with where it came from.
pub(crate) fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

/// Reads a saved answer of a stream: an envelope with a list or an object in it, a bare list, or a bare object.
///
/// The body does not say which page it is, so that `more` is `Some(false)` where no other page can follow, and `None`
/// otherwise. A row of the list of invoices has no lines: it is `incomplete`; a detail has them, and no id, so that it is told
/// under its number.
///
/// ```
/// use pos_misa::{Stream, read_answer};
///
/// let body = r#"{"Code":200,"Success":true,"Total":1,"Data":[{"Id":"0F0E0D0C-0002-4000-8000-00000000002A","Name":"Lê Thị Mẫu"}]}"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
/// assert_eq!(answer.page.records[0].id(), "0f0e0d0c-0002-4000-8000-00000000002a");
/// assert_eq!(answer.more, Some(false));
/// ```
///
/// # Errors
/// What the envelope tells where it tells a failure; [`ErrorKind::Decode`] when the body is not JSON, or neither a list nor an
/// object; [`ErrorKind::Unsupported`] for a stream that MISA eShop does not have.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    match stream {
        Stream::Customers => answer::<model::Customer>(body),
        Stream::Orders => answer::<model::Order>(body),
        Stream::Invoices => answer::<model::Invoice>(body),
        Stream::Products => answer::<model::Product>(body),
        Stream::Categories => answer::<model::Category>(body),
        Stream::Branches => answer::<model::Branch>(body),
        other => Err(Error::unsupported(format!("misa has no {other}"))),
    }
}

fn answer<T: Row<Key = String>>(body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let (list, is_one) = rows_in::<T>(body)?;
    let count = list.rows.len() as u64;
    let is_all = is_one || count == 0 || list.total.is_some_and(|total| count >= total);
    let mut page = page_of(list.rows);
    page.total = list.total;
    Ok(Answer { page, more: is_all.then_some(false), next: None })
}

/// Whether an object is an envelope, and not a row with a `Code` or a `Success` of its own.
fn is_envelope(members: &Members<'_>) -> bool {
    members.has(DATA) || (["Success", "ErrorType"].iter().any(|name| members.has(name)) && !members.has("Id"))
}

fn rows_in<T: Keyed>(body: &[u8]) -> Result<(Rows<'_, T>, bool)> {
    if let Some((members, rows)) = listed(body, DATA) {
        return match failure_in(&members) {
            None => Ok((Rows::of(rows, Some(&members)), false)),
            Some(error) => Err(error),
        };
    }
    let value = value_of(body)?;
    if is_list(value) {
        return Ok((Rows::of(rows_of(value, "")?, None), false));
    }
    if !is_object(value) {
        return Err(Error::decode("the answer is neither a list nor an object"));
    }
    let members: Members<'_> = serde_json::from_str(value.get()).map_err(|error| not_json(&error))?;
    if !is_envelope(&members) {
        return Ok((Rows::of(vec![Raw::read(value, "")], None), true));
    }
    if let Some(error) = failure_in(&members) {
        return Err(error);
    }
    match members.get(DATA) {
        Some(list) if is_list(list) => Ok((Rows::of(rows_of(list, DATA)?, Some(&members)), false)),
        Some(object) if is_object(object) => Ok((Rows::of(vec![Raw::read(object, DATA)], None), true)),
        _ => Ok((Rows::of(Vec::new(), Some(&members)), true)),
    }
}
