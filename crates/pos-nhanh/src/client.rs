//! The typed client of API 3.0: one short method for each endpoint.

use http::Method;
use pos_core::http::{self as core_http, Call, Request, Response};
use pos_core::identity::{PhoneRules, read_phone, read_phones};
use pos_core::kit::{Members, is_object, unreadable};
use pos_core::page::{self, Rejected};
use pos_core::{Error, ErrorKind, Result, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use time::{Date, OffsetDateTime};
use url::Url;

use crate::answer::{List, id_of, read_list, read_object, rows_in, typed};
use crate::auth::Grant;
use crate::classify::Envelope;
pub use crate::classify::{classify, classify_at};
use crate::model::{
    Bill, Category, Customer, CustomerAdded, CustomerWrite, Deleted, Depot, EditStatus, InventoryRow, Order,
    OrderEdit, OrderLog, OrderSource, OrderWrite, OrderWritten, Product, Tag, User,
};
use crate::profile::joined;
use crate::wire::{ceil, day};

/// The largest page (D).
pub const MAX_PAGE: u32 = 100;

/// What to ask a list for.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListParams {
    /// Rows a page, at most [`MAX_PAGE`] (50 for stock); the largest unless said.
    pub size: Option<u32>,
    /// Where to go on: what the page before carried, unchanged.
    pub next: Option<Value>,
    /// The order (`{"id":"desc"}`); not documented for most lists.
    pub sort: Option<Value>,
    /// Filters by their names on the wire.
    pub filters: Map<String, Value>,
    /// What else to show: an object for orders, a list of texts for bills.
    pub data_options: Option<Value>,
}

pos_core::setters! { ListParams {
    /// Rows a page.
    with_size(size: u32);
}}

impl ListParams {
    /// Where to go on.
    #[must_use]
    pub fn with_next(mut self, next: Option<Value>) -> Self {
        self.next = next;
        self
    }

    /// A filter by its name on the wire (`mobile`, `statuses`, `saleChannels`).
    #[must_use]
    pub fn with_filter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.filters.insert(name.to_owned(), value.into());
        self
    }

    /// Only these, at most 100.
    #[must_use]
    pub fn with_ids(self, ids: &[i64]) -> Self {
        self.with_filter("ids", ids)
    }

    /// Changed at or after, floored to the second (`updatedAtFrom`).
    #[must_use]
    pub fn with_updated_from(self, from: OffsetDateTime) -> Self {
        self.with_filter("updatedAtFrom", from.unix_timestamp())
    }

    /// Changed at or before, raised to the second (`updatedAtTo`). For orders at most 31 days after the other end.
    #[must_use]
    pub fn with_updated_to(self, to: OffsetDateTime) -> Self {
        self.with_filter("updatedAtTo", ceil(to))
    }

    /// Bills of these days (`fromDate`, `toDate`), at most 31.
    #[must_use]
    pub fn with_days(self, from: Date, to: Date) -> Self {
        self.with_filter("fromDate", day(from)).with_filter("toDate", day(to))
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "filters": self.filters,
            "paginator": { "size": self.size.unwrap_or(MAX_PAGE) },
        });
        if let Some(sort) = &self.sort {
            body["paginator"]["sort"] = sort.clone();
        }
        if let Some(next) = &self.next {
            body["paginator"]["next"] = next.clone();
        }
        if let Some(options) = &self.data_options {
            body["dataOptions"] = options.clone();
        }
        body
    }
}

/// One endpoint: its name in logs, errors and quotas, and its path below `/v3.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) name: &'static str,
    path: &'static str,
}

macro_rules! endpoints {
    ($($name:ident = $path:literal;)*) => {$(
        pub(crate) const $name: Endpoint = Endpoint { name: concat!("POST /", $path), path: $path };
    )*};
}

endpoints! {
    CHECK_TOKEN = "app/checkaccesstoken";
    CUSTOMER_LIST = "customer/list";
    CUSTOMER_ADD = "customer/add";
    CUSTOMER_TAGS = "customer/tags";
    ORDER_LIST = "order/list";
    ORDER_ADD = "order/add";
    ORDER_EDIT = "order/edit";
    ORDER_CANCEL_CARRIER = "order/cancelcarrier";
    ORDER_DELETED = "order/deleted";
    ORDER_HISTORY = "order/history";
    ORDER_SOURCE = "order/source";
    ORDER_TAGS = "order/tags";
    BILL_RETAIL = "bill/retail";
    BILL_LIST = "bill/list";
    BILL_DELETED = "bill/deleted";
    PRODUCT_LIST = "product/list";
    PRODUCT_DETAIL = "product/detail";
    PRODUCT_INVENTORY = "product/inventory";
    PRODUCT_CATEGORY = "product/category";
    DEPOTS = "business/depot";
    USERS = "business/user";
}

/// Nhanh.vn's endpoints, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting, retrying and the token are underneath. Reads may be
/// dropped at any await. A dropped write may or may not have been carried out.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    base: Url,
    app_id: u64,
    business_id: u64,
}

/// How many pages of one number are looked at.
const MOST_HOLDERS: usize = 5;

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident: $row:ty = $endpoint:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// See [`classify`].
        pub async fn $name(&self, params: &ListParams) -> Result<List<$row>> {
            self.list($endpoint, params).await
        }
    )*};
}

impl Client {
    pub(crate) fn new(http: core_http::Client, base: Url, app_id: u64, business_id: u64) -> Self {
        Self { http, base, app_id, business_id }
    }

    /// What is below: the vendor's clock and the quota.
    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    async fn post<B: Serialize + ?Sized>(
        &self,
        endpoint: Endpoint,
        body: &B,
        reads: bool,
    ) -> Result<Response> {
        let mut url = joined(&self.base, endpoint.path);
        url.query_pairs_mut()
            .append_pair("appId", &self.app_id.to_string())
            .append_pair("businessId", &self.business_id.to_string());
        let call = Call::new(endpoint.name, Request::new(Method::POST, url).json(body)?);
        // Reads are sent by POST here.
        self.http.send(if reads { call.idempotent() } else { call }).await
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows(&self, endpoint: Endpoint, params: &ListParams) -> Result<Response> {
        self.post(endpoint, &params.body(), true).await
    }

    async fn list<T: DeserializeOwned>(&self, endpoint: Endpoint, params: &ListParams) -> Result<List<T>> {
        let response = self.rows(endpoint, params).await?;
        let rows = read_list(&response.body).map_err(|error| at(error, endpoint, &response))?;
        Ok(typed(rows))
    }

    /// One object through the list that is narrowed to it, as `read` makes it. The vendor's pages name the filter `ids` and,
    /// for bills and in older editions, `id`; a filter that it passes over makes it answer whatever comes first. So another
    /// object is never taken for the one that was asked for: then the other name is tried (two requests at most).
    pub(crate) async fn find<T>(
        &self,
        endpoint: Endpoint,
        id: i64,
        read: impl Fn(&RawValue) -> std::result::Result<T, Rejected>,
    ) -> Result<T> {
        let (one, many) = (("id".to_owned(), json!(id)), ("ids".to_owned(), json!([id])));
        let filters = if endpoint == BILL_RETAIL { [one, many] } else { [many, one] };
        let wanted = id.to_string();
        let mut nothing = false;
        for filter in filters {
            let params =
                ListParams { filters: Map::from_iter([filter]), size: Some(1), ..ListParams::default() };
            let response = self.rows(endpoint, &params).await?;
            let context = |error: Error| at(error, endpoint, &response);
            let list = read_list(&response.body).map_err(context)?;
            if list.rows.is_empty() {
                nothing = true;
                if endpoint != BILL_RETAIL {
                    break;
                }
                // Passed over, the filter leaves the bills of the last days, and there may be none.
                continue;
            }
            if let Some(raw) = list.rows.iter().find(|raw| id_of(raw).as_ref() == Some(&wanted)) {
                return read(raw).map_err(|rejected| context(unreadable(&rejected)));
            }
        }
        if nothing {
            return Err(unknown(endpoint));
        }
        let what = "the vendor answers another object than the one that was asked for";
        Err(Error::new(ErrorKind::Unexpected, what).with_context(endpoint.name))
    }

    async fn one<T: DeserializeOwned>(&self, endpoint: Endpoint, id: i64) -> Result<T> {
        self.find(endpoint, id, |raw| page::read_row(raw, "data[0]")).await
    }

    /// The object that answers a request.
    async fn object<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        body: &B,
        reads: bool,
    ) -> Result<T> {
        let response = self.post(endpoint, body, reads).await?;
        read_object(&response.body).map_err(|error| at(error, endpoint, &response))
    }

    lists! {
        /// `customer/list`. Filters: `ids`, `mobile`, `type`, `updatedAtFrom/To`, `lastBoughtDateFrom/To`. Leave `type` out, or
        /// wholesale customers are missing.
        list_customers: Customer = CUSTOMER_LIST;
        /// `customer/tags`.
        list_customer_tags: Tag = CUSTOMER_TAGS;
        /// `order/list`. Without a filter the vendor answers the last 31 days by creation; a filter by date spans at most 31 days;
        /// `ids` and `shippingAddress` lift that (D).
        list_orders: Order = ORDER_LIST;
        /// `order/deleted`: what was deleted between two instants.
        list_deleted_orders: Deleted = ORDER_DELETED;
        /// `order/source`.
        list_order_sources: OrderSource = ORDER_SOURCE;
        /// `order/tags`.
        list_order_tags: Tag = ORDER_TAGS;
        /// `bill/retail`: sales over the counter and their returns, by day in the stock book, at most 31 days.
        list_retail_bills: Bill = BILL_RETAIL;
        /// `bill/list`: every kind of stock document. Needs the right to all of them.
        list_bills: Bill = BILL_LIST;
        /// `bill/deleted`.
        list_deleted_bills: Deleted = BILL_DELETED;
        /// `product/list`.
        list_products: Product = PRODUCT_LIST;
        /// `product/category`. The vendor asks to keep the answer for a day.
        list_categories: Category = PRODUCT_CATEGORY;
        /// `business/depot`. The vendor asks to keep the answer for a day.
        list_depots: Depot = DEPOTS;
        /// `business/user`.
        list_users: User = USERS;
    }

    /// The customers who hold this very number, however it is written. `mobile` is what the shop knows a customer by (D), so
    /// there is rarely more than one, and one request; five at most.
    ///
    /// # Errors
    /// See [`classify`]. [`ErrorKind::Config`] when the text holds no phone number.
    pub async fn find_customers_by_mobile(&self, mobile: &str) -> Result<Vec<Customer>> {
        let rules = PhoneRules::default();
        let wanted = read_phone(mobile, &rules)
            .ok_or_else(|| Error::config("this is not a phone number to search for"))?
            .e164;
        let mut params =
            ListParams::default().with_size(10).with_filter("mobile", dialled(&wanted.to_string()));
        let mut found = Vec::new();
        for _ in 0..MOST_HOLDERS {
            let page = self.list_customers(&params).await?;
            found.extend(page.data);
            if page.next.is_none() || page.next == params.next {
                break;
            }
            params.next = page.next;
        }
        let holds = |text: &Option<String>| {
            text.as_deref().is_some_and(|text| {
                read_phones(text, &rules).phones.iter().any(|number| number.e164 == wanted)
            })
        };
        Ok(found.into_iter().filter(|one| holds(&one.mobile)).collect())
    }

    /// `customer/add`: at most 100. Whether a known mobile is changed or added again is not documented: look it up first. Not
    /// repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn add_customers(&self, customers: &[CustomerWrite]) -> Result<Vec<CustomerAdded>> {
        let response = self.post(CUSTOMER_ADD, customers, false).await?;
        let rows = read_list(&response.body).map_err(|error| at(error, CUSTOMER_ADD, &response))?;
        Ok(typed(rows).data)
    }

    /// `order/edit`: only what is set is sent, because the vendor erases what comes blank (D). Refused once the order is with a
    /// carrier, done or returned.
    ///
    /// # Errors
    /// See [`classify`]. [`ErrorKind::Config`] for a blank text, which would erase.
    pub async fn edit_order(&self, edit: &OrderEdit) -> Result<OrderWritten> {
        edit.refuse_blanks()?;
        self.object(ORDER_EDIT, edit, false).await
    }

    /// Calls an order off, by `order/edit`, for the customer ([`EditStatus::Canceled`]) or for the shop
    /// ([`EditStatus::Aborted`]).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn cancel_order(
        &self,
        id: i64,
        status: EditStatus,
        note: Option<&str>,
    ) -> Result<OrderWritten> {
        if !matches!(status, EditStatus::Canceled | EditStatus::Aborted) {
            return Err(Error::config("an order is called off as Canceled or Aborted"));
        }
        let mut edit = OrderEdit::new(id);
        edit.info.status = Some(status);
        edit.info.private_description = note.map(str::to_owned);
        self.edit_order(&edit).await
    }

    /// `order/cancelcarrier`: takes the shipment back from the carrier.
    ///
    /// # Errors
    /// See [`classify`]; [`ErrorKind::Rejected`] with the vendor's code when the carrier does not play along.
    pub async fn cancel_shipment(&self, order_id: i64) -> Result<()> {
        self.post(ORDER_CANCEL_CARRIER, &json!({ "orderId": order_id }), false).await.map(drop)
    }

    /// `order/history`: the life of orders, at most 100. One order without a history makes the vendor refuse all of them (U):
    /// then they are asked for one by one, so this may send one request more than there are orders.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn order_history(&self, order_ids: &[i64]) -> Result<Vec<OrderLog>> {
        let read = async |ids: &[i64]| -> Result<(Vec<OrderLog>, bool)> {
            let body = ListParams::default().with_filter("orderIds", ids).body();
            let response = self.post(ORDER_HISTORY, &body, true).await?;
            let context = |error: Error| at(error, ORDER_HISTORY, &response);
            let envelope = Envelope::of(&response.body).map_err(context)?;
            let none = envelope.is_empty_list();
            let mut logs = Vec::new();
            if let Some(data) = envelope.data.filter(|_| !none) {
                // Seen as a list, and as lists keyed by order.
                let lists: Vec<&RawValue> = match is_object(data) {
                    true => Members::of(data).map_err(context)?.iter().map(|(_, list)| list).collect(),
                    false => vec![data],
                };
                for list in lists {
                    for row in rows_in(list, &["logId"]).map_err(context)? {
                        logs.extend(page::read_row::<OrderLog>(row, "data"));
                    }
                }
            }
            Ok((logs, none))
        };
        let (mut logs, none) = read(order_ids).await?;
        if none && order_ids.len() > 1 {
            for id in order_ids {
                logs.extend(read(&[*id]).await?.0);
            }
        }
        Ok(logs)
    }

    /// `product/inventory`: stock alone, at most 50 a page.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_inventory(&self, params: &ListParams) -> Result<List<InventoryRow>> {
        let params = ListParams { size: Some(params.size.unwrap_or(50).min(50)), ..params.clone() };
        self.list(PRODUCT_INVENTORY, &params).await
    }
}

pos_core::endpoints! { Client {
    /// `app/checkaccesstoken`: what the token opens and when it ends.
    check_token(secret_key: &Secret) -> Grant
        = object(CHECK_TOKEN, &json!({ "secretKey": secret_key.expose() }), true);
    /// One customer, by `customer/list`: there is no detail endpoint (D).
    /// [`ErrorKind::NotFound`] when there is none.
    get_customer(id: i64) -> Customer = one(CUSTOMER_LIST, id);
    /// One order, by `order/list`.
    /// [`ErrorKind::NotFound`] when there is none that the token may see.
    get_order(id: i64) -> Order = one(ORDER_LIST, id);
    /// `order/add`. The vendor knows an order again by app and `appOrderId` (D); what it then answers is not documented, so it
    /// is not repeated after it may have been received.
    add_order(order: &OrderWrite) -> OrderWritten = object(ORDER_ADD, order, false);
    /// One retail bill, by `bill/retail`, whose filter is `id` (D).
    /// [`ErrorKind::NotFound`] when there is none.
    get_retail_bill(id: i64) -> Bill = one(BILL_RETAIL, id);
    /// `product/detail`, which has another shape than the list: names of category and brand, variants, no list of tags.
    get_product_detail(id: i64) -> Product
        = object(PRODUCT_DETAIL, &json!({ "filters": { "id": id } }), true);
}}

/// An answer that cannot be read, with where it came from.
pub(crate) fn at(error: Error, endpoint: Endpoint, response: &Response) -> Error {
    error.with_context(endpoint.name).with_status(response.status)
}

pub(crate) fn unknown(endpoint: Endpoint) -> Error {
    Error::new(ErrorKind::NotFound, "the vendor does not know it, or the token may not see it")
        .with_context(endpoint.name)
}

/// A number as it is dialled in the country.
pub(crate) fn dialled(e164: &str) -> String {
    match e164.strip_prefix("+84") {
        Some(national) => format!("0{national}"),
        None => e164.to_owned(),
    }
}
