//! Writing to the shop so that the same push again makes no second object.

use std::collections::BTreeMap;

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{Row, create_once, is_taken, number, reference, settle};
use pos_core::record::{Address, CustomerRecord, Extra, Gender, OrderRecord, clean, clean_opt};
use pos_core::{Error, ErrorKind, Result};
use time::{Duration, OffsetDateTime};

use crate::client::{Client, ListEndpoint, ListParams, step};
use crate::map::{is_name, split_tags};
use crate::mark::{PLACES, REFERENCE, TAG};
use crate::model::{
    self, AddressWrite, AttributeWrite, Customer, CustomerWrite, DiscountWrite, LineWrite, Order, OrderWrite,
    Ref, ShippingLineWrite, TransactionWrite,
};
use crate::profile::MAX_PAGE;
use crate::scan::Walk;

/// How far before an order's own time its earlier push is searched for: clocks differ.
const MARGIN: Duration = Duration::minutes(10);

/// How far back an order without a time of its own is searched for.
const LOOK_BACK: Duration = Duration::hours(24);

/// Changes the customer with the vendor id, or creates one.
///
/// Without a vendor id it is looked for by phone, then by e-mail (both are unique at Haravan (D)); one who is there already
/// is answered and not written to. Sends two requests for each phone and up to one for the e-mail to find it, 1 to write, 1
/// for tags and up to 2 for an address that is new, and looks again when the write was refused or left open.
pub(crate) async fn customer(client: &Client, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    reference(&push.reference)?;
    if let Some(id) = &push.vendor_id {
        let (known, _) = client.find::<Customer>(number(id)?, &[]).await?;
        return change(client, known, push).await;
    }
    let has_phone = push.phones.iter().any(|phone| !phone.trim().is_empty());
    if !has_phone && push.email.as_deref().is_none_or(|email| email.trim().is_empty()) {
        return Err(Error::unsupported(
            "a new customer of Haravan needs a phone number or an e-mail address",
        ));
    }
    let write = wanted(push);
    let make = client.create_customer(&write);
    let (customer, outcome) = create_once(find(client, push), make, find(client, push), is_taken).await?;
    Ok(pushed(customer, outcome))
}

fn pushed(customer: Customer, outcome: PushOutcome) -> Pushed<CustomerRecord> {
    Pushed::new(customer.id.to_string(), outcome, Some(customer.into_record(Extra::new())))
}

/// The customer that the push means: who holds one of its numbers, else its e-mail. All numbers are asked for before one of
/// their holders is chosen: two customers may have one each.
async fn find(client: &Client, push: &CustomerPush) -> Result<Option<Customer>> {
    let rules = PhoneRules::default();
    let mut keys: Vec<E164> = Vec::new();
    for number in push.phones.iter().flat_map(|phone| read_phones(phone, &rules).phones) {
        if number.is_key && !keys.contains(&number.e164) {
            keys.push(number.e164);
        }
    }
    let mut holders: BTreeMap<i64, Customer> = BTreeMap::new();
    for key in &keys {
        let found = client.find_customers_by_phone(&key.to_string()).await?;
        holders.extend(found.into_iter().map(|one| (one.id, one)));
    }
    let what = if keys.len() > 1 { "these phone numbers" } else { "this phone number" };
    if let Some(one) = chosen(holders.into_values().collect(), push, what)? {
        return Ok(Some(one));
    }
    match folded(push.email.as_deref()) {
        Some(email) => chosen(client.find_customers_by_email(&email).await?, push, "this e-mail address"),
        None => Ok(None),
    }
}

/// Trimmed and in small letters; `None` for nothing.
fn folded(text: Option<&str>) -> Option<String> {
    clean_opt(text).map(|text| text.to_lowercase())
}

/// Several with one number are told apart by e-mail and name; if that leaves more than one, or nobody, it is a conflict.
fn chosen(mut found: Vec<Customer>, push: &CustomerPush, what: &str) -> Result<Option<Customer>> {
    found.retain(|one| !one.is_guest());
    if found.len() < 2 {
        return Ok(found.pop());
    }
    let (email, name) = (folded(push.email.as_deref()), folded(push.name.as_deref()));
    let only = |agrees: &dyn Fn(&Customer) -> bool| {
        let mut agreeing = (0..found.len()).filter(|at| agrees(&found[*at]));
        agreeing.next().filter(|_| agreeing.next().is_none())
    };
    let by_email = |one: &Customer| email.is_some() && folded(one.email.as_deref()) == email;
    let by_name = |one: &Customer| name.is_some() && folded(one.full_name().as_deref()) == name;
    let any_email = found.iter().any(by_email);
    let one = only(&|one| by_email(one) && by_name(one))
        .or_else(|| only(&by_email))
        .or_else(|| only(&by_name).filter(|_| !any_email));
    match one {
        Some(at) => Ok(Some(found.swap_remove(at))),
        None => {
            let ids: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
            let why = format!("several customers have {what}: {}", ids.join(", "));
            Err(Error::new(ErrorKind::Conflict, why))
        }
    }
}

/// Family and middle names, and the given name, which stands last.
fn split_name(name: &str) -> (Option<String>, String) {
    match name.rsplit_once(' ') {
        Some((last, first)) => (Some(last.to_owned()), first.to_owned()),
        None => (None, name.to_owned()),
    }
}

/// What a new customer is made of.
fn wanted(push: &CustomerPush) -> CustomerWrite {
    let mut write = CustomerWrite::default();
    let phone = push.phones.iter().find_map(|phone| clean(phone));
    let name = push.name.as_deref().and_then(clean).or_else(|| phone.clone());
    if let Some(name) = &name {
        let (last, first) = split_name(name);
        (write.last_name, write.first_name) = (last, Some(first));
    }
    write.email = clean_opt(push.email.as_deref());
    write.note = clean_opt(push.note.as_deref());
    write.tags = (!push.tags.is_empty()).then(|| push.tags.join(","));
    write.gender = gender(push.gender);
    write.birthday = push.birth_date.map(|date| format!("{date}T00:00:00Z"));
    write.send_email_invite = Some(false);
    write.send_email_welcome = Some(false);
    write.addresses =
        push.address.as_ref().map(|address| vec![address_write(address, name.as_deref(), phone.as_deref())]);
    write.phone = phone;
    write
}

fn gender(gender: Option<Gender>) -> Option<i64> {
    match gender {
        Some(Gender::Male) => Some(1),
        Some(Gender::Female) => Some(0),
        _ => None,
    }
}

/// Places go by code where the codes are known, and by name beside them.
fn address_write(address: &Address, name: Option<&str>, phone: Option<&str>) -> AddressWrite {
    let mut write = AddressWrite::default();
    // Codes of other systems mean nothing here.
    let codes = address.codes_of(PLACES);
    write.address1 = clean_opt(address.street.as_deref()).or_else(|| clean_opt(address.text.as_deref()));
    write.ward = clean_opt(address.ward.as_deref());
    write.ward_code = codes.ward;
    write.district = clean_opt(address.district.as_deref());
    write.district_code = codes.district;
    write.province = clean_opt(address.province.as_deref());
    write.province_code = codes.province;
    write.country = clean_opt(address.country.as_deref()).or_else(|| Some("Vietnam".to_owned()));
    write.country_code =
        matches!(write.country.as_deref(), Some("Vietnam" | "Việt Nam")).then(|| "vn".to_owned());
    write.phone = clean_opt(address.phone.as_deref()).or_else(|| phone.map(str::to_owned));
    if let Some(name) = clean_opt(address.name.as_deref()).or_else(|| name.map(str::to_owned)) {
        let (last, first) = split_name(&name);
        (write.last_name, write.first_name) = (last, Some(first));
    }
    write
}

/// Letters and digits in small letters: what is left of a text when writing habits are taken off.
fn plain(parts: &[Option<&str>]) -> String {
    let letters = parts.iter().flatten().flat_map(|part| part.chars());
    letters.filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether the shop has this address already, in whatever writing: the same street, and no other part that says something
/// else.
fn is_same_place(old: &model::Address, new: &AddressWrite) -> bool {
    let street = plain(&[new.address1.as_deref(), new.address2.as_deref()]);
    let agrees = |old: &Option<String>, new: &Option<String>| {
        let (old, new) = (plain(&[old.as_deref()]), plain(&[new.as_deref()]));
        old.is_empty() || new.is_empty() || old.contains(&new) || new.contains(&old)
    };
    let old_street = plain(&[old.address1.as_deref(), old.address2.as_deref()]);
    // What the push has in one line holds the street of the shop's.
    let same_street = old_street == street
        || (new.ward.is_none()
            && new.province.is_none()
            && !old_street.is_empty()
            && street.starts_with(&old_street));
    same_street
        && agrees(&old.ward, &new.ward)
        && agrees(&old.district, &new.district)
        && agrees(&old.province, &new.province)
}

/// A customer shows the most recent ones only (D).
const SHOWN_ADDRESSES: usize = 10;

/// Whether an address has to be added.
async fn is_new_place(client: &Client, known: &Customer, new: &AddressWrite) -> Result<bool> {
    if new.address1.is_none() {
        return Ok(false);
    }
    let shown = known.addresses.iter().chain(known.default_address.as_deref());
    if shown.into_iter().any(|old| is_same_place(old, new)) {
        return Ok(false);
    }
    if known.addresses.len() < SHOWN_ADDRESSES {
        return Ok(true);
    }
    let all = client.list_addresses(known.id, &ListParams::default().with_limit(250)).await?.data;
    Ok(!all.iter().any(|old| is_same_place(old, new)))
}

/// Writes only what differs. Blanks erase nothing; a number that is there already in another writing stays as it is.
async fn change(client: &Client, known: Customer, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    if known.is_guest() {
        return Err(Error::new(
            ErrorKind::Rejected,
            "this is the guest record that anonymous orders share: it is not changed",
        ));
    }
    let mut write = CustomerWrite::default();
    if let Some(name) = push.name.as_deref().and_then(clean).filter(|name| is_name(name))
        && known.full_name().as_deref() != Some(name.as_str())
    {
        let (last, first) = split_name(&name);
        // An empty text, because the old family name would stay otherwise.
        write.last_name = Some(last.unwrap_or_default());
        write.first_name = Some(first);
    }
    let numbers = |text: &str| -> Vec<_> {
        read_phones(text, &PhoneRules::default()).phones.into_iter().map(|number| number.e164).collect()
    };
    if let Some(phone) = push.phones.iter().find_map(|phone| clean(phone)) {
        let own = known.phone.as_deref().unwrap_or_default();
        let (asked, there) = (numbers(&phone), numbers(own));
        let is_there =
            own.trim() == phone || (!asked.is_empty() && asked.iter().all(|number| there.contains(number)));
        write.phone = (!is_there).then_some(phone);
    }
    let differs = |new: Option<&str>, old: Option<&str>| {
        clean_opt(new).filter(|new| old.and_then(clean).as_ref() != Some(new))
    };
    write.email = differs(push.email.as_deref(), known.email.as_deref())
        .filter(|email| known.email.as_deref().is_none_or(|old| !old.trim().eq_ignore_ascii_case(email)));
    write.note = differs(push.note.as_deref(), known.note.as_deref());
    write.gender = gender(push.gender).filter(|new| known.gender != Some(*new));
    write.birthday = push
        .birth_date
        .filter(|date| known.birth_date() != Some(*date))
        .map(|date| format!("{date}T00:00:00Z"));
    let have = split_tags(known.tags.as_deref());
    let has = |tag: &str| have.iter().any(|known| known.to_lowercase() == tag.to_lowercase());
    let more: Vec<String> = push.tags.iter().filter_map(|tag| clean(tag)).filter(|tag| !has(tag)).collect();
    let mut new_address =
        push.address.as_ref().map(|address| address_write(address, push.name.as_deref(), None));
    if let Some(new) = &new_address
        && !is_new_place(client, &known, new).await?
    {
        new_address = None;
    }
    if write == CustomerWrite::default() && more.is_empty() && new_address.is_none() {
        return Ok(pushed(known, PushOutcome::Found));
    }
    let id = known.id;
    let mut changed = None;
    if write != CustomerWrite::default() {
        changed = match client.update_customer(id, &write).await {
            // Written, but answered without the customer.
            Err(error) if error.kind() == ErrorKind::Decode => None,
            answer => Some(answer?).filter(|changed| changed.id == id),
        };
    }
    if !more.is_empty() {
        client.add_customer_tags(id, &more).await?;
        changed = None;
    }
    if let Some(address) = new_address {
        client.create_address(id, &address).await?;
        changed = None;
    }
    let changed = match changed {
        Some(changed) => changed,
        None => client.get_customer(id).await?,
    };
    Ok(pushed(changed, PushOutcome::Updated))
}

/// Creates an order that carries our reference in a custom field.
///
/// Orders with it are searched for among those created since shortly before `created_at` (one request for each fifty, and
/// up to seven hours more than asked for); then one request writes. After a failure that leaves open whether it was carried
/// out, the search is made again. A buyer without a vendor id is pushed first.
pub(crate) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let reference = reference(&push.reference)?;
    let mut write = order_write(push, reference)?;
    let since = push.created_at.map_or_else(|| client.now() - LOOK_BACK, |at| at - MARGIN);
    if let Some(made) = marked(client, reference, since).await? {
        return Ok(ordered(made, PushOutcome::Found));
    }
    if let (None, Some(buyer)) = (&push.buyer_id, &push.buyer) {
        let buyer = customer(client, buyer).await?;
        write.customer = Some(Ref { id: number(&buyer.id)? });
    }
    let made = client.create_order(&write).await;
    let (order, outcome) = settle(made, marked(client, reference, since), |_| false).await?;
    Ok(ordered(order, outcome))
}

fn ordered(order: Order, outcome: PushOutcome) -> Pushed<OrderRecord> {
    Pushed::new(order.id.to_string(), outcome, Some(order.into_record(Extra::new())))
}

/// The order with our reference among those created since then.
async fn marked(client: &Client, reference: &str, since: OffsetDateTime) -> Result<Option<Order>> {
    let list = ListEndpoint::of::<Order>();
    let mut walk = Some(Walk::default());
    while let Some(place) = walk {
        let params = ListParams::default().with_created_from(since);
        let response = client.walk(&list, &place, MAX_PAGE, params).await?;
        let (rows, next) = step::<Order>(&list, &place, MAX_PAGE, &response)?;
        let mut orders = rows.into_iter().filter_map(|row| row.read.ok());
        if let Some(made) = orders.find(|order| order.own_reference() == Some(reference)) {
            return Ok(Some(made));
        }
        walk = next;
    }
    Ok(None)
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(push: &OrderPush, reference: &str) -> Result<OrderWrite> {
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    let mut write = OrderWrite {
        customer: push.buyer_id.as_deref().map(number).transpose()?.map(|id| Ref { id }),
        ..OrderWrite::default()
    };
    if write.customer.is_none() && push.buyer.is_none() {
        return Err(Error::config(
            "an order of Haravan needs a buyer: without one it lands on the guest record",
        ));
    }
    write.location_id = push.branch_id.as_deref().map(number).transpose()?;
    write.user_id = push.seller_id.as_deref().map(number).transpose()?;
    let channel = push.channel_id.as_deref().and_then(clean).unwrap_or_else(|| "crm".to_owned());
    write.source = Some(channel.clone());
    write.source_name = Some(channel);
    write.line_items = Some(push.lines.iter().map(line_write).collect::<Result<_>>()?);
    write.shipping_address = push.recipient.as_ref().map(|to| address_write(to, None, None));
    write.note = clean_opt(push.note.as_deref());
    write.tags = Some(TAG.to_owned());
    write.note_attributes =
        Some(vec![AttributeWrite { name: REFERENCE.to_owned(), value: reference.to_owned() }]);
    write.gateway = clean_opt(push.payment_method.as_deref());
    write.is_confirm = Some(true);
    write.send_receipt = Some(false);
    write.send_fulfillment_receipt = Some(false);
    if let Some(amount) = push.discount.filter(|discount| !discount.is_zero()) {
        let discount = DiscountWrite {
            code: Some("CRM".to_owned()),
            amount: Some(amount),
            is_coupon_code: Some(false),
            ..DiscountWrite::default()
        };
        write.discount_codes = Some(vec![discount]);
    }
    if let Some(fee) = push.shipping_fee.filter(|fee| !fee.is_zero()) {
        let mut line = ShippingLineWrite {
            code: Some("Giao hàng tận nơi".to_owned()),
            ..ShippingLineWrite::default()
        };
        line.title.clone_from(&line.code);
        line.price = Some(fee);
        write.shipping_lines = Some(vec![line]);
    }
    if let Some(paid) = push.paid.filter(|paid| !paid.is_zero()) {
        let capture = TransactionWrite {
            kind: Some("capture".to_owned()),
            // Without an amount the order ends as partly paid (S).
            amount: Some(paid),
            gateway: write.gateway.clone(),
            ..TransactionWrite::default()
        };
        write.transactions = Some(vec![capture]);
    }
    Ok(write)
}

fn line_write(line: &PushLine) -> Result<LineWrite> {
    let mut write = LineWrite {
        variant_id: line.product_id.as_deref().map(number).transpose()?,
        sku: clean_opt(line.sku.as_deref()),
        title: clean_opt(line.name.as_deref()),
        ..LineWrite::default()
    };
    if write.variant_id.is_none() && write.title.is_none() {
        write.title.clone_from(&write.sku);
    }
    if write.variant_id.is_none() && write.title.is_none() {
        return Err(Error::config("a line needs the id of a variant, a name or a code"));
    }
    write.quantity = Some(line.quantity);
    write.price = Some(line.unit_price);
    write.total_discount = line.discount.filter(|discount| !discount.is_zero());
    Ok(write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_name_stands_last() {
        assert_eq!(split_name("Trần Ngọc Lan"), (Some("Trần Ngọc".into()), "Lan".into()));
        assert_eq!(split_name("Lan"), (None, "Lan".into()));
    }
}
