//! One transaction that writes a plan and all that belongs to it.

use std::collections::HashMap;

use crm_merge::{Audit, ContactId, Decision, DocumentId, EntryId, LedgerRow, Reads, Redirect, Seen, Version};
use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::{Account, Stream};
use pos_sync::{Commit, Fate, Lease, LinkTurn, Settled, StoreError};
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use crate::accounts::Accounts;
use crate::error::{Res, corrupt};
use crate::snapshot::{contact_number, document_number};
use crate::{boxes, codec, rows};

#[derive(Debug)]
struct SubjectRow {
    id: SubjectId,
    existed: bool,
    contact: Option<ContactId>,
    flags: i64,
    version: Version,
    keys: Vec<String>,
    keys_json: Option<String>,
    finds: Vec<String>,
    finds_json: Option<String>,
    unsent: Option<String>,
    gone: Option<i64>,
    body: String,
}

#[derive(Debug)]
struct ContactRow {
    id: ContactId,
    existed: bool,
    body: String,
}

#[derive(Debug)]
struct DocumentRow {
    id: DocumentId,
    existed: bool,
    version: Version,
    buyer: Option<SubjectId>,
    recipient: Option<SubjectId>,
    deleted: bool,
    gone: Option<i64>,
    finds: Vec<String>,
    finds_json: Option<String>,
    ledger: LedgerRow,
    placed: Option<i64>,
    names: Vec<(i64, String)>,
    body: String,
}

#[derive(Debug)]
struct EntryRow {
    id: EntryId,
    existed: bool,
    version: Version,
    deleted: bool,
    gone: Option<i64>,
    body: Option<String>,
}

#[derive(Debug)]
struct AuditRow {
    contacts: Vec<ContactId>,
    records: Vec<SubjectId>,
    body: Option<String>,
}

/// A commit as rows: every JSON is written before the lock is taken.
#[derive(Debug)]
pub(crate) struct Prepared {
    sequence: u64,
    bumps: bool,
    planned_at: Option<i64>,
    subjects: Vec<SubjectRow>,
    dropped: Vec<SubjectId>,
    contacts: Vec<ContactRow>,
    host_keys: Vec<(ContactId, Vec<String>)>,
    redirects: Vec<Redirect>,
    emptied: Vec<ContactId>,
    documents: Vec<DocumentRow>,
    ledger: Vec<(DocumentId, LedgerRow)>,
    entries: Vec<EntryRow>,
    decisions: Vec<Decision>,
    revoked: Vec<Decision>,
    questions: Vec<(ContactId, String, String, String)>,
    audit: Vec<AuditRow>,
    outbox: Vec<(Account, String, String)>,
    seen: Seen,
    links: Vec<LinkTurn>,
    checkpoint: Option<(Account, Stream, String)>,
    run: Option<(u64, Account, String)>,
    rejections: Vec<(u64, String)>,
    inbox: Vec<Settled>,
    pushed: Vec<(u64, Fate)>,
    lease: Option<Lease>,
}

/// How a commit ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Other commits came since the snapshot: what was read has to be compared. Nothing was written.
    Moved,
}

impl Prepared {
    pub(crate) fn new(commit: &Commit) -> Res<Self> {
        let changes = &commit.changes;
        let mut subjects = Vec::with_capacity(changes.subjects.len());
        for change in &changes.subjects {
            let subject = &change.row;
            let (keys, keys_json) = texts(&subject.keys)?;
            let (finds, finds_json) = texts(&subject.finds)?;
            let unsent = (!subject.unsent.is_empty()).then(|| codec::json(&subject.unsent)).transpose()?;
            let names_customer =
                subject.id.kind != SubjectKind::Customer && keys.iter().any(|key| key.starts_with("v:"));
            let mut flags = 0;
            for (flag, on) in [
                (rows::STUB, subject.stub),
                (rows::PINNED, subject.pinned),
                (rows::NAMES_CUSTOMER, names_customer),
                (rows::GONE, subject.record.deleted),
            ] {
                flags |= if on { flag } else { 0 };
            }
            subjects.push(SubjectRow {
                id: subject.id.clone(),
                existed: change.existed,
                contact: subject.contact.clone(),
                flags,
                version: subject.version,
                keys,
                keys_json,
                finds,
                finds_json,
                unsent,
                gone: subject.gone,
                body: codec::json(&subject.record)?,
            });
        }
        let mut contacts = Vec::with_capacity(changes.contacts.len());
        for change in &changes.contacts {
            let body = codec::json(&change.row)?;
            contacts.push(ContactRow { id: change.row.id.clone(), existed: change.existed, body });
        }
        let mut documents = Vec::with_capacity(changes.documents.len());
        for change in &changes.documents {
            let document = &change.row;
            let record = &document.record;
            let names = [(0, &record.code), (1, &record.fulfils), (2, &record.returns)];
            let names = names.into_iter().filter_map(|(role, name)| Some((role, name.clone()?)));
            let aliases = record.aliases.iter().map(|alias| (ALIAS, alias.clone()));
            let (finds, finds_json) = texts(&document.finds)?;
            documents.push(DocumentRow {
                id: document.id.clone(),
                existed: change.existed,
                version: document.version,
                buyer: document.buyer.clone(),
                recipient: document.recipient.clone(),
                deleted: document.deleted,
                gone: document.gone,
                finds,
                finds_json,
                ledger: document.ledger,
                placed: document.placed().map(codec::nanos),
                names: names.chain(aliases).collect(),
                body: codec::json(record)?,
            });
        }
        let mut entries = Vec::with_capacity(changes.entries.len());
        for change in &changes.entries {
            let entry = &change.row;
            entries.push(EntryRow {
                id: entry.entry_id(),
                existed: change.existed,
                version: entry.version,
                deleted: entry.deleted,
                gone: entry.gone,
                body: entry.record.as_ref().map(codec::json).transpose()?,
            });
        }
        let mut questions = Vec::with_capacity(changes.conflicts.len());
        for conflict in &changes.conflicts {
            let body = codec::json(conflict)?;
            questions.push((conflict.contact.clone(), conflict.field.clone(), conflict.by.to_text(), body));
        }
        let audit = changes.audit.iter().map(audit_row).collect::<Res<_>>()?;
        let mut outbox = Vec::with_capacity(changes.outbox.len());
        for entry in &changes.outbox {
            outbox.push((entry.account.clone(), entry.push.reference().to_owned(), codec::json(entry)?));
        }
        let checkpoint = match &commit.checkpoint {
            Some((account, stream, checkpoint)) => Some((account.clone(), *stream, codec::json(checkpoint)?)),
            None => None,
        };
        let run = match &commit.run {
            Some(run) => Some((run.id, run.account.clone(), codec::json(run)?)),
            None => None,
        };
        let mut rejections = Vec::with_capacity(commit.rejections.len());
        for rejection in &commit.rejections {
            rejections.push((rejection.run, codec::json(rejection)?));
        }
        Ok(Self {
            sequence: changes.reads.sequence,
            bumps: !changes.is_empty() || !changes.host_keys.is_empty() || !changes.audit.is_empty(),
            planned_at: changes.planned_at.map(codec::nanos),
            subjects,
            dropped: changes.dropped.clone(),
            contacts,
            host_keys: changes
                .host_keys
                .iter()
                .map(|(contact, keys)| (contact.clone(), keys.iter().map(Key::to_text).collect()))
                .collect(),
            redirects: changes.redirects.clone(),
            emptied: changes.emptied.clone(),
            documents,
            ledger: changes.ledger.clone(),
            entries,
            decisions: changes.decisions.clone(),
            revoked: changes.revoked.clone(),
            questions,
            audit,
            outbox,
            seen: changes.seen.clone(),
            links: commit.links.clone(),
            checkpoint,
            run,
            rejections,
            inbox: commit.inbox.clone(),
            pushed: commit.outbox.clone(),
            lease: commit.lease.clone(),
        })
    }

    /// Writes it. The caller has begun a transaction and ends it. Without `reads` the answer may be
    /// [`Outcome::Moved`].
    pub(crate) fn write(
        &self,
        conn: &Connection,
        accounts: &mut Accounts,
        reads: Option<&Reads>,
    ) -> Res<Outcome> {
        if let Some(lease) = &self.lease {
            boxes::check_lease(conn, lease)?;
        }
        let sequence: u64 =
            conn.prepare_cached("SELECT sequence FROM meta")?.query_row([], |row| row.get(0))?;
        if sequence != self.sequence {
            match reads {
                Some(reads) => check(conn, accounts, reads)?,
                None => return Ok(Outcome::Moved),
            }
        }
        let seq = i64::try_from(sequence + 1).map_err(|_| corrupt("the sequence is used up"))?;
        if self.bumps {
            conn.prepare_cached("UPDATE meta SET sequence = ?1")?.execute([seq])?;
            let mut writer =
                Writer { conn, accounts, seq, contacts: HashMap::new(), subjects: HashMap::new() };
            writer.contacts(self)?;
            writer.subjects(self)?;
            writer.decisions(self)?;
            writer.documents(self)?;
            writer.ledger(self)?;
            writer.entries(self)?;
            writer.questions(self)?;
            writer.audit(self)?;
            writer.outbox(self)?;
        }
        self.write_seen(conn, accounts)?;
        for turn in &self.links {
            boxes::turn_link(conn, accounts, turn)?;
        }
        boxes::settle(conn, accounts, &self.inbox, &self.pushed)?;
        if let Some((account, stream, body)) = &self.checkpoint {
            let account = accounts.make_of(conn, account)?;
            boxes::put_checkpoint(conn, account, *stream, body)?;
        }
        if let Some((id, account, body)) = &self.run {
            let account = accounts.make_of(conn, account)?;
            boxes::put_run(conn, *id, account, body)?;
        }
        if !self.rejections.is_empty() {
            let mut insert = conn.prepare_cached("INSERT INTO rejection(run, body) VALUES(?1, ?2)")?;
            for (run, body) in &self.rejections {
                insert.execute((run, body))?;
            }
        }
        Ok(Outcome::Done)
    }
}

impl Prepared {
    /// How recent is what was known anyway. No plan is made anew because of it.
    fn write_seen(&self, conn: &Connection, accounts: &mut Accounts) -> Res<()> {
        if self.seen.is_empty() {
            return Ok(());
        }
        let mut subject = conn.prepare_cached(
            "UPDATE subject SET seen = ?4 WHERE account = ?1 AND kind = ?2 AND id = ?3 AND seen < ?4",
        )?;
        for (id, at) in &self.seen.subjects {
            if let Some(account) = accounts.find(conn, &id.vendor, &id.account)? {
                subject.execute((account, codec::subject_kind(id.kind), &*id.id, at))?;
            }
        }
        let mut document = conn.prepare_cached(
            "UPDATE document SET seen = ?4 WHERE account = ?1 AND id = ?2 AND kind = ?3 AND seen < ?4",
        )?;
        for (id, at) in &self.seen.documents {
            if let Some(account) = accounts.of(conn, &id.account)? {
                document.execute((account, &id.id, codec::document_kind(id.kind)?, at))?;
            }
        }
        let mut entry = conn.prepare_cached(
            "UPDATE entry SET seen = ?4 WHERE account = ?1 AND stream = ?2 AND id = ?3 AND seen < ?4",
        )?;
        for (id, at) in &self.seen.entries {
            if let Some(account) = accounts.of(conn, &id.account)? {
                entry.execute((account, id.stream.as_str(), &id.id, at))?;
            }
        }
        Ok(())
    }
}

/// The role of another name of a document among its names.
const ALIAS: i64 = 3;

/// Keys as texts, each once, and all of them as JSON; absent when there are none.
fn texts(keys: &[Key]) -> Res<(Vec<String>, Option<String>)> {
    if keys.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut texts: Vec<String> = keys.iter().map(Key::to_text).collect();
    let json = codec::json(&texts)?;
    texts.sort_unstable();
    texts.dedup();
    Ok((texts, Some(json)))
}

fn audit_row(audit: &Audit) -> Res<AuditRow> {
    let (contacts, records) = audit.about();
    let plain = matches!(audit, Audit::Created { contact, by } if ContactId::from(by) == *contact);
    Ok(AuditRow {
        contacts: contacts.into_iter().cloned().collect(),
        records: records.to_vec(),
        body: if plain { None } else { Some(codec::json(audit)?) },
    })
}

fn conflict<T>() -> Res<T> {
    Err(StoreError::Conflict.into())
}

/// Whether anything that was read was written since.
fn check(conn: &Connection, accounts: &mut Accounts, reads: &Reads) -> Res<()> {
    let since = i64::try_from(reads.sequence).unwrap_or(i64::MAX);
    let mut subject = conn.prepare_cached(
        "SELECT EXISTS(SELECT 1 FROM subject WHERE account = ?1 AND kind = ?2 AND id = ?3 AND seq > ?4)",
    )?;
    for id in &reads.subjects {
        let Some(account) = accounts.find(conn, &id.vendor, &id.account)? else { continue };
        if subject.query_row((account, codec::subject_kind(id.kind), &*id.id, since), |row| row.get(0))? {
            return conflict();
        }
    }
    let mut key = conn.prepare_cached(
        "SELECT EXISTS(SELECT 1 FROM holder WHERE key = ?1 AND seq > ?2) \
         OR EXISTS(SELECT 1 FROM host_key WHERE key = ?1 AND seq > ?2) \
         OR EXISTS(SELECT 1 FROM key_left WHERE key = ?1 AND seq > ?2)",
    )?;
    for read in &reads.keys {
        if key.query_row((read.to_text(), since), |row| row.get(0))? {
            return conflict();
        }
        if let Key::Vendor(vendor) = read
            && let Some(account) = accounts.find(conn, &vendor.vendor, &vendor.account)?
            && subject.query_row((account, 0, &*vendor.id, since), |row| row.get(0))?
        {
            return conflict();
        }
    }
    let mut contact =
        conn.prepare_cached("SELECT EXISTS(SELECT 1 FROM contact WHERE id = ?1 AND seq > ?2)")?;
    for id in &reads.contacts {
        if contact.query_row((id.as_str(), since), |row| row.get(0))? {
            return conflict();
        }
    }
    let mut document = conn.prepare_cached(
        "SELECT EXISTS(SELECT 1 FROM document WHERE account = ?1 AND id = ?2 AND kind = ?3 AND seq > ?4)",
    )?;
    for id in &reads.documents {
        let Some(account) = accounts.of(conn, &id.account)? else { continue };
        if document.query_row((account, &id.id, codec::document_kind(id.kind)?, since), |row| row.get(0))? {
            return conflict();
        }
    }
    let mut named = conn.prepare_cached(
        "SELECT EXISTS(SELECT 1 FROM document WHERE account = ?1 AND id = ?2 AND seq > ?3) \
         OR EXISTS(SELECT 1 FROM doc_ref r JOIN document d ON d.n = r.document \
                   WHERE r.account = ?1 AND r.name = ?2 AND d.seq > ?3)",
    )?;
    for (account, name) in &reads.references {
        let Some(account) = accounts.of(conn, account)? else { continue };
        if named.query_row((account, name, since), |row| row.get(0))? {
            return conflict();
        }
    }
    Ok(())
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
        let account = self.accounts.make(self.conn, &id.vendor, &id.account)?;
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

    fn contacts(&mut self, plan: &Prepared) -> Res<()> {
        let conn = self.conn;
        let mut insert = conn
            .prepare_cached("INSERT INTO contact(id, seq, body) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
        let mut revive = conn.prepare_cached(
            "UPDATE contact SET seq = ?2, body = ?3, into_n = NULL WHERE n = ?1 AND body IS NULL",
        )?;
        let mut update =
            conn.prepare_cached("UPDATE contact SET seq = ?2, body = ?3 WHERE n = ?1 AND body IS NOT NULL")?;
        for row in &plan.contacts {
            let n = if !row.existed && insert.execute((row.id.as_str(), self.seq, &row.body))? == 1 {
                conn.last_insert_rowid()
            } else {
                let Some(n) = contact_number(conn, &row.id)? else { return conflict() };
                let statement = if row.existed { &mut update } else { &mut revive };
                if statement.execute((n, self.seq, &row.body))? == 0 {
                    return conflict();
                }
                n
            };
            self.contacts.insert(row.id.clone(), n);
        }
        for (contact, keys) in &plan.host_keys {
            let n = self.contact(contact)?;
            self.set_host_keys(n, keys)?;
        }
        let gone = plan.redirects.iter().map(|redirect| (&redirect.from, Some(&redirect.into)));
        for (from, into) in gone.chain(plan.emptied.iter().map(|id| (id, None))) {
            let n = self.contact(from)?;
            let into = into.map(|into| self.contact(into)).transpose()?;
            conn.prepare_cached("UPDATE contact SET seq = ?2, body = NULL, into_n = ?3 WHERE n = ?1")?
                .execute((n, self.seq, into))?;
            conn.prepare_cached("DELETE FROM question WHERE contact = ?1")?.execute([n])?;
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
        for key in held.iter().filter(|key| !keys.contains(key)) {
            self.conn
                .prepare_cached("DELETE FROM host_key WHERE key = ?1 AND contact = ?2")?
                .execute((key, contact))?;
            self.key_left(key)?;
        }
        for key in keys.iter().filter(|key| !held.contains(key)) {
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

    fn subjects(&mut self, plan: &Prepared) -> Res<()> {
        let conn = self.conn;
        let mut insert = conn.prepare_cached(
            "INSERT INTO subject(account, kind, id, contact, flags, at, seen, hash, seq, keys, body, gone, finds, unsent) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING",
        )?;
        let mut find = conn.prepare_cached(
            "SELECT n, body IS NOT NULL, keys, finds FROM subject WHERE account = ?1 AND kind = ?2 AND id = ?3",
        )?;
        let mut update = conn.prepare_cached(
            "UPDATE subject SET contact = ?2, flags = ?3, at = ?4, seen = max(seen, ?5), hash = ?6, seq = ?7, keys = ?8, \
             body = ?9, gone = ?10, finds = ?11, unsent = ?12 WHERE n = ?1 AND (?10 IS NULL OR seen <= ?10)",
        )?;
        let mut hold = conn.prepare_cached("INSERT INTO holder(key, subject, seq) VALUES(?1, ?2, ?3)")?;
        let mut leave = conn.prepare_cached("DELETE FROM holder WHERE key = ?1 AND subject = ?2")?;
        let mut find_by = conn.prepare_cached("INSERT OR IGNORE INTO found(key, subject) VALUES(?1, ?2)")?;
        let mut lose = conn.prepare_cached("DELETE FROM found WHERE key = ?1 AND subject = ?2")?;
        for row in &plan.subjects {
            let id = &row.id;
            let account = self.accounts.make(conn, &id.vendor, &id.account)?;
            let kind = codec::subject_kind(id.kind);
            let contact = row.contact.as_ref().map(|contact| self.contact(contact)).transpose()?;
            let (at, seen, hash) = (row.version.changed, row.version.seen, codec::version_hash(&row.version));
            if !row.existed {
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
                    row.keys_json,
                    row.body,
                    row.gone,
                    row.finds_json,
                    row.unsent
                ];
                if insert.execute(values)? == 1 {
                    let n = conn.last_insert_rowid();
                    for key in &row.keys {
                        hold.execute((key, n, self.seq))?;
                    }
                    for key in &row.finds {
                        find_by.execute((key, n))?;
                    }
                    self.subjects.insert(id.clone(), n);
                    continue;
                }
            }
            let found = find
                .query_row((account, kind, &*id.id), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .optional()?;
            let found: Option<(i64, bool, Option<String>, Option<String>)> = found;
            let Some((n, live, held, finding)) = found else { return conflict() };
            if live != row.existed {
                return conflict();
            }
            let written = update.execute(rusqlite::params![
                n,
                contact,
                row.flags,
                at,
                seen,
                hash,
                self.seq,
                row.keys_json,
                row.body,
                row.gone,
                row.finds_json,
                row.unsent
            ])?;
            if written == 0 {
                // Somebody saw it alive after the plan took it for gone.
                return conflict();
            }
            if finding != row.finds_json {
                let finding = distinct(finding.as_deref())?;
                for key in finding.iter().filter(|key| !row.finds.contains(key)) {
                    lose.execute((key, n))?;
                }
                for key in row.finds.iter().filter(|key| !finding.contains(key)) {
                    find_by.execute((key, n))?;
                }
            }
            if held != row.keys_json {
                let held = distinct(held.as_deref())?;
                for key in held.iter().filter(|key| !row.keys.contains(key)) {
                    leave.execute((key, n))?;
                    self.key_left(key)?;
                }
                for key in row.keys.iter().filter(|key| !held.contains(key)) {
                    hold.execute((key, n, self.seq))?;
                }
            }
            self.subjects.insert(id.clone(), n);
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
    fn decisions(&mut self, plan: &Prepared) -> Res<()> {
        let all = plan.revoked.iter().map(|decision| (decision, false));
        for (decision, stands) in all.chain(plan.decisions.iter().map(|decision| (decision, true))) {
            let (left, right, same) = match decision {
                Decision::Same(left, right) => (left, right, true),
                Decision::Different(left, right) => (left, right, false),
                _ => {
                    return Err(
                        crate::error::unavailable("this store does not know that kind of decision").into()
                    );
                }
            };
            let (left, right) = (self.subject(left)?, self.subject(right)?);
            let sql = match stands {
                true => "INSERT OR IGNORE INTO decision(l, r, same) VALUES(?1, ?2, ?3)",
                false => "DELETE FROM decision WHERE l = ?1 AND r = ?2 AND same = ?3",
            };
            self.conn.prepare_cached(sql)?.execute((left, right, same))?;
            self.conn
                .prepare_cached("UPDATE subject SET seq = ?3 WHERE n IN (?1, ?2)")?
                .execute((left, right, self.seq))?;
        }
        Ok(())
    }

    fn documents(&mut self, plan: &Prepared) -> Res<()> {
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
            "UPDATE document SET buyer = ?2, recipient = ?3, deleted = ?4, at = ?5, seen = max(seen, ?6), hash = ?7, \
             seq = ?8, placed = ?9, currency = ?10, revenue = ?11, orders = ?12, why = ?13, body = ?14, gone = ?15, \
             finds = ?16 WHERE n = ?1 AND (?15 IS NULL OR seen <= ?15)",
        )?;
        let mut names = conn.prepare_cached(
            "SELECT json_extract(body, '$.code'), json_extract(body, '$.fulfils'), json_extract(body, '$.returns'), \
             json_extract(body, '$.aliases'), finds FROM document WHERE n = ?1",
        )?;
        let mut refer =
            conn.prepare_cached("INSERT INTO doc_ref(account, name, role, document) VALUES(?1, ?2, ?3, ?4)")?;
        let mut forget = conn.prepare_cached(
            "DELETE FROM doc_ref WHERE account = ?1 AND name = ?2 AND role = ?3 AND document = ?4",
        )?;
        let mut find_by =
            conn.prepare_cached("INSERT OR IGNORE INTO found_document(key, document) VALUES(?1, ?2)")?;
        let mut lose = conn.prepare_cached("DELETE FROM found_document WHERE key = ?1 AND document = ?2")?;
        for row in &plan.documents {
            let account = self.accounts.make_of(conn, &row.id.account)?;
            let kind = codec::document_kind(row.id.kind)?;
            let buyer = row.buyer.as_ref().map(|id| self.subject(id)).transpose()?;
            let recipient = row.recipient.as_ref().map(|id| self.subject(id)).transpose()?;
            let (at, seen, hash) = (row.version.changed, row.version.seen, codec::version_hash(&row.version));
            let (revenue, orders, why) =
                (codec::money(row.ledger.revenue), row.ledger.orders, codec::why(row.ledger.why)?);
            let currency = row.ledger.currency;
            if !row.existed {
                let values = rusqlite::params![
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
                    revenue,
                    orders,
                    why,
                    row.body,
                    row.gone,
                    row.finds_json
                ];
                if insert.execute(values)? == 0 {
                    return conflict();
                }
                let n = conn.last_insert_rowid();
                for (role, name) in &row.names {
                    refer.execute((account, name, role, n))?;
                }
                for key in &row.finds {
                    find_by.execute((key, n))?;
                }
                continue;
            }
            let Some(n) = document_number(conn, account, &row.id)? else { return conflict() };
            let (mut old, aliases, finding) = names.query_row([n], |row| {
                let mut old: Vec<(i64, String)> = Vec::new();
                for role in 0..3_u8 {
                    if let Some(name) = row.get::<_, Option<String>>(usize::from(role))? {
                        old.push((i64::from(role), name));
                    }
                }
                Ok((old, row.get::<_, Option<String>>(3)?, row.get::<_, Option<String>>(4)?))
            })?;
            old.extend(distinct(aliases.as_deref())?.into_iter().map(|alias| (ALIAS, alias)));
            let written = update.execute(rusqlite::params![
                n,
                buyer,
                recipient,
                row.deleted,
                at,
                seen,
                hash,
                self.seq,
                row.placed,
                currency.code(),
                revenue,
                orders,
                why,
                row.body,
                row.gone,
                row.finds_json
            ])?;
            if written == 0 {
                return conflict();
            }
            let finding = distinct(finding.as_deref())?;
            for key in finding.iter().filter(|key| !row.finds.contains(key)) {
                lose.execute((key, n))?;
            }
            for key in row.finds.iter().filter(|key| !finding.contains(key)) {
                find_by.execute((key, n))?;
            }
            for (role, name) in old.iter().filter(|name| !row.names.contains(name)) {
                forget.execute((account, name, role, n))?;
            }
            for (role, name) in row.names.iter().filter(|name| !old.contains(name)) {
                refer.execute((account, name, role, n))?;
            }
        }
        Ok(())
    }

    fn ledger(&mut self, plan: &Prepared) -> Res<()> {
        for (id, row) in &plan.ledger {
            let account = self.accounts.make_of(self.conn, &id.account)?;
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
        }
        Ok(())
    }

    /// An entry that is written counts as read: the one that was there must be of the snapshot.
    fn entries(&mut self, plan: &Prepared) -> Res<()> {
        if plan.entries.is_empty() {
            return Ok(());
        }
        let conn = self.conn;
        let mut insert = conn.prepare_cached(
            "INSERT INTO entry(account, stream, id, at, seen, hash, deleted, seq, body, gone) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
        )?;
        let mut update = conn.prepare_cached(
            "UPDATE entry SET at = ?4, seen = max(seen, ?5), hash = ?6, deleted = ?7, seq = ?8, body = ?9, gone = ?10 \
             WHERE account = ?1 AND stream = ?2 AND id = ?3 AND seq <= ?11 AND (?10 IS NULL OR seen <= ?10)",
        )?;
        let since = i64::try_from(plan.sequence).unwrap_or(i64::MAX);
        for row in &plan.entries {
            let account = self.accounts.make_of(conn, &row.id.account)?;
            let (stream, id) = (row.id.stream.as_str(), &row.id.id);
            let (at, seen, hash) = (row.version.changed, row.version.seen, codec::version_hash(&row.version));
            let written = match row.existed {
                false => insert.execute(rusqlite::params![
                    account,
                    stream,
                    id,
                    at,
                    seen,
                    hash,
                    row.deleted,
                    self.seq,
                    row.body,
                    row.gone
                ])?,
                true => update.execute(rusqlite::params![
                    account,
                    stream,
                    id,
                    at,
                    seen,
                    hash,
                    row.deleted,
                    self.seq,
                    row.body,
                    row.gone,
                    since
                ])?,
            };
            if written == 0 {
                return conflict();
            }
        }
        Ok(())
    }

    /// The open questions about a contact are those of the plan that wrote it last.
    fn questions(&mut self, plan: &Prepared) -> Res<()> {
        let any: bool = self
            .conn
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM question)")?
            .query_row([], |row| row.get(0))?;
        if any {
            let written = plan.contacts.iter().map(|row| &row.id);
            for id in written.chain(plan.questions.iter().map(|(id, ..)| id)) {
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

    fn audit(&mut self, plan: &Prepared) -> Res<()> {
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

    fn outbox(&mut self, plan: &Prepared) -> Res<()> {
        for (account, reference, body) in &plan.outbox {
            let account = self.accounts.make_of(self.conn, account)?;
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

fn distinct(keys: Option<&str>) -> Res<Vec<String>> {
    let mut keys: Vec<String> = keys.map(serde_json::from_str).transpose()?.unwrap_or_default();
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
