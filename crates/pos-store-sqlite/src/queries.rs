//! What a CRM asks: contacts, records, documents, sums.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crm_merge::{Audit, Conflict, Contact, ContactId, Document, DocumentId, Entry, EntryId, Subject};
use pos_core::Money;
use pos_core::identity::{Key, SubjectId};
use pos_core::record::{Account, Currency, Stream};
use pos_sync::{AuditRow, Changed, ChangedObject, ContactQuery, Size, Totals};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::error::{Res, corrupt};
use crate::{codec, rows};

pub(crate) fn contact(conn: &Connection, id: &ContactId) -> Res<Option<Contact>> {
    Ok(rows::live_contact(conn, id)?.map(|(_, contact)| contact))
}

fn page(limit: u32) -> u32 {
    if limit == 0 { 100 } else { limit }
}

pub(crate) fn contacts(conn: &Connection, query: &ContactQuery) -> Res<Vec<Contact>> {
    let (after, limit) = (query.after.as_ref().map(ContactId::as_str), codec::limit(page(query.limit)));
    let body = |row: &Row<'_>| codec::read(row, 0);
    let Some(key) = &query.key else {
        // Without a bound of its own the index would be walked from its start.
        let sql = "SELECT body FROM contact WHERE id >= ?1 AND (?2 IS NULL OR id > ?2) AND body IS NOT NULL \
             ORDER BY id LIMIT ?3";
        return rows::all(conn, sql, (after.unwrap_or_default(), after, limit), body);
    };
    let own = match key {
        Key::Vendor(key) => Some(key),
        _ => None,
    };
    let sql = "SELECT c.body FROM contact c WHERE c.body IS NOT NULL AND (?2 IS NULL OR c.id > ?2) AND c.n IN ( \
         SELECT s.contact FROM holder h JOIN subject s ON s.n = h.subject WHERE h.level IN (0, 1) AND h.key = ?1 \
         UNION SELECT contact FROM host_key WHERE key = ?1 \
         UNION SELECT s.contact FROM found f JOIN subject s ON s.n = f.subject WHERE f.level IN (0, 1) AND f.key = ?1 \
         UNION SELECT s.contact FROM found_document f JOIN document d ON d.n = f.document \
               JOIN subject s ON s.n = d.buyer WHERE f.level IN (0, 1) AND f.key = ?1 \
         UNION SELECT s.contact FROM account a JOIN subject s ON s.account = a.n AND s.kind = 0 AND s.id = ?6 \
               WHERE a.vendor = ?4 AND a.id = ?5) \
         ORDER BY c.id LIMIT ?3";
    let (vendor, shop) = (own.map(|key| key.account.vendor().as_str()), own.map(|key| key.account.id()));
    let id = own.map(|key| &*key.id);
    rows::all(conn, sql, (key.to_text(), after, limit, vendor, shop, id), body)
}

/// Which rows `b` of what was bought count: of a document that is at both levels, the one at level 0.
const BOUGHT: &str = "b.level IN (0, 1) AND (b.level = 0 OR NOT EXISTS( \
    SELECT 1 FROM bought y WHERE y.level = 0 AND y.buyer = b.buyer AND y.document = b.document))";

/// Sums in Rust, exactly, one contact after the other; only the best so far are kept.
pub(crate) fn best_contacts(
    conn: &Connection,
    currency: Currency,
    limit: u32,
) -> Res<Vec<(Contact, Totals)>> {
    struct Sum {
        contact: i64,
        revenue: Money,
        orders: u64,
    }
    let mut best: Vec<(Sum, ContactId)> = Vec::new();
    let limit = limit as usize;
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut id_of = conn.prepare_cached("SELECT id FROM contact WHERE n = ?1 AND body IS NOT NULL")?;
    let mut enter = |sum: Sum| -> Res<()> {
        if best.len() == limit && best.last().is_some_and(|(least, _)| least.revenue > sum.revenue) {
            return Ok(());
        }
        let id: Option<String> = id_of.query_row([sum.contact], |row| row.get(0)).optional()?;
        let Some(id) = id.map(ContactId::new) else { return Ok(()) };
        let at = best
            .binary_search_by(|(other, other_id)| {
                sum.revenue.cmp(&other.revenue).then_with(|| other_id.cmp(&id)).then(Ordering::Less)
            })
            .unwrap_or_else(|at| at);
        best.insert(at, (sum, id));
        best.truncate(limit);
        Ok(())
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT s.contact, b.revenue, b.orders FROM subject s CROSS JOIN bought b \
         ON {BOUGHT} AND b.buyer = s.n AND b.currency = ?1 WHERE s.contact IS NOT NULL ORDER BY s.contact"
    ))?;
    let mut found = statement.query([currency.code()])?;
    let mut sum: Option<Sum> = None;
    while let Some(row) = found.next()? {
        let contact: i64 = row.get(0)?;
        if let Some(done) = sum.take_if(|sum| sum.contact != contact) {
            enter(done)?;
        }
        let sum = sum.get_or_insert(Sum { contact, revenue: Money::ZERO, orders: 0 });
        sum.revenue += codec::read_money(row.get_ref(1)?)?;
        sum.orders += row.get::<_, u32>(2).map(u64::from)?;
    }
    if let Some(done) = sum {
        enter(done)?;
    }
    let mut contacts = Vec::with_capacity(best.len());
    for (sum, _) in best {
        contacts.push((rows::contact(conn, sum.contact)?, Totals::new(currency, sum.revenue, sum.orders)));
    }
    Ok(contacts)
}

pub(crate) fn subjects(conn: &Connection, accounts: &mut Accounts, contact: &ContactId) -> Res<Vec<Subject>> {
    let Some((n, _)) = rows::live_contact(conn, contact)? else { return Ok(Vec::new()) };
    let sql = format!("{} WHERE s.contact = ?1", rows::SUBJECT);
    let mut subjects = rows::all(conn, &sql, [n], |row| rows::subject(conn, accounts, row))?;
    subjects.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(subjects)
}

pub(crate) fn subject(conn: &Connection, accounts: &mut Accounts, id: &SubjectId) -> Res<Option<Subject>> {
    let Some(account) = accounts.find(conn, &id.account)? else { return Ok(None) };
    let sql = format!(
        "{} WHERE s.account = ?1 AND s.kind = ?2 AND s.id = ?3 AND s.body IS NOT NULL",
        rows::SUBJECT
    );
    let params = (account, codec::subject_kind(id.kind), &*id.id);
    Ok(rows::all(conn, &sql, params, |row| rows::subject(conn, accounts, row))?.pop())
}

pub(crate) fn documents(
    conn: &Connection,
    accounts: &mut Accounts,
    contact: &ContactId,
    limit: u32,
) -> Res<Vec<Document>> {
    let Some((n, _)) = rows::live_contact(conn, contact)? else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT d.n FROM subject s CROSS JOIN bought b ON {BOUGHT} AND b.buyer = s.n \
         CROSS JOIN document d ON d.n = b.document JOIN account a ON a.n = d.account \
         WHERE s.contact = ?1 ORDER BY d.placed DESC NULLS LAST, a.vendor, a.id, d.kind, d.id LIMIT ?2"
    );
    let numbers: Vec<i64> = rows::all(conn, &sql, (n, codec::limit(page(limit))), |row| Ok(row.get(0)?))?;
    numbers.into_iter().map(|n| numbered_document(conn, accounts, n)).collect()
}

fn numbered_document(conn: &Connection, accounts: &mut Accounts, n: i64) -> Res<Document> {
    let sql = format!("{} WHERE d.n = ?1", rows::DOCUMENT);
    let found = rows::all(conn, &sql, [n], |row| rows::document(conn, accounts, row))?.pop();
    found.ok_or_else(|| corrupt("a row names a document that is not there"))
}

pub(crate) fn document(conn: &Connection, accounts: &mut Accounts, id: &DocumentId) -> Res<Option<Document>> {
    let Some(account) = accounts.find(conn, &id.account)? else { return Ok(None) };
    let number = rows::document_number(conn, account, id)?;
    number.map(|n| numbered_document(conn, accounts, n)).transpose()
}

pub(crate) fn totals(conn: &Connection, contact: &ContactId) -> Res<Vec<Totals>> {
    let Some((n, _)) = rows::live_contact(conn, contact)? else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT b.currency, b.revenue, b.orders FROM subject s CROSS JOIN bought b ON {BOUGHT} AND b.buyer = s.n \
         WHERE s.contact = ?1"
    );
    let mut sums: BTreeMap<Currency, (Money, u64)> = BTreeMap::new();
    rows::each(conn, &sql, [n], |row| {
        let (revenue, orders) = sums.entry(codec::currency(row, 0)?).or_default();
        *revenue += codec::read_money(row.get_ref(1)?)?;
        *orders += row.get::<_, u32>(2).map(u64::from)?;
        Ok(())
    })?;
    Ok(sums.into_iter().map(|(currency, (revenue, orders))| Totals::new(currency, revenue, orders)).collect())
}

pub(crate) fn tickets(
    conn: &Connection,
    accounts: &mut Accounts,
    contact: &ContactId,
    limit: u32,
) -> Res<Vec<Entry>> {
    let Some((n, _)) = rows::live_contact(conn, contact)? else { return Ok(Vec::new()) };
    rows::all(conn, TICKETS, (n, codec::limit(page(limit))), |row| {
        let account = accounts.name(conn, row.get(7)?)?;
        rows::entry(&account, Stream::Tickets, row)
    })
}

/// A customer's record has kind 0.
pub(crate) const TICKETS: &str = "SELECT e.id, e.at, e.seen, e.hash, e.deleted, e.gone, e.body, e.account FROM subject s \
    CROSS JOIN entry e ON e.account = s.account AND e.customer = s.id JOIN account a ON a.n = e.account \
    WHERE s.contact = ?1 AND s.kind = 0 AND e.stream = 'tickets' AND e.deleted = 0 \
    ORDER BY e.at DESC NULLS LAST, a.vendor, a.id, e.id LIMIT ?2";

pub(crate) fn entries(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    stream: Stream,
    after: Option<&str>,
    limit: u32,
) -> Res<Vec<Entry>> {
    let Some(number) = accounts.find(conn, account)? else { return Ok(Vec::new()) };
    let sql = "SELECT id, at, seen, hash, deleted, gone, body FROM entry \
         WHERE account = ?1 AND stream = ?2 AND id >= ?3 AND (?4 IS NULL OR id > ?4) ORDER BY id LIMIT ?5";
    let params = (number, stream.as_str(), after.unwrap_or_default(), after, codec::limit(page(limit)));
    rows::all(conn, sql, params, |row| rows::entry(account, stream, row))
}

pub(crate) fn duplicates(
    conn: &Connection,
    accounts: &mut Accounts,
    after: Option<&ContactId>,
    limit: u32,
) -> Res<Vec<(Contact, Vec<SubjectId>)>> {
    // Bodies are read of the groups alone: the others are passed by in the index.
    let sql = "SELECT c.n FROM contact c WHERE c.id > ?1 \
         AND (SELECT count(*) FROM subject s WHERE s.contact = c.n AND s.kind = 0) > 1 ORDER BY c.id LIMIT ?2";
    let members = "SELECT account, kind, id FROM subject WHERE contact = ?1 AND kind = 0";
    let after = after.map_or("", ContactId::as_str);
    rows::all(conn, sql, (after, codec::limit(page(limit))), |row| {
        let n: i64 = row.get(0)?;
        let mut ids = rows::all(conn, members, [n], |row| {
            accounts.subject(conn, row.get(0)?, row.get(1)?, codec::text(row, 2)?)
        })?;
        ids.sort();
        Ok((rows::contact(conn, n)?, ids))
    })
}

pub(crate) fn audit(
    conn: &Connection,
    contact: &ContactId,
    limit: u32,
) -> Res<Vec<(Option<OffsetDateTime>, Audit)>> {
    let Some(n) = rows::contact_number(conn, contact)? else { return Ok(Vec::new()) };
    let sql = "SELECT at, body FROM audit WHERE contact = ?1 ORDER BY n DESC LIMIT ?2";
    rows::all(conn, sql, (n, codec::limit(page(limit))), |row| {
        let (at, body): (Option<i64>, Option<String>) = (row.get(0)?, row.get(1)?);
        Ok((at.map(codec::instant), AuditRow::read(contact, body.as_deref())?))
    })
}

pub(crate) fn conflicts(conn: &Connection, limit: u32) -> Res<Vec<Conflict>> {
    let sql = "SELECT q.body FROM question q JOIN contact c ON c.n = q.contact ORDER BY c.id, q.field, q.by LIMIT ?1";
    rows::all(conn, sql, [codec::limit(page(limit))], |row| codec::read(row, 0))
}

pub(crate) fn changes(
    conn: &Connection,
    accounts: &mut Accounts,
    after: u64,
    limit: u32,
) -> Res<Vec<Changed>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let last: Option<i64> = conn
        .prepare_cached(
            "SELECT seq FROM (SELECT seq FROM contact WHERE seq > ?1 UNION ALL SELECT seq FROM document WHERE seq > ?1 \
             UNION ALL SELECT seq FROM entry WHERE seq > ?1) ORDER BY seq LIMIT 1 OFFSET ?2",
        )?
        .query_row((after, i64::from(limit.max(1)) - 1), |row| row.get(0))
        .optional()?;
    let last = last.unwrap_or(i64::MAX);
    let changed = |row: &Row<'_>, what: ChangedObject| -> Res<Changed> {
        let seq: i64 = row.get(0)?;
        Ok(Changed::new(u64::try_from(seq).unwrap_or_default(), what))
    };
    let sql = "SELECT seq, id, body IS NOT NULL FROM contact WHERE seq > ?1 AND seq <= ?2 ORDER BY seq, n";
    let mut changes = rows::all(conn, sql, (after, last), |row| {
        let id = ContactId::new(codec::text(row, 1)?);
        let what = match row.get(2)? {
            true => ChangedObject::Contact(id),
            false => {
                let into = contact(conn, &id)?.map(|contact| contact.id);
                ChangedObject::ContactGone { id, into }
            }
        };
        changed(row, what)
    })?;
    let sql = "SELECT seq, account, kind, id FROM document WHERE seq > ?1 AND seq <= ?2 ORDER BY seq, n";
    changes.extend(rows::all(conn, sql, (after, last), |row| {
        let account = accounts.name(conn, row.get(1)?)?;
        let id = DocumentId::new(account, codec::read_document_kind(row.get(2)?)?, codec::text(row, 3)?);
        changed(row, ChangedObject::Document(id))
    })?);
    let sql = "SELECT seq, account, stream, id FROM entry WHERE seq > ?1 AND seq <= ?2 ORDER BY seq, id";
    changes.extend(rows::all(conn, sql, (after, last), |row| {
        let account = accounts.name(conn, row.get(1)?)?;
        let stream = codec::text(row, 2)?.parse().map_err(|_| corrupt("an entry is of no known stream"))?;
        let id = EntryId::new(account, stream, codec::text(row, 3)?);
        changed(row, ChangedObject::Entry(id))
    })?);
    // Stable: contacts before documents before entries, inside a commit.
    changes.sort_by_key(|change| change.sequence);
    Ok(changes)
}

/// The objects of a stream that are alive, and nothing else: the part of a query after `FROM`, up to its condition.
fn living(stream: Stream) -> Res<(&'static str, Value)> {
    Ok(match (stream.document(), stream) {
        (Some(kind), _) => {
            ("document WHERE account = ?1 AND kind = ?2 AND NOT deleted", codec::document_kind(kind)?.into())
        }
        (None, Stream::Customers) => {
            ("subject WHERE account = ?1 AND kind = ?2 AND body IS NOT NULL AND flags & 9 = 0", 0_i64.into())
        }
        (None, stream) => (
            "entry WHERE account = ?1 AND stream = ?2 AND NOT deleted",
            Value::Text(stream.as_str().to_owned()),
        ),
    })
}

pub(crate) fn unseen(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    stream: Stream,
    before: OffsetDateTime,
    (after, limit): (Option<&str>, u32),
) -> Res<Vec<String>> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(Vec::new()) };
    let (of, kind) = living(stream)?;
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id FROM {of} AND seen < ?3 AND (?4 IS NULL OR id > ?4) ORDER BY id LIMIT ?5"
    ))?;
    let found = statement
        .query_map((account, kind, codec::nanos(before), after, codec::limit(limit)), |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(crate) fn alive(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    stream: Stream,
) -> Res<u64> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(0) };
    let (of, kind) = living(stream)?;
    let count: i64 = conn
        .prepare_cached(&format!("SELECT count(*) FROM {of}"))?
        .query_row((account, kind), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

pub(crate) fn size(conn: &Connection) -> Res<Size> {
    let count = |sql: &str| -> Res<u64> {
        let count: i64 = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    };
    let size = Size {
        contacts: count("SELECT count(*) FROM contact WHERE body IS NOT NULL")?,
        subjects: count("SELECT count(*) FROM subject WHERE body IS NOT NULL")?,
        documents: count("SELECT count(*) FROM document")?,
        entries: count("SELECT count(*) FROM entry WHERE deleted = 0")?,
    };
    Ok(size)
}
