//! An order to push, from a JSON file that a person wrote.

use std::path::Path;

use pos_core::connector::OrderPush;
use serde_json::{Map, Value};

use crate::words::{Failure, Outcome, hint};

/// What such a file looks like, for the help text; also the list of what may stand in one.
pub(crate) const EXAMPLE: &str = r#"{
  "reference": "WEB-1001",
  "branch_id": "15001",
  "buyer_id": "1030450011",
  "lines": [
    { "product_id": "2401001", "name": "Áo thun", "quantity": "2", "unit_price": "150000" }
  ],
  "discount": "20000",
  "note": "Gọi trước khi giao"
}"#;

const ORDER: &[&str] = &[
    "reference",
    "created_at",
    "branch_id",
    "seller_id",
    "channel_id",
    "buyer_id",
    "buyer",
    "recipient",
    "lines",
    "discount",
    "shipping_fee",
    "paid",
    "payment_method",
    "note",
];
const LINE: &[&str] = &["product_id", "sku", "name", "quantity", "unit_price", "discount"];
const BUYER: &[&str] = &[
    "reference",
    "vendor_id",
    "name",
    "phones",
    "email",
    "gender",
    "birth_date",
    "address",
    "note",
    "tags",
    "group_ids",
    "branch_id",
];
const ADDRESS: &[&str] = &[
    "id",
    "is_default",
    "name",
    "phone",
    "street",
    "ward",
    "district",
    "province",
    "country",
    "codes",
    "text",
];

/// Reads an order. What the file says and no order has is refused, not left out: it would be missing at the shop.
///
/// # Errors
/// With the path, the place in the file, and what to write there.
pub(crate) fn read(path: &Path) -> Outcome<OrderPush> {
    let failed = |what: String| Failure::Failed(format!("{}: {what}", path.display()));
    let bytes =
        std::fs::read(path).map_err(|error| failed(format!("the order file cannot be read: {error}")))?;
    parse(&bytes).map_err(failed)
}

fn parse(bytes: &[u8]) -> Result<OrderPush, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("this is not JSON: {error}"))?;
    let Value::Object(order) = &value else {
        return Err("an order is one JSON object: { \"reference\": …, \"lines\": [ … ] }".to_owned());
    };
    known("", order, ORDER)?;
    for (at, line) in order.get("lines").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if let Value::Object(line) = line {
            known(&format!("lines[{at}]."), line, LINE)?;
        }
    }
    if let Some(Value::Object(buyer)) = order.get("buyer") {
        known("buyer.", buyer, BUYER)?;
        if let Some(Value::Object(address)) = buyer.get("address") {
            known("buyer.address.", address, ADDRESS)?;
        }
    }
    if let Some(Value::Object(recipient)) = order.get("recipient") {
        known("recipient.", recipient, ADDRESS)?;
    }
    let order: OrderPush = serde_path_to_error::deserialize(&value)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    if order.reference.trim().is_empty() {
        return Err("`reference` is missing: your own id of the order, which makes a repeated push find the first one"
            .to_owned());
    }
    if order.lines.is_empty() {
        return Err("`lines` is missing: an order has at least one line".to_owned());
    }
    Ok(order)
}

fn known(place: &str, object: &Map<String, Value>, members: &[&str]) -> Result<(), String> {
    match object.keys().find(|member| !members.contains(&member.as_str())) {
        Some(member) => {
            let hint = hint(member, members.iter().copied());
            Err(format!("`{place}{member}` is no member of an order{hint}\nThere is {}.", members.join(", ")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pos_core::connector::{CustomerPush, PushLine};
    use pos_core::record::Address;

    #[test]
    fn the_example_is_an_order() {
        let order = parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!((order.reference.as_str(), order.lines.len()), ("WEB-1001", 1));
    }

    #[test]
    fn an_unknown_member_is_refused_with_the_nearest_right_word() {
        for (text, place, right) in [
            (r#"{"reference":"A","line":[]}"#, "`line`", "did you mean lines?"),
            (
                r#"{"reference":"A","lines":[{"unitPrice":"1"}]}"#,
                "`lines[0].unitPrice`",
                "did you mean unit_price?",
            ),
            (r#"{"reference":"A","buyer":{"phone":"1"}}"#, "`buyer.phone`", "did you mean phones?"),
            (r#"{"reference":"A","recipient":{"streat":"1"}}"#, "`recipient.streat`", "did you mean street?"),
        ] {
            let what = parse(text.as_bytes()).unwrap_err();
            assert!(what.contains(place) && what.contains(right), "{what}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, part) in [
            (r#"{"reference":"A","lines":[{"quantity":"many"}]}"#, "lines[0].quantity"),
            (r#"[1]"#, "one JSON object"),
            (r#"{"#, "line 1"),
            (r#"{"lines":[{"sku":"A"}]}"#, "`reference` is missing"),
            (r#"{"reference":"A"}"#, "`lines` is missing"),
        ] {
            let what = parse(text.as_bytes()).unwrap_err();
            assert!(what.contains(part), "{what}");
        }
        let what = read(Path::new("no-such-folder/order.json")).unwrap_err();
        assert!(matches!(what, Failure::Failed(what) if what.starts_with("no-such-folder/order.json: ")));
    }

    /// A member that a record got since would be refused although it is right.
    #[test]
    fn every_member_of_an_order_is_known() {
        let members = |value: Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let sorted = |members: &[&str]| {
            let mut members: Vec<String> = members.iter().map(ToString::to_string).collect();
            members.sort();
            members
        };
        let of = |value: Value| {
            let mut members = members(value);
            members.sort();
            members
        };
        assert_eq!(of(serde_json::to_value(OrderPush::default()).unwrap()), sorted(ORDER));
        assert_eq!(of(serde_json::to_value(PushLine::default()).unwrap()), sorted(LINE));
        assert_eq!(of(serde_json::to_value(CustomerPush::default()).unwrap()), sorted(BUYER));
        // An address leaves out what is blank, so its members are looked for one by one.
        for member in of(serde_json::to_value(Address::default()).unwrap()) {
            assert!(ADDRESS.contains(&member.as_str()), "{member}");
        }
    }
}
