//! Reading answers: lists, single objects, and objects in a wrapper.

use pos_core::page::{Answer, Page, Rejected, reject};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, lenient};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::map::ToRecord;
use crate::model;

/// Rows with a number of their own.
pub(crate) trait Keyed {
    /// The vendor's id.
    fn key(&self) -> i64;
}

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows; those with ids of 0 and below are left out.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// Ids of removed objects, whatever the vendor calls the list.
    pub removed: Vec<String>,
    /// Rows in the whole list.
    pub total: Option<u64>,
    /// Rows a page has, as the vendor sees it.
    pub page_size: Option<u64>,
    /// The vendor's clock.
    pub timestamp: Option<OffsetDateTime>,
}

/// An id in a list of removed ones.
#[derive(Debug, Deserialize)]
pub(crate) struct Id(#[serde(deserialize_with = "lenient::text")] Option<String>);

/// Unites the removed-id lists that the vendor spells in four ways: each id once, in the order of first mention.
pub(crate) fn unite(lists: [Vec<Id>; 4]) -> Vec<String> {
    let mut united: Vec<String> = Vec::new();
    for id in lists.into_iter().flatten().filter_map(|Id(id)| id) {
        if !united.contains(&id) {
            united.push(id);
        }
    }
    united
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Option<Vec<&'a RawValue>>,
    /// A list has none; an object does.
    #[serde(default, alias = "categoryId")]
    id: Option<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "lenient::integer")]
    total: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    page_size: Option<i64>,
    #[serde(default, deserialize_with = "lenient::instant_vietnam")]
    timestamp: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::list")]
    remove_id: Vec<Id>,
    #[serde(default, deserialize_with = "lenient::list")]
    remove_ids: Vec<Id>,
    #[serde(default, deserialize_with = "lenient::list")]
    removed_id: Vec<Id>,
    #[serde(default, deserialize_with = "lenient::list")]
    removed_ids: Vec<Id>,
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

    /// Rows of 0 and below carry sums, not records.
    pub(crate) fn is_record(&self) -> bool {
        self.key().is_none_or(|key| key > 0)
    }
}

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<Row<'a, T>>,
    pub(crate) removed: Vec<String>,
    pub(crate) total: Option<u64>,
    pub(crate) page_size: Option<u64>,
    pub(crate) timestamp: Option<OffsetDateTime>,
}

fn not_json(error: serde_json::Error) -> Error {
    Error::decode("the answer is not the JSON that the vendor documents").with_source(Place::of(&error))
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

fn read<T: DeserializeOwned>(raw: &RawValue, path: &str) -> std::result::Result<T, Rejected> {
    serde_json::from_str(raw.get()).map_err(|_| reject::<T>(raw, path))
}

/// Reads rows; the place of a row is only written down for those that cannot be read.
fn read_all<'a, T: DeserializeOwned>(rows: Vec<&'a RawValue>, list: &str) -> Vec<Row<'a, T>> {
    let read = |(at, raw): (usize, &'a RawValue)| {
        let read = serde_json::from_str(raw.get()).map_err(|_| reject::<T>(raw, &format!("{list}[{at}]")));
        Row { raw, read }
    };
    rows.into_iter().enumerate().map(read).collect()
}

fn unsigned(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}

/// Reads a list answer. With a size and without `data` it is empty: that is how the vendor says so.
pub(crate) fn read_list<T: DeserializeOwned>(body: &[u8]) -> Result<Rows<'_, T>> {
    let other = || Error::decode("the answer is not a list as the vendor documents it");
    // A struct would also be read from an array, member by member.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(other());
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(not_json)?;
    let sized = envelope.total.is_some() || envelope.page_size.is_some() || envelope.timestamp.is_some();
    if envelope.data.is_none() && !sized {
        return Err(other());
    }
    Ok(rows_of(envelope))
}

fn rows_of<T: DeserializeOwned>(envelope: Envelope<'_>) -> Rows<'_, T> {
    Rows {
        rows: read_all(envelope.data.unwrap_or_default(), "data"),
        removed: unite([envelope.remove_id, envelope.remove_ids, envelope.removed_id, envelope.removed_ids]),
        total: unsigned(envelope.total),
        page_size: unsigned(envelope.page_size),
        timestamp: envelope.timestamp,
    }
}

impl<T: Keyed> Rows<'_, T> {
    /// The typed form without raw texts.
    pub(crate) fn into_list(self) -> List<T> {
        let mut list = List {
            data: Vec::with_capacity(self.rows.len()),
            rejected: Vec::new(),
            removed: self.removed,
            total: self.total,
            page_size: self.page_size,
            timestamp: self.timestamp,
        };
        for row in self.rows.into_iter().filter(Row::is_record) {
            match row.read {
                Ok(row) => list.data.push(row),
                Err(rejected) => list.rejected.push(rejected),
            }
        }
        list
    }
}

/// The object in an answer: at the top, or in `data` beside a message.
pub(crate) fn unwrap_object(body: &[u8]) -> Result<(&RawValue, &'static str)> {
    let whole: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
    }
    let wrapper: Option<Wrapper<'_>> = serde_json::from_slice(body).ok();
    match wrapper.and_then(|wrapper| wrapper.data) {
        Some(data) if data.get().starts_with('{') => Ok((data, "data")),
        _ => Ok((whole, "")),
    }
}

/// Reads one object, wrapped or not.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let (raw, path) = unwrap_object(body)?;
    read(raw, path).map_err(|rejected| {
        Error::decode(format!(
            "the answer is not what the vendor documents, at {}: {}",
            rejected.path, rejected.reason
        ))
    })
}

/// Reads a saved answer of a stream: a list, one object, one object in a wrapper, or a bare array.
///
/// `more` assumes that pages start on page boundaries, because the body does not say where its page starts: a page
/// that is not full is the last one; a full page is not, unless the total is a multiple of the page size, when the body
/// cannot tell.
///
/// ```
/// use pos_kiotviet::{Stream, read_answer};
///
/// let body = r#"{"total":1,"pageSize":100,"data":[{"id":7,"code":"KH000007","name":"Lê Quốc Bảo"}],"removeId":[5]}"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
/// assert_eq!(answer.page.records[0].id(), "7");
/// assert_eq!(answer.page.removed, ["5"]);
/// assert_eq!(answer.more, Some(false));
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when the body is not JSON, or neither a list nor an object.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    match stream {
        Stream::Customers => answer::<model::Customer>(body),
        Stream::Orders => answer::<model::Order>(body),
        Stream::Invoices => answer::<model::Invoice>(body),
        Stream::Returns => answer::<model::Return>(body),
        Stream::Products => answer::<model::Product>(body),
        Stream::Categories => answer::<model::Category>(body),
        Stream::Branches => answer::<model::Branch>(body),
        Stream::Users => answer::<model::User>(body),
        other => Err(Error::unsupported(format!("kiotviet has no {other}"))),
    }
}

fn answer<T: DeserializeOwned + Keyed + ToRecord>(body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let mut more = None;
    let alone = |rows| Rows { rows, removed: Vec::new(), total: None, page_size: None, timestamp: None };
    let rows = match body.trim_ascii_start().first() {
        Some(b'[') => {
            let rows: Vec<&RawValue> = serde_json::from_slice(body).map_err(not_json)?;
            alone(read_all::<T>(rows, ""))
        }
        Some(b'{') => match envelope(body) {
            Some(envelope) => {
                let list = rows_of::<T>(envelope);
                more = more_follow(list.rows.len() as u64, list.total, list.page_size);
                list
            }
            None => {
                let (raw, path) = unwrap_object(body)?;
                more = Some(false);
                alone(vec![Row { raw, read: read(raw, path) }])
            }
        },
        Some(_) if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() => {
            return Err(Error::decode("the answer is neither a list nor an object"));
        }
        _ => return Err(Error::decode("the answer is not the JSON that the vendor documents")),
    };
    let mut page = Page { removed: rows.removed, total: rows.total, ..Page::default() };
    for row in rows.rows.into_iter().filter(Row::is_record) {
        match row.read {
            Ok(row) => page.records.push(row.record().into()),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    Ok(Answer { page, more, next: None })
}

/// The envelope of a list: an object with a list in `data`, or with none, no id, and one of a list's other members.
fn envelope(body: &[u8]) -> Option<Envelope<'_>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    let sized = envelope.page_size.is_some() || envelope.timestamp.is_some();
    (envelope.data.is_some() || (sized && envelope.id.is_none())).then_some(envelope)
}

fn more_follow(rows: u64, total: Option<u64>, page_size: Option<u64>) -> Option<bool> {
    if rows == 0 || total.is_some_and(|total| rows >= total) || page_size.is_some_and(|size| rows < size) {
        return Some(false);
    }
    match (total?, page_size?) {
        (total, size) if size > 0 && !total.is_multiple_of(size) => Some(true),
        _ => None,
    }
}

/// An instant as the vendor's requests want it: Viet Nam wall time, without fraction and offset.
pub(crate) fn shop_time(at: OffsetDateTime) -> String {
    let local = at.to_offset(lenient::VIETNAM);
    wall_time(PrimitiveDateTime::new(local.date(), local.time()))
}

/// A wall time as the vendor's requests want it.
pub(crate) fn wall_time(at: PrimitiveDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    at.format(&format).unwrap_or_default()
}
