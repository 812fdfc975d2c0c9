//! Reading answers: lists in their wrapper, single objects, bare arrays.

use pos_core::kit::{
    Keyed, Members, Raw, Row, foreign, is_list, is_object, page_of, read_object as read, rows_of, split,
    unreadable, value_of,
};
use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, lenient};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model;

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
}

impl<T> List<T> {
    pub(crate) fn of(rows: Vec<Raw<'_, T>>) -> Self {
        let (data, rejected) = split(rows);
        Self { data, rejected }
    }
}

/// A wire struct that has a stream, with its names in answers and requests.
pub(crate) trait Resource: Row<Key = i64> {
    const STREAM: Stream;
    /// A list of them in an answer.
    const MANY: &'static str;
    /// One of them in an answer.
    const ONE: &'static str;
    /// Where the list is.
    const FILE: &'static str;
    /// The names of requests for the list, its count, and one of it.
    const LIST: &'static str;
    const COUNT: &'static str;
    const GET: &'static str;
}

macro_rules! resources {
    ($($type:ident: $stream:ident, $many:literal, $one:literal;)*) => {$(
        impl Resource for model::$type {
            const STREAM: Stream = Stream::$stream;
            const MANY: &'static str = $many;
            const ONE: &'static str = $one;
            const FILE: &'static str = concat!($many, ".json");
            const LIST: &'static str = concat!("GET /", $many);
            const COUNT: &'static str = concat!("GET /", $many, "/count");
            const GET: &'static str = concat!("GET /", $many, "/{id}");
        }
    )*};
}

resources! {
    Customer: Customers, "customers", "customer";
    Order: Orders, "orders", "order";
    Product: Products, "products", "product";
    Location: Branches, "locations", "location";
    User: Users, "users", "user";
}

/// Reads a list answer: it has to have its list.
pub(crate) fn read_list<'a, T: Keyed>(body: &'a [u8], name: &str) -> Result<Vec<Raw<'a, T>>> {
    match Members::of_body(body)?.get(name).filter(|list| is_list(list)) {
        Some(list) => rows_of(list, name),
        // Somebody before the vendor may have answered: later may work.
        None => Err(foreign(format!("the answer has no list `{name}`"))),
    }
}

/// The object in an answer: in one of these wrappers or in `data`, or at the top.
pub(crate) fn unwrap_object<'a, 'n>(body: &'a [u8], wrappers: &[&'n str]) -> Result<(&'a RawValue, &'n str)> {
    let whole = value_of(body)?;
    Ok(unwrapped(whole, &Members::of(whole).unwrap_or_default(), wrappers))
}

/// A root object of the vendor has an id; what has none may be a wrapper.
pub(crate) fn unwrapped<'a, 'n>(
    whole: &'a RawValue,
    members: &Members<'a>,
    wrappers: &[&'n str],
) -> (&'a RawValue, &'n str) {
    let inner = members.first(wrappers, is_object).or_else(|| members.first(&["data"], is_object));
    inner.filter(|_| !members.has("id")).map_or((whole, ""), |(name, inner)| (inner, name))
}

/// Reads one object, wrapped or not.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8], wrappers: &[&str]) -> Result<T> {
    let (raw, path) = unwrap_object(body, wrappers)?;
    read(raw, path).map_err(|rejected| unreadable(&rejected))
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
        Stream::Customers => answer::<model::Customer>(body),
        Stream::Orders => answer::<model::Order>(body),
        Stream::Products => answer::<model::Product>(body),
        Stream::Branches => answer::<model::Location>(body),
        Stream::Users => answer::<model::User>(body),
        other => Err(Error::unsupported(format!("haravan has no {other}"))),
    }
}

fn answer<T: Resource>(body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let whole = value_of(body)?;
    let members = Members::of(whole).unwrap_or_default();
    let is_one = ["id", T::ONE, "data"].iter().any(|name| members.has(name));
    let (rows, is_all) = if is_list(whole) {
        (rows_of::<T>(whole, "")?, false)
    } else if let Some(list) = members.get(T::MANY).filter(|list| is_list(list)) {
        (rows_of(list, T::MANY)?, false)
    } else if let (1, Some(count)) = (members.len(), members.get("count")) {
        let count = lenient::loose_integer(count).ok().flatten();
        let total = count.and_then(|count| u64::try_from(count).ok());
        return Ok(Answer { page: Page { total, ..Page::default() }, ..Answer::default() });
    } else if is_one {
        let (raw, path) = unwrapped(whole, &members, &[T::ONE]);
        (vec![Raw::read(raw, path)], true)
    } else if is_object(whole) {
        let (many, one) = (T::MANY, T::ONE);
        return Err(Error::decode(format!("the answer has neither `{many}` nor `{one}`")));
    } else {
        return Err(Error::decode("the answer is neither a list nor an object"));
    };
    let is_whole_list = matches!(T::STREAM, Stream::Branches | Stream::Users);
    let is_end = is_all || is_whole_list || rows.is_empty();
    Ok(Answer { page: page_of(rows), more: is_end.then_some(false), next: None })
}
