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
use crate::server::{self, Answer, Asked, Clock, Outbox, Twist, Vendor, options};

pub use crate::contract::Shipment as WebhookMessage;
pub use crate::server::Logged;
pub use render::SHOP_ID;
pub use suite::Unkind;

options! {
    /// How the sandbox behaves. Every switch is a habit that the real service has or may have.
    pub struct SandboxOptions {
        /// The API key.
        api_key: String = "0a1b2c3d4e5f60718293a4b5c6d7e8f9".into();
        /// The secret that webhooks carry in `x-webhook-secret`.
        webhook_secret: String = "sandbox-webhook-secret".into();
        /// What webhooks carry in `x-store-id`.
        store_id: String = "store-42".into();
        /// How long the order list stays behind the database.
        index_lag: Duration = Duration::ZERO, with_index_lag;
        /// How many reads in a hundred fail with 500.
        failures_in_hundred: f64 = 0.0, with_failures_in_hundred;
        /// The key must also come as `Authorization: Bearer`.
        wants_header: bool = false, with_wanted_header;
        /// Beyond the end comes the last page again.
        repeat_tail: bool = false, with_repeat_tail;
        /// The plain list of orders leaves out cancelled ones, too.
        hides_cancelled: bool = false, with_hidden_cancelled;
        /// `/shops/{id}` shows the webhook that is set.
        shows_webhook: bool = true, with_shown_webhook;
        /// A new customer is answered without the customer.
        bare_created: bool = false, with_bare_created;
        /// Customers and products stay behind, too.
        lags_all: bool = false, with_lag_everywhere;
        /// Lists come by id, whatever order was asked for.
        unsorted: bool = false, with_unsorted_lists;
        /// Every tenth customer has no time of change, so that no window shows it.
        dateless_customers: bool = false, with_dateless_customers;
        /// Every third order has a text for an id.
        text_ids: bool = false, with_text_ids;
        /// Orders are paid by card, wallets, gateways and points.
        varied_payments: bool = false, with_varied_payments;
        /// Every fifth order that was delivered has goods that came back.
        partial_returns: bool = false, with_partial_returns;
        /// Every other order has goods that are priced 0, and all its money in `cod`.
        zero_prices: bool = false, with_zero_prices;
        /// The shop's currency; orders of other shops than Vietnamese ones come in minor units.
        currency: String = "VND".into();
        /// Deliveries do not say what they are about.
        bare_webhooks: bool = false, with_bare_webhooks;
        /// Status and message for a key that is not accepted.
        stranger: (u16, String) = (401, "Missing access_token".into());
        /// Where webhooks go until a client registers an address; only addresses on this machine.
        webhook_to: Option<Url> = None, with_webhook_to;
        /// Deliveries are kept for [`Sandbox::deliveries`].
        keep_deliveries: bool = false, with_kept_deliveries;
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
    pub(crate) fn put(&mut self, key: String, row: Stored) {
        self.keys.insert(key, self.next);
        self.rows.insert(self.next, row);
        self.next += 1;
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Stored> {
        self.rows.get(self.keys.get(key)?)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Stored> {
        self.rows.get_mut(self.keys.get(key)?)
    }
}

/// What the shop keeps.
#[derive(Debug, Default)]
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

    fn open(options: &mut SandboxOptions, faults: &Faults, _outbox: &Outbox) -> Self {
        let mut tables = render::tables(&options.shop);
        unkind::apply(options, &mut tables);
        if options.failures_in_hundred > 0.0 {
            faults.add(
                Rule::new(Fault::Status(500)).on("GET", "/").chance(options.failures_in_hundred / 100.0),
            );
        }
        Self { tables, key: options.api_key.clone(), ..Self::default() }
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
        Some(render::body(self.inner.shop(), stream, state.table(stream).get(id)?))
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
