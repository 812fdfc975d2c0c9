//! Measures the road from a shop to the CRM, each figure beside its floor taken in the same run.
//!
//!     cargo run --release -p benches [-- --json] [--rows N[,N...]] [--only decode|webhook|sync|quota] [--beside OTHER]
//!
//! `--rows N` is the number of customers of the full sync (100 000 unless said; twice as many orders and invoices). Of
//! several sizes, `25000,100000,400000`, the last line says how much dearer a row gets from the first to the last.
//! `--beside OTHER` measures the same sync by another build of this program too, in turn with this one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use benches::{Cpu, Figure, cpu_seconds, in_turn, peak_mib, print};
use crm_merge::{LinkRules, Policy};
use http::HeaderMap;
use pos_core::http::{Request, Response, Transport, TransportError};
use pos_core::kit::Connection;
use pos_core::record::Stream;
use pos_core::webhook::{WebhookRequest, WebhookVerifier, hmac_sha256};
use pos_core::{ConnectorExt, ListQuery, Secret};
use pos_kiotviet::{KiotViet, read_answer};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, InboxItem, LinkOptions, PullOptions, Run};
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
    let sizes = value("--rows").unwrap_or_else(|| "100000".to_owned());
    let sizes = sizes.split(',').map(str::parse).collect::<std::result::Result<Vec<u64>, _>>()?;
    let runtime = |workers: usize| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()
    };
    match value("--child").as_deref() {
        Some("sandbox") => return runtime(1)?.block_on(sandbox(*sizes.first().ok_or("no size")?)),
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
        figures.extend(runtime(2)?.block_on(webhook())?);
    }
    if wanted("quota") {
        let paused = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
        figures.push(paused.block_on(quota())?);
    }
    if wanted("sync") {
        figures.extend(syncs(&sizes, value("--beside").as_deref().map(Path::new))?);
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
    for (stream, path, aim) in [
        (Stream::Customers, "customers?includeTotal=true&includeCustomerGroup=true", 0.7),
        (Stream::Orders, "orders?includePayment=true&includeOrderDelivery=true", 0.8),
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
        figures.push(Figure::new(&what, measured, "serde_json::Value of the same bytes", floor, aim));
    }
    Ok(figures)
}

/// An order webhook proven, identified and made into what the inbox keeps (it is read when its turn comes), against the
/// bare HMAC of the same bytes.
///
/// The processor has an instruction for the hash, so that the bare HMAC costs less than one look at the bytes: the second
/// figure stands beside what no inbox can do without, the HMAC, one look whether the body is JSON, and the body as a text in
/// JSON.
async fn webhook() -> Result<[Figure; 2]> {
    let shop = Sandbox::start(SandboxOptions::default().with_customers(100).with_documents(100, 100)).await?;
    let message = shop.webhook(Event::OrderUpdated(shop.id(Stream::Orders, 7)));
    let secret = shop.webhook_secret().to_owned();
    let verifier = pos_kiotviet::Webhooks::new([Secret::new(secret.clone())]);
    let account = pos_core::Connector::account(&connect(shop.base_url().as_str())?).clone();
    let now = OffsetDateTime::now_utc();
    let accept = || -> Option<(InboxItem, String)> {
        let request = WebhookRequest::new(&message.headers, std::hint::black_box(&message.body), now);
        let verified = verifier.verify(&request).ok()?;
        let identified = verifier.identify(&verified).ok()?;
        let item = InboxItem::new(account.clone(), identified.id, identified.remember, verified);
        let body = serde_json::to_string(&item.verified).ok()?;
        Some((item, body))
    };
    accept().ok_or("the delivery is refused")?;
    let (measured, floor) = in_turn(
        || drop(std::hint::black_box(accept())),
        || {
            std::hint::black_box(hmac_sha256(secret.as_bytes(), std::hint::black_box(&message.body)));
        },
    );
    let what = format!("webhook verify + identify + keep ({} bytes)", message.body.len());
    let bare = Figure::new(&what, measured, "bare HMAC-SHA256 of the same bytes", floor, 1.5);
    let (measured, floor) = in_turn(
        || drop(std::hint::black_box(accept())),
        || {
            let body = std::hint::black_box(&*message.body);
            std::hint::black_box(hmac_sha256(secret.as_bytes(), body));
            std::hint::black_box(serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok());
            let kept = std::str::from_utf8(body).map(serde_json::to_string);
            drop(std::hint::black_box(kept));
        },
    );
    let floor_of_it = "HMAC, one look whether it is JSON, the body as a text in JSON";
    Ok([bare, Figure::new(&what, measured, floor_of_it, floor, 1.5)])
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

/// One process: the full sync and the same again, or its floor. Prints seconds, peak memory in MiB and seconds of
/// processor time of the first, then seconds of the second.
async fn full(child: &str, url: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = connect(url)?;
    let file = folder.path().join("crm.db");
    let own = std::process::id();
    let before = cpu_seconds(own).unwrap_or_default();
    let used = || cpu_seconds(own).unwrap_or_default() - before;
    if child == "floor" {
        let seconds = floor(url, &file).await?.as_secs_f64();
        println!("{seconds} {} {}", peak_mib().unwrap_or_default(), used());
        return Ok(());
    }
    let store = Arc::new(SqliteStore::open(&file)?);
    let crm = Crm::new(store);
    let rules = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    crm.connect(&shop, rules, LinkOptions::default()).await?;
    let options = PullOptions::default().with_streams(STREAMS);
    let count = |runs: &[Run], of: fn(&Run) -> u64| runs.iter().map(of).sum::<u64>();
    let start = Instant::now();
    let runs = crm.pull(&shop, &options).await?;
    let first = start.elapsed().as_secs_f64();
    let rejected = count(&runs, |run| run.counts.rejected);
    if rejected > 0 {
        return Err(format!("{rejected} rows were rejected").into());
    }
    println!("{first} {} {}", peak_mib().unwrap_or_default(), used());
    let start = Instant::now();
    let runs = crm.pull(&shop, &options.with_full()).await?;
    let second = start.elapsed().as_secs_f64();
    let changed = count(&runs, |run| run.counts.created + run.counts.updated);
    if changed > 0 {
        return Err(format!("{changed} rows changed that nobody changed").into());
    }
    println!("{second} {} {}", peak_mib().unwrap_or_default(), used());
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

/// A process of this program, or of another build of it.
fn child(
    program: Option<&Path>,
    arguments: &[&str],
) -> Result<(Child, BufReader<std::process::ChildStdout>)> {
    let own = std::env::current_exe()?;
    let mut child = Command::new(program.unwrap_or(&own))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(child.stdout.take().ok_or("no output")?);
    Ok((child, output))
}

/// The figures of a line: seconds, peak memory, processor time; what is not there is 0.
fn line(output: &mut impl BufRead) -> Result<[f64; 3]> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::parse::<f64>);
    Ok([words.next().transpose()?, words.next().transpose()?, words.next().transpose()?]
        .map(Option::unwrap_or_default))
}

/// One measurement in its own process: its lines, and what the sandbox needed for the first of them.
struct Measured {
    first: [f64; 3],
    second: [f64; 3],
    sandbox: f64,
}

/// The full sync and its floor, each in a process of its own, against a sandbox in a third: three pairs in turn, of which
/// the one with the middle ratio is reported. Then the second pull beside the first, and the first beside that of another
/// build.
fn sync(rows: u64, beside: Option<&Path>) -> Result<Vec<Figure>> {
    let count = rows.to_string();
    let (mut sandbox, mut output) = child(None, &["--child", "sandbox", "--rows", &count])?;
    let mut url = String::new();
    output.read_line(&mut url)?;
    let measure = |program: Option<&Path>, what: &str| -> Result<Measured> {
        let before = cpu_seconds(sandbox.id()).unwrap_or_default();
        let (mut process, mut output) = child(program, &["--child", what, "--url", url.trim()])?;
        let first = line(&mut output)?;
        let sandbox = cpu_seconds(sandbox.id()).unwrap_or_default() - before;
        let second = line(&mut output)?;
        if !process.wait()?.success() {
            return Err(format!("{what} failed").into());
        }
        Ok(Measured { first, second, sandbox })
    };
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let floor = measure(None, "floor")?;
        let other = beside.map(|program| measure(Some(program), "sync")).transpose()?;
        rounds.push((measure(None, "sync")?, floor, other));
    }
    rounds.sort_by(|a, b| (a.0.first[0] / a.1.first[0]).total_cmp(&(b.0.first[0] / b.1.first[0])));
    drop(sandbox.stdin.take());
    sandbox.wait()?;
    let (sync, floor, other) = rounds.into_iter().nth(1).ok_or("nothing was measured")?;
    let ([seconds, mib, cpu], [again, again_mib, _]) = (sync.first, sync.second);
    let what = format!("full sync of {rows} customers, {} orders and invoices", rows * 2);
    let mut full = Figure::new(&what, seconds, "the same pages, raw rows into SQLite", floor.first[0], 1.8);
    full.peak_mib = Some(mib);
    full.cpu = Some(Cpu { own: cpu, other: sync.sandbox, floor: floor.first[2], floor_other: floor.sandbox });
    let what = format!("the same {} again, nothing changed", rows * 3);
    let mut second = Figure::new(&what, again, "the first pull", seconds, 0.5);
    second.peak_mib = Some(again_mib);
    let other =
        other.map(|other| Figure::new("the full sync", seconds, "the other build", other.first[0], 0.5));
    Ok([full, second].into_iter().chain(other).collect())
}

/// The full sync at several sizes, and how its ratio grows.
fn syncs(sizes: &[u64], beside: Option<&Path>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut ratios = Vec::new();
    for rows in sizes {
        let of = sync(*rows, beside)?;
        ratios.extend(of.first().map(|full| full.ratio));
        figures.extend(of);
    }
    if let [first, .., last] = ratios[..] {
        figures.push(Figure::ratios(
            "growth of the ratio of the full sync",
            last,
            "at the first size",
            first,
            1.15,
        ));
    }
    Ok(figures)
}
