//! A CRM small enough to hold in one hand.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]
#![allow(dead_code, unreachable_pub, reason = "every test program takes what it needs")]

use std::collections::{BTreeMap, HashMap, HashSet};

use crm_merge::{
    Batch, ChangeSet, Contact, ContactId, Decision, Document, DocumentId, LinkRules, Policy, Rules, Snapshot,
    Subject, plan, wants,
};
use pos_core::identity::{IdentityRules, Key, SubjectId};
use pos_core::record::{
    Account, ContactPoints, CustomerRecord, DocumentKind, Money, OrderRecord, Party, PhoneSource, Record,
    StatusCategory, Vendor, read_name,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// Revenue and orders by contact.
pub type Sums = BTreeMap<ContactId, (Money, u32)>;

pub const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);

pub fn shop() -> Account {
    Account::new(Vendor::new("kiotviet"), "cuahangmau")
}

pub fn haravan() -> Account {
    Account::new(Vendor::new("haravan"), "shopmau")
}

/// A CRM that answers every snapshot with all it has: closed by construction.
#[derive(Clone, Default)]
pub struct Crm {
    pub subjects: HashMap<SubjectId, Subject>,
    pub contacts: HashMap<ContactId, Contact>,
    pub host_keys: HashMap<ContactId, Vec<Key>>,
    pub documents: HashMap<DocumentId, Document>,
    pub redirects: BTreeMap<ContactId, ContactId>,
    pub entries: HashMap<crm_merge::EntryId, crm_merge::Entry>,
    pub decisions: Vec<Decision>,
}

impl Crm {
    pub fn apply(&mut self, batch: &Batch, rules: &Rules) -> ChangeSet {
        let limit = wants(batch, rules).max_key_holders as usize;
        let mut holders: HashMap<Key, usize> = HashMap::new();
        for key in self.subjects.values().flat_map(|subject| &subject.keys) {
            *holders.entry(key.clone()).or_default() += 1;
        }
        let mut snapshot = Snapshot {
            subjects: self.subjects.clone(),
            contacts: self.contacts.clone(),
            documents: self.documents.clone(),
            entries: self.entries.clone(),
            decisions: self.decisions.clone(),
            ..Snapshot::default()
        };
        for from in self.redirects.keys() {
            let mut into = from;
            while let Some(next) = self.redirects.get(into) {
                into = next;
            }
            if self.contacts.contains_key(into) {
                snapshot.redirected.insert(from.clone(), into.clone());
            }
        }
        snapshot.shared = holders
            .into_iter()
            .filter(|(key, count)| *count > limit && !matches!(key, Key::Vendor(_)))
            .map(|(key, _)| key)
            .collect::<HashSet<_>>();
        let changes = plan(batch, snapshot, rules, NOW);
        for change in &changes.subjects {
            assert_eq!(
                self.subjects.insert(change.row.id.clone(), change.row.clone()).is_some(),
                change.existed
            );
        }
        for id in &changes.dropped {
            self.subjects.remove(id);
        }
        for change in &changes.contacts {
            assert_eq!(
                self.contacts.insert(change.row.id.clone(), change.row.clone()).is_some(),
                change.existed
            );
            self.redirects.remove(&change.row.id);
        }
        for redirect in &changes.redirects {
            self.contacts.remove(&redirect.from);
            self.redirects.insert(redirect.from.clone(), redirect.into.clone());
        }
        for id in &changes.emptied {
            self.contacts.remove(id);
        }
        for change in &changes.documents {
            assert_eq!(
                self.documents.insert(change.row.id.clone(), change.row.clone()).is_some(),
                change.existed
            );
        }
        for (id, row) in &changes.ledger {
            self.documents.get_mut(id).unwrap().ledger = *row;
        }
        for change in &changes.entries {
            let entry = &change.row;
            self.entries.insert(entry.entry_id(), entry.clone());
        }
        for (id, seen) in &changes.seen.subjects {
            let version = &mut self.subjects.get_mut(id).unwrap().version;
            version.seen = version.seen.max(*seen);
        }
        for (id, seen) in &changes.seen.documents {
            let version = &mut self.documents.get_mut(id).unwrap().version;
            version.seen = version.seen.max(*seen);
        }
        for (id, seen) in &changes.seen.entries {
            let version = &mut self.entries.get_mut(id).unwrap().version;
            version.seen = version.seen.max(*seen);
        }
        self.decisions.retain(|decision| !changes.revoked.contains(decision));
        self.decisions.extend(changes.decisions.iter().cloned());
        self.host_keys.extend(changes.host_keys.iter().cloned());
        for subject in self.subjects.values() {
            if let Some(contact) = &subject.contact {
                assert!(
                    self.contacts.contains_key(contact),
                    "{subject:?} is bound to a contact that is not there"
                );
            }
        }
        changes
    }

    pub fn take(
        &mut self,
        account: &Account,
        records: impl IntoIterator<Item = Record>,
        rules: &Rules,
    ) -> ChangeSet {
        self.apply(&Batch::new(account.clone(), records.into_iter().collect()), rules)
    }

    pub fn only(&self) -> &Contact {
        assert_eq!(self.contacts.len(), 1, "{:?}", self.contacts.keys());
        self.contacts.values().next().unwrap()
    }

    pub fn of(&self, account: &Account, customer: &str) -> &Contact {
        let id = SubjectId::customer(account, customer);
        &self.contacts[self.subjects[&id].contact.as_ref().unwrap()]
    }

    /// Revenue and orders by contact.
    pub fn totals(&self) -> Sums {
        let mut totals = BTreeMap::new();
        for document in self.documents.values() {
            let Some(buyer) = &document.buyer else { continue };
            let contact = self.subjects[buyer].contact.clone().unwrap();
            let sum: &mut (Money, u32) = totals.entry(contact).or_default();
            sum.0 += document.ledger.revenue;
            sum.1 += document.ledger.orders;
        }
        totals
    }

    pub fn total(&self) -> (String, u32) {
        let (money, orders) = self.totals().into_values().next().unwrap_or_default();
        (money.to_string(), orders)
    }

    /// Everything that a merchant sees, in a comparable form.
    pub fn state(&self) -> String {
        let contacts: BTreeMap<_, _> =
            self.contacts.iter().map(|(id, contact)| (id.to_string(), contact)).collect();
        let links: BTreeMap<_, _> = self
            .subjects
            .values()
            .map(|subject| (subject.id.to_text(), (&subject.contact, &subject.record)))
            .collect();
        let ledger: BTreeMap<_, _> = self
            .documents
            .values()
            .map(|document| (document.id.to_string(), (document.ledger, &document.buyer)))
            .collect();
        let ledger: Vec<_> = ledger.into_iter().map(|(id, row)| format!("{id} {row:?}")).collect();
        serde_json::to_string(&(contacts, links, ledger)).unwrap()
    }
}

pub fn rules_with(policy: Policy) -> Rules {
    let link = LinkRules { policy, ..LinkRules::default() };
    rules_of(link)
}

pub fn rules_of(link: LinkRules) -> Rules {
    let guarded = LinkRules { guarded: true, ..link.clone() };
    Rules::new(IdentityRules::default()).with_link(shop(), "KiotViet", link).with_link(
        haravan(),
        "Haravan",
        guarded,
    )
}

pub fn at(minute: i64) -> OffsetDateTime {
    datetime!(2026-05-01 00:00 UTC) + Duration::minutes(minute)
}

/// A customer; `minute` is when it was created and changed.
pub fn customer(id: &str, name: &str, phone: &str, email: &str, minute: i64) -> CustomerRecord {
    let mut points = ContactPoints::default();
    points.phone(Some(phone), PhoneSource::Own);
    points.email(Some(email));
    let reading = read_name(Some(name));
    CustomerRecord {
        id: id.into(),
        name: reading.name,
        raw_name: reading.raw,
        phones: points.phones,
        emails: points.emails,
        created_at: Some(at(minute)),
        updated_at: Some(at(minute)),
        ..CustomerRecord::default()
    }
}

pub fn order(
    kind: DocumentKind,
    id: &str,
    buyer: Option<Party>,
    total: i64,
    paid: i64,
    minute: i64,
) -> OrderRecord {
    let mut record = OrderRecord::new(kind, id);
    record.buyer = buyer;
    record.total = Some(Money::from(total));
    record.paid = Some(Money::from(paid));
    record.payment = pos_core::record::PaymentState::from_amounts(record.total, record.paid);
    record.status.category = StatusCategory::Completed;
    record.placed_at = Some(at(minute));
    record.updated_at = Some(at(minute));
    record
}

pub fn known(id: &str) -> Option<Party> {
    let party = Party { id: Some(id.into()), ..Party::default() };
    Some(party)
}

pub fn stranger(name: &str, phone: &str) -> Option<Party> {
    let mut points = ContactPoints::default();
    points.phone(Some(phone), PhoneSource::Own);
    pos_core::entity::party(None, Some(name), points, None)
}

pub fn edited(mut record: CustomerRecord, minute: i64) -> CustomerRecord {
    record.updated_at = Some(at(minute));
    record
}
