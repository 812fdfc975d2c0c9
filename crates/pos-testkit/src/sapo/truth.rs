//! What the store says about itself, by an arithmetic of its own: for tests that compare a CRM with it.

use pos_core::record::Stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Flavor, Sandbox};
use crate::server::text;
use crate::truth::{CustomerTruth, DocumentTruth, Truth};

/// Hundredths, so that halves of a dong survive.
fn hundredths(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Number(number)) => (number.as_f64().unwrap_or_default() * 100.0).round() as i64,
        Some(Value::String(text)) => (text.parse::<f64>().unwrap_or_default() * 100.0).round() as i64,
        _ => 0,
    }
}

/// An amount in whole dong.
pub(super) fn amount(row: &Map<String, Value>, name: &str) -> i64 {
    hundredths(row.get(name)) / 100
}

fn list<'a>(row: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    row.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// What an order of the web flavour is worth, in hundredths; `None` when it counts nothing at all.
fn web(order: &Map<String, Value>) -> Option<i64> {
    let of = |name: &str| hundredths(order.get(name));
    let money = text(order, "financial_status");
    let is_dead = text(order, "status") == "cancelled"
        || order.get("cancelled_on").is_some_and(|at| !at.is_null())
        || matches!(money, "refunded" | "voided")
        || order.get("test").is_some_and(|test| test == true);
    if is_dead {
        return None;
    }
    let by_transaction: i64 = list(order, "refunds")
        .flat_map(|refund| refund["transactions"].as_array().into_iter().flatten())
        .filter(|one| one["kind"] == "refund" && one["status"] == "success")
        .map(|one| hundredths(one.get("amount")))
        .sum();
    let refunded = of("total_refunded").max(by_transaction);
    let shipping = of("total_shipping_price");
    let shipping_back = of("total_refunded_shipping").min(refunded);
    let back: i64 = list(order, "refunds")
        .flat_map(|refund| refund["refund_line_items"].as_array().into_iter().flatten())
        .map(|line| hundredths(line.get("subtotal")))
        .sum();
    let (total, received) = (of("total_price"), of("total_received"));
    match money {
        "paid" => Some((total - back).max(0)),
        // What remains of the goods; the shipping is not counted, as far as it was not given back itself.
        "partially_refunded" if received >= total => {
            // Money beyond the total was never for these goods: it is what goes back first.
            let goods_back = (refunded - (received - total) - shipping_back).max(back);
            Some((total - shipping - goods_back).clamp(0, (received - refunded).max(0)))
        }
        _ => Some(0),
    }
}

/// What an order of POS is worth, in hundredths; `None` when it counts nothing at all.
fn pos(order: &Map<String, Value>) -> Option<i64> {
    let of = |name: &str| hundredths(order.get(name));
    if matches!(text(order, "status"), "cancelled" | "deleted") || text(order, "return_status") == "returned"
    {
        return None;
    }
    let returns = || list(order, "order_returns").filter(|one| one["status"] != "cancelled");
    let refunded: i64 = returns()
        .flat_map(|one| one["refunds"].as_array().into_iter().flatten())
        .filter(|refund| refund["status"] == "active")
        .map(|refund| hundredths(refund.get("amount")))
        .sum();
    let back: i64 = returns()
        .filter(|one| one["status"] == "returned")
        .map(|one| hundredths(one.get("total_amount")))
        .sum();
    let with_goods =
        list(order, "fulfillments").flat_map(|one| one["payments"].as_array().into_iter().flatten());
    let payments = list(order, "prepayments").chain(with_goods);
    let listed: i64 = payments.map(|payment| hundredths(payment.get("paid_amount"))).sum();
    let is_paid = text(order, "payment_status") == "paid";
    let received = if is_paid { listed.max(of("total")) } else { listed };
    // Money beyond the total was never for these goods: it is what goes back first.
    let refund = (refunded - (received - of("total")).max(0)).max(0);
    // Of what was given back in part the goods that remain count, and no shipping.
    let fee = order.get("delivery_fee").map_or(0, |fee| hundredths(fee.get("fee").or(Some(fee))));
    let shipping = if refund > 0 { fee.min(of("total")) } else { 0 };
    let remains = (of("total") - shipping - back.max(refund - shipping.min((refund - back).max(0)))).max(0);
    // What is kept of a part that came back is paid when the money for it came in.
    let is_kept_paid = back > 0 && received >= of("total") - back;
    Some(match is_paid || is_kept_paid {
        true => remains.min((received - refunded).max(0)),
        false => 0,
    })
}

impl Sandbox {
    /// What the shop says about every document and every customer now.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let flavor = self.flavor();
        let mut state = self.inner.state();
        let some = |text: String| (!text.is_empty()).then_some(text);
        for (id, row) in state.table(Stream::Customers).iter() {
            let of = |name: &str| text(&row.json, name);
            let (name, phone) = match flavor {
                Flavor::Web => {
                    (format!("{} {}", of("last_name"), of("first_name")).trim().to_owned(), of("phone"))
                }
                Flavor::Pos => (of("name").trim().to_owned(), of("phone_number")),
            };
            truth.customers.push(CustomerTruth {
                id: id.to_string(),
                alive: of("status") != "deleted",
                name: some(name),
                phone: some(phone.to_owned()),
            });
        }
        for (id, row) in state.table(Stream::Orders).iter() {
            let (buyer, worth) = match flavor {
                Flavor::Web => (row.json.get("customer").and_then(|one| one["id"].as_i64()), web(&row.json)),
                Flavor::Pos => (row.json.get("customer_id").and_then(Value::as_i64), pos(&row.json)),
            };
            truth.documents.push(DocumentTruth {
                stream: Stream::Orders,
                id: id.to_string(),
                buyer: buyer.map(|buyer| buyer.to_string()),
                alive: text(&row.json, "status") != "deleted",
                revenue: Decimal::new(worth.unwrap_or(0), 2).normalize(),
                counts: worth.is_some(),
            });
        }
        truth
    }
}
