//! Writing to the shop without making anything twice.
//!
//! The vendor knows customers by mobile and orders by `appOrderId` within the app. What it answers to a second `customer/add`
//! or `order/add` is not documented, so neither is ever sent before a search has found nothing.

use std::sync::Arc;

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{PhoneRules, read_phones};
use pos_core::kit::{Row, is_open, number, reference as reference_of, settle};
use pos_core::record::{Address, CustomerRecord, Extra, Gender, Money, OrderRecord, clean_opt};
use pos_core::webhook::body_id;
use pos_core::{Error, ErrorKind, Result, Retry};
use time::Duration;

use crate::client::{Client, ListParams, MAX_PAGE, dialled};
use crate::model::{
    CarrierWrite, ContactWrite, Customer, CustomerWrite, NewStatus, Order, OrderLineWrite, OrderWrite,
    PaymentWrite, PlaceWrite,
};
use crate::place::{PLACES_V1, PLACES_V2};
use crate::profile::LAG_SECONDS;
use crate::wire::day;

/// The longest `appOrderId` that is sent: what 2.0 allows for an own id (D).
const LONGEST_REFERENCE: usize = 36;
/// The most lines on an order (D).
const MOST_LINES: usize = 500;
/// How far a search for an order of ours reaches beyond the time it was made.
const REACH_BACK: Duration = Duration::minutes(10);
/// How far back such a search goes at most: what one query may span (D).
const SEARCH: Duration = Duration::days(30);
/// How many pages it reads at most.
const MOST_PAGES: usize = 100;

/// How orders of ours begin.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) status: NewStatus,
    /// The name of their source.
    pub(crate) source: Arc<str>,
}

/// Our own id as the vendor can keep it: itself, or a hash of one that is too long.
pub(crate) fn app_order_id(reference: &str) -> Result<String> {
    let reference = reference_of(reference)?;
    if reference.len() <= LONGEST_REFERENCE && reference.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(reference.to_owned());
    }
    Ok(format!("crm-{}", &body_id(reference.as_bytes())[..32]))
}

/// The numbers that identity may use, as they are dialled, each once.
fn mobiles(phones: &[String]) -> Vec<String> {
    let rules = PhoneRules::default();
    let mut mobiles: Vec<String> = Vec::new();
    for number in phones.iter().flat_map(|phone| read_phones(phone, &rules).phones) {
        let mobile = dialled(&number.e164.to_string());
        if number.is_key && !mobiles.contains(&mobile) {
            mobiles.push(mobile);
        }
    }
    mobiles
}

/// The first number that identity may use, as it is dialled.
fn mobile(phones: &[String]) -> Option<String> {
    mobiles(phones).into_iter().next()
}

fn pushed<T: Row<Key = String>>(row: T, outcome: PushOutcome) -> Pushed<T::Record> {
    Pushed::new(row.key().unwrap_or_default(), outcome, Some(row.into_record(Extra::new())))
}

/// What was made, read again. Lists may lag: then the next pull tells the rest.
fn created<T: Row<Key = String>>(id: String, read: Result<T>) -> Pushed<T::Record> {
    match read {
        Ok(made) => pushed(made, PushOutcome::Created),
        Err(_) => Pushed::new(id, PushOutcome::Created, None),
    }
}

/// Creates a customer, or changes one whose vendor id is known.
///
/// Without a vendor id every usable number is looked up first (one request for each): a customer who has it is found, and is not
/// touched, because only the caller can know whether it is the same person. A new one is added and read again (two requests).
/// With a vendor id the customer is read, the number looked up (one request for each that is kept), the customer changed by
/// adding the same mobile again, which the vendor documents for 2.0 and not for 3.0, and read again. Without a number that can
/// be read, or when the change did not take, the answer is `Unsupported`; when somebody else holds the number, `Conflict`, and
/// nothing is sent. Only the first usable number, and no tags, are sent.
pub(crate) async fn customer(client: &Client, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    if let Some(id) = &push.vendor_id {
        let known = client.get_customer(number(id)?).await?;
        return change(client, known, push).await;
    }
    let mobiles = mobiles(&push.phones);
    let mobile = mobiles.first().cloned().ok_or_else(|| {
        Error::unsupported("Nhanh.vn knows a customer by a phone number: this push has none that can be used")
    })?;
    let mut write = wanted(push)?;
    if let Some(known) = holder(client, &mobiles, push).await? {
        return Ok(pushed(known, PushOutcome::Found));
    }
    write.name = write.name.or_else(|| Some(mobile.clone()));
    write.mobile = Some(mobile.clone());
    let added = client.add_customers(std::slice::from_ref(&write)).await;
    match added {
        Ok(added) => {
            // Read again: the answer has no more than the id, and may be about a customer who was there.
            let id = added.first().and_then(|added| added.id.clone());
            let Some(id) = id else {
                let made = holder(client, &mobiles, push).await?;
                return made.map(|made| pushed(made, PushOutcome::Created)).ok_or_else(|| {
                    Error::new(ErrorKind::Unexpected, "the customer was added and cannot be found yet")
                        .with_retry(Retry::Backoff)
                });
            };
            let made = client.get_customer(number(&id)?).await;
            Ok(created(id, made))
        }
        Err(error) => {
            let (made, outcome) = settle(Err(error), holder(client, &mobiles, push), |_| false).await?;
            Ok(pushed(made, outcome))
        }
    }
}

/// The customers who hold any of these numbers, each once.
async fn holders(client: &Client, mobiles: &[String]) -> Result<Vec<Customer>> {
    let mut found: Vec<Customer> = Vec::new();
    for mobile in mobiles {
        for one in client.find_customers_by_mobile(mobile).await? {
            if !found.iter().any(|known| known.id == one.id) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// The customer who holds one of these numbers. Of several, the one whose name or e-mail agrees.
///
/// # Errors
/// [`ErrorKind::Conflict`] naming all of them when none, or more than one, agrees.
async fn holder(client: &Client, mobiles: &[String], push: &CustomerPush) -> Result<Option<Customer>> {
    let mut found = holders(client, mobiles).await?;
    if found.len() < 2 {
        return Ok(found.pop());
    }
    let folded = |text: &Option<String>| clean_opt(text.as_deref()).map(|text| text.to_lowercase());
    let same = |ours: &Option<String>, theirs: &Option<String>| {
        folded(ours).is_some_and(|ours| folded(theirs) == Some(ours))
    };
    let agrees = |one: &Customer| same(&push.name, &one.name) || same(&push.email, &one.email);
    let ids: Vec<String> = found.iter().filter_map(|one| one.id.clone()).collect();
    let mut agreeing: Vec<Customer> = found.into_iter().filter(agrees).collect();
    match (agreeing.pop(), agreeing.is_empty()) {
        (Some(one), true) => Ok(Some(one)),
        _ => {
            let what = format!("several customers of the shop hold this number: {}", ids.join(", "));
            Err(Error::new(ErrorKind::Conflict, what).with_context("POST /customer/list"))
        }
    }
}

/// What the push says, as the vendor wants it.
fn wanted(push: &CustomerPush) -> Result<CustomerWrite> {
    let mut write = CustomerWrite {
        name: clean_opt(push.name.as_deref()),
        gender: match push.gender {
            Some(Gender::Male) => Some(1),
            Some(Gender::Female) => Some(2),
            _ => None,
        },
        birthday: push.birth_date.map(day),
        email: clean_opt(push.email.as_deref()),
        description: clean_opt(push.note.as_deref()),
        ..CustomerWrite::default()
    };
    if let Some(address) = &push.address {
        // There is a documented place for ids of the division of three levels alone.
        let place = place(address, PLACES_V1);
        write.address = in_words(address, place.as_ref());
        write.locations = place;
    }
    match push.group_ids.as_slice() {
        [] => {}
        [group] => write.group_id = Some(number(group)?),
        _ => return Err(Error::config("a customer of Nhanh.vn is in one group at most")),
    }
    Ok(write)
}

/// The address in one line, without what the ids beside it say: the vendor knows places by ids of its own, which an address of
/// another system lacks.
fn in_words(address: &Address, place: Option<&PlaceWrite>) -> Option<String> {
    let no_place = PlaceWrite::default();
    let place = place.unwrap_or(&no_place);
    let words: Vec<String> = [
        (&address.street, false),
        (&address.ward, place.ward_id.is_some()),
        // The division of two levels has no districts.
        (
            &address.district,
            place.district_id.is_some() || (place.ward_id.is_some() && place.city_id.is_some()),
        ),
        (&address.province, place.city_id.is_some()),
    ]
    .into_iter()
    .filter(|(_, is_told)| !is_told)
    .filter_map(|(part, _)| clean_opt(part.as_deref()))
    .collect();
    if words.is_empty() { clean_opt(address.text.as_deref()) } else { Some(words.join(", ")) }
}

/// The vendor's ids of an address in one of its systems.
fn place(address: &Address, system: &str) -> Option<PlaceWrite> {
    let codes = address.codes_of(system);
    let id = |code: Option<String>| code?.trim().parse::<i64>().ok();
    let city_id = Some(id(codes.province)?);
    Some(PlaceWrite { city_id, district_id: id(codes.district), ward_id: id(codes.ward) })
}

/// Lays what the push says over what the vendor keeps. Blanks erase nothing.
async fn change(client: &Client, known: Customer, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let wanted = wanted(push)?;
    if !differs(&known, &wanted) {
        return Ok(pushed(known, PushOutcome::Found));
    }
    let id = known.id.clone().unwrap_or_default();
    let mut write = differing(&known, &wanted);
    // The mobile is the key: it goes out as the vendor keeps it. What stands behind stars is none, and would make another
    // customer.
    let keys = mobiles(known.mobile.as_slice());
    write.mobile = known.mobile.clone().filter(|mobile| !keys.is_empty() && !mobile.contains('*'));
    if write.mobile.is_none() {
        let what = "a customer without a phone number that can be read cannot be changed: Nhanh.vn has no other key to \
                    change one by";
        return Err(Error::unsupported(what));
    }
    refuse_others(client, &keys, &id).await?;
    // And there is none without a name.
    write.name = write.name.or_else(|| known.name.clone()).or_else(|| known.mobile.clone());
    let added = client.add_customers(std::slice::from_ref(&write)).await?;
    if let Some(other) = added.iter().filter_map(|added| added.id.as_ref()).find(|other| **other != id) {
        let what = format!("the vendor added another customer ({other}) instead of changing {id}");
        return Err(Error::new(ErrorKind::Conflict, what).with_context("POST /customer/add"));
    }
    let now = client.get_customer(number(&id)?).await?;
    if differs(&now, &wanted) && now.updated_at == known.updated_at {
        // A list that lags shows the same as a change that was dropped: when it caught up, there is nothing to change.
        let what = "the vendor took the change of a customer and does not show it yet";
        return Err(Error::new(ErrorKind::Unavailable, what)
            .with_retry(Retry::After(std::time::Duration::from_secs(LAG_SECONDS.into())))
            .with_context("POST /customer/add"));
    }
    if differs(&now, &wanted) {
        let what = "the vendor took the change of a customer and kept the old data: API 3.0 may have no way to change one";
        return Err(Error::unsupported(what).with_context("POST /customer/add"));
    }
    Ok(pushed(now, PushOutcome::Updated))
}

/// Refuses a change by numbers that somebody else holds, too: the vendor would choose who is changed.
async fn refuse_others(client: &Client, keys: &[String], id: &str) -> Result<()> {
    let holders = holders(client, keys).await?.into_iter().filter_map(|one| one.id);
    let mut others: Vec<String> = holders.filter(|other| other != id).collect();
    if others.is_empty() {
        return Ok(());
    }
    others.sort_unstable();
    let what = format!(
        "others of the shop's customers hold the number of {id}, by which alone it can be changed: {}",
        others.join(", ")
    );
    Err(Error::new(ErrorKind::Conflict, what).with_context("POST /customer/list"))
}

/// What of the wanted the vendor keeps otherwise.
fn differing(known: &Customer, wanted: &CustomerWrite) -> CustomerWrite {
    let text = |wanted: &Option<String>, known: &Option<String>| {
        wanted.clone().filter(|wanted| clean_opt(known.as_deref()).as_ref() != Some(wanted))
    };
    let id = |id: &Option<String>| id.as_ref().and_then(|id| id.parse::<i64>().ok());
    let group = known.group.as_ref().and_then(|group| id(&group.id));
    let place = &known.locations;
    let place = PlaceWrite {
        city_id: id(&place.city_id),
        district_id: id(&place.district_id),
        ward_id: id(&place.ward_id),
    };
    let mut write = CustomerWrite {
        name: text(&wanted.name, &known.name),
        email: text(&wanted.email, &known.email),
        address: text(&wanted.address, &known.address),
        gender: wanted.gender.filter(|gender| known.gender != Some(*gender)),
        ..CustomerWrite::default()
    };
    write.birthday =
        wanted.birthday.clone().filter(|birthday| known.birthday.map(day).as_ref() != Some(birthday));
    write.group_id = wanted.group_id.filter(|wanted| group != Some(*wanted));
    write.locations = wanted.locations.clone().filter(|wanted| place != *wanted);
    // It cannot be read back, so it goes along with what differs.
    write.description = wanted.description.clone();
    write
}

/// Whether the vendor keeps something else than what is wanted. A note cannot be read back, so it alone changes nothing.
fn differs(known: &Customer, wanted: &CustomerWrite) -> bool {
    CustomerWrite { description: None, ..differing(known, wanted) } != CustomerWrite::default()
}

/// Creates an order that carries our reference as `appOrderId`.
///
/// Orders of the buyer's number are searched for it first (one request for each hundred), then one request writes, and one reads
/// the order again. After a failure that leaves open whether the order was made, or a refusal, which is what a second one
/// may get, the search is made again, and then among all orders written since ours was: its number may have been changed. The
/// vendor finds the customer by phone, or makes one, so a buyer needs no push of his own; a buyer who is named by vendor id
/// alone is read first.
pub(crate) async fn order(
    client: &Client,
    opening: &Opening,
    push: &OrderPush,
) -> Result<Pushed<OrderRecord>> {
    let reference = app_order_id(&push.reference)?;
    let mut write = order_write(opening, push, &reference)?;
    write.shipping_address = contact(client, push).await?;
    let mobile = write.shipping_address.mobile.clone().unwrap_or_default();
    if let Some(made) = marked(client, &mobile, &reference).await? {
        return Ok(pushed(made, PushOutcome::Found));
    }
    match client.add_order(&write).await {
        Ok(written) => {
            let id = written.id.or(written.order_id);
            let id = id.ok_or_else(|| Error::decode("the vendor made an order and does not say which"))?;
            let made = client.get_order(number(&id)?).await;
            Ok(created(id, made))
        }
        Err(error) if is_open(&error) || error.kind() == ErrorKind::Rejected => {
            let made = match marked(client, &mobile, &reference).await {
                Ok(None) => marked_since(client, push, &reference).await,
                found => found,
            };
            match made {
                Ok(Some(made)) => Ok(pushed(made, PushOutcome::Created)),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// The order with our reference among those of a number; a filter by number lifts the window (D).
async fn marked(client: &Client, mobile: &str, reference: &str) -> Result<Option<Order>> {
    let params =
        ListParams::default().with_filter("shippingAddress", serde_json::json!({ "mobile": mobile }));
    search(client, params, reference).await
}

/// The order with our reference among those that were written since ours was made, by the vendor's clock.
async fn marked_since(client: &Client, push: &OrderPush, reference: &str) -> Result<Option<Order>> {
    let now = client.http().now();
    let from = push.created_at.unwrap_or(now).min(now) - REACH_BACK;
    let from = from.max(now - SEARCH);
    let params = ListParams::default()
        .with_filter("createdAtFrom", from.unix_timestamp())
        .with_filter("createdAtTo", (now + REACH_BACK).unix_timestamp());
    search(client, params, reference).await
}

async fn search(client: &Client, params: ListParams, reference: &str) -> Result<Option<Order>> {
    let mut params = params.with_size(MAX_PAGE);
    for _ in 0..MOST_PAGES {
        let page = client.list_orders(&params).await?;
        let is_ours = |order: &Order| order.channel.app_order_id.as_deref() == Some(reference);
        if let Some(made) = page.data.into_iter().find(is_ours) {
            return Ok(Some(made));
        }
        if page.next.is_none() || page.next == params.next {
            return Ok(None);
        }
        params.next = page.next;
    }
    Ok(None)
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(opening: &Opening, push: &OrderPush, reference: &str) -> Result<OrderWrite> {
    if push.lines.is_empty() || push.lines.len() > MOST_LINES {
        return Err(Error::config(format!("an order of Nhanh.vn has 1 to {MOST_LINES} lines")));
    }
    if push.channel_id.is_some() {
        return Err(Error::unsupported("order/add of Nhanh.vn documents no place for `channel_id`"));
    }
    let mut write = OrderWrite::default();
    let info = &mut write.info;
    info.kind = Some(1);
    info.depot_id = push.branch_id.as_deref().map(number).transpose()?;
    info.sale_id = push.seller_id.as_deref().map(number).transpose()?;
    info.status = Some(opening.status);
    let recipient = push.recipient.as_ref().and_then(|to| {
        // The vendor knows no receiver beside the buyer, so the carrier has to read who it is.
        let who: Vec<String> =
            [clean_opt(to.name.as_deref()), clean_opt(to.phone.as_deref())].into_iter().flatten().collect();
        (!who.is_empty()).then(|| format!("Người nhận: {}", who.join(", ")))
    });
    let note: Vec<String> = clean_opt(push.note.as_deref()).into_iter().chain(recipient).collect();
    info.description = (!note.is_empty()).then(|| note.join(". "));
    write.channel.app_order_id = Some(reference.to_owned());
    write.channel.source_name = clean_opt(Some(&opening.source));
    write.products = push.lines.iter().map(line_write).collect::<Result<_>>()?;
    write.carrier = push.shipping_fee.map(|fee| CarrierWrite { customer_ship_fee: Some(fee) });
    // What is no round sum for one piece goes on the order.
    let spread = push.lines.iter().filter(|line| for_one(line).is_none()).filter_map(|line| line.discount);
    let discount: Money = spread.chain(push.discount).sum();
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
    let discount = for_one(line).filter(|discount| !discount.is_zero());
    Ok(OrderLineWrite {
        id: number(id)?,
        price: line.unit_price,
        quantity: line.quantity,
        discount,
        vat: None,
    })
}

/// A line's discount as the vendor wants it, on one piece, when it divides without a rest.
fn for_one(line: &PushLine) -> Option<Money> {
    let discount = line.discount?;
    let one = Money::new(discount.decimal().checked_div(line.quantity.decimal())?.normalize());
    (one.decimal().scale() <= 2 && one.times(line.quantity) == discount).then_some(one)
}

/// Name, number and address of the buyer. One request when the buyer is named by vendor id alone.
async fn contact(client: &Client, push: &OrderPush) -> Result<ContactWrite> {
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
        let known = client.get_customer(number(id)?).await?;
        contact.mobile = mobile(known.mobile.as_slice());
        contact.name = contact.name.or_else(|| clean_opt(known.name.as_deref()));
        contact.email = contact.email.or_else(|| clean_opt(known.email.as_deref()));
        address = address.or_else(|| Some(known.own_address()));
    }
    if contact.mobile.is_none() {
        return Err(Error::config("an order of Nhanh.vn needs the phone number of its buyer"));
    }
    contact.name = contact.name.or_else(|| contact.mobile.clone());
    if let Some(address) = address {
        // Three levels are what the vendor recommends (D).
        let place = [(PLACES_V1, "v1"), (PLACES_V2, "v2")]
            .into_iter()
            .find_map(|(system, version)| Some((place(&address, system)?, version)));
        contact.address = in_words(&address, place.as_ref().map(|(place, _)| place));
        if let Some((place, version)) = place {
            contact.city_id = place.city_id;
            contact.district_id = place.district_id;
            contact.ward_id = place.ward_id;
            contact.location_version = Some(version.to_owned());
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
