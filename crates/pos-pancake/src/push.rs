//! Writing to the shop so that the same push again makes no second object.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{Keyed, is_open, marker, reference, reference_in, settle, split};
use pos_core::record::{Address, CustomerRecord, Extra, Gender, Money, OrderRecord, clean, clean_opt};
use pos_core::{Error, ErrorKind, Result};

use crate::answer::read_record;
use crate::client::{Client, CustomerShape, DEFAULT_PAGE, ListParams, add_new, list_in};
use crate::map::Unit;
use crate::mark::{NEW_PLACES, OLD_PLACES, custom_id_of};
use crate::model::{
    AddressWrite, Customer, CustomerWrite, LineWrite, Order, OrderWrite, Variation, VariationInfoWrite,
};

fn numbers(texts: &[String]) -> Vec<E164> {
    let rules = PhoneRules::default();
    texts.iter().flat_map(|text| read_phones(text, &rules).phones).map(|number| number.e164).collect()
}

/// Changes the customer that the push names, or finds or creates one.
///
/// With a vendor id: what differs is written. Without one: who holds a number in any spelling, else who has the e-mail address,
/// is answered as found and not written to. Else a customer is created and looked at again. The vendor keeps nothing that a
/// repeated push could be recognised by for sure but the phone: without one nobody is created. Sends 3 requests for each
/// phone to find the customer, 1 for the e-mail address, 1 to write, up to 4 to look again, and 1 for a note that is not there
/// yet. `branch_id` has no counterpart.
pub(crate) async fn customer(
    client: &Client,
    shape: CustomerShape,
    push: &CustomerPush,
) -> Result<Pushed<CustomerRecord>> {
    reference(&push.reference)?;
    if !push.group_ids.is_empty() {
        return Err(Error::unsupported("Pancake's levels cannot be given to a customer by request"));
    }
    let wanted = wanted(push);
    if let Some(id) = &push.vendor_id {
        let known = client.find_customer(id, |customer, _| customer).await?;
        return change(client, known, push, &wanted, PushOutcome::Found).await;
    }
    if let Some(known) = there_already(client, push).await? {
        return found(client, known);
    }
    if numbers(&push.phones).is_empty() {
        return Err(Error::unsupported("Pancake finds customers by phone: a new one needs a phone number"));
    }
    let made = match client.create_customer(&wanted, shape).await {
        Err(error) if is_open(&error) => Some(there_already(client, push).await.ok().flatten().ok_or(error)?),
        answer => answer?.filter(|made| is_as_wanted(made, &wanted)),
    };
    let made = match made {
        Some(made) => made,
        None => there_already(client, push).await?.ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "the new customer is not to be seen yet")
                .with_context("POST /customers")
        })?,
    };
    if !is_as_wanted(&made, &wanted) || !agrees(&made, push) {
        // Somebody else was faster.
        return found(client, made);
    }
    change(client, made, push, &wanted, PushOutcome::Created).await
}

/// A customer who is there already: as it is.
fn found(client: &Client, known: Customer) -> Result<Pushed<CustomerRecord>> {
    let id = id_of(&known)?;
    Ok(Pushed::new(id, PushOutcome::Found, Some(client.record(known, Extra::new()))))
}

fn id_of(known: &Customer) -> Result<String> {
    known.id.clone().ok_or_else(|| Error::decode("the vendor's customer has no id"))
}

fn is_as_wanted(made: &Customer, wanted: &CustomerWrite) -> bool {
    let kept = numbers(&made.phone_numbers);
    made.id.is_some() && numbers(&wanted.phone_numbers).iter().all(|number| kept.contains(number))
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether name or e-mail address are those of the push, or the push has neither.
fn agrees(known: &Customer, push: &CustomerPush) -> bool {
    let name = clean_opt(push.name.as_deref());
    let email = clean_opt(push.email.as_deref());
    let same_name =
        name.as_deref().zip(known.name.as_deref()).is_some_and(|(one, other)| folded(one) == folded(other));
    let same_email = email.as_deref().is_some_and(|email| has_email(known, email));
    same_name || same_email || (name.is_none() && email.is_none())
}

fn has_email(known: &Customer, email: &str) -> bool {
    known.emails.iter().any(|known| known.trim().eq_ignore_ascii_case(email.trim()))
}

/// The customer who holds one of the numbers, else who has the e-mail address.
async fn there_already(client: &Client, push: &CustomerPush) -> Result<Option<Customer>> {
    let rules = PhoneRules::default();
    let mut holders: Vec<Customer> = Vec::new();
    for phone in &push.phones {
        let Some(number) = read_phones(phone, &rules).phones.into_iter().find(|number| number.is_key) else {
            continue;
        };
        add_new(&mut holders, client.find_customers_by_phone(&number.e164.to_string()).await?);
    }
    if let Some(email) = clean_opt(push.email.as_deref()).filter(|_| holders.is_empty()) {
        // Whether the search looks at e-mail addresses is not established: what it finds is compared.
        let params = ListParams::default()
            .with_page(1)
            .with_page_size(DEFAULT_PAGE)
            .with_filter("search", email.clone());
        let found = client.list_customers(&params).await?.data;
        add_new(&mut holders, found.into_iter().filter(|one| has_email(one, &email)));
    }
    if holders.len() > 1 {
        let (mut theirs, others): (Vec<Customer>, Vec<Customer>) = std::mem::take(&mut holders)
            .into_iter()
            .partition(|one| agrees(one, push) && (push.name.is_some() || push.email.is_some()));
        if theirs.len() != 1 {
            theirs.extend(others);
            let mut ids: Vec<&str> = theirs.iter().filter_map(|one| one.id.as_deref()).collect();
            ids.sort_unstable();
            let what = format!("several customers of the shop hold this number: {}", ids.join(", "));
            return Err(Error::new(ErrorKind::Conflict, what).with_context("GET /customers"));
        }
        holders = theirs;
    }
    Ok(holders.pop())
}

/// What the push says, as the vendor wants it.
fn wanted(push: &CustomerPush) -> CustomerWrite {
    let mut write = CustomerWrite {
        phone_numbers: push.phones.iter().filter_map(|phone| clean(phone)).collect(),
        ..CustomerWrite::default()
    };
    write.name = clean_opt(push.name.as_deref()).or_else(|| write.phone_numbers.first().cloned());
    write.emails = clean_opt(push.email.as_deref()).into_iter().collect();
    write.gender = match push.gender {
        Some(Gender::Male) => Some("male".to_owned()),
        Some(Gender::Female) => Some("female".to_owned()),
        _ => None,
    };
    write.date_of_birth = push.birth_date;
    write.tags = push.tags.iter().filter_map(|tag| clean(tag)).collect();
    if let Some(address) = &push.address {
        let fallback = (write.name.as_deref(), write.phone_numbers.first().map(String::as_str));
        write.shop_customer_addresses = address_write(address, fallback).into_iter().collect();
    }
    write
}

/// An address with the vendor's codes where they are known, else as text, which the vendor reads by itself (Dq).
fn address_write(address: &Address, (name, phone): (Option<&str>, Option<&str>)) -> Option<AddressWrite> {
    let part = |text: &Option<String>| clean_opt(text.as_deref());
    let (old, new) = (address.codes_of(OLD_PLACES), address.codes_of(NEW_PLACES));
    let province = old.province.as_ref().or(new.province.as_ref());
    let parts = [&address.street, &address.ward, &address.district, &address.province];
    let words: Vec<String> = parts.into_iter().filter_map(part).collect();
    let text = match (province, part(&address.text)) {
        (Some(_), _) => part(&address.street),
        (None, Some(text)) if words.len() < 2 => Some(text),
        _ => None,
    };
    let text = text.or_else(|| (!words.is_empty()).then(|| words.join(", "))).or_else(|| part(&address.text));
    let mut write = AddressWrite { address: Some(text?), ..AddressWrite::default() };
    write.full_name = part(&address.name).or_else(|| name.and_then(clean));
    write.phone_number = part(&address.phone).or_else(|| phone.and_then(clean));
    write.country_code =
        part(&address.country).map_or(Some(84), |country| country.trim_start_matches('+').parse().ok());
    write.province_id = old.province;
    write.district_id = old.district;
    write.commune_id = old.ward;
    write.new_province_id = new.province;
    write.new_commune_id = new.ward;
    Some(write)
}

/// What the push says and the customer does not have yet. Blanks erase nothing, numbers and addresses are only added.
fn lacking(known: &Customer, push: &CustomerPush, wanted: &CustomerWrite) -> CustomerWrite {
    let mut change = CustomerWrite::default();
    if push.name.is_some() && wanted.name != clean_opt(known.name.as_deref()) {
        change.name.clone_from(&wanted.name);
    }
    let there = numbers(&known.phone_numbers);
    let is_new = |text: &&String| {
        let asked = numbers(std::slice::from_ref(text));
        asked.iter().any(|number| !there.contains(number))
    };
    let new: Vec<String> = wanted.phone_numbers.iter().filter(is_new).cloned().collect();
    if !new.is_empty() {
        change.phone_numbers = known.phone_numbers.iter().cloned().chain(new).collect();
    }
    let has = |email: &String| has_email(known, email);
    if wanted.emails.iter().any(|email| !has(email)) {
        let new = wanted.emails.iter().filter(|email| !has(email)).cloned();
        change.emails = known.emails.iter().cloned().chain(new).collect();
    }
    if wanted.gender.is_some() && wanted.gender != known.gender {
        change.gender.clone_from(&wanted.gender);
    }
    if wanted.date_of_birth.is_some() && wanted.date_of_birth != known.date_of_birth {
        change.date_of_birth = wanted.date_of_birth;
    }
    // Tags that are known by number alone would be lost by writing names.
    let names: Vec<String> = known.tags.iter().filter_map(|tag| tag.name.clone()).collect();
    if names.len() == known.tags.len() && wanted.tags.iter().any(|tag| !names.contains(tag)) {
        let new = wanted.tags.iter().filter(|tag| !names.contains(tag)).cloned().collect::<Vec<_>>();
        change.tags = names.into_iter().chain(new).collect();
    }
    if known.shop_customer_addresses.is_empty() {
        change.shop_customer_addresses.clone_from(&wanted.shop_customer_addresses);
    }
    change
}

/// Lays what the push says over what the vendor keeps.
async fn change(
    client: &Client,
    known: Customer,
    push: &CustomerPush,
    wanted: &CustomerWrite,
    so_far: PushOutcome,
) -> Result<Pushed<CustomerRecord>> {
    let id = id_of(&known)?;
    let lacks = lacking(&known, push, wanted);
    let note = clean_opt(push.note.as_deref()).filter(|note| {
        !known.notes.iter().any(|known| clean_opt(known.message.as_deref()).as_ref() == Some(note))
    });
    let written = !lacks.is_empty() || note.is_some();
    let mut now = known;
    if !lacks.is_empty() {
        let answer = match client.update_customer(&id, &lacks).await {
            // One client addresses customers by the other id.
            Err(error) if matches!(error.status(), Some(400 | 404)) => match &now.customer_id {
                Some(other) => client.update_customer(other, &lacks).await?,
                None => return Err(error),
            },
            answer => answer?,
        };
        now = match answer.filter(|answer| answer.id.as_deref() == Some(id.as_str())) {
            Some(answer) => answer,
            None => client.find_customer(&id, |customer, _| customer).await?,
        };
    }
    if let Some(note) = note {
        client.create_customer_note(&id, &note).await?;
    }
    let outcome = if written && so_far == PushOutcome::Found { PushOutcome::Updated } else { so_far };
    Ok(Pushed::new(id, outcome, Some(client.record(now, Extra::new()))))
}

/// Creates an order that carries our reference as its `custom_id` and in its note.
///
/// It is looked up by that id, which reads the database, and then searched for by the buyer's phone from the time on that our
/// order was made, which reads the lagging index; then one request writes. After a failure that leaves open whether it was
/// carried out, both are tried again. Sends 2 requests to look (5 where the vendor says 500 for an unknown id), 1 for the
/// buyer, 1 to 2 for the products, and 1 to write.
pub(crate) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let custom_id = custom_id_of(&push.reference)?;
    let mut write = order_write(client, push, &custom_id)?;
    let buyer = buyer(client, push).await?;
    write.bill_full_name = buyer.name.clone().or_else(|| buyer.phone.clone());
    write.bill_phone_number = buyer.phone.clone();
    write.bill_email = buyer.email.clone();
    let fallback = (buyer.name.as_deref(), buyer.phone.as_deref());
    let address = push.recipient.as_ref().or(buyer.address.as_ref());
    write.shipping_address = address.and_then(|address| address_write(address, fallback));
    if let Some(made) = existing(client, push, &custom_id, buyer.phone.as_deref()).await? {
        return pushed(client, made, PushOutcome::Found);
    }
    write.items = lines(client, push, &mut write.total_discount).await?;
    let made = client.create_order(&write).await;
    let again = existing(client, push, &custom_id, buyer.phone.as_deref());
    let (made, outcome) = settle(made, again, |_| false).await?;
    pushed(client, made, outcome)
}

fn pushed(client: &Client, order: Order, outcome: PushOutcome) -> Result<Pushed<OrderRecord>> {
    let id = order.key().ok_or_else(|| Error::decode("the vendor's order has no id"))?;
    Ok(Pushed::new(id, outcome, Some(client.record(order, Extra::new()))))
}

/// The order of ours, if it is there.
async fn existing(
    client: &Client,
    push: &OrderPush,
    custom_id: &str,
    phone: Option<&str>,
) -> Result<Option<Order>> {
    let reference = push.reference.trim();
    let is_ours = |order: &Order| {
        order.custom_id.as_deref() == Some(custom_id)
            || order.id.as_deref() == Some(custom_id)
            || order.note.as_deref().and_then(reference_in).as_deref() == Some(reference)
    };
    match client.find("GET /orders/{id}", "orders", custom_id).await {
        Ok(response) => {
            if let Ok((order, _)) = read_record::<Order>(&response.body)
                && is_ours(&order)
            {
                return Ok(Some(order));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut params = ListParams::default()
        .with_page_size(DEFAULT_PAGE)
        .with_filter("search", phone.unwrap_or(custom_id))
        .with_filter("include_removed", "1")
        .with_array("extra_fields", ["custom_id"]);
    params = match push.created_at {
        Some(made) => {
            let from = made.unix_timestamp() - BEFORE;
            let to = client.now().unix_timestamp().max(made.unix_timestamp()) + BEFORE;
            params.with_order_window("inserted_at", from, to)
        }
        None => params.with_filter("option_sort", "inserted_at_desc"),
    };
    for number in 1..=SEARCH_PAGES {
        let response = client.rows("GET /orders", "orders", &params.clone().with_page(number)).await?;
        let list = list_in::<Order>("GET /orders", &response)?;
        let is_last = list.info.is_last(list.rows.len(), (number, u64::from(DEFAULT_PAGE)));
        let ours = split(list.rows).0.into_iter().find(is_ours);
        if ours.is_some() || is_last {
            return Ok(ours);
        }
    }
    Ok(None)
}

/// How much earlier, in seconds, than our order was made the search for it begins.
const BEFORE: i64 = 3600;

/// How many pages of a buyer's orders are looked through.
const SEARCH_PAGES: u64 = 10;

/// Who buys, as the order has to say it: the vendor finds or makes the customer by the phone.
#[derive(Default)]
struct Buyer {
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    address: Option<Address>,
}

async fn buyer(client: &Client, push: &OrderPush) -> Result<Buyer> {
    let mut buyer = Buyer::default();
    if let Some(given) = &push.buyer {
        buyer.name = clean_opt(given.name.as_deref());
        buyer.phone = given.phones.first().and_then(|phone| clean(phone));
        buyer.email = clean_opt(given.email.as_deref());
        buyer.address.clone_from(&given.address);
    }
    if let Some(id) = push.buyer_id.as_deref().filter(|_| buyer.phone.is_none()) {
        let known = client.find_customer(id, |customer, _| client.record(customer, Extra::new())).await?;
        buyer.name = buyer.name.or(known.name);
        buyer.phone = known.phones.first().map(|phone| phone.raw.clone());
        buyer.email = buyer.email.or_else(|| known.emails.first()?.address.clone());
    }
    Ok(buyer)
}

/// An amount as the vendor counts it: whole minor units of a currency that somebody measured.
fn amount(client: &Client, amount: Money) -> Result<Money> {
    let unit = Unit::of(Some(client.currency()));
    let what = || {
        Error::unsupported(
            "the minor unit of the shop's currency is not established: amounts cannot be written",
        )
    };
    let written = unit.write(amount).ok_or_else(what)?;
    if written.decimal().fract().is_zero() {
        Ok(written)
    } else {
        Err(Error::config("Pancake's amounts are whole"))
    }
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(client: &Client, push: &OrderPush, custom_id: &str) -> Result<OrderWrite> {
    let marker = marker(&push.reference)?;
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    if push.paid.is_some_and(|paid| !paid.is_zero()) {
        return Err(Error::unsupported(
            "no field for what was paid is established for new orders of Pancake",
        ));
    }
    for line in &push.lines {
        if line.product_id.is_none() && line.sku.is_none() {
            return Err(Error::config("a line needs the id or the stock keeping unit of a product"));
        }
        if !line.quantity.decimal().fract().is_zero()
            || line.quantity.is_negative()
            || line.quantity.is_zero()
        {
            return Err(Error::config("Pancake's quantities are whole numbers above zero"));
        }
        amount(client, line.unit_price)?;
    }
    let number = |text: &str, what: &str| {
        text.trim().parse::<i64>().map_err(|_| Error::config(format!("{what} of Pancake is a whole number")))
    };
    let write = OrderWrite {
        shop_id: Some(number(client.shop_id(), "the shop")?),
        status: Some(0),
        custom_id: Some(custom_id.to_owned()),
        note: Some(match clean_opt(push.note.as_deref()) {
            Some(note) => format!("{note} {marker}"),
            None => marker,
        }),
        warehouse_id: push.branch_id.as_deref().and_then(clean),
        assigning_seller_id: push.seller_id.as_deref().and_then(clean),
        order_sources: push.channel_id.as_deref().map(|id| number(id, "the order source")).transpose()?,
        is_free_shipping: Some(false),
        shipping_fee: Some(amount(client, push.shipping_fee.unwrap_or(Money::ZERO))?),
        total_discount: Some(amount(client, push.discount.unwrap_or(Money::ZERO))?),
        ..OrderWrite::default()
    };
    Ok(write)
}

/// The lines with their variations. A discount that does not go evenly into the pieces is added to the order's.
async fn lines(client: &Client, push: &OrderPush, discount: &mut Option<Money>) -> Result<Vec<LineWrite>> {
    let ids: Vec<String> =
        push.lines.iter().filter_map(|line| line.product_id.as_deref().and_then(clean)).collect();
    let mut known: Vec<Variation> = Vec::new();
    if !ids.is_empty() {
        let params =
            ListParams::default().with_page(1).with_page_size(DEFAULT_PAGE).with_array("variation_ids", ids);
        known = client.list_variations(&params).await?.data;
    }
    let mut lines = Vec::with_capacity(push.lines.len());
    for from in &push.lines {
        let mut line = LineWrite::default();
        (line.product_id, line.variation_id) = variation(client, from, &known).await?;
        line.quantity = from.quantity;
        line.variation_info = VariationInfoWrite { retail_price: Some(amount(client, from.unit_price)?) };
        line.discount_each_product = Some(Money::ZERO);
        if let Some(whole) = from.discount.filter(|discount| !discount.is_zero()) {
            let whole = amount(client, whole)?;
            match whole.decimal().checked_div(from.quantity.decimal()).filter(|each| each.fract().is_zero()) {
                Some(each) => line.discount_each_product = Some(Money::new(each)),
                None => *discount = Some(discount.unwrap_or(Money::ZERO) + whole),
            }
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Product and variation of a line: by the variation's id, by the id of a product with a single one, or by its unit.
async fn variation(
    client: &Client,
    line: &PushLine,
    known: &[Variation],
) -> Result<(Option<String>, String)> {
    let both = |variation: &Variation| Some((variation.product_id.clone(), variation.id.clone()?));
    let unknown =
        || Error::config("a line names a product that Pancake does not know, or one with several variations");
    if let Some(id) = line.product_id.as_deref().and_then(clean) {
        if let Some(found) = known.iter().find(|one| one.id.as_deref() == Some(id.as_str())).and_then(both) {
            return Ok(found);
        }
        let product = client.get_product(&id).await?;
        let mut there = product.variations.iter().filter(|one| one.is_removed != Some(true));
        return match (there.next().and_then(|one| one.id.clone()), there.next()) {
            (Some(only), None) => Ok((product.id.clone(), only)),
            _ => Err(unknown()),
        };
    }
    let sku = line.sku.as_deref().and_then(clean).ok_or_else(unknown)?;
    let params =
        ListParams::default().with_page(1).with_page_size(DEFAULT_PAGE).with_filter("search", sku.clone());
    let found = client.list_variations(&params).await?.data;
    let is_it = |one: &&Variation| {
        [&one.display_id, &one.custom_id, &one.barcode]
            .iter()
            .any(|code| code.as_deref() == Some(sku.as_str()))
    };
    found.iter().find(is_it).and_then(both).ok_or_else(unknown)
}
