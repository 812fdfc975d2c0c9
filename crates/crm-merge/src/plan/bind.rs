//! Finds the groups of records that are one person, and binds each to a contact.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use pos_core::identity::{self, Key, Resolution, SubjectId, SubjectKind};
use pos_core::record::Account;
use time::OffsetDateTime;

use crate::change::{Audit, KeyHint, LinkReason};
use crate::model::{Contact, ContactId, Decision, Role, Subject};
use crate::plan::work::{Work, may_be_contact};
use crate::rules::host_keys;

/// What binding did to contacts.
#[derive(Default)]
pub(super) struct Bound {
    /// They have to be made anew.
    pub(super) touched: HashSet<ContactId>,
    /// Records that left them.
    pub(super) left: BTreeMap<ContactId, Vec<SubjectId>>,
}

/// The contacts that the host made, by their keys.
type Hosts = HashMap<Key, Vec<ContactId>>;

impl Work<'_> {
    /// Binds the groups, as far as anything that was taken in can have moved them.
    pub(super) fn bind(&mut self) -> Bound {
        let mut bound = Bound { touched: self.edited.keys().cloned().collect(), ..Bound::default() };
        if self.stirred.is_empty() {
            return bound;
        }
        let ids = self.people();
        let resolution = self.groups(&ids);
        self.view.shared.extend(resolution.shared.iter().cloned());
        self.report_ignored(&ids, &resolution);
        let hosts = self.hosts();
        for group in &resolution.groups {
            let members: Vec<SubjectId> =
                group.members.iter().filter_map(|at| ids.get(*at).cloned()).collect();
            let stirred = members.iter().any(|id| self.stirred.contains(id));
            let target = self.target(&group.id, &members, stirred, &hosts);
            if stirred {
                bound.touched.insert(target.clone());
            }
            for (position, id) in members.iter().enumerate() {
                let Some(subject) = self.view.subjects.get_mut(id) else { continue };
                if subject.contact.as_ref() == Some(&target) {
                    continue;
                }
                let before = subject.contact.replace(target.clone());
                let existed = *self.written.entry(id.clone()).or_insert(true);
                bound.touched.insert(target.clone());
                if let Some(before) = before {
                    bound.touched.insert(before.clone());
                    bound.left.entry(before).or_default().push(id.clone());
                } else if (position > 0 || self.view.contacts.contains_key(&target))
                    && let Some(why) = self.why(group, &ids, id, &members, existed)
                {
                    let (contact, record) = (target.clone(), id.clone());
                    self.changes.audit.push(Audit::Linked { contact, record, why });
                }
            }
        }
        // Records that are nobody any more leave their contact.
        let is_nobody = |id: &&SubjectId| self.view.subjects.get(*id).is_some_and(|one| !may_be_contact(one));
        let nobody: BTreeSet<&SubjectId> = self.stirred.iter().filter(is_nobody).collect();
        for id in nobody {
            if let Some(before) = self.view.subjects.get_mut(id).and_then(|subject| subject.contact.take()) {
                self.written.entry(id.clone()).or_insert(true);
                bound.touched.insert(before.clone());
                bound.left.entry(before).or_default().push(id.clone());
            }
        }
        bound
    }

    /// Records that stand for somebody, in canonical order.
    fn people(&self) -> Vec<SubjectId> {
        let created = |subject: &Subject| {
            let created = subject.record.created_at.filter(|_| !subject.stub);
            created.map_or((true, 0), |at| (false, at.unix_timestamp_nanos()))
        };
        let people = self.view.subjects.values().filter(|subject| may_be_contact(subject));
        let mut people: Vec<_> = people.map(|subject| (created(subject), &subject.id)).collect();
        people.sort_unstable();
        people.into_iter().map(|(_, id)| id.clone()).collect()
    }

    fn groups(&self, ids: &[SubjectId]) -> Resolution {
        let rules = &*self.told.rules;
        let identity = &rules.identity;
        let mut subjects: Vec<identity::Subject> = ids
            .iter()
            .filter_map(|id| self.view.subjects.get(id))
            .map(|subject| {
                let mut seen = identity::Subject::new(subject.id.clone());
                seen.created_at = if subject.stub { None } else { subject.record.created_at };
                seen.keys = subject.keys.clone();
                seen.guard = rules.guard(&subject.id, subject.record.branch_id.as_deref());
                seen
            })
            .collect();
        let mut shared = Cow::Borrowed(&self.view.shared);
        let mut rules = Cow::Borrowed(identity);
        for decision in &self.view.decisions {
            let rules = rules.to_mut();
            match decision {
                Decision::Same(a, b) => rules.forced_links.push((a.clone(), b.clone())),
                Decision::Different(a, b) => rules.forced_splits.push((a.clone(), b.clone())),
            }
        }
        if subjects.iter().any(is_guest) {
            let attached = self.attach(&mut subjects, shared.to_mut(), &rules);
            if !attached.is_empty() {
                rules.to_mut().forced_links.extend(attached);
            }
        }
        identity::resolve(&subjects, &*shared, &rules)
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
        let mut holders: HashMap<&Key, HashSet<Person<'_>>> = HashMap::new();
        let mut customers: HashMap<&Key, Vec<&SubjectId>> = HashMap::new();
        for subject in &*subjects {
            let person = Person::of(subject);
            for key in subject.keys.iter().filter(|key| !matches!(key, Key::Vendor(_))) {
                holders.entry(key).or_default().insert(person);
                if subject.id.kind == SubjectKind::Customer {
                    customers.entry(key).or_default().push(&subject.id);
                }
            }
        }
        let most = rules.max_key_holders as usize;
        let many = holders
            .into_iter()
            .filter(|(key, people)| people.len() > most && !rules.allowed_shared.contains(*key));
        shared.extend(many.map(|(key, _)| key.clone()));
        let mut pairs = Vec::new();
        let mut kept: Vec<(usize, Option<Key>)> = Vec::new();
        for (at, guest) in subjects.iter().enumerate().filter(|(_, subject)| is_guest(subject)) {
            let mut usable = guest.keys.iter().filter(|key| !shared.contains(*key));
            let first = usable.clone().next();
            let chosen = usable.find(|key| customers.contains_key(*key)).or(first);
            if let Some(key) = chosen
                && let Some(held) = customers.get(key).filter(|held| held.len() > 1)
                && let Some(agreeing) = self.agreeing(&guest.id, &guest.keys, key, held)
            {
                pairs.push((guest.id.clone(), agreeing));
            }
            if guest.keys.len() > 1 {
                kept.push((at, chosen.cloned()));
            }
        }
        for (at, chosen) in kept {
            // Shared keys stay: they are reported as what they are.
            if let Some(guest) = subjects.get_mut(at) {
                guest
                    .keys
                    .retain(|key| chosen.as_ref().is_none_or(|chosen| chosen == key) || shared.contains(key));
            }
        }
        pairs
    }

    /// The one customer of several whose name or other keys agree with a guest's.
    fn agreeing(
        &self,
        guest: &SubjectId,
        keys: &[Key],
        chosen: &Key,
        held: &[&SubjectId],
    ) -> Option<SubjectId> {
        let name = self.view.subjects.get(guest).and_then(|subject| subject.record.name.as_deref());
        let agrees = |id: &&&SubjectId| {
            let Some(customer) = self.view.subjects.get(**id) else { return false };
            let shares = keys.iter().any(|key| key != chosen && customer.keys.contains(key));
            shares
                || name.is_some_and(|name| {
                    customer.record.name.as_deref().is_some_and(|other| same_name(name, other))
                })
        };
        let mut found = held.iter().filter(agrees);
        let one = found.next()?;
        found.next().is_none().then(|| (*one).clone())
    }

    fn report_ignored(&mut self, ids: &[SubjectId], resolution: &Resolution) {
        for ignored in &resolution.ignored {
            let records = || ignored.subjects.iter().filter_map(|at| ids.get(*at));
            if records().any(|id| self.written.contains_key(id)) {
                let (key, why) = (KeyHint::of(&ignored.key), ignored.reason);
                let records = records().take(4).cloned().collect();
                self.changes.audit.push(Audit::Ignored { key, why, records });
            }
        }
    }

    /// The contact of a group: the one that a push or a person pinned, the host's own that it is bound to or that its
    /// keys find, else the group's own, named by its oldest record.
    fn target(
        &mut self,
        group: &SubjectId,
        members: &[SubjectId],
        stirred: bool,
        hosts: &Hosts,
    ) -> ContactId {
        if let Some(contact) = members.iter().find_map(|id| self.pins.get(id)) {
            return contact.clone();
        }
        let subjects: Vec<&Subject> = members.iter().filter_map(|id| self.view.subjects.get(id)).collect();
        let mut pinned = subjects.iter().filter(|subject| subject.pinned);
        if let Some(contact) = pinned.find_map(|subject| subject.contact.as_ref()) {
            return contact.clone();
        }
        let host_made =
            |id: &&ContactId| self.view.contacts.get(*id).is_some_and(|contact| contact.host_made);
        // Where a guest is says nothing about a customer.
        let only_guests = subjects.iter().all(|subject| subject.id.kind != SubjectKind::Customer);
        let says = |subject: &&&Subject| only_guests || subject.id.kind == SubjectKind::Customer;
        let mut bound = subjects.iter().filter(says).filter_map(|subject| subject.contact.as_ref());
        if let Some(contact) = bound.find(host_made) {
            return contact.clone();
        }
        if stirred && !hosts.is_empty() {
            let keys: Vec<&Key> = subjects.iter().filter(says).flat_map(|subject| &subject.keys).collect();
            let mut found = self.host_matches(members, &keys, hosts).into_iter();
            if let Some(chosen) = found.next() {
                for other in found {
                    self.changes.audit.push(Audit::Suspected { contact: chosen.clone(), other });
                }
                return chosen;
            }
        }
        ContactId::from(group)
    }

    fn hosts(&self) -> Hosts {
        let mut hosts = Hosts::new();
        for contact in self.view.contacts.values().filter(|contact| contact.host_made) {
            for key in host_keys(contact, &self.told.rules) {
                hosts.entry(key).or_default().push(contact.id.clone());
            }
        }
        hosts
    }

    /// The host's contacts that a group's keys find: phone before e-mail, the wanted role first, then the oldest.
    fn host_matches(&self, members: &[SubjectId], keys: &[&Key], hosts: &Hosts) -> Vec<ContactId> {
        let rules = &*self.told.rules;
        let usable = keys
            .iter()
            .filter(|key| !matches!(key, Key::Vendor(_)) && !self.view.shared.contains(**key))
            // A stand-in mailbox is typed for many: it tells nothing about one.
            .filter(|key| !rules.identity.is_weak(key));
        let mut classes: BTreeMap<&ContactId, identity::KeyClass> = BTreeMap::new();
        for key in usable {
            for id in hosts.get(*key).into_iter().flatten() {
                let class = classes.entry(id).or_insert(key.class());
                *class = key.class().min(*class);
            }
        }
        let Some(first) = members.first().filter(|_| !classes.is_empty()) else { return Vec::new() };
        let role: &Role = &rules.of(first).role;
        let found = classes.into_iter().filter_map(|(id, class)| {
            let contact = self.view.contacts.get(id).filter(|contact| !self.is_taken(contact, members))?;
            Some((class, contact.role != *role, contact.created_at, id))
        });
        let found: BTreeSet<(_, bool, Option<OffsetDateTime>, &ContactId)> = found.collect();
        found.into_iter().map(|(_, _, _, id)| id.clone()).collect()
    }

    /// Whether a guarded account has another customer at this contact already.
    fn is_taken(&self, contact: &Contact, members: &[SubjectId]) -> bool {
        let rules = &*self.told.rules;
        let guarded = |id: &SubjectId| id.kind == SubjectKind::Customer && rules.is_guarded(id);
        members.iter().filter(|id| guarded(id)).any(|id| {
            self.view.subjects.values().any(|other| {
                other.contact.as_ref() == Some(&contact.id)
                    && guarded(&other.id)
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
        let subject = self.view.subjects.get(id)?;
        if subject.pinned {
            return Some(LinkReason::Pushed);
        }
        let join = group.joins.iter().find(|join| {
            ids.get(join.subject) == Some(id) || (ids.get(join.to) == Some(id) && members.len() == 2)
        });
        let Some(join) = join else {
            // Nothing joined it to another record: the host's own contact was found by a key.
            let key = subject.keys.first().filter(|_| !existed)?;
            return Some(LinkReason::Key { class: key.class(), with: None });
        };
        let other = if ids.get(join.subject) == Some(id) { join.to } else { join.subject };
        let with = ids.get(other).cloned();
        match &join.key {
            Some(key) => Some(LinkReason::Key { class: key.class(), with }),
            // A guest of several possible customers goes to the one that agrees.
            None if id.kind != SubjectKind::Customer
                && !self.view.decisions.iter().any(|decision| decision.names(id)) =>
            {
                Some(LinkReason::Key { class: subject.keys.first()?.class(), with })
            }
            None => Some(LinkReason::Decided),
        }
    }
}

/// Whom a record stands for, as holders of a key are counted: a customer by its own id, an order's block by the customer
/// that it names, and a guest by its document.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Person<'a> {
    account: &'a Account,
    id: &'a str,
    guest: Option<SubjectKind>,
}

impl<'a> Person<'a> {
    fn of(subject: &'a identity::Subject) -> Self {
        let SubjectId { account, kind, id } = &subject.id;
        let named = subject.keys.iter().find_map(|key| match key {
            Key::Vendor(key) if *kind != SubjectKind::Customer => Some(key),
            _ => None,
        });
        let guest = Some(*kind).filter(|kind| *kind != SubjectKind::Customer);
        match named {
            Some(key) => Self { account: &key.account, id: &key.id, guest: None },
            None => Self { account, id, guest },
        }
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
