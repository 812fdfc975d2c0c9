//! Measures the road from a shop to the CRM, each figure beside its floor taken in the same run.
//!
//!     cargo run --release -p benches [-- --json] [--rows N] [--only decode|webhook|sync|quota]
//!
//! `--rows N` is the number of customers of the full sync (100 000 unless said; twice as many orders and invoices).

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use benches::{Figure, in_turn, peak_mib, print};
use crm_merge::{LinkRules, Policy};
use http::HeaderMap;
use pos_core::http::{Request, Response, Transport, TransportError};
use pos_core::kit::Connection;
use pos_core::record::Stream;
use pos_core::webhook::{WebhookRequest, WebhookVerifier, hmac_sha256};
use pos_core::{ConnectorExt, ListQuery, Secret};
use pos_kiotviet::{KiotViet, read_answer};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, PullOptions};
use pos_testkit::kiotviet::{Event, Sandbox, SandboxOptions};
use serde::Deserialize;
use time::OffsetDateTime;

/// The standard one ends the program where nobody reads on (`… --help | head -3`); here the words are lost and nothing else.
macro_rules! println {
    ($($what:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($what)*);
    }};
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value =
        |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).cloned();
    let rows: u64 = value("--rows").map_or(Ok(100_000), |text| text.parse())?;
    let runtime = |workers: usize| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()
    };
    match value("--child").as_deref() {
        Some("sandbox") => return runtime(1)?.block_on(sandbox(rows)),
        Some(child @ ("sync" | "floor")) => {
            let url = value("--url").ok_or("a child needs --url")?;
            return runtime(2)?.block_on(full(child, &url));
        }
        _ => {}
    }
    let only = value("--only");
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut figures = Vec::new();
    if wanted("decode") {
        figures.extend(runtime(2)?.block_on(decode())?);
    }
    if wanted("webhook") {
        figures.push(runtime(2)?.block_on(webhook())?);
    }
    if wanted("quota") {
        let paused = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
        figures.push(paused.block_on(quota())?);
    }
    if wanted("sync") {
        figures.push(sync(rows)?);
    }
    if words.iter().any(|word| word == "--json") {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        print(&figures);
    }
    Ok(())
}

fn connect(sandbox: &str) -> Result<KiotViet> {
    let options = SandboxOptions::default();
    Ok(KiotViet::builder()
        .retailer(options.retailer)
        .client_id(options.client_id)
        .client_secret(Secret::new(options.client_secret))
        .connection(Connection::to(sandbox).unpaced())
        .token_url(format!("{}/connect/token", sandbox.trim_end_matches('/')))
        // The floor is not paced either: this measures the work, not the quota.
        .build()?)
}

/// A token of the sandbox, for requests that go around the connector.
async fn token(url: &str) -> Result<String> {
    let options = SandboxOptions::default();
    let address = format!("{}/connect/token", url.trim_end_matches('/')).parse()?;
    let request = Request::new(http::Method::POST, address).form(&[
        ("scopes", "PublicApi.Access"),
        ("grant_type", "client_credentials"),
        ("client_id", &options.client_id),
        ("client_secret", &options.client_secret),
    ]);
    let answer = pos_core::http::Client::default_transport()?.send(request, 1 << 16).await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer.body)?;
    Ok(answer["access_token"].as_str().ok_or("no token")?.to_owned())
}

/// A page of customers and a page of orders as the connector reads them, against reading the same bytes as plain values.
async fn decode() -> Result<Vec<Figure>> {
    let shop =
        Sandbox::start(SandboxOptions::default().with_customers(1_000).with_documents(1_000, 1_000)).await?;
    let token = token(shop.base_url().as_str()).await?;
    let mut figures = Vec::new();
    for (stream, path) in [
        (Stream::Customers, "customers?includeTotal=true&includeCustomerGroup=true"),
        (Stream::Orders, "orders?includePayment=true&includeOrderDelivery=true"),
    ] {
        let url = shop.base_url().join(&format!("{path}&orderBy=id&orderDirection=Asc&pageSize=100"))?;
        let request = Request::new(http::Method::GET, url)
            .header("authorization", &format!("Bearer {token}"))?
            .header("retailer", shop.retailer())?;
        let body = pos_core::http::Client::default_transport()?.send(request, 1 << 24).await?.body;
        let records = read_answer(stream, &body)?.page.records.len();
        let (measured, floor) = in_turn(
            || {
                std::hint::black_box(
                    read_answer(stream, std::hint::black_box(&body)).map(|answer| answer.page.records.len()),
                )
                .ok();
            },
            || {
                std::hint::black_box(serde_json::from_slice::<serde_json::Value>(std::hint::black_box(
                    &body,
                )))
                .ok();
            },
        );
        let what = format!("decode + map {records} {stream} ({} KiB)", body.len() / 1024);
        figures.push(Figure::new(&what, measured, "serde_json::Value of the same bytes", floor, 1.0));
    }
    Ok(figures)
}

/// The envelope with the crate's own typed order in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "the floor only has to read them")]
struct PlainEnvelope {
    id: String,
    attempt: u32,
    notifications: Vec<PlainNotification>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "the floor only has to read them")]
struct PlainNotification {
    action: String,
    data: Vec<pos_kiotviet::model::Order>,
}

/// An order webhook proven, read and mapped, against the bare HMAC and the bare typed parse of the same body, whose keys
/// were brought to the typed struct's letter case beforehand.
async fn webhook() -> Result<Figure> {
    let shop = Sandbox::start(SandboxOptions::default().with_customers(100).with_documents(100, 100)).await?;
    let message = shop.webhook(Event::OrderUpdated(shop.id(Stream::Orders, 7)));
    let secret = shop.webhook_secret().to_owned();
    let verifier = pos_kiotviet::Webhooks::new([Secret::new(secret.clone())]);
    let now = OffsetDateTime::now_utc();
    let camel = pos_core::lenient::camel_keys(&message.body);
    serde_json::from_slice::<PlainEnvelope>(&camel)?;
    let (measured, floor) = in_turn(
        || {
            let request = WebhookRequest::new(&message.headers, std::hint::black_box(&message.body), now);
            let delivery = verifier.verify(&request).and_then(|verified| verifier.parse(&verified));
            std::hint::black_box(delivery.map(|delivery| delivery.events.len())).ok();
        },
        || {
            std::hint::black_box(hmac_sha256(secret.as_bytes(), std::hint::black_box(&message.body)));
            std::hint::black_box(serde_json::from_slice::<PlainEnvelope>(std::hint::black_box(&camel))).ok();
        },
    );
    let what = format!("webhook verify + parse + map ({} bytes)", message.body.len());
    Ok(Figure::new(&what, measured, "bare HMAC-SHA256 + bare typed parse", floor, 1.3))
}

/// A vendor that counts requests in every span of an hour and answers pages of one row without end.
#[derive(Debug, Default)]
struct Counting {
    sent: std::sync::Mutex<Vec<tokio::time::Instant>>,
    refused: std::sync::atomic::AtomicU64,
}

const HOUR: Duration = Duration::from_secs(3600);

#[async_trait]
impl Transport for Counting {
    async fn send(
        &self,
        request: Request,
        _max_body: usize,
    ) -> std::result::Result<Response, TransportError> {
        if request.url.path().ends_with("/connect/token") {
            let body = r#"{"access_token":"t","expires_in":86400,"token_type":"Bearer"}"#;
            return Ok(Response::new(200, HeaderMap::new(), body));
        }
        let now = tokio::time::Instant::now();
        let count = {
            let mut sent = self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            sent.push(now);
            sent.iter().rev().take_while(|at| now.duration_since(**at) < HOUR).count()
        };
        if count > 5000 {
            self.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return Ok(Response::new(429, HeaderMap::new(), "{}"));
        }
        let offset = request
            .url
            .query_pairs()
            .find_map(|(name, value)| (name == "currentItem").then(|| value.parse::<u64>().ok()).flatten())
            .unwrap_or_default();
        // Two rows a page with one of overlap: every request brings one new row.
        let row = |at: u64| format!(r#"{{"id":{},"createdDate":"2026-05-13T08:00:00"}}"#, at + 1);
        let body =
            format!(r#"{{"total":10000000,"pageSize":2,"data":[{},{}]}}"#, row(offset), row(offset + 1));
        Ok(Response::new(200, HeaderMap::new(), body))
    }
}

/// 20 000 requests under 5 000 an hour, on paused time.
async fn quota() -> Result<Figure> {
    let transport = Arc::new(Counting::default());
    let shop = KiotViet::builder()
        .retailer("cuahangmau")
        .client_id("id")
        .client_secret(Secret::new("secret"))
        .connection(Connection { transport: Some(transport.clone()), ..Connection::default() })
        .build()?;
    let start = tokio::time::Instant::now();
    let mut pages = shop.pages(Stream::Customers, ListQuery::default().with_page_size(2));
    for _ in 0..20_000 {
        pages.try_next().await?.ok_or("the list ended")?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let refused = transport.refused.load(std::sync::atomic::Ordering::Relaxed);
    if refused > 0 {
        return Err(format!("the vendor refused {refused} requests").into());
    }
    // Three hours must pass before the last 5 000 may go.
    let what = "20 000 requests at 5 000 an hour (paused time, no 429)";
    Ok(Figure::new(what, seconds, "the shortest time that the limit allows", 3.0 * 3600.0, 1.05))
}

async fn sandbox(rows: u64) -> Result<()> {
    let options = SandboxOptions::default().with_customers(rows).with_documents(rows, rows);
    let shop = Sandbox::start(options).await?;
    println!("{}", shop.base_url());
    // Until the parent goes: it holds the other end of standard input.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await;
    Ok(())
}

const STREAMS: [Stream; 3] = [Stream::Customers, Stream::Orders, Stream::Invoices];

/// One process: the full sync, or its floor. Prints seconds and peak memory.
async fn full(child: &str, url: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = connect(url)?;
    let file = folder.path().join("crm.db");
    let seconds = if child == "sync" {
        let store = Arc::new(SqliteStore::open(&file)?);
        let crm = Crm::new(store);
        let mut rules = LinkRules::default();
        rules.policy = Policy::Overwrite;
        crm.connect(&shop, rules, LinkOptions::default()).await?;
        let start = Instant::now();
        let runs = crm.pull(&shop, &PullOptions::default().with_streams(STREAMS)).await?;
        let rejected: u64 = runs.iter().map(|run| run.counts.rejected).sum();
        if rejected > 0 {
            return Err(format!("{rejected} rows were rejected").into());
        }
        start.elapsed()
    } else {
        floor(url, &file).await?
    };
    println!("{} {}", seconds.as_secs_f64(), peak_mib().unwrap_or_default());
    Ok(())
}

/// Fetches the same pages and inserts the raw rows, a transaction a page, fetching one page ahead as the sync does.
async fn floor(url: &str, file: &std::path::Path) -> Result<Duration> {
    let transport = pos_core::http::Client::default_transport()?;
    let token = token(url).await?;
    let db = rusqlite::Connection::open(file)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE raw (stream TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (stream, id)) WITHOUT ROWID;",
    )?;
    let start = Instant::now();
    let (send, receive) = std::sync::mpsc::sync_channel::<(Stream, bytes::Bytes)>(1);
    let writer = std::thread::spawn(move || -> rusqlite::Result<u64> {
        let mut rows_in = 0;
        for (stream, body) in receive {
            #[derive(Deserialize)]
            struct Page<'a> {
                #[serde(borrow, default)]
                data: Vec<&'a serde_json::value::RawValue>,
            }
            #[derive(Deserialize)]
            struct Id {
                id: i64,
            }
            let Ok(page) = serde_json::from_slice::<Page<'_>>(&body) else { continue };
            let transaction = db.unchecked_transaction()?;
            {
                let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO raw VALUES (?, ?, ?)")?;
                for row in page.data {
                    let Ok(Id { id }) = serde_json::from_str(row.get()) else { continue };
                    insert.execute((stream.as_str(), id, row.get()))?;
                    rows_in += 1;
                }
            }
            transaction.commit()?;
        }
        Ok(rows_in)
    });
    for (stream, flags) in [
        (Stream::Customers, "includeTotal=true&includeCustomerGroup=true"),
        (Stream::Orders, "includePayment=true&includeOrderDelivery=true"),
        (Stream::Invoices, "includePayment=true&includeInvoiceDelivery=true&SaleChannel=true"),
    ] {
        let mut offset = 0u64;
        loop {
            let query =
                format!("{stream}?{flags}&orderBy=id&orderDirection=Asc&pageSize=100&currentItem={offset}");
            let request =
                Request::new(http::Method::GET, format!("{}/{query}", url.trim_end_matches('/')).parse()?)
                    .header("authorization", &format!("Bearer {token}"))?
                    .header("retailer", &SandboxOptions::default().retailer)?;
            let body = transport.send(request, 1 << 24).await?.body;
            #[derive(Deserialize)]
            struct Total {
                #[serde(default)]
                total: u64,
            }
            let total = serde_json::from_slice::<Total>(&body)?.total;
            send.send((stream, body))?;
            offset += 100;
            if offset >= total {
                break;
            }
        }
    }
    drop(send);
    let rows = writer.join().map_err(|_| "the writer failed")??;
    if rows == 0 {
        return Err("the floor wrote nothing".into());
    }
    Ok(start.elapsed())
}

fn child(arguments: &[&str]) -> Result<(Child, BufReader<std::process::ChildStdout>)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(child.stdout.take().ok_or("no output")?);
    Ok((child, output))
}

fn line(output: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// The full sync and its floor, each in a process of its own, against a sandbox in a third: three pairs in turn, of which
/// the one with the middle ratio is reported.
fn sync(rows: u64) -> Result<Figure> {
    let count = rows.to_string();
    let (mut sandbox, mut output) = child(&["--child", "sandbox", "--rows", &count])?;
    let url = line(&mut output)?;
    let measure = |what: &str| -> Result<(f64, f64)> {
        let (mut process, mut output) = child(&["--child", what, "--url", &url])?;
        let line = line(&mut output)?;
        if !process.wait()?.success() {
            return Err(format!("{what} failed").into());
        }
        let (seconds, mib) = line.split_once(' ').ok_or("no figures")?;
        Ok((seconds.parse()?, mib.parse()?))
    };
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let (floor, _) = measure("floor")?;
        let (seconds, mib) = measure("sync")?;
        pairs.push((seconds, floor, mib));
    }
    pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    drop(sandbox.stdin.take());
    sandbox.wait()?;
    let (seconds, floor, mib) = pairs.get(1).copied().ok_or("nothing was measured")?;
    let what = format!("full sync of {rows} customers, {} orders and invoices", rows * 2);
    let mut figure = Figure::new(&what, seconds, "the same pages, raw rows into SQLite", floor, 2.0);
    figure.peak_mib = Some(mib);
    Ok(figure)
}
