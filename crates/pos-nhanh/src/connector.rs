//! A Nhanh.vn shop behind the common trait: windows of 31 days walked by the cursor.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::kit::{Listing, known, number};
use pos_core::page::{Rejected, pick_custom};
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::webhook::{Trust, body_id};
use pos_core::{
    Account, Capabilities, Connector, ConnectorExt, Error, ErrorKind, ListQuery, Page, Result, Secret,
    ShopInfo, Stream, StreamCapabilities, lenient,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use time::{Date, Duration, OffsetDateTime};

use crate::answer::{read_list, read_row};
use crate::auth::{Bearer, Granted};
use crate::client::{
    BILL_DELETED, BILL_RETAIL, CUSTOMER_LIST, Client, DEPOTS, Endpoint, ListParams, MAX_PAGE, ORDER_DELETED,
    ORDER_LIST, PRODUCT_CATEGORY, PRODUCT_LIST, USERS, at, unknown,
};
use crate::map::{Facts, Listed, without_tax};
use crate::model;
use crate::profile::{DISPLAY_NAME, LAG_SECONDS, PROFILE, VENDOR};
use crate::push::Opening;
use crate::webhook::Webhooks;
use crate::wire::ceil;

/// Bills have no time of change: the last days are read again (?).
const BILL_LAG_SECONDS: u32 = 3 * 86_400;
/// What one query may span (D).
const SPAN: Duration = Duration::days(31);
/// How far each window reaches back into the one before, because nobody says whether bounds are inclusive.
const OVERLAP: Duration = Duration::seconds(60);
/// How far beyond now the last window reaches, so that rows that change during a scan are still in it.
const AHEAD: Duration = Duration::days(1);
/// How far outside of its window a row may stand before the window was not obeyed: time zones and late indexes explain a day.
const ASTRAY: Duration = Duration::days(1);
/// How many empty windows one call passes over.
const MOST_REQUESTS: usize = 12;
/// How many pages a window may have.
const MOST_PAGES: u32 = 200_000;

/// One Nhanh.vn shop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct Nhanh {
    pub(crate) client: Client,
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) account: Account,
    pub(crate) secret_key: Option<Secret>,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) sync_tax: bool,
    pub(crate) history_from: OffsetDateTime,
    pub(crate) opening: Opening,
    pub(crate) webhooks: Webhooks,
}

/// How a list is cut into windows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Windows {
    /// Not at all.
    None,
    /// By time of change: `updatedAtFrom/To`, filtered but of any span.
    Changed,
    /// By instants, at most 31 days: which one, and the names of its bounds.
    Instants(Stamp, &'static str, &'static str),
    /// By days in the stock book, at most 31.
    Days,
}

/// Which of its times a row is found by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stamp {
    Created,
    Updated,
}

impl Stamp {
    fn of(self, facts: &Facts) -> Option<OffsetDateTime> {
        match self {
            Self::Created => facts.created,
            Self::Updated => facts.updated,
        }
    }
}

const CREATED: Windows = Windows::Instants(Stamp::Created, "createdAtFrom", "createdAtTo");
const UPDATED: Windows = Windows::Instants(Stamp::Updated, "updatedAtFrom", "updatedAtTo");

/// One list that a stream is read from.
#[derive(Clone)]
struct Leg {
    endpoint: Endpoint,
    windows: Windows,
    /// What is always asked for.
    params: ListParams,
    deleted: bool,
    /// Only rows that never changed since they were written: others come from another list.
    unchanged: bool,
}

impl Leg {
    fn new(endpoint: Endpoint, windows: Windows) -> Self {
        Self { endpoint, windows, params: ListParams::default(), deleted: false, unchanged: false }
    }

    fn deleted(endpoint: Endpoint) -> Self {
        Self { deleted: true, ..Self::new(endpoint, CREATED) }
    }

    fn with_options(mut self, options: Value) -> Self {
        self.params.data_options = Some(options);
        self
    }

    fn with_filter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params = self.params.with_filter(name, value);
        self
    }
}

/// The bounds of a query in whole seconds, as they are sent.
fn bounds(query: &ListQuery) -> (Option<i64>, Option<i64>) {
    (query.modified_from.map(OffsetDateTime::unix_timestamp), query.modified_to.map(ceil))
}

/// What a cursor holds: which list, which window, and the vendor's own cursor in it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Position {
    #[serde(rename = "l")]
    leg: usize,
    /// Where the window starts, Unix seconds; where the first one started when absent.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    /// Where the last window ends, fixed before the first request.
    #[serde(rename = "u")]
    until: i64,
    /// The vendor's cursor, to be echoed unchanged.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    next: Option<Value>,
    /// How many cursors this window had so far.
    #[serde(rename = "c", skip_serializing_if = "is_zero")]
    cursors: u32,
    /// A digest of the latest one whose number is a power of two: cursors that go in a circle meet it again.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Position {
    /// The position behind a page, when the vendor's cursor goes on.
    fn onward(self, next: Value) -> Result<Self> {
        let digest = body_id(next.to_string().as_bytes())[..16].to_owned();
        if self.next.as_ref() == Some(&next) || self.mark.as_ref() == Some(&digest) {
            let what = "the vendor gives a cursor again that it gave before: the list would never end";
            return Err(Error::new(ErrorKind::Unexpected, what));
        }
        let cursors = self.cursors + 1;
        if cursors > MOST_PAGES {
            return Err(Error::new(ErrorKind::Unexpected, "the vendor's list does not end"));
        }
        let mark = if cursors.is_power_of_two() { Some(digest) } else { self.mark };
        Ok(Self { next: Some(next), cursors, mark, ..self })
    }

    /// The first position of a window.
    fn window(self, leg: usize, at: Option<i64>) -> Self {
        Self { leg, at, next: None, cursors: 0, mark: None, ..self }
    }
}

/// A window in nominal bounds: rows that changed from `start` up to `end`, the last one included at the end.
#[derive(Clone, Copy)]
struct Window {
    start: i64,
    end: i64,
    is_first: bool,
    is_last: bool,
}

impl Window {
    fn holds(&self, at: i64) -> bool {
        at >= self.start && (at < self.end || (self.is_last && at == self.end))
    }
}

fn instant(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn local_day(seconds: i64) -> Date {
    lenient::in_vietnam(instant(seconds)).date()
}

fn midnight(day: Date) -> i64 {
    day.midnight().assume_offset(lenient::VIETNAM).unix_timestamp()
}

impl Nhanh {
    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Uses another token from now on, for all clones of this connector. Calls that are under way end with the old one, which
    /// works for fifteen minutes more.
    pub fn replace_token(&self, token: impl Into<Secret>) {
        self.bearer.replace(token.into());
    }

    /// The lists that a stream is read from.
    fn legs(&self, stream: Stream, query: &ListQuery) -> Result<Vec<Leg>> {
        let branch = query.branch_id.as_deref().map(number).transpose()?;
        let with_branch = |leg: Leg| match branch {
            Some(branch) => leg.with_filter("depotIds", json!([branch])),
            None => leg,
        };
        // Everything was written once: a full read goes by that. What changed is found by the time of its change, and
        // what never did, which has no such time, by when it was written.
        let catches_up = query.modified_from.is_some();
        let walks: &[(Windows, bool)] =
            if catches_up { &[(UPDATED, false), (CREATED, true)] } else { &[(CREATED, false)] };
        let orders = |kind: Option<i64>| {
            walks.iter().map(move |(windows, unchanged)| {
                let leg = Leg { unchanged: *unchanged, ..Leg::new(ORDER_LIST, *windows) };
                let leg = with_branch(leg.with_options(json!({ "marketing": 1 })));
                match kind {
                    Some(kind) => leg.with_filter("type", kind),
                    None => leg,
                }
            })
        };
        let bills = || with_branch(Leg::new(BILL_RETAIL, Windows::Days).with_options(json!(["tags"])));
        let mut legs = match stream {
            Stream::Branches => vec![Leg::new(DEPOTS, Windows::None)],
            Stream::Users => vec![Leg::new(USERS, Windows::None)],
            Stream::Categories => vec![Leg::new(PRODUCT_CATEGORY, Windows::None)],
            Stream::Products => {
                let mut leg = Leg::new(PRODUCT_LIST, Windows::Changed);
                leg.params.sort = Some(json!({ "id": "desc" }));
                vec![leg]
            }
            Stream::Customers => vec![Leg::new(CUSTOMER_LIST, Windows::Changed)],
            Stream::Orders => orders(None).collect(),
            Stream::Invoices => vec![bills()],
            // Goods brought back are orders of two types, and retail bills with goods coming in.
            Stream::Returns => orders(Some(16)).chain(orders(Some(14))).chain([bills()]).collect(),
            other => return Err(Error::unsupported(format!("Nhanh.vn has no {other}"))),
        };
        if query.include_removed {
            if matches!(stream, Stream::Orders | Stream::Returns) {
                legs.push(Leg::deleted(ORDER_DELETED));
            }
            if matches!(stream, Stream::Invoices | Stream::Returns) {
                legs.push(Leg::deleted(BILL_DELETED));
            }
        }
        Ok(legs)
    }

    /// Where the windows of a leg begin.
    fn beginning(&self, query: &ListQuery) -> i64 {
        bounds(query).0.unwrap_or_else(|| self.history_from.unix_timestamp())
    }

    fn window(&self, leg: &Leg, position: &Position, query: &ListQuery) -> Window {
        let start = position.at.unwrap_or_else(|| self.beginning(query));
        let end = match leg.windows {
            Windows::None | Windows::Changed => position.until,
            Windows::Instants(..) => start + (SPAN - OVERLAP).whole_seconds(),
            Windows::Days => midnight(local_day(start)) + SPAN.whole_seconds(),
        };
        Window {
            start,
            end: end.min(position.until),
            is_first: position.at.is_none(),
            is_last: end >= position.until,
        }
    }

    /// One page of any list, its rows read as `read` does: place in, records and the next place out. Empty windows are
    /// passed over.
    async fn page<T>(&self, stream: Stream, query: &ListQuery, read: Read<T>) -> Result<Page<T>> {
        let listing = Listing::new(self, stream, 3, query)?;
        let mut position: Position = listing.resume()?.unwrap_or_else(|| {
            let now = (self.client.http().now() + AHEAD).unix_timestamp();
            Position {
                until: bounds(query).1.unwrap_or(now).max(self.beginning(query)),
                ..Position::default()
            }
        });
        let legs = self.legs(stream, query)?;
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let mut page = Page::default();
        for _ in 0..MOST_REQUESTS {
            let leg = legs
                .get(position.leg)
                .ok_or_else(|| PROFILE.error(format_args!("this cursor is of no list of {stream}")))?;
            let window = self.window(leg, &position, query);
            let params = params(leg, &position, &window, query).with_size(size);
            let response = self.client.rows(leg.endpoint, &params).await?;
            let context = |error: Error| at(error, leg.endpoint, &response);
            let list = read_list(&response.body).map_err(context)?;
            let mut astray = false;
            let mut gone = Vec::new();
            for (at, raw) in list.rows.iter().enumerate() {
                let path = format!("data[{at}]");
                if leg.deleted {
                    match read_row::<model::Deleted>(raw, &path) {
                        Ok(row) => {
                            // When it was deleted.
                            let facts = Facts { created: row.created_at, ..Facts::default() };
                            astray |= is_astray(leg, &window, &facts);
                            gone.extend(row.id);
                        }
                        Err(rejected) => page.rejected.push(rejected),
                    }
                    continue;
                }
                match read(self, leg.endpoint, raw, &path) {
                    Ok((_, records)) if records.is_empty() => {}
                    Ok((facts, records)) => {
                        astray |= is_astray(leg, &window, &facts);
                        if holds(leg, &window, query, &facts) {
                            page.records.extend(records);
                        }
                    }
                    Err(rejected) => page.rejected.push(rejected),
                }
            }
            if astray {
                // Then the vendor answered something else, its last days perhaps, and rows are missing.
                let what = "the vendor passes over the window that was asked for: rows may be missing";
                return Err(context(Error::new(ErrorKind::Unexpected, what)));
            }
            for id in gone {
                // The lists tell numbers of whatever kind, and an order and a bill may share one: a return is gone when
                // neither of them is one any more.
                if stream != Stream::Returns || !self.is_return(&id).await? {
                    page.removed.push(id);
                }
            }
            let leg_number = position.leg;
            position = match list.next {
                Some(next) => position.onward(next).map_err(context)?,
                None if !window.is_last && matches!(leg.windows, Windows::Instants(..) | Windows::Days) => {
                    position.window(leg_number, Some(window.end))
                }
                None if leg_number + 1 < legs.len() => position.window(leg_number + 1, None),
                None => return Ok(page),
            };
            if !page.records.is_empty() || !page.removed.is_empty() || !page.rejected.is_empty() {
                break;
            }
        }
        page.next = listing.next(Some(position))?;
        Ok(page)
    }

    /// Whether this is the number of a return that is there, as far as it can be read.
    async fn is_return(&self, id: &str) -> Result<bool> {
        match self.get_document(DocumentKind::Return, id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) if !matches!(error.kind(), ErrorKind::Decode | ErrorKind::Unexpected) => Err(error),
            // It is there, or something is, or another object was answered: that proves no deletion.
            _ => Ok(true),
        }
    }
}

/// What a window of a list is asked for with.
fn params(leg: &Leg, position: &Position, window: &Window, query: &ListQuery) -> ListParams {
    let params = leg.params.clone().with_next(position.next.clone());
    match (leg.windows, query.modified_from, query.modified_to) {
        // Without a lower bound rows that never changed belong to the list; a filter would hide them.
        (Windows::None, ..) | (Windows::Changed, None, _) => params,
        (Windows::Changed, Some(from), None) => params.with_updated_from(from),
        (Windows::Changed, Some(from), Some(to)) => params.with_updated_from(from).with_updated_to(to),
        (Windows::Instants(_, from, to), ..) => {
            // The first window starts where the caller said: his overlap is his own.
            let back = if window.is_first { 0 } else { OVERLAP.whole_seconds() };
            params.with_filter(from, window.start - back).with_filter(to, window.end)
        }
        (Windows::Days, ..) => {
            let last = if window.is_last { window.end } else { window.end - 1 };
            params.with_days(local_day(window.start), local_day(last))
        }
    }
}

/// Whether a row belongs to its window. Rows of the overlap were in the window before; a bill has a day beside its instant.
fn holds(leg: &Leg, window: &Window, query: &ListQuery, facts: &Facts) -> bool {
    let other_branch = |branch: &String| facts.depot.as_ref().is_some_and(|depot| depot != branch.trim());
    if query.branch_id.as_ref().is_some_and(other_branch) || (leg.unchanged && facts.updated.is_some()) {
        return false;
    }
    let Some(changed) = facts.changed().map(OffsetDateTime::unix_timestamp) else { return true };
    let (from, to) = bounds(query);
    match leg.windows {
        Windows::None => true,
        Windows::Changed => from.is_none_or(|from| changed >= from) && to.is_none_or(|to| changed <= to),
        Windows::Instants(stamp, ..) => {
            let at = stamp.of(facts).map(OffsetDateTime::unix_timestamp);
            at.is_none_or(|at| window.holds(at)) && to.is_none_or(|to| changed <= to)
        }
        Windows::Days => {
            // Only the days at the ends are cut; what is written for another day is in by its day.
            let on = |bound: i64| facts.day.is_none_or(|day| day == local_day(bound));
            from.is_none_or(|from| changed >= from || !on(from))
                && to.is_none_or(|to| changed <= to || !on(to))
        }
    }
}

/// Whether a row stands so far outside of the window that was asked for that nobody looked at the window.
///
/// A row that changes while it is read may stand behind its window. Lists without a window of 31 days are read whole when
/// the filter is passed over, so nothing is missing there.
fn is_astray(leg: &Leg, window: &Window, facts: &Facts) -> bool {
    let (first, last) =
        (instant(window.start).saturating_sub(ASTRAY), instant(window.end).saturating_add(ASTRAY));
    match leg.windows {
        Windows::None | Windows::Changed => false,
        Windows::Instants(Stamp::Updated, ..) => facts.updated.is_some_and(|at| at < first),
        Windows::Instants(Stamp::Created, ..) => facts.created.is_some_and(|at| at < first || at > last),
        Windows::Days => facts.day.is_some_and(|day| {
            day < lenient::in_vietnam(first).date() || day > lenient::in_vietnam(last).date()
        }),
    }
}

/// A row that was read: when and where it is of, and the records in it.
type Seen<T> = std::result::Result<(Facts, Vec<T>), Rejected>;

/// How the rows of a list are read.
type Read<T> = fn(&Nhanh, Endpoint, &RawValue, &str) -> Seen<T>;

impl Nhanh {
    fn read<T: Listed>(&self, _: Endpoint, raw: &RawValue, path: &str) -> Seen<T::Record> {
        let row = read_row::<T>(raw, path)?;
        Ok((row.facts(), row.into_records(pick_custom(raw, &self.custom_fields))))
    }

    fn read_document(&self, from: Endpoint, raw: &RawValue, path: &str) -> Seen<OrderRecord> {
        let (facts, mut records) = match from {
            BILL_RETAIL => self.read::<model::Bill>(from, raw, path)?,
            _ => self.read::<model::Order>(from, raw, path)?,
        };
        if !self.sync_tax {
            records.iter_mut().for_each(without_tax);
        }
        Ok((facts, records))
    }

    /// One record through a list that is narrowed to it. A quotation, or a transfer between depots, is none yet.
    async fn one<T>(&self, endpoint: Endpoint, id: i64, read: Read<T>) -> Result<T> {
        let records = |raw: &RawValue| Ok(read(self, endpoint, raw, "data[0]")?.1);
        self.client.find(endpoint, id, records).await?.into_iter().next().ok_or_else(|| unknown(endpoint))
    }
}

#[async_trait]
impl Connector for Nhanh {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        let list = StreamCapabilities {
            list: true,
            max_page_size: MAX_PAGE,
            lag_seconds: LAG_SECONDS,
            ..StreamCapabilities::default()
        };
        let master = StreamCapabilities { get: true, modified_from: true, modified_to: true, ..list };
        let documents = StreamCapabilities { branch: true, removed: true, ..master };
        let bills = StreamCapabilities { lag_seconds: BILL_LAG_SECONDS, ..documents };
        Capabilities {
            streams: vec![
                (Stream::Branches, list),
                (Stream::Users, list),
                (Stream::Categories, list),
                (Stream::Products, master),
                (Stream::Customers, master),
                (Stream::Orders, documents),
                (Stream::Invoices, bills),
                (Stream::Returns, bills),
            ],
            push_customer: true,
            push_order: true,
            guest_orders: true,
            // Only in the developer console.
            register_webhooks: false,
            webhooks: Some(Trust::SharedToken),
            ..Capabilities::default()
        }
    }

    /// Has the token checked when the app's secret key is known (one request), and reads the depots (one request for each
    /// hundred). The account is the business that the vendor says the token belongs to; a token of another business than
    /// the one that was named reads nothing more. Without the secret key the vendor itself refuses such a token. It tells
    /// no name of the shop.
    async fn check(&self) -> Result<ShopInfo> {
        let business = self.account.id();
        let mut info = ShopInfo::new(self.account.clone(), format!("{DISPLAY_NAME} {business}"));
        if let Some(secret_key) = &self.secret_key {
            let grant = self.client.check_token(secret_key).await?;
            if let Some(granted) = grant.business_id.as_ref().filter(|granted| *granted != business) {
                info.account = Account::new(VENDOR, granted.clone());
                info.name = format!("{DISPLAY_NAME} {granted}");
                info.warnings
                    .push("the access token belongs to another business than the one that was named".into());
                return Ok(info);
            }
            info.warnings.extend(grant.warning(self.client.http().now()));
            if let Granted::Only(depots) = &grant.depot_ids {
                info.warnings.push(format!(
                    "the token sees only {} of the depots: sales of others are missing",
                    depots.len()
                ));
            }
        }
        let mut pages = self.pages(Stream::Branches, ListQuery::default());
        while let Some(page) = pages.try_next().await? {
            info.branches.extend(page.records.into_iter().filter_map(|record| match record {
                pos_core::Record::Branch(branch) => Some(*branch),
                _ => None,
            }));
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.page(Stream::Customers, query, Self::read::<model::Customer>).await
    }

    /// Orders carry those of goods brought back, too, as records of kind return; so do invoices, which are retail bills.
    /// Returns are these alone, and of them a number in the deleted lists is read again before it is told as removed. Sends up
    /// to twelve requests, as long as windows are empty, and two or three for each such number.
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        let mut page = self.page(kind.stream(), query, Self::read_document).await?;
        if kind == DocumentKind::Return {
            page.records.retain(|record| record.stream == DocumentKind::Return);
        }
        Ok(page)
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.page(Stream::Products, query, Self::read::<model::Product>).await
    }

    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        self.page(Stream::Categories, query, Self::read::<model::Category>).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.page(Stream::Branches, query, Self::read::<model::Depot>).await
    }

    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.page(Stream::Users, query, Self::read::<model::User>).await
    }

    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.one(CUSTOMER_LIST, known(id)?, Self::read::<model::Customer>).await
    }

    /// An order, a retail bill, or a return, which is looked for among both: an order and a bill may have one number. One request
    /// for each, or two where the vendor passes over the first way to name one object.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        let id = known(id)?;
        let order = || self.one(ORDER_LIST, id, Self::read_document);
        let bill = || self.one(BILL_RETAIL, id, Self::read_document);
        let is_return = |record: &OrderRecord| record.stream == DocumentKind::Return;
        match kind {
            DocumentKind::Order => order().await,
            DocumentKind::Invoice => bill().await,
            DocumentKind::Return => match order().await {
                Ok(record) if is_return(&record) => Ok(record),
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => bill().await.and_then(|record| match is_return(&record) {
                    true => Ok(record),
                    false => Err(unknown(BILL_RETAIL)),
                }),
            },
            _ => Err(Error::unsupported("Nhanh.vn has orders, retail bills and returns")),
        }
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.one(PRODUCT_LIST, known(id)?, Self::read::<model::Product>).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(&self.client, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        let mut pushed = crate::push::order(&self.client, &self.opening, push).await?;
        if let Some(record) = pushed.record.as_mut().filter(|_| !self.sync_tax) {
            without_tax(record);
        }
        Ok(pushed)
    }
}
