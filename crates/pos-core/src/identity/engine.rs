//! Guarded transitive closure over numbers. Records are numbered in canonical order, so the smallest number of a
//! group is its oldest record; everything that has a name lives in the callers.

use serde::{Deserialize, Serialize};

/// A map whose order of iteration nobody relies on.
pub(super) type Map<K, V> = hashbrown::HashMap<K, V, foldhash::fast::RandomState>;
/// A set whose order of iteration nobody relies on.
pub(super) type Set<T> = hashbrown::HashSet<T, foldhash::fast::RandomState>;

/// Why a key did not join two records.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IgnoreReason {
    /// More records hold the key than the limit allows.
    Shared,
    /// The group already has another vendor id of the account, or belongs to another branch.
    Guarded,
    /// The group is as big as groups may be.
    GroupFull,
    /// A person said that the records are two.
    ForcedSplit,
}

impl IgnoreReason {
    /// The name used by serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Guarded => "guarded",
            Self::GroupFull => "group_full",
            Self::ForcedSplit => "forced_split",
        }
    }
}

/// What joined two records.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A person said so.
    Forced,
    /// They are one customer of the vendor.
    VendorId,
    /// They share a phone.
    Phone,
    /// They share an e-mail.
    Email,
}

impl Rule {
    /// The name used by serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forced => "forced",
            Self::VendorId => "vendor_id",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

/// No vendor id.
pub(super) const NO_ATOM: u32 = u32::MAX;

/// What a guarded record brings into its group.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct GuardNode {
    /// Number of the account.
    pub(super) account: u32,
    /// Number of the branch plus one; zero when the account does not part its branches.
    pub(super) branch: u32,
    /// Number of the vendor id, or [`NO_ATOM`].
    pub(super) atom: u32,
}

impl GuardNode {
    fn conflicts(self, other: Self) -> bool {
        self.account == other.account
            && if self.atom != NO_ATOM && other.atom != NO_ATOM {
                self.atom != other.atom
            } else {
                self.branch != 0 && other.branch != 0 && self.branch != other.branch
            }
    }
}

/// One join: the groups of `from` and `to` became one.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct RawJoin {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Number of the key, as the caller counts.
    pub(super) key: u32,
    pub(super) rule: Rule,
}

/// A key that a person allowed may have any number of holders; each is compared with this many groups.
const MAX_TRIES: usize = 256;

const END: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct Engine {
    parent: Vec<u32>,
    /// Customers of a group, at its root. Empty when groups may have any size.
    size: Vec<u32>,
    max_group: u32,
    /// Guard nodes as linked lists, at the root of each group. Empty when nothing is guarded.
    head: Vec<u32>,
    tail: Vec<u32>,
    next: Vec<u32>,
    nodes: Vec<GuardNode>,
    /// At the root of a group: the records that it must not take in.
    splits: Map<u32, Vec<u32>>,
    pub(super) joins: Vec<RawJoin>,
    /// Groups of the key in hand.
    tried: Vec<u32>,
}

impl Engine {
    pub(super) fn new(len: usize, max_group: u32) -> Self {
        let limited = max_group < u32::MAX;
        Self {
            parent: (0..len as u32).collect(),
            size: if limited { vec![1; len] } else { Vec::new() },
            max_group,
            ..Self::default()
        }
    }

    /// Counts one customer less in the group of `at`: the record belongs to a customer that is counted already.
    pub(super) fn discount(&mut self, at: u32) {
        let root = self.find(at);
        if let Some(size) = self.size.get_mut(root as usize) {
            *size = size.saturating_sub(1);
        }
    }

    #[inline]
    pub(super) fn find(&mut self, at: u32) -> u32 {
        let mut at = at;
        loop {
            let Some(&parent) = self.parent.get(at as usize) else { return at };
            if parent == at {
                return at;
            }
            let Some(&grand) = self.parent.get(parent as usize) else { return parent };
            if let Some(slot) = self.parent.get_mut(at as usize) {
                *slot = grand;
            }
            at = grand;
        }
    }

    /// Gives the group of `at` a guard node, unless it has that one.
    pub(super) fn guard(&mut self, at: u32, node: GuardNode) {
        let root = self.find(at) as usize;
        if self.head.is_empty() {
            self.head = vec![END; self.parent.len()];
            self.tail = vec![END; self.parent.len()];
        }
        let mut walk = self.head.get(root).copied().unwrap_or(END);
        while walk != END {
            if self.nodes.get(walk as usize) == Some(&node) {
                return;
            }
            walk = self.next.get(walk as usize).copied().unwrap_or(END);
        }
        let number = self.nodes.len() as u32;
        self.nodes.push(node);
        self.next.push(END);
        let last = self.tail.get(root).copied().unwrap_or(END);
        if let Some(slot) = self.next.get_mut(last as usize) {
            *slot = number;
        }
        if let Some(slot) = self.head.get_mut(root)
            && *slot == END
        {
            *slot = number;
        }
        if let Some(slot) = self.tail.get_mut(root) {
            *slot = number;
        }
    }

    /// Makes room for `len` guard nodes.
    pub(super) fn reserve_guards(&mut self, len: usize) {
        self.nodes.reserve_exact(len);
        self.next.reserve_exact(len);
    }

    /// Keeps two records apart.
    pub(super) fn split(&mut self, left: u32, right: u32) {
        let (a, b) = (self.find(left), self.find(right));
        self.splits.entry(a).or_default().push(right);
        self.splits.entry(b).or_default().push(left);
    }

    fn splits_forbid(&mut self, a: u32, b: u32) -> bool {
        if self.splits.is_empty() {
            return false;
        }
        let Some(others) = self.splits.remove(&a) else { return false };
        let forbidden = others.iter().any(|&other| self.find(other) == b);
        self.splits.insert(a, others);
        forbidden
    }

    fn guards_forbid(&self, a: u32, b: u32) -> bool {
        let mut left = self.head.get(a as usize).copied().unwrap_or(END);
        if left == END {
            return false;
        }
        let first = self.head.get(b as usize).copied().unwrap_or(END);
        while let Some(&node) = self.nodes.get(left as usize) {
            let mut right = first;
            while let Some(&other) = self.nodes.get(right as usize) {
                if node.conflicts(other) {
                    return true;
                }
                right = self.next.get(right as usize).copied().unwrap_or(END);
            }
            left = self.next.get(left as usize).copied().unwrap_or(END);
        }
        false
    }

    /// Why the groups with roots `a` and `b` cannot be one.
    fn conflict(&mut self, a: u32, b: u32) -> Option<IgnoreReason> {
        if self.splits_forbid(a, b) {
            return Some(IgnoreReason::ForcedSplit);
        }
        if self.guards_forbid(a, b) {
            return Some(IgnoreReason::Guarded);
        }
        let size = |at: u32| self.size.get(at as usize).copied().unwrap_or(0);
        (!self.size.is_empty() && size(a).saturating_add(size(b)) > self.max_group)
            .then_some(IgnoreReason::GroupFull)
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (root, child) = (a.min(b), a.max(b));
        if let Some(slot) = self.parent.get_mut(child as usize) {
            *slot = root;
        }
        if let Some(&more) = self.size.get(child as usize)
            && let Some(size) = self.size.get_mut(root as usize)
        {
            *size = size.saturating_add(more);
        }
        let head = self.head.get(child as usize).copied().unwrap_or(END);
        if head != END {
            let last = self.tail.get(root as usize).copied().unwrap_or(END);
            if let Some(slot) = self.next.get_mut(last as usize) {
                *slot = head;
            } else if let Some(slot) = self.head.get_mut(root as usize) {
                *slot = head;
            }
            let end = self.tail.get(child as usize).copied().unwrap_or(END);
            if let Some(slot) = self.tail.get_mut(root as usize) {
                *slot = end;
            }
        }
        if let Some(others) = self.splits.remove(&child) {
            self.splits.entry(root).or_default().extend(others);
        }
    }

    /// Joins two records whatever the guards say. Splits are not asked when `rule` is a person's.
    pub(super) fn join(&mut self, from: u32, to: u32, key: u32, rule: Rule) -> Result<(), IgnoreReason> {
        let (a, b) = (self.find(from), self.find(to));
        if a == b {
            return Ok(());
        }
        if rule != Rule::Forced && self.splits_forbid(a, b) {
            return Err(IgnoreReason::ForcedSplit);
        }
        self.unite(a, b);
        self.joins.push(RawJoin { from, to, key, rule });
        Ok(())
    }

    /// Joins the holders of a key: in canonical order, each with the first group that can take it. `refused` hears
    /// of every record that had to start a group of its own, with the first group's reason.
    pub(super) fn join_key(
        &mut self,
        holders: &[u32],
        key: u32,
        rule: Rule,
        mut refused: impl FnMut(u32, u32, IgnoreReason),
    ) {
        let Some((&first, rest)) = holders.split_first() else { return };
        self.tried.clear();
        self.tried.push(first);
        'holders: for &holder in rest {
            let root = self.find(holder);
            let mut reason = None;
            for at in 0..self.tried.len().min(MAX_TRIES) {
                let Some(&to) = self.tried.get(at) else { break };
                let group = self.find(to);
                if group == root {
                    continue 'holders;
                }
                match self.conflict(group, root) {
                    None => {
                        self.unite(group, root);
                        self.joins.push(RawJoin { from: holder, to, key, rule });
                        continue 'holders;
                    }
                    Some(why) => {
                        reason.get_or_insert((to, why));
                    }
                }
            }
            if let Some((to, why)) = reason {
                refused(holder, to, why);
            }
            self.tried.push(holder);
        }
    }
}
