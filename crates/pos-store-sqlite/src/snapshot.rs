//! The closed part of the CRM that a plan needs.

use std::collections::{BTreeSet, HashSet};

use crm_merge::{Contact, ContactId, Decision, Document, DocumentId, EntryId, Snapshot, Subject, Want};
use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::{Account, DocumentKind};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use crate::accounts::Accounts;
use crate::error::{Res, corrupt};
use crate::{codec, rows};

/// Reads a snapshot. The caller has begun a transaction.
pub(crate) fn snapshot(conn: &Connection, accounts: &mut Accounts, want: &Want) -> Res<Snapshot> {
    let mut snapshot = Snapshot::default();
    snapshot.sequence = conn.prepare_cached("SELECT sequence FROM meta")?.query_row([], |row| row.get(0))?;
    let unknown = mentioned(conn, accounts, want, &mut snapshot)?;
    if !(want.subjects.is_empty() && want.keys.is_empty() && want.contacts.is_empty() && unknown.is_empty()) {
        People::new(conn, want)?.read(accounts, want, &unknown, &mut snapshot)?;
    }
    if !(want.documents.is_empty() && want.references.is_empty()) {
        Papers::new(conn)?.read(accounts, want, &mut snapshot)?;
    }
    entries(conn, accounts, want, &mut snapshot)?;
    Ok(snapshot)
}

/// Says which mentioned customers are known in full; the others are returned.
fn mentioned<'w>(
    conn: &Connection,
    accounts: &mut Accounts,
    want: &'w Want,
    snapshot: &mut Snapshot,
) -> Res<Vec<&'w SubjectId>> {
    let mut unknown = Vec::new();
    if want.mentioned.is_empty() {
        return Ok(unknown);
    }
    let mut full = conn.prepare_cached(
        "SELECT flags FROM subject WHERE account = ?1 AND kind = ?2 AND id = ?3 AND body IS NOT NULL",
    )?;
    for id in want.mentioned.difference(&want.subjects) {
        let flags: Option<i64> = match accounts.find(conn, &id.vendor, &id.account)? {
            Some(account) => full
                .query_row((account, codec::subject_kind(id.kind), &*id.id), |row| row.get(0))
                .optional()?,
            None => None,
        };
        match flags {
            Some(flags) if flags & rows::STUB == 0 => drop(snapshot.known.insert(id.clone())),
            _ => unknown.push(id),
        }
    }
    Ok(unknown)
}

fn exists(conn: &Connection, sql: &str) -> Res<bool> {
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

fn numbers(statement: &mut CachedStatement<'_>, params: impl rusqlite::Params) -> Res<Vec<i64>> {
    let mut found = Vec::new();
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        found.push(row.get(0)?);
    }
    Ok(found)
}

/// Walks from records to keys to records, and from records to contacts to records.
struct People<'c> {
    conn: &'c Connection,
    by_id: CachedStatement<'c>,
    by_number: CachedStatement<'c>,
    holders: CachedStatement<'c>,
    of_contact: CachedStatement<'c>,
    host_holders: CachedStatement<'c>,
    decided: CachedStatement<'c>,
    has_aliases: bool,
    has_host_keys: bool,
    has_decisions: bool,
    limit: usize,
    seen_subjects: HashSet<i64>,
    seen_contacts: HashSet<i64>,
    seen_keys: HashSet<Key>,
    keys: Vec<Key>,
    pending: Vec<i64>,
    decisions: BTreeSet<Decision>,
}

impl<'c> People<'c> {
    fn new(conn: &'c Connection, want: &Want) -> Res<Self> {
        let by = |condition: &str| conn.prepare_cached(&format!("{} WHERE {condition}", rows::SUBJECT));
        Ok(Self {
            conn,
            by_id: by("s.account = ?1 AND s.kind = ?2 AND s.id = ?3")?,
            by_number: by("s.n = ?1")?,
            holders: conn.prepare_cached("SELECT subject FROM holder WHERE key = ?1 LIMIT ?2")?,
            of_contact: conn.prepare_cached("SELECT n FROM subject WHERE contact = ?1")?,
            host_holders: conn.prepare_cached("SELECT contact FROM host_key WHERE key = ?1 LIMIT ?2")?,
            decided: conn.prepare_cached(
                "SELECT l, r, same FROM decision WHERE l = ?1 UNION SELECT l, r, same FROM decision WHERE r = ?1",
            )?,
            has_aliases: exists(conn, "SELECT EXISTS(SELECT 1 FROM holder WHERE key >= 'v:' AND key < 'v;')")?,
            has_host_keys: exists(conn, "SELECT EXISTS(SELECT 1 FROM host_key)")?,
            has_decisions: exists(conn, "SELECT EXISTS(SELECT 1 FROM decision)")?,
            limit: want.max_key_holders as usize,
            seen_subjects: HashSet::new(),
            seen_contacts: HashSet::new(),
            seen_keys: HashSet::new(),
            keys: Vec::new(),
            pending: Vec::new(),
            decisions: BTreeSet::new(),
        })
    }

    fn read(
        mut self,
        accounts: &mut Accounts,
        want: &Want,
        unknown: &[&SubjectId],
        snapshot: &mut Snapshot,
    ) -> Res<()> {
        for id in want.subjects.iter().chain(unknown.iter().copied()) {
            let Some(account) = accounts.find(self.conn, &id.vendor, &id.account)? else { continue };
            self.subject_of(accounts, snapshot, account, id.kind, &id.id)?;
        }
        for id in &want.contacts {
            if let Some(n) = rows::live_contact(self.conn, id)? {
                self.contact(snapshot, n)?;
                let heir = rows::contact_id(self.conn, n)?;
                if heir != *id {
                    snapshot.redirected.insert(id.clone(), heir);
                }
            }
        }
        for key in &want.keys {
            self.key(accounts, snapshot, key, want)?;
        }
        for id in unknown {
            self.key(accounts, snapshot, &Key::vendor(&id.vendor, &id.account, &id.id), want)?;
        }
        loop {
            if let Some(n) = self.pending.pop() {
                self.subject(accounts, snapshot, n)?;
            } else if let Some(key) = self.keys.pop() {
                self.key(accounts, snapshot, &key, want)?;
            } else {
                break;
            }
        }
        snapshot.decisions = self.decisions.into_iter().collect();
        Ok(())
    }

    fn subject_of(
        &mut self,
        accounts: &mut Accounts,
        snapshot: &mut Snapshot,
        account: i64,
        kind: SubjectKind,
        id: &str,
    ) -> Res<()> {
        let found = {
            let mut rows = self.by_id.query((account, codec::subject_kind(kind), id))?;
            match rows.next()? {
                Some(row) => {
                    let n = row.get(0)?;
                    if !self.seen_subjects.insert(n) {
                        return Ok(());
                    }
                    Some((n, Found::read(self.conn, accounts, row, &mut self.seen_contacts)?))
                }
                None => None,
            }
        };
        match found {
            Some((n, found)) => self.add(accounts, snapshot, n, found),
            None => Ok(()),
        }
    }

    fn subject(&mut self, accounts: &mut Accounts, snapshot: &mut Snapshot, n: i64) -> Res<()> {
        if !self.seen_subjects.insert(n) {
            return Ok(());
        }
        let found = {
            let mut rows = self.by_number.query([n])?;
            let row = rows.next()?.ok_or_else(|| corrupt("a row names a record that is not there"))?;
            Found::read(self.conn, accounts, row, &mut self.seen_contacts)?
        };
        self.add(accounts, snapshot, n, found)
    }

    fn add(&mut self, accounts: &mut Accounts, snapshot: &mut Snapshot, n: i64, found: Found) -> Res<()> {
        if let Some(subject) = found.subject {
            self.keys.extend(subject.keys.iter().filter(|key| !self.seen_keys.contains(*key)).cloned());
            if subject.id.kind == SubjectKind::Customer {
                // A customer holds its own id without being told; only somebody's alias can be the same.
                let own = Key::vendor(&subject.id.vendor, &subject.id.account, &subject.id.id);
                if self.has_aliases && !self.seen_keys.contains(&own) {
                    self.keys.push(own);
                }
            }
            snapshot.subjects.insert(subject.id.clone(), subject);
        }
        if let Some((contact, body)) = found.contact {
            if let Some(body) = body {
                snapshot.contacts.insert(body.id.clone(), body);
            }
            self.members(contact)?;
        }
        if self.has_decisions {
            self.decisions(accounts, n)?;
        }
        Ok(())
    }

    fn members(&mut self, contact: i64) -> Res<()> {
        let members = numbers(&mut self.of_contact, [contact])?;
        self.pending.extend(members);
        Ok(())
    }

    fn contact(&mut self, snapshot: &mut Snapshot, n: i64) -> Res<()> {
        if self.seen_contacts.insert(n) {
            let contact = rows::contact(self.conn, n)?;
            snapshot.contacts.insert(contact.id.clone(), contact);
            self.members(n)?;
        }
        Ok(())
    }

    fn decisions(&mut self, accounts: &mut Accounts, n: i64) -> Res<()> {
        let found: Vec<(i64, i64, bool)> = self
            .decided
            .query_map([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (l, r, same) in found {
            let (left, right) = (subject_id(self.conn, accounts, l)?, subject_id(self.conn, accounts, r)?);
            self.decisions.insert(if same {
                Decision::Same(left, right)
            } else {
                Decision::Different(left, right)
            });
            self.pending.extend([l, r]);
        }
        Ok(())
    }

    fn key(&mut self, accounts: &mut Accounts, snapshot: &mut Snapshot, key: &Key, want: &Want) -> Res<()> {
        if !self.seen_keys.insert(key.clone()) {
            return Ok(());
        }
        if let Key::Vendor(vendor) = key {
            let id = SubjectId::customer(&vendor.vendor, &vendor.account, &vendor.id);
            if !want.subjects.contains(&id)
                && let Some(account) = accounts.find(self.conn, &vendor.vendor, &vendor.account)?
            {
                self.subject_of(accounts, snapshot, account, SubjectKind::Customer, &vendor.id)?;
            }
            if self.has_aliases {
                let holders = numbers(&mut self.holders, (key.to_text(), -1))?;
                self.pending.extend(holders);
            }
            return Ok(());
        }
        let text = key.to_text();
        if want.allowed_shared.contains(key) {
            let holders = numbers(&mut self.holders, (&text, -1))?;
            self.pending.extend(holders);
            for n in numbers(&mut self.host_holders, (&text, -1))? {
                self.contact(snapshot, n)?;
            }
            return Ok(());
        }
        // An order's block counts with the customer that it names, so more rows than the limit may still be allowed.
        let most = 4 * self.limit + 1;
        let holders = numbers(&mut self.holders, (&text, most as i64))?;
        let hosts = match self.has_host_keys {
            true => numbers(&mut self.host_holders, (&text, self.limit as i64 + 1))?,
            false => Vec::new(),
        };
        let many = holders.len() == most
            || holders.len() > self.limit && self.customers(accounts, &holders)? > self.limit;
        if many || hosts.len() > self.limit {
            snapshot.shared.insert(key.clone());
            return Ok(());
        }
        self.pending.extend(holders);
        for n in hosts {
            self.contact(snapshot, n)?;
        }
        Ok(())
    }

    /// How many customers the holders of a key are, as identity counts; it stops above the limit.
    fn customers(&self, accounts: &mut Accounts, holders: &[i64]) -> Res<usize> {
        let mut flags =
            self.conn.prepare_cached("SELECT account, kind, id, flags, keys FROM subject WHERE n = ?1")?;
        let mut customers: HashSet<Key> = HashSet::new();
        let mut others = 0;
        for n in holders {
            let mut rows = flags.query([n])?;
            let row = rows.next()?.ok_or_else(|| corrupt("a row names a record that is not there"))?;
            let id = accounts.name(self.conn, row.get(0)?)?.subject(row.get(1)?, codec::text(row, 2)?)?;
            let flags: i64 = row.get(3)?;
            let named = match id.kind {
                SubjectKind::Customer => Some(Key::vendor(&id.vendor, &id.account, &id.id)),
                _ if flags & rows::NAMES_CUSTOMER != 0 => {
                    codec::read::<Vec<Key>>(row, 4)?.into_iter().find(|key| matches!(key, Key::Vendor(_)))
                }
                _ => None,
            };
            match named {
                Some(key) => {
                    customers.insert(key);
                }
                None => others += 1,
            }
            if customers.len() + others > self.limit {
                break;
            }
        }
        Ok(customers.len() + others)
    }
}

/// One row of a record, with its contact unless that was read already.
struct Found {
    subject: Option<Subject>,
    contact: Option<(i64, Option<Contact>)>,
}

impl Found {
    fn read(conn: &Connection, accounts: &mut Accounts, row: &Row<'_>, seen: &mut HashSet<i64>) -> Res<Self> {
        if row.get_ref(9)? == rusqlite::types::ValueRef::Null {
            return Ok(Self { subject: None, contact: None });
        }
        let subject = rows::subject(conn, accounts, row)?;
        let contact: Option<i64> = row.get(11)?;
        let contact = match contact.filter(|n| seen.insert(*n)) {
            Some(n) if row.get_ref(12)? == rusqlite::types::ValueRef::Null => Some((n, None)),
            Some(n) => Some((n, Some(codec::read(row, 12)?))),
            None => None,
        };
        Ok(Self { subject: Some(subject), contact })
    }
}

/// The id of a record by its number.
pub(crate) fn subject_id(conn: &Connection, accounts: &mut Accounts, n: i64) -> Res<SubjectId> {
    let mut statement = conn.prepare_cached("SELECT account, kind, id FROM subject WHERE n = ?1")?;
    let mut rows = statement.query([n])?;
    let row = rows.next()?.ok_or_else(|| corrupt("a row names a record that is not there"))?;
    accounts.name(conn, row.get(0)?)?.subject(row.get(1)?, codec::text(row, 2)?)
}

/// Walks from documents to those that they refer to and that refer to them.
struct Papers<'c> {
    conn: &'c Connection,
    by_number: CachedStatement<'c>,
    by_name: CachedStatement<'c>,
    by_role: CachedStatement<'c>,
    seen: HashSet<i64>,
    found: Vec<i64>,
}

/// Which documents of a name to follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follow {
    /// Those that have it, and those that refer to it.
    All,
    /// Those that have it, unless they are of this kind.
    HoldersBut(DocumentKind),
    /// Those that refer to it in this role.
    Role(i64),
}

impl<'c> Papers<'c> {
    fn new(conn: &'c Connection) -> Res<Self> {
        Ok(Self {
            conn,
            by_number: conn.prepare_cached(&format!("{} WHERE d.n = ?1", rows::DOCUMENT))?,
            by_name: conn.prepare_cached(
                "SELECT n, kind, NULL FROM document WHERE account = ?1 AND id = ?2 \
                 UNION ALL SELECT document, NULL, role FROM doc_ref WHERE account = ?1 AND name = ?2",
            )?,
            by_role: conn.prepare_cached(
                "SELECT document, NULL, role FROM doc_ref WHERE account = ?1 AND name = ?2 AND role = ?3",
            )?,
            seen: HashSet::new(),
            found: Vec::new(),
        })
    }

    fn read(mut self, accounts: &mut Accounts, want: &Want, snapshot: &mut Snapshot) -> Res<()> {
        let mut account: (Option<&Account>, Option<i64>) = (None, None);
        for (of, name) in &want.references {
            if account.0 != Some(of) {
                account = (Some(of), accounts.of(self.conn, of)?);
            }
            if let Some(account) = account.1 {
                self.name(account, name, Follow::All)?;
            }
        }
        for id in &want.documents {
            // A wanted name has brought every document that has it.
            if want.references.contains(&(id.account.clone(), id.id.clone())) {
                continue;
            }
            let Some(account) = accounts.of(self.conn, &id.account)? else { continue };
            if let Some(n) = document_number(self.conn, account, id)? {
                self.note(n);
            }
        }
        while let Some(n) = self.found.pop() {
            let (account, document) = self.document(accounts, n)?;
            self.follow(account, &document)?;
            snapshot.documents.insert(document.id.clone(), document);
        }
        Ok(())
    }

    fn note(&mut self, n: i64) {
        if self.seen.insert(n) {
            self.found.push(n);
        }
    }

    fn document(&mut self, accounts: &mut Accounts, n: i64) -> Res<(i64, Document)> {
        let mut rows = self.by_number.query([n])?;
        let row = rows.next()?.ok_or_else(|| corrupt("a row names a document that is not there"))?;
        Ok((row.get(1)?, rows::document(self.conn, accounts, row)?))
    }

    /// An invoice fulfils what is no invoice, a return takes back what is no return: ids of different kinds may be
    /// equal by chance, and are not followed.
    fn follow(&mut self, account: i64, document: &Document) -> Res<()> {
        let record = &document.record;
        if let Some(name) = &record.fulfils {
            self.name(account, name, Follow::HoldersBut(DocumentKind::Invoice))?;
        }
        if let Some(name) = &record.returns {
            self.name(account, name, Follow::HoldersBut(DocumentKind::Return))?;
        }
        for name in document.names() {
            if document.id.kind != DocumentKind::Invoice {
                self.name(account, name, Follow::Role(1))?;
            }
            if document.id.kind != DocumentKind::Return {
                self.name(account, name, Follow::Role(2))?;
            }
        }
        Ok(())
    }

    fn name(&mut self, account: i64, name: &str, follow: Follow) -> Res<()> {
        let mut rows = match follow {
            Follow::Role(role) => self.by_role.query((account, name, role))?,
            Follow::All | Follow::HoldersBut(_) => self.by_name.query((account, name))?,
        };
        while let Some(row) = rows.next()? {
            let (n, kind, role): (i64, Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let wanted = match follow {
                Follow::HoldersBut(not) => match kind {
                    Some(kind) => codec::read_document_kind(kind)? != not,
                    None => matches!(role, Some(0 | 3)),
                },
                Follow::All | Follow::Role(_) => true,
            };
            if wanted && self.seen.insert(n) {
                self.found.push(n);
            }
        }
        Ok(())
    }
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

fn entries(conn: &Connection, accounts: &mut Accounts, want: &Want, snapshot: &mut Snapshot) -> Res<()> {
    if want.entries.is_empty() {
        return Ok(());
    }
    let mut one = conn.prepare_cached(
        "SELECT id, at, seen, hash, deleted, gone FROM entry WHERE account = ?1 AND stream = ?2 AND id = ?3",
    )?;
    for id in &want.entries {
        let EntryId { account, stream, id: name } = id;
        let Some(number) = accounts.of(conn, account)? else { continue };
        let mut found = one.query((number, stream.as_str(), name))?;
        if let Some(row) = found.next()? {
            snapshot.entries.insert(id.clone(), rows::entry(account, *stream, row, false)?);
        }
    }
    Ok(())
}
