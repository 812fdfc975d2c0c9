//! Reading answers: lists, single objects, and objects in a wrapper.

use std::collections::{BTreeMap, HashSet};

use pos_core::page::{Answer, Page, Rejected, read_row};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, lenient};
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

/// The members of an object by their names in lower case; of two spellings the first that says something.
pub(crate) type Members<'a> = BTreeMap<String, &'a RawValue>;

pub(crate) fn members(json: &str) -> serde_json::Result<Members<'_>> {
    let members = pos_core::page::members(json, |name| name.to_ascii_lowercase())?;
    Ok(members.into_iter().collect())
}

/// An id: a whole number above zero, as a number or a text.
pub(crate) fn id_of(raw: &RawValue) -> Option<String> {
    whole(raw).filter(|id| *id > 0).map(|id| id.to_string())
}

fn whole(raw: &RawValue) -> Option<i64> {
    lenient::integer(raw).ok().flatten()
}

/// A list as its items; one item that is no list as itself; nothing as none.
pub(crate) fn items(raw: &RawValue) -> Vec<&RawValue> {
    match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).unwrap_or_default(),
        Some(_) if !is_nothing(raw) => vec![raw],
        _ => Vec::new(),
    }
}

fn is_nothing(raw: &RawValue) -> bool {
    let text = raw.get();
    matches!(text, "null" | "\"\"" | "false")
        || text.strip_prefix('{').is_some_and(|rest| rest.trim_start() == "}")
}

/// The names of the list of removed ids: the vendor spells it in four ways.
const REMOVED: [&str; 4] = ["removeid", "removeids", "removedid", "removedids"];

/// The removed ids under all names, at most so many: each id once, in the order of first mention.
pub(crate) fn removed(members: &Members<'_>, most: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let id = |item: &RawValue| match item.get().starts_with('{') {
        true => members_of(item).get("id").and_then(|id| id_of(id)),
        false => id_of(item),
    };
    let lists = REMOVED.iter().filter_map(|name| members.get(*name));
    let ids = lists.flat_map(|list| items(list)).filter_map(id);
    ids.filter(|id| seen.insert(id.clone())).take(most).collect()
}

/// The members of what may be an object.
pub(crate) fn members_of(raw: &RawValue) -> Members<'_> {
    members(raw.get()).unwrap_or_default()
}

/// The text of a body without a byte order mark.
pub(crate) fn text_of(body: &[u8]) -> std::result::Result<&str, std::str::Utf8Error> {
    std::str::from_utf8(lenient::without_mark(body)).map(str::trim)
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

/// Reads rows; the place of a row is only written down for those that are not as documented.
fn read_all<'a, T: DeserializeOwned>(rows: Vec<&'a RawValue>, list: &str) -> Vec<Row<'a, T>> {
    let read = |(at, raw): (usize, &'a RawValue)| {
        let read = serde_json::from_str(raw.get()).or_else(|_| read_row(raw, &format!("{list}[{at}]")));
        Row { raw, read }
    };
    rows.into_iter().enumerate().map(read).collect()
}

fn unsigned(raw: Option<&&RawValue>) -> Option<u64> {
    raw.and_then(|raw| whole(raw)).and_then(|number| u64::try_from(number).ok())
}

fn json_of(body: &[u8]) -> Result<&str> {
    text_of(body).map_err(|error| Error::decode("the answer is not UTF-8").with_source(error))
}

/// Reads a list answer. With a size and without `data` it is empty: that is how the vendor says so.
pub(crate) fn read_list<T: DeserializeOwned>(body: &[u8]) -> Result<Rows<'_, T>> {
    let other = || Error::decode("the answer is not a list as the vendor documents it");
    let json = json_of(body)?;
    if !json.starts_with('{') {
        return Err(other());
    }
    let members = members(json).map_err(not_json)?;
    let list = rows_of(&members).ok_or_else(other)?;
    let sized = list.total.is_some() || list.page_size.is_some() || list.timestamp.is_some();
    if has_list(&members) || sized { Ok(list) } else { Err(other()) }
}

fn has_list(members: &Members<'_>) -> bool {
    members.get("data").is_some_and(|data| data.get().starts_with('['))
}

/// The rows of a list; `None` when something else stands in its place.
fn rows_of<'a, T: DeserializeOwned>(members: &Members<'a>) -> Option<Rows<'a, T>> {
    let rows = match members.get("data") {
        Some(data) if data.get().starts_with('[') || is_nothing(data) => items(data),
        Some(_) => return None,
        None => Vec::new(),
    };
    Some(Rows {
        rows: read_all(rows, "data"),
        removed: removed(members, usize::MAX),
        total: unsigned(members.get("total")),
        page_size: unsigned(members.get("pagesize")),
        timestamp: members.get("timestamp").and_then(|at| lenient::instant_vietnam(*at).ok().flatten()),
    })
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
    let whole: &RawValue = serde_json::from_str(json_of(body)?).map_err(not_json)?;
    match members_of(whole).get("data") {
        Some(data) if data.get().starts_with('{') => Ok((data, "data")),
        _ => Ok((whole, "")),
    }
}

/// Reads one object, wrapped or not.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let (raw, path) = unwrap_object(body)?;
    read_one(raw, path)
}

/// Reads one object.
pub(crate) fn read_one<T: DeserializeOwned>(raw: &RawValue, path: &str) -> Result<T> {
    read_row(raw, path).map_err(|rejected| {
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
    let json = json_of(body)?;
    let rows = match json.as_bytes().first() {
        Some(b'[') => {
            let rows: Vec<&RawValue> = serde_json::from_str(json).map_err(not_json)?;
            alone(read_all::<T>(rows, ""))
        }
        Some(b'{') => {
            let members = members(json).map_err(not_json)?;
            match rows_of(&members).filter(|_| is_list(&members)) {
                Some(list) => {
                    more = more_follow(list.rows.len() as u64, list.total, list.page_size);
                    list
                }
                None => {
                    let (raw, path) = unwrap_object(body)?;
                    more = Some(false);
                    alone(vec![Row { raw, read: read_row(raw, path) }])
                }
            }
        }
        Some(_) if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() => {
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

/// Whether an object is the envelope of a list: it has a list in `data`, or none, no id, and another member of a list.
fn is_list(members: &Members<'_>) -> bool {
    let has = |name: &str| members.contains_key(name);
    has_list(members) || (!has("id") && !has("categoryid") && (has("pagesize") || has("timestamp")))
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
    let local = lenient::in_vietnam(at);
    wall_time(PrimitiveDateTime::new(local.date(), local.time()))
}

/// A wall time as the vendor's requests want it.
pub(crate) fn wall_time(at: PrimitiveDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    at.format(&format).unwrap_or_default()
}
