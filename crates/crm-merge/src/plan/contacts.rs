//! Makes the contacts anew whose records, rules or typed values changed, and says what became of those without records.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use pos_core::identity::{SubjectId, SubjectKind};
use pos_core::merge::Source;

use crate::change::{Audit, Change, Redirect, Snapshot};
use crate::fields::kind_of;
use crate::model::{Contact, ContactId, FieldValue, Subject};
use crate::plan::bind::Bound;
use crate::plan::work::Work;
use crate::project::{canonical, project};
use crate::rules::{Rules, host_keys};

/// What people typed into contacts that went into another one, by that one.
type Inherited = BTreeMap<ContactId, Vec<BTreeMap<String, FieldValue>>>;

impl Work<'_> {
    pub(super) fn contacts(&mut self, bound: &Bound) {
        let left = &bound.left;
        let (view, changes) = (&self.view, &mut self.changes);
        let members = members(view, self.edited.keys(), &bound.touched);
        let target = |id: &SubjectId| view.subjects.get(id).and_then(|subject| subject.contact.as_ref());
        let moved: HashSet<&SubjectId> = left.values().flatten().collect();
        // Their sums are others now, though the contacts may read as before.
        let regrouped: HashSet<&ContactId> =
            left.keys().chain(moved.iter().filter_map(|id| target(id))).collect();
        let mut inherited = Inherited::new();
        for (from, records) in left {
            if members.contains_key(from) {
                for into in records.iter().filter_map(target).collect::<BTreeSet<_>>() {
                    let went = records.iter().filter(|id| target(id) == Some(into)).cloned().collect();
                    let (from, into) = (from.clone(), into.clone());
                    changes.audit.push(Audit::Split { from, into, records: went });
                }
                continue;
            }
            let Some(contact) = view.contacts.get(from).filter(|contact| !contact.host_made) else {
                continue;
            };
            // The record that named the contact says where its id leads now.
            let heir = records.iter().find(|id| ContactId::from(*id) == *from).or(records.first());
            match heir.and_then(target) {
                Some(into) => {
                    if !contact.typed.is_empty() {
                        inherited.entry(into.clone()).or_default().push(contact.typed.clone());
                    }
                    let redirect = Redirect { from: from.clone(), into: into.clone() };
                    changes
                        .audit
                        .push(Audit::Merged { from: redirect.from.clone(), into: redirect.into.clone() });
                    changes.redirects.push(redirect);
                }
                None => changes.emptied.push(from.clone()),
            }
        }
        let mut unsent: Vec<(SubjectId, BTreeSet<String>)> = Vec::new();
        let rules = &*self.told.rules;
        for (id, records) in members {
            let known = view.contacts.get(id);
            let before = match self.edited.get(id) {
                Some(before) => before.as_ref(),
                None => known,
            };
            let mut basis = known.map(Cow::Borrowed);
            for typed in inherited.remove(id).unwrap_or_default() {
                let basis = basis.get_or_insert_with(|| Cow::Owned(Contact::synced(id.clone()))).to_mut();
                for (field, value) in typed {
                    let later = basis.typed.get(&field).is_none_or(|known| known.at < value.at);
                    if later {
                        basis.typed.insert(field, value);
                    }
                }
            }
            let contact = project(id, basis.as_deref(), &records, rules, &mut changes.conflicts);
            if before.is_some_and(|before| before.is_same(&contact)) && !regrouped.contains(id) {
                continue;
            }
            if contact.host_made {
                changes.host_keys.push((id.clone(), host_keys(&contact, rules)));
            }
            match before {
                Some(before) => {
                    let fields = changed_fields(before, &contact);
                    let was_there = |subject: &&&Subject| {
                        self.written.get(&subject.id) != Some(&false) && !moved.contains(&subject.id)
                    };
                    let records = records.iter().filter(was_there).copied();
                    note_unsent(&fields, &contact, records, rules, &mut unsent);
                    if !fields.is_empty() || !before.is_same(&contact) {
                        changes.audit.push(Audit::Updated { contact: id.clone(), fields });
                    }
                    changes.contacts.push(Change::changed(contact));
                }
                None => {
                    if let Some(first) = records.first() {
                        changes.audit.push(Audit::Created { contact: id.clone(), by: first.id.clone() });
                    }
                    changes.contacts.push(Change::new(contact));
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
}

/// The contacts that are to be made anew, with their records in canonical order.
fn members<'a>(
    view: &'a Snapshot,
    edited: impl Iterator<Item = &'a ContactId>,
    touched: &HashSet<ContactId>,
) -> BTreeMap<&'a ContactId, Vec<&'a Subject>> {
    let bound = view.subjects.values().filter_map(|subject| {
        let contact = subject.contact.as_ref().filter(|contact| touched.contains(*contact))?;
        Some((contact, subject))
    });
    let mut bound: Vec<(&ContactId, &Subject)> = bound.collect();
    bound.sort_by(|a, b| a.0.cmp(b.0).then_with(|| canonical(a.1).cmp(&canonical(b.1))));
    let groups = bound.chunk_by(|a, b| a.0 == b.0).filter_map(|group| {
        let (contact, _) = group.first()?;
        Some((*contact, group.iter().map(|(_, subject)| *subject).collect()))
    });
    let mut members: BTreeMap<&ContactId, Vec<&Subject>> = groups.collect();
    for id in edited {
        if view.contacts.get(id).is_some_and(|contact| contact.host_made) {
            members.entry(id).or_default();
        }
    }
    members
}

/// Notes for every customer of a contact which of the changed fields its shop was not told yet: all, unless the shop
/// itself says so.
///
/// `records` are those that belonged to it before: one that has only just come agrees with what it found.
fn note_unsent<'a>(
    changed: &[String],
    after: &Contact,
    records: impl Iterator<Item = &'a Subject>,
    rules: &Rules,
    unsent: &mut Vec<(SubjectId, BTreeSet<String>)>,
) {
    if changed.is_empty() {
        return;
    }
    for subject in records {
        if subject.id.kind != SubjectKind::Customer || subject.stub {
            continue;
        }
        let said = rules.of(&subject.id).mapping.fields(&subject.record, &subject.keys);
        let mut fields = subject.unsent.clone();
        for field in changed {
            let said = said.iter().find(|(name, _)| name == field).map(|(_, value)| value);
            let agrees = match (after.fields.get(field), said) {
                (Some(field_value), Some(said)) => kind_of(field).alike(&field_value.value, said),
                (value, said) => value.is_none() && said.is_none(),
            };
            if agrees {
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
    contact.fields.get(field).is_some_and(|value| matches!(&value.by, Source::Record(by) if by == id))
}

fn changed_fields(before: &Contact, after: &Contact) -> Vec<String> {
    let names: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    let is_changed = |name: &&String| match (before.fields.get(*name), after.fields.get(*name)) {
        (Some(before), Some(after)) => !before.is_same(name, after),
        (before, after) => before.is_some() || after.is_some(),
    };
    names.into_iter().filter(is_changed).cloned().collect()
}
