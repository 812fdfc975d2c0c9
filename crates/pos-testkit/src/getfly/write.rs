//! The endpoints that write.

use serde_json::{Map, Value, json};

use super::answer::{invalid, missing, told};
use super::render::{self, amount, hundredths, money};
use super::{Inner, Kind, Row, State};
use crate::seed::{BRANCHES, LineRow, PLACES, STAFF};
use crate::server::{Answer, digits, object, text};

type Sent = Map<String, Value>;

/// What is not configured is not known by its name.
const UNKNOWN: &str = "Giá trị không tồn tại";
const WRONG: &str = "Giá trị không hợp lệ";
const NEEDED: &str = "Trường bắt buộc";
const INDUSTRIES: [&str; 2] = ["Phần mềm", "Bán lẻ"];
/// The company's own fields; others that are sent are dropped without a word.
const OWN: [&str; 5] = ["hang_the", "nhan", "so_ne", "gui_tin", "luu_kho"];

/// A text as it is kept; `None` where none was sent.
fn said(sent: &Sent, name: &str) -> Option<String> {
    sent.get(name).and_then(Value::as_str).map(|text| text.trim().to_owned())
}

/// What was sent of a list of texts.
fn list(sent: &Sent, name: &str) -> Option<Vec<String>> {
    let all = sent.get(name)?.as_array()?;
    Some(all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn rows<'a>(sent: &'a Sent, name: &str) -> impl Iterator<Item = &'a Sent> {
    sent.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// Something that may be there once is there already.
fn taken(inner: &Inner, name: &str, what: &str) -> Answer {
    let words = format!("{what} đã tồn tại");
    match inner.options.taken {
        422 => invalid(name, &words),
        status => told(status, &words),
    }
}

/// The row that a write is about, by its code or its id.
pub(super) fn current(state: &mut State, kind: Kind, sent: &Sent, code: &str, id: &str) -> Option<i64> {
    let table = state.table(kind);
    if let Some(code) = said(sent, code).filter(|code| !code.is_empty()) {
        let is_it = |row: &Row| text(&row.json, render::code_of(kind)).eq_ignore_ascii_case(&code);
        return table.iter().find(|(_, row)| is_it(row)).map(|(id, _)| *id);
    }
    let id = sent.get(id)?;
    let id = id.as_i64().or_else(|| id.as_str()?.parse().ok())?;
    table.contains_key(&id).then_some(id)
}

pub(super) fn delete(state: &mut State, kind: Kind, id: Option<i64>) -> Answer {
    match id.is_some_and(|id| state.delete(kind, id, false)) {
        true => told(200, "Xóa thành công"),
        false => missing(kind),
    }
}

pub(super) fn restore(state: &mut State, sent: &Sent) -> Answer {
    let code = said(sent, "account_code").unwrap_or_default();
    let holder = state.holder_of(Kind::Accounts, &code);
    match holder.is_some_and(|id| state.restore(Kind::Accounts, id)) {
        true => told(200, "Khôi phục thành công"),
        false => missing(Kind::Accounts),
    }
}

/// Whether nobody else has the number or the address, where the company wants that.
fn check_people(inner: &Inner, state: &mut State, sent: &Sent, own: Option<i64>) -> Result<(), Answer> {
    if !inner.options.unique_people {
        return Ok(());
    }
    let phone = said(sent, "phone_office").map(|phone| digits(&phone)).filter(|phone| !phone.is_empty());
    let email = said(sent, "email").map(|email| email.to_lowercase()).filter(|email| !email.is_empty());
    for (_, row) in state.table(Kind::Accounts).iter().filter(|(id, _)| Some(**id) != own) {
        if phone.as_ref().is_some_and(|phone| digits(text(&row.json, "phone_office")) == *phone) {
            return Err(taken(inner, "phone_office", "Số điện thoại"));
        }
        if email.as_ref().is_some_and(|email| text(&row.json, "email").to_lowercase() == *email) {
            return Err(taken(inner, "email", "Email"));
        }
    }
    Ok(())
}

/// Names that must be configured, with their places among those that are.
fn picked<'a>(
    sent: &Sent,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Result<Option<Vec<(usize, &'a str)>>, Answer> {
    let Some(names) = list(sent, name) else { return Ok(None) };
    let known: Vec<(usize, &str)> = known.enumerate().collect();
    let found = names.iter().map(|name| known.iter().find(|(_, one)| one == name).copied());
    found.collect::<Option<Vec<_>>>().map(Some).ok_or_else(|| invalid(name, UNKNOWN))
}

/// A name that must be configured, with its place.
fn one_of(sent: &Sent, name: &str, known: &[&'static str]) -> Result<Option<(usize, &'static str)>, Answer> {
    let Some(wanted) = said(sent, name).filter(|wanted| !wanted.is_empty()) else { return Ok(None) };
    let at = known.iter().position(|one| *one == wanted).ok_or_else(|| invalid(name, UNKNOWN))?;
    Ok(Some((at, known[at])))
}

/// A seller by the name with which they sign in.
fn seller(sent: &Sent, name: &str) -> Result<Option<usize>, Answer> {
    let Some(wanted) = said(sent, name).filter(|wanted| !wanted.is_empty()) else { return Ok(None) };
    let number = wanted.strip_prefix("sale").and_then(|number| number.parse::<usize>().ok());
    let at = number.and_then(|number| number.checked_sub(1)).filter(|at| *at < STAFF.len());
    at.map(Some).ok_or_else(|| invalid(name, UNKNOWN))
}

fn own_fields(row: &mut Sent, sent: &Sent, names: &[&str]) {
    let Some(fields) = sent.get("custom_fields").and_then(Value::as_object) else { return };
    for name in names {
        let mut kept = object(row.remove(*name).unwrap_or_default());
        kept.extend(fields.clone().into_iter().filter(|(field, _)| OWN.contains(&field.as_str())));
        row.insert((*name).to_owned(), kept.into());
    }
}

/// Members of an account that were sent; the others stay.
fn fill_account(row: &mut Sent, sent: &Sent) -> Result<(), Answer> {
    for name in [
        "account_name",
        "email",
        "billing_address_street",
        "phone_office",
        "website",
        "description",
        "sic_code",
    ] {
        row.extend(said(sent, name).map(|text| (name.to_owned(), Value::from(text))));
    }
    if text(row, "account_name").is_empty() {
        return Err(invalid("account_name", NEEDED));
    }
    if let Some(birthday) = said(sent, "birthday").filter(|text| !text.is_empty()) {
        if birthday.len() != 10 || !render::is_time(&birthday) {
            return Err(invalid("birthday", WRONG));
        }
        row.insert("birthday".into(), birthday.into());
    }
    if let Some(types) = picked(sent, "account_type_names", render::types())? {
        render::pick(row, "account_type", &types);
    }
    if let Some(sources) = picked(sent, "account_source_names", render::sources())? {
        render::pick(row, "account_source", &sources);
    }
    if let Some(industries) = picked(sent, "industry_names", INDUSTRIES.into_iter())? {
        render::pick(row, "industry", &industries);
        let names: Vec<&str> = industries.iter().map(|(_, name)| *name).collect();
        row.insert("industry_names".into(), names.into());
    }
    if let Some((at, name)) = one_of(sent, "relation_name", &render::RELATIONS)? {
        row.insert("relation_id".into(), (at + 1).into());
        row.insert("relation_name".into(), name.into());
    }
    let provinces = PLACES.map(|(place, _)| place.split_once(" - ").map_or(place, |(province, _)| province));
    if let Some((at, name)) = one_of(sent, "province_name", &provinces)? {
        row.insert("province_id".into(), (at + 1).into());
        row.insert("province_name".into(), name.into());
    }
    if let Some(at) = seller(sent, "account_manager_username")? {
        render::manage(row, at);
    }
    own_fields(row, sent, &["custom_fields", "detail_custom_fields"]);
    let new = said(sent, "last_contact_name").map(|name| {
        object(json!({
            "first_name": name, "phone_mobile": sent.get("last_contact_phone"), "email": sent.get("last_contact_email"),
            "title": sent.get("last_contact_title"),
        }))
    });
    let new: Vec<Sent> = rows(sent, "contacts").cloned().chain(new).collect();
    if let Some(contacts) = row.get_mut("contacts").and_then(Value::as_array_mut) {
        for mut contact in new {
            contact.entry("last_name").or_insert(Value::Null);
            contact.insert("id".into(), (9000 + contacts.len()).into());
            contacts.push(contact.into());
        }
    }
    Ok(())
}

pub(super) fn new_account(inner: &Inner, state: &mut State, sent: &Sent) -> Result<i64, Answer> {
    let code = said(sent, "account_code").filter(|code| !code.is_empty());
    if code.as_ref().is_some_and(|code| state.holder_of(Kind::Accounts, code).is_some()) {
        return Err(taken(inner, "account_code", "Mã khách hàng"));
    }
    check_people(inner, state, sent, None)?;
    let mut row = render::bare_account(0);
    fill_account(&mut row, sent)?;
    let id = state.take_id(Kind::Accounts);
    row.insert("id".into(), id.into());
    let code = code.unwrap_or_else(|| render::new_code(Kind::Accounts, id));
    row.insert("account_code".into(), code.into());
    state.put(Kind::Accounts, id, row);
    Ok(id)
}

pub(super) fn change_account(inner: &Inner, state: &mut State, id: i64, sent: &Sent) -> Result<(), Answer> {
    check_people(inner, state, sent, Some(id))?;
    let code = said(sent, "account_code").filter(|code| !code.is_empty());
    if code
        .as_ref()
        .is_some_and(|code| state.holder_of(Kind::Accounts, code).is_some_and(|other| other != id))
    {
        return Err(taken(inner, "account_code", "Mã khách hàng"));
    }
    let mut row = state.table(Kind::Accounts).get(&id).map(|row| row.json.clone()).unwrap_or_default();
    fill_account(&mut row, sent)?;
    row.extend(code.map(|code| ("account_code".to_owned(), Value::from(code))));
    state.change(Kind::Accounts, id, |kept| *kept = row);
    Ok(())
}

fn number(sent: &Sent, name: &str) -> Option<f64> {
    match sent.get(name)? {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

/// The lines that were sent. A discount that is said as a share and as money is one discount.
fn lines(state: &mut State, order: i64, sent: &Sent) -> Result<Option<Vec<Value>>, Answer> {
    const NAME: &str = "saved_order_details";
    if !sent.contains_key(NAME) {
        return Ok(None);
    }
    let mut lines = Vec::new();
    for (at, sent) in rows(sent, NAME).enumerate() {
        let code = said(sent, "product_code").unwrap_or_default();
        let known = state.table(Kind::Products).values().find(|row| text(&row.json, "product_code") == code);
        let known =
            known.filter(|_| !code.is_empty()).ok_or_else(|| invalid(NAME, "Sản phẩm không tồn tại"))?;
        let product = known.json["id"].as_i64().unwrap_or_default();
        let name = text(&known.json, "product_name").to_owned();
        let (quantity, price) = (number(sent, "quantity"), number(sent, "price"));
        let (Some(quantity), Some(price)) = (quantity.filter(|some| *some > 0.0), price) else {
            return Err(invalid(NAME, WRONG));
        };
        let origin = (quantity * price * 100.0).round();
        let share = number(sent, "product_sale_off").unwrap_or(0.0);
        let cash = number(sent, "cash_discount").unwrap_or(0.0) * 100.0;
        let off = if cash > 0.0 { cash } else { origin * share / 100.0 }.round();
        let of = LineRow {
            product: 0,
            quantity: (quantity * 1000.0).round() as i64,
            price: price as i64,
            discount: 0,
        };
        let mut line = render::line(order * 10 + at as i64, (product, &code, &name), &of, 0);
        line["price"] = money((price * 100.0).round() as i64);
        line["origin_amount"] = money(origin as i64);
        line["cash_discount"] = money(off as i64);
        line["product_sale_off"] = money((share * 100.0).round() as i64);
        line["amount"] = money((origin - off) as i64);
        line["note"] = sent.get("note").cloned().unwrap_or_else(|| "".into());
        lines.push(line);
    }
    if lines.is_empty() { Err(invalid(NAME, NEEDED)) } else { Ok(Some(lines)) }
}

/// Goods after their own discounts, in hundredths.
fn goods(order: &Sent) -> i64 {
    rows(order, "order_details").map(|line| amount(line, "amount")).sum()
}

/// Money that comes in with an order, and on which day.
fn payments(sent: &Sent) -> Result<Vec<(i64, String)>, Answer> {
    const NAME: &str = "saved_sale_order_payments";
    let read = |sent: &Sent| {
        one_of(sent, "method_name", &render::METHODS).map_err(|_| invalid(NAME, UNKNOWN))?;
        let day = said(sent, "pay_date").unwrap_or_default();
        let is_day = day.len() == 10 && render::is_time(&day);
        let amount = sent.get("amount").map_or(0, hundredths);
        if amount > 0 && is_day { Ok((amount, day)) } else { Err(invalid(NAME, WRONG)) }
    };
    rows(sent, NAME).map(read).collect()
}

/// Members of an order that were sent; the others stay.
fn fill_order(state: &mut State, row: &mut Sent, sent: &Sent) -> Result<(), Answer> {
    let id = row.get("id").and_then(Value::as_i64).unwrap_or_default();
    if let Some(day) = sent.get("order_date") {
        let day = day.as_str().filter(|day| day.len() == 10 && render::is_time(day));
        row.insert("order_date".into(), day.ok_or_else(|| invalid("order_date", WRONG))?.into());
    }
    let sources: Vec<&'static str> = render::sources().collect();
    one_of(sent, "order_source_name", &sources)?;
    one_of(sent, "payment_method_name", &render::METHODS)?;
    if let Some((at, _)) = one_of(sent, "store_name", &BRANCHES)? {
        row.insert("store_id".into(), (at + 1).into());
    }
    if let Some(at) = seller(sent, "assigned_username")? {
        row.insert("assigned_user".into(), render::id_of(Kind::Users, at as u64).into());
        row.insert("assigned_user_name".into(), STAFF[at].into());
    }
    own_fields(row, sent, &["custom_fields"]);
    // What is in the total and in no member: the fees of before.
    let sums = |row: &Sent| goods(row) - amount(row, "discount_amount") + amount(row, "vat_amount");
    let fees = amount(row, "real_amount") - sums(row);
    if let Some(lines) = lines(state, id, sent)? {
        row.insert("order_details".into(), lines.into());
    }
    for name in ["discount", "discount_amount", "vat_amount"] {
        row.extend(sent.get(name).map(|value| (name.to_owned(), money(hundredths(value)))));
    }
    let new_fees = ["transport_amount", "installation_amount"].iter().filter_map(|name| sent.get(*name));
    let new_fees: Vec<i64> = new_fees.map(hundredths).collect();
    let fees = if new_fees.is_empty() { fees } else { new_fees.iter().sum() };
    row.insert("real_amount".into(), money(sums(row) + fees));
    render::set_paid(row, amount(row, "f_amount"));
    Ok(())
}

/// Who buys: a customer by its code, or one who is made of what is said.
fn buyer(inner: &Inner, state: &mut State, sent: &Sent) -> Result<Sent, Answer> {
    let Some(said_of) = sent.get("account").and_then(Value::as_object) else {
        return Err(invalid("account", NEEDED));
    };
    let known = current(state, Kind::Accounts, said_of, "account_code", "account_id");
    let id = match known {
        Some(id) => id,
        None => {
            let mut new = Sent::new();
            for (name, from) in [
                ("account_code", "account_code"),
                ("account_name", "account_name"),
                ("phone_office", "account_phone"),
                ("email", "account_email"),
                ("billing_address_street", "account_address"),
            ] {
                new.extend(said(said_of, from).map(|text| (name.to_owned(), Value::from(text))));
            }
            new_account(inner, state, &new)?
        }
    };
    let mut order = Sent::new();
    if let Some(row) = state.table(Kind::Accounts).get(&id) {
        render::snapshot(&mut order, &row.json);
    }
    for name in ["account_phone", "account_email", "account_address", "contact_name"] {
        let sent = said(said_of, name).filter(|text| !text.is_empty());
        order.extend(sent.map(|text| (name.to_owned(), Value::from(text))));
    }
    Ok(order)
}

pub(super) fn new_order(inner: &Inner, state: &mut State, sent: &Sent) -> Result<i64, Answer> {
    let code = said(sent, "order_code").filter(|code| !code.is_empty());
    if code.as_ref().is_some_and(|code| state.holder_of(Kind::Orders, code).is_some()) {
        return Err(taken(inner, "order_code", "Mã đơn hàng"));
    }
    if !sent.contains_key("saved_order_details") {
        return Err(invalid("saved_order_details", NEEDED));
    }
    let payments = payments(sent)?;
    let id = state.take_id(Kind::Orders);
    let mut row = render::bare_order(id);
    row.insert("order_date".into(), render::day(state.now_ms()).into());
    fill_order(state, &mut row, sent)?;
    row.extend(buyer(inner, state, sent)?);
    row.extend(code.map(|code| ("order_code".to_owned(), Value::from(code))));
    state.put(Kind::Orders, id, row);
    for (paid, day) in payments {
        pay(state, id, paid, Some(&day));
    }
    Ok(id)
}

pub(super) fn change_order(state: &mut State, id: i64, sent: &Sent) -> Result<(), Answer> {
    let payments = payments(sent)?;
    let mut row = state.table(Kind::Orders).get(&id).map(|row| row.json.clone()).unwrap_or_default();
    fill_order(state, &mut row, sent)?;
    state.change(Kind::Orders, id, |kept| *kept = row);
    for (paid, day) in payments {
        pay(state, id, paid, Some(&day));
    }
    Ok(())
}

/// Money comes in for an order.
pub(super) fn pay(state: &mut State, order: i64, paid: i64, day: Option<&str>) -> bool {
    let Some(row) = state.table(Kind::Orders).get(&order) else { return false };
    let whole = amount(&row.json, "f_amount") + paid;
    let (id, now, quiet) = (state.take_id(Kind::Payments), state.now_ms(), state.quiet_payments);
    let mut made = render::payment(id, order, paid, now, "Thanh toán");
    made.json.extend(day.map(|day| ("pay_date".to_owned(), Value::from(day))));
    state.table(Kind::Payments).insert(id, made);
    match (quiet, state.table(Kind::Orders).get_mut(&order)) {
        (true, Some(row)) => render::set_paid(&mut row.json, whole),
        _ => drop(state.change(Kind::Orders, order, |row| render::set_paid(row, whole))),
    }
    true
}

/// `POST /sale_orders/{id}/paid` of 6.
pub(super) fn paid(state: &mut State, order: i64, sent: &Sent) -> Answer {
    let day = said(sent, "pay_date").filter(|day| day.len() == 10 && render::is_time(day));
    let amount = sent.get("amount").map_or(0, hundredths);
    let method = sent.get("method_id").and_then(Value::as_u64).unwrap_or(0) as usize;
    if amount <= 0 {
        return invalid("amount", WRONG);
    }
    if !(1..=render::METHODS.len()).contains(&method) {
        return invalid("method_id", UNKNOWN);
    }
    pay(state, order, amount, day.as_deref());
    told(200, "Thanh toán thành công")
}

/// Adds any record.
pub(super) fn insert(state: &mut State, kind: Kind) -> Option<i64> {
    match kind {
        Kind::Accounts => {
            let id = state.take_id(kind);
            let mut row = render::bare_account(id);
            row.insert("account_name".into(), "Khách Mới Mẫu".into());
            row.insert("email".into(), format!("khach.moi{id}@example.com").into());
            state.put(kind, id, row);
            Some(id)
        }
        Kind::Orders => {
            let buyer = state.table(Kind::Accounts).values().next().map(|row| row.json.clone());
            let product = state.table(Kind::Products).values().next().map(|row| row.json.clone())?;
            let id = state.take_id(kind);
            let mut row = render::bare_order(id);
            let now = state.now_ms();
            row.insert("order_date".into(), render::day(now).into());
            if let Some(buyer) = buyer {
                render::snapshot(&mut row, &buyer);
            }
            add_piece(&mut row, &product);
            state.put(kind, id, row);
            Some(id)
        }
        Kind::Products => {
            let mut row = state.table(kind).values().next()?.json.clone();
            let id = state.take_id(kind);
            row.insert("id".into(), id.into());
            row.insert("product_code".into(), render::new_code(kind, id).into());
            state.put(kind, id, row);
            Some(id)
        }
        Kind::Users | Kind::Payments => None,
    }
}

/// One piece of a product, as the only line.
pub(super) fn add_piece(order: &mut Sent, product: &Sent) {
    let id = order.get("id").and_then(Value::as_i64).unwrap_or_default();
    let price = product.get("cover_price").and_then(Value::as_i64).unwrap_or_default();
    let of = LineRow { product: 0, quantity: 1000, price, discount: 0 };
    let named = (
        product["id"].as_i64().unwrap_or_default(),
        text(product, "product_code"),
        text(product, "product_name"),
    );
    order.insert("order_details".into(), json!([render::line(id * 10, named, &of, 0)]));
    order.insert("real_amount".into(), price.into());
}
