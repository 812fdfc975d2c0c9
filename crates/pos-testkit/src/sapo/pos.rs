//! The POS flavour: its rows and its endpoints.

use pos_core::record::Stream;
use serde_json::{Map, Value, json};

use super::asked::{digits, read, time_of};
use super::hooks::put;
use super::rows::{Row, id_of, instant, variant_of};
use super::{Inner, State};
use crate::seed::{BRANCHES, CATEGORIES, PLACES, PhoneForm, STAFF, START_MS, Shop, Standing};
use crate::server::{Answer, Asked, Twist, object};

/// The shop's number in every row.
const TENANT: i64 = 816_001;
/// The object is not there.
pub(super) fn missing() -> Answer {
    Answer::json(404, &json!({ "error": { "message": "Không tìm thấy đối tượng" } }))
}

fn invalid(field: &str, message: &str) -> Answer {
    Answer::json(422, &json!({ "data_error": { "status": 422, "errors": { field: message } } }))
}

fn stream_of(list: &str) -> Option<Stream> {
    Some(match list {
        "customers" => Stream::Customers,
        "orders" => Stream::Orders,
        "products" => Stream::Products,
        "locations" => Stream::Branches,
        "categories" => Stream::Categories,
        "accounts" => Stream::Users,
        _ => return None,
    })
}

pub(super) fn answer(inner: &Inner, asked: &Asked, rest: &str, twist: Twist) -> Answer {
    let parts: Vec<&str> = rest.split('/').collect();
    if inner.options.closed_branches && parts.first() == Some(&"locations") {
        return Answer::json(403, &json!({ "error": "access_denied" }));
    }
    let sent = asked.json();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", [name]) if stream_of(name).is_some() => list(inner, name, &asked.query, twist),
        ("GET", [name @ ("customers" | "orders" | "products"), id]) => inner.one(name, id),
        ("POST", ["customers"]) => create_customer(inner, &sent),
        ("PUT", ["customers", id]) => change_customer(inner, id, &sent),
        ("POST", ["customers", id, "addresses"]) => add_address(inner, id, &sent),
        ("POST", ["orders"]) => create_order(inner, asked, &sent),
        ("POST", ["orders", id, verb @ ("finalize" | "cancel")]) => turn(inner, id, verb),
        ("POST", ["orders", id, "prepayments"]) => pay(inner, id, &sent),
        (_, ["webhooks", ..]) => inner.webhooks(&asked.method, &parts[1..], &sent),
        _ => Answer::page(200),
    }
}

fn matches(row: &Map<String, Value>, query: &str) -> bool {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let wanted = digits(query);
    let by_number = wanted.len() >= 6
        && wanted.len() * 2 > query.len()
        && digits(&text("phone_number")).contains(&wanted);
    let lower = query.to_lowercase();
    by_number || ["code", "email", "name"].iter().any(|name| text(name).contains(&lower))
}

fn list(inner: &Inner, name: &str, query: &str, twist: Twist) -> Answer {
    let Some(stream) = stream_of(name) else { return Answer::page(200) };
    let query = read(query, false);
    let mut state = inner.state();
    let now = state.now_ms();
    let (from, to) = (time_of(&query, "created_on_min"), time_of(&query, "created_on_max"));
    let is_order = stream == Stream::Orders;
    let keep = |row: &Row| {
        let text = |name: &str| row.json.get(name).and_then(Value::as_str).unwrap_or_default();
        let created = row.created.div_euclid(1000);
        row.shown <= now
            && query.get("query").is_none_or(|wanted| matches(&row.json, wanted))
            && (!is_order
                || query
                    .get("status")
                    .is_none_or(|wanted| wanted.split(',').any(|one| one == text("status"))))
            && (!is_order || (from.is_none_or(|from| created >= from) && to.is_none_or(|to| created <= to)))
    };
    let mut kept: Vec<(i64, i64)> =
        state.table(stream).iter().filter(|(_, row)| keep(row)).map(|(id, row)| (*id, row.changed)).collect();
    kept.reverse();
    match query.get("sort_by").filter(|_| is_order && !inner.options.ignores_sorting) {
        Some("modified_on desc") => kept.sort_by_key(|(id, changed)| std::cmp::Reverse((*changed, *id))),
        Some("modified_on asc") => kept.sort_by_key(|(id, changed)| (*changed, *id)),
        _ => {}
    }
    let ids = kept.into_iter().map(|(id, _)| id).collect();
    inner.page(&mut state, (stream, name), ids, &query, twist)
}

/// Whether somebody else has a number or an e-mail already.
fn taken(state: &mut State, sent: &Map<String, Value>, own: Option<i64>) -> Option<&'static str> {
    let text = |row: &Map<String, Value>, name: &str| {
        row.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_lowercase()
    };
    let (phone, email) = (digits(&text(sent, "phone_number")), text(sent, "email"));
    let others = || |(id, row): &(&i64, &Row)| Some(**id) != own && text(&row.json, "status") != "deleted";
    let table = state.table(Stream::Customers);
    if phone.len() >= 9
        && table.iter().filter(others()).any(|(_, row)| digits(&text(&row.json, "phone_number")) == phone)
    {
        return Some("phone_number");
    }
    let same = |(_, row): (&i64, &Row)| text(&row.json, "email") == email;
    (!email.is_empty() && table.iter().filter(others()).any(same)).then_some("email")
}

fn create_customer(inner: &Inner, sent: &Value) -> Answer {
    let Value::Object(sent) = &sent["customer"] else { return invalid("customer", "may not be null") };
    if sent.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return invalid("name", "may not be empty");
    }
    let mut state = inner.state();
    if inner.options.refuse_known
        && let Some(field) = taken(&mut state, sent, None)
    {
        return invalid(field, "đã tồn tại");
    }
    let id = new_customer(inner, &mut state, sent.clone());
    Answer::json(201, &json!({ "customer": state.table(Stream::Customers)[&id].json }))
}

fn change_customer(inner: &Inner, id: &str, sent: &Value) -> Answer {
    let (id, members) = (id.parse().unwrap_or(0), object(sent["customer"].clone()));
    let mut state = inner.state();
    if inner.options.refuse_known
        && let Some(field) = taken(&mut state, &members, Some(id))
    {
        return invalid(field, "đã tồn tại");
    }
    if !state.change(Stream::Customers, id, inner.options.lag, |row| row.extend(members)) {
        return missing();
    }
    Answer::ok(&json!({ "customer": state.table(Stream::Customers)[&id].json }))
}

fn add_address(inner: &Inner, id: &str, sent: &Value) -> Answer {
    let mut address = object(sent["address"].clone());
    let mut state = inner.state();
    let new = state.take_id(Stream::Invoices);
    let changed = state.change(Stream::Customers, id.parse().unwrap_or(0), inner.options.lag, |row| {
        address.insert("id".into(), new.into());
        if let Some(Value::Array(all)) = row.get_mut("addresses") {
            all.push(address.clone().into());
        }
    });
    if changed { Answer::json(201, &json!({ "address": address })) } else { missing() }
}

fn create_order(inner: &Inner, asked: &Asked, sent: &Value) -> Answer {
    let Value::Object(sent) = &sent["order"] else { return invalid("order", "may not be null") };
    let branch = asked.header("x-sapo-locationid").and_then(|id| id.parse::<i64>().ok());
    let Some(branch) = branch else { return invalid("location_id", "may not be null") };
    if sent.get("tax_treatment").and_then(Value::as_str).is_none_or(str::is_empty) {
        return invalid("tax_treatment", "may not be null");
    }
    if sent.get("shipping_address").and_then(|to| to["address1"].as_str()).is_none_or(str::is_empty) {
        return invalid("shipping_address.address1", "may not be empty");
    }
    if sent.get("order_line_items").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return invalid("order_line_items", "may not be empty");
    }
    let mut state = inner.state();
    if let Some(code) = sent.get("code").and_then(Value::as_str) {
        let is_code = |row: &Row| row.json.get("code").and_then(Value::as_str) == Some(code);
        if state.table(Stream::Orders).values().any(is_code) {
            return invalid("code", "đã tồn tại");
        }
    }
    let mut sent = sent.clone();
    sent.insert("location_id".into(), branch.into());
    let id = new_order(inner, &mut state, sent);
    Answer::json(201, &json!({ "order": state.table(Stream::Orders)[&id].json }))
}

fn turn(inner: &Inner, id: &str, verb: &str) -> Answer {
    let mut state = inner.state();
    let (id, at) = (id.parse().unwrap_or(0), instant(state.now_ms()));
    let (status, moment) =
        if verb == "cancel" { ("cancelled", "cancelled_on") } else { ("finalized", "finalized_on") };
    match state.table(Stream::Orders).get(&id) {
        None => return missing(),
        Some(row) if row.json.get("status") == Some(&json!(status)) => {
            return invalid(
                "",
                if verb == "cancel" {
                    "Đơn hàng đã bị hủy"
                } else {
                    "Đơn hàng đã được duyệt"
                },
            );
        }
        Some(_) => {}
    }
    state.change(Stream::Orders, id, inner.options.lag, |row| {
        row.insert("status".into(), status.into());
        row.insert(moment.into(), at.into());
    });
    Answer::ok(&json!({ "order": state.table(Stream::Orders)[&id].json }))
}

fn pay(inner: &Inner, id: &str, sent: &Value) -> Answer {
    let mut payment = object(sent["prepayment"].clone());
    let mut state = inner.state();
    let new = state.take_id(Stream::Invoices);
    let changed = state.change(Stream::Orders, id.parse().unwrap_or(0), inner.options.lag, |row| {
        payment.insert("id".into(), new.into());
        payment.insert("status".into(), "active".into());
        if let Some(Value::Array(all)) = row.get_mut("prepayments") {
            all.push(payment.clone().into());
        }
        settle(row);
    });
    if changed { Answer::json(201, &json!({ "prepayment": payment })) } else { missing() }
}

fn number(value: Option<&Value>) -> f64 {
    value.and_then(Value::as_f64).unwrap_or(0.0)
}

/// Says how far an order is paid.
fn settle(row: &mut Map<String, Value>) {
    let payments = row.get("prepayments").and_then(Value::as_array).into_iter().flatten();
    let paid: f64 =
        payments.map(|one| number(one.get("paid_amount")).max(number(one.get("amount")).min(0.0))).sum();
    let status = match number(row.get("total")) {
        total if paid >= total && total > 0.0 => "paid",
        _ if paid > 0.0 => "partial",
        _ => "unpaid",
    };
    row.insert("payment_status".into(), status.into());
}

pub(super) fn new_customer(inner: &Inner, state: &mut State, sent: Map<String, Value>) -> i64 {
    let id = state.take_id(Stream::Customers);
    let mut json = object(json!({
        "tenant_id": TENANT, "code": format!("CUZN{id}"), "name": null, "dob": null, "sex": "other", "description": null, "email": null,
        "phone_number": null, "tax_number": "", "customer_group_id": 3_120_001, "group_name": "Bán lẻ", "tags": [], "addresses": [],
        "contacts": [], "notes": [], "status": "active",
        "sale_order": { "total_sales": 0.0, "order_purchases": 0.0, "returned_item_quantity": 0.0, "net_quantity": 0.0, "last_order_on": null },
    }));
    json.extend(sent);
    if let Some(birthday) = json.remove("birthday") {
        json.insert("dob".into(), birthday);
    }
    json.insert("id".into(), id.into());
    put(inner, state, Stream::Customers, id, json);
    id
}

fn new_order(inner: &Inner, state: &mut State, sent: Map<String, Value>) -> i64 {
    let id = state.take_id(Stream::Orders);
    let now = instant(state.now_ms());
    let mut json = object(json!({
        "tenant_id": TENANT, "code": format!("SON{id}"), "status": "draft", "issued_on": now, "account_id": id_of(Stream::Users, 0),
        "customer_id": null, "customer_data": null, "billing_address": null, "shipping_address": null, "email": null, "phone_number": "",
        "reference_number": null, "channel": null, "tax_treatment": "exclusive", "packed_status": "unpacked", "fulfillment_status": "unshipped",
        "received_status": "unreceived", "payment_status": "unpaid", "return_status": "unreturned", "total_discount": 0, "total_tax": 0,
        "order_discount_amount": 0, "delivery_fee": null, "note": "", "tags": [], "discount_items": [], "prepayments": [], "fulfillments": [],
        "order_returns": [], "finalized_on": null, "cancelled_on": null, "completed_on": null,
    }));
    json.extend(sent);
    json.insert("id".into(), id.into());
    let mut of_lines = 0.0;
    for (place, line) in
        json.get_mut("order_line_items").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        let discount = number(line.get("discount_amount"));
        of_lines += discount;
        let amount = number(line.get("price")) * number(line.get("quantity")) - discount;
        line["id"] = (id * 10 + place as i64).into();
        line["line_amount"] = amount.into();
    }
    let discount = of_lines + number(json.get("order_discount_amount"));
    json.insert("total_discount".into(), discount.into());
    for (place, payment) in
        json.get_mut("prepayments").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        payment["id"] = (id * 10 + place as i64).into();
        payment["status"] = "active".into();
    }
    settle(&mut json);
    let customer = json.get("customer_id").and_then(Value::as_i64);
    let customer =
        customer.and_then(|id| state.table(Stream::Customers).get(&id)).map(|row| row.json.clone());
    json.insert("customer_data".into(), customer.map_or(Value::Null, Value::from));
    put(inner, state, Stream::Orders, id, json);
    id
}

pub(super) fn add_order(inner: &Inner, state: &mut State, customer: Option<i64>, products: &[u64]) -> i64 {
    let line = |product: &u64| {
        let id = id_of(Stream::Products, *product);
        let row = inner.options.shop.product(*product);
        json!({ "product_id": id, "variant_id": variant_of(id), "product_name": row.name, "variant_name": row.name, "quantity": 1, "price": row.price })
    };
    let total: i64 = products.iter().map(|product| inner.options.shop.product(*product).price).sum();
    let order = json!({
        "customer_id": customer, "location_id": id_of(Stream::Branches, 0), "total": total,
        "order_line_items": products.iter().map(line).collect::<Vec<_>>(),
    });
    new_order(inner, state, object(order))
}

/// Adds a row of a stream, as somebody in the shop would.
pub(super) fn insert(inner: &Inner, state: &mut State, stream: Stream) -> Option<i64> {
    match stream {
        Stream::Customers => {
            let serial = state.table(stream).len();
            Some(new_customer(inner, state, object(json!({ "name": format!("Khách Thêm {serial}") }))))
        }
        Stream::Orders => Some(add_order(inner, state, None, &[1])),
        Stream::Products => {
            let id = state.take_id(stream);
            let json = json!({ "id": id, "tenant_id": TENANT, "name": "Hàng Thêm", "status": "active", "variants": [], "tags": "" });
            put(inner, state, stream, id, object(json));
            Some(id)
        }
        _ => None,
    }
}

fn address(id: i64, name: &str, phone: Option<&str>, place: usize, street: &str) -> Value {
    let (city, ward) = PLACES[place % PLACES.len()];
    let (province, district) = city.split_once(" - ").unwrap_or((city, ""));
    json!({
        "id": id, "label": "Giao hàng", "first_name": null, "last_name": null, "full_name": name.trim(), "address1": street, "address2": null,
        "email": null, "phone_number": phone, "country": "Việt Nam", "city": province, "district": district, "ward": ward, "zip_code": null,
        "full_address": null, "address_level": null,
    })
}

fn customer(shop: &Shop, index: u64) -> (i64, Row) {
    let row = shop.customer(index);
    let id = id_of(Stream::Customers, index);
    let home = address(
        id + 9_000_000,
        &row.name(),
        row.phone().as_deref(),
        usize::from(row.place),
        &format!("{} Đường Mẫu", row.street),
    );
    let has_home = index % 5 != 4 && row.phone().is_some() && row.form != PhoneForm::Masked;
    let json = json!({
        "id": id, "tenant_id": TENANT, "default_location_id": null, "code": format!("CUZN{id}"), "name": row.name(),
        "dob": row.birth.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}T00:00:00Z")),
        "sex": match row.gender { Some(true) => "male", Some(false) => "female", None => "other" }, "description": if index.is_multiple_of(2) { json!("") } else { Value::Null },
        "email": row.email().unwrap_or_default(), "fax": null, "phone_number": row.phone(), "tax_number": "", "website": "", "customer_group_id": 3_120_001,
        "group_name": "Bán lẻ", "assignee_id": null, "tags": if row.group.is_some() { json!(["vip"]) } else { json!([]) },
        "addresses": if has_home { json!([home]) } else { json!([]) }, "contacts": [], "notes": [], "status": "active",
        "sale_order": { "total_sales": row.spent as f64, "order_purchases": 0.0, "returned_item_quantity": 0.0, "net_quantity": 0.0, "last_order_on": null },
    });
    (id, Row::new(json, row.created_ms, row.modified_ms))
}

fn product(shop: &Shop, index: u64) -> (i64, Row) {
    let row = shop.product(index);
    let id = id_of(Stream::Products, index);
    let variant = variant_of(id);
    let stock: Vec<Value> = (0..shop.branches)
        .map(|branch| {
            let on_hand = (index % 50) as f64 + 0.5;
            json!({ "location_id": id_of(Stream::Branches, branch), "variant_id": variant, "on_hand": on_hand, "available": on_hand, "committed": 0, "mac": row.price / 2 })
        })
        .collect();
    let json = json!({
        "id": id, "tenant_id": TENANT, "status": if index % 40 == 39 { "inactive" } else { "active" }, "brand": null, "brand_id": 0, "description": null,
        "image_path": null, "name": row.name, "category_id": id_of(Stream::Categories, row.category), "category": CATEGORIES[row.category as usize].0,
        "tags": "trà,quà", "options": null,
        "variants": [{
            "id": variant, "tenant_id": TENANT, "product_id": id, "name": row.name, "sku": format!("SP{:06}", index + 1), "barcode": null, "unit": null,
            "variant_retail_price": row.price, "variant_whole_price": row.price, "variant_import_price": row.price / 2, "status": "active", "sellable": true,
            "variant_prices": [], "inventories": stock, "images": [],
        }],
    });
    (id, Row::new(json, row.created_ms, row.modified_ms))
}

fn order(shop: &Shop, index: u64, rich: bool) -> (i64, Row) {
    let row = shop.order(index);
    let id = id_of(Stream::Orders, index);
    let changed = instant(row.changed_ms());
    let (status, sent, received) = match row.standing {
        Standing::Completed => ("completed", "shipped", "received"),
        Standing::Shipping => ("finalized", "shipped", "unreceived"),
        Standing::PartlyInvoiced => ("finalized", "partial", "unreceived"),
        Standing::Cancelled => ("cancelled", "unshipped", "unreceived"),
        Standing::Unexplained => ("teleported", "unshipped", "unreceived"),
        _ if index.is_multiple_of(2) => ("draft", "unshipped", "unreceived"),
        _ => ("finalized", "unshipped", "unreceived"),
    };
    let mut of_lines = 0;
    let lines: Vec<Value> = row
        .lines()
        .iter()
        .enumerate()
        .map(|(place, line)| {
            let product = id_of(Stream::Products, line.product);
            let gross = line.quantity * line.price / 1000;
            of_lines += gross - line.amount();
            json!({
                "id": id * 10 + place as i64, "product_id": product, "variant_id": variant_of(product), "product_name": shop.product(line.product).name,
                "variant_name": shop.product(line.product).name, "sku": format!("SP{:06}", line.product + 1), "price": line.price,
                "quantity": line.quantity as f64 / 1000.0, "discount_amount": gross - line.amount(), "line_amount": line.amount(), "tax_amount": 0,
                "is_freeform": false, "product_type": "normal",
            })
        })
        .collect();
    let is_paid = row.standing == Standing::Completed || (row.paid >= row.total && row.total > 0);
    let paid = if is_paid { row.total } else { row.paid };
    let payment = json!({
        "id": id * 10 + 1, "payment_method_id": 220_001, "amount": paid, "paid_amount": paid, "returned_amount": 0, "status": "active",
        "source": "customer_prepaid", "paid_on": changed,
    });
    // Money that a carrier collected may stand with the shipment.
    let with_goods = rich && index % 3 == 1 && paid > 0;
    let fulfillments = if sent == "unshipped" {
        json!([])
    } else {
        json!([{
            "id": id + 2_000_000, "code": format!("FU{id}"), "order_id": id, "status": if received == "received" { "received" } else { "fulfilled" },
            "composite_fulfillment_status": "fulfilled", "delivery_type": "courier", "cancel_date": null,
            "payments": if with_goods { json!([payment]) } else { json!([]) },
            "shipment": { "tracking_code": format!("FU{id}"), "cod_amount": row.total - paid, "freight_amount": 20_000, "detail": "{\"source_location_id\":776001}" },
        }])
    };
    let is_apart = with_goods && sent != "unshipped";
    let buyer = row.customer.map(|customer| (customer, self::customer(shop, customer)));
    let to = buyer.as_ref().filter(|_| row.delivered).map_or(Value::Null, |(customer, _)| {
        let buyer = shop.customer(*customer);
        address(
            id + 3_000_000,
            &buyer.name(),
            buyer.phone().as_deref(),
            usize::from(buyer.place),
            &format!("{} Đường Mẫu", buyer.street),
        )
    });
    let mut json = json!({
        "id": id, "tenant_id": TENANT, "location_id": id_of(Stream::Branches, row.branch), "code": format!("SON{id}"), "issued_on": instant(row.created_ms),
        "account_id": id_of(Stream::Users, row.seller), "assignee_id": id_of(Stream::Users, row.seller), "customer_id": buyer.as_ref().map(|(_, (id, _))| *id),
        "customer_data": buyer.as_ref().map(|(_, (_, row))| row.json.clone()), "contact_id": null, "billing_address": to, "shipping_address": to, "email": null,
        "phone_number": "", "reference_number": null, "reference_url": null, "channel": if index % 6 == 1 { json!("Sàn TMĐT - Shopee") } else { Value::Null },
        "source_id": 3_870_001, "price_list_id": 167_001, "tax_treatment": "exclusive", "status": status, "packed_status": "packed",
    });
    let rest = json!({
        "fulfillment_status": sent, "received_status": received, "payment_status": if is_paid { "paid" } else if paid > 0 { "partial" } else { "unpaid" },
        "return_status": "unreturned", "total": row.total, "total_discount": row.discount + of_lines, "total_tax": 0,
        "order_discount_amount": if rich && row.discount == 0 { Value::Null } else { json!(row.discount) },
        "delivery_fee": if rich && row.shipping > 0 { json!({ "fee": row.shipping }) } else if row.shipping > 0 { json!(row.shipping) } else { Value::Null },
        "note": "", "tags": [], "discount_items": [], "order_line_items": lines, "prepayments": if paid > 0 && !is_apart { json!([payment]) } else { json!([]) },
        "fulfillments": fulfillments, "order_returns": [], "finalized_on": null, "completed_on": if status == "completed" { json!(changed) } else { Value::Null },
        "cancelled_on": if status == "cancelled" { json!(changed) } else { Value::Null },
    });
    if let Value::Object(json) = &mut json {
        json.extend(object(rest));
        if rich && index.is_multiple_of(4) && is_paid && row.total >= 2 {
            let cancelled = index.is_multiple_of(8);
            let half = row.total / 2;
            json.insert(
                "return_status".into(),
                if cancelled { "unreturned".into() } else { "partial".into() },
            );
            json.insert("order_returns".into(), json!([{
                "id": id * 10 + 2, "code": format!("SR{id}"), "order_id": id, "status": if cancelled { "cancelled" } else { "returned" }, "refund_status": "paid",
                "total_amount": half, "line_items": [], "refunds": [{ "id": id * 10 + 3, "amount": half, "status": "active" }],
            }]));
        }
    }
    (id, Row::new(json, row.created_ms, row.modified_ms))
}

/// Everything that a shop starts with.
pub(super) fn seed(state: &mut State, shop: &Shop, rich: bool) {
    let branches = (0..shop.branches).map(|index| {
        let at = usize::try_from(index).unwrap_or(0) % BRANCHES.len();
        let id = id_of(Stream::Branches, index);
        let json = json!({ "id": id, "tenant_id": TENANT, "name": BRANCHES[at], "code": format!("CN{index:03}"), "address1": format!("{} Đường Mẫu", index + 1), "city": "Hà Nội", "is_primary": index == 0 });
        (id, Row::new(json, START_MS, None))
    });
    state.table(Stream::Branches).extend(branches.collect::<Vec<_>>());
    let categories = CATEGORIES.iter().enumerate().map(|(index, (name, _))| {
        let id = id_of(Stream::Categories, index as u64);
        (
            id,
            Row::new(
                json!({ "id": id, "tenant_id": TENANT, "name": name, "code": format!("PDG{index}") }),
                START_MS,
                None,
            ),
        )
    });
    state.table(Stream::Categories).extend(categories);
    let users = STAFF.iter().enumerate().map(|(index, name)| {
        let id = id_of(Stream::Users, index as u64);
        (id, Row::new(json!({ "id": id, "tenant_id": TENANT, "full_name": name }), START_MS, None))
    });
    state.table(Stream::Users).extend(users);
    state.table(Stream::Products).extend((0..shop.products).map(|index| product(shop, index)));
    state.table(Stream::Customers).extend((0..shop.customers).map(|index| customer(shop, index)));
    state.table(Stream::Orders).extend((0..shop.orders).map(|index| order(shop, index, rich)));
}
