//! The tests. Each is named after what it proves and panics when it does not hold.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "these functions are tests; a panic is their verdict"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pos_core::connector::{ConnectorExt, PushOutcome};
use pos_core::identity::{PhoneRules, read_phone};
use pos_core::record::{DocumentKind, Record, Stream};
use pos_core::webhook::{EventKind, MAX_BODY, Refusal, Trust, WebhookRequest};
use pos_core::{Connector, Cursor, Error, ErrorKind, HookPlan, ListQuery, Page, StreamCapabilities};

use super::run::Contract;
use super::sandbox::{Change, Setup, Shipment, VendorSandbox};
use crate::fault::{Fault, Rule};

type Shop = Arc<dyn Connector>;

/// More pages than any scan here can need.
const ENOUGH: usize = 400;

fn listed(connector: &Shop) -> Vec<(Stream, StreamCapabilities)> {
    connector.capabilities().streams.into_iter().filter(|(_, caps)| caps.list).collect()
}

fn ids(page: &Page<Record>) -> Vec<String> {
    page.records.iter().map(|record| record.id().to_owned()).collect()
}

/// Reads pages up to the end and hands each to `look`.
async fn walk(
    connector: &Shop,
    stream: Stream,
    query: &ListQuery,
    mut look: impl FnMut(usize, &Page<Record>),
) -> Vec<String> {
    let mut query = query.clone();
    let mut seen = Vec::new();
    for number in 1..=ENOUGH {
        let page = connector
            .list(stream, &query)
            .await
            .unwrap_or_else(|error| panic!("{stream}, page {number}: {error}"));
        assert!(page.rejected.is_empty(), "{stream}, page {number}: {:?}", page.rejected);
        seen.extend(ids(&page));
        look(number, &page);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return seen,
        }
    }
    panic!("the scan of {stream} does not end");
}

async fn scan(connector: &Shop, stream: Stream, query: &ListQuery) -> Vec<String> {
    walk(connector, stream, query, |_, _| {}).await
}

fn assert_same(stream: Stream, seen: &[String], expected: &[String]) {
    let once: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "{stream}: some records came twice");
    let expected: BTreeSet<&String> = expected.iter().collect();
    let missing: Vec<_> = expected.difference(&once).take(5).collect();
    let extra: Vec<_> = once.difference(&expected).take(5).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{stream}: missing {missing:?}, not asked for {extra:?}");
}

fn error_of<T: std::fmt::Debug>(what: impl std::fmt::Display, result: Result<T, Error>) -> Error {
    match result {
        Ok(value) => panic!("{what}: expected an error, got {value:?}"),
        Err(error) => error,
    }
}

/// The requests that `work` sends, tokens included.
async fn requests_of<S: VendorSandbox, T>(shop: &S, work: impl Future<Output = T>) -> (u64, T) {
    let before = shop.request_count() + shop.token_requests();
    let result = work.await;
    (shop.request_count() + shop.token_requests() - before, result)
}

/// A stream that is long enough for paging: customers if they are listed, else the first listed one.
fn main_stream(connector: &Shop) -> Stream {
    let listed = listed(connector);
    let customers = listed.iter().find(|(stream, _)| *stream == Stream::Customers);
    customers.or(listed.first()).map(|(stream, _)| *stream).unwrap_or(Stream::Customers)
}

/// Asks for a page of a list and says how many records it has. A vendor that lists nothing is asked for one record by its id,
/// which stands for as many as were asked for.
async fn ask<S: VendorSandbox>(
    shop: &S,
    connector: &Shop,
    stream: Stream,
    query: &ListQuery,
) -> Result<usize, Error> {
    if connector.capabilities().stream(stream).list {
        return Ok(connector.list(stream, query).await?.records.len());
    }
    let id = shop.ids(stream).into_iter().next().expect("a record");
    connector.get(stream, &id).await?;
    Ok(query.page_size.unwrap_or(1) as usize)
}

/// `check` opens the shop with good credentials, and with bad ones it is refused for good.
pub async fn good_credentials_are_accepted_and_bad_ones_refused<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let info = connector.check().await.expect("good credentials");
    assert_eq!(&info.account, connector.account());
    if connector.capabilities().stream(Stream::Branches).list {
        let branches: Vec<String> = info.branches.iter().map(|branch| branch.id.clone()).collect();
        assert_same(Stream::Branches, &branches, &shop.ids(Stream::Branches));
    }
    shop.revoke_credentials();
    let error = error_of("revoked credentials", connector.check().await);
    assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    assert_eq!(error.retry(), pos_core::Retry::Never, "{error}");
    let again = (contract.connect)(&shop);
    again.check().await.expect("the new credentials");
}

/// A scan of every listed stream, with the largest page and with small ones, returns every record exactly once.
pub async fn a_full_scan_returns_every_record_once<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, _) in listed(&connector) {
        for query in [ListQuery::default(), ListQuery::default().with_page_size(17)] {
            assert_same(stream, &scan(&connector, stream, &query).await, &shop.ids(stream));
        }
    }
}

/// Where the total is promised, every page tells it rightly.
pub async fn the_total_is_told<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, caps) in listed(&connector).into_iter().filter(|(_, caps)| caps.total) {
        let expected = shop.ids(stream).len() as u64;
        let page = connector.list(stream, &ListQuery::default().with_page_size(2)).await.unwrap();
        assert_eq!(page.total, Some(expected), "{stream} {caps:?}");
    }
}

/// A page is never larger than asked for, and a page larger than the vendor's is refused before the request.
pub async fn a_page_holds_as_many_records_as_asked_for<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, caps) in listed(&connector) {
        let page = connector.list(stream, &ListQuery::default().with_page_size(2)).await.unwrap();
        assert!(page.records.len() <= 2, "{stream}: {} records", page.records.len());
        if shop.ids(stream).len() > 2 {
            assert!(!page.records.is_empty() && page.next.is_some(), "{stream}");
        }
        for size in [0, caps.max_page_size.saturating_add(1)] {
            if size == 1 {
                // No largest page is promised.
                continue;
            }
            let query = ListQuery::default().with_page_size(size);
            let (sent, result) = requests_of(&shop, connector.list(stream, &query)).await;
            let error = error_of(format!("{stream}, page size {size}"), result);
            assert_eq!(
                (error.kind(), sent),
                (ErrorKind::Unsupported, 0),
                "{stream}, page size {size}: {error}"
            );
        }
    }
}

/// A shop without customers and sales is read without complaint.
pub async fn an_empty_shop_has_an_end<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup { customers: 0, documents: 0, ..Setup::default() }).await;
    for (stream, caps) in listed(&connector) {
        let seen = walk(&connector, stream, &ListQuery::default(), |_, page| {
            if caps.total {
                assert_eq!(page.total, Some(shop.ids(stream).len() as u64), "{stream}");
            }
        })
        .await;
        assert_same(stream, &seen, &shop.ids(stream));
    }
}

/// Totals rows and other rows without a real id never become records.
pub async fn rows_that_are_no_records_are_left_out<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup { odd_rows: true, ..Setup::default() }).await;
    for (stream, _) in listed(&connector) {
        for query in [ListQuery::default(), ListQuery::default().with_page_size(9)] {
            assert_same(stream, &scan(&connector, stream, &query).await, &shop.ids(stream));
        }
    }
}

/// A cursor that was stored as text takes a new connector to where the old one stopped.
pub async fn a_scan_goes_on_after_a_restart<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, _) in listed(&connector) {
        let mut query = ListQuery::default().with_page_size(11);
        let mut seen = Vec::new();
        let mut connector = connector.clone();
        for number in 1.. {
            assert!(number <= ENOUGH, "the scan of {stream} does not end");
            let page = connector.list(stream, &query).await.unwrap();
            seen.extend(ids(&page));
            let Some(next) = page.next else { break };
            assert!(next.as_str().len() <= pos_core::page::MAX_CURSOR, "{stream}");
            let stored = serde_json::to_string(&next).unwrap();
            query.cursor = Some(serde_json::from_str::<Cursor>(&stored).unwrap());
            connector = (contract.connect)(&shop);
        }
        assert_same(stream, &seen, &shop.ids(stream));
    }
}

/// A cursor of another stream, another vendor, or of nobody is refused, and nothing is sent.
pub async fn a_foreign_cursor_is_refused_before_any_request<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let listed = listed(&connector);
    let mut known = BTreeMap::new();
    for (stream, _) in &listed {
        let page = connector.list(*stream, &ListQuery::default().with_page_size(1)).await.unwrap();
        if let Some(next) = page.next {
            known.insert(*stream, next);
        }
    }
    for (stream, _) in &listed {
        let mut foreign: Vec<Cursor> =
            known.iter().filter(|(other, _)| *other != stream).map(|(_, next)| next.clone()).collect();
        for text in ["", "garbage", "elsewhere/customers/1:{\"o\":4}", "{}", "null", "\u{0}\u{fffd}"] {
            foreign.push(Cursor::from(text.to_owned()));
        }
        if let Some(own) = known.get(stream) {
            let text = own.as_str();
            let cut = (0..text.len()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            foreign.push(Cursor::from(text[..cut].to_owned()));
            foreign.push(Cursor::from(format!("{text}{}", " ".repeat(2000))));
        }
        for cursor in foreign {
            let query = ListQuery::default().with_cursor(Some(cursor.clone()));
            let (sent, result) = requests_of(&shop, connector.list(*stream, &query)).await;
            let error = error_of(format!("{stream} with {cursor:?}"), result);
            assert_eq!((error.kind(), sent), (ErrorKind::Config, 0), "{stream} with {cursor:?}: {error}");
        }
    }
}

/// A window has the records that changed in it, both ends included, and no others.
pub async fn a_window_holds_exactly_what_changed_in_it<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, caps) in listed(&connector).into_iter().filter(|(_, caps)| caps.modified_from) {
        let before = shop.now();
        let known = shop.ids(stream);
        let mut changed: Vec<String> = known.iter().step_by(known.len() / 3 + 1).cloned().collect();
        changed.retain(|id| shop.touch(stream, id));
        changed.extend(shop.insert(stream));
        shop.settle();
        let query = ListQuery::default().with_modified_from(before);
        assert_same(stream, &scan(&connector, stream, &query).await, &changed);
        let small = query.clone().with_page_size(1);
        assert_same(stream, &scan(&connector, stream, &small).await, &changed);
        // The record's own time is the lower bound: it must be in.
        let mut latest = None;
        let mut pages = connector.pages(stream, query.clone());
        while let Some(page) = pages.try_next().await.unwrap() {
            latest = latest.max(
                page.records
                    .iter()
                    .filter_map(|record| Some((changed_at(record)?, record.id().to_owned())))
                    .max(),
            );
        }
        if let Some((at, id)) = latest {
            let seen = scan(&connector, stream, &ListQuery::default().with_modified_from(at)).await;
            assert!(
                seen.contains(&id),
                "{stream}: the lower bound leaves out a record that changed at that instant"
            );
        }
        let soon = Duration::from_secs(3600) + shop.blur();
        let later = ListQuery::default().with_modified_from(shop.now() + soon);
        assert_same(stream, &scan(&connector, stream, &later).await, &[]);
        if caps.modified_to {
            let until = ListQuery::default().with_modified_to(before - Duration::from_secs(2));
            let older: Vec<String> = known.iter().filter(|id| !changed.contains(id)).cloned().collect();
            assert_same(stream, &scan(&connector, stream, &until).await, &older);
            let both = query.with_modified_to(shop.now() + Duration::from_secs(60));
            assert_same(stream, &scan(&connector, stream, &both).await, &changed);
        }
    }
}

fn changed_at(record: &Record) -> Option<time::OffsetDateTime> {
    match record {
        Record::Customer(record) => record.updated_at,
        Record::Order(record) => record.updated_at,
        Record::Product(record) => record.updated_at,
        _ => None,
    }
}

/// Where it is promised, a list names the records that are gone.
pub async fn removed_records_are_told<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, caps) in listed(&connector).into_iter().filter(|(_, caps)| caps.removed) {
        let before = shop.now();
        let all = shop.ids(stream);
        let gone: Vec<String> =
            all.iter().rev().take(2).filter(|id| shop.remove(stream, id)).cloned().collect();
        assert!(!gone.is_empty(), "{stream}: the sandbox cannot remove what the connector promises to tell");
        let mut query = ListQuery::default().with_removed();
        if caps.modified_from {
            query = query.with_modified_from(before);
        }
        let mut told = BTreeSet::new();
        let seen =
            walk(&connector, stream, &query, |_, page| told.extend(page.removed.iter().cloned())).await;
        assert_eq!(told, gone.iter().cloned().collect::<BTreeSet<_>>(), "{stream}");
        assert!(seen.iter().all(|id| !gone.contains(id)), "{stream}");
    }
}

/// A stream, read or push that the capabilities do not promise answers `Unsupported` without a request.
pub async fn what_is_not_promised_sends_nothing<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let caps = connector.capabilities();
    for stream in Stream::ALL {
        if !caps.stream(stream).list {
            let (sent, result) = requests_of(&shop, connector.list(stream, &ListQuery::default())).await;
            assert_eq!((error_of(stream, result).kind(), sent), (ErrorKind::Unsupported, 0), "{stream}");
        }
        if !caps.stream(stream).get {
            let id = shop.ids(stream).first().cloned().unwrap_or_else(|| "1".into());
            let (sent, result) = requests_of(&shop, connector.get(stream, &id)).await;
            assert_eq!((error_of(stream, result).kind(), sent), (ErrorKind::Unsupported, 0), "{stream}");
        }
    }
    if !caps.push_customer {
        let push = shop.customer_push("contract-1");
        let (sent, result) = requests_of(&shop, connector.push_customer(&push)).await;
        assert_eq!((error_of("push_customer", result).kind(), sent), (ErrorKind::Unsupported, 0));
    }
    if !caps.push_order {
        let push = shop.order_push("contract-1");
        let (sent, result) = requests_of(&shop, connector.push_order(&push)).await;
        assert_eq!((error_of("push_order", result).kind(), sent), (ErrorKind::Unsupported, 0));
    }
    if !caps.register_webhooks {
        let plan = HookPlan::new("https://crm.example.com/hooks", "test-secret-f4f1").unwrap();
        let (sent, result) = requests_of(&shop, connector.register_webhooks(&plan)).await;
        assert_eq!((error_of("register_webhooks", result).kind(), sent), (ErrorKind::Unsupported, 0));
        let (sent, result) = requests_of(&shop, connector.webhook_health(&plan)).await;
        assert_eq!((error_of("webhook_health", result).kind(), sent), (ErrorKind::Unsupported, 0));
    }
}

/// A query argument that the vendor does not know is refused before the request, not ignored.
pub async fn an_argument_that_would_be_ignored_is_refused<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let now = shop.now();
    let branch = shop.ids(Stream::Branches).first().cloned().unwrap_or_else(|| "1".into());
    for (stream, caps) in listed(&connector) {
        let arguments = [
            (caps.modified_from, "modified_from", ListQuery::default().with_modified_from(now)),
            (caps.modified_to, "modified_to", ListQuery::default().with_modified_to(now)),
            (caps.branch, "branch_id", ListQuery::default().with_branch(branch.clone())),
            (caps.removed, "include_removed", ListQuery::default().with_removed()),
        ];
        for (promised, name, query) in arguments {
            let (sent, result) = requests_of(&shop, connector.list(stream, &query)).await;
            if promised {
                assert!(result.is_ok(), "{stream} with {name}: {result:?}");
                continue;
            }
            let error = error_of(format!("{stream} with {name}"), result);
            assert_eq!((error.kind(), sent), (ErrorKind::Unsupported, 0), "{stream} with {name}: {error}");
        }
    }
}

/// Rows that are deleted while a scan is under way cost no other row.
pub async fn rows_that_vanish_between_pages_hide_no_others<S: VendorSandbox>(contract: Contract<S>) {
    for (deletions, after) in [(1, 1), (3, 2), (25, 3)] {
        let (shop, connector) = contract.shop(Setup::default()).await;
        for (stream, _) in listed(&connector) {
            let all = shop.ids(stream);
            if all.len() < 60 {
                continue;
            }
            let mut gone = BTreeSet::new();
            let seen = walk(&connector, stream, &ListQuery::default().with_page_size(10), |number, _| {
                if number == after {
                    gone.extend(all.iter().take(deletions).filter(|id| shop.remove(stream, id)).cloned());
                }
            })
            .await;
            // What was deleted may have been seen before it went.
            let kept: Vec<String> = seen.into_iter().filter(|id| !gone.contains(id)).collect();
            let expected: Vec<String> = all.iter().filter(|id| !gone.contains(*id)).cloned().collect();
            assert_same(stream, &kept, &expected);
        }
    }
}

/// Rows that are added or changed while a scan is under way cost no other row.
pub async fn rows_that_are_added_or_changed_between_pages_hide_no_others<S: VendorSandbox>(
    contract: Contract<S>,
) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, _) in listed(&connector) {
        let all = shop.ids(stream);
        if all.len() < 60 {
            continue;
        }
        let seen = walk(&connector, stream, &ListQuery::default().with_page_size(10), |number, page| {
            if number < 4 {
                shop.insert(stream);
                if let Some(record) = page.records.first() {
                    shop.touch(stream, record.id());
                }
                shop.touch(stream, &all[all.len() / 2 + number]);
            }
        })
        .await;
        let once: BTreeSet<&String> = seen.iter().collect();
        let missing: Vec<_> = all.iter().filter(|id| !once.contains(id)).take(5).collect();
        assert!(missing.is_empty(), "{stream}: {missing:?} were lost");
    }
}

/// A vendor that answers its last page for ever does not keep a scan going for ever.
pub async fn a_repeated_last_page_ends_the_scan<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup { repeat_tail: true, ..Setup::default() }).await;
    for (stream, _) in listed(&connector) {
        for size in [10, 23] {
            let query = ListQuery::default().with_page_size(size);
            assert_same(stream, &scan(&connector, stream, &query).await, &shop.ids(stream));
        }
    }
}

/// One broken record is told with its id and its place, unless what is broken is no more than a name; the others arrive.
pub async fn a_broken_record_costs_only_itself<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, _) in listed(&connector) {
        let (Some(path), all) = (shop.list_path(stream), shop.ids(stream)) else { continue };
        if all.len() < 2 {
            continue;
        }
        shop.faults().add(Rule::new(Fault::BreakRecord { row: 1 }).on_exactly("GET", path));
        let applied = shop.faults().applied();
        let mut query = ListQuery::default().with_page_size(10);
        let mut seen = Vec::new();
        let mut rejected = Vec::new();
        for _ in 0..ENOUGH {
            let page =
                connector.list(stream, &query).await.unwrap_or_else(|error| panic!("{stream}: {error}"));
            seen.extend(ids(&page));
            rejected.extend(page.rejected);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        shop.faults().clear();
        assert_eq!(shop.faults().applied(), applied + 1, "{stream}: the list was not read by GET {path}");
        assert!(rejected.len() <= 1, "{stream}: {rejected:?}");
        let Some(broken) = rejected.first() else {
            // A name that cannot be read costs the name.
            assert_same(stream, &seen, &all);
            continue;
        };
        assert!(!broken.path.is_empty() && !broken.reason.is_empty(), "{stream}: {broken:?}");
        let id = broken
            .id
            .clone()
            .unwrap_or_else(|| panic!("{stream}: the id of the broken record is not told: {broken:?}"));
        seen.push(id);
        assert_same(stream, &seen, &all);
    }
}

/// 429 is waited for: as long as the vendor asks, or a little when it does not say.
pub async fn a_throttled_request_waits_and_succeeds<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let stream = main_stream(&connector);
    // A first page may ask for the number of rows, too.
    let five = ListQuery::default().with_page_size(5);
    ask(&shop, &connector, stream, &five).await.unwrap();
    let (usual, page) = requests_of(&shop, ask(&shop, &connector, stream, &five)).await;
    page.unwrap();
    for (retry_after, times, at_least) in
        [(None, 2, Duration::ZERO), (Some(1), 1, Duration::from_millis(950))]
    {
        shop.faults().add(Rule::new(Fault::Throttle { retry_after }).times(times));
        let started = Instant::now();
        let (sent, page) = requests_of(&shop, ask(&shop, &connector, stream, &five)).await;
        assert_eq!(page.unwrap(), 5);
        assert_eq!(sent, times + usual);
        assert!(started.elapsed() >= at_least, "waited only {:?}", started.elapsed());
    }
    shop.faults().add(Rule::new(Fault::Throttle { retry_after: Some(86_400) }).always());
    let whole = ListQuery::default();
    let (sent, result) = requests_of(&shop, ask(&shop, &connector, stream, &whole)).await;
    let error = error_of("a day's wait", result);
    assert_eq!((error.kind(), sent), (ErrorKind::RateLimited, 1), "{error}");
    assert_eq!(error.retry(), pos_core::Retry::After(Duration::from_secs(86_400)));
}

/// 500, 502, 503 and 504 are asked again, and told when they do not end.
pub async fn a_failing_server_is_asked_again<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let stream = main_stream(&connector);
    for status in [500, 502, 503, 504] {
        shop.faults().add(Rule::new(Fault::Status(status)).times(2));
        let page = ask(&shop, &connector, stream, &ListQuery::default().with_page_size(5)).await;
        assert_eq!(page.unwrap_or_else(|error| panic!("{status}: {error}")), 5);
    }
    shop.faults().add(Rule::new(Fault::Status(503)).always());
    let error = error_of("503 without end", ask(&shop, &connector, stream, &ListQuery::default()).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.retry(), pos_core::Retry::Backoff, "{error}");
}

/// An answer that breaks off, or a connection that does, is asked for again and never read in part.
pub async fn a_cut_answer_is_asked_for_again<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let stream = main_stream(&connector);
    ask(&shop, &connector, stream, &ListQuery::default().with_page_size(1)).await.unwrap();
    for fault in [Fault::CutBody, Fault::LoseAnswer, Fault::Reset] {
        shop.faults().add(Rule::new(fault.clone()).times(2));
        let page = ask(&shop, &connector, stream, &ListQuery::default().with_page_size(50)).await;
        assert_eq!(page.unwrap_or_else(|error| panic!("{fault:?}: {error}")), 50);
    }
    shop.faults().add(Rule::new(Fault::CutBody).always());
    let error = error_of("cut without end", ask(&shop, &connector, stream, &ListQuery::default()).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

/// A server that never answers costs a time limit, not the process.
pub async fn a_hanging_answer_times_out<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let stream = main_stream(&connector);
    ask(&shop, &connector, stream, &ListQuery::default().with_page_size(1)).await.unwrap();
    shop.faults().add(Rule::new(Fault::Hang));
    let page = ask(&shop, &connector, stream, &ListQuery::default().with_page_size(5)).await.unwrap();
    assert_eq!(page, 5);
    shop.faults().add(Rule::new(Fault::Hang).always());
    let started = Instant::now();
    let error = error_of("no answer", ask(&shop, &connector, stream, &ListQuery::default()).await);
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.retry(), pos_core::Retry::Backoff, "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// However many calls find their token expired, one new token is fetched.
pub async fn an_expired_token_is_renewed_once_for_all<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let stream = main_stream(&connector);
    ask(&shop, &connector, stream, &ListQuery::default().with_page_size(1)).await.unwrap();
    if !shop.expire_tokens() {
        // This vendor has no tokens that could expire.
        return;
    }
    let before = shop.token_requests();
    let mut calls = Vec::new();
    for _ in 0..6 {
        let connector = connector.clone();
        calls.push(tokio::spawn(async move {
            connector.list(stream, &ListQuery::default().with_page_size(3)).await
        }));
    }
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().records.len(), 3);
    }
    assert_eq!(shop.token_requests() - before, 1, "a new token was fetched more than once");
}

/// A token that ends between two pages, and one that ends under a request, cost a scan nothing.
pub async fn a_scan_survives_an_expired_token<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let stream = main_stream(&connector);
    if !connector.capabilities().stream(stream).list {
        // This vendor lists nothing that could be scanned.
        return;
    }
    let mut has_tokens = false;
    let seen = walk(&connector, stream, &ListQuery::default().with_page_size(40), |number, _| {
        if number == 2 {
            has_tokens = shop.expire_tokens();
        }
        if number == 3 && has_tokens {
            shop.faults().add(Rule::new(Fault::StaleToken));
        }
    })
    .await;
    assert_same(stream, &seen, &shop.ids(stream));
}

/// A web page where data should be is an error of its own, which shows nothing of the page.
pub async fn a_web_page_is_a_clear_error<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let stream = main_stream(&connector);
    ask(&shop, &connector, stream, &ListQuery::default().with_page_size(1)).await.unwrap();
    shop.faults().add(Rule::new(Fault::Html).always());
    let error = error_of("a web page", ask(&shop, &connector, stream, &ListQuery::default()).await);
    assert!(
        matches!(error.kind(), ErrorKind::Decode | ErrorKind::Unavailable | ErrorKind::Auth),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains('<'), "{error}");
}

/// Valid JSON of another shape is an error, not an empty list: a sync that took it for the end would lose the rest.
pub async fn an_answer_of_another_shape_is_a_clear_error<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let mut accepted = Vec::new();
    for (stream, _) in listed(&connector) {
        connector.list(stream, &ListQuery::default().with_page_size(1)).await.unwrap();
        let bodies = [
            "[[\"unexpected\"]]",
            "{\"message\":\"Hệ thống đang bận\"}",
            "\"unexpected\"",
            "null",
            "{}",
            "{\"data\":{}}",
            "[]",
            "",
        ];
        for body in bodies.into_iter().filter(|body| *body != "[]" || !shop.bare_list()) {
            shop.faults().add(Rule::new(Fault::Answer { status: 200, body: body.to_owned() }).always());
            match connector.list(stream, &ListQuery::default()).await {
                Ok(_) => accepted.push(format!("{stream}: {body}")),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Decode, "{stream}, {body}: {error}");
                    assert!(!error.to_string().contains("unexpected"), "{stream}, {body}: {error}");
                }
            }
            shop.faults().clear();
        }
    }
    assert!(accepted.is_empty(), "these were taken for lists: {accepted:#?}");
}

/// The vendor's own refusals come out as what they are, with the vendor's code, and are not sent again.
pub async fn refusals_are_told_apart_and_not_repeated<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    connector.check().await.unwrap();
    for (stream, _) in connector.capabilities().streams.into_iter().filter(|(_, caps)| caps.get) {
        let id = shop.ids(stream).first().cloned().unwrap();
        for (code, kind) in shop.refusals(stream) {
            shop.faults().add(Rule::new(Fault::Refuse(code.to_owned())).always());
            let (sent, result) = requests_of(&shop, connector.get(stream, &id)).await;
            shop.faults().clear();
            let error = error_of(format!("{stream}, {code}"), result);
            assert_eq!((error.kind(), sent), (kind, 1), "{stream}, {code}: {error}");
            assert_eq!(error.vendor_code(), Some(code), "{stream}: {error}");
        }
    }
}

/// A record is read by its id, and an id that nothing has is `NotFound`.
pub async fn one_record_is_found_and_an_unknown_one_is_not<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    for (stream, _) in connector.capabilities().streams.into_iter().filter(|(_, caps)| caps.get) {
        let all = shop.ids(stream);
        for id in [all.first(), all.get(all.len() / 2), all.last()].into_iter().flatten() {
            let record =
                connector.get(stream, id).await.unwrap_or_else(|error| panic!("{stream} {id}: {error}"));
            assert_eq!(record.id(), id);
        }
        let error = error_of(stream, connector.get(stream, &shop.unknown_id(stream)).await);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{stream}: {error}");
        for id in ["", "../settings", "1?x=1", "không phải mã", "%00"] {
            let error = error_of(format!("{stream} {id:?}"), connector.get(stream, id).await);
            assert!(
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Config | ErrorKind::Rejected),
                "{stream} {id:?}: {error}"
            );
        }
    }
}

/// The same customer pushed twice, and once more by a new process, is one customer.
pub async fn the_same_customer_pushed_twice_is_one<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    if !connector.capabilities().push_customer {
        return;
    }
    let before = shop.ids(Stream::Customers).len();
    let push = shop.customer_push("contract-1");
    let first = connector.push_customer(&push).await.unwrap();
    assert_eq!(first.outcome, PushOutcome::Created);
    shop.settle();
    let second = connector.push_customer(&push).await.unwrap();
    let third = (contract.connect)(&shop).push_customer(&push).await.unwrap();
    assert_eq!((&second.id, &third.id), (&first.id, &first.id));
    assert_ne!(second.outcome, PushOutcome::Created);
    assert_eq!(shop.ids(Stream::Customers).len(), before + 1);
    assert!(shop.ids(Stream::Customers).contains(&first.id));
    let other = connector.push_customer(&shop.customer_push("contract-2")).await.unwrap();
    assert_ne!(other.id, first.id);
    shop.settle();
    assert_eq!(shop.ids(Stream::Customers).len(), before + 2);
    let mut change = shop.customer_push("contract-1");
    change.vendor_id = Some(first.id.clone());
    change.name = Some("Người Mới Mẫu".into());
    if connector.capabilities().customers_fixed {
        let (sent, result) = requests_of(&shop, connector.push_customer(&change)).await;
        assert_eq!((error_of("a change", result).kind(), sent), (ErrorKind::Unsupported, 0));
        return;
    }
    match connector.push_customer(&change).await {
        Ok(changed) => {
            assert_eq!((changed.id.as_str(), changed.outcome), (first.id.as_str(), PushOutcome::Updated));
        }
        // A vendor whose answer does not tell and whose lists lag: it was carried out, and is found so later.
        Err(error) => {
            assert_ne!(error.retry(), pos_core::Retry::Never, "{error}");
            shop.settle();
            let again = connector.push_customer(&change).await.unwrap();
            assert_eq!((again.id.as_str(), again.outcome), (first.id.as_str(), PushOutcome::Found));
        }
    }
    shop.settle();
    assert_eq!(shop.ids(Stream::Customers).len(), before + 2);
    let read = connector.get_customer(&first.id).await.unwrap();
    assert_eq!(read.name.as_deref(), Some("Người Mới Mẫu"));
}

/// The same order pushed twice, and once more by a new process, is one order.
pub async fn the_same_order_pushed_twice_is_one<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    if !connector.capabilities().push_order {
        return;
    }
    let before = shop.ids(Stream::Orders).len();
    let push = shop.order_push("contract-1");
    let first = connector.push_order(&push).await.unwrap();
    assert_eq!(first.outcome, PushOutcome::Created);
    shop.settle();
    let second = connector.push_order(&push).await.unwrap();
    let third = (contract.connect)(&shop).push_order(&push).await.unwrap();
    assert_eq!((&second.id, &third.id), (&first.id, &first.id));
    assert_eq!((second.outcome, third.outcome), (PushOutcome::Found, PushOutcome::Found));
    assert_eq!(shop.ids(Stream::Orders).len(), before + 1);
    let other = connector.push_order(&shop.order_push("contract-11")).await.unwrap();
    assert_ne!(other.id, first.id, "another reference that begins alike is another order");
    assert_eq!(shop.ids(Stream::Orders).len(), before + 2);
}

/// An order is made for somebody who is no customer of the shop and has no e-mail address, where that is promised.
pub async fn a_guest_buys_where_that_is_promised<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let capabilities = connector.capabilities();
    if !(capabilities.push_order && capabilities.guest_orders) {
        return;
    }
    let mut push = shop.order_push("contract-31");
    let mut guest = shop.customer_push("contract-31-guest");
    guest.email = None;
    guest.address = push.buyer.and_then(|buyer| buyer.address);
    let number = guest.phones.first().and_then(|phone| read_phone(phone, &PhoneRules::default()));
    (push.buyer_id, push.buyer) = (None, Some(guest));
    let made = connector.push_order(&push).await.unwrap();
    assert_eq!(made.outcome, PushOutcome::Created);
    shop.settle();
    let read = connector.get_document(DocumentKind::Order, &made.id).await.unwrap();
    let phones = read.buyer.map(|buyer| buyer.phones).unwrap_or_default();
    let number = number.unwrap().e164;
    assert!(phones.iter().any(|phone| phone.e164 == Some(number)), "the order says who bought: {phones:?}");
}

/// The next attempt comes when lists show what the one before may have made, as a sync has it.
async fn pushed_until_it_works<S: VendorSandbox, T, F: Future<Output = Result<T, Error>>>(
    shop: &S,
    push: impl Fn() -> F,
) -> T {
    for _ in 0..3 {
        if let Ok(pushed) = push().await {
            return pushed;
        }
        shop.settle();
    }
    push().await.unwrap_or_else(|error| panic!("the push does not recover: {error}"))
}

/// A new customer whose answer was lost is found again, not made twice.
pub async fn a_lost_answer_makes_no_second_customer<S: VendorSandbox>(contract: Contract<S>) {
    for fault in [
        Fault::LoseAnswer,
        Fault::CutBody,
        Fault::Reset,
        Fault::Status(502),
        Fault::Throttle { retry_after: None },
    ] {
        let (shop, connector) = contract.shop(Setup::default()).await;
        let Some(path) =
            shop.create_path(Stream::Customers).filter(|_| connector.capabilities().push_customer)
        else {
            return;
        };
        let before = shop.ids(Stream::Customers).len();
        shop.faults().add(Rule::new(fault.clone()).on("POST", path));
        let push = shop.customer_push("contract-7");
        let pushed = pushed_until_it_works(&shop, || connector.push_customer(&push)).await;
        assert_eq!(shop.ids(Stream::Customers).len(), before + 1, "{fault:?}");
        assert!(shop.ids(Stream::Customers).contains(&pushed.id), "{fault:?}");
        assert_eq!(shop.faults().applied(), 1, "{fault:?}: the customer was not made by POST {path}");
    }
}

/// A new order whose answer was lost is found again, not made twice.
pub async fn a_lost_answer_makes_no_second_order<S: VendorSandbox>(contract: Contract<S>) {
    for fault in [
        Fault::LoseAnswer,
        Fault::CutBody,
        Fault::Reset,
        Fault::Status(502),
        Fault::Throttle { retry_after: None },
    ] {
        let (shop, connector) = contract.shop(Setup::default()).await;
        let Some(path) = shop.create_path(Stream::Orders).filter(|_| connector.capabilities().push_order)
        else {
            return;
        };
        let before = shop.ids(Stream::Orders).len();
        shop.faults().add(Rule::new(fault.clone()).on("POST", path));
        let push = shop.order_push("contract-7");
        let pushed = pushed_until_it_works(&shop, || connector.push_order(&push)).await;
        assert_eq!(shop.ids(Stream::Orders).len(), before + 1, "{fault:?}");
        assert!(shop.ids(Stream::Orders).contains(&pushed.id), "{fault:?}");
        assert_eq!(shop.faults().applied(), 1, "{fault:?}: the order was not made by POST {path}");
    }
}

/// Longer than any test runs.
const LAG: Duration = Duration::from_secs(3600);

/// What went wrong with a write whose answer never came, or did not say whether it was carried out.
const OPEN: [Fault; 4] = [Fault::LoseAnswer, Fault::CutBody, Fault::Reset, Fault::Status(502)];

/// A new customer whose answer was lost, and whom the lists do not show yet, is not made a second time: the push ends with an
/// error that asks for another try, and that one finds the customer once the lists have caught up.
pub async fn lists_that_lag_make_no_second_customer<S: VendorSandbox>(contract: Contract<S>) {
    for fault in OPEN {
        let (shop, connector) = contract.shop(Setup { lag: LAG, ..Setup::default() }).await;
        let path = shop.create_path(Stream::Customers).filter(|_| connector.capabilities().push_customer);
        let Some(path) = path.filter(|_| shop.can_lag()) else { return };
        let before = shop.ids(Stream::Customers).len();
        shop.faults().add(Rule::new(fault.clone()).on("POST", path));
        let push = shop.customer_push("contract-7");
        if let Err(error) = connector.push_customer(&push).await {
            assert_ne!(error.retry(), pos_core::Retry::Never, "{fault:?}: {error}");
        }
        assert!(shop.ids(Stream::Customers).len() <= before + 1, "{fault:?}: made twice at once");
        shop.settle();
        let pushed = pushed_until_it_works(&shop, || connector.push_customer(&push)).await;
        assert_eq!(shop.ids(Stream::Customers).len(), before + 1, "{fault:?}");
        assert!(shop.ids(Stream::Customers).contains(&pushed.id), "{fault:?}");
    }
}

/// The same for a new order.
pub async fn lists_that_lag_make_no_second_order<S: VendorSandbox>(contract: Contract<S>) {
    for fault in OPEN {
        let (shop, connector) = contract.shop(Setup { lag: LAG, ..Setup::default() }).await;
        let path = shop.create_path(Stream::Orders).filter(|_| connector.capabilities().push_order);
        let Some(path) = path.filter(|_| shop.can_lag()) else { return };
        let before = shop.ids(Stream::Orders).len();
        shop.faults().add(Rule::new(fault.clone()).on("POST", path));
        let push = shop.order_push("contract-7");
        if let Err(error) = connector.push_order(&push).await {
            assert_ne!(error.retry(), pos_core::Retry::Never, "{fault:?}: {error}");
        }
        assert!(shop.ids(Stream::Orders).len() <= before + 1, "{fault:?}: made twice at once");
        shop.settle();
        let pushed = pushed_until_it_works(&shop, || connector.push_order(&push)).await;
        assert_eq!(shop.ids(Stream::Orders).len(), before + 1, "{fault:?}");
        assert!(shop.ids(Stream::Orders).contains(&pushed.id), "{fault:?}");
    }
}

/// While lists lag behind, scans end as always, and what they do not show is in the window of its change once they have caught
/// up.
pub async fn lists_that_lag_hide_nothing_for_good<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup { lag: LAG, ..Setup::default() }).await;
    if !shop.can_lag() {
        return;
    }
    for (stream, caps) in listed(&connector) {
        let (before, known) = (shop.now(), shop.ids(stream));
        let mut changed: Vec<String> = known.iter().step_by(known.len() / 3 + 1).cloned().collect();
        changed.retain(|id| shop.touch(stream, id));
        changed.extend(shop.insert(stream));
        let is_known = |id: &String| known.contains(id) || changed.contains(id);
        let all = scan(&connector, stream, &ListQuery::default()).await;
        assert!(all.iter().all(is_known), "{stream}");
        let missing: Vec<_> =
            known.iter().filter(|id| !changed.contains(id) && !all.contains(id)).take(5).collect();
        assert!(missing.is_empty(), "{stream}: {missing:?} did not change and were not shown");
        for id in changed.iter().filter(|_| caps.get) {
            assert_eq!(connector.get(stream, id).await.unwrap().id(), id, "{stream}: read by its id");
        }
        let query = ListQuery::default().with_modified_from(before);
        if caps.modified_from {
            let early = scan(&connector, stream, &query).await;
            assert!(early.iter().all(|id| changed.contains(id)), "{stream}");
        }
        shop.settle();
        if caps.modified_from {
            assert_same(stream, &scan(&connector, stream, &query).await, &changed);
        }
        assert_same(stream, &scan(&connector, stream, &ListQuery::default()).await, &shop.ids(stream));
    }
}

/// What the credentials do not open is forbidden, not an empty list; the rest is read as always, and the check passes.
pub async fn what_is_closed_is_told_and_costs_nothing_else<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup { closed: true, ..Setup::default() }).await;
    let (closed, open): (Vec<Stream>, Vec<Stream>) =
        listed(&connector).into_iter().map(|(stream, _)| stream).partition(|stream| shop.is_closed(*stream));
    if closed.is_empty() {
        return;
    }
    let info = connector.check().await.expect("the credentials are good");
    assert_eq!(&info.account, connector.account());
    for stream in closed {
        let error = error_of(stream, connector.list(stream, &ListQuery::default()).await);
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{stream}: {error}");
        assert_eq!(error.retry(), pos_core::Retry::Never, "{stream}: {error}");
    }
    for stream in open {
        assert_same(stream, &scan(&connector, stream, &ListQuery::default()).await, &shop.ids(stream));
    }
}

/// Scans of all streams at once are as complete as one after the other.
pub async fn concurrent_lists_do_not_disturb_each_other<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let mut scans = Vec::new();
    for (stream, _) in listed(&connector) {
        for size in [13, 29] {
            let connector = connector.clone();
            scans.push(tokio::spawn(async move {
                (stream, scan(&connector, stream, &ListQuery::default().with_page_size(size)).await)
            }));
        }
    }
    for scan in scans {
        let (stream, seen) = scan.await.unwrap();
        assert_same(stream, &seen, &shop.ids(stream));
    }
    assert!(shop.token_requests() <= 1, "{} tokens for one connector", shop.token_requests());
}

fn request(shipment: &Shipment, now: time::OffsetDateTime) -> WebhookRequest<'_> {
    let request = WebhookRequest::new(&shipment.headers, &shipment.body, now);
    match &shipment.url {
        Some(url) => request.with_url(url),
        None => request,
    }
}

fn changes<S: VendorSandbox>(shop: &S) -> Vec<(Change, Shipment)> {
    let mut changes = Vec::new();
    for stream in Stream::ALL {
        if let Some(id) = shop.ids(stream).into_iter().nth(1) {
            let upsert = Change::Upsert(stream, id.clone());
            changes.extend(shop.webhook(&upsert).map(|shipment| (upsert, shipment)));
            let delete = Change::Delete(stream, vec![id.clone(), format!("{id}1")]);
            changes.extend(shop.webhook(&delete).map(|shipment| (delete, shipment)));
        }
    }
    changes
}

/// A delivery passes its proof and says what happened to what.
pub async fn a_webhook_is_proven_and_read<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let verifier = contract.verifier(&shop);
    assert_eq!(connector.capabilities().webhooks, verifier.as_ref().map(|verifier| verifier.trust()));
    let Some(verifier) = verifier else {
        assert!(connector.webhooks().is_none(), "there is nothing to prove");
        return;
    };
    for (change, shipment) in changes(&shop) {
        let verified = verifier
            .verify(&request(&shipment, shop.now()))
            .unwrap_or_else(|why| panic!("{change:?}: {why}"));
        assert_eq!(verified.trust, verifier.trust());
        assert_eq!(verified.vendor, connector.vendor());
        let delivery = verifier.parse(&verified).unwrap_or_else(|why| panic!("{change:?}: {why}"));
        assert!(
            delivery.rejected.is_empty() && !delivery.id.is_empty(),
            "{change:?}: {:?}",
            delivery.rejected
        );
        let Change::Upsert(stream, id) = &change else { continue };
        let event = delivery
            .events
            .iter()
            .find(|event| event.stream == Some(*stream) && event.kind == EventKind::Upsert);
        let event = event.unwrap_or_else(|| panic!("{change:?}: {:?}", delivery.events));
        assert_eq!(event.ids, std::slice::from_ref(id), "{change:?}");
        match &event.record {
            Some(record) => assert_eq!(record.id(), id),
            None => assert!(event.refetch, "{change:?}: neither the record nor a request to read it"),
        }
        if verifier.trust() != Trust::Signed {
            assert!(event.refetch, "{change:?}: what is not signed must be read again");
        }
    }
}

/// A deletion names every id that is gone.
pub async fn a_webhook_tells_deletions<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, _) = contract.shop(Setup::default()).await;
    let Some(verifier) = contract.verifier(&shop) else { return };
    for (change, shipment) in changes(&shop) {
        let Change::Delete(stream, ids) = &change else { continue };
        let verified = verifier
            .verify(&request(&shipment, shop.now()))
            .unwrap_or_else(|why| panic!("{change:?}: {why}"));
        let delivery = verifier.parse(&verified).unwrap_or_else(|why| panic!("{change:?}: {why}"));
        let gone: BTreeSet<&String> = delivery
            .events
            .iter()
            .filter(|event| event.kind == EventKind::Delete && event.stream == Some(*stream))
            .flat_map(|event| &event.ids)
            .collect();
        assert_eq!(gone, ids.iter().collect(), "{change:?}");
    }
}

/// The same delivery again, and the vendor's next attempt at it, carry the same id; other deliveries carry others.
pub async fn a_repeated_webhook_is_recognised<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, _) = contract.shop(Setup::default()).await;
    let Some(verifier) = contract.verifier(&shop) else { return };
    let id_of = |shipment: &Shipment| {
        let verified = verifier.verify(&request(shipment, shop.now())).unwrap();
        verifier.parse(&verified).unwrap().id
    };
    let mut known = BTreeSet::new();
    for (change, shipment) in changes(&shop) {
        let id = id_of(&shipment);
        assert_eq!(id_of(&shipment), id, "{change:?}");
        if let Some(next) = shop.next_attempt(&shipment) {
            assert_eq!(id_of(&next), id, "{change:?}: the next attempt");
        }
        assert!(known.insert(id), "{change:?}: another delivery had this id");
    }
}

/// One byte of another body, a proof that is missing, cut, or somebody else's: refused. Unsigned vendors cannot tell, and
/// must say so in their trust.
pub async fn an_altered_or_unsigned_webhook_is_refused<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, _) = contract.shop(Setup::default()).await;
    let Some(verifier) = contract.verifier(&shop) else { return };
    if verifier.trust() == Trust::Unsigned {
        // There is no proof that could be wrong.
        return;
    }
    for (change, shipment) in changes(&shop) {
        let bare = shop.unsigned(&shipment);
        let refusal = verifier.verify(&request(&bare, shop.now())).expect_err("a delivery without proof");
        assert!(matches!(refusal, Refusal::Unsigned(_)), "{change:?}: {refusal}");
        // Every header in turn cut, emptied, and replaced.
        for (name, value) in &shipment.headers {
            if bare.headers.contains_key(name) {
                continue;
            }
            let text = value.to_str().unwrap_or_default();
            let half = text.get(..text.len() / 2).unwrap_or_default();
            let turned: String =
                text.chars().map(|letter| if letter == '0' { '1' } else { letter }).rev().collect();
            for wrong in ["", half, turned.as_str(), "sha256=", "\u{1}"] {
                let mut copy = shipment.clone();
                let Ok(wrong) = http::HeaderValue::from_str(wrong) else { continue };
                copy.headers.insert(name.clone(), wrong);
                assert!(verifier.verify(&request(&copy, shop.now())).is_err(), "{change:?}: {name} {copy:?}");
            }
        }
        if verifier.trust() != Trust::Signed {
            continue;
        }
        for at in [0, shipment.body.len() / 2, shipment.body.len() - 1] {
            let mut body = shipment.body.to_vec();
            body[at] ^= 1;
            let altered = Shipment { body: body.into(), ..shipment.clone() };
            let refusal = verifier.verify(&request(&altered, shop.now())).expect_err("an altered byte");
            assert!(matches!(refusal, Refusal::BadProof(_)), "{change:?}: {refusal}");
            let answer = verifier.refusal_status(&refusal);
            assert!((200..500).contains(&answer), "{answer}");
        }
        let mut longer = shipment.body.to_vec();
        longer.push(b' ');
        let longer = Shipment { body: longer.into(), ..shipment.clone() };
        assert!(verifier.verify(&request(&longer, shop.now())).is_err(), "{change:?}: one byte more");
    }
}

/// Bodies that are too large, no UTF-8, no JSON, or other JSON are refused, whatever their proof, and nothing panics.
pub async fn an_unreadable_webhook_is_refused<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, _) = contract.shop(Setup::default()).await;
    let Some(verifier) = contract.verifier(&shop) else { return };
    let Some((_, shipment)) = changes(&shop).into_iter().next() else { return };
    let mut large = shipment.body.to_vec();
    large.resize(MAX_BODY * 5, b' ');
    let mut not_text = shipment.body.to_vec();
    let end = not_text.len() - 1;
    not_text.splice(end..end, [0xff, 0xfe, 0x80]);
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let bodies: Vec<Bytes> = vec![
        large.into(),
        not_text.into(),
        Bytes::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "\"text\"".into(),
        deep.into(),
        shipment.body.slice(..shipment.body.len() / 2),
    ];
    for body in bodies {
        let shape = format!(
            "{} bytes, beginning {:?}",
            body.len(),
            String::from_utf8_lossy(&body[..body.len().min(12)])
        );
        let Some(signed) = shop.sign(&shipment, body.clone()) else { continue };
        let outcome =
            verifier.verify(&request(&signed, shop.now())).and_then(|verified| verifier.parse(&verified));
        match outcome {
            Err(refusal) if body.len() > MAX_BODY => {
                assert!(matches!(refusal, Refusal::TooLarge { .. }), "{shape}: {refusal}")
            }
            Err(refusal) => assert!(!refusal.to_string().contains('\n'), "{shape}: {refusal}"),
            Ok(delivery) => {
                // An object without content may be read as a delivery without events.
                let records = delivery
                    .events
                    .iter()
                    .filter(|event| event.record.is_some() || !event.ids.is_empty())
                    .count();
                assert_eq!(records, 0, "{shape}: {:?}", delivery.events);
                assert!(body.len() <= MAX_BODY, "{shape} was read");
            }
        }
    }
}

/// Where deliveries name their shop, one for another shop is refused although its proof is right.
pub async fn a_webhook_of_another_shop_is_refused<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, _) = contract.shop(Setup::default()).await;
    let Some(verifier) = contract.verifier(&shop) else { return };
    for (change, shipment) in changes(&shop) {
        let Some(foreign) = shop.for_another_shop(&shipment) else { continue };
        let outcome =
            verifier.verify(&request(&foreign, shop.now())).and_then(|verified| verifier.parse(&verified));
        assert!(matches!(outcome, Err(Refusal::OtherShop(_))), "{change:?}: {outcome:?}");
    }
}

/// `Debug` and `Display` of the connector, the verifier, queries, pages, events and errors show no secret and no person.
pub async fn nothing_secret_or_personal_is_printed<S: VendorSandbox>(contract: Contract<S>) {
    let (shop, connector) = contract.shop(Setup::default()).await;
    let verifier = contract.verifier(&shop);
    let mut printed = vec![format!("{connector:?} {connector:#?}"), format!("{verifier:?} {verifier:#?}")];
    printed.push(format!("{:?}", connector.check().await));
    for (stream, caps) in listed(&connector) {
        let page = connector.list(stream, &ListQuery::default()).await.unwrap();
        printed.push(format!("{page:?} {:#?}", page.records));
        if let Some(id) = shop.ids(stream).first().filter(|_| caps.get) {
            printed.push(format!("{:?}", connector.get(stream, id).await));
        }
        if let Some(path) = shop.list_path(stream) {
            shop.faults().add(Rule::new(Fault::BreakRecord { row: 0 }).on_exactly("GET", path));
            printed.push(format!("{:?}", connector.list(stream, &ListQuery::default()).await));
            shop.faults().clear();
        }
    }
    for fault in [
        Fault::Status(404),
        Fault::Status(400),
        Fault::Status(500),
        Fault::Html,
        Fault::CutBody,
        Fault::Reset,
        Fault::Refuse("KvException".into()),
        Fault::Throttle { retry_after: Some(90_000) },
    ] {
        shop.faults().add(Rule::new(fault).always());
        if let Err(error) = ask(&shop, &connector, main_stream(&connector), &ListQuery::default()).await {
            printed.push(chain(&error));
        }
        let push = shop.customer_push("contract-9");
        printed.push(format!("{push:?} {:?}", shop.order_push("contract-9")));
        if let Err(error) = connector.push_customer(&push).await {
            printed.push(chain(&error));
        }
        shop.faults().clear();
    }
    for (_, shipment) in changes(&shop) {
        let request = request(&shipment, shop.now());
        printed.push(format!("{request:?}"));
        if let Some(verifier) = &verifier
            && let Ok(verified) = verifier.verify(&request)
        {
            printed.push(format!("{verified:?} {:?}", verifier.parse(&verified)));
        }
    }
    let mut secrets = shop.secrets();
    shop.revoke_credentials();
    if let Err(error) = connector.check().await {
        printed.push(chain(&error));
    }
    secrets.extend(shop.secrets());
    let push = shop.customer_push("contract-9");
    let pushed = push.phones.iter().chain(&push.email).chain(&push.name).cloned();
    let secret: Vec<String> =
        secrets.into_iter().chain(shop.personal()).chain(pushed).filter(|text| text.len() >= 7).collect();
    assert!(secret.len() > 20, "the sandbox names too little to look for");
    for text in printed {
        for secret in &secret {
            if let Some(at) = text.find(secret.as_str()) {
                let from =
                    (0..=at.saturating_sub(60)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                panic!("this was printed: {:?}", text[from..].chars().take(160).collect::<String>());
            }
        }
    }
}

fn chain(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!(" / {inner} {inner:?}"));
        source = inner.source();
    }
    text
}
