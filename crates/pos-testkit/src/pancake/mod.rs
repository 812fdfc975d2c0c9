//! A Pancake POS shop on loopback.
//!
//! It answers the POS API with the habits of the real one: the key in the query, page numbers, Unix seconds in filters and naive
//! UTC times in records, whole floats with an exponent, order ids that are numbers or texts, deleted orders that only show when
//! asked for, 400 or 500 for an unknown id, 500 for an array written as JSON, money fields that a change drops without a word,
//! staff rows that leak keys, and, when switched on, a search index that lags behind, sporadic 500s, answers that want the key in
//! a header too, lists in no order, texts for order ids, every way to pay, goods that came back or are priced 0, another currency,
//! a clock of its own, and webhooks.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::pancake::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! assert_eq!(shop.ids(pos_core::Stream::Customers).len(), 120);
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod edits;
mod hooks;
mod render;
mod routes;
mod suite;
mod truth;
mod unkind;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use pos_core::record::Stream;
use serde_json::{Map, Value};
use url::Url;

use crate::fault::{Fault, Faults, Rule};
use crate::seed::Shop;
use crate::server::{self, Answer, Asked, Clock, Frame, Outbox, Twist, Vendor, setters};

pub use crate::contract::Shipment as WebhookMessage;
pub use crate::server::Logged;
pub use render::SHOP_ID;
pub use suite::Unkind;

/// How the sandbox behaves. Every switch is a habit that the real service has or may have.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxOptions {
    /// What is in the shop. Its invoices are not used: Pancake has orders only.
    pub shop: Shop,
    /// The API key.
    pub api_key: String,
    /// The secret that webhooks carry in `x-webhook-secret`.
    pub webhook_secret: String,
    /// What webhooks carry in `x-store-id`.
    pub store_id: String,
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// How long the order list stays behind the database.
    pub index_lag: Duration,
    /// How many reads in a hundred fail with 500.
    pub failures_in_hundred: f64,
    /// The key must also come as `Authorization: Bearer`.
    pub wants_header: bool,
    /// Beyond the end comes the last page again.
    pub repeat_tail: bool,
    /// The plain list of orders leaves out cancelled ones, too.
    pub hides_cancelled: bool,
    /// `/shops/{id}` shows the webhook that is set.
    pub shows_webhook: bool,
    /// A new customer is answered without the customer.
    pub bare_created: bool,
    /// Customers and products stay behind, too.
    pub lags_all: bool,
    /// Lists come by id, whatever order was asked for.
    pub unsorted: bool,
    /// Every tenth customer has no time of change, so that no window shows it.
    pub dateless_customers: bool,
    /// Every third order has a text for an id.
    pub text_ids: bool,
    /// Orders are paid by card, wallets, gateways and points.
    pub varied_payments: bool,
    /// Every fifth order that was delivered has goods that came back.
    pub partial_returns: bool,
    /// Every other order has goods that are priced 0, and all its money in `cod`.
    pub zero_prices: bool,
    /// The shop's currency; orders of other shops than Vietnamese ones come in minor units.
    pub currency: String,
    /// Deliveries do not say what they are about.
    pub bare_webhooks: bool,
    /// Status and message for a key that is not accepted.
    pub stranger: (u16, String),
    /// Where webhooks go until a client registers an address; only addresses on this machine.
    pub webhook_to: Option<Url>,
    /// Deliveries are kept for [`Sandbox::deliveries`].
    pub keep_deliveries: bool,
    /// How many requests the log keeps.
    pub log_limit: usize,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            shop: Shop::default(),
            api_key: "0a1b2c3d4e5f60718293a4b5c6d7e8f9".into(),
            webhook_secret: "sandbox-webhook-secret".into(),
            store_id: "store-42".into(),
            port: 0,
            index_lag: Duration::ZERO,
            failures_in_hundred: 0.0,
            wants_header: false,
            repeat_tail: false,
            hides_cancelled: false,
            shows_webhook: true,
            bare_created: false,
            lags_all: false,
            unsorted: false,
            dateless_customers: false,
            text_ids: false,
            varied_payments: false,
            partial_returns: false,
            zero_prices: false,
            currency: "VND".into(),
            bare_webhooks: false,
            stranger: (401, "Missing access_token".into()),
            webhook_to: None,
            keep_deliveries: false,
            log_limit: 2000,
        }
    }
}

impl SandboxOptions {
    /// How many orders.
    #[must_use]
    pub fn with_orders(mut self, orders: u64) -> Self {
        self.shop.orders = orders;
        self.shop.invoices = 0;
        self
    }

    /// The shop's currency.
    #[must_use]
    pub fn with_currency(mut self, code: impl Into<String>) -> Self {
        self.currency = code.into();
        self
    }

    /// What a key that is not accepted is answered with.
    #[must_use]
    pub fn with_stranger(mut self, status: u16, message: impl Into<String>) -> Self {
        self.stranger = (status, message.into());
        self
    }

    /// The API key.
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    setters! {
        /// How many customers.
        with_customers(shop.customers: u64),
        /// What makes two shops different.
        with_seed(shop.seed: u64),
        /// What is in the shop.
        with_shop(shop: Shop),
        /// Port on loopback; 0 takes a free one.
        with_port(port: u16),
        /// How long the order list stays behind the database.
        with_index_lag(index_lag: Duration),
        /// How many reads in a hundred fail with 500.
        with_failures_in_hundred(failures_in_hundred: f64),
        /// Whether the key must also come in a header.
        with_wanted_header(wants_header: bool),
        /// Whether the last page repeats.
        with_repeat_tail(repeat_tail: bool),
        /// Whether the plain list leaves out cancelled orders.
        with_hidden_cancelled(hides_cancelled: bool),
        /// Whether the shop record shows its webhook.
        with_shown_webhook(shows_webhook: bool),
        /// Whether a new customer is answered without the customer.
        with_bare_created(bare_created: bool),
        /// Whether customers and products stay behind, too.
        with_lag_everywhere(lags_all: bool),
        /// Whether lists ignore the order that was asked for.
        with_unsorted_lists(unsorted: bool),
        /// Whether some customers have no time of change.
        with_dateless_customers(dateless_customers: bool),
        /// Whether some orders have a text for an id.
        with_text_ids(text_ids: bool),
        /// Whether orders are paid in every way there is.
        with_varied_payments(varied_payments: bool),
        /// Whether goods came back inside some orders.
        with_partial_returns(partial_returns: bool),
        /// Whether goods are priced 0 on some orders.
        with_zero_prices(zero_prices: bool),
        /// Whether deliveries lack `type`.
        with_bare_webhooks(bare_webhooks: bool),
        /// Where webhooks go until a client registers an address.
        with_webhook_to(webhook_to: Option<Url>),
        /// Whether deliveries are kept for a test to hand on.
        with_kept_deliveries(keep_deliveries: bool),
    }
}

/// One row: computed from the seed, or kept because it was changed or added.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) seed: Option<u64>,
    pub(crate) body: Option<Map<String, Value>>,
    pub(crate) created_ms: i64,
    pub(crate) changed_ms: i64,
    pub(crate) status: i64,
    /// What the index shows until it catches up: the row before, or nothing.
    pub(crate) stale: Option<(i64, Option<Box<Stored>>)>,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: BTreeMap<u64, Stored>,
    pub(crate) keys: HashMap<String, u64>,
    pub(crate) next: u64,
}

impl Table {
    pub(crate) fn put(&mut self, key: String, row: Stored) -> u64 {
        let at = self.next;
        self.next += 1;
        self.keys.insert(key, at);
        self.rows.insert(at, row);
        at
    }
}

/// What the shop keeps.
#[derive(Debug)]
pub struct State {
    pub(crate) tables: HashMap<Stream, Table>,
    pub(crate) key: String,
    pub(crate) serial: u64,
    clock: Clock,
    pub(crate) webhook: Map<String, Value>,
    pub(crate) notes: HashMap<String, Vec<Value>>,
    kept: VecDeque<WebhookMessage>,
}

impl State {
    pub(crate) fn table(&mut self, stream: Stream) -> &mut Table {
        self.tables.entry(stream).or_default()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(crate) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

/// How many deliveries are kept until somebody takes them.
const MOST_KEPT: usize = 10_000;

/// A running shop. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
pub(crate) type Inner = server::Inner<State>;

impl Vendor for State {
    type Options = SandboxOptions;

    const KEY: &'static str = "api_key";

    fn frame(options: &SandboxOptions) -> Frame<'_> {
        let SandboxOptions { shop, port, log_limit, .. } = options;
        Frame { shop, port: *port, log_limit: *log_limit, latency: None }
    }

    fn open(options: &mut SandboxOptions, faults: &Faults, _outbox: &Outbox) -> Self {
        let mut tables = render::tables(&options.shop);
        unkind::apply(options, &mut tables);
        if options.failures_in_hundred > 0.0 {
            faults.add(
                Rule::new(Fault::Status(500)).on("GET", "/").chance(options.failures_in_hundred / 100.0),
            );
        }
        Self {
            tables,
            key: options.api_key.clone(),
            serial: 0,
            clock: Clock::default(),
            webhook: Map::new(),
            notes: HashMap::new(),
            kept: VecDeque::new(),
        }
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    fn throttled(_inner: &Inner, wait: Option<u32>) -> Answer {
        routes::refuse(429, "Too many requests").to_wait(wait)
    }

    fn refused(_inner: &Inner, code: &str) -> Answer {
        routes::refuse_with(code)
    }
}

impl Sandbox {
    /// The address that stands for `https://pos.pages.fm/api/v1`.
    pub fn base_url(&self) -> Url {
        self.url("/api/v1")
    }

    /// The shop's number.
    pub fn shop_id(&self) -> String {
        SHOP_ID.to_string()
    }

    /// The API key that works now.
    pub fn api_key(&self) -> String {
        self.inner.state().key.clone()
    }

    /// Replaces the key, as a merchant does who regrets having given it away.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        let serial = state.serial();
        state.key = format!("{serial:032x}");
    }

    /// The ids of a stream now; deleted orders are left out.
    pub fn ids(&self, stream: Stream) -> Vec<String> {
        let mut state = self.inner.state();
        let table = state.table(stream);
        let mut keys: Vec<(u64, String)> = table
            .keys
            .iter()
            .filter(|(_, at)| table.rows.get(at).is_some_and(|row| row.status != 7))
            .map(|(key, at)| (*at, key.clone()))
            .collect();
        keys.sort();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// A row as the shop keeps it.
    pub fn row(&self, stream: Stream, id: &str) -> Option<Map<String, Value>> {
        let mut state = self.inner.state();
        let at = *state.table(stream).keys.get(id)?;
        let row = state.table(stream).rows.get(&at)?.clone();
        Some(render::body(self.inner.shop(), stream, &row))
    }

    /// Changes a row; its date of change becomes now. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: &str, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        routes::change(&self.inner, &mut self.inner.state(), stream, id, change)
    }

    /// Moves an order to another status.
    pub fn set_status(&self, id: &str, status: i64) -> bool {
        self.update(Stream::Orders, id, |row| render::set_status(row, status))
    }

    /// Lets the index catch up with the database.
    pub fn settle_index(&self) {
        for table in self.inner.state().tables.values_mut() {
            for row in table.rows.values_mut() {
                row.stale = None;
            }
        }
    }

    /// What the webhook settings of the shop are, as a client wrote them.
    pub fn webhook_settings(&self) -> Map<String, Value> {
        self.inner.state().webhook.clone()
    }

    /// Pretends that the merchant has a webhook at this address.
    pub fn set_webhook(&self, url: &str) {
        let mut state = self.inner.state();
        state.webhook.insert("webhook_url".into(), url.into());
        state.webhook.insert("webhook_enable".into(), true.into());
    }

    /// The deliveries since the last time, where they are kept.
    pub fn deliveries(&self) -> Vec<WebhookMessage> {
        self.inner.state().kept.drain(..).collect()
    }

    /// The delivery about a row, with the headers that the host asked for.
    pub fn webhook(&self, stream: Stream, id: &str) -> Option<WebhookMessage> {
        let kind = hooks::kind_of(stream)?;
        let mut body = self.row(stream, id)?;
        if !self.options().bare_webhooks {
            body.insert("type".into(), kind.into());
            body.insert("event_type".into(), "update".into());
        }
        Some(self.message(Value::Object(body).to_string().into()))
    }

    /// The delivery about the stock of a variation, caused by an order.
    pub fn stock_webhook(&self, variation: &str, order: Option<&str>) -> WebhookMessage {
        let mut body = render::stock_event(variation);
        if let Some(order) = order {
            body.insert("order_id".into(), order.parse::<i64>().map_or_else(|_| order.into(), Value::from));
        }
        self.message(Value::Object(body).to_string().into())
    }

    pub(crate) fn message(&self, body: Bytes) -> WebhookMessage {
        message_of(self.options(), body)
    }
}

fn message_of(options: &SandboxOptions, body: Bytes) -> WebhookMessage {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in [("x-store-id", &options.store_id), ("x-webhook-secret", &options.webhook_secret)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    WebhookMessage { headers, body, url: None }
}

#[cfg(test)]
mod tests;
