//! The typed client: one short method for each call that a CRM needs.

use http::Method;
use pos_core::http::{Call, Request, Response};
use pos_core::identity::{PhoneRules, read_phone, read_phones};
use pos_core::kit::{Keyed, another};
use pos_core::record::Extra;
use pos_core::{Error, ErrorKind, Result, http as core_http};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use url::Url;

use crate::answer::{List, at, existing, object_in, read_list, read_one, saved_id};
use crate::auth::ENVIRONMENT;
use crate::model::{
    Branch, BranchParams, Category, Customer, CustomerWrite, Invoice, ListParams, Location, MemberLevel,
    Order, OrderWrite, Points, Product,
};
use crate::profile::is_guid;

/// One call: its name in logs and errors, and its path in the environment.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) name: &'static str,
    path: &'static [&'static str],
}

macro_rules! endpoints {
    ($($name:ident = $line:literal [$($path:literal),*];)*) => {$(
        pub(crate) const $name: Endpoint = Endpoint { name: $line, path: &[$($path),*] };
    )*};
}

endpoints! {
    CUSTOMERS = "POST /customers/paging" ["customers", "paging"];
    CUSTOMERS_BY_INFO = "POST /customers/customerbyinfo" ["customers", "customerbyinfo"];
    LOYALTY = "POST /customers/search-lomas-info" ["customers", "search-lomas-info"];
    POINTS = "POST /customers/point-paging" ["customers", "point-paging"];
    LEVELS = "POST /customers/get-all-member-level" ["customers", "get-all-member-level"];
    NEW_CUSTOMER = "POST /customers" ["customers", ""];
    INVOICES = "POST /invoices/pagingbycustomer" ["invoices", "pagingbycustomer"];
    INVOICE = "POST /invoices/detailbyrefid" ["invoices", "detailbyrefid"];
    INVOICES_OF_CUSTOMER = "POST /invoices/invoicebycustomer" ["invoices", "invoicebycustomer"];
    NEW_ORDER = "POST /invoices" ["invoices", ""];
    ORDERS = "POST /orders/list" ["orders", "list"];
    PRODUCTS = "POST /inventoryitems/pagingwithdetail" ["inventoryitems", "pagingwithdetail"];
    PRODUCTS_BY_CODE = "POST /inventoryitems/pagingbycode" ["inventoryitems", "pagingbycode"];
    PRODUCT = "GET /inventoryitems/detail/{id}" ["inventoryitems", "detail"];
    BRANCHES = "POST /branchs/all" ["branchs", "all"];
    CATEGORIES = "GET /categories/list" ["categories", "list"];
    LOCATIONS = "GET /locations/bykindandparentid" ["locations", "bykindandparentid"];
}

/// What became of a new customer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Made {
    /// It was made. The answer shows little of what was sent.
    New(Box<Customer>),
    /// The shop has one with this number, and this is who.
    Known(Box<Customer>),
}

/// MISA eShop's calls, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting, retrying and signing in are underneath. Reads may be
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

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    /// The vendor's time.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.http.now()
    }

    fn url(&self, endpoint: Endpoint, more: Option<&str>, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend([ENVIRONMENT, "api", "v1"]).extend(endpoint.path).extend(more);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// A read by POST: asking again is harmless.
    pub(crate) async fn ask<B: Serialize + ?Sized>(&self, endpoint: Endpoint, body: &B) -> Result<Response> {
        let request = Request::new(Method::POST, self.url(endpoint, None, &[])).json(body)?;
        self.http.send(Call::new(endpoint.name, request).idempotent()).await
    }

    pub(crate) async fn get(
        &self,
        endpoint: Endpoint,
        more: Option<&str>,
        query: &[(&str, &str)],
    ) -> Result<Response> {
        let request = Request::new(Method::GET, self.url(endpoint, more, query));
        self.http.send(Call::new(endpoint.name, request)).await
    }

    async fn write<B: Serialize + ?Sized>(&self, endpoint: Endpoint, body: &B) -> Result<Response> {
        let request = Request::new(Method::POST, self.url(endpoint, None, &[])).json(body)?;
        self.http.send(Call::new(endpoint.name, request)).await
    }

    async fn list<B: Serialize + ?Sized, T: Keyed>(&self, endpoint: Endpoint, body: &B) -> Result<List<T>> {
        Self::rows_of(endpoint, &self.ask(endpoint, body).await?)
    }

    fn rows_of<T: Keyed>(endpoint: Endpoint, response: &Response) -> Result<List<T>> {
        let rows = read_list(&response.body).map_err(|error| at(error, endpoint.name, response))?;
        Ok(rows.into_list())
    }

    /// `POST customers/search-lomas-info`: the customer of the loyalty program with this number or address; `None` when nobody
    /// has it. Where the policies of its card stand is not established; they are in `extra`.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn find_loyalty_customer(&self, keyword: &str) -> Result<Option<Customer>> {
        let response = self.ask(LOYALTY, &json!({ "Keyword": keyword })).await?;
        let read = object_in(&response.body).and_then(|object| object.map(read_one).transpose());
        read.map_err(|error| at(error, LOYALTY.name, &response))
    }

    /// The customers who hold this very number, however it is written, by `customers/customerbyinfo`. Sends two requests: for
    /// the number as dialled, and with its country's code.
    ///
    /// # Errors
    /// See [`classify`](crate::classify). [`ErrorKind::Config`] when the text holds no phone number.
    pub async fn find_customers_by_phone(&self, phone: &str) -> Result<Vec<Customer>> {
        let rules = PhoneRules::default();
        let wanted = read_phone(phone, &rules)
            .ok_or_else(|| Error::config("this is not a phone number to search for"))?
            .e164;
        let digits = wanted.digits().to_string();
        let dialled = digits.strip_prefix("84").map(|national| format!("0{national}"));
        let holds = |text: Option<&str>| {
            let reading = read_phones(text.unwrap_or_default(), &rules);
            reading.phones.iter().any(|number| number.e164 == wanted)
        };
        let mut holders: Vec<Customer> = Vec::new();
        for form in dialled.into_iter().chain([digits]) {
            for one in self.find_customers(&form).await?.data {
                let is_new = holders.iter().all(|known| known.key() != one.key());
                if is_new && one.numbers().into_iter().any(holds) {
                    holders.push(one);
                }
            }
        }
        Ok(holders)
    }

    /// `POST customers/`. Not repeated after it may have been received. There is no call that changes a customer.
    ///
    /// # Errors
    /// See [`classify`](crate::classify); a customer who exists is no error.
    pub async fn create_customer(&self, customer: &CustomerWrite) -> Result<Made> {
        let response = self.write(NEW_CUSTOMER, customer).await?;
        if let Some(known) = existing(&response.body) {
            return Ok(Made::Known(Box::new(known)));
        }
        let mut made: Customer = Self::made(NEW_CUSTOMER, &response)?;
        made.id = made.id.or_else(|| saved_id(&response.body));
        match made.key() {
            Some(_) => Ok(Made::New(Box::new(made))),
            None => Err(Self::nameless(NEW_CUSTOMER)),
        }
    }

    fn made<T: serde::de::DeserializeOwned + Default>(endpoint: Endpoint, response: &Response) -> Result<T> {
        let object = object_in(&response.body).map_err(|error| at(error, endpoint.name, response))?;
        let read = object.map(read_one).transpose().map_err(|error| at(error, endpoint.name, response))?;
        Ok(read.unwrap_or_default())
    }

    fn nameless(endpoint: Endpoint) -> Error {
        Error::decode("the answer does not say what was made").with_context(endpoint.name)
    }

    /// `POST invoices/`: makes an order, whatever the path says. The vendor has no idempotency key: it is not repeated after it
    /// may have been received.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn create_order(&self, order: &OrderWrite) -> Result<Order> {
        let response = self.write(NEW_ORDER, order).await?;
        let mut made: Order = Self::made(NEW_ORDER, &response)?;
        made.order_id = made.order_id.or_else(|| saved_id(&response.body));
        if made.order_id.is_none() { Err(Self::nameless(NEW_ORDER)) } else { Ok(made) }
    }

    /// `POST invoices/detailbyrefid`: with lines, customer and order, and without members that the list has.
    ///
    /// # Errors
    /// See [`classify`](crate::classify); [`ErrorKind::NotFound`] when there is none.
    pub async fn get_invoice(&self, id: &str) -> Result<Invoice> {
        Ok(self.invoice(id, &[]).await?.0)
    }

    /// The same with the vendor fields that a mapping asked for.
    pub(crate) async fn invoice(&self, id: &str, custom: &[String]) -> Result<(Invoice, Extra)> {
        let id = known(id)?;
        let response = self.ask(INVOICE, &json!({ "RefID": id })).await?;
        let read = object_in(&response.body).and_then(|object| {
            let object = object.ok_or_else(|| absent(INVOICE))?;
            Ok((read_one::<Invoice>(object)?, pos_core::page::pick_custom(object, custom)))
        });
        let (mut invoice, custom) = read.map_err(|error| at(error, INVOICE.name, &response))?;
        match &invoice.invoice_id {
            Some(other) if *other != id => return Err(another(INVOICE.name)),
            _ => invoice.invoice_id = Some(id),
        }
        Ok((invoice, custom))
    }

    /// `GET inventoryitems/detail/{id}`: a product, or the one of which this is a variant.
    ///
    /// # Errors
    /// See [`classify`](crate::classify); [`ErrorKind::NotFound`] when there is none.
    pub async fn get_product(&self, id: &str) -> Result<Product> {
        Ok(self.product(id, &[]).await?.0)
    }

    /// The same with the vendor fields that a mapping asked for.
    pub(crate) async fn product(&self, id: &str, custom: &[String]) -> Result<(Product, Extra)> {
        let id = known(id)?;
        let response = self.get(PRODUCT, Some(&id), &[]).await?;
        let read = object_in(&response.body).and_then(|object| {
            let object = object.ok_or_else(|| absent(PRODUCT))?;
            Ok((read_one::<Product>(object)?, pos_core::page::pick_custom(object, custom)))
        });
        let (product, custom) = read.map_err(|error| at(error, PRODUCT.name, &response))?;
        let is_it = |one: &Product| one.id.as_ref() == Some(&id);
        if is_it(&product) || product.list_detail.iter().any(is_it) {
            Ok((product, custom))
        } else {
            Err(another(PRODUCT.name))
        }
    }

    /// `GET categories/list`. Not in pages.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn list_categories(&self, include_inactive: bool) -> Result<List<Category>> {
        let flag = if include_inactive { "true" } else { "false" };
        Self::rows_of(CATEGORIES, &self.get(CATEGORIES, None, &[("includeInactive", flag)]).await?)
    }

    /// `GET locations/bykindandparentid`: provinces are kind 1 (C:2), the kinds of districts and wards are not established.
    ///
    /// # Errors
    /// See [`classify`](crate::classify).
    pub async fn list_locations(&self, kind: u8, parent: Option<&str>) -> Result<List<Location>> {
        let kind = kind.to_string();
        let query: Vec<(&str, &str)> =
            std::iter::once(("kind", kind.as_str())).chain(parent.map(|id| ("parentId", id))).collect();
        Self::rows_of(LOCATIONS, &self.get(LOCATIONS, None, &query).await?)
    }
}

pos_core::endpoints! { Client {
    /// `POST customers/paging`.
    list_customers(params: &ListParams) -> List<Customer> = list(CUSTOMERS, params);
    /// `POST customers/customerbyinfo`: by phone number or e-mail address. How loosely it searches is not known.
    find_customers(key: &str) -> List<Customer> = list(CUSTOMERS_BY_INFO, &json!({ "KeySearch": key }));
    /// `POST customers/point-paging`.
    list_points(params: &ListParams) -> List<Points> = list(POINTS, params);
    /// `POST customers/get-all-member-level`.
    list_member_levels(params: &ListParams) -> List<MemberLevel> = list(LEVELS, params);
    /// `POST invoices/pagingbycustomer`: those of all customers, whatever its name says; without lines.
    list_invoices(params: &ListParams) -> List<Invoice> = list(INVOICES, params);
    /// `POST invoices/invoicebycustomer`: by the customer's code or the invoice's number. Its rows are not documented where they
    /// could be read.
    list_invoices_of_customer(params: &ListParams) -> List<Invoice> = list(INVOICES_OF_CUSTOMER, params);
    /// `POST orders/list`: one client calls it and doubts that it is there.
    list_orders(params: &ListParams) -> List<Order> = list(ORDERS, params);
    /// `POST inventoryitems/pagingwithdetail`.
    list_products(params: &ListParams) -> List<Product> = list(PRODUCTS, params);
    /// `POST inventoryitems/pagingbycode`: a search by code or name.
    find_products(params: &ListParams) -> List<Product> = list(PRODUCTS_BY_CODE, params);
    /// `POST branchs/all`. Not in pages.
    list_branches(params: &BranchParams) -> List<Branch> = list(BRANCHES, params);
}}

fn absent(endpoint: Endpoint) -> Error {
    Error::new(ErrorKind::NotFound, "the shop does not know it").with_context(endpoint.name)
}

/// An id that is sent: what is none cannot exist.
pub(crate) fn known(id: &str) -> Result<String> {
    let id = id.trim().to_ascii_lowercase();
    if is_guid(&id) {
        Ok(id)
    } else {
        Err(Error::new(ErrorKind::NotFound, "ids of MISA eShop are written as GUIDs"))
    }
}
