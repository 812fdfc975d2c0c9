//! Groups of a set of records: the whole of a small shop, or one connected component out of a store.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;

use super::engine::{Engine, GuardNode, IgnoreReason, NO_ATOM, Rule};
use super::engine::{Map, Set};
use super::key::{Key, KeyClass, VendorKey};
use super::rules::{IdentityRules, VendorScope};
use super::subject::{Guard, Subject, SubjectId, SubjectKind};
use crate::record::Account;

/// Why two records are in one group.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// The record that came, as an index into the subjects; its whole group came with it.
    pub subject: usize,
    /// The record that it met.
    pub to: usize,
    /// What joined them.
    pub rule: Rule,
    /// The key that they share; none for a person's word.
    pub key: Option<Key>,
}

/// The records that are one person.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The oldest record, which names the group.
    pub id: SubjectId,
    /// Indexes into the subjects, the oldest first.
    pub members: Vec<usize>,
    /// Every join, in the order in which they were made; one fewer than there are members.
    pub joins: Vec<Join>,
}

/// A key that did not join the records that hold it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Ignored {
    /// The key.
    pub key: Key,
    /// Why.
    pub reason: IgnoreReason,
    /// Indexes of the records: all holders of a shared key; else the refused record and the one that it met.
    pub subjects: Vec<usize>,
}

/// The groups of a set of records, and why.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// Every record is in exactly one group; the group of the oldest record comes first.
    pub groups: Vec<Group>,
    /// Keys that did not join what holds them.
    pub ignored: Vec<Ignored>,
    /// Keys that are shared, in ascending order.
    pub shared: Vec<Key>,
}

impl Resolution {
    /// The group of each subject, as an index into [`Resolution::groups`].
    pub fn group_of(&self) -> Vec<usize> {
        let len = self.groups.iter().map(|group| group.members.len()).sum();
        let mut of = vec![0; len];
        for (number, group) in self.groups.iter().enumerate() {
            for &member in &group.members {
                if let Some(slot) = of.get_mut(member) {
                    *slot = number;
                }
            }
        }
        of
    }
}

/// Numbers names in the order in which they come.
pub(super) struct Numbers<T>(pub(super) Map<T, u32>);

impl<T: Eq + std::hash::Hash> Numbers<T> {
    pub(super) fn new() -> Self {
        Self(Map::default())
    }

    pub(super) fn number(&mut self, name: T) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(name).or_insert(next)
    }
}

/// The id by which the vendor knows the person of a record: a customer's own, an order's customer.
pub(super) fn vendor_id_of(subject: &Subject) -> Option<(&Account, &Arc<str>)> {
    if subject.id.kind == SubjectKind::Customer {
        return Some((&subject.id.account, &subject.id.id));
    }
    subject.keys.iter().find_map(|key| match key {
        Key::Vendor(VendorKey { account, id }) => Some((account, id)),
        _ => None,
    })
}

/// Vendor, and the shop as far as vendor ids go.
fn scope<'a>(rules: &IdentityRules, account: &'a Account) -> (&'a str, &'a str) {
    let shop = match rules.vendor_scope {
        VendorScope::Account => account.id(),
        VendorScope::Vendor => "",
    };
    (account.vendor().as_str(), shop)
}

/// Groups records that are one person: forced links, then vendor ids, then the other keys in the order of the rules.
///
/// Inside a class, keys go in ascending order (a phone by its number, an e-mail by its text); inside a key, records
/// in canonical order, each into the first group that can take it. So the answer depends on the set of records and
/// rules alone, and a connected component gives the same groups alone as among all others. `shared` names keys that
/// are known to have more holders than the limit, though this slice may hold few of them.
///
/// Counting for the limits goes by customers: an order block of a known customer counts with that customer.
pub fn resolve<'s, S: std::hash::BuildHasher>(
    subjects: &'s [Subject],
    shared: &HashSet<Key, S>,
    rules: &IdentityRules,
) -> Resolution {
    // `order[rank]` is the index of the subject with that rank.
    let mut order: Vec<u32> = (0..subjects.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| match (subjects.get(a as usize), subjects.get(b as usize)) {
        (Some(a), Some(b)) => a.canonical().cmp(&b.canonical()),
        _ => std::cmp::Ordering::Equal,
    });
    let ranked = || {
        order
            .iter()
            .enumerate()
            .filter_map(|(rank, &index)| subjects.get(index as usize).map(|subject| (rank as u32, subject)))
    };
    let index = |rank: u32| order.get(rank as usize).map_or(0, |&index| index as usize);

    let mut engine = Engine::new(subjects.len(), rules.max_group);
    if !rules.forced_links.is_empty() || !rules.forced_splits.is_empty() {
        let ranks: Map<&SubjectId, u32> = ranked().map(|(rank, subject)| (&subject.id, rank)).collect();
        for (left, right) in &rules.forced_links {
            if let (Some(&left), Some(&right)) = (ranks.get(left), ranks.get(right)) {
                let (to, from) = (left.min(right), left.max(right));
                let _ = engine.join(from, to, 0, Rule::Forced);
            }
        }
        for (left, right) in &rules.forced_splits {
            if let (Some(&left), Some(&right)) = (ranks.get(left), ranks.get(right)) {
                engine.split(left, right);
            }
        }
    }

    let mut ignored = Vec::new();
    // Vendor ids: never limited, never guarded.
    let mut atoms = Numbers::new();
    let mut atom_of = vec![NO_ATOM; subjects.len()];
    let mut holders: Vec<(u32, u32)> = Vec::new();
    let mut vendor_keys: Vec<(&Account, &Arc<str>)> = Vec::new();
    for (rank, subject) in ranked() {
        let mut hold = |(account, id): (&'s Account, &'s Arc<str>)| {
            let number = atoms.number((scope(rules, account), &**id));
            if number as usize == vendor_keys.len() {
                vendor_keys.push((account, id));
            }
            holders.push((number, rank));
            number
        };
        let own = vendor_id_of(subject).map(&mut hold);
        for key in &subject.keys {
            if let Key::Vendor(VendorKey { account, id }) = key {
                hold((account, id));
            }
        }
        if let (Some(own), Some(slot)) = (own, atom_of.get_mut(rank as usize)) {
            *slot = own;
        }
    }
    holders.sort_unstable();
    holders.dedup();
    for pair in holders.windows(2) {
        if let [(key, to), (same, from)] = *pair
            && key == same
            && let Err(reason) = engine.join(from, to, key, Rule::VendorId)
            && let Some(&(account, id)) = vendor_keys.get(key as usize)
        {
            ignored.push(Ignored {
                key: Key::vendor(account, id),
                reason,
                subjects: vec![index(from), index(to)],
            });
        }
    }

    // Sizes and guards go by customers.
    let mut counted = Set::default();
    let mut guarded = Set::default();
    let mut accounts = Numbers::new();
    let mut branches = Numbers::new();
    for (rank, subject) in ranked() {
        let atom = atom_of.get(rank as usize).copied().unwrap_or(NO_ATOM);
        let root = engine.find(rank);
        if atom != NO_ATOM && !counted.insert((root, atom)) {
            engine.discount(rank);
        }
        let Some(guard) = &subject.guard else { continue };
        if atom != NO_ATOM && !guarded.insert((root, atom)) {
            continue;
        }
        let node = GuardNode {
            account: accounts.number(scope(rules, &subject.id.account)),
            branch: match guard {
                Guard::Account => 0,
                Guard::Branch(branch) => branches.number(&**branch) + 1,
            },
            atom,
        };
        if atom != NO_ATOM || node.branch != 0 {
            engine.guard(rank, node);
        }
    }

    let mut resolution = Resolution { ignored, ..Resolution::default() };
    let mut keys: Vec<&Key> = Vec::new();
    for &class in &rules.key_order {
        let rule = match class {
            KeyClass::VendorId => continue,
            KeyClass::Phone => Rule::Phone,
            KeyClass::Email => Rule::Email,
        };
        let mut held: Vec<(&Key, u32)> = Vec::new();
        for (rank, subject) in ranked() {
            held.extend(subject.keys.iter().filter(|key| key.class() == class).map(|key| (key, rank)));
        }
        held.sort_unstable();
        held.dedup();
        let mut ranks = Vec::new();
        for run in held.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(key, _)) = run.first() else { continue };
            let allowed = rules.allowed_shared.contains(key);
            let known = !allowed && shared.contains(key);
            let many = || {
                let mut seen: Set<(u32, u32)> = Set::default();
                for &(_, rank) in run {
                    let atom = atom_of.get(rank as usize).copied().unwrap_or(NO_ATOM);
                    seen.insert(if atom == NO_ATOM { (NO_ATOM, rank) } else { (atom, 0) });
                }
                seen.len() > rules.max_key_holders as usize
            };
            // Two customers of one account with one stand-in.
            let crowded = || {
                let mut seen: Map<(&str, &str), (u32, u32)> = Map::default();
                run.iter().any(|&(_, rank)| {
                    let Some(subject) = subjects.get(index(rank)) else { return false };
                    let account = scope(rules, &subject.id.account);
                    let atom = atom_of.get(rank as usize).copied().unwrap_or(NO_ATOM);
                    let customer = if atom == NO_ATOM { (NO_ATOM, rank) } else { (atom, 0) };
                    *seen.entry(account).or_insert(customer) != customer
                })
            };
            if known
                || !allowed && run.len() > rules.max_key_holders as usize && many()
                || !allowed && run.len() > 1 && rules.is_weak(key) && crowded()
            {
                resolution.shared.push(key.clone());
                resolution.ignored.push(Ignored {
                    key: key.clone(),
                    reason: IgnoreReason::Shared,
                    subjects: run.iter().map(|&(_, rank)| index(rank)).collect(),
                });
                continue;
            }
            ranks.clear();
            ranks.extend(run.iter().filter_map(|&(_, rank)| {
                let subject = subjects.get(index(rank))?;
                rules.uses(subject.id.vendor(), class).then_some(rank)
            }));
            if ranks.len() < 2 {
                continue;
            }
            let number = keys.len() as u32;
            keys.push(key);
            let ignored = &mut resolution.ignored;
            engine.join_key(&ranks, number, rule, |from, to, reason| {
                ignored.push(Ignored { key: key.clone(), reason, subjects: vec![index(from), index(to)] });
            });
        }
    }
    resolution.shared.sort_unstable();

    // Ranks ascend, so a group's first member is its oldest record and its root.
    let mut group_of_root: Map<u32, usize> = Map::default();
    for (rank, subject) in ranked() {
        let root = engine.find(rank);
        let number = *group_of_root.entry(root).or_insert_with(|| {
            resolution.groups.push(Group { id: subject.id.clone(), members: Vec::new(), joins: Vec::new() });
            resolution.groups.len() - 1
        });
        if let Some(group) = resolution.groups.get_mut(number) {
            group.members.push(index(rank));
        }
    }
    for join in std::mem::take(&mut engine.joins) {
        let root = engine.find(join.from);
        let key = match join.rule {
            Rule::Forced => None,
            Rule::VendorId => {
                vendor_keys.get(join.key as usize).map(|&(account, id)| Key::vendor(account, id))
            }
            Rule::Phone | Rule::Email => keys.get(join.key as usize).map(|&key| key.clone()),
        };
        if let Some(group) = group_of_root.get(&root).and_then(|&number| resolution.groups.get_mut(number)) {
            group.joins.push(Join { subject: index(join.from), to: index(join.to), rule: join.rule, key });
        }
    }
    resolution
}
