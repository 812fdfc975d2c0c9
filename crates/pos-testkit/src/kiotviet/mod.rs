//! A KiotViet shop on loopback.
//!
//! It answers the retail Public API with the habits of the real one: `pageSize` of at most 100, offsets, an order that
//! changes from request to request unless `orderBy` is sent, wall-time dates without an offset, decimals with or
//! without zeros, an empty page without `data`, HTTP 420 for refusals, removed ids under several spellings, a wrapped
//! answer to a new customer and a bare one to a new order.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::kiotviet::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! assert_eq!(shop.count(pos_core::Stream::Customers), 120);
//!
//! let id = shop.customer_ids()[7];
//! shop.update_customer(id, |row| drop(row.insert("comments".into(), "Gọi buổi sáng".into())));
//! assert!(shop.base_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod edit;
mod hooks;
mod refusals;
mod render;
mod routes;
mod suite;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pos_core::record::Stream;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

pub use hooks::{Event, Hook, WebhookMessage};
pub use suite::Unkind;

pub use crate::server::Logged;

use crate::fault::Faults;
use crate::out::Out;
use crate::seed::{BRANCHES, CATEGORIES, CHANNELS, GROUPS, STAFF, START_MS, Shop};
use crate::server::{self, Answer, Asked, Clock, Outbox, Twist, Vendor, Window, object, options};
use render::{
    BRANCH, CATEGORY, CHANNEL, CUSTOMER, GROUP, INVOICE, Include, ORDER, PRODUCT, RETAILER_ID, RETURN, USER,
};
use table::{Entry, Table};

/// Which key carries removed ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemovedKey {
    /// As the documentation has it: `removeId` for customers and products, `removedIds` for branches and categories,
    /// `removeIds` for users.
    #[default]
    Documented,
    /// `removedIds` everywhere.
    RemovedIds,
    /// `removeIds` everywhere.
    RemoveIds,
    /// `removeId` everywhere.
    RemoveId,
    /// `removedId` everywhere.
    RemovedId,
}

options! {
    /// How the sandbox behaves. Every switch is a habit that the real service has or may have.
    pub struct SandboxOptions {
        /// Shop name, as the `Retailer` header must say it.
        retailer: String = "cuahangmau".into();
        /// Client id.
        client_id: String = "5f0c9a52-4d1e-4b7a-9c3e-0a1b2c3d4e5f".into();
        /// Client secret.
        client_secret: String = "0123456789ABCDEF0123456789ABCDEF01234567".into();
        /// The secret that webhooks are signed with unless their registration brought its own.
        webhook_secret: String = "sandbox-webhook-secret".into();
        /// How long a token lives.
        token_life: Duration = Duration::from_secs(86_400), with_token_life;
        /// GET requests and the time they are counted over; `None` counts nothing.
        rate_limit: Option<(u32, Duration)> = None, with_rate_limit;
        /// Which key carries removed ids.
        removed_key: RemovedKey = RemovedKey::Documented, with_removed_key;
        /// Lists change their order from request to request unless `orderBy` is sent.
        unstable_sort: bool = true, with_unstable_sort;
        /// The first page of customers starts with a row of totals whose id is -1.
        totals_row: bool = false, with_totals_row;
        /// Beyond the end comes the last page again, and `total` counts rows that no page shows.
        repeat_tail: bool = false, with_repeat_tail;
        /// `ManagerCustomerByBranch` in the settings.
        separate_branches: bool = false, with_separate_branches;
        /// A search by phone number answers without the number.
        hide_contact_number: bool = false, with_hidden_contact_number;
        /// A new customer comes back inside `data`, with a message next to it.
        wrap_created: bool = true, with_wrapped_created;
        /// The shop has ordering switched off.
        orders_off: bool = false, with_orders_off;
        /// A second customer with a known number is refused.
        refuse_known_phone: bool = false, with_known_phone_refused;
        /// What is not there is answered by a 404 without a body instead of the documented refusal, as a gateway would. Nobody
        /// can then tell the one from the other, so it is not among what [`unkind`](SandboxOptions::unkind) switches on.
        bare_missing: bool = false, with_bare_missing;
        /// Orders, invoices and returns have the same ids: each stream counts for itself.
        same_ids: bool = false, with_same_ids;
        /// A webhook is switched off after so many deliveries in a row that nobody took, besides after one 4xx.
        hook_failures: Option<u32> = None, with_hook_failures;
        /// `X-Webhook-Event` ends with the shop's number, as `Action` does.
        event_with_shop: bool = false, with_event_with_shop;
        /// Webhooks do not say when a record changed.
        hooks_without_dates: bool = false, with_hooks_without_dates;
        /// A new invoice changes its customer: debt, totals and date of change.
        invoice_changes_customer: bool = false, with_invoice_changing_customer;
        /// Paths are compared with regard to letter case. What the real service does is not established.
        strict_paths: bool = false, with_strict_paths;
        /// How far the shop's clock is ahead of the computer's.
        clock_ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
        /// How long lists and searches do not know a new row, and lists of changes a change.
        lag: Duration = Duration::ZERO, with_lag;
        /// Changes are told to the registered webhooks as they happen, wherever they come from.
        send_webhooks: bool = false, with_webhooks_sent;
        /// An address that is registered for every type of webhook from the start.
        webhook_url: Option<Url> = None, with_webhook_url;
    }
}

impl SandboxOptions {
    /// How many orders and how many invoices.
    #[must_use]
    pub fn with_documents(mut self, orders: u64, invoices: u64) -> Self {
        self.shop.orders = orders;
        self.shop.invoices = invoices;
        self
    }

    /// Shop name.
    #[must_use]
    pub fn with_retailer(mut self, retailer: impl Into<String>) -> Self {
        self.retailer = retailer.into();
        self
    }

    /// Client id and secret.
    #[must_use]
    pub fn with_credentials(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        self.client_id = client_id.into();
        self.client_secret = client_secret.into();
        self
    }

    /// The documented limit: 5 000 GET requests in an hour.
    #[must_use]
    pub fn with_documented_rate_limit(self) -> Self {
        self.with_rate_limit(Some((5000, Duration::from_secs(3600))))
    }

    /// Everything that the real service may do to make life hard and that does no harm to who is careful.
    #[must_use]
    pub fn unkind(self) -> Self {
        self.with_same_ids(true)
            .with_hook_failures(Some(3))
            .with_event_with_shop(true)
            .with_hooks_without_dates(true)
            .with_invoice_changing_customer(true)
            .with_removed_key(RemovedKey::RemovedId)
            .with_hidden_contact_number(true)
            .with_wrapped_created(false)
    }
}

/// What the shop keeps.
#[derive(Debug, Default)]
pub struct State {
    tables: BTreeMap<Stream, Table>,
    tokens: HashMap<String, Instant>,
    secret: String,
    hooks: Vec<Hook>,
    next_hook: i64,
    payments: i64,
    window: Window,
    clock: Clock,
    changes: VecDeque<Event>,
    changed: Arc<Notify>,
    serial: u64,
}

impl State {
    fn table(&mut self, stream: Stream) -> &mut Table {
        self.tables.entry(stream).or_insert_with(|| Table::new(stream, 1, 0))
    }

    /// A row with everything that belongs to it.
    fn row(&mut self, shop: &Shop, stream: Stream, id: i64) -> Option<Map<String, Value>> {
        let table = self.table(stream);
        Some(table.json(shop, table.find(id)?))
    }

    /// Changes a row and tells of it; its date of change becomes now. Answers whether there is such a row.
    fn change(
        &mut self,
        shop: &Shop,
        stream: Stream,
        id: i64,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        let now = self.now_ms();
        let changed = change_row(shop, self.table(stream), id, now, change);
        self.tell(hooks::updated(stream, id).filter(|_| changed));
        changed
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Notes a change for the webhooks.
    fn tell(&mut self, event: Option<Event>) {
        let Some(event) = event else { return };
        while self.changes.len() >= MOST_CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(event);
        self.changed.notify_one();
    }

    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

/// A running shop. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

/// How many changes wait for webhooks at most.
const MOST_CHANGES: usize = 10_000;

/// `2025-11-02T14:03:57.3830000`, as the vendor writes times.
pub(crate) fn wall(ms: i64) -> String {
    let mut out = Out::default();
    out.wall(ms);
    String::from_utf8(out.0).unwrap_or_default()
}

fn entry(json: Value, created: i64, modified: Option<i64>) -> Entry {
    let mut json = object(json);
    json.insert("createdDate".into(), wall(created).into());
    if let Some(modified) = modified {
        json.insert("modifiedDate".into(), wall(modified).into());
    }
    Entry { json, created, modified }
}

fn small_tables(shop: &Shop, numbering: Include) -> BTreeMap<Stream, Table> {
    let mut branches = Table::new(Stream::Branches, BRANCH, 0);
    for (at, name) in BRANCHES.iter().enumerate().take(shop.branches as usize) {
        let id = BRANCH + at as i64;
        let row = json!({
            "id": id, "branchName": name, "branchCode": format!("CN{:02}", at + 1), "address": format!("{} Đường Mẫu", at + 1),
            "locationName": crate::seed::PLACES[at].0, "wardName": "", "contactNumber": format!("+842838000{:03}", at + 100),
            "retailerId": RETAILER_ID,
        });
        branches.put(id, entry(row, START_MS, (at == 0).then_some(START_MS + 86_400_000)));
    }
    let mut users = Table::new(Stream::Users, USER, 0);
    for (at, name) in STAFF.iter().enumerate() {
        let id = USER + at as i64;
        let row = json!({
            "id": id, "userName": format!("nhanvien{}", at + 1), "givenName": name, "address": "", "email": "", "description": "",
            "mobilePhone": format!("09000000{:02}", at + 10), "retailerId": RETAILER_ID,
        });
        users.put(id, entry(row, START_MS, None));
    }
    let mut categories = Table::new(Stream::Categories, CATEGORY, 0);
    for (at, (name, above)) in CATEGORIES.iter().enumerate() {
        let id = CATEGORY + at as i64;
        let mut row = json!({
            "categoryId": id, "categoryName": name, "retailerId": RETAILER_ID, "rank": at,
            "hasChild": CATEGORIES.iter().any(|(_, other)| *other == Some(at as u64)),
        });
        if let Some(above) = above {
            row["parentId"] = (CATEGORY + *above as i64).into();
        }
        categories.put(id, entry(row, START_MS, None));
    }
    let mut products = Table::new(Stream::Products, PRODUCT, 0);
    for row in (0..shop.products).map(|index| shop.product(index)) {
        let id = render::id_of(PRODUCT, row.index);
        products.put(id, entry(product_json(shop, &row, id), row.created_ms, row.modified_ms));
    }
    let mut tables = BTreeMap::new();
    for mut table in [
        branches,
        users,
        categories,
        products,
        Table::new(Stream::Customers, CUSTOMER, shop.customers),
        Table::new(Stream::Orders, render::base_of(ORDER, numbering), shop.orders),
        Table::new(Stream::Invoices, render::base_of(INVOICE, numbering), shop.invoices),
        Table::new(Stream::Returns, RETURN, shop.returns()),
    ] {
        table.numbering = numbering;
        tables.insert(table.stream, table);
    }
    tables
}

fn product_json(shop: &Shop, row: &crate::seed::ProductRow, id: i64) -> Value {
    let index = row.index;
    let code = format!("SP{:06}", index + 1);
    let full =
        if row.master.is_some() { format!("{} - {}", row.name, row.attribute) } else { row.name.to_owned() };
    let stock: Vec<Value> = (0..shop.branches)
        .map(|branch| {
            let on_hand = if index % 9 == 4 { json!(3.5) } else { json!((index * 7 + branch) % 90) };
            json!({
                "productId": id, "productCode": code, "productName": row.name, "branchId": BRANCH + branch as i64,
                "branchName": BRANCHES[branch as usize % BRANCHES.len()], "cost": row.price / 2000 * 1000, "onHand": on_hand,
                "reserved": index % 3, "actualReserved": index % 3, "minQuantity": 0, "maxQuantity": 999_999_999, "isActive": true,
                "onOrder": 0,
            })
        })
        .collect();
    let image = format!("https://cdn.example.com/{}.jpg", code.to_lowercase());
    let mut json = json!({
        "id": id, "retailerId": RETAILER_ID, "code": code, "name": row.name, "fullName": full,
        "categoryId": CATEGORY + row.category as i64, "categoryName": CATEGORIES[row.category as usize].0, "allowsSale": true,
        "type": if row.service { 3 } else { 2 }, "hasVariants": row.master.is_some(), "basePrice": row.price, "conversionValue": 1,
        "description": "", "isActive": index % 40 != 39, "inventories": stock,
        "images": if index.is_multiple_of(2) { json!([image]) } else { json!([{ "Image": image }]) },
    });
    if let Some(master) = row.master {
        json["masterProductId"] = render::id_of(PRODUCT, master).into();
        json["attributes"] =
            json!([{ "productId": id, "attributeName": "MÀU SẮC", "attributeValue": row.attribute }]);
    }
    if index.is_multiple_of(5) {
        json["barCode"] = format!("893{:010}", index + 1).into();
        json["priceBooks"] = json!([{
            "priceBookId": 40_011, "priceBookName": "Giá sỉ", "productId": id, "isActive": true, "price": row.price * 9 / 10_000 * 1000,
        }]);
    }
    json
}

impl Vendor for State {
    type Options = SandboxOptions;

    const TOKEN_PATH: &'static str = "/connect/token";

    fn open(options: &mut SandboxOptions, _faults: &Faults, _outbox: &Outbox) -> Self {
        let numbering = if options.same_ids { Include::SAME_IDS } else { Include::NONE };
        let mut state = Self {
            tables: small_tables(&options.shop, numbering),
            secret: options.client_secret.clone(),
            next_hook: 60_211,
            payments: 7_900_000,
            clock: Clock::ahead(options.clock_ahead),
            ..Self::default()
        };
        if let Some(url) = &options.webhook_url {
            hooks::register_all(&mut state, url, &options.webhook_secret);
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
        refusals::throttled().to_wait(wait)
    }

    fn refused(_inner: &Inner, code: &str) -> Answer {
        refusals::refuse(420, code, "Không thực hiện được yêu cầu")
    }

    fn stale(inner: &Inner) -> Option<Answer> {
        inner.state().tokens.clear();
        None
    }

    fn beside(inner: &Arc<Inner>) -> Option<JoinHandle<()>> {
        let sends = inner.options.send_webhooks || inner.options.webhook_url.is_some();
        sends.then(|| tokio::spawn(hooks::send_changes(Arc::clone(inner))))
    }
}

impl Sandbox {
    /// The address that stands for `https://public.kiotapi.com`.
    pub fn base_url(&self) -> Url {
        self.url("/")
    }

    /// The address that stands for `https://id.kiotviet.vn/connect/token`.
    pub fn token_url(&self) -> Url {
        self.url("/connect/token")
    }

    /// Shop name.
    pub fn retailer(&self) -> &str {
        &self.inner.options.retailer
    }

    /// The shop's number, which comes with webhooks.
    pub fn retailer_id(&self) -> i64 {
        RETAILER_ID
    }

    /// Client id.
    pub fn client_id(&self) -> &str {
        &self.inner.options.client_id
    }

    /// The client secret that works now.
    pub fn client_secret(&self) -> String {
        self.inner.state().secret.clone()
    }

    /// The secret that webhooks are signed with unless their registration brought its own.
    pub fn webhook_secret(&self) -> &str {
        &self.inner.options.webhook_secret
    }

    /// Replaces the client secret and ends every token, as a merchant does who regrets having given them away.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        let serial = state.serial();
        state.secret = format!("{serial:040X}");
        state.tokens.clear();
    }

    /// Ends every token; the secret goes on working.
    pub fn expire_tokens(&self) {
        self.inner.state().tokens.clear();
    }

    /// How many rows a stream has now.
    pub fn count(&self, stream: Stream) -> u64 {
        self.inner.state().table(stream).len()
    }

    /// The ids of a stream now, ascending.
    pub fn ids(&self, stream: Stream) -> Vec<i64> {
        self.inner.state().table(stream).ids()
    }

    /// The ids of the customers now, ascending.
    pub fn customer_ids(&self) -> Vec<i64> {
        self.ids(Stream::Customers)
    }

    /// The id that seeded row `index` has. Streams that are not computed (branches, users, categories) number theirs by one.
    pub fn id(&self, stream: Stream, index: u64) -> i64 {
        match stream {
            Stream::Customers => render::id_of(CUSTOMER, index),
            Stream::Orders => render::id_of(render::base_of(ORDER, self.numbering()), index),
            Stream::Invoices => render::id_of(render::base_of(INVOICE, self.numbering()), index),
            Stream::Returns => render::id_of(RETURN, index),
            Stream::Products => render::id_of(PRODUCT, index),
            Stream::Categories => CATEGORY + index as i64,
            Stream::Branches => BRANCH + index as i64,
            _ => USER + index as i64,
        }
    }

    fn numbering(&self) -> Include {
        if self.inner.options.same_ids { Include::SAME_IDS } else { Include::NONE }
    }

    /// An id that no row of the stream has.
    pub fn unknown_id(&self, stream: Stream) -> i64 {
        self.inner.state().table(stream).unknown_id()
    }

    /// A row as the shop keeps it, with everything that a list shows only when asked.
    pub fn row(&self, stream: Stream, id: i64) -> Option<Map<String, Value>> {
        self.inner.state().row(self.inner.shop(), stream, id)
    }

    /// Changes a row; its date of change becomes now. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.inner.state().change(self.inner.shop(), stream, id, change)
    }

    /// [`update`](Sandbox::update) of a customer.
    pub fn update_customer(&self, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.update(Stream::Customers, id, change)
    }

    /// Deletes a row; lists that are asked say so.
    pub fn delete(&self, stream: Stream, id: i64) -> bool {
        let mut state = self.inner.state();
        let now = state.now_ms();
        let removed = state.table(stream).remove(id, now);
        state.tell(hooks::deleted(stream, id).filter(|_| removed));
        removed
    }

    /// Deletes a customer.
    pub fn delete_customer(&self, id: i64) -> bool {
        self.delete(Stream::Customers, id)
    }

    /// Adds a customer with these members; id, code and dates are the shop's.
    pub fn add_customer(&self, members: Value) -> i64 {
        let mut state = self.inner.state();
        let id = routes::new_customer(&mut state, &object(members));
        state.tell(hooks::updated(Stream::Customers, id));
        id
    }

    /// Adds an order for a customer: one piece of each product (from 0), confirmed.
    pub fn add_order(&self, customer: Option<i64>, products: &[u64]) -> i64 {
        self.add_document(Stream::Orders, customer, products)
    }

    /// Adds a completed, paid invoice for a customer: one piece of each product (from 0).
    pub fn add_invoice(&self, customer: Option<i64>, products: &[u64]) -> i64 {
        self.add_document(Stream::Invoices, customer, products)
    }

    fn add_document(&self, stream: Stream, customer: Option<i64>, products: &[u64]) -> i64 {
        let inner = &self.inner;
        let lines: Vec<Value> = products
            .iter()
            .map(|product| inner.shop().product(*product))
            .map(|product| {
                json!({ "productId": render::id_of(PRODUCT, product.index), "quantity": 1, "price": product.price })
            })
            .collect();
        let mut body = json!({ "branchId": BRANCH, "soldById": USER });
        let key = if stream == Stream::Orders { "orderDetails" } else { "invoiceDetails" };
        body[key] = lines.into();
        if let Some(customer) = customer {
            body["customerId"] = customer.into();
        }
        let status = if stream == Stream::Orders { 5 } else { 1 };
        let mut state = inner.state();
        let id = routes::new_document(inner, &mut state, stream, &object(body), status);
        state.tell(hooks::updated(stream, id));
        id
    }

    /// Cancels an order, invoice or return, as the till does.
    pub fn cancel(&self, stream: Stream, id: i64) -> bool {
        let (code, label) = routes::cancelled(stream);
        self.update(stream, id, |row| {
            row.insert("status".into(), code.into());
            row.insert("statusValue".into(), label.into());
        })
    }

    /// The registered webhooks.
    pub fn hooks(&self) -> Vec<Hook> {
        self.inner.state().hooks.clone()
    }
}

fn change_row(
    shop: &Shop,
    table: &mut Table,
    id: i64,
    now: i64,
    change: impl FnOnce(&mut Map<String, Value>),
) -> bool {
    let Some(row) = table.find(id) else { return false };
    let created = table.created(shop, row);
    let mut json = table.json(shop, row);
    change(&mut json);
    json.insert("modifiedDate".into(), wall(now).into());
    table.put(id, Entry { json, created, modified: Some(now) });
    true
}

/// The names of things by id, for documents.
fn name_of(state: &mut State, shop: &Shop, stream: Stream, id: i64, key: &str) -> Option<Value> {
    state.row(shop, stream, id)?.remove(key)
}

fn groups() -> Vec<Value> {
    GROUPS
        .iter()
        .enumerate()
        .map(|(at, name)| {
            json!({
                "id": GROUP + at as i64, "name": name, "description": "", "createdDate": wall(START_MS), "createdBy": 99_001,
                "retailerId": RETAILER_ID, "customerGroupDetails": [],
            })
        })
        .collect()
}

fn channels() -> Vec<Value> {
    CHANNELS
        .iter()
        .enumerate()
        .map(|(at, name)| json!({ "id": CHANNEL + at as i64, "name": name, "isActive": true, "img": "", "isNotDelete": at == 1 }))
        .collect()
}
