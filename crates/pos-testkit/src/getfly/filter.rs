//! `filtering[…]`, `fields`, and what lists know of them.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::Kind;
use super::render::is_time;
use crate::server::Query;

/// A filter as it was asked for: `filtering[updated_at:gte]=…`, `filtering[id:in][]=…`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    field: String,
    op: String,
    values: Vec<String>,
}

/// The filters of a query.
pub(super) fn filters(query: &Query) -> Vec<Filter> {
    let mut filters: Vec<Filter> = Vec::new();
    for (name, value) in &query.0 {
        let Some((inside, _)) = name.strip_prefix("filtering[").and_then(|rest| rest.split_once(']')) else {
            continue;
        };
        let (field, op) = inside.split_once(':').unwrap_or((inside, "eq"));
        match filters.iter_mut().find(|known| known.field == field && known.op == op) {
            Some(known) => known.values.push(value.clone()),
            None => filters.push(Filter {
                field: field.to_owned(),
                op: op.to_owned(),
                values: vec![value.clone()],
            }),
        }
    }
    filters
}

/// The value of a filter that stands alone, `last_sync` say.
pub(super) fn single<'a>(filters: &'a [Filter], field: &str) -> Option<&'a str> {
    filters.iter().find(|one| one.field == field).and_then(|one| one.values.first()).map(String::as_str)
}

/// The operators that are documented of a member; an empty list says that the member alone is.
fn documented(kind: Kind, field: &str) -> Option<&'static [&'static str]> {
    const TIMES: &[&str] = &["eq", "gte", "lte", "between"];
    const TEXT: &[&str] = &["eq", "contains"];
    Some(match (kind, field) {
        (Kind::Accounts, "phone_office" | "contact_phone" | "phone_fax") => TEXT,
        (Kind::Accounts, "created_at" | "updated_at") | (Kind::Orders, "order_date") => TIMES,
        (Kind::Orders, "created_at" | "updated_at") => &["eq", "gte", "lte"],
        (Kind::Payments, "order_id") => &["eq", "in"],
        (Kind::Users, "valid") => &["eq"],
        (
            Kind::Accounts,
            "account_code"
            | "account_name"
            | "relation_id"
            | "email"
            | "account_type"
            | "account_source"
            | "industry"
            | "billing_address_street"
            | "gender"
            | "account_manager"
            | "website"
            | "sic_code"
            | "description"
            | "country_id"
            | "province_id"
            | "district_id"
            | "birthday",
        )
        | (Kind::Accounts | Kind::Orders | Kind::Products | Kind::Payments, "id")
        | (Kind::Products, "product_name" | "product_code")
        | (Kind::Payments, "created_at") => &[],
        _ => return None,
    })
}

/// Whether a list listens to a filter at all. What it does not know it ignores without a word.
fn is_heard(kind: Kind, filter: &Filter, is_narrow: bool) -> bool {
    let Some(ops) = documented(kind, &filter.field) else { return false };
    match (ops.is_empty(), is_narrow) {
        (true, true) => matches!(filter.op.as_str(), "eq" | "is" | "in" | "contains"),
        (false, true) => ops.contains(&filter.op.as_str()),
        (_, false) => true,
    }
}

/// A database compares a time with a number as if the time were one: `2026-03-12 08:53:00` is 20260312085300.
fn compare(have: &Value, wanted: &str) -> Option<Ordering> {
    match have {
        Value::Number(have) => have.as_f64()?.partial_cmp(&wanted.trim().parse::<f64>().ok()?),
        Value::String(have) if is_time(have) => {
            if let Ok(wanted) = wanted.parse::<f64>() {
                let digits: String = have.chars().filter(char::is_ascii_digit).collect();
                return digits.parse::<f64>().ok()?.partial_cmp(&wanted);
            }
            let whole = |text: &str| format!("{text:0<10} 00:00:00").chars().take(19).collect::<String>();
            let whole = |text: &str| if text.len() > 10 { text.to_owned() } else { whole(text) };
            Some(whole(have).cmp(&whole(wanted)))
        }
        Value::String(have) => Some(have.to_lowercase().cmp(&wanted.to_lowercase())),
        _ => None,
    }
}

fn says(have: &Value, op: &str, wanted: &[String]) -> bool {
    let first = wanted.first().map_or("", String::as_str);
    let last = wanted.last().map_or("", String::as_str);
    let at = |value: &str| compare(have, value);
    let is_between = || {
        at(first).is_some_and(Ordering::is_ge) && at(last).is_some_and(Ordering::is_le) && wanted.len() == 2
    };
    match op {
        "eq" | "is" => at(first) == Some(Ordering::Equal),
        "in" => wanted.iter().any(|one| at(one) == Some(Ordering::Equal)),
        "not_in" => !wanted.iter().any(|one| at(one) == Some(Ordering::Equal)),
        "contains" => {
            let have = have.as_str().map_or_else(|| have.to_string(), str::to_owned);
            have.to_lowercase().contains(&first.to_lowercase())
        }
        "between" => is_between(),
        "not_between" => !is_between(),
        "gte" => at(first).is_some_and(Ordering::is_ge),
        "gt" => at(first).is_some_and(Ordering::is_gt),
        "lte" => at(first).is_some_and(Ordering::is_le),
        "lt" => at(first).is_some_and(Ordering::is_lt),
        _ => true,
    }
}

/// Whether a row passes the filters.
pub(super) fn passes(kind: Kind, row: &Map<String, Value>, filters: &[Filter], is_narrow: bool) -> bool {
    filters.iter().filter(|filter| is_heard(kind, filter, is_narrow)).all(|filter| {
        let says = |have: &Value| says(have, &filter.op, &filter.values);
        match filter.field.as_str() {
            "contact_phone" => {
                let contacts = row.get("contacts").and_then(Value::as_array).into_iter().flatten();
                contacts.filter_map(|contact| contact.get("phone_mobile")).any(says)
            }
            field => row.get(field).is_some_and(says),
        }
    })
}

/// Members that come only when they are named.
fn is_shy(kind: Kind, is_list: bool, name: &str) -> bool {
    match kind {
        Kind::Accounts => {
            matches!(name, "contacts" | "custom_fields" | "detail_custom_fields" | "accessible_user_ids")
                || name.ends_with("_detail")
                || name.ends_with("_details")
        }
        Kind::Orders => {
            name == "payment_status" || is_list && matches!(name, "status_label" | "custom_fields")
        }
        _ => false,
    }
}

/// The members of a row that come back.
pub(super) fn project(kind: Kind, row: &mut Map<String, Value>, fields: Option<&str>, is_list: bool) {
    let Some(fields) = fields else {
        row.retain(|name, _| !is_shy(kind, is_list, name));
        return;
    };
    let fields: Vec<&str> = fields.split(',').map(str::trim).collect();
    let has = |name: &str| fields.contains(&name);
    // Whether an order is paid is told together with the flag that it is paid off.
    row.retain(|name, _| has(name) && (name != "payment_status" || has("has_pay_off")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Filter, filters, says};
    use crate::server::Query;

    #[test]
    fn filters_are_read_from_brackets() {
        let query = Query::parse(
            "filtering%5Bupdated_at%3Agte%5D=2026-01-02&filtering[id:in][]=4&filtering[id:in][]=5&limit=3&filtering[last_sync]=7",
        );
        let filter = |field: &str, op: &str, values: &[&str]| Filter {
            field: field.into(),
            op: op.into(),
            values: values.iter().map(ToString::to_string).collect(),
        };
        let expected = [
            filter("updated_at", "gte", &["2026-01-02"]),
            filter("id", "in", &["4", "5"]),
            filter("last_sync", "eq", &["7"]),
        ];
        assert_eq!(filters(&query), expected);
    }

    #[test]
    fn a_time_is_compared_as_text_and_with_a_number_as_a_number() {
        let at = json!("2026-03-12 08:53:00");
        let wanted = |text: &str| vec![text.to_owned()];
        assert!(says(&at, "gte", &wanted("2026-03-12 08:53:00")) && says(&at, "gte", &wanted("2026-03-12")));
        assert!(!says(&at, "gte", &wanted("2026-03-12 08:53:01")));
        assert!(says(&at, "gte", &wanted("1800000000")), "seconds of Unix are small numbers");
        assert!(!says(&at, "lte", &wanted("1800000000")));
        assert!(says(&json!("0903 111 222"), "contains", &wanted("111 2")));
        assert!(!says(&json!("0903 111 222"), "contains", &wanted("0903111222")));
        assert!(
            says(&json!(7), "between", &["7".into(), "9".into()]) && !says(&json!(null), "eq", &wanted(""))
        );
    }
}
