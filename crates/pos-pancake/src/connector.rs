//! The connector: lists as pages, windows, cursors, promises.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, ListQuery, OrderPush, Pushed, ShopInfo, StreamCapabilities};
use pos_core::kit::{Listing, Members, Raw, Row};
use pos_core::page::{Page, pick_custom};
use pos_core::record::{
    Account, BranchRecord, CustomerRecord, DocumentKind, Extra, OrderRecord, ProductRecord, Stream,
    UserRecord, clean,
};
use pos_core::webhook::Trust;
use pos_core::{Capabilities, Connector, Error, ErrorKind, Hook, HookPlan, HookReport, HookState, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::answer::Rows;
use crate::client::{Client, CustomerShape, DEFAULT_PAGE, ListParams, MAX_PAGE, is_doubtful, list_in};
use crate::map::InShop;
use crate::model::read::instant;
use crate::model::{Customer, HookWrite, Order, Product, User, Warehouse};
use crate::profile::{PROFILE, VENDOR};
use crate::push;
use crate::scan::{Halt, Key, PageInfo, PageScan, TimeScan, second_from};
use crate::webhook::{ONE_WEBHOOK, SECRET_HEADER, TYPES, Webhooks};

/// How long a change may stay invisible. Lists come from a search index that lags more than five minutes at times (U1).
const LAG_SECONDS: u32 = 1800;

/// How far a nightly catch-up should reach back, because the index lags longer at times and webhooks are lost: pass it as
/// the `since` of a pull once a day.
pub const DEEP_SWEEP: Duration = Duration::from_secs(48 * 3600);

/// Older than anything in a shop: 2000-01-01.
const EARLIEST: i64 = 946_684_800;

/// Staff a page, where the vendor pages at all (C:1).
const USERS_PAGE: u32 = 500;

/// One Pancake shop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct Pancake {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) shape: CustomerShape,
    pub(crate) webhooks: Webhooks,
}

/// How a cursor is written. Walks of the first version proved nothing; those of the second held the bounds by themselves.
const CURSORS: u32 = 3;

/// How much later than the vendor's clock, as far as it is known, an open window ends.
const SLACK: i64 = 1;

/// How much later a window may end than it should before it is fixed again.
const OFF: i64 = 3;

/// Requests that one page may take, when answers only tell how to go on.
const TRIES: usize = 40;

/// The bounds of a query, in the seconds that the vendor counts in.
#[derive(Clone, Copy)]
struct Window {
    from: Option<i64>,
    to: Option<i64>,
    /// Whether removed rows are asked for.
    removed: bool,
}

impl Window {
    fn of(query: &ListQuery) -> Self {
        Self {
            from: query.modified_from.map(OffsetDateTime::unix_timestamp),
            to: query.modified_to.map(second_from),
            removed: query.include_removed,
        }
    }

    fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// The window as it is sent. An open end is fixed at this time of the vendor's, and a little later, because its `Date`
    /// is cut to whole seconds.
    fn ends(&self, now: OffsetDateTime) -> (i64, i64) {
        let from = self.from.unwrap_or(EARLIEST);
        (from, self.to.unwrap_or_else(|| second_from(now) + SLACK).max(from))
    }
}

/// How a list is walked.
#[derive(Clone, Serialize, Deserialize)]
enum Walk {
    #[serde(rename = "t")]
    Time(TimeScan),
    #[serde(rename = "p")]
    Pages(PageScan),
}

impl Walk {
    /// Digests one page: which rows are new, and how the walk goes on.
    fn step(&self, rows: &[Key<'_>], info: &PageInfo, size: u64) -> Result<(Vec<bool>, Option<Self>)> {
        match self {
            Self::Time(scan) => match scan.step(rows, info, size) {
                Ok(step) => Ok((step.fresh, step.next.map(Self::Time))),
                Err(Halt::Ignored) => Ok((vec![false; rows.len()], Some(Self::Pages(PageScan::new())))),
                Err(Halt::Failed(error)) => Err(error),
            },
            Self::Pages(scan) => {
                let ids: Vec<Option<&str>> = rows.iter().map(|row| row.0).collect();
                let step = scan.step(&ids, info, size)?;
                Ok((step.fresh, step.next.map(Self::Pages)))
            }
        }
    }
}

/// What a cursor of a walk holds.
#[derive(Clone, Serialize, Deserialize)]
struct Position {
    #[serde(rename = "s")]
    walk: Walk,
    /// The end of the window, fixed before the first request.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    /// 0 the list as it is; 1 the cancelled and deleted orders, or the customers that changed meanwhile; 2 the customers whom
    /// no window shows.
    #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
    pass: u8,
    /// Rows in the whole list, as the first page told.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

fn is_zero(pass: &u8) -> bool {
    *pass == 0
}

impl Position {
    /// The start of a walk by time.
    fn by_time((from, to): (i64, i64)) -> Self {
        Self { walk: Walk::Time(TimeScan::new(from, to)), to: Some(to), pass: 0, total: None }
    }

    /// The start of a walk by page.
    fn by_page() -> Self {
        Self { walk: Walk::Pages(PageScan::new()), to: None, pass: 0, total: None }
    }

    /// The window that is asked for now, where the walk has one, and the page.
    fn ask(&self) -> (Option<(i64, i64)>, u64) {
        match &self.walk {
            Walk::Time(scan) => {
                let (from, to, page) = scan.ask();
                (Some((from, to)), page)
            }
            Walk::Pages(scan) => (None, scan.page),
        }
    }
}

/// What a walk makes of a row.
enum Verdict {
    Shown,
    Removed,
    /// It belongs to another pass, or to nobody.
    Passed,
}

/// A list that is walked.
trait Walked: InShop {
    const STREAM: Stream;
    const NAME: &'static str;
    const PATH: &'static str;

    /// The member that the list goes by, and what it holds.
    fn listed(_: &Window) -> (&'static str, fn(&Self) -> Option<OffsetDateTime>) {
        ("updated_at", Self::changed)
    }

    /// Where the walk begins, at this time of the vendor's.
    fn start(window: &Window, now: OffsetDateTime) -> Position {
        Position::by_time(window.ends(now))
    }

    /// What to ask for beside page and size.
    fn filtered(params: ListParams, position: &Position, window: &Window, now: OffsetDateTime) -> ListParams;

    /// Whether a pass is for this row.
    fn verdict(&self, pass: u8, window: &Window) -> Verdict {
        let _ = (pass, window);
        Verdict::Shown
    }
}

/// By the time of their change. All of them are read in two passes: the second asks for those that changed since the first
/// began. Then the plain list is counted: if it has more, there are customers whom no window shows, and the list is read page
/// by page.
impl Walked for Customer {
    const STREAM: Stream = Stream::Customers;
    const NAME: &'static str = "GET /customers";
    const PATH: &'static str = "customers";

    fn filtered(params: ListParams, position: &Position, _: &Window, _: OffsetDateTime) -> ListParams {
        match position.ask().0 {
            Some((from, to)) => params.with_customer_window(from, to),
            None => params,
        }
    }
}

/// By time, in two passes. The second asks for the cancelled ones, which the plain list may leave out (U1), and for the deleted
/// ones, which it always does.
impl Walked for Order {
    const STREAM: Stream = Stream::Orders;
    const NAME: &'static str = "GET /orders";
    const PATH: &'static str = "orders";

    fn listed(window: &Window) -> (&'static str, fn(&Self) -> Option<OffsetDateTime>) {
        if window.is_open() {
            ("inserted_at", |order| order.inserted_at)
        } else {
            ("updated_at", |order| order.updated_at)
        }
    }

    fn filtered(params: ListParams, position: &Position, window: &Window, now: OffsetDateTime) -> ListParams {
        let (from, to) = position.ask().0.unwrap_or_else(|| {
            let (from, to) = window.ends(now);
            (from, position.to.unwrap_or(to))
        });
        let params = params
            .with_order_window(Self::listed(window).0, from, to)
            .with_array("extra_fields", ["custom_id"]);
        match (position.pass, window.removed) {
            (0, _) => params,
            (_, true) => params.with_array("filter_status", ["6", "7"]).with_filter("include_removed", "1"),
            (_, false) => params.with_array("filter_status", ["6"]),
        }
    }

    fn verdict(&self, pass: u8, window: &Window) -> Verdict {
        match (self.status, pass) {
            (Some(7), 1) if window.removed => Verdict::Removed,
            (Some(7), _) | (Some(6), 0) => Verdict::Passed,
            (Some(6), _) | (_, 0) => Verdict::Shown,
            _ => Verdict::Passed,
        }
    }
}

/// Pages by number, because no filter by time is known.
impl Walked for Product {
    const STREAM: Stream = Stream::Products;
    const NAME: &'static str = "GET /products";
    const PATH: &'static str = "products";

    fn start(_: &Window, _: OffsetDateTime) -> Position {
        Position::by_page()
    }

    fn filtered(params: ListParams, _: &Position, _: &Window, _: OffsetDateTime) -> ListParams {
        params
    }
}

/// A member of a row that cannot be read as a whole.
fn instant_in(raw: &RawValue, name: &str) -> Option<OffsetDateTime> {
    instant(Members::of(raw).ok()?.get(name)?).ok().flatten()
}

/// Where a list goes on that comes whole, or in large pages: the vendor's page, and how many of its rows were told.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Part {
    page: u64,
    offset: u64,
}

impl Pancake {
    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    fn record_of<T: InShop>(&self, row: T, raw: &RawValue) -> T::Record {
        self.client.record(row, pick_custom(raw, &self.custom_fields))
    }

    /// Puts a row on a page.
    fn put<T: InShop>(&self, row: Raw<'_, T>, page: &mut Page<T::Record>) {
        match row.read {
            Ok(read) => page.records.push(self.client.record(read, row.raw.custom(&self.custom_fields))),
            Err(rejected) => page.rejected.push(rejected),
        }
    }

    /// One page of a list that is walked: one request, and more while answers only tell how to go on.
    async fn walk<T: Walked>(&self, query: &ListQuery) -> Result<Page<T::Record>> {
        let listing = Listing::new(self, T::STREAM, CURSORS, query)?;
        let window = Window::of(query);
        let begun: Option<Position> = listing.resume()?;
        let is_first = begun.is_none() && self.client.http().skew().is_none();
        let mut position = begun.unwrap_or_else(|| T::start(&window, self.client.now()));
        let size = query.page_size.unwrap_or(DEFAULT_PAGE);
        let (member, listed) = T::listed(&window);
        let mut page = Page::default();
        for attempt in 0..TRIES {
            let asked = self.client.now();
            let params = ListParams::default().with_page(position.ask().1).with_page_size(size);
            let params = T::filtered(params, &position, &window, asked);
            let response = self.client.rows(T::NAME, T::PATH, &params).await?;
            if attempt == 0
                && is_first
                && let Some(again) = self.fixed_again(&window, &position, asked)
            {
                position = again;
                continue;
            }
            let list: Rows<'_, T> = list_in(T::NAME, &response)?;
            let ids: Vec<Option<String>> = list.rows.iter().map(Raw::key).collect();
            let time = |row: &Raw<'_, T>| match &row.read {
                Ok(read) => listed(read),
                Err(_) => instant_in(row.raw.value(), member),
            };
            let keys: Vec<Key<'_>> =
                list.rows.iter().zip(&ids).map(|(row, id)| (id.as_deref(), time(row))).collect();
            let (fresh, walk) = position.walk.step(&keys, &list.info, u64::from(size))?;
            if position.pass == 0 {
                position.total = position.total.or(list.info.total);
            }
            page.total = position.total;
            for ((row, id), _) in list.rows.into_iter().zip(ids).zip(&fresh).filter(|(_, fresh)| **fresh) {
                // The upper bound goes out in whole seconds, raised.
                let verdict = match &row.read {
                    Ok(_) if listing.is_after(row.changed()) => Verdict::Passed,
                    Ok(read) => read.verdict(position.pass, &window),
                    Err(_) => Verdict::Shown,
                };
                match verdict {
                    Verdict::Shown => self.put(row, &mut page),
                    Verdict::Removed => page.removed.extend(id),
                    Verdict::Passed => {}
                }
            }
            let next = match walk {
                Some(walk) => Some(Position { walk, ..position }),
                None => self.next_pass(T::STREAM, position, &window).await?,
            };
            page.next = listing.next(next.as_ref())?;
            match next {
                Some(next) if !fresh.contains(&true) => position = next,
                _ => break,
            }
        }
        Ok(page)
    }

    /// The start of a walk by time that was fixed before the vendor's first answer, if that answer tells of another clock:
    /// `asked` is when the request was made, by ours.
    fn fixed_again(&self, window: &Window, position: &Position, asked: OffsetDateTime) -> Option<Position> {
        let (from, end) = window.ends(asked + self.client.http().skew()?);
        let to = position.to?;
        let is_off = window.to.is_none() && (to < end || to > end + OFF);
        is_off.then(|| Position::by_time((from, end)))
    }

    /// What follows a pass over a list that came to its end.
    async fn next_pass(
        &self,
        stream: Stream,
        position: Position,
        window: &Window,
    ) -> Result<Option<Position>> {
        let (from, end) = window.ends(self.client.now());
        let by_time = |from, to| Walk::Time(TimeScan::new(from, to));
        match (stream, position.pass) {
            (Stream::Orders, 0) => {
                let walk = by_time(from, position.to.unwrap_or(end));
                Ok(Some(Position { walk, pass: 1, ..position }))
            }
            (Stream::Customers, 0) if window.is_open() => {
                let since = position.to.unwrap_or(end).saturating_sub(SLACK + OFF);
                Ok(Some(Position { walk: by_time(since, end), pass: 1, ..position }))
            }
            (Stream::Customers, 1) if window.is_open() => {
                let one = ListParams::default().with_page(1).with_page_size(1);
                let plain = self.client.list_customers(&one).await?.total_entries;
                let windowed = one.with_customer_window(from, end);
                let shown = self.client.list_customers(&windowed).await?.total_entries;
                let hides = matches!((plain, shown), (Some(plain), Some(shown)) if plain > shown);
                Ok(hides.then(|| Position { pass: 2, to: position.to, total: plain, ..Position::by_page() }))
            }
            _ => Ok(None),
        }
    }

    /// Warehouses and staff: lists that come whole, cut into pages here.
    async fn whole<T: InShop>(
        &self,
        stream: Stream,
        name: &'static str,
        path: &str,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let listing = Listing::new(self, stream, CURSORS, query)?;
        let Part { page: number, offset } = listing.resume()?.unwrap_or(Part { page: 1, offset: 0 });
        let mut params = ListParams::default();
        if stream == Stream::Users {
            params = params.with_page(number).with_page_size(USERS_PAGE);
        }
        let response = self.client.rows(name, path, &params).await?;
        let list: Rows<'_, T> = list_in(name, &response)?;
        let length = list.rows.len() as u64;
        let size = u64::from(query.page_size.unwrap_or(USERS_PAGE));
        let end = offset.saturating_add(size);
        let read_so_far = number.saturating_sub(1).saturating_mul(u64::from(USERS_PAGE)) + length;
        let more_pages = length > 0
            && match (list.info.pages, list.info.total) {
                (Some(pages), _) => number < pages,
                (None, Some(total)) => read_so_far < total,
                (None, None) => false,
            };
        let mut page = Page { total: list.info.total.or(Some(length)), ..Page::default() };
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for row in list.rows.into_iter().skip(from).take(usize::try_from(size).unwrap_or(usize::MAX)) {
            self.put(row, &mut page);
        }
        let next = if end < length {
            Some(Part { page: number, offset: end })
        } else {
            more_pages.then_some(Part { page: number + 1, offset: 0 })
        };
        page.next = listing.next(next)?;
        Ok(page)
    }

    /// What the shop's record says of its one webhook, and whether registering ours would end none of somebody else. Whether a
    /// record shows it is not established.
    async fn webhook_there(&self, plan: &HookPlan) -> Result<(HookReport, bool)> {
        let shop = self.client.get_shop().await?;
        let there = shop.webhook_url.as_deref().and_then(clean);
        let is_ours = there.as_deref() == Some(plan.url.as_str());
        // A shop record that shows the setting without an address has no webhook.
        let is_free = there.is_none() && shop.webhook_enable.is_some();
        let is_off = shop.webhook_enable == Some(false);
        let state = is_ours.then_some(if is_off { HookState::Dropped } else { HookState::Alive });
        let mut report = HookReport::default();
        for topic in plan.topics_or(&TYPES) {
            report.tell(topic, state);
        }
        let id = self.client.shop_id().to_owned();
        let foreign = there.filter(|_| !is_ours);
        report.foreign.extend(foreign.map(|url| Hook {
            id,
            topic: String::new(),
            url,
            state: if is_off { HookState::Dropped } else { HookState::Alive },
        }));
        report.warnings.push(ONE_WEBHOOK.to_owned());
        Ok((report, is_free || is_ours))
    }

    /// A key that is good for another shop says what it is good for.
    async fn wrong_shop(&self, error: Error) -> Error {
        let unknown = is_doubtful(&error)
            || matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Rejected | ErrorKind::Forbidden);
        if !unknown {
            return error;
        }
        match self.client.list_shops().await {
            Ok(shops) if !shops.iter().any(|shop| shop.key() == Some(self.client.shop_id())) => {
                let reached: Vec<&str> = shops.iter().filter_map(|shop| shop.key()).take(5).collect();
                let what = format!(
                    "the API key is good, but not for shop {}; it reaches {}",
                    self.client.shop_id(),
                    if reached.is_empty() { "none".to_owned() } else { reached.join(", ") }
                );
                Error::new(ErrorKind::Auth, what).with_context("GET /shops/{id}").with_source(error)
            }
            _ => error,
        }
    }
}

#[async_trait]
impl Connector for Pancake {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        // No filter by date is known of products: every run reads them all.
        let list = StreamCapabilities {
            list: true,
            total: true,
            max_page_size: MAX_PAGE,
            ..StreamCapabilities::default()
        };
        let piece = StreamCapabilities { max_page_size: USERS_PAGE, ..list };
        let changed = StreamCapabilities {
            get: true,
            modified_from: true,
            modified_to: true,
            lag_seconds: LAG_SECONDS,
            ..list
        };
        Capabilities {
            streams: vec![
                (Stream::Branches, piece),
                (Stream::Users, piece),
                (Stream::Products, StreamCapabilities { get: true, ..list }),
                (Stream::Customers, changed),
                (Stream::Orders, StreamCapabilities { removed: true, ..changed }),
            ],
            push_customer: true,
            push_order: true,
            guest_orders: true,
            register_webhooks: true,
            webhooks: Some(Trust::SharedToken),
            ..Capabilities::default()
        }
    }

    /// Reads the shop and its warehouses: two requests, and one more when the shop cannot be read.
    async fn check(&self) -> Result<ShopInfo> {
        let shop = match self.client.get_shop().await {
            Ok(shop) => shop,
            Err(error) => return Err(self.wrong_shop(error).await),
        };
        let account = match shop.key() {
            Some(id) => Account::new(VENDOR, id),
            None => self.account.clone(),
        };
        let name = shop.name.unwrap_or_else(|| account.id().to_owned());
        let mut info = ShopInfo::new(account, name);
        let list = self.client.list_warehouses(&ListParams::default()).await?;
        let rejected = list.rejected.len();
        info.branches = list.data.into_iter().map(|one| one.into_record(Extra::new())).collect();
        if rejected > 0 {
            info.warnings.push(format!("{rejected} warehouses cannot be read"));
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.walk::<Customer>(query).await
    }

    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => self.walk::<Order>(query).await,
            _ => Err(Error::unsupported("Pancake has no sales document but the order")),
        }
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.walk::<Product>(query).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.whole::<Warehouse>(Stream::Branches, "GET /warehouses", "warehouses", query).await
    }

    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.whole::<User>(Stream::Users, "GET /users", "users", query).await
    }

    /// Sends one request, and two more when the vendor says 500.
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.client.find_customer(id, |customer, raw| self.record_of(customer, raw)).await
    }

    /// Sends one request, and a search when the vendor does not know the number.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match kind {
            DocumentKind::Order => self.client.find_order(id, |order, raw| self.record_of(order, raw)).await,
            _ => Err(Error::unsupported("Pancake has no sales document but the order")),
        }
    }

    /// Sends one request; two more for the id of a variation.
    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.client.find_product(id, |product, raw| self.record_of(product, raw)).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        push::customer(&self.client, self.shape, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        push::order(&self.client, push).await
    }

    /// Registers the shop's one webhook, with the plan's secret in [`SECRET_HEADER`] beside its other headers. What is there is
    /// looked at first: another address, or a shop record that does not say what is there, needs [`HookPlan::replacing`]. Sends
    /// two requests.
    async fn register_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        let mut headers = plan.headers.clone();
        if !plan.secret.expose().trim().is_empty() {
            headers.insert(SECRET_HEADER.to_owned(), plan.secret.clone());
        }
        if headers.values().all(|value| value.expose().trim().is_empty()) {
            return Err(PROFILE.error("the webhook secret is blank: it is the only proof there is"));
        }
        let (mut report, is_safe) = self.webhook_there(plan).await?;
        if !plan.replaces && !is_safe {
            let what = match report.foreign.is_empty() {
                false => format!("{ONE_WEBHOOK}; there is one"),
                true => format!("{ONE_WEBHOOK}; whether there is one cannot be seen"),
            };
            return Err(Error::new(ErrorKind::Conflict, what).with_context("PUT /shops/{id}"));
        }
        let hook = HookWrite {
            enable: true,
            url: plan.url.to_string(),
            email: plan.email.clone().unwrap_or_default(),
            types: plan.topics_or(&TYPES).into_iter().map(str::to_owned).collect(),
            headers,
            ..HookWrite::default()
        };
        self.client.set_webhook(&hook).await?;
        report.warnings.push(
            "whether registering leaves the shop's other settings alone is not documented: have a look at them".to_owned(),
        );
        Ok(report)
    }

    /// What the shop's record shows. One request.
    async fn webhook_health(&self, plan: &HookPlan) -> Result<HookReport> {
        Ok(self.webhook_there(plan).await?.0)
    }
}
