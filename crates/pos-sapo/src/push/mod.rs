//! Writing to a store so that the same push again makes no second object.
//!
//! Sapo has no idempotency and no outside reference on customers. A customer is found again by phone or e-mail, compared
//! exactly; an order by a mark of ours. Lists lag behind writes by seconds, so an error that leaves open whether a write was
//! carried out asks for a wait before the next try.

mod pos;
mod web;

use std::collections::{BTreeMap, BTreeSet};

use pos_core::connector::{CustomerPush, OrderPush, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{Row, is_open, number, reference, settle};
use pos_core::record::{
    Address, CustomerRecord, Extra, Gender, Money, OrderRecord, PlaceCodes, clean, clean_opt,
};
use pos_core::{Error, ErrorKind, Result, Retry};

use crate::answer::Named;
use crate::client::{Client, ListParams};
use crate::map::PLACES;
use crate::model;
use crate::store::Flavor;

/// Lists lag behind writes by seconds (C:1 live): before that a search finds nothing.
const LAG: std::time::Duration = std::time::Duration::from_secs(15);
/// As many pages of a search as are read where the vendor ignores what is searched for.
const SEARCH_PAGES: u32 = 40;

/// The vendor's object as what was pushed.
fn pushed<T: Row<Key = i64>>(made: T, outcome: PushOutcome) -> Pushed<T::Record> {
    let id = made.key().unwrap_or_default().to_string();
    Pushed::new(id, outcome, Some(made.into_record(Extra::new())))
}

/// Nobody may try again before the lists have caught up what may have been carried out.
fn after_lag(error: Error) -> Error {
    match error.retry() {
        _ if !is_open(&error) => error,
        Retry::After(wait) if wait >= LAG => error,
        _ => error.with_retry(Retry::After(LAG)),
    }
}

/// Whether the vendor may have refused because of a number or e-mail that somebody has already.
fn is_taken(error: &Error) -> bool {
    let named = error.fields().keys().any(|field| field.contains("phone") || field.contains("email"));
    error.kind() == ErrorKind::Conflict || (error.status() == Some(422) && named)
}

/// Whether the vendor does not take the codes of a place (C:1 live).
fn is_unsupported_place(error: &Error) -> bool {
    error.kind() == ErrorKind::Rejected
        && (error.vendor_code() == Some("unsupported")
            || error.vendor_message().is_some_and(|text| text.to_lowercase().contains("is not supported")))
}

fn numbers(text: &str) -> Vec<E164> {
    let reading = read_phones(text, &PhoneRules::default());
    reading.phones.into_iter().filter(|number| number.is_key).map(|number| number.e164).collect()
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

fn folded(text: &str) -> String {
    clean(text).unwrap_or_default().to_lowercase()
}

fn same(mine: Option<&str>, theirs: Option<&str>) -> bool {
    mine.map(folded).filter(|text| !text.is_empty()) == theirs.map(folded).filter(|text| !text.is_empty())
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

/// Street, ward, district and province.
fn named(address: &Address) -> [Option<&str>; 4] {
    [&address.street, &address.ward, &address.district, &address.province].map(|part| part.as_deref())
}

/// The parts of an address, whichever member they stand in.
fn parts(address: &Address) -> BTreeSet<String> {
    let mut texts: Vec<&str> = named(address).into_iter().flatten().collect();
    if texts.is_empty() {
        texts.extend(address.text.as_deref());
    }
    let parts = texts.into_iter().flat_map(|text| text.split([',', ';'])).map(folded);
    parts.filter(|part| !matches!(part.as_str(), "" | "vietnam" | "việt nam" | "viet nam")).collect()
}

/// Whether an address is one of these already: they say at least what it says.
fn is_known(address: &Address, there: &[Address]) -> bool {
    let new = parts(address);
    there.iter().any(|known| new.is_subset(&parts(known)))
}

/// The whole address in one line.
fn line(address: &Address) -> Option<String> {
    let parts: Vec<String> = named(address).into_iter().filter_map(clean_opt).collect();
    clean_opt(address.text.as_deref()).or_else(|| (!parts.is_empty()).then(|| parts.join(", ")))
}

/// The codes of an address in Sapo's own system, when all its parts have a name and a code there: codes are taken only for
/// the division before July 2025, and one without its name is dropped silently (C:1 live).
fn codes(address: &Address) -> Option<PlaceCodes> {
    let codes = address.codes_of(PLACES);
    let is_whole = named(address).into_iter().all(|part| clean_opt(part).is_some())
        && [&codes.ward, &codes.district, &codes.province].into_iter().all(Option::is_some);
    is_whole.then_some(codes)
}

/// Creates or changes a customer.
///
/// By vendor id it is changed; else one that is found by phone or e-mail is answered and not written to; else it is created.
/// Sends two requests for each phone and up to one for the e-mail to find it, up to three to write, and the same searches once
/// more when a number or an e-mail is taken, or when the write failed in a way that leaves open whether it was carried out.
pub(crate) async fn customer(client: &Client, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    reference(&push.reference)?;
    if let Some(id) = &push.vendor_id {
        let id = number(id)?;
        return match client.flavor() {
            Flavor::Web => web::change(client, id, push).await,
            Flavor::Pos => pos::change(client, id, push).await,
        };
    }
    if !is_findable(push) {
        let what =
            "a new customer of Sapo needs a phone number or an e-mail: by nothing else is it found again";
        return Err(Error::unsupported(what));
    }
    let found = |known: CustomerRecord, outcome| Pushed::new(known.id.clone(), outcome, Some(known));
    if let Some(known) = find(client, push).await? {
        return Ok(found(known, PushOutcome::Found));
    }
    let made = match client.flavor() {
        Flavor::Web => web::create(client, push).await,
        Flavor::Pos => pos::create(client, push).await,
    };
    let (made, outcome) = settle(made, find(client, push), is_taken).await.map_err(after_lag)?;
    Ok(found(made, outcome))
}

/// Whether a customer without an id can be found again.
fn is_findable(push: &CustomerPush) -> bool {
    push.phones.iter().any(|phone| !numbers(phone).is_empty()) || clean_opt(push.email.as_deref()).is_some()
}

/// The customer with one of the push's numbers, else with its e-mail. The vendor's search is fuzzy, and a filter that it
/// ignores answers everybody: so what comes is compared exactly. Every writing of every number is asked for before one of the
/// holders is chosen: two customers may have one each.
async fn find(client: &Client, push: &CustomerPush) -> Result<Option<CustomerRecord>> {
    let mut asked: Vec<E164> = Vec::new();
    let mut holders = BTreeMap::new();
    for phone in push.phones.iter().flat_map(|phone| numbers(phone)) {
        if asked.contains(&phone) {
            continue;
        }
        asked.push(phone);
        let digits = phone.digits().to_string();
        let mut forms = vec![phone.to_string()];
        // Web keeps `+84...`, POS what was typed; what their search finds under is not established.
        forms.extend(digits.strip_prefix("84").map(|national| format!("0{national}")));
        for form in forms {
            let mut found = search(client, form).await?;
            found.retain(|_, one| one.phones.iter().any(|other| other.is_key && other.e164 == Some(phone)));
            holders.extend(found);
        }
    }
    if !holders.is_empty() {
        return choose(holders, push).map(Some);
    }
    let Some(email) = clean_opt(push.email.as_deref()) else { return Ok(None) };
    let mut holders = search(client, email.clone()).await?;
    holders.retain(|_, one| has_email(one, &email));
    if holders.is_empty() { Ok(None) } else { choose(holders, push).map(Some) }
}

fn has_email(one: &CustomerRecord, email: &str) -> bool {
    one.emails.iter().any(|other| folded(&other.raw) == folded(email))
}

/// Of several holders the one whose name or e-mail agrees.
fn choose(mut holders: BTreeMap<String, CustomerRecord>, push: &CustomerPush) -> Result<CustomerRecord> {
    let ids: Vec<String> = holders.keys().cloned().collect();
    if holders.len() > 1 {
        let name = push.name.as_deref().map(folded).filter(|name| !name.is_empty());
        let email = clean_opt(push.email.as_deref());
        holders.retain(|_, one| {
            let named = one.name.as_deref().or(one.raw_name.as_deref()).map(folded);
            (name.is_some() && named == name) || email.as_deref().is_some_and(|email| has_email(one, email))
        });
    }
    match (holders.len(), holders.pop_first()) {
        (1, Some((_, one))) => Ok(one),
        _ => {
            let what = format!(
                "several customers of the shop hold these numbers or this e-mail, and neither name nor e-mail tells which \
                 is meant: {}",
                ids.join(", ")
            );
            Err(Error::new(ErrorKind::Conflict, what))
        }
    }
}

/// Living customers that the vendor's search answers, by id.
async fn search(client: &Client, text: String) -> Result<BTreeMap<String, CustomerRecord>> {
    async fn all<T>(client: &Client, text: String) -> Result<BTreeMap<String, CustomerRecord>>
    where
        T: Named + Row<Record = CustomerRecord>,
    {
        let mut found = BTreeMap::new();
        let keep = |one: T| {
            let one = one.into_record(Extra::new());
            found.insert(one.id.clone(), one);
            None::<()>
        };
        let params = ListParams::default().with_filter("query", text);
        client.search(&params, SEARCH_PAGES, keep).await?;
        found.retain(|_, one| !one.deleted);
        Ok(found)
    }
    match client.flavor() {
        Flavor::Web => all::<model::web::Customer>(client, text).await,
        Flavor::Pos => all::<model::pos::Customer>(client, text).await,
    }
}

/// Numbers go out as Sapo keeps them.
fn phone_of(push: &CustomerPush) -> Option<String> {
    let first = push.phones.iter().find_map(|phone| clean(phone))?;
    Some(numbers(&first).first().map_or(first, ToString::to_string))
}

/// The number of a push, unless the customer has it already, in whatever writing.
fn new_phone(push: &CustomerPush, known: &CustomerRecord) -> Option<String> {
    let phone = phone_of(push)?;
    let asked = numbers(&phone);
    let is_there = known.phones.iter().any(|one| {
        one.e164.is_some_and(|number| asked.contains(&number)) || one.raw.trim() == phone.as_str()
    });
    (!is_there).then_some(phone)
}

/// A text of a push, unless it is there already.
fn new_text(push: Option<&str>, known: Option<&str>) -> Option<String> {
    clean_opt(push).filter(|text| clean_opt(known).as_ref() != Some(text))
}

/// Creates an order that carries our reference.
///
/// An order with its mark is searched for in up to three lists; then one request writes. After a failure that leaves open
/// whether it was carried out, the search is made again. A buyer without a vendor id is pushed first, when a phone or e-mail
/// makes it findable.
pub(crate) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    reference(&push.reference)?;
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    match client.flavor() {
        Flavor::Web => web::order(client, push).await,
        Flavor::Pos => pos::order(client, push).await,
    }
}

/// The id of an order's buyer: given, or of the customer that the push names, who is made where there is none.
async fn buyer_of(client: &Client, push: &OrderPush) -> Result<Option<i64>> {
    match (&push.buyer_id, &push.buyer) {
        (Some(id), _) => number(id).map(Some),
        (None, Some(buyer)) if buyer.vendor_id.is_some() => {
            buyer.vendor_id.as_deref().map(number).transpose()
        }
        (None, Some(buyer)) if is_findable(buyer) => {
            let mut buyer = buyer.clone();
            if buyer.reference.trim().is_empty() {
                buyer.reference = push.reference.clone();
            }
            number(&customer(client, &buyer).await?.id).map(Some)
        }
        _ => Ok(None),
    }
}

/// What the goods come to, what is taken off, and what is owed.
fn amounts(push: &OrderPush) -> (Money, Money, Money) {
    let goods: Money = push.lines.iter().map(|line| line.unit_price.times(line.quantity)).sum();
    let discount: Money = push.lines.iter().filter_map(|line| line.discount).chain(push.discount).sum();
    (goods, discount, goods - discount + push.shipping_fee.unwrap_or_default())
}

fn nonzero(amount: Option<Money>) -> Option<Money> {
    amount.filter(|amount| !amount.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_in_whatever_members_it_stands() {
        let shops = Address {
            street: Some("12 ngõ Mẫu".into()),
            ward: Some("Phường Cống Vị".into()),
            district: Some("Quận Ba Đình".into()),
            province: Some("Hà Nội".into()),
            country: Some("Vietnam".into()),
            ..Address::default()
        };
        let mut ours = Address {
            text: Some("12 Ngõ Mẫu, phường Cống Vị,  Hà Nội, Việt Nam".into()),
            ..Address::default()
        };
        assert!(is_known(&ours, std::slice::from_ref(&shops)));
        let mut doubled = shops.clone();
        doubled.street = Some("12 ngõ Mẫu, Phường Cống Vị, Quận Ba Đình, Hà Nội".into());
        assert!(
            is_known(&shops, std::slice::from_ref(&doubled))
                && is_known(&doubled, std::slice::from_ref(&shops))
        );
        ours.text = Some("14 ngõ Mẫu, Phường Cống Vị, Hà Nội".into());
        assert!(!is_known(&ours, &[shops]));
    }
}
