//! What a sync keeps beside the CRM: links, checkpoints, leases, runs, inbox, outbox.

use pos_core::record::{Account, Stream};
use pos_sync::{Checkpoint, Fate, InboxItem, Lease, Link, OutboxItem, Rejection, Run, StoreError};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::codec;
use crate::error::Res;

pub(crate) fn put_link(conn: &Connection, accounts: &mut Accounts, account: &Account, body: &str) -> Res<()> {
    let account = accounts.make_of(conn, account)?;
    conn.prepare_cached("INSERT OR REPLACE INTO link(account, body) VALUES(?1, ?2)")?
        .execute((account, body))?;
    Ok(())
}

pub(crate) fn links(conn: &Connection, accounts: &mut Accounts, only: Option<&Account>) -> Res<Vec<Link>> {
    let only = match only {
        Some(account) => match accounts.of(conn, account)? {
            Some(n) => Some(n),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let mut statement = conn.prepare_cached("SELECT body FROM link WHERE ?1 IS NULL OR account = ?1")?;
    let mut found = statement.query([only])?;
    let mut links: Vec<Link> = Vec::new();
    while let Some(row) = found.next()? {
        links.push(codec::read(row, 0)?);
    }
    links.sort_by(|a, b| a.account.cmp(&b.account));
    Ok(links)
}

pub(crate) fn checkpoint(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    stream: Stream,
) -> Res<Checkpoint> {
    let Some(account) = accounts.of(conn, account)? else { return Ok(Checkpoint::default()) };
    let mut statement =
        conn.prepare_cached("SELECT body FROM checkpoint WHERE account = ?1 AND stream = ?2")?;
    let mut found = statement.query((account, stream.as_str()))?;
    found.next()?.map_or_else(|| Ok(Checkpoint::default()), |row| codec::read(row, 0))
}

pub(crate) fn put_checkpoint(conn: &Connection, account: i64, stream: Stream, body: &str) -> Res<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO checkpoint(account, stream, body) VALUES(?1, ?2, ?3)")?
        .execute((account, stream.as_str(), body))?;
    Ok(())
}

/// Whether a lease is held as it was given. Its end does not matter: nobody else took it.
pub(crate) fn check_lease(conn: &Connection, lease: &Lease) -> Res<()> {
    let held: bool = conn
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM lease WHERE name = ?1 AND holder = ?2 AND fence = ?3)")?
        .query_row((&lease.name, &lease.holder, lease.fence), |row| row.get(0))?;
    if held { Ok(()) } else { Err(StoreError::LeaseLost(lease.name.clone()).into()) }
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
        Some(account) => match accounts.of(conn, account)? {
            Some(n) => Some(n),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let mut statement = conn.prepare_cached(sql)?;
    let mut found = statement.query((codec::limit(limit), of))?;
    let mut runs = Vec::new();
    while let Some(row) = found.next()? {
        let mut run: Run = codec::read(row, 1)?;
        run.id = row.get(0)?;
        runs.push(run);
    }
    Ok(runs)
}

pub(crate) fn rejections(conn: &Connection, run: u64, limit: u32) -> Res<Vec<Rejection>> {
    let mut statement =
        conn.prepare_cached("SELECT body FROM rejection WHERE run = ?1 ORDER BY n LIMIT ?2")?;
    let mut found = statement.query((run, codec::limit(limit)))?;
    let mut rejections = Vec::new();
    while let Some(row) = found.next()? {
        rejections.push(codec::read(row, 0)?);
    }
    Ok(rejections)
}

pub(crate) fn accept(
    conn: &Connection,
    accounts: &mut Accounts,
    item: &InboxItem,
    events: &str,
) -> Res<bool> {
    let account = accounts.make_of(conn, &item.account)?;
    let received = codec::nanos(item.received_at);
    let added = conn
        .prepare_cached(
            "INSERT INTO inbox(account, delivery, state, received, due, attempts, body) \
             VALUES(?1, ?2, 0, ?3, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute((account, &item.delivery, received, item.attempts, events))?;
    Ok(added == 1)
}

fn read_inbox(account: &Account, row: &rusqlite::Row<'_>) -> Res<InboxItem> {
    let received = codec::instant(row.get(1)?);
    let mut item = InboxItem::new(account.clone(), codec::text(row, 0)?, codec::read(row, 3)?, received);
    item.attempts = row.get(2)?;
    Ok(item)
}

pub(crate) fn inbox(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    now: OffsetDateTime,
    limit: u32,
) -> Res<Vec<InboxItem>> {
    let Some(n) = accounts.of(conn, account)? else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached(
        "SELECT delivery, received, attempts, body FROM inbox \
         WHERE account = ?1 AND state = 0 AND due <= ?2 ORDER BY received, n LIMIT ?3",
    )?;
    let mut found = statement.query((n, codec::nanos(now), codec::limit(limit)))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(read_inbox(account, row)?);
    }
    Ok(items)
}

pub(crate) fn dead_letters(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    limit: u32,
) -> Res<Vec<(InboxItem, String)>> {
    let Some(n) = accounts.of(conn, account)? else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached(
        "SELECT delivery, received, attempts, body, why FROM inbox \
         WHERE account = ?1 AND state = 2 ORDER BY received, n LIMIT ?2",
    )?;
    let mut found = statement.query((n, codec::limit(limit)))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push((read_inbox(account, row)?, reason(row, 4)?));
    }
    Ok(items)
}

fn reason(row: &rusqlite::Row<'_>, column: usize) -> Res<String> {
    Ok(if row.get_ref(column)? == ValueRef::Null {
        String::new()
    } else {
        codec::text(row, column)?.to_owned()
    })
}

fn read_outbox(row: &rusqlite::Row<'_>) -> Res<OutboxItem> {
    Ok(OutboxItem::new(row.get(0)?, codec::read(row, 2)?, row.get(1)?))
}

pub(crate) fn outbox(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    now: OffsetDateTime,
    limit: u32,
) -> Res<Vec<OutboxItem>> {
    let Some(n) = accounts.of(conn, account)? else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached(
        "SELECT id, attempts, body FROM outbox WHERE account = ?1 AND state = 0 AND due <= ?2 ORDER BY id LIMIT ?3",
    )?;
    let mut found = statement.query((n, codec::nanos(now), codec::limit(limit)))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(read_outbox(row)?);
    }
    Ok(items)
}

pub(crate) fn dead_pushes(
    conn: &Connection,
    accounts: &mut Accounts,
    account: &Account,
    limit: u32,
) -> Res<Vec<(OutboxItem, String)>> {
    let Some(n) = accounts.of(conn, account)? else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached(
        "SELECT id, attempts, body, why FROM outbox WHERE account = ?1 AND state = 2 ORDER BY id LIMIT ?2",
    )?;
    let mut found = statement.query((n, codec::limit(limit)))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push((read_outbox(row)?, reason(row, 3)?));
    }
    Ok(items)
}

/// Writes what became of deliveries and pushes. A delivery that is done stays known without its content, and nothing
/// changes it any more; a push that is done goes.
pub(crate) fn settle(
    conn: &Connection,
    accounts: &mut Accounts,
    inbox: &[(Account, String, Fate)],
    outbox: &[(u64, Fate)],
) -> Res<()> {
    for (account, delivery, fate) in inbox {
        let Some(account) = accounts.of(conn, account)? else { continue };
        match fate {
            Fate::Done => conn
                .prepare_cached(
                    "UPDATE inbox SET state = 1, why = NULL, body = NULL WHERE account = ?1 AND delivery = ?2",
                )?
                .execute((account, delivery))?,
            Fate::Later { at, why } => conn
                .prepare_cached(
                    "UPDATE inbox SET state = 0, due = ?3, why = ?4, attempts = attempts + 1 \
                     WHERE account = ?1 AND delivery = ?2 AND state <> 1",
                )?
                .execute((account, delivery, codec::nanos(*at), why))?,
            Fate::Dead { why } => conn
                .prepare_cached(
                    "UPDATE inbox SET state = 2, why = ?3, attempts = attempts + 1 \
                     WHERE account = ?1 AND delivery = ?2 AND state <> 1",
                )?
                .execute((account, delivery, why))?,
            _ => return Err(crate::error::unavailable("this store does not know that fate").into()),
        };
    }
    for (id, fate) in outbox {
        match fate {
            Fate::Done => conn.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?,
            Fate::Later { at, why } => {
                // A newer push of the same object takes the place of one that waits again.
                let replaced = conn
                    .prepare_cached(
                        "DELETE FROM outbox WHERE id = ?1 AND state = 2 AND EXISTS(SELECT 1 FROM outbox o \
                         WHERE o.account = outbox.account AND o.reference = outbox.reference AND o.state = 0)",
                    )?
                    .execute([id])?;
                if replaced == 0 {
                    conn.prepare_cached(
                        "UPDATE outbox SET state = 0, due = ?2, why = ?3, attempts = attempts + 1 WHERE id = ?1",
                    )?
                    .execute((id, codec::nanos(*at), why))?;
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
