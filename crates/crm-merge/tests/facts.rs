//! Facts over time: what was seen last counts, whatever the order in which it arrives.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

mod common;

use common::*;
use crm_merge::{Batch, ContactId, DocumentId, Edit, EntryId, Policy, Rules, Version};
use pos_core::identity::SubjectId;
use pos_core::record::{
    CustomerRecord, DocumentKind, OrderRecord, ProductRecord, Record, Stream, TicketRecord,
};
use time::{Duration, OffsetDateTime};

/// Small numbers that look random: the same ones every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, usize::try_from(self.roll(at as u64 + 1)).unwrap());
        }
    }
}

/// One sight of an object: alive with a text and the vendor's time of change, or gone.
#[derive(Clone, Debug)]
struct Sight {
    seen: OffsetDateTime,
    state: Option<(String, Option<OffsetDateTime>)>,
}

fn second(second: i64) -> OffsetDateTime {
    at(0) + Duration::seconds(second)
}

/// What a vendor may do to an object and its time of change, and when somebody looks.
fn history(dice: &mut Dice) -> Vec<Sight> {
    let mut sights = Vec::new();
    let mut state: Option<(String, Option<OffsetDateTime>)> = Some(("a".into(), Some(second(0))));
    for now in 1..=(4 + i64::try_from(dice.roll(8)).unwrap()) {
        match dice.roll(6) {
            0 => state = None,
            1 => {}
            _ => {
                let text = ["a", "b", "c"][usize::try_from(dice.roll(3)).unwrap()].to_owned();
                let before = state.as_ref().and_then(|(_, stamp)| *stamp);
                let stamp = match dice.roll(5) {
                    // The change moves no time.
                    0 => before,
                    1 => None,
                    // A clock that is a year ahead.
                    2 => Some(second(now) + Duration::days(365)),
                    _ => Some(second(now)),
                };
                state = Some((text, stamp));
            }
        }
        if dice.roll(3) > 0 {
            sights.push(Sight { seen: second(now) + Duration::milliseconds(500), state: state.clone() });
        }
    }
    sights
}

fn product(text: &str, changed: Option<OffsetDateTime>) -> Record {
    let record = ProductRecord {
        id: "1".into(),
        name: Some(text.to_owned()),
        updated_at: changed,
        ..ProductRecord::default()
    };
    record.into()
}

fn person(text: &str, changed: Option<OffsetDateTime>) -> Record {
    let mut record: CustomerRecord = customer("1", text, "0912000123", "", 0);
    record.created_at = None;
    record.updated_at = changed;
    record.note = Some(text.to_owned());
    record.into()
}

fn sale(text: &str, changed: Option<OffsetDateTime>) -> Record {
    let mut record: OrderRecord = order(DocumentKind::Order, "1", None, 100, 100, 0);
    record.placed_at = None;
    record.updated_at = changed;
    record.note = Some(text.to_owned());
    record.into()
}

fn batch(stream: Stream, sight: &Sight) -> Batch {
    let record = |(text, changed): &(String, Option<OffsetDateTime>)| match stream {
        Stream::Customers => person(text, *changed),
        Stream::Orders => sale(text, *changed),
        _ => product(text, *changed),
    };
    let mut batch = Batch::new(shop(), sight.state.iter().map(record).collect());
    if sight.state.is_none() {
        batch.removed.push((stream, "1".into()));
    }
    batch.with_seen_at(sight.seen)
}

/// What the CRM says of the object: its text, or nothing when it is gone.
fn said(crm: &Crm, stream: Stream) -> Option<String> {
    match stream {
        Stream::Customers => {
            let subject = crm.subjects.get(&SubjectId::customer(&shop(), "1"))?;
            (!subject.record.deleted).then(|| subject.record.note.clone())?
        }
        Stream::Orders => {
            let document = crm.documents.get(&DocumentId::new(shop(), DocumentKind::Order, "1"))?;
            (!document.deleted).then(|| document.record.note.clone())?
        }
        _ => {
            let id = EntryId::new(shop(), stream, "1");
            let entry = crm.entries.get(&id).filter(|entry| !entry.deleted)?;
            match &**entry.record.as_ref()? {
                Record::Product(product) => product.name.clone(),
                _ => None,
            }
        }
    }
}

#[test]
fn ten_thousand_histories_end_with_the_latest_sight_in_any_order_of_arrival() {
    let rules = rules_with(Policy::Overwrite);
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    for round in 0..10_000 {
        let stream = [Stream::Customers, Stream::Orders, Stream::Products][round % 3];
        let sights = history(&mut dice);
        let Some(last) = sights.iter().max_by_key(|sight| sight.seen) else { continue };
        let mut arriving = sights.clone();
        for sight in &sights {
            if dice.roll(3) == 0 {
                arriving.push(sight.clone());
            }
        }
        dice.shuffle(&mut arriving);
        // A removal of an object that nobody ever saw leaves nothing to say about products.
        let mut crm = Crm::default();
        for sight in &arriving {
            crm.apply(&batch(stream, sight), &rules);
        }
        let expected = last.state.as_ref().map(|(text, _)| text.clone());
        assert_eq!(said(&crm, stream), expected, "round {round}, {stream}: {arriving:#?}");
    }
}

/// Every order of three things.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// A version with the second of its change, if the vendor says one, and the second in which it was seen.
fn version(changed: Option<i64>, seen: i64, content: u8) -> Version {
    Version::new(changed.map(second), second(seen), &[content])
}

proptest::proptest! {
    #[test]
    fn of_two_versions_exactly_one_is_the_later(
        one in (proptest::option::of(0..4_i64), 0..4_i64, 0..3_u8),
        other in (proptest::option::of(0..4_i64), 0..4_i64, 0..3_u8),
    ) {
        let (one, other) = (version(one.0, one.1, one.2), version(other.0, other.1, other.2));
        let is_same = !one.is_after(&other) && !other.is_after(&one);
        proptest::prop_assert!(!(one.is_after(&other) && other.is_after(&one)));
        proptest::prop_assert!(!is_same || (one.seen, one.hash) == (other.seen, other.hash));
    }

    /// A vendor whose times do not run backwards, some of whose answers carry none.
    #[test]
    fn the_last_of_three_mixed_versions_wins_in_any_order_of_arrival(
        steps in proptest::array::uniform3((proptest::bool::ANY, 0..3_i64, 1..3_i64)),
    ) {
        let (mut changed, mut seen) = (0, 0);
        let mut versions = Vec::new();
        for (content, (is_told, change, look)) in (0..).zip(steps) {
            changed = if change > 0 { seen + change - 1 } else { changed };
            seen = seen.max(changed) + look;
            versions.push(version(is_told.then_some(changed), seen, content));
        }
        for order in ORDERS {
            let mut known = versions[order[0]];
            for at in [order[1], order[2]] {
                let arrived = versions[at];
                if arrived.is_after(&known) {
                    known = Version { seen: known.seen.max(arrived.seen), ..arrived };
                }
            }
            proptest::prop_assert_eq!(known.hash, versions[2].hash, "{:?} of {:?}", order, versions);
        }
    }
}

#[test]
fn a_read_mends_what_a_delivery_without_a_time_said() {
    // Why no single order of (time of change or else sight) will do: the delivery would outlive every later read of an
    // object that does not change any more.
    let delivery = version(None, 20, 1);
    let read = version(Some(10), 30, 2);
    assert!(read.is_after(&delivery) && !delivery.is_after(&read));
    // The price: where a vendor's times run backwards as well, the order of arrival decides.
    let stale = version(Some(9), 40, 3);
    let fresh = version(Some(10), 10, 4);
    assert!(stale.is_after(&delivery) && delivery.is_after(&fresh) && fresh.is_after(&stale));
}

fn apply(crm: &mut Crm, records: Vec<Record>, minute: i64, rules: &Rules) {
    crm.apply(&Batch::new(shop(), records).with_seen_at(at(minute)), rules);
}

#[test]
fn a_change_that_moves_no_time_arrives() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let placed = order(DocumentKind::Order, "7", known("1"), 260_000, 0, 1);
    let paid = order(DocumentKind::Order, "7", known("1"), 260_000, 260_000, 1);
    apply(&mut crm, vec![placed.into()], 2, &rules);
    apply(&mut crm, vec![paid.into()], 3, &rules);
    assert_eq!(crm.total(), ("260000".into(), 1));
}

#[test]
fn what_was_deleted_and_is_seen_alive_lives_again() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    let person = customer("1", "Lan", "0912000123", "", 1);
    let sale = order(DocumentKind::Order, "7", known("1"), 100, 100, 1);
    let facts = || vec![person.clone().into(), sale.clone().into()];
    apply(&mut crm, facts(), 2, &rules);
    let before = crm.state();
    let mut removed = Batch::new(shop(), Vec::new()).with_seen_at(at(3));
    removed.removed = vec![(Stream::Customers, "1".into()), (Stream::Orders, "7".into())];
    crm.apply(&removed, &rules);
    assert!(crm.only().deleted);
    assert_eq!(crm.total(), ("0".into(), 0));
    apply(&mut crm, facts(), 2, &rules);
    assert!(crm.only().deleted, "a sight from before the deletion brings nothing back");
    apply(&mut crm, facts(), 4, &rules);
    assert_eq!(crm.state(), before);
    crm.apply(&removed, &rules);
    assert_eq!(crm.state(), before, "the deletion is older than the last sight");
}

#[test]
fn a_deletion_by_another_name_of_the_document_finds_it() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    let mut sale = order(DocumentKind::Order, "1041", known("1"), 100, 100, 1);
    sale.aliases = vec!["WEB-1001".into()];
    apply(&mut crm, vec![sale.into()], 2, &rules);
    let mut removed = Batch::new(shop(), Vec::new()).with_seen_at(at(3));
    removed.removed = vec![(Stream::Orders, "WEB-1001".into())];
    crm.apply(&removed, &rules);
    assert_eq!((crm.documents.len(), crm.total()), (1, ("0".into(), 0)));
}

#[test]
fn a_deleted_record_feeds_nobody_while_a_living_one_is_there() {
    for policy in [Policy::Skip, Policy::Overwrite, Policy::FillBlanks, Policy::PreferNewest] {
        let rules = rules_with(policy.clone());
        let mut crm = Crm::default();
        let mut old = customer("1", "Lan cũ", "0912000123", "cu@example.com", 1);
        old.deleted = true;
        let new = customer("2", "Mai Lan", "0912000123", "lan@example.com", 5);
        apply(&mut crm, vec![old.into(), new.into()], 10, &rules);
        let contact = crm.only();
        assert_eq!(
            (contact.name(), contact.emails()),
            (Some("Mai Lan"), vec!["lan@example.com"]),
            "{policy:?}"
        );
    }
}

fn guest(name: &str, phone: &str, email: &str) -> Option<pos_core::record::Party> {
    let mut points = pos_core::record::ContactPoints::default();
    points.phone(Some(phone), pos_core::record::PhoneSource::Own);
    points.email(Some(email).filter(|email| !email.is_empty()));
    pos_core::entity::party(None, Some(name), points, None)
}

#[test]
fn a_guest_attaches_and_never_overwrites_renames_or_joins() {
    for policy in [Policy::Skip, Policy::Overwrite, Policy::FillBlanks, Policy::PreferNewest] {
        let rules = rules_with(policy.clone());
        let mut crm = Crm::default();
        let a = customer("1", "Lan", "0912000123", "", 1);
        let b = customer("2", "Bình", "0987000456", "binh@example.com", 2);
        let sale = |id: &str, party, minute| -> Record {
            order(DocumentKind::Order, id, party, 100, 100, minute).into()
        };
        let facts: Vec<Record> = vec![
            a.into(),
            b.into(),
            sale("7", guest("Tên Khác", "0912000123", "binh@example.com"), 50),
            sale("8", guest("Người Nữa", "0912000123", ""), 60),
        ];
        let mut states = Vec::new();
        for turn in 0..4 {
            let mut facts = facts.clone();
            facts.rotate_left(turn);
            let mut crm = Crm::default();
            for fact in facts {
                apply(&mut crm, vec![fact], 100, &rules);
            }
            states.push(crm.state());
        }
        assert!(states.iter().all(|state| *state == states[0]), "{policy:?}: the order of arrival matters");
        apply(&mut crm, facts, 100, &rules);
        assert_eq!(crm.state(), states[0]);
        assert_eq!(crm.contacts.len(), 2, "{policy:?}");
        assert_eq!((crm.of(&shop(), "1").name(), crm.of(&shop(), "2").name()), (Some("Lan"), Some("Bình")));
        let lan = crm.of(&shop(), "1").id.clone();
        assert_eq!(crm.totals()[&lan], (200.into(), 2), "{policy:?}");
    }
}

#[test]
fn guests_with_one_number_are_one_contact_named_by_the_first() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let sale = |id: &str, name: &str, minute| -> Record {
        order(DocumentKind::Order, id, guest(name, "0912000123", ""), 100, 100, minute).into()
    };
    apply(&mut crm, vec![sale("7", "Lan", 1), sale("8", "Chị Lan", 2)], 10, &rules);
    assert_eq!((crm.only().name(), crm.total()), (Some("Lan"), ("200".into(), 2)));
}

#[test]
fn a_guest_of_two_possible_customers_goes_to_the_one_whose_name_agrees() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    // Haravan's ids stay apart although they share a number.
    let people: Vec<Record> = vec![
        customer("1", "Mẹ Hoa", "0912000123", "", 1).into(),
        customer("2", "Con Nam", "0912000123", "", 2).into(),
    ];
    crm.apply(&Batch::new(haravan(), people).with_seen_at(at(5)), &rules);
    assert_eq!(crm.contacts.len(), 2);
    let sale = order(DocumentKind::Order, "7", guest("Nam", "0912000123", ""), 100, 100, 3);
    crm.apply(&Batch::new(haravan(), vec![sale.into()]).with_seen_at(at(6)), &rules);
    let nam = crm.of(&haravan(), "2").id.clone();
    assert_eq!(crm.totals()[&nam], (100.into(), 1));
}

#[test]
fn a_test_order_makes_nobody_a_contact() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    let mut sale = order(DocumentKind::Order, "7", guest("Lan", "0912000123", ""), 100, 100, 3);
    sale.test = true;
    apply(&mut crm, vec![sale.into()], 6, &rules);
    assert!(crm.contacts.is_empty());
}

#[test]
fn every_usable_number_finds_its_contact_whatever_recognises_people() {
    let link = crm_merge::LinkRules { match_by: Some(Vec::new()), ..crm_merge::LinkRules::default() };
    let rules = rules_of(link);
    let mut crm = Crm::default();
    apply(&mut crm, vec![customer("1", "Lan", "0912000123", "lan@example.com", 1).into()], 6, &rules);
    let subject = &crm.subjects[&SubjectId::customer(&shop(), "1")];
    let finds: Vec<String> = subject.finds.iter().map(pos_core::identity::Key::to_text).collect();
    assert_eq!((subject.keys.len(), finds), (0, vec!["p:84912000123".into(), "e:lan@example.com".into()]));
}

#[test]
fn what_the_crm_changed_is_noted_until_the_shop_agrees() {
    let rules = rules_with(Policy::FillBlanks);
    let mut crm = Crm::default();
    let record = customer("1", "Lan", "0912000123", "", 1);
    apply(&mut crm, vec![record.clone().into()], 6, &rules);
    let id = SubjectId::customer(&shop(), "1");
    let unsent = |crm: &Crm| crm.subjects[&id].unsent.iter().cloned().collect::<Vec<_>>();
    assert!(unsent(&crm).is_empty());
    let contact = crm.only().id.clone();
    let mut edit = Batch::new(shop(), Vec::new());
    edit.edits.push(crm_merge::Edit::new(contact.clone(), at(7)).with_field("name", "Chị Lan"));
    crm.apply(&edit, &rules);
    assert_eq!(unsent(&crm), ["name"]);
    // The shop changes something else meanwhile.
    let mut other = edited(record, 8);
    other.note = Some("gọi sau 20h".into());
    apply(&mut crm, vec![other.clone().into()], 9, &rules);
    assert_eq!(unsent(&crm), ["name"]);
    other.name = Some("Chị Lan".into());
    let mut pushed = Batch::new(shop(), vec![edited(other, 10).into()]).with_seen_at(at(10));
    pushed.pushed_from = Some(contact);
    crm.apply(&pushed, &rules);
    assert!(unsent(&crm).is_empty());
}

#[test]
fn typed_numbers_are_kept_as_they_are_read() {
    let rules = rules_with(Policy::Skip);
    let mut crm = Crm::default();
    let mut batch = Batch::new(shop(), Vec::new());
    let typed = serde_json::json!(["0912 000 123", "+84912000123", "abc"]);
    batch.edits.push(crm_merge::Edit::new(ContactId::new("crm-1"), at(1)).with_field("phones", typed));
    crm.apply(&batch, &rules);
    assert_eq!(crm.only().phones(), ["+84912000123"]);
}

fn seen(records: Vec<Record>, minute: i64) -> Batch {
    Batch::new(shop(), records).with_seen_at(at(minute))
}

fn gone(stream: Stream, id: &str, minute: i64) -> Batch {
    let mut batch = Batch::new(shop(), Vec::new()).with_seen_at(at(minute));
    batch.removed = vec![(stream, id.to_owned())];
    batch
}

/// The vendor gave a time of change once, and gives none now (a list that lacks what a webhook has; a null): where the
/// time is absent, the sight decides.
#[test]
fn an_order_whose_time_of_change_is_absent_by_now_is_what_was_seen_last() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let mut placed = order(DocumentKind::Order, "7", known("1"), 100, 0, 1);
    placed.updated_at = Some(at(5));
    let mut paid = order(DocumentKind::Order, "7", known("1"), 100, 100, 1);
    paid.updated_at = None;
    crm.apply(&seen(vec![placed.into()], 10), &rules);
    crm.apply(&seen(vec![paid.into()], 20), &rules);
    assert_eq!(crm.total(), ("100".into(), 1));
}

#[test]
fn a_customer_whose_time_of_change_is_absent_by_now_is_what_was_seen_last() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let mut old = customer("1", "Lan", "0912000123", "", 1);
    old.updated_at = Some(at(5));
    let mut new = customer("1", "Mai Lan", "0912000123", "", 1);
    new.updated_at = None;
    crm.apply(&seen(vec![old.into()], 10), &rules);
    crm.apply(&seen(vec![new.into()], 20), &rules);
    assert_eq!(crm.only().name(), Some("Mai Lan"));
}

/// Gone at minute 10; seen alive at minute 20 with a lower time of change.
#[test]
fn a_restored_record_lives_again_although_its_time_of_change_fell() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let mut before = order(DocumentKind::Order, "7", known("1"), 100, 100, 1);
    before.updated_at = Some(at(5));
    let mut restored = order(DocumentKind::Order, "7", known("1"), 100, 100, 1);
    restored.updated_at = Some(at(4));
    crm.apply(&seen(vec![before.into()], 6), &rules);
    crm.apply(&gone(Stream::Orders, "7", 10), &rules);
    crm.apply(&seen(vec![restored.into()], 20), &rules);
    assert_eq!(crm.total(), ("100".into(), 1));
}

/// A partial body shows a deleted document alive.
#[test]
fn a_deleted_order_that_a_partial_body_shows_lives_again() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let mut whole = order(DocumentKind::Order, "7", known("1"), 100, 100, 1);
    whole.lines = vec![pos_core::record::Line::default()];
    let mut part = order(DocumentKind::Order, "7", known("1"), 100, 100, 1);
    part.incomplete = true;
    crm.apply(&seen(vec![whole.into()], 6), &rules);
    crm.apply(&gone(Stream::Orders, "7", 10), &rules);
    crm.apply(&seen(vec![part.into()], 20), &rules);
    assert_eq!(crm.total(), ("100".into(), 1));
}

/// The deletion by another name arrives first, and the document that it means later: the same end as the other way.
#[test]
fn a_deletion_by_another_name_counts_in_either_order_of_arrival() {
    let rules = rules_with(Policy::Overwrite);
    let mut sale = order(DocumentKind::Order, "1041", known("1"), 100, 100, 1);
    sale.aliases = vec!["WEB-1001".into()];
    let facts = [seen(vec![sale.into()], 10), gone(Stream::Orders, "WEB-1001", 20)];
    let mut ends = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let mut crm = Crm::default();
        for at in order {
            crm.apply(&facts[at], &rules);
        }
        let id = DocumentId::new(shop(), DocumentKind::Order, "1041");
        ends.push((crm.documents[&id].deleted, crm.total().0));
    }
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn a_customer_deleted_by_another_name_is_deleted() {
    let rules = rules_with(Policy::Overwrite);
    let mut crm = Crm::default();
    let mut lan = customer("1", "Lan", "0912000123", "", 1);
    lan.aliases = vec!["1b".into()];
    crm.apply(&seen(vec![lan.into()], 10), &rules);
    crm.apply(&gone(Stream::Customers, "1b", 20), &rules);
    assert!(crm.subjects[&SubjectId::customer(&shop(), "1")].record.deleted);
}

/// Two people whom the host typed in; a guest orders with A's phone and B's e-mail; then B's customer record comes.
#[test]
fn what_a_guest_typed_takes_no_customer_to_another_persons_contact() {
    for policy in [Policy::Skip, Policy::Overwrite, Policy::FillBlanks, Policy::PreferNewest] {
        let rules = rules_with(policy.clone());
        let mut crm = Crm::default();
        let mut typed = Batch::new(shop(), Vec::new());
        typed.edits.push(
            Edit::new(ContactId::new("crm-a"), at(1))
                .with_field("name", "An")
                .with_field("phones", "0912000123"),
        );
        typed.edits.push(
            Edit::new(ContactId::new("crm-b"), at(2))
                .with_field("name", "Bình")
                .with_field("emails", "binh@example.com"),
        );
        crm.apply(&typed, &rules);
        let sale =
            order(DocumentKind::Order, "7", guest("An", "0912000123", "binh@example.com"), 100, 100, 5);
        crm.apply(&seen(vec![sale.into()], 10), &rules);
        crm.apply(&seen(vec![customer("2", "Bình", "", "binh@example.com", 20).into()], 30), &rules);
        assert_eq!(crm.of(&shop(), "2").id.as_str(), "crm-b", "{policy:?}: {:?}", crm.contacts);
    }
}

#[test]
fn ids_are_written_as_ever() {
    let document = DocumentId::new(shop(), DocumentKind::Invoice, "7");
    let text = r#"{"account":{"vendor":"kiotviet","id":"cuahangmau"},"kind":"invoice","id":"7"}"#;
    assert_eq!(serde_json::to_string(&document).unwrap(), text);
    assert_eq!(serde_json::from_str::<DocumentId>(text).unwrap(), document);
    assert_eq!(document.to_string(), "kiotviet:cuahangmau/invoices/7");

    let entry = EntryId::new(shop(), Stream::Products, "9");
    let text = r#"{"account":{"vendor":"kiotviet","id":"cuahangmau"},"stream":"products","id":"9"}"#;
    assert_eq!(serde_json::to_string(&entry).unwrap(), text);
    assert_eq!(serde_json::from_str::<EntryId>(text).unwrap(), entry);

    // Ids made apart are the same to a map and in their order.
    let apart = [DocumentId::new(shop(), DocumentKind::Invoice, "7"), document];
    assert_eq!(apart[0].cmp(&apart[1]), std::cmp::Ordering::Equal);
    assert_eq!(std::collections::HashSet::from(apart).len(), 1);
    let mut ids = [
        DocumentId::new(shop(), DocumentKind::Return, "1"),
        DocumentId::new(shop(), DocumentKind::Order, "2"),
        DocumentId::new(common::haravan(), DocumentKind::Return, "3"),
        DocumentId::new(shop(), DocumentKind::Order, "10"),
    ];
    ids.sort();
    assert_eq!(ids.map(|id| id.id.to_string()), ["3", "10", "2", "1"]);
}

fn ticket(kind: &str, minute: i64) -> Record {
    TicketRecord {
        id: "t1".into(),
        kind: Some(kind.into()),
        note: Some("Gọi lại".into()),
        updated_at: Some(at(minute)),
        ..TicketRecord::default()
    }
    .into()
}

#[test]
fn a_ticket_that_is_told_as_deleted_is_none() {
    let (rules, mut crm) = (Rules::default(), Crm::default());
    crm.take(&shop(), [ticket("Bảo hành", 1)], &rules);
    let Record::Ticket(mut told) = ticket("Bảo hành", 2) else { unreachable!() };
    told.deleted = true;
    crm.take(&shop(), [Record::Ticket(told)], &rules);
    let id = EntryId::new(shop(), Stream::Tickets, "t1");
    assert!(crm.entries[&id].deleted && crm.entries[&id].ticket().is_none());
    crm.take(&shop(), [ticket("Bảo hành", 3)], &rules);
    assert!(crm.entries[&id].ticket().is_some(), "it lives again");
}

#[test]
fn a_ticket_is_what_it_said_last_in_any_order() {
    let (rules, mut crm) = (Rules::default(), Crm::default());
    for record in [ticket("A", 1), ticket("A", 5), ticket("B", 3)] {
        crm.take(&shop(), [record], &rules);
    }
    let id = EntryId::new(shop(), Stream::Tickets, "t1");
    assert_eq!(crm.entries[&id].ticket().unwrap().kind.as_deref(), Some("A"));
}
