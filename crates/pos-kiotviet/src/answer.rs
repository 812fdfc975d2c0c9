//! Reading answers: lists, single objects, and objects in a wrapper.

use std::collections::HashSet;

use pos_core::kit::{
    Keyed, Members, Raw, Row, foreign, is_list, is_nothing, is_object, listed, page_of, read_object as read,
    rows_of, split, unreadable, value_of,
};
use pos_core::page::{Answer, Rejected};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, lenient};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::model;

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

/// An id: a whole number above zero, as a number or a text.
pub(crate) fn id_of(raw: &RawValue) -> Option<String> {
    whole(raw).filter(|id| *id > 0).map(|id| id.to_string())
}

fn whole(raw: &RawValue) -> Option<i64> {
    lenient::integer(raw).ok().flatten()
}

/// A list as its items; one item that is no list as itself; nothing as none.
pub(crate) fn items(raw: &RawValue) -> Vec<&RawValue> {
    if is_list(raw) {
        return pos_core::kit::items(raw).unwrap_or_default();
    }
    if is_nothing(raw) { Vec::new() } else { vec![raw] }
}

/// The names of the list of removed ids: the vendor spells it in four ways.
const REMOVED: [&str; 4] = ["removeid", "removeids", "removedid", "removedids"];

/// The removed ids under all names, at most so many: each id once, in the order of first mention.
pub(crate) fn removed(members: &Members<'_>, most: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let id = |item: &RawValue| match is_object(item) {
        true => members_of(item).get("id").and_then(id_of),
        false => id_of(item),
    };
    let lists = REMOVED.iter().filter_map(|name| members.get(name));
    let ids = lists.flat_map(|list| items(list)).filter_map(id);
    ids.filter(|id| seen.insert(id.clone())).take(most).collect()
}

/// The members of what may be an object.
pub(crate) fn members_of(raw: &RawValue) -> Members<'_> {
    Members::of(raw).unwrap_or_default()
}

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<Raw<'a, T>>,
    pub(crate) removed: Vec<String>,
    pub(crate) total: Option<u64>,
    pub(crate) page_size: Option<u64>,
    pub(crate) timestamp: Option<OffsetDateTime>,
}

impl<'a, T> Rows<'a, T> {
    fn alone(rows: Vec<Raw<'a, T>>) -> Self {
        Self { rows, removed: Vec::new(), total: None, page_size: None, timestamp: None }
    }
}

fn unsigned(raw: Option<&RawValue>) -> Option<u64> {
    raw.and_then(whole).and_then(|number| u64::try_from(number).ok())
}

/// Reads a list answer. With a size and without `data` it is empty: that is how the vendor says so.
pub(crate) fn read_list<T: Keyed<Key = i64>>(body: &[u8]) -> Result<Rows<'_, T>> {
    let other = || foreign("the answer is not a list as the vendor documents it");
    if let Some((members, rows)) = listed(body, "data") {
        return Ok(list_of(&members, rows));
    }
    let whole = value_of(body)?;
    if !is_object(whole) {
        return Err(other());
    }
    let members = Members::of(whole)?;
    let list = list_in(&members)?.ok_or_else(other)?;
    let sized = list.total.is_some() || list.page_size.is_some() || list.timestamp.is_some();
    if has_list(&members) || sized { Ok(list) } else { Err(other()) }
}

fn has_list(members: &Members<'_>) -> bool {
    members.get("data").is_some_and(is_list)
}

/// The rows of a list; `None` when something else stands in its place.
fn list_in<'a, T: Keyed<Key = i64>>(members: &Members<'a>) -> Result<Option<Rows<'a, T>>> {
    let rows = match members.get("data") {
        Some(data) if is_list(data) => rows_of(data, "data")?,
        Some(data) if !is_nothing(data) => return Ok(None),
        _ => Vec::new(),
    };
    Ok(Some(list_of(members, rows)))
}

fn list_of<'a, T>(members: &Members<'_>, rows: Vec<Raw<'a, T>>) -> Rows<'a, T> {
    Rows {
        rows,
        removed: removed(members, usize::MAX),
        total: unsigned(members.get("total")),
        page_size: unsigned(members.get("pagesize")),
        timestamp: members.get("timestamp").and_then(|at| lenient::instant_vietnam(at).ok().flatten()),
    }
}

impl<T: Keyed<Key = i64>> Rows<'_, T> {
    /// The typed form without raw texts.
    pub(crate) fn into_list(self) -> List<T> {
        let (data, rejected) = split(self.rows.into_iter().filter(Raw::is_real).collect());
        let Self { removed, total, page_size, timestamp, .. } = self;
        List { data, rejected, removed, total, page_size, timestamp }
    }
}

/// The object in an answer: at the top, or in `data` beside a message.
pub(crate) fn unwrap_object(body: &[u8]) -> Result<(&RawValue, &'static str)> {
    let whole = value_of(body)?;
    match members_of(whole).get("data") {
        Some(data) if is_object(data) => Ok((data, "data")),
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
    read(raw, path).map_err(|rejected| unreadable(&rejected))
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

fn answer<T: Row<Key = i64>>(body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let (rows, more) = match listed(body, "data") {
        Some((members, rows)) => page(list_of(&members, rows)),
        None => rows_in::<T>(body)?,
    };
    let mut page = page_of(rows.rows);
    (page.removed, page.total) = (rows.removed, rows.total);
    Ok(Answer { page, more, next: None })
}

fn page<T>(list: Rows<'_, T>) -> (Rows<'_, T>, Option<bool>) {
    let more = more_follow(list.rows.len() as u64, list.total, list.page_size);
    (list, more)
}

fn rows_in<T: Keyed<Key = i64>>(body: &[u8]) -> Result<(Rows<'_, T>, Option<bool>)> {
    let whole = value_of(body)?;
    if is_list(whole) {
        return Ok((Rows::alone(rows_of::<T>(whole, "")?), None));
    }
    if !is_object(whole) {
        return Err(Error::decode("the answer is neither a list nor an object"));
    }
    let members = Members::of(whole)?;
    if let Some(list) = list_in(&members)?.filter(|_| is_envelope(&members)) {
        return Ok(page(list));
    }
    let (raw, path) = unwrap_object(body)?;
    Ok((Rows::alone(vec![Raw::read(raw, path)]), Some(false)))
}

/// Whether an object is the envelope of a list: it has a list in `data`, or none, no id, and another member of a list.
fn is_envelope(members: &Members<'_>) -> bool {
    let has = |name: &str| members.has(name);
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
