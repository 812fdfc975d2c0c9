//! API 2.0, which the vendor ended on 30 November 2026: a typed client and its saved answers, for those who still have such
//! answers to read. The connector speaks 3.0, whose records come out of the same mapping.
//!
//! Moving to 3.0: the merchant consents again ([`App::consent_url`](crate::App::consent_url), which asks for 3.0), because a
//! token of 2.0 is refused there with `ERR_INVALID_VERSION` and the other way round; the version of webhooks is switched in
//! the developer console, after which the token comes in the header instead of the body ([`Mode::Auto`](crate::Mode::Auto) takes
//! both while it is under way).
//!
//! Requests are forms whose payload is one field with JSON in it; windows of orders and bills span at most ten days; pages are
//! numbered from 1 and shift when rows change, so walk them inside a closed window and take each id once.

use std::sync::Arc;

use http::Method;
use pos_core::http::{Call, Client as HttpClient, Request, Response, Transport};
use pos_core::kit::{Connection, Members, is_list, is_object};
use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::Stream;
use pos_core::{Error, Result, Secret, lenient};
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use time::{Date, OffsetDateTime};
use url::Url;

pub use crate::model::v2::*;

use crate::answer::{is_bare_row, read_object, rows_in, take};
use crate::auth::{Grant, consent_url, whole};
use crate::classify::{Envelope, classify_at};
use crate::model::{CustomerAdded, OrderWritten};
use crate::profile::{PROFILE, joined};
use crate::wire::{day, int};

/// How much one query for orders or bills may span, in days (D).
pub const WINDOW_DAYS: i64 = 10;

/// An instant as requests want it: Viet Nam wall time.
pub fn wall_time(at: OffsetDateTime) -> String {
    let local = lenient::in_vietnam(at);
    let (hour, minute, second) = local.time().as_hms();
    format!("{} {hour:02}:{minute:02}:{second:02}", day(local.date()))
}

/// A birthday as `customer/add` wants it: day first (D).
pub fn birthday(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), u8::from(date.month()), date.year())
}

/// A page as the typed client answers it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows, in the order of the answer.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// This page, from 1.
    pub page: Option<u64>,
    /// How many pages there are.
    pub total_pages: Option<u64>,
    /// How many rows there are.
    pub total: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Pages {
    #[serde(alias = "currentPage", deserialize_with = "int")]
    page: Option<i64>,
    #[serde(alias = "totalPage", deserialize_with = "int")]
    total_pages: Option<i64>,
    #[serde(deserialize_with = "int")]
    total_records: Option<i64>,
}

struct Rows<'a> {
    rows: Vec<&'a RawValue>,
    pages: Pages,
    list: &'static str,
    is_paged: bool,
}

/// The names of lists inside `data`.
const LISTS: [&str; 6] = ["orders", "customers", "products", "bill", "bills", "users"];
const ROW_KEYS: [&str; 4] = ["id", "idNhanh", "orderId", "productId"];

fn read_rows(body: &[u8]) -> Result<Rows<'_>> {
    let envelope = Envelope::of_success(body)?;
    let none = Rows { rows: Vec::new(), pages: Pages::default(), list: "data", is_paged: false };
    if envelope.is_empty_list() {
        return Ok(none);
    }
    let Some(data) = envelope.data else { return Ok(none) };
    if is_object(data) {
        let members = Members::of(data)?;
        let list = LISTS.iter().find_map(|list| Some((*list, members.get(list)?)));
        if let Some((list, raw)) = list {
            let pages = serde_json::from_str(data.get()).unwrap_or_default();
            return Ok(Rows { rows: rows_in(raw, &ROW_KEYS)?, pages, list, is_paged: true });
        }
        if members.has("totalPages") {
            // A page whose list was left out because it is empty.
            return Ok(Rows { is_paged: true, ..none });
        }
    }
    Ok(Rows { rows: rows_in(data, &ROW_KEYS)?, ..none })
}

fn unsigned(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}

/// Reads a saved answer of 2.0; see [`read_answer`](crate::read_answer).
pub(crate) fn read_answer(stream: Stream, whole: &RawValue) -> Result<Answer> {
    let alone = |rows| Rows { rows, pages: Pages::default(), list: "", is_paged: false };
    let (rows, more) = if is_list(whole) {
        (alone(rows_in(whole, &ROW_KEYS)?), None)
    } else if is_bare_row(whole, &ROW_KEYS) {
        (alone(vec![whole]), Some(false))
    } else {
        let rows = read_rows(whole.get().as_bytes())?;
        let more = match (rows.pages.page, rows.pages.total_pages) {
            (Some(page), Some(pages)) => Some(page < pages),
            (None, Some(pages)) if pages <= 1 => Some(false),
            (None, Some(_)) => None,
            _ => Some(false),
        };
        (rows, more)
    };
    let mut page = Page { total: unsigned(rows.pages.total_records), ..Page::default() };
    for (at, raw) in rows.rows.iter().enumerate() {
        let path = match (rows.list, rows.is_paged) {
            ("", _) => format!("[{at}]"),
            (list, true) => format!("data.{list}[{at}]"),
            (list, false) => format!("{list}[{at}]"),
        };
        match stream {
            Stream::Customers => take::<Customer>(raw, &path, &mut page),
            Stream::Products => take::<Product>(raw, &path, &mut page),
            Stream::Categories => take::<Category>(raw, &path, &mut page),
            Stream::Branches => take::<Depot>(raw, &path, &mut page),
            Stream::Users => take::<User>(raw, &path, &mut page),
            Stream::Orders | Stream::Invoices | Stream::Returns => {
                let is_bill = rows.list.starts_with("bill")
                    || Members::of(raw).is_ok_and(|row| row.has("money") && row.has("mode"));
                if is_bill {
                    take::<Bill>(raw, &path, &mut page)
                } else {
                    take::<Order>(raw, &path, &mut page)
                }
            }
            other => return Err(Error::unsupported(format!("nhanh has no {other}"))),
        }
    }
    Ok(Answer { page, more, next: None })
}

/// The typed client of API 2.0. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: HttpClient,
    base: Url,
    app_id: u64,
    business_id: u64,
    access_token: Secret,
}

pos_core::debug_only!(Client { http, app_id, business_id });

/// A customer for `customer/add`. The vendor knows a customer by mobile: one who is there is changed (D).
#[derive(Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CustomerWrite {
    /// Name.
    pub name: String,
    /// Phone number.
    pub mobile: String,
    /// 1 male, 2 female.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<i64>,
    /// Day first, see [`birthday`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

pos_core::debug_only!(CustomerWrite { gender });

impl CustomerWrite {
    /// A customer by name and number.
    pub fn new(name: impl Into<String>, mobile: impl Into<String>) -> Self {
        Self { name: name.into(), mobile: mobile.into(), ..Self::default() }
    }
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident: $row:ty = $path:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// See [`classify_at`].
        pub async fn $name(&self, filters: Map<String, Value>) -> Result<List<$row>> {
            self.list(concat!("POST /api/", $path), $path, filters).await
        }
    )*};
}

impl Client {
    /// A client for one shop at the vendor's address.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the token is blank or TLS cannot start.
    pub fn new(app_id: u64, business_id: u64, access_token: impl Into<Secret>) -> Result<Self> {
        let transport = HttpClient::default_transport()?;
        Self::with_transport(app_id, business_id, access_token, PROFILE.base_url, transport)
    }

    /// A client at another address and through another transport.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the token is blank or the address may not be told secrets.
    pub fn with_transport(
        app_id: u64,
        business_id: u64,
        access_token: impl Into<Secret>,
        base_url: &str,
        transport: Arc<dyn Transport>,
    ) -> Result<Self> {
        let access_token = access_token.into();
        if access_token.expose().trim().is_empty() || app_id == 0 || business_id == 0 {
            return Err(PROFILE.error("app_id, business_id or access_token is blank"));
        }
        let line = Connection { transport: Some(transport), ..Connection::to(base_url) }.open(PROFILE)?;
        let (http, base) = (line.client(classify_at).build(), joined(&line.base, "api"));
        Ok(Self { http, base, app_id, business_id, access_token })
    }

    async fn post(
        &self,
        name: &'static str,
        path: &str,
        data: &impl Serialize,
        reads: bool,
    ) -> Result<Response> {
        let data = serde_json::to_string(data)
            .map_err(|error| Error::config("a request body could not be written").with_source(error))?;
        let (app, business) = (self.app_id.to_string(), self.business_id.to_string());
        // The token travels in the body: query strings end up in logs.
        let request = Request::new(Method::POST, joined(&self.base, path)).form(&[
            ("version", "2.0"),
            ("appId", &app),
            ("businessId", &business),
            ("accessToken", self.access_token.expose()),
            ("data", &data),
        ]);
        let call = Call::new(name, request);
        self.http.send(if reads { call.idempotent() } else { call }).await
    }

    async fn list<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
        filters: Map<String, Value>,
    ) -> Result<List<T>> {
        let response = self.post(name, path, &Value::Object(filters), true).await?;
        let rows = read_rows(&response.body)
            .map_err(|error| error.with_context(name).with_status(response.status))?;
        let (data, rejected) = pos_core::page::read_rows::<T>(&rows.rows, rows.list);
        Ok(List {
            data: data.into_iter().map(|(_, row)| row).collect(),
            rejected,
            page: unsigned(rows.pages.page),
            total_pages: unsigned(rows.pages.total_pages),
            total: unsigned(rows.pages.total_records),
        })
    }

    lists! {
        /// `order/index`: filters `page`, `icpp` (at most 100), `id`, `updatedDateTimeFrom/To` and others, at most ten days.
        list_orders: Order = "order/index";
        /// `customer/search`: filters `page`, `icpp` (at most 50), `mobile`, `updatedAtFrom/To`.
        list_customers: Customer = "customer/search";
        /// `bill/search`: filters `page`, `icpp` (at most 100), `fromDate`, `toDate`, at most ten days.
        list_bills: Bill = "bill/search";
        /// `product/search`: filters `page`, `icpp` (at most 100), `updatedDateTimeFrom/To`.
        list_products: Product = "product/search";
        /// `product/category`: nested.
        list_categories: Category = "product/category";
        /// `store/depot`.
        list_depots: Depot = "store/depot";
        /// `user/index`: filters `page`, `icpp` (at most 50).
        list_users: User = "user/index";
    }

    /// `customer/add`: at most 50; one who is there by mobile is changed (D). The content of the answer is not documented.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn add_customers(&self, customers: &[CustomerWrite]) -> Result<Vec<CustomerAdded>> {
        let name = "POST /api/customer/add";
        // The mobile is the key, so sending it twice is the same as sending it once.
        let response = self.post(name, "customer/add", &customers, true).await?;
        let rows = read_rows(&response.body).map(|rows| rows.rows).unwrap_or_default();
        Ok(rows.iter().filter_map(|row| pos_core::page::read_row(row, "data").ok()).collect())
    }

    /// `order/update`: status and notes of an order, by the vendor's id.
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn update_order(&self, order_id: &str, changes: Map<String, Value>) -> Result<OrderWritten> {
        let name = "POST /api/order/update";
        let mut data = changes;
        data.insert("orderId".to_owned(), order_id.into());
        let response = self.post(name, "order/update", &Value::Object(data), false).await?;
        read_object(&response.body).map_err(|error| error.with_context(name))
    }

    /// Calls an order off for the customer; only from New, Confirming and Confirmed (D).
    ///
    /// # Errors
    /// See [`classify_at`].
    pub async fn cancel_order(&self, order_id: &str) -> Result<OrderWritten> {
        self.update_order(order_id, Map::from_iter([("status".to_owned(), json!("Canceled"))])).await
    }
}

/// Where to send the merchant's browser for API 2.0.
///
/// # Errors
/// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the address is not https.
pub fn consent(app_id: u64, return_link: &str) -> Result<Url> {
    consent_url(app_id, return_link, "2.0")
}

/// Reads the answer to an exchange: flat, or in `data` (C:1).
///
/// # Errors
/// What the answer means; [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when it is something else.
pub fn read_grant(body: &[u8]) -> Result<Grant> {
    let envelope = Envelope::of_success(body)?;
    let wrong = |_| Error::decode("the answer to the exchange is not what the vendor documents");
    let grant: Grant = match envelope.data.filter(|data| is_object(data)) {
        Some(data) => serde_json::from_str(data.get()).map_err(wrong)?,
        None => serde_json::from_slice(lenient::without_mark(body)).map_err(wrong)?,
    };
    whole(grant, "POST /api/oauth/access_token")
}

/// Turns the code of ten minutes into a token of 2.0, which does not work with 3.0 (D). One request.
///
/// # Errors
/// See [`classify_at`].
pub async fn exchange(
    app_id: u64,
    secret_key: &Secret,
    access_code: &str,
    base_url: &str,
    transport: Arc<dyn Transport>,
) -> Result<Grant> {
    let app = app_id.to_string();
    let line = Connection { transport: Some(transport), ..Connection::to(base_url) }.open(PROFILE)?;
    let url = joined(&line.base, "api/oauth/access_token");
    let request = Request::new(Method::POST, url).form(&[
        ("version", "2.0"),
        ("appId", &app),
        ("accessCode", access_code),
        ("secretKey", secret_key.expose()),
    ]);
    let response =
        line.beside(classify_at).build().send(Call::new("POST /api/oauth/access_token", request)).await?;
    read_grant(&response.body)
}
