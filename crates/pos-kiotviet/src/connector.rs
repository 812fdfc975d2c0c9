//! A KiotViet shop behind the common trait.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use pos_core::connector::{CustomerPush, OrderPush, Pushed};
use pos_core::kit::{self, Hooked, Listing, Mend, Raw, Row, known, number};
use pos_core::page::OffsetScan;
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::webhook::{Trust, body_id};
use pos_core::{
    Account, Capabilities, Connector, ConnectorExt, Error, ErrorKind, HookPlan, HookReport, HookState,
    ListQuery, Page, Result, ShopInfo, Stream, StreamCapabilities,
};
use serde::{Deserialize, Serialize};

use crate::answer::{Rows, read_list};
use crate::auth::Bearer;
use crate::client::{
    BRANCHES, CATEGORIES, CUSTOMERS, Client, INVOICES, ListEndpoint, ListParams, MAX_PAGE, ORDERS, PRODUCTS,
    RETURNS, USERS, at,
};
use crate::model::{self, HookWrite};
use crate::profile::{PROFILE, VENDOR};
use crate::webhook::{EVENT_TYPE, FOLLOWED, TYPES, Webhooks, fingerprint};

/// How long a change may stay invisible: the sheet asks for an overlap of minutes.
const LAG_SECONDS: u32 = 300;

/// One KiotViet shop. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct KiotViet {
    pub(crate) client: Client,
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) shipping_surcharge: Option<i64>,
    pub(crate) webhooks: Webhooks,
}

/// What a cursor holds.
#[derive(Default, Serialize, Deserialize)]
struct Position {
    #[serde(flatten)]
    scan: OffsetScan,
    /// A hash of the removed ids that were handed on already: the vendor repeats them on every page.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    told: Option<String>,
}

impl KiotViet {
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
        if let Some(id) = self.bearer.claims().await?.retailer_id {
            return Ok(Some(id));
        }
        let page = self.client.list_branches(&ListParams::default().with_page_size(1)).await?;
        Ok(page.data.first().and_then(|branch| branch.retailer_id).map(|id| id.to_string()))
    }

    /// One page of any list.
    async fn page<T: Row<Key = i64>>(
        &self,
        stream: Stream,
        endpoint: &ListEndpoint,
        query: &ListQuery,
    ) -> Result<Page<T::Record>> {
        let listing = Listing::new(self, stream, 2, query)?;
        let position: Position = listing.resume()?.unwrap_or_default();
        let size = query.page_size.unwrap_or(MAX_PAGE);
        let params = ListParams {
            page_size: Some(size),
            current_item: position.scan.offset,
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
        let sums = list.rows.iter().filter(|row| !row.is_real()).count() as u64;
        let page_size = list.page_size.unwrap_or(u64::from(size)).saturating_sub(sums);
        let rows: Vec<_> = list.rows.into_iter().filter(Raw::is_real).collect();
        let keys: Vec<Option<i64>> = rows.iter().map(Raw::key).collect();
        // A row of sums may be counted.
        let counted = list.total.filter(|_| sums == 0 || !rows.is_empty());
        let step = position
            .scan
            .step(&fill_gaps(&keys, &position.scan), page_size, counted)
            .map_err(|error| error.with_context(endpoint.name))?;
        let mut told = position.told;
        if query.include_removed {
            (page.removed, told) = removed(list.removed, &keys, told);
        }
        // The upper bound goes out in whole seconds, raised.
        let fresh = rows.into_iter().zip(step.fresh).filter(|(_, fresh)| *fresh).map(|(row, _)| row);
        for row in fresh.filter(|row| !listing.is_after(row.changed())) {
            row.put(&mut page, &self.custom_fields);
        }
        page.next = listing.next(step.next.map(|scan| Position { scan, told }))?;
        Ok(page)
    }

    async fn all_webhooks(&self) -> Result<Vec<model::Hook>> {
        let (mut all, mut scan) = (Vec::new(), Some(OffsetScan::default()));
        while let Some(position) = scan {
            let params = ListParams::default().with_page_size(MAX_PAGE).with_current_item(position.offset);
            let page = self.client.list_webhooks(&params).await?;
            let keys: Vec<i64> = page.data.iter().map(|hook| hook.id).collect();
            let step = position.step(&keys, page.page_size.unwrap_or(u64::from(MAX_PAGE)), page.total)?;
            all.extend(
                page.data.into_iter().zip(step.fresh).filter(|(_, fresh)| *fresh).map(|(hook, _)| hook),
            );
            scan = step.next;
        }
        Ok(all)
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

#[async_trait]
impl Connector for KiotViet {
    pos_core::connector_basics!(PROFILE);

    fn capabilities(&self) -> Capabilities {
        // No filter by date and no read by id are documented of returns.
        let list = StreamCapabilities {
            list: true,
            total: true,
            max_page_size: MAX_PAGE,
            lag_seconds: LAG_SECONDS,
            ..StreamCapabilities::default()
        };
        let small = StreamCapabilities { modified_from: true, removed: true, ..list };
        let master = StreamCapabilities { get: true, ..small };
        let documents =
            StreamCapabilities { get: true, modified_from: true, modified_to: true, branch: true, ..list };
        Capabilities {
            streams: vec![
                (Stream::Branches, small),
                (Stream::Users, small),
                (Stream::Categories, small),
                (Stream::Products, master),
                (Stream::Customers, master),
                (Stream::Orders, documents),
                (Stream::Invoices, documents),
                (Stream::Returns, list),
            ],
            push_customer: true,
            push_order: true,
            register_webhooks: true,
            webhooks: Some(Trust::Signed),
            ..Capabilities::default()
        }
    }

    /// Fetches a token if there is none, reads the branches (one request for each hundred) and the settings. The account is
    /// the shop that the token was issued to, where the token says so.
    async fn check(&self) -> Result<ShopInfo> {
        let claims = self.bearer.claims().await?;
        let owner = claims.retailer_code.filter(|owner| !owner.eq_ignore_ascii_case(self.account.id()));
        let account =
            owner.as_ref().map_or(self.account.clone(), |owner| Account::new(VENDOR, owner.clone()));
        let name = account.id().to_owned();
        let mut info = ShopInfo::new(account, name);
        let mut pages = self.pages(Stream::Branches, ListQuery::default());
        while let Some(page) =
            pages.try_next().await.map_err(|error| wrong_shop(error, self.account.id(), owner.as_deref()))?
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
        crate::push::customer(&self.client, push).await
    }

    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        crate::push::order(&self.client, self.shipping_surcharge, push).await
    }

    /// Deletes and registers again what the vendor switched off or what has another secret. Sends one request to list a
    /// hundred, one for each webhook that lacks, two for each that is registered again.
    async fn register_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        kit::register(self, plan).await
    }

    async fn webhook_health(&self, plan: &HookPlan) -> Result<HookReport> {
        kit::health_of(self, plan).await
    }
}

#[async_trait]
impl Hooked for KiotViet {
    fn topics(&self) -> &'static [&'static str] {
        TYPES.split_at(FOLLOWED).0
    }

    fn check_plan(&self, plan: &HookPlan) -> Result<()> {
        match plan.secret.expose().trim().chars().count() {
            0..8 => Err(PROFILE.error("a webhook secret has at least 8 characters")),
            _ => Ok(()),
        }
    }

    /// The type stands in the address, because bare deletions do not name it.
    fn address(&self, plan: &HookPlan, topic: &str) -> String {
        let mut url = plan.url.clone();
        url.query_pairs_mut().append_pair(EVENT_TYPE, topic);
        url.into()
    }

    /// The vendor never says which secret a webhook has: its note does.
    async fn hooks(&self, plan: &HookPlan) -> Result<Vec<kit::Hook>> {
        let print = fingerprint(&plan.secret);
        let hook = |hook: model::Hook| kit::Hook {
            id: hook.id.to_string(),
            state: match hook.description {
                _ if hook.is_active == Some(false) => HookState::Dropped,
                Some(note) if note.ends_with(&print) => HookState::Alive,
                _ => HookState::Outdated,
            },
            topic: hook.kind.unwrap_or_default(),
            url: hook.url.unwrap_or_default(),
        };
        Ok(self.all_webhooks().await?.into_iter().map(hook).collect())
    }

    async fn mend(&self, plan: &HookPlan, mend: Mend<'_>) -> Result<()> {
        for stale in mend.stale {
            match self.client.delete_webhook(number(&stale.id)?).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                answer => answer?,
            }
        }
        if !mend.is_served {
            let mut hook = HookWrite::new(mend.topic, mend.url, plan.secret.clone());
            hook.description = format!("{} {}", hook.description, fingerprint(&plan.secret));
            self.client.register_webhook(&hook).await?;
        }
        Ok(())
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
