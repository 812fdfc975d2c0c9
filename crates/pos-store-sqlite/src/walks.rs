//! A walk finds what belongs to what is wanted, the same in every store, in a few rounds of statements that use indexes.

use std::collections::{BTreeMap, BTreeSet};

use crm_merge::{
    Batch, Change, ChangeSet, Contact, ContactId, Decision, Document, DocumentId, Entry, EntryId,
    LedgerReason, LedgerRow, Redirect, Rules, Snapshot, Subject, Version, Want, plan, wants,
};
use pos_core::identity::{E164, EmailKey, IdentityRules, Key, SubjectId, SubjectKind};
use pos_core::record::{
    Account, ContactPoints, Currency, CustomerRecord, DocumentKind, Identity, Money, OrderRecord, Party,
    PhoneSource, Record, Stream, Vendor,
};
use pos_sync::{Commit, MemoryStore, Store, Walk};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::schema::SETTLE;
use crate::snapshot::{Reader, statements};
use crate::{SqliteStore, commit, rows};

const NOW: OffsetDateTime = datetime!(2026-11-30 09:00 UTC);

fn shop(n: u8) -> Account {
    let (vendor, id) = [("kiotviet", "cuahangmau"), ("haravan", "shopmau")][usize::from(n % 2)];
    Account::new(Vendor::new(vendor), id)
}

fn subject_id((at, kind, id): (u8, u8, u8)) -> SubjectId {
    let kinds = [SubjectKind::Customer, SubjectKind::OrderBuyer, SubjectKind::OrderRecipient];
    SubjectId::new(&shop(at), kinds[usize::from(kind % 3)], &id.to_string())
}

fn document_id((at, kind, id): (u8, u8, u8)) -> DocumentId {
    let kinds = [DocumentKind::Order, DocumentKind::Invoice, DocumentKind::Return];
    DocumentId::new(shop(at), kinds[usize::from(kind % 3)], id.to_string())
}

fn entry_id((at, id): (u8, u8)) -> EntryId {
    EntryId::new(shop(at), Stream::Products, id.to_string())
}

fn contact_id(n: u8) -> ContactId {
    ContactId::new(format!("crm-{n}"))
}

/// Phones and addresses; from six on, ids of customers.
fn key(n: u8) -> Key {
    match n {
        0..4 => Key::Phone(E164::new(84_912_000_000 + u64::from(n)).unwrap()),
        4..6 => Key::Email(EmailKey::from_folded(format!("khach{n}@example.com"))),
        n => own_key(&subject_id((n, 0, n / 2 - 3))),
    }
}

fn own_key(id: &SubjectId) -> Key {
    id.vendor_key()
}

type Id = (u8, u8, u8);

/// What one commit writes.
#[derive(Clone, Debug)]
struct Facts {
    subjects: Vec<(Id, Vec<u8>, Option<u8>, bool)>,
    contacts: Vec<(u8, Vec<u8>)>,
    documents: Vec<(Id, [Option<u8>; 3], Vec<u8>)>,
    entries: Vec<(u8, u8)>,
    decisions: Vec<(Id, Id, bool)>,
    dropped: Vec<Id>,
    redirects: Vec<(u8, u8)>,
}

fn facts() -> impl Strategy<Value = Facts> {
    let id = || (0..2_u8, 0..3_u8, 0..4_u8);
    (
        vec((id(), vec(0..12_u8, 0..4), of(0..5_u8), any::<bool>()), 0..14),
        vec((0..5_u8, vec(0..6_u8, 0..3)), 0..5),
        vec((id(), [of(0..6_u8), of(0..6_u8), of(0..6_u8)], vec(0..6_u8, 0..2)), 0..14),
        vec((0..2_u8, 0..3_u8), 0..3),
        vec((id(), id(), any::<bool>()), 0..3),
        vec(id(), 0..2),
        vec((0..5_u8, 0..5_u8), 0..3),
    )
        .prop_map(|(subjects, contacts, documents, entries, decisions, dropped, redirects)| Facts {
            subjects,
            contacts,
            documents,
            entries,
            decisions,
            dropped,
            redirects,
        })
}

fn some_want() -> impl Strategy<Value = Want> {
    let ids = || vec((0..2_u8, 0..3_u8, 0..5_u8), 0..3);
    (
        (ids(), vec((0..2_u8, 0..5_u8), 0..3), ids(), vec((0..2_u8, 0..6_u8), 0..2)),
        (vec(0..12_u8, 0..3), vec(0..6_u8, 0..2), vec(0..6_u8, 0..3), 0..4_u32),
        vec((0..2_u8, 0..3_u8), 0..3),
    )
        .prop_map(
            |((subjects, mentioned, documents, names), (keys, allowed, contacts, limit), entries)| Want {
                subjects: subjects.into_iter().map(subject_id).collect(),
                mentioned: mentioned.into_iter().map(|(at, id)| subject_id((at, 0, id))).collect(),
                documents: documents.into_iter().map(document_id).collect(),
                references: names.into_iter().map(|(at, name)| (shop(at), name.to_string())).collect(),
                keys: keys.into_iter().map(key).collect(),
                allowed_shared: allowed.into_iter().map(key).collect(),
                contacts: contacts.into_iter().map(contact_id).collect(),
                entries: entries.into_iter().map(entry_id).collect(),
                max_key_holders: limit,
                ..Want::default()
            },
        )
}

/// A CRM as plain tables.
#[derive(Default)]
struct Plain {
    subjects: BTreeMap<SubjectId, Subject>,
    contacts: BTreeMap<ContactId, Contact>,
    redirects: BTreeMap<ContactId, ContactId>,
    host_keys: BTreeMap<ContactId, Vec<Key>>,
    documents: BTreeMap<DocumentId, Document>,
    entries: BTreeMap<EntryId, Entry>,
    decisions: BTreeSet<Decision>,
}

impl Plain {
    /// Writes facts here, and says how a store writes them.
    fn write(&mut self, facts: &Facts) -> ChangeSet {
        let mut changes = ChangeSet::default();
        let version = Version::new(None, NOW, b"");
        for (n, held) in facts.contacts.iter().map(|(n, keys)| (n, keys)).collect::<BTreeMap<_, _>>() {
            let contact = Contact::host_made(contact_id(*n).as_str(), NOW);
            let keys: Vec<Key> = held.iter().copied().map(key).collect();
            self.redirects.remove(&contact.id);
            let known = self.contacts.insert(contact.id.clone(), contact.clone());
            changes.host_keys.push((contact.id.clone(), keys.clone()));
            self.host_keys.insert(contact.id.clone(), keys);
            changes.contacts.push(Change { row: contact, existed: known.is_some() });
        }
        let rows =
            facts.subjects.iter().map(|(id, keys, contact, stub)| (subject_id(*id), (keys, contact, stub)));
        for (id, (keys, contact, stub)) in rows.collect::<BTreeMap<_, _>>() {
            let record = CustomerRecord { id: id.id.to_string(), ..CustomerRecord::default() };
            let row = Subject::new(id.clone(), record, version, keys.iter().copied().map(key).collect())
                .with_contact(contact.map(contact_id))
                .with_marks(*stub, false);
            let known = self.subjects.insert(id, row.clone());
            changes.subjects.push(Change { row, existed: known.is_some() });
        }
        let rows = facts.documents.iter().map(|(id, names, aliases)| (document_id(*id), (names, aliases)));
        for (id, (names, aliases)) in rows.collect::<BTreeMap<_, _>>() {
            let mut record = OrderRecord::new(id.kind, &*id.id);
            [record.code, record.fulfils, record.returns] =
                names.map(|name| name.map(|name| name.to_string()));
            record.aliases = aliases.iter().map(u8::to_string).collect();
            let ledger = LedgerRow::new(Money::ZERO, 0, Currency::VND, LedgerReason::Counted);
            let row = Document::new(id.clone(), record, version, ledger);
            let known = self.documents.insert(id, row.clone());
            changes.documents.push(Change { row, existed: known.is_some() });
        }
        for id in facts.entries.iter().copied().map(entry_id).collect::<BTreeSet<_>>() {
            let row = Entry::new(id.clone(), None, version, true);
            let known = self.entries.insert(id, row.clone());
            changes.entries.push(Change { row, existed: known.is_some() });
        }
        for (left, right, same) in &facts.decisions {
            let (left, right) = (subject_id(*left), subject_id(*right));
            changes.decisions.push(match same {
                true => Decision::Same(left, right),
                false => Decision::Different(left, right),
            });
        }
        self.decisions.extend(changes.decisions.iter().cloned());
        changes.dropped = facts.dropped.iter().copied().map(subject_id).collect();
        for id in &changes.dropped {
            self.subjects.remove(id);
        }
        for (from, into) in facts.redirects.iter().map(|(from, into)| (contact_id(*from), contact_id(*into)))
        {
            self.contacts.remove(&from);
            self.host_keys.remove(&from);
            self.redirects.insert(from.clone(), into.clone());
            changes.redirects.push(Redirect { from, into });
        }
        changes
    }

    fn live(&self, id: &ContactId) -> Option<&Contact> {
        let mut id = id;
        for _ in 0..9 {
            match self.contacts.get(id) {
                Some(contact) => return Some(contact),
                None => id = self.redirects.get(id)?,
            }
        }
        None
    }

    fn holders(&self, key: &Key) -> BTreeSet<SubjectId> {
        let holders = self.subjects.values().filter(|subject| subject.keys.contains(key));
        holders.map(|subject| subject.id.clone()).collect()
    }

    fn hosts(&self, key: &Key) -> BTreeSet<ContactId> {
        let hosts = self.host_keys.iter().filter(|(_, keys)| keys.contains(key));
        hosts.map(|(id, _)| id.clone()).collect()
    }

    fn is_shared(&self, key: &Key, want: &Want) -> bool {
        let (holders, hosts, limit) = (self.holders(key), self.hosts(key), want.max_key_holders as usize);
        // Who a record is: a customer by its own id, an order's block by that of the customer that it names.
        let people: BTreeSet<String> = holders
            .iter()
            .map(|id| {
                let named = self.subjects[id].keys.iter().find(|key| matches!(key, Key::Vendor(_)));
                match (id.kind, named) {
                    (SubjectKind::Customer, _) => own_key(id).to_text(),
                    (_, Some(named)) => named.to_text(),
                    (_, None) => id.to_text(),
                }
            })
            .collect();
        !want.allowed_shared.contains(key)
            && (holders.len() > 4 * limit || people.len() > limit || hosts.len() > limit)
    }

    /// The snapshot by its definition: everything that belongs to what is there, until nothing comes any more.
    fn closure(&self, want: &Want, sequence: u64) -> Snapshot {
        let mut snapshot = Snapshot { sequence, ..Snapshot::default() };
        let (mut subjects, mut keys) = (want.subjects.clone(), want.keys.clone());
        let mut contacts = BTreeSet::new();
        for id in want.mentioned.difference(&want.subjects) {
            if self.subjects.get(id).is_some_and(|subject| !subject.stub) {
                snapshot.known.insert(id.clone());
            } else {
                subjects.insert(id.clone());
                keys.insert(own_key(id));
            }
        }
        for id in &want.contacts {
            let Some(contact) = self.live(id) else { continue };
            contacts.insert(contact.id.clone());
            if contact.id != *id {
                snapshot.redirected.insert(id.clone(), contact.id.clone());
            }
        }
        loop {
            let before = (subjects.len(), keys.len(), contacts.len());
            for id in subjects.clone() {
                for decision in self.decisions.iter().filter(|decision| decision.names(&id)) {
                    let (left, right) = decision.pair();
                    subjects.extend([left.clone(), right.clone()]);
                }
                let Some(subject) = self.subjects.get(&id) else { continue };
                keys.extend(subject.keys.iter().cloned());
                keys.extend((id.kind == SubjectKind::Customer).then(|| own_key(&id)));
                contacts.extend(subject.contact.clone());
            }
            for key in keys.clone() {
                if let Key::Vendor(named) = &key {
                    subjects.insert(SubjectId::customer(&named.account, &named.id));
                    subjects.extend(self.holders(&key));
                } else if self.is_shared(&key, want) {
                    snapshot.shared.insert(key);
                } else {
                    subjects.extend(self.holders(&key));
                    contacts.extend(self.hosts(&key));
                }
            }
            let members = self
                .subjects
                .values()
                .filter(|subject| subject.contact.as_ref().is_some_and(|contact| contacts.contains(contact)));
            subjects.extend(members.map(|subject| subject.id.clone()));
            if before == (subjects.len(), keys.len(), contacts.len()) {
                break;
            }
        }
        let row = |id: &SubjectId| Some((id.clone(), self.subjects.get(id)?.clone()));
        snapshot.subjects = subjects.iter().filter_map(row).collect();
        let row = |id: &ContactId| Some((id.clone(), self.contacts.get(id)?.clone()));
        snapshot.contacts = contacts.iter().filter_map(row).collect();
        let about = |decision: &&Decision| subjects.iter().any(|id| decision.names(id));
        snapshot.decisions = self.decisions.iter().filter(about).cloned().collect();
        let row = |id: &EntryId| Some((id.clone(), self.entries.get(id)?.clone()));
        snapshot.entries = want.entries.iter().filter_map(row).collect();
        snapshot.documents = self.papers(want);
        snapshot
    }

    fn papers(&self, want: &Want) -> std::collections::HashMap<DocumentId, Document> {
        let is_named = |document: &Document| {
            document
                .names()
                .chain(document.refers_to())
                .any(|name| want.references.contains(&(document.id.account.clone(), name.to_owned())))
        };
        let roles = |document: &Document| {
            [
                (document.record.fulfils.clone(), DocumentKind::Invoice),
                (document.record.returns.clone(), DocumentKind::Return),
            ]
        };
        // What fulfils, or takes back, by a name of the other; the id of its own kind is no such name.
        let leads = |from: &Document, to: &Document| {
            from.id.account == to.id.account
                && (roles(from).into_iter().any(|(name, not)| {
                    let skipped = usize::from(to.id.kind == not);
                    name.is_some_and(|name| to.names().skip(skipped).any(|known| known == name))
                }) || roles(to).into_iter().any(|(name, not)| {
                    from.id.kind != not && name.is_some_and(|name| from.names().any(|known| known == name))
                }))
        };
        let all = || self.documents.values();
        let mut found: BTreeSet<DocumentId> = all()
            .filter(|document| want.documents.contains(&document.id) || is_named(document))
            .map(|document| document.id.clone())
            .collect();
        loop {
            let led = |to: &&Document| found.iter().any(|from| leads(&self.documents[from], to));
            let next: BTreeSet<DocumentId> = all().filter(led).map(|document| document.id.clone()).collect();
            if next.is_subset(&found) {
                break;
            }
            found.extend(next);
        }
        found.into_iter().map(|id| (id.clone(), self.documents[&id].clone())).collect()
    }
}

/// A snapshot in an order that can be compared.
fn sorted(snapshot: Snapshot) -> impl PartialEq + std::fmt::Debug {
    fn map<K: Ord, V>(map: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
        map.into_iter().collect()
    }
    (
        (snapshot.sequence, map(snapshot.subjects), snapshot.known.into_iter().collect::<BTreeSet<_>>()),
        (map(snapshot.contacts), map(snapshot.redirected), map(snapshot.documents), map(snapshot.entries)),
        (snapshot.shared.into_iter().collect::<BTreeSet<_>>(), snapshot.decisions),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_finds_the_closure_in_every_store(first in facts(), second in facts(), wanted in vec(some_want(), 3..9)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let stores: [Box<dyn Store>; 2] =
                [Box::new(MemoryStore::new()), Box::new(SqliteStore::in_memory().unwrap())];
            let mut plain = Plain::default();
            for facts in [first, second] {
                let changes = plain.write(&facts);
                for store in &stores {
                    let mut changes = changes.clone();
                    changes.reads.sequence = store.snapshot(&Want::default()).await.unwrap().sequence;
                    store.commit(&Commit::of(changes)).await.unwrap();
                }
            }
            for want in wanted {
                let sequence = stores[0].snapshot(&Want::default()).await.unwrap().sequence;
                let expected = sorted(plain.closure(&want, sequence));
                for store in &stores {
                    let found = sorted(store.snapshot(&want).await.unwrap());
                    assert_eq!(expected, found, "{store:?}: {want:?}");
                }
            }
        });
    }
}

/// A page: customers, each with an order that names it, an invoice of that and a return of the invoice.
fn page(at: u8, count: u64) -> Batch {
    let mut records: Vec<Record> = Vec::new();
    for number in 0..count {
        let mut customer = CustomerRecord { id: number.to_string(), ..CustomerRecord::default() };
        let mut points = ContactPoints::default();
        points.phone(Some(&format!("0912{number:06}")), PhoneSource::Own);
        points.email(Some(&format!("khach{}@example.com", number / 2)));
        (customer.phones, customer.emails) = (points.phones, points.emails);
        let mut order = OrderRecord::new(DocumentKind::Order, format!("o{number}"));
        let mut party =
            Party { id: Some(number.to_string()), identity: Identity::Person, ..Party::default() };
        party.phones.clone_from(&customer.phones);
        order.buyer = Some(party);
        order.code = Some(format!("DH{number}"));
        let mut invoice = OrderRecord::new(DocumentKind::Invoice, format!("i{number}"));
        (invoice.code, invoice.fulfils) = (Some(format!("HD{number}")), order.code.clone());
        let mut back = OrderRecord::new(DocumentKind::Return, format!("r{number}"));
        back.returns.clone_from(&invoice.code);
        records.extend([customer.into(), order.into(), invoice.into(), back.into()]);
    }
    Batch::new(shop(at), records)
}

#[tokio::test]
async fn a_page_takes_a_handful_of_rounds() {
    let store = SqliteStore::in_memory().unwrap();
    let rules = Rules::new(IdentityRules::default());
    // Two shops with the same people, two of whom share an address, so that groups reach over both.
    for at in [0, 1] {
        let batch = page(at, 500);
        let snapshot = store.snapshot(&wants(&batch, &rules)).await.unwrap();
        store.commit(&Commit::of(plan(&batch, snapshot, &rules, NOW))).await.unwrap();
    }
    let unchanged = wants(&page(0, 500), &rules);
    assert_eq!(store.walk(Walk::new(&unchanged)).await, (1, 0, 0), "what says the same is not read");
    let mut whole = page(0, 500).records;
    for record in &mut whole {
        match record {
            Record::Customer(customer) => customer.updated_at = Some(NOW),
            Record::Order(order) => order.updated_at = Some(NOW),
            _ => {}
        }
    }
    let every = |nth: usize| whole.iter().skip(nth).step_by(4).cloned().collect();
    for (what, records) in [
        ("everything", whole.clone()),
        ("customers", every(0)),
        ("orders", every(1)),
        ("returns", every(3)),
        ("one", vec![whole[0].clone()]),
    ] {
        let want = wants(&Batch::new(shop(0), records), &rules);
        let (rounds, subjects, documents) = store.walk(Walk::new(&want)).await;
        println!("{what}: {rounds} rounds for {subjects} records and {documents} documents");
        assert!(rounds <= 7, "{what}: {rounds}");
        let people = if what == "one" { 1..=4 } else { 0..=1000 };
        assert!(people.contains(&subjects), "{what}: {subjects}");
    }
}

impl SqliteStore {
    /// Walks, and says in how many rounds it found how many records and documents.
    async fn walk(&self, mut walk: Walk) -> (u32, usize, usize) {
        let walked = self.db.read(move |conn, accounts| {
            let mut reader = Reader::new(conn, accounts)?;
            while let Some(asks) = walk.asks() {
                let answers = reader.answer(asks)?;
                walk.take(answers);
            }
            let rounds = walk.rounds();
            let snapshot = walk.finish(rows::sequence(conn)?);
            Ok((rounds, snapshot.subjects.len(), snapshot.documents.len()))
        });
        walked.await.unwrap()
    }
}

#[tokio::test]
async fn no_statement_of_a_round_reads_a_whole_table() {
    let store = SqliteStore::in_memory().unwrap();
    let moves = SETTLE.split_inclusive(';').map(str::trim).filter(|sql| !sql.is_empty()).map(str::to_owned);
    let browsed = [crate::queries::TICKETS.to_owned()];
    let all: Vec<String> = statements()
        .into_iter()
        .chain(browsed)
        .chain(commit::checks())
        .chain(commit::sights())
        .chain(moves)
        .collect();
    let plans = store.db.read(move |conn, _| {
        let mut plans = Vec::new();
        for sql in all {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let lines = statement.raw_query().mapped(|row| row.get(3)).collect::<Result<Vec<String>, _>>()?;
            plans.push((sql, lines));
        }
        Ok(plans)
    });
    for (sql, lines) in plans.await.unwrap() {
        assert!(lines.iter().any(|line| line.starts_with("SEARCH")), "{sql}: {lines:?}");
        for line in lines.iter().filter(|line| line.starts_with("SCAN")) {
            // What was asked for, and what the statement itself made of that.
            let made = ["SCAN w", "SCAN one", "SCAN made", "SCAN named", "SCAN CONSTANT ROW"];
            assert!(line.contains("VIRTUAL TABLE") || made.contains(&line.as_str()), "{sql}: {line}");
        }
    }
}
