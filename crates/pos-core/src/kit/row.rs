//! Rows: what a wire struct says of itself, and how a list is cut into them.

use std::fmt::{self, Debug, Display};
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::json::{Members, Walk, Written, foreign, items, read_object, text_of};
use crate::error::{Error, ErrorKind, Result};
use crate::lenient;
use crate::page::{Page, Rejected};
use crate::record::{Extra, Record};

/// A wire struct with a key of its own.
pub trait Keyed: DeserializeOwned {
    /// The vendor's id: a number or a text.
    type Key: Clone + PartialEq + FromStr + Display;

    /// The members that hold the id, for rows that cannot be read.
    const IDS: &'static [&'static str] = &["id"];

    /// The vendor's id; `None` where it has none.
    fn key(&self) -> Option<Self::Key>;

    /// Whether a row with this id is one at all: some vendors put rows of sums among the others.
    fn is_real(key: &Self::Key) -> bool {
        let _ = key;
        true
    }
}

/// A wire struct that becomes a record.
pub trait Row: Keyed {
    /// The record of the common model.
    type Record;

    /// When it last changed.
    fn changed(&self) -> Option<OffsetDateTime> {
        None
    }

    /// Makes the record. `custom` has the vendor fields that a mapping asked for.
    fn into_record(self, custom: Extra) -> Self::Record;
}

/// A row with its raw text, read or rejected.
pub struct Raw<'a, T> {
    /// As it came.
    pub raw: Written<'a>,
    /// What it is.
    pub read: std::result::Result<T, Rejected>,
}

impl<T: Debug> Debug for Raw<'_, T> {
    /// Without the text, which may tell of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("read", &self.read).finish_non_exhaustive()
    }
}

impl<'a, T: Keyed> Raw<'a, T> {
    /// Reads a row; `at` is its path.
    pub fn read(raw: &'a RawValue, at: &str) -> Self {
        let read = read_object::<T>(raw, at).map_err(|rejected| Rejected { id: id_in::<T>(raw), ..rejected });
        Self { raw: raw.into(), read }
    }

    /// The vendor's id, as far as it can be read.
    pub fn key(&self) -> Option<T::Key> {
        match &self.read {
            Ok(row) => row.key(),
            Err(rejected) => rejected.id.as_deref()?.parse().ok(),
        }
    }

    /// Whether it is a row, or was meant to be one.
    pub fn is_real(&self) -> bool {
        self.key().is_none_or(|key| T::is_real(&key))
    }
}

impl<T: Row> Raw<'_, T> {
    /// The record, with the vendor fields that a mapping asked for.
    ///
    /// # Errors
    /// Why there is none.
    pub fn into_record(self, custom_fields: &[String]) -> std::result::Result<T::Record, Rejected> {
        let raw = self.raw;
        self.read.map(|row| row.into_record(raw.custom(custom_fields)))
    }

    /// When it last changed.
    pub fn changed(&self) -> Option<OffsetDateTime> {
        self.read.as_ref().ok().and_then(Row::changed)
    }

    /// Puts the record on a page, unless it is none.
    pub fn put<R>(self, page: &mut Page<R>, custom_fields: &[String])
    where
        R: From<T::Record>,
    {
        if !self.is_real() {
            return;
        }
        match self.into_record(custom_fields) {
            Ok(record) => page.records.push(R::from(record)),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
}

/// The id of a row that cannot be read.
fn id_in<T: Keyed>(raw: &RawValue) -> Option<String> {
    let members = Members::of(raw).ok()?;
    T::IDS.iter().find_map(|name| lenient::text(members.get(name)?).ok().flatten())
}

/// Cuts a list into rows; `name` is its path in the body.
///
/// # Errors
/// When it is no list.
pub fn rows_of<'a, T: Keyed>(list: &'a RawValue, name: &str) -> Result<Vec<Raw<'a, T>>> {
    if let Some(rows) = rows_at(&mut Walk::new(list.get()), name) {
        return Ok(rows);
    }
    let rows = items(list)?.into_iter().enumerate();
    Ok(rows.map(|(at, raw)| Raw::read(raw, &format!("{name}[{at}]"))).collect())
}

/// The members of the object that a body is, without the list of this name, whatever its case, and the rows of that list.
/// All is read in one go.
///
/// `None` where the body is written in another way: it is no object, or no list has this name, or two members have it.
pub fn listed<'a, T: Keyed>(body: &'a [u8], name: &str) -> Option<(Members<'a>, Vec<Raw<'a, T>>)> {
    let mut walk = Walk::new(text_of(body).ok()?);
    let mut members = Vec::new();
    let mut rows = None;
    walk.object(|walk, known| {
        if known.eq_ignore_ascii_case(name) {
            let list = rows_at(walk, name)?;
            return rows.replace(list).is_none().then_some(());
        }
        members.push((known, walk.read()?.0));
        Some(())
    })?;
    Some((members.into_iter().collect(), rows.filter(|_| walk.is_done())?))
}

/// Reads the rows of the list that comes next. A row that cannot be read at once is read again, with patience.
fn rows_at<'a, T: Keyed>(walk: &mut Walk<'a>, name: &str) -> Option<Vec<Raw<'a, T>>> {
    /// How many rows are made room for before they are there.
    const ROOM: usize = 500;
    let mut rows: Vec<Raw<'a, T>> = Vec::new();
    walk.list(|walk| {
        if let [first] = &rows[..] {
            // Rows of one list are about as long as each other.
            let room = walk.rest().len() / first.raw.len().max(1);
            rows.reserve(room.min(ROOM));
        }
        let good = if walk.peek() == Some(b'{') { walk.read::<T>() } else { None };
        match good {
            Some((row, raw)) => rows.push(Raw { raw, read: Ok(row) }),
            None => {
                let at = format!("{name}[{}]", rows.len());
                rows.push(Raw::read(walk.read::<&RawValue>()?.0, &at));
            }
        }
        Some(())
    })?;
    Some(rows)
}

/// The typed rows, and those that could not be read.
pub fn split<T>(rows: Vec<Raw<'_, T>>) -> (Vec<T>, Vec<Rejected>) {
    let (mut data, mut rejected) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match row.read {
            Ok(row) => data.push(row),
            Err(why) => rejected.push(why),
        }
    }
    (data, rejected)
}

/// A saved answer's rows as a page.
pub fn page_of<T: Row>(rows: Vec<Raw<'_, T>>) -> Page<Record>
where
    Record: From<T::Record>,
{
    let mut page = Page { records: Vec::with_capacity(rows.len()), ..Page::default() };
    for row in rows {
        row.put(&mut page, &[]);
    }
    page
}

/// Another object was answered than the one that was asked for.
pub fn another(endpoint: &'static str) -> Error {
    foreign("the vendor answers another object than the one that was asked for").with_context(endpoint)
}

/// An id that the vendor writes as a number.
///
/// # Errors
/// [`ErrorKind::Config`] when it is none above zero.
pub fn number(id: &str) -> Result<i64> {
    let number = id.trim().parse().ok().filter(|id| *id > 0);
    number.ok_or_else(|| Error::config("the vendor's ids are whole numbers above zero"))
}

/// The same, of an object to read: what is no number cannot exist.
///
/// # Errors
/// [`ErrorKind::NotFound`] when it is none above zero.
pub fn known(id: &str) -> Result<i64> {
    number(id).map_err(|error| Error::new(ErrorKind::NotFound, error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Thing {
        #[serde(deserialize_with = "crate::lenient::required_integer")]
        id: i64,
    }

    impl Keyed for Thing {
        type Key = i64;
        fn key(&self) -> Option<i64> {
            Some(self.id)
        }
    }

    /// Names of the other members, and the rows: their ids, or the paths at which they are broken.
    type Read = (Vec<String>, Vec<std::result::Result<i64, String>>);

    fn read(body: &str) -> Option<Read> {
        let (members, rows) = listed::<Thing>(body.as_bytes(), "data")?;
        let names = members.iter().map(|(name, _)| name.to_owned()).collect();
        let read = |row: Raw<'_, Thing>| row.read.map(|thing| thing.id).map_err(|why| why.path);
        Some((names, rows.into_iter().map(read).collect()))
    }

    #[test]
    fn a_list_is_read_in_one_go_and_a_broken_row_costs_only_itself() {
        let body = "\u{feff} {\"total\" : 4,\"Data\": [ {\"id\": 1} , {\"id\":\"x\"},7 ,{\"id\":\"4\"}],\"next\":{}} ";
        let (names, rows) = read(body).unwrap();
        assert_eq!(names, ["total", "next"]);
        assert_eq!(rows, [Ok(1), Err("data[1].id".to_owned()), Err("data[2]".to_owned()), Ok(4)]);
        assert_eq!(read(r#"{"data":[]}"#), Some((Vec::new(), Vec::new())));
    }

    #[test]
    fn what_is_not_written_plainly_is_left_to_a_closer_look() {
        for body in [
            "",
            "[]",
            "7",
            r#"{"data":null}"#,
            r#"{"total":1}"#,
            r#"{"data":[],"DATA":null}"#,
            r#"{"data":[],}"#,
            r#"{"data":[{"id":1},]}"#,
            r#"{"data":[{"id":1} {"id":2}]}"#,
            r#"{"data":[]} x"#,
            r#"{"data":[{"id":1}]"#,
            r#"{"data":[{"id":1"#,
            r#"{"data":[{"id":1}],"total":1x}"#,
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn a_row_that_was_read_in_one_go_can_be_looked_at_again() {
        let (_, rows) = listed::<Thing>(br#"{"data":[ {"id":1,"a":{"b":2}} ]}"#, "data").unwrap();
        assert_eq!(rows[0].raw.value().get(), r#"{"id":1,"a":{"b":2}}"#);
        assert_eq!(rows[0].raw.custom(&["a.b".to_owned()])["a.b"], 2);
        assert_eq!(format!("{:?}", rows[0].raw), "Written { .. }");
    }
}
