//! The fields of a contact in one table: what each is called, what it holds, how a record feeds it, how it is read from what
//! a person typed, and when two values are one.

use pos_core::identity::{EmailRules, Key, PhoneRules, read_emails, read_phones};
use pos_core::lenient::parse_date;
use pos_core::record::{Address, CustomerKind, CustomerRecord, Gender, clean};
use serde_json::Value;
use time::Date;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A text, or whatever a host keeps in a field of its own.
    Text,
    /// A day, as `1992-03-14`.
    Date,
    /// A list of phone numbers in E.164, the best first.
    Phones,
    /// A list of e-mail addresses, the best first.
    Emails,
    /// A list of postal addresses, the best first: objects with the parts of [`Address`] that say where it is. Earlier
    /// releases kept each as one line of text, which is still read ([`read_address`]).
    Addresses,
    /// A list of texts.
    Texts,
}

impl FieldKind {
    /// Whether its values are lists that may be united.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Phones | Self::Emails | Self::Addresses | Self::Texts)
    }

    /// What a person has to type into it, where not everything can be read.
    pub const fn expected(self) -> Option<&'static str> {
        match self {
            Self::Phones => Some("phone number"),
            Self::Emails => Some("e-mail address"),
            Self::Addresses => Some("postal address"),
            Self::Text | Self::Date | Self::Texts => None,
        }
    }

    /// What a person typed, in the form in which the field is kept: numbers in E.164, mailboxes and places as they are read,
    /// each once. What is none of these is left out; a list may be typed as one text, an address as a text or in its parts.
    pub fn typed(self, value: Value) -> Value {
        let read: fn(&Value) -> Vec<Value> = match self {
            Self::Phones => |typed| {
                let read = read_phones(typed.as_str().unwrap_or_default(), &PhoneRules::default());
                read.phones.into_iter().map(|phone| Value::String(phone.e164.to_string())).collect()
            },
            Self::Emails => |typed| {
                let read = read_emails(typed.as_str().unwrap_or_default(), &EmailRules::default());
                read.emails.into_iter().map(|email| Value::String(email.address)).collect()
            },
            Self::Addresses => |typed| read_address(typed).as_ref().and_then(place).into_iter().collect(),
            Self::Date => return day(&value).map_or(value, written),
            Self::Text | Self::Texts => return value,
        };
        let items = match &value {
            Value::Array(items) => items.as_slice(),
            Value::String(_) => std::slice::from_ref(&value),
            Value::Object(_) if self == Self::Addresses => std::slice::from_ref(&value),
            _ => return value,
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items.iter().flat_map(read) {
            self.add(&mut list, &item);
        }
        Value::Array(list)
    }

    /// Whether two values are the same but for the form in which they are kept: a line of text is the same as the parts that
    /// read so.
    pub(crate) fn same(self, one: &Value, other: &Value) -> bool {
        let same = |(one, other): (&Value, &Value)| {
            one == other || (is_line(one) || is_line(other)) && line(one) == line(other)
        };
        one == other
            || match (self, one, other) {
                (Self::Addresses, Value::Array(one), Value::Array(other)) => {
                    one.len() == other.len() && one.iter().zip(other).all(same)
                }
                (Self::Date, ..) => self.alike(one, other),
                _ => false,
            }
    }

    /// Whether two values say the same to whoever reads them. Codes of places are of one system each: who has others, or
    /// none, means no other place.
    pub(crate) fn alike(self, one: &Value, other: &Value) -> bool {
        one == other
            || match (self, one, other) {
                (Self::Addresses, Value::Array(one), Value::Array(other)) => {
                    one.len() == other.len() && one.iter().map(line).eq(other.iter().map(line))
                }
                (Self::Date, ..) => day(one).is_some_and(|one| day(other) == Some(one)),
                _ => false,
            }
    }

    /// Adds an item to a list that does not have it. Where an address is there as a line, its parts take the place of that.
    pub(crate) fn add(self, list: &mut Vec<Value>, item: &Value) {
        if list.is_empty() {
            return list.push(item.clone());
        }
        let known = match self {
            Self::Addresses => {
                let said = line(item);
                list.iter_mut().find(|known| line(known) == said)
            }
            _ => list.iter_mut().find(|known| *known == item),
        };
        match known {
            None => list.push(item.clone()),
            Some(known) if self == Self::Addresses && is_line(known) => *known = item.clone(),
            Some(_) => {}
        }
    }
}

type Read = fn(&CustomerRecord, &[Key]) -> Option<Value>;

/// One member of the customer record that a field of a contact may be fed from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Field {
    /// Its name, on the record and on the contact.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it feeds the field of its name unless a mapping says otherwise; the others feed where a mapping names them.
    pub is_default: bool,
    /// Whether vendors take it: it goes out with a push.
    pub is_pushed: bool,
    /// What a record says of it, blank values left out. The keys are those that the record holds.
    pub(crate) read: Read,
}

impl Field {
    const fn new(name: &'static str, kind: FieldKind, read: Read) -> Self {
        Self { name, kind, is_default: true, is_pushed: false, read }
    }

    const fn pushed(self) -> Self {
        Self { is_pushed: true, ..self }
    }

    const fn where_mapped(self) -> Self {
        Self { is_default: false, ..self }
    }
}

/// Every field, in the order of the names.
pub static FIELDS: [Field; 20] = [
    Field::new("addresses", FieldKind::Addresses, |record, _| {
        let mut list = Vec::new();
        for place in record.addresses.iter().filter_map(place) {
            FieldKind::Addresses.add(&mut list, &place);
        }
        listed(list)
    })
    .pushed(),
    Field::new("birth_date", FieldKind::Date, |record, _| record.birth_date.map(written)).pushed(),
    Field::new("branch_id", FieldKind::Text, |record, _| text(&record.branch_id)).where_mapped(),
    Field::new("code", FieldKind::Text, |record, _| text(&record.code)).where_mapped(),
    Field::new("debt", FieldKind::Text, |record, _| record.debt.map(|debt| debt.to_string().into()))
        .where_mapped(),
    Field::new("emails", FieldKind::Emails, |record, _| {
        let addresses = record.emails.iter().filter_map(|email| email.address.clone());
        listed(addresses.map(Value::String).collect())
    })
    .pushed(),
    Field::new("gender", FieldKind::Text, |record, _| {
        record.gender.map(|gender| {
            Value::from(match gender {
                Gender::Male => "male",
                Gender::Female => "female",
                _ => "other",
            })
        })
    })
    .pushed(),
    Field::new("groups", FieldKind::Texts, |record, _| texts(&record.groups)),
    Field::new("identity_number", FieldKind::Text, |record, _| text(&record.identity_number)),
    Field::new("kind", FieldKind::Text, |record, _| match record.kind {
        CustomerKind::Company => Some(Value::from("company")),
        _ => None,
    }),
    Field::new("name", FieldKind::Text, |record, _| text(&record.name)).pushed(),
    Field::new("note", FieldKind::Text, |record, _| text(&record.note)).pushed(),
    Field::new("order_count", FieldKind::Text, |record, _| record.order_count.map(Value::from))
        .where_mapped(),
    Field::new("organization", FieldKind::Text, |record, _| text(&record.organization)),
    Field::new("phones", FieldKind::Phones, |record, keys| {
        // Numbers that are keys first, then numbers that are only on the record (hotlines, placeholders).
        let held = |e164| keys.contains(&Key::Phone(e164));
        let mut numbers: Vec<_> = record.phones.iter().filter_map(|phone| phone.e164).collect();
        numbers.sort_by_key(|number| !held(*number));
        listed(numbers.iter().map(|number| Value::from(number.to_string())).collect())
    })
    .pushed(),
    Field::new("points", FieldKind::Text, |record, _| record.points.map(|points| points.to_string().into()))
        .where_mapped(),
    Field::new("raw_name", FieldKind::Text, |record, _| text(&record.raw_name)).where_mapped(),
    Field::new("spent", FieldKind::Text, |record, _| record.spent.map(|spent| spent.to_string().into()))
        .where_mapped(),
    Field::new("tags", FieldKind::Texts, |record, _| texts(&record.tags)).pushed(),
    Field::new("tax_code", FieldKind::Text, |record, _| text(&record.tax_code)),
];

/// The field of a name.
pub fn field(name: &str) -> Option<&'static Field> {
    FIELDS.get(FIELDS.binary_search_by(|field| field.name.cmp(name)).ok()?)
}

/// What the field of a name holds; a field of the host's own may hold anything.
pub(crate) fn kind_of(name: &str) -> FieldKind {
    field(name).map_or(FieldKind::Text, |field| field.kind)
}

fn text(text: &Option<String>) -> Option<Value> {
    text.clone().map(Value::String)
}

fn texts(texts: &[String]) -> Option<Value> {
    listed(texts.iter().cloned().map(Value::String).collect())
}

fn listed(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then_some(Value::Array(items))
}

fn day(value: &Value) -> Option<Date> {
    value.as_str().and_then(parse_date)
}

fn written(date: Date) -> Value {
    Value::from(format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()))
}

/// An address out of a contact's field: its parts, or a line of text, as earlier releases kept it and as people type it.
///
/// ```
/// use crm_merge::{one_line, read_address};
/// use serde_json::json;
///
/// let parts = read_address(&json!({"street": "12 Phố Mẫu", "province": "Hà Nội"})).unwrap();
/// assert_eq!(parts.province.as_deref(), Some("Hà Nội"));
/// let line = read_address(&json!("12 Phố Mẫu, Hà Nội")).unwrap();
/// assert_eq!((line.province.as_deref(), one_line(&line)), (None, one_line(&parts)));
/// assert_eq!(read_address(&json!(" ")), None);
/// ```
pub fn read_address(value: &Value) -> Option<Address> {
    match value {
        Value::String(line) => Some(Address { text: Some(clean(line)?), ..Address::default() }),
        Value::Object(_) => serde_json::from_value::<Address>(value.clone()).ok()?.or_none(),
        _ => None,
    }
}

/// Where an address is, as a contact keeps it: without the vendor's id and without who lives there, which are the record's.
fn place(address: &Address) -> Option<Value> {
    let kept = Address {
        street: address.street.clone(),
        ward: address.ward.clone(),
        district: address.district.clone(),
        province: address.province.clone(),
        country: address.country.clone(),
        codes: address.codes.clone(),
        text: address.text.clone(),
        ..Address::default()
    };
    // One that nobody can read is none.
    one_line(&kept)?;
    serde_json::to_value(&kept).ok()
}

/// Whether nothing is known of an address but a line of text.
fn is_line(address: &Value) -> bool {
    match address {
        Value::String(_) => true,
        Value::Object(parts) => parts.len() == 1 && parts.contains_key("text"),
        _ => false,
    }
}

/// How an address reads.
fn line(address: &Value) -> Option<String> {
    read_address(address).as_ref().and_then(one_line)
}

/// An address in one line, from the smallest part to the largest.
pub fn one_line(address: &Address) -> Option<String> {
    if let Some(text) = &address.text {
        return Some(text.clone());
    }
    let mut parts: Vec<&str> = Vec::with_capacity(5);
    for part in [&address.street, &address.ward, &address.district, &address.province, &address.country] {
        if let Some(part) = part.as_deref()
            && !parts.contains(&part)
        {
            parts.push(part);
        }
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}
