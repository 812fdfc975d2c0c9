//! A Nhanh.vn shop on loopback, by API 3.0.
//!
//! It answers with the habits of the real one: every request a POST whose credentials are in query and header, lists with a
//! cursor that is any JSON and must come back unchanged, a cursor on the last page of bills, queries of at most 31 days, a
//! quota for each address whose lock grows when it is ignored, failures with status 200, empty objects as lists, a web page for
//! an address that nobody knows, and a token that goes on for fifteen minutes after it was replaced.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::nhanh::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! assert_eq!(shop.ids(pos_core::Stream::Customers).len(), 120);
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod edits;
mod hooks;
mod routes;
mod rows;
mod suite;
mod truth;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use pos_core::record::Stream;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

pub use hooks::{Event, WebhookMessage};
pub use suite::Unkind;

pub use crate::server::Logged;

use crate::fault::Faults;
use crate::server::{self, Answer, Asked, Clock, Courier, Outbox, Twist, Vendor, Window, millis, options};

pub(crate) const DEPOT: i64 = 31_101;
pub(crate) const USER: i64 = 2_054_197;
pub(crate) const CATEGORY: i64 = 77_001;
pub(crate) const PRODUCT: i64 = 38_200_000;
pub(crate) const CUSTOMER: i64 = 90_400_000;
pub(crate) const ORDER: i64 = 436_000_000;
pub(crate) const RETURN: i64 = 700_000_000;
pub(crate) const BILL: i64 = 880_000_000;
pub(crate) const STEP: i64 = 11;

/// How long the old token works after a new one was issued.
const OVERLAP: Duration = Duration::from_secs(900);

options! {
    /// How the sandbox behaves. Every switch is a habit that the real service has or may have.
    pub struct SandboxOptions {
        /// The app.
        app_id: u64 = 79_001;
        /// The app's secret key.
        secret_key: String = "sandbox-app-secret-key".into();
        /// The shop's number.
        business_id: u64 = 215_500, with_business_id;
        /// The verify token of webhooks.
        verify_token: String = "sandbox-verify-token-1".into();
        /// Requests to one address and the time they are counted over; `None` counts nothing.
        rate_limit: Option<(u32, Duration)> = None, with_rate_limit;
        /// How long an address is locked that was called too often; a call while it is locked adds as much.
        lock: Duration = Duration::from_secs(10), with_lock;
        /// The HTTP status of a failure; not documented, 200 seen.
        failure_status: u16 = 200, with_failure_status;
        /// Quotations and transfers stand among the orders.
        odd_rows: bool = false, with_odd_rows;
        /// Adding a customer with a known number changes the one that is there.
        add_changes: bool = true, with_add_changes;
        /// What is written is shown by lists so much later.
        lag: Duration = Duration::ZERO, with_lag;
        /// The token sees only so many depots; sales of others are missing without a word.
        granted_depots: Option<u64> = None, with_granted_depots;
        /// Some orders have no time of change until they are changed, and filters by it pass them over.
        unstamped: bool = false, with_unstamped;
        /// What seldom stands on documents: taxes, points, coupons, combos, exchanges, bills of orders, missing totals.
        rich: bool = false, with_rich;
        /// Orders and bills share their numbers.
        numbers_overlap: bool = false, with_numbers_overlap;
        /// The name by which bills are found one by one.
        bill_filter: BillFilter = BillFilter::Both, with_bill_filter;
        /// The cursors of a list go in a circle after the third page.
        cursor_circle: bool = false, with_cursor_circle;
        /// Webhooks are of version 2: the token in the body, flat orders.
        hooks_v2: bool = false, with_hooks_v2;
        /// Where webhooks go when something changes; nowhere when absent.
        webhook_url: Option<Url> = None, with_webhook_url;
        /// Webhooks are kept for [`Sandbox::deliveries`].
        keep_deliveries: bool = false, keep_deliveries;
        /// How far the shop's clock is ahead of the computer's.
        clock_ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
    }
}

/// By which filter `bill/retail` finds one bill: the vendor's pages say both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BillFilter {
    /// `id` and `ids`.
    #[default]
    Both,
    /// `id`; `ids` is passed over.
    Id,
    /// `ids`; `id` is passed over.
    Ids,
}

impl SandboxOptions {
    /// How many orders, and how many sales from which those over the counter become retail bills.
    #[must_use]
    pub fn with_documents(mut self, orders: u64, invoices: u64) -> Self {
        self.shop.orders = orders;
        self.shop.invoices = invoices;
        self
    }

    /// The documented limit: 150 requests in 30 seconds for each address.
    #[must_use]
    pub fn with_documented_rate_limit(self) -> Self {
        self.with_rate_limit(Some((150, Duration::from_secs(30))))
    }

    /// All that the vendor may do, at once; what breaks a scan on purpose is left out, and so are lags, which a test has to
    /// wait for.
    #[must_use]
    pub fn unkind(self) -> Self {
        self.with_granted_depots(Some(2))
            .with_unstamped(true)
            .with_rich(true)
            .with_numbers_overlap(true)
            .with_bill_filter(BillFilter::Ids)
            .with_clock_ahead(time::Duration::minutes(-47))
    }

    pub(crate) fn bill_base(&self) -> i64 {
        if self.numbers_overlap { ORDER } else { BILL }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) json: Value,
    /// Unix seconds.
    pub(crate) created: i64,
    /// Unix seconds; absent on rows that never changed.
    pub(crate) changed: Option<i64>,
    /// From when on lists show it as it is, Unix milliseconds.
    pub(crate) shown: i64,
    /// As lists show it until then; absent when they do not show it.
    pub(crate) before: Option<(Value, Option<i64>)>,
}

impl Row {
    pub(crate) fn new(json: Value, created: i64, changed: Option<i64>) -> Self {
        Self { json, created, changed, shown: i64::MIN, before: None }
    }

    /// What lists show at an instant.
    fn seen_at(&self, now_ms: i64) -> Option<(&Value, Option<i64>)> {
        if now_ms >= self.shown {
            return Some((&self.json, self.changed));
        }
        self.before.as_ref().map(|(json, changed)| (json, *changed))
    }

    /// Keeps what lists show for as long as they lag.
    fn lag(&mut self, now_ms: i64, lag: Duration) {
        self.before = self.seen_at(now_ms).map(|(json, changed)| (json.clone(), changed));
        self.shown = now_ms + millis(lag);
    }
}

/// The rows by the list that shows them; returns are among orders and bills.
#[derive(Debug, Default)]
pub(crate) struct Tables(BTreeMap<Stream, BTreeMap<i64, Row>>);

impl Tables {
    pub(crate) fn of(&mut self, stream: Stream) -> &mut BTreeMap<i64, Row> {
        self.0.entry(stream).or_default()
    }
}

/// The quota of one address.
#[derive(Debug, Default)]
struct Bucket {
    sent: Window,
    /// Unix seconds.
    locked_until: Option<i64>,
}

/// What the shop keeps.
#[derive(Debug, Default)]
pub struct State {
    tables: Tables,
    deleted: BTreeMap<Stream, Vec<(i64, i64)>>,
    /// What is gone, as it was.
    gone: Vec<(Stream, i64, Value)>,
    /// Depots that the token sees; all of them when absent.
    granted: Option<BTreeSet<i64>>,
    token: String,
    old_token: Option<(String, Instant)>,
    code: Option<String>,
    serial: u64,
    cursors: HashMap<String, i64>,
    buckets: HashMap<String, Bucket>,
    ignored_locks: u64,
    broken_row: Option<(String, usize)>,
    clock: Clock,
    /// Webhooks that nobody fetched yet.
    kept: Vec<WebhookMessage>,
}

impl State {
    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn now(&self) -> i64 {
        self.now_ms() / 1000
    }

    fn is_granted(&self, json: &Value) -> bool {
        let depot = json["info"]["depotId"].as_i64().or_else(|| json["depotId"].as_i64());
        match (&self.granted, depot) {
            (Some(granted), Some(depot)) => granted.contains(&depot),
            _ => true,
        }
    }
}

/// A running shop. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

fn token(serial: u64) -> String {
    format!("FAKE{:0>124}", format!("nhanh{serial}"))
}

impl Vendor for State {
    type Options = SandboxOptions;

    const TOKEN_PATH: &'static str = "/v3.0/app/getaccesstoken";
    /// One that is not answered with 200 is made three times more. The vendor waits minutes.
    const COURIER: Courier = Courier {
        tries: 4,
        pause: (Duration::from_millis(50), 2),
        taken: Some(|status| status == 200),
        ..Courier::ONCE
    };

    fn open(options: &mut SandboxOptions, _faults: &Faults, _outbox: &Outbox) -> Self {
        Self {
            tables: rows::tables(options),
            granted: options.granted_depots.map(|depots| (0..depots).map(|at| DEPOT + at as i64).collect()),
            token: token(1),
            serial: 1,
            clock: Clock::ahead(options.clock_ahead),
            ..Self::default()
        }
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    /// Reads count as `GET` in rules and writes as `POST`, although the vendor's requests are all POST.
    fn method(asked: &Asked) -> &str {
        if routes::WRITES.contains(&asked.path.as_str()) { "POST" } else { "GET" }
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    fn throttled(inner: &Inner, wait: Option<u32>) -> Answer {
        inner.throttled(wait.unwrap_or(0).into(), None)
    }

    fn refused(inner: &Inner, code: &str) -> Answer {
        inner.refuse(code, json!(["Không thực hiện được yêu cầu"]))
    }
}

impl Sandbox {
    /// The address that stands for `https://pos.open.nhanh.vn`.
    pub fn base_url(&self) -> Url {
        self.url("/")
    }

    /// The app.
    pub fn app_id(&self) -> u64 {
        self.inner.options.app_id
    }

    /// The shop's number.
    pub fn business_id(&self) -> u64 {
        self.inner.options.business_id
    }

    /// The app's secret key.
    pub fn secret_key(&self) -> &str {
        &self.inner.options.secret_key
    }

    /// The verify token of webhooks.
    pub fn verify_token(&self) -> &str {
        &self.inner.options.verify_token
    }

    /// The token that works now.
    pub fn access_token(&self) -> String {
        self.inner.state().token.clone()
    }

    /// The merchant consents: a code that can be exchanged once.
    pub fn consent(&self) -> String {
        let mut state = self.inner.state();
        let code = format!("CODE{:08}", state.serial());
        state.code = Some(code.clone());
        code
    }

    /// Issues another token; the old one works for fifteen minutes more.
    pub fn rotate(&self) -> String {
        let mut state = self.inner.state();
        let serial = state.serial();
        let old = std::mem::replace(&mut state.token, token(serial));
        state.old_token = Some((old, Instant::now() + OVERLAP));
        state.token.clone()
    }

    /// Issues another token and ends all others at once.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        let serial = state.serial();
        state.token = token(serial);
        state.old_token = None;
    }

    /// The merchant removes the app: no token works any more, and the vendor says so.
    pub fn uninstall(&self) {
        self.revoke_credentials();
        self.inner.tell(&Event::AppUninstalled);
    }

    /// Grants the token all depots: what was never seen is there, with the times that it had.
    pub fn grant_all_depots(&self) {
        self.inner.state().granted = None;
    }

    /// Sets the shop's clock on, or back; the `Date` of answers and new times of change follow it.
    pub fn shift_clock(&self, by: time::Duration) {
        self.pass(by);
    }

    /// How far the shop's clock is ahead of the computer's from now on.
    pub fn set_clock_ahead(&self, ahead: time::Duration) {
        self.set_clock_offset(ahead);
    }

    /// The webhooks since the last time; see [`SandboxOptions::keep_deliveries`].
    pub fn deliveries(&self) -> Vec<WebhookMessage> {
        std::mem::take(&mut self.inner.state().kept)
    }

    /// Locks an address (`/v3.0/order/list`) as if it had been called too often.
    pub fn lock(&self, path: &str, wait: Duration) {
        let mut state = self.inner.state();
        let end = state.now() + i64::try_from(wait.as_secs()).unwrap_or(0);
        state.buckets.entry(path.to_owned()).or_default().locked_until = Some(end);
    }

    /// How many calls came to an address while it was locked. Each made its lock longer.
    pub fn ignored_locks(&self) -> u64 {
        self.inner.state().ignored_locks
    }

    /// The ids of a stream that the token sees now, ascending. Orders and retail bills hold those of goods brought back; returns
    /// are these alone.
    pub fn ids(&self, stream: Stream) -> Vec<i64> {
        let state = self.inner.state();
        let of = |stream: Stream, keep: &dyn Fn(&Value) -> bool| {
            let rows = state.tables.0.get(&stream);
            let seen =
                rows.into_iter().flatten().filter(|(_, row)| state.is_granted(&row.json) && keep(&row.json));
            seen.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        match stream {
            Stream::Returns => {
                let mut ids = of(Stream::Orders, &|json| matches!(order_type(json), 14 | 16));
                ids.extend(of(Stream::Invoices, &|json| json["type"] == 1));
                ids.sort_unstable();
                ids
            }
            Stream::Orders => of(Stream::Orders, &|json| !matches!(order_type(json), 10 | 15)),
            Stream::Branches => {
                let granted = |id: &i64| state.granted.as_ref().is_none_or(|granted| granted.contains(id));
                of(stream, &|_| true).into_iter().filter(granted).collect()
            }
            stream => of(stream, &|_| true),
        }
    }

    /// A row as the shop keeps it.
    pub fn row(&self, stream: Stream, id: i64) -> Option<Value> {
        self.inner.row(stream, id)
    }

    /// Changes a row; its time of change becomes now. A bill has none. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: i64, change: impl FnOnce(&mut Value)) -> bool {
        let mut state = self.inner.state();
        let (now, now_ms) = (state.now(), state.now_ms());
        let stream = home(&mut state, stream, id);
        let Some(row) = state.tables.of(stream).get_mut(&id) else { return false };
        row.lag(now_ms, self.inner.options.lag);
        change(&mut row.json);
        routes::stamp(stream, row, now);
        drop(state);
        self.inner.tell_changed(stream, id);
        true
    }

    /// Deletes a row; the deleted lists of orders and bills say so. They tell seconds, so the shop's clock goes on by two:
    /// what is deleted next is deleted later.
    pub fn delete(&self, stream: Stream, id: i64) -> bool {
        let mut state = self.inner.state();
        let now = state.now();
        let stream = home(&mut state, stream, id);
        let Some(row) = state.tables.of(stream).remove(&id) else { return false };
        state.gone.push((stream, id, row.json));
        state.deleted.entry(stream).or_default().push((id, now));
        state.clock.pass(time::Duration::seconds(2));
        drop(state);
        match stream {
            Stream::Orders => self.inner.tell(&Event::OrdersDeleted(vec![id])),
            Stream::Products => self.inner.tell(&Event::ProductsDeleted(vec![id])),
            _ => {}
        }
        true
    }

    /// The id that seeded row `index` has.
    pub fn id(&self, stream: Stream, index: u64) -> i64 {
        match stream {
            Stream::Customers => rows::id_of(CUSTOMER, index),
            Stream::Orders => rows::id_of(ORDER, index),
            Stream::Invoices => rows::id_of(self.inner.options.bill_base(), index),
            Stream::Returns => rows::id_of(RETURN, index),
            Stream::Products => rows::id_of(PRODUCT, index),
            Stream::Categories => CATEGORY + index as i64,
            Stream::Branches => DEPOT + index as i64,
            _ => USER + index as i64,
        }
    }
}

fn order_type(json: &Value) -> i64 {
    json["info"]["type"].as_i64().unwrap_or(1)
}

/// The list in which a row stands.
fn home(state: &mut State, stream: Stream, id: i64) -> Stream {
    match stream {
        Stream::Returns if state.tables.of(Stream::Orders).contains_key(&id) => Stream::Orders,
        Stream::Returns => Stream::Invoices,
        stream => stream,
    }
}
