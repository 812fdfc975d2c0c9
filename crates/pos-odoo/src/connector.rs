//! An Odoo database behind the common trait.

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::kit::{Listing, known};
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::webhook::Trust;
use pos_core::{
    Capabilities, Connector, Error, ListQuery, Page, Result, ShopInfo, Stream, StreamCapabilities,
};

use crate::client::Search;
use crate::model::{Move, Partner, PosOrder, SaleOrder};
use crate::profile::{MAX_PAGE, PROFILE};
use crate::scan::Place;
use crate::shop::{Odoo, missing, unless_hidden};

/// How far a catch-up reaches back. A row is stamped when its transaction begins and seen when it ends (M19b): imports and the
/// closing of a till's session may take minutes.
const LAG_SECONDS: u32 = 600;

/// How a place is written.
const PLACES: u32 = 1;

/// Rows a page unless something else is asked for: orders bring their lines along.
const ROWS: u32 = 500;
const ORDERS: u32 = 200;

fn no_such(kind: DocumentKind) -> Error {
    let what = "Odoo's invoices say what was paid of orders, and are no documents of their own here";
    Error::unsupported(format!("{}: {what}", kind.stream()))
}

/// The model and the number that an id of a document names.
fn document(id: &str) -> Result<(bool, i64)> {
    match id.trim().strip_prefix("pos.order,") {
        Some(number) => Ok((true, known(number)?)),
        None => Ok((false, known(id)?)),
    }
}

/// Reads a page: goes on from model to model until one has rows.
macro_rules! page {
    ($self:ident, $stream:expr, $query:ident, $size:expr, |$place:ident, $rows:ident| $read:expr) => {{
        let listing = Listing::new($self, $stream, PLACES, $query)?;
        let $rows = $query.page_size.unwrap_or($size);
        let mut $place: Place = listing.resume()?.unwrap_or_default();
        loop {
            let Some((mut page, last)) = $read.await? else { return Ok(Page::default()) };
            $place = match last {
                Some(last) => Place { last, ..$place },
                None => $place.after(),
            };
            // Rows that are not told, or the end of a model: nobody needs an empty page.
            if page.records.is_empty() && page.rejected.is_empty() {
                continue;
            }
            page.next = listing.next(Some($place))?;
            return Ok(page);
        }
    }};
}

#[async_trait]
impl Connector for Odoo {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        let list = StreamCapabilities {
            list: true,
            max_page_size: MAX_PAGE,
            lag_seconds: LAG_SECONDS,
            ..StreamCapabilities::default()
        };
        // What was deleted leaves no trace: no list tells it. Archived rows come as deleted records.
        let by_time = StreamCapabilities { get: true, modified_from: true, modified_to: true, ..list };
        Capabilities {
            streams: vec![
                (Stream::Branches, list),
                (Stream::Users, list),
                (Stream::Categories, list),
                (Stream::Products, by_time),
                (Stream::Customers, by_time),
                (Stream::Orders, by_time),
                (Stream::Returns, by_time),
            ],
            push_customer: true,
            push_order: true,
            webhooks: Some(Trust::SharedToken),
            ..Capabilities::default()
        }
    }

    /// Asks for the version, the user, and the branches: about ten requests. Says what the server does not have, or not for this
    /// user.
    async fn check(&self) -> Result<ShopInfo> {
        self.client.uid().await?;
        let mut branches = Vec::new();
        let mut query = ListQuery::default();
        loop {
            let page = self.list_branches(&query).await?;
            branches.extend(page.records);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        let company = branches.iter().find(|branch| branch.id.starts_with("res.company,"));
        let name =
            company.and_then(|branch| branch.name.clone()).unwrap_or_else(|| self.account.id().to_owned());
        let mut info = ShopInfo::new(self.account.clone(), name);
        info.branches = branches;
        let one = || Search::default().with_limit(1);
        let absent = [
            self.client.fields::<SaleOrder>().await?.is_none().then_some("sales"),
            self.client.fields::<PosOrder>().await?.is_none().then_some("point of sale"),
        ];
        for module in absent.into_iter().flatten() {
            info.warnings.push(format!("the server has no {module} module: there are no such orders"));
        }
        self.client.search::<Partner>(one()).await?;
        // What the user may not see is told, and costs nothing else.
        let hidden = |what: &str| format!("the user of the key may not see {what}");
        if absent[0].is_none() {
            if unless_hidden(self.client.search::<SaleOrder>(one()).await)?.is_none() {
                info.warnings.push(hidden("sale orders: the list of orders is refused"));
            } else if unless_hidden(self.client.search::<Move>(one()).await)?.is_none() {
                info.warnings.push(hidden("invoices: of sale orders it is not known what was paid"));
            }
        }
        if absent[1].is_none() && unless_hidden(self.client.search::<PosOrder>(one()).await)?.is_none() {
            info.warnings.push(hidden("orders of tills: the lists of orders and returns are refused"));
        }
        Ok(info)
    }

    /// One page, archived customers as deleted ones: up to four requests. Behind the last one of an increment come those of whom
    /// only an address changed.
    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        page!(self, Stream::Customers, query, ROWS, |place, size| self.customer_page(query, place, size))
    }

    /// One page of sale orders, then of orders of tills; or of refunds of tills. Up to five requests.
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => {
                page!(self, Stream::Orders, query, ORDERS, |place, size| self.order_page(query, place, size))
            }
            DocumentKind::Return => {
                page!(self, Stream::Returns, query, ORDERS, |place, size| self
                    .return_page(query, place, size))
            }
            other => Err(no_such(other)),
        }
    }

    /// One page with the stock of all warehouses: two requests.
    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        page!(self, Stream::Products, query, ROWS, |place, size| self.product_page(query, place, size))
    }

    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        page!(self, Stream::Categories, query, ROWS, |place, size| self.category_page(place, size))
    }

    /// Warehouses, then companies, then tills.
    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        page!(self, Stream::Branches, query, ROWS, |place, size| self.branch_page(place, size))
    }

    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        page!(self, Stream::Users, query, ROWS, |place, size| self.user_page(place, size))
    }

    /// Also by the id of one of its addresses. [`NotFound`](pos_core::ErrorKind::NotFound) when it is gone,
    /// [`Forbidden`](pos_core::ErrorKind::Forbidden) when the user of the key may not see it any more.
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.customer_of(known(id)?).await
    }

    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match (kind, document(id)?) {
            (DocumentKind::Order, (false, id)) => self.sale_of(id).await,
            (DocumentKind::Order | DocumentKind::Return, (true, id)) => self.till_of(kind, id).await,
            (DocumentKind::Return, (false, _)) => Err(missing()),
            (other, _) => Err(no_such(other)),
        }
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.product_of(known(id)?).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(self, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(self, push).await
    }
}
