//! The typed client: one short method for each endpoint.

use http::Method;
use pos_core::http::{Call, Request, Response};
use pos_core::identity::{PhoneRules, read_phone, read_phones};
use pos_core::kit::{Keyed, another, foreign};
use pos_core::record::Extra;
use pos_core::{Error, ErrorKind, Result, debug_only, http as core_http};
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use url::Url;

use crate::answer::{List, Rows, read_list, read_object, read_record, read_shops};
use crate::classify::says_done;
use crate::map::InShop;
use crate::model::{
    Carrier, Category, Customer, CustomerNote, CustomerWrite, FlatCustomerWrite, HookWrite, Order,
    OrderSource, OrderWrite, Place, Product, Shop, User, Variation, Warehouse,
};

pub use crate::classify::{classify, classify_at};

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

pos_core::setters! { ListParams {
    /// Which page, from 1.
    with_page(page_number: u64);
    /// Rows a page.
    with_page_size(page_size: u32);
}}

impl ListParams {
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

/// How a new customer is written. Two bodies are in use, and nobody has proven either (?).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CustomerShape {
    /// `{"customer": {"name", "phone_numbers", …}}`.
    #[default]
    Wrapped,
    /// `{"name", "phoneNumber", "createType": "ignore", "dateOfBirth"}`; the rest follows in a change.
    Flat,
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
    currency: String,
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
    /// `currency` is the shop's, for records that name none.
    pub(crate) fn new(
        http: core_http::Client,
        lookup: core_http::Client,
        base: Url,
        shop: String,
        currency: String,
    ) -> Self {
        Self { http, lookup, base, shop, currency }
    }

    /// The shop that this client works for.
    pub fn shop_id(&self) -> &str {
        &self.shop
    }

    pub(crate) fn currency(&self) -> &str {
        &self.currency
    }

    /// The record of a row, with the vendor fields that a mapping asked for.
    pub(crate) fn record<T: InShop>(&self, mut row: T, custom: Extra) -> T::Record {
        row.assume_currency(&self.currency);
        row.into_record(custom)
    }

    /// The vendor's time, as far as its answers told it.
    pub fn now(&self) -> OffsetDateTime {
        self.http().now()
    }

    /// The one of the two that has learned the vendor's clock. They have one pacer.
    pub(crate) fn http(&self) -> &core_http::Client {
        if self.http.skew().is_some() { &self.http } else { &self.lookup }
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

    async fn read(&self, name: &'static str, url: Url) -> Result<Response> {
        self.http.send(Call::new(name, Request::new(Method::GET, url))).await
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows(&self, name: &'static str, path: &str, params: &ListParams) -> Result<Response> {
        self.read(name, self.of_shop(path, &[], Some(params))).await
    }

    async fn list<T: Keyed>(&self, name: &'static str, path: &str, params: &ListParams) -> Result<List<T>> {
        let response = self.rows(name, path, params).await?;
        list_in(name, &response).map(Rows::into_list)
    }

    /// A read by key. The vendor answers 400 or 500 when there is no such object (L), so it is asked less often than
    /// usual.
    async fn lookup(&self, name: &'static str, path: &str, id: &str) -> Result<Response> {
        if matches!(id.trim(), "" | "." | "..") || id.len() > 200 {
            return Err(Error::new(ErrorKind::NotFound, "an id of this form cannot exist").with_context(name));
        }
        let call = Call::new(name, Request::new(Method::GET, self.of_shop(path, &[id], None)));
        self.lookup.send(call).await
    }

    async fn get<T: Keyed>(&self, name: &'static str, path: &str, id: &str) -> Result<T> {
        let response = self.lookup(name, path, id).await?;
        record_in(name, &response).map(|(read, _)| read)
    }

    /// A read by key that tells what does not exist from what cannot be read now. The vendor answers 500, or a 400 without its
    /// own words, for an unknown key and now and then for a known one (L): only when its lists answer, and the key still fails
    /// after that, it is unknown.
    pub(crate) async fn find(&self, name: &'static str, path: &str, id: &str) -> Result<Response> {
        let error = match self.lookup(name, path, id).await {
            Err(error) if is_doubtful(&error) => error,
            answer => return answer,
        };
        let params = ListParams::default().with_page(1).with_page_size(1);
        let Ok(list) = self.rows("GET a list of one", path, &params).await else { return Err(error) };
        // Whatever the rows are: one that cannot be read is an answer, too.
        if read_list::<Place>(&list.body).is_err() {
            return Err(error);
        }
        match self.lookup(name, path, id).await {
            Err(error) if is_doubtful(&error) => Err(missing(&error)),
            answer => answer,
        }
    }

    /// What is made of the order with this `system_id`, or with this text that the vendor shows: read by address, else by search,
    /// because orders with a text for an id may not be found by number.
    pub(crate) async fn find_order<R>(
        &self,
        id: &str,
        make: impl FnOnce(Order, &RawValue) -> R,
    ) -> Result<R> {
        let name = "GET /orders/{id}";
        let failure = match self.find(name, "orders", id).await {
            Ok(response) => {
                let (order, raw) = record_in::<Order>(name, &response)?;
                if order.is_named(id) {
                    return Ok(make(order, raw));
                }
                another(name)
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !id.trim().is_empty() => error,
            Err(error) => return Err(error),
        };
        let params = ListParams::default()
            .with_page(1)
            .with_page_size(DEFAULT_PAGE)
            .with_filter("search", id)
            .with_filter("include_removed", "1")
            .with_array("extra_fields", ["custom_id"]);
        let response = self.rows("GET /orders", "orders", &params).await?;
        for row in list_in::<Order>("GET /orders", &response)?.rows {
            if let Ok(order) = row.read
                && order.is_named(id)
            {
                return Ok(make(order, row.raw.value()));
            }
        }
        Err(failure)
    }

    /// What is made of the customer with this id, which may be either of its two.
    pub(crate) async fn find_customer<R>(
        &self,
        id: &str,
        make: impl FnOnce(Customer, &RawValue) -> R,
    ) -> Result<R> {
        let name = "GET /customers/{id}";
        let response = self.find(name, "customers", id).await?;
        let (customer, raw) = record_in::<Customer>(name, &response)?;
        if ![&customer.id, &customer.customer_id].iter().any(|known| known.as_deref() == Some(id)) {
            return Err(another(name));
        }
        Ok(make(customer, raw))
    }

    /// What is made of the product with this id: its own, its stock keeping unit (L), or that of a variation, which stock events
    /// name.
    pub(crate) async fn find_product<R>(
        &self,
        id: &str,
        make: impl FnOnce(Product, &RawValue) -> R,
    ) -> Result<R> {
        let name = "GET /products/{id}";
        let read = |response: &Response, id: &str| {
            let (product, raw) = record_in::<Product>(name, response)?;
            let is_it = |name: &Option<String>| name.as_deref() == Some(id);
            let is_asked = [&product.id, &product.custom_id, &product.display_id].into_iter().any(is_it)
                || product.variations.iter().any(|variation| is_it(&variation.id));
            if is_asked { Ok(make(product, raw)) } else { Err(another(name)) }
        };
        let failure = match self.find(name, "products", id).await {
            Ok(response) => return read(&response, id),
            Err(error) if error.kind() == ErrorKind::NotFound && !id.trim().is_empty() => error,
            Err(error) => return Err(error),
        };
        let params = ListParams::default().with_page(1).with_page_size(10).with_array("variation_ids", [id]);
        let list = self.list_variations(&params).await?;
        let of = |row: &&Variation| row.id.as_deref() == Some(id) && row.product_id.as_deref() != Some(id);
        match list.data.iter().find(of).and_then(|row| row.product_id.as_deref()) {
            Some(product) => read(&self.lookup(name, "products", product).await?, product),
            None => Err(failure),
        }
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
        let response = self.read(name, self.url(&["shops"], None)).await?;
        read_shops(&response.body).map_err(|error| at(error, name, &response))
    }

    /// `GET /shops/{id}`: this shop.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn get_shop(&self) -> Result<Shop> {
        let name = "GET /shops/{id}";
        let response =
            self.lookup.send(Call::new(name, Request::new(Method::GET, self.of_shop("", &[], None)))).await?;
        read_object(&response.body).map_err(|error| at(error, name, &response))
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
            let holds = |one: &Customer| {
                let mut numbers = one.phone_numbers.iter().flat_map(|text| read_phones(text, &rules).phones);
                numbers.any(|number| number.e164 == wanted)
            };
            add_new(&mut holders, self.list_customers(&params).await?.data.into_iter().filter(holds));
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
                    name: customer.name.as_deref(),
                    phone_number: customer.phone_numbers.first().map(String::as_str),
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
        let response = self.read(name, self.of_shop("customers", &[id, "load_customer_notes"], None)).await?;
        Ok(list_in(name, &response)?.into_list().data)
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

    /// `POST /orders`. There is no idempotency key; not repeated after it may have been received. Stock drops at once (L).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_order(&self, order: &OrderWrite) -> Result<Order> {
        let name = "POST /orders";
        let response = self.write(name, Method::POST, self.of_shop("orders", &[], None), order).await?;
        record_in(name, &response).map(|(order, _)| order)
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
        let response = self.read(name, self.url(&["geo", path], Some(&params))).await?;
        Ok(list_in(name, &response)?.into_list().data)
    }

    /// `PUT /shops/{id}` with the one webhook that a shop has: **what was there is overwritten** (Dq). Whether the request
    /// leaves the other settings of the shop alone is not proven (?). See
    /// [`register_webhooks`](pos_core::Connector::register_webhooks), which looks first.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn set_webhook(&self, hook: &HookWrite) -> Result<()> {
        let name = "PUT /shops/{id}";
        let response = self.write(name, Method::PUT, self.of_shop("", &[], None), hook).await?;
        accepted(&response, name)
    }
}

pos_core::endpoints! { Client {
    /// `GET /warehouses/{id}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_warehouse(id: &str) -> Warehouse = get("GET /warehouses/{id}", "warehouses", id);
    /// `GET /customers/{id}`.
    /// [`ErrorKind::NotFound`] for a 400 in the vendor's own words; it may also say 500 for an unknown id (L),
    /// which is [`ErrorKind::Unavailable`] here. The connector tells them apart.
    get_customer(id: &str) -> Customer = get("GET /customers/{id}", "customers", id);
    /// `GET /orders/{id}`: by `id` as the vendor shows it. Whether `system_id` works for orders with a text for an id is not
    /// proven (?); the connector tries and then searches.
    /// As [`get_customer`](Self::get_customer).
    get_order(id: &str) -> Order = get("GET /orders/{id}", "orders", id);
    /// `GET /products/{id}`: by uuid or stock keeping unit (L).
    /// As [`get_customer`](Self::get_customer).
    get_product(id: &str) -> Product = get("GET /products/{id}", "products", id);
    /// `GET /geo/provinces`, for a calling code (`84`).
    list_provinces(country_code: &str) -> Vec<Place>
        = places("GET /geo/provinces", "provinces", &[("country_code", country_code)]);
    /// `GET /geo/districts`.
    list_districts(province_id: &str) -> Vec<Place>
        = places("GET /geo/districts", "districts", &[("province_id", province_id)]);
}}

#[derive(Serialize)]
struct Wrapped<'a> {
    customer: &'a CustomerWrite,
}

/// Adds the customers who are not among the others yet.
pub(crate) fn add_new(customers: &mut Vec<Customer>, found: impl IntoIterator<Item = Customer>) {
    for one in found {
        if !customers.iter().any(|known| known.id == one.id) {
            customers.push(one);
        }
    }
}

/// An error of what was answered, with where.
fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

/// The list in an answer.
pub(crate) fn list_in<'a, T: Keyed>(name: &'static str, response: &'a Response) -> Result<Rows<'a, T>> {
    read_list(&response.body).map_err(|error| at(error, name, response))
}

/// The one record in an answer.
fn record_in<'a, T: Keyed>(name: &'static str, response: &'a Response) -> Result<(T, &'a RawValue)> {
    read_record(&response.body).map_err(|error| at(error, name, response))
}

/// A write whose answer shows nothing was carried out only if the vendor says so.
fn accepted(response: &Response, name: &'static str) -> Result<()> {
    if says_done(&response.body) {
        return Ok(());
    }
    Err(at(foreign("the answer does not say that it was done"), name, response))
}

/// Whether a read by key failed as it does for an unknown key, and now and then for a known one.
pub(crate) fn is_doubtful(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && matches!(error.status(), Some(400 | 500))
}

fn missing(error: &Error) -> Error {
    let mut missing = Error::new(ErrorKind::NotFound, "the vendor does not know it")
        .with_vendor_code(error.vendor_code().map(str::to_owned))
        .with_vendor_message(error.vendor_message().map(str::to_owned));
    if let Some(status) = error.status() {
        missing = missing.with_status(status);
    }
    if let Some(at) = error.context() {
        missing = missing.with_context(at);
    }
    missing
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
