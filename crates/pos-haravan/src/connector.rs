//! A Haravan shop behind the common trait.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::kit::{Listing, Raw, Row, known};
use pos_core::record::{
    BranchRecord, CustomerRecord, DocumentKind, Extra, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::webhook::Trust;
use pos_core::{
    Account, Capabilities, Connector, Error, ErrorKind, HookPlan, HookReport, HookState, ListQuery, Page,
    Result, ShopInfo, Stream, StreamCapabilities,
};
use serde::{Deserialize, Serialize};

use crate::answer::{Resource, read_list};
use crate::client::{Client, EVENTS, ListEndpoint, ListParams, at, step};
use crate::model;
use crate::profile::{MAX_PAGE, PROFILE, VENDOR};
use crate::scan::{Walk, lost};
use crate::webhook::Webhooks;

/// How long a change may stay invisible: an overlap of 5 to 10 minutes is advised, and events lag by minutes (D).
const LAG_SECONDS: u32 = 600;

/// How a position is written: the first version trusted the order of ids, the second had the bounds of its query.
const CURSOR_VERSION: u32 = 3;

/// One Haravan shop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct Haravan {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) webhooks: Webhooks,
    pub(crate) is_app: bool,
}

/// The topics that a CRM lives from: what the health of its webhooks is told of.
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

/// What a cursor holds.
#[derive(Default, Serialize, Deserialize)]
struct Position {
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

    /// An app that is installed subscribes by request; with a private token a shop sets its webhooks up by hand.
    fn refuse_private(&self) -> Result<()> {
        match self.is_app {
            true => Ok(()),
            false => Err(Error::unsupported(
                "a shop with a private token sets its webhooks up in Settings → Notifications",
            )),
        }
    }

    fn listing<'q>(&self, stream: Stream, query: &'q ListQuery) -> Result<(Listing<'q>, Position)> {
        let listing = Listing::new(self, stream, CURSOR_VERSION, query)?;
        let position: Position = listing.resume()?.unwrap_or_default();
        if !position.walk.is_sound() {
            return Err(Error::config(format!("this cursor was not made by {VENDOR}/{stream}")));
        }
        Ok((listing, position))
    }

    /// One page of a list with pages: walked so that no order is needed, and filtered again here, because the vendor's clock
    /// may be seven hours off. A scan without bounds is over when it has as many rows as the vendor counts.
    async fn page<T: Resource>(&self, query: &ListQuery) -> Result<Page<T::Record>> {
        let (listing, mut position) = self.listing(T::STREAM, query)?;
        if position.events {
            return self.removed(&listing, position).await;
        }
        let endpoint = ListEndpoint::of::<T>();
        let params = ListParams { updated_from: query.modified_from, ..ListParams::default() };
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let response = self.client.walk(&endpoint, &position.walk, size, params).await?;
        let (rows, next) = step::<T>(&endpoint, &position.walk, size, &response)?;
        let mut page = Page::default();
        for row in rows.into_iter().filter(|row| !listing.is_before(row.changed())) {
            row.put(&mut page, &self.custom_fields);
        }
        let whole = query.modified_from.is_none();
        if position.walk.is_new() && whole && query.page_size.is_none() {
            position.total = self.counted::<T>().await?;
        }
        page.total = position.total.filter(|_| whole);
        let wrong = |error: Error| error.with_context(T::LIST);
        let next = match next {
            Some(walk) => {
                if walk.sent.is_multiple_of(LONG)
                    && let Some(count) = self.counted::<T>().await?
                    && walk.counted > count.saturating_mul(2).saturating_add(1000)
                {
                    return Err(wrong(lost("the list goes on far beyond what the vendor counts")));
                }
                Some(Position { walk, ..position })
            }
            None => match whole && self.falls_short::<T>(&position).await? {
                true if position.missed => {
                    return Err(wrong(lost(
                        "the vendor counts more records than its list shows: rows may be missing",
                    )));
                }
                true => {
                    Some(Position { walk: position.walk.again().map_err(wrong)?, missed: true, ..position })
                }
                false if query.include_removed => {
                    Some(Position { walk: Walk::default(), events: true, ..position })
                }
                false => None,
            },
        };
        page.next = listing.next(next)?;
        Ok(page)
    }

    /// How many records a list has, where the vendor counts them for this token.
    async fn counted<T: Resource>(&self) -> Result<Option<u64>> {
        use ErrorKind::{Forbidden, NotFound, Rejected};
        match self.client.count::<T>().await {
            Err(error) if matches!(error.kind(), Forbidden | NotFound | Rejected) => Ok(None),
            count => count.map(Some),
        }
    }

    /// Whether a whole list came out shorter than the vendor counts, both now and when it began.
    async fn falls_short<T: Resource>(&self, position: &Position) -> Result<bool> {
        let read = position.walk.counted;
        if position.total.is_some_and(|total| read >= total) {
            return Ok(false);
        }
        Ok(self.counted::<T>().await?.is_some_and(|count| read < count))
    }

    /// One page of events about deleted products.
    async fn removed<R>(&self, listing: &Listing<'_>, position: Position) -> Result<Page<R>> {
        let mut params = ListParams::default().with_filter("filter", SUBJECT).with_filter("verb", "destroy");
        params.created_from = listing.query.modified_from;
        let size = listing.query.page_size.unwrap_or(MAX_PAGE);
        let response = self.client.walk(&EVENTS, &position.walk, size, params).await?;
        let (rows, next) = step::<model::Event>(&EVENTS, &position.walk, size, &response)?;
        let whole = listing.query.modified_from.is_none();
        let mut page = Page { total: position.total.filter(|_| whole), ..Page::default() };
        // Whether the vendor heeds the filters is not proven: everything is looked at again.
        for event in rows.into_iter().filter_map(|row| row.read.ok()) {
            let is = |text: &Option<String>, word: &str| {
                text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(word))
            };
            let is_deletion = is(&event.verb, "destroy")
                && is(&event.subject_type, SUBJECT)
                && !listing.is_before(event.created_at);
            if let Some(id) = event.subject_id.filter(|id| is_deletion && *id > 0) {
                let id = id.to_string();
                if !page.removed.contains(&id) {
                    page.removed.push(id);
                }
            }
        }
        page.next = listing.next(next.map(|walk| Position { walk, ..position }))?;
        Ok(page)
    }

    /// One page of a list that the vendor gives in one piece: cut here, by ascending id.
    async fn piece<T: Resource>(&self, query: &ListQuery) -> Result<Page<T::Record>> {
        let (listing, position) = self.listing(T::STREAM, query)?;
        let endpoint = ListEndpoint::of::<T>();
        let size = query.page_size.unwrap_or(MAX_PAGE) as usize;
        let mut answers = Vec::new();
        loop {
            let params = ListParams {
                page: (!answers.is_empty()).then_some(answers.len() as u32 + 1),
                ..ListParams::default()
            };
            let response = match self.client.rows(&endpoint, &params).await {
                // Staff are shown on the Plus plan only (D); other shops have none to show.
                Err(error)
                    if T::STREAM == Stream::Users
                        && matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) =>
                {
                    return Ok(Page::default());
                }
                response => response?,
            };
            let rows =
                read_list::<T>(&response.body, T::MANY).map_err(|error| at(error, T::LIST, &response))?.len();
            answers.push(response);
            // No paging is shown; a list as long as a page may have another one all the same.
            if rows == 0 || !rows.is_multiple_of(MAX_PAGE as usize) || answers.len() >= MOST_PIECES {
                break;
            }
        }
        let mut rows: Vec<(i64, Raw<'_, T>)> = Vec::new();
        for answer in &answers {
            let read = read_list::<T>(&answer.body, T::MANY)?;
            rows.extend(read.into_iter().map(|row| (row.key().unwrap_or(i64::MAX), row)));
        }
        rows.sort_by_key(|(key, _)| *key);
        // A list that knows no pages comes again.
        rows.dedup_by(|one, other| one.0 == other.0 && one.0 != i64::MAX);
        let mut page = Page { total: Some(rows.len() as u64), ..Page::default() };
        let since = position.since.unwrap_or(0);
        rows.retain(|(key, _)| *key > since);
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().map_or(since, |(key, _)| *key);
        for (_, row) in rows {
            row.put(&mut page, &self.custom_fields);
        }
        let goes_on = more && last < i64::MAX;
        page.next = listing.next(goes_on.then_some(Position { since: Some(last), ..position }))?;
        Ok(page)
    }

    async fn record<T: Resource>(&self, id: &str) -> Result<T::Record> {
        let (object, custom) = self.client.find::<T>(known(id)?, &self.custom_fields).await?;
        Ok(object.into_record(custom))
    }
}

#[async_trait]
impl Connector for Haravan {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        let list = StreamCapabilities {
            list: true,
            max_page_size: MAX_PAGE,
            lag_seconds: LAG_SECONDS,
            ..StreamCapabilities::default()
        };
        // Given in one piece: the total is known, the time of change cannot be asked for.
        let piece = StreamCapabilities { total: true, ..list };
        let changed = StreamCapabilities { get: true, modified_from: true, ..list };
        Capabilities {
            streams: vec![
                (Stream::Branches, piece),
                (Stream::Users, piece),
                (Stream::Products, StreamCapabilities { removed: true, ..changed }),
                // There are no events about customers: their deletions come by webhook, or show in a full scan.
                (Stream::Customers, changed),
                // Nor are there of deleted orders: the vendor's table of verbs has `destroy` for products only.
                (Stream::Orders, changed),
            ],
            push_customer: true,
            push_order: true,
            customers_fixed: false,
            guest_orders: false,
            register_webhooks: self.is_app,
            webhooks: Some(Trust::Signed),
            vendor_id_alone: true,
        }
    }

    /// Reads the shop and its branches: two requests. The account is the shop's id, which is the org id.
    async fn check(&self) -> Result<ShopInfo> {
        let shop = self.client.get_shop().await?;
        let account = Account::new(VENDOR, shop.id.to_string());
        let mut info = ShopInfo::new(account, shop.name.clone().unwrap_or_else(|| shop.id.to_string()));
        info.branches = self
            .client
            .list_locations()
            .await?
            .data
            .into_iter()
            .map(|branch| branch.into_record(Extra::new()))
            .collect();
        if shop.id.to_string() != self.account.id() {
            info.warnings.push(format!("the token opens the shop {}, not {}", shop.id, self.account.id()));
        }
        if shop.timezone.as_deref().is_some_and(|zone| !zone.contains("+07:00")) {
            info.warnings.push("the shop's time zone is not UTC+7: changes may be read late".to_owned());
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.page::<model::Customer>(query).await
    }

    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => self.page::<model::Order>(query).await,
            _ => Err(Error::unsupported("Haravan has orders; refunds are part of them")),
        }
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.page::<model::Product>(query).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.piece::<model::Location>(query).await
    }

    /// Staff: an empty list on a plan that does not show them.
    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.piece::<model::User>(query).await
    }

    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.record::<model::Customer>(id).await
    }

    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match kind {
            DocumentKind::Order => self.record::<model::Order>(id).await,
            _ => Err(Error::unsupported("Haravan has orders; refunds are part of them")),
        }
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.record::<model::Product>(id).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(&self.client, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(&self.client, push).await
    }

    /// Switches the app's webhooks on for this shop when one of the topics is off. The vendor keeps a subscription for each
    /// topic and switches one off after 19 failed deliveries in a row, and all on every reinstallation. One or two requests; a
    /// topic that is not chosen in the partner dashboard costs the second one every time, because subscribing takes all that
    /// are chosen there, and neither topics nor an address.
    async fn register_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        let report = self.webhook_health(plan).await?;
        if !report.missing.is_empty() {
            self.client.subscribe_webhooks().await?;
        }
        Ok(report)
    }

    /// Missing are topics that were switched off after failures, or are not chosen in the partner dashboard. One request.
    async fn webhook_health(&self, plan: &HookPlan) -> Result<HookReport> {
        self.refuse_private()?;
        let known = self.client.list_subscriptions().await?;
        let events = known.iter().filter_map(|one| one.event.as_deref()).map(str::trim);
        let has = |topic: &str| events.clone().any(|event| event.eq_ignore_ascii_case(topic));
        let mut report = HookReport::default();
        for topic in plan.topics_or(&TOPICS) {
            report.tell(topic, has(topic).then_some(HookState::Alive));
        }
        let mut addresses = known.iter().filter_map(|one| one.url.as_deref());
        if addresses
            .any(|address| address.trim().trim_end_matches('/') != plan.url.as_str().trim_end_matches('/'))
        {
            report
                .warnings
                .push("the callback in the partner dashboard is not the planned address".to_owned());
        }
        Ok(report)
    }
}
