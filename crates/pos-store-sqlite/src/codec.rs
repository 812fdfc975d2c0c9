//! How values look in columns.

pub(crate) use crm_merge::nanos;
use crm_merge::{LedgerReason, LedgerRow, Version};
use pos_core::identity::SubjectKind;
use pos_core::record::{Currency, DocumentKind, Money};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Row, ToSql};
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::error::{Res, corrupt, unavailable};

/// Digits behind the point that an integer amount has.
const SCALE: u32 = 4;

pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Res<String> {
    Ok(serde_json::to_string(value)?)
}

pub(crate) fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Res<T> {
    Ok(serde_json::from_str(text(row, column)?)?)
}

pub(crate) fn text<'a>(row: &'a Row<'_>, column: usize) -> Res<&'a str> {
    row.get_ref(column)?.as_str().map_err(|_| corrupt("a column holds no text"))
}

pub(crate) fn instant(nanos: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanos)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(crate) fn version_hash(version: &Version) -> i64 {
    i64::from_ne_bytes(version.hash.to_ne_bytes())
}

/// A version in three columns: at, seen, hash. An instant outside the years 1677 to 2262, which an earlier format kept as
/// text, is no news.
pub(crate) fn version(row: &Row<'_>, first: usize) -> Res<Version> {
    let changed = match row.get_ref(first)? {
        ValueRef::Integer(at) => Some(at),
        _ => None,
    };
    let hash: i64 = row.get(first + 2)?;
    Ok(Version { changed, seen: row.get(first + 1)?, hash: u64::from_ne_bytes(hash.to_ne_bytes()) })
}

/// A column that may be absent, as JSON.
pub(crate) fn read_or_default<T: DeserializeOwned + Default>(row: &Row<'_>, column: usize) -> Res<T> {
    if row.get_ref(column)? == ValueRef::Null { Ok(T::default()) } else { read(row, column) }
}

/// An amount: an integer of 1/10000 when it is one, else exact text.
pub(crate) fn money(amount: Money) -> Value {
    let amount = amount.decimal().normalize();
    let scaled = SCALE
        .checked_sub(amount.scale())
        .and_then(|missing| amount.mantissa().checked_mul(10_i128.pow(missing)))
        .and_then(|scaled| i64::try_from(scaled).ok());
    scaled.map_or_else(|| Value::Text(amount.to_string()), Value::Integer)
}

pub(crate) fn read_money(value: ValueRef<'_>) -> Res<Money> {
    match value {
        ValueRef::Integer(scaled) => Ok(Money::new(Decimal::new(scaled, SCALE).normalize())),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse::<Decimal>().ok())
            .map(Money::new)
            .ok_or_else(|| corrupt("an amount is no number")),
        _ => Err(corrupt("an amount is no number")),
    }
}

pub(crate) fn currency(row: &Row<'_>, column: usize) -> Res<Currency> {
    text(row, column)?.parse().map_err(|_| corrupt("a currency is no currency"))
}

/// The name of a reason, as serde writes it.
pub(crate) fn why(reason: LedgerReason) -> Res<String> {
    match serde_json::to_value(reason)? {
        serde_json::Value::String(name) => Ok(name),
        _ => Err(corrupt("a reason has no name")),
    }
}

/// A ledger row in four columns: currency, revenue, orders, why.
pub(crate) fn ledger(row: &Row<'_>, first: usize) -> Res<LedgerRow> {
    let why = serde_json::from_value(text(row, first + 3)?.into())?;
    Ok(LedgerRow::new(read_money(row.get_ref(first + 1)?)?, row.get(first + 2)?, currency(row, first)?, why))
}

pub(crate) fn subject_kind(kind: SubjectKind) -> i64 {
    match kind {
        SubjectKind::Customer => 0,
        SubjectKind::OrderBuyer => 1,
        SubjectKind::OrderRecipient => 2,
    }
}

pub(crate) fn read_subject_kind(kind: i64) -> Res<SubjectKind> {
    match kind {
        0 => Ok(SubjectKind::Customer),
        1 => Ok(SubjectKind::OrderBuyer),
        2 => Ok(SubjectKind::OrderRecipient),
        _ => Err(corrupt("a record is of no known kind")),
    }
}

pub(crate) fn document_kind(kind: DocumentKind) -> Res<i64> {
    match kind {
        DocumentKind::Order => Ok(0),
        DocumentKind::Invoice => Ok(1),
        DocumentKind::Return => Ok(2),
        _ => Err(unavailable("this store does not know that kind of document").into()),
    }
}

pub(crate) fn read_document_kind(kind: i64) -> Res<DocumentKind> {
    match kind {
        0 => Ok(DocumentKind::Order),
        1 => Ok(DocumentKind::Invoice),
        2 => Ok(DocumentKind::Return),
        _ => Err(corrupt("a document is of no known kind")),
    }
}

/// How many rows a query may give: the limit, as SQLite counts.
pub(crate) fn limit(limit: u32) -> impl ToSql {
    i64::from(limit)
}
