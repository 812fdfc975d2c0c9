//! Reading answers: lists, single objects, and objects in a wrapper.

use std::collections::BTreeMap;

use pos_core::page::{Answer, Page, Rejected, read_row};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, Retry, lenient};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::Flavor;
use crate::map::ToRecord;
use crate::model::{pos, web};

/// Rows that may have a number of their own.
pub(crate) trait Keyed {
    /// The vendor's id: 0 where it could not be read, `None` for rows that have none.
    fn key(&self) -> Option<i64>;
}

/// What a type is called in envelopes.
pub(crate) trait Named {
    /// The keys of a list.
    const MANY: &'static [&'static str];
    /// The keys of one object.
    const ONE: &'static [&'static str];
}

macro_rules! named {
    ($($type:ty: $($many:literal)|+, $($one:literal)|+;)*) => {$(
        impl Named for $type {
            const MANY: &'static [&'static str] = &[$($many),+];
            const ONE: &'static [&'static str] = &[$($one),+];
        }
    )*};
}

named! {
    web::Customer: "customers", "customer";
    web::Order: "orders", "order";
    web::Product: "products", "product";
    web::Variant: "variants", "variant";
    web::Location: "locations", "location";
    web::Staff: "users", "user";
    web::Collection: "custom_collections" | "smart_collections" | "collections", "custom_collection" | "smart_collection" | "collection";
    web::Refund: "refunds", "refund";
    web::Transaction: "transactions", "transaction";
    web::InventoryLevel: "inventory_levels", "inventory_level";
    web::Address: "addresses", "address" | "customer_address";
    // `shop` is documented, `store` was seen [?].
    web::StoreInfo: "stores", "store" | "shop";
    web::Event: "events", "event";
    crate::model::Webhook: "webhooks", "webhook";
    pos::Customer: "customers", "customer";
    pos::CustomerGroup: "customer_groups", "customer_group";
    pos::Order: "orders", "order";
    pos::OrderReturn: "order_returns", "order_return";
    pos::Product: "products", "product";
    pos::Location: "locations", "location";
    pos::Category: "categories", "category";
    pos::OrderSource: "order_sources", "order_source";
    pos::Staff: "accounts", "account";
    pos::LogEntry: "logs", "log";
}

/// A page of a list as the typed client answers it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// What the list says about itself; only on the POS flavour.
    pub metadata: Option<Metadata>,
}

impl<T> List<T> {
    /// Whether another page may follow.
    pub(crate) fn is_full(&self, limit: u32) -> bool {
        let rows = self.data.len() + self.rejected.len();
        let told = self.metadata.and_then(Metadata::more);
        rows > 0 && told.unwrap_or(rows >= limit as usize)
    }
}

/// `metadata` of the POS flavour's lists (D).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Metadata {
    /// Rows in the whole list.
    #[serde(deserialize_with = "lenient::integer")]
    pub total: Option<i64>,
    /// This page, from 1.
    #[serde(deserialize_with = "lenient::integer")]
    pub page: Option<i64>,
    /// Rows a page; the server may lower what was asked for.
    #[serde(deserialize_with = "lenient::integer")]
    pub limit: Option<i64>,
}

impl Metadata {
    /// Whether another page follows, as far as it can be told.
    fn more(self) -> Option<bool> {
        let (total, page, limit) = (self.total?, self.page.unwrap_or(1), self.limit?);
        (limit > 0).then(|| page.saturating_mul(limit) < total)
    }
}

/// A row with its raw text, read or rejected.
pub(crate) struct Row<'a, T> {
    pub(crate) raw: &'a RawValue,
    pub(crate) read: std::result::Result<T, Rejected>,
}

impl<T: Keyed> Row<'_, T> {
    /// The vendor's id, as far as it can be read.
    pub(crate) fn key(&self) -> Option<i64> {
        match &self.read {
            Ok(row) => row.key().filter(|key| *key > 0),
            Err(rejected) => rejected.id.as_deref()?.parse().ok(),
        }
    }
}

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<Row<'a, T>>,
    /// How many places of the list the page shows.
    pub(crate) length: usize,
    pub(crate) metadata: Option<Metadata>,
}

impl<T> Rows<'_, T> {
    /// The typed form without raw texts.
    pub(crate) fn into_list(self) -> List<T> {
        let mut list =
            List { data: Vec::with_capacity(self.rows.len()), rejected: Vec::new(), metadata: self.metadata };
        for row in self.rows {
            match row.read {
                Ok(row) => list.data.push(row),
                Err(rejected) => list.rejected.push(rejected),
            }
        }
        list
    }
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// What the vendor never sends comes from something in between, and for a moment: it is worth another try.
fn foreign(what: impl Into<String>) -> Error {
    Error::decode(what).with_retry(Retry::Backoff)
}

fn not_json(_: serde_json::Error) -> Error {
    foreign("the answer is not the JSON that the vendor documents")
}

fn members(body: &[u8]) -> Result<Members<'_>> {
    serde_json::from_slice(without_mark(body)).map_err(not_json)
}

/// The text without a byte order mark before it.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    lenient::without_mark(body)
}

fn starts(raw: &RawValue, with: u8) -> bool {
    raw.get().as_bytes().first() == Some(&with)
}

fn find<'a>(members: &Members<'a>, names: &[&'static str], with: u8) -> Option<(&'static str, &'a RawValue)> {
    names.iter().find_map(|name| members.get(*name).filter(|raw| starts(raw, with)).map(|raw| (*name, *raw)))
}

/// Reads one row; `at` is its path. Whatever has no id of its own is no record.
pub(crate) fn read<T: DeserializeOwned + Keyed>(
    raw: &RawValue,
    at: &str,
) -> std::result::Result<T, Rejected> {
    #[derive(Default, Deserialize)]
    struct Id {
        #[serde(default, deserialize_with = "lenient::text")]
        id: Option<String>,
    }
    let row: T = read_row(raw, at)?;
    if row.key().is_none_or(|key| key > 0) {
        return Ok(row);
    }
    let Id { id } = serde_json::from_str(raw.get()).unwrap_or_default();
    let path = match (&id, at) {
        (None, _) => at.to_owned(),
        (Some(_), "") => "id".to_owned(),
        (Some(_), _) => format!("{at}.id"),
    };
    Err(Rejected { id, path, reason: "expected a whole number that is an id".to_owned() })
}

fn read_all<'a, T: DeserializeOwned + Keyed>(list: &'a RawValue, name: &str) -> Result<Rows<'a, T>> {
    let rows: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(not_json)?;
    let length = rows.len();
    // A null among the rows is no record, but it has a place in the list.
    let rows = rows.into_iter().enumerate().filter(|(_, raw)| raw.get() != "null");
    let rows = rows.map(|(at, raw)| Row { raw, read: read(raw, &format!("{name}[{at}]")) }).collect();
    Ok(Rows { rows, length, metadata: None })
}

/// Reads a list answer. What has no list under its name is no answer to a list: an empty list is there and empty.
pub(crate) fn read_list<T: DeserializeOwned + Named + Keyed>(body: &[u8]) -> Result<Rows<'_, T>> {
    let members = members(body)?;
    let (name, list) = find(&members, T::MANY, b'[')
        .ok_or_else(|| foreign(format!("the answer has no list of {}", T::MANY[0])))?;
    let metadata = members.get("metadata").and_then(|raw| read_row(raw, "metadata").ok());
    Ok(Rows { metadata, ..read_all(list, name)? })
}

/// The object in an answer: under its name, or bare with an id.
pub(crate) fn unwrap_object<T: Named>(body: &[u8]) -> Result<(&RawValue, &'static str)> {
    let members = members(body)?;
    if let Some((name, raw)) = find(&members, T::ONE, b'{') {
        return Ok((raw, name));
    }
    if members.contains_key("id") {
        return Ok((serde_json::from_slice(without_mark(body)).map_err(not_json)?, ""));
    }
    Err(foreign(format!("the answer has no {}", T::ONE[0])))
}

/// Reads one object, wrapped or not.
pub(crate) fn read_object<T: DeserializeOwned + Named + Keyed>(body: &[u8]) -> Result<T> {
    let (raw, path) = unwrap_object::<T>(body)?;
    read(raw, path).map_err(unreadable)
}

pub(crate) fn unreadable(rejected: Rejected) -> Error {
    Error::decode(format!(
        "the answer is not what the vendor documents, at {}: {}",
        rejected.path, rejected.reason
    ))
}

/// Reads a saved answer of a stream: a list, one object in its wrapper or bare, or a bare array.
///
/// Answers of the web flavour do not say whether more follow, unless they are empty; those of POS do in `metadata`.
/// `returns` are refunds on the web flavour and order returns on POS.
///
/// ```
/// use pos_sapo::{Flavor, Stream, read_answer};
///
/// let body = r#"{"customers":[{"id":7,"last_name":"Lê Quốc","first_name":"Bảo","phone":"+84905550101"}]}"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes(), Flavor::Web).unwrap();
/// assert_eq!(answer.page.records[0].id(), "7");
/// assert_eq!(answer.more, None);
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when the body is not JSON, or neither a list nor an object of the
/// stream; [`ErrorKind::Unsupported`](pos_core::ErrorKind::Unsupported) for invoices, which Sapo does not have.
pub fn read_answer(stream: Stream, body: &[u8], flavor: Flavor) -> Result<Answer> {
    match (flavor, stream) {
        (Flavor::Web, Stream::Customers) => answer::<web::Customer>(body),
        (Flavor::Web, Stream::Orders) => answer::<web::Order>(body),
        (Flavor::Web, Stream::Returns) => answer::<web::Refund>(body),
        (Flavor::Web, Stream::Products) => answer::<web::Product>(body),
        (Flavor::Web, Stream::Categories) => answer::<web::Collection>(body),
        (Flavor::Web, Stream::Branches) => answer::<web::Location>(body),
        (Flavor::Web, Stream::Users) => answer::<web::Staff>(body),
        (Flavor::Pos, Stream::Customers) => answer::<pos::Customer>(body),
        (Flavor::Pos, Stream::Orders) => answer::<pos::Order>(body),
        (Flavor::Pos, Stream::Returns) => answer::<pos::OrderReturn>(body),
        (Flavor::Pos, Stream::Products) => answer::<pos::Product>(body),
        (Flavor::Pos, Stream::Categories) => answer::<pos::Category>(body),
        (Flavor::Pos, Stream::Branches) => answer::<pos::Location>(body),
        (Flavor::Pos, Stream::Users) => answer::<pos::Staff>(body),
        (_, other) => Err(Error::unsupported(format!("sapo has no {other}"))),
    }
}

fn answer<T: DeserializeOwned + Named + Keyed + ToRecord>(body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let whole: &RawValue = serde_json::from_slice(without_mark(body)).map_err(not_json)?;
    let (rows, metadata, more) = match whole.get().as_bytes().first() {
        Some(b'[') => (read_all::<T>(whole, "")?.rows, None, None),
        Some(b'{') if find(&members(body)?, T::MANY, b'[').is_some() => {
            let list = read_list::<T>(body)?;
            let more = match list.metadata.and_then(Metadata::more) {
                _ if list.rows.is_empty() => Some(false),
                more => more,
            };
            (list.rows, list.metadata, more)
        }
        Some(b'{') => {
            let (raw, path) = unwrap_object::<T>(body)?;
            (vec![Row { raw, read: read(raw, path) }], None, Some(false))
        }
        _ => return Err(foreign("the answer is neither a list nor an object")),
    };
    let total = metadata.and_then(|metadata| u64::try_from(metadata.total?).ok());
    let mut page = Page { total, ..Page::default() };
    for row in rows {
        match row.read {
            Ok(row) => page.records.push(row.record().into()),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    Ok(Answer { page, more, next: None })
}
