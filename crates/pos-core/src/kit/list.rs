//! One list of a vendor: what was asked, where it goes on.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::connector::{Connector, ListQuery};
use crate::error::{Error, Result};
use crate::page::Cursor;
use crate::record::Stream;

/// The bounds of a query, as a cursor remembers them: going on under others would leave rows out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Bounds {
    /// Unix time in microseconds.
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(rename = "r", skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

impl Bounds {
    fn of(query: &ListQuery) -> Self {
        let micros = |at: OffsetDateTime| i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
        Self {
            from: query.modified_from.map(micros),
            to: query.modified_to.map(micros),
            branch: query.branch_id.clone(),
            removed: query.include_removed,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Position<S> {
    #[serde(rename = "b", default)]
    bounds: Bounds,
    #[serde(rename = "s")]
    state: S,
}

/// One call of a list: its query, and the cursors that belong to it.
///
/// `version` says how the state of a cursor is written. A cursor of an earlier version, as a host may have kept it over an
/// update, begins the list again: reading rows twice is harmless.
#[derive(Debug)]
pub struct Listing<'q> {
    /// What was asked.
    pub query: &'q ListQuery,
    list: String,
    version: u32,
    bounds: Bounds,
    in_seconds: bool,
}

impl<'q> Listing<'q> {
    /// Refuses what the vendor would ignore.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) naming the argument.
    pub fn new<C: Connector + ?Sized>(
        connector: &C,
        stream: Stream,
        version: u32,
        query: &'q ListQuery,
    ) -> Result<Self> {
        connector.capabilities().refuse_unsupported(stream, query)?;
        let list = format!("{}/{stream}", connector.vendor());
        Ok(Self { query, list, version, bounds: Bounds::of(query), in_seconds: false })
    }

    /// The same list of one of the vendor's APIs: the cursors of one say nothing to another.
    #[must_use]
    pub fn of_api(mut self, api: &str) -> Self {
        let at = self.list.find('/').unwrap_or_default();
        self.list.insert_str(at, &format!("/{api}"));
        self
    }

    /// The same list of a vendor whose times are whole seconds: what was stamped in the second of a bound may have changed at
    /// any instant of it.
    #[must_use]
    pub fn in_seconds(mut self) -> Self {
        self.in_seconds = true;
        self
    }

    fn scope(&self) -> String {
        format!("{}/{}", self.list, self.version)
    }

    /// Where to go on; `None` at the beginning.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the cursor is of another list, or of a query with other bounds.
    pub fn resume<S: DeserializeOwned>(&self) -> Result<Option<S>> {
        let Some(cursor) = &self.query.cursor else { return Ok(None) };
        if self.is_earlier(cursor) {
            return Ok(None);
        }
        let position: Position<S> = cursor.decode(&self.scope())?;
        if position.bounds != self.bounds {
            let what = format!("this cursor of {} belongs to a query with other bounds", self.list);
            return Err(Error::config(what));
        }
        Ok(Some(position.state))
    }

    fn is_earlier(&self, cursor: &Cursor) -> bool {
        let version = cursor
            .as_str()
            .strip_prefix(&self.list)
            .and_then(|rest| rest.strip_prefix('/')?.split_once(':')?.0.parse::<u32>().ok());
        version.is_some_and(|version| version < self.version)
    }

    /// The cursor of what follows; `None` at the end.
    ///
    /// # Errors
    /// When the state is too large for a cursor.
    pub fn next<S: Serialize>(&self, state: Option<S>) -> Result<Option<Cursor>> {
        let position = state.map(|state| Position { bounds: self.bounds.clone(), state });
        position.map(|position| Cursor::encode(&self.scope(), &position)).transpose()
    }

    fn stamp(&self, at: OffsetDateTime) -> OffsetDateTime {
        if self.in_seconds { at.replace_nanosecond(0).unwrap_or(at) } else { at }
    }

    /// Whether a row changed before what was asked for. What tells no time of change may belong here.
    pub fn is_before(&self, changed: Option<OffsetDateTime>) -> bool {
        let stamps = changed.zip(self.query.modified_from);
        stamps.is_some_and(|(changed, from)| self.stamp(changed) < self.stamp(from))
    }

    /// Whether a row changed after what was asked for: it is left to the next window.
    pub fn is_after(&self, changed: Option<OffsetDateTime>) -> bool {
        let stamps = changed.zip(self.query.modified_to);
        stamps.is_some_and(|(changed, to)| self.stamp(changed) > self.stamp(to))
    }

    /// Whether a row belongs between the bounds.
    pub fn holds(&self, changed: Option<OffsetDateTime>) -> bool {
        !self.is_before(changed) && !self.is_after(changed)
    }
}
