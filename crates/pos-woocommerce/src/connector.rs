//! A WooCommerce shop behind the common trait.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::http::Response;
use pos_core::kit::{self, Hook, Hooked, Listing, Mend, Raw, Row, known, number};
use pos_core::page::Rejected;
use pos_core::record::{CategoryRecord, CustomerRecord, DocumentKind, Extra, OrderRecord, ProductRecord};
use pos_core::webhook::Trust;
use pos_core::{
    Account, Capabilities, Connector, Error, ErrorKind, HookPlan, HookReport, HookState, ListQuery, Page,
    Result, ShopInfo, Stream, StreamCapabilities,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::answer::{Resource, custom_of, read_list, total};
use crate::client::{Client, ListParams, at, lighter, step};
use crate::model::{self, WebhookWrite};
use crate::profile::{MAX_PAGE, PROFILE};
use crate::scan::{ById, ByTime};
use crate::webhook::Webhooks;

/// How far a catch-up reaches back: the stamps are whole seconds, and transactions end after them.
const LAG_SECONDS: u32 = 120;

/// How a position is written.
const PLACES: u32 = 1;

/// Products a page unless something else is asked for: each variable one costs a request of its own.
const PRODUCTS: u32 = 20;

/// One WooCommerce shop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct WooCommerce {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) webhooks: Webhooks,
}

/// The topics that a CRM lives from: one webhook for each is registered.
pub const TOPICS: [&str; 11] = [
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
];

/// How a list is walked.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Walk {
    #[serde(rename = "i")]
    Id(ById),
    #[serde(rename = "t")]
    Time(ByTime),
}

/// What a cursor holds.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Position {
    #[serde(rename = "w")]
    walk: Walk,
    /// The list is done; now the trash is read.
    #[serde(rename = "t", default, skip_serializing_if = "std::ops::Not::not")]
    trash: bool,
    /// Rows a page, where the host could not bear more.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
}

/// The bounds of a query in the vendor's whole seconds.
#[derive(Clone, Copy)]
struct Window {
    from: Option<i64>,
    to: Option<i64>,
}

impl Window {
    fn of(query: &ListQuery) -> Self {
        let second = |at: OffsetDateTime| at.unix_timestamp();
        Self { from: query.modified_from.map(second), to: query.modified_to.map(second) }
    }
}

fn instant(second: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A list that is walked.
trait Walked: Resource {
    /// Rows a page unless something else is asked for.
    const PAGE: u32 = MAX_PAGE;
    /// Whether it has filters and an order by time of change.
    const BY_TIME: bool = false;
}

impl Walked for model::Customer {}

impl Walked for model::Order {
    const BY_TIME: bool = true;
}

impl Walked for model::Product {
    const PAGE: u32 = PRODUCTS;
    const BY_TIME: bool = true;
}

/// Whether a shop refused a parameter that older versions do not know.
fn is_unknown_parameter(error: &Error) -> bool {
    error.kind() == ErrorKind::Rejected && error.status() == Some(400)
}

impl WooCommerce {
    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// The webhooks that the shop has, those among them that it switched off asked for by name. Two requests for each hundred,
    /// and one more each where a cache took the count away.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn known_webhooks(&self) -> Result<Vec<model::Webhook>> {
        let mut known: Vec<model::Webhook> = Vec::new();
        for status in [None, Some("disabled")] {
            for page in 1.. {
                let mut params = ListParams::default().with_per_page(MAX_PAGE).with_page(page);
                params.filters.extend(status.map(|status| ("status", status.to_owned())));
                let list = self.client.list_webhooks(&params).await?;
                let before = known.len();
                for hook in list.data {
                    if !known.iter().any(|one| one.id == hook.id) {
                        known.push(hook);
                    }
                }
                let is_end = match list.pages {
                    Some(pages) => u64::from(page) >= pages,
                    None => known.len() == before,
                };
                if is_end {
                    break;
                }
            }
        }
        Ok(known)
    }

    fn start<T: Walked>(window: Window, trash: bool) -> Position {
        let walk = match window.from.filter(|_| T::BY_TIME && !trash) {
            Some(from) => Walk::Time(ByTime::from(from)),
            None => Walk::Id(ById::default()),
        };
        Position { walk, trash, size: None }
    }

    /// What a step of a walk asks for. The vendor's bounds are exclusive.
    fn params<T: Walked>(position: &Position, window: Window, size: u32) -> ListParams {
        let mut params = ListParams::default().with_per_page(size);
        // Whether going into the trash moves the time of change is not known: all of what lies there is read.
        let is_bounded = T::BY_TIME && !position.trash;
        match position.walk {
            Walk::Id(walk) => {
                params = params.with_order("id").with_offset(walk.offset);
                params.modified_after = window.from.filter(|_| is_bounded).map(|from| instant(from - 1));
            }
            Walk::Time(walk) => {
                params = params.with_order("modified").with_page(walk.page);
                params.modified_after = Some(instant(walk.after));
            }
        }
        if position.trash {
            return params
                .with_filter("status", "trash")
                .with_filter("_fields", "id,status,date_modified_gmt");
        }
        params.modified_before = window.to.filter(|_| is_bounded).map(|to| instant(to.saturating_add(1)));
        params
    }

    /// One page of a list: one request, more where the host cannot bear its size or the shop is older than a parameter.
    async fn page<T: Walked>(&self, query: &ListQuery) -> Result<Page<(T, Extra)>> {
        let listing = Listing::new(self, T::STREAM, PLACES, query)?.in_seconds();
        let window = Window::of(query);
        let asked = query.page_size.unwrap_or(T::PAGE);
        let mut position = listing.resume()?.unwrap_or_else(|| Self::start::<T>(window, false));
        loop {
            let size = position.size.unwrap_or(asked).min(asked);
            let response = match self.client.rows::<T>(&Self::params::<T>(&position, window, size)).await {
                Err(error) if is_unknown_parameter(&error) => match position.walk {
                    // Before this order was there.
                    Walk::Time(_) => {
                        position.walk = Walk::Id(ById::default());
                        continue;
                    }
                    // Before products could be asked for by this status: nobody tells which are gone.
                    Walk::Id(_) if position.trash && T::STREAM == Stream::Products => {
                        return Ok(Page::default());
                    }
                    Walk::Id(_) => return Err(error),
                },
                Err(error) => {
                    position.size = Some(lighter(&error, size).ok_or(error)?);
                    continue;
                }
                Ok(answer) => answer,
            };
            let Some((rows, next)) = digest::<T>(&response, &position, size)? else {
                // The shop heeds neither the bound nor the order: everything is read, and looked at here.
                position.walk = Walk::Id(ById::default());
                continue;
            };
            let is_whole = window.from.is_none() && window.to.is_none() && !position.trash;
            let mut page = Page { total: total(&response).filter(|_| is_whole), ..Page::default() };
            for row in rows {
                match row.read {
                    _ if position.trash => page.removed.extend(row.key().map(|id| id.to_string())),
                    Ok(read) if !read.is_told() || !listing.holds(read.changed()) => {}
                    Ok(read) => page.records.push((read, custom_of(row.raw, &self.custom_fields))),
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            let next = match next {
                Some(walk) => Some(Position { walk, ..position }),
                None if query.include_removed && !position.trash => Some(Self::start::<T>(window, true)),
                None => None,
            };
            page.next = listing.next(next)?;
            return Ok(page);
        }
    }

    async fn records<T: Walked>(&self, query: &ListQuery) -> Result<Page<T::Record>> {
        Ok(self.page::<T>(query).await?.map(|(row, custom)| row.into_record(custom)))
    }

    async fn record<T: Resource>(&self, id: &str) -> Result<T::Record> {
        let (object, custom) = self.client.find::<T>(known(id)?, &self.custom_fields).await?;
        Ok(object.into_record(custom))
    }

    /// A product with its variations: none, one or more requests, one for each hundred.
    async fn product(
        &self,
        product: model::Product,
        custom: Extra,
    ) -> Result<(ProductRecord, Vec<Rejected>)> {
        if product.variations.is_empty() {
            return Ok((product.with_variations(None, custom), Vec::new()));
        }
        match self.client.all_variations(product.id).await {
            Ok(list) => Ok((product.with_variations(Some(list.data), custom), list.rejected)),
            // It went meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok((product.with_variations(None, custom), Vec::new()))
            }
            Err(error) => Err(error),
        }
    }
}

/// The new rows of an answer, and where the walk goes on.
type Digested<'a, T> = (Vec<Raw<'a, T>>, Option<Walk>);

/// What an answer brings; `None` when the list does not go by time.
fn digest<'a, T: Walked>(
    response: &'a Response,
    position: &Position,
    size: u32,
) -> Result<Option<Digested<'a, T>>> {
    let wrong = |error: Error| at(error, T::LIST, response);
    match position.walk {
        Walk::Id(walk) => {
            let (rows, next) = step::<T>(response, &walk, size).map_err(wrong)?;
            Ok(Some((rows, next.map(Walk::Id))))
        }
        Walk::Time(walk) => {
            let rows: Vec<Raw<'_, T>> = read_list(&response.body).map_err(wrong)?;
            let changed: Vec<Option<i64>> =
                rows.iter().map(|row| row.changed().map(OffsetDateTime::unix_timestamp)).collect();
            let step = walk.step(&changed, u64::from(size), total(response));
            Ok(step.map(|step| (rows, step.next.map(Walk::Time))))
        }
    }
}

fn no_such(kind: DocumentKind) -> Error {
    Error::unsupported(format!("WooCommerce has orders and no {}; refunds are part of them", kind.stream()))
}

#[async_trait]
impl Connector for WooCommerce {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        let list = StreamCapabilities {
            list: true,
            max_page_size: MAX_PAGE,
            lag_seconds: LAG_SECONDS,
            ..StreamCapabilities::default()
        };
        // No total: caches take the header away, and it counts drafts and staff too.
        let by_time =
            StreamCapabilities { get: true, modified_from: true, modified_to: true, removed: true, ..list };
        Capabilities {
            streams: vec![
                (Stream::Categories, list),
                (Stream::Products, by_time),
                // A filter by time of change is ignored without a word: all of them are read, or a webhook tells.
                (Stream::Customers, StreamCapabilities { get: true, ..list }),
                (Stream::Orders, by_time),
            ],
            push_customer: true,
            push_order: true,
            guest_orders: true,
            register_webhooks: true,
            webhooks: Some(Trust::Signed),
            ..Capabilities::default()
        }
    }

    /// Reads one order and one customer: two requests. A shop says nothing of itself, so its name is its address.
    async fn check(&self) -> Result<ShopInfo> {
        let one = ListParams::default().with_per_page(1);
        self.client.list_orders(&one).await?;
        let mut info = ShopInfo::new(self.account.clone(), self.account.id());
        match self.client.list_customers(&one).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                info.warnings.push(
                    "the user of the key may not list customers: only buyers on orders are read".to_owned(),
                );
            }
            Err(error) => return Err(error),
        }
        Ok(info)
    }

    /// One page: one request, more where the host cannot bear its size.
    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.records::<model::Customer>(query).await
    }

    /// One page: one request, more where the host cannot bear its size or is older than a parameter.
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => self.records::<model::Order>(query).await,
            other => Err(no_such(other)),
        }
    }

    /// One page with all variations: one request, and one for each product that has some.
    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        let rows = self.page::<model::Product>(query).await?;
        let mut page = Page::default();
        (page.removed, page.rejected, page.next, page.total) =
            (rows.removed, rows.rejected, rows.next, rows.total);
        for (product, custom) in rows.records {
            let (record, rejected) = self.product(product, custom).await?;
            page.records.push(record);
            page.rejected.extend(rejected);
        }
        Ok(page)
    }

    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        let listing = Listing::new(self, Stream::Categories, PLACES, query)?;
        let (number, mut size): (u32, u32) =
            listing.resume()?.unwrap_or((1, query.page_size.unwrap_or(MAX_PAGE)));
        let list = loop {
            let params = ListParams::default().with_per_page(size).with_page(number);
            match self.client.list_categories(&params).await {
                // Pages of one size: what the first one has shown to be too much is asked for in less.
                Err(error) if number == 1 => size = lighter(&error, size).ok_or(error)?,
                answer => break answer?,
            }
        };
        let goes_on = list.pages.map_or(!list.data.is_empty(), |pages| u64::from(number) < pages);
        let mut page = Page { rejected: list.rejected, total: list.total, ..Page::default() };
        page.records = list.data.into_iter().map(|row| row.into_record(Extra::new())).collect();
        page.next = listing.next(goes_on.then(|| (number.saturating_add(1), size)))?;
        Ok(page)
    }

    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.record::<model::Customer>(id).await
    }

    /// Also one in the trash, which is a deleted record.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match kind {
            DocumentKind::Order => self.record::<model::Order>(id).await,
            other => Err(no_such(other)),
        }
    }

    /// With its variations; also one in the trash, which is a deleted record. A variation by itself is no product.
    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        let (product, custom) = self.client.find::<model::Product>(known(id)?, &self.custom_fields).await?;
        if product.is_variation() {
            return Err(Error::new(ErrorKind::NotFound, "this is a variation of a product, and no product"));
        }
        Ok(self.product(product, custom).await?.0)
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(&self.client, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(&self.client, push).await
    }

    /// Makes one webhook for each topic, signed with the plan's secret, and switches those on again that the shop switched off
    /// after failures (it tells nobody, and repeats nothing). What somebody paused stays so. A few requests, and one for each
    /// webhook that is made or switched on.
    ///
    /// The address must be public, on port 80, 443 or 8080 (C:3), and answer by itself: the shop takes a redirect for success,
    /// and what it sent is lost (D). The secret is letters and digits: shops before 3.6 sign with something else where it is
    /// not (C:2). `Forbidden` says that the key's user does not manage the shop.
    async fn register_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        kit::register(self, plan).await
    }

    async fn webhook_health(&self, plan: &HookPlan) -> Result<HookReport> {
        kit::health_of(self, plan).await
    }
}

#[async_trait]
impl Hooked for WooCommerce {
    fn topics(&self) -> &'static [&'static str] {
        &TOPICS
    }

    fn check_plan(&self, plan: &HookPlan) -> Result<()> {
        if !matches!(plan.url.port(), None | Some(80 | 443 | 8080)) {
            return Err(PROFILE.error("the webhook address must be on port 80, 443 or 8080"));
        }
        let secret = plan.secret.expose();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if secret.is_empty() || !secret.bytes().all(is_plain) {
            return Err(PROFILE.error("the webhook secret must be letters and digits, and not blank"));
        }
        Ok(())
    }

    async fn hooks(&self, _: &HookPlan) -> Result<Vec<Hook>> {
        let hook = |hook: model::Webhook| Hook {
            id: hook.id.to_string(),
            topic: hook.topic.unwrap_or_default(),
            url: hook.delivery_url.unwrap_or_default(),
            state: match hook.status.as_deref() {
                Some("active") => HookState::Alive,
                Some("disabled") => HookState::Dropped,
                _ => HookState::Paused,
            },
        };
        Ok(self.known_webhooks().await?.into_iter().map(hook).collect())
    }

    async fn mend(&self, plan: &HookPlan, mend: Mend<'_>) -> Result<()> {
        let mut write = WebhookWrite { status: Some("active".to_owned()), ..WebhookWrite::default() };
        if mend.is_served {
            return Ok(());
        }
        if let Some(off) = mend.stale.iter().find(|hook| hook.state == HookState::Dropped) {
            return self.client.update_webhook(number(&off.id)?, &write).await.map(drop);
        }
        write.name = Some(format!("crm {}", mend.topic));
        write.topic = Some(mend.topic.to_owned());
        write.delivery_url = Some(mend.url.to_owned());
        write.secret = Some(plan.secret.clone());
        self.client.create_webhook(&write).await.map(drop)
    }
}
