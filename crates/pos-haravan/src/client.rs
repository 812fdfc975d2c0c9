//! The typed client: one short method for each endpoint, and what answers mean.

use std::collections::BTreeMap;

use http::Method;
use pos_core::http::{Call, Request, Response};
use pos_core::identity::{PhoneRules, read_phone, read_phones};
use pos_core::kit::{Keyed, Members, Raw, is_list, items, read_object as read, unreadable};
use pos_core::page::pick_custom;
use pos_core::record::{Extra, Money};
use pos_core::{Error, ErrorKind, Result, debug_only, http as core_http, lenient};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

use crate::answer::{List, Resource, read_list, read_object, unwrap_object};
use crate::auth::join;
use crate::map::split_tags;
use crate::model::{
    Address, AddressWrite, CancelWrite, Customer, CustomerGroup, CustomerWrite, Event, InventoryLevel,
    Location, Order, OrderUpdate, OrderWrite, Product, Refund, RefundWrite, Shop, Subscription, Transaction,
    TransactionWrite, User,
};
pub use crate::outcome::{classify, classify_at};
pub use crate::profile::MAX_PAGE;
use crate::scan::{Walk, lost};

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

pos_core::setters! { ListParams {
    /// Rows a page.
    with_limit(limit: u32);
    /// Which page, from 1.
    with_page(page: u32);
    /// Only rows above this id.
    with_since_id(since_id: i64);
    /// Changed at or after.
    with_updated_from(updated_from: OffsetDateTime);
    /// Created at or after.
    with_created_from(created_from: OffsetDateTime);
}}

impl ListParams {
    /// Another filter.
    #[must_use]
    pub fn with_filter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.filters.push((name, value.into()));
        self
    }
}

/// One list of the vendor: where it is, and its name in requests and answers.
#[derive(Clone, Copy)]
pub(crate) struct ListEndpoint {
    pub(crate) name: &'static str,
    path: &'static str,
    key: &'static str,
}

impl ListEndpoint {
    pub(crate) const fn of<T: Resource>() -> Self {
        Self { name: T::LIST, path: T::FILE, key: T::MANY }
    }
}

const fn list(name: &'static str, path: &'static str, key: &'static str) -> ListEndpoint {
    ListEndpoint { name, path, key }
}

pub(crate) const EVENTS: ListEndpoint = list("GET /events", "events.json", "events");
const SEARCH: ListEndpoint = list("GET /customers/search", "customers/search.json", "customers");
const GROUPS: ListEndpoint = list("GET /customers/groups", "customers/groups.json", "customer_groups");
const STOCK: ListEndpoint =
    list("GET /inventory_locations", "inventory_locations.json", "inventory_locations");

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

    /// The vendor's time, as far as its answers told it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.http.now()
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    async fn get(&self, name: &'static str, path: &[&str], query: &[(&str, String)]) -> Result<Response> {
        self.http.send(Call::new(name, Request::new(Method::GET, self.url(path, query)))).await
    }

    /// One object by its id, with the vendor fields that a mapping asked for. Another one in its place is an error, not an
    /// answer.
    async fn get_one<T: Resource>(&self, id: i64, custom: &[String]) -> Result<(T, Extra)> {
        let response = self.get(T::GET, &[T::MANY, &file(id)], &[]).await?;
        let (raw, path) =
            unwrap_object(&response.body, &[T::ONE]).map_err(|why| at(why, T::GET, &response))?;
        let found: T = read(raw, path).map_err(|why| at(unreadable(&why), T::GET, &response))?;
        if found.key() != Some(id) {
            let what = "the vendor answers another object than the one that was asked for";
            return Err(lost(what).with_context(T::GET));
        }
        Ok((found, pick_custom(raw, custom)))
    }

    /// The same: one request, and more where somebody says that it is not there who need not be the vendor, whose own words
    /// for it are not established (?).
    ///
    /// Then the list is asked for this id: an empty one is the vendor's own word. Where it shows others, `ids` has no effect,
    /// and nothing is said about this id; but then a read by id that finds one of those, and still not this one, is answered
    /// by the vendor.
    pub(crate) async fn find<T: Resource>(&self, id: i64, custom: &[String]) -> Result<(T, Extra)> {
        let missing = match self.get_one::<T>(id, custom).await {
            Err(error) if is_bare_missing(&error) => error,
            answer => return answer,
        };
        let unknown = || {
            let error = Error::new(ErrorKind::NotFound, "the vendor does not know it");
            Err(error.with_context(T::GET).with_status(404))
        };
        let endpoint = ListEndpoint::of::<T>();
        let params = ListParams::default().with_limit(MAX_PAGE).with_filter("ids", id.to_string());
        let Ok(response) = self.rows(&endpoint, &params).await else { return Err(missing) };
        let other = {
            let Ok(rows) = read_list::<T>(&response.body, endpoint.key) else { return Err(missing) };
            if rows.is_empty() {
                return unknown();
            }
            let other = rows.iter().filter_map(Raw::key).find(|other| *other > 0);
            if let Some(row) = rows.into_iter().find(|row| row.key() == Some(id)) {
                let extra = row.raw.custom(custom);
                return row.read.map(|read| (read, extra)).map_err(|why| unreadable(&why));
            }
            other
        };
        match other {
            Some(other) if self.get_one::<T>(other, &[]).await.is_ok() => {
                match self.get_one::<T>(id, custom).await {
                    Err(error) if is_bare_missing(&error) => unknown(),
                    answer => answer,
                }
            }
            _ => Err(missing),
        }
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

    /// Writes an object in its wrapper, which is the first of those that its answer may come in.
    async fn write_object<B: Serialize, T: DeserializeOwned>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        wrappers: &[&str],
        body: &B,
    ) -> Result<T> {
        let repeatable = method == Method::PUT;
        let body: BTreeMap<_, _> = wrappers.first().map(|wrapper| (wrapper, body)).into_iter().collect();
        let response = self.write(name, method, path, &body, repeatable).await?;
        read_object(&response.body, wrappers).map_err(|error| at(error, name, &response))
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows(&self, list: &ListEndpoint, params: &ListParams) -> Result<Response> {
        let path: Vec<&str> = list.path.split('/').collect();
        self.get(list.name, &path, &self.query(list.key, params)).await
    }

    fn query(&self, key: &str, params: &ListParams) -> Vec<(&'static str, String)> {
        // Without `status=any` closed and cancelled orders may be missing: the default is not documented (C:3).
        let flags: &[_] = match key {
            Order::MANY => &[("status", "any"), ("order", "created_at asc")],
            _ => &[],
        };
        let is_asked = |flag: &str| params.filters.iter().any(|(name, _)| *name == flag);
        let flags = flags.iter().filter(|(name, _)| !is_asked(name));
        let mut query: Vec<_> = flags.map(|(name, value)| (*name, (*value).to_owned())).collect();
        query.extend(params.limit.map(|rows| ("limit", rows.to_string())));
        query.extend(params.page.map(|page| ("page", page.to_string())));
        query.extend(params.since_id.map(|id| ("since_id", id.to_string())));
        query.extend(params.updated_from.map(|from| ("updated_at_min", self.wall(from))));
        query.extend(params.created_from.map(|from| ("created_at_min", self.wall(from))));
        query.extend(params.filters.iter().cloned());
        query
    }

    async fn list<T: Keyed>(&self, list: &ListEndpoint, params: &ListParams) -> Result<List<T>> {
        let response = self.rows(list, params).await?;
        list_in(list.name, list.key, &response)
    }

    /// A list of what belongs to one customer or order.
    async fn parts<T: Keyed>(
        &self,
        name: &'static str,
        path: [&str; 2],
        id: i64,
        params: &ListParams,
    ) -> Result<List<T>> {
        let [owner, key] = path;
        let path = [owner, &id.to_string(), &format!("{key}.json")];
        let response = self.get(name, &path, &self.query(key, params)).await?;
        list_in(name, key, &response)
    }

    /// The answer to the next step of a walk through a list.
    pub(crate) async fn walk(
        &self,
        list: &ListEndpoint,
        walk: &Walk,
        size: u32,
        params: ListParams,
    ) -> Result<Response> {
        let ask = walk.ask(size);
        self.rows(list, &params.with_limit(ask.limit).with_page(ask.page)).await
    }

    pub(crate) async fn count<T: Resource>(&self) -> Result<u64> {
        #[derive(serde::Deserialize)]
        struct Count {
            #[serde(deserialize_with = "lenient::required_integer")]
            count: i64,
        }
        let mut query = self.query(T::MANY, &ListParams::default());
        query.retain(|(name, _)| *name == "status");
        let url = self.url(&[T::MANY, "count.json"], &query);
        let answer: Count = self.http.json(Call::new(T::COUNT, Request::new(Method::GET, url))).await?;
        u64::try_from(answer.count)
            .map_err(|_| Error::decode("the vendor counts less than nothing").with_context(T::COUNT))
    }

    /// `GET /shop`.
    ///
    /// # Errors
    /// What the answer means, see [`classify`]. So for every method here.
    pub async fn get_shop(&self) -> Result<Shop> {
        let response = self.get("GET /shop", &["shop.json"], &[]).await?;
        read_object(&response.body, &["shop"]).map_err(|error| at(error, "GET /shop", &response))
    }

    /// `GET /customers/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_customer(&self, id: i64) -> Result<Customer> {
        self.get_one(id, &[]).await.map(|(customer, _)| customer)
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

    /// `POST /customers/{id}/addresses`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_address(&self, customer: i64, address: &AddressWrite) -> Result<Address> {
        let path = ["customers", &customer.to_string(), "addresses.json"];
        let name = "POST /customers/{id}/addresses";
        self.write_object(name, Method::POST, &path, &["address", "customer_address"], address).await
    }

    /// `PUT /customers/{id}/addresses/{id}`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_address(&self, customer: i64, id: i64, address: &AddressWrite) -> Result<Address> {
        let path = ["customers", &customer.to_string(), "addresses", &file(id)];
        let name = "PUT /customers/{id}/addresses/{id}";
        self.write_object(name, Method::PUT, &path, &["address", "customer_address"], address).await
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
        Ok(split_tags(answer.tags.as_deref()))
    }

    /// `GET /orders/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_order(&self, id: i64) -> Result<Order> {
        self.get_one(id, &[]).await.map(|(order, _)| order)
    }

    async fn act<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        id: i64,
        verb: &str,
        body: &B,
    ) -> Result<Order> {
        let response =
            self.write(name, Method::POST, &["orders", &id.to_string(), verb], body, false).await?;
        read_object(&response.body, &["order"]).map_err(|error| at(error, name, &response))
    }

    /// `GET /orders/{id}/transactions`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_transactions(&self, order: i64) -> Result<List<Transaction>> {
        let name = "GET /orders/{id}/transactions";
        self.parts(name, ["orders", "transactions"], order, &ListParams::default()).await
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
        let name = "POST /orders/{id}/transactions";
        self.write_object(name, Method::POST, &path, &["transaction"], transaction).await
    }

    /// Marks an order paid by this amount: a `Capture`.
    ///
    /// # Errors
    /// See [`create_transaction`](Self::create_transaction).
    pub async fn pay_order(&self, order: i64, amount: Money) -> Result<Transaction> {
        let capture = TransactionWrite {
            kind: Some("Capture".to_owned()),
            amount: Some(amount),
            ..TransactionWrite::default()
        };
        self.create_transaction(order, &capture).await
    }

    /// `GET /orders/{id}/refunds`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_refunds(&self, order: i64) -> Result<List<Refund>> {
        let name = "GET /orders/{id}/refunds";
        self.parts(name, ["orders", "refunds"], order, &ListParams::default()).await
    }

    /// `GET /products/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_product(&self, id: i64) -> Result<Product> {
        self.get_one(id, &[]).await.map(|(product, _)| product)
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
        let wrong = |error: Error| error.with_context(name);
        let list = if is_list(&raw) {
            Some(&*raw)
        } else {
            Members::of(&raw).map_err(wrong)?.iter().map(|(_, member)| member).find(|member| is_list(member))
        };
        let rows = list.map_or(Ok(Vec::new()), items).map_err(wrong)?;
        Ok(rows.into_iter().filter_map(|row| read(row, "").ok()).collect())
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

pos_core::endpoints! { Client {
    /// `GET /customers`. Filters: `ids`, `fields`.
    list_customers(params: &ListParams) -> List<Customer> = list(&ListEndpoint::of::<Customer>(), params);
    /// `GET /customers/count`.
    count_customers() -> u64 = count::<Customer>();
    /// `GET /customers/search`: free text over everything. Check every hit.
    search_customers(query: &str, params: &ListParams) -> List<Customer>
        = list(&SEARCH, &params.clone().with_filter("query", query));
    /// `POST /customers`. Not repeated after it may have been received.
    /// A phone or e-mail that is taken is [`ErrorKind::Rejected`].
    create_customer(customer: &CustomerWrite) -> Customer
        = write_object("POST /customers", Method::POST, &["customers.json"], &["customer"], customer);
    /// `PUT /customers/{id}`: only the members that are set are changed.
    update_customer(id: i64, customer: &CustomerWrite) -> Customer
        = write_object("PUT /customers/{id}", Method::PUT, &["customers", &file(id)], &["customer"], customer);
    /// `GET /customers/{id}/addresses`: all of them; a customer shows the ten most recent.
    list_addresses(customer: i64, params: &ListParams) -> List<Address>
        = parts("GET /customers/{id}/addresses", ["customers", "addresses"], customer, params);
    /// `POST /customers/{id}/tags`: adds; what is there stays. Answers all tags.
    add_customer_tags(id: i64, tags: &[String]) -> Vec<String>
        = tags("POST /customers/{id}/tags", Method::POST, "customers", id, tags);
    /// `DELETE /customers/{id}/tags`, with the tags in its body. Answers those that remain.
    remove_customer_tags(id: i64, tags: &[String]) -> Vec<String>
        = tags("DELETE /customers/{id}/tags", Method::DELETE, "customers", id, tags);
    /// `GET /customers/groups`. Who is in which is not shown.
    list_customer_groups() -> List<CustomerGroup> = list(&GROUPS, &ListParams::default());
    /// `GET /orders`, of every status unless a filter says otherwise. Filters: `financial_status`, `fulfillment_status`,
    /// `order`, `ids`, `fields`; there is none by phone, e-mail or name (C:1).
    list_orders(params: &ListParams) -> List<Order> = list(&ListEndpoint::of::<Order>(), params);
    /// `GET /orders/count`, of every status.
    count_orders() -> u64 = count::<Order>();
    /// `POST /orders`. The vendor has no idempotency key: it is not repeated after it may have been received.
    create_order(order: &OrderWrite) -> Order
        = write_object("POST /orders", Method::POST, &["orders.json"], &["order"], order);
    /// `PUT /orders/{id}`: note, custom fields, e-mail, tags. Goods cannot be changed (D).
    update_order(id: i64, order: &OrderUpdate) -> Order
        = write_object("PUT /orders/{id}", Method::PUT, &["orders", &file(id)], &["order"], order);
    /// `POST /orders/{id}/confirm`.
    confirm_order(id: i64) -> Order
        = act("POST /orders/{id}/confirm", id, "confirm.json", &serde_json::json!({}));
    /// `POST /orders/{id}/close`.
    close_order(id: i64) -> Order = act("POST /orders/{id}/close", id, "close.json", &serde_json::json!({}));
    /// `POST /orders/{id}/open`.
    open_order(id: i64) -> Order = act("POST /orders/{id}/open", id, "open.json", &serde_json::json!({}));
    /// `POST /orders/{id}/cancel`: the body has no wrapper.
    cancel_order(id: i64, cancel: &CancelWrite) -> Order
        = act("POST /orders/{id}/cancel", id, "cancel.json", cancel);
    /// `POST /orders/{id}/refunds`. Not repeated after it may have been received.
    create_refund(order: i64, refund: &RefundWrite) -> Refund
        = write_object(
            "POST /orders/{id}/refunds",
            Method::POST,
            &["orders", &order.to_string(), "refunds.json"],
            &["refund"],
            refund,
        );
    /// `POST /orders/{id}/tags`: adds; what is there stays. Answers all tags.
    add_order_tags(id: i64, tags: &[String]) -> Vec<String>
        = tags("POST /orders/{id}/tags", Method::POST, "orders", id, tags);
    /// `DELETE /orders/{id}/tags`, with the tags in its body. Answers those that remain.
    remove_order_tags(id: i64, tags: &[String]) -> Vec<String>
        = tags("DELETE /orders/{id}/tags", Method::DELETE, "orders", id, tags);
    /// `GET /products`. Filters: `ids`, `vendor`, `handle`, `product_type`, `collection_id`, `sku`, `barcode`, `fields`.
    list_products(params: &ListParams) -> List<Product> = list(&ListEndpoint::of::<Product>(), params);
    /// `GET /products/count`.
    count_products() -> u64 = count::<Product>();
    /// `GET /locations`: all of them; no paging is shown.
    list_locations() -> List<Location> = list(&ListEndpoint::of::<Location>(), &ListParams::default());
    /// `GET /users`: on the Plus plan only (D).
    /// [`ErrorKind::Forbidden`] on other plans, presumably.
    list_users() -> List<User> = list(&ListEndpoint::of::<User>(), &ListParams::default());
    /// `GET /events`. Filters: `filter` (subject types), `verb`. There are no events about customers (D).
    list_events(params: &ListParams) -> List<Event> = list(&EVENTS, params);
}}

/// The last part of a path.
fn file(id: i64) -> String {
    format!("{id}.json")
}

/// An answer that cannot be read, with where it came from.
pub(crate) fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

fn list_in<T: Keyed>(name: &'static str, key: &str, response: &Response) -> Result<List<T>> {
    read_list(&response.body, key).map(List::of).map_err(|error| at(error, name, response))
}

/// Whether somebody says that an object is not there, and not in the vendor's words.
fn is_bare_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && matches!(error.status(), Some(404 | 410))
}

/// What the answer to a step of a walk brings: the rows that are new, and where the walk goes on.
///
/// # Errors
/// When the answer has no such list, or the list cannot be followed.
pub(crate) fn step<'a, T: Keyed<Key = i64>>(
    list: &ListEndpoint,
    walk: &Walk,
    size: u32,
    response: &'a Response,
) -> Result<(Vec<Raw<'a, T>>, Option<Walk>)> {
    let mut rows: Vec<Raw<'_, T>> =
        read_list(&response.body, list.key).map_err(|error| at(error, list.name, response))?;
    let keys: Vec<Option<i64>> = rows.iter().map(Raw::key).collect();
    let step = walk.step(walk.ask(size), &keys, size).map_err(|error| error.with_context(list.name))?;
    rows.truncate(step.fresh.end);
    Ok((rows.split_off(step.fresh.start), step.next))
}
