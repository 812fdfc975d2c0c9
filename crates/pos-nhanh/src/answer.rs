//! Reading answers: the envelope, lists, single objects, lists that are objects.

use std::borrow::Cow;
use std::fmt;

use pos_core::page::{self, Answer, Page, Rejected};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, Retry};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::client::{Envelope, failure};
use crate::map::Row;
use crate::model;

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// The vendor's cursor, as it must be echoed; absent at the end.
    pub next: Option<Value>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { data: Vec::new(), rejected: Vec::new(), next: None }
    }
}

/// Which version of the API a saved answer is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Api {
    /// 3.0.
    #[default]
    V3,
    /// 2.0, which ended on 30 November 2026.
    #[cfg(feature = "v2")]
    V2,
}

/// The members of an object in the order in which they stand.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    members.push((Cow::Owned(key), map.next_value()?));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

impl<'a> Members<'a> {
    pub(crate) fn of(raw: &'a RawValue) -> Result<Self> {
        serde_json::from_str(raw.get())
            .map_err(|error| not_documented("the answer").with_source(Place::of(&error)))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, raw)| *raw)
    }
}

/// Where JSON went wrong, without the value.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, column {column}")]
pub(crate) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

/// An answer of somebody in between, or of a vendor on a bad day: later there may be a better one.
pub(crate) fn not_documented(what: &str) -> Error {
    Error::decode(format!("{what} is not what the vendor documents")).with_retry(Retry::Backoff)
}

/// JSON without the byte order mark that some proxies put before it.
pub(crate) fn json(body: &[u8]) -> &[u8] {
    pos_core::lenient::without_mark(body)
}

/// The id of a row that cannot be read.
pub(crate) fn id_of(raw: &RawValue) -> Option<String> {
    let members = Members::of(raw).ok()?;
    for key in ["id", "idNhanh", "orderId", "productId"] {
        let mut reader = serde_json::Deserializer::from_str(members.get(key).map_or("null", RawValue::get));
        if let Ok(Some(id)) = crate::wire::id(&mut reader) {
            return Some(id);
        }
    }
    id_of(members.get("info")?)
}

/// Reads a row, or says what is wrong with it and whose it is.
pub(crate) fn read_row<T: DeserializeOwned + Row>(
    raw: &RawValue,
    path: &str,
) -> std::result::Result<T, Rejected> {
    if !raw.get().starts_with('{') {
        return Err(Rejected { id: None, path: path.to_owned(), reason: "expected an object".to_owned() });
    }
    match page::read_row::<T>(raw, path) {
        Ok(row) if row.key().is_some() => Ok(row),
        Ok(_) => Err(Rejected { id: None, path: format!("{path}.id"), reason: "expected an id".to_owned() }),
        Err(rejected) => Err(Rejected { id: id_of(raw), ..rejected }),
    }
}

/// The rows of an answer, with the cursor.
pub(crate) struct Rows<'a> {
    pub(crate) rows: Vec<&'a RawValue>,
    pub(crate) next: Option<Value>,
}

/// A list, or an object whose values are one (R11). An object with a key of its own is one row.
pub(crate) fn rows_in<'a>(raw: &'a RawValue, keys: &[&str]) -> Result<Vec<&'a RawValue>> {
    match raw.get().as_bytes().first() {
        Some(b'[') => {
            let rows: Vec<&RawValue> = serde_json::from_str(raw.get())
                .map_err(|error| not_documented("the list").with_source(Place::of(&error)))?;
            // A list of nothing but lists or texts is somebody else's answer; one row of another kind is a broken row.
            match rows.is_empty() || rows.iter().any(|row| is_row(row)) {
                true => Ok(rows),
                false => Err(not_documented("a row of the list")),
            }
        }
        Some(b'{') => {
            let members = Members::of(raw)?;
            if keys.iter().any(|key| members.get(key).is_some()) {
                return Ok(vec![raw]);
            }
            let rows: Vec<&RawValue> = members.0.iter().map(|(_, row)| *row).collect();
            match rows.iter().all(|row| is_row(row)) {
                true => Ok(rows),
                false => Err(not_documented("the list")),
            }
        }
        _ if raw.get() == "null" || raw.get() == "\"\"" => Ok(Vec::new()),
        _ => Err(not_documented("the list")),
    }
}

/// A null stands where a row should be: it is told as a broken one.
fn is_row(raw: &RawValue) -> bool {
    raw.get().starts_with('{') || raw.get() == "null"
}

const ROW_KEYS: [&str; 5] = ["id", "info", "productId", "idNhanh", "orderId"];

/// Reads a list answer of 3.0. `code` and `data` must be there: a success without a list is the answer to something else, and
/// taking it for the end of a list would lose the rest.
pub(crate) fn read_list(body: &[u8]) -> Result<Rows<'_>> {
    let envelope = Envelope::of(body)?;
    if envelope.is_empty_list() {
        return Ok(Rows { rows: Vec::new(), next: None });
    }
    if !envelope.is_success() {
        return Err(failure(200, &envelope, time::OffsetDateTime::UNIX_EPOCH));
    }
    let rows = match envelope.data {
        Some(data) => rows_in(data, &ROW_KEYS)?,
        None => return Err(not_documented("an answer without a list")),
    };
    // An empty page ends the list, whatever its cursor says.
    let next = if rows.is_empty() { None } else { next_of(envelope.paginator)? };
    Ok(Rows { rows, next })
}

fn next_of(paginator: Option<&RawValue>) -> Result<Option<Value>> {
    let Some(raw) = paginator.filter(|raw| raw.get().starts_with('{')) else { return Ok(None) };
    let Some(next) = Members::of(raw)?.get("next") else { return Ok(None) };
    let next: Value = serde_json::from_str(next.get())
        .map_err(|error| not_documented("the cursor").with_source(Place::of(&error)))?;
    let is_none = match &next {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    Ok((!is_none).then_some(next))
}

pub(crate) fn typed<T: DeserializeOwned>(rows: &Rows<'_>) -> List<T> {
    let (data, rejected) = page::read_rows::<T>(&rows.rows, "data");
    List { data: data.into_iter().map(|(_, row)| row).collect(), rejected, next: rows.next.clone() }
}

/// Reads the object in `data`; one in a list of its own is that object.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let envelope = Envelope::of(body)?;
    let data = envelope.data.ok_or_else(|| not_documented("the answer"))?;
    let object = if data.get().starts_with('[') {
        serde_json::from_str::<Vec<&RawValue>>(data.get()).ok().and_then(|items| items.into_iter().next())
    } else {
        Some(data)
    };
    let object = object.filter(|object| object.get().starts_with('{'));
    let object = object.ok_or_else(|| not_documented("the answer"))?;
    page::read_row(object, "data").map_err(|rejected| {
        Error::decode(format!("the answer is not what the vendor documents, at {}", rejected.path))
    })
}

/// Reads a saved answer of a stream: a list, one object, one object in `data`, or a bare array. Orders and bills are told
/// apart by their shape, so that the three document streams read either; deleted lists give `removed`.
///
/// ```
/// use pos_nhanh::{Api, Stream, read_answer};
///
/// let body = r#"{"code":1,"paginator":{"next":[1742545330,7]},"data":[{"id":7,"name":"Lê Quốc Bảo","type":1}]}"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes(), Api::V3).unwrap();
/// assert_eq!(answer.page.records[0].id(), "7");
/// assert_eq!(answer.more, Some(true));
/// assert_eq!(answer.next.unwrap().to_string(), "[1742545330,7]");
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when the body is not JSON, or neither a list nor an object; what the
/// answer means when it is a failure.
pub fn read_answer(stream: Stream, body: &[u8], api: Api) -> Result<Answer> {
    let body = json(body);
    let whole: &RawValue = serde_json::from_slice(body)
        .map_err(|error| not_documented("the answer").with_source(Place::of(&error)))?;
    #[cfg(feature = "v2")]
    #[expect(deprecated, reason = "saved answers can still be read")]
    if api == Api::V2 {
        return crate::v2::read_answer(stream, whole);
    }
    let _ = api;
    let (rows, more, path) = match whole.get().as_bytes().first() {
        Some(b'[') => (Rows { rows: rows_in(whole, &ROW_KEYS)?, next: None }, None, ""),
        Some(b'{') => {
            let members = Members::of(whole)?;
            let is_row = members.get("code").is_none_or(|_| members.get("data").is_none())
                && ROW_KEYS.iter().any(|key| members.get(key).is_some());
            if is_row {
                (Rows { rows: vec![whole], next: None }, Some(false), "")
            } else {
                let rows = read_list(body)?;
                let more = rows.next.is_some();
                (rows, Some(more), "data")
            }
        }
        _ => return Err(not_documented("the answer")),
    };
    let page = page_of(stream, &rows.rows, path)?;
    Ok(Answer { page, more, next: rows.next })
}

fn page_of(stream: Stream, rows: &[&RawValue], path: &str) -> Result<Page<Record>> {
    let mut page = Page::default();
    for (at, raw) in rows.iter().enumerate() {
        let path = if path.is_empty() && rows.len() == 1 { String::new() } else { format!("{path}[{at}]") };
        match stream {
            Stream::Customers => take::<model::Customer>(raw, &path, &mut page),
            Stream::Products => take::<model::Product>(raw, &path, &mut page),
            Stream::Categories => take_category(raw, &path, &mut page),
            Stream::Branches => take::<model::Depot>(raw, &path, &mut page),
            Stream::Users => take::<model::User>(raw, &path, &mut page),
            Stream::Orders | Stream::Invoices | Stream::Returns => match shape(raw) {
                Shape::Order => take::<model::Order>(raw, &path, &mut page),
                Shape::Bill => take::<model::Bill>(raw, &path, &mut page),
                Shape::Deleted => match id_of(raw) {
                    Some(id) => page.removed.push(id),
                    None => {
                        page.rejected.push(Rejected { id: None, path, reason: "expected an id".to_owned() })
                    }
                },
            },
            other => return Err(Error::unsupported(format!("nhanh has no {other}"))),
        }
    }
    Ok(page)
}

enum Shape {
    Order,
    Bill,
    Deleted,
}

fn shape(raw: &RawValue) -> Shape {
    let Ok(members) = Members::of(raw) else { return Shape::Order };
    if members.get("info").is_some() {
        return Shape::Order;
    }
    let bare = members.0.iter().all(|(key, _)| ["id", "createdAt", "createdById"].contains(&&**key));
    if bare { Shape::Deleted } else { Shape::Bill }
}

pub(crate) fn take<T: DeserializeOwned + Row>(raw: &RawValue, path: &str, page: &mut Page<Record>)
where
    Record: From<T::Record>,
{
    match read_row::<T>(raw, path) {
        Ok(row) if row.is_record() => page.records.push(row.record().into()),
        Ok(_) => {}
        Err(rejected) => page.rejected.push(rejected),
    }
}

/// A category with those below it: 2.0 nests them.
pub(crate) fn take_category(raw: &RawValue, path: &str, page: &mut Page<Record>) {
    match read_row::<model::Category>(raw, path) {
        Ok(category) => flatten(&category, &mut |category| page.records.push(category.record().into())),
        Err(rejected) => page.rejected.push(rejected),
    }
}

pub(crate) fn flatten(category: &model::Category, put: &mut impl FnMut(&model::Category)) {
    put(category);
    for below in &category.childs {
        flatten(below, put);
    }
}
