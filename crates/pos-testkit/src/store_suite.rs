//! One suite for every [`Store`].
//!
//! [`store_contract!`](crate::store_contract) makes a test of each function here. A store that passes them all can carry
//! a sync: nothing lost, nothing doubled, nothing half-written.
//!
//! ```
//! use pos_sync::MemoryStore;
//! use pos_testkit::store_suite::Opened;
//!
//! async fn open() -> Opened {
//!     Opened::new(MemoryStore::new())
//! }
//!
//! pos_testkit::store_contract!(memory, open);
//! # fn main() {}
//! ```

// A suite fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crm_merge::{
    Audit, Batch, Change, ChangeSet, Conflict, Contact, ContactId, Decision, Document, DocumentId, Edit,
    Entry, EntryId, KeyHint, LedgerReason, LedgerRow, LinkRules, Outbox, Policy, Push, Redirect, Rules,
    Snapshot, Subject, Version, Want, host_keys, plan, wants,
};
use pos_core::connector::CustomerPush;
use pos_core::identity::{
    E164, EmailKey, IdentityRules, IgnoreReason, Key, KeyClass, SubjectId, SubjectKind,
};
use pos_core::record::{
    Account, BranchRecord, CategoryRecord, ContactPoints, Currency, CustomerRecord, DocumentKind, Identity,
    Money, OrderRecord, OrderStatus, Party, PaymentCategory, PaymentState, PhoneSource, ProductRecord,
    Record, StatusCategory, Stream, TicketRecord, UserRecord, Vendor,
};
use pos_core::webhook::{Remember, Trust, Verified, WebhookRequest};
use pos_core::{Cursor, Rejected};
use pos_sync::{
    Boxed, ChangedObject, Checkpoint, Commit, ContactQuery, Depth, Fate, InboxItem, Link, LinkOptions,
    LinkStatus, LinkTurn, OutboxItem, Rejection, Retention, Run, RunKind, RunStatus, Settled, Store,
    StoreError, Totals, Which, Window,
};
use time::OffsetDateTime;
use time::macros::datetime;

type Reopen = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send>> + Send + Sync>;

/// A fresh store with whatever has to live as long as it.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    keep: Vec<Box<dyn Any + Send + Sync>>,
    again: Option<Reopen>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Opened {
    /// A store that is empty.
    pub fn new(store: impl Store + 'static) -> Self {
        Self { store: Arc::new(store), keep: Vec::new(), again: None }
    }

    /// Keeps something until the test is over, such as a temporary directory.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.keep.push(Box::new(guard));
        self
    }

    /// Says how to open the same data a second time. Without it the tests of persistence have nothing to do.
    #[must_use]
    pub fn reopened_by<S, F>(mut self, open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        S: Store + 'static,
        F: Future<Output = S> + Send + 'static,
    {
        self.again = Some(Box::new(move || {
            let opening = open();
            Box::pin(async move { Arc::new(opening.await) as Arc<dyn Store> })
        }));
        self
    }
}

/// Makes the tests of [`store_suite`](crate::store_suite) for a store: a name for the module, and an async function that
/// answers a fresh [`Opened`](crate::store_suite::Opened).
#[macro_export]
macro_rules! store_contract {
    ($name:ident, $open:expr $(,)?) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::store_contract!(@each $open;
                an_empty_store_is_empty
                links_are_kept_by_account
                links_turn_from_what_they_are_by_now
                customers_come_back_as_they_went
                documents_come_back_as_they_went
                what_is_sealed_is_kept_replaced_and_forgotten
                entries_come_back_with_their_own_kind_of_record
                tickets_stand_on_the_contact_wherever_its_customers_go
                a_ticket_changes_by_what_it_is_about_and_not_by_a_note
                unusual_values_come_back_exactly
                a_commit_that_fails_writes_nothing
                a_commit_writes_everything_at_once
                a_record_that_changed_is_a_conflict
                a_record_that_came_is_a_conflict
                a_record_that_went_is_a_conflict
                a_contact_that_changed_is_a_conflict
                a_holder_that_came_is_a_conflict
                a_holder_that_went_is_a_conflict
                a_contact_of_the_host_with_a_read_key_is_a_conflict
                a_document_that_changed_is_a_conflict
                a_document_that_refers_to_a_read_name_is_a_conflict
                an_entry_that_changed_is_a_conflict
                a_decision_is_a_conflict
                a_row_that_is_there_cannot_be_new
                commits_that_share_nothing_both_pass
                concurrent_writers_lose_nothing
                a_retired_id_leads_on
                what_is_meant_for_a_retired_id_goes_to_its_heir
                a_circle_of_retired_ids_leads_nowhere
                a_contact_that_is_written_again_comes_back
                snapshots_follow_keys_to_the_end
                snapshots_bring_all_records_of_a_contact
                snapshots_fetch_the_holders_of_an_allowed_key
                snapshots_say_which_mentioned_customers_are_known
                snapshots_leave_out_what_says_the_same
                snapshots_report_shared_keys_and_leave_their_holders
                snapshots_count_holders_as_identity_does
                snapshots_find_contacts_of_the_host
                snapshots_follow_other_ids_of_a_customer
                snapshots_bring_decisions_and_both_records
                snapshots_follow_documents
                snapshots_follow_other_names_of_documents
                a_dropped_record_leaves_nothing_behind
                leases_are_held_by_one
                leases_that_were_lost_stop_a_commit
                checkpoints_are_kept_by_stream
                runs_are_numbered_and_listed
                rejections_are_kept_by_run
                deliveries_are_accepted_once
                deliveries_wait_until_they_are_due
                deliveries_are_remembered_as_long_as_they_say
                a_delivery_that_came_meanwhile_is_not_done
                deliveries_keep_their_bodies
                items_that_failed_are_revived_and_dismissed
                the_newest_push_of_an_object_stands_for_those_before_it
                old_rows_are_purged
                changes_are_told_in_order
                what_was_not_seen_again_is_listed
                a_removal_beats_no_later_sight
                keys_find_without_recognising
                pushes_remember_that_they_may_have_arrived
                a_push_that_takes_anothers_place_remembers_too
                a_push_is_sent_by_who_holds_the_lease_while_it_waits
                quotas_are_written_by_one_at_a_time
                pushes_replace_those_that_wait
                pushes_wait_fail_and_come_again
                totals_are_exact
                totals_follow_the_ledger_and_the_buyer
                the_best_contacts_are_ranked_exactly
                questions_are_replaced_with_their_contact
                the_audit_trail_is_kept
                duplicates_are_listed_by_page
                contacts_and_entries_are_listed_by_page
                planning_again_changes_nothing
                every_order_of_arrival_ends_the_same
                a_large_batch_is_one_commit
                what_was_committed_survives_reopening
                two_handles_see_each_other
                debug_shows_nobody
            );
        }
    };
    (@each $open:expr; $($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            $crate::store_suite::$test(($open)().await).await;
        }
    )*};
}

const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);
/// When plans are made: after everything that the facts of these tests say.
const PLANNED: OffsetDateTime = datetime!(2026-12-21 09:00 UTC);
const LAN: &str = "0912000123";
const BINH: &str = "0987000456";

fn at(minutes: u64) -> OffsetDateTime {
    NOW + Duration::from_secs(60 * minutes)
}

fn shop() -> Account {
    Account::new(Vendor::new("kiotviet"), "cuahangmau")
}

fn other_shop() -> Account {
    Account::new(Vendor::new("sapo"), "cua/hang%mau")
}

fn phone(text: &str) -> Key {
    let digits: u64 = text.parse().unwrap();
    Key::Phone(E164::new(84_000_000_000 + digits).unwrap())
}

fn email(text: &str) -> Key {
    Key::Email(EmailKey::from_folded(text))
}

fn rules() -> Rules {
    rules_with(20)
}

fn rules_with(max_key_holders: u32) -> Rules {
    let identity = IdentityRules { max_key_holders, ..IdentityRules::default() };
    let link = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    Rules::new(identity).with_link(shop(), "KiotViet", link.clone()).with_link(other_shop(), "Sapo", link)
}

fn customer(id: &str, name: &str, phone: &str, minute: u64) -> CustomerRecord {
    let mut record = CustomerRecord {
        id: id.to_owned(),
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        ..CustomerRecord::default()
    };
    record.raw_name = record.name.clone();
    let mut points = ContactPoints::default();
    points.phone(Some(phone), PhoneSource::Own);
    record.phones = points.phones;
    record.created_at = Some(at(minute));
    record.updated_at = Some(at(minute));
    record
}

fn with_email(mut record: CustomerRecord, email: &str) -> CustomerRecord {
    let mut points = ContactPoints::default();
    points.email(Some(email));
    record.emails = points.emails;
    record
}

fn changed(mut record: CustomerRecord, minute: u64) -> CustomerRecord {
    record.updated_at = Some(at(minute));
    record
}

fn paper(kind: DocumentKind, id: &str, buyer: Option<&str>, total: i64, minute: u64) -> OrderRecord {
    let mut record = OrderRecord::new(kind, id);
    record.status = OrderStatus::new(StatusCategory::Completed, None, None);
    record.payment = PaymentState::new(PaymentCategory::Paid, None);
    record.placed_at = Some(at(minute));
    record.updated_at = Some(at(minute));
    record.total = Some(total.into());
    record.buyer =
        buyer.map(|id| Party { id: Some(id.to_owned()), identity: Identity::Person, ..Party::default() });
    record
}

fn guest(kind: DocumentKind, id: &str, phone: &str, total: i64, minute: u64) -> OrderRecord {
    let mut record = paper(kind, id, None, total, minute);
    let mut party = Party { raw_name: Some("Khách Lẻ".into()), ..Party::default() };
    let mut points = ContactPoints::default();
    points.phone(Some(phone), PhoneSource::Own);
    party.phones = points.phones;
    record.buyer = Some(party);
    record
}

fn subject_id(id: &str) -> SubjectId {
    SubjectId::customer(&shop(), id)
}

fn contact_id(id: &str) -> ContactId {
    ContactId::from(&subject_id(id))
}

fn order_id(id: &str) -> DocumentId {
    DocumentId::new(shop(), DocumentKind::Order, id)
}

/// Snapshot, plan, commit; again when somebody else was faster.
async fn feed(store: &dyn Store, batch: &Batch, rules: &Rules) -> ChangeSet {
    loop {
        let snapshot = store.snapshot(&wants(batch, rules)).await.unwrap();
        let changes = plan(batch, snapshot, rules, PLANNED);
        match store.commit(&Commit::of(changes.clone())).await {
            Ok(()) => return changes,
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn take(store: &dyn Store, records: impl IntoIterator<Item = Record>) -> ChangeSet {
    feed(store, &Batch::new(shop(), records.into_iter().collect()), &rules()).await
}

/// A record as a store keeps it, with keys and contact of one's choice.
fn subject(id: SubjectId, keys: Vec<Key>, contact: &str) -> Subject {
    let record = CustomerRecord { id: id.id.to_string(), ..CustomerRecord::default() };
    Subject::new(id, record, Version::default(), keys).with_contact(ContactId::new(contact))
}

fn synced(id: &str) -> Contact {
    let mut contact = Contact::host_made(id, NOW);
    contact.host_made = false;
    contact
}

fn document(id: DocumentId, buyer: Option<SubjectId>, ledger: LedgerRow) -> Document {
    let record = OrderRecord::new(id.kind, &*id.id);
    Document::new(id, record, Version::default(), ledger).with_parties(buyer, None)
}

fn amount(text: &str, currency: Currency) -> LedgerRow {
    LedgerRow::new(text.parse().unwrap(), 1, currency, LedgerReason::Paid)
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// Writes a change set that was made by hand, on top of what is there.
async fn write(store: &dyn Store, mut changes: ChangeSet) -> Result<(), StoreError> {
    if changes.reads.sequence == 0 {
        changes.reads.sequence = store.snapshot(&Want::default()).await.unwrap().sequence;
    }
    store.commit(&Commit::of(changes)).await
}

async fn conflicts(store: &dyn Store, changes: ChangeSet) {
    let before = everything(store).await;
    let answer = store.commit(&Commit::of(changes)).await;
    assert!(matches!(answer, Err(StoreError::Conflict)), "expected a conflict, got {answer:?}");
    assert_eq!(before, everything(store).await, "a refused commit wrote something");
}

/// Everything that a CRM shows, as text that can be compared.
async fn everything(store: &dyn Store) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.contacts(&ContactQuery::page(after.clone(), 50)).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for contact in page {
            let id = contact.id.clone();
            let mut lines = vec![serde_json::to_string(&contact).unwrap()];
            for subject in store.subjects(&id).await.unwrap() {
                lines.push(serde_json::to_string(&subject).unwrap());
            }
            for document in store.documents(&id, 1000).await.unwrap() {
                lines.push(serde_json::to_string(&document).unwrap());
            }
            for totals in store.totals(&id).await.unwrap() {
                lines.push(format!("{} {} {}", totals.currency, totals.revenue, totals.orders));
            }
            all.insert(id.to_string(), lines.join("\n"));
        }
    }
    for account in [shop(), other_shop()] {
        for stream in Stream::ALL {
            let entries = store.entries(&account, stream, None, 1000).await.unwrap();
            all.insert(format!("{account} {stream}"), serde_json::to_string(&entries).unwrap());
            let checkpoint = store.checkpoint(&account, stream).await.unwrap();
            all.insert(format!("{account} {stream} checkpoint"), serde_json::to_string(&checkpoint).unwrap());
        }
        let inbox = store.inbox(&account, at(1_000_000), 1000).await.unwrap();
        let outbox = store.outbox(&account, at(1_000_000), 1000).await.unwrap();
        let dead = (
            store.dead_letters(&account, 1000).await.unwrap(),
            store.dead_pushes(&account, 1000).await.unwrap(),
        );
        all.insert(format!("{account} boxes"), serde_json::to_string(&(inbox, outbox, dead)).unwrap());
    }
    let runs = store.runs(None, 1000).await.unwrap();
    for run in &runs {
        let rejections = store.rejections(run.id, 1000).await.unwrap();
        all.insert(format!("run {}", run.id), serde_json::to_string(&(run, rejections)).unwrap());
    }
    all.insert("questions".into(), serde_json::to_string(&store.conflicts(1000).await.unwrap()).unwrap());
    all.insert("size".into(), format!("{:?}", store.size().await.unwrap()));
    all
}

/// Nothing is there, and nothing fails because of it.
pub async fn an_empty_store_is_empty(opened: Opened) {
    let store = &*opened.store;
    let (contact, subject) = (contact_id("1"), subject_id("1"));
    let mut want = wanting([], 20);
    want.subjects.insert(subject.clone());
    want.keys.insert(phone(LAN));
    want.documents.insert(order_id("1"));
    want.references.insert((shop(), "1".into()));
    want.entries.insert(EntryId::new(shop(), Stream::Products, "1"));
    want.contacts.insert(contact.clone());
    let snapshot = store.snapshot(&want).await.unwrap();
    assert!(snapshot.subjects.is_empty() && snapshot.contacts.is_empty() && snapshot.documents.is_empty());
    assert!(snapshot.entries.is_empty() && snapshot.shared.is_empty() && snapshot.decisions.is_empty());
    assert_eq!(store.contact(&contact).await.unwrap(), None);
    assert_eq!(store.subject(&subject).await.unwrap(), None);
    assert_eq!(store.document(&order_id("1")).await.unwrap(), None);
    assert_eq!(store.contacts(&ContactQuery::default()).await.unwrap(), []);
    assert_eq!(store.contacts(&ContactQuery::by_key(phone(LAN))).await.unwrap(), []);
    assert_eq!(store.best_contacts(Currency::VND, 10).await.unwrap(), []);
    assert_eq!(store.subjects(&contact).await.unwrap(), []);
    assert_eq!(store.documents(&contact, 10).await.unwrap(), []);
    assert_eq!(store.totals(&contact).await.unwrap(), []);
    assert_eq!(store.duplicates(None, 10).await.unwrap(), []);
    assert_eq!(store.audit(&contact, 10).await.unwrap(), []);
    assert_eq!(store.conflicts(10).await.unwrap(), []);
    assert_eq!(store.link(&shop()).await.unwrap(), None);
    assert_eq!(store.links().await.unwrap(), []);
    assert_eq!(store.runs(None, 10).await.unwrap(), []);
    assert_eq!(store.runs(Some(&shop()), 10).await.unwrap(), []);
    assert_eq!(store.rejections(1, 10).await.unwrap(), []);
    assert_eq!(store.inbox(&shop(), NOW, 10).await.unwrap(), []);
    assert_eq!(store.outbox(&shop(), NOW, 10).await.unwrap(), []);
    assert_eq!(store.dead_letters(&shop(), 10).await.unwrap(), []);
    assert_eq!(store.dead_pushes(&shop(), 10).await.unwrap(), []);
    assert_eq!(store.checkpoint(&shop(), Stream::Orders).await.unwrap(), Checkpoint::default());
    assert_eq!(store.size().await.unwrap(), pos_sync::Size::default());
    store.commit(&Commit::default()).await.unwrap();
    let sequence = store.snapshot(&Want::default()).await.unwrap().sequence;
    assert_eq!(sequence, snapshot.sequence, "an empty commit disturbs nobody");
}

/// A link is replaced by its account; all are listed in the order of accounts.
pub async fn links_are_kept_by_account(opened: Opened) {
    let store = &*opened.store;
    let first = Link::new(other_shop(), LinkRules::default(), LinkOptions::default(), NOW);
    let mut second = Link::new(shop(), LinkRules::default(), LinkOptions::default(), NOW);
    store.put_link(&first).await.unwrap();
    store.put_link(&second).await.unwrap();
    second.status = LinkStatus::Disabled;
    second.options.page_size = Some(50);
    store.put_link(&second).await.unwrap();
    assert_eq!(store.link(&shop()).await.unwrap(), Some(second.clone()));
    assert_eq!(store.links().await.unwrap(), [second, first]);
}

/// A commit turns a link as it is by then: rules that came meanwhile stay, and a shop that was taken away, connected again or
/// never connected is not turned.
pub async fn links_turn_from_what_they_are_by_now(opened: Opened) {
    let store = &*opened.store;
    let turn = async |turn: LinkTurn| {
        let mut commit = Commit::default();
        commit.links.push(turn);
        store.commit(&commit).await.unwrap();
        store.link(&shop()).await.unwrap()
    };
    let stop = |link: &Link| {
        LinkTurn::of(link, &[LinkStatus::Enabled], LinkStatus::Disabled, Some("uninstalled".into()))
    };
    let read = Link::new(shop(), LinkRules::default(), LinkOptions::default(), NOW);
    assert_eq!(turn(stop(&read)).await, None, "there is no such link");
    store.put_link(&read).await.unwrap();
    let mut now = read.clone();
    now.options.page_size = Some(50);
    store.put_link(&now).await.unwrap();
    let turned = turn(stop(&read)).await.unwrap();
    now.status = LinkStatus::Disabled;
    now.reason = Some("uninstalled".into());
    assert_eq!(turned, now, "the rest of it is not of the copy that was read");
    assert_eq!(turn(stop(&read)).await, Some(now.clone()));

    now.status = LinkStatus::Disconnected;
    now.reason = None;
    store.put_link(&now).await.unwrap();
    assert_eq!(turn(stop(&read)).await, Some(now), "it leads out of another status");
    let again = Link::new(shop(), LinkRules::default(), LinkOptions::default(), at(5));
    store.put_link(&again).await.unwrap();
    assert_eq!(turn(stop(&read)).await, Some(again), "it was connected again since");
    let paused = turn(LinkTurn::new(shop(), LinkStatus::Disabled)).await.unwrap();
    assert_eq!((paused.status, paused.reason), (LinkStatus::Disabled, None), "a person's word fits anything");
}

/// Contacts and records are found by id, by every key and by page, and are equal to what was committed.
pub async fn customers_come_back_as_they_went(opened: Opened) {
    let store = &*opened.store;
    let mut lan = with_email(customer("1", "Lan Mẫu", LAN, 1), "Lan@Example.com");
    lan.aliases = vec!["1b".into()];
    lan.points = Some("12.5".parse().unwrap());
    lan.custom.insert("ghi chú".into(), serde_json::json!({"a": [1, null, "b"]}));
    let changes = take(store, [lan.into(), customer("2", "Bình Mẫu", BINH, 2).into()]).await;
    assert_eq!(changes.contacts.len(), 2);
    for change in &changes.contacts {
        assert_eq!(store.contact(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    for change in &changes.subjects {
        assert_eq!(store.subject(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
        let contact = change.row.contact.clone().unwrap();
        assert_eq!(store.subjects(&contact).await.unwrap(), std::slice::from_ref(&change.row));
    }
    let own = |id: &str| Key::vendor(&shop(), id);
    for key in [phone(LAN), email("lan@example.com"), own("1"), own("1b")] {
        let found = store.contacts(&ContactQuery::by_key(key)).await.unwrap();
        assert_eq!(found.iter().map(|contact| &contact.id).collect::<Vec<_>>(), [&contact_id("1")]);
    }
    assert_eq!(store.contacts(&ContactQuery::by_key(own("3"))).await.unwrap(), []);
    let size = store.size().await.unwrap();
    assert_eq!((size.contacts, size.subjects, size.documents, size.entries), (2, 2, 0, 0));
    let again = take(store, [changed(customer("2", "Bình Khác", LAN, 2), 9).into()]).await;
    assert!(again.subjects.iter().all(|change| change.existed));
    for change in &again.subjects {
        assert_eq!(store.subject(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    let by_old_phone = store.contacts(&ContactQuery::by_key(phone(BINH))).await.unwrap();
    assert_eq!(by_old_phone, [], "a key that a record lost finds it no more");
}

/// Documents come back equal, of a contact with the latest first.
pub async fn documents_come_back_as_they_went(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let mut undated = paper(DocumentKind::Order, "c", Some("1"), 10, 1);
    undated.placed_at = None;
    let mut dated = paper(DocumentKind::Order, "d", Some("1"), 10, 1);
    dated.placed_at = None;
    dated.placed_on = Some(time::macros::date!(2026 - 11 - 30));
    let mut invoice = paper(DocumentKind::Invoice, "a", Some("1"), 20, 3);
    invoice.code = Some("HD1".into());
    invoice.currency = Currency::USD;
    let changes = take(
        store,
        [
            paper(DocumentKind::Order, "a", Some("1"), 10, 2).into(),
            paper(DocumentKind::Order, "b", Some("1"), 10, 2).into(),
            invoice.into(),
            undated.into(),
            dated.into(),
            paper(DocumentKind::Order, "walk-in", None, 10, 2).into(),
        ],
    )
    .await;
    assert_eq!(changes.documents.len(), 6);
    for change in &changes.documents {
        assert_eq!(store.document(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    let listed = store.documents(&contact_id("1"), 10).await.unwrap();
    let ids: Vec<String> =
        listed.iter().map(|document| format!("{} {}", document.id.kind.stream(), document.id.id)).collect();
    assert_eq!(ids, ["orders d", "invoices a", "orders a", "orders b", "orders c"]);
    assert_eq!(store.documents(&contact_id("1"), 2).await.unwrap().len(), 2);
    assert_eq!(store.size().await.unwrap().documents, 6);
}

/// Products, branches, staff and categories are read as what they are; a removed one stays known.
pub async fn entries_come_back_with_their_own_kind_of_record(opened: Opened) {
    let store = &*opened.store;
    let product = ProductRecord {
        id: "7".into(),
        price: Some(money("125000.5")),
        updated_at: Some(NOW),
        ..ProductRecord::default()
    };
    let branch =
        BranchRecord { id: "7".into(), name: Some("Chi nhánh Mẫu".into()), ..BranchRecord::default() };
    let user = UserRecord { id: "7".into(), ..UserRecord::default() };
    let category = CategoryRecord { id: "7".into(), parent: Some("1".into()), ..CategoryRecord::default() };
    let records = [
        (Stream::Products, Record::from(product)),
        (Stream::Branches, Record::from(branch)),
        (Stream::Users, Record::from(user)),
        (Stream::Categories, Record::from(category)),
    ];
    take(store, records.iter().map(|(_, record)| record.clone())).await;
    for (stream, record) in &records {
        let entries = store.entries(&shop(), *stream, None, 10).await.unwrap();
        let [entry] = entries.as_slice() else { panic!("one entry of {stream}") };
        assert_eq!(entry.record.as_deref(), Some(record));
        assert!(!entry.deleted);
        assert_eq!(store.entries(&other_shop(), *stream, None, 10).await.unwrap(), []);
    }
    assert_eq!(store.size().await.unwrap().entries, 4);
    let mut batch = Batch::new(shop(), Vec::new());
    batch.removed.push((Stream::Products, "7".into()));
    let changes = feed(store, &batch, &rules()).await;
    assert_eq!(changes.entries.len(), 1);
    let entries = store.entries(&shop(), Stream::Products, None, 10).await.unwrap();
    assert!(entries[0].deleted);
    assert!(feed(store, &batch, &rules()).await.is_empty(), "it is removed already");
    assert_eq!(store.size().await.unwrap().entries, 3);
}

/// Sealed texts are kept by shop, with a link or without one.
pub async fn what_is_sealed_is_kept_replaced_and_forgotten(opened: Opened) {
    let store = &*opened.store;
    assert_eq!(store.sealed(&shop()).await.unwrap(), None);
    store.put_sealed(&other_shop(), Some("x1:a:AAAA")).await.unwrap();
    store.put_sealed(&shop(), Some("x1:a:BBBB")).await.unwrap();
    store.put_sealed(&shop(), Some("x1:b:CCCC")).await.unwrap();
    assert_eq!(store.sealed(&shop()).await.unwrap().as_deref(), Some("x1:b:CCCC"));
    let mut all = vec![(shop(), "x1:b:CCCC".to_owned()), (other_shop(), "x1:a:AAAA".to_owned())];
    all.sort();
    assert_eq!(store.all_sealed().await.unwrap(), all);
    assert!(!store.replace_sealed(&shop(), "x1:a:BBBB", "x1:c:DDDD").await.unwrap(), "it is another by now");
    assert!(store.replace_sealed(&shop(), "x1:b:CCCC", "x1:c:DDDD").await.unwrap());
    assert_eq!(store.sealed(&shop()).await.unwrap().as_deref(), Some("x1:c:DDDD"));
    store.put_sealed(&shop(), None).await.unwrap();
    store.put_sealed(&shop(), None).await.unwrap();
    assert!(
        !store.replace_sealed(&shop(), "x1:c:DDDD", "x1:d:EEEE").await.unwrap(),
        "what is gone stays gone"
    );
    assert_eq!(store.sealed(&shop()).await.unwrap(), None);
    assert_eq!(store.all_sealed().await.unwrap().len(), 1);
}

fn ticket(id: &str, customer: &str, kind: &str, minute: u64) -> TicketRecord {
    TicketRecord {
        id: id.into(),
        contact: Some(Party { id: Some(customer.into()), ..Party::default() }),
        kind: Some(kind.into()),
        description: Some("Máy không lên nguồn".into()),
        note: Some("Gọi lại".into()),
        updated_at: Some(at(minute)),
        ..TicketRecord::default()
    }
}

async fn tickets(store: &dyn Store, contact: &ContactId) -> Vec<String> {
    let entries = store.tickets(contact, 10).await.unwrap();
    entries.iter().map(|entry| entry.ticket().unwrap().id.clone()).collect()
}

/// Tickets are found by the customers who asked, also by one who is told later, and follow them through merges and splits.
pub async fn tickets_stand_on_the_contact_wherever_its_customers_go(opened: Opened) {
    let store = &*opened.store;
    take(store, [ticket("t1", "1", "Bảo hành", 3).into(), ticket("t2", "2", "Đổi trả", 5).into()]).await;
    let untimed = TicketRecord { updated_at: None, ..ticket("t0", "1", "Bảo hành", 0) };
    take(store, [untimed.into(), ticket("t3", "1", "Khác", 9).into()]).await;
    assert_eq!(tickets(store, &contact_id("1")).await, [""; 0], "nobody told the customer yet");
    let lan = customer("1", "Lan Mẫu", "0903000111", 1);
    let changes = take(store, [lan.into(), customer("2", "Mai Mẫu", "0903000222", 1).into()]).await;
    assert_eq!(changes.contacts.len(), 2);
    assert_eq!(tickets(store, &contact_id("1")).await, ["t3", "t1", "t0"], "the last changed first");
    assert_eq!(tickets(store, &contact_id("2")).await, ["t2"]);
    assert_eq!(store.tickets(&contact_id("1"), 2).await.unwrap().len(), 2);
    // A customer of another shop with the same id asked for none of them.
    feed(store, &Batch::new(other_shop(), vec![customer("1", "Tư Mẫu", "0903000444", 1).into()]), &rules())
        .await;
    let of_another = Key::vendor(&other_shop(), "1");
    let another = store.contacts(&ContactQuery::by_key(of_another)).await.unwrap();
    assert_eq!(tickets(store, &another[0].id).await, [""; 0]);

    let decision = Decision::Same(subject_id("1"), subject_id("2"));
    let mut batch = Batch::new(shop(), Vec::new());
    batch.decisions.push(decision.clone());
    feed(store, &batch, &rules()).await;
    assert_eq!(tickets(store, &contact_id("1")).await, ["t3", "t2", "t1", "t0"]);
    assert_eq!(tickets(store, &contact_id("2")).await, ["t3", "t2", "t1", "t0"], "its id leads there");
    let mut batch = Batch::new(shop(), Vec::new());
    batch.revoked.push(decision);
    batch.removed.push((Stream::Tickets, "t1".into()));
    feed(store, &batch, &rules()).await;
    assert_eq!(
        tickets(store, &contact_id("1")).await,
        ["t3", "t0"],
        "one is gone, one went with its customer"
    );
}

/// What a ticket says is compared with what is there; a note or a key alone is no change, and what says too little makes none.
pub async fn a_ticket_changes_by_what_it_is_about_and_not_by_a_note(opened: Opened) {
    let store = &*opened.store;
    let bare =
        |minute| TicketRecord { incomplete: true, note: None, ..ticket("t1", "1", "Bảo hành", minute) };
    let lan = customer("1", "Lan Mẫu", "0903000111", 1);
    let changes = take(store, [lan.into(), bare(1).into()]).await;
    assert_eq!((changes.entries.len(), changes.counts.unchanged), (0, 1), "it says too little to make one");
    let changes = take(store, [ticket("t1", "1", "Bảo hành", 2).into()]).await;
    assert_eq!((changes.entries.len(), changes.counts.created), (1, 1));
    let noted = TicketRecord {
        note: Some("Gọi lại lần nữa".into()),
        key: Some("DH-1".into()),
        ..ticket("t1", "1", "Bảo hành", 3)
    };
    let changes = take(store, [noted.into()]).await;
    assert_eq!((changes.counts.unchanged, changes.counts.updated), (1, 0));
    let before = TicketRecord { kind: Some("Cũ".into()), ..ticket("t1", "1", "", 1) };
    let changes = take(store, [before.into()]).await;
    assert_eq!((changes.entries.len(), changes.counts.created), (0, 0), "it is older");
    let changed = TicketRecord { description: Some("Đã thử sạc khác".into()), ..bare(4) };
    let changes = take(store, [changed.into()]).await;
    assert_eq!((changes.entries.len(), changes.counts.updated), (1, 1));
    let entries = store.tickets(&contact_id("1"), 10).await.unwrap();
    let kept = entries[0].ticket().unwrap();
    assert_eq!(kept.description.as_deref(), Some("Đã thử sạc khác"));
    assert_eq!((kept.note.as_deref(), kept.incomplete), (Some("Gọi lại"), false), "what is not said stays");
}

/// The ends of every scale, text of every sort, and ids with separators in them.
pub async fn unusual_values_come_back_exactly(opened: Opened) {
    let store = &*opened.store;
    let versions = [
        Version { changed: None, seen: i64::MIN, hash: 0 },
        Version { changed: Some(i64::MAX), seen: i64::MAX, hash: u64::MAX },
        Version { changed: Some(i64::MIN), seen: 0, hash: 1 << 63 },
        Version { changed: Some(-1), seen: -1, hash: 7 },
    ];
    let ids = ["a/b%c:d", "Đỗ 'quoted' \"id\"", "line\nbreak\ttab", "🦀"];
    let mut changes = ChangeSet::default();
    for (version, id) in versions.iter().zip(ids) {
        let account = other_shop();
        let subject_id = SubjectId::new(&account, SubjectKind::OrderRecipient, id);
        let contact = ContactId::new(format!("host {id}"));
        let mut row = subject(subject_id.clone(), vec![Key::vendor(&other_shop(), id)], contact.as_str());
        row.version = *version;
        row =
            row.with_marks(true, true).with_gone(Some(i64::MAX)).with_unsent(["name".to_owned(), id.into()]);
        row.finds = vec![phone("0903000555")];
        row.record.name = Some(format!("{id} 'x' \\ \u{200b}"));
        changes.subjects.push(Change::new(row));
        let mut contact = synced(contact.as_str()).with_typed("name", id, NOW);
        contact.owner = Some(id.into());
        changes.contacts.push(Change::new(contact));
        let kind = DocumentKind::Return;
        let ledger = LedgerRow::new(money("-0.00001"), 0, Currency::USD, LedgerReason::ReturnOfNothing);
        let mut paper =
            document(DocumentId::new(account.clone(), kind, id), Some(subject_id.clone()), ledger)
                .with_parties(Some(subject_id.clone()), Some(subject_id))
                .with_deleted(true, Some(i64::MIN))
                .with_finds(vec![email("lan@example.com")]);
        paper.version = *version;
        paper.record.code = Some(id.into());
        paper.record.returns = Some(id.into());
        changes.documents.push(Change::new(paper));
        let entry = EntryId::new(account, Stream::Products, id);
        changes.entries.push(Change::new(Entry::new(entry, None, *version, false).with_gone(Some(1))));
    }
    write(store, changes.clone()).await.unwrap();
    for change in &changes.subjects {
        assert_eq!(store.subject(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
        let found = store.contacts(&ContactQuery::by_key(change.row.keys[0].clone())).await.unwrap();
        assert_eq!(Some(&found[0].id), change.row.contact.as_ref());
    }
    for change in &changes.contacts {
        assert_eq!(store.contact(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    for change in &changes.documents {
        assert_eq!(store.document(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    let mut entries: Vec<Entry> = changes.entries.iter().map(|change| change.row.clone()).collect();
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(store.entries(&other_shop(), Stream::Products, None, 10).await.unwrap(), entries);
    let mut want = wanting([], 20);
    want.documents.extend(changes.documents.iter().map(|change| change.row.id.clone()));
    want.subjects.extend(changes.subjects.iter().map(|change| change.row.id.clone()));
    let snapshot = store.snapshot(&want).await.unwrap();
    for change in &changes.documents {
        assert_eq!(snapshot.documents.get(&change.row.id), Some(&change.row));
    }
    for change in &changes.subjects {
        assert_eq!(snapshot.subjects.get(&change.row.id), Some(&change.row));
    }
}

fn push(reference: &str, name: &str) -> Outbox {
    let push =
        CustomerPush { reference: reference.into(), name: Some(name.into()), ..CustomerPush::default() };
    Outbox::new(shop(), Push::Customer(Box::new(push)), Some(contact_id("1")))
}

fn reached() -> Checkpoint {
    let mut checkpoint = Checkpoint { complete_to: Some(at(3)), ..Checkpoint::default() };
    let mut window = Window::new(Some(at(1)), at(3), 1);
    window.cursor = Some(Cursor::encode("suite", &7).unwrap());
    checkpoint.window = Some(window);
    checkpoint
}

/// A commit with something of everything.
async fn full_commit(store: &dyn Store, run: u64) -> Commit {
    let mut lan = customer("1", "Lan", LAN, 1);
    lan.note = Some("khác".into());
    let product = ProductRecord { id: "7".into(), ..ProductRecord::default() };
    let records = vec![
        changed(lan, 5).into(),
        customer("9", "Chín", BINH, 2).into(),
        paper(DocumentKind::Order, "new", Some("1"), 5, 4).into(),
        product.into(),
    ];
    let mut batch = Batch::new(shop(), records);
    batch.decisions.push(Decision::Different(subject_id("1"), subject_id("9")));
    batch.edits.push(
        Edit::new(ContactId::new("host-1"), NOW).with_field("phones", serde_json::json!(["+84903000555"])),
    );
    let snapshot = store.snapshot(&wants(&batch, &rules())).await.unwrap();
    let mut changes = plan(&batch, snapshot, &rules(), PLANNED);
    assert!(!changes.host_keys.is_empty() && !changes.audit.is_empty() && !changes.decisions.is_empty());
    changes.conflicts.push(Conflict {
        contact: contact_id("1"),
        field: "note".into(),
        kept: "a".into(),
        offered: "b".into(),
        by: subject_id("1"),
    });
    changes.outbox.push(push("host-1", "Lan"));
    let mut commit = Commit::of(changes);
    commit.checkpoint = Some((shop(), Stream::Customers, reached()));
    let mut line = Run::new(shop(), Some(Stream::Customers), RunKind::Full, NOW);
    line.id = run;
    line.pages = 3;
    commit.run = Some(line);
    let rejected = Rejected { id: Some("13".into()), path: "data[3]".into(), reason: "no id".into() };
    commit.rejections = vec![Rejection { run, stream: Some(Stream::Customers), rejected }];
    commit.inbox = vec![Settled::new(&letter(shop(), "d1", NOW), Fate::Done)];
    let waiting = store.outbox(&shop(), NOW, 10).await.unwrap();
    commit.outbox = waiting.iter().map(|item| (item.id, Fate::Dead { why: "refused".into() })).collect();
    commit
}

async fn prepared(store: &dyn Store) -> u64 {
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let mut changes = ChangeSet::default();
    changes.outbox.push(push("old", "Lan"));
    write(store, changes).await.unwrap();
    store.accept(&letter(shop(), "d1", NOW)).await.unwrap();
    store.put_run(&Run::new(shop(), Some(Stream::Customers), RunKind::Full, NOW)).await.unwrap()
}

/// Neither a conflict nor a lost lease leaves a trace, whatever else the commit holds.
pub async fn a_commit_that_fails_writes_nothing(opened: Opened) {
    let store = &*opened.store;
    let run = prepared(store).await;
    let mut lost = full_commit(store, run).await;
    let stale = lost.clone();
    let lease = store.acquire("x", "a", NOW, at(5)).await.unwrap().unwrap();
    store.release(&lease).await.unwrap();
    lost.lease = Some(lease);
    let before = everything(store).await;
    let trail = store.audit(&contact_id("1"), 100).await.unwrap();
    let answer = store.commit(&lost).await;
    assert!(matches!(answer, Err(StoreError::LeaseLost(_))), "{answer:?}");
    assert_eq!(before, everything(store).await);
    let read_at = store.snapshot(&Want::default()).await.unwrap().sequence;
    assert_eq!(read_at, lost.changes.reads.sequence);
    // The last row of the commit is the one that does not fit: all before it has to be taken back.
    let mut late = stale.clone();
    late.changes.ledger.push((order_id("not there"), amount("1", Currency::VND)));
    conflicts_of(store, &late, &before).await;
    let mut late = stale.clone();
    let mut entry = late.changes.entries[0].row.clone();
    entry.id = "gone".into();
    late.changes.entries.push(Change::changed(entry));
    conflicts_of(store, &late, &before).await;
    take(store, [changed(customer("1", "Lan", LAN, 1), 7).into()]).await;
    let before = everything(store).await;
    conflicts_of(store, &stale, &before).await;
    assert_eq!(store.contact(&ContactId::new("host-1")).await.unwrap(), None);
    assert_eq!(store.audit(&contact_id("9"), 100).await.unwrap(), []);
    assert!(store.audit(&contact_id("1"), 100).await.unwrap().len() >= trail.len());
}

async fn conflicts_of(store: &dyn Store, commit: &Commit, before: &BTreeMap<String, String>) {
    let answer = store.commit(commit).await;
    assert!(matches!(answer, Err(StoreError::Conflict)), "{answer:?}");
    assert_eq!(*before, everything(store).await);
}

/// Everything that a commit holds is there after it.
pub async fn a_commit_writes_everything_at_once(opened: Opened) {
    let store = &*opened.store;
    let run = prepared(store).await;
    let mut commit = full_commit(store, run).await;
    commit.lease = store.acquire("x", "a", NOW, at(5)).await.unwrap();
    store.commit(&commit).await.unwrap();
    for change in &commit.changes.contacts {
        assert_eq!(store.contact(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    for change in &commit.changes.subjects {
        assert_eq!(store.subject(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    for change in &commit.changes.documents {
        assert_eq!(store.document(&change.row.id).await.unwrap().as_ref(), Some(&change.row));
    }
    assert_eq!(store.entries(&shop(), Stream::Products, None, 9).await.unwrap().len(), 1);
    let by_key = store.contacts(&ContactQuery::by_key(phone("0903000555"))).await.unwrap();
    assert_eq!(by_key[0].id, ContactId::new("host-1"));
    assert_eq!(store.conflicts(9).await.unwrap(), commit.changes.conflicts);
    assert_eq!(store.checkpoint(&shop(), Stream::Customers).await.unwrap(), reached());
    assert_eq!(store.runs(None, 9).await.unwrap(), [commit.run.clone().unwrap()]);
    assert_eq!(store.rejections(run, 9).await.unwrap(), commit.rejections);
    assert_eq!(store.inbox(&shop(), at(100), 9).await.unwrap(), []);
    assert!(!store.accept(&letter(shop(), "d1", NOW)).await.unwrap());
    let outbox = store.outbox(&shop(), NOW, 9).await.unwrap();
    assert_eq!(outbox.iter().map(|item| item.entry.push.reference()).collect::<Vec<_>>(), ["host-1"]);
    let dead = store.dead_pushes(&shop(), 9).await.unwrap();
    assert_eq!((dead.len(), dead[0].1.as_str()), (1, "refused"));
    let depth = store.depth(&shop(), Boxed::Outbox).await.unwrap();
    assert_eq!(depth, Depth { waiting: 1, dead: 1, oldest: None });
    let mut want = wanting([], 20);
    want.subjects.insert(subject_id("1"));
    let snapshot = store.snapshot(&want).await.unwrap();
    assert_eq!(snapshot.decisions, commit.changes.decisions);
    assert!(snapshot.sequence > commit.changes.reads.sequence);
    let again = store.commit(&commit).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "the same commit twice: {again:?}");
}

/// Plans a batch now, to be committed later.
async fn planned(store: &dyn Store, records: impl IntoIterator<Item = Record>) -> ChangeSet {
    let batch = Batch::new(shop(), records.into_iter().collect());
    let snapshot = store.snapshot(&wants(&batch, &rules())).await.unwrap();
    plan(&batch, snapshot, &rules(), PLANNED)
}

/// A record that was read and then written.
pub async fn a_record_that_changed_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let stale = planned(store, [changed(customer("1", "Lan A", LAN, 1), 5).into()]).await;
    take(store, [changed(customer("1", "Lan B", LAN, 1), 6).into()]).await;
    conflicts(store, stale).await;
}

/// A record that was looked for, not there, and then written by somebody else.
pub async fn a_record_that_came_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    let stale = planned(store, [customer("1", "Lan", LAN, 1).into()]).await;
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    conflicts(store, stale).await;
}

/// A record that was read and then dropped.
pub async fn a_record_that_went_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    take(store, [guest(DocumentKind::Order, "5", LAN, 10, 1).into()]).await;
    let stale = planned(store, [customer("1", "Lan", LAN, 1).into()]).await;
    assert!(stale.reads.subjects.iter().any(|id| id.kind == SubjectKind::OrderBuyer));
    let mut named = paper(DocumentKind::Order, "5", Some("7"), 10, 1);
    named.updated_at = Some(at(9));
    let changes = take(store, [named.into()]).await;
    assert_eq!(changes.dropped.len(), 1);
    conflicts(store, stale).await;
}

/// A contact that was read and then written.
pub async fn a_contact_that_changed_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let stale = planned(store, [changed(customer("1", "Lan A", LAN, 1), 5).into()]).await;
    let mut batch = Batch::new(shop(), Vec::new());
    batch.edits.push(Edit::new(contact_id("1"), at(2)).with_field("note", "gọi lại"));
    let edit = feed(store, &batch, &rules()).await;
    assert!(!edit.contacts.is_empty());
    conflicts(store, stale).await;
    // A contact that was wanted, not there, and then made.
    let mut batch = Batch::new(shop(), Vec::new());
    batch.edits.push(Edit::new(ContactId::new("host-1"), at(2)).with_field("note", "một"));
    let snapshot = store.snapshot(&wants(&batch, &rules())).await.unwrap();
    let stale = plan(&batch, snapshot, &rules(), PLANNED);
    feed(store, &batch, &rules()).await;
    conflicts(store, stale).await;
}

/// A holder of a key that was not there at the snapshot, in this shop or in another.
pub async fn a_holder_that_came_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    let stale = planned(store, [customer("1", "Lan", LAN, 1).into()]).await;
    feed(store, &Batch::new(other_shop(), vec![customer("2", "Lan", LAN, 1).into()]), &rules()).await;
    conflicts(store, stale).await;
    // Somebody names the customer as another id of its own.
    let stale = planned(store, [customer("20", "Hoa", "", 1).into()]).await;
    let mut alias = customer("21", "Hoa", "", 1);
    alias.aliases = vec!["20".into()];
    take(store, [alias.into()]).await;
    conflicts(store, stale).await;
}

/// A holder of a key that was read and does not hold it any more.
pub async fn a_holder_that_went_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let stale = planned(store, [customer("2", "Lan Hai", LAN, 2).into()]).await;
    take(store, [changed(customer("1", "Lan", BINH, 1), 5).into()]).await;
    conflicts(store, stale).await;
    // Also when the key was shared, so that its holders were not read.
    let rules = rules_with(2);
    let mut batch = Batch::new(shop(), Vec::new());
    for number in 10..14_u64 {
        batch.records.push(customer(&number.to_string(), "Chung", "0903000555", number).into());
    }
    feed(store, &batch, &rules).await;
    let late = Batch::new(other_shop(), vec![customer("30", "Chung", "0903000555", 30).into()]);
    let mut want = wants(&late, &rules);
    want.max_key_holders = 2;
    let snapshot = store.snapshot(&want).await.unwrap();
    assert_eq!(snapshot.shared.len(), 1);
    let stale = plan(&late, snapshot, &rules, PLANNED);
    let mut away = ChangeSet::default();
    let mut gone = store.subject(&subject_id("13")).await.unwrap().unwrap();
    gone.keys.clear();
    away.subjects.push(Change::changed(gone));
    write(store, away).await.unwrap();
    conflicts(store, stale).await;
}

/// A contact that people made with a key that was read.
pub async fn a_contact_of_the_host_with_a_read_key_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    let stale = planned(store, [customer("1", "Lan", LAN, 1).into()]).await;
    take_edit(store, "host-1", "phones", serde_json::json!(["+84912000123"])).await;
    conflicts(store, stale).await;
    let stale = planned(store, [customer("2", "Lan", LAN, 1).into()]).await;
    take_edit(store, "host-1", "phones", serde_json::json!(["+84987000456"])).await;
    conflicts(store, stale).await;
}

async fn take_edit(store: &dyn Store, contact: &str, field: &str, value: serde_json::Value) -> ChangeSet {
    let mut batch = Batch::new(shop(), Vec::new());
    batch.edits.push(Edit::new(ContactId::new(contact), NOW).with_field(field, value));
    feed(store, &batch, &rules()).await
}

/// A document that was read and then written, if only its ledger row.
pub async fn a_document_that_changed_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    take(store, [paper(DocumentKind::Order, "1", None, 10, 1).into()]).await;
    let newer = |minute| {
        let mut record = paper(DocumentKind::Order, "1", None, 20, 1);
        record.updated_at = Some(at(minute));
        record
    };
    let stale = planned(store, [newer(5).into()]).await;
    take(store, [newer(6).into()]).await;
    conflicts(store, stale).await;
    let stale = planned(store, [newer(7).into()]).await;
    let mut changes = ChangeSet::default();
    changes.ledger.push((order_id("1"), amount("1", Currency::VND)));
    write(store, changes).await.unwrap();
    conflicts(store, stale).await;
}

/// A document that nobody read, because it was not there, and that belongs to one that is planned.
pub async fn a_document_that_refers_to_a_read_name_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    let mut order = paper(DocumentKind::Order, "1", None, 10, 1);
    order.code = Some("DH1".into());
    let stale = planned(store, [order.clone().into()]).await;
    let mut invoice = paper(DocumentKind::Invoice, "2", None, 10, 1);
    invoice.fulfils = Some("DH1".into());
    take(store, [invoice.into()]).await;
    conflicts(store, stale).await;
    take(store, [order.into()]).await;
    // The other way round: what the planned document refers to has come.
    let mut back = paper(DocumentKind::Return, "3", None, 10, 2);
    back.returns = Some("HD9".into());
    let stale = planned(store, [back.into()]).await;
    let mut invoice = paper(DocumentKind::Invoice, "9", None, 10, 1);
    invoice.code = Some("HD9".into());
    take(store, [invoice.into()]).await;
    conflicts(store, stale).await;
}

/// An entry that is written counts as read.
pub async fn an_entry_that_changed_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    let product = |minute| {
        let product =
            ProductRecord { id: "7".into(), updated_at: Some(at(minute)), ..ProductRecord::default() };
        Record::from(product)
    };
    let stale = planned(store, [product(1)]).await;
    take(store, [product(1)]).await;
    conflicts(store, stale).await;
    let stale = planned(store, [product(2)]).await;
    take(store, [product(3)]).await;
    conflicts(store, stale).await;
}

/// A decision about a record that was read.
pub async fn a_decision_is_a_conflict(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into(), customer("2", "Bình", BINH, 1).into()]).await;
    let decision = Decision::Same(subject_id("1"), subject_id("2"));
    for stands in [true, false] {
        let stale = planned(store, [changed(customer("1", "Lan A", LAN, 1), 5).into()]).await;
        let mut changes = ChangeSet::default();
        if stands {
            changes.decisions.push(decision.clone());
        } else {
            changes.revoked.push(decision.clone());
        }
        write(store, changes).await.unwrap();
        conflicts(store, stale).await;
    }
}

/// `existed` is checked, also when nothing else moved.
pub async fn a_row_that_is_there_cannot_be_new(opened: Opened) {
    let store = &*opened.store;
    let product = ProductRecord { id: "7".into(), ..ProductRecord::default() };
    let order = paper(DocumentKind::Order, "1", Some("1"), 5, 1);
    let all = take(store, [customer("1", "Lan", LAN, 1).into(), order.into(), product.into()]).await;
    let sequence = store.snapshot(&Want::default()).await.unwrap().sequence;
    for existed in [false, true] {
        let (contact, subject, paper, product) = (
            all.contacts[0].clone(),
            all.subjects[0].clone(),
            all.documents[0].clone(),
            all.entries[0].clone(),
        );
        let mut wrong =
            [ChangeSet::default(), ChangeSet::default(), ChangeSet::default(), ChangeSet::default()];
        wrong[0].contacts.push(Change { existed, ..contact });
        wrong[1].subjects.push(Change { existed, ..subject });
        wrong[2].documents.push(Change { existed, ..paper });
        wrong[3].entries.push(Change { existed, ..product });
        if existed {
            wrong[0].contacts[0].row.id = ContactId::new("not there");
            wrong[1].subjects[0].row.id = subject_id("not there");
            wrong[2].documents[0].row.id = order_id("not there");
            wrong[3].entries[0].row.id = "not there".into();
        }
        for mut changes in wrong {
            changes.reads.sequence = sequence;
            conflicts(store, changes).await;
        }
    }
}

/// What others write elsewhere is no conflict.
pub async fn commits_that_share_nothing_both_pass(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into(), customer("2", "Bình", BINH, 1).into()]).await;
    let first = planned(store, [changed(customer("1", "Lan A", LAN, 1), 5).into()]).await;
    let second = planned(store, [changed(customer("2", "Bình A", BINH, 1), 5).into()]).await;
    let third = planned(store, [paper(DocumentKind::Order, "1", None, 5, 1).into()]).await;
    for changes in [first, second, third] {
        store.commit(&Commit::of(changes)).await.unwrap();
    }
    assert_eq!(store.contact(&contact_id("1")).await.unwrap().unwrap().name(), Some("Lan A"));
    assert_eq!(store.contact(&contact_id("2")).await.unwrap().unwrap().name(), Some("Bình A"));
}

/// Several tasks write records of the same people at once.
pub async fn concurrent_writers_lose_nothing(opened: Opened) {
    let store = Arc::clone(&opened.store);
    let mut tasks = Vec::new();
    for task in 0..4_u64 {
        let store = Arc::clone(&store);
        tasks.push(async move {
            for step in 0..8_u64 {
                let person = step % 4;
                let id = format!("{task}-{step}");
                let phone = format!("09120001{person:02}");
                let order = paper(DocumentKind::Order, &id, Some(&id), 1000, 50 + step);
                let records = vec![customer(&id, "Khách", &phone, task * 10 + step).into(), order.into()];
                feed(&*store, &Batch::new(shop(), records), &rules()).await;
                tokio::task::yield_now().await;
            }
        });
    }
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let contacts = store.contacts(&ContactQuery::default()).await.unwrap();
    assert_eq!(contacts.len(), 4, "one contact for each number");
    for contact in contacts {
        assert_eq!(store.subjects(&contact.id).await.unwrap().len(), 8);
        assert_eq!(store.totals(&contact.id).await.unwrap(), [Totals::new(Currency::VND, 8000.into(), 8)]);
    }
}

/// A redirect, then a chain of them.
pub async fn a_retired_id_leads_on(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("3", "Lan Ba", LAN, 30).into()]).await;
    take(store, [customer("2", "Lan Hai", LAN, 20).into()]).await;
    take(
        store,
        [customer("1", "Lan Một", LAN, 10).into(), paper(DocumentKind::Order, "1", Some("3"), 7, 40).into()],
    )
    .await;
    let heir = store.contact(&contact_id("1")).await.unwrap().unwrap();
    assert_eq!(store.contacts(&ContactQuery::default()).await.unwrap(), std::slice::from_ref(&heir));
    assert_eq!(store.size().await.unwrap().contacts, 1);
    for id in ["1", "2", "3"] {
        let id = contact_id(id);
        assert_eq!(store.contact(&id).await.unwrap().as_ref(), Some(&heir), "{id}");
        assert_eq!(store.subjects(&id).await.unwrap().len(), 3);
        assert_eq!(store.documents(&id, 9).await.unwrap().len(), 1);
        assert_eq!(store.totals(&id).await.unwrap().len(), 1);
        let mut want = wanting([], 20);
        want.contacts.insert(id);
        let snapshot = store.snapshot(&want).await.unwrap();
        assert_eq!(snapshot.contacts.get(&heir.id), Some(&heir));
        assert_eq!(snapshot.subjects.len(), 3);
    }
    let trail = store.audit(&contact_id("3"), 100).await.unwrap();
    assert!(
        trail
            .iter()
            .any(|(_, audit)| matches!(audit, Audit::Merged { from, .. } if *from == contact_id("3")))
    );
}

/// Who edits a contact that went into another one meanwhile edits that one, and who pushed it belongs to that one: a retired
/// id never comes back as an empty contact.
pub async fn what_is_meant_for_a_retired_id_goes_to_its_heir(opened: Opened) {
    let store = &*opened.store;
    for (id, name, minute) in [("3", "Lan Ba", 30), ("2", "Lan Hai", 20), ("1", "Lan Một", 10)] {
        take(store, [customer(id, name, LAN, minute).into()]).await;
    }
    let heir = contact_id("1");
    let mut want = wanting([], 20);
    want.contacts.extend(["1", "2", "3"].map(contact_id));
    let snapshot = store.snapshot(&want).await.unwrap();
    let leads: BTreeMap<&ContactId, &ContactId> = snapshot.redirected.iter().collect();
    assert_eq!(leads, [(&contact_id("2"), &heir), (&contact_id("3"), &heir)].into());

    take_edit(store, contact_id("3").as_str(), "note", "khách quen".into()).await;
    let edited = store.contact(&contact_id("3")).await.unwrap().unwrap();
    assert_eq!((&edited.id, edited.text("note")), (&heir, Some("khách quen")));
    assert!(!edited.host_made);
    assert_eq!(store.size().await.unwrap().contacts, 1);

    // An heir that goes away between the snapshot and the commit is a conflict.
    let mut late = Batch::new(shop(), Vec::new());
    late.edits.push(Edit::new(contact_id("3"), NOW).with_field("note", "muộn"));
    let snapshot = store.snapshot(&wants(&late, &rules())).await.unwrap();
    let changes = plan(&late, snapshot, &rules(), PLANNED);
    take(store, [customer("0", "Lan Không", LAN, 5).into()]).await;
    let heir = contact_id("0");
    assert_eq!(store.contact(&contact_id("1")).await.unwrap().unwrap().id, heir);
    conflicts(store, changes).await;

    let mut answer = Batch::new(shop(), vec![customer("9", "Lan", BINH, 40).into()]);
    answer.pushed_from = Some(contact_id("2"));
    feed(store, &answer, &rules()).await;
    assert_eq!(store.subject(&subject_id("9")).await.unwrap().unwrap().contact, Some(heir.clone()));
    assert_eq!(store.size().await.unwrap().contacts, 1);
    assert_eq!(store.contact(&contact_id("2")).await.unwrap().unwrap().id, heir);
}

/// Redirects in a circle, and one into nothing.
pub async fn a_circle_of_retired_ids_leads_nowhere(opened: Opened) {
    let store = &*opened.store;
    let ids = ["a", "b", "c"].map(ContactId::new);
    let mut changes = ChangeSet::default();
    changes.contacts = ["a", "b", "c"].map(|id| Change::new(synced(id))).into();
    write(store, changes).await.unwrap();
    let mut changes = ChangeSet::default();
    for (from, into) in [(0, 1), (1, 2), (2, 0)] {
        changes.redirects.push(Redirect { from: ids[from].clone(), into: ids[into].clone() });
    }
    write(store, changes).await.unwrap();
    let mut want = wanting([], 20);
    want.contacts.extend(ids.clone());
    assert!(store.snapshot(&want).await.unwrap().contacts.is_empty());
    for id in &ids {
        assert_eq!(store.contact(id).await.unwrap(), None);
    }
    let mut changes = ChangeSet::default();
    changes.contacts.push(Change::new(synced("c")));
    write(store, changes).await.unwrap();
    for id in &ids {
        assert_eq!(store.contact(id).await.unwrap().unwrap().id, ids[2]);
    }
    let mut changes = ChangeSet::default();
    changes.emptied.push(ids[2].clone());
    write(store, changes).await.unwrap();
    for id in &ids {
        assert_eq!(store.contact(id).await.unwrap(), None, "an emptied contact leads nowhere");
    }
    assert_eq!(store.size().await.unwrap().contacts, 0);
}

/// Merging by a decision and taking it back gives both contacts again, under their ids.
pub async fn a_contact_that_is_written_again_comes_back(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into(), customer("2", "Bình", BINH, 2).into()]).await;
    let before = everything(store).await;
    let decision = Decision::Same(subject_id("1"), subject_id("2"));
    let mut merge = Batch::new(shop(), Vec::new());
    merge.decisions.push(decision.clone());
    let changes = feed(store, &merge, &rules()).await;
    assert_eq!(changes.redirects.len(), 1);
    assert_eq!(store.contact(&contact_id("2")).await.unwrap().unwrap().id, contact_id("1"));
    let mut split = Batch::new(shop(), Vec::new());
    split.revoked.push(decision);
    feed(store, &split, &rules()).await;
    assert_eq!(store.contact(&contact_id("2")).await.unwrap().unwrap().id, contact_id("2"));
    assert_eq!(before, everything(store).await);
}

fn wanting(keys: impl IntoIterator<Item = Key>, max_key_holders: u32) -> Want {
    let mut want = Want { max_key_holders, ..Want::default() };
    want.keys.extend(keys);
    want
}

fn names(snapshot: &Snapshot) -> BTreeSet<String> {
    snapshot.subjects.keys().map(|id| id.id.to_string()).collect()
}

/// A holds p1; B holds p1 and e1; C holds e1 and p2; D holds p2: whoever asks for p1 gets all four.
pub async fn snapshots_follow_keys_to_the_end(opened: Opened) {
    let store = &*opened.store;
    let (one, two, mail) = (phone(LAN), phone(BINH), email("lan@example.com"));
    let mut changes = ChangeSet::default();
    for (id, keys) in [
        ("a", vec![one.clone()]),
        ("b", vec![one.clone(), mail.clone()]),
        ("c", vec![mail, two.clone()]),
        ("d", vec![two.clone()]),
        ("e", vec![phone("0903000555")]),
    ] {
        changes.subjects.push(Change::new(subject(subject_id(id), keys, id)));
        changes.contacts.push(Change::new(synced(id)));
    }
    write(store, changes).await.unwrap();
    let all: BTreeSet<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
    for want in [wanting([one], 20), wanting([two], 20)] {
        let snapshot = store.snapshot(&want).await.unwrap();
        assert_eq!(names(&snapshot), all);
        assert_eq!(snapshot.contacts.len(), 4);
    }
    let mut want = wanting([], 20);
    want.subjects.insert(subject_id("d"));
    assert_eq!(names(&store.snapshot(&want).await.unwrap()), all);
}

/// Records that share nothing but the contact.
pub async fn snapshots_bring_all_records_of_a_contact(opened: Opened) {
    let store = &*opened.store;
    let mut changes = ChangeSet::default();
    changes.contacts.push(Change::new(synced("x")));
    for (id, key) in [("a", phone(LAN)), ("b", phone(BINH)), ("c", email("c@example.com"))] {
        changes.subjects.push(Change::new(subject(subject_id(id), vec![key], "x")));
    }
    // Found by a key of a record that only the contact brings.
    let far = SubjectId::new(&other_shop(), SubjectKind::OrderBuyer, "orders/9");
    changes.subjects.push(Change::new(subject(far, vec![email("c@example.com")], "y")));
    changes.contacts.push(Change::new(synced("y")));
    write(store, changes).await.unwrap();
    let mut by_contact = wanting([], 20);
    by_contact.contacts.insert(ContactId::new("x"));
    for want in [wanting([phone(LAN)], 20), by_contact] {
        let snapshot = store.snapshot(&want).await.unwrap();
        assert_eq!(snapshot.subjects.len(), 4);
        assert_eq!(snapshot.contacts.len(), 2);
    }
}

/// A key that a person allowed is never shared, however many hold it.
pub async fn snapshots_fetch_the_holders_of_an_allowed_key(opened: Opened) {
    let store = &*opened.store;
    let mut changes = ChangeSet::default();
    changes.contacts.push(Change::new(synced("x")));
    for number in 0..9 {
        changes.subjects.push(Change::new(subject(subject_id(&number.to_string()), vec![phone(LAN)], "x")));
    }
    write(store, changes).await.unwrap();
    let mut want = wanting([phone(LAN)], 2);
    assert!(store.snapshot(&want).await.unwrap().shared.contains(&phone(LAN)));
    want.allowed_shared.insert(phone(LAN));
    let snapshot = store.snapshot(&want).await.unwrap();
    assert_eq!((snapshot.subjects.len(), snapshot.shared.len()), (9, 0));
    drop(opened.keep);
}

/// A document's mention of a customer that is known in full needs no more than that; one that is not known, or only
/// mentioned by other documents, is read as if it were wanted.
pub async fn snapshots_say_which_mentioned_customers_are_known(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let named = pos_core::record::Party { id: Some("2".into()), ..pos_core::record::Party::default() };
    let mut sale = OrderRecord::new(DocumentKind::Order, "7");
    sale.buyer = Some(named);
    take(store, [sale.into()]).await;
    let want = Want {
        max_key_holders: 20,
        mentioned: ["1", "2", "3"].into_iter().map(|id| SubjectId::customer(&shop(), id)).collect(),
        ..Want::default()
    };
    let snapshot = store.snapshot(&want).await.unwrap();
    let ids = |ids: Vec<&SubjectId>| ids.into_iter().map(|id| id.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(snapshot.known.iter().collect()), ["1"]);
    assert_eq!(ids(snapshot.subjects.keys().collect()), ["2"]);
    drop(opened.keep);
}

/// A customer or document that a batch tells as it is kept is left out with all that belongs to it; one that says
/// something else, has other keys, is a stub or is gone is shown, and so is everybody whom it concerns.
pub async fn snapshots_leave_out_what_says_the_same(opened: Opened) {
    let store = &*opened.store;
    let sale = |total| paper(DocumentKind::Order, "7", Some("1"), total, 2);
    let [lan, binh] = [customer("1", "Lan", LAN, 1), customer("2", "Bình", BINH, 1)];
    let stub = paper(DocumentKind::Order, "8", Some("3"), 50, 2);
    let all = |total| -> Vec<Record> {
        vec![lan.clone().into(), binh.clone().into(), sale(total).into(), stub.clone().into()]
    };
    let told = |records: Vec<Record>, minute| Batch::new(shop(), records).with_seen_at(at(minute));
    let first = store.snapshot(&wants(&told(all(100), 5), &rules())).await.unwrap();
    assert_eq!((first.same.subjects.len(), first.same.documents.len()), (0, 0), "nothing is there");
    feed(store, &told(all(100), 5), &rules()).await;

    let again = told(all(100), 6);
    let snapshot = store.snapshot(&wants(&again, &rules())).await.unwrap();
    assert_eq!((snapshot.same.subjects.len(), snapshot.same.documents.len()), (2, 2));
    assert!(snapshot.subjects.is_empty() && snapshot.documents.is_empty() && snapshot.contacts.is_empty());
    let planned = plan(&again, snapshot, &rules(), PLANNED);
    assert_eq!((planned.counts.unchanged, planned.is_empty()), (4, true));
    assert_eq!((planned.seen.subjects.len(), planned.seen.documents.len()), (2, 2));

    // Somebody wrote one of them meanwhile: what was taken for the same is looked at again.
    feed(store, &told(vec![changed(binh.clone(), 7).into()], 7), &rules()).await;
    conflicts(store, planned).await;

    // Another number on the order, another name of Bình; Lan is not concerned.
    let renamed = CustomerRecord { name: Some("Bình Mẫu".into()), ..changed(binh.clone(), 8) };
    let news = told(vec![lan.clone().into(), renamed.into(), sale(90).into()], 8);
    let snapshot = store.snapshot(&wants(&news, &rules())).await.unwrap();
    assert_eq!(snapshot.same.subjects.keys().collect::<Vec<_>>(), [&subject_id("1")]);
    assert_eq!(snapshot.subjects.keys().collect::<Vec<_>>(), [&subject_id("2")]);
    assert_eq!(snapshot.documents.keys().collect::<Vec<_>>(), [&order_id("7")]);
    assert!(snapshot.same.documents.is_empty());

    // Rules by which it has other keys; two versions in one batch; one whom only a document named so far.
    let mut by_id = rules();
    let link = LinkRules { match_by: Some(Vec::new()), ..by_id.link(&shop()).clone() };
    by_id = by_id.with_link(shop(), "KiotViet", link);
    let snapshot = store.snapshot(&wants(&told(vec![lan.clone().into()], 9), &by_id)).await.unwrap();
    assert!(snapshot.same.subjects.is_empty() && snapshot.subjects.contains_key(&subject_id("1")));
    let both = told(vec![lan.clone().into(), changed(lan.clone(), 9).into()], 9);
    let snapshot = store.snapshot(&wants(&both, &rules())).await.unwrap();
    assert!(snapshot.same.subjects.is_empty() && snapshot.subjects.contains_key(&subject_id("1")));
    let named = CustomerRecord { id: "3".into(), ..CustomerRecord::default() };
    let snapshot = store.snapshot(&wants(&told(vec![named.into()], 9), &rules())).await.unwrap();
    assert!(snapshot.same.subjects.is_empty() && snapshot.subjects.contains_key(&subject_id("3")));

    // Gone, and seen again.
    let mut removal = Batch::new(shop(), Vec::new()).with_seen_at(at(10));
    removal.removed = vec![(Stream::Customers, "1".into()), (Stream::Orders, "7".into())];
    feed(store, &removal, &rules()).await;
    let back = told(vec![lan.clone().into(), sale(100).into()], 11);
    let snapshot = store.snapshot(&wants(&back, &rules())).await.unwrap();
    assert_eq!((snapshot.same.subjects.len(), snapshot.same.documents.len()), (0, 0));
    feed(store, &back, &rules()).await;
    for stream in [Stream::Customers, Stream::Orders] {
        assert_eq!(store.alive(&shop(), stream).await.unwrap(), 2, "{stream}");
    }
    drop(opened.keep);
}

/// At the limit a key works, above it is only reported; a vendor's id is never shared.
pub async fn snapshots_report_shared_keys_and_leave_their_holders(opened: Opened) {
    let store = &*opened.store;
    let shared = phone(LAN);
    let vendor = Key::vendor(&shop(), "z");
    let mut changes = ChangeSet::default();
    for number in 0..4 {
        let id = number.to_string();
        let keys = vec![shared.clone(), vendor.clone()];
        changes.subjects.push(Change::new(subject(subject_id(&id), keys, &id)));
        changes.contacts.push(Change::new(synced(&id)));
    }
    write(store, changes).await.unwrap();
    let at_limit = store.snapshot(&wanting([shared.clone()], 4)).await.unwrap();
    assert_eq!((at_limit.subjects.len(), at_limit.shared.len()), (4, 0));
    let above = store.snapshot(&wanting([shared.clone()], 3)).await.unwrap();
    assert_eq!((above.subjects.len(), above.contacts.len()), (0, 0));
    assert_eq!(above.shared.iter().collect::<Vec<_>>(), [&shared]);
    let by_vendor = store.snapshot(&wanting([vendor], 1)).await.unwrap();
    assert_eq!(by_vendor.subjects.len(), 4);
    assert_eq!(by_vendor.shared.iter().collect::<Vec<_>>(), [&shared], "met on the way");
    let mut changes = ChangeSet::default();
    changes.dropped.push(subject_id("3"));
    write(store, changes).await.unwrap();
    let fewer = store.snapshot(&wanting([shared.clone()], 3)).await.unwrap();
    assert_eq!((fewer.subjects.len(), fewer.shared.len()), (3, 0), "a holder that went counts no more");
    let mut changes = ChangeSet::default();
    for number in 0..3 {
        let id = ContactId::new(format!("host-{number}"));
        changes.contacts.push(Change::new(Contact::host_made(id.as_str(), NOW)));
        changes.host_keys.push((id, vec![shared.clone()]));
    }
    write(store, changes).await.unwrap();
    let snapshot = store.snapshot(&wanting([shared.clone()], 3)).await.unwrap();
    assert_eq!(
        (snapshot.contacts.len(), snapshot.shared.len()),
        (6, 0),
        "contacts of the host do not count as records"
    );
    let snapshot = store.snapshot(&wanting([shared], 2)).await.unwrap();
    assert_eq!((snapshot.contacts.len(), snapshot.shared.len()), (0, 1));
}

/// Blocks of orders that name a customer count with that customer, the others each by itself.
pub async fn snapshots_count_holders_as_identity_does(opened: Opened) {
    let store = &*opened.store;
    let key = phone(LAN);
    let block = |id: &str| SubjectId::new(&shop(), SubjectKind::OrderBuyer, id);
    let named = Key::vendor(&shop(), "1");
    let mut changes = ChangeSet::default();
    changes.subjects.push(Change::new(subject(subject_id("1"), vec![key.clone()], "x")));
    for number in 0..5 {
        let keys = vec![key.clone(), named.clone()];
        changes.subjects.push(Change::new(subject(block(&format!("orders/{number}")), keys, "x")));
    }
    changes.contacts.push(Change::new(synced("x")));
    write(store, changes).await.unwrap();
    let snapshot = store.snapshot(&wanting([key.clone()], 2)).await.unwrap();
    assert_eq!((snapshot.subjects.len(), snapshot.shared.len()), (6, 0), "one customer");
    let mut changes = ChangeSet::default();
    for number in 0..2 {
        changes.subjects.push(Change::new(subject(
            block(&format!("invoices/{number}")),
            vec![key.clone()],
            "x",
        )));
    }
    write(store, changes).await.unwrap();
    let snapshot = store.snapshot(&wanting([key.clone()], 2)).await.unwrap();
    assert_eq!((snapshot.subjects.len(), snapshot.shared.len()), (0, 1), "one customer and two strangers");
    let snapshot = store.snapshot(&wanting([key], 3)).await.unwrap();
    assert_eq!((snapshot.subjects.len(), snapshot.shared.len()), (8, 0));
}

/// Contacts that people made are found by phone and by e-mail, with all records of theirs, until the key is gone.
pub async fn snapshots_find_contacts_of_the_host(opened: Opened) {
    let store = &*opened.store;
    take_edit(store, "host-1", "phones", serde_json::json!(["+84912000123"])).await;
    take_edit(store, "host-2", "emails", serde_json::json!(["binh@example.com"])).await;
    let by_phone = store.snapshot(&wanting([phone(LAN)], 20)).await.unwrap();
    assert_eq!(by_phone.contacts.keys().collect::<Vec<_>>(), [&ContactId::new("host-1")]);
    let by_mail = store.snapshot(&wanting([email("binh@example.com")], 20)).await.unwrap();
    assert_eq!(by_mail.contacts.keys().collect::<Vec<_>>(), [&ContactId::new("host-2")]);
    let changes = take(store, [with_email(customer("1", "Bình", BINH, 1), "binh@example.com").into()]).await;
    assert_eq!(changes.subjects[0].row.contact, Some(ContactId::new("host-2")));
    let through_contact = store.snapshot(&wanting([email("binh@example.com")], 20)).await.unwrap();
    assert_eq!(names(&through_contact), ["1".to_owned()].into());
    let host = store.contact(&ContactId::new("host-2")).await.unwrap().unwrap();
    assert!(host.host_made);
    assert!(!host_keys(&host, &rules()).is_empty());
    take_edit(store, "host-1", "phones", serde_json::json!(["+84903000555"])).await;
    assert!(store.snapshot(&wanting([phone(LAN)], 20)).await.unwrap().contacts.is_empty());
    assert_eq!(store.contacts(&ContactQuery::by_key(phone(LAN))).await.unwrap(), []);
    assert_eq!(store.contacts(&ContactQuery::by_key(phone("0903000555"))).await.unwrap().len(), 1);
}

/// A customer's other ids lead to it, and it leads to whoever names its id.
pub async fn snapshots_follow_other_ids_of_a_customer(opened: Opened) {
    let store = &*opened.store;
    let own = |id: &str| Key::vendor(&shop(), id);
    let mut changes = ChangeSet::default();
    changes.subjects.push(Change::new(subject(subject_id("1"), vec![phone(LAN)], "x")));
    changes.subjects.push(Change::new(subject(subject_id("2"), vec![own("1"), own("old")], "y")));
    changes.contacts = vec![Change::new(synced("x")), Change::new(synced("y"))];
    write(store, changes).await.unwrap();
    for key in [phone(LAN), own("1"), own("2"), own("old")] {
        let snapshot = store.snapshot(&wanting([key.clone()], 20)).await.unwrap();
        assert_eq!(names(&snapshot), ["1".to_owned(), "2".to_owned()].into(), "{key:?}");
    }
    let mut want = wanting([], 20);
    want.subjects.insert(subject_id("1"));
    assert_eq!(store.snapshot(&want).await.unwrap().subjects.len(), 2);
    assert!(
        store
            .snapshot(&wanting([Key::vendor(&Account::new("kiotviet", "khac"), "1")], 20))
            .await
            .unwrap()
            .subjects
            .is_empty()
    );
}

/// A decision comes with either record, and brings the other one; also when one is not there yet.
pub async fn snapshots_bring_decisions_and_both_records(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into(), customer("2", "Bình", BINH, 2).into()]).await;
    let decisions = [
        Decision::Different(subject_id("2"), subject_id("1")),
        Decision::Same(subject_id("2"), subject_id("later")),
    ];
    let mut changes = ChangeSet::default();
    changes.decisions = decisions.to_vec();
    write(store, changes).await.unwrap();
    for id in ["1", "2", "later"] {
        let mut want = wanting([], 20);
        want.subjects.insert(subject_id(id));
        let snapshot = store.snapshot(&want).await.unwrap();
        assert_eq!(names(&snapshot), ["1".to_owned(), "2".to_owned()].into(), "{id}");
        let mut found = snapshot.decisions;
        found.sort();
        let mut all = decisions.to_vec();
        all.sort();
        assert_eq!(found, all);
    }
    assert_eq!(store.subject(&subject_id("later")).await.unwrap(), None);
    assert_eq!(store.size().await.unwrap().subjects, 2);
    let changes = take(store, [customer("later", "Hoa", "0903000555", 3).into()]).await;
    assert_eq!(changes.subjects[0].row.contact, Some(contact_id("2")), "the decision waited for the record");
}

/// Documents with what they refer to and what refers to them, by id and by code, in their own shop.
pub async fn snapshots_follow_documents(opened: Opened) {
    let store = &*opened.store;
    let mut order = paper(DocumentKind::Order, "100", None, 10, 1);
    order.code = Some("DH1".into());
    let mut first = paper(DocumentKind::Invoice, "200", None, 6, 2);
    first.code = Some("HD1".into());
    first.fulfils = Some("DH1".into());
    let mut second = paper(DocumentKind::Invoice, "201", None, 4, 2);
    second.fulfils = Some("100".into());
    let mut back = paper(DocumentKind::Return, "300", None, 1, 3);
    back.returns = Some("HD1".into());
    let mut again = paper(DocumentKind::Return, "301", None, 1, 3);
    again.returns = Some("200".into());
    let alone = paper(DocumentKind::Order, "999", None, 1, 3);
    let records = [order.clone(), first, second, back, again, alone];
    take(store, records.into_iter().map(Record::from)).await;
    feed(store, &Batch::new(other_shop(), vec![order.into()]), &rules()).await;
    let kinds = [DocumentKind::Order, DocumentKind::Invoice, DocumentKind::Return];
    for (kind, id) in [(0, "100"), (1, "200"), (1, "201"), (2, "300"), (2, "301")] {
        let mut want = Want::default();
        want.documents.insert(DocumentId::new(shop(), kinds[kind], id));
        let snapshot = store.snapshot(&want).await.unwrap();
        let found: BTreeSet<&str> = snapshot.documents.keys().map(|id| &*id.id).collect();
        assert_eq!(found, ["100", "200", "201", "300", "301"].into(), "from {id}");
        assert!(snapshot.documents.keys().all(|id| id.account == shop()));
    }
    for (name, count) in [("DH1", 5), ("HD1", 5), ("100", 5), ("300", 5), ("999", 1), ("DH2", 0)] {
        let mut want = Want::default();
        want.references.insert((shop(), name.into()));
        assert_eq!(store.snapshot(&want).await.unwrap().documents.len(), count, "by {name}");
    }
    // A changed reference is forgotten.
    let mut moved = paper(DocumentKind::Invoice, "201", None, 4, 2);
    moved.updated_at = Some(at(9));
    moved.fulfils = Some("999".into());
    take(store, [moved.into()]).await;
    let mut want = Want::default();
    want.references.insert((shop(), "999".into()));
    assert_eq!(store.snapshot(&want).await.unwrap().documents.len(), 2);
    want.references = [(shop(), "DH1".to_owned())].into();
    assert_eq!(store.snapshot(&want).await.unwrap().documents.len(), 4);
}

/// A document is called by its other names too: with it comes whatever names it so, from either end, and counts with it.
pub async fn snapshots_follow_other_names_of_documents(opened: Opened) {
    let store = &*opened.store;
    let mut order = paper(DocumentKind::Order, "100", None, 10, 1);
    order.aliases = vec!["A-100".into(), "100-GOC".into()];
    let mut invoice = paper(DocumentKind::Invoice, "200", None, 10, 2);
    invoice.fulfils = Some("A-100".into());
    invoice.aliases = vec!["A-200".into()];
    let mut back = paper(DocumentKind::Return, "300", None, 14, 3);
    back.returns = Some("A-200".into());
    take(store, [order.clone().into(), invoice.into(), back.into()]).await;
    for (kind, id) in
        [(DocumentKind::Order, "100"), (DocumentKind::Invoice, "200"), (DocumentKind::Return, "300")]
    {
        let mut want = Want::default();
        want.documents.insert(DocumentId::new(shop(), kind, id));
        let snapshot = store.snapshot(&want).await.unwrap();
        let found: BTreeSet<&str> = snapshot.documents.keys().map(|id| &*id.id).collect();
        assert_eq!(found, ["100", "200", "300"].into(), "from {id}");
    }
    let row = async |kind, id: &str| {
        let ledger = store.document(&DocumentId::new(shop(), kind, id)).await.unwrap().unwrap().ledger;
        (ledger.revenue, ledger.orders)
    };
    assert_eq!(row(DocumentKind::Order, "100").await, (Money::ZERO, 1), "the invoice counts its money");
    assert_eq!(row(DocumentKind::Invoice, "200").await, (money("10"), 0), "the order is counted already");
    assert_eq!(
        row(DocumentKind::Return, "300").await,
        (money("-10"), 0),
        "no more than the invoice is worth"
    );
    // Without the name nobody means it.
    order.aliases.clear();
    order.updated_at = Some(at(9));
    take(store, [order.into()]).await;
    assert_eq!(row(DocumentKind::Order, "100").await, (money("10"), 1));
    assert_eq!(row(DocumentKind::Invoice, "200").await, (money("10"), 1));
}

/// The buyer's block of an order that names a customer by now.
pub async fn a_dropped_record_leaves_nothing_behind(opened: Opened) {
    let store = &*opened.store;
    take(store, [guest(DocumentKind::Order, "5", LAN, 10, 1).into()]).await;
    let block = SubjectId::new(&shop(), SubjectKind::OrderBuyer, "orders/5");
    assert!(store.subject(&block).await.unwrap().is_some());
    let mut named = paper(DocumentKind::Order, "5", Some("7"), 10, 1);
    named.updated_at = Some(at(2));
    take(store, [named.into()]).await;
    assert_eq!(store.subject(&block).await.unwrap(), None);
    assert_eq!(store.contacts(&ContactQuery::by_key(phone(LAN))).await.unwrap(), []);
    assert!(store.snapshot(&wanting([phone(LAN)], 20)).await.unwrap().subjects.is_empty());
    assert_eq!(store.size().await.unwrap().subjects, 1);
    assert_eq!(store.size().await.unwrap().contacts, 1);
    let mut back = guest(DocumentKind::Order, "5", LAN, 10, 1);
    back.updated_at = Some(at(3));
    take(store, [back.into()]).await;
    assert!(store.subject(&block).await.unwrap().is_some(), "and it may come back");
    assert_eq!(store.snapshot(&wanting([phone(LAN)], 20)).await.unwrap().subjects.len(), 1);
}

/// One holder at a time, until its end; every holding has a higher fence.
pub async fn leases_are_held_by_one(opened: Opened) {
    let store = &*opened.store;
    let first = store.acquire("shop/customers", "a", NOW, at(5)).await.unwrap().unwrap();
    assert_eq!((first.name.as_str(), first.holder.as_str()), ("shop/customers", "a"));
    assert_eq!(store.acquire("shop/customers", "b", at(4), at(9)).await.unwrap(), None);
    assert!(store.acquire("shop/orders", "b", at(4), at(9)).await.unwrap().is_some(), "another name");
    assert!(store.renew(&first, at(10)).await.unwrap());
    assert_eq!(store.acquire("shop/customers", "b", at(6), at(9)).await.unwrap(), None, "it was renewed");
    let stolen = store.acquire("shop/customers", "b", at(10), at(20)).await.unwrap().unwrap();
    assert!(stolen.fence > first.fence);
    assert!(!store.renew(&first, at(30)).await.unwrap());
    store.release(&first).await.unwrap();
    assert_eq!(
        store.acquire("shop/customers", "c", at(11), at(20)).await.unwrap(),
        None,
        "a lost lease frees nothing"
    );
    let again = store.acquire("shop/customers", "b", at(11), at(20)).await.unwrap().unwrap();
    assert!(again.fence > stolen.fence, "the same holder gets it again");
    assert!(!store.renew(&stolen, at(30)).await.unwrap());
    store.release(&again).await.unwrap();
    assert!(!store.renew(&again, at(30)).await.unwrap());
    let free = store.acquire("shop/customers", "c", at(11), at(20)).await.unwrap().unwrap();
    assert!(free.fence > again.fence, "the fence grows across a release");
}

/// A commit asks who holds the lease, not until when.
pub async fn leases_that_were_lost_stop_a_commit(opened: Opened) {
    let store = &*opened.store;
    let lease = store.acquire("x", "a", NOW, at(1)).await.unwrap().unwrap();
    let mut commit = Commit::default();
    commit.checkpoint = Some((shop(), Stream::Customers, reached()));
    commit.lease = Some(lease.clone());
    store.commit(&commit).await.unwrap();
    let other = store.acquire("x", "b", at(2), at(9)).await.unwrap().unwrap();
    commit.checkpoint = Some((shop(), Stream::Orders, reached()));
    assert!(matches!(store.commit(&commit).await, Err(StoreError::LeaseLost(name)) if name == "x"));
    assert_eq!(store.checkpoint(&shop(), Stream::Orders).await.unwrap(), Checkpoint::default());
    commit.lease = Some(pos_sync::Lease { fence: lease.fence, ..other });
    assert!(matches!(store.commit(&commit).await, Err(StoreError::LeaseLost(_))), "the fence counts");
    commit.lease = Some(pos_sync::Lease { name: "never".into(), ..lease });
    assert!(matches!(store.commit(&commit).await, Err(StoreError::LeaseLost(_))));
}

/// Checkpoints by shop and stream, by themselves and with a commit.
pub async fn checkpoints_are_kept_by_stream(opened: Opened) {
    let store = &*opened.store;
    store.put_checkpoint(&shop(), Stream::Orders, &reached()).await.unwrap();
    assert_eq!(store.checkpoint(&shop(), Stream::Orders).await.unwrap(), reached());
    assert_eq!(store.checkpoint(&shop(), Stream::Invoices).await.unwrap(), Checkpoint::default());
    assert_eq!(store.checkpoint(&other_shop(), Stream::Orders).await.unwrap(), Checkpoint::default());
    let mut next = reached();
    next.window = None;
    next.full_at = Some(at(4));
    let mut commit = Commit::default();
    commit.checkpoint = Some((shop(), Stream::Orders, next.clone()));
    store.commit(&commit).await.unwrap();
    assert_eq!(store.checkpoint(&shop(), Stream::Orders).await.unwrap(), next);
}

/// Runs get rising numbers and are listed with the latest first.
pub async fn runs_are_numbered_and_listed(opened: Opened) {
    let store = &*opened.store;
    let mut runs = Vec::new();
    for (account, minute) in [(shop(), 1), (other_shop(), 2), (shop(), 3)] {
        let mut run = Run::new(account, Some(Stream::Orders), RunKind::CatchUp, at(minute));
        run.id = store.put_run(&run).await.unwrap();
        runs.push(run);
    }
    assert!(runs[0].id > 0 && runs[0].id < runs[1].id && runs[1].id < runs[2].id);
    runs[0].status = RunStatus::Failed("the shop does not answer".into());
    runs[0].finished_at = Some(at(2));
    assert_eq!(store.put_run(&runs[0]).await.unwrap(), runs[0].id);
    runs[1].counts.created = 7;
    runs[1].announced = Some(9);
    let mut commit = Commit::default();
    commit.run = Some(runs[1].clone());
    store.commit(&commit).await.unwrap();
    runs.reverse();
    assert_eq!(store.runs(None, 9).await.unwrap(), runs);
    assert_eq!(store.runs(None, 2).await.unwrap(), runs[..2]);
    assert_eq!(store.runs(Some(&other_shop()), 9).await.unwrap(), runs[1..2]);
    assert_eq!(store.runs(Some(&shop()), 1).await.unwrap(), runs[..1]);
    assert_eq!(store.run(runs[2].id).await.unwrap().as_ref(), Some(&runs[2]));
    assert_eq!(store.run(runs[0].id + 1).await.unwrap(), None);
}

/// What a run could not read, in the order in which it came.
pub async fn rejections_are_kept_by_run(opened: Opened) {
    let store = &*opened.store;
    let one = |run, id: &str| {
        let rejected =
            Rejected { id: Some(id.into()), path: format!("data[{id}]"), reason: "no number".into() };
        Rejection { run, stream: Some(Stream::Orders), rejected }
    };
    let mut commit = Commit::default();
    commit.rejections = vec![one(1, "3"), one(1, "1"), one(2, "5")];
    store.commit(&commit).await.unwrap();
    commit.rejections = vec![one(1, "2")];
    store.commit(&commit).await.unwrap();
    assert_eq!(store.rejections(1, 9).await.unwrap(), [one(1, "3"), one(1, "1"), one(1, "2")]);
    assert_eq!(store.rejections(1, 1).await.unwrap(), [one(1, "3")]);
    assert_eq!(store.rejections(2, 9).await.unwrap(), [one(2, "5")]);
}

/// A delivery as a verifier leaves it.
fn letter(account: Account, id: &str, at: OffsetDateTime) -> InboxItem {
    remembered(account, id, at, Remember::Always)
}

fn remembered(account: Account, id: &str, at: OffsetDateTime, remember: Remember) -> InboxItem {
    let headers = http::HeaderMap::new();
    let body = format!("{{\"id\":\"{id}\",\"name\":\"Đỗ \\u0041\"}}");
    let request = WebhookRequest::new(&headers, body.as_bytes(), at);
    let mut verified = Verified::proven(account.vendor().clone(), Trust::Signed, &request);
    verified.topic = Some("orders/updated".into());
    verified.facts.insert("deletions".into(), "1".into());
    InboxItem::new(account, id, remember, verified)
}

async fn settle(store: &dyn Store, delivery: &str, fate: Fate) {
    let mut commit = Commit::default();
    commit.inbox.push(Settled::new(&letter(shop(), delivery, NOW), fate));
    store.commit(&commit).await.unwrap();
}

/// The same delivery counts once: while it waits, and when it is done. One that failed for good is welcome again. Another
/// shop's id is another delivery.
pub async fn deliveries_are_accepted_once(opened: Opened) {
    let store = &*opened.store;
    let item = |id: &str| letter(shop(), id, NOW);
    assert!(store.accept(&item("a")).await.unwrap());
    assert!(store.accept(&item("b")).await.unwrap());
    assert!(store.accept(&letter(other_shop(), "a", NOW)).await.unwrap());
    settle(store, "a", Fate::Done).await;
    settle(store, "b", Fate::Dead { why: "no such order".into() }).await;
    settle(store, "never came", Fate::Done).await;
    assert!(!store.accept(&item("a")).await.unwrap());
    assert_eq!(store.inbox(&shop(), at(9), 9).await.unwrap(), []);
    assert_eq!(store.inbox(&other_shop(), at(9), 9).await.unwrap().len(), 1);
    settle(store, "a", Fate::Later { at: NOW, why: "again".into() }).await;
    assert_eq!(store.inbox(&shop(), at(9), 9).await.unwrap(), [], "what is done stays done");
    assert!(store.accept(&item("b")).await.unwrap());
    assert_eq!(store.inbox(&shop(), at(9), 9).await.unwrap(), [item("b")], "as if it had never been tried");
    assert_eq!(store.dead_letters(&shop(), 9).await.unwrap(), []);
}

/// A delivery that is done is known as long as its id tells something: for ever, while its vendor repeats, or not at all.
pub async fn deliveries_are_remembered_as_long_as_they_say(opened: Opened) {
    let store = &*opened.store;
    let came = |id: &str, minute: u64, remember| remembered(shop(), id, at(minute), remember);
    for (id, remember) in
        [("id", Remember::Always), ("hash", Remember::Seconds(600)), ("hint", Remember::WhileWaiting)]
    {
        assert!(store.accept(&came(id, 0, remember)).await.unwrap());
        assert!(!store.accept(&came(id, 1, remember)).await.unwrap(), "{id}: it waits already");
        let waiting = store.inbox(&shop(), at(1), 9).await.unwrap();
        let waiting = waiting.into_iter().find(|item| item.delivery == id).unwrap();
        assert_eq!((waiting.arrivals, waiting.received_at()), (2, at(0)));
        let mut commit = Commit::default();
        commit.inbox.push(Settled::new(&waiting, Fate::Done));
        store.commit(&commit).await.unwrap();
        let soon = store.accept(&came(id, 9, remember)).await.unwrap();
        assert_eq!(soon, remember == Remember::WhileWaiting, "{id}");
        if !soon {
            let late = store.accept(&came(id, 10, remember)).await.unwrap();
            assert_eq!(late, remember != Remember::Always, "{id}");
        }
    }
    let waiting: Vec<_> =
        store.inbox(&shop(), at(99), 9).await.unwrap().into_iter().map(|item| item.delivery).collect();
    assert_eq!(waiting, ["hint", "hash"]);
}

/// What comes again while it is worked on is worked on again.
pub async fn a_delivery_that_came_meanwhile_is_not_done(opened: Opened) {
    let store = &*opened.store;
    let hint = || remembered(shop(), "hint", NOW, Remember::WhileWaiting);
    store.accept(&hint()).await.unwrap();
    let taken = store.inbox(&shop(), NOW, 9).await.unwrap().pop().unwrap();
    assert!(!store.accept(&hint()).await.unwrap());
    let mut commit = Commit::default();
    commit.inbox.push(Settled::new(&taken, Fate::Done));
    store.commit(&commit).await.unwrap();
    let again = store.inbox(&shop(), NOW, 9).await.unwrap().pop().unwrap();
    commit.inbox = vec![Settled::new(&again, Fate::Done)];
    store.commit(&commit).await.unwrap();
    assert_eq!(store.inbox(&shop(), at(99), 9).await.unwrap(), []);
}

/// The oldest first, not before they are due, each with its count of attempts.
pub async fn deliveries_wait_until_they_are_due(opened: Opened) {
    let store = &*opened.store;
    for (id, minute) in [("late", 3), ("first", 1), ("second", 2)] {
        assert!(store.accept(&letter(shop(), id, at(minute))).await.unwrap());
    }
    let ids = |items: Vec<InboxItem>| items.into_iter().map(|item| item.delivery).collect::<Vec<_>>();
    assert_eq!(ids(store.inbox(&shop(), at(3), 9).await.unwrap()), ["first", "second", "late"]);
    assert_eq!(ids(store.inbox(&shop(), at(3), 2).await.unwrap()), ["first", "second"]);
    settle(store, "first", Fate::Later { at: at(10), why: "busy".into() }).await;
    assert_eq!(ids(store.inbox(&shop(), at(9), 9).await.unwrap()), ["second", "late"]);
    let due = store.inbox(&shop(), at(10), 9).await.unwrap();
    assert_eq!((due[0].delivery.as_str(), due[0].attempts, due[1].attempts), ("first", 1, 0));
    settle(store, "first", Fate::Later { at: at(50), why: "busy".into() }).await;
    store.wake(&shop(), Boxed::Inbox, at(11)).await.unwrap();
    assert_eq!(store.inbox(&shop(), at(11), 9).await.unwrap().len(), 3);
    settle(store, "first", Fate::Waits { at: at(12), why: "the token is refused".into() }).await;
    assert_eq!(ids(store.inbox(&shop(), at(11), 9).await.unwrap()), ["second", "late"]);
    assert_eq!(store.inbox(&shop(), at(12), 9).await.unwrap()[0].attempts, 2, "that was no try");
    settle(store, "first", Fate::Dead { why: "gave up".into() }).await;
    let dead = store.dead_letters(&shop(), 9).await.unwrap();
    assert_eq!((dead.len(), dead[0].1.as_str(), dead[0].0.attempts), (1, "gave up", 3));
    let depth = store.depth(&shop(), Boxed::Inbox).await.unwrap();
    assert_eq!(depth, Depth { waiting: 2, dead: 1, oldest: Some(at(2)) });
    assert_eq!(store.depth(&other_shop(), Boxed::Inbox).await.unwrap(), Depth::default());
    assert_eq!(ids(store.inbox(&shop(), at(99), 9).await.unwrap()), ["second", "late"]);
}

/// A delivery comes back byte for byte, with everything that was proven about it.
pub async fn deliveries_keep_their_bodies(opened: Opened) {
    let store = &*opened.store;
    let item = letter(shop(), "d", NOW);
    store.accept(&item).await.unwrap();
    assert_eq!(store.inbox(&shop(), NOW, 9).await.unwrap(), [item]);
}

/// One, a span of time, or all come back; with `done`, those that are done too. Others are taken out for good.
pub async fn items_that_failed_are_revived_and_dismissed(opened: Opened) {
    let store = &*opened.store;
    for (id, minute) in [("a", 1), ("b", 2), ("c", 3), ("done", 4)] {
        store.accept(&letter(shop(), id, at(minute))).await.unwrap();
        let fate = if id == "done" { Fate::Done } else { Fate::Dead { why: "refused".into() } };
        settle(store, id, fate).await;
    }
    store.accept(&letter(other_shop(), "a", NOW)).await.unwrap();
    let waiting = async || {
        let items = store.inbox(&shop(), at(99), 9).await.unwrap();
        items.into_iter().map(|item| (item.delivery, item.attempts)).collect::<Vec<_>>()
    };
    let revive =
        async |which: &Which, done| store.revive(&shop(), Boxed::Inbox, which, done, at(50)).await.unwrap();
    assert_eq!(revive(&Which::One("a".into()), false).await, 1);
    assert_eq!(waiting().await, [("a".to_owned(), 0)]);
    assert_eq!(store.inbox(&shop(), at(49), 9).await.unwrap(), []);
    assert_eq!(revive(&Which::Between(at(2), at(3)), false).await, 1);
    assert_eq!(store.dismiss(&shop(), Boxed::Inbox, &Which::One("b".into())).await.unwrap(), 0, "it waits");
    assert_eq!(store.dismiss(&shop(), Boxed::Inbox, &Which::All).await.unwrap(), 1);
    assert_eq!(revive(&Which::All, false).await, 0);
    assert_eq!(revive(&Which::All, true).await, 1, "what is done is replayed when it is asked for");
    assert_eq!(waiting().await.len(), 3);
    let arrivals = store.inbox(&shop(), at(99), 9).await.unwrap().into_iter().map(|item| item.arrivals);
    assert_eq!(arrivals.collect::<Vec<_>>(), [1, 1, 0], "nobody sent it again");

    let mut changes = ChangeSet::default();
    changes.outbox = vec![push("a", "Lan"), push("b", "Bình")];
    write(store, changes).await.unwrap();
    let mut commit = Commit::default();
    for item in store.outbox(&shop(), NOW, 9).await.unwrap() {
        commit.outbox.push((item.id, Fate::Dead { why: "refused".into() }));
    }
    store.commit(&commit).await.unwrap();
    let one = Which::One(commit.outbox[0].0.to_string());
    assert_eq!(store.revive(&shop(), Boxed::Outbox, &one, false, at(5)).await.unwrap(), 1);
    assert_eq!(store.outbox(&shop(), at(4), 9).await.unwrap(), []);
    assert_eq!(store.outbox(&shop(), at(5), 9).await.unwrap().len(), 1);
    assert_eq!(store.dismiss(&shop(), Boxed::Outbox, &Which::All).await.unwrap(), 1);
    assert_eq!(store.dead_pushes(&shop(), 9).await.unwrap(), []);
}

/// What is older than it is kept goes, a few rows at a time; what waits, and the last run of a stream, stays.
pub async fn old_rows_are_purged(opened: Opened) {
    let store = &*opened.store;
    for (id, minute) in [("old", 0), ("older and waiting", 0), ("young", 50)] {
        store.accept(&letter(shop(), id, at(minute))).await.unwrap();
    }
    settle(store, "old", Fate::Done).await;
    settle(store, "young", Fate::Done).await;
    let mut ids = Vec::new();
    for minute in [0, 1, 50] {
        ids.push(store.put_run(&Run::new(shop(), None, RunKind::Webhooks, at(minute))).await.unwrap());
    }
    let last = store.put_run(&Run::new(shop(), Some(Stream::Orders), RunKind::Full, at(0))).await.unwrap();
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let retention =
        Retention { deliveries_seconds: Some(1800), runs_seconds: Some(1800), audit_seconds: None };
    assert_eq!(store.purge(&Retention::default(), at(60), 9).await.unwrap(), 0);
    assert_eq!(store.purge(&retention, at(60), 0).await.unwrap(), 0, "no more rows than asked");
    assert_eq!(store.purge(&retention, at(60), 1).await.unwrap(), 2, "one delivery and one run");
    while store.purge(&retention, at(60), 9).await.unwrap() > 0 {}
    let runs: Vec<u64> = store.runs(None, 9).await.unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(runs, [last, ids[2]]);
    assert!(store.accept(&letter(shop(), "old", at(60))).await.unwrap(), "it is forgotten");
    assert!(!store.accept(&letter(shop(), "young", at(60))).await.unwrap());
    assert_eq!(store.inbox(&shop(), at(99), 9).await.unwrap().len(), 2);
    let contact = store.contacts(&ContactQuery::by_key(phone(LAN))).await.unwrap().pop().unwrap();
    assert_eq!(store.audit(&contact.id, 9).await.unwrap().len(), 1);
    let audit = Retention { audit_seconds: Some(60), ..Retention::default() };
    assert!(store.purge(&audit, NOW + Duration::from_secs(90 * 24 * 3600), 9).await.unwrap() > 0);
    assert_eq!(store.audit(&contact.id, 9).await.unwrap(), []);
}

/// Whoever mirrors the CRM hears of everything once, in order, walk-in sales and retired contacts included.
pub async fn changes_are_told_in_order(opened: Opened) {
    let store = &*opened.store;
    assert_eq!(store.changes(0, 9).await.unwrap(), []);
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let mut walk_in = paper(DocumentKind::Order, "7", None, 100, 2);
    walk_in.buyer = None;
    take(store, [walk_in.into()]).await;
    let first = store.changes(0, 1).await.unwrap();
    let lan = store.contacts(&ContactQuery::by_key(phone(LAN))).await.unwrap().pop().unwrap().id;
    assert_eq!(
        first.iter().map(|change| &change.what).collect::<Vec<_>>(),
        [&ChangedObject::Contact(lan.clone())]
    );
    let rest = store.changes(first[0].sequence, 9).await.unwrap();
    let order = ChangedObject::Document(DocumentId::new(shop(), DocumentKind::Order, "7"));
    assert_eq!(rest.iter().map(|change| &change.what).collect::<Vec<_>>(), [&order]);
    let reached = rest[0].sequence;
    take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    assert_eq!(store.changes(reached, 9).await.unwrap(), [], "nothing changed");
    // Another record joins two contacts: one of their ids retires.
    take(store, [customer("2", "Bình", BINH, 2).into()]).await;
    let mut both = customer("3", "Lan", LAN, 3);
    both.phones.extend(customer("3", "Lan", BINH, 3).phones);
    take(store, [both.into()]).await;
    let after = store.changes(reached, 99).await.unwrap();
    let retired = after.iter().find_map(|change| match &change.what {
        ChangedObject::ContactGone { id, into } => Some((id.clone(), into.clone())),
        _ => None,
    });
    let (gone, into) = retired.expect("a contact is no more");
    assert_eq!(
        (into.as_ref(), store.contact(&gone).await.unwrap().map(|contact| contact.id)),
        (Some(&lan), Some(lan.clone()))
    );
    assert!(after.windows(2).all(|pair| pair[0].sequence <= pair[1].sequence));
}

/// A removal that was planned before somebody saw the objects again, unchanged, is planned anew.
pub async fn a_removal_beats_no_later_sight(opened: Opened) {
    let store = &*opened.store;
    let product = ProductRecord { id: "9".into(), ..ProductRecord::default() };
    let facts = || -> Vec<Record> {
        let sale = paper(DocumentKind::Order, "7", Some("1"), 100, 2);
        vec![customer("1", "Lan", LAN, 1).into(), sale.into(), product.clone().into()]
    };
    let gone = |minute: u64| {
        let mut batch = Batch::new(shop(), Vec::new()).with_seen_at(at(minute));
        batch.removed = vec![
            (Stream::Customers, "1".into()),
            (Stream::Orders, "7".into()),
            (Stream::Products, "9".into()),
        ];
        batch
    };
    feed(store, &Batch::new(shop(), facts()).with_seen_at(at(5)), &rules()).await;
    let mut removal = gone(99);
    for (turn, object) in removal.removed.iter().enumerate() {
        let minute = 20 * turn as u64;
        let mut one = gone(minute + 10);
        one.removed = vec![object.clone()];
        let snapshot = store.snapshot(&wants(&one, &rules())).await.unwrap();
        let planned = plan(&one, snapshot, &rules(), PLANNED);
        feed(store, &Batch::new(shop(), facts()).with_seen_at(at(minute + 20)), &rules()).await;
        let written = store.commit(&Commit::of(planned)).await;
        assert!(matches!(written, Err(StoreError::Conflict)), "{:?}: {written:?}", one.removed);
    }
    let streams = [Stream::Customers, Stream::Orders, Stream::Products];
    for stream in streams {
        assert_eq!(store.alive(&shop(), stream).await.unwrap(), 1, "{stream}");
    }
    removal.seen_at = Some(at(100));
    feed(store, &removal, &rules()).await;
    for stream in streams {
        assert_eq!(store.alive(&shop(), stream).await.unwrap(), 0, "{stream}");
    }
}

/// What was not seen again is listed; a sight that changes nothing counts, and disturbs no plan.
pub async fn what_was_not_seen_again_is_listed(opened: Opened) {
    let store = &*opened.store;
    let product = || {
        let product = ProductRecord { id: "9".into(), ..ProductRecord::default() };
        Record::from(product)
    };
    let facts = || {
        let sale = |id: &str| Record::from(paper(DocumentKind::Order, id, Some("1"), 100, 2));
        vec![
            customer("1", "Lan", LAN, 1).into(),
            customer("2", "Bình", BINH, 1).into(),
            sale("7"),
            sale("8"),
            product(),
        ]
    };
    let feed_at = async |records: Vec<Record>, minute: u64| {
        feed(store, &Batch::new(shop(), records).with_seen_at(at(minute)), &rules()).await
    };
    feed_at(facts(), 10).await;
    let unseen = async |stream, minute| store.unseen(&shop(), stream, at(minute), None, 9).await.unwrap();
    assert_eq!(unseen(Stream::Customers, 10).await, Vec::<String>::new());
    assert_eq!(unseen(Stream::Customers, 11).await, ["1", "2"]);
    assert_eq!(unseen(Stream::Orders, 11).await, ["7", "8"]);
    assert_eq!(unseen(Stream::Products, 11).await, ["9"]);
    assert_eq!(store.unseen(&shop(), Stream::Orders, at(11), Some("7"), 9).await.unwrap(), ["8"]);
    assert_eq!(store.unseen(&shop(), Stream::Orders, at(11), None, 1).await.unwrap(), ["7"]);
    assert_eq!(store.alive(&shop(), Stream::Orders).await.unwrap(), 2);
    // Seen again as they were: no plan has to be made anew.
    let mut want = wanting([], 20);
    want.subjects.insert(subject_id("1"));
    let snapshot = store.snapshot(&want).await.unwrap();
    let mut again = facts();
    again.remove(1);
    again.remove(2);
    let changes = feed_at(again, 20).await;
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(store.snapshot(&want).await.unwrap().sequence, snapshot.sequence);
    assert_eq!(unseen(Stream::Customers, 20).await, ["2"]);
    assert_eq!(unseen(Stream::Orders, 20).await, ["8"]);
    assert_eq!(unseen(Stream::Products, 20).await, Vec::<String>::new());
    let mut removed = Batch::new(shop(), Vec::new()).with_seen_at(at(21));
    removed.removed =
        vec![(Stream::Customers, "2".into()), (Stream::Orders, "8".into()), (Stream::Products, "9".into())];
    feed(store, &removed, &rules()).await;
    for (stream, alive) in [(Stream::Customers, 1), (Stream::Orders, 1), (Stream::Products, 0)] {
        assert_eq!(store.alive(&shop(), stream).await.unwrap(), alive, "{stream}");
        assert!(unseen(stream, 99).await.len() as u64 == alive);
    }
    let stale = feed_at(facts(), 15).await;
    assert_eq!(store.alive(&shop(), Stream::Orders).await.unwrap(), 1, "{stale:?}");
    feed_at(facts(), 30).await;
    assert_eq!(store.alive(&shop(), Stream::Customers).await.unwrap(), 2);
    assert_eq!(store.alive(&shop(), Stream::Products).await.unwrap(), 1);
}

/// A number that recognises nobody finds its contact all the same, on a record or on a document.
pub async fn keys_find_without_recognising(opened: Opened) {
    let store = &*opened.store;
    let link = LinkRules { match_by: Some(Vec::new()), ..LinkRules::default() };
    let rules = Rules::new(IdentityRules::default()).with_link(shop(), "KiotViet", link);
    let mut sale = paper(DocumentKind::Order, "7", Some("1"), 100, 2);
    let contact = pos_core::record::DocumentContact {
        phones: customer("x", "Lan", "0903000555", 1).phones,
        ..pos_core::record::DocumentContact::default()
    };
    sale.contact = Some(contact);
    let facts =
        vec![customer("1", "Lan", LAN, 1).into(), customer("2", "Lan Hai", LAN, 2).into(), sale.into()];
    feed(store, &Batch::new(shop(), facts), &rules).await;
    let found = async |key: Key| store.contacts(&ContactQuery::by_key(key)).await.unwrap().len();
    assert_eq!(found(phone(LAN)).await, 2);
    assert_eq!(found(phone("0903000555")).await, 1);
    let mut moved = customer("2", "Lan Hai", BINH, 3);
    moved.updated_at = Some(at(50));
    feed(store, &Batch::new(shop(), vec![moved.into()]).with_seen_at(at(99)), &rules).await;
    assert_eq!((found(phone(LAN)).await, found(phone(BINH)).await), (1, 1));
}

/// What was spent of a quota is written by one worker at a time.
pub async fn quotas_are_written_by_one_at_a_time(opened: Opened) {
    let store = &*opened.store;
    assert_eq!(store.pace("a").await.unwrap(), None);
    assert!(store.put_pace("a", 0, "x").await.unwrap());
    assert!(!store.put_pace("a", 0, "y").await.unwrap());
    let (version, body) = store.pace("a").await.unwrap().unwrap();
    assert_eq!(body, "x");
    assert!(store.put_pace("a", version, "z").await.unwrap());
    assert!(!store.put_pace("a", version, "late").await.unwrap());
    assert_eq!(store.pace("a").await.unwrap().unwrap().1, "z");
    assert_eq!(store.pace("b").await.unwrap(), None);
}

async fn put(store: &dyn Store, entries: impl IntoIterator<Item = Outbox>) {
    let mut changes = ChangeSet::default();
    changes.outbox.extend(entries);
    write(store, changes).await.unwrap();
}

/// The pushes that wait, and those that failed.
async fn pushes(store: &dyn Store) -> (Vec<OutboxItem>, Vec<OutboxItem>) {
    let dead = store.dead_pushes(&shop(), 9).await.unwrap();
    (store.outbox(&shop(), at(99), 9).await.unwrap(), dead.into_iter().map(|(item, _)| item).collect())
}

async fn let_die(store: &dyn Store, push: u64) {
    let mut commit = Commit::default();
    commit.outbox.push((push, Fate::Dead { why: "refused".into() }));
    store.commit(&commit).await.unwrap();
}

/// A push that may have arrived is remembered as such, by its first attempt.
pub async fn pushes_remember_that_they_may_have_arrived(opened: Opened) {
    let store = &*opened.store;
    put(store, [push("a", "Lan")]).await;
    let lease = store.acquire("outbox", "a", NOW, at(99)).await.unwrap().unwrap();
    let item = async || store.outbox(&shop(), at(99), 9).await.unwrap().pop().unwrap();
    assert_eq!(item().await.maybe_sent, None);
    assert!(store.mark_sent(&lease, item().await.id, at(1)).await.unwrap());
    assert!(store.mark_sent(&lease, item().await.id, at(2)).await.unwrap());
    assert_eq!(item().await.maybe_sent, Some(at(1)));
}

/// What may have arrived of an object is not forgotten with the push that was sent: the one that takes its place, of one
/// that waits or of one that failed, has to wait and to search as that would have.
pub async fn a_push_that_takes_anothers_place_remembers_too(opened: Opened) {
    let store = &*opened.store;
    let lease = store.acquire("outbox", "a", NOW, at(99)).await.unwrap().unwrap();
    put(store, [push("a", "Lan"), push("b", "Bình")]).await;
    for item in pushes(store).await.0 {
        assert!(store.mark_sent(&lease, item.id, at(1)).await.unwrap());
    }
    let mut elsewhere = push("a", "Lan");
    elsewhere.account = other_shop();
    put(store, [push("a", "Lan Mới"), elsewhere, push("c", "Hoa")]).await;
    let sent = |items: &[OutboxItem], reference: &str| {
        let mut of = items.iter().filter(|item| item.entry.push.reference() == reference);
        of.next().unwrap().maybe_sent
    };
    let (waiting, _) = pushes(store).await;
    assert_eq!((sent(&waiting, "a"), sent(&waiting, "c")), (Some(at(1)), None));
    assert_eq!(store.outbox(&other_shop(), at(99), 9).await.unwrap()[0].maybe_sent, None, "another shop's");

    // One that failed for good may have arrived by an attempt before.
    let of = |reference: &str| {
        waiting.iter().find(|item| item.entry.push.reference() == reference).map(|item| item.id).unwrap()
    };
    let_die(store, of("a")).await;
    put(store, [push("a", "Lan Mới Hơn")]).await;
    let (waiting, dead) = pushes(store).await;
    assert_eq!((sent(&waiting, "a"), sent(&dead, "a")), (Some(at(1)), Some(at(1))));

    // Reviving the older one, whose successor was the one that was sent.
    let_die(store, of("c")).await;
    put(store, [push("c", "Hoa Mới")]).await;
    let (waiting, _) = pushes(store).await;
    let newer = waiting.iter().find(|item| item.entry.push.reference() == "c").unwrap().id;
    assert!(store.mark_sent(&lease, newer, at(3)).await.unwrap());
    let_die(store, newer).await;
    let older = Which::One(of("c").to_string());
    assert_eq!(store.revive(&shop(), Boxed::Outbox, &older, false, at(5)).await.unwrap(), 1);
    assert_eq!(sent(&pushes(store).await.0, "c"), Some(at(3)));
}

/// A worker that lost its lease while it slept, and one whose push was replaced, taken out or sent meanwhile, hears so
/// before it sends.
pub async fn a_push_is_sent_by_who_holds_the_lease_while_it_waits(opened: Opened) {
    let store = &*opened.store;
    put(store, [push("a", "Lan"), push("b", "Bình")]).await;
    let (waiting, _) = pushes(store).await;
    let mine = store.acquire("outbox", "a", NOW, at(1)).await.unwrap().unwrap();
    let theirs = store.acquire("outbox", "b", at(2), at(9)).await.unwrap().unwrap();
    assert!(!store.mark_sent(&mine, waiting[0].id, at(2)).await.unwrap(), "the lease was lost");
    let forged = pos_sync::Lease { fence: mine.fence, ..theirs.clone() };
    assert!(!store.mark_sent(&forged, waiting[0].id, at(2)).await.unwrap(), "the fence counts");
    assert_eq!(pushes(store).await.0[0].maybe_sent, None, "nothing was noted");
    assert!(store.mark_sent(&theirs, waiting[0].id, at(3)).await.unwrap());
    put(store, [push("a", "Lan Mới")]).await;
    assert!(!store.mark_sent(&theirs, waiting[0].id, at(4)).await.unwrap(), "it was replaced");
    let_die(store, waiting[1].id).await;
    assert!(!store.mark_sent(&theirs, waiting[1].id, at(4)).await.unwrap(), "it failed for good");
    assert_eq!(store.dismiss(&shop(), Boxed::Outbox, &Which::All).await.unwrap(), 1);
    assert!(!store.mark_sent(&theirs, waiting[1].id, at(4)).await.unwrap(), "it was taken out");
    store.release(&theirs).await.unwrap();
    let last = pushes(store).await.0[0].id;
    assert!(!store.mark_sent(&theirs, last, at(4)).await.unwrap(), "the lease was given back");
}

/// Of several pushes of one object that failed, those that are picked come back as one, the newest; and one that waits
/// gives way to a newer one that is picked, as an older one that is picked does to it.
pub async fn the_newest_push_of_an_object_stands_for_those_before_it(opened: Opened) {
    let store = &*opened.store;
    let mut ids = Vec::new();
    for name in ["Một", "Hai", "Ba"] {
        put(store, [push("a", name)]).await;
        ids.push(pushes(store).await.0[0].id);
        let_die(store, ids[ids.len() - 1]).await;
    }
    let numbers = async || {
        let (waiting, dead) = pushes(store).await;
        let of = |items: Vec<OutboxItem>| items.into_iter().map(|item| item.id).collect::<Vec<_>>();
        (of(waiting), of(dead))
    };
    let revive =
        async |which: Which| store.revive(&shop(), Boxed::Outbox, &which, false, at(5)).await.unwrap();
    // Whoever asks for one gets that one, whatever else failed.
    assert_eq!(revive(Which::One(ids[0].to_string())).await, 1);
    assert_eq!(numbers().await, (vec![ids[0]], vec![ids[1], ids[2]]));
    assert_eq!(revive(Which::One(ids[1].to_string())).await, 1, "it is newer than the one that waits");
    assert_eq!(numbers().await, (vec![ids[1]], vec![ids[2]]));
    let_die(store, ids[1]).await;
    assert_eq!(revive(Which::All).await, 1);
    assert_eq!(numbers().await, (vec![ids[2]], vec![]));
    let_die(store, ids[2]).await;
    put(store, [push("a", "Bốn")]).await;
    let last = pushes(store).await.0[0].id;
    assert_eq!(revive(Which::All).await, 0, "a newer one waits");
    assert_eq!(numbers().await, (vec![last], vec![]));
}

/// A push with the reference of one that waits takes its place, under a number of its own; one that failed stays.
pub async fn pushes_replace_those_that_wait(opened: Opened) {
    let store = &*opened.store;
    let put = async |entries: Vec<Outbox>| {
        let mut changes = ChangeSet::default();
        changes.outbox = entries;
        write(store, changes).await.unwrap();
    };
    put(vec![push("a", "Lan"), push("b", "Bình")]).await;
    let first = store.outbox(&shop(), NOW, 9).await.unwrap();
    assert_eq!(
        first.iter().map(|item| &item.entry).collect::<Vec<_>>(),
        [&push("a", "Lan"), &push("b", "Bình")]
    );
    put(vec![push("a", "Lan Mới")]).await;
    let mut elsewhere = push("b", "Bình");
    elsewhere.account = other_shop();
    put(vec![elsewhere]).await;
    let second = store.outbox(&shop(), NOW, 9).await.unwrap();
    assert_eq!(
        second.iter().map(|item| &item.entry).collect::<Vec<_>>(),
        [&push("b", "Bình"), &push("a", "Lan Mới")]
    );
    assert!(first.iter().all(|item| item.id != second[1].id));
    let mut commit = Commit::default();
    commit.outbox.push((first[0].id, Fate::Done));
    store.commit(&commit).await.unwrap();
    assert_eq!(
        store.outbox(&shop(), NOW, 9).await.unwrap().len(),
        2,
        "the answer to the old push does not touch the new one"
    );
}

/// Later, done, dead, and from dead to waiting again.
pub async fn pushes_wait_fail_and_come_again(opened: Opened) {
    let store = &*opened.store;
    let mut changes = ChangeSet::default();
    changes.outbox = vec![push("a", "Lan"), push("b", "Bình"), push("c", "Hoa")];
    write(store, changes).await.unwrap();
    let items = store.outbox(&shop(), datetime!(2000-01-01 0:00 UTC), 9).await.unwrap();
    assert_eq!(items.len(), 3, "a push is due as soon as it is committed");
    let fate = async |id: u64, fate: Fate| {
        let mut commit = Commit::default();
        commit.outbox.push((id, fate));
        store.commit(&commit).await.unwrap();
    };
    fate(items[0].id, Fate::Done).await;
    fate(items[1].id, Fate::Later { at: at(5), why: "busy".into() }).await;
    fate(items[2].id, Fate::Dead { why: "refused".into() }).await;
    assert_eq!(store.outbox(&shop(), at(4), 9).await.unwrap(), []);
    let due = store.outbox(&shop(), at(5), 9).await.unwrap();
    assert_eq!((due.len(), due[0].id, due[0].attempts), (1, items[1].id, 1));
    fate(items[1].id, Fate::Waits { at: at(5), why: "the token is refused".into() }).await;
    assert_eq!(store.outbox(&shop(), at(4), 9).await.unwrap(), []);
    assert_eq!(store.outbox(&shop(), at(5), 9).await.unwrap(), due, "that was no try");
    let dead = store.dead_pushes(&shop(), 9).await.unwrap();
    assert_eq!(
        (dead.len(), dead[0].0.id, dead[0].0.attempts, dead[0].1.as_str()),
        (1, items[2].id, 1, "refused")
    );
    assert_eq!(store.dead_pushes(&other_shop(), 9).await.unwrap(), []);
    fate(items[2].id, Fate::Later { at: at(6), why: "a person asked".into() }).await;
    assert_eq!(store.outbox(&shop(), at(6), 9).await.unwrap().len(), 2);
    assert_eq!(store.dead_pushes(&shop(), 9).await.unwrap(), []);
    fate(items[2].id, Fate::Dead { why: "refused".into() }).await;
    let mut changes = ChangeSet::default();
    changes.outbox = vec![push("c", "Hoa Mới")];
    write(store, changes).await.unwrap();
    fate(items[2].id, Fate::Later { at: at(7), why: "a person asked".into() }).await;
    let waiting = store.outbox(&shop(), at(9), 9).await.unwrap();
    let references: Vec<&str> = waiting.iter().map(|item| item.entry.push.reference()).collect();
    assert_eq!(references, ["b", "c"], "one push of an object waits at a time, the newest");
}

/// Documents of one buyer with these amounts.
async fn bought(store: &dyn Store, buyer: &str, amounts: &[(&str, Currency)]) {
    let mut changes = ChangeSet::default();
    changes.subjects.push(Change::new(subject(subject_id(buyer), Vec::new(), buyer)));
    changes.contacts.push(Change::new(synced(buyer)));
    for (number, (text, currency)) in amounts.iter().enumerate() {
        let id = order_id(&format!("{buyer}-{number}"));
        changes.documents.push(Change::new(document(id, Some(subject_id(buyer)), amount(text, *currency))));
    }
    write(store, changes).await.unwrap();
}

/// Sums to the last digit: dong, fractions, negative returns, huge and tiny amounts, two currencies.
pub async fn totals_are_exact(opened: Opened) {
    let store = &*opened.store;
    let (vnd, usd) = (Currency::VND, Currency::USD);
    bought(store, "a", &[("1250000", vnd), ("0.1", usd), ("0.2", usd), ("-250000", vnd), ("0.00001", usd)])
        .await;
    let totals = store.totals(&ContactId::new("a")).await.unwrap();
    assert_eq!(totals, [Totals::new(usd, money("0.30001"), 3), Totals::new(vnd, money("1000000"), 2)]);
    let huge = "922337203685477.5807";
    bought(
        store,
        "b",
        &[(huge, vnd), (huge, vnd), (huge, vnd), ("79228162514264337593543950", vnd), ("0.0001", vnd)],
    )
    .await;
    let totals = store.totals(&ContactId::new("b")).await.unwrap();
    let exact = [huge, huge, huge, "79228162514264337593543950", "0.0001"].map(money).into_iter().sum();
    assert_eq!(totals, [Totals::new(vnd, exact, 5)]);
    for document in store.documents(&ContactId::new("b"), 9).await.unwrap() {
        assert_eq!(document.ledger.why, LedgerReason::Paid);
    }
    let kept = store.document(&order_id("b-3")).await.unwrap().unwrap();
    assert_eq!(kept.ledger.revenue, money("79228162514264337593543950"));
    bought(store, "c", &[]).await;
    assert_eq!(store.totals(&ContactId::new("c")).await.unwrap(), []);
}

/// Ledger rows change without their documents; documents follow their buyer to another contact.
pub async fn totals_follow_the_ledger_and_the_buyer(opened: Opened) {
    let store = &*opened.store;
    take(store, [customer("1", "Lan", LAN, 1).into(), customer("2", "Lan Hai", BINH, 2).into()]).await;
    let mut order = paper(DocumentKind::Order, "1", Some("2"), 100, 3);
    order.code = Some("DH1".into());
    take(store, [order.into()]).await;
    assert_eq!(store.totals(&contact_id("2")).await.unwrap(), [Totals::new(Currency::VND, 100.into(), 1)]);
    let mut invoice = paper(DocumentKind::Invoice, "1", Some("2"), 90, 4);
    invoice.fulfils = Some("DH1".into());
    let changes = take(store, [invoice.into()]).await;
    assert_eq!(changes.ledger.len(), 1, "the order counts no money any more");
    assert_eq!(store.totals(&contact_id("2")).await.unwrap(), [Totals::new(Currency::VND, 90.into(), 1)]);
    let kept = store.document(&order_id("1")).await.unwrap().unwrap();
    assert_eq!((kept.ledger.why, kept.record.code.as_deref()), (LedgerReason::Invoiced, Some("DH1")));
    let mut back = paper(DocumentKind::Return, "1", Some("2"), 30, 5);
    back.returns = Some("1".into());
    take(store, [back.into()]).await;
    assert_eq!(store.totals(&contact_id("2")).await.unwrap(), [Totals::new(Currency::VND, 60.into(), 1)]);
    take(store, [changed(customer("2", "Lan Hai", LAN, 2), 9).into()]).await;
    assert_eq!(store.totals(&contact_id("1")).await.unwrap(), [Totals::new(Currency::VND, 60.into(), 1)]);
    assert_eq!(store.documents(&contact_id("1"), 9).await.unwrap().len(), 3);
    assert_eq!(store.best_contacts(Currency::VND, 9).await.unwrap().len(), 1);
}

/// Ranked by the exact sum of one currency, then by id.
pub async fn the_best_contacts_are_ranked_exactly(opened: Opened) {
    let store = &*opened.store;
    let (vnd, usd) = (Currency::VND, Currency::USD);
    bought(store, "e", &[("100", vnd)]).await;
    bought(store, "d", &[("60.00001", vnd), ("40", vnd)]).await;
    bought(store, "b", &[("150", vnd), ("-50", vnd), ("9999", usd)]).await;
    bought(store, "f", &[("-5", vnd)]).await;
    bought(store, "a", &[("99.99999", vnd)]).await;
    bought(store, "h", &[("7", usd)]).await;
    bought(store, "g", &[("922337203685477.5807", vnd), ("922337203685477.5807", vnd)]).await;
    let ranked = |best: Vec<(Contact, Totals)>| -> Vec<String> {
        best.into_iter()
            .map(|(contact, totals)| format!("{} {} {}", contact.id, totals.revenue, totals.orders))
            .collect()
    };
    let all = ranked(store.best_contacts(vnd, 99).await.unwrap());
    let expected =
        ["g 1844674407370955.1614 2", "d 100.00001 2", "b 100 2", "e 100 1", "a 99.99999 1", "f -5 1"];
    assert_eq!(all, expected);
    for limit in 0..6_u32 {
        assert_eq!(ranked(store.best_contacts(vnd, limit).await.unwrap()), expected[..limit as usize]);
    }
    assert_eq!(ranked(store.best_contacts(usd, 9).await.unwrap()), ["b 9999 1", "h 7 1"]);
}

/// The questions about a contact are those of the plan that wrote it last.
pub async fn questions_are_replaced_with_their_contact(opened: Opened) {
    let store = &*opened.store;
    let question = |contact: &str, field: &str| Conflict {
        contact: contact_id(contact),
        field: field.into(),
        kept: "Lan".into(),
        offered: serde_json::json!(["Lan", 2]),
        by: subject_id("9"),
    };
    let mut first =
        planned(store, [customer("1", "Lan", LAN, 1).into(), customer("2", "Bình", BINH, 1).into()]).await;
    first.conflicts = vec![question("2", "name"), question("1", "note"), question("1", "name")];
    store.commit(&Commit::of(first)).await.unwrap();
    let all = store.conflicts(9).await.unwrap();
    assert_eq!(all, [question("1", "name"), question("1", "note"), question("2", "name")]);
    assert_eq!(store.conflicts(1).await.unwrap().len(), 1);
    let mut second = planned(store, [changed(customer("1", "Lan A", LAN, 1), 5).into()]).await;
    second.conflicts = vec![question("1", "gender")];
    store.commit(&Commit::of(second)).await.unwrap();
    assert_eq!(store.conflicts(9).await.unwrap(), [question("1", "gender"), question("2", "name")]);
    take(store, [changed(customer("2", "Bình", LAN, 1), 6).into()]).await;
    assert_eq!(
        store.conflicts(9).await.unwrap(),
        [],
        "a merged contact has no questions, and a written one no old ones"
    );
}

/// Newest first, under every contact that an entry is about, as it was written.
pub async fn the_audit_trail_is_kept(opened: Opened) {
    let store = &*opened.store;
    let first = take(store, [customer("1", "Lan", LAN, 1).into()]).await;
    let second =
        take(store, [changed(customer("1", "Lan A", LAN, 1), 5).into(), customer("2", "B", BINH, 6).into()])
            .await;
    let third = take(store, [changed(customer("2", "B", LAN, 6), 7).into()]).await;
    let about = |changes: &ChangeSet, id: &ContactId| -> Vec<Audit> {
        let named = |audit: &&Audit| serde_json::to_string(audit).unwrap().contains(&format!("\"{id}\""));
        let kept = changes.audit.iter().filter(named).filter(|audit| match audit {
            Audit::Created { contact, .. }
            | Audit::Updated { contact, .. }
            | Audit::Linked { contact, .. } => contact == id,
            _ => true,
        });
        kept.cloned().collect()
    };
    for id in ["1", "2"].map(contact_id) {
        let mut expected: Vec<(Option<OffsetDateTime>, Audit)> = Vec::new();
        for changes in [&first, &second, &third] {
            expected.extend(about(changes, &id).into_iter().map(|audit| (Some(PLANNED), audit)));
        }
        expected.reverse();
        assert!(expected.len() >= 2);
        assert_eq!(store.audit(&id, 100).await.unwrap(), expected, "{id}");
        assert_eq!(store.audit(&id, 1).await.unwrap(), expected[..1]);
    }
    // A key that was not used is told under the contacts of its records.
    let mut changes = ChangeSet::default();
    let ignored = Audit::Ignored {
        key: KeyHint { class: KeyClass::Phone, shown: "+84…23".into() },
        why: IgnoreReason::Shared,
        records: vec![subject_id("1"), subject_id("2")],
    };
    changes.audit.push(ignored.clone());
    write(store, changes).await.unwrap();
    assert_eq!(store.audit(&contact_id("1"), 1).await.unwrap(), [(None, ignored)]);
}

/// Contacts of more than one customer record, with those.
pub async fn duplicates_are_listed_by_page(opened: Opened) {
    let store = &*opened.store;
    let mut records: Vec<Record> = Vec::new();
    for person in 0..5_u64 {
        let phone = format!("09120001{person:02}");
        for copy in 0..=person % 3 {
            records.push(customer(&format!("{person}-{copy}"), "Khách", &phone, copy).into());
        }
    }
    records.push(guest(DocumentKind::Order, "1", "0912000100", 5, 9).into());
    take(store, records).await;
    let ids = |groups: Vec<(Contact, Vec<SubjectId>)>| -> Vec<Vec<String>> {
        groups.into_iter().map(|(_, ids)| ids.iter().map(|id| id.id.to_string()).collect()).collect()
    };
    let all = store.duplicates(None, 0).await.unwrap();
    assert_eq!(all[0].0.id, contact_id("1-0"));
    let first = all[0].0.id.clone();
    assert_eq!(ids(all), [vec!["1-0", "1-1"], vec!["2-0", "2-1", "2-2"], vec!["4-0", "4-1"]]);
    assert_eq!(ids(store.duplicates(None, 1).await.unwrap()).len(), 1);
    assert_eq!(ids(store.duplicates(Some(&first), 1).await.unwrap()), [vec!["2-0", "2-1", "2-2"]]);
}

/// Pages that end, without gaps and without repeats.
pub async fn contacts_and_entries_are_listed_by_page(opened: Opened) {
    let store = &*opened.store;
    let mut records: Vec<Record> = Vec::new();
    for number in 0..25_u64 {
        records.push(customer(&number.to_string(), "Khách", &format!("09120001{number:02}"), number).into());
        let product = ProductRecord { id: number.to_string(), ..ProductRecord::default() };
        records.push(product.into());
    }
    take(store, records).await;
    let mut after = None;
    let mut contacts = Vec::new();
    let mut pages = 0;
    loop {
        let page = store.contacts(&ContactQuery::page(after, 10)).await.unwrap();
        pages += 1;
        after = page.last().map(|contact| contact.id.clone());
        contacts.extend(page.into_iter().map(|contact| contact.id));
        if after.is_none() {
            break;
        }
    }
    assert_eq!((contacts.len(), pages), (25, 4));
    assert!(contacts.is_sorted());
    let mut after: Option<String> = None;
    let mut entries = Vec::new();
    loop {
        let page = store.entries(&shop(), Stream::Products, after.as_deref(), 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.to_string());
        entries.extend(page.into_iter().map(|entry| entry.id));
    }
    assert_eq!(entries.len(), 25);
    assert!(entries.is_sorted());
}

/// The facts of the tests below: people in two shops, documents that belong together, a removal.
fn facts() -> Vec<Batch> {
    let mut facts: Vec<Batch> = Vec::new();
    let mut fact = |account: Account, record: Record| facts.push(Batch::new(account, vec![record]));
    for (id, name, number, minute) in [
        ("1", "Lan", LAN, 10),
        ("2", "Chị Lan", LAN, 20),
        ("3", "Bình", "0987000456 / 0912000999", 5),
        ("4", "Bình Nguyễn", "0912000999", 30),
        ("5", "", "0903000555", 31),
        ("6", "Hoa", "", 32),
    ] {
        fact(shop(), customer(id, name, number, minute).into());
    }
    fact(shop(), changed(with_email(customer("6", "Hoa Mẫu", "", 32), "lan@example.com"), 50).into());
    fact(shop(), changed(customer("4", "Bình Nguyễn", BINH, 30), 60).into());
    let mut moved = customer("7", "Mai", "", 33);
    moved.aliases = vec!["5".into()];
    fact(shop(), moved.into());
    fact(other_shop(), with_email(customer("1", "Lan S", "", 15), "lan@example.com").into());
    fact(other_shop(), customer("2", "Lan S2", LAN, 25).into());
    // Four hold a number that three may share, then one lets go of it.
    for number in 0..4_u64 {
        fact(shop(), customer(&format!("s{number}"), "Chung", "0977000111", 40 + number).into());
    }
    fact(shop(), changed(customer("s2", "Riêng", "0977000222", 42), 70).into());
    let mut order = paper(DocumentKind::Order, "100", Some("2"), 500_000, 61);
    order.code = Some("DH100".into());
    let mut invoice = paper(DocumentKind::Invoice, "200", Some("2"), 480_000, 62);
    invoice.code = Some("HD200".into());
    invoice.fulfils = Some("DH100".into());
    let mut back = paper(DocumentKind::Return, "300", Some("2"), 80_000, 63);
    back.returns = Some("200".into());
    let mut named = paper(DocumentKind::Order, "101", Some("9"), 70_000, 65);
    named.updated_at = Some(at(80));
    for record in [
        order,
        invoice,
        back,
        guest(DocumentKind::Order, "101", "0903000555", 70_000, 65),
        named,
        guest(DocumentKind::Order, "102", LAN, 30_000, 66),
        guest(DocumentKind::Invoice, "103", "0911000222", 40_000, 66),
        paper(DocumentKind::Order, "104", None, 9_000, 67),
    ] {
        fact(shop(), record.into());
    }
    let mut removal = Batch::new(shop(), Vec::new());
    removal.removed.push((Stream::Customers, "3".into()));
    facts.push(removal);
    let mut removal = Batch::new(shop(), Vec::new());
    removal.removed.push((Stream::Orders, "104".into()));
    facts.push(removal);
    facts
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// The end of the road, without what tells the way there.
async fn outcome(store: &dyn Store) -> BTreeMap<String, String> {
    let mut all = everything(store).await;
    all.retain(|name, _| name.starts_with("c:") || name.starts_with("b:") || name == "size");
    let line = |line: &str| match serde_json::from_str::<serde_json::Value>(line) {
        Ok(row) => crate::state_of(row),
        Err(_) => line.to_owned(),
    };
    for text in all.values_mut() {
        *text = text.lines().map(line).collect::<Vec<_>>().join("\n");
    }
    all
}

/// After all facts, each of them plans nothing.
pub async fn planning_again_changes_nothing(opened: Opened) {
    let store = &*opened.store;
    let rules = rules_with(3);
    let facts = facts();
    for batch in &facts {
        feed(store, batch, &rules).await;
    }
    let before = everything(store).await;
    let sequence = store.snapshot(&Want::default()).await.unwrap().sequence;
    for (number, batch) in facts.iter().enumerate() {
        let changes = feed(store, batch, &rules).await;
        assert!(changes.is_empty(), "fact {number} again: {changes:#?}");
    }
    assert_eq!(before, everything(store).await);
    assert_eq!(sequence, store.snapshot(&Want::default()).await.unwrap().sequence);
}

/// Any order, any repetition, any size of batch: the same contacts, records, ledger rows and totals. The stores of the
/// other orders are in memory, so that a slow store needs one pass only; every fourth order runs here, on top of nothing,
/// in a shop of its own.
pub async fn every_order_of_arrival_ends_the_same(opened: Opened) {
    let rules = rules_with(3);
    let first = pos_sync::MemoryStore::new();
    for batch in facts() {
        feed(&first, &batch, &rules).await;
    }
    let expected = outcome(&first).await;
    assert!(expected.len() > 8);
    for seed in 1..=24_u64 {
        let memory = pos_sync::MemoryStore::new();
        let store: &dyn Store = if seed == 1 { &*opened.store } else { &memory };
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut facts = facts();
        for _ in 0..8 {
            let again = facts[dice.below(facts.len())].clone();
            facts.push(again);
        }
        dice.shuffle(&mut facts);
        let mut batches: Vec<Batch> = Vec::new();
        for fact in facts {
            match batches.last_mut() {
                Some(last)
                    if last.account == fact.account && last.removed.is_empty() && dice.below(3) == 0 =>
                {
                    last.records.extend(fact.records);
                    last.removed.extend(fact.removed);
                }
                _ => batches.push(fact),
            }
        }
        for batch in &batches {
            feed(store, batch, &rules).await;
        }
        let found = outcome(store).await;
        for (name, text) in &expected {
            assert_eq!(found.get(name), Some(text), "seed {seed}: {name}");
        }
        assert_eq!(found.len(), expected.len(), "seed {seed}: {:?}", found.keys().collect::<Vec<_>>());
    }
}

/// Thousands of rows in one commit.
pub async fn a_large_batch_is_one_commit(opened: Opened) {
    let store = &*opened.store;
    let count = 3000_u64;
    let customers =
        (0..count).map(|number| customer(&number.to_string(), "Khách", &format!("0912{number:06}"), number));
    let orders = (0..count).map(|number| {
        paper(DocumentKind::Order, &number.to_string(), Some(&(number / 2).to_string()), 1000, number)
    });
    let records: Vec<Record> = customers.map(Record::from).chain(orders.map(Record::from)).collect();
    let batch = Batch::new(shop(), records);
    let changes = feed(store, &batch, &rules()).await;
    assert_eq!(changes.counts.created, 2 * count);
    let size = store.size().await.unwrap();
    assert_eq!((size.contacts, size.documents), (count, count));
    assert_eq!(store.totals(&contact_id("7")).await.unwrap(), [Totals::new(Currency::VND, 2000.into(), 2)]);
    assert!(feed(store, &batch, &rules()).await.is_empty());
}

/// Everything is there when the data is opened again. Stores that keep nothing have nothing to do here.
pub async fn what_was_committed_survives_reopening(opened: Opened) {
    let Opened { store, keep, again } = opened;
    let Some(again) = again else { return };
    let run = prepared(&*store).await;
    let commit = full_commit(&*store, run).await;
    store.commit(&commit).await.unwrap();
    store.put_link(&Link::new(shop(), LinkRules::default(), LinkOptions::default(), NOW)).await.unwrap();
    let lease = store.acquire("x", "a", NOW, at(9)).await.unwrap().unwrap();
    let before = everything(&*store).await;
    drop(store);
    let store = again().await;
    assert_eq!(before, everything(&*store).await);
    assert_eq!(store.links().await.unwrap().len(), 1);
    assert!(store.renew(&lease, at(10)).await.unwrap());
    // The store that took the lease is gone: one that knows this may give the lease away before it ends.
    if let Some(taken) = store.acquire("x", "b", at(1), at(9)).await.unwrap() {
        assert!(taken.fence > lease.fence);
        assert!(!store.renew(&lease, at(10)).await.unwrap());
    }
    assert!(!store.accept(&letter(shop(), "d1", NOW)).await.unwrap());
    let next = store.put_run(&Run::new(shop(), None, RunKind::Push, NOW)).await.unwrap();
    assert!(next > run);
    take(&*store, [changed(customer("1", "Lan Cuối", LAN, 1), 50).into()]).await;
    assert_eq!(store.contact(&contact_id("1")).await.unwrap().unwrap().name(), Some("Lan Cuối"));
    drop(keep);
}

/// Two handles of the same data see each other's commits and conflicts.
pub async fn two_handles_see_each_other(opened: Opened) {
    let Some(again) = &opened.again else { return };
    let (one, two) = (&*opened.store, again().await);
    let two = &*two;
    take(one, [customer("1", "Lan", LAN, 1).into()]).await;
    assert_eq!(two.contacts(&ContactQuery::default()).await.unwrap().len(), 1);
    let stale = planned(two, [changed(customer("1", "Lan A", LAN, 1), 5).into()]).await;
    take(one, [changed(customer("1", "Lan B", LAN, 1), 6).into()]).await;
    conflicts(two, stale).await;
    take(two, [customer("2", "Lan Hai", LAN, 7).into()]).await;
    assert_eq!(one.subjects(&contact_id("1")).await.unwrap().len(), 2);
    let lease = one.acquire("x", "a", NOW, at(9)).await.unwrap().unwrap();
    assert_eq!(two.acquire("x", "b", NOW, at(9)).await.unwrap(), None);
    assert!(two.renew(&lease, at(10)).await.unwrap());
    // Both write at once.
    let writes = |store: &Arc<dyn Store>, writer: &'static str| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for number in 0..10_u64 {
                let record =
                    customer(&format!("{writer}{number}"), "Khách", &format!("09110000{number:02}"), number);
                feed(&*store, &Batch::new(shop(), vec![record.into()]), &rules()).await;
            }
        })
    };
    let other = again().await;
    let tasks = [writes(&opened.store, "a"), writes(&other, "b")];
    for task in tasks {
        task.await.unwrap();
    }
    for number in 0..10_u64 {
        let found =
            one.contacts(&ContactQuery::by_key(phone(&format!("09110000{number:02}")))).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(two.subjects(&found[0].id).await.unwrap().len(), 2);
    }
}

/// `Debug` of the store and of what it answers names nobody.
pub async fn debug_shows_nobody(opened: Opened) {
    let store = &*opened.store;
    let record = with_email(customer("1", "Lan Bí Mật", LAN, 1), "lan.bimat@example.com");
    take(store, [record.into(), paper(DocumentKind::Order, "1", Some("1"), 5, 1).into()]).await;
    let mut want = wanting([phone(LAN)], 20);
    want.documents.insert(order_id("1"));
    let shown = format!(
        "{store:?} {:?} {:?} {:?} {:?}",
        store.snapshot(&want).await.unwrap(),
        store.contacts(&ContactQuery::default()).await.unwrap(),
        store.subjects(&contact_id("1")).await.unwrap(),
        store.documents(&contact_id("1"), 9).await.unwrap(),
    );
    for secret in ["Bí Mật", "912000123", "bimat"] {
        assert!(!shown.contains(secret), "Debug shows {secret}");
    }
}
