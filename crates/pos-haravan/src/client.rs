//! The typed client: one short method for each endpoint, and what answers mean.

use std::collections::BTreeMap;

use http::Method;
use pos_core::http::{Call, Outcome, Request, Response, retry_after};
use pos_core::identity::{PhoneRules, read_phone, read_phones};
use pos_core::record::Money;
use pos_core::{Clock, Error, ErrorKind, Result, Retry, debug_only, http as core_http, lenient};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

use crate::answer::{Keyed, List, into_list, read, read_list, read_object, unmarked};
use crate::auth::join;
use crate::model::{
    Address, AddressWrite, CancelWrite, Customer, CustomerGroup, CustomerWrite, Event, InventoryLevel,
    Location, Order, OrderUpdate, OrderWrite, Product, Refund, RefundWrite, Shop, Subscription, Transaction,
    TransactionWrite, User,
};

/// The largest page: documented and measured for orders; every production client uses it for customers and products,
/// whose maximum is not documented (D)(M)(?).
pub const MAX_PAGE: u32 = 50;

/// Whose wall clock the time filters of lists are written in. Haravan compares them with the shop's own time, UTC+7,
/// whatever zone is written beside them (measured for orders on one shop; not established for all).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterClock {
    /// UTC: right whichever way a shop compares. A shop that compares with local time answers seven hours more, which are
    /// dropped here.
    #[default]
    Utc,
    /// The shop's own time: exact where a shop compares so, and loses seven hours of changes where it does not.
    Shop,
}

/// What to ask a list for. Which filter works where is in the vendor page; one that a list does not know has no effect
/// there.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ListParams {
    /// Rows a page, at most [`MAX_PAGE`].
    pub limit: Option<u32>,
    /// Which page, from 1.
    pub page: Option<u32>,
    /// Only rows above this id.
    pub since_id: Option<i64>,
    /// Changed at or after. Written as a bare wall clock, see [`FilterClock`]; up to seven hours more may come.
    pub updated_from: Option<OffsetDateTime>,
    /// Created at or after, likewise.
    pub created_from: Option<OffsetDateTime>,
    /// Any other filter by its name on the wire (`financial_status`, `ids`, `vendor`, `fields`). Upper bounds on times are
    /// best not sent: they are compared with local time.
    pub filters: Vec<(&'static str, String)>,
}

debug_only!(ListParams { limit, page, since_id, updated_from, created_from });

impl ListParams {
    /// Rows a page.
    #[must_use]
    pub fn with_limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Which page, from 1.
    #[must_use]
    pub fn with_page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// Only rows above this id.
    #[must_use]
    pub fn with_since_id(mut self, id: i64) -> Self {
        self.since_id = Some(id);
        self
    }

    /// Changed at or after.
    #[must_use]
    pub fn with_updated_from(mut self, from: OffsetDateTime) -> Self {
        self.updated_from = Some(from);
        self
    }

    /// Created at or after.
    #[must_use]
    pub fn with_created_from(mut self, from: OffsetDateTime) -> Self {
        self.created_from = Some(from);
        self
    }

    /// Another filter.
    #[must_use]
    pub fn with_filter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.filters.push((name, value.into()));
        self
    }
}

/// One list of the vendor: where it is, its name in answers, and what is always asked for.
#[derive(Clone, Copy)]
pub(crate) struct ListEndpoint {
    pub(crate) name: &'static str,
    path: &'static [&'static str],
    pub(crate) key: &'static str,
    flags: &'static [(&'static str, &'static str)],
    pub(crate) count: Option<&'static str>,
}

const fn list(name: &'static str, path: &'static [&'static str], key: &'static str) -> ListEndpoint {
    ListEndpoint { name, path, key, flags: &[], count: None }
}

pub(crate) const CUSTOMERS: ListEndpoint = ListEndpoint {
    count: Some("GET /customers/count"),
    ..list("GET /customers", &["customers.json"], "customers")
};
/// Without `status=any` closed and cancelled orders may be missing: the default is not documented (C:3).
pub(crate) const ORDERS: ListEndpoint = ListEndpoint {
    flags: &[("status", "any"), ("order", "created_at asc")],
    count: Some("GET /orders/count"),
    ..list("GET /orders", &["orders.json"], "orders")
};
pub(crate) const PRODUCTS: ListEndpoint = ListEndpoint {
    count: Some("GET /products/count"),
    ..list("GET /products", &["products.json"], "products")
};
pub(crate) const LOCATIONS: ListEndpoint = list("GET /locations", &["locations.json"], "locations");
pub(crate) const USERS: ListEndpoint = list("GET /users", &["users.json"], "users");
pub(crate) const EVENTS: ListEndpoint = list("GET /events", &["events.json"], "events");
const SEARCH: ListEndpoint = list("GET /customers/search", &["customers", "search.json"], "customers");
const GROUPS: ListEndpoint = list("GET /customers/groups", &["customers", "groups.json"], "customer_groups");
const STOCK: ListEndpoint =
    list("GET /inventory_locations", &["inventory_locations.json"], "inventory_locations");

/// Haravan's endpoints, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting, retrying and tokens are underneath. Reads may be
/// dropped at any await. A dropped write may or may not have been carried out.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    webhook_http: core_http::Client,
    api: Url,
    hooks: Url,
    clock: FilterClock,
}

impl Client {
    pub(crate) fn new(
        http: core_http::Client,
        webhook_http: core_http::Client,
        api: Url,
        hooks: Url,
        clock: FilterClock,
    ) -> Self {
        Self { http, webhook_http, api, hooks, clock }
    }

    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = join(&join(&self.api, &["com"]), path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// A time filter as a bare wall clock, floored to the second. Never with an offset: the vendor converts one to UTC and
    /// then compares it with local time (M).
    fn wall(&self, at: OffsetDateTime) -> String {
        let at = match self.clock {
            FilterClock::Utc => at.checked_to_offset(time::UtcOffset::UTC).unwrap_or(at),
            FilterClock::Shop => lenient::in_vietnam(at),
        };
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
        at.format(&format).unwrap_or_default()
    }

    async fn get<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &[&str],
        wrappers: &[&str],
    ) -> Result<T> {
        let response =
            self.http.send(Call::new(name, Request::new(Method::GET, self.url(path, &[])))).await?;
        read_object(&response.body, wrappers)
            .map_err(|error| error.with_context(name).with_status(response.status))
    }

    /// One object by its id. Another one in its place is an error, not an answer.
    async fn get_one<T: DeserializeOwned + Keyed>(
        &self,
        name: &'static str,
        resource: &str,
        wrapper: &str,
        id: i64,
    ) -> Result<T> {
        let read: T = self.get(name, &[resource, &file(id)], &[wrapper]).await?;
        if read.key() == id { Ok(read) } else { Err(another(name)) }
    }

    /// The vendor's time, as far as its answers told it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.http.now()
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    /// The answer to a read of one object, as it came.
    pub(crate) async fn raw(&self, name: &'static str, path: &[&str]) -> Result<Response> {
        self.http.send(Call::new(name, Request::new(Method::GET, self.url(path, &[])))).await
    }

    async fn write<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
        repeatable: bool,
    ) -> Result<Response> {
        let call = Call::new(name, Request::new(method, self.url(path, &[])).json(body)?);
        self.http.send(if repeatable { call.idempotent() } else { call }).await
    }

    async fn write_object<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
        wrappers: &[&str],
    ) -> Result<T> {
        let repeatable = method == Method::PUT;
        let response = self.write(name, method, path, body, repeatable).await?;
        read_object(&response.body, wrappers)
            .map_err(|error| error.with_context(name).with_status(response.status))
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows(&self, list: &ListEndpoint, params: &ListParams) -> Result<Response> {
        let mut query: Vec<(&str, String)> = Vec::new();
        for (name, value) in list.flags {
            if !params.filters.iter().any(|(other, _)| other == name) {
                query.push((name, (*value).to_owned()));
            }
        }
        if let Some(rows) = params.limit {
            query.push(("limit", rows.to_string()));
        }
        if let Some(page) = params.page {
            query.push(("page", page.to_string()));
        }
        if let Some(id) = params.since_id {
            query.push(("since_id", id.to_string()));
        }
        if let Some(from) = params.updated_from {
            query.push(("updated_at_min", self.wall(from)));
        }
        if let Some(from) = params.created_from {
            query.push(("created_at_min", self.wall(from)));
        }
        query.extend(params.filters.iter().map(|(name, value)| (*name, value.clone())));
        self.http.send(Call::new(list.name, Request::new(Method::GET, self.url(list.path, &query)))).await
    }

    async fn list<T: DeserializeOwned>(&self, list: &ListEndpoint, params: &ListParams) -> Result<List<T>> {
        let response = self.rows(list, params).await?;
        let rows = read_list(&response.body, list.key)
            .map_err(|e| e.with_context(list.name).with_status(response.status))?;
        Ok(into_list(rows))
    }

    pub(crate) async fn count(&self, name: &'static str, resource: &str, any_status: bool) -> Result<u64> {
        #[derive(serde::Deserialize)]
        struct Count {
            #[serde(deserialize_with = "lenient::required_integer")]
            count: i64,
        }
        let query: &[(&str, String)] = &[("status", "any".to_owned())];
        let url = self.url(&[resource, "count.json"], if any_status { query } else { &[] });
        let answer: Count = self.http.json(Call::new(name, Request::new(Method::GET, url))).await?;
        u64::try_from(answer.count)
            .map_err(|_| Error::decode("the vendor counts less than nothing").with_context(name))
    }

    /// `GET /shop`.
    ///
    /// # Errors
    /// What the answer means, see [`classify`]. So for every method here.
    pub async fn get_shop(&self) -> Result<Shop> {
        self.get("GET /shop", &["shop.json"], &["shop"]).await
    }

    /// `GET /customers`. Filters: `ids`, `fields`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_customers(&self, params: &ListParams) -> Result<List<Customer>> {
        self.list(&CUSTOMERS, params).await
    }

    /// `GET /customers/count`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn count_customers(&self) -> Result<u64> {
        self.count("GET /customers/count", "customers", false).await
    }

    /// `GET /customers/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_customer(&self, id: i64) -> Result<Customer> {
        self.get_one("GET /customers/{id}", "customers", "customer", id).await
    }

    /// `GET /customers/search`: free text over everything. Check every hit.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn search_customers(&self, query: &str, params: &ListParams) -> Result<List<Customer>> {
        self.list(&SEARCH, &params.clone().with_filter("query", query)).await
    }

    /// Customers whose own number, or else whose default address, holds this very number, however it is written. The
    /// vendor's search is free text, so every hit is read again. Several customers may share a number.
    ///
    /// Sends two requests: for `0…` and for `+84…`, because a shop may have both writings.
    ///
    /// # Errors
    /// See [`classify`]. [`ErrorKind::Config`] when the text holds no phone number.
    pub async fn find_customers_by_phone(&self, phone: &str) -> Result<Vec<Customer>> {
        let rules = PhoneRules::default();
        let wanted = read_phone(phone, &rules)
            .ok_or_else(|| Error::config("this is not a phone number to search for"))?
            .e164;
        let digits = wanted.digits().to_string();
        let forms = match digits.strip_prefix("84") {
            Some(national) => vec![format!("0{national}"), format!("+{digits}")],
            None => vec![format!("+{digits}")],
        };
        let holds = |text: &str| read_phones(text, &rules).phones.iter().any(|number| number.e164 == wanted);
        let mut found: BTreeMap<i64, Customer> = BTreeMap::new();
        for form in forms {
            let hits = self.search_customers(&form, &ListParams::default().with_limit(MAX_PAGE)).await?.data;
            let same = hits.into_iter().filter(|one| {
                let place = one.default_address.as_ref().and_then(|address| address.phone.as_deref());
                one.phone.as_deref().or(place).is_some_and(holds)
            });
            found.extend(same.map(|one| (one.id, one)));
        }
        Ok(found.into_values().collect())
    }

    /// Customers with this e-mail address, in any letter case.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_customers_by_email(&self, email: &str) -> Result<Vec<Customer>> {
        let wanted = email.trim().to_lowercase();
        let mut found =
            self.search_customers(email.trim(), &ListParams::default().with_limit(MAX_PAGE)).await?.data;
        found.retain(|one| one.email.as_deref().is_some_and(|own| own.trim().to_lowercase() == wanted));
        found.sort_by_key(|one| one.id);
        found.dedup_by_key(|one| one.id);
        Ok(found)
    }

    /// `POST /customers`. Not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`]; a phone or e-mail that is taken is [`ErrorKind::Rejected`].
    pub async fn create_customer(&self, customer: &CustomerWrite) -> Result<Customer> {
        let body = BTreeMap::from([("customer", customer)]);
        self.write_object("POST /customers", Method::POST, &["customers.json"], &body, &["customer"]).await
    }

    /// `PUT /customers/{id}`: only the members that are set are changed.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_customer(&self, id: i64, customer: &CustomerWrite) -> Result<Customer> {
        let body = BTreeMap::from([("customer", customer)]);
        self.write_object("PUT /customers/{id}", Method::PUT, &["customers", &file(id)], &body, &["customer"])
            .await
    }

    /// `DELETE /customers/{id}`: the vendor answers an empty list.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn delete_customer(&self, id: i64) -> Result<()> {
        let call = Call::new(
            "DELETE /customers/{id}",
            Request::new(Method::DELETE, self.url(&["customers", &file(id)], &[]))
                .json(&serde_json::json!({}))?,
        );
        self.http.send(call.idempotent()).await.map(drop)
    }

    /// `GET /customers/{id}/addresses`: all of them; a customer shows the ten most recent.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_addresses(&self, customer: i64, params: &ListParams) -> Result<List<Address>> {
        let mut query = Vec::new();
        query.extend(params.limit.map(|rows| ("limit", rows.to_string())));
        query.extend(params.page.map(|page| ("page", page.to_string())));
        let url = self.url(&["customers", &customer.to_string(), "addresses.json"], &query);
        let name = "GET /customers/{id}/addresses";
        let response = self.http.send(Call::new(name, Request::new(Method::GET, url))).await?;
        let rows = read_list(&response.body, "addresses")
            .map_err(|error| error.with_context(name).with_status(response.status))?;
        Ok(into_list(rows))
    }

    /// `POST /customers/{id}/addresses`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_address(&self, customer: i64, address: &AddressWrite) -> Result<Address> {
        let path = ["customers", &customer.to_string(), "addresses.json"];
        let body = BTreeMap::from([("address", address)]);
        let name = "POST /customers/{id}/addresses";
        self.write_object(name, Method::POST, &path, &body, &["address", "customer_address"]).await
    }

    /// `PUT /customers/{id}/addresses/{id}`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_address(&self, customer: i64, id: i64, address: &AddressWrite) -> Result<Address> {
        let path = ["customers", &customer.to_string(), "addresses", &file(id)];
        let body = BTreeMap::from([("address", address)]);
        let name = "PUT /customers/{id}/addresses/{id}";
        self.write_object(name, Method::PUT, &path, &body, &["customer_address", "address"]).await
    }

    /// Adds tags to a customer or an order (`customers` or `orders`): what is there stays. Answers all of them.
    async fn tags(
        &self,
        name: &'static str,
        method: Method,
        resource: &str,
        id: i64,
        tags: &[String],
    ) -> Result<Vec<String>> {
        let path = [resource, &id.to_string(), "tags.json"];
        let body = BTreeMap::from([("tags", tags.join(","))]);
        let response = self.write(name, method, &path, &body, true).await?;
        #[derive(serde::Deserialize)]
        struct Tags {
            #[serde(default, deserialize_with = "crate::model::tags")]
            tags: Option<String>,
        }
        let answer: Tags = core_http::Client::decode(&response, name)?;
        Ok(crate::map::split_tags(answer.tags.as_deref()))
    }

    /// `POST /customers/{id}/tags`: adds; what is there stays. Answers all tags.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn add_customer_tags(&self, id: i64, tags: &[String]) -> Result<Vec<String>> {
        self.tags("POST /customers/{id}/tags", Method::POST, "customers", id, tags).await
    }

    /// `DELETE /customers/{id}/tags`, with the tags in its body. Answers those that remain.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn remove_customer_tags(&self, id: i64, tags: &[String]) -> Result<Vec<String>> {
        self.tags("DELETE /customers/{id}/tags", Method::DELETE, "customers", id, tags).await
    }

    /// `GET /customers/groups`. Who is in which is not shown.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_customer_groups(&self) -> Result<List<CustomerGroup>> {
        self.list(&GROUPS, &ListParams::default()).await
    }

    /// `GET /orders`, of every status unless a filter says otherwise. Filters: `financial_status`, `fulfillment_status`,
    /// `order`, `ids`, `fields`; there is none by phone, e-mail or name (C:1).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_orders(&self, params: &ListParams) -> Result<List<Order>> {
        self.list(&ORDERS, params).await
    }

    /// `GET /orders/count`, of every status.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn count_orders(&self) -> Result<u64> {
        self.count("GET /orders/count", "orders", true).await
    }

    /// `GET /orders/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_order(&self, id: i64) -> Result<Order> {
        self.get_one("GET /orders/{id}", "orders", "order", id).await
    }

    /// `POST /orders`. The vendor has no idempotency key: it is not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_order(&self, order: &OrderWrite) -> Result<Order> {
        let body = BTreeMap::from([("order", order)]);
        self.write_object("POST /orders", Method::POST, &["orders.json"], &body, &["order"]).await
    }

    /// `PUT /orders/{id}`: note, custom fields, e-mail, tags. Goods cannot be changed (D).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_order(&self, id: i64, order: &OrderUpdate) -> Result<Order> {
        let body = BTreeMap::from([("order", order)]);
        self.write_object("PUT /orders/{id}", Method::PUT, &["orders", &file(id)], &body, &["order"]).await
    }

    async fn act<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        id: i64,
        verb: &str,
        body: &B,
    ) -> Result<Order> {
        self.write_object(name, Method::POST, &["orders", &id.to_string(), verb], body, &["order"]).await
    }

    /// `POST /orders/{id}/confirm`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn confirm_order(&self, id: i64) -> Result<Order> {
        self.act("POST /orders/{id}/confirm", id, "confirm.json", &serde_json::json!({})).await
    }

    /// `POST /orders/{id}/close`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn close_order(&self, id: i64) -> Result<Order> {
        self.act("POST /orders/{id}/close", id, "close.json", &serde_json::json!({})).await
    }

    /// `POST /orders/{id}/open`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn open_order(&self, id: i64) -> Result<Order> {
        self.act("POST /orders/{id}/open", id, "open.json", &serde_json::json!({})).await
    }

    /// `POST /orders/{id}/cancel`: the body has no wrapper.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn cancel_order(&self, id: i64, cancel: &CancelWrite) -> Result<Order> {
        self.act("POST /orders/{id}/cancel", id, "cancel.json", cancel).await
    }

    /// `GET /orders/{id}/transactions`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_transactions(&self, order: i64) -> Result<List<Transaction>> {
        let path = ["orders", &order.to_string(), "transactions.json"];
        let response = self.raw("GET /orders/{id}/transactions", &path).await?;
        Ok(into_list(read_list(&response.body, "transactions")?))
    }

    /// `POST /orders/{id}/transactions`. Not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_transaction(
        &self,
        order: i64,
        transaction: &TransactionWrite,
    ) -> Result<Transaction> {
        let path = ["orders", &order.to_string(), "transactions.json"];
        let body = BTreeMap::from([("transaction", transaction)]);
        let name = "POST /orders/{id}/transactions";
        self.write_object(name, Method::POST, &path, &body, &["transaction"]).await
    }

    /// Marks an order paid by this amount: a `Capture`.
    ///
    /// # Errors
    /// See [`create_transaction`](Self::create_transaction).
    pub async fn pay_order(&self, order: i64, amount: Money) -> Result<Transaction> {
        let mut capture = TransactionWrite::default();
        capture.kind = Some("Capture".to_owned());
        capture.amount = Some(amount);
        self.create_transaction(order, &capture).await
    }

    /// `GET /orders/{id}/refunds`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_refunds(&self, order: i64) -> Result<List<Refund>> {
        let path = ["orders", &order.to_string(), "refunds.json"];
        let response = self.raw("GET /orders/{id}/refunds", &path).await?;
        Ok(into_list(read_list(&response.body, "refunds")?))
    }

    /// `POST /orders/{id}/refunds`. Not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_refund(&self, order: i64, refund: &RefundWrite) -> Result<Refund> {
        let path = ["orders", &order.to_string(), "refunds.json"];
        let body = BTreeMap::from([("refund", refund)]);
        self.write_object("POST /orders/{id}/refunds", Method::POST, &path, &body, &["refund"]).await
    }

    /// `POST /orders/{id}/tags`: adds; what is there stays. Answers all tags.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn add_order_tags(&self, id: i64, tags: &[String]) -> Result<Vec<String>> {
        self.tags("POST /orders/{id}/tags", Method::POST, "orders", id, tags).await
    }

    /// `DELETE /orders/{id}/tags`, with the tags in its body. Answers those that remain.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn remove_order_tags(&self, id: i64, tags: &[String]) -> Result<Vec<String>> {
        self.tags("DELETE /orders/{id}/tags", Method::DELETE, "orders", id, tags).await
    }

    /// `GET /products`. Filters: `ids`, `vendor`, `handle`, `product_type`, `collection_id`, `sku`, `barcode`, `fields`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_products(&self, params: &ListParams) -> Result<List<Product>> {
        self.list(&PRODUCTS, params).await
    }

    /// `GET /products/count`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn count_products(&self) -> Result<u64> {
        self.count("GET /products/count", "products", false).await
    }

    /// `GET /products/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_product(&self, id: i64) -> Result<Product> {
        self.get_one("GET /products/{id}", "products", "product", id).await
    }

    /// `GET /inventory_locations`: the stock of these variants at these branches; both lists are needed (D).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_stock(&self, locations: &[i64], variants: &[i64]) -> Result<List<InventoryLevel>> {
        let join = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let params = ListParams::default()
            .with_filter("location_ids", join(locations))
            .with_filter("variant_ids", join(variants));
        self.list(&STOCK, &params).await
    }

    /// `GET /locations`: all of them; no paging is shown.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_locations(&self) -> Result<List<Location>> {
        self.list(&LOCATIONS, &ListParams::default()).await
    }

    /// `GET /users`: on the Plus plan only (D).
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] on other plans, presumably.
    pub async fn list_users(&self) -> Result<List<User>> {
        self.list(&USERS, &ListParams::default()).await
    }

    /// `GET /events`. Filters: `filter` (subject types), `verb`. There are no events about customers (D).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_events(&self, params: &ListParams) -> Result<List<Event>> {
        self.list(&EVENTS, params).await
    }

    async fn hook<T: DeserializeOwned>(&self, name: &'static str, method: Method) -> Result<T> {
        let mut request = Request::new(method.clone(), join(&self.hooks, &["api", "subscribe"]));
        if method == Method::POST {
            request = request.json(&serde_json::json!({}))?;
        }
        self.webhook_http.json(Call::new(name, request).idempotent()).await
    }

    /// `POST /api/subscribe`: switches the app's webhooks on for this shop. The topics are chosen in the partner dashboard.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] when the host answers 200 with `error: true`.
    pub async fn subscribe_webhooks(&self) -> Result<()> {
        self.hook::<serde_json::Value>("POST /api/subscribe", Method::POST).await.map(drop)
    }

    /// `GET /api/subscribe`. Its wrapper is not established: a bare list and an object that holds one are both read.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_subscriptions(&self) -> Result<Vec<Subscription>> {
        let name = "GET /api/subscribe";
        let raw: Box<RawValue> = self.hook(name, Method::GET).await?;
        let wrong = |_| Error::decode("the answer is neither a list nor an object").with_context(name);
        let rows = |text| -> Result<Vec<Subscription>> {
            let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
            Ok(rows.into_iter().filter_map(|row| read(row, "").ok()).collect())
        };
        if raw.get().starts_with('[') {
            return rows(raw.get());
        }
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).map_err(wrong)?;
        match members.values().find(|value| value.get().starts_with('[')) {
            Some(list) => rows(list.get()),
            None => Ok(Vec::new()),
        }
    }

    /// `DELETE /api/subscribe`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn unsubscribe_webhooks(&self) -> Result<()> {
        let request = Request::new(Method::DELETE, join(&self.hooks, &["api", "subscribe"]));
        self.webhook_http.send(Call::new("DELETE /api/subscribe", request).idempotent()).await.map(drop)
    }
}

/// Another object was answered than the one that was asked for.
pub(crate) fn another(name: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, "the vendor answers another object than the one that was asked for")
        .with_context(name)
        .with_retry(Retry::Backoff)
}

/// The last part of a path.
pub(crate) fn file(id: i64) -> String {
    format!("{id}.json")
}

/// What an answer means, now. See [`classify_at`].
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// What an answer of any of the three hosts means. `now` is for a `Retry-After` that is a date; Haravan sends a decimal
/// number of seconds (`2.0`).
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    let html = response.is_html();
    let failure =
        if html { Failure::default() } else { Failure::read(&response.body, response.is_success()) };
    if response.is_success() && !html && !failure.said {
        return Outcome::Success;
    }
    let (kind, what) = meaning(response.status, html, &failure);
    let refused = kind == ErrorKind::Auth && response.status == 401;
    let mut error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(failure.code)
        .with_vendor_message(failure.message)
        .with_fields(failure.fields);
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = retry_after(response, now)
    {
        error = error.with_retry(Retry::After(wait));
    }
    if refused { Outcome::RefreshToken(error) } else { Outcome::Failure(error) }
}

/// Where Haravan's answers hold the reason of a failure.
#[derive(Default)]
struct Failure {
    /// Whether the body says that something failed.
    said: bool,
    /// Whether it says so in the vendor's own way: in `errors`, or with `error: true`.
    own: bool,
    /// `{}`, as the vendor answers when a scope is missing.
    bare: bool,
    code: Option<String>,
    message: Option<String>,
    fields: BTreeMap<String, Vec<String>>,
}

/// The largest successful answer that is searched for a failure: pages of records are larger, and start otherwise.
const SMALL: usize = 4096;

/// Whether a text is a code and no prose: prose may name people and numbers, and codes are printed.
fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Whether there is anything in it: an empty list or object of errors is none.
fn says_something(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

impl Failure {
    fn read(body: &[u8], success: bool) -> Self {
        use serde_json::Value;
        let body = unmarked(body);
        let first = body.trim_ascii_start();
        if success && (body.len() > SMALL || !first.starts_with(b"{")) {
            return Self::default();
        }
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        if success && members.contains_key("id") {
            return Self::default();
        }
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        let (code, prose) = match text(members.get("error")) {
            Some(text) if is_code(&text) => (Some(text), None),
            prose => (None, prose),
        };
        let mut failure = Self {
            said: members.get("error").is_some_and(says_something),
            // The webhook host says `{"error":true,"message":…}`.
            own: members.get("error") == Some(&Value::Bool(true)),
            bare: members.is_empty(),
            code,
            message: text(members.get("error_description"))
                .or_else(|| text(members.get("message")))
                .or(prose),
            fields: BTreeMap::new(),
        };
        let texts = |value: &Value| -> Vec<String> {
            match value {
                Value::String(one) => vec![one.clone()],
                Value::Array(many) => many
                    .iter()
                    .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                    .collect(),
                other => vec![other.to_string()],
            }
        };
        let all: Vec<String> = match members.get("errors").filter(|errors| says_something(errors)) {
            None => Vec::new(),
            Some(Value::Object(fields)) => {
                let told = fields.iter().filter(|(_, value)| says_something(value));
                failure.fields = told.map(|(name, value)| (name.clone(), texts(value))).collect();
                failure.fields.values().map(|texts| texts.join("; ")).collect()
            }
            Some(other) => texts(other).into_iter().filter(|text| !text.trim().is_empty()).collect(),
        };
        if !all.is_empty() {
            failure.said = true;
            failure.own = true;
            failure.message =
                failure.message.or_else(|| Some(all.join("; ")).filter(|text| !text.is_empty()));
        }
        failure
    }
}

/// What a status means. Anybody on the way may answer 403, 404 or 410, or a web page; what only the vendor may say (this
/// object does not exist, this is not allowed) is believed in the vendor's own words alone.
fn meaning(status: u16, html: bool, failure: &Failure) -> (ErrorKind, &'static str) {
    let oauth =
        ["invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "unsupported_grant_type"];
    let says_gone =
        failure.message.as_deref().is_some_and(|text| text.to_lowercase().contains("không tồn tại"));
    match status {
        429 => (ErrorKind::RateLimited, "the quota is used up"),
        300..=399 => (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        _ if html => (ErrorKind::Unavailable, "a web page answers in the place of the vendor"),
        401 => (ErrorKind::Auth, "Haravan does not accept the token: connect the shop again"),
        400 if failure.code.as_deref().is_some_and(|code| oauth.contains(&code)) => (
            ErrorKind::Auth,
            "Haravan does not accept the credentials: the shop has to install the app again",
        ),
        403 if failure.own || failure.bare => (
            ErrorKind::Forbidden,
            "Haravan does not allow this: a scope is missing (com.read_… and com.write_… of what is used, wh_api for webhooks)",
        ),
        404 if failure.own => (ErrorKind::NotFound, "the vendor does not know it"),
        422 if says_gone => (ErrorKind::NotFound, "the vendor does not know it"),
        403 | 404 | 410 => (ErrorKind::Unavailable, "this answer is not in the vendor's own words"),
        408 => (ErrorKind::Timeout, "the vendor waited in vain"),
        409 => (ErrorKind::Conflict, "the vendor sees a conflict"),
        500..=599 => (ErrorKind::Unavailable, "the vendor is not available"),
        200..=299 | 400..=499 => (ErrorKind::Rejected, "Haravan refuses the request"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    }
}
