//! A company's Getfly behind the common trait.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::http::Response;
use pos_core::kit::{Listing, Raw, Row, foreign, known};
use pos_core::record::{CustomerRecord, DocumentKind, OrderRecord, ProductRecord, UserRecord};
use pos_core::webhook::Trust;
use pos_core::{
    Account, Capabilities, Connector, Error, ErrorKind, ListQuery, Page, Result, ShopInfo, Stream,
    StreamCapabilities,
};
use serde::{Deserialize, Serialize};

use crate::answer::{Resource, custom_of, read_list};
use crate::client::{Client, ListParams, Located, at, has, wall};
use crate::model;
use crate::profile::{Api, MAX_PAGE, PROFILE};
use crate::scan::{Ask, Shown, Walk};
use crate::webhook::Webhooks;

/// How far a catch-up reaches back: stamps are whole seconds of a clock that nobody documents.
const LAG_SECONDS: u32 = 300;

/// How a place is written.
const PLACES: u32 = 1;

/// One company's Getfly. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct Getfly {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) webhooks: Webhooks,
}

/// What a cursor holds.
#[derive(Clone, Serialize, Deserialize)]
struct Place {
    /// The line that it belongs to: another one begins again.
    #[serde(rename = "v")]
    api: Api,
    /// The deleted ones are read.
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
    #[serde(rename = "w")]
    walk: Walk,
}

/// A list that is walked.
trait Walked: Located {
    /// Whether what changed since an instant is a list of its own.
    const HAS_CHANGES: bool = false;

    /// The filters of the list.
    fn narrowed(api: Api, query: &ListQuery) -> ListParams {
        let _ = query;
        Self::usual(api)
    }
}

impl Walked for model::Account {
    const HAS_CHANGES: bool = true;
}

impl Walked for model::Order {
    fn narrowed(api: Api, query: &ListQuery) -> ListParams {
        match query.modified_from {
            Some(from) => Self::usual(api).with_filter("updated_at:gte", wall(from)),
            None => Self::usual(api),
        }
    }
}

impl Walked for model::Product {}

impl Walked for model::User {}

impl Getfly {
    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this company's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    fn api(&self) -> Api {
        self.client.api()
    }

    /// One page of a list: one request, and one more after rows vanished.
    async fn page<T: Walked>(&self, stream: Stream, query: &ListQuery) -> Result<Page<T::Record>> {
        let listing = Listing::new(self, stream, PLACES, query)?.in_seconds();
        let api = self.api();
        let start = Place { api, gone: query.include_removed, walk: Walk::default() };
        let place = listing.resume::<Place>()?.filter(|place| place.api == api).unwrap_or(start);
        if place.gone {
            return self.gone(&listing, &place).await;
        }
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let ask = if api == Api::V3 { place.walk.ask_page() } else { place.walk.ask(size, MAX_PAGE) };
        let placed = |params: ListParams| match ask {
            Ask::Rows { offset, limit } => params.with_limit(limit).with_offset(offset),
            Ask::Page { number, .. } => params.with_page(number),
        };
        let changes = query.modified_from.filter(|_| T::HAS_CHANGES);
        let response = match changes {
            Some(since) => self.client.changed_rows(since, &placed(ListParams::default())).await?,
            None => self.client.rows::<T>(&placed(T::narrowed(api, query))).await?,
        };
        let wrong = |error: Error| at(error, T::LIST, &response);
        let list = read_list::<T>(&response.body).map_err(wrong)?;
        if list.is_bare && changes.is_none() {
            return Err(wrong(foreign("the list has no envelope around it")));
        }
        let ids: Vec<Option<i64>> = list.ids().into_iter().map(|id| id.filter(|id| *id > 0)).collect();
        let is_told =
            |row: &Raw<'_, T>| row.read.as_ref().map_or(stream == T::STREAM, |row| row.is_told(stream));
        let told: Vec<bool> = list.rows.iter().map(is_told).collect();
        let shown = Shown { ids: &ids, more: list.more, total: list.total, size: list.size, told: &told };
        let step = place.walk.step(ask, &shown, size).map_err(wrong)?;
        let is_whole = query.modified_from.is_none() && query.modified_to.is_none();
        let mut page = Page { total: list.total.filter(|_| is_whole), ..Page::default() };
        let fresh = list.rows.into_iter().skip(step.fresh.start).take(step.fresh.len());
        for row in fresh.filter(Raw::is_real) {
            match row.read {
                Ok(read) if !read.is_told(stream) || !listing.holds(read.changed()) => {}
                Ok(read) => page.records.push(read.into_record(custom_of(row.raw, &self.custom_fields))),
                // Of the streams in one list the first one tells what cannot be read.
                Err(rejected) if stream == T::STREAM => page.rejected.push(rejected),
                Err(_) => {}
            }
        }
        page.next = listing.next(step.next.map(|walk| Place { walk, ..place }))?;
        Ok(page)
    }

    /// The deleted accounts. They are told before the living ones: one that was restored is seen alive afterwards.
    async fn gone<T>(&self, listing: &Listing<'_>, place: &Place) -> Result<Page<T>> {
        // Pages of it are not documented. It may mind what is asked for or not.
        let ask = place.walk.ask(MAX_PAGE, MAX_PAGE);
        let mut params = ListParams::default();
        if let Ask::Rows { offset, limit } = ask {
            params = params.with_offset(offset).with_limit(limit);
        }
        let response = self.client.deleted_rows(listing.query.modified_from, &params).await?;
        let wrong = |error: Error| at(error, "GET /accounts/deleted_ids", &response);
        let list = read_list::<model::DeletedAccount>(&response.body).map_err(wrong)?;
        let ids = list.ids();
        let shown = Shown { ids: &ids, more: list.more, ..Shown::default() };
        let step = place.walk.step(ask, &shown, u32::MAX).map_err(wrong)?;
        let mut page = Page::default();
        let fresh = ids[step.fresh].iter().flatten().filter(|id| **id > 0);
        page.removed = fresh.map(i64::to_string).collect();
        let next = match step.next {
            Some(walk) => Place { walk, ..place.clone() },
            None => Place { api: place.api, gone: false, walk: Walk::default() },
        };
        page.next = listing.next(Some(next))?;
        Ok(page)
    }

    async fn read_first(&self) -> Result<Response> {
        self.client.rows::<model::Account>(&ListParams::default().with_limit(1)).await
    }
}

fn no_such(what: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("this is no {what}"))
}

#[async_trait]
impl Connector for Getfly {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        let api = self.api();
        let list = StreamCapabilities {
            list: true,
            max_page_size: MAX_PAGE,
            lag_seconds: LAG_SECONDS,
            ..StreamCapabilities::default()
        };
        let by_id = StreamCapabilities { get: true, ..list };
        let by_time = StreamCapabilities { modified_from: true, modified_to: true, ..by_id };
        // The rows that changed come in the shape of line v3 in both older lines: without a time.
        let customers = StreamCapabilities { removed: true, modified_to: api == Api::V61, ..by_time };
        let mut streams = vec![(Stream::Users, list)];
        match api {
            Api::V61 | Api::V6 => {
                streams.extend([
                    (Stream::Products, by_id),
                    (Stream::Customers, customers),
                    (Stream::Orders, by_time),
                ]);
            }
            // Orders can be bounded by nothing there.
            Api::V3 => streams.extend([
                (Stream::Products, list),
                (Stream::Customers, customers),
                (Stream::Orders, by_id),
                (Stream::Returns, by_id),
            ]),
        }
        streams.retain(|(stream, _)| has(api, *stream));
        Capabilities {
            streams,
            push_customer: api != Api::V3,
            push_order: api == Api::V61,
            webhooks: Some(Trust::SharedToken),
            ..Capabilities::default()
        }
    }

    /// Reads one account: one request. Where the company does not answer the line, up to three more find out which one it
    /// answers. It says nothing of itself, so its name is its host.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming the line to connect it with.
    async fn check(&self) -> Result<ShopInfo> {
        let response = match self.read_first().await {
            Err(error) if error.status() == Some(404) => {
                let api = self.client.find_api().await?;
                let what = format!(
                    "the company answers line {api} and not {}: connect it with `api` {api}",
                    self.api()
                );
                return Err(PROFILE.error(what).with_status(404));
            }
            answer => answer?,
        };
        let name = "GET /accounts";
        read_list::<model::Account>(&response.body).map_err(|error| at(error, name, &response))?;
        let mut info = ShopInfo::new(self.account.clone(), self.account.id());
        match self.api() {
            Api::V61 => {}
            Api::V6 => info.warnings.push("line v6 takes no orders".to_owned()),
            Api::V3 => info.warnings.push("line v3 is only read: nothing is written".to_owned()),
        }
        Ok(info)
    }

    /// One page: one request, and one more after rows vanished.
    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.page::<model::Account>(Stream::Customers, query).await
    }

    /// One page: one request, and one more after rows vanished.
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        self.page::<model::Order>(kind.stream(), query).await
    }

    /// One page: one request, and one more after rows vanished.
    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.page::<model::Product>(Stream::Products, query).await
    }

    /// One page: one request.
    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.page::<model::User>(Stream::Users, query).await
    }

    /// One request, and one more when there is none.
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        let (account, custom) = self.client.find::<model::Account>(known(id)?, &self.custom_fields).await?;
        Ok(account.into_record(custom))
    }

    /// One request, and one more when there is none.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        if !self.capabilities().stream(kind.stream()).get {
            return Err(Error::unsupported(format!(
                "Getfly's line {} tells no {}",
                self.api(),
                kind.stream()
            )));
        }
        let (order, custom) = self.client.find::<model::Order>(known(id)?, &self.custom_fields).await?;
        if !order.is_told(kind.stream()) {
            return Err(no_such("document of this kind"));
        }
        Ok(order.into_record(custom))
    }

    /// One request.
    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        let (product, custom) = self.client.find_product(known(id)?, &self.custom_fields).await?;
        Ok(product.into_record(custom))
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(&self.client, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(&self.client, push).await
    }
}
