//! Payloads that were read wrong once, and others of their kinds.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::fixture;
use pos_core::record::{CustomerRecord, Money, OrderRecord, PaymentCategory, Record};
use pos_sapo::{Flavor, Stream, read_answer};

fn orders_of(body: &[u8], flavor: Flavor) -> Vec<OrderRecord> {
    let answer = read_answer(Stream::Orders, body, flavor).unwrap();
    assert!(answer.page.rejected.is_empty(), "{:?}", answer.page.rejected);
    let order = |record| match record {
        Record::Order(order) => *order,
        other => panic!("{other:?}"),
    };
    answer.page.records.into_iter().map(order).collect()
}

fn web(name: &str) -> Vec<OrderRecord> {
    orders_of(&fixture(&format!("{name}.json")), Flavor::Web)
}

fn pos(name: &str) -> OrderRecord {
    orders_of(&fixture(&format!("{name}.json")), Flavor::Pos).remove(0)
}

fn one(members: &str, flavor: Flavor) -> OrderRecord {
    orders_of(format!(r#"[{{"id":1,{members}}}]"#).as_bytes(), flavor).remove(0)
}

fn money(amount: i64) -> Option<Money> {
    Some(Money::from(amount))
}

#[test]
fn the_end_of_the_last_year_is_absent_and_nobody_is_rejected() {
    for late in ["9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.9999999-00:01"] {
        for flavor in [Flavor::Web, Flavor::Pos] {
            let order = one(&format!(r#""created_on":"{late}","modified_on":"{late}""#), flavor);
            assert_eq!((order.placed_at, order.updated_at), (None, None), "{late}");
        }
        let customers =
            format!(r#"[{{"id":1,"dob":"{late}","created_on":"{late}","modified_on":"{late}"}}]"#);
        let answer = read_answer(Stream::Customers, customers.as_bytes(), Flavor::Web).unwrap();
        assert_eq!(answer.page.records.len(), 1);
    }
}

#[test]
fn empty_amounts_are_nothing_and_grouped_ones_are_read() {
    for nothing in ["{}", "[]", "{ }"] {
        let order = one(
            &format!(r#""total_price":330000,"total_received":{nothing},"total_tax":{nothing}"#),
            Flavor::Web,
        );
        assert_eq!((order.total, order.paid), (money(330_000), None), "{nothing}");
        let order = one(&format!(r#""total":5,"total_tax":{nothing},"delivery_fee":{nothing}"#), Flavor::Pos);
        assert_eq!((order.total, order.shipping_fee), (money(5), None), "{nothing}");
    }
    assert_eq!(one(r#""total_price":"1.250.000""#, Flavor::Web).total, money(1_250_000));
    let order = one(r#""total":"1,250,000","delivery_fee":{"fee":"1.000.000"}"#, Flavor::Pos);
    assert_eq!((order.total, order.shipping_fee), (money(1_250_000), money(1_000_000)));
}

#[test]
fn figures_of_the_customer_inside_an_order_never_cost_the_order() {
    for odd in ["{}", "[1]", r#""nhiều""#, "true"] {
        let order = one(
            &format!(
                r#""total_price":5,"customer":{{"id":7,"first_name":"Hoa","phone":"0905550101","total_spent":{odd}}}"#
            ),
            Flavor::Web,
        );
        let buyer = order.buyer.unwrap();
        assert_eq!((buyer.id.as_deref(), buyer.phones.len()), (Some("7"), 1), "{odd}");
        let order = one(
            &format!(
                r#""total":5,"customer_data":{{"id":7,"name":"Hoa","sale_order":{{"total_sales":{odd}}}}}"#
            ),
            Flavor::Pos,
        );
        assert_eq!(order.buyer.unwrap().name.as_deref(), Some("Hoa"), "{odd}");
    }
}

#[test]
fn amounts_that_no_mapping_needs_cost_themselves() {
    let web = one(
        r#""total_price":5,"discount_codes":[{"amount":"x"}],"line_items":[{"id":1,"price":5,"quantity":1,
            "discounted_total":"x","original_total":"x"}],"refunds":[{"id":2,"order_adjustments":[{"amount":"x"}]}]"#,
        Flavor::Web,
    );
    assert_eq!((web.total, web.lines.len()), (money(5), 1));
    let pos = one(
        r#""total":5,"order_line_items":[{"id":1,"price":5,"quantity":1,"discount_value":"x"}],
            "prepayments":[{"id":2,"amount":5,"returned_amount":"x"}],"fulfillments":[{"id":3,"total":"x"}]"#,
        Flavor::Pos,
    );
    assert_eq!((pos.total, pos.paid), (money(5), money(5)));
    for (body, flavor) in [
        (
            r#"[{"id":1,"variants":[{"id":2,"price":5,"compare_at_price":"x","inventory_quantity":"x"}]}]"#,
            Flavor::Web,
        ),
        (
            r#"[{"id":1,"variants":[{"id":2,"variant_whole_price":"x","variant_prices":[{"value":"x"}],
                "inventories":[{"location_id":3,"on_hand":"x","onway":"x","mac":"x"}]}]}]"#,
            Flavor::Pos,
        ),
    ] {
        let answer = read_answer(Stream::Products, body.as_bytes(), flavor).unwrap();
        assert_eq!(answer.page.rejected, [], "stock and second prices are no amounts of a product");
    }
}

#[test]
fn a_rejection_names_the_amount() {
    let body = r##"{"orders":[{"id":2,"name":{},"user":5,"total_price":"x"}]}"##;
    let page = read_answer(Stream::Orders, body.as_bytes(), Flavor::Web).unwrap().page;
    assert_eq!(page.rejected[0].path, "orders[0].total_price");
}

#[test]
fn either_spelling_of_the_subtotal_tells_it() {
    for told in [
        r#""subtotal_price":null,"sub_total_price":300000"#,
        r#""sub_total_price":300000,"subtotal_price":"300000.0""#,
        r#""sub_total_price":{},"subtotal_price":300000"#,
    ] {
        assert_eq!(
            one(&format!(r#""total_price":330000,{told}"#), Flavor::Web).subtotal,
            money(300_000),
            "{told}"
        );
        let less = format!(r#""total_price":330000,"total_discounts":20000,{told}"#);
        assert_eq!(one(&less, Flavor::Web).subtotal, money(320_000), "before the discount");
    }
}

#[test]
fn the_number_in_a_name_is_kept_where_there_is_no_other() {
    let numbers = |order: &OrderRecord| -> Vec<String> {
        let phones = &order.buyer.as_ref().unwrap().phones;
        phones.iter().filter(|phone| phone.is_key).filter_map(|phone| Some(phone.e164?.to_string())).collect()
    };
    for name in ["0905550199", "Hoa 0905550199", "Hoa - 0905550199"] {
        let order = one(&format!(r#""customer_data":{{"id":5,"name":"{name}"}}"#), Flavor::Pos);
        assert_eq!(numbers(&order), ["+84905550199"], "{name}");
        let guest = one(&format!(r#""shipping_address":{{"name":"{name}"}}"#), Flavor::Web);
        assert_eq!(numbers(&guest), ["+84905550199"], "{name}");
        for (flavor, member) in [(Flavor::Pos, "name"), (Flavor::Web, "first_name")] {
            let body = format!(r#"[{{"id":1,"{member}":"{name}","phone":"","phone_number":""}}]"#);
            let answer = read_answer(Stream::Customers, body.as_bytes(), flavor).unwrap();
            let Record::Customer(customer) = &answer.page.records[0] else { panic!() };
            assert!(customer.phones[0].is_key, "{name}");
        }
    }
    let other =
        one(r#""customer_data":{"id":5,"name":"Hoa 0905550199","phone_number":"0912000123"}"#, Flavor::Pos);
    assert_eq!(numbers(&other), ["+84912000123"]);
}

#[test]
fn money_that_is_told_twice_is_one_valid_payment() {
    let order = one(
        r#""total":500000,"prepayments":[{"id":1,"amount":500000,"status":"active","source":"cod_transfer"}],
            "fulfillments":[{"id":2,"status":"received","payments":[{"id":3,"amount":500000,"status":"active"}]}]"#,
        Flavor::Pos,
    );
    let valid: Money =
        order.payments.iter().filter(|payment| payment.valid).filter_map(|payment| payment.amount).sum();
    assert_eq!((order.paid, Some(valid), order.payments.len()), (money(500_000), money(500_000), 2));
}

#[test]
fn a_member_of_the_metadata_costs_itself() {
    let body = br#"{"metadata":{"total":{},"page":1,"limit":50},"customers":[{"id":1,"name":"Hoa"}]}"#;
    let answer = read_answer(Stream::Customers, body, Flavor::Pos).unwrap();
    assert_eq!((answer.page.records.len(), answer.page.total), (1, None));
    let body = br#"{"metadata":{"total":9,"page":[],"limit":1},"customers":[{"id":1,"name":"Hoa"}]}"#;
    let answer = read_answer(Stream::Customers, body, Flavor::Pos).unwrap();
    assert_eq!((answer.page.total, answer.more), (Some(9), Some(true)));
}

#[test]
fn decorations_never_cost_a_record() {
    let [zip] = &web("s02_zip_and_zip_code")[..] else { panic!() };
    assert_eq!(zip.buyer.as_ref().unwrap().name.as_deref(), Some("Hoa"));
    let [text] = &web("s03_order_number_text")[..] else { panic!() };
    assert_eq!(text.code.as_deref(), Some("#9001"));
    let nothing = web("s04_empty_objects");
    assert_eq!(nothing.len(), 4);
    assert!(nothing.iter().all(|order| order.seller.is_none() && order.buyer.is_none()));
    assert_eq!(one(r#""order_number":"DH-9001""#, Flavor::Web).code.as_deref(), Some("#DH-9001"));
}

#[test]
fn every_member_of_an_order_may_be_of_another_kind() {
    let wrong = [r#""x""#, "7", "true", "[]", "{}", "[null]", "[[]]", "null", r#"{"a":[1]}"#];
    for (flavor, members) in [
        (
            Flavor::Web,
            &[
                "customer",
                "billing_address",
                "shipping_address",
                "tags",
                "note",
                "note_attributes",
                "discount_codes",
                "line_items",
                "shipping_lines",
                "fulfillments",
                "refunds",
                "user",
                "assignee",
                "payment_gateway_names",
                "created_on",
                "modified_on",
                "status",
                "financial_status",
                "location_id",
                "test",
                "number",
                "source_name",
            ][..],
        ),
        (
            Flavor::Pos,
            &[
                "customer_data",
                "billing_address",
                "shipping_address",
                "tags",
                "note",
                "order_line_items",
                "prepayments",
                "fulfillments",
                "order_returns",
                "delivery_fee",
                "status",
                "channel",
                "modified_on",
                "customer_id",
            ],
        ),
    ] {
        for member in members {
            for value in wrong {
                let order = one(&format!(r#""total_price":5,"total":5,"{member}":{value}"#), flavor);
                assert_eq!((order.id.as_str(), order.total), ("1", money(5)), "{member}: {value}");
            }
        }
    }
}

#[test]
fn what_stands_inside_may_lack_its_id() {
    let order = one(
        r#""total_price":500,"total_received":500,"financial_status":"partially_refunded","customer":{"first_name":"An","phone":"0905550101"},
            "refunds":[{"id":null,"transactions":[{"kind":"refund","status":"success","amount":200}]}],"assignee":{"first_name":"Lan"}"#,
        Flavor::Web,
    );
    assert_eq!((order.refunded, order.buyer.as_ref().unwrap().id.as_deref()), (money(200), None));
    assert_eq!(order.buyer.unwrap().name.as_deref(), Some("An"));
    let order = one(
        r#""total":5,"customer_id":9,"customer_data":{"name":"An"},"order_returns":[{"status":"returned","total_amount":2}]"#,
        Flavor::Pos,
    );
    assert_eq!((order.buyer.unwrap().id.as_deref(), order.returned), (Some("9"), money(2)));
}

#[test]
fn amounts_that_cannot_be_read_reject_their_order_and_rates_do_not() {
    let answer = read_answer(
        Stream::Orders,
        br#"[{"id":1,"total_price":"abc"},{"id":2,"line_items":[{"price":"x"}]},{"id":3,"tax_lines":[],"line_items":[{"tax_lines":[{"rate":"10%"}]}]},null]"#,
        Flavor::Web,
    )
    .unwrap();
    assert_eq!((answer.page.records.len(), answer.page.rejected.len()), (1, 2));
    assert_eq!(answer.page.rejected[0].path, "[0].total_price");
}

#[test]
fn a_test_order_is_marked() {
    let [test] = &web("s12_test_order")[..] else { panic!() };
    assert!(test.test);
    assert!(!one(r#""test":false"#, Flavor::Web).test);
}

#[test]
fn refunds_are_what_went_back_whoever_tells() {
    let [by_transaction] = &web("sw_refund_no_total")[..] else { panic!() };
    assert_eq!((by_transaction.refunded, by_transaction.returned), (money(250_000), money(250_000)));
    for (members, refunded) in [
        (
            r#""total_refunded":0,"refunds":[{"id":1,"total_refunded":0,"transactions":[{"id":1,"kind":"refund","status":"success","amount":"200"}]}]"#,
            money(200),
        ),
        (
            r#""total_refunded":0,"refunds":[{"id":1,"transactions":[{"id":1,"kind":"refund","status":"pending","amount":200}]}]"#,
            money(0),
        ),
        (
            r#""refunds":[{"id":1,"transactions":[{"id":1,"kind":"refund","status":"failure","amount":200}]}]"#,
            None,
        ),
        (
            r#""refunds":[{"id":1,"total_refunded":120},{"id":2,"transactions":[{"id":1,"kind":"refund","status":"success","amount":80}]}]"#,
            money(200),
        ),
        (r#""total_refunded":200,"refunds":[{"id":1,"total_refunded":120}]"#, money(200)),
        (
            r#""financial_status":"partially_refunded","total_received":500,"net_payment":300,"total_refunded":0"#,
            money(200),
        ),
    ] {
        assert_eq!(
            one(&format!(r#""total_price":500,{members}"#), Flavor::Web).refunded,
            refunded,
            "{members}"
        );
    }
    let shipping = one(r#""total_price":530,"total_refunded":130,"total_refunded_shipping":30"#, Flavor::Web);
    assert_eq!(shipping.refunded_shipping, money(30));
    let hidden =
        one(r#""financial_status":"partially_refunded","total_price":5,"line_items":[]"#, Flavor::Web);
    assert!(hidden.incomplete, "the transactions tell");
}

#[test]
fn what_was_edited_out_of_an_order_is_not_owed() {
    let [edited] = &web("sw_edited_down")[..] else { panic!() };
    assert_eq!(
        (edited.total, edited.paid, edited.subtotal),
        (money(250_000), money(250_000), money(250_000))
    );
    assert_eq!(edited.lines[0].quantity.unwrap().to_string(), "1");
    // What was refunded was owed.
    let refunded = one(
        r#""total_price":500,"current_total_price":250,"total_received":500,"total_refunded":250,"financial_status":"partially_refunded",
            "line_items":[{"id":1,"quantity":2,"current_quantity":1,"price":250}],
            "refunds":[{"id":1,"total_refunded":250,"refund_line_items":[{"id":1,"line_item_id":1,"quantity":1,"subtotal":250}]}]"#,
        Flavor::Web,
    );
    assert_eq!((refunded.total, refunded.returned), (money(500), money(250)));
    assert_eq!(refunded.lines[0].returned_quantity.unwrap().to_string(), "1");
    assert_eq!(refunded.lines[0].quantity.unwrap().to_string(), "2");
    let cancelled = one(r#""status":"cancelled","total_price":500,"current_total_price":0"#, Flavor::Web);
    assert_eq!(cancelled.total, money(500));
}

#[test]
fn an_order_marked_as_paid_is_paid() {
    for (members, paid) in [
        (r#""total_received":0,"total_outstanding":0"#, money(500)),
        (r#""total_received":0,"unpaid_amount":500"#, money(0)),
        (r#""total_received":0"#, None),
        (r#""total_received":500"#, money(500)),
        (r#""net_payment":300,"total_refunded":200"#, money(500)),
    ] {
        let order = one(&format!(r#""financial_status":"paid","total_price":500,{members}"#), Flavor::Web);
        assert_eq!((order.paid, order.payment.category), (paid, PaymentCategory::Paid), "{members}");
    }
}

#[test]
fn pos_returns_that_were_called_off_give_nothing_back() {
    let order = pos("p02_cancelled_return");
    assert_eq!((order.refunded, order.returned, order.paid), (None, None, money(1_000_000)));
    for (members, refunded, returned) in [
        (r#""status":"returned","refund_status":"paid","total_amount":400"#, money(400), money(400)),
        (r#""status":"returned","refund_status":"unpaid","total_amount":400"#, None, money(400)),
        (r#""status":"returning","refund_status":"unpaid","total_amount":400"#, None, None),
        (
            r#""status":"returned","refund_status":"partial","total_amount":400,"refunds":[{"amount":100,"status":"active"},{"amount":300,"status":"cancelled"}]"#,
            money(100),
            money(400),
        ),
        (
            r#""status":"returned","refund_status":"paid","line_items":[{"price":200,"quantity":2}]"#,
            money(400),
            money(400),
        ),
    ] {
        let order = one(&format!(r#""total":1000,"order_returns":[{{"id":5,{members}}}]"#), Flavor::Pos);
        assert_eq!((order.refunded, order.returned), (refunded, returned), "{members}");
    }
    let pieces = one(
        r#""order_line_items":[{"id":8,"price":100,"quantity":3}],"order_returns":[{"id":5,"status":"returned","total_amount":200,
            "line_items":[{"id":1,"order_line_item_id":8,"quantity":2,"price":100}]}]"#,
        Flavor::Pos,
    );
    assert_eq!(pieces.lines[0].returned_quantity.unwrap().to_string(), "2");
    assert!(one(r#""return_status":"partial","order_line_items":[]"#, Flavor::Pos).incomplete);
}

#[test]
fn pos_discounts_are_taken_once_and_the_amounts_add_up() {
    let order = pos("p06_order_discount_null");
    let sum = order.subtotal.unwrap() - order.discount.unwrap();
    assert_eq!((Some(sum), order.total), (money(900_000), money(900_000)));
    assert_eq!((order.lines[0].discount, order.lines[0].total), (money(100_000), money(900_000)));
    for (members, subtotal, discount, line) in [
        (
            r#""order_discount_amount":50,"total_discount":150,"order_line_items":[{"price":100,"quantity":10,"discount_amount":100,"line_amount":900}]"#,
            900,
            50,
            100,
        ),
        (
            r#""order_discount_amount":0,"total_discount":150,"order_line_items":[{"price":100,"quantity":10,"discount_amount":100}]"#,
            900,
            50,
            100,
        ),
        // The discount of one piece.
        (
            r#""total_discount":100,"order_line_items":[{"price":100,"quantity":10,"discount_amount":10,"line_amount":900}]"#,
            900,
            0,
            100,
        ),
        // Only the line's amount tells.
        (
            r#""total_discount":100,"order_line_items":[{"price":100,"quantity":10,"line_amount":900}]"#,
            900,
            0,
            100,
        ),
    ] {
        let order = one(members, Flavor::Pos);
        assert_eq!(
            (order.subtotal, order.discount, order.lines[0].discount),
            (money(subtotal), money(discount), money(line)),
            "{members}"
        );
    }
}

#[test]
fn pos_money_is_found_wherever_it_stands_and_counted_once() {
    let order = pos("p07_no_prepayment_fulfillment_payments");
    assert_eq!((order.paid, order.due, order.payments.len()), (money(1_000_000), money(0), 1));
    for (members, paid) in [
        (
            r#""prepayments":[{"id":1,"paid_amount":100,"status":"active"}],"fulfillments":[{"id":9,"payments":[{"id":2,"paid_amount":240,"status":"active"}]}]"#,
            340,
        ),
        // The same money twice.
        (
            r#""prepayments":[{"id":1,"paid_amount":340,"status":"active","source":"cod_transfer"}],"fulfillments":[{"id":9,"payments":[{"id":2,"paid_amount":340,"status":"active"}]}]"#,
            340,
        ),
        (
            r#""prepayments":[{"id":1,"paid_amount":100,"status":"active"}],"fulfillments":[{"id":9,"payments":[{"id":1,"paid_amount":100,"status":"active"}]}]"#,
            100,
        ),
        (
            r#""prepayments":[],"fulfillments":[{"id":9,"status":"cancelled","payments":[{"id":2,"paid_amount":240,"status":"active"}]}]"#,
            0,
        ),
        (r#""prepayments":[],"payment_status":"paid""#, 340),
        (r#""payment_status":"paid""#, 340),
        (r#""prepayments":[{"id":1,"amount":100,"status":"cancelled"}],"payment_status":"unpaid""#, 0),
    ] {
        assert_eq!(one(&format!(r#""total":340,{members}"#), Flavor::Pos).paid, money(paid), "{members}");
    }
}

#[test]
fn the_only_number_on_an_order_is_never_lost() {
    let numbers = |order: &OrderRecord| {
        let parties = [&order.buyer, &order.recipient].into_iter().flatten().flat_map(|party| &party.phones);
        let contact = order.contact.iter().flat_map(|contact| &contact.phones);
        parties
            .chain(contact)
            .filter_map(|phone| phone.e164)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
    };
    for (flavor, members) in [
        (
            Flavor::Web,
            r#""customer":{"id":5,"first_name":"An"},"billing_address":{"name":"An","phone":"0905550101"}"#,
        ),
        (
            Flavor::Web,
            r#""customer":{"id":5,"first_name":"An"},"shipping_address":{"name":"An","phone":"0905550101"}"#,
        ),
        (Flavor::Web, r#""customer":{"id":5,"first_name":"An"},"phone":"0905550101""#),
        (
            Flavor::Web,
            r#""customer":{"id":5,"first_name":"An","phone":"xxx"},"billing_address":{"name":"Bình","phone":"0905550101"}"#,
        ),
        (
            Flavor::Web,
            r#""customer":null,"billing_address":{"name":"An"},"shipping_address":{"name":"An","phone":"0905550101"}"#,
        ),
        (Flavor::Web, r#""customer":{},"phone":"0905550101""#),
        (
            Flavor::Pos,
            r#""customer_data":{"id":5,"name":"An"},"billing_address":{"full_name":"An","phone_number":"0905550101"}"#,
        ),
        (
            Flavor::Pos,
            r#""customer_data":{"id":5,"name":"An"},"shipping_address":{"full_name":"An","phone_number":"0905550101"}"#,
        ),
        (Flavor::Pos, r#""customer_id":5,"phone_number":"0905550101""#),
    ] {
        assert_eq!(numbers(&one(members, flavor)), ["+84905550101"], "{members}");
    }
}

#[test]
fn place_codes_carry_their_division() {
    let customer = |codes: &str| {
        let body = format!(r#"[{{"id":1,"addresses":[{{"id":2,"address1":"1","ward":"A",{codes}}}]}}]"#);
        match read_answer(Stream::Customers, body.as_bytes(), Flavor::Web).unwrap().page.records.remove(0) {
            Record::Customer(record) => CustomerRecord::clone(&record).addresses.remove(0),
            other => panic!("{other:?}"),
        }
    };
    let old = customer(r#""province_code":"1","district_code":"101","ward_code":"10107""#);
    assert_eq!(old.codes.keys().collect::<Vec<_>>(), ["sapo"]);
    assert_eq!(old.codes_of("sapo").district.as_deref(), Some("101"));
    for codes in [
        r#""province_code":"2001","district_code":"-1","ward_code":"200105""#,
        r#""province_code":2001,"district_code":null,"ward_code":200105"#,
    ] {
        let new = customer(codes);
        assert_eq!(new.codes.keys().collect::<Vec<_>>(), ["sapo:new"], "{codes}");
        assert_eq!((new.codes_of("sapo:new").district, new.codes_of("sapo").ward), (None, None));
    }
    assert!(customer(r#""ward_code":"""#).codes.is_empty());
}

#[test]
fn a_pos_customer_who_is_active_again_is_alive() {
    let scenario: serde_json::Value =
        serde_json::from_slice(&fixture("s_sp_customer_restored.json")).unwrap();
    let states: Vec<bool> = scenario["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step.get("body"))
        .map(|body| {
            let answer = read_answer(Stream::Customers, body.to_string().as_bytes(), Flavor::Pos).unwrap();
            matches!(&answer.page.records[0], Record::Customer(record) if record.deleted)
        })
        .collect();
    assert_eq!(states, [false, true, false]);
}

#[test]
fn every_mailbox_of_the_case_is_read() {
    let answer = read_answer(Stream::Customers, &fixture("emails_sapo.json"), Flavor::Web).unwrap();
    assert!(answer.page.rejected.is_empty() && answer.page.records.len() > 10);
}

#[test]
fn a_byte_order_mark_before_an_answer_is_no_fault() {
    let body = [&b"\xef\xbb\xbf"[..], br#"{"customers":[{"id":7}]}"#].concat();
    assert_eq!(read_answer(Stream::Customers, &body, Flavor::Web).unwrap().page.records.len(), 1);
}
