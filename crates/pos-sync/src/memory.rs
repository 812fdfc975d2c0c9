//! A store in memory.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use crm_merge::{
    Audit, Change, Conflict, Contact, ContactId, Decision, Document, DocumentId, Entry, EntryId, Outbox,
    Snapshot, Subject, Version, Want, nanos,
};
use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::{Account, Currency, Money, Stream, TicketRecord};
use time::OffsetDateTime;

use crate::model::{
    Boxed, Changed, ChangedObject, Checkpoint, Fate, InboxItem, Lease, Link, OutboxItem, Rejection,
    Retention, Run, Settled, Which, is_remembered,
};
use crate::store::{Browse, Commit, ContactQuery, Depth, Size, Store, StoreError, StoreResult, Totals};
use crate::walk::{Answers, Asks, Holder, NameRole, Outline, Walk};

/// A CRM in memory, for tests and for hosts that keep nothing.
///
/// It keeps every promise of [`Store`] but that of surviving the process. Reads copy what they answer. A clone is
/// another handle of the same CRM.
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty CRM.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an item of a box waits, and what is kept of it.
enum Standing {
    Waiting(OffsetDateTime),
    Done,
    Dead(String),
}

struct Letter {
    item: InboxItem,
    standing: Standing,
    number: u64,
}

struct Pushing {
    item: OutboxItem,
    /// When it is due; absent as soon as it is committed.
    due: Option<OffsetDateTime>,
    dead: Option<String>,
}

struct Held {
    holder: Option<String>,
    fence: u64,
    until: OffsetDateTime,
}

type Trail = Vec<(Option<OffsetDateTime>, Audit)>;

#[derive(Default)]
struct State {
    sequence: u64,
    subjects: BTreeMap<SubjectId, Subject>,
    contacts: BTreeMap<ContactId, Contact>,
    documents: BTreeMap<DocumentId, Document>,
    entries: BTreeMap<EntryId, Entry>,
    sealed: BTreeMap<Account, String>,
    /// Where the ids of contacts that are no more lead.
    redirects: BTreeMap<ContactId, ContactId>,
    host_keys: BTreeMap<ContactId, Vec<Key>>,
    decisions: BTreeSet<Decision>,
    questions: BTreeMap<(ContactId, String, SubjectId), Conflict>,
    audit: BTreeMap<ContactId, Trail>,

    // Found by what they have in common.
    holders: BTreeMap<Key, BTreeSet<SubjectId>>,
    /// Records and documents by keys that find and do not recognise.
    finding: BTreeMap<Key, BTreeSet<SubjectId>>,
    finding_documents: BTreeMap<Key, BTreeSet<DocumentId>>,
    host_holders: BTreeMap<Key, BTreeSet<ContactId>>,
    members: BTreeMap<ContactId, BTreeSet<SubjectId>>,
    bought: BTreeMap<SubjectId, BTreeSet<DocumentId>>,
    /// Documents by their names and by those that they refer to.
    names: BTreeMap<(Account, String), BTreeSet<(NameRole, DocumentId)>>,

    // The commit that wrote something last, also of what is gone.
    subject_stamps: BTreeMap<SubjectId, u64>,
    contact_stamps: BTreeMap<ContactId, u64>,
    document_stamps: BTreeMap<DocumentId, u64>,
    entry_stamps: BTreeMap<EntryId, u64>,
    key_stamps: BTreeMap<Key, u64>,
    reference_stamps: BTreeMap<(Account, String), u64>,

    links: BTreeMap<Account, Link>,
    checkpoints: BTreeMap<(Account, Stream), Checkpoint>,
    paces: BTreeMap<String, (u64, String)>,
    leases: BTreeMap<String, Held>,
    runs: BTreeMap<u64, Run>,
    rejections: BTreeMap<u64, Vec<Rejection>>,
    inbox: BTreeMap<(Account, String), Letter>,
    outbox: BTreeMap<u64, Pushing>,
    /// Numbers of deliveries and pushes, which are never given twice.
    numbers: u64,
}

/// The names of a document, those that it refers to included.
fn names(document: &Document) -> impl Iterator<Item = ((Account, String), NameRole)> + '_ {
    let own = std::iter::once((NameRole::Id, &*document.id.id));
    let account = &document.id.account;
    own.chain(NameRole::names(document)).map(|(role, name)| ((account.clone(), name.to_owned()), role))
}

/// Puts a value into an index, or takes it out.
fn mark<K: Ord + Clone, V: Ord + Clone>(
    index: &mut BTreeMap<K, BTreeSet<V>>,
    key: &K,
    value: &V,
    is_there: bool,
) {
    let set = index.entry(key.clone()).or_default();
    if is_there {
        set.insert(value.clone());
    } else {
        set.remove(value);
    }
    if set.is_empty() {
        index.remove(key);
    }
}

/// What was seen, and may be gone.
trait Seen: Clone {
    fn version(&mut self) -> &mut Version;
    fn times(&self) -> (i64, Option<i64>);
}

macro_rules! seen {
    ($($row:ty),*) => {$(
        impl Seen for $row {
            fn version(&mut self) -> &mut Version {
                &mut self.version
            }

            fn times(&self) -> (i64, Option<i64>) {
                (self.version.seen, self.gone)
            }
        }
    )*};
}

seen!(Subject, Document, Entry);

/// Whether a row is as the plan thinks: there or not, and not seen alive after the plan took it for gone. Sights alone move
/// no stamp.
fn fits<T: Seen>(change: &Change<T>, known: Option<&T>) -> bool {
    let seen = known.map(|known| known.times().0);
    change.existed == seen.is_some()
        && !matches!((change.row.times().1, seen), (Some(gone), Some(seen)) if seen > gone)
}

/// The row as it is written: a later sight of it stays.
fn latest<T: Seen>(row: &T, known: Option<&T>) -> T {
    let mut row = row.clone();
    sight(&mut row, known.map_or(i64::MIN, |known| known.times().0));
    row
}

fn sight<T: Seen>(row: &mut T, at: i64) {
    let version = row.version();
    version.seen = version.seen.max(at);
}

/// Whether two pushes are of one object of one shop: the newer one stands for both.
fn is_same_push(one: &Outbox, other: &Outbox) -> bool {
    one.account == other.account && one.push.reference() == other.push.reference()
}

/// When a delivery is due that has just come: the clock of whoever took it in need not be that of whoever works on it.
const AT_ONCE: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn picks(which: &Which, account: &Account, letter: &Letter) -> bool {
    let picked = match which {
        Which::All => true,
        Which::One(id) => *id == letter.item.delivery,
        Which::Between(from, to) => (*from..*to).contains(&letter.item.received_at()),
    };
    picked && letter.item.account == *account
}

fn page(limit: u32) -> usize {
    if limit == 0 { 100 } else { limit as usize }
}

impl State {
    fn live(&self, id: &ContactId) -> Option<&Contact> {
        let mut id = id;
        let mut seen = HashSet::new();
        loop {
            if let Some(contact) = self.contacts.get(id) {
                return Some(contact);
            }
            if !seen.insert(id) {
                return None;
            }
            id = self.redirects.get(id)?;
        }
    }

    fn holds(&self, lease: &Lease) -> bool {
        self.leases
            .get(&lease.name)
            .is_some_and(|held| held.holder.as_ref() == Some(&lease.holder) && held.fence == lease.fence)
    }

    /// Whether a plan may be written: nothing that it read, and nothing that it writes, is other than it thinks.
    fn check(&self, commit: &Commit) -> StoreResult<()> {
        if let Some(lease) = commit.lease.as_ref().filter(|lease| !self.holds(lease)) {
            return Err(StoreError::LeaseLost(lease.name.clone()));
        }
        fn later<K: Ord>(stamps: &BTreeMap<K, u64>, key: &K, since: u64) -> bool {
            stamps.get(key).is_some_and(|stamp| *stamp > since)
        }
        let changes = &commit.changes;
        let since = changes.reads.sequence;
        let moved = self.sequence != since && {
            let reads = commit.reads();
            reads.subjects.iter().any(|id| later(&self.subject_stamps, id, since))
                || reads.keys.iter().any(|key| later(&self.key_stamps, key, since))
                || reads.contacts.iter().any(|id| later(&self.contact_stamps, id, since))
                || reads.documents.iter().any(|id| later(&self.document_stamps, id, since))
                || reads.references.iter().any(|name| later(&self.reference_stamps, name, since))
        };
        let fits = changes.subjects.iter().all(|change| fits(change, self.subjects.get(&change.row.id)))
            && changes
                .contacts
                .iter()
                .all(|change| change.existed == self.contacts.contains_key(&change.row.id))
            && changes.documents.iter().all(|change| fits(change, self.documents.get(&change.row.id)))
            && changes.entries.iter().all(|change| {
                let id = change.row.entry_id();
                fits(change, self.entries.get(&id)) && !later(&self.entry_stamps, &id, since)
            })
            && changes.ledger.iter().all(|(id, _)| {
                self.documents.contains_key(id) || changes.documents.iter().any(|change| change.row.id == *id)
            });
        if moved || !fits { Err(StoreError::Conflict) } else { Ok(()) }
    }

    fn write(&mut self, commit: &Commit) {
        let changes = &commit.changes;
        self.sequence += u64::from(commit.is_numbered());
        for change in &changes.contacts {
            let id = &change.row.id;
            self.redirects.remove(id);
            self.contacts.insert(id.clone(), change.row.clone());
            self.contact_stamps.insert(id.clone(), self.sequence);
        }
        for change in &changes.subjects {
            let row = latest(&change.row, self.subjects.get(&change.row.id));
            self.put_subject(&change.row.id, Some(row));
        }
        for id in &changes.dropped {
            self.put_subject(id, None);
        }
        for (contact, keys) in &changes.host_keys {
            self.put_host_keys(contact, keys);
        }
        for (from, into) in commit.retired() {
            self.contacts.remove(from);
            self.contact_stamps.insert(from.clone(), self.sequence);
            self.put_host_keys(from, &[]);
            match into {
                Some(into) => self.redirects.insert(from.clone(), into.clone()),
                None => self.redirects.remove(from),
            };
        }
        for decision in &changes.revoked {
            self.decisions.remove(decision);
        }
        self.decisions.extend(changes.decisions.iter().cloned());
        for decision in changes.revoked.iter().chain(&changes.decisions) {
            let (left, right) = decision.pair();
            for id in [left, right] {
                self.subject_stamps.insert(id.clone(), self.sequence);
            }
        }
        for change in &changes.documents {
            self.put_document(latest(&change.row, self.documents.get(&change.row.id)));
        }
        for (id, row) in &changes.ledger {
            if let Some(document) = self.documents.get_mut(id) {
                document.ledger = *row;
                self.document_stamps.insert(id.clone(), self.sequence);
                self.reference_stamps.extend(names(document).map(|(name, _)| (name, self.sequence)));
            }
        }
        for change in &changes.entries {
            let id = change.row.entry_id();
            self.entry_stamps.insert(id.clone(), self.sequence);
            let row = latest(&change.row, self.entries.get(&id));
            self.entries.insert(id, row);
        }
        fn again<K: Ord, T: Seen>(rows: &mut BTreeMap<K, T>, seen: &[(K, i64)]) {
            seen.iter().for_each(|(id, at)| {
                rows.get_mut(id).into_iter().for_each(|row| sight(row, *at));
            });
        }
        again(&mut self.subjects, &changes.seen.subjects);
        again(&mut self.documents, &changes.seen.documents);
        again(&mut self.entries, &changes.seen.entries);
        self.write_questions(commit);
        self.write_audit(commit);
        for turn in &commit.links {
            if let Some(link) = self.links.get_mut(&turn.account)
                && let Some(turned) = turn.apply(link)
            {
                *link = turned;
            }
        }
        for entry in &changes.outbox {
            let sent = self.first_sent(entry);
            self.outbox.retain(|_, known| known.dead.is_some() || !is_same_push(&known.item.entry, entry));
            self.numbers += 1;
            let item = OutboxItem::new(self.numbers, entry.clone(), 0).with_maybe_sent(sent);
            self.outbox.insert(self.numbers, Pushing { item, due: None, dead: None });
        }
        self.settle(commit);
        if let Some((account, stream, checkpoint)) = &commit.checkpoint {
            self.checkpoints.insert((account.clone(), *stream), checkpoint.clone());
        }
        if let Some(run) = &commit.run {
            self.put_run(run);
        }
        for rejection in &commit.rejections {
            self.rejections.entry(rejection.run).or_default().push(rejection.clone());
        }
    }

    fn put_subject(&mut self, id: &SubjectId, row: Option<Subject>) {
        self.subject_stamps.insert(id.clone(), self.sequence);
        if let Some(old) = self.subjects.remove(id) {
            self.index_subject(&old, false);
        }
        if let Some(row) = row {
            self.index_subject(&row, true);
            self.subjects.insert(id.clone(), row);
        }
    }

    fn index_subject(&mut self, row: &Subject, is_there: bool) {
        for key in &row.keys {
            mark(&mut self.holders, key, &row.id, is_there);
            self.key_stamps.insert(key.clone(), self.sequence);
        }
        for key in &row.finds {
            mark(&mut self.finding, key, &row.id, is_there);
        }
        if let Some(contact) = &row.contact {
            mark(&mut self.members, contact, &row.id, is_there);
        }
    }

    fn put_host_keys(&mut self, contact: &ContactId, keys: &[Key]) {
        let before = self.host_keys.remove(contact).unwrap_or_default();
        let gone = before.iter().map(|key| (key, false));
        for (key, is_there) in gone.chain(keys.iter().map(|key| (key, true))) {
            mark(&mut self.host_holders, key, contact, is_there);
            self.key_stamps.insert(key.clone(), self.sequence);
        }
        if !keys.is_empty() {
            self.host_keys.insert(contact.clone(), keys.to_vec());
        }
    }

    fn put_document(&mut self, row: Document) {
        self.document_stamps.insert(row.id.clone(), self.sequence);
        if let Some(old) = self.documents.remove(&row.id) {
            self.index_document(&old, false);
        }
        self.index_document(&row, true);
        self.documents.insert(row.id.clone(), row);
    }

    fn index_document(&mut self, row: &Document, is_there: bool) {
        for (name, role) in names(row) {
            mark(&mut self.names, &name, &(role, row.id.clone()), is_there);
            self.reference_stamps.insert(name, self.sequence);
        }
        for key in &row.finds {
            mark(&mut self.finding_documents, key, &row.id, is_there);
        }
        if let Some(buyer) = &row.buyer {
            mark(&mut self.bought, buyer, &row.id, is_there);
        }
    }

    fn write_questions(&mut self, commit: &Commit) {
        let questioned = commit.questioned();
        self.questions.retain(|(contact, ..), _| !questioned.contains(contact));
        for conflict in &commit.changes.conflicts {
            let key = (conflict.contact.clone(), conflict.field.clone(), conflict.by.clone());
            self.questions.insert(key, conflict.clone());
        }
    }

    fn write_audit(&mut self, commit: &Commit) {
        for audit in &commit.changes.audit {
            let (contacts, records) = audit.about();
            let of_records = records.iter().filter_map(|id| self.subjects.get(id)?.contact.as_ref());
            let about: BTreeSet<ContactId> = contacts.into_iter().chain(of_records).cloned().collect();
            for contact in about {
                self.audit.entry(contact).or_default().push((commit.changes.planned_at, audit.clone()));
            }
        }
    }

    fn settle(&mut self, commit: &Commit) {
        for Settled { account, delivery, arrivals, fate } in &commit.inbox {
            let Some(letter) = self.inbox.get_mut(&(account.clone(), delivery.clone())) else { continue };
            if matches!(letter.standing, Standing::Done) {
                continue;
            }
            letter.standing = match fate {
                // It came again while it was worked on: what it says now was perhaps not seen.
                Fate::Done if letter.item.arrivals != *arrivals => Standing::Waiting(AT_ONCE),
                Fate::Done => Standing::Done,
                Fate::Later { at, .. } | Fate::Waits { at, .. } => Standing::Waiting(*at),
                Fate::Dead { why } => Standing::Dead(why.clone()),
            };
            letter.item.attempts += u32::from(!matches!(fate, Fate::Waits { .. }));
        }
        for (id, fate) in &commit.outbox {
            let Some(pushing) = self.outbox.get(id) else { continue };
            let entry = &pushing.item.entry;
            // A newer push of the same object takes the place of one that waits again.
            let replaced = pushing.dead.is_some()
                && self
                    .outbox
                    .values()
                    .any(|other| other.dead.is_none() && is_same_push(&other.item.entry, entry));
            let goes_on = matches!(fate, Fate::Later { .. } | Fate::Waits { .. });
            if matches!(fate, Fate::Done) || goes_on && replaced {
                self.outbox.remove(id);
                continue;
            }
            let Some(pushing) = self.outbox.get_mut(id) else { continue };
            pushing.item.attempts += u32::from(!matches!(fate, Fate::Waits { .. }));
            match fate {
                Fate::Done => {}
                Fate::Later { at, .. } | Fate::Waits { at, .. } => {
                    pushing.due = Some(*at);
                    pushing.dead = None;
                }
                Fate::Dead { why } => pushing.dead = Some(why.clone()),
            }
        }
    }

    /// When a push of the same object was first sent without a word whether it arrived, those that failed included.
    fn first_sent(&self, entry: &Outbox) -> Option<OffsetDateTime> {
        let same = self.outbox.values().filter(|known| is_same_push(&known.item.entry, entry));
        same.filter_map(|known| known.item.maybe_sent).min()
    }

    fn dead_pushes<'a>(
        &'a self,
        account: &'a Account,
        which: &'a Which,
    ) -> impl Iterator<Item = u64> + use<'a> {
        self.outbox
            .values()
            .filter(move |pushing| {
                let picked = match which {
                    Which::All => true,
                    Which::One(id) => *id == pushing.item.id.to_string(),
                    Which::Between(..) => false,
                };
                picked && pushing.dead.is_some() && pushing.item.entry.account == *account
            })
            .map(|pushing| pushing.item.id)
    }

    /// The objects of a stream that are alive, with when they were last seen.
    fn living(&self, account: &Account, stream: Stream) -> Box<dyn Iterator<Item = (String, i64)> + '_> {
        let account = account.clone();
        if let Some(kind) = stream.document() {
            return Box::new(
                self.documents
                    .values()
                    .filter(move |document| {
                        document.id.account == account && document.id.kind == kind && !document.deleted
                    })
                    .map(|document| (document.id.id.to_string(), document.version.seen)),
            );
        }
        if stream == Stream::Customers {
            return Box::new(
                self.subjects
                    .values()
                    .filter(move |subject| {
                        subject.id.kind == SubjectKind::Customer
                            && !subject.stub
                            && !subject.record.deleted
                            && subject.id.account == account
                    })
                    .map(|subject| (subject.id.id.to_string(), subject.version.seen)),
            );
        }
        Box::new(
            self.entries
                .iter()
                .filter(move |(id, entry)| id.account == account && id.stream == stream && !entry.deleted)
                .map(|(id, entry)| (id.id.to_string(), entry.version.seen)),
        )
    }

    fn put_run(&mut self, run: &Run) -> u64 {
        let id = match run.id {
            0 => self.runs.last_key_value().map_or(1, |(last, _)| last + 1),
            id => id,
        };
        self.runs.insert(id, Run { id, ..run.clone() });
        id
    }

    fn answer(&self, asks: &Asks) -> Answers {
        let mut answers = Answers::default();
        let outline = |id: &SubjectId| {
            let Subject { version, gone, stub, keys, finds, .. } = self.subjects.get(id)?;
            let (keys, finds) = (keys.clone(), finds.clone());
            Some((id.clone(), Outline { version: *version, gone: gone.is_some(), stub: *stub, keys, finds }))
        };
        answers.told = asks.told.iter().filter_map(outline).collect();
        let outline = |id: &DocumentId| {
            let Document { version, gone, .. } = self.documents.get(id)?;
            Some((id.clone(), Outline { version: *version, gone: gone.is_some(), ..Outline::default() }))
        };
        answers.told_documents = asks.told_documents.iter().filter_map(outline).collect();
        let with_contact = |subject: &Subject| {
            let contact = subject.contact.as_ref().and_then(|id| self.contacts.get(id));
            (subject.clone(), contact.cloned())
        };
        answers.subjects =
            asks.subjects.iter().filter_map(|id| self.subjects.get(id)).map(with_contact).collect();
        let about = |decision: &&Decision| {
            let (left, right) = decision.pair();
            asks.subjects.contains(left) || asks.subjects.contains(right)
        };
        answers.decisions = self.decisions.iter().filter(about).cloned().collect();
        let is_full = |id: &&SubjectId| self.subjects.get(*id).is_some_and(|subject| !subject.stub);
        answers.known = asks.mentioned.iter().filter(is_full).cloned().collect();
        let limited = asks.keys.iter().map(|key| (key, asks.most));
        for (key, most) in limited.chain(asks.open_keys.iter().map(|key| (key, usize::MAX))) {
            let holders = answers.holders.entry(key.clone()).or_default();
            let records = self.holders.get(key).into_iter().flatten().take(most);
            let holder = |id: &SubjectId| Some(Holder::new(id.clone(), &self.subjects.get(id)?.keys));
            holders.records = records.filter_map(holder).collect();
            holders.contacts = self.host_holders.get(key).into_iter().flatten().take(most).cloned().collect();
        }
        let contacts = asks.contacts.iter();
        answers.contacts = contacts.filter_map(|id| Some((id.clone(), self.live(id)?.clone()))).collect();
        answers.members =
            asks.members.iter().filter_map(|id| self.members.get(id)).flatten().cloned().collect();
        answers.documents = asks.documents.iter().filter_map(|id| self.documents.get(id)).cloned().collect();
        for name in &asks.names {
            let named = self.names.get(name).into_iter().flatten();
            answers.named.extend(named.map(|(role, id)| (name.clone(), *role, id.clone())));
        }
        let without_content = |id: &EntryId| {
            let entry = self.entries.get(id)?;
            if id.is_compared() {
                return Some(entry.clone());
            }
            Some(Entry::new(id.clone(), None, entry.version, entry.deleted).with_gone(entry.gone))
        };
        answers.entries = asks.entries.iter().filter_map(without_content).collect();
        answers
    }

    fn contact_documents<'a>(&'a self, contact: &Contact) -> impl Iterator<Item = &'a Document> {
        self.members
            .get(&contact.id)
            .into_iter()
            .flatten()
            .filter_map(|subject| self.bought.get(subject))
            .flatten()
            .filter_map(|id| self.documents.get(id))
    }

    fn totals(&self, contact: &Contact) -> Vec<Totals> {
        let mut sums: BTreeMap<Currency, (Money, u64)> = BTreeMap::new();
        for document in self.contact_documents(contact) {
            let (revenue, orders) = sums.entry(document.ledger.currency).or_default();
            *revenue += document.ledger.revenue;
            *orders += u64::from(document.ledger.orders);
        }
        sums.into_iter().map(|(currency, (revenue, orders))| Totals::new(currency, revenue, orders)).collect()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn snapshot(&self, want: &Want) -> StoreResult<Snapshot> {
        let (state, mut walk) = (self.lock(), Walk::new(want));
        while let Some(asks) = walk.asks() {
            let answers = state.answer(asks);
            walk.take(answers);
        }
        Ok(walk.finish(state.sequence))
    }

    async fn commit(&self, commit: &Commit) -> StoreResult<()> {
        let mut state = self.lock();
        state.check(commit)?;
        state.write(commit);
        Ok(())
    }

    async fn put_link(&self, link: &Link) -> StoreResult<()> {
        self.lock().links.insert(link.account.clone(), link.clone());
        Ok(())
    }

    async fn link(&self, account: &Account) -> StoreResult<Option<Link>> {
        Ok(self.lock().links.get(account).cloned())
    }

    async fn links(&self) -> StoreResult<Vec<Link>> {
        Ok(self.lock().links.values().cloned().collect())
    }

    async fn put_sealed(&self, account: &Account, sealed: Option<&str>) -> StoreResult<()> {
        let kept = &mut self.lock().sealed;
        match sealed {
            Some(sealed) => kept.insert(account.clone(), sealed.to_owned()),
            None => kept.remove(account),
        };
        Ok(())
    }

    async fn replace_sealed(&self, account: &Account, old: &str, new: &str) -> StoreResult<bool> {
        let kept = &mut self.lock().sealed;
        let found = kept.get_mut(account).filter(|kept| kept.as_str() == old);
        Ok(found.map(|kept| *kept = new.to_owned()).is_some())
    }

    async fn sealed(&self, account: &Account) -> StoreResult<Option<String>> {
        Ok(self.lock().sealed.get(account).cloned())
    }

    async fn all_sealed(&self) -> StoreResult<Vec<(Account, String)>> {
        Ok(self.lock().sealed.clone().into_iter().collect())
    }

    async fn checkpoint(&self, account: &Account, stream: Stream) -> StoreResult<Checkpoint> {
        Ok(self.lock().checkpoints.get(&(account.clone(), stream)).cloned().unwrap_or_default())
    }

    async fn put_checkpoint(
        &self,
        account: &Account,
        stream: Stream,
        checkpoint: &Checkpoint,
    ) -> StoreResult<()> {
        self.lock().checkpoints.insert((account.clone(), stream), checkpoint.clone());
        Ok(())
    }

    async fn pace(&self, key: &str) -> StoreResult<Option<(u64, String)>> {
        Ok(self.lock().paces.get(key).cloned())
    }

    async fn put_pace(&self, key: &str, version: u64, body: &str) -> StoreResult<bool> {
        let mut state = self.lock();
        if state.paces.get(key).map_or(0, |(known, _)| *known) != version {
            return Ok(false);
        }
        state.paces.insert(key.to_owned(), (version + 1, body.to_owned()));
        Ok(true)
    }

    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> StoreResult<Option<Lease>> {
        let mut state = self.lock();
        let fence = match state.leases.get(name) {
            Some(held) if held.until > now && held.holder.as_ref().is_some_and(|other| other != holder) => {
                return Ok(None);
            }
            Some(held) => held.fence + 1,
            None => 1,
        };
        state.leases.insert(name.to_owned(), Held { holder: Some(holder.to_owned()), fence, until });
        Ok(Some(Lease { name: name.to_owned(), holder: holder.to_owned(), fence }))
    }

    async fn renew(&self, lease: &Lease, until: OffsetDateTime) -> StoreResult<bool> {
        let mut state = self.lock();
        if !state.holds(lease) {
            return Ok(false);
        }
        if let Some(held) = state.leases.get_mut(&lease.name) {
            held.until = until;
        }
        Ok(true)
    }

    async fn release(&self, lease: &Lease) -> StoreResult<()> {
        let mut state = self.lock();
        if state.holds(lease)
            && let Some(held) = state.leases.get_mut(&lease.name)
        {
            held.holder = None;
        }
        Ok(())
    }

    async fn put_run(&self, run: &Run) -> StoreResult<u64> {
        Ok(self.lock().put_run(run))
    }

    async fn run(&self, id: u64) -> StoreResult<Option<Run>> {
        Ok(self.lock().runs.get(&id).cloned())
    }

    async fn accept(&self, item: &InboxItem) -> StoreResult<bool> {
        let mut state = self.lock();
        let State { inbox, numbers, .. } = &mut *state;
        *numbers += 1;
        let number = *numbers;
        match inbox.entry((item.account.clone(), item.delivery.clone())) {
            Slot::Vacant(free) => {
                let standing = Standing::Waiting(AT_ONCE);
                free.insert(Letter { item: item.clone(), standing, number });
                Ok(true)
            }
            Slot::Occupied(mut known) => {
                let letter = known.get_mut();
                let before = &letter.item;
                let remembered = is_remembered(before.remember, before.received_at(), item.received_at());
                match letter.standing {
                    Standing::Waiting(_) => {
                        letter.item.arrivals += 1;
                        return Ok(false);
                    }
                    Standing::Done if remembered => return Ok(false),
                    Standing::Done | Standing::Dead(_) => {}
                }
                let standing = Standing::Waiting(AT_ONCE);
                *letter = Letter { item: item.clone(), standing, number };
                Ok(true)
            }
        }
    }

    async fn inbox(&self, account: &Account, now: OffsetDateTime, limit: u32) -> StoreResult<Vec<InboxItem>> {
        let state = self.lock();
        let mut due: Vec<&Letter> = state
            .inbox
            .values()
            .filter(|letter| letter.item.account == *account)
            .filter(|letter| matches!(letter.standing, Standing::Waiting(at) if at <= now))
            .collect();
        due.sort_by_key(|letter| (letter.item.received_at(), letter.number));
        Ok(due.into_iter().take(limit as usize).map(|letter| letter.item.clone()).collect())
    }

    async fn revive(
        &self,
        account: &Account,
        of: Boxed,
        which: &Which,
        done: bool,
        due: OffsetDateTime,
    ) -> StoreResult<u64> {
        let mut state = self.lock();
        let mut revived = 0;
        match of {
            Boxed::Inbox => {
                for letter in state.inbox.values_mut().filter(|letter| picks(which, account, letter)) {
                    match letter.standing {
                        Standing::Dead(_) => {}
                        Standing::Done if done => {}
                        _ => continue,
                    }
                    letter.standing = Standing::Waiting(due);
                    letter.item.attempts = 0;
                    if done {
                        letter.item.arrivals = 0;
                    }
                    revived += 1;
                }
            }
            Boxed::Outbox => {
                // The newest first: it stands for those before it.
                let mut dead: Vec<u64> = state.dead_pushes(account, which).collect();
                dead.sort_unstable_by(|a, b| b.cmp(a));
                for id in dead {
                    let Some(entry) = state.outbox.get(&id).map(|pushing| pushing.item.entry.clone()) else {
                        continue;
                    };
                    let sent = state.first_sent(&entry);
                    let waiting = state
                        .outbox
                        .values()
                        .find(|other| other.dead.is_none() && is_same_push(&other.item.entry, &entry))
                        .map(|other| other.item.id);
                    let stands = waiting.map_or(id, |waiting| waiting.max(id));
                    if let Some(older) = waiting.map(|waiting| waiting.min(id)) {
                        state.outbox.remove(&older);
                    }
                    let Some(pushing) = state.outbox.get_mut(&stands) else { continue };
                    pushing.item.maybe_sent = sent;
                    if stands == id {
                        pushing.dead = None;
                        pushing.due = Some(due);
                        pushing.item.attempts = 0;
                        revived += 1;
                    }
                }
            }
        }
        Ok(revived)
    }

    async fn wake(&self, account: &Account, of: Boxed, at: OffsetDateTime) -> StoreResult<()> {
        let mut state = self.lock();
        match of {
            Boxed::Inbox => {
                for letter in state.inbox.values_mut().filter(|letter| letter.item.account == *account) {
                    if let Standing::Waiting(due) = &mut letter.standing {
                        *due = at.min(*due);
                    }
                }
            }
            Boxed::Outbox => {
                for pushing in state.outbox.values_mut() {
                    if pushing.item.entry.account == *account && pushing.dead.is_none() {
                        pushing.due = pushing.due.map(|due| due.min(at));
                    }
                }
            }
        }
        Ok(())
    }

    async fn dismiss(&self, account: &Account, of: Boxed, which: &Which) -> StoreResult<u64> {
        let mut state = self.lock();
        match of {
            Boxed::Inbox => {
                let before = state.inbox.len();
                state.inbox.retain(|_, letter| {
                    !(matches!(letter.standing, Standing::Dead(_)) && picks(which, account, letter))
                });
                Ok((before - state.inbox.len()) as u64)
            }
            Boxed::Outbox => {
                let dead: Vec<u64> = state.dead_pushes(account, which).collect();
                for id in &dead {
                    state.outbox.remove(id);
                }
                Ok(dead.len() as u64)
            }
        }
    }

    async fn purge(&self, retention: &Retention, now: OffsetDateTime, limit: u32) -> StoreResult<u64> {
        let mut state = self.lock();
        let before = |seconds: Option<u64>| {
            let seconds = i64::try_from(seconds?).ok()?;
            now.checked_sub(time::Duration::seconds(seconds))
        };
        let mut gone = 0;
        // Each kind has the whole limit.
        let mut kept_of = |left: &mut u32, goes: bool| {
            let goes = goes && *left > 0;
            *left -= u32::from(goes);
            gone += u64::from(goes);
            !goes
        };
        if let Some(before) = before(retention.deliveries_seconds) {
            let mut left = limit;
            state.inbox.retain(|_, letter| {
                let waits = matches!(letter.standing, Standing::Waiting(_));
                kept_of(&mut left, !waits && letter.item.received_at() < before)
            });
        }
        if let Some(before) = before(retention.runs_seconds) {
            let mut last: BTreeMap<(Account, Option<Stream>), u64> = BTreeMap::new();
            for run in state.runs.values() {
                last.insert((run.account.clone(), run.stream), run.id);
            }
            let State { runs, rejections, .. } = &mut *state;
            let mut left = limit;
            runs.retain(|id, run| {
                let is_last = last.get(&(run.account.clone(), run.stream)) == Some(id);
                kept_of(&mut left, !is_last && run.started_at < before)
            });
            rejections.retain(|id, _| runs.contains_key(id));
        }
        if let Some(before) = before(retention.audit_seconds) {
            let mut left = limit;
            for trail in state.audit.values_mut() {
                trail.retain(|(at, _)| kept_of(&mut left, at.is_some_and(|at| at < before)));
            }
            state.audit.retain(|_, trail| !trail.is_empty());
        }
        Ok(gone)
    }

    async fn unseen(
        &self,
        account: &Account,
        stream: Stream,
        before: OffsetDateTime,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<String>> {
        let state = self.lock();
        let before = nanos(before);
        let mut ids: Vec<String> = state
            .living(account, stream)
            .filter(|(id, seen)| *seen < before && after.is_none_or(|after| id.as_str() > after))
            .map(|(id, _)| id)
            .collect();
        ids.sort();
        ids.truncate(limit as usize);
        Ok(ids)
    }

    async fn alive(&self, account: &Account, stream: Stream) -> StoreResult<u64> {
        Ok(self.lock().living(account, stream).count() as u64)
    }

    async fn mark_sent(&self, lease: &Lease, push: u64, at: OffsetDateTime) -> StoreResult<bool> {
        let mut state = self.lock();
        if !state.holds(lease) {
            return Ok(false);
        }
        let Some(pushing) = state.outbox.get_mut(&push).filter(|pushing| pushing.dead.is_none()) else {
            return Ok(false);
        };
        pushing.item.maybe_sent.get_or_insert(at);
        Ok(true)
    }

    async fn outbox(
        &self,
        account: &Account,
        now: OffsetDateTime,
        limit: u32,
    ) -> StoreResult<Vec<OutboxItem>> {
        let state = self.lock();
        let due = state.outbox.values().filter(|pushing| {
            let ready = pushing.dead.is_none() && pushing.due.is_none_or(|due| due <= now);
            ready && pushing.item.entry.account == *account
        });
        Ok(due.take(limit as usize).map(|pushing| pushing.item.clone()).collect())
    }
}

#[async_trait]
impl Browse for MemoryStore {
    async fn contact(&self, id: &ContactId) -> StoreResult<Option<Contact>> {
        Ok(self.lock().live(id).cloned())
    }

    async fn contacts(&self, query: &ContactQuery) -> StoreResult<Vec<Contact>> {
        let state = self.lock();
        let after = |id: &ContactId| query.after.as_ref().is_none_or(|after| id > after);
        let limit = page(query.limit);
        let Some(key) = &query.key else {
            let contacts = state.contacts.values().filter(|contact| after(&contact.id));
            return Ok(contacts.take(limit).cloned().collect());
        };
        let own = match key {
            Key::Vendor(vendor) => Some(SubjectId::customer(&vendor.account, &vendor.id)),
            _ => None,
        };
        let finding = state.finding.get(key).into_iter().flatten();
        let papers = state.finding_documents.get(key).into_iter().flatten();
        let buyers = papers.filter_map(|id| state.documents.get(id)?.buyer.as_ref());
        let holders = state.holders.get(key).into_iter().flatten().chain(&own).chain(finding).chain(buyers);
        let bound = holders.filter_map(|id| state.subjects.get(id)?.contact.as_ref());
        let found: BTreeSet<&ContactId> =
            bound.chain(state.host_holders.get(key).into_iter().flatten()).filter(|id| after(id)).collect();
        Ok(found.into_iter().filter_map(|id| state.contacts.get(id)).take(limit).cloned().collect())
    }

    async fn best_contacts(&self, currency: Currency, limit: u32) -> StoreResult<Vec<(Contact, Totals)>> {
        let state = self.lock();
        let mut best: Vec<(&Contact, Totals)> = state
            .contacts
            .values()
            .filter_map(|contact| {
                let totals = state.totals(contact).into_iter().find(|totals| totals.currency == currency)?;
                Some((contact, totals))
            })
            .collect();
        best.sort_by(|(a, left), (b, right)| right.revenue.cmp(&left.revenue).then_with(|| a.id.cmp(&b.id)));
        Ok(best.into_iter().take(limit as usize).map(|(contact, totals)| (contact.clone(), totals)).collect())
    }

    async fn subjects(&self, contact: &ContactId) -> StoreResult<Vec<Subject>> {
        let state = self.lock();
        let Some(contact) = state.live(contact) else { return Ok(Vec::new()) };
        let members = state.members.get(&contact.id).into_iter().flatten();
        Ok(members.filter_map(|id| state.subjects.get(id)).cloned().collect())
    }

    async fn subject(&self, id: &SubjectId) -> StoreResult<Option<Subject>> {
        Ok(self.lock().subjects.get(id).cloned())
    }

    async fn documents(&self, contact: &ContactId, limit: u32) -> StoreResult<Vec<Document>> {
        let state = self.lock();
        let Some(contact) = state.live(contact) else { return Ok(Vec::new()) };
        let mut documents: Vec<&Document> = state.contact_documents(contact).collect();
        documents.sort_by_key(|document| (std::cmp::Reverse(document.placed()), &document.id));
        Ok(documents.into_iter().take(page(limit)).cloned().collect())
    }

    async fn document(&self, id: &DocumentId) -> StoreResult<Option<Document>> {
        Ok(self.lock().documents.get(id).cloned())
    }

    async fn totals(&self, contact: &ContactId) -> StoreResult<Vec<Totals>> {
        let state = self.lock();
        Ok(state.live(contact).map(|contact| state.totals(contact)).unwrap_or_default())
    }

    async fn tickets(&self, contact: &ContactId, limit: u32) -> StoreResult<Vec<Entry>> {
        let state = self.lock();
        let Some(contact) = state.live(contact) else { return Ok(Vec::new()) };
        let mut found: Vec<&Entry> = Vec::new();
        for customer in state.members.get(&contact.id).into_iter().flatten() {
            let is_of = |entry: &&Entry| {
                let asks = entry.ticket().and_then(TicketRecord::customer);
                customer.kind == SubjectKind::Customer
                    && entry.account == customer.account
                    && asks == Some(&*customer.id)
            };
            found.extend(state.entries.values().filter(is_of));
        }
        // Of those that say no time the place is the last one.
        found.sort_by_key(|entry| (std::cmp::Reverse(entry.version.changed), entry.entry_id()));
        Ok(found.into_iter().take(page(limit)).cloned().collect())
    }

    async fn entries(
        &self,
        account: &Account,
        stream: Stream,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<Entry>> {
        let state = self.lock();
        let first = EntryId::new(account.clone(), stream, after.unwrap_or_default());
        let entries = state
            .entries
            .range(first..)
            .take_while(|(id, _)| id.account == *account && id.stream == stream)
            .filter(|(id, _)| after.is_none_or(|after| *id.id > *after))
            .map(|(_, entry)| entry.clone());
        Ok(entries.take(page(limit)).collect())
    }

    async fn duplicates(
        &self,
        after: Option<&ContactId>,
        limit: u32,
    ) -> StoreResult<Vec<(Contact, Vec<SubjectId>)>> {
        let state = self.lock();
        let groups = state.contacts.values().filter(|contact| after.is_none_or(|after| contact.id > *after));
        let groups = groups.filter_map(|contact| {
            let members = state.members.get(&contact.id)?.iter();
            let customers: Vec<SubjectId> =
                members.filter(|id| id.kind == SubjectKind::Customer).cloned().collect();
            (customers.len() > 1).then(|| (contact.clone(), customers))
        });
        Ok(groups.take(page(limit)).collect())
    }

    async fn audit(
        &self,
        contact: &ContactId,
        limit: u32,
    ) -> StoreResult<Vec<(Option<OffsetDateTime>, Audit)>> {
        let state = self.lock();
        Ok(state.audit.get(contact).into_iter().flatten().rev().take(page(limit)).cloned().collect())
    }

    async fn conflicts(&self, limit: u32) -> StoreResult<Vec<Conflict>> {
        let state = self.lock();
        Ok(state.questions.values().take(page(limit)).cloned().collect())
    }

    async fn size(&self) -> StoreResult<Size> {
        let state = self.lock();
        Ok(Size {
            contacts: state.contacts.len() as u64,
            subjects: state.subjects.len() as u64,
            documents: state.documents.len() as u64,
            entries: state.entries.values().filter(|entry| !entry.deleted).count() as u64,
        })
    }

    async fn changes(&self, after: u64, limit: u32) -> StoreResult<Vec<Changed>> {
        let state = self.lock();
        let mut all = Vec::new();
        fn since<'a, K>(
            stamps: &'a BTreeMap<K, u64>,
            after: u64,
        ) -> impl Iterator<Item = (&'a K, u64)> + use<'a, K> {
            stamps.iter().filter(move |(_, stamp)| **stamp > after).map(|(key, stamp)| (key, *stamp))
        }
        for (id, stamp) in since(&state.contact_stamps, after) {
            let what = match state.contacts.contains_key(id) {
                true => ChangedObject::Contact(id.clone()),
                false => {
                    let into = state.live(id).map(|contact| contact.id.clone());
                    ChangedObject::ContactGone { id: id.clone(), into }
                }
            };
            all.push(Changed::new(stamp, what));
        }
        for (id, stamp) in since(&state.document_stamps, after) {
            all.push(Changed::new(stamp, ChangedObject::Document(id.clone())));
        }
        for (id, stamp) in since(&state.entry_stamps, after) {
            all.push(Changed::new(stamp, ChangedObject::Entry(id.clone())));
        }
        all.sort_by_key(|change| change.sequence);
        if let Some(last) = all.get((limit.max(1) - 1) as usize).map(|change| change.sequence) {
            all.retain(|change| change.sequence <= last);
        }
        Ok(all)
    }

    async fn runs(&self, account: Option<&Account>, limit: u32) -> StoreResult<Vec<Run>> {
        let state = self.lock();
        let runs =
            state.runs.values().rev().filter(|run| account.is_none_or(|account| run.account == *account));
        Ok(runs.take(limit as usize).cloned().collect())
    }

    async fn rejections(&self, run: u64, limit: u32) -> StoreResult<Vec<Rejection>> {
        let state = self.lock();
        Ok(state.rejections.get(&run).into_iter().flatten().take(limit as usize).cloned().collect())
    }

    async fn depth(&self, account: &Account, of: Boxed) -> StoreResult<Depth> {
        let state = self.lock();
        let mut depth = Depth::default();
        match of {
            Boxed::Inbox => {
                for letter in state.inbox.values().filter(|letter| letter.item.account == *account) {
                    match letter.standing {
                        Standing::Waiting(_) => {
                            let arrived = letter.item.received_at();
                            depth.waiting += 1;
                            depth.oldest = Some(depth.oldest.map_or(arrived, |oldest| oldest.min(arrived)));
                        }
                        Standing::Dead(_) => depth.dead += 1,
                        Standing::Done => {}
                    }
                }
            }
            Boxed::Outbox => {
                for pushing in state.outbox.values().filter(|pushing| pushing.item.entry.account == *account)
                {
                    *(if pushing.dead.is_some() { &mut depth.dead } else { &mut depth.waiting }) += 1;
                }
            }
        }
        Ok(depth)
    }

    async fn dead_letters(&self, account: &Account, limit: u32) -> StoreResult<Vec<(InboxItem, String)>> {
        let state = self.lock();
        let mut dead: Vec<(&Letter, &String)> = state
            .inbox
            .values()
            .filter(|letter| letter.item.account == *account)
            .filter_map(|letter| match &letter.standing {
                Standing::Dead(why) => Some((letter, why)),
                _ => None,
            })
            .collect();
        dead.sort_by_key(|(letter, _)| (letter.item.received_at(), letter.number));
        Ok(dead
            .into_iter()
            .take(limit as usize)
            .map(|(letter, why)| (letter.item.clone(), why.clone()))
            .collect())
    }

    async fn dead_pushes(&self, account: &Account, limit: u32) -> StoreResult<Vec<(OutboxItem, String)>> {
        let state = self.lock();
        let dead = state.outbox.values().filter(|pushing| pushing.item.entry.account == *account);
        let dead = dead.filter_map(|pushing| Some((pushing.item.clone(), pushing.dead.clone()?)));
        Ok(dead.take(limit as usize).collect())
    }
}
