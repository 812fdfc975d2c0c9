//! The endpoints.

use pos_core::record::Stream;
use serde_json::{Map, Value, json};

use super::render::{self, SHOP_ID, utc};
use super::{Inner, State, Stored, hooks};
use crate::fault::Drift;
use crate::server::{Answer, Asked, Query, Twist, digits, millis, text};

/// The page when nobody asks.
const PAGE: usize = 30;
/// The largest page.
const MAX_PAGE: usize = 1000;
pub(super) fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message, "success": false}))
}

/// A refusal by a number of the vendor's, which is its status where it can be.
pub(super) fn refuse_with(code: &str) -> Answer {
    let number: u16 = code.parse().unwrap_or(422);
    let status = if (400..500).contains(&number) { number } else { 422 };
    Answer::json(status, &json!({"message": "Không thực hiện được", "error_code": number, "success": false}))
}

/// 400 for one unknown id, 500 for the next.
fn unknown(id: &str) -> Answer {
    if id.bytes().map(u64::from).sum::<u64>() % 2 == 0 {
        refuse(400, "Bad request")
    } else {
        refuse(500, "Internal server error")
    }
}

fn list_of<'a>(query: &'a Query, name: &str) -> Vec<&'a str> {
    let name = format!("{name}[]");
    query.0.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.as_str()).collect()
}

/// A list in one parameter: the vendor falls over it.
fn has_json_list(query: &Query) -> bool {
    query.0.iter().any(|(name, value)| name != "search" && value.starts_with('['))
}

fn window(query: &Query, from: &str, to: &str) -> (i64, i64) {
    (query.number(from).unwrap_or(i64::MIN), query.number(to).unwrap_or(i64::MAX))
}

fn stream_of(segment: &str) -> Option<Stream> {
    Some(match segment {
        "customers" => Stream::Customers,
        "orders" => Stream::Orders,
        "products" => Stream::Products,
        "warehouses" => Stream::Branches,
        "users" => Stream::Users,
        _ => return None,
    })
}

fn ok(value: Value) -> Answer {
    Answer::json(200, &json!({"data": value, "success": true}))
}

/// Whether a number that was stored shows what is searched for, digit by digit as written.
fn has_digits(stored: &str, wanted: &str) -> bool {
    let wanted = digits(wanted);
    wanted.len() >= 4 && digits(stored).contains(&wanted)
}

fn phones(row: &Map<String, Value>) -> impl Iterator<Item = &str> {
    row.get("phone_numbers").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Changes a row; the index goes on showing the old one for as long as it lags.
pub(super) fn change(
    inner: &Inner,
    state: &mut State,
    stream: Stream,
    id: &str,
    change: impl FnOnce(&mut Map<String, Value>),
) -> bool {
    let now = state.now_ms();
    let lag = lag_of(inner, stream);
    let Some(row) = state.table(stream).get(id).cloned() else { return false };
    let mut body = render::body(inner.shop(), stream, &row);
    change(&mut body);
    body.insert("updated_at".into(), utc(now, stream == Stream::Orders).into());
    if let Some(variations) = body.get_mut("variations").and_then(Value::as_array_mut) {
        body_time(variations, now);
        body.remove("updated_at");
    }
    let status = body.get("status").and_then(Value::as_i64).unwrap_or(row.status);
    let stale = (lag > 0).then(|| {
        let shown = match row.stale.clone() {
            Some((until, shown)) if until > now => shown,
            _ => Some(Box::new(Stored { stale: None, ..row.clone() })),
        };
        (now.saturating_add(lag), shown)
    });
    hooks::tell(inner, state, stream, "update", &body);
    let changed = Stored { body: Some(body), changed_ms: now, status, stale, ..row };
    state.table(stream).get_mut(id).is_some_and(|row| {
        *row = changed;
        true
    })
}

/// How long the index stays behind, in milliseconds.
fn lag_of(inner: &Inner, stream: Stream) -> i64 {
    if stream != Stream::Orders && !inner.options.lags_all {
        return 0;
    }
    millis(inner.options.index_lag)
}

fn body_time(variations: &mut [Value], now: i64) {
    for variation in variations.iter_mut().filter_map(Value::as_object_mut) {
        variation.insert("updated_at".into(), utc(now, true).into());
    }
}

/// Adds a copy of a row under a new key.
pub(super) fn insert(inner: &Inner, state: &mut State, stream: Stream) -> Option<String> {
    let now = state.now_ms();
    match stream {
        Stream::Customers => {
            let number = state.serial();
            let mut body = Map::new();
            body.insert("name".into(), format!("Khách Mới Mẫu {number}").into());
            body.insert("phone_numbers".into(), json!([]));
            Some(add_customer(inner, state, body, now))
        }
        Stream::Orders => {
            let mut body = render::blank_order();
            body.insert("note".into(), "Đơn thêm".into());
            Some(add_order(inner, state, body, now, None))
        }
        _ => None,
    }
}

pub(super) fn add_customer(inner: &Inner, state: &mut State, fields: Map<String, Value>, now: i64) -> String {
    let index = state.table(Stream::Customers).next + 1_000_000;
    let key = render::customer_key(index);
    let mut body: Map<String, Value> = Map::new();
    body.insert("id".into(), key.clone().into());
    body.insert("customer_id".into(), format!("e5b1d9a4-0000-4000-8000-{index:012x}").into());
    body.insert("shop_id".into(), SHOP_ID.into());
    for name in ["emails", "phone_numbers", "tags", "shop_customer_addresses", "notes", "order_sources"] {
        body.insert(name.into(), json!([]));
    }
    for name in ["order_count", "purchased_amount", "reward_point", "current_debts"] {
        body.insert(name.into(), 0.into());
    }
    body.extend(fields);
    for name in ["inserted_at", "updated_at"] {
        body.insert(name.into(), utc(now, false).into());
    }
    hooks::tell(inner, state, Stream::Customers, "create", &body);
    let lag = lag_of(inner, Stream::Customers);
    let stale = (lag > 0).then(|| (now.saturating_add(lag), None));
    let row = Stored { seed: None, body: Some(body), created_ms: now, changed_ms: now, status: 0, stale };
    state.table(Stream::Customers).put(key.clone(), row);
    key
}

pub(super) fn add_order(
    inner: &Inner,
    state: &mut State,
    mut body: Map<String, Value>,
    now: i64,
    custom_id: Option<String>,
) -> String {
    let number = render::next_order(state.table(Stream::Orders));
    body.insert("system_id".into(), number.into());
    body.insert("id".into(), custom_id.map_or_else(|| number.into(), Value::from));
    for name in ["inserted_at", "updated_at"] {
        body.insert(name.into(), utc(now, true).into());
    }
    body.insert("order_currency".into(), inner.options.currency.clone().into());
    let lag = lag_of(inner, Stream::Orders);
    let status = body.get("status").and_then(Value::as_i64).unwrap_or(0);
    render::set_status(&mut body, status);
    hooks::tell(inner, state, Stream::Orders, "create", &body);
    let stale = (lag > 0).then(|| (now.saturating_add(lag), None));
    let row = Stored { seed: None, body: Some(body), created_ms: now, changed_ms: now, status, stale };
    state.table(Stream::Orders).put(number.to_string(), row);
    number.to_string()
}

impl Inner {
    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let (method, query) = (asked.method.as_str(), &Query::parse(&asked.query));
        if let Some(refused) = self.refuse_stranger(query, asked) {
            return refused;
        }
        if has_json_list(query) {
            return refuse(500, "Internal server error");
        }
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let shop = SHOP_ID.to_string();
        let sent = || asked.object().ok_or_else(|| refuse(400, "Bad request"));
        let ["api", "v1", rest @ ..] = segments.as_slice() else {
            return refuse(404, "Page not found");
        };
        let rest = match rest {
            ["shops"] if method == "GET" => {
                return Answer::json(200, &json!({"shops": [self.shop_record()], "success": true}));
            }
            ["geo", "provinces"] => {
                return ok(
                    json!([{"country_code": 84, "id": "101", "name": "Hà Nội", "name_en": "ha noi", "new_id": "84_VN101"}]),
                );
            }
            ["shops", id, rest @ ..] if *id == shop => rest,
            _ => return refuse(404, "Page not found"),
        };
        match (method, rest) {
            ("GET", []) => Answer::json(200, &json!({"shop": self.shop_record(), "success": true})),
            ("PUT", []) => match sent() {
                Ok(sent) => {
                    if let Some(Value::Object(settings)) = sent.get("shop") {
                        self.state().webhook.extend(settings.clone());
                    }
                    Answer::json(200, &json!({"shop": self.shop_record(), "success": true}))
                }
                Err(refused) => refused,
            },
            ("GET", ["order_source"]) => ok(json!([
                {"id": -1, "name": "Facebook", "parent_id": null, "shop_id": null, "link": null},
                {"id": 9002, "name": "Website", "parent_id": null, "shop_id": SHOP_ID, "link": null},
            ])),
            ("GET", ["products", "variations"]) => self.variations(query),
            ("GET", [list]) => match stream_of(list) {
                Some(stream) => self.list(stream, query, twist),
                None => refuse(404, "Page not found"),
            },
            ("GET", [list, id]) => match stream_of(list).and_then(|stream| self.find(stream, id)) {
                Some(row) => ok(Value::Object(row)),
                None => unknown(id),
            },
            ("POST", ["customers"]) => {
                sent().map_or_else(|refused| refused, |sent| self.create_customer(&sent))
            }
            ("PUT", ["customers", id]) => {
                sent().map_or_else(|refused| refused, |sent| self.change_customer(id, &sent))
            }
            ("POST", ["customers", id, "create_note"]) => {
                sent().map_or_else(|refused| refused, |sent| self.create_note(id, &sent))
            }
            ("GET", ["customers", id, "load_customer_notes"]) => {
                let notes = self.state().notes.get(*id).cloned().unwrap_or_default();
                ok(Value::Array(notes))
            }
            ("POST", ["orders"]) => sent().map_or_else(|refused| refused, |sent| self.create_order(sent)),
            ("PUT", ["orders", id]) => {
                sent().map_or_else(|refused| refused, |sent| self.change_order(id, sent))
            }
            _ => refuse(404, "Page not found"),
        }
    }

    fn refuse_stranger(&self, query: &Query, asked: &Asked) -> Option<Answer> {
        let key = self.state().key.clone();
        let with_header = asked.bearer() == Some(key.as_str());
        let known = query.get("api_key") == Some(key.as_str()) && (with_header || !self.options.wants_header);
        let (status, message) = &self.options.stranger;
        (!known).then(|| refuse(*status, message))
    }

    fn shop_record(&self) -> Value {
        let mut record = json!({"id": SHOP_ID, "name": "Cửa hàng Mẫu", "avatar_url": null, "pages": []});
        if self.options.shows_webhook {
            let state = self.state();
            record["webhook_url"] = state.webhook.get("webhook_url").cloned().unwrap_or(Value::Null);
            record["webhook_enable"] =
                state.webhook.get("webhook_enable").cloned().unwrap_or(Value::Bool(false));
        }
        record
    }

    /// One row by its own id.
    fn find(&self, stream: Stream, id: &str) -> Option<Map<String, Value>> {
        let mut state = self.state();
        let shop = self.shop();
        let key = match stream {
            Stream::Orders => order_key(shop, &mut state, id)?,
            Stream::Products if !state.table(stream).keys.contains_key(id) => {
                let table = state.table(stream);
                let mut all: Vec<&String> = table.keys.keys().collect();
                all.sort();
                let is_it = |row: &Stored| text(&render::body(shop, stream, row), "custom_id") == id;
                all.into_iter().find(|key| table.get(key).is_some_and(is_it))?.clone()
            }
            _ => id.to_owned(),
        };
        let mut body = render::body(shop, stream, state.table(stream).get(&key)?);
        if stream == Stream::Customers {
            body.insert("notes".into(), Value::Array(state.notes.get(&key).cloned().unwrap_or_default()));
        }
        Some(body)
    }

    fn list(&self, stream: Stream, query: &Query, twist: Twist) -> Answer {
        let mut state = self.state();
        let shop = self.shop();
        let now = state.now_ms();
        let search = query.get("search");
        let column = query.get("updateStatus").unwrap_or("inserted_at").to_owned();
        let (from, to) = match stream {
            Stream::Orders => window(query, "startDateTime", "endDateTime"),
            Stream::Customers => window(query, "start_time_updated_at", "end_time_updated_at"),
            _ => (i64::MIN, i64::MAX),
        };
        let wanted: Vec<i64> =
            list_of(query, "filter_status").iter().filter_map(|code| code.parse().ok()).collect();
        let removed = query.get("include_removed").is_some() || wanted.contains(&7);
        let hides_cancelled = self.options.hides_cancelled && wanted.is_empty() && search.is_none();
        let mut rows: Vec<(i64, u64, Stored)> = Vec::new();
        for (at, row) in &state.table(stream).rows {
            let row = match &row.stale {
                Some((until, shown)) if *until > now => match shown {
                    Some(shown) => (**shown).clone(),
                    None => continue,
                },
                _ => row.clone(),
            };
            let by = if stream == Stream::Orders && column == "inserted_at" {
                row.created_ms
            } else {
                row.changed_ms
            };
            let seconds = by.div_euclid(1000);
            // A row with a fraction lies behind its second, as the vendor's database sees it; customers carry none.
            let behind = stream == Stream::Orders && by.rem_euclid(1000) > 0;
            if seconds < from || seconds > to || (seconds == to && behind) {
                continue;
            }
            let is_window = from != i64::MIN || to != i64::MAX;
            if self.options.dateless_customers
                && stream == Stream::Customers
                && is_window
                && row.body.as_ref().is_some_and(|body| body["updated_at"].is_null())
            {
                continue;
            }
            if stream == Stream::Orders {
                if (row.status == 7 && !removed) || (row.status == 6 && hides_cancelled) {
                    continue;
                }
                if !wanted.is_empty() && !wanted.contains(&row.status) {
                    continue;
                }
            }
            rows.push((by, *at, row));
        }
        let newest_first = match (stream, query.get("option_sort")) {
            (Stream::Orders, Some(sort)) => sort.ends_with("_desc"),
            (Stream::Orders | Stream::Customers, _) => true,
            _ => false,
        };
        if matches!(stream, Stream::Orders | Stream::Customers) {
            rows.sort_by_key(|(by, at, _)| (*by, *at));
        }
        if newest_first {
            rows.reverse();
        }
        if self.options.unsorted {
            rows.sort_by_key(|(_, at, _)| *at);
        }
        if let Some(search) = search {
            rows.retain(|(_, _, row)| is_found(stream, &render::body(shop, stream, row), search));
        }
        let total = rows.len();
        let unpaged = matches!(stream, Stream::Branches | Stream::Users);
        let size = query.size("page_size", PAGE, MAX_PAGE);
        let pages = total.div_ceil(size);
        let mut number = query.page("page_number");
        if self.options.repeat_tail || twist.repeat_tail {
            number = number.min(pages.max(1));
        }
        let page: Vec<(i64, u64, Stored)> = if unpaged {
            rows
        } else {
            rows.into_iter().skip((number - 1).saturating_mul(size)).take(size).collect()
        };
        let shows_custom = list_of(query, "extra_fields").contains(&"custom_id");
        let mut data: Vec<Value> = Vec::with_capacity(page.len());
        for (_, _, row) in &page {
            let mut body = render::body(shop, stream, row);
            if stream == Stream::Orders && !shows_custom {
                body.remove("custom_id");
            }
            if stream == Stream::Customers {
                let notes = state.notes.get(text(&body, "id")).cloned().unwrap_or_default();
                body.insert("notes".into(), Value::Array(notes));
            }
            data.push(Value::Object(body));
        }
        if let Some(row) = twist.broken_row.and_then(|row| data.get_mut(row)) {
            let broken = json!({"broken": true});
            match stream {
                Stream::Customers => row["purchased_amount"] = broken,
                Stream::Orders => row["total_price"] = broken,
                Stream::Products => row["variations"][0]["retail_price"] = broken,
                Stream::Users => row["role"] = broken,
                _ => row["name"] = broken,
            }
        }
        if let (Some(drift), Some(first)) = (twist.drift, data.first().and_then(Value::as_object)) {
            let id = first.get("system_id").or_else(|| first.get("id")).cloned().unwrap_or(Value::Null);
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            match drift {
                Drift::Insert => drop(insert(self, &mut state, stream)),
                Drift::Modify => drop(change(self, &mut state, stream, &id, |_| {})),
                Drift::Delete if stream == Stream::Orders => {
                    change(self, &mut state, stream, &id, |row| render::set_status(row, 7));
                }
                Drift::Delete => {}
            }
        }
        if unpaged {
            return ok(Value::Array(data));
        }
        let mut answer = json!({
            "data": data, "page_number": number, "page_size": size, "success": true, "total_entries": total, "total_pages": pages,
        });
        if stream == Stream::Orders {
            answer["aggs"] = json!({"status": {"buckets": []}});
        }
        Answer::json(200, &answer)
    }

    fn variations(&self, query: &Query) -> Answer {
        let ids = list_of(query, "variation_ids");
        let search = query.get("search");
        let fits = |row: &Map<String, Value>| {
            (ids.is_empty() || ids.contains(&text(row, "id")))
                && search.is_none_or(|search| {
                    let search = search.to_lowercase();
                    ["display_id", "barcode", "custom_id"]
                        .iter()
                        .any(|name| text(row, name).to_lowercase().contains(&search))
                })
        };
        let all: Vec<Value> = render::variations(self.shop()).filter(fits).map(Value::Object).collect();
        let (size, number) = (query.size("page_size", PAGE, MAX_PAGE), query.page("page_number"));
        let total = all.len();
        let data: Vec<Value> = all.into_iter().skip((number - 1).saturating_mul(size)).take(size).collect();
        Answer::json(
            200,
            &json!({
                "data": data, "page_number": number, "page_size": size, "success": true, "total_entries": total,
                "total_pages": total.div_ceil(size),
            }),
        )
    }

    fn create_customer(&self, sent: &Map<String, Value>) -> Answer {
        let mut state = self.state();
        let now = state.now_ms();
        let fields = match sent.get("customer") {
            Some(Value::Object(fields)) => fields.clone(),
            _ if sent.contains_key("phoneNumber") => {
                let mut fields = Map::new();
                fields.insert("name".into(), sent.get("name").cloned().unwrap_or(Value::Null));
                fields.insert("phone_numbers".into(), json!([sent.get("phoneNumber")]));
                fields
                    .insert("date_of_birth".into(), sent.get("dateOfBirth").cloned().unwrap_or(Value::Null));
                fields
            }
            _ => return refuse(400, "Bad request"),
        };
        let key = add_customer(self, &mut state, fields, now);
        drop(state);
        if self.options.bare_created {
            return Answer::json(200, &json!({"success": true}));
        }
        ok(self.find(Stream::Customers, &key).map_or(Value::Null, Value::Object))
    }

    fn change_customer(&self, id: &str, sent: &Map<String, Value>) -> Answer {
        let Some(Value::Object(fields)) = sent.get("customer") else {
            return refuse(400, "Bad request");
        };
        let fields = fields.clone();
        let changed = change(self, &mut self.state(), Stream::Customers, id, |row| row.extend(fields));
        if !changed {
            return unknown(id);
        }
        ok(self.find(Stream::Customers, id).map_or(Value::Null, Value::Object))
    }

    fn create_note(&self, id: &str, sent: &Map<String, Value>) -> Answer {
        let Some(message) = sent.get("message").and_then(Value::as_str) else {
            return refuse(400, "Bad request");
        };
        let mut state = self.state();
        let (serial, now) = (state.serial(), state.now_ms() / 1000);
        let note = json!({
            "id": format!("7c7c7c7c-0000-4000-8000-{serial:012x}"), "message": message, "created_at": now, "updated_at": now,
            "order_id": null, "images": [],
        });
        state.notes.entry(id.to_owned()).or_default().push(note.clone());
        ok(note)
    }

    fn create_order(&self, sent: Map<String, Value>) -> Answer {
        let mut state = self.state();
        let now = state.now_ms();
        let Some(Value::Array(items)) = sent.get("items").cloned() else {
            return refuse(400, "Bad request");
        };
        if sent.get("shop_id").and_then(Value::as_i64) != Some(SHOP_ID) {
            return refuse(400, "Bad request");
        }
        let amount = |value: Option<&Value>| value.and_then(Value::as_f64).unwrap_or(0.0) as i64;
        let mut goods = 0;
        let mut lines = Vec::new();
        for (at, item) in items.iter().enumerate() {
            if item.get("variation_id").and_then(Value::as_str).is_none_or(str::is_empty) {
                return Answer::json(200, &json!({"success": false, "message": "Product not found"}));
            }
            goods += amount(item.get("quantity")) * amount(item["variation_info"].get("retail_price"));
            let mut line = item.clone();
            line["id"] = (12_990_000_000_u64 + at as u64).into();
            line["total_discount"] = 0.into();
            lines.push(line);
        }
        let mut body = render::blank_order();
        let custom_id = sent.get("custom_id").and_then(Value::as_str).map(str::to_owned);
        let phone = sent.get("bill_phone_number").and_then(Value::as_str).unwrap_or_default().to_owned();
        body.extend(sent);
        let total = goods - amount(body.get("total_discount")) + amount(body.get("shipping_fee"));
        for (name, value) in [
            ("total_price", goods),
            ("total_price_after_sub_discount", total),
            ("cod", total),
            ("money_to_collect", total),
        ] {
            body.insert(name.into(), value.into());
        }
        body.insert("items_length".into(), lines.len().into());
        body.insert("items".into(), Value::Array(lines));
        // Orders find or make the customer by phone on their own.
        if !phone.is_empty() {
            let known = {
                let shop = self.shop();
                state.table(Stream::Customers).rows.values().find_map(|row| {
                    let body = render::body(shop, Stream::Customers, row);
                    let is_same = phones(&body).any(|number| digits(number) == digits(&phone));
                    is_same.then_some(body)
                })
            };
            let customer = known.unwrap_or_else(|| {
                let mut fields = Map::new();
                fields.insert("name".into(), body.get("bill_full_name").cloned().unwrap_or(Value::Null));
                fields.insert("phone_numbers".into(), json!([phone]));
                let key = add_customer(self, &mut state, fields, now);
                written(&mut state, Stream::Customers, &key)
            });
            body.insert("customer".into(), Value::Object(customer));
        }
        let key = add_order(self, &mut state, body, now, custom_id);
        ok(written(&mut state, Stream::Orders, &key).into())
    }

    /// Under an API key the vendor drops money fields without a word.
    fn change_order(&self, id: &str, mut sent: Map<String, Value>) -> Answer {
        for name in [
            "customer_pay_fee",
            "shipping_fee",
            "partner_fee",
            "is_free_shipping",
            "total_discount",
            "surcharge",
        ] {
            sent.remove(name);
        }
        let mut state = self.state();
        let Some(key) = order_key(self.shop(), &mut state, id) else { return unknown(id) };
        let status = sent.get("status").and_then(Value::as_i64);
        change(self, &mut state, Stream::Orders, &key, |row| {
            row.extend(sent);
            if let Some(status) = status {
                render::set_status(row, status);
            }
        });
        drop(state);
        ok(self.find(Stream::Orders, id).map_or(Value::Null, Value::Object))
    }
}

/// A row that was written a moment ago.
fn written(state: &mut State, stream: Stream, key: &str) -> Map<String, Value> {
    state.table(stream).get(key).and_then(|row| row.body.clone()).unwrap_or_default()
}

/// The number of an order by the id that its address takes: the one that the vendor shows.
fn order_key(shop: &crate::seed::Shop, state: &mut State, id: &str) -> Option<String> {
    let table = state.table(Stream::Orders);
    let shown = |row: &Stored| {
        let body = render::body(shop, Stream::Orders, row);
        match body.get("id") {
            Some(Value::String(shown)) => shown.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    };
    if let Some(row) = table.get(id) {
        return (shown(row) == id).then(|| id.to_owned());
    }
    if id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    table
        .keys
        .iter()
        .find(|(_, at)| table.rows.get(at).is_some_and(|row| shown(row) == id))
        .map(|(key, _)| key.clone())
}

fn is_found(stream: Stream, row: &Map<String, Value>, search: &str) -> bool {
    let lower = search.to_lowercase();
    let says = |name: &str| text(row, name).to_lowercase().contains(&lower);
    match stream {
        Stream::Customers => {
            phones(row).any(|phone| has_digits(phone, search)) || (digits(search).is_empty() && says("name"))
        }
        Stream::Orders => {
            let number = row.get("system_id").map(Value::to_string).unwrap_or_default();
            has_digits(text(row, "bill_phone_number"), search)
                || number == search
                || says("id")
                || says("custom_id")
                || says("note")
                || (digits(search).is_empty() && says("bill_full_name"))
        }
        _ => says("name") || says("custom_id"),
    }
}
