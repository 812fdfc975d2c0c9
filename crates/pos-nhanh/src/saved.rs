//! Saved answers.

use pos_core::kit::{Members, foreign, is_list, is_object, value_of};
use pos_core::page::{Answer, Page};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result};
use serde_json::value::RawValue;

use crate::answer::{ROW_KEYS, Rows, id_of, is_bare_row, no_id, read_list, rows_in, take};
use crate::model;

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
    let whole = value_of(body)?;
    #[cfg(feature = "v2")]
    #[expect(deprecated, reason = "saved answers can still be read")]
    if api == Api::V2 {
        return crate::v2::read_answer(stream, whole);
    }
    let _ = api;
    let (rows, more, path) = if is_list(whole) {
        (Rows { rows: rows_in(whole, &ROW_KEYS)?, next: None }, None, "")
    } else if is_bare_row(whole, &ROW_KEYS) {
        (Rows { rows: vec![whole], next: None }, Some(false), "")
    } else if is_object(whole) {
        let rows = read_list(body)?;
        let more = rows.next.is_some();
        (rows, Some(more), "data")
    } else {
        return Err(foreign("the answer is neither a list nor an object"));
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
            Stream::Categories => take::<model::Category>(raw, &path, &mut page),
            Stream::Branches => take::<model::Depot>(raw, &path, &mut page),
            Stream::Users => take::<model::User>(raw, &path, &mut page),
            Stream::Orders | Stream::Invoices | Stream::Returns => match shape(raw) {
                Shape::Order => take::<model::Order>(raw, &path, &mut page),
                Shape::Bill => take::<model::Bill>(raw, &path, &mut page),
                Shape::Deleted => match id_of(raw) {
                    Some(id) => page.removed.push(id),
                    None => page.rejected.push(no_id(path)),
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
    if members.has("info") {
        return Shape::Order;
    }
    let bare = members.iter().all(|(key, _)| ["id", "createdAt", "createdById"].contains(&key));
    if bare { Shape::Deleted } else { Shape::Bill }
}
