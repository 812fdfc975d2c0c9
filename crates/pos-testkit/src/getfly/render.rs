//! Seeded rows in Getfly's shape, with every member that can be asked for, and the other types in which members come.

use serde_json::{Map, Value, json};

use super::{Kind, Line, Row, SandboxOptions, State};
use crate::out::{OFFSET_MS, civil};
use crate::seed::{
    Buyer, CHANNELS, CustomerRow, DocumentRow, GROUPS, LineRow, PLACES, PhoneForm, STAFF, START_MS, Shop,
    Standing, Unusual,
};
use crate::server::{object, text};

/// What a company may pick its types, sources and relations from. Writes name them.
pub(super) const RELATIONS: [&str; 3] = ["Khách hàng mới", "Khách tiềm năng", "Khách quen"];
pub(super) const METHODS: [&str; 2] = ["Tiền mặt", "Chuyển khoản"];
pub(super) const NO_PICTURE: &str = "https://gomviet-demo.getflycrm.com/assets/images/noavatar.png";

/// Sources of customers and orders: the channels, and the till.
pub(super) fn sources() -> impl Iterator<Item = &'static str> {
    CHANNELS.into_iter().chain(["POS"])
}

/// Types of customers.
pub(super) fn types() -> impl Iterator<Item = &'static str> {
    GROUPS.into_iter().chain(["Khách lẻ"])
}

pub(super) fn id_of(kind: Kind, index: u64) -> i64 {
    let first = match kind {
        Kind::Accounts => 1200,
        Kind::Orders => 90,
        Kind::Products => 2500,
        Kind::Users => 5,
        Kind::Payments => 700,
    };
    first + index as i64
}

/// The member that holds the code of a row.
pub(super) fn code_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Accounts => "account_code",
        Kind::Orders => "order_code",
        Kind::Products => "product_code",
        Kind::Users => "user_name",
        Kind::Payments => "id",
    }
}

/// The code that a new row is given: those of customers have slashes in them.
pub(super) fn new_code(kind: Kind, id: i64) -> String {
    match kind {
        Kind::Orders => format!("DH{id:05}"),
        Kind::Products => format!("SP.{id:05}"),
        _ => format!("KH/2026/{id:06}"),
    }
}

/// `2026-03-12 08:53:00`, and no word of the zone.
pub(super) fn wall(ms: i64) -> String {
    let local = ms + OFFSET_MS;
    let second = local.rem_euclid(86_400_000) / 1000;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{} {hour:02}:{minute:02}:{second:02}", day(ms))
}

/// `2026-03-12`
pub(super) fn day(ms: i64) -> String {
    let (year, month, day) = civil((ms + OFFSET_MS).div_euclid(86_400_000));
    format!("{year:04}-{month:02}-{day:02}")
}

pub(super) fn stamp(row: &mut Map<String, Value>, name: &str, ms: i64) {
    row.insert(name.into(), wall(ms).into());
}

/// Whether a text is a day or an instant as Getfly writes them.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_long = bytes.len() == 10 || bytes.len() == 19;
    is_long && bytes[4] == b'-' && bytes[7] == b'-' && bytes[..4].iter().all(u8::is_ascii_digit)
}

/// Hundredths of a dong as a JSON number: `65000`, `83706.5`.
pub(super) fn money(hundredths: i64) -> Value {
    match hundredths % 100 {
        0 => (hundredths / 100).into(),
        _ => json!(hundredths as f64 / 100.0),
    }
}

/// An amount in hundredths of a dong, in whatever form.
pub(super) fn hundredths(value: &Value) -> i64 {
    let amount = match value {
        Value::String(text) => text.parse::<f64>().unwrap_or_default(),
        other => other.as_f64().unwrap_or_default(),
    };
    (amount * 100.0).round() as i64
}

/// The same of a member.
pub(super) fn amount(row: &Map<String, Value>, name: &str) -> i64 {
    row.get(name).map_or(0, hundredths)
}

fn quantity(thousandths: i64) -> Value {
    match thousandths % 1000 {
        0 => (thousandths / 1000).into(),
        _ => json!(thousandths as f64 / 1000.0),
    }
}

fn phone(row: &CustomerRow) -> String {
    if row.form == PhoneForm::Blank { String::new() } else { row.phone().unwrap_or_default() }
}

fn national(number: u64) -> String {
    format!("0{}", number - 84_000_000_000)
}

/// An account without anything of its own.
pub(super) fn bare_account(id: i64) -> Map<String, Value> {
    let mut row = object(json!({
        "id": id, "account_code": new_code(Kind::Accounts, id), "account_name": "", "description": "",
        "billing_address_street": "", "phone_office": "", "email": "", "mgr_email": "", "mgr_display_name": "",
        "website": "", "logo": NO_PICTURE, "birthday": null, "sic_code": "", "account_type": "", "account_source": "",
        "relation_id": 1, "relation_name": RELATIONS[0], "gender": null, "total_revenue": 0, "account_manager": null,
        "contacts": [], "custom_fields": {}, "detail_custom_fields": {},
    }));
    row.extend(object(json!({
        "country_id": 1, "country_name": "Việt Nam", "province_id": null, "province_name": null, "district_id": null,
        "ward_id": null, "industry": "", "industry_names": [], "accessible_user_ids": [], "account_type_details": [],
        "account_source_details": [], "industry_details": [], "gender_detail": null,
        "account_relation_detail": { "id": 1, "label": RELATIONS[0] }, "country_detail": { "id": 1, "label": "Việt Nam" },
    })));
    row
}

/// Types or sources: a list of ids as one text, and their labels beside it.
pub(super) fn pick(row: &mut Map<String, Value>, name: &str, picked: &[(usize, &str)]) {
    let ids: Vec<String> = picked.iter().map(|(at, _)| (at + 1).to_string()).collect();
    row.insert(name.into(), ids.join(",").into());
    let labels = picked.iter().map(|(at, label)| json!({ "id": at + 1, "label": label }));
    row.insert(format!("{name}_details"), labels.collect());
}

pub(super) fn manage(row: &mut Map<String, Value>, seller: usize) {
    let id = id_of(Kind::Users, seller as u64);
    row.insert("account_manager".into(), id.into());
    row.insert("mgr_email".into(), format!("sale{}@example.test", seller + 1).into());
    row.insert("mgr_display_name".into(), STAFF[seller].into());
    row.insert("accessible_user_ids".into(), json!([id]));
}

fn account(shop: &Shop, index: u64) -> Row {
    let row = shop.customer(index);
    let id = id_of(Kind::Accounts, index);
    let mut json = bare_account(id);
    let (place, ward) = PLACES[usize::from(row.place) % PLACES.len()];
    let (province, district) = place.split_once(" - ").unwrap_or((place, ""));
    let street = match index % 3 {
        0 => String::new(),
        _ => format!("{} Đường Mẫu, {ward}, {district}, {province}", row.street),
    };
    let birthday = row.birth.map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    for (name, value) in [
        ("account_name", Value::from(row.name())),
        ("phone_office", phone(&row).into()),
        ("email", row.email().unwrap_or_default().into()),
        ("billing_address_street", street.into()),
        ("birthday", birthday.into()),
        ("gender", row.gender.map(|is_he| if is_he { 1 } else { 2 }).into()),
        ("gender_detail", row.gender.map(|is_he| if is_he { "Nam" } else { "Nữ" }).into()),
        ("total_revenue", row.spent.into()),
        ("province_id", (i64::from(row.place) + 1).into()),
        ("province_name", province.into()),
    ] {
        json.insert(name.into(), value);
    }
    if let Some(group) = row.group.map(|group| group as usize % GROUPS.len()) {
        pick(&mut json, "account_type", &[(group, GROUPS[group])]);
    }
    if index % 4 == 1 {
        let source = index as usize / 4 % CHANNELS.len();
        pick(&mut json, "account_source", &[(source, CHANNELS[source])]);
    }
    manage(&mut json, row.branch as usize % STAFF.len());
    // Persons of a firm: the full name sits in the first name.
    if row.buyer == Buyer::Company {
        json.insert(
            "contacts".into(),
            json!([{
                "id": 800 + index, "first_name": "Đinh Thị Liên Hệ", "last_name": null, "title": "Kế toán",
                "phone_mobile": national(shop.mobile(3_500_000 + index)), "email": format!("ke.toan{index}@example.net"),
                "birthdate": 662_688_000, "description": "",
            }]),
        );
    }
    if index % 5 == 2 {
        let own = json!({ "hang_the": "Vàng", "nhan": ["Sỉ", "Online"], "so_ne": "0" });
        json.insert("custom_fields".into(), own.clone());
        json.insert("detail_custom_fields".into(), own);
    }
    stamp(&mut json, "created_at", row.created_ms);
    stamp(&mut json, "updated_at", row.changed_ms());
    Row::new(json, row.changed_ms())
}

/// A line of goods. The discount is said as a share and as money: it is one discount.
pub(super) fn line(id: i64, product: (i64, &str, &str), of: &LineRow, vat: i64) -> Value {
    let (product, code, name) = product;
    let (origin, after) = (of.quantity * of.price / 10, of.quantity * (of.price - of.discount) / 10);
    let share = if of.price == 0 { 0 } else { of.discount * 10_000 / of.price };
    json!({
        "id": id, "product_id": product, "product_code": code, "product_name": name, "unit_id": 1, "unit_name": "Cái",
        "services": 0, "note": "", "quantity": quantity(of.quantity), "price": of.price, "origin_amount": money(origin),
        "product_sale_off": money(share), "cash_discount": money(origin - after), "vat": vat,
        "vat_amount": money(after * vat / 100), "amount": money(after),
        "product_avatar": "https://gomviet-demo.getflycrm.com/assets/images/no-product.jpg",
    })
}

/// An order without anything on it.
pub(super) fn bare_order(id: i64) -> Map<String, Value> {
    let mut row = object(json!({
        "id": id, "order_code": new_code(Kind::Orders, id), "real_amount": 0, "f_amount": 0, "discount": 0,
        "discount_amount": 0, "vat_amount": 0, "account_id": null, "account_code": "", "account_name": "",
        "account_email": "", "account_phone": "", "account_address": "", "order_date": "2026-01-01",
        "assigned_user": 5, "assigned_user_name": STAFF[0], "safebook_synchronized": 0, "contact_name": "",
        "contact_phone": "", "contact_email": "",
    }));
    row.extend(object(json!({
        "store_id": 1, "lading_code": "", "lading_status": "", "lading_status_title": "", "tracking_url": "",
        "has_pay_off": 0, "payment_status": "Chưa thanh toán", "order_details": [], "custom_fields": {},
        "payment_periods": [],
    })));
    set_status(&mut row, 1);
    row
}

/// 1, 2 and 5 are known; both spellings of the accent occur.
pub(super) fn set_status(row: &mut Map<String, Value>, status: i64) {
    let is_even = row.get("id").and_then(Value::as_i64).unwrap_or_default() % 2 == 0;
    let label = match status {
        1 => "Chờ duyệt",
        2 => "Đã duyệt",
        5 if is_even => "Đã hủy",
        5 => "Đã huỷ",
        _ => "Đang xử lý",
    };
    row.insert("status".into(), status.into());
    row.insert("status_label".into(), label.into());
}

/// What came in so far, and what follows from it.
pub(super) fn set_paid(row: &mut Map<String, Value>, paid: i64) {
    let total = amount(row, "real_amount");
    let is_whole = paid >= total && total > 0;
    let label = match paid {
        _ if is_whole => "Đã thanh toán",
        1.. => "Thanh toán một phần",
        _ => "Chưa thanh toán",
    };
    row.insert("f_amount".into(), money(paid));
    row.insert("has_pay_off".into(), i64::from(is_whole).into());
    row.insert("payment_status".into(), label.into());
}

/// The buyer as an order keeps it.
pub(super) fn snapshot(order: &mut Map<String, Value>, account: &Map<String, Value>) {
    for (name, from) in [
        ("account_id", "id"),
        ("account_code", "account_code"),
        ("account_name", "account_name"),
        ("account_email", "email"),
        ("account_phone", "phone_office"),
        ("account_address", "billing_address_street"),
    ] {
        order.insert(name.into(), account.get(from).cloned().unwrap_or_default());
    }
}

pub(super) fn payment(id: i64, order: i64, paid: i64, at: i64, description: &str) -> Row {
    let mut row = object(json!({
        "id": id, "order_id": order, "amount": money(paid), "pay_date": day(at), "description": description,
    }));
    stamp(&mut row, "created_at", at);
    Row::new(row, at)
}

/// Whether goods came back with it: only 3 is known to say so.
pub(super) fn is_return(row: &Row) -> bool {
    row.json.get("is_repay") == Some(&1.into())
}

fn status_of(row: &DocumentRow) -> i64 {
    match row.standing {
        Standing::Draft | Standing::Processing => 1,
        Standing::Cancelled => 5,
        // A code that nobody explained.
        Standing::Unexplained => 7,
        _ => 2,
    }
}

fn order(shop: &Shop, index: u64, accounts: &State) -> Row {
    let row = shop.order(index);
    let id = id_of(Kind::Orders, index);
    let mut json = bare_order(id);
    let vat = if index % 13 == 6 { 10 } else { 0 };
    let mut lines = Vec::new();
    for (at, from) in row.lines().iter().enumerate() {
        let product = shop.product(from.product);
        let is_gone = row.unusual == Some(Unusual::DeletedProduct);
        let product_id = if is_gone { 0 } else { id_of(Kind::Products, from.product) };
        let code = if is_gone { String::new() } else { new_code(Kind::Products, product_id) };
        lines.push(line(id * 10 + at as i64, (product_id, &code, product.name), from, vat));
    }
    let goods: i64 = row.lines().iter().map(LineRow::amount).sum::<i64>() * 100;
    let discount = row.discount * 100;
    let tax = (goods - discount) * vat / 100;
    // Fees are in the total and nowhere else.
    let total = goods - discount + tax + row.shipping * 100;
    json.insert("order_details".into(), lines.into());
    json.insert("discount".into(), if goods > 0 { json!(discount * 100 / goods) } else { json!(0) });
    json.insert("discount_amount".into(), money(discount));
    json.insert("vat_amount".into(), money(tax));
    json.insert("real_amount".into(), money(total));
    if let Some(buyer) = row.customer.filter(|at| *at < shop.customers) {
        let kept =
            accounts.tables.get(&Kind::Accounts).and_then(|all| all.get(&id_of(Kind::Accounts, buyer)));
        if let Some(kept) = kept {
            snapshot(&mut json, &kept.json);
            // Orders made by hand say less.
            if index % 3 == 1 {
                for name in ["account_email", "account_phone"] {
                    json.insert(name.into(), "".into());
                }
            }
            if index % 11 == 4 && shop.customer(buyer).buyer == Buyer::Person {
                json.insert("contact_name".into(), "Nguyễn Văn Tâm".into());
                json.insert("contact_phone".into(), national(shop.mobile(3_700_000 + index)).into());
            }
        }
    }
    let seller = row.seller as usize % STAFF.len();
    json.insert("assigned_user".into(), id_of(Kind::Users, seller as u64).into());
    json.insert("assigned_user_name".into(), STAFF[seller].into());
    json.insert("store_id".into(), (row.branch + 1).into());
    if row.delivered {
        json.insert("lading_code".into(), format!("BE.{index:05}.{:04}", index % 9000).into());
        json.insert("lading_status".into(), if index.is_multiple_of(2) { "ASSIGNING" } else { "" }.into());
    }
    if index % 6 == 3 {
        json.insert("custom_fields".into(), json!({ "gui_tin": 6, "so_ne": "0" }));
    }
    set_status(&mut json, status_of(&row));
    let paid = match row.standing {
        Standing::Completed if row.unusual == Some(Unusual::Overpaid) => total + 100_000,
        Standing::Completed => total,
        _ => row.paid * 100,
    };
    set_paid(&mut json, paid);
    json.insert("order_date".into(), day(row.created_ms).into());
    stamp(&mut json, "created_at", row.created_ms);
    stamp(&mut json, "updated_at", row.changed_ms());
    Row::new(json, row.changed_ms())
}

fn product(shop: &Shop, index: u64) -> Row {
    let row = shop.product(index);
    let id = id_of(Kind::Products, index);
    let name = match row.master {
        Some(_) => format!("{} - {}", row.name, row.attribute),
        None => row.name.to_owned(),
    };
    let changed = row.modified_ms.unwrap_or(row.created_ms);
    let mut json = object(json!({
        "id": id, "category_id": row.category + 1, "origin_id": null, "unit_id": 1, "manufacturer_id": null,
        "services": row.service, "saleoff_price": 0, "featured_image": null, "product_name": name,
        "product_code": new_code(Kind::Products, id), "last_active": null, "description": null,
        "cover_price": row.price, "price_wholesale": null, "discount": 0, "short_description": null,
        "discount_wholesale": null, "price_online": null, "discount_online": null, "price_average_in": 0,
        "discount_in": null, "product_vat": 0, "images": [], "custom_fields": {},
    }));
    stamp(&mut json, "created_at", row.created_ms);
    stamp(&mut json, "updated_at", changed);
    Row::new(json, changed)
}

fn user(shop: &Shop, at: usize) -> Row {
    let json = object(json!({
        "user_id": id_of(Kind::Users, at as u64), "contact_name": STAFF[at], "user_name": format!("sale{}", at + 1),
        "dept_id": 2, "dept_name": "Kinh doanh", "email": format!("sale{}@example.test", at + 1),
        "contact_mobile": national(shop.mobile(3_600_000 + at as u64)), "valid": 1,
    }));
    Row::new(json, START_MS)
}

/// Fills the company.
pub(super) fn seed(state: &mut State, options: &SandboxOptions) {
    let shop = options.shop;
    for index in 0..shop.customers {
        state.table(Kind::Accounts).insert(id_of(Kind::Accounts, index), account(&shop, index));
    }
    for index in 0..shop.orders {
        let mut row = order(&shop, index, state);
        if options.line == Line::V3 && (shop.orders - index) % 12 == 1 {
            row.json.insert("is_repay".into(), 1.into());
        }
        let id = id_of(Kind::Orders, index);
        let paid = amount(&row.json, "f_amount");
        if paid > 0 {
            let made = payment(id_of(Kind::Payments, index), id, paid, row.changed, "Thanh toán");
            state.table(Kind::Payments).insert(id_of(Kind::Payments, index), made);
        }
        state.table(Kind::Orders).insert(id, row);
    }
    for index in 0..shop.products {
        state.table(Kind::Products).insert(id_of(Kind::Products, index), product(&shop, index));
    }
    for at in 0..STAFF.len() {
        state.table(Kind::Users).insert(id_of(Kind::Users, at as u64), user(&shop, at));
    }
}

/// A row in the other types that were seen or that the documentation says. Which of them depends on its id alone.
pub(super) fn retype(kind: Kind, row: &mut Map<String, Value>) {
    let name = if kind == Kind::Users { "user_id" } else { "id" };
    let id = row.get(name).and_then(Value::as_i64).unwrap_or_default();
    if id % 5 == 2 {
        for name in [name, "account_id", "order_id", "account_manager", "relation_id", "store_id", "status"] {
            if let Some(number) = row.get(name).and_then(Value::as_i64) {
                row.insert(name.into(), number.to_string().into());
            }
        }
    }
    // PHP knows one empty array.
    for name in ["custom_fields", "detail_custom_fields"] {
        if row.get(name).and_then(Value::as_object).is_some_and(Map::is_empty) {
            row.insert(name.into(), json!([]));
        }
    }
    match kind {
        Kind::Accounts => {
            // Typed as a timestamp in the tables of 6.x.
            if let (0, Some(days)) = (id % 4, days_of(text(row, "birthday"))) {
                row.insert("birthday".into(), (days * 86_400 - OFFSET_MS / 1000).into());
            }
            if let (1, Some(gender)) = (id % 4, row.get("gender").and_then(Value::as_i64)) {
                row.insert("gender".into(), gender.to_string().into());
            }
            if row.get("email").is_some_and(|email| email == "") {
                row.insert("email".into(), Value::Null);
            }
        }
        Kind::Orders => {
            // Typed as a number in the tables: the zero is lost.
            let phone = text(row, "account_phone");
            let is_plain = phone.len() == 10 && phone.bytes().all(|byte| byte.is_ascii_digit());
            if let (0, true, Ok(number)) = (id % 3, is_plain, phone.parse::<i64>()) {
                row.insert("account_phone".into(), number.into());
            }
            // A client keeps whole numbers here; what they mean nobody says.
            if row.contains_key("payment_status") {
                let code = i64::from(row.get("has_pay_off") == Some(&1.into()));
                row.insert("payment_status".into(), code.into());
            }
        }
        _ => {}
    }
}

/// Days since 1970 of `1990-12-22`.
fn days_of(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date =
        time::Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    Some(i64::from(date.to_julian_day() - 2_440_588))
}

/// One record as the vendor breaks it: an amount, or a name where there is none.
pub(super) fn break_row(kind: Kind, row: &mut Map<String, Value>) {
    let name = match kind {
        Kind::Orders => "real_amount",
        Kind::Products => "cover_price",
        Kind::Payments => "amount",
        Kind::Accounts => "account_name",
        Kind::Users => "contact_name",
    };
    row.insert(name.into(), json!({ "amount": ["nhiều"] }));
}
