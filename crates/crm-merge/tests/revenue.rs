//! What documents count for: every rule by its name, then random shops against models that add up in another way.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

use std::collections::HashMap;
use std::sync::LazyLock;

use crm_merge::{Batch, Document, DocumentId, LedgerReason, LinkRules, RevenueBasis, Rules, Snapshot, plan};
use pos_core::identity::IdentityRules;
use pos_core::record::{
    Account, Currency, DocumentKind, Line, Money, OrderRecord, PaymentCategory, Record, StatusCategory,
    Vendor,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use DocumentKind::{Invoice, Order, Return};
use PaymentCategory::{Paid, PartiallyPaid, PartiallyRefunded, Refunded, Unpaid, Voided};

const NOW: OffsetDateTime = datetime!(2026-11-30 09:00 UTC);

fn at(minute: i64) -> OffsetDateTime {
    datetime!(2026-10-01 03:00 UTC) + Duration::minutes(minute)
}

fn shop() -> Account {
    Account::new(Vendor::new("kiotviet"), "cuahangmau")
}

fn rules(basis: RevenueBasis) -> &'static Rules {
    static PAID: LazyLock<Rules> = LazyLock::new(|| made(RevenueBasis::Paid));
    static PLACED: LazyLock<Rules> = LazyLock::new(|| made(RevenueBasis::Placed));
    fn made(basis: RevenueBasis) -> Rules {
        let link = LinkRules { revenue: basis, ..LinkRules::default() };
        Rules::new(IdentityRules::default()).with_link(shop(), "KiotViet", link)
    }
    if basis == RevenueBasis::Placed { &PLACED } else { &PAID }
}

/// Documents of one shop, and nothing else.
#[derive(Default)]
struct Books(HashMap<DocumentId, Document>);

impl Books {
    fn take(&mut self, records: impl IntoIterator<Item = OrderRecord>, rules: &Rules) {
        let batch = Batch::new(shop(), records.into_iter().map(Record::from).collect());
        let snapshot = Snapshot { documents: self.0.clone(), ..Snapshot::default() };
        let changes = plan(&batch, snapshot, rules, NOW);
        for change in changes.documents {
            self.0.insert(change.row.id.clone(), change.row);
        }
        for (id, row) in changes.ledger {
            self.0.get_mut(&id).unwrap().ledger = row;
        }
    }

    fn revenue(&self) -> Money {
        self.0.values().map(|document| document.ledger.revenue).sum()
    }

    /// Revenue in whole dong, and orders.
    fn sum(&self) -> (i64, u32) {
        let orders = self.0.values().map(|document| document.ledger.orders).sum();
        (self.revenue().to_string().parse().unwrap(), orders)
    }

    fn why(&self, kind: DocumentKind, id: &str) -> LedgerReason {
        self.0[&DocumentId::new(shop(), kind, id)].ledger.why
    }
}

/// Revenue and orders of these documents: together, one by one, and one by one from the last to the first.
fn counted_as(basis: RevenueBasis, records: &[OrderRecord]) -> (i64, u32) {
    let rules = rules(basis);
    let mut together = Books::default();
    together.take(records.to_vec(), rules);
    let (mut forwards, mut backwards) = (Books::default(), Books::default());
    for record in records {
        forwards.take([record.clone()], rules);
    }
    for record in records.iter().rev() {
        backwards.take([record.clone()], rules);
    }
    assert_eq!(together.sum(), forwards.sum());
    assert_eq!(together.sum(), backwards.sum());
    together.sum()
}

fn counted(records: &[OrderRecord]) -> (i64, u32) {
    counted_as(RevenueBasis::Paid, records)
}

fn document(kind: DocumentKind, id: &str, total: i64, payment: PaymentCategory) -> OrderRecord {
    let mut record = OrderRecord::new(kind, id);
    record.total = Some(total.into());
    record.payment.category = payment;
    record.status.category = StatusCategory::Completed;
    record.placed_at = Some(at(0));
    record.updated_at = Some(at(0));
    record
}

fn with(mut record: OrderRecord, change: impl FnOnce(&mut OrderRecord)) -> OrderRecord {
    change(&mut record);
    record
}

/// A paid order: two shirts of 250 000 and 30 000 for the delivery.
fn shirts() -> OrderRecord {
    with(document(Order, "1", 530_000, Paid), |order| {
        order.lines = vec![line(2, 250_000, 0, 0)];
        order.subtotal = Some(500_000.into());
        order.shipping_fee = Some(30_000.into());
        order.paid = Some(530_000.into());
        order.refunded = Some(Money::ZERO);
    })
}

/// The same, with money given back.
fn refunded(money: i64) -> OrderRecord {
    with(shirts(), |order| {
        order.payment.category = PartiallyRefunded;
        order.refunded = Some(money.into());
    })
}

fn line(quantity: i64, price: i64, discount: i64, returned: i64) -> Line {
    Line {
        quantity: Some(quantity.into()),
        unit_price: Some(price.into()),
        discount: Some(discount.into()),
        total: Some((quantity * price - discount).into()),
        returned_quantity: Some(returned.into()),
        ..Line::default()
    }
}

fn back(id: &str, of: &str, money: i64) -> OrderRecord {
    with(document(Return, id, money, Refunded), |back| back.returns = Some(of.into()))
}

fn with_status(record: OrderRecord, status: StatusCategory) -> OrderRecord {
    with(record, |record| record.status.category = status)
}

#[test]
fn a_paid_order_counts_its_total() {
    assert_eq!(counted(&[shirts()]), (530_000, 1));
    for unpaid in [Unpaid, PartiallyPaid, PaymentCategory::Unknown] {
        assert_eq!(counted(&[with(shirts(), |order| order.payment.category = unpaid)]), (0, 1));
    }
}

#[test]
fn a_partly_refunded_order_counts_goods_that_remain() {
    let goods = with(refunded(250_000), |order| order.lines = vec![line(2, 250_000, 0, 1)]);
    assert_eq!(counted(&[goods]), (250_000, 1));
    assert_eq!(counted(&[refunded(250_000)]), (250_000, 1));
    assert_eq!(counted(&[refunded(1)]), (499_999, 1));
    // The money says it, whatever the state is called.
    let called_paid = with(refunded(250_000), |order| order.payment.category = Paid);
    assert_eq!(counted(&[called_paid]), (250_000, 1));
}

#[test]
fn shipping_that_was_refunded_is_not_taken_off_again() {
    let told = |money: i64, shipping: i64| {
        with(refunded(money), |order| order.refunded_shipping = Some(shipping.into()))
    };
    assert_eq!(counted(&[told(30_000, 30_000)]), (500_000, 1));
    assert_eq!(counted(&[told(280_000, 30_000)]), (250_000, 1));
    assert_eq!(counted(&[told(260_000, 10_000)]), (250_000, 1));
    assert_eq!(counted(&[told(30_000, 0)]), (470_000, 1));
    assert_eq!(counted(&[told(10_000, 99_000)]), (500_000, 1), "no more of it than was refunded");
    // Not told: what is more than the goods, or just the fee.
    let goods = with(refunded(280_000), |order| order.lines = vec![line(2, 250_000, 0, 1)]);
    assert_eq!(counted(&[goods]), (250_000, 1));
    assert_eq!(counted(&[refunded(30_000)]), (500_000, 1));
}

#[test]
fn never_more_than_came_in_less_what_went_back() {
    let less = with(shirts(), |order| order.paid = Some(400_000.into()));
    assert_eq!(counted(&[less]), (400_000, 1));
    let more_back = with(refunded(600_000), |order| order.paid = Some(530_000.into()));
    assert_eq!(counted(&[more_back]), (0, 1));
    let unknown = with(shirts(), |order| order.paid = None);
    assert_eq!(counted(&[unknown]), (530_000, 1));
}

#[test]
fn never_more_than_the_order_is_worth_now() {
    let edited_down = with(document(Order, "1", 250_000, Paid), |order| order.paid = Some(500_000.into()));
    assert_eq!(counted(std::slice::from_ref(&edited_down)), (250_000, 1));
    // What was paid too much goes back, and is no refund of what is still sold.
    let given_back = with(edited_down, |order| {
        order.payment.category = PartiallyRefunded;
        order.refunded = Some(250_000.into());
    });
    assert_eq!(counted(&[given_back]), (250_000, 1));
}

#[test]
fn a_refunded_deposit_counts_nothing() {
    let deposit = with(refunded(150_000), |order| order.paid = Some(200_000.into()));
    assert_eq!(counted(&[deposit]), (0, 1));
    let whole = with(refunded(200_000), |order| {
        order.paid = Some(200_000.into());
        order.payment.category = Refunded;
    });
    assert_eq!(counted(&[whole]), (0, 0));
}

#[test]
fn goods_that_came_back_inside_the_order_do_not_count() {
    let partly = |change: &dyn Fn(&mut OrderRecord)| {
        let order = with_status(shirts(), StatusCategory::PartiallyReturned);
        with(order, |order| {
            order.lines = vec![line(2, 250_000, 0, 1)];
            change(order);
        })
    };
    assert_eq!(counted(&[partly(&|_| {})]), (280_000, 1));
    let told = |order: &mut OrderRecord| order.returned = Some(200_000.into());
    assert_eq!(counted(&[partly(&told)]), (330_000, 1), "what the vendor says goes before the lines");
    let all = |order: &mut OrderRecord| order.returned = Some(900_000.into());
    assert_eq!(counted(&[partly(&all)]), (0, 1));
    let both = with(refunded(250_000), |order| order.returned = Some(400_000.into()));
    assert_eq!(counted(&[both]), (100_000, 1), "goods and the money for them are one thing");
    // The carrier collected the money for what was kept.
    let collected = |order: &mut OrderRecord| {
        order.payment.category = PartiallyPaid;
        order.paid = Some(280_000.into());
    };
    assert_eq!(counted(&[partly(&collected)]), (280_000, 1));
    let not_yet = |order: &mut OrderRecord| {
        order.payment.category = PartiallyPaid;
        order.paid = Some(279_999.into());
    };
    assert_eq!(counted(&[partly(&not_yet)]), (0, 1));
    // Without any word on what came back the total stands.
    assert_eq!(counted(&[partly(&|order| order.lines.clear())]), (530_000, 1));
}

#[test]
fn a_piece_comes_back_at_the_price_that_was_paid_for_it() {
    let order = |lines: &[Line], discount: i64, total: i64| {
        with(document(Order, "1", total, Paid), |order| {
            order.lines = lines.to_vec();
            order.discount = Some(discount.into());
        })
    };
    // 90 000 after its discount, of which the document's 20 000 take a tenth.
    let lines = [line(1, 100_000, 10_000, 1), line(1, 110_000, 0, 0)];
    assert_eq!(counted(&[order(&lines, 20_000, 180_000)]), (99_000, 1));
    // A sum of lines before their discounts, with one discount that contains them.
    let gross = with(order(&lines, 30_000, 180_000), |order| order.subtotal = Some(210_000.into()));
    assert_eq!(counted(&[gross]), (99_000, 1));
    // To the dong, and what came back and what stayed are the whole.
    for (returned, remains) in [(0, 100_000), (1, 66_667), (2, 33_333), (3, 0)] {
        let lines = [line(3, 40_000, 20_000, returned)];
        assert_eq!(counted(&[order(&lines, 0, 100_000)]), (remains, 1));
    }
    let third = with(document(Order, "1", 100_000, Paid), |order| {
        order.returned = Some("33333.333333333".parse().unwrap());
    });
    assert_eq!(counted(&[third]), (66_667, 1), "whoever computed it");
    // More than there was, or a line without a count.
    assert_eq!(counted(&[order(&[line(2, 50_000, 0, 5)], 0, 100_000)]), (0, 1));
    let mut uncounted = line(1, 50_000, 0, 1);
    (uncounted.quantity, uncounted.total) = (None, None);
    assert_eq!(counted(&[order(&[uncounted, line(1, 50_000, 0, 0)], 0, 100_000)]), (50_000, 1));
    // All money in the total, none in the goods.
    assert_eq!(counted(&[order(&[line(4, 0, 0, 1)], 0, 100_000)]), (75_000, 1));
}

#[test]
fn cents_are_kept_where_a_currency_has_them() {
    let record = with(document(Order, "1", 10, Paid), |order| {
        order.currency = Currency::USD;
        order.lines = vec![line(3, 4, 2, 1)];
    });
    let mut books = Books::default();
    books.take([record], rules(RevenueBasis::Paid));
    assert_eq!(books.revenue().to_string(), "6.67");
}

#[test]
fn absurd_amounts_do_no_harm() {
    let most: Money = "79228162514264337593543950335".parse().unwrap();
    let record = with(document(Order, "1", 0, Paid), |order| {
        let mut line = line(3, 1, 0, 2);
        (line.unit_price, line.total) = (Some(most), Some(most));
        order.lines = vec![line.clone(), line];
        (order.total, order.refunded, order.discount) = (Some(most), Some(-most), Some(-most));
    });
    let mut books = Books::default();
    books.take([record], rules(RevenueBasis::Paid));
    assert!(!books.revenue().is_negative());
}

#[test]
fn cancelled_returned_deleted_failed_and_test_orders_leave_the_count() {
    use StatusCategory::{Cancelled, Deleted, Failed, Returned};
    for status in [Cancelled, Returned, Deleted, Failed] {
        assert_eq!(counted(&[with_status(shirts(), status)]), (0, 0), "{status:?}");
    }
    assert_eq!(counted(&[with(shirts(), |order| order.test = true)]), (0, 0));
    for payment in [Refunded, Voided] {
        assert_eq!(counted(&[with(shirts(), |order| order.payment.category = payment)]), (0, 0));
    }
}

#[test]
fn an_invoice_and_the_order_it_fulfils_count_once() {
    let order = with(document(Order, "7", 500_000, Paid), |order| order.code = Some("DH7".into()));
    let invoice = |id: &str, of: &str, total: i64| {
        with(document(Invoice, id, total, Paid), |invoice| invoice.fulfils = Some(of.into()))
    };
    assert_eq!(counted(&[order.clone(), invoice("1", "7", 500_000)]), (500_000, 1));
    assert_eq!(counted(&[order.clone(), invoice("1", "DH7", 300_000)]), (300_000, 1));
    let parts = [order.clone(), invoice("1", "7", 300_000), invoice("2", "DH7", 200_000)];
    assert_eq!(counted(&parts), (500_000, 1));
    let called_off = with_status(invoice("1", "7", 500_000), StatusCategory::Cancelled);
    assert_eq!(counted(&[order.clone(), called_off]), (500_000, 1), "the order counts again");
    let order_off = with_status(order.clone(), StatusCategory::Cancelled);
    assert_eq!(counted(&[order_off, invoice("1", "7", 500_000)]), (500_000, 1));
    // Only an order is fulfilled, whatever else has the number.
    let number = back("7", "1", 100_000);
    assert_eq!(counted(&[number, order, invoice("1", "7", 500_000)]), (400_000, 1));
}

#[test]
fn a_return_belongs_to_the_invoice_of_its_number_before_an_order_of_it() {
    let order = document(Order, "7", 40_000, Unpaid);
    let by_id = document(Invoice, "7", 500_000, Paid);
    assert_eq!(counted(&[order.clone(), by_id, back("1", "7", 100_000)]), (400_000, 2));
    let by_code = with(document(Invoice, "9", 500_000, Paid), |invoice| invoice.code = Some("7".into()));
    assert_eq!(counted(&[order.clone(), by_code.clone(), back("1", "7", 100_000)]), (400_000, 2));
    // An id is surer than a code.
    let unpaid = document(Invoice, "7", 500_000, Unpaid);
    assert_eq!(counted(&[unpaid, by_code.clone(), back("1", "7", 100_000)]), (500_000, 2));
    // Of two invoices with one code the living one.
    let old = with(document(Invoice, "3", 500_000, Paid), |invoice| invoice.code = Some("7".into()));
    let old = with_status(old, StatusCategory::Deleted);
    assert_eq!(counted(&[old, by_code, back("1", "7", 100_000)]), (400_000, 1));
    // No invoice has it: the order.
    let paid = document(Order, "7", 500_000, Paid);
    assert_eq!(counted(&[paid, back("1", "7", 100_000)]), (400_000, 1));
}

#[test]
fn a_document_is_meant_by_its_other_names_too() {
    let called = |record: OrderRecord, name: &str| with(record, |record| record.aliases = vec![name.into()]);
    let order = called(document(Order, "7", 500_000, Paid), "WEB-7");
    let invoice =
        with(document(Invoice, "1", 500_000, Paid), |invoice| invoice.fulfils = Some("WEB-7".into()));
    let invoice = called(invoice, "POS-1");
    assert_eq!(counted(&[order.clone(), invoice.clone()]), (500_000, 1), "one sale");
    assert_eq!(counted(&[order.clone(), back("1", "WEB-7", 600_000)]), (0, 1), "no more than it counted for");
    assert_eq!(counted(&[order, invoice, back("1", "POS-1", 600_000)]), (0, 1));
    // An id or a code is surer than another name, of whatever kind.
    let order = document(Order, "8", 500_000, Paid);
    let other = called(document(Invoice, "9", 100_000, Unpaid), "8");
    assert_eq!(counted(&[order.clone(), other.clone(), back("1", "8", 300_000)]), (200_000, 2));
    let coded = with(document(Order, "5", 500_000, Paid), |order| order.code = Some("8".into()));
    assert_eq!(counted(&[coded, other, back("1", "8", 300_000)]), (200_000, 2));
}

#[test]
fn returns_of_one_document_never_take_more_than_it_counted_for() {
    let invoice = document(Invoice, "7", 100_000, Paid);
    let returns = [back("1", "7", 60_000), back("2", "7", 60_000)];
    let both = [invoice.clone(), returns[0].clone(), returns[1].clone()];
    assert_eq!(counted(&both), (0, 1));
    let unpaid = with(invoice, |invoice| invoice.payment.category = Unpaid);
    assert_eq!(counted(&[unpaid, returns[0].clone()]), (0, 1));
    assert_eq!(counted(&[returns[0].clone()]), (-60_000, 0), "until its sale is known");
}

#[test]
fn a_return_of_an_order_takes_from_its_invoices() {
    // The order itself was never paid: the money came in with the invoices.
    let order = document(Order, "7", 500_000, Unpaid);
    let invoice = |id: &str, total: i64| {
        with(document(Invoice, id, total, Paid), |invoice| invoice.fulfils = Some("7".into()))
    };
    let sale = [order, invoice("a", 300_000), invoice("b", 200_000)];
    let returned = |returns: &[OrderRecord]| counted(&[&sale[..], returns].concat());
    assert_eq!(returned(&[back("1", "7", 100_000)]), (400_000, 1));
    assert_eq!(returned(&[back("1", "7", 400_000)]), (100_000, 1));
    assert_eq!(returned(&[back("1", "7", 400_000), back("2", "a", 300_000)]), (0, 1));
    assert_eq!(returned(&[back("1", "b", 900_000)]), (300_000, 1), "no more than its own invoice");
}

#[test]
fn a_refund_that_a_return_tells_again_is_subtracted_once() {
    let order = refunded(250_000);
    assert_eq!(counted(&[order.clone(), back("1", "1", 250_000)]), (250_000, 1));
    let two = [order.clone(), back("r1", "1", 150_000), back("r2", "1", 100_000)];
    assert_eq!(counted(&two), (250_000, 1));
    assert_eq!(counted(&[order, back("r1", "1", 300_000)]), (200_000, 1), "the order knows a part of it");
    let inside = with(shirts(), |order| order.returned = Some(250_000.into()));
    assert_eq!(counted(&[inside, back("r1", "1", 250_000)]), (280_000, 1));
}

#[test]
fn pieces_on_the_lines_give_way_to_the_returns_that_tell_the_price() {
    let invoice = with(document(Invoice, "1", 500_000, Paid), |invoice| {
        invoice.lines = vec![line(2, 250_000, 0, 1)];
    });
    assert_eq!(counted(std::slice::from_ref(&invoice)), (250_000, 1));
    assert_eq!(counted(&[invoice.clone(), back("r", "1", 200_000)]), (300_000, 1));
    let gone = with_status(back("r", "1", 200_000), StatusCategory::Deleted);
    assert_eq!(counted(&[invoice, gone]), (250_000, 1));
}

#[test]
fn deleted_cancelled_and_test_returns_take_nothing() {
    let invoice = document(Invoice, "7", 100_000, Paid);
    for status in [StatusCategory::Deleted, StatusCategory::Cancelled] {
        let gone = with_status(back("1", "7", 60_000), status);
        assert_eq!(counted(&[invoice.clone(), gone.clone()]), (100_000, 1));
        assert_eq!(counted(&[gone]), (0, 0));
    }
    let test = with(back("1", "7", 60_000), |back| back.test = true);
    assert_eq!(counted(&[invoice, test]), (100_000, 1));
}

#[test]
fn an_exchange_counts_what_the_buyer_has_in_the_end() {
    // 100 000 goes back, 150 000 goes out, 50 000 is paid on top: the new bill is paid in full.
    let sold = document(Invoice, "2", 180_000, Paid);
    let new = with(document(Invoice, "5", 150_000, Paid), |bill| bill.paid = Some(150_000.into()));
    assert_eq!(counted(&[sold, back("3", "2", 100_000), new]), (230_000, 2));
}

#[test]
fn currencies_are_never_set_off_against_each_other() {
    let order = with(document(Order, "7", 100, Paid), |order| order.currency = Currency::USD);
    let mut books = Books::default();
    books.take([order, back("1", "7", 60_000)], rules(RevenueBasis::Paid));
    let mut rows: Vec<String> =
        books.0.values().map(|one| format!("{} {}", one.ledger.revenue, one.ledger.currency)).collect();
    rows.sort();
    assert_eq!(rows, ["-60000 VND", "100 USD"]);
}

#[test]
fn sales_on_credit_count_when_they_are_placed() {
    let placed = |records: &[OrderRecord]| counted_as(RevenueBasis::Placed, records);
    let unpaid = with(shirts(), |order| {
        order.payment.category = Unpaid;
        order.paid = Some(Money::ZERO);
    });
    assert_eq!(placed(std::slice::from_ref(&unpaid)), (530_000, 1));
    assert_eq!(placed(&[with(unpaid.clone(), |order| order.returned = Some(250_000.into()))]), (280_000, 1));
    assert_eq!(placed(&[unpaid, back("r", "1", 250_000)]), (280_000, 1));
    assert_eq!(placed(&[refunded(250_000)]), (250_000, 1));
}

#[test]
fn a_row_says_why() {
    let mut books = Books::default();
    let invoice = with(document(Invoice, "9", 530_000, Paid), |invoice| invoice.fulfils = Some("1".into()));
    let partly = with(refunded(1), |order| order.id = "2".into());
    let test = with(shirts(), |order| (order.id, order.test) = ("3".into(), true));
    books.take(
        [shirts(), invoice, partly, test, back("r1", "2", 1), back("r2", "9", 5)],
        rules(RevenueBasis::Paid),
    );
    assert_eq!(books.why(Order, "1"), LedgerReason::Invoiced);
    assert_eq!(books.why(Invoice, "9"), LedgerReason::SettlesOrder);
    assert_eq!(books.why(Order, "2"), LedgerReason::PartiallyRefunded);
    assert_eq!(books.why(Order, "3"), LedgerReason::Dead);
    assert_eq!(books.why(Return, "r1"), LedgerReason::ReturnOfNothing);
    assert_eq!(books.why(Return, "r2"), LedgerReason::Returned);
}

/// Numbers without a system's randomness.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both possible.
    fn from(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap() + 1;
        low + i64::try_from(self.roll() % span).unwrap()
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.from(1, 100) <= percent
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[usize::try_from(self.from(0, among.len() as i64 - 1)).unwrap()]
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, usize::try_from(self.from(0, at as i64)).unwrap());
        }
    }
}

/// Lets versions of documents arrive out of order, some twice, in batches, and says what they count for in the end.
fn arrive(dice: &mut Dice, mut versions: Vec<OrderRecord>, basis: RevenueBasis) -> (i64, u32) {
    for _ in 0..dice.from(0, 2) {
        let again = usize::try_from(dice.from(0, versions.len() as i64 - 1)).unwrap();
        versions.push(versions[again].clone());
    }
    dice.shuffle(&mut versions);
    let (rules, mut books) = (rules(basis), Books::default());
    while !versions.is_empty() {
        let some = usize::try_from(dice.from(2, 8)).unwrap().min(versions.len());
        books.take(versions.drain(..some), rules);
    }
    books.sum()
}

/// One sale as the shop itself remembers it: pieces and coins. Nothing here knows of ledgers.
struct Sale {
    how: How,
    /// Pieces, price, discount of the line, pieces that came back.
    lines: Vec<(i64, i64, i64, i64)>,
    discount: i64,
    fee: i64,
    paid: i64,
    /// Given back for pieces; as a kindness; of the fee.
    for_pieces: i64,
    kindness: i64,
    fee_back: i64,
    /// Returns on paper of their own: money, alive.
    slips: Vec<(i64, bool)>,
    called_off: bool,
    test: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum How {
    /// Refunds inside the order, nobody says what of them was shipping (Haravan).
    RefundsUntold,
    /// Refunds inside the order, with their shipping (Sapo).
    Refunds,
    /// The same, and every refund comes as a document too.
    RefundsTwice,
    /// Only the count of pieces that came back (Pancake).
    Pieces,
    /// Returns are documents of an invoice (KiotViet, Nhanh).
    Slips,
    /// The same, and the invoice counts the pieces too.
    SlipsAndPieces,
}

impl Sale {
    fn new(dice: &mut Dice) -> Self {
        use How::{Pieces, Refunds, RefundsTwice, RefundsUntold, Slips, SlipsAndPieces};
        let lines: Vec<_> = (0..dice.from(1, 3))
            .map(|_| {
                let (pieces, price) = (dice.from(1, 5), dice.from(20, 900) * 500);
                (pieces, price, dice.from(0, pieces * price / 1000 / 4) * 1000, 0)
            })
            .collect();
        let goods: i64 = lines.iter().map(|(pieces, price, off, _)| pieces * price - off).sum();
        Self {
            how: dice.pick(&[RefundsUntold, Refunds, RefundsTwice, Pieces, Slips, SlipsAndPieces]),
            discount: if dice.chance(50) { dice.from(0, goods / 3) } else { 0 },
            // No price of anything: a refund of just that much is of the fee.
            fee: if dice.chance(60) { dice.from(10, 40) * 1000 + 777 } else { 0 },
            lines,
            paid: 0,
            for_pieces: 0,
            kindness: 0,
            fee_back: 0,
            slips: Vec::new(),
            called_off: false,
            test: dice.chance(4),
        }
    }

    fn is_slips(&self) -> bool {
        matches!(self.how, How::Slips | How::SlipsAndPieces)
    }

    fn goods(&self) -> i64 {
        self.lines.iter().map(|(pieces, price, off, _)| pieces * price - off).sum::<i64>() - self.discount
    }

    fn total(&self) -> i64 {
        self.goods() + self.fee
    }

    /// What the pieces that came back were sold for: in sixtieths of a dong by whole numbers, halves up.
    fn pieces_back(&self) -> i64 {
        let net: i128 =
            self.lines.iter().map(|(pieces, price, off, _)| i128::from(pieces * price - off)).sum();
        let sixtieths: i128 = self
            .lines
            .iter()
            .map(|(pieces, price, off, back)| {
                i128::from(pieces * price - off) * i128::from(back * 60 / pieces)
            })
            .sum();
        let (over, under) = (sixtieths * i128::from(self.goods()), net * 60);
        i64::try_from((2 * over + under) / (2 * under)).unwrap()
    }

    fn refunded(&self) -> i64 {
        self.for_pieces + self.kindness + self.fee_back
    }

    fn was_paid(&self) -> bool {
        self.paid >= self.total()
    }

    /// Something happens in the shop.
    fn happen(&mut self, dice: &mut Dice) {
        let untold = self.how == How::RefundsUntold;
        match dice.from(0, 9) {
            0..=2 if !self.was_paid() && self.refunded() == 0 => {
                let rest = self.total() - self.paid;
                self.paid += if dice.chance(75) { rest } else { dice.from(1, rest) };
            }
            // A deposit goes back.
            3 if !self.was_paid() && self.paid > 0 && !self.is_slips() && self.how != How::Pieces => {
                self.kindness = dice.from(1, self.paid);
            }
            // A kindness; where nobody says what it was for, nothing else may have gone back.
            4 if self.was_paid() && !self.is_slips() && self.how != How::Pieces => {
                let left = self.goods() - self.pieces_back() - self.kindness;
                if left > 0 && !(untold && self.refunded() > 0) {
                    self.kindness += dice.from(1, left);
                }
            }
            5 if self.was_paid() && !self.is_slips() && self.how != How::Pieces => {
                let may = !untold || self.kindness == 0;
                self.fee_back = if may { self.fee } else { self.fee_back };
            }
            6..=7 if self.was_paid() => self.take_piece(dice),
            8 => self.called_off = dice.chance(40),
            9 if self.is_slips() => {
                if let Some(slip) = self.slips.last_mut().filter(|_| self.how == How::Slips) {
                    slip.1 = !slip.1;
                }
            }
            _ => {}
        }
    }

    fn take_piece(&mut self, dice: &mut Dice) {
        if self.how == How::RefundsUntold && self.kindness > 0 {
            return;
        }
        let before = self.pieces_back();
        let at = usize::try_from(dice.from(0, self.lines.len() as i64 - 1)).unwrap();
        let line = &mut self.lines[at];
        line.3 = (line.3 + 1).min(line.0);
        let value = self.pieces_back() - before;
        match self.how {
            How::Pieces => {}
            // The shop may keep a part of the price.
            How::Slips | How::SlipsAndPieces if value > 0 => {
                let kept = if dice.chance(30) { dice.from(0, value - 1) } else { 0 };
                self.slips.push((value - kept, true));
            }
            How::Slips | How::SlipsAndPieces => {}
            _ => self.for_pieces += value.min(self.goods() - self.for_pieces - self.kindness),
        }
    }

    /// What the shop has sold, in the end.
    fn truth(&self) -> (i64, u32) {
        let all_back = self.paid > 0 && self.refunded() == self.paid;
        if self.called_off || self.test || all_back {
            return (0, 0);
        }
        if !self.was_paid() {
            return (0, 1);
        }
        if self.is_slips() {
            let slips: i64 = self.slips.iter().filter(|(_, alive)| *alive).map(|(money, _)| money).sum();
            return ((self.total() - slips).max(0), 1);
        }
        let stayed = self.goods() - self.pieces_back() - self.kindness;
        let fee = if self.refunded() > 0 { 0 } else { self.fee };
        (stayed.max(0) + fee, 1)
    }

    fn paper(&self, kind: DocumentKind, id: &str, minute: i64) -> OrderRecord {
        let refunded = self.refunded();
        let category = match self.paid {
            0 => Unpaid,
            paid if refunded == paid => Refunded,
            _ if refunded > 0 => PartiallyRefunded,
            paid if paid >= self.total() => Paid,
            _ => PartiallyPaid,
        };
        with(document(kind, id, self.total(), category), |record| {
            record.updated_at = Some(at(minute));
            record.test = self.test;
            if self.called_off {
                record.status.category = StatusCategory::Cancelled;
            } else if self.how == How::Pieces && self.pieces_back() > 0 {
                record.status.category = StatusCategory::PartiallyReturned;
            }
            let pieces = self.how != How::Slips;
            record.lines = self
                .lines
                .iter()
                .map(|(count, price, off, back)| line(*count, *price, *off, if pieces { *back } else { 0 }))
                .collect();
            record.subtotal = Some((self.goods() + self.discount).into());
            record.discount = Some(self.discount.into());
            record.shipping_fee = Some(self.fee.into());
            record.paid = Some(self.paid.into());
            if !self.is_slips() && self.how != How::Pieces {
                record.refunded = Some(refunded.into());
            }
            if matches!(self.how, How::Refunds | How::RefundsTwice) {
                record.refunded_shipping = Some(self.fee_back.into());
            }
        })
    }

    /// All documents as they are now.
    fn papers(&self, number: usize, minute: i64) -> Vec<OrderRecord> {
        let id = number.to_string();
        if !self.is_slips() {
            let mut papers = vec![self.paper(Order, &id, minute)];
            if self.how == How::RefundsTwice && self.refunded() > 0 {
                papers.push(with(back(&id, &id, self.refunded()), |back| back.updated_at = Some(at(minute))));
            }
            return papers;
        }
        // The order has the number of the next sale's invoice, whose returns have nothing to do with it.
        let order = with(self.paper(Order, &(number + 1).to_string(), minute), |order| {
            order.code = Some(format!("DH{number}"));
            (order.paid, order.payment.category) = (Some(Money::ZERO), Unpaid);
        });
        let invoice = with(self.paper(Invoice, &id, minute), |invoice| {
            invoice.code = Some(format!("HD{number}"));
            invoice.fulfils = Some(format!("DH{number}"));
        });
        let slips = self.slips.iter().enumerate().map(|(at_slip, (money, alive))| {
            let of = if at_slip % 2 == 0 { id.clone() } else { format!("HD{number}") };
            let slip = back(&format!("{number}{at_slip}"), &of, *money);
            with(slip, |slip| {
                slip.updated_at = Some(at(minute));
                if !alive {
                    slip.status.category = StatusCategory::Deleted;
                }
            })
        });
        [order, invoice].into_iter().chain(slips).collect()
    }
}

#[test]
fn after_any_history_revenue_is_what_the_shop_has_sold() {
    for seed in 0..10_000 {
        let mut dice = Dice(seed);
        let mut versions = Vec::new();
        let (mut revenue, mut orders, mut minute) = (0, 0, 0);
        for number in 1..=usize::try_from(dice.from(1, 2)).unwrap() {
            let mut sale = Sale::new(&mut dice);
            let number = if sale.is_slips() { number } else { number + 1000 };
            let mut seen: Vec<OrderRecord> = Vec::new();
            for _ in 0..=dice.from(1, 9) {
                sale.happen(&mut dice);
                minute += 1;
                let now = sale.papers(number, minute);
                // Nobody reads every state; the last one is always read.
                if dice.chance(30) {
                    seen.extend(now);
                }
            }
            minute += 1;
            seen.extend(sale.papers(number, minute));
            versions.extend(seen);
            let truth = sale.truth();
            (revenue, orders) = (revenue + truth.0, orders + truth.1);
        }
        let counted = arrive(&mut dice, versions.clone(), RevenueBasis::Paid);
        assert_eq!(counted, (revenue, orders), "seed {seed}: {versions:#?}");
    }
}

/// Any document at all, consistent or not, in whole numbers.
#[derive(Clone, Debug)]
struct Paper {
    id: String,
    dead: bool,
    category: PaymentCategory,
    total: i64,
    fee: i64,
    paid: Option<i64>,
    refunded: Option<i64>,
    refunded_fee: Option<i64>,
    returned: Option<i64>,
    /// One line of pieces: how many, and how many came back of them.
    pieces: (i64, i64),
}

impl Paper {
    fn new(dice: &mut Dice, id: String) -> Self {
        let fee = if dice.chance(50) { dice.from(0, 4) * 10 } else { 0 };
        let pieces = dice.from(1, 4);
        let maybe = |dice: &mut Dice, high: i64| dice.chance(60).then(|| dice.from(0, high) * 10);
        Self {
            id,
            dead: dice.chance(10),
            category: dice.pick(&[
                Paid,
                Paid,
                Paid,
                PartiallyRefunded,
                PartiallyRefunded,
                PartiallyPaid,
                Unpaid,
            ]),
            total: dice.from(0, 30) * 10 + fee,
            fee,
            paid: maybe(dice, 40),
            refunded: maybe(dice, 30),
            refunded_fee: if dice.chance(40) { maybe(dice, 5) } else { None },
            returned: if dice.chance(30) { maybe(dice, 25) } else { None },
            pieces: (pieces, if dice.chance(40) { dice.from(0, pieces) } else { 0 }),
        }
    }

    fn record(&self, kind: DocumentKind) -> OrderRecord {
        with(document(kind, &self.id, self.total, self.category), |record| {
            if self.dead {
                record.status.category = StatusCategory::Cancelled;
            }
            record.shipping_fee = Some(self.fee.into());
            record.paid = self.paid.map(Money::from);
            record.refunded = self.refunded.map(Money::from);
            record.refunded_shipping = self.refunded_fee.map(Money::from);
            record.returned = self.returned.map(Money::from);
            let (pieces, back) = self.pieces;
            let mut line = line(pieces, 0, 0, back);
            // The price of a piece need not be a whole number of dong.
            line.total = Some((self.total - self.fee).into());
            record.lines = vec![line];
        })
    }

    /// What it says itself that went back, and what it counts for: the least of all that it may count for.
    fn model(&self, told_elsewhere: bool, placed: bool) -> (i64, i64) {
        let refunded = self.refunded.unwrap_or(0);
        let (pieces, came) = self.pieces;
        let by_pieces = (2 * (self.total - self.fee) * came + pieces) / (2 * pieces);
        let by_pieces = if told_elsewhere && refunded == 0 { 0 } else { by_pieces };
        let came_back = self.returned.unwrap_or(by_pieces).min(self.total);
        let told = refunded.max(came_back);
        let in_full = match (self.category, self.paid) {
            (Paid, _) | (PartiallyRefunded, None) => true,
            (PartiallyRefunded, Some(paid)) => paid + came_back >= self.total,
            (PartiallyPaid, Some(paid)) => came_back > 0 && paid + came_back >= self.total,
            _ => false,
        };
        if !in_full && !placed {
            return (told, 0);
        }
        // Of the coins that went back these were for the order.
        let for_order = match self.paid {
            Some(paid) if paid > self.total => refunded - refunded.min(paid - self.total),
            _ => refunded,
        };
        let mut least = vec![self.total - came_back];
        if for_order > 0 || self.category == PartiallyRefunded {
            let fee_back = match self.refunded_fee {
                Some(told) => told,
                None if came_back > 0 => (for_order - came_back).max(0),
                None if for_order == self.fee => self.fee,
                None => 0,
            };
            let fee_back = fee_back.min(self.fee).min(for_order);
            least.push(self.total - self.fee - came_back);
            least.push(self.total - self.fee - (for_order - fee_back));
        }
        if let (Some(paid), false) = (self.paid, placed) {
            least.push(paid - refunded);
        }
        (told, least.into_iter().min().unwrap().max(0))
    }
}

/// Pours into cups that swallow (`false`) or that are sold money (`true`), one after the other.
fn pour(mut amount: i64, cups: &mut [(i64, bool)]) {
    for (room, _) in cups {
        let here = amount.min(*room);
        *room -= here;
        amount -= here;
    }
}

#[test]
fn any_documents_count_what_a_plain_sum_says() {
    for seed in 0..10_000 {
        let mut dice = Dice(seed ^ 0xA5A5);
        let placed = dice.chance(20);
        let (mut revenue, mut orders) = (0, 0);
        let mut records = Vec::new();
        for sale in 0..dice.from(1, 2) {
            let order = Paper::new(&mut dice, format!("{}", sale + 1));
            // The first invoice of the other sale has the number of this order.
            let invoices: Vec<Paper> = (0..dice.pick(&[0, 0, 1, 1, 2]))
                .map(|at| {
                    let id = if at == 0 { format!("{}", 2 - sale) } else { format!("{sale}b") };
                    Paper::new(&mut dice, id)
                })
                .collect();
            let mut living: Vec<&Paper> = invoices.iter().filter(|invoice| !invoice.dead).collect();
            living.sort_by_key(|invoice| invoice.id.clone());
            records.push(with(order.record(Order), |order| order.code = Some(format!("DH{sale}"))));
            for (at, invoice) in invoices.iter().enumerate() {
                records.push(with(invoice.record(Invoice), |record| {
                    record.code = Some(format!("HD{sale}{at}"));
                    record.fulfils = Some(if at == 0 { order.id.clone() } else { format!("DH{sale}") });
                }));
            }
            // Returns of the order, and of each of its invoices.
            let mut of_order = 0;
            let mut of_invoice: HashMap<&str, i64> = HashMap::new();
            for back_at in 0..dice.from(0, 3) {
                let amount = dice.from(0, 20) * 10;
                let dead = dice.chance(20);
                let to = usize::try_from(dice.from(0, invoices.len() as i64)).unwrap();
                let name = match invoices.get(to) {
                    Some(invoice) if dice.chance(50) => {
                        *of_invoice.entry(&invoice.id).or_default() += if dead { 0 } else { amount };
                        invoice.id.clone()
                    }
                    Some(invoice) => {
                        *of_invoice.entry(&invoice.id).or_default() += if dead { 0 } else { amount };
                        format!("HD{sale}{to}")
                    }
                    None => {
                        of_order += if dead { 0 } else { amount };
                        format!("DH{sale}")
                    }
                };
                let slip = back(&format!("{sale}{back_at}"), &name, amount);
                records.push(if dead { with_status(slip, StatusCategory::Deleted) } else { slip });
            }
            let counting: Vec<&Paper> = match living.is_empty() {
                true => vec![&order].into_iter().filter(|order| !order.dead).collect(),
                false => living,
            };
            let is_order = counting.iter().any(|paper| std::ptr::eq(*paper, &order));
            let mut cups = Vec::new();
            for paper in &counting {
                let direct = if is_order { 0 } else { of_invoice.get(&*paper.id).copied().unwrap_or(0) };
                let (told, money) = paper.model(direct + of_order > 0, placed);
                let mut pair = [(told, false), (money, true)];
                pour(direct, &mut pair);
                cups.extend(pair);
            }
            pour(of_order, &mut cups);
            revenue += cups.iter().filter(|(_, sold)| *sold).map(|(room, _)| room).sum::<i64>();
            orders += if order.dead { u32::try_from(counting.len()).unwrap() } else { 1 };
        }
        let basis = if placed { RevenueBasis::Placed } else { RevenueBasis::Paid };
        let counted = arrive(&mut dice, records.clone(), basis);
        assert_eq!(counted, (revenue, orders), "seed {seed}: {records:#?}");
    }
}
