//! Seeded rows in the vendor's form.

use pos_core::record::Stream;
use serde_json::{Value, json};

use super::{CATEGORY, CUSTOMER, DEPOT, ORDER, PRODUCT, RETURN, Row, STEP, SandboxOptions, Tables, USER};
use crate::seed::{
    BRANCHES, Buyer, CATEGORIES, DocumentRow, GROUPS, LineRow, STAFF, START_MS, Shop, Standing,
};

/// What is written on a document, whatever kind it is.
struct Sheet {
    index: u64,
    standing: Standing,
    customer: Option<u64>,
    branch: u64,
    seller: u64,
    discount: i64,
    shipping: i64,
    total: i64,
    paid: i64,
    channel: Option<u64>,
    delivered: bool,
    created_ms: i64,
    changed_ms: i64,
    lines: Vec<LineRow>,
}

impl Sheet {
    fn of(row: &DocumentRow) -> Self {
        Self {
            index: row.index,
            standing: row.standing,
            customer: row.customer,
            branch: row.branch,
            seller: row.seller,
            discount: row.discount,
            shipping: row.shipping,
            total: row.total,
            paid: row.paid,
            channel: row.channel,
            delivered: row.delivered,
            created_ms: row.created_ms,
            changed_ms: row.changed_ms(),
            lines: row.lines().to_vec(),
        }
    }
}

pub(super) fn id_of(base: i64, index: u64) -> i64 {
    base + i64::try_from(index).unwrap_or(0) * STEP
}

/// `YYYY-MM-DD` of an instant in Viet Nam.
pub(super) fn day(seconds: i64) -> String {
    let (year, month, day) = crate::out::civil((seconds + 7 * 3600).div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

fn quantity(thousandths: i64) -> Value {
    if thousandths % 1000 == 0 { json!(thousandths / 1000) } else { json!(thousandths as f64 / 1000.0) }
}

fn row(json: Value, created_ms: i64, changed_ms: i64) -> Row {
    Row::new(json, created_ms / 1000, Some(changed_ms / 1000))
}

/// Every row of a shop.
pub(super) fn tables(options: &SandboxOptions) -> Tables {
    let (shop, odd_rows, bill) = (&options.shop, options.odd_rows, options.bill_base());
    let mut tables = Tables::default();
    for (at, name) in BRANCHES.iter().enumerate().take(shop.branches as usize) {
        let id = DEPOT + at as i64;
        let json = json!({
            "id": id, "code": format!("CH{:02}", at + 1), "name": name, "mobile": format!("028380000{}", at + 10),
            "location": { "cityId": 254, "cityName": "Hà Nội", "districtId": 331, "districtName": "Quận Đống Đa", "wardId": 1120,
                "wardName": "Phường Láng Hạ", "address": format!("{} Đường Mẫu", at + 1) },
            "locationV2": { "cityId": 1, "cityName": "Hà Nội", "wardId": 97, "wardName": "Phường Láng", "address": "" },
        });
        tables.of(Stream::Branches).insert(id, row(json, START_MS, START_MS));
    }
    for (at, name) in STAFF.iter().enumerate() {
        let id = USER + at as i64;
        let json = json!({
            "id": id, "username": format!("nhanvien{}", at + 1), "fullName": name, "email": "", "mobile": format!("09000000{}", at + 10),
            "roleName": "Nhân viên", "depots": if at == 0 { json!([{ "id": DEPOT, "name": BRANCHES[0] }]) } else { json!([]) },
        });
        tables.of(Stream::Users).insert(id, row(json, START_MS, START_MS));
    }
    for (at, (name, above)) in CATEGORIES.iter().enumerate() {
        let id = CATEGORY + at as i64;
        let json = json!({
            "id": id, "parentId": above.map_or(0, |above| CATEGORY + above as i64), "code": format!("NH{at}"), "name": name,
            "order": at, "image": "", "content": "", "status": 1,
        });
        tables.of(Stream::Categories).insert(id, row(json, START_MS, START_MS));
    }
    for index in 0..shop.products {
        let product = shop.product(index);
        let changed = product.modified_ms.unwrap_or(product.created_ms);
        tables
            .of(Stream::Products)
            .insert(id_of(PRODUCT, index), row(product_json(shop, index), product.created_ms, changed));
    }
    for index in 0..shop.customers {
        let customer = shop.customer(index);
        let id = id_of(CUSTOMER, index);
        tables
            .of(Stream::Customers)
            .insert(id, row(customer_json(shop, index), customer.created_ms, customer.changed_ms()));
    }
    for index in 0..shop.orders {
        let order = shop.order(index);
        let sheet = Sheet::of(&order);
        let json = order_json(shop, id_of(ORDER, index), &sheet, 1, None);
        tables
            .of(Stream::Orders)
            .insert(id_of(ORDER, index), row(json, order.created_ms, order.changed_ms()));
        if odd_rows && index % 10 == 3 {
            // Quotations and transfers between depots stand among the orders and are no sales.
            let id = id_of(ORDER, index) + 1;
            let kind = if index % 20 == 3 { 10 } else { 15 };
            let json = order_json(shop, id, &sheet, kind, None);
            tables.of(Stream::Orders).insert(id, row(json, order.created_ms, order.changed_ms()));
        }
    }
    for index in 0..shop.invoices {
        let invoice = shop.invoice(index);
        // Only sales over the counter are retail bills; what was ordered is an order here.
        if invoice.other.is_none() && invoice.standing == Standing::Completed {
            let id = id_of(bill, index);
            let json = bill_json(shop, id, &Sheet::of(&invoice), 2);
            tables.of(Stream::Invoices).insert(id, row(json, invoice.created_ms, invoice.created_ms));
        }
    }
    for index in 0..shop.returns() {
        let back = shop.goods_return(index);
        let sold = shop.invoice(back.invoice);
        let mut document = Sheet::of(&sold);
        document.standing = if back.cancelled { Standing::Cancelled } else { Standing::Completed };
        (document.total, document.shipping, document.paid) = (back.total, 0, 0);
        (document.created_ms, document.changed_ms) = (back.created_ms, back.created_ms);
        document.lines = back.lines().to_vec();
        if index % 3 == 2 {
            let id = id_of(bill, index) + 5;
            let json = bill_json(shop, id, &document, 1);
            tables.of(Stream::Invoices).insert(id, row(json, back.created_ms, back.created_ms));
        } else {
            let id = id_of(RETURN, index);
            let from = sold.other.map(|order| id_of(ORDER, order));
            let json = order_json(shop, id, &document, if back.whole { 14 } else { 16 }, from);
            tables.of(Stream::Orders).insert(id, row(json, back.created_ms, back.created_ms));
        }
    }
    if options.rich {
        enrich(shop, bill, &mut tables);
    }
    if options.unstamped {
        for (_, row) in tables.of(Stream::Orders).iter_mut().filter(|(id, _)| **id % 3 == 1) {
            row.json["info"]["updatedAt"] = Value::Null;
            row.changed = None;
        }
    }
    tables
}

/// Puts on documents what seldom stands on them. What they come to stays the same.
fn enrich(shop: &Shop, bill_base: i64, tables: &mut Tables) {
    let returns: Vec<(i64, i64)> = tables
        .of(Stream::Orders)
        .iter()
        .filter_map(|(id, row)| Some((row.json["info"]["returnFromId"].as_i64()?, *id)))
        .collect();
    let mut settled = Vec::new();
    for (at, (id, row)) in tables.of(Stream::Orders).iter_mut().enumerate() {
        let json = &mut row.json;
        if let Some((_, back)) = returns.iter().find(|(from, _)| from == id) {
            json["info"]["idReturn"] = (*back).into();
        }
        for line in json["products"].as_array_mut().into_iter().flatten() {
            line["vatPercent"] = [8, -1, -2, -100][at % 4].into();
            line["combos"] = json!([{ "productId": 1, "quantity": 1 }]);
            line["partialDelivery"] = json!([]);
            if at % 4 == 1
                && let Some(members) = line.as_object_mut()
            {
                // Older answers have no totals of lines.
                members.remove("totalAmount");
                members["quantity"] = members["quantity"].to_string().into();
            }
        }
        let transfer = json["payment"]["transfer"]["amount"].as_i64().unwrap_or(0);
        if at % 5 == 0 && transfer > 20_000 {
            json["payment"]["transfer"]["amount"] = (transfer - 20_000).into();
            json["payment"]["usedPoints"] = json!({ "points": 20, "amount": "20000" });
        }
        let is_sale = json["info"]["type"] == 1 && json["info"]["status"] == 60;
        let has_returns = returns.iter().any(|(from, _)| from == id);
        if is_sale && !has_returns && at % 10 == 4 {
            settled.push((*id, row.created, json.clone()));
        }
    }
    // A shipped order has a bill of its own now and then.
    for (at, (order, created, json)) in settled.into_iter().enumerate() {
        let id = id_of(bill_base, shop.invoices + 5_000 + at as u64);
        let total = super::truth::total(&json);
        let bill = json!({
            "id": id, "orderId": order, "depotId": json["info"]["depotId"], "date": day(created), "type": 2,
            "related": [], "customer": { "id": json["shippingAddress"]["id"], "name": json["shippingAddress"]["name"],
                "mobile": json["shippingAddress"]["mobile"] },
            "products": {}, "payment": { "amount": total, "cash": { "amount": total } }, "createdAt": created,
        });
        tables.of(Stream::Invoices).insert(id, row(bill, created * 1000, created * 1000));
    }
    // Goods brought back over the counter name the bill that sold them.
    let sold = tables.of(Stream::Invoices).iter().find(|(_, row)| row.json["depotId"] == DEPOT);
    if let Some((sale, bill)) = sold.map(|(id, row)| (*id, row.clone())) {
        let id = id_of(bill_base, shop.invoices + 4_000);
        let mut json = bill.json;
        for (name, value) in
            [("id", json!(id)), ("type", json!(1)), ("related", json!({ "type": 6, "billId": sale }))]
        {
            json[name] = value;
        }
        json["payment"] = json!({ "amount": 1000, "returnFee": 0, "returnAmount": "1000" });
        json["products"] = json!([]);
        tables.of(Stream::Invoices).insert(id, row(json, bill.created * 1000, bill.created * 1000));
    }
    let backs: Vec<i64> = tables
        .of(Stream::Invoices)
        .iter()
        .filter(|(_, row)| row.json["type"] == 1)
        .map(|(id, _)| *id)
        .collect();
    for (at, row) in tables.of(Stream::Invoices).values_mut().enumerate() {
        let (is_sale, is_joined) = (row.json["type"] == 2, !row.json["orderId"].is_null());
        let payment = &mut row.json["payment"];
        let cash = payment["cash"]["amount"].as_i64().unwrap_or(0);
        if cash < 50_000 || !is_sale {
            continue;
        }
        match at % 4 {
            0 => {
                payment["cash"]["amount"] = (cash - 30_000).into();
                payment["coupon"] = json!({ "code": "TET", "value": 30_000, "amount": "30000" });
            }
            1 => {
                payment["cash"] = json!({ "amount": cash - 40_000 });
                payment["usedPoints"] = json!({ "points": 4, "amount": 40_000 });
            }
            2 if !backs.is_empty() && !is_joined => {
                payment["cash"]["amount"] = (cash / 2).to_string().into();
                row.json["related"] = json!({ "type": 6, "parentId": backs[at % backs.len()] });
            }
            _ => {}
        }
    }
}

fn product_json(shop: &Shop, index: u64) -> Value {
    let product = shop.product(index);
    let id = id_of(PRODUCT, index);
    let name = match product.master {
        Some(_) => format!("{} - {}", product.name, product.attribute),
        None => product.name.to_owned(),
    };
    let parent = match product.master {
        Some(master) if master == index => -2,
        Some(master) => id_of(PRODUCT, master),
        None => -1,
    };
    let depots: Vec<Value> = (0..shop.branches)
        .map(|depot| {
            let remain = (index * 7 + depot) % 90;
            json!({ "id": DEPOT + depot as i64, "remain": remain, "shipping": 0, "damaged": 0, "holding": index % 3,
                "transfering": 0, "available": remain, "warranty": { "remain": 0, "holding": 0 } })
        })
        .collect();
    json!({
        "id": id, "parentId": parent, "code": format!("SP{:06}", index + 1), "barcode": format!("893{:010}", index + 1), "name": name,
        "otherName": "", "status": if index % 40 == 39 { 3 } else { 2 }, "priceVatMode": 1, "categoryId": CATEGORY + product.category as i64,
        "prices": { "retail": product.price, "retailVat": 8, "import": product.price / 2, "old": 0, "wholesale": product.price * 9 / 10,
            "avgCost": product.price / 2 },
        "images": { "avatar": format!("https://cdn.example.com/p/{id}.jpg"), "others": [] },
        "brandId": null, "type": if product.service { 6 } else { 1 }, "units": { "name": "Cái", "list": [] },
        "inventory": { "remain": 10, "shipping": 0, "damaged": 0, "holding": 0, "transfering": 0, "available": 10,
            "warranty": { "remain": 0, "holding": 0 }, "depots": depots },
        "attributes": [], "updatedAt": product.modified_ms.unwrap_or(product.created_ms) / 1000,
        "createdAt": product.created_ms / 1000, "tagIds": [],
    })
}

fn customer_json(shop: &Shop, index: u64) -> Value {
    let row = shop.customer(index);
    let id = id_of(CUSTOMER, index);
    let firm = row.buyer == Buyer::Company;
    let birthday =
        row.birth.map_or(Value::Null, |(year, month, day)| format!("{year:04}-{month:02}-{day:02}").into());
    json!({
        "id": id, "type": if firm { 2 } else { 1 }, "name": row.name(), "mobile": row.phone().unwrap_or_default(),
        "code": format!("KH{:06}", index + 1), "gender": row.gender.map(|he| if he { 1 } else { 2 }),
        "address": format!("{} Đường Mẫu", row.street + 1), "email": row.email().unwrap_or_default(), "birthday": birthday,
        "points": index % 50, "saleName": null, "startedDate": "", "taxCode": if firm { format!("03{:08}", index) } else { String::new() },
        "locations": { "cityId": 254 + i64::from(row.place), "districtId": 331, "wardId": null },
        // An empty object arrives as a list now and then.
        "location": if index.is_multiple_of(5) { json!([]) } else { json!({ "cityId": 1, "wardId": null }) },
        "business": { "name": if firm { row.name() } else { String::new() }, "address": "" },
        "level": { "id": null, "name": null },
        "group": match row.group { Some(group) => json!({ "id": 51 + group, "name": GROUPS[group as usize] }), None => json!([]) },
        "totalAmount": row.spent, "updatedAt": row.changed_ms() / 1000,
    })
}

fn status(standing: Standing) -> i64 {
    match standing {
        Standing::Draft => 54,
        Standing::Confirmed => 56,
        Standing::Shipping => 59,
        Standing::PartlyInvoiced | Standing::Processing => 42,
        Standing::Completed => 60,
        Standing::Failed => 61,
        Standing::Cancelled => 63,
        Standing::Unexplained => 99,
    }
}

/// What each line comes to, the discount of the document taken from the first ones, as the vendor spreads it.
fn line_totals(document: &Sheet) -> Vec<(LineRow, i64)> {
    let goods: i64 = document.lines.iter().map(LineRow::amount).sum();
    let mut spread = goods + document.shipping - document.total;
    document
        .lines
        .iter()
        .map(|line| {
            let part = spread.clamp(0, line.amount());
            spread -= part;
            (*line, line.amount() - part)
        })
        .collect()
}

fn order_json(shop: &Shop, id: i64, order: &Sheet, kind: i64, from: Option<i64>) -> Value {
    let products: Vec<Value> = line_totals(order)
        .into_iter()
        .enumerate()
        .map(|(at, (line, total))| {
            let full = line.quantity * line.price / 1000;
            json!({
                "productId": id_of(PRODUCT, line.product), "orderProductId": id * 10 + at as i64, "typeId": 1,
                "code": format!("SP{:06}", line.product + 1), "name": shop.product(line.product).name, "weight": 250,
                "quantity": quantity(line.quantity), "price": line.price, "priceVatMode": 1, "priceAfterVAT": line.price,
                "discount": line.discount, "discountAmount": full - total, "vatPercent": 0, "totalAmount": total,
            })
        })
        .collect();
    let contact = match order.customer {
        Some(index) => {
            let row = shop.customer(index);
            json!({ "id": id_of(CUSTOMER, index), "code": "", "name": row.name(), "mobile": row.phone().unwrap_or_default(),
                "email": row.email().unwrap_or_default(), "address": "", "birthday": "", "cityId": 254, "districtId": null, "wardId": null })
        }
        None => json!({ "id": null, "code": "", "name": "", "mobile": "", "email": "", "address": "" }),
    };
    let channel = match order.channel {
        Some(0) => 20,
        Some(1) => 42,
        Some(2) => 2,
        Some(_) => 52,
        None => 1,
    };
    let (transfer, cod) = match order.standing {
        Standing::Completed if order.index.is_multiple_of(2) => (order.total, 0),
        Standing::Completed => (0, order.total),
        _ => (order.paid, (order.total - order.paid).max(0)),
    };
    let nothing = json!({ "amount": 0, "accountId": null, "name": "" });
    json!({
        "info": {
            "id": id, "depotId": DEPOT + order.branch as i64, "type": kind, "mode": 1, "originalOrderId": null, "returnFromId": from,
            "idReturn": null, "createdById": USER, "createdByName": STAFF[0], "saleId": USER + order.seller as i64,
            "saleName": STAFF[order.seller as usize], "createdAt": order.created_ms / 1000, "updatedAt": order.changed_ms / 1000,
            "description": "", "privateDescription": "", "status": status(order.standing), "reason": null, "tags": [],
        },
        "channel": {
            "appOrderId": if channel == 42 { format!("26{:08}SHOPEE", order.index) } else { String::new() }, "saleChannel": channel,
            "trafficSource": "", "shopId": null, "shopName": "",
        },
        "shippingAddress": contact,
        "products": products,
        "carrier": if order.delivered {
            json!({ "id": 5, "name": "Giao hàng nhanh", "carrierCode": format!("GHN{id}"), "shipFee": 22_000, "customerShipFee": order.shipping })
        } else {
            json!({ "id": null, "name": "", "carrierCode": "", "shipFee": 0, "customerShipFee": order.shipping })
        },
        "payment": {
            "usedPoints": { "points": 0, "amount": 0 }, "vat": [], "discount": { "percent": 0, "amount": 0 }, "deposit": nothing,
            "transfer": { "amount": transfer, "accountId": 263_475, "name": "VCB" }, "credit": nothing, "codAmount": cod,
        },
        "gifts": [],
    })
}

fn bill_json(shop: &Shop, id: i64, bill: &Sheet, kind: i64) -> Value {
    let products: Vec<Value> = line_totals(bill)
        .into_iter()
        .enumerate()
        .map(|(at, (line, total))| {
            json!({
                "imexId": id * 10 + at as i64, "id": id_of(PRODUCT, line.product), "code": format!("SP{:06}", line.product + 1),
                "name": shop.product(line.product).name, "imeiId": null, "imei": [], "quantity": quantity(line.quantity),
                "priceVatMode": 1, "price": line.price, "discount": line.discount, "vat": { "percent": 0, "amount": 0 }, "amount": total,
                "giftProducts": [],
            })
        })
        .collect();
    let customer = match bill.customer {
        Some(index) => {
            let row = shop.customer(index);
            json!({ "id": id_of(CUSTOMER, index), "name": row.name(), "mobile": row.phone().unwrap_or_default(), "address": "" })
        }
        None => json!({ "id": null, "name": "", "mobile": "", "address": "" }),
    };
    let paid = if kind == 2 { bill.total } else { 0 };
    json!({
        "id": id, "orderId": null, "depotId": DEPOT + bill.branch as i64, "date": day(bill.created_ms / 1000), "type": kind,
        "related": { "type": if kind == 1 { json!(6) } else { Value::Null }, "billId": null }, "customer": customer,
        "sale": { "id": USER, "name": STAFF[0], "saleBonus": 0 }, "supplierId": null,
        "products": products,
        "payment": {
            "amount": bill.total, "customerAmount": paid, "discount": bill.discount, "points": 0,
            "usedPoints": { "points": 0, "amount": 0 }, "transfer": { "amount": 0 }, "cash": { "accountId": 266_363, "amount": paid },
            "installment": [], "credit": null, "returnFee": 0, "returnAmount": if kind == 1 { bill.total } else { 0 },
        },
        "description": "", "customerSource": { "id": null, "name": "" }, "tags": [], "createdById": USER,
        "createdAt": bill.created_ms / 1000,
    })
}
