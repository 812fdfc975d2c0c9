//! The endpoints.

use pos_core::record::Stream;
use serde_json::{Map, Value, json};

use super::render::{self, GUEST, LOCATION, ORG_ID, USER, utc};
use super::{Clock, Inner, Row, State};
use crate::fault::Drift;
use crate::out::OFFSET_MS;
use crate::server::{Answer, Asked, Query, Twist, digits, instant, millis, object};

/// The largest page.
const MAX_PAGE: usize = 50;

pub(super) fn refuse(errors: Value) -> Answer {
    Answer::json(422, &json!({ "errors": errors }))
}

/// "Not found" is a 422 as often as a 404.
fn missing() -> Answer {
    refuse("Dữ liệu không tồn tại!".into())
}

pub(super) fn throttled(wait: Option<String>) -> Answer {
    Answer::bytes(429, "").to_wait(wait).with(BUCKET, "80/80")
}

/// The header that tells of the bucket.
const BUCKET: &str = "x-haravan-api-call-limit";

/// What a time filter means, as Unix milliseconds.
pub(super) fn filter_ms(text: &str, clock: Clock) -> Option<i64> {
    use time::UtcOffset;
    let bare = text.trim().trim_end_matches('Z');
    // A numeric offset is turned into UTC; everything else is read as it stands.
    let read = pos_core::lenient::parse_instant(bare, UtcOffset::UTC).ok()??;
    let wall = i64::try_from(read.unix_timestamp_nanos() / 1_000_000).ok()?;
    Some(match clock {
        Clock::Local => wall - OFFSET_MS,
        Clock::Utc => wall,
    })
}

fn plural(segment: &str) -> Option<(Stream, &'static str, &'static str)> {
    Some(match segment {
        "customers" => (Stream::Customers, "customers", "customer"),
        "orders" => (Stream::Orders, "orders", "order"),
        "products" => (Stream::Products, "products", "product"),
        "locations" => (Stream::Branches, "locations", "location"),
        "users" => (Stream::Users, "users", "user"),
        _ => return None,
    })
}

/// Writes a date of change into a row.
pub(super) fn stamp(row: &mut Row, at: i64) {
    row.changed = at;
    row.json.insert("updated_at".into(), utc(at).into());
}

pub(super) fn delete(state: &mut State, stream: Stream, id: i64) -> bool {
    if !matches!(stream, Stream::Customers | Stream::Orders | Stream::Products) {
        return false;
    }
    if state.table(stream).remove(&id).is_none() {
        return false;
    }
    state.gone.insert((stream, id));
    // The vendor's table of events has `destroy` for products only.
    if stream != Stream::Products {
        return true;
    }
    let subject = "Product";
    let (serial, now) = (state.serial(), state.now_ms());
    // Events carry an offset.
    let zone = time::UtcOffset::from_hms(-5, 0, 0).unwrap_or(time::UtcOffset::UTC);
    let at = instant(now)
        .to_offset(zone)
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default();
    let id_of_event = 160_000_000 + serial;
    let event = json!({
        "arguments": [], "body": null, "created_at": at, "id": id_of_event, "subject_id": id, "subject_type": subject,
        "verb": "destroy", "message": "was destroyed.", "author": "haravan", "description": null, "path": null,
    });
    state.events.push((id_of_event, event, now));
    true
}

/// An id that nothing had before: what is gone never comes back, under its id nothing else either.
fn next_id(state: &mut State, stream: Stream, from: i64) -> i64 {
    let serial = state.serial();
    let gone = state.gone.range((stream, i64::MIN)..=(stream, i64::MAX)).next_back().map(|(_, id)| *id);
    let there = state.table(stream).keys().next_back().copied();
    gone.max(there).unwrap_or(from).max(from) + 1 + serial % 2
}

fn text(map: &Map<String, Value>, key: &str) -> Value {
    match map.get(key) {
        Some(Value::String(text)) if !text.trim().is_empty() => text.clone().into(),
        _ => Value::Null,
    }
}

/// Fills the rest of an address that was sent.
fn address(sent: &Map<String, Value>, id: i64, is_default: bool) -> Value {
    let part = |key: &str| text(sent, key);
    let (first, last) = (part("first_name"), part("last_name"));
    json!({
        "address1": part("address1"), "address2": part("address2"), "city": null, "company": part("company"),
        "country": part("country"), "first_name": first, "id": id, "last_name": last, "phone": part("phone"),
        "province": part("province"), "zip": part("zip"),
        "name": format!("{} {}", last.as_str().unwrap_or_default(), first.as_str().unwrap_or_default()),
        "province_code": part("province_code"), "country_code": part("country_code"), "default": is_default,
        "district": part("district"), "district_code": part("district_code"), "ward": part("ward"),
        "ward_code": part("ward_code"),
    })
}

pub(super) fn new_customer(state: &mut State, sent: &Map<String, Value>) -> i64 {
    let id = next_id(state, Stream::Customers, GUEST);
    let now = state.now_ms();
    let mut json = render::guest();
    for key in ["email", "phone", "first_name", "last_name", "note", "tags", "birthday"] {
        json.insert(key.into(), text(sent, key));
    }
    json.insert("id".into(), id.into());
    json.insert("gender".into(), sent.get("gender").cloned().unwrap_or_default());
    json.insert("orders_count".into(), 0.into());
    json.insert("total_spent".into(), 0.0.into());
    json.insert("state".into(), "Enabled".into());
    json.insert("created_at".into(), utc(now).into());
    let places: Vec<Value> = sent
        .get("addresses")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .enumerate()
        .map(|(at, place)| address(place, id + 100_000_000 + at as i64, at == 0))
        .collect();
    json.insert("default_address".into(), places.first().cloned().unwrap_or_default());
    json.insert("addresses".into(), places.into());
    let mut row = Row { json, created: now, changed: now };
    stamp(&mut row, now);
    state.table(Stream::Customers).insert(id, row);
    id
}

fn amount(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::String(text)) => text.parse().unwrap_or(0.0),
        Some(value) => value.as_f64().unwrap_or(0.0),
        None => 0.0,
    }
}

/// The customer that an order names, or whose e-mail it has, or who is made from that e-mail; else the guest record.
fn buyer_of(state: &mut State, sent: &Map<String, Value>) -> i64 {
    if let Some(id) = sent.get("customer").and_then(|customer| customer["id"].as_i64()) {
        return id;
    }
    let Some(email) = sent.get("email").and_then(Value::as_str).map(str::to_lowercase) else { return GUEST };
    let known = state.table(Stream::Customers).iter().find_map(|(id, row)| {
        let own = row.json["email"].as_str().map(str::to_lowercase);
        (own.as_ref() == Some(&email)).then_some(*id)
    });
    known.unwrap_or_else(|| new_customer(state, &object(json!({ "email": email }))))
}

pub(super) fn new_order(state: &mut State, sent: &Map<String, Value>) -> i64 {
    let id = next_id(state, Stream::Orders, render::order_id(0));
    let now = state.now_ms();
    let wanted = buyer_of(state, sent);
    let customer =
        state.table(Stream::Customers).get(&wanted).map_or_else(render::guest, |row| row.json.clone());
    let bill = render::billing(&customer);
    let ship = match sent.get("shipping_address").and_then(Value::as_object) {
        Some(place) => render::shipping(&object(address(place, 0, false))),
        None => render::shipping(&bill),
    };
    let mut lines = Vec::new();
    let mut subtotal = 0.0;
    for (at, line) in sent.get("line_items").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let product_id = line["variant_id"].as_i64().map(|variant| variant - render::VARIANT);
        let product =
            product_id.and_then(|id| state.table(Stream::Products).get(&id)).map(|row| row.json.clone());
        let listed = product.as_ref().map_or(0.0, |product| amount(Some(&product["variants"][0]["price"])));
        let price = if line["price"].is_null() { listed } else { amount(line.get("price")) };
        let quantity = amount(line.get("quantity"));
        // The discount is sent for the line and answered for one piece.
        let discount = if quantity > 0.0 { amount(line.get("total_discount")) / quantity } else { 0.0 };
        let sku = product
            .as_ref()
            .and_then(|product| product["variants"][0]["sku"].as_str().map(str::to_owned))
            .unwrap_or_default();
        let title = product
            .as_ref()
            .and_then(|product| product["title"].as_str().map(str::to_owned))
            .unwrap_or_default();
        let known = product_id.filter(|_| product.is_some()).map(|id| (id, sku.as_str(), title.as_str()));
        lines.push(render::line(id * 10 + at as i64, known, quantity, price as i64, discount as i64));
        subtotal += quantity * (price - discount);
    }
    let codes = sent.get("discount_codes").and_then(Value::as_array).cloned().unwrap_or_default();
    let discount: f64 = codes.iter().map(|code| amount(code.get("amount"))).sum();
    let shipping = sent.get("shipping_lines").and_then(Value::as_array).cloned();
    let fee: f64 = shipping.iter().flatten().map(|line| amount(line.get("price"))).sum();
    let total = subtotal - discount + fee;
    let mut transactions = Vec::new();
    let mut paid = 0.0;
    for (at, sent) in sent.get("transactions").and_then(Value::as_array).into_iter().flatten().enumerate() {
        paid += amount(sent.get("amount"));
        let sum = amount(sent.get("amount")) as i64;
        transactions.push(render::transaction(id * 10 + at as i64, id, "capture", sum, now, Value::Null));
    }
    let code = format!("#{}", id % 1_000_000_000 + 100_000);
    let source = sent.get("source_name").cloned().unwrap_or_default();
    let mut json = object(json!({
        "billing_address": bill, "buyer_accepts_marketing": false, "cancel_reason": null, "cancelled_at": null,
        "closed_at": null, "created_at": utc(now), "currency": "VND", "customer": render::inside_order(&customer),
        "discount_codes": codes, "email": customer["email"],
        "financial_status": if paid <= 0.0 { "pending" } else if paid < total { "partiallypaid" } else { "paid" },
        "fulfillments": [], "fulfillment_status": "notfulfilled", "tags": text(sent, "tags"), "gateway": text(sent, "gateway"),
        "gateway_code": null, "id": id, "source": source, "line_items": lines, "name": code, "note": text(sent, "note"),
        "number": id, "order_number": code, "refunds": [], "shipping_address": ship,
    }));
    json.extend(object(json!({
        "shipping_lines": shipping.unwrap_or_else(|| vec![render::shipping_line(0)]), "source_name": source,
        "subtotal_price": subtotal, "tax_lines": null, "taxes_included": false, "total_discounts": discount,
        "total_line_items_price": subtotal, "total_price": total, "total_tax": 0.0, "total_weight": 0.0,
        "transactions": transactions, "note_attributes": sent.get("note_attributes").cloned().unwrap_or_else(|| json!([])),
        "confirmed_at": utc(now), "closed_status": "unclosed", "cancelled_status": "uncancelled",
        "confirmed_status": "confirmed", "user_id": USER, "ref_order_id": 0, "contact_email": customer["email"],
        "order_processing_status": "confirmed",
    })));
    json.insert("location_id".into(), sent.get("location_id").cloned().unwrap_or_else(|| LOCATION.into()));
    let mut row = Row { json, created: now, changed: now };
    stamp(&mut row, now);
    state.table(Stream::Orders).insert(id, row);
    id
}

/// Adds any record.
pub(super) fn insert(state: &mut State, stream: Stream) -> Option<i64> {
    match stream {
        Stream::Customers => {
            let serial = state.serial();
            let members = json!({ "first_name": "Mới", "last_name": "Khách", "email": format!("khach.moi{serial}@example.com") });
            Some(new_customer(state, &object(members)))
        }
        Stream::Orders => Some(new_order(
            state,
            &object(json!({ "line_items": [{ "title": "Hàng", "price": 10000, "quantity": 1 }] })),
        )),
        Stream::Products => {
            let mut json = state.table(stream).values().next()?.json.clone();
            let id = next_id(state, stream, 0);
            let now = state.now_ms();
            json.insert("id".into(), id.into());
            json.insert("created_at".into(), utc(now).into());
            let mut row = Row { json, created: now, changed: now };
            stamp(&mut row, now);
            state.table(stream).insert(id, row);
            Some(id)
        }
        _ => None,
    }
}

/// One record as the vendor breaks it.
fn break_row(stream: Stream, row: &mut Value) {
    let (key, value): (&str, Value) = match stream {
        Stream::Customers => ("total_spent", "nhiều".into()),
        Stream::Orders => ("total_price", json!({ "amount": 5 })),
        Stream::Products => {
            row["variants"][0]["price"] = "nhiều".into();
            return;
        }
        // Branches and staff have no amounts: nothing else costs a record.
        _ => return,
    };
    row[key] = value;
}

impl Inner {
    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let method = asked.method.as_str();
        let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        let bearer = asked.bearer().unwrap_or_default();
        let query = Query::parse(&asked.query);
        match parts.as_slice() {
            ["connect", "token"] if method == "POST" => return self.token(&asked.body),
            ["connect", "userinfo"] => {
                return match self.state().tokens.contains(bearer) {
                    true => Answer::ok(&claims()),
                    false => Answer::bytes(401, ""),
                };
            }
            _ => {}
        }
        let mut state = self.state();
        if bearer.is_empty() || (!state.tokens.contains(bearer) && state.private != bearer) {
            return Answer::bytes(401, "");
        }
        if parts.first() == Some(&"api") {
            return subscribe(&mut state, &self.options.topics, method, &parts);
        }
        let bucket = match self.options.rate_limit {
            None => "1/80".to_owned(),
            Some((size, leak)) => {
                if !state.bucket.takes(size, leak) {
                    return throttled(Some("2.0".into()));
                }
                format!("{}/{size}", state.bucket.level())
            }
        };
        let answer = match parts.as_slice() {
            ["com", part, ..]
                if self.options.denied.iter().any(|denied| part.trim_end_matches(".json") == denied) =>
            {
                Answer::json(403, &json!({}))
            }
            ["com", rest @ ..] => self.commerce(&mut state, asked, rest, &query, twist),
            _ => Answer::bytes(404, ""),
        };
        if method != "GET" || twist.drift.is_some() {
            self.notice(&mut state);
        }
        answer.with(BUCKET, bucket)
    }

    fn token(&self, body: &[u8]) -> Answer {
        let form = Query::parse(body);
        let mut state = self.state();
        let wrong = |what: &str| Answer::json(400, &json!({ "error": what }));
        if form.get("client_id") != Some(&self.options.client_id)
            || form.get("client_secret") != Some(&state.secret)
        {
            return wrong("invalid_client");
        }
        let mut answer = json!({ "expires_in": 86_400, "token_type": "Bearer" });
        match form.get("grant_type") {
            Some("refresh_token") if form.get("refresh_token") == Some(&state.refresh) => {
                let serial = state.serial();
                if self.options.rotate_refresh {
                    state.refresh = format!("SANDBOXREFRESHTOKEN{serial:020}");
                    answer["refresh_token"] = state.refresh.clone().into();
                }
            }
            Some("authorization_code") if form.get("code") == Some("sandbox-code") => {
                use base64::Engine;
                let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims().to_string());
                answer["refresh_token"] = state.refresh.clone().into();
                answer["id_token"] = format!("e30.{payload}.c2FtcGxl").into();
            }
            _ => return wrong("invalid_grant"),
        }
        let serial = state.serial();
        let token = format!("SANDBOXACCESSTOKEN{serial:020}");
        answer["access_token"] = token.clone().into();
        state.tokens.insert(token);
        Answer::ok(&answer)
    }

    fn commerce(
        &self,
        state: &mut State,
        asked: &Asked,
        parts: &[&str],
        query: &Query,
        twist: Twist,
    ) -> Answer {
        let (method, sent) = (asked.method.as_str(), asked.json());
        let now = state.now_ms();
        let missing = || self.missing();
        let id_of = |part: &str| part.strip_suffix(".json").unwrap_or(part).parse::<i64>().ok();
        match (method, parts) {
            ("GET", ["shop.json"]) => Answer::ok(&json!({ "shop": {
                "id": ORG_ID, "name": "tiem-vai-mau", "domain": "https://tiem-vai-mau.myharavan.com/", "currency": "VND",
                "myharavan_domain": "https://tiem-vai-mau.myharavan.com", "timezone": "(GMT+07:00) Hanoi",
            } })),
            ("GET", ["users.json"]) if self.options.hide_staff => Answer::json(403, &json!({})),
            ("GET", ["events.json"]) => self.events(state, query),
            ("GET", ["customers", "groups.json"]) => Answer::ok(&json!({ "customer_groups": [
                { "id": 39_900_001, "name": "Tất cả khách hàng", "created_at": utc(crate::seed::START_MS) },
            ] })),
            ("GET", ["customers", "search.json"]) => self.search(state, query),
            ("GET", [resource, "count.json"]) => match plural(resource) {
                Some((stream, ..)) => {
                    let until = self.indexed_until(state);
                    let counts = |row: &&Row| has_status(stream, row, query) && row.created <= until;
                    let kept = state.table(stream).values().filter(counts).count();
                    Answer::ok(&json!({ "count": kept }))
                }
                None => Answer::bytes(404, ""),
            },
            ("GET", [file]) if file.ends_with(".json") => match plural(file.trim_end_matches(".json")) {
                Some((stream, many, _)) => self.list(state, stream, many, query, twist),
                None => Answer::bytes(404, ""),
            },
            ("POST", ["customers.json"]) => self.post_customer(state, &sent),
            ("POST", ["orders.json"]) => {
                let Some(order) = sent["order"].as_object() else {
                    return refuse(json!({ "order": ["is missing"] }));
                };
                if order.get("line_items").and_then(Value::as_array).is_none_or(Vec::is_empty) {
                    return refuse(json!({ "line_items": ["can't be blank"] }));
                }
                let id = new_order(state, order);
                self.one(state, Stream::Orders, id, "order", 201)
            }
            ("GET", [resource, file]) => match (plural(resource), id_of(file)) {
                (Some((stream, _, name)), Some(id)) => self.one(state, stream, id, name, 200),
                _ => missing(),
            },
            ("PUT", [resource @ ("customers" | "orders"), file]) => {
                let Some((stream, _, name)) = plural(resource) else { return missing() };
                let Some(row) = id_of(file).and_then(|id| state.table(stream).get_mut(&id)) else {
                    return missing();
                };
                for (key, value) in sent[name].as_object().into_iter().flatten() {
                    // Of an order only these can be changed.
                    let few = ["note", "note_attributes", "email", "tags"];
                    if stream != Stream::Orders || few.contains(&key.as_str()) {
                        row.json.insert(key.clone(), value.clone());
                    }
                }
                stamp(row, now);
                Answer::ok(&json!({ name: row.json }))
            }
            ("DELETE", ["customers", file]) => match id_of(file) {
                Some(id) if delete(state, Stream::Customers, id) => Answer::ok(&json!([])),
                _ => missing(),
            },
            ("POST" | "DELETE", [resource @ ("customers" | "orders"), id, "tags.json"]) => {
                let Some((stream, ..)) = plural(resource) else { return missing() };
                let Some(row) = id_of(id).and_then(|id| state.table(stream).get_mut(&id)) else {
                    return missing();
                };
                let split = |value: &Value| -> Vec<String> {
                    let texts =
                        value.as_str().unwrap_or_default().split(',').map(|tag| tag.trim().to_owned());
                    texts.filter(|tag| !tag.is_empty()).collect()
                };
                let mut tags = split(row.json.get("tags").unwrap_or(&Value::Null));
                let named = split(&sent["tags"]);
                if method == "POST" {
                    tags.extend(named.into_iter().filter(|tag| !tags.contains(tag)).collect::<Vec<_>>());
                } else {
                    tags.retain(|tag| !named.contains(tag));
                }
                let tags = tags.join(",");
                row.json.insert("tags".into(), tags.clone().into());
                stamp(row, now);
                Answer::ok(&json!({ "tags": tags }))
            }
            ("GET", ["customers", id, "addresses.json"]) => {
                match id_of(id).and_then(|id| state.table(Stream::Customers).get(&id)) {
                    Some(row) => Answer::ok(&json!({ "addresses": row.json["addresses"] })),
                    None => missing(),
                }
            }
            ("POST", ["customers", id, "addresses.json"]) => {
                let serial = state.serial();
                let Some(row) = id_of(id).and_then(|id| state.table(Stream::Customers).get_mut(&id)) else {
                    return missing();
                };
                let is_first = row.json["addresses"].as_array().is_none_or(Vec::is_empty);
                let made = address(&object(sent["address"].clone()), 1_300_000_000 + serial, is_first);
                if let Some(places) = row.json.get_mut("addresses").and_then(Value::as_array_mut) {
                    places.push(made.clone());
                }
                if is_first {
                    row.json.insert("default_address".into(), made.clone());
                }
                stamp(row, now);
                // The wrapper of this one call.
                Answer::json(201, &json!({ "address": made }))
            }
            (_, ["orders", id, verb]) => match id_of(id) {
                Some(id) if state.table(Stream::Orders).contains_key(&id) => {
                    order_verb(state, method, id, verb, &sent)
                }
                _ => missing(),
            },
            _ => Answer::bytes(404, ""),
        }
    }

    fn post_customer(&self, state: &mut State, sent: &Value) -> Answer {
        let Some(customer) = sent["customer"].as_object() else {
            return refuse(json!({ "customer": ["is missing"] }));
        };
        if self.options.refuse_known {
            for key in ["phone", "email"] {
                let wanted = text(customer, key).as_str().map(|text| folded(key, text));
                let known = |row: &Row| row.json[key].as_str().map(|own| folded(key, own)) == wanted;
                if wanted.is_some() && state.table(Stream::Customers).values().any(known) {
                    return refuse(json!({ key: ["has already been taken"] }));
                }
            }
        }
        let id = new_customer(state, customer);
        self.one(state, Stream::Customers, id, "customer", 201)
    }

    fn missing(&self) -> Answer {
        if self.options.bare_missing { Answer::bytes(404, "") } else { missing() }
    }

    fn one(&self, state: &mut State, stream: Stream, id: i64, name: &str, code: u16) -> Answer {
        match state.table(stream).get(&id) {
            Some(row) => Answer::json(code, &json!({ name: row.json })),
            None => self.missing(),
        }
    }

    /// Lists show what is no newer than this.
    fn indexed_until(&self, state: &State) -> i64 {
        match millis(self.options.lag) {
            0 => i64::MAX,
            lag => state.now_ms().saturating_sub(lag).max(state.settled),
        }
    }

    fn list(&self, state: &mut State, stream: Stream, many: &str, query: &Query, twist: Twist) -> Answer {
        let whole = matches!(stream, Stream::Branches | Stream::Users);
        let (limit, page) = (query.size("limit", MAX_PAGE, MAX_PAGE), query.page("page"));
        let since = query.number("since_id").filter(|_| !self.options.ignore_since).unwrap_or(i64::MIN);
        let bound = |name: &str| query.get(name).and_then(|text| filter_ms(text, self.options.clock));
        let (updated, created) = (bound("updated_at_min"), bound("created_at_min"));
        let wanted: Option<Vec<i64>> = query
            .get("ids")
            .filter(|_| !self.options.ignore_ids)
            .map(|ids| ids.split(',').filter_map(|id| id.trim().parse().ok()).collect());
        let (now, until) = (state.now_ms(), self.indexed_until(state));
        let keep = |id: i64, row: &Row| {
            id > since
                && updated.is_none_or(|from| row.changed >= from && row.changed <= until)
                && created.is_none_or(|from| row.created >= from)
                && row.created <= until
                && wanted.as_ref().is_none_or(|wanted| wanted.contains(&id))
                && has_status(stream, row, query)
        };
        let mut ids: Vec<i64> =
            state.table(stream).iter().filter(|(id, row)| keep(**id, row)).map(|(id, _)| *id).collect();
        if stream == Stream::Orders
            && let Some(order) = query.get("order")
        {
            let table = state.table(stream);
            let time = |id: &i64| {
                let row = table.get(id);
                row.map(|row| if order.starts_with("updated") { row.changed } else { row.created })
            };
            ids.sort_by_key(|id| (time(id), *id));
            if order.ends_with("desc") {
                ids.reverse();
            }
        }
        if self.options.descending && !whole {
            ids.reverse();
        }
        let (limit, page) = if whole { (usize::MAX, 1) } else { (limit, page) };
        let from = (page - 1).saturating_mul(limit);
        let mut chosen: Vec<i64> = ids.iter().skip(from).take(limit).copied().collect();
        if chosen.is_empty() && (self.options.repeat_tail || twist.repeat_tail) {
            let mut all: Vec<i64> = state.table(stream).keys().copied().collect();
            if self.options.descending {
                all.reverse();
            }
            chosen = all[all.len().saturating_sub(limit)..].to_vec();
        }
        let table = state.table(stream);
        let fields: Option<Vec<&str>> =
            query.get("fields").map(|fields| fields.split(',').map(str::trim).collect());
        let mut rows: Vec<String> = Vec::with_capacity(chosen.len());
        for (at, row) in chosen.iter().filter_map(|id| table.get(id)).enumerate() {
            // Rows are copied only to be changed: other requests wait for this one.
            let is_broken = twist.broken_row == Some(at);
            rows.push(if is_broken || fields.is_some() {
                let mut copy = row.json.clone();
                copy.retain(|name, _| fields.as_ref().is_none_or(|fields| fields.contains(&name.as_str())));
                let mut copy = Value::Object(copy);
                if is_broken {
                    break_row(stream, &mut copy);
                }
                copy.to_string()
            } else {
                serde_json::to_string(&row.json).unwrap_or_default()
            });
        }
        let first = chosen.first().copied();
        match (twist.drift, first) {
            (Some(Drift::Delete), Some(id)) => drop(delete(state, stream, id)),
            (Some(Drift::Insert), _) => drop(insert(state, stream)),
            (Some(Drift::Modify), Some(id)) => {
                if let Some(row) = state.table(stream).get_mut(&id) {
                    stamp(row, now);
                }
            }
            _ => {}
        }
        Answer::bytes(200, format!("{{\"{many}\":[{}]}}", rows.join(",")).into_bytes())
    }

    /// Free text over names, numbers and addresses of mail.
    fn search(&self, state: &mut State, query: &Query) -> Answer {
        let until = self.indexed_until(state);
        let wanted = query.get("query").unwrap_or_default().to_lowercase();
        let number = digits(&wanted);
        let hit = |row: &Row| {
            let own = |key: &str| row.json[key].as_str().unwrap_or_default().to_lowercase();
            let place = row.json["default_address"]["phone"].as_str().unwrap_or_default();
            let dials = number.len() >= 6
                && (digits(&own("phone")).contains(&number) || digits(place).contains(&number));
            let reads = ["email", "first_name", "last_name"].iter().any(|key| own(key).contains(&wanted));
            dials || (!wanted.is_empty() && reads)
        };
        let limit = query.size("limit", MAX_PAGE, MAX_PAGE);
        let rows: Vec<Value> = state
            .table(Stream::Customers)
            .values()
            .filter(|row| row.created <= until && hit(row))
            .take(limit)
            .map(|row| Value::Object(row.json.clone()))
            .collect();
        Answer::ok(&json!({ "customers": rows }))
    }

    fn events(&self, state: &State, query: &Query) -> Answer {
        let (limit, page) = (query.size("limit", MAX_PAGE, MAX_PAGE), query.page("page"));
        let since = query.number("since_id").unwrap_or(0);
        let from = query.get("created_at_min").and_then(|text| filter_ms(text, self.options.clock));
        let rows: Vec<&Value> = state
            .events
            .iter()
            .filter(|(id, event, at)| {
                *id > since
                    && from.is_none_or(|from| *at >= from)
                    && query.get("verb").is_none_or(|verb| event["verb"] == verb)
                    && query.get("filter").is_none_or(|subject| event["subject_type"] == subject)
            })
            .map(|(_, event, _)| event)
            .skip((page - 1) * limit)
            .take(limit)
            .collect();
        Answer::ok(&json!({ "events": rows }))
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://accounts.haravan.com", "aud": "sandbox-app", "sub": USER.to_string(), "orgid": ORG_ID.to_string(),
        "orgname": "Tiệm Vải Mẫu", "orgsub": "tiem-vai-mau", "role": "admin", "nonce": "sandbox-nonce",
    })
}

/// Whether an order has the states that are asked for; without `status` only open ones are shown. Other rows have none.
fn has_status(stream: Stream, row: &Row, query: &Query) -> bool {
    if stream != Stream::Orders {
        return true;
    }
    let says = |name: &str, words: &[&str]| words.iter().any(|word| row.json[name] == *word);
    let (cancelled, closed) = (says("cancelled_status", &["cancelled"]), says("closed_status", &["closed"]));
    let status = match query.get("status").unwrap_or("open") {
        "any" => true,
        "cancelled" => cancelled,
        "closed" => closed && !cancelled,
        _ => !cancelled && !closed,
    };
    let plain = |text: &str| text.replace(['_', ' '], "").to_lowercase();
    let money = query.get("financial_status").is_none_or(|wanted| {
        wanted == "any" || row.json["financial_status"].as_str().map(plain) == Some(plain(wanted))
    });
    let goods = query.get("fulfillment_status").is_none_or(|wanted| match wanted {
        "shipped" => says("fulfillment_status", &["fulfilled"]),
        "partial" => says("fulfillment_status", &["partial"]),
        "unshipped" => says("fulfillment_status", &["notfulfilled"]),
        _ => true,
    });
    status && money && goods
}

/// A number in whatever writing, or an address of mail in small letters.
fn folded(key: &str, text: &str) -> String {
    if key != "phone" {
        return text.trim().to_lowercase();
    }
    let digits = digits(text);
    match digits.strip_prefix("84") {
        Some(national) if national.len() >= 9 => format!("0{national}"),
        _ => digits,
    }
}

fn order_verb(state: &mut State, method: &str, id: i64, verb: &str, sent: &Value) -> Answer {
    let serial = state.serial();
    let now = state.now_ms();
    let Some(row) = state.table(Stream::Orders).get_mut(&id) else { return missing() };
    let order = &mut row.json;
    match (method, verb) {
        ("GET", "transactions.json") => return Answer::ok(&json!({ "transactions": order["transactions"] })),
        ("GET", "refunds.json") => return Answer::ok(&json!({ "refunds": order["refunds"] })),
        ("POST", "transactions.json") => {
            let sum = amount(sent["transaction"].get("amount"));
            let mut made =
                render::transaction(1_390_000_000 + serial, id, "Capture", sum as i64, now, Value::Null);
            made["status"] = "success".into();
            let mut kept = made.clone();
            kept["kind"] = "capture".into();
            kept["status"] = Value::Null;
            if let Some(list) = order.get_mut("transactions").and_then(Value::as_array_mut) {
                list.insert(0, kept);
            }
            let received: f64 = order["transactions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|one| one["kind"] == "capture")
                .map(|one| amount(one.get("amount")))
                .sum();
            let paid = if received < amount(order.get("total_price")) { "partiallypaid" } else { "paid" };
            order.insert("financial_status".into(), paid.into());
            stamp(row, now);
            return Answer::json(201, &json!({ "transaction": made }));
        }
        ("POST", "cancel.json") => {
            // The body has no wrapper, and the payment status stays.
            let reason = sent["reason"].as_str().unwrap_or("other").to_owned();
            order.insert("cancel_reason".into(), reason.into());
            order.insert("cancelled_at".into(), utc(now).into());
            order.insert("cancelled_status".into(), "cancelled".into());
        }
        ("POST", "confirm.json") => {
            order.insert("confirmed_at".into(), utc(now).into());
            order.insert("confirmed_status".into(), "confirmed".into());
        }
        ("POST", "close.json") => {
            order.insert("closed_at".into(), utc(now).into());
            order.insert("closed_status".into(), "closed".into());
        }
        ("POST", "open.json") => {
            order.insert("closed_at".into(), Value::Null);
            order.insert("closed_status".into(), "unclosed".into());
        }
        _ => return Answer::bytes(404, ""),
    }
    stamp(row, now);
    Answer::ok(&json!({ "order": row.json }))
}

fn subscribe(state: &mut State, topics: &[String], method: &str, parts: &[&str]) -> Answer {
    if parts != ["api", "subscribe"] {
        return Answer::bytes(404, "");
    }
    match method {
        // All that are chosen in the dashboard; the body has no say.
        "POST" => {
            state.subscribed.extend(topics.iter().cloned());
            state.is_managed = true;
            Answer::ok(&json!({ "error": false, "message": "Đăng ký webhook thành công." }))
        }
        "DELETE" => {
            state.subscribed.clear();
            Answer::ok(&json!({ "error": false, "message": "Đã hủy đăng ký webhook." }))
        }
        _ => {
            let record = |(at, topic): (usize, &String)| json!({ "id": format!("612849678226d51c00dc{at:04x}"), "event": topic, "url": "https://example.com/webhooks/haravan" });
            Answer::ok(
                &json!({ "data": state.subscribed.iter().enumerate().map(record).collect::<Vec<_>>() }),
            )
        }
    }
}
