//! Reading answers: envelopes, bare lists, objects in wrappers.

use pos_core::kit::{
    Keyed, Members, Raw, Row, Written, foreign, is_list, is_nothing, is_object, listed, read_object as read,
    rows_of, split, unreadable, value_of,
};
use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::{Extra, Record, Stream};
use pos_core::{Error, ErrorKind, Result, lenient};
use serde_json::value::RawValue;

use crate::model;

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// Whether the vendor says that more follow. It may say so although none do; absent where it says nothing.
    pub has_more: Option<bool>,
    /// The page size in force (`limited`).
    pub limited: Option<u64>,
    /// How many rows there are; line v3 only.
    pub total: Option<u64>,
}

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<Raw<'a, T>>,
    /// Whether no envelope is around it.
    pub(crate) is_bare: bool,
    pub(crate) more: Option<bool>,
    pub(crate) size: Option<u64>,
    pub(crate) total: Option<u64>,
}

impl<T> Rows<'_, T> {
    pub(crate) fn into_list(self) -> List<T> {
        let (data, rejected) = split(self.rows);
        List { data, rejected, has_more: self.more, limited: self.size, total: self.total }
    }
}

impl<T: Keyed<Key = i64>> Rows<'_, T> {
    pub(crate) fn ids(&self) -> Vec<Option<i64>> {
        self.rows.iter().map(Raw::key).collect()
    }
}

fn count(members: &Members<'_>, names: &[&str]) -> Option<u64> {
    let number = |name: &&str| lenient::integer(members.get(name)?).ok().flatten();
    names.iter().find_map(number).and_then(|number| u64::try_from(number).ok())
}

/// What an envelope says of its list.
fn enveloped<'a, T>(members: &Members<'_>, rows: Vec<Raw<'a, T>>) -> Rows<'a, T> {
    let mut list = Rows {
        is_bare: false,
        more: members.get("has_more").and_then(|more| lenient::flag(more).ok().flatten()),
        size: count(members, &["limited"]),
        total: None,
        rows,
    };
    // Line v3, in both spellings.
    let pages = members.get("pagination").or_else(|| members.get("meta"));
    let Some(pages) = pages.and_then(|pages| Members::of(pages).ok()) else { return list };
    list.total = count(&pages, &["total_record", "total_records"]);
    list.size = list.size.or_else(|| count(&pages, &["limit"]));
    let place = count(&pages, &["page"]).zip(count(&pages, &["total_page"]));
    list.more = list.more.or_else(|| place.map(|(page, pages)| page < pages));
    list
}

/// The lists that are rows: `data`, and `records` in v3.
const LISTS: [&str; 2] = ["data", "records"];

/// Reads a list answer.
///
/// # Errors
/// [`ErrorKind::Decode`] when it is none: it may be in a moment.
pub(crate) fn read_list<T: Keyed>(body: &[u8]) -> Result<Rows<'_, T>> {
    for name in LISTS {
        if let Some((members, rows)) = listed(body, name) {
            return checked(enveloped(&members, rows));
        }
    }
    let whole = value_of(body)?;
    match list_in(whole)? {
        Some(list) => checked(list),
        None => Err(foreign("the answer is not a list as the vendor documents it")),
    }
}

fn list_in<T: Keyed>(whole: &RawValue) -> Result<Option<Rows<'_, T>>> {
    if is_list(whole) {
        let rows = rows_of(whole, "")?;
        return Ok(Some(Rows { rows, is_bare: true, more: None, size: None, total: None }));
    }
    if !is_object(whole) {
        return Ok(None);
    }
    let members = Members::of(whole)?;
    match members.first(&LISTS, is_list) {
        Some((name, list)) => Ok(Some(enveloped(&members, rows_of(list, name)?))),
        None => Ok(None),
    }
}

/// Rows of which none is an object are no rows.
fn checked<T>(list: Rows<'_, T>) -> Result<Rows<'_, T>> {
    let may_be_row = |row: &Raw<'_, T>| row.read.is_ok() || is_object(row.raw.value());
    if list.rows.is_empty() || list.rows.iter().any(may_be_row) {
        return Ok(list);
    }
    Err(foreign("the answer is not a list of objects"))
}

/// A wire struct that has a stream.
pub(crate) trait Resource: Row<Key = i64> {
    const STREAM: Stream;
    /// The object in which line v3 puts one of it, and the lists that it puts beside it.
    const WRAPPER: Option<(&'static str, &'static [&'static str])> = None;

    /// Takes what stands beside the object.
    fn beside(&mut self, other: Self) {
        let _ = other;
    }

    /// Whether the row belongs to a stream: purchases are nobody's order, and returns are apart.
    fn is_told(&self, stream: Stream) -> bool {
        stream == Self::STREAM
    }
}

impl Resource for model::Account {
    const STREAM: Stream = Stream::Customers;
    const WRAPPER: Option<(&'static str, &'static [&'static str])> = Some(("info", &["contacts"]));

    fn beside(&mut self, other: Self) {
        if self.contacts.is_empty() {
            self.contacts = other.contacts;
        }
    }
}

/// What v3 calls a purchase (C:1).
const PURCHASE: i64 = 1;

impl Resource for model::Order {
    const STREAM: Stream = Stream::Orders;
    const WRAPPER: Option<(&'static str, &'static [&'static str])> =
        Some(("order_info", &["products", "order_details", "payments"]));

    fn beside(&mut self, other: Self) {
        self.order_details = self.order_details.take().or(other.order_details);
        if self.payments.is_empty() {
            self.payments = other.payments;
        }
    }

    fn is_told(&self, stream: Stream) -> bool {
        let own = if self.is_return() { Stream::Returns } else { Stream::Orders };
        stream == own && self.order_type != Some(PURCHASE)
    }
}

impl model::Order {
    /// Whether goods came back with it (v3).
    pub(crate) fn is_return(&self) -> bool {
        self.is_repay == Some(true)
    }
}

impl Resource for model::Product {
    const STREAM: Stream = Stream::Products;
}

impl Resource for model::User {
    const STREAM: Stream = Stream::Users;
}

/// One object: bare, in `data`, or in v3's wrapper. `None` when there is none in the answer: an empty object or list, as PHP
/// writes what it did not find.
///
/// # Errors
/// [`ErrorKind::Decode`] when the answer is something else.
pub(crate) fn read_one<T: Resource>(body: &[u8]) -> Result<Option<(&RawValue, T)>> {
    let whole = value_of(body)?;
    one_in(whole).map_err(|rejected| unreadable(&rejected))
}

fn is_blank(raw: &RawValue) -> bool {
    is_nothing(raw) || raw.get().strip_prefix('[').is_some_and(|rest| rest.trim_start() == "]")
}

fn one_in<T: Resource>(whole: &RawValue) -> Result<Option<(&RawValue, T)>, Rejected> {
    if is_blank(whole) {
        return Ok(None);
    }
    let members = Members::of(whole).unwrap_or_default();
    if let Some(data) = members.get("data").filter(|_| !members.has("id")) {
        return if is_blank(data) { Ok(None) } else { read(data, "data").map(|one| Some((data, one))) };
    }
    let Some((name, lists)) = T::WRAPPER else { return read(whole, "").map(|one| Some((whole, one))) };
    let Some(inner) = members.get(name) else { return read(whole, "").map(|one| Some((whole, one))) };
    if is_blank(inner) {
        return Ok(None);
    }
    let mut one: T = read(inner, name)?;
    // What stands beside it is read as if it stood in an object of the same key.
    let beside: Vec<String> =
        lists.iter().filter_map(|list| Some(format!("\"{list}\":{}", members.get(list)?.get()))).collect();
    if let (Some(key), false) = (one.key(), beside.is_empty()) {
        let text = format!("{{\"id\":{key},{}}}", beside.join(","));
        let other = RawValue::from_string(text).ok().and_then(|raw| read::<T>(&raw, "").ok());
        if let Some(other) = other {
            one.beside(other);
        }
    }
    Ok(Some((inner, one)))
}

/// The two objects with a company's own fields: which of them a row has depends on the call, so a path into one finds the
/// other, too.
const OWN_FIELDS: [&str; 2] = ["detail_custom_fields", "custom_fields"];

/// The vendor fields that a mapping asks for, by dotted path.
pub(crate) fn custom_of<'a>(row: impl Into<Written<'a>>, paths: &[String]) -> Extra {
    if paths.is_empty() {
        return Extra::new();
    }
    let row = row.into();
    let mut custom = row.custom(paths);
    for path in paths.iter().filter(|path| !custom.contains_key(*path)).cloned().collect::<Vec<_>>() {
        let other = OWN_FIELDS.iter().find_map(|own| {
            let field = path.strip_prefix(own)?.strip_prefix('.')?;
            let other = OWN_FIELDS.iter().find(|other| *other != own)?;
            Some(format!("{other}.{field}"))
        });
        let value = other.and_then(|other| row.custom(std::slice::from_ref(&other)).remove(&other));
        custom.extend(value.map(|value| (path, value)));
    }
    custom
}

/// Reads a saved answer of a stream: a list of any line, one object, or the ids of deleted accounts, which are
/// `removed`.
///
/// `more` is what the vendor says of a list, unless it is empty; `None` where it says nothing. Line v3 tells purchases among
/// orders, which are left out, and returns, which have a stream of their own.
///
/// ```
/// use pos_getfly::{Stream, read_answer};
///
/// let body = r#"{"data":[{"id":7,"account_name":"Lê Thị Mẫu","phone_office":"0352 000 141"}],"has_more":true,"limited":1}"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
/// assert_eq!((answer.page.records[0].id(), answer.more), ("7", Some(true)));
///
/// let gone = read_answer(Stream::Customers, br#"[{"account_id":8,"account_code":"KH8"}]"#).unwrap();
/// assert_eq!(gone.page.removed, ["8"]);
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`] when it is no answer; [`ErrorKind::Unsupported`] for a stream that Getfly does not have.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    match stream {
        Stream::Customers => answer::<model::Account>(stream, body),
        Stream::Orders | Stream::Returns => answer::<model::Order>(stream, body),
        Stream::Products => answer::<model::Product>(stream, body),
        Stream::Users => answer::<model::User>(stream, body),
        other => Err(Error::unsupported(format!("getfly has no {other}"))),
    }
}

fn answer<T: Resource>(stream: Stream, body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let mut page = Page::default();
    let list = match list_in::<T>(value_of(body)?)? {
        Some(_) => Some(read_list::<T>(body)?),
        None => None,
    };
    let Some(list) = list else {
        let whole = value_of(body)?;
        match one_in::<T>(whole) {
            Ok(one) => put(one.map(|(_, one)| one), stream, &mut page),
            Err(_) if is_error(whole) => {
                return Err(Error::new(ErrorKind::Unexpected, "the answer is an error and no object"));
            }
            Err(rejected) => page.rejected.push(rejected),
        }
        return Ok(Answer { page, more: Some(false), next: None });
    };
    page.total = list.total;
    let more = if list.rows.is_empty() { Some(false) } else { list.more };
    let is_gone = stream == Stream::Customers && list.rows.iter().all(|row| is_deletion(row.raw.value()));
    for row in list.rows.into_iter().filter(Raw::is_real) {
        match row.read {
            Ok(read) if is_gone => page.removed.extend(read.key().map(|id| id.to_string())),
            Ok(read) => put([read], stream, &mut page),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    Ok(Answer { page, more, next: None })
}

fn put<T: Resource>(rows: impl IntoIterator<Item = T>, stream: Stream, page: &mut Page<Record>)
where
    Record: From<T::Record>,
{
    let told = rows.into_iter().filter(|row| row.is_told(stream));
    page.records.extend(told.map(|row| Record::from(row.into_record(Extra::new()))));
}

/// Whether it is what a failure or a success says of itself.
fn is_error(whole: &RawValue) -> bool {
    let members = Members::of(whole).unwrap_or_default();
    ["message", "error", "msg", "errors"].iter().any(|name| members.has(name))
}

/// Whether a row is an id with a code and nothing else, as deletions are told.
fn is_deletion(row: &RawValue) -> bool {
    let members = Members::of(row).unwrap_or_default();
    members.has("account_id") && members.iter().all(|(name, _)| matches!(name, "account_id" | "account_code"))
}
