//! Takes a batch into the view: records, removals, edits, decisions.

use std::collections::{BTreeMap, BTreeSet};

use pos_core::identity::{SubjectId, SubjectKind};
use pos_core::merge::Source;
use pos_core::record::{
    CustomerRecord, DocumentKind, Identity, OrderRecord, Party, Record, StatusCategory, Stream,
};
use time::OffsetDateTime;

use crate::change::Change;
use crate::fields::kind_of;
use crate::model::{
    Contact, Decision, Document, DocumentId, Entry, EntryId, FieldValue, LedgerReason, LedgerRow, Subject,
    Version, nanos,
};
use crate::plan::told::{Customer, Fact, Mention, Plain, Sale};
use crate::plan::work::{Effect, Work};

/// Other names of a document, with the documents that have them.
type Called = BTreeMap<(DocumentKind, String), Vec<DocumentId>>;

impl Work<'_> {
    pub(super) fn take_in(&mut self, now: OffsetDateTime) {
        let told = self.told;
        let batch = &told.batch;
        let mut seen_from = batch.seen_from.iter().peekable();
        for (position, fact) in told.facts.iter().enumerate() {
            while let Some((_, at)) = seen_from.next_if(|(from, _)| *from <= position) {
                self.seen = *at;
            }
            match fact {
                Fact::Customer(customer) => {
                    let id = &customer.id;
                    let effect = match self.view.same.subjects.get(id) {
                        Some(seen) if !self.view.subjects.contains_key(id) => {
                            let news = nanos(self.seen) > *seen;
                            self.changes.seen.subjects.extend(news.then(|| (id.clone(), nanos(self.seen))));
                            Effect::Unchanged
                        }
                        _ => self.customer(customer, false),
                    };
                    self.customers.push((id, effect));
                }
                Fact::Sale(sale) => {
                    let id = &sale.id;
                    let effect = match self.view.same.documents.get(id) {
                        Some(seen) if !self.view.documents.contains_key(id) => {
                            let news = nanos(self.seen) > *seen;
                            self.changes.seen.documents.extend(news.then(|| (id.clone(), nanos(self.seen))));
                            Effect::Unchanged
                        }
                        _ => self.sale(sale),
                    };
                    self.others.push(effect);
                }
                Fact::Plain(plain) => {
                    let effect = self.plain(plain);
                    self.others.push(effect);
                }
            }
        }
        let mut called = None;
        for removal in &batch.removed {
            self.seen = batch.removed_at.get(removal).copied().or(batch.seen_at).unwrap_or(now);
            let (stream, id) = removal;
            let news = match stream.document() {
                Some(kind) => {
                    let called = called.get_or_insert_with(|| self.called());
                    let id = self.document_called(called, kind, id);
                    self.remove_document(id)
                }
                None if *stream == Stream::Customers => self.remove_customer(id),
                None => self.remove_entry(*stream, id),
            };
            self.removed += u64::from(news);
        }
        self.agree();
        self.decide();
        self.edit();
    }

    /// Takes in a customer, or the part of one that a document names (`stub`).
    fn customer(&mut self, said: &Customer, stub: bool) -> Effect {
        let Customer { id, record, keys, finds, .. } = said;
        let known = self.view.subjects.get(id);
        // What a document says of a customer never counts against what the customer's own record says.
        if stub && known.is_some_and(|known| !known.stub) {
            return Effect::Unchanged;
        }
        let mut version = Version::of(record.updated_at, self.seen, said.hash());
        let mut gone = None;
        let mut effect = Effect::New;
        if let Some(known) = known {
            let is_same = version.hash == known.version.hash
                && known.stub == stub
                && *keys == known.keys
                && *finds == known.finds;
            // A push binds the record also when it is just as it was known.
            let is_bound = is_same && self.pushed_from.is_some();
            let last_seen = known.version.seen.max(version.seen);
            gone = known.gone.filter(|gone| *gone >= last_seen);
            // What is seen alive again lives, whatever time it tells.
            let lives_again = known.gone.is_some() && gone.is_none();
            let is_newer = known.stub && !stub || is_bound || lives_again || version.is_after(&known.version);
            let is_gone = record.deleted || gone.is_some();
            if is_same && is_gone == known.record.deleted && self.pushed_from.is_none() {
                if last_seen > known.version.seen {
                    self.changes.seen.subjects.push((id.clone(), last_seen));
                    // What comes later in the same batch is compared with the latest sight.
                    if let Some(known) = self.view.subjects.get_mut(id) {
                        known.version.seen = last_seen;
                    }
                }
                return Effect::Unchanged;
            }
            if !is_newer {
                return Effect::Stale;
            }
            if !known.stub || stub {
                effect = Effect::Changed;
            }
            version.seen = last_seen;
        }
        let mut subject = Subject::of(id.clone(), said.kept(), version, keys.clone())
            .with_marks(stub, false)
            .with_gone(gone)
            .with_finds(finds.clone());
        if gone.is_some() && !record.deleted {
            subject.record.deleted = true;
        }
        if id.kind == SubjectKind::Customer
            && !stub
            && let Some(contact) = &self.pushed_from
        {
            // It is bound below, where the contact that it leaves is seen to.
            self.pins.insert(id.clone(), contact.clone());
            subject.pinned = true;
        }
        for alias in record.aliases.iter().filter(|_| id.kind == SubjectKind::Customer) {
            let holders = self.aliases.entry(id.vendor_key_of(&alias.as_str().into())).or_default();
            if !holders.contains(id) {
                holders.push(id.clone());
            }
        }
        let existed = match self.view.subjects.get_mut(id) {
            None => {
                self.view.subjects.insert(id.clone(), subject);
                false
            }
            Some(known) => {
                subject.contact = known.contact.take();
                subject.pinned |= known.pinned;
                subject.unsent = std::mem::take(&mut known.unsent);
                *known = subject;
                true
            }
        };
        self.written.entry(id.clone()).or_insert(existed);
        self.stirred.insert(id.clone());
        effect
    }

    /// The record that a document's buyer is, by its own id or by an alias of another record.
    fn named(&self, id: &SubjectId) -> Option<SubjectId> {
        if self.view.subjects.contains_key(id) {
            return Some(id.clone());
        }
        self.holder(&id.vendor_key(), |_| true)
    }

    /// Whether only documents named a customer so far. A block on a document is read anew with every version of it.
    fn is_stub(&self, id: &SubjectId) -> bool {
        id.kind != SubjectKind::Customer || self.view.subjects.get(id).is_none_or(|subject| subject.stub)
    }

    /// Takes in what a document says about a party.
    fn mention(&mut self, told: &Mention, party: Option<&Party>, document: &OrderRecord) {
        if let Some(party) = party {
            let says = told.says(party, document, &self.told.rules);
            self.customer(says, told.id.kind == SubjectKind::Customer);
        }
    }

    fn sale(&mut self, sale: &Sale) -> Effect {
        let (id, order) = (&sale.id, &*sale.record);
        let mut version = Version::of(order.updated_at, self.seen, sale.hash());
        // A deletion may have been told of one of its other names before anybody knew of it.
        let mut gone = self.gone_under_another_name(sale).filter(|gone| *gone >= version.seen);
        let known = self.view.documents.get_mut(id);
        let existed = known.is_some();
        let mut effect = Effect::New;
        let mut old_block = None;
        let mut revived = None;
        if let Some(known) = known {
            let last_seen = known.version.seen.max(version.seen);
            gone = known.gone.max(gone).filter(|gone| *gone >= last_seen);
            if version.hash == known.version.hash && gone.is_some() == known.deleted {
                if last_seen > known.version.seen {
                    self.changes.seen.documents.push((id.clone(), last_seen));
                    known.version.seen = last_seen;
                }
                return Effect::Unchanged;
            }
            // What is seen alive again lives, whatever time it tells.
            let lives_again = known.gone.is_some() && gone.is_none();
            if !lives_again && !version.is_after(&known.version) {
                return Effect::Stale;
            }
            // A partial body (a webhook's) never wipes what a full one said.
            if order.incomplete
                && !known.record.incomplete
                && !known.record.lines.is_empty()
                && order.lines.is_empty()
            {
                if !lives_again {
                    return Effect::Stale;
                }
                // It only says that the document is there, and where it stands.
                let mut whole = known.record.clone();
                whole.status = order.status.clone();
                revived = Some(whole);
            }
            version.seen = last_seen;
            old_block = known.buyer.clone().filter(|buyer| buyer.kind == SubjectKind::OrderBuyer);
            if known.version != Version::default() {
                effect = Effect::Changed;
            }
        }
        let buyer = self.buyer(sale);
        // A test makes nobody a customer.
        let recipient = sale.recipient.as_ref().filter(|_| !order.test);
        if let Some(told) = recipient {
            self.mention(told, order.recipient.as_ref(), order);
        }
        if let Some(block) = old_block.filter(|block| buyer.as_ref() != Some(block)) {
            self.drop_subject(&block);
        }
        let mut record = revived.unwrap_or_else(|| sale.kept());
        if gone.is_some() {
            record.status.category = StatusCategory::Deleted;
        }
        let finds = self.told.rules.document_finds(&record);
        let ledger = empty_row(&record);
        let document = Document::of(id.clone(), record, version, ledger)
            .with_parties(buyer, recipient.map(|told| told.id.clone()))
            .with_finds(finds)
            .with_deleted(gone.is_some(), gone);
        self.view.documents.insert(id.clone(), document);
        self.documents.entry(id.clone()).or_insert(existed);
        effect
    }

    /// The record of a document's buyer: the vendor's customer, or the block on the document when it has keys.
    fn buyer(&mut self, sale: &Sale) -> Option<SubjectId> {
        let (told, order) = (sale.buyer.as_ref()?, &*sale.record);
        let id = &told.id;
        if self.view.known.contains(id) {
            return Some(id.clone());
        }
        // A test makes nobody a customer.
        if order.test && !self.view.subjects.contains_key(id) {
            return None;
        }
        match self.named(id) {
            Some(named) if named != *id || !self.is_stub(&named) => Some(named),
            _ => {
                self.mention(told, order.buyer.as_ref(), order);
                Some(id.clone())
            }
        }
    }

    /// When a document was seen gone under a name that it has beside its id, and that nothing else is known of.
    fn gone_under_another_name(&self, sale: &Sale) -> Option<i64> {
        let id = &sale.id;
        let others = sale.record.aliases.iter().filter(|alias| **alias != *id.id);
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

    fn plain(&mut self, plain: &Plain) -> Effect {
        let id = &plain.id;
        let mut version = Version::of(plain.changed(), self.seen, plain.hash());
        let known = self.view.entries.get_mut(id);
        let existed = known.is_some();
        let standing = known.as_deref().and_then(Entry::ticket);
        if plain.ticket().is_some_and(|ticket| ticket.incomplete) && standing.is_none() {
            return Effect::Unchanged;
        }
        let told_gone = plain.ticket().is_some_and(|ticket| ticket.deleted);
        let mut gone = None;
        let mut record = plain.kept();
        if let Some(known) = known {
            let last_seen = known.version.seen.max(version.seen);
            gone = known.gone.filter(|gone| *gone >= last_seen);
            let is_same = match (plain.ticket(), known.ticket()) {
                (Some(said), Some(known)) => said.says_the_same(known),
                _ => version.hash == known.version.hash,
            };
            if is_same && (told_gone || gone.is_some()) == known.deleted {
                let says_it_later = plain.ticket().is_some() && version.changed > known.version.changed;
                if says_it_later {
                    // What says the same later stands against an older state that comes after it.
                    known.version = Version { seen: last_seen, ..version };
                    self.changes.entries.push(Change { row: known.clone(), existed: true });
                } else if last_seen > known.version.seen {
                    self.changes.seen.entries.push((id.clone(), last_seen));
                    known.version.seen = last_seen;
                }
                return Effect::Unchanged;
            }
            if !version.is_after(&known.version) {
                return Effect::Stale;
            }
            version.seen = last_seen;
            if let (Some(said), Some(known)) = (plain.ticket(), known.ticket()) {
                record = Record::from(said.clone().over(known)).into();
            }
        }
        let is_gone = told_gone || gone.is_some();
        let mut entry = Entry::new(id.clone(), None, version, is_gone).with_gone(gone);
        entry.record = Some(record);
        self.view.entries.insert(id.clone(), entry.clone());
        self.changes.entries.push(Change { row: entry, existed });
        if existed { Effect::Changed } else { Effect::New }
    }

    /// Takes in that the vendor was seen not to have a document any more. Whether anything changed.
    fn remove_document(&mut self, id: DocumentId) -> bool {
        let seen = nanos(self.seen);
        let existed = self.view.documents.contains_key(&id);
        let document = self.view.documents.entry(id.clone()).or_insert_with(|| {
            let record = OrderRecord::new(id.kind, &*id.id);
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
        !was_gone
    }

    /// The same of a customer.
    fn remove_customer(&mut self, name: &str) -> bool {
        let seen = nanos(self.seen);
        let id = self.customer_called(name);
        let existed = self.view.subjects.contains_key(&id);
        let subject = self.view.subjects.entry(id.clone()).or_insert_with(|| tombstone(&id));
        if !is_news(subject.gone, subject.version.seen, seen) {
            return false;
        }
        let was_gone = std::mem::replace(&mut subject.record.deleted, true);
        subject.gone = Some(seen);
        self.written.entry(id.clone()).or_insert(existed);
        self.stirred.insert(id);
        !was_gone
    }

    /// The same of any other record.
    fn remove_entry(&mut self, stream: Stream, id: &str) -> bool {
        let seen = nanos(self.seen);
        let id = EntryId::new(self.told.batch.account.clone(), stream, id);
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
        let id = SubjectId::customer(&self.told.batch.account, name);
        if self.view.subjects.get(&id).is_some_and(|known| known.version != Version::default()) {
            return id;
        }
        let is_other = |other: &SubjectId| *other != id && other.kind == SubjectKind::Customer;
        self.holder(&id.vendor_key(), is_other).unwrap_or(id)
    }

    /// The documents of this shop by their other names. A removal gives none.
    fn called(&self) -> Called {
        let mut called = Called::new();
        let documents = self.view.documents.values();
        for document in documents.filter(|document| document.id.account == self.told.batch.account) {
            for alias in &document.record.aliases {
                called.entry((document.id.kind, alias.clone())).or_default().push(document.id.clone());
            }
        }
        called
    }

    /// The document that has an id, or another name of which it is.
    fn document_called(&self, called: &Called, kind: DocumentKind, name: &str) -> DocumentId {
        let id = DocumentId::new(self.told.batch.account.clone(), kind, name);
        // Of what was only ever said to be gone, the document that has the name is the better one.
        if self.view.documents.get(&id).is_some_and(|known| known.version != Version::default()) {
            return id;
        }
        let found = called.get(&(kind, name.to_owned())).and_then(|ids| ids.iter().min());
        found.cloned().unwrap_or(id)
    }

    /// Both sides agree on what was pushed, as far as it is still what the CRM says.
    fn agree(&mut self) {
        let Some(contact) = &self.pushed_from else { return };
        let told = self.told;
        let pushed: BTreeSet<&SubjectId> = told
            .facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Customer(customer) => Some(&customer.id),
                _ => None,
            })
            .collect();
        let contact = self.view.contacts.get(contact);
        for id in pushed {
            let Some(subject) = self.view.subjects.get_mut(id) else { continue };
            let stays = |field: &String| match (&told.batch.agreed, contact) {
                (Some(agreed), Some(contact)) => {
                    let says = contact.fields.get(field).map(|field| &field.value);
                    match (agreed.get(field), says) {
                        (Some(agreed), Some(says)) => !kind_of(field).alike(agreed, says),
                        (agreed, says) => agreed.is_some() || says.is_some(),
                    }
                }
                _ => false,
            };
            subject.unsent.retain(stays);
        }
    }

    fn decide(&mut self) {
        let told = self.told;
        for decision in &told.batch.revoked {
            if self.view.decisions.contains(decision) {
                self.view.decisions.retain(|known| known != decision);
                self.changes.revoked.push(decision.clone());
                self.stir_pair(decision);
            }
        }
        for decision in &told.batch.decisions {
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

    fn stir_pair(&mut self, decision: &Decision) {
        let (left, right) = decision.pair();
        for id in [left, right] {
            if self.view.subjects.contains_key(id) {
                self.stirred.insert(id.clone());
            }
        }
    }

    fn edit(&mut self) {
        for edit in &self.told.batch.edits {
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
                    let value = kind_of(field).typed(value.clone());
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
}

/// Whether a sight of nothing is later than the last sight of the object, and than earlier ones of nothing.
fn is_news(gone: Option<i64>, alive: i64, seen: i64) -> bool {
    seen >= alive && gone.is_none_or(|gone| seen > gone)
}

fn tombstone(id: &SubjectId) -> Subject {
    let record = CustomerRecord { id: id.id.to_string(), ..CustomerRecord::default() };
    Subject::new(id.clone(), record, Version::default(), Vec::new()).with_marks(true, false)
}

/// What stands in until all documents are counted.
fn empty_row(record: &OrderRecord) -> LedgerRow {
    let (revenue, orders) = (pos_core::Money::ZERO, 0);
    LedgerRow { revenue, orders, currency: record.currency, why: LedgerReason::NotPaid }
}
