//! Bad days: other types, empty things, unknown states, missing parts.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{guid, value};
use pos_core::Stream;
use pos_core::page::Answer;
use pos_core::record::{
    CustomerRecord, DocumentKind, Fulfilment, FulfilmentCategory, Identity, Money, OrderRecord,
    PaymentCategory, Record, StatusCategory,
};
use pos_misa::read_answer;
use serde_json::{Value, json};
use time::macros::datetime;

fn answer(stream: Stream, rows: Value) -> Answer {
    let body = json!({"Code": 200, "Success": true, "Data": rows});
    read_answer(stream, body.to_string().as_bytes()).unwrap()
}

fn customer(row: Value) -> CustomerRecord {
    let mut all = answer(Stream::Customers, json!([row])).page;
    assert!(all.rejected.is_empty(), "{:?}", all.rejected);
    let Record::Customer(one) = all.records.remove(0) else { panic!("no customer") };
    *one
}

/// The detail of the samples with other members.
fn invoice(members: Value) -> OrderRecord {
    let mut row = value("invoices.page1.json")["Data"][0].clone();
    let detail = value("invoices.detailbyrefid.json")["Data"].clone();
    for (name, value) in detail.as_object().unwrap().iter().chain(members.as_object().unwrap()) {
        row[name] = value.clone();
    }
    let mut all = answer(Stream::Invoices, json!([row])).page;
    assert!(all.rejected.is_empty(), "{:?}", all.rejected);
    let Record::Order(one) = all.records.remove(0) else { panic!("no invoice") };
    *one
}

fn line(sku: &str, quantity: i64, price: i64) -> Value {
    json!({
        "InvoiceDetailType": 1, "SKU": sku, "Name": "Áo Thử", "Quantity": quantity as f64, "UnitPrice": price as f64,
        "Amount": (quantity * price) as f64, "TotalAmount": (quantity * price) as f64, "DiscountAmount": 0.0,
    })
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

fn adds_up(one: &OrderRecord) {
    let of = |amount: Option<Money>| amount.unwrap_or_default();
    let sum = of(one.subtotal) - of(one.discount) + of(one.shipping_fee) + of(one.tax);
    assert_eq!(Some(sum), one.total, "{one:?}");
    for line in &one.lines {
        let whole = line.unit_price.unwrap().times(line.quantity.unwrap());
        assert_eq!(Some(whole - line.discount.unwrap()), line.total, "{line:?}");
    }
}

#[test]
fn a_member_that_cannot_be_read_costs_itself() {
    let one = customer(json!({
        "Id": "0F0E0D0C-0002-4000-8000-000000000001", "Code": 17, "Name": {"a": 1}, "Tel": ["x"], "Gender": "nữ",
        "Birthday": "2026-02-31T00:00:00+07:00", "Email": false, "NormalizedTel": 84_985_000_111_i64,
        "MemberLevelID": [], "Addr": null,
    }));
    assert_eq!((one.id, one.code.as_deref(), one.name), (guid(1), Some("17"), None));
    assert_eq!((one.gender, one.birth_date), (None, None));
    assert_eq!(one.phones[0].e164.unwrap().to_string(), "+84985000111");
    let one = customer(
        json!({"Id": guid(1), "Birthday": "0001-01-01T00:00:00", "CustomerCategoryID": guid(0).replace(['c', 'd', 'e', 'f', '2', '4', '8'], "0")}),
    );
    assert_eq!((one.birth_date, one.groups.len()), (None, 0));
    for (written, day) in [("1992-05-20", 20), ("1992-05-19T17:00:00Z", 20), ("1992-05-20T00:00:00", 20)] {
        let one = customer(json!({"Id": guid(1), "Birthday": written}));
        assert_eq!(one.birth_date.unwrap().day(), day, "{written}");
    }
}

#[test]
fn only_the_id_and_amounts_reject_a_row() {
    let rows = json!([{"Id": null, "Name": "Khách"}, null, 7, {"Id": guid(4), "Name": "Mẫu Bốn"}]);
    let page = answer(Stream::Customers, rows).page;
    assert_eq!((page.records.len(), page.rejected.len()), (1, 3));
    assert_eq!((page.rejected[0].path.as_str(), page.rejected[0].id.as_deref()), ("Data[0]", None));
    let row = json!({"InvoiceId": guid(9).to_uppercase(), "TotalAmount": "nhiều", "InvoiceNumber": "1"});
    let page = answer(Stream::Invoices, json!([row])).page;
    assert_eq!(
        (page.rejected[0].id.as_deref(), page.rejected[0].path.as_str()),
        (Some(guid(9).as_str()), "Data[0].TotalAmount")
    );
    let row = json!({"InvoiceId": guid(9), "TotalAmount": "1.250.000", "CashAmount": "1250000.0", "CostAmount": "nhiều", "PaymentStatus": "3", "InvoiceType": "550"});
    let Record::Order(one) = answer(Stream::Invoices, json!([row])).page.records.remove(0) else {
        panic!("no invoice")
    };
    assert_eq!(
        (one.total, one.paid, one.status.category),
        (money(1_250_000), money(1_250_000), StatusCategory::Completed)
    );
    // A detail without an id is told under its number; a row of a list without one is not told.
    let page = answer(Stream::Invoices, json!([{"InvoiceNumber": "2290800001"}])).page;
    assert_eq!((page.records.len(), page.rejected.len()), (0, 1));
}

#[test]
fn two_spellings_are_one_and_the_misspelt_lines_are_lines() {
    let one = invoice(json!({"CustomerID": guid(5), "InvoiceDetails": [line("SAI", 1, 1)]}));
    assert_eq!(one.buyer.unwrap().id, Some(guid(1)), "the documented one comes first");
    assert_eq!(one.lines.len(), 1);
}

#[test]
fn a_walk_in_and_a_hidden_number_are_nobodys() {
    let one = customer(json!({"Id": guid(1), "Name": "Khách lẻ", "Tel": ""}));
    assert_eq!(one.identity, Identity::Nobody);
    let one = customer(json!({"Id": guid(1), "Name": "Nguyễn V** A", "Tel": "09850****1"}));
    assert_eq!(one.identity, Identity::Masked);
    let one = invoice(
        json!({"CustomerName": "Khách lẻ", "Tel": "", "CustomerId": null, "Address": "", "DeliveryAddress": ""}),
    );
    assert_eq!(one.buyer.unwrap().identity, Identity::Nobody);
    let one = invoice(
        json!({"CustomerName": null, "Tel": null, "CustomerId": guid(0).replace(['c', 'd', 'e', 'f', '2', '4', '8'], "0"), "Address": null, "DeliveryAddress": null}),
    );
    assert!(one.buyer.is_none());
}

#[test]
fn every_state_has_its_category_and_an_unknown_one_none() {
    use StatusCategory::{Cancelled, Completed, Confirmed, Failed, Pending, Returned, Shipping, Unknown};
    for (code, status, goods) in [
        (-1000, Unknown, FulfilmentCategory::Unknown),
        (1, Pending, FulfilmentCategory::Unknown),
        (2, Completed, FulfilmentCategory::Delivered),
        (3, Completed, FulfilmentCategory::Delivered),
        (4, Cancelled, FulfilmentCategory::Unknown),
        (5, Confirmed, FulfilmentCategory::Unfulfilled),
        (6, Shipping, FulfilmentCategory::Shipping),
        (7, Failed, FulfilmentCategory::Failed),
        (8, Completed, FulfilmentCategory::Delivered),
        (9, Returned, FulfilmentCategory::Returned),
        (10, Completed, FulfilmentCategory::Delivered),
        (11, Unknown, FulfilmentCategory::Unknown),
    ] {
        let one = invoice(json!({"PaymentStatus": code, "CashAmount": 0}));
        assert_eq!((one.status.category, one.status.code), (status, Some(code.to_string())), "{code}");
        assert_eq!(one.fulfilment, Fulfilment::new(goods, Some(code.to_string())), "{code}");
    }
    // Whether what a carrier has was delivered is not said by the money.
    let one = invoice(json!({"IsCOD": true, "PaymentStatus": 3}));
    assert_eq!(one.fulfilment.category, FulfilmentCategory::Unknown);
    // A document of a type that nobody explained counts nothing.
    let one = invoice(json!({"InvoiceType": 551}));
    assert_eq!((one.status.category, one.status.label.as_deref()), (Unknown, Some("InvoiceType 551")));
    assert_eq!(invoice(json!({"InvoiceType": 551, "PaymentStatus": 4})).status.category, Cancelled);
}

#[test]
fn money_is_what_came_in() {
    use PaymentCategory::{Paid, PartiallyPaid, Unpaid, Voided};
    for (members, category, paid, due) in [
        (json!({"PaymentStatus": 3, "CashAmount": 200_000, "ChangeAmount": 30_000}), Paid, 170_000, 0),
        (json!({"PaymentStatus": 3, "CashAmount": 0, "CardAmount": 0}), Paid, 170_000, 0),
        (
            json!({"PaymentStatus": 2, "CashAmount": 70_000, "DebitAmount": 100_000}),
            PartiallyPaid,
            70_000,
            100_000,
        ),
        (json!({"PaymentStatus": 2, "CashAmount": 0, "DebitAmount": 170_000}), Unpaid, 0, 170_000),
        (
            json!({"PaymentStatus": 5, "CashAmount": 0, "DepositAmount": 50_000}),
            PartiallyPaid,
            50_000,
            120_000,
        ),
        (json!({"PaymentStatus": 1, "CashAmount": 0}), Unpaid, 0, 170_000),
        (json!({"PaymentStatus": 4, "CashAmount": 0}), Voided, 0, 170_000),
        (json!({"PaymentStatus": 8, "CashAmount": 100_000, "VoucherAmount": 70_000}), Paid, 170_000, 0),
    ] {
        let one = invoice(members.clone());
        assert_eq!(
            (one.payment.category, one.paid, one.due),
            (category, money(paid), money(due)),
            "{members}"
        );
        adds_up(&one);
    }
    let change = invoice(json!({"CashAmount": 200_000, "ChangeAmount": 30_000}));
    assert_eq!(change.payments[0].amount, money(170_000));
}

#[test]
fn amounts_add_up_whatever_their_members_mean() {
    for (members, discount, tax) in [
        // A discount of the document; the same and tax on top; tax inside of the prices.
        (json!({"TotalAmount": 150_000, "DiscountAmount": 20_000}), 20_000, None),
        (
            json!({"TotalAmount": 165_000, "DiscountAmount": 20_000, "VATAmount": 15_000}),
            20_000,
            money(15_000),
        ),
        (json!({"TotalAmount": 150_000, "DiscountAmount": 20_000, "VATAmount": 15_000}), 20_000, None),
        // What no member explains.
        (json!({"TotalAmount": 140_000, "DiscountAmount": 20_000}), 30_000, None),
        (json!({"TotalAmount": 195_000, "DiscountAmount": 0, "DeliveryAmount": 25_000}), 0, None),
        // The detail alone.
        (json!({"TotalAmount": null, "DiscountAmount": 20_000, "CashAmount": 150_000}), 20_000, None),
        (json!({"TotalAmount": null, "VATAmount": 17_000, "CashAmount": 187_000}), 0, money(17_000)),
        (json!({"TotalAmount": null, "VATAmount": 17_000, "CashAmount": 170_000}), 0, None),
    ] {
        let one = invoice(members.clone());
        assert_eq!((one.discount, one.tax), (money(discount), tax), "{members}");
        adds_up(&one);
    }
    // The discount of a line may be told in its total alone.
    let mut cheap = line("AO01-XL", 2, 85_000);
    cheap["TotalAmount"] = json!(160_000);
    let one = invoice(json!({"TotalAmount": 160_000, "InvocieDetails": [cheap]}));
    assert_eq!(one.lines[0].discount, money(10_000));
    adds_up(&one);
}

#[test]
fn goods_that_come_back_are_told() {
    // Beside a sale, and the total counts what was sold.
    let exchange = json!({
        "TotalAmount": 170_000, "TotalAmountReturn": 60_000, "ReturnCashAmount": 60_000,
        "InvocieDetails": [line("AO01-XL", 2, 85_000), line("MU", -1, 60_000)],
    });
    let one = invoice(exchange);
    assert_eq!((one.stream, one.total, one.lines.len()), (DocumentKind::Invoice, money(170_000), 1));
    assert_eq!((one.returned, one.refunded), (money(60_000), money(60_000)));
    assert_eq!(one.payment.category, PaymentCategory::PartiallyRefunded);
    adds_up(&one);
    // The same where the total counts both: nothing is taken off twice.
    let net = json!({
        "TotalAmount": 110_000, "TotalAmountReturn": 60_000, "CashAmount": 110_000,
        "InvocieDetails": [line("AO01-XL", 2, 85_000), line("MU", -1, 60_000)],
    });
    let one = invoice(net);
    assert_eq!((one.total, one.returned, one.lines.len()), (money(110_000), None, 2));
    adds_up(&one);
    // Nothing but what comes back.
    let back = json!({
        "InvoiceType": 551, "TotalAmount": -170_000, "TotalItemAmount": -170_000, "CashAmount": -170_000,
        "ReturnExchangeRefNo": "2290800001", "OrderNumber": null, "InvocieDetails": [line("AO01-XL", -2, 85_000)],
    });
    let one = invoice(back);
    assert_eq!((one.stream, one.status.category), (DocumentKind::Return, StatusCategory::Completed));
    assert_eq!((one.total, one.refunded, one.paid), (money(170_000), money(170_000), None));
    assert_eq!(
        (one.returns.as_deref(), one.lines[0].quantity.unwrap().to_string()),
        (Some("2290800001"), "2".into())
    );
    adds_up(&one);
    let told = json!({
        "InvoiceType": 552, "TotalAmount": 0, "TotalItemAmount": 0, "TotalAmountReturn": 85_000, "CashAmount": 0,
        "ReturnCardAmount": 85_000, "InvocieDetails": [line("AO01-XL", 1, 85_000)],
    });
    let one = invoice(told);
    assert_eq!((one.stream, one.total, one.refunded), (DocumentKind::Return, money(85_000), money(85_000)));
}

#[test]
fn times_without_an_offset_are_viet_nams_and_the_empty_date_is_none() {
    let one = invoice(json!({"InvoiceDate": "2026-03-12T16:41:11.643", "InvoiceTime": null}));
    assert_eq!(one.placed_at, Some(datetime!(2026-03-12 9:41:11.643 UTC)));
    let one = invoice(json!({"InvoiceDate": "2026-03-12T00:00:00+07:00"}));
    assert_eq!(one.placed_at, Some(datetime!(2026-03-12 9:41:11.643 UTC)), "the time stands beside the day");
    let one = invoice(
        json!({"InvoiceDate": "0001-01-01T00:00:00", "InvoiceTime": "0001-01-01T00:00:00", "DeliveryDate": "hôm nay"}),
    );
    assert_eq!(one.placed_at, None);
}

#[test]
fn stock_of_variants_is_one_for_each_branch() {
    let stock = |branch: u64, count: f64| json!({"BranchId": guid(branch), "BranchName": "Kho", "OnHand": count, "Ordered": 1});
    let row = json!({
        "Id": guid(1), "Name": "Áo", "Inactive": true, "Picture": "https://img.example.com/a.jpg",
        "ListPictureUrl": ["https://img.example.com/a.jpg", "https://img.example.com/b.jpg"],
        "ListDetail": [
            {"Id": guid(2), "Inventories": [stock(7, 3.0), stock(8, 1.5)]},
            {"Id": null, "Inventories": [stock(7, 4.0)]},
            "rác",
        ],
        "Inventories": null,
    });
    let Record::Product(shirt) = answer(Stream::Products, json!([row])).page.records.remove(0) else {
        panic!("no product")
    };
    let levels: Vec<String> = shirt.stock.iter().map(|level| level.on_hand.unwrap().to_string()).collect();
    assert_eq!(levels, ["7", "1.5"]);
    assert_eq!((shirt.variants.len(), shirt.active, shirt.images.len()), (1, Some(false), 2));
}
