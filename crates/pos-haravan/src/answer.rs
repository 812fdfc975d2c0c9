//! Reading answers: lists in their wrapper, single objects, bare arrays.

use pos_core::page::{Answer, Page, Rejected, read_row, reject};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, Retry};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::map::ToRecord;
use crate::model;

/// Rows with a number of their own.
pub(crate) trait Keyed {
    /// The vendor's id.
    fn key(&self) -> i64;
}

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
}

/// A row with its raw text, read or rejected.
pub(crate) struct Row<'a, T> {
    pub(crate) raw: &'a RawValue,
    pub(crate) read: std::result::Result<T, Rejected>,
}

impl<T: Keyed> Row<'_, T> {
    /// The vendor's id, as far as it can be read.
    pub(crate) fn key(&self) -> Option<i64> {
        match &self.read {
            Ok(row) => Some(row.key()),
            Err(rejected) => rejected.id.as_deref()?.parse().ok(),
        }
    }
}

/// A body without the byte order mark that may stand before it.
pub(crate) fn unmarked(body: &[u8]) -> &[u8] {
    pos_core::lenient::without_mark(body)
}

/// An object's members as they are written.
type Members<'a> = BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>;

fn not_json(error: serde_json::Error) -> Error {
    Error::decode("the answer is not the JSON that the vendor documents")
        .with_source(Place::of(&error))
        .with_retry(Retry::Backoff)
}

/// Where JSON went wrong, without the value.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, column {column}")]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn of(error: &serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

/// Reads an object; it may stand at the top of the body.
pub(crate) fn read<T: DeserializeOwned>(raw: &RawValue, path: &str) -> std::result::Result<T, Rejected> {
    // A row of another type would lose all of its members one by one.
    let is_object = raw.get().starts_with('{');
    let read = if is_object { read_row(raw, path) } else { Err(reject::<T>(raw, path)) };
    read.map_err(|mut rejected| {
        if path.is_empty() && rejected.path.starts_with('.') {
            rejected.path.remove(0);
        }
        rejected
    })
}

fn read_rows<'a, T: DeserializeOwned>(list: &'a RawValue, name: &str) -> Result<Vec<Row<'a, T>>> {
    let rows: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(not_json)?;
    Ok(rows
        .into_iter()
        .enumerate()
        .map(|(at, raw)| Row { raw, read: read(raw, &format!("{name}[{at}]")) })
        .collect())
}

/// Reads a list answer: it has to have its list.
pub(crate) fn read_list<'a, T: DeserializeOwned>(body: &'a [u8], name: &str) -> Result<Vec<Row<'a, T>>> {
    let members: Members<'_> = serde_json::from_slice(unmarked(body)).map_err(not_json)?;
    match members.get(name) {
        Some(list) if list.get().starts_with('[') => read_rows(list, name),
        // Somebody before the vendor may have answered: later may work.
        _ => Err(Error::decode(format!("the answer has no list `{name}`")).with_retry(Retry::Backoff)),
    }
}

/// Splits rows into the typed ones and the rejected ones.
pub(crate) fn into_list<T>(rows: Vec<Row<'_, T>>) -> List<T> {
    let mut list = List { data: Vec::with_capacity(rows.len()), rejected: Vec::new() };
    for row in rows {
        match row.read {
            Ok(row) => list.data.push(row),
            Err(rejected) => list.rejected.push(rejected),
        }
    }
    list
}

/// The object in an answer: in one of these wrappers, or at the top.
pub(crate) fn unwrap_object<'a, 'n>(body: &'a [u8], wrappers: &[&'n str]) -> Result<(&'a RawValue, &'n str)> {
    let body = unmarked(body);
    let whole: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    if let Ok(members) = serde_json::from_slice::<Members<'_>>(body) {
        // A root object of the vendor has an id; what has none may be a wrapper.
        for wrapper in wrappers.iter().chain(&["data"]).filter(|_| !members.contains_key("id")) {
            if let Some(inner) = members.get(*wrapper).filter(|inner| inner.get().starts_with('{')) {
                return Ok((inner, wrapper));
            }
        }
    }
    Ok((whole, ""))
}

/// Reads one object, wrapped or not.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8], wrappers: &[&str]) -> Result<T> {
    let (raw, path) = unwrap_object(body, wrappers)?;
    read(raw, path).map_err(broken)
}

pub(crate) fn broken(rejected: Rejected) -> Error {
    let at = if rejected.path.is_empty() { "its top" } else { rejected.path.as_str() };
    Error::decode(format!("the answer is not what the vendor documents, at {at}: {}", rejected.reason))
        .with_retry(Retry::Backoff)
}

/// The names of a list and of one object.
pub(crate) fn names(stream: Stream) -> Option<(&'static str, &'static str)> {
    Some(match stream {
        Stream::Customers => ("customers", "customer"),
        Stream::Orders => ("orders", "order"),
        Stream::Products => ("products", "product"),
        Stream::Branches => ("locations", "location"),
        Stream::Users => ("users", "user"),
        _ => return None,
    })
}

/// Reads a saved answer of a stream: a list, one object in its wrapper or without (a webhook's body), a bare array, or the
/// answer of a count.
///
/// The body of a page tells neither a total nor its own size, and a short page need not be the last one; so `more` is
/// `Some(false)` for an empty page, one object, and the lists that have no pages, and `None` otherwise.
///
/// ```
/// use pos_haravan::{Stream, read_answer};
///
/// let body = r#"{"customers":[{"id":1100000102,"first_name":"Quân","last_name":"Lê Minh","phone":"+84 900 000 102"}]}"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
/// assert_eq!(answer.page.records[0].id(), "1100000102");
/// assert_eq!(answer.more, None);
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when the body is not JSON, or neither a list nor an object of the
/// stream; [`ErrorKind::Unsupported`](pos_core::ErrorKind::Unsupported) for a stream that Haravan does not have.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    match stream {
        Stream::Customers => answer::<model::Customer>(stream, body),
        Stream::Orders => answer::<model::Order>(stream, body),
        Stream::Products => answer::<model::Product>(stream, body),
        Stream::Branches => answer::<model::Location>(stream, body),
        Stream::Users => answer::<model::User>(stream, body),
        other => Err(Error::unsupported(format!("haravan has no {other}"))),
    }
}

fn answer<T: DeserializeOwned + Keyed + ToRecord>(stream: Stream, body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let Some((many, one)) = names(stream) else {
        return Err(Error::unsupported(format!("haravan has no {stream}")));
    };
    let body = unmarked(body);
    let whole: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    let paged = !matches!(stream, Stream::Branches | Stream::Users);
    let mut page = Page::default();
    let mut more = None;
    let rows: Vec<Row<'_, T>> = match whole.get().as_bytes().first() {
        Some(b'[') => read_rows(whole, "")?,
        Some(b'{') => {
            #[derive(Deserialize)]
            struct Count {
                #[serde(deserialize_with = "pos_core::lenient::loose_integer")]
                count: Option<i64>,
            }
            let members: Members<'_> = serde_json::from_slice(body).map_err(not_json)?;
            match members.get(many) {
                Some(list) if list.get().starts_with('[') => read_rows(list, many)?,
                _ if members.len() == 1 && members.contains_key("count") => {
                    let count = serde_json::from_slice::<Count>(body).map_err(not_json)?.count;
                    page.total = count.and_then(|count| u64::try_from(count).ok());
                    return Ok(Answer { page, more, next: None });
                }
                _ if members.contains_key("id")
                    || members.contains_key(one)
                    || members.contains_key("data") =>
                {
                    let (raw, path) = unwrap_object(body, &[one])?;
                    more = Some(false);
                    vec![Row { raw, read: read(raw, path) }]
                }
                _ => return Err(Error::decode(format!("the answer has neither `{many}` nor `{one}`"))),
            }
        }
        _ => return Err(Error::decode("the answer is neither a list nor an object")),
    };
    if rows.is_empty() || !paged {
        more = Some(false);
    }
    for row in rows {
        match row.read {
            Ok(row) => page.records.push(row.record().into()),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    Ok(Answer { page, more, next: None })
}
