//! A MISA eShop (MShopKeeper) on loopback: the sign-in server and the API behind one address.
//!
//! It has the habits of the real one: a sign-in by signed message that grows stale; a token without an end of its own and an
//! environment that stands in every path; lists that are asked for by POST; failures under HTTP 200; one request of a kind at a
//! time, the next one is refused with 102; invoices without lines and without the customer's id, which their details have;
//! details whose list is misspelt; orders that are made under `invoices` and cannot be read back; customers who are made and
//! never changed, and a known number that is refused with its customer; no webhooks, no list of what is gone.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::misa::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! assert_eq!(shop.ids(pos_core::Stream::Customers).len(), 120);
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod body;
mod edits;
mod routes;
mod rows;
mod suite;
mod truth;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pos_core::record::Stream;
use serde_json::{Map, Value};
use url::Url;

use crate::fault::Faults;
pub use crate::server::Logged;
use crate::server::{self, Answer, Asked, Clock, Entered, Outbox, Twist, Vendor, millis, options};
use routes::Call;
pub use suite::{ListingSandbox, MiscountingSandbox, UnkindSandbox};

/// How a time that a request names is read. Which of them is right is not established.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// An offset counts; without one it is the time in Viet Nam.
    #[default]
    Zoned,
    /// The digits are UTC, whatever offset follows.
    Utc,
    /// The digits are the time in Viet Nam, whatever offset follows.
    Local,
}

options! {
    /// How the sandbox behaves. Every switch is a habit that the vendor has or may have.
    pub struct SandboxOptions {
        /// The shop's domain.
        domain: String = "cuahangmau.mshopkeeper.vn".into();
        /// The app that signs in.
        app_id: String = "MShopKeeperOpenPlatform".into();
        /// The key that signs.
        secret_key: String = "5a4db0c5f00d5a4db0c5f00d5a4db0c5f00d5a4db0c5f00d5a4db0c5f00d0001".into();
        /// How old the time in a sign-in may be. How old it may be there is not known.
        login_skew: Duration = Duration::from_secs(900), with_login_skew;
        /// A sign-in of the future is refused as well. Once it was not.
        strict_login: bool = false, with_strict_login;
        /// How long a token works. The vendor does not say.
        token_life: Duration = Duration::from_secs(3600), with_token_life;
        /// The shop moves to another environment whenever its tokens end.
        moving: bool = false, with_moving;
        /// How long a kind of request stays locked after its caller gave up waiting for the answer.
        busy_after: Duration = Duration::ZERO, with_busy_after;
        /// How times in requests are read.
        reading: Reading = Reading::Zoned, with_reading;
        /// Lists do not say how many rows there are.
        no_totals: bool = false, with_no_totals;
        /// Lists say fewer rows than there are: full pages follow after them.
        low_totals: bool = false, with_low_totals;
        /// Past the end the last page comes again.
        repeat_tail: bool = false, with_repeat_tail;
        /// What is known in two forms comes in the other one: members that may lack or be null, the text of an error, the list
        /// of a detail spelt right, dates without offset, .NET's empty date, the id of what was made beside it.
        other_forms: bool = false, with_other_forms;
        /// Amounts are texts or have no fraction.
        retyped: bool = false, with_retyped;
        /// The letters of ids are small in lists and capital elsewhere.
        mixed_case: bool = false, with_mixed_case;
        /// Rows that are alike in the member that sorts them stand in another order at every request.
        restless: bool = false, with_restless;
        /// Some codes were typed by people: not all begin alike, nor with capital letters.
        own_codes: bool = false, with_own_codes;
        /// Goods that were brought back stand among the invoices, under a type that no sheet explains.
        returns: bool = false, with_returns;
        /// There is a list of orders, which nobody could confirm.
        lists_orders: bool = false, with_listed_orders;
        /// The shop numbers orders whatever number was sent, and lists them with their notes.
        numbers_itself: bool = false, with_own_numbers;
        /// A write is carried out and answered with an internal error.
        fails_late: bool = false, with_late_failures;
        /// How long lists do not show what is new or changed.
        lag: Duration = Duration::ZERO, with_lag;
        /// How far the shop's clock is ahead of the computer's.
        ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
    }
}

impl SandboxOptions {
    /// How many invoices, and how many orders.
    #[must_use]
    pub fn with_documents(mut self, invoices: u64, orders: u64) -> Self {
        (self.shop.invoices, self.shop.orders) = (invoices, orders);
        self
    }

    /// Everything that the vendor may do to make life hard, as far as it hides nothing for good.
    #[must_use]
    pub fn unkind(mut self) -> Self {
        (self.no_totals, self.repeat_tail, self.moving) = (true, true, true);
        (self.other_forms, self.retyped, self.mixed_case) = (true, true, true);
        (self.restless, self.own_codes, self.returns) = (true, true, true);
        (self.reading, self.strict_login) = (Reading::Local, true);
        self
    }
}

/// What the shop keeps, by the lists that show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Customers,
    Invoices,
    Orders,
    Items,
    Branches,
    Categories,
    Levels,
}

impl Kind {
    fn of(stream: Stream) -> Option<Self> {
        Some(match stream {
            Stream::Customers => Self::Customers,
            Stream::Invoices => Self::Invoices,
            Stream::Orders => Self::Orders,
            Stream::Products => Self::Items,
            Stream::Branches => Self::Branches,
            Stream::Categories => Self::Categories,
            _ => return None,
        })
    }
}

/// A row as the shop keeps it, with everything that any answer shows of it. Times are Unix milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) json: Map<String, Value>,
    /// When it last changed.
    pub(super) changed: i64,
    /// The date that it carries: an invoice's, an order's.
    pub(super) dated: i64,
    /// Since when lists show it as it is.
    pub(super) shown: i64,
}

impl Row {
    fn new(json: Map<String, Value>, changed: i64, dated: i64) -> Self {
        Self { json, changed, dated, shown: i64::MIN }
    }
}

/// What goes on with a kind of request.
#[derive(Clone, Copy, Debug)]
enum Busy {
    /// One is being answered.
    Running,
    /// The caller went away; it is locked until then.
    Left(Instant),
}

/// What the shop keeps.
#[derive(Debug)]
pub struct State {
    tables: BTreeMap<Kind, BTreeMap<String, Row>>,
    /// The tokens that work, and when each was given.
    tokens: BTreeMap<String, i64>,
    environment: &'static str,
    secret_key: String,
    /// The merchant has not switched the connection off.
    is_connected: bool,
    busy: BTreeMap<&'static str, Busy>,
    /// How often a request was refused because one of its kind was running.
    refused: u64,
    clock: Clock,
    serial: u64,
    /// Counts answers: what changes from one to the next depends on it.
    turn: u64,
    revoked: u64,
    /// What was deleted.
    gone: Vec<(Kind, String)>,
    lag: i64,
}

impl State {
    fn table(&mut self, kind: Kind) -> &mut BTreeMap<String, Row> {
        self.tables.entry(kind).or_default()
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// A number that nothing had before.
    fn take_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn put(&mut self, kind: Kind, id: String, json: Map<String, Value>) {
        let now = self.now_ms();
        let row = Row { shown: now.saturating_add(self.lag), ..Row::new(json, now, now) };
        self.table(kind).insert(id, row);
    }

    /// Changes a row; it counts as changed now. Answers whether there is such a row.
    fn change(&mut self, kind: Kind, id: &str, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        let (now, lag) = (self.now_ms(), self.lag);
        let Some(row) = self.table(kind).get_mut(id) else { return false };
        change(&mut row.json);
        (row.changed, row.shown) = (now, now.saturating_add(lag));
        true
    }

    fn delete(&mut self, kind: Kind, id: &str) -> bool {
        let is_there = self.table(kind).remove(id).is_some();
        if is_there {
            self.gone.push((kind, id.to_owned()));
        }
        is_there
    }

    /// Ends every token; a shop that moves is elsewhere from now on.
    fn end_tokens(&mut self, moving: bool) {
        self.tokens.clear();
        if moving {
            self.environment = if self.environment == "g1" { "g3" } else { "g1" };
        }
    }
}

/// A running shop. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

impl Vendor for State {
    type Options = SandboxOptions;

    const TOKEN_PATH: &'static str = "/auth/api/Account/Login";

    fn open(options: &mut SandboxOptions, _faults: &Faults, _outbox: &Outbox) -> Self {
        Self {
            tables: rows::tables(options),
            tokens: BTreeMap::new(),
            environment: "g1",
            secret_key: options.secret_key.clone(),
            is_connected: true,
            busy: BTreeMap::new(),
            refused: 0,
            clock: Clock::ahead(options.ahead),
            serial: 900_000,
            turn: 0,
            revoked: 0,
            gone: Vec::new(),
            lag: millis(options.lag),
        }
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    /// One request of a kind at a time; a caller who gave up leaves its kind locked for a while.
    fn enter(inner: &Arc<Inner>, asked: &Asked) -> Result<Entered, Answer> {
        let kind = match Call::of(&asked.path) {
            Some((_, call)) if call != Call::Login => call.name(),
            _ => return Ok(Entered::default()),
        };
        let mut state = inner.state();
        match state.busy.get(kind) {
            Some(Busy::Running) => {}
            Some(Busy::Left(until)) if *until > Instant::now() => {}
            _ => {
                state.busy.insert(kind, Busy::Running);
                drop(state);
                let inner = Arc::clone(inner);
                return Ok(Entered::new(move |is_answered| {
                    let left = Busy::Left(Instant::now() + inner.options.busy_after);
                    let mut state = inner.state();
                    match is_answered {
                        true => drop(state.busy.remove(kind)),
                        false => drop(state.busy.insert(kind, left)),
                    }
                }));
            }
        }
        state.refused += 1;
        Err(inner.failure(&mut state, 102))
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    /// No 429 of this vendor was seen; a wait that is named can be said in no other way.
    fn throttled(inner: &Inner, wait: Option<u32>) -> Answer {
        match wait {
            Some(_) => Answer::page(429).to_wait(wait),
            None => inner.failure(&mut inner.state(), 102),
        }
    }

    fn refused(inner: &Inner, code: &str) -> Answer {
        inner.failure(&mut inner.state(), code.parse().unwrap_or(100))
    }

    fn stale(inner: &Inner) -> Option<Answer> {
        inner.state().end_tokens(inner.options.moving);
        None
    }

    /// Reads count as `GET` in rules and writes as `POST`, although nearly all requests are POST.
    fn method(asked: &Asked) -> &str {
        match Call::of(&asked.path) {
            Some((_, Call::NewCustomer | Call::NewOrder | Call::Login)) | None => &asked.method,
            _ => "GET",
        }
    }
}

impl Sandbox {
    /// The address that stands for `https://graphapi.mshopkeeper.vn`.
    pub fn base_url(&self) -> Url {
        self.url("/")
    }

    /// The shop's domain.
    pub fn domain(&self) -> &str {
        &self.inner.options.domain
    }

    /// The app that signs in.
    pub fn app_id(&self) -> &str {
        &self.inner.options.app_id
    }

    /// The key that signs now.
    pub fn secret_key(&self) -> String {
        self.inner.state().secret_key.clone()
    }

    /// Where the shop lives now: the first part of every path.
    pub fn environment(&self) -> &'static str {
        self.inner.state().environment
    }

    /// The company code that a sign-in answers.
    pub fn company_code(&self) -> &str {
        routes::company(self.domain())
    }

    /// The tokens that work now.
    pub fn tokens(&self) -> Vec<String> {
        self.inner.state().tokens.keys().cloned().collect()
    }

    /// Ends every token.
    pub fn expire_tokens(&self) {
        self.inner.state().end_tokens(self.inner.options.moving);
    }

    /// Gives the shop another secret key; what the old one opened is closed.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        state.revoked += 1;
        let fresh = self.inner.options.secret_key.len().saturating_sub(4);
        let stem = self.inner.options.secret_key.get(..fresh).unwrap_or_default();
        state.secret_key = format!("{stem}{:04x}", 0xf00d + state.revoked);
        state.end_tokens(false);
    }

    /// The merchant switches the connection off, or on again.
    pub fn set_connected(&self, is_connected: bool) {
        self.inner.state().is_connected = is_connected;
    }

    /// Moves the shop to another environment: what was handed out for the old one ends.
    pub fn move_away(&self) {
        self.inner.state().end_tokens(true);
    }

    /// How often a request was refused because one of its kind was running.
    pub fn refused_as_busy(&self) -> u64 {
        self.inner.state().refused
    }

    /// The ids of a stream now. Orders stand here although no list shows them.
    pub fn ids(&self, stream: Stream) -> Vec<String> {
        let Some(kind) = Kind::of(stream) else { return Vec::new() };
        self.inner.state().table(kind).keys().cloned().collect()
    }

    /// The id of the seeded row of that position; of a product that is one of several variants, theirs.
    pub fn id(&self, stream: Stream, index: u64) -> String {
        match stream {
            Stream::Products => rows::item_id(index),
            stream => Kind::of(stream).map_or_else(String::new, |kind| rows::id(kind, index)),
        }
    }

    /// A row with everything that the shop keeps of it.
    pub fn row(&self, stream: Stream, id: &str) -> Option<Map<String, Value>> {
        self.inner.state().table(Kind::of(stream)?).get(id).map(|row| row.json.clone())
    }

    /// Changes a row; it counts as changed now. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: &str, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().change(kind, id, change))
    }

    /// Deletes a row. Nobody tells.
    pub fn delete(&self, stream: Stream, id: &str) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().delete(kind, id))
    }

    /// Lets lists show what was written so far.
    pub fn settle_lists(&self) {
        let mut state = self.inner.state();
        state.tables.values_mut().flat_map(BTreeMap::values_mut).for_each(|row| row.shown = i64::MIN);
    }
}
