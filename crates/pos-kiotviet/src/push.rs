//! Writing to the shop so that the same push again makes no second object.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{Row, is_taken, marker, number, reference as reference_of, reference_in, settle};
use pos_core::page::OffsetScan;
use pos_core::record::{CustomerRecord, Extra, Gender, Money, OrderRecord, clean_opt};
use pos_core::webhook::body_id;
use pos_core::{Error, ErrorKind, Result};
use time::{Duration, OffsetDateTime};

use crate::client::{Client, ListParams, MAX_PAGE};
use crate::model::{
    Customer, CustomerWrite, DeliveryWrite, LineWrite, Order, OrderCustomerWrite, OrderWrite, SurchargeWrite,
};
use crate::place;

/// How far before an order's own time its earlier push is searched for: clocks differ.
const MARGIN: Duration = Duration::minutes(10);

/// How far back an order without a time of its own is searched for.
const LOOK_BACK: Duration = Duration::hours(24);

/// The longest code; a longer reference is replaced by its hash.
const LONGEST_CODE: usize = 40;

/// The code of a customer that we push. Other letters and signs than these are escaped as `_` and two hex digits, because
/// the vendor cannot find codes with some of them; `_` itself too, so that two references never share a code.
pub(crate) fn code_of(reference: &str) -> Result<String> {
    let reference = reference_of(reference)?;
    let mut code = String::from("CRM-");
    for byte in reference.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            code.push(char::from(byte));
        } else {
            code.push_str(&format!("_{byte:02x}"));
        }
    }
    if code.len() > LONGEST_CODE {
        // `_x` cannot come from an escape.
        code = format!("CRM-_x{}", &body_id(reference.as_bytes())[..32]);
    }
    Ok(code)
}

/// Changes the customer that the push names, or creates one.
///
/// Without a vendor id: found by our code, else by phone (in a shop that keeps its customers apart by branch only in the
/// push's branch), and then answered without being written to; else created. One whose number is not shown is changed only
/// together with a number. Sends 1 request to find it by code and 2 for each number, 1 for the settings when somebody
/// holds one, 1 more for the groups of one that is changed, 1 to write, and 1 to look again when the write failed in a way
/// that leaves open whether it was carried out.
pub(crate) async fn customer(client: &Client, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let code = code_of(&push.reference)?;
    let wanted = wanted(push, &code)?;
    if let Some(id) = &push.vendor_id {
        let known = client.get_customer(number(id)?).await?;
        if known.is_deleted() {
            return Err(Error::new(ErrorKind::NotFound, "the shop deleted this customer"));
        }
        return change(client, known, push, wanted).await;
    }
    if let Some(known) = by_code(client, &code).await? {
        return Ok(pushed(known, PushOutcome::Found));
    }
    if let Some(known) = by_phone(client, push, wanted.branch_id).await? {
        return Ok(pushed(known, PushOutcome::Found));
    }
    if wanted.name.is_none() {
        return Err(Error::unsupported("a new customer needs a name or a phone number"));
    }
    // Taken meanwhile by another push of ours, or carried out without our hearing of it.
    let made = client.create_customer(&wanted).await;
    let (customer, outcome) = settle(made, by_code(client, &code), is_taken).await?;
    Ok(pushed(customer, outcome))
}

fn pushed(customer: Customer, outcome: PushOutcome) -> Pushed<CustomerRecord> {
    Pushed::new(customer.id.to_string(), outcome, Some(customer.into_record(Extra::new())))
}

async fn by_code(client: &Client, code: &str) -> Result<Option<Customer>> {
    match client.get_customer_by_code(code).await {
        // The vendor may not care about the case of letters; our references may.
        Ok(customer) if customer.code.as_deref() == Some(code) => Ok(Some(customer)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The customer who holds a number of the push: the only one, or of several the one whose name or e-mail agrees.
async fn by_phone(client: &Client, push: &CustomerPush, branch: Option<i64>) -> Result<Option<Customer>> {
    let rules = PhoneRules::default();
    let mut holders: Vec<Customer> = Vec::new();
    for phone in &push.phones {
        for key in read_phones(phone, &rules).phones.into_iter().filter(|number| number.is_key) {
            for one in client.find_customers_by_phone(&key.e164.to_string()).await? {
                if !one.is_deleted() && holders.iter().all(|known| known.id != one.id) {
                    holders.push(one);
                }
            }
        }
    }
    if !holders.is_empty() && client.get_settings().await?.manager_customer_by_branch == Some(true) {
        holders.retain(|one| one.branch_id.is_some() && one.branch_id == branch);
    }
    if holders.len() < 2 {
        return Ok(holders.pop());
    }
    holders.sort_by_key(|one| one.id);
    let agrees = |one: &Customer| {
        let same = |ours: &Option<String>, theirs: &Option<String>| {
            let ours = place::fold(ours.as_deref().unwrap_or_default());
            !ours.is_empty() && ours == place::fold(theirs.as_deref().unwrap_or_default())
        };
        same(&push.name, &one.name) || same(&push.email, &one.email)
    };
    let mut agreeing = holders.iter().filter(|one| agrees(one));
    if let (Some(one), None) = (agreeing.next(), agreeing.next()) {
        return Ok(Some(one.clone()));
    }
    let ids: Vec<String> = holders.iter().map(|one| one.id.to_string()).collect();
    let what = format!("several customers of the shop hold the number: {}", ids.join(", "));
    Err(Error::new(ErrorKind::Conflict, what))
}

/// What the push says, as the vendor wants it.
fn wanted(push: &CustomerPush, code: &str) -> Result<CustomerWrite> {
    let mut write = CustomerWrite::default();
    let phones: Vec<String> = push.phones.iter().filter_map(|phone| clean_opt(Some(phone))).collect();
    write.code = Some(code.to_owned());
    write.name = clean_opt(push.name.as_deref()).or_else(|| phones.first().cloned());
    write.gender = match push.gender {
        Some(Gender::Male) => Some(true),
        Some(Gender::Female) => Some(false),
        _ => None,
    };
    write.birth_date = push.birth_date;
    write.contact_number = phones.first().cloned();
    write.sub_number = phones.get(1).cloned();
    write.email = clean_opt(push.email.as_deref());
    write.comments = clean_opt(push.note.as_deref());
    if let Some(address) = &push.address {
        write.address = place::street(address);
        write.ward_name = clean_opt(address.ward.as_deref());
        write.location_name = place::join(address);
    }
    write.group_ids = push.group_ids.iter().map(|id| number(id)).collect::<Result<_>>()?;
    write.branch_id = push.branch_id.as_deref().map(number).transpose()?;
    Ok(write)
}

/// Every field that the vendor keeps, so that a replacing PUT loses nothing.
fn kept(customer: &Customer) -> CustomerWrite {
    CustomerWrite {
        code: customer.code.clone(),
        name: customer.name.clone(),
        kind: customer.kind,
        gender: customer.gender,
        birth_date: customer.birth_date,
        contact_number: customer.contact_number.clone(),
        sub_number: customer.sub_number.clone(),
        identification_number: customer.identification_number.clone(),
        address: customer.address.clone(),
        location_name: customer.location_name.clone(),
        ward_name: customer.ward_name.clone(),
        email: customer.email.clone(),
        organization: customer.organization.clone(),
        tax_code: customer.tax_code.clone(),
        comments: customer.comments.clone(),
        group_ids: customer.customer_group_details.iter().filter_map(|detail| detail.group_id).collect(),
        branch_id: customer.branch_id,
        ..CustomerWrite::default()
    }
}

/// Lays what the push says over what the vendor keeps. Blanks erase nothing; a number that is there already in another
/// writing stays as it is written; code and branch are the vendor's.
async fn change(
    client: &Client,
    known: Customer,
    push: &CustomerPush,
    wanted: CustomerWrite,
) -> Result<Pushed<CustomerRecord>> {
    let before = kept(&known);
    let mut after = before.clone();
    if push.name.as_deref().is_some_and(|name| !name.trim().is_empty()) {
        lay(&mut after.name, wanted.name);
    }
    after.gender = wanted.gender.or(after.gender);
    after.birth_date = wanted.birth_date.or(after.birth_date);
    lay(&mut after.email, wanted.email);
    lay(&mut after.comments, wanted.comments);
    lay(&mut after.address, wanted.address);
    lay(&mut after.location_name, wanted.location_name);
    lay(&mut after.ward_name, wanted.ward_name);
    set_phone(&mut after.contact_number, wanted.contact_number, &before);
    set_phone(&mut after.sub_number, wanted.sub_number, &before);
    let more: Vec<i64> =
        wanted.group_ids.iter().filter(|id| !after.group_ids.contains(id)).copied().collect();
    // The changed fields decide whether anything is written at all; the groups that a detail names only by name are
    // looked up before a write, lest the write drop them.
    let groups_by_name = known.groups.is_some() && after.group_ids.is_empty();
    if after == before && more.is_empty() {
        return Ok(pushed(known, PushOutcome::Found));
    }
    if groups_by_name {
        after.group_ids = group_ids(client, &known).await?;
        if after == (CustomerWrite { group_ids: after.group_ids.clone(), ..before })
            && more.iter().all(|id| after.group_ids.contains(id))
        {
            return Ok(pushed(known, PushOutcome::Found));
        }
    }
    if after.contact_number.is_none() && after.sub_number.is_none() {
        // Hidden, or none: the answer looks the same, and a PUT without the number may erase it.
        let what = "the shop does not show a phone number of this customer, and a change without one may erase it: \
                    let the account that made the connection see numbers, or push one along";
        return Err(Error::unsupported(what));
    }
    after.group_ids.extend(more);
    after.group_ids.sort_unstable();
    after.group_ids.dedup();
    let changed = match client.update_customer(known.id, &after).await {
        // Written, but answered without the customer.
        Err(error) if error.kind() == ErrorKind::Decode => client.get_customer(known.id).await?,
        answer => answer?,
    };
    Ok(pushed(changed, PushOutcome::Updated))
}

/// Lays a text over a field, unless they differ in blanks only.
fn lay(field: &mut Option<String>, wanted: Option<String>) {
    if wanted.is_some() && clean_opt(field.as_deref()) != wanted {
        *field = wanted;
    }
}

fn set_phone(field: &mut Option<String>, wanted: Option<String>, before: &CustomerWrite) {
    let numbers = |text: &Option<String>| -> Vec<E164> {
        let reading = read_phones(text.as_deref().unwrap_or_default(), &PhoneRules::default());
        reading.phones.into_iter().map(|number| number.e164).collect()
    };
    let there: Vec<E164> = [numbers(&before.contact_number), numbers(&before.sub_number)].concat();
    let asked = numbers(&wanted);
    let is_there = !asked.is_empty() && asked.iter().all(|number| there.contains(number));
    if wanted.is_some() && !is_there {
        *field = wanted;
    }
}

/// The ids of a customer's groups, by membership or by name. One request.
async fn group_ids(client: &Client, customer: &Customer) -> Result<Vec<i64>> {
    let names = customer.group_names();
    let groups = client.list_customer_groups().await?.data;
    let is_in = |group: &crate::model::CustomerGroup| {
        group.customer_group_details.iter().any(|detail| detail.customer_id == Some(customer.id))
            || group.name.as_deref().is_some_and(|name| names.iter().any(|known| known == name.trim()))
    };
    Ok(groups.iter().filter(|group| is_in(group)).map(|group| group.id).collect())
}

/// Creates an order that carries our mark in its note.
///
/// Orders with the mark are searched for among those created since shortly before `created_at` (one request for each
/// hundred); then one request writes. After a failure that leaves open whether it was carried out, the search is made
/// again. A buyer without a vendor id is pushed first.
pub(crate) async fn order(
    client: &Client,
    shipping_surcharge: Option<i64>,
    push: &OrderPush,
) -> Result<Pushed<OrderRecord>> {
    let marker = marker(&push.reference)?;
    let mut write = order_write(shipping_surcharge, push, &marker)?;
    let since = push.created_at.map_or_else(|| client.now() - LOOK_BACK, |at| at - MARGIN);
    if let Some(made) = marked(client, &push.reference, since).await? {
        return Ok(ordered(made, PushOutcome::Found));
    }
    if let (None, Some(buyer)) = (&push.buyer_id, &push.buyer) {
        // Selling to a customer does not change the customer.
        let id = match &buyer.vendor_id {
            Some(id) => number(id)?,
            None => {
                let mut buyer = buyer.clone();
                buyer.branch_id = buyer.branch_id.or_else(|| push.branch_id.clone());
                number(&customer(client, &buyer).await?.id)?
            }
        };
        write.customer = Some(buyer_of(id));
    }
    let made = client.create_order(&write).await;
    let (order, outcome) = settle(made, marked(client, &push.reference, since), |_| false).await?;
    Ok(ordered(order, outcome))
}

/// The order with our mark among those created since then.
async fn marked(client: &Client, reference: &str, since: OffsetDateTime) -> Result<Option<Order>> {
    let mut scan = Some(OffsetScan::default());
    while let Some(place) = scan {
        let params = ListParams::default()
            .with_page_size(MAX_PAGE)
            .with_current_item(place.offset)
            .with_created_from(since);
        let page = client.list_orders(&params).await?;
        let keys: Vec<i64> = page.data.iter().map(|order| order.id).collect();
        let is_ours = |order: &Order| {
            order.description.as_deref().and_then(reference_in).as_deref() == Some(reference.trim())
        };
        if let Some(made) = page.data.into_iter().find(is_ours) {
            return Ok(Some(made));
        }
        scan = place.step(&keys, page.page_size.unwrap_or(u64::from(MAX_PAGE)), page.total)?.next;
    }
    Ok(None)
}

fn ordered(order: Order, outcome: PushOutcome) -> Pushed<OrderRecord> {
    Pushed::new(order.id.to_string(), outcome, Some(order.into_record(Extra::new())))
}

fn buyer_of(id: i64) -> OrderCustomerWrite {
    OrderCustomerWrite { id: Some(id), ..OrderCustomerWrite::default() }
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(shipping_surcharge: Option<i64>, push: &OrderPush, marker: &str) -> Result<OrderWrite> {
    let branch = push
        .branch_id
        .as_deref()
        .ok_or_else(|| Error::config("an order of KiotViet needs the branch that sells"))?;
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    let mut write = OrderWrite {
        branch_id: number(branch)?,
        sold_by_id: push.seller_id.as_deref().map(number).transpose()?,
        sale_channel_id: push.channel_id.as_deref().map(number).transpose()?,
        customer: push.buyer_id.as_deref().map(number).transpose()?.map(buyer_of),
        ..OrderWrite::default()
    };
    // What the pieces of a line cannot share goes on the order.
    let spread = push.lines.iter().filter(|line| for_one(line).is_none()).filter_map(|line| line.discount);
    let discount: Money = spread.chain(push.discount).sum();
    write.discount = Some(discount).filter(|discount| !discount.is_zero()).or(push.discount);
    write.description = Some(match clean_opt(push.note.as_deref()) {
        Some(note) => format!("{note} {marker}"),
        None => marker.to_owned(),
    });
    write.order_details = push.lines.iter().map(line_write).collect::<Result<_>>()?;
    write.total_payment = Some(push.paid.unwrap_or(Money::ZERO));
    write.method = Some(push.payment_method.clone().unwrap_or_else(|| "Cash".to_owned()));
    if let Some(fee) = push.shipping_fee.filter(|fee| !fee.is_zero()) {
        let Some(id) = shipping_surcharge else {
            let what =
                "KiotViet has no shipping fee: name the surcharge that carries it (shipping_surcharge)";
            return Err(Error::unsupported(what));
        };
        let surcharge = SurchargeWrite { id, price: Some(fee), ..SurchargeWrite::default() };
        write.surcharges.push(surcharge);
    }
    write.order_delivery = push.recipient.as_ref().map(|to| DeliveryWrite {
        kind: 1,
        receiver: clean_opt(to.name.as_deref()),
        contact_number: clean_opt(to.phone.as_deref()),
        address: place::street(to),
        location_name: place::join(to),
        ward_name: clean_opt(to.ward.as_deref()),
        ..DeliveryWrite::default()
    });
    Ok(write)
}

/// A line; the vendor's discount on it is per piece.
fn line_write(line: &PushLine) -> Result<LineWrite> {
    let mut write = LineWrite {
        product_id: line.product_id.as_deref().map(number).transpose()?,
        product_code: clean_opt(line.sku.as_deref()),
        product_name: clean_opt(line.name.as_deref()),
        ..LineWrite::default()
    };
    if write.product_id.is_none() && write.product_code.is_none() {
        return Err(Error::config("a line needs the id or the code of a product"));
    }
    write.quantity = Some(line.quantity);
    write.price = Some(line.unit_price);
    if line.quantity.is_zero() && line.discount.is_some_and(|discount| !discount.is_zero()) {
        return Err(Error::config("a line with a discount needs a quantity"));
    }
    write.discount = for_one(line).filter(|discount| !discount.is_zero());
    Ok(write)
}

/// A line's discount on one piece, when the pieces share it without a rest.
fn for_one(line: &PushLine) -> Option<Money> {
    let discount = line.discount?;
    let one = Money::new(discount.decimal().checked_div(line.quantity.decimal())?.normalize());
    (one.decimal().scale() <= 2 && one.times(line.quantity) == discount).then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_safe_and_never_shared() {
        assert_eq!(code_of("8841").unwrap(), "CRM-8841");
        let references = [
            "8841",
            "88_41",
            "88 41",
            "88_5f41",
            "88_2041",
            "88/41",
            "88+41",
            "é",
            "x",
            &"9".repeat(50),
            &"9".repeat(51),
        ];
        let mut codes: Vec<String> = references.iter().map(|reference| code_of(reference).unwrap()).collect();
        for code in &codes {
            assert!(code.len() <= LONGEST_CODE, "{code}");
            assert!(code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{code}");
        }
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), references.len());
        assert_eq!(code_of("  ").unwrap_err().kind(), ErrorKind::Config);
    }
}
