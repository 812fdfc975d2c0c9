//! What Getfly sends, field by field, and what it is sent.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (C:n) seen in n public clients, (?) unproven. The names are
//! those of line 6.1; where v3 has another one it is read into the same member. A member that was not asked for in `fields`
//! is absent, and that says nothing of the company's data. Every member but the id is optional; numbers may be texts. Read
//! rows with [`pos_core::page::read_row`]: then a member that cannot be read costs itself, unless it is the id or an amount.
//! What this crate does not know is kept in `extra`: line v3 has a company's own fields there. `Debug` shows ids and states
//! only.

use pos_core::kit::{Members, is_object, items};
use pos_core::lenient::{self, VIETNAM};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::{Date, OffsetDateTime};

/// Days come year first, or, in v3, day first with strokes or hyphens (D); put year first.
fn year_first(text: &str) -> String {
    let bytes = text.as_bytes();
    match (text.get(..2), text.get(3..5), text.get(6..10)) {
        (Some(day), Some(month), Some(year)) if bytes[2] == bytes[5] && matches!(bytes[2], b'/' | b'-') => {
            format!("{year}-{month}-{day}{}", text.get(10..).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

/// Unix seconds, as some dates come (C:1); below zero before 1970.
fn unix(text: &str) -> Option<OffsetDateTime> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.len() > 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number)?;
    lenient::instant_of_unix(seconds)
}

/// An instant; what is none is absent. No text names a zone, so they are taken for Viet Nam's clocks (?).
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let Some(text) = lenient::text(deserializer)? else { return Ok(None) };
    let text = text.trim();
    let read = || lenient::parse_instant(&year_first(text), VIETNAM).ok().flatten();
    Ok(unix(text).or_else(read))
}

/// A day; what is none is absent.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = lenient::text(deserializer)? else { return Ok(None) };
    let text = text.trim();
    let read = || lenient::parse_date(&year_first(text));
    Ok(unix(text).map_or_else(read, lenient::birthday))
}

/// An id that points somewhere: 0 is none.
fn link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(lenient::integer(deserializer)?.filter(|id| *id > 0))
}

/// Any JSON.
fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<serde_json::Value, D::Error> {
    serde_json::Value::deserialize(deserializer)
}

/// What a number or a list of numbers stands for: one object or several, or the bare label.
fn labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Label>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let read = |raw: &RawValue| -> Option<Label> {
        if !is_object(raw) {
            let label = lenient::text(raw).ok().flatten()?;
            return Some(Label { label: Some(label), ..Label::default() });
        }
        // An object with numbers for names is a list of PHP's.
        serde_json::from_str(raw.get()).ok().filter(|label: &Label| label.label.is_some())
    };
    if let Some(one) = read(&raw) {
        return Ok(vec![one]);
    }
    let many = match Members::of(&raw) {
        Ok(members) => members.iter().filter_map(|(_, raw)| read(raw)).collect(),
        Err(_) => items(&raw).unwrap_or_default().into_iter().filter_map(read).collect(),
    };
    Ok(many)
}

/// Addresses of pictures: texts, or objects whose form nobody documents, which are left out.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let texts = items(&raw).unwrap_or_default();
    Ok(texts.into_iter().filter_map(|text| lenient::text(text).ok().flatten()).collect())
}

/// A list that tells absent apart from empty.
fn maybe_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let rows = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(rows.map(|rows| rows.into_iter().flatten().collect()))
}

mod account;
mod order;
mod product;
mod settings;
mod write;

pub use account::{Account, Contact, DeletedAccount, Label};
pub use order::{Line, Order, Payment};
pub use product::Product;
pub use settings::{AccountSource, AccountType, CustomField, Made, OrderCounts, PaymentMethod, User};
pub use write::{AccountWrite, LineWrite, OrderAccountWrite, OrderWrite, PaidWrite, PaymentWrite};

pos_core::keyed!(AccountSource, AccountType, CustomField, Payment, PaymentMethod);

/// Structs whose key has another name in one of the lines.
macro_rules! keyed_by {
    ($($name:ident $ids:expr;)*) => {$(
        impl pos_core::kit::Keyed for $name {
            type Key = i64;
            const IDS: &'static [&'static str] = &$ids;
            fn key(&self) -> Option<i64> {
                Some(self.id)
            }
            /// The vendor counts from 1.
            fn is_real(key: &i64) -> bool {
                *key > 0
            }
        }
    )*};
}

keyed_by! {
    Account ["id", "account_id"];
    DeletedAccount ["account_id", "id"];
    Order ["id", "order_id"];
    Product ["id", "product_id"];
    User ["user_id", "id"];
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn at(json: &str) -> Option<OffsetDateTime> {
        instant(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    fn on(json: &str) -> Option<Date> {
        date(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn every_line_writes_dates_in_its_own_way() {
        assert_eq!(at("\"2026-03-12 08:53:00\""), Some(datetime!(2026-03-12 8:53 +7)));
        assert_eq!(at("\"03/01/2024\""), Some(datetime!(2024-01-03 0:00 +7)));
        assert_eq!(at("\"11-11-2017\""), Some(datetime!(2017-11-11 0:00 +7)));
        assert_eq!(at("\"03/01/2024 18:08:09\""), Some(datetime!(2024-01-03 18:08:09 +7)));
        assert_eq!(at("1773309191"), Some(datetime!(2026-03-12 9:53:11 UTC)));
        for none in ["\"0000-00-00 00:00:00\"", "\"\"", "null", "0", "\"hôm qua\"", "\"31/31/2024\""] {
            assert_eq!(at(none), None, "{none}");
        }
        assert_eq!(on("\"1990-12-22\""), Some(date!(1990 - 12 - 22)));
        assert_eq!(on("662688000"), Some(date!(1991 - 01 - 01)));
        assert_eq!(on("-308620800"), Some(date!(1960 - 03 - 22)));
        assert_eq!(on("\"22/12/1990\""), Some(date!(1990 - 12 - 22)));
        assert_eq!((on("\"0000-00-00\""), on("\"1990-02-30\""), on("false")), (None, None, None));
    }

    #[test]
    fn labels_come_alone_in_lists_and_bare() {
        let read = |json: &str| -> Vec<String> {
            let read = labels(&mut serde_json::Deserializer::from_str(json)).unwrap();
            read.into_iter().filter_map(|label| label.label).collect()
        };
        assert_eq!(read(r#"[{"id":2,"label":"Website"},{"id":"3","label":"FB"},7]"#), ["Website", "FB", "7"]);
        assert_eq!(read(r#"{"id":2,"label":"Nam"}"#), ["Nam"]);
        assert_eq!(read(r#"{"0":{"id":2,"label":"Nam"}}"#), ["Nam"]);
        assert_eq!(read("\"Nam\""), ["Nam"]);
        for none in ["null", "{}", "[]", "\"\"", "[{}]"] {
            assert!(read(none).is_empty(), "{none}");
        }
    }
}
