//! Writing to the company's CRM so that the same push again makes no second object.

use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{Row, is_taken, number, settle};
use pos_core::lenient::in_vietnam;
use pos_core::record::{Address, CustomerRecord, Extra, Money, OrderRecord, clean, clean_opt, read_name};
use pos_core::{Error, ErrorKind, Result, Retry};

use crate::client::{Api, Client, ListParams};
use crate::map::folded;
use crate::mark::code_of;
use crate::model::{
    Account, AccountWrite, LineWrite, Order, OrderAccountWrite, OrderWrite, PaymentWrite, Product,
};

/// How many candidates of one look are looked at: a number stands on few accounts.
const CANDIDATES: u64 = 50;

/// How many numbers of a push are looked for.
const NUMBERS: usize = 2;

/// Changes the account with the vendor id, or creates one under a code of ours.
///
/// Without a vendor id: found by our code, else by number, else by e-mail address, and then answered without being written to;
/// else created. Sends 1 request to find it by code, 4 for each of two numbers, 1 for the address, 1 to write and 1 to read it
/// back; 1 more when the write failed in a way that leaves open whether it was carried out. A change takes 3 at most.
pub(crate) async fn customer(client: &Client, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let code = code_of(&push.reference)?;
    if client.api() == Api::V3 {
        return Err(Error::unsupported("Getfly's line v3 is only read"));
    }
    if let Some(id) = &push.vendor_id {
        let known = client.get_account(number(id)?).await?;
        return change(client, known, push).await;
    }
    let write = wanted(push, &code)?;
    if let Some(known) = client.find_account_by_code(&code).await? {
        return Ok(pushed(known, PushOutcome::Found));
    }
    if let Some(known) = holder(client, push).await? {
        return Ok(pushed(known, PushOutcome::Found));
    }
    // Taken meanwhile by another push of ours, or carried out without our hearing of it.
    let made = create(client, &write, &code).await;
    let (account, outcome) =
        settle(made, client.find_account_by_code(&code), is_taken).await.map_err(hidden)?;
    Ok(pushed(account, outcome))
}

fn pushed(account: Account, outcome: PushOutcome) -> Pushed<CustomerRecord> {
    Pushed::new(account.id.to_string(), outcome, Some(account.into_record(Extra::new())))
}

/// A conflict with something that nobody shows.
fn hidden(error: Error) -> Error {
    if error.kind() != ErrorKind::Conflict {
        return error;
    }
    let what = "Getfly says that there is one already and shows none under our code: the number or address is that of \
                another account, or ours was deleted there, which keeps its code; restore it, or let the CRM link another one";
    Error::new(ErrorKind::Conflict, what)
        .with_vendor_message(error.vendor_message().map(str::to_owned))
        .with_fields(error.fields().clone())
}

async fn create(client: &Client, write: &AccountWrite, code: &str) -> Result<Account> {
    match client.create_account(write).await?.id {
        Some(id) => shown(client.get_account(id).await.map(Some)),
        None => shown(client.find_account_by_code(code).await),
    }
}

/// What was just written must be there; where it is not yet, that is no answer to the write.
fn shown<T>(found: Result<Option<T>>) -> Result<T> {
    let hidden = || {
        let what = "it was written, and is not shown yet";
        Error::new(ErrorKind::Unexpected, what).with_retry(Retry::Backoff)
    };
    match found {
        Ok(found) => found.ok_or_else(hidden),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(hidden()),
        Err(error) => Err(error),
    }
}

fn numbers_in(text: &str) -> Vec<E164> {
    let reading = read_phones(text, &PhoneRules::default());
    reading.phones.into_iter().filter(|number| number.is_key).map(|number| number.e164).collect()
}

/// How a number may stand in a free text, without what stands before it: in one piece, and by threes.
fn forms(number: E164) -> Vec<String> {
    let text = number.to_string();
    let digits = text.strip_prefix("+84").unwrap_or(&text).trim_start_matches('+');
    let mut forms = vec![digits.to_owned()];
    if let (Some(first), Some(second), Some(third)) = (digits.get(..3), digits.get(3..6), digits.get(6..9))
        && digits.len() == 9
    {
        forms.push(format!("{first} {second} {third}"));
    }
    forms
}

impl Account {
    fn holds(&self, number: E164) -> bool {
        self.points().phones.iter().any(|phone| phone.e164 == Some(number))
    }
}

/// The account that holds a number or the address of the push: the only one, or of several the one whose name or address
/// agrees.
async fn holder(client: &Client, push: &CustomerPush) -> Result<Option<Account>> {
    let mut numbers: Vec<E164> = push.phones.iter().flat_map(|phone| numbers_in(phone)).collect();
    numbers.dedup();
    let mut holders: Vec<Account> = Vec::new();
    for number in numbers.into_iter().take(NUMBERS) {
        for filter in ["phone_office:contains", "contact_phone:contains"] {
            for form in forms(number) {
                let found = candidates(client, filter, &form).await?;
                keep(&mut holders, found.into_iter().filter(|account| account.holds(number)));
            }
        }
    }
    if let Some(email) = clean_opt(push.email.as_deref()).filter(|_| holders.is_empty()) {
        let found = candidates(client, "email:eq", &email).await?;
        let is =
            |own: &Option<String>| own.as_deref().is_some_and(|own| own.trim().eq_ignore_ascii_case(&email));
        keep(&mut holders, found.into_iter().filter(|account| is(&account.email)));
    }
    if holders.len() < 2 {
        return Ok(holders.pop());
    }
    let agrees = |one: &Account| {
        let same = |ours: &Option<String>, theirs: &Option<String>| {
            let fold = |text: &Option<String>| folded(&clean_opt(text.as_deref()).unwrap_or_default());
            !fold(ours).is_empty() && fold(ours) == fold(theirs)
        };
        same(&push.name, &one.account_name) || same(&push.email, &one.email)
    };
    let mut agreeing = holders.iter().filter(|one| agrees(one));
    if let (Some(one), None) = (agreeing.next(), agreeing.next()) {
        return Ok(Some(one.clone()));
    }
    holders.sort_by_key(|one| one.id);
    let ids: Vec<String> = holders.iter().map(|one| one.id.to_string()).collect();
    let what = format!("several accounts of the company hold the number or address: {}", ids.join(", "));
    Err(Error::new(ErrorKind::Conflict, what))
}

fn keep(holders: &mut Vec<Account>, found: impl Iterator<Item = Account>) {
    for one in found {
        if holders.iter().all(|known| known.id != one.id) {
            holders.push(one);
        }
    }
}

/// What a filter finds. One that the line does not know finds nothing; one that is not minded finds others, who are left out by
/// whoever asked.
async fn candidates(client: &Client, filter: &str, value: &str) -> Result<Vec<Account>> {
    let params = ListParams::default().with_limit(CANDIDATES).with_filter(filter, value);
    match client.list_accounts(&params).await {
        Ok(list) => Ok(list.data),
        Err(error) if error.kind() == ErrorKind::Rejected => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The whole address in one line: names of places must be configured to be taken by themselves.
fn address_text(address: &Address) -> Option<String> {
    let parts = [&address.street, &address.ward, &address.district, &address.province];
    let parts: Vec<String> = parts.into_iter().filter_map(|part| clean_opt(part.as_deref())).collect();
    if parts.is_empty() { clean_opt(address.text.as_deref()) } else { Some(parts.join(", ")) }
}

/// What a new account is made of.
fn wanted(push: &CustomerPush, code: &str) -> Result<AccountWrite> {
    let mut write = AccountWrite::default();
    let phones: Vec<String> = push.phones.iter().filter_map(|phone| clean(phone)).collect();
    let name = clean_opt(push.name.as_deref()).or_else(|| phones.first().cloned());
    let Some(name) = name.or_else(|| clean_opt(push.email.as_deref())) else {
        return Err(Error::unsupported(
            "Getfly makes no account without a name, a number or an e-mail address",
        ));
    };
    // An account has one number; another one is that of a person in it.
    write.last_contact_phone = phones.get(1).cloned();
    write.last_contact_name = write.last_contact_phone.as_ref().map(|_| name.clone());
    write.account_code = Some(code.to_owned());
    write.account_name = Some(name);
    write.phone_office = phones.into_iter().next();
    write.email = clean_opt(push.email.as_deref());
    write.birthday = push.birth_date;
    write.description = clean_opt(push.note.as_deref());
    write.billing_address_street = push.address.as_ref().and_then(address_text);
    Ok(write)
}

/// Writes only what differs. Blanks erase nothing; a number that is there already in another writing stays as it is.
async fn change(client: &Client, known: Account, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
    let mut write = AccountWrite::default();
    let differs = |old: &Option<String>, new: Option<String>| {
        new.filter(|new| clean_opt(old.as_deref()).as_ref() != Some(new))
    };
    let name = push.name.as_deref().and_then(clean).filter(|name| read_name(Some(name)).name.is_some());
    write.account_name = differs(&known.account_name, name);
    write.description = differs(&known.description, clean_opt(push.note.as_deref()));
    write.billing_address_street =
        differs(&known.billing_address_street, push.address.as_ref().and_then(address_text));
    write.birthday = push.birth_date.filter(|day| known.birthday != Some(*day));
    let email = clean_opt(push.email.as_deref());
    let is_same = |own: &String, new: &String| own.trim().eq_ignore_ascii_case(new);
    write.email = email.filter(|new| !known.email.as_ref().is_some_and(|own| is_same(own, new)));
    if let Some(phone) = push.phones.iter().find_map(|phone| clean(phone)) {
        let asked = numbers_in(&phone);
        let is_there = clean_opt(known.phone_office.as_deref()).as_ref() == Some(&phone)
            || (!asked.is_empty() && asked.iter().all(|number| known.holds(*number)));
        write.phone_office = (!is_there).then_some(phone);
    }
    if write == AccountWrite::default() {
        return Ok(pushed(known, PushOutcome::Found));
    }
    if client.api() == Api::V61 {
        write.current_account_code = clean_opt(known.account_code.as_deref());
    }
    match client.update_account(known.id, &write).await {
        // What a change answers is documented nowhere: reading it back tells.
        Err(error) if error.kind() != ErrorKind::Decode => return Err(error),
        _ => {}
    }
    Ok(pushed(client.get_account(known.id).await?, PushOutcome::Updated))
}

/// Creates an order under a code of ours, which is how it is found again.
///
/// Sends 1 request to find it by code, 1 for the buyer, 1 for each line, 1 to write and 1 to read it back; 1 more when the write
/// failed in a way that leaves open whether it was carried out. A buyer without a vendor id is pushed first.
pub(crate) async fn order(client: &Client, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
    let code = code_of(&push.reference)?;
    if client.api() != Api::V61 {
        return Err(Error::unsupported(format!("Getfly's line {} takes no orders here", client.api())));
    }
    let buyer = check(push)?;
    if let Some(made) = client.find_order_by_code(&code).await? {
        return Ok(ordered(made, PushOutcome::Found));
    }
    let id = match buyer {
        Buyer::Known(id) => id,
        // Selling to a customer does not change the customer.
        Buyer::New(buyer) => match &buyer.vendor_id {
            Some(id) => number(id)?,
            None => number(&customer(client, buyer).await?.id)?,
        },
    };
    let account = client.get_account(id).await?;
    let mut write = order_write(client, push, &code);
    write.account = Some(account_write(push, &account)?);
    for line in &push.lines {
        write.saved_order_details.push(line_write(client, line).await?);
    }
    let made = create_order(client, &write, &code).await;
    let (order, outcome) = settle(made, client.find_order_by_code(&code), is_taken).await.map_err(hidden)?;
    Ok(ordered(order, outcome))
}

fn ordered(order: Order, outcome: PushOutcome) -> Pushed<OrderRecord> {
    Pushed::new(order.id.to_string(), outcome, Some(order.into_record(Extra::new())))
}

async fn create_order(client: &Client, write: &OrderWrite, code: &str) -> Result<Order> {
    match client.create_order(write).await?.id {
        Some(id) => shown(client.get_order(id).await.map(Some)),
        None => shown(client.find_order_by_code(code).await),
    }
}

enum Buyer<'a> {
    Known(i64),
    New(&'a CustomerPush),
}

/// Everything that can be refused is refused here, before anything is sent.
fn check(push: &OrderPush) -> Result<Buyer<'_>> {
    if push.lines.is_empty() {
        return Err(Error::config("an order needs lines"));
    }
    let is_product = |line: &PushLine| {
        [&line.product_id, &line.sku].into_iter().any(|text| clean_opt(text.as_deref()).is_some())
    };
    if !push.lines.iter().all(is_product) {
        return Err(Error::unsupported("Getfly sells products: a line needs the id or the code of one"));
    }
    for id in push.lines.iter().filter_map(|line| clean_opt(line.product_id.as_deref())) {
        number(&id)?;
    }
    match (&push.buyer_id, &push.buyer) {
        (Some(id), _) => number(id).map(Buyer::Known),
        (None, Some(buyer)) => Ok(Buyer::New(buyer)),
        (None, None) => Err(Error::unsupported("an order of Getfly needs an account that buys")),
    }
}

/// Everything but buyer and goods.
fn order_write(client: &Client, push: &OrderPush, code: &str) -> OrderWrite {
    let filled = |amount: Money| Some(amount).filter(|amount| !amount.is_zero());
    let day = in_vietnam(push.created_at.unwrap_or_else(|| client.now())).date();
    // Whether the discount of a line is that of one piece is not established; that of the order is money without a doubt.
    let on_lines: Money = push.lines.iter().filter_map(|line| line.discount).sum();
    let method = clean_opt(push.payment_method.as_deref());
    let payment = push.paid.and_then(filled).map(|paid| PaymentWrite {
        method_name: method.clone(),
        amount: Some(paid),
        pay_date: Some(day),
        ..PaymentWrite::default()
    });
    OrderWrite {
        order_code: Some(code.to_owned()),
        order_date: Some(day),
        discount_amount: filled(push.discount.unwrap_or_default() + on_lines),
        transport_amount: push.shipping_fee.and_then(filled),
        saved_sale_order_payments: payment.into_iter().collect(),
        payment_method_name: method,
        ..OrderWrite::default()
    }
}

/// Who buys, as the account has it; where the goods go, as the order has it.
fn account_write(push: &OrderPush, account: &Account) -> Result<OrderAccountWrite> {
    let Some(code) = clean_opt(account.account_code.as_deref()) else {
        return Err(Error::new(
            ErrorKind::Rejected,
            "the buyer's account has no code, and an order goes by it",
        ));
    };
    let to = push.recipient.as_ref();
    let buyers = push.buyer.as_ref().and_then(|buyer| buyer.address.as_ref());
    let address = to
        .and_then(address_text)
        .or_else(|| buyers.and_then(address_text))
        .or_else(|| clean_opt(account.billing_address_street.as_deref()));
    Ok(OrderAccountWrite {
        account_code: Some(code),
        account_name: clean_opt(account.account_name.as_deref()),
        contact_name: to.and_then(|to| clean_opt(to.name.as_deref())),
        account_phone: clean_opt(account.phone_office.as_deref()),
        account_email: clean_opt(account.email.as_deref()),
        account_address: address,
    })
}

/// A line by the id of a product, or by its code. One request.
async fn line_write(client: &Client, line: &PushLine) -> Result<LineWrite> {
    let product = match clean_opt(line.product_id.as_deref()) {
        Some(id) => client.get_product(number(&id)?).await?,
        None => product_by_code(client, &clean_opt(line.sku.as_deref()).unwrap_or_default()).await?,
    };
    let Some(code) = clean_opt(product.product_code.as_deref()) else {
        return Err(Error::new(ErrorKind::Rejected, "a product has no code, and a line goes by it"));
    };
    Ok(LineWrite {
        product_code: Some(code),
        product_name: clean_opt(product.product_name.as_deref()).or_else(|| clean_opt(line.name.as_deref())),
        quantity: Some(line.quantity),
        price: Some(line.unit_price),
        ..LineWrite::default()
    })
}

/// The list can be asked for a code (D); one that minds no filter answers others.
async fn product_by_code(client: &Client, code: &str) -> Result<Product> {
    let params = ListParams::default().with_limit(CANDIDATES).with_filter("product_code:eq", code);
    let found = client.list_products(&params).await?.data;
    let is = |own: &Option<String>| own.as_deref().is_some_and(|own| own.trim() == code);
    let missing = || Error::new(ErrorKind::Rejected, "the company has no product with the code of a line");
    found.into_iter().find(|product| is(&product.product_code)).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_looked_for_in_the_ways_it_is_written() {
        let number = |text: &str| numbers_in(text)[0];
        assert_eq!(forms(number("0903 111 222")), ["903111222", "903 111 222"]);
        assert_eq!(forms(number("024 3999 0011")), ["2439990011"]);
    }
}
