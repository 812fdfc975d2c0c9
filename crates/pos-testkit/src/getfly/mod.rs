//! A Getfly company on loopback.
//!
//! It has the habits of the real one: one key in a header; three lines of the API, of which a company may have only the older ones;
//! lists with `limited` where one expects `limit`, without a count, newest first, whose `has_more` may be followed by nothing;
//! members that are there when they are named in `fields` only; filters that a list does not know are ignored without a word;
//! a search that finds no order; codes with slashes that stay taken after their customer was deleted; a bare array of what was
//! deleted; times without a zone; discounts that are said twice, fees that are told nowhere but in the total; one write under
//! another name than its read; webhooks as forms, flat or nested twice, with nothing but a secret in the body.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::getfly::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! assert_eq!(shop.ids(pos_core::Stream::Customers).len(), 120);
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod answer;
mod edits;
mod filter;
mod hooks;
mod old;
mod render;
mod routes;
mod suite;
#[cfg(test)]
mod tests;
mod truth;
mod write;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use pos_core::record::Stream;
use serde_json::{Map, Value};
use url::Url;

use crate::contract::Shipment;
use crate::fault::Faults;
pub use crate::server::Logged;
use crate::server::{self, Answer, Asked, Bucket, Clock, Outbox, Twist, Vendor, millis, options, text};
use hooks::Post;
pub use suite::{UnkindSandbox, V3Sandbox, V6Sandbox};

/// Which lines of the API a company has. All that have a newer one have the older ones, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// v3 alone: texts everywhere, pages by number.
    V3,
    /// v6 and v3.
    V6,
    /// v6.1, v6 and v3.
    #[default]
    V61,
}

/// How lists are sorted. No parameter for it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sorted {
    /// The newest id first.
    #[default]
    Newest,
    /// The oldest id first.
    Oldest,
    /// What changed last first: rows move while a list is read.
    Changed,
}

/// What a write that made something is answered with. Nobody shows the real answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Created {
    /// `{"data":{"id":1}}`
    #[default]
    Wrapped,
    /// `{"id":1}`
    Bare,
    /// A few words.
    Words,
}

/// In which shape a change is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// A form: the envelope with its data.
    #[default]
    Flat,
    /// A form: the envelope inside an envelope.
    Nested,
    /// JSON, as a page about version 4 shows it: without a secret.
    Json,
}

options! {
    /// How the sandbox behaves. Every switch is a habit that a company's Getfly has or may have.
    pub struct SandboxOptions {
        /// The company: the first part of `{company}.getflycrm.com`.
        company: String = "gomviet-demo".into();
        /// The key.
        api_key: String = "sandboxGetflyKey00000000000001".into();
        /// The secret of its webhook.
        webhook_secret: String = "sandbox-webhook-secret-getfly".into();
        /// Which lines of the API there are.
        line: Line = Line::V61, with_line;
        /// How lists are sorted.
        sorted: Sorted = Sorted::Newest, with_sorting;
        /// The largest page, whatever is asked for.
        largest_page: usize = 5000, with_largest_page;
        /// `has_more` stays true behind the end.
        endless: bool = false, with_endless_lists;
        /// Filters know no more than what is documented of each member: an id has no order.
        narrow_filters: bool = false, with_narrow_filters;
        /// One record is answered in `data`.
        wrapped: bool = false, with_wrapped_records;
        /// Members come in the other types that were seen or that the documentation says.
        retyped: bool = false, with_retyped_members;
        /// What was deleted is told in pages, too.
        paged_deletions: bool = false, with_paged_deletions;
        /// What a write that made something is answered with.
        created: Created = Created::Wrapped, with_created;
        /// The status that a code which is taken is refused with.
        taken: u16 = 409, with_taken_status;
        /// The company refuses a number or an e-mail address that another customer has.
        unique_people: bool = false, with_unique_people;
        /// A payment does not move the time of change of its order: not established.
        quiet_payments: bool = false, with_quiet_payments;
        /// The key does not open orders: not established.
        closed_orders: bool = false, with_closed_orders;
        /// The list of orders of v3 holds purchases, whatever type was asked for.
        purchases: bool = false, with_purchases;
        /// In which shape changes are told.
        shape: Shape = Shape::Flat, with_shape;
        /// Deliveries name the company by an address instead of a host.
        domain_is_address: bool = false, with_domain_as_address;
        /// How long lists of customers and orders do not know what is new or changed.
        lag: Duration = Duration::ZERO, with_lag;
        /// How far the company's clock is ahead of the computer's.
        ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
        /// Requests: bucket and refill by second. The real limit is documented nowhere.
        limit: Option<(u32, f64)> = None, with_limit;
        /// Where webhooks go; only addresses on this machine are called.
        webhook_to: Option<Url> = None, with_webhook_to;
        /// What webhooks tell is kept for [`Sandbox::deliveries`].
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

    /// The secret of the webhook; an empty one is one that nobody set.
    #[must_use]
    pub fn with_webhook_secret(mut self, secret: impl Into<String>) -> Self {
        self.webhook_secret = secret.into();
        self
    }

    /// Everything that Getfly may do to make life hard, as far as it hides nothing for good.
    #[must_use]
    pub fn unkind(mut self) -> Self {
        (self.endless, self.wrapped, self.retyped) = (true, true, true);
        (self.narrow_filters, self.paged_deletions, self.unique_people) = (true, true, true);
        (self.quiet_payments, self.purchases, self.domain_is_address) = (true, true, true);
        (self.largest_page, self.created, self.taken, self.shape) = (50, Created::Words, 422, Shape::Nested);
        self
    }
}

/// What the company keeps, by the lists that show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Accounts,
    Orders,
    Products,
    Users,
    Payments,
}

impl Kind {
    fn of(stream: Stream) -> Option<Self> {
        Some(match stream {
            Stream::Customers => Self::Accounts,
            Stream::Orders | Stream::Returns => Self::Orders,
            Stream::Products => Self::Products,
            Stream::Users => Self::Users,
            _ => return None,
        })
    }
}

/// A row as the company keeps it, with every member that can be asked for. Times are Unix milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) json: Map<String, Value>,
    pub(super) changed: i64,
    /// Since when lists show it as it is.
    pub(super) shown: i64,
}

impl Row {
    pub(super) fn new(json: Map<String, Value>, changed: i64) -> Self {
        Self { json, changed, shown: i64::MIN }
    }
}

/// A row that was deleted.
#[derive(Clone, Debug)]
pub(super) struct Gone {
    pub(super) row: Row,
    pub(super) at: i64,
    /// There is no way back.
    pub(super) for_good: bool,
}

/// What the company keeps.
#[derive(Debug)]
pub struct State {
    tables: BTreeMap<Kind, BTreeMap<i64, Row>>,
    gone: BTreeMap<(Kind, i64), Gone>,
    last: BTreeMap<Kind, i64>,
    clock: Clock,
    key: String,
    revoked: u64,
    bucket: Bucket,
    lag: i64,
    quiet_payments: bool,
    post: Post,
    kept: VecDeque<Shipment>,
}

impl State {
    fn table(&mut self, kind: Kind) -> &mut BTreeMap<i64, Row> {
        self.tables.entry(kind).or_default()
    }

    /// An id that nothing of its kind had before.
    fn take_id(&mut self, kind: Kind) -> i64 {
        let highest = self.table(kind).keys().next_back().copied().unwrap_or(0);
        let last = self.last.entry(kind).or_default();
        *last = highest.max(*last) + 1;
        *last
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// When lists show what was written now. One product is read by a list that is narrowed to it, so that lists of products
    /// cannot lag behind.
    fn shown_from(&self, kind: Kind, now: i64) -> i64 {
        if kind == Kind::Products { now } else { now.saturating_add(self.lag) }
    }

    /// Puts a row into the company and tells of it.
    fn put(&mut self, kind: Kind, id: i64, json: Map<String, Value>) {
        let now = self.now_ms();
        let mut row = Row::new(json, now);
        row.shown = self.shown_from(kind, now);
        render::stamp(&mut row.json, "created_at", now);
        render::stamp(&mut row.json, "updated_at", now);
        self.table(kind).insert(id, row);
        match kind {
            Kind::Accounts => hooks::tell(self, "customer.created", kind, id, None),
            Kind::Orders => hooks::tell(self, "order.created", kind, id, None),
            Kind::Products => hooks::tell(self, "product.created", kind, id, None),
            Kind::Users | Kind::Payments => {}
        }
    }

    /// Changes a row; its time of change becomes now. Answers whether there is such a row. Of an order that changes nobody is
    /// told, unless it is approved by that.
    fn change(&mut self, kind: Kind, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        let now = self.now_ms();
        let shown = self.shown_from(kind, now);
        let Some(row) = self.table(kind).get_mut(&id) else { return false };
        let before = row.json.clone();
        change(&mut row.json);
        (row.changed, row.shown) = (now, shown);
        render::stamp(&mut row.json, "updated_at", now);
        let is_approved =
            row.json.get("status") == Some(&2.into()) && before.get("status") != Some(&2.into());
        match kind {
            Kind::Accounts => hooks::tell(self, "customer.updated", kind, id, Some(&before)),
            Kind::Orders if is_approved => hooks::tell(self, "order.approved", kind, id, None),
            Kind::Products => hooks::tell(self, "product.updated", kind, id, None),
            _ => {}
        }
        true
    }

    /// Deletes a row, for good or so that it can be restored.
    fn delete(&mut self, kind: Kind, id: i64, for_good: bool) -> bool {
        let at = self.now_ms();
        let trashed = self.gone.get(&(kind, id)).filter(|gone| for_good && !gone.for_good);
        let trashed = trashed.map(|gone| gone.row.clone());
        let Some(row) = self.table(kind).remove(&id).or(trashed) else { return false };
        self.gone.insert((kind, id), Gone { row, at, for_good });
        // The id of what is gone is never given again.
        let last = self.last.entry(kind).or_default();
        *last = id.max(*last);
        if kind == Kind::Accounts {
            let event = if for_good { "customer.hard_deleted" } else { "customer.deleted" };
            hooks::tell(self, event, kind, id, None);
        }
        true
    }

    /// Brings a row back as it was. Nobody is told, and its time of change stays: nothing else is established.
    fn restore(&mut self, kind: Kind, id: i64) -> bool {
        if self.gone.get(&(kind, id)).is_none_or(|gone| gone.for_good) {
            return false;
        }
        let Some(gone) = self.gone.remove(&(kind, id)) else { return false };
        self.table(kind).insert(id, gone.row);
        true
    }

    /// The row with this code, deleted ones included: a code stays taken as long as its row can be restored.
    fn holder_of(&mut self, kind: Kind, code: &str) -> Option<i64> {
        let name = render::code_of(kind);
        let is_it = |row: &Row| text(&row.json, name).eq_ignore_ascii_case(code);
        let gone = self.gone.iter().filter(|((of, _), gone)| *of == kind && !gone.for_good);
        let gone = gone.filter(|(_, gone)| is_it(&gone.row)).map(|((_, id), _)| *id).next();
        let alive = self.table(kind).iter().find(|(_, row)| is_it(row)).map(|(id, _)| *id);
        alive.or(gone)
    }
}

/// A running company. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

impl Vendor for State {
    type Options = SandboxOptions;

    fn open(options: &mut SandboxOptions, _faults: &Faults, outbox: &Outbox) -> Self {
        let mut state = Self {
            tables: BTreeMap::new(),
            gone: BTreeMap::new(),
            last: BTreeMap::new(),
            clock: Clock::ahead(options.ahead),
            key: options.api_key.clone(),
            revoked: 0,
            bucket: Bucket::default(),
            lag: millis(options.lag),
            quiet_payments: options.quiet_payments,
            post: Post::of(options, outbox),
            kept: VecDeque::new(),
        };
        render::seed(&mut state, options);
        state
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    fn throttled(_inner: &Inner, wait: Option<u32>) -> Answer {
        answer::told(429, "Too Many Attempts.").to_wait(wait)
    }

    /// There are no codes but the status.
    fn refused(_inner: &Inner, code: &str) -> Answer {
        answer::told(code.parse().unwrap_or(400), "Không thực hiện được.")
    }
}

impl Sandbox {
    /// The address that stands for `https://{company}.getflycrm.com`.
    pub fn base_url(&self) -> Url {
        self.url("/")
    }

    /// The company.
    pub fn company(&self) -> &str {
        &self.inner.options.company
    }

    /// The newest line of the API that it has: `v6.1`, `v6`, `v3`.
    pub fn api(&self) -> &'static str {
        match self.inner.options.line {
            Line::V61 => "v6.1",
            Line::V6 => "v6",
            Line::V3 => "v3",
        }
    }

    /// The key that works now.
    pub fn api_key(&self) -> String {
        self.inner.state().key.clone()
    }

    /// The secret of its webhook.
    pub fn webhook_secret(&self) -> &str {
        &self.inner.options.webhook_secret
    }

    /// Makes another key; the one before opens nothing any more.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        state.revoked += 1;
        let (length, first) = (self.inner.options.api_key.len(), &self.inner.options.api_key);
        let number = state.revoked.to_string();
        let kept = first.get(..length.saturating_sub(number.len() + 1)).unwrap_or_default();
        state.key = format!("{kept}R{number}");
    }

    /// The ids of a stream now, ascending.
    pub fn ids(&self, stream: Stream) -> Vec<i64> {
        let Some(kind) = Kind::of(stream) else { return Vec::new() };
        let is_told =
            |row: &Row| kind != Kind::Orders || render::is_return(row) == (stream == Stream::Returns);
        let mut state = self.inner.state();
        state.table(kind).iter().filter(|(_, row)| is_told(row)).map(|(id, _)| *id).collect()
    }

    /// The id that seeded row `index` has.
    pub fn id(&self, stream: Stream, index: u64) -> i64 {
        Kind::of(stream).map_or(0, |kind| render::id_of(kind, index))
    }

    /// A row as the company keeps it.
    pub fn row(&self, stream: Stream, id: i64) -> Option<Map<String, Value>> {
        self.inner.state().table(Kind::of(stream)?).get(&id).map(|row| row.json.clone())
    }

    /// Changes a row; its time of change becomes now. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().change(kind, id, change))
    }

    /// Deletes a row so that it can be restored. Answers false where nobody knows how that would be done.
    pub fn delete(&self, stream: Stream, id: i64) -> bool {
        let kind = Kind::of(stream).filter(|kind| matches!(kind, Kind::Accounts | Kind::Orders));
        kind.is_some_and(|kind| self.inner.state().delete(kind, id, false))
    }

    /// Deletes a row for good, one that was deleted before included.
    pub fn purge(&self, stream: Stream, id: i64) -> bool {
        let kind = Kind::of(stream).filter(|kind| matches!(kind, Kind::Accounts | Kind::Orders));
        kind.is_some_and(|kind| self.inner.state().delete(kind, id, true))
    }

    /// Brings a deleted row back.
    pub fn restore(&self, stream: Stream, id: i64) -> bool {
        Kind::of(stream).is_some_and(|kind| self.inner.state().restore(kind, id))
    }

    /// Lets lists catch up.
    pub fn settle_index(&self) {
        let mut state = self.inner.state();
        state.tables.values_mut().flat_map(BTreeMap::values_mut).for_each(|row| row.shown = i64::MIN);
    }

    /// What was told since the last time; only with [`keep_deliveries`](SandboxOptions::keep_deliveries).
    pub fn deliveries(&self) -> Vec<Shipment> {
        self.inner.state().kept.drain(..).collect()
    }

    /// The delivery of an event about a row, in the shape that the company sends.
    pub fn webhook_of(&self, event: &str, stream: Stream, id: i64) -> Option<Shipment> {
        self.webhook_in(self.inner.options.shape, event, stream, id)
    }

    /// The same in another shape.
    pub fn webhook_in(&self, shape: Shape, event: &str, stream: Stream, id: i64) -> Option<Shipment> {
        Some(hooks::shipment(&mut self.inner.state(), shape, event, Kind::of(stream)?, id, None))
    }
}
