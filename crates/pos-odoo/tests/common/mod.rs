//! A connector to a server made of a closure, or of a few rows.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pos_odoo::model::{self, Model};
use pos_odoo::{Odoo, OdooBuilder};
pub use pos_testkit::fake::{Asked, Fake, Reply, ok};
use serde_json::{Value, json};

pub const SITE: &str = "https://mau.example.vn";
pub const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    pos_testkit::fake::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

pub fn rows_of(name: &str) -> Vec<Value> {
    serde_json::from_slice(&fixture(name)).unwrap()
}

pub fn builder() -> OdooBuilder {
    Odoo::builder().site(SITE).database("possync").login("bot@mau.example.vn").api_key(KEY)
}

/// A shop without limits.
pub fn shop(fake: &Arc<Fake>) -> Odoo {
    builder().connection(fake.connection().unpaced()).build().unwrap()
}

/// The fields that a model has: those that this crate reads, but the one that is gone in 19.
pub fn fields(model: &str) -> Option<Vec<&'static str>> {
    macro_rules! find {
        ($($name:ident),*) => {$(
            if model == model::$name::MODEL {
                let gone = |name: &&str| *name == "mobile" && model == model::Partner::MODEL;
                let known = model::$name::FIELDS.iter().copied().filter(|name| !gone(name));
                return Some(known.chain(["ref_company_ids", "technical_price_unit"]).collect());
            }
        )*};
    }
    find!(
        Partner, Tag, State, Country, SaleOrder, SaleLine, Move, PosOrder, PosLine, PosPayment, PosMethod,
        Product, Quant, Category, Company, Warehouse, PosConfig, User
    );
    None
}

/// What is asked of a server of version 19, apart from version and fields.
pub struct Call<'a> {
    pub model: &'a str,
    pub method: &'a str,
    pub body: Value,
    /// How many calls of this method of this model came before.
    pub before: usize,
}

/// A server of version 19 whose calls are answered by a closure.
pub fn server(answer: impl Fn(&Call<'_>) -> Reply + Send + Sync + 'static) -> Arc<Fake> {
    Fake::new(move |asked, before| {
        if asked.path == "/web/version" {
            return ok(text("web-version.json"));
        }
        let Some((model, method)) = asked.path.strip_prefix("/json/2/").and_then(|rest| rest.split_once('/'))
        else {
            return Reply::Answer(404, "<html>".into());
        };
        if method == "fields_get" {
            return match fields(model) {
                Some(names) => {
                    ok(Value::from_iter(names.into_iter().map(|name| (name, json!({"type": "char"}))))
                        .to_string())
                }
                None => Reply::Answer(404, text("json2.error-404-model.json")),
            };
        }
        answer(&Call { model, method, body: asked.json(), before })
    })
}

/// Rows by model.
pub type Tables = BTreeMap<&'static str, Vec<Value>>;

/// A server of version 19 that keeps rows and understands the domains of this crate as far as they look at one row.
pub fn database(tables: Tables) -> (Arc<Fake>, Arc<Mutex<Tables>>) {
    let tables = Arc::new(Mutex::new(tables));
    let kept = tables.clone();
    let fake = server(move |call| match call.method {
        "search_read" => ok(search(&kept.lock().unwrap(), call)),
        "read" => {
            let ids = call.body["ids"].as_array().unwrap().clone();
            let tables = kept.lock().unwrap();
            let rows = tables.get(call.model).into_iter().flatten();
            ok(Value::from_iter(rows.filter(|row| ids.contains(&row["id"])).cloned()).to_string())
        }
        "context_get" => ok(text("json2.context-get.json")),
        _ => Reply::Answer(404, text("json2.error-404-model.json")),
    });
    (fake, tables)
}

fn search(tables: &Tables, call: &Call<'_>) -> String {
    let domain = call.body["domain"].as_array().unwrap();
    let mut rows: Vec<&Value> =
        tables.get(call.model).into_iter().flatten().filter(|row| holds(domain, row)).collect();
    assert_eq!(call.body["order"], "id asc");
    rows.sort_by_key(|row| row["id"].as_i64());
    let limit = call.body["limit"].as_u64().unwrap_or(u64::MAX);
    Value::from_iter(rows.into_iter().take(usize::try_from(limit).unwrap()).cloned()).to_string()
}

/// A domain in prefix notation; what it says of other tables holds for nobody.
fn holds(domain: &[Value], row: &Value) -> bool {
    fn next(terms: &mut std::slice::Iter<'_, Value>, row: &Value) -> bool {
        match terms.next().unwrap() {
            Value::String(operator) if operator == "!" => !next(terms, row),
            Value::String(operator) => {
                let (one, other) = (next(terms, row), next(terms, row));
                if operator == "|" { one || other } else { one && other }
            }
            term => holds_one(term, row),
        }
    }
    let mut terms = domain.iter();
    let mut all = true;
    while terms.len() > 0 {
        all &= next(&mut terms, row);
    }
    all
}

fn holds_one(term: &Value, row: &Value) -> bool {
    let (field, operator, wanted) = (term[0].as_str().unwrap(), term[1].as_str().unwrap(), &term[2]);
    if field == "ref_company_ids" {
        return true;
    }
    if field.contains('.') {
        return false;
    }
    // A reference is compared by its id.
    let own = match &row[field] {
        Value::Array(pair) if pair.len() == 2 && pair[1].is_string() => pair[0].clone(),
        Value::Null => json!(false),
        own => own.clone(),
    };
    let order = match (own.as_f64(), wanted.as_f64()) {
        (Some(own), Some(wanted)) => own.partial_cmp(&wanted),
        _ => own.as_str().zip(wanted.as_str()).map(|(own, wanted)| own.cmp(wanted)),
    };
    match operator {
        "=" => own == *wanted,
        "!=" => own != *wanted,
        "in" => wanted.as_array().unwrap().contains(&own),
        ">" => order.is_some_and(|order| order.is_gt()),
        ">=" => order.is_some_and(|order| order.is_ge()),
        "<" => order.is_some_and(|order| order.is_lt()),
        "<=" => order.is_some_and(|order| order.is_le()),
        other => panic!("{other} in {term}"),
    }
}
