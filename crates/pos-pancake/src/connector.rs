//! The connector: lists as pages, windows, cursors, promises.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, ListQuery, OrderPush, Pushed, ShopInfo, StreamCapabilities};
use pos_core::http::{Pacer, Response};
use pos_core::page::{Cursor, Page, pick_custom};
use pos_core::record::{
    Account, BranchRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, Stream, UserRecord,
    Vendor,
};
use pos_core::webhook::{Delivery, Handshake, Identified, Refusal, Trust, Verified, WebhookRequest};
use pos_core::{Capabilities, Connector, Error, ErrorKind, Result, WebhookVerifier};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::answer::{Rows, read_list, read_record};
use crate::client::{Client, DEFAULT_PAGE, ListParams, MAX_PAGE};
use crate::map::Anything;
use crate::map::Row;
use crate::model::{Customer, Order, Product, User, Variation, Warehouse};
use crate::profile::{DISPLAY_NAME, VENDOR};
use crate::push::CustomerShape;
use crate::scan::{Halt, Key, PageScan, Step, TimeScan, second_from};
use crate::webhook::Webhooks;

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
    pub(crate) currency: String,
    pub(crate) shape: CustomerShape,
    pub(crate) webhooks: Webhooks,
}

/// The bounds of a query.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Bounds {
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    #[serde(rename = "r", skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

impl Bounds {
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
    fn window(&self, now: OffsetDateTime) -> (i64, i64) {
        let from = self.from.unwrap_or(EARLIEST);
        (from, self.to.unwrap_or_else(|| second_from(now) + SLACK).max(from))
    }
}

/// How much later than the vendor's clock, as far as it is known, an open window ends.
const SLACK: i64 = 1;

/// How much later a window may end than it should before it is fixed again.
const OFF: i64 = 3;

/// Requests that one page may take, when answers only tell how to go on.
const TRIES: usize = 40;

/// How a list is walked.
#[derive(Clone, Serialize, Deserialize)]
enum Walk {
    #[serde(rename = "t")]
    Time(TimeScan),
    #[serde(rename = "p")]
    Pages(PageScan),
    /// A list that comes whole.
    #[serde(rename = "o")]
    Offset { page: u64, offset: u64 },
}

/// What a cursor holds: the place, and the bounds that the place is meant for.
#[derive(Clone, Serialize, Deserialize)]
struct Place {
    #[serde(rename = "s")]
    walk: Walk,
    #[serde(rename = "b", default)]
    bounds: Bounds,
    /// The end of the window, fixed before the first request.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    /// 0 the list as it is; 1 the cancelled and deleted orders, or the customers that changed meanwhile.
    #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
    pass: u8,
    /// Rows in the whole list, as the first page told.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

fn is_zero(pass: &u8) -> bool {
    *pass == 0
}

/// Which rows are new, and how the walk goes on.
type Walked = (Vec<bool>, Option<Walk>);

fn walked(step: std::result::Result<Step<TimeScan>, Halt>, rows: usize) -> Result<Walked> {
    match step {
        Ok(step) => Ok((step.fresh, step.next.map(Walk::Time))),
        Err(Halt::Ignored) => Ok((vec![false; rows], Some(Walk::Pages(PageScan::new())))),
        Err(Halt::Failed(error)) => Err(error),
    }
}

impl Place {
    fn start(walk: Walk, bounds: Bounds, to: Option<i64>) -> Self {
        Self { walk, bounds, to, pass: 0, total: None }
    }
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

    fn begin(&self, stream: Stream, query: &ListQuery) -> Result<(String, Bounds, Option<Place>)> {
        self.capabilities().refuse_unsupported(stream, query)?;
        let scope = format!("{VENDOR}/{stream}/2");
        let bounds = Bounds::of(query);
        // A walk of an earlier release starts again: it proved nothing.
        let old = format!("{VENDOR}/{stream}/1:");
        let cursor = query.cursor.as_ref().filter(|cursor| !cursor.as_str().starts_with(&old));
        let place: Option<Place> = cursor.map(|cursor| cursor.decode(&scope)).transpose()?;
        if place.as_ref().is_some_and(|place| place.bounds != bounds) {
            return Err(Error::config(format!(
                "this cursor of {stream} belongs to a query with other bounds"
            )));
        }
        Ok((scope, bounds, place))
    }

    /// The start of a walk by time.
    fn start(&self, bounds: &Bounds) -> Place {
        let (from, to) = bounds.window(self.client.now());
        Place::start(Walk::Time(TimeScan::new(from, to)), bounds.clone(), Some(to))
    }

    /// The start of a walk by time that was fixed before the vendor's first answer, if that answer tells of another clock:
    /// `asked` is when the request was made, by ours.
    fn fixed_again(&self, bounds: &Bounds, place: &Place, asked: OffsetDateTime) -> Option<Place> {
        let (from, end) = bounds.window(asked + self.client.skew()?);
        let to = place.to?;
        let is_off = bounds.to.is_none() && (to < end || to > end + OFF);
        is_off.then(|| Place::start(Walk::Time(TimeScan::new(from, end)), bounds.clone(), Some(end)))
    }

    fn record_of<T: Row>(&self, mut row: T, raw: &serde_json::value::RawValue) -> T::Record {
        row.assume_currency(&self.currency);
        T::with_custom(row.record(), pick_custom(raw, &self.custom_fields))
    }

    /// Customers: by the time of their change. All of them are read in two passes: the second asks for those that changed since
    /// the first began. Then the plain list is counted: if it has more, there are customers whom no window shows, and the
    /// list is read page by page.
    async fn customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        let name = "GET /customers";
        let (scope, bounds, place) = self.begin(Stream::Customers, query)?;
        let is_first = place.is_none() && self.client.skew().is_none();
        let mut place = place.unwrap_or_else(|| self.start(&bounds));
        let size = query.page_size.unwrap_or(DEFAULT_PAGE);
        let mut page = Page::default();
        for attempt in 0..TRIES {
            let mut params = ListParams::default().with_page_size(size);
            params = match &place.walk {
                Walk::Time(scan) => {
                    let (from, to, number) = scan.ask();
                    params.with_page(number).with_customer_window(from, to)
                }
                Walk::Pages(scan) => params.with_page(scan.page),
                Walk::Offset { .. } => return Err(Error::config("this cursor is not of customers")),
            };
            let asked = self.client.now();
            let response = self.client.rows(name, "customers", &params).await?;
            if attempt == 0
                && is_first
                && let Some(again) = self.fixed_again(&bounds, &place, asked)
            {
                place = again;
                continue;
            }
            let list: Rows<'_, Customer> = read(name, &response)?;
            let keys: Vec<Key<'_>> =
                list.rows.iter().map(|row| (row.key.id.as_deref(), row.key.updated_at)).collect();
            let ids: Vec<Option<&str>> = keys.iter().map(|key| key.0).collect();
            let (fresh, walk) = match &place.walk {
                Walk::Time(scan) => walked(scan.step(&keys, &list.info, u64::from(size)), keys.len())?,
                Walk::Pages(scan) => {
                    let step = scan.step(&ids, &list.info, u64::from(size))?;
                    (step.fresh, step.next.map(Walk::Pages))
                }
                Walk::Offset { .. } => (Vec::new(), None),
            };
            place.total = if place.pass == 0 { place.total.or(list.info.total) } else { place.total };
            page.total = place.total;
            for (row, fresh) in list.rows.into_iter().zip(&fresh) {
                match row.read {
                    _ if !fresh => {}
                    Ok(_) if is_after(row.key.updated_at, query.modified_to) => {}
                    Ok(read) => page.records.push(self.record_of(read, row.raw)),
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            let next = match walk {
                Some(walk) => Some(Place { walk, ..place }),
                None => self.after_customers(&place, &bounds).await?,
            };
            page.next = next.as_ref().map(|place| Cursor::encode(&scope, place)).transpose()?;
            match next {
                Some(next) if !fresh.contains(&true) => place = next,
                _ => break,
            }
        }
        Ok(page)
    }

    /// What follows a pass over the customers.
    async fn after_customers(&self, place: &Place, bounds: &Bounds) -> Result<Option<Place>> {
        if !bounds.is_open() || place.pass > 1 {
            return Ok(None);
        }
        let (from, end) = bounds.window(self.client.now());
        if place.pass == 0 {
            let since = place.to.unwrap_or(end).saturating_sub(SLACK + OFF);
            let walk = Walk::Time(TimeScan::new(since, end));
            return Ok(Some(Place { walk, pass: 1, ..place.clone() }));
        }
        let one = ListParams::default().with_page(1).with_page_size(1);
        let (plain, shown) =
            (self.count(&one).await?, self.count(&one.clone().with_customer_window(from, end)).await?);
        let hides = matches!((plain, shown), (Some(plain), Some(shown)) if plain > shown);
        Ok(hides.then(|| Place {
            walk: Walk::Pages(PageScan::new()),
            pass: 2,
            total: plain,
            ..place.clone()
        }))
    }

    async fn count(&self, params: &ListParams) -> Result<Option<u64>> {
        let name = "GET /customers";
        let response = self.client.rows(name, "customers", params).await?;
        let list: Rows<'_, Customer> = read(name, &response)?;
        Ok(list.info.total)
    }

    /// Products: pages by number, because no filter by time is known.
    async fn products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        let name = "GET /products";
        let (scope, bounds, place) = self.begin(Stream::Products, query)?;
        let mut place =
            place.unwrap_or_else(|| Place::start(Walk::Pages(PageScan::new()), bounds.clone(), None));
        let size = query.page_size.unwrap_or(DEFAULT_PAGE);
        let mut page = Page::default();
        for _ in 0..TRIES {
            let Walk::Pages(scan) = &place.walk else {
                return Err(Error::config("this cursor is not of products"));
            };
            let params = ListParams::default().with_page(scan.page).with_page_size(size);
            let response = self.client.rows(name, "products", &params).await?;
            let list: Rows<'_, Product> = read(name, &response)?;
            let ids: Vec<Option<&str>> = list.rows.iter().map(|row| row.key.id.as_deref()).collect();
            let step = scan.step(&ids, &list.info, u64::from(size))?;
            page.total = list.info.total;
            let fresh = step.fresh.contains(&true);
            for (row, fresh) in list.rows.into_iter().zip(step.fresh) {
                match row.read {
                    _ if !fresh => {}
                    Ok(read) => page.records.push(self.record_of(read, row.raw)),
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            let next = step.next.map(|scan| Place { walk: Walk::Pages(scan), ..place.clone() });
            page.next = next.as_ref().map(|place| Cursor::encode(&scope, place)).transpose()?;
            match next {
                Some(next) if !fresh => place = next,
                _ => break,
            }
        }
        Ok(page)
    }

    /// Orders: by time, in two passes. The second asks for the cancelled ones, which the plain list may leave out (U1), and for
    /// the deleted ones, which it always does.
    async fn orders(&self, query: &ListQuery) -> Result<Page<OrderRecord>> {
        let name = "GET /orders";
        let (scope, bounds, place) = self.begin(Stream::Orders, query)?;
        let is_first = place.is_none() && self.client.skew().is_none();
        let mut place = place.unwrap_or_else(|| self.start(&bounds));
        let size = query.page_size.unwrap_or(DEFAULT_PAGE);
        let column = if bounds.is_open() { "inserted_at" } else { "updated_at" };
        let mut page = Page::default();
        for attempt in 0..TRIES {
            let (from, to, number) = match &place.walk {
                Walk::Time(scan) => scan.ask(),
                Walk::Pages(scan) => {
                    let (from, to) = bounds.window(self.client.now());
                    (from, place.to.unwrap_or(to), scan.page)
                }
                Walk::Offset { .. } => return Err(Error::config("this cursor is not of orders")),
            };
            let mut params = ListParams::default()
                .with_page(number)
                .with_page_size(size)
                .with_order_window(column, from, to)
                .with_array("extra_fields", ["custom_id"]);
            if place.pass > 0 && bounds.removed {
                params = params.with_array("filter_status", ["6", "7"]).with_filter("include_removed", "1");
            } else if place.pass > 0 {
                params = params.with_array("filter_status", ["6"]);
            }
            let asked = self.client.now();
            let response = self.client.rows(name, "orders", &params).await?;
            if attempt == 0
                && is_first
                && let Some(again) = self.fixed_again(&bounds, &place, asked)
            {
                place = again;
                continue;
            }
            let list: Rows<'_, Order> = read(name, &response)?;
            let keys: Vec<Key<'_>> = list
                .rows
                .iter()
                .map(|row| {
                    let at = if bounds.is_open() { row.key.inserted_at } else { row.key.updated_at };
                    (row.key.id.as_deref(), at)
                })
                .collect();
            let ids: Vec<Option<&str>> = keys.iter().map(|key| key.0).collect();
            let (fresh, walk) = match &place.walk {
                Walk::Time(scan) => walked(scan.step(&keys, &list.info, u64::from(size)), keys.len())?,
                Walk::Pages(scan) => {
                    let step = scan.step(&ids, &list.info, u64::from(size))?;
                    (step.fresh, step.next.map(Walk::Pages))
                }
                Walk::Offset { .. } => (Vec::new(), None),
            };
            place.total = place.total.or(list.info.total);
            page.total = place.total;
            let any_fresh = fresh.contains(&true);
            for (row, fresh) in list.rows.into_iter().zip(fresh) {
                match row.read {
                    _ if !fresh => {}
                    Ok(_) if is_after(row.key.updated_at, query.modified_to) => {}
                    Ok(read) => match (read.status, place.pass) {
                        (Some(7), 1) if bounds.removed => page.removed.extend(row.key.id),
                        (Some(7), _) => {}
                        (Some(6), 0) => {}
                        (Some(6), _) | (_, 0) => page.records.push(self.record_of(read, row.raw)),
                        _ => {}
                    },
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            let next = match walk {
                Some(walk) => Some(Place { walk, ..place.clone() }),
                None if place.pass == 0 => {
                    let (from, to) = bounds.window(self.client.now());
                    let walk = Walk::Time(TimeScan::new(from, place.to.unwrap_or(to)));
                    Some(Place { walk, pass: 1, ..place.clone() })
                }
                None => None,
            };
            page.next = next.as_ref().map(|place| Cursor::encode(&scope, place)).transpose()?;
            match next {
                Some(next) if !any_fresh => place = next,
                _ => break,
            }
        }
        Ok(page)
    }

    /// Warehouses and staff: lists that come whole, cut into pages here.
    async fn whole<T: Row>(
        &self,
        stream: Stream,
        name: &'static str,
        path: &str,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let (scope, bounds, place) = self.begin(stream, query)?;
        let place = place.unwrap_or_else(|| Place::start(Walk::Offset { page: 1, offset: 0 }, bounds, None));
        let Walk::Offset { page: number, offset } = place.walk else {
            return Err(Error::config(format!("this cursor is not of {stream}")));
        };
        let mut params = ListParams::default();
        if stream == Stream::Users {
            params = params.with_page(number).with_page_size(USERS_PAGE);
        }
        let response = self.client.rows(name, path, &params).await?;
        let list: Rows<'_, T> = read(name, &response)?;
        let length = list.rows.len() as u64;
        let size = u64::from(query.page_size.unwrap_or(USERS_PAGE));
        let end = offset.saturating_add(size);
        let read_so_far = (number - 1).saturating_mul(u64::from(USERS_PAGE)) + length;
        let more_pages = length > 0
            && match (list.info.pages, list.info.total) {
                (Some(pages), _) => number < pages,
                (None, Some(total)) => read_so_far < total,
                (None, None) => false,
            };
        let mut page = Page { total: list.info.total.or(Some(length)), ..Page::default() };
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for row in list.rows.into_iter().skip(from).take(usize::try_from(size).unwrap_or(usize::MAX)) {
            match row.read {
                Ok(read) => page.records.push(self.record_of(read, row.raw)),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        let next = if end < length {
            Some(Walk::Offset { page: number, offset: end })
        } else {
            more_pages.then_some(Walk::Offset { page: number + 1, offset: 0 })
        };
        page.next = next.map(|walk| Cursor::encode(&scope, &Place { walk, ..place })).transpose()?;
        Ok(page)
    }

    /// A read by key. The vendor answers 500, or a 400 without its own words, for an unknown key and now and then for a known
    /// one (L): only when its lists answer, and the key still fails after that, it is unknown.
    pub(crate) async fn find(&self, name: &'static str, path: &'static str, id: &str) -> Result<Response> {
        let is_doubtful = |error: &Error| {
            error.kind() == ErrorKind::Unavailable && matches!(error.status(), Some(400 | 500))
        };
        let error = match self.client.lookup(name, path, id).await {
            Err(error) if is_doubtful(&error) => error,
            answer => return answer,
        };
        let params = ListParams::default().with_page(1).with_page_size(1);
        let Ok(list) = self.client.rows("GET a list of one", path, &params).await else { return Err(error) };
        if read_list::<Anything>(&list.body).is_err() {
            return Err(error);
        }
        match self.client.lookup(name, path, id).await {
            Err(error) if is_doubtful(&error) => Err(missing(error)),
            answer => answer,
        }
    }

    /// An order by `system_id` or by the text that the vendor shows: by address, else by search, because orders with a text for
    /// an id may not be found by number.
    async fn order(&self, id: &str) -> Result<OrderRecord> {
        let name = "GET /orders/{id}";
        let failure = match self.find(name, "orders", id).await {
            Ok(response) => {
                let (order, raw) = read_one::<Order>(name, &response)?;
                if order.is_named(id) {
                    return Ok(self.record_of(order, raw));
                }
                another(name)
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !id.trim().is_empty() => error,
            Err(error) => return Err(error),
        };
        let params = ListParams::default()
            .with_page(1)
            .with_page_size(DEFAULT_PAGE)
            .with_filter("search", id)
            .with_filter("include_removed", "1")
            .with_array("extra_fields", ["custom_id"]);
        let response = self.client.rows("GET /orders", "orders", &params).await?;
        let list: Rows<'_, Order> = read("GET /orders", &response)?;
        for row in list.rows {
            if let Ok(order) = row.read
                && order.is_named(id)
            {
                return Ok(self.record_of(order, row.raw));
            }
        }
        Err(failure)
    }

    /// A customer by either of its two ids.
    async fn customer(&self, id: &str) -> Result<(Customer, CustomerRecord)> {
        let name = "GET /customers/{id}";
        let response = self.find(name, "customers", id).await?;
        let (customer, raw) = read_one::<Customer>(name, &response)?;
        if ![&customer.id, &customer.customer_id].iter().any(|known| known.as_deref() == Some(id)) {
            return Err(another(name));
        }
        Ok((customer.clone(), self.record_of(customer, raw)))
    }

    pub(crate) async fn typed_customer(&self, id: &str) -> Result<Customer> {
        self.customer(id).await.map(|(customer, _)| customer)
    }

    /// A product by its own id, by its stock keeping unit (L), or by the id of a variation, which stock events name.
    async fn product(&self, id: &str) -> Result<ProductRecord> {
        let name = "GET /products/{id}";
        let read = |response: &Response, id: &str| {
            let (product, raw) = read_one::<Product>(name, response)?;
            let is_it = |name: &Option<String>| name.as_deref() == Some(id);
            let is_asked = [&product.id, &product.custom_id, &product.display_id].into_iter().any(is_it)
                || product.variations.iter().any(|variation| is_it(&variation.id));
            if !is_asked {
                return Err(another(name));
            }
            Ok(self.record_of(product, raw))
        };
        let failure = match self.find(name, "products", id).await {
            Ok(response) => return read(&response, id),
            Err(error) if error.kind() == ErrorKind::NotFound && !id.trim().is_empty() => error,
            Err(error) => return Err(error),
        };
        let params = ListParams::default().with_page(1).with_page_size(10).with_array("variation_ids", [id]);
        let list = self.client.list_variations(&params).await?;
        let of = |row: &&Variation| row.id.as_deref() == Some(id) && row.product_id.as_deref() != Some(id);
        match list.data.iter().find(of).and_then(|row| row.product_id.as_deref()) {
            Some(product) => read(&self.client.lookup(name, "products", product).await?, product),
            None => Err(failure),
        }
    }
}

fn read<'a, T: Row>(name: &'static str, response: &'a Response) -> Result<Rows<'a, T>> {
    read_list(&response.body).map_err(|error| error.with_context(name).with_status(response.status))
}

fn read_one<'a, T: Row>(
    name: &'static str,
    response: &'a Response,
) -> Result<(T, &'a serde_json::value::RawValue)> {
    read_record(&response.body).map_err(|error| error.with_context(name).with_status(response.status))
}

/// What was answered is not what was asked for: it is never taken for it, and what was asked for is not gone either.
fn another(name: &'static str) -> Error {
    Error::decode("the vendor answers something else than was asked for").with_context(name)
}

fn missing(error: Error) -> Error {
    if error.kind() == ErrorKind::NotFound {
        return error;
    }
    let mut missing = Error::new(ErrorKind::NotFound, "the vendor does not know it")
        .with_vendor_code(error.vendor_code().map(str::to_owned))
        .with_vendor_message(error.vendor_message().map(str::to_owned));
    if let Some(status) = error.status() {
        missing = missing.with_status(status);
    }
    if let Some(at) = error.context() {
        missing = missing.with_context(at);
    }
    missing
}

/// The upper bound goes out in whole seconds, raised: what lies behind the asked instant is left to the next window.
fn is_after(changed: Option<OffsetDateTime>, to: Option<OffsetDateTime>) -> bool {
    matches!((changed, to), (Some(changed), Some(to)) if changed > to)
}

#[async_trait]
impl Connector for Pancake {
    fn vendor(&self) -> Vendor {
        VENDOR
    }

    fn display_name(&self) -> &str {
        DISPLAY_NAME
    }

    fn account(&self) -> &Account {
        &self.account
    }

    fn capabilities(&self) -> Capabilities {
        let list = |set: fn(&mut StreamCapabilities)| {
            let mut caps = StreamCapabilities::default();
            caps.list = true;
            caps.total = true;
            caps.max_page_size = MAX_PAGE;
            set(&mut caps);
            caps
        };
        let mut capabilities = Capabilities::default();
        capabilities.streams = vec![
            (Stream::Branches, list(|caps| caps.max_page_size = USERS_PAGE)),
            (Stream::Users, list(|caps| caps.max_page_size = USERS_PAGE)),
            // No filter by date is known: every run reads them all.
            (Stream::Products, list(|caps| caps.get = true)),
            (
                Stream::Customers,
                list(|caps| {
                    (caps.get, caps.modified_from, caps.modified_to) = (true, true, true);
                    caps.lag_seconds = LAG_SECONDS;
                }),
            ),
            (
                Stream::Orders,
                list(|caps| {
                    (caps.get, caps.modified_from, caps.modified_to, caps.removed) = (true, true, true, true);
                    caps.lag_seconds = LAG_SECONDS;
                }),
            ),
        ];
        capabilities.push_customer = true;
        capabilities.push_order = true;
        capabilities.register_webhooks = true;
        capabilities.webhooks = Some(Trust::SharedToken);
        capabilities
    }

    fn custom_fields(&self) -> &[String] {
        &self.custom_fields
    }

    fn skew(&self) -> Option<time::Duration> {
        self.client.skew()
    }

    fn pacer(&self) -> Option<&Arc<Pacer>> {
        Some(self.client.pacer())
    }

    fn webhooks(&self) -> Option<&dyn WebhookVerifier> {
        Some(&self.webhooks)
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
        let name = shop.name.unwrap_or_else(|| account.id.clone());
        let mut info = ShopInfo::new(account, name);
        let list = self.client.list_warehouses(&ListParams::default()).await?;
        info.branches = list.data.iter().map(Row::record).collect();
        let rejected = list.rejected.len();
        if rejected > 0 {
            info.warnings.push(format!("{rejected} warehouses cannot be read"));
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.customers(query).await
    }

    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => self.orders(query).await,
            _ => Err(Error::unsupported("Pancake has no sales document but the order")),
        }
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.products(query).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.whole::<Warehouse>(Stream::Branches, "GET /warehouses", "warehouses", query).await
    }

    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.whole::<User>(Stream::Users, "GET /users", "users", query).await
    }

    /// Sends one request, and two more when the vendor says 500.
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.customer(id).await.map(|(_, record)| record)
    }

    /// Sends one request, and a search when the vendor does not know the number.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match kind {
            DocumentKind::Order => self.order(id).await,
            _ => Err(Error::unsupported("Pancake has no sales document but the order")),
        }
    }

    /// Sends one request; two more for the id of a variation.
    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.product(id).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(self, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(self, push).await
    }
}

impl Pancake {
    /// A key that is good for another shop says what it is good for.
    async fn wrong_shop(&self, error: Error) -> Error {
        let unknown = match error.kind() {
            ErrorKind::NotFound | ErrorKind::Rejected | ErrorKind::Forbidden => true,
            ErrorKind::Unavailable => matches!(error.status(), Some(400 | 500)),
            _ => false,
        };
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
