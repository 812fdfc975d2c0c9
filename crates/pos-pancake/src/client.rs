//! The typed client: one short method for each endpoint, and what answers mean.

use std::sync::Arc;

use http::Method;
use pos_core::http::{Call, Outcome, Pacer, Request, Response, retry_after};
use pos_core::identity::{PhoneRules, read_phone, read_phones};
use pos_core::{Clock, Error, ErrorKind, Result, Retry, debug_only, http as core_http, lenient};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use url::Url;

use crate::answer::{List, read_list, read_object, read_part, read_record};
use crate::auth::redact;
use crate::map::Row;
use crate::model::read::{flag_if_any, text_if_any};
use crate::model::{
    Carrier, Category, Customer, CustomerNote, CustomerWrite, FlatCustomerWrite, HookWrite, Order,
    OrderSource, OrderWrite, Place, Product, Shop, User, Variation, Warehouse,
};
use crate::push::CustomerShape;

/// The largest page that this crate asks for. No maximum is documented; more than 200 is slow (C:8).
pub const MAX_PAGE: u32 = 200;

/// The page that is asked for unless the caller says otherwise.
pub const DEFAULT_PAGE: u32 = 100;

/// What to ask a list for.
///
/// ```
/// use pos_pancake::ListParams;
///
/// let cancelled = ListParams::default().with_page(2).with_array("filter_status", ["6"]);
/// assert_eq!(cancelled.filters, [("filter_status[]".to_owned(), "6".to_owned())]);
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ListParams {
    /// Which page, from 1.
    pub page_number: Option<u64>,
    /// Rows a page.
    pub page_size: Option<u32>,
    /// Filters by their names on the wire, in order; a name may repeat.
    pub filters: Vec<(String, String)>,
}

debug_only!(ListParams { page_number, page_size });

impl ListParams {
    /// Which page, from 1.
    #[must_use]
    pub fn with_page(mut self, number: u64) -> Self {
        self.page_number = Some(number);
        self
    }

    /// Rows a page.
    #[must_use]
    pub fn with_page_size(mut self, rows: u32) -> Self {
        self.page_size = Some(rows);
        self
    }

    /// A filter by its name on the wire.
    #[must_use]
    pub fn with_filter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.push((name.into(), value.into()));
        self
    }

    /// A filter with several values: the name is sent once for each, with `[]` behind it. A JSON array in one parameter is
    /// answered with 500 (L).
    #[must_use]
    pub fn with_array<T: Into<String>>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let name = format!("{}[]", name.trim_end_matches("[]"));
        self.filters.extend(values.into_iter().map(|value| (name.clone(), value.into())));
        self
    }

    /// Orders whose `column` (`updated_at`, `inserted_at` …) lies between two Unix seconds, both included, latest first (Dq).
    #[must_use]
    pub fn with_order_window(self, column: &str, from: i64, to: i64) -> Self {
        let sort = if column == "inserted_at" { "inserted_at_desc" } else { "last_updated_order_desc" };
        self.with_filter("updateStatus", column)
            .with_filter("startDateTime", from.to_string())
            .with_filter("endDateTime", to.to_string())
            .with_filter("option_sort", sort)
    }

    /// Customers that changed between two Unix seconds (C:6).
    #[must_use]
    pub fn with_customer_window(self, from: i64, to: i64) -> Self {
        self.with_filter("start_time_updated_at", from.to_string())
            .with_filter("end_time_updated_at", to.to_string())
    }
}

/// A change of an order, and what the vendor did not take over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OrderChanged {
    /// The order as it is now.
    pub order: Order,
    /// Fields that were sent and did not stick. Under an API key the vendor drops or recomputes `shipping_fee`,
    /// `total_discount`, `surcharge` and `is_free_shipping` without a word (L).
    pub dropped: Vec<&'static str>,
}

/// Pancake's endpoints for one shop, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting and retrying are underneath. Only reads are repeated.
/// Reads may be dropped at any await. A dropped write may or may not have been carried out.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    lookup: core_http::Client,
    base: Url,
    shop: String,
}

macro_rules! lists {
    ($($(#[$doc:meta])* $method:ident($path:literal) -> $type:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// See [`classify`].
        pub async fn $method(&self, params: &ListParams) -> Result<List<$type>> {
            self.list(concat!("GET /", $path), $path, params).await
        }
    )*};
}

impl Client {
    pub(crate) fn new(http: core_http::Client, lookup: core_http::Client, base: Url, shop: String) -> Self {
        Self { http, lookup, base, shop }
    }

    /// The shop that this client works for.
    pub fn shop_id(&self) -> &str {
        &self.shop
    }

    /// The vendor's time, as far as its answers told it.
    pub fn now(&self) -> OffsetDateTime {
        if self.http.skew().is_some() { self.http.now() } else { self.lookup.now() }
    }

    pub(crate) fn skew(&self) -> Option<time::Duration> {
        self.http.skew().or_else(|| self.lookup.skew())
    }

    pub(crate) fn pacer(&self) -> &Arc<Pacer> {
        self.http.pacer()
    }

    fn url(&self, path: &[&str], params: Option<&ListParams>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if let Some(params) = params {
            let page = params.page_number.map(|number| ("page_number", number.to_string()));
            let size = params.page_size.map(|size| ("page_size", size.to_string()));
            let paging: Vec<(&str, String)> = page.into_iter().chain(size).collect();
            if !paging.is_empty() || !params.filters.is_empty() {
                let mut query = url.query_pairs_mut();
                query.extend_pairs(&paging);
                query.extend_pairs(params.filters.iter().map(|(name, value)| (name, value)));
            }
        }
        url
    }

    /// The address of something of this shop.
    fn of_shop(&self, path: &str, more: &[&str], params: Option<&ListParams>) -> Url {
        let mut segments = vec!["shops", self.shop.as_str()];
        segments.extend(path.split('/').filter(|part| !part.is_empty()));
        segments.extend(more);
        self.url(&segments, params)
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows(&self, name: &'static str, path: &str, params: &ListParams) -> Result<Response> {
        self.http
            .send(Call::new(name, Request::new(Method::GET, self.of_shop(path, &[], Some(params)))))
            .await
    }

    async fn list<T: Row>(&self, name: &'static str, path: &str, params: &ListParams) -> Result<List<T>> {
        let response = self.rows(name, path, params).await?;
        let rows =
            read_list(&response.body).map_err(|e| e.with_context(name).with_status(response.status))?;
        Ok(rows.into_list())
    }

    /// A read by key. The vendor answers 400 or 500 when there is no such object (L), so it is asked less often than
    /// usual.
    pub(crate) async fn lookup(&self, name: &'static str, path: &str, id: &str) -> Result<Response> {
        if matches!(id.trim(), "" | "." | "..") || id.len() > 200 {
            return Err(Error::new(ErrorKind::NotFound, "an id of this form cannot exist").with_context(name));
        }
        let call = Call::new(name, Request::new(Method::GET, self.of_shop(path, &[id], None)));
        self.lookup.send(call).await
    }

    async fn get<T: Row>(&self, name: &'static str, path: &str, id: &str) -> Result<T> {
        let response = self.lookup(name, path, id).await?;
        let (read, _) =
            read_record(&response.body).map_err(|e| e.with_context(name).with_status(response.status))?;
        Ok(read)
    }

    async fn write<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        method: Method,
        url: Url,
        body: &B,
    ) -> Result<Response> {
        self.http.send(Call::new(name, Request::new(method, url).json(body)?)).await
    }

    /// `GET /shops`: the shops that the key reaches.
    ///
    /// # Errors
    /// See [`classify`]. So for every method here.
    pub async fn list_shops(&self) -> Result<Vec<Shop>> {
        let name = "GET /shops";
        let response =
            self.http.send(Call::new(name, Request::new(Method::GET, self.url(&["shops"], None)))).await?;
        read_shops(&response.body).map_err(|e| e.with_context(name).with_status(response.status))
    }

    /// `GET /shops/{id}`: this shop.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn get_shop(&self) -> Result<Shop> {
        let name = "GET /shops/{id}";
        let response =
            self.lookup.send(Call::new(name, Request::new(Method::GET, self.of_shop("", &[], None)))).await?;
        read_object(&response.body).map_err(|e| e.with_context(name).with_status(response.status))
    }

    lists! {
        /// `GET /warehouses`. Not paged (L).
        list_warehouses("warehouses") -> Warehouse;
        /// `GET /users`. Everybody's own API key is in the answer; it is dropped while reading.
        list_users("users") -> User;
        /// `GET /customers`. Filters: `search`, `customer_level_id`, `tag_ids[]`, and
        /// [`with_customer_window`](ListParams::with_customer_window).
        list_customers("customers") -> Customer;
        /// `GET /orders`. Filters: `search`, `filter_status[]`, `include_removed`, `customer_id`, `partner_id[]`,
        /// `order_sources[]`, `fields[]`, `extra_fields[]`, and [`with_order_window`](ListParams::with_order_window).
        list_orders("orders") -> Order;
        /// `GET /products`: products with their variations.
        list_products("products") -> Product;
        /// `GET /products/variations`: variations, each with its product. Filters: `search`, `product_status`,
        /// `variation_ids[]`, `category_id[]`.
        list_variations("products/variations") -> Variation;
        /// `GET /order_source`: where orders come from.
        list_order_sources("order_source") -> OrderSource;
        /// `GET /partners`: carriers.
        list_carriers("partners") -> Carrier;
        /// `GET /categories`. The endpoint is there (L); the shape of its rows is not established.
        list_categories("categories") -> Category;
    }

    /// `GET /warehouses/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_warehouse(&self, id: &str) -> Result<Warehouse> {
        self.get("GET /warehouses/{id}", "warehouses", id).await
    }

    /// `GET /customers/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a 400 in the vendor's own words; it may also say 500 for an unknown id (L), which is
    /// [`ErrorKind::Unavailable`] here. The connector tells them apart.
    pub async fn get_customer(&self, id: &str) -> Result<Customer> {
        self.get("GET /customers/{id}", "customers", id).await
    }

    /// `GET /customers?search=`: customers that hold the very number, however it is written.
    ///
    /// Sends a request for each spelling: `0…`, `84…` and `+84…`. How the vendor compares is not established (?), and two
    /// customers may hold one number in two of them.
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
            Some(national) => vec![format!("0{national}"), digits.clone(), format!("+{digits}")],
            None => vec![format!("+{digits}"), digits],
        };
        let mut holders: Vec<Customer> = Vec::new();
        for form in forms {
            let params =
                ListParams::default().with_page(1).with_page_size(DEFAULT_PAGE).with_filter("search", form);
            for one in self.list_customers(&params).await?.data {
                let mut numbers = one.phone_numbers.iter().flat_map(|text| read_phones(text, &rules).phones);
                let holds = numbers.any(|number| number.e164 == wanted);
                if holds && !holders.iter().any(|known| known.id == one.id) {
                    holders.push(one);
                }
            }
        }
        Ok(holders)
    }

    /// `POST /customers`. Two bodies are in use (?): see [`CustomerShape`]. Not repeated after it may have been received. The
    /// answer is read if it is a customer.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_customer(
        &self,
        customer: &CustomerWrite,
        shape: CustomerShape,
    ) -> Result<Option<Customer>> {
        let name = "POST /customers";
        let url = self.of_shop("customers", &[], None);
        let response = match shape {
            CustomerShape::Wrapped => self.write(name, Method::POST, url, &Wrapped { customer }).await?,
            CustomerShape::Flat => {
                let flat = FlatCustomerWrite {
                    name: customer.name.clone(),
                    phone_number: customer.phone_numbers.first().cloned(),
                    create_type: "ignore",
                    date_of_birth: customer.date_of_birth,
                };
                self.write(name, Method::POST, url, &flat).await?
            }
        };
        Ok(read_record::<Customer>(&response.body).ok().map(|(customer, _)| customer))
    }

    /// `PUT /customers/{id}`: only what is set is sent. The answer is read if it is a customer.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_customer(&self, id: &str, customer: &CustomerWrite) -> Result<Option<Customer>> {
        let url = self.of_shop("customers", &[id], None);
        let response = self.write("PUT /customers/{id}", Method::PUT, url, &Wrapped { customer }).await?;
        Ok(read_record::<Customer>(&response.body).ok().map(|(customer, _)| customer))
    }

    /// `GET /customers/{id}/load_customer_notes` (Dq).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_customer_notes(&self, id: &str) -> Result<Vec<CustomerNote>> {
        let name = "GET /customers/{id}/load_customer_notes";
        let url = self.of_shop("customers", &[id, "load_customer_notes"], None);
        let response = self.http.send(Call::new(name, Request::new(Method::GET, url))).await?;
        Ok(read_list(&response.body)
            .map_err(|e| e.with_context(name).with_status(response.status))?
            .into_list()
            .data)
    }

    /// `POST /customers/{id}/create_note` with `message` (C:2). Every call makes a note.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_customer_note(&self, id: &str, message: &str) -> Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            message: &'a str,
        }
        let url = self.of_shop("customers", &[id, "create_note"], None);
        let name = "POST /customers/{id}/create_note";
        let response = self.write(name, Method::POST, url, &Body { message }).await?;
        accepted(&response, name)
    }

    /// `GET /orders/{id}`: by `id` as the vendor shows it. Whether `system_id` works for orders with a text for an id is not
    /// proven (?); the connector tries and then searches.
    ///
    /// # Errors
    /// As [`get_customer`](Self::get_customer).
    pub async fn get_order(&self, id: &str) -> Result<Order> {
        self.get("GET /orders/{id}", "orders", id).await
    }

    /// `POST /orders`. There is no idempotency key; not repeated after it may have been received. Stock drops at once (L).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_order(&self, order: &OrderWrite) -> Result<Order> {
        let name = "POST /orders";
        let response = self.write(name, Method::POST, self.of_shop("orders", &[], None), order).await?;
        let read =
            read_record(&response.body).map_err(|e| e.with_context(name).with_status(response.status))?;
        Ok(read.0)
    }

    /// `PUT /orders/{id}`, and a read that tells what did not stick. The order is addressed by `id` as it was received, then by
    /// `system_id`. Sends two requests, or three.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_order(&self, order: &Order, change: &OrderWrite) -> Result<OrderChanged> {
        let name = "PUT /orders/{id}";
        let system = order.system_id.map(|id| id.to_string());
        let id = order
            .id
            .clone()
            .or_else(|| system.clone())
            .ok_or_else(|| Error::config("an order without an id"))?;
        let url = |id: &str| self.of_shop("orders", &[id], None);
        let mut used = id.clone();
        let written = self.write(name, Method::PUT, url(&id), change).await;
        match (written, system.filter(|system| *system != id)) {
            (Err(error), Some(system))
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Rejected) =>
            {
                used = system;
                self.write(name, Method::PUT, url(&used), change).await?;
            }
            (written, _) => drop(written?),
        }
        let order = self.get_order(&used).await?;
        let dropped = not_stuck(change, &order);
        Ok(OrderChanged { order, dropped })
    }

    /// Moves an order from one status to another, unless somebody was faster: the status is read first. Sends three requests.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when the order is not (any more) in the status `from`.
    pub async fn change_status(&self, id: &str, from: i64, to: i64) -> Result<OrderChanged> {
        let order = self.get_order(id).await?;
        if order.status != Some(from) {
            return Err(Error::new(ErrorKind::Conflict, "the order has another status by now")
                .with_context("GET /orders/{id}"));
        }
        let change = OrderWrite { status: Some(to), ..OrderWrite::default() };
        self.update_order(&order, &change).await
    }

    /// `GET /products/{id}`: by uuid or stock keeping unit (L).
    ///
    /// # Errors
    /// As [`get_customer`](Self::get_customer).
    pub async fn get_product(&self, id: &str) -> Result<Product> {
        self.get("GET /products/{id}", "products", id).await
    }

    /// `GET /geo/provinces`, for a calling code (`84`).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_provinces(&self, country_code: &str) -> Result<Vec<Place>> {
        self.places("GET /geo/provinces", "provinces", &[("country_code", country_code)]).await
    }

    /// `GET /geo/districts`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_districts(&self, province_id: &str) -> Result<Vec<Place>> {
        self.places("GET /geo/districts", "districts", &[("province_id", province_id)]).await
    }

    /// `GET /geo/communes`; without a district under the division of July 2025.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn list_communes(&self, province_id: &str, district_id: Option<&str>) -> Result<Vec<Place>> {
        let mut query = vec![("province_id", province_id)];
        query.extend(district_id.map(|id| ("district_id", id)));
        self.places("GET /geo/communes", "communes", &query).await
    }

    async fn places(&self, name: &'static str, path: &str, query: &[(&str, &str)]) -> Result<Vec<Place>> {
        let params = query
            .iter()
            .fold(ListParams::default(), |params, (name, value)| params.with_filter(*name, *value));
        let url = self.url(&["geo", path], Some(&params));
        let response = self.http.send(Call::new(name, Request::new(Method::GET, url))).await?;
        Ok(read_list(&response.body)
            .map_err(|e| e.with_context(name).with_status(response.status))?
            .into_list()
            .data)
    }

    /// `PUT /shops/{id}` with the one webhook that a shop has: **what was there is overwritten** (Dq). Whether the request
    /// leaves the other settings of the shop alone is not proven (?). See
    /// [`Pancake::register_webhook`](crate::Pancake::register_webhook), which looks first.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn set_webhook(&self, hook: &HookWrite) -> Result<()> {
        let name = "PUT /shops/{id}";
        let response = self.write(name, Method::PUT, self.of_shop("", &[], None), hook).await?;
        accepted(&response, name)
    }
}

#[derive(Serialize)]
struct Wrapped<'a> {
    customer: &'a CustomerWrite,
}

/// `{"shops": […]}`, or a bare array (C:1).
fn read_shops(body: &[u8]) -> Result<Vec<Shop>> {
    let body = lenient::without_mark(body);
    if body.trim_ascii_start().first() != Some(&b'[') {
        return Ok(read_list::<Shop>(body)?.into_list().data);
    }
    let rows: Vec<&RawValue> =
        serde_json::from_slice(body).map_err(|_| Error::decode("the answer is not a list of shops"))?;
    rows.into_iter().map(|row| read_part(row, "")).collect()
}

/// A write whose answer shows nothing was carried out only if the vendor says so: an empty object was written by something
/// between.
fn accepted(response: &Response, name: &'static str) -> Result<()> {
    let said = serde_json::from_slice::<Failure>(lenient::without_mark(&response.body)).ok();
    let is_vendors =
        said.is_some_and(|said| said.success == Some(true) || said.data.is_some() || said.shop.is_some());
    if is_vendors {
        return Ok(());
    }
    Err(Error::decode("the answer does not say that it was done")
        .with_retry(Retry::Backoff)
        .with_context(name)
        .with_status(response.status))
}

fn not_stuck(change: &OrderWrite, order: &Order) -> Vec<&'static str> {
    let mut dropped = Vec::new();
    for (name, sent, kept) in [
        ("shipping_fee", change.shipping_fee, order.shipping_fee),
        ("total_discount", change.total_discount, order.total_discount),
        ("surcharge", change.surcharge, order.surcharge),
    ] {
        if sent.is_some() && sent != kept {
            dropped.push(name);
        }
    }
    if change.is_free_shipping.is_some() && change.is_free_shipping != order.is_free_shipping {
        dropped.push("is_free_shipping");
    }
    if change.status.is_some() && change.status != order.status {
        dropped.push("status");
    }
    if change.note.is_some() && change.note != order.note {
        dropped.push("note");
    }
    dropped
}

/// Where Pancake's answers hold the reason of a failure.
#[derive(Default, Deserialize)]
struct Failure {
    #[serde(default, deserialize_with = "flag_if_any")]
    success: Option<bool>,
    #[serde(default, deserialize_with = "text_if_any")]
    message: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    error_code: Option<String>,
    #[serde(default)]
    error: Option<serde_json::Value>,
    #[serde(default)]
    data: Option<DataMessage>,
    #[serde(default)]
    shop: Option<serde::de::IgnoredAny>,
}

/// The message inside `data`, whatever else `data` is.
#[derive(Default)]
struct DataMessage(Option<String>);

impl<'de> Deserialize<'de> for DataMessage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Inner {
            #[serde(default, deserialize_with = "text_if_any")]
            message: Option<String>,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let is_object = raw.get().starts_with('{');
        Ok(Self(if is_object {
            serde_json::from_str::<Inner>(raw.get()).ok().and_then(|inner| inner.message)
        } else {
            None
        }))
    }
}

impl Failure {
    /// Reads the vendor's words from a body that is an object.
    fn read(body: &[u8]) -> Option<Self> {
        let body = lenient::without_mark(body);
        if body.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        serde_json::from_slice(body).ok()
    }

    /// `message`, `error.message`, `error`, `data.message`, in this order (C:1).
    fn message(&self) -> Option<String> {
        let text = |value: &serde_json::Value| {
            value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        let error = self.error.as_ref();
        self.message
            .clone()
            .or_else(|| error?.get("message").and_then(text))
            .or_else(|| error.and_then(text))
            .or_else(|| self.data.as_ref()?.0.clone())
    }

    /// Who says it.
    fn voice(&self) -> Voice {
        if self.success == Some(false) {
            Voice::Vendor
        } else if self.message().is_some() || self.error_code.is_some() {
            Voice::Json
        } else {
            Voice::Foreign
        }
    }
}

/// Whose words an answer that is no success holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// The vendor's: `success` is false.
    Vendor,
    /// An object with a reason: the vendor's, or that of a gateway which speaks JSON.
    Json,
    /// A web page, a text, nothing.
    Foreign,
}

/// What an answer means. Pure but for the clock, which only a `Retry-After` with a date needs; see [`classify_at`].
///
/// | answer | meaning |
/// | --- | --- |
/// | any that says `access_token`, beside 404 and 5xx | the key is not accepted, or not without the extra header: asked again with it, once |
/// | 401, or 403 that speaks of the key | the key is not accepted |
/// | other 403 | forbidden |
/// | `success: false` that says "not found", or with 404 | not found |
/// | 2xx with `success: false`, other 4xx with a reason | rejected |
/// | 408 | timeout |
/// | 429 | rate limited, after `Retry-After` if there is one |
/// | 5xx whatever the body; 4xx without the vendor's words; a web page | unavailable: something between answers |
/// | a redirect | not what the vendor documents |
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// A failure tells its reason in less than this; pages of records are larger.
const FAILURE_SIZE: usize = 64 * 1024;

/// [`classify`] with the time as an argument.
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    classify_call(response, now, false)
}

/// [`classify_at`] for a call that reads by key, or any other. An unknown key is answered with 400 or 500 (L): a 400 is believed
/// when the vendor says it in its own words.
pub(crate) fn classify_call(response: &Response, now: OffsetDateTime, by_key: bool) -> Outcome {
    let html = response.is_html();
    if response.is_success() && !html && response.body.len() > FAILURE_SIZE {
        return Outcome::Success;
    }
    let body = if html { None } else { Failure::read(&response.body) };
    if response.is_success() && !html && body.as_ref().is_none_or(|body| body.success != Some(false)) {
        // A body that cannot be read is for the reader to refuse.
        return Outcome::Success;
    }
    let message = match &body {
        Some(body) => body.message(),
        None => start_of(&response.body),
    };
    let voice = body.as_ref().map_or(Voice::Foreign, Failure::voice);
    let code = body.and_then(|body| body.error_code);
    outcome(response.status, voice, by_key, code, message, || retry_after(response, now))
}

/// The first 200 characters of a body that is no JSON, without keys.
fn start_of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    let text: String = text.chars().take(200).collect();
    Some(text).filter(|text| !text.trim().is_empty())
}

/// The failure that a saved body tells of, if it does.
pub(crate) fn failure_in(body: &[u8]) -> Option<Error> {
    if body.len() > FAILURE_SIZE {
        return None;
    }
    let failure = Failure::read(body)?;
    if failure.success != Some(false) {
        return None;
    }
    outcome(200, Voice::Vendor, false, failure.error_code.clone(), failure.message(), || None).into_error()
}

fn outcome(
    status: u16,
    voice: Voice,
    by_key: bool,
    code: Option<String>,
    message: Option<String>,
    wait: impl FnOnce() -> Option<std::time::Duration>,
) -> Outcome {
    let message = message.map(|message| redact(&message));
    let lower = message.as_deref().unwrap_or_default().to_lowercase();
    let (kind, what) = meaning(status, voice, by_key, &lower);
    let refresh = kind == ErrorKind::Auth && lower.contains("access_token");
    let mut error =
        Error::new(kind, what).with_status(status).with_vendor_code(code).with_vendor_message(message);
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = wait()
    {
        error = error.with_retry(Retry::After(wait));
    }
    if refresh { Outcome::RefreshToken(error) } else { Outcome::Failure(error) }
}

fn meaning(status: u16, voice: Voice, by_key: bool, message: &str) -> (ErrorKind, &'static str) {
    let speaks_of_the_key = ["access_token", "api_key", "api key", "token", "unauthorized"]
        .iter()
        .any(|word| message.contains(word));
    let between = (ErrorKind::Unavailable, "something between answers in the vendor's place");
    match (status, voice) {
        (408, _) => (ErrorKind::Timeout, "the vendor waited in vain"),
        (429, _) => (ErrorKind::RateLimited, "the vendor asks for a pause"),
        (500..=599, _) => (ErrorKind::Unavailable, "the vendor is not available"),
        (300..=399, _) => (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        (200..=299 | 400..=499, Voice::Foreign) => between,
        // What an unknown id is answered with must be the vendor's word: somebody's record depends on it.
        (404 | 410, Voice::Json) => between,
        (404, Voice::Vendor) => (ErrorKind::NotFound, "the vendor does not know it"),
        (401, _) => (ErrorKind::Auth, "Pancake does not accept the API key"),
        (403, _) if speaks_of_the_key => (ErrorKind::Auth, "Pancake does not accept the API key"),
        (403, _) => (ErrorKind::Forbidden, "Pancake does not allow this"),
        (409, _) => (ErrorKind::Conflict, "the vendor sees a conflict"),
        (200..=299 | 400..=499, _) if message.contains("access_token") => {
            (ErrorKind::Auth, "Pancake does not accept the API key")
        }
        (400, Voice::Vendor) if by_key => (ErrorKind::NotFound, "the vendor does not know it"),
        (400, Voice::Json) if by_key => between,
        (200..=299 | 400..=499, Voice::Vendor) if message.contains("not found") => {
            (ErrorKind::NotFound, "the vendor does not know it")
        }
        (200..=299 | 400..=499, _) => (ErrorKind::Rejected, "Pancake refuses the request"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    }
}
