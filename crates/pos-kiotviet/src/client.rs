//! The typed client: one short method for each endpoint, and what answers mean.

use std::collections::BTreeMap;

use http::Method;
use pos_core::http::{Call, Outcome, Request, Response, retry_after};
use pos_core::kit::{Keyed, Row, another, text_of};
use pos_core::page::{OffsetScan, pick_custom};
use pos_core::{Clock, Error, ErrorKind, Result, Retry, debug_only, http as core_http};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use url::Url;

use crate::answer::{List, read_list, read_object, read_one, shop_time, unwrap_object};
use crate::model::{
    BankAccount, Branch, Category, Customer, CustomerGroup, CustomerWrite, Hook, HookWrite, Invoice,
    InvoiceWrite, Order, OrderWrite, PaymentWrite, PaymentWritten, Product, Return, SaleChannel, Settings,
    User,
};

/// The largest page that the vendor documents (D).
pub const MAX_PAGE: u32 = 100;

/// What to ask a list for. Which filter works where is in the vendor page; one that a list does not know has no effect
/// there, so set only those that the list documents.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ListParams {
    /// Rows a page, at most [`MAX_PAGE`].
    pub page_size: Option<u32>,
    /// How many rows to pass over.
    pub current_item: u64,
    /// Changed at or after, floored to the second (`lastModifiedFrom`).
    pub modified_from: Option<OffsetDateTime>,
    /// Changed at or before, raised to the second (`toDate`; orders and invoices).
    pub modified_to: Option<OffsetDateTime>,
    /// Created at or after, floored to the second (`createdDate`; orders and invoices).
    pub created_from: Option<OffsetDateTime>,
    /// Also ask for removed ids (`includeRemoveIds`).
    pub include_removed: bool,
    /// Of these branches (`branchIds`, joined by commas; orders and invoices).
    pub branch_ids: Vec<i64>,
    /// Of these customers (`customerIds`, joined by commas; orders).
    pub customer_ids: Vec<i64>,
    /// Any other filter by its name on the wire (`contactNumber`, `code`, `status`, `orderId`).
    pub filters: Vec<(&'static str, String)>,
}

debug_only!(ListParams {
    page_size,
    current_item,
    modified_from,
    modified_to,
    created_from,
    include_removed,
    branch_ids
});

pos_core::setters! { ListParams {
    /// Rows a page.
    with_page_size(page_size: u32);
    /// Changed at or after.
    with_modified_from(modified_from: OffsetDateTime);
    /// Changed at or before.
    with_modified_to(modified_to: OffsetDateTime);
    /// Created at or after.
    with_created_from(created_from: OffsetDateTime);
}}

impl ListParams {
    /// How many rows to pass over.
    #[must_use]
    pub fn with_current_item(mut self, rows: u64) -> Self {
        self.current_item = rows;
        self
    }

    /// Also ask for removed ids.
    #[must_use]
    pub fn with_removed(mut self) -> Self {
        self.include_removed = true;
        self
    }

    /// Another filter.
    #[must_use]
    pub fn with_filter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.filters.push((name, value.into()));
        self
    }
}

/// One list of the vendor: where it is, and what is always asked for.
pub(crate) struct ListEndpoint {
    /// Its name in logs and errors.
    pub(crate) name: &'static str,
    path: &'static str,
    flags: &'static [(&'static str, &'static str)],
}

macro_rules! list_endpoint {
    ($(#[$doc:meta])* $name:ident = $path:literal $(, $flag:literal = $value:literal)* $(,)?) => {
        $(#[$doc])*
        pub(crate) const $name: ListEndpoint = ListEndpoint {
            name: concat!("GET /", $path),
            path: $path,
            flags: &[$(($flag, $value)),*],
        };
    };
}

list_endpoint!(
    CUSTOMERS = "customers",
    "orderBy" = "id",
    "orderDirection" = "Asc",
    "includeTotal" = "true",
    "includeCustomerGroup" = "true",
    "includeCustomerSocial" = "true",
);
list_endpoint!(
    ORDERS = "orders",
    "orderBy" = "id",
    "orderDirection" = "Asc",
    "includePayment" = "true",
    "includeOrderDelivery" = "true",
);
list_endpoint!(
    INVOICES = "invoices",
    "orderBy" = "id",
    "orderDirection" = "Asc",
    "includePayment" = "true",
    "includeInvoiceDelivery" = "true",
    "SaleChannel" = "true",
);
list_endpoint!(RETURNS = "returns", "orderBy" = "id", "orderDirection" = "Asc", "includePayment" = "true",);
list_endpoint!(
    PRODUCTS = "products",
    "orderBy" = "id",
    "orderDirection" = "Asc",
    "includeInventory" = "true",
    "includePricebook" = "true",
);
// Whether these three sort by `id` is not proven; what they do with it is harmless, because they are short.
list_endpoint!(CATEGORIES = "categories", "orderBy" = "id", "orderDirection" = "Asc");
list_endpoint!(BRANCHES = "branches", "orderBy" = "id", "orderDirection" = "Asc");
list_endpoint!(USERS = "users", "orderBy" = "id", "orderDirection" = "Asc");
list_endpoint!(GROUPS = "customers/group");
list_endpoint!(CHANNELS = "salechannel");
list_endpoint!(BANK_ACCOUNTS = "BankAccounts");
list_endpoint!(HOOKS = "webhooks");

/// KiotViet's endpoints, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting, retrying and tokens are underneath. Reads may be
/// dropped at any await. A dropped write may or may not have been carried out.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    base: Url,
}

impl Client {
    pub(crate) fn new(http: core_http::Client, base: Url) -> Self {
        Self { http, base }
    }

    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The vendor's time.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.http.now()
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    async fn answer(&self, name: &'static str, path: &[&str]) -> Result<Response> {
        self.http.send(Call::new(name, Request::new(Method::GET, self.url(path, &[])))).await
    }

    async fn get<T: DeserializeOwned>(&self, name: &'static str, path: &[&str]) -> Result<T> {
        let response = self.answer(name, path).await?;
        read_object(&response.body).map_err(|error| at(error, name, &response))
    }

    /// A read by key: the vendor says 420 with the entity's own code when there is none.
    async fn get_known<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &[&str],
        entity: &str,
    ) -> Result<T> {
        self.get(name, path).await.map_err(|error| absent(error, entity))
    }

    /// A read by id: what is answered must be what was asked for.
    async fn get_by_id<T: Keyed<Key = i64>>(
        &self,
        name: &'static str,
        list: &str,
        id: i64,
        entity: &str,
    ) -> Result<T> {
        let read: T = self.get_known(name, &[list, &id.to_string()], entity).await?;
        if read.key() == Some(id) { Ok(read) } else { Err(another(name)) }
    }

    /// A record by id, with the vendor fields that a mapping asked for.
    pub(crate) async fn get_record<T: One>(&self, id: i64, custom: &[String]) -> Result<T::Record> {
        let response = self
            .answer(T::NAME, &[T::PATH, &id.to_string()])
            .await
            .map_err(|error| absent(error, T::ENTITY))?;
        let (raw, path) = unwrap_object(&response.body).map_err(|error| at(error, T::NAME, &response))?;
        let read: T = read_one(raw, path).map_err(|error| at(error, T::NAME, &response))?;
        if read.key() != Some(id) {
            return Err(another(T::NAME));
        }
        Ok(read.into_record(pick_custom(raw, custom)))
    }

    async fn write<B: serde::Serialize + ?Sized>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
    ) -> Result<Response> {
        let repeatable = method == Method::PUT;
        let call = Call::new(name, Request::new(method, self.url(path, &[])).json(body)?);
        self.http.send(if repeatable { call.idempotent() } else { call }).await
    }

    async fn write_object<B: serde::Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
    ) -> Result<T> {
        let response = self.write(name, method, path, body).await?;
        read_object(&response.body).map_err(|error| at(error, name, &response))
    }

    async fn delete(&self, name: &'static str, path: &[&str], query: &[(&str, String)]) -> Result<()> {
        let call = Call::new(name, Request::new(Method::DELETE, self.url(path, query))).idempotent();
        self.http.send(call).await.map(drop)
    }

    /// The answer of a list as it came.
    pub(crate) async fn rows(&self, list: &ListEndpoint, params: &ListParams) -> Result<Response> {
        let path: Vec<&str> = list.path.split('/').collect();
        let mut query: Vec<(&str, String)> =
            list.flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        if let Some(rows) = params.page_size {
            query.push(("pageSize", rows.to_string()));
        }
        if params.current_item > 0 {
            query.push(("currentItem", params.current_item.to_string()));
        }
        if let Some(from) = params.modified_from {
            query.push(("lastModifiedFrom", shop_time(from)));
        }
        if let Some(to) = params.modified_to {
            query.push(("toDate", shop_time(whole_second_from(to))));
        }
        if let Some(from) = params.created_from {
            query.push(("createdDate", shop_time(from)));
        }
        if params.include_removed {
            query.push(("includeRemoveIds", "true".to_owned()));
        }
        for (name, ids) in [("branchIds", &params.branch_ids), ("customerIds", &params.customer_ids)] {
            if !ids.is_empty() {
                let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
                query.push((name, ids.join(",")));
            }
        }
        query.extend(params.filters.iter().map(|(name, value)| (*name, value.clone())));
        self.http.send(Call::new(list.name, Request::new(Method::GET, self.url(&path, &query)))).await
    }

    async fn list<T: Keyed<Key = i64>>(&self, list: &ListEndpoint, params: &ListParams) -> Result<List<T>> {
        let response = self.rows(list, params).await?;
        let rows = read_list(&response.body).map_err(|error| at(error, list.name, &response))?;
        Ok(rows.into_list())
    }

    /// `GET /customers?contactNumber=`: the vendor searches loosely, so only customers are kept that hold the very number,
    /// however it is written. The answer may hide the numbers (V): where nobody shows this one, those who were found for
    /// nine digits and more and come without a number are taken for its holders, one or several.
    ///
    /// Sends two requests, for the number as dialled and without its leading zero, because the vendor keeps numbers as they
    /// were typed; one for a number of another country, and more where more than a page of customers is found.
    ///
    /// # Errors
    /// See [`classify`]. [`ErrorKind::Config`] when the text holds no phone number.
    pub async fn find_customers_by_phone(&self, phone: &str) -> Result<Vec<Customer>> {
        let rules = pos_core::identity::PhoneRules::default();
        let wanted = pos_core::identity::read_phone(phone, &rules)
            .ok_or_else(|| Error::config("this is not a phone number to search for"))?
            .e164;
        let digits = wanted.digits().to_string();
        let forms = match digits.strip_prefix("84") {
            Some(national) => vec![format!("0{national}"), national.to_owned()],
            None => vec![digits],
        };
        let holds = |text: &Option<String>| {
            text.as_deref().is_some_and(|text| {
                let reading = pos_core::identity::read_phones(text, &rules);
                reading.phones.iter().any(|number| number.e164 == wanted)
            })
        };
        let (mut shown, mut hidden): (BTreeMap<i64, Customer>, BTreeMap<i64, Customer>) = Default::default();
        for form in forms {
            let params =
                ListParams::default().with_page_size(MAX_PAGE).with_filter("contactNumber", form.clone());
            for one in self.all_customers(params).await? {
                if holds(&one.contact_number) || holds(&one.sub_number) {
                    shown.insert(one.id, one);
                } else if one.contact_number.is_none() && form.len() >= 9 {
                    hidden.insert(one.id, one);
                }
            }
        }
        let holders = if shown.is_empty() { hidden } else { shown };
        Ok(holders.into_values().collect())
    }

    /// Every customer that a search finds, on up to ten pages.
    async fn all_customers(&self, mut params: ListParams) -> Result<Vec<Customer>> {
        let (mut all, mut scan) = (Vec::new(), OffsetScan::default());
        for _ in 0..10 {
            params.current_item = scan.offset;
            let page = self.list_customers(&params).await?;
            let keys: Vec<i64> = page.data.iter().map(|one| one.id).collect();
            // A row of sums may be counted.
            let total = page.total.filter(|_| !page.data.is_empty() || !page.rejected.is_empty());
            let step = scan.step(&keys, page.page_size.unwrap_or(u64::from(MAX_PAGE)), total)?;
            all.extend(page.data.into_iter().zip(step.fresh).filter(|(_, fresh)| *fresh).map(|(one, _)| one));
            match step.next {
                Some(next) => scan = next,
                None => return Ok(all),
            }
        }
        let what =
            "a search finds more than a thousand customers: the vendor does not mind what is searched for";
        Err(Error::new(ErrorKind::Unexpected, what).with_context(CUSTOMERS.name))
    }

    /// `POST /listaddcustomers`, and the spelling of the documentation, `/listaddcutomers`, when the vendor does not know
    /// the first. The vendor answers without ids: not fit for a two-way sync. Sends one or two requests.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_customers(&self, customers: &[CustomerWrite]) -> Result<()> {
        let body = BTreeMap::from([("listCustomers", customers)]);
        match self.write("POST /listaddcustomers", Method::POST, &["listaddcustomers"], &body).await {
            Err(error) if error.status() == Some(404) => {
                self.write("POST /listaddcutomers", Method::POST, &["listaddcutomers"], &body).await.map(drop)
            }
            answer => answer.map(drop),
        }
    }

    /// `PUT /listupdatecustomers`. The vendor answers without ids.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_customers(&self, customers: &[CustomerWrite]) -> Result<()> {
        let body = BTreeMap::from([("listCustomers", customers)]);
        self.write("PUT /listupdatecustomers", Method::PUT, &["listupdatecustomers"], &body).await.map(drop)
    }

    /// `DELETE /orders/{id}`: cancels it, and its payment slip with it if `void_payment` says so.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn cancel_order(&self, id: i64, void_payment: bool) -> Result<()> {
        let query = [("IsVoidPayment", void_payment.to_string())];
        self.delete("DELETE /orders/{id}", &["orders", &id.to_string()], &query).await
    }

    /// `DELETE /invoices` with the id in the body, as the vendor wants it. Answers the cancelled invoice.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn cancel_invoice(&self, id: i64, void_payment: bool) -> Result<Invoice> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            id: i64,
            is_void_payment: bool,
        }
        let body = Body { id, is_void_payment: void_payment };
        self.write_object("DELETE /invoices", Method::DELETE, &["invoices"], &body).await
    }

    /// `GET /settings`.
    ///
    /// # Errors
    /// See [`classify`]; [`ErrorKind::Decode`] when the answer names no setting at all.
    pub async fn get_settings(&self) -> Result<Settings> {
        let settings: Settings = self.get("GET /settings", &["settings"]).await?;
        if settings == Settings::default() {
            let what = "the answer names no setting";
            return Err(Error::decode(what).with_retry(Retry::Backoff).with_context("GET /settings"));
        }
        Ok(settings)
    }
}

pos_core::endpoints! { Client {
    /// `GET /customers`. Filters: `code`, `name`, `contactNumber` (a search, see
    /// [`find_customers_by_phone`](Self::find_customers_by_phone)), `birthDate`, `groupId`.
    list_customers(params: &ListParams) -> List<Customer> = list(&CUSTOMERS, params);
    /// `GET /customers/{id}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_customer(id: i64) -> Customer = get_by_id("GET /customers/{id}", "customers", id, "Customer");
    /// `GET /customers/code/{code}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_customer_by_code(code: &str) -> Customer
        = get_known("GET /customers/code/{code}", &["customers", "code", code], "Customer");
    /// `POST /customers`. Not repeated after it may have been received; the answer is read wrapped or bare.
    /// A code that is taken is [`ErrorKind::Rejected`].
    create_customer(customer: &CustomerWrite) -> Customer
        = write_object("POST /customers", Method::POST, &["customers"], customer);
    /// `PUT /customers/{id}`. Whether it replaces or patches is not documented: send every field that is known.
    update_customer(id: i64, customer: &CustomerWrite) -> Customer
        = write_object("PUT /customers/{id}", Method::PUT, &["customers", &id.to_string()], customer);
    /// `DELETE /customers/{id}`.
    delete_customer(id: i64) -> () = delete("DELETE /customers/{id}", &["customers", &id.to_string()], &[]);
    /// `GET /customers/group`. No paging is documented.
    list_customer_groups() -> List<CustomerGroup> = list(&GROUPS, &ListParams::default());
    /// `GET /orders`. Filters: `customerCode`, `status`, `saleChannelId`.
    /// [`ErrorKind::Rejected`] when the shop switched orders off.
    list_orders(params: &ListParams) -> List<Order> = list(&ORDERS, params);
    /// `GET /orders/{id}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_order(id: i64) -> Order = get_by_id("GET /orders/{id}", "orders", id, "Order");
    /// `GET /orders/code/{code}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_order_by_code(code: &str) -> Order
        = get_known("GET /orders/code/{code}", &["orders", "code", code], "Order");
    /// `POST /orders`. The vendor has no idempotency key: it is not repeated after it may have been received.
    create_order(order: &OrderWrite) -> Order
        = write_object("POST /orders", Method::POST, &["orders"], order);
    /// `PUT /orders/{id}`; with `make_invoice` it becomes an invoice.
    update_order(id: i64, order: &OrderWrite) -> Order
        = write_object("PUT /orders/{id}", Method::PUT, &["orders", &id.to_string()], order);
    /// `GET /invoices`. Filters: `orderId`, `status`, `fromPurchaseDate` and `toPurchaseDate` (whole days).
    list_invoices(params: &ListParams) -> List<Invoice> = list(&INVOICES, params);
    /// `GET /invoices/{id}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_invoice(id: i64) -> Invoice = get_by_id("GET /invoices/{id}", "invoices", id, "Invoice");
    /// `GET /invoices/code/{code}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_invoice_by_code(code: &str) -> Invoice
        = get_known("GET /invoices/code/{code}", &["invoices", "code", code], "Invoice");
    /// `POST /invoices`. Not repeated after it may have been received.
    create_invoice(invoice: &InvoiceWrite) -> Invoice
        = write_object("POST /invoices", Method::POST, &["invoices"], invoice);
    /// `PUT /invoices/{id}`.
    update_invoice(id: i64, invoice: &InvoiceWrite) -> Invoice
        = write_object("PUT /invoices/{id}", Method::PUT, &["invoices", &id.to_string()], invoice);
    /// `GET /returns`. No filter by date is documented.
    list_returns(params: &ListParams) -> List<Return> = list(&RETURNS, params);
    /// `GET /returns/code/{code}`; there is no read by id.
    /// [`ErrorKind::NotFound`] when there is none.
    get_return_by_code(code: &str) -> Return
        = get_known("GET /returns/code/{code}", &["returns", "code", code], "Return");
    /// `POST /payments`: a payment of an invoice. Not repeated after it may have been received.
    create_payment(payment: &PaymentWrite) -> PaymentWritten
        = write_object("POST /payments", Method::POST, &["payments"], payment);
    /// `GET /products`. Filters: `categoryId`, `masterProductId`, `productType`, `isActive`, `name`, `tradeMarkId`.
    list_products(params: &ListParams) -> List<Product> = list(&PRODUCTS, params);
    /// `GET /products/{id}`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_product(id: i64) -> Product = get_by_id("GET /products/{id}", "products", id, "Product");
    /// `GET /products/code/{code}`. Codes with `*`, `+`, `#`, `(` or `)` fail although the product exists (C:1).
    /// [`ErrorKind::NotFound`] when there is none.
    get_product_by_code(code: &str) -> Product
        = get_known("GET /products/code/{code}", &["products", "code", code], "Product");
    /// `GET /categories`.
    list_categories(params: &ListParams) -> List<Category> = list(&CATEGORIES, params);
    /// `GET /categories/{id}`; the vendor wraps it in `data`.
    /// [`ErrorKind::NotFound`] when there is none.
    get_category(id: i64) -> Category = get_by_id("GET /categories/{id}", "categories", id, "Category");
    /// `GET /branches`.
    list_branches(params: &ListParams) -> List<Branch> = list(&BRANCHES, params);
    /// `GET /users`.
    list_users(params: &ListParams) -> List<User> = list(&USERS, params);
    /// `GET /salechannel`.
    list_sale_channels(params: &ListParams) -> List<SaleChannel> = list(&CHANNELS, params);
    /// `GET /BankAccounts`.
    list_bank_accounts(params: &ListParams) -> List<BankAccount> = list(&BANK_ACCOUNTS, params);
    /// `GET /webhooks`.
    list_webhooks(params: &ListParams) -> List<Hook> = list(&HOOKS, params);
    /// `GET /webhooks/{id}`.
    get_webhook(id: i64) -> Hook = get("GET /webhooks/{id}", &["webhooks", &id.to_string()]);
    /// `POST /webhooks`: one type for each registration. A webhook is changed by deleting and registering it.
    register_webhook(hook: &HookWrite) -> Hook
        = write_object("POST /webhooks", Method::POST, &["webhooks"], hook);
    /// `DELETE /webhooks/{id}`.
    delete_webhook(id: i64) -> () = delete("DELETE /webhooks/{id}", &["webhooks", &id.to_string()], &[]);
}}

/// An entity that is read by id.
pub(crate) trait One: Row<Key = i64> {
    const NAME: &'static str;
    const PATH: &'static str;
    const ENTITY: &'static str;
}

macro_rules! one {
    ($($type:ident: $path:literal),* $(,)?) => {$(
        impl One for $type {
            const NAME: &'static str = concat!("GET /", $path, "/{id}");
            const PATH: &'static str = $path;
            const ENTITY: &'static str = stringify!($type);
        }
    )*};
}

one!(Customer: "customers", Order: "orders", Invoice: "invoices", Product: "products");

/// An answer that cannot be read, with where it came from. A later one may be good.
pub(crate) fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_retry(Retry::Backoff).with_context(name).with_status(response.status)
}

/// The first whole second that is not before an instant.
fn whole_second_from(at: OffsetDateTime) -> OffsetDateTime {
    if at.nanosecond() == 0 {
        at
    } else {
        at.saturating_add(time::Duration::nanoseconds(1_000_000_000 - i64::from(at.nanosecond())))
    }
}

/// On a read by key, the entity's own validation code means that there is no such object.
fn absent(error: Error, entity: &str) -> Error {
    let is_entity = error
        .vendor_code()
        .and_then(|code| code.strip_prefix("KvValidate")?.strip_suffix("Exception"))
        .is_some_and(|name| name == entity);
    if error.status() != Some(420) || error.kind() != ErrorKind::Rejected || !is_entity {
        return error;
    }
    let mut missing = Error::new(ErrorKind::NotFound, "the vendor does not know it")
        .with_status(420)
        .with_vendor_code(error.vendor_code().map(str::to_owned))
        .with_vendor_message(error.vendor_message().map(str::to_owned));
    if let Some(at) = error.context() {
        missing = missing.with_context(at);
    }
    missing
}

/// Where KiotViet's answers hold the reason of a failure.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    #[serde(default, alias = "ResponseStatus")]
    response_status: Option<Status>,
    #[serde(default, deserialize_with = "text_if_any")]
    message: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    error: Option<String>,
    #[serde(default, rename = "error_description", deserialize_with = "text_if_any")]
    error_description: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default, alias = "ErrorCode", deserialize_with = "text_if_any")]
    error_code: Option<String>,
    #[serde(default, alias = "Message", deserialize_with = "text_if_any")]
    message: Option<String>,
    #[serde(default, alias = "Errors")]
    errors: serde_json::Value,
}

impl Status {
    /// The complaints about single fields.
    fn fields(&self) -> BTreeMap<String, Vec<String>> {
        let text = |error: &serde_json::Value, name: &str, pascal: &str| {
            error.get(name).or_else(|| error.get(pascal))?.as_str().map(str::to_owned)
        };
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for error in self.errors.as_array().into_iter().flatten() {
            let message = text(error, "message", "Message");
            if let (Some(field), Some(message)) = (text(error, "fieldName", "FieldName"), message) {
                fields.entry(field).or_default().push(message);
            }
        }
        fields
    }
}

/// A text, or nothing when something else is in its place: a strange error body must not hide the error.
fn text_if_any<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(match value {
        serde_json::Value::String(text) if !text.trim().is_empty() => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// What an answer means, by the system's clock, which only a `Retry-After` with a date needs; see [`classify_at`].
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// What an answer means.
///
/// KiotViet's own failures hold `responseStatus`. What looks like one and does not is a gateway's, which knows nothing of
/// shops and objects.
///
/// | answer | meaning |
/// | --- | --- |
/// | 401 with KiotViet's own body or a `Bearer` challenge, or `errorCode` `TokenException` with any status | the token is not accepted: fetch another |
/// | 400 with an OAuth `error` | the credentials are not accepted |
/// | 403, 404 of KiotViet itself | forbidden, not found |
/// | 401, 403, 404, 410 of somebody else, a web page with 4xx | unavailable; after a 401 another token is tried |
/// | 420 `KvException` | forbidden |
/// | 420 whose text says that the object is gone | not found |
/// | 400, other 420 | rejected |
/// | 429 | rate limited, after `Retry-After` if there is one |
/// | 5xx | unavailable |
/// | 2xx with `responseStatus.errorCode` | as 420 |
/// | a web page with 2xx, or a redirect | not what the vendor documents |
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    if response.is_success() && !may_be_failure(response) {
        return Outcome::Success;
    }
    let html = response.is_html();
    let text = if html { "" } else { text_of(&response.body).unwrap_or_default() };
    let body: Failure = serde_json::from_str(text).unwrap_or_default();
    let status = body.response_status.unwrap_or_default();
    let fields = status.fields();
    let challenged = response
        .header("www-authenticate")
        .is_some_and(|challenge| challenge.trim_start().to_ascii_lowercase().starts_with("bearer"));
    let own =
        status.error_code.is_some() || status.message.is_some() || (response.status == 401 && challenged);
    let code = status.error_code.or_else(|| body.error.clone());
    if response.is_success() && !html && code.is_none() {
        return Outcome::Success;
    }
    let message = status.message.or(body.error_description).or(body.message);
    let (kind, what) = meaning(response.status, html, own, code.as_deref(), message.as_deref());
    let refresh = response.status == 401 || code.as_deref() == Some("TokenException");
    let mut error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(code)
        .with_vendor_message(message)
        .with_fields(fields);
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = retry_after(response, now)
    {
        error = error.with_retry(Retry::After(wait));
    } else if html && kind == ErrorKind::Decode {
        error = error.with_retry(Retry::Backoff);
    }
    if refresh { Outcome::RefreshToken(error) } else { Outcome::Failure(error) }
}

/// Whether a 2xx answer deserves a closer look: pages of records do not, they are large and start otherwise.
fn may_be_failure(response: &Response) -> bool {
    if response.is_html() {
        return true;
    }
    let Some(body) = text_of(&response.body).ok().and_then(|text| text.strip_prefix('{')) else {
        return false;
    };
    let first = body.trim_start().as_bytes();
    let named = |key: &[u8]| first.get(..key.len()).is_some_and(|start| start.eq_ignore_ascii_case(key));
    named(b"\"responseStatus\"") || body.len() < 1024
}

fn meaning(
    status: u16,
    html: bool,
    own: bool,
    code: Option<&str>,
    message: Option<&str>,
) -> (ErrorKind, &'static str) {
    const FORBIDDEN: &str = "KiotViet does not allow this to the account that made the connection: give it the right, or connect with another";
    const OAUTH: [&str; 5] =
        ["invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "unsupported_grant_type"];
    let oauth = code.is_some_and(|code| OAUTH.contains(&code));
    if code == Some("TokenException") || (status == 401 && own) {
        return (ErrorKind::Auth, "KiotViet does not accept the token: connect the shop again");
    }
    match (status, code) {
        (200..=299, _) if html => (ErrorKind::Decode, "the answer is a web page, not JSON"),
        (300..=399, _) => (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        (400 | 401, _) if oauth => (ErrorKind::Auth, "KiotViet does not accept the credentials"),
        (401 | 403 | 404 | 410, _) if !own => {
            (ErrorKind::Unavailable, "somebody before KiotViet answers in its place")
        }
        (403, _) => (ErrorKind::Forbidden, FORBIDDEN),
        (404, _) => (ErrorKind::NotFound, "the vendor does not know it"),
        (408, _) => (ErrorKind::Timeout, "the vendor waited in vain"),
        (409, _) => (ErrorKind::Conflict, "the vendor sees a conflict"),
        (429, _) => (ErrorKind::RateLimited, "the quota is used up"),
        (500..=599, _) => (ErrorKind::Unavailable, "the vendor is not available"),
        (400..=499, _) if html => (ErrorKind::Unavailable, "somebody before KiotViet answers in its place"),
        (200..=299 | 420, Some("KvException")) => (ErrorKind::Forbidden, FORBIDDEN),
        (200..=299 | 420, _) if message.is_some_and(says_gone) => {
            (ErrorKind::NotFound, "the vendor does not know it")
        }
        (200..=299 | 400..=499, _) => (ErrorKind::Rejected, "KiotViet refuses the request"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    }
}

/// The last resort: the vendor's prose. It says "does not exist or was deleted" where others have a code.
fn says_gone(message: &str) -> bool {
    let message = message.to_lowercase();
    ["không tồn tại", "đã bị xóa", "đã bị xoá"].iter().any(|words| message.contains(words))
}
