//! Contacts that may be the same person, over a whole CRM.
//!
//! The rules join what they may join by themselves. What is left are contacts that share a number or an address all the
//! same: two of the host's own, two customers of a shop that keeps its customers apart, records that a guard held back.
//! A suggestion names them; a person decides, and may take it back. What is decided is not asked again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pos_core::identity::{Key, SubjectId};

use crate::model::{Contact, ContactId, Decision};
use crate::rules::{Rules, host_keys};

/// Contacts that may be the same person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// The contacts, in the order of their ids.
    pub contacts: Vec<ContactId>,
    /// What they share.
    pub keys: Vec<Key>,
    /// What to decide so that they become one. A contact that the host made and that no record belongs to cannot be
    /// joined this way; the host merges it by itself.
    pub decisions: Vec<Decision>,
}

/// Gathers contacts and says which of them may be the same person. The order in which they come does not matter.
///
/// Memory grows with the number of distinct keys and contacts, about 150 bytes each; for millions of raw rows see
/// [`pos_core::identity::Clustering`].
#[derive(Debug)]
pub struct Suggestions<'a> {
    rules: &'a Rules,
    contacts: Vec<ContactId>,
    records: HashMap<usize, SubjectId>,
    holders: BTreeMap<Key, Vec<usize>>,
    decided: BTreeSet<(ContactId, ContactId)>,
}

impl<'a> Suggestions<'a> {
    /// Nothing yet.
    pub fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            contacts: Vec::new(),
            records: HashMap::new(),
            holders: BTreeMap::new(),
            decided: BTreeSet::new(),
        }
    }

    /// Adds a contact, and one of its records if it has any.
    pub fn push(&mut self, contact: &Contact, record: Option<SubjectId>) {
        let number = self.contacts.len();
        self.contacts.push(contact.id.clone());
        if let Some(record) = record.or_else(|| SubjectId::from_text(contact.id.as_str()).ok()) {
            self.records.insert(number, record);
        }
        for key in host_keys(contact, self.rules).into_iter().filter(|key| !self.rules.identity.is_weak(key))
        {
            let holders = self.holders.entry(key).or_default();
            if holders.last() != Some(&number) {
                holders.push(number);
            }
        }
    }

    /// Keys that several contacts hold, and not too many.
    fn shared(&self) -> impl Iterator<Item = (&Key, &Vec<usize>)> {
        let most = self.rules.identity.max_key_holders as usize;
        self.holders.iter().filter(move |(_, holders)| holders.len() > 1 && holders.len() <= most)
    }

    /// The records of contacts that may be suggested: the decisions about them, and about the other records of their
    /// contacts, are to be told before the end.
    pub fn candidates(&self) -> Vec<SubjectId> {
        let numbers: BTreeSet<&usize> = self.shared().flat_map(|(_, holders)| holders).collect();
        numbers.into_iter().filter_map(|number| self.records.get(number)).cloned().collect()
    }

    /// Tells that a person decided about these two contacts already: no suggestion holds both.
    pub fn decided(&mut self, one: &ContactId, other: &ContactId) {
        let (one, other) = if one <= other { (one, other) } else { (other, one) };
        self.decided.insert((one.clone(), other.clone()));
    }

    /// The suggestions, in the order of their first contacts. A key that more contacts hold than the rules allow
    /// suggests nothing, and neither does a stand-in mailbox.
    pub fn finish(self) -> Vec<Suggestion> {
        let numbers: HashMap<&ContactId, usize> =
            if self.decided.is_empty() { HashMap::new() } else { self.contacts.iter().zip(0..).collect() };
        let mut groups = Groups::of(self.contacts.len());
        for (one, other) in &self.decided {
            if let (Some(one), Some(other)) = (numbers.get(one), numbers.get(other)) {
                groups.keep_apart(*one, *other);
            }
        }
        for (_, holders) in self.shared() {
            // What comes of pairs that are kept apart depends on who comes first.
            let mut holders = holders.clone();
            holders.sort_by_key(|number| &self.contacts[*number]);
            for (at, one) in holders.iter().enumerate() {
                for other in &holders[at + 1..] {
                    groups.join(*one, *other);
                }
            }
        }
        let mut found: BTreeMap<usize, (BTreeSet<usize>, BTreeSet<Key>)> = BTreeMap::new();
        for (key, holders) in self.shared() {
            let roots: Vec<usize> = holders.iter().map(|number| groups.root(*number)).collect();
            for (number, root) in holders.iter().zip(&roots) {
                if roots.iter().filter(|other| *other == root).count() > 1 {
                    let group = found.entry(*root).or_default();
                    group.0.insert(*number);
                    group.1.insert(key.clone());
                }
            }
        }
        let mut suggestions: Vec<Suggestion> = found
            .into_values()
            .map(|(members, keys)| {
                let mut records: Vec<&SubjectId> =
                    members.iter().filter_map(|member| self.records.get(member)).collect();
                records.sort();
                let decisions =
                    records.windows(2).map(|pair| Decision::Same(pair[0].clone(), pair[1].clone())).collect();
                let mut contacts: Vec<ContactId> =
                    members.iter().filter_map(|member| self.contacts.get(*member).cloned()).collect();
                contacts.sort();
                Suggestion { contacts, keys: keys.into_iter().collect(), decisions }
            })
            .collect();
        suggestions.sort_by(|a, b| a.contacts.cmp(&b.contacts));
        suggestions
    }
}

/// Groups that grow together, but for those that are kept apart.
struct Groups {
    parent: Vec<usize>,
    /// Members that a group may not have, by its root.
    apart: HashMap<usize, Vec<usize>>,
}

impl Groups {
    fn of(count: usize) -> Self {
        Self { parent: (0..count).collect(), apart: HashMap::new() }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    /// Before the first two are joined.
    fn keep_apart(&mut self, one: usize, other: usize) {
        self.apart.entry(one).or_default().push(other);
        self.apart.entry(other).or_default().push(one);
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let strangers = self.apart.get(&one).cloned().unwrap_or_default();
        if one == other || strangers.into_iter().any(|stranger| self.root(stranger) == other) {
            return;
        }
        let (root, child) = (one.min(other), one.max(other));
        self.parent[child] = root;
        if let Some(strangers) = self.apart.remove(&child) {
            self.apart.entry(root).or_default().extend(strangers);
        }
    }
}
