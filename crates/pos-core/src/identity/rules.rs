//! What a shop may change about identity.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::email::{EmailRules, IdentityHints};
use super::engine::Map;
use super::key::{Key, KeyClass};
use super::phone::{PhoneRules, PhoneSources};
use super::subject::{Guard, SubjectId};

/// Where a vendor's customer id is unique.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorScope {
    /// In one account: number 17 of two shops are two customers.
    #[default]
    Account,
    /// At the vendor: the same number in two accounts is the same customer (a chain whose accounts share customers).
    Vendor,
}

/// Every rule of identity that a shop may change. Serde fills what is not given; [`IdentityRules::validate`] says
/// what is wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityRules {
    /// Reading of phones.
    pub phone: PhoneRules,
    /// Reading of e-mails.
    pub email: EmailRules,
    /// Which sources of a phone give keys.
    pub phone_sources: PhoneSources,
    /// The classes of keys that join records, strongest first. The vendor's id always comes before them.
    pub key_order: Vec<KeyClass>,
    /// Vendors whose records use other classes, for example `{"haravan": []}` for the vendor's id alone.
    pub vendor_keys: BTreeMap<String, Vec<KeyClass>>,
    /// Where a vendor's customer id is unique.
    pub vendor_scope: VendorScope,
    /// Vendors of whose accounts a group holds at most one customer id. A connected shop says it by its link; here it is
    /// for records that come without one.
    pub guarded_vendors: BTreeSet<String>,
    /// A phone or e-mail that more customers hold than this is shared: it joins nothing until a person allows it. A weak
    /// e-mail ([`IdentityRules::is_weak`]) is shared as soon as two customers of one account hold it.
    pub max_key_holders: u32,
    /// A group holds at most this many customers.
    pub max_group: u32,
    /// Shared keys that a person allowed to join all the same.
    pub allowed_shared: BTreeSet<Key>,
    /// Records that a person said are one. They win over every other rule.
    pub forced_links: Vec<(SubjectId, SubjectId)>,
    /// Records that a person said are two. They win over every rule but a forced link of the same pair is an error.
    pub forced_splits: Vec<(SubjectId, SubjectId)>,
}

impl Default for IdentityRules {
    fn default() -> Self {
        Self {
            phone: PhoneRules::default(),
            email: EmailRules::default(),
            phone_sources: PhoneSources::default(),
            key_order: vec![KeyClass::Phone, KeyClass::Email],
            vendor_keys: BTreeMap::new(),
            vendor_scope: VendorScope::Account,
            guarded_vendors: BTreeSet::new(),
            max_key_holders: 20,
            max_group: 50,
            allowed_shared: BTreeSet::new(),
            forced_links: Vec::new(),
            forced_splits: Vec::new(),
        }
    }
}

/// What is wrong with a set of rules.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityRulesError {
    /// A class of keys is named twice.
    #[error("{place} names {class:?} twice")]
    RepeatedClass {
        /// The member of the rules.
        place: String,
        /// The class.
        class: KeyClass,
    },
    /// The vendor's id stands behind another class.
    #[error("{place}: the vendor's id is always first; leave it out or put it first")]
    VendorIdNotFirst {
        /// The member of the rules.
        place: String,
    },
    /// A limit that nothing can satisfy.
    #[error("{name} is {value}, must be at least {least}")]
    LimitTooSmall {
        /// The member of the rules.
        name: &'static str,
        /// Its value.
        value: u32,
        /// The smallest that works.
        least: u32,
    },
    /// A block-list prefix that no number can start with.
    #[error("phone.blocked_prefixes[{index}] must be + and 1 to 15 digits")]
    BadPrefix {
        /// Which of them.
        index: usize,
    },
    /// A pattern of the block list with too many wild cards, or with one in its domain.
    #[error(
        "email.blocked[{index}] must be an address with a lower-case domain and at most four of * and # before it"
    )]
    BadPattern {
        /// Which of them.
        index: usize,
    },
    /// Something that is no domain, or one that is not in lower case and A-labels.
    #[error("email.{list} has an entry that is not a lower-case domain such as shop.vn")]
    BadDomain {
        /// The member of the rules.
        list: &'static str,
    },
    /// A vendor's id in the list of shared keys: only phones and e-mails are ever shared.
    #[error("allowed_shared[{index}] is a vendor's id; only phones and e-mails can be shared")]
    VendorIdShared {
        /// Which of them.
        index: usize,
    },
    /// A record linked to itself, or split from itself.
    #[error("{list}[{index}] names {id} twice")]
    SamePair {
        /// The member of the rules.
        list: &'static str,
        /// Which of them.
        index: usize,
        /// The record.
        id: SubjectId,
    },
    /// Links that join, directly or through others, what a split keeps apart.
    #[error("forced_splits[{index}] keeps {left} and {right} apart, but forced links join them")]
    Contradiction {
        /// Which split.
        index: usize,
        /// One record.
        left: SubjectId,
        /// The other.
        right: SubjectId,
    },
}

impl IdentityRules {
    /// Keys, junk rules and the limit of holders, and nothing else: plain connected components.
    pub fn flat() -> Self {
        Self { max_group: u32::MAX, ..Self::default() }
    }

    /// Takes in what a vendor knows of its customers, for all of its accounts. Links say it of their own.
    pub fn heed(&mut self, vendor: &str, hints: &IdentityHints) {
        if hints.guarded {
            self.guarded_vendors.insert(vendor.to_owned());
        }
        self.email.block(hints.blocked_emails.iter().copied());
    }

    /// Checks that the rules can be followed.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the person who wrote the rules.
    pub fn validate(&self) -> Result<(), IdentityRulesError> {
        check_classes("key_order", &self.key_order)?;
        for (vendor, classes) in &self.vendor_keys {
            check_classes(&format!("vendor_keys.{vendor}"), classes)?;
        }
        for (name, value, least) in
            [("max_key_holders", self.max_key_holders, 1), ("max_group", self.max_group, 1)]
        {
            if value < least {
                return Err(IdentityRulesError::LimitTooSmall { name, value, least });
            }
        }
        for (index, prefix) in self.phone.blocked_prefixes.iter().enumerate() {
            let digits = prefix.strip_prefix('+').unwrap_or_default();
            if !(1..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(IdentityRulesError::BadPrefix { index });
            }
        }
        for (index, pattern) in self.email.blocked.iter().enumerate() {
            let wild = pattern.bytes().filter(|byte| matches!(byte, b'*' | b'#')).count();
            let domain = pattern.rsplit_once('@').map_or("", |(_, domain)| domain);
            if !is_domain(domain) || wild > 4 || pattern.contains(char::is_whitespace) {
                return Err(IdentityRulesError::BadPattern { index });
            }
        }
        for (list, domains) in [
            ("public_providers", &self.email.public_providers),
            ("blocked_domains", &self.email.blocked_domains),
            ("relay_domains", &self.email.relay_domains),
            ("own_domains", &self.email.own_domains),
        ] {
            if !domains.iter().all(|domain| is_domain(domain.strip_suffix(".*").unwrap_or(domain))) {
                return Err(IdentityRulesError::BadDomain { list });
            }
        }
        if let Some(index) = self.allowed_shared.iter().position(|key| matches!(key, Key::Vendor(_))) {
            return Err(IdentityRulesError::VendorIdShared { index });
        }
        self.check_forced()
    }

    fn check_forced(&self) -> Result<(), IdentityRulesError> {
        for (list, pairs) in [("forced_links", &self.forced_links), ("forced_splits", &self.forced_splits)] {
            if let Some((index, (id, _))) = pairs.iter().enumerate().find(|(_, (left, right))| left == right)
            {
                return Err(IdentityRulesError::SamePair { list, index, id: id.clone() });
            }
        }
        let mut numbers: Map<&SubjectId, usize> = Map::default();
        let mut parents: Vec<usize> = Vec::new();
        fn root(parents: &[usize], mut at: usize) -> usize {
            while let Some(&parent) = parents.get(at)
                && parent != at
            {
                at = parent;
            }
            at
        }
        for (left, right) in &self.forced_links {
            let mut number = |id| {
                *numbers.entry(id).or_insert_with(|| {
                    parents.push(parents.len());
                    parents.len() - 1
                })
            };
            let (left, right) = (number(left), number(right));
            let (left, right) = (root(&parents, left), root(&parents, right));
            if let Some(slot) = parents.get_mut(left.max(right)) {
                *slot = left.min(right);
            }
        }
        for (index, (left, right)) in self.forced_splits.iter().enumerate() {
            if let (Some(&a), Some(&b)) = (numbers.get(left), numbers.get(right))
                && root(&parents, a) == root(&parents, b)
            {
                return Err(IdentityRulesError::Contradiction {
                    index,
                    left: left.clone(),
                    right: right.clone(),
                });
            }
        }
        Ok(())
    }

    /// Whether a key joins nothing from the second customer of one account on: an e-mail whose local part is a stand-in,
    /// at a domain that may be anybody's.
    pub fn is_weak(&self, key: &Key) -> bool {
        matches!(key, Key::Email(email) if self.email.is_weak(email))
    }

    /// Whether records of a vendor are joined by keys of a class.
    pub fn uses(&self, vendor: &str, class: KeyClass) -> bool {
        class == KeyClass::VendorId
            || self.key_order.contains(&class)
                && self.vendor_keys.get(vendor).is_none_or(|classes| classes.contains(&class))
    }

    /// The guard of a record, from what its link knows: `branch` is given when the account keeps the customers of
    /// its branches apart.
    pub fn guard(&self, vendor: &str, branch: Option<&str>) -> Option<Guard> {
        match branch {
            Some(branch) => Some(Guard::Branch(branch.into())),
            None => self.guarded_vendors.contains(vendor).then_some(Guard::Account),
        }
    }
}

/// A domain as the rules name it: lower case, A-labels, at least one dot.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.contains('.') && text.split('.').all(label)
}

fn check_classes(place: &str, classes: &[KeyClass]) -> Result<(), IdentityRulesError> {
    for (at, &class) in classes.iter().enumerate() {
        if classes.iter().skip(at + 1).any(|&other| other == class) {
            return Err(IdentityRulesError::RepeatedClass { place: place.to_owned(), class });
        }
        if class == KeyClass::VendorId && at > 0 {
            return Err(IdentityRulesError::VendorIdNotFirst { place: place.to_owned() });
        }
    }
    Ok(())
}
