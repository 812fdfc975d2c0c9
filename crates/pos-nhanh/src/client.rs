//! The typed client of API 3.0: one short method for each endpoint, and what answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use pos_core::http::{Call, Outcome, Request, Response, retry_after};
use pos_core::page::{self, Rejected};
use pos_core::{Clock, Error, ErrorKind, Result, Retry, Secret, http as core_http};
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc2822;
use time::{Date, OffsetDateTime};
use url::Url;

use crate::answer::{List, Members, Place, id_of, not_documented, read_list, read_object, rows_in, typed};
use crate::auth::Grant;
use crate::model::{
    Bill, Category, Customer, CustomerAdded, CustomerWrite, Deleted, Depot, EditStatus, InventoryRow, Order,
    OrderEdit, OrderLog, OrderSource, OrderWrite, OrderWritten, Product, Tag, User,
};

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

impl ListParams {
    /// Rows a page.
    #[must_use]
    pub fn with_size(mut self, rows: u32) -> Self {
        self.size = Some(rows);
        self
    }

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
        let mut paginator = Map::new();
        paginator.insert("size".into(), self.size.unwrap_or(MAX_PAGE).into());
        if let Some(sort) = &self.sort {
            paginator.insert("sort".into(), sort.clone());
        }
        if let Some(next) = &self.next {
            paginator.insert("next".into(), next.clone());
        }
        let mut body = Map::new();
        body.insert("filters".into(), Value::Object(self.filters.clone()));
        body.insert("paginator".into(), Value::Object(paginator));
        if let Some(options) = &self.data_options {
            body.insert("dataOptions".into(), options.clone());
        }
        Value::Object(body)
    }
}

/// The first whole second that is not before an instant.
pub(crate) fn ceil(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() + i64::from(at.nanosecond() > 0)
}

/// A day as requests want it.
pub(crate) fn day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
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
        let rows = read_list(&response.body)
            .map_err(|error| error.with_context(endpoint.name).with_status(response.status))?;
        Ok(typed(&rows))
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
            let context = |error: Error| error.with_context(endpoint.name).with_status(response.status);
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
                return read(raw).map_err(|rejected| {
                    context(Error::decode(format!(
                        "the answer is not what the vendor documents, at {}: {}",
                        rejected.path, rejected.reason
                    )))
                });
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

    async fn write<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        body: &B,
    ) -> Result<T> {
        let response = self.post(endpoint, body, false).await?;
        read_object(&response.body)
            .map_err(|error| error.with_context(endpoint.name).with_status(response.status))
    }

    /// `app/checkaccesstoken`: what the token opens and when it ends.
    ///
    /// # Errors
    /// What the answer means, see [`classify`]. So for every method here.
    pub async fn check_token(&self, secret_key: &Secret) -> Result<Grant> {
        let response = self.post(CHECK_TOKEN, &json!({ "secretKey": secret_key.expose() }), true).await?;
        read_object(&response.body)
            .map_err(|error| error.with_context(CHECK_TOKEN.name).with_status(response.status))
    }

    /// `customer/list`. Filters: `ids`, `mobile`, `type`, `updatedAtFrom/To`, `lastBoughtDateFrom/To`. Leave `type` out, or
    /// wholesale customers are missing.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_customers(&self, params: &ListParams) -> Result<List<Customer>> {
        self.list(CUSTOMER_LIST, params).await
    }

    /// One customer, by `customer/list`: there is no detail endpoint (D).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_customer(&self, id: i64) -> Result<Customer> {
        self.one(CUSTOMER_LIST, id).await
    }

    /// The customers who hold this very number, however it is written. `mobile` is what the shop knows a customer by (D), so
    /// there is rarely more than one, and one request; five at most.
    ///
    /// # Errors
    /// See [`classify`]. [`ErrorKind::Config`] when the text holds no phone number.
    pub async fn find_customers_by_mobile(&self, mobile: &str) -> Result<Vec<Customer>> {
        let rules = pos_core::identity::PhoneRules::default();
        let wanted = pos_core::identity::read_phone(mobile, &rules)
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
                pos_core::identity::read_phones(text, &rules)
                    .phones
                    .iter()
                    .any(|number| number.e164 == wanted)
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
        let rows = read_list(&response.body)
            .map_err(|error| error.with_context(CUSTOMER_ADD.name).with_status(response.status))?;
        Ok(typed(&rows).data)
    }

    /// `customer/tags`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_customer_tags(&self, params: &ListParams) -> Result<List<Tag>> {
        self.list(CUSTOMER_TAGS, params).await
    }

    /// `order/list`. Without a filter the vendor answers the last 31 days by creation; a filter by date spans at most 31 days;
    /// `ids` and `shippingAddress` lift that (D).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_orders(&self, params: &ListParams) -> Result<List<Order>> {
        self.list(ORDER_LIST, params).await
    }

    /// One order, by `order/list`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none that the token may see.
    pub async fn get_order(&self, id: i64) -> Result<Order> {
        self.one(ORDER_LIST, id).await
    }

    /// `order/add`. The vendor knows an order again by app and `appOrderId` (D); what it then answers is not documented, so it
    /// is not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn add_order(&self, order: &OrderWrite) -> Result<OrderWritten> {
        self.write(ORDER_ADD, order).await
    }

    /// `order/edit`: only what is set is sent, because the vendor erases what comes blank (D). Refused once the order is with a
    /// carrier, done or returned.
    ///
    /// # Errors
    /// See [`classify`]. [`ErrorKind::Config`] for a blank text, which would erase.
    pub async fn edit_order(&self, edit: &OrderEdit) -> Result<OrderWritten> {
        edit.refuse_blanks()?;
        self.write(ORDER_EDIT, edit).await
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

    /// `order/deleted`: what was deleted between two instants.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_deleted_orders(&self, params: &ListParams) -> Result<List<Deleted>> {
        self.list(ORDER_DELETED, params).await
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
            let context = |error: Error| error.with_context(ORDER_HISTORY.name).with_status(response.status);
            let envelope = Envelope::of(&response.body).map_err(context)?;
            let none = envelope.is_empty_list();
            let mut logs = Vec::new();
            if let Some(data) = envelope.data.filter(|_| !none) {
                // Seen as a list, and as lists keyed by order.
                let lists: Vec<&RawValue> = match data.get().starts_with('{') {
                    true => Members::of(data).map_err(context)?.0.into_iter().map(|(_, list)| list).collect(),
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

    /// `order/source`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_order_sources(&self, params: &ListParams) -> Result<List<OrderSource>> {
        self.list(ORDER_SOURCE, params).await
    }

    /// `order/tags`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_order_tags(&self, params: &ListParams) -> Result<List<Tag>> {
        self.list(ORDER_TAGS, params).await
    }

    /// `bill/retail`: sales over the counter and their returns, by day in the stock book, at most 31 days.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_retail_bills(&self, params: &ListParams) -> Result<List<Bill>> {
        self.list(BILL_RETAIL, params).await
    }

    /// `bill/list`: every kind of stock document. Needs the right to all of them.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_bills(&self, params: &ListParams) -> Result<List<Bill>> {
        self.list(BILL_LIST, params).await
    }

    /// One retail bill, by `bill/retail`, whose filter is `id` (D).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_retail_bill(&self, id: i64) -> Result<Bill> {
        self.one(BILL_RETAIL, id).await
    }

    /// `bill/deleted`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_deleted_bills(&self, params: &ListParams) -> Result<List<Deleted>> {
        self.list(BILL_DELETED, params).await
    }

    /// `product/list`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_products(&self, params: &ListParams) -> Result<List<Product>> {
        self.list(PRODUCT_LIST, params).await
    }

    /// `product/detail`, which has another shape than the list: names of category and brand, variants, no list of tags.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn get_product_detail(&self, id: i64) -> Result<Product> {
        let response = self.post(PRODUCT_DETAIL, &json!({ "filters": { "id": id } }), true).await?;
        read_object(&response.body)
            .map_err(|error| error.with_context(PRODUCT_DETAIL.name).with_status(response.status))
    }

    /// `product/inventory`: stock alone, at most 50 a page.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_inventory(&self, params: &ListParams) -> Result<List<InventoryRow>> {
        let params = ListParams { size: Some(params.size.unwrap_or(50).min(50)), ..params.clone() };
        self.list(PRODUCT_INVENTORY, &params).await
    }

    /// `product/category`. The vendor asks to keep the answer for a day.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_categories(&self, params: &ListParams) -> Result<List<Category>> {
        self.list(PRODUCT_CATEGORY, params).await
    }

    /// `business/depot`. The vendor asks to keep the answer for a day.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_depots(&self, params: &ListParams) -> Result<List<Depot>> {
        self.list(DEPOTS, params).await
    }

    /// `business/user`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_users(&self, params: &ListParams) -> Result<List<User>> {
        self.list(USERS, params).await
    }
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

/// A path below an address.
pub(crate) fn joined(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url
}

/// What surrounds every answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<'a> {
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "word")]
    error_code: Option<String>,
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) paginator: Option<&'a RawValue>,
}

/// A text, or nothing where something else is in its place: that costs no page.
fn word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    Ok(pos_core::lenient::text(deserializer).unwrap_or_default())
}

/// Texts that say in the words of a failure that there is nothing (C:1)(U).
const NOTHING: [&str; 2] = ["no records", "order without histories"];

impl<'a> Envelope<'a> {
    /// Reads the envelope.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when there is none.
    pub(crate) fn of(body: &'a [u8]) -> Result<Self> {
        let wrong = || not_documented("the answer");
        let envelope: Self = serde_json::from_slice(crate::answer::json(body))
            .map_err(|error| wrong().with_source(Place::of(&error)))?;
        if envelope.code().is_none() { Err(wrong()) } else { Ok(envelope) }
    }

    fn code(&self) -> Option<bool> {
        match self.code?.get() {
            "1" | "\"1\"" | "true" => Some(true),
            "0" | "\"0\"" | "false" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.code() == Some(true)
    }

    /// Texts and fields, from either key in any of their shapes.
    fn texts(&self) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
        let mut texts = Vec::new();
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        for raw in [self.messages, self.message].into_iter().flatten() {
            let Ok(value) = serde_json::from_str::<Value>(raw.get()) else { continue };
            match value {
                Value::Object(members) => {
                    for (field, value) in members {
                        let mut said = Vec::new();
                        flatten(&value, &mut said);
                        texts.extend(said.iter().cloned());
                        if !said.is_empty() {
                            fields.entry(field).or_default().extend(said);
                        }
                    }
                }
                other => flatten(&other, &mut texts),
            }
        }
        (texts, fields)
    }

    /// Whether a failure only says that there is nothing.
    pub(crate) fn is_empty_list(&self) -> bool {
        self.code() == Some(false)
            && self.error_code.is_none()
            && self
                .texts()
                .0
                .first()
                .is_some_and(|text| NOTHING.contains(&text.trim().to_lowercase().as_str()))
    }
}

fn flatten(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => texts.push(text.trim().to_owned()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| flatten(item, texts)),
        Value::Object(members) => members.values().for_each(|item| flatten(item, texts)),
        _ => {}
    }
}

/// What an answer means. Pure but for the clock, which a lock with an end needs where the answer has no `Date`; see
/// [`classify_at`].
///
/// A readable envelope decides, whatever the HTTP status is. Without one it is not the vendor's API that answers, but
/// something before it: a 404 is not "not found", a 401 says nothing about the token.
///
/// | answer | meaning |
/// | --- | --- |
/// | `code` 1 | success, warnings included |
/// | `code` 0 with `No records` or `Order without histories` | success with nothing in it |
/// | `ERR_INVALID_ACCESS_TOKEN`, `ERR_INVALID_VERSION` (a token of another version of the API) | the token is not accepted: read the stored one again, once |
/// | `ERR_INVALID_APP_ID`, `ERR_INVALID_BUSINESS_ID` | configuration |
/// | `ERR_403`, `ERR_INVALID_DEPOT_ID`, `ERR_BUSINESS_NOT_ENABLE_API` | forbidden |
/// | `ERR_429`, `ERR_EXCEEDED_RATE_LIMIT`, HTTP 429 | rate limited until `unlockedAt`, else for `lockedSeconds`, else 30 s |
/// | any other code | rejected |
/// | no envelope: 401, 403, 404, 410, 5xx, web pages | not to be reached for now |
/// | no envelope: redirects, and success with other JSON | not what the vendor documents; later may be better |
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// [`classify`] with the time as an argument.
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    if is_plain_success(response) {
        return Outcome::Success;
    }
    let envelope = if response.is_html() { None } else { Envelope::of(&response.body).ok() };
    match envelope {
        Some(envelope) if envelope.is_success() || envelope.is_empty_list() => Outcome::Success,
        Some(envelope) => {
            let error = failure_in(response, &envelope, now);
            if error.kind() == ErrorKind::Auth {
                Outcome::RefreshToken(error)
            } else {
                Outcome::Failure(error)
            }
        }
        None => Outcome::Failure(without_envelope(response, now)),
    }
}

/// Pages of records are large: what begins with `{"code":1` need not be read twice.
fn is_plain_success(response: &Response) -> bool {
    let mut rest = crate::answer::json(&response.body).trim_ascii_start();
    for part in [&b"{"[..], b"\"code\"", b":", b"1"] {
        match rest.strip_prefix(part) {
            Some(after) => rest = after.trim_ascii_start(),
            None => return false,
        }
    }
    matches!(rest.first(), Some(b',' | b'}'))
}

/// The error in an envelope.
pub(crate) fn failure(status: u16, envelope: &Envelope<'_>, now: OffsetDateTime) -> Error {
    failure_in(&Response::new(status, http::HeaderMap::new(), Vec::new()), envelope, now)
}

fn failure_in(response: &Response, envelope: &Envelope<'_>, now: OffsetDateTime) -> Error {
    let (texts, fields) = envelope.texts();
    let message = (!texts.is_empty()).then(|| texts.join("; "));
    let (kind, what) = meaning(response.status, envelope.error_code.as_deref(), &texts);
    let error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(envelope.error_code.clone())
        .with_vendor_message(message)
        .with_fields(fields);
    match kind {
        ErrorKind::RateLimited => error.with_retry(Retry::After(lock(envelope.data, response, now))),
        _ => error,
    }
}

fn meaning(status: u16, code: Option<&str>, texts: &[String]) -> (ErrorKind, &'static str) {
    const THROTTLED: (ErrorKind, &str) = (ErrorKind::RateLimited, "the quota of this address is used up");
    const TOKEN: (ErrorKind, &str) =
        (ErrorKind::Auth, "Nhanh.vn does not accept the access token: connect the shop again");
    const FORBIDDEN: (ErrorKind, &str) = (ErrorKind::Forbidden, "Nhanh.vn does not allow this to the token");
    match code.map(str::trim) {
        Some("ERR_429" | "ERR_EXCEEDED_RATE_LIMIT") => return THROTTLED,
        Some("ERR_INVALID_ACCESS_TOKEN") => return TOKEN,
        Some("ERR_INVALID_VERSION") => {
            return (
                ErrorKind::Auth,
                "the access token is of another version of the API: the merchant has to consent to 3.0 again",
            );
        }
        Some("ERR_INVALID_APP_ID") => return (ErrorKind::Config, "Nhanh.vn does not know the app"),
        Some("ERR_INVALID_BUSINESS_ID") => return (ErrorKind::Config, "the token is not for this business"),
        Some("ERR_403" | "ERR_INVALID_DEPOT_ID") => return FORBIDDEN,
        Some("ERR_BUSINESS_NOT_ENABLE_API") => {
            return (ErrorKind::Forbidden, "the merchant has the Open API switched off");
        }
        Some(_) => return (ErrorKind::Rejected, "Nhanh.vn refuses the request"),
        None => {}
    }
    let throttled = |text: &String| {
        let text = text.to_lowercase();
        text.contains("too many requests") || text.contains("exceeded the api rate limit")
    };
    match status {
        _ if texts.iter().any(throttled) => THROTTLED,
        401 => TOKEN,
        403 => FORBIDDEN,
        409 => (ErrorKind::Conflict, "the vendor sees a conflict"),
        429 => THROTTLED,
        500..=599 => (ErrorKind::Unavailable, "the vendor is not available"),
        _ => (ErrorKind::Rejected, "Nhanh.vn refuses the request"),
    }
}

/// How long an address is locked: until `unlockedAt` by the vendor's own clock, as far as the answer tells it; when that is over,
/// for `lockedSeconds`; when nothing is said, 30 s. No wait is longer than a day.
fn lock(data: Option<&RawValue>, response: &Response, now: OffsetDateTime) -> Duration {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Lock {
        #[serde(deserialize_with = "crate::wire::int")]
        locked_seconds: Option<i64>,
        #[serde(deserialize_with = "crate::wire::time")]
        unlocked_at: Option<OffsetDateTime>,
    }
    let lock: Lock = data.and_then(|data| page::read_row(data, "data").ok()).unwrap_or_default();
    let now = date_of(response).unwrap_or(now);
    if let Some(wait) =
        lock.unlocked_at.and_then(|until| Duration::try_from(until - now).ok()).filter(|wait| !wait.is_zero())
    {
        return wait.min(core_http::LONGEST_WAIT);
    }
    if let Some(wait) = lock.locked_seconds.and_then(|seconds| core_http::wait_of(seconds as f64)) {
        return wait;
    }
    retry_after(response, now).unwrap_or(Duration::from_secs(30))
}

/// The vendor's time when it answered.
fn date_of(response: &Response) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(response.header("date")?.trim(), &Rfc2822).ok()
}

fn without_envelope(response: &Response, now: OffsetDateTime) -> Error {
    let status = response.status;
    let (kind, what) = match status {
        408 => (ErrorKind::Timeout, "the vendor waited in vain"),
        409 => (ErrorKind::Conflict, "the vendor sees a conflict"),
        429 => (ErrorKind::RateLimited, "the quota of this address is used up"),
        200..=299 if response.is_html() => {
            (ErrorKind::Unavailable, "a web page answers instead of the vendor's API")
        }
        200..=299 => (ErrorKind::Decode, "the answer is not what the vendor documents"),
        300..=399 => (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        401 | 403 | 404 | 410 => {
            (ErrorKind::Unavailable, "something else than the vendor's API answers at its address")
        }
        500..=599 => (ErrorKind::Unavailable, "the vendor is not available"),
        400..=499 => (ErrorKind::Rejected, "Nhanh.vn refuses the request"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    };
    let error = Error::new(kind, what).with_status(status).with_vendor_message(excerpt(&response.body));
    match (kind, retry_after(response, now)) {
        (ErrorKind::Decode, _) => error.with_retry(Retry::Backoff),
        (ErrorKind::RateLimited, wait) => {
            error.with_retry(Retry::After(wait.unwrap_or(Duration::from_secs(30))))
        }
        (ErrorKind::Unavailable, Some(wait)) => error.with_retry(Retry::After(wait)),
        _ => error,
    }
}

/// The words at the beginning of a page, without its tags.
fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(2000)]).into_owned();
    let mut words = String::new();
    let mut in_tag = false;
    for letter in text.chars() {
        match letter {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                words.push(' ');
            }
            letter if !in_tag => words.push(letter),
            _ => {}
        }
    }
    let words = pos_core::record::clean(&words)?;
    Some(words.chars().take(160).collect())
}
