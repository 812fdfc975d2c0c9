//! A shop of MISA eShop behind the common trait.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::http::Pacer;
use pos_core::kit::{Listing, Row};
use pos_core::page::Rejected;
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, Extra, OrderRecord, ProductRecord,
};
use pos_core::{
    Account, Capabilities, Connector, Error, ErrorKind, ListQuery, Page, Result, ShopInfo, Stream,
    StreamCapabilities, Vendor, lenient,
};
use serde::{Deserialize, Serialize};
use time::macros::date;
use time::{Date, Duration};

use crate::answer::{at, read_list};
use crate::auth::Bearer;
use crate::client::{CUSTOMERS, Client, Endpoint, INVOICES, PRODUCTS};
use crate::model::{self, BranchParams, ListParams};
use crate::profile::{MAX_PAGE, PROFILE, same_case};
use crate::scan::{Walk, number_of};

/// How far a catch-up reaches back: how the vendor reads times is not established, and hours lie between the readings.
const LAG_SECONDS: u32 = 86_400;

/// How a place is written.
const PLACES: u32 = 1;

/// Invoices a page unless something else is asked for: each one costs a request of its own.
const INVOICE_PAGE: u32 = 25;

/// Nothing was sold before, and nothing will be after: whether a list without bounds is answered is not known.
const EVER: (Date, Date) = (date!(2000 - 01 - 01), date!(2099 - 12 - 31));

/// One shop of MISA eShop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct Misa {
    pub(crate) client: Client,
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) details: bool,
    pub(crate) invoice_days: Option<u32>,
    pub(crate) order_list: bool,
}

/// A list in pages.
trait Paged: Row<Key = String> {
    const STREAM: Stream;
    const LIST: Endpoint;
    /// Rows a page unless something else is asked for.
    const PAGE: u32 = MAX_PAGE;

    /// What it is asked for beside the page.
    fn params(shop: &Misa, query: &ListQuery) -> ListParams;

    /// Whether a row is one that was asked for, in case the vendor does not mind.
    fn is_asked(&self, query: &ListQuery) -> bool {
        let _ = query;
        true
    }
}

fn changed_since(params: ListParams, query: &ListQuery) -> ListParams {
    match query.modified_from {
        Some(from) => params.changed_since(from),
        None => params,
    }
}

impl Paged for model::Customer {
    const STREAM: Stream = Stream::Customers;
    const LIST: Endpoint = CUSTOMERS;

    fn params(_: &Misa, query: &ListQuery) -> ListParams {
        changed_since(ListParams::default().sorted_by("Code"), query)
    }
}

impl Paged for model::Product {
    const STREAM: Stream = Stream::Products;
    const LIST: Endpoint = PRODUCTS;

    fn params(_: &Misa, query: &ListQuery) -> ListParams {
        let mut params = changed_since(ListParams::default().sorted_by("Code"), query);
        (params.include_inventory, params.include_in_active) = (Some(true), Some(true));
        params
    }
}

impl Paged for model::Invoice {
    const STREAM: Stream = Stream::Invoices;
    const LIST: Endpoint = INVOICES;
    const PAGE: u32 = INVOICE_PAGE;

    fn params(shop: &Misa, query: &ListQuery) -> ListParams {
        let since = query.modified_from.zip(shop.invoice_days).map(|(from, days)| {
            let day = lenient::in_vietnam(from).date();
            day.checked_sub(Duration::days(i64::from(days))).unwrap_or(EVER.0).max(EVER.0)
        });
        let mut params = ListParams::default().sorted_by("InvoiceNumber");
        params = params.sold_between(since.unwrap_or(EVER.0), EVER.1);
        params.branch_id = query.branch_id.clone();
        params
    }

    fn is_asked(&self, query: &ListQuery) -> bool {
        let wanted = query.branch_id.clone().map(same_case);
        wanted.is_none() || self.branch_id == wanted
    }
}

/// Where a list that comes whole goes on: after this id.
#[derive(Default, Serialize, Deserialize)]
struct After {
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl Misa {
    /// The typed client, for everything beyond the common trait: member levels, points, the loyalty program, places.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// One page of a list: one request.
    async fn page<T: Paged>(&self, query: &ListQuery) -> Result<Page<(T, Extra)>> {
        let listing = Listing::new(self, T::STREAM, PLACES, query)?;
        let walk: Walk = listing.resume()?.unwrap_or_default();
        let size = u64::from(query.page_size.unwrap_or(T::PAGE));
        let window = walk.window(size);
        let params = T::params(self, query).with_page(window.page).with_limit(window.limit);
        let response = self.client.ask(T::LIST, &params).await?;
        let wrong = |error: Error| at(error, T::LIST.name, &response);
        let list = read_list::<T>(&response.body).map_err(wrong)?;
        let ids: Vec<Option<u64>> = list.rows.iter().map(|row| row.key().as_deref().map(number_of)).collect();
        let step = walk.step(window, &ids, size, list.total).map_err(wrong)?;
        let mut page = Page { total: list.total, ..Page::default() };
        for row in list.rows.into_iter().zip(step.fresh).filter(|(_, fresh)| *fresh).map(|(row, _)| row) {
            let raw = row.raw;
            match row.read {
                Ok(read) if !read.is_asked(query) => {}
                Ok(read) => page.records.push((read, raw.custom(&self.custom_fields))),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        page.next = listing.next(step.next)?;
        Ok(page)
    }

    async fn records<T: Paged>(&self, query: &ListQuery) -> Result<Page<T::Record>> {
        Ok(self.page::<T>(query).await?.map(|(row, custom)| row.into_record(custom)))
    }

    /// A page of a list that the vendor gives whole: what follows by id, so that nothing is lost between two requests.
    fn slice<T: Row<Key = String>>(
        &self,
        listing: &Listing<'_>,
        after: After,
        data: Vec<T>,
        rejected: Vec<Rejected>,
    ) -> Result<Page<T::Record>> {
        let total = data.len() + rejected.len();
        let size = listing.query.page_size.unwrap_or(MAX_PAGE) as usize;
        let is_first = after.id.is_none();
        let mut rows: Vec<(String, T)> = data.into_iter().filter_map(|row| Some((row.key()?, row))).collect();
        rows.retain(|(id, _)| after.id.as_ref().is_none_or(|after| id > after));
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows.dedup_by(|one, other| one.0 == other.0);
        let follows = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().map(|(id, _)| id.clone());
        let mut page = Page { total: u64::try_from(total).ok(), ..Page::default() };
        if is_first {
            page.rejected = rejected;
        }
        page.records = rows.into_iter().map(|(_, row)| row.into_record(Extra::new())).collect();
        page.next = listing.next(follows.then_some(After { id: last }))?;
        Ok(page)
    }

    /// An invoice with its lines. One whose detail cannot be read is told as the list has it.
    async fn with_detail(&self, row: model::Invoice, mut custom: Extra) -> Result<OrderRecord> {
        let Some(id) = row.invoice_id.clone().filter(|_| self.details) else {
            return Ok(row.into_record(custom));
        };
        match self.client.invoice(&id, &self.custom_fields).await {
            Ok((detail, more)) => {
                custom.extend(more);
                Ok(row.with_detail(detail).into_record(custom))
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Rejected | ErrorKind::Decode) =>
            {
                Ok(row.into_record(custom))
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Connector for Misa {
    fn vendor(&self) -> Vendor {
        PROFILE.vendor()
    }

    fn display_name(&self) -> &str {
        PROFILE.display_name
    }

    fn account(&self) -> &Account {
        &self.account
    }

    fn custom_fields(&self) -> &[String] {
        &self.custom_fields
    }

    fn skew(&self) -> Option<Duration> {
        self.client.http().skew()
    }

    fn pacer(&self) -> Option<&Arc<Pacer>> {
        Some(self.client.http().pacer())
    }

    fn capabilities(&self) -> Capabilities {
        // No total: it was seen below the number of rows.
        let list =
            StreamCapabilities { list: true, max_page_size: MAX_PAGE, ..StreamCapabilities::default() };
        let changing = StreamCapabilities { modified_from: true, lag_seconds: LAG_SECONDS, ..list };
        Capabilities {
            streams: vec![
                (Stream::Branches, list),
                (Stream::Categories, list),
                (Stream::Products, StreamCapabilities { get: true, ..changing }),
                (Stream::Customers, changing),
                // Bounds are by the date of sale: a change of an older invoice would be missed.
                (
                    Stream::Invoices,
                    StreamCapabilities {
                        get: true,
                        branch: true,
                        modified_from: self.invoice_days.is_some(),
                        ..list
                    },
                ),
            ],
            push_customer: true,
            customers_fixed: true,
            push_order: self.order_list,
            ..Capabilities::default()
        }
    }

    /// Signs in where nobody did, and reads the branches: two requests.
    async fn check(&self) -> Result<ShopInfo> {
        let name = self.bearer.company_code().await?;
        let mut info = ShopInfo::new(self.account.clone(), name);
        let list = self.client.list_branches(&branches()).await?;
        info.branches = list.data.into_iter().map(|branch| branch.into_record(Extra::new())).collect();
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.records::<model::Customer>(query).await
    }

    /// Invoices with their lines: one request, and one for each of them.
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        if kind != DocumentKind::Invoice {
            return Err(Error::unsupported(format!(
                "MISA eShop has invoices; nobody confirmed a list of {}",
                kind.stream()
            )));
        }
        let rows = self.page::<model::Invoice>(query).await?;
        let mut page = Page::default();
        (page.rejected, page.next, page.total) = (rows.rejected, rows.next, rows.total);
        for (row, custom) in rows.records {
            page.records.push(self.with_detail(row, custom).await?);
        }
        Ok(page)
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.records::<model::Product>(query).await
    }

    /// All of them are read for every page.
    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        let listing = Listing::new(self, Stream::Categories, PLACES, query)?;
        let after = listing.resume()?.unwrap_or_default();
        let list = self.client.list_categories(true).await?;
        self.slice(&listing, after, list.data, list.rejected)
    }

    /// All of them are read for every page.
    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        let listing = Listing::new(self, Stream::Branches, PLACES, query)?;
        let after = listing.resume()?.unwrap_or_default();
        let list = self.client.list_branches(&branches()).await?;
        self.slice(&listing, after, list.data, list.rejected)
    }

    /// The detail, which has fewer members than a row of the list: no name of the branch, no total of its own.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        if kind != DocumentKind::Invoice {
            return Err(Error::unsupported(format!("MISA eShop reads no {} by id", kind.stream())));
        }
        let (invoice, custom) = self.client.invoice(id, &self.custom_fields).await?;
        Ok(invoice.into_record(custom))
    }

    /// A product by its own id; a variant is told as a part of its product.
    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        let (product, custom) = self.client.product(id, &self.custom_fields).await?;
        Ok(product.into_record(custom))
    }

    /// Creates, or finds by phone number; customers are never changed.
    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(&self.client, push).await
    }

    /// `Unsupported` unless the builder was told that the shop lists its orders.
    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        if !self.order_list {
            let what = "orders are pushed only where the shop lists its orders, because one pushed twice would be two: see \
                        order_list";
            return Err(Error::unsupported(what));
        }
        crate::push::order(&self.client, push).await
    }
}

/// Those in use, with those of the chain: whether one is in use is not told.
fn branches() -> BranchParams {
    BranchParams { is_include_inactive_branch: false, is_include_chain_of_branch: true }
}
