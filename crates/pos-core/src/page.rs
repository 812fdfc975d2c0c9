//! One page of records, its cursor, and the arithmetic of offset paging.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result};
use crate::lenient::{VITAL_AMOUNT, VITAL_ID, VITAL_NUMBER};
use crate::record::{Extra, Record};

/// The longest cursor that is accepted, in bytes.
pub const MAX_CURSOR: usize = 1024;

/// Where the next page starts: opaque to everybody but the connector that made it, and safe to store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps a connector's state. `scope` names vendor, stream and version (`kiotviet/customers/1`); a cursor is only
    /// read back under the same scope.
    ///
    /// # Errors
    /// When the state is longer than [`MAX_CURSOR`].
    pub fn encode<T: Serialize>(scope: &str, state: &T) -> Result<Self> {
        let state = serde_json::to_string(state)
            .map_err(|error| Error::decode("a cursor could not be written").with_source(error))?;
        let text = format!("{scope}:{state}");
        if text.len() > MAX_CURSOR {
            return Err(Error::decode(format!("a cursor of {scope} is longer than {MAX_CURSOR} bytes")));
        }
        Ok(Self(text))
    }

    /// Reads the state back.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the cursor belongs to another vendor, stream or version.
    pub fn decode<T: DeserializeOwned>(&self, scope: &str) -> Result<T> {
        let foreign = || Error::config(format!("this cursor was not made by {scope}"));
        if self.0.len() > MAX_CURSOR {
            return Err(foreign());
        }
        let state = self.0.strip_prefix(scope).and_then(|rest| rest.strip_prefix(':')).ok_or_else(foreign)?;
        serde_json::from_str(state).map_err(|error| foreign().with_source(error))
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Cursor {
    /// Takes a stored form; whether it is one is checked when a connector reads it.
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// A record that could not be read. The rest of its page is not harmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The vendor's id, when that much could be read.
    pub id: Option<String>,
    /// Where in the body (`data[3].total`).
    pub path: String,
    /// Why, in one line without the value.
    pub reason: String,
}

/// One page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The records, in the vendor's order.
    pub records: Vec<T>,
    /// Ids that the vendor says are gone.
    pub removed: Vec<String>,
    /// Records that could not be read.
    pub rejected: Vec<Rejected>,
    /// Where the next page starts; `None` is the end, and nothing else is.
    pub next: Option<Cursor>,
    /// How many records the whole list has, when the vendor says so.
    pub total: Option<u64>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { records: Vec::new(), removed: Vec::new(), rejected: Vec::new(), next: None, total: None }
    }
}

impl<T> Page<T> {
    /// The same page with every record turned into something else.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page {
            records: self.records.into_iter().map(turn).collect(),
            removed: self.removed,
            rejected: self.rejected,
            next: self.next,
            total: self.total,
        }
    }
}

/// What a saved answer of a vendor says by itself, without the request that it answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Its records; `next` is always absent, because a cursor needs the request.
    pub page: Page<Record>,
    /// Whether the body says that another page follows; `None` when it cannot tell.
    pub more: Option<bool>,
    /// The vendor's own cursor in the body, as it must be echoed.
    pub next: Option<serde_json::Value>,
}

/// Reads the rows of a list one by one, so that a broken one costs only itself.
///
/// `list` is the path of the list in the body (`data`). Every good row is handed on with its position and its raw text.
pub fn read_rows<'a, T: DeserializeOwned>(
    rows: &[&'a RawValue],
    list: &str,
) -> (Vec<(&'a RawValue, T)>, Vec<Rejected>) {
    let mut good = Vec::with_capacity(rows.len());
    let mut rejected = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match read_row(row, &format!("{list}[{at}]")) {
            Ok(record) => good.push((*row, record)),
            Err(why) => rejected.push(why),
        }
    }
    (good, rejected)
}

/// Reads one row. A member that cannot be read costs itself and not the row, unless it is the id or an amount; two
/// spellings of one member are one, the first that says something.
///
/// # Errors
/// When the row has no id, or an amount that is there and no number; `at` is the path of the row.
pub fn read_row<T: DeserializeOwned>(row: &RawValue, at: &str) -> std::result::Result<T, Rejected> {
    match serde_json::from_str(row.get()) {
        Ok(record) => Ok(record),
        // The road for what vendors send on a bad day; nothing of it is paid on a good one.
        Err(_) => repair::read(row.get(), repair::Amounts::Reject).map_err(|fault| Rejected {
            id: id_of(row),
            path: within(at, &fault.place),
            reason: reason_of(&fault.why),
        }),
    }
}

/// Reads a record that stands inside another one: the customer on an order. Its figures are not the other's, so that one
/// that is no number costs itself like any other member. `None` when it is no object, or has no id where it needs one.
pub fn read_inside<T: DeserializeOwned>(part: &RawValue) -> Option<T> {
    if !part.get().starts_with('{') {
        return None;
    }
    serde_json::from_str(part.get()).ok().or_else(|| repair::read(part.get(), repair::Amounts::Drop).ok())
}

/// The members of an object in the order in which they stand: of two with one name, as `name` makes it, the first that says
/// something.
///
/// # Errors
/// When the text is no object.
pub fn members(
    json: &str,
    mut name: impl FnMut(String) -> String,
) -> serde_json::Result<Vec<(String, &RawValue)>> {
    let mut members: Vec<(String, &RawValue)> = Vec::new();
    let mut places = HashMap::new();
    for (key, value) in all_members(json)? {
        let key = name(key);
        match places.get(&key) {
            None => {
                places.insert(key.clone(), members.len());
                members.push((key, value));
            }
            Some(at) if is_nothing(members[*at].1.get()) => members[*at].1 = value,
            Some(_) => {}
        }
    }
    Ok(members)
}

/// Every member of an object as it is written, also where a name comes twice.
fn all_members(json: &str) -> serde_json::Result<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let members = reader.deserialize_map(Members)?;
    reader.end()?;
    Ok(members)
}

/// `null`, a blank text, an empty list, an empty object.
pub(crate) fn is_nothing(json: &str) -> bool {
    let json = json.trim();
    let inner = |open, close| json.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    json == "null"
        || [('"', '"'), ('[', ']'), ('{', '}')]
            .into_iter()
            .any(|(open, close)| inner(open, close).is_some_and(|inner| inner.trim().is_empty()))
}

/// The path of a place inside of a row.
fn within(row: &str, place: &str) -> String {
    match place {
        "" | "." => row.to_owned(),
        inner => format!("{row}.{inner}"),
    }
}

/// Reading a row without the members that cannot be read. What is not touched stays as it is written, digit by digit.
mod repair {
    use serde::de::DeserializeOwned;
    use serde_json::value::RawValue;
    use serde_path_to_error::{Path, Segment};

    use super::{all_members, is_nothing};

    /// How many members a row may lose.
    const MOST: usize = 64;
    /// How many members of one object are tried as spellings of another: each trial reads the whole row.
    const MOST_NAMES: usize = 256;

    /// How many bytes may be read again in all: a row that somebody made up costs no more, however it is built.
    const BUDGET: usize = 16 * 1024 * 1024;

    /// What an amount that is no number costs.
    #[derive(Clone, Copy, PartialEq)]
    pub(super) enum Amounts {
        /// The row.
        Reject,
        /// Itself.
        Drop,
    }

    /// What is wrong with a row, and where in the row as it came.
    pub(super) struct Fault {
        pub(super) place: String,
        pub(super) why: serde_json::Error,
    }

    pub(super) fn read<T: DeserializeOwned>(row: &str, amounts: Amounts) -> Result<T, Fault> {
        let mut part = Part::Untouched(row.to_owned());
        let mut tries = (BUDGET / row.len().max(1)).max(2);
        let mut lost = 0;
        loop {
            tries = tries.saturating_sub(1);
            let (path, why) = match attempt::<T>(&part) {
                Ok(record) => return Ok(record),
                Err(fault) => fault,
            };
            // Before anything is taken out: places count the items that the vendor sent.
            let place = part.place(&path);
            let text = why.to_string();
            let mended = lost < MOST
                && tries > 0
                && match text.split_once("duplicate field `") {
                    Some((_, rest)) => {
                        let field = rest.split('`').next().unwrap_or_default();
                        unite::<T>(&mut part, &path, field, &mut tries)
                    }
                    None => !is_vital(&text, amounts) && drop_at(&mut part, &path),
                };
            if !mended {
                return Err(Fault { place, why });
            }
            lost += 1;
        }
    }

    fn attempt<T: DeserializeOwned>(part: &Part) -> Result<T, (Vec<Step>, serde_json::Error)> {
        let mut text = String::new();
        part.write(&mut text);
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = steps(error.path());
            (path, error.into_inner())
        })
    }

    /// Ids and amounts: without them a record would be another one, or be counted wrong.
    fn is_vital(why: &str, amounts: Amounts) -> bool {
        let ids = ["missing field", super::VITAL_ID, super::VITAL_NUMBER];
        ids.iter().any(|vital| why.contains(vital))
            || (amounts == Amounts::Reject && why.contains(super::VITAL_AMOUNT))
    }

    #[derive(PartialEq)]
    enum Step {
        Key(String),
        Index(usize),
    }

    fn steps(path: &Path) -> Vec<Step> {
        path.iter()
            .filter_map(|segment| match segment {
                Segment::Map { key } => Some(Step::Key(key.clone())),
                Segment::Seq { index } => Some(Step::Index(*index)),
                _ => None,
            })
            .collect()
    }

    /// A part of a row, opened as far as a fault led into it.
    enum Part {
        /// As it is written.
        Untouched(String),
        Object(Vec<(String, Part)>),
        /// Items with their places in the list as it came.
        List(Vec<(usize, Part)>),
    }

    impl Part {
        fn write(&self, out: &mut String) {
            let separate = |out: &mut String, at: usize| {
                if at > 0 {
                    out.push(',');
                }
            };
            match self {
                Self::Untouched(text) => out.push_str(text),
                Self::Object(members) => {
                    out.push('{');
                    for (at, (name, part)) in members.iter().enumerate() {
                        separate(out, at);
                        out.push_str(&serde_json::Value::from(name.as_str()).to_string());
                        out.push(':');
                        part.write(out);
                    }
                    out.push('}');
                }
                Self::List(items) => {
                    out.push('[');
                    for (at, (_, part)) in items.iter().enumerate() {
                        separate(out, at);
                        part.write(out);
                    }
                    out.push(']');
                }
            }
        }

        fn is_nothing(&self) -> bool {
            match self {
                Self::Untouched(text) => is_nothing(text),
                Self::Object(members) => members.is_empty(),
                Self::List(items) => items.is_empty(),
            }
        }

        /// Opens what is closed by one level.
        fn open(&mut self) {
            let Self::Untouched(text) = self else { return };
            let opened = match text.trim_start().as_bytes().first() {
                Some(b'{') => all_members(text).ok().map(|members| {
                    let untouched = |raw: &RawValue| Self::Untouched(raw.get().to_owned());
                    Self::Object(members.into_iter().map(|(name, raw)| (name, untouched(raw))).collect())
                }),
                Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text).ok().map(|items| {
                    let untouched = |raw: &RawValue| Self::Untouched(raw.get().to_owned());
                    Self::List(items.into_iter().map(untouched).enumerate().collect())
                }),
                _ => None,
            };
            if let Some(opened) = opened {
                *self = opened;
            }
        }

        /// Of members with one name the first: a reader that complains of its value has not come to the others.
        fn at(&mut self, path: &[Step]) -> Option<&mut Self> {
            let Some((first, rest)) = path.split_first() else { return Some(self) };
            self.open();
            match (self, first) {
                (Self::Object(members), Step::Key(key)) => {
                    members.iter_mut().find(|(name, _)| name == key)?.1.at(rest)
                }
                (Self::List(items), Step::Index(index)) => items.get_mut(*index)?.1.at(rest),
                _ => None,
            }
        }

        /// Where a path leads in the row as it came, from which items may be gone.
        fn place(&mut self, path: &[Step]) -> String {
            let mut place = String::new();
            for (depth, step) in path.iter().enumerate() {
                match step {
                    Step::Key(key) => {
                        if !place.is_empty() {
                            place.push('.');
                        }
                        place.push_str(key);
                    }
                    Step::Index(index) => {
                        let came = match self.at(&path[..depth]) {
                            Some(Self::List(items)) => items.get(*index).map(|(came, _)| *came),
                            _ => None,
                        };
                        place.push_str(&format!("[{}]", came.unwrap_or(*index)));
                    }
                }
            }
            place
        }
    }

    /// Takes the culprit out. A culprit that a reader of whole lists or objects hides is taken out with its list.
    fn drop_at(part: &mut Part, path: &[Step]) -> bool {
        let Some((last, parents)) = path.split_last() else { return false };
        if let Some(parent) = part.at(parents) {
            parent.open();
            match (parent, last) {
                (Part::Object(members), Step::Key(key)) => {
                    if let Some(at) = members.iter().position(|(name, _)| name == key) {
                        members.remove(at);
                        return true;
                    }
                }
                (Part::List(items), Step::Index(index)) if *index < items.len() => {
                    items.remove(*index);
                    return true;
                }
                _ => {}
            }
        }
        drop_at(part, parents)
    }

    /// Takes out spellings of a member until one is left. Which names are spellings of it, only the reader knows: a
    /// member is one when the complaint goes away, or moves on, without it.
    fn unite<T: DeserializeOwned>(part: &mut Part, path: &[Step], field: &str, tries: &mut usize) -> bool {
        let duplicate = format!("duplicate field `{field}`");
        // The same complaint about another place is another one.
        let complains = |part: &Part| {
            attempt::<T>(part).is_err_and(|(at, why)| at == path && why.to_string().contains(&duplicate))
        };
        for depth in (0..=path.len()).rev() {
            let Some(Part::Object(members)) = opened(part, &path[..depth]) else { continue };
            // A name that comes twice needs no trial: the first that says something stays.
            if let Some(at) = twice(members) {
                members.remove(at);
                return true;
            }
            let mut places: Vec<usize> = (0..members.len()).collect();
            // What says nothing goes first, the documented name last.
            places.sort_by_key(|at| (!members[*at].1.is_nothing(), members[*at].0 == field));
            places.truncate(MOST_NAMES);
            for at in places {
                let Some(left) = tries.checked_sub(1) else { return false };
                *tries = left;
                let Some(Part::Object(members)) = part.at(&path[..depth]) else { continue };
                let taken = members.remove(at);
                if !complains(part) {
                    return true;
                }
                if let Some(Part::Object(members)) = part.at(&path[..depth]) {
                    members.insert(at, taken);
                }
            }
        }
        false
    }

    fn opened<'a>(part: &'a mut Part, path: &[Step]) -> Option<&'a mut Part> {
        let part = part.at(path)?;
        part.open();
        Some(part)
    }

    /// Of two members with one name, the place of the one that goes.
    fn twice(members: &[(String, Part)]) -> Option<usize> {
        let mut known = std::collections::HashMap::new();
        for (at, (name, part)) in members.iter().enumerate() {
            if let Some(first) = known.insert(name.as_str(), at) {
                let first_says_nothing = members[first].1.is_nothing() && !part.is_nothing();
                return Some(if first_says_nothing { first } else { at });
            }
        }
        None
    }
}

/// Says why a row cannot be read as `T`: its id, the path of the culprit, and the reason without the value.
pub fn reject<T: DeserializeOwned>(row: &RawValue, at: &str) -> Rejected {
    let mut deserializer = serde_json::Deserializer::from_str(row.get());
    let (path, reason) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => (String::new(), String::from("the record is not usable")),
        Err(error) => (error.path().to_string(), reason_of(error.inner())),
    };
    Rejected { id: id_of(row), path: within(at, &path), reason }
}

/// The reason without positions and without the offending value, which may be personal.
fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    let quotes = ["invalid type: ", "invalid value: ", "unknown variant ", "unknown field "];
    if !quotes.iter().any(|quote| text.contains(quote)) {
        return text.to_owned();
    }
    // What was expected stands at the end, whatever the value says.
    match text.rsplit_once(", expected ").filter(|_| !text.contains(", there are no ")) {
        Some((_, expected)) => format!("expected {expected}"),
        None => String::from("not the documented type"),
    }
}

fn id_of(row: &RawValue) -> Option<String> {
    let members = members(row.get(), |name| name).ok()?;
    ["id", "Id", "ID"].iter().find_map(|known| {
        let (_, id) = members.iter().find(|(name, _)| name == known)?;
        crate::lenient::text(*id).ok().flatten()
    })
}

/// Picks the vendor fields that a mapping asks for out of a row, by dotted path (`customerSocial.psid`).
pub fn pick_custom(row: &RawValue, paths: &[String]) -> Extra {
    let pick = |path: &String| {
        let mut at = row;
        for part in path.split('.') {
            at = match at.get().as_bytes().first()? {
                b'[' => {
                    serde_json::from_str::<Vec<&RawValue>>(at.get()).ok()?.get(part.parse::<usize>().ok()?)?
                }
                _ => members(at.get(), |name| name).ok()?.into_iter().find(|(name, _)| name == part)?.1,
            };
        }
        let value: serde_json::Value = serde_json::from_str(at.get()).ok()?;
        (!value.is_null()).then(|| (path.clone(), value))
    };
    paths.iter().filter_map(pick).collect()
}

/// A scan by record offset over a list that may change under it, asked for by ascending id.
///
/// Offsets alone lose a row whenever an earlier row disappears. So every page starts one row before the place that was
/// reached: if the last id seen is still at or before the first row, nothing moved; if not, the scan steps back. Rows
/// that were seen already are dropped.
///
/// Nothing is taken on trust. A list that does not come by ascending id is begun again and read by place, where a page
/// must begin with the very rows that ended the one before; one that keeps changing its order is an error. So are a page
/// that comes whatever is asked for, an empty first page of a list that is said to have rows, and pages without end. A
/// tail that is repeated instead of an empty page ends the scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetScan {
    /// Offset of the next request.
    #[serde(rename = "o")]
    pub offset: u64,
    /// Largest id seen.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// First and last id of the page before, to recognise a repeated page; absent after a step back.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub page: Option<(i64, i64)>,
    /// What the page before ended with, where the list does not ascend.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    tail: Vec<i64>,
    /// How often the list was begun again because its order was none.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    restarts: u8,
    /// The next page only shows whether the vendor minds the offset.
    #[serde(rename = "q", default, skip_serializing_if = "std::ops::Not::not")]
    probe: bool,
    /// More rows than this cannot be.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    most: Option<u64>,
}

fn is_zero(count: &u8) -> bool {
    *count == 0
}

/// What a page means for an [`OffsetScan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanStep {
    /// For every row of the page: whether it is new.
    pub fresh: Vec<bool>,
    /// The scan after this page; `None` at the end.
    pub next: Option<OffsetScan>,
}

/// How many rows of the page before must be found again where nothing else shows that a list stands still.
const TAIL: usize = 4;
/// How often a list without an order is begun again.
const RESTARTS: u8 = 3;
/// How many rows a list may have beyond twice its count.
const GROWTH: u64 = 100_000;

impl OffsetScan {
    /// Digests one page: the ids of its rows in order, the size that the vendor says pages have, and the total if it
    /// says one.
    ///
    /// # Errors
    /// When the pages cannot be all that the list has: rows could be missing, so a scan must not end here.
    pub fn step(&self, ids: &[i64], page_size: u64, total: Option<u64>) -> Result<ScanStep> {
        let mut step = self.digest(ids, page_size, total)?;
        let most =
            self.most.unwrap_or_else(|| total.unwrap_or_default().saturating_mul(2).saturating_add(GROWTH));
        if let Some(next) = &mut step.next {
            if next.offset > most {
                return Err(incomplete("it goes on far beyond the count that the vendor gave"));
            }
            next.most = Some(most);
        }
        Ok(step)
    }

    fn digest(&self, ids: &[i64], page_size: u64, total: Option<u64>) -> Result<ScanStep> {
        let length = ids.len() as u64;
        let none_fresh = || vec![false; ids.len()];
        if self.probe {
            return match (ids.first(), self.page) {
                (Some(first), Some(page)) if *first != page.0 => {
                    Ok(ScanStep { fresh: none_fresh(), next: None })
                }
                _ => Err(incomplete("the same page comes whatever is asked for")),
            };
        }
        // Every page repeats the last row of the page before, except after a page of a single row. A scan that stepped
        // back has no page before.
        let stepped_back = self.page.is_none() && self.last.is_some();
        let repeats = self.offset > 0 && self.page.is_none_or(|(first, last)| first != last);
        let back = |from: u64| {
            let offset = from.saturating_sub(page_size.max(1));
            Self { offset, last: self.last, page: None, ..self.clone() }
        };
        let (Some(&first), Some(&final_id)) = (ids.first(), ids.last()) else {
            if self.offset == 0 && total.is_some_and(|total| total > 0) {
                return Err(incomplete("it is said to have rows, and shows none"));
            }
            // The row that should be repeated is gone: the list has become shorter than the place that was reached.
            let next = repeats.then(|| back(total.map_or(self.offset, |total| total.min(self.offset))));
            return Ok(ScanStep { fresh: Vec::new(), next });
        };
        let ascending = ids.windows(2).all(|pair| pair[0] < pair[1]);
        if self.restarts > 0 || !self.tail.is_empty() || (!ascending && self.offset == 0) {
            return self.by_place(ids, page_size, total);
        }
        let anchor = self.last.filter(|_| repeats && !stepped_back);
        let at = anchor.and_then(|last| ids.iter().position(|id| *id == last));
        if ascending && repeats && self.last.is_some_and(|last| first > last) {
            // Rows before this page are gone and others slid into their place: read those first.
            return Ok(ScanStep { fresh: none_fresh(), next: Some(back(self.offset)) });
        }
        // Without the row that ended the page before, a sorted page proves nothing.
        if !ascending || (self.page.map(|page| page.1) == self.last && anchor.is_some() && at.is_none()) {
            return Ok(ScanStep { fresh: none_fresh(), next: Some(self.again()?) });
        }
        let fresh: Vec<bool> = ids.iter().map(|id| self.last.is_none_or(|last| *id > last)).collect();
        let end = self.offset + length;
        // Some vendors answer their last rows when less than a page is left.
        let clamped = end - at.unwrap_or_default() as u64;
        if is_end(end, length, page_size, total) || total == Some(clamped) {
            return Ok(ScanStep { fresh, next: None });
        }
        if !fresh.contains(&true) && !stepped_back {
            let same = self.page == Some((first, final_id));
            if same && repeats {
                let offset = self.offset.saturating_sub(2 * length);
                return Ok(ScanStep { fresh, next: Some(Self { offset, probe: true, ..self.clone() }) });
            }
            // The end of a list that repeats its tail: behind the last row comes none but the last row again. Not so while the
            // vendor says that more rows follow and this is another page than before: then rows were inserted before
            // this place.
            let behind = !repeats && self.last == Some(final_id);
            if same || behind || total.is_none() {
                return Ok(ScanStep { fresh, next: None });
            }
        }
        let last = Some(final_id).max(self.last);
        // One row of overlap, unless that would not move at all.
        let offset = if length > 1 { end - 1 } else { end };
        Ok(ScanStep {
            fresh,
            next: Some(Self { offset, last, page: Some((first, final_id)), ..self.clone() }),
        })
    }

    /// The list from its beginning, by place.
    fn again(&self) -> Result<Self> {
        if self.restarts >= RESTARTS {
            return Err(incomplete("it comes in another order every time"));
        }
        Ok(Self { restarts: self.restarts + 1, most: self.most, ..Self::default() })
    }

    /// Digests a page of a list that does not ascend.
    fn by_place(&self, ids: &[i64], page_size: u64, total: Option<u64>) -> Result<ScanStep> {
        if !ids.starts_with(&self.tail) || (self.offset > 0 && self.tail.is_empty()) {
            return Ok(ScanStep { fresh: vec![false; ids.len()], next: Some(self.again()?) });
        }
        let known = self.tail.len();
        let fresh = (0..ids.len()).map(|at| at >= known).collect();
        let end = self.offset + ids.len() as u64;
        if is_end(end, ids.len() as u64, page_size, total) {
            return Ok(ScanStep { fresh, next: None });
        }
        let kept = (ids.len() / 2).min(TAIL);
        let tail = ids[ids.len() - kept..].to_vec();
        let offset = end - kept as u64;
        let next = if kept == 0 || offset <= self.offset {
            self.again()?
        } else {
            Self { offset, tail, ..self.clone() }
        };
        Ok(ScanStep { fresh, next: Some(next) })
    }
}

/// Whether nothing follows a page. A count that a full page goes beyond is not believed.
fn is_end(end: u64, length: u64, page_size: u64, total: Option<u64>) -> bool {
    let full = length >= page_size;
    match total {
        Some(total) => end == total || (end > total && !full),
        None => !full,
    }
}

fn incomplete(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the list cannot be read whole: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vendor that answers by offset, optionally repeating its last page for ever.
    fn scan(
        rows: &mut Vec<i64>,
        page_size: usize,
        repeat: bool,
        mut between: impl FnMut(usize, &mut Vec<i64>),
    ) -> Vec<i64> {
        let mut seen = Vec::new();
        let mut state = Some(OffsetScan::default());
        let mut requests = 0;
        while let Some(now) = state {
            let at = usize::try_from(now.offset).unwrap();
            let mut page: Vec<i64> = rows.iter().skip(at).take(page_size).copied().collect();
            if page.is_empty() && repeat {
                page = rows[rows.len().saturating_sub(page_size)..].to_vec();
            }
            let total = (!repeat).then_some(rows.len() as u64);
            let step = now.step(&page, page_size as u64, total).unwrap();
            seen.extend(page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(id, _)| *id));
            state = step.next;
            requests += 1;
            assert!(requests < 1000, "the scan does not end");
            between(requests, rows);
        }
        seen
    }

    #[test]
    fn reads_every_row_once() {
        for count in [0, 1, 2, 9, 10, 11, 95] {
            for repeat in [false, true] {
                let mut rows: Vec<i64> = (1..=count).collect();
                let expected = rows.clone();
                assert_eq!(scan(&mut rows, 10, repeat, |_, _| {}), expected, "{count} rows, repeat {repeat}");
            }
        }
    }

    #[test]
    fn rows_deleted_during_the_scan_hide_no_others() {
        for deletions in [1, 3, 25] {
            let mut rows: Vec<i64> = (1..=100).collect();
            let seen = scan(&mut rows, 10, false, |request, rows| {
                if request == 3 {
                    rows.drain(..deletions);
                }
            });
            let expected: Vec<i64> = (1..=100).collect();
            assert_eq!(seen, expected, "after {deletions} deletions");
        }
    }

    #[test]
    fn a_list_that_shrinks_below_the_place_reached_is_read_to_its_end() {
        let mut rows: Vec<i64> = (1..=30).collect();
        let seen = scan(&mut rows, 10, false, |request, rows| {
            if request == 3 {
                rows.drain(..5);
            }
        });
        assert_eq!(seen, (1..=30).collect::<Vec<_>>());
    }

    #[test]
    fn rows_inserted_before_the_place_reached_hide_no_others() {
        let mut rows: Vec<i64> = (101..=200).collect();
        let seen = scan(&mut rows, 10, false, |request, rows| {
            if request == 3 {
                rows.splice(..0, 1..=25);
            }
        });
        // More than a page of them: the list is begun again, and rows come twice.
        assert!((101..=200).all(|id| seen.contains(&id)), "{seen:?}");
    }

    #[test]
    fn pages_of_a_single_row_are_read_to_the_end() {
        let mut rows: Vec<i64> = (1..=7).collect();
        assert_eq!(scan(&mut rows, 1, false, |_, _| {}), (1..=7).collect::<Vec<_>>());
        assert_eq!(scan(&mut rows, 1, true, |_, _| {}), (1..=7).collect::<Vec<_>>());
    }

    /// Reads a list that answers as told, until the scan ends.
    fn read(mut answer: impl FnMut(u64) -> (Vec<i64>, Option<u64>)) -> Result<Vec<i64>> {
        let (mut seen, mut state) = (Vec::new(), Some(OffsetScan::default()));
        for _ in 0..5000 {
            let Some(now) = state else { return Ok(seen) };
            let (page, total) = answer(now.offset);
            let step = now.step(&page, 10, total)?;
            seen.extend(page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(id, _)| *id));
            state = step.next;
        }
        panic!("the scan does not end");
    }

    fn slice(rows: &[i64], offset: u64) -> Vec<i64> {
        rows.iter().skip(usize::try_from(offset).unwrap()).take(10).copied().collect()
    }

    #[test]
    fn a_list_in_any_steady_order_is_read_whole() {
        let ascending: Vec<i64> = (1..=95).collect();
        let descending: Vec<i64> = (1..=95).rev().collect();
        // Every page is sorted, the list is not.
        let blocks: Vec<i64> = (0..10).rev().flat_map(|block| block * 10 + 1..=block * 10 + 10).collect();
        let mixed: Vec<i64> = (0..95).map(|at| at * 37 % 95 + 1).collect();
        for rows in [ascending, descending, blocks, mixed] {
            for counted in [true, false] {
                let mut seen = read(|at| (slice(&rows, at), counted.then_some(rows.len() as u64))).unwrap();
                seen.sort_unstable();
                seen.dedup();
                let mut all = rows.clone();
                all.sort_unstable();
                assert_eq!(seen, all);
            }
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_whole_never_ends_well() {
        let rows: Vec<i64> = (1..=95).collect();
        let total = Some(95);
        let mut turn = 0;
        // Another order with every request.
        let shuffled = read(|at| {
            turn += 1;
            let rows: Vec<i64> = (0..95).map(|at| (at * 37 + turn * 11) % 95 + 1).collect();
            (slice(&rows, at), total)
        });
        assert_eq!(shuffled.unwrap_err().kind(), ErrorKind::Unavailable);
        // The offset is ignored.
        assert!(read(|_| (slice(&rows, 0), total)).is_err());
        assert!(read(|_| (slice(&rows, 0), None)).is_err());
        // Rows are counted and none shown.
        assert!(read(|_| (Vec::new(), total)).is_err());
        assert!(read(|_| (Vec::new(), Some(0))).unwrap().is_empty());
        // New rows for ever.
        let endless = OffsetScan::default().step(&(1..=10).collect::<Vec<_>>(), 10, Some(50)).unwrap();
        let far = OffsetScan { offset: 200_101, last: Some(5), page: Some((1, 5)), ..endless.next.unwrap() };
        assert!(far.step(&(5..15).collect::<Vec<_>>(), 10, None).is_err());
    }

    #[test]
    fn a_count_below_the_truth_does_not_end_a_scan() {
        let rows: Vec<i64> = (1..=95).collect();
        assert_eq!(read(|at| (slice(&rows, at), Some(3))).unwrap(), rows);
        assert_eq!(read(|at| (slice(&rows, at), Some(120))).unwrap(), rows);
    }

    #[test]
    fn a_repeated_tail_ends_a_list_whose_count_is_too_high() {
        for count in [1, 3, 10, 25] {
            let rows: Vec<i64> = (1..=count).collect();
            let answer = |at: u64| {
                let tail = (count as u64 - 1) / 10 * 10;
                (slice(&rows, if at >= count as u64 { tail } else { at }), Some(count as u64 + 7))
            };
            assert_eq!(read(answer).unwrap(), rows, "{count}");
        }
    }

    #[test]
    fn a_vendor_that_answers_its_last_rows_at_the_end_is_read_whole() {
        let rows: Vec<i64> = (1..=25).collect();
        for total in [Some(25), None, Some(40)] {
            assert_eq!(read(|at| (slice(&rows, at.min(15)), total)).unwrap(), rows, "{total:?}");
        }
    }

    #[test]
    fn rows_added_during_the_scan_are_read() {
        let mut rows: Vec<i64> = (1..=50).collect();
        let seen = scan(&mut rows, 10, false, |request, rows| {
            if request == 2 {
                rows.push(51);
            }
        });
        assert_eq!(seen, (1..=51).collect::<Vec<_>>());
    }

    #[test]
    fn a_cursor_is_only_read_where_it_was_made() {
        let scan = OffsetScan { offset: 99, last: Some(7), ..OffsetScan::default() };
        let cursor = Cursor::encode("kiotviet/customers/1", &scan).unwrap();
        assert_eq!(cursor.decode::<OffsetScan>("kiotviet/customers/1").unwrap(), scan);
        for scope in ["kiotviet/orders/1", "sapo/customers/1", "kiotviet/customers/2"] {
            assert_eq!(cursor.decode::<OffsetScan>(scope).unwrap_err().kind(), crate::ErrorKind::Config);
        }
        for text in ["", ":", "kiotviet/customers/1:{", &"x".repeat(5000)] {
            assert!(Cursor::from(text.to_owned()).decode::<OffsetScan>("kiotviet/customers/1").is_err());
        }
    }

    #[test]
    fn a_broken_row_names_the_place_and_not_the_value() {
        #[derive(Debug, Deserialize)]
        struct Row {
            #[serde(deserialize_with = "crate::lenient::required_integer")]
            id: i64,
            #[serde(default, deserialize_with = "crate::lenient::decimal")]
            total: Option<rust_decimal::Decimal>,
        }
        let body = r#"[{"id":1,"total":5},{"id":2,"total":"secret"},{"id":"x"},7]"#;
        let rows: Vec<&RawValue> = serde_json::from_str(body).unwrap();
        let (good, rejected) = read_rows::<Row>(&rows, "data");
        assert_eq!(good.len(), 1);
        assert_eq!((good[0].1.id, good[0].1.total.is_some()), (1, true));
        let paths: Vec<_> = rejected.iter().map(|row| (row.id.as_deref(), row.path.as_str())).collect();
        assert_eq!(paths, [(Some("2"), "data[1].total"), (Some("x"), "data[2].id"), (None, "data[3]")]);
        assert!(rejected.iter().all(|row| !row.reason.contains("secret")), "{rejected:?}");
    }

    #[derive(Debug, Deserialize)]
    struct Loose {
        #[serde(deserialize_with = "crate::lenient::required_integer")]
        id: i64,
        #[serde(default, deserialize_with = "crate::lenient::decimal")]
        total: Option<rust_decimal::Decimal>,
        #[serde(default, alias = "zip_code", deserialize_with = "crate::lenient::text")]
        zip: Option<String>,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        inner: Vec<Loose>,
        #[serde(flatten)]
        extra: Extra,
    }

    fn loose(body: &str) -> std::result::Result<Loose, Rejected> {
        read_row(serde_json::from_str(body).unwrap(), "data[0]")
    }

    #[test]
    fn a_member_that_cannot_be_read_costs_itself() {
        let row = loose(r#"{"id":1,"total":12.5,"tags":{"a":1},"zip":["x"],"other":[1]}"#).unwrap();
        assert_eq!((row.id, row.tags.len(), row.zip), (1, 0, None));
        assert_eq!(row.total.map(|total| total.to_string()).as_deref(), Some("12.5"));
        assert!(row.extra.contains_key("other"));
        let row = loose(r#"{"id":1,"tags":["a",null,"b"]}"#).unwrap();
        assert_eq!(row.tags, ["a", "b"]);
        assert_eq!(loose(r#"{"id":1,"total":"abc","tags":7}"#).unwrap_err().path, "data[0].total");
        assert!(loose(r#"{"id":"x"}"#).is_err() && loose("{}").is_err() && loose("7").is_err());
    }

    #[test]
    fn a_mended_row_keeps_its_amounts_to_the_last_digit() {
        for amount in ["123456789012345678.2500", "9007199254740993", "0.1", "121981374.6222"] {
            let row = loose(&format!(r#"{{"id":1,"tags":{{}},"total":{amount}}}"#)).unwrap();
            assert_eq!(row.total.map(|total| total.to_string()).as_deref(), Some(amount));
        }
        assert_eq!(loose(r#"{"id":9007199254740993,"tags":{}}"#).unwrap().id, 9_007_199_254_740_993);
    }

    #[test]
    fn a_rejection_names_the_member_that_costs_the_row() {
        let path = |body| loose(body).unwrap_err().path;
        assert_eq!(path(r#"{"id":1,"zip":{},"tags":5,"total":"x"}"#), "data[0].total");
        assert_eq!(path(r#"{"id":1,"zip":"7","zip":null,"total":"x"}"#), "data[0].total");
        // Items keep the numbers under which the vendor sent them.
        assert_eq!(
            path(r#"{"id":1,"inner":[null,5,{"id":2},{"id":3,"tags":1,"total":"x"}]}"#),
            "data[0].inner[3].total"
        );
        assert_eq!(path(r#"{"zip":{}}"#), "data[0]");
        assert_eq!(path(r#"{"id":{},"zip":{}}"#), "data[0].id");
    }

    #[test]
    fn a_record_inside_another_one_loses_its_figures_and_not_itself() {
        let inside = |body| read_inside::<Loose>(serde_json::from_str(body).unwrap());
        let row =
            inside(r#"{"id":1,"total":"x","zip":"7","inner":[{"id":2,"total":"y","zip":{}}]}"#).unwrap();
        assert_eq!((row.id, row.total, row.zip.as_deref(), row.inner.len()), (1, None, Some("7"), 1));
        assert!(inside(r#"{"id":"x"}"#).is_none() && inside("[]").is_none() && inside("5").is_none());
    }

    #[test]
    fn of_two_members_with_one_name_the_first_that_says_something_counts() {
        let json = r#"{"Name":"","name":"A","NAME":"B","Data":[],"data":[1],"Id":null,"id":{ }}"#;
        let members = members(json, |name| name.to_ascii_lowercase()).unwrap();
        let told: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value.get())).collect();
        assert_eq!(told, [("name", r#""A""#), ("data", "[1]"), ("id", "{ }")]);
        let row: &RawValue = serde_json::from_str(r#"{"a":{"b":[5,{"c":"x","c":null}]}}"#).unwrap();
        let picked = pick_custom(row, &["a.b.1.c".to_owned(), "a.b.2".to_owned(), "a.x".to_owned()]);
        assert_eq!(picked.into_iter().collect::<Vec<_>>(), [("a.b.1.c".to_owned(), "x".into())]);
    }

    #[test]
    fn two_spellings_are_one_member() {
        for (body, zip) in [
            (r#"{"id":1,"zip":"7","zip_code":null}"#, "7"),
            (r#"{"id":1,"zip":null,"zip_code":"8"}"#, "8"),
            (r#"{"id":1,"zip_code":"8","zip":"7","tags":3}"#, "7"),
            (r#"{"id":1,"zip":"6","zip":"7"}"#, "6"),
            (r#"{"id":1,"zip":"6","zip":null}"#, "6"),
            (r#"{"id":1,"zip":" ","zip":"7"}"#, "7"),
        ] {
            assert_eq!(loose(body).unwrap().zip.as_deref(), Some(zip), "{body}");
        }
        let row =
            loose(r#"{"id":1,"inner":[{"id":2,"zip":"7","zip_code":"7"},{"id":3,"zip":"8","zip_code":""}]}"#)
                .unwrap();
        assert_eq!(row.inner.iter().map(|inner| inner.id).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(row.inner[1].zip.as_deref(), Some("8"));
    }

    #[test]
    fn a_reason_never_quotes_the_vendor() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            Person,
            Firm,
        }
        #[derive(Debug, Deserialize)]
        enum Nothing {}
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Strict {
            #[serde(rename = "id")]
            _id: i64,
        }
        fn reason<T: DeserializeOwned>(row: &str) -> String {
            reject::<T>(serde_json::from_str(row).unwrap(), "data[0]").reason
        }
        assert_eq!(reason::<Kind>(r#""Lan 0912000123""#), "expected `person` or `firm`");
        assert_eq!(reason::<Kind>(r#""Lan, expected Lan at line 7""#), "expected `person` or `firm`");
        assert_eq!(reason::<Nothing>(r#""Lan, expected Lan""#), "not the documented type");
        assert_eq!(reason::<Strict>(r#"{"id":1,"Lan":2}"#), "expected `id`");
        assert_eq!(reason::<i64>(r#""Lan""#), "expected i64");
        assert_eq!(reason::<Strict>("{}"), "missing field `id`");
        assert!(!format!("{:?}", [Kind::Person, Kind::Firm]).is_empty());
    }

    /// A row that counts how often it is read.
    struct Counted(Loose);

    std::thread_local! {
        static READINGS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
            READINGS.set(READINGS.get() + 1);
            Loose::deserialize(deserializer).map(Self)
        }
    }

    #[test]
    fn a_row_is_read_a_bounded_number_of_times_to_mend_it() {
        for count in [10, 60_000] {
            let members: String = (0..count).map(|at| format!(r#","m{at}":{at}"#)).collect();
            let row = format!(r#"{{"id":1,"inner":[{{"id":2,"zip":"7","zip_code":"7"{members}}}]}}"#);
            READINGS.set(0);
            let mended = read_row::<Counted>(serde_json::from_str(&row).unwrap(), "data[0]");
            assert!(mended.map_or_else(|why| why.id.as_deref() == Some("1"), |row| row.0.id == 1));
            // What reading again may cost in bytes, and once each to begin with and to say why not.
            let most = 16 * 1024 * 1024 / row.len() + 2;
            assert!(READINGS.get() as usize <= most, "{} of {most} readings", READINGS.get());
            assert!(READINGS.get() > 1, "it needs mending");
        }
    }
}
