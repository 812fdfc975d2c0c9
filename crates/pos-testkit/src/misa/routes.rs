//! The calls: who may make them, and what the reading ones answer.

use std::cmp::Ordering;

use pos_core::webhook::hmac_sha256;
use serde_json::{Map, Value, json};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::body::{Json, Outcome, number, sent, words};
use super::{Inner, Kind, Reading, Row, State, edits, rows, write};
use crate::fault::Drift;
use crate::out::OFFSET_MS;
use crate::server::{Answer, Asked, Query, Twist, digits, millis, text, to_ms};

/// The largest page.
const MAX_PAGE: i64 = 100;

/// A call of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Login,
    Customers,
    CustomerByInfo,
    CustomerOfLomas,
    Points,
    Levels,
    NewCustomer,
    Invoices,
    InvoiceDetail,
    InvoicesOfCustomer,
    NewOrder,
    Orders,
    Items,
    ItemsByCode,
    Item(String),
    Branches,
    Categories,
    Locations,
}

impl Call {
    /// The environment and the call of a path. Capitals do not matter, nor does a slash at the end.
    pub(super) fn of(path: &str) -> Option<(String, Self)> {
        let parts: Vec<String> =
            path.split('/').filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if parts == ["auth", "api", "account", "login"] {
            return Some((String::new(), Self::Login));
        }
        let [environment, "api", "v1", rest @ ..] = parts.as_slice() else { return None };
        let call = match rest {
            ["customers"] => Self::NewCustomer,
            ["customers", "paging"] => Self::Customers,
            ["customers", "customerbyinfo"] => Self::CustomerByInfo,
            ["customers", "search-lomas-info"] => Self::CustomerOfLomas,
            ["customers", "point-paging"] => Self::Points,
            ["customers", "get-all-member-level"] => Self::Levels,
            ["invoices"] => Self::NewOrder,
            ["invoices", "pagingbycustomer"] => Self::Invoices,
            ["invoices", "detailbyrefid"] => Self::InvoiceDetail,
            ["invoices", "invoicebycustomer"] => Self::InvoicesOfCustomer,
            ["orders", "list"] => Self::Orders,
            ["inventoryitems", "pagingwithdetail"] => Self::Items,
            ["inventoryitems", "pagingbycode"] => Self::ItemsByCode,
            ["inventoryitems", "detail", id] => Self::Item((*id).to_owned()),
            ["branchs", "all"] => Self::Branches,
            ["categories", "list"] => Self::Categories,
            ["locations", "bykindandparentid"] => Self::Locations,
            _ => return None,
        };
        Some(((*environment).to_owned(), call))
    }

    /// What requests of its kind have in common.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Customers => "customers/paging",
            Self::CustomerByInfo => "customers/customerbyinfo",
            Self::CustomerOfLomas => "customers/search-lomas-info",
            Self::Points => "customers/point-paging",
            Self::Levels => "customers/get-all-member-level",
            Self::NewCustomer => "customers",
            Self::Invoices => "invoices/pagingbycustomer",
            Self::InvoiceDetail => "invoices/detailbyrefid",
            Self::InvoicesOfCustomer => "invoices/invoicebycustomer",
            Self::NewOrder => "invoices",
            Self::Orders => "orders/list",
            Self::Items => "inventoryitems/pagingwithdetail",
            Self::ItemsByCode => "inventoryitems/pagingbycode",
            Self::Item(_) => "inventoryitems/detail",
            Self::Branches => "branchs/all",
            Self::Categories => "categories/list",
            Self::Locations => "locations/bykindandparentid",
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Item(_) | Self::Categories | Self::Locations => "GET",
            _ => "POST",
        }
    }
}

/// The company code of a shop: the first part of its domain.
pub(super) fn company(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

fn is_on(body: &Json, name: &str) -> bool {
    sent(body, name).is_some_and(|value| {
        *value == true || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    })
}

/// The instant that a text names. What is a day alone begins at midnight.
fn instant(text: &str, reading: Reading) -> Outcome<i64> {
    const WALL: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
    let text = text.trim().replacen(' ', "T", 1);
    let zone =
        text.char_indices().skip(11).find(|(_, letter)| matches!(letter, 'Z' | '+' | '-')).map(|(at, _)| at);
    let (digits, zone) = zone.map_or((text.as_str(), ""), |at| text.split_at(at));
    let wall = PrimitiveDateTime::parse(digits, WALL)
        .or_else(|_| Date::parse(digits, DAY).map(Date::midnight))
        .map_err(|_| 6)?;
    if !(1753..=9999).contains(&wall.year()) {
        return Err(6);
    }
    let in_utc = to_ms(wall.assume_utc());
    Ok(match reading {
        Reading::Utc => in_utc,
        Reading::Local => in_utc - OFFSET_MS,
        Reading::Zoned if zone.is_empty() => in_utc - OFFSET_MS,
        Reading::Zoned => to_ms(OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| 6)?),
    })
}

fn bound(body: &Json, name: &str, reading: Reading) -> Outcome<Option<i64>> {
    words(body, name).map(|text| instant(&text, reading)).transpose()
}

fn message(kind: i64) -> &'static str {
    match kind {
        1 => "Tham số truyền vào bị null hoặc rỗng",
        2 => "Mã cửa hàng không tồn tại",
        3 => "AppID không tồn tại",
        4 => "Chuỗi chữ ký đăng nhập không hợp lệ",
        5 => "Limit vượt quá 100",
        6 => "Ngày tháng nằm ngoài khoảng cho phép",
        7 => "Kết nối đang ở trạng thái ngắt",
        102 => "Đang có yêu cầu cùng loại",
        200 => "Khách hàng đã tồn tại",
        _ => "Lỗi nội bộ",
    }
}

/// Capital letters in every id.
fn capitals(value: &mut Value) {
    match value {
        Value::String(text) if is_guid(text) => *text = text.to_uppercase(),
        Value::Array(items) => items.iter_mut().for_each(capitals),
        Value::Object(members) => members.values_mut().for_each(capitals),
        _ => {}
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_hexdigit(),
        })
}

/// Dates without their offset.
fn bare_dates(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(bare) =
                text.strip_suffix("+07:00").filter(|bare| bare.as_bytes().get(10) == Some(&b'T'))
            {
                *text = bare.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(bare_dates),
        Value::Object(members) => members.values_mut().for_each(bare_dates),
        _ => {}
    }
}

/// Amounts as texts, or without a fraction; which, depends on the amount alone.
fn retype(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let amount = number.as_f64().unwrap_or_default();
            match amount as i64 % 3 {
                0 => *value = number.to_string().into(),
                1 if amount.fract() == 0.0 => *value = (amount as i64).into(),
                _ => {}
            }
        }
        Value::Array(items) => items.iter_mut().for_each(retype),
        Value::Object(members) => members.values_mut().for_each(retype),
        _ => {}
    }
}

/// Rows and how many there are of them in all.
struct Page {
    rows: Vec<Value>,
    total: usize,
}

impl Inner {
    /// A failure, under HTTP 200.
    pub(super) fn failure(&self, state: &mut State, kind: i64) -> Answer {
        self.failed(state, kind, Value::Null)
    }

    pub(super) fn failed(&self, state: &mut State, kind: i64, mut data: Value) -> Answer {
        self.dress(&mut data, true);
        let name = if self.options.other_forms { "Message" } else { "ErrorMessage" };
        Answer::ok(&json!({
            "Code": 200, "Data": data, "Total": 0, "Success": false, "ErrorType": kind, name: message(kind),
            "Environment": state.environment,
        }))
    }

    /// What the switches make of data; `is_alone` where it is no list.
    fn dress(&self, data: &mut Value, is_alone: bool) {
        let options = &self.options;
        if options.mixed_case && is_alone {
            capitals(data);
        }
        if options.other_forms {
            bare_dates(data);
        }
        if options.retyped {
            retype(data);
        }
    }

    /// A success.
    pub(super) fn success(
        &self,
        state: &mut State,
        mut data: Value,
        total: Option<usize>,
        is_alone: bool,
    ) -> Answer {
        self.dress(&mut data, is_alone);
        state.turn += 1;
        let mut envelope = Map::new();
        let is_odd = !state.turn.is_multiple_of(2);
        envelope.insert("Data".into(), data);
        if !self.options.other_forms {
            envelope.insert("Code".into(), 200.into());
            envelope.insert("Success".into(), true.into());
            envelope.insert("Environment".into(), state.environment.into());
        } else if is_odd {
            // One of the two says that it went well.
            envelope.insert("Code".into(), 200.into());
            envelope.insert("ErrorType".into(), 0.into());
        } else {
            envelope.insert("Success".into(), true.into());
            envelope.insert("ErrorType".into(), Value::Null);
            envelope.insert("ErrorMessage".into(), Value::Null);
        }
        if let Some(total) = total {
            let told = if self.options.low_totals { total - total / 3 } else { total };
            if !self.options.no_totals {
                envelope.insert("Total".into(), told.into());
            }
        }
        Answer::ok(&envelope.into())
    }

    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let nothing = json!({ "Message": "No HTTP resource was found that matches the request URI." });
        let Some((environment, call)) = Call::of(&asked.path) else { return Answer::json(404, &nothing) };
        if asked.method != call.method() {
            let text = format!("The requested resource does not support http method '{}'.", asked.method);
            return Answer::json(405, &json!({ "Message": text }));
        }
        let mut state = self.state();
        let state = &mut *state;
        if call == Call::Login {
            return match self.sign_in(state, asked) {
                Ok(answer) => answer,
                Err(kind) => self.failure(state, kind),
            };
        }
        if !self.admits(state, asked, &environment) {
            // Nobody saw the body of the real one.
            return match self.options.other_forms {
                true => Answer::bytes(401, ""),
                false => Answer::json(
                    401,
                    &json!({ "Message": "Authorization has been denied for this request." }),
                ),
            };
        }
        if call == Call::Orders && !self.options.lists_orders {
            return Answer::json(404, &nothing);
        }
        let done = match asked.header("companycode") {
            Some(code) if code.eq_ignore_ascii_case(company(&self.options.domain)) => {
                self.done(state, &call, asked, twist)
            }
            _ => Err(2),
        };
        match done {
            _ if !state.is_connected => self.failure(state, 7),
            Ok(answer) => answer,
            Err(kind) => self.failure(state, kind),
        }
    }

    /// A token of now, under the environment of now.
    fn admits(&self, state: &State, asked: &Asked, environment: &str) -> bool {
        let given = asked.bearer().and_then(|token| state.tokens.get(token));
        let is_alive = |given: &i64| state.now_ms().saturating_sub(*given) < millis(self.options.token_life);
        given.is_some_and(is_alive) && environment == state.environment
    }

    /// The sign-in: JSON, or a form.
    fn sign_in(&self, state: &mut State, asked: &Asked) -> Outcome<Answer> {
        let form =
            || Query::parse(&asked.body).0.into_iter().map(|(name, value)| (name, value.into())).collect();
        let body: Json = asked.object().unwrap_or_else(form);
        let member = |name: &str| words(&body, name).ok_or(1);
        let (domain, app, at, proof) =
            (member("Domain")?, member("AppID")?, member("LoginTime")?, member("SignatureInfo")?);
        let options = &self.options;
        if !domain.eq_ignore_ascii_case(&options.domain) {
            return Err(2);
        }
        if app != options.app_id {
            return Err(3);
        }
        // The exact texts that were sent, in the order of their names.
        let message = format!(
            "{{\"AppID\":{},\"Domain\":{},\"LoginTime\":{}}}",
            Value::from(app),
            Value::from(domain),
            Value::from(at.as_str())
        );
        let right = hmac_sha256(state.secret_key.as_bytes(), message.as_bytes());
        let right: String = right.iter().map(|byte| format!("{byte:02x}")).collect();
        let at = OffsetDateTime::parse(&at, &Rfc3339).map_err(|_| 4)?;
        let age = state.now_ms().saturating_sub(to_ms(at));
        let longest = millis(options.login_skew);
        if proof != right || age > longest || (options.strict_login && age < -longest) {
            return Err(4);
        }
        if !state.is_connected {
            return Err(7);
        }
        let token = format!("SANDBOX{:0>210}", format!("misa{}", state.take_serial()));
        let now = state.now_ms();
        state.tokens.insert(token.clone(), now);
        let data = json!({
            "AccessToken": token, "CompanyCode": company(&options.domain), "Environment": state.environment,
        });
        Ok(match options.other_forms {
            true => Answer::ok(&json!({ "Success": true, "Data": data })),
            false => Answer::ok(&json!({
                "Code": 200, "Data": data, "Total": 0, "Success": true, "Environment": state.environment,
            })),
        })
    }

    fn done(&self, state: &mut State, call: &Call, asked: &Asked, twist: Twist) -> Outcome<Answer> {
        let query = Query::parse(&asked.query);
        let body = match asked.method.as_str() {
            "GET" => Json::new(),
            _ => asked.object().ok_or(1)?,
        };
        let alone = |state: &mut State, data: Value| Ok(self.success(state, data, None, true));
        let some = |rows: Vec<Value>| (Some(rows.len()), Value::Array(rows));
        match call {
            Call::Login => Err(1),
            Call::Customers | Call::Invoices | Call::Items | Call::Levels | Call::Points | Call::Orders => {
                let page = self.page(state, call, &body, twist)?;
                Ok(self.success(state, page.rows.into(), Some(page.total), false))
            }
            Call::CustomerByInfo => {
                let key = words(&body, "KeySearch").ok_or(1)?;
                let (total, rows) = some(found_by(state, &key).into_iter().map(by_info).collect());
                Ok(self.success(state, rows, total, true))
            }
            Call::CustomerOfLomas => {
                let key = words(&body, "Keyword").ok_or(1)?;
                let first = found_by(state, &key).into_iter().next().map(of_lomas);
                alone(state, first.unwrap_or_default())
            }
            Call::NewCustomer => write::customer(self, state, &body),
            Call::NewOrder => write::order(self, state, &body),
            Call::InvoiceDetail => {
                let id = words(&body, "RefID").filter(|id| is_guid(id)).ok_or(1)?.to_lowercase();
                let detail = state.table(Kind::Invoices).get(&id).map(|row| rows::detailed(&row.json));
                let mut detail = detail.map_or(Value::Null, Value::Object);
                if self.options.other_forms
                    && let Some(members) = detail.as_object_mut()
                    && let Some(lines) = members.remove("InvocieDetails")
                {
                    members.insert("InvoiceDetails".into(), lines);
                }
                alone(state, detail)
            }
            Call::InvoicesOfCustomer => {
                let code = words(&body, "CustomerCode");
                let number = words(&body, "InvoiceNumber");
                if code.is_none() && number.is_none() {
                    return Err(1);
                }
                let limit = number_of_rows(&body)?;
                let buyer = code.map(|code| {
                    let is = |row: &&Row| text(&row.json, "Code").eq_ignore_ascii_case(&code);
                    let known = state.table(Kind::Customers).values().find(is);
                    known.map(|row| text(&row.json, "Id").to_owned()).unwrap_or_default()
                });
                let fits = |row: &Row| {
                    buyer.as_ref().is_none_or(|buyer| text(&row.json, "CustomerId") == buyer)
                        && number.as_ref().is_none_or(|number| text(&row.json, "InvoiceNumber") == number)
                };
                let now = state.now_ms();
                let all = state.table(Kind::Invoices).values().filter(|row| row.shown <= now && fits(row));
                let (total, rows) = some(all.take(limit).map(|row| rows::listed(&row.json).into()).collect());
                Ok(self.success(state, rows, total, false))
            }
            Call::ItemsByCode => {
                // By which member the text is sent is not known: any text is taken for it.
                let wanted = body
                    .iter()
                    .filter(|(name, _)| !["Page", "Limit", "SortField", "SortType"].contains(&name.as_str()));
                let wanted =
                    wanted.filter_map(|(_, value)| value.as_str()).next().unwrap_or_default().to_lowercase();
                let limit = number_of_rows(&body)?;
                let has = |row: &Value, name: &str| {
                    row[name].as_str().is_some_and(|text| text.to_lowercase().contains(&wanted))
                };
                let is_it = |row: &&Row| {
                    let json = Value::Object(row.json.clone());
                    let variants = json["ListDetail"].as_array().map_or(&[][..], Vec::as_slice);
                    std::iter::once(&json).chain(variants).any(|one| has(one, "Code") || has(one, "Name"))
                };
                let rows = state.table(Kind::Items).values().filter(is_it).take(limit);
                let (total, rows) = some(rows.map(|row| row.json.clone().into()).collect());
                Ok(self.success(state, rows, total, false))
            }
            Call::Item(id) => {
                let id = id.to_lowercase();
                let items = state.table(Kind::Items);
                let of_variant = |row: &&Row| {
                    let variants = row.json.get("ListDetail").and_then(Value::as_array);
                    variants.is_some_and(|all| all.iter().any(|one| one["Id"] == id.as_str()))
                };
                let found = items.get(&id).or_else(|| items.values().find(of_variant));
                let found = found.map_or(Value::Null, |row| row.json.clone().into());
                alone(state, found)
            }
            Call::Branches => {
                let twisted =
                    |(at, row): (usize, &Row)| broken(row.json.clone(), twist.broken_row == Some(at), "Name");
                let rows = state.table(Kind::Branches).values().enumerate().map(twisted).collect();
                let (total, rows) = some(rows);
                Ok(self.success(state, rows, total, false))
            }
            Call::Categories => {
                let with_inactive = query.get("includeInactive") == Some("true");
                let rows = state.table(Kind::Categories).values();
                let rows = rows.filter(|row| with_inactive || row.json["Inactive"] == false).enumerate();
                let twisted =
                    |(at, row): (usize, &Row)| broken(row.json.clone(), twist.broken_row == Some(at), "Name");
                let (total, rows) = some(rows.map(twisted).collect());
                Ok(self.success(state, rows, total, false))
            }
            Call::Locations => {
                let parent = query.get("parentId").unwrap_or("");
                let kind = query.number("kind").ok_or(1)?;
                let known =
                    rows::LOCATIONS.iter().filter(|(of, id, _)| *of == kind && id.starts_with(parent));
                let (total, rows) =
                    some(known.map(|(_, id, name)| json!({ "Id": id, "Name": name })).collect());
                Ok(self.success(state, rows, total, false))
            }
        }
    }

    /// One page of a list.
    fn page(&self, state: &mut State, call: &Call, body: &Json, twist: Twist) -> Outcome<Page> {
        let page = number(body, "Page").ok_or(1)?;
        let size = number_of_rows(body)?;
        if page < 1 {
            return Err(1);
        }
        let (kind, fields): (Kind, &[&str]) = match call {
            Call::Invoices => (Kind::Invoices, &["InvoiceDate", "InvoiceNumber"]),
            Call::Items => (Kind::Items, &["Name", "Code"]),
            Call::Levels => (Kind::Levels, &["MemberLevelName"]),
            Call::Orders => (Kind::Orders, &["OrderNo"]),
            _ => (Kind::Customers, &["Name", "Code"]),
        };
        let wanted = words(body, "SortField").unwrap_or_default();
        let field = fields.iter().find(|field| field.eq_ignore_ascii_case(&wanted)).unwrap_or(&fields[0]);
        let reading = self.options.reading;
        let since = bound(body, "LastSyncDate", reading)?;
        let (mut from, mut to) = (None, None);
        if kind == Kind::Invoices {
            (from, to) = (bound(body, "FromDate", reading)?, bound(body, "ToDate", reading)?);
            // Whether a list without bounds is answered is not known.
            if from.is_none() || to.is_none() {
                return Err(1);
            }
        }
        let is = |row: &Row, wanted: &str, own: &str| {
            words(body, wanted).is_none_or(|wanted| text(&row.json, own).eq_ignore_ascii_case(&wanted))
        };
        let now = state.now_ms();
        let fits = |row: &Row| {
            let by_kind = match kind {
                Kind::Invoices => {
                    from.is_none_or(|from| row.dated >= from)
                        && to.is_none_or(|to| row.dated <= to)
                        && is(row, "CustomerID", "CustomerId")
                        && is(row, "BranchID", "BranchId")
                }
                Kind::Items => {
                    (is_on(body, "IncludeInActive") || row.json["Inactive"] == false)
                        && is(row, "InventoryItemCategoryID", "ItemCategoryId")
                }
                _ => true,
            };
            by_kind && row.shown <= now && since.is_none_or(|since| row.changed >= since)
        };
        state.turn += 1;
        let backwards = self.options.restless && state.turn.is_multiple_of(2);
        let falls = number(body, "SortType") == Some(2);
        let table = state.table(kind);
        let mut ids: Vec<&String> = table.iter().filter(|(_, row)| fits(row)).map(|(id, _)| id).collect();
        if backwards {
            ids.reverse();
        }
        // Stable: what is alike stays as it stood.
        ids.sort_by(|one, other| {
            let (one, other) = (&table[*one], &table[*other]);
            let order = match *field {
                "InvoiceDate" => one.dated.cmp(&other.dated),
                field => collated(text(&one.json, field), text(&other.json, field)),
            };
            if falls { order.reverse() } else { order }
        });
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        let last = ids.len().div_ceil(size).max(1);
        let repeats = (self.options.repeat_tail || twist.repeat_tail) && page as usize > last;
        let at = if repeats { last } else { page as usize };
        let chosen: Vec<&String> = ids.iter().skip((at - 1).saturating_mul(size)).take(size).collect();
        let shown = |(at, id): (usize, &&String)| {
            let row = &table[*id].json;
            let json = match call {
                Call::Invoices => rows::listed(row),
                Call::Orders => rows::listed_order(row, self.options.numbers_itself),
                Call::Points => points(row),
                Call::Items if !is_on(body, "IncludeInventory") => without_stock(row),
                _ => shown_customer(row),
            };
            let name = match kind {
                Kind::Invoices => "TotalAmount",
                Kind::Items => "SellingPrice",
                _ => "Name",
            };
            broken(json, twist.broken_row == Some(at), name)
        };
        let shown: Vec<Value> = chosen.iter().enumerate().map(shown).collect();
        let first = chosen.first().map(|id| (*id).clone());
        match (twist.drift, first) {
            (Some(Drift::Delete), Some(id)) => drop(state.delete(kind, &id)),
            (Some(Drift::Insert), _) => drop(edits::insert(state, kind)),
            (Some(Drift::Modify), Some(id)) => drop(state.change(kind, &id, |_| {})),
            _ => {}
        }
        Ok(Page { rows: shown, total: ids.len() })
    }
}

/// How many rows are asked for.
fn number_of_rows(body: &Json) -> Outcome<usize> {
    let size = number(body, "Limit").ok_or(1)?;
    if (1..=MAX_PAGE).contains(&size) { Ok(size as usize) } else { Err(5) }
}

/// As the vendor's database compares: capitals do not matter.
fn collated(one: &str, other: &str) -> Ordering {
    one.to_lowercase().cmp(&other.to_lowercase())
}

/// A record whose name or amount is none.
fn broken(mut row: Json, is_broken: bool, name: &str) -> Value {
    if is_broken {
        row.insert(name.into(), json!({ "Amount": ["nhiều"] }));
    }
    row.into()
}

/// What lists of customers do not have.
fn shown_customer(row: &Json) -> Json {
    let mut json = row.clone();
    json.retain(|name, _| !["Point", "TotalAmount"].contains(&&**name));
    json
}

fn without_stock(row: &Json) -> Json {
    let mut json = row.clone();
    json.insert("Inventories".into(), json!([]));
    for variant in json.get_mut("ListDetail").and_then(Value::as_array_mut).into_iter().flatten() {
        variant["Inventories"] = json!([]);
    }
    json
}

fn points(row: &Json) -> Json {
    let mut json = Map::new();
    for (name, from) in [("Tel", "Tel"), ("TotalPoint", "Point"), ("OriginalId", "Id"), ("FullName", "Name")]
    {
        json.insert(name.into(), row.get(from).cloned().unwrap_or_else(|| 0.into()));
    }
    json
}

/// The customers whose number or e-mail address it is.
pub(super) fn found_by(state: &mut State, key: &str) -> Vec<Json> {
    let now = state.now_ms();
    let normalized = rows::normalized(key);
    let is = |row: &&Row| {
        let json = &row.json;
        let is_number = !normalized.is_empty()
            && [rows::normalized(text(json, "Tel")), digits(key)].contains(&normalized)
            && rows::normalized(text(json, "Tel")) == normalized;
        let is_mail = key.contains('@') && text(json, "Email").eq_ignore_ascii_case(key.trim());
        row.shown <= now && (is_number || is_mail)
    };
    state.table(Kind::Customers).values().filter(is).map(|row| row.json.clone()).collect()
}

fn renamed(row: &Json, names: &[(&str, &str)]) -> Json {
    let member = |(name, from): &(&str, &str)| Some(((*name).to_owned(), row.get(*from)?.clone()));
    names.iter().filter_map(member).collect()
}

/// A customer as the search shows it: under other names.
fn by_info(row: Json) -> Value {
    let mut json = renamed(
        &row,
        &[
            ("CustomerID", "Id"),
            ("CustomerCode", "Code"),
            ("CustomerName", "Name"),
            ("Tel", "Tel"),
            ("NormalizedTel", "NormalizedTel"),
            ("StandardTel", "StandardTel"),
            ("Address", "Addr"),
            ("Email", "Email"),
            ("Gender", "Gender"),
            ("CardName", "MemberLevelName"),
            ("Point", "Point"),
        ],
    );
    json.entry("Point").or_insert_with(|| 0.into());
    json.into()
}

/// A customer as the loyalty program shows it: a number of its own, and other names again.
fn of_lomas(row: Json) -> Value {
    let mut json = renamed(
        &row,
        &[
            ("FullName", "Name"),
            ("Tel", "Tel"),
            ("NormalizedTel", "NormalizedTel"),
            ("Email", "Email"),
            ("Gender", "Gender"),
            ("Address", "Addr"),
            ("ProvinceName", "ProvinceAddr"),
            ("DistrictName", "DistrictAddr"),
            ("WardName", "CommuneAddr"),
            ("Note", "Description"),
            ("IdentifyNumber", "IdentifyNumber"),
            ("CardName", "MemberLevelName"),
            ("TotalPoint", "Point"),
            ("TotalAmount", "TotalAmount"),
            ("HardCardCode", "MembershipCode"),
            ("OriginalId", "Id"),
        ],
    );
    let own =
        i64::from_str_radix(text(&row, "Id").rsplit('-').next().unwrap_or_default(), 16).unwrap_or_default();
    for (name, value) in [
        ("Id", own.into()),
        ("Code", Value::from((100_000_000 + own).to_string())),
        ("Street", "".into()),
        ("Status", true.into()),
        ("CompanyName", "".into()),
        ("TaxCode", "".into()),
        ("Avatar", "".into()),
        ("CardId", 2.into()),
        ("EditMode", 0.into()),
        ("Success", true.into()),
    ] {
        json.insert(name.into(), value);
    }
    json.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_three_ways() {
        let utc = instant("2026-03-11T00:00:00Z", Reading::Utc).unwrap();
        assert_eq!(instant("2026-03-11 00:00:00", Reading::Utc), Ok(utc));
        assert_eq!(instant("2026-03-11T00:00:00.000Z", Reading::Zoned), Ok(utc));
        assert_eq!(instant("2026-03-11T07:00:00+07:00", Reading::Zoned), Ok(utc));
        assert_eq!(instant("2026-03-11 00:00:00", Reading::Zoned), Ok(utc - OFFSET_MS));
        assert_eq!(instant("2026-03-11T00:00:00Z", Reading::Local), Ok(utc - OFFSET_MS));
        assert_eq!(instant("2026-03-11", Reading::Local), Ok(utc - OFFSET_MS));
        assert_eq!(instant("1752-12-31", Reading::Utc), Err(6));
        assert_eq!(instant("hôm qua", Reading::Utc), Err(6));
    }

    #[test]
    fn paths_are_calls_whatever_their_capitals() {
        assert_eq!(Call::of("/auth/api/account/login"), Some((String::new(), Call::Login)));
        assert_eq!(Call::of("/g1/api/v1/invoices/"), Some(("g1".into(), Call::NewOrder)));
        assert_eq!(Call::of("/G1/API/v1/Branchs/All"), Some(("g1".into(), Call::Branches)));
        assert_eq!(Call::of("/g1/api/v2/branchs/all"), None);
        assert_eq!(Call::of("/api/v1/branchs/all"), None);
    }

    #[test]
    fn a_number_is_normalised_without_being_moved() {
        for (typed, normalized) in [
            ("0985 000 111", "84985000111"),
            ("+84 985 000 111", "84985000111"),
            ("985000111", "84985000111"),
            ("01682345678", "841682345678"),
            ("0985000111 / 0985000222", "84985000111"),
            ("không có", ""),
            ("********46", ""),
            ("113", ""),
        ] {
            assert_eq!(rows::normalized(typed), normalized, "{typed}");
        }
    }
}
