//! A WooCommerce shop on loopback, as if it were called by HTTPS.
//!
//! It has the habits of the real one: keys by Basic or in the query, where the query wins; 401 for a key that it does not know;
//! pages that are cut before what the key may not read is left out; exclusive bounds that are compared as text with the column
//! of the zone that was asked for; filters that a list does not know are ignored; customers of one role unless told
//! otherwise, and without a filter by time of change; net lines, negative fees, a total that nothing lowers; a trash;
//! batches that fail item by item under 200; webhooks that are queued, tell the object as it is when they leave, share their
//! delivery id within a second, are never repeated, and end after seven failures in a row.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::woocommerce::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! // And the administrator, who bought something.
//! assert_eq!(shop.ids(pos_core::Stream::Customers).len(), 121);
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod answer;
mod edits;
mod hooks;
mod render;
mod routes;
mod suite;
mod truth;
mod write;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pos_core::record::Stream;
use serde_json::{Map, Value};
use tokio::task::JoinHandle;
use url::Url;

use crate::contract::Shipment;
use crate::fault::Faults;
pub use crate::server::Logged;
use crate::server::{self, Answer, Asked, Bucket, Clock, Outbox, Twist, Vendor, millis, options, text};
use hooks::{Hook, Told};
pub use suite::{OldSandbox, UnkindSandbox};

options! {
    /// How the sandbox behaves. Every switch is a habit that a shop has or may have.
    pub struct SandboxOptions {
        /// The address that the shop would have: host and folder.
        site: String = "gomviet-demo.example.vn".into();
        /// The key.
        consumer_key: String = "ck_sandbox00000000000000000000000000000001".into();
        /// Its secret.
        consumer_secret: String = "cs_sandbox00000000000000000000000000000001".into();
        /// The secret of the webhooks that the shop starts with.
        webhook_secret: String = "sandboxWebhookSecret00000001".into();
        /// The version of the shop's software: what came later is not there, or ignored.
        version: (u8, u8) = (11, 2), with_version;
        /// The key may read and not write.
        read_only: bool = false, with_read_only;
        /// The host takes the `Authorization` header away.
        strips_authorization: bool = false, with_stripped_authorization;
        /// The shop answers under `index.php?rest_route=` only.
        plain_permalinks: bool = false, with_plain_permalinks;
        /// The user of the key may not list customers.
        closed_customers: bool = false, with_closed_customers;
        /// The user of the key may not manage webhooks.
        closed_webhooks: bool = false, with_closed_webhooks;
        /// A cache takes the headers that count away.
        no_totals: bool = false, with_no_totals;
        /// Some orders, products and customers are not for this key: they are counted, and left out of their pages.
        hidden_rows: bool = false, with_hidden_rows;
        /// Plugins retype members: lists are objects, empty objects lists, numbers texts, and a mark stands before the JSON.
        retyped: bool = false, with_retyped;
        /// `status=any` holds orders that are still being typed at the checkout, as it did until March 2026.
        drafts_in_any: bool = true, with_drafts_in_any;
        /// Going into the trash does not move the time of change: not established.
        still_trash: bool = false, with_still_trash;
        /// `status=trash` of products is refused, as before it was known.
        no_trashed_products: bool = false, with_no_trashed_products;
        /// A plugin numbers orders: their number is not their id.
        numbered: bool = false, with_numbered;
        /// A larger page than this is too much for the host.
        heavy_above: Option<usize> = None, with_heavy_above;
        /// How long a cache keeps what is new or changed out of lists.
        lag: Duration = Duration::ZERO, with_lag;
        /// How far the shop's clock is ahead of the computer's.
        ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
        /// The firewall of the host: bucket and refill by second.
        limit: Option<(u32, f64)> = None, with_limit;
        /// The shop starts with a webhook for every topic to this address; only addresses on this machine are called.
        webhook_to: Option<Url> = None, with_webhook_to;
        /// The shop starts with a webhook for every topic, and what they tell is kept for [`Sandbox::deliveries`].
        keep_deliveries: bool = false, with_kept_deliveries;
    }
}

impl SandboxOptions {
    /// How many orders.
    #[must_use]
    pub fn with_orders(mut self, orders: u64) -> Self {
        self.shop.orders = orders;
        self
    }

    /// Everything that a shop may do to make life hard, as far as it hides nothing for good.
    #[must_use]
    pub fn unkind(mut self) -> Self {
        (self.no_totals, self.hidden_rows, self.retyped) = (true, true, true);
        (self.still_trash, self.numbered, self.heavy_above) = (true, true, Some(50));
        self
    }
}

/// What the shop keeps, by the lists that show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Customers,
    Orders,
    Refunds,
    Products,
    Variations,
    Categories,
}

impl Kind {
    fn of(stream: Stream) -> Option<Self> {
        Some(match stream {
            Stream::Customers => Self::Customers,
            Stream::Orders => Self::Orders,
            Stream::Products => Self::Products,
            Stream::Categories => Self::Categories,
            _ => return None,
        })
    }

    /// Whether what is deleted goes into the trash first.
    fn has_trash(self) -> bool {
        matches!(self, Self::Orders | Self::Products)
    }
}

/// A row as the shop keeps it. Times are Unix milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) json: Map<String, Value>,
    pub(super) created: i64,
    pub(super) changed: i64,
    /// Since when lists show it as it is.
    pub(super) shown: i64,
    /// The order of a refund, the product of a variation.
    pub(super) parent: i64,
    /// Not for this key.
    pub(super) hidden: bool,
    /// Its status before it went into the trash.
    pub(super) before_trash: String,
}

impl Row {
    pub(super) fn new(json: Map<String, Value>, created: i64, changed: i64) -> Self {
        let before_trash = String::new();
        Self { json, created, changed, shown: i64::MIN, parent: 0, hidden: false, before_trash }
    }

    pub(super) fn status(&self) -> &str {
        text(&self.json, "status")
    }

    fn is_trashed(&self) -> bool {
        self.status() == "trash"
    }

    /// Whether a CRM is to have it.
    fn is_told(&self, kind: Kind) -> bool {
        let is_staff = kind == Kind::Customers && render::is_staff(&self.json);
        let is_draft = kind == Kind::Orders && render::is_draft(self.status());
        !self.hidden && !self.is_trashed() && !is_staff && !is_draft
    }
}

/// What the shop keeps.
#[derive(Debug)]
pub struct State {
    tables: BTreeMap<Kind, BTreeMap<i64, Row>>,
    hooks: BTreeMap<i64, Hook>,
    queue: VecDeque<Told>,
    clock: Clock,
    key: String,
    secret: String,
    serial: i64,
    revoked: u64,
    bucket: Bucket,
    /// What was deleted for good.
    gone: BTreeSet<(Kind, i64)>,
    /// The user of the webhooks lost its rights.
    hooks_are_blind: bool,
    lag: i64,
    still_trash: bool,
    version: (u8, u8),
}

impl State {
    fn table(&mut self, kind: Kind) -> &mut BTreeMap<i64, Row> {
        self.tables.entry(kind).or_default()
    }

    /// An id that nothing had before: all kinds share one sequence.
    fn take_id(&mut self) -> i64 {
        self.serial += 1;
        self.serial
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Puts a row into the shop and tells of it.
    fn put(&mut self, kind: Kind, id: i64, json: Map<String, Value>, parent: i64) {
        let now = self.now_ms();
        let mut row = Row::new(json, now, now);
        (row.shown, row.parent) = (now.saturating_add(self.lag), parent);
        render::stamp(&mut row.json, "date_created", Some(now));
        render::stamp(&mut row.json, "date_modified", Some(now));
        self.table(kind).insert(id, row);
        hooks::tell(self, kind, id, "created");
    }

    /// Changes a row; its time of change becomes now. Answers whether there is such a row.
    fn change(&mut self, kind: Kind, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        let (now, lag) = (self.now_ms(), self.lag);
        let Some(row) = self.table(kind).get_mut(&id) else { return false };
        let was_draft = kind == Kind::Orders && render::is_draft(row.status());
        change(&mut row.json);
        (row.changed, row.shown) = (now, now.saturating_add(lag));
        render::stamp(&mut row.json, "date_modified", Some(now));
        let leaves_draft = was_draft && !render::is_draft(row.status());
        hooks::tell(self, kind, id, if leaves_draft { "created" } else { "updated" });
        true
    }

    /// Deletes a row: into the trash where there is one, unless by force, of which no webhook tells.
    fn delete(&mut self, kind: Kind, id: i64, force: bool) -> bool {
        let (now, still) = (self.now_ms(), self.still_trash);
        let Some(row) = self.table(kind).get_mut(&id) else { return false };
        if kind.has_trash() && !force {
            if row.is_trashed() {
                return false;
            }
            row.before_trash = row.status().to_owned();
            row.json.insert("status".into(), "trash".into());
            if !still {
                row.changed = now;
                render::stamp(&mut row.json, "date_modified", Some(now));
            }
            hooks::tell(self, kind, id, "deleted");
            return true;
        }
        let is_customer = kind == Kind::Customers && text(&row.json, "role") == "customer";
        self.table(kind).remove(&id);
        self.gone.insert((kind, id));
        if is_customer {
            hooks::tell(self, kind, id, "deleted");
        }
        true
    }

    /// Takes a row out of the trash.
    fn restore(&mut self, kind: Kind, id: i64) -> bool {
        let now = self.now_ms();
        let Some(row) = self.table(kind).get_mut(&id).filter(|row| row.is_trashed()) else { return false };
        let before = std::mem::take(&mut row.before_trash);
        row.json.insert("status".into(), before.into());
        row.changed = now;
        render::stamp(&mut row.json, "date_modified", Some(now));
        hooks::tell(self, kind, id, "restored");
        true
    }
}

/// A running shop. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

/// How long a change waits in the shop's queue before it is told.
const QUEUE: Duration = Duration::from_millis(20);

impl Vendor for State {
    type Options = SandboxOptions;

    const KEY: &'static str = "consumer_secret";

    fn open(options: &mut SandboxOptions, _faults: &Faults, _outbox: &Outbox) -> Self {
        let mut state = Self {
            tables: BTreeMap::new(),
            hooks: BTreeMap::new(),
            queue: VecDeque::new(),
            clock: Clock::ahead(options.ahead),
            key: options.consumer_key.clone(),
            secret: options.consumer_secret.clone(),
            serial: 9_000_000,
            revoked: 0,
            bucket: Bucket::default(),
            gone: BTreeSet::new(),
            hooks_are_blind: false,
            lag: millis(options.lag),
            still_trash: options.still_trash,
            version: options.version,
        };
        render::seed(&mut state, options);
        hooks::seed(&mut state, options);
        state
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    /// The host's firewall, in its own words.
    fn throttled(_inner: &Inner, wait: Option<u32>) -> Answer {
        Answer::page(429).to_wait(wait)
    }

    fn refused(_inner: &Inner, code: &str) -> Answer {
        answer::refused(code)
    }

    fn beside(inner: &Arc<Inner>) -> Option<JoinHandle<()>> {
        let inner = Arc::clone(inner);
        Some(tokio::spawn(async move {
            loop {
                tokio::time::sleep(QUEUE).await;
                if !inner.options.keep_deliveries {
                    hooks::work(&inner).await;
                }
            }
        }))
    }
}

impl Sandbox {
    /// The address that stands for `https://{site}`.
    pub fn base_url(&self) -> Url {
        self.url(&format!("/{}", routes::folder(&self.inner.options.site)))
    }

    /// Host and folder that the shop would have.
    pub fn site(&self) -> &str {
        &self.inner.options.site
    }

    /// The key that works now.
    pub fn consumer_key(&self) -> String {
        self.inner.state().key.clone()
    }

    /// Its secret.
    pub fn consumer_secret(&self) -> String {
        self.inner.state().secret.clone()
    }

    /// The secret of the webhooks that the shop starts with.
    pub fn webhook_secret(&self) -> &str {
        &self.inner.options.webhook_secret
    }

    /// Deletes the key; there is a new one.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        state.revoked += 1;
        state.key = format!("{}-{}", self.inner.options.consumer_key, state.revoked);
        state.secret = format!("{}-{}", self.inner.options.consumer_secret, state.revoked);
    }

    /// The ids of what a CRM is to have of a stream now, ascending.
    pub fn ids(&self, stream: Stream) -> Vec<i64> {
        let Some(kind) = Kind::of(stream) else { return Vec::new() };
        let mut state = self.inner.state();
        let told = state.table(kind).iter().filter(|(_, row)| row.is_told(kind));
        told.map(|(id, _)| *id).collect()
    }

    /// The id that seeded row `index` has; of a product that is one of several variations, theirs.
    pub fn id(&self, stream: Stream, index: u64) -> i64 {
        match stream {
            Stream::Customers => render::customer_id(index),
            Stream::Orders => render::order_id(index),
            Stream::Products => match render::product_of(&self.shop().product(index)) {
                (product, 0) => product,
                (_, variation) => variation,
            },
            _ => render::CATEGORY + index as i64,
        }
    }

    /// A row as the shop keeps it.
    pub fn row(&self, stream: Stream, id: i64) -> Option<Map<String, Value>> {
        self.inner.state().table(Kind::of(stream)?).get(&id).map(|row| row.json.clone())
    }

    /// Changes a row; its time of change becomes now. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().change(kind, id, change))
    }

    /// Deletes a row as the shop's own screens do: orders and products go into the trash.
    pub fn delete(&self, stream: Stream, id: i64) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().delete(kind, id, false))
    }

    /// Deletes a row for good, as the emptied trash does: no list and no webhook tells.
    pub fn purge(&self, stream: Stream, id: i64) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().delete(kind, id, true))
    }

    /// Takes a row out of the trash.
    pub fn restore(&self, stream: Stream, id: i64) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().restore(kind, id))
    }

    /// Lets the cached lists catch up with the database.
    pub fn settle_index(&self) {
        let mut state = self.inner.state();
        state.tables.values_mut().flat_map(BTreeMap::values_mut).for_each(|row| row.shown = i64::MIN);
    }

    /// The webhooks as `GET /webhooks` shows them.
    pub fn hooks(&self) -> Vec<Value> {
        self.inner.state().hooks.iter().map(|(id, hook)| hook.shown(*id)).collect()
    }

    /// The user of the webhooks loses its rights, or has them again: deliveries carry an error in the place of the object.
    pub fn blind_hooks(&self, are_blind: bool) {
        self.inner.state().hooks_are_blind = are_blind;
    }

    /// The deliveries that wait in the queue, each as its object is now; only with
    /// [`keep_deliveries`](SandboxOptions::keep_deliveries).
    pub fn deliveries(&self) -> Vec<Shipment> {
        hooks::drain(&self.inner).into_iter().map(|(_, _, shipment)| shipment).collect()
    }

    /// The delivery of a topic with this body, signed as the shop's own webhooks sign.
    pub fn delivery(&self, topic: &str, body: impl Into<bytes::Bytes>) -> Shipment {
        hooks::signed(&self.inner, 1, topic, self.webhook_secret(), body.into())
    }

    /// The delivery that tells of a row as it is now, under a verb (`updated`).
    pub fn webhook_of(&self, stream: Stream, id: i64, verb: &str) -> Option<Shipment> {
        let kind = Kind::of(stream)?;
        let topic = format!("{}.{verb}", hooks::resource(kind)?);
        let body = hooks::body(&mut self.inner.state(), kind, id, verb);
        Some(self.delivery(&topic, body))
    }
}
