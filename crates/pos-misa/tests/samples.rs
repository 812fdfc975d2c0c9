//! Every saved answer is read as the vendor page says.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{fixture, value};
use pos_core::page::Answer;
use pos_core::record::{
    CustomerRecord, DocumentKind, FulfilmentCategory, Gender, Identity, Money, OrderRecord, PaymentCategory,
    Record, StatusCategory,
};
use pos_core::{ErrorKind, Stream};
use pos_misa::read_answer;
use time::macros::{date, datetime};

fn read(stream: Stream, name: &str) -> Answer {
    let answer = read_answer(stream, &fixture(name)).unwrap();
    assert!(answer.page.rejected.is_empty(), "{name}: {:?}", answer.page.rejected);
    answer
}

fn customers(answer: Answer) -> Vec<CustomerRecord> {
    let take = |record| if let Record::Customer(customer) = record { Some(*customer) } else { None };
    answer.page.records.into_iter().filter_map(take).collect()
}

fn documents(answer: Answer) -> Vec<OrderRecord> {
    let take = |record| if let Record::Order(order) = record { Some(*order) } else { None };
    answer.page.records.into_iter().filter_map(take).collect()
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

const MAU: &str = "0f0e0d0c-0002-4000-8000-000000000001";

#[test]
fn customers_of_the_list() {
    let answer = read(Stream::Customers, "customers.page1.json");
    assert_eq!((answer.more, answer.page.total), (None, Some(3)), "the body does not say which page it is");
    let all = customers(answer);
    let [mau, thu] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!((mau.id.as_str(), mau.code.as_deref()), (MAU, Some("KH000001")));
    assert_eq!(mau.name.as_deref(), Some("Nguyễn Thị Mẫu Eshop"));
    assert_eq!(mau.phones.len(), 1, "three writings of one number");
    assert_eq!(
        (mau.phones[0].e164.unwrap().to_string().as_str(), mau.phones[0].is_key),
        ("+84985000111", true)
    );
    assert_eq!(mau.phones[0].raw, "0985000111");
    assert_eq!(mau.emails[0].address.as_deref(), Some("mau.eshop@example.test"));
    assert_eq!((mau.gender, mau.birth_date), (Some(Gender::Female), Some(date!(1992 - 05 - 20))));
    assert_eq!(mau.groups, ["Khách lẻ", "Vàng"], "the group and the member level");
    let place = &mau.addresses[0];
    let parts =
        [&place.street, &place.ward, &place.district, &place.province].map(|part| part.as_deref().unwrap());
    assert_eq!(parts, ["12 Đường Thử", "Phường Điện Biên", "Quận Ba Đình", "Hà Nội"]);
    assert!(place.codes.is_empty());
    assert_eq!((mau.note.as_deref(), mau.identity_number.as_deref()), (None, None));
    assert_eq!((thu.gender, thu.emails.len(), thu.addresses.len()), (Some(Gender::Male), 0, 0));
    assert_eq!((thu.birth_date, thu.points, thu.spent), (None, None, None));

    let last = customers(read(Stream::Customers, "customers.page2-last.json"));
    assert_eq!((last.len(), last[0].identity), (1, Identity::Person));
    assert_eq!(last[0].phones[0].e164.unwrap().to_string(), "+84912000333");
    let end = read(Stream::Customers, "customers.past-end.json");
    assert_eq!((end.page.records.len(), end.more, end.page.total), (0, Some(false), Some(3)));
}

#[test]
fn customers_in_the_other_spellings() {
    for name in
        ["customers.customerbyinfo.json", "customers.search-lomas-info.json", "customers.point-paging.json"]
    {
        let one = customers(read(Stream::Customers, name)).remove(0);
        assert_eq!((one.id.as_str(), one.name.as_deref()), (MAU, Some("Nguyễn Thị Mẫu Eshop")), "{name}");
        assert_eq!(one.phones[0].e164.unwrap().to_string(), "+84985000111", "{name}");
    }
    let of = |name| customers(read(Stream::Customers, name)).remove(0);
    let by_info = of("customers.customerbyinfo.json");
    assert_eq!(
        (by_info.code.as_deref(), by_info.points.unwrap().to_string()),
        (Some("KH000001"), "0".into())
    );
    assert_eq!(of("customers.point-paging.json").points.unwrap().to_string(), "159");
    let loyal = of("customers.search-lomas-info.json");
    assert_eq!(loyal.code, None, "the loyalty program has a number of its own there");
    assert_eq!((loyal.spent, loyal.points.unwrap().to_string()), (money(1_677_431), "638".into()));
    assert_eq!(loyal.groups, ["Kim cương"]);
    let place = &loyal.addresses[0];
    assert_eq!((place.text.as_deref(), place.ward.as_deref()), (Some("Xã Thử, Hà Nội"), Some("Xã Thử")));
    let made = of("customers.create.response.json");
    assert_eq!((made.id.ends_with("44"), made.code.as_deref()), (true, Some("KH000044")));
    // The object without its envelope, and a bare list of it.
    let bare = value("customers.search-lomas-info.json")["Data"].to_string();
    for body in [bare.clone(), format!("[{bare}]")] {
        let answer = read_answer(Stream::Customers, body.as_bytes()).unwrap();
        assert_eq!(answer.page.records[0].id(), MAU);
    }
    let level: pos_misa::model::MemberLevel =
        serde_json::from_value(value("customers.member-levels.json")["Data"][0].clone()).unwrap();
    assert_eq!(level.member_level_name.as_deref(), Some("Vàng"));
}

#[test]
fn invoices_of_the_list_lack_their_lines() {
    let answer = read(Stream::Invoices, "invoices.page1.json");
    assert_eq!((answer.more, answer.page.total), (None, Some(3)));
    let mut all = documents(answer);
    all.extend(documents(read(Stream::Invoices, "invoices.page2-last.json")));
    let [paid, cod, cancelled] = all.as_slice() else { panic!("{}", all.len()) };
    for one in &all {
        assert_eq!((one.stream, one.incomplete, one.lines.len()), (DocumentKind::Invoice, true, 0));
        assert_eq!((one.total, one.subtotal, one.discount), (money(170_000), money(170_000), money(0)));
        assert_eq!(one.placed_at, Some(datetime!(2026-03-12 9:41:11.643 UTC)));
        let branch = one.branch.as_ref().unwrap();
        assert_eq!(
            (branch.id.as_deref(), branch.name.as_deref()),
            (Some("0f0e0d0c-0001-4000-8000-000000000002"), Some("Chi nhánh Thử 01"))
        );
        assert_eq!(one.seller.as_ref().unwrap().name.as_deref(), Some("Nhân viên Thử"));
    }
    assert_eq!(
        (paid.id.as_str(), paid.code.as_deref()),
        ("0f0e0d0c-0003-4000-8000-000000000001", Some("2290800001"))
    );
    assert_eq!((paid.status.category, paid.status.code.as_deref()), (StatusCategory::Completed, Some("3")));
    assert_eq!(
        (paid.payment.category, paid.paid, paid.due),
        (PaymentCategory::Paid, money(170_000), money(0))
    );
    assert_eq!((paid.fulfilment.category, paid.delivery.is_none()), (FulfilmentCategory::Delivered, true));
    assert_eq!((paid.payments.len(), paid.payments[0].method.as_deref()), (1, Some("cash")));
    let buyer = paid.buyer.as_ref().unwrap();
    assert_eq!((buyer.id.as_deref(), buyer.name.as_deref()), (None, Some("Nguyễn Thị Mẫu Eshop")));
    assert_eq!(buyer.phones[0].e164.unwrap().to_string(), "+84985000111");

    assert_eq!((cod.status.category, cod.status.code.as_deref()), (StatusCategory::Completed, Some("10")));
    assert_eq!(
        (cod.payment.category, cod.paid, cod.due),
        (PaymentCategory::Unpaid, money(0), money(170_000))
    );
    assert_eq!(cod.fulfilment.category, FulfilmentCategory::Delivered);
    let delivery = cod.delivery.as_ref().unwrap();
    assert_eq!(
        (delivery.code.as_deref(), delivery.carrier.as_deref()),
        (Some("DLV000002"), Some("Đối tác Thử"))
    );
    assert_eq!((delivery.cod, delivery.status.as_deref()), (money(170_000), Some("2")));
    assert_eq!(cod.channel.as_ref().unwrap().name.as_deref(), Some("Website"));

    assert_eq!((cancelled.status.category, cancelled.buyer.is_none()), (StatusCategory::Cancelled, true));
    assert_eq!(
        (cancelled.paid, cancelled.payments[0].valid),
        (money(170_000), true),
        "whether it was given back is not told"
    );
}

#[test]
fn the_detail_of_an_invoice_has_lines_customer_and_order() {
    let answer = read(Stream::Invoices, "invoices.detailbyrefid.json");
    assert_eq!(answer.more, Some(false));
    let one = documents(answer).remove(0);
    assert_eq!(
        (one.id.as_str(), one.code.as_deref()),
        ("2290800001", Some("2290800001")),
        "it does not tell its id"
    );
    assert_eq!((one.fulfils.as_deref(), one.incomplete), (Some("DT000001"), false));
    assert_eq!(
        (one.status.category, one.payment.category),
        (StatusCategory::Completed, PaymentCategory::Paid)
    );
    assert_eq!(
        (one.subtotal, one.discount, one.shipping_fee, one.tax),
        (money(170_000), money(0), money(0), None)
    );
    assert_eq!(
        (one.total, one.paid, one.refunded, one.returned),
        (money(170_000), money(170_000), None, None)
    );
    let line = &one.lines[0];
    assert_eq!((line.sku.as_deref(), line.name.as_deref()), (Some("AO01-XL"), Some("Áo Thử (XL)")));
    assert_eq!((line.quantity.unwrap().to_string().as_str(), line.unit_price), ("2", money(85_000)));
    assert_eq!((line.discount, line.total, line.product_id.as_deref()), (money(0), money(170_000), None));
    let buyer = one.buyer.as_ref().unwrap();
    assert_eq!(buyer.id.as_deref(), Some(MAU));
    assert_eq!(buyer.address.as_ref().unwrap().text.as_deref(), Some("12 Đường Thử"));
    // The other spelling of the lines is read as well.
    let body = String::from_utf8(fixture("invoices.detailbyrefid.json")).unwrap();
    let answer =
        read_answer(Stream::Invoices, body.replace("InvocieDetails", "InvoiceDetails").as_bytes()).unwrap();
    assert_eq!(documents(answer)[0].lines.len(), 1);
}

#[test]
fn orders_that_were_made_and_those_of_a_list_that_nobody_confirmed() {
    let made = documents(read(Stream::Orders, "orders.create.response.json")).remove(0);
    let listed = documents(read(Stream::Orders, "orders.list.unconfirmed.json")).remove(0);
    for one in [&made, &listed] {
        assert_eq!(one.stream, DocumentKind::Order);
        assert_eq!(
            (one.id.as_str(), one.code.as_deref()),
            ("0f0e0d0c-0004-4000-8000-000000000001", Some("DT000025"))
        );
        assert_eq!((one.total, one.placed_at), (money(250_000), Some(datetime!(2026-03-12 2:30 UTC))));
        assert_eq!((one.lines[0].sku.as_deref(), one.lines[0].total), (Some("AO01-XL"), money(250_000)));
        assert_eq!(one.buyer.as_ref().unwrap().id.as_deref(), Some(MAU));
        assert_eq!((one.status.category, one.paid), (StatusCategory::Pending, None));
    }
    assert_eq!((made.status.code.as_deref(), listed.status.code.as_deref()), (None, Some("Pending")));
    assert_eq!((made.note.as_deref(), made.recipient.is_none()), (Some("Đơn từ CRM"), true));
    let to = made.delivery.unwrap().address.unwrap();
    assert_eq!((to.province.as_deref(), to.district.as_deref()), (Some("Hà Nội"), Some("Quận Cầu Giấy")));
}

#[test]
fn products_with_variants_and_stock() {
    let answer = read(Stream::Products, "inventoryitems.pagingwithdetail.json");
    assert_eq!((answer.more, answer.page.total), (Some(false), Some(1)));
    let Record::Product(shirt) = &answer.page.records[0] else { panic!("no product") };
    assert_eq!((shirt.code.as_deref(), shirt.name.as_deref()), (Some("AO01"), Some("Áo Thử")));
    assert_eq!((shirt.price, shirt.cost, shirt.active), (money(250_000), money(150_000), Some(true)));
    assert_eq!((shirt.unit.as_deref(), shirt.barcode.as_deref()), (Some("Cái"), Some("8930000000109")));
    assert_eq!(shirt.category.as_ref().unwrap().name.as_deref(), Some("Áo"));
    let variant = &shirt.variants[0];
    assert_eq!((variant.sku.as_deref(), variant.price), (Some("AO01-XL"), money(250_000)));
    let level = &shirt.stock[0];
    assert_eq!(
        (level.on_hand.unwrap().to_string(), level.reserved.unwrap().to_string()),
        ("15".into(), "0".into())
    );
    assert_eq!(level.branch.as_ref().unwrap().name.as_deref(), Some("Chi nhánh Thử 01"));
    assert!(shirt.images.is_empty());
}

#[test]
fn branches_and_categories() {
    let answer = read(Stream::Branches, "branchs.all.json");
    assert_eq!(answer.more, Some(false));
    let Record::Branch(store) = &answer.page.records[0] else { panic!("no branch") };
    assert_eq!((store.code.as_deref(), store.name.as_deref()), (Some("KHOTONG"), Some("Kho tổng Thử")));
    let address = store.address.as_ref().unwrap();
    let codes = address.codes_of("misa");
    assert_eq!((address.text.as_deref(), address.province.as_deref()), (Some("1 Phố Thử, Hà Nội"), None));
    assert_eq!(
        [codes.province, codes.district, codes.ward].map(Option::unwrap),
        ["VN101", "VN10125", "VN1012509"]
    );
    let Record::Branch(second) = &answer.page.records[1] else { panic!("no branch") };
    assert!(second.address.as_ref().unwrap().codes.is_empty());
    let Record::Category(shirts) = &read(Stream::Categories, "categories.list.json").page.records[0] else {
        panic!("no category")
    };
    assert_eq!((shirts.name.as_deref(), shirts.parent.as_deref()), (Some("Áo"), None));
}

#[test]
fn a_failure_is_none_of_the_streams() {
    for (name, kind) in [
        ("customers.create.duplicate.json", ErrorKind::Conflict),
        ("error.connection-off.json", ErrorKind::Auth),
        ("error.internal.json", ErrorKind::Unavailable),
        ("error.paging-limit.json", ErrorKind::Rejected),
        ("error.same-request-in-progress.json", ErrorKind::RateLimited),
    ] {
        assert_eq!(read_answer(Stream::Customers, &fixture(name)).unwrap_err().kind(), kind, "{name}");
    }
    for stream in [Stream::Returns, Stream::Users] {
        let error = read_answer(stream, b"{}").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    assert_eq!(read_answer(Stream::Customers, b"7").unwrap_err().kind(), ErrorKind::Decode);
}
