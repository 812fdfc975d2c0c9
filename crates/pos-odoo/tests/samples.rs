//! Every saved answer is read as the vendor page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::page::Answer;
use pos_core::record::{
    Currency, CustomerKind, CustomerRecord, DocumentKind, FulfilmentCategory, Money, OrderRecord,
    PaymentCategory, PhoneSource, Record, StatusCategory,
};
use pos_core::{ErrorKind, Stream};
use pos_odoo::read_answer;
use time::macros::datetime;

fn read(stream: Stream, name: &str) -> Answer {
    let answer = read_answer(stream, &fixture(name)).unwrap();
    assert!(answer.page.rejected.is_empty(), "{name}: {:?}", answer.page.rejected);
    answer
}

fn customers(name: &str) -> Vec<CustomerRecord> {
    let take = |record| if let Record::Customer(customer) = record { Some(*customer) } else { None };
    read(Stream::Customers, name).page.records.into_iter().filter_map(take).collect()
}

fn orders(stream: Stream, name: &str) -> Vec<OrderRecord> {
    let take = |record| if let Record::Order(order) = record { Some(*order) } else { None };
    read(stream, name).page.records.into_iter().filter_map(take).collect()
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

#[test]
fn firms_and_the_people_in_them_are_customers() {
    let all = customers("json2.partners.page1.json");
    let [firm, contact, hoa, tran] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!((firm.kind, firm.name.as_deref()), (CustomerKind::Company, Some("Công ty TNHH Mẫu Xanh")));
    assert_eq!(firm.tax_code.as_deref(), Some("0100000001"));
    assert_eq!(firm.phones[0].e164.unwrap().to_string(), "+842439990001");
    assert_eq!((contact.name.as_deref(), contact.kind), (Some("Phạm Thu Giả"), CustomerKind::Person));
    assert_eq!(contact.organization.as_deref(), Some("Công ty TNHH Mẫu Xanh"));
    assert_eq!(contact.tax_code, None, "the code is the firm's");
    assert_eq!((hoa.id.as_str(), hoa.code.as_deref()), ("17", Some("KH000001")));
    assert_eq!((hoa.phones[0].source, hoa.phones[0].is_key), (PhoneSource::Own, true));
    assert_eq!(hoa.emails[0].address.as_deref(), Some("hoa.mau@example.test"));
    assert_eq!(hoa.addresses[0].province.as_deref(), Some("Đà Nẵng"), "a town alone stands for the province");
    assert_eq!(hoa.addresses[0].country.as_deref(), Some("Vietnam"));
    assert_eq!(hoa.updated_at, Some(datetime!(2026-11-21 19:29:40 UTC)));
    assert_eq!((hoa.deleted, hoa.order_count), (false, None));
    assert_eq!(tran.phones[0].e164.unwrap().to_string(), "+84903000112");
}

#[test]
fn fields_that_people_typed_are_read_as_they_are_typed() {
    let all = customers("json2.partners.page2-last.json");
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].phones[0].e164.unwrap().to_string(), "+842839990003");
    assert_eq!(all[0].emails[0].address.as_deref(), Some("LE.GD@example.test"));
    assert_eq!(all[1].phones[0].e164.unwrap().to_string(), "+84987000114");
    assert!(all[1].emails.is_empty() && all[2].phones.is_empty());
    let end = read(Stream::Customers, "json2.partners.past-end.json");
    assert_eq!((end.page.records.len(), end.more), (0, Some(false)));
    assert_eq!(
        read(Stream::Customers, "json2.partners.page1.json").more,
        None,
        "a page tells nothing of others"
    );
}

#[test]
fn version_14_has_a_second_number_and_comes_in_an_envelope() {
    let all = customers("jsonrpc14.partners.page.json");
    let numbers = |customer: &CustomerRecord| -> Vec<String> {
        customer.phones.iter().map(|phone| phone.e164.unwrap().to_string()).collect()
    };
    assert_eq!(numbers(&all[0]), ["+842438880001", "+84912888001"]);
    assert_eq!(numbers(&all[1]), ["+84912888002"]);
    assert!(all[1].phones[0].is_key);
    assert_eq!((all[2].kind, all.len()), (CustomerKind::Company, 3));
    let states: Vec<_> = orders(Stream::Orders, "jsonrpc14.sale-orders.page.json")
        .into_iter()
        .map(|order| (order.id, order.status.category))
        .collect();
    let expected =
        [("2", StatusCategory::Pending), ("1", StatusCategory::Confirmed), ("3", StatusCategory::Cancelled)];
    assert_eq!(states, expected.map(|(id, category)| (id.to_owned(), category)));
}

#[test]
fn a_saved_answer_of_xml_rpc_is_read_as_well() {
    let all = customers("xmlrpc19.partner-search-read.xml");
    assert_eq!((all[0].id.as_str(), all[0].name.as_deref()), ("20", Some("Phạm Không Email")));
    assert_eq!(all[0].phones[0].e164.unwrap().to_string(), "+84987000114");
    assert!(all[0].emails.is_empty());
}

#[test]
fn sale_orders_say_where_they_stand_and_that_their_lines_are_elsewhere() {
    let all = orders(Stream::Orders, "json2.sale-orders.page.json");
    let [cancelled, invoiced, draft, locked] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!(cancelled.status.category, StatusCategory::Cancelled);
    assert_eq!(
        (cancelled.code.as_deref(), cancelled.reference.as_deref()),
        (Some("S00001"), Some("WEB-0001"))
    );
    assert_eq!(
        (cancelled.total, cancelled.tax, cancelled.subtotal),
        (money(345_000), money(45_000), money(300_000))
    );
    assert_eq!(invoiced.status.category, StatusCategory::Confirmed);
    assert_eq!(invoiced.fulfilment.category, FulfilmentCategory::Unfulfilled);
    let buyer = invoiced.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (Some("14"), Some("Phạm Thu Giả")));
    assert_eq!(buyer.raw_name.as_deref(), Some("Công ty TNHH Mẫu Xanh, Phạm Thu Giả"));
    assert_eq!(
        (draft.status.category, draft.status.code.as_deref()),
        (StatusCategory::Pending, Some("draft"))
    );
    assert_eq!((locked.id.as_str(), locked.status.category), ("3", StatusCategory::Confirmed));
    assert_eq!((locked.paid, locked.payment.category), (money(0), PaymentCategory::Unpaid));
    assert_eq!(locked.payment.code.as_deref(), Some("to invoice"));
    assert_eq!(locked.note.as_deref(), Some("Gọi trước khi giao"));
    assert_eq!(locked.placed_at, Some(datetime!(2026-11-21 19:29:40 UTC)));
    assert_eq!(locked.branch.as_ref().unwrap().id.as_deref(), Some("1"));
    assert_eq!(locked.seller.as_ref().unwrap().name.as_deref(), Some("Administrator"));
    assert_eq!(locked.currency, Currency::USD);
    assert!(all.iter().all(|order| order.incomplete && order.stream == DocumentKind::Order));
}

#[test]
fn orders_of_a_till_are_done_when_they_are_paid_and_a_refund_is_a_return() {
    let all = orders(Stream::Orders, "json2.pos-orders.page.json");
    let [sale, refund] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!((sale.id.as_str(), sale.code.as_deref()), ("pos.order,1", Some("Quầy Mẫu - 000001")));
    assert_eq!(
        (sale.status.category, sale.payment.category),
        (StatusCategory::Completed, PaymentCategory::Paid)
    );
    assert_eq!((sale.total, sale.paid, sale.due), (money(150_000), money(150_000), money(0)));
    assert_eq!(sale.branch.as_ref().unwrap().id.as_deref(), Some("pos.config,1"));
    assert_eq!(sale.channel.as_ref().unwrap().code.as_deref(), Some("pos"));
    assert_eq!(sale.buyer.as_ref().unwrap().name.as_deref(), Some("Khách POS Mẫu"));
    let contact = sale.contact.as_ref().unwrap();
    assert_eq!(contact.phones[0].e164.unwrap().to_string(), "+84909000444", "the only number is not lost");
    assert_eq!((refund.stream, refund.status.category), (DocumentKind::Return, StatusCategory::Draft));
    assert_eq!((refund.total, refund.refunded), (money(150_000), money(0)));
    assert_eq!(refund.returns.as_deref(), Some("pos.order,1"));
    let returns = orders(Stream::Returns, "json2.pos-orders.page.json");
    assert_eq!(returns.as_slice(), std::slice::from_ref(refund));
}

#[test]
fn parts_of_orders_are_no_orders() {
    for (name, count) in [
        ("json2.sale-order-lines.json", 3),
        ("json2.pos-order-lines.json", 1),
        ("json2.pos-payments.json", 1),
    ] {
        let answer = read_answer(Stream::Orders, &fixture(name)).unwrap();
        assert_eq!((answer.page.records.len(), answer.page.rejected.len()), (0, count), "{name}");
        assert!(answer.page.rejected[0].id.is_some() && answer.page.rejected[0].path == "[0]");
    }
}

#[test]
fn products_branches_and_tags_are_read() {
    let Record::Product(product) = read(Stream::Products, "json2.products.page.json").page.records.remove(0)
    else {
        panic!()
    };
    assert_eq!((product.id.as_str(), product.name.as_deref()), ("3", Some("Áo thun mẫu")));
    assert_eq!(
        (product.code.as_deref(), product.barcode.as_deref()),
        (Some("AT-001"), Some("8930000000017"))
    );
    assert_eq!((product.price, product.cost, product.active), (money(150_000), money(0), Some(true)));
    assert_eq!((product.unit.as_deref(), product.category), (Some("Units"), None));
    assert!(product.stock[0].on_hand.unwrap().is_zero() && product.stock[0].branch.is_none());
    for (name, id) in [("json2.warehouses.json", "1"), ("json2.companies.json", "res.company,1")] {
        let Record::Branch(branch) = read(Stream::Branches, name).page.records.remove(0) else { panic!() };
        assert_eq!((branch.id.as_str(), branch.name.as_deref()), (id, Some("My Company")));
    }
    let Record::Category(tag) = read(Stream::Categories, "json2.tags.json").page.records.remove(0) else {
        panic!()
    };
    assert_eq!((tag.id.as_str(), tag.name.as_deref(), tag.parent), ("1", Some("Khách sỉ"), None));
}

#[test]
fn what_is_no_list_of_rows_is_told_and_never_taken_for_an_empty_one() {
    let kind = |stream, name: &str| read_answer(stream, &fixture(name)).unwrap_err().kind();
    assert_eq!(kind(Stream::Customers, "json2.write.json"), ErrorKind::Decode);
    assert_eq!(kind(Stream::Customers, "jsonrpc19.authenticate.json"), ErrorKind::Decode);
    assert_eq!(kind(Stream::Customers, "jsonrpc19.error-unknown-field.json"), ErrorKind::Rejected);
    assert_eq!(kind(Stream::Customers, "xmlrpc19.fault-access-denied.xml"), ErrorKind::Auth);
    assert_eq!(kind(Stream::Invoices, "json2.sale-orders.page.json"), ErrorKind::Unsupported);
    assert_eq!(read_answer(Stream::Users, b"<html>").unwrap_err().kind(), ErrorKind::Decode);
    let answer = read_answer(Stream::Customers, &fixture("json2.create.json")).unwrap();
    assert_eq!((answer.page.records.len(), answer.page.rejected.len()), (0, 1));
}
