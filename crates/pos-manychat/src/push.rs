//! Writing to a contact, and making one where the account may.

use pos_core::connector::{CustomerPush, PushOutcome, Pushed};
use pos_core::identity::{E164, PhoneRules, read_phones};
use pos_core::kit::{number, reference, settle};
use pos_core::record::{Address, CustomerRecord, Extra, clean, clean_opt, read_name};
use pos_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Date;

use crate::client::Client;
use crate::fields::{Fields, Names};
use crate::map::birthday;
use crate::model::{Field, FieldWrite, Subscriber, SubscriberWrite};

/// How a contact that ManyChat does not have is made. ManyChat lets an account import contacts only after its support opened
/// that for it (C:6); whoever is imported is not active until they write themselves (C:1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Import {
    /// Not at all: contacts that are there are changed.
    #[default]
    Off,
    /// By the phone number of texts, or by e-mail where there is none.
    Phone,
    /// By the number of WhatsApp.
    Whatsapp,
}

impl std::str::FromStr for Import {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_lowercase().as_str() {
            "off" | "" => Ok(Self::Off),
            "phone" => Ok(Self::Phone),
            "whatsapp" => Ok(Self::Whatsapp),
            _ => Err(Error::config("import is off, phone or whatsapp")),
        }
    }
}

/// What a push goes by, beside the contact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ways {
    pub(crate) import: Import,
    /// The words in which people agree to texts and mail; without them nobody is said to have agreed.
    pub(crate) consent: Option<String>,
    /// The custom field of text that mirrors the number of WhatsApp.
    pub(crate) mirror: Option<i64>,
}

/// How many numbers of a push are looked for.
const NUMBERS: usize = 2;

/// Where a push goes.
pub(crate) struct Desk<'a> {
    pub(crate) client: &'a Client,
    pub(crate) fields: &'a Fields,
    pub(crate) ways: &'a Ways,
}

impl Desk<'_> {
    /// Changes the contact with the vendor id, or makes one where that is allowed.
    ///
    /// Without a vendor id: found by number, by the mirror of it, else by e-mail address, and then answered without being
    /// written to; else made. Looking sends 1 request for each of two numbers, 2 more for each where there is a mirror, and 1
    /// for the address; making sends 4 at most. A change takes 5 at most.
    pub(crate) async fn customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        reference(&push.reference)?;
        if let Some(id) = &push.vendor_id {
            let known = self.client.subscriber(number(id)?).await?;
            return self.change(known, push).await;
        }
        let numbers = numbers_of(push);
        let email = clean_opt(push.email.as_deref());
        if numbers.is_empty() && email.is_none() {
            return Err(Error::unsupported(
                "ManyChat makes no contact without a number or an e-mail address",
            ));
        }
        if let Some(known) = self.holder(push, &numbers, email.as_deref()).await? {
            return self.pushed(known, PushOutcome::Found);
        }
        let write = self.wanted(push, &numbers, email.as_deref())?;
        let made = self.client.create_subscriber(&write).await;
        let is_taken = |error: &Error| error.kind() == ErrorKind::Conflict;
        let again = self.holder(push, &numbers, email.as_deref());
        let (contact, outcome) = settle(made, again, is_taken).await.map_err(hidden)?;
        if outcome != PushOutcome::Created {
            return self.pushed(contact, outcome);
        }
        self.complete(contact, push, &numbers).await
    }

    fn pushed(&self, contact: Subscriber, outcome: PushOutcome) -> Result<Pushed<CustomerRecord>> {
        let record = contact.into_customer(self.fields, Extra::new());
        Ok(Pushed::new(record.id.clone(), outcome, Some(record)))
    }

    async fn written(&self, id: i64, outcome: PushOutcome) -> Result<Pushed<CustomerRecord>> {
        self.pushed(self.client.subscriber(id).await?, outcome)
    }

    /// The contact that holds a number or the address of the push: the only one, or of several the one whose name or address
    /// agrees.
    async fn holder(
        &self,
        push: &CustomerPush,
        numbers: &[E164],
        email: Option<&str>,
    ) -> Result<Option<Subscriber>> {
        let mut holders: Vec<Subscriber> = Vec::new();
        for number in numbers.iter().take(NUMBERS) {
            let text = number.to_string();
            let mut found: Vec<Subscriber> = self.client.find_by_phone(&text).await?.into_iter().collect();
            if let Some(mirror) = self.ways.mirror {
                for form in [text.trim_start_matches('+'), &text] {
                    found.extend(self.client.find_by_custom_field(mirror, form).await?);
                }
            }
            keep(&mut holders, found.into_iter().filter(|contact| self.holds(contact, *number)));
        }
        if let (Some(email), true) = (email, holders.is_empty()) {
            let is = |own: &Option<String>| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email));
            let found = self.client.find_by_email(email).await?;
            keep(&mut holders, found.into_iter().filter(|contact| is(&contact.email)));
        }
        if holders.len() < 2 {
            return Ok(holders.pop());
        }
        let agrees = |contact: &Subscriber| {
            let same = |ours: Option<String>, theirs: Option<String>| {
                let fold = |text: Option<String>| text.map(|text| text.to_lowercase());
                ours.is_some() && fold(ours) == fold(theirs)
            };
            same(clean_opt(push.name.as_deref()), contact.full_name(self.fields))
                || same(email.map(str::to_owned), contact.email.clone())
        };
        let mut agreeing = holders.iter().filter(|contact| agrees(contact));
        if let (Some(one), None) = (agreeing.next(), agreeing.next()) {
            return Ok(Some(one.clone()));
        }
        let mut ids: Vec<&str> = holders.iter().filter_map(|contact| contact.id.as_deref()).collect();
        ids.sort_unstable();
        let what = format!("several contacts of ManyChat hold the number: {}", ids.join(", "));
        Err(Error::new(ErrorKind::Conflict, what))
    }

    /// Whether a number is one of a contact's, also where only the mirror says so.
    fn holds(&self, contact: &Subscriber, number: E164) -> bool {
        let mirrored = contact
            .custom_fields
            .iter()
            .filter(|field| field.id.is_some() && field.id == self.ways.mirror)
            .filter_map(|field| crate::model::text_of(field.value.as_ref()?))
            .any(|text| numbers_in(&international(&text)).contains(&number));
        mirrored || contact.points(self.fields).phones.iter().any(|phone| phone.e164 == Some(number))
    }

    /// What a new contact is made of.
    fn wanted(&self, push: &CustomerPush, numbers: &[E164], email: Option<&str>) -> Result<SubscriberWrite> {
        let mut write = SubscriberWrite::default();
        let has_agreed = self.ways.consent.is_some();
        let phone = numbers.first().map(E164::to_string);
        match (self.ways.import, phone) {
            (Import::Off, _) => {
                let what = "ManyChat has no such contact, and contacts are not imported here: they come by writing to the page";
                return Err(Error::unsupported(what));
            }
            (Import::Whatsapp, None) => {
                return Err(Error::unsupported("ManyChat makes no contact of WhatsApp without a number"));
            }
            (Import::Whatsapp, Some(phone)) => {
                write.whatsapp_phone = Some(phone.trim_start_matches('+').to_owned());
            }
            (Import::Phone, phone) => {
                write.has_opt_in_sms = phone.is_some().then_some(has_agreed);
                write.phone = phone;
            }
        }
        if let (Some(email), Import::Phone) = (email, self.ways.import) {
            write.email = Some(email.to_owned());
            write.has_opt_in_email = Some(has_agreed);
        }
        if write.has_opt_in_sms == Some(true) {
            write.consent_phrase = self.ways.consent.clone();
        }
        (write.first_name, write.last_name) = named(push.name.as_deref());
        write.gender = gender(push);
        Ok(write)
    }

    /// What a new contact still lacks: the number by which it is found again, and the merchant's fields.
    async fn complete(
        &self,
        contact: Subscriber,
        push: &CustomerPush,
        numbers: &[E164],
    ) -> Result<Pushed<CustomerRecord>> {
        let id = number(contact.id.as_deref().unwrap_or_default())?;
        let mut fields = self.fields_to_write(&contact, push).await?;
        if let (Import::Whatsapp, Some(phone)) = (self.ways.import, numbers.first()) {
            let phone = phone.to_string();
            if let Some(mirror) = self.ways.mirror {
                fields.push(FieldWrite::by_id(mirror, phone.trim_start_matches('+')));
            }
            // Born on WhatsApp it has no phone, and would be found by nothing.
            let write = SubscriberWrite {
                phone: Some(phone),
                has_opt_in_sms: Some(self.ways.consent.is_some()),
                consent_phrase: self.ways.consent.clone(),
                ..SubscriberWrite::default()
            };
            self.client.update_subscriber(id, &write).await?;
        }
        self.client.set_custom_fields(id, &fields).await?;
        self.written(id, PushOutcome::Created).await
    }

    /// Writes only what differs. Blanks erase nothing; a number that is there already in another writing stays as it is.
    async fn change(&self, known: Subscriber, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        let id = number(known.id.as_deref().unwrap_or_default())?;
        let fields = self.fields_to_write(&known, push).await?;
        let mut write = SubscriberWrite::default();
        let name = clean_opt(push.name.as_deref()).filter(|name| read_name(Some(name)).name.is_some());
        if name.is_some() && name != known.full_name(self.fields) {
            let (first, last) = named(name.as_deref());
            // Whether a blank last name erases the one that is there is not established: one word alone is not written over two.
            if last.is_some() || known.last_name.is_none() {
                (write.first_name, write.last_name) = (first, last);
            }
        }
        write.gender = gender(push).filter(|gender| known.gender.as_ref() != Some(gender));
        if write == SubscriberWrite::default() && fields.is_empty() {
            return self.pushed(known, PushOutcome::Found);
        }
        if write != SubscriberWrite::default() {
            self.client.update_subscriber(id, &write).await?;
        }
        self.client.set_custom_fields(id, &fields).await?;
        self.written(id, PushOutcome::Updated).await
    }

    /// The merchant's fields that say something else than the push, as far as the page has them and they take it: one request
    /// when there is one.
    async fn fields_to_write(&self, known: &Subscriber, push: &CustomerPush) -> Result<Vec<FieldWrite>> {
        let mut wanted: Vec<(&Names, Wanted)> = Vec::new();
        let Fields { phone, email, dob, address, deal_note, .. } = self.fields;
        let says = |names: &Names| clean_opt(known.says(names).as_deref());
        let number = push.phones.iter().find_map(|phone| clean(phone));
        let is_there = |number: &String| {
            let asked = numbers_in(number);
            !asked.is_empty() && asked.iter().all(|number| self.holds(known, *number))
        };
        wanted.extend(number.filter(|number| !is_there(number)).map(|number| (phone, Wanted::Text(number))));
        let points = known.points(self.fields);
        let has_address =
            |email: &String| points.emails.iter().any(|own| own.raw.eq_ignore_ascii_case(email));
        let mail = clean_opt(push.email.as_deref()).filter(|email| !has_address(email));
        wanted.extend(mail.map(|mail| (email, Wanted::Text(mail))));
        let known_day = known.says(dob).and_then(|text| birthday(&text));
        let day = push.birth_date.filter(|day| known_day != Some(*day));
        wanted.extend(day.map(|day| (dob, Wanted::Day(day))));
        let place =
            push.address.as_ref().and_then(address_text).filter(|text| says(address).as_ref() != Some(text));
        wanted.extend(place.map(|place| (address, Wanted::Text(place))));
        let note = clean_opt(push.note.as_deref()).filter(|note| says(deal_note).as_ref() != Some(note));
        wanted.extend(note.map(|note| (deal_note, Wanted::Text(note))));
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let there = self.client.custom_fields().await?;
        let write = |(names, what): (&Names, Wanted)| {
            let known = there.iter().map(|field| (field.name.as_deref().unwrap_or_default(), field));
            let field = names.pick(known, |field| field.id.is_some().then_some(field))?;
            Some(FieldWrite::by_id(field.id?, what.written(field)?))
        };
        Ok(wanted.into_iter().filter_map(write).collect())
    }
}

/// What is to stand in a field.
enum Wanted {
    Text(String),
    Day(Date),
}

impl Wanted {
    /// As a field of this type takes it; `None` where it does not.
    fn written(self, field: &Field) -> Option<Value> {
        match (self, field.kind.as_deref()) {
            (Self::Text(text), Some("text") | None) => Some(text.into()),
            (Self::Day(day), Some("date")) => Some(year_first(day).into()),
            (Self::Day(day), Some("datetime")) => Some(format!("{}T00:00:00+07:00", year_first(day)).into()),
            (Self::Day(day), Some("text") | None) => {
                Some(format!("{:02}/{:02}/{:04}", day.day(), u8::from(day.month()), day.year()).into())
            }
            _ => None,
        }
    }
}

fn year_first(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// A conflict with somebody whom nobody shows.
fn hidden(error: Error) -> Error {
    if error.kind() != ErrorKind::Conflict || error.status().is_none() {
        return error;
    }
    let what = "ManyChat says that there is such a contact and shows it to nobody: one that was born on WhatsApp is not found by \
                its number; it is known once it writes to the page, or by a custom field that mirrors the number";
    Error::new(ErrorKind::Conflict, what)
        .with_status(error.status().unwrap_or_default())
        .with_vendor_message(error.vendor_message().map(str::to_owned))
        .with_fields(error.fields().clone())
}

fn keep(holders: &mut Vec<Subscriber>, found: impl Iterator<Item = Subscriber>) {
    for one in found.filter(|one| one.id.is_some()) {
        if holders.iter().all(|known| known.id != one.id) {
            holders.push(one);
        }
    }
}

fn numbers_in(text: &str) -> Vec<E164> {
    let reading = read_phones(text, &PhoneRules::default());
    reading.phones.into_iter().filter(|number| number.is_key).map(|number| number.e164).collect()
}

fn numbers_of(push: &CustomerPush) -> Vec<E164> {
    let mut numbers: Vec<E164> = Vec::new();
    for number in push.phones.iter().flat_map(|phone| numbers_in(phone)) {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

/// Digits of a mirror begin with the country's code.
fn international(text: &str) -> String {
    let is_bare = !text.starts_with(['+', '0']) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_bare { format!("+{text}") } else { text.to_owned() }
}

/// First and last name such that both together are the name: ManyChat puts them behind one another.
fn named(name: Option<&str>) -> (Option<String>, Option<String>) {
    let name = clean_opt(name);
    match name.as_deref().and_then(|name| name.rsplit_once(' ')) {
        Some((first, last)) => (Some(first.to_owned()), Some(last.to_owned())),
        None => (name, None),
    }
}

fn gender(push: &CustomerPush) -> Option<String> {
    use pos_core::record::Gender;
    match push.gender? {
        Gender::Male => Some("male".to_owned()),
        Gender::Female => Some("female".to_owned()),
        _ => None,
    }
}

/// The whole address in one line.
fn address_text(address: &Address) -> Option<String> {
    let parts = [&address.street, &address.ward, &address.district, &address.province];
    let parts: Vec<String> = parts.into_iter().filter_map(|part| clean_opt(part.as_deref())).collect();
    if parts.is_empty() { clean_opt(address.text.as_deref()) } else { Some(parts.join(", ")) }
}
