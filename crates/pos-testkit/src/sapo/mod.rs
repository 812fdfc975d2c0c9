//! A Sapo store on loopback, of the web flavour (`*.mysapo.net`) or of POS (`*.mysapogo.com`).
//!
//! It answers with the habits of the real one: filters that it does not know are ignored silently, and `customer_id` when
//! `page` is missing; `status=any` answers nothing; `tags` is ignored where `tag` works; unknown addresses answer a web page
//! with 200; every answer tells the bucket under two names; lists may lag behind writes; a cancellation without its wrapper
//! is a 500; lists come newest first, unless `since_id` is sent; times are whole seconds.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::sapo::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! assert_eq!(shop.ids(pos_core::Stream::Customers).len(), 120);
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod asked;
mod edits;
mod hooks;
mod pos;
mod routes;
mod rows;
mod suite;
mod truth;

pub use crate::contract::{SandboxOf, Start};
pub use crate::server::Logged;
pub use suite::{HeedlessSandbox, PosSandbox, UnkindPosSandbox, UnkindSandbox};

use std::collections::BTreeMap;
use std::time::Duration;

use pos_core::record::Stream;
use serde_json::{Map, Value, json};
use url::Url;

use crate::fault::Faults;
use crate::server::{
    self, Answer, Asked, Bucket, Clock, Courier, Outbox, Twist, Vendor, millis, object, options,
};
use rows::{Row, instant};

/// Which orders a list without `status` holds: the sources contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutStatus {
    /// All of them.
    #[default]
    All,
    /// The open ones.
    Open,
}

/// Which of the two APIs a sandbox speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// `*.mysapo.net`.
    #[default]
    Web,
    /// `*.mysapogo.com`.
    Pos,
}

options! {
    /// How the sandbox behaves. Every switch is a habit that the real service has or may have.
    pub struct SandboxOptions {
        /// Which API it speaks.
        flavor: Flavor = Flavor::Web, with_flavor;
        /// The host that the store would have; the one of the flavour without it.
        store: String = String::new(), with_store;
        /// API Key of the private app.
        api_key: String = "5f0c9a524d1e4b7a9c3e0a1b2c3d4e5f".into();
        /// API Secret of the private app; webhooks are signed with it.
        api_secret: String = "a1b2c3d4e5f60718293a4b5c6d7e8f90".into();
        /// The token of a public app.
        access_token: String = "f0e1d2c3b4a5968778695a4b3c2d1e0f".into();
        /// Which orders a list without `status` holds.
        without_status: WithoutStatus = WithoutStatus::All, with_without_status;
        /// How long a new or changed row is missing from lists.
        lag: Duration = Duration::ZERO, with_lag;
        /// Whether `since_id` means anything.
        since_id: bool = true, with_since_id;
        /// Lists come newest first with `since_id`, too: its order is not documented.
        newest_first: bool = false, with_newest_first;
        /// Lists come oldest first without `since_id`, too: nor is theirs.
        oldest_first: bool = false, with_oldest_first;
        /// Whether `ids` means nothing.
        ignores_ids: bool = false, with_ignored_ids;
        /// What does not exist is answered with 404 and nothing else: the vendor's own body is not established.
        bare_missing: bool = false, with_bare_missing;
        /// How far the shop's clock is ahead of the computer's.
        ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
        /// Orders have refunds, shipments, tags as lists, amounts as texts, marks of tests.
        rich_orders: bool = false, with_rich_orders;
        /// Webhooks take only known topics and web addresses.
        strict_hooks: bool = false, with_strict_hooks;
        /// Codes of places without a name are dropped, and those after July 2025 refused.
        strict_places: bool = false, with_strict_places;
        /// The app lacks the permission to read branches.
        closed_branches: bool = false, with_closed_branches;
        /// POS: `sort_by` means nothing.
        ignores_sorting: bool = false, with_ignored_sorting;
        /// There is no list of events.
        no_events: bool = false, with_no_events;
        /// Where webhooks go besides the registered addresses; only addresses on this machine are called.
        webhook_to: Option<Url> = None, with_webhook_to;
        /// Whether the bucket of 40 that refills by 2 a second is enforced.
        enforce_limit: bool = false, with_enforced_limit;
        /// Beyond the end comes the last page again.
        repeat_tail: bool = false, with_repeat_tail;
        /// A second customer with a known number or e-mail is refused.
        refuse_known: bool = true, with_known_refused;
    }
}

impl SandboxOptions {
    /// How many orders.
    #[must_use]
    pub fn with_orders(mut self, orders: u64) -> Self {
        self.shop.orders = orders;
        self
    }

    /// Everything that the vendor may do and a kind store does not, as far as it hides nothing for good: lists of open orders
    /// alone, newest first, orders in all forms, bare 404s, strict webhooks and places, a `sort_by` without effect.
    #[must_use]
    pub fn unkind(mut self) -> Self {
        (self.newest_first, self.rich_orders, self.ignores_sorting) = (true, true, true);
        (self.strict_hooks, self.strict_places, self.bare_missing) = (true, true, true);
        self.without_status = WithoutStatus::Open;
        self
    }
}

/// What the store keeps.
#[derive(Debug)]
pub struct State {
    tables: BTreeMap<Stream, BTreeMap<i64, Row>>,
    secret: String,
    token: String,
    hooks: BTreeMap<i64, Value>,
    bucket: Bucket,
    highest: BTreeMap<Stream, i64>,
    revoked: u64,
    clock: Clock,
    /// What happened to products.
    events: Vec<Value>,
    /// Grows with every delivery.
    version: i64,
    flavor: Flavor,
    webhook_to: Option<Url>,
    store: String,
    first_secret: String,
    outbox: Outbox,
}

impl State {
    fn table(&mut self, stream: Stream) -> &mut BTreeMap<i64, Row> {
        self.tables.entry(stream).or_default()
    }

    /// An id that nothing had before.
    fn take_id(&mut self, stream: Stream) -> i64 {
        let last = self.table(stream).keys().next_back().copied().unwrap_or(rows::base(stream));
        let highest = self.highest.entry(stream).or_insert(last);
        *highest = (*highest).max(last) + 3;
        *highest
    }

    fn change(
        &mut self,
        stream: Stream,
        id: i64,
        lag: Duration,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        let now = self.now_ms();
        let Some(row) = self.table(stream).get_mut(&id) else { return false };
        change(&mut row.json);
        row.json.insert("modified_on".into(), instant(now).into());
        row.changed = now;
        // A changed row disappears from the lists' index for a moment, too.
        row.shown = now + millis(lag);
        hooks::tell(self, stream, id, "update");
        true
    }

    /// Takes a row out of the shop.
    fn remove(&mut self, stream: Stream, id: i64) -> bool {
        if self.table(stream).remove(&id).is_none() {
            return false;
        }
        if stream == Stream::Products {
            let at = instant(self.now_ms());
            self.events.push(json!({
                "id": 880_001 + self.events.len(), "subject_id": id, "subject_type": "Product", "verb": "destroy", "arguments": [],
                "message": "Sản phẩm đã bị xóa", "created_on": at,
            }));
        }
        hooks::tell(self, stream, id, "delete");
        true
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}

/// A running store. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

impl Vendor for State {
    type Options = SandboxOptions;

    /// The vendor waits 5 seconds on POS, and tries 19 times in 48 hours.
    const COURIER: Courier = Courier {
        tries: 3,
        patience: Duration::from_secs(5),
        pause: (Duration::from_millis(50), 1),
        taken: Some(|status| (200..300).contains(&status)),
    };

    fn open(options: &mut SandboxOptions, _faults: &Faults, outbox: &Outbox) -> Self {
        if options.store.is_empty() {
            options.store = match options.flavor {
                Flavor::Web => "gom-lam-demo.mysapo.net".into(),
                Flavor::Pos => "tra-moc-demo.mysapogo.com".into(),
            };
        }
        let mut state = Self {
            tables: BTreeMap::new(),
            secret: options.api_secret.clone(),
            token: options.access_token.clone(),
            hooks: BTreeMap::new(),
            bucket: Bucket::default(),
            highest: BTreeMap::new(),
            revoked: 0,
            clock: Clock::ahead(options.ahead),
            events: Vec::new(),
            version: 1_790_000_000,
            flavor: options.flavor,
            webhook_to: options.webhook_to.clone(),
            store: options.store.clone(),
            first_secret: options.api_secret.clone(),
            outbox: outbox.clone(),
        };
        match options.flavor {
            Flavor::Web => rows::seed(&mut state, &options.shop, options.rich_orders),
            Flavor::Pos => pos::seed(&mut state, &options.shop, options.rich_orders),
        }
        state
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    fn throttled(_inner: &Inner, wait: Option<u32>) -> Answer {
        routes::throttled().to_wait(wait)
    }

    fn refused(_inner: &Inner, code: &str) -> Answer {
        match code {
            "access_denied" => Answer::json(403, &json!({ "error": code })),
            _ => routes::unsupported(code, "Ward is not supported"),
        }
    }

    fn stale(_inner: &Inner) -> Option<Answer> {
        Some(routes::unauthorized())
    }

    fn respond(inner: &Inner, asked: &Asked, twist: Twist, made: Option<Answer>) -> Answer {
        inner.drip(asked, twist, made)
    }
}

impl Sandbox {
    /// The address that stands for `https://{store}`.
    pub fn base_url(&self) -> Url {
        self.url("/")
    }

    /// The host that the store would have.
    pub fn store(&self) -> &str {
        &self.inner.options.store
    }

    /// API Key of the private app.
    pub fn api_key(&self) -> &str {
        &self.inner.options.api_key
    }

    /// The API Secret that works now.
    pub fn api_secret(&self) -> String {
        self.inner.state().secret.clone()
    }

    /// The token that works now.
    pub fn access_token(&self) -> String {
        self.inner.state().token.clone()
    }

    /// The secret that webhooks are signed with: the one that the app started with.
    pub fn webhook_secret(&self) -> &str {
        &self.inner.options.api_secret
    }

    /// Gives the app another secret and token; the old ones stop working.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        state.revoked += 1;
        state.secret = format!("{}-{}", self.inner.options.api_secret, state.revoked);
        state.token = format!("{}-{}", self.inner.options.access_token, state.revoked);
    }

    /// The ids of a stream now, ascending.
    pub fn ids(&self, stream: Stream) -> Vec<i64> {
        self.inner.state().table(stream).keys().copied().collect()
    }

    /// The id that seeded row `index` has.
    pub fn id(&self, stream: Stream, index: u64) -> i64 {
        rows::id_of(stream, index)
    }

    /// The id of the only variant of a seeded product.
    pub fn variant_id(&self, product: u64) -> i64 {
        rows::variant_of(rows::id_of(Stream::Products, product))
    }

    /// Which API it speaks.
    pub fn flavor(&self) -> Flavor {
        self.inner.options.flavor
    }

    /// Lets the lists catch up with the database.
    pub fn settle_index(&self) {
        for row in self.inner.state().tables.values_mut().flat_map(BTreeMap::values_mut) {
            row.shown = 0;
        }
    }

    /// A row as the shop keeps it.
    pub fn row(&self, stream: Stream, id: i64) -> Option<Map<String, Value>> {
        self.inner.state().table(stream).get(&id).map(|row| row.json.clone())
    }

    /// Changes a row; its date of change becomes now. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.inner.state().change(stream, id, self.inner.options.lag, change)
    }

    /// Deletes a row. Lists do not tell.
    pub fn delete(&self, stream: Stream, id: i64) -> bool {
        self.inner.state().remove(stream, id)
    }

    /// Adds a customer with these members.
    pub fn add_customer(&self, members: Value) -> i64 {
        let members = object(members);
        match self.flavor() {
            Flavor::Web => routes::new_customer(&self.inner, &mut self.inner.state(), members),
            Flavor::Pos => pos::new_customer(&self.inner, &mut self.inner.state(), members),
        }
    }

    /// Adds an order: one piece of each product (from 0).
    pub fn add_order(&self, customer: Option<i64>, products: &[u64]) -> i64 {
        match self.flavor() {
            Flavor::Web => routes::add_order(&self.inner, &mut self.inner.state(), customer, products),
            Flavor::Pos => pos::add_order(&self.inner, &mut self.inner.state(), customer, products),
        }
    }

    /// The registered webhooks.
    pub fn hooks(&self) -> Vec<Value> {
        self.inner.state().hooks.values().cloned().collect()
    }
}
