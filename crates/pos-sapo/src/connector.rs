//! The common trait: windows, cursors, capabilities.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{
    Capabilities, Connector, CustomerPush, ListQuery, OrderPush, Pushed, ShopInfo, StreamCapabilities,
};
use pos_core::kit::{self, Hook, Hooked, Listing, Mend, Raw, Row, foreign, known};
use pos_core::record::{
    Account, BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, Record,
    Stream,
};
use pos_core::webhook::Trust;
use pos_core::{ConnectorExt, Error, ErrorKind, HookPlan, HookReport, HookState, Page, Result};
use serde::{Deserialize, Serialize};
use time::Duration;
use tokio::sync::Mutex;

use crate::answer::{Named, Rows, read_list};
use crate::client::{Client, ListParams, MAX_PAGE, at, place};
use crate::find::{COLLECTIONS, CUSTOMERS, LOCATIONS, OPEN, ORDERS, POS_ORDERS, PRODUCTS, Source};
use crate::map::refunds_in;
use crate::model::{Webhook, WebhookWrite, pos, web};
use crate::profile::{PROFILE, VENDOR};
use crate::push;
use crate::scan::{After, Proof, Scan, Sheet, mark_of};
use crate::store::{Flavor, StoreHost};
use crate::webhook::{POS_TOPICS, WEB_TOPICS, Webhooks};

/// Lists lag behind writes by seconds (C:1 live); the vendor page advises ten minutes of overlap.
const LAG_SECONDS: u32 = 600;

/// Rows a page where `limit` does nothing (D).
const DEFAULT_PAGE: u32 = 50;

/// As many pages of events as are read at most.
const MOST_EVENT_PAGES: u32 = 400;

/// How much wider than asked a window is sent: whether its ends are included is not stated.
const MARGIN: Duration = Duration::seconds(1);

/// A store.
#[derive(Clone, Debug)]
pub struct Sapo {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) webhooks: Webhooks,
    pub(crate) custom_fields: Arc<[String]>,
    /// Sapo has no idempotency: a search and the write after it belong together, so pushes of a store go one by one.
    pub(crate) pushing: Arc<Mutex<()>>,
}

/// How cursors are written.
const PLACES: u32 = 3;

/// What a cursor holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Position {
    #[serde(rename = "s")]
    scan: Scan,
    /// The page of events that is next, from 1; 0 while lists are read.
    #[serde(rename = "e")]
    events: u32,
    /// A mark of the ids of the page of events before.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    told: Option<u64>,
}

impl Sapo {
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
        let ours: StoreHost = self.account.id().parse().ok()?;
        let is_ours = stores.iter().any(|store| store.name() == ours.name());
        stores.into_iter().next().filter(|_| !is_ours)
    }

    /// How many rows a list has; `None` where the vendor does not tell.
    async fn count(&self, source: Source, params: &ListParams) -> Result<Option<u64>> {
        let path = place(source.name, None);
        if !self.is_web() || path == "locations" {
            return Ok(None);
        }
        let params = ListParams { status: source.status.map(str::to_owned), ..params.clone() };
        match self.client.count(&path, &params).await {
            Ok(count) => Ok(Some(count)),
            Err(error) if is_closed(&error) || error.kind() == ErrorKind::Decode => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many orders of the web flavour there are, given how many a list without status has: it may hold all or the open
    /// ones, so each status is counted.
    async fn count_by_status(&self, first: u64, params: &ListParams) -> Result<Option<u64>> {
        let (mut sum, mut is_ignored) = (0, true);
        for source in [OPEN, ORDERS[1], ORDERS[2]] {
            let Some(count) = self.count(source, params).await? else { return Ok(None) };
            sum += count;
            // A filter that is ignored counts everything each time.
            is_ignored &= count == first;
        }
        Ok(Some(if is_ignored { first } else { first.max(sum) }))
    }

    async fn page<T: Named + Row>(
        &self,
        stream: Stream,
        sources: &[Source],
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        self.page_by::<T>(stream, sources, |_| None, query).await
    }

    /// One page of a stream: bounds and position in, records and the next position out. `status` tells which of several lists a row
    /// belongs to.
    ///
    /// Sends one request; for the first page of a list one more for each number of rows (up to four for orders of the web
    /// flavour), and one at the end of a list of several pages.
    async fn page_by<T: Named + Row>(
        &self,
        stream: Stream,
        sources: &[Source],
        status: fn(&T) -> Option<&str>,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let listing = Listing::new(self, stream, PLACES, query)?.of_api(self.flavor().as_str()).in_seconds();
        let size = query.page_size.unwrap_or(MAX_PAGE);
        // POS knows no `since_id`; of the branches' list nothing is known; and single rows show no order.
        let by_id = self.is_web() && stream != Stream::Branches && size > 1;
        let start = || Position { scan: Scan::start(0, by_id), ..Position::default() };
        let Position { mut scan, events, told } = listing.resume()?.unwrap_or_else(start);
        if events > 0 {
            let (removed, told) = self.removed(&listing, events, told).await?;
            let total = scan.whole;
            let next = told.map(|told| Position { scan, events: events + 1, told: Some(told) });
            return Ok(Page { removed, next: listing.next(next)?, total, ..Page::default() });
        }
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
        let response = self.client.rows(source.name, &params).await?;
        let list: Rows<'_, T> =
            read_list(&response.body).map_err(|error| at(error, source.name, &response))?;
        let (length, told) = (list.length as u64, list.total());
        let status_of = |row: &Raw<'_, T>| row.read.as_ref().ok().and_then(status).map(str::to_owned);
        let mut shown = 0_u8;
        for status in list.rows.iter().filter(|_| scan.list == 0).filter_map(status_of) {
            let later = sources.iter().position(|source| source.status == Some(&*status));
            shown |= later.map_or(0, |at| 1 << at);
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
        let total = if self.is_web() { scan.whole } else { told };
        let mut page = Page { total: total.filter(|_| is_whole_stream), ..Page::default() };
        scan.shown |= shown;
        let keys: Vec<Option<i64>> = list.rows.iter().map(Raw::key).collect();
        let limit = list.metadata.and_then(|metadata| u64::try_from(metadata.limit?).ok());
        let rows_a_page = limit.filter(|limit| *limit > 0).unwrap_or(u64::from(size));
        let (fresh, after) = scan.step(Sheet { ids: &keys, length, size: rows_a_page, total: told });
        for (row, _) in list.rows.into_iter().zip(fresh).filter(|(_, fresh)| *fresh) {
            // A list of one status shows others only if the filter was ignored; those came, or come, elsewhere.
            let is_elsewhere = source.status.is_some()
                && status_of(&row).is_some_and(|status| source.status != Some(&*status));
            if !is_elsewhere && listing.holds(row.changed()) {
                row.put(&mut page, &self.custom_fields);
            }
        }
        let next = match self.follow(after, is_start, sources, &unpaged, by_id, told).await? {
            Some(scan) => Some(Position { scan, ..Position::default() }),
            // The lists are read; what is gone stands elsewhere.
            None if query.include_removed => {
                let scan = Scan { whole: scan.whole, ..Scan::default() };
                Some(Position { scan, events: 1, told: None })
            }
            None => None,
        };
        page.next = listing.next(next)?;
        Ok(page)
    }

    /// One page of events that tell which products were deleted, and a mark of it where another follows. Where the store has
    /// no events, nothing is told. That page numbers mean anything here is not documented: the page before again is the end.
    async fn removed(
        &self,
        listing: &Listing<'_>,
        page: u32,
        before: Option<u64>,
    ) -> Result<(Vec<String>, Option<u64>)> {
        const NAME: &str = "GET /events";
        let mut params = ListParams::default()
            .with_page(page)
            .with_limit(MAX_PAGE)
            .with_filter("filter", "Product")
            .with_filter("verb", "destroy");
        params.created_from = listing.query.modified_from.map(|from| from - MARGIN);
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
            return Err(foreign("the vendor's list of events does not end").with_context(NAME));
        }
        let is = |text: &Option<String>, word: &str| {
            text.as_deref().is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
        };
        let gone = list.data.into_iter().filter(|event| {
            // Filters that are ignored answer everything.
            is(&event.subject_type, "product")
                && is(&event.verb, "destroy")
                && listing.holds(event.created_on)
        });
        let mut ids: Vec<String> =
            gone.filter_map(|event| event.subject_id.filter(|id| *id > 0)).map(|id| id.to_string()).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok((ids, told))
    }

    async fn record<T: Named + Row>(&self, id: &str) -> Result<T::Record> {
        let (object, extra) = self.client.find::<T>(known(id)?, &self.custom_fields).await?;
        Ok(object.into_record(extra))
    }

    /// Where the scan goes after a page: on, once more through this list, to the next list, or nowhere.
    async fn follow(
        &self,
        after: After,
        is_start: bool,
        sources: &[Source],
        params: &ListParams,
        by_id: bool,
        told: Option<u64>,
    ) -> Result<Option<Scan>> {
        let wrong = |source: Option<Source>, what: &str| {
            Err(foreign(what).with_context(source.map_or("GET", |source| source.name)))
        };
        let end = match after {
            After::More(next) => return Ok(Some(next)),
            After::Endless => return wrong(None, "the vendor's list does not end"),
            After::End(end) | After::Repeated(end) => end,
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
                let what = "the vendor's list has more rows than it shows, or changes while it is read";
                return wrong(source, what);
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

/// What the credentials do not open is a warning; any other error stays one.
fn warn(info: &mut ShopInfo, error: Error, what: &str) -> Result<()> {
    if !is_closed(&error) {
        return Err(error);
    }
    info.warnings.push(what.to_owned());
    Ok(())
}

#[async_trait]
impl Connector for Sapo {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        let list = StreamCapabilities {
            list: true,
            max_page_size: MAX_PAGE,
            lag_seconds: LAG_SECONDS,
            ..StreamCapabilities::default()
        };
        let counted = StreamCapabilities { get: true, total: true, ..list };
        let windowed = StreamCapabilities { modified_from: true, modified_to: true, ..counted };
        let streams = match self.flavor() {
            Flavor::Web => vec![
                (Stream::Branches, list),
                (Stream::Categories, list),
                (Stream::Products, StreamCapabilities { removed: true, ..windowed }),
                (Stream::Customers, windowed),
                (Stream::Orders, windowed),
            ],
            Flavor::Pos => vec![
                (Stream::Branches, StreamCapabilities { total: true, ..list }),
                (Stream::Products, counted),
                (Stream::Customers, counted),
                // No filter: the whole list is read, and what did not change is left out.
                (Stream::Orders, windowed),
            ],
        };
        Capabilities {
            streams,
            push_customer: true,
            push_order: true,
            guest_orders: true,
            register_webhooks: true,
            webhooks: Some(Trust::Signed),
            ..Capabilities::default()
        }
    }

    /// Reads the store, one customer (web), and the branches. What the credentials do not open becomes a warning.
    async fn check(&self) -> Result<ShopInfo> {
        let mut info = ShopInfo::new(self.account.clone(), self.account.id());
        if self.is_web() {
            match self.client.get_store().await {
                Ok(store) => {
                    if let Some(other) = self.other_store(&store) {
                        info.account = Account::new(VENDOR, other.as_str());
                    }
                    info.name = store.name.unwrap_or(info.name);
                }
                Err(error) => warn(&mut info, error, "the store's own data cannot be read")?,
            }
            let one = ListParams::default().with_page(1).with_limit(1);
            if let Err(error) = self.client.list_customers(&one).await {
                warn(&mut info, error, "customers cannot be read: the app lacks the permission")?;
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
                Err(error) => {
                    let what = "branches cannot be read: they have a permission of their own (Chi nhánh)";
                    warn(&mut info, error, what)?;
                    break;
                }
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
                self.page_by::<web::Order>(Stream::Orders, &ORDERS, |order| order.status.as_deref(), query)
                    .await
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
        match self.flavor() {
            Flavor::Web => self.record::<web::Customer>(id).await,
            Flavor::Pos => self.record::<pos::Customer>(id).await,
        }
    }

    /// Orders. One that comes without its lines is read once more through the lists that may hold it, and the transactions
    /// of one that was refunded in part and does not say how much.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        if kind != DocumentKind::Order {
            return Err(Error::unsupported(
                "Sapo reads orders by id; refunds and returns belong to an order",
            ));
        }
        if self.flavor() == Flavor::Pos {
            return self.record::<pos::Order>(id).await;
        }
        let id = known(id)?;
        let (mut order, extra) = self.client.find::<web::Order>(id, &self.custom_fields).await?;
        if order.line_items.is_none() {
            let listed =
                self.client.listed::<web::Order>(id, |order| order.line_items.is_some(), &[]).await?;
            order = listed.object.map_or(order, |(listed, _)| listed);
        }
        let (is_cut, hides_refund) = (order.line_items.is_none(), order.hides_refund());
        let mut record = order.into_record(extra);
        if hides_refund && let Some(refunded) = refunds_in(&self.client.list_transactions(id).await?.data) {
            record.refunded = Some(refunded);
            record.incomplete = is_cut;
        }
        Ok(record)
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        match self.flavor() {
            Flavor::Web => self.record::<web::Product>(id).await,
            Flavor::Pos => self.record::<pos::Product>(id).await,
        }
    }

    async fn push_customer(&self, customer: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        let _turn = self.pushing.lock().await;
        push::customer(&self.client, customer).await
    }

    async fn push_order(&self, order: &OrderPush) -> Result<Pushed<OrderRecord>> {
        let _turn = self.pushing.lock().await;
        push::order(&self.client, order).await
    }

    /// Signed with the app's secret: that of the plan is not sent. Sends one request for each page of the list and one for each
    /// webhook that lacks.
    async fn register_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        kit::register(self, plan).await
    }

    async fn webhook_health(&self, plan: &HookPlan) -> Result<HookReport> {
        kit::health_of(self, plan).await
    }
}

#[async_trait]
impl Hooked for Sapo {
    fn topics(&self) -> &'static [&'static str] {
        match self.flavor() {
            Flavor::Web => &WEB_TOPICS,
            Flavor::Pos => &POS_TOPICS,
        }
    }

    fn check_plan(&self, plan: &HookPlan) -> Result<()> {
        match plan.url.scheme() {
            "https" => Ok(()),
            _ => Err(PROFILE.error("the webhook address is no https URL")),
        }
    }

    async fn hooks(&self, _: &HookPlan) -> Result<Vec<Hook>> {
        let mut hooks: BTreeMap<i64, Webhook> = BTreeMap::new();
        let keep = |hook: Webhook| {
            hooks.insert(hook.id, hook);
            None::<()>
        };
        self.client.search(&ListParams::default(), u32::MAX, keep).await?;
        let hook = |(id, hook): (i64, Webhook)| Hook {
            id: id.to_string(),
            topic: hook.topic.unwrap_or_default(),
            url: hook.address.unwrap_or_default(),
            state: HookState::Alive,
        };
        Ok(hooks.into_iter().map(hook).collect())
    }

    async fn mend(&self, _: &HookPlan, mend: Mend<'_>) -> Result<()> {
        if mend.is_served {
            return Ok(());
        }
        self.client.register_webhook(&WebhookWrite::new(mend.topic, mend.url)).await.map(drop)
    }
}
