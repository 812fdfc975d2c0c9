//! Reading answers: lists, single objects, and objects in a wrapper.

use pos_core::kit::{
    Keyed, Members, Raw, Row, foreign, is_list, is_nothing, is_object, page_of, read_object as read, rows_of,
    split, unreadable, value_of,
};
use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::{Extra, Record, Stream};
use pos_core::{Error, Result, Retry, lenient};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::classify::failure_in;
use crate::model;
use crate::scan::PageInfo;

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// Which page, from 1; absent on lists that are not paged.
    pub page_number: Option<u64>,
    /// Rows a page has, as the vendor sees it.
    pub page_size: Option<u64>,
    /// Pages in all; 0 or 1 for an empty list.
    pub total_pages: Option<u64>,
    /// Rows in the whole list.
    pub total_entries: Option<u64>,
}

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<Raw<'a, T>>,
    pub(crate) info: PageInfo,
}

/// Reads one row: one without an id is none.
pub(crate) fn read_row<'a, T: Keyed>(raw: &'a RawValue, path: &str) -> Raw<'a, T> {
    named(Raw::read(raw, path), path)
}

fn named<'a, T: Keyed>(row: Raw<'a, T>, path: &str) -> Raw<'a, T> {
    if row.read.is_err() || row.key().is_some() {
        return row;
    }
    let path = if path.is_empty() { "id".to_owned() } else { format!("{path}.id") };
    Raw { read: Err(Rejected { id: None, path, reason: "expected an id".to_owned() }), ..row }
}

fn read_rows<'a, T: Keyed>(list: &'a RawValue, name: &str) -> Result<Vec<Raw<'a, T>>> {
    let rows = rows_of(list, name)?;
    if !rows.is_empty() && !rows.iter().any(|row| is_object(row.raw.value())) {
        return Err(foreign("the answer is a list of something else than objects"));
    }
    Ok(rows.into_iter().enumerate().map(|(at, row)| named(row, &format!("{name}[{at}]"))).collect())
}

fn info_of(members: &Members<'_>) -> PageInfo {
    let number = |name| {
        let number = lenient::integer(members.get(name)?).ok().flatten()?;
        u64::try_from(number).ok()
    };
    PageInfo {
        number: number("page_number"),
        size: number("page_size").filter(|size| *size > 0),
        pages: number("total_pages"),
        total: number("total_entries"),
    }
}

/// The rows of a list; `None` when there is no list.
fn list_in<'a, T: Keyed>(members: &Members<'a>) -> Result<Option<Rows<'a, T>>> {
    let Some((name, list)) = members.first(&["data", "shops"], is_list) else { return Ok(None) };
    Ok(Some(Rows { rows: read_rows(list, name)?, info: info_of(members) }))
}

/// Reads a list answer.
pub(crate) fn read_list<T: Keyed>(body: &[u8]) -> Result<Rows<'_, T>> {
    let whole = value_of(body)?;
    let list = if is_object(whole) { list_in(&Members::of(whole)?)? } else { None };
    list.ok_or_else(|| foreign("the answer is not a list as the vendor documents it"))
}

/// Reads the shops that a key reaches: `{"shops": […]}`, or a bare array (C:1).
pub(crate) fn read_shops(body: &[u8]) -> Result<Vec<model::Shop>> {
    let whole = value_of(body)?;
    let rows = if is_list(whole) { read_rows(whole, "")? } else { read_list(body)?.rows };
    Ok(split(rows).0)
}

impl<T: Keyed> Rows<'_, T> {
    /// The typed form without raw texts.
    pub(crate) fn into_list(self) -> List<T> {
        let (data, rejected) = split(self.rows);
        List {
            data,
            rejected,
            page_number: self.info.number,
            page_size: self.info.size,
            total_pages: self.info.pages,
            total_entries: self.info.total,
        }
    }
}

/// The object in an answer: at the top, in `data`, in `shop` or in `customer`.
fn unwrap_object(body: &[u8]) -> Result<(&RawValue, &'static str)> {
    let whole = value_of(body)?;
    if !is_object(whole) {
        return Err(foreign("the answer is not an object"));
    }
    let members = Members::of(whole)?;
    let names_itself =
        ["id", "system_id"].iter().any(|name| members.get(name).is_some_and(|id| !is_nothing(id)));
    // An order has a customer of its own and is no wrapper.
    let wrappers: &[&str] = if names_itself { &["data"] } else { &["data", "shop", "customer"] };
    Ok(members.first(wrappers, is_object).map_or((whole, ""), |(name, inner)| (inner, name)))
}

/// What cannot be read comes again alike where it is a record, as its id shows; else something between may have written it.
fn unusable(rejected: &Rejected) -> Error {
    let error = unreadable(rejected);
    if rejected.id.is_none() { error } else { error.with_retry(Retry::Never) }
}

/// Reads one object, wrapped or not.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let (raw, path) = unwrap_object(body)?;
    read(raw, path).map_err(|rejected| unusable(&rejected))
}

/// Reads one record, wrapped or not, with the raw text of it.
pub(crate) fn read_record<T: Keyed>(body: &[u8]) -> Result<(T, &RawValue)> {
    let (raw, path) = unwrap_object(body)?;
    read_row(raw, path).read.map(|read| (read, raw)).map_err(|rejected| unusable(&rejected))
}

/// Reads a saved answer of a stream: a list, one object, one object in a wrapper, or a bare array.
///
/// `products` reads products with their variations as well as the flat list of variations, whose rows come together under
/// their product. A deleted order (status 7) is a record whose status says so.
///
/// ```
/// use pos_pancake::{Stream, read_answer};
///
/// let body = r#"{"data":[{"id":"3a0f7c2e","customer_id":"e5b1d9a4","name":"Lê Quốc Bảo"}],"page_number":1,"total_pages":2}"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
/// assert_eq!(answer.page.records[0].id(), "3a0f7c2e");
/// assert_eq!(answer.more, Some(true));
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when the body is not JSON, or neither a list nor an object; what
/// [`classify`](crate::classify) says when the body tells of a failure.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    match stream {
        Stream::Customers => answer::<model::Customer>(body, false),
        Stream::Orders => answer::<model::Order>(body, false),
        Stream::Products => products(body),
        Stream::Branches => answer::<model::Warehouse>(body, true),
        Stream::Users => answer::<model::User>(body, true),
        Stream::Categories => answer::<model::Category>(body, true),
        other => Err(Error::unsupported(format!("pancake has no {other}"))),
    }
}

/// The rows of a saved answer, and whether more follow.
fn saved<T: Keyed>(body: &[u8], is_whole: bool) -> Result<(Rows<'_, T>, Option<bool>)> {
    let alone = |rows| Rows { rows, info: PageInfo::default() };
    let whole = value_of(body)?;
    if is_list(whole) {
        return Ok((alone(read_rows(whole, "")?), None));
    }
    if !is_object(whole) {
        return Err(Error::decode("the answer is neither a list nor an object"));
    }
    if let Some(error) = failure_in(body) {
        return Err(error);
    }
    if let Some(list) = list_in(&Members::of(whole)?)? {
        let more = list.info.more(list.rows.len());
        let more = if is_whole && !list.info.is_paged() { Some(false) } else { more };
        return Ok((list, more));
    }
    let (raw, path) = unwrap_object(body)?;
    Ok((alone(vec![read_row(raw, path)]), Some(false)))
}

fn answer<T: Row>(body: &[u8], is_whole: bool) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let (rows, more) = saved::<T>(body, is_whole)?;
    let page = Page { total: rows.info.total, ..page_of(rows.rows) };
    Ok(Answer { page, more, next: None })
}

/// Products, or variations that are brought together under theirs.
fn products(body: &[u8]) -> Result<Answer> {
    let (rows, more) = saved::<model::Product>(body, false)?;
    let mut page = Page { total: rows.info.total, ..Page::default() };
    let mut found: Vec<model::Product> = Vec::new();
    for row in rows.rows {
        match row.read {
            Ok(product) if product.variations.is_empty() && product.extra.contains_key("product_id") => {
                match read(row.raw.value(), "data") {
                    Ok(variation) => gather(&mut found, variation),
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            Ok(product) => found.push(product),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    page.records = found.into_iter().map(|product| product.into_record(Extra::new()).into()).collect();
    Ok(Answer { page, more, next: None })
}

/// Puts a variation under its product.
fn gather(products: &mut Vec<model::Product>, variation: model::Variation) {
    match products.iter_mut().find(|product| product.id == variation.product_id) {
        Some(known) => known.variations.push(variation),
        None => products.push(variation.into_product()),
    }
}
