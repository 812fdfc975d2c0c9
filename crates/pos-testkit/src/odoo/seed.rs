//! Seeded rows in Odoo's shape.

use serde_json::{Map, Value, json};

use super::till::{self, CARD, CASH, ON_ACCOUNT, Piece, Slip};
use super::{CURRENCY, JSON2, Row, SandboxOptions, State, UID, books};
use crate::seed::{
    BRANCHES, Buyer, CATEGORIES, DocumentRow, GROUPS, LineRow, PLACES, PhoneForm, STAFF, START_MS, Shop,
    Standing,
};
use crate::server::object;

/// Countries.
const VIETNAM: i64 = 241;
const SEED: i64 = START_MS * 1000;

/// The partners of the house.
const OWN_PARTNER: i64 = 1;
const BOT_PARTNER: i64 = 3;
const STAFF_PARTNERS: i64 = 4;
const SECOND_PARTNER: i64 = 12;
const FIRST_STAFF: i64 = 5;

/// The partner of customer `index`. Behind it are its address and, where it is a firm, a person.
pub(super) fn partner_id(index: u64) -> i64 {
    101 + 3 * index as i64
}

pub(super) fn product_id(index: u64) -> i64 {
    1 + index as i64
}

/// The products that stand for delivery and for a discount.
pub(super) fn delivery_product(shop: &Shop) -> i64 {
    product_id(shop.products)
}

pub(super) fn discount_product(shop: &Shop) -> i64 {
    product_id(shop.products + 1)
}

fn company_of(branch: u64) -> i64 {
    if branch == 2 { 2 } else { 1 }
}

fn provinces() -> Vec<&'static str> {
    let mut names: Vec<&str> =
        PLACES.iter().map(|(place, _)| place.split(" - ").next().unwrap_or(place)).collect();
    names.dedup();
    names
}

fn put(state: &mut State, model: &'static str, id: i64, json: Value, (created, changed): (i64, i64)) {
    let mut json = object(json);
    json.retain(|_, value| !value.is_null() && *value != "");
    state.put(model, id, Row { json, created, changed, committed: true });
}

fn national(number: u64) -> String {
    format!("0{}", number - 84_000_000_000)
}

/// The house: companies, warehouses, tills, staff, and what others refer to.
fn house(state: &mut State, options: &SandboxOptions) {
    let shop = &options.shop;
    let at = (SEED, SEED);
    put(state, "res.currency", CURRENCY, json!({ "name": "VND" }), at);
    put(state, "res.country", VIETNAM, json!({ "name": "Vietnam", "code": "VN" }), at);
    put(state, "res.country", 233, json!({ "name": "United States", "code": "US" }), at);
    for (nth, name) in provinces().into_iter().enumerate() {
        // The vendor writes the rank of a city before its name.
        let is_city = matches!(name, "Hồ Chí Minh" | "Đà Nẵng" | "Cần Thơ");
        let name = if is_city { format!("TP {name}") } else { name.to_owned() };
        let json = json!({ "name": name, "code": format!("VN-{:02}", nth + 1), "country_id": VIETNAM });
        put(state, "res.country.state", 700 + nth as i64, json, at);
    }
    for (id, name) in [(OWN_PARTNER, "Gốm Việt Mẫu"), (SECOND_PARTNER, "Gốm Việt Mẫu Miền Bắc")]
    {
        let json = json!({ "name": name, "is_company": true, "active": true, "type": "contact" });
        put(state, "res.partner", id, json, at);
        let company = if id == OWN_PARTNER { 1 } else { 2 };
        let json = json!({
            "name": name, "partner_id": id, "currency_id": CURRENCY, "street": "1 Đường Mẫu", "city": "Hà Nội",
            "country_id": VIETNAM, "phone": "028 3800 0001", "active": true,
        });
        put(state, "res.company", company, json, at);
    }
    let staff = STAFF.iter().enumerate().map(|(nth, name)| {
        (
            FIRST_STAFF + nth as i64,
            STAFF_PARTNERS + nth as i64,
            *name,
            format!("sale{}@gomviet.example.com", nth + 1),
            true,
        )
    });
    let own = [
        (1, 2, "OdooBot", "__system__".to_owned(), false),
        (UID, BOT_PARTNER, "Kết nối CRM", options.login.clone(), true),
    ];
    for (id, partner, name, login, active) in own.into_iter().chain(staff) {
        let json = json!({ "name": name, "type": "contact", "active": active, "company_id": 1 });
        put(state, "res.partner", partner, json, at);
        let json =
            json!({ "name": name, "login": login, "partner_id": partner, "active": active, "company_id": 1 });
        put(state, "res.users", id, json, at);
    }
    put(state, "crm.team", 1, json!({ "name": "Bán hàng" }), at);
    put(state, "uom.uom", 1, json!({ "name": "Cái" }), at);
    put(state, "stock.location", 1, json!({ "name": "Nhà cung cấp", "usage": "supplier" }), at);
    for branch in 0..shop.branches.clamp(1, BRANCHES.len() as u64) {
        let (id, company) = (branch as i64 + 1, company_of(branch));
        let name = BRANCHES[branch as usize];
        let json = json!({ "name": name, "code": format!("WH{id}"), "company_id": company, "active": true });
        put(state, "stock.warehouse", id, json, at);
        let json = json!({ "name": "Kho", "usage": "internal", "warehouse_id": id });
        put(state, "stock.location", 10 + id, json, at);
        let json = json!({ "name": format!("Quầy {name}"), "company_id": company, "active": true });
        put(state, "pos.config", id, json, at);
        put(state, "pos.session", id, json!({ "name": "/", "config_id": id, "state": "opened" }), at);
    }
    for (id, name, kind) in
        [(CASH, "Tiền mặt", "cash"), (CARD, "Thẻ", "bank"), (ON_ACCOUNT, "Ghi nợ", "pay_later")]
    {
        put(state, "pos.payment.method", id, json!({ "name": name, "type": kind }), at);
    }
    for (nth, name) in GROUPS.iter().enumerate() {
        put(state, "res.partner.category", nth as i64 + 1, json!({ "name": name, "active": true }), at);
    }
    for (nth, (name, above)) in CATEGORIES.iter().enumerate() {
        let parent = above.map(|above| above as i64 + 1);
        let complete = match above {
            Some(above) => format!("{} / {name}", CATEGORIES[*above as usize].0),
            None => (*name).to_owned(),
        };
        let json = json!({ "name": name, "complete_name": complete, "parent_id": parent });
        put(state, "product.category", nth as i64 + 1, json, at);
    }
}

fn address(place: u8, street: u16, shape: u64) -> Map<String, Value> {
    let (place, ward) = PLACES[usize::from(place) % PLACES.len()];
    let (province, district) = place.split_once(" - ").unwrap_or((place, ""));
    let street = format!("{street} Đường Mẫu");
    object(match shape % 3 {
        0 => json!({}),
        // A town alone, as most people type it.
        1 => json!({ "street": street, "city": province }),
        _ => {
            let state = provinces().iter().position(|name| *name == province).map(|nth| 700 + nth as i64);
            json!({ "street": street, "street2": ward, "city": district, "state_id": state, "country_id": VIETNAM })
        }
    })
}

fn customer(state: &mut State, shop: &Shop, index: u64) {
    let row = shop.customer(index);
    let id = partner_id(index);
    let is_firm = row.buyer == Buyer::Company;
    let phone = if row.form == PhoneForm::Blank { None } else { row.phone() };
    // Older versions have a place for mobile numbers.
    let is_mobile = state.version < JSON2 && index % 9 == 4;
    let mut json = object(json!({
        "name": row.name(), if is_mobile { "mobile" } else { "phone" }: phone, "email": row.email(), "is_company": is_firm,
        "type": "contact", "active": index % 29 != 11, "lang": "vi_VN", "category_id": row.group.map(|group| [group + 1]),
        "vat": is_firm.then(|| format!("01{:08}", 10_000_000 + index)),
        "ref": (index.is_multiple_of(3)).then(|| format!("KH{index:06}")),
        "comment": (index % 7 == 2).then_some("<p>Gọi trước<br/>khi giao</p>"),
        "user_id": FIRST_STAFF + (row.branch as i64 % STAFF.len() as i64),
    }));
    json.extend(address(row.place, row.street, index));
    let times = (row.created_ms * 1000, row.changed_ms() * 1000 + index as i64 % 1000);
    put(state, "res.partner", id, json.into(), times);
    if index % 4 == 1 {
        let mut json = object(json!({
            "name": (index % 8 == 1).then_some("Người nhận Mẫu"), "parent_id": id, "type": "delivery", "active": true,
            "phone": (index % 8 == 1).then(|| national(shop.mobile(3_400_000 + index))),
        }));
        json.extend(address(row.place.wrapping_add(3), row.street + 1, 1 + index % 2));
        put(state, "res.partner", id + 1, json.into(), times);
    }
    if is_firm {
        let json = json!({
            "name": "Đinh Thị Liên Hệ", "parent_id": id, "type": "contact", "active": true,
            "phone": national(shop.mobile(3_500_000 + index)), "email": format!("ke.toan{index}@example.net"),
            "vat": format!("01{:08}", 10_000_000 + index),
        });
        put(state, "res.partner", id + 2, json, times);
    }
    // Customers who log in at the shop's own pages are users from outside.
    if index % 40 == 7 {
        let json = json!({
            "name": row.name(), "login": format!("khach{index}@example.org"), "partner_id": id, "active": true,
            "share": true, "company_id": 1,
        });
        put(state, "res.users", 100 + index as i64, json, times);
    }
}

fn product(state: &mut State, shop: &Shop, index: u64) {
    let row = shop.product(index);
    let id = product_id(index);
    let template = product_id(row.master.unwrap_or(index));
    let changed = row.modified_ms.unwrap_or(row.created_ms) * 1000;
    let times = (row.created_ms * 1000, changed);
    if state.row("product.template", template).is_none() {
        put(state, "product.template", template, json!({ "name": row.name, "active": true }), times);
    }
    let json = json!({
        "name": row.name, "_attribute": row.master.map(|_| row.attribute), "default_code": format!("SP{index:05}"),
        "barcode": (index % 5 != 3).then(|| format!("893{:010}", shop.seed % 1000 * 1_000_000 + index)),
        "list_price": row.price as f64, "lst_price": row.price as f64, "standard_price": (row.price / 2) as f64,
        "type": if row.service { "service" } else { "consu" },
        "categ_id": (index % 15 != 14).then_some(row.category as i64 + 1), "uom_id": 1, "active": index % 37 != 20,
        "product_tmpl_id": template, "currency_id": CURRENCY, "sale_ok": true, "available_in_pos": true,
    });
    put(state, "product.product", id, json, times);
    if row.service {
        return;
    }
    for branch in 0..shop.branches.max(1) {
        let quant = state.take_id("stock.quant");
        let on_hand = (index * 7 + branch * 3) % 40;
        let json = json!({
            "product_id": id, "location_id": 11 + branch as i64, "warehouse_id": branch as i64 + 1,
            "quantity": on_hand as f64, "reserved_quantity": (on_hand % 3) as f64,
        });
        put(state, "stock.quant", quant, json, times);
    }
    // What came from a supplier is missing there.
    let quant = state.take_id("stock.quant");
    let json = json!({ "product_id": id, "location_id": 1, "quantity": -40.0 });
    put(state, "stock.quant", quant, json, times);
}

fn own_products(state: &mut State, shop: &Shop) {
    for (id, name) in [(delivery_product(shop), "Phí giao hàng"), (discount_product(shop), "Giảm giá")] {
        put(state, "product.template", id, json!({ "name": name, "active": true }), (SEED, SEED));
        let json = json!({
            "name": name, "type": "service", "uom_id": 1, "active": true, "product_tmpl_id": id,
            "currency_id": CURRENCY, "sale_ok": true,
        });
        put(state, "product.product", id, json, (SEED, SEED));
    }
}

/// The goods of a document, and as lines of their own what it has no other place for.
fn pieces(shop: &Shop, row: &DocumentRow) -> Vec<Piece> {
    let percent = |line: &LineRow| match line.price {
        0 => 0.0,
        price => (line.discount * 10_000 / price) as f64 / 100.0,
    };
    let mut pieces: Vec<Piece> = row
        .lines()
        .iter()
        .map(|line| Piece {
            product: product_id(line.product),
            quantity: line.quantity as f64 / 1000.0,
            price: line.price as f64,
            percent: percent(line),
            net: line.amount() as f64,
            of: None,
        })
        .collect();
    for (product, amount) in [(delivery_product(shop), row.shipping), (discount_product(shop), -row.discount)]
    {
        if amount != 0 {
            let amount = amount as f64;
            pieces.push(Piece { product, quantity: 1.0, price: amount, percent: 0.0, net: amount, of: None });
        }
    }
    pieces
}

/// Whether an order was made at a till: what nobody asks to deliver, and what walks in.
fn is_till(row: &DocumentRow) -> bool {
    let is_short = matches!(row.standing, Standing::Completed | Standing::Draft | Standing::Cancelled);
    row.customer.is_none() || (!row.delivered && is_short)
}

fn till_order(state: &mut State, shop: &Shop, row: &DocumentRow) {
    let index = row.index;
    let stands = match row.standing {
        Standing::Completed if state.version < 17 && index.is_multiple_of(9) => "invoiced",
        Standing::Completed if index.is_multiple_of(3) => "paid",
        Standing::Completed => "done",
        Standing::Cancelled => "cancel",
        _ => "draft",
    };
    let buyer = row.customer.map(partner_id);
    let method = match index % 19 {
        4 if buyer.is_some() => ON_ACCOUNT,
        nth if nth.is_multiple_of(2) => CASH,
        _ => CARD,
    };
    let slip = Slip {
        id: index as i64 + 1,
        buyer,
        config: row.branch as i64 + 1,
        company: company_of(row.branch),
        method: Some(method).filter(|_| row.standing == Standing::Completed),
        state: stands,
        pieces: pieces(shop, row),
        of: None,
        placed: row.created_ms * 1000,
        changed: row.changed_ms() * 1000 + index as i64 % 1000,
    };
    till::ring_up(state, slip);
}

fn sale_order(state: &mut State, shop: &Shop, row: &DocumentRow, buyer: u64) {
    let (index, id) = (row.index, row.index as i64 + 1);
    let customer = partner_id(buyer);
    // A firm buys by one of its people now and then.
    let person = customer + 2;
    let partner = match index.is_multiple_of(2) && state.row("res.partner", person).is_some() {
        true => person,
        false => customer,
    };
    let ship = match row.delivered && state.row("res.partner", customer + 1).is_some() {
        true => customer + 1,
        false => partner,
    };
    let stands = match row.standing {
        Standing::Draft if index.is_multiple_of(2) => "sent",
        Standing::Draft => "draft",
        Standing::Cancelled => "cancel",
        // A state of some module.
        Standing::Unexplained => "x_review",
        Standing::Completed if state.version < 17 && index.is_multiple_of(2) => "done",
        _ => "sale",
    };
    let delivery = match row.standing {
        Standing::Completed => Some("full"),
        Standing::Shipping => Some("started"),
        Standing::PartlyInvoiced => Some("partial"),
        Standing::Confirmed => Some("pending"),
        _ => None,
    };
    let is_newer = state.version >= JSON2;
    let (placed, changed) = (row.created_ms * 1000, row.changed_ms() * 1000 + index as i64 % 1000);
    let tax = if index % 13 == 6 { 8.0 } else { 0.0 };
    let pieces = pieces(shop, row);
    let taxes: Vec<f64> = pieces.iter().map(|piece| (piece.net * tax / 100.0).round()).collect();
    let (net, tax): (f64, f64) = (pieces.iter().map(|piece| piece.net).sum(), taxes.iter().sum());
    let total = net + tax;
    let is_online = is_newer && row.standing == Standing::Completed && index % 23 == 5;
    let json = json!({
        "name": format!("S{id:05}"), "state": stands, "locked": is_newer && row.standing == Standing::Completed,
        "partner_id": partner, "partner_invoice_id": customer, "partner_shipping_id": ship,
        "date_order": super::refusal::instant(placed, true), "amount_untaxed": net, "amount_tax": tax,
        "amount_total": total, "amount_paid": if is_online { total } else { 0.0 }, "currency_id": CURRENCY,
        "invoice_status": match row.standing {
            Standing::Completed => "invoiced",
            Standing::Draft | Standing::Cancelled => "no",
            _ => "to invoice",
        },
        "delivery_status": delivery.filter(|_| is_newer), "user_id": FIRST_STAFF + row.seller as i64, "team_id": 1,
        "company_id": company_of(row.branch), "warehouse_id": row.branch as i64 + 1,
        "client_order_ref": (index % 4 == 2).then(|| format!("WEB-{index:04}")),
        "note": (index % 6 == 1).then_some("<p>Giao giờ hành chính</p>"),
    });
    put(state, "sale.order", id, json, (placed, changed));
    for (nth, (piece, tax)) in pieces.iter().zip(taxes).enumerate() {
        let line = state.take_id("sale.order.line");
        let json = json!({
            "order_id": id, "sequence": 10 + nth, "product_id": piece.product,
            "name": state.label("product.product", piece.product), "product_uom_qty": piece.quantity,
            "price_unit": piece.price, "technical_price_unit": piece.price, "discount": piece.percent,
            "price_subtotal": piece.net, "price_tax": tax, "price_total": piece.net + tax,
        });
        put(state, "sale.order.line", line, json, (placed, changed));
    }
    if index % 10 == 3 {
        let line = state.take_id("sale.order.line");
        let json = json!({ "order_id": id, "sequence": 99, "display_type": "line_note", "name": "Gói quà" });
        put(state, "sale.order.line", line, json, (placed, changed));
    }
    match row.standing {
        Standing::Completed if !is_online => books::invoice(state, id, total, false, changed),
        Standing::Shipping | Standing::PartlyInvoiced => {
            books::invoice(state, id, row.paid as f64, false, changed);
        }
        Standing::Confirmed => books::invoice(state, id, 0.0, true, changed),
        _ => {}
    }
}

/// Fills the database.
pub(super) fn fill(state: &mut State, options: &SandboxOptions) {
    let shop = options.shop;
    house(state, options);
    for index in 0..shop.products {
        product(state, &shop, index);
    }
    own_products(state, &shop);
    for index in 0..shop.customers {
        customer(state, &shop, index);
    }
    for index in 0..shop.orders {
        let row = shop.order(index);
        match row.customer {
            Some(buyer) if !is_till(&row) => {
                sale_order(state, &shop, &row, buyer);
                // Orders of others are not for a salesman.
                if options.salesman && index % 11 == 3 {
                    state.hidden.insert(("sale.order", index as i64 + 1));
                }
            }
            _ => till_order(state, &shop, &row),
        }
    }
    let mut next = shop.orders as i64 + 1;
    for index in (0..shop.orders).filter(|index| index.is_multiple_of(6)) {
        let at = shop.order(index).changed_ms() * 1000 + 60_000_000;
        if till::take_back(state, index as i64 + 1, index.is_multiple_of(12), Some((next, at, at))).is_some()
        {
            next += 1;
        }
    }
}
