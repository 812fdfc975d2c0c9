//! A host pushes rows of its own.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used)]

use pos_core::connector::{CustomerPush, OrderPush};
use pos_core::kit::party;
use pos_core::record::{
    ContactPoints, CustomerRecord, DocumentKind, Line, OrderRecord, Payment, PhoneSource, Reference,
};

fn points(phone: &str, email: &str) -> ContactPoints {
    let mut points = ContactPoints::default();
    points.phone(Some(phone), PhoneSource::Own);
    points.email(Some(email));
    points
}

#[test]
fn a_push_of_a_row_says_what_the_row_says() {
    let mut record =
        CustomerRecord { id: "8841".into(), name: Some("Phan Gia Huy".into()), ..CustomerRecord::default() };
    record.raw_name = record.name.clone();
    record.phones = points("0911 222 344 / 0987", "huy@example.com").sorted().phones;
    record.emails = points("", "huy@example.com").sorted().emails;
    record.tags = vec!["VIP".into()];
    let push = CustomerPush::of(&record);
    assert_eq!((push.reference.as_str(), push.name.as_deref()), ("8841", Some("Phan Gia Huy")));
    assert_eq!(
        (push.phones.as_slice(), push.email.as_deref()),
        (&["+84911222344".to_owned()][..], Some("huy@example.com"))
    );
    assert_eq!((push.tags, push.vendor_id), (vec!["VIP".to_owned()], None));
}

#[test]
fn a_placeholder_is_nobody_to_push() {
    let record =
        CustomerRecord { id: "1".into(), raw_name: Some("Khách lẻ".into()), ..CustomerRecord::default() };
    let push = CustomerPush::of(&record);
    assert_eq!((push.name, push.phones), (None, vec![]));
}

#[test]
fn an_order_takes_buyer_recipient_and_lines_along() {
    let mut record = OrderRecord::new(DocumentKind::Order, "O-5501");
    record.buyer = party(Some("77".into()), Some("Phan Gia Huy"), points("0911222344", ""), None);
    record.recipient = party(None, Some("Mai Lan"), points("0987000456", ""), None);
    let branch = Reference { id: Some("71001".into()), ..Reference::default() };
    record.branch = Some(branch);
    let mut line = Line::default();
    (line.product_id, line.variant_id) = (Some("1".into()), Some("2".into()));
    (line.quantity, line.unit_price) = (Some(2.into()), Some(120_000.into()));
    record.lines = vec![line];
    let payment = Payment { method: Some("cash".into()), ..Payment::default() };
    record.payments = vec![payment];
    let push = OrderPush::of(&record);
    assert_eq!((push.reference.as_str(), push.buyer_id.as_deref()), ("O-5501", Some("77")));
    assert_eq!(push.buyer.unwrap().phones, ["+84911222344"]);
    let to = push.recipient.unwrap();
    assert_eq!((to.name.as_deref(), to.phone.as_deref()), (Some("Mai Lan"), Some("+84987000456")));
    assert_eq!((push.branch_id.as_deref(), push.lines[0].product_id.as_deref()), (Some("71001"), Some("2")));
    assert_eq!((push.lines[0].unit_price, push.payment_method.as_deref()), (120_000.into(), Some("cash")));
}
