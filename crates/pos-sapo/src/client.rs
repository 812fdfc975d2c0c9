//! The typed client: one short method for each endpoint, and what answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use pos_core::http::{Call, Outcome, Request, Response, retry_after};
use pos_core::kit::{another, text_of};
use pos_core::page::pick_custom;
use pos_core::record::Extra;
use pos_core::{Error, ErrorKind, Result, Retry, debug_only, http as core_http, lenient};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use crate::answer::{List, Named, read_list, read_object};
use crate::model::{
    AddressWrite, CustomerWrite, OrderWrite, PosAddressWrite, PosCustomerWrite, PosOrderWrite,
    PosPrepaymentWrite, Webhook, WebhookWrite, pos, web,
};
use crate::store::Flavor;

/// The largest page (D).
pub const MAX_PAGE: u32 = 250;

/// The body of a step that needs none: `{}`.
const NOTHING: BTreeMap<&str, ()> = BTreeMap::new();

/// What to ask a list for. Sapo ignores silently what a list does not know, so check what comes back.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ListParams {
    /// Which page, from 1. Always sent: without it filters may do nothing (C:1 live).
    pub page: Option<u32>,
    /// Rows a page, at most [`MAX_PAGE`].
    pub limit: Option<u32>,
    /// Only ids above this one; web only.
    pub since_id: Option<i64>,
    /// Changed at or after (`modified_on_min`); web only.
    pub modified_from: Option<OffsetDateTime>,
    /// Changed at or before (`modified_on_max`); web only.
    pub modified_to: Option<OffsetDateTime>,
    /// Created at or after (`created_on_min`).
    pub created_from: Option<OffsetDateTime>,
    /// `open`, `closed` or `cancelled` on orders of the web flavour. `any` is documented there and answers nothing, so it is
    /// not sent (C:4 live).
    pub status: Option<String>,
    /// Any other filter by its name on the wire (`query`, `tag`, `ids`, `customer_id`).
    pub filters: Vec<(&'static str, String)>,
}

debug_only!(ListParams { page, limit, since_id, modified_from, modified_to, created_from, status });

pos_core::setters! { ListParams {
    /// Which page, from 1.
    with_page(page: u32);
    /// Rows a page.
    with_limit(limit: u32);
    /// Only ids above this one.
    with_since_id(since_id: i64);
    /// Changed at or after.
    with_modified_from(modified_from: OffsetDateTime);
    /// Changed at or before.
    with_modified_to(modified_to: OffsetDateTime);
    /// Created at or after.
    with_created_from(created_from: OffsetDateTime);
}}

impl ListParams {
    /// Only orders of a status.
    #[must_use]
    pub fn with_status(mut self, status: impl Into<String>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Another filter.
    #[must_use]
    pub fn with_filter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.filters.push((name, value.into()));
        self
    }

    /// The filters, without the paging.
    fn bounds(&self) -> Vec<(&str, String)> {
        let times = [
            ("modified_on_min", self.modified_from),
            ("modified_on_max", self.modified_to),
            ("created_on_min", self.created_from),
        ];
        let mut query: Vec<_> =
            times.into_iter().filter_map(|(name, at)| Some((name, instant(at?)))).collect();
        let status = self.status.as_ref().filter(|status| !status.eq_ignore_ascii_case("any"));
        query.extend(status.map(|status| ("status", status.clone())));
        query.extend(self.filters.iter().map(|(name, value)| (*name, value.clone())));
        query
    }

    fn query(&self) -> Vec<(&str, String)> {
        let mut query = vec![("page", self.page.unwrap_or(1).max(1).to_string())];
        query.extend(self.limit.map(|rows| ("limit", rows.to_string())));
        query.extend(self.since_id.map(|id| ("since_id", id.to_string())));
        query.extend(self.bounds());
        query
    }
}

/// UTC in whole seconds, as clients send it (C:4).
fn instant(at: OffsetDateTime) -> String {
    let at = at.checked_to_offset(time::UtcOffset::UTC).unwrap_or(at);
    let at = at.replace_nanosecond(0).unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_default()
}

/// Sapo's endpoints, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting and retrying are underneath. Reads may be dropped at any
/// await. A dropped write may or may not have been carried out. Methods of one flavour answer
/// [`ErrorKind::Unsupported`] on the other, and send nothing.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    base: Url,
    flavor: Flavor,
    location_id: Option<i64>,
    account_id: Option<i64>,
}

impl Client {
    pub(crate) fn new(
        http: core_http::Client,
        base: Url,
        flavor: Flavor,
        location_id: Option<i64>,
        account_id: Option<i64>,
    ) -> Self {
        Self { http, base, flavor, location_id, account_id }
    }

    /// The same client, writing orders of POS in another branch, or by another member of staff.
    #[must_use]
    pub fn in_branch(&self, location: Option<i64>, account: Option<i64>) -> Self {
        Self {
            location_id: location.or(self.location_id),
            account_id: account.or(self.account_id),
            ..self.clone()
        }
    }

    /// Which API this client speaks.
    pub fn flavor(&self) -> Flavor {
        self.flavor
    }

    fn only(&self, flavor: Flavor) -> Result<()> {
        if self.flavor == flavor {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "this is for stores of Sapo's {flavor} flavour, not of {}",
            self.flavor
        )))
    }

    /// `path` is below `/admin`, without the suffix `.json` that every address has.
    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("admin").extend(format!("{path}.json").split('/'));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn read(&self, name: &'static str, path: &str, query: &[(&str, String)]) -> Result<Response> {
        self.http.send(Call::new(name, Request::new(Method::GET, self.url(path, query)))).await
    }

    /// An object by id, and the vendor fields that a mapping asked for. The vendor must answer the one that was asked for.
    pub(crate) async fn get<T: Named>(&self, id: i64, custom: &[String]) -> Result<(T, Extra)> {
        let response = self.read(T::GET, &place(T::GET, Some(id)), &[]).await?;
        let (raw, object) = read_object::<T>(&response.body).map_err(|error| at(error, T::GET, &response))?;
        if object.key() != Some(id) {
            return Err(at(another(T::GET), T::GET, &response));
        }
        Ok((object, pick_custom(raw, custom)))
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows(&self, name: &'static str, params: &ListParams) -> Result<Response> {
        self.read(name, &place(name, None), &params.query()).await
    }

    async fn list<T: Named>(
        &self,
        name: &'static str,
        id: Option<i64>,
        params: &ListParams,
    ) -> Result<List<T>> {
        let response = self.read(name, &place(name, id), &params.query()).await?;
        Ok(read_list(&response.body).map_err(|error| at(error, name, &response))?.into_list())
    }

    /// The first thing that `found` makes of the rows of a list, page by page. Where the vendor ignores what is searched for,
    /// every page is full; where it ignores the number of the page, the same page comes again, and that is the end.
    pub(crate) async fn search<T: Named, R>(
        &self,
        params: &ListParams,
        most_pages: u32,
        mut found: impl FnMut(T) -> Option<R>,
    ) -> Result<Option<R>> {
        let mut before = Vec::new();
        for page in 1..=most_pages {
            let params = params.clone().with_page(page).with_limit(MAX_PAGE);
            let list = self.list::<T>(T::LIST, None, &params).await?;
            let is_last = !list.is_full(MAX_PAGE);
            let ids: Vec<Option<i64>> = list.data.iter().map(T::key).collect();
            if let Some(one) = list.data.into_iter().find_map(&mut found) {
                return Ok(Some(one));
            }
            if is_last || ids == before {
                break;
            }
            before = ids;
        }
        Ok(None)
    }

    /// `GET /{path}/count`: how many rows a list has under the same filters; web only (D).
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn count(&self, path: &str, params: &ListParams) -> Result<u64> {
        const NAME: &str = "GET /{list}/count";
        #[derive(Deserialize)]
        struct Count {
            #[serde(deserialize_with = "lenient::required_integer")]
            count: i64,
        }
        self.only(Flavor::Web)?;
        let response = self.read(NAME, &format!("{path}/count"), &params.bounds()).await?;
        let count: Count = core_http::Client::decode(&response, NAME)?;
        Ok(u64::try_from(count.count).unwrap_or_default())
    }

    /// Writes, as the name of the endpoint says: a `PUT` may be repeated, a `POST` after it may have been received may not.
    async fn write<B: Serialize + ?Sized>(
        &self,
        flavor: Flavor,
        name: &'static str,
        id: Option<i64>,
        body: &B,
    ) -> Result<Response> {
        self.only(flavor)?;
        let (path, is_change) = (place(name, id), name.starts_with("PUT"));
        let method = if is_change { Method::PUT } else { Method::POST };
        let mut request = Request::new(method, self.url(&path, &[])).json(body)?;
        let names = [("x-sapo-locationid", self.location_id), ("x-sapo-accountid", self.account_id)];
        for (name, id) in names {
            if let Some(id) = id.filter(|_| flavor == Flavor::Pos && path.starts_with("orders")) {
                request = request.header(name, &id.to_string())?;
            }
        }
        let call = Call::new(name, request);
        self.http.send(if is_change { call.idempotent() } else { call }).await
    }

    /// Sends an object under its name and reads the one that is answered.
    async fn write_object<B: Serialize + ?Sized, T: Named>(
        &self,
        flavor: Flavor,
        name: &'static str,
        id: Option<i64>,
        body: &B,
    ) -> Result<T> {
        let response = self.write(flavor, name, id, &BTreeMap::from([(T::ONE[0], body)])).await?;
        let (_, object) = read_object(&response.body).map_err(|error| at(error, name, &response))?;
        Ok(object)
    }

    async fn delete(&self, name: &'static str, id: Option<i64>) -> Result<()> {
        let request = Request::new(Method::DELETE, self.url(&place(name, id), &[]));
        self.http.send(Call::new(name, request).idempotent()).await.map(drop)
    }
}

/// The path of an endpoint by its name (`GET /orders/{id}`), with the id in its place.
pub(crate) fn place(name: &str, id: Option<i64>) -> String {
    let path = name.split_once(" /").map_or(name, |(_, path)| path);
    id.map_or(path.to_owned(), |id| path.replace("{id}", &id.to_string()))
}

/// An answer that cannot be used, with where it came from.
pub(crate) fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident($flavor:ident, $path:literal) -> $type:ty;)*) => {
        impl Client {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// What the answer means, see [`classify_at`].
            pub async fn $name(&self, params: &ListParams) -> Result<List<$type>> {
                self.only(Flavor::$flavor)?;
                self.list(concat!("GET /", $path), None, params).await
            }
        )*}
    };
}

lists! {
    /// `GET /customers`. Filters: `query` (a search in name, phone and e-mail (C:1 live)), `email`, `phone` (C:1 live).
    list_customers(Web, "customers") -> web::Customer;
    /// `GET /orders`. Filters: `ids`, `tag` (one whole tag), `customer_id`, `financial_status`, `fulfillment_status`,
    /// `processed_on_min`, `processed_on_max`.
    list_orders(Web, "orders") -> web::Order;
    /// `GET /products`. Filters: `ids`, `query`, `vendor`, `alias`, `product_type`, `collection_id`, `published`.
    list_products(Web, "products") -> web::Product;
    /// `GET /locations`; needs the branch permission.
    list_locations(Web, "locations") -> web::Location;
    /// `GET /users` (C:1).
    list_users(Web, "users") -> web::Staff;
    /// `GET /custom_collections`.
    list_custom_collections(Web, "custom_collections") -> web::Collection;
    /// `GET /smart_collections`.
    list_smart_collections(Web, "smart_collections") -> web::Collection;
    /// `GET /events`: what happened in the shop (C:1, not in the documentation that we know). Filters: `filter` (subject
    /// types), `verb`, `created_on_min`.
    list_events(Web, "events") -> web::Event;
    /// `GET /inventory_levels`: filters `inventory_item_ids` and `location_ids`, joined by commas; the second may be ignored.
    list_inventory_levels(Web, "inventory_levels") -> web::InventoryLevel;
    /// `GET /customers` of POS. Filter: `query`.
    list_pos_customers(Pos, "customers") -> pos::Customer;
    /// `GET /customer_groups` of POS.
    list_pos_customer_groups(Pos, "customer_groups") -> pos::CustomerGroup;
    /// `GET /orders` of POS. Filters: `query`, `status`, `sort_by`.
    list_pos_orders(Pos, "orders") -> pos::Order;
    /// `GET /products` of POS.
    list_pos_products(Pos, "products") -> pos::Product;
    /// `GET /locations` of POS.
    list_pos_locations(Pos, "locations") -> pos::Location;
    /// `GET /categories` of POS.
    list_pos_categories(Pos, "categories") -> pos::Category;
    /// `GET /order_sources` of POS (C:1).
    list_pos_order_sources(Pos, "order_sources") -> pos::OrderSource;
    /// `GET /accounts` of POS: the staff.
    list_pos_accounts(Pos, "accounts") -> pos::Staff;
    /// `GET /logs` of POS: what changed, to fill gaps that webhooks left; undocumented (C:1).
    list_pos_logs(Pos, "logs") -> pos::LogEntry;
}

macro_rules! gets {
    ($($(#[$doc:meta])* $name:ident($flavor:ident) -> $type:ty;)*) => {
        impl Client {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// [`ErrorKind::NotFound`] when there is none.
            pub async fn $name(&self, id: i64) -> Result<$type> {
                self.only(Flavor::$flavor)?;
                Ok(self.get(id, &[]).await?.0)
            }
        )*}
    };
}

gets! {
    /// `GET /customers/{id}`.
    get_customer(Web) -> web::Customer;
    /// `GET /orders/{id}`. Lines may be missing (?); the connector then reads it through the list.
    get_order(Web) -> web::Order;
    /// `GET /products/{id}`.
    get_product(Web) -> web::Product;
    /// `GET /variants/{id}`.
    get_variant(Web) -> web::Variant;
    /// `GET /customers/{id}` of POS.
    get_pos_customer(Pos) -> pos::Customer;
    /// `GET /orders/{id}` of POS.
    get_pos_order(Pos) -> pos::Order;
    /// `GET /products/{id}` of POS.
    get_pos_product(Pos) -> pos::Product;
}

impl Client {
    /// `GET /store`.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn get_store(&self) -> Result<web::StoreInfo> {
        self.only(Flavor::Web)?;
        const NAME: &str = "GET /store";
        let response = self.read(NAME, "store", &[]).await?;
        let (_, store) = read_object(&response.body).map_err(|error| at(error, NAME, &response))?;
        Ok(store)
    }

    /// `GET /orders/{id}/transactions`: an order does not carry them.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn list_transactions(&self, order: i64) -> Result<List<web::Transaction>> {
        self.only(Flavor::Web)?;
        self.list("GET /orders/{id}/transactions", Some(order), &ListParams::default()).await
    }

    /// `GET /orders/{id}/refunds`.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn list_refunds(&self, order: i64) -> Result<List<web::Refund>> {
        self.only(Flavor::Web)?;
        self.list("GET /orders/{id}/refunds", Some(order), &ListParams::default()).await
    }

    /// `POST /customers/{id}/addresses`. Not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn create_address(&self, customer: i64, address: &AddressWrite) -> Result<()> {
        let body = BTreeMap::from([("address", address)]);
        self.write(Flavor::Web, "POST /customers/{id}/addresses", Some(customer), &body).await.map(drop)
    }

    /// `POST /orders/{id}/cancel` in the wrapper that works; the documented flat body gives 500 (C:1). Reasons: `customer`,
    /// `fraud`, `inventory`, `other`, `declined`. Does not put goods back on the shelf.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn cancel_order(&self, id: i64, reason: &str) -> Result<()> {
        let body = BTreeMap::from([("order_cancel", BTreeMap::from([("cancel_reason", reason)]))]);
        self.write(Flavor::Web, "POST /orders/{id}/cancel", Some(id), &body).await.map(drop)
    }

    /// `POST /orders/{id}/close`.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn close_order(&self, id: i64) -> Result<()> {
        self.write(Flavor::Web, "POST /orders/{id}/close", Some(id), &NOTHING).await.map(drop)
    }

    /// `POST /orders/{id}/open`: a closed order again.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn reopen_order(&self, id: i64) -> Result<()> {
        self.write(Flavor::Web, "POST /orders/{id}/open", Some(id), &NOTHING).await.map(drop)
    }

    /// `POST /customers/{id}/addresses` of POS (C:1). Not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn create_pos_address(&self, customer: i64, address: &PosAddressWrite) -> Result<()> {
        let body = BTreeMap::from([("address", address)]);
        self.write(Flavor::Pos, "POST /customers/{id}/addresses", Some(customer), &body).await.map(drop)
    }

    /// `POST /orders` of POS, in the branch that the builder was given. Not repeated after it may have been received: set a
    /// `code` and search for it first.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] without a branch; see [`classify_at`].
    pub async fn create_pos_order(&self, order: &PosOrderWrite) -> Result<pos::Order> {
        self.only(Flavor::Pos)?;
        if self.location_id.is_none() {
            return Err(Error::config("Sapo POS writes orders in a branch: give the builder a location_id"));
        }
        self.write_object(Flavor::Pos, "POST /orders", None, order).await
    }

    /// `POST /orders/{id}/finalize` of POS: accepts a draft. A repeated one is refused by the vendor.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn finalize_pos_order(&self, id: i64) -> Result<()> {
        self.write(Flavor::Pos, "POST /orders/{id}/finalize", Some(id), &NOTHING).await.map(drop)
    }

    /// `POST /orders/{id}/cancel` of POS.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn cancel_pos_order(&self, id: i64) -> Result<()> {
        self.write(Flavor::Pos, "POST /orders/{id}/cancel", Some(id), &NOTHING).await.map(drop)
    }

    /// `POST /orders/{id}/prepayments` of POS.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn create_pos_prepayment(&self, order: i64, payment: &PosPrepaymentWrite) -> Result<()> {
        let body = BTreeMap::from([("prepayment", payment)]);
        self.write(Flavor::Pos, "POST /orders/{id}/prepayments", Some(order), &body).await.map(drop)
    }

    /// `POST /webhooks`, both flavours.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn register_webhook(&self, hook: &WebhookWrite) -> Result<Webhook> {
        self.write_object(self.flavor, "POST /webhooks", None, hook).await
    }
}

pos_core::endpoints! { Client {
    /// `POST /customers`. Not repeated after it may have been received.
    /// A number or e-mail that is taken is [`ErrorKind::Conflict`] or [`ErrorKind::Rejected`].
    create_customer(customer: &CustomerWrite) -> web::Customer
        = write_object(Flavor::Web, "POST /customers", None, customer);
    /// `PUT /customers/{id}`: what is left out stays; tags are replaced as a whole (C:2 live).
    update_customer(id: i64, customer: &CustomerWrite) -> web::Customer
        = write_object(Flavor::Web, "PUT /customers/{id}", Some(id), customer);
    /// `POST /orders`. Not repeated after it may have been received.
    create_order(order: &OrderWrite) -> web::Order = write_object(Flavor::Web, "POST /orders", None, order);
    /// `POST /customers` of POS. Not repeated after it may have been received.
    create_pos_customer(customer: &PosCustomerWrite) -> pos::Customer
        = write_object(Flavor::Pos, "POST /customers", None, customer);
    /// `PUT /customers/{id}` of POS (C:1): what is left out stays.
    update_pos_customer(id: i64, customer: &PosCustomerWrite) -> pos::Customer
        = write_object(Flavor::Pos, "PUT /customers/{id}", Some(id), customer);
    /// `GET /webhooks`, both flavours. `/webhooks/count` always says 0 (C:1).
    list_webhooks(params: &ListParams) -> List<Webhook> = list("GET /webhooks", None, params);
    /// `DELETE /webhooks/{id}`, both flavours.
    delete_webhook(id: i64) -> () = delete("DELETE /webhooks/{id}", Some(id));
    /// `DELETE /api_permissions/current`: removes our own app from the store (C:1).
    uninstall() -> () = delete("DELETE /api_permissions/current", None);
}}

/// What a failure says: `fields` by request field (POS may name the empty one), texts without a field, and a code.
#[derive(Default)]
struct Failure {
    is_one: bool,
    /// Whether it has a shape that is Sapo's, and not that of whatever stands between.
    is_own: bool,
    code: Option<String>,
    fields: BTreeMap<String, Vec<String>>,
    messages: Vec<String>,
    oauth: bool,
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => vec![text.trim().to_owned()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(object) => message_of(object).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether there is anything in it: an empty list or object of errors is none.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// The text of an object in a list of errors; its name is not established (?).
fn message_of(object: &serde_json::Map<String, Value>) -> Option<String> {
    ["message", "msg", "description", "detail", "title"]
        .iter()
        .find_map(|name| object.get(*name)?.as_str())
        .map(|text| text.trim().to_owned())
}

impl Failure {
    /// Reads any of the eight shapes; an unknown one says nothing.
    fn read(body: &[u8]) -> Self {
        let body = text_of(body).ok().and_then(|text| serde_json::from_str(text).ok());
        let Some(Value::Object(body)) = body else { return Self::default() };
        let mut failure = Self::default();
        if let Some(data) = body.get("data_error").filter(|data| says_something(data)) {
            (failure.is_one, failure.is_own) = (true, true);
            match data.get("errors") {
                Some(errors) => failure.errors(errors),
                None => failure.messages.extend(texts(data)),
            }
        }
        if let Some(errors) = body.get("errors").filter(|errors| says_something(errors)) {
            (failure.is_one, failure.is_own) = (true, true);
            failure.errors(errors);
        }
        match body.get("error") {
            Some(Value::String(code)) if !code.trim().is_empty() => {
                failure.is_one = true;
                failure.code = Some(code.trim().to_owned());
                // Frameworks write `"error":"Not Found"` beside a path and a time.
                failure.is_own |= code.trim().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                if let Some(text) = body.get("error_description").and_then(Value::as_str) {
                    failure.oauth = true;
                    failure.messages.push(text.trim().to_owned());
                }
            }
            Some(Value::Object(error)) if error.values().any(says_something) => {
                failure.is_one = true;
                // Gateways have a code or a status beside the text.
                failure.is_own |= message_of(error).is_some() && error.len() == 1;
                failure.messages.extend(message_of(error));
                failure.code = error.get("code").and_then(Value::as_str).map(str::to_owned);
            }
            _ => {}
        }
        failure
    }

    fn errors(&mut self, errors: &Value) {
        match errors {
            Value::Object(object) => {
                for (field, value) in object {
                    let texts = texts(value);
                    self.messages.extend(texts.iter().map(|text| {
                        if field.is_empty() { text.clone() } else { format!("{field}: {text}") }
                    }));
                    self.fields.entry(field.clone()).or_default().extend(texts);
                }
            }
            Value::Array(items) => {
                for item in items {
                    let Value::Object(object) = item else {
                        self.messages.extend(texts(item));
                        continue;
                    };
                    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
                    self.code = self.code.take().or_else(|| text("code"));
                    let message = message_of(object);
                    // Whether the objects name the field is not established [?].
                    if let Some(field) = text("field").or_else(|| text("attribute")).or_else(|| text("path"))
                    {
                        self.fields.entry(field).or_default().extend(message.clone());
                    }
                    self.messages.extend(message);
                }
            }
            other => self.messages.extend(texts(other)),
        }
    }

    fn message(&self) -> Option<String> {
        (!self.messages.is_empty()).then(|| self.messages.join("; "))
    }

    fn says(&self, words: &[&str]) -> bool {
        let text = self.messages.join(" ").to_lowercase();
        words.iter().any(|word| text.contains(word))
    }
}

/// What an answer means. Pure; `now` is for a `Retry-After` with a date in an answer that has no `Date` of its own.
///
/// | answer | meaning |
/// | --- | --- |
/// | 2xx with `error`, `errors` or `data_error` that say something | a failure in disguise: forbidden, not found or rejected by what it says |
/// | a web page with 200, or a redirect | not what the vendor documents; never an empty list; worth another try |
/// | 401, or an OAuth error (`error` with `error_description`) | the credentials or the code are not accepted |
/// | 403, `access_denied` | forbidden |
/// | 404, 410 | not found |
/// | 403, 404, 410 in another shape than Sapo's errors have, 401 as a web page | unavailable: something between answers |
/// | 422 that says that something is taken | conflict |
/// | 400, 405, other 422 | rejected, with the fields |
/// | 429 | rate limited, after `Retry-After`, at least a second; two when nobody can read it |
/// | 5xx | unavailable |
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    let html = response.is_html();
    if response.is_success() && !html && !may_be_failure(response) {
        return Outcome::Success;
    }
    let failure = if html { Failure::default() } else { Failure::read(&response.body) };
    if response.is_success() && !html && !failure.is_one {
        return Outcome::Success;
    }
    let (kind, what) = meaning(response.status, html, &failure);
    let mut error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(failure.code.clone())
        .with_vendor_message(failure.message())
        .with_fields(failure.fields);
    match kind {
        ErrorKind::RateLimited => error = error.with_retry(Retry::After(throttled_for(response, now))),
        ErrorKind::Unavailable => {
            if let Some(wait) = retry_after(response, now) {
                error = error.with_retry(Retry::After(wait));
            }
        }
        // A page of the user interface, or of a gateway that has its moment.
        ErrorKind::Decode => error = error.with_retry(Retry::Backoff),
        _ => {}
    }
    Outcome::Failure(error)
}

fn throttled_for(response: &Response, now: OffsetDateTime) -> Duration {
    const LEAST: Duration = Duration::from_secs(1);
    match response.header("retry-after") {
        None => LEAST,
        Some(_) => retry_after(response, now).unwrap_or(Duration::from_secs(2)).max(LEAST),
    }
}

/// Whether a 2xx answer deserves a closer look: only small objects and those that begin with an error do.
fn may_be_failure(response: &Response) -> bool {
    let body = lenient::without_mark(&response.body).trim_ascii_start();
    let Some(rest) = body.strip_prefix(b"{") else { return false };
    let rest = rest.trim_ascii_start();
    body.len() < 4096 || [&b"\"error"[..], b"\"data_error"].iter().any(|name| rest.starts_with(name))
}

const CLOSED: &str = "Sapo does not allow this: the app needs the permission for it (customers, orders, products, Chi nhánh), or \
    the scope (read_customers, read_orders, read_products, write_...)";
const BETWEEN: &str = "something between here and Sapo answers";
const WRONG_KEY: &str =
    "Sapo does not accept the credentials: connect the store again with a new key or token";
const UNKNOWN: &str = "the vendor does not know it";

fn meaning(status: u16, html: bool, failure: &Failure) -> (ErrorKind, &'static str) {
    match status {
        200..=299 if html => return (ErrorKind::Decode, "the answer is a web page, not JSON"),
        300..=399 => return (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        401 if html => return (ErrorKind::Unavailable, BETWEEN),
        403 | 404 | 410 if !failure.is_own => return (ErrorKind::Unavailable, BETWEEN),
        401 => return (ErrorKind::Auth, WRONG_KEY),
        403 => return (ErrorKind::Forbidden, CLOSED),
        404 | 410 => return (ErrorKind::NotFound, UNKNOWN),
        408 => return (ErrorKind::Timeout, "the vendor waited in vain"),
        409 => return (ErrorKind::Conflict, "the vendor sees a conflict"),
        429 => return (ErrorKind::RateLimited, "the quota is used up"),
        500..=599 => return (ErrorKind::Unavailable, "the vendor is not available"),
        200..=299 | 400..=499 => {}
        _ => return (ErrorKind::Unexpected, "an answer that nobody explained"),
    }
    if failure.oauth {
        return (ErrorKind::Auth, "Sapo does not accept the code or the app");
    }
    if failure.code.as_deref() == Some("access_denied") {
        return (ErrorKind::Forbidden, CLOSED);
    }
    // The last resort: the vendor's prose.
    if failure.says(&["không tồn tại", "not found"]) && status != 422 {
        return (ErrorKind::NotFound, UNKNOWN);
    }
    if status == 422 && failure.says(&["already been taken", "đã tồn tại"]) {
        return (ErrorKind::Conflict, "the vendor has one like it already");
    }
    (ErrorKind::Rejected, "Sapo refuses the request")
}
