//! Reading answers: lists, single objects, lists that are objects.

use pos_core::kit::{self, Keyed, Members, foreign, is_list, is_object, items, not_json, unreadable};
use pos_core::page::{self, Page, Rejected};
use pos_core::record::{Extra, Record};
use pos_core::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::classify::Envelope;
use crate::map::Listed;
use crate::wire;

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

/// The id of a row that cannot be read.
pub(crate) fn id_of(raw: &RawValue) -> Option<String> {
    let members = Members::of(raw).ok()?;
    let id = |name| wire::id(members.get(name)?).ok().flatten();
    ["id", "idNhanh", "orderId", "productId"].into_iter().find_map(id).or_else(|| id_of(members.get("info")?))
}

/// Reads a row, or says what is wrong with it and whose it is.
pub(crate) fn read_row<T: Keyed>(raw: &RawValue, path: &str) -> std::result::Result<T, Rejected> {
    match kit::read_object::<T>(raw, path) {
        Ok(row) if row.key().is_some() => Ok(row),
        Ok(_) => Err(no_id(format!("{path}.id"))),
        Err(rejected) => Err(Rejected { id: id_of(raw), ..rejected }),
    }
}

/// What has no id where one is needed.
pub(crate) fn no_id(path: String) -> Rejected {
    Rejected { id: None, path, reason: "expected an id".to_owned() }
}

/// The rows of an answer, with the cursor.
pub(crate) struct Rows<'a> {
    pub(crate) rows: Vec<&'a RawValue>,
    pub(crate) next: Option<Value>,
}

fn no_list() -> Error {
    foreign("the answer is not the list that the vendor documents")
}

/// A list, or an object whose values are one (R11). An object with a key of its own is one row.
pub(crate) fn rows_in<'a>(raw: &'a RawValue, keys: &[&str]) -> Result<Vec<&'a RawValue>> {
    if is_list(raw) {
        let rows = items(raw)?;
        // A list of nothing but lists or texts is somebody else's answer; one row of another kind is a broken row.
        let is_ours = rows.is_empty() || rows.iter().any(|row| is_row(row));
        return if is_ours { Ok(rows) } else { Err(no_list()) };
    }
    if is_object(raw) {
        let members = Members::of(raw)?;
        if keys.iter().any(|key| members.has(key)) {
            return Ok(vec![raw]);
        }
        let rows: Vec<&RawValue> = members.iter().map(|(_, row)| row).collect();
        return if rows.iter().all(|row| is_row(row)) { Ok(rows) } else { Err(no_list()) };
    }
    if matches!(raw.get(), "null" | "\"\"") { Ok(Vec::new()) } else { Err(no_list()) }
}

/// A null stands where a row should be: it is told as a broken one.
fn is_row(raw: &RawValue) -> bool {
    is_object(raw) || raw.get() == "null"
}

/// Whether a saved answer is one row by itself, without the envelope.
pub(crate) fn is_bare_row(whole: &RawValue, keys: &[&str]) -> bool {
    Members::of(whole).is_ok_and(|members| {
        !(members.has("code") && members.has("data")) && keys.iter().any(|key| members.has(key))
    })
}

/// The members by which a row is known.
pub(crate) const ROW_KEYS: [&str; 5] = ["id", "info", "productId", "idNhanh", "orderId"];

/// Reads a list answer of 3.0. `code` and `data` must be there: a success without a list is the answer to something else, and
/// taking it for the end of a list would lose the rest.
pub(crate) fn read_list(body: &[u8]) -> Result<Rows<'_>> {
    let envelope = Envelope::of_success(body)?;
    if envelope.is_empty_list() {
        return Ok(Rows { rows: Vec::new(), next: None });
    }
    let rows = rows_in(envelope.data.ok_or_else(no_list)?, &ROW_KEYS)?;
    // An empty page ends the list, whatever its cursor says.
    let next = if rows.is_empty() { None } else { next_of(envelope.paginator)? };
    Ok(Rows { rows, next })
}

fn next_of(paginator: Option<&RawValue>) -> Result<Option<Value>> {
    let Some(raw) = paginator.filter(|raw| is_object(raw)) else { return Ok(None) };
    let Some(next) = Members::of(raw)?.get("next") else { return Ok(None) };
    let next: Value = serde_json::from_str(next.get()).map_err(|error| not_json(&error))?;
    let is_none = match &next {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    Ok((!is_none).then_some(next))
}

/// The typed form without raw texts.
pub(crate) fn typed<T: DeserializeOwned>(rows: Rows<'_>) -> List<T> {
    let (data, rejected) = page::read_rows::<T>(&rows.rows, "data");
    List { data: data.into_iter().map(|(_, row)| row).collect(), rejected, next: rows.next }
}

/// Reads the object in `data`; one in a list of its own is that object.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let none = || foreign("the answer has no object as the vendor documents it");
    let data = Envelope::of(body)?.data.ok_or_else(none)?;
    let object = if is_list(data) { items(data)?.into_iter().next().ok_or_else(none)? } else { data };
    kit::read_object(object, "data").map_err(|rejected| unreadable(&rejected))
}

/// Puts the records of a row on a page.
pub(crate) fn take<T: Listed>(raw: &RawValue, path: &str, page: &mut Page<Record>)
where
    Record: From<T::Record>,
{
    match read_row::<T>(raw, path) {
        Ok(row) => page.records.extend(row.into_records(Extra::new()).into_iter().map(Record::from)),
        Err(rejected) => page.rejected.push(rejected),
    }
}
