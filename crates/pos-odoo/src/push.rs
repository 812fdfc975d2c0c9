//! Writing to the shop so that the same push again makes no second object.
//!
//! A customer is made by `load` under an external id that is made of our reference: once more is the same, also while the first
//! attempt still runs, and the vendor's merging of partners takes the id along (M19b). An order carries our reference in
//! `client_order_ref`, which is searched before and after.

use std::collections::BTreeSet;

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{is_open, number, reference, settle};
use pos_core::record::{Address, CustomerRecord, Money, OrderRecord, clean_opt, read_name};
use pos_core::webhook::hex;
use pos_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

use crate::client::{Client, Search, wall};
use crate::map::plain;
use crate::model::{Model, Partner, Product, SaleLine, SaleOrder, State, Tag};
use crate::place::{PLACES, bare, is_vietnam};
use crate::shop::{Odoo, customers};

/// The external id of something that we made. There is no blank in it (M19b), and nothing but one point. It belongs to no module, as
/// everything does that people import: what belongs to one goes when that is updated.
fn external_id(kind: &str, reference: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match reference.bytes().all(is_plain) {
        true => format!("__import__.crm_pos_{kind}_{reference}"),
        false => format!("__import__.crm_pos_{kind}_hex-{}", hex(reference.as_bytes())),
    }
}

/// Changes the customer with the vendor id, or creates one.
///
/// Who was made under our reference already, else who holds a number or the address, is answered as found and not written to. Sends
/// one request to look for the reference, one for the numbers and one for the address of mail, one for the province and one for each
/// new tag, one to write and up to four to read the customer. A change reads first and writes what differs. The vendor has no place
/// for gender and birthday, for a branch that is no company, and from 19 on for a second number.
pub(crate) async fn customer(shop: &Odoo, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let reference = reference(&push.reference)?;
    if let Some(id) = &push.vendor_id {
        return change(shop, number(id)?, push, reference).await;
    }
    let client = &shop.client;
    let phone = push.phones.iter().find_map(|phone| clean_opt(Some(phone)));
    let name = clean_opt(push.name.as_deref()).or(phone).or_else(|| clean_opt(push.email.as_deref()));
    let Some(name) = name else {
        return Err(Error::unsupported(
            "Odoo makes no customer without a name, a number or an e-mail address",
        ));
    };
    let external = external_id("contact", reference);
    if let Some(id) = made(client, &external).await? {
        return pushed(shop, id, PushOutcome::Found).await;
    }
    if let Some(id) = holder(client, push).await? {
        return pushed(shop, id, PushOutcome::Found).await;
    }
    let cells = cells(client, push, &name).await?;
    let made_now = client.load::<Partner>(&external, &cells).await;
    let (id, outcome) = settle(made_now, made(client, &external), |_| false).await?;
    pushed(shop, id, outcome).await
}

async fn pushed(shop: &Odoo, id: i64, outcome: PushOutcome) -> Result<Pushed<CustomerRecord>> {
    let record = shop.customer_of(id).await?;
    Ok(Pushed::new(id.to_string(), outcome, Some(record)))
}

/// The record under an external id. Only administrators may read the table of these ids (M19c), but everybody who may make a record
/// may load nothing into it: that answers its id, and refuses to make one without a name.
async fn made(client: &Client, external: &str) -> Result<Option<i64>> {
    match client.load::<Partner>(external, &[]).await {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.kind() == ErrorKind::Rejected => Ok(None),
        Err(error) => Err(error),
    }
}

fn numbers(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<E164> {
    let rules = PhoneRules::default();
    texts
        .into_iter()
        .flat_map(|text| read_phones(text.as_ref(), &rules).phones)
        .map(|number| number.e164)
        .collect()
}

fn numbers_of(partner: &Partner) -> Vec<E164> {
    numbers([&partner.phone, &partner.mobile].into_iter().flatten())
}

/// Digits as the vendor's search finds them whatever stands between: the number is kept as it was typed.
fn pattern(number: &E164) -> String {
    let text = number.to_string();
    let digits = text.strip_prefix("+84").unwrap_or(&text);
    let digits: Vec<String> = digits.chars().filter(char::is_ascii_digit).map(String::from).collect();
    digits.join("%")
}

fn is_email(partner: &Partner, email: &str) -> bool {
    let known = partner.email.as_deref().unwrap_or_default();
    known.split([',', ';', ' ']).any(|known| known.trim().eq_ignore_ascii_case(email.trim()))
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether name or e-mail address are those of the push.
fn agrees(partner: &Partner, push: &CustomerPush) -> bool {
    let names = push.name.as_deref().zip(partner.name.as_deref());
    names.is_some_and(|(one, other)| folded(one) == folded(other))
        || push.email.as_deref().is_some_and(|email| is_email(partner, email))
}

/// The living customer who holds one of the numbers, else who has the e-mail address.
async fn holder(client: &Client, push: &CustomerPush) -> Result<Option<i64>> {
    let wanted = numbers(&push.phones);
    let has_mobile = client.has::<Partner>("mobile").await?;
    let mut terms = Vec::new();
    for number in &wanted {
        terms.push(json!(["phone", "ilike", pattern(number)]));
        if has_mobile {
            terms.push(json!(["mobile", "ilike", pattern(number)]));
        }
    }
    let mut holders =
        search(client, terms, |one| numbers_of(one).iter().any(|number| wanted.contains(number))).await?;
    if let Some(email) = clean_opt(push.email.as_deref()).filter(|_| holders.is_empty()) {
        // What people typed keeps its blanks and its case, and may be two addresses.
        let term = json!(["email", "ilike", email]);
        holders = search(client, vec![term], |one| is_email(one, &email)).await?;
    }
    if let [one] = holders.as_slice() {
        return Ok(Some(one.id));
    }
    let mut theirs = holders.iter().filter(|one| agrees(one, push));
    match (theirs.next(), theirs.next()) {
        (Some(one), None) => Ok(Some(one.id)),
        _ if holders.is_empty() => Ok(None),
        _ => {
            let ids: Vec<String> = holders.iter().map(|one| one.id.to_string()).collect();
            let what = format!("several customers of the shop hold this number: {}", ids.join(", "));
            Err(Error::new(ErrorKind::Conflict, what).with_context(Partner::LIST))
        }
    }
}

/// Living customers that any of these terms finds and that are meant.
async fn search(
    client: &Client,
    terms: Vec<Value>,
    is_meant: impl Fn(&Partner) -> bool,
) -> Result<Vec<Partner>> {
    /// More than that hold no number, or it is nobody's.
    const MOST: u32 = 80;
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut domain = customers(client).await?;
    domain.push(json!(["active", "=", true]));
    domain.extend(terms.iter().skip(1).map(|_| json!("|")));
    domain.extend(terms);
    let mut found = client.search::<Partner>(Search::of(domain).with_limit(MOST)).await?.data;
    found.retain(is_meant);
    Ok(found)
}

/// Text as HTML.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An address in the vendor's parts, so that reading takes them apart again: with a province of the vendor's the town is the
/// district, else it is the province.
#[derive(Default)]
struct Spot {
    street: Option<String>,
    street2: Option<String>,
    city: Option<String>,
    state: Option<i64>,
    country: Option<i64>,
}

/// One request, where the address names a province of Viet Nam.
async fn spot(client: &Client, address: &Address) -> Result<Spot> {
    let text = |text: &Option<String>| clean_opt(text.as_deref());
    let mut spot = Spot { street: text(&address.street).or_else(|| text(&address.text)), ..Spot::default() };
    let code: Option<i64> =
        address.codes_of(PLACES).province.and_then(|code| code.parse().ok()).filter(|id| *id > 0);
    let name = text(&address.province).filter(|_| is_vietnam(address.country.as_deref()));
    let states = match (code, &name) {
        (Some(id), _) => client.search::<State>(Search::ids([id])).await?.data,
        (None, Some(_)) => {
            client.search::<State>(Search::of(vec![json!(["country_id.code", "=", "VN"])])).await?.data
        }
        (None, None) => Vec::new(),
    };
    let is_meant = |state: &State| {
        Some(state.id) == code
            || name.as_deref().zip(state.name.as_deref()).is_some_and(|(one, other)| bare(one) == bare(other))
    };
    let (ward, district) = (text(&address.ward), text(&address.district));
    match states.into_iter().find(is_meant) {
        Some(state) => {
            spot.state = Some(state.id);
            spot.country = state.country_id.map(|country| country.id);
            (spot.street2, spot.city) = (ward, district);
        }
        None => {
            let second: Vec<String> = ward.into_iter().chain(district).collect();
            spot.street2 = (!second.is_empty()).then(|| second.join(", "));
            spot.city = text(&address.province);
        }
    }
    Ok(spot)
}

impl Spot {
    fn texts(&self) -> [(&'static str, &Option<String>); 3] {
        [("street", &self.street), ("street2", &self.street2), ("city", &self.city)]
    }

    fn cells(&self) -> Vec<(&'static str, String)> {
        let mut cells: Vec<(&'static str, String)> =
            self.texts().into_iter().filter_map(|(name, text)| Some((name, text.clone()?))).collect();
        let ids = [("state_id/.id", self.state), ("country_id/.id", self.country)];
        cells.extend(ids.into_iter().filter_map(|(name, id)| Some((name, id?.to_string()))));
        cells
    }

    /// What belonged to the address before must not stay beside the new one.
    fn values(&self) -> Map<String, Value> {
        let mut values = Map::new();
        for (name, text) in self.texts() {
            values.insert(name.to_owned(), text.as_ref().map_or(json!(false), |text| json!(text)));
        }
        values.insert("state_id".to_owned(), self.state.map_or(json!(false), |id| json!(id)));
        values.extend(self.country.map(|id| ("country_id".to_owned(), json!(id))));
        values
    }
}

/// Ids of the tags that a push names: those that are there by name, others are made. One request, and one for each that is made.
async fn tags(client: &Client, push: &CustomerPush) -> Result<BTreeSet<i64>> {
    let mut ids: BTreeSet<i64> = push.group_ids.iter().map(|id| number(id)).collect::<Result<_>>()?;
    let names: Vec<String> = push.tags.iter().filter_map(|tag| clean_opt(Some(tag))).collect();
    if names.is_empty() {
        return Ok(ids);
    }
    let there = client.search::<Tag>(Search::of(vec![json!(["name", "in", names])])).await?.data;
    for name in names {
        let known = there.iter().find(|tag| tag.name.as_deref() == Some(name.as_str())).map(|tag| tag.id);
        ids.insert(match known {
            Some(id) => id,
            None => client.load::<Tag>(&external_id("tag", &name), &[("name", name.clone())]).await?,
        });
    }
    Ok(ids)
}

/// The company that a branch is; other branches have no customers.
fn company(branch_id: Option<&str>) -> Option<&str> {
    branch_id?.strip_prefix("res.company,")
}

/// What a new customer is made of.
async fn cells(client: &Client, push: &CustomerPush, name: &str) -> Result<Vec<(&'static str, String)>> {
    let mut cells = vec![("name", name.to_owned())];
    let mut phones = push.phones.iter().filter_map(|phone| clean_opt(Some(phone)));
    cells.extend(phones.next().map(|phone| ("phone", phone)));
    if client.has::<Partner>("mobile").await? {
        cells.extend(phones.next().map(|phone| ("mobile", phone)));
    }
    cells.extend(clean_opt(push.email.as_deref()).map(|email| ("email", email)));
    cells.extend(clean_opt(push.note.as_deref()).map(|note| ("comment", html(&note))));
    cells.extend(company(push.branch_id.as_deref()).map(|id| ("company_id/.id", id.to_owned())));
    if let Some(address) = &push.address {
        cells.extend(spot(client, address).await?.cells());
    }
    let tags = tags(client, push).await?;
    if !tags.is_empty() {
        let ids: Vec<String> = tags.iter().map(i64::to_string).collect();
        cells.push(("category_id/.id", ids.join(",")));
    }
    Ok(cells)
}

/// Whether an address says the same as one that is there: no part of it says something else.
fn is_there(known: &Address, to: &Address) -> bool {
    let agrees = |known: &Option<String>, to: &Option<String>| {
        clean_opt(to.as_deref())
            .is_none_or(|to| known.as_deref().is_some_and(|known| bare(known) == bare(&to)))
    };
    let street = if to.street.is_some() { &to.street } else { &to.text };
    agrees(&known.street, street)
        && agrees(&known.ward, &to.ward)
        && agrees(&known.district, &to.district)
        && agrees(&known.province, &to.province)
}

/// Writes only what differs: the same values again would move the time of change, and come back as a change of the shop's (M19b).
/// Blanks erase nothing; a number that is there already in another writing stays as it is.
async fn change(
    shop: &Odoo,
    id: i64,
    push: &CustomerPush,
    reference: &str,
) -> Result<Pushed<CustomerRecord>> {
    let client = &shop.client;
    let record = shop.customer_of(id).await?;
    let known = client.read::<Partner>(&[id]).await?.data.pop().filter(|known| known.id == id);
    let known = known.ok_or_else(|| Error::new(ErrorKind::NotFound, "the shop does not have it"))?;
    let mut values = Map::new();
    let name = clean_opt(push.name.as_deref()).filter(|name| read_name(Some(name)).name.is_some());
    if let Some(name) = name.filter(|name| clean_opt(known.name.as_deref()).as_ref() != Some(name)) {
        values.insert("name".to_owned(), json!(name));
    }
    if let Some(phone) = push.phones.iter().find_map(|phone| clean_opt(Some(phone))) {
        let (asked, there) = (numbers([&phone]), numbers_of(&known));
        let is_there = known.phone.as_deref().map(str::trim) == Some(phone.as_str())
            || (!asked.is_empty() && asked.iter().all(|number| there.contains(number)));
        if !is_there {
            values.insert("phone".to_owned(), json!(phone));
        }
    }
    if let Some(email) = clean_opt(push.email.as_deref()).filter(|email| !is_email(&known, email)) {
        values.insert("email".to_owned(), json!(email));
    }
    if let Some(note) =
        clean_opt(push.note.as_deref()).filter(|note| plain(known.comment.as_deref()).as_ref() != Some(note))
    {
        values.insert("comment".to_owned(), json!(html(&note)));
    }
    let new: Vec<Value> = tags(client, push)
        .await?
        .into_iter()
        .filter(|tag| !known.category_id.contains(tag))
        .map(|tag| json!([4, tag]))
        .collect();
    if !new.is_empty() {
        values.insert("category_id".to_owned(), json!(new));
    }
    let mut has_new_address = false;
    if let Some(to) =
        push.address.as_ref().filter(|to| !record.addresses.iter().any(|known| is_there(known, to)))
    {
        let spot = spot(client, to).await?;
        match &known.parent_id {
            None => values.extend(spot.values()),
            // Written onto a contact it would become the address of its firm and of everybody in it (M19b).
            Some(_) => {
                let mut cells = vec![("parent_id/.id", id.to_string()), ("type", "other".to_owned())];
                cells.extend(spot.cells());
                client.load::<Partner>(&external_id("address", reference), &cells).await?;
                has_new_address = true;
            }
        }
    }
    if values.is_empty() && !has_new_address {
        return Ok(Pushed::new(id.to_string(), PushOutcome::Found, Some(record)));
    }
    if !values.is_empty() {
        client.write::<Partner>(id, values).await?;
    }
    pushed(shop, id, PushOutcome::Updated).await
}

/// Creates an order that carries our reference in `client_order_ref`, as a quotation.
///
/// It is searched for by that first. Prices are the push's own; the taxes of the products are the shop's and come on top where its
/// prices are net, so the answer tells what the order costs. Sends one request to look, one for each line that names a code instead
/// of a product, up to two for a recipient, one to write, one more to look where the answer was lost, and up to five to read the
/// order. Payments are made at the shop, so an order that was paid cannot be pushed.
pub(crate) async fn order(shop: &Odoo, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let reference = reference(&push.reference)?;
    let client = &shop.client;
    let mut values = order_values(shop, push, reference)?;
    if let Some(id) = referred(client, reference).await? {
        return ordered(shop, id, PushOutcome::Found).await;
    }
    let is_newer = client.has::<SaleLine>("technical_price_unit").await?;
    let mut lines = Vec::new();
    for line in &push.lines {
        lines.push(line_values(product(client, line).await?, line, is_newer));
    }
    let extra = |product: Option<i64>, amount: Money| {
        let line = PushLine { quantity: 1.into(), unit_price: amount, ..PushLine::default() };
        product.filter(|_| !amount.is_zero()).map(|product| line_values(product, &line, is_newer))
    };
    lines.extend(extra(shop.extras.delivery, push.shipping_fee.unwrap_or_default()));
    lines.extend(extra(shop.extras.discount, -push.discount.unwrap_or_default()));
    values.insert(
        "order_line".to_owned(),
        json!(lines.iter().map(|line| json!([0, 0, line])).collect::<Vec<_>>()),
    );
    if let (Some(to), Some(buyer)) = (&push.recipient, &push.buyer_id) {
        let id = recipient(client, to, number(buyer)?, reference).await?;
        values.insert("partner_shipping_id".to_owned(), json!(id));
    }
    let made = client.create::<SaleOrder>(values).await;
    let (id, outcome) = settle(made, referred(client, reference), |_| false).await?;
    ordered(shop, id, outcome).await
}

async fn ordered(shop: &Odoo, id: i64, outcome: PushOutcome) -> Result<Pushed<OrderRecord>> {
    match shop.sale_of(id).await {
        Ok(record) => Ok(Pushed::new(id.to_string(), outcome, Some(record))),
        // It is there; the next pull reads it.
        Err(error) if is_open(&error) => Ok(Pushed::new(id.to_string(), outcome, None)),
        Err(error) => Err(error),
    }
}

/// The oldest order with our reference. References are not unique at the vendor.
async fn referred(client: &Client, reference: &str) -> Result<Option<i64>> {
    let search = Search::of(vec![json!(["client_order_ref", "=", reference])]).with_limit(1);
    Ok(client.search::<SaleOrder>(search).await?.data.first().map(|order| order.id))
}

/// Everything but lines and recipient. What can be refused is refused here, before anything is sent.
fn order_values(shop: &Odoo, push: &OrderPush, reference: &str) -> Result<Map<String, Value>> {
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    let has = |text: &Option<String>| clean_opt(text.as_deref()).is_some();
    if push.lines.iter().any(|line| !has(&line.product_id) && !has(&line.sku)) {
        return Err(Error::unsupported("a line of an Odoo order needs the id or the code of a product"));
    }
    let lacks = |amount: Option<Money>, product: Option<i64>| {
        amount.is_some_and(|amount| !amount.is_zero()) && product.is_none()
    };
    if lacks(push.shipping_fee, shop.extras.delivery) {
        return Err(Error::unsupported(
            "an Odoo order has a shipping fee only as a product: configure delivery_product",
        ));
    }
    if lacks(push.discount, shop.extras.discount) {
        return Err(Error::unsupported(
            "an Odoo order has a discount only as a product: configure discount_product",
        ));
    }
    if lacks(push.paid, None) {
        return Err(Error::unsupported("Odoo takes payments on invoices and no order that was paid already"));
    }
    let Some(buyer) = push.buyer_id.as_deref() else {
        return Err(Error::unsupported("an Odoo order needs the id of its buyer"));
    };
    let mut values = Map::new();
    values.insert("partner_id".to_owned(), json!(number(buyer)?));
    values.insert("client_order_ref".to_owned(), json!(reference));
    for (name, id) in [("user_id", &push.seller_id), ("team_id", &push.channel_id)] {
        if let Some(id) = id {
            values.insert(name.to_owned(), json!(number(id)?));
        }
    }
    if let Some(branch) = push.branch_id.as_deref() {
        let (name, id) = match (company(Some(branch)), branch.contains(',')) {
            (Some(id), _) => ("company_id", id),
            (None, false) => ("warehouse_id", branch),
            (None, true) => {
                return Err(Error::unsupported(
                    "a till makes its orders itself: name a warehouse or a company",
                ));
            }
        };
        values.insert(name.to_owned(), json!(number(id)?));
    }
    values.extend(push.created_at.map(|at| ("date_order".to_owned(), json!(wall(at)))));
    // How it is to be paid has no place of its own.
    let notes = [&push.note, &push.payment_method].into_iter().filter_map(|text| clean_opt(text.as_deref()));
    let notes: Vec<String> = notes.map(|text| format!("<p>{}</p>", html(&text))).collect();
    if !notes.is_empty() {
        values.insert("note".to_owned(), json!(notes.concat()));
    }
    Ok(values)
}

/// The product of a line, by its id or its code.
async fn product(client: &Client, line: &PushLine) -> Result<i64> {
    if let Some(id) = clean_opt(line.product_id.as_deref()) {
        return number(&id);
    }
    let code = clean_opt(line.sku.as_deref()).unwrap_or_default();
    let domain = vec![json!(["default_code", "=", code]), json!(["active", "=", true])];
    let found = client.search::<Product>(Search::of(domain).with_limit(2)).await?.data;
    match found.as_slice() {
        [one] => Ok(one.id),
        [] => Err(Error::new(ErrorKind::Rejected, "the shop has no product with the code of a line")),
        // Codes are not unique (M19b).
        _ => Err(Error::new(ErrorKind::Rejected, "several products of the shop have the code of a line")),
    }
}

/// A number of JSON. The vendor keeps floats, so nothing is lost that it would keep.
fn float(amount: impl ToString) -> Value {
    serde_json::from_str(&amount.to_string()).unwrap_or_default()
}

/// A line. A price alone is not held: the next change of the quantity would put the list price back, unless another amount stands
/// in `technical_price_unit` (M19b).
fn line_values(product: i64, line: &PushLine, is_newer: bool) -> Map<String, Value> {
    let gross = line.unit_price.times(line.quantity);
    let discount = line.discount.unwrap_or_default();
    let hundred = Money::from(100).decimal();
    let percent = discount.decimal().saturating_mul(hundred).checked_div(gross.decimal()).unwrap_or_default();
    let mut values = Map::new();
    values.insert("product_id".to_owned(), json!(product));
    values.insert("product_uom_qty".to_owned(), float(line.quantity));
    // Percents have two decimals; a discount that is no such percent goes into the price.
    let price = if percent == percent.round_dp(2) {
        if !percent.is_zero() {
            values.insert("discount".to_owned(), float(percent.normalize()));
        }
        line.unit_price
    } else {
        let net = gross - discount;
        net.decimal().checked_div(line.quantity.decimal()).map_or(line.unit_price, Money::new)
    };
    values.insert("price_unit".to_owned(), float(price));
    if is_newer {
        values.insert("technical_price_unit".to_owned(), json!(i32::from(price.is_zero())));
    }
    if let Some(name) = clean_opt(line.name.as_deref()) {
        values.insert("name".to_owned(), json!(name));
    }
    values
}

/// The address of a recipient, under the buyer. Once more is the same.
async fn recipient(client: &Client, to: &Address, buyer: i64, reference: &str) -> Result<i64> {
    let mut cells = vec![("parent_id/.id", buyer.to_string()), ("type", "delivery".to_owned())];
    cells.extend(clean_opt(to.name.as_deref()).map(|name| ("name", name)));
    cells.extend(clean_opt(to.phone.as_deref()).map(|phone| ("phone", phone)));
    cells.extend(spot(client, to).await?.cells());
    client.load::<Partner>(&external_id("recipient", reference), &cells).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_has_no_blank_and_one_point() {
        assert_eq!(external_id("contact", "c-7_A"), "__import__.crm_pos_contact_c-7_A");
        let odd = external_id("tag", "Khách sỉ 1.2");
        assert!(odd.matches('.').count() == 1 && !odd.contains(' '), "{odd}");
        assert_ne!(odd, external_id("tag", "Khách sỉ 1 2"));
    }

    #[test]
    fn a_number_is_searched_in_any_writing() {
        assert_eq!(pattern(&numbers(["0912 345 678"])[0]), "9%1%2%3%4%5%6%7%8");
    }

    #[test]
    fn a_discount_is_a_percent_where_it_is_one_and_a_price_is_held() {
        let line = |discount: i64, price: i64| {
            let line = PushLine {
                quantity: 3.into(),
                unit_price: price.into(),
                discount: Some(discount.into()),
                ..PushLine::default()
            };
            Value::Object(line_values(7, &line, true))
        };
        let read = |value: &Value| {
            (value["price_unit"].as_f64(), value["discount"].as_f64(), value["technical_price_unit"].as_i64())
        };
        assert_eq!(read(&line(30, 100)), (Some(100.0), Some(10.0), Some(0)));
        assert_eq!(read(&line(1, 100)).1, None);
        assert!((read(&line(1, 100)).0.unwrap() * 3.0 - 299.0).abs() < 1e-6);
        assert_eq!(read(&line(0, 0)), (Some(0.0), None, Some(1)));
    }
}
