//! Seeded rows in WooCommerce's shape, and what plugins make of them.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use super::{Kind, Row, SandboxOptions, State};
use crate::out::{OFFSET_MS, civil};
use crate::seed::{
    Buyer, CATEGORIES, CustomerRow, DocumentRow, PLACES, PhoneForm, ProductRow, START_MS, Shop, Standing,
    Unusual,
};
use crate::server::{object, text};

const CUSTOMER: i64 = 100;
const ORDER: i64 = 5000;
const PRODUCT: i64 = 1000;
pub(super) const CATEGORY: i64 = 15;
/// Whoever installed the shop; tried the checkout out, and so is a customer, too.
const ADMIN: i64 = 1;
/// The customers behind whom accounts of staff were made.
const STAFF_AFTER: [u64; 3] = [55, 56, 58];

pub(super) fn customer_id(index: u64) -> i64 {
    CUSTOMER + index as i64 * 2
}

/// Refunds stand in the same sequence: one beside each order.
pub(super) fn order_id(index: u64) -> i64 {
    ORDER + index as i64 * 3
}

/// The product, and the variation or 0. The first one of a family is its place.
pub(super) fn product_of(row: &ProductRow) -> (i64, i64) {
    let of = |index: u64| PRODUCT + index as i64 * 3;
    row.master.map_or((of(row.index), 0), |master| (of(master), of(row.index) + 1))
}

/// `2026-11-22T20:11:05`: no zone, no fraction.
fn wall(ms: i64) -> String {
    let (year, month, day) = civil(ms.div_euclid(86_400_000));
    let second = ms.rem_euclid(86_400_000) / 1000;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// Writes a time twice: as the shop's clock shows it, and in UTC.
pub(super) fn stamp(row: &mut Map<String, Value>, name: &str, ms: Option<i64>) {
    row.insert(name.into(), ms.map_or(Value::Null, |ms| wall(ms + OFFSET_MS).into()));
    row.insert(format!("{name}_gmt"), ms.map_or(Value::Null, |ms| wall(ms).into()));
}

pub(super) fn is_draft(status: &str) -> bool {
    matches!(status, "auto-draft" | "checkout-draft" | "draft")
}

/// A user of another role who has no address and bought nothing.
pub(super) fn is_staff(user: &Map<String, Value>) -> bool {
    let billing = user.get("billing").and_then(Value::as_object);
    let filled = |name: &&str| billing.is_some_and(|billing| !text(billing, name).is_empty());
    let has_address =
        ["first_name", "last_name", "company", "address_1", "city", "email", "phone"].iter().any(filled);
    text(user, "role") != "customer" && !has_address && user.get("is_paying_customer") != Some(&true.into())
}

pub(super) fn money(dong: i64) -> Value {
    dong.to_string().into()
}

/// An amount in whole dong, in whatever form.
pub(super) fn dong(value: &Value) -> i64 {
    match value {
        Value::String(text) => text.parse::<f64>().unwrap_or_default().round() as i64,
        other => other.as_f64().unwrap_or_default().round() as i64,
    }
}

/// As the shop keeps text: trimmed, and one blank between words.
pub(super) fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An address without anything.
pub(super) fn blank(email: bool) -> Map<String, Value> {
    let names =
        "first_name last_name company address_1 address_2 city postcode country state phone".split(' ');
    let names = names.chain(email.then_some("email"));
    names.map(|name| (name.to_owned(), "".into())).collect()
}

/// Tên and Họ; one shop in five's checkout has a single field, which goes into the last name.
fn halves(name: &str, is_whole: bool) -> (String, String) {
    let name = tidy(name);
    match name.rsplit_once(' ') {
        Some((last, first)) if !is_whole => (first.to_owned(), last.to_owned()),
        _ => (String::new(), name),
    }
}

/// Where somebody lives. One plugin writes codes, which it shows as names on orders.
fn billing(row: &CustomerRow, on_order: bool) -> Map<String, Value> {
    let (first, last) = halves(&row.name(), row.index.is_multiple_of(5));
    let (both, ward) = PLACES[usize::from(row.place) % PLACES.len()];
    let (province, district) = both.split_once(" - ").unwrap_or((both, ""));
    let (ward, district, province) = match (row.index % 4, on_order) {
        (0, false) => ("26734", "760", "HOCHIMINH"),
        (0, true) => ("Phường Bến Nghé", "Quận 1", "Hồ Chí Minh"),
        (1, _) => (ward, district, province),
        // The core has no provinces for Viet Nam: the town is all there is.
        _ => ("", province, ""),
    };
    let phone = if row.form == PhoneForm::Blank { None } else { row.phone() };
    let mut address = blank(true);
    for (name, value) in [
        ("first_name", first),
        ("last_name", last),
        ("address_1", format!("{} Đường Mẫu", row.street)),
        ("address_2", ward.to_owned()),
        ("city", district.to_owned()),
        ("state", province.to_owned()),
        ("country", if row.index % 6 == 5 { "" } else { "VN" }.to_owned()),
        ("phone", phone.unwrap_or_default()),
        ("email", own_email(row).unwrap_or_default()),
    ] {
        address.insert(name.into(), tidy(&value).into());
    }
    address
}

/// An address is of one account only.
fn own_email(row: &CustomerRow) -> Option<String> {
    row.email().filter(|_| row.person == row.index)
}

fn customer(shop: &Shop, index: u64) -> Row {
    let row = shop.customer(index);
    let id = customer_id(index);
    let billing = billing(&row, false);
    let mut shipping = blank(false);
    if index % 7 == 3 {
        shipping.extend(billing.clone());
        shipping.remove("email");
        shipping.insert("phone".into(), "".into());
    }
    // Some profiles have no name of their own.
    let (first, last) = match index % 7 {
        2 => (Value::from(""), Value::from("")),
        _ => (billing["first_name"].clone(), billing["last_name"].clone()),
    };
    // Phone-only shops make addresses up.
    let email = own_email(&row).unwrap_or_else(|| format!("khach-{index}@khong-thu.example.com"));
    let role = if index % 17 == 3 { "wholesale_customer" } else { "customer" };
    let mut json = user(id, &email, role);
    json.extend(object(json!({
        "first_name": first, "last_name": last, "billing": billing, "shipping": shipping,
        "is_paying_customer": index.is_multiple_of(2),
        "meta_data": [{ "id": id * 10, "key": "wc_last_active", "value": "1795219200" }],
    })));
    stamp(&mut json, "date_created", Some(row.created_ms));
    stamp(&mut json, "date_modified", row.modified_ms);
    Row::new(json, row.created_ms, row.changed_ms())
}

/// An account without anything of its own.
pub(super) fn user(id: i64, email: &str, role: &str) -> Map<String, Value> {
    object(json!({
        "id": id, "email": email, "first_name": "", "last_name": "", "role": role,
        "username": format!("{}-{id}", email.split('@').next().unwrap_or_default()), "billing": blank(true),
        "shipping": blank(false), "is_paying_customer": false, "meta_data": [],
        "avatar_url": "https://secure.gravatar.com/avatar/00000000000000000000000000000000?s=96&d=mm&r=g",
    }))
}

fn staff(id: i64, role: &str) -> Row {
    let mut json = user(id, &format!("{role}{id}@gomviet-demo.example.vn"), role);
    json.insert("is_paying_customer".into(), (id == ADMIN).into());
    stamp(&mut json, "date_created", Some(START_MS));
    stamp(&mut json, "date_modified", None);
    Row::new(json, START_MS, START_MS)
}

/// A line: net before coupons, net after them, tax on that.
pub(super) fn line(
    id: i64,
    goods: (i64, i64),
    named: (&str, Value),
    thousandths: i64,
    amounts: [i64; 3],
) -> Value {
    let [subtotal, total, tax] = amounts;
    let quantity = match thousandths % 1000 {
        0 => json!(thousandths / 1000),
        _ => json!(thousandths as f64 / 1000.0),
    };
    let price = if thousandths == 0 { 0.0 } else { total as f64 * 1000.0 / thousandths as f64 };
    let price = if price.fract() == 0.0 { json!(price as i64) } else { json!(price) };
    json!({
        "id": id, "name": named.0, "product_id": goods.0, "variation_id": goods.1, "quantity": quantity, "tax_class": "",
        "subtotal": money(subtotal), "subtotal_tax": money(tax), "total": money(total), "total_tax": money(tax), "taxes": [],
        "meta_data": [], "sku": named.1, "global_unique_id": "", "price": price, "image": { "id": "", "src": "" },
        "parent_name": null,
    })
}

pub(super) fn fee(id: i64, name: &str, total: i64) -> Value {
    json!({
        "id": id, "name": name, "tax_class": "", "tax_status": "none", "amount": money(total), "total": money(total),
        "total_tax": "0", "taxes": [], "meta_data": [],
    })
}

pub(super) fn shipping_line(id: i64, total: i64) -> Value {
    json!({
        "id": id, "method_title": "Giao hàng tiêu chuẩn", "method_id": "flat_rate", "instance_id": "1", "total": money(total),
        "total_tax": "0", "taxes": [], "tax_status": "none", "meta_data": [],
    })
}

/// An order without anything on it.
pub(super) fn bare_order(id: i64) -> Map<String, Value> {
    let mut order = object(json!({
        "id": id, "parent_id": 0, "status": "pending", "currency": "VND", "version": "11.2.0", "prices_include_tax": false,
        "discount_total": "0", "discount_tax": "0", "shipping_total": "0", "shipping_tax": "0", "cart_tax": "0", "total": "0",
        "total_tax": "0", "customer_id": 0, "order_key": format!("wc_order_demo{id}"), "billing": blank(true),
        "shipping": blank(false), "payment_method": "", "payment_method_title": "", "transaction_id": "",
        "customer_ip_address": "203.0.113.24", "customer_user_agent": "Mozilla/5.0 (demo)", "created_via": "rest-api",
        "customer_note": "", "cart_hash": "", "number": id.to_string(), "meta_data": [], "line_items": [],
    }));
    order.extend(object(json!({
        "tax_lines": [], "shipping_lines": [], "fee_lines": [], "coupon_lines": [], "refunds": [],
        "payment_url": format!("https://gomviet-demo.example.vn/checkout/order-pay/{id}/"), "is_editable": true,
        "needs_payment": false, "needs_processing": true, "currency_symbol": "₫",
    })));
    stamp(&mut order, "date_completed", None);
    stamp(&mut order, "date_paid", None);
    order
}

fn sum(order: &Map<String, Value>, list: &str, member: &str) -> i64 {
    order.get(list).and_then(Value::as_array).into_iter().flatten().map(|one| dong(&one[member])).sum()
}

/// Adds an order up from its lines, fees and deliveries.
pub(super) fn add_up(order: &mut Map<String, Value>) {
    let (goods, shipping) = (sum(order, "line_items", "total"), sum(order, "shipping_lines", "total"));
    let (fees, tax) = (sum(order, "fee_lines", "total"), sum(order, "line_items", "total_tax"));
    for (name, amount) in [
        ("discount_total", sum(order, "line_items", "subtotal") - goods),
        ("shipping_total", shipping),
        ("cart_tax", tax),
        ("total_tax", tax),
        ("total", goods + shipping + fees + tax),
    ] {
        order.insert(name.into(), money(amount));
    }
}

fn status_of(row: &DocumentRow) -> &'static str {
    match row.standing {
        Standing::Draft => "checkout-draft",
        Standing::Confirmed => "on-hold",
        Standing::Shipping | Standing::PartlyInvoiced => "processing",
        Standing::Completed => "completed",
        Standing::Failed => "failed",
        Standing::Cancelled if row.index.is_multiple_of(3) => "failed",
        Standing::Cancelled => "cancelled",
        // The code of a plugin.
        Standing::Unexplained => "da-giao",
        Standing::Processing => "pending",
    }
}

fn order(shop: &Shop, index: u64, numbered: bool) -> Row {
    let row = shop.order(index);
    let id = order_id(index);
    let buyer = row.customer.filter(|at| *at < shop.customers).map(|at| shop.customer(at));
    let mut json = bare_order(id);
    // Two buyers in five did not log in.
    let is_guest = index % 5 < 2 || buyer.is_none();
    if let Some(buyer) = &buyer {
        json.insert("billing".into(), billing(buyer, true).into());
        json.insert("customer_id".into(), if is_guest { 0 } else { customer_id(buyer.index) }.into());
    }
    if buyer.as_ref().is_some_and(|buyer| buyer.buyer == Buyer::Person) && index % 11 == 4 {
        let mut to = object(json["billing"].clone());
        to.remove("email");
        to.extend(object(json!({ "first_name": "Tâm", "last_name": "Nguyễn Văn" })));
        let phone = format!("0{}", shop.mobile(2_000_000 + index) - 84_000_000_000);
        to.insert("phone".into(), phone.into());
        json.insert("shipping".into(), to.into());
    }
    let mut lines = Vec::new();
    for (at, from) in row.lines().iter().enumerate() {
        let product = shop.product(from.product);
        let (subtotal, total) = (from.quantity * from.price / 1000, from.amount());
        let tax = if index % 13 == 6 { (total * 8 + 50) / 100 } else { 0 };
        let is_gone = row.unusual == Some(Unusual::DeletedProduct);
        let sku = if is_gone { Value::Null } else { sku(&product).into() };
        let goods = if is_gone { (0, 0) } else { product_of(&product) };
        lines.push(line(
            id * 10 + at as i64,
            goods,
            (product.name, sku),
            from.quantity,
            [subtotal, total, tax],
        ));
    }
    json.insert("line_items".into(), lines.into());
    let mut fees = Vec::new();
    if row.discount > 0 {
        fees.push(fee(id * 10 + 5, "Giảm giá", -row.discount));
    }
    if index % 10 == 7 {
        fees.push(fee(id * 10 + 6, "Phí thu hộ", 15_000));
    }
    json.insert("fee_lines".into(), fees.into());
    if row.shipping > 0 {
        json.insert("shipping_lines".into(), json!([shipping_line(id * 10 + 7, row.shipping)]));
    }
    add_up(&mut json);
    let status = status_of(&row);
    json.insert("status".into(), status.into());
    let is_cod = index.is_multiple_of(2);
    let (method, title) =
        if is_cod { ("cod", "Trả tiền mặt khi nhận hàng") } else { ("bacs", "Chuyển khoản") };
    json.insert("payment_method".into(), method.into());
    json.insert("payment_method_title".into(), title.into());
    json.insert("created_via".into(), if buyer.is_none() { "admin" } else { "checkout" }.into());
    json.insert(
        "meta_data".into(),
        json!([{ "id": id * 10, "key": "_wc_order_attribution_source_type", "value": "organic" }]),
    );
    if numbered {
        json.insert("number".into(), format!("GV-2026-{index:05}").into());
    }
    let changed = row.changed_ms();
    // Who pays at the door has paid when it is done.
    let is_paid = status == "completed" || row.standing == Standing::PartlyInvoiced && !is_cod;
    stamp(&mut json, "date_paid", is_paid.then_some(changed));
    stamp(&mut json, "date_completed", (status == "completed").then_some(changed));
    stamp(&mut json, "date_created", Some(row.created_ms));
    stamp(&mut json, "date_modified", Some(changed));
    Row::new(json, row.created_ms, changed)
}

/// A refund of so much money, and of pieces of the first line.
pub(super) fn refund(
    order: &mut Map<String, Value>,
    id: i64,
    amount: i64,
    pieces: i64,
    at: i64,
) -> Map<String, Value> {
    let mut lines = Vec::new();
    if let Some(from) = order["line_items"].get(0).filter(|_| pieces > 0) {
        let goods = (dong(&from["product_id"]), dong(&from["variation_id"]));
        let named = (from["name"].as_str().unwrap_or_default(), from["sku"].clone());
        let mut back = line(id * 10, goods, named, -pieces * 1000, [-amount, -amount, 0]);
        let of = from["id"].to_string();
        back["meta_data"] = json!([{ "id": id * 10, "key": "_refunded_item_id", "value": of }]);
        lines.push(back);
    }
    let mut refund = object(json!({
        "id": id, "amount": money(amount), "reason": "Đổi ý", "refunded_by": ADMIN, "refunded_payment": false, "meta_data": [],
        "line_items": lines, "shipping_lines": [], "tax_lines": [], "fee_lines": [],
    }));
    stamp(&mut refund, "date_created", Some(at));
    let told = json!({ "id": id, "reason": "Đổi ý", "total": money(-amount) });
    if let Some(all) = order.get_mut("refunds").and_then(Value::as_array_mut) {
        all.insert(0, told);
    }
    refund
}

/// What was given back so far.
pub(super) fn refunded(order: &Map<String, Value>) -> i64 {
    -sum(order, "refunds", "total")
}

fn sku(row: &ProductRow) -> String {
    format!("SP{:06}", row.index + 1)
}

fn bare_product(id: i64, kind: &str, name: &str, price: i64) -> Map<String, Value> {
    let mut json = object(json!({
        "id": id, "name": name, "slug": format!("san-pham-{id}"), "type": kind, "status": "publish", "featured": false,
        "catalog_visibility": "visible", "description": "<p>Hàng mẫu.</p>\n", "sku": "", "price": money(price),
        "regular_price": money(price), "sale_price": "", "on_sale": false, "manage_stock": true, "stock_quantity": 14,
        "backorders": "no", "weight": "", "parent_id": 0, "categories": [], "brands": [], "tags": [], "images": [],
        "attributes": [], "variations": [], "meta_data": [], "stock_status": "instock", "global_unique_id": "",
    }));
    stamp(&mut json, "date_created", Some(START_MS));
    json
}

/// A product, or a variation of one.
fn goods(row: &ProductRow) -> (Kind, i64, Row) {
    let (product, variation) = product_of(row);
    let changed = row.modified_ms.unwrap_or(row.created_ms);
    let is_variation = variation > 0;
    let (id, kind) = if is_variation { (variation, "variation") } else { (product, "simple") };
    let mut json = bare_product(id, kind, row.name, row.price);
    json.insert("sku".into(), sku(row).into());
    if row.index.is_multiple_of(5) {
        json.insert("global_unique_id".into(), format!("893{:010}", row.index + 1).into());
    }
    let category = row.category as usize % CATEGORIES.len();
    if is_variation {
        let option = json!([{ "id": 1, "name": "Màu", "slug": "pa_mau", "option": row.attribute }]);
        json.extend(object(json!({ "attributes": option, "parent_id": product, "manage_stock": "parent" })));
        json.insert("name".into(), format!("{} - {}", row.name, row.attribute).into());
    } else {
        let label =
            json!([{ "id": CATEGORY + category as i64, "name": CATEGORIES[category].0, "slug": "loai" }]);
        json.insert("categories".into(), label);
        if row.index % 8 == 1 {
            json.insert("name".into(), format!("{} &amp; túi", row.name).into());
        }
        if row.index % 40 == 39 {
            json.extend(object(
                json!({ "price": "", "regular_price": "", "manage_stock": false, "stock_quantity": null }),
            ));
        }
    }
    stamp(&mut json, "date_created", Some(row.created_ms));
    stamp(&mut json, "date_modified", Some(changed));
    let mut kept = Row::new(json, row.created_ms, changed);
    kept.parent = if is_variation { product } else { 0 };
    (if is_variation { Kind::Variations } else { Kind::Products }, id, kept)
}

/// The product whose variations these are: it names their ids and the lowest price.
fn family(row: &ProductRow, variations: &[i64]) -> Row {
    let (id, _) = product_of(row);
    let mut json = bare_product(id, "variable", row.name, row.price);
    json.extend(object(json!({
        "regular_price": "", "manage_stock": false, "stock_quantity": null, "variations": variations,
        "attributes": [{ "id": 1, "name": "Màu", "slug": "pa_mau", "options": ["Trắng", "Đen", "Xanh", "Đỏ"] }],
    })));
    stamp(&mut json, "date_created", Some(row.created_ms));
    stamp(&mut json, "date_modified", Some(row.created_ms));
    Row::new(json, row.created_ms, row.created_ms)
}

pub(super) fn category(id: i64, name: &str, parent: i64) -> Map<String, Value> {
    object(json!({
        "id": id, "name": name, "slug": format!("loai-{id}"), "parent": parent, "description": "", "display": "default",
        "image": null, "menu_order": 0, "count": 8,
    }))
}

/// Fills the shop.
pub(super) fn seed(state: &mut State, options: &SandboxOptions) {
    let shop = options.shop;
    for index in 0..shop.customers {
        state.table(Kind::Customers).insert(customer_id(index), customer(&shop, index));
    }
    state.table(Kind::Customers).insert(ADMIN, staff(ADMIN, "administrator"));
    for after in STAFF_AFTER {
        let id = customer_id(after) + 1;
        state.table(Kind::Customers).insert(id, staff(id, "shop_manager"));
    }
    for index in 0..shop.orders {
        let (id, mut row) = (order_id(index), order(&shop, index, options.numbered));
        let total = dong(&row.json["total"]);
        let back = match index % 24 {
            5 => dong(&row.json["line_items"][0]["price"]),
            7 => total,
            _ => 0,
        };
        if row.status() == "completed" && back > 0 {
            let pieces = i64::from(back < total);
            let refund = refund(&mut row.json, id + 1, back.min(total), pieces, row.changed);
            if back >= total {
                row.json.insert("status".into(), "refunded".into());
            }
            let mut kept = Row::new(refund, row.changed, row.changed);
            kept.parent = id;
            state.table(Kind::Refunds).insert(id + 1, kept);
        }
        state.table(Kind::Orders).insert(id, row);
    }
    for index in 0..shop.products {
        let row = shop.product(index);
        let (kind, id, kept) = goods(&row);
        state.table(kind).insert(id, kept);
        if row.master == Some(index) {
            let members = (index..(index + 4).min(shop.products)).map(|at| product_of(&shop.product(at)).1);
            let members: Vec<i64> = members.collect();
            state.table(Kind::Products).insert(product_of(&row).0, family(&row, &members));
        }
    }
    for (at, (name, parent)) in CATEGORIES.iter().enumerate() {
        let id = CATEGORY + at as i64;
        let json = category(id, name, parent.map_or(0, |parent| CATEGORY + parent as i64));
        state.table(Kind::Categories).insert(id, Row::new(json, START_MS, START_MS));
    }
    if options.version < (5, 6) {
        let rows = state.tables.values_mut().flat_map(BTreeMap::values_mut);
        for to in rows.filter_map(|row| row.json.get_mut("shipping")?.as_object_mut()) {
            to.remove("phone");
        }
    }
    if options.hidden_rows {
        // Not among the first: what they are is known to every test.
        for (kind, after) in [(Kind::Customers, 60), (Kind::Orders, 20), (Kind::Products, 20)] {
            let rows = state.table(kind).values_mut().skip(after).step_by(9);
            rows.for_each(|row| row.hidden = true);
        }
    }
}

/// An object with numeric keys and gaps, as PHP writes a list that something was taken out of.
pub(super) fn gapped(rows: Vec<Value>) -> Value {
    rows.into_iter()
        .enumerate()
        // As many digits in all of them, so that they stay in order here, too.
        .map(|(at, row)| ((at * 2 + 101).to_string(), row))
        .collect::<Map<_, _>>()
        .into()
}

/// A row as plugins leave it. Which way depends on its id alone.
pub(super) fn retype(row: &mut Map<String, Value>) {
    let id = row.get("id").and_then(Value::as_i64).unwrap_or_default();
    for name in ["meta_data", "line_items", "refunds", "images"] {
        let is_turned = id % 2 == i64::from(name == "meta_data");
        if let Some(Value::Array(all)) = row.get_mut(name).filter(|_| is_turned) {
            row[name] = gapped(std::mem::take(all));
        }
    }
    for name in ["billing", "shipping"] {
        let blank = |to: &Map<String, Value>| to.values().all(|value| value == "");
        if row.get(name).and_then(Value::as_object).is_some_and(blank) {
            row[name] = json!([]);
        }
    }
    for name in ["total", "discount_total", "shipping_total", "price", "regular_price"] {
        let Some(amount) = row.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()) else {
            continue;
        };
        let turned = match id % 3 {
            0 => amount.parse::<i64>().ok().map(Number::from).map_or(Value::Null, Value::Number),
            1 => format!("{amount}.00").into(),
            _ => continue,
        };
        row.insert(name.into(), turned);
    }
    for name in ["id", "customer_id", "parent_id"] {
        if let Some(number) = row.get(name).and_then(Value::as_i64).filter(|_| id % 5 < 2) {
            row.insert(name.into(), number.to_string().into());
        }
    }
    for (name, nothing) in
        [("transaction_id", Value::Bool(false)), ("customer_note", Value::Null), ("sku", json!([]))]
    {
        if row.get(name).is_some_and(|value| value == "") {
            row.insert(name.into(), nothing);
        }
    }
}

/// One record as the vendor breaks it: an amount, or a name where there is none.
pub(super) fn break_row(kind: Kind, row: &mut Map<String, Value>) {
    let name = match kind {
        Kind::Orders => "total",
        Kind::Products | Kind::Variations => "regular_price",
        Kind::Refunds => "amount",
        Kind::Customers => "first_name",
        Kind::Categories => "name",
    };
    row.insert(name.into(), json!({ "amount": ["nhiều"] }));
}
