//! What only a file can get into: locks, full disks, other formats, dying processes.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crm_merge::{
    Batch, Change, ChangeSet, ContactId, Document, DocumentId, LedgerReason, LedgerRow, Outbox, Push, Rules,
    Version, Want, plan, wants,
};
use pos_core::Money;
use pos_core::identity::{IdentityRules, SubjectId};
use pos_core::record::{
    Account, ContactPoints, Currency, CustomerRecord, DocumentKind, OrderRecord, PhoneSource, Record, Stream,
    Vendor,
};
use pos_core::webhook::{Remember, Trust, Verified, WebhookRequest};
use pos_sync::{Boxed, Browse, Checkpoint, Commit, ContactQuery, InboxItem, Store, StoreError, Which};
use rusqlite::Connection;
use tempfile::TempDir;
use time::macros::datetime;

use crate::{Durability, SqliteOptions, SqliteStore, codec, schema};

const FILE: &str = "POS_STORE_SQLITE_TEST_FILE";

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    (folder, path)
}

fn shop() -> Account {
    Account::new(Vendor::new("kiotviet"), "cuahangmau")
}

fn customers(numbers: std::ops::Range<u64>) -> Vec<Record> {
    let one = |number: u64| {
        let mut record = CustomerRecord {
            id: number.to_string(),
            name: Some(format!("Khách Mẫu {number}")),
            note: Some("ghi chú ".repeat(20)),
            ..CustomerRecord::default()
        };
        let mut points = ContactPoints::default();
        points.phone(Some(&format!("0912{number:06}")), PhoneSource::Own);
        record.phones = points.phones;
        Record::from(record)
    };
    numbers.map(one).collect()
}

async fn planned(store: &SqliteStore, numbers: std::ops::Range<u64>) -> ChangeSet {
    let (batch, rules) = (Batch::new(shop(), customers(numbers)), Rules::new(IdentityRules::default()));
    let snapshot = store.snapshot(&wants(&batch, &rules)).await.unwrap();
    plan(&batch, snapshot, &rules, datetime!(2026-11-21 09:00 UTC))
}

/// A page with the checkpoint that stands for it.
async fn page(store: &SqliteStore, numbers: std::ops::Range<u64>) -> Commit {
    let checkpoint = Checkpoint {
        complete_to: Some(datetime!(2026-11-21 09:00 UTC) + Duration::from_secs(numbers.end)),
        ..Checkpoint::default()
    };
    let mut commit = Commit::of(planned(store, numbers).await);
    commit.checkpoint = Some((shop(), Stream::Customers, checkpoint));
    commit
}

async fn count(store: &SqliteStore) -> u64 {
    store.size().await.unwrap().contacts
}

fn quick() -> SqliteOptions {
    SqliteOptions::default().with_busy_timeout(Duration::from_millis(50))
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_not_touched() {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    let known = u32::try_from(schema::STEPS.len()).unwrap();
    assert!(matches!(error, StoreError::NewerFormat { found: 99, known: k } if k == known), "{error:?}");
    assert_eq!(before, std::fs::read(&path).unwrap());
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_not_touched() {
    let (_folder, path) = folder();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE notes(text); INSERT INTO notes VALUES('mua sữa');").unwrap();
    let refused = |path: &Path| {
        let before = std::fs::read(path).unwrap();
        let error = SqliteStore::open(path).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert_eq!(before, std::fs::read(path).unwrap());
    };
    refused(&path);
    conn.execute_batch("PRAGMA application_id = 77; PRAGMA user_version = 1").unwrap();
    refused(&path);
    let text = path.with_extension("txt");
    std::fs::write(&text, "Chúng tôi không phải là cơ sở dữ liệu. ".repeat(50)).unwrap();
    refused(&text);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_unavailable() {
    let (folder, _) = folder();
    let error = SqliteStore::open(folder.path().join("no/such/folder/crm.db")).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_locked_file_at_commit_is_unavailable_and_the_commit_passes_later() {
    let (_folder, path) = folder();
    let store = SqliteStore::open_with(&path, quick()).unwrap();
    store.commit(&page(&store, 0..10).await).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let commit = page(&store, 10..20).await;
    let error = store.commit(&commit).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert_eq!(count(&store).await, 10, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(&commit).await.unwrap();
    assert_eq!(count(&store).await, 20);
}

#[tokio::test]
async fn a_full_disk_writes_nothing_and_the_sync_goes_on_when_there_is_room() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.commit(&page(&store, 0..10).await).await.unwrap();
    // As small as the file is now.
    store.batch("PRAGMA max_page_count = 1").await.unwrap();
    let reached = store.checkpoint(&shop(), Stream::Customers).await.unwrap();
    let commit = page(&store, 10..1010).await;
    let error = store.commit(&commit).await.unwrap_err();
    assert!(matches!(error, StoreError::DiskFull), "{error:?}");
    assert_eq!(count(&store).await, 10);
    assert_eq!(store.checkpoint(&shop(), Stream::Customers).await.unwrap(), reached);
    store.batch("PRAGMA max_page_count = 1000000").await.unwrap();
    store.commit(&commit).await.unwrap();
    assert_eq!(count(&store).await, 1010);
    assert_ne!(store.checkpoint(&shop(), Stream::Customers).await.unwrap(), reached);
}

/// A shop that is new in a commit that fails must not keep the number that it never got.
#[tokio::test]
async fn a_failed_commit_leaves_no_numbers_behind() {
    let store = SqliteStore::in_memory().unwrap();
    let mut commit = page(&store, 0..3).await;
    let document = crm_merge::DocumentId::new(shop(), pos_core::record::DocumentKind::Order, "nowhere");
    let row = crm_merge::LedgerRow::new(
        Money::ZERO,
        1,
        pos_core::record::Currency::VND,
        crm_merge::LedgerReason::Paid,
    );
    commit.changes.ledger.push((document, row));
    assert!(matches!(store.commit(&commit).await, Err(StoreError::Conflict)));
    commit.changes.ledger.clear();
    store.commit(&commit).await.unwrap();
    assert_eq!(store.contacts(&ContactQuery::default()).await.unwrap().len(), 3);
    assert!(store.subject(&commit.changes.subjects[0].row.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_commit_whose_future_is_dropped_is_written_in_full_or_not_at_all() {
    for polls in 0..3 {
        let (_folder, path) = folder();
        let store = SqliteStore::open(&path).unwrap();
        let commit = page(&store, 0..500).await;
        let mut writing = Box::pin(store.commit(&commit));
        for _ in 0..polls {
            let poll = writing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(poll, Poll::Pending | Poll::Ready(Ok(()))));
            if poll.is_ready() {
                break;
            }
        }
        drop(writing);
        // This waits for the one before it, and finds everything or nothing.
        let lease =
            store.acquire("x", "a", datetime!(2026-11-21 09:00 UTC), datetime!(2026-11-21 10:00 UTC)).await;
        assert!(lease.unwrap().is_some());
        let there = count(&store).await;
        assert!(there == 0 || there == 500, "{there}");
        let reached = store.checkpoint(&shop(), Stream::Customers).await.unwrap().complete_to;
        assert_eq!(reached.is_some(), there == 500);
        store.commit(&page(&store, 500..510).await).await.unwrap();
    }
}

#[tokio::test]
async fn a_copy_of_file_and_log_without_closing_has_every_commit() {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    for number in 0..5 {
        store.commit(&page(&store, number * 10..(number + 1) * 10).await).await.unwrap();
    }
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.path().join("crm.db-wal"), folder.path().join("copy.db-wal")).unwrap();
    let copied = SqliteStore::open(&copy).unwrap();
    assert_eq!(count(&copied).await, 50);
    assert_eq!(
        copied.checkpoint(&shop(), Stream::Customers).await.unwrap(),
        store.checkpoint(&shop(), Stream::Customers).await.unwrap()
    );
    // Half of the log: some of the commits, whole, each with its checkpoint.
    let log = std::fs::read(folder.path().join("crm.db-wal")).unwrap();
    for part in 1..8 {
        let torn = folder.path().join(format!("torn{part}.db"));
        std::fs::copy(&path, &torn).unwrap();
        std::fs::write(folder.path().join(format!("torn{part}.db-wal")), &log[..log.len() * part / 8])
            .unwrap();
        let torn = SqliteStore::open(&torn).unwrap();
        let there = count(&torn).await;
        assert_eq!(there % 10, 0);
        let reached = torn.checkpoint(&shop(), Stream::Customers).await.unwrap().complete_to;
        let expected = (there > 0).then(|| datetime!(2026-11-21 09:00 UTC) + Duration::from_secs(there));
        assert_eq!(reached, expected);
    }
}

/// Runs one of the ignored tests below in a process of its own.
fn process(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("tests::{test}"), "--ignored", "--nocapture"]).env(FILE, path);
    command
}

#[tokio::test]
#[ignore = "the other process of the two tests below"]
async fn child_writes_until_it_dies() {
    let path = std::env::var_os(FILE).unwrap();
    let store = SqliteStore::open(path).unwrap();
    for number in 0..20 {
        store.commit(&page(&store, number * 10..(number + 1) * 10).await).await.unwrap();
    }
    std::process::abort();
}

#[tokio::test]
#[ignore = "the other process of the two tests below"]
async fn child_writes_its_half() {
    let path = std::env::var_os(FILE).unwrap();
    write_half(&SqliteStore::open(path).unwrap(), 1).await;
}

async fn write_half(store: &SqliteStore, half: u64) {
    for number in 0..40 {
        let at = (number * 2 + half) * 5;
        // Pages overlap, so that both meet each other's records.
        loop {
            match store.commit(&Commit::of(planned(store, at..at + 8).await)).await {
                Ok(()) => break,
                Err(StoreError::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_process_that_dies_loses_no_commit() {
    let (_folder, path) = folder();
    let status = process("child_writes_until_it_dies", &path).output().unwrap().status;
    assert!(!status.success());
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(count(&store).await, 200);
    store.batch("SELECT CASE WHEN (SELECT integrity_check FROM pragma_integrity_check) <> 'ok' THEN abs(-9223372036854775808) END")
        .await
        .unwrap();
    store.commit(&page(&store, 200..210).await).await.unwrap();
}

#[tokio::test]
async fn two_processes_share_a_file() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    let mut child = process("child_writes_its_half", &path).spawn().unwrap();
    write_half(&store, 0).await;
    assert!(child.wait().unwrap().success());
    // 80 starts of 5 each, and the last page is 3 longer.
    assert_eq!(count(&store).await, 403);
    assert_eq!(store.size().await.unwrap().subjects, 403);
    assert_eq!(store.duplicates(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn an_older_file_becomes_a_newer_one_and_keeps_its_data() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.commit(&page(&store, 0..10).await).await.unwrap();
    drop(store);
    let next = [
        schema::STEPS,
        &["CREATE TABLE extra(n INTEGER PRIMARY KEY); ALTER TABLE link ADD COLUMN more TEXT;"],
    ]
    .concat();
    let store = SqliteStore::open_steps(&path, quick(), &next).unwrap();
    assert_eq!(count(&store).await, 10);
    store.batch("INSERT INTO extra VALUES(1)").await.unwrap();
    store.commit(&page(&store, 10..20).await).await.unwrap();
    drop(store);
    let store = SqliteStore::open_steps(&path, quick(), &next).unwrap();
    assert_eq!(count(&store).await, 20, "and a second time changes nothing");
    drop(store);
    let (found, known) = (u32::try_from(next.len()).unwrap(), u32::try_from(schema::STEPS.len()).unwrap());
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerFormat { found: f, known: k } if (f, k) == (found, known)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_file_as_it_was() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.commit(&page(&store, 0..10).await).await.unwrap();
    drop(store);
    let broken =
        [schema::STEPS, &["CREATE TABLE extra(n INTEGER PRIMARY KEY); CREATE TABLE account(twice);"]]
            .concat();
    assert!(SqliteStore::open_steps(&path, quick(), &broken).is_err());
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(count(&store).await, 10);
    store.batch("CREATE TABLE extra(n)").await.unwrap();
}

#[tokio::test]
async fn several_may_make_the_same_file_at_once() {
    let (_folder, path) = folder();
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || SqliteStore::open(path).map(drop))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    assert_eq!(count(&SqliteStore::open(&path).unwrap()).await, 0);
}

#[tokio::test]
async fn damaged_content_is_told_without_showing_it() {
    let store = SqliteStore::in_memory().unwrap();
    store.commit(&page(&store, 0..1).await).await.unwrap();
    store.batch(r#"UPDATE contact SET body = '{"id": ["Lan Bí Mật"]}'"#).await.unwrap();
    let error = store.contacts(&ContactQuery::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    for shown in [format!("{error}"), format!("{error:?}"), format!("{store:?}")] {
        assert!(!shown.contains("Bí Mật"), "{shown}");
    }
    store.batch("UPDATE subject SET body = 'x'").await.unwrap();
    let changed = customers(0..1).into_iter().map(|record| match record {
        Record::Customer(mut customer) => {
            customer.name = Some("Lan Mẫu".into());
            Record::Customer(customer)
        }
        other => other,
    });
    let want = wants(&Batch::new(shop(), changed.collect()), &Rules::new(IdentityRules::default()));
    assert!(matches!(store.snapshot(&want).await, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn options_reach_the_file() {
    let (_folder, path) = folder();
    let options = quick().with_durability(Durability::Power).with_cache_kib(512).with_readers(0);
    let store = SqliteStore::open_with(&path, options).unwrap();
    store.commit(&page(&store, 0..10).await).await.unwrap();
    assert_eq!(count(&store).await, 10, "without readers the one connection reads too");
    store
        .batch("SELECT CASE WHEN (SELECT synchronous FROM pragma_synchronous) <> 2 THEN abs(-9223372036854775808) END")
        .await
        .unwrap();
    let mode: String =
        Connection::open(&path).unwrap().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn amounts_and_instants_come_back_exactly() {
    use rusqlite::types::Value;
    for (text, integer) in [
        ("0", true),
        ("1250000", true),
        ("-0.0001", true),
        ("0.00001", false),
        ("922337203685477.5807", true),
        ("-922337203685477.5808", true),
        ("922337203685477.5808", false),
        ("79228162514264337593543950335", false),
    ] {
        let amount: Money = text.parse().unwrap();
        let value = codec::money(amount);
        assert_eq!(matches!(value, Value::Integer(_)), integer, "{text}");
        assert_eq!(codec::read_money((&value).into()).unwrap().to_string(), text);
    }
    let early = datetime!(0001-01-01 00:00 UTC);
    assert_eq!(codec::nanos(early), i64::MIN, "the ends of the scale are not passed");
    let now = datetime!(2026-11-21 09:00:00.123456789 UTC);
    assert_eq!(codec::instant(codec::nanos(now)), now);
}

/// A file as the first format left it: a customer and an order that were deleted for good, a delivery that waits, one that
/// is done, and a push.
const FIRST_FORMAT: &str = r#"
INSERT INTO account VALUES(1, 'kiotviet', 'cuahangmau');
INSERT INTO contact(n, id, seq, body) VALUES(1, 'c:kiotviet/cuahangmau/1', 1,
    '{"id":"c:kiotviet/cuahangmau/1","fields":{"name":{"value":"Lan","by":{"record":"c:kiotviet/cuahangmau/1"}}},"deleted":true}');
INSERT INTO subject(n, account, kind, id, contact, flags, at, rank, hash, seq, keys, body) VALUES(1, 1, 0, '1', 1, 0, NULL, 1, 7, 1,
    '["p:84912000123"]', '{"id":"1","identity":"person","kind":"person","name":"Lan","deleted":true,
    "addresses":[{"street":"1 Phố Mẫu","codes":{"province":"79"}}]}');
INSERT INTO holder VALUES('p:84912000123', 1, 1);
INSERT INTO document(n, account, id, kind, buyer, deleted, at, rank, hash, seq, currency, revenue, orders, why, body)
    VALUES(1, 1, '7', 0, 1, 1, '99999999999999999999', 12, 7, 1, 'VND', 0, 0, 'dead', '{"id":"7","stream":"order","code":"DH7"}');
INSERT INTO entry VALUES(1, 'products', '9', 5, 0, 7, 1, 1, NULL);
UPDATE meta SET sequence = 1;
INSERT INTO inbox(account, delivery, state, received, due, attempts, body) VALUES
    (1, 'waits', 0, 1795253400000000000, 0, 0, '[{"kind":"upsert","stream":"orders","topic":null,"ids":["7"],"refetch":true,"version":null,"related":[],"record":null}]'),
    (1, 'broken', 0, 1795253400000000000, 0, 0, NULL),
    (1, 'done', 1, 1795253400000000000, 0, 1, NULL);
INSERT INTO outbox(account, reference, state, due, attempts, body) VALUES(1, 'crm-1', 0, 0, 0,
    '{"account":{"vendor":"kiotviet","id":"cuahangmau"},"push":{"customer":{"reference":"crm-1"}},"contact":"crm-1"}');
"#;

#[tokio::test]
async fn a_file_of_the_first_format_is_carried_over_and_what_was_deleted_may_live_again() {
    let (_folder, path) = folder();
    let mut conn = Connection::open(&path).unwrap();
    schema::migrate(&mut conn, &schema::STEPS[..1]).unwrap();
    conn.execute_batch(FIRST_FORMAT).unwrap();
    drop(conn);
    let store = SqliteStore::open(&path).unwrap();
    let now = datetime!(2026-11-30 09:00 UTC);

    let customer = SubjectId::customer(&shop(), "1");
    let subject = store.subject(&customer).await.unwrap().unwrap();
    assert!(subject.record.deleted && subject.gone.is_some());
    assert!(subject.record.addresses[0].codes.is_empty(), "codes without a system mean nothing");
    let order = DocumentId::new(shop(), DocumentKind::Order, "7");
    assert!(store.document(&order).await.unwrap().unwrap().deleted);
    for stream in [Stream::Customers, Stream::Orders, Stream::Products] {
        assert_eq!(store.alive(&shop(), stream).await.unwrap(), 0, "{stream}");
    }

    // What was kept of a delivery are its events; one that cannot be read back stops nobody.
    let due = store.inbox(&shop(), now, 9).await.unwrap();
    assert_eq!(due.iter().map(|item| item.delivery.as_str()).collect::<Vec<_>>(), ["waits"]);
    assert!(due[0].verified.facts["events"].contains("upsert"));
    assert_eq!(due[0].received_at(), datetime!(2026-11-21 9:30 UTC));
    let dead = store.dead_letters(&shop(), 9).await.unwrap();
    assert_eq!((dead.len(), dead[0].0.delivery.as_str()), (1, "broken"));
    let pushes = store.outbox(&shop(), now, 9).await.unwrap();
    assert_eq!((pushes.len(), pushes[0].entry.push.reference(), pushes[0].maybe_sent), (1, "crm-1", None));

    let record = CustomerRecord { id: "1".into(), name: Some("Lan".into()), ..CustomerRecord::default() };
    let mut sale = OrderRecord::new(DocumentKind::Order, "7");
    sale.code = Some("DH7".into());
    let (batch, rules) =
        (Batch::new(shop(), vec![record.into(), sale.into()]), Rules::new(IdentityRules::default()));
    let snapshot = store.snapshot(&wants(&batch, &rules)).await.unwrap();
    store.commit(&Commit::of(plan(&batch, snapshot, &rules, now))).await.unwrap();
    for stream in [Stream::Customers, Stream::Orders] {
        assert_eq!(store.alive(&shop(), stream).await.unwrap(), 1, "{stream}");
    }
}

#[tokio::test]
async fn a_push_that_cannot_be_read_back_stops_no_other() {
    let store = SqliteStore::in_memory().unwrap();
    let mut changes = ChangeSet::default();
    for reference in ["crm-1", "crm-2", "crm-3"] {
        let push = Push::Contact { reference: reference.to_owned() };
        changes.outbox.push(Outbox::new(shop(), push, None));
    }
    store.commit(&Commit::of(changes)).await.unwrap();
    store
        .batch("UPDATE outbox SET body = '{\"push\": \"Lan\"}' WHERE reference IN ('crm-1', 'crm-2')")
        .await
        .unwrap();
    let now = datetime!(2026-11-30 09:00 UTC);
    let due = store.outbox(&shop(), now, 1).await.unwrap();
    assert_eq!(due.iter().map(|item| item.entry.push.reference()).collect::<Vec<_>>(), ["crm-3"]);
    let dead = store.dead_pushes(&shop(), 9).await.unwrap();
    let named: Vec<_> = dead.iter().map(|(item, why)| (item.entry.push.reference(), why.as_str())).collect();
    let why = "what was kept of it cannot be read back";
    assert_eq!(named, [("crm-1", why), ("crm-2", why)]);
    assert_eq!(store.dismiss(&shop(), Boxed::Outbox, &Which::All).await.unwrap(), 2);
    // Deliveries that all cannot be read back do not hide the ones behind them either.
    for (minute, delivery) in [(0, "a"), (1, "b")] {
        let headers = http::HeaderMap::new();
        let request = WebhookRequest::new(&headers, b"{}", now + Duration::from_secs(minute));
        let verified = Verified::proven(Vendor::new("kiotviet"), Trust::Signed, &request);
        assert!(store.accept(&InboxItem::new(shop(), delivery, Remember::Always, verified)).await.unwrap());
    }
    store.batch("UPDATE inbox SET body = 'x' WHERE delivery = 'a'").await.unwrap();
    let due = store.inbox(&shop(), now + Duration::from_secs(9), 1).await.unwrap();
    assert_eq!(due.iter().map(|item| item.delivery.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn a_closed_store_is_one_file_for_its_owner_alone() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.commit(&page(&store, 0..50).await).await.unwrap();
    assert_eq!(count(&store).await, 50, "a reader was at it too");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(store);
    let copy = path.with_extension("copy");
    std::fs::copy(&path, &copy).unwrap();
    assert_eq!(count(&SqliteStore::open(&copy).unwrap()).await, 50);
}

#[tokio::test]
async fn deliveries_alone_may_wait_for_the_disk() {
    let (_folder, path) = folder();
    let options = SqliteOptions::default().with_durability(Durability::Deliveries);
    let store = SqliteStore::open_with(&path, options).unwrap();
    let headers = http::HeaderMap::new();
    let request = WebhookRequest::new(&headers, b"{}", datetime!(2026-11-30 09:00 UTC));
    let verified = Verified::proven(Vendor::new("kiotviet"), Trust::Signed, &request);
    assert!(store.accept(&InboxItem::new(shop(), "a", Remember::Always, verified)).await.unwrap());
    store.commit(&page(&store, 0..5).await).await.unwrap();
    assert_eq!(count(&store).await, 5);
}

#[test]
fn an_error_of_opening_names_the_file() {
    let (folder, path) = folder();
    let missing = folder.path().join("no/such/folder/crm.db");
    let error = SqliteStore::open(&missing).unwrap_err().to_string();
    assert!(error.contains("no/such/folder/crm.db"), "{error}");
    std::fs::write(&path, "Chúng tôi không phải là cơ sở dữ liệu. ".repeat(50)).unwrap();
    let error = SqliteStore::open(&path).unwrap_err().to_string();
    assert!(error.contains("crm.db"), "{error}");
}

/// Sales as (number, buyer, revenue), whatever the rules would make of them.
fn sale((number, buyer, revenue): (u64, u64, i64)) -> Document {
    let id = DocumentId::new(shop(), DocumentKind::Order, number.to_string());
    let record = OrderRecord::new(id.kind, &*id.id);
    let version = Version::new(None, datetime!(2026-11-21 09:00 UTC), b"");
    let row = LedgerRow::new(Money::from(revenue), 1, Currency::VND, LedgerReason::Counted);
    let buyer = SubjectId::customer(&shop(), &buyer.to_string());
    Document::new(id, record, version, row).with_parties(Some(buyer), None)
}

/// What three customers bought, who bought most, and whom the numbers of the first two find.
async fn told(store: &SqliteStore) -> (Vec<(i64, usize)>, Vec<i64>, Vec<usize>) {
    let revenue = |of: &pos_sync::Totals| of.revenue.decimal().try_into().unwrap();
    let (mut bought, mut found) = (Vec::new(), Vec::new());
    for number in 0..3 {
        let contact = ContactId::from(&SubjectId::customer(&shop(), &format!("{number}")));
        let totals = store.totals(&contact).await.unwrap();
        let sales = store.documents(&contact, 9).await.unwrap();
        bought.push((totals.iter().map(revenue).sum(), sales.len()));
        let key = format!("p:8491200000{number}").parse().unwrap();
        found.push(store.contacts(&ContactQuery::by_key(key)).await.unwrap().len());
    }
    let best = store.best_contacts(Currency::VND, 9).await.unwrap();
    (bought, best.iter().map(|(_, totals)| revenue(totals)).collect(), found)
}

#[tokio::test]
async fn keys_and_sales_are_found_at_both_levels_and_the_later_row_counts() {
    let store = SqliteStore::in_memory().unwrap();
    let write = async |mut changes: ChangeSet| {
        changes.reads.sequence = store.snapshot(&Want::default()).await.unwrap().sequence;
        store.commit(&Commit::of(changes)).await.unwrap();
    };
    let settle = async |numbers: std::ops::Range<u64>| {
        for number in numbers {
            store.commit(&page(&store, number..number + 1).await).await.unwrap();
        }
        let levels = store.db.read(|conn, _| {
            let sql =
                "SELECT count(*) FILTER (WHERE level = 0), count(*) FILTER (WHERE level = 1) FROM bought";
            Ok(conn.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?)
        });
        assert_eq!(levels.await.unwrap(), (0, 2));
    };
    store.commit(&page(&store, 0..3).await).await.unwrap();
    let mut changes = ChangeSet::default();
    changes.documents = [(1, 0, 100), (2, 1, 50)].map(sale).map(Change::new).to_vec();
    write(changes).await;
    let first = (vec![(100, 1), (50, 1), (0, 0)], vec![100, 50], vec![1, 1, 1]);
    assert_eq!(told(&store).await, first);
    settle(100..170).await;
    assert_eq!(told(&store).await, first);

    // A row of the ledger alone, a sale that goes to another buyer, and a number that is given up.
    let mut changes = ChangeSet::default();
    let paid_back = sale((1, 0, 70));
    changes.ledger.push((paid_back.id.clone(), paid_back.ledger));
    changes.documents.push(Change::changed(sale((2, 2, 60))));
    write(changes).await;
    let mute = CustomerRecord { id: "1".into(), ..CustomerRecord::default() };
    let (batch, rules) = (Batch::new(shop(), vec![mute.into()]), Rules::new(IdentityRules::default()));
    let snapshot = store.snapshot(&wants(&batch, &rules)).await.unwrap();
    let later = datetime!(2026-11-21 10:00 UTC);
    store.commit(&Commit::of(plan(&batch, snapshot, &rules, later))).await.unwrap();
    let second = (vec![(70, 1), (0, 0), (60, 1)], vec![70, 60], vec![1, 0, 1]);
    assert_eq!(told(&store).await, second);
    settle(200..270).await;
    assert_eq!(told(&store).await, second);
}
