//! What is written, and what moves along.

use serde_json::{Map, Value, json};

use super::hooks::{What, tell};
use super::refusal::Refusal;
use super::schema::{Field, Kind, Model, known};
use super::{JSON2, Row, State};

type Done<T = ()> = Result<T, Refusal>;

const ADDRESS: [&str; 6] = ["street", "street2", "city", "state_id", "zip", "country_id"];

/// Values that were checked, and commands for records on the other side.
struct Values {
    plain: Map<String, Value>,
    lines: Vec<(&'static Field, Vec<Value>)>,
}

fn check(state: &State, model: &'static Model, vals: &Map<String, Value>, is_new: bool) -> Done<Values> {
    let mut values = Values { plain: Map::new(), lines: Vec::new() };
    for (name, value) in vals {
        let Some(field) = model.field(name, state.version) else {
            return Err(match is_new {
                true => Refusal::field(name, model.name),
                false => Refusal::new(500, "builtins.KeyError", name),
            });
        };
        if matches!(field.name, "id" | "create_date" | "write_date") {
            // Ignored without a word.
            continue;
        }
        let is_blank = matches!(value, Value::Null | Value::Bool(false));
        let kept = match field.kind {
            Kind::Lines(..) => {
                values.lines.push((field, value.as_array().cloned().unwrap_or_default()));
                continue;
            }
            Kind::Many(to) => many(state, model, to, value)?,
            Kind::One(to) if !is_blank => {
                let id = value.as_i64().filter(|id| *id > 0);
                let id =
                    id.ok_or_else(|| Refusal::value(format!("Wrong value for {}.{name}", model.name)))?;
                if state.row(to, id).is_none() {
                    return Err(Refusal::missing(to, id));
                }
                value.clone()
            }
            Kind::Time if !is_blank => time(state.version, value)?,
            Kind::Flag => (value == &Value::Bool(true)).into(),
            Kind::Whole | Kind::Float if is_blank => json!(0),
            Kind::Text if value.as_str().is_some_and(|text| text.contains('\0')) => {
                return Err(Refusal::value("A string literal cannot contain NUL (0x00) characters."));
            }
            Kind::Label => continue,
            _ if is_blank => Value::Null,
            _ => value.clone(),
        };
        values.plain.insert(name.clone(), kept);
    }
    Ok(values)
}

/// What a column of ids shall hold: `[[6,0,ids]]` and `[[4,id]]`. A link is kept as such until it is known what is there.
fn many(state: &State, model: &Model, to: &str, value: &Value) -> Done<Value> {
    let mut ids = Vec::new();
    for command in value.as_array().into_iter().flatten() {
        let parts: Vec<&Value> = command.as_array().into_iter().flatten().collect();
        match parts.as_slice() {
            [op, _, Value::Array(all)] if **op == 6 => ids.extend(all.iter().filter_map(Value::as_i64)),
            [op, id, ..] if **op == 4 => {
                ids.push(-1);
                ids.extend(id.as_i64());
            }
            _ => return Err(Refusal::value(format!("Wrong value for {}: {command}", model.name))),
        }
    }
    match ids.iter().find(|id| **id > 0 && state.row(to, **id).is_none()) {
        Some(id) => Err(Refusal::missing(to, *id)),
        None => Ok(ids.into()),
    }
}

/// A list with the links that were added to what was there.
fn joined(before: &[i64], asked: &Value) -> Value {
    let asked: Vec<i64> = asked.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    let mut ids = if asked.contains(&-1) { before.to_vec() } else { Vec::new() };
    for id in asked.into_iter().filter(|id| *id > 0) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.into()
}

fn time(version: u32, value: &Value) -> Done<Value> {
    let text = value.as_str().unwrap_or_default();
    if text.is_empty() {
        return Err(Refusal::new(500, "builtins.AssertionError", ""));
    }
    let is_plain = text.len() == 19 && text.as_bytes()[10] == b' ';
    if !is_plain && version >= JSON2 {
        return Err(Refusal::value(format!("expecting only datetimes with no timezone: '{text}'")));
    }
    Ok(text.get(..19).unwrap_or(text).replace('T', " ").into())
}

/// Makes a record and tells of it.
pub(super) fn create(state: &mut State, model: &'static Model, vals: &Map<String, Value>) -> Done<i64> {
    let id = insert(state, model, vals)?;
    tell(state, model.name, id, What::Made);
    Ok(id)
}

fn insert(state: &mut State, model: &'static Model, vals: &Map<String, Value>) -> Done<i64> {
    let Values { mut plain, lines } = check(state, model, vals, true)?;
    for value in plain.values_mut().filter(|value| value.is_array()) {
        *value = joined(&[], value);
    }
    let id = state.take_id(model.name);
    defaults(state, model.name, id, &mut plain)?;
    let stamp = state.stamp();
    plain.retain(|_, value| !value.is_null());
    state.put(model.name, id, Row { json: plain, created: stamp, changed: stamp, committed: true });
    for (field, commands) in lines {
        if let Err(refusal) = put_lines(state, model, id, field, &commands) {
            // All of it or nothing.
            for line in state.row(model.name, id).map(|row| row.many(field.name)).unwrap_or_default() {
                if let Kind::Lines(part, _) = field.kind {
                    state.take_out(part, line);
                }
            }
            state.take_out(model.name, id);
            return Err(refusal);
        }
    }
    match model.name {
        "res.partner" => join_firm(state, id, true),
        "sale.order.line" => {
            price_line(state, id);
            total_of_line(state, id);
        }
        "sale.order" => drop(total(state, id)),
        _ => {}
    }
    Ok(id)
}

/// Records on the other side: `[[0, 0, {…}]]` makes one.
fn put_lines(state: &mut State, model: &Model, id: i64, field: &Field, commands: &[Value]) -> Done {
    let Kind::Lines(part, side) = field.kind else { return Ok(()) };
    for command in commands {
        let Some([op, _, Value::Object(vals)]) = command.as_array().map(Vec::as_slice) else {
            return Err(Refusal::value(format!("Wrong value for {}.{}: {command}", model.name, field.name)));
        };
        if *op != 0 {
            return Err(Refusal::value(format!("Wrong value for {}.{}: {command}", model.name, field.name)));
        }
        let mut vals = vals.clone();
        vals.insert(side.to_owned(), id.into());
        insert(state, known(part), &vals)?;
    }
    Ok(())
}

/// What a new record has that nobody said, and what refuses it.
fn defaults(state: &mut State, model: &'static str, id: i64, plain: &mut Map<String, Value>) -> Done {
    let now = super::refusal::instant(state.stamp(), true);
    let mut usual = |name: &str, value: Value| {
        if plain.get(name).is_none_or(Value::is_null) {
            plain.insert(name.to_owned(), value);
        }
    };
    match model {
        "res.partner" => {
            usual("active", true.into());
            usual("type", "contact".into());
            usual("lang", "en_US".into());
            no_name(state.version, plain)?;
            is_free(state, model, id, plain)?;
        }
        "res.partner.category" => {
            usual("active", true.into());
            if server_text(plain, "name").is_empty() {
                return Err(Refusal::invalid("Missing required value for the field 'Name' (name)"));
            }
        }
        "product.product" => {
            is_free(state, model, id, plain)?;
            let stamp = state.stamp();
            let template = state.take_id("product.template");
            let json = crate::server::object(json!({ "name": plain.get("name"), "active": true }));
            state.put(
                "product.template",
                template,
                Row { json, created: stamp, changed: stamp, committed: true },
            );
            let price = plain.get("list_price").cloned().unwrap_or_else(|| json!(1.0));
            for (name, value) in [
                ("product_tmpl_id", template.into()),
                ("active", true.into()),
                ("sale_ok", true.into()),
                ("type", "consu".into()),
                ("uom_id", 1.into()),
                ("currency_id", super::CURRENCY.into()),
                ("lst_price", price),
            ] {
                plain.entry(name).or_insert(value);
            }
        }
        "sale.order" => {
            usual("state", "draft".into());
            usual("date_order", now.into());
            usual("name", format!("S{id:05}").into());
            usual("invoice_status", "no".into());
            usual("currency_id", super::CURRENCY.into());
            usual("company_id", 1.into());
            usual("warehouse_id", 1.into());
            usual("team_id", 1.into());
            usual("user_id", super::UID.into());
            let Some(buyer) = plain.get("partner_id").and_then(Value::as_i64) else {
                return Err(Refusal::invalid("Missing required value for the field 'Customer' (partner_id)"));
            };
            for name in ["partner_invoice_id", "partner_shipping_id"] {
                plain.entry(name).or_insert(buyer.into());
            }
        }
        "sale.order.line" => {
            usual("sequence", 10.into());
            usual("product_uom_qty", json!(1.0));
            let product = plain.get("product_id").and_then(Value::as_i64);
            if let Some(row) = product.and_then(|product| state.row("product.product", product)) {
                let (label, price) =
                    (state.label("product.product", product.unwrap_or(0)), row.amount("lst_price"));
                plain.entry("name").or_insert(label.into());
                plain.entry("price_unit").or_insert(json!(price));
            }
            // What is held is what differs from this.
            let price = plain.get("price_unit").cloned().unwrap_or(json!(0.0));
            plain.entry("technical_price_unit").or_insert(price);
        }
        _ => {}
    }
    Ok(())
}

fn server_text<'a>(row: &'a Map<String, Value>, name: &str) -> &'a str {
    crate::server::text(row, name)
}

/// Contacts need a name, addresses do not.
fn no_name(version: u32, row: &Map<String, Value>) -> Done {
    if !server_text(row, "name").trim().is_empty() || server_text(row, "type") != "contact" {
        return Ok(());
    }
    Err(Refusal::invalid(match version >= JSON2 {
        true => "The operation cannot be completed: Contacts require a name",
        false => "res_partner_check_name",
    }))
}

/// A bar code is there once.
fn is_free(state: &State, model: &str, id: i64, row: &Map<String, Value>) -> Done {
    let code = server_text(row, "barcode");
    let is_taken = |(other, row): (i64, &Row)| other != id && row.text("barcode") == code;
    match !code.is_empty() && state.rows(model).any(is_taken) {
        true => Err(Refusal::invalid("Another record already has this barcode")),
        false => Ok(()),
    }
}

/// A contact lives where its firm lives, and has its tax code; a firm without an address takes the contact's.
fn join_firm(state: &mut State, id: i64, is_new: bool) {
    let Some(row) = state.row("res.partner", id).cloned() else { return };
    let Some(parent) = row.one("parent_id") else { return };
    let Some(firm) = state.row("res.partner", parent).cloned() else { return };
    if let Some(vat) = firm.json.get("vat").cloned() {
        state.set("res.partner", id, "vat", vat);
    }
    if row.text("type") != "contact" {
        return;
    }
    let has =
        |row: &Row| ADDRESS.iter().any(|name| row.json.get(*name).is_some_and(|value| !value.is_null()));
    let (from, to) = if has(&firm) || !is_new { (firm, id) } else { (row, parent) };
    for name in ADDRESS {
        state.set("res.partner", to, name, from.json.get(name).cloned().unwrap_or_default());
    }
}

/// Changes a record and tells of it.
pub(super) fn write(state: &mut State, model: &'static Model, id: i64, vals: &Map<String, Value>) -> Done {
    let Some(before) = state.row(model.name, id).cloned() else {
        return Err(Refusal::missing(model.name, id));
    };
    let Values { plain, lines } = check(state, model, vals, false)?;
    if model.name == "res.partner" {
        let mut after = before.json.clone();
        after.extend(plain.clone());
        no_name(state.version, &after)?;
        is_free(state, model.name, id, &after)?;
    }
    for (name, value) in &plain {
        let value = if value.is_array() { joined(&before.many(name), value) } else { value.clone() };
        state.set(model.name, id, name, value);
    }
    state.moved(model.name, id);
    for (field, commands) in lines {
        put_lines(state, model, id, field, &commands)?;
    }
    match model.name {
        "res.partner" => partner_changed(state, id, &plain),
        "product.product" => variant_changed(state, id, &plain),
        "sale.order.line" => {
            price_again(state, id, &before, &plain);
            price_line(state, id);
            total_of_line(state, id);
        }
        "sale.order" => drop(total(state, id)),
        _ => {}
    }
    tell(state, model.name, id, What::Written(&before));
    Ok(())
}

/// A partner's children move with it, whatever changed; addresses and tax codes are those of the whole firm.
fn partner_changed(state: &mut State, id: i64, plain: &Map<String, Value>) {
    if plain.contains_key("parent_id") {
        join_firm(state, id, false);
    }
    let Some(row) = state.row("res.partner", id).cloned() else { return };
    let is_contact = row.text("type") == "contact";
    let names: Vec<&str> =
        ADDRESS.into_iter().filter(|name| is_contact && plain.contains_key(*name)).collect();
    let names: Vec<&str> = names.into_iter().chain(plain.contains_key("vat").then_some("vat")).collect();
    let head = row.one("parent_id").filter(|_| !names.is_empty());
    let top = head.unwrap_or(id);
    if head.is_some() {
        spread(state, top, &names, &row);
        state.moved("res.partner", top);
    }
    let is_only_archived = plain.keys().all(|name| name == "active") && !plain.is_empty();
    let children = state.row("res.partner", top).map(|row| row.many("child_ids")).unwrap_or_default();
    for child in children.into_iter().filter(|child| *child != id) {
        let lives_there =
            state.row("res.partner", child).is_some_and(|child| child.text("type") == "contact");
        let own: Vec<&str> = names.iter().copied().filter(|name| lives_there || *name == "vat").collect();
        spread(state, child, &own, &row);
        if !is_only_archived {
            state.moved("res.partner", child);
        }
    }
}

fn spread(state: &mut State, to: i64, names: &[&str], from: &Row) {
    for name in names {
        state.set("res.partner", to, name, from.json.get(*name).cloned().unwrap_or_default());
    }
}

/// Name and price are the template's, and move all its variants.
fn variant_changed(state: &mut State, id: i64, plain: &Map<String, Value>) {
    let Some(template) = state.row("product.product", id).and_then(|row| row.one("product_tmpl_id")) else {
        return;
    };
    state.moved("product.template", template);
    let shared: Vec<(&str, Value)> =
        [("name", "name"), ("list_price", "list_price"), ("list_price", "lst_price")]
            .into_iter()
            .filter_map(|(from, to)| Some((to, plain.get(from)?.clone())))
            .collect();
    if shared.is_empty() {
        return;
    }
    let variants = state.row("product.template", template).map(|row| row.many("product_variant_ids"));
    for variant in variants.unwrap_or_default() {
        for (name, value) in &shared {
            state.set("product.product", variant, name, value.clone());
        }
        state.moved("product.product", variant);
    }
}

/// A new quantity puts the list price back, unless a price is held by another amount beside it.
fn price_again(state: &mut State, id: i64, before: &Row, plain: &Map<String, Value>) {
    let is_held = before.amount("price_unit") != before.amount("technical_price_unit");
    if !plain.contains_key("product_uom_qty")
        || plain.contains_key("price_unit")
        || is_held
        || !state.is_newer()
    {
        return;
    }
    let product = before.one("product_id").and_then(|product| state.row("product.product", product));
    if let Some(price) = product.map(|product| product.amount("lst_price")) {
        for name in ["price_unit", "technical_price_unit"] {
            state.set("sale.order.line", id, name, json!(price));
        }
    }
}

/// What a line comes to, in whole dong, and the tax on top.
fn price_line(state: &mut State, id: i64) {
    let Some(row) = state.row("sale.order.line", id) else { return };
    let gross = row.amount("product_uom_qty") * row.amount("price_unit");
    let net = (gross * (100.0 - row.amount("discount")) / 100.0).round();
    let taxed = row.json.get("display_type").is_none_or(Value::is_null) && row.one("product_id").is_some();
    let tax = if taxed { (net * state.tax as f64 / 100.0).round() } else { 0.0 };
    for (name, value) in [("price_subtotal", net), ("price_tax", tax), ("price_total", net + tax)] {
        state.set("sale.order.line", id, name, json!(value));
    }
}

/// The totals of an order. Answers whether they are others than before.
pub(super) fn total(state: &mut State, id: i64) -> bool {
    let Some(order) = state.row("sale.order", id) else { return false };
    let lines = order.many("order_line");
    let lines: Vec<&Row> = lines.into_iter().filter_map(|line| state.row("sale.order.line", line)).collect();
    let sum = |name: &str| lines.iter().map(|line| line.amount(name)).sum::<f64>();
    let sums = [
        ("amount_untaxed", sum("price_subtotal")),
        ("amount_tax", sum("price_tax")),
        ("amount_total", sum("price_total")),
    ];
    let is_other = sums.iter().any(|(name, value)| order.amount(name) != *value);
    for (name, value) in sums {
        state.set("sale.order", id, name, json!(value));
    }
    is_other
}

/// An order moves with a line only where its totals do.
fn total_of_line(state: &mut State, line: i64) {
    let Some(order) = state.row("sale.order.line", line).and_then(|row| row.one("order_id")) else { return };
    if total(state, order) {
        state.moved("sale.order", order);
    }
}

/// Deletes a record for good, and tells of it.
pub(super) fn unlink(state: &mut State, model: &'static Model, id: i64) -> Done {
    let Some(row) = state.row(model.name, id).cloned() else { return Err(Refusal::missing(model.name, id)) };
    let used = |model: &str, fields: &[&str]| {
        state.rows(model).any(|(_, row)| fields.iter().any(|field| row.one(field) == Some(id)))
    };
    let is_open = matches!(row.text("state"), "draft" | "cancel");
    let refusal = match model.name {
        "res.partner" => {
            let of_orders = used("sale.order", &["partner_id", "partner_invoice_id", "partner_shipping_id"]);
            let is_used =
                of_orders || used("pos.order", &["partner_id"]) || used("account.move", &["partner_id"]);
            (is_used || !row.many("user_ids").is_empty() || !row.many("ref_company_ids").is_empty())
                .then_some(
                    "You cannot delete this contact: other records refer to it. You can archive it instead.",
                )
        }
        "product.product" => (used("sale.order.line", &["product_id"])
            || used("pos.order.line", &["product_id"]))
        .then_some("You cannot delete this product: other records refer to it. You can archive it instead."),
        "sale.order" => {
            (!is_open).then_some("You can not delete a sent quotation or a confirmed sales order.")
        }
        "pos.order" => (!is_open).then_some("In order to delete a sale, it must be new or cancelled."),
        _ => None,
    };
    if let Some(what) = refusal {
        return Err(Refusal::user(what));
    }
    for field in &model.fields {
        let Kind::Lines(part, side) = field.kind else { continue };
        for line in row.many(field.name) {
            match model.name {
                // Children stay, and belong to nobody.
                "res.partner" => state.set(part, line, side, Value::Null),
                _ => drop(state.take_out(part, line)),
            }
        }
    }
    if let Some(gone) = state.take_out(model.name, id) {
        if model.name == "sale.order.line"
            && let Some(order) = gone.one("order_id")
            && total(state, order)
        {
            state.moved("sale.order", order);
        }
        tell(state, model.name, id, What::Gone(&gone));
    }
    Ok(())
}

/// Makes or changes records by their external ids. It answers 200 also when it failed, and takes back what it made.
pub(super) fn load(state: &mut State, model: &'static Model, columns: &[String], data: &[Value]) -> Value {
    let failed =
        |message: &str| json!({ "ids": false, "messages": [{ "type": "error", "message": message }] });
    if state.collisions > 0 {
        state.collisions -= 1;
        return failed("could not serialize access due to concurrent update");
    }
    let (mut ids, mut made) = (Vec::new(), Vec::new());
    for row in data {
        let cells: Vec<String> = row
            .as_array()
            .into_iter()
            .flatten()
            .map(|cell| cell.as_str().unwrap_or_default().to_owned())
            .collect();
        let known = state.external.len();
        match load_row(state, model, columns, &cells) {
            Ok(id) => {
                if state.external.len() > known {
                    made.push(id);
                }
                ids.push(id);
            }
            Err(refusal) => {
                made.into_iter().for_each(|id| drop(state.take_out(model.name, id)));
                return failed(refusal.message());
            }
        }
    }
    json!({ "ids": ids, "messages": [], "nextrow": 0 })
}

fn load_row(state: &mut State, model: &'static Model, columns: &[String], cells: &[String]) -> Done<i64> {
    let (mut external, mut vals) = (None, Map::new());
    for (column, cell) in columns.iter().zip(cells) {
        if column == "id" {
            external = Some(cell.clone());
            continue;
        }
        let (name, is_ids) =
            column.strip_suffix("/.id").map_or((column.as_str(), false), |name| (name, true));
        let field = model.field(name, state.version).ok_or_else(|| Refusal::field(name, model.name))?;
        let value = match (field.kind, is_ids) {
            (Kind::One(to), true) => {
                let id = cell.parse::<i64>().ok().filter(|id| state.row(to, *id).is_some());
                json!(id.ok_or_else(|| {
                    Refusal::value(format!(
                        "No matching record found for database id '{cell}' in field '{name}'"
                    ))
                })?)
            }
            (Kind::Many(_), true) => {
                json!([[6, 0, cell.split(',').filter_map(|id| id.parse::<i64>().ok()).collect::<Vec<_>>()]])
            }
            (Kind::Float | Kind::Whole, _) => json!(cell.parse::<f64>().unwrap_or_default()),
            (Kind::Flag, _) => matches!(cell.as_str(), "1" | "true" | "True").into(),
            _ => cell.as_str().into(),
        };
        vals.insert(name.to_owned(), value);
    }
    // Blanks and a second point have no place in it.
    let external = external.filter(|name| !name.contains(' ') && name.matches('.').count() < 2);
    let external = external.ok_or_else(|| Refusal::value("The external ID must not contain spaces"))?;
    match state.external.get(&external).copied().filter(|(of, _)| *of == model.name) {
        Some((_, id)) => write(state, model, id, &vals).map(|()| id),
        None => {
            let id = create(state, model, &vals)?;
            state.external.insert(external, (model.name, id));
            Ok(id)
        }
    }
}

/// What a button of a sale order does.
pub(super) fn press(state: &mut State, method: &str, id: i64) -> Done<Value> {
    let model = known("sale.order");
    let Some(row) = state.row(model.name, id) else { return Err(Refusal::missing(model.name, id)) };
    let is_locked = row.flag("locked") || row.text("state") == "done";
    let now = super::refusal::instant(state.stamp(), true);
    let vals = match method {
        "action_confirm" => json!({ "state": "sale", "date_order": now, "invoice_status": "to invoice" }),
        "action_cancel" if is_locked => {
            return Err(Refusal::user("You cannot cancel a locked order. Please unlock it first."));
        }
        "action_cancel" => json!({ "state": "cancel" }),
        "action_draft" => json!({ "state": "draft" }),
        "action_lock" | "action_unlock" if state.is_newer() => json!({ "locked": method == "action_lock" }),
        _ => json!({ "state": if method == "action_unlock" { "sale" } else { "done" } }),
    };
    let vals = crate::server::object(vals);
    write(state, model, id, &vals)?;
    Ok(if method.ends_with("lock") { Value::Null } else { true.into() })
}
