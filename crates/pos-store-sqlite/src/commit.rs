//! One transaction that writes a plan and all that belongs to it.

use std::collections::HashMap;

use crm_merge::{ContactId, LedgerRow, Reads, Seen};
use pos_core::identity::{Key, SubjectId};
use pos_sync::{CommitRows, EntryRow, NameRole, StoreError};
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use crate::accounts::Accounts;
use crate::error::{Res, corrupt};
use crate::rows::contact_number;
use crate::schema::SETTLE;
use crate::snapshot::SET;
use crate::{boxes, codec, rows};

/// After so many commits level 0 is emptied: at 500 records each it has some 30 000 rows then, which a cache holds easily
/// and of which several fall on every page of level 1.
const SETTLE_EVERY: i64 = 64;

/// How a commit ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Other commits came since the snapshot: what was read has to be compared. Nothing was written.
    Moved,
}

/// Writes it. The caller has begun a transaction and ends it. Without `reads` the answer may be [`Outcome::Moved`].
pub(crate) fn write(
    rows: &CommitRows,
    conn: &Connection,
    accounts: &mut Accounts,
    reads: Option<&Reads>,
) -> Res<Outcome> {
    if let Some(lease) = &rows.lease {
        boxes::check_lease(conn, lease)?;
    }
    let sequence = rows::sequence(conn)?;
    if sequence != rows.sequence {
        match reads {
            Some(reads) => check(conn, accounts, reads, &rows.entries)?,
            None => return Ok(Outcome::Moved),
        }
    }
    let seq = i64::try_from(sequence + 1).map_err(|_| corrupt("the sequence is used up"))?;
    if rows.is_numbered {
        conn.prepare_cached("UPDATE meta SET sequence = ?1")?.execute([seq])?;
        let mut writer = Writer { conn, accounts, seq, contacts: HashMap::new(), subjects: HashMap::new() };
        writer.contacts(rows)?;
        writer.subjects(rows)?;
        writer.decisions(rows)?;
        writer.documents(rows)?;
        writer.ledger(rows)?;
        writer.entries(rows)?;
        writer.questions(rows)?;
        writer.audit(rows)?;
        writer.outbox(rows)?;
        if seq % SETTLE_EVERY == 0 {
            conn.execute_batch(SETTLE)?;
        }
    }
    write_seen(conn, accounts, &rows.seen)?;
    for turn in &rows.links {
        boxes::turn_link(conn, accounts, turn)?;
    }
    boxes::settle(conn, accounts, &rows.inbox, &rows.pushed)?;
    if let Some((account, stream, body)) = &rows.checkpoint {
        let account = accounts.make(conn, account)?;
        boxes::put_checkpoint(conn, account, *stream, body)?;
    }
    if let Some((id, account, body)) = &rows.run {
        let account = accounts.make(conn, account)?;
        boxes::put_run(conn, *id, account, body)?;
    }
    let mut insert = conn.prepare_cached("INSERT INTO rejection(run, body) VALUES(?1, ?2)")?;
    for rejection in &rows.rejections {
        insert.execute((rejection.0, &rejection.1))?;
    }
    Ok(Outcome::Done)
}

/// The statements that say of a set when it was seen.
pub(crate) fn sights() -> [String; 3] {
    ["subject", "document", "entry"].map(|table| {
        let set = if table == "entry" { SET.replace("kind", "stream") } else { SET.to_owned() };
        format!("UPDATE {table} SET seen = ?4 WHERE {set} AND seen < ?4")
    })
}

/// How recent is what was known anyway. No plan is made anew because of it.
fn write_seen(conn: &Connection, accounts: &mut Accounts, seen: &Seen) -> Res<()> {
    let [subjects, documents, entries] = sights();
    let ids =
        seen.subjects.iter().map(|(id, at)| Ok((&id.account, (*at, codec::subject_kind(id.kind)), &*id.id)));
    for (account, (at, kind), ids) in accounts.sets(conn, ids)? {
        conn.prepare_cached(&subjects)?.execute((account, kind, ids, at))?;
    }
    let ids = seen
        .documents
        .iter()
        .map(|(id, at)| Ok((&id.account, (*at, codec::document_kind(id.kind)?), &*id.id)));
    for (account, (at, kind), ids) in accounts.sets(conn, ids)? {
        conn.prepare_cached(&documents)?.execute((account, kind, ids, at))?;
    }
    let ids = seen.entries.iter().map(|(id, at)| Ok((&id.account, (*at, id.stream), &*id.id)));
    for (account, (at, stream), ids) in accounts.sets(conn, ids)? {
        conn.prepare_cached(&entries)?.execute((account, stream.as_str(), ids, at))?;
    }
    Ok(())
}

fn conflict<T>() -> Res<T> {
    Err(StoreError::Conflict.into())
}

/// The statements that find out whether anything of a set was written since.
pub(crate) fn checks() -> [String; 5] {
    let later = format!("WHERE {SET} AND seq > ?4)");
    [
        format!("SELECT EXISTS(SELECT 1 FROM subject {later}"),
        format!("SELECT EXISTS(SELECT 1 FROM document {later}"),
        format!("SELECT EXISTS(SELECT 1 FROM entry {later}").replace("kind", "stream"),
        "SELECT EXISTS(SELECT 1 FROM json_each(?1) a CROSS JOIN holder h \
         ON h.level IN (0, 1) AND h.key = a.value WHERE h.seq > ?2) \
         OR EXISTS(SELECT 1 FROM json_each(?1) a CROSS JOIN host_key h ON h.key = a.value WHERE h.seq > ?2) \
         OR EXISTS(SELECT 1 FROM json_each(?1) a CROSS JOIN key_left h ON h.key = a.value WHERE h.seq > ?2) \
         OR EXISTS(SELECT 1 FROM json_each(?3) a CROSS JOIN contact c ON c.id = a.value WHERE c.seq > ?2)"
            .to_owned(),
        "SELECT EXISTS(SELECT 1 FROM document \
                       WHERE account = ?1 AND id IN (SELECT value FROM json_each(?2)) AND seq > ?3) \
         OR EXISTS(SELECT 1 FROM json_each(?2) a CROSS JOIN doc_ref r ON r.account = ?1 AND r.name = a.value \
                   CROSS JOIN document d ON d.n = r.document WHERE d.seq > ?3)"
            .to_owned(),
    ]
}

/// Whether anything that was read was written since. An entry that is written counts as read.
fn check(conn: &Connection, accounts: &mut Accounts, reads: &Reads, written: &[EntryRow]) -> Res<()> {
    let since = i64::try_from(reads.sequence).unwrap_or(i64::MAX);
    let [subjects, documents, entries, keys, names] = checks();
    let mut moved = false;
    for (account, kind, ids) in accounts.subject_sets(conn, &reads.subjects)? {
        moved |= is_so(conn, &subjects, (account, kind, ids, since))?;
    }
    for (account, kind, ids) in accounts.document_sets(conn, &reads.documents)? {
        moved |= is_so(conn, &documents, (account, kind, ids, since))?;
    }
    let written = written.iter().map(|row| Ok((&row.id.account, row.id.stream, &*row.id.id)));
    for (account, stream, ids) in accounts.sets(conn, written)? {
        moved |= is_so(conn, &entries, (account, stream.as_str(), ids, since))?;
    }
    let texts: Vec<String> = reads.keys.iter().map(Key::to_text).collect();
    moved |= is_so(conn, &keys, (codec::json(&texts)?, since, codec::json(&reads.contacts)?))?;
    for (account, (), set) in accounts.name_sets(conn, &reads.references)? {
        moved |= is_so(conn, &names, (account, set, since))?;
    }
    if moved { conflict() } else { Ok(()) }
}

fn is_so(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Res<bool> {
    Ok(conn.prepare_cached(sql)?.query_row(params, |row| row.get(0))?)
}

struct Writer<'a> {
    conn: &'a Connection,
    accounts: &'a mut Accounts,
    seq: i64,
    contacts: HashMap<ContactId, i64>,
    subjects: HashMap<SubjectId, i64>,
}

impl Writer<'_> {
    /// The number of a contact; one that is not there gets a row without a body.
    fn contact(&mut self, id: &ContactId) -> Res<i64> {
        if let Some(n) = self.contacts.get(id) {
            return Ok(*n);
        }
        let n = match contact_number(self.conn, id)? {
            Some(n) => n,
            None => {
                self.conn
                    .prepare_cached("INSERT INTO contact(id, seq) VALUES(?1, ?2)")?
                    .execute((id.as_str(), self.seq))?;
                self.conn.last_insert_rowid()
            }
        };
        self.contacts.insert(id.clone(), n);
        Ok(n)
    }

    /// The number of a record; one that is not there gets a row without a body.
    fn subject(&mut self, id: &SubjectId) -> Res<i64> {
        if let Some(n) = self.subjects.get(id) {
            return Ok(*n);
        }
        let account = self.accounts.make(self.conn, &id.account)?;
        let kind = codec::subject_kind(id.kind);
        let known: Option<i64> = self
            .conn
            .prepare_cached("SELECT n FROM subject WHERE account = ?1 AND kind = ?2 AND id = ?3")?
            .query_row((account, kind, &*id.id), |row| row.get(0))
            .optional()?;
        let n = match known {
            Some(n) => n,
            None => {
                self.conn
                    .prepare_cached("INSERT INTO subject(account, kind, id, seq) VALUES(?1, ?2, ?3, ?4)")?
                    .execute((account, kind, &*id.id, self.seq))?;
                self.conn.last_insert_rowid()
            }
        };
        self.subjects.insert(id.clone(), n);
        Ok(n)
    }

    fn contacts(&mut self, plan: &CommitRows) -> Res<()> {
        let conn = self.conn;
        let mut insert = conn
            .prepare_cached("INSERT INTO contact(id, seq, body) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
        let mut revive = conn.prepare_cached(
            "UPDATE contact SET seq = ?2, body = ?3, into_n = NULL WHERE n = ?1 AND body IS NULL",
        )?;
        let mut update =
            conn.prepare_cached("UPDATE contact SET seq = ?2, body = ?3 WHERE n = ?1 AND body IS NOT NULL")?;
        for (id, existed, body) in &plan.contacts {
            let n = if !existed && insert.execute((id.as_str(), self.seq, body))? == 1 {
                conn.last_insert_rowid()
            } else {
                let Some(n) = contact_number(conn, id)? else { return conflict() };
                let statement = if *existed { &mut update } else { &mut revive };
                if statement.execute((n, self.seq, body))? == 0 {
                    return conflict();
                }
                n
            };
            self.contacts.insert(id.clone(), n);
        }
        for (contact, keys) in &plan.host_keys {
            let n = self.contact(contact)?;
            self.set_host_keys(n, keys)?;
        }
        for (from, into) in &plan.retired {
            let n = self.contact(from)?;
            let into = into.as_ref().map(|into| self.contact(into)).transpose()?;
            conn.prepare_cached("UPDATE contact SET seq = ?2, body = NULL, into_n = ?3 WHERE n = ?1")?
                .execute((n, self.seq, into))?;
            self.set_host_keys(n, &[])?;
        }
        Ok(())
    }

    fn set_host_keys(&mut self, contact: i64, keys: &[String]) -> Res<()> {
        let held: Vec<String> = self
            .conn
            .prepare_cached("SELECT key FROM host_key WHERE contact = ?1")?
            .query_map([contact], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let (gone, come) = turn(held, keys);
        for key in &gone {
            self.conn
                .prepare_cached("DELETE FROM host_key WHERE key = ?1 AND contact = ?2")?
                .execute((key, contact))?;
            self.key_left(key)?;
        }
        for key in come {
            self.conn
                .prepare_cached("INSERT OR IGNORE INTO host_key(key, contact, seq) VALUES(?1, ?2, ?3)")?
                .execute((key, contact, self.seq))?;
        }
        Ok(())
    }

    fn key_left(&self, key: &str) -> Res<()> {
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO key_left(key, seq) VALUES(?1, ?2)")?
            .execute((key, self.seq))?;
        Ok(())
    }

    fn subjects(&mut self, plan: &CommitRows) -> Res<()> {
        let conn = self.conn;
        let mut insert = conn.prepare_cached(
            "INSERT INTO subject(account, kind, id, contact, flags, at, seen, hash, seq, keys, body, gone, finds, unsent) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING",
        )?;
        let mut find = conn.prepare_cached(
            "SELECT n, body IS NOT NULL, keys, finds FROM subject WHERE account = ?1 AND kind = ?2 AND id = ?3",
        )?;
        let mut update = conn.prepare_cached(
            "UPDATE subject SET contact = ?4, flags = ?5, at = ?6, seen = max(seen, ?7), hash = ?8, seq = ?9, keys = ?10, \
             body = ?11, gone = ?12, finds = ?13, unsent = ?14 \
             WHERE account = ?1 AND kind = ?2 AND id = ?3 AND (?12 IS NULL OR seen <= ?12)",
        )?;
        let mut hold =
            conn.prepare_cached("INSERT INTO holder(level, key, subject, seq) VALUES(0, ?1, ?2, ?3)")?;
        let mut leave =
            conn.prepare_cached("DELETE FROM holder WHERE level IN (0, 1) AND key = ?1 AND subject = ?2")?;
        let mut find_by =
            conn.prepare_cached("INSERT OR IGNORE INTO found(level, key, subject) VALUES(0, ?1, ?2)")?;
        let mut lose =
            conn.prepare_cached("DELETE FROM found WHERE level IN (0, 1) AND key = ?1 AND subject = ?2")?;
        for row in &plan.subjects {
            let id = &row.id;
            let account = self.accounts.make(conn, &id.account)?;
            let kind = codec::subject_kind(id.kind);
            let contact = row.contact.as_ref().map(|contact| self.contact(contact)).transpose()?;
            let (at, seen, hash) = (row.version.changed, row.version.seen, codec::version_hash(&row.version));
            let values = rusqlite::params![
                account,
                kind,
                &*id.id,
                contact,
                row.flags,
                at,
                seen,
                hash,
                self.seq,
                row.keys.json,
                row.body,
                row.gone,
                row.finds.json,
                row.unsent
            ];
            let (n, held, finding) = if !row.existed && insert.execute(values)? == 1 {
                (conn.last_insert_rowid(), None, None)
            } else {
                let found: Option<(i64, bool, Option<String>, Option<String>)> = find
                    .query_row((account, kind, &*id.id), |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })
                    .optional()?;
                match found {
                    // Somebody may have seen it alive after the plan took it for gone.
                    Some((n, live, held, finding)) if live == row.existed && update.execute(values)? == 1 => {
                        (n, held, finding)
                    }
                    _ => return conflict(),
                }
            };
            self.subjects.insert(id.clone(), n);
            if finding != row.finds.json {
                let (gone, come) = turn(distinct(finding.as_deref())?, &row.finds.texts);
                gone.iter().try_for_each(|key| lose.execute((key, n)).map(drop))?;
                come.iter().try_for_each(|key| find_by.execute((key, n)).map(drop))?;
            }
            if held != row.keys.json {
                let (gone, come) = turn(distinct(held.as_deref())?, &row.keys.texts);
                for key in &gone {
                    leave.execute((key, n))?;
                    self.key_left(key)?;
                }
                come.iter().try_for_each(|key| hold.execute((key, n, self.seq)).map(drop))?;
            }
        }
        for id in &plan.dropped {
            let n = self.subject(id)?;
            let (held, finding): (Option<String>, Option<String>) = conn
                .prepare_cached("SELECT keys, finds FROM subject WHERE n = ?1")?
                .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for key in distinct(held.as_deref())? {
                leave.execute((&key, n))?;
                self.key_left(&key)?;
            }
            for key in distinct(finding.as_deref())? {
                lose.execute((&key, n))?;
            }
            conn.prepare_cached(
                "UPDATE subject SET contact = NULL, flags = 0, seq = ?2, keys = NULL, finds = NULL, unsent = NULL, \
                 body = NULL WHERE n = ?1",
            )?
            .execute((n, self.seq))?;
        }
        Ok(())
    }

    /// A decision counts as a change of both records, so that a plan that read one of them is made again.
    fn decisions(&mut self, plan: &CommitRows) -> Res<()> {
        for row in &plan.decisions {
            let (left, right) = (self.subject(&row.pair.0)?, self.subject(&row.pair.1)?);
            let sql = match row.stands {
                true => "INSERT OR IGNORE INTO decision(l, r, same) VALUES(?1, ?2, ?3)",
                false => "DELETE FROM decision WHERE l = ?1 AND r = ?2 AND same = ?3",
            };
            self.conn.prepare_cached(sql)?.execute((left, right, row.same))?;
            self.conn
                .prepare_cached("UPDATE subject SET seq = ?3 WHERE n IN (?1, ?2)")?
                .execute((left, right, self.seq))?;
        }
        Ok(())
    }

    fn documents(&mut self, plan: &CommitRows) -> Res<()> {
        if plan.documents.is_empty() {
            return Ok(());
        }
        let conn = self.conn;
        let mut insert = conn.prepare_cached(
            "INSERT INTO document(account, id, kind, buyer, recipient, deleted, at, seen, hash, seq, placed, currency, \
             revenue, orders, why, body, gone, finds) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
             ON CONFLICT DO NOTHING",
        )?;
        let mut update = conn.prepare_cached(
            "UPDATE document SET buyer = ?4, recipient = ?5, deleted = ?6, at = ?7, seen = max(seen, ?8), hash = ?9, \
             seq = ?10, placed = ?11, currency = ?12, revenue = ?13, orders = ?14, why = ?15, body = ?16, gone = ?17, \
             finds = ?18 WHERE account = ?1 AND id = ?2 AND kind = ?3 AND (?17 IS NULL OR seen <= ?17)",
        )?;
        let mut find = conn.prepare_cached(
            "SELECT n, json_extract(body, '$.code'), json_extract(body, '$.fulfils'), json_extract(body, '$.returns'), \
             json_extract(body, '$.aliases'), finds, buyer FROM document WHERE account = ?1 AND id = ?2 AND kind = ?3",
        )?;
        let mut refer =
            conn.prepare_cached("INSERT INTO doc_ref(account, name, role, document) VALUES(?1, ?2, ?3, ?4)")?;
        let mut forget = conn.prepare_cached(
            "DELETE FROM doc_ref WHERE account = ?1 AND name = ?2 AND role = ?3 AND document = ?4",
        )?;
        let mut find_by = conn
            .prepare_cached("INSERT OR IGNORE INTO found_document(level, key, document) VALUES(0, ?1, ?2)")?;
        let mut lose = conn.prepare_cached(
            "DELETE FROM found_document WHERE level IN (0, 1) AND key = ?1 AND document = ?2",
        )?;
        let mut unsell =
            conn.prepare_cached("DELETE FROM bought WHERE level IN (0, 1) AND buyer = ?1 AND document = ?2")?;
        let mut sell = conn.prepare_cached(
            "INSERT OR REPLACE INTO bought(level, buyer, document, currency, revenue, orders) \
             VALUES(0, ?1, ?2, ?3, ?4, ?5)",
        )?;
        for row in &plan.documents {
            let account = self.accounts.make(conn, &row.id.account)?;
            let kind = codec::document_kind(row.id.kind)?;
            let buyer = row.buyer.as_ref().map(|id| self.subject(id)).transpose()?;
            let recipient = row.recipient.as_ref().map(|id| self.subject(id)).transpose()?;
            let (at, seen, hash) = (row.version.changed, row.version.seen, codec::version_hash(&row.version));
            let LedgerRow { revenue, orders, currency, why, .. } = row.ledger;
            let known = match row.existed {
                false => None,
                true => find
                    .query_row((account, &row.id.id, kind), |row| {
                        let single: [Option<String>; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
                        let lists: [Option<String>; 2] = [row.get(4)?, row.get(5)?];
                        Ok((row.get(0)?, single, lists, row.get(6)?))
                    })
                    .optional()?,
            };
            let statement = if row.existed { &mut update } else { &mut insert };
            let written = statement.execute(rusqlite::params![
                account,
                row.id.id,
                kind,
                buyer,
                recipient,
                row.deleted,
                at,
                seen,
                hash,
                self.seq,
                row.placed,
                currency.code(),
                codec::money(revenue),
                orders,
                codec::why(why)?,
                row.body,
                row.gone,
                row.finds.json
            ])?;
            if written == 0 {
                return conflict();
            }
            let (n, single, [aliases, finding], sold): (i64, _, _, Option<i64>) =
                known.unwrap_or_else(|| (conn.last_insert_rowid(), [None, None, None], [None, None], None));
            if let Some(old) = sold.filter(|old| buyer != Some(*old)) {
                unsell.execute((old, n))?;
            }
            if let Some(buyer) = buyer {
                sell.execute((buyer, n, currency.code(), codec::money(revenue), orders))?;
            }
            let roles = [NameRole::Code, NameRole::Fulfils, NameRole::Returns];
            let single = roles.into_iter().zip(single).filter_map(|(role, name)| Some((role, name?)));
            let aliases = distinct(aliases.as_deref())?.into_iter().map(|alias| (NameRole::Alias, alias));
            let (gone, come) = turn(distinct(finding.as_deref())?, &row.finds.texts);
            gone.iter().try_for_each(|key| lose.execute((key, n)).map(drop))?;
            come.iter().try_for_each(|key| find_by.execute((key, n)).map(drop))?;
            let (gone, come) = turn(single.chain(aliases).collect(), &row.names);
            for (statement, names) in [(&mut forget, gone.iter().collect()), (&mut refer, come)] {
                for (role, name) in names {
                    statement.execute((account, name, *role as i64, n))?;
                }
            }
        }
        Ok(())
    }

    fn ledger(&mut self, plan: &CommitRows) -> Res<()> {
        for (id, row) in &plan.ledger {
            let account = self.accounts.make(self.conn, &id.account)?;
            let written = self
                .conn
                .prepare_cached(
                    "UPDATE document SET seq = ?4, currency = ?5, revenue = ?6, orders = ?7, why = ?8 \
                     WHERE account = ?1 AND id = ?2 AND kind = ?3",
                )?
                .execute(rusqlite::params![
                    account,
                    id.id,
                    codec::document_kind(id.kind)?,
                    self.seq,
                    row.currency.code(),
                    codec::money(row.revenue),
                    row.orders,
                    codec::why(row.why)?
                ])?;
            if written == 0 {
                return conflict();
            }
            self.conn
                .prepare_cached(
                    "INSERT OR REPLACE INTO bought(level, buyer, document, currency, revenue, orders) \
                     SELECT 0, buyer, n, currency, revenue, orders FROM document \
                     WHERE account = ?1 AND id = ?2 AND kind = ?3 AND buyer IS NOT NULL",
                )?
                .execute((account, &id.id, codec::document_kind(id.kind)?))?;
        }
        Ok(())
    }

    fn entries(&mut self, plan: &CommitRows) -> Res<()> {
        if plan.entries.is_empty() {
            return Ok(());
        }
        let conn = self.conn;
        let mut insert = conn.prepare_cached(
            "INSERT INTO entry(account, stream, id, at, seen, hash, deleted, seq, body, gone, customer) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
        )?;
        let mut update = conn.prepare_cached(
            "UPDATE entry SET at = ?4, seen = max(seen, ?5), hash = ?6, deleted = ?7, seq = ?8, body = ?9, gone = ?10, \
             customer = ?11 \
             WHERE account = ?1 AND stream = ?2 AND id = ?3 AND (?10 IS NULL OR seen <= ?10)",
        )?;
        for row in &plan.entries {
            let account = self.accounts.make(conn, &row.id.account)?;
            let (at, seen, hash) = (row.version.changed, row.version.seen, codec::version_hash(&row.version));
            let statement = if row.existed { &mut update } else { &mut insert };
            let written = statement.execute(rusqlite::params![
                account,
                row.id.stream.as_str(),
                row.id.id,
                at,
                seen,
                hash,
                row.deleted,
                self.seq,
                row.body,
                row.gone,
                row.customer
            ])?;
            if written == 0 {
                return conflict();
            }
        }
        Ok(())
    }

    fn questions(&mut self, plan: &CommitRows) -> Res<()> {
        if is_so(self.conn, "SELECT EXISTS(SELECT 1 FROM question)", [])? {
            for id in &plan.questioned {
                let n = self.contact(id)?;
                self.conn.prepare_cached("DELETE FROM question WHERE contact = ?1")?.execute([n])?;
            }
        }
        for (id, field, by, body) in &plan.questions {
            let n = self.contact(id)?;
            self.conn
                .prepare_cached(
                    "INSERT OR REPLACE INTO question(contact, field, by, body) VALUES(?1, ?2, ?3, ?4)",
                )?
                .execute((n, field, by, body))?;
        }
        Ok(())
    }

    fn audit(&mut self, plan: &CommitRows) -> Res<()> {
        let conn = self.conn;
        let mut insert =
            conn.prepare_cached("INSERT INTO audit(contact, n, at, body) VALUES(?1, ?2, ?3, ?4)")?;
        let mut of: CachedStatement<'_> = conn.prepare_cached("SELECT contact FROM subject WHERE n = ?1")?;
        let mut n = self.seq << 24;
        for row in &plan.audit {
            let mut about = Vec::with_capacity(1);
            for contact in &row.contacts {
                about.push(self.contact(contact)?);
            }
            for record in &row.records {
                let record = self.subject(record)?;
                about.extend(of.query_row([record], |row| row.get::<_, Option<i64>>(0))?);
            }
            about.sort_unstable();
            about.dedup();
            n += 1;
            for contact in about {
                insert.execute((contact, n, plan.planned_at, &row.body))?;
            }
        }
        Ok(())
    }

    fn outbox(&mut self, plan: &CommitRows) -> Res<()> {
        for (account, reference, body) in &plan.outbox {
            let account = self.accounts.make(self.conn, account)?;
            let sent = boxes::first_sent(self.conn, account, reference)?;
            self.conn
                .prepare_cached("DELETE FROM outbox WHERE account = ?1 AND reference = ?2 AND state = 0")?
                .execute((account, reference))?;
            self.conn
                .prepare_cached(
                    "INSERT INTO outbox(account, reference, state, due, attempts, sent, body) \
                     VALUES(?1, ?2, 0, ?3, 0, ?4, ?5)",
                )?
                .execute((account, reference, i64::MIN, sent, body))?;
        }
        Ok(())
    }
}

/// What goes and what comes when one list takes the place of another.
fn turn<T: PartialEq>(old: Vec<T>, new: &[T]) -> (Vec<T>, Vec<&T>) {
    let come = new.iter().filter(|item| !old.contains(item)).collect();
    (old.into_iter().filter(|item| !new.contains(item)).collect(), come)
}

fn distinct(keys: Option<&str>) -> Res<Vec<String>> {
    let mut keys: Vec<String> = keys.map(serde_json::from_str).transpose()?.unwrap_or_default();
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
