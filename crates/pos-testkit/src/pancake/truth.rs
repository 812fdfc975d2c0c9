//! What the shop says about itself: for tests that compare a CRM with it.

use pos_core::record::Stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::Sandbox;
use super::render;
use super::unkind::minor;

/// What a document is and what it should count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentTruth {
    /// Which stream.
    pub stream: Stream,
    /// Its id.
    pub id: String,
    /// The customer record that it hangs on.
    pub buyer: Option<String>,
    /// Whether the shop still has it.
    pub alive: bool,
    /// What it adds to the revenue of its buyer.
    pub revenue: Decimal,
    /// Whether it counts as an order.
    pub counts: bool,
}

/// Who a customer is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomerTruth {
    /// The id.
    pub id: String,
    /// Whether the shop still has it.
    pub alive: bool,
    /// The name as written.
    pub name: Option<String>,
    /// The first phone number as written.
    pub phone: Option<String>,
}

pos_core::debug_only!(CustomerTruth { id, alive });

/// Everything that the shop has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Truth {
    /// All documents.
    pub documents: Vec<DocumentTruth>,
    /// All customers.
    pub customers: Vec<CustomerTruth>,
}

impl Truth {
    /// What all documents count.
    pub fn revenue(&self) -> Decimal {
        self.documents.iter().map(|document| document.revenue).sum()
    }
}

/// Whole units of the wire, as integers: the shop's own arithmetic, not the connector's.
fn number(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Number(number)) => number.as_f64().unwrap_or_default() as i64,
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}

/// Total, what came in, and what came back, of an order.
pub(super) fn sums(order: &Map<String, Value>) -> (i64, i64, i64) {
    let of = |name: &str| number(order.get(name));
    let mut paid = of("prepaid") + of("transfer_money") + of("cash");
    let charged = |kind: &str| of(&format!("charged_by_{kind}"));
    paid += order.keys().filter(|name| name.starts_with("charged_by_")).map(|name| of(name)).sum::<i64>();
    paid += number(order.get("prepaid_by_point").and_then(|points| points.get("money")));
    let tries = order.get("payment_purchase_histories").and_then(Value::as_array);
    for row in tries.into_iter().flatten() {
        let kind = row.get("type").and_then(Value::as_str).unwrap_or_default();
        if row.get("result_code").and_then(Value::as_str) == Some("0") && charged(kind) == 0 {
            paid += number(row.get("amount"));
        }
    }
    let items = || order.get("items").and_then(Value::as_array).into_iter().flatten();
    let price = |item: &Value| number(item["variation_info"].get("retail_price"));
    let goods: i64 = items().map(|item| price(item) * number(item.get("quantity"))).sum();
    let total = if of("total_price") == 0 && goods == 0 {
        of("total_price_after_sub_discount").max(of("cod") + paid)
    } else {
        of("total_price_after_sub_discount")
    };
    let back: i64 = items().map(|item| price(item) * number(item.get("returned_count"))).sum();
    // The order's discount is shared among the goods.
    let back = if goods > 0 {
        let exact = Decimal::from(back) * Decimal::from(goods - of("total_discount")) / Decimal::from(goods);
        i64::try_from(exact.round().mantissa()).unwrap_or_default()
    } else {
        0
    };
    (total, paid, back)
}

impl Sandbox {
    /// What the shop says about every document and every customer now.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let mut state = self.inner.state();
        let shop = self.inner.shop();
        let worth = Decimal::from(minor(&self.inner.options.currency));
        let text =
            |row: &Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
        for row in state.table(Stream::Customers).rows.values() {
            let body = render::body(shop, Stream::Customers, row);
            let phone = body.get("phone_numbers").and_then(|phones| phones.get(0)).and_then(Value::as_str);
            truth.customers.push(CustomerTruth {
                id: text(&body, "id").unwrap_or_default(),
                alive: true,
                name: text(&body, "name"),
                phone: phone.map(str::to_owned),
            });
        }
        for row in state.table(Stream::Orders).rows.values() {
            let body = render::body(shop, Stream::Orders, row);
            let is_dead = matches!(row.status, 5..=7);
            let (total, paid, back) = sums(&body);
            let settled = row.status == 16
                || (row.status != 4 && body["partner"].get("paid_at").is_some_and(|at| !at.is_null()));
            // What was kept of a delivery is paid in full when the money for it came in.
            let is_paid = settled || paid >= total || (back > 0 && paid > 0 && paid >= total - back);
            let kept = (total - back).min(if settled { total } else { paid }).max(0);
            let revenue = if is_dead || !is_paid { 0 } else { kept };
            truth.documents.push(DocumentTruth {
                stream: Stream::Orders,
                id: body["system_id"].to_string(),
                buyer: body["customer"].get("id").and_then(Value::as_str).map(str::to_owned),
                alive: row.status != 7,
                revenue: Decimal::from(revenue) / worth,
                counts: !is_dead,
            });
        }
        truth
    }
}
