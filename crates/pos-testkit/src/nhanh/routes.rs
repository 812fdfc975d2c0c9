//! The endpoints.

use http::header;
use pos_core::identity::{PhoneRules, read_phones};
use pos_core::record::Stream;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{
    BillFilter, CUSTOMER, Event, Inner, ORDER, PRODUCT, RETURN, Row, STEP, State, order_type, rows, token,
};
use crate::server::{Answer, Asked, Query, Twist, millis};

/// What one query may span, in seconds.
const SPAN: i64 = 31 * 86_400;

/// Addresses that write; in fault rules these are `POST` and all others `GET`.
pub(super) const WRITES: [&str; 5] = [
    "/v3.0/customer/add",
    "/v3.0/order/add",
    "/v3.0/order/edit",
    "/v3.0/order/cancelcarrier",
    "/v3.0/app/getaccesstoken",
];

/// When a row changed last, for the lists that say so.
pub(super) fn stamp(stream: Stream, row: &mut Row, now: i64) {
    row.changed = Some(now);
    match stream {
        Stream::Orders => row.json["info"]["updatedAt"] = now.into(),
        Stream::Customers | Stream::Products => row.json["updatedAt"] = now.into(),
        _ => {}
    }
}

type Done = Result<Answer, Answer>;

impl Inner {
    pub(super) fn refuse(&self, code: &str, messages: Value) -> Answer {
        Answer::json(
            self.options.failure_status,
            &json!({ "code": 0, "errorCode": code, "messages": messages }),
        )
    }

    fn fields(&self, field: &str, what: &str) -> Answer {
        self.refuse("ERR_INVALID_FORM_FIELDS", json!({ field: what }))
    }

    pub(super) fn throttled(&self, wait: i64, until: Option<i64>) -> Answer {
        let mut data = json!({ "lockedSeconds": wait });
        if let Some(until) = until {
            data["unlockedAt"] = until.into();
        }
        let body = json!({ "code": 0, "errorCode": "ERR_429", "message": "Your app exceeded the API Rate Limit", "data": data });
        Answer::json(self.options.failure_status, &body)
    }

    /// The quota of an address: a call while it is locked makes the lock longer.
    fn refuse_haste(&self, path: &str) -> Option<Answer> {
        let mut state = self.state();
        let clock = state.now();
        let State { buckets, ignored_locks, .. } = &mut *state;
        let bucket = buckets.entry(path.to_owned()).or_default();
        let seconds = i64::try_from(self.options.lock.as_secs()).unwrap_or(10);
        if let Some(end) = bucket.locked_until.filter(|end| *end > clock) {
            *ignored_locks += 1;
            bucket.locked_until = Some(end + seconds);
            return Some(self.throttled(end + seconds - clock, Some(end + seconds)));
        }
        bucket.locked_until = None;
        let (limit, per) = self.options.rate_limit?;
        if !bucket.sent.takes(limit, per) {
            bucket.locked_until = Some(clock + seconds);
            return Some(self.throttled(seconds, Some(clock + seconds)));
        }
        None
    }

    fn refuse_stranger(&self, asked: &Asked) -> Option<Answer> {
        let query = Query::parse(&asked.query);
        let given = |name: &str| query.get(name)?.parse::<u64>().ok();
        if given("appId") != Some(self.options.app_id) {
            return Some(self.refuse("ERR_INVALID_APP_ID", json!("Invalid appId")));
        }
        if given("businessId") != Some(self.options.business_id) {
            return Some(self.refuse("ERR_INVALID_BUSINESS_ID", json!("Invalid businessId")));
        }
        let token = asked.header(header::AUTHORIZATION.as_str());
        let state = self.state();
        let old = state
            .old_token
            .as_ref()
            .filter(|(_, until)| *until > Instant::now())
            .map(|(old, _)| old.as_str());
        let is_known = token.is_some_and(|token| token == state.token || Some(token) == old);
        let code = match token {
            // Any token of another version of the API.
            Some(token) if token.starts_with("V2") => "ERR_INVALID_VERSION",
            _ => "ERR_INVALID_ACCESS_TOKEN",
        };
        (!is_known).then(|| self.refuse(code, json!("Invalid access token")))
    }

    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let path = asked.path.as_str();
        // It waits for a page that has such a row.
        if let Some(row) = twist.broken_row {
            self.state().broken_row = Some((path.to_owned(), row));
        }
        let Some(endpoint) = path.strip_prefix("/v3.0/").filter(|_| asked.method == "POST") else {
            return Answer::page(404);
        };
        let body: Option<Value> = serde_json::from_slice(&asked.body).ok();
        if endpoint == "app/getaccesstoken" {
            return self.exchange(body.as_ref());
        }
        if let Some(refused) = self.refuse_stranger(asked).or_else(|| self.refuse_haste(path)) {
            return refused;
        }
        let Some(body) = &body else { return self.refuse("ERR_INVALID_DATA", json!(["invalid data"])) };
        let done = match endpoint {
            "app/checkaccesstoken" => self.check(body),
            "business/depot" => self.list(path, Stream::Branches, body),
            "business/user" => self.list(path, Stream::Users, body),
            "product/category" => self.list(path, Stream::Categories, body),
            "product/list" => self.list(path, Stream::Products, body),
            "customer/list" => self.list(path, Stream::Customers, body),
            "order/list" => self.list(path, Stream::Orders, body),
            "bill/retail" => self.list(path, Stream::Invoices, body),
            "order/deleted" => self.deleted(path, Stream::Orders, body),
            "bill/deleted" => self.deleted(path, Stream::Invoices, body),
            "customer/add" => self.add_customers(body),
            "order/add" => self.add_order(body),
            "order/edit" => self.edit_order(body),
            "order/cancelcarrier" => {
                Err(self.refuse("ERR_ORDER_CARRIER_NOT_YET_SENT", json!("Order has not been sent")))
            }
            "order/history" => Err(Answer::json(
                self.options.failure_status,
                &json!({ "code": 0, "messages": "Order without histories" }),
            )),
            _ => Err(Answer::page(404)),
        };
        done.unwrap_or_else(|refused| refused)
    }

    fn exchange(&self, body: Option<&Value>) -> Answer {
        let mut state = self.state();
        let code = body.and_then(|body| body["accessCode"].as_str());
        if code.is_none() || code != state.code.as_deref() {
            return self.fields("accessCode", "Invalid accessCode");
        }
        if body.and_then(|body| body["secretKey"].as_str()) != Some(self.options.secret_key.as_str()) {
            return self.fields("secretKey", "Invalid secretKey");
        }
        state.code = None;
        let serial = state.serial();
        let old = std::mem::replace(&mut state.token, token(serial));
        state.old_token = Some((old, Instant::now() + super::OVERLAP));
        Answer::ok(&self.grant(&state, json!([])))
    }

    fn grant(&self, state: &State, depots: Value) -> Value {
        json!({ "code": 1, "data": {
            "accessToken": state.token, "version": "3.0", "expiredAt": state.now() + 365 * 86_400,
            "businessId": self.options.business_id, "depotIds": depots, "pageIds": "All", "permissions": [],
        } })
    }

    fn check(&self, body: &Value) -> Done {
        if body["secretKey"].as_str() != Some(self.options.secret_key.as_str()) {
            return Err(self.fields("secretKey", "Invalid secretKey"));
        }
        let state = self.state();
        let depots = state.granted.as_ref().map_or(json!("All"), |granted| json!(granted));
        Ok(Answer::ok(&self.grant(&state, depots)))
    }

    /// A pair of bounds. More than 31 days apart is refused; one alone gets the other.
    fn window(&self, filters: &Value, from: &str, to: &str) -> Result<Option<(i64, i64)>, Answer> {
        let bound = |name: &str| match &filters[name] {
            Value::String(text) => pos_core::lenient::parse_date(text)
                .map(|date| date.midnight().assume_offset(pos_core::lenient::VIETNAM).unix_timestamp()),
            value => value.as_i64(),
        };
        let by_day = filters[from].is_string() || filters[to].is_string();
        let end_of_day = if by_day { 86_399 } else { 0 };
        let (low, high) = match (bound(from), bound(to)) {
            (None, None) => return Ok(None),
            (Some(low), None) => (low, low + SPAN - 1),
            (None, Some(high)) => (high - SPAN + 1, high + end_of_day),
            (Some(low), Some(high)) => (low, high + end_of_day),
        };
        if high - low > SPAN {
            return Err(self.fields(to, "The time range must not exceed 31 days"));
        }
        Ok(Some((low, high)))
    }

    fn size(&self, body: &Value) -> Result<usize, Answer> {
        match body["paginator"]["size"].as_u64() {
            None => Ok(10),
            Some(size @ 1..=100) => Ok(size as usize),
            Some(_) => Err(self.fields("paginator.size", "size must be between 1 and 100")),
        }
    }

    /// The id that the page before ended with. A cursor comes back as it was given, or it is none.
    fn after(&self, state: &State, path: &str, body: &Value) -> Result<i64, Answer> {
        match &body["paginator"]["next"] {
            Value::Null => Ok(i64::MAX),
            Value::String(text) if text.is_empty() => Ok(i64::MAX),
            next => state
                .cursors
                .get(&format!("{path} {next}"))
                .copied()
                .ok_or_else(|| self.fields("paginator.next", "Invalid next")),
        }
    }

    /// Cursors of every JSON type, as the vendor's own samples have them.
    fn cursor(&self, state: &mut State, path: &str, last: i64) -> Value {
        if self.options.cursor_circle {
            // Three pages, and the first one's cursor again.
            let known: Vec<&String> = state.cursors.keys().filter(|key| key.starts_with(path)).collect();
            if let Some(first) = known.iter().min().filter(|_| known.len() >= 3)
                && let Ok(next) = serde_json::from_str(&first[path.len()..])
            {
                return next;
            }
        }
        let serial = state.serial();
        let next = match serial % 5 {
            0 => json!({ "id": last }),
            1 => json!({ "id": last.to_string() }),
            2 => json!([serial, last]),
            3 => json!(last.to_string()),
            _ => json!({ "totalRevenue": serial, "productId": last }),
        };
        state.cursors.insert(format!("{path} {next}"), last);
        next
    }

    fn list(&self, path: &str, stream: Stream, body: &Value) -> Done {
        let filters = &body["filters"];
        let size = self.size(body)?;
        let mut filters = filters.clone();
        if stream == Stream::Invoices {
            match self.options.bill_filter {
                BillFilter::Both => {}
                BillFilter::Id => filters["ids"] = Value::Null,
                BillFilter::Ids => filters["id"] = Value::Null,
            }
        }
        let filters = &filters;
        let lifted = !filters["ids"].as_array().is_none_or(Vec::is_empty)
            || filters["id"].is_number()
            || filters["shippingAddress"].is_object()
            || filters["customerId"].is_number();
        let updated = match stream {
            Stream::Orders => self.window(filters, "updatedAtFrom", "updatedAtTo")?,
            _ => match (filters["updatedAtFrom"].as_i64(), filters["updatedAtTo"].as_i64()) {
                (None, None) => None,
                (low, high) => Some((low.unwrap_or(i64::MIN), high.unwrap_or(i64::MAX))),
            },
        };
        let mut created = match stream {
            Stream::Orders => self.window(filters, "createdAtFrom", "createdAtTo")?,
            Stream::Invoices => self.window(filters, "fromDate", "toDate")?,
            _ => None,
        };
        let mut state = self.state();
        let now = state.now();
        if matches!(stream, Stream::Orders | Stream::Invoices)
            && !lifted
            && created.is_none()
            && updated.is_none()
        {
            created = Some((now - SPAN, now));
        }
        let after = self.after(&state, path, body)?;
        let numbers = |name: &str| {
            filters[name].as_array().map(|ids| ids.iter().filter_map(Value::as_i64).collect::<Vec<_>>())
        };
        let ids =
            numbers("ids").filter(|ids| !ids.is_empty()).or_else(|| Some(vec![filters["id"].as_i64()?]));
        let depots = numbers("depotIds").filter(|depots| !depots.is_empty());
        let mobile =
            filters["mobile"].as_str().or_else(|| filters["shippingAddress"]["mobile"].as_str()).map(digits);
        let kind = filters["type"].as_i64();
        let now_ms = state.now_ms();
        let granted = state.granted.clone();
        let keeps = |id: i64, row: &Row, json: &Value, changed: Option<i64>| {
            let within = |window: Option<(i64, i64)>, at: Option<i64>| {
                window.is_none_or(|(low, high)| at.is_some_and(|at| at >= low && at <= high))
            };
            let depot = json["info"]["depotId"].as_i64().or_else(|| json["depotId"].as_i64());
            let number = json["mobile"].as_str().or_else(|| json["shippingAddress"]["mobile"].as_str());
            ids.as_ref().is_none_or(|ids| ids.contains(&id))
                && within(updated, changed)
                && within(created, Some(row.created))
                && granted.as_ref().is_none_or(|granted| match stream {
                    Stream::Branches => granted.contains(&id),
                    _ => depot.is_none_or(|depot| granted.contains(&depot)),
                })
                && depots.as_ref().is_none_or(|depots| depot.is_some_and(|depot| depots.contains(&depot)))
                && mobile.as_ref().is_none_or(|mobile| number.map(digits).as_ref() == Some(mobile))
                && (stream != Stream::Orders || kind.is_none_or(|kind| kind == order_type(json)))
        };
        let table = state.tables.of(stream);
        let mut page: Vec<(i64, Value)> = Vec::with_capacity(size.min(100));
        let mut more = false;
        for (id, row) in table.range(..after).rev() {
            let Some((json, changed)) = row.seen_at(now_ms) else { continue };
            if keeps(*id, row, json, changed) {
                if page.len() == size {
                    more = true;
                    break;
                }
                page.push((*id, json.clone()));
            }
        }
        if let Some((_, at)) = state.broken_row.take_if(|(wanted, at)| wanted == path && *at < page.len()) {
            break_row(stream, &mut page[at].1);
        }
        let last = page.last().map(|(id, _)| *id);
        let data: Vec<Value> = page.into_iter().map(|(_, row)| row).collect();
        let mut answer = json!({ "code": 1, "data": data });
        match (last, more) {
            (Some(last), true) => {
                answer["paginator"] = json!({ "next": self.cursor(&mut state, path, last) })
            }
            // The last page of bills has a cursor, too; the page after it is empty.
            (Some(last), false) if stream == Stream::Invoices => {
                answer["paginator"] = json!({ "next": self.cursor(&mut state, path, last) });
            }
            (Some(_), false) => {
                answer["paginator"] =
                    if stream == Stream::Orders { json!({ "next": null }) } else { json!({}) }
            }
            (None, _) => {}
        }
        Ok(Answer::ok(&answer))
    }

    fn deleted(&self, path: &str, stream: Stream, body: &Value) -> Done {
        let size = self.size(body)?;
        let window = self.window(&body["filters"], "createdAtFrom", "createdAtTo")?;
        let mut state = self.state();
        let after = self.after(&state, path, body)?;
        let mut gone = state.deleted.get(&stream).cloned().unwrap_or_default();
        gone.sort_unstable();
        gone.retain(|(id, at)| *id < after && window.is_none_or(|(low, high)| *at >= low && *at <= high));
        let page: Vec<(i64, i64)> = gone.iter().rev().take(size).copied().collect();
        let mut answer = json!({ "code": 1, "data": page.iter()
            .map(|(id, at)| json!({ "id": id, "createdAt": at, "createdById": super::USER })).collect::<Vec<_>>() });
        if let Some((last, _)) = page.last().filter(|_| gone.len() > page.len()) {
            answer["paginator"] = json!({ "next": self.cursor(&mut state, path, *last) });
        }
        Ok(Answer::ok(&answer))
    }

    fn add_customers(&self, body: &Value) -> Done {
        let Some(customers) = body.as_array().filter(|customers| customers.len() <= 100) else {
            return Err(self.refuse("ERR_INVALID_DATA", json!(["invalid data"])));
        };
        let mut added = Vec::new();
        for customer in customers {
            for field in ["name", "mobile"] {
                if customer[field].as_str().is_none_or(str::is_empty) {
                    return Err(
                        self.fields(&format!("customer.{field}"), &format!("customer.{field} is required"))
                    );
                }
            }
            let mobile = customer["mobile"].as_str().unwrap_or_default();
            let mut state = self.state();
            let now = state.now();
            let known = find_by_mobile(&mut state, mobile);
            let id = match known {
                Some(id) if self.options.add_changes => {
                    let now_ms = state.now_ms();
                    if let Some(row) = state.tables.of(Stream::Customers).get_mut(&id) {
                        row.lag(now_ms, self.options.lag);
                        merge(&mut row.json, customer);
                        stamp(Stream::Customers, row, now);
                    }
                    id
                }
                _ => self.new_customer(&mut state, customer),
            };
            added.push(json!({ "id": id, "mobile": mobile }));
        }
        Ok(Answer::ok(&json!({ "code": 1, "data": added })))
    }

    fn add_order(&self, body: &Value) -> Done {
        let text = |value: &Value| value.as_str().map(str::to_owned).filter(|text| !text.trim().is_empty());
        let Some(reference) = text(&body["channel"]["appOrderId"]) else {
            return Err(self.fields("channel.appOrderId", "channel.appOrderId is required"));
        };
        for field in ["name", "mobile"] {
            if text(&body["shippingAddress"][field]).is_none() {
                return Err(self.fields(&format!("shippingAddress.{field}"), "is required"));
            }
        }
        let status = body["info"]["status"].as_i64().unwrap_or(54);
        if ![54, 55, 56, 57].contains(&status) {
            return Err(self.fields("info.status", "Invalid status"));
        }
        let lines = body["products"].as_array().cloned().unwrap_or_default();
        let is_whole = |line: &Value| {
            line["id"].is_number() && line["price"].is_number() && line["quantity"].is_number()
        };
        if lines.is_empty() || lines.len() > 500 || !lines.iter().all(is_whole) {
            return Err(self.fields("products", "products is required"));
        }
        let mut state = self.state();
        let made = state
            .tables
            .of(Stream::Orders)
            .iter()
            .find(|(_, row)| row.json["channel"]["appOrderId"].as_str() == Some(reference.as_str()))
            .map(|(id, _)| *id);
        if made.is_some() {
            // The vendor knows an order again by app and appOrderId; what it says then is not documented.
            return Err(self.fields("channel.appOrderId", "appOrderId already exists"));
        }
        let mobile = text(&body["shippingAddress"]["mobile"]).unwrap_or_default();
        let customer = match find_by_mobile(&mut state, &mobile) {
            Some(id) => id,
            None => self.new_customer(&mut state, &body["shippingAddress"]),
        };
        let id = self.new_order(&mut state, 1);
        let now = state.now();
        if let Some(row) = state.tables.of(Stream::Orders).get_mut(&id) {
            let json = &mut row.json;
            json["info"]["status"] = status.into();
            merge(&mut json["info"], &body["info"]);
            json["info"]["id"] = id.into();
            if let Some(fee) = body["carrier"]["customerShipFee"].as_f64() {
                json["carrier"]["customerShipFee"] = json!(fee);
            }
            json["channel"]["appOrderId"] = reference.into();
            json["channel"]["saleChannel"] = 10.into();
            merge(&mut json["shippingAddress"], &body["shippingAddress"]);
            json["shippingAddress"]["id"] = customer.into();
            let of = |line: &Value, name: &str| line[name].as_f64().unwrap_or(0.0);
            // The discount of the order is spread over the lines.
            let mut spread = body["payment"]["discountAmount"].as_f64().unwrap_or(0.0);
            let mut goods = 0.0;
            json["products"] = lines
                .iter()
                .map(|line| {
                    let full = of(line, "price") * of(line, "quantity");
                    let own = of(line, "discount") * of(line, "quantity");
                    let part = spread.clamp(0.0, full - own);
                    spread -= part;
                    goods += full - own - part;
                    json!({ "productId": line["id"], "quantity": line["quantity"], "price": line["price"],
                        "priceAfterVAT": line["price"], "discount": of(line, "discount"), "discountAmount": own + part,
                        "totalAmount": full - own - part })
                })
                .collect();
            let paid = of(&body["payment"], "transferAmount");
            let fee = json["carrier"]["customerShipFee"].as_f64().unwrap_or(0.0);
            json["payment"]["transfer"] = json!({ "amount": paid });
            json["payment"]["codAmount"] = json!((goods + fee - paid).max(0.0));
            if !self.options.unstamped {
                stamp(Stream::Orders, row, now);
            }
        }
        drop(state);
        self.tell(&Event::OrderAdded(id));
        let url = format!("https://example.com/tracking/{id}");
        Ok(Answer::ok(&json!({ "code": 1, "data": { "id": id, "trackingUrl": url, "carrierCode": "" } })))
    }

    fn edit_order(&self, body: &Value) -> Done {
        let id = body["info"]["id"].as_i64().unwrap_or(0);
        let mut state = self.state();
        let (now, now_ms) = (state.now(), state.now_ms());
        let Some(row) = state.tables.of(Stream::Orders).get_mut(&id) else {
            return Err(self.fields("info.id", "Invalid order"));
        };
        if matches!(row.json["info"]["status"].as_i64(), Some(60 | 72)) {
            return Err(self.fields("info.status", "The order can not be edited"));
        }
        if body["info"]["status"].as_i64().is_some_and(|status| ![56, 60, 63, 64, 72].contains(&status)) {
            return Err(self.fields("info.status", "Invalid status"));
        }
        row.lag(now_ms, self.options.lag);
        // What comes blank is erased.
        merge(&mut row.json["info"], &body["info"]);
        merge(&mut row.json["shippingAddress"], &body["shippingAddress"]);
        stamp(Stream::Orders, row, now);
        drop(state);
        self.tell_changed(Stream::Orders, id);
        let url = format!("https://example.com/tracking/{id}");
        Ok(Answer::ok(&json!({ "code": 1, "data": { "id": id, "trackingUrl": url, "carrierCode": "" } })))
    }
}

/// The id is right; an amount or a name is not what it should be.
fn break_row(stream: Stream, row: &mut Value) {
    match stream {
        Stream::Orders => row["payment"]["codAmount"] = "hai trăm nghìn".into(),
        Stream::Invoices => row["payment"]["amount"] = "hai trăm nghìn".into(),
        Stream::Customers => row["totalAmount"] = "hai trăm nghìn".into(),
        Stream::Products => row["prices"] = json!({ "retail": "hai trăm nghìn" }),
        Stream::Users => row["fullName"] = json!({ "first": "?" }),
        _ => row["name"] = json!({ "first": "?" }),
    }
}

/// A number as the shop compares it.
fn digits(mobile: &str) -> String {
    let reading = read_phones(mobile, &PhoneRules::default());
    reading.phones.first().map_or_else(|| mobile.to_owned(), |phone| phone.e164.to_string())
}

fn find_by_mobile(state: &mut State, mobile: &str) -> Option<i64> {
    let wanted = digits(mobile);
    let holds = |row: &Row| row.json["mobile"].as_str().is_some_and(|mobile| digits(mobile) == wanted);
    state.tables.of(Stream::Customers).iter().find(|(_, row)| holds(row)).map(|(id, _)| *id)
}

fn merge(into: &mut Value, from: &Value) {
    let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) else { return };
    for (key, value) in from {
        into.insert(key.clone(), value.clone());
    }
}

fn next_id(state: &mut State, stream: Stream, base: i64) -> i64 {
    state.tables.of(stream).last_key_value().map_or(base, |(id, _)| id.max(&base) + STEP)
}

impl Inner {
    pub(super) fn new_customer(&self, state: &mut State, from: &Value) -> i64 {
        let id = next_id(state, Stream::Customers, CUSTOMER);
        let now = state.now();
        let mut json =
            json!({ "id": id, "type": 1, "code": "", "points": 0, "totalAmount": 0, "updatedAt": now });
        let members: Map<String, Value> = from
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| {
                ["name", "mobile", "gender", "birthday", "email", "address", "locations"]
                    .contains(&key.as_str())
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        merge(&mut json, &Value::Object(members));
        self.put(state, Stream::Customers, id, json);
        id
    }

    /// A new row, shown when the lag is over.
    fn put(&self, state: &mut State, stream: Stream, id: i64, json: Value) {
        let now = state.now();
        let unstamped = stream == Stream::Orders && self.options.unstamped;
        let mut row = Row::new(json, now, (!unstamped).then_some(now));
        if unstamped {
            row.json["info"]["updatedAt"] = Value::Null;
        }
        row.shown = state.now_ms() + millis(self.options.lag);
        state.tables.of(stream).insert(id, row);
    }

    pub(super) fn new_order(&self, state: &mut State, kind: i64) -> i64 {
        let id = next_id(state, Stream::Orders, if kind == 1 { ORDER } else { RETURN });
        let now = state.now();
        let json = json!({
            "info": { "id": id, "depotId": super::DEPOT, "type": kind, "createdAt": now, "updatedAt": now, "status": 54, "returnFromId": null },
            "channel": { "appOrderId": "", "saleChannel": 1, "trafficSource": "" },
            "shippingAddress": { "id": null, "name": "", "mobile": "" }, "products": [],
            "carrier": { "id": null, "name": "", "carrierCode": "", "customerShipFee": 0 }, "payment": { "codAmount": 0 }, "gifts": [],
        });
        self.put(state, Stream::Orders, id, json);
        id
    }
}

/// Adds a row to a stream, where the shop can.
pub(super) fn insert(inner: &Inner, stream: Stream) -> Option<i64> {
    let mut state = inner.state();
    let now = state.now();
    Some(match stream {
        Stream::Customers => inner.new_customer(&mut state, &json!({ "name": "Người Mới Mẫu" })),
        Stream::Orders => inner.new_order(&mut state, 1),
        Stream::Returns => inner.new_order(&mut state, 16),
        Stream::Invoices => {
            let id = next_id(&mut state, stream, inner.options.bill_base());
            let json = json!({
                "id": id, "orderId": null, "depotId": super::DEPOT, "date": rows::day(now), "type": 2, "customer": [], "products": [],
                "payment": { "amount": 50_000, "cash": { "amount": 50_000 } }, "createdAt": now,
            });
            inner.put(&mut state, stream, id, json);
            id
        }
        Stream::Products => {
            let id = next_id(&mut state, stream, PRODUCT);
            let json = json!({ "id": id, "parentId": -1, "code": format!("SP{id}"), "name": "Hàng mới", "status": 1, "prices": [],
                "inventory": { "remain": 0 }, "updatedAt": now, "createdAt": now });
            inner.put(&mut state, stream, id, json);
            id
        }
        _ => return None,
    })
}
