//! A Haravan shop behind the common trait.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::page::{SinceScan, pick_custom};
use pos_core::record::{BranchRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, UserRecord};
use pos_core::webhook::{Delivery, Handshake, Refusal, Trust, Verified, WebhookRequest};
use pos_core::{
    Account, Capabilities, Connector, Cursor, Error, ErrorKind, ListQuery, Page, Result, ShopInfo, Stream,
    StreamCapabilities, Vendor, WebhookVerifier,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::answer::{Keyed, Row, broken, into_list, names, read_list, refuse, unwrap_object};
use crate::client::{
    CUSTOMERS, Client, EVENTS, LOCATIONS, ListEndpoint, ListParams, MAX_PAGE, ORDERS, PRODUCTS, USERS, file,
};
use crate::config::HaravanBuilder;
use crate::map::ToRecord;
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR, model};

/// How long a change may stay invisible: an overlap of 5 to 10 minutes is advised, and events lag by minutes (D).
const LAG_SECONDS: u32 = 600;

/// One Haravan shop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct Haravan {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) webhooks: Webhooks,
    pub(crate) is_app: bool,
}

/// What a cursor holds: the place, and the bounds that the place is meant for.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    #[serde(flatten)]
    scan: SinceScan,
    /// The list is done; now the events about deletions are read.
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    events: bool,
    /// How many records the list had when the scan began.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(rename = "b", default)]
    bounds: Bounds,
}

/// The bounds of a query.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Bounds {
    /// Unix time in microseconds.
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(rename = "r", skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

impl Bounds {
    fn of(query: &ListQuery) -> Self {
        let micros = |at: OffsetDateTime| i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
        Self { from: query.modified_from.map(micros), removed: query.include_removed }
    }
}

impl Haravan {
    /// What a connection needs.
    pub fn builder() -> HaravanBuilder {
        HaravanBuilder::default()
    }

    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Makes sure that the app's webhooks are on for this shop, and answers whether they had been off. The vendor switches
    /// them off after 19 failed deliveries and on every reinstallation: run it once a day. One or two requests.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] with a private token: such a shop sets its webhooks up by hand. Else see
    /// [`classify`](crate::classify).
    pub async fn ensure_webhooks(&self) -> Result<bool> {
        if !self.is_app {
            return Err(Error::unsupported(
                "a shop with a private token sets its webhooks up in Settings → Notifications",
            ));
        }
        if !self.client.list_subscriptions().await?.is_empty() {
            return Ok(false);
        }
        self.client.subscribe_webhooks().await?;
        Ok(true)
    }

    fn place(&self, stream: Stream, query: &ListQuery) -> Result<(String, Place)> {
        self.capabilities().refuse_unsupported(stream, query)?;
        let scope = format!("{VENDOR}/{stream}/1");
        let bounds = Bounds::of(query);
        let place: Place = match &query.cursor {
            Some(cursor) => cursor.decode(&scope)?,
            None => Place { bounds: Bounds::of(query), ..Place::default() },
        };
        if place.bounds != bounds {
            return Err(Error::config(format!(
                "this cursor of {stream} belongs to a query with other bounds"
            )));
        }
        Ok((scope, place))
    }

    /// One page of a list with pages: scanned by `since_id`, so that neither deletions nor changes between two pages hide
    /// a row, and filtered again here, because the vendor's clock may be seven hours off.
    async fn page<T: DeserializeOwned + Keyed + ToRecord>(
        &self,
        stream: Stream,
        endpoint: &ListEndpoint,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let (scope, mut place) = self.place(stream, query)?;
        if place.events {
            return self.removed(stream, query, &scope, place).await;
        }
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let mut params = ListParams::default().with_limit(size).with_since_id(place.scan.since);
        params.page = (place.scan.read > 0).then(|| place.scan.page());
        params.updated_from = query.modified_from;
        let response = self.client.rows(endpoint, &params).await?;
        let rows: Vec<Row<'_, T>> = read_list(&response.body, endpoint.key)
            .map_err(|error| error.with_context(endpoint.name).with_status(response.status))?;
        let step = place.scan.step(&rows.iter().map(Row::key).collect::<Vec<_>>());
        let is_first = query.cursor.is_none();
        let is_full = rows.len() >= size as usize;
        let mut page = Page::default();
        for (row, fresh) in rows.into_iter().zip(step.fresh) {
            match row.read {
                _ if !fresh => {}
                Ok(read) if is_before(read.changed(), query.modified_from) => {}
                Ok(read) => page
                    .records
                    .push(T::with_custom(read.record(), pick_custom(row.raw, &self.custom_fields))),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        // A large import is announced: its size is worth a request, and nothing depends on it.
        if is_first
            && is_full
            && query.page_size.is_none()
            && query.modified_from.is_none()
            && let Some(name) = endpoint.count
        {
            place.total = self.client.count(name, endpoint.key, stream == Stream::Orders).await.ok();
        }
        page.total = place.total;
        let next = match step.next {
            Some(scan) => Some(Place { scan, ..place }),
            None if query.include_removed => {
                Some(Place { scan: SinceScan::default(), events: true, ..place })
            }
            None => None,
        };
        page.next = next.map(|place| Cursor::encode(&scope, &place)).transpose()?;
        Ok(page)
    }

    /// One page of events about deletions.
    async fn removed<R>(
        &self,
        stream: Stream,
        query: &ListQuery,
        scope: &str,
        place: Place,
    ) -> Result<Page<R>> {
        let subject = if stream == Stream::Orders { "Order" } else { "Product" };
        let mut params = ListParams::default()
            .with_limit(query.page_size.unwrap_or(MAX_PAGE))
            .with_since_id(place.scan.since)
            .with_filter("filter", subject)
            .with_filter("verb", "destroy");
        params.page = (place.scan.read > 0).then(|| place.scan.page());
        params.created_from = query.modified_from;
        let response = self.client.rows(&EVENTS, &params).await?;
        let rows: Vec<Row<'_, model::Event>> = read_list(&response.body, EVENTS.key)
            .map_err(|error| error.with_context(EVENTS.name).with_status(response.status))?;
        let step = place.scan.step(&rows.iter().map(Row::key).collect::<Vec<_>>());
        let mut page = Page { total: place.total, ..Page::default() };
        // Whether the vendor heeds the filters is not proven: everything is looked at again.
        for event in into_list(rows).data {
            let is_deletion = event.verb.as_deref().is_some_and(|verb| verb.eq_ignore_ascii_case("destroy"))
                && event.subject_type.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(subject))
                && !is_before(event.created_at, query.modified_from);
            if let Some(id) = event.subject_id.filter(|id| is_deletion && *id > 0) {
                let id = id.to_string();
                if !page.removed.contains(&id) {
                    page.removed.push(id);
                }
            }
        }
        page.next = step.next.map(|scan| Cursor::encode(scope, &Place { scan, ..place })).transpose()?;
        Ok(page)
    }

    /// One page of a list that the vendor gives in one piece: cut here, by ascending id.
    async fn piece<T: DeserializeOwned + Keyed + ToRecord>(
        &self,
        stream: Stream,
        endpoint: &ListEndpoint,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let (scope, place) = self.place(stream, query)?;
        let size = query.page_size.unwrap_or(MAX_PAGE) as usize;
        let response = match self.client.rows(endpoint, &ListParams::default()).await {
            // Staff are shown on the Plus plan only (D); other shops have none to show.
            Err(error)
                if stream == Stream::Users
                    && matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) =>
            {
                return Ok(Page::default());
            }
            response => response?,
        };
        let rows: Vec<Row<'_, T>> = read_list(&response.body, endpoint.key)
            .map_err(|error| error.with_context(endpoint.name).with_status(response.status))?;
        let mut rows: Vec<(i64, Row<'_, T>)> =
            rows.into_iter().map(|row| (row.key().unwrap_or(i64::MAX), row)).collect();
        rows.sort_by_key(|(key, _)| *key);
        let total = rows.len() as u64;
        rows.retain(|(key, _)| *key > place.scan.since);
        let more = rows.len() > size;
        let mut page = Page { total: Some(total), ..Page::default() };
        let mut last = place.scan.since;
        for (key, row) in rows.into_iter().take(size) {
            last = key;
            match row.read {
                Ok(read) => page
                    .records
                    .push(T::with_custom(read.record(), pick_custom(row.raw, &self.custom_fields))),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        if more && last < i64::MAX {
            let scan = SinceScan { since: last, ..SinceScan::default() };
            page.next = Some(Cursor::encode(&scope, &Place { scan, ..place })?);
        }
        Ok(page)
    }

    async fn one<T: DeserializeOwned + ToRecord>(
        &self,
        stream: Stream,
        name: &'static str,
        id: &str,
    ) -> Result<T::Record> {
        let (many, one) =
            names(stream).ok_or_else(|| Error::unsupported(format!("haravan has no {stream}")))?;
        let response = self.client.raw(name, &[many, &file(known(id)?)]).await?;
        let wrong = |error: Error| error.with_context(name).with_status(response.status);
        let (raw, path) = unwrap_object(&response.body, &[one]).map_err(wrong)?;
        let read: T = serde_json::from_str(raw.get()).map_err(|_| wrong(broken(refuse::<T>(raw, path))))?;
        Ok(T::with_custom(read.record(), pick_custom(raw, &self.custom_fields)))
    }
}

fn is_before(changed: Option<OffsetDateTime>, from: Option<OffsetDateTime>) -> bool {
    matches!((changed, from), (Some(changed), Some(from)) if changed < from)
}

pub(crate) fn number(id: &str) -> Result<i64> {
    id.trim()
        .parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| Error::config("Haravan's ids are whole numbers above zero"))
}

/// An id that is no number cannot exist.
fn known(id: &str) -> Result<i64> {
    number(id).map_err(|_| Error::new(ErrorKind::NotFound, "Haravan's ids are whole numbers above zero"))
}

#[async_trait]
impl Connector for Haravan {
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
            caps.max_page_size = MAX_PAGE;
            caps.lag_seconds = LAG_SECONDS;
            set(&mut caps);
            caps
        };
        // Given in one piece: the total is known, the time of change cannot be asked for.
        let piece = list(|caps| caps.total = true);
        let mut capabilities = Capabilities::default();
        capabilities.streams = vec![
            (Stream::Branches, piece),
            (Stream::Users, piece),
            (
                Stream::Products,
                list(|caps| (caps.get, caps.modified_from, caps.removed) = (true, true, true)),
            ),
            // There are no events about customers: their deletions come by webhook, or show in a full scan.
            (Stream::Customers, list(|caps| (caps.get, caps.modified_from) = (true, true))),
            (Stream::Orders, list(|caps| (caps.get, caps.modified_from, caps.removed) = (true, true, true))),
        ];
        capabilities.push_customer = true;
        capabilities.push_order = true;
        capabilities.register_webhooks = self.is_app;
        capabilities.webhooks = Some(Trust::Signed);
        capabilities.vendor_id_alone = true;
        capabilities
    }

    fn custom_fields(&self) -> &[String] {
        &self.custom_fields
    }

    /// Reads the shop and its branches: two requests.
    async fn check(&self) -> Result<ShopInfo> {
        let shop = self.client.get_shop().await?;
        let mut info =
            ShopInfo::new(self.account.clone(), shop.name.clone().unwrap_or_else(|| self.account.id.clone()));
        info.branches = self.client.list_locations().await?.data.iter().map(ToRecord::record).collect();
        if shop.id.to_string() != self.account.id {
            info.warnings.push(format!("the token opens the shop {}, not {}", shop.id, self.account.id));
        }
        if shop.timezone.as_deref().is_some_and(|zone| !zone.contains("+07:00")) {
            info.warnings.push("the shop's time zone is not UTC+7: changes may be read late".to_owned());
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.page::<model::Customer>(Stream::Customers, &CUSTOMERS, query).await
    }

    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => self.page::<model::Order>(Stream::Orders, &ORDERS, query).await,
            _ => Err(Error::unsupported("Haravan has orders; refunds are part of them")),
        }
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.page::<model::Product>(Stream::Products, &PRODUCTS, query).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.piece::<model::Location>(Stream::Branches, &LOCATIONS, query).await
    }

    /// Staff: an empty list on a plan that does not show them.
    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.piece::<model::User>(Stream::Users, &USERS, query).await
    }

    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.one::<model::Customer>(Stream::Customers, "GET /customers/{id}", id).await
    }

    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match kind {
            DocumentKind::Order => self.one::<model::Order>(Stream::Orders, "GET /orders/{id}", id).await,
            _ => Err(Error::unsupported("Haravan has orders; refunds are part of them")),
        }
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.one::<model::Product>(Stream::Products, "GET /products/{id}", id).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(self, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(self, push).await
    }
}

impl WebhookVerifier for Haravan {
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
