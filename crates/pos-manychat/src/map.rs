//! A contact to records. Pure: no clock, no requests.
//!
//! # What was decided where the vendor is silent
//!
//! - **Phone**: the merchant's field goes before the two that ManyChat keeps; all of them are the person's own. Digits alone on
//!   WhatsApp begin with the country's code, so they are read behind a plus. An id of WhatsApp is no number.
//! - **Changed**: when the person last did something. A change by hand in ManyChat moves no time that is told.
//! - **Birthday**: year first, or day first with strokes, hyphens or points. What could be read in two ways by its form, or has
//!   two digits of a year, is none.
//! - **Note**: the merchant's field. `last_input_text` is the last text ever, and never a note.

use pos_core::identity::E164;
use pos_core::kit::{CustomerDraft, Row};
use pos_core::lenient::parse_date;
use pos_core::record::{
    Address, ContactPoints, CustomerRecord, Extra, Gender, PhoneSource, clean, clean_opt,
};
use time::{Date, Month, OffsetDateTime};

use crate::fields::{Fields, same};
use crate::model::{Subscriber, text_of};

/// A number on WhatsApp as it can be dialled: the vendor leaves the plus out.
fn dialled(text: &str) -> String {
    let text = text.trim();
    let is_bare = text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_bare { format!("+{text}") } else { text.to_owned() }
}

/// A birthday as people write it in Viet Nam, or as ManyChat keeps dates.
pub(crate) fn birthday(text: &str) -> Option<Date> {
    parse_date(text.trim()).or_else(|| day_first(text.trim())).or_else(|| in_words(text.trim()))
}

/// `20/08/1995`, `20-8-1995`, `20.08.1995`.
fn day_first(text: &str) -> Option<Date> {
    let mark = text.chars().find(|letter| !letter.is_ascii_digit())?;
    if !matches!(mark, '/' | '-' | '.') {
        return None;
    }
    let parts: Vec<&str> = text.split(mark).collect();
    let [day, month, year] = parts[..] else { return None };
    // An hour behind it is no matter.
    let year = year.split([' ', ',', 'T']).next().unwrap_or_default();
    let fits = (1..=2).contains(&day.len()) && (1..=2).contains(&month.len()) && year.len() == 4;
    let month: u8 = month.parse().ok().filter(|_| fits)?;
    of(year.parse().ok()?, Month::try_from(month).ok()?, day.parse().ok()?)
}

/// `20 Oct 1995`, and an hour behind it, as ManyChat writes dates for people (C:1).
fn in_words(text: &str) -> Option<Date> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).take(3).collect();
    let [day, month, year] = words[..] else { return None };
    let month = MONTHS.iter().position(|known| month.to_ascii_lowercase() == **known)?;
    let month = Month::January.nth_next(u8::try_from(month).ok()?);
    let year = Some(year).filter(|year| year.len() == 4)?;
    of(year.parse().ok()?, month, day.parse().ok()?)
}

fn of(year: i32, month: Month, day: u8) -> Option<Date> {
    Date::from_calendar_date(year, month, day).ok().filter(|date| date.year() > 1)
}

impl Subscriber {
    /// Everything that reaches the contact: the merchant's fields first.
    pub(crate) fn points(&self, fields: &Fields) -> ContactPoints {
        let mut points = ContactPoints::default();
        points.phone(self.says(&fields.phone).as_deref(), PhoneSource::Own);
        points.phone(self.phone.as_deref(), PhoneSource::Own);
        points.phone(self.whatsapp_phone.as_deref().map(dialled).as_deref(), PhoneSource::Own);
        points.email(self.says(&fields.email).as_deref());
        points.email(self.email.as_deref());
        points
    }

    /// The first number of the contact that is one.
    pub fn number(&self, fields: &Fields) -> Option<E164> {
        self.points(fields).phones.iter().find_map(|phone| phone.e164)
    }

    /// The whole name.
    pub fn full_name(&self, fields: &Fields) -> Option<String> {
        let parts = [&self.first_name, &self.last_name].into_iter().flatten();
        let parts = || parts.map(String::as_str).collect::<Vec<_>>().join(" ");
        let name = clean_opt(self.name.as_deref()).or_else(|| clean(&parts()));
        name.or_else(|| clean_opt(self.says(&fields.name).as_deref()))
    }

    fn gender_read(&self) -> Option<Gender> {
        match self.gender.as_deref()?.trim().to_lowercase().as_str() {
            "male" => Some(Gender::Male),
            "female" => Some(Gender::Female),
            _ => None,
        }
    }

    /// The contact as a customer. One without an id is called by a blank one.
    pub fn into_customer(self, fields: &Fields, custom: Extra) -> CustomerRecord {
        let mut draft = CustomerDraft::new(self.id.clone().unwrap_or_default(), custom);
        draft.points = self.points(fields);
        draft.name = self.full_name(fields);
        let record = &mut draft.record;
        let address = Address { is_default: true, text: self.says(&fields.address), ..Address::default() };
        record.addresses = vec![address];
        record.gender = self.gender_read();
        record.birth_date = self.says(&fields.dob).and_then(|text| birthday(&text));
        record.note = self.says(&fields.deal_note);
        record.created_at = self.subscribed;
        record.updated_at = self.interacted_at();
        record.tags = self.tags.into_iter().filter_map(|tag| tag.name).collect();
        draft.finish()
    }

    /// Custom fields that a mapping asked for by `custom_fields.{caption}`: the two shapes of the vendor are one here.
    pub(crate) fn captioned(&self, custom: &mut Extra, paths: &[String]) {
        for path in paths {
            let caption = path.strip_prefix("custom_fields.").filter(|_| !custom.contains_key(path));
            let Some(caption) = caption else { continue };
            let is_it = |name: &str| same(name, caption);
            let field = self.custom_fields.iter().find(|field| field.name.as_deref().is_some_and(is_it));
            let value = field.and_then(|field| field.value.as_ref());
            if let Some(value) = value.filter(|value| text_of(value).is_some()) {
                custom.insert(path.clone(), value.clone());
            }
        }
    }
}

impl Row for Subscriber {
    type Record = CustomerRecord;

    fn changed(&self) -> Option<OffsetDateTime> {
        self.interacted_at()
    }

    /// By the usual names of fields.
    fn into_record(self, custom: Extra) -> CustomerRecord {
        self.into_customer(&Fields::default(), custom)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_birthday_is_read_with_the_day_first_or_not_at_all() {
        for text in [
            "1995-08-20",
            "1995-08-20T00:00:00+07:00",
            "20/08/1995",
            "20-8-1995",
            "20.08.1995",
            " 20/08/1995 ",
            "20 Aug 1995",
            "20 Aug 1995, 05:41pm",
        ] {
            assert_eq!(birthday(text), Some(date!(1995 - 08 - 20)), "{text}");
        }
        assert_eq!(birthday("03/04/1995"), Some(date!(1995 - 04 - 03)), "never the month first");
        for none in [
            "08/20/1995",
            "20/08/95",
            "1995",
            "20/08",
            "30/02/1995",
            "hôm qua",
            "",
            "20 Tháng 8",
            "20/08-1995",
            "0/0/0000",
        ] {
            assert_eq!(birthday(none), None, "{none}");
        }
    }

    #[test]
    fn digits_on_whatsapp_have_their_country_in_front() {
        for (text, number) in [
            ("84905000101", Some("+84905000101")),
            ("+84905000101", Some("+84905000101")),
            ("14155550101", Some("+14155550101")),
            ("0905000101", Some("+84905000101")),
        ] {
            let contact = Subscriber { whatsapp_phone: Some(text.into()), ..Subscriber::default() };
            let read = contact.number(&Fields::default()).map(|number| number.to_string());
            assert_eq!(read.as_deref(), number, "{text}");
        }
        let contact = Subscriber { whatsapp_bsuid: Some("VN.2081905000101".into()), ..Subscriber::default() };
        assert_eq!(contact.number(&Fields::default()), None);
    }
}
