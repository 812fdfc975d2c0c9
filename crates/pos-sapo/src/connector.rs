//! The common trait: windows, cursors, capabilities.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{
    Capabilities, Connector, CustomerPush, ListQuery, OrderPush, Pushed, ShopInfo, StreamCapabilities,
};
use pos_core::http::Pacer;
use pos_core::page::pick_custom;
use pos_core::record::{
    Account, BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, Extra, OrderRecord, ProductRecord,
    Record, Stream, Vendor,
};
use pos_core::webhook::Identified;
use pos_core::webhook::{Delivery, Refusal, Trust, Verified, WebhookRequest};
use pos_core::{ConnectorExt, Cursor, Error, ErrorKind, Page, Result, Retry, WebhookVerifier};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use crate::answer::{Keyed, Named, Row, Rows, read_list};
use crate::client::{Client, ListParams, MAX_PAGE};
use crate::map::{ToRecord, refunds_in};
use crate::model::{pos, web};
use crate::profile::{DISPLAY_NAME, VENDOR};
use crate::scan::{After, Proof, Scan, Sheet, mark_of};
use crate::store::{Flavor, StoreHost};
use crate::webhook::Webhooks;

/// Lists lag behind writes by seconds (C:1 live); the vendor page advises ten minutes of overlap.
const LAG_SECONDS: u32 = 600;

/// Rows a page where `limit` does nothing (D).
const DEFAULT_PAGE: u32 = 50;

/// As many pages of events as are read at most.
const MOST_EVENT_PAGES: u32 = 400;

/// Rows that are asked for where one is meant: a filter that is ignored shows any.
const FEW: u32 = 10;

/// How much wider than asked a window is sent: whether its ends are included is not stated.
const MARGIN: Duration = Duration::seconds(1);

/// A store.
#[derive(Clone, Debug)]
pub struct Sapo {
    pub(crate) client: Client,
    account: Account,
    webhooks: Webhooks,
    custom_fields: Arc<[String]>,
    /// Sapo has no idempotency: a search and the write after it belong together, so pushes of a store go one by one.
    pub(crate) pushing: Arc<Mutex<()>>,
}

/// One of the vendor's lists that make up a stream.
#[derive(Clone, Copy)]
struct Source {
    name: &'static str,
    path: &'static str,
    status: Option<&'static str>,
}

const fn source(name: &'static str, path: &'static str) -> Source {
    Source { name, path, status: None }
}

const fn with_status(status: &'static str) -> Source {
    Source { name: "GET /orders", path: "orders", status: Some(status) }
}

/// Whether a list without `status` holds all orders or the open ones is contradictory (?), and `any` answers nothing; so the
/// closed and the cancelled ones are asked for too, unless the first list showed some.
const ORDERS: [Source; 3] =
    [source("GET /orders", "orders"), with_status("closed"), with_status("cancelled")];
/// The open ones, to be counted.
const OPEN: Source = with_status("open");
const COLLECTIONS: [Source; 2] = [
    source("GET /custom_collections", "custom_collections"),
    source("GET /smart_collections", "smart_collections"),
];
const CUSTOMERS: [Source; 1] = [source("GET /customers", "customers")];
const PRODUCTS: [Source; 1] = [source("GET /products", "products")];
const LOCATIONS: [Source; 1] = [source("GET /locations", "locations")];
const POS_ORDERS: [Source; 1] = [source("GET /orders", "orders")];

/// Which orders a row shows to be in the first list, as a bit for each later list.
trait Shown {
    /// The row's status, on the one list where it matters.
    fn status(&self) -> Option<&str> {
        None
    }
}

impl Shown for web::Order {
    fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }
}
impl Shown for web::Customer {}
impl Shown for web::Product {}
impl Shown for web::Location {}
impl Shown for web::Collection {}
impl Shown for pos::Customer {}
impl Shown for pos::Order {}
impl Shown for pos::Product {}
impl Shown for pos::Location {}

/// The bounds that a cursor belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Bounds {
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    /// Whether what is gone is asked for, too.
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

impl Bounds {
    fn of(query: &ListQuery) -> Self {
        let seconds = OffsetDateTime::unix_timestamp;
        Self {
            from: query.modified_from.map(seconds),
            to: query.modified_to.map(seconds),
            removed: query.include_removed,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    #[serde(rename = "s")]
    scan: Scan,
    #[serde(rename = "w")]
    bounds: Bounds,
    /// The page of events that is next, from 1; 0 while lists are read.
    #[serde(rename = "e", default, skip_serializing_if = "is_zero")]
    events: u32,
    /// A mark of the ids of the page of events before.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    told: Option<u64>,
}

/// What lists show of one object.
struct Listed<T> {
    /// The object, with the vendor fields that a mapping asked for.
    object: Option<(T, Extra)>,
    /// Another one: the filter was ignored, or there is none.
    other: Option<i64>,
    /// No list showed anything.
    is_empty: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl Sapo {
    pub(crate) fn new(
        client: Client,
        account: Account,
        webhooks: Webhooks,
        custom_fields: Vec<String>,
    ) -> Self {
        Self { client, account, webhooks, custom_fields: custom_fields.into(), pushing: Arc::default() }
    }

    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Which API this store speaks.
    pub fn flavor(&self) -> Flavor {
        self.client.flavor()
    }

    /// What proves and reads this store's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    fn is_web(&self) -> bool {
        self.flavor() == Flavor::Web
    }

    /// The store that the vendor says this is, where it is another one than was configured. A store has one name under
    /// several domains, and may have a domain of its own besides, which says nothing.
    fn other_store(&self, told: &web::StoreInfo) -> Option<StoreHost> {
        let hosts = [told.bizweb_domain.as_deref(), told.domain.as_deref()];
        let stores: Vec<StoreHost> = hosts
            .into_iter()
            .flatten()
            .filter(|host| host.contains('.'))
            .filter_map(|host| host.parse().ok())
            .collect();
        let ours: StoreHost = self.account.id.parse().ok()?;
        let is_ours = stores.iter().any(|store| store.name() == ours.name());
        stores.into_iter().next().filter(|_| !is_ours)
    }

    /// How many rows a list has; `None` where the vendor does not tell.
    async fn count(&self, source: Source, params: &ListParams) -> Result<Option<u64>> {
        if !self.is_web() || source.path == "locations" {
            return Ok(None);
        }
        let params = ListParams { status: source.status.map(str::to_owned), ..params.clone() };
        match self.client.count(source.path, &params).await {
            Ok(count) => Ok(Some(count)),
            Err(error) if is_closed(&error) || error.kind() == ErrorKind::Decode => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many orders of the web flavour there are, given how many a list without status has: it may hold all or the open
    /// ones, so each status is counted.
    async fn count_by_status(&self, first: u64, params: &ListParams) -> Result<Option<u64>> {
        let mut counts = Vec::with_capacity(3);
        for source in [OPEN, ORDERS[1], ORDERS[2]] {
            match self.count(source, params).await? {
                Some(count) => counts.push(count),
                None => return Ok(None),
            }
        }
        // A filter that is ignored counts everything each time.
        let is_ignored = counts.iter().all(|count| *count == first);
        Ok(Some(if is_ignored { first } else { first.max(counts.iter().sum()) }))
    }

    /// One page of a stream: bounds and place in, records and the next place out.
    ///
    /// Sends one request; for the first page of a list one more for each number of rows (up to four for orders of the web
    /// flavour), and one at the end of a list of several pages.
    async fn page<T>(&self, stream: Stream, sources: &[Source], query: &ListQuery) -> Result<Page<T::Record>>
    where
        T: DeserializeOwned + Named + Keyed + ToRecord + Shown,
    {
        self.capabilities().refuse_unsupported(stream, query)?;
        let scope = format!("{VENDOR}/{}/{stream}/2", self.flavor());
        let bounds = Bounds::of(query);
        let size = query.page_size.unwrap_or(MAX_PAGE);
        // POS knows no `since_id`; of the branches' list nothing is known; and single rows show no order.
        let by_id = self.is_web() && stream != Stream::Branches && size > 1;
        let place = match &query.cursor {
            Some(cursor) => {
                let place: Place = cursor.decode(&scope)?;
                if place.bounds != bounds {
                    return Err(Error::config(format!(
                        "this cursor of {stream} belongs to a query with other bounds"
                    )));
                }
                place
            }
            None => Place { scan: Scan::start(0, by_id), bounds, events: 0, told: None },
        };
        if place.events > 0 {
            let (removed, told) = self.removed(query, place.events, place.told).await?;
            let next = told.map(|told| Place { events: place.events + 1, told: Some(told), ..place.clone() });
            let next = next.map(|place| Cursor::encode(&scope, &place)).transpose()?;
            return Ok(Page { removed, next, total: place.scan.whole, ..Page::default() });
        }
        let mut scan = place.scan;
        let source = *sources.get(usize::from(scan.list)).ok_or_else(|| {
            Error::config(format!("this cursor of {stream} names a list that is not there"))
        })?;
        let mut params = ListParams::default().with_limit(size);
        if self.is_web() {
            params.modified_from = query.modified_from.map(|from| from - MARGIN);
            params.modified_to = query.modified_to.map(|to| to + MARGIN + Duration::seconds(1));
        }
        let unpaged = params.clone();
        params.status = source.status.map(str::to_owned);
        params.page = Some(scan.page.max(1));
        // The first reading by page number goes on in the order that its first page had.
        params.since_id = (by_id && scan.pass == 0).then_some(if scan.page == 0 { scan.since } else { 0 });
        let is_start = scan.is_start();
        let response = self.client.rows(source.name, source.path, &params).await?;
        let list: Rows<'_, T> = read_list(&response.body)
            .map_err(|error| error.with_context(source.name).with_status(response.status))?;
        let metadata = list.metadata.unwrap_or_default();
        let unsigned = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let length = list.length as u64;
        let told = unsigned(metadata.total);
        let mut shown = 0_u8;
        for read in list.rows.iter().filter_map(|row| row.read.as_ref().ok()) {
            let later =
                sources.iter().position(|source| source.status.is_some() && source.status == read.status());
            shown |= later.filter(|_| scan.list == 0).map_or(0, |at| 1 << at);
        }
        // A page that may not be all there is: the vendor's own number of rows says so, and what a scan is held against.
        let may_go_on = length >= u64::from(size.min(DEFAULT_PAGE));
        if is_start && scan.total.is_none() {
            scan.total = if may_go_on && told.is_none() { self.count(source, &unpaged).await? } else { told };
        }
        let is_whole_stream = query.modified_from.is_none() && query.modified_to.is_none();
        if is_start && scan.list == 0 && scan.whole.is_none() && is_whole_stream && self.is_web() {
            let is_all = sources.len() == 1 || (1..sources.len()).all(|at| shown & (1 << at) != 0);
            let first = match scan.total {
                None if is_all && !may_go_on => Some(length),
                None if by_status(sources) => self.count(source, &unpaged).await?,
                total => total,
            };
            scan.whole = match first {
                Some(first) if !is_all && by_status(sources) => self.count_by_status(first, &unpaged).await?,
                first => first.filter(|_| is_all),
            };
        }
        let total = if is_whole_stream { if self.is_web() { scan.whole } else { told } } else { None };
        let keys: Vec<Option<i64>> = list.rows.iter().map(Row::key).collect();
        let rows_a_page = unsigned(metadata.limit).filter(|limit| *limit > 0).unwrap_or(u64::from(size));
        let (fresh, after) = scan.step(Sheet { ids: &keys, length, size: rows_a_page, total: told });
        let mut page = Page { total, ..Page::default() };
        for (row, fresh) in list.rows.into_iter().zip(fresh) {
            if let Ok(read) = &row.read
                && let Some(status) = read.status()
                && source.status.is_some_and(|wanted| wanted != status)
            {
                // A list of one status shows others only if the filter was ignored; those came, or come, elsewhere.
                continue;
            }
            match row.read {
                _ if !fresh => {}
                Ok(read) if !holds(read.changed(), query) => {}
                Ok(read) => page
                    .records
                    .push(T::with_custom(read.record(), pick_custom(row.raw, &self.custom_fields))),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        let next = self.follow(after, is_start, sources, &unpaged, shown, by_id, told).await?;
        let next = match next {
            Some(scan) => Some(Place { scan, bounds, events: 0, told: None }),
            // The lists are read; what is gone stands elsewhere.
            None if query.include_removed => {
                let scan = Scan { whole: scan.whole, ..Scan::default() };
                Some(Place { scan, bounds, events: 1, told: None })
            }
            None => None,
        };
        page.next = next.map(|place| Cursor::encode(&scope, &place)).transpose()?;
        Ok(page)
    }

    /// One page of events that tell which products were deleted, and a mark of it where another follows. Where the store has
    /// no events, nothing is told. That page numbers mean anything here is not documented: the page before again is the end.
    async fn removed(
        &self,
        query: &ListQuery,
        page: u32,
        before: Option<u64>,
    ) -> Result<(Vec<String>, Option<u64>)> {
        const NAME: &str = "GET /events";
        let mut params = ListParams::default()
            .with_page(page)
            .with_limit(MAX_PAGE)
            .with_filter("filter", "Product")
            .with_filter("verb", "destroy");
        params.created_from = query.modified_from.map(|from| from - MARGIN);
        let list = match self.client.list_events(&params).await {
            Ok(list) => list,
            Err(error) if page == 1 && (is_closed(&error) || error.kind() == ErrorKind::Decode) => {
                return Ok((Vec::new(), None));
            }
            Err(error) => return Err(error),
        };
        // The vendor may make pages shorter than asked for.
        let may_go_on = list.data.len() + list.rejected.len() >= DEFAULT_PAGE as usize;
        let told = Some(mark_of(list.data.iter().map(|event| event.id))).filter(|_| may_go_on);
        if told.is_some() && told == before {
            return Ok((Vec::new(), None));
        }
        if told.is_some() && page >= MOST_EVENT_PAGES {
            let what = "the vendor's list of events does not end";
            return Err(Error::decode(what).with_retry(Retry::Backoff).with_context(NAME));
        }
        let is = |text: &Option<String>, word: &str| {
            text.as_deref().is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
        };
        let gone = list.data.into_iter().filter(|event| {
            // Filters that are ignored answer everything.
            is(&event.subject_type, "product") && is(&event.verb, "destroy") && holds(event.created_on, query)
        });
        let mut ids: Vec<String> =
            gone.filter_map(|event| event.subject_id.filter(|id| *id > 0)).map(|id| id.to_string()).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok((ids, told))
    }

    /// What the lists that may hold an object show of it, asked for its id alone. `ids` is documented for orders and products
    /// of the web flavour; without it any rows come. Sends up to three requests.
    async fn listed<T>(&self, list: &str, id: i64, wanted: fn(&T) -> bool) -> Result<Listed<T>>
    where
        T: DeserializeOwned + Named + Keyed,
    {
        let (sources, by_id) = match (list, self.flavor()) {
            ("orders", Flavor::Web) => (&ORDERS[..], true),
            ("products", flavor) => (&PRODUCTS[..], flavor == Flavor::Web),
            ("customers", _) => (&CUSTOMERS[..], false),
            _ => (&POS_ORDERS[..], false),
        };
        let mut listed = Listed { object: None, other: None, is_empty: true };
        for source in sources {
            let mut params = ListParams::default().with_page(1).with_limit(FEW);
            if by_id {
                params = params.with_filter("ids", id.to_string());
            }
            params.status = source.status.map(str::to_owned);
            let response = self.client.rows(source.name, source.path, &params).await?;
            let rows: Rows<'_, T> = read_list(&response.body)
                .map_err(|error| error.with_context(source.name).with_status(response.status))?;
            listed.is_empty &= rows.length == 0;
            for row in rows.rows {
                match (row.key(), row.read) {
                    (Some(key), Ok(read)) if key == id && wanted(&read) => {
                        listed.object = Some((read, pick_custom(row.raw, &self.custom_fields)));
                        return Ok(listed);
                    }
                    (Some(key), _) if key != id => listed.other = listed.other.or(Some(key)),
                    _ => {}
                }
            }
        }
        Ok(listed)
    }

    /// One object by its id, and the vendor fields that a mapping asked for: one request, and more where somebody says that
    /// it is not there who need not be the vendor, whose own words for it are not established (?).
    ///
    /// Then the lists are asked for this id: an empty answer of each is the vendor's word. Where they show others, the id was
    /// ignored, and nothing is said about it; but then a read by id that finds one of those, and still not this one, is
    /// answered by the vendor.
    pub(crate) async fn one<T>(&self, name: &'static str, list: &str, id: i64) -> Result<(T, Extra)>
    where
        T: DeserializeOwned + Named + Keyed,
    {
        let get = |id| self.client.get::<T>(name, list, id, &self.custom_fields);
        let missing = match get(id).await {
            Err(error) if is_bare_missing(&error) => error,
            answer => return answer,
        };
        let Ok(listed) = self.listed::<T>(list, id, |_| true).await else { return Err(missing) };
        let unknown = || {
            let error = Error::new(ErrorKind::NotFound, "the vendor does not know it");
            Err(error.with_context(name).with_status(404))
        };
        match (listed.object, listed.other) {
            (Some(object), _) => Ok(object),
            (None, None) if listed.is_empty => unknown(),
            (None, Some(other)) if get(other).await.is_ok() => match get(id).await {
                Err(error) if is_bare_missing(&error) => unknown(),
                answer => answer,
            },
            _ => Err(missing),
        }
    }

    async fn record<T>(&self, name: &'static str, list: &str, id: &str) -> Result<T::Record>
    where
        T: DeserializeOwned + Named + Keyed + ToRecord,
    {
        let (object, extra) = self.one::<T>(name, list, known(id)?).await?;
        Ok(T::with_custom(object.record(), extra))
    }

    /// Where the scan goes after a page: on, once more through this list, to the next list, or nowhere.
    #[expect(clippy::too_many_arguments, reason = "one caller; each is a fact about the page that was read")]
    async fn follow(
        &self,
        after: After,
        is_start: bool,
        sources: &[Source],
        params: &ListParams,
        shown: u8,
        by_id: bool,
        told: Option<u64>,
    ) -> Result<Option<Scan>> {
        let with = |scan: Scan| Scan { shown: scan.shown | shown, ..scan };
        let wrong = |source: Option<Source>, what: &str| {
            let error = Error::decode(what).with_retry(Retry::Backoff);
            Err(error.with_context(source.map_or("GET", |source| source.name)))
        };
        let end = match after {
            After::More(next) => return Ok(Some(with(next))),
            After::Endless => return wrong(None, "the vendor's list does not end"),
            After::End(end) | After::Repeated(end) => with(end),
        };
        let source = sources.get(usize::from(end.list)).copied();
        // A first page that is not full is the whole list.
        let is_one_page = is_start && end.total.is_none_or(|total| total <= end.seen);
        let count = match (told, source) {
            (Some(told), _) => Some(told),
            (None, Some(source)) if !is_one_page => self.count(source, params).await?,
            _ => None,
        };
        match end.proof(count, is_one_page) {
            Proof::Complete => {}
            Proof::Doubtful => return Ok(Some(end.once_more(count))),
            Proof::Hopeless => {
                return wrong(
                    source,
                    "the vendor's list has more rows than it shows, or changes while it is read",
                );
            }
        }
        let next = (usize::from(end.list) + 1..sources.len()).find(|at| end.shown & (1 << at) == 0);
        Ok(next.and_then(|at| u8::try_from(at).ok()).map(|at| Scan {
            shown: end.shown,
            whole: end.whole,
            ..Scan::start(at, by_id)
        }))
    }
}

fn by_status(sources: &[Source]) -> bool {
    sources.iter().any(|source| source.status.is_some())
}

/// Whether the vendor does not let us, or does not know the address; what stands between may have said so as well.
fn is_closed(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound)
        || matches!(error.status(), Some(403 | 404))
}

/// Whether somebody says that an object is not there, and not in the vendor's words.
fn is_bare_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && matches!(error.status(), Some(404 | 410))
}

/// Whether a row is in the window: the vendor may have ignored it. Sapo's times are whole seconds, so the lower end is, too.
fn holds(changed: Option<OffsetDateTime>, query: &ListQuery) -> bool {
    let Some(changed) = changed else { return true };
    query.modified_from.is_none_or(|from| changed.unix_timestamp() >= from.unix_timestamp())
        && query.modified_to.is_none_or(|to| changed <= to)
}

/// A number of Sapo's, for configuration.
pub(crate) fn number(id: &str) -> Result<i64> {
    id.trim()
        .parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| Error::config("Sapo's ids are whole numbers above zero"))
}

/// An id that is no number cannot exist.
fn known(id: &str) -> Result<i64> {
    number(id).map_err(|_| Error::new(ErrorKind::NotFound, "Sapo's ids are whole numbers above zero"))
}

#[async_trait]
impl Connector for Sapo {
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
        let windowed: fn(&mut StreamCapabilities) =
            |caps| (caps.get, caps.modified_from, caps.modified_to, caps.total) = (true, true, true, true);
        let with_removed: fn(&mut StreamCapabilities) = |caps| {
            (caps.get, caps.modified_from, caps.modified_to, caps.total) = (true, true, true, true);
            caps.removed = true;
        };
        let mut capabilities = Capabilities::default();
        capabilities.webhooks = Some(Trust::Signed);
        capabilities.register_webhooks = true;
        capabilities.push_customer = true;
        capabilities.push_order = true;
        if self.is_web() {
            capabilities.streams = vec![
                (Stream::Branches, list(|_| {})),
                (Stream::Categories, list(|_| {})),
                (Stream::Products, list(with_removed)),
                (Stream::Customers, list(windowed)),
                (Stream::Orders, list(windowed)),
            ];
        } else {
            capabilities.streams = vec![
                (Stream::Branches, list(|caps| caps.total = true)),
                (Stream::Products, list(|caps| (caps.get, caps.total) = (true, true))),
                (Stream::Customers, list(|caps| (caps.get, caps.total) = (true, true))),
                (
                    Stream::Orders,
                    // No filter: the whole list is read, and what did not change is left out.
                    list(windowed),
                ),
            ];
        }
        capabilities
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

    fn webhooks(&self) -> Option<&dyn WebhookVerifier> {
        Some(&self.webhooks)
    }

    /// Reads the store, one customer (web), and the branches. What the credentials do not open becomes a warning.
    async fn check(&self) -> Result<ShopInfo> {
        let mut info = ShopInfo::new(self.account.clone(), self.account.id.clone());
        if self.is_web() {
            match self.client.get_store().await {
                Ok(store) => {
                    if let Some(other) = self.other_store(&store) {
                        info.account = Account::new(VENDOR, other.as_str());
                    }
                    info.name = store.name.unwrap_or(info.name);
                }
                Err(error) if is_closed(&error) => {
                    info.warnings.push("the store's own data cannot be read".into())
                }
                Err(error) => return Err(error),
            }
            match self.client.list_customers(&ListParams::default().with_page(1).with_limit(1)).await {
                Ok(_) => {}
                Err(error) if is_closed(&error) => {
                    info.warnings.push("customers cannot be read: the app lacks the permission".into())
                }
                Err(error) => return Err(error),
            }
        }
        let mut pages = self.pages(Stream::Branches, ListQuery::default());
        loop {
            match pages.try_next().await {
                Ok(Some(page)) => {
                    info.branches.extend(page.records.into_iter().filter_map(|record| match record {
                        Record::Branch(branch) => Some(*branch),
                        _ => None,
                    }))
                }
                Ok(None) => break,
                Err(error) if is_closed(&error) => {
                    info.warnings.push(
                        "branches cannot be read: they have a permission of their own (Chi nhánh)".into(),
                    );
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        match self.flavor() {
            Flavor::Web => self.page::<web::Customer>(Stream::Customers, &CUSTOMERS, query).await,
            Flavor::Pos => self.page::<pos::Customer>(Stream::Customers, &CUSTOMERS, query).await,
        }
    }

    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match (kind, self.flavor()) {
            (DocumentKind::Order, Flavor::Web) => {
                self.page::<web::Order>(Stream::Orders, &ORDERS, query).await
            }
            (DocumentKind::Order, Flavor::Pos) => {
                self.page::<pos::Order>(Stream::Orders, &POS_ORDERS, query).await
            }
            _ => Err(Error::unsupported("Sapo lists orders alone; refunds and returns belong to an order")),
        }
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        match self.flavor() {
            Flavor::Web => self.page::<web::Product>(Stream::Products, &PRODUCTS, query).await,
            Flavor::Pos => self.page::<pos::Product>(Stream::Products, &PRODUCTS, query).await,
        }
    }

    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        match self.flavor() {
            Flavor::Web => self.page::<web::Collection>(Stream::Categories, &COLLECTIONS, query).await,
            Flavor::Pos => Err(Error::unsupported("the categories of Sapo POS are not documented")),
        }
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        match self.flavor() {
            Flavor::Web => self.page::<web::Location>(Stream::Branches, &LOCATIONS, query).await,
            Flavor::Pos => self.page::<pos::Location>(Stream::Branches, &LOCATIONS, query).await,
        }
    }

    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        const NAME: &str = "GET /customers/{id}";
        match self.flavor() {
            Flavor::Web => self.record::<web::Customer>(NAME, "customers", id).await,
            Flavor::Pos => self.record::<pos::Customer>(NAME, "customers", id).await,
        }
    }

    /// Orders. One that comes without its lines is read once more through the lists that may hold it, and the transactions
    /// of one that was refunded in part and does not say how much.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        const NAME: &str = "GET /orders/{id}";
        if kind != DocumentKind::Order {
            return Err(Error::unsupported(
                "Sapo reads orders by id; refunds and returns belong to an order",
            ));
        }
        if self.flavor() == Flavor::Pos {
            return self.record::<pos::Order>(NAME, "orders", id).await;
        }
        let id = known(id)?;
        let (mut order, extra) = self.one::<web::Order>(NAME, "orders", id).await?;
        if order.line_items.is_none() {
            let listed = self.listed::<web::Order>("orders", id, |order| order.line_items.is_some()).await?;
            order = listed.object.map_or(order, |(listed, _)| listed);
        }
        let mut record = web::Order::with_custom(order.record(), extra);
        if order.hides_refund()
            && let Some(refunded) = refunds_in(&self.client.list_transactions(id).await?.data)
        {
            record.refunded = Some(refunded);
            record.incomplete = order.line_items.is_none();
        }
        Ok(record)
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        const NAME: &str = "GET /products/{id}";
        match self.flavor() {
            Flavor::Web => self.record::<web::Product>(NAME, "products", id).await,
            Flavor::Pos => self.record::<pos::Product>(NAME, "products", id).await,
        }
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(self, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(self, push).await
    }
}
