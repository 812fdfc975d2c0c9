//! The connector: lists as pages, windows, cursors, promises.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, ListQuery, OrderPush, Pushed, ShopInfo, StreamCapabilities};
use pos_core::page::{Cursor, Page, pick_custom};
use pos_core::record::{
    Account, BranchRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, Stream, UserRecord,
    Vendor,
};
use pos_core::webhook::{Delivery, Handshake, Refusal, Trust, Verified, WebhookRequest};
use pos_core::{Capabilities, Connector, Error, ErrorKind, Result, WebhookVerifier};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::answer::{Rows, read_list, read_record};
use crate::client::{Client, DEFAULT_PAGE, ListParams, MAX_PAGE};
use crate::config::PancakeBuilder;
use crate::map::Row;
use crate::model::{Customer, Order, Product, User, Variation, Warehouse};
use crate::push::CustomerShape;
use crate::scan::{PageScan, TimeScan};
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR};

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

    /// The window as it is sent, its end fixed now.
    fn window(&self) -> (i64, i64) {
        let from = self.from.unwrap_or(EARLIEST);
        (from, self.to.unwrap_or_else(|| second_from(OffsetDateTime::now_utc())).max(from))
    }
}

/// The first whole second that is not before an instant.
fn second_from(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() + i64::from(at.nanosecond() > 0)
}

/// What a cursor holds: the place, and the bounds that the place is meant for.
#[derive(Serialize, Deserialize)]
struct Place<S> {
    #[serde(rename = "s")]
    scan: S,
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

/// A place in a list that comes whole.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Offset {
    #[serde(rename = "n")]
    page: u64,
    #[serde(rename = "o")]
    offset: u64,
}

impl Pancake {
    /// What a connection needs.
    pub fn builder() -> PancakeBuilder {
        PancakeBuilder::default()
    }

    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    fn begin<S: DeserializeOwned>(
        &self,
        stream: Stream,
        query: &ListQuery,
    ) -> Result<(String, Bounds, Option<Place<S>>)> {
        self.capabilities().refuse_unsupported(stream, query)?;
        let scope = format!("{VENDOR}/{stream}/1");
        let bounds = Bounds::of(query);
        let place: Option<Place<S>> =
            query.cursor.as_ref().map(|cursor| cursor.decode(&scope)).transpose()?;
        if place.as_ref().is_some_and(|place| place.bounds != bounds) {
            return Err(Error::config(format!(
                "this cursor of {stream} belongs to a query with other bounds"
            )));
        }
        Ok((scope, bounds, place))
    }

    fn record_of<T: Row>(&self, mut row: T, raw: &serde_json::value::RawValue) -> T::Record {
        row.assume_currency(&self.currency);
        T::with_custom(row.record(), pick_custom(raw, &self.custom_fields))
    }

    /// Customers and products: pages by number. All customers are read in two passes: the second asks for those that changed
    /// since the first began, because a customer that changes before its page is reached may move to a page that was read.
    async fn page<T: Row>(
        &self,
        stream: Stream,
        name: &'static str,
        path: &str,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let (scope, bounds, place) = self.begin::<PageScan>(stream, query)?;
        let (from, end) = bounds.window();
        let place =
            place.unwrap_or(Place { scan: PageScan::new(), to: Some(end), bounds, pass: 0, total: None });
        let size = query.page_size.unwrap_or(DEFAULT_PAGE);
        let mut params = ListParams::default().with_page(place.scan.page).with_page_size(size);
        if place.pass > 0 {
            params = params.with_customer_window(place.to.unwrap_or(end) - 1, end);
        } else if !place.bounds.is_open() {
            params = params.with_customer_window(from, place.to.unwrap_or(end).max(from));
        }
        let response = self.client.rows(name, path, &params).await?;
        let list: Rows<'_, T> = read_list(&response.body)
            .map_err(|error| error.with_context(name).with_status(response.status))?;
        let ids: Vec<Option<&str>> = list.rows.iter().map(|row| row.key.id.as_deref()).collect();
        let step = place.scan.step(&ids, &list.info, u64::from(size));
        let total = if place.pass > 0 { place.total } else { list.info.total };
        let mut page = Page { total, ..Page::default() };
        for (row, fresh) in list.rows.into_iter().zip(step.fresh) {
            match row.read {
                _ if !fresh => {}
                Ok(_) if is_after(row.key.updated_at, query.modified_to) => {}
                Ok(read) => page.records.push(self.record_of(read, row.raw)),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        let next = match step.next {
            Some(scan) => Some(Place { scan, total, ..place }),
            None if place.pass == 0 && place.bounds.is_open() && stream == Stream::Customers => {
                Some(Place { scan: PageScan::new(), pass: 1, total, ..place })
            }
            None => None,
        };
        page.next = next.map(|place| Cursor::encode(&scope, &place)).transpose()?;
        Ok(page)
    }

    /// Orders: by time, in two passes. The second asks for the cancelled ones, which the plain list may leave out (U1), and for
    /// the deleted ones, which it always does.
    async fn orders(&self, query: &ListQuery) -> Result<Page<OrderRecord>> {
        let name = "GET /orders";
        let (scope, bounds, place) = self.begin::<TimeScan>(Stream::Orders, query)?;
        let (from, to) = bounds.window();
        let place = place.unwrap_or(Place {
            scan: TimeScan::new(from, to),
            to: Some(to),
            bounds,
            pass: 0,
            total: None,
        });
        let size = query.page_size.unwrap_or(DEFAULT_PAGE);
        let column = if place.bounds.is_open() { "inserted_at" } else { "updated_at" };
        let mut params = ListParams::default()
            .with_page(place.scan.page)
            .with_page_size(size)
            .with_order_window(column, place.scan.from, place.scan.to)
            .with_array("extra_fields", ["custom_id"]);
        if place.pass > 0 && place.bounds.removed {
            params = params.with_array("filter_status", ["6", "7"]).with_filter("include_removed", "1");
        } else if place.pass > 0 {
            params = params.with_array("filter_status", ["6"]);
        }
        let response = self.client.rows(name, "orders", &params).await?;
        let list: Rows<'_, Order> = read_list(&response.body)
            .map_err(|error| error.with_context(name).with_status(response.status))?;
        let at = |key: &crate::answer::RowKey| {
            let at = if place.bounds.is_open() { key.inserted_at } else { key.updated_at };
            at.map(OffsetDateTime::unix_timestamp)
        };
        let keys: Vec<(Option<&str>, Option<i64>)> =
            list.rows.iter().map(|row| (row.key.id.as_deref(), at(&row.key))).collect();
        let step = place.scan.step(&keys, &list.info, u64::from(size));
        let total = place.total.or(list.info.total);
        let mut page = Page { total, ..Page::default() };
        for (row, fresh) in list.rows.into_iter().zip(step.fresh) {
            match row.read {
                _ if !fresh => {}
                Ok(_) if is_after(row.key.updated_at, query.modified_to) => {}
                Ok(read) => match (read.status, place.pass) {
                    (Some(7), 1) if place.bounds.removed => page.removed.extend(row.key.id),
                    (Some(7), _) => {}
                    (Some(6), 0) => {}
                    (Some(6), _) | (_, 0) => page.records.push(self.record_of(read, row.raw)),
                    _ => {}
                },
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        let next = match step.next {
            Some(scan) => Some(Place { scan, total, ..place }),
            None if place.pass == 0 => {
                Some(Place { scan: TimeScan::new(from, place.to.unwrap_or(to)), pass: 1, total, ..place })
            }
            None => None,
        };
        page.next = next.map(|place| Cursor::encode(&scope, &place)).transpose()?;
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
        let (scope, bounds, place) = self.begin::<Offset>(stream, query)?;
        let place = place.unwrap_or(Place {
            scan: Offset { page: 1, offset: 0 },
            bounds,
            to: None,
            pass: 0,
            total: None,
        });
        let mut params = ListParams::default();
        if stream == Stream::Users {
            params = params.with_page(place.scan.page).with_page_size(USERS_PAGE);
        }
        let response = self.client.rows(name, path, &params).await?;
        let list: Rows<'_, T> = read_list(&response.body)
            .map_err(|error| error.with_context(name).with_status(response.status))?;
        let length = list.rows.len() as u64;
        let size = u64::from(query.page_size.unwrap_or(USERS_PAGE));
        let end = place.scan.offset.saturating_add(size);
        let more_pages = list.info.pages.is_some_and(|pages| place.scan.page < pages) && length > 0;
        let mut page = Page { total: list.info.total.or(Some(length)), ..Page::default() };
        let from = usize::try_from(place.scan.offset).unwrap_or(usize::MAX);
        for row in list.rows.into_iter().skip(from).take(usize::try_from(size).unwrap_or(usize::MAX)) {
            match row.read {
                Ok(read) => page.records.push(self.record_of(read, row.raw)),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        let next = if end < length {
            Some(Offset { offset: end, ..place.scan })
        } else {
            more_pages.then_some(Offset { page: place.scan.page + 1, offset: 0 })
        };
        page.next = next.map(|scan| Cursor::encode(&scope, &Place { scan, ..place })).transpose()?;
        Ok(page)
    }

    /// The vendor answers 500 for an unknown id and now and then for a known one (L): while its lists answer, a read that keeps
    /// failing is one of an unknown id.
    async fn settle(&self, error: Error, path: &'static str) -> Error {
        if error.kind() != ErrorKind::Unavailable || error.status() != Some(500) {
            return error;
        }
        let params = ListParams::default().with_page(1).with_page_size(1);
        match self.client.rows("GET a list of one", path, &params).await {
            Ok(_) => missing(error),
            Err(_) => error,
        }
    }

    /// An order by `system_id`: by address, else by search, because orders with a text for an id may not be found by number.
    async fn order(&self, id: &str) -> Result<OrderRecord> {
        let name = "GET /orders/{id}";
        let failure = match self.client.lookup(name, "orders", id).await {
            Ok(response) => {
                let (order, raw) = read_record::<Order>(&response.body)
                    .map_err(|error| error.with_context(name).with_status(response.status))?;
                if order.key().as_deref() == Some(id) {
                    return Ok(self.record_of(order, raw));
                }
                Error::new(ErrorKind::NotFound, "the vendor answers another order").with_context(name)
            }
            Err(error) => error,
        };
        let unknown = failure.kind() == ErrorKind::NotFound
            || (failure.kind() == ErrorKind::Unavailable && failure.status() == Some(500));
        if !unknown || id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.settle(failure, "orders").await);
        }
        let params = ListParams::default()
            .with_page(1)
            .with_page_size(DEFAULT_PAGE)
            .with_filter("search", id)
            .with_filter("include_removed", "1")
            .with_array("extra_fields", ["custom_id"]);
        let Ok(response) = self.client.rows("GET /orders", "orders", &params).await else {
            return Err(failure);
        };
        let Ok(list) = read_list::<Order>(&response.body) else { return Err(failure) };
        for row in list.rows {
            if let (Some(known), Ok(order)) = (row.key.id.as_deref(), row.read)
                && known == id
            {
                return Ok(self.record_of(order, row.raw));
            }
        }
        Err(missing(failure))
    }

    /// A product by its own id or by that of a variation, which stock events name.
    async fn product(&self, id: &str) -> Result<ProductRecord> {
        let name = "GET /products/{id}";
        let read = |response: &pos_core::http::Response| {
            read_record::<Product>(&response.body)
                .map(|(product, raw)| self.record_of(product, raw))
                .map_err(|error| error.with_context(name).with_status(response.status))
        };
        let failure = match self.client.lookup(name, "products", id).await {
            Ok(response) => return read(&response),
            Err(error) => error,
        };
        let unknown = failure.kind() == ErrorKind::NotFound
            || (failure.kind() == ErrorKind::Unavailable && failure.status() == Some(500));
        if !unknown || id.trim().is_empty() {
            return Err(failure);
        }
        let params = ListParams::default().with_page(1).with_page_size(10).with_array("variation_ids", [id]);
        let Ok(list) = self.client.list_variations(&params).await else { return Err(failure) };
        let of = |row: &&Variation| row.id.as_deref() == Some(id) && row.product_id.as_deref() != Some(id);
        match list.data.iter().find(of).and_then(|row| row.product_id.as_deref()) {
            Some(product) => read(&self.client.lookup(name, "products", product).await?),
            None => Err(missing(failure)),
        }
    }
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

    /// Reads the shop and its warehouses: two requests, and one more when the shop cannot be read.
    async fn check(&self) -> Result<ShopInfo> {
        let shop = match self.client.get_shop().await {
            Ok(shop) => shop,
            Err(error) => return Err(self.wrong_shop(error).await),
        };
        let name = shop.name.unwrap_or_else(|| self.account.id.clone());
        let mut info = ShopInfo::new(self.account.clone(), name);
        let list = self.client.list_warehouses(&ListParams::default()).await?;
        info.branches = list.data.iter().map(Row::record).collect();
        let rejected = list.rejected.len();
        if rejected > 0 {
            info.warnings.push(format!("{rejected} warehouses cannot be read"));
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.page::<Customer>(Stream::Customers, "GET /customers", "customers", query).await
    }

    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => self.orders(query).await,
            _ => Err(Error::unsupported("Pancake has no sales document but the order")),
        }
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.page::<Product>(Stream::Products, "GET /products", "products", query).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.whole::<Warehouse>(Stream::Branches, "GET /warehouses", "warehouses", query).await
    }

    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.whole::<User>(Stream::Users, "GET /users", "users", query).await
    }

    /// Sends one request, and one more when the vendor says 500.
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        let name = "GET /customers/{id}";
        match self.client.lookup(name, "customers", id).await {
            Ok(response) => {
                let (customer, raw) = read_record::<Customer>(&response.body)
                    .map_err(|error| error.with_context(name).with_status(response.status))?;
                Ok(self.record_of(customer, raw))
            }
            Err(error) => Err(self.settle(error, "customers").await),
        }
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
            ErrorKind::Unavailable => error.status() == Some(500),
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

impl WebhookVerifier for Pancake {
    fn trust(&self) -> Trust {
        self.webhooks.trust()
    }
    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.webhooks.verify(request)
    }
    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        self.webhooks.parse(verified)
    }
    fn handshake(&self, query: &str) -> Option<Handshake> {
        self.webhooks.handshake(query)
    }
    fn refusal_status(&self, refusal: &Refusal) -> u16 {
        self.webhooks.refusal_status(refusal)
    }
}
