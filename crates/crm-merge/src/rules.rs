//! What a link, and the CRM as a whole, decide about merging.

use std::collections::BTreeMap;
use std::sync::Arc;

use pos_core::identity::{
    IdentityRules, IdentityRulesError, Key, KeyClass, SubjectId, read_emails, read_phone,
};
use pos_core::merge::MergePolicy;
use pos_core::record::{Account, CustomerRecord, Identity};
use serde::{Deserialize, Serialize};

use crate::mapping::{Mapping, MappingError};
use crate::model::{ContactId, Role};
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
                let hash = crate::model::Version::new(None, 0, contact.as_str().as_bytes()).hash;
                let at = usize::try_from(hash % owners.len() as u64).unwrap_or_default();
                owners.get(at).cloned()
            }
        }
    }
}

/// The rules of one link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
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
    /// absent. Empty means the vendor's id alone, which connecting a shop fills in for vendors where it is the default
    /// (Haravan).
    pub match_by: Option<Vec<KeyClass>>,
    /// The shop keeps its customers apart by branch.
    pub separate_branches: bool,
    /// Somebody who only receives becomes a contact too, marked as no buyer.
    pub recipients: bool,
    /// How revenue is counted.
    pub revenue: RevenueBasis,
}

impl LinkRules {
    /// The policy of a field.
    pub fn policy(&self, field: &str) -> &dyn MergePolicy {
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
    policy: Option<Arc<dyn MergePolicy>>,
}

/// All rules of a CRM: identity, which is one for all shops, and the rules of every link.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who is the same person.
    pub identity: IdentityRules,
    links: BTreeMap<Account, Linked>,
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
        self.links.insert(account, Linked { rules, display_name: display_name.into(), policy: None });
        self
    }

    /// Gives a link a policy of the host's own, for every field that has none of its own in the rules.
    #[must_use]
    pub fn with_policy(mut self, account: &Account, policy: Arc<dyn MergePolicy>) -> Self {
        if let Some(linked) = self.links.get_mut(account) {
            linked.policy = Some(policy);
        }
        self
    }

    /// Checks everything that was configured.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), RulesError> {
        self.identity.validate()?;
        for (account, linked) in &self.links {
            linked
                .rules
                .mapping
                .validate()
                .map_err(|error| RulesError::Mapping { account: account.clone(), error })?;
        }
        Ok(())
    }

    /// The rules of a shop's link; the defaults for a shop that has none (any more).
    pub fn link(&self, account: &Account) -> &LinkRules {
        self.links.get(account).map_or(&self.fallback, |linked| &linked.rules)
    }

    pub(crate) fn of(&self, id: &SubjectId) -> &LinkRules {
        self.link(&account_of(id))
    }

    pub(crate) fn policy(&self, id: &SubjectId, field: &str) -> &dyn MergePolicy {
        match self.links.get(&account_of(id)) {
            Some(Linked { policy: Some(policy), rules, .. }) if !rules.field_policies.contains_key(field) => {
                &**policy
            }
            Some(linked) => linked.rules.policy(field),
            None => self.fallback.policy(field),
        }
    }

    pub(crate) fn display_name(&self, id: &SubjectId) -> String {
        let account = account_of(id);
        self.links.get(&account).map_or_else(|| id.vendor.to_string(), |linked| linked.display_name.clone())
    }

    /// The keys that a record may hold by the rules of its link.
    pub fn keys(&self, id: &SubjectId, record: &CustomerRecord) -> Vec<Key> {
        if record.identity != Identity::Person {
            return Vec::new();
        }
        let link = self.of(id);
        let uses = |class: KeyClass| match &link.match_by {
            Some(classes) => classes.contains(&class),
            None => self.identity.uses(&id.vendor, class),
        };
        let mut keys = Vec::new();
        if uses(KeyClass::Phone) {
            let sources = &self.identity.phone_sources;
            let has_own = record.phones.iter().any(|phone| {
                use pos_core::record::PhoneSource::{Own, Secondary};
                phone.e164.is_some() && !phone.doubtful && matches!(phone.source, Own | Secondary)
            });
            for phone in &record.phones {
                let Some(e164) = phone.e164 else { continue };
                let allowed = !phone.doubtful
                    && sources.usable(phone.source, has_own)
                    && read_phone(&e164.to_string(), &self.identity.phone)
                        .is_some_and(|number| number.is_key);
                let key = Key::Phone(e164);
                if allowed && !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        if uses(KeyClass::Email) {
            for email in record.emails.iter().filter_map(|email| email.address.as_deref()) {
                for read in read_emails(email, &self.identity.email).emails {
                    if let Some(key) = read.key.map(Key::Email)
                        && !keys.contains(&key)
                    {
                        keys.push(key);
                    }
                }
            }
        }
        keys
    }
}

/// The shop of a record.
pub fn account_of(id: &SubjectId) -> Account {
    Account::new(pos_core::Vendor::from(id.vendor.to_string()), &*id.account)
}
