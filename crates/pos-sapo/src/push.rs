//! Writing to a web store so that the same push again makes no second object.
//!
//! Sapo has no idempotency and no outside reference on customers. A customer is found again by phone or e-mail, compared
//! exactly; an order by a tag, its `reference` and a note attribute. Lists lag behind writes by seconds, so an error that
//! leaves open whether a write was carried out asks for a wait before the next try.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::record::{Address, CustomerRecord, Gender, Money, OrderRecord, clean, clean_opt};
use pos_core::webhook::body_id;
use pos_core::{Error, ErrorKind, Result, Retry};
use time::Duration;

use crate::Flavor;
use crate::client::{Client, ListParams, MAX_PAGE};
use crate::connector::{Sapo, number};
use crate::map::ToRecord;
use crate::model::web::{Customer, Order};
use crate::model::{
    AddressWrite, CustomerWrite, DiscountWrite, LineWrite, OrderCustomerWrite, OrderWrite, ShippingWrite,
    TransactionWrite,
};

/// The note attribute that carries our reference in full.
pub(crate) const REFERENCE: &str = "crm_ref";
/// The tag of everything that we push.
const TAG: &str = "crm-sync";
/// How the codes of POS orders of ours begin.
pub(crate) const POS_MARK: &str = "CRM";
/// The longest `reference` that Sapo takes (C:1 live).
const LONGEST: usize = 32;
/// How far before an order's own time its earlier push is searched for: clocks differ.
const MARGIN: Duration = Duration::minutes(10);
/// Lists lag behind writes by seconds (C:1 live): before that a search finds nothing.
const LAG: std::time::Duration = std::time::Duration::from_secs(15);

fn web_only(shop: &Sapo) -> Result<()> {
    if shop.flavor() == Flavor::Web {
        return Ok(());
    }
    Err(Error::unsupported(
        "pushes to Sapo POS are not built; the typed client creates its customers and orders",
    ))
}

/// What stands in `reference` and as a tag: our own reference where it fits, else its hash. Commas separate tags.
pub(crate) fn short(reference: &str) -> Result<String> {
    let reference = reference.trim();
    if reference.is_empty() {
        return Err(Error::config("a push needs a reference of its own"));
    }
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/');
    // What looks like a hash of ours is hashed, too, so that two references never share one.
    if reference.len() <= LONGEST
        && reference.bytes().all(is_plain)
        && !reference.starts_with("crm_")
        && reference != TAG
    {
        return Ok(reference.to_owned());
    }
    Ok(format!("crm_{}", &body_id(reference.as_bytes())[..28]))
}

/// Whether a failed write may have been carried out.
fn is_open(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Decode | ErrorKind::Unexpected
    )
}

/// Nobody may try again before the lists have caught up.
fn after_lag(error: Error) -> Error {
    match error.retry() {
        Retry::After(wait) if wait >= LAG => error,
        _ => error.with_retry(Retry::After(LAG)),
    }
}

fn numbers(text: &str) -> Vec<E164> {
    let reading = read_phones(text, &PhoneRules::default());
    reading.phones.into_iter().filter(|number| number.is_key).map(|number| number.e164).collect()
}

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

/// Creates or changes a customer.
///
/// Found by vendor id, else by phone, else by e-mail, else created. Sends up to two requests for each phone and one for the
/// e-mail to find it, one or two to write, and the same searches once more when a number or an e-mail is taken, or when
/// the write failed in a way that leaves open whether it was carried out.
pub(crate) async fn customer(shop: &Sapo, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    web_only(shop)?;
    let _turn = shop.pushing.lock().await;
    customer_in_turn(shop, push).await
}

async fn customer_in_turn(shop: &Sapo, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    if push.reference.trim().is_empty() {
        return Err(Error::config("a push needs a reference of its own"));
    }
    let client = &shop.client;
    if let Some(id) = &push.vendor_id {
        return change(client, client.get_customer(number(id)?).await?, push).await;
    }
    if push.phones.iter().all(|phone| numbers(phone).is_empty()) && clean_opt(push.email.as_deref()).is_none()
    {
        let what =
            "a new customer of Sapo needs a phone number or an e-mail: by nothing else is it found again";
        return Err(Error::config(what));
    }
    if let Some(known) = find(client, push).await? {
        return change(client, known, push).await;
    }
    match client.create_customer(&created(push)).await {
        Ok(made) => Ok(Pushed::new(made.id.to_string(), PushOutcome::Created, Some(made.record()))),
        Err(error) if is_open(&error) => match find(client, push).await {
            Ok(Some(made)) => Ok(Pushed::new(made.id.to_string(), PushOutcome::Created, Some(made.record()))),
            _ => Err(after_lag(error)),
        },
        Err(error) if is_taken(&error) => match find(client, push).await? {
            Some(known) => change(client, known, push).await,
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Whether the vendor may have refused because of a number or e-mail that somebody has already.
fn is_taken(error: &Error) -> bool {
    let named = error.fields().keys().any(|field| field.contains("phone") || field.contains("email"));
    error.kind() == ErrorKind::Conflict || (error.status() == Some(422) && named)
}

/// The customer with one of the push's numbers, else with its e-mail. The vendor's search is fuzzy, and a filter that it
/// ignores answers everybody: so what comes is compared exactly.
async fn find(client: &Client, push: &CustomerPush) -> Result<Option<Customer>> {
    for phone in push.phones.iter().flat_map(|phone| numbers(phone)) {
        let digits = phone.digits().to_string();
        let mut forms = vec![phone.to_string()];
        // Sapo keeps `+84...`; what its search finds under is not established.
        forms.extend(digits.strip_prefix("84").map(|national| format!("0{national}")));
        for form in forms {
            let has = |one: &Customer| {
                let points = pos_core::Customer::contact_points(one);
                points.phones.iter().any(|other| other.is_key && other.e164 == Some(phone))
            };
            if let Some(known) = search(client, form, has).await? {
                return Ok(Some(known));
            }
        }
    }
    if let Some(email) = clean_opt(push.email.as_deref()) {
        let has = |one: &Customer| {
            one.email.as_deref().is_some_and(|other| other.trim().to_lowercase() == email.to_lowercase())
        };
        return search(client, email.clone(), has).await;
    }
    Ok(None)
}

async fn search(client: &Client, query: String, has: impl Fn(&Customer) -> bool) -> Result<Option<Customer>> {
    let params = ListParams::default().with_page(1).with_limit(MAX_PAGE).with_filter("query", query);
    let found = client.list_customers(&params).await?.data;
    Ok(found.into_iter().filter(|one| has(one)).min_by_key(|one| one.id))
}

fn gender_word(gender: Gender) -> Option<String> {
    let word = match gender {
        Gender::Male => "male",
        Gender::Female => "female",
        Gender::Other => "other",
        _ => return None,
    };
    Some(word.to_owned())
}

/// Numbers go out as Sapo keeps them.
fn phone_of(push: &CustomerPush) -> Option<String> {
    let first = push.phones.iter().find_map(|phone| clean(phone))?;
    Some(numbers(&first).first().map_or(first, ToString::to_string))
}

fn created(push: &CustomerPush) -> CustomerWrite {
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
        let mut address = address_write(address, push.name.as_deref(), phone_of(push).as_deref());
        address.default = Some(true);
        write.addresses.push(address);
    }
    write
}

/// The tags that are there and the new ones; a comma in one would make two of it.
fn tags(there: &[String], new: &[String]) -> Vec<String> {
    let mut all: Vec<String> = there.to_vec();
    for tag in new.iter().filter_map(|tag| clean(&tag.replace(',', " "))) {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(&tag)) {
            all.push(tag);
        }
    }
    all
}

/// Names without codes, and everything in `address1`: codes are taken only for the division before July 2025, and a code
/// without its name is dropped silently (C:1 live).
fn address_write(address: &Address, name: Option<&str>, phone: Option<&str>) -> AddressWrite {
    let parts = [&address.street, &address.ward, &address.district, &address.province];
    let parts: Vec<String> = parts.into_iter().filter_map(|part| clean_opt(part.as_deref())).collect();
    let mut write = AddressWrite::default();
    write.address1 =
        clean_opt(address.text.as_deref()).or_else(|| (!parts.is_empty()).then(|| parts.join(", ")));
    write.city = clean_opt(address.province.as_deref());
    write.province = write.city.clone();
    write.country = Some(clean_opt(address.country.as_deref()).unwrap_or_else(|| "Vietnam".to_owned()));
    write.name = clean_opt(address.name.as_deref()).or_else(|| clean_opt(name));
    (write.last_name, write.first_name) = split_name(write.name.as_deref().unwrap_or_default());
    write.phone = clean_opt(address.phone.as_deref()).or_else(|| clean_opt(phone));
    write
}

/// Writes what is new in the push and nothing else: blanks erase nothing, and a number that is there already in another
/// writing stays.
async fn change(client: &Client, known: Customer, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let mut write = CustomerWrite::default();
    let differs = |mine: Option<&str>, theirs: Option<&str>| mine.is_some() && mine != theirs;
    if let Some(name) = clean_opt(push.name.as_deref())
        && known.display_name().as_deref() != Some(name.as_str())
    {
        // Blank, not absent: the family name must go when there is none any more.
        let (last, first) = split_name(&name);
        write.last_name = Some(last.unwrap_or_default());
        write.first_name = first;
    }
    if let Some(phone) = phone_of(push) {
        let there: Vec<E164> =
            pos_core::Customer::contact_points(&known).phones.iter().filter_map(|one| one.e164).collect();
        let asked = numbers(&phone);
        let is_there = asked.iter().any(|number| there.contains(number))
            || known.phone.as_deref() == Some(phone.as_str());
        write.phone = (!is_there).then_some(phone);
    }
    let email = clean_opt(push.email.as_deref());
    let lower = |text: Option<&str>| text.map(|text| text.trim().to_lowercase());
    if lower(email.as_deref()) != lower(known.email.as_deref()) {
        write.email = email;
    }
    let gender = push.gender.and_then(gender_word);
    if differs(gender.as_deref(), lower(known.gender.as_deref()).as_deref()) {
        write.gender = gender;
    }
    write.dob = push.birth_date.filter(|date| known.dob != Some(*date));
    let note = clean_opt(push.note.as_deref());
    if differs(note.as_deref(), clean_opt(known.note.as_deref()).as_deref()) {
        write.note = note;
    }
    let all = tags(&known.tags, &push.tags);
    write.tags = (all.len() != known.tags.len()).then(|| all.join(","));
    let address = push
        .address
        .as_ref()
        .map(|address| address_write(address, push.name.as_deref(), phone_of(push).as_deref()));
    let address = address.filter(|new| {
        let same = |other: &crate::model::web::Address| {
            clean_opt(other.address1.as_deref()) == new.address1
                && (new.province.is_none() || other.province == new.province || other.city == new.city)
        };
        new.address1.is_some() && !known.addresses.iter().chain(&known.default_address).any(same)
    });
    if write == CustomerWrite::default() && address.is_none() {
        return Ok(Pushed::new(known.id.to_string(), PushOutcome::Found, Some(known.record())));
    }
    let mut changed = known;
    if write != CustomerWrite::default() {
        changed = match client.update_customer(changed.id, &write).await {
            // Written, but answered without the customer.
            Err(error) if error.kind() == ErrorKind::Decode => client.get_customer(changed.id).await?,
            answer => answer?,
        };
    }
    if let Some(address) = address {
        client
            .create_address(changed.id, &address)
            .await
            .map_err(|error| if is_open(&error) { after_lag(error) } else { error })?;
        changed = client.get_customer(changed.id).await?;
    }
    Ok(Pushed::new(changed.id.to_string(), PushOutcome::Updated, Some(changed.record())))
}

/// Creates an order that carries our reference.
///
/// Orders with its tag are searched for in up to three lists (open, closed, cancelled); then one request writes. After a
/// failure that leaves open whether it was carried out, the search is made again. A buyer without a vendor id is pushed
/// first, when a phone or e-mail makes it findable.
pub(crate) async fn order(shop: &Sapo, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    web_only(shop)?;
    let mut write = order_write(push)?;
    let _turn = shop.pushing.lock().await;
    if let Some(made) = marked(&shop.client, push).await? {
        return Ok(Pushed::new(made.id.to_string(), PushOutcome::Found, Some(made.record())));
    }
    if let (None, Some(buyer)) = (&push.buyer_id, &push.buyer) {
        let is_findable = buyer.vendor_id.is_some()
            || buyer.phones.iter().any(|phone| !numbers(phone).is_empty())
            || clean_opt(buyer.email.as_deref()).is_some();
        let mut one = OrderCustomerWrite::default();
        if is_findable {
            one.id = Some(number(&customer_in_turn(shop, buyer).await?.id)?);
        } else {
            (one.last_name, one.first_name) = split_name(buyer.name.as_deref().unwrap_or_default());
        }
        write.customer = (one != OrderCustomerWrite::default()).then_some(one);
    }
    match shop.client.create_order(&write).await {
        Ok(made) => Ok(Pushed::new(made.id.to_string(), PushOutcome::Created, Some(made.record()))),
        Err(error) if is_open(&error) => match marked(&shop.client, push).await {
            Ok(Some(made)) => Ok(Pushed::new(made.id.to_string(), PushOutcome::Created, Some(made.record()))),
            _ => Err(after_lag(error)),
        },
        Err(error) => Err(error),
    }
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
        let mut params = ListParams::default().with_limit(MAX_PAGE).with_filter("tag", tag.clone());
        params.status = status.map(str::to_owned);
        params.created_from = push.created_at.map(|at| at - MARGIN);
        let mut before: Vec<i64> = Vec::new();
        for page in 1.. {
            let found = client.list_orders(&params.clone().with_page(page)).await?;
            let ids: Vec<i64> = found.data.iter().map(|order| order.id).collect();
            if let Some(made) = found.data.into_iter().find(is_ours) {
                return Ok(Some(made));
            }
            // A full page means that the filter was ignored; the same page again, that the page number is.
            if ids.len() + found.rejected.len() < MAX_PAGE as usize || ids == before {
                break;
            }
            before = ids;
        }
    }
    Ok(None)
}

fn nonzero(amount: Option<Money>) -> Option<Money> {
    amount.filter(|amount| !amount.is_zero())
}

/// Everything that can be refused is refused here, before anything is sent.
fn order_write(push: &OrderPush) -> Result<OrderWrite> {
    let tag = short(&push.reference)?;
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    let goods: Money = push.lines.iter().map(|line| line.unit_price.times(line.quantity)).sum();
    // Sapo takes no discount on a line.
    let discount: Money = push.lines.iter().filter_map(|line| line.discount).chain(push.discount).sum();
    let total = goods - discount + push.shipping_fee.unwrap_or_default();
    let paid = push.paid.unwrap_or_default();
    let mut write = OrderWrite::default();
    write.line_items = push.lines.iter().map(line_write).collect::<Result<_>>()?;
    if let Some(id) = &push.buyer_id {
        let mut buyer = OrderCustomerWrite::default();
        buyer.id = Some(number(id)?);
        write.customer = Some(buyer);
    }
    if let Some(buyer) = &push.buyer {
        write.email = clean_opt(buyer.email.as_deref());
        write.phone = phone_of(buyer);
        let at = buyer.address.clone().unwrap_or_default();
        let billed = address_write(&at, buyer.name.as_deref(), write.phone.as_deref());
        write.billing_address =
            (billed.name.is_some() || billed.phone.is_some() || billed.address1.is_some()).then_some(billed);
    }
    write.shipping_address = match &push.recipient {
        Some(to) => Some(address_write(to, None, None)),
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
    let mut write = LineWrite::default();
    write.variant_id = line.product_id.as_deref().map(number).transpose()?;
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
    fn references_fit_and_are_never_shared() {
        assert_eq!(short(" crm-000124 ").unwrap(), "crm-000124");
        let long = "9".repeat(33);
        for reference in [long.as_str(), "a,b", "đơn 1", "crm_1", TAG] {
            let short = short(reference).unwrap();
            assert!(short.len() <= LONGEST && short.starts_with("crm_"), "{short}");
            assert!(short.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        }
        assert_ne!(short("a,b").unwrap(), short("a, b").unwrap());
        assert!(short(" ").is_err());
    }

    #[test]
    fn the_given_name_is_the_last_word() {
        assert_eq!(split_name(" Đặng  Thu Hà "), (Some("Đặng Thu".into()), Some("Hà".into())));
        assert_eq!(split_name("Hà"), (None, Some("Hà".into())));
        assert_eq!(split_name(" "), (None, None));
    }
}
