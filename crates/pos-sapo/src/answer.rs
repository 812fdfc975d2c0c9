//! Reading answers: lists, single objects, and objects in a wrapper.

use pos_core::kit::{
    Keyed, Members, Raw, Row, foreign, is_list, is_object, items, page_of, split, unreadable, value_of,
};
use pos_core::page::{Answer, Page, Rejected, read_row};
use pos_core::record::{Record, Stream};
use pos_core::{Error, Result, lenient};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::{self, pos, web};
use crate::store::Flavor;

/// What a type is called in envelopes.
pub(crate) trait Named: Keyed<Key = i64> {
    /// The keys of a list. The first one is its address, too.
    const MANY: &'static [&'static str];
    /// The keys of one object.
    const ONE: &'static [&'static str];
    /// What a read of the list is called.
    const LIST: &'static str;
    /// What a read by id is called.
    const GET: &'static str;
}

macro_rules! named {
    ($($type:ty: $list:literal $(| $many:literal)*, $($one:literal)|+;)*) => {$(
        impl Named for $type {
            const MANY: &'static [&'static str] = &[$list $(, $many)*];
            const ONE: &'static [&'static str] = &[$($one),+];
            const LIST: &'static str = concat!("GET /", $list);
            const GET: &'static str = concat!("GET /", $list, "/{id}");
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
    model::Webhook: "webhooks", "webhook";
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

/// A list with its raw rows.
pub(crate) struct Rows<'a, T> {
    pub(crate) rows: Vec<Raw<'a, T>>,
    /// How many places of the list the page shows.
    pub(crate) length: usize,
    pub(crate) metadata: Option<Metadata>,
}

impl<T> Rows<'_, T> {
    /// The typed form without raw texts.
    pub(crate) fn into_list(self) -> List<T> {
        let (data, rejected) = split(self.rows);
        List { data, rejected, metadata: self.metadata }
    }

    /// How many rows the whole list has, where it says so.
    pub(crate) fn total(&self) -> Option<u64> {
        self.metadata?.total?.try_into().ok()
    }
}

/// Reads one row; `at` is its path. Whatever has no id of its own is no record.
pub(crate) fn row<'a, T: Named>(raw: &'a RawValue, at: &str) -> Raw<'a, T> {
    let mut row: Raw<'a, T> = Raw::read(raw, at);
    if row.read.as_ref().is_ok_and(|read| read.key().is_some_and(|key| key <= 0)) {
        let id = Members::of(raw).ok().and_then(|members| lenient::text(members.get("id")?).ok()?);
        let path = match (&id, at) {
            (None, _) => at.to_owned(),
            (Some(_), "") => "id".to_owned(),
            (Some(_), _) => format!("{at}.id"),
        };
        row.read = Err(Rejected { id, path, reason: "expected a whole number that is an id".to_owned() });
    }
    row
}

fn rows<'a, T: Named>(list: &'a RawValue, name: &str) -> Result<Rows<'a, T>> {
    let all = items(list)?;
    let length = all.len();
    // A null among the rows is no record, but it has a place in the list.
    let rows = all.into_iter().enumerate().filter(|(_, raw)| raw.get() != "null");
    let rows = rows.map(|(at, raw)| row(raw, &format!("{name}[{at}]"))).collect();
    Ok(Rows { rows, length, metadata: None })
}

/// Reads a list answer. What has no list under its name is no answer to a list: an empty list is there and empty.
pub(crate) fn read_list<T: Named>(body: &[u8]) -> Result<Rows<'_, T>> {
    let members = Members::of_body(body)?;
    let (name, list) = members
        .first(T::MANY, is_list)
        .ok_or_else(|| foreign(format!("the answer has no list of {}", T::MANY[0])))?;
    let metadata = members.get("metadata").and_then(|raw| read_row(raw, "metadata").ok());
    Ok(Rows { metadata, ..rows(list, name)? })
}

/// The object in an answer: under its name, or bare with an id.
fn object_in<T: Named>(body: &[u8]) -> Result<Raw<'_, T>> {
    let members = Members::of_body(body)?;
    match members.first(T::ONE, is_object) {
        Some((name, raw)) => Ok(row(raw, name)),
        None if members.has("id") => Ok(row(value_of(body)?, "")),
        None => Err(foreign(format!("the answer has no {}", T::ONE[0]))),
    }
}

/// Reads one object, wrapped or not, and answers its text with it.
pub(crate) fn read_object<T: Named>(body: &[u8]) -> Result<(&RawValue, T)> {
    let Raw { raw, read } = object_in(body)?;
    Ok((raw.value(), read.map_err(|rejected| unreadable(&rejected))?))
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

fn answer<T: Named + Row>(body: &[u8]) -> Result<Answer>
where
    Record: From<T::Record>,
{
    let whole = value_of(body)?;
    let (list, more) = if is_list(whole) {
        (rows::<T>(whole, "")?, None)
    } else if !is_object(whole) {
        return Err(foreign("the answer is neither a list nor an object"));
    } else if Members::of(whole)?.first(T::MANY, is_list).is_some() {
        let list = read_list::<T>(body)?;
        let more = if list.rows.is_empty() { Some(false) } else { list.metadata.and_then(Metadata::more) };
        (list, more)
    } else {
        (Rows { rows: vec![object_in::<T>(body)?], length: 1, metadata: None }, Some(false))
    };
    let total = list.total();
    Ok(Answer { page: Page { total, ..page_of(list.rows) }, more, next: None })
}
