//! What a batch tells by itself, whatever the CRM holds: each record with its id, its keys, and the JSON that it is kept
//! as. All of it is worked out once, however often the batch is planned.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::{Account, CustomerRecord, Identity, OrderRecord, Party, Record, Stream, TicketRecord};
use serde::Serialize;
use time::OffsetDateTime;

use crate::batch::Batch;
use crate::change::{Told, Want};
use crate::kept::Kept;
use crate::model::{DocumentId, EntryId, hash};
use crate::rules::Rules;

/// The block of a document.
fn block_of(account: &Account, kind: SubjectKind, document: &OrderRecord) -> SubjectId {
    SubjectId::new(account, kind, &[document.stream.stream().as_str(), "/", &document.id].concat())
}

/// The JSON of a record, and its hash.
struct Text {
    json: Arc<str>,
    hash: u64,
}

impl Text {
    /// `room` is where it is written; what stands there goes.
    fn of<T: Serialize>(record: &T, room: &mut Vec<u8>) -> Self {
        room.clear();
        // Records are plain data: writing them as JSON cannot fail.
        let _ = serde_json::to_writer(&mut *room, record);
        Self { json: std::str::from_utf8(room).unwrap_or_default().into(), hash: hash(room) }
    }
}

/// A customer, or what a document tells of one.
pub(super) struct Customer {
    pub(super) id: SubjectId,
    pub(super) keys: Vec<Key>,
    pub(super) finds: Vec<Key>,
    pub(super) record: Arc<CustomerRecord>,
    /// What a document tells is written only when it is needed.
    text: OnceLock<Text>,
}

impl Customer {
    fn new(id: SubjectId, record: CustomerRecord, text: OnceLock<Text>, rules: &Rules) -> Self {
        let (mut keys, finds) = rules.all_keys(&id, &record);
        if id.kind == SubjectKind::Customer {
            keys.extend(record.aliases.iter().map(|alias| id.vendor_key_of(&alias.as_str().into())));
        }
        Self { id, keys, finds, record: Arc::new(record), text }
    }

    fn text(&self) -> &Text {
        self.text.get_or_init(|| Text::of(&*self.record, &mut Vec::new()))
    }

    /// The hash of what it says.
    pub(super) fn hash(&self) -> u64 {
        self.text().hash
    }

    pub(super) fn kept(&self) -> Kept<CustomerRecord> {
        Kept::written(Arc::clone(&self.record), Arc::clone(&self.text().json))
    }

    fn told(&self) -> Told {
        let (keys, finds) = (self.keys.clone(), self.finds.clone());
        Told::Customer { id: self.id.clone(), hash: self.hash(), keys, finds }
    }

    /// What a document says about a party.
    fn party(id: SubjectId, party: &Party, document: &OrderRecord, rules: &Rules) -> Self {
        let mut record = CustomerRecord {
            id: match id.kind {
                SubjectKind::Customer => id.id.to_string(),
                _ => document.id.clone(),
            },
            ..CustomerRecord::default()
        };
        record.aliases.clone_from(&party.aliases);
        record.name.clone_from(&party.name);
        record.raw_name.clone_from(&party.raw_name);
        record.identity = party.identity;
        record.phones.clone_from(&party.phones);
        record.emails.clone_from(&party.emails);
        record.addresses = party.address.clone().into_iter().collect();
        record.created_at = document.placed_at;
        record.updated_at = document.updated_at;
        Self::new(id, record, OnceLock::new(), rules)
    }
}

/// A party of a document that may be a person.
pub(super) struct Mention {
    pub(super) id: SubjectId,
    /// The document only names a customer.
    is_bare: bool,
    /// What it says of one that it only names is made when it is needed: few need it.
    says: OnceLock<Customer>,
}

impl Mention {
    fn new(id: SubjectId, party: &Party, document: &OrderRecord, rules: &Rules) -> Self {
        let is_bare = id.kind == SubjectKind::Customer
            && party.phones.is_empty()
            && party.emails.is_empty()
            && party.aliases.is_empty();
        let says = match is_bare {
            true => OnceLock::new(),
            false => Customer::party(id.clone(), party, document, rules).into(),
        };
        Self { id, is_bare, says }
    }

    /// What the document says of it. `party` is the one that it was made of.
    pub(super) fn says(&self, party: &Party, document: &OrderRecord, rules: &Rules) -> &Customer {
        self.says.get_or_init(|| Customer::party(self.id.clone(), party, document, rules))
    }
}

/// An order, invoice or return.
pub(super) struct Sale {
    pub(super) id: DocumentId,
    pub(super) record: Arc<OrderRecord>,
    text: Text,
    /// What an earlier version of it may have called its buyer.
    block: SubjectId,
    pub(super) buyer: Option<Mention>,
    pub(super) recipient: Option<Mention>,
}

impl Sale {
    fn new(id: DocumentId, order: OrderRecord, text: Text, rules: &Rules) -> Self {
        let block = block_of(&id.account, SubjectKind::OrderBuyer, &order);
        // A document may call a known customer by a placeholder: the customer's own record says who it is.
        let buyer = order.buyer.as_ref().and_then(|party| {
            let id = match &party.id {
                Some(customer) => SubjectId::customer(&id.account, customer),
                None => has_keys(party).then(|| block.clone())?,
            };
            Some(Mention::new(id, party, &order, rules))
        });
        let wanted = rules.link(&id.account).recipients;
        let recipient = order.recipient.as_ref().filter(|party| wanted && has_keys(party)).map(|party| {
            let block = block_of(&id.account, SubjectKind::OrderRecipient, &order);
            Mention::new(block, party, &order, rules)
        });
        Self { id, record: Arc::new(order), text, block, buyer, recipient }
    }

    /// The hash of what it says.
    pub(super) fn hash(&self) -> u64 {
        self.text.hash
    }

    pub(super) fn kept(&self) -> Kept<OrderRecord> {
        Kept::written(Arc::clone(&self.record), Arc::clone(&self.text.json))
    }

    fn told(&self) -> Told {
        let record = &self.record;
        let names = [&record.code, &record.fulfils, &record.returns].into_iter().flatten();
        // The block of an earlier version may be there, and goes when the document names a customer by now.
        let (mut subjects, mut mentioned, mut keys) = (vec![self.block.clone()], Vec::new(), Vec::new());
        for party in self.buyer.iter().chain(&self.recipient) {
            match party.says.get().filter(|_| !party.is_bare) {
                Some(says) => {
                    // Aliases are among them.
                    keys.extend(says.keys.iter().cloned());
                    if party.id.kind == SubjectKind::Customer {
                        keys.push(party.id.vendor_key());
                    }
                    subjects.push(party.id.clone());
                }
                None => mentioned.push(party.id.clone()),
            }
        }
        Told::Document {
            id: self.id.clone(),
            hash: self.hash(),
            names: names.chain(&record.aliases).cloned().collect(),
            subjects,
            mentioned,
            keys,
        }
    }
}

/// Any other record.
pub(super) struct Plain {
    pub(super) id: EntryId,
    record: Arc<Record>,
    text: Text,
}

impl Plain {
    /// When the vendor says that it changed.
    pub(super) fn changed(&self) -> Option<OffsetDateTime> {
        match &*self.record {
            Record::Product(product) => product.updated_at,
            Record::Ticket(ticket) => ticket.updated_at,
            _ => None,
        }
    }

    pub(super) fn ticket(&self) -> Option<&TicketRecord> {
        match &*self.record {
            Record::Ticket(ticket) => Some(ticket),
            _ => None,
        }
    }

    /// The hash of what it says.
    pub(super) fn hash(&self) -> u64 {
        self.text.hash
    }

    pub(super) fn kept(&self) -> Kept<Record> {
        Kept::written(Arc::clone(&self.record), Arc::clone(&self.text.json))
    }
}

/// One record of a batch.
pub(super) enum Fact {
    Customer(Customer),
    Sale(Box<Sale>),
    Plain(Plain),
}

/// A batch that was read by the rules: what has to be seen before it can be planned, and the plan.
///
/// It does not depend on the CRM, so it is good for every snapshot, and a batch whose commit met another one is planned
/// again without being read again.
pub struct Prepared {
    pub(super) rules: Arc<Rules>,
    /// The batch without its records.
    pub(super) batch: Batch,
    pub(super) facts: Vec<Fact>,
    want: Want,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("account", &self.batch.account)
            .field("records", &self.facts.len())
            .finish_non_exhaustive()
    }
}

impl Prepared {
    /// Reads a batch.
    pub fn new(mut batch: Batch, rules: &Arc<Rules>) -> Self {
        let records = std::mem::take(&mut batch.records);
        let account = &batch.account;
        let room = &mut Vec::new();
        let fact = |record| match record {
            Record::Customer(record) => {
                let text = Text::of(&record, room);
                let id = SubjectId::customer(account, &record.id);
                Fact::Customer(Customer::new(id, *record, text.into(), rules))
            }
            Record::Order(record) => {
                let text = Text::of(&record, room);
                let id = DocumentId::new(account.clone(), record.stream, record.id.as_str());
                Fact::Sale(Box::new(Sale::new(id, *record, text, rules)))
            }
            other => {
                let text = Text::of(&other, room);
                let id = EntryId::new(account.clone(), stream_of(&other), other.id());
                Fact::Plain(Plain { id, record: Arc::new(other), text })
            }
        };
        let facts = records.into_iter().map(fact).collect();
        let mut prepared = Self { rules: Arc::clone(rules), batch, facts, want: Want::default() };
        prepared.want = prepared.asks();
        prepared
    }

    /// The shop.
    pub fn account(&self) -> &Account {
        &self.batch.account
    }

    /// What its plan needs to see.
    pub fn wants(&self) -> &Want {
        &self.want
    }

    fn asks(&self) -> Want {
        let rules = &self.rules;
        let mut asked = Asked::default();
        let mut told = Vec::with_capacity(self.facts.len());
        for fact in &self.facts {
            match fact {
                Fact::Customer(customer) => told.push(customer.told()),
                Fact::Sale(sale) => told.push(sale.told()),
                Fact::Plain(plain) => asked.entries.push(plain.id.clone()),
            }
        }
        // A push binds the record also when it is just as it was known. Of two versions in one batch one may be what the
        // store has, and the other one is news.
        let twice = Twice::of(&told);
        let is_news = |told: &mut Told| self.batch.pushed_from.is_some() || twice.is_told(told);
        told.extract_if(.., is_news).for_each(|told| asked.reach(told));
        let account = &self.batch.account;
        for (stream, id) in &self.batch.removed {
            match stream.document() {
                Some(kind) => asked.document(DocumentId::new(account.clone(), kind, id.as_str())),
                None if *stream == Stream::Customers => {
                    let id = SubjectId::customer(account, id);
                    asked.keys.push(id.vendor_key());
                    asked.subjects.push(id);
                }
                None => asked.entries.push(EntryId::new(account.clone(), *stream, id.as_str())),
            }
        }
        for decision in self.batch.decisions.iter().chain(&self.batch.revoked) {
            let (left, right) = decision.pair();
            asked.subjects.extend([left.clone(), right.clone()]);
        }
        let mut want = Want {
            told: told.into(),
            max_key_holders: rules.identity.max_key_holders,
            allowed_shared: rules.identity.allowed_shared.clone(),
            // A set that is made of a whole list is sorted once.
            subjects: asked.subjects.into_iter().collect(),
            mentioned: asked.mentioned.into_iter().collect(),
            keys: asked.keys.into_iter().collect(),
            documents: asked.documents.into_iter().collect(),
            references: asked.references.into_iter().collect(),
            entries: asked.entries.into_iter().collect(),
            ..Want::default()
        };
        want.contacts.extend(self.batch.pushed_from.clone());
        want.contacts.extend(self.batch.edits.iter().map(|edit| edit.contact.clone()));
        // Each of these records may let go of a key. When that brings a shared key back under the limit, its holders
        // belong together again, so they have to be in sight. Identity applies the limit itself to what it sees.
        let told = want.told.iter().map(|told| match told {
            Told::Customer { .. } => 1,
            Told::Document { subjects, .. } => subjects.len(),
        });
        let leaving = u32::try_from(want.subjects.len() + told.sum::<usize>()).unwrap_or(u32::MAX);
        want.max_key_holders = want.max_key_holders.saturating_add(leaving);
        want
    }
}

/// [`Want`] in the making.
#[derive(Default)]
struct Asked {
    subjects: Vec<SubjectId>,
    mentioned: Vec<SubjectId>,
    keys: Vec<Key>,
    documents: Vec<DocumentId>,
    references: Vec<(Account, String)>,
    entries: Vec<EntryId>,
}

impl Asked {
    fn document(&mut self, id: DocumentId) {
        self.references.push((id.account.clone(), id.id.to_string()));
        self.documents.push(id);
    }

    /// Asks for what a telling needs when it is news.
    fn reach(&mut self, told: Told) {
        match told {
            Told::Customer { id, keys, .. } => {
                self.keys.extend(keys);
                self.keys.push(id.vendor_key());
                self.subjects.push(id);
            }
            Told::Document { id, names, subjects, mentioned, keys, .. } => {
                self.references.extend(names.into_iter().map(|name| (id.account.clone(), name)));
                self.document(id);
                self.subjects.extend(subjects);
                self.mentioned.extend(mentioned);
                self.keys.extend(keys);
            }
        }
    }
}

/// What a batch tells in several versions.
#[derive(Default)]
struct Twice {
    customers: HashSet<SubjectId>,
    documents: HashSet<DocumentId>,
}

impl Twice {
    fn of(told: &[Told]) -> Self {
        let mut twice = Self::default();
        let (mut customers, mut documents) = (HashMap::new(), HashMap::new());
        for told in told {
            match told {
                Told::Customer { id, hash, .. } if *customers.entry(id).or_insert(*hash) != *hash => {
                    twice.customers.insert(id.clone());
                }
                Told::Document { id, hash, .. } if *documents.entry(id).or_insert(*hash) != *hash => {
                    twice.documents.insert(id.clone());
                }
                _ => {}
            }
        }
        twice
    }

    fn is_told(&self, told: &Told) -> bool {
        match told {
            Told::Customer { id, .. } => self.customers.contains(id),
            Told::Document { id, .. } => self.documents.contains(id),
        }
    }
}

fn has_keys(party: &Party) -> bool {
    party.identity == Identity::Person
        && (party.phones.iter().any(|phone| phone.is_key) || party.emails.iter().any(|email| email.is_key))
}

fn stream_of(record: &Record) -> Stream {
    match record {
        Record::Customer(_) => Stream::Customers,
        Record::Order(order) => order.stream.stream(),
        Record::Product(_) => Stream::Products,
        Record::Branch(_) => Stream::Branches,
        Record::User(_) => Stream::Users,
        Record::Ticket(_) => Stream::Tickets,
        _ => Stream::Categories,
    }
}
