//! What a sync keeps beside the CRM: links, checkpoints, leases, runs, inbox, outbox.

use crm_merge::{Outbox, Push};
use pos_core::record::{Account, Stream};
use pos_core::webhook::{Remember, Trust, Verified, WebhookRequest};
use pos_sync::{
    Boxed, Checkpoint, Depth, Fate, InboxItem, Lease, Link, LinkTurn, OutboxItem, Rejection, Retention, Run,
    Settled, StoreError, Which, is_remembered,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::error::Res;
use crate::{codec, rows};

pub(crate) fn put_link(conn: &Connection, accounts: &mut Accounts, account: &Account, body: &str) -> Res<()> {
    let account = accounts.make(conn, account)?;
    conn.prepare_cached("INSERT OR REPLACE INTO link(account, body) VALUES(?1, ?2)")?
        .execute((account, body))?;
    Ok(())
}

pub(crate) fn put_sealed(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    sealed: Option<&str>,
) -> Res<()> {
    let account = accounts.make(conn, account)?;
    without_trace(conn, || match sealed {
        Some(sealed) => conn
            .prepare_cached("INSERT OR REPLACE INTO sealed(account, body) VALUES(?1, ?2)")?
            .execute((account, sealed)),
        None => conn.prepare_cached("DELETE FROM sealed WHERE account = ?1")?.execute([account]),
    })?;
    Ok(())
}

pub(crate) fn replace_sealed(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    old: &str,
    new: &str,
) -> Res<bool> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(false) };
    let sql = "UPDATE sealed SET body = ?3 WHERE account = ?1 AND body = ?2";
    Ok(without_trace(conn, || conn.prepare_cached(sql)?.execute((account, old, new)))? > 0)
}

/// Leaves nothing of what was there in the free places of the file: an earlier key would open it.
fn without_trace(conn: &Connection, write: impl FnOnce() -> rusqlite::Result<usize>) -> Res<usize> {
    conn.pragma_update(None, "secure_delete", true)?;
    let written = write();
    conn.pragma_update(None, "secure_delete", false)?;
    Ok(written?)
}

pub(crate) fn sealed(conn: &Connection, accounts: &mut Accounts, account: &Account) -> Res<Option<String>> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(None) };
    let mut statement = conn.prepare_cached("SELECT body FROM sealed WHERE account = ?1")?;
    Ok(statement.query_row([account], |row| row.get(0)).optional()?)
}

pub(crate) fn all_sealed(conn: &Connection, accounts: &mut Accounts) -> Res<Vec<(Account, String)>> {
    let mut all = rows::all(conn, "SELECT account, body FROM sealed", [], |row| {
        Ok((accounts.name(conn, row.get(0)?)?, row.get(1)?))
    })?;
    all.sort();
    Ok(all)
}

/// Turns a link as it is now, if the turn leads out of that.
pub(crate) fn turn_link(conn: &Connection, accounts: &mut Accounts, turn: &LinkTurn) -> Res<()> {
    let link = links(conn, accounts, Some(&turn.account))?.pop();
    match link.and_then(|link| turn.apply(&link)) {
        Some(turned) => put_link(conn, accounts, &turn.account, &codec::json(&turned)?),
        None => Ok(()),
    }
}

pub(crate) fn links(conn: &Connection, accounts: &mut Accounts, only: Option<&Account>) -> Res<Vec<Link>> {
    let only = match only {
        Some(account) => match accounts.find(conn, account)? {
            Some(n) => Some(n),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let sql = "SELECT body FROM link WHERE ?1 IS NULL OR account = ?1";
    let mut links: Vec<Link> = rows::all(conn, sql, [only], |row| codec::read(row, 0))?;
    links.sort_by(|a, b| a.account.cmp(&b.account));
    Ok(links)
}

pub(crate) fn checkpoint(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    stream: Stream,
) -> Res<Checkpoint> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(Checkpoint::default()) };
    let sql = "SELECT body FROM checkpoint WHERE account = ?1 AND stream = ?2";
    let found = rows::all(conn, sql, (account, stream.as_str()), |row| codec::read(row, 0))?.pop();
    Ok(found.unwrap_or_default())
}

pub(crate) fn put_checkpoint(conn: &Connection, account: i64, stream: Stream, body: &str) -> Res<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO checkpoint(account, stream, body) VALUES(?1, ?2, ?3)")?
        .execute((account, stream.as_str(), body))?;
    Ok(())
}

pub(crate) fn pace(conn: &Connection, key: &str) -> Res<Option<(u64, String)>> {
    Ok(conn
        .prepare_cached("SELECT version, body FROM pace WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

pub(crate) fn put_pace(conn: &Connection, key: &str, version: u64, body: &str) -> Res<bool> {
    let written = match version {
        0 => conn
            .prepare_cached("INSERT INTO pace(key, version, body) VALUES(?1, 1, ?2) ON CONFLICT DO NOTHING")?
            .execute((key, body))?,
        _ => conn
            .prepare_cached(
                "UPDATE pace SET version = version + 1, body = ?3 WHERE key = ?1 AND version = ?2",
            )?
            .execute((key, version, body))?,
    };
    Ok(written == 1)
}

/// Whether a lease is held as it was given. Its end does not matter: nobody else took it.
fn is_held(conn: &Connection, lease: &Lease) -> Res<bool> {
    Ok(conn
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM lease WHERE name = ?1 AND holder = ?2 AND fence = ?3)")?
        .query_row((&lease.name, &lease.holder, lease.fence), |row| row.get(0))?)
}

pub(crate) fn check_lease(conn: &Connection, lease: &Lease) -> Res<()> {
    if is_held(conn, lease)? { Ok(()) } else { Err(StoreError::LeaseLost(lease.name.clone()).into()) }
}

/// `worker` is the sign of this store, and `is_gone` says whether the store with another sign is.
pub(crate) fn acquire(
    conn: &Connection,
    name: &str,
    holder: &str,
    (now, until): (OffsetDateTime, OffsetDateTime),
    worker: Option<&str>,
    is_gone: impl Fn(&str) -> bool,
) -> Res<Option<Lease>> {
    let known: Option<(Option<String>, u64, i64, Option<String>)> = conn
        .prepare_cached("SELECT holder, fence, until, worker FROM lease WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let fence = match known {
        Some((Some(other), _, end, sign))
            if other != holder && end > codec::nanos(now) && !sign.as_deref().is_some_and(is_gone) =>
        {
            return Ok(None);
        }
        Some((_, fence, _, _)) => fence + 1,
        None => 1,
    };
    conn.prepare_cached(
        "INSERT OR REPLACE INTO lease(name, holder, fence, until, worker) VALUES(?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((name, holder, fence, codec::nanos(until), worker))?;
    Ok(Some(Lease { name: name.to_owned(), holder: holder.to_owned(), fence }))
}

pub(crate) fn renew(conn: &Connection, lease: &Lease, until: OffsetDateTime) -> Res<bool> {
    let renewed = conn
        .prepare_cached("UPDATE lease SET until = ?4 WHERE name = ?1 AND holder = ?2 AND fence = ?3")?
        .execute((&lease.name, &lease.holder, lease.fence, codec::nanos(until)))?;
    Ok(renewed == 1)
}

/// The fence stays, so that the next one is higher.
pub(crate) fn release(conn: &Connection, lease: &Lease) -> Res<()> {
    conn.prepare_cached("UPDATE lease SET holder = NULL WHERE name = ?1 AND holder = ?2 AND fence = ?3")?
        .execute((&lease.name, &lease.holder, lease.fence))?;
    Ok(())
}

/// The body of a run carries the number that it had when it was written; the row's is the right one.
pub(crate) fn put_run(conn: &Connection, id: u64, account: i64, body: &str) -> Res<u64> {
    if id == 0 {
        conn.prepare_cached("INSERT INTO run(account, body) VALUES(?1, ?2)")?.execute((account, body))?;
        return Ok(u64::try_from(conn.last_insert_rowid()).unwrap_or_default());
    }
    conn.prepare_cached("INSERT OR REPLACE INTO run(id, account, body) VALUES(?1, ?2, ?3)")?
        .execute((id, account, body))?;
    Ok(id)
}

pub(crate) fn runs(
    conn: &Connection,
    accounts: &mut Accounts,
    account: Option<&Account>,
    limit: u32,
) -> Res<Vec<Run>> {
    let sql = match account {
        Some(_) => "SELECT id, body FROM run WHERE account = ?2 ORDER BY id DESC LIMIT ?1",
        None => "SELECT id, body FROM run WHERE ?2 IS NULL ORDER BY id DESC LIMIT ?1",
    };
    let of = match account {
        Some(account) => match accounts.find(conn, account)? {
            Some(n) => Some(n),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    rows::all(conn, sql, (codec::limit(limit), of), read_run)
}

fn read_run(row: &Row<'_>) -> Res<Run> {
    let mut run: Run = codec::read(row, 1)?;
    run.id = row.get(0)?;
    Ok(run)
}

pub(crate) fn run(conn: &Connection, id: u64) -> Res<Option<Run>> {
    Ok(rows::all(conn, "SELECT id, body FROM run WHERE id = ?1", [id], read_run)?.pop())
}

pub(crate) fn rejections(conn: &Connection, run: u64, limit: u32) -> Res<Vec<Rejection>> {
    let sql = "SELECT body FROM rejection WHERE run = ?1 ORDER BY n LIMIT ?2";
    rows::all(conn, sql, (run, codec::limit(limit)), |row| codec::read(row, 0))
}

/// Waits.
const WAITS: i64 = 0;
/// Is done.
const DONE: i64 = 1;
/// Failed for good.
const DEAD: i64 = 2;

/// A delivery that has just come is due at once: the clock of whoever took it in need not be that of whoever works on it.
pub(crate) fn accept(conn: &Connection, accounts: &mut Accounts, item: &InboxItem, body: &str) -> Res<bool> {
    let account = accounts.make(conn, &item.account)?;
    let received = codec::nanos(item.received_at());
    let known: Option<(i64, i64, i64, String)> = conn
        .prepare_cached(
            "SELECT n, state, received, remember FROM inbox WHERE account = ?1 AND delivery = ?2",
        )?
        .query_row((account, &item.delivery), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    if let Some((n, state, before, remember)) = known {
        if state == WAITS {
            conn.prepare_cached("UPDATE inbox SET arrivals = arrivals + 1 WHERE n = ?1")?.execute([n])?;
            return Ok(false);
        }
        let remember = serde_json::from_str(&remember)?;
        if state == DONE && is_remembered(remember, codec::instant(before), item.received_at()) {
            return Ok(false);
        }
        conn.prepare_cached("DELETE FROM inbox WHERE n = ?1")?.execute([n])?;
    }
    conn.prepare_cached(
        "INSERT INTO inbox(account, delivery, state, received, due, attempts, arrivals, remember, body) \
         VALUES(?1, ?2, 0, ?3, 0, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        account,
        &item.delivery,
        received,
        item.attempts,
        item.arrivals,
        codec::json(&item.remember)?,
        body,
    ))?;
    Ok(true)
}

/// An item of the columns delivery, attempts, arrivals, remember, body.
fn read_inbox(account: &Account, row: &Row<'_>) -> Res<InboxItem> {
    let mut item =
        InboxItem::new(account.clone(), codec::text(row, 0)?, codec::read(row, 3)?, codec::read(row, 4)?);
    item.attempts = row.get(1)?;
    item.arrivals = row.get(2)?;
    Ok(item)
}

/// Items that are due, and the numbers of those that cannot be read back.
pub(crate) fn inbox(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    now: OffsetDateTime,
    limit: u32,
) -> Res<(Vec<InboxItem>, Vec<i64>)> {
    let (mut items, mut broken) = (Vec::new(), Vec::new());
    let Some(n) = accounts.find(conn, account)? else { return Ok((items, broken)) };
    let sql = "SELECT delivery, attempts, arrivals, remember, body, n FROM inbox \
         WHERE account = ?1 AND state = 0 AND due <= ?2 ORDER BY received, n LIMIT ?3";
    rows::each(conn, sql, (n, codec::nanos(now), codec::limit(limit)), |row| {
        match read_inbox(account, row) {
            Ok(item) => items.push(item),
            Err(_) => broken.push(row.get(5)?),
        }
        Ok(())
    })?;
    Ok((items, broken))
}

/// Lays aside items that cannot be read back, so that they stop nobody.
pub(crate) fn bury(conn: &Connection, of: Boxed, broken: &[i64]) -> Res<()> {
    let sql = match of {
        Boxed::Inbox => "UPDATE inbox SET state = 2, why = ?2 WHERE n = ?1 AND state = 0",
        Boxed::Outbox => "UPDATE outbox SET state = 2, why = ?2 WHERE id = ?1 AND state = 0",
    };
    let mut statement = conn.prepare_cached(sql)?;
    for n in broken {
        statement.execute((n, "what was kept of it cannot be read back"))?;
    }
    Ok(())
}

/// The condition by which items of a box are picked; the account is ?1, the parameters are ?2 and ?3.
fn picked(which: &Which, name: &'static str) -> Res<(String, Value, Value)> {
    Ok(match which {
        Which::All => ("account = ?1 AND ?2 IS NULL AND ?3 IS NULL".to_owned(), Value::Null, Value::Null),
        Which::One(id) => (
            format!("account = ?1 AND CAST({name} AS TEXT) = ?2 AND ?3 IS NULL"),
            Value::Text(id.clone()),
            Value::Null,
        ),
        Which::Between(from, to) => (
            "account = ?1 AND received >= ?2 AND received < ?3".to_owned(),
            codec::nanos(*from).into(),
            codec::nanos(*to).into(),
        ),
        _ => return Err(crate::error::unavailable("this store does not know how to pick those").into()),
    })
}

pub(crate) fn revive(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    of: Boxed,
    (which, done): (&Which, bool),
    due: OffsetDateTime,
) -> Res<u64> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(0) };
    let due = codec::nanos(due);
    let revived = match of {
        Boxed::Inbox => {
            let (picked, a, b) = picked(which, "delivery")?;
            let states = if done { "state <> 0" } else { "state = 2" };
            conn.prepare_cached(&format!(
                "UPDATE inbox SET state = 0, due = ?4, attempts = 0, arrivals = iif(?5, 0, arrivals), why = NULL \
                 WHERE {picked} AND {states} AND body IS NOT NULL"
            ))?
            .execute((account, a, b, due, done))?
        }
        Boxed::Outbox if matches!(which, Which::Between(..)) => 0,
        Boxed::Outbox => revive_pushes(conn, account, which, due)?,
    };
    Ok(revived as u64)
}

/// The newest first: it stands for those before it, and keeps in mind what may have arrived of them.
fn revive_pushes(conn: &Connection, account: i64, which: &Which, due: i64) -> Res<usize> {
    let (picked, a, b) = picked(which, "id")?;
    let dead: Vec<(i64, String)> = conn
        .prepare_cached(&format!(
            "SELECT id, reference FROM outbox WHERE {picked} AND state = 2 ORDER BY id DESC"
        ))?
        .query_map((account, a, b), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut remove = conn.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
    let mut revived = 0;
    for (id, reference) in dead {
        let sent = first_sent(conn, account, &reference)?;
        let waiting: Option<i64> = conn
            .prepare_cached("SELECT id FROM outbox WHERE account = ?1 AND reference = ?2 AND state = 0")?
            .query_row((account, &reference), |row| row.get(0))
            .optional()?;
        let stands = waiting.map_or(id, |waiting| waiting.max(id));
        if let Some(waiting) = waiting {
            remove.execute([waiting.min(id)])?;
        }
        conn.prepare_cached("UPDATE outbox SET sent = ?2 WHERE id = ?1")?.execute((stands, sent))?;
        if stands == id {
            revived += conn
                .prepare_cached(
                    "UPDATE outbox SET state = 0, due = ?2, attempts = 0, why = NULL WHERE id = ?1",
                )?
                .execute((id, due))?;
        }
    }
    Ok(revived)
}

/// When a push of the same object was first sent without a word whether it arrived, those that failed included.
pub(crate) fn first_sent(conn: &Connection, account: i64, reference: &str) -> Res<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT min(sent) FROM outbox WHERE account = ?1 AND reference = ?2")?
        .query_row((account, reference), |row| row.get(0))?)
}

pub(crate) fn wake(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    of: Boxed,
    due: OffsetDateTime,
) -> Res<()> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(()) };
    let sql = match of {
        Boxed::Inbox => "UPDATE inbox SET due = min(due, ?2) WHERE account = ?1 AND state = 0",
        Boxed::Outbox => "UPDATE outbox SET due = min(due, ?2) WHERE account = ?1 AND state = 0",
    };
    conn.prepare_cached(sql)?.execute((account, codec::nanos(due)))?;
    Ok(())
}

pub(crate) fn dismiss(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    of: Boxed,
    which: &Which,
) -> Res<u64> {
    let Some(account) = accounts.find(conn, account)? else { return Ok(0) };
    let (table, name) = match of {
        Boxed::Inbox => ("inbox", "delivery"),
        Boxed::Outbox if matches!(which, Which::Between(..)) => return Ok(0),
        Boxed::Outbox => ("outbox", "id"),
    };
    let (picked, a, b) = picked(which, name)?;
    let gone = conn
        .prepare_cached(&format!("DELETE FROM {table} WHERE {picked} AND state = 2"))?
        .execute((account, a, b))?;
    Ok(gone as u64)
}

pub(crate) fn purge(conn: &Connection, retention: &Retention, now: OffsetDateTime, limit: u32) -> Res<u64> {
    let before = |seconds: Option<u64>| {
        let seconds = i64::try_from(seconds?).ok()?;
        now.checked_sub(time::Duration::seconds(seconds)).map(codec::nanos)
    };
    let mut gone = 0;
    if let Some(before) = before(retention.deliveries_seconds) {
        gone += conn
            .prepare_cached(
                "DELETE FROM inbox WHERE n IN (SELECT n FROM inbox WHERE state <> 0 AND received < ?1 LIMIT ?2)",
            )?
            .execute((before, codec::limit(limit)))?;
    }
    if let Some(before) = before(retention.runs_seconds) {
        let old = conn
            .prepare_cached(
                "SELECT id FROM run WHERE unixepoch(json_extract(body, '$.started_at')) < ?1 / 1000000000 \
                 AND id NOT IN (SELECT max(id) FROM run GROUP BY account, json_extract(body, '$.stream')) \
                 ORDER BY id LIMIT ?2",
            )?
            .query_map((before, codec::limit(limit)), |row| row.get::<_, i64>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        for id in old {
            conn.prepare_cached("DELETE FROM rejection WHERE run = ?1")?.execute([id])?;
            gone += conn.prepare_cached("DELETE FROM run WHERE id = ?1")?.execute([id])?;
        }
    }
    if let Some(before) = before(retention.audit_seconds) {
        gone += conn
            .prepare_cached(
                "DELETE FROM audit WHERE (contact, n) IN (SELECT contact, n FROM audit WHERE at < ?1 LIMIT ?2)",
            )?
            .execute((before, codec::limit(limit)))?;
    }
    Ok(gone as u64)
}

pub(crate) fn mark_sent(conn: &Connection, lease: &Lease, push: u64, at: OffsetDateTime) -> Res<bool> {
    if !is_held(conn, lease)? {
        return Ok(false);
    }
    let marked = conn
        .prepare_cached("UPDATE outbox SET sent = coalesce(sent, ?2) WHERE id = ?1 AND state = 0")?
        .execute((push, codec::nanos(at)))?;
    Ok(marked == 1)
}

pub(crate) fn depth(conn: &Connection, accounts: &mut Accounts, account: &Account, of: Boxed) -> Res<Depth> {
    let Some(n) = accounts.find(conn, account)? else { return Ok(Depth::default()) };
    // Each state by itself, so that the index of what is open answers.
    let (waiting, dead) = match of {
        Boxed::Inbox => (
            "SELECT count(*), min(received) FROM inbox WHERE account = ?1 AND state = 0",
            "SELECT count(*), NULL FROM inbox WHERE account = ?1 AND state = 2",
        ),
        Boxed::Outbox => (
            "SELECT count(*), NULL FROM outbox WHERE account = ?1 AND state = 0",
            "SELECT count(*), NULL FROM outbox WHERE account = ?1 AND state = 2",
        ),
    };
    let count = |sql: &str| -> Res<(u64, Option<i64>)> {
        let row = conn.prepare_cached(sql)?.query_row([n], |row| Ok((row.get::<_, u32>(0)?, row.get(1)?)))?;
        Ok((u64::from(row.0), row.1))
    };
    let ((waiting, oldest), (dead, _)) = (count(waiting)?, count(dead)?);
    Ok(Depth { waiting, dead, oldest: oldest.map(codec::instant) })
}

pub(crate) fn dead_letters(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    limit: u32,
) -> Res<Vec<(InboxItem, String)>> {
    let Some(n) = accounts.find(conn, account)? else { return Ok(Vec::new()) };
    let sql = "SELECT delivery, attempts, arrivals, remember, body, why, received FROM inbox \
         WHERE account = ?1 AND state = 2 ORDER BY received, n LIMIT ?2";
    rows::all(conn, sql, (n, codec::limit(limit)), |row| {
        Ok((read_inbox(account, row).or_else(|_| unread(account, row))?, reason(row, 5)?))
    })
}

/// What is left of an item that cannot be read back: its name, and when it came.
fn unread(account: &Account, row: &Row<'_>) -> Res<InboxItem> {
    let headers = http::HeaderMap::new();
    let request = WebhookRequest::new(&headers, &[], codec::instant(row.get(6)?));
    let verified = Verified::proven(account.vendor().clone(), Trust::Unsigned, &request);
    Ok(InboxItem::new(account.clone(), codec::text(row, 0)?, Remember::WhileWaiting, verified))
}

fn reason(row: &Row<'_>, column: usize) -> Res<String> {
    Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
}

/// An item of the columns id, attempts, body, sent.
fn read_outbox(row: &Row<'_>) -> Res<OutboxItem> {
    let sent: Option<i64> = row.get(3)?;
    Ok(OutboxItem::new(row.get(0)?, codec::read(row, 2)?, row.get(1)?)
        .with_maybe_sent(sent.map(codec::instant)))
}

/// What is left of a push that cannot be read back, of the columns id, attempts, body, sent, why, reference: whose it is.
fn unread_push(account: &Account, row: &Row<'_>) -> Res<OutboxItem> {
    let push = Push::Contact { reference: codec::text(row, 5)?.to_owned() };
    let sent: Option<i64> = row.get(3)?;
    Ok(OutboxItem::new(row.get(0)?, Outbox::new(account.clone(), push, None), row.get(1)?)
        .with_maybe_sent(sent.map(codec::instant)))
}

/// Pushes that are due, and the numbers of those that cannot be read back.
pub(crate) fn outbox(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    now: OffsetDateTime,
    limit: u32,
) -> Res<(Vec<OutboxItem>, Vec<i64>)> {
    let (mut items, mut broken) = (Vec::new(), Vec::new());
    let Some(n) = accounts.find(conn, account)? else { return Ok((items, broken)) };
    let sql = "SELECT id, attempts, body, sent FROM outbox \
         WHERE account = ?1 AND state = 0 AND due <= ?2 ORDER BY id LIMIT ?3";
    rows::each(conn, sql, (n, codec::nanos(now), codec::limit(limit)), |row| {
        match read_outbox(row) {
            Ok(item) => items.push(item),
            Err(_) => broken.push(row.get(0)?),
        }
        Ok(())
    })?;
    Ok((items, broken))
}

pub(crate) fn dead_pushes(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    limit: u32,
) -> Res<Vec<(OutboxItem, String)>> {
    let Some(n) = accounts.find(conn, account)? else { return Ok(Vec::new()) };
    let sql = "SELECT id, attempts, body, sent, why, reference FROM outbox \
         WHERE account = ?1 AND state = 2 ORDER BY id LIMIT ?2";
    rows::all(conn, sql, (n, codec::limit(limit)), |row| {
        Ok((read_outbox(row).or_else(|_| unread_push(account, row))?, reason(row, 4)?))
    })
}

/// How many tries of an item its fate stands for.
fn tries(fate: &Fate) -> u32 {
    u32::from(!matches!(fate, Fate::Waits { .. }))
}

/// Writes what became of deliveries and pushes. A delivery that is done stays with its content, to be replayed, until it is
/// purged; a push that is done goes.
pub(crate) fn settle(
    conn: &Connection,
    accounts: &mut Accounts,
    inbox: &[Settled],
    outbox: &[(u64, Fate)],
) -> Res<()> {
    for settled in inbox {
        let Some(account) = accounts.find(conn, &settled.account)? else { continue };
        let delivery = &settled.delivery;
        match &settled.fate {
            // One that came again while it was worked on waits on: what it says now was perhaps not seen.
            Fate::Done => conn
                .prepare_cached(
                    "UPDATE inbox SET state = CASE WHEN arrivals = ?3 THEN ?4 ELSE 0 END, due = 0, why = NULL, \
                     attempts = attempts + 1 WHERE account = ?1 AND delivery = ?2 AND state <> ?4",
                )?
                .execute((account, delivery, settled.arrivals, DONE))?,
            Fate::Later { at, why } | Fate::Waits { at, why } => conn
                .prepare_cached(
                    "UPDATE inbox SET state = 0, due = ?3, why = ?4, attempts = attempts + ?6 \
                     WHERE account = ?1 AND delivery = ?2 AND state <> ?5",
                )?
                .execute((account, delivery, codec::nanos(*at), why, DONE, tries(&settled.fate)))?,
            Fate::Dead { why } => conn
                .prepare_cached(
                    "UPDATE inbox SET state = ?4, why = ?3, attempts = attempts + 1 \
                     WHERE account = ?1 AND delivery = ?2 AND state <> ?5",
                )?
                .execute((account, delivery, why, DEAD, DONE))?,
            _ => return Err(crate::error::unavailable("this store does not know that fate").into()),
        };
    }
    for (id, fate) in outbox {
        match fate {
            Fate::Done => conn.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?,
            Fate::Later { at, why } | Fate::Waits { at, why } => {
                // A newer push of the same object takes the place of one that waits again.
                let replaced = conn
                    .prepare_cached(
                        "DELETE FROM outbox WHERE id = ?1 AND state = 2 AND EXISTS(SELECT 1 FROM outbox o \
                         WHERE o.account = outbox.account AND o.reference = outbox.reference AND o.state = 0)",
                    )?
                    .execute([id])?;
                if replaced == 0 {
                    conn.prepare_cached(
                        "UPDATE outbox SET state = 0, due = ?2, why = ?3, attempts = attempts + ?4 WHERE id = ?1",
                    )?
                    .execute((id, codec::nanos(*at), why, tries(fate)))?;
                }
                0
            }
            Fate::Dead { why } => conn
                .prepare_cached(
                    "UPDATE outbox SET state = 2, why = ?2, attempts = attempts + 1 WHERE id = ?1",
                )?
                .execute((id, why))?,
            _ => return Err(crate::error::unavailable("this store does not know that fate").into()),
        };
    }
    Ok(())
}
