//! What is sent to a POS store.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::kit::{Row, number, settle};
use pos_core::record::{Address, CustomerRecord, Extra, OrderRecord, clean_opt};
use pos_core::{Error, ErrorKind, Result};

use super::{
    SEARCH_PAGES, after_lag, amounts, buyer_of, gender_word, is_known, line, new_phone, new_text, nonzero,
    phone_of, pushed, same, tags,
};
use crate::client::{Client, ListParams};
use crate::mark::{TAG, code};
use crate::model::pos::{Customer, Order};
use crate::model::{PosAddressWrite, PosCustomerWrite, PosLineWrite, PosOrderWrite, PosPrepaymentWrite};

/// POS keeps numbers as they are typed, in the national form.
fn typed(phone: Option<String>) -> Option<String> {
    phone.map(|phone| match phone.strip_prefix("+84") {
        Some(national) => format!("0{national}"),
        None => phone,
    })
}

fn address_write(address: &Address, name: Option<&str>, phone: Option<&str>) -> PosAddressWrite {
    PosAddressWrite {
        country: Some(clean_opt(address.country.as_deref()).unwrap_or_else(|| "Việt Nam".to_owned())),
        city: clean_opt(address.province.as_deref()),
        district: clean_opt(address.district.as_deref()),
        ward: clean_opt(address.ward.as_deref()),
        address1: clean_opt(address.street.as_deref()).or_else(|| line(address)),
        full_name: clean_opt(address.name.as_deref()).or_else(|| clean_opt(name)),
        phone_number: clean_opt(address.phone.as_deref()).or_else(|| clean_opt(phone)),
        ..PosAddressWrite::default()
    }
}

pub(super) async fn create(client: &Client, push: &CustomerPush) -> Result<CustomerRecord> {
    let mut write = PosCustomerWrite::default();
    let phone = typed(phone_of(push));
    // The number stands for the name until somebody knows one.
    write.name =
        clean_opt(push.name.as_deref()).or_else(|| phone.clone()).or(clean_opt(push.email.as_deref()));
    write.phone_number = phone.clone();
    write.email = clean_opt(push.email.as_deref());
    write.sex = push.gender.and_then(gender_word);
    write.birthday = push.birth_date;
    write.description = clean_opt(push.note.as_deref());
    write.tags = tags(&[], &push.tags);
    write.customer_group_id = push.group_ids.first().map(|id| number(id)).transpose()?;
    if let Some(address) = push.address.as_ref().filter(|address| line(address).is_some()) {
        write.addresses.push(address_write(address, push.name.as_deref(), phone.as_deref()));
    }
    Ok(client.create_pos_customer(&write).await?.into_record(Extra::new()))
}

/// Writes what is new in the push and nothing else.
pub(super) async fn change(client: &Client, id: i64, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let (known, _) = client.find::<Customer>(id, &[]).await?;
    let there = known.clone().into_record(Extra::new());
    let mut write = PosCustomerWrite {
        name: new_text(push.name.as_deref(), known.name.as_deref()),
        phone_number: typed(new_phone(push, &there)),
        email: clean_opt(push.email.as_deref()).filter(|email| !same(Some(email), known.email.as_deref())),
        sex: push.gender.and_then(gender_word).filter(|sex| !same(Some(sex), known.sex.as_deref())),
        birthday: push.birth_date.filter(|date| known.dob != Some(*date)),
        description: new_text(push.note.as_deref(), known.description.as_deref()),
        ..PosCustomerWrite::default()
    };
    let all = tags(&known.tags, &push.tags);
    write.tags = if all.len() == known.tags.len() { Vec::new() } else { all };
    write.customer_group_id = push.group_ids.first().map(|id| number(id)).transpose()?;
    write.customer_group_id = write.customer_group_id.filter(|group| known.customer_group_id != Some(*group));
    let address = push.address.as_ref().filter(|new| line(new).is_some() && !is_known(new, &there.addresses));
    if write == PosCustomerWrite::default() && address.is_none() {
        return Ok(Pushed::new(there.id.clone(), PushOutcome::Found, Some(there)));
    }
    let mut changed = known;
    if write != PosCustomerWrite::default() {
        changed = match client.update_pos_customer(id, &write).await {
            // Written, but answered without the customer.
            Err(error) if error.kind() == ErrorKind::Decode => client.get_pos_customer(id).await?,
            answer => answer?,
        };
    }
    if let Some(address) = address {
        let write = address_write(address, push.name.as_deref(), typed(phone_of(push)).as_deref());
        client.create_pos_address(id, &write).await.map_err(after_lag)?;
        changed = client.get_pos_customer(id).await?;
    }
    Ok(pushed(changed, PushOutcome::Updated))
}

pub(super) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let mut write = order_write(push)?;
    let branch = push.branch_id.as_deref().map(number).transpose()?;
    let seller = push.seller_id.as_deref().map(number).transpose()?;
    let code = write.code.clone().unwrap_or_default();
    if let Some(made) = coded(client, &code).await? {
        return Ok(pushed(made, PushOutcome::Found));
    }
    write.customer_id = buyer_of(client, push).await?;
    // The code may have been taken by a write of ours whose answer was lost.
    let made = client.in_branch(branch, seller).create_pos_order(&write).await;
    let is_taken = |error: &Error| error.kind() == ErrorKind::Conflict;
    let (made, _) = settle(made, coded(client, &code), is_taken).await.map_err(after_lag)?;
    Ok(pushed(made, PushOutcome::Created))
}

/// The order with our code. The search is a fuzzy one, so it is compared.
async fn coded(client: &Client, code: &str) -> Result<Option<Order>> {
    let params = ListParams::default().with_filter("query", code);
    let ours = |order: Order| {
        let is_ours = order.code.as_deref().is_some_and(|other| other.trim().eq_ignore_ascii_case(code));
        is_ours.then_some(order)
    };
    client.search(&params, SEARCH_PAGES, ours).await
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(push: &OrderPush) -> Result<PosOrderWrite> {
    if nonzero(push.shipping_fee).is_some() {
        let what =
            "what an order of Sapo POS takes as a delivery charge is not documented: push it without one";
        return Err(Error::unsupported(what));
    }
    let (_, discount, total) = amounts(push);
    let of_lines = push.lines.iter().filter_map(|line| line.discount).sum();
    let mut write = PosOrderWrite {
        code: Some(code(&push.reference)?),
        tax_treatment: "exclusive".to_owned(),
        status: "draft".to_owned(),
        source_id: push.channel_id.as_deref().map(number).transpose()?,
        total: Some(total),
        order_discount_amount: nonzero(Some(discount - of_lines)),
        note: clean_opt(push.note.as_deref()),
        tags: vec![TAG.to_owned()],
        order_line_items: push.lines.iter().map(line_write).collect::<Result<_>>()?,
        ..PosOrderWrite::default()
    };
    let mut billed = None;
    if let Some(buyer) = &push.buyer {
        write.email = clean_opt(buyer.email.as_deref());
        write.phone_number = typed(phone_of(buyer));
        let phone = write.phone_number.as_deref();
        billed = buyer.address.as_ref().map(|at| address_write(at, buyer.name.as_deref(), phone));
    }
    write.shipping_address =
        push.recipient.as_ref().map(|to| address_write(to, None, None)).or(billed.clone());
    write.billing_address = billed;
    if write.shipping_address.as_ref().is_none_or(|to| to.address1.is_none()) {
        let what =
            "an order of Sapo POS needs a shipping address with a street, of its recipient or its buyer";
        return Err(Error::config(what));
    }
    if let Some(paid) = nonzero(push.paid) {
        let method = push.payment_method.as_deref().and_then(|method| number(method).ok());
        let method = method.ok_or_else(|| {
            Error::config("a payment of Sapo POS needs the id of its payment method as payment_method")
        })?;
        let payment = PosPrepaymentWrite {
            payment_method_id: method,
            amount: Some(paid),
            paid_amount: Some(paid),
            source: "customer_prepaid".to_owned(),
            ..PosPrepaymentWrite::default()
        };
        write.prepayments.push(payment);
    }
    Ok(write)
}

fn line_write(line: &PushLine) -> Result<PosLineWrite> {
    let id = line
        .product_id
        .as_deref()
        .ok_or_else(|| Error::config("a line of an order of Sapo POS needs the id of a variant"))?;
    let write = PosLineWrite {
        variant_id: Some(number(id)?),
        quantity: Some(line.quantity),
        price: Some(line.unit_price),
        discount_amount: nonzero(line.discount),
        ..PosLineWrite::default()
    };
    Ok(write)
}
