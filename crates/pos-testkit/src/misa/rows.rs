//! Seeded rows in MISA's shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Kind, Row, SandboxOptions};
use crate::out::{OFFSET_MS, civil};
use crate::seed::{
    BRANCHES, Buyer, CATEGORIES, CHANNELS, CustomerRow, DocumentRow, GROUPS, LineRow, PLACES, ProductRow,
    STAFF, START_MS, Shop, Standing, Unusual,
};
use crate::server::{digits, object, text};

/// The levels of members.
pub(super) const LEVELS: [&str; 4] = ["Đồng", "Bạc", "Vàng", "Kim cương"];

/// Places by their kind: provinces, districts, wards. Only the first kind is documented.
pub(super) const LOCATIONS: [(i64, &str, &str); 5] = [
    (1, "VN101", "Hà Nội"),
    (1, "VN102", "Hồ Chí Minh"),
    (2, "VN10113", "Quận Cầu Giấy"),
    (2, "VN10125", "Quận Ba Đình"),
    (3, "VN1011303", "Phường Dịch Vọng"),
];

/// The unit in which everything is sold.
pub(super) const UNIT: &str = "0f0e0d0c-0007-4000-8000-000000000001";

/// What an invoice is when it is a sale.
pub(super) const SALE: i64 = 550;
/// What it is here when goods came back: no sheet knows the vendor's number.
pub(super) const BROUGHT_BACK: i64 = 551;

type Json = Map<String, Value>;

/// The id of the row of that position.
pub(super) fn id(kind: Kind, index: u64) -> String {
    let kind = match kind {
        Kind::Branches => 1,
        Kind::Customers => 2,
        Kind::Invoices => 3,
        Kind::Orders => 4,
        Kind::Categories => 5,
        Kind::Items => 6,
        Kind::Levels => 9,
    };
    format!("0f0e0d0c-{kind:04}-4000-8000-{:012x}", index + 0xab01)
}

/// The item of that position: a variant where it is one of several, whose family has the id of the first one.
pub(super) fn item_id(index: u64) -> String {
    format!("0f0e0d0c-0006-4000-8000-{:012x}", index + 0xab01)
}

fn family_id(master: u64) -> String {
    format!("0f0e0d0c-0006-4000-9000-{:012x}", master + 0xab01)
}

/// `2026-03-12T16:41:11.643+07:00`
pub(super) fn stamp(ms: i64) -> String {
    let local = ms + OFFSET_MS;
    let (year, month, day) = civil(local.div_euclid(86_400_000));
    let (second, rest) = (local.rem_euclid(86_400_000) / 1000, local.rem_euclid(1000));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{rest:03}+07:00")
}

/// An amount as the vendor writes it: with a fraction.
pub(super) fn money(dong: i64) -> Value {
    json!(dong as f64)
}

/// An amount in whole dong.
pub(super) fn dong(row: &Json, name: &str) -> i64 {
    row.get(name).and_then(Value::as_f64).unwrap_or_default().round() as i64
}

/// A number as the vendor normalises it: as it was typed, with the country code and without plus. It moves no number of
/// before 2018, and what is no number stays empty.
pub(super) fn normalized(typed: &str) -> String {
    let first = typed.split('/').next().unwrap_or_default();
    let all = digits(first);
    match all.strip_prefix('0') {
        Some(rest) if rest.len() >= 9 => format!("84{rest}"),
        None if all.starts_with("84") && all.len() >= 11 => all,
        None if all.len() == 9 => format!("84{all}"),
        _ => String::new(),
    }
}

/// A customer of the members that every one has.
pub(super) fn customer(id: &str, code: &str, name: &str, tel: &str) -> Json {
    let normalized = normalized(tel);
    let standard = normalized.strip_prefix("84").map(|rest| format!("0{rest}")).unwrap_or_default();
    object(json!({
        "Id": id, "Code": code, "Name": name, "Tel": tel, "NormalizedTel": normalized, "StandardTel": standard, "Addr": "",
        "Email": "", "Gender": 0, "Description": "", "IdentifyNumber": "", "ProvinceAddr": "", "DistrictAddr": "",
        "CommuneAddr": "", "MembershipCode": "", "MemberLevelID": self::id(Kind::Levels, 0), "MemberLevelName": LEVELS[0],
    }))
}

fn customer_code(index: u64, own: bool) -> String {
    match index % 23 {
        7 if own => format!("vip {:05}", index + 1),
        11 if own => format!("A-{:05}", index + 1),
        _ => format!("KH{:06}", index + 1),
    }
}

fn seeded_customer(row: &CustomerRow, options: &SandboxOptions) -> Row {
    let own = id(Kind::Customers, row.index);
    let name = row.name().split_whitespace().collect::<Vec<_>>().join(" ");
    let tel = row.phone().unwrap_or_default();
    let mut json = customer(&own, &customer_code(row.index, options.own_codes), &name, &tel);
    let (both, ward) = PLACES[usize::from(row.place) % PLACES.len()];
    let (province, district) = both.split_once(" - ").unwrap_or((both, ""));
    let level = row.index as usize % LEVELS.len();
    json.extend(object(json!({
        "Addr": format!("{} Đường Mẫu", row.street), "Email": row.email().unwrap_or_default(), "ProvinceAddr": province,
        "DistrictAddr": district, "CommuneAddr": ward, "MemberLevelID": id(Kind::Levels, level as u64),
        "MemberLevelName": LEVELS[level], "Point": row.index % 700, "TotalAmount": money(row.spent),
    })));
    if let Some(is_man) = row.gender {
        json.insert("Gender".into(), i64::from(!is_man).into());
    } else if row.buyer == Buyer::Company {
        // Neither, and no sheet says which.
        json.insert("Gender".into(), 2.into());
    }
    if let Some((year, month, day)) = row.birth {
        json.insert("Birthday".into(), format!("{year}-{month:02}-{day:02}T00:00:00+07:00").into());
    }
    if let Some(group) = row.group {
        let group_id = format!("0f0e0d0c-0008-4000-8000-{:012x}", group + 1);
        json.insert("CustomerCategoryID".into(), group_id.into());
        json.insert("CustomerCategoryName".into(), GROUPS[group as usize % GROUPS.len()].into());
    }
    if row.index % 9 == 4 {
        json.insert("MembershipCode".into(), format!("THE{:05}", row.index + 1).into());
    }
    if options.other_forms {
        // What is optional lacks, or is null.
        match row.index % 5 {
            0 => json.retain(|name, _| {
                !["StandardTel", "Addr", "ProvinceAddr", "DistrictAddr", "CommuneAddr", "Gender"]
                    .contains(&&**name)
            }),
            1 => {
                for name in ["Email", "Tel", "MembershipCode"] {
                    if text(&json, name).is_empty() {
                        json.insert(name.into(), Value::Null);
                    }
                }
                json.entry("Birthday").or_insert_with(|| "0001-01-01T00:00:00".into());
            }
            _ => {}
        }
        json.insert("LastSyncDate".into(), stamp(row.changed_ms()).into());
    }
    Row::new(json, row.changed_ms(), row.created_ms)
}

/// What the branch of that position is called.
pub(super) fn branch_name(index: u64) -> &'static str {
    BRANCHES[index as usize % BRANCHES.len()]
}

fn branch(index: u64) -> Json {
    object(json!({
        "Id": id(Kind::Branches, index), "Code": if index == 0 { "KHOTONG".to_owned() } else { format!("CN{index:02}") },
        "Name": branch_name(index), "IsBaseDepot": index == 0, "IsChainBranch": false, "ProvinceAddr": "VN101",
        "DistrictAddr": "VN10125", "CommuneAddr": "VN1012509", "Address": format!("{} Phố Mẫu, Hà Nội", index + 1),
    }))
}

/// An invoice of nothing.
pub(super) fn bare_invoice(id: &str, number: &str, at: i64, branch: u64) -> Json {
    let mut json = object(json!({
        "InvoiceId": id, "InvoiceNumber": number, "InvoiceType": SALE, "InvoiceDate": stamp(at), "InvoiceTime": stamp(at),
        "BranchId": self::id(Kind::Branches, branch), "BranchName": branch_name(branch), "CustomerName": "", "Tel": "",
        "Address": "", "MemberLevelName": "", "Cashier": STAFF[0], "SaleStaff": STAFF[1], "PaymentStatus": 1, "IsCOD": false,
        "AdditionBillType": 0, "SaleChannelName": "", "ReturnExchangeRefNo": null, "HasConnectedShippingPartner": false,
        "DeliveryCode": "", "ShippingPartnerName": "", "PartnerStatus": 0, "DeliveryDate": null, "Point": 1.0, "Barcode": "",
        "Note": "", "OrderNumber": "", "CustomerId": null, "InvoiceDetailType": 0, "IsDebit": false, "InvocieDetails": [],
    }));
    for name in AMOUNTS.iter().chain(BACK) {
        json.insert((*name).into(), money(0));
    }
    json
}

/// Amounts of an invoice; the list has the first ones.
const AMOUNTS: &[&str] = &[
    "TotalAmount",
    "CostAmount",
    "TaxAmount",
    "TotalItemAmount",
    "VATAmount",
    "DiscountAmount",
    "CashAmount",
    "CardAmount",
    "VoucherAmount",
    "DebitAmount",
    "ActualAmount",
];
/// Amounts that the detail alone has.
const BACK: &[&str] = &[
    "AmountReturn",
    "DiscountAmountReturn",
    "TotalAmountReturn",
    "TotalItemDiscountAmount",
    "DeliveryAmount",
    "DepositAmount",
    "NotTakeChangeAmount",
    "ChangeDeductedAmount",
    "ReturnCashAmount",
    "ReturnCardAmount",
    "ChangeAmount",
    "ReturnExchangeAmount",
    "ReduceDebtAmount",
];
/// What the detail says of the invoice beside amounts and lines: neither its id nor its branch's name.
const OF_DETAIL: &[&str] = &[
    "InvoiceType",
    "InvoiceNumber",
    "OrderNumber",
    "InvoiceDate",
    "InvoiceTime",
    "BranchId",
    "PaymentStatus",
    "InvoiceDetailType",
    "Cashier",
    "SaleStaff",
    "CustomerId",
    "CustomerName",
    "Tel",
    "IsCOD",
    "IsDebit",
    "AdditionBillType",
    "Point",
    "InvocieDetails",
];
/// What the list does not have.
const NOT_IN_LIST: &[&str] = &["OrderNumber", "CustomerId", "InvoiceDetailType", "IsDebit", "InvocieDetails"];

/// An invoice as lists show it: without lines, and without the customer's id.
pub(super) fn listed(invoice: &Json) -> Json {
    let mut json = invoice.clone();
    json.retain(|name, _| !NOT_IN_LIST.contains(&&**name) && !BACK.contains(&&**name));
    json
}

/// An invoice as its detail shows it.
pub(super) fn detailed(invoice: &Json) -> Json {
    let not_here = ["TotalAmount", "CostAmount", "TaxAmount", "ActualAmount"];
    let mut json = invoice.clone();
    json.retain(|name, _| {
        let name = &&**name;
        OF_DETAIL.contains(name)
            || BACK.contains(name)
            || (AMOUNTS.contains(name) && !not_here.contains(name))
    });
    json.insert("DeliveryAddress".into(), invoice.get("Address").cloned().unwrap_or_default());
    json
}

/// A line of an invoice: thousandths of a piece, the price of one, the discount on all.
pub(super) fn line(at: usize, sku: &str, name: &str, thousandths: i64, price: i64, discount: i64) -> Value {
    let amount = thousandths * price / 1000;
    json!({
        "InvoiceDetailType": 1, "SKU": sku, "Name": name, "EncodeInventoryItemName": name,
        "Quantity": thousandths as f64 / 1000.0, "UnitPrice": money(price), "Amount": money(amount),
        "TotalAmount": money(amount - discount), "DiscountAmount": money(discount), "SortOrder": at + 1, "UnitName": "Cái",
    })
}

fn lines(shop: &Shop, of: &[LineRow], sign: i64) -> Vec<Value> {
    let line = |(at, from): (usize, &LineRow)| {
        let product = shop.product(from.product);
        let discount = from.quantity * from.discount / 1000 * sign;
        self::line(at, &sku(&product), &item_name(&product), from.quantity * sign, from.price, discount)
    };
    of.iter().enumerate().map(line).collect()
}

fn sum(lines: &[Value], name: &str) -> i64 {
    lines.iter().map(|line| line[name].as_f64().unwrap_or_default().round() as i64).sum()
}

/// Puts lines on an invoice and adds it up.
pub(super) fn fill(json: &mut Json, lines: Vec<Value>, discount: i64, shipping: i64, tax: i64) {
    let (goods, off) = (sum(&lines, "Amount"), sum(&lines, "DiscountAmount"));
    let total = goods - off - discount + shipping + tax;
    for (name, amount) in [
        ("TotalItemAmount", goods),
        ("TotalItemDiscountAmount", off),
        ("DiscountAmount", discount),
        ("DeliveryAmount", shipping),
        ("VATAmount", tax),
        ("TotalAmount", total),
        ("ActualAmount", total),
    ] {
        json.insert(name.into(), money(amount));
    }
    json.insert("InvocieDetails".into(), lines.into());
}

/// Who bought.
pub(super) fn sell_to(json: &mut Json, customer: &Json) {
    for (name, from) in [
        ("CustomerId", "Id"),
        ("CustomerName", "Name"),
        ("Tel", "Tel"),
        ("Address", "Addr"),
        ("MemberLevelName", "MemberLevelName"),
    ] {
        json.insert(name.into(), customer.get(from).cloned().unwrap_or_else(|| "".into()));
    }
}

/// Says where an invoice stands, and who owes what: the money came by cash, by card, or not.
pub(super) fn stand(json: &mut Json, status: i64) {
    let total = dong(json, "TotalAmount");
    let (cash, card, debit) = match status {
        3 if total % 3000 == 0 => (0, total, 0),
        3 => (total, 0, 0),
        // Paid before it was delivered.
        8 => (0, total, 0),
        2 => (total / 4000 * 1000, 0, total - total / 4000 * 1000),
        _ => (0, 0, 0),
    };
    for (name, amount) in [("CashAmount", cash), ("CardAmount", card), ("DebitAmount", debit)] {
        json.insert(name.into(), money(amount));
    }
    let is_delivered = matches!(status, 5..=10);
    json.insert("PaymentStatus".into(), status.into());
    json.insert("IsDebit".into(), (debit > 0).into());
    json.insert("IsCOD".into(), (is_delivered && status != 8).into());
    let serial = text(json, "InvoiceNumber").to_owned();
    if is_delivered {
        json.insert("DeliveryCode".into(), format!("DLV{serial}").into());
        json.insert("ShippingPartnerName".into(), "Đối tác Mẫu".into());
        json.insert("PartnerStatus".into(), 2.into());
    }
}

fn status_of(row: &DocumentRow) -> i64 {
    match (row.standing, row.index % 12) {
        (Standing::Cancelled, _) => 4,
        (Standing::Failed, _) => 7,
        (Standing::Processing, 0..=5) => 5,
        (Standing::Processing, _) if row.delivered => 6,
        (Standing::Processing, _) => 1,
        (_, 2) if row.customer.is_some() => 2,
        (_, 7) if row.delivered => 10,
        (_, 4 | 9) if row.delivered => 8,
        (_, 5) if row.index % 36 == 5 => 9,
        // Undefined, and one that no table explains.
        (_, 10) if row.index % 48 == 10 => -1000,
        (_, 10) if row.index % 48 == 22 => 11,
        _ => 3,
    }
}

fn number(index: u64) -> String {
    format!("22908{:05}", index + 1)
}

pub(super) fn order_number(index: u64) -> String {
    format!("DT{:06}", index + 1)
}

fn invoice(row: &DocumentRow, shop: &Shop, buyer: Option<&Json>, options: &SandboxOptions) -> Row {
    // Some were typed at the same instant.
    let dated = if row.index % 10 == 3 { shop.invoice_created_ms(row.index - 1) } else { row.created_ms };
    let branch = row.branch.min(shop.branches.saturating_sub(1));
    let mut json = bare_invoice(&id(Kind::Invoices, row.index), &number(row.index), dated, branch);
    if let Some(buyer) = buyer {
        sell_to(&mut json, buyer);
    }
    let goods = lines(shop, row.lines(), 1);
    let net = sum(&goods, "TotalAmount");
    let tax = if row.index % 13 == 6 { (net * 8 + 50) / 100 } else { 0 };
    fill(&mut json, goods, row.discount, row.shipping, tax);
    stand(&mut json, status_of(row));
    json.insert("SaleStaff".into(), STAFF[row.seller as usize % STAFF.len()].into());
    if let Some(channel) = row.channel {
        json.insert("SaleChannelName".into(), CHANNELS[channel as usize % CHANNELS.len()].into());
    }
    if let Some(order) = row.other {
        json.insert("OrderNumber".into(), order_number(order).into());
    }
    if row.unusual == Some(Unusual::DeletedProduct)
        && let Some(first) = json.get_mut("InvocieDetails").and_then(|lines| lines.get_mut(0))
    {
        first["SKU"] = Value::Null;
    }
    if options.other_forms {
        // The list may name the customer, under another spelling than the detail.
        let buyer = json.get("CustomerId").cloned().unwrap_or_default();
        json.insert("CustomerID".into(), buyer);
        if row.index % 4 == 1 {
            json.insert("DeliveryDate".into(), "0001-01-01T00:00:00".into());
            json.retain(|name, _| !["Barcode", "Note", "PartnerStatus", "Point"].contains(&&**name));
        }
    }
    Row::new(json, row.changed_ms(), dated)
}

/// Goods that came back, as an invoice of another type with amounts below zero.
fn brought_back(shop: &Shop, index: u64, buyer: Option<&Json>) -> Row {
    let row = shop.goods_return(index);
    let own = format!("0f0e0d0c-0003-4000-9000-{:012x}", index + 0xab01);
    let branch = row.branch.min(shop.branches.saturating_sub(1));
    let mut json = bare_invoice(&own, &format!("33908{:05}", index + 1), row.created_ms, branch);
    json.insert("InvoiceType".into(), BROUGHT_BACK.into());
    json.insert("ReturnExchangeRefNo".into(), number(row.invoice).into());
    if let Some(buyer) = buyer {
        sell_to(&mut json, buyer);
    }
    fill(&mut json, lines(shop, row.lines(), -1), 0, 0, 0);
    let back = -dong(&json, "TotalAmount");
    for name in ["AmountReturn", "TotalAmountReturn", "ReturnCashAmount"] {
        json.insert(name.into(), money(back));
    }
    json.insert("PaymentStatus".into(), if row.cancelled { 4 } else { 3 }.into());
    json.insert("CashAmount".into(), money(-back));
    Row::new(json, row.created_ms, row.created_ms)
}

/// An order as it was sent, with what the shop adds.
pub(super) fn order(id: &str, number: &str, sent: Json) -> Json {
    let mut json = sent;
    json.insert("OrderId".into(), id.into());
    json.insert("OrderNo".into(), number.into());
    json
}

/// An order as the list shows it that nobody could confirm.
pub(super) fn listed_order(order: &Json, with_note: bool) -> Json {
    let shown = ["OrderId", "OrderNo", "OrderDate", "TotalAmount", "Customer", "OrderDetails"];
    let mut json = order.clone();
    json.retain(|name, _| shown.contains(&&**name) || (with_note && name == "Description"));
    json.insert("Status".into(), "Pending".into());
    json
}

fn seeded_order(shop: &Shop, index: u64, buyer: Option<&Json>) -> Row {
    let row = shop.order(index);
    let detail = |(at, from): (usize, &LineRow)| {
        let product = shop.product(from.product);
        json!({
            "ProductId": item_id(product.index), "ProductType": 1, "ProductCode": sku(&product),
            "ProductName": item_name(&product), "Quantity": from.quantity as f64 / 1000.0, "SellingPrice": money(from.price),
            "Amount": money(from.quantity * from.price / 1000), "DiscountAmount": money(from.quantity * from.discount / 1000),
            "SortOrder": at + 1, "UnitId": UNIT,
        })
    };
    let details: Vec<Value> = row.lines().iter().enumerate().map(detail).collect();
    let branch = row.branch.min(shop.branches.saturating_sub(1));
    let mut json = object(json!({
        "OrderDate": stamp(row.created_ms), "DiscountAmount": money(row.discount), "ScopeOfApplication": 1,
        "TotalAmount": money(row.total), "Description": "", "BranchId": id(Kind::Branches, branch), "OrderDetails": details,
    }));
    if let Some(buyer) = buyer {
        let names = [("Id", "Id"), ("Code", "Code"), ("Name", "Name"), ("Tel", "Tel"), ("Address", "Addr")];
        let of = |(name, from): (&str, &str)| (name.to_owned(), buyer.get(from).cloned().unwrap_or_default());
        json.insert("Customer".into(), names.into_iter().map(of).collect::<Json>().into());
    }
    let json = order(&id(Kind::Orders, index), &order_number(index), json);
    Row::new(json, row.changed_ms(), row.created_ms)
}

fn sku(row: &ProductRow) -> String {
    format!("SP{:06}", row.index + 1)
}

fn item_name(row: &ProductRow) -> String {
    match row.master {
        Some(_) => format!("{} ({})", row.name, row.attribute),
        None => row.name.to_owned(),
    }
}

fn stock(shop: &Shop, id: &str, code: &str, name: &str, price: i64, index: u64) -> Value {
    let row = |branch: u64| {
        json!({
            "ProductId": id, "ProductCode": code, "ProductName": name, "BranchId": self::id(Kind::Branches, branch),
            "BranchName": branch_name(branch), "OnHand": ((index + branch) % 40) as f64, "Ordered": (index % 3) as f64,
            "SellingPrice": money(price),
        })
    };
    (0..shop.branches).map(row).collect()
}

/// An item: of goods that are one, or of a family of variants.
pub(super) fn item(id: &str, code: &str, name: &str, price: i64) -> Json {
    object(json!({
        "Id": id, "Code": code, "Name": name, "ItemType": 1, "Barcode": "", "SellingPrice": money(price),
        "CostPrice": money(price * 6 / 10), "AvgUnitPrice": money(price * 6 / 10), "Color": null, "Size": null,
        "Material": null, "Description": "", "IsItem": true, "Inactive": false, "UnitId": UNIT, "UnitName": "Cái",
        "Picture": "", "ItemCategoryId": self::id(Kind::Categories, 0), "ItemCategoryName": CATEGORIES[0].0,
        "ListDetail": [], "Inventories": [],
    }))
}

fn seeded_item(shop: &Shop, row: &ProductRow) -> Row {
    let changed = row.modified_ms.unwrap_or(row.created_ms);
    let (own, code) = match row.master {
        Some(master) => (family_id(master), format!("MAU{:05}", row.index / 4 + 1)),
        None => (item_id(row.index), sku(row)),
    };
    let mut json = item(&own, &code, row.name, row.price);
    let category = row.category as usize % CATEGORIES.len();
    json.insert("ItemCategoryId".into(), id(Kind::Categories, category as u64).into());
    json.insert("ItemCategoryName".into(), CATEGORIES[category].0.into());
    json.insert("Inactive".into(), (row.index % 24 == 20).into());
    if row.index.is_multiple_of(5) {
        json.insert("Barcode".into(), format!("893{:010}", row.index + 1).into());
    }
    if row.index % 16 == 12 {
        json.insert("ItemType".into(), 2.into());
        json.insert("ListPictureUrl".into(), json!(["https://example.com/anh.jpg"]));
    }
    if row.master.is_none() {
        let stock = stock(shop, &own, &code, row.name, row.price, row.index);
        json.insert("Inventories".into(), stock);
        return Row::new(json, changed, row.created_ms);
    }
    let variant = |index: u64| {
        let of = shop.product(index);
        let (id, code, name) = (item_id(index), sku(&of), item_name(&of));
        json!({
            "Id": id, "ParentId": own, "Code": code, "Name": name, "IsItem": true, "SellingPrice": money(of.price),
            "CostPrice": money(of.price * 6 / 10), "Inventories": stock(shop, &id, &code, &name, of.price, index),
        })
    };
    let variants: Vec<Value> = (row.index..(row.index + 4).min(shop.products)).map(variant).collect();
    json.insert("IsItem".into(), false.into());
    json.insert("ListDetail".into(), variants.into());
    Row::new(json, changed, row.created_ms)
}

fn category(index: usize) -> Json {
    let (name, parent) = CATEGORIES[index];
    object(json!({
        "Id": id(Kind::Categories, index as u64), "Code": format!("NHOM{:02}", index + 1), "Name": name,
        "ParentId": parent.map(|parent| id(Kind::Categories, parent)), "SortOrder": index + 1, "Inactive": index == 7,
    }))
}

/// Everything that the shop has when it starts.
pub(super) fn tables(options: &SandboxOptions) -> BTreeMap<Kind, BTreeMap<String, Row>> {
    let shop = options.shop;
    let mut tables = BTreeMap::new();
    let customers: BTreeMap<String, Row> = (0..shop.customers)
        .map(|index| (id(Kind::Customers, index), seeded_customer(&shop.customer(index), options)))
        .collect();
    let buyer = |index: Option<u64>| {
        let known = customers.get(&id(Kind::Customers, index?))?;
        Some(&known.json)
    };
    let mut invoices = BTreeMap::new();
    for index in 0..shop.invoices {
        let row = shop.invoice(index);
        let row = invoice(&row, &shop, buyer(row.customer), options);
        invoices.insert(id(Kind::Invoices, index), row);
    }
    for index in (0..shop.returns()).filter(|_| options.returns) {
        let row = brought_back(&shop, index, buyer(shop.goods_return(index).customer));
        invoices.insert(text(&row.json, "InvoiceId").to_owned(), row);
    }
    let orders: BTreeMap<String, Row> = (0..shop.orders)
        .map(|index| (id(Kind::Orders, index), seeded_order(&shop, index, buyer(shop.order(index).customer))))
        .collect();
    let products = (0..shop.products).map(|index| shop.product(index));
    let first_of_family = |row: &ProductRow| row.master.is_none_or(|master| master == row.index);
    let items: BTreeMap<String, Row> = products
        .filter(first_of_family)
        .map(|row| seeded_item(&shop, &row))
        .map(|row| (text(&row.json, "Id").to_owned(), row))
        .collect();
    let fixed = |kind: Kind, rows: Vec<Json>| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(at, json)| (id(kind, at as u64), Row::new(json, START_MS, START_MS))).collect()
    };
    let levels = LEVELS.iter().enumerate().map(|(at, name)| {
        object(json!({ "MemberLevelID": id(Kind::Levels, at as u64), "MemberLevelName": name, "Description": "" }))
    });
    tables.insert(Kind::Levels, fixed(Kind::Levels, levels.collect()));
    tables.insert(Kind::Branches, fixed(Kind::Branches, (0..shop.branches).map(branch).collect()));
    tables.insert(Kind::Categories, fixed(Kind::Categories, (0..CATEGORIES.len()).map(category).collect()));
    tables.insert(Kind::Customers, customers);
    tables.insert(Kind::Invoices, invoices);
    tables.insert(Kind::Orders, orders);
    tables.insert(Kind::Items, items);
    tables
}
