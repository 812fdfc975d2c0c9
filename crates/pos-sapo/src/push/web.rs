//! What is sent to a web store.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::kit::{Row, number, settle};
use pos_core::record::{Address, CustomerRecord, Extra, OrderRecord, clean, clean_opt};
use pos_core::{Error, ErrorKind, Result};
use time::Duration;

use super::{
    after_lag, amounts, buyer_of, codes, gender_word, is_known, is_unsupported_place, line, new_phone,
    new_text, nonzero, phone_of, pushed, same, tags,
};
use crate::client::{Client, ListParams};
use crate::mark::{REFERENCE, TAG, short};
use crate::model::web::{Customer, Order};
use crate::model::{
    AddressWrite, CustomerWrite, DiscountWrite, LineWrite, OrderCustomerWrite, OrderWrite, ShippingWrite,
    TransactionWrite,
};

/// How far before an order's own time its earlier push is searched for.
const MARGIN: Duration = Duration::minutes(10);

/// Family and middle name, and the given name, which Viet Nam writes last.
fn split_name(name: &str) -> (Option<String>, Option<String>) {
    match clean(name) {
        Some(name) => match name.rsplit_once(' ') {
            Some((last, first)) => (Some(last.to_owned()), Some(first.to_owned())),
            None => (None, Some(name)),
        },
        None => (None, None),
    }
}

/// An address with its names and codes; or, where those are not all there, or not wanted, everything in `address1`, and names
/// without codes.
fn address_write(address: &Address, name: Option<&str>, phone: Option<&str>, coded: bool) -> AddressWrite {
    let mut write = AddressWrite::default();
    match codes(address).filter(|_| coded) {
        Some(codes) => {
            write.address1 = clean_opt(address.street.as_deref());
            write.province = clean_opt(address.province.as_deref());
            write.district = clean_opt(address.district.as_deref());
            write.ward = clean_opt(address.ward.as_deref());
            (write.province_code, write.district_code, write.ward_code) =
                (codes.province, codes.district, codes.ward);
        }
        None => {
            write.address1 = line(address);
            write.city = clean_opt(address.province.as_deref());
            write.province = write.city.clone();
        }
    }
    write.country = Some(clean_opt(address.country.as_deref()).unwrap_or_else(|| "Vietnam".to_owned()));
    write.name = clean_opt(address.name.as_deref()).or_else(|| clean_opt(name));
    (write.last_name, write.first_name) = split_name(write.name.as_deref().unwrap_or_default());
    write.phone = clean_opt(address.phone.as_deref()).or_else(|| clean_opt(phone));
    write
}

pub(super) async fn create(client: &Client, push: &CustomerPush) -> Result<CustomerRecord> {
    let made = match client.create_customer(&created(push, true)).await {
        Err(error) if is_unsupported_place(&error) => client.create_customer(&created(push, false)).await,
        answer => answer,
    };
    Ok(made?.into_record(Extra::new()))
}

fn created(push: &CustomerPush, coded: bool) -> CustomerWrite {
    let mut write = CustomerWrite::default();
    (write.last_name, write.first_name) = split_name(push.name.as_deref().unwrap_or_default());
    if write.first_name.is_none() {
        // The number stands for the name until somebody knows one.
        write.first_name = phone_of(push);
    }
    write.email = clean_opt(push.email.as_deref());
    write.phone = phone_of(push);
    write.gender = push.gender.and_then(gender_word);
    write.dob = push.birth_date;
    write.note = clean_opt(push.note.as_deref());
    write.tags = (!push.tags.is_empty()).then(|| tags(&[], &push.tags).join(","));
    if let Some(address) = &push.address {
        let mut address = address_write(address, push.name.as_deref(), phone_of(push).as_deref(), coded);
        address.default = Some(true);
        write.addresses.push(address);
    }
    write
}

/// Writes what is new in the push and nothing else: blanks erase nothing, a number that is there already in another writing
/// stays, and so does an address.
pub(super) async fn change(client: &Client, id: i64, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let (known, _) = client.find::<Customer>(id, &[]).await?;
    let there = known.clone().into_record(Extra::new());
    let mut write = CustomerWrite::default();
    if let Some(name) = clean_opt(push.name.as_deref())
        && known.display_name().as_deref() != Some(name.as_str())
    {
        // Blank, not absent: the family name must go when there is none any more.
        let (last, first) = split_name(&name);
        write.last_name = Some(last.unwrap_or_default());
        write.first_name = first;
    }
    write.phone = new_phone(push, &there);
    write.email = clean_opt(push.email.as_deref()).filter(|email| !same(Some(email), known.email.as_deref()));
    write.gender =
        push.gender.and_then(gender_word).filter(|gender| !same(Some(gender), known.gender.as_deref()));
    write.dob = push.birth_date.filter(|date| known.dob != Some(*date));
    write.note = new_text(push.note.as_deref(), known.note.as_deref());
    let all = tags(&known.tags, &push.tags);
    write.tags = (all.len() != known.tags.len()).then(|| all.join(","));
    let address = push.address.as_ref().filter(|new| line(new).is_some() && !is_known(new, &there.addresses));
    if write == CustomerWrite::default() && address.is_none() {
        return Ok(Pushed::new(there.id.clone(), PushOutcome::Found, Some(there)));
    }
    let mut changed = known;
    if write != CustomerWrite::default() {
        changed = match client.update_customer(id, &write).await {
            // Written, but answered without the customer.
            Err(error) if error.kind() == ErrorKind::Decode => client.get_customer(id).await?,
            answer => answer?,
        };
    }
    if let Some(address) = address {
        let write = |coded| address_write(address, push.name.as_deref(), phone_of(push).as_deref(), coded);
        let answer = match client.create_address(id, &write(true)).await {
            Err(error) if is_unsupported_place(&error) => client.create_address(id, &write(false)).await,
            answer => answer,
        };
        answer.map_err(after_lag)?;
        changed = client.get_customer(id).await?;
    }
    Ok(pushed(changed, PushOutcome::Updated))
}

pub(super) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let mut write = order_write(push, true)?;
    if let Some(made) = marked(client, push).await? {
        return Ok(pushed(made, PushOutcome::Found));
    }
    let mut buyer = OrderCustomerWrite { id: buyer_of(client, push).await?, ..OrderCustomerWrite::default() };
    if let (None, Some(guest)) = (buyer.id, &push.buyer) {
        (buyer.last_name, buyer.first_name) = split_name(guest.name.as_deref().unwrap_or_default());
    }
    write.customer = (buyer != OrderCustomerWrite::default()).then_some(buyer);
    let made = match client.create_order(&write).await {
        Err(error) if is_unsupported_place(&error) => {
            let plain = OrderWrite { customer: write.customer.take(), ..order_write(push, false)? };
            client.create_order(&plain).await
        }
        answer => answer,
    };
    let (made, outcome) = settle(made, marked(client, push), |_| false).await.map_err(after_lag)?;
    Ok(pushed(made, outcome))
}

/// The order with our reference.
async fn marked(client: &Client, push: &OrderPush) -> Result<Option<Order>> {
    let (tag, full) = (short(&push.reference)?, push.reference.trim());
    let is_ours = |order: &Order| {
        let noted = order.note_attributes.iter().find(|one| one.name.as_deref() == Some(REFERENCE));
        match noted.and_then(|one| one.value.as_deref()) {
            Some(value) => value == full,
            None => order.reference.as_deref() == Some(tag.as_str()),
        }
    };
    for status in [None, Some("closed"), Some("cancelled")] {
        let mut params = ListParams::default().with_filter("tag", tag.clone());
        params.status = status.map(str::to_owned);
        params.created_from = push.created_at.map(|at| at - MARGIN);
        let ours = |order: Order| is_ours(&order).then_some(order);
        if let Some(made) = client.search(&params, u32::MAX, ours).await? {
            return Ok(Some(made));
        }
    }
    Ok(None)
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(push: &OrderPush, coded: bool) -> Result<OrderWrite> {
    let tag = short(&push.reference)?;
    // Sapo takes no discount on a line.
    let (_, discount, total) = amounts(push);
    let paid = push.paid.unwrap_or_default();
    let mut write = OrderWrite {
        line_items: push.lines.iter().map(line_write).collect::<Result<_>>()?,
        ..OrderWrite::default()
    };
    if let Some(buyer) = &push.buyer {
        write.email = clean_opt(buyer.email.as_deref());
        write.phone = phone_of(buyer);
        let at = buyer.address.clone().unwrap_or_default();
        let billed = address_write(&at, buyer.name.as_deref(), write.phone.as_deref(), coded);
        write.billing_address =
            (billed.name.is_some() || billed.phone.is_some() || billed.address1.is_some()).then_some(billed);
    }
    write.shipping_address = match &push.recipient {
        Some(to) => Some(address_write(to, None, None, coded)),
        None => write.billing_address.clone(),
    };
    if !discount.is_zero() {
        write.discount_codes.push(DiscountWrite {
            code: "CRM".into(),
            amount: Some(discount),
            kind: "fixed_amount".into(),
        });
    }
    if let Some(fee) = nonzero(push.shipping_fee) {
        let (title, code, source) = ("Phí giao hàng".into(), "standard".into(), "custom".into());
        write.shipping_lines.push(ShippingWrite { title, code, price: Some(fee), source });
    }
    if !paid.is_zero() {
        let gateway = clean_opt(push.payment_method.as_deref()).unwrap_or_else(|| "Khác".to_owned());
        write.transactions.push(TransactionWrite {
            kind: "sale".into(),
            status: "success".into(),
            amount: Some(paid),
            gateway,
        });
    }
    // The documentation's default is `paid`; so it is always said.
    let state = match paid {
        paid if paid.is_zero() => "pending",
        paid if paid >= total => "paid",
        _ => "partially_paid",
    };
    write.financial_status = Some(state.to_owned());
    write.tags = Some(format!("{TAG}, {tag}"));
    write.note = clean_opt(push.note.as_deref());
    write.note_attributes = vec![(REFERENCE.to_owned(), push.reference.trim().to_owned())];
    write.reference = Some(tag);
    write.location_id = push.branch_id.as_deref().map(number).transpose()?;
    write.inventory_behaviour = Some("bypass".to_owned());
    write.send_receipt = Some(false);
    write.send_webhooks = Some(false);
    Ok(write)
}

fn line_write(line: &PushLine) -> Result<LineWrite> {
    let mut write =
        LineWrite { variant_id: line.product_id.as_deref().map(number).transpose()?, ..LineWrite::default() };
    if write.variant_id.is_none() {
        write.title = clean_opt(line.name.as_deref()).or_else(|| clean_opt(line.sku.as_deref()));
        write.sku = clean_opt(line.sku.as_deref());
        if write.title.is_none() {
            return Err(Error::config("a line needs the id of a variant, or a name"));
        }
    }
    write.quantity = Some(line.quantity);
    write.price = Some(line.unit_price);
    Ok(write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_name_is_the_last_word() {
        assert_eq!(split_name(" Đặng  Thu Hà "), (Some("Đặng Thu".into()), Some("Hà".into())));
        assert_eq!(split_name("Hà"), (None, Some("Hà".into())));
        assert_eq!(split_name(" "), (None, None));
    }
}
