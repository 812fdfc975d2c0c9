//! What a walk asks, answered in sets: one statement for every kind of row, shop and round.

use std::collections::HashSet;

use crm_merge::{Contact, ContactId, Decision, DocumentId, Snapshot};
use pos_core::identity::{Key, SubjectId};
use pos_sync::{Answers, Asks, Holder, NameRole, Outline, SubjectRow, Walk};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::accounts::Accounts;
use crate::error::{Res, corrupt};
use crate::rows::each;
use crate::{codec, rows};

/// A set of ids of one kind in one shop.
pub(crate) const SET: &str = "account = ?1 AND kind = ?2 AND id IN (SELECT value FROM json_each(?3))";

/// Who holds a key, at most so many. A key is told by its place in the set.
const HOLDERS: &str = "SELECT a.key, s.account, s.kind, s.id, CASE WHEN s.flags & 4 THEN s.keys END \
    FROM json_each(?1) a CROSS JOIN subject s ON s.n IN ( \
    SELECT subject FROM holder WHERE level IN (0, 1) AND key = a.value LIMIT ?2)";

const HOSTS: &str = "SELECT a.key, c.id FROM json_each(?1) a \
    CROSS JOIN contact c ON c.n IN (SELECT contact FROM host_key WHERE key = a.value LIMIT ?2)";

const MEMBERS: &str = "SELECT s.account, s.kind, s.id FROM json_each(?1) a CROSS JOIN contact c ON c.id = a.value \
    CROSS JOIN subject s ON s.contact = c.n";

/// Documents that are called so, and those that refer to it; 4 is [`NameRole::Id`].
const NAMES: &str = "SELECT named.name, named.role, d.kind, d.id FROM ( \
    SELECT id AS name, 4 AS role, n FROM document WHERE account = ?1 AND id IN (SELECT value FROM json_each(?2)) \
    UNION ALL SELECT name, role, document FROM doc_ref WHERE account = ?1 AND name IN (SELECT value FROM json_each(?2)) \
    ) named CROSS JOIN document d ON d.n = named.n";

fn decisions() -> String {
    format!(
        "WITH one(n) AS MATERIALIZED (SELECT n FROM subject WHERE {SET}) \
         SELECT made.same, l.account, l.kind, l.id, r.account, r.kind, r.id FROM ( \
         SELECT l, r, same FROM one CROSS JOIN decision ON l = one.n \
         UNION SELECT l, r, same FROM one CROSS JOIN decision ON r = one.n \
         ) made CROSS JOIN subject l ON l.n = made.l CROSS JOIN subject r ON r.n = made.r"
    )
}

fn known() -> String {
    format!("SELECT id FROM subject WHERE {SET} AND body IS NOT NULL AND flags & {} = 0", SubjectRow::STUB)
}

fn subjects() -> String {
    format!(
        "{} WHERE s.account = ?1 AND s.kind = ?2 AND s.id IN (SELECT value FROM json_each(?3)) AND s.body IS NOT NULL",
        rows::SUBJECT
    )
}

fn documents() -> String {
    format!(
        "{} WHERE d.account = ?1 AND d.kind = ?2 AND d.id IN (SELECT value FROM json_each(?3))",
        rows::DOCUMENT
    )
}

fn told() -> String {
    format!(
        "SELECT id, at, seen, hash, gone IS NOT NULL, flags, keys, finds FROM subject WHERE {SET} AND body IS NOT NULL"
    )
}

fn told_documents() -> String {
    format!("SELECT id, at, seen, hash, gone IS NOT NULL FROM document WHERE {SET}")
}

/// The content of those that are compared (`EntryId::is_compared`).
const ENTRIES: &str = "SELECT id, at, seen, hash, deleted, gone, CASE stream WHEN 'tickets' THEN body END FROM entry \
    WHERE account = ?1 AND stream = ?2 AND id IN (SELECT value FROM json_each(?3))";

/// Every statement of a snapshot, for the test that none of them reads a whole table.
#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let texts = [HOLDERS, HOSTS, MEMBERS, NAMES, ENTRIES, rows::LIVE].map(str::to_owned);
    [texts.to_vec(), vec![decisions(), known(), subjects(), documents(), told(), told_documents()]].concat()
}

/// Reads a snapshot. The caller has begun a transaction.
pub(crate) fn snapshot(conn: &Connection, accounts: &mut Accounts, mut walk: Walk) -> Res<Snapshot> {
    let sequence = rows::sequence(conn)?;
    let mut reader = Reader::new(conn, accounts)?;
    while let Some(asks) = walk.asks() {
        let answers = reader.answer(asks)?;
        walk.take(answers);
    }
    tracing::trace!(rounds = walk.rounds(), "a snapshot was read");
    Ok(walk.finish(sequence))
}

/// What [`told`] and [`told_documents`] read.
fn outline(row: &Row<'_>) -> Res<Outline> {
    Ok(Outline { version: codec::version(row, 1)?, gone: row.get(4)?, ..Outline::default() })
}

pub(crate) struct Reader<'a> {
    conn: &'a Connection,
    accounts: &'a mut Accounts,
    /// Somebody holds the id of another record: without, nobody has to be asked for.
    has_aliases: bool,
    has_host_keys: bool,
    has_decisions: bool,
    contacts: HashSet<i64>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(conn: &'a Connection, accounts: &'a mut Accounts) -> Res<Self> {
        let (has_aliases, has_host_keys, has_decisions) = conn
            .prepare_cached(
                "SELECT EXISTS(SELECT 1 FROM holder WHERE level IN (0, 1) AND key >= 'v:' AND key < 'v;'), \
                 EXISTS(SELECT 1 FROM host_key), EXISTS(SELECT 1 FROM decision)",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(Self { conn, accounts, has_aliases, has_host_keys, has_decisions, contacts: HashSet::new() })
    }

    pub(crate) fn answer(&mut self, asks: &Asks) -> Res<Answers> {
        let mut answers = Answers::default();
        let conn = self.conn;
        for (account, kind, ids) in self.accounts.subject_sets(conn, &asks.told)? {
            each(conn, &told(), (account, kind, &ids), |row| {
                let id = self.accounts.subject(conn, account, kind, codec::text(row, 0)?)?;
                let outline = Outline {
                    stub: row.get::<_, i64>(5)? & SubjectRow::STUB != 0,
                    keys: codec::read_or_default(row, 6)?,
                    finds: codec::read_or_default(row, 7)?,
                    ..outline(row)?
                };
                answers.told.insert(id, outline);
                Ok(())
            })?;
        }
        for (account, kind, ids) in self.accounts.document_sets(conn, &asks.told_documents)? {
            each(conn, &told_documents(), (account, kind, &ids), |row| {
                let account = self.accounts.name(conn, account)?;
                let kind = codec::read_document_kind(kind)?;
                let id = DocumentId::new(account, kind, codec::text(row, 0)?);
                answers.told_documents.insert(id, outline(row)?);
                Ok(())
            })?;
        }
        for (account, kind, ids) in self.accounts.subject_sets(conn, &asks.subjects)? {
            each(conn, &subjects(), (account, kind, &ids), |row| {
                let subject = rows::subject(conn, self.accounts, row)?;
                answers.subjects.push((subject, self.contact(row)?));
                Ok(())
            })?;
            if self.has_decisions {
                each(conn, &decisions(), (account, kind, &ids), |row| {
                    let (left, right) = (self.subject_id(row, 1)?, self.subject_id(row, 4)?);
                    let decide = if row.get(0)? { Decision::Same } else { Decision::Different };
                    answers.decisions.push(decide(left, right));
                    Ok(())
                })?;
            }
        }
        for (account, kind, ids) in self.accounts.subject_sets(conn, &asks.mentioned)? {
            each(conn, &known(), (account, kind, &ids), |row| {
                answers.known.push(self.accounts.subject(conn, account, kind, codec::text(row, 0)?)?);
                Ok(())
            })?;
        }
        let most = i64::try_from(asks.most).unwrap_or(i64::MAX);
        self.holders(asks.keys.iter().collect(), most, &mut answers)?;
        let open = asks.open_keys.iter().filter(|key| self.has_aliases || !matches!(key, Key::Vendor(_)));
        self.holders(open.collect(), -1, &mut answers)?;
        if !asks.contacts.is_empty() {
            each(conn, rows::LIVE, [codec::json(&asks.contacts)?], |row| {
                self.contacts.insert(row.get(1)?);
                answers.contacts.push((ContactId::new(codec::text(row, 0)?), codec::read(row, 2)?));
                Ok(())
            })?;
        }
        if !asks.members.is_empty() {
            each(conn, MEMBERS, [codec::json(&asks.members)?], |row| {
                answers.members.push(self.subject_id(row, 0)?);
                Ok(())
            })?;
        }
        for (account, kind, ids) in self.accounts.document_sets(conn, &asks.documents)? {
            each(conn, &documents(), (account, kind, &ids), |row| {
                answers.documents.push(rows::document(conn, self.accounts, row)?);
                Ok(())
            })?;
        }
        for (account, (), names) in self.accounts.name_sets(conn, &asks.names)? {
            each(conn, NAMES, (account, &names), |row| {
                let account = &self.accounts.name(conn, account)?;
                let role = NameRole::of(row.get(1)?).ok_or_else(|| corrupt("a name is of no known role"))?;
                let id = DocumentId::new(
                    account.clone(),
                    codec::read_document_kind(row.get(2)?)?,
                    codec::text(row, 3)?,
                );
                answers.named.push(((account.clone(), codec::text(row, 0)?.to_owned()), role, id));
                Ok(())
            })?;
        }
        let ids = asks.entries.iter().map(|id| Ok((&id.account, id.stream, &*id.id)));
        for (account, stream, ids) in self.accounts.sets(conn, ids)? {
            each(conn, ENTRIES, (account, stream.as_str(), &ids), |row| {
                let account = &self.accounts.name(conn, account)?;
                answers.entries.push(rows::entry(account, stream, row)?);
                Ok(())
            })?;
        }
        Ok(answers)
    }

    /// The contact of a record's row, unless it was read already.
    fn contact(&mut self, row: &Row<'_>) -> Res<Option<Contact>> {
        let contact: Option<i64> = row.get(11)?;
        match contact.filter(|_| !matches!(row.get_ref(12), Ok(ValueRef::Null))) {
            Some(n) if self.contacts.insert(n) => Ok(Some(codec::read(row, 12)?)),
            _ => Ok(None),
        }
    }

    fn subject_id(&mut self, row: &Row<'_>, first: usize) -> Res<SubjectId> {
        self.accounts.subject(self.conn, row.get(first)?, row.get(first + 1)?, codec::text(row, first + 2)?)
    }

    fn holders(&mut self, keys: Vec<&Key>, most: i64, answers: &mut Answers) -> Res<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let set = codec::json(&keys.iter().map(|key| key.to_text()).collect::<Vec<_>>())?;
        let key = |row: &Row<'_>| -> Res<Key> {
            let asked = keys.get(row.get::<_, usize>(0)?).copied();
            asked.cloned().ok_or_else(|| corrupt("a key was not asked for"))
        };
        each(self.conn, HOLDERS, (&set, most), |row| {
            let holder = Holder::new(self.subject_id(row, 1)?, &codec::read_or_default::<Vec<Key>>(row, 4)?);
            answers.holders.entry(key(row)?).or_default().records.push(holder);
            Ok(())
        })?;
        if self.has_host_keys {
            each(self.conn, HOSTS, (&set, most), |row| {
                let contact = ContactId::new(codec::text(row, 1)?);
                answers.holders.entry(key(row)?).or_default().contacts.push(contact);
                Ok(())
            })?;
        }
        Ok(())
    }
}
