//! Writing to the shop so that the same push again makes no second object.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{PhoneRules, read_phones};
use pos_core::kit::{Raw, Row, is_open, number, reference, settle};
use pos_core::record::{Address, CustomerRecord, Extra, Money, OrderRecord, clean, clean_opt, read_name};
use pos_core::{Error, ErrorKind, Result};
use time::{Duration, OffsetDateTime};

use crate::answer::Resource;
use crate::client::{Client, ListParams};
use crate::mark::{CONTACT, ORDER, PLACES, SOURCE};
use crate::model::{
    self, AddressWrite, Customer, CustomerWrite, FeeWrite, LineWrite, MetaWrite, Order, OrderWrite,
    ShippingWrite, meta,
};
use crate::place::is_vietnam;

/// How far before an order's own time its earlier push is searched for: clocks differ.
const MARGIN: Duration = Duration::minutes(5);

/// How far back an order without a time of its own is searched for.
const LOOK_BACK: Duration = Duration::hours(24);

/// Changes the customer with the vendor id, or creates one.
///
/// E-mail addresses are unique in a shop, so a new customer is just created; one who has the address already is answered
/// and not written to. Phone numbers cannot be searched for. Sends one request to create and one more to find who has the
/// address; a change takes two.
pub(crate) async fn customer(client: &Client, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let reference = reference(&push.reference)?;
    if let Some(id) = &push.vendor_id {
        let known = client.get_customer(number(id)?).await?;
        return change(client, known, push).await;
    }
    let Some(email) = clean_opt(push.email.as_deref()) else {
        return Err(Error::unsupported(
            "WooCommerce makes no customer without an e-mail address: a contact without one cannot be pushed",
        ));
    };
    let error = match client.create_customer(&wanted(push, reference, &email)).await {
        Ok(made) => return Ok(pushed(made, PushOutcome::Created)),
        Err(error) if error.kind() == ErrorKind::Conflict || is_open(&error) => error,
        Err(error) => return Err(error),
    };
    let holder = client.find_customers_by_email(&email).await;
    match holder.ok().and_then(|mut found| found.pop()) {
        // It went through after all.
        Some(made) if is_open(&error) && meta(&made.meta_data, CONTACT) == Some(reference) => {
            Ok(pushed(made, PushOutcome::Created))
        }
        Some(known) => Ok(pushed(known, PushOutcome::Found)),
        None => Err(error),
    }
}

fn pushed(customer: Customer, outcome: PushOutcome) -> Pushed<CustomerRecord> {
    Pushed::new(customer.id.to_string(), outcome, Some(customer.into_record(Extra::new())))
}

fn mark(key: &str, value: &str) -> Option<Vec<MetaWrite>> {
    let mark = MetaWrite { key: Some(key.to_owned()), value: Some(value.to_owned()), ..MetaWrite::default() };
    Some(vec![mark])
}

/// Given name and the rest, so that reading joins them again: the given name stands last in Viet Nam, else first. An empty
/// text erases the half that was there.
fn halves(name: &str, country: Option<&str>) -> (Option<String>, Option<String>) {
    let (first, last) = if is_vietnam(country) {
        name.rsplit_once(' ').map_or((name, ""), |(last, first)| (first, last))
    } else {
        name.split_once(' ').unwrap_or((name, ""))
    };
    (Some(first.to_owned()), Some(last.to_owned()))
}

/// Two letters; a name that is not Viet Nam's stays unsaid, because nobody has its code.
fn country_code(country: Option<&str>) -> Option<String> {
    let country = country.map(str::trim).unwrap_or_default();
    if is_vietnam(Some(country)) {
        return Some("VN".to_owned());
    }
    let is_code = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| country.to_ascii_uppercase())
}

/// An address as reading takes it apart again: codes go to the shop that they came from, names into the lines.
fn address_write(address: &Address) -> AddressWrite {
    let mut write = AddressWrite::default();
    let codes = address.codes_of(PLACES);
    let text = |text: &Option<String>| clean_opt(text.as_deref());
    let (district, province) = (text(&address.district), text(&address.province));
    write.address_1 = text(&address.street).or_else(|| text(&address.text));
    write.address_2 = codes.ward.or_else(|| text(&address.ward));
    let is_town = district.is_none() && codes.district.is_none() && codes.province.is_none();
    if is_town {
        write.city = province;
    } else {
        write.city = codes.district.or(district);
        write.state = codes.province.or(province);
    }
    write.country = country_code(address.country.as_deref());
    write.phone = text(&address.phone);
    write
}

/// Who buys, or who receives.
fn block(
    name: Option<&str>,
    phone: Option<&str>,
    email: Option<&str>,
    address: Option<&Address>,
) -> AddressWrite {
    let mut write = address.map(address_write).unwrap_or_default();
    let country = address.and_then(|address| address.country.as_deref());
    if let Some(name) = clean_opt(name).or_else(|| clean_opt(address?.name.as_deref())) {
        (write.first_name, write.last_name) = halves(&name, country);
    }
    write.country = write.country.or_else(|| country_code(country));
    write.phone = clean_opt(phone).or(write.phone);
    write.email = clean_opt(email);
    write
}

fn first_phone(push: &CustomerPush) -> Option<&str> {
    push.phones.iter().map(String::as_str).find(|phone| !phone.trim().is_empty())
}

fn buyer_block(push: &CustomerPush) -> AddressWrite {
    block(push.name.as_deref(), first_phone(push), push.email.as_deref(), push.address.as_ref())
}

/// What a new customer is made of.
fn wanted(push: &CustomerPush, reference: &str, email: &str) -> CustomerWrite {
    let mut write = CustomerWrite::default();
    let billing = buyer_block(push);
    write.email = Some(email.to_owned());
    write.first_name.clone_from(&billing.first_name);
    write.last_name.clone_from(&billing.last_name);
    write.billing = Some(billing);
    write.meta_data = mark(CONTACT, reference);
    write
}

/// Whether the shop has this address already: no part of it says something else.
fn is_there(billing: &model::Address, to: &Address) -> bool {
    let old = billing.place().unwrap_or_default();
    let text = |text: &Option<String>| clean_opt(text.as_deref());
    let agrees =
        |old: &Option<String>, new: &Option<String>| text(new).is_none_or(|new| text(old) == Some(new));
    let street = text(&to.street).or_else(|| text(&to.text));
    agrees(&old.street, &street)
        && agrees(&old.ward, &to.ward)
        && agrees(&old.district, &to.district)
        && agrees(&old.province, &to.province)
}

/// Writes only what differs. Blanks erase nothing; a number that is there already in another writing stays as it is.
async fn change(client: &Client, known: Customer, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let mut write = CustomerWrite::default();
    let bare = model::Address::default();
    let billing = known.billing.as_deref().unwrap_or(&bare);
    let mut new = AddressWrite::default();
    let country = push.address.as_ref().and_then(|to| to.country.as_deref()).or(billing.country.as_deref());
    let name = push.name.as_deref().and_then(clean).filter(|name| read_name(Some(name)).name.is_some());
    if let Some(name) = name.filter(|name| known.full_name().as_deref() != Some(name)) {
        (write.first_name, write.last_name) = halves(&name, country);
        (new.first_name, new.last_name) = (write.first_name.clone(), write.last_name.clone());
    }
    let numbers = |text: &str| -> Vec<_> {
        read_phones(text, &PhoneRules::default()).phones.into_iter().map(|number| number.e164).collect()
    };
    if let Some(phone) = first_phone(push).and_then(clean) {
        let own = billing.phone.as_deref().unwrap_or_default();
        let (asked, there) = (numbers(&phone), numbers(own));
        let is_there =
            own.trim() == phone || (!asked.is_empty() && asked.iter().all(|number| there.contains(number)));
        new.phone = (!is_there).then_some(phone);
    }
    if let Some(email) = clean_opt(push.email.as_deref()) {
        let is =
            |own: &Option<String>| own.as_deref().is_some_and(|own| own.trim().eq_ignore_ascii_case(&email));
        write.email = (!is(&known.email)).then(|| email.clone());
        new.email = (write.email.is_some() && !is(&billing.email)).then_some(email);
    }
    if let Some(to) = push.address.as_ref().filter(|to| !is_there(billing, to)) {
        let wanted = address_write(to);
        new.address_1 = wanted.address_1;
        // What belonged to the address before must not stay beside the new one.
        new.address_2 = Some(wanted.address_2.unwrap_or_default());
        new.city = Some(wanted.city.unwrap_or_default());
        new.state = Some(wanted.state.unwrap_or_default());
        new.country = wanted.country;
    }
    write.billing = (new != AddressWrite::default()).then_some(new);
    if write == CustomerWrite::default() {
        return Ok(pushed(known, PushOutcome::Found));
    }
    let id = known.id;
    let changed = match client.update_customer(id, &write).await {
        // Written, but answered without the customer.
        Err(error) if error.kind() == ErrorKind::Decode => client.get_customer(id).await?,
        answer => answer?,
    };
    Ok(pushed(changed, PushOutcome::Updated))
}

/// Creates an order that carries our reference in a meta field.
///
/// Meta fields cannot be searched for, so orders created since shortly before `created_at` are looked through (one request
/// for each hundred); then one request for each product says whether it is a variation, and one writes. After a failure that
/// leaves open whether it was carried out, the orders are looked through again.
pub(crate) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let reference = reference(&push.reference)?;
    let mut write = order_write(push, reference)?;
    let since =
        push.created_at.unwrap_or_else(|| client.now().saturating_sub(LOOK_BACK)).saturating_sub(MARGIN);
    if let Some(made) = marked(client, reference, since).await? {
        return Ok(ordered(made, PushOutcome::Found));
    }
    if let (Some(id), None) = (write.customer_id, &push.buyer) {
        // The shop does not fill in the buyer by itself.
        write.billing = client.get_customer(id).await?.billing.map(|billing| copied(*billing));
    }
    let goods = push.lines.iter().filter(|line| is_product(line));
    let mut lines = Vec::new();
    for line in goods {
        lines.push(line_write(client, line).await?);
    }
    write.line_items = Some(lines);
    let made = client.create_order(&write).await;
    let (order, outcome) = settle(made, marked(client, reference, since), |_| false).await?;
    Ok(ordered(order, outcome))
}

fn ordered(order: Order, outcome: PushOutcome) -> Pushed<OrderRecord> {
    Pushed::new(order.id.to_string(), outcome, Some(order.into_record(Extra::new())))
}

/// The order with our reference among those created since then. What a failed attempt left behind as a draft is none.
async fn marked(client: &Client, reference: &str, since: OffsetDateTime) -> Result<Option<Order>> {
    let params = ListParams::default().with_after(since).with_filter("_fields", "id,status,meta_data");
    let mut ours = None;
    let look = |row: Raw<'_, Order>| {
        let is_ours = |order: &Order| order.own_reference() == Some(reference) && !order.is_draft();
        ours = row.read.ok().filter(is_ours).map(|order| order.id);
        ours.is_none()
    };
    client.every(Order::LIST, Order::PATH, &params, look).await?;
    match ours {
        Some(id) => client.get_order(id).await.map(Some),
        None => Ok(None),
    }
}

/// Whether a line is about a product of the shop; anything else goes as a fee.
fn is_product(line: &PushLine) -> bool {
    [&line.product_id, &line.sku].into_iter().any(|text| clean_opt(text.as_deref()).is_some())
}

fn goods_total(line: &PushLine) -> Money {
    line.unit_price.times(line.quantity) - line.discount.unwrap_or_default()
}

fn fee(name: &str, total: Money) -> FeeWrite {
    FeeWrite { name: Some(name.to_owned()), total: Some(total), ..FeeWrite::default() }
}

/// The payment method that is paid at the door: its orders are worked on unpaid.
const COD: &str = "cod";

/// Everything but the goods. What can be refused is refused here, before anything is sent.
fn order_write(push: &OrderPush, reference: &str) -> Result<OrderWrite> {
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    let mut write = OrderWrite::default();
    let mut fees = Vec::new();
    for line in &push.lines {
        match (is_product(line), clean_opt(line.name.as_deref())) {
            (true, _) if !line.quantity.decimal().fract().is_zero() => {
                return Err(Error::unsupported("WooCommerce takes whole quantities only"));
            }
            (true, _) => {}
            (false, Some(name)) => fees.push(fee(&name, goods_total(line))),
            (false, None) => return Err(Error::config("a line needs the id of a product, a code or a name")),
        }
    }
    let discount = push.discount.unwrap_or_default();
    if !discount.is_zero() {
        fees.push(fee("Giảm giá", Money::ZERO - discount));
    }
    let shipping = push.shipping_fee.unwrap_or_default();
    let total: Money = push.lines.iter().map(goods_total).sum::<Money>() + shipping - discount;
    let paid = push.paid.unwrap_or_default();
    if !paid.is_zero() && paid < total {
        return Err(Error::unsupported("WooCommerce knows no part payments: an order is paid, or it is not"));
    }
    let method = clean_opt(push.payment_method.as_deref());
    let is_cod = method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case(COD));
    // A paid order is moved on by the shop itself.
    write.set_paid = Some(!paid.is_zero());
    write.status = paid.is_zero().then(|| if is_cod { "processing" } else { "pending" }.to_owned());
    write.payment_method = method.clone().map(|method| if is_cod { COD.to_owned() } else { method });
    write.payment_method_title = method;
    write.created_via = Some(SOURCE.to_owned());
    write.customer_id = push.buyer_id.as_deref().map(number).transpose()?;
    write.billing = push.buyer.as_ref().map(buyer_block);
    write.shipping = push.recipient.as_ref().map(|to| block(None, None, None, Some(to)));
    write.customer_note = clean_opt(push.note.as_deref());
    write.fee_lines = (!fees.is_empty()).then_some(fees);
    if !shipping.is_zero() {
        let line = ShippingWrite {
            method_id: Some("flat_rate".to_owned()),
            method_title: Some("Giao hàng".to_owned()),
            total: Some(shipping),
            ..ShippingWrite::default()
        };
        write.shipping_lines = Some(vec![line]);
    }
    write.meta_data = mark(ORDER, reference);
    Ok(write)
}

/// The billing block of an account, as an order of it has it.
fn copied(from: model::Address) -> AddressWrite {
    AddressWrite {
        first_name: from.first_name,
        last_name: from.last_name,
        company: from.company,
        address_1: from.address_1,
        address_2: from.address_2,
        city: from.city,
        state: from.state,
        postcode: from.postcode,
        country: from.country,
        email: from.email,
        phone: from.phone,
        ..AddressWrite::default()
    }
}

/// A line by the id of a product or a variation, or by its code. One request.
async fn line_write(client: &Client, line: &PushLine) -> Result<LineWrite> {
    let product = match (clean_opt(line.product_id.as_deref()), clean_opt(line.sku.as_deref())) {
        (Some(id), _) => client.get_product(number(&id)?).await?,
        (None, sku) => {
            let sku = sku.unwrap_or_default();
            let params = ListParams::default().with_filter("sku", sku.as_str());
            let found = client.list_products(&params).await?.data;
            // A filter that is not heeded answers everything.
            let is = |own: &Option<String>| own.as_deref().is_some_and(|own| own.trim() == sku);
            let missing =
                || Error::new(ErrorKind::Rejected, "the shop has no product with the code of a line");
            found.into_iter().find(|product| is(&product.sku)).ok_or_else(missing)?
        }
    };
    let mut write = LineWrite::default();
    match product.parent_id.filter(|_| product.is_variation()) {
        Some(parent) => {
            write.product_id = Some(parent);
            write.variation_id = Some(product.id);
        }
        None => write.product_id = Some(product.id),
    }
    write.quantity = Some(line.quantity);
    write.subtotal = Some(line.unit_price.times(line.quantity));
    write.total = Some(goods_total(line));
    Ok(write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_as_reading_joins_it() {
        let split = |name: &str, country| {
            let (first, last) = halves(name, country);
            (first.unwrap(), last.unwrap())
        };
        assert_eq!(split("Trần Ngọc Lan", None), ("Lan".to_owned(), "Trần Ngọc".to_owned()));
        assert_eq!(split("Ann Mary Lee", Some("US")), ("Ann".to_owned(), "Mary Lee".to_owned()));
        assert_eq!(split("Lan", Some("VN")), ("Lan".to_owned(), String::new()));
    }
}
