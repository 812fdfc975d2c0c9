//! Seeded rows in the web flavour's wire form.

use pos_core::record::Stream;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::State;
use crate::seed::{
    BRANCHES, CATEGORIES, CHANNELS, CustomerRow, PLACES, PhoneForm, ProductRow, STAFF, START_MS, Shop,
    Standing,
};
use crate::server::object;

/// Ids of seeded rows are `BASE + index * STEP`, so that there are ids between them that nobody has.
const STEP: i64 = 3;

/// The first id of a stream.
pub(super) fn base(stream: Stream) -> i64 {
    match stream {
        Stream::Customers => 51_230_000,
        Stream::Orders => 190_440_000,
        Stream::Products => 46_410_000,
        Stream::Branches => 825_001,
        Stream::Categories => 4_410_001,
        _ => 720_001,
    }
}

/// The id of seeded row `index`.
pub(super) fn id_of(stream: Stream, index: u64) -> i64 {
    base(stream) + i64::try_from(index).unwrap_or(0) * STEP
}

/// The only variant of a product.
pub(super) fn variant_of(product: i64) -> i64 {
    product + 100_000_001
}

/// `2026-06-18T09:41:55Z`: UTC in whole seconds.
pub(super) fn instant(ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_default()
}

/// The vendor writes amounts with a decimal.
pub(super) fn dong(amount: i64) -> Value {
    json!(amount as f64)
}

/// A row as the shop keeps it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) json: Map<String, Value>,
    /// When it was created, in milliseconds.
    pub(super) created: i64,
    /// When it last changed.
    pub(super) changed: i64,
    /// From when on lists show it.
    pub(super) shown: i64,
}

impl Row {
    pub(super) fn new(json: Value, created: i64, modified: Option<i64>) -> Self {
        let mut json = object(json);
        json.insert("created_on".into(), instant(created).into());
        json.insert("modified_on".into(), modified.map_or(Value::Null, |at| instant(at).into()));
        Self { json, created, changed: modified.unwrap_or(created), shown: 0 }
    }
}

fn names(whole: &str) -> (Value, Value) {
    // Many shops keep the whole name in one field.
    match whole.trim().rsplit_once(' ') {
        Some((last, first)) if !whole.len().is_multiple_of(3) => (last.trim().into(), first.into()),
        _ => (Value::Null, whole.trim().into()),
    }
}

fn address(id: i64, name: &str, phone: Option<&str>, place: usize, street: &str, default: bool) -> Value {
    let (city, ward) = PLACES[place % PLACES.len()];
    let (province, district) = city.split_once(" - ").unwrap_or((city, ""));
    let (last, first) = names(name);
    let blank = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    json!({
        "id": id, "address1": street, "address2": null, "city": province, "company": null, "country": "Vietnam",
        "country_code": "VN", "province": province, "province_code": (place % 63 + 1).to_string(),
        "district": blank(district), "district_code": null, "ward": blank(ward), "ward_code": null,
        "first_name": first, "last_name": last, "phone": phone, "zip": null, "default": default,
    })
}

fn customer(shop: &Shop, index: u64) -> (i64, Row) {
    let row: CustomerRow = shop.customer(index);
    let id = id_of(Stream::Customers, index);
    let name = row.name();
    let (last, first) = names(&name);
    let typed = row.phone();
    // Sapo normalises numbers that it can read; what it cannot stays on the address.
    let phone =
        row.keys().next().filter(|_| row.form != PhoneForm::Masked).map(|digits| format!("+{digits}"));
    let home = address(
        id + 9_000_000,
        &name,
        typed.as_deref(),
        usize::from(row.place),
        &format!("{} Đường Mẫu", row.street),
        true,
    );
    let has_home = index % 5 != 4 && typed.is_some();
    let json = json!({
        "id": id, "state": "disabled", "email": row.email(), "verified_email": true, "phone": phone, "first_name": first,
        "last_name": last, "gender": match row.gender { Some(true) => json!("Male"), Some(false) => json!("female"), None => Value::Null },
        "dob": row.birth.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}")), "accepts_marketing": index.is_multiple_of(2),
        "orders_count": 0, "total_spent": dong(row.spent), "last_order_id": null, "last_order_name": null,
        "tags": if row.group.is_some() { "vip,khách quen" } else { "" }, "note": null,
        "addresses": if has_home { json!([home]) } else { json!([]) }, "default_address": if has_home { home } else { Value::Null },
    });
    (id, Row::new(json, row.created_ms, row.modified_ms))
}

fn product(shop: &Shop, index: u64) -> (i64, Row) {
    let row: ProductRow = shop.product(index);
    let id = id_of(Stream::Products, index);
    let variant = variant_of(id);
    let title = if row.master.is_some() { row.attribute } else { "Default Title" };
    let created = instant(row.created_ms);
    let image = format!("https://cdn.example.com/p/{id}.jpg");
    let json = json!({
        "id": id, "name": row.name, "alias": format!("san-pham-{index}"), "vendor": null,
        "product_type": CATEGORIES[row.category as usize].0, "status": if index % 40 == 39 { "draft" } else { "active" },
        "type": "normal", "published_on": created, "content": "<p>Mô tả mẫu</p>", "tags": "",
        "options": [{ "id": id + 1, "name": "Title", "position": 1, "values": [title] }],
        "variants": [{
            "id": variant, "product_id": id, "inventory_item_id": variant + 1, "title": title, "sku": format!("SP{:06}", index + 1),
            "barcode": null, "price": dong(row.price), "compare_at_price": 0.0, "option1": title, "option2": null, "option3": null,
            "inventory_quantity": i64::try_from(index % 50).unwrap_or(0) - 3, "inventory_management": "bizweb", "unit": null,
            "type": "normal", "position": 1, "created_on": created, "modified_on": created,
        }],
        "images": [{ "id": id + 2, "src": image, "position": 1, "variant_ids": [] }],
    });
    (id, Row::new(json, row.created_ms, row.modified_ms))
}

fn order(shop: &Shop, index: u64) -> (i64, Row) {
    let row = shop.order(index);
    let id = id_of(Stream::Orders, index);
    let at = |ms: i64| Value::from(instant(ms));
    let changed = row.changed_ms();
    let (status, fulfillment, financial) = match row.standing {
        Standing::Completed if index.is_multiple_of(2) => ("closed", json!("fulfilled"), "paid"),
        Standing::Completed => ("open", json!("fulfilled"), "paid"),
        Standing::Shipping => ("open", json!("fulfilled"), "partially_paid"),
        Standing::PartlyInvoiced => ("open", json!("partial"), "partially_paid"),
        Standing::Cancelled => ("cancelled", Value::Null, "voided"),
        Standing::Unexplained => ("open", json!("teleported"), "mysterious"),
        _ => ("open", Value::Null, "pending"),
    };
    let lines: Vec<Value> = row
        .lines()
        .iter()
        .enumerate()
        .map(|(place, line)| {
            let product = id_of(Stream::Products, line.product);
            // Orders of the web flavour count whole pieces.
            let pieces = (line.quantity / 1000).max(1);
            json!({
                "id": id * 10 + place as i64, "product_id": product, "variant_id": variant_of(product), "title": shop.product(line.product).name,
                "name": shop.product(line.product).name, "variant_title": "Default Title", "sku": format!("SP{:06}", line.product + 1),
                "quantity": pieces, "current_quantity": pieces, "price": dong(line.price), "total_discount": dong(line.discount * pieces),
                "tax_lines": [], "fulfillment_status": fulfillment, "deleted": false,
            })
        })
        .collect();
    let buyer = row.customer.map(|customer| self::customer(shop, customer).1.json);
    let named = row.customer.map(|customer| shop.customer(customer));
    let shipping = named.as_ref().filter(|_| row.delivered).map_or(Value::Null, |buyer| {
        let mut to = object(address(
            0,
            &buyer.name(),
            buyer.phone().as_deref(),
            usize::from(buyer.place),
            &format!("{} Đường Mẫu", buyer.street),
            false,
        ));
        to.remove("id");
        to.insert("name".into(), buyer.name().trim().into());
        to.into()
    });
    let goods = row.total - row.shipping + row.discount;
    let number = index + 1001;
    let mut json = json!({
        "id": id, "name": format!("#{number}"), "number": index + 1, "order_number": number, "status": status,
        "financial_status": financial, "fulfillment_status": fulfillment, "return_status": "no_return", "cancel_reason": if status == "cancelled" { json!("customer") } else { Value::Null },
        "confirmed_on": at(row.created_ms), "processed_on": at(row.created_ms), "closed_on": if status == "closed" { at(changed) } else { Value::Null },
        "cancelled_on": if status == "cancelled" { at(changed) } else { Value::Null }, "completed_on": null, "delivered_on": null,
        "email": buyer.as_ref().map(|buyer| buyer["email"].clone()), "phone": buyer.as_ref().map(|buyer| buyer["phone"].clone()),
        "customer": buyer.map(|mut buyer| { buyer.remove("addresses"); Value::from(buyer) }), "billing_address": shipping, "shipping_address": shipping,
    });
    let amounts = json!({
        "currency": "VND", "total_price": dong(row.total), "total_discounts": dong(row.discount), "total_line_items_price": dong(goods),
        "subtotal_price": dong(goods - row.discount), "sub_total_price": dong(goods - row.discount), "total_tax": 0.0,
        "total_shipping_price": dong(row.shipping), "total_received": dong(row.paid), "total_outstanding": dong((row.total - row.paid).max(0)),
        "unpaid_amount": dong((row.total - row.paid).max(0)), "total_refunded": 0.0, "source_name": row.channel.map_or("web".into(), |channel| CHANNELS[channel as usize].to_lowercase()),
        "reference": null, "location_id": id_of(Stream::Branches, row.branch), "user_id": id_of(Stream::Users, row.seller),
        "user": { "id": id_of(Stream::Users, row.seller), "first_name": STAFF[row.seller as usize], "last_name": null },
        "tags": "", "note": null, "note_attributes": [], "discount_codes": [], "line_items": lines, "shipping_lines": [], "fulfillments": [],
        "refunds": [], "gateway": null, "payment_gateway_names": [], "test": false,
    });
    if let Value::Object(json) = &mut json {
        json.extend(object(amounts));
    }
    (id, Row::new(json, row.created_ms, row.modified_ms))
}

/// Everything that a shop starts with.
pub(super) fn seed(state: &mut State, shop: &Shop, rich: bool) {
    let branches = (0..shop.branches).map(|index| {
        let at = usize::try_from(index).unwrap_or(0) % BRANCHES.len();
        let id = id_of(Stream::Branches, index);
        let json = json!({
            "id": id, "name": BRANCHES[at], "address1": format!("{} Đường Mẫu", index + 1), "address2": null, "city": "Hà Nội",
            "province": "Hà Nội", "country": "VN", "zip": null, "phone": format!("+842838000{:03}", index + 100), "active": true,
        });
        (id, Row::new(json, START_MS, None))
    });
    state.tables.entry(Stream::Branches).or_default().extend(branches);
    let categories = CATEGORIES.iter().enumerate().map(|(index, (name, _))| {
        let id = id_of(Stream::Categories, index as u64);
        (
            id,
            Row::new(
                json!({ "id": id, "name": name, "alias": format!("danh-muc-{index}") }),
                START_MS,
                Some(START_MS),
            ),
        )
    });
    state.tables.entry(Stream::Categories).or_default().extend(categories);
    let users = STAFF.iter().enumerate().map(|(index, name)| {
        let id = id_of(Stream::Users, index as u64);
        (id, Row::new(json!({ "id": id, "first_name": name, "last_name": null }), START_MS, None))
    });
    state.tables.entry(Stream::Users).or_default().extend(users);
    state
        .tables
        .entry(Stream::Products)
        .or_default()
        .extend((0..shop.products).map(|index| product(shop, index)));
    state
        .tables
        .entry(Stream::Customers)
        .or_default()
        .extend((0..shop.customers).map(|index| customer(shop, index)));
    let orders = (0..shop.orders).map(|index| {
        let (id, mut row) = order(shop, index);
        if rich {
            enrich(index, id, &mut row.json);
        }
        (id, row)
    });
    state.tables.entry(Stream::Orders).or_default().extend(orders);
}

/// What an order may have besides, some of it on some of them.
fn enrich(index: u64, id: i64, order: &mut Map<String, Value>) {
    let amount =
        |name: &str, order: &Map<String, Value>| order.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let at = order.get("modified_on").filter(|at| !at.is_null()).or(order.get("created_on")).cloned();
    if index % 3 == 1 {
        let shipped = json!([{
            "id": id + 1_000_000, "name": "#F1", "order_id": id, "status": "success", "shipment_status": "pending", "total_quantity": 1.0,
            "tracking_info": { "tracking_number": format!("GT{id}"), "carrier_name": "Giao Thử" }, "receipt": {}, "created_on": at,
        }, null]);
        order.insert("fulfillments".into(), shipped);
        if order.get("fulfillment_status").is_some_and(|status| status == "fulfilled") {
            order.insert("delivered_on".into(), at.clone().unwrap_or(Value::Null));
        }
    }
    if index % 5 == 2 {
        order.insert("tags".into(), json!(["vip", null, "hẹn giao"]));
        order.insert("payment_gateway_names".into(), json!([null]));
        order.insert("assignee".into(), json!({}));
    }
    let (total, received) = (amount("total_price", order), amount("total_received", order));
    let status = order.get("financial_status").and_then(Value::as_str).unwrap_or_default().to_owned();
    if index % 4 == 2 && status == "paid" && received >= total && total >= 2.0 {
        // Half of it went back, and only a transaction says so.
        let back = (total / 2.0).floor();
        order.insert("financial_status".into(), "partially_refunded".into());
        order.remove("total_refunded");
        order.insert("net_payment".into(), json!(received - back));
        let refund = json!([{
            "id": id + 2_000_000, "order_id": id, "created_on": at, "processed_at": at, "refund_line_items": [], "restock": false,
            "transactions": [
                { "id": id + 3_000_000, "order_id": id, "kind": "refund", "status": "success", "amount": back, "currency": "VND", "test": false },
                { "id": id + 3_000_001, "order_id": id, "kind": "refund", "status": "failure", "amount": 1.0, "currency": "VND", "test": false },
            ],
            "order_adjustments": [{ "id": id + 4_000_000, "kind": "refund_discrepancy", "amount": -back }],
        }]);
        order.insert("refunds".into(), refund);
    }
    if index % 9 == 4 {
        order.insert("test".into(), true.into());
    }
    if index % 4 == 3 {
        // The documentation shows amounts as texts.
        for name in ["total_price", "total_received", "total_line_items_price", "total_discounts"] {
            let text = format!("{:.2}", amount(name, order));
            order.insert(name.into(), text.into());
        }
    }
    if index % 7 == 5 {
        let number = order.get("order_number").cloned().unwrap_or(Value::Null);
        order.insert("order_number".into(), format!("DH-{number}").into());
    }
}
