//! The endpoints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_core::record::Stream;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::asked::{digits, read, time_of};
use super::hooks::put;
use super::rows::{Row, id_of, instant, variant_of};
use super::{Flavor, Inner, State, WithoutStatus, hooks, pos};
use crate::fault::Drift;
use crate::server::{Answer, Asked, Query, Twist, object};

/// The largest page.
const MAX_PAGE: usize = 250;
/// A page when nothing is said.
const PAGE: usize = 50;
/// The bucket.
const CAPACITY: u32 = 40;

fn missing() -> Answer {
    Answer::json(404, &json!({ "errors": "Not Found" }))
}

fn invalid(field: &str, message: &str) -> Answer {
    Answer::json(422, &json!({ "errors": { field: [message] } }))
}

pub(super) fn unsupported(code: &str, message: &str) -> Answer {
    Answer::json(422, &json!({ "errors": [{ "code": code, "message": message }] }))
}

pub(super) fn throttled() -> Answer {
    Answer::text(429, "too many requests")
}

pub(super) fn unauthorized() -> Answer {
    Answer::json(401, &json!({ "errors": "[API] Invalid API key or access token" }))
}

fn tags(row: &Map<String, Value>) -> impl Iterator<Item = &str> {
    row.get("tags").and_then(Value::as_str).unwrap_or_default().split(',').map(str::trim)
}

/// The vendor's search: anything that contains it, in any of a few fields.
fn matches(row: &Map<String, Value>, query: &str) -> bool {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let wanted = digits(query);
    let by_number =
        wanted.len() >= 6 && wanted.len() * 2 > query.len() && digits(&text("phone")).contains(&wanted);
    let lower = query.to_lowercase();
    by_number || ["email", "first_name", "last_name"].iter().any(|name| text(name).contains(&lower))
}

impl Inner {
    /// One request into the bucket, which every answer tells of.
    pub(super) fn drip(&self, asked: &Asked, twist: Twist, made: Option<Answer>) -> Answer {
        let (fits, level) = {
            let bucket = &mut self.state().bucket;
            (bucket.takes(CAPACITY, 2.0), bucket.level().min(CAPACITY))
        };
        let answer = match made {
            Some(made) => made,
            None if !fits && self.options.enforce_limit => throttled().to_wait(Some(1)),
            None => match self.answer(asked, twist) {
                answer if answer.status == 404 && self.options.bare_missing => Answer::bytes(404, ""),
                answer => answer,
            },
        };
        let limit = format!("{level}/{CAPACITY}");
        answer.with("x-sapo-api-call-limit", &limit).with("x-bizweb-api-call-limit", limit)
    }

    fn allowed(&self, asked: &Asked) -> bool {
        let state = self.state();
        let basic =
            format!("Basic {}", STANDARD.encode(format!("{}:{}", self.options.api_key, state.secret)));
        // POS knows no private apps.
        (self.options.flavor == Flavor::Web && asked.header("authorization") == Some(basic.as_str()))
            || asked.header("x-sapo-access-token") == Some(state.token.as_str())
    }

    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let rest = asked.path.strip_prefix("/admin/").and_then(|rest| rest.strip_suffix(".json"));
        let Some(rest) = rest else { return Answer::page(200) };
        if !self.allowed(asked) {
            return unauthorized();
        }
        let (method, query) = (asked.method.as_str(), asked.query.as_str());
        if self.options.flavor == Flavor::Pos {
            return pos::answer(self, asked, rest, twist);
        }
        let parts: Vec<&str> = rest.split('/').collect();
        // Closed to private apps whatever their permissions.
        if matches!(
            parts.as_slice(),
            ["shop"
                | "discounts"
                | "purchase_orders"
                | "purchase_returns"
                | "stock_adjustments"
                | "cash_transactions"
                | "cashbook"]
                | ["customers", "search"]
        ) || (self.options.closed_branches && parts.first() == Some(&"locations"))
        {
            return Answer::json(403, &json!({ "error": "access_denied" }));
        }
        let sent = asked.json();
        match (method, parts.as_slice()) {
            ("GET", ["store"]) => Answer::ok(&json!({ "store": {
                "id": 574_001, "name": "Gốm Lam Demo", "currency": "VND", "timezone": "SE Asia Standard Time", "plan_name": "enterprise",
                "bizweb_domain": format!("{}.bizwebvietnam.net", self.options.store.split('.').next().unwrap_or_default()),
                "domain": "gomlam.example.com",
            }})),
            ("GET", ["events"]) if !self.options.no_events => self.events(query),
            ("GET", [list, "count"]) if stream_of(list).is_some() => {
                self.list(list, query, Twist::default(), true)
            }
            ("GET", [list]) if stream_of(list).is_some() => self.list(list, query, twist, false),
            ("GET", ["orders", id, list @ ("transactions" | "refunds")]) => self.money(id, list),
            ("GET", [list @ ("customers" | "orders" | "products"), id]) => self.one(list, id),
            ("POST", ["customers"]) => self.create_customer(&sent),
            ("PUT", ["customers", id]) => self.change_customer(id, &sent),
            ("POST", ["customers", id, "addresses"]) => self.add_address(id, &sent),
            ("POST", ["orders"]) => self.create_order(&sent),
            ("POST", ["orders", id, verb @ ("cancel" | "close" | "open")]) => {
                self.turn_order(id, verb, &sent)
            }
            (_, ["webhooks", ..]) => self.webhooks(method, &parts[1..], &sent),
            // Routes of the user interface, and everything unknown.
            _ => Answer::page(200),
        }
    }

    /// What happened in the shop, newest first.
    fn events(&self, query: &str) -> Answer {
        let query = read(query, false);
        let state = self.state();
        let is = |event: &Value, name: &str, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| {
                event[name].as_str().is_some_and(|text| wanted.split(',').any(|one| one == text))
            })
        };
        let from = time_of(&query, "created_on_min");
        let at = |event: &Value| {
            let text = event["created_on"].as_str().unwrap_or_default();
            OffsetDateTime::parse(text, &Rfc3339).map_or(0, OffsetDateTime::unix_timestamp)
        };
        let limit = query.size("limit", PAGE, MAX_PAGE);
        let page = query.page("page");
        let kept = state.events.iter().rev().filter(|event| {
            is(event, "subject_type", query.get("filter"))
                && is(event, "verb", query.get("verb"))
                && from.is_none_or(|from| at(event) >= from)
        });
        Answer::ok(&json!({ "events": kept.skip((page - 1) * limit).take(limit).collect::<Vec<_>>() }))
    }

    /// Transactions or refunds of an order.
    fn money(&self, id: &str, list: &str) -> Answer {
        let id = id.parse().unwrap_or(0);
        let mut state = self.state();
        let Some(row) = state.table(Stream::Orders).get(&id) else { return missing() };
        let refunds = row.json.get("refunds").and_then(Value::as_array).cloned().unwrap_or_default();
        if list == "refunds" {
            return Answer::ok(&json!({ "refunds": refunds }));
        }
        let received = super::truth::amount(&row.json, "total_received");
        let mut all: Vec<Value> = Vec::new();
        if received > 0 {
            all.push(json!({ "id": id + 5_000_000, "order_id": id, "kind": "sale", "status": "success", "amount": received, "currency": "VND" }));
        }
        all.extend(refunds.iter().filter_map(|refund| refund["transactions"].as_array()).flatten().cloned());
        Answer::ok(&json!({ "transactions": all }))
    }

    fn list(&self, name: &str, query: &str, twist: Twist, is_count: bool) -> Answer {
        let Some(stream) = stream_of(name) else { return Answer::page(200) };
        let query = read(query, is_count);
        let mut state = self.state();
        let now = state.now_ms();
        let window =
            |name: &str| (time_of(&query, &format!("{name}_min")), time_of(&query, &format!("{name}_max")));
        let holds = |(from, to): (Option<i64>, Option<i64>), at: i64| {
            let at = at.div_euclid(1000);
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
        };
        let (modified, created) = (window("modified_on"), window("created_on"));
        let since = query.number("since_id").filter(|_| self.options.since_id);
        let ids: Option<Vec<i64>> = query
            .get("ids")
            .filter(|_| !self.options.ignores_ids)
            .map(|ids| ids.split(',').filter_map(|id| id.parse().ok()).collect());
        let keep = |id: i64, row: &Row| {
            let text = |name: &str| row.json.get(name).and_then(Value::as_str).unwrap_or_default();
            row.shown <= now
                && holds(modified, row.changed)
                && holds(created, row.created)
                && since.is_none_or(|since| id > since)
                && ids.as_ref().is_none_or(|ids| ids.contains(&id))
                && match stream {
                    Stream::Orders => {
                        let by_status = match query.get("status") {
                            // Documented, and answers nothing.
                            Some("any") => false,
                            Some(wanted @ ("open" | "closed" | "cancelled")) => text("status") == wanted,
                            _ => {
                                self.options.without_status == WithoutStatus::All || text("status") == "open"
                            }
                        };
                        let of = query.number("customer_id");
                        let states = |filter: &str, name: &str| {
                            query.get(filter).is_none_or(|wanted| {
                                let is = |wanted: &str| match wanted {
                                    "any" => true,
                                    "unfulfilled" => text(name).is_empty(),
                                    // Documented beside the states that it stands for.
                                    "unpaid" => {
                                        matches!(text(name), "pending" | "authorized" | "partially_paid")
                                    }
                                    // Seen to match nothing.
                                    "unshipped" => false,
                                    wanted => text(name) == wanted,
                                };
                                wanted.split(',').any(is)
                            })
                        };
                        by_status
                            && states("financial_status", "financial_status")
                            && states("fulfillment_status", "fulfillment_status")
                            && query.get("tag").is_none_or(|wanted| tags(&row.json).any(|tag| tag == wanted))
                            && of.is_none_or(|of| row.json.get("customer").is_some_and(|one| one["id"] == of))
                    }
                    Stream::Customers => query.get("query").is_none_or(|wanted| matches(&row.json, wanted)),
                    // Of the categories, every fourth is put together by rules.
                    Stream::Categories => (id / 3 % 4 == 0) == (name == "smart_collections"),
                    _ => true,
                }
        };
        let mut kept: Vec<i64> =
            state.table(stream).iter().filter(|(id, row)| keep(**id, row)).map(|(id, _)| *id).collect();
        if is_count {
            return Answer::ok(&json!({ "count": kept.len() }));
        }
        if self.options.newest_first || (since.is_none() && !self.options.oldest_first) {
            kept.reverse();
        }
        self.page(&mut state, (stream, name), kept, &query, twist)
    }

    /// The page of a list that was asked for, and what a fault makes of it.
    pub(super) fn page(
        &self,
        state: &mut State,
        (stream, name): (Stream, &str),
        ids: Vec<i64>,
        query: &Query,
        twist: Twist,
    ) -> Answer {
        let is_pos = self.options.flavor == Flavor::Pos;
        let limit = query.size("limit", if is_pos { 20 } else { PAGE }, MAX_PAGE);
        let (total, asked) = (ids.len(), query.page("page"));
        let repeats = (self.options.repeat_tail || twist.repeat_tail) && total > 0;
        let page = if repeats { asked.min(total.div_ceil(limit)) } else { asked };
        let shown: Vec<i64> = ids.into_iter().skip((page - 1) * limit).take(limit).collect();
        let metadata = is_pos.then(|| json!({ "total": total, "page": asked, "limit": limit }));
        let table = state.table(stream);
        let body = write_rows(name, shown.iter().filter_map(|id| table.get(id)), twist.broken_row, metadata);
        match (twist.drift, shown.first()) {
            (Some(Drift::Delete), Some(id)) => drop(state.remove(stream, *id)),
            (Some(Drift::Modify), Some(id)) => drop(state.change(stream, *id, self.options.lag, |_| {})),
            (Some(Drift::Insert), _) => drop(insert(self, state, stream)),
            _ => {}
        }
        Answer::bytes(200, body)
    }

    pub(super) fn one(&self, list: &str, id: &str) -> Answer {
        let Some(stream) = stream_of(list) else { return missing() };
        let id = id.parse().unwrap_or(0);
        match self.state().table(stream).get(&id) {
            Some(row) => Answer::ok(&json!({ list.trim_end_matches('s'): row.json })),
            None if self.options.flavor == Flavor::Pos => pos::missing(),
            None => missing(),
        }
    }

    fn create_customer(&self, sent: &Value) -> Answer {
        let Value::Object(sent) = &sent["customer"] else {
            return invalid("customer", "can't be blank");
        };
        let text = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("phone").is_empty() && text("email").is_empty() {
            return invalid("email", "can't be blank");
        }
        let mut state = self.state();
        if self.options.refuse_known
            && let Some(field) = taken(&mut state, sent, None)
        {
            return invalid(field, "has already been taken");
        }
        let mut sent = sent.clone();
        if self.options.strict_places
            && let Some(Value::Array(all)) = sent.get_mut("addresses")
        {
            for address in all.iter_mut().filter_map(Value::as_object_mut) {
                if let Some(refused) = check_places(address) {
                    return refused;
                }
            }
        }
        let id = new_customer(self, &mut state, sent);
        Answer::json(201, &json!({ "customer": state.table(Stream::Customers)[&id].json }))
    }

    fn change_customer(&self, id: &str, sent: &Value) -> Answer {
        let (id, members) = (id.parse().unwrap_or(0), object(sent["customer"].clone()));
        let mut state = self.state();
        if self.options.refuse_known
            && let Some(field) = taken(&mut state, &members, Some(id))
        {
            return invalid(field, "has already been taken");
        }
        let changed =
            state.change(Stream::Customers, id, self.options.lag, |row| row.extend(normalised(members)));
        if !changed {
            return missing();
        }
        Answer::ok(&json!({ "customer": state.table(Stream::Customers)[&id].json }))
    }

    fn add_address(&self, id: &str, sent: &Value) -> Answer {
        let mut address = object(sent["address"].clone());
        if self.options.strict_places
            && let Some(refused) = check_places(&mut address)
        {
            return refused;
        }
        let mut state = self.state();
        let new = state.take_id(Stream::Invoices);
        let changed = state.change(Stream::Customers, id.parse().unwrap_or(0), self.options.lag, |row| {
            address.insert("id".into(), new.into());
            if let Some(Value::Array(all)) = row.get_mut("addresses") {
                all.push(address.clone().into());
            }
        });
        if changed { Answer::json(201, &json!({ "address": { "id": new } })) } else { missing() }
    }

    fn create_order(&self, sent: &Value) -> Answer {
        let Value::Object(sent) = &sent["order"] else { return invalid("order", "can't be blank") };
        if let Some("web" | "pos" | "iphone" | "android") = sent.get("source_name").and_then(Value::as_str) {
            return invalid("source_name", "cannot be set to a protected value by an untrusted API client.");
        }
        let reference = sent.get("reference").and_then(Value::as_str).unwrap_or_default();
        if reference.chars().count() > 32 {
            return invalid("reference", "is too long (maximum is 32 characters)");
        }
        if sent.get("line_items").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            return invalid("line_items", "can't be blank");
        }
        let mut state = self.state();
        let id = new_order(self, &mut state, sent);
        Answer::json(201, &json!({ "order": state.table(Stream::Orders)[&id].json }))
    }

    fn turn_order(&self, id: &str, verb: &str, sent: &Value) -> Answer {
        if verb == "cancel" && !sent["order_cancel"].is_object() {
            return Answer::bytes(500, "");
        }
        let mut state = self.state();
        let (id, now) = (id.parse().unwrap_or(0), state.now_ms());
        let changed = state.change(Stream::Orders, id, self.options.lag, |row| {
            let (status, moment) = match verb {
                "cancel" => ("cancelled", "cancelled_on"),
                "close" => ("closed", "closed_on"),
                _ => ("open", ""),
            };
            row.insert("status".into(), status.into());
            if verb == "cancel" {
                row.insert("cancel_reason".into(), sent["order_cancel"]["cancel_reason"].clone());
            }
            if moment.is_empty() {
                row.insert("closed_on".into(), Value::Null);
            } else {
                row.insert(moment.into(), instant(now).into());
            }
        });
        if !changed {
            return missing();
        }
        Answer::ok(&json!({ "order": state.table(Stream::Orders)[&id].json }))
    }

    pub(super) fn webhooks(&self, method: &str, rest: &[&str], sent: &Value) -> Answer {
        let mut state = self.state();
        let id = rest.first().and_then(|id| id.parse::<i64>().ok());
        match (method, rest.first(), id) {
            // Always 0.
            ("GET", Some(&"count"), _) => Answer::ok(&json!({ "count": 0 })),
            ("GET", None, _) => Answer::ok(&json!({ "webhooks": state.hooks.values().collect::<Vec<_>>() })),
            ("GET", Some(_), Some(id)) => match state.hooks.get(&id) {
                Some(hook) => Answer::ok(&json!({ "webhook": hook })),
                None => missing(),
            },
            ("POST", None, _) => {
                let hook = &sent["webhook"];
                let blank = |name: &str| hook[name].as_str().is_none_or(str::is_empty);
                if blank("topic") || blank("address") {
                    return Answer::json(
                        422,
                        &json!({ "errors": { "topic": ["can't be blank"], "address": ["can't be blank"] } }),
                    );
                }
                if self.options.strict_hooks {
                    let topic = hook["topic"].as_str().unwrap_or_default();
                    if !hooks::is_topic(self.options.flavor, topic) {
                        return invalid("topic", "is invalid");
                    }
                    if !hook["address"].as_str().is_some_and(|url| url.starts_with("http")) {
                        return invalid("address", "is invalid");
                    }
                }
                let id = 987_910_001
                    + i64::try_from(state.hooks.len()).unwrap_or(0)
                    + state.hooks.keys().next_back().map_or(0, |_| 1);
                let hook = json!({
                    "id": id, "topic": hook["topic"], "address": hook["address"], "format": "json", "created_on": instant(state.now_ms()),
                    "modified_on": null,
                });
                state.hooks.insert(id, hook.clone());
                Answer::json(201, &json!({ "webhook": hook }))
            }
            ("DELETE", Some(_), Some(id)) => match state.hooks.remove(&id) {
                Some(_) => Answer::ok(&json!({})),
                None => missing(),
            },
            _ => Answer::page(200),
        }
    }
}

/// The answer of a list, each row written once.
fn write_rows<'a>(
    name: &str,
    rows: impl Iterator<Item = &'a Row>,
    broken: Option<usize>,
    metadata: Option<Value>,
) -> Vec<u8> {
    let rows: Vec<String> = rows
        .enumerate()
        .map(|(at, row)| {
            if broken == Some(at) {
                let mut row = row.json.clone();
                break_amounts(&mut row);
                return Value::from(row).to_string();
            }
            serde_json::to_string(&row.json).unwrap_or_default()
        })
        .collect();
    let metadata = metadata.map_or(String::new(), |metadata| format!("\"metadata\":{metadata},"));
    format!("{{{metadata}\"{name}\":[{}]}}", rows.join(",")).into_bytes()
}

/// Makes a row unreadable where it must not be: its amounts.
fn break_amounts(row: &mut Map<String, Value>) {
    for name in ["total_price", "total", "total_spent"] {
        row.insert(name.into(), "nợ".into());
    }
    row.insert("sale_order".into(), json!({ "total_sales": "nợ" }));
    for variant in row.get_mut("variants").and_then(Value::as_array_mut).into_iter().flatten() {
        variant["price"] = "nợ".into();
        variant["variant_retail_price"] = "nợ".into();
    }
}

/// Codes of places as the store takes them: only with a name, and only those before July 2025.
fn check_places(address: &mut Map<String, Value>) -> Option<Answer> {
    for (part, first_new) in [("province", 2001), ("district", i64::MAX), ("ward", 200_000)] {
        let name = format!("{part}_code");
        let code = address.get(&name).and_then(Value::as_str).and_then(|code| code.parse::<i64>().ok());
        let is_named = address.get(part).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        match code {
            Some(code) if code >= first_new || code < 0 => {
                let message =
                    if part == "ward" { "Ward is not supported" } else { "District is not supported" };
                return Some(unsupported("unsupported", message));
            }
            Some(_) if !is_named => drop(address.remove(&name)),
            _ => {}
        }
    }
    None
}

pub(super) fn stream_of(list: &str) -> Option<Stream> {
    Some(match list {
        "customers" => Stream::Customers,
        "orders" => Stream::Orders,
        "products" => Stream::Products,
        "locations" => Stream::Branches,
        "custom_collections" | "smart_collections" => Stream::Categories,
        "users" => Stream::Users,
        _ => return None,
    })
}

/// Which of a customer's members somebody else has already.
fn taken(state: &mut State, sent: &Map<String, Value>, own: Option<i64>) -> Option<&'static str> {
    let same = |name: &str, norm: fn(&str) -> String, state: &mut State| {
        let wanted = sent.get(name).and_then(Value::as_str).map(norm).filter(|text| !text.is_empty());
        wanted.is_some_and(|wanted| {
            state.table(Stream::Customers).iter().any(|(id, row)| {
                Some(*id) != own
                    && row.json.get(name).and_then(Value::as_str).map(norm) == Some(wanted.clone())
            })
        })
    };
    if same("phone", digits, state) {
        return Some("phone");
    }
    same("email", str::to_lowercase, state).then_some("email")
}

/// Numbers as the store keeps them.
fn normalised(mut sent: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::String(phone)) = sent.get_mut("phone") {
        let national = digits(phone);
        if national.len() >= 9 {
            *phone = format!("+84{national}");
        }
    }
    // An empty name is none.
    for name in ["first_name", "last_name"] {
        if sent.get(name).is_some_and(|value| value == "") {
            sent.insert(name.into(), Value::Null);
        }
    }
    sent
}

pub(super) fn new_customer(inner: &Inner, state: &mut State, sent: Map<String, Value>) -> i64 {
    let id = state.take_id(Stream::Customers);
    let mut json = object(json!({
        "state": "disabled", "email": null, "verified_email": true, "phone": null, "first_name": null, "last_name": null,
        "gender": null, "dob": null, "accepts_marketing": false, "orders_count": 0, "total_spent": 0.0, "tags": "", "note": null,
        "addresses": [], "default_address": null,
    }));
    json.extend(normalised(sent));
    json.insert("id".into(), id.into());
    if let Some(Value::Object(first)) =
        json.get_mut("addresses").and_then(|all| all.as_array_mut()?.first_mut())
    {
        first.insert("id".into(), (id + 9_000_000).into());
        first.insert("default".into(), true.into());
        let first = first.clone();
        json.insert("default_address".into(), first.into());
    }
    put(inner, state, Stream::Customers, id, json);
    id
}

fn new_order(inner: &Inner, state: &mut State, sent: &Map<String, Value>) -> i64 {
    let id = state.take_id(Stream::Orders);
    let number = state.table(Stream::Orders).len() + 1001;
    let now = instant(state.now_ms());
    let amount = |value: &Value| value.as_f64().unwrap_or(0.0);
    let mut goods = 0.0;
    let mut lines = Vec::new();
    for (place, line) in sent.get("line_items").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let mut line = object(line.clone());
        let price = line.get("price").map_or(0.0, amount);
        goods += price * line.get("quantity").map_or(1.0, amount);
        line.insert("id".into(), (id * 10 + place as i64).into());
        line.insert("total_discount".into(), 0.0.into());
        lines.push(Value::from(line));
    }
    let sum = |list: &str, member: &str| -> f64 {
        sent.get(list).and_then(Value::as_array).into_iter().flatten().map(|one| amount(&one[member])).sum()
    };
    let (discount, shipping, paid) =
        (sum("discount_codes", "amount"), sum("shipping_lines", "price"), sum("transactions", "amount"));
    let total = goods - discount + shipping;
    let customer = sent.get("customer").and_then(|one| one["id"].as_i64());
    let customer = customer
        .and_then(|id| state.table(Stream::Customers).get(&id))
        .map(|row| Value::from(row.json.clone()));
    let mut json = object(json!({
        "id": id, "name": format!("#{number}"), "order_number": number, "status": "open", "financial_status": "paid",
        "fulfillment_status": null, "created_on": now, "confirmed_on": now, "processed_on": now, "cancelled_on": null,
        "currency": "VND", "tags": "", "note": null, "note_attributes": [], "reference": null, "fulfillments": [], "refunds": [],
        "total_line_items_price": goods, "total_discounts": discount, "total_shipping_price": shipping, "total_price": total,
        "total_received": paid, "total_outstanding": (total - paid).max(0.0), "total_refunded": 0.0, "total_tax": 0.0,
    }));
    for (name, value) in sent {
        if !matches!(
            name.as_str(),
            "transactions" | "send_webhooks" | "send_receipt" | "inventory_behaviour" | "customer"
        ) {
            json.insert(name.clone(), value.clone());
        }
    }
    json.insert("customer".into(), customer.unwrap_or(Value::Null));
    json.insert("line_items".into(), lines.into());
    // The id of the app.
    json.insert("source_name".into(), "88001".into());
    put(inner, state, Stream::Orders, id, json);
    id
}

pub(super) fn add_order(inner: &Inner, state: &mut State, customer: Option<i64>, products: &[u64]) -> i64 {
    let line = |product: &u64| {
        let id = id_of(Stream::Products, *product);
        let row = inner.options.shop.product(*product);
        json!({ "product_id": id, "variant_id": variant_of(id), "name": row.name, "title": row.name, "quantity": 1, "price": row.price as f64 })
    };
    let mut order = object(
        json!({ "financial_status": "pending", "line_items": products.iter().map(line).collect::<Vec<_>>() }),
    );
    if let Some(customer) = customer {
        order.insert("customer".into(), json!({ "id": customer }));
    }
    new_order(inner, state, &order)
}

/// Adds a row of a stream, as somebody in the shop would.
pub(super) fn insert(inner: &Inner, state: &mut State, stream: Stream) -> Option<i64> {
    if inner.options.flavor == Flavor::Pos {
        return pos::insert(inner, state, stream);
    }
    match stream {
        Stream::Customers => {
            let serial = state.table(stream).len();
            Some(new_customer(inner, state, object(json!({ "first_name": format!("Khách Thêm {serial}") }))))
        }
        Stream::Orders => Some(add_order(inner, state, None, &[1])),
        Stream::Products => {
            let id = state.take_id(stream);
            let json = json!({ "id": id, "name": "Hàng Thêm", "status": "active", "variants": [], "images": [], "tags": "" });
            put(inner, state, stream, id, object(json));
            Some(id)
        }
        _ => None,
    }
}
