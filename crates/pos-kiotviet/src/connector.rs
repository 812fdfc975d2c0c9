//! A KiotViet shop behind the common trait.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::http::Pacer;
use pos_core::page::{OffsetScan, pick_custom};
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::webhook::{Delivery, Handshake, Identified, Refusal, Trust, Verified, WebhookRequest, body_id};
use pos_core::{
    Account, Capabilities, Connector, ConnectorExt, Cursor, Error, ErrorKind, ListQuery, Page, Result,
    ShopInfo, Stream, StreamCapabilities, Vendor, WebhookVerifier,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::answer::{Keyed, Row, Rows, read_list};
use crate::client::{
    BRANCHES, CATEGORIES, CUSTOMERS, Client, INVOICES, ListEndpoint, ListParams, MAX_PAGE, ORDERS, PRODUCTS,
    RETURNS, USERS, at,
};
use crate::config::KiotVietBuilder;
use crate::map::ToRecord;
use crate::webhook::Webhooks;
use crate::{DISPLAY_NAME, VENDOR, model};

/// How long a change may stay invisible: the sheet asks for an overlap of minutes.
const LAG_SECONDS: u32 = 300;

/// One KiotViet shop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct KiotViet {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) shipping_surcharge: Option<i64>,
    pub(crate) webhooks: Webhooks,
}

/// What a cursor holds: the place, and the bounds that the place is meant for.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    #[serde(flatten)]
    scan: OffsetScan,
    #[serde(rename = "b", default)]
    bounds: Bounds,
    /// A hash of the removed ids that were handed on already: the vendor repeats them on every page.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    told: Option<String>,
}

/// The bounds of a query as they are sent.
#[derive(Default, PartialEq, Serialize, Deserialize)]
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
            to: query.modified_to.map(OffsetDateTime::unix_timestamp),
            branch: query.branch_id.clone(),
            removed: query.include_removed,
        }
    }
}

impl KiotViet {
    /// What a connection needs.
    pub fn builder() -> KiotVietBuilder {
        KiotVietBuilder::default()
    }

    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// The vendor's number of the shop (`retailerId`), which webhooks name as their tenant: from the token, else from a
    /// branch. Sends at most one request beside the token's.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn tenant(&self) -> Result<Option<String>> {
        if let Some(id) = self.client.claims().await?.retailer_id {
            return Ok(Some(id));
        }
        let page = self.client.list_branches(&ListParams::default().with_page_size(1)).await?;
        Ok(page.data.first().and_then(|branch| branch.retailer_id).map(|id| id.to_string()))
    }

    /// One page of any list: bounds and place in, records and the next place out.
    async fn page<T: DeserializeOwned + Keyed + ToRecord + Changed>(
        &self,
        stream: Stream,
        endpoint: &ListEndpoint,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        self.capabilities().refuse_unsupported(stream, query)?;
        let scope = format!("{VENDOR}/{stream}/1");
        let bounds = Bounds::of(query);
        let place: Place = match &query.cursor {
            Some(cursor) => cursor.decode(&scope)?,
            None => Place::default(),
        };
        if query.cursor.is_some() && place.bounds != bounds {
            return Err(Error::config(format!(
                "this cursor of {stream} belongs to a query with other bounds"
            )));
        }
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let params = ListParams {
            page_size: Some(size),
            current_item: place.scan.offset,
            modified_from: query.modified_from,
            modified_to: query.modified_to,
            // Categories tell it without being asked.
            include_removed: query.include_removed && stream != Stream::Categories,
            branch_ids: query.branch_id.as_deref().map(number).transpose()?.into_iter().collect(),
            ..ListParams::default()
        };
        let response = self.client.rows(endpoint, &params).await?;
        let list: Rows<'_, T> =
            read_list(&response.body).map_err(|error| at(error, endpoint.name, &response))?;
        let mut page = Page { total: list.total, ..Page::default() };
        let sums = list.rows.iter().filter(|row| !row.is_record()).count() as u64;
        let page_size = list.page_size.unwrap_or(u64::from(size)).saturating_sub(sums);
        let rows: Vec<_> = list.rows.into_iter().filter(Row::is_record).collect();
        let keys: Vec<Option<i64>> = rows.iter().map(Row::key).collect();
        // A row of sums may be counted.
        let counted = list.total.filter(|_| sums == 0 || !rows.is_empty());
        let step = place
            .scan
            .step(&fill_gaps(&keys, &place.scan), page_size, counted)
            .map_err(|error| error.with_context(endpoint.name))?;
        let mut told = place.told;
        if query.include_removed {
            (page.removed, told) = removed(list.removed, &keys, told);
        }
        for (row, fresh) in rows.into_iter().zip(step.fresh) {
            match row.read {
                _ if !fresh => {}
                Ok(read) if is_after(read.changed(), query.modified_to) => {}
                Ok(read) => {
                    page.records
                        .push(T::with_custom(read.record(), pick_custom(row.raw, &self.custom_fields)));
                }
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        page.next =
            step.next.map(|scan| Cursor::encode(&scope, &Place { scan, bounds, told })).transpose()?;
        Ok(page)
    }
}

/// The removed ids that a page tells anew, and what to remember of them. What the same page shows alive is not removed.
///
/// They are handed on once for each list of them, so that a record that lives again and stands on a later page is the
/// last word.
fn removed(ids: Vec<String>, alive: &[Option<i64>], told: Option<String>) -> (Vec<String>, Option<String>) {
    if ids.is_empty() {
        return (ids, told);
    }
    let mut hash = body_id(ids.join(",").as_bytes());
    hash.truncate(16);
    if told.as_deref() == Some(&hash) {
        return (Vec::new(), told);
    }
    let alive: HashSet<String> = alive.iter().flatten().map(ToString::to_string).collect();
    (ids.into_iter().filter(|id| !alive.contains(id)).collect(), Some(hash))
}

/// The upper bound goes out in whole seconds, raised: what lies behind the asked instant is left to the next window.
fn is_after(changed: Option<OffsetDateTime>, to: Option<OffsetDateTime>) -> bool {
    matches!((changed, to), (Some(changed), Some(to)) if changed > to)
}

/// When a row last changed.
trait Changed {
    fn changed(&self) -> Option<OffsetDateTime>;
}

macro_rules! changed {
    ($($type:ident),* ; $($never:ident),*) => {
        $(impl Changed for model::$type {
            fn changed(&self) -> Option<OffsetDateTime> {
                self.modified_date.or(self.created_date)
            }
        })*
        $(impl Changed for model::$never {
            fn changed(&self) -> Option<OffsetDateTime> {
                None
            }
        })*
    };
}

changed!(Customer, Order, Invoice, Return, Product, Branch, Category; User);

/// Gives rows without a readable id one that fits between their neighbours, so that a scan by ascending id can count
/// them.
fn fill_gaps(keys: &[Option<i64>], scan: &OffsetScan) -> Vec<i64> {
    let leading = keys.iter().take_while(|key| key.is_none()).count();
    let next = keys.get(leading).copied().flatten();
    // A page starts with the last row of the page before, unless that page had a single row.
    let repeats = scan.page.is_none_or(|(first, last)| first != last);
    let first = match (scan.last, next) {
        (Some(last), next) if repeats => {
            next.map_or(last, |next| last.min(next.saturating_sub(leading as i64)))
        }
        (Some(last), _) => last.saturating_add(1),
        (None, Some(next)) => next.saturating_sub(leading as i64),
        (None, None) => 1,
    };
    let mut before = first.saturating_sub(1);
    keys.iter()
        .map(|key| {
            before = key.unwrap_or(before.saturating_add(1));
            before
        })
        .collect()
}

pub(crate) fn number(id: &str) -> Result<i64> {
    id.trim()
        .parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| Error::config("KiotViet's ids are whole numbers above zero"))
}

/// An id that is no number cannot exist.
fn known(id: &str) -> Result<i64> {
    number(id).map_err(|_| Error::new(ErrorKind::NotFound, "KiotViet's ids are whole numbers above zero"))
}

#[async_trait]
impl Connector for KiotViet {
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
            caps.total = true;
            caps.max_page_size = MAX_PAGE;
            caps.lag_seconds = LAG_SECONDS;
            set(&mut caps);
            caps
        };
        let small = list(|caps| (caps.modified_from, caps.removed) = (true, true));
        let master = list(|caps| (caps.get, caps.modified_from, caps.removed) = (true, true, true));
        let documents = list(|caps| {
            (caps.get, caps.modified_from, caps.modified_to, caps.branch) = (true, true, true, true);
        });
        let mut capabilities = Capabilities::default();
        capabilities.streams = vec![
            (Stream::Branches, small),
            (Stream::Users, small),
            (Stream::Categories, small),
            (Stream::Products, master),
            (Stream::Customers, master),
            (Stream::Orders, documents),
            (Stream::Invoices, documents),
            // No filter by date and no read by id are documented.
            (Stream::Returns, list(|_| {})),
        ];
        capabilities.push_customer = true;
        capabilities.push_order = true;
        capabilities.register_webhooks = true;
        capabilities.webhooks = Some(Trust::Signed);
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

    fn parse_delivery(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        self.webhooks.parse(verified)
    }

    /// Fetches a token if there is none, reads the branches (one request for each hundred) and the settings. The account is
    /// the shop that the token was issued to, where the token says so.
    async fn check(&self) -> Result<ShopInfo> {
        let claims = self.client.claims().await?;
        let owner = claims.retailer_code.filter(|owner| !owner.eq_ignore_ascii_case(&self.account.id));
        let account =
            owner.as_ref().map_or(self.account.clone(), |owner| Account::new(VENDOR, owner.clone()));
        let name = account.id.clone();
        let mut info = ShopInfo::new(account, name);
        let mut pages = self.pages(Stream::Branches, ListQuery::default());
        while let Some(page) =
            pages.try_next().await.map_err(|error| wrong_shop(error, &self.account.id, owner.as_deref()))?
        {
            info.branches.extend(page.records.into_iter().filter_map(|record| match record {
                pos_core::Record::Branch(branch) => Some(*branch),
                _ => None,
            }));
        }
        match self.client.get_settings().await {
            Ok(settings) => {
                info.separates_customers_by_branch = settings.manager_customer_by_branch.unwrap_or(false)
            }
            // Without the right to read them the shop is taken to be undivided; the merchant should know.
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => {
                info.warnings.push(
                    "the settings cannot be read: whether customers are kept apart by branch is unknown"
                        .into(),
                );
            }
            Err(error) => return Err(error),
        }
        if let Some(owner) = owner {
            info.warnings.push(format!("the token was issued to the shop `{owner}`"));
        }
        Ok(info)
    }

    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        self.page::<model::Customer>(Stream::Customers, &CUSTOMERS, query).await
    }

    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        match kind {
            DocumentKind::Order => self.page::<model::Order>(Stream::Orders, &ORDERS, query).await,
            DocumentKind::Invoice => self.page::<model::Invoice>(Stream::Invoices, &INVOICES, query).await,
            DocumentKind::Return => self.page::<model::Return>(Stream::Returns, &RETURNS, query).await,
            _ => Err(Error::unsupported("KiotViet has orders, invoices and returns")),
        }
    }

    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        self.page::<model::Product>(Stream::Products, &PRODUCTS, query).await
    }

    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        self.page::<model::Category>(Stream::Categories, &CATEGORIES, query).await
    }

    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        self.page::<model::Branch>(Stream::Branches, &BRANCHES, query).await
    }

    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        self.page::<model::User>(Stream::Users, &USERS, query).await
    }

    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.client.get_record::<model::Customer>(known(id)?, &self.custom_fields).await
    }

    /// Orders and invoices; a return can only be read by its code, with
    /// [`Client::get_return_by_code`], so that here it is `Unsupported`.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        match kind {
            DocumentKind::Order => {
                self.client.get_record::<model::Order>(known(id)?, &self.custom_fields).await
            }
            DocumentKind::Invoice => {
                self.client.get_record::<model::Invoice>(known(id)?, &self.custom_fields).await
            }
            _ => Err(Error::unsupported("KiotViet reads a return by its code, not by id")),
        }
    }

    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        self.client.get_record::<model::Product>(known(id)?, &self.custom_fields).await
    }

    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        crate::push::customer(self, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(self, push).await
    }
}

/// A fresh token that the shop's data refuses is most likely a token of another shop.
fn wrong_shop(error: Error, retailer: &str, owner: Option<&str>) -> Error {
    let refused = matches!(error.kind(), ErrorKind::Auth | ErrorKind::NotFound | ErrorKind::Rejected)
        || (error.kind() == ErrorKind::Forbidden && owner.is_some());
    if !refused || error.context() != Some("GET /branches") {
        return error;
    }
    let owner = owner.map(|owner| format!("; the token was issued to `{owner}`")).unwrap_or_default();
    let what = format!("client id and secret are good, but not for a shop named `{retailer}`{owner}");
    let mut wrong = Error::new(ErrorKind::Auth, what)
        .with_context("GET /branches")
        .with_vendor_code(error.vendor_code().map(str::to_owned))
        .with_vendor_message(error.vendor_message().map(str::to_owned));
    if let Some(status) = error.status() {
        wrong = wrong.with_status(status);
    }
    wrong.with_source(error)
}

impl WebhookVerifier for KiotViet {
    fn trust(&self) -> Trust {
        self.webhooks.trust()
    }
    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.webhooks.verify(request)
    }
    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        self.webhooks.identify(verified)
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
