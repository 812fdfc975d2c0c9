//! Customers and what reaches them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use super::{Extra, Money, Quantity, clean, is_false};
use crate::debug_only;
pub use crate::identity::PhoneSource;
use crate::identity::{
    E164, EmailRules, IdentityHints, MAX_PHONES, PhoneKind, PhoneReject, PhoneRules, PhoneSources,
    for_each_email, for_each_phone_in, plan::is_personal_id, plan::is_tax_code, read_phone,
};

/// Whether a record may be recognised as a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Identity {
    /// A person or firm; its keys may be used.
    #[default]
    Person,
    /// Somebody real whose data the vendor hides: only the vendor id links.
    Masked,
    /// A walk-in, or a guest record that many people share: never becomes a contact.
    Nobody,
}

/// A person or a firm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CustomerKind {
    /// A person.
    #[default]
    Person,
    /// A firm.
    Company,
}

/// Gender as the shop noted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gender {
    /// Male.
    Male,
    /// Female.
    Female,
    /// Neither, as the vendor says it.
    Other,
}

/// One phone number as written and as read.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Phone {
    /// The field as the vendor sent it.
    pub raw: String,
    /// The number; absent when the text is no number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub e164: Option<E164>,
    /// What sort of number it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<PhoneKind>,
    /// Whether it was written in a number plan that is gone.
    #[serde(default)]
    pub migrated: bool,
    /// Whether it may as well be a tax code or a personal id: kept, but never a key.
    #[serde(skip_serializing_if = "is_false", default)]
    pub doubtful: bool,
    /// Whether identity may use it.
    pub is_key: bool,
    /// Where it stands on the record.
    pub source: PhoneSource,
}

debug_only!(Phone { kind, migrated, doubtful, is_key, source });

impl Phone {
    /// Whether it is a key out of the record's own fields.
    fn is_own_key(&self) -> bool {
        self.is_key && matches!(self.source, PhoneSource::Own | PhoneSource::Secondary)
    }
}

/// One e-mail address as written and as read.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Email {
    /// The field as the vendor sent it.
    pub raw: String,
    /// The address; absent when the text is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
    /// Whether identity may use it.
    pub is_key: bool,
}

debug_only!(Email { is_key });

/// The phone numbers and e-mail addresses of one party, gathered field by field, best first.
///
/// ```
/// use pos_core::record::{ContactPoints, PhoneSource};
///
/// let mut points = ContactPoints::default();
/// points.phone(Some("0912 000 123 / 0987 000 456"), PhoneSource::Own);
/// points.phone(Some("091****123"), PhoneSource::Secondary);
/// points.email(Some("Lan@Example.com"));
/// assert_eq!(points.phones.iter().filter(|phone| phone.is_key).count(), 2);
/// assert!(points.masked);
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct ContactPoints {
    /// Phone numbers.
    pub phones: Vec<Phone>,
    /// E-mail addresses.
    pub emails: Vec<Email>,
    /// Whether the vendor hid one of them behind stars.
    pub masked: bool,
}

debug_only!(ContactPoints { masked });

impl ContactPoints {
    /// Reads a phone field. A field may hold several numbers; a number that is there already is not repeated.
    pub fn phone(&mut self, raw: Option<&str>, source: PhoneSource) {
        self.phone_in(raw, source, "VN");
    }

    /// Reads a phone field of a record that names its country (ISO 3166, two letters).
    pub fn phone_in(&mut self, raw: Option<&str>, source: PhoneSource, region: &str) {
        let Some(mut raw) = raw.and_then(clean) else { return };
        thread_local! {
            static RULES: PhoneRules = PhoneRules::default();
        }
        let mut numbers = [None; MAX_PHONES];
        let mut slots = numbers.iter_mut();
        let reason = RULES.with(|rules| {
            for_each_phone_in(&raw, region, rules, |number| {
                if let Some(slot) = slots.next() {
                    *slot = Some(number);
                }
            })
        });
        self.masked |= reason == Some(PhoneReject::Masked);
        let count = numbers.iter().flatten().count();
        if count == 0 {
            if !self.phones.iter().any(|phone| phone.raw == raw) {
                self.phones.push(Phone {
                    raw,
                    e164: None,
                    kind: None,
                    migrated: false,
                    doubtful: false,
                    is_key: false,
                    source,
                });
            }
            return;
        }
        let has_own = self.phones.iter().any(Phone::is_own_key);
        for (at, number) in numbers.into_iter().flatten().enumerate() {
            let allowed = PhoneSources::default().usable(source, has_own);
            let phone = Phone {
                raw: if at + 1 == count { std::mem::take(&mut raw) } else { raw.clone() },
                e164: Some(number.e164),
                kind: Some(number.kind),
                migrated: number.migrated,
                doubtful: number.doubtful,
                is_key: number.is_key && allowed,
                source,
            };
            match self.phones.iter_mut().find(|known| known.e164 == phone.e164) {
                // The same number, and this time beyond doubt.
                Some(known) if known.doubtful && !phone.doubtful => *known = phone,
                Some(_) => {}
                None => self.phones.push(phone),
            }
        }
    }

    /// Reads the number that stands in the name, where the party has no other: shops that have one field for both write
    /// "Hoa 0912000123". Digits that are part of a longer word are no number, and beside letters a number has its zero or
    /// its country code: without one it is a code of the shop. Call it after the last field, before
    /// [`doubt`](Self::doubt); [`Customer::to_record`](crate::Customer::to_record) and
    /// [`Order::to_record`](crate::Order::to_record) do.
    ///
    /// ```
    /// use pos_core::record::{ContactPoints, PhoneSource};
    ///
    /// let mut points = ContactPoints::default();
    /// points.phone(Some(""), PhoneSource::Own);
    /// points.heed_name(Some("Hoa 0912000123"));
    /// assert!(points.phones[0].is_key);
    /// ```
    pub fn heed_name(&mut self, raw: Option<&str>) {
        if self.phones.iter().any(|phone| phone.e164.is_some()) {
            return;
        }
        let Some(name) = raw.filter(|raw| raw.bytes().filter(u8::is_ascii_digit).count() >= 8) else {
            return;
        };
        let has_letters = name.chars().any(char::is_alphabetic);
        let words = name.split(|letter: char| !(letter.is_ascii_digit() || letter.is_alphabetic()));
        let is_dialled = |word: &str| {
            word.starts_with('0') || word.starts_with("84") && !word.contains(char::is_alphabetic)
        };
        if has_letters && !words.into_iter().any(is_dialled) {
            return;
        }
        let mut found = Self::default();
        found.phone(Some(name), PhoneSource::Own);
        found.phones.retain(|phone| phone.e164.is_some());
        self.phones.extend(found.phones);
    }

    /// Casts doubt on phones that are the party's own tax code (its check digit must be right) or its personal id: shops
    /// type these into phone fields, and most tax codes of Hồ Chí Minh City read as mobile numbers. Such a number is
    /// kept, but it is no key. Both may have lost the zeros before them, as they do where somebody took them for numbers. Call it after the last field; [`Customer::to_record`](crate::Customer::to_record) does.
    ///
    /// ```
    /// use pos_core::record::{ContactPoints, PhoneSource};
    ///
    /// let mut points = ContactPoints::default();
    /// points.phone(Some("0312345673"), PhoneSource::Own);
    /// points.doubt(Some("0312345673"), None);
    /// assert!(points.phones[0].e164.is_some() && !points.phones[0].is_key);
    /// ```
    pub fn doubt(&mut self, tax_code: Option<&str>, identity_number: Option<&str>) {
        if tax_code.is_none() && identity_number.is_none() {
            return;
        }
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let rules = PhoneRules { blocked: Default::default(), ..PhoneRules::default() };
        let tax_code = tax_code
            .map(digits)
            .map(|code| if matches!(code.len(), 9 | 12) { format!("0{code}") } else { code })
            .filter(|code| is_tax_code(code))
            .and_then(|code| read_phone(code.get(..10)?, &rules))
            .map(|number| number.e164);
        let whole_id = |digits: String| {
            let lost = matches!(digits.len(), 10 | 11) && !digits.starts_with('0');
            let whole = format!("{digits:0>12}");
            if lost && whole.parse().is_ok_and(is_personal_id) { whole } else { digits }
        };
        let id = identity_number.map(digits).map(whole_id).filter(|id| matches!(id.len(), 9 | 12));
        if tax_code.is_none() && id.is_none() {
            return;
        }
        for phone in &mut self.phones {
            let is_tax_code = tax_code.is_some() && phone.e164 == tax_code;
            let is_id =
                phone.e164.is_some() && id.as_ref().is_some_and(|id| whole_id(digits(&phone.raw)) == *id);
            if is_tax_code || is_id {
                phone.doubtful = true;
                phone.is_key = false;
            }
        }
        // Numbers that only stood back behind one of these.
        if !self.phones.iter().any(Phone::is_own_key) {
            for phone in self.phones.iter_mut().filter(|phone| !phone.doubtful) {
                let number =
                    phone.e164.and_then(|e164| read_phone(&e164.to_string(), &PhoneRules::default()));
                phone.is_key = PhoneSources::default().usable(phone.source, false)
                    && number.is_some_and(|number| number.is_key);
            }
        }
    }

    /// Reads an e-mail field; it may hold several addresses.
    pub fn email(&mut self, raw: Option<&str>) {
        let Some(raw) = raw.and_then(clean) else { return };
        thread_local! {
            static RULES: EmailRules = EmailRules::default();
        }
        self.masked |= raw.contains("**");
        let mut found = false;
        RULES.with(|rules| {
            for_each_email(&raw, rules, |local, domain, _, verdict| {
                found = true;
                let is_known = |known: &Email| {
                    known.address.as_deref().and_then(|known| known.strip_prefix(local)?.strip_prefix('@'))
                        == Some(domain)
                };
                if !self.emails.iter().any(is_known) {
                    let (raw, address) = (raw.clone(), Some([local, "@", domain].concat()));
                    self.emails.push(Email { raw, address, is_key: verdict.is_ok() });
                }
            })
        });
        if !found && !self.emails.iter().any(|email| email.raw == raw) {
            self.emails.push(Email { raw, address: None, is_key: false });
        }
    }

    /// [`ContactPoints::email`] of a vendor that has stand-ins of its own: those are no keys.
    pub fn email_heeding(&mut self, raw: Option<&str>, hints: &IdentityHints) {
        let known = self.emails.len();
        self.email(raw);
        for email in self.emails.iter_mut().skip(known) {
            email.is_key &= !email.address.as_deref().is_some_and(|address| hints.blocks(address));
        }
    }

    /// Whether any phone or e-mail may be used as a key.
    pub fn has_key(&self) -> bool {
        self.phones.iter().any(|phone| phone.is_key) || self.emails.iter().any(|email| email.is_key)
    }

    /// Puts the best number first: keys before others, own before address. Call it after the last field.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.phones.sort_by_key(|phone| (!phone.is_key, phone.e164.is_none(), phone.source));
        self.emails.sort_by_key(|email| (!email.is_key, email.address.is_none()));
        self
    }
}

/// The codes of an address in one system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlaceCodes {
    /// Province or city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// District.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// Ward or commune.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ward: Option<String>,
}

impl PlaceCodes {
    /// The codes as they came; blank ones are absent.
    pub fn new(province: Option<&str>, district: Option<&str>, ward: Option<&str>) -> Self {
        Self {
            province: province.and_then(clean),
            district: district.and_then(clean),
            ward: ward.and_then(clean),
        }
    }

    /// Whether no part has a code.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

/// Codes by system. Earlier releases kept codes without their system; those are left out, because nobody can tell what
/// they mean.
fn systems<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, PlaceCodes>, D::Error> {
    let kept = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
    let read = |value| serde_json::from_value::<PlaceCodes>(value).ok();
    Ok(kept.into_iter().filter_map(|(system, value)| Some((system, read(value)?))).collect())
}

/// A postal address.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The vendor's id of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether the vendor calls it the default one.
    #[serde(skip_serializing_if = "is_false")]
    pub is_default: bool,
    /// Who lives there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The number to call there, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// House and street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Ward or commune.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ward: Option<String>,
    /// District; gone from the official division since July 2025, still on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// Province or city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// Country, as the vendor names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Codes of the parts, by the system that they belong to (`haravan`, `nhanh:v1`, `nhanh:v2`): a code means nothing
    /// outside of its system and is sent to no other.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "systems")]
    pub codes: BTreeMap<String, PlaceCodes>,
    /// The whole address in one line, when the vendor gives it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("is_default", &self.is_default).finish_non_exhaustive()
    }
}

impl Address {
    /// Whether nothing is known but flags.
    pub fn is_blank(&self) -> bool {
        *self == Self { is_default: self.is_default, ..Self::default() }
    }

    /// The same address with its codes in a system, when there are any.
    #[must_use]
    pub fn with_codes(mut self, system: &str, codes: PlaceCodes) -> Self {
        if !codes.is_blank() {
            self.codes.insert(system.to_owned(), codes);
        }
        self
    }

    /// The codes of a system; blank when there are none.
    pub fn codes_of(&self, system: &str) -> PlaceCodes {
        self.codes.get(system).cloned().unwrap_or_default()
    }

    /// `None` instead of a blank address.
    pub fn or_none(self) -> Option<Self> {
        if self.is_blank() { None } else { Some(self) }
    }
}

/// A customer of a shop.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerRecord {
    /// The vendor's id of this customer in this account.
    pub id: String,
    /// Other vendor ids of the same record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The shop's own code, without vendor suffixes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A name fit for a CRM; absent when it is masked, a placeholder or only a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_name: Option<String>,
    /// Whether the record may be recognised as a person.
    pub identity: Identity,
    /// Person or firm.
    pub kind: CustomerKind,
    /// Phone numbers, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// E-mail addresses, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
    /// Gender; absent when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Birthday; impossible and zero dates are absent.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::lenient::iso_date")]
    pub birth_date: Option<Date>,
    /// Postal addresses, the default one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// The firm that the customer stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Tax code of the firm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<String>,
    /// Number of an identity card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_number: Option<String>,
    /// The shop's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Names of the vendor's customer groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// What the vendor says the customer spent; never mixed with a ledger of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Money>,
    /// How many orders the vendor counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_count: Option<u64>,
    /// Loyalty points now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Quantity>,
    /// What the customer owes the shop; below zero the shop owes the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debt: Option<Money>,
    /// The branch that keeps this customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<String>,
    /// When the vendor created the record.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// When the vendor last changed it.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
    /// Whether the vendor deleted it.
    #[serde(skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Whether the vendor says that it is a test: kept, counts nothing, joins nobody.
    #[serde(skip_serializing_if = "is_false")]
    pub test: bool,
    /// Vendor fields that the link's mapping asked for, by their path on the wire.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub custom: Extra,
}

debug_only!(CustomerRecord { id, identity, kind, branch_id, created_at, updated_at, deleted });
