//! Habits of the vendor that the seeded shop does not have by itself, written over its rows at the start.

use std::collections::HashMap;

use pos_core::record::Stream;
use serde_json::{Map, Value, json};

use super::render::{self, set_status};
use super::{SandboxOptions, Table};

/// Members of an order and of its lines that are amounts.
const AMOUNTS: [&str; 14] = [
    "total_price",
    "total_discount",
    "total_price_after_sub_discount",
    "shipping_fee",
    "surcharge",
    "tax",
    "cod",
    "money_to_collect",
    "prepaid",
    "transfer_money",
    "cash",
    "charged_by_card",
    "charged_by_momo",
    "charged_by_qrpay",
];

/// What one unit of the currency is written as.
pub(super) fn minor(currency: &str) -> i64 {
    match currency {
        "THB" | "AED" | "SAR" | "QAR" | "TWD" => 100,
        "KWD" | "OMR" | "BHD" => 1000,
        _ => 1,
    }
}

pub(super) fn amount(row: &Map<String, Value>, name: &str) -> i64 {
    match row.get(name) {
        Some(Value::Number(number)) => number.as_f64().unwrap_or_default() as i64,
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}

/// Writes the habits that are switched on over the seeded rows.
pub(super) fn apply(options: &SandboxOptions, tables: &mut HashMap<Stream, Table>) {
    let shop = &options.shop;
    if options.dateless_customers
        && let Some(customers) = tables.get_mut(&Stream::Customers)
    {
        for row in customers.rows.values_mut().filter(|row| row.seed.is_some_and(|index| index % 10 == 7)) {
            let mut body = render::body(shop, Stream::Customers, row);
            body.insert("updated_at".into(), Value::Null);
            row.body = Some(body);
        }
    }
    let any = options.text_ids
        || options.varied_payments
        || options.partial_returns
        || options.zero_prices
        || options.currency != "VND";
    let Some(orders) = tables.get_mut(&Stream::Orders).filter(|_| any) else { return };
    for row in orders.rows.values_mut() {
        let index = row.seed.unwrap_or_default();
        let mut body = render::body(shop, Stream::Orders, row);
        if options.text_ids && index % 3 == 2 {
            let id = format!("WEB-{}", body["system_id"]);
            body.insert("id".into(), id.into());
        }
        if options.partial_returns && matches!(row.status, 3 | 16) && index % 5 == 2 {
            let item = body.get_mut("items").and_then(|items| items.get_mut(0));
            if let Some(item) = item.and_then(Value::as_object_mut) {
                let back = (amount(item, "quantity") / 2).max(1);
                item.insert("returned_count".into(), back.into());
                set_status(&mut body, 15);
                row.status = 15;
            }
        }
        if options.varied_payments {
            vary_payment(index, &mut body);
        }
        if options.zero_prices && index.is_multiple_of(2) && row.status != 15 {
            for name in ["total_price", "total_discount", "total_price_after_sub_discount", "shipping_fee"] {
                body.insert(name.into(), 0.into());
            }
            for item in body.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
                item["variation_info"]["retail_price"] = 0.into();
            }
        }
        let worth = minor(&options.currency);
        if worth > 1 {
            for name in AMOUNTS {
                let written = amount(&body, name) * worth;
                body.insert(name.into(), written.into());
            }
            for item in body.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
                let price = item["variation_info"]["retail_price"].as_i64().unwrap_or_default();
                item["variation_info"]["retail_price"] = (price * worth).into();
            }
            for name in ["charged_by_vnpay", "charged_by_onepay"] {
                if let Some(value) = body.get(name).and_then(Value::as_i64) {
                    body.insert(name.into(), (value * worth).into());
                }
            }
            let points = amount(body["prepaid_by_point"].as_object().unwrap_or(&Map::new()), "money");
            body["prepaid_by_point"]["money"] = (points * worth).into();
            let rows = body.get_mut("payment_purchase_histories").and_then(Value::as_array_mut);
            for paid in rows.into_iter().flatten() {
                paid["amount"] = (paid["amount"].as_i64().unwrap_or_default() * worth).into();
            }
            if let Some(cod) = body["partner"].get("cod").and_then(Value::as_i64) {
                body["partner"]["cod"] = (cod * worth).into();
            }
            body.insert("order_currency".into(), options.currency.clone().into());
        }
        row.body = Some(body);
    }
}

/// Cash becomes another way to pay.
fn vary_payment(index: u64, body: &mut Map<String, Value>) {
    let cash = amount(body, "cash");
    if cash == 0 {
        return;
    }
    body.insert("cash".into(), 0.into());
    let paid = |kind: &str, code: &str| {
        json!({"id": format!("{kind}-{index}-{code}"), "type": kind, "amount": cash, "result_code": code,
            "date": body["inserted_at"]})
    };
    match index % 7 {
        0 => drop(body.insert("charged_by_card".into(), cash.into())),
        1 => drop(body.insert("charged_by_momo".into(), cash.to_string().into())),
        2 => drop(body.insert("charged_by_vnpay".into(), cash.into())),
        3 => drop(body.insert("prepaid_by_point".into(), json!({"money": cash, "point": cash / 1000}))),
        4 => {
            let tries = json!([paid("onepay", "253"), paid("onepay", "0")]);
            body.insert("payment_purchase_histories".into(), tries);
        }
        5 => {
            // The same money twice: in its field, and as the try that succeeded.
            let tries = json!([paid("momo", "0")]);
            body.insert("payment_purchase_histories".into(), tries);
            body.insert("charged_by_momo".into(), cash.into());
        }
        _ => drop(body.insert("charged_by_qrpay".into(), cash.into())),
    }
}
