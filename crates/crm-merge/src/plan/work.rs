//! What a plan works on: the part of the CRM that it sees, changed step by step, and the changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::Identity;
use time::OffsetDateTime;

use crate::change::{ChangeSet, Snapshot, Told};
use crate::model::{Contact, ContactId, DocumentId, Subject};
use crate::plan::told::Prepared;

/// What one incoming record does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    New,
    Changed,
    Unchanged,
    Stale,
}

pub(super) struct Work<'a> {
    pub(super) told: &'a Prepared,
    pub(super) view: Snapshot,
    pub(super) changes: ChangeSet,
    /// Records written in this plan, and whether they existed.
    pub(super) written: HashMap<SubjectId, bool>,
    /// Records whose content or keys changed: their contacts are made anew.
    pub(super) stirred: HashSet<SubjectId>,
    /// Documents written in this plan, and whether they existed.
    pub(super) documents: BTreeMap<DocumentId, bool>,
    pub(super) dropped: BTreeSet<SubjectId>,
    /// Incoming customers, and what each does.
    pub(super) customers: Vec<(&'a SubjectId, Effect)>,
    /// What each of the other incoming records does.
    pub(super) others: Vec<Effect>,
    /// How many removals changed something.
    pub(super) removed: u64,
    pub(super) pushed_from: Option<ContactId>,
    /// Where the records of this push belong.
    pub(super) pins: HashMap<SubjectId, ContactId>,
    /// When the records at hand were seen.
    pub(super) seen: OffsetDateTime,
    /// Contacts that people edited, as they were before.
    pub(super) edited: BTreeMap<ContactId, Option<Contact>>,
    /// Who holds, or held a moment ago, the key of another customer's id.
    pub(super) aliases: HashMap<Key, Vec<SubjectId>>,
}

impl<'a> Work<'a> {
    pub(super) fn new(told: &'a Prepared, view: Snapshot, now: OffsetDateTime) -> Self {
        let mut changes = ChangeSet { planned_at: Some(now), ..ChangeSet::default() };
        let reads = &mut changes.reads;
        reads.sequence = view.sequence;
        let want = told.wants();
        reads.subjects.clone_from(&want.subjects);
        reads.keys.clone_from(&want.keys);
        reads.documents.clone_from(&want.documents);
        reads.references.clone_from(&want.references);
        reads.contacts.clone_from(&want.contacts);
        let mut mentioned: Vec<&SubjectId> = want.mentioned.iter().collect();
        for told in &*want.told {
            match told {
                Told::Customer { id, keys, .. } => {
                    reads.subjects.insert(id.clone());
                    if !view.same.subjects.contains_key(id) {
                        reads.keys.extend(keys.iter().cloned());
                        reads.keys.insert(id.vendor_key());
                    }
                }
                Told::Document { id, names, subjects, mentioned: named, keys, .. } => {
                    reads.documents.insert(id.clone());
                    if !view.same.documents.contains_key(id) {
                        let names = names.iter().map(String::as_str).chain([&*id.id]);
                        reads.references.extend(names.map(|name| (id.account.clone(), name.to_owned())));
                        reads.subjects.extend(subjects.iter().cloned());
                        reads.keys.extend(keys.iter().cloned());
                        mentioned.extend(named);
                    }
                }
            }
        }
        for id in mentioned.into_iter().filter(|id| !view.known.contains(*id)) {
            reads.keys.insert(id.vendor_key());
            reads.subjects.insert(id.clone());
        }
        let mut aliases: HashMap<Key, Vec<SubjectId>> = HashMap::new();
        for (id, subject) in &view.subjects {
            put(&mut reads.subjects, id);
            for key in &subject.keys {
                put(&mut reads.keys, key);
                if matches!(key, Key::Vendor(_)) {
                    aliases.entry(key.clone()).or_default().push(id.clone());
                }
            }
            if id.kind == SubjectKind::Customer {
                reads.keys.insert(id.vendor_key());
            }
        }
        for (id, document) in &view.documents {
            put(&mut reads.documents, id);
            for name in document.names().chain(document.refers_to()) {
                reads.references.insert((id.account.clone(), name.to_owned()));
            }
        }
        reads.contacts.extend(view.contacts.keys().cloned());
        // It may have gone into another contact while the vendor answered.
        let pushed_from = told.batch.pushed_from.as_ref().map(|contact| view.heir(contact).clone());
        Self {
            told,
            view,
            changes,
            written: HashMap::new(),
            stirred: HashSet::new(),
            documents: BTreeMap::new(),
            dropped: BTreeSet::new(),
            customers: Vec::new(),
            others: Vec::new(),
            removed: 0,
            pushed_from,
            pins: HashMap::new(),
            seen: told.batch.seen_at.unwrap_or(now),
            edited: BTreeMap::new(),
            aliases,
        }
    }

    /// The smallest id of the records that hold the key of another customer's id and pass the test.
    pub(super) fn holder(&self, alias: &Key, passes: impl Fn(&SubjectId) -> bool) -> Option<SubjectId> {
        let holds = |id: &&SubjectId| {
            self.view.subjects.get(*id).is_some_and(|subject| subject.keys.contains(alias)) && passes(id)
        };
        self.aliases.get(alias)?.iter().filter(holds).min().cloned()
    }
}

/// Most of what was found was asked for: it is copied only where it was not.
fn put<T: Ord + Clone>(set: &mut BTreeSet<T>, item: &T) {
    if !set.contains(item) {
        set.insert(item.clone());
    }
}

/// Whether a record stands for somebody: nobody's records and bare removals do not.
pub(super) fn may_be_contact(subject: &Subject) -> bool {
    subject.record.identity != Identity::Nobody
        && !subject.record.test
        && !(subject.stub
            && subject.record.deleted
            && subject.record.raw_name.is_none()
            && subject.keys.is_empty())
}
