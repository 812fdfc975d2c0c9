//! Which rows a snapshot needs, without I/O.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crm_merge::{
    Contact, ContactId, Decision, Document, DocumentId, Entry, EntryId, Snapshot, Subject, Told, Version,
    Want,
};
use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::{Account, DocumentKind};

/// What a walk asks in one round. A store answers every set with one statement, in any order of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asks {
    /// Customers: in which version they are there ([`Answers::told`]).
    pub told: BTreeSet<SubjectId>,
    /// Documents: the same.
    pub told_documents: BTreeSet<DocumentId>,
    /// Records, each with its contact; and every decision about one of these ids, whether the record is there or not.
    pub subjects: BTreeSet<SubjectId>,
    /// Records: which of them are there and no stubs.
    pub mentioned: BTreeSet<SubjectId>,
    /// Keys: who holds them, at most [`most`](Asks::most) records and so many of the host's contacts of each.
    pub keys: BTreeSet<Key>,
    /// How many holders of a key matter.
    pub most: usize,
    /// Keys: everybody who holds them.
    pub open_keys: BTreeSet<Key>,
    /// Contacts, or those that a retired id leads to.
    pub contacts: BTreeSet<ContactId>,
    /// Contacts: the ids of their records.
    pub members: BTreeSet<ContactId>,
    /// Documents.
    pub documents: BTreeSet<DocumentId>,
    /// Names: the ids of the documents that are called so, or that refer to it.
    pub names: BTreeSet<(Account, String)>,
    /// Entries; without their content, unless it [is compared](EntryId::is_compared).
    pub entries: BTreeSet<EntryId>,
}

/// What a store answers to [`Asks`]. What is not there is left out.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The customers of [`Asks::told`] that are there.
    pub told: HashMap<SubjectId, Outline>,
    /// The documents of [`Asks::told_documents`] that are there.
    pub told_documents: HashMap<DocumentId, Outline>,
    /// Records with their contacts; a contact that an earlier answer brought may be left out.
    pub subjects: Vec<(Subject, Option<Contact>)>,
    /// Decisions about the ids that were asked for.
    pub decisions: Vec<Decision>,
    /// Those of the mentioned that are known in full.
    pub known: Vec<SubjectId>,
    /// Who holds a key.
    pub holders: HashMap<Key, Holders>,
    /// The ids that were asked for, with the living contacts.
    pub contacts: Vec<(ContactId, Contact)>,
    /// Records of the contacts that were asked for.
    pub members: Vec<SubjectId>,
    /// Documents.
    pub documents: Vec<Document>,
    /// Names, with what each is to which document.
    pub named: Vec<((Account, String), NameRole, DocumentId)>,
    /// Entries.
    pub entries: Vec<Entry>,
}

/// A customer or document without what it says.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// Its version.
    pub version: Version,
    /// It was seen to be gone.
    pub gone: bool,
    /// A customer that only documents named so far.
    pub stub: bool,
    /// The keys that a customer holds.
    pub keys: Vec<Key>,
    /// The keys that only find a customer.
    pub finds: Vec<Key>,
}

impl Outline {
    fn is_of(&self, hash: u64) -> bool {
        self.version.hash == hash && !self.gone
    }
}

/// Who holds a key.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    /// Records.
    pub records: Vec<Holder>,
    /// Contacts that the host made with it.
    pub contacts: Vec<ContactId>,
}

/// A record that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The record.
    pub id: SubjectId,
    /// The customer's key that an order's block names.
    pub names: Option<Key>,
}

impl Holder {
    /// A record with all of its keys. Those of a customer do not matter.
    pub fn new(id: SubjectId, keys: &[Key]) -> Self {
        let named = || keys.iter().find(|key| matches!(key, Key::Vendor(_))).cloned();
        Self { names: if id.kind == SubjectKind::Customer { None } else { named() }, id }
    }
}

/// The key of a customer's own id, which it holds without being told.
pub(crate) fn own_key(id: &SubjectId) -> Key {
    id.vendor_key()
}

/// What a name is to a document. The numbers are for stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameRole {
    /// Its code.
    Code = 0,
    /// What it fulfils.
    Fulfils = 1,
    /// What it returns.
    Returns = 2,
    /// Another name of it.
    Alias = 3,
    /// Its id. Stores need not keep it as a name.
    Id = 4,
}

impl NameRole {
    /// The role of a number.
    pub fn of(number: i64) -> Option<Self> {
        [Self::Code, Self::Fulfils, Self::Returns, Self::Alias, Self::Id]
            .into_iter()
            .find(|role| *role as i64 == number)
    }

    /// The names of a document beside its id, those that it refers to included, each role and name once.
    pub fn names(document: &Document) -> BTreeSet<(Self, &str)> {
        let record = &document.record;
        let single =
            [(Self::Code, &record.code), (Self::Fulfils, &record.fulfils), (Self::Returns, &record.returns)];
        let single = single.into_iter().filter_map(|(role, name)| Some((role, name.as_deref()?)));
        single.chain(record.aliases.iter().map(|alias| (Self::Alias, alias.as_str()))).collect()
    }
}

/// Which documents of a name to follow. Ids of different kinds may be equal by chance: an invoice fulfils what is no
/// invoice, a return takes back what is no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follow {
    /// Those that are called so, and those that refer to it.
    All,
    /// Those that are called so, unless it is the id of this kind.
    CalledBut(DocumentKind),
    /// Those that refer to it in this role.
    Referring(NameRole),
}

impl Follow {
    fn leads_to(self, role: NameRole, id: &DocumentId) -> bool {
        match self {
            Self::All => true,
            Self::CalledBut(kind) => match role {
                NameRole::Id => id.kind != kind,
                role => matches!(role, NameRole::Code | NameRole::Alias),
            },
            Self::Referring(wanted) => role == wanted,
        }
    }
}

/// A name that was asked for: what leads on from it, and where to.
#[derive(Debug, Default)]
struct Name {
    follow: Vec<Follow>,
    documents: Vec<(NameRole, DocumentId)>,
}

/// The way from what is wanted to everything that belongs to it, closed as [`Snapshot`] says: records to their keys and
/// contacts and from there to records, documents to those that they refer to and that refer to them. Breadth first, so
/// that a store is asked a few times for sets, however many rows there are:
///
/// ```
/// # use pos_sync::{Answers, Asks, Walk};
/// # fn answer(_: &Asks) -> Answers { Answers::default() }
/// # let want = crm_merge::Want::default();
/// let mut walk = Walk::new(&want);
/// while let Some(asks) = walk.asks() {
///     let answers = answer(asks);
///     walk.take(answers);
/// }
/// let snapshot = walk.finish(7);
/// # assert_eq!(snapshot.sequence, 7);
/// ```
#[derive(Debug)]
pub struct Walk {
    told: Arc<[Told]>,
    limit: usize,
    allowed: BTreeSet<Key>,
    snapshot: Snapshot,
    decisions: BTreeSet<Decision>,
    round: Asks,
    next: Asks,
    rounds: u32,
    seen_subjects: HashSet<SubjectId>,
    seen_keys: HashSet<Key>,
    seen_contacts: HashSet<ContactId>,
    seen_documents: HashSet<DocumentId>,
    names: HashMap<(Account, String), Name>,
}

impl Walk {
    /// A walk from what is wanted.
    pub fn new(want: &Want) -> Self {
        let mut walk = Self {
            told: Arc::clone(&want.told),
            limit: want.max_key_holders as usize,
            allowed: want.allowed_shared.clone(),
            snapshot: Snapshot::default(),
            decisions: BTreeSet::new(),
            round: Asks::default(),
            next: Asks::default(),
            rounds: 0,
            seen_subjects: HashSet::new(),
            seen_keys: HashSet::new(),
            seen_contacts: HashSet::new(),
            seen_documents: HashSet::new(),
            names: HashMap::new(),
        };
        want.subjects.iter().for_each(|id| walk.subject(id));
        want.keys.iter().for_each(|key| walk.key(key));
        want.documents.iter().for_each(|id| walk.document(id));
        want.references.iter().for_each(|name| walk.name(name.clone(), Follow::All));
        walk.next.mentioned = want.mentioned.difference(&want.subjects).cloned().collect();
        walk.next.contacts.clone_from(&want.contacts);
        walk.next.entries.clone_from(&want.entries);
        for told in &*want.told {
            match told {
                Told::Customer { id, .. } => drop(walk.next.told.insert(id.clone())),
                Told::Document { id, .. } => drop(walk.next.told_documents.insert(id.clone())),
            }
        }
        walk
    }

    /// What to ask next; nothing when the walk is over. What was asked before is taken first.
    pub fn asks(&mut self) -> Option<&Asks> {
        self.round = std::mem::take(&mut self.next);
        if self.round == Asks::default() {
            return None;
        }
        // An order's block counts with the customer that it names, so more rows than the limit may still be allowed.
        self.round.most = 4 * self.limit + 1;
        self.rounds += 1;
        Some(&self.round)
    }

    /// Takes the answers to what was asked last.
    pub fn take(&mut self, answers: Answers) {
        self.tell(&answers.told, &answers.told_documents);
        for (subject, contact) in answers.subjects {
            subject.keys.iter().for_each(|key| self.key(key));
            if subject.id.kind == SubjectKind::Customer {
                self.key(&own_key(&subject.id));
            }
            if let Some(id) = &subject.contact {
                self.contact(id);
            }
            if let Some(contact) = contact {
                self.snapshot.contacts.insert(contact.id.clone(), contact);
            }
            self.snapshot.subjects.insert(subject.id.clone(), subject);
        }
        for decision in answers.decisions {
            let (left, right) = decision.pair();
            self.subject(left);
            self.subject(right);
            self.decisions.insert(decision);
        }
        let known: HashSet<SubjectId> = answers.known.into_iter().collect();
        for id in std::mem::take(&mut self.round.mentioned) {
            if known.contains(&id) {
                self.snapshot.known.insert(id);
            } else {
                self.subject(&id);
                self.key(&own_key(&id));
            }
        }
        for (key, holders) in answers.holders {
            self.holders(key, holders);
        }
        for (asked, contact) in answers.contacts {
            self.contact(&contact.id);
            if asked != contact.id {
                self.snapshot.redirected.insert(asked, contact.id.clone());
            }
            self.snapshot.contacts.insert(contact.id.clone(), contact);
        }
        answers.members.iter().for_each(|id| self.subject(id));
        for (name, role, id) in answers.named {
            let name = self.names.entry(name).or_default();
            let follows = name.follow.iter().any(|follow| follow.leads_to(role, &id));
            name.documents.push((role, id.clone()));
            if follows {
                self.document(&id);
            }
        }
        for document in answers.documents {
            self.papers(&document);
            self.snapshot.documents.insert(document.id.clone(), document);
        }
        self.snapshot.entries.extend(answers.entries.into_iter().map(|entry| (entry.entry_id(), entry)));
    }

    /// Follows what is told where it is news.
    fn tell(&mut self, customers: &HashMap<SubjectId, Outline>, documents: &HashMap<DocumentId, Outline>) {
        for told in &*std::mem::take(&mut self.told) {
            match told {
                Told::Customer { id, hash, keys, finds } => {
                    let is_same = |known: &&Outline| {
                        known.is_of(*hash) && !known.stub && known.keys == *keys && known.finds == *finds
                    };
                    if let Some(known) = customers.get(id).filter(is_same) {
                        self.snapshot.same.subjects.insert(id.clone(), known.version.seen);
                        continue;
                    }
                    self.subject(id);
                    keys.iter().chain([&own_key(id)]).for_each(|key| self.key(key));
                }
                Told::Document { id, hash, names, subjects, mentioned, keys } => {
                    if let Some(known) = documents.get(id).filter(|known| known.is_of(*hash)) {
                        self.snapshot.same.documents.insert(id.clone(), known.version.seen);
                        continue;
                    }
                    self.document(id);
                    for name in names.iter().map(String::as_str).chain([&*id.id]) {
                        self.name((id.account.clone(), name.to_owned()), Follow::All);
                    }
                    subjects.iter().for_each(|id| self.subject(id));
                    keys.iter().for_each(|key| self.key(key));
                    self.next.mentioned.extend(mentioned.iter().cloned());
                }
            }
        }
        let seen = &self.seen_subjects;
        self.next.mentioned.retain(|id| !seen.contains(id));
    }

    /// The snapshot, as it was after the commit of this number.
    pub fn finish(mut self, sequence: u64) -> Snapshot {
        self.snapshot.sequence = sequence;
        self.snapshot.decisions = self.decisions.into_iter().collect();
        self.snapshot
    }

    /// How often the store was asked.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    fn subject(&mut self, id: &SubjectId) {
        if !self.seen_subjects.contains(id) {
            self.seen_subjects.insert(id.clone());
            self.next.subjects.insert(id.clone());
        }
    }

    /// The record of a contact brings it along.
    fn contact(&mut self, id: &ContactId) {
        if !self.seen_contacts.contains(id) {
            self.seen_contacts.insert(id.clone());
            self.next.members.insert(id.clone());
        }
    }

    fn key(&mut self, key: &Key) {
        if self.seen_keys.contains(key) {
            return;
        }
        self.seen_keys.insert(key.clone());
        if let Key::Vendor(vendor) = key {
            self.subject(&SubjectId::customer(&vendor.account, &vendor.id));
        }
        let is_open = matches!(key, Key::Vendor(_)) || self.allowed.contains(key);
        let keys = if is_open { &mut self.next.open_keys } else { &mut self.next.keys };
        keys.insert(key.clone());
    }

    /// A key that too many hold recognises nobody.
    fn holders(&mut self, key: Key, holders: Holders) {
        let Holders { records, contacts } = holders;
        if self.round.keys.contains(&key) {
            // As identity counts: an order's block with the customer that it names.
            let person = |holder: &Holder| match holder.id.kind {
                SubjectKind::Customer => Some(own_key(&holder.id)),
                _ => holder.names.clone(),
            };
            let customers: HashSet<Key> = records.iter().filter_map(person).collect();
            let others = records.iter().filter(|holder| person(holder).is_none()).count();
            let many = records.len() >= self.round.most || customers.len() + others > self.limit;
            if many || contacts.len() > self.limit {
                self.snapshot.shared.insert(key);
                return;
            }
        }
        records.iter().for_each(|holder| self.subject(&holder.id));
        for contact in contacts {
            if !self.seen_contacts.contains(&contact) {
                self.next.contacts.insert(contact);
            }
        }
    }

    fn document(&mut self, id: &DocumentId) {
        if !self.seen_documents.contains(id) {
            self.seen_documents.insert(id.clone());
            self.next.documents.insert(id.clone());
        }
    }

    fn papers(&mut self, document: &Document) {
        let account = &document.id.account;
        let record = &document.record;
        for (name, not) in [(&record.fulfils, DocumentKind::Invoice), (&record.returns, DocumentKind::Return)]
        {
            if let Some(name) = name {
                self.name((account.clone(), name.clone()), Follow::CalledBut(not));
            }
        }
        for name in document.names() {
            for (role, not) in
                [(NameRole::Fulfils, DocumentKind::Invoice), (NameRole::Returns, DocumentKind::Return)]
            {
                if document.id.kind != not {
                    self.name((account.clone(), name.to_owned()), Follow::Referring(role));
                }
            }
        }
    }

    /// Follows a name: from what is known of it by now, and from what an answer will say.
    fn name(&mut self, name: (Account, String), follow: Follow) {
        let known = self.names.entry(name.clone()).or_insert_with(|| {
            self.next.names.insert(name);
            Name::default()
        });
        if known.follow.contains(&follow) {
            return;
        }
        known.follow.push(follow);
        let found = known.documents.iter().filter(|(role, id)| follow.leads_to(*role, id));
        let found: Vec<DocumentId> = found.map(|(_, id)| id.clone()).collect();
        found.iter().for_each(|id| self.document(id));
    }
}
