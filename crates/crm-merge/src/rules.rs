//! What a link, and the CRM as a whole, decide about merging.

use std::collections::BTreeMap;
use std::sync::Arc;

use pos_core::identity::{
    EmailKey, Guard, IdentityHints, IdentityRules, IdentityRulesError, Key, KeyClass, SubjectId, SubjectKind,
    for_each_email_key, read_emails, read_phone,
};
use pos_core::merge::{MergePolicy, Source};
use pos_core::record::{Account, CustomerRecord, Email, Identity, OrderRecord, Phone};
use serde::{Deserialize, Serialize};

use crate::mapping::{Mapping, MappingError};
use crate::model::{Contact, ContactId, Role};
use crate::policy::Policy;

/// How the revenue of a contact is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RevenueBasis {
    /// Documents that are paid in full count their total; the others nothing yet.
    #[default]
    Paid,
    /// Documents count their total as soon as they are placed, paid or not (sales on credit).
    Placed,
}

/// Who looks after the contacts that a link creates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OwnerRule {
    /// Nobody.
    #[default]
    Nobody,
    /// Always the same.
    Fixed(String),
    /// One of these, spread evenly; the same contact always gets the same one.
    Spread(Vec<String>),
}

impl OwnerRule {
    /// The owner of a contact.
    pub fn owner(&self, contact: &ContactId) -> Option<String> {
        match self {
            Self::Nobody => None,
            Self::Fixed(owner) => Some(owner.clone()),
            Self::Spread(owners) if owners.is_empty() => None,
            Self::Spread(owners) => {
                let hash = crate::model::hash(contact.as_str().as_bytes());
                let at = usize::try_from(hash % owners.len() as u64).unwrap_or_default();
                owners.get(at).cloned()
            }
        }
    }
}

/// The rules of one link.
///
/// ```
/// use crm_merge::{LinkRules, Policy, Role};
///
/// let rules = LinkRules {
///     policy: Policy::Overwrite,
///     role: Role::Account,
///     tags: vec!["pos".into()],
///     ..LinkRules::default()
/// };
/// // The same as a host's settings have it.
/// let same: LinkRules = serde_json::from_str(r#"{"policy": "overwrite", "role": "account", "tags": ["pos"]}"#)?;
/// assert_eq!(rules, same);
/// // A rule that nobody knows is an error.
/// assert!(serde_json::from_str::<LinkRules>(r#"{"polcy": "overwrite"}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkRules {
    /// What happens to the fields of a contact that was recognised.
    pub policy: Policy,
    /// Other policies for single fields.
    pub field_policies: BTreeMap<String, Policy>,
    /// Which vendor field feeds which field.
    pub mapping: Mapping,
    /// The role of new contacts; also preferred when a record matches several contacts.
    pub role: Role,
    /// The owner of new contacts.
    pub owner: OwnerRule,
    /// Tags of new contacts.
    pub tags: Vec<String>,
    /// The source of new contacts; the vendor's name for people when absent.
    pub source: Option<String>,
    /// Who created new contacts; the vendor's name for people when absent.
    pub created_by: Option<String>,
    /// The classes of keys that recognise a person beside the vendor's id; those of the CRM's identity rules when
    /// absent. Empty means the vendor's id alone, which connecting a shop fills in for vendors where it is the default.
    pub match_by: Option<Vec<KeyClass>>,
    /// The shop keeps its customers apart by branch.
    pub separate_branches: bool,
    /// A contact has at most one customer of the shop ([`Guard::Account`](pos_core::identity::Guard::Account)). Connecting a
    /// shop says so for vendors where it is so.
    pub guarded: bool,
    /// Mailboxes that the vendor writes where a customer has none: patterns as in
    /// [`EmailRules::blocked`](pos_core::identity::EmailRules::blocked). They hold for every shop of the CRM, because rows
    /// move between shops. Connecting a shop adds those of its vendor.
    pub blocked_emails: Vec<String>,
    /// Somebody who only receives becomes a contact too, marked as no buyer.
    pub recipients: bool,
    /// How revenue is counted.
    pub revenue: RevenueBasis,
}

impl LinkRules {
    /// Takes in what the vendor of the shop knows of its customers. Whether that was news.
    pub fn heed(&mut self, hints: &IdentityHints) -> bool {
        let mut is_news = hints.guarded && !self.guarded;
        self.guarded |= hints.guarded;
        for pattern in hints.blocked_emails {
            if !self.blocked_emails.iter().any(|known| known == pattern) {
                self.blocked_emails.push((*pattern).to_owned());
                is_news = true;
            }
        }
        is_news
    }

    /// The policy of a field.
    pub fn policy(&self, field: &str) -> &Policy {
        self.field_policies.get(field).unwrap_or(&self.policy)
    }
}

/// Rules that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// Of identity.
    #[error(transparent)]
    Identity(#[from] IdentityRulesError),
    /// A link names a policy that nobody registered.
    #[error("{account}: there is no policy {name}; registered are {known:?}")]
    UnknownPolicy {
        /// The shop.
        account: Account,
        /// The name.
        name: String,
        /// The names that are registered.
        known: Vec<String>,
    },
    /// Of a mapping.
    #[error("{account}: {error}")]
    Mapping {
        /// The shop.
        account: Account,
        /// What is wrong.
        error: MappingError,
    },
}

/// A link's rules with the vendor's name for people.
#[derive(Clone, Debug)]
struct Linked {
    rules: LinkRules,
    display_name: String,
}

/// All rules of a CRM: identity, which is one for all shops, and the rules of every link.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who is the same person.
    pub identity: IdentityRules,
    /// In the order of their shops.
    links: Vec<(Account, Linked)>,
    policies: BTreeMap<String, Arc<dyn MergePolicy>>,
    fallback: LinkRules,
}

impl Rules {
    /// Identity rules without any link yet.
    pub fn new(identity: IdentityRules) -> Self {
        Self { identity, ..Self::default() }
    }

    /// Adds the rules of a link. `display_name` is the vendor's name for people.
    #[must_use]
    pub fn with_link(mut self, account: Account, display_name: impl Into<String>, rules: LinkRules) -> Self {
        self.identity.email.block(rules.blocked_emails.iter().map(String::as_str));
        let linked = Linked { rules, display_name: display_name.into() };
        match self.place(&account) {
            Ok(at) => self.links[at].1 = linked,
            Err(at) => self.links.insert(at, (account, linked)),
        }
        self
    }

    /// Registers a policy of the host's own: links name it as [`Policy::Named`].
    #[must_use]
    pub fn with_named_policy(mut self, policy: Arc<dyn MergePolicy>) -> Self {
        self.policies.insert(policy.name().to_owned(), policy);
        self
    }

    /// Checks everything that was configured.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), RulesError> {
        self.identity.validate()?;
        for (account, linked) in &self.links {
            let named = linked.rules.field_policies.values().chain([&linked.rules.policy]);
            if let Some(name) =
                named.filter_map(Policy::named).find(|name| !self.policies.contains_key(*name))
            {
                return Err(RulesError::UnknownPolicy {
                    account: account.clone(),
                    name: name.to_owned(),
                    known: self.policies.keys().cloned().collect(),
                });
            }
            linked
                .rules
                .mapping
                .validate()
                .map_err(|error| RulesError::Mapping { account: account.clone(), error })?;
        }
        Ok(())
    }

    fn place(&self, account: &Account) -> Result<usize, usize> {
        self.links.binary_search_by(|(known, _)| known.cmp(account))
    }

    fn linked(&self, account: &Account) -> Option<&Linked> {
        self.links.get(self.place(account).ok()?).map(|(_, linked)| linked)
    }

    /// The rules of a shop's link; the defaults for a shop that has none (any more).
    pub fn link(&self, account: &Account) -> &LinkRules {
        self.linked(account).map_or(&self.fallback, |linked| &linked.rules)
    }

    pub(crate) fn of(&self, id: &SubjectId) -> &LinkRules {
        self.link(&id.account)
    }

    /// What the shop of a record allows in one group: `branch` is the one that keeps it.
    pub(crate) fn guard(&self, id: &SubjectId, branch: Option<&str>) -> Option<Guard> {
        let link = self.of(id);
        let guard = self.identity.guard(id.vendor(), branch.filter(|_| link.separate_branches));
        guard.or_else(|| link.guarded.then_some(Guard::Account))
    }

    /// Whether the shop of a record allows at most one of its customers in a group, or in one of its branches.
    pub(crate) fn is_guarded(&self, id: &SubjectId) -> bool {
        let link = self.of(id);
        link.guarded || link.separate_branches || self.identity.guarded_vendors.contains(id.vendor())
    }

    pub(crate) fn policy(&self, id: &SubjectId, field: &str) -> &dyn MergePolicy {
        let policy = self.of(id).policy(field);
        match policy.named().and_then(|name| self.policies.get(name)) {
            Some(own) => &**own,
            None => policy,
        }
    }

    pub(crate) fn display_name<'a>(&'a self, id: &'a SubjectId) -> &'a str {
        self.linked(&id.account).map_or(id.vendor(), |linked| &*linked.display_name)
    }

    /// The keys that a record may hold by the rules of its link: by them it is recognised.
    pub fn keys(&self, id: &SubjectId, record: &CustomerRecord) -> Vec<Key> {
        self.all_keys(id, record).0
    }

    /// [`Rules::keys`], and the keys by which the contact of a record is found beside these: every usable number and
    /// address on it, whatever the rules of its link are.
    pub(crate) fn all_keys(&self, id: &SubjectId, record: &CustomerRecord) -> (Vec<Key>, Vec<Key>) {
        let (mut keys, mut finds) = (Vec::new(), Vec::new());
        if record.identity != Identity::Person || record.test {
            return (keys, finds);
        }
        let link = self.of(id);
        let uses = |class: KeyClass| match &link.match_by {
            Some(classes) => classes.contains(&class),
            None => self.identity.uses(id.vendor(), class),
        };
        let by_phone = uses(KeyClass::Phone);
        let sources = &self.identity.phone_sources;
        let has_own = record.phones.iter().any(|phone| {
            use pos_core::record::PhoneSource::{Own, Secondary};
            phone.e164.is_some() && !phone.doubtful && matches!(phone.source, Own | Secondary)
        });
        self.phone_keys(&record.phones, |phone, key| {
            let recognises = by_phone && sources.usable(phone.source, has_own);
            push_new(if recognises { &mut keys } else { &mut finds }, key);
        });
        let by_email = uses(KeyClass::Email);
        self.email_keys(&record.emails, |key| push_new(if by_email { &mut keys } else { &mut finds }, key));
        // A number may stand there twice, in a field that recognises and in one that does not.
        finds.retain(|key| !keys.contains(key));
        (keys, finds)
    }

    /// The keys that stand on a document itself.
    pub fn document_finds(&self, record: &OrderRecord) -> Vec<Key> {
        let mut keys = Vec::new();
        if let Some(contact) = record.contact.as_ref().filter(|_| !record.test) {
            self.phone_keys(&contact.phones, |_, key| push_new(&mut keys, key));
            self.email_keys(&contact.emails, |key| push_new(&mut keys, key));
        }
        keys
    }

    fn phone_keys(&self, phones: &[Phone], mut each: impl FnMut(&Phone, Key)) {
        for phone in phones.iter().filter(|phone| !phone.doubtful) {
            let Some(e164) = phone.e164 else { continue };
            if read_phone(&e164.to_string(), &self.identity.phone).is_some_and(|number| number.is_key) {
                each(phone, Key::Phone(e164));
            }
        }
    }

    fn email_keys(&self, emails: &[Email], mut each: impl FnMut(Key)) {
        for email in emails.iter().filter_map(|email| email.address.as_deref()) {
            for_each_email_key(email, &self.identity.email, |key| {
                each(Key::Email(EmailKey::from_folded(key)));
            });
        }
    }
}

fn push_new(keys: &mut Vec<Key>, key: Key) {
    if !keys.contains(&key) {
        keys.push(key);
    }
}

/// The keys of a contact that the host made: what it can be found by.
pub fn host_keys(contact: &Contact, rules: &Rules) -> Vec<Key> {
    // What a guest typed on an order fills a blank, and recognises nobody.
    let is_own = |field: &str| {
        let by = contact.fields.get(field).map(|value| &value.by);
        !matches!(by, Some(Source::Record(id)) if id.kind != SubjectKind::Customer)
    };
    let (phones, emails) = (is_own("phones"), is_own("emails"));
    let phones = contact.phones().into_iter().filter(|_| phones).filter_map(|phone| {
        read_phone(phone, &rules.identity.phone)
            .filter(|phone| phone.is_key)
            .map(|phone| Key::Phone(phone.e164))
    });
    let emails = contact.emails().into_iter().filter(|_| emails).flat_map(|email| {
        let read = read_emails(email, &rules.identity.email);
        read.emails.into_iter().filter_map(|email| email.key.map(Key::Email))
    });
    phones.chain(emails).collect()
}
