//! Seeded rows in Haravan's shape.

use serde_json::{Map, Value, json};

use crate::out::civil;
use crate::seed::{
    BRANCHES, Buyer, CATEGORIES, CustomerRow, DocumentRow, PLACES, PhoneForm, ProductRow, STAFF, START_MS,
    Shop, Standing,
};
use crate::server::object;

pub(super) const ORG_ID: i64 = 200_000_900_001;
pub(super) const LOCATION: i64 = 900_001;
pub(super) const USER: i64 = 200_000_900_700;
pub(super) const GUEST: i64 = 1_100_000_001;
const CUSTOMER: i64 = 1_100_000_008;
const ORDER: i64 = 1_500_000_001;
const PRODUCT: i64 = 1_050_000_001;
/// Ids are not dense.
const STEP: i64 = 7;
/// From a product's id to its only variant's.
pub(super) const VARIANT: i64 = 100_000_000;
const ADDRESS: i64 = 100_000_000;
const TRANSACTION: i64 = 10;

pub(super) fn customer_id(index: u64) -> i64 {
    CUSTOMER + index as i64 * STEP
}

pub(super) fn order_id(index: u64) -> i64 {
    ORDER + index as i64 * STEP
}

pub(super) fn product_id(index: u64) -> i64 {
    PRODUCT + index as i64 * STEP
}

/// `2026-07-22T05:00:00.25Z`: UTC, as many digits of fraction as it takes.
pub(super) fn utc(ms: i64) -> String {
    let (year, month, day) = civil(ms.div_euclid(86_400_000));
    let rest = ms.rem_euclid(86_400_000);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let fraction = format!(".{:03}", rest % 1000);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

fn name_parts(name: &str, whole: bool) -> (Value, Value) {
    let name = name.trim();
    match name.rsplit_once(' ') {
        Some((last, first)) if !whole => (first.into(), last.trim_end().into()),
        // Many shops type the whole name into the field of the given one.
        _ => (name.into(), Value::Null),
    }
}

/// `last first`, with the blank even when the first half is missing.
fn joined(first: &Value, last: &Value) -> String {
    format!("{} {}", last.as_str().unwrap_or_default(), first.as_str().unwrap_or_default())
}

fn place(at: u8) -> (&'static str, &'static str, &'static str) {
    let (both, ward) = PLACES[usize::from(at) % PLACES.len()];
    let (province, district) = both.split_once(" - ").unwrap_or((both, ""));
    (province, district, ward)
}

fn address(row: &CustomerRow, id: i64, phone: Value, country: &str) -> Map<String, Value> {
    let (province, district, ward) = place(row.place);
    let (first, last) = name_parts(&row.name(), row.index.is_multiple_of(5));
    let json = json!({
        "address1": format!("{} Đường Mẫu", row.street), "address2": null, "city": null, "company": null,
        "country": "Vietnam", "first_name": first, "id": id, "last_name": last, "phone": phone, "province": province,
        "zip": null, "name": joined(&first, &last), "province_code": "HC", "country_code": country, "default": true,
        "district": district, "district_code": "HC476", "ward": ward, "ward_code": "27208",
    });
    object(json)
}

fn phone_of(row: &CustomerRow) -> Value {
    match row.form {
        PhoneForm::Blank => Value::Null,
        _ => row.phone().map_or(Value::Null, Value::from),
    }
}

/// The record that anonymous and marketplace orders hang on.
pub(super) fn guest() -> Map<String, Value> {
    object(json!({
        "accepts_marketing": false, "addresses": [], "created_at": utc(START_MS), "default_address": null,
        "email": "guest@haravan.com", "phone": null, "first_name": null, "id": GUEST, "multipass_identifier": null,
        "last_name": null, "last_order_id": null, "last_order_name": null, "note": null, "orders_count": 290,
        "state": "Disabled", "tags": null, "total_spent": 98_000_000.0, "total_paid": 0.0, "updated_at": utc(START_MS),
        "verified_email": false, "group_name": null, "birthday": null, "gender": null, "last_order_date": null,
    }))
}

pub(super) fn customer(shop: &Shop, index: u64) -> Map<String, Value> {
    let row = shop.customer(index);
    let id = customer_id(index);
    let phone = phone_of(&row);
    // Some numbers stand on the default address alone.
    let moved = index % 7 == 3 && row.buyer == Buyer::Person;
    let place = address(&row, id + ADDRESS, phone.clone(), "vn");
    let (first, last) = name_parts(&row.name(), index.is_multiple_of(5));
    let has_place = index % 6 != 1 || moved;
    let places = if has_place { vec![Value::Object(place.clone())] } else { Vec::new() };
    let default = if has_place { Value::Object(place) } else { Value::Null };
    object(json!({
        "accepts_marketing": index.is_multiple_of(2), "addresses": places, "created_at": utc(row.created_ms),
        "default_address": default, "email": row.email(), "phone": if moved { Value::Null } else { phone },
        "first_name": first, "id": id, "multipass_identifier": null, "last_name": last, "last_order_id": null,
        "last_order_name": null, "note": null, "orders_count": 0,
        "state": if index.is_multiple_of(3) { "Enabled" } else { "Disabled" },
        "tags": if index % 9 == 2 { json!("VIP, hcm") } else { Value::Null },
        "total_spent": row.spent as f64, "total_paid": 0.0, "updated_at": utc(row.changed_ms()), "verified_email": false,
        "group_name": if index % 10 == 4 { json!("Khách hàng thân thiết") } else { Value::Null },
        "birthday": row.birth.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}T00:00:00Z")),
        "gender": row.gender.map(i64::from), "last_order_date": null,
    }))
}

pub(super) fn location(index: u64) -> Map<String, Value> {
    let (province, district, ward) = place(index as u8);
    object(json!({
        "id": LOCATION + index as i64, "name": BRANCHES[index as usize % BRANCHES.len()], "location_type": null, "email": null,
        "address1": format!("{} Đường Mẫu", index + 1), "address2": null, "zip": "700000", "city": null,
        "province": province, "country": "Vietnam", "phone": format!("028380001{:02}", index), "country_code": "VN",
        "country_name": "Vietnam", "province_code": "HC", "district": district, "district_code": "HC481", "ward": ward,
        "ward_code": "27055", "created_at": utc(START_MS), "updated_at": utc(START_MS), "is_primary": index == 0,
        "is_unavailable_quantity": false, "type": if index == 2 { "ontheroad" } else { "default" },
    }))
}

pub(super) fn user(index: u64) -> Map<String, Value> {
    let (first, last) = name_parts(STAFF[index as usize % STAFF.len()], false);
    object(json!({
        "account_owner": index == 0, "bio": null, "email": format!("nhanvien{index}@example.com"), "first_name": first,
        "id": USER + index as i64, "im": null, "last_name": last, "phone": null, "receive_announcements": 1, "url": null,
        "user_type": "invited", "permissions": ["Limit"],
    }))
}

pub(super) fn product(row: &ProductRow) -> Map<String, Value> {
    let id = product_id(row.index);
    let sku = format!("SP{:06}", row.index + 1);
    let title =
        if row.master.is_some() { format!("{} {}", row.name, row.attribute) } else { row.name.to_owned() };
    let changed = row.modified_ms.unwrap_or(row.created_ms);
    object(json!({
        "body_html": null, "body_plain": null, "created_at": utc(row.created_ms), "handle": sku.to_lowercase(), "id": id,
        "images": [{ "created_at": utc(row.created_ms).trim_end_matches('Z'), "id": id + 130_000_000, "position": 1,
            "product_id": id, "src": format!("https://cdn.example.com/{}.jpg", sku.to_lowercase()) }],
        "product_type": CATEGORIES[row.category as usize % CATEGORIES.len()].0,
        "published_at": if row.index % 40 == 39 { Value::Null } else { utc(row.created_ms).into() },
        "published_scope": "global", "tags": null, "template_suffix": "product", "title": title, "updated_at": utc(changed),
        "variants": [{
            "barcode": if row.index.is_multiple_of(5) { json!(format!("893{:010}", row.index + 1)) } else { Value::Null },
            "compare_at_price": 0.0, "created_at": utc(row.created_ms), "grams": 650.0, "id": id + VARIANT,
            "inventory_management": "haravan", "inventory_policy": "deny", "inventory_quantity": (row.index as i64 % 90) - 3,
            "position": 1, "price": row.price as f64, "product_id": id, "requires_shipping": true, "sku": sku,
            "taxable": true, "title": "Default Title", "updated_at": utc(changed), "image_id": null,
            "option1": "Default Title", "option2": null, "option3": null,
        }],
        "vendor": "Khác", "options": [], "only_hide_from_list": false, "not_allow_promotion": false,
    }))
}

/// The customer as an order shows it: a few fields more, a few emptied.
pub(super) fn inside_order(customer: &Map<String, Value>) -> Value {
    let mut copy = customer.clone();
    for key in ["birthday", "gender", "last_order_date"] {
        copy.insert(key.into(), Value::Null);
    }
    for key in ["send_email_invite", "send_email_welcome"] {
        copy.insert(key.into(), false.into());
    }
    copy.insert("password".into(), Value::Null);
    Value::Object(copy)
}

/// The buyer's address on an order: its id is the customer's.
pub(super) fn billing(customer: &Map<String, Value>) -> Map<String, Value> {
    let default = customer.get("default_address").and_then(Value::as_object).cloned();
    let mut billing = default.unwrap_or_else(|| {
        object(json!({
            "address1": null, "address2": null, "city": null, "company": null, "country": "Vietnam", "phone": customer["phone"],
            "first_name": customer["first_name"], "last_name": customer["last_name"], "province": null, "zip": null,
            "name": joined(&customer["first_name"], &customer["last_name"]), "province_code": null, "default": true,
            "district": null, "district_code": null, "ward": null, "ward_code": null,
        }))
    });
    billing.insert("id".into(), customer["id"].clone());
    billing.insert("country_code".into(), "VN".into());
    billing
}

pub(super) fn shipping(billing: &Map<String, Value>) -> Map<String, Value> {
    let mut shipping = billing.clone();
    shipping.remove("id");
    shipping.remove("default");
    shipping.insert("latitude".into(), 0.0.into());
    shipping.insert("longitude".into(), 0.0.into());
    shipping
}

pub(super) fn transaction(id: i64, order: i64, kind: &str, amount: i64, at: i64, parent: Value) -> Value {
    json!({
        "amount": amount as f64, "authorization": null, "created_at": utc(at), "device_id": null, "gateway": "Tiền mặt",
        "id": id, "kind": kind, "order_id": order, "receipt": null, "status": null, "test": false, "user_id": 0,
        "location_id": LOCATION, "payment_details": null, "parent_id": parent, "currency": "VND",
        "haravan_transaction_id": null, "external_transaction_id": null, "send_email": false,
    })
}

/// A line from its list price and the discount on one piece.
pub(super) fn line(
    id: i64,
    product: Option<(i64, &str, &str)>,
    quantity: f64,
    price: i64,
    discount: i64,
) -> Value {
    let (product_id, variant_id) =
        product.map_or((Value::Null, Value::Null), |(id, ..)| (id.into(), (id + VARIANT).into()));
    let (sku, title) = product.map_or(("", "Hàng ngoài danh mục"), |(_, sku, title)| (sku, title));
    json!({
        "fulfillable_quantity": quantity, "fulfillment_service": null, "fulfillment_status": "notfulfilled", "grams": 0.0,
        "id": id, "price": (price - discount) as f64, "price_original": price as f64, "price_promotion": 0.0,
        "product_id": product_id, "quantity": quantity, "requires_shipping": true, "sku": sku, "title": title,
        "variant_id": variant_id, "variant_title": "Default Title", "vendor": "Khác", "type": "Khác",
        "name": format!("{title} - Default Title"), "gift_card": false, "taxable": true, "tax_lines": null,
        "product_exists": true, "barcode": null, "properties": null, "total_discount": discount as f64,
        "applied_discounts": [], "image": null, "not_allow_promotion": false,
    })
}

pub(super) fn shipping_line(fee: i64) -> Value {
    if fee == 0 {
        json!({ "code": null, "price": 0.0, "source": null, "title": null })
    } else {
        json!({ "code": "Giao hàng tận nơi", "price": fee as f64, "source": null, "title": "Giao hàng tận nơi" })
    }
}

fn carrier(row: &DocumentRow, order: i64, code: &str, name: &str) -> Value {
    let delivered = code == "delivered";
    json!({
        "created_at": utc(row.created_ms + 60_000), "id": order - 100_000_000, "order_id": order, "status": "success",
        "tracking_company": "Giao hàng mẫu", "tracking_company_code": "external",
        "tracking_number": format!("GH{order}"), "updated_at": utc(row.created_ms + 60_000), "line_items": [],
        "cod_amount": 0.0, "carrier_status_name": name, "carrier_status_code": code, "carrier_cod_status_code": "none",
        "location_id": LOCATION, "delivered_date": if delivered { utc(row.changed_ms()).into() } else { Value::Null },
        "cancel_date": null, "return_date": null, "real_shipping_fee": 0.0, "carrier_service_package": "0",
        "from_longtitude": 0.0,
    })
}

/// Whether a seeded order had one piece brought back and paid back: it shows twice.
pub(super) fn is_refunded(row: &DocumentRow) -> bool {
    row.standing == Standing::Completed && row.index % 24 == 5 && row.paid > 0
}

pub(super) fn order(shop: &Shop, index: u64) -> Map<String, Value> {
    let row = shop.order(index);
    let id = order_id(index);
    let buyer = row.customer.filter(|customer| *customer < shop.customers);
    let masked = buyer.filter(|customer| shop.customer(*customer).buyer == Buyer::Masked);
    let person = match (buyer, masked) {
        (Some(customer), None) => self::customer(shop, customer),
        // Anonymous and marketplace orders hang on the guest record.
        _ => guest(),
    };
    let mut bill = billing(&person);
    if let Some(masked) = masked {
        let name = shop.customer(masked).name();
        bill.insert("name".into(), format!(" {name}").into());
        bill.insert("first_name".into(), name.into());
        bill.insert("address1".into(), "**** Đường M****".into());
    }
    let mut ship = shipping(&bill);
    let gift = buyer.is_some() && masked.is_none() && index % 11 == 4;
    if gift {
        // Sent to somebody else.
        ship.insert("name".into(), "Nguyễn Văn Tâm".into());
        ship.insert("first_name".into(), "Tâm".into());
        ship.insert("last_name".into(), "Nguyễn Văn".into());
        ship.insert("phone".into(), format!("0{}", shop.mobile(2_000_000 + index) - 84_000_000_000).into());
    }
    let code = if masked.is_some() { format!("26{index:08}SPAY") } else { format!("#{}", 100_000 + index) };
    let source = match (masked.is_some(), row.delivered) {
        (true, _) => "shopee",
        (false, true) => "web",
        (false, false) => "pos",
    };
    let mut lines = Vec::new();
    for (at, from) in row.lines().iter().enumerate() {
        let product = shop.product(from.product);
        let sku = format!("SP{:06}", product.index + 1);
        let known = masked.is_none().then_some((product_id(product.index), sku.as_str(), product.name));
        lines.push(line(
            id * 10 + at as i64,
            known,
            from.quantity as f64 / 1000.0,
            from.price,
            from.discount,
        ));
    }
    let subtotal: i64 = row.lines().iter().map(|line| line.amount()).sum();
    let total = subtotal - row.discount + row.shipping;
    let paid = if row.standing == Standing::Completed { total } else { row.paid.min(total) };
    let created = row.created_ms;
    let pending = transaction(id * TRANSACTION, id, "pending", total, created, Value::Null);
    let mut transactions = vec![pending];
    if paid > 0 {
        transactions.insert(
            0,
            transaction(id * TRANSACTION + 1, id, "capture", paid, created + 1000, (id * TRANSACTION).into()),
        );
    }
    let mut refunds = Vec::new();
    let mut money = match (paid, total) {
        (0, total) if total > 0 => "pending",
        (paid, total) if paid < total => "partiallypaid",
        _ => "paid",
    };
    if is_refunded(&row)
        && let Some(first) = row.lines().first()
    {
        let amount = (first.price - first.discount).min(paid);
        let refund = transaction(id * TRANSACTION + 2, id, "refund", -amount, row.changed_ms(), Value::Null);
        refunds.push(json!({
            "created_at": utc(row.changed_ms()), "id": id * 20, "note": "Đổi ý", "restock": true, "user_id": USER,
            "order_id": id, "location_id": null, "transactions": [],
            "refund_line_items": [{ "id": id * 30, "line_item_id": id * 10, "quantity": 1, "line_item": null }],
        }));
        // Goods and money are two records; the money stands here and in the order's own list.
        let mut told = refund.clone();
        told["status"] = "Thành công".into();
        refunds.push(json!({
            "created_at": utc(row.changed_ms()), "id": id * 20 + 1, "note": "hoàn tiền", "restock": null, "user_id": USER,
            "order_id": id, "location_id": null, "transactions": [told], "refund_line_items": [],
        }));
        transactions.insert(0, refund);
        money = "partially_refunded";
    }
    let (goods, shipments) = match row.standing {
        Standing::Completed if row.delivered => {
            ("fulfilled", vec![carrier(&row, id, "delivered", "Đã giao hàng")])
        }
        Standing::Completed => ("fulfilled", Vec::new()),
        Standing::Shipping => ("fulfilled", vec![carrier(&row, id, "delivering", "Đang giao hàng")]),
        Standing::Failed => ("fulfilled", vec![carrier(&row, id, "notmeetcustomer", "Không gặp khách")]),
        Standing::PartlyInvoiced => ("partial", Vec::new()),
        Standing::Unexplained => ("fulfilled", vec![carrier(&row, id, "dronelost", "Chưa rõ")]),
        _ => ("notfulfilled", Vec::new()),
    };
    let cancelled = row.standing == Standing::Cancelled;
    let confirmed = row.standing != Standing::Draft;
    let mut attributes = Vec::new();
    if masked.is_some() {
        attributes.push(json!({ "name": "X-Haravan-SalesChannel-BranchName", "value": "Tiệm Mẫu" }));
        attributes.push(json!({ "name": "X-Haravan-SalesChannel-BranchId", "value": "55667788" }));
    }
    let mut order = object(json!({
        "billing_address": bill, "buyer_accepts_marketing": false,
        "cancel_reason": if cancelled { json!("customer") } else { Value::Null },
        "cancelled_at": if cancelled { utc(row.changed_ms()).into() } else { Value::Null },
        "closed_at": null, "created_at": utc(created), "currency": "VND", "customer": inside_order(&person),
        "discount_codes": [], "email": person["email"], "financial_status": money, "fulfillments": shipments,
        "fulfillment_status": goods, "tags": null, "gateway": "Tiền mặt", "gateway_code": null, "id": id, "source": source,
        "line_items": lines, "name": code, "note": null, "number": id, "order_number": code, "refunds": refunds,
    }));
    order.extend(object(json!({
        "shipping_address": ship, "shipping_lines": [shipping_line(row.shipping)], "source_name": source,
        "subtotal_price": subtotal as f64, "tax_lines": null, "taxes_included": false, "total_discounts": row.discount as f64,
        "total_line_items_price": subtotal as f64, "total_price": total as f64, "total_tax": 0.0, "total_weight": 0.0,
        "updated_at": utc(row.changed_ms()), "transactions": transactions, "note_attributes": attributes,
        "confirmed_at": if confirmed { utc(created + 500).into() } else { Value::Null }, "closed_status": "unclosed",
        "cancelled_status": if cancelled { "cancelled" } else { "uncancelled" },
        "confirmed_status": if confirmed { "confirmed" } else { "unconfirmed" }, "user_id": USER + row.seller as i64,
        "location_id": LOCATION + row.branch as i64, "location_name": BRANCHES[row.branch as usize % BRANCHES.len()],
        "ref_order_id": 0, "contact_email": person["email"],
        "order_processing_status": if confirmed { json!("confirmed") } else { Value::Null }, "prev_order_id": null,
    })));
    order
}

/// The forms that an order of this vendor may have beside the one of the samples.
pub(super) fn vary(order: &mut Map<String, Value>, index: u64, changed_ms: i64) {
    if index % 13 == 6 {
        order.insert("customer".into(), Value::Null);
    }
    if index % 5 == 3 {
        order.remove("location_name");
    }
    if index % 8 == 1 && order["fulfillment_status"] == "fulfilled" && order["financial_status"] == "paid" {
        order.insert("closed_at".into(), utc(changed_ms).into());
        order.insert("closed_status".into(), "closed".into());
    }
    if index % 9 == 4 {
        let total = order["total_price"].as_f64().unwrap_or_default();
        order.insert("total_price".into(), format!("{total:.4}").into());
    }
    if index % 4 == 1 {
        let second = utc(changed_ms - changed_ms.rem_euclid(1000));
        let fine = format!("{}.{:03}8601Z", second.trim_end_matches('Z'), changed_ms.rem_euclid(1000));
        order.insert("updated_at".into(), fine.into());
    }
    if index % 6 == 2
        && let Some(shipment) = order.get_mut("fulfillments").and_then(|all| all.get_mut(0))
        && shipment["carrier_status_code"] != "delivered"
    {
        let codes = [
            "readytopick",
            "picking",
            "delivering",
            "notmeetcustomer",
            "waitingforreturn",
            "return",
            "cancel",
        ];
        shipment["carrier_status_code"] = codes[(index / 6) as usize % codes.len()].into();
    }
}

/// Numbers as a webhook writes them: without decimals where there are none.
pub(super) fn as_webhook(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.as_i64().is_none() && float.fract() == 0.0 && float.abs() < 9e15 => {
                (float as i64).into()
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(as_webhook).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, as_webhook(value))).collect(),
        other => other,
    }
}
