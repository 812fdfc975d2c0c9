//! Groups kept up to date in memory while records come, change and go.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;

use super::engine::{Engine, GuardNode, Map, NO_ATOM, Rule, Set};
use super::key::{Key, KeyClass, VendorKey};
use super::resolve::{Ignored, Join, resolve, vendor_id_of};
use super::rules::{IdentityRules, IdentityRulesError, VendorScope};
use super::subject::{Guard, Subject, SubjectId};
use crate::record::Account;

/// What a change did to groups that existed before it.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum GroupEvent {
    /// A group has become part of another, or has got an older record and with it a new name.
    Merged {
        /// The name that is retired; it redirects from now on.
        from: SubjectId,
        /// The group that holds its records now.
        into: SubjectId,
    },
    /// Some records have left a group.
    Split {
        /// The group that they were in.
        from: SubjectId,
        /// The group that they are in now.
        into: SubjectId,
        /// The records, the oldest first.
        records: Vec<SubjectId>,
    },
}

/// What became of one change.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The group of the record that changed; none after a removal or when no single record changed.
    pub group: Option<SubjectId>,
    /// What happened to other groups, in ascending order.
    pub events: Vec<GroupEvent>,
}

/// Why a record is in its group.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The group.
    pub group: SubjectId,
    /// Its records, the oldest first. The numbers in `joins` and `ignored` are indexes into `records`.
    pub members: Vec<usize>,
    /// Every join that made the group.
    pub joins: Vec<Join>,
    /// Keys of its records that joined nothing, or not everything, and why.
    pub ignored: Vec<Ignored>,
    /// All records that are named, those of the group and those that did not join it.
    pub records: Vec<SubjectId>,
}

#[derive(Clone, Debug)]
struct Record {
    subject: Subject,
    /// Numbers of its keys, ascending, each once. Its own vendor id is among them.
    keys: Vec<u32>,
    /// Number of the vendor id.
    atom: u32,
    /// Number of the account.
    account: u32,
    guard: Option<GuardNode>,
    /// Number of the oldest record of its group.
    group: u32,
}

#[derive(Clone, Debug)]
struct KeyEntry {
    key: Key,
    /// Numbers of the records that hold it.
    holders: Vec<u32>,
    /// Where in `holders` a record stands. Kept once there are many.
    places: Map<u32, u32>,
    /// How many holders each customer has. Kept once there are more holders than the limit.
    customers: Map<u64, u32>,
    /// Kept for weak keys.
    weak: Option<Box<Weak>>,
}

/// Who holds a weak key.
#[derive(Clone, Debug, Default)]
struct Weak {
    /// How many holders each customer has.
    holders: Map<u64, u32>,
    /// How many customers of each account hold it.
    accounts: Map<u32, u32>,
    /// How many accounts have several.
    crowded: u32,
}

impl Weak {
    fn add(&mut self, customer: u64, account: u32) {
        let holders = self.holders.entry(customer).or_insert(0);
        *holders += 1;
        if *holders == 1 {
            let customers = self.accounts.entry(account).or_insert(0);
            *customers += 1;
            self.crowded += u32::from(*customers == 2);
        }
    }

    fn remove(&mut self, customer: u64, account: u32) {
        let Some(holders) = self.holders.get_mut(&customer) else { return };
        *holders -= 1;
        if *holders > 0 {
            return;
        }
        self.holders.remove(&customer);
        let Some(customers) = self.accounts.get_mut(&account) else { return };
        *customers -= 1;
        self.crowded -= u32::from(*customers == 1);
        if *customers == 0 {
            self.accounts.remove(&account);
        }
    }
}

/// Above this count of holders a key keeps an index of them.
const MANY: usize = 64;

impl KeyEntry {
    fn add(&mut self, record: u32) {
        if !self.places.is_empty() {
            self.places.insert(record, self.holders.len() as u32);
        }
        self.holders.push(record);
        if self.places.is_empty() && self.holders.len() > MANY {
            self.places = self.holders.iter().enumerate().map(|(at, &holder)| (holder, at as u32)).collect();
        }
    }

    fn remove(&mut self, record: u32) {
        let at = if self.places.is_empty() {
            self.holders.iter().position(|&holder| holder == record)
        } else {
            self.places.remove(&record).map(|at| at as usize)
        };
        let Some(at) = at else { return };
        self.holders.swap_remove(at);
        if let Some(&moved) = self.holders.get(at)
            && let Some(place) = self.places.get_mut(&moved)
        {
            *place = at as u32;
        }
        if self.holders.len() <= MANY / 2 {
            self.places = Map::default();
        }
    }
}

/// Groups of records, kept up to date in memory.
///
/// Whatever the order in which records come, the groups are those of [`resolve`] over all of them. A change touches
/// only the records that its keys reach. The name of a group is the id of its oldest record; a name that was given
/// once leads to the group for ever ([`IdentityResolver::current`]).
#[derive(Debug)]
pub struct IdentityResolver {
    rules: IdentityRules,
    records: Vec<Option<Record>>,
    free: Vec<u32>,
    by_id: Map<SubjectId, u32>,
    keys: Vec<KeyEntry>,
    by_key: Map<Key, u32>,
    accounts: Map<Account, u32>,
    branches: Map<Box<str>, u32>,
    /// Members of every group with more than one record, by its oldest record.
    members: Map<u32, Vec<u32>>,
    linked: Map<SubjectId, Vec<SubjectId>>,
    parted: Map<SubjectId, Vec<SubjectId>>,
    /// Names of records that are gone, with a record of the group in which they were.
    gone: Map<SubjectId, SubjectId>,
    // Marks of the walk in hand.
    record_marks: Vec<u32>,
    key_marks: Vec<u32>,
    epoch: u32,
}

const NO_GROUP: u32 = u32::MAX;

impl IdentityResolver {
    /// An empty resolver.
    ///
    /// # Errors
    /// What [`IdentityRules::validate`] finds wrong.
    pub fn new(rules: IdentityRules) -> Result<Self, IdentityRulesError> {
        rules.validate()?;
        let mut resolver = Self {
            rules,
            records: Vec::new(),
            free: Vec::new(),
            by_id: Map::default(),
            keys: Vec::new(),
            by_key: Map::default(),
            accounts: Map::default(),
            branches: Map::default(),
            members: Map::default(),
            linked: Map::default(),
            parted: Map::default(),
            gone: Map::default(),
            record_marks: Vec::new(),
            key_marks: Vec::new(),
            epoch: 0,
        };
        resolver.index_forced();
        Ok(resolver)
    }

    /// The rules, with the forced links and splits and the allowed keys of today.
    pub fn rules(&self) -> &IdentityRules {
        &self.rules
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The record with an id.
    pub fn get(&self, id: &SubjectId) -> Option<&Subject> {
        self.by_id.get(id).and_then(|&number| self.record(number)).map(|record| &record.subject)
    }

    /// Whether more customers hold the key than the limit allows, or several of one account a weak one.
    pub fn is_shared(&self, key: &Key) -> bool {
        self.by_key.get(key).is_some_and(|&number| self.shared(number))
    }

    /// The records that hold a key, in ascending order.
    pub fn holders(&self, key: &Key) -> Vec<SubjectId> {
        let holders = self.by_key.get(key).and_then(|&number| self.keys.get(number as usize));
        let mut ids: Vec<SubjectId> = holders
            .into_iter()
            .flat_map(|entry| entry.holders.iter())
            .filter_map(|&holder| self.record(holder).map(|record| record.subject.id.clone()))
            .collect();
        ids.sort_unstable();
        ids
    }

    /// The name today of the group that has, or once had, this name; also the group of any record.
    pub fn current(&self, id: &SubjectId) -> Option<&SubjectId> {
        let mut id = id;
        // Every step leads to a record that was removed later, so this ends.
        for _ in 0..=self.gone.len() {
            if let Some(record) = self.by_id.get(id).and_then(|&number| self.record(number)) {
                return self.record(record.group).map(|oldest| &oldest.subject.id);
            }
            id = self.gone.get(id)?;
        }
        None
    }

    /// The records of the group that has, or once had, this name, the oldest first.
    pub fn members(&self, id: &SubjectId) -> Vec<&SubjectId> {
        let Some(group) = self.current(id).and_then(|id| self.by_id.get(id)).copied() else {
            return Vec::new();
        };
        match self.members.get(&group) {
            Some(members) => members
                .iter()
                .filter_map(|&member| self.record(member))
                .map(|record| &record.subject.id)
                .collect(),
            None => self.record(group).map(|record| &record.subject.id).into_iter().collect(),
        }
    }

    /// Every group with its records, in canonical order.
    pub fn groups(&self) -> Vec<Vec<&SubjectId>> {
        let mut oldest: Vec<&Subject> = self
            .records
            .iter()
            .enumerate()
            .filter_map(|(number, record)| record.as_ref().map(|record| (number as u32, record)))
            .filter(|(number, record)| record.group == *number)
            .map(|(_, record)| &record.subject)
            .collect();
        oldest.sort_unstable_by(|a, b| a.canonical().cmp(&b.canonical()));
        oldest.iter().map(|subject| self.members(&subject.id)).collect()
    }

    /// Every name that leads somewhere else, with where it leads, in ascending order.
    pub fn redirects(&self) -> Vec<(&SubjectId, &SubjectId)> {
        let mut redirects: Vec<_> = self
            .gone
            .keys()
            .chain(self.by_id.keys())
            .filter_map(|id| self.current(id).filter(|&to| to != id).map(|to| (id, to)))
            .collect();
        redirects.sort_unstable();
        redirects
    }

    /// Takes a record in, or its new version. The same version again changes nothing.
    pub fn upsert(&mut self, subject: Subject) -> Change {
        let known = self.by_id.get(&subject.id).copied();
        if let Some(record) = known.and_then(|number| self.record(number))
            && record.subject == subject
        {
            return Change { group: self.current(&subject.id).cloned(), events: Vec::new() };
        }
        let keys = self.keys_of(&subject);
        let atom = vendor_id_of(&subject)
            .map(|(account, id)| self.scoped(account, id))
            .and_then(|key| self.by_key.get(&key).copied())
            .unwrap_or(NO_ATOM);
        let account = self.account_of(&subject);
        let guard = self.guard_of(&subject, account, atom);
        let mut touched = keys.clone();
        let mut seeds = Vec::new();
        let number = match known {
            Some(number) => {
                if let Some(record) = self.record(number) {
                    touched.extend_from_slice(&record.keys);
                    seeds.extend(self.group_members(record.group));
                }
                number
            }
            None => self.free.pop().unwrap_or_else(|| {
                self.records.push(None);
                self.record_marks.push(0);
                self.records.len() as u32 - 1
            }),
        };
        touched.sort_unstable();
        touched.dedup();
        let before: Vec<bool> = touched.iter().map(|&key| self.shared(key)).collect();
        let id = subject.id.clone();
        let group = match self.records.get_mut(number as usize).and_then(Option::take) {
            Some(old) => {
                self.let_go(number, &old);
                old.group
            }
            None => {
                self.by_id.insert(id.clone(), number);
                self.gone.remove(&id);
                NO_GROUP
            }
        };
        self.hold(number, &keys, atom, account);
        if let Some(slot) = self.records.get_mut(number as usize) {
            *slot = Some(Record { subject, keys, atom, account, guard, group });
        }
        seeds.push(number);
        self.seed_keys(&touched, &before, &mut seeds);
        let events = self.settle(&seeds, None);
        Change { group: self.current(&id).cloned(), events }
    }

    /// Takes a record out, for instance because it must be forgotten. Its name redirects to what is left of its
    /// group.
    pub fn remove(&mut self, id: &SubjectId) -> Change {
        let Some(number) = self.by_id.remove(id) else { return Change::default() };
        let Some(old) = self.records.get_mut(number as usize).and_then(Option::take) else {
            return Change::default();
        };
        let before: Vec<bool> = old.keys.iter().map(|&key| self.shared(key)).collect();
        self.let_go(number, &old);
        let mut seeds: Vec<u32> =
            self.group_members(old.group).into_iter().filter(|&member| member != number).collect();
        let heir = seeds.first().and_then(|&heir| self.record(heir)).map(|heir| heir.subject.id.clone());
        if let Some(heir) = heir {
            self.gone.insert(id.clone(), heir);
        }
        self.seed_keys(&old.keys, &before, &mut seeds);
        seeds.retain(|&seed| seed != number);
        let events = self.settle(&seeds, Some((number, id)));
        self.free.push(number);
        Change { group: None, events }
    }

    /// Says that two records are one person, whatever the rules find.
    ///
    /// # Errors
    /// When a forced split keeps them apart, directly or through other links.
    pub fn force_link(&mut self, left: &SubjectId, right: &SubjectId) -> Result<Change, IdentityRulesError> {
        self.change_forced(left, right, |rules| rules.forced_links.push((left.clone(), right.clone())))
    }

    /// Takes a forced link back.
    ///
    /// # Errors
    /// Never in practice: removing a link cannot contradict anything.
    pub fn unforce_link(
        &mut self,
        left: &SubjectId,
        right: &SubjectId,
    ) -> Result<Change, IdentityRulesError> {
        self.change_forced(left, right, |rules| rules.forced_links.retain(|pair| !is_pair(pair, left, right)))
    }

    /// Says that two records are two persons, whatever the rules find.
    ///
    /// # Errors
    /// When forced links join them.
    pub fn force_split(&mut self, left: &SubjectId, right: &SubjectId) -> Result<Change, IdentityRulesError> {
        self.change_forced(left, right, |rules| rules.forced_splits.push((left.clone(), right.clone())))
    }

    /// Takes a forced split back.
    ///
    /// # Errors
    /// Never in practice: removing a split cannot contradict anything.
    pub fn unforce_split(
        &mut self,
        left: &SubjectId,
        right: &SubjectId,
    ) -> Result<Change, IdentityRulesError> {
        self.change_forced(left, right, |rules| {
            rules.forced_splits.retain(|pair| !is_pair(pair, left, right))
        })
    }

    /// Lets a shared key join records all the same, or takes that back.
    ///
    /// # Errors
    /// When the key is a vendor's id.
    pub fn allow_shared(&mut self, key: &Key, allowed: bool) -> Result<Change, IdentityRulesError> {
        let number = self.by_key.get(key).copied();
        let before = number.is_some_and(|number| self.shared(number));
        let was = self.rules.allowed_shared.contains(key);
        if allowed {
            self.rules.allowed_shared.insert(key.clone());
        } else {
            self.rules.allowed_shared.remove(key);
        }
        if let Err(wrong) = self.rules.validate() {
            if !was {
                self.rules.allowed_shared.remove(key);
            }
            return Err(wrong);
        }
        let mut seeds = Vec::new();
        if let Some(number) = number {
            self.seed_keys(&[number], &[before], &mut seeds);
        }
        Ok(Change { group: None, events: self.settle(&seeds, None) })
    }

    /// Says which keys made the group of a record, and which did not join and why.
    pub fn explain(&mut self, id: &SubjectId) -> Option<Explanation> {
        let number = *self.by_id.get(id)?;
        let component = self.reach(&[number]);
        let subjects: Vec<Subject> = component
            .iter()
            .filter_map(|&number| self.record(number))
            .map(|record| record.subject.clone())
            .collect();
        let shared: HashSet<Key> = component
            .iter()
            .filter_map(|&number| self.record(number))
            .flat_map(|record| record.keys.iter().copied())
            .filter(|&key| self.shared(key))
            .filter_map(|key| self.keys.get(key as usize).map(|entry| entry.key.clone()))
            .collect();
        let resolution = resolve(&subjects, &shared, &self.rules);
        let at = subjects.iter().position(|subject| subject.id == *id)?;
        let group = resolution.groups.into_iter().find(|group| group.members.contains(&at))?;
        let ignored = resolution
            .ignored
            .into_iter()
            .filter(|ignored| ignored.subjects.iter().any(|subject| group.members.contains(subject)))
            .collect();
        Some(Explanation {
            group: group.id,
            members: group.members,
            joins: group.joins,
            ignored,
            records: subjects.into_iter().map(|subject| subject.id).collect(),
        })
    }

    // ---- indexes --------------------------------------------------------------------------------------------

    fn record(&self, number: u32) -> Option<&Record> {
        self.records.get(number as usize).and_then(Option::as_ref)
    }

    fn group_members(&self, group: u32) -> Vec<u32> {
        match self.members.get(&group) {
            Some(members) => members.clone(),
            None => vec![group],
        }
    }

    fn key_number(&mut self, key: Key) -> u32 {
        if let Some(&number) = self.by_key.get(&key) {
            return number;
        }
        let number = self.keys.len() as u32;
        let weak = self.rules.is_weak(&key).then(Box::default);
        self.keys.push(KeyEntry {
            key: key.clone(),
            holders: Vec::new(),
            places: Map::default(),
            customers: Map::default(),
            weak,
        });
        self.key_marks.push(0);
        self.by_key.insert(key, number);
        number
    }

    /// The key of a vendor id, as far as vendor ids go.
    fn scoped(&self, account: &Account, id: &Arc<str>) -> Key {
        Key::Vendor(VendorKey { account: self.scope(account), id: id.clone() })
    }

    /// The shop as far as vendor ids go.
    fn scope(&self, account: &Account) -> Account {
        match self.rules.vendor_scope {
            VendorScope::Account => account.clone(),
            VendorScope::Vendor => Account::new(account.vendor().clone(), ""),
        }
    }

    fn keys_of(&mut self, subject: &Subject) -> Vec<u32> {
        let mut keys = Vec::with_capacity(subject.keys.len() + 1);
        if let Some((account, id)) = vendor_id_of(subject) {
            let own = self.scoped(account, id);
            keys.push(self.key_number(own));
        }
        for key in &subject.keys {
            let key = match key {
                Key::Vendor(key) => self.scoped(&key.account, &key.id),
                key => key.clone(),
            };
            keys.push(self.key_number(key));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn account_of(&mut self, subject: &Subject) -> u32 {
        let account = self.scope(&subject.id.account);
        let next = self.accounts.len() as u32;
        *self.accounts.entry(account).or_insert(next)
    }

    fn guard_of(&mut self, subject: &Subject, account: u32, atom: u32) -> Option<GuardNode> {
        let guard = subject.guard.as_ref()?;
        let branch = match guard {
            Guard::Account => 0,
            Guard::Branch(branch) => {
                let next = self.branches.len() as u32;
                *self.branches.entry(branch.clone()).or_insert(next) + 1
            }
        };
        (atom != NO_ATOM || branch != 0).then_some(GuardNode { account, branch, atom })
    }

    fn shared(&self, key: u32) -> bool {
        let Some(entry) = self.keys.get(key as usize) else { return false };
        let crowded = entry.weak.as_ref().is_some_and(|weak| weak.crowded > 0);
        (crowded || entry.customers.len() > self.rules.max_key_holders as usize)
            && entry.key.class() != KeyClass::VendorId
            && (self.rules.allowed_shared.is_empty() || !self.rules.allowed_shared.contains(&entry.key))
    }

    fn customer(&self, record: u32, atom: u32) -> u64 {
        if atom == NO_ATOM { u64::from(record) | 1 << 32 } else { u64::from(atom) }
    }

    fn hold(&mut self, record: u32, keys: &[u32], atom: u32, account: u32) {
        let customer = self.customer(record, atom);
        let limit = self.rules.max_key_holders as usize;
        for &key in keys {
            let Some(entry) = self.keys.get_mut(key as usize) else { continue };
            entry.add(record);
            if let Some(weak) = &mut entry.weak {
                weak.add(customer, account);
            }
            if entry.key.class() == KeyClass::VendorId {
                continue;
            }
            if !entry.customers.is_empty() {
                *entry.customers.entry(customer).or_insert(0) += 1;
            } else if entry.holders.len() > limit {
                let mut customers: Map<u64, u32> = Map::default();
                for &holder in &entry.holders {
                    let other = match self.records.get(holder as usize).and_then(Option::as_ref) {
                        Some(record) if record.atom == NO_ATOM => u64::from(holder) | 1 << 32,
                        Some(record) => u64::from(record.atom),
                        None => customer,
                    };
                    *customers.entry(other).or_insert(0) += 1;
                }
                entry.customers = customers;
            }
        }
    }

    fn let_go(&mut self, number: u32, record: &Record) {
        let customer = self.customer(number, record.atom);
        for &key in &record.keys {
            let Some(entry) = self.keys.get_mut(key as usize) else { continue };
            entry.remove(number);
            if let Some(weak) = &mut entry.weak {
                weak.remove(customer, record.account);
            }
            if let Some(count) = entry.customers.get_mut(&customer) {
                *count -= 1;
                if *count == 0 {
                    entry.customers.remove(&customer);
                }
            }
            if entry.holders.len() <= self.rules.max_key_holders as usize {
                entry.customers = Map::default();
            }
        }
    }

    fn index_forced(&mut self) {
        self.linked = Map::default();
        self.parted = Map::default();
        for (index, pairs) in
            [(&mut self.linked, &self.rules.forced_links), (&mut self.parted, &self.rules.forced_splits)]
        {
            for (left, right) in pairs {
                index.entry(left.clone()).or_default().push(right.clone());
                index.entry(right.clone()).or_default().push(left.clone());
            }
        }
    }

    fn change_forced(
        &mut self,
        left: &SubjectId,
        right: &SubjectId,
        change: impl FnOnce(&mut IdentityRules),
    ) -> Result<Change, IdentityRulesError> {
        let before = (self.rules.forced_links.clone(), self.rules.forced_splits.clone());
        change(&mut self.rules);
        if let Err(wrong) = self.rules.validate() {
            (self.rules.forced_links, self.rules.forced_splits) = before;
            return Err(wrong);
        }
        let numbers: Vec<u32> = [left, right].iter().filter_map(|id| self.by_id.get(*id).copied()).collect();
        let mut seeds: Vec<u32> = numbers
            .iter()
            .filter_map(|&number| self.record(number))
            .flat_map(|record| self.group_members(record.group))
            .collect();
        seeds.extend(numbers);
        self.index_forced();
        Ok(Change { group: None, events: self.settle(&seeds, None) })
    }

    // ---- the walk -------------------------------------------------------------------------------------------

    /// Adds the holders of keys whose joining may have changed. A key that was shared before and is shared now
    /// joins nothing, before and now.
    fn seed_keys(&self, keys: &[u32], before: &[bool], seeds: &mut Vec<u32>) {
        for (&key, &was_shared) in keys.iter().zip(before) {
            if was_shared && self.shared(key) {
                continue;
            }
            if let Some(entry) = self.keys.get(key as usize) {
                seeds.extend_from_slice(&entry.holders);
            }
        }
    }

    /// Every record that the seeds reach through keys that may join.
    fn reach(&mut self, seeds: &[u32]) -> Vec<u32> {
        self.epoch += 1;
        let epoch = self.epoch;
        let mut found: Vec<u32> = Vec::with_capacity(seeds.len());
        let mark = |marks: &mut Vec<u32>, at: u32| {
            marks.get_mut(at as usize).is_some_and(|mark| std::mem::replace(mark, epoch) != epoch)
        };
        for &seed in seeds {
            if mark(&mut self.record_marks, seed) {
                found.push(seed);
            }
        }
        let mut at = 0;
        while let Some(&number) = found.get(at) {
            at += 1;
            let Some(record) = self.records.get(number as usize).and_then(Option::as_ref) else { continue };
            for &key in &record.keys {
                if !mark(&mut self.key_marks, key) || self.shared(key) {
                    continue;
                }
                let Some(entry) = self.keys.get(key as usize) else { continue };
                for &holder in &entry.holders {
                    if mark(&mut self.record_marks, holder) {
                        found.push(holder);
                    }
                }
            }
            if !self.linked.is_empty() {
                for other in self.linked.get(&record.subject.id).into_iter().flatten() {
                    if let Some(&other) = self.by_id.get(other)
                        && mark(&mut self.record_marks, other)
                    {
                        found.push(other);
                    }
                }
            }
        }
        found
    }

    /// Finds the groups of everything that the seeds reach again, and says what changed.
    fn settle(&mut self, seeds: &[u32], removed: Option<(u32, &SubjectId)>) -> Vec<GroupEvent> {
        let mut component = self.reach(seeds);
        if component.len() > 1 {
            let records = &self.records;
            let of = |number: u32| records.get(number as usize).and_then(Option::as_ref);
            component.sort_unstable_by(|&a, &b| match (of(a), of(b)) {
                (Some(a), Some(b)) => a.subject.canonical().cmp(&b.subject.canonical()),
                _ => a.cmp(&b),
            });
        }
        let roots = self.solve(&component);

        // Old groups, as they were.
        let mut old: Vec<(u32, u32)> = Vec::new();
        let mut same = removed.is_none();
        for (&number, &root) in component.iter().zip(&roots) {
            if let Some(record) = self.record(number) {
                same &= record.group == root;
                if record.group != NO_GROUP {
                    old.push((record.group, number));
                }
            }
        }
        if same {
            // No record changed its group, so no group changed its members.
            return Vec::new();
        }
        for (group, _) in &old {
            self.members.remove(group);
        }
        if let Some((number, _)) = removed {
            self.members.remove(&number);
        }
        for (&number, &root) in component.iter().zip(&roots) {
            if let Some(record) = self.records.get_mut(number as usize).and_then(Option::as_mut) {
                record.group = root;
            }
            if number != root {
                self.members.entry(root).or_insert_with(|| vec![root]).push(number);
            }
        }

        let mut events = Vec::new();
        old.sort_by_key(|&(group, _)| group); // stable: members stay oldest first
        for members in old.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(group, first)) = members.first() else { continue };
            let name = match removed {
                Some((number, id)) if number == group => id.clone(),
                _ => match self.record(group) {
                    Some(record) => record.subject.id.clone(),
                    None => continue,
                },
            };
            // The group goes on where its oldest record is.
            let heir = match self.record(group).or_else(|| self.record(first)) {
                Some(record) => record.group,
                None => continue,
            };
            let mut parts: Map<u32, Vec<u32>> = Map::default();
            for &(_, member) in members {
                if let Some(record) = self.record(member) {
                    parts.entry(record.group).or_default().push(member);
                }
            }
            for (into, members) in parts {
                let Some(target) = self.record(into).map(|record| record.subject.id.clone()) else {
                    continue;
                };
                if into != heir {
                    let records = members
                        .iter()
                        .filter_map(|&member| self.record(member))
                        .map(|record| record.subject.id.clone())
                        .collect();
                    events.push(GroupEvent::Split { from: name.clone(), into: target, records });
                } else if into != group {
                    events.push(GroupEvent::Merged { from: name.clone(), into: target });
                }
            }
        }
        events.sort_unstable();
        events
    }

    /// The oldest record of the group of each record of a component in canonical order.
    fn solve(&self, component: &[u32]) -> Vec<u32> {
        if component.len() < 2 {
            return component.to_vec();
        }
        let mut engine = Engine::new(component.len(), self.rules.max_group);
        if !self.linked.is_empty() || !self.parted.is_empty() {
            let ranks: Map<&SubjectId, u32> = component
                .iter()
                .enumerate()
                .filter_map(|(rank, &number)| {
                    self.record(number).map(|record| (&record.subject.id, rank as u32))
                })
                .collect();
            for (id, &rank) in &ranks {
                for other in self.linked.get(*id).into_iter().flatten() {
                    if let Some(&other) = ranks.get(other) {
                        let _ = engine.join(rank, other, 0, Rule::Forced);
                    }
                }
            }
            for (id, &rank) in &ranks {
                for other in self.parted.get(*id).into_iter().flatten() {
                    if let Some(&other) = ranks.get(other)
                        && rank < other
                    {
                        engine.split(rank, other);
                    }
                }
            }
        }
        // Keys with several holders, by class.
        let mut held: Vec<(u32, u32)> = Vec::with_capacity(component.len() * 3);
        let mut guarded = false;
        let mut blocks = false;
        for (rank, &number) in component.iter().enumerate() {
            let Some(record) = self.record(number) else { continue };
            guarded |= record.guard.is_some();
            blocks |= record.atom == NO_ATOM || record.subject.id.kind != super::SubjectKind::Customer;
            for &key in &record.keys {
                if self.keys.get(key as usize).is_some_and(|entry| entry.holders.len() > 1)
                    && !self.shared(key)
                {
                    held.push((key, rank as u32));
                }
            }
        }
        held.sort_unstable();
        let mut runs: Vec<(&Key, &[(u32, u32)])> = held
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|run| run.len() > 1)
            .filter_map(|run| {
                run.first().and_then(|&(key, _)| self.keys.get(key as usize)).map(|entry| (&entry.key, run))
            })
            .collect();
        runs.sort_unstable_by(|a, b| a.0.cmp(b.0));
        for (_, run) in runs.iter().filter(|(key, _)| key.class() == KeyClass::VendorId) {
            for pair in run.windows(2) {
                if let [(key, to), (_, from)] = *pair {
                    let _ = engine.join(from, to, key, Rule::VendorId);
                }
            }
        }
        if blocks || guarded {
            let mut counted: Set<(u32, u32)> = Set::default();
            let mut seen: Set<(u32, u32)> = Set::default();
            for (rank, &number) in component.iter().enumerate() {
                let Some(record) = self.record(number) else { continue };
                let rank = rank as u32;
                let root = engine.find(rank);
                if record.atom != NO_ATOM && !counted.insert((root, record.atom)) {
                    engine.discount(rank);
                }
                if let Some(node) = record.guard
                    && (record.atom == NO_ATOM || seen.insert((root, record.atom)))
                {
                    engine.guard(rank, node);
                }
            }
        }
        let mut ranks = Vec::new();
        for &class in &self.rules.key_order {
            let rule = match class {
                KeyClass::VendorId => continue,
                KeyClass::Phone => Rule::Phone,
                KeyClass::Email => Rule::Email,
            };
            for (_, run) in runs.iter().filter(|(key, _)| key.class() == class) {
                ranks.clear();
                ranks.extend(run.iter().map(|&(_, rank)| rank).filter(|&rank| {
                    self.rules.vendor_keys.is_empty()
                        || component
                            .get(rank as usize)
                            .and_then(|&number| self.record(number))
                            .is_some_and(|record| self.rules.uses(record.subject.id.vendor(), class))
                }));
                engine.join_key(&ranks, 0, rule, |_, _, _| {});
            }
        }
        (0..component.len() as u32)
            .map(|rank| component.get(engine.find(rank) as usize).copied().unwrap_or(NO_GROUP))
            .collect()
    }
}

fn is_pair(pair: &(SubjectId, SubjectId), left: &SubjectId, right: &SubjectId) -> bool {
    pair.0 == *left && pair.1 == *right || pair.0 == *right && pair.1 == *left
}
