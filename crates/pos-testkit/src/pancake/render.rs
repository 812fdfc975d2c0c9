//! Seeded rows in Pancake's wire form.

use std::collections::HashMap;

use pos_core::record::Stream;
use serde_json::{Map, Value, json};

use super::{Stored, Table};
use crate::out::{Out, civil};
use crate::seed::{
    BRANCHES, Buyer, CATEGORIES, CHANNELS, CustomerRow, DocumentRow, GROUPS, PLACES, STAFF, START_MS, Shop,
    Standing,
};
use crate::server::object;

/// The number of every sandbox shop.
pub const SHOP_ID: i64 = 880_012_345;
/// The first order has this number.
const FIRST_ORDER: i64 = 1001;

pub(crate) fn customer_key(index: u64) -> String {
    format!("3a0f7c2e-0000-4000-8000-{index:012x}")
}

fn second_key(index: u64) -> String {
    format!("e5b1d9a4-0000-4000-8000-{index:012x}")
}

pub(crate) fn product_key(index: u64) -> String {
    format!("0d2c7b31-0000-4000-8000-{index:012x}")
}

pub(crate) fn variation_key(index: u64) -> String {
    format!("9f7e1b20-0000-4000-8000-{index:012x}")
}

pub(crate) fn warehouse_key(index: u64) -> String {
    format!("5b0c2f0e-0000-4000-8000-{index:012x}")
}

pub(crate) fn user_key(index: u64) -> String {
    format!("7d9c1c52-0000-4000-8000-{index:012x}")
}

/// The key of a member of staff, which a client must not keep.
pub(crate) fn user_secret(index: u64) -> String {
    format!("leaked-key-of-staff-{index:04}")
}

/// `2026-07-12T03:11:09.590469`, in UTC and without saying so; without fraction when it is asked not to have one.
pub(crate) fn utc(ms: i64, fraction: bool) -> String {
    let (year, month, day) = civil(ms.div_euclid(86_400_000));
    let in_day = ms.rem_euclid(86_400_000);
    let mut out = Out::default();
    out.pad(year.unsigned_abs(), 4)
        .raw("-")
        .pad(u64::from(month), 2)
        .raw("-")
        .pad(u64::from(day), 2)
        .raw("T");
    out.pad((in_day / 3_600_000).unsigned_abs(), 2).raw(":");
    out.pad((in_day / 60_000 % 60).unsigned_abs(), 2).raw(":").pad((in_day / 1000 % 60).unsigned_abs(), 2);
    if fraction {
        out.raw(".").pad((in_day % 1000).unsigned_abs(), 3).raw("000");
    }
    String::from_utf8(out.0).unwrap_or_default()
}

fn merged(parts: impl IntoIterator<Item = Value>) -> Map<String, Value> {
    let mut whole = Map::new();
    for part in parts {
        whole.extend(object(part));
    }
    whole
}

/// The products: families of variants share one.
fn product_rows(shop: &Shop) -> Vec<u64> {
    (0..shop.products)
        .filter(|index| shop.product(*index).master.is_none_or(|master| master == *index))
        .collect()
}

fn product_of(shop: &Shop, index: u64) -> u64 {
    shop.product(index).master.unwrap_or(index)
}

pub(crate) fn tables(shop: &Shop) -> HashMap<Stream, Table> {
    let row = |seed: u64, created: i64, changed: i64, status: i64| Stored {
        seed: Some(seed),
        body: None,
        created_ms: created,
        changed_ms: changed,
        status,
        stale: None,
    };
    let mut tables: HashMap<Stream, Table> = HashMap::new();
    let mut put = |stream: Stream, key: String, row: Stored| {
        tables.entry(stream).or_default().put(key, row);
    };
    for index in 0..shop.branches {
        put(Stream::Branches, warehouse_key(index), row(index, START_MS, START_MS, 0));
    }
    for index in 0..STAFF.len() as u64 {
        put(Stream::Users, user_key(index), row(index, START_MS, START_MS, 0));
    }
    for index in product_rows(shop) {
        let product = shop.product(index);
        let changed = product.modified_ms.unwrap_or(product.created_ms);
        put(Stream::Products, product_key(index), row(index, product.created_ms, changed, 0));
    }
    for index in 0..shop.customers {
        let (created, changed) = (shop.customer_created_ms(index), shop.customer_changed_ms(index));
        put(Stream::Customers, customer_key(index), row(index, created, changed, 0));
    }
    for index in 0..shop.orders {
        let (created, changed) = (shop.order_created_ms(index), shop.order_changed_ms(index));
        let (status, _, _) = outcome(shop, index);
        put(Stream::Orders, (FIRST_ORDER + index as i64).to_string(), row(index, created, changed, status));
    }
    tables
}

/// The number that the next new order gets.
pub(crate) fn next_order(table: &Table) -> i64 {
    FIRST_ORDER + table.next as i64
}

/// A row as the vendor writes it.
pub(crate) fn body(shop: &Shop, stream: Stream, row: &Stored) -> Map<String, Value> {
    if let Some(body) = &row.body {
        return body.clone();
    }
    let index = row.seed.unwrap_or_default();
    match stream {
        Stream::Customers => customer(shop, index),
        Stream::Orders => order(shop, index),
        Stream::Products => product(shop, index),
        Stream::Branches => warehouse(index),
        _ => user(index),
    }
}

fn warehouse(index: u64) -> Map<String, Value> {
    object(json!({
        "id": warehouse_key(index), "name": BRANCHES[index as usize % BRANCHES.len()], "custom_id": null,
        "phone_number": format!("0283800{:04}", index + 100), "address": format!("{} Đường Mẫu", index + 1),
        "full_address": format!("{} Đường Mẫu, {}", index + 1, PLACES[index as usize % PLACES.len()].0),
        "country_code": 84, "province_id": "101", "district_id": "10113", "commune_id": "1011309", "postcode": null,
        "allow_create_order": true, "affiliate_shop_id": null,
    }))
}

fn person(index: u64) -> Value {
    json!({
        "id": user_key(index), "name": STAFF[index as usize % STAFF.len()], "email": format!("nv{index}@example.com"),
        "fb_id": null, "phone_number": null, "avatar_url": null,
    })
}

fn user(index: u64) -> Map<String, Value> {
    object(json!({
        "api_key": user_secret(index), "note_api_key": null, "department": {"id": 1, "name": "Sale"},
        "id": format!("aa11aa11-0000-4000-8000-{index:012x}"), "inserted_at": utc(START_MS, false), "is_active": true,
        "role": 0, "sale_group": null, "shop_id": SHOP_ID, "user": person(index), "user_id": user_key(index),
    }))
}

fn category(index: u64) -> Value {
    json!({"id": 122_800_100 + index, "name": CATEGORIES[index as usize % CATEGORIES.len()].0})
}

/// Whole floats come with an exponent.
fn exponent(amount: i64) -> Value {
    json!(amount as f64)
}

fn variation(shop: &Shop, index: u64) -> Map<String, Value> {
    let row = shop.product(index);
    let sku = format!("SP{:06}", index + 1);
    let stock: Vec<Value> = (0..shop.branches)
        .map(|branch| {
            let shelf = (index * 7 + branch) % 90;
            json!({
                "warehouse_id": warehouse_key(branch), "remain_quantity": shelf as i64 - (index % 3) as i64,
                "actual_remain_quantity": shelf, "total_quantity": shelf + 3, "pending_quantity": 0, "returning_quantity": 0,
                "waiting_quantity": 0, "selling_avg": 0.142_857_142_857_143, "batch_position": null, "shelf_position": null,
            })
        })
        .collect();
    let fields = if row.master.is_some() {
        json!([{"id": "b1b1b1b1-0000-4000-8000-000000000001", "name": "Màu", "value": row.attribute, "keyValue": row.attribute}])
    } else {
        json!([])
    };
    merged([
        json!({
            "id": variation_key(index), "product_id": product_key(product_of(shop, index)), "display_id": sku,
            "barcode": if index.is_multiple_of(5) { json!(format!("893{:010}", index + 1)) } else { Value::Null },
            "fields": fields, "images": [format!("https://cdn.example.com/{}.jpg", sku.to_lowercase())],
            "retail_price": row.price, "retail_price_after_discount": row.price, "price_at_counter": 0,
        }),
        json!({
            "wholesale_price": if index.is_multiple_of(2) { json!([]) } else { json!(0) }, "last_imported_price": row.price / 2000 * 1000,
            "average_imported_price": exponent(row.price / 2000 * 1000), "total_purchase_price": 0, "weight": 250,
            "remain_quantity": 17, "is_hidden": false, "is_locked": index % 40 == 39, "is_removed": false,
            "composite_products": [], "bonus_variations": [], "variations_warehouses": stock,
            "inserted_at": utc(row.created_ms, true), "updated_at": utc(row.modified_ms.unwrap_or(row.created_ms), true),
        }),
    ])
}

/// The variations of a product, by the position of its first.
fn family(shop: &Shop, first: u64) -> Vec<u64> {
    (first..(first + 4).min(shop.products)).filter(|index| product_of(shop, *index) == first).collect()
}

fn product(shop: &Shop, index: u64) -> Map<String, Value> {
    let row = shop.product(index);
    let variations: Vec<Value> =
        family(shop, index).into_iter().map(|index| Value::Object(variation(shop, index))).collect();
    object(json!({
        "id": product_key(index), "name": row.name, "display_id": 100 + index, "custom_id": format!("P{:05}", index + 1),
        "type": "product", "image": null, "categories": [category(row.category)], "tags": [], "product_attributes": [],
        "supplier_product_ids": [], "manipulation_warehouses": [], "is_published": null, "is_sell_negative": true,
        "note_product": "", "inserted_at": utc(row.created_ms, false), "variations": variations,
    }))
}

/// The rows of the flat list: every variation, with its product beside it.
pub(crate) fn variations(shop: &Shop) -> impl Iterator<Item = Map<String, Value>> + '_ {
    (0..shop.products).map(|index| {
        let mut row = variation(shop, index);
        let of = product_of(shop, index);
        let product = json!({
            "id": product_key(of), "name": shop.product(of).name, "display_id": format!("P{:05}", of + 1), "image": null,
            "categories": [], "tags": [],
        });
        row.insert("product".into(), product);
        row
    })
}

/// The numbers of a field that holds two, as the vendor's list of numbers.
fn numbers(row: &CustomerRow) -> Vec<String> {
    let text = row.phone().unwrap_or_default();
    text.split(" / ").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn address_codes(row: &CustomerRow) -> (&'static str, &'static str, &'static str) {
    if row.place.is_multiple_of(2) { ("101", "10113", "1011309") } else { ("701", "70101", "7010101") }
}

fn street(row: &CustomerRow) -> String {
    format!("{} Đường Mẫu {}", i64::from(row.street) + 1, row.street % 40 + 1)
}

pub(crate) fn customer(shop: &Shop, index: u64) -> Map<String, Value> {
    let row = shop.customer(index);
    let phones = numbers(&row);
    let addresses = if row.index % 5 == 4 || row.buyer == Buyer::WalkIn {
        json!([])
    } else {
        let (province, district, ward) = address_codes(&row);
        json!([{
            "id": format!("c1d7a5f0-0000-4000-8000-{index:012x}"), "full_name": row.name(), "phone_number": phones.first(),
            "address": street(&row), "full_address": format!("{}, {}", street(&row), PLACES[usize::from(row.place)].0),
            "country_code": 84, "province_id": province, "district_id": district, "commune_id": ward, "post_code": null,
        }])
    };
    let birth = row.birth.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    merged([
        json!({
            "id": customer_key(index), "customer_id": second_key(index), "shop_id": SHOP_ID, "name": row.name(),
            "phone_numbers": phones, "emails": row.email().into_iter().collect::<Vec<_>>(),
            "gender": row.gender.map(|man| if man { "male" } else { "female" }), "date_of_birth": birth,
            "fb_id": (index % 20 == 3).then(|| (7_000_000_000_000_000 + index).to_string()),
            "username": null, "conversation_link": null, "pages_customers": null, "identity_code": null, "company_info": null,
            "conversation_tags": null,
        }),
        json!({
            "order_count": row.spent / 500_000, "succeed_order_count": row.spent / 500_000, "returned_order_count": 0,
            "purchased_amount": if index.is_multiple_of(3) { exponent(row.spent) } else { json!(row.spent) },
            "reward_point": if index.is_multiple_of(4) { json!(row.spent as f64 / 200_000.0) } else { json!(row.spent / 200_000) },
            "used_reward_point": 0, "current_debts": row.debt, "count_referrals": 0, "total_amount_referred": null,
            "referral_code": format!("rf{index:06}"), "level": null,
            "tags": row.group.map(|group| GROUPS[group as usize % GROUPS.len()]).into_iter().collect::<Vec<_>>(),
        }),
        json!({
            "notes": [], "order_sources": ["-1"], "list_voucher": [], "is_block": false, "is_discount_by_level": true,
            "active_levera_pay": false, "is_adjust_debts": null, "user_block_id": null, "assigned_user_id": null,
            "creator_id": user_key(0), "currency": null, "last_order_at": null, "inserted_at": utc(row.created_ms, false),
            "updated_at": utc(row.changed_ms(), false), "shop_customer_addresses": addresses,
        }),
    ])
}

/// Code and word of a status.
pub(crate) const STATES: [(i64, Option<&str>); 18] = [
    (0, Some("new")),
    (17, None),
    (11, Some("waitting")),
    (20, Some("ordered")),
    (1, Some("submitted")),
    (12, Some("wait_print")),
    (13, None),
    (8, Some("packing")),
    (9, Some("pending")),
    (2, Some("shipped")),
    (3, Some("delivered")),
    (16, Some("received_money")),
    (4, Some("returning")),
    (15, None),
    (5, Some("returned")),
    (6, Some("canceled")),
    (7, Some("removed")),
    (19, None),
];

pub(crate) fn set_status(row: &mut Map<String, Value>, status: i64) {
    let word = STATES.iter().find(|(code, _)| *code == status).and_then(|(_, word)| *word);
    row.insert("status".into(), status.into());
    row.insert("status_name".into(), word.map_or(Value::Null, Value::from));
}

fn status_of(row: &DocumentRow) -> i64 {
    match row.standing {
        Standing::Draft => [0, 17, 11][row.index as usize % 3],
        Standing::Confirmed => [1, 12, 20][row.index as usize % 3],
        Standing::Shipping => 2,
        // Waiting for the carrier, under the word `pending`.
        Standing::PartlyInvoiced => 9,
        Standing::Processing => 8,
        Standing::Completed if row.index % 4 == 1 => 16,
        Standing::Completed => 3,
        Standing::Failed => 4,
        Standing::Cancelled => 6,
        Standing::Unexplained => 19,
    }
}

struct Amounts {
    goods: i64,
    discount: i64,
    shipping: i64,
    total: i64,
}

/// Pieces are whole here, so that amounts are the sandbox's own.
fn pieces(quantity: i64) -> i64 {
    (quantity / 1000).max(1)
}

fn amounts(row: &DocumentRow) -> Amounts {
    let goods: i64 = row.lines().iter().map(|line| line.price * pieces(line.quantity)).sum();
    let discount = if row.discount > 0 { goods / 20_000 * 1000 } else { 0 };
    let shipping = if row.customer.is_some() { row.shipping } else { 0 };
    Amounts { goods, discount, shipping, total: goods - discount + shipping }
}

/// Status, total, and whether it has a customer, of a seeded order.
pub(crate) fn outcome(shop: &Shop, index: u64) -> (i64, i64, bool) {
    let row = shop.order(index);
    (status_of(&row), amounts(&row).total, row.customer.is_some())
}

fn line(shop: &Shop, order: u64, at: usize, product: u64, quantity: i64, price: i64) -> Value {
    let row = shop.product(product);
    let sku = format!("SP{:06}", product + 1);
    let info = json!({
        "name": row.name, "display_id": sku, "product_display_id": format!("P{:05}", product_of(shop, product) + 1),
        "barcode": null, "retail_price": price, "retail_price_original": null, "exact_price": null,
        "last_imported_price": price / 2, "avg_price": price as f64 / 2.1, "tax_rate": 0.0, "weight": 250, "detail": "",
        "fields": null, "images": [], "category_ids": [], "brand_id": null, "measure_info": null,
    });
    json!({
        "id": 12_190_000_000_u64 + order * 10 + at as u64, "product_id": product_key(product_of(shop, product)),
        "variation_id": variation_key(product), "quantity": quantity, "discount_each_product": 0,
        "is_discount_percent": false, "same_price_discount": 0, "total_discount": 0, "is_bonus_product": false,
        "returned_count": 0, "return_quantity": 0, "returning_quantity": 0, "exchange_count": 0, "note": null,
        "note_product": "", "variation_info": info,
    })
}

/// Everything that an order has when nothing is known about it.
pub(crate) fn blank_order() -> Map<String, Value> {
    merged([
        json!({
            "account": null, "account_name": "", "ad_id": null, "ads_source": null, "advanced_platform_fee": {},
            "assigning_care": null, "assigning_care_id": null, "assigning_seller": null, "assigning_seller_id": null,
            "bank_payments": null, "bill_email": null, "bill_full_name": null, "bill_phone_number": null, "cash": 0,
            "charged_by_card": 0, "charged_by_momo": 0, "charged_by_qrpay": 0, "cod": 0, "conversation_id": null,
        }),
        json!({
            "creator": null, "customer": null, "customer_needs": [], "customer_pay_fee": false, "display_id": null,
            "duplicated_ip": false, "duplicated_phone": false, "einvoices": null, "estimate_delivery_date": null,
            "exchange_payment": 0, "exchange_value": 0, "fee_marketplace": 0, "histories": [], "is_exchange_order": false,
            "is_free_shipping": false, "is_livestream": false, "is_live_shopping": false, "is_smc": false, "items": [],
        }),
        json!({
            "items_length": 0, "last_editor": null, "link": null, "marketer": null, "marketplace_id": null,
            "money_to_collect": 0, "note": "", "note_print": null, "order_currency": "VND", "order_sources": null,
            "order_sources_name": "", "page_id": null, "partner": null, "partner_fee": 0, "payment_purchase_histories": [],
            "prepaid": 0, "prepaid_by_point": {"money": 0, "point": 0}, "received_at_shop": false, "return_fee": null,
        }),
        json!({
            "returned_reason": null, "returned_reason_name": null, "shipping_address": null, "shipping_fee": 0,
            "shop_id": SHOP_ID, "status": 0, "status_history": [], "status_name": "new", "sub_status": null, "surcharge": 0,
            "tags": [], "tax": 0, "time_assign_seller": null, "time_send_partner": null, "total_discount": 0, "total_price": 0,
            "total_price_after_sub_discount": 0, "total_quantity": 0, "transfer_money": 0, "warehouse_id": null,
        }),
    ])
}

fn shipping_address(shop: &Shop, row: &DocumentRow, buyer: &CustomerRow) -> Value {
    let gift = row.index % 9 == 4 && buyer.buyer == Buyer::Person;
    let (name, phone) = if gift {
        let number = shop.mobile(2_500_000 + row.index) - 84_000_000_000;
        (format!("Người Nhận Mẫu {}", row.index % 1000), Some(format!("0{number:09}")))
    } else {
        (buyer.name(), numbers(buyer).into_iter().next())
    };
    let (province, district, ward) = address_codes(buyer);
    let place = PLACES[usize::from(buyer.place)];
    let (city, part) = place.0.split_once(" - ").unwrap_or((place.0, ""));
    json!({
        "full_name": name, "phone_number": phone, "address": street(buyer),
        "full_address": format!("{}, {}", street(buyer), place.0), "commnue_name": place.1, "commune_name": null,
        "commune_id": ward, "district_id": district, "district_name": part, "province_id": province, "province_name": city,
        "country_code": "84", "post_code": null, "new_province_id": null, "new_commune_id": null, "new_full_address": null,
        "marketplace_address": null, "render_type": null,
    })
}

pub(crate) fn order(shop: &Shop, index: u64) -> Map<String, Value> {
    let row = shop.order(index);
    let status = status_of(&row);
    let number = FIRST_ORDER + index as i64;
    let amounts = amounts(&row);
    let buyer = row.customer.map(|customer| shop.customer(customer));
    let delivered = row.delivered && buyer.is_some();
    let mut order = blank_order();
    let id = if index % 37 == 11 { json!(format!("C{}.{}", 100 + index, index % 7)) } else { json!(number) };
    let items: Vec<Value> = row
        .lines()
        .iter()
        .enumerate()
        .map(|(at, line)| self::line(shop, index, at, line.product, pieces(line.quantity), line.price))
        .collect();
    let pieces: i64 = row.lines().iter().map(|line| pieces(line.quantity)).sum();
    let prepaid = if matches!(status, 2 | 9) { amounts.total / 2000 * 1000 } else { 0 };
    let cash = if matches!(status, 3 | 16) && !delivered { amounts.total } else { 0 };
    let cod = amounts.total - prepaid - cash;
    let changed = row.changed_ms();
    order.extend(object(json!({
        "id": id, "system_id": number, "items_length": items.len(), "items": items, "total_quantity": pieces,
        "total_price": amounts.goods, "total_discount": amounts.discount, "shipping_fee": amounts.shipping,
        "total_price_after_sub_discount": amounts.total, "cod": cod, "money_to_collect": cod, "prepaid": prepaid,
        "cash": cash, "received_at_shop": !delivered, "warehouse_id": warehouse_key(row.branch),
        "inserted_at": utc(row.created_ms, true), "updated_at": utc(changed, true),
    })));
    order.extend(object(json!({
        "warehouse_info": {"name": BRANCHES[row.branch as usize % BRANCHES.len()], "custom_id": null, "full_address": "Kho mẫu",
            "phone_number": null, "settings": null},
        "assigning_seller_id": user_key(row.seller), "assigning_seller": person(row.seller),
        "status_history": [
            {"status": 0, "old_status": null, "updated_at": utc(row.created_ms, false), "editor_id": null, "editor": null, "name": null},
            {"status": status, "old_status": 0, "updated_at": utc(changed, false), "editor_id": user_key(0), "name": STAFF[0]},
        ],
    })));
    if let Some(channel) = row.channel {
        let source = if channel == 0 { -1 } else { 9000 + channel as i64 };
        order.insert("order_sources".into(), source.into());
        order.insert("order_sources_name".into(), CHANNELS[channel as usize % CHANNELS.len()].into());
    }
    if let (Some(buyer), Some(customer)) = (&buyer, row.customer) {
        order.insert("customer".into(), Value::Object(self::customer(shop, customer)));
        order.insert("bill_full_name".into(), buyer.name().into());
        order.insert(
            "bill_phone_number".into(),
            numbers(buyer).into_iter().next().map_or(Value::Null, Value::from),
        );
        order.insert("bill_email".into(), buyer.email().map_or(Value::Null, Value::from));
        if delivered {
            order.insert("shipping_address".into(), shipping_address(shop, &row, buyer));
        }
    }
    let on_the_way = matches!(status, 2..=5 | 16);
    if delivered && on_the_way {
        let word = match status {
            2 => "out_for_delivery",
            4 => "returning",
            5 => "returned",
            _ => "delivered",
        };
        let paid_at = matches!(status, 3 | 16).then(|| utc(changed, false));
        order.insert(
            "partner".into(),
            json!({
                "partner_id": 15, "partner_name": "Hãng giao Mẫu", "partner_status": word, "cod": cod, "total_fee": 22_000,
                "extend_code": format!("HG{:010}", index + 1), "order_number_vtp": null, "paid_at": paid_at,
                "picked_up_at": utc(row.created_ms, false), "first_delivery_at": null, "extend_update": [],
                "updated_at": utc(changed, false),
            }),
        );
    }
    set_status(&mut order, status);
    order
}

pub(crate) fn stock_event(variation: &str) -> Map<String, Value> {
    object(json!({
        "type": "variations_warehouses", "event_type": "update", "shop_id": SHOP_ID, "variation_id": variation,
        "warehouse_id": warehouse_key(0), "remain_quantity": 15, "actual_remain_quantity": 17, "total_quantity": 20,
    }))
}
