//! Reading answers: bare values, results of JSON-RPC, saved answers of XML-RPC.

use pos_core::http::Response;
use pos_core::kit::{
    Keyed, Members, Raw, Walk, is_list, is_object, listed, page_of, rows_of, split, value_of,
};
use pos_core::page::{Answer, Page, Rejected};
use pos_core::record::{DocumentKind, Record, Stream};
use pos_core::{Error, ErrorKind, Result, Retry};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model::{self, Partner, PosOrder, SaleOrder};
use crate::outcome::classify;
use crate::xml;

/// Rows as the typed client answers them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List<T> {
    /// The rows. The vendor counts none, and leaves out in silence what the user of the key may not see.
    pub data: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
}

impl<T: Keyed> List<T> {
    pub(crate) fn of(response: &Response) -> Result<Self> {
        let (data, rejected) = split(rows(&response.body)?);
        Ok(Self { data, rejected })
    }
}

fn no_list() -> Error {
    Error::decode("the answer is no list of objects").with_retry(Retry::Backoff)
}

/// The result that a body carries: itself, or what stands in the envelope of JSON-RPC.
pub(crate) fn result(body: &[u8]) -> Result<&RawValue> {
    let whole = value_of(body)?;
    if is_object(whole) {
        let members = Members::of(whole)?;
        if members.has("jsonrpc") {
            return Ok(members.get("result").unwrap_or(RawValue::NULL));
        }
    }
    Ok(whole)
}

/// The same, read.
pub(crate) fn read_result<T: DeserializeOwned>(response: &Response, name: &'static str) -> Result<T> {
    let raw = result(&response.body).map_err(|error| error.with_context(name))?;
    serde_json::from_str(raw.get()).map_err(|_| {
        let what = "the answer is not what the method answers";
        Error::decode(what).with_retry(Retry::Backoff).with_context(name).with_status(response.status)
    })
}

/// The rows of a list.
pub(crate) fn rows<T: Keyed>(body: &[u8]) -> Result<Vec<Raw<'_, T>>> {
    if let Some((_, rows)) = listed(body, "result") {
        return Ok(rows);
    }
    let raw = result(body)?;
    if is_list(raw) { rows_of(raw, "") } else { Err(no_list()) }
}

/// What the rows of a stream are that several models share.
enum Shape {
    Sale,
    Till,
    /// A part of an order: a line, a payment.
    Part,
    Company,
    Warehouse,
    Config,
}

impl Shape {
    /// By members that only one of the models has.
    fn of_order(first: &Members<'_>) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| first.has(name));
        if has(&["order_id", "pos_order_id"]) && !first.has("amount_total") {
            return Self::Part;
        }
        if has(&["pos_reference", "session_id", "config_id", "lines"]) { Self::Till } else { Self::Sale }
    }

    fn of_branch(first: &Members<'_>) -> Self {
        match (first.has("code"), first.has("company_id")) {
            (true, true) => Self::Warehouse,
            (_, false) => Self::Company,
            (false, true) => Self::Config,
        }
    }
}

/// Reads a saved answer of a stream: of JSON-2, JSON-RPC or XML-RPC, a list or one object.
///
/// A list tells neither a total nor whether another page follows, so `more` is `Some(false)` for an empty one and for one object,
/// and `None` otherwise. What stands in other answers is not known: orders have no lines and no payments then, and are
/// incomplete; a refund of a till stands among the orders as what it is, a return. Addresses are no customers and are left out
/// where the partner that they belong to is not among the rows.
///
/// ```
/// use pos_odoo::{Stream, read_answer};
///
/// let body = r#"[{"id":17,"name":"Nguyễn Thị Hoa Mẫu","phone":"0912 345 001","parent_id":false,"is_company":false}]"#;
/// let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
/// assert_eq!(answer.page.records[0].id(), "17");
/// assert_eq!(answer.more, None);
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`] when the body is no JSON or no rows; what the error means that stands in it; [`ErrorKind::Unsupported`]
/// for a stream that this crate does not have.
pub fn read_answer(stream: Stream, body: &[u8]) -> Result<Answer> {
    if let Some(error) = classify(&Response::new(200, http::HeaderMap::new(), body.to_vec())).into_error() {
        return Err(error);
    }
    match xml::value(body).map(|value| value.to_string()) {
        Some(json) => read_json(stream, json.as_bytes()),
        None => read_json(stream, body),
    }
}

fn read_json(stream: Stream, body: &[u8]) -> Result<Answer> {
    let whole = result(body)?;
    let is_one = is_object(whole);
    if !is_one && !is_list(whole) {
        return Err(no_list());
    }
    let first = if is_one { Some(whole) } else { first_of(whole) };
    let first = first.filter(|first| is_object(first));
    let members = first.map(Members::of).transpose()?.unwrap_or_default();
    let page = match (stream, shape(stream, &members)) {
        (Stream::Customers, _) => customers(cut(whole)?),
        (Stream::Orders | Stream::Returns, Shape::Part) => parts(cut::<model::SaleLine>(whole)?),
        (Stream::Orders, Shape::Till) => page_of(cut::<PosOrder>(whole)?),
        (Stream::Orders, _) => page_of(cut::<SaleOrder>(whole)?),
        (Stream::Returns, _) => returns(page_of(cut::<PosOrder>(whole)?)),
        (Stream::Products, _) => page_of(cut::<model::Product>(whole)?),
        (Stream::Categories, _) => page_of(cut::<model::Category>(whole)?),
        (Stream::Branches, Shape::Warehouse) => page_of(cut::<model::Warehouse>(whole)?),
        (Stream::Branches, Shape::Company) => page_of(cut::<model::Company>(whole)?),
        (Stream::Branches, _) => page_of(cut::<model::PosConfig>(whole)?),
        (Stream::Users, _) => users(cut(whole)?),
        (Stream::Invoices, _) => {
            let what = "odoo's invoices say what was paid of orders, and are no documents of their own here";
            return Err(Error::unsupported(what));
        }
        (other, _) => return Err(Error::unsupported(format!("odoo has no {other}"))),
    };
    let is_end = is_one || whole.get().trim_start_matches('[').trim_start().starts_with(']');
    Ok(Answer { page, more: is_end.then_some(false), next: None })
}

/// The first row of a list, and no look at the others.
fn first_of(list: &RawValue) -> Option<&RawValue> {
    let mut first = None;
    Walk::new(list.get()).list(|walk| {
        first = walk.read().map(|(row, _)| row);
        None
    });
    first
}

fn shape(stream: Stream, first: &Members<'_>) -> Shape {
    if stream == Stream::Branches { Shape::of_branch(first) } else { Shape::of_order(first) }
}

fn cut<'a, T: Keyed>(whole: &'a RawValue) -> Result<Vec<Raw<'a, T>>> {
    if is_list(whole) { rows_of(whole, "") } else { Ok(vec![Raw::read(whole, "")]) }
}

/// Partners with the addresses that stand among them.
fn customers(rows: Vec<Raw<'_, Partner>>) -> Page<Record> {
    let mut page = Page::default();
    let (mut partners, mut addresses) = (Vec::new(), Vec::new());
    for row in rows {
        match row.read {
            Ok(read) if read.is_address() => addresses.push(read),
            Ok(read) => partners.push(read),
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    for partner in partners {
        let (own, others) =
            addresses.into_iter().partition(|address: &Partner| address.belongs_to(partner.id));
        addresses = others;
        page.records.push(partner.with(own, None, Default::default()).into());
    }
    page
}

fn users(rows: Vec<Raw<'_, model::User>>) -> Page<Record> {
    let is_staff = |row: &Raw<'_, model::User>| !row.read.as_ref().is_ok_and(model::User::is_outside);
    page_of(rows.into_iter().filter(is_staff).collect())
}

fn returns(mut page: Page<Record>) -> Page<Record> {
    page.records
        .retain(|record| matches!(record, Record::Order(order) if order.stream == DocumentKind::Return));
    page
}

/// Lines and payments say too little of their order.
fn parts(rows: Vec<Raw<'_, model::SaleLine>>) -> Page<Record> {
    let mut page = Page::default();
    for (at, row) in rows.into_iter().enumerate() {
        let id = row.key().map(|id| id.to_string());
        let reason = "this is a part of an order, and no order".to_owned();
        page.rejected.push(Rejected { id, path: format!("[{at}]"), reason });
    }
    page
}

/// Puts an error where it belongs: a record that another one refers to, and that is gone, refuses the write and is not the
/// written one (M19b). Name and id are only in the message.
pub(crate) fn refused_reference(error: Error, written: Option<(&str, i64)>) -> Error {
    let is_written =
        |message: &str| written.is_some_and(|(model, id)| message.contains(&format!("{model}({id},")));
    if error.kind() != ErrorKind::NotFound || error.vendor_message().is_some_and(is_written) {
        return error;
    }
    let what = "a record that this refers to does not exist at the shop";
    Error::new(ErrorKind::Rejected, what)
        .with_vendor_code(error.vendor_code().map(str::to_owned))
        .with_vendor_message(error.vendor_message().map(str::to_owned))
}
