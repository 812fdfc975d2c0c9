//! What a document adds to the revenue and order count of its contact.
//!
//! A ledger row is a function of the document and of the documents that it is joined to, never a counter: so replays,
//! disorder, merging and unmerging of contacts all give the same sum.
//!
//! The joined documents are an order with its invoices, and either of them with its returns. A snapshot is closed over
//! these joins, so a document in view never lacks a joined one that the store has.

use std::collections::HashMap;

use pos_core::record::{
    Account, Currency, DocumentKind, Money, OrderRecord, PaymentCategory, StatusCategory,
};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::{Document, DocumentId, LedgerReason, LedgerRow};
use crate::rules::RevenueBasis;

/// Whether a document counts for nothing at all.
pub fn is_dead(record: &OrderRecord) -> bool {
    use StatusCategory::{Cancelled, Deleted, Failed, Returned};
    record.test
        || matches!(record.status.category, Cancelled | Deleted | Failed | Returned)
        || (record.stream != DocumentKind::Return
            && matches!(record.payment.category, PaymentCategory::Refunded | PaymentCategory::Voided))
}

/// The ledger rows of all these documents, in the order of their ids.
///
/// `basis` says how the link of a shop counts revenue.
pub fn rows<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    basis: impl Fn(&Account) -> RevenueBasis,
) -> Vec<(&'a DocumentId, LedgerRow)> {
    let mut all: Vec<&Document> = documents.into_iter().collect();
    all.sort_by_key(|document| &document.id);
    let joins = Joins::of(&all);
    let mut counted: HashMap<&DocumentId, Worth> = HashMap::new();
    for document in &all {
        if document.id.kind != DocumentKind::Return && is_alive(document) && !joins.is_invoiced(document) {
            let told = joins.goods_are_told_by_returns(document);
            counted.insert(&document.id, worth(&document.record, basis(&document.id.account), told));
        }
    }
    let taken = take_back(&all, &joins, &counted);
    let row = |document: &&'a Document| {
        let (revenue, orders, why) = match document.id.kind {
            _ if !is_alive(document) => (Money::ZERO, 0, LedgerReason::Dead),
            DocumentKind::Return => {
                let amount = match joins.original.get(&document.id) {
                    Some(_) => taken.get(&document.id).copied().unwrap_or_default(),
                    None => given_back(&document.record),
                };
                let nothing = amount.is_zero() && joins.original.contains_key(&document.id);
                (-amount, 0, if nothing { LedgerReason::ReturnOfNothing } else { LedgerReason::Returned })
            }
            kind => match counted.get(&document.id) {
                None => (Money::ZERO, 1, LedgerReason::Invoiced),
                Some(worth) if kind == DocumentKind::Invoice && joins.settles_living(document) => {
                    let paid = worth.why == LedgerReason::Paid;
                    (worth.money, 0, if paid { LedgerReason::SettlesOrder } else { worth.why })
                }
                Some(worth) => (worth.money, 1, worth.why),
            },
        };
        (&document.id, LedgerRow { revenue, orders, currency: document.record.currency, why })
    };
    all.iter().map(row).collect()
}

fn is_alive(document: &Document) -> bool {
    !document.deleted && !is_dead(&document.record)
}

/// What a return takes back.
fn given_back(record: &OrderRecord) -> Money {
    record.total.unwrap_or_default().abs()
}

/// Which document belongs to which.
#[derive(Default)]
struct Joins<'a> {
    /// The order that an invoice settles.
    order: HashMap<&'a DocumentId, &'a Document>,
    /// The living invoices of an order, by id.
    invoices: HashMap<&'a DocumentId, Vec<&'a Document>>,
    /// What a return takes back.
    original: HashMap<&'a DocumentId, &'a Document>,
    /// The living returns of a document, in the order in which they take.
    returns: HashMap<&'a DocumentId, Vec<&'a Document>>,
}

impl<'a> Joins<'a> {
    fn of(all: &[&'a Document]) -> Self {
        let mut named: HashMap<(&Account, &str), Vec<&'a Document>> = HashMap::new();
        for document in all {
            for name in document.names() {
                named.entry((&document.id.account, name)).or_default().push(document);
            }
        }
        // Another name is less sure than any id or code. Of those that have the name so, the first kind is meant before the
        // second, an id before a code, and of two with one code (one of them deleted) the living one.
        let find = |of: &Document, name: Option<&String>, kinds: &[DocumentKind]| -> Option<&'a Document> {
            let name = name?;
            let named = named.get(&(&of.id.account, name.as_str()))?;
            let rank = |document: &Document| {
                let kind = kinds.iter().position(|kind| document.id.kind == *kind)?;
                let is_id = *document.id.id == **name;
                let is_other = !is_id && document.record.code.as_ref() != Some(name);
                Some((is_other, kind, !is_id, !is_alive(document)))
            };
            let fits = named.iter().filter_map(|document| Some(((rank(document)?, &document.id), *document)));
            fits.min_by_key(|(rank, _)| *rank).map(|(_, document)| document)
        };
        let mut joins = Self::default();
        for document in all {
            let record = &document.record;
            match document.id.kind {
                DocumentKind::Invoice => {
                    let Some(order) = find(document, record.fulfils.as_ref(), &[DocumentKind::Order]) else {
                        continue;
                    };
                    joins.order.insert(&document.id, order);
                    if is_alive(document) {
                        joins.invoices.entry(&order.id).or_default().push(document);
                    }
                }
                DocumentKind::Return => {
                    let kinds = [DocumentKind::Invoice, DocumentKind::Order];
                    let original = find(document, record.returns.as_ref(), &kinds);
                    // Amounts of two currencies are never set off against each other.
                    let Some(original) =
                        original.filter(|original| original.record.currency == record.currency)
                    else {
                        continue;
                    };
                    joins.original.insert(&document.id, original);
                    if is_alive(document) {
                        joins.returns.entry(&original.id).or_default().push(document);
                    }
                }
                _ => {}
            }
        }
        for returns in joins.returns.values_mut() {
            returns.sort_by_key(|document| (document.record.placed_at, &document.id));
        }
        joins
    }

    /// Whether invoices count the money of this order.
    fn is_invoiced(&self, document: &Document) -> bool {
        self.invoices.contains_key(&document.id)
    }

    fn settles_living(&self, invoice: &Document) -> bool {
        self.order.get(&invoice.id).is_some_and(|order| is_alive(order))
    }

    fn returns_of(&self, document: &Document) -> &[&'a Document] {
        self.returns.get(&document.id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether returns of their own say what came back of this document, or of the order that it settles. They know the
    /// price that was agreed on; the document's lines only know how many pieces it were.
    fn goods_are_told_by_returns(&self, document: &Document) -> bool {
        let of_order = self.order.get(&document.id).map(|order| self.returns_of(order)).unwrap_or_default();
        let refunded = document.record.refunded.is_some_and(|refunded| refunded > Money::ZERO);
        !refunded
            && self
                .returns_of(document)
                .iter()
                .chain(of_order)
                .any(|document| !given_back(&document.record).is_zero())
    }
}

/// What every return takes from what its original counted for: all of them together never more than that, and nothing
/// that the original says of itself already. What is taken from an order is taken from its invoices where they count.
fn take_back<'a>(
    all: &[&'a Document],
    joins: &Joins<'a>,
    counted: &HashMap<&'a DocumentId, Worth>,
) -> HashMap<&'a DocumentId, Money> {
    let mut left: HashMap<&DocumentId, (Money, Money)> =
        counted.iter().map(|(id, worth)| (*id, (worth.told, worth.money))).collect();
    let mut taken = HashMap::new();
    // Returns of an invoice itself come before those of its order.
    let (of_orders, direct): (Vec<&&Document>, Vec<_>) =
        all.iter().partition(|document| joins.is_invoiced(document));
    for original in direct.into_iter().chain(of_orders) {
        let invoices = joins.invoices.get(&original.id);
        let sources = invoices.map_or(std::slice::from_ref(original), Vec::as_slice);
        for back in joins.returns_of(original) {
            let mut amount = given_back(&back.record);
            let mut sum = Money::ZERO;
            let purses = sources.iter().filter(|source| source.record.currency == back.record.currency);
            for source in purses {
                let Some((told, money)) = left.get_mut(&source.id) else { continue };
                let known = amount.min(*told);
                let fresh = (amount - known).min(*money);
                *told -= known;
                *money -= fresh;
                amount = amount - known - fresh;
                sum += fresh;
            }
            taken.insert(&back.id, sum);
        }
    }
    taken
}

/// What a document counts for by itself.
struct Worth {
    money: Money,
    /// What it says itself that went back: a return that tells it again takes nothing.
    told: Money,
    why: LedgerReason,
}

fn worth(record: &OrderRecord, basis: RevenueBasis, goods_are_told_by_returns: bool) -> Worth {
    let said = |amount: Option<Money>| amount.unwrap_or_default().max(Money::ZERO);
    let total = said(record.total);
    let refunded = said(record.refunded);
    let came_back = match record.returned {
        Some(returned) => returned.decimal(),
        None if goods_are_told_by_returns => Decimal::ZERO,
        None => came_back_in_lines(record),
    };
    let came_back = in_coins(came_back, record.currency).max(Money::ZERO).min(total);
    let told = refunded.max(came_back);

    // What came in beyond the total goes back first, and is no refund of the document.
    let beyond = record.paid.map_or(Money::ZERO, |paid| (paid - total).max(Money::ZERO));
    let refund = (refunded - beyond).max(Money::ZERO);
    let is_refunded = record.payment.category == PaymentCategory::PartiallyRefunded || refund > Money::ZERO;
    // Of a refunded document goods count, and no shipping.
    let shipping = if is_refunded { said(record.shipping_fee).min(total) } else { Money::ZERO };
    let refunded_shipping = refunded_shipping(record, refund, came_back, shipping);
    let gone = (refund + shipping - refunded_shipping).max(came_back + shipping);
    let remains = (total - gone).max(Money::ZERO);
    let why = |whole| if gone.is_zero() { whole } else { LedgerReason::PartiallyRefunded };
    let (money, why) = match basis {
        RevenueBasis::Placed => (remains, why(LedgerReason::Counted)),
        RevenueBasis::Paid if !is_paid(record, total - came_back) => (Money::ZERO, LedgerReason::NotPaid),
        RevenueBasis::Paid => {
            let kept = record.paid.map(|paid| (paid - refunded).max(Money::ZERO));
            (kept.map_or(remains, |kept| remains.min(kept)), why(LedgerReason::Paid))
        }
    };
    Worth { money, told, why }
}

/// Whether a document is paid in full. `owed` is its total less the goods that came back.
///
/// A refund makes no deposit a payment in full; and what is kept of a delivery is paid in full when the money for it
/// came in.
fn is_paid(record: &OrderRecord, owed: Money) -> bool {
    let covered = record.paid.map(|paid| paid >= owed);
    match record.payment.category {
        PaymentCategory::Paid => true,
        PaymentCategory::PartiallyRefunded => covered.unwrap_or(true),
        PaymentCategory::PartiallyPaid => {
            covered.unwrap_or(false) && record.total.is_some_and(|total| owed < total)
        }
        _ => false,
    }
}

/// How much of a refund gave the shipping fee back.
///
/// Where the vendor does not tell, it is what the refund is more than the goods that came back with it; and when none
/// came back, a refund of exactly the fee. Everything else is taken as money for goods.
fn refunded_shipping(record: &OrderRecord, refund: Money, came_back: Money, shipping: Money) -> Money {
    let guess = if came_back > Money::ZERO {
        refund - came_back
    } else if refund == shipping {
        refund
    } else {
        Money::ZERO
    };
    record.refunded_shipping.unwrap_or(guess).max(Money::ZERO).min(shipping).min(refund)
}

/// What the pieces that came back were sold for: their part of the line after its discount, less a fair part of the
/// document's discount.
fn came_back_in_lines(record: &OrderRecord) -> Decimal {
    let amount = |amount: Option<Money>| amount.unwrap_or_default().decimal();
    let (mut goods, mut goods_back) = (Decimal::ZERO, Decimal::ZERO);
    let (mut pieces, mut pieces_back) = (Decimal::ZERO, Decimal::ZERO);
    let (mut off_lines, mut gross) = (Decimal::ZERO, Decimal::ZERO);
    for line in &record.lines {
        let returned = line.returned_quantity.unwrap_or_default().decimal().max(Decimal::ZERO);
        let quantity =
            line.quantity.map(|quantity| quantity.decimal()).filter(|quantity| *quantity > Decimal::ZERO);
        let quantity = quantity.unwrap_or(returned);
        let returned = returned.min(quantity);
        let whole = line.unit_price.unwrap_or_default().times(quantity.into()).decimal();
        let net = line.total.map_or(whole.saturating_sub(amount(line.discount)), Money::decimal);
        let net = net.max(Decimal::ZERO);
        goods = goods.saturating_add(net);
        goods_back = goods_back.saturating_add(part_of(net, returned, quantity));
        pieces = pieces.saturating_add(quantity);
        pieces_back = pieces_back.saturating_add(returned);
        off_lines = off_lines.saturating_add(amount(line.discount));
        gross = gross.saturating_add(net).saturating_add(amount(line.discount));
    }
    if goods.is_zero() {
        // Goods without prices, all money in the total: every piece is worth the same.
        let paid = amount(record.total).saturating_sub(amount(record.shipping_fee));
        part_of(paid.max(Decimal::ZERO), pieces_back, pieces)
    } else {
        // A sum of the lines before their discounts comes with a discount that contains these.
        let is_gross = record.subtotal.is_some_and(|subtotal| subtotal.decimal() == gross);
        let twice = if is_gross { off_lines } else { Decimal::ZERO };
        let discount = amount(record.discount).saturating_sub(twice).max(Decimal::ZERO);
        part_of(goods.saturating_sub(discount).max(Decimal::ZERO), goods_back, goods)
    }
}

/// An amount in the smallest coins of a currency. What came back of a document is rounded once, all lines together, so
/// that it and what stayed are the whole.
fn in_coins(amount: Decimal, currency: Currency) -> Money {
    let places = if currency == Currency::VND { 0 } else { 2 };
    // Thirds and the like are cut far behind the point first, so that halves are halves.
    let half_up = RoundingStrategy::MidpointAwayFromZero;
    Money::new(amount.round_dp(12).round_dp_with_strategy(places, half_up))
}

/// `value` × `part` ⁄ `whole`, where the part is no more than the whole.
fn part_of(value: Decimal, part: Decimal, whole: Decimal) -> Decimal {
    if whole.is_zero() {
        return Decimal::ZERO;
    }
    if part == whole {
        return value;
    }
    let exact = value.checked_mul(part).and_then(|product| product.checked_div(whole));
    exact.or_else(|| part.checked_div(whole)?.checked_mul(value)).unwrap_or_default()
}
