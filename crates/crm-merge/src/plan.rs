//! From records and a snapshot to a change set. Pure: no clock, no database, no network.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use pos_core::identity::{
    self, IgnoreReason, Key, Resolution, SubjectId, SubjectKind, read_emails, read_phone,
};
use pos_core::record::{
    Account, CustomerRecord, DocumentKind, Identity, OrderRecord, Party, Record, StatusCategory, Stream,
};
use serde::Serialize;
use time::OffsetDateTime;

use pos_core::merge::Source;

use crate::change::{Audit, Change, ChangeSet, Counts, LinkReason, Redirect, Snapshot, Want};
use crate::ledger;
use crate::model::{
    Contact, ContactId, Decision, Document, DocumentId, Entry, EntryId, FieldValue, LedgerRow, Role, Subject,
    Version, nanos, typed_value,
};
use crate::project::{canonical, project};
use crate::rules::Rules;

/// What a person typed into a contact. A contact that is not there is made.
///
/// ```
/// use crm_merge::{ContactId, Edit};
/// use time::macros::datetime;
///
/// let typed = Edit::new(ContactId::new("crm-7"), datetime!(2026-11-21 09:00 UTC))
///     .with_field("name", "Lan Mẫu")
///     .with_field("phones", serde_json::json!(["0912 000 123"]));
/// assert_eq!(typed.unreadable(), None);
/// let misspelt = typed.with_field("emails", "lan at example.com");
/// assert_eq!(misspelt.unreadable(), Some(("emails", "e-mail address")));
/// ```
#[derive(Clone, PartialEq)]
pub struct Edit {
    /// The contact.
    pub contact: ContactId,
    /// Fields and their values; null takes a typed value back.
    pub fields: BTreeMap<String, serde_json::Value>,
    /// The role, when the person chose one.
    pub role: Option<Role>,
    /// When.
    pub at: OffsetDateTime,
}

pos_core::debug_only!(Edit { contact, role, at });

impl Edit {
    /// An edit of a contact, without any field yet.
    pub fn new(contact: ContactId, at: OffsetDateTime) -> Self {
        Self { contact, fields: BTreeMap::new(), role: None, at }
    }

    /// With a field.
    #[must_use]
    pub fn with_field(mut self, field: &str, value: impl Into<serde_json::Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// A field that a person typed and that cannot be read, with what it should hold: a phone number that is none, or an
    /// e-mail address that is none. It would be left out.
    pub fn unreadable(&self) -> Option<(&str, &'static str)> {
        self.fields.iter().find_map(|(field, value)| {
            let expected = match field.as_str() {
                "phones" => "phone number",
                "emails" => "e-mail address",
                _ => return None,
            };
            let is_lost = |text: &serde_json::Value| {
                typed_value(field, text.clone()).as_array().is_none_or(|read| read.is_empty())
            };
            let lost = match value {
                serde_json::Value::Array(items) => items.iter().any(is_lost),
                serde_json::Value::Null => false,
                other => is_lost(other),
            };
            lost.then_some((field.as_str(), expected))
        })
    }

    /// With a role.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }
}

/// Facts of one shop: a page, a webhook, the answer to a push.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The shop.
    pub account: Account,
    /// Records.
    pub records: Vec<Record>,
    /// What the vendor removed.
    pub removed: Vec<(Stream, String)>,
    /// When the records were seen so, by the vendor's clock: the instant before the request that read them, or the time
    /// of the event that told them. When the plan is made, unless said.
    pub seen_at: Option<OffsetDateTime>,
    /// Where records were seen at another instant: from this position on.
    pub seen_from: Vec<(usize, OffsetDateTime)>,
    /// Where a removal was seen at another instant.
    pub removed_at: BTreeMap<(Stream, String), OffsetDateTime>,
    /// How many records could not be read.
    pub rejected: u64,
    /// The contact that these customers were pushed from: they belong to it whatever the rules say.
    pub pushed_from: Option<ContactId>,
    /// The fields of that contact that the shop agrees to by now; every field unless said.
    pub agreed: Option<BTreeMap<String, serde_json::Value>>,
    /// What people typed into contacts, or contacts that they made.
    pub edits: Vec<Edit>,
    /// What people decided.
    pub decisions: Vec<Decision>,
    /// Decisions that people take back.
    pub revoked: Vec<Decision>,
}

impl Batch {
    /// Records of a shop.
    pub fn new(account: Account, records: Vec<Record>) -> Self {
        Self {
            account,
            records,
            removed: Vec::new(),
            seen_at: None,
            seen_from: Vec::new(),
            removed_at: BTreeMap::new(),
            rejected: 0,
            pushed_from: None,
            agreed: None,
            edits: Vec::new(),
            decisions: Vec::new(),
            revoked: Vec::new(),
        }
    }

    /// A page of a stream.
    pub fn of_page(account: Account, stream: Stream, page: pos_core::Page<Record>) -> Self {
        let mut batch = Self::new(account, page.records);
        batch.removed = page.removed.into_iter().map(|id| (stream, id)).collect();
        batch.rejected = page.rejected.len() as u64;
        batch
    }

    /// The same batch, seen at this instant.
    #[must_use]
    pub fn with_seen_at(mut self, at: OffsetDateTime) -> Self {
        self.seen_at = Some(at);
        self
    }

    /// Adds records that were seen at an instant of their own.
    pub fn extend_seen(&mut self, at: OffsetDateTime, records: impl IntoIterator<Item = Record>) {
        let from = self.records.len();
        self.records.extend(records);
        if self.records.len() > from {
            self.seen_from.push((from, at));
        }
    }

    /// Adds a removal that was seen at an instant of its own.
    pub fn remove_seen(&mut self, at: OffsetDateTime, stream: Stream, id: impl Into<String>) {
        let removal = (stream, id.into());
        if !self.removed.contains(&removal) {
            self.removed.push(removal.clone());
        }
        let known = self.removed_at.entry(removal).or_insert(at);
        *known = (*known).max(at);
    }
}

/// Names the records of one shop; the parts that all of them share are kept once.
struct Names {
    vendor: Arc<str>,
    account: Arc<str>,
}

impl Names {
    fn of(account: &Account) -> Self {
        Self { vendor: account.vendor.as_str().into(), account: account.id.as_str().into() }
    }

    fn subject(&self, kind: SubjectKind, id: &str) -> SubjectId {
        SubjectId { vendor: self.vendor.clone(), account: self.account.clone(), kind, id: id.into() }
    }

    fn customer(&self, id: &str) -> SubjectId {
        self.subject(SubjectKind::Customer, id)
    }

    fn block(&self, kind: SubjectKind, document: &OrderRecord) -> SubjectId {
        self.subject(kind, &format!("{}/{}", document.stream.stream(), document.id))
    }

    /// The record of a document's buyer: the vendor's customer, or the block on the document when it has keys.
    fn buyer(&self, document: &OrderRecord) -> Option<SubjectId> {
        let party = document.buyer.as_ref()?;
        // A document may call a known customer by a placeholder: the customer's own record says who it is.
        match &party.id {
            Some(id) => Some(self.customer(id)),
            None => has_keys(party).then(|| self.block(SubjectKind::OrderBuyer, document)),
        }
    }

    fn recipient(&self, document: &OrderRecord) -> Option<SubjectId> {
        let party = document.recipient.as_ref()?;
        has_keys(party).then(|| self.block(SubjectKind::OrderRecipient, document))
    }
}

/// The record that a party of a document stands for.
fn party_record(party: &Party, id: &str, document: &OrderRecord) -> CustomerRecord {
    let mut record = CustomerRecord::default();
    record.id = id.to_owned();
    record.aliases = party.aliases.clone();
    record.name = party.name.clone();
    record.raw_name = party.raw_name.clone();
    record.identity = party.identity;
    record.phones = party.phones.clone();
    record.emails = party.emails.clone();
    record.addresses = party.address.clone().into_iter().collect();
    record.created_at = document.placed_at;
    record.updated_at = document.updated_at;
    record
}

fn has_keys(party: &Party) -> bool {
    party.identity == Identity::Person
        && (party.phones.iter().any(|phone| phone.is_key) || party.emails.iter().any(|email| email.is_key))
}

/// What a plan of this batch needs to see.
pub fn wants(batch: &Batch, rules: &Rules) -> Want {
    let mut want = Want {
        max_key_holders: rules.identity.max_key_holders,
        allowed_shared: rules.identity.allowed_shared.clone(),
        ..Want::default()
    };
    let account = &batch.account;
    let names = Names::of(account);
    for record in &batch.records {
        match record {
            Record::Customer(customer) => {
                let id = names.customer(&customer.id);
                want_subject(&mut want, rules, id, customer);
            }
            Record::Order(order) => {
                want_document(&mut want, account, order.stream, &order.id);
                let said =
                    [Some(&order.id), order.code.as_ref(), order.fulfils.as_ref(), order.returns.as_ref()];
                let said = said.into_iter().flatten().chain(&order.aliases);
                want.references.extend(said.map(|name| (account.clone(), name.clone())));
                // The block of an earlier version may be there, and goes when the document names a customer by now.
                want.subjects.insert(names.block(SubjectKind::OrderBuyer, order));
                if let (Some(id), Some(party)) = (names.buyer(order), &order.buyer) {
                    want_party(&mut want, rules, id, party, order);
                }
                if rules.link(account).recipients
                    && let (Some(id), Some(party)) = (names.recipient(order), &order.recipient)
                {
                    want_party(&mut want, rules, id, party, order);
                }
            }
            other => {
                let stream = stream_of(other);
                want.entries.insert(EntryId { account: account.clone(), stream, id: other.id().to_owned() });
            }
        }
    }
    for (stream, id) in &batch.removed {
        match stream.document() {
            Some(kind) => want_document(&mut want, account, kind, id),
            None if *stream == Stream::Customers => {
                let id = names.customer(id);
                want.keys.insert(Key::vendor(&id.vendor, &id.account, &id.id));
                want.subjects.insert(id);
            }
            None => {
                want.entries.insert(EntryId { account: account.clone(), stream: *stream, id: id.clone() });
            }
        }
    }
    for decision in batch.decisions.iter().chain(&batch.revoked) {
        let (left, right) = decision.pair();
        want.subjects.extend([left.clone(), right.clone()]);
    }
    want.contacts.extend(batch.pushed_from.clone());
    want.contacts.extend(batch.edits.iter().map(|edit| edit.contact.clone()));
    // Each of these records may let go of a key. When that brings a shared key back under the limit, its holders belong
    // together again, so they have to be in sight. Identity applies the limit itself to what it sees.
    let leaving = u32::try_from(want.subjects.len()).unwrap_or(u32::MAX);
    want.max_key_holders = want.max_key_holders.saturating_add(leaving);
    want
}

fn want_document(want: &mut Want, account: &Account, kind: DocumentKind, id: &str) {
    want.documents.insert(DocumentId::new(account.clone(), kind, id));
    want.references.insert((account.clone(), id.to_owned()));
}

fn want_party(want: &mut Want, rules: &Rules, id: SubjectId, party: &Party, document: &OrderRecord) {
    if id.kind == SubjectKind::Customer
        && party.phones.is_empty()
        && party.emails.is_empty()
        && party.aliases.is_empty()
    {
        want.mentioned.insert(id);
    } else {
        let record = party_record(party, &id.id, document);
        want_subject(want, rules, id, &record);
    }
}

fn want_subject(want: &mut Want, rules: &Rules, id: SubjectId, record: &CustomerRecord) {
    want.keys.extend(rules.keys(&id, record));
    if id.kind == SubjectKind::Customer {
        for alias in record.aliases.iter().map(String::as_str).chain([&*id.id]) {
            want.keys.insert(Key::vendor(&id.vendor, &id.account, alias));
        }
    }
    want.subjects.insert(id);
}

fn stream_of(record: &Record) -> Stream {
    match record {
        Record::Customer(_) => Stream::Customers,
        Record::Order(order) => order.stream.stream(),
        Record::Product(_) => Stream::Products,
        Record::Branch(_) => Stream::Branches,
        Record::User(_) => Stream::Users,
        _ => Stream::Categories,
    }
}

fn version_of<T: Serialize>(record: &T, changed: Option<OffsetDateTime>, seen: OffsetDateTime) -> Version {
    // Records are plain data: writing them as JSON cannot fail.
    Version::new(changed, seen, &serde_json::to_vec(record).unwrap_or_default())
}

/// The keys of a contact that the host made: what it can be found by.
pub fn host_keys(contact: &Contact, rules: &Rules) -> Vec<Key> {
    // What a guest typed on an order fills a blank, and recognises nobody.
    let is_own = |field: &str| {
        let by = contact.fields.get(field).map(|value| &value.by);
        !matches!(by, Some(Source::Record(id)) if id.kind != SubjectKind::Customer)
    };
    let (phones, emails) = (is_own("phones"), is_own("emails"));
    let phones = contact.phones().into_iter().filter(|_| phones).filter_map(|phone| {
        read_phone(phone, &rules.identity.phone)
            .filter(|phone| phone.is_key)
            .map(|phone| Key::Phone(phone.e164))
    });
    let emails = contact.emails().into_iter().filter(|_| emails).flat_map(|email| {
        let read = read_emails(email, &rules.identity.email);
        read.emails.into_iter().filter_map(|email| email.key.map(Key::Email))
    });
    phones.chain(emails).collect()
}

/// What happened to one incoming record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    Changed,
    Unchanged,
    Stale,
}

struct Work<'a> {
    rules: &'a Rules,
    names: Names,
    view: Snapshot,
    changes: ChangeSet,
    /// Records written in this plan, and whether they existed.
    written: HashMap<SubjectId, bool>,
    /// Records whose content or keys changed: their contacts are made anew.
    stirred: HashSet<SubjectId>,
    documents: BTreeMap<DocumentId, bool>,
    dropped: BTreeSet<SubjectId>,
    /// For counting: records of customers by fate.
    customers: Vec<(SubjectId, Fate)>,
    pushed_from: Option<ContactId>,
    /// Where the records of this push belong.
    pins: HashMap<SubjectId, ContactId>,
    /// When the records at hand were seen.
    seen: OffsetDateTime,
    /// Contacts that people edited, as they were before.
    edited: BTreeMap<ContactId, Option<Contact>>,
}

/// Plans what a batch does to the CRM.
///
/// The snapshot must be the answer of the store to [`wants`] of the same batch. The result depends on nothing else.
pub fn plan(batch: &Batch, snapshot: Snapshot, rules: &Rules, now: OffsetDateTime) -> ChangeSet {
    plan_wanted(batch, wants(batch, rules), snapshot, rules, now)
}

/// [`plan`] for callers that still have what [`wants`] said.
pub fn plan_wanted(
    batch: &Batch,
    want: Want,
    snapshot: Snapshot,
    rules: &Rules,
    now: OffsetDateTime,
) -> ChangeSet {
    let mut changes = ChangeSet { planned_at: Some(now), ..ChangeSet::default() };
    changes.reads.sequence = snapshot.sequence;
    changes.reads.subjects = want.subjects;
    changes.reads.keys = want.keys;
    for id in want.mentioned.into_iter().filter(|id| !snapshot.known.contains(id)) {
        changes.reads.keys.insert(Key::vendor(&id.vendor, &id.account, &id.id));
        changes.reads.subjects.insert(id);
    }
    changes.reads.documents = want.documents;
    changes.reads.references = want.references;
    changes.reads.contacts = want.contacts;
    changes.reads.subjects.extend(snapshot.subjects.keys().cloned());
    changes.reads.documents.extend(snapshot.documents.keys().cloned());
    changes.reads.contacts.extend(snapshot.contacts.keys().cloned());
    for subject in snapshot.subjects.values() {
        changes.reads.keys.extend(subject.keys.iter().cloned());
        if subject.id.kind == SubjectKind::Customer {
            let SubjectId { vendor, account, id, .. } = &subject.id;
            changes.reads.keys.insert(Key::vendor(vendor, account, id));
        }
    }
    for document in snapshot.documents.values() {
        for name in document.names().chain(document.refers_to()) {
            changes.reads.references.insert((document.id.account.clone(), name.to_owned()));
        }
    }
    // It may have gone into another contact while the vendor answered.
    let pushed_from = batch.pushed_from.as_ref().map(|contact| snapshot.heir(contact).clone());
    let mut work = Work {
        rules,
        names: Names::of(&batch.account),
        view: snapshot,
        changes,
        written: HashMap::new(),
        stirred: HashSet::new(),
        documents: BTreeMap::new(),
        dropped: BTreeSet::new(),
        customers: Vec::new(),
        pushed_from,
        pins: HashMap::new(),
        seen: batch.seen_at.unwrap_or(now),
        edited: BTreeMap::new(),
    };
    let mut counts = Counts {
        total: batch.records.len() as u64 + batch.rejected,
        rejected: batch.rejected,
        ..Counts::default()
    };
    let mut fates = Vec::new();
    let mut seen_from = batch.seen_from.iter().peekable();
    for (position, record) in batch.records.iter().enumerate() {
        while let Some((_, at)) = seen_from.next_if(|(from, _)| *from <= position) {
            work.seen = *at;
        }
        match record {
            Record::Customer(customer) => {
                let id = work.names.customer(&customer.id);
                let fate = work.customer(id.clone(), (**customer).clone(), false);
                work.customers.push((id, fate));
            }
            Record::Order(order) => fates.push(work.document(&batch.account, order)),
            other => fates.push(work.entry(&batch.account, other)),
        }
    }
    for removal in &batch.removed {
        work.seen = batch.removed_at.get(removal).copied().or(batch.seen_at).unwrap_or(now);
        if work.remove(&batch.account, removal.0, &removal.1) {
            counts.removed += 1;
        }
    }
    work.agree(batch);
    work.decide(batch);
    work.edit(batch);
    work.resolve();
    work.ledger();
    for fate in fates {
        match fate {
            Fate::New => counts.created += 1,
            Fate::Changed => counts.updated += 1,
            Fate::Unchanged => counts.unchanged += 1,
            Fate::Stale => counts.skipped += 1,
        }
    }
    work.finish(counts)
}

impl Work<'_> {
    /// Takes in a customer, or the part of one that a document names (`stub`).
    fn customer(&mut self, id: SubjectId, record: CustomerRecord, stub: bool) -> Fate {
        let known = self.view.subjects.get(&id);
        // What a document says of a customer never counts against what the customer's own record says.
        if stub && known.is_some_and(|known| !known.stub) {
            return Fate::Unchanged;
        }
        let mut subject = Subject::new(
            id.clone(),
            CustomerRecord::default(),
            version_of(&record, record.updated_at, self.seen),
            self.rules.keys(&id, &record),
        )
        .with_marks(stub, false);
        subject.finds = self.rules.finds(&record, &subject.keys);
        if id.kind == SubjectKind::Customer {
            let aliases = record.aliases.iter().map(|alias| Key::vendor(&id.vendor, &id.account, alias));
            subject.keys.extend(aliases);
        }
        let existed = known.is_some();
        let mut fate = Fate::New;
        if let Some(known) = known {
            let is_same = subject.version.hash == known.version.hash
                && known.stub == stub
                && subject.keys == known.keys
                && subject.finds == known.finds;
            // A push binds the record also when it is just as it was known.
            let is_bound = is_same && self.pushed_from.is_some();
            let last_seen = known.version.seen.max(subject.version.seen);
            subject.gone = known.gone.filter(|gone| *gone >= last_seen);
            // What is seen alive again lives, whatever time it tells.
            let lives_again = known.gone.is_some() && subject.gone.is_none();
            let is_newer =
                known.stub && !stub || is_bound || lives_again || subject.version.is_after(&known.version);
            let is_gone = record.deleted || subject.gone.is_some();
            if is_same && is_gone == known.record.deleted && self.pushed_from.is_none() {
                if last_seen > known.version.seen {
                    self.changes.seen.subjects.push((id.clone(), last_seen));
                    self.touch(&id, last_seen);
                }
                return Fate::Unchanged;
            }
            if !is_newer {
                return Fate::Stale;
            }
            if !known.stub || stub {
                fate = Fate::Changed;
            }
            subject.version.seen = last_seen;
            subject.contact = known.contact.clone();
            subject.pinned = known.pinned;
            subject.unsent = known.unsent.clone();
        }
        subject.record = record;
        subject.record.deleted |= subject.gone.is_some();
        if id.kind == SubjectKind::Customer
            && !stub
            && let Some(contact) = &self.pushed_from
        {
            // It is bound below, where the contact that it leaves is seen to.
            self.pins.insert(id.clone(), contact.clone());
            subject.pinned = true;
        }
        self.view.subjects.insert(id.clone(), subject);
        self.written.entry(id.clone()).or_insert(existed);
        self.stirred.insert(id);
        fate
    }

    /// What comes later in the same batch is compared with the latest sight.
    fn touch(&mut self, id: &SubjectId, seen: i64) {
        if let Some(subject) = self.view.subjects.get_mut(id) {
            subject.version.seen = seen;
        }
    }

    /// The record that a document's buyer is, by its own id or by an alias of another record.
    fn named(&self, id: &SubjectId) -> Option<SubjectId> {
        if self.view.subjects.contains_key(id) {
            return Some(id.clone());
        }
        let alias = Key::vendor(&id.vendor, &id.account, &id.id);
        self.view
            .subjects
            .values()
            .filter(|subject| subject.keys.contains(&alias))
            .map(|subject| &subject.id)
            .min()
            .cloned()
    }

    /// Whether only documents named a customer so far. A block on a document is read anew with every version of it.
    fn is_stub(&self, id: &SubjectId) -> bool {
        id.kind != SubjectKind::Customer || self.view.subjects.get(id).is_none_or(|subject| subject.stub)
    }

    /// Takes in what a document says about a party.
    fn mention(&mut self, id: &SubjectId, party: Option<&Party>, document: &OrderRecord) {
        let Some(party) = party else { return };
        let stub = id.kind == SubjectKind::Customer;
        let own = if stub { &*id.id } else { &document.id };
        self.customer(id.clone(), party_record(party, own, document), stub);
    }

    fn document(&mut self, account: &Account, order: &OrderRecord) -> Fate {
        let id = DocumentId::new(account.clone(), order.stream, &order.id);
        let mut version = version_of(order, order.updated_at, self.seen);
        let known = self.view.documents.get(&id);
        let existed = known.is_some();
        let mut fate = Fate::New;
        let mut old_block = None;
        let mut revived: Option<OrderRecord> = None;
        // A deletion may have been told of one of its other names before anybody knew of it.
        let mut gone = self.gone_under_another_name(&id, order).filter(|gone| *gone >= version.seen);
        if let Some(known) = known {
            let last_seen = known.version.seen.max(version.seen);
            gone = known.gone.max(gone).filter(|gone| *gone >= last_seen);
            if version.hash == known.version.hash && gone.is_some() == known.deleted {
                if last_seen > known.version.seen {
                    self.changes.seen.documents.push((id.clone(), last_seen));
                    if let Some(known) = self.view.documents.get_mut(&id) {
                        known.version.seen = last_seen;
                    }
                }
                return Fate::Unchanged;
            }
            // What is seen alive again lives, whatever time it tells.
            let lives_again = known.gone.is_some() && gone.is_none();
            if !lives_again && !version.is_after(&known.version) {
                return Fate::Stale;
            }
            // A partial body (a webhook's) never wipes what a full one said.
            if order.incomplete
                && !known.record.incomplete
                && !known.record.lines.is_empty()
                && order.lines.is_empty()
            {
                if !lives_again {
                    return Fate::Stale;
                }
                // It only says that the document is there, and where it stands.
                let mut whole = known.record.clone();
                whole.status = order.status.clone();
                revived = Some(whole);
            }
            version.seen = last_seen;
            old_block = known.buyer.clone().filter(|buyer| buyer.kind == SubjectKind::OrderBuyer);
            if known.version != Version::default() {
                fate = Fate::Changed;
            }
        }
        // A test makes nobody a customer.
        let may_be = |id: &SubjectId| {
            !order.test || self.view.known.contains(id) || self.view.subjects.contains_key(id)
        };
        let buyer = self.names.buyer(order).filter(may_be);
        let buyer = buyer.map(|id| match self.named(&id) {
            _ if self.view.known.contains(&id) => id,
            Some(named) if named != id || !self.is_stub(&named) => named,
            _ => {
                self.mention(&id, order.buyer.as_ref(), order);
                id
            }
        });
        let recipient = self.rules.link(account).recipients && !order.test;
        let recipient = if recipient { self.names.recipient(order) } else { None };
        if let Some(id) = &recipient {
            self.mention(id, order.recipient.as_ref(), order);
        }
        if let Some(block) = old_block.filter(|block| buyer.as_ref() != Some(block)) {
            self.drop_subject(&block);
        }
        let mut record = revived.unwrap_or_else(|| order.clone());
        if gone.is_some() {
            record.status.category = StatusCategory::Deleted;
        }
        let ledger = empty_row(&record);
        let finds = self.rules.document_finds(&record);
        let document = Document::new(id.clone(), record, version, ledger)
            .with_parties(buyer, recipient)
            .with_finds(finds)
            .with_deleted(gone.is_some(), gone);
        self.view.documents.insert(id.clone(), document);
        self.documents.entry(id).or_insert(existed);
        fate
    }

    /// When a document was seen gone under a name that it has beside its id, and that nothing else is known of.
    fn gone_under_another_name(&self, id: &DocumentId, order: &OrderRecord) -> Option<i64> {
        let others = order.aliases.iter().filter(|alias| **alias != id.id);
        let known = others.filter_map(|alias| {
            self.view.documents.get(&DocumentId::new(id.account.clone(), id.kind, alias.as_str()))
        });
        known.filter(|other| other.version == Version::default()).filter_map(|other| other.gone).max()
    }

    fn drop_subject(&mut self, id: &SubjectId) {
        if let Some(subject) = self.view.subjects.get_mut(id) {
            subject.record.identity = Identity::Nobody;
            subject.keys.clear();
            subject.pinned = false;
            self.dropped.insert(id.clone());
            self.stirred.insert(id.clone());
        }
    }

    fn entry(&mut self, account: &Account, record: &Record) -> Fate {
        let stream = stream_of(record);
        let id = EntryId { account: account.clone(), stream, id: record.id().to_owned() };
        let changed = match record {
            Record::Product(product) => product.updated_at,
            _ => None,
        };
        let mut version = version_of(record, changed, self.seen);
        let known = self.view.entries.get(&id);
        let existed = known.is_some();
        let mut gone = None;
        if let Some(known) = known {
            let last_seen = known.version.seen.max(version.seen);
            gone = known.gone.filter(|gone| *gone >= last_seen);
            if version.hash == known.version.hash && gone.is_some() == known.deleted {
                if last_seen > known.version.seen {
                    self.changes.seen.entries.push((id.clone(), last_seen));
                    if let Some(known) = self.view.entries.get_mut(&id) {
                        known.version.seen = last_seen;
                    }
                }
                return Fate::Unchanged;
            }
            if !version.is_after(&known.version) {
                return Fate::Stale;
            }
            version.seen = last_seen;
        }
        let entry = Entry::new(id.clone(), Some(record.clone()), version, gone.is_some()).with_gone(gone);
        self.view.entries.insert(id, entry.clone());
        self.changes.entries.push(Change { row: entry, existed });
        if existed { Fate::Changed } else { Fate::New }
    }

    /// Takes in that the vendor was seen not to have an object any more. Whether anything changed.
    fn remove(&mut self, account: &Account, stream: Stream, id: &str) -> bool {
        let seen = nanos(self.seen);
        if let Some(kind) = stream.document() {
            let id = self.document_called(account, kind, id);
            let existed = self.view.documents.contains_key(&id);
            let document = self.view.documents.entry(id.clone()).or_insert_with(|| {
                let record = OrderRecord::new(kind, &id.id);
                let ledger = empty_row(&record);
                Document::new(id.clone(), record, Version::default(), ledger)
            });
            if !is_news(document.gone, document.version.seen, seen) {
                return false;
            }
            let was_gone = std::mem::replace(&mut document.deleted, true);
            document.gone = Some(seen);
            document.record.status.category = StatusCategory::Deleted;
            self.documents.entry(id).or_insert(existed);
            return !was_gone;
        }
        if stream == Stream::Customers {
            let id = self.customer_called(id);
            let existed = self.view.subjects.contains_key(&id);
            let subject = self.view.subjects.entry(id.clone()).or_insert_with(|| tombstone(&id));
            if !is_news(subject.gone, subject.version.seen, seen) {
                return false;
            }
            let was_gone = std::mem::replace(&mut subject.record.deleted, true);
            subject.gone = Some(seen);
            self.written.entry(id.clone()).or_insert(existed);
            self.stirred.insert(id);
            return !was_gone;
        }
        let id = EntryId { account: account.clone(), stream, id: id.to_owned() };
        let known = self.view.entries.get(&id);
        let existed = known.is_some();
        let (version, was_gone, gone) = known
            .map_or((Version::default(), false, None), |known| (known.version, known.deleted, known.gone));
        if !is_news(gone, version.seen, seen) {
            return false;
        }
        let entry = Entry::new(id.clone(), None, version, true).with_gone(Some(seen));
        self.view.entries.insert(id, entry.clone());
        self.changes.entries.push(Change { row: entry, existed });
        !was_gone
    }

    /// The customer that has an id, or another id of which it is.
    fn customer_called(&self, name: &str) -> SubjectId {
        let id = self.names.customer(name);
        if self.view.subjects.get(&id).is_some_and(|known| known.version != Version::default()) {
            return id;
        }
        let alias = Key::vendor(&id.vendor, &id.account, name);
        let holders = self.view.subjects.values().filter(|subject| {
            subject.id != id && subject.id.kind == SubjectKind::Customer && subject.keys.contains(&alias)
        });
        holders.map(|subject| &subject.id).min().cloned().unwrap_or(id)
    }

    /// The document that has an id, or another name of which it is.
    fn document_called(&self, account: &Account, kind: DocumentKind, name: &str) -> DocumentId {
        let id = DocumentId::new(account.clone(), kind, name);
        // Of what was only ever said to be gone, the document that has the name is the better one.
        if self.view.documents.get(&id).is_some_and(|known| known.version != Version::default()) {
            return id;
        }
        let called = |document: &&Document| {
            document.id.kind == kind
                && document.id.account == *account
                && document.record.aliases.iter().any(|alias| alias == name)
        };
        self.view.documents.values().filter(called).map(|document| &document.id).min().cloned().unwrap_or(id)
    }

    fn decide(&mut self, batch: &Batch) {
        for decision in &batch.revoked {
            if self.view.decisions.contains(decision) {
                self.view.decisions.retain(|known| known != decision);
                self.changes.revoked.push(decision.clone());
                self.stir_pair(decision);
            }
        }
        for decision in &batch.decisions {
            if !self.view.decisions.contains(decision) {
                // The later word about a pair is the one that counts.
                let pair = decision.pair();
                let (gone, kept) =
                    self.view.decisions.drain(..).partition::<Vec<_>, _>(|known| known.pair() == pair);
                self.view.decisions = kept;
                self.changes.revoked.extend(gone);
                self.view.decisions.push(decision.clone());
                self.changes.decisions.push(decision.clone());
                self.stir_pair(decision);
            }
        }
    }

    fn edit(&mut self, batch: &Batch) {
        for edit in &batch.edits {
            // Whoever typed may have seen a contact that went into another one meanwhile.
            let id = self.view.heir(&edit.contact).clone();
            let before = self.view.contacts.get(&id).cloned();
            let contact = self
                .view
                .contacts
                .entry(id.clone())
                .or_insert_with(|| Contact::host_made(id.as_str(), edit.at));
            for (field, value) in &edit.fields {
                if value.is_null() {
                    contact.typed.remove(field);
                } else {
                    let value = typed_value(field, value.clone());
                    let value = FieldValue { value, by: Source::Host, at: Some(edit.at) };
                    contact.typed.insert(field.clone(), value);
                }
            }
            if let Some(role) = &edit.role {
                contact.role = role.clone();
            }
            self.edited.entry(id).or_insert(before);
        }
    }

    fn stir_pair(&mut self, decision: &Decision) {
        let (left, right) = decision.pair();
        for id in [left, right] {
            if self.view.subjects.contains_key(id) {
                self.stirred.insert(id.clone());
            }
        }
    }

    /// Finds the groups, binds them to contacts, and makes the contacts that changed.
    fn resolve(&mut self) {
        if self.stirred.is_empty() {
            self.contacts(&self.edited.keys().cloned().collect(), &BTreeMap::new());
            return;
        }
        let ids: Vec<SubjectId> = {
            let mut ids: Vec<&Subject> =
                self.view.subjects.values().filter(|subject| may_be_contact(subject)).collect();
            ids.sort_by(|a, b| canonical(a).cmp(&canonical(b)));
            ids.iter().map(|subject| subject.id.clone()).collect()
        };
        let resolution = self.groups(&ids);
        self.view.shared.extend(resolution.shared.iter().cloned());
        self.report_ignored(&ids, &resolution);

        let mut touched: BTreeSet<ContactId> = self.edited.keys().cloned().collect();
        let mut left: BTreeMap<ContactId, Vec<SubjectId>> = BTreeMap::new();
        for group in &resolution.groups {
            let members: Vec<SubjectId> =
                group.members.iter().filter_map(|at| ids.get(*at).cloned()).collect();
            let stirred = members.iter().any(|id| self.stirred.contains(id));
            let target = self.bind(&group.id, &members, stirred);
            if stirred {
                touched.insert(target.clone());
            }
            for (position, id) in members.iter().enumerate() {
                let Some(subject) = self.view.subjects.get_mut(id) else { continue };
                if subject.contact.as_ref() == Some(&target) {
                    continue;
                }
                let before = subject.contact.replace(target.clone());
                let existed = *self.written.entry(id.clone()).or_insert(true);
                touched.insert(target.clone());
                if let Some(before) = before {
                    touched.insert(before.clone());
                    left.entry(before).or_default().push(id.clone());
                } else if position > 0 || self.view.contacts.contains_key(&target) {
                    let why = self.why(group, &ids, id, &members, existed);
                    if let Some(why) = why {
                        self.changes.audit.push(Audit::Linked {
                            contact: target.clone(),
                            record: id.clone(),
                            why,
                        });
                    }
                }
            }
        }
        // Records that are nobody any more leave their contact.
        let stirred: Vec<SubjectId> = self.stirred.iter().cloned().collect();
        for id in stirred {
            let Some(subject) = self.view.subjects.get_mut(&id) else { continue };
            if !may_be_contact(subject)
                && let Some(before) = subject.contact.take()
            {
                self.written.entry(id.clone()).or_insert(true);
                touched.insert(before.clone());
                left.entry(before).or_default().push(id);
            }
        }
        self.contacts(&touched, &left);
    }

    fn groups(&self, ids: &[SubjectId]) -> Resolution {
        let mut subjects: Vec<identity::Subject> = ids
            .iter()
            .filter_map(|id| self.view.subjects.get(id))
            .map(|subject| {
                let mut seen = identity::Subject::new(subject.id.clone());
                seen.created_at = if subject.stub { None } else { subject.record.created_at };
                seen.keys = subject.keys.clone();
                let link = self.rules.of(&subject.id);
                let branch = if link.separate_branches { subject.record.branch_id.as_deref() } else { None };
                seen.guard = self.rules.identity.guard(&subject.id.vendor, branch);
                seen
            })
            .collect();
        let mut shared: HashSet<Key> = self.view.shared.iter().cloned().collect();
        let mut rules = std::borrow::Cow::Borrowed(&self.rules.identity);
        for decision in &self.view.decisions {
            let rules = rules.to_mut();
            match decision {
                Decision::Same(a, b) => rules.forced_links.push((a.clone(), b.clone())),
                Decision::Different(a, b) => rules.forced_splits.push((a.clone(), b.clone())),
            }
        }
        if subjects.iter().any(is_guest) {
            let attached = self.attach(&mut subjects, &mut shared, &rules);
            if !attached.is_empty() {
                rules.to_mut().forced_links.extend(attached);
            }
        }
        identity::resolve(&subjects, &shared, &rules)
    }

    /// Leaves every guest (a block on a document that names no customer) one key, so that it attaches to somebody and
    /// joins nobody: the first of its keys that a customer holds, else its first. Where several customers hold that key
    /// and are not one, the guest goes to the one whose name or other keys agree: those pairs are returned.
    fn attach(
        &self,
        subjects: &mut [identity::Subject],
        shared: &mut HashSet<Key>,
        rules: &identity::IdentityRules,
    ) -> Vec<(SubjectId, SubjectId)> {
        // Guests count among the holders of a key although they keep only one.
        let mut holders: HashMap<Key, HashSet<Key>> = HashMap::new();
        let mut customers: HashMap<Key, Vec<SubjectId>> = HashMap::new();
        for subject in subjects.iter() {
            let own = || Key::vendor(&subject.id.vendor, &subject.id.account, &subject.id.to_text());
            let named = subject.keys.iter().find(|key| matches!(key, Key::Vendor(_)));
            let atom = match subject.id.kind {
                SubjectKind::Customer => Key::vendor(&subject.id.vendor, &subject.id.account, &subject.id.id),
                _ => named.cloned().unwrap_or_else(own),
            };
            for key in subject.keys.iter().filter(|key| !matches!(key, Key::Vendor(_))) {
                holders.entry(key.clone()).or_default().insert(atom.clone());
                if subject.id.kind == SubjectKind::Customer {
                    customers.entry(key.clone()).or_default().push(subject.id.clone());
                }
            }
        }
        let most = rules.max_key_holders as usize;
        let many = holders
            .into_iter()
            .filter(|(key, atoms)| atoms.len() > most && !rules.allowed_shared.contains(key));
        shared.extend(many.map(|(key, _)| key));
        let mut pairs = Vec::new();
        for guest in subjects.iter_mut().filter(|subject| is_guest(subject)) {
            let mut usable = guest.keys.iter().filter(|key| !shared.contains(*key));
            let first = usable.clone().next().cloned();
            let chosen = usable.find(|key| customers.contains_key(*key)).cloned().or(first);
            if let Some(key) = &chosen
                && let Some(held) = customers.get(key).filter(|held| held.len() > 1)
                && let Some(agreeing) = self.agreeing(&guest.id, &guest.keys, key, held)
            {
                pairs.push((guest.id.clone(), agreeing));
            }
            // Shared keys stay: they are reported as what they are.
            guest
                .keys
                .retain(|key| chosen.as_ref().is_none_or(|chosen| chosen == key) || shared.contains(key));
        }
        pairs
    }

    /// The one customer of several whose name or other keys agree with a guest's.
    fn agreeing(
        &self,
        guest: &SubjectId,
        keys: &[Key],
        chosen: &Key,
        held: &[SubjectId],
    ) -> Option<SubjectId> {
        let name = self.view.subjects.get(guest).and_then(|subject| subject.record.name.as_deref());
        let agrees = |id: &&SubjectId| {
            let Some(customer) = self.view.subjects.get(*id) else { return false };
            let shares = keys.iter().any(|key| key != chosen && customer.keys.contains(key));
            shares
                || name.is_some_and(|name| {
                    customer.record.name.as_deref().is_some_and(|other| same_name(name, other))
                })
        };
        let mut found = held.iter().filter(agrees);
        let one = found.next()?;
        found.next().is_none().then(|| one.clone())
    }

    fn report_ignored(&mut self, ids: &[SubjectId], resolution: &Resolution) {
        for ignored in &resolution.ignored {
            let records: Vec<SubjectId> =
                ignored.subjects.iter().filter_map(|at| ids.get(*at).cloned()).collect();
            if !records.iter().any(|id| self.written.contains_key(id)) {
                continue;
            }
            let why = match ignored.reason {
                IgnoreReason::Shared => "shared by too many records".to_owned(),
                other => format!("{other:?}").to_lowercase(),
            };
            let records = records.into_iter().take(4).collect();
            self.changes.audit.push(Audit::Ignored { key: format!("{:?}", ignored.key), why, records });
        }
    }

    /// The contact of a group: the one that a push or a person pinned, the host's own that it is bound to or that its
    /// keys find, else the group's own, named by its oldest record.
    fn bind(&mut self, group: &SubjectId, members: &[SubjectId], stirred: bool) -> ContactId {
        let subjects = || members.iter().filter_map(|id| self.view.subjects.get(id));
        if let Some(contact) = members.iter().find_map(|id| self.pins.get(id)) {
            return contact.clone();
        }
        if let Some(contact) =
            subjects().filter(|subject| subject.pinned).find_map(|subject| subject.contact.clone())
        {
            return contact;
        }
        let host_made =
            |id: &&ContactId| self.view.contacts.get(*id).is_some_and(|contact| contact.host_made);
        // Where a guest is says nothing about a customer.
        let only_guests = subjects().all(|subject| subject.id.kind != SubjectKind::Customer);
        let says = |subject: &&Subject| only_guests || subject.id.kind == SubjectKind::Customer;
        let mut bound = subjects().filter(says).filter_map(|subject| subject.contact.as_ref());
        if let Some(contact) = bound.find(host_made) {
            return contact.clone();
        }
        if stirred && let Some(contact) = self.host_match(members) {
            return contact;
        }
        ContactId::from(group)
    }

    /// The host's contact that a group's keys find: phone before e-mail, the wanted role first, then the oldest.
    fn host_match(&mut self, members: &[SubjectId]) -> Option<ContactId> {
        let subjects = || members.iter().filter_map(|id| self.view.subjects.get(id));
        // What a guest typed beside a customer's number says nothing about the customer.
        let only_guests = subjects().all(|subject| subject.id.kind != SubjectKind::Customer);
        let keys: Vec<Key> = subjects()
            .filter(|subject| only_guests || subject.id.kind == SubjectKind::Customer)
            .flat_map(|subject| subject.keys.iter().cloned())
            .filter(|key| !matches!(key, Key::Vendor(_)) && !self.view.shared.contains(key))
            // A stand-in mailbox is typed for many: it tells nothing about one.
            .filter(|key| !self.rules.identity.is_weak(key))
            .collect();
        if keys.is_empty() {
            return None;
        }
        let role = &self.rules.of(members.first()?).role;
        let mut found: Vec<_> = self
            .view
            .contacts
            .values()
            .filter(|contact| contact.host_made && !self.is_taken(contact, members))
            .filter_map(|contact| {
                let held = host_keys(contact, self.rules);
                let class = keys.iter().filter(|key| held.contains(key)).map(Key::class).min()?;
                Some((class, contact.role != *role, contact.created_at, contact.id.clone()))
            })
            .collect();
        found.sort();
        let mut found = found.into_iter().map(|(_, _, _, id)| id);
        let chosen = found.next()?;
        for other in found {
            self.changes.audit.push(Audit::Suspected { contact: chosen.clone(), other });
        }
        Some(chosen)
    }

    /// Whether a guarded account has another customer at this contact already.
    fn is_taken(&self, contact: &Contact, members: &[SubjectId]) -> bool {
        let guarded = |id: &SubjectId| {
            id.kind == SubjectKind::Customer
                && (self.rules.identity.guarded_vendors.contains(&*id.vendor)
                    || self.rules.of(id).separate_branches)
        };
        members.iter().filter(|id| guarded(id)).any(|id| {
            self.view.subjects.values().any(|other| {
                other.contact.as_ref() == Some(&contact.id)
                    && guarded(&other.id)
                    && other.id.vendor == id.vendor
                    && other.id.account == id.account
                    && !members.contains(&other.id)
            })
        })
    }

    fn why(
        &self,
        group: &identity::Group,
        ids: &[SubjectId],
        id: &SubjectId,
        members: &[SubjectId],
        existed: bool,
    ) -> Option<LinkReason> {
        if self.view.subjects.get(id)?.pinned {
            return Some(LinkReason::Pushed);
        }
        let join = group.joins.iter().find(|join| {
            ids.get(join.subject) == Some(id) || (ids.get(join.to) == Some(id) && members.len() == 2)
        });
        match join {
            Some(join) => Some(match &join.key {
                Some(key) => {
                    let other = if ids.get(join.subject) == Some(id) { join.to } else { join.subject };
                    LinkReason::Key { class: class_name(key), with: ids.get(other).cloned() }
                }
                // A guest of several possible customers goes to the one that agrees.
                None if id.kind != SubjectKind::Customer
                    && !self.view.decisions.iter().any(|decision| decision.names(id)) =>
                {
                    let key = self.view.subjects.get(id)?.keys.first()?;
                    let other = if ids.get(join.subject) == Some(id) { join.to } else { join.subject };
                    LinkReason::Key { class: class_name(key), with: ids.get(other).cloned() }
                }
                None => LinkReason::Decided,
            }),
            // Nothing joined it to another record: the host's own contact was found by a key.
            None if !existed => {
                let key = self.view.subjects.get(id)?.keys.first()?;
                Some(LinkReason::Key { class: class_name(key), with: None })
            }
            None => None,
        }
    }

    fn contacts(&mut self, touched: &BTreeSet<ContactId>, left: &BTreeMap<ContactId, Vec<SubjectId>>) {
        let edited = self
            .edited
            .keys()
            .filter(|id| self.view.contacts.get(*id).is_some_and(|contact| contact.host_made));
        let mut members: BTreeMap<&ContactId, Vec<&Subject>> = edited.map(|id| (id, Vec::new())).collect();
        for subject in self.view.subjects.values() {
            if let Some(contact) = &subject.contact
                && touched.contains(contact)
            {
                members.entry(contact).or_default().push(subject);
            }
        }
        let mut unsent: Vec<(SubjectId, BTreeSet<String>)> = Vec::new();
        let moved: HashSet<&SubjectId> = left.values().flatten().collect();
        // Their sums are others now, though the contacts may read as before.
        let mut regrouped: BTreeSet<ContactId> = left.keys().cloned().collect();
        let arrived = moved.iter().filter_map(|id| self.view.subjects.get(*id)?.contact.clone());
        regrouped.extend(arrived);
        let mut moved_typed: BTreeMap<ContactId, Vec<Contact>> = BTreeMap::new();
        for (from, records) in left {
            let stays = members.contains_key(from);
            let target =
                |id: &SubjectId| self.view.subjects.get(id).and_then(|subject| subject.contact.clone());
            if stays {
                for into in records.iter().filter_map(target).collect::<BTreeSet<_>>() {
                    let went =
                        records.iter().filter(|id| target(id).as_ref() == Some(&into)).cloned().collect();
                    self.changes.audit.push(Audit::Split { from: from.clone(), into, records: went });
                }
                continue;
            }
            if self.view.contacts.get(from).is_none_or(|contact| contact.host_made) {
                continue;
            }
            // The record that named the contact says where its id leads now.
            let heir =
                records.iter().find(|id| ContactId::from(*id) == *from).or(records.first()).and_then(target);
            match heir {
                Some(into) => {
                    if let Some(contact) =
                        self.view.contacts.get(from).filter(|contact| !contact.typed.is_empty())
                    {
                        moved_typed.entry(into.clone()).or_default().push(contact.clone());
                    }
                    self.changes.audit.push(Audit::Merged { from: from.clone(), into: into.clone() });
                    self.changes.redirects.push(Redirect { from: from.clone(), into });
                }
                None => self.changes.emptied.push(from.clone()),
            }
        }
        for (id, mut records) in members {
            records.sort_by(|a, b| canonical(a).cmp(&canonical(b)));
            let mut basis = self.view.contacts.get(id).cloned();
            let before = match self.edited.get(id) {
                Some(before) => before.as_ref(),
                None => self.view.contacts.get(id),
            };
            for other in moved_typed.remove(id).unwrap_or_default() {
                let basis = basis.get_or_insert_with(|| Contact::synced(id.clone()));
                for (field, value) in other.typed {
                    let later = basis.typed.get(&field).is_none_or(|known| known.at < value.at);
                    if later {
                        basis.typed.insert(field, value);
                    }
                }
            }
            let contact = project(id, basis.as_ref(), &records, self.rules, &mut self.changes.conflicts);
            if before == Some(&contact) && !regrouped.contains(id) {
                continue;
            }
            if contact.host_made {
                self.changes.host_keys.push((id.clone(), host_keys(&contact, self.rules)));
            }
            if let Some(before) = before {
                let was_there = |subject: &&&Subject| {
                    self.written.get(&subject.id) != Some(&false) && !moved.contains(&subject.id)
                };
                let records = records.iter().filter(was_there).copied();
                note_unsent(before, &contact, records, self.rules, &mut unsent);
            }
            match before {
                Some(before) => {
                    let fields = changed_fields(before, &contact);
                    if !fields.is_empty() || *before != contact {
                        self.changes.audit.push(Audit::Updated { contact: id.clone(), fields });
                    }
                    self.changes.contacts.push(Change::changed(contact));
                }
                None => {
                    if let Some(first) = records.first() {
                        self.changes.audit.push(Audit::Created { contact: id.clone(), by: first.id.clone() });
                    }
                    self.changes.contacts.push(Change::new(contact));
                }
            }
        }
        for (id, fields) in unsent {
            if let Some(subject) = self.view.subjects.get_mut(&id) {
                subject.unsent = fields;
                self.written.entry(id).or_insert(true);
            }
        }
    }

    /// Both sides agree on what was pushed, as far as it is still what the CRM says.
    fn agree(&mut self, batch: &Batch) {
        let Some(contact) = &self.pushed_from else { return };
        let pushed: BTreeSet<SubjectId> = batch
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Customer(customer) => Some(self.names.customer(&customer.id)),
                _ => None,
            })
            .collect();
        let contact = self.view.contacts.get(contact).cloned();
        for id in pushed {
            let Some(subject) = self.view.subjects.get_mut(&id) else { continue };
            let stays = |field: &String| match (&batch.agreed, &contact) {
                (Some(agreed), Some(contact)) => {
                    agreed.get(field) != contact.fields.get(field).map(|field| &field.value)
                }
                _ => false,
            };
            subject.unsent.retain(stays);
        }
    }

    /// Writes the ledger rows of every document in view that counts differently now.
    fn ledger(&mut self) {
        if self.documents.is_empty() {
            return;
        }
        let rows = ledger::rows(self.view.documents.values(), |account| self.rules.link(account).revenue);
        let changed = |(id, row): &(&DocumentId, LedgerRow)| {
            self.documents.contains_key(*id)
                || self.view.documents.get(*id).is_some_and(|known| known.ledger != *row)
        };
        let rows: Vec<(DocumentId, LedgerRow)> =
            rows.into_iter().filter(changed).map(|(id, row)| (id.clone(), row)).collect();
        for (id, row) in rows {
            let Some(document) = self.view.documents.get_mut(&id) else { continue };
            document.ledger = row;
            match self.documents.get(&id) {
                Some(existed) => {
                    self.changes.documents.push(Change { row: document.clone(), existed: *existed });
                }
                None => self.changes.ledger.push((id, row)),
            }
        }
    }

    fn finish(mut self, mut counts: Counts) -> ChangeSet {
        let created: HashSet<&ContactId> = self
            .changes
            .contacts
            .iter()
            .filter(|change| !change.existed)
            .map(|change| &change.row.id)
            .collect();
        let changed: HashSet<&ContactId> =
            self.changes.contacts.iter().map(|change| &change.row.id).collect();
        let mut counted: HashSet<ContactId> = HashSet::new();
        for (id, fate) in &self.customers {
            let contact = self.view.subjects.get(id).and_then(|subject| subject.contact.as_ref());
            match (fate, contact) {
                (Fate::Unchanged, _) => counts.unchanged += 1,
                (Fate::Stale, _) | (_, None) => counts.skipped += 1,
                (Fate::New, Some(contact))
                    if created.contains(contact) && counted.insert(contact.clone()) =>
                {
                    counts.created += 1;
                }
                (_, Some(contact)) if changed.contains(contact) => counts.updated += 1,
                _ => counts.skipped += 1,
            }
        }
        let mut written: Vec<(SubjectId, bool)> = self.written.into_iter().collect();
        written.sort();
        for (id, existed) in written {
            if self.dropped.contains(&id) {
                continue;
            }
            if let Some(subject) = self.view.subjects.remove(&id) {
                self.changes.subjects.push(Change { row: subject, existed });
            }
        }
        self.changes.dropped = self.dropped.into_iter().collect();
        self.changes.counts = counts;
        self.changes
    }
}

/// Whether a record is the block of a document that names no customer.
fn is_guest(subject: &identity::Subject) -> bool {
    subject.id.kind != SubjectKind::Customer && !subject.keys.iter().any(|key| matches!(key, Key::Vendor(_)))
}

/// Whether two names are the same but for case and for words that one of them leaves out.
fn same_name(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let within = |part: &str, whole: &str| {
        part.split_whitespace().all(|word| whole.split_whitespace().any(|known| known == word))
    };
    within(&one, &other) || within(&other, &one)
}

fn class_name(key: &Key) -> String {
    match key {
        Key::Vendor(_) => "vendor_id",
        Key::Phone(_) => "phone",
        Key::Email(_) => "email",
    }
    .to_owned()
}

/// Notes for every customer of a contact which fields its shop was not told yet: those that changed, unless the shop
/// itself says so.
///
/// `records` are those that belonged to it before: one that has only just come agrees with what it found.
fn note_unsent<'a>(
    before: &Contact,
    after: &Contact,
    records: impl Iterator<Item = &'a Subject>,
    rules: &Rules,
    unsent: &mut Vec<(SubjectId, BTreeSet<String>)>,
) {
    let changed = changed_fields(before, after);
    if changed.is_empty() {
        return;
    }
    for subject in records {
        if subject.id.kind != SubjectKind::Customer || subject.stub {
            continue;
        }
        let said = rules.of(&subject.id).mapping.apply(&subject.record, &subject.keys);
        let mut fields = subject.unsent.clone();
        for field in &changed {
            if after.fields.get(field).map(|field| &field.value) == said.get(field) {
                fields.remove(field);
            } else if !said_by(after, field, &subject.id) {
                fields.insert(field.clone());
            }
        }
        if fields != subject.unsent {
            unsent.push((subject.id.clone(), fields));
        }
    }
}

fn said_by(contact: &Contact, field: &str, id: &SubjectId) -> bool {
    contact.fields.get(field).is_some_and(|value| value.by == Source::Record(id.clone()))
}

fn changed_fields(before: &Contact, after: &Contact) -> Vec<String> {
    let names: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    names.into_iter().filter(|name| before.fields.get(*name) != after.fields.get(*name)).cloned().collect()
}

/// Whether a record stands for somebody: nobody's records and bare removals do not.
fn may_be_contact(subject: &Subject) -> bool {
    subject.record.identity != Identity::Nobody
        && !subject.record.test
        && !(subject.stub
            && subject.record.deleted
            && subject.record.raw_name.is_none()
            && subject.keys.is_empty())
}

/// Whether a sight of nothing is later than the last sight of the object, and than earlier ones of nothing.
fn is_news(gone: Option<i64>, alive: i64, seen: i64) -> bool {
    seen >= alive && gone.is_none_or(|gone| seen > gone)
}

fn tombstone(id: &SubjectId) -> Subject {
    let mut record = CustomerRecord::default();
    record.id = id.id.to_string();
    Subject::new(id.clone(), record, Version::default(), Vec::new()).with_marks(true, false)
}

fn empty_row(record: &OrderRecord) -> LedgerRow {
    LedgerRow {
        revenue: pos_core::Money::ZERO,
        orders: 0,
        currency: record.currency,
        why: crate::model::LedgerReason::NotPaid,
    }
}
