//! Reading answers: bare lists, lists that came as objects, single objects.

use pos_core::http::Response;
use pos_core::kit::{
    Keyed, Members, Raw, Row, Written, is_list, is_object, not_json, read_object as read, rows_of, split,
    text_of, unreadable,
};
use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::{Extra, Record, Stream};
use pos_core::{Error, ErrorKind, Result, Retry};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model;

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows. A short page need not be the last one: what the key may not read is left out of it.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// How many rows there are (`X-WP-Total`), where no cache took the header away.
    pub total: Option<u64>,
    /// How many pages (`X-WP-TotalPages`), likewise.
    pub pages: Option<u64>,
}

impl<T: Keyed> List<T> {
    pub(crate) fn of(response: &Response) -> Result<Self> {
        let (data, rejected) = split(read_list(&response.body)?);
        Ok(Self {
            data,
            rejected,
            total: header(response, "x-wp-total"),
            pages: header(response, "x-wp-totalpages"),
        })
    }
}

fn header(response: &Response, name: &str) -> Option<u64> {
    response.header(name)?.trim().parse().ok()
}

/// How many rows the vendor counts.
pub(crate) fn total(response: &Response) -> Option<u64> {
    header(response, "x-wp-total")
}

/// A wire struct that has a stream, with its names in requests.
pub(crate) trait Resource: Row<Key = i64> {
    const STREAM: Stream;
    /// Where the list is.
    const PATH: &'static [&'static str];
    /// The names of requests for the list and one of it.
    const LIST: &'static str;
    const GET: &'static str;

    /// Whether the row belongs to the list: drafts are no orders, and not every user is a customer.
    fn is_told(&self) -> bool {
        true
    }
}

impl Resource for model::Customer {
    const STREAM: Stream = Stream::Customers;
    const PATH: &'static [&'static str] = &["customers"];
    const LIST: &'static str = "GET /customers";
    const GET: &'static str = "GET /customers/{id}";

    fn is_told(&self) -> bool {
        self.is_buyer()
    }
}

impl Resource for model::Order {
    const STREAM: Stream = Stream::Orders;
    const PATH: &'static [&'static str] = &["orders"];
    const LIST: &'static str = "GET /orders";
    const GET: &'static str = "GET /orders/{id}";

    fn is_told(&self) -> bool {
        !self.is_draft()
    }
}

impl Resource for model::Product {
    const STREAM: Stream = Stream::Products;
    const PATH: &'static [&'static str] = &["products"];
    const LIST: &'static str = "GET /products";
    const GET: &'static str = "GET /products/{id}";

    fn is_told(&self) -> bool {
        !self.is_variation()
    }
}

impl Resource for model::Category {
    const STREAM: Stream = Stream::Categories;
    const PATH: &'static [&'static str] = &["products", "categories"];
    const LIST: &'static str = "GET /products/categories";
    const GET: &'static str = "GET /products/categories/{id}";
}

/// Something else stands where JSON should: a warning of PHP before it, a login page, a firewall. It may be gone in a moment.
pub(crate) fn unexpected() -> Error {
    let what = "the answer is not JSON: a plugin, a firewall or a page stands before it";
    Error::new(ErrorKind::Decode, what).with_retry(Retry::Backoff)
}

/// The one value of a body. Nothing but a byte order mark and blanks may stand before it.
///
/// # Errors
/// [`ErrorKind::Decode`] when something does (it may be gone in a moment), and when the JSON is broken.
pub(crate) fn value_of(body: &[u8]) -> Result<&RawValue> {
    let text = text_of(body)?;
    if !text.starts_with(['{', '[']) {
        return Err(unexpected());
    }
    serde_json::from_str(text).map_err(|error| not_json(&error))
}

/// Whether a value is a list, or an object that PHP made of a list with gaps.
fn rows_in(whole: &RawValue) -> Result<Option<Vec<&RawValue>>> {
    if is_list(whole) {
        return pos_core::kit::items(whole).map(Some);
    }
    let members = Members::of(whole)?;
    let is_index = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let is_rows = !members.is_empty() && members.iter().all(|(name, row)| is_index(name) && is_object(row));
    Ok(is_rows.then(|| members.iter().map(|(_, row)| row).collect()))
}

fn cut<'a, T: Keyed>(whole: &'a RawValue) -> Result<Option<Vec<Raw<'a, T>>>> {
    if is_list(whole) {
        return rows_of(whole, "").map(Some);
    }
    let rows = rows_in(whole)?.map(|rows| rows.into_iter().enumerate());
    Ok(rows.map(|rows| rows.map(|(at, raw)| Raw::read(raw, &format!("[{at}]"))).collect()))
}

/// Reads a list answer. A list in which no row is an object is one of something else.
pub(crate) fn read_list<T: Keyed>(body: &[u8]) -> Result<Vec<Raw<'_, T>>> {
    let may_be_row = |row: &Raw<'_, T>| is_object(row.raw.value()) || row.raw.value().get() == "null";
    cut(value_of(body)?)?
        .filter(|rows| rows.is_empty() || rows.iter().any(may_be_row))
        .ok_or_else(|| Error::decode("the answer is no list of objects").with_retry(Retry::Backoff))
}

/// Reads one object.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    read(value_of(body)?, "").map_err(|rejected| unreadable(&rejected))
}

/// The vendor fields that a mapping asks for: by dotted path, and those of plugins by their key as `meta_data.{key}`.
pub(crate) fn custom_of<'a>(row: impl Into<Written<'a>>, paths: &[String]) -> Extra {
    let row = row.into();
    let (of_meta, plain): (Vec<String>, Vec<String>) =
        paths.iter().cloned().partition(|path| path.starts_with("meta_data."));
    let mut custom = row.custom(&plain);
    if of_meta.is_empty() {
        return custom;
    }
    #[derive(serde::Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "crate::model::metas")]
        meta_data: Vec<model::Meta>,
    }
    let Ok(holder) = serde_json::from_str::<Holder>(row.value().get()) else { return custom };
    for path in of_meta {
        let key = path.strip_prefix("meta_data.").unwrap_or_default();
        let found = holder.meta_data.iter().find(|field| field.key.as_deref() == Some(key));
        if let Some(field) = found.filter(|field| !field.value.is_null()) {
            custom.insert(path, field.value.clone());
        }
    }
    custom
}

/// Puts a row on a page, unless it is one that the list does not tell.
pub(crate) fn put<T: Resource, R: From<T::Record>>(
    row: Raw<'_, T>,
    page: &mut Page<R>,
    custom_fields: &[String],
) {
    match row.read {
        Ok(read) if !read.is_told() => {}
        Ok(read) => page.records.push(R::from(read.into_record(custom_of(row.raw, custom_fields)))),
        Err(rejected) => page.rejected.push(rejected),
    }
}

/// Reads a saved answer of a stream: a list, a list that came as an object, or one object (a webhook's body).
///
/// The body of a page tells neither a total nor whether another one follows, and a short page need not be the last; so `more`
/// is `Some(false)` for an empty page and one object, and `None` otherwise. Drafts of orders are left out, and users who are
/// no customers.
///
/// ```
/// use pos_woocommerce::{Stream, read_answer};
///
/// let body = r#"[{"id":41,"email":"lan.do@example.com","first_name":"Lan","last_name":"Đỗ Thị","role":"customer"}]"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
/// assert_eq!(answer.page.records[0].id(), "41");
/// assert_eq!(answer.more, None);
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`] when something else than JSON stands in the body or before it, or when the JSON is broken;
/// [`ErrorKind::Unexpected`] when it is an error of the vendor; [`ErrorKind::Unsupported`] for a stream that WooCommerce does not
/// have.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    match stream {
        Stream::Customers => answer::<model::Customer>(body),
        Stream::Orders => answer::<model::Order>(body),
        Stream::Products => answer::<model::Product>(body),
        Stream::Categories => answer::<model::Category>(body),
        Stream::Returns => Err(Error::unsupported("woocommerce tells refunds inside of orders")),
        other => Err(Error::unsupported(format!("woocommerce has no {other}"))),
    }
}

fn answer<T: Resource>(body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let whole = value_of(body)?;
    let (rows, is_one) = match cut::<T>(whole)? {
        Some(rows) => (rows, false),
        None => {
            let members = Members::of(whole)?;
            if !members.has("id") && members.has("code") {
                return Err(Error::new(ErrorKind::Unexpected, "the answer is an error and no object"));
            }
            (vec![Raw::read(whole, "")], true)
        }
    };
    let is_end = is_one || rows.is_empty();
    let mut page = Page::default();
    for row in rows {
        put(row, &mut page, &[]);
    }
    Ok(Answer { page, more: is_end.then_some(false), next: None })
}
