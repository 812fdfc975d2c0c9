//! Contacts that may be the same person, over a whole CRM.
//!
//! The rules join what they may join by themselves. What is left are contacts that share a number or an address all the
//! same: two of the host's own, two customers of a shop that keeps its customers apart, records that a guard held back.
//! A suggestion names them; a person decides, and may take it back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pos_core::identity::{Key, SubjectId};

use crate::model::{Contact, ContactId, Decision};
use crate::plan::host_keys;
use crate::rules::Rules;

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
}

impl<'a> Suggestions<'a> {
    /// Nothing yet.
    pub fn new(rules: &'a Rules) -> Self {
        Self { rules, contacts: Vec::new(), records: HashMap::new(), holders: BTreeMap::new() }
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

    /// The suggestions, in the order of their first contacts. A key that more contacts hold than the rules allow
    /// suggests nothing, and neither does a stand-in mailbox.
    pub fn finish(self) -> Vec<Suggestion> {
        let limit = self.rules.identity.max_key_holders as usize;
        let mut parent: Vec<usize> = (0..self.contacts.len()).collect();
        fn root(parent: &mut [usize], mut at: usize) -> usize {
            while parent[at] != at {
                parent[at] = parent[parent[at]];
                at = parent[at];
            }
            at
        }
        let shared: Vec<(&Key, &Vec<usize>)> =
            self.holders.iter().filter(|(_, holders)| holders.len() > 1 && holders.len() <= limit).collect();
        for (_, holders) in &shared {
            for pair in holders.windows(2) {
                let (left, right) = (root(&mut parent, pair[0]), root(&mut parent, pair[1]));
                parent[left.max(right)] = left.min(right);
            }
        }
        let mut groups: BTreeMap<usize, (BTreeSet<usize>, BTreeSet<Key>)> = BTreeMap::new();
        for (key, holders) in shared {
            let group = groups.entry(root(&mut parent, holders[0])).or_default();
            group.0.extend(holders);
            group.1.insert(key.clone());
        }
        let mut suggestions: Vec<Suggestion> = groups
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
