//! Writing to the shop so that the same push again makes no second object.

use std::fmt::Write;

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{Keyed, Row, is_open, marker, reference, reference_in, settle};
use pos_core::record::{
    Address, CustomerRecord, Extra, Gender, Money, OrderRecord, PlaceCodes, Quantity, clean_opt,
};
use pos_core::{Error, ErrorKind, Result};

use crate::answer::{at, read_list};
use crate::client::{Client, Made, ORDERS, known};
use crate::model::{
    Customer, CustomerWrite, DeliveryWrite, ListParams, Order, OrderLineWrite, OrderWrite, PartyWrite,
    Product, vietnam,
};
use crate::profile::{MAX_PAGE, PLACES, same_case};
use crate::scan::{Walk, number_of};

/// Creates a customer, or finds who holds the number.
///
/// The vendor refuses a second customer with a number and says who has it; who holds one of the other numbers is looked for
/// first (two requests for each number), and again after a failure that leaves open whether the write was carried out.
pub(crate) async fn customer(client: &Client, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let (customer, outcome) = customer_of(client, push).await?;
    Ok(Pushed::new(customer.key().unwrap_or_default(), outcome, Some(customer.into_record(Extra::new()))))
}

async fn customer_of(client: &Client, push: &CustomerPush) -> Result<(Customer, PushOutcome)> {
    reference(&push.reference)?;
    if push.vendor_id.is_some() {
        return Err(Error::unsupported(
            "MISA eShop has no call that changes a customer: change it in the shop",
        ));
    }
    let numbers = numbers(push);
    let Some(write) = customer_write(push).filter(|_| !numbers.is_empty()) else {
        let what =
            "MISA eShop knows a customer again by phone number alone: a contact without one cannot be pushed";
        return Err(Error::unsupported(what));
    };
    if let Some(found) = holder(client, push, &numbers).await? {
        return Ok((found, PushOutcome::Found));
    }
    match client.create_customer(&write).await {
        Ok(Made::New(made)) => Ok((*made, PushOutcome::Created)),
        Ok(Made::Known(found)) => Ok((*found, PushOutcome::Found)),
        Err(error) if is_open(&error) => match holder(client, push, &numbers).await {
            Ok(Some(made)) => Ok((made, PushOutcome::Created)),
            _ => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// The numbers that somebody may be known by, each once.
fn numbers(push: &CustomerPush) -> Vec<E164> {
    let rules = PhoneRules::default();
    let mut numbers = Vec::new();
    for number in push.phones.iter().flat_map(|phone| read_phones(phone, &rules).phones) {
        if number.is_key && !numbers.contains(&number.e164) {
            numbers.push(number.e164);
        }
    }
    numbers
}

/// Who holds one of the numbers. Of several the one whose name or e-mail address agrees.
async fn holder(client: &Client, push: &CustomerPush, numbers: &[E164]) -> Result<Option<Customer>> {
    let mut holders: Vec<Customer> = Vec::new();
    for number in numbers {
        for one in client.find_customers_by_phone(&number.to_string()).await? {
            if one.key().is_some() && holders.iter().all(|known| known.key() != one.key()) {
                holders.push(one);
            }
        }
    }
    if holders.len() < 2 {
        return Ok(holders.pop());
    }
    let same = |ours: Option<&str>, theirs: Option<&str>| {
        let fold = |text: Option<&str>| clean_opt(text).map(|text| text.to_lowercase());
        fold(ours).is_some_and(|ours| fold(theirs) == Some(ours))
    };
    let agrees = |one: &Customer| {
        same(push.name.as_deref(), one.any_name()) || same(push.email.as_deref(), one.email.as_deref())
    };
    let mut agreeing = holders.iter().filter(|one| agrees(one));
    if let (Some(one), None) = (agreeing.next(), agreeing.next()) {
        return Ok(Some(one.clone()));
    }
    let mut ids: Vec<String> = holders.iter().filter_map(Keyed::key).collect();
    ids.sort();
    let what = format!("several customers of the shop hold the number: {}", ids.join(", "));
    Err(Error::new(ErrorKind::Conflict, what))
}

fn gender(gender: Option<Gender>) -> Option<u8> {
    match gender {
        Some(Gender::Male) => Some(0),
        Some(Gender::Female) => Some(1),
        _ => None,
    }
}

/// An address in one line, without the parts whose codes go beside it.
fn one_line(address: &Address, codes: &PlaceCodes) -> Option<String> {
    let part =
        |name: &Option<String>, code: &Option<String>| clean_opt(name.as_deref()).filter(|_| code.is_none());
    let parts = [
        clean_opt(address.street.as_deref()),
        part(&address.ward, &codes.ward),
        part(&address.district, &codes.district),
        part(&address.province, &codes.province),
    ];
    let line: Vec<String> = parts.into_iter().flatten().collect();
    if line.is_empty() { clean_opt(address.text.as_deref()) } else { Some(line.join(", ")) }
}

/// What a new customer is made of; `None` without a number. There is one place for a number, and none for a birthday.
fn customer_write(push: &CustomerPush) -> Option<CustomerWrite> {
    let tel = push.phones.iter().find_map(|phone| clean_opt(Some(phone)))?;
    let mut write = CustomerWrite {
        name: clean_opt(push.name.as_deref()).or_else(|| Some(tel.clone())),
        tel: Some(tel),
        email: clean_opt(push.email.as_deref()),
        gender: gender(push.gender),
        description: clean_opt(push.note.as_deref()),
        ..CustomerWrite::default()
    };
    if let Some(address) = &push.address {
        let codes = address.codes_of(PLACES);
        write.addr = one_line(address, &codes);
        write.address_province = codes.province;
        write.address_district = codes.district;
        write.address_village = codes.ward;
    }
    Some(write)
}

/// Creates an order that has a number of our own and carries our mark in its note.
///
/// An order cannot be read by id, and nobody confirmed the list of orders, so that the connector sends this only where it was
/// told that the shop has one: the list is looked through (one request for each hundred orders) before the write, and after a
/// failure that leaves open whether it was carried out. A buyer without a vendor id is pushed first; one with an id is looked
/// for by number, or in the list of customers.
pub(crate) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let own = reference(&push.reference)?;
    let mut write = order_write(client, push, own)?;
    if let Some(made) = listed(client, own).await? {
        return Ok(ordered(made, PushOutcome::Found));
    }
    let buyer = party_of(&buyer(client, push).await?)?;
    if let Some(delivery) = &mut write.order_delivery {
        let to = push.recipient.as_ref().map(|to| receiver(to, &buyer));
        delivery.receiver = Some(to.unwrap_or_else(|| buyer.clone()));
    }
    write.customer = Some(buyer);
    for (at, line) in push.lines.iter().enumerate() {
        write.order_details.push(line_write(client, line, at).await?);
    }
    let made = client.create_order(&write).await;
    let (order, outcome) = settle(made, listed(client, own), |_| false).await?;
    Ok(ordered(order, outcome))
}

fn ordered(order: Order, outcome: PushOutcome) -> Pushed<OrderRecord> {
    Pushed::new(order.key().unwrap_or_default(), outcome, Some(order.into_record(Extra::new())))
}

/// The longest number of an order that is sent: how long they may be is not known.
const LONGEST_NUMBER: usize = 20;

/// Our own number of an order: the reference itself where it is short and plain, else a print of it. Two references never
/// share one, although the vendor may not mind capital letters.
pub(crate) fn order_number(reference: &str) -> String {
    const OURS: &str = "CRM-";
    let is_plain =
        reference.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_plain && OURS.len() + reference.len() <= LONGEST_NUMBER {
        return format!("{OURS}{reference}");
    }
    let mut number = String::from("CRM");
    let _ = write!(number, "{:016x}", print_of(reference));
    number
}

/// As `number_of`, and heeding capital letters.
fn print_of(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Our order in the shop's list, by our number or by our mark.
async fn listed(client: &Client, reference: &str) -> Result<Option<Order>> {
    let number = order_number(reference);
    let is_ours = |order: &Order| {
        let is_number = order.order_no.as_deref().is_some_and(|own| own.trim().eq_ignore_ascii_case(&number));
        let marked = order.description.as_deref().and_then(reference_in);
        is_number || marked.as_deref() == Some(reference)
    };
    find(client, ORDERS, &ListParams::default().sorted_by("OrderNo"), is_ours).await.map_err(unlisted)
}

/// A shop that does not answer its list of orders cannot be asked whether it has one.
fn unlisted(error: Error) -> Error {
    let is_missing = error.status() == Some(404) || error.kind() == ErrorKind::Rejected;
    if !is_missing {
        return error;
    }
    let what = "this shop does not list its orders, so that an order pushed twice would be two: switch order_list off";
    Error::unsupported(what).with_context(ORDERS.name).with_source(error)
}

/// The first row of a list that is what is looked for, read to the end where none is.
async fn find<T: Keyed<Key = String>>(
    client: &Client,
    endpoint: crate::client::Endpoint,
    params: &ListParams,
    is: impl Fn(&T) -> bool,
) -> Result<Option<T>> {
    let mut walk = Some(Walk::default());
    while let Some(place) = walk {
        let window = place.window(u64::from(MAX_PAGE));
        let asked = params.clone().with_page(window.page).with_limit(window.limit);
        let response = client.ask(endpoint, &asked).await?;
        let list = read_list::<T>(&response.body).map_err(|error| at(error, endpoint.name, &response))?;
        let ids: Vec<Option<u64>> = list.rows.iter().map(|row| row.key().as_deref().map(number_of)).collect();
        let total = list.total;
        if let Some(found) = list.rows.into_iter().filter_map(|row| row.read.ok()).find(&is) {
            return Ok(Some(found));
        }
        walk = place.step(window, &ids, u64::from(MAX_PAGE), total)?.next;
    }
    Ok(None)
}

/// Who buys, with the code and the name that an order needs beside the id.
async fn buyer(client: &Client, push: &OrderPush) -> Result<Customer> {
    let Some(id) = &push.buyer_id else {
        let Some(buyer) = &push.buyer else {
            return Err(Error::unsupported("MISA eShop takes an order of a customer only"));
        };
        let mut buyer = buyer.clone();
        // Selling to a customer does not change the customer.
        let Some(id) = buyer.vendor_id.take() else { return Ok(customer_of(client, &buyer).await?.0) };
        return customer_by_id(client, &id, Some(&buyer)).await;
    };
    customer_by_id(client, id, push.buyer.as_ref()).await
}

async fn customer_by_id(client: &Client, id: &str, told: Option<&CustomerPush>) -> Result<Customer> {
    let id = same_case(id.trim().to_owned());
    for number in told.map(numbers).unwrap_or_default() {
        let holders = client.find_customers_by_phone(&number.to_string()).await?;
        if let Some(known) = holders.into_iter().find(|one| one.key().as_ref() == Some(&id)) {
            return Ok(known);
        }
    }
    let params = ListParams::default().sorted_by("Code");
    let is = |one: &Customer| one.key().as_ref() == Some(&id);
    find(client, crate::client::CUSTOMERS, &params, is)
        .await?
        .ok_or_else(|| Error::new(ErrorKind::Rejected, "the shop has no customer with the id of the buyer"))
}

fn party_of(customer: &Customer) -> Result<PartyWrite> {
    let party = PartyWrite {
        id: customer.key(),
        code: customer.any_code().and_then(|code| clean_opt(Some(code))),
        name: customer.any_name().and_then(|name| clean_opt(Some(name))),
        gender: customer.gender.and_then(|code| u8::try_from(code).ok()),
        tel: customer.tel.clone(),
        email: customer.email.clone(),
        address: customer.addr.clone().or_else(|| customer.address.clone()),
    };
    if party.code.is_none() || party.name.is_none() {
        return Err(Error::unsupported(
            "MISA eShop takes an order of a customer with a code and a name only",
        ));
    }
    Ok(party)
}

/// Who receives: the recipient's own name, number and address under the buyer's id, which the vendor asks for.
fn receiver(to: &Address, buyer: &PartyWrite) -> PartyWrite {
    let mut party = buyer.clone();
    party.name = clean_opt(to.name.as_deref()).or(party.name);
    party.tel = clean_opt(to.phone.as_deref()).or(party.tel);
    party.address = one_line(to, &PlaceCodes::default()).or(party.address);
    party
}

fn refuse(what: &str) -> Error {
    Error::unsupported(format!("MISA eShop has no place for {what} on an order"))
}

/// Everything but buyer and goods. What can be refused is refused here, before anything is sent.
fn order_write(client: &Client, push: &OrderPush, own: &str) -> Result<OrderWrite> {
    let branch = clean_opt(push.branch_id.as_deref())
        .ok_or_else(|| Error::config("an order of MISA eShop needs the branch that sells"))?;
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    for line in &push.lines {
        if line.product_id.is_none() && clean_opt(line.sku.as_deref()).is_none() {
            return Err(Error::config("a line needs the id or the code of a product"));
        }
        if line.quantity <= Quantity::from(0) || line.unit_price <= Money::ZERO {
            return Err(Error::unsupported(
                "MISA eShop takes lines with a quantity and a price above zero only",
            ));
        }
    }
    if push.seller_id.is_some() {
        return Err(refuse("a seller"));
    }
    if push.channel_id.is_some() {
        return Err(refuse("a sales channel"));
    }
    if push.paid.is_some_and(|paid| !paid.is_zero()) {
        return Err(refuse("money that was paid"));
    }
    let discount = push.discount.unwrap_or(Money::ZERO);
    let fee = push.shipping_fee.unwrap_or(Money::ZERO);
    let goods: Money = push.lines.iter().map(goods_total).sum();
    let note =
        [clean_opt(push.note.as_deref()), clean_opt(push.payment_method.as_deref()), Some(marker(own)?)];
    let mut write = OrderWrite {
        order_no: Some(order_number(own)),
        order_date: Some(vietnam(push.created_at.unwrap_or_else(|| client.now()))),
        discount_rate: Some(Quantity::from(0)),
        discount_amount: Some(discount),
        scope_of_application: Some(1),
        total_amount: Some(goods - discount + fee),
        branch_id: Some(same_case(branch)),
        description: Some(note.into_iter().flatten().collect::<Vec<_>>().join(" ")),
        ..OrderWrite::default()
    };
    let to = push.recipient.as_ref().or_else(|| push.buyer.as_ref()?.address.as_ref());
    if let Some(to) = to {
        let codes = to.codes_of(PLACES);
        write.to_province_or_city_id = codes.province;
        write.to_district_id = codes.district;
        write.to_ward_or_commune_id = codes.ward;
        write.to_province_or_city_name = clean_opt(to.province.as_deref());
        write.to_district_name = clean_opt(to.district.as_deref());
        write.to_ward_or_commune_name = clean_opt(to.ward.as_deref());
    }
    if push.recipient.is_some() || !fee.is_zero() {
        write.order_delivery = Some(DeliveryWrite { delivery_amount: Some(fee), receiver: None });
    }
    Ok(write)
}

fn goods_total(line: &PushLine) -> Money {
    line.unit_price.times(line.quantity) - line.discount.unwrap_or(Money::ZERO)
}

/// A line with what the vendor wants to know of its product: one request, two where the unit stands on the parent.
async fn line_write(client: &Client, line: &PushLine, place: usize) -> Result<OrderLineWrite> {
    let product = match (&line.product_id, clean_opt(line.sku.as_deref())) {
        (Some(id), _) => by_id(client, &known(id)?).await?,
        (None, sku) => by_code(client, &sku.unwrap_or_default()).await?,
    };
    let write = OrderLineWrite {
        product_id: product.id,
        // What a combo is on an order is not known.
        product_type: Some(1),
        product_code: product.code,
        product_name: clean_opt(line.name.as_deref()).or(product.name),
        quantity: Some(line.quantity),
        selling_price: Some(line.unit_price),
        amount: Some(line.unit_price.times(line.quantity)),
        discount_amount: line.discount,
        sort_order: u32::try_from(place + 1).ok(),
        unit_id: product.unit_id,
    };
    if write.product_code.is_none() || write.product_name.is_none() || write.unit_id.is_none() {
        return Err(Error::unsupported("MISA eShop takes goods with a code, a name and a unit only"));
    }
    Ok(write)
}

/// The product or variant itself, with the unit of its parent where it has none.
fn itself(product: Product, is: impl Fn(&Product) -> bool) -> Option<Product> {
    if is(&product) {
        return Some(product);
    }
    let unit = product.unit_id;
    let variant = product.list_detail.into_iter().find(is)?;
    Some(Product { unit_id: variant.unit_id.clone().or(unit), ..variant })
}

async fn by_id(client: &Client, id: &str) -> Result<Product> {
    let is = |one: &Product| one.id.as_deref() == Some(id);
    let product = itself(client.get_product(id).await?, is)
        .ok_or_else(|| Error::new(ErrorKind::Rejected, "the shop has no product with the id of a line"))?;
    match &product.parent_id {
        Some(parent) if product.unit_id.is_none() => {
            let unit = client.get_product(parent).await?.unit_id;
            Ok(Product { unit_id: unit, ..product })
        }
        _ => Ok(product),
    }
}

async fn by_code(client: &Client, code: &str) -> Result<Product> {
    let mut params = ListParams::default().with_page(1).with_limit(u64::from(MAX_PAGE));
    params.key_search = Some(code.to_owned());
    let is = |one: &Product| one.code.as_deref().is_some_and(|own| own.trim().eq_ignore_ascii_case(code));
    let found = client.find_products(&params).await?.data.into_iter().find_map(|product| itself(product, is));
    found.ok_or_else(|| Error::new(ErrorKind::Rejected, "the shop has no product with the code of a line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_ours_is_short_and_never_shared() {
        assert_eq!(order_number("o-7f3c2a"), "CRM-o-7f3c2a");
        let references = [
            "8841",
            "88-41",
            "88_41",
            "ab",
            "Ab",
            "đơn 7",
            &"9".repeat(16),
            &"9".repeat(17),
            &"9".repeat(18),
        ];
        let mut numbers: Vec<String> =
            references.iter().map(|one| order_number(one).to_lowercase()).collect();
        for number in &numbers {
            assert!(number.len() <= LONGEST_NUMBER && number.is_ascii(), "{number}");
        }
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), references.len());
    }
}
