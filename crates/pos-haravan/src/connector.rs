//! A Haravan shop behind the common trait.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::http::Pacer;
use pos_core::page::pick_custom;
use pos_core::record::{
    BranchRecord, CustomerRecord, DocumentKind, Extra, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::webhook::{Delivery, Handshake, Identified, Refusal, Trust, Verified, WebhookRequest};
use pos_core::{
    Account, Capabilities, Connector, Cursor, Error, ErrorKind, ListQuery, Page, Result, ShopInfo, Stream,
    StreamCapabilities, Vendor, WebhookVerifier,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::answer::{Keyed, Row, broken, into_list, names, read, read_list, unwrap_object};
use crate::client::{
    CUSTOMERS, Client, EVENTS, LOCATIONS, ListEndpoint, ListParams, MAX_PAGE, ORDERS, PRODUCTS, USERS,
    another, file,
};
use crate::map::ToRecord;
use crate::model;
use crate::profile::{DISPLAY_NAME, VENDOR};
use crate::scan::{Walk, lost};
use crate::webhook::Webhooks;

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

/// The topics that a CRM lives from: what [`Haravan::ensure_webhooks`] looks for.
pub const TOPICS: [&str; 13] = [
    "customers/create",
    "customers/update",
    "customers/delete",
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/delete",
    "products/create",
    "products/update",
    "products/delete",
    "app/uninstalled",
];

/// The most answers of a list in one piece that are put together.
const MOST_PIECES: usize = 20;

/// What events about deletions are about.
const SUBJECT: &str = "Product";

/// After so many requests a scan is held against the vendor's count: it must not go on for ever.
const LONG: u64 = 100;

/// What a cursor holds: the place, and the bounds that the place is meant for.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    #[serde(rename = "w", default)]
    walk: Walk,
    /// For lists in one piece: the largest id so far.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// The list is done; now the events about deletions are read.
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    events: bool,
    /// How many records the list had when the scan began.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// The list came out shorter than its count and is read once more.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    missed: bool,
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
    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Makes sure that the app's webhooks are on for this shop, and answers whether one of [`TOPICS`] had been off. The vendor
    /// keeps a subscription for each topic and switches one off after 19 failed deliveries in a row, and all on every
    /// reinstallation: run it once a day. One or two requests; a topic that is not chosen in the partner dashboard costs the
    /// second one every time, because subscribing takes all that are chosen there, and no list of topics.
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
        if self.missing_webhooks().await?.is_empty() {
            return Ok(false);
        }
        self.client.subscribe_webhooks().await?;
        Ok(true)
    }

    /// Those of [`TOPICS`] that the vendor does not deliver for this shop: switched off after failures, or not chosen in the
    /// partner dashboard. One request.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn missing_webhooks(&self) -> Result<Vec<&'static str>> {
        let known = self.client.list_subscriptions().await?;
        let has = |topic: &str| {
            known
                .iter()
                .filter_map(|one| one.event.as_deref())
                .any(|event| crate::webhook::same_topic(event, topic))
        };
        Ok(TOPICS.into_iter().filter(|topic| !has(topic)).collect())
    }

    fn place(&self, stream: Stream, query: &ListQuery) -> Result<(String, Place)> {
        self.capabilities().refuse_unsupported(stream, query)?;
        let scope = format!("{VENDOR}/{stream}/2");
        let bounds = Bounds::of(query);
        let place: Place = match &query.cursor {
            Some(cursor) => cursor.decode(&scope).or_else(|error| {
                // A place of an earlier release, which trusted the order of ids: the list is read again from its beginning.
                #[derive(Deserialize)]
                struct Earlier {
                    #[serde(rename = "b", default)]
                    bounds: Bounds,
                }
                let earlier = cursor.decode::<Earlier>(&format!("{VENDOR}/{stream}/1")).map_err(|_| error)?;
                Ok(Place { bounds: earlier.bounds, ..Place::default() })
            })?,
            None => Place { bounds: Bounds::of(query), ..Place::default() },
        };
        if !place.walk.is_sound() {
            return Err(Error::config(format!("this cursor was not made by {scope}")));
        }
        if place.bounds != bounds {
            return Err(Error::config(format!(
                "this cursor of {stream} belongs to a query with other bounds"
            )));
        }
        Ok((scope, place))
    }

    /// One page of a list with pages: walked so that no order is needed, and filtered again here, because the vendor's clock
    /// may be seven hours off. A scan without bounds is over when it has as many rows as the vendor counts.
    async fn page<T: DeserializeOwned + Keyed + ToRecord>(
        &self,
        stream: Stream,
        endpoint: &ListEndpoint,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let (scope, mut place) = self.place(stream, query)?;
        if place.events {
            return self.removed(query, &scope, place).await;
        }
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let ask = place.walk.ask(size);
        let mut params = ListParams::default().with_limit(ask.limit).with_page(ask.page);
        params.updated_from = query.modified_from;
        let response = self.client.rows(endpoint, &params).await?;
        let rows: Vec<Row<'_, T>> = read_list(&response.body, endpoint.key)
            .map_err(|error| error.with_context(endpoint.name).with_status(response.status))?;
        let wrong = |error: Error| error.with_context(endpoint.name);
        let step =
            place.walk.step(ask, &rows.iter().map(Row::key).collect::<Vec<_>>(), size).map_err(wrong)?;
        let mut page = Page::default();
        for row in rows.into_iter().skip(step.fresh.start).take(step.fresh.len()) {
            match row.read {
                Ok(read) if is_before(read.changed(), query.modified_from) => {}
                Ok(read) => page
                    .records
                    .push(T::with_custom(read.record(), pick_custom(row.raw, &self.custom_fields))),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        let whole = query.modified_from.is_none();
        if place.walk.is_new() && whole && query.page_size.is_none() {
            place.total = self.counted(endpoint).await?;
        }
        page.total = place.total.filter(|_| whole);
        let next = match step.next {
            Some(walk) => {
                if walk.sent.is_multiple_of(LONG)
                    && let Some(count) = self.counted(endpoint).await?
                    && walk.counted > count.saturating_mul(2).saturating_add(1000)
                {
                    return Err(wrong(lost("the list goes on far beyond what the vendor counts")));
                }
                Some(Place { walk, ..place })
            }
            None => match self.shortfall(endpoint, &place, whole).await? {
                true if place.missed => {
                    return Err(wrong(lost(
                        "the vendor counts more records than its list shows: rows may be missing",
                    )));
                }
                true => Some(Place { walk: place.walk.again().map_err(wrong)?, missed: true, ..place }),
                false if query.include_removed => {
                    Some(Place { walk: Walk::default(), events: true, ..place })
                }
                false => None,
            },
        };
        page.next = next.map(|place| Cursor::encode(&scope, &place)).transpose()?;
        Ok(page)
    }

    /// How many records a list has, where the vendor counts them for this token.
    async fn counted(&self, endpoint: &ListEndpoint) -> Result<Option<u64>> {
        let Some(name) = endpoint.count else { return Ok(None) };
        match self.client.count(name, endpoint.key, endpoint.key == ORDERS.key).await {
            Ok(count) => Ok(Some(count)),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Rejected
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a whole list came out shorter than the vendor counts, both now and when it began.
    async fn shortfall(&self, endpoint: &ListEndpoint, place: &Place, whole: bool) -> Result<bool> {
        let read = place.walk.counted;
        if !whole || place.total.is_some_and(|total| read >= total) {
            return Ok(false);
        }
        Ok(self.counted(endpoint).await?.is_some_and(|count| read < count))
    }

    /// One page of events about deleted products.
    async fn removed<R>(&self, query: &ListQuery, scope: &str, place: Place) -> Result<Page<R>> {
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let ask = place.walk.ask(size);
        let mut params = ListParams::default()
            .with_limit(ask.limit)
            .with_page(ask.page)
            .with_filter("filter", SUBJECT)
            .with_filter("verb", "destroy");
        params.created_from = query.modified_from;
        let response = self.client.rows(&EVENTS, &params).await?;
        let mut rows: Vec<Row<'_, model::Event>> = read_list(&response.body, EVENTS.key)
            .map_err(|error| error.with_context(EVENTS.name).with_status(response.status))?;
        let step = place
            .walk
            .step(ask, &rows.iter().map(Row::key).collect::<Vec<_>>(), size)
            .map_err(|error| error.with_context(EVENTS.name))?;
        let whole = query.modified_from.is_none();
        let mut page = Page { total: place.total.filter(|_| whole), ..Page::default() };
        rows.truncate(step.fresh.end);
        // Whether the vendor heeds the filters is not proven: everything is looked at again.
        for event in into_list(rows.split_off(step.fresh.start)).data {
            let is_deletion = event.verb.as_deref().is_some_and(|verb| verb.eq_ignore_ascii_case("destroy"))
                && event.subject_type.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(SUBJECT))
                && !is_before(event.created_at, query.modified_from);
            if let Some(id) = event.subject_id.filter(|id| is_deletion && *id > 0) {
                let id = id.to_string();
                if !page.removed.contains(&id) {
                    page.removed.push(id);
                }
            }
        }
        page.next = step.next.map(|walk| Cursor::encode(scope, &Place { walk, ..place })).transpose()?;
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
        let mut answers = Vec::new();
        loop {
            let mut params = ListParams::default();
            params.page = (!answers.is_empty()).then_some(answers.len() as u32 + 1);
            let response = match self.client.rows(endpoint, &params).await {
                // Staff are shown on the Plus plan only (D); other shops have none to show.
                Err(error)
                    if stream == Stream::Users
                        && matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) =>
                {
                    return Ok(Page::default());
                }
                response => response?,
            };
            let rows = read_list::<T>(&response.body, endpoint.key)
                .map_err(|error| error.with_context(endpoint.name).with_status(response.status))?
                .len();
            answers.push(response);
            // No paging is shown; a list as long as a page may have another one all the same.
            if rows == 0 || !rows.is_multiple_of(MAX_PAGE as usize) || answers.len() >= MOST_PIECES {
                break;
            }
        }
        let mut rows: Vec<Row<'_, T>> = Vec::new();
        for answer in &answers {
            rows.extend(read_list::<T>(&answer.body, endpoint.key)?);
        }
        let mut rows: Vec<(i64, Row<'_, T>)> =
            rows.into_iter().map(|row| (row.key().unwrap_or(i64::MAX), row)).collect();
        rows.sort_by_key(|(key, _)| *key);
        // A list that knows no pages comes again.
        rows.dedup_by(|one, other| one.0 == other.0 && one.0 != i64::MAX);
        let total = rows.len() as u64;
        let since = place.since.unwrap_or(0);
        rows.retain(|(key, _)| *key > since);
        let more = rows.len() > size;
        let mut page = Page { total: Some(total), ..Page::default() };
        let mut last = since;
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
            page.next = Some(Cursor::encode(&scope, &Place { since: Some(last), ..place })?);
        }
        Ok(page)
    }

    /// One object by its id, and the vendor fields that a mapping asked for. Another one in its place is an error.
    async fn get_one<T: DeserializeOwned + Keyed>(
        &self,
        name: &'static str,
        (many, one): (&str, &str),
        id: i64,
    ) -> Result<(T, Extra)> {
        let response = self.client.raw(name, &[many, &file(id)]).await?;
        let wrong = |error: Error| error.with_context(name).with_status(response.status);
        let (raw, path) = unwrap_object(&response.body, &[one]).map_err(wrong)?;
        let found: T = read(raw, path).map_err(|rejected| wrong(broken(rejected)))?;
        if found.key() == id {
            Ok((found, pick_custom(raw, &self.custom_fields)))
        } else {
            Err(another(name))
        }
    }

    /// The same: one request, and more where somebody says that it is not there who need not be the vendor, whose own words
    /// for it are not established (?).
    ///
    /// Then the list is asked for this id: an empty one is the vendor's own word. Where it shows others, `ids` has no effect,
    /// and nothing is said about this id; but then a read by id that finds one of those, and still not this one, is answered
    /// by the vendor.
    pub(crate) async fn one<T: DeserializeOwned + Keyed>(
        &self,
        stream: Stream,
        name: &'static str,
        endpoint: &ListEndpoint,
        id: &str,
    ) -> Result<(T, Extra)> {
        let names = names(stream).ok_or_else(|| Error::unsupported(format!("haravan has no {stream}")))?;
        let id = known(id)?;
        let missing = match self.get_one::<T>(name, names, id).await {
            Err(error) if is_bare_missing(&error) => error,
            answer => return answer,
        };
        let unknown = || {
            let error = Error::new(ErrorKind::NotFound, "the vendor does not know it");
            Err(error.with_context(name).with_status(404))
        };
        let params = ListParams::default().with_limit(MAX_PAGE).with_filter("ids", id.to_string());
        let Ok(response) = self.client.rows(endpoint, &params).await else { return Err(missing) };
        let other = {
            let Ok(rows) = read_list::<T>(&response.body, endpoint.key) else { return Err(missing) };
            if rows.is_empty() {
                return unknown();
            }
            let other = rows.iter().filter_map(Row::key).find(|other| *other > 0);
            if let Some(row) = rows.into_iter().find(|row| row.key() == Some(id)) {
                let custom = pick_custom(row.raw, &self.custom_fields);
                return row.read.map(|read| (read, custom)).map_err(broken);
            }
            other
        };
        match other {
            Some(other) if self.get_one::<T>(name, names, other).await.is_ok() => {
                match self.get_one::<T>(name, names, id).await {
                    Err(error) if is_bare_missing(&error) => unknown(),
                    answer => answer,
                }
            }
            _ => Err(missing),
        }
    }

    async fn record<T: DeserializeOwned + Keyed + ToRecord>(
        &self,
        stream: Stream,
        name: &'static str,
        endpoint: &ListEndpoint,
        id: &str,
    ) -> Result<T::Record> {
        let (object, custom) = self.one::<T>(stream, name, endpoint, id).await?;
        Ok(T::with_custom(object.record(), custom))
    }
}

/// Whether somebody says that an object is not there, and not in the vendor's words.
fn is_bare_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && matches!(error.status(), Some(404 | 410))
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
            // Nor are there of deleted orders: the vendor's table of verbs has `destroy` for products only.
            (Stream::Orders, list(|caps| (caps.get, caps.modified_from) = (true, true))),
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

    fn skew(&self) -> Option<time::Duration> {
        self.client.http().skew()
    }

    fn pacer(&self) -> Option<&Arc<Pacer>> {
        Some(self.client.http().pacer())
    }

    fn webhooks(&self) -> Option<&dyn WebhookVerifier> {
        Some(&self.webhooks)
    }

    /// Reads the shop and its branches: two requests. The account is the shop's id, which is the org id.
    async fn check(&self) -> Result<ShopInfo> {
        let shop = self.client.get_shop().await?;
        let account = Account::new(VENDOR, shop.id.to_string());
        let mut info = ShopInfo::new(account, shop.name.clone().unwrap_or_else(|| shop.id.to_string()));
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
        self.record::<model::Customer>(Stream::Customers, "GET /customers/{id}", &CUSTOMERS, id).await
    }

    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match kind {
            DocumentKind::Order => {
                self.record::<model::Order>(Stream::Orders, "GET /orders/{id}", &ORDERS, id).await
            }
            _ => Err(Error::unsupported("Haravan has orders; refunds are part of them")),
        }
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.record::<model::Product>(Stream::Products, "GET /products/{id}", &PRODUCTS, id).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(self, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(self, push).await
    }
}
