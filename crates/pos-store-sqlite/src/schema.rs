//! The tables, and how an older file becomes a newer one.

use pos_sync::StoreError;
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Fail, Res, corrupt};

/// Says that a file is ours (`application_id` of SQLite): "POSc".
pub(crate) const APPLICATION: i32 = 0x504F_5363;

/// One script for every format, each made from the one before it. A script that was released never changes.
///
/// Records, contacts and documents have small numbers inside the file, so that rows and indexes stay narrow and an
/// import appends. A row that is gone keeps its place without a body: whoever read it before can be told.
/// There are no foreign keys: all numbers are looked up or made in the transaction that uses them, and a check would
/// cost one more look-up for every row.
pub(crate) const STEPS: &[&str] = &["
CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK(one = 1), sequence INTEGER NOT NULL);
INSERT INTO meta VALUES(1, 0);

CREATE TABLE account(n INTEGER PRIMARY KEY, vendor TEXT NOT NULL, id TEXT NOT NULL, UNIQUE(vendor, id));

CREATE TABLE contact(
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL,
    into_n INTEGER, -- where the id of a contact that is no more leads
    body TEXT);

CREATE TABLE subject(
    n INTEGER PRIMARY KEY, account INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,
    contact INTEGER, flags INTEGER NOT NULL DEFAULT 0,
    at, rank INTEGER NOT NULL DEFAULT 0, hash INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL,
    keys TEXT, body TEXT,
    UNIQUE(account, kind, id));
CREATE INDEX subject_contact ON subject(contact, kind) WHERE contact IS NOT NULL;

CREATE TABLE holder(key TEXT NOT NULL, subject INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(key, subject))
    WITHOUT ROWID;
CREATE TABLE host_key(key TEXT NOT NULL, contact INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(key, contact))
    WITHOUT ROWID;
CREATE INDEX host_key_contact ON host_key(contact);
-- Keys that lost a holder, and when: a holder that came is stamped itself.
CREATE TABLE key_left(key TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE decision(l INTEGER NOT NULL, r INTEGER NOT NULL, same INTEGER NOT NULL, PRIMARY KEY(l, r, same))
    WITHOUT ROWID;
CREATE INDEX decision_r ON decision(r);

CREATE TABLE document(
    n INTEGER PRIMARY KEY, account INTEGER NOT NULL, id TEXT NOT NULL, kind INTEGER NOT NULL,
    buyer INTEGER, recipient INTEGER, deleted INTEGER NOT NULL,
    at, rank INTEGER NOT NULL, hash INTEGER NOT NULL, seq INTEGER NOT NULL, placed INTEGER,
    currency TEXT NOT NULL,
    revenue NOT NULL, -- an integer counts 1/10000; what does not fit so is text
    orders INTEGER NOT NULL, why TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE(account, id, kind));
CREATE INDEX document_buyer ON document(buyer, currency, revenue, orders) WHERE buyer IS NOT NULL;
-- Names of documents beside their ids: role 0 is the code, 1 what it fulfils, 2 what it returns.
CREATE TABLE doc_ref(
    account INTEGER NOT NULL, name TEXT NOT NULL, role INTEGER NOT NULL, document INTEGER NOT NULL,
    PRIMARY KEY(account, name, role, document)) WITHOUT ROWID;

CREATE TABLE entry(
    account INTEGER NOT NULL, stream TEXT NOT NULL, id TEXT NOT NULL,
    at, rank INTEGER NOT NULL, hash INTEGER NOT NULL, deleted INTEGER NOT NULL, seq INTEGER NOT NULL, body TEXT,
    PRIMARY KEY(account, stream, id)) WITHOUT ROWID;

CREATE TABLE question(
    contact INTEGER NOT NULL, field TEXT NOT NULL, by TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY(contact, field, by)) WITHOUT ROWID;
-- A body that is absent says: made for the record that has the contact's id.
CREATE TABLE audit(
    contact INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER, body TEXT, PRIMARY KEY(contact, n)) WITHOUT ROWID;

CREATE TABLE link(account INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE checkpoint(account INTEGER NOT NULL, stream TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY(account, stream)) WITHOUT ROWID;
CREATE TABLE lease(name TEXT PRIMARY KEY, holder TEXT, fence INTEGER NOT NULL, until INTEGER NOT NULL, worker TEXT) WITHOUT ROWID;
CREATE TABLE run(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX run_account ON run(account);
CREATE TABLE rejection(n INTEGER PRIMARY KEY, run INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX rejection_run ON rejection(run);

-- state 0 waits, 1 is done, 2 failed for good
CREATE TABLE inbox(
    n INTEGER PRIMARY KEY, account INTEGER NOT NULL, delivery TEXT NOT NULL, state INTEGER NOT NULL,
    received INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL, why TEXT, body TEXT,
    UNIQUE(account, delivery));
CREATE INDEX inbox_open ON inbox(account, state, received, n) WHERE state <> 1;
CREATE TABLE outbox(
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, reference TEXT NOT NULL, state INTEGER NOT NULL,
    due INTEGER NOT NULL, attempts INTEGER NOT NULL, why TEXT, body TEXT NOT NULL);
CREATE INDEX outbox_open ON outbox(account, state, id);
CREATE UNIQUE INDEX outbox_waiting ON outbox(account, reference) WHERE state = 0;
", "
-- When an object was last seen alive, and since when it is gone. What an earlier format calls deleted was never seen, so
-- that the next sight brings it back.
ALTER TABLE subject DROP COLUMN rank;
ALTER TABLE subject ADD COLUMN seen INTEGER NOT NULL DEFAULT -9223372036854775808;
ALTER TABLE subject ADD COLUMN gone INTEGER;
ALTER TABLE subject ADD COLUMN finds TEXT;
ALTER TABLE subject ADD COLUMN unsent TEXT;
UPDATE subject SET flags = flags | 8, gone = -9223372036854775808 WHERE body IS NOT NULL AND json_extract(body, '$.deleted');
ALTER TABLE document DROP COLUMN rank;
ALTER TABLE document ADD COLUMN seen INTEGER NOT NULL DEFAULT -9223372036854775808;
ALTER TABLE document ADD COLUMN gone INTEGER;
ALTER TABLE document ADD COLUMN finds TEXT;
UPDATE document SET gone = -9223372036854775808 WHERE deleted;
ALTER TABLE entry DROP COLUMN rank;
ALTER TABLE entry ADD COLUMN seen INTEGER NOT NULL DEFAULT -9223372036854775808;
ALTER TABLE entry ADD COLUMN gone INTEGER;
UPDATE entry SET gone = -9223372036854775808 WHERE deleted;
-- Keys that find a contact and recognise nobody: of records, and of documents.
CREATE TABLE found(key TEXT NOT NULL, subject INTEGER NOT NULL, PRIMARY KEY(key, subject)) WITHOUT ROWID;
CREATE TABLE found_document(key TEXT NOT NULL, document INTEGER NOT NULL, PRIMARY KEY(key, document)) WITHOUT ROWID;
-- What changed after a commit.
CREATE INDEX contact_seq ON contact(seq);
CREATE INDEX document_seq ON document(seq);
CREATE INDEX entry_seq ON entry(seq);
-- A delivery is kept as it came; what an earlier format kept of one that waits is the events in it.
ALTER TABLE inbox ADD COLUMN remember TEXT NOT NULL DEFAULT '\"always\"';
ALTER TABLE inbox ADD COLUMN arrivals INTEGER NOT NULL DEFAULT 1;
UPDATE inbox SET body = json_object('vendor', (SELECT vendor FROM account WHERE n = inbox.account), 'trust', 'signed',
    'body', json_object('text', ''), 'topic', NULL, 'header_id', NULL, 'facts', json_object('events', body),
    'received_at', strftime('%Y-%m-%dT%H:%M:%SZ', received / 1000000000, 'unixepoch')) WHERE body IS NOT NULL;
ALTER TABLE outbox ADD COLUMN sent INTEGER;
CREATE INDEX outbox_reference ON outbox(account, reference);
CREATE TABLE pace(key TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
", "
-- What comes in no order (keys, buyers) is written where few rows are, at level 0, and moved to level 1 many rows at a
-- time: else nearly every row of an import writes a page of its own. Whoever looks something up looks at both levels.
CREATE TABLE holding(level INTEGER NOT NULL, key TEXT NOT NULL, subject INTEGER NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY(level, key, subject)) WITHOUT ROWID;
INSERT INTO holding SELECT 1, key, subject, seq FROM holder;
DROP TABLE holder;
ALTER TABLE holding RENAME TO holder;
CREATE TABLE finding(level INTEGER NOT NULL, key TEXT NOT NULL, subject INTEGER NOT NULL,
    PRIMARY KEY(level, key, subject)) WITHOUT ROWID;
INSERT INTO finding SELECT 1, key, subject FROM found;
DROP TABLE found;
ALTER TABLE finding RENAME TO found;
CREATE TABLE finding(level INTEGER NOT NULL, key TEXT NOT NULL, document INTEGER NOT NULL,
    PRIMARY KEY(level, key, document)) WITHOUT ROWID;
INSERT INTO finding SELECT 1, key, document FROM found_document;
DROP TABLE found_document;
ALTER TABLE finding RENAME TO found_document;
-- What a document's buyer is told of it, to be summed up. A row at level 0 stands for one at level 1.
CREATE TABLE bought(level INTEGER NOT NULL, buyer INTEGER NOT NULL, document INTEGER NOT NULL,
    currency TEXT NOT NULL, revenue NOT NULL, orders INTEGER NOT NULL, PRIMARY KEY(level, buyer, document)) WITHOUT ROWID;
INSERT INTO bought SELECT 1, buyer, n, currency, revenue, orders FROM document WHERE buyer IS NOT NULL ORDER BY buyer, n;
DROP INDEX document_buyer;
", "
-- Whose ticket an entry is.
ALTER TABLE entry ADD COLUMN customer TEXT;
CREATE INDEX entry_customer ON entry(account, customer) WHERE customer IS NOT NULL;
-- What opens a shop, sealed with a key that is not in here.
CREATE TABLE sealed(account INTEGER PRIMARY KEY, body TEXT NOT NULL);
"];

/// Moves what level 0 has to level 1, in the order of its keys.
pub(crate) const SETTLE: &str = "
UPDATE OR REPLACE holder SET level = 1 WHERE level = 0;
UPDATE OR REPLACE found SET level = 1 WHERE level = 0;
UPDATE OR REPLACE found_document SET level = 1 WHERE level = 0;
UPDATE OR REPLACE bought SET level = 1 WHERE level = 0;
";

fn pragma(conn: &Connection, name: &str) -> Res<i64> {
    Ok(conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?)
}

/// Checks that the file is ours, and of a format that is known. Changes nothing.
pub(crate) fn check(conn: &Connection, known: u32) -> Res<u32> {
    let application = pragma(conn, "application_id")?;
    let found = pragma(conn, "user_version")?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == 0 && found == 0 && tables == 0 {
        return Ok(0);
    }
    if application != i64::from(APPLICATION) {
        return Err(corrupt("the file is the database of another program"));
    }
    let found = u32::try_from(found).map_err(|_| corrupt("the file has no format number"))?;
    if found > known {
        return Err(Fail::Store(StoreError::NewerFormat { found, known }));
    }
    Ok(found)
}

/// Brings the file to the newest format, all or nothing.
pub(crate) fn migrate(conn: &mut Connection, steps: &[&str]) -> Res<()> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if check(conn, known)? == known {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it while this waited.
    let found = check(&tx, known)?;
    for step in steps.iter().skip(found as usize) {
        tx.execute_batch(step)?;
    }
    tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {known};"))?;
    tx.commit()?;
    Ok(())
}
