//! A Nhanh.vn shop behind the common trait: windows of 31 days walked by the cursor.

use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::http::Pacer;
use pos_core::page::{Rejected, pick_custom};
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::webhook::{Delivery, Identified, Refusal, Trust, Verified, WebhookRequest, body_id};
use pos_core::{
    Account, Capabilities, Connector, ConnectorExt, Cursor, Error, ErrorKind, ListQuery, Page, Result,
    Secret, ShopInfo, Stream, StreamCapabilities, Vendor, WebhookVerifier, lenient,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use time::{Date, Duration, OffsetDateTime};

use crate::answer::{read_list, read_row};
use crate::auth::{Bearer, Granted};
use crate::client::{
    BILL_DELETED, BILL_RETAIL, CUSTOMER_LIST, Client, DEPOTS, Endpoint, ListParams, MAX_PAGE, ORDER_DELETED,
    ORDER_LIST, PRODUCT_CATEGORY, PRODUCT_LIST, USERS, ceil, unknown,
};
use crate::map::{Facts, Row, without_tax};
use crate::model::{self, NewStatus};
use crate::profile::{DISPLAY_NAME, VENDOR};
use crate::webhook::Webhooks;

/// How long a change may stay invisible: the bounds of filters are not documented as inclusive, and indexes lag.
pub(crate) const LAG_SECONDS: u32 = 300;
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
    pub(crate) order_status: NewStatus,
    pub(crate) source_name: Arc<str>,
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
    filters: Map<String, Value>,
    sort: Option<Value>,
    options: Option<Value>,
    deleted: bool,
    /// Only rows that never changed since they were written: others come from another list.
    unchanged: bool,
}

impl Leg {
    fn new(endpoint: Endpoint, windows: Windows) -> Self {
        Self {
            endpoint,
            windows,
            filters: Map::new(),
            sort: None,
            options: None,
            deleted: false,
            unchanged: false,
        }
    }

    fn deleted(endpoint: Endpoint) -> Self {
        Self { deleted: true, ..Self::new(endpoint, CREATED) }
    }

    fn filter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.filters.insert(name.to_owned(), value.into());
        self
    }
}

/// The bounds of a query as they are sent.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Bounds {
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(rename = "r", skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

impl Bounds {
    fn of(query: &ListQuery) -> Self {
        Self {
            from: query.modified_from.map(OffsetDateTime::unix_timestamp),
            to: query.modified_to.map(ceil),
            branch: query.branch_id.clone(),
            removed: query.include_removed,
        }
    }
}

/// What a cursor holds: which list, which window, the vendor's own cursor in it, and the bounds that all this is meant for.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
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
    #[serde(rename = "b")]
    bounds: Bounds,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Place {
    /// The place behind a page, when the vendor's cursor goes on.
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

    /// The first place of a window.
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
            Some(branch) => leg.filter("depotIds", json!([branch])),
            None => leg,
        };
        // Everything was written once: a full read goes by that. What changed is found by the time of its change, and
        // what never did, which has no such time, by when it was written.
        let catches_up = query.modified_from.is_some();
        let walks: &[(Windows, bool)] =
            if catches_up { &[(UPDATED, false), (CREATED, true)] } else { &[(CREATED, false)] };
        let orders = |kind: Option<i64>| {
            walks.iter().map(move |(windows, unchanged)| {
                let leg = with_branch(Leg {
                    options: Some(json!({ "marketing": 1 })),
                    unchanged: *unchanged,
                    ..Leg::new(ORDER_LIST, *windows)
                });
                match kind {
                    Some(kind) => leg.filter("type", kind),
                    None => leg,
                }
            })
        };
        let bills =
            || with_branch(Leg { options: Some(json!(["tags"])), ..Leg::new(BILL_RETAIL, Windows::Days) });
        let mut legs = match stream {
            Stream::Branches => vec![Leg::new(DEPOTS, Windows::None)],
            Stream::Users => vec![Leg::new(USERS, Windows::None)],
            Stream::Categories => vec![Leg::new(PRODUCT_CATEGORY, Windows::None)],
            Stream::Products => {
                vec![Leg { sort: Some(json!({ "id": "desc" })), ..Leg::new(PRODUCT_LIST, Windows::Changed) }]
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
    fn beginning(&self, bounds: &Bounds) -> i64 {
        bounds.from.unwrap_or_else(|| self.history_from.unix_timestamp())
    }

    fn window(&self, leg: &Leg, place: &Place) -> Window {
        let first = self.beginning(&place.bounds);
        let start = place.at.unwrap_or(first);
        let end = match leg.windows {
            Windows::None | Windows::Changed => place.until,
            Windows::Instants(..) => start + (SPAN - OVERLAP).whole_seconds(),
            Windows::Days => midnight(local_day(start)) + SPAN.whole_seconds(),
        };
        Window { start, end: end.min(place.until), is_first: place.at.is_none(), is_last: end >= place.until }
    }

    fn params(&self, leg: &Leg, place: &Place, window: &Window, size: u32) -> ListParams {
        let mut params = ListParams::default().with_size(size).with_next(place.next.clone());
        params.filters = leg.filters.clone();
        params.sort = leg.sort.clone();
        params.data_options = leg.options.clone();
        match leg.windows {
            Windows::None => params,
            Windows::Changed => {
                // Without a lower bound rows that never changed belong to the list; a filter would hide them.
                if let Some(from) = place.bounds.from {
                    params = params.with_filter("updatedAtFrom", from);
                    if let Some(to) = place.bounds.to {
                        params = params.with_filter("updatedAtTo", to);
                    }
                }
                params
            }
            Windows::Instants(_, from, to) => {
                // The first window starts where the caller said: his overlap is his own.
                let back = if window.is_first { 0 } else { OVERLAP.whole_seconds() };
                params.with_filter(from, window.start - back).with_filter(to, window.end)
            }
            Windows::Days => {
                let last = if window.is_last { window.end } else { window.end - 1 };
                params.with_days(local_day(window.start), local_day(last))
            }
        }
    }

    /// One page of any list: bounds and place in, records and the next place out. Empty windows are passed over.
    async fn page<T>(&self, stream: Stream, query: &ListQuery) -> Result<Page<T>>
    where
        T: Read,
    {
        self.capabilities().refuse_unsupported(stream, query)?;
        let scope = format!("{VENDOR}/{stream}/2");
        let bounds = Bounds::of(query);
        let mut place: Place = match &query.cursor {
            Some(cursor) => cursor.decode(&scope)?,
            None => {
                let now = (self.client.http().now() + AHEAD).unix_timestamp();
                let until = bounds.to.unwrap_or(now).max(self.beginning(&bounds));
                Place { until, bounds: bounds.clone(), ..Place::default() }
            }
        };
        let foreign =
            || Error::config(format!("this cursor of {stream} belongs to a query with other bounds"));
        if place.bounds != bounds {
            return Err(foreign());
        }
        let legs = self.legs(stream, query)?;
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let mut page = Page::default();
        for _ in 0..MOST_REQUESTS {
            let leg = legs.get(place.leg).ok_or_else(foreign)?;
            let window = self.window(leg, &place);
            let params = self.params(leg, &place, &window, size);
            let response = self.client.rows(leg.endpoint, &params).await?;
            let context = |error: Error| error.with_context(leg.endpoint.name).with_status(response.status);
            let list = read_list(&response.body).map_err(context)?;
            let mut astray = false;
            let mut gone = Vec::new();
            for (at, raw) in list.rows.iter().enumerate() {
                let path = format!("data[{at}]");
                if leg.deleted {
                    match read_row::<model::Deleted>(raw, &path) {
                        Ok(row) => {
                            astray |= is_astray(leg, &window, &row.facts());
                            gone.extend(row.key());
                        }
                        Err(rejected) => page.rejected.push(rejected),
                    }
                    continue;
                }
                let mut holds = |facts: &Facts| {
                    astray |= is_astray(leg, &window, facts);
                    holds(leg, &place, &window, facts)
                };
                T::read(self, leg.endpoint, raw, &path, &mut holds, &mut page);
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
            place = match list.next {
                Some(next) => place.onward(next).map_err(context)?,
                None if !window.is_last && matches!(leg.windows, Windows::Instants(..) | Windows::Days) => {
                    let leg = place.leg;
                    place.window(leg, Some(window.end))
                }
                None if place.leg + 1 < legs.len() => {
                    let leg = place.leg + 1;
                    place.window(leg, None)
                }
                None => return Ok(page),
            };
            if !page.records.is_empty() || !page.removed.is_empty() || !page.rejected.is_empty() {
                break;
            }
        }
        page.next = Some(Cursor::encode(&scope, &place)?);
        Ok(page)
    }

    /// Whether this is the number of a return that is there, as far as it can be read.
    async fn is_return(&self, id: &str) -> Result<bool> {
        match self.get_document(DocumentKind::Return, id).await {
            Ok(_) => Ok(true),
            Err(error) => match error.kind() {
                ErrorKind::NotFound => Ok(false),
                // Something is there, or another object was answered: that proves no deletion.
                ErrorKind::Decode | ErrorKind::Unexpected => Ok(true),
                _ => Err(error),
            },
        }
    }
}

/// Whether a row belongs to its window. Rows of the overlap were in the window before; a bill has a day beside its instant.
fn holds(leg: &Leg, place: &Place, window: &Window, facts: &Facts) -> bool {
    let other_branch = |branch: &String| facts.depot.as_ref().is_some_and(|depot| depot != branch.trim());
    if place.bounds.branch.as_ref().is_some_and(other_branch) || (leg.unchanged && facts.updated.is_some()) {
        return false;
    }
    let Some(changed) = facts.changed().map(OffsetDateTime::unix_timestamp) else { return true };
    let (from, to) = (place.bounds.from, place.bounds.to);
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

/// Tells whether a row belongs to the window.
type Holds<'a> = &'a mut dyn FnMut(&Facts) -> bool;

/// Records that a list page turns into.
trait Read: Sized {
    fn read(
        shop: &Nhanh,
        from: Endpoint,
        raw: &RawValue,
        path: &str,
        holds: Holds<'_>,
        page: &mut Page<Self>,
    );
}

fn read_as<T>(
    shop: &Nhanh,
    raw: &RawValue,
    path: &str,
    holds: impl FnOnce(&T) -> bool,
    page: &mut Page<T::Record>,
) where
    T: DeserializeOwned + Row,
{
    match read_row::<T>(raw, path) {
        Ok(row) if row.is_record() && holds(&row) => {
            let mut record = row.record();
            let custom = pick_custom(raw, &shop.custom_fields);
            if !custom.is_empty() {
                T::put_custom(&mut record, custom);
            }
            page.records.push(record);
        }
        Ok(_) => {}
        Err(rejected) => page.rejected.push(rejected),
    }
}

macro_rules! plain {
    ($($record:ty = $row:ty),* $(,)?) => {$(
        impl Read for $record {
            fn read(shop: &Nhanh, _: Endpoint, raw: &RawValue, path: &str, holds: Holds<'_>, page: &mut Page<Self>) {
                read_as::<$row>(shop, raw, path, |row| holds(&row.facts()), page);
            }
        }
    )*};
}

plain!(
    CustomerRecord = model::Customer,
    ProductRecord = model::Product,
    BranchRecord = model::Depot,
    UserRecord = model::User
);

impl Read for CategoryRecord {
    fn read(_: &Nhanh, _: Endpoint, raw: &RawValue, path: &str, _: Holds<'_>, page: &mut Page<Self>) {
        match read_row::<model::Category>(raw, path) {
            Ok(category) => crate::answer::flatten(&category, &mut |one| page.records.push(one.record())),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
}

impl Read for OrderRecord {
    fn read(
        shop: &Nhanh,
        from: Endpoint,
        raw: &RawValue,
        path: &str,
        holds: Holds<'_>,
        page: &mut Page<Self>,
    ) {
        let before = page.records.len();
        if from == BILL_RETAIL {
            read_as::<model::Bill>(shop, raw, path, |row| holds(&row.facts()), page);
        } else {
            read_as::<model::Order>(shop, raw, path, |row| holds(&row.facts()), page);
        }
        if !shop.sync_tax {
            page.records.iter_mut().skip(before).for_each(without_tax);
        }
    }
}

impl Row for model::Deleted {
    type Record = ();
    fn key(&self) -> Option<String> {
        self.id.clone()
    }
    fn facts(&self) -> Facts {
        // When it was deleted.
        Facts { created: self.created_at, ..Facts::default() }
    }
    fn record(&self) {}
}

pub(crate) fn number(id: &str) -> Result<i64> {
    id.trim()
        .parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| Error::config("Nhanh.vn's ids are whole numbers above zero"))
}

/// An id that is no number cannot exist.
fn known(id: &str) -> Result<i64> {
    number(id).map_err(|_| Error::new(ErrorKind::NotFound, "Nhanh.vn's ids are whole numbers above zero"))
}

impl Nhanh {
    /// One record through a list that is narrowed to it.
    async fn read_one<T: DeserializeOwned + Row>(&self, endpoint: Endpoint, id: i64) -> Result<T::Record> {
        let record = |raw: &RawValue| -> std::result::Result<Option<T::Record>, Rejected> {
            let row = read_row::<T>(raw, "data[0]")?;
            // A quotation, or a transfer between depots: none yet.
            if !row.is_record() {
                return Ok(None);
            }
            let mut record = row.record();
            let custom = pick_custom(raw, &self.custom_fields);
            if !custom.is_empty() {
                T::put_custom(&mut record, custom);
            }
            Ok(Some(record))
        };
        self.client.find(endpoint, id, record).await?.ok_or_else(|| unknown(endpoint))
    }

    async fn read_document<T>(&self, endpoint: Endpoint, id: i64) -> Result<OrderRecord>
    where
        T: DeserializeOwned + Row<Record = OrderRecord>,
    {
        let mut record = self.read_one::<T>(endpoint, id).await?;
        if !self.sync_tax {
            without_tax(&mut record);
        }
        Ok(record)
    }
}

#[async_trait]
impl Connector for Nhanh {
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
        let small = list(|_| {});
        let master = list(|caps| (caps.get, caps.modified_from, caps.modified_to) = (true, true, true));
        let documents = list(|caps| {
            (caps.get, caps.modified_from, caps.modified_to) = (true, true, true);
            (caps.branch, caps.removed) = (true, true);
        });
        let mut bills = documents;
        bills.lag_seconds = BILL_LAG_SECONDS;
        let mut capabilities = Capabilities::default();
        capabilities.streams = vec![
            (Stream::Branches, small),
            (Stream::Users, small),
            (Stream::Categories, small),
            (Stream::Products, master),
            (Stream::Customers, master),
            (Stream::Orders, documents),
            (Stream::Invoices, bills),
            (Stream::Returns, bills),
        ];
        capabilities.push_customer = true;
        capabilities.push_order = true;
        // Only in the developer console.
        capabilities.register_webhooks = false;
        capabilities.webhooks = Some(Trust::SharedToken);
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

    /// Has the token checked when the app's secret key is known (one request), and reads the depots (one request for each
    /// hundred). The account is the business that the vendor says the token belongs to; a token of another business than
    /// the one that was named reads nothing more. Without the secret key the vendor itself refuses such a token. It tells
    /// no name of the shop.
    async fn check(&self) -> Result<ShopInfo> {
        let business = &self.account.id;
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
        self.page(Stream::Customers, query).await
    }

    /// Orders carry those of goods brought back, too, as records of kind return; so do invoices, which are retail bills.
    /// Returns are these alone, and of them a number in the deleted lists is read again before it is told as removed. Sends up
    /// to twelve requests, as long as windows are empty, and two or three for each such number.
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        let mut page = self.page::<OrderRecord>(kind.stream(), query).await?;
        if kind == DocumentKind::Return {
            page.records.retain(|record| record.stream == DocumentKind::Return);
        }
        Ok(page)
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.page(Stream::Products, query).await
    }

    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        self.page(Stream::Categories, query).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.page(Stream::Branches, query).await
    }

    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.page(Stream::Users, query).await
    }

    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.read_one::<model::Customer>(CUSTOMER_LIST, known(id)?).await
    }

    /// An order, a retail bill, or a return, which is looked for among both: an order and a bill may have one number. One request
    /// for each, or two where the vendor passes over the first way to name one object.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        let id = known(id)?;
        let order = || self.read_document::<model::Order>(ORDER_LIST, id);
        let bill = || self.read_document::<model::Bill>(BILL_RETAIL, id);
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
        self.read_one::<model::Product>(PRODUCT_LIST, known(id)?).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(self, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(self, push).await
    }
}
