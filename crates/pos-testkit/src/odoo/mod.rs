//! An Odoo server with one database on loopback.
//!
//! It has the habits of the real one: JSON-2 from 19 on and JSON-RPC below, where a refusal comes under 200; `false` for whatever
//! is empty; fields that come and go with the version; a domain that sees whole seconds where the order sees microseconds, and no
//! tie-break; no page size, no total, another order than by id; archived rows that are hidden unless they are asked for; rows that a
//! record rule hides in silence, and refuses by id; deletions without a trace; a merge of partners that moves their orders and tells
//! nobody; changes that move the row beside the one that one looks at, or none; rows that become visible behind later-stamped ones;
//! a price that is put back; an address that spreads over a firm; webhooks that come in storms and prove nothing but their address.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::odoo::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! assert!(shop.ids(pos_core::Stream::Customers).len() >= 120, "firms have people");
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod books;
mod domain;
mod edits;
mod hooks;
mod refusal;
mod routes;
mod schema;
mod seed;
mod suite;
mod table;
#[cfg(test)]
mod tests;
mod till;
mod truth;
mod write;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pos_core::record::Stream;
use serde_json::{Map, Value};
use url::Url;

use crate::contract::Shipment;
use crate::fault::Faults;
pub use crate::server::Logged;
use crate::server::{self, Answer, Asked, Clock, Courier, Outbox, Twist, Vendor, options};
use hooks::Post;
use refusal::Refusal;
pub use suite::{OldSandbox, UnkindSandbox, V17Sandbox};

/// The user whose key it is.
const UID: i64 = 2;

/// The currency of the shop.
const CURRENCY: i64 = 24;

/// The first version with JSON-2 and `/web/version`.
const JSON2: u32 = 19;

options! {
    /// How the sandbox behaves. Every switch is a habit that a server has or may have.
    pub struct SandboxOptions {
        /// The version: 14 to 19.
        version: u32 = JSON2, with_version;
        /// The database.
        database: String = "gomviet".into();
        /// The server has other databases, too, so that a call has to name its own.
        several_databases: bool = false, with_several_databases;
        /// The login of the user.
        login: String = "bot@gomviet.example.com".into();
        /// The key.
        api_key: String = "5a4d0b0c1e2f30415263748596a7b8c9dae0f101".into();
        /// The token in the address of its automation rules.
        webhook_token: String = "sandbox-token-of-odoo-0123456789abcd".into();
        /// The user is a plain salesman: some fields are not for him, and neither are the orders of some others.
        salesman: bool = false, with_salesman;
        /// The user may not see invoices.
        closed_invoices: bool = false, with_closed_invoices;
        /// The user may see neither sales nor the point of sale.
        closed_orders: bool = false, with_closed_orders;
        /// Modules that are not installed: `sale`, `point_of_sale`, `stock`.
        without: Vec<&'static str> = Vec::new(), with_missing_modules;
        /// Languages that are installed.
        languages: Vec<&'static str> = vec!["en_US", "vi_VN"], with_languages;
        /// Taxes of products in percent, which are put on every new line.
        tax: i64 = 0, with_tax;
        /// Automation rules name no fields: one change is told many times.
        storms: bool = false, with_storms;
        /// What is empty is an empty text here and there.
        blanks: bool = false, with_blanks;
        /// How far the server's clock is ahead of the computer's.
        ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
        /// Where automation rules post to; only addresses on this machine are called. The token is added to the query.
        webhook_to: Option<Url> = None, with_webhook_to;
        /// What webhooks tell is kept for [`Sandbox::deliveries`].
        keep_deliveries: bool = false, with_kept_deliveries;
    }
}

impl SandboxOptions {
    /// How many orders: sale orders and orders of tills together.
    #[must_use]
    pub fn with_orders(mut self, orders: u64) -> Self {
        self.shop.orders = orders;
        self
    }

    /// Everything that an Odoo may do to make life hard, as far as it hides nothing for good.
    #[must_use]
    pub fn unkind(mut self) -> Self {
        (self.several_databases, self.salesman, self.storms, self.blanks) = (true, true, true, true);
        (self.languages, self.tax) = (vec!["en_US"], 8);
        self
    }
}

/// A row as the server keeps it, without what is empty. References are ids. Times of change are microseconds of Unix.
#[derive(Clone, Debug)]
struct Row {
    json: Map<String, Value>,
    created: i64,
    changed: i64,
    /// Whether its transaction is over.
    committed: bool,
}

impl Row {
    fn one(&self, field: &str) -> Option<i64> {
        self.json.get(field)?.as_i64()
    }

    fn many(&self, field: &str) -> Vec<i64> {
        let ids = self.json.get(field).and_then(Value::as_array);
        ids.map(|ids| ids.iter().filter_map(Value::as_i64).collect()).unwrap_or_default()
    }

    fn amount(&self, field: &str) -> f64 {
        self.json.get(field).and_then(Value::as_f64).unwrap_or_default()
    }

    fn text(&self, field: &str) -> &str {
        server::text(&self.json, field)
    }

    fn flag(&self, field: &str) -> bool {
        self.json.get(field) == Some(&Value::Bool(true))
    }

    /// Archived is what says so.
    fn is_archived(&self) -> bool {
        self.json.get("active") == Some(&Value::Bool(false))
    }
}

/// What the server keeps.
#[derive(Debug)]
pub struct State {
    version: u32,
    tables: BTreeMap<&'static str, BTreeMap<i64, Row>>,
    last: BTreeMap<&'static str, i64>,
    /// What record rules hide from the user.
    hidden: BTreeSet<(&'static str, i64)>,
    /// `ir.model.data`: what external ids stand for.
    external: BTreeMap<String, (&'static str, i64)>,
    tax: i64,
    /// What the user sees of orders is nothing of their money.
    hides_invoices: bool,
    /// Records that were deleted, for the shop's own truth alone.
    gone: Vec<(Stream, String)>,
    /// So many calls of `load` collide with somebody else's.
    collisions: u32,
    clock: Clock,
    ticks: i64,
    key: String,
    revoked: u64,
    post: Post,
    kept: VecDeque<Shipment>,
}

impl State {
    fn table(&mut self, model: &'static str) -> &mut BTreeMap<i64, Row> {
        self.tables.entry(model).or_default()
    }

    fn row(&self, model: &str, id: i64) -> Option<&Row> {
        self.tables.get(model)?.get(&id)
    }

    fn rows(&self, model: &str) -> impl Iterator<Item = (i64, &Row)> {
        self.tables.get(model).into_iter().flatten().map(|(id, row)| (*id, row))
    }

    /// An id that nothing of this model had before.
    fn take_id(&mut self, model: &'static str) -> i64 {
        let highest = self.table(model).keys().next_back().copied().unwrap_or(0);
        let last = self.last.entry(model).or_default();
        *last = highest.max(*last) + 1;
        *last
    }

    /// The stamp of a transaction that begins now: no two have the same microsecond.
    fn stamp(&mut self) -> i64 {
        self.ticks = (self.ticks + 1) % 1000;
        self.clock.now_ms() * 1000 + self.ticks
    }

    /// Puts a row into its table and under the records that show it from their side.
    fn put(&mut self, model: &'static str, id: i64, row: Row) {
        for (side, owner, field) in &schema::known(model).sides {
            if let Some(owner_id) = row.one(side) {
                self.link(owner, owner_id, field, id);
            }
        }
        self.table(model).insert(id, row);
    }

    fn link(&mut self, owner: &'static str, owner_id: i64, field: &str, id: i64) {
        let Some(owner) = self.table(owner).get_mut(&owner_id) else { return };
        let ids = owner.json.entry(field).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(ids) = ids
            && !ids.contains(&id.into())
        {
            ids.push(id.into());
        }
    }

    fn unlink_side(&mut self, owner: &'static str, owner_id: i64, field: &str, id: i64) {
        if let Some(Value::Array(ids)) =
            self.table(owner).get_mut(&owner_id).and_then(|row| row.json.get_mut(field))
        {
            ids.retain(|one| *one != id);
        }
    }

    /// Gives a field another value; references are shown from the other side, too. No time of change moves.
    fn set(&mut self, model: &'static str, id: i64, field: &str, value: Value) {
        let Some(row) = self.table(model).get_mut(&id) else { return };
        let before = row.json.insert(field.to_owned(), value.clone());
        for (_, owner, shown) in schema::known(model).sides.iter().filter(|(side, ..)| *side == field) {
            if let Some(owner_id) = before.as_ref().and_then(Value::as_i64) {
                self.unlink_side(owner, owner_id, shown, id);
            }
            if let Some(owner_id) = value.as_i64() {
                self.link(owner, owner_id, shown, id);
            }
        }
    }

    /// Moves a row's time of change.
    fn moved(&mut self, model: &'static str, id: i64) {
        let stamp = self.stamp();
        if let Some(row) = self.table(model).get_mut(&id) {
            row.changed = stamp;
        }
    }

    /// Takes a row out. Nothing tells of it later.
    fn take_out(&mut self, model: &'static str, id: i64) -> Option<Row> {
        let row = self.table(model).remove(&id)?;
        for (side, owner, field) in &schema::known(model).sides {
            if let Some(owner_id) = row.one(side) {
                self.unlink_side(owner, owner_id, field, id);
            }
        }
        let last = self.last.entry(model).or_default();
        *last = id.max(*last);
        self.external.retain(|_, to| *to != (model, id));
        Some(row)
    }
}

/// A running server. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

impl Vendor for State {
    type Options = SandboxOptions;

    /// One second for an answer, one try.
    const COURIER: Courier = Courier { patience: std::time::Duration::from_secs(1), ..Courier::ONCE };

    fn open(options: &mut SandboxOptions, _faults: &Faults, outbox: &Outbox) -> Self {
        let mut state = Self {
            version: options.version,
            tables: BTreeMap::new(),
            last: BTreeMap::new(),
            hidden: BTreeSet::new(),
            external: BTreeMap::new(),
            tax: options.tax,
            hides_invoices: options.closed_invoices,
            gone: Vec::new(),
            collisions: 0,
            clock: Clock::ahead(options.ahead),
            ticks: 0,
            key: options.api_key.clone(),
            revoked: 0,
            post: Post::of(options, outbox),
            kept: VecDeque::new(),
        };
        seed::fill(&mut state, options);
        state
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    /// Odoo counts nothing; what stands before it may.
    fn throttled(_inner: &Inner, wait: Option<u32>) -> Answer {
        Answer::page(429).to_wait(wait)
    }

    fn refused(inner: &Inner, code: &str) -> Answer {
        let version = inner.options.version;
        Refusal::named(code).answer(version, version < JSON2)
    }

    /// Everything is a POST: what makes something counts as one, the rest as reading.
    fn method(asked: &Asked) -> &str {
        routes::method(asked)
    }

    fn path(asked: &Asked) -> Cow<'_, str> {
        routes::path(asked)
    }
}

/// The model and the id that a record of a stream has here.
fn place(stream: Stream, id: &str) -> Option<(&'static str, i64)> {
    let (model, number) = match id.split_once(',') {
        Some((model, number)) => (schema::model(model)?.name, number),
        None => (models_of(stream).first().copied()?, id),
    };
    Some((model, number.parse().ok()?))
}

/// The models of a stream: the first one has the plain ids.
fn models_of(stream: Stream) -> &'static [&'static str] {
    match stream {
        Stream::Customers => &["res.partner"],
        Stream::Orders => &["sale.order", "pos.order"],
        Stream::Returns => &["pos.order"],
        Stream::Products => &["product.product"],
        Stream::Categories => &["product.category"],
        Stream::Users => &["res.users"],
        Stream::Branches => &["stock.warehouse", "res.company", "pos.config"],
        _ => &[],
    }
}

impl Sandbox {
    /// The address of the server.
    pub fn base_url(&self) -> Url {
        self.url("/")
    }

    /// The database.
    pub fn database(&self) -> &str {
        &self.inner.options.database
    }

    /// The login of the user whose key it is.
    pub fn login(&self) -> &str {
        &self.inner.options.login
    }

    /// The key that works now.
    pub fn api_key(&self) -> String {
        self.inner.state().key.clone()
    }

    /// The token in the address of its automation rules.
    pub fn webhook_token(&self) -> &str {
        &self.inner.options.webhook_token
    }

    /// Makes another key; the one before has ended.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        state.revoked += 1;
        let number = format!("{:04x}", state.revoked);
        let first = &self.inner.options.api_key;
        let kept = first.get(..first.len().saturating_sub(number.len())).unwrap_or_default();
        state.key = format!("{kept}{number}");
    }

    /// The ids of a stream now, as far as the user sees them; archived records among them.
    pub fn ids(&self, stream: Stream) -> Vec<String> {
        let is_open = |model: &str| !(self.inner.options.closed_orders && model == "pos.config");
        let state = self.inner.state();
        let mut ids = Vec::new();
        for (at, model) in models_of(stream).iter().enumerate().filter(|(_, model)| is_open(model)) {
            let sees = |id: &i64, row: &Row| {
                row.committed && !state.hidden.contains(&(*model, *id)) && state.is_told(stream, row)
            };
            let own = state.rows(model).filter(|(id, row)| sees(id, row)).map(|(id, _)| id);
            let is_plain = at == 0 && stream != Stream::Returns;
            ids.extend(own.map(|id| if is_plain { id.to_string() } else { format!("{model},{id}") }));
        }
        ids
    }

    /// The id that seeded row `index` has.
    pub fn id(&self, stream: Stream, index: u64) -> String {
        match stream {
            Stream::Customers => seed::partner_id(index).to_string(),
            Stream::Products => seed::product_id(index).to_string(),
            _ => self.ids(stream).get(index as usize).cloned().unwrap_or_default(),
        }
    }

    /// A record as the server keeps it: references as ids, and without what is empty.
    pub fn record(&self, stream: Stream, id: &str) -> Option<Map<String, Value>> {
        let (model, id) = place(stream, id)?;
        self.inner.state().row(model, id).map(|row| row.json.clone())
    }

    /// When a record changed last, in microseconds of Unix.
    pub fn stamp_of(&self, stream: Stream, id: &str) -> Option<i64> {
        let (model, id) = place(stream, id)?;
        self.inner.state().row(model, id).map(|row| row.changed)
    }

    /// Hides a record from the user, as a record rule does when it becomes somebody else's; or shows it again.
    pub fn hide(&self, stream: Stream, id: &str, hidden: bool) -> bool {
        let Some(at) = place(stream, id) else { return false };
        let mut state = self.inner.state();
        if hidden { state.hidden.insert(at) } else { state.hidden.remove(&at) }
    }

    /// So many of the next calls of `load` collide with somebody else's.
    pub fn collide(&self, times: u32) {
        self.inner.state().collisions = times;
    }

    /// What was told since the last time; only with [`keep_deliveries`](SandboxOptions::keep_deliveries).
    pub fn deliveries(&self) -> Vec<Shipment> {
        self.inner.state().kept.drain(..).collect()
    }
}

impl State {
    /// Whether a row is a record of the stream, for those who share a table.
    fn is_told(&self, stream: Stream, row: &Row) -> bool {
        match stream {
            Stream::Customers => self.is_customer(row),
            Stream::Returns => row.amount("amount_total") < 0.0 && row.text("state") != "draft",
            Stream::Orders => row.amount("amount_total") >= 0.0,
            Stream::Users => !row.flag("share"),
            _ => true,
        }
    }

    /// Whether a partner is a customer: no address, and nobody of the house.
    fn is_customer(&self, row: &Row) -> bool {
        let is_address = row.one("parent_id").is_some() && row.text("type") != "contact";
        let is_staff = || {
            let users = row.many("user_ids");
            users.into_iter().any(|user| self.row("res.users", user).is_some_and(|user| !user.flag("share")))
        };
        !is_address && !is_staff() && row.many("ref_company_ids").is_empty()
    }
}
