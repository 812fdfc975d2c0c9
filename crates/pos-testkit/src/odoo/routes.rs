//! The two protocols, and the methods that both of them call.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::domain::Reader;
use super::refusal::Refusal;
use super::schema::{self, Kind, Model};
use super::table::{Caller, Page};
use super::{Inner, JSON2, SandboxOptions, State, UID, write};
use crate::fault::Drift;
use crate::server::{Answer, Asked, Twist};

type Args = Map<String, Value>;

/// The call inside of a request of JSON-RPC: service, method, and its arguments.
fn rpc(body: &Value) -> Option<(&str, &str, &[Value])> {
    let params = body.get("params")?;
    let args = params.get("args")?.as_array()?;
    Some((params.get("service")?.as_str()?, params.get("method")?.as_str()?, args))
}

/// Model and method of a call, whatever the protocol.
fn called(asked: &Asked) -> Option<(String, String, Value)> {
    if asked.path != "/jsonrpc" {
        let (model, method) = asked.path.strip_prefix("/json/2/")?.split_once('/')?;
        let columns = if method == "load" { asked.json()["fields"].take() } else { Value::Null };
        return Some((model.to_owned(), method.to_owned(), columns));
    }
    let body = asked.json();
    let (service, method, args) = rpc(&body)?;
    if service != "object" {
        return Some((service.to_owned(), method.to_owned(), Value::Null));
    }
    let columns = args.get(5).and_then(|places| places.get(0)).cloned().unwrap_or_default();
    Some((args.get(3)?.as_str()?.to_owned(), args.get(4)?.as_str()?.to_owned(), columns))
}

/// What a request does: reading counts as `GET`, making something as `POST`.
pub(super) fn method(asked: &Asked) -> &'static str {
    let Some((_, method, columns)) = called(asked) else { return "GET" };
    let is_question = columns.as_array().is_some_and(|columns| columns.len() == 1);
    match method.as_str() {
        "create" => "POST",
        "load" if !is_question => "POST",
        "write" | "unlink" => "PUT",
        name if name.starts_with("action_") => "PUT",
        _ => "GET",
    }
}

/// The path by which fault rules know a request: JSON-RPC has but one address.
pub(super) fn path(asked: &Asked) -> Cow<'_, str> {
    match called(asked).filter(|_| asked.path == "/jsonrpc") {
        Some((model, method, _)) => Cow::Owned(format!("/jsonrpc/{model}/{method}")),
        None => Cow::Borrowed(&asked.path),
    }
}

fn version_info(version: u32) -> Value {
    json!([version, 0, 0, "final", 0, ""])
}

fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new(404, "werkzeug.exceptions.NotFound", message)
}

fn no_database(name: &str) -> Refusal {
    let message = format!("FATAL:  database \"{name}\" does not exist");
    Refusal::new(500, "psycopg2.OperationalError", message)
}

impl Inner {
    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let options = &self.options;
        let version = options.version;
        let segments = asked.segments();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["web", "version"]) if version >= JSON2 && !options.several_databases => {
                Answer::ok(&json!({
                    "version_info": version_info(version), "version": format!("{version}.0"),
                }))
            }
            (verb, ["json", "2", model, method]) if version >= JSON2 => {
                match self.json2(asked, verb, model, method, twist) {
                    Ok(answer) => answer,
                    Err(refusal) => refusal.answer(version, false),
                }
            }
            ("POST", ["jsonrpc"]) => {
                let body = asked.json();
                match self.rpc(&body, twist) {
                    Ok(result) => {
                        let id = body.get("id").cloned().unwrap_or_default();
                        let mut whole = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":").into_bytes();
                        whole.extend(result);
                        whole.push(b'}');
                        Answer::bytes(200, whole)
                    }
                    Err(refusal) => refusal.answer(version, true),
                }
            }
            _ => Answer::page(404),
        }
    }

    fn json2(
        &self,
        asked: &Asked,
        verb: &str,
        model: &str,
        method: &str,
        twist: Twist,
    ) -> Result<Answer, Refusal> {
        let options = &self.options;
        let mut state = self.state();
        let database = asked.header("x-odoo-database");
        if database.map_or(options.several_databases, |name| name != options.database) {
            return Ok(Answer::page(404));
        }
        if verb != "POST" {
            return Err(not_found(format!("Did you mean POST {}?", asked.path)));
        }
        let is_json = asked.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Ok(Answer::page(415));
        }
        let unauthorized = |what: &str| Err(Refusal::new(401, "werkzeug.exceptions.Unauthorized", what));
        let proof = asked.header("authorization").and_then(|proof| proof.split_once(' '));
        match proof {
            Some((kind, key)) if kind.eq_ignore_ascii_case("bearer") => {
                if key != state.key {
                    return unauthorized("Invalid apikey");
                }
            }
            _ => {
                return unauthorized(
                    "User not authenticated, use an API Key with a Bearer Authorization header.",
                );
            }
        }
        let args = asked.object().unwrap_or_default();
        call(options, &mut state, model, method, args, (false, twist)).map(|body| Answer::bytes(200, body))
    }

    fn rpc(&self, body: &Value, twist: Twist) -> Result<Vec<u8>, Refusal> {
        let options = &self.options;
        let mut state = self.state();
        let args = |at: usize| rpc(body).and_then(|(.., args)| args.get(at)).unwrap_or(&Value::Null);
        let bytes = |value: Value| Ok(value.to_string().into_bytes());
        let (service, method, _) = rpc(body).ok_or_else(|| not_found("no such service"))?;
        match (service, method) {
            ("common", "version") => bytes(json!({
                "server_version": format!("{}.0", options.version), "server_version_info": version_info(options.version),
                "server_serie": format!("{}.0", options.version), "protocol_version": 1,
            })),
            ("common" | "object", _) if args(0).as_str() != Some(&options.database) => {
                Err(no_database(args(0).as_str().unwrap_or_default()))
            }
            ("common", "authenticate" | "login") => {
                let is_known = *args(1) == options.login.as_str() && *args(2) == state.key.as_str();
                bytes(if is_known { UID.into() } else { false.into() })
            }
            ("object", "execute_kw") => {
                if *args(1) != UID || *args(2) != state.key.as_str() {
                    return Err(Refusal::new(401, "odoo.exceptions.AccessDenied", "Access Denied"));
                }
                let (model, name) =
                    (args(3).as_str().unwrap_or_default(), args(4).as_str().unwrap_or_default());
                let mut named = args(6).as_object().cloned().unwrap_or_default();
                let places = args(5).as_array().map(Vec::as_slice).unwrap_or_default();
                let mut names = Vec::new();
                if let Some((takes_ids, of)) = signature(name) {
                    names.extend(takes_ids.then_some("ids"));
                    names.extend(of);
                }
                for (at, value) in places.iter().enumerate() {
                    let place =
                        names.get(at).ok_or_else(|| Refusal::argument("too many positional arguments"))?;
                    named.insert((*place).to_owned(), value.clone());
                }
                call(options, &mut state, model, name, named, (true, twist))
            }
            _ => Err(not_found("no such method")),
        }
    }
}

/// Whether a method works on records, and what it takes, in order.
fn signature(method: &str) -> Option<(bool, &'static [&'static str])> {
    Some(match method {
        "search_read" => (false, &["domain", "fields", "offset", "limit", "order", "load"]),
        "search" => (false, &["domain", "offset", "limit", "order"]),
        "search_count" => (false, &["domain", "limit"]),
        "read" => (true, &["fields", "load"]),
        "fields_get" => (false, &["allfields", "attributes"]),
        "create" => (false, &["vals_list"]),
        "write" => (true, &["vals"]),
        "load" => (false, &["fields", "data"]),
        "context_get" => (false, &[]),
        "unlink" | "action_confirm" | "action_cancel" | "action_draft" | "action_lock" | "action_unlock" => {
            (true, &[])
        }
        _ => return None,
    })
}

/// The model, where its module is there.
fn installed(options: &SandboxOptions, name: &str, is_rpc: bool) -> Result<&'static Model, Refusal> {
    let module = match name {
        _ if name.starts_with("sale.order") => "sale",
        _ if name.starts_with("pos.") => "point_of_sale",
        _ if name.starts_with("stock.") => "stock",
        _ => "base",
    };
    let found = schema::model(name).filter(|_| !options.without.contains(&module));
    found.ok_or_else(|| match (is_rpc, options.version >= JSON2) {
        (false, _) => not_found(format!("the model '{name}' does not exist")),
        (true, true) => Refusal::new(500, "builtins.KeyError", name),
        (true, false) => Refusal::user(format!("Object {name} doesn't exist")),
    })
}

/// Ids as they are asked for: whatever is no number is nobody's.
fn ids_of(args: &Args) -> Vec<Value> {
    match args.get("ids") {
        Some(Value::Array(ids)) => ids.clone(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one.clone()],
    }
}

fn count(args: &Args, name: &str) -> Result<Option<usize>, Refusal> {
    match args.get(name).and_then(Value::as_i64) {
        Some(0) | None => Ok(None),
        Some(number) => usize::try_from(number).map(Some).map_err(|_| {
            Refusal::new(500, "psycopg2.errors.InvalidRowCountInLimitClause", "LIMIT must not be negative")
        }),
    }
}

/// A call of a method.
fn call(
    options: &SandboxOptions,
    state: &mut State,
    model: &str,
    method: &str,
    args: Args,
    (is_rpc, twist): (bool, Twist),
) -> Result<Vec<u8>, Refusal> {
    let model = installed(options, model, is_rpc)?;
    if method.starts_with('_') {
        let what = format!("Private methods (such as '{}.{method}') cannot be called remotely.", model.name);
        return Err(Refusal::new(403, "odoo.exceptions.AccessError", what));
    }
    let no_method = || not_found(format!("the model '{}' has no method '{method}'", model.name));
    let (takes_ids, names) = signature(method).ok_or_else(no_method)?;
    let is_of_order = method.starts_with("action_");
    if (is_of_order && model.name != "sale.order") || (method == "context_get" && model.name != "res.users") {
        return Err(no_method());
    }
    if !takes_ids && args.contains_key("ids") {
        return Err(Refusal::argument(format!("cannot call {}.{method} with ids", model.name)));
    }
    let is_known =
        |name: &&String| ["ids", "context"].contains(&name.as_str()) || names.contains(&name.as_str());
    if let Some(unknown) = args.keys().find(|name| !is_known(name)) {
        return Err(Refusal::argument(format!("got an unexpected keyword argument '{unknown}'")));
    }
    let required: &[&str] = match method {
        "search" | "search_count" => &["domain"],
        "create" => &["vals_list"],
        "write" => &["vals"],
        "load" => &["fields", "data"],
        _ => &[],
    };
    if let Some(missing) = required.iter().find(|name| !args.contains_key(**name)) {
        return Err(Refusal::argument(format!("missing a required argument: '{missing}'")));
    }
    let caller = Caller::of(options, state, args.get("context").unwrap_or(&Value::Null))?;
    if method != "fields_get" && caller.is_refused(model.name) {
        return Err(Refusal::access(model.name));
    }
    let bytes = |value: Value| Ok(value.to_string().into_bytes());
    match method {
        "search_read" | "search" | "search_count" => {
            found(options, state, model, method, &args, &caller, twist)
        }
        "read" => read(options, state, model, &args, &caller),
        "fields_get" => {
            let is_there = |name: &str| {
                !(options.without.contains(&"stock") && ["stock_quant_ids", "qty_available"].contains(&name))
            };
            let fields = model.fields.iter().filter(|field| {
                field.is_in(state.version) && is_there(field.name) && !(field.restricted && caller.salesman)
            });
            bytes(
                fields.map(|field| (field.name.to_owned(), json!({ "type": type_of(field.kind) }))).collect(),
            )
        }
        "context_get" => bytes(json!({ "lang": "en_US", "tz": false, "uid": UID })),
        "create" => match &args["vals_list"] {
            Value::Array(all) => {
                let mut ids = Vec::new();
                for vals in all {
                    ids.push(write::create(state, model, &vals.as_object().cloned().unwrap_or_default())?);
                }
                bytes(ids.into())
            }
            vals => {
                let id = write::create(state, model, &vals.as_object().cloned().unwrap_or_default())?;
                bytes(if is_rpc { id.into() } else { json!([id]) })
            }
        },
        "load" => {
            let columns: Vec<String> = serde_json::from_value(args["fields"].clone()).unwrap_or_default();
            let data = args["data"].as_array().cloned().unwrap_or_default();
            bytes(write::load(state, model, &columns, &data))
        }
        _ => changed(state, model, method, &args, &caller).and_then(bytes),
    }
}

/// What is done to records one by one. Nobody is nothing to do, and that is well.
fn changed(
    state: &mut State,
    model: &'static Model,
    method: &str,
    args: &Args,
    caller: &Caller,
) -> Result<Value, Refusal> {
    let mut answer = Value::Bool(true);
    for id in ids_of(args) {
        if matches!(id, Value::Null | Value::Bool(false)) || id == 0 {
            continue;
        }
        let id = id.as_i64().ok_or_else(|| Refusal::missing(model.name, 0))?;
        if state.row(model.name, id).is_some_and(|row| !caller.sees(state, model.name, id, row)) {
            return Err(Refusal::access(model.name));
        }
        match method {
            "write" => {
                let vals = args["vals"].as_object().cloned().unwrap_or_default();
                write::write(state, model, id, &vals)?;
            }
            "unlink" => write::unlink(state, model, id)?,
            _ => answer = write::press(state, method, id)?,
        }
    }
    Ok(answer)
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Label => "char",
        Kind::Flag => "boolean",
        Kind::Whole => "integer",
        Kind::Float => "float",
        Kind::Time => "datetime",
        Kind::One(_) => "many2one",
        Kind::Many(_) => "many2many",
        Kind::Lines(..) => "one2many",
    }
}

fn found(
    options: &SandboxOptions,
    state: &mut State,
    model: &'static Model,
    method: &str,
    args: &Args,
    caller: &Caller,
    twist: Twist,
) -> Result<Vec<u8>, Refusal> {
    let none = Value::Array(Vec::new());
    let reader = Reader { version: state.version, is_closed: &|name| caller.is_refused(name) };
    let domain = args.get("domain").filter(|domain| !domain.is_null()).unwrap_or(&none);
    let domain = reader.domain(model, domain)?;
    let page = Page {
        order: args.get("order").and_then(Value::as_str).map(str::to_owned),
        limit: count(args, "limit")?,
        offset: count(args, "offset")?.unwrap_or(0),
    };
    let ids = state.search(model, &domain, &page, caller)?;
    match method {
        "search" => return Ok(Value::from(ids).to_string().into_bytes()),
        "search_count" => return Ok(ids.len().to_string().into_bytes()),
        _ => {}
    }
    let fields = state.fields_of(model, args.get("fields").unwrap_or(&Value::Null), caller)?;
    let is_bare = args.get("load").is_some_and(Value::is_null);
    let body = state.shown(model, &ids, &fields, is_bare, (twist.broken_row, options.blanks));
    match (twist.drift, ids.first()) {
        (Some(Drift::Delete), Some(id)) => drop(write::unlink(state, model, *id)),
        (Some(Drift::Insert), _) if model.name == "res.partner" => {
            drop(write::create(state, model, &crate::server::object(json!({ "name": "Khách Mới Mẫu" }))));
        }
        (Some(Drift::Modify), Some(id)) => state.moved(model.name, *id),
        _ => {}
    }
    Ok(body)
}

/// Records by their ids, in the order in which they are asked for. One that is gone is left out, one that a rule hides refuses all
/// of them, and one that is no id is answered with a row of nothing.
fn read(
    options: &SandboxOptions,
    state: &State,
    model: &'static Model,
    args: &Args,
    caller: &Caller,
) -> Result<Vec<u8>, Refusal> {
    let fields = state.fields_of(model, args.get("fields").unwrap_or(&Value::Null), caller)?;
    let is_bare = args.get("load").is_some_and(Value::is_null);
    let (mut ids, mut made_up) = (Vec::new(), false);
    for id in ids_of(args) {
        match id.as_i64() {
            Some(id) if id > 0 => match state.row(model.name, id) {
                Some(row) if !row.committed => {}
                Some(row) if !caller.sees(state, model.name, id, row) => {
                    return Err(Refusal::access(model.name));
                }
                _ => ids.push(id),
            },
            _ => made_up |= id.as_str().is_none_or(str::is_empty),
        }
    }
    if made_up {
        let row = fields.iter().map(|field| (field.name.to_owned(), Value::Bool(false)));
        return Ok(Value::from(vec![Value::Object(row.collect())]).to_string().into_bytes());
    }
    ids.retain(|id| state.row(model.name, *id).is_some());
    Ok(state.shown(model, &ids, &fields, is_bare, (None, options.blanks)))
}
