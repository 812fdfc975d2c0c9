//! Orders, invoices and returns: one shape for all three.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use super::{Address, Currency, DocumentKind, Email, Extra, Identity, Money, Phone, Quantity, is_false};
use crate::debug_only;

/// Categories of states, each with its name.
macro_rules! categories {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A code that nobody has explained: neither success nor cancellation.
            #[default]
            Unknown,
        }

        impl $name {
            /// The name as it is serialised.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown => "unknown",
                }
            }
        }
    };
}

pub(super) use categories;

categories! {
    /// Where a document stands as a whole.
    StatusCategory {
        /// Being typed.
        Draft = "draft",
        /// Placed, nobody looked at it yet.
        Pending = "pending",
        /// The shop accepted it.
        Confirmed = "confirmed",
        /// The shop works on it.
        Processing = "processing",
        /// On its way.
        Shipping = "shipping",
        /// Done.
        Completed = "completed",
        /// The delivery failed.
        Failed = "failed",
        /// On its way back.
        Returning = "returning",
        /// Some of it came back.
        PartiallyReturned = "partially_returned",
        /// All of it came back.
        Returned = "returned",
        /// Called off.
        Cancelled = "cancelled",
        /// Removed at the vendor.
        Deleted = "deleted",
    }
}

categories! {
    /// Where the money stands.
    PaymentCategory {
        /// Nothing came in (an authorisation counts as nothing).
        Unpaid = "unpaid",
        /// Some came in.
        PartiallyPaid = "partially_paid",
        /// All came in.
        Paid = "paid",
        /// Some went back.
        PartiallyRefunded = "partially_refunded",
        /// All went back.
        Refunded = "refunded",
        /// Called off before it came in.
        Voided = "voided",
    }
}

categories! {
    /// Where the goods stand.
    FulfilmentCategory {
        /// Nothing left the shop.
        Unfulfilled = "unfulfilled",
        /// Some left.
        Partial = "partial",
        /// On the way.
        Shipping = "shipping",
        /// Arrived.
        Delivered = "delivered",
        /// Could not be delivered.
        Failed = "failed",
        /// On the way back.
        Returning = "returning",
        /// Back in the shop.
        Returned = "returned",
    }
}

/// The state of a document with the vendor's own words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderStatus {
    /// What it means.
    pub category: StatusCategory,
    /// The vendor's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The vendor's label, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Why it was called off, when the vendor says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl OrderStatus {
    /// A category with the vendor's code and label.
    pub fn new(category: StatusCategory, code: Option<String>, label: Option<String>) -> Self {
        Self { category, code, label, reason: None }
    }
}

/// The state of the money.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentState {
    /// What it means.
    pub category: PaymentCategory,
    /// The vendor's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl PaymentState {
    /// A category with the vendor's code.
    pub fn new(category: PaymentCategory, code: Option<String>) -> Self {
        Self { category, code }
    }

    /// What the amounts say, for vendors that send no state: nothing paid, some, or all of `total`.
    pub fn from_amounts(total: Option<Money>, paid: Option<Money>) -> Self {
        let category = match (total, paid) {
            (Some(total), Some(paid)) if paid >= total => PaymentCategory::Paid,
            (_, Some(paid)) if paid > Money::ZERO => PaymentCategory::PartiallyPaid,
            (_, Some(_)) => PaymentCategory::Unpaid,
            (_, None) => PaymentCategory::Unknown,
        };
        Self { category, code: None }
    }
}

/// The state of the goods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fulfilment {
    /// What it means.
    pub category: FulfilmentCategory,
    /// The vendor's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Fulfilment {
    /// A category with the vendor's code.
    pub fn new(category: FulfilmentCategory, code: Option<String>) -> Self {
        Self { category, code }
    }
}

/// Somebody on a document: who buys, or who receives.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Party {
    /// The vendor's id of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Other vendor ids of the same customer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// A name fit for a CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_name: Option<String>,
    /// Whether this may be recognised as a person.
    pub identity: Identity,
    /// Phone numbers, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// E-mail addresses, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
    /// Postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

debug_only!(Party { id, identity });

impl Party {
    /// Whether both are the same person as far as a document can tell: the same id, a shared number, or, when one of
    /// them has no number, one name inside the other ("Mai Lan" in "Nguyễn Thị Mai Lan").
    pub fn is_same_person(&self, other: &Self) -> bool {
        if let (Some(mine), Some(theirs)) = (&self.id, &other.id) {
            return mine == theirs;
        }
        let mine: Vec<_> = self.phones.iter().filter_map(|phone| phone.e164).collect();
        let theirs: Vec<_> = other.phones.iter().filter_map(|phone| phone.e164).collect();
        if !mine.is_empty() && !theirs.is_empty() {
            return mine.iter().any(|number| theirs.contains(number));
        }
        match (&self.name, &other.name) {
            (Some(mine), Some(theirs)) => name_within(mine, theirs) || name_within(theirs, mine),
            _ => true,
        }
    }
}

fn name_within(part: &str, whole: &str) -> bool {
    let whole = whole.to_lowercase();
    let mut words = whole.split_whitespace();
    part.to_lowercase().split_whitespace().all(|word| words.any(|other| other == word))
}

/// A branch, member of staff or sales channel that a document names.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// The vendor's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The vendor's or shop's code (`shopee`, `pos`, `web` for a channel).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The name as it was when the document was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

debug_only!(Reference { id, code });

impl Reference {
    /// A reference, or `None` when nothing is known.
    pub fn of(id: Option<String>, code: Option<String>, name: Option<String>) -> Option<Self> {
        (id.is_some() || code.is_some() || name.is_some()).then_some(Self { id, code, name })
    }
}

/// One line of goods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// The vendor's id of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// Variant of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<String>,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Name on the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// How many came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_quantity: Option<Quantity>,
    /// Price of one, before discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// Discount of the whole line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
    /// Tax of the whole line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
    /// quantity × unit price − discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}

/// One payment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payment {
    /// The vendor's id of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How it was paid, in the vendor's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub paid_at: Option<OffsetDateTime>,
    /// False for a cancelled payment, which does not count.
    pub valid: bool,
}

/// How the goods travel.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// Waybill number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// What the carrier costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<Money>,
    /// What the carrier collects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cod: Option<Money>,
    /// The vendor's words for where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

debug_only!(Delivery { code, carrier, fee, cod, status });

/// An order, invoice or return.
#[derive(Clone, Serialize, Deserialize, PartialEq)]
pub struct OrderRecord {
    /// The vendor's id of this document in this account and stream.
    pub id: String,
    /// Other names of the same document at the vendor: what a webhook or a list may call it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub aliases: Vec<String>,
    /// The number that people see.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// Order, invoice or return.
    pub stream: DocumentKind,
    /// The outside reference stored on it: our own id when we pushed it, or a marketplace's number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// The order that this invoice settles: its id, or its code when the vendor gives no id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fulfils: Option<String>,
    /// The document that this return takes back: its id, or its code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub returns: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub status: OrderStatus,
    /// Where the money stands.
    #[serde(default)]
    pub payment: PaymentState,
    /// Where the goods stand.
    #[serde(default)]
    pub fulfilment: Fulfilment,
    /// When the buyer placed it.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option", default)]
    pub placed_at: Option<OffsetDateTime>,
    /// The day it was placed, from vendors that give only a date.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::lenient::iso_date", default)]
    pub placed_on: Option<Date>,
    /// When the vendor last changed it.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option", default)]
    pub updated_at: Option<OffsetDateTime>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option", default)]
    pub completed_at: Option<OffsetDateTime>,
    /// When it was called off.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option", default)]
    pub cancelled_at: Option<OffsetDateTime>,
    /// Who buys; absent for a walk-in sale.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub buyer: Option<Party>,
    /// Who receives, when it is somebody else.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Party>,
    /// Numbers and addresses given on the document itself when they differ from the buyer's; never written onto the
    /// buyer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contact: Option<DocumentContact>,
    /// Where it was sold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub branch: Option<Reference>,
    /// Who sold it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seller: Option<Reference>,
    /// Through what it was sold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub channel: Option<Reference>,
    /// The goods.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lines: Vec<Line>,
    /// Sum of the lines.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subtotal: Option<Money>,
    /// Discount on the document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub discount: Option<Money>,
    /// What the buyer pays for delivery.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shipping_fee: Option<Money>,
    /// Tax.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tax: Option<Money>,
    /// What the buyer owes for the document as placed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub total: Option<Money>,
    /// All that came in, before refunds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paid: Option<Money>,
    /// What was given back, positive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refunded: Option<Money>,
    /// How much of `refunded` gave the shipping fee back, where the vendor tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refunded_shipping: Option<Money>,
    /// What the goods that came back inside this document were sold for, where the vendor tells; else it follows from
    /// the lines' `returned_quantity`. Absent where returns are documents of their own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub returned: Option<Money>,
    /// What is still owed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<Money>,
    /// The currency of every amount here.
    #[serde(default)]
    pub currency: Currency,
    /// Payments, cancelled ones included.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub payments: Vec<Payment>,
    /// How the goods travel.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub delivery: Option<Delivery>,
    /// Note on the document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<String>,
    /// The source is known to lack parts (lines, totals): read it again.
    #[serde(skip_serializing_if = "is_false", default)]
    pub incomplete: bool,
    /// Whether the vendor says that it is a test: kept, counts nothing.
    #[serde(skip_serializing_if = "is_false", default)]
    pub test: bool,
    /// Vendor fields that the link's mapping asked for, by their path on the wire.
    #[serde(skip_serializing_if = "Extra::is_empty", default)]
    pub custom: Extra,
}

debug_only!(OrderRecord {
    id,
    code,
    stream,
    status,
    payment,
    fulfilment,
    placed_at,
    updated_at,
    total,
    incomplete
});

impl OrderRecord {
    /// An empty document of a kind.
    pub fn new(stream: DocumentKind, id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            aliases: Vec::new(),
            code: None,
            stream,
            reference: None,
            fulfils: None,
            returns: None,
            status: OrderStatus::default(),
            payment: PaymentState::default(),
            fulfilment: Fulfilment::default(),
            placed_at: None,
            placed_on: None,
            updated_at: None,
            completed_at: None,
            cancelled_at: None,
            buyer: None,
            recipient: None,
            contact: None,
            branch: None,
            seller: None,
            channel: None,
            lines: Vec::new(),
            subtotal: None,
            discount: None,
            shipping_fee: None,
            tax: None,
            total: None,
            paid: None,
            refunded: None,
            refunded_shipping: None,
            returned: None,
            due: None,
            currency: Currency::VND,
            payments: Vec::new(),
            delivery: None,
            note: None,
            tags: Vec::new(),
            incomplete: false,
            test: false,
            custom: Extra::new(),
        }
    }
}

/// Numbers and addresses that stand on a document.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DocumentContact {
    /// Phone numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
}

debug_only!(DocumentContact {});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_inside_the_full_one_is_the_same_person() {
        let party = |name: &str| Party { name: Some(name.into()), ..Party::default() };
        assert!(party("Nguyễn Thị Mai Lan").is_same_person(&party("mai lan")));
        assert!(!party("Nguyễn Thị Mai Lan").is_same_person(&party("Trần Văn Bình")));
    }

    #[test]
    fn amounts_say_how_much_is_paid() {
        let state = |total: i64, paid: i64| {
            PaymentState::from_amounts(Some(total.into()), Some(paid.into())).category
        };
        assert_eq!(state(100, 0), PaymentCategory::Unpaid);
        assert_eq!(state(100, 40), PaymentCategory::PartiallyPaid);
        assert_eq!(state(100, 120), PaymentCategory::Paid);
        assert_eq!(PaymentState::from_amounts(Some(1.into()), None).category, PaymentCategory::Unknown);
    }
}
