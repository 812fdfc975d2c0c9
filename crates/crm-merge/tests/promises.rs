//! The merge rules that the product promises, each against a small CRM in memory.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

mod common;

use common::*;
use crm_merge::{
    Audit, Batch, Contact, ContactId, Decision, Edit, FieldRule, FieldSource, LinkRules, OwnerRule, Policy,
    RevenueBasis, Role, Rules,
};
use crm_merge::{Suggestion, Suggestions};
use pos_core::identity::{IdentityHints, IdentityRules, SubjectId};
use pos_core::record::{
    Account, DocumentKind, Identity, OrderRecord, Party, PaymentCategory, Record, StatusCategory, Stream,
};

#[test]
fn the_same_phone_or_email_is_the_same_person() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    crm.take(&shop(), [customer("1", "Lan", "0912000123", "lan@example.com", 1).into()], &rules);
    crm.take(&shop(), [customer("2", "Chị Lan", "+84 912 000 123", "", 2).into()], &rules);
    crm.take(&shop(), [customer("3", "Lan Mẫu", "", "LAN@example.com", 3).into()], &rules);
    crm.take(&shop(), [customer("4", "Bình", "0987000456", "binh@example.com", 4).into()], &rules);
    assert_eq!(crm.contacts.len(), 2);
    assert_eq!(crm.of(&shop(), "3").name(), Some("Lan"));
}

#[test]
fn skip_only_links_and_overwrite_never_erases() {
    let mut second = customer("2", "Lan Mới", "0912000123", "", 2);
    second.note = Some("khách quen".into());
    let mut first = customer("1", "Lan", "0912000123", "", 1);
    first.tax_code = Some("0319998887".into());

    let mut crm = Crm::default();
    let rules = rules_with(Policy::Skip);
    crm.take(&shop(), [first.clone().into()], &rules);
    let changes = crm.take(&shop(), [second.clone().into()], &rules);
    assert_eq!((changes.counts.skipped, changes.counts.created), (1, 0));
    assert_eq!((crm.only().name(), crm.only().text("note")), (Some("Lan"), None));

    let mut crm = Crm::default();
    let rules = rules_with(Policy::Overwrite);
    crm.take(&shop(), [first.into()], &rules);
    let changes = crm.take(&shop(), [second.into()], &rules);
    assert_eq!((changes.counts.updated, changes.counts.created), (1, 0));
    assert_eq!(crm.only().name(), Some("Lan Mới"));
    assert_eq!(crm.only().text("note"), Some("khách quen"));
    assert_eq!(crm.only().text("tax_code"), Some("0319998887"), "a blank must not erase");
}

#[test]
fn fill_blanks_fills_and_prefer_vendor_ranks() {
    let mut second = customer("2", "Lan Haravan", "0912000123", "", 2);
    second.note = Some("ghi chú".into());
    let first = customer("1", "Lan", "0912000123", "", 1);

    let mut crm = Crm::default();
    let link = LinkRules { policy: Policy::FillBlanks, ..LinkRules::default() };
    crm.take(&shop(), [first.clone().into()], &rules_of(link.clone()));
    crm.take(&haravan(), [second.clone().into()], &rules_of(link));
    assert_eq!((crm.only().name(), crm.only().text("note")), (Some("Lan"), Some("ghi chú")));

    let link = LinkRules {
        policy: Policy::PreferVendor(vec!["haravan".into(), "kiotviet".into()]),
        ..LinkRules::default()
    };
    let mut crm = Crm::default();
    crm.take(&shop(), [first.clone().into()], &rules_of(link.clone()));
    crm.take(&haravan(), [second.into()], &rules_of(link.clone()));
    assert_eq!(crm.only().name(), Some("Lan Haravan"));
    crm.take(&shop(), [edited(first, 99).into()], &rules_of(link));
    assert_eq!(crm.only().name(), Some("Lan Haravan"), "a later change of a lower vendor does not win");
}

#[test]
fn a_field_may_have_its_own_policy() {
    let mut link = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    link.field_policies.insert("name".into(), Policy::Skip);
    let rules = rules_of(link);
    let mut crm = Crm::default();
    crm.take(&shop(), [customer("1", "Lan", "0912000123", "", 1).into()], &rules);
    let mut second = customer("2", "Tên khác", "0912000123", "", 2);
    second.note = Some("mới".into());
    crm.take(&shop(), [second.into()], &rules);
    assert_eq!((crm.only().name(), crm.only().text("note")), (Some("Lan"), Some("mới")));
}

#[test]
fn every_order_of_arrival_ends_in_the_same_crm() {
    let mut facts: Vec<(Account, Record)> = Vec::new();
    for (id, name, phone, email, minute) in [
        ("1", "Lan", "0912000123", "lan@example.com", 10),
        ("2", "Chị Lan", "0912 000 123", "", 20),
        ("3", "Bình", "0987000456 / 0912000999", "", 5),
        ("4", "Bình Nguyễn", "0912000999", "lan@example.com", 30),
        ("5", "", "0903000555", "", 31),
        ("6", "T******n", "", "", 32),
    ] {
        let mut record = customer(id, name, phone, email, minute);
        if id == "6" {
            record.identity = Identity::Masked;
        }
        facts.push((shop(), record.clone().into()));
        let mut later = edited(record, minute + 50);
        later.note = Some(format!("ghi chú {id}"));
        facts.push((shop(), later.into()));
    }
    for (id, phone, minute) in [("h1", "0912000123", 15), ("h2", "0912000123", 16)] {
        facts.push((haravan(), customer(id, "Lan H", phone, "", minute).into()));
    }
    let mut invoice = order(DocumentKind::Invoice, "i1", known("1"), 590_000, 590_000, 41);
    invoice.fulfils = Some("DH1".into());
    let mut placed = order(DocumentKind::Order, "o1", known("1"), 590_000, 200_000, 40);
    placed.code = Some("DH1".into());
    let mut back = order(DocumentKind::Return, "r1", known("1"), 90_000, 0, 42);
    back.returns = Some("i1".into());
    let mut cancelled = order(DocumentKind::Invoice, "i2", known("3"), 70_000, 70_000, 43);
    let alive = cancelled.clone();
    cancelled.status.category = StatusCategory::Cancelled;
    cancelled.updated_at = Some(at(44));
    let unseen = order(DocumentKind::Invoice, "i3", known("77"), 10_000, 10_000, 45);
    let by_phone = order(DocumentKind::Order, "o9", stranger("Ai Đó", "0903 000 555"), 20_000, 20_000, 46);
    for document in [invoice, placed, back, cancelled, alive, unseen, by_phone] {
        facts.push((shop(), document.into()));
    }

    for policy in [
        Policy::Skip,
        Policy::Overwrite,
        Policy::FillBlanks,
        Policy::PreferNewest,
        Policy::PreferVendor(vec!["haravan".into()]),
        Policy::Review,
    ] {
        let rules = rules_with(policy.clone());
        let mut expected: Option<(String, Sums)> = None;
        for seed in 0..40u64 {
            let mut shuffled = facts.clone();
            // A plain linear congruential shuffle; every seed is another order.
            let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut random = |below: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 33) as usize) % below
            };
            for at in (1..shuffled.len()).rev() {
                shuffled.swap(at, random(at + 1));
            }
            for _ in 0..5 {
                let again = shuffled[random(shuffled.len())].clone();
                let place = random(shuffled.len());
                shuffled.insert(place, again);
            }
            let mut crm = Crm::default();
            let mut rest = shuffled.as_slice();
            while !rest.is_empty() {
                // Pages of one shop, of any length.
                let same = rest.iter().take_while(|(account, _)| *account == rest[0].0).count();
                let length = 1 + random(same);
                let page = rest[..length].iter().map(|(_, record)| record.clone());
                crm.take(&rest[0].0, page.collect::<Vec<_>>(), &rules);
                rest = &rest[length..];
            }
            let state = (crm.state(), crm.totals());
            match &expected {
                None => expected = Some(state),
                Some(expected) => {
                    assert_eq!(expected.1, state.1, "totals differ under {policy:?} with seed {seed}");
                    assert_eq!(expected.0, state.0, "the state differs under {policy:?} with seed {seed}");
                }
            }
        }
    }
}

#[test]
fn applying_twice_changes_nothing() {
    let rules = rules_with(Policy::Overwrite);
    let records: Vec<Record> = vec![
        customer("1", "Lan", "0912000123", "", 1).into(),
        order(DocumentKind::Invoice, "i1", known("1"), 100, 100, 2).into(),
    ];
    let mut crm = Crm::default();
    crm.take(&shop(), records.clone(), &rules);
    let again = crm.take(&shop(), records, &rules);
    assert!(again.is_empty(), "{again:?}");
    assert_eq!(again.counts.unchanged, 2);
}

#[test]
fn an_older_record_never_overwrites_a_newer_one() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    crm.take(&shop(), [edited(customer("1", "Tên mới", "0912000123", "", 1), 9).into()], &rules);
    let changes = crm.take(&shop(), [edited(customer("1", "Tên cũ", "0912000123", "", 1), 5).into()], &rules);
    assert_eq!(crm.only().name(), Some("Tên mới"));
    assert_eq!(changes.counts.skipped, 1);
}

#[test]
fn an_order_belongs_to_its_buyer_by_id_then_phone_and_else_makes_a_contact() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    crm.take(&shop(), [customer("1", "Lan", "0912000123", "", 1).into()], &rules);
    crm.take(&shop(), [order(DocumentKind::Invoice, "a", known("1"), 100, 100, 2).into()], &rules);
    crm.take(
        &shop(),
        [order(DocumentKind::Invoice, "b", stranger("Chị L.", "0912 000 123"), 50, 50, 3).into()],
        &rules,
    );
    assert_eq!(crm.total(), ("150".into(), 2));
    crm.take(
        &shop(),
        [order(DocumentKind::Invoice, "c", stranger("", "0903000555"), 70, 70, 4).into()],
        &rules,
    );
    assert_eq!(crm.contacts.len(), 2);
    let new = crm.contacts.values().find(|contact| contact.name() != Some("Lan")).unwrap();
    assert_eq!(new.name(), Some("+84903000555"));
    assert!(new.name_is_placeholder && new.is_buyer);
    crm.take(&shop(), [customer("9", "Bà Chín", "0903000555", "", 5).into()], &rules);
    let named: Vec<_> = crm.contacts.values().filter_map(Contact::name).collect();
    assert!(named.contains(&"Bà Chín"), "a real name replaces the number, even under skip: {named:?}");
}

#[test]
fn a_walk_in_sale_makes_no_contact() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    let nobody =
        Party { identity: Identity::Nobody, raw_name: Some("Khách lẻ".into()), ..Party::default() };
    crm.take(
        &shop(),
        [
            order(DocumentKind::Invoice, "a", None, 100, 100, 1).into(),
            order(DocumentKind::Invoice, "b", Some(nobody), 100, 100, 1).into(),
            order(DocumentKind::Invoice, "c", stranger("Không số", ""), 100, 100, 1).into(),
        ],
        &rules,
    );
    assert!(crm.contacts.is_empty());
    assert_eq!(crm.documents.len(), 3);
    let mut walk_in = customer("5", "Khách lẻ", "", "", 1);
    walk_in.identity = Identity::Nobody;
    let changes = crm.take(&shop(), [walk_in.into()], &rules);
    assert!(crm.contacts.is_empty());
    assert_eq!(changes.counts.skipped, 1);
}

#[test]
fn a_known_customer_is_the_buyer_whatever_the_document_calls_it() {
    let rules = rules_with(Policy::Skip);
    let nameless = Party {
        id: Some("1".into()),
        raw_name: Some("Khách lẻ".into()),
        identity: Identity::Nobody,
        ..Party::default()
    };
    let sale = order(DocumentKind::Invoice, "a", Some(nameless), 100, 100, 2);
    let mut states = Vec::new();
    for customer_first in [true, false] {
        let mut crm = Crm::default();
        let mut batches: Vec<Record> =
            vec![customer("1", "Lan", "0912000123", "", 1).into(), sale.clone().into()];
        if !customer_first {
            batches.reverse();
        }
        for record in batches {
            crm.take(&shop(), [record], &rules);
            assert!(crm.contacts.len() <= 1);
        }
        assert_eq!(crm.total(), ("100".into(), 1));
        states.push(crm.state());
    }
    assert_eq!(states[0], states[1]);
}

#[test]
fn recipients_become_contacts_only_when_asked() {
    let mut document = order(DocumentKind::Order, "a", known("1"), 100, 100, 1);
    document.recipient = stranger("Anh Nhận", "0987000456");
    let mut crm = Crm::default();
    crm.take(&shop(), [document.clone().into()], &rules_with(Policy::Skip));
    assert_eq!(crm.contacts.len(), 1);

    let link = LinkRules { recipients: true, ..LinkRules::default() };
    let mut crm = Crm::default();
    crm.take(&shop(), [document.into()], &rules_of(link));
    assert_eq!(crm.contacts.len(), 2);
    let recipient = crm.contacts.values().find(|contact| contact.name() == Some("Anh Nhận")).unwrap();
    assert!(!recipient.is_buyer);
    assert_eq!(crm.totals().len(), 1, "the order is the buyer's alone");
}

#[test]
fn an_invoice_and_its_order_count_once() {
    let rules = rules_with(Policy::Skip);
    let mut placed = order(DocumentKind::Order, "77", known("1"), 590_000, 590_000, 1);
    placed.code = Some("DH000245".into());
    for fulfils in ["77", "DH000245"] {
        let mut invoice = order(DocumentKind::Invoice, "5", known("1"), 590_000, 590_000, 2);
        invoice.fulfils = Some(fulfils.into());
        for records in [[placed.clone(), invoice.clone()], [invoice.clone(), placed.clone()]] {
            let mut crm = Crm::default();
            for record in records {
                crm.take(&shop(), [record.into()], &rules);
            }
            assert_eq!(crm.total(), ("590000".into(), 1), "by {fulfils}");
        }
        let mut crm = Crm::default();
        crm.take(&shop(), [placed.clone().into(), invoice.clone().into()], &rules);
        invoice.status.category = StatusCategory::Cancelled;
        invoice.updated_at = Some(at(9));
        crm.take(&shop(), [invoice.into()], &rules);
        assert_eq!(crm.total(), ("590000".into(), 1), "the order counts again when its invoice is cancelled");
    }
}

#[test]
fn what_counts_as_revenue() {
    let case = |change: &dyn Fn(&mut OrderRecord)| {
        let mut document = order(DocumentKind::Invoice, "a", known("1"), 100_000, 100_000, 1);
        change(&mut document);
        let mut crm = Crm::default();
        crm.take(&shop(), [document.into()], &rules_with(Policy::Skip));
        crm.total()
    };
    assert_eq!(case(&|_| {}), ("100000".into(), 1));
    assert_eq!(case(&|d| d.payment.category = PaymentCategory::Unpaid), ("0".into(), 1));
    assert_eq!(case(&|d| d.payment.category = PaymentCategory::PartiallyPaid), ("0".into(), 1));
    assert_eq!(case(&|d| d.status.category = StatusCategory::Cancelled), ("0".into(), 0));
    assert_eq!(case(&|d| d.status.category = StatusCategory::Returned), ("0".into(), 0));
    assert_eq!(case(&|d| d.status.category = StatusCategory::Deleted), ("0".into(), 0));
    assert_eq!(case(&|d| d.payment.category = PaymentCategory::Refunded), ("0".into(), 0));
    let partly = case(&|d| {
        d.payment.category = PaymentCategory::PartiallyRefunded;
        d.refunded = Some(30_000.into());
        d.shipping_fee = Some(20_000.into());
    });
    assert_eq!(partly, ("50000".into(), 1), "what remains, without shipping");

    let link = LinkRules { revenue: RevenueBasis::Placed, ..LinkRules::default() };
    let mut crm = Crm::default();
    crm.take(
        &shop(),
        [order(DocumentKind::Invoice, "a", known("1"), 5_350_000, 0, 1).into()],
        &rules_of(link),
    );
    assert_eq!(crm.total(), ("5350000".into(), 1));
}

#[test]
fn returns_subtract_and_never_more_than_was_counted() {
    let rules = rules_with(Policy::Skip);
    let sale = order(DocumentKind::Invoice, "7", known("1"), 100_000, 100_000, 1);
    let back = |id: &str, amount: i64, minute: i64| {
        let mut back = order(DocumentKind::Return, id, known("1"), amount, 0, minute);
        back.returns = Some("7".into());
        back
    };
    let mut crm = Crm::default();
    crm.take(&shop(), [back("r1", 30_000, 2).into()], &rules);
    assert_eq!(crm.total(), ("-30000".into(), 0), "until the sale is known");
    crm.take(&shop(), [sale.clone().into()], &rules);
    assert_eq!(crm.total(), ("70000".into(), 1));
    crm.take(&shop(), [back("r2", 90_000, 3).into()], &rules);
    assert_eq!(crm.total(), ("0".into(), 1));
    let mut called_off = back("r1", 30_000, 2);
    called_off.status.category = StatusCategory::Cancelled;
    called_off.updated_at = Some(at(8));
    crm.take(&shop(), [called_off.into()], &rules);
    assert_eq!(crm.total(), ("10000".into(), 1));

    let mut unpaid = sale;
    unpaid.payment.category = PaymentCategory::Unpaid;
    let mut crm = Crm::default();
    crm.take(&shop(), [unpaid.into(), back("r1", 30_000, 2).into()], &rules);
    assert_eq!(crm.total(), ("0".into(), 1));
}

#[test]
fn a_key_that_too_many_hold_links_nobody() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    for number in 0..21 {
        crm.take(
            &shop(),
            [customer(&number.to_string(), &format!("Khách {number}"), "0912000123", "", number).into()],
            &rules,
        );
        let expected = if number < 20 { 1 } else { 21 };
        assert_eq!(crm.contacts.len(), expected, "with {} holders", number + 1);
    }
}

#[test]
fn a_guarded_account_keeps_its_ids_apart() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    crm.take(&haravan(), [customer("1", "Lan", "0912000123", "", 1).into()], &rules);
    crm.take(&haravan(), [customer("2", "Bình", "0912000123", "", 2).into()], &rules);
    assert_eq!(crm.contacts.len(), 2);
    crm.take(&shop(), [customer("9", "Lan K", "0912000123", "", 3).into()], &rules);
    assert_eq!(crm.contacts.len(), 2);
    assert_eq!(crm.of(&shop(), "9").id, crm.of(&haravan(), "1").id);
}

#[test]
fn what_a_vendor_knows_of_its_customers_stands_in_the_rules_of_its_link() {
    const HINTS: IdentityHints =
        IdentityHints { guarded: true, blocked_emails: &["guest+#@pos.example.com"] };
    let mut link = LinkRules::default();
    link.heed(&HINTS);
    link.heed(&HINTS);
    let text = serde_json::to_string(&link).unwrap();
    assert!(text.contains(r#""guarded":true,"blocked_emails":["guest+#@pos.example.com"]"#), "{text}");
    assert_eq!(serde_json::from_str::<LinkRules>(&text).unwrap(), link);
    assert!(!serde_json::from_str::<LinkRules>("{}").unwrap().guarded, "links of earlier releases are read");

    // The stand-in is one at every shop of the CRM, the guard holds for the shop that has it.
    let rules = Rules::new(IdentityRules::default())
        .with_link(shop(), "KiotViet", LinkRules::default())
        .with_link(haravan(), "Haravan", link);
    for (account, contacts) in [(shop(), 1), (haravan(), 2)] {
        let mut crm = Crm::default();
        for id in ["1", "2"] {
            crm.take(&account, [customer(id, "Lan", "0912000123", "", 1).into()], &rules);
        }
        assert_eq!(crm.contacts.len(), contacts, "{account}");
        let mut crm = Crm::default();
        for id in ["1", "2"] {
            crm.take(&account, [customer(id, "Lan", "", "guest+7@pos.example.com", 1).into()], &rules);
        }
        assert_eq!(crm.contacts.len(), 2, "{account}");
    }
    let bare = Rules::new(IdentityRules::default());
    let mut crm = Crm::default();
    for id in ["1", "2"] {
        crm.take(&shop(), [customer(id, "Lan", "", "guest+7@pos.example.com", 1).into()], &bare);
    }
    assert_eq!(crm.contacts.len(), 1, "nobody was told");
}

#[test]
fn branches_are_kept_apart_when_the_shop_does() {
    let link = LinkRules { separate_branches: true, ..LinkRules::default() };
    let rules = rules_of(link);
    let mut crm = Crm::default();
    for (id, branch) in [("1", "71001"), ("2", "71002")] {
        let mut record = customer(id, "Lan", "0912000123", "", 1);
        record.branch_id = Some(branch.into());
        crm.take(&shop(), [record.into()], &rules);
    }
    assert_eq!(crm.contacts.len(), 2);
}

#[test]
fn deletion_wins_whatever_the_order() {
    let rules = rules_with(Policy::Overwrite);
    let record = customer("1", "Lan", "0912000123", "", 1);
    let sale = order(DocumentKind::Invoice, "7", known("1"), 100, 100, 1);
    let mut removed = Batch::new(shop(), Vec::new());
    removed.removed = vec![(Stream::Customers, "1".into()), (Stream::Invoices, "7".into())];
    let mut states = Vec::new();
    for first in [true, false] {
        let mut crm = Crm::default();
        if first {
            crm.apply(&removed, &rules);
        }
        crm.take(&shop(), [record.clone().into(), sale.clone().into()], &rules);
        if !first {
            crm.apply(&removed, &rules);
        }
        assert!(crm.only().deleted);
        assert_eq!(crm.total(), ("0".into(), 0));
        states.push(crm.state());
    }
    assert_eq!(states[0], states[1]);
}

#[test]
fn a_record_that_joins_two_contacts_leaves_a_redirect() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    crm.take(&shop(), [customer("1", "Lan", "0912000123", "", 10).into()], &rules);
    crm.take(&shop(), [customer("2", "Lan Mẫu", "", "lan@example.com", 20).into()], &rules);
    crm.take(&shop(), [order(DocumentKind::Invoice, "a", known("1"), 100, 100, 2).into()], &rules);
    crm.take(&shop(), [order(DocumentKind::Invoice, "b", known("2"), 11, 11, 2).into()], &rules);
    assert_eq!(crm.contacts.len(), 2);
    let old = crm.of(&shop(), "2").id.clone();
    let changes =
        crm.take(&shop(), [customer("3", "Lan", "0912000123", "lan@example.com", 30).into()], &rules);
    assert_eq!(crm.only().id, crm.of(&shop(), "1").id);
    assert_eq!(crm.redirects[&old], crm.only().id);
    assert_eq!(crm.total(), ("111".into(), 2));
    assert!(changes.audit.iter().any(|entry| matches!(entry, Audit::Merged { from, .. } if *from == old)));
    assert_eq!(crm.only().emails(), ["lan@example.com"]);
}

#[test]
fn a_decision_wins_and_taking_it_back_restores_the_bytes() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    crm.take(&shop(), [customer("1", "Mẹ", "0912000123", "", 10).into()], &rules);
    crm.take(&shop(), [customer("2", "Con", "0912000123", "", 20).into()], &rules);
    crm.take(&shop(), [customer("3", "Khác", "0987000456", "", 30).into()], &rules);
    crm.take(&shop(), [order(DocumentKind::Invoice, "a", known("2"), 100, 100, 2).into()], &rules);
    let before = crm.state();
    let id = |id: &str| SubjectId::customer(&shop(), id);
    for decision in [Decision::Different(id("1"), id("2")), Decision::Same(id("1"), id("3"))] {
        let mut batch = Batch::new(shop(), Vec::new());
        batch.decisions.push(decision.clone());
        crm.apply(&batch, &rules);
        let contacts = if matches!(decision, Decision::Same(..)) { 1 } else { 3 };
        assert_eq!(crm.contacts.len(), contacts);
        let mut batch = Batch::new(shop(), Vec::new());
        batch.revoked.push(decision);
        crm.apply(&batch, &rules);
        assert_eq!(crm.state(), before);
    }
}

#[test]
fn the_hosts_contact_is_found_by_phone_first_and_by_role() {
    let link = LinkRules { role: Role::Account, ..LinkRules::default() };
    let rules = rules_of(link);
    let mut crm = Crm::default();
    let mut batch = Batch::new(shop(), Vec::new());
    let edit = |id: &str, field: &str, value: serde_json::Value, role: Role, minute: i64| {
        Edit::new(ContactId::new(id), at(minute))
            .with_field("name", format!("Tên {id}"))
            .with_field(field, value)
            .with_role(role)
    };
    batch.edits.push(edit("crm-1", "phones", serde_json::json!(["0912000123"]), Role::Contact, 1));
    batch.edits.push(edit("crm-2", "phones", serde_json::json!(["0912 000 123"]), Role::Account, 2));
    batch.edits.push(edit("crm-3", "emails", serde_json::json!(["lan@example.com"]), Role::Account, 0));
    crm.apply(&batch, &rules);
    assert_eq!(crm.host_keys[&ContactId::new("crm-2")].len(), 1);
    let changes =
        crm.take(&shop(), [customer("1", "Lan", "0912000123", "lan@example.com", 5).into()], &rules);
    let bound = crm.of(&shop(), "1");
    assert_eq!((bound.id.as_str(), bound.name()), ("crm-2", Some("Tên crm-2")));
    let suspected = changes.audit.iter().filter(|entry| matches!(entry, Audit::Suspected { .. })).count();
    assert_eq!(suspected, 2, "{:?}", changes.audit);
    assert_eq!(changes.counts.created, 0);
}

#[test]
fn what_people_typed_survives() {
    for (policy, expected) in [
        (Policy::Skip, "Chị Lan"),
        (Policy::FillBlanks, "Chị Lan"),
        (Policy::PreferNewest, "Chị Lan"),
        (Policy::Overwrite, "Lan v2"),
    ] {
        let rules = rules_with(policy.clone());
        let mut crm = Crm::default();
        crm.take(&shop(), [customer("1", "Lan", "0912000123", "", 1).into()], &rules);
        let id = crm.only().id.clone();
        let mut batch = Batch::new(shop(), Vec::new());
        batch.edits.push(Edit::new(id, at(100)).with_field("name", "Chị Lan"));
        crm.apply(&batch, &rules);
        let mut later = edited(customer("1", "Lan v2", "0912000123", "", 1), 50);
        later.note = Some("mới".into());
        crm.take(&shop(), [later.into()], &rules);
        assert_eq!(crm.only().name(), Some(expected), "under {policy:?}");
        assert_eq!(crm.only().text("note"), Some("mới"), "its own record goes on feeding it");
    }
}

#[test]
fn review_asks_and_keeps() {
    let rules = rules_with(Policy::Review);
    let mut crm = Crm::default();
    crm.take(&shop(), [customer("1", "Lan", "0912000123", "", 1).into()], &rules);
    let changes = crm.take(&shop(), [customer("2", "Lan khác", "0912000123", "", 2).into()], &rules);
    assert_eq!(crm.only().name(), Some("Lan"));
    assert_eq!(changes.conflicts.len(), 1);
    assert_eq!(changes.conflicts[0].offered, "Lan khác");
    let shown = format!("{changes:?}");
    assert!(!shown.contains("Lan khác") && !shown.contains("912000123"), "{shown}");
}

#[test]
fn new_contacts_get_role_owner_tags_and_source() {
    let mut link = LinkRules {
        role: Role::Account,
        owner: OwnerRule::Spread(vec!["an".into(), "binh".into()]),
        tags: vec!["pos".into()],
        ..LinkRules::default()
    };
    link.mapping.rules = vec![
        FieldRule { to: "facebook".into(), from: FieldSource::Vendor("psidFacebook".into()) },
        FieldRule { to: "segment".into(), from: FieldSource::Value("retail".into()) },
        FieldRule { to: "name".into(), from: FieldSource::From("code".into()) },
    ];
    link.mapping.without = vec!["note".into()];
    let rules = rules_of(link);
    rules.validate().unwrap();
    let mut record = customer("1", "Lan", "0912000123", "", 1);
    record.code = Some("KH1".into());
    record.note = Some("không lấy".into());
    record.tags = vec!["vip".into()];
    record.custom.insert("psidFacebook".into(), serde_json::json!(6_123_456));
    let mut crm = Crm::default();
    crm.take(&shop(), [record.into()], &rules);
    let contact = crm.only();
    assert_eq!((contact.role.clone(), contact.source.as_deref()), (Role::Account, Some("KiotViet")));
    assert_eq!(contact.created_by.as_deref(), Some("KiotViet"));
    assert!(matches!(contact.owner.as_deref(), Some("an" | "binh")));
    assert_eq!(contact.list("tags"), ["vip", "pos"]);
    assert_eq!(contact.fields["facebook"].value, serde_json::json!(6_123_456));
    assert_eq!(
        (contact.text("segment"), contact.name(), contact.text("note")),
        (Some("retail"), Some("KH1"), None)
    );
    let mut wrong = LinkRules::default();
    wrong.mapping.rules = vec![FieldRule { to: "x".into(), from: FieldSource::From("nonsense".into()) }];
    assert!(rules_of(wrong).validate().is_err());
}

#[test]
fn a_push_binds_the_record_and_its_echo_changes_nothing() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let mut batch = Batch::new(shop(), Vec::new());
    batch.edits.push(
        Edit::new(ContactId::new("crm-1"), at(1))
            .with_field("name", "Lan")
            .with_field("phones", serde_json::json!(["+84912000123"])),
    );
    crm.apply(&batch, &rules);
    // Somebody else at the shop has the same number: the push decides all the same.
    crm.take(&shop(), [customer("5", "Khác", "0987000456", "", 2).into()], &rules);
    let mut pushed = Batch::new(shop(), vec![customer("6", "Lan", "0987000456", "", 3).into()]);
    pushed.pushed_from = Some(ContactId::new("crm-1"));
    crm.apply(&pushed, &rules);
    assert_eq!(crm.of(&shop(), "6").id.as_str(), "crm-1");
    let echo = crm.take(&shop(), [customer("6", "Lan", "0987000456", "", 3).into()], &rules);
    assert!(echo.is_empty(), "{echo:?}");
}

#[test]
fn a_partial_body_wipes_nothing() {
    let rules = rules_with(Policy::Skip);
    let mut full = order(DocumentKind::Order, "1", known("1"), 100, 100, 1);
    full.lines.push(Default::default());
    let mut partial = order(DocumentKind::Order, "1", known("1"), 100, 100, 5);
    partial.incomplete = true;
    let mut crm = Crm::default();
    crm.take(&shop(), [full.into()], &rules);
    crm.take(&shop(), [partial.into()], &rules);
    assert_eq!(crm.documents.values().next().unwrap().record.lines.len(), 1);
}

#[test]
fn an_order_that_gets_a_customer_leaves_no_second_contact() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    crm.take(
        &shop(),
        [order(DocumentKind::Order, "1", stranger("Lan", "0912000123"), 100, 100, 1).into()],
        &rules,
    );
    let mut later = order(DocumentKind::Order, "1", known("5"), 100, 100, 2);
    later.updated_at = Some(at(9));
    crm.take(&shop(), [later.into()], &rules);
    assert_eq!(crm.contacts.len(), 1);
    assert_eq!(crm.of(&shop(), "5").id, crm.only().id);
    assert_eq!(crm.total(), ("100".into(), 1));
}

#[test]
fn what_guards_hold_back_is_suggested_and_may_be_decided_and_undone() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    for (id, phone) in [("1", "0912000123"), ("2", "0912000123"), ("3", "0987000456")] {
        crm.take(&haravan(), [customer(id, "Lan", phone, "", 1).into()], &rules);
    }
    let before = crm.state();
    let suggest = |crm: &Crm| {
        let mut suggestions = Suggestions::new(&rules);
        for contact in crm.contacts.values() {
            suggestions.push(contact, None);
        }
        suggestions.finish()
    };
    let found = suggest(&crm);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].contacts.len(), found[0].keys.len(), found[0].decisions.len()), (2, 1, 1));
    let mut batch = Batch::new(haravan(), Vec::new());
    batch.decisions = found[0].decisions.clone();
    crm.apply(&batch, &rules);
    assert_eq!(crm.contacts.len(), 2);
    assert!(suggest(&crm).is_empty());
    let mut batch = Batch::new(haravan(), Vec::new());
    batch.revoked = found[0].decisions.clone();
    crm.apply(&batch, &rules);
    assert_eq!(crm.state(), before);
}

#[test]
fn what_a_person_refused_is_not_suggested_again() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    for id in ["1", "2", "3"] {
        crm.take(&haravan(), [customer(id, "Lan", "0912000123", "", 1).into()], &rules);
    }
    let contact = |crm: &Crm, id: &str| crm.of(&haravan(), id).id.clone();
    let suggest = |crm: &Crm, refused: &[(&str, &str)], turned: bool| {
        let mut suggestions = Suggestions::new(&rules);
        let mut contacts: Vec<_> = crm.contacts.values().collect();
        contacts.sort_by(|a, b| if turned { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) });
        for contact in contacts {
            suggestions.push(contact, None);
        }
        assert_eq!(suggestions.candidates().len(), 3);
        for (one, other) in refused {
            suggestions.decided(&contact(crm, one), &contact(crm, other));
        }
        suggestions.finish()
    };
    let asked = |refused: &[(&str, &str)]| {
        let found = suggest(&crm, refused, false);
        assert_eq!(found, suggest(&crm, refused, true), "whatever the order");
        let all = |one: &Suggestion| one.contacts.clone();
        found.iter().map(all).collect::<Vec<_>>()
    };
    let group = |ids: &[&str]| ids.iter().map(|id| contact(&crm, id)).collect::<Vec<_>>();
    assert_eq!(asked(&[]), [group(&["1", "2", "3"])]);
    assert_eq!(
        asked(&[("1", "2")]),
        [group(&["1", "3"])],
        "3 with the first; with 2 when that is refused too"
    );
    assert_eq!(asked(&[("2", "1"), ("3", "1")]), [group(&["2", "3"])]);
    assert!(asked(&[("1", "2"), ("1", "3"), ("2", "3")]).is_empty());
    // No decision that is offered joins what was refused.
    let offered = suggest(&crm, &[("1", "2")], false);
    assert_eq!(offered[0].decisions.len(), 1);
}

#[test]
fn an_edit_of_a_retired_id_is_an_edit_of_its_heir() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    crm.take(&shop(), [customer("2", "Lan", "0912000123", "", 2).into()], &rules);
    let shown = crm.only().id.clone();
    crm.take(&shop(), [customer("1", "Lan", "0912000123", "", 1).into()], &rules);
    let heir = crm.only().id.clone();
    assert_ne!(shown, heir);
    let mut batch = Batch::new(shop(), Vec::new());
    batch.edits.push(Edit::new(shown.clone(), NOW).with_field("note", "khách quen"));
    crm.apply(&batch, &rules);
    assert_eq!((&crm.only().id, crm.only().text("note")), (&heir, Some("khách quen")));
    assert_eq!(crm.redirects.get(&shown), Some(&heir));
    // So is what its push was answered.
    let mut answer = Batch::new(shop(), vec![customer("9", "Lan", "0987000456", "", 3).into()]);
    answer.pushed_from = Some(shown);
    crm.apply(&answer, &rules);
    assert_eq!(crm.only().id, heir);
    assert_eq!(crm.of(&shop(), "9").id, heir);
}
