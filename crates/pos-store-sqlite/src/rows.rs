//! From rows to the engine's structs.

use crm_merge::{Contact, ContactId, Document, DocumentId, Entry, EntryId, Subject};
use pos_core::identity::{Key, SubjectId};
use pos_core::record::{Account, Record, Stream};
use pos_sync::SubjectRow;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::accounts::Accounts;
use crate::codec;
use crate::error::{Res, corrupt};

/// The columns that [`subject`] reads, then the number of the contact and its body.
pub(crate) const SUBJECT: &str = "SELECT s.n, s.account, s.kind, s.id, s.flags, s.at, s.seen, s.hash, s.keys, \
    s.body, c.id, c.n, c.body, s.gone, s.finds, s.unsent FROM subject s LEFT JOIN contact c ON c.n = s.contact";

pub(crate) fn subject(conn: &Connection, accounts: &mut Accounts, row: &Row<'_>) -> Res<Subject> {
    let id = accounts.subject(conn, row.get(1)?, row.get(2)?, codec::text(row, 3)?)?;
    let flags: i64 = row.get(4)?;
    let keys: Vec<Key> = codec::read_or_default(row, 8)?;
    let contact: Option<String> = row.get(10)?;
    Ok(Subject::new(id, codec::read(row, 9)?, codec::version(row, 5)?, keys)
        .with_contact(contact.map(ContactId::new))
        .with_marks(flags & SubjectRow::STUB != 0, flags & SubjectRow::PINNED != 0)
        .with_gone(row.get(13)?)
        .with_finds(codec::read_or_default(row, 14)?)
        .with_unsent(codec::read_or_default::<Vec<String>>(row, 15)?))
}

/// The columns that [`document`] reads.
pub(crate) const DOCUMENT: &str = "SELECT d.n, d.account, d.kind, d.id, d.deleted, d.at, d.seen, d.hash, d.currency, \
    d.revenue, d.orders, d.why, d.body, b.account, b.kind, b.id, r.account, r.kind, r.id, d.gone, d.finds \
    FROM document d LEFT JOIN subject b ON b.n = d.buyer LEFT JOIN subject r ON r.n = d.recipient";

pub(crate) fn document(conn: &Connection, accounts: &mut Accounts, row: &Row<'_>) -> Res<Document> {
    let account = accounts.name(conn, row.get(1)?)?;
    let id = DocumentId::new(account, codec::read_document_kind(row.get(2)?)?, codec::text(row, 3)?);
    let mut party = |first: usize| -> Res<Option<SubjectId>> {
        let account: Option<i64> = row.get(first)?;
        let Some(account) = account else { return Ok(None) };
        Ok(Some(accounts.subject(conn, account, row.get(first + 1)?, codec::text(row, first + 2)?)?))
    };
    let (buyer, recipient) = (party(13)?, party(16)?);
    Ok(Document::new(id, codec::read(row, 12)?, codec::version(row, 5)?, codec::ledger(row, 8)?)
        .with_parties(buyer, recipient)
        .with_finds(codec::read_or_default(row, 20)?)
        .with_deleted(row.get(4)?, row.get(19)?))
}

/// An entry of the columns id, at, seen, hash, deleted, gone, body.
pub(crate) fn entry(account: &Account, stream: Stream, row: &Row<'_>) -> Res<Entry> {
    let body: Option<String> = row.get(6)?;
    let record = body.map(|body| Record::from_json(stream, &body)).transpose()?;
    let id = EntryId::new(account.clone(), stream, codec::text(row, 0)?);
    Ok(Entry::new(id, record, codec::version(row, 1)?, row.get(4)?).with_gone(row.get(5)?))
}

/// Runs a statement and does something with each of its rows.
pub(crate) fn each(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    mut take: impl FnMut(&Row<'_>) -> Res<()>,
) -> Res<()> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

/// Runs a statement and reads its rows.
pub(crate) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Res<T>,
) -> Res<Vec<T>> {
    let mut found = Vec::new();
    each(conn, sql, params, |row| {
        found.push(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// Contacts that are there, following retired ids: the id that was asked for, the number, the body. A circle leads
/// nowhere.
pub(crate) const LIVE: &str = "WITH RECURSIVE way(asked, n) AS ( \
    SELECT c.id, c.n FROM json_each(?1) a CROSS JOIN contact c ON c.id = a.value \
    UNION SELECT w.asked, c.into_n FROM way w CROSS JOIN contact c ON c.n = w.n \
          WHERE c.body IS NULL AND c.into_n IS NOT NULL) \
    SELECT w.asked, c.n, c.body FROM way w CROSS JOIN contact c ON c.n = w.n WHERE c.body IS NOT NULL";

/// A contact that is there with its number, following retired ids.
pub(crate) fn live_contact(conn: &Connection, id: &ContactId) -> Res<Option<(i64, Contact)>> {
    let read = |row: &Row<'_>| Ok((row.get(1)?, codec::read(row, 2)?));
    Ok(all(conn, LIVE, [codec::json(&[id])?], read)?.pop())
}

/// The number of the last commit.
pub(crate) fn sequence(conn: &Connection) -> Res<u64> {
    Ok(conn.prepare_cached("SELECT sequence FROM meta")?.query_row([], |row| row.get(0))?)
}

/// A contact by its number.
pub(crate) fn contact(conn: &Connection, n: i64) -> Res<Contact> {
    let sql = "SELECT body FROM contact WHERE n = ?1 AND body IS NOT NULL";
    let found = all(conn, sql, [n], |row| codec::read(row, 0))?.pop();
    found.ok_or_else(|| corrupt("a row names a contact that is not there"))
}

/// The number of a document.
pub(crate) fn document_number(conn: &Connection, account: i64, id: &DocumentId) -> Res<Option<i64>> {
    let kind = codec::document_kind(id.kind)?;
    Ok(conn
        .prepare_cached("SELECT n FROM document WHERE account = ?1 AND id = ?2 AND kind = ?3")?
        .query_row((account, &id.id, kind), |row| row.get(0))
        .optional()?)
}

/// The number of a contact's row, whether the contact is there or not.
pub(crate) fn contact_number(conn: &Connection, id: &ContactId) -> Res<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT n FROM contact WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?)
}
