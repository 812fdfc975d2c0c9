//! The typed client: one short method for each endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use pos_core::http::{Call, Request, Response};
use pos_core::kit::{Keyed, Members, Raw, another, is_object, items, read_object as read, unreadable};
use pos_core::record::Extra;
use pos_core::{Error, ErrorKind, Result, debug_only, http as core_http};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use url::Url;

use crate::answer::{List, Resource, custom_of, read_list, read_object, total, value_of};
use crate::auth::join;
use crate::model::{
    Batch, Category, Customer, CustomerWrite, Order, OrderWrite, Product, Refund, Variation, Webhook,
    WebhookWrite,
};
use crate::outcome::NO_ROUTE;
pub use crate::outcome::{classify, classify_at};
pub use crate::profile::MAX_PAGE;
use crate::scan::ById;

/// What to ask a list for. A filter that a list or a version does not know is ignored there without a word (C:3).
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ListParams {
    /// Rows a page, at most [`MAX_PAGE`]; 10 without it.
    pub per_page: Option<u32>,
    /// Which page, from 1.
    pub page: Option<u32>,
    /// Rows to leave out; goes before `page`.
    pub offset: Option<u64>,
    /// `id`, `date`, `modified` (products and orders; an old shop refuses it), and others.
    pub orderby: Option<&'static str>,
    /// `asc` or `desc`.
    pub order: Option<&'static str>,
    /// Created **after** this instant, itself left out. Whole seconds; so for all bounds here.
    pub after: Option<OffsetDateTime>,
    /// Created before it.
    pub before: Option<OffsetDateTime>,
    /// Changed after it: orders and products, since 5.8.
    pub modified_after: Option<OffsetDateTime>,
    /// Changed before it.
    pub modified_before: Option<OffsetDateTime>,
    /// Any other filter by its name on the wire (`status`, `search`, `email`, `role`, `sku`, `_fields`, `include`).
    pub filters: Vec<(&'static str, String)>,
}

debug_only!(ListParams { per_page, page, offset, orderby, after, before, modified_after, modified_before });

/// A bound as the vendor compares it: UTC without a `Z`, and told to be UTC. With a `Z` a shop of UTC+7 would lose the last
/// seven hours, because the value is then moved into the shop's zone and compared with UTC all the same (D).
fn wall(at: OffsetDateTime) -> String {
    let at = at.checked_to_offset(UtcOffset::UTC).unwrap_or(at);
    at.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]")).unwrap_or_default()
}

pos_core::setters! { ListParams {
    /// Rows a page.
    with_per_page(per_page: u32);
    /// Which page, from 1.
    with_page(page: u32);
    /// Rows to leave out.
    with_offset(offset: u64);
    /// Created after this instant.
    with_after(after: OffsetDateTime);
    /// Changed after this instant.
    with_modified_after(modified_after: OffsetDateTime);
    /// Changed before this instant.
    with_modified_before(modified_before: OffsetDateTime);
}}

impl ListParams {
    /// By what they come, ascending.
    #[must_use]
    pub fn with_order(mut self, by: &'static str) -> Self {
        (self.orderby, self.order) = (Some(by), Some("asc"));
        self
    }

    /// Another filter.
    #[must_use]
    pub fn with_filter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.filters.push((name, value.into()));
        self
    }

    fn query(&self, path: &[&str]) -> Vec<(&'static str, String)> {
        let bounds = [
            ("after", self.after),
            ("before", self.before),
            ("modified_after", self.modified_after),
            ("modified_before", self.modified_before),
        ];
        let mut query: Vec<(&'static str, String)> =
            bounds.into_iter().filter_map(|(name, at)| Some((name, wall(at?)))).collect();
        if !query.is_empty() {
            query.push(("dates_are_gmt", "true".to_owned()));
        }
        query.extend(self.orderby.map(|by| ("orderby", by.to_owned())));
        query.extend(self.order.map(|way| ("order", way.to_owned())));
        query.extend(self.per_page.map(|rows| ("per_page", rows.to_string())));
        query.extend(self.page.map(|page| ("page", page.to_string())));
        query.extend(self.offset.map(|rows| ("offset", rows.to_string())));
        let is_asked = |name: &str| self.filters.iter().any(|(known, _)| *known == name);
        // The defaults are `role=customer`, which hides whoever has another role and buys, and `status=any` (D).
        let all = match path {
            ["customers"] => Some(("role", "all")),
            ["orders"] => Some(("status", "any")),
            _ => None,
        };
        query.extend(all.filter(|(name, _)| !is_asked(name)).map(|(name, value)| (name, value.to_owned())));
        query.extend(self.filters.iter().cloned());
        query
    }
}

/// One object of a batch: the object, or why it was refused. The others are not harmed.
pub type BatchItem<T> = Result<T>;

/// What became of a batch, in the order in which it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchAnswer<T> {
    /// New ones.
    pub created: Vec<BatchItem<T>>,
    /// Changed ones.
    pub updated: Vec<BatchItem<T>>,
    /// Deleted ones, as they were.
    pub deleted: Vec<BatchItem<T>>,
}

/// WooCommerce's endpoints, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting and retrying are underneath. Where the address has no
/// route of that name, the same is asked once as `index.php?rest_route=`, which works with plain permalinks; when it did, it
/// is asked so from then on. Reads may be dropped at any await. A dropped write may or may not have been carried out.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    site: Url,
    is_plain: Arc<AtomicBool>,
}

/// What is asked, apart from the address.
struct Ask<'a> {
    name: &'static str,
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'static str, String)],
    body: Option<&'a RawValue>,
}

impl Client {
    pub(crate) fn new(http: core_http::Client, site: Url) -> Self {
        Self { http, site, is_plain: Arc::default() }
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    /// The vendor's time, as far as its answers told it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.http.now()
    }

    fn url(&self, path: &[&str], query: &[(&'static str, String)], is_plain: bool) -> Url {
        let mut url = if is_plain {
            let mut url = join(&self.site, &["index.php"]);
            url.query_pairs_mut().append_pair("rest_route", &format!("/wc/v3/{}", path.join("/")));
            url
        } else {
            join(&join(&self.site, &["wp-json", "wc", "v3"]), path)
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn ask(&self, ask: &Ask<'_>, is_plain: bool) -> Result<Response> {
        let mut request = Request::new(ask.method.clone(), self.url(ask.path, ask.query, is_plain));
        if let Some(body) = ask.body {
            request = request.json(body)?;
        }
        let call = Call::new(ask.name, request);
        // A change says how something shall be, and a deletion that it shall not be: once more is the same.
        let is_repeatable = ask.method == Method::PUT || ask.method == Method::DELETE;
        self.http.send(if is_repeatable { call.idempotent() } else { call }).await
    }

    async fn send(&self, ask: Ask<'_>) -> Result<Response> {
        let is_plain = self.is_plain.load(Ordering::Relaxed);
        let missing = match self.ask(&ask, is_plain).await {
            Err(error) if !is_plain && error.kind() == ErrorKind::Config && error.status() == Some(404) => {
                error
            }
            answer => return answer,
        };
        let again = self.ask(&ask, true).await;
        let is_there = match &again {
            Ok(_) => true,
            Err(error) => error.vendor_code().is_some_and(|code| code != NO_ROUTE),
        };
        if !is_there {
            return Err(missing);
        }
        self.is_plain.store(true, Ordering::Relaxed);
        again
    }

    async fn get(
        &self,
        name: &'static str,
        path: &[&str],
        query: &[(&'static str, String)],
    ) -> Result<Response> {
        self.send(Ask { name, method: Method::GET, path, query, body: None }).await
    }

    async fn write<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
    ) -> Result<Response> {
        let body = serde_json::value::to_raw_value(body).map_err(|error| {
            Error::new(ErrorKind::Unexpected, "a request body could not be written").with_source(error)
        })?;
        self.send(Ask { name, method, path, query: &[], body: Some(&body) }).await
    }

    async fn write_object<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
    ) -> Result<T> {
        let response = self.write(name, method, path, body).await?;
        read_object(&response.body).map_err(|error| at(error, name, &response))
    }

    async fn delete<T: DeserializeOwned>(&self, name: &'static str, path: &[&str], force: bool) -> Result<T> {
        let query: &[_] = if force { &[("force", "true".to_owned())] } else { &[] };
        let response = self.send(Ask { name, method: Method::DELETE, path, query, body: None }).await?;
        read_object(&response.body).map_err(|error| at(error, name, &response))
    }

    /// Reads a list by id to its proven end, for less at once where the host breaks down, and hands over every row once, until
    /// `take` answers that it has enough. One request for each hundred, and more where rows vanish meanwhile.
    pub(crate) async fn every<T: Keyed<Key = i64>>(
        &self,
        name: &'static str,
        path: &[&str],
        params: &ListParams,
        mut take: impl FnMut(Raw<'_, T>) -> bool + Send,
    ) -> Result<()> {
        let (mut walk, mut size) = (Some(ById::default()), MAX_PAGE);
        while let Some(place) = walk {
            let asked = params.clone().with_order("id").with_per_page(size).with_offset(place.offset);
            let response = match self.get(name, path, &asked.query(path)).await {
                Ok(response) => response,
                Err(error) => {
                    size = lighter(&error, size).ok_or(error)?;
                    continue;
                }
            };
            let (rows, next) = step(&response, &place, size).map_err(|error| error.with_context(name))?;
            for row in rows {
                if !take(row) {
                    return Ok(());
                }
            }
            walk = next;
        }
        Ok(())
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows<T: Resource>(&self, params: &ListParams) -> Result<Response> {
        self.get(T::LIST, T::PATH, &params.query(T::PATH)).await
    }

    async fn list<T: Keyed>(
        &self,
        name: &'static str,
        path: &[&str],
        params: &ListParams,
    ) -> Result<List<T>> {
        let response = self.get(name, path, &params.query(path)).await?;
        List::of(&response).map_err(|error| at(error, name, &response))
    }

    /// One object by its id, with the vendor fields that a mapping asked for. Another one in its place is an error.
    pub(crate) async fn find<T: Resource>(&self, id: i64, custom: &[String]) -> Result<(T, Extra)> {
        let id_text = id.to_string();
        let path: Vec<&str> = T::PATH.iter().copied().chain([id_text.as_str()]).collect();
        let response = self.get(T::GET, &path, &[]).await?;
        let raw = value_of(&response.body).map_err(|error| at(error, T::GET, &response))?;
        let found: T = read(raw, "").map_err(|why| at(unreadable(&why), T::GET, &response))?;
        if found.key() != Some(id) {
            return Err(another(T::GET));
        }
        Ok((found, custom_of(raw, custom)))
    }

    async fn batch<W: Serialize, T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &[&str],
        batch: &Batch<W>,
    ) -> Result<BatchAnswer<T>> {
        if batch.len() > MAX_PAGE as usize {
            return Err(Error::config("a batch is about at most 100 objects"));
        }
        let response = self.write(name, Method::POST, path, batch).await?;
        let members = Members::of_body(&response.body).map_err(|error| at(error, name, &response))?;
        let items_of = |member: &str| -> Result<Vec<BatchItem<T>>> {
            let rows = members.get(member).map_or(Ok(Vec::new()), items)?;
            Ok(rows.into_iter().map(|row| batch_item(row, name)).collect())
        };
        Ok(BatchAnswer {
            created: items_of("create")?,
            updated: items_of("update")?,
            deleted: items_of("delete")?,
        })
    }

    /// Customers with this e-mail address, in any letter case: at most one in a healthy shop.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_customers_by_email(&self, email: &str) -> Result<Vec<Customer>> {
        let wanted = email.trim().to_lowercase();
        let params = ListParams::default().with_filter("email", email.trim());
        let mut found = self.list_customers(&params).await?.data;
        // A filter that is not heeded answers everybody.
        found.retain(|one| one.email.as_deref().is_some_and(|own| own.trim().to_lowercase() == wanted));
        Ok(found)
    }

    /// `GET /customers/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_customer(&self, id: i64) -> Result<Customer> {
        self.find(id, &[]).await.map(|(customer, _)| customer)
    }

    /// `GET /orders/{id}`: also one in the trash.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_order(&self, id: i64) -> Result<Order> {
        self.find(id, &[]).await.map(|(order, _)| order)
    }

    /// `GET /products/{id}`: also a variation, and one in the trash.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_product(&self, id: i64) -> Result<Product> {
        self.find(id, &[]).await.map(|(product, _)| product)
    }

    /// All variations of a product: one request for each hundred, and more where rows vanish meanwhile or the host is weak.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn all_variations(&self, product: i64) -> Result<List<Variation>> {
        let mut all = List { data: Vec::new(), rejected: Vec::new(), total: None, pages: None };
        let path = ["products", &product.to_string(), "variations"];
        let name = "GET /products/{id}/variations";
        let keep = |row: Raw<'_, Variation>| {
            match row.read {
                Ok(row) => all.data.push(row),
                Err(why) => all.rejected.push(why),
            }
            true
        };
        self.every(name, &path, &ListParams::default(), keep).await?;
        Ok(all)
    }
}

/// The smallest page that a weak host is asked for.
const LEAST: u32 = 10;

/// A smaller page, where the host may have broken down under the size of this one (PHP's memory, or a time limit).
pub(crate) fn lighter(error: &Error, size: u32) -> Option<u32> {
    let is_broken = matches!(error.status(), Some(500 | 502 | 504 | 508 | 520..=524));
    let less = match error.kind() {
        // Every try of what is never answered costs the whole time limit: there is no time for halves.
        ErrorKind::Timeout => LEAST,
        ErrorKind::Unavailable if is_broken => (size / 2).max(LEAST),
        _ => return None,
    };
    (less < size).then_some(less)
}

pos_core::endpoints! { Client {
    /// `GET /customers`, of every role unless a filter says otherwise. There is no filter by time of change, and `search` does
    /// not find phone numbers (D).
    list_customers(params: &ListParams) -> List<Customer> = list(Customer::LIST, Customer::PATH, params);
    /// `POST /customers`. Not repeated after it may have been received; the shop may mail the new customer (?).
    /// [`ErrorKind::Conflict`] when the e-mail address is taken.
    create_customer(customer: &CustomerWrite) -> Customer
        = write_object("POST /customers", Method::POST, Customer::PATH, customer);
    /// `PUT /customers/{id}`: only the members that are set are changed.
    update_customer(id: i64, customer: &CustomerWrite) -> Customer
        = write_object("PUT /customers/{id}", Method::PUT, &["customers", &id.to_string()], customer);
    /// `DELETE /customers/{id}?force=true`: customers have no trash. Users of other roles cannot be deleted so (D).
    delete_customer(id: i64) -> Customer
        = delete("DELETE /customers/{id}", &["customers", &id.to_string()], true);
    /// `POST /customers/batch`: at most 100 in all.
    /// What fails alone is in the answer.
    batch_customers(batch: &Batch<CustomerWrite>) -> BatchAnswer<Customer>
        = batch("POST /customers/batch", &["customers", "batch"], batch);
    /// `GET /orders`, of every status but the trash unless a filter says otherwise.
    list_orders(params: &ListParams) -> List<Order> = list(Order::LIST, Order::PATH, params);
    /// `POST /orders`. The vendor has no idempotency key: it is not repeated after it may have been received.
    create_order(order: &OrderWrite) -> Order
        = write_object("POST /orders", Method::POST, Order::PATH, order);
    /// `PUT /orders/{id}`: only the members that are set are changed; a line without an id is added.
    update_order(id: i64, order: &OrderWrite) -> Order
        = write_object("PUT /orders/{id}", Method::PUT, &["orders", &id.to_string()], order);
    /// `DELETE /orders/{id}`: into the trash.
    /// [`ErrorKind::NotFound`] also when it is there already.
    trash_order(id: i64) -> Order = delete("DELETE /orders/{id}", &["orders", &id.to_string()], false);
    /// `POST /orders/batch`: at most 100 in all; its deletions know no trash.
    /// What fails alone is in the answer.
    batch_orders(batch: &Batch<OrderWrite>) -> BatchAnswer<Order>
        = batch("POST /orders/batch", &["orders", "batch"], batch);
    /// `GET /orders/{id}/refunds`. The rows do not name the order.
    list_order_refunds(order: i64, params: &ListParams) -> List<Refund>
        = list("GET /orders/{id}/refunds", &["orders", &order.to_string(), "refunds"], params);
    /// `GET /refunds`: of all orders, since 9.0.
    /// [`ErrorKind::Config`] on an older shop.
    list_refunds(params: &ListParams) -> List<Refund> = list("GET /refunds", &["refunds"], params);
    /// `GET /products`. Variations are never in it.
    list_products(params: &ListParams) -> List<Product> = list(Product::LIST, Product::PATH, params);
    /// `GET /products/{id}/variations`.
    list_variations(product: i64, params: &ListParams) -> List<Variation>
        = list("GET /products/{id}/variations", &["products", &product.to_string(), "variations"], params);
    /// `GET /products/categories`.
    list_categories(params: &ListParams) -> List<Category> = list(Category::LIST, Category::PATH, params);
    /// `GET /webhooks`.
    /// [`ErrorKind::Forbidden`] when the key's user does not manage the shop.
    list_webhooks(params: &ListParams) -> List<Webhook> = list("GET /webhooks", &["webhooks"], params);
    /// `POST /webhooks`. The shop then sends a ping, which says nothing.
    create_webhook(webhook: &WebhookWrite) -> Webhook
        = write_object("POST /webhooks", Method::POST, &["webhooks"], webhook);
    /// `PUT /webhooks/{id}`: `status: active` switches a disabled one on again.
    update_webhook(id: i64, webhook: &WebhookWrite) -> Webhook
        = write_object("PUT /webhooks/{id}", Method::PUT, &["webhooks", &id.to_string()], webhook);
    /// `DELETE /webhooks/{id}?force=true`: webhooks have no trash.
    delete_webhook(id: i64) -> Webhook
        = delete("DELETE /webhooks/{id}", &["webhooks", &id.to_string()], true);
}}

/// An answer that cannot be read, with where it came from.
pub(crate) fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

/// One object of a batch; an error stands in its place under 200 (D).
fn batch_item<T: DeserializeOwned>(row: &RawValue, name: &'static str) -> BatchItem<T> {
    let error =
        Members::of(row).ok().and_then(|members| members.get("error").filter(|error| is_object(error)));
    if let Some(error) = error {
        let response = Response::new(400, http::HeaderMap::new(), error.get().to_owned());
        let told = classify(&response).into_error();
        return Err(told.unwrap_or_else(|| Error::new(ErrorKind::Rejected, "refused")).with_context(name));
    }
    read(row, "").map_err(|why| unreadable(&why).with_context(name))
}

/// What a page of a walk by id brings: the rows that are new, and where the walk goes on.
///
/// # Errors
/// When the answer is no list, or the list cannot be followed.
pub(crate) fn step<'a, T: Keyed<Key = i64>>(
    response: &'a Response,
    walk: &ById,
    size: u32,
) -> Result<(Vec<Raw<'a, T>>, Option<ById>)> {
    let rows: Vec<Raw<'_, T>> = read_list(&response.body)?;
    let ids: Vec<Option<i64>> = rows.iter().map(Raw::key).collect();
    let step = walk.step(&ids, u64::from(size), total(response))?;
    let fresh = rows.into_iter().zip(step.fresh).filter(|(_, fresh)| *fresh).map(|(row, _)| row);
    Ok((fresh.collect(), step.next))
}
