//! One account's quota, shared by workers on one store, over restarts and with clocks that differ.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration as Time;

use crm_merge::LinkRules;
use pos_core::http::{Limit, RetryPolicy};
use pos_core::kit::Connection;
use pos_core::record::Stream;
use pos_core::{Clock, Connector, ConnectorExt, ErrorKind, Secret};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, MemoryStore, PullOptions, Store};
use pos_testkit::kiotviet;
use time::Duration;

fn quick() -> RetryPolicy {
    let mut retry = RetryPolicy::default();
    (retry.attempts, retry.first_wait) = (2, Time::from_millis(1));
    retry
}

fn kiot(sandbox: &kiotviet::Sandbox, clock: Clock, limits: Vec<Limit>) -> pos_kiotviet::KiotViet {
    pos_kiotviet::KiotViet::builder()
        .retailer(sandbox.retailer())
        .client_id(sandbox.client_id())
        .client_secret(Secret::new(sandbox.client_secret()))
        .connection(Connection {
            limits: Some(limits),
            clock,
            retry: Some(quick()),
            ..Connection::to(sandbox.base_url())
        })
        .token_url(sandbox.token_url().as_str())
        .build()
        .unwrap()
}

/// A machine whose clock was an hour ahead took a slice; one with the right clock goes on.
#[tokio::test]
async fn a_quota_is_shared_by_machines_whose_clocks_differ() {
    let options = kiotviet::SandboxOptions::default().with_customers(5).with_documents(3, 3);
    let sandbox = kiotviet::Sandbox::start(options).await.unwrap();
    let mut slow = Vec::new();
    for (what, limit) in [
        ("an hour's window", Limit::Window { requests: 5000, per: Time::from_secs(3600) }),
        ("a short window", Limit::Window { requests: 150, per: Time::from_secs(30) }),
        ("a bucket", Limit::Bucket { capacity: 80, per_second: 4.0 }),
        ("spacing", Limit::Spacing(Time::from_millis(20))),
    ] {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let ahead = Clock::default().ahead_by(Duration::hours(1));
        let one = Crm::new(store.clone()).with_clock(ahead.clone());
        let shop = kiot(&sandbox, ahead, vec![limit]);
        one.connect(&shop, LinkRules::default(), LinkOptions::default()).await.unwrap();
        drop((one, shop));
        let two = Crm::new(store).with_clock(Clock::default());
        let shop = kiot(&sandbox, Clock::default(), vec![limit]);
        let work = two.connect(&shop, LinkRules::default(), LinkOptions::default());
        if tokio::time::timeout(Time::from_secs(10), work).await.is_err() {
            slow.push(what);
        }
    }
    assert!(slow.is_empty(), "{slow:?} wait for the clock that is ahead");
}

/// What is counted as spent is what was sent: requests that take a usual time, one after the other.
#[tokio::test]
async fn a_quota_is_spent_on_what_is_sent() {
    let options = kiotviet::SandboxOptions::default()
        .with_customers(150)
        .with_documents(3, 3)
        .with_latency(Some(Time::from_millis(150)));
    let sandbox = kiotviet::Sandbox::start(options).await.unwrap();
    // The vendor's own limits, as they are without saying anything.
    let hour = Limit::Window { requests: 5000, per: Time::from_secs(3600) };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let crm = Crm::new(store.clone());
    let shop = kiot(&sandbox, Clock::default(), vec![hour, Limit::Spacing(Time::from_millis(20))]);
    let link = LinkOptions { page_size: Some(3), ..LinkOptions::default() };
    crm.connect(&shop, LinkRules::default(), link).await.unwrap();
    crm.pull(&shop, &PullOptions::default().with_streams([Stream::Customers])).await.unwrap();
    let (_, body) = store.pace(&format!("{}/", shop.account())).await.unwrap().unwrap();
    let spent: serde_json::Value = serde_json::from_str(&body).unwrap();
    let counted: u64 =
        spent[0]["window"].as_array().unwrap().iter().filter_map(|slice| slice[1].as_u64()).sum();
    let sent = sandbox.request_count();
    assert!(counted * 95 <= sent * 100, "{sent} requests were sent, {counted} are counted as spent");
}

/// Two workers on one file, each started four times within a window: nobody is refused.
#[tokio::test]
async fn two_workers_that_start_again_and_again_meet_no_refusal() {
    let (requests, per) = (40, Time::from_secs(8));
    let options = kiotviet::SandboxOptions::default()
        .with_customers(60)
        .with_documents(3, 3)
        .with_rate_limit(Some((requests, per)));
    let sandbox = kiotviet::Sandbox::start(options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let limits = vec![Limit::Window { requests, per }];
    {
        let crm = Crm::new(Arc::new(SqliteStore::open(&file).unwrap()));
        crm.connect(
            &kiot(&sandbox, Clock::default(), limits.clone()),
            LinkRules::default(),
            LinkOptions::default(),
        )
        .await
        .unwrap();
    }
    let refused = AtomicU32::new(0);
    let worker = |streams: Vec<Stream>| {
        let (file, limits, sandbox, refused) = (file.clone(), limits.clone(), &sandbox, &refused);
        async move {
            for _ in 0..4 {
                let crm = Crm::new(Arc::new(SqliteStore::open(&file).unwrap()));
                let shop = kiot(sandbox, Clock::default(), limits.clone());
                let work = async {
                    for stream in &streams {
                        for id in sandbox.ids(*stream) {
                            // The shared quota is learned with the first pull.
                            if let Err(error) = shop.get(*stream, &id.to_string()).await
                                && error.kind() == ErrorKind::RateLimited
                            {
                                refused.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    }
                };
                let _ = crm.pull(&shop, &PullOptions::default().with_streams(streams.clone())).await;
                let _ = tokio::time::timeout(Time::from_millis(2500), work).await;
            }
        }
    };
    tokio::join!(
        worker(vec![Stream::Customers]),
        worker(vec![Stream::Orders, Stream::Invoices, Stream::Products])
    );
    assert_eq!(refused.load(Ordering::SeqCst), 0);
}
