//! What a vendor must answer, and what follows from it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream as FutureStream;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{HookPlan, HookReport};
use crate::http::Pacer;
use crate::identity::IdentityHints;
use crate::page::{Cursor, Page};
use crate::record::{
    Account, BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, Gender, Money, OrderRecord,
    ProductRecord, Quantity, Record, Stream, UserRecord, Vendor,
};
use crate::webhook::{Trust, WebhookVerifier};

/// What to list. Every member that is set must be honoured by the vendor, or the call answers
/// [`Unsupported`](crate::ErrorKind::Unsupported) without a request.
///
/// ```
/// use pos_core::ListQuery;
/// use time::macros::datetime;
///
/// // What changed since this morning, a hundred at a time.
/// let query = ListQuery {
///     modified_from: Some(datetime!(2026-11-21 06:00 +7)),
///     page_size: Some(100),
///     ..ListQuery::default()
/// };
/// let same = ListQuery::default().with_modified_from(datetime!(2026-11-20 23:00 UTC)).with_page_size(100);
/// assert_eq!(query, same);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    /// Only records changed at or after this instant.
    pub modified_from: Option<OffsetDateTime>,
    /// Only records changed at or before this instant.
    pub modified_to: Option<OffsetDateTime>,
    /// Only records of this branch.
    pub branch_id: Option<String>,
    /// Also ask which records are gone.
    pub include_removed: bool,
    /// Records a page; the vendor's maximum when absent.
    pub page_size: Option<u32>,
    /// Where to go on. The other members must be those of the call that gave the cursor.
    pub cursor: Option<Cursor>,
}

impl ListQuery {
    /// Only records changed at or after this instant.
    #[must_use]
    pub fn with_modified_from(mut self, from: OffsetDateTime) -> Self {
        self.modified_from = Some(from);
        self
    }

    /// Only records changed at or before this instant.
    #[must_use]
    pub fn with_modified_to(mut self, to: OffsetDateTime) -> Self {
        self.modified_to = Some(to);
        self
    }

    /// Only records of this branch.
    #[must_use]
    pub fn with_branch(mut self, branch_id: impl Into<String>) -> Self {
        self.branch_id = Some(branch_id.into());
        self
    }

    /// Also ask which records are gone.
    #[must_use]
    pub fn with_removed(mut self) -> Self {
        self.include_removed = true;
        self
    }

    /// Records a page.
    #[must_use]
    pub fn with_page_size(mut self, size: u32) -> Self {
        self.page_size = Some(size);
        self
    }

    /// Where to go on.
    #[must_use]
    pub fn with_cursor(mut self, cursor: Option<Cursor>) -> Self {
        self.cursor = cursor;
        self
    }
}

/// What a vendor can do with one stream. A flag that is on works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamCapabilities {
    /// Its records can be listed.
    pub list: bool,
    /// One record can be read by id.
    pub get: bool,
    /// Lists can be bounded below by time of change.
    pub modified_from: bool,
    /// Lists can be bounded above by time of change.
    pub modified_to: bool,
    /// Lists can be narrowed to a branch.
    pub branch: bool,
    /// Lists tell which records are gone.
    pub removed: bool,
    /// Lists tell how many records there are.
    pub total: bool,
    /// The largest page.
    pub max_page_size: u32,
    /// How long a change may stay invisible to a list, in seconds: the overlap that a catch-up needs.
    pub lag_seconds: u32,
}

impl StreamCapabilities {
    /// How far a catch-up must reach back.
    pub fn lag(&self) -> Duration {
        Duration::from_secs(u64::from(self.lag_seconds))
    }
}

/// What a connector can do. Flags are promises: one that is off answers
/// [`Unsupported`](crate::ErrorKind::Unsupported) and sends nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// The streams that the vendor has, in the order of a first import.
    pub streams: Vec<(Stream, StreamCapabilities)>,
    /// Customers can be created and changed.
    pub push_customer: bool,
    /// Customers are created and never changed: a push that names the customer it is about
    /// ([`CustomerPush::vendor_id`]) is [`Unsupported`](crate::ErrorKind::Unsupported).
    pub customers_fixed: bool,
    /// Orders can be created.
    pub push_order: bool,
    /// An order takes its buyer as name, number and address ([`OrderPush::buyer`]), without the id of a customer: who
    /// cannot be made a customer of the shop can still buy. Off where every buyer has to be a customer first.
    pub guest_orders: bool,
    /// Webhooks can be registered by request.
    pub register_webhooks: bool,
    /// What a webhook of this vendor proves.
    pub webhooks: Option<Trust>,
    /// One phone number under two ids is usual at this vendor (buyer and recipient): its links recognise people by the
    /// vendor's id alone, unless the rules of the link name keys.
    pub vendor_id_alone: bool,
}

impl Capabilities {
    /// What the vendor can do with a stream; all off when it has none.
    pub fn stream(&self, stream: Stream) -> StreamCapabilities {
        self.streams.iter().find(|(name, _)| *name == stream).map(|(_, caps)| *caps).unwrap_or_default()
    }

    /// Refuses what a query asks for and the vendor would ignore.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] naming the argument.
    pub fn refuse_unsupported(&self, stream: Stream, query: &ListQuery) -> Result<()> {
        let caps = self.stream(stream);
        let refuse = |what: &str| Err(Error::unsupported(format!("{stream}: {what}")));
        if !caps.list {
            return refuse("the vendor has no such list");
        }
        if query.modified_from.is_some() && !caps.modified_from {
            return refuse("the list cannot be bounded below by time of change");
        }
        if query.modified_to.is_some() && !caps.modified_to {
            return refuse("the list cannot be bounded above by time of change");
        }
        if query.branch_id.is_some() && !caps.branch {
            return refuse("the list cannot be narrowed to a branch");
        }
        if query.include_removed && !caps.removed {
            return refuse("the list does not tell which records are gone");
        }
        match query.page_size {
            Some(0) => refuse("a page has at least one record"),
            Some(size) if caps.max_page_size > 0 && size > caps.max_page_size => {
                refuse(&format!("a page has at most {} records", caps.max_page_size))
            }
            _ => Ok(()),
        }
    }
}

/// What the credentials open.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopInfo {
    /// The shop.
    pub account: Account,
    /// Its name for people.
    pub name: String,
    /// Its branches; empty when the vendor has none or does not show them.
    pub branches: Vec<BranchRecord>,
    /// The shop keeps its customers apart by branch: the same phone may be two customers.
    pub separates_customers_by_branch: bool,
    /// What the merchant should know (a plan without a feature, a token that ends soon).
    pub warnings: Vec<String>,
}

impl ShopInfo {
    /// A shop with a name.
    pub fn new(account: Account, name: impl Into<String>) -> Self {
        Self {
            account,
            name: name.into(),
            branches: Vec::new(),
            separates_customers_by_branch: false,
            warnings: Vec::new(),
        }
    }
}

/// A customer to create or change at the vendor.
///
/// A member that is absent (or an empty list) is left as the shop has it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerPush {
    /// Our own id of the contact: the same one every time, it is what makes a repeated push find the first one.
    pub reference: String,
    /// The vendor's id, when it is known: then the customer is changed, not created.
    pub vendor_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Phone numbers, the first one is the main one.
    pub phones: Vec<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Gender.
    pub gender: Option<Gender>,
    /// Birthday.
    #[serde(with = "crate::lenient::iso_date")]
    pub birth_date: Option<Date>,
    /// Address in words: street, ward, district, province.
    pub address: Option<crate::record::Address>,
    /// Note.
    pub note: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Ids of the vendor's customer groups.
    pub group_ids: Vec<String>,
    /// The branch that shall keep the customer.
    pub branch_id: Option<String>,
}

crate::debug_only!(CustomerPush { reference, vendor_id, branch_id });

/// One line of an order to create.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PushLine {
    /// The vendor's id of the product or variant.
    pub product_id: Option<String>,
    /// Stock keeping unit, for vendors that know products by it.
    pub sku: Option<String>,
    /// Name on the document.
    pub name: Option<String>,
    /// How many.
    pub quantity: Quantity,
    /// Price of one, before discount.
    pub unit_price: Money,
    /// Discount of the whole line.
    pub discount: Option<Money>,
}

/// An order to create at the vendor.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderPush {
    /// Our own id of the order: the same one every time, it is what makes a repeated push find the first one.
    pub reference: String,
    /// When our order was made, by the vendor's clock: a repeated push searches for the first one from here on.
    #[serde(with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// The branch that sells.
    pub branch_id: Option<String>,
    /// The vendor's id of the seller.
    pub seller_id: Option<String>,
    /// The vendor's id of the sales channel.
    pub channel_id: Option<String>,
    /// The vendor's id of the buyer.
    pub buyer_id: Option<String>,
    /// The buyer, for vendors that take one without an id.
    pub buyer: Option<CustomerPush>,
    /// Who receives, when it is somebody else.
    pub recipient: Option<crate::record::Address>,
    /// The goods.
    pub lines: Vec<PushLine>,
    /// Discount on the document.
    pub discount: Option<Money>,
    /// What the buyer pays for delivery.
    pub shipping_fee: Option<Money>,
    /// What was paid already.
    pub paid: Option<Money>,
    /// How it was paid, in the vendor's words.
    pub payment_method: Option<String>,
    /// Note.
    pub note: Option<String>,
}

crate::debug_only!(OrderPush { reference, created_at, branch_id, buyer_id, lines });

/// What a push did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PushOutcome {
    /// A new object.
    Created,
    /// An object of ours was there and was changed.
    Updated,
    /// An earlier push had made it already; nothing was written.
    Found,
}

/// The answer to a push.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pushed<T> {
    /// The vendor's id.
    pub id: String,
    /// What happened.
    pub outcome: PushOutcome,
    /// The object as the vendor keeps it now, when it answered with it: what its webhook will say.
    pub record: Option<T>,
}

impl<T> Pushed<T> {
    /// An answer.
    pub fn new(id: impl Into<String>, outcome: PushOutcome, record: Option<T>) -> Self {
        Self { id: id.into(), outcome, record }
    }
}

/// One shop at one vendor. Small and object safe: hold it as `Arc<dyn Connector>`.
///
/// Methods answer one page or one object and send at most the number of requests that they name; a connector keeps no
/// state that a restart would lose. All waiting, retrying and refreshing of tokens is done by
/// [`http::Client`](crate::http::Client) underneath.
///
/// # Cancel safety
/// Futures may be dropped at any await. A dropped read leaves nothing behind; a dropped write may or may not have reached
/// the vendor, and the same push again finds out.
///
/// A till as a shop:
///
/// ```
/// use async_trait::async_trait;
/// use pos_core::record::{Account, CustomerRecord, Stream, Vendor};
/// use pos_core::{Capabilities, Connector, ErrorKind, ListQuery, Page, Result, ShopInfo, StreamCapabilities};
///
/// #[derive(Debug)]
/// struct Till(Account);
///
/// #[async_trait]
/// impl Connector for Till {
///     fn vendor(&self) -> Vendor {
///         self.0.vendor().clone()
///     }
///     fn display_name(&self) -> &str {
///         "Till"
///     }
///     fn account(&self) -> &Account {
///         &self.0
///     }
///     fn capabilities(&self) -> Capabilities {
///         let customers = StreamCapabilities { list: true, max_page_size: 100, ..StreamCapabilities::default() };
///         Capabilities { streams: vec![(Stream::Customers, customers)], ..Capabilities::default() }
///     }
///     async fn check(&self) -> Result<ShopInfo> {
///         Ok(ShopInfo::new(self.0.clone(), "Corner shop"))
///     }
///     async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
///         // What is not promised is refused, never ignored.
///         self.capabilities().refuse_unsupported(Stream::Customers, query)?;
///         let lan = CustomerRecord { id: "1".into(), name: Some("Lan Mẫu".into()), ..CustomerRecord::default() };
///         Ok(Page { records: vec![lan], ..Page::default() })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let till = Till(Account::new(Vendor::new("till"), "corner"));
/// assert_eq!(till.list_customers(&ListQuery::default()).await?.records.len(), 1);
/// let of_a_branch = ListQuery { branch_id: Some("9".into()), ..ListQuery::default() };
/// let refused = till.list_customers(&of_a_branch).await.unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Unsupported);
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Connector: Send + Sync + Debug {
    /// The vendor.
    fn vendor(&self) -> Vendor;

    /// The vendor's name for people; it becomes the source of new contacts.
    fn display_name(&self) -> &str;

    /// The shop.
    fn account(&self) -> &Account;

    /// What works here.
    fn capabilities(&self) -> Capabilities;

    /// The vendor fields that every record carries in `custom`, by path: what the link's mapping asked for when the
    /// connector was built.
    fn custom_fields(&self) -> &[String] {
        &[]
    }

    /// What the vendor knows of its customers and the rules of identity cannot: connecting the shop writes it into the rules
    /// of the link.
    fn identity_hints(&self) -> IdentityHints {
        IdentityHints::default()
    }

    /// How far the vendor's clock is ahead of the one that the connection was given, by the `Date` of its answers; `None`
    /// before the first one, and for vendors that send none.
    fn skew(&self) -> Option<time::Duration> {
        None
    }

    /// The pacer that stands for the account, so that what was spent can be kept and shared.
    fn pacer(&self) -> Option<&Arc<Pacer>> {
        None
    }

    /// What proves and reads the shop's webhooks; `None` for a vendor that has none. Reading what was proven needs no secret.
    fn webhooks(&self) -> Option<&dyn WebhookVerifier> {
        None
    }

    /// Validates the credentials and says what they open. The account in the answer is the one that the vendor names, where
    /// it names one: it need not be the one that was configured.
    async fn check(&self) -> Result<ShopInfo>;

    /// One page of customers.
    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        Err(no_list(self.vendor(), Stream::Customers, query))
    }

    /// One page of orders, invoices or returns.
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        Err(no_list(self.vendor(), kind.stream(), query))
    }

    /// One page of products.
    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        Err(no_list(self.vendor(), Stream::Products, query))
    }

    /// One page of categories.
    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        Err(no_list(self.vendor(), Stream::Categories, query))
    }

    /// One page of branches.
    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        Err(no_list(self.vendor(), Stream::Branches, query))
    }

    /// One page of staff.
    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        Err(no_list(self.vendor(), Stream::Users, query))
    }

    /// One customer.
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        Err(no_get(self.vendor(), Stream::Customers, id))
    }

    /// One order, invoice or return.
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        Err(no_get(self.vendor(), kind.stream(), id))
    }

    /// One product.
    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        Err(no_get(self.vendor(), Stream::Products, id))
    }

    /// Changes the customer that [`vendor_id`](CustomerPush::vendor_id) names, or creates one. The same push again makes no
    /// second one.
    ///
    /// A customer who is there already, by our reference or by phone or e-mail, is answered as
    /// [`Found`](PushOutcome::Found) with its record and **is not written to**: whether it is the same person is decided
    /// by the caller, who then pushes with its id. Where several customers hold the number, the one whose name or e-mail
    /// agrees is found.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] naming the ids when several customers hold the number and none, or more than one, agrees.
    /// [`ErrorKind::Unsupported`] when the vendor makes no customer of what the push says (no phone, no e-mail address);
    /// nothing was written then.
    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        Err(Error::unsupported(format!("{}: customers cannot be pushed ({})", self.vendor(), push.reference)))
    }

    /// Creates an order. The same push again makes no second one: it is searched for by its reference first, from
    /// [`created_at`](OrderPush::created_at) on, as far as the vendor's lists are up to date.
    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        Err(Error::unsupported(format!("{}: orders cannot be pushed ({})", self.vendor(), push.reference)))
    }

    /// Sees to it that the shop has the planned webhooks, and says what it had of them: what is missing is registered, what
    /// the vendor switched off or what has another secret is registered again, and others are left alone. Run it once a day,
    /// and whenever the secret changes: run again, it goes on where it was interrupted.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] without a request where
    /// [`register_webhooks`](Capabilities::register_webhooks) is off; [`ErrorKind::Config`] when the plan cannot work;
    /// [`ErrorKind::Conflict`] when a webhook of somebody else would end and the plan does not say so.
    async fn register_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        let _ = plan;
        Err(no_registration(self.vendor()))
    }

    /// What the shop has of the planned webhooks. Changes nothing.
    ///
    /// # Errors
    /// As [`register_webhooks`](Self::register_webhooks), but no conflict.
    async fn webhook_health(&self, plan: &HookPlan) -> Result<HookReport> {
        let _ = plan;
        Err(no_registration(self.vendor()))
    }
}

fn no_list(vendor: Vendor, stream: Stream, _query: &ListQuery) -> Error {
    Error::unsupported(format!("{vendor} has no list of {stream}"))
}

fn no_get(vendor: Vendor, stream: Stream, _id: &str) -> Error {
    Error::unsupported(format!("{vendor} cannot read one of {stream} by id"))
}

fn no_registration(vendor: Vendor) -> Error {
    Error::unsupported(format!("webhooks of {vendor} cannot be registered by request"))
}

/// A future that can be sent between threads.
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything convenient, for every connector.
///
/// ```
/// use pos_core::{Connector, ConnectorExt, ListQuery, Result, Stream};
///
/// /// How many records a stream has, read page by page.
/// async fn count(shop: &dyn Connector, stream: Stream) -> Result<usize> {
///     let mut records = 0;
///     let mut pages = shop.pages(stream, ListQuery::default());
///     while let Some(page) = pages.try_next().await? {
///         records += page.records.len();
///     }
///     Ok(records)
/// }
/// # use pos_core::{Capabilities, Page, ShopInfo, record::{Account, CustomerRecord, Vendor}};
/// # #[derive(Debug)]
/// # struct Till(Account);
/// # #[async_trait::async_trait]
/// # impl Connector for Till {
/// #     fn vendor(&self) -> Vendor { self.0.vendor().clone() }
/// #     fn display_name(&self) -> &str { "Till" }
/// #     fn account(&self) -> &Account { &self.0 }
/// #     fn capabilities(&self) -> Capabilities { Capabilities::default() }
/// #     async fn check(&self) -> Result<ShopInfo> { Ok(ShopInfo::new(self.0.clone(), "Corner shop")) }
/// #     async fn list_customers(&self, _: &ListQuery) -> Result<Page<CustomerRecord>> {
/// #         Ok(Page { records: vec![CustomerRecord::default()], ..Page::default() })
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let till = Till(Account::new(Vendor::new("till"), "corner"));
/// assert_eq!(count(&till, Stream::Customers).await?, 1);
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait ConnectorExt: Connector {
    /// One page of any stream.
    ///
    /// # Errors
    /// Those of the stream's own method.
    async fn list(&self, stream: Stream, query: &ListQuery) -> Result<Page<Record>> {
        Ok(match stream {
            Stream::Customers => self.list_customers(query).await?.map(Record::from),
            Stream::Orders => self.list_documents(DocumentKind::Order, query).await?.map(Record::from),
            Stream::Invoices => self.list_documents(DocumentKind::Invoice, query).await?.map(Record::from),
            Stream::Returns => self.list_documents(DocumentKind::Return, query).await?.map(Record::from),
            Stream::Products => self.list_products(query).await?.map(Record::from),
            Stream::Categories => self.list_categories(query).await?.map(Record::from),
            Stream::Branches => self.list_branches(query).await?.map(Record::from),
            Stream::Users => self.list_users(query).await?.map(Record::from),
            Stream::Tickets => return Err(no_list(self.vendor(), stream, query)),
        })
    }

    /// One record of a stream that can be read by id.
    ///
    /// # Errors
    /// Those of the stream's own method.
    async fn get(&self, stream: Stream, id: &str) -> Result<Record> {
        Ok(match stream {
            Stream::Customers => self.get_customer(id).await?.into(),
            Stream::Products => self.get_product(id).await?.into(),
            other => match other.document() {
                Some(kind) => self.get_document(kind, id).await?.into(),
                None => return Err(no_get(self.vendor(), other, id)),
            },
        })
    }

    /// The pages of a stream, from the query's cursor to the end. Requests are sent as the stream is polled, and none
    /// ahead of it.
    ///
    /// # Cancel safety
    /// The stream may be dropped whenever you like: go on from the `next` of the last page that it gave. A future of
    /// [`try_next`](Pages::try_next) may be dropped too: its request is kept, and goes on when the next page is asked for.
    fn pages<'a>(&'a self, stream: Stream, query: ListQuery) -> Pages<'a, Record>
    where
        Self: Sync,
    {
        Pages::new(query, move |query| Box::pin(async move { self.list(stream, &query).await }))
    }

    /// [`pages`](ConnectorExt::pages) of customers.
    fn customer_pages<'a>(&'a self, query: ListQuery) -> Pages<'a, CustomerRecord>
    where
        Self: Sync,
    {
        Pages::new(query, move |query| Box::pin(async move { self.list_customers(&query).await }))
    }

    /// [`pages`](ConnectorExt::pages) of orders, invoices or returns.
    fn document_pages<'a>(&'a self, kind: DocumentKind, query: ListQuery) -> Pages<'a, OrderRecord>
    where
        Self: Sync,
    {
        Pages::new(query, move |query| Box::pin(async move { self.list_documents(kind, &query).await }))
    }

    /// [`pages`](ConnectorExt::pages) of products.
    fn product_pages<'a>(&'a self, query: ListQuery) -> Pages<'a, ProductRecord>
    where
        Self: Sync,
    {
        Pages::new(query, move |query| Box::pin(async move { self.list_products(&query).await }))
    }
}

impl<C: Connector + ?Sized> ConnectorExt for C {}

type Fetch<'a, T> = Box<dyn Fn(ListQuery) -> BoxFuture<'a, Result<Page<T>>> + Send + 'a>;

/// A stream of pages. It ends after the page without a cursor, after an error, or with an error when the vendor gives
/// a cursor that was followed already.
pub struct Pages<'a, T> {
    fetch: Fetch<'a, T>,
    query: ListQuery,
    running: Option<BoxFuture<'a, Result<Page<T>>>>,
    followed: std::collections::HashSet<Cursor>,
    done: bool,
}

impl<T> Debug for Pages<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("query", &self.query).field("done", &self.done).finish_non_exhaustive()
    }
}

impl<'a, T> Pages<'a, T> {
    fn new(
        query: ListQuery,
        fetch: impl Fn(ListQuery) -> BoxFuture<'a, Result<Page<T>>> + Send + 'a,
    ) -> Self {
        let followed = query.cursor.iter().cloned().collect();
        Self { fetch: Box::new(fetch), query, running: None, followed, done: false }
    }

    /// The next page, or `None` at the end.
    ///
    /// # Errors
    /// Those of the list call; the stream is over after one.
    ///
    /// # Cancel safety
    /// The request that is under way stays in the stream: nothing is asked twice and no page is lost.
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await.transpose()
    }
}

impl<T> FutureStream for Pages<'_, T> {
    type Item = Result<Page<T>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.done {
            return Poll::Ready(None);
        }
        let running = this.running.get_or_insert_with(|| (this.fetch)(this.query.clone()));
        let Poll::Ready(result) = running.as_mut().poll(context) else { return Poll::Pending };
        this.running = None;
        match &result {
            Ok(page) => match &page.next {
                None => this.done = true,
                Some(cursor) if this.followed.insert(cursor.clone()) => {
                    this.query.cursor = page.next.clone();
                }
                Some(_) => {
                    this.done = true;
                    let what =
                        "the vendor gives a cursor that was followed already: the list goes in a circle";
                    return Poll::Ready(Some(Err(Error::new(ErrorKind::Unexpected, what))));
                }
            },
            Err(_) => this.done = true,
        }
        Poll::Ready(Some(result))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<C: Connector + ?Sized> Connector for std::sync::Arc<C> {
    fn vendor(&self) -> Vendor {
        (**self).vendor()
    }
    fn display_name(&self) -> &str {
        (**self).display_name()
    }
    fn account(&self) -> &Account {
        (**self).account()
    }
    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }
    fn custom_fields(&self) -> &[String] {
        (**self).custom_fields()
    }
    fn identity_hints(&self) -> IdentityHints {
        (**self).identity_hints()
    }
    fn skew(&self) -> Option<time::Duration> {
        (**self).skew()
    }
    fn pacer(&self) -> Option<&Arc<Pacer>> {
        (**self).pacer()
    }
    fn webhooks(&self) -> Option<&dyn WebhookVerifier> {
        (**self).webhooks()
    }
    async fn check(&self) -> Result<ShopInfo> {
        (**self).check().await
    }
    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        (**self).list_customers(query).await
    }
    async fn list_documents(&self, kind: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        (**self).list_documents(kind, query).await
    }
    async fn list_products(&self, query: &ListQuery) -> Result<Page<ProductRecord>> {
        (**self).list_products(query).await
    }
    async fn list_categories(&self, query: &ListQuery) -> Result<Page<CategoryRecord>> {
        (**self).list_categories(query).await
    }
    async fn list_branches(&self, query: &ListQuery) -> Result<Page<BranchRecord>> {
        (**self).list_branches(query).await
    }
    async fn list_users(&self, query: &ListQuery) -> Result<Page<UserRecord>> {
        (**self).list_users(query).await
    }
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        (**self).get_customer(id).await
    }
    async fn get_document(&self, kind: DocumentKind, id: &str) -> Result<OrderRecord> {
        (**self).get_document(kind, id).await
    }
    async fn get_product(&self, id: &str) -> Result<ProductRecord> {
        (**self).get_product(id).await
    }
    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        (**self).push_customer(push).await
    }
    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        (**self).push_order(push).await
    }
    async fn register_webhooks(&self, plan: &HookPlan) -> Result<HookReport> {
        (**self).register_webhooks(plan).await
    }
    async fn webhook_health(&self, plan: &HookPlan) -> Result<HookReport> {
        (**self).webhook_health(plan).await
    }
}
