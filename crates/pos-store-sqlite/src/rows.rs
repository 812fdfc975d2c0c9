//! From rows to the engine's structs.

use crm_merge::{Contact, ContactId, Document, DocumentId, Entry, EntryId, Subject};
use pos_core::identity::{Key, SubjectId};
use pos_core::record::{Account, Record, Stream};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::accounts::Accounts;
use crate::codec;
use crate::error::{Res, corrupt};

/// Only a document named the record so far.
pub(crate) const STUB: i64 = 1;
/// A person or a push bound it.
pub(crate) const PINNED: i64 = 2;
/// It is an order's block that names the vendor's customer.
pub(crate) const NAMES_CUSTOMER: i64 = 4;
/// The vendor has it no more.
pub(crate) const GONE: i64 = 8;

/// The columns that [`subject`] reads, then the number of the contact and its body.
pub(crate) const SUBJECT: &str = "SELECT s.n, s.account, s.kind, s.id, s.flags, s.at, s.seen, s.hash, s.keys, \
    s.body, c.id, c.n, c.body, s.gone, s.finds, s.unsent FROM subject s LEFT JOIN contact c ON c.n = s.contact";

pub(crate) fn subject(conn: &Connection, accounts: &mut Accounts, row: &Row<'_>) -> Res<Subject> {
    let id = accounts.name(conn, row.get(1)?)?.subject(row.get(2)?, codec::text(row, 3)?)?;
    let flags: i64 = row.get(4)?;
    let keys: Vec<Key> = codec::read_or_default(row, 8)?;
    let contact: Option<String> = row.get(10)?;
    Ok(Subject::new(id, codec::read(row, 9)?, codec::version(row, 5)?, keys)
        .with_contact(contact.map(ContactId::new))
        .with_marks(flags & STUB != 0, flags & PINNED != 0)
        .with_gone(row.get(13)?)
        .with_finds(codec::read_or_default(row, 14)?)
        .with_unsent(codec::read_or_default::<Vec<String>>(row, 15)?))
}

/// The columns that [`document`] reads.
pub(crate) const DOCUMENT: &str = "SELECT d.n, d.account, d.kind, d.id, d.deleted, d.at, d.seen, d.hash, d.currency, \
    d.revenue, d.orders, d.why, d.body, b.account, b.kind, b.id, r.account, r.kind, r.id, d.gone, d.finds \
    FROM document d LEFT JOIN subject b ON b.n = d.buyer LEFT JOIN subject r ON r.n = d.recipient";

pub(crate) fn document(conn: &Connection, accounts: &mut Accounts, row: &Row<'_>) -> Res<Document> {
    let account = accounts.name(conn, row.get(1)?)?.account.clone();
    let id = DocumentId::new(account, codec::read_document_kind(row.get(2)?)?, codec::text(row, 3)?);
    let mut party = |first: usize| -> Res<Option<SubjectId>> {
        let account: Option<i64> = row.get(first)?;
        let Some(account) = account else { return Ok(None) };
        Ok(Some(accounts.name(conn, account)?.subject(row.get(first + 1)?, codec::text(row, first + 2)?)?))
    };
    let (buyer, recipient) = (party(13)?, party(16)?);
    Ok(Document::new(id, codec::read(row, 12)?, codec::version(row, 5)?, codec::ledger(row, 8)?)
        .with_parties(buyer, recipient)
        .with_finds(codec::read_or_default(row, 20)?)
        .with_deleted(row.get(4)?, row.get(19)?))
}

/// An entry of the columns id, at, seen, hash, deleted, gone and, when `full`, body.
pub(crate) fn entry(account: &Account, stream: Stream, row: &Row<'_>, full: bool) -> Res<Entry> {
    let record = match full {
        true => {
            let body: Option<String> = row.get(6)?;
            body.map(|body| Record::from_json(stream, &body)).transpose()?
        }
        false => None,
    };
    let id = EntryId { account: account.clone(), stream, id: row.get(0)? };
    Ok(Entry::new(id, record, codec::version(row, 1)?, row.get(4)?).with_gone(row.get(5)?))
}

/// The number of a contact that is there, following retired ids. A circle leads nowhere.
pub(crate) fn live_contact(conn: &Connection, id: &ContactId) -> Res<Option<i64>> {
    let first: Option<(i64, bool, Option<i64>)> = conn
        .prepare_cached("SELECT n, body IS NOT NULL, into_n FROM contact WHERE id = ?1")?
        .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let mut next = first;
    let mut seen = Vec::new();
    while let Some((n, live, into)) = next {
        if live {
            return Ok(Some(n));
        }
        if seen.contains(&n) {
            return Ok(None);
        }
        seen.push(n);
        let Some(into) = into else { return Ok(None) };
        next = conn
            .prepare_cached("SELECT n, body IS NOT NULL, into_n FROM contact WHERE n = ?1")?
            .query_row([into], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
    }
    Ok(None)
}

/// The id of a contact by its number.
pub(crate) fn contact_id(conn: &Connection, n: i64) -> Res<ContactId> {
    let id: String =
        conn.prepare_cached("SELECT id FROM contact WHERE n = ?1")?.query_row([n], |row| row.get(0))?;
    Ok(ContactId::new(id))
}

/// A contact by its number.
pub(crate) fn contact(conn: &Connection, n: i64) -> Res<Contact> {
    let mut statement = conn.prepare_cached("SELECT body FROM contact WHERE n = ?1 AND body IS NOT NULL")?;
    let mut rows = statement.query([n])?;
    let row = rows.next()?.ok_or_else(|| corrupt("a row names a contact that is not there"))?;
    codec::read(row, 0)
}
