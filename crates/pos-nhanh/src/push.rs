//! Writing to the shop without making anything twice.
//!
//! The vendor knows customers by mobile and orders by `appOrderId` within the app. What it answers to a second `customer/add`
//! or `order/add` is not documented, so neither is ever sent before a search has found nothing.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{PhoneRules, read_phones};
use pos_core::record::{Address, CustomerRecord, Gender, Money, OrderRecord, clean_opt};
use pos_core::webhook::body_id;
use pos_core::{Error, ErrorKind, Result};

use crate::client::{Client, ListParams, MAX_PAGE, day, dialled};
use crate::connector::{Nhanh, number};
use crate::map::{Row, without_tax};
use crate::model::{
    ChannelWrite, ContactWrite, Customer, CustomerWrite, InfoWrite, Order, OrderLineWrite, OrderWrite,
    PaymentWrite, PlaceWrite,
};

/// The longest `appOrderId` that is sent: what 2.0 allows for an own id (D).
const LONGEST_REFERENCE: usize = 36;
/// The most lines on an order (D).
const MOST_LINES: usize = 500;

/// Whether a failed write may have been carried out.
fn is_open(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Decode | ErrorKind::Unexpected
    )
}

/// Our own id as the vendor can keep it: itself, or a hash of one that is too long.
pub(crate) fn app_order_id(reference: &str) -> Result<String> {
    let reference = reference.trim();
    if reference.is_empty() {
        return Err(Error::config("a push needs a reference: it is what finds the first one again"));
    }
    if reference.len() <= LONGEST_REFERENCE && reference.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(reference.to_owned());
    }
    Ok(format!("crm-{}", &body_id(reference.as_bytes())[..32]))
}

/// The first number that identity may use, as it is dialled.
fn mobile(phones: &[String]) -> Option<String> {
    let rules = PhoneRules::default();
    let keys = phones.iter().flat_map(|phone| read_phones(phone, &rules).phones);
    keys.into_iter().find(|number| number.is_key).map(|number| dialled(&number.e164.to_string()))
}

fn pushed(customer: &Customer, outcome: PushOutcome) -> Pushed<CustomerRecord> {
    let record = customer.record();
    Pushed::new(record.id.clone(), outcome, Some(record))
}

/// Creates a customer, or changes one whose vendor id is known.
///
/// Without a vendor id the mobile is looked up first (one request): a customer who has it is found, and is not touched, because
/// only the caller's merge policy can know whether to overwrite. A new one is added and read again (two requests). With a vendor
/// id the customer is read, changed by adding the same mobile again, which the vendor documents for 2.0 and not for 3.0, and
/// read again: when the change did not take, the answer is `Unsupported`. Only the first usable number, and no tags, are sent.
pub(crate) async fn customer(shop: &Nhanh, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let client = &shop.client;
    if let Some(id) = &push.vendor_id {
        let known = client.get_customer(number(id)?).await?;
        return change(client, known, push).await;
    }
    let mobile = mobile(&push.phones).ok_or_else(|| {
        Error::config("Nhanh.vn knows a customer by a phone number: this push has none that can be used")
    })?;
    if let Some(known) = first(client.find_customers_by_mobile(&mobile).await?) {
        return Ok(pushed(&known, PushOutcome::Found));
    }
    let mut write = wanted(push)?;
    write.name = write.name.or_else(|| Some(mobile.clone()));
    write.mobile = Some(mobile.clone());
    let added = client.add_customers(std::slice::from_ref(&write)).await;
    match added {
        Ok(added) => {
            // Read again: the answer has no more than the id, and may be about a customer who was there.
            let id = added.first().and_then(|added| added.id.clone());
            let made = match id {
                Some(id) => Some(client.get_customer(number(&id)?).await?),
                None => first(client.find_customers_by_mobile(&mobile).await?),
            };
            made.map(|made| pushed(&made, PushOutcome::Created)).ok_or_else(|| {
                Error::new(ErrorKind::Unexpected, "the customer was added and cannot be found")
            })
        }
        Err(error) if is_open(&error) => match client.find_customers_by_mobile(&mobile).await.map(first) {
            Ok(Some(made)) => Ok(pushed(&made, PushOutcome::Created)),
            _ => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// The oldest of several, so that it is always the same one.
fn first(found: Vec<Customer>) -> Option<Customer> {
    found
        .into_iter()
        .min_by_key(|one| one.id.as_deref().and_then(|id| id.parse::<i64>().ok()).unwrap_or(i64::MAX))
}

/// What the push says, as the vendor wants it.
fn wanted(push: &CustomerPush) -> Result<CustomerWrite> {
    let mut write = CustomerWrite::default();
    write.name = clean_opt(push.name.as_deref());
    write.gender = match push.gender {
        Some(Gender::Male) => Some(1),
        Some(Gender::Female) => Some(2),
        _ => None,
    };
    write.birthday = push.birth_date.map(day);
    write.email = clean_opt(push.email.as_deref());
    write.description = clean_opt(push.note.as_deref());
    if let Some(address) = &push.address {
        write.address = in_words(address);
        write.locations = place(address);
    }
    match push.group_ids.as_slice() {
        [] => {}
        [group] => write.group_id = Some(number(group)?),
        _ => return Err(Error::config("a customer of Nhanh.vn is in one group at most")),
    }
    Ok(write)
}

/// The whole address in one line: the vendor knows places by ids of its own, which an address of another system lacks.
fn in_words(address: &Address) -> Option<String> {
    let has_codes = address.codes.contains_key("province");
    let parts = [&address.street, &address.ward, &address.district, &address.province];
    let words: Vec<String> = match has_codes {
        true => clean_opt(address.street.as_deref()).into_iter().collect(),
        false => parts.into_iter().filter_map(|part| clean_opt(part.as_deref())).collect(),
    };
    if words.is_empty() { clean_opt(address.text.as_deref()) } else { Some(words.join(", ")) }
}

fn code(address: &Address, part: &str) -> Option<i64> {
    address.codes.get(part)?.parse().ok()
}

fn place(address: &Address) -> Option<PlaceWrite> {
    let mut place = PlaceWrite::default();
    place.city_id = Some(code(address, "province")?);
    place.district_id = code(address, "district");
    place.ward_id = code(address, "ward");
    Some(place)
}

/// Lays what the push says over what the vendor keeps. Blanks erase nothing.
async fn change(client: &Client, known: Customer, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let wanted = wanted(push)?;
    if !differs(&known, &wanted) {
        return Ok(pushed(&known, PushOutcome::Found));
    }
    let id = known.id.clone().unwrap_or_default();
    let mut write = wanted.clone();
    // The mobile is the key: it goes out as the vendor keeps it.
    write.mobile = known.mobile.clone();
    if write.mobile.is_none() {
        let what =
            "a customer without a phone number cannot be changed: Nhanh.vn has no other key to change one by";
        return Err(Error::unsupported(what));
    }
    write.name = write.name.or_else(|| known.name.clone()).or_else(|| known.mobile.clone());
    let added = client.add_customers(std::slice::from_ref(&write)).await?;
    if let Some(other) = added.iter().filter_map(|added| added.id.as_ref()).find(|other| **other != id) {
        let what = format!("the vendor added another customer ({other}) instead of changing {id}");
        return Err(Error::new(ErrorKind::Conflict, what).with_context("POST /customer/add"));
    }
    let now = client.get_customer(number(&id)?).await?;
    if differs(&now, &wanted) {
        let what = "the vendor took the change of a customer and kept the old data: API 3.0 may have no way to change one";
        return Err(Error::unsupported(what).with_context("POST /customer/add"));
    }
    Ok(pushed(&now, PushOutcome::Updated))
}

/// Whether the vendor keeps something else than what is wanted. A note cannot be read back, so it alone changes nothing.
fn differs(known: &Customer, wanted: &CustomerWrite) -> bool {
    let other = |wanted: &Option<String>, known: &Option<String>| {
        wanted.as_deref().is_some_and(|wanted| clean_opt(known.as_deref()).as_deref() != Some(wanted))
    };
    let group =
        known.group.as_ref().and_then(|group| group.id.as_deref()).and_then(|id| id.parse::<i64>().ok());
    other(&wanted.name, &known.name)
        || other(&wanted.email, &known.email)
        || other(&wanted.address, &known.address)
        || (wanted.gender.is_some() && wanted.gender != known.gender)
        || (wanted.birthday.is_some() && wanted.birthday != known.birthday.map(day))
        || (wanted.group_id.is_some() && wanted.group_id != group)
}

/// Creates an order that carries our reference as `appOrderId`.
///
/// Orders of the buyer's number are searched for it first (one request for each hundred), then one request writes, and one reads
/// the order again. After a failure that leaves open whether the order was made, the search is made again. The vendor finds the
/// customer by phone, or makes one, so a buyer needs no push of his own; a buyer who is named by vendor id alone is read first.
pub(crate) async fn order(shop: &Nhanh, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let reference = app_order_id(&push.reference)?;
    let mut write = order_write(shop, push, &reference)?;
    write.shipping_address = contact(shop, push).await?;
    let mobile = write.shipping_address.mobile.clone().unwrap_or_default();
    if let Some(made) = marked(&shop.client, &mobile, &reference).await? {
        return Ok(done(shop, &made, PushOutcome::Found));
    }
    match shop.client.add_order(&write).await {
        Ok(written) => {
            let id = written.id.or(written.order_id);
            let id = id.ok_or_else(|| Error::decode("the vendor made an order and does not say which"))?;
            match shop.client.get_order(number(&id)?).await {
                Ok(made) => Ok(done(shop, &made, PushOutcome::Created)),
                // It is made; its webhook or the next pull tells the rest.
                Err(_) => Ok(Pushed::new(id, PushOutcome::Created, None)),
            }
        }
        Err(error) if is_open(&error) || error.kind() == ErrorKind::Rejected => {
            match marked(&shop.client, &mobile, &reference).await {
                Ok(Some(made)) => Ok(done(shop, &made, PushOutcome::Created)),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

fn done(shop: &Nhanh, order: &Order, outcome: PushOutcome) -> Pushed<OrderRecord> {
    let mut record = order.record();
    if !shop.sync_tax {
        without_tax(&mut record);
    }
    Pushed::new(record.id.clone(), outcome, Some(record))
}

/// The order with our reference among those of a number; a filter by number lifts the window (D).
async fn marked(client: &Client, mobile: &str, reference: &str) -> Result<Option<Order>> {
    let mut next = None;
    loop {
        let params = ListParams::default()
            .with_size(MAX_PAGE)
            .with_next(next.clone())
            .with_filter("shippingAddress", serde_json::json!({ "mobile": mobile }));
        let page = client.list_orders(&params).await?;
        let is_ours = |order: &Order| order.channel.app_order_id.as_deref() == Some(reference);
        if let Some(made) = page.data.into_iter().find(is_ours) {
            return Ok(Some(made));
        }
        if page.next.is_none() || page.next == next {
            return Ok(None);
        }
        next = page.next;
    }
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(shop: &Nhanh, push: &OrderPush, reference: &str) -> Result<OrderWrite> {
    if push.lines.is_empty() || push.lines.len() > MOST_LINES {
        return Err(Error::config(format!("an order of Nhanh.vn has 1 to {MOST_LINES} lines")));
    }
    for (given, what) in [
        (push.seller_id.is_some(), "seller_id"),
        (push.channel_id.is_some(), "channel_id"),
        (push.shipping_fee.is_some_and(|fee| !fee.is_zero()), "shipping_fee"),
    ] {
        if given {
            return Err(Error::unsupported(format!("order/add of Nhanh.vn documents no place for `{what}`")));
        }
    }
    let mut info = InfoWrite::default();
    info.kind = Some(1);
    info.depot_id = push.branch_id.as_deref().map(number).transpose()?;
    info.status = Some(shop.order_status);
    let recipient = push.recipient.as_ref().and_then(|to| {
        // The vendor knows no receiver beside the buyer, so the carrier has to read who it is.
        let who: Vec<String> =
            [clean_opt(to.name.as_deref()), clean_opt(to.phone.as_deref())].into_iter().flatten().collect();
        (!who.is_empty()).then(|| format!("Người nhận: {}", who.join(", ")))
    });
    let note: Vec<String> = clean_opt(push.note.as_deref()).into_iter().chain(recipient).collect();
    info.description = (!note.is_empty()).then(|| note.join(". "));
    let mut channel = ChannelWrite::default();
    channel.app_order_id = Some(reference.to_owned());
    channel.source_name = clean_opt(Some(&shop.source_name));
    let mut write = OrderWrite::default();
    write.info = info;
    write.channel = channel;
    write.products = push.lines.iter().map(line_write).collect::<Result<_>>()?;
    let discount: Money = push.lines.iter().filter_map(|line| line.discount).chain(push.discount).sum();
    let paid = push.paid.filter(|paid| !paid.is_zero());
    if !discount.is_zero() || paid.is_some() {
        let mut payment = PaymentWrite::default();
        if !discount.is_zero() {
            payment.discount_amount = Some(discount);
            payment.discount_type = Some("cash".to_owned());
        }
        payment.transfer_amount = paid;
        payment.transfer_account_id = push
            .payment_method
            .as_deref()
            .filter(|_| paid.is_some())
            .and_then(|account| number(account).ok());
        write.payment = Some(payment);
    }
    Ok(write)
}

fn line_write(line: &PushLine) -> Result<OrderLineWrite> {
    let id = line
        .product_id
        .as_deref()
        .ok_or_else(|| Error::config("a line of Nhanh.vn needs the vendor's id of the product"))?;
    Ok(OrderLineWrite { id: number(id)?, price: line.unit_price, quantity: line.quantity })
}

/// Name, number and address of the buyer. One request when the buyer is named by vendor id alone.
async fn contact(shop: &Nhanh, push: &OrderPush) -> Result<ContactWrite> {
    let mut contact = ContactWrite::default();
    let mut address = push.recipient.clone();
    let given = push.buyer.as_ref();
    if let Some(buyer) = given {
        contact.name = clean_opt(buyer.name.as_deref());
        contact.mobile = mobile(&buyer.phones);
        contact.email = clean_opt(buyer.email.as_deref());
        address = address.or_else(|| buyer.address.clone());
    }
    let id = push.buyer_id.as_deref().or_else(|| given.and_then(|buyer| buyer.vendor_id.as_deref()));
    if contact.mobile.is_none()
        && let Some(id) = id
    {
        let known = shop.client.get_customer(number(id)?).await?;
        contact.mobile = mobile(&known.mobile.clone().into_iter().collect::<Vec<_>>());
        contact.name = contact.name.or_else(|| clean_opt(known.name.as_deref()));
        contact.email = contact.email.or_else(|| clean_opt(known.email.as_deref()));
        let place = pos_core::Customer::addresses(&known).into_iter().next();
        address = address.or(place);
    }
    if contact.mobile.is_none() {
        return Err(Error::config("an order of Nhanh.vn needs the phone number of its buyer"));
    }
    contact.name = contact.name.or_else(|| contact.mobile.clone());
    if let Some(address) = address {
        contact.address = in_words(&address);
        if let Some(place) = place(&address) {
            contact.city_id = place.city_id;
            contact.district_id = place.district_id;
            contact.ward_id = place.ward_id;
            contact.location_version = Some("v1".to_owned());
        }
    }
    Ok(contact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stay_themselves_unless_they_are_too_long() {
        assert_eq!(app_order_id(" CRM-000001 ").unwrap(), "CRM-000001");
        assert_eq!(app_order_id("").unwrap_err().kind(), ErrorKind::Config);
        let long: Vec<String> = ["9".repeat(50), "9".repeat(51), "đơn 7".into()]
            .iter()
            .map(|r| app_order_id(r).unwrap())
            .collect();
        assert!(long.iter().all(|id| id.len() == LONGEST_REFERENCE && id.starts_with("crm-")));
        assert!(long[0] != long[1]);
    }
}
