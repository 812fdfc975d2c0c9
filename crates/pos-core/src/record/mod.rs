//! The common model: what every vendor's data becomes.
//!
//! Records are plain serde structs. They are what moves through a sync, what a store keeps, and what a host matches
//! on. Member names are stable. Absent means that the vendor did not say; a vendor's zero is kept as zero. Text is
//! trimmed with inner blanks collapsed, and never empty. `Debug` shows ids and states, never names, numbers or
//! addresses of people.

mod customer;
mod money;
mod name;
mod order;
mod others;
mod ticket;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use customer::{
    Address, ContactPoints, CustomerKind, CustomerRecord, Email, Gender, Identity, Phone, PhoneSource,
    PlaceCodes,
};
pub use money::{Currency, CurrencyError, Money, Quantity};
pub use name::{NameReading, read_name};
pub use order::{
    Delivery, DocumentContact, Fulfilment, FulfilmentCategory, Line, OrderRecord, OrderStatus, Party,
    Payment, PaymentCategory, PaymentState, Reference, StatusCategory,
};
pub use others::{BranchRecord, CategoryRecord, ProductRecord, StockLevel, UserRecord, Variant};
pub use ticket::{TicketCategory, TicketRecord, TicketStatus};

/// Vendor fields that the model has no member for, by name.
pub type Extra = BTreeMap<String, serde_json::Value>;

/// A vendor, by its short lower-case name (`kiotviet`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Vendor(Cow<'static, str>);

impl Vendor {
    /// Names a vendor; connectors keep theirs in a constant.
    pub const fn new(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Vendor {
    fn from(id: String) -> Self {
        Self(Cow::Owned(id))
    }
}

impl From<&'static str> for Vendor {
    fn from(id: &'static str) -> Self {
        Self::new(id)
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One shop at one vendor: what a set of credentials opens.
///
/// Every id of a record holds the one that it was made with, so a copy costs no more than a counter, and copies of one are
/// compared by where they are kept.
#[derive(Clone)]
pub struct Account(Arc<Shop>);

/// What serde writes of an [`Account`].
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Shop {
    vendor: Vendor,
    id: Box<str>,
}

impl Account {
    /// Names a shop: its vendor, and the shop's id or name there, as the vendor's requests use it.
    ///
    /// ```
    /// let shop = pos_core::Account::new("kiotviet", "cuahangmau");
    /// assert_eq!((shop.vendor().as_str(), shop.id()), ("kiotviet", "cuahangmau"));
    /// ```
    pub fn new(vendor: impl Into<Vendor>, id: impl Into<String>) -> Self {
        Self(Arc::new(Shop { vendor: vendor.into(), id: id.into().into() }))
    }

    /// The vendor.
    pub fn vendor(&self) -> &Vendor {
        &self.0.vendor
    }

    /// The shop's id or name there, as the vendor's requests use it.
    pub fn id(&self) -> &str {
        &self.0.id
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Account {}

impl Ord for Account {
    /// By vendor, then by id.
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for Account {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Account {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Shop::deserialize(deserializer).map(|shop| Self(Arc::new(shop)))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.vendor(), self.id())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("vendor", self.vendor()).field("id", &self.id()).finish()
    }
}

/// One kind of records of an account, read by its own requests and with its own checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stream {
    /// Shops and warehouses.
    Branches,
    /// Staff.
    Users,
    /// Product categories.
    Categories,
    /// Goods and services.
    Products,
    /// Buyers.
    Customers,
    /// Requests to buy.
    Orders,
    /// Sales documents, where the vendor keeps them apart from orders.
    Invoices,
    /// Goods brought back.
    Returns,
    /// Requests of customers that people work on.
    Tickets,
}

impl Stream {
    /// Every stream, in the order in which a first import reads them: what others refer to comes first.
    pub const ALL: [Self; 9] = [
        Self::Branches,
        Self::Users,
        Self::Categories,
        Self::Products,
        Self::Customers,
        Self::Orders,
        Self::Invoices,
        Self::Returns,
        Self::Tickets,
    ];

    /// The name as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Branches => "branches",
            Self::Users => "users",
            Self::Categories => "categories",
            Self::Products => "products",
            Self::Customers => "customers",
            Self::Orders => "orders",
            Self::Invoices => "invoices",
            Self::Returns => "returns",
            Self::Tickets => "tickets",
        }
    }

    /// Which kind of sales document the stream carries, if it carries any.
    pub const fn document(self) -> Option<DocumentKind> {
        match self {
            Self::Orders => Some(DocumentKind::Order),
            Self::Invoices => Some(DocumentKind::Invoice),
            Self::Returns => Some(DocumentKind::Return),
            _ => None,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no stream.
#[derive(Debug, thiserror::Error)]
#[error(
    "no such stream; it is one of branches, users, categories, products, customers, orders, invoices, returns, tickets"
)]
pub struct StreamError;

impl FromStr for Stream {
    type Err = StreamError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|stream| stream.as_str() == text).ok_or(StreamError)
    }
}

/// The three kinds of sales documents; all are [`OrderRecord`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DocumentKind {
    /// A request to buy.
    Order,
    /// A sale.
    Invoice,
    /// Goods brought back.
    Return,
}

impl DocumentKind {
    /// The stream that carries documents of this kind.
    pub const fn stream(self) -> Stream {
        match self {
            Self::Order => Stream::Orders,
            Self::Invoice => Stream::Invoices,
            Self::Return => Stream::Returns,
        }
    }
}

/// One record of any stream.
///
/// Serde writes the record alone, without saying which kind it is; [`Record::from_json`] reads it again, given the
/// stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Record {
    /// A customer.
    Customer(Box<CustomerRecord>),
    /// An order, invoice or return.
    Order(Box<OrderRecord>),
    /// A product.
    Product(Box<ProductRecord>),
    /// A branch.
    Branch(Box<BranchRecord>),
    /// A member of staff.
    User(Box<UserRecord>),
    /// A category.
    Category(Box<CategoryRecord>),
    /// A ticket.
    Ticket(Box<TicketRecord>),
}

impl Record {
    /// Reads what serde wrote of a record of a stream.
    ///
    /// # Errors
    /// When it is not a record of that stream.
    pub fn from_json(stream: Stream, json: &str) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let record = Self::read(stream, &mut reader)?;
        reader.end()?;
        Ok(record)
    }

    /// [`Record::from_json`] for any format.
    ///
    /// # Errors
    /// When it is not a record of that stream.
    pub fn read<'de, D: Deserializer<'de>>(stream: Stream, from: D) -> Result<Self, D::Error> {
        Ok(match stream {
            Stream::Customers => Self::Customer(Deserialize::deserialize(from)?),
            Stream::Orders | Stream::Invoices | Stream::Returns => {
                Self::Order(Deserialize::deserialize(from)?)
            }
            Stream::Products => Self::Product(Deserialize::deserialize(from)?),
            Stream::Branches => Self::Branch(Deserialize::deserialize(from)?),
            Stream::Users => Self::User(Deserialize::deserialize(from)?),
            Stream::Categories => Self::Category(Deserialize::deserialize(from)?),
            Stream::Tickets => Self::Ticket(Deserialize::deserialize(from)?),
        })
    }

    /// The vendor's id of the record.
    pub fn id(&self) -> &str {
        match self {
            Self::Customer(record) => &record.id,
            Self::Order(record) => &record.id,
            Self::Product(record) => &record.id,
            Self::Branch(record) => &record.id,
            Self::User(record) => &record.id,
            Self::Category(record) => &record.id,
            Self::Ticket(record) => &record.id,
        }
    }
}

macro_rules! record_from {
    ($($variant:ident($type:ident)),* $(,)?) => {$(
        impl From<$type> for Record {
            fn from(record: $type) -> Self {
                Self::$variant(Box::new(record))
            }
        }
    )*};
}

record_from!(
    Customer(CustomerRecord),
    Order(OrderRecord),
    Product(ProductRecord),
    Branch(BranchRecord),
    User(UserRecord),
    Category(CategoryRecord),
    Ticket(TicketRecord),
);

/// Writes a `Debug` that shows only the named members; everything else stays hidden.
///
/// For structs that carry personal data: what is safe is listed, so that a new member is hidden until somebody
/// decides otherwise.
#[macro_export]
macro_rules! debug_only {
    ($type:ty { $($member:ident),* $(,)? }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($member), &self.$member))*
                    .finish_non_exhaustive()
            }
        }
    };
}

/// Trims, collapses inner white space, and turns an empty text into `None`.
pub fn clean(text: &str) -> Option<String> {
    if is_clean(text) {
        return Some(text.to_owned());
    }
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let mut cleaned = String::with_capacity(text.len());
    cleaned.push_str(first);
    for word in words {
        cleaned.push(' ');
        cleaned.push_str(word);
    }
    Some(cleaned)
}

/// Whether [`clean`] would give the same text.
fn is_clean(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    if *first == b' ' || *last == b' ' {
        return false;
    }
    // White space beyond ASCII begins with one of these, Vietnamese letters with others. No branch, so that many letters
    // are looked at in one step.
    let is_odd = |byte: u8| (byte.wrapping_sub(b'\t') < 5) | (byte == 0xc2) | (byte == 0xe2) | (byte == 0xe3);
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let odd = pairs.fold(is_odd(*last), |odd, (&one, &next)| {
        odd | is_odd(one) | ((one == b' ') & (next == b' ')) | ((one == 0xe1) & (next == 0x9a))
    });
    !odd || is_clean_by_chars(text)
}

fn is_clean_by_chars(text: &str) -> bool {
    let mut blank = true;
    let is_clean = text.chars().all(|c| {
        let before = blank;
        blank = c.is_whitespace();
        !blank || (c == ' ' && !before)
    });
    is_clean && !blank
}

/// [`clean`] in place, which copies nothing where nothing is to be done.
pub(crate) fn tidy(text: &mut Option<String>) {
    if let Some(held) = text
        && !is_clean(held)
    {
        *text = clean(held);
    }
}

/// [`clean_opt`] by value, which copies nothing where nothing is to be done.
pub fn tidied(mut text: Option<String>) -> Option<String> {
    tidy(&mut text);
    text
}

/// [`clean`] for an optional text.
pub fn clean_opt(text: Option<&str>) -> Option<String> {
    text.and_then(clean)
}

pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_known_by_its_text_and_written_as_ever() {
        let shop = Account::new("haravan", "200000900001");
        let read: Account = serde_json::from_str(r#"{"id":"200000900001","vendor":"haravan"}"#).unwrap();
        assert_eq!((&shop, shop.cmp(&read)), (&read, Ordering::Equal), "another copy is the same shop");
        assert_eq!(std::collections::HashSet::from([shop.clone(), read, shop.clone()]).len(), 1);
        assert_eq!(serde_json::to_string(&shop).unwrap(), r#"{"vendor":"haravan","id":"200000900001"}"#);
        assert_eq!(shop.to_string(), "haravan:200000900001");
        assert_eq!(format!("{shop:?}"), r#"Account { vendor: haravan, id: "200000900001" }"#);

        let mut shops = [("sapo", "a"), ("haravan", "b"), ("haravan", "a"), ("kiotviet", "0")];
        shops.sort_by_key(|(vendor, id)| Account::new(*vendor, *id));
        assert_eq!(shops, [("haravan", "a"), ("haravan", "b"), ("kiotviet", "0"), ("sapo", "a")]);
    }

    #[test]
    fn a_text_that_needs_no_cleaning_is_told_from_the_others() {
        let blanks = [
            " ", "  ", "\t", "\n", "\r", "\u{b}", "\u{85}", "\u{a0}", "\u{1680}", "\u{2003}", "\u{2028}",
            "\u{3000}",
        ];
        let words = ["a", "Lê", "Ạ", "–", "°", "\u{1681}", "\u{200b}", "\u{3001}", "\u{1c}", ""];
        for first in words {
            for blank in blanks {
                for last in words {
                    for text in
                        [format!("{first}{blank}{last}"), format!("{blank}{first}"), format!("{last}{blank}")]
                    {
                        let words: Vec<&str> = text.split_whitespace().collect();
                        let cleaned = Some(words.join(" ")).filter(|text| !text.is_empty());
                        assert_eq!(clean(&text), cleaned, "{text:?}");
                        assert_eq!(tidied(Some(text.clone())), cleaned, "{text:?}");
                    }
                }
            }
        }
        assert_eq!(tidied(None), None);
    }
}
