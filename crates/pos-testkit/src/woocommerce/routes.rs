//! The endpoints that read, and who may use them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339};

use super::answer::{error, invalid, missing, no_route};
use super::{Inner, Kind, Row, State, hooks, render, write};
use crate::fault::Drift;
use crate::out::OFFSET_MS;
use crate::server::{Answer, Asked, Query, Twist, text, to_ms};

/// The largest page.
const MAX_PAGE: i64 = 100;

/// The folder in which the shop lives; nothing where it has a host of its own.
pub(super) fn folder(site: &str) -> &str {
    site.split_once('/').map_or("", |(_, folder)| folder)
}

/// A bound in the seconds of the column that it is compared with. A value with a zone is moved into the shop's zone first,
/// whatever the column is in.
pub(super) fn bound(text: &str) -> Option<i64> {
    const WALL: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let bare = PrimitiveDateTime::parse(text, WALL).map(|at| at.assume_utc().unix_timestamp());
    let zoned = || OffsetDateTime::parse(text, &Rfc3339).map(|at| to_ms(at).saturating_add(OFFSET_MS) / 1000);
    bare.or_else(|_| zoned()).ok()
}

/// The bounds of a list.
struct Bounds {
    /// The columns in UTC are compared, instead of those in the shop's zone.
    in_utc: bool,
    created: [Option<i64>; 2],
    changed: [Option<i64>; 2],
}

impl Bounds {
    fn of(query: &Query, state: &State, by_change: bool) -> Result<Self, Answer> {
        let read = |name: &'static str| match query.get(name) {
            Some(text) => bound(text).map(Some).ok_or_else(|| invalid(name)),
            None => Ok(None),
        };
        let changed = match by_change && state.version >= (5, 8) {
            true => [read("modified_after")?, read("modified_before")?],
            false => [None, None],
        };
        let in_utc = query.get("dates_are_gmt") == Some("true") && state.version >= (5, 4);
        Ok(Self { in_utc, created: [read("after")?, read("before")?], changed })
    }

    /// Both ends are exclusive.
    fn holds(&self, row: &Row) -> bool {
        let column = |ms: i64| (ms + if self.in_utc { 0 } else { OFFSET_MS }).div_euclid(1000);
        let is_in = |[after, before]: [Option<i64>; 2], ms: i64| {
            after.is_none_or(|after| column(ms) > after) && before.is_none_or(|before| column(ms) < before)
        };
        is_in(self.created, row.created) && is_in(self.changed, row.changed)
    }
}

/// The ways in which a list can be sorted; the first one is the default.
fn orders_of(kind: Kind) -> (&'static [&'static str], bool) {
    match kind {
        Kind::Customers => (&["name", "id", "include", "registered_date"], true),
        Kind::Categories => (&["name", "id", "include", "slug", "count"], true),
        _ => (&["date", "id", "include", "title", "slug", "modified"], false),
    }
}

fn ids_in(query: &Query, name: &str) -> Option<Vec<i64>> {
    query.get(name).map(|text| text.split(',').filter_map(|id| id.trim().parse().ok()).collect())
}

impl Inner {
    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let mut query = Query::parse(&asked.query);
        let folder = folder(&self.options.site);
        let path = asked.path.trim_start_matches('/');
        let path = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
        let route = match path {
            "index.php" => query.get("rest_route").map(str::to_owned),
            _ if self.options.plain_permalinks => None,
            path => path.strip_prefix("wp-json").map(str::to_owned),
        };
        let Some(route) = route else { return Answer::page(404) };
        let parts: Vec<&str> = route.split('/').filter(|part| !part.is_empty()).collect();
        let mut state = self.state();
        if let Some((size, refill)) = self.options.limit
            && !state.bucket.takes(size, refill)
        {
            return Answer::page(429).to_wait(Some(1));
        }
        let method = match asked.header("x-http-method-override") {
            Some(method) if asked.method == "POST" => method.to_owned(),
            _ => asked.method.clone(),
        };
        let mut answer = match parts.as_slice() {
            ["wc", "v3"] if method == "GET" => Answer::ok(&json!({ "namespace": "wc/v3", "routes": {} })),
            ["wc", "v3", rest @ ..] => match self.admit(&state, asked, &query, &method, rest) {
                Ok(()) => {
                    query.0.retain(|(name, _)| !matches!(name.as_str(), "rest_route" | "consumer_key"));
                    self.route(&mut state, &method, rest, &query, asked, twist)
                }
                Err(refusal) => refusal,
            },
            _ => no_route(),
        };
        if self.options.retyped && answer.body.starts_with(b"[") {
            answer.body.splice(0..0, *b"\xef\xbb\xbf\n");
        }
        answer
    }

    /// Who asks, and whether they may. An unknown key is nobody's, and nobody's errors are those of somebody without rights,
    /// but for the status.
    fn admit(
        &self,
        state: &State,
        asked: &Asked,
        query: &Query,
        method: &str,
        parts: &[&str],
    ) -> Result<(), Answer> {
        let verb = match method {
            "GET" => "view",
            "POST" if parts.last() == Some(&"batch") => "batch",
            "POST" => "create",
            "DELETE" => "delete",
            _ => "edit",
        };
        let cannot = |status| error(status, &format!("woocommerce_rest_cannot_{verb}"));
        let named = query
            .get("consumer_key")
            .map(|key| (key.to_owned(), query.get("consumer_secret").unwrap_or_default().to_owned()));
        let basic = || {
            let header = asked.header("authorization").filter(|_| !self.options.strips_authorization)?;
            let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
            let pair = String::from_utf8(pair).ok()?;
            pair.split_once(':').map(|(key, secret)| (key.to_owned(), secret.to_owned()))
        };
        // When both are there, the query wins.
        let Some((_, secret)) = named.or_else(basic).filter(|(key, _)| *key == state.key) else {
            return Err(cannot(401));
        };
        if secret != state.secret || (self.options.read_only && method != "GET") {
            return Err(error(401, "woocommerce_rest_authentication_error"));
        }
        let closed =
            [("customers", self.options.closed_customers), ("webhooks", self.options.closed_webhooks)];
        match closed.iter().any(|(part, is_closed)| *is_closed && parts.first() == Some(part)) {
            true => Err(cannot(403)),
            false => Ok(()),
        }
    }

    fn route(
        &self,
        state: &mut State,
        method: &str,
        parts: &[&str],
        query: &Query,
        asked: &Asked,
        twist: Twist,
    ) -> Answer {
        let id = |text: &&str| text.parse::<i64>().ok();
        let kind = match parts.first() {
            Some(&"customers") => Kind::Customers,
            Some(&"orders") => Kind::Orders,
            Some(&"products") => Kind::Products,
            Some(&"webhooks") => return hooks::route(self, state, method, &parts[1..], query, asked),
            Some(&"refunds") if parts.len() == 1 && method == "GET" && state.version >= (9, 0) => {
                return self.list(state, Kind::Refunds, None, query, twist);
            }
            Some(&"variations") if parts.len() == 1 && method == "GET" && state.version >= (10, 3) => {
                return self.list(state, Kind::Variations, None, query, twist);
            }
            _ => return no_route(),
        };
        let sent = || asked.object();
        match (method, kind, &parts[1..]) {
            ("GET", Kind::Products, ["categories"]) => self.list(state, Kind::Categories, None, query, twist),
            ("GET", Kind::Products, ["categories", one]) => self.one(state, Kind::Categories, id(one), query),
            ("GET", _, []) => self.list(state, kind, None, query, twist),
            ("GET", _, [one]) => {
                // A variation is read as a product, too.
                let is_variation = kind == Kind::Products
                    && id(one).is_some_and(|id| state.table(Kind::Variations).contains_key(&id));
                let kind = if is_variation { Kind::Variations } else { kind };
                self.one(state, kind, id(one), query)
            }
            (_, Kind::Orders, [of, "refunds", rest @ ..]) => {
                self.part(state, method, (kind, Kind::Refunds), id(of), rest, (query, sent(), twist))
            }
            (_, Kind::Products, [of, "variations", rest @ ..]) => {
                self.part(state, method, (kind, Kind::Variations), id(of), rest, (query, sent(), twist))
            }
            (_, Kind::Products, _) => no_route(),
            ("POST", _, ["batch"]) => match sent() {
                Some(sent) => write::batch(self, state, kind, &sent),
                None => error(400, "rest_invalid_json"),
            },
            ("POST", _, []) => match sent() {
                Some(sent) => {
                    let done = write::create(self, state, kind, &sent);
                    self.written(state, kind, done, 201)
                }
                None => error(400, "rest_invalid_json"),
            },
            ("PUT" | "PATCH" | "POST", _, [one]) => match (id(one), sent()) {
                (Some(id), Some(sent)) => {
                    let done = write::update(state, kind, id, &sent);
                    self.written(state, kind, done, 200)
                }
                (_, None) => error(400, "rest_invalid_json"),
                (None, _) => no_route(),
            },
            ("DELETE", _, [one]) => match id(one) {
                Some(id) => write::delete(self, state, kind, id, query.get("force") == Some("true")),
                None => no_route(),
            },
            _ => no_route(),
        }
    }

    /// What hangs on an order or a product.
    fn part(
        &self,
        state: &mut State,
        method: &str,
        (of, kind): (Kind, Kind),
        parent: Option<i64>,
        rest: &[&str],
        (query, sent, twist): (&Query, Option<Map<String, Value>>, Twist),
    ) -> Answer {
        let Some(parent) = parent.filter(|id| state.table(of).contains_key(id)) else { return missing(of) };
        match (method, rest) {
            ("GET", []) => self.list(state, kind, Some(parent), query, twist),
            ("GET", [one]) => self.one(state, kind, one.parse().ok(), query),
            ("POST", []) if kind == Kind::Refunds => match sent {
                Some(sent) => {
                    let done = write::refund(state, parent, &sent);
                    self.written(state, kind, done, 201)
                }
                None => error(400, "rest_invalid_json"),
            },
            _ => no_route(),
        }
    }

    pub(super) fn written(
        &self,
        state: &mut State,
        kind: Kind,
        done: Result<i64, Answer>,
        status: u16,
    ) -> Answer {
        match done {
            Ok(id) => {
                let body = state.table(kind).get(&id).map(|row| self.shown(kind, row, None));
                Answer::json(status, &body.unwrap_or_default())
            }
            Err(refusal) => refusal,
        }
    }

    /// A row as it is answered.
    pub(super) fn shown(&self, kind: Kind, row: &Row, query: Option<&Query>) -> Value {
        let mut json = row.json.clone();
        if kind == Kind::Refunds && query.is_none_or(|query| query.get("parent_id").is_some()) {
            json.insert("parent_id".into(), row.parent.into());
        }
        if self.options.retyped {
            render::retype(&mut json);
        }
        if let Some(fields) = query.and_then(|query| query.get("_fields")) {
            let fields: Vec<&str> = fields.split(',').map(str::trim).collect();
            let is_asked = |name: &str| {
                let inside =
                    |field: &&&str| field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
                name == "id" || fields.contains(&name) || fields.iter().any(|field| inside(&field))
            };
            json.retain(|name, _| is_asked(name));
        }
        json.into()
    }

    fn one(&self, state: &mut State, kind: Kind, id: Option<i64>, query: &Query) -> Answer {
        let Some(row) = id.and_then(|id| state.table(kind).get(&id)) else { return missing(kind) };
        if row.hidden {
            return error(403, "woocommerce_rest_cannot_view");
        }
        Answer::ok(&self.shown(kind, row, Some(query)))
    }

    /// The ids of a list as they are sorted, before it is cut into pages.
    fn found(
        &self,
        state: &mut State,
        kind: Kind,
        parent: Option<i64>,
        query: &Query,
    ) -> Result<Vec<i64>, Answer> {
        let by_change = !matches!(kind, Kind::Customers | Kind::Categories);
        let bounds = Bounds::of(query, state, by_change)?;
        let (orders, ascends) = orders_of(kind);
        let by = query.get("orderby").unwrap_or(orders[0]);
        if !orders.contains(&by) || (by == "modified" && state.version < (5, 8)) {
            return Err(invalid("orderby"));
        }
        let ascends = match query.get("order") {
            None => ascends,
            Some("asc") => true,
            Some("desc") => false,
            Some(_) => return Err(invalid("order")),
        };
        let (include, exclude) = (ids_in(query, "include"), ids_in(query, "exclude"));
        let status = query.get("status").unwrap_or("any").split(',').map(str::trim).collect::<Vec<_>>();
        let is_known = |one: &&str| match kind {
            Kind::Orders => *one == "any" || write::STATUSES.contains(one),
            Kind::Products if *one == "trash" => !self.options.no_trashed_products,
            _ => true,
        };
        if !status.iter().all(is_known) {
            return Err(invalid("status"));
        }
        let has_status = |row: &Row| match kind {
            Kind::Orders | Kind::Products => status.iter().any(|wanted| match *wanted {
                "any" => match row.status() {
                    "trash" => false,
                    "checkout-draft" | "auto-draft" => self.options.drafts_in_any,
                    _ => true,
                },
                wanted => row.status() == wanted,
            }),
            _ => true,
        };
        let parent = parent.or(query.number("parent_id").filter(|_| kind == Kind::Refunds));
        let (now, version) = (state.now_ms(), state.version);
        let holds = |name: &str, row: &Row, own: &str| {
            query.get(name).is_none_or(|wanted| text(&row.json, own).eq_ignore_ascii_case(wanted))
        };
        let is = |name: &str, row: &Row| {
            query.number(name).is_none_or(|wanted| row.json.get(name).and_then(Value::as_i64) == Some(wanted))
        };
        let fits = |row: &Row| match kind {
            Kind::Customers => {
                let role = query.get("role").unwrap_or("customer");
                (role == "all" || text(&row.json, "role") == role)
                    && holds("email", row, "email")
                    && query.get("search").is_none_or(|wanted| is_person(row, wanted))
            }
            Kind::Orders => {
                query.number("customer").is_none_or(|id| row.json["customer_id"] == id)
                    && (version < (9, 9) || holds("created_via", row, "created_via"))
                    && query.get("search").is_none_or(|wanted| is_sale(row, wanted))
            }
            Kind::Products => {
                let skus = query.get("sku").map(|skus| skus.split(',').map(str::trim).collect::<Vec<_>>());
                skus.is_none_or(|skus| skus.contains(&text(&row.json, "sku"))) && holds("type", row, "type")
            }
            Kind::Categories => is("parent", row),
            _ => parent.is_none_or(|parent| row.parent == parent),
        };
        let table = state.table(kind);
        let keeps = |id: i64, row: &Row| {
            row.shown <= now
                && include.as_ref().is_none_or(|ids| ids.contains(&id))
                && exclude.as_ref().is_none_or(|ids| !ids.contains(&id))
                && has_status(row)
                && fits(row)
                && bounds.holds(row)
        };
        let mut ids: Vec<i64> =
            table.iter().filter(|(id, row)| keeps(**id, row)).map(|(id, _)| *id).collect();
        let row = |id: &i64| &table[id];
        match by {
            "name" | "title" | "slug" => {
                ids.sort_by_key(|id| {
                    (text(&row(id).json, "username").to_owned() + text(&row(id).json, "name"), *id)
                });
            }
            "date" | "registered_date" => ids.sort_by_key(|id| (row(id).created / 1000, *id)),
            "modified" => ids.sort_by_key(|id| (row(id).changed / 1000, *id)),
            "include" => {
                let asked = include.unwrap_or_default();
                ids.sort_by_key(|id| asked.iter().position(|one| one == id));
            }
            _ => {}
        }
        if !ascends && by != "include" {
            ids.reverse();
        }
        Ok(ids)
    }

    fn list(
        &self,
        state: &mut State,
        kind: Kind,
        parent: Option<i64>,
        query: &Query,
        twist: Twist,
    ) -> Answer {
        let size = query.number("per_page").unwrap_or(if query.get("per_page").is_some() { 0 } else { 10 });
        let page = query.number("page").unwrap_or(1);
        if !(1..=MAX_PAGE).contains(&size) {
            return invalid("per_page");
        }
        if page < 1 {
            return invalid("page");
        }
        let size = size as usize;
        if self.options.heavy_above.is_some_and(|most| size > most) {
            return error(500, "internal_server_error");
        }
        let ids = match self.found(state, kind, parent, query) {
            Ok(ids) => ids,
            Err(refusal) => return refusal,
        };
        let from = query
            .number("offset")
            .map_or((page as usize - 1).saturating_mul(size), |rows| rows.max(0) as usize);
        let chosen: Vec<i64> = ids.iter().skip(from).take(size).copied().collect();
        let table = state.table(kind);
        let visible: Vec<&Row> =
            chosen.iter().filter_map(|id| table.get(id)).filter(|row| !row.hidden).collect();
        let rows: Vec<Value> = visible
            .iter()
            .enumerate()
            .map(|(at, row)| match twist.broken_row == Some(at) {
                true => {
                    let mut broken = (*row).clone();
                    render::break_row(kind, &mut broken.json);
                    self.shown(kind, &broken, Some(query))
                }
                false => self.shown(kind, row, Some(query)),
            })
            .collect();
        // What was left out of a list leaves a gap in it.
        let body = match self.options.retyped && rows.len() < chosen.len() {
            true => render::gapped(rows),
            false => rows.into(),
        };
        match (twist.drift, chosen.first()) {
            (Some(Drift::Delete), Some(id)) => drop(state.delete(kind, *id, false)),
            (Some(Drift::Insert), _) => drop(write::insert(state, kind)),
            (Some(Drift::Modify), Some(id)) => drop(state.change(kind, *id, |_| {})),
            _ => {}
        }
        let answer = Answer::ok(&body);
        match self.options.no_totals {
            true => answer,
            false => answer.with("x-wp-total", ids.len()).with("x-wp-totalpages", ids.len().div_ceil(size)),
        }
    }
}

fn has(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.to_lowercase())
}

/// Customers are searched by login, e-mail and names; not by the phone number.
fn is_person(row: &Row, wanted: &str) -> bool {
    ["username", "email", "first_name", "last_name"].iter().any(|name| has(text(&row.json, name), wanted))
}

/// Orders are searched by the text of their addresses, the names of their goods, and the id.
fn is_sale(row: &Row, wanted: &str) -> bool {
    let in_address = ["billing", "shipping"].iter().any(|address| {
        let address = row.json.get(*address).and_then(Value::as_object);
        address.into_iter().flat_map(Map::values).filter_map(Value::as_str).any(|text| has(text, wanted))
    });
    let goods = row.json["line_items"].as_array().into_iter().flatten();
    let in_goods = goods.filter_map(|line| line["name"].as_str()).any(|name| has(name, wanted));
    in_address || in_goods || wanted.parse::<i64>().is_ok_and(|id| row.json["id"] == id)
}

#[cfg(test)]
mod tests {
    use super::bound;

    #[test]
    fn a_bound_with_a_zone_is_moved_into_the_shops_zone() {
        let bare = bound("2026-11-23T03:05:00").unwrap();
        assert_eq!(bound("2026-11-23T03:05:00Z"), Some(bare + 7 * 3600));
        assert_eq!(bound("2026-11-23T03:05:00+07:00"), Some(bare));
        assert_eq!(bound("2026-11-23"), None);
    }
}
