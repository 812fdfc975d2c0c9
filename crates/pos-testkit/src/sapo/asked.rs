//! What is asked for.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::server::{Query, digits as all_digits};

/// Query parameters that count: without `page`, `customer_id` is ignored.
pub(super) fn read(query: &str, is_count: bool) -> Query {
    let mut query = Query::parse(query);
    if !is_count && query.0.iter().all(|(name, _)| name != "page") {
        query.0.retain(|(name, _)| name != "customer_id");
    }
    query
}

/// A time in seconds; one that cannot be read is ignored.
pub(super) fn time_of(query: &Query, name: &str) -> Option<i64> {
    let text = query.get(name)?.replacen(' ', "T", 1);
    OffsetDateTime::parse(&text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// A number without what stands for the country.
pub(super) fn digits(text: &str) -> String {
    let digits = all_digits(text);
    digits.strip_prefix("84").or_else(|| digits.strip_prefix('0')).unwrap_or(&digits).to_owned()
}
