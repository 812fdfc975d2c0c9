//! What a commit writes, as rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use crm_merge::{
    Audit, ContactId, Decision, DocumentId, EntryId, Kept, LedgerRow, Reads, Seen, Subject, Version, nanos,
};
use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::{Account, Stream, TicketRecord};
use serde::Serialize;

use crate::model::{Fate, Lease, LinkTurn, Settled};
use crate::store::{Commit, StoreError, StoreResult};
use crate::walk::NameRole;

impl Commit {
    /// Whether it writes data of the CRM and so has a number of its own.
    pub fn is_numbered(&self) -> bool {
        let changes = &self.changes;
        !changes.is_empty() || !changes.host_keys.is_empty() || !changes.audit.is_empty()
    }

    /// What must not have been written since the snapshot. Who holds the key of a customer's own id is a question about
    /// that customer too.
    pub fn reads(&self) -> Reads {
        let mut reads = self.changes.reads.clone();
        reads.subjects.extend(reads.keys.iter().filter_map(|key| match key {
            Key::Vendor(key) => Some(SubjectId::customer(&key.account, &key.id)),
            _ => None,
        }));
        reads
    }

    /// Contacts that are no more, and where their ids lead.
    pub fn retired(&self) -> impl Iterator<Item = (&ContactId, Option<&ContactId>)> {
        let redirects = self.changes.redirects.iter().map(|redirect| (&redirect.from, Some(&redirect.into)));
        redirects.chain(self.changes.emptied.iter().map(|id| (id, None)))
    }

    /// Contacts whose open questions go: those of a contact are those of the plan that wrote it last.
    pub fn questioned(&self) -> BTreeSet<&ContactId> {
        let changes = &self.changes;
        let written = changes.contacts.iter().map(|change| &change.row.id);
        let asked = changes.conflicts.iter().map(|conflict| &conflict.contact);
        written.chain(asked).chain(self.retired().map(|(id, _)| id)).collect()
    }
}

/// A commit as rows for a database: whatever does not depend on what is there already, so that it is ready before a lock is
/// taken. Bodies are JSON. How the rows are written is the store's own affair.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CommitRows {
    /// The snapshot's number.
    pub sequence: u64,
    /// [`Commit::is_numbered`].
    pub is_numbered: bool,
    /// When it was planned, in nanoseconds since 1970.
    pub planned_at: Option<i64>,
    /// Records.
    pub subjects: Vec<SubjectRow>,
    /// Records that are gone.
    pub dropped: Vec<SubjectId>,
    /// Contacts: whether it was there, and its body.
    pub contacts: Vec<(ContactId, bool, String)>,
    /// All keys of a contact that the host made.
    pub host_keys: Vec<(ContactId, Vec<String>)>,
    /// [`Commit::retired`].
    pub retired: Vec<(ContactId, Option<ContactId>)>,
    /// Documents.
    pub documents: Vec<DocumentRow>,
    /// Ledger rows of documents that are there and stay as they are.
    pub ledger: Vec<(DocumentId, LedgerRow)>,
    /// Entries. One that is there must not have been written since the snapshot.
    pub entries: Vec<EntryRow>,
    /// Decisions, in this order. Each counts as a change of both records.
    pub decisions: Vec<DecisionRow>,
    /// [`Commit::questioned`].
    pub questioned: Vec<ContactId>,
    /// Questions: contact, field, record, body.
    pub questions: Vec<(ContactId, String, String, String)>,
    /// The audit trail.
    pub audit: Vec<AuditRow>,
    /// Pushes: shop, reference, body. Each takes the place of one with the same reference that waits.
    pub outbox: Vec<(Account, String, String)>,
    /// What was seen again: no later sight is taken back.
    pub seen: Seen,
    /// [`Commit::links`].
    pub links: Vec<LinkTurn>,
    /// [`Commit::checkpoint`], with its body.
    pub checkpoint: Option<(Account, Stream, String)>,
    /// [`Commit::run`]: number, shop, body.
    pub run: Option<(u64, Account, String)>,
    /// [`Commit::rejections`]: number of the run, body.
    pub rejections: Vec<(u64, String)>,
    /// [`Commit::inbox`].
    pub inbox: Vec<Settled>,
    /// [`Commit::outbox`].
    pub pushed: Vec<(u64, Fate)>,
    /// [`Commit::lease`].
    pub lease: Option<Lease>,
}

/// Keys of a row.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// As texts, in their order, each once.
    pub texts: Vec<String>,
    /// All of them as JSON, as they are in the row; absent when there are none.
    pub json: Option<String>,
}

/// A record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubjectRow {
    /// Its id.
    pub id: SubjectId,
    /// Whether it was there.
    pub existed: bool,
    /// Its contact.
    pub contact: Option<ContactId>,
    /// What [`SubjectRow::STUB`] and the others say.
    pub flags: i64,
    /// Its version. An instant at which it was seen later stays.
    pub version: Version,
    /// The keys that it holds.
    pub keys: Keys,
    /// The keys that only find it.
    pub finds: Keys,
    /// Fields that its shop was not told yet; absent when there are none.
    pub unsent: Option<String>,
    /// When it was seen to be gone: a commit is refused when it was seen alive later.
    pub gone: Option<i64>,
    /// The record.
    pub body: Arc<str>,
}

impl SubjectRow {
    /// Only a document named it so far.
    pub const STUB: i64 = 1;
    /// A person or a push bound it.
    pub const PINNED: i64 = 2;
    /// It is an order's block that names the vendor's customer.
    pub const NAMES_CUSTOMER: i64 = 4;
    /// The vendor has it no more.
    pub const GONE: i64 = 8;

    fn flags(subject: &Subject) -> i64 {
        let names = subject.id.kind != SubjectKind::Customer
            && subject.keys.iter().any(|key| matches!(key, Key::Vendor(_)));
        [
            (Self::STUB, subject.stub),
            (Self::PINNED, subject.pinned),
            (Self::NAMES_CUSTOMER, names),
            (Self::GONE, subject.record.deleted),
        ]
        .into_iter()
        .fold(0, |flags, (flag, on)| if on { flags | flag } else { flags })
    }
}

/// A document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DocumentRow {
    /// Its id.
    pub id: DocumentId,
    /// Whether it was there.
    pub existed: bool,
    /// Its version. An instant at which it was seen later stays.
    pub version: Version,
    /// The record of its buyer.
    pub buyer: Option<SubjectId>,
    /// The record of its recipient.
    pub recipient: Option<SubjectId>,
    /// Whether the vendor has it no more.
    pub deleted: bool,
    /// When it was seen to be gone: a commit is refused when it was seen alive later.
    pub gone: Option<i64>,
    /// The keys that find it.
    pub finds: Keys,
    /// What it adds.
    pub ledger: LedgerRow,
    /// When it was placed, in nanoseconds since 1970.
    pub placed: Option<i64>,
    /// [`NameRole::names`].
    pub names: Vec<(NameRole, String)>,
    /// The record.
    pub body: Arc<str>,
}

/// An entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EntryRow {
    /// Its id.
    pub id: EntryId,
    /// Whether it was there.
    pub existed: bool,
    /// Its version. An instant at which it was seen later stays.
    pub version: Version,
    /// Whether the vendor has it no more.
    pub deleted: bool,
    /// When it was seen to be gone: a commit is refused when it was seen alive later.
    pub gone: Option<i64>,
    /// The vendor's id of the customer that it stands with: who asks in a ticket.
    pub customer: Option<String>,
    /// The record; absent when only its removal is known.
    pub body: Option<Arc<str>>,
}

/// A decision.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DecisionRow {
    /// One record, and the other one.
    pub pair: (SubjectId, SubjectId),
    /// Whether they are the same person.
    pub same: bool,
    /// Whether it is made; taken back otherwise.
    pub stands: bool,
}

/// A line of the audit trail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditRow {
    /// The contacts whose trail it belongs to.
    pub contacts: Vec<ContactId>,
    /// It belongs to the contacts of these records too, as they are when it is written.
    pub records: Vec<SubjectId>,
    /// What was done; absent when the contact was made for the record that has its id.
    pub body: Option<String>,
}

impl AuditRow {
    fn new(audit: &Audit) -> StoreResult<Self> {
        let (contacts, records) = audit.about();
        let is_plain = matches!(audit, Audit::Created { contact, by } if ContactId::from(by) == *contact);
        Ok(Self {
            contacts: contacts.into_iter().cloned().collect(),
            records: records.to_vec(),
            body: if is_plain { None } else { Some(json(audit)?) },
        })
    }

    /// Reads what was written into the trail of a contact.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not what [`CommitRows`] made.
    pub fn read(contact: &ContactId, body: Option<&str>) -> StoreResult<Audit> {
        let corrupt =
            || StoreError::Corrupt { what: "a line of the audit trail does not fit".into(), source: None };
        match body {
            Some(body) => serde_json::from_str(body).map_err(|_| corrupt()),
            None => SubjectId::from_text(contact.as_str())
                .map(|by| Audit::Created { contact: contact.clone(), by })
                .map_err(|_| corrupt()),
        }
    }
}

/// The error itself may show a value, so it is not kept.
fn json<T: Serialize + ?Sized>(value: &T) -> StoreResult<String> {
    let what = "a row cannot be written as JSON";
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt { what: what.into(), source: None })
}

/// What the plan wrote of a record to know it by is what is stored.
fn kept<T: Serialize>(record: &Kept<T>) -> StoreResult<Arc<str>> {
    record.json().map_or_else(|| Ok(json(&**record)?.into()), |written| Ok(Arc::clone(written)))
}

fn keys(keys: &[Key]) -> StoreResult<Keys> {
    if keys.is_empty() {
        return Ok(Keys::default());
    }
    let mut texts: Vec<String> = keys.iter().map(Key::to_text).collect();
    let json = Some(json(&texts)?);
    texts.sort_unstable();
    texts.dedup();
    Ok(Keys { texts, json })
}

fn decision(decision: &Decision, stands: bool) -> StoreResult<DecisionRow> {
    let (left, right, same) = match decision {
        Decision::Same(left, right) => (left, right, true),
        Decision::Different(left, right) => (left, right, false),
        _ => {
            let what = "this store does not know that kind of decision".into();
            return Err(StoreError::Unavailable { what, source: None });
        }
    };
    Ok(DecisionRow { pair: (left.clone(), right.clone()), same, stands })
}

fn each<'a, T, R>(rows: &'a [T], row: impl Fn(&'a T) -> StoreResult<R>) -> StoreResult<Vec<R>> {
    rows.iter().map(row).collect()
}

impl CommitRows {
    /// The rows of a commit.
    ///
    /// # Errors
    /// When something cannot be written as JSON.
    pub fn new(commit: &Commit) -> StoreResult<Self> {
        let changes = &commit.changes;
        let revoked = changes.revoked.iter().map(|made| decision(made, false));
        Ok(Self {
            sequence: changes.reads.sequence,
            is_numbered: commit.is_numbered(),
            planned_at: changes.planned_at.map(nanos),
            subjects: each(&changes.subjects, |change| {
                let subject = &change.row;
                let unsent = (!subject.unsent.is_empty()).then(|| json(&subject.unsent)).transpose()?;
                Ok(SubjectRow {
                    id: subject.id.clone(),
                    existed: change.existed,
                    contact: subject.contact.clone(),
                    flags: SubjectRow::flags(subject),
                    version: subject.version,
                    keys: keys(&subject.keys)?,
                    finds: keys(&subject.finds)?,
                    unsent,
                    gone: subject.gone,
                    body: kept(&subject.record)?,
                })
            })?,
            dropped: changes.dropped.clone(),
            contacts: each(&changes.contacts, |change| {
                Ok((change.row.id.clone(), change.existed, json(&change.row)?))
            })?,
            host_keys: each(&changes.host_keys, |(contact, held)| Ok((contact.clone(), keys(held)?.texts)))?,
            retired: commit.retired().map(|(from, into)| (from.clone(), into.cloned())).collect(),
            documents: each(&changes.documents, |change| {
                let document = &change.row;
                let names = NameRole::names(document).into_iter();
                Ok(DocumentRow {
                    id: document.id.clone(),
                    existed: change.existed,
                    version: document.version,
                    buyer: document.buyer.clone(),
                    recipient: document.recipient.clone(),
                    deleted: document.deleted,
                    gone: document.gone,
                    finds: keys(&document.finds)?,
                    ledger: document.ledger,
                    placed: document.placed().map(nanos),
                    names: names.map(|(role, name)| (role, name.to_owned())).collect(),
                    body: kept(&document.record)?,
                })
            })?,
            ledger: changes.ledger.clone(),
            entries: each(&changes.entries, |change| {
                let entry = &change.row;
                Ok(EntryRow {
                    id: entry.entry_id(),
                    existed: change.existed,
                    version: entry.version,
                    deleted: entry.deleted,
                    gone: entry.gone,
                    customer: entry.ticket().and_then(TicketRecord::customer).map(str::to_owned),
                    body: entry.record.as_ref().map(kept).transpose()?,
                })
            })?,
            decisions: revoked
                .chain(changes.decisions.iter().map(|made| decision(made, true)))
                .collect::<StoreResult<_>>()?,
            questioned: commit.questioned().into_iter().cloned().collect(),
            questions: each(&changes.conflicts, |conflict| {
                let (contact, field) = (conflict.contact.clone(), conflict.field.clone());
                Ok((contact, field, conflict.by.to_text(), json(conflict)?))
            })?,
            audit: each(&changes.audit, AuditRow::new)?,
            outbox: each(&changes.outbox, |entry| {
                Ok((entry.account.clone(), entry.push.reference().to_owned(), json(entry)?))
            })?,
            seen: changes.seen.clone(),
            links: commit.links.clone(),
            checkpoint: match &commit.checkpoint {
                Some((account, stream, checkpoint)) => Some((account.clone(), *stream, json(checkpoint)?)),
                None => None,
            },
            run: match &commit.run {
                Some(run) => Some((run.id, run.account.clone(), json(run)?)),
                None => None,
            },
            rejections: each(&commit.rejections, |rejection| Ok((rejection.run, json(rejection)?)))?,
            inbox: commit.inbox.clone(),
            pushed: commit.outbox.clone(),
            lease: commit.lease.clone(),
        })
    }
}
