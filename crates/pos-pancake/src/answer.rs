//! Reading answers: lists, single objects, and objects in a wrapper.

use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, Retry, lenient};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::map::Row;
use crate::model;

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

/// What stands beside the rows of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageInfo {
    pub(crate) number: Option<u64>,
    pub(crate) size: Option<u64>,
    pub(crate) pages: Option<u64>,
    pub(crate) total: Option<u64>,
}

impl PageInfo {
    /// Whether the vendor says, or the length shows, that nothing follows this page; `asked` is the page and the size that
    /// were asked for.
    pub(crate) fn is_last(&self, rows: usize, asked: (u64, u64)) -> bool {
        let number = self.number.unwrap_or(asked.0);
        // A page other than the one asked for is the vendor's last one again.
        if rows == 0 || number < asked.0 {
            return true;
        }
        match self.pages {
            Some(pages) => number >= pages,
            None => (rows as u64) < self.size.unwrap_or(asked.1),
        }
    }

    /// Whether a first page with so many rows is the whole list.
    pub(crate) fn is_whole(&self, rows: usize, size: u64) -> bool {
        match self.total {
            Some(total) => rows as u64 >= total,
            None => self.is_last(rows, (1, size)),
        }
    }

    fn more(&self, rows: usize) -> Option<bool> {
        let number = self.number.unwrap_or(1);
        if rows == 0 {
            return Some(false);
        }
        if let Some(pages) = self.pages {
            return Some(number < pages);
        }
        match (self.size, self.total) {
            (Some(size), Some(total)) => Some(number.saturating_mul(size) < total),
            (Some(size), None) if (rows as u64) < size => Some(false),
            _ => None,
        }
    }

    fn is_paged(&self) -> bool {
        *self != Self::default()
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    shops: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "lenient::loose_integer")]
    page_number: Option<i64>,
    #[serde(default, deserialize_with = "lenient::loose_integer")]
    page_size: Option<i64>,
    #[serde(default, deserialize_with = "lenient::loose_integer")]
    total_pages: Option<i64>,
    #[serde(default, deserialize_with = "lenient::loose_integer")]
    total_entries: Option<i64>,
}

/// What a scan needs of a row, whether or not the rest can be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowKey {
    /// The key of the record.
    pub(crate) id: Option<String>,
    pub(crate) inserted_at: Option<OffsetDateTime>,
    pub(crate) updated_at: Option<OffsetDateTime>,
}

/// A row with its raw text, read or rejected.
pub(crate) struct RawRow<'a, T> {
    pub(crate) raw: &'a RawValue,
    pub(crate) read: std::result::Result<T, Rejected>,
    pub(crate) key: RowKey,
}

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<RawRow<'a, T>>,
    pub(crate) info: PageInfo,
}

/// What is no answer of the vendor's was written by something between, and may be gone in a moment.
fn foreign(what: &str) -> Error {
    Error::decode(what).with_retry(Retry::Backoff)
}

fn not_json(error: serde_json::Error) -> Error {
    foreign("the answer is not the JSON that the vendor documents").with_source(Place::of(&error))
}

/// Where JSON went wrong, without the value.
#[derive(Debug)]
struct Place {
    line: usize,
    column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl std::error::Error for Place {}

impl Place {
    fn of(error: &serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

/// Reads one row. Its key is read by itself, so that a broken row still has a name and a place.
fn read_row<'a, T: Row>(raw: &'a RawValue, path: &str) -> RawRow<'a, T> {
    match pos_core::page::read_row::<T>(raw, path) {
        Ok(row) => {
            let key = row.row_key();
            let read = if key.id.is_some() {
                Ok(row)
            } else {
                let path = if path.is_empty() { "id".to_owned() } else { format!("{path}.id") };
                Err(Rejected { id: None, path, reason: "expected an id".to_owned() })
            };
            RawRow { raw, read, key }
        }
        Err(mut rejected) => {
            let key = T::key_of(raw);
            rejected.id = key.id.clone().or(rejected.id);
            RawRow { raw, read: Err(rejected), key }
        }
    }
}

/// Reads one object that becomes no record.
pub(crate) fn read_part<T: DeserializeOwned>(raw: &RawValue, path: &str) -> Result<T> {
    pos_core::page::read_row(raw, path).map_err(|rejected| unusable(&rejected))
}

fn unusable(rejected: &Rejected) -> Error {
    let what = "the answer is not what the vendor documents";
    let error = Error::decode(format!("{what}, at {}: {}", rejected.path, rejected.reason));
    if rejected.id.is_none() { error.with_retry(Retry::Backoff) } else { error }
}

fn read_rows<'a, T: Row>(raw: &'a RawValue, list: &str) -> Result<Vec<RawRow<'a, T>>> {
    let rows: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(not_json)?;
    if !rows.is_empty() && !rows.iter().any(|row| row.get().starts_with('{')) {
        return Err(foreign("the answer is a list of something else than objects"));
    }
    Ok(rows.into_iter().enumerate().map(|(at, row)| read_row(row, &format!("{list}[{at}]"))).collect())
}

fn unsigned(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}

impl Envelope<'_> {
    fn info(&self) -> PageInfo {
        PageInfo {
            number: unsigned(self.page_number),
            size: unsigned(self.page_size).filter(|size| *size > 0),
            pages: unsigned(self.total_pages),
            total: unsigned(self.total_entries),
        }
    }
}

/// Reads a list answer.
pub(crate) fn read_list<T: Row>(body: &[u8]) -> Result<Rows<'_, T>> {
    let other = || foreign("the answer is not a list as the vendor documents it");
    let body = lenient::without_mark(body);
    // A struct would also be read from an array, member by member.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
            other()
        } else {
            foreign("the answer is not the JSON that the vendor documents")
        });
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(not_json)?;
    let (list, name) = match (envelope.data, envelope.shops) {
        (Some(data), _) => (data, "data"),
        (None, Some(shops)) => (shops, "shops"),
        (None, None) => return Err(other()),
    };
    if !list.get().starts_with('[') {
        return Err(other());
    }
    Ok(Rows { rows: read_rows(list, name)?, info: envelope.info() })
}

impl<T: Row> Rows<'_, T> {
    /// The typed form without raw texts.
    pub(crate) fn into_list(self) -> List<T> {
        let mut list = List {
            data: Vec::with_capacity(self.rows.len()),
            rejected: Vec::new(),
            page_number: self.info.number,
            page_size: self.info.size,
            total_pages: self.info.pages,
            total_entries: self.info.total,
        };
        for row in self.rows {
            match row.read {
                Ok(row) => list.data.push(row),
                Err(rejected) => list.rejected.push(rejected),
            }
        }
        list
    }
}

/// The object in an answer: at the top, in `data`, or in `shop`.
pub(crate) fn unwrap_object(body: &[u8]) -> Result<(&RawValue, &'static str)> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
        #[serde(borrow, default)]
        shop: Option<&'a RawValue>,
        #[serde(borrow, default)]
        customer: Option<&'a RawValue>,
        #[serde(default)]
        id: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        system_id: Option<serde::de::IgnoredAny>,
    }
    let body = lenient::without_mark(body);
    let whole: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    if !whole.get().starts_with('{') {
        return Err(foreign("the answer is not an object"));
    }
    let wrapper: Wrapper<'_> = serde_json::from_slice(body).map_err(not_json)?;
    let is_object = |raw: &&RawValue| raw.get().starts_with('{');
    if let Some(data) = wrapper.data.filter(is_object) {
        return Ok((data, "data"));
    }
    // An order has a customer of its own and is no wrapper.
    if wrapper.id.is_none() && wrapper.system_id.is_none() {
        if let Some(shop) = wrapper.shop.filter(is_object) {
            return Ok((shop, "shop"));
        }
        if let Some(customer) = wrapper.customer.filter(is_object) {
            return Ok((customer, "customer"));
        }
    }
    Ok((whole, ""))
}

/// Reads one object, wrapped or not.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let (raw, path) = unwrap_object(body)?;
    read_part(raw, path)
}

/// Reads one record, wrapped or not, with the raw text of it.
pub(crate) fn read_record<T: Row>(body: &[u8]) -> Result<(T, &RawValue)> {
    let (raw, path) = unwrap_object(body)?;
    let row = read_row::<T>(raw, path);
    row.read.map(|read| (read, raw)).map_err(|rejected| unusable(&rejected))
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
fn saved<T: Row>(body: &[u8], is_whole: bool) -> Result<(Rows<'_, T>, Option<bool>)> {
    let body = lenient::without_mark(body);
    let whole: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    match whole.get().as_bytes().first() {
        Some(b'[') => Ok((Rows { rows: read_rows(whole, "")?, info: PageInfo::default() }, None)),
        Some(b'{') => {
            if let Some(error) = crate::client::failure_in(body) {
                return Err(error);
            }
            let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(not_json)?;
            let is_list = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get().starts_with('['));
            if is_list(envelope.data) || is_list(envelope.shops) {
                let list = read_list::<T>(body)?;
                let more = list.info.more(list.rows.len());
                let more = if is_whole && !list.info.is_paged() { Some(false) } else { more };
                return Ok((list, more));
            }
            let (raw, path) = unwrap_object(body)?;
            Ok((Rows { rows: vec![read_row(raw, path)], info: PageInfo::default() }, Some(false)))
        }
        _ => Err(Error::decode("the answer is neither a list nor an object")),
    }
}

fn answer<T: Row>(body: &[u8], is_whole: bool) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let (rows, more) = saved::<T>(body, is_whole)?;
    let mut page = Page { total: rows.info.total, ..Page::default() };
    for row in rows.rows {
        match row.read {
            Ok(read) => page.records.push(read.record().into()),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
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
                match pos_core::page::read_row::<model::Variation>(row.raw, "data") {
                    Ok(variation) => gather(&mut found, variation),
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            Ok(product) => found.push(product),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    page.records = found.iter().map(|product| product.record().into()).collect();
    Ok(Answer { page, more, next: None })
}

/// Puts a variation under its product.
fn gather(products: &mut Vec<model::Product>, variation: model::Variation) {
    let id = variation.product_id.clone();
    if let Some(known) = products.iter_mut().find(|product| product.id == id) {
        known.variations.push(variation);
        return;
    }
    products.push(variation.into_product());
}
