//! Groups of a whole CRM at once: millions of rows in compact memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use time::OffsetDateTime;

use super::email::{EmailKey, for_each_key};
use super::engine::{Engine, GuardNode, IgnoreReason, Map, NO_ATOM, RawJoin, Rule, Set};
use super::key::{Key, KeyClass};
use super::phone::{E164, PhoneNumber, for_each_phone};
use super::rules::{IdentityRules, IdentityRulesError, VendorScope};
use super::subject::{Guard, SubjectId, SubjectKind};
use crate::record::Account;

/// One row on its way in. Texts are read at once and not kept.
#[derive(Copy, Clone, Debug)]
pub struct ClusterRow<'a> {
    /// The vendor.
    pub vendor: &'a str,
    /// The account of the shop at that vendor.
    pub account: &'a str,
    /// The sort of record.
    pub kind: SubjectKind,
    /// The record's id. Rows with the same id are the same record, delivered again. An empty id names no record: each
    /// such row is one of its own.
    pub id: &'a str,
    /// For an order block, the vendor's id of the customer that the order names.
    pub customer: Option<&'a str>,
    /// When the record was created; an unknown time counts as later than every known one. Of several deliveries the
    /// earliest counts.
    pub created_at: Option<OffsetDateTime>,
    /// Fields with phones, as written.
    pub phones: &'a [&'a str],
    /// Fields with e-mails, as written.
    pub emails: &'a [&'a str],
    /// What the account allows in one group.
    pub guard: Option<&'a Guard>,
}

/// How far a clustering has come.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Progress {
    /// What is going on.
    pub stage: Stage,
    /// Keys done in this stage.
    pub done: u64,
    /// Keys of this stage.
    pub total: u64,
}

/// What a clustering is doing.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stage {
    /// Sorting the keys.
    Sorting,
    /// Joining the holders of each key of a class.
    Joining(KeyClass),
}

/// Why a clustering gave no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The rules cannot be followed.
    #[error(transparent)]
    Rules(#[from] IdentityRulesError),
    /// The caller asked to stop.
    #[error("the clustering was cancelled")]
    Cancelled,
    /// More rows or text than the compact form holds (2^32 - 2 rows, 4 GiB of ids or of addresses).
    #[error("too many rows for one clustering")]
    TooLarge,
}

/// Texts of up to 255 bytes, one after another.
#[derive(Debug, Default)]
struct Arena(Vec<u8>);

impl Arena {
    fn push(&mut self, text: &str) -> Option<u32> {
        let at = u32::try_from(self.0.len()).ok()?;
        // Vendors' ids are short; a longer one is told apart by its hash alone.
        if let Ok(len) = u8::try_from(text.len()) {
            self.0.push(len);
            self.0.extend_from_slice(text.as_bytes());
        } else {
            return self.push(&short(text));
        }
        Some(at)
    }

    fn get(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let len = self.0.get(at).copied().map_or(0, usize::from);
        self.0.get(at + 1..at + 1 + len).unwrap_or_default()
    }

    fn text(&self, at: u32) -> &str {
        std::str::from_utf8(self.get(at)).unwrap_or_default()
    }
}

/// What stands for a text that is too long for an [`Arena`].
fn short(text: &str) -> String {
    let end = (0..=64).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…{:016x}", text.get(..end).unwrap_or_default(), hash(0, text))
}

/// The first eight bytes as a number that sorts like the text.
fn head(text: &[u8]) -> u64 {
    let mut head = [0; 8];
    for (slot, byte) in head.iter_mut().zip(text) {
        *slot = *byte;
    }
    u64::from_be_bytes(head)
}

#[inline]
fn hash(seed: u64, text: &str) -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = foldhash::fast::FixedState::with_seed(seed).build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

const UNKNOWN_TIME: i64 = i64::MAX;
const NO_TEXT: u32 = u32::MAX;

#[derive(Copy, Clone, Debug)]
struct Record {
    created: i64,
    /// Where its id stands; [`NO_TEXT`] when it has none.
    id: u32,
    /// Number of vendor, account and kind.
    realm: u32,
}

#[derive(Debug, Eq, PartialEq, Hash, Clone)]
struct Realm {
    /// The first bytes of the vendor's name.
    head: u64,
    vendor: Box<str>,
    account: Box<str>,
    kind: SubjectKind,
    /// Number of the account, the same for every kind.
    account_number: u32,
    uses_phone: bool,
    uses_email: bool,
}

#[derive(Copy, Clone, Debug)]
struct EmailHolder {
    /// Of the folded address; the lowest bit says that the key is weak.
    hash: u64,
    record: u32,
    /// Where the folded address stands.
    text: u32,
}

/// Collects rows and groups them.
///
/// Keys are numbers: a phone its digits, an e-mail a 64-bit hash whose full text is kept and compared. A row with one
/// phone and one e-mail takes about 110 bytes here, names are not needed at all, and the answer takes another 30.
///
/// The groups are those of [`super::resolve`] over the same records, whatever the order of the rows.
#[derive(Debug)]
pub struct Clustering {
    rules: IdentityRules,
    realms: Vec<Realm>,
    last_realm: u32,
    accounts: Map<(Box<str>, Box<str>), u32>,
    branches: Map<Box<str>, u32>,
    records: Vec<Record>,
    /// Hash of realm and id of every record that has an id; sorted at the end, when records that came several times
    /// are found. A hash table costs a cache miss a row.
    index: Vec<(u64, u32)>,
    ids: Arena,
    /// The record of each row.
    rows: Vec<u32>,
    /// Guards that are more than "every customer of this account".
    guards: Vec<(u32, GuardNode)>,
    /// Order blocks with the record of their customer.
    customers: Vec<(u32, u32)>,
    phones: Vec<(u64, u32)>,
    emails: Vec<EmailHolder>,
    addresses: Arena,
    /// Records that came before.
    repeated: usize,
    too_large: bool,
}

impl Clustering {
    /// An empty clustering.
    ///
    /// # Errors
    /// What [`IdentityRules::validate`] finds wrong.
    pub fn new(rules: IdentityRules) -> Result<Self, ClusterError> {
        rules.validate()?;
        Ok(Self {
            rules,
            realms: Vec::new(),
            last_realm: 0,
            accounts: Map::default(),
            branches: Map::default(),
            records: Vec::new(),
            index: Vec::new(),
            ids: Arena::default(),
            rows: Vec::new(),
            guards: Vec::new(),
            customers: Vec::new(),
            phones: Vec::new(),
            emails: Vec::new(),
            addresses: Arena::default(),
            repeated: 0,
            too_large: false,
        })
    }

    /// The rules.
    pub fn rules(&self) -> &IdentityRules {
        &self.rules
    }

    /// Takes in what another clustering with the same rules collected, as if its rows had come here after the own ones.
    /// So several threads may read parts of a file.
    pub fn append(&mut self, other: Self) {
        self.too_large |= other.too_large;
        let realms: Vec<u32> =
            other.realms.iter().map(|realm| self.realm(&realm.vendor, &realm.account, realm.kind)).collect();
        self.records.reserve(other.records.len());
        let numbers: Vec<u32> = other
            .records
            .iter()
            .map(|record| {
                let realm = realms.get(record.realm as usize).copied().unwrap_or(0);
                let id = if record.id == NO_TEXT { "" } else { other.ids.text(record.id) };
                self.record(realm, id, record.created)
            })
            .collect();
        let number = |record: u32| numbers.get(record as usize).copied().unwrap_or(0);
        self.rows.extend(other.rows.iter().map(|&record| number(record)));
        self.customers.extend(other.customers.iter().map(|&(block, of)| (number(block), number(of))));
        self.phones.extend(other.phones.iter().map(|&(digits, record)| (digits, number(record))));
        let base = self.addresses.0.len();
        if base + other.addresses.0.len() > u32::MAX as usize {
            self.too_large = true;
            return;
        }
        self.addresses.0.extend_from_slice(&other.addresses.0);
        self.emails.extend(other.emails.iter().map(|holder| EmailHolder {
            hash: holder.hash,
            record: number(holder.record),
            text: holder.text + base as u32,
        }));
        let mut branches: Vec<u32> = vec![0; other.branches.len() + 1];
        for (name, &branch) in &other.branches {
            let next = self.branches.len() as u32;
            let own = *self.branches.entry(name.clone()).or_insert(next) + 1;
            if let Some(slot) = branches.get_mut(branch as usize + 1) {
                *slot = own;
            }
        }
        for (record, node) in other.guards {
            let record = number(record);
            let account = self.realm_of(record).map_or(0, |realm| realm.account_number);
            let branch = branches.get(node.branch as usize).copied().unwrap_or(0);
            self.guards.push((record, GuardNode { account, branch, atom: NO_ATOM }));
        }
    }

    /// How many rows came in.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row came in.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes one row in. Rows are numbered from zero in the order in which they come.
    pub fn push(&mut self, row: &ClusterRow<'_>) {
        let created = row
            .created_at
            .and_then(|at| i64::try_from(at.unix_timestamp_nanos()).ok())
            .unwrap_or(UNKNOWN_TIME);
        self.push_at(row, created);
    }

    /// [`Clustering::push`] with the time as nanoseconds since 1970, and `created_at` of the row not looked at.
    pub fn push_at(&mut self, row: &ClusterRow<'_>, created_nanos: i64) {
        let realm = self.realm(row.vendor, row.account, row.kind);
        let record = self.record(realm, row.id, created_nanos);
        self.rows.push(record);
        if let Some(customer) = row.customer.filter(|id| !id.is_empty())
            && row.kind != SubjectKind::Customer
        {
            let realm = self.realm(row.vendor, row.account, SubjectKind::Customer);
            let customer = self.record(realm, customer, UNKNOWN_TIME);
            self.customers.push((record, customer));
        }
        if let Some(guard) = row.guard {
            let account = self.realms.get(realm as usize).map_or(0, |realm| realm.account_number);
            let branch = match guard {
                Guard::Account => 0,
                Guard::Branch(branch) => {
                    let next = self.branches.len() as u32;
                    *self.branches.entry(branch.clone()).or_insert(next) + 1
                }
            };
            self.guards.push((record, GuardNode { account, branch, atom: NO_ATOM }));
        }
        let Self { rules, phones, emails, addresses, too_large, .. } = self;
        for field in row.phones.iter().filter(|field| !field.is_empty()) {
            for_each_phone(field, &rules.phone, |phone: PhoneNumber| {
                if phone.is_key {
                    phones.push((phone.e164.digits(), record));
                }
            });
        }
        for field in row.emails.iter().filter(|field| !field.is_empty()) {
            for_each_key(field, &rules.email, |key, weak| match addresses.push(key) {
                Some(text) => {
                    emails.push(EmailHolder { hash: hash(0, key) & !1 | u64::from(weak), record, text });
                }
                None => *too_large = true,
            });
        }
    }

    /// The account that tells records apart: customers of a vendor whose accounts share ids are one.
    fn account<'a>(&self, account: &'a str, kind: SubjectKind) -> &'a str {
        match (self.rules.vendor_scope, kind) {
            (VendorScope::Vendor, SubjectKind::Customer) => "",
            _ => account,
        }
    }

    fn realm(&mut self, vendor: &str, account: &str, kind: SubjectKind) -> u32 {
        let account = self.account(account, kind);
        // Names are short and few: most of the comparison is one of numbers.
        let (start, len) = (head(vendor.as_bytes()), vendor.len());
        let is = |realm: &Realm| {
            realm.head == start
                && realm.vendor.len() == len
                && realm.kind == kind
                && (len <= 8 || *realm.vendor == *vendor)
                && *realm.account == *account
        };
        if self.realms.get(self.last_realm as usize).is_some_and(is) {
            return self.last_realm;
        }
        let number = match self.realms.iter().position(is) {
            Some(number) => number,
            None => {
                let scope = self.account(account, SubjectKind::Customer);
                let next = self.accounts.len() as u32;
                let account_number = *self.accounts.entry((vendor.into(), scope.into())).or_insert(next);
                self.realms.push(Realm {
                    head: start,
                    vendor: vendor.into(),
                    account: account.into(),
                    kind,
                    account_number,
                    uses_phone: self.rules.uses(vendor, KeyClass::Phone),
                    uses_email: self.rules.uses(vendor, KeyClass::Email),
                });
                self.realms.len() - 1
            }
        };
        self.last_realm = number as u32;
        self.last_realm
    }

    fn record(&mut self, realm: u32, id: &str, created: i64) -> u32 {
        let number = self.records.len() as u32;
        if number >= u32::MAX - 1 {
            self.too_large = true;
            return 0;
        }
        if id.is_empty() {
            self.records.push(Record { created, id: NO_TEXT, realm });
            return number;
        }
        let Some(text) = self.ids.push(id) else {
            self.too_large = true;
            return 0;
        };
        self.records.push(Record { created, id: text, realm });
        self.index.push((hash(u64::from(realm), self.ids.text(text)), number));
        number
    }

    /// Finds records that came several times and makes them one: the first, with the earliest time.
    fn unify(&mut self) {
        // Equal hashes stand together, the earliest record first.
        let mut same: Vec<(u32, u32)> = Vec::new();
        for run in self.index.chunk_by(|a, b| a.0 == b.0) {
            for (at, &(_, record)) in run.iter().enumerate().skip(1) {
                let first =
                    run.iter().take(at).map(|&(_, first)| first).find(|&first| self.is_same(first, record));
                same.extend(first.map(|first| (record, first)));
            }
        }
        if same.is_empty() {
            return;
        }
        let mut numbers: Vec<u32> = (0..self.records.len() as u32).collect();
        for (record, first) in same {
            let created = self.records.get(record as usize).map_or(UNKNOWN_TIME, |record| record.created);
            if let Some(first) = self.records.get_mut(first as usize) {
                first.created = first.created.min(created);
            }
            if let Some(slot) = numbers.get_mut(record as usize) {
                *slot = first;
            }
            self.repeated += 1;
        }
        let renumber = |record: &mut u32| {
            if let Some(&number) = numbers.get(*record as usize) {
                *record = number;
            }
        };
        self.rows.iter_mut().for_each(renumber);
        self.phones.iter_mut().for_each(|(_, record)| renumber(record));
        self.emails.iter_mut().for_each(|holder| renumber(&mut holder.record));
        self.guards.iter_mut().for_each(|(record, _)| renumber(record));
        for (block, customer) in &mut self.customers {
            renumber(block);
            renumber(customer);
        }
    }

    fn is_same(&self, a: u32, b: u32) -> bool {
        match (self.records.get(a as usize), self.records.get(b as usize)) {
            (Some(a), Some(b)) => a.realm == b.realm && self.ids.get(a.id) == self.ids.get(b.id),
            _ => false,
        }
    }

    /// Groups everything that came in. `progress` hears from time to time how far it is, and may break off.
    ///
    /// # Errors
    /// [`ClusterError::Cancelled`] when `progress` broke off, [`ClusterError::TooLarge`] when the rows were too many.
    pub fn finish(self, progress: impl FnMut(Progress) -> ControlFlow<()>) -> Result<Clusters, ClusterError> {
        self.finish_on(1, progress)
    }

    /// [`Clustering::finish`] on one or two threads: with two, phones and e-mails are sorted side by side.
    ///
    /// # Errors
    /// As [`Clustering::finish`].
    pub fn finish_on(
        mut self,
        threads: usize,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Clusters, ClusterError> {
        if self.too_large {
            return Err(ClusterError::TooLarge);
        }
        let sort_emails = |emails: &mut Vec<EmailHolder>| emails.sort_unstable_by_key(|holder| holder.hash);
        let (index, phones, emails) = (&mut self.index, &mut self.phones, &mut self.emails);
        if let ControlFlow::Break(()) =
            progress(Progress { stage: Stage::Sorting, done: 0, total: (phones.len() + emails.len()) as u64 })
        {
            return Err(ClusterError::Cancelled);
        }
        if threads > 1 {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    sort_emails(emails);
                    index.sort_unstable();
                });
                phones.sort_unstable();
            });
        } else {
            phones.sort_unstable();
            sort_emails(emails);
            index.sort_unstable();
        }
        self.unify();
        if self.repeated > 0 {
            // Holders of one key stand in order of the records that they were.
            for run in self.phones.chunk_by_mut(|a, b| a.0 == b.0) {
                run.sort_unstable();
            }
        }
        self.phones.dedup();
        let mut engine = Engine::new(self.records.len(), self.rules.max_group);
        self.forced(&mut engine);
        self.index = Vec::new();
        let mut refused = Vec::new();
        let mut customer_of: Map<u32, u32> = Map::default();
        self.customers.sort_unstable();
        self.customers.dedup();
        for &(block, customer) in &self.customers {
            customer_of.entry(block).or_insert(customer);
        }
        // In ascending order of the customers, so that the order of rows does not matter.
        let mut links = self.customers.clone();
        links.sort_unstable_by(|a, b| self.order(a.1, b.1).then_with(|| self.order(a.0, b.0)));
        for (block, customer) in links {
            if let Err(reason) = engine.join(block, customer, customer, Rule::VendorId) {
                refused.push(Refusal {
                    from: block,
                    to: customer,
                    key: customer,
                    rule: Rule::VendorId,
                    reason,
                });
            }
        }
        self.guard(&mut engine, &customer_of);
        let mut clusters = Clusters {
            group: Vec::new(),
            clustering: self,
            joins: Vec::new(),
            refused,
            shared: Vec::new(),
            groups: 0,
        };
        for class in clusters.clustering.rules.key_order.clone() {
            let total = match class {
                KeyClass::VendorId => continue,
                KeyClass::Phone => clusters.clustering.phones.len(),
                KeyClass::Email => clusters.clustering.emails.len(),
            } as u64;
            let mut tell = |stage, done| match progress(Progress { stage, done, total }) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(ClusterError::Cancelled),
            };
            tell(Stage::Joining(class), 0)?;
            match class {
                KeyClass::Phone => clusters.phones(&mut engine, &customer_of, &mut tell)?,
                _ => clusters.emails(&mut engine, &customer_of, &mut tell)?,
            }
            tell(Stage::Joining(class), total)?;
        }
        clusters.joins = std::mem::take(&mut engine.joins);
        let records = clusters.clustering.records.len() as u32;
        clusters.group = (0..records).map(|record| engine.find(record)).collect();
        clusters.groups =
            clusters.group.iter().enumerate().filter(|(record, root)| *record as u32 == **root).count()
                - clusters.clustering.repeated;
        Ok(clusters)
    }

    /// Canonical order of two records.
    fn order(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let (Some(left), Some(right)) = (self.records.get(a as usize), self.records.get(b as usize)) else {
            return a.cmp(&b);
        };
        left.created.cmp(&right.created).then_with(|| {
            let realm = |record: &Record| self.realms.get(record.realm as usize);
            let parts = |realm: &Realm| (realm.vendor.clone(), realm.account.clone(), realm.kind);
            let realms = if left.realm == right.realm {
                std::cmp::Ordering::Equal
            } else {
                realm(left).map(parts).cmp(&realm(right).map(parts))
            };
            realms.then_with(|| self.id_of(left).cmp(self.id_of(right))).then_with(|| a.cmp(&b))
        })
    }

    fn id_of(&self, record: &Record) -> &[u8] {
        if record.id == NO_TEXT { b"" } else { self.ids.get(record.id) }
    }

    fn find(&self, id: &SubjectId) -> Option<u32> {
        let account = self.account(id.account.id(), id.kind);
        let realm = self.realms.iter().position(|realm| {
            *realm.vendor == *id.vendor() && *realm.account == *account && realm.kind == id.kind
        })? as u32;
        let hash = match id.id.len() {
            ..=255 => hash(u64::from(realm), &id.id),
            _ => hash(u64::from(realm), &short(&id.id)),
        };
        let from = self.index.partition_point(|&(other, _)| other < hash);
        self.index.iter().skip(from).take_while(|&&(other, _)| other == hash).map(|&(_, record)| record).find(
            |&record| {
                self.records.get(record as usize).is_some_and(|record| {
                    record.realm == realm
                        && (id.id.len() > 255 || self.ids.get(record.id) == id.id.as_bytes())
                })
            },
        )
    }

    fn forced(&self, engine: &mut Engine) {
        for (left, right) in &self.rules.forced_links {
            if let (Some(left), Some(right)) = (self.find(left), self.find(right)) {
                let _ = engine.join(left, right, 0, Rule::Forced);
            }
        }
        for (left, right) in &self.rules.forced_splits {
            if let (Some(left), Some(right)) = (self.find(left), self.find(right)) {
                engine.split(left, right);
            }
        }
    }

    /// Counts customers instead of records, and tells the engine what is guarded.
    fn guard(&mut self, engine: &mut Engine, customer_of: &Map<u32, u32>) {
        // A customer that only order blocks name is no record, but it counts once; its blocks do not.
        for &block in customer_of.keys() {
            engine.discount(block);
        }
        self.guards.sort_unstable_by_key(|&(record, node)| (record, node.branch));
        self.guards.dedup();
        let mut guards: Vec<(u32, GuardNode)> = self
            .guards
            .iter()
            .filter_map(|&(record, node)| {
                let customer = customer_of.get(&record).copied().or_else(|| {
                    let own = self.records.get(record as usize)?;
                    let kind = self.realms.get(own.realm as usize)?.kind;
                    (kind == SubjectKind::Customer && own.id != NO_TEXT).then_some(record)
                });
                let atom = customer.unwrap_or(NO_ATOM);
                (atom != NO_ATOM || node.branch != 0).then_some((record, GuardNode { atom, ..node }))
            })
            .collect();
        guards.sort_unstable_by(|a, b| self.order(a.0, b.0));
        if customer_of.is_empty() && self.rules.forced_links.is_empty() {
            engine.reserve_guards(guards.len());
        }
        let mut seen = Set::default();
        let plain = customer_of.is_empty();
        for (record, node) in guards {
            if node.atom == NO_ATOM || plain || seen.insert((engine.find(record), node.atom)) {
                engine.guard(record, node);
            }
        }
        self.guards = Vec::new();
    }
}

/// A record that a key did not join to another.
#[derive(Copy, Clone, Debug)]
struct Refusal {
    from: u32,
    to: u32,
    key: u32,
    rule: Rule,
    reason: IgnoreReason,
}

/// One join of two records, told by rows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowJoin {
    /// A row of the record that came; its whole group came with it.
    pub row: usize,
    /// A row of the record that it met; none when it is a customer that only orders name.
    pub to: Option<usize>,
    /// What joined them.
    pub rule: Rule,
    /// The key that they share; none for a person's word.
    pub key: Option<Key>,
}

/// A key that joined nothing, or not everything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowIgnored {
    /// The key.
    pub key: Key,
    /// Why.
    pub reason: IgnoreReason,
    /// The refused row and the one that it met; empty for a shared key.
    pub rows: Vec<usize>,
    /// How many records hold a shared key.
    pub holders: usize,
}

/// The groups of a whole CRM, with the reason of every join.
#[derive(Debug)]
pub struct Clusters {
    /// Of every record, a record that stands for its group.
    group: Vec<u32>,
    clustering: Clustering,
    joins: Vec<RawJoin>,
    refused: Vec<Refusal>,
    /// Shared keys: class, a holder entry, count of holders.
    shared: Vec<(KeyClass, u32, u32)>,
    groups: usize,
}

impl Clusters {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.clustering.rows.len()
    }

    /// How many records the rows stand for.
    pub fn records(&self) -> usize {
        self.clustering.records.len() - self.clustering.repeated
    }

    /// A bound of the numbers of groups.
    pub fn numbers(&self) -> usize {
        self.group.len()
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many joins were made.
    pub fn join_count(&self) -> usize {
        self.joins.len()
    }

    /// A number that stands for the group of a row: rows have the same number exactly when they are in one group.
    /// Numbers are below [`Clusters::numbers`].
    #[inline]
    pub fn group_of(&self, row: usize) -> Option<u32> {
        let record = *self.clustering.rows.get(row)?;
        self.group.get(record as usize).copied()
    }

    /// For each group number, the oldest record's first row. Numbers that stand for no group have none.
    pub fn oldest_rows(&self) -> Vec<Option<usize>> {
        let mut oldest: Vec<Option<usize>> = vec![None; self.group.len()];
        for (row, &record) in self.clustering.rows.iter().enumerate() {
            let Some(&group) = self.group.get(record as usize) else { continue };
            let Some(slot) = oldest.get_mut(group as usize) else { continue };
            let older = slot.and_then(|known| self.clustering.rows.get(known)).is_none_or(|&known| {
                known != record && self.clustering.order(record, known) == std::cmp::Ordering::Less
            });
            if older {
                *slot = Some(row);
            }
        }
        oldest
    }

    /// Rows of a group, by its number, in the order in which they came. Reads every row once.
    pub fn members(&self, group: u32) -> Vec<usize> {
        (0..self.rows()).filter(|&row| self.group_of(row) == Some(group)).collect()
    }

    /// Every join, in the order in which they were made.
    pub fn joins(&self) -> impl Iterator<Item = RowJoin> + '_ {
        let first = self.first_rows();
        self.joins.iter().filter_map(move |join| self.told(join, &first))
    }

    /// The joins that made the group of a row.
    pub fn explain(&self, row: usize) -> Vec<RowJoin> {
        let Some(group) = self.group_of(row) else { return Vec::new() };
        let first = self.first_rows();
        self.joins
            .iter()
            .filter(|join| self.group.get(join.from as usize) == Some(&group))
            .filter_map(|join| self.told(join, &first))
            .collect()
    }

    /// Every key that joined nothing, or not everything: shared keys first.
    pub fn ignored(&self) -> impl Iterator<Item = RowIgnored> + '_ {
        let first = self.first_rows();
        let shared = self.shared.iter().filter_map(|&(class, entry, holders)| {
            let rule = if class == KeyClass::Phone { Rule::Phone } else { Rule::Email };
            let key = self.key(rule, entry)?;
            Some(RowIgnored {
                key,
                reason: IgnoreReason::Shared,
                rows: Vec::new(),
                holders: holders as usize,
            })
        });
        let refused = self.refused.iter().filter_map(move |refusal| {
            let row = |record: u32| first.get(record as usize).copied().flatten();
            let key = self.key(refusal.rule, refusal.key)?;
            let rows = [refusal.from, refusal.to].into_iter().filter_map(row).collect();
            Some(RowIgnored { key, reason: refusal.reason, rows, holders: 0 })
        });
        shared.chain(refused)
    }

    /// How many keys are shared, by class.
    pub fn shared_count(&self) -> BTreeMap<KeyClass, usize> {
        let mut counts = BTreeMap::new();
        for (class, ..) in &self.shared {
            *counts.entry(*class).or_insert(0) += 1;
        }
        counts
    }

    fn first_rows(&self) -> Vec<Option<usize>> {
        let mut first = vec![None; self.group.len()];
        for (row, &record) in self.clustering.rows.iter().enumerate() {
            if let Some(slot) = first.get_mut(record as usize) {
                slot.get_or_insert(row);
            }
        }
        first
    }

    fn told(&self, join: &RawJoin, first: &[Option<usize>]) -> Option<RowJoin> {
        Some(RowJoin {
            row: (*first.get(join.from as usize)?)?,
            to: first.get(join.to as usize).copied().flatten(),
            rule: join.rule,
            key: self.key(join.rule, join.key),
        })
    }

    fn key(&self, rule: Rule, number: u32) -> Option<Key> {
        let all = &self.clustering;
        match rule {
            Rule::Forced => None,
            Rule::VendorId => {
                let record = all.records.get(number as usize)?;
                let realm = all.realms.get(record.realm as usize)?;
                let shop = Account::new(realm.vendor.to_string(), &*realm.account);
                Some(Key::vendor(&shop, all.ids.text(record.id)))
            }
            Rule::Phone => {
                all.phones.get(number as usize).and_then(|&(digits, _)| E164::new(digits)).map(Key::Phone)
            }
            Rule::Email => all
                .emails
                .get(number as usize)
                .map(|holder| Key::Email(EmailKey::from_folded(all.addresses.text(holder.text)))),
        }
    }

    /// Whether more customers than the limit hold the key.
    fn too_many(&self, holders: &[u32], customer_of: &Map<u32, u32>) -> bool {
        let limit = self.clustering.rules.max_key_holders as usize;
        if holders.len() <= limit || customer_of.is_empty() {
            return holders.len() > limit;
        }
        let customers: Set<u32> =
            holders.iter().map(|holder| customer_of.get(holder).copied().unwrap_or(*holder)).collect();
        customers.len() > limit
    }

    /// Whether one account has several customers among the holders.
    fn crowded(&self, holders: &[u32], customer_of: &Map<u32, u32>) -> bool {
        let mut seen: Map<u32, u32> = Map::default();
        holders.iter().any(|holder| {
            let Some(realm) = self.clustering.realm_of(*holder) else { return false };
            let customer = customer_of.get(holder).copied().unwrap_or(*holder);
            *seen.entry(realm.account_number).or_insert(customer) != customer
        })
    }

    fn canonical(&self, holders: &mut [u32]) {
        match holders {
            [a, b] => {
                if self.clustering.order(*a, *b) == std::cmp::Ordering::Greater {
                    std::mem::swap(a, b);
                }
            }
            holders => holders.sort_unstable_by(|&a, &b| self.clustering.order(a, b)),
        }
    }

    fn phones(
        &mut self,
        engine: &mut Engine,
        customer_of: &Map<u32, u32>,
        tell: &mut impl FnMut(Stage, u64) -> Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        let phones = std::mem::take(&mut self.clustering.phones);
        let some_unused = self.clustering.realms.iter().any(|realm| !realm.uses_phone);
        let mut holders: Vec<u32> = Vec::new();
        let mut at = 0;
        let mut next_tell = 0;
        for run in phones.chunk_by(|a, b| a.0 == b.0) {
            let start = at;
            at += run.len();
            if run.len() < 2 {
                continue;
            }
            if at >= next_tell {
                tell(Stage::Joining(KeyClass::Phone), at as u64)?;
                next_tell = at + (1 << 16);
            }
            holders.clear();
            holders.extend(run.iter().map(|&(_, record)| record));
            if self.too_many(&holders, customer_of)
                && !self.allowed(run.first().and_then(|&(digits, _)| E164::new(digits)).map(Key::Phone))
            {
                self.shared.push((KeyClass::Phone, start as u32, holders.len() as u32));
                continue;
            }
            if some_unused {
                holders
                    .retain(|&holder| self.clustering.realm_of(holder).is_none_or(|realm| realm.uses_phone));
            }
            self.canonical(&mut holders);
            let refused = &mut self.refused;
            engine.join_key(&holders, start as u32, Rule::Phone, |from, to, reason| {
                refused.push(Refusal { from, to, key: start as u32, rule: Rule::Phone, reason });
            });
        }
        self.clustering.phones = phones;
        Ok(())
    }

    fn allowed(&self, key: Option<Key>) -> bool {
        let allowed = &self.clustering.rules.allowed_shared;
        !allowed.is_empty() && key.is_some_and(|key| allowed.contains(&key))
    }

    fn emails(
        &mut self,
        engine: &mut Engine,
        customer_of: &Map<u32, u32>,
        tell: &mut impl FnMut(Stage, u64) -> Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        let mut emails = std::mem::take(&mut self.clustering.emails);
        // Two addresses with one hash: told apart by their text.
        let addresses = &self.clustering.addresses;
        let mut runs: Vec<(u64, u32, u32)> = Vec::new();
        let mut start = 0;
        while start < emails.len() {
            let hash = emails.get(start).map_or(0, |holder| holder.hash);
            let len = emails.iter().skip(start).take_while(|holder| holder.hash == hash).count();
            if len > 1
                && let Some(run) = emails.get_mut(start..start + len)
            {
                let first = run.first().map_or(0, |holder| holder.text);
                if run.iter().any(|holder| addresses.get(holder.text) != addresses.get(first)) {
                    run.sort_unstable_by(|a, b| addresses.get(a.text).cmp(addresses.get(b.text)));
                }
                let mut from = start;
                for same in run.chunk_by(|a, b| addresses.get(a.text) == addresses.get(b.text)) {
                    if same.len() > 1 {
                        let text = same.first().map_or(0, |holder| holder.text);
                        runs.push((head(addresses.get(text)), from as u32, same.len() as u32));
                    }
                    from += same.len();
                }
            }
            start += len;
        }
        let text =
            |start: u32| emails.get(start as usize).map_or(&[][..], |holder| addresses.get(holder.text));
        runs.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a.1).cmp(text(b.1))));
        let some_unused = self.clustering.realms.iter().any(|realm| !realm.uses_email);
        let mut holders: Vec<u32> = Vec::new();
        for (done, &(_, start, len)) in runs.iter().enumerate() {
            if done % (1 << 15) == 0 {
                tell(Stage::Joining(KeyClass::Email), done as u64)?;
            }
            let run = emails.get(start as usize..(start + len) as usize).unwrap_or_default();
            holders.clear();
            holders.extend(run.iter().map(|holder| holder.record));
            if holders.len() > 2 {
                holders.sort_unstable();
            }
            holders.dedup();
            let weak = run.first().is_some_and(|holder| holder.hash & 1 == 1);
            if self.too_many(&holders, customer_of) || weak && self.crowded(&holders, customer_of) {
                let key = run.first().map(|holder| {
                    Key::Email(EmailKey::from_folded(self.clustering.addresses.text(holder.text)))
                });
                if !self.allowed(key) {
                    self.shared.push((KeyClass::Email, start, holders.len() as u32));
                    continue;
                }
            }
            if some_unused {
                holders
                    .retain(|&holder| self.clustering.realm_of(holder).is_none_or(|realm| realm.uses_email));
            }
            self.canonical(&mut holders);
            let refused = &mut self.refused;
            engine.join_key(&holders, start, Rule::Email, |from, to, reason| {
                refused.push(Refusal { from, to, key: start, rule: Rule::Email, reason });
            });
        }
        self.clustering.emails = emails;
        Ok(())
    }
}

impl Clustering {
    fn realm_of(&self, record: u32) -> Option<&Realm> {
        self.records.get(record as usize).and_then(|record| self.realms.get(record.realm as usize))
    }
}
