//! The endpoints of 6.1 and 6, and who may use them.

use serde_json::{Map, Value, json};

use super::answer::{missing, told};
use super::filter::{Filter, filters, passes, project, single};
use super::{Inner, Kind, Line, Row, Sorted, State, old, render, write};
use crate::fault::Drift;
use crate::server::{Answer, Asked, Query, Twist, text};

/// The page where no size was asked for.
const PAGE: usize = 20;

/// What an address is answered with that the company's line does not have. Nobody says more of it than its status.
fn no_route() -> Answer {
    Answer::page(404)
}

/// The page that was asked for: how many rows at most, and how many are skipped.
pub(super) fn page_of(query: &Query, most: usize) -> (usize, usize) {
    let offset = query.number("offset").and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
    (query.size("limit", PAGE, most.max(1)), offset)
}

impl Inner {
    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let mut state = self.state();
        if let Some((size, refill)) = self.options.limit
            && !state.bucket.takes(size, refill)
        {
            return told(429, "Too Many Attempts.");
        }
        let segments = asked.segments();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["api", version, rest @ ..] = parts.as_slice() else { return no_route() };
        let (line, has) = match *version {
            "v6.1" => (Line::V61, self.options.line >= Line::V61),
            "v6" => (Line::V6, self.options.line >= Line::V6),
            "v3" => (Line::V3, true),
            _ => return no_route(),
        };
        if !has {
            return no_route();
        }
        if asked.header("x-api-key") != Some(state.key.as_str()) {
            return told(401, "Unauthorized");
        }
        // The only kind that is supported, on every request.
        let is_json = asked.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Answer::json(400, &json!({ "error": "Bad request" }));
        }
        let query = Query::parse(&asked.query);
        if self.options.closed_orders && rest.first().is_some_and(|part| part.contains("order")) {
            return told(403, "Bạn không có quyền truy cập.");
        }
        let sent = asked.object();
        match line {
            Line::V61 => self.current(&mut state, &asked.method, rest, &query, sent, twist),
            Line::V6 => self.before(&mut state, &asked.method, rest, &query, sent, twist),
            Line::V3 => old::route(self, &mut state, (&asked.method, rest), &query, twist),
        }
    }

    /// 6.1: a list has a plural name, one record a singular one with its code or id as parameter.
    fn current(
        &self,
        state: &mut State,
        method: &str,
        parts: &[&str],
        query: &Query,
        sent: Option<Map<String, Value>>,
        twist: Twist,
    ) -> Answer {
        let list = match parts {
            ["accounts"] => Some(Kind::Accounts),
            ["sale_orders"] => Some(Kind::Orders),
            ["products"] => Some(Kind::Products),
            ["users"] => Some(Kind::Users),
            ["sale_order_payments"] => Some(Kind::Payments),
            _ => None,
        };
        let sent = || sent.ok_or_else(|| Answer::json(400, &json!({ "error": "Bad request" })));
        match (method, parts, list) {
            ("GET", _, Some(kind)) => self.list(state, kind, query, twist),
            ("GET", ["accounts", "sync"], _) => self.changed(state, query, twist, false),
            ("GET", ["accounts", "deleted_ids"], _) => self.deleted(state, query, false),
            ("GET", ["account"], _) => self.one(state, Kind::Accounts, named(query, Kind::Accounts), query),
            ("GET", ["sale_order"], _) => self.one(state, Kind::Orders, named(query, Kind::Orders), query),
            ("GET", ["product"], _) => self.one(state, Kind::Products, named(query, Kind::Products), query),
            ("GET", ["account", "count_orders_status"], _) => {
                match query.number("account_id").filter(|id| state.table(Kind::Accounts).contains_key(id)) {
                    Some(account) => count(state, account),
                    None => missing(Kind::Accounts),
                }
            }
            ("GET", ["account", "custom_fields"], _) => names(
                query,
                [(1, "country_id", "Quốc gia", "select"), (9, "hang_the", "Hạng thẻ", "text"), (10, "nhan", "Nhãn", "checkbox")]
                    .map(|(id, name, words, kind)| {
                        json!({ "id": id, "field_name": name, "field_description": words, "field_htmltype": kind })
                    }),
            ),
            ("GET", ["account_types"], _) => names(
                query,
                render::types().enumerate().map(|(at, name)| {
                    json!({
                        "id": at + 1, "level": 1, "account_type_name": name, "account_type_code": format!("LOAI{}", at + 1),
                        "description": "", "invalid": 0, "parent_id": 0,
                    })
                }),
            ),
            ("GET", ["account_sources"], _) => names(
                query,
                render::sources().enumerate().map(|(at, name)| {
                    json!({
                        "id": at + 1, "source_name": name, "source_code": format!("NGUON{}", at + 1), "valid": 1,
                        "parent_id": 0, "lft": at * 2 + 1, "rgt": at * 2 + 2, "lvl": 1,
                    })
                }),
            ),
            ("POST", ["account"], _) => sent().map_or_else(|no| no, |sent| {
                let done = write::new_account(self, state, &sent);
                self.made(done)
            }),
            ("POST", ["account", "restore"], _) => sent().map_or_else(|no| no, |sent| write::restore(state, &sent)),
            ("PUT", ["account"], _) => sent().map_or_else(|no| no, |sent| {
                let id = write::current(state, Kind::Accounts, &sent, "current_account_code", "current_account_id");
                self.changed_by(state, Kind::Accounts, id, &sent)
            }),
            ("DELETE", ["account"], _) => sent().map_or_else(|no| no, |sent| {
                let id = write::current(state, Kind::Accounts, &sent, "account_code", "account_id");
                write::delete(state, Kind::Accounts, id)
            }),
            ("POST", ["sale_order"], _) => sent().map_or_else(|no| no, |sent| {
                let done = write::new_order(self, state, &sent);
                self.made(done)
            }),
            ("PUT", ["sale_order"], _) => sent().map_or_else(|no| no, |sent| {
                let id = write::current(state, Kind::Orders, &sent, "current_order_code", "current_order_id");
                self.changed_by(state, Kind::Orders, id, &sent)
            }),
            (_, ["account" | "sale_order" | "product" | "account_types" | "account_sources"], _) | (_, _, Some(_)) => {
                refused_method()
            }
            _ => no_route(),
        }
    }

    /// 6: one record has its id in its address.
    fn before(
        &self,
        state: &mut State,
        method: &str,
        parts: &[&str],
        query: &Query,
        sent: Option<Map<String, Value>>,
        twist: Twist,
    ) -> Answer {
        if (method, parts) == ("GET", &["payment_methods"]) {
            let methods = render::METHODS.iter().enumerate();
            return names(query, methods.map(|(at, name)| json!({ "id": at + 1, "method_name": name })));
        }
        let kind = match parts.first() {
            Some(&"accounts") => Kind::Accounts,
            Some(&"sale_orders") => Kind::Orders,
            Some(&"products") => Kind::Products,
            Some(&"users") => Kind::Users,
            _ => return no_route(),
        };
        let sent = || sent.ok_or_else(|| Answer::json(400, &json!({ "error": "Bad request" })));
        match (method, kind, &parts[1..]) {
            ("GET", Kind::Accounts, ["sync"]) => self.changed(state, query, twist, true),
            ("GET", Kind::Accounts, ["deleted_ids"]) => self.deleted(state, query, false),
            ("GET", _, []) => self.list(state, kind, query, twist),
            ("GET", Kind::Accounts | Kind::Orders, [id]) => {
                self.one(state, kind, id.parse().ok().map(Named::Id), query)
            }
            ("POST", Kind::Accounts, []) => sent().map_or_else(
                |no| no,
                |sent| {
                    let done = write::new_account(self, state, &sent);
                    self.made(done)
                },
            ),
            ("PUT", Kind::Accounts, [id]) => {
                let id = id.parse().ok().filter(|id| state.table(kind).contains_key(id));
                sent().map_or_else(|no| no, |sent| self.changed_by(state, kind, id, &sent))
            }
            ("DELETE", Kind::Accounts, [id]) => {
                let id = id.parse().ok().filter(|id| state.table(kind).contains_key(id));
                write::delete(state, kind, id)
            }
            ("POST", Kind::Orders, [id, "paid"]) => sent().map_or_else(
                |no| no,
                |sent| match id.parse().ok().filter(|id| state.table(kind).contains_key(id)) {
                    Some(id) => write::paid(state, id, &sent),
                    None => missing(kind),
                },
            ),
            (_, _, []) => refused_method(),
            _ => no_route(),
        }
    }

    /// What a write that made something is answered with.
    fn made(&self, done: Result<i64, Answer>) -> Answer {
        use super::Created::{Bare, Words, Wrapped};
        match (done, self.options.created) {
            (Err(refusal), _) => refusal,
            (Ok(id), Wrapped) => Answer::json(201, &json!({ "data": { "id": id } })),
            (Ok(id), Bare) => Answer::json(201, &json!({ "id": id })),
            (Ok(_), Words) => told(200, "Thêm mới thành công"),
        }
    }

    fn changed_by(
        &self,
        state: &mut State,
        kind: Kind,
        id: Option<i64>,
        sent: &Map<String, Value>,
    ) -> Answer {
        let Some(id) = id else { return missing(kind) };
        let done = match kind {
            Kind::Accounts => write::change_account(self, state, id, sent),
            _ => write::change_order(state, id, sent),
        };
        match done {
            Ok(()) => told(200, "Cập nhật thành công"),
            Err(refusal) => refusal,
        }
    }

    /// A row as it is answered.
    fn shown(&self, kind: Kind, row: &Row, query: &Query, is_list: bool) -> Value {
        let mut json = row.json.clone();
        if self.options.retyped {
            render::retype(kind, &mut json);
        }
        project(kind, &mut json, query.get("fields"), is_list);
        json.into()
    }

    fn one(&self, state: &mut State, kind: Kind, id: Option<Named>, query: &Query) -> Answer {
        let found = id.and_then(|named| find(state, kind, &named));
        let Some(row) = found.and_then(|id| state.table(kind).get(&id)) else { return missing(kind) };
        let shown = self.shown(kind, row, query, false);
        match self.options.wrapped {
            true => Answer::ok(&json!({ "data": shown })),
            false => Answer::ok(&shown),
        }
    }

    /// The ids that pass, sorted as lists are.
    fn sorted(&self, state: &mut State, kind: Kind, passes: impl Fn(&Row) -> bool) -> Vec<i64> {
        let now = state.now_ms();
        let table = state.table(kind);
        let mut ids: Vec<i64> =
            table.iter().filter(|(_, row)| row.shown <= now && passes(row)).map(|(id, _)| *id).collect();
        match self.options.sorted {
            Sorted::Newest => ids.reverse(),
            Sorted::Oldest => {}
            Sorted::Changed => ids.sort_by_key(|id| std::cmp::Reverse((table[id].changed / 1000, *id))),
        }
        ids
    }

    /// The rows of a page, and what a fault makes of them.
    pub(super) fn rows<T>(
        state: &mut State,
        kind: Kind,
        chosen: &[i64],
        twist: Twist,
        show: impl Fn(&Row) -> T,
    ) -> Vec<T> {
        let table = state.table(kind);
        let rows = chosen.iter().enumerate().filter_map(|(at, id)| {
            let row = table.get(id)?;
            if twist.broken_row == Some(at) {
                let mut broken = row.clone();
                render::break_row(kind, &mut broken.json);
                return Some(show(&broken));
            }
            Some(show(row))
        });
        let rows = rows.collect();
        match (twist.drift, chosen.first()) {
            (Some(Drift::Delete), Some(id)) => drop(state.delete(kind, *id, false)),
            (Some(Drift::Insert), _) => drop(write::insert(state, kind)),
            (Some(Drift::Modify), Some(id)) => drop(state.change(kind, *id, |_| {})),
            _ => {}
        }
        rows
    }

    /// A page in its envelope. Whether there is more is guessed: a full page may be the last one.
    fn page(&self, rows: Vec<Value>, (limit, offset): (usize, usize)) -> Answer {
        let has_more = rows.len() == limit || self.options.endless;
        Answer::ok(&json!({ "data": rows, "has_more": has_more, "offset": offset, "limited": limit }))
    }

    fn list(&self, state: &mut State, kind: Kind, query: &Query, twist: Twist) -> Answer {
        let filters = filters(query);
        let passes = |row: &Row| {
            passes(kind, &row.json, &filters, self.options.narrow_filters)
                && query.get("search").is_none_or(|wanted| is_found(kind, &row.json, wanted))
        };
        let ids = self.sorted(state, kind, passes);
        let (limit, offset) = page_of(query, self.options.largest_page);
        let chosen: Vec<i64> = ids.into_iter().skip(offset).take(limit).collect();
        let rows = Self::rows(state, kind, &chosen, twist, |row| self.shown(kind, row, query, true));
        self.page(rows, (limit, offset))
    }

    /// Accounts that were made or changed since, the second itself left out: that it is in is not established. The documented
    /// example of 6 is a bare array in the shape of 3.
    fn changed(&self, state: &mut State, query: &Query, twist: Twist, is_bare: bool) -> Answer {
        let since = since(&filters(query));
        let ids = self.sorted(state, Kind::Accounts, |row| row.changed.div_euclid(1000) > since);
        let (limit, offset) = page_of(query, self.options.largest_page);
        let chosen: Vec<i64> = ids.into_iter().skip(offset).take(limit).collect();
        if is_bare {
            let rows = Self::rows(state, Kind::Accounts, &chosen, twist, |row| old::account(&row.json, true));
            return Answer::ok(&rows.into());
        }
        let rows = Self::rows(state, Kind::Accounts, &chosen, twist, |row| {
            self.shown(Kind::Accounts, row, query, true)
        });
        self.page(rows, (limit, offset))
    }

    /// Which accounts were deleted since: a bare array, without a word of whether there are more.
    pub(super) fn deleted(&self, state: &State, query: &Query, is_old: bool) -> Answer {
        let since = query.number("last_sync").unwrap_or_else(|| since(&filters(query)));
        let gone = state
            .gone
            .iter()
            .filter(|((kind, _), gone)| *kind == Kind::Accounts && gone.at.div_euclid(1000) > since);
        let (limit, offset) = match self.options.paged_deletions {
            true => page_of(query, self.options.largest_page),
            false => (usize::MAX, 0),
        };
        let rows = gone.skip(offset).take(limit).map(|((_, id), gone)| {
            let id = if is_old { id.to_string().into() } else { Value::from(*id) };
            json!({ "account_id": id, "account_code": gone.row.json["account_code"] })
        });
        Answer::ok(&rows.collect())
    }
}

/// Seconds of Unix behind which a feed begins; from the beginning where none are told.
fn since(filters: &[Filter]) -> i64 {
    single(filters, "last_sync").and_then(|since| since.parse().ok()).unwrap_or(i64::MIN)
}

fn refused_method() -> Answer {
    told(403, "Phương thức không được chấp nhận.")
}

/// A record as it is asked for.
enum Named {
    Id(i64),
    Code(String),
}

fn named(query: &Query, kind: Kind) -> Option<Named> {
    let (id, code) = match kind {
        Kind::Accounts => ("account_id", "account_code"),
        Kind::Orders => ("order_id", "order_code"),
        _ => ("product_id", "product_code"),
    };
    let by_id = || query.get(id).and_then(|id| id.parse().ok()).map(Named::Id);
    query.get(code).map(|code| Named::Code(code.to_owned())).or_else(by_id)
}

fn find(state: &mut State, kind: Kind, named: &Named) -> Option<i64> {
    match named {
        Named::Id(id) => Some(*id),
        Named::Code(code) => {
            let is_it = |row: &Row| text(&row.json, render::code_of(kind)).eq_ignore_ascii_case(code);
            state.table(kind).iter().find(|(_, row)| is_it(row)).map(|(id, _)| *id)
        }
    }
}

/// How many orders of an account wait, were approved, and were cancelled.
fn count(state: &mut State, account: i64) -> Answer {
    let mut of = [0; 3];
    for row in state.table(Kind::Orders).values().filter(|row| row.json["account_id"] == account) {
        match row.json["status"].as_i64() {
            Some(1) => of[0] += 1,
            Some(2) => of[1] += 1,
            Some(5) => of[2] += 1,
            _ => {}
        }
    }
    Answer::ok(&json!({
        "total_orders_pending": of[0], "total_orders_approved": of[1], "total_orders_canceled": of[2],
    }))
}

/// A short list of names.
fn names(query: &Query, all: impl IntoIterator<Item = Value>) -> Answer {
    let (limit, offset) = page_of(query, usize::MAX);
    let rows: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    let has_more = rows.len() == limit;
    Answer::ok(&json!({ "data": rows, "has_more": has_more, "offset": offset, "limited": limit }))
}

/// What the search looks at. It stopped finding orders by their code.
fn is_found(kind: Kind, row: &Map<String, Value>, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let says = |name: &&str| text(row, name).to_lowercase().contains(&wanted);
    match kind {
        Kind::Accounts => ["account_name", "account_code", "phone_office", "email"].iter().any(says),
        Kind::Orders => ["account_name", "account_phone", "contact_name"].iter().any(says),
        Kind::Products => ["product_name", "product_code"].iter().any(says),
        Kind::Users => ["contact_name", "user_name"].iter().any(says),
        Kind::Payments => true,
    }
}
