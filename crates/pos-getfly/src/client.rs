//! The typed client: one short method for each endpoint.

use http::Method;
use pos_core::http::{Call, Request, Response};
use pos_core::kit::{Keyed, Members, another, is_object, read_object, unreadable, value_of};
use pos_core::lenient::in_vietnam;
use pos_core::record::{Extra, Stream};
use pos_core::{Error, ErrorKind, Result, debug_only, http as core_http};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

use crate::answer::{List, Resource, Rows, custom_of, read_list, read_one};
use crate::model::{
    Account, AccountSource, AccountType, AccountWrite, CustomField, DeletedAccount, Made, Order, OrderCounts,
    OrderWrite, PaidWrite, Payment, PaymentMethod, Product, User,
};
pub use crate::outcome::{classify, classify_at};
pub use crate::profile::{Api, MAX_PAGE};
use crate::profile::{PROFILE, join};

/// What to ask a list for.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ListParams {
    /// Rows a page; 20 without it (D). Lines 6 only.
    pub limit: Option<u64>,
    /// Rows to leave out. Lines 6 only.
    pub offset: Option<u64>,
    /// Which page, from 1: line v3, which has 50 accounts and 20 products on one (C:1).
    pub page: Option<u64>,
    /// The members that come back, in the place of those that this crate asks for. Lines 6 only.
    pub fields: Option<String>,
    /// Filters by what stands in the brackets of `filtering[…]` (`account_type`, `updated_at:gte`), or, in line v3, by their
    /// names.
    pub filters: Vec<(String, String)>,
}

debug_only!(ListParams { limit, offset, page, fields });

pos_core::setters! { ListParams {
    /// Rows a page.
    with_limit(limit: u64);
    /// Rows to leave out.
    with_offset(offset: u64);
    /// Which page, from 1.
    with_page(page: u64);
}}

impl ListParams {
    /// The members that come back, parted by commas.
    #[must_use]
    pub fn with_fields(mut self, fields: impl Into<String>) -> Self {
        self.fields = Some(fields.into());
        self
    }

    /// A filter.
    #[must_use]
    pub fn with_filter(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.filters.push((name.into(), value.to_string()));
        self
    }

    fn query(&self, api: Api, fields: &str) -> Vec<(String, String)> {
        let named = |name: &str, value: String| (name.to_owned(), value);
        if api == Api::V3 {
            let page = self.page.map(|page| named("page", page.to_string()));
            return self.filters.iter().cloned().chain(page).collect();
        }
        let fields = self.fields.clone().unwrap_or_else(|| fields.to_owned());
        let mut query: Vec<_> = Some(fields)
            .filter(|fields| !fields.is_empty())
            .map(|it| named("fields", it))
            .into_iter()
            .collect();
        query.extend(self.limit.map(|rows| named("limit", rows.to_string())));
        query.extend(self.offset.map(|rows| named("offset", rows.to_string())));
        query.extend(self.filters.iter().map(|(name, value)| (format!("filtering[{name}]"), value.clone())));
        query
    }
}

/// A moment as lists compare it: Viet Nam's clocks, whole seconds. In which form is not established; this is the only one
/// that was seen (C:1).
pub(crate) fn wall(at: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    in_vietnam(at).format(form).unwrap_or_default()
}

/// The second before an instant: whether the bound itself is in is not established.
fn before(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().saturating_sub(1)
}

/// What is asked for of an account: without a list of members the vendor leaves out persons and own fields (D).
const ACCOUNT: &str = "id,account_code,account_name,phone_office,email,website,description,billing_address_street,sic_code,\
birthday,gender,gender_detail,account_type,account_type_details,account_source,account_source_details,industry,relation_id,\
relation_name,total_revenue,account_manager,mgr_email,mgr_display_name,country_id,country_name,province_id,district_id,ward_id,\
contacts,custom_fields,detail_custom_fields,created_at,updated_at";

/// The same of an order: the state's label and the payment's come only when they are named (D).
const ORDER: &str = "id,order_code,real_amount,f_amount,discount,discount_amount,vat_amount,account_id,account_code,\
account_email,account_phone,account_address,contact_name,contact_phone,contact_email,order_date,created_at,updated_at,status,\
status_label,has_pay_off,payment_status,assigned_user,assigned_user_name,store_id,lading_code,lading_status,\
lading_status_title,tracking_url,safebook_synchronized,order_details,custom_fields";

/// The same of a member of staff (C:2).
const USER: &str = "user_id,contact_name,user_name,dept_id,dept_name,email,contact_mobile";

/// Where one object is: a path, and what of the query names it.
pub(crate) type Where = (Vec<String>, Vec<(String, String)>);

/// What v3 calls sales among its orders (D)(C:2). Without it the list is refused (C:1).
const SALES: (&str, &str) = ("order_type", "2");

/// Where a resource is.
pub(crate) trait Located: Resource {
    /// Names of requests for the list and for one of it.
    const LIST: &'static str;
    const GET: &'static str;
    /// The members that are asked for; the vendor's own choice when blank.
    const FIELDS: &'static str = "";

    /// What its list has to be asked for.
    fn usual(api: Api) -> ListParams {
        let _ = api;
        ListParams::default()
    }

    /// The list, as far as this line has one.
    fn list(api: Api) -> Option<&'static [&'static str]>;

    /// One of it: path, and what of the query names it. A list that is narrowed to it where there is nothing else.
    fn one(api: Api, id: &str) -> Option<Where>;
}

fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn named(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

impl Located for Account {
    const LIST: &'static str = "GET /accounts";
    const GET: &'static str = "GET /account";
    const FIELDS: &'static str = ACCOUNT;

    fn list(api: Api) -> Option<&'static [&'static str]> {
        Some(match api {
            Api::V61 => &["v6.1", "accounts"],
            Api::V6 => &["v6", "accounts"],
            Api::V3 => &["v3", "accounts"],
        })
    }

    fn one(api: Api, id: &str) -> Option<Where> {
        Some(match api {
            Api::V61 => (path(&["v6.1", "account"]), named("account_id", id)),
            Api::V6 => (path(&["v6", "accounts", id]), Vec::new()),
            Api::V3 => (path(&["v3", "account", id]), Vec::new()),
        })
    }
}

impl Located for Order {
    const LIST: &'static str = "GET /sale_orders";
    const GET: &'static str = "GET /sale_order";
    const FIELDS: &'static str = ORDER;

    fn usual(api: Api) -> ListParams {
        let params = ListParams::default();
        if api == Api::V3 { params.with_filter(SALES.0, SALES.1) } else { params }
    }

    fn list(api: Api) -> Option<&'static [&'static str]> {
        Some(match api {
            Api::V61 => &["v6.1", "sale_orders"],
            Api::V6 => &["v6", "sale_orders"],
            Api::V3 => &["v3", "orders"],
        })
    }

    fn one(api: Api, id: &str) -> Option<Where> {
        Some(match api {
            Api::V61 => (path(&["v6.1", "sale_order"]), named("order_id", id)),
            Api::V6 => (path(&["v6", "sale_orders", id]), Vec::new()),
            Api::V3 => (path(&["v3", "orders", "detail"]), named("order_id", id)),
        })
    }
}

impl Located for Product {
    const LIST: &'static str = "GET /products";
    const GET: &'static str = "GET /products?id";

    /// Of 6.1 only one product by its code was seen (C:1): the list is that of 6.0 (D).
    fn list(api: Api) -> Option<&'static [&'static str]> {
        Some(match api {
            Api::V61 | Api::V6 => &["v6", "products"],
            Api::V3 => &["v3", "products"],
        })
    }

    fn one(api: Api, id: &str) -> Option<Where> {
        (api != Api::V3).then(|| (path(&["v6", "products"]), named("filtering[id:eq]", id)))
    }
}

impl Located for User {
    const LIST: &'static str = "GET /users";
    const GET: &'static str = "GET /users";
    const FIELDS: &'static str = USER;

    /// Only that of 6.1 was seen (C:2).
    fn list(api: Api) -> Option<&'static [&'static str]> {
        (api == Api::V61).then_some(&["v6.1", "users"][..])
    }

    fn one(_: Api, _: &str) -> Option<Where> {
        None
    }
}

/// What an answer of one object brings: the object, its key checked, with the vendor fields that a mapping asked for.
type Found<T> = (T, Extra);

/// Getfly's endpoints, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting and retrying are underneath. It speaks the line of the API
/// that it was built for, and what that line does not have is `Unsupported` without a request. Reads may be dropped at any
/// await. A dropped write may or may not have been carried out.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    base: Url,
    api: Api,
}

impl Client {
    pub(crate) fn new(http: core_http::Client, base: Url, api: Api) -> Self {
        Self { http, base, api }
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    /// The vendor's time, as far as its answers told it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.http.now()
    }

    /// The line of the API that is spoken.
    pub fn api(&self) -> Api {
        self.api
    }

    fn lacks(&self, what: &str) -> Error {
        Error::unsupported(format!("Getfly's line {} has no {what}", self.api))
    }

    fn url(&self, path: &[&str], query: &[(String, String)]) -> Url {
        let mut url = join(&join(&self.base, &["api"]), path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn get(&self, name: &'static str, path: &[&str], query: &[(String, String)]) -> Result<Response> {
        self.http.send(Call::new(name, Request::new(Method::GET, self.url(path, query)))).await
    }

    async fn write<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
    ) -> Result<Response> {
        let request = Request::new(method.clone(), self.url(path, &[])).json(body)?;
        let call = Call::new(name, request);
        // A change says how something shall be, and a deletion that it shall not be: once more is the same.
        let is_repeatable = method == Method::PUT || method == Method::DELETE;
        self.http.send(if is_repeatable { call.idempotent() } else { call }).await
    }

    /// The answer of a list as it came. That there is no such list means that the company does not have this line.
    pub(crate) async fn rows<T: Located>(&self, params: &ListParams) -> Result<Response> {
        let path = T::list(self.api).ok_or_else(|| self.lacks(T::STREAM.as_str()))?;
        self.get_list(T::LIST, path, &params.query(self.api, T::FIELDS)).await
    }

    async fn get_list(
        &self,
        name: &'static str,
        path: &[&str],
        query: &[(String, String)],
    ) -> Result<Response> {
        self.get(name, path, query).await.map_err(|error| match error.status() {
            Some(404) => {
                let what =
                    format!("the company does not answer line {}: connect it with another `api`", self.api);
                PROFILE.error(what).with_context(name).with_status(404)
            }
            _ => error,
        })
    }

    async fn list<T: Keyed>(
        &self,
        name: &'static str,
        path: &[&str],
        params: &ListParams,
        fields: &str,
    ) -> Result<List<T>> {
        let response = self.get_list(name, path, &params.query(self.api, fields)).await?;
        let rows = read_list(&response.body).map_err(|error| at(error, name, &response))?;
        Ok(rows.into_list())
    }

    async fn list_of<T: Located>(&self, params: &ListParams) -> Result<List<T>> {
        let path = T::list(self.api).ok_or_else(|| self.lacks(T::STREAM.as_str()))?;
        self.list(T::LIST, path, params, T::FIELDS).await
    }

    /// A list that one line has.
    async fn list_at<T: Keyed>(
        &self,
        name: &'static str,
        api: Api,
        path: &[&str],
        params: &ListParams,
    ) -> Result<List<T>> {
        if self.api == Api::V3 || (api == Api::V61 && self.api != api) {
            return Err(self.lacks(name));
        }
        self.list(name, path, params, "").await
    }

    /// The answer of the accounts that were created or changed since then, as it came.
    pub(crate) async fn changed_rows(&self, since: OffsetDateTime, params: &ListParams) -> Result<Response> {
        let path: &[&str] = &[self.api.as_str(), "accounts", "sync"];
        let params = params.clone().with_filter("last_sync", before(since));
        self.get_list("GET /accounts/sync", path, &params.query(self.api, ACCOUNT)).await
    }

    /// The answer of the accounts that were deleted since then, as it came.
    pub(crate) async fn deleted_rows(
        &self,
        since: Option<OffsetDateTime>,
        params: &ListParams,
    ) -> Result<Response> {
        let path: &[&str] = &[self.api.as_str(), "accounts", "deleted_ids"];
        let mut params = params.clone();
        params.filters.extend(since.map(|at| ("last_sync".to_owned(), before(at).to_string())));
        self.get_list("GET /accounts/deleted_ids", path, &params.query(self.api, "")).await
    }

    /// One object by what names it; `None` where the answer says that there is none.
    async fn ask_one<T: Located>(
        &self,
        path: &[String],
        mut query: Vec<(String, String)>,
        custom: &[String],
    ) -> Result<Option<Found<T>>> {
        if self.api != Api::V3 && !T::FIELDS.is_empty() {
            query.push(("fields".to_owned(), T::FIELDS.to_owned()));
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let response = match self.get(T::GET, &path, &query).await {
            Ok(response) => response,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let one = read_one::<T>(&response.body).map_err(|error| at(error, T::GET, &response))?;
        Ok(one.map(|(raw, one)| (one, custom_of(raw, custom))))
    }

    /// One object by its id, with the vendor fields that a mapping asked for. Another one in its place is an error. That there
    /// is none is believed only when the list beside it is there: one more request then.
    pub(crate) async fn find<T: Located>(&self, id: i64, custom: &[String]) -> Result<Found<T>> {
        let lacks = || self.lacks("such object by its id");
        let (path, query) = T::one(self.api, &id.to_string()).ok_or_else(lacks)?;
        match self.ask_one::<T>(&path, query, custom).await? {
            Some((one, custom)) if one.key() == Some(id) => Ok((one, custom)),
            Some(_) => Err(another(T::GET)),
            None => {
                self.rows::<T>(&T::usual(self.api).with_limit(1)).await?;
                Err(not_found(T::GET))
            }
        }
    }

    /// A product by its id: the list is narrowed to it, and must mind that.
    pub(crate) async fn find_product(&self, id: i64, custom: &[String]) -> Result<Found<Product>> {
        if self.api == Api::V3 {
            return Err(self.lacks("product by its id"));
        }
        let params = ListParams::default().with_limit(u64::from(MAX_PAGE)).with_filter("id:eq", id);
        let response = self.rows::<Product>(&params).await?;
        let name = Product::GET;
        let list: Rows<'_, Product> =
            read_list(&response.body).map_err(|error| at(error, name, &response))?;
        let is_empty = list.rows.is_empty();
        let found = list.rows.into_iter().find(|row| row.key() == Some(id));
        let Some(row) = found else {
            return Err(if is_empty { not_found(name) } else { another(name) });
        };
        let raw = row.raw;
        let product = row.read.map_err(|why| at(unreadable(&why), name, &response))?;
        Ok((product, custom_of(raw, custom)))
    }

    /// What a write answers. Its body is documented nowhere.
    async fn made<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
    ) -> Result<Made> {
        let response = self.write(name, method, path, body).await?;
        let whole = value_of(&response.body).map_err(|error| at(error, name, &response))?;
        let inner = Members::of(whole).unwrap_or_default().get("data").filter(|data| is_object(data));
        Ok(read_object(inner.unwrap_or(whole), "").unwrap_or_default())
    }

    /// `POST /account`. The vendor's answer is not documented: without an id in it the account has to be read by its code. It is
    /// not repeated after it may have been received.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when the code is taken, also by an account that was deleted.
    pub async fn create_account(&self, account: &AccountWrite) -> Result<Made> {
        let name = "POST /account";
        match self.api {
            Api::V61 => self.made(name, Method::POST, &["v6.1", "account"], account).await,
            Api::V6 => self.made(name, Method::POST, &["v6", "accounts"], account).await,
            Api::V3 => Err(self.lacks("account to write")),
        }
    }

    /// `PUT /account`: only the members that are set are changed. Line 6.1 goes by one of the `current_…`, line 6 by the id.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_account(&self, id: i64, account: &AccountWrite) -> Result<Made> {
        let name = "PUT /account";
        match self.api {
            Api::V61 => {
                let mut account = account.clone();
                if account.current_account_code.is_none() {
                    account.current_account_id = Some(id);
                }
                self.made(name, Method::PUT, &["v6.1", "account"], &account).await
            }
            Api::V6 => self.made(name, Method::PUT, &["v6", "accounts", &id.to_string()], account).await,
            Api::V3 => Err(self.lacks("account to write")),
        }
    }

    /// `DELETE /account` by code: whether it can be restored, the documentation says both (D).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn delete_account(&self, code: &str) -> Result<()> {
        self.by_code("DELETE /account", Method::DELETE, &["v6.1", "account"], code).await
    }

    /// `POST /account/restore` by code (C:1): revives what the merchant deleted, so only where they ask for it.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn restore_account(&self, code: &str) -> Result<()> {
        self.by_code("POST /account/restore", Method::POST, &["v6.1", "account", "restore"], code).await
    }

    async fn by_code(&self, name: &'static str, method: Method, path: &[&str], code: &str) -> Result<()> {
        if self.api != Api::V61 {
            return Err(self.lacks("such write"));
        }
        self.write(name, method, path, &json!({"account_code": code})).await.map(drop)
    }

    /// `POST /sale_order`. The vendor's answer is not documented: without an id in it the order has to be read by its code. It is
    /// not repeated after it may have been received.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when the code is taken.
    pub async fn create_order(&self, order: &OrderWrite) -> Result<Made> {
        self.order("POST /sale_order", Method::POST, order).await
    }

    /// `PUT /sale_order` by `current_order_code` (C:1).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_order(&self, order: &OrderWrite) -> Result<Made> {
        self.order("PUT /sale_order", Method::PUT, order).await
    }

    async fn order(&self, name: &'static str, method: Method, order: &OrderWrite) -> Result<Made> {
        if self.api != Api::V61 {
            return Err(self.lacks("order to write"));
        }
        self.made(name, method, &["v6.1", "sale_order"], order).await
    }

    /// `POST /sale_orders/{id}/paid` of line 6: one more payment. Not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn pay_order(&self, id: i64, payment: &PaidWrite) -> Result<()> {
        if self.api == Api::V3 {
            return Err(self.lacks("payment to write"));
        }
        let path = ["v6", "sale_orders", &id.to_string(), "paid"];
        self.write("POST /sale_orders/{id}/paid", Method::POST, &path, payment).await.map(drop)
    }

    /// `GET /account`, or what its line has for it. Two requests when there is none.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_account(&self, id: i64) -> Result<Account> {
        self.find(id, &[]).await.map(|(account, _)| account)
    }

    /// The account with this code; codes hold strokes, so they go in the query. `None` when there is none, or when it was
    /// deleted. Lines 6.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_account_by_code(&self, code: &str) -> Result<Option<Account>> {
        match self.api {
            Api::V61 => {
                let (path, query) = (path(&["v6.1", "account"]), named("account_code", code));
                let found = self.ask_one::<Account>(&path, query, &[]).await?;
                Ok(found.map(|(account, _)| account).filter(|account| account.has_code(code)))
            }
            Api::V6 => {
                let params = ListParams::default().with_filter("account_code:eq", code);
                let list = self.list_of::<Account>(&params).await?;
                let is_minded = list.data.iter().all(|account| account.has_code(code));
                let found = list.data.into_iter().find(|account| account.has_code(code));
                if found.is_none() && !is_minded {
                    return Err(another("GET /accounts"));
                }
                Ok(found)
            }
            Api::V3 => Err(self.lacks("account by its code")),
        }
    }

    /// `GET /sale_order`, or what its line has for it. Two requests when there is none.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_order(&self, id: i64) -> Result<Order> {
        self.find(id, &[]).await.map(|(order, _)| order)
    }

    /// The order with this code. The list cannot be asked for it: `order_code` is no filter, and `search` stopped finding it
    /// (C:1). Line 6.1.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_order_by_code(&self, code: &str) -> Result<Option<Order>> {
        if self.api != Api::V61 {
            return Err(self.lacks("order by its code"));
        }
        let found =
            self.ask_one::<Order>(&path(&["v6.1", "sale_order"]), named("order_code", code), &[]).await?;
        Ok(found.map(|(order, _)| order).filter(|order| order.has_code(code)))
    }

    /// `GET /product?product_code=` of line 6.1 (C:1).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_product_by_code(&self, code: &str) -> Result<Option<Product>> {
        if self.api != Api::V61 {
            return Err(self.lacks("product by its code"));
        }
        let found =
            self.ask_one::<Product>(&path(&["v6.1", "product"]), named("product_code", code), &[]).await?;
        Ok(found.map(|(product, _)| product))
    }

    /// `GET /products` narrowed to one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get_product(&self, id: i64) -> Result<Product> {
        self.find_product(id, &[]).await.map(|(product, _)| product)
    }

    /// `GET /account/count_orders_status`. Line 6.1.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn count_orders(&self, account: i64) -> Result<OrderCounts> {
        if self.api != Api::V61 {
            return Err(self.lacks("counts of orders"));
        }
        let name = "GET /account/count_orders_status";
        let query = named("account_id", &account.to_string());
        let response = self.get(name, &["v6.1", "account", "count_orders_status"], &query).await?;
        let whole = value_of(&response.body).map_err(|error| at(error, name, &response))?;
        read_object(whole, "").map_err(|why| at(unreadable(&why), name, &response))
    }

    /// `GET /accounts/sync`: created or changed since then. In line 6 and v3 its rows look as those of v3, and may come without
    /// an envelope (D).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn changed_accounts(
        &self,
        since: OffsetDateTime,
        params: &ListParams,
    ) -> Result<List<Account>> {
        let response = self.changed_rows(since, params).await?;
        let rows = read_list(&response.body).map_err(|error| at(error, "GET /accounts/sync", &response))?;
        Ok(rows.into_list())
    }

    /// `GET /accounts/deleted_ids`: all that were ever deleted without an instant (D).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn deleted_accounts(&self, since: Option<OffsetDateTime>) -> Result<List<DeletedAccount>> {
        let response = self.deleted_rows(since, &ListParams::default()).await?;
        let rows =
            read_list(&response.body).map_err(|error| at(error, "GET /accounts/deleted_ids", &response))?;
        Ok(rows.into_list())
    }

    /// The newest line that the company answers: one request for each that it does not.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it answers none.
    pub async fn find_api(&self) -> Result<Api> {
        for api in Api::ALL {
            let one = Self { api, ..self.clone() };
            match one.rows::<Account>(&ListParams::default().with_limit(1)).await {
                Ok(response) => {
                    read_list::<Account>(&response.body)
                        .map_err(|error| at(error, Account::LIST, &response))?;
                    return Ok(api);
                }
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
        Err(PROFILE.error("nothing at this address answers as Getfly does: is the company's name right?"))
    }
}

impl Account {
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.account_code.as_deref().is_some_and(|own| own.trim() == code)
    }
}

pos_core::endpoints! { Client {
    /// `GET /accounts`. Members that are not named in `fields` are absent.
    list_accounts(params: &ListParams) -> List<Account> = list_of(params);
    /// `GET /sale_orders`; in line v3 `/orders`, which wants a filter `order_type` (2 are sales).
    list_orders(params: &ListParams) -> List<Order> = list_of(params);
    /// `GET /products`.
    list_products(params: &ListParams) -> List<Product> = list_of(params);
    /// `GET /users`. Line 6.1.
    list_users(params: &ListParams) -> List<User> = list_of(params);
    /// `GET /sale_order_payments`, by the filters `order_id` and `created_at`. Line 6.1.
    list_payments(params: &ListParams) -> List<Payment>
        = list_at("GET /sale_order_payments", Api::V61, &["v6.1", "sale_order_payments"], params);
    /// `GET /payment_methods`. Lines 6.
    list_payment_methods(params: &ListParams) -> List<PaymentMethod>
        = list_at("GET /payment_methods", Api::V6, &["v6", "payment_methods"], params);
    /// `GET /account/custom_fields`: what a company's own fields are called. Line 6.1.
    list_custom_fields(params: &ListParams) -> List<CustomField>
        = list_at("GET /account/custom_fields", Api::V61, &["v6.1", "account", "custom_fields"], params);
    /// `GET /account_types`: groups. Line 6.1.
    list_account_types(params: &ListParams) -> List<AccountType>
        = list_at("GET /account_types", Api::V61, &["v6.1", "account_types"], params);
    /// `GET /account_sources`. Line 6.1.
    list_account_sources(params: &ListParams) -> List<AccountSource>
        = list_at("GET /account_sources", Api::V61, &["v6.1", "account_sources"], params);
}}

/// An answer that cannot be read, with where it came from.
pub(crate) fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

fn not_found(name: &'static str) -> Error {
    Error::new(ErrorKind::NotFound, "Getfly does not know it").with_context(name)
}

/// Whether a stream is one of a line.
pub(crate) fn has(api: Api, stream: Stream) -> bool {
    match stream {
        Stream::Customers | Stream::Orders | Stream::Products => true,
        Stream::Returns => api == Api::V3,
        Stream::Users => api == Api::V61,
        _ => false,
    }
}
