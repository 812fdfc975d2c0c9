//! What a document adds to the revenue and order count of its contact.
//!
//! A ledger row is a function of the document and of the documents that it is joined to, never a counter: so replays,
//! disorder, merging and unmerging of contacts all give the same sum.

use pos_core::record::{DocumentKind, Money, OrderRecord, PaymentCategory, StatusCategory};

use crate::model::{LedgerReason, LedgerRow};
use crate::rules::RevenueBasis;

/// Whether a document counts for nothing at all.
pub fn is_dead(record: &OrderRecord) -> bool {
    use StatusCategory::{Cancelled, Deleted, Failed, Returned};
    matches!(record.status.category, Cancelled | Deleted | Failed | Returned)
        || (record.stream != DocumentKind::Return
            && matches!(record.payment.category, PaymentCategory::Refunded | PaymentCategory::Voided))
}

/// What a document is worth by itself.
fn worth(record: &OrderRecord, basis: RevenueBasis) -> (Money, LedgerReason) {
    if is_dead(record) {
        return (Money::ZERO, LedgerReason::Dead);
    }
    let total = record.total.unwrap_or_default();
    match (record.payment.category, basis) {
        (PaymentCategory::PartiallyRefunded, _) => {
            let remains =
                total - record.refunded.unwrap_or_default() - record.shipping_fee.unwrap_or_default();
            (remains.max(Money::ZERO), LedgerReason::PartiallyRefunded)
        }
        (PaymentCategory::Paid, RevenueBasis::Paid) => (total, LedgerReason::Paid),
        (_, RevenueBasis::Paid) => (Money::ZERO, LedgerReason::NotPaid),
        (_, RevenueBasis::Placed) => (total, LedgerReason::Counted),
    }
}

/// The ledger row of a document.
///
/// `settled_by`: the invoices that settle this order. `settles`: the order that this invoice settles. `takes_back`: the
/// document that this return takes back, with all returns of it (this one included) in a fixed order.
pub fn row(
    record: &OrderRecord,
    basis: RevenueBasis,
    settled_by: &[&OrderRecord],
    settles: Option<&OrderRecord>,
    takes_back: Option<(&OrderRecord, &[&OrderRecord])>,
) -> LedgerRow {
    let (revenue, orders, why) = match record.stream {
        DocumentKind::Return => {
            let (money, why) = returned(record, basis, takes_back);
            (money, 0, why)
        }
        _ if is_dead(record) => (Money::ZERO, 0, LedgerReason::Dead),
        DocumentKind::Order if settled_by.iter().any(|invoice| !is_dead(invoice)) => {
            (Money::ZERO, 1, LedgerReason::Invoiced)
        }
        DocumentKind::Invoice if settles.is_some_and(|order| !is_dead(order)) => {
            let (money, why) = worth(record, basis);
            (money, 0, if why == LedgerReason::Paid { LedgerReason::SettlesOrder } else { why })
        }
        _ => {
            let (money, why) = worth(record, basis);
            (money, 1, why)
        }
    };
    LedgerRow { revenue, orders, currency: record.currency, why }
}

/// A return subtracts its total, and all returns of one document together never more than the document counted for.
fn returned(
    record: &OrderRecord,
    basis: RevenueBasis,
    takes_back: Option<(&OrderRecord, &[&OrderRecord])>,
) -> (Money, LedgerReason) {
    if is_dead(record) {
        return (Money::ZERO, LedgerReason::Dead);
    }
    let amount = record.total.unwrap_or_default().abs();
    let Some((original, all)) = takes_back else { return (-amount, LedgerReason::Returned) };
    let mut left = worth(original, basis).0;
    for other in all {
        if is_dead(other) {
            continue;
        }
        let taken = other.total.unwrap_or_default().abs().min(left);
        if other.id == record.id {
            let why = if taken.is_zero() { LedgerReason::ReturnOfNothing } else { LedgerReason::Returned };
            return (-taken, why);
        }
        left -= taken;
    }
    (-amount.min(left), LedgerReason::Returned)
}

/// How far a status is, for documents that change twice at one instant: the end of the road beats the way there.
pub fn status_rank(category: StatusCategory) -> u8 {
    use StatusCategory::*;
    match category {
        Draft => 1,
        Pending => 2,
        Confirmed => 3,
        Processing => 4,
        Shipping => 5,
        Completed => 6,
        Failed => 7,
        Returning => 8,
        PartiallyReturned => 9,
        Returned => 10,
        Cancelled => 11,
        Deleted => 12,
        _ => 0,
    }
}
