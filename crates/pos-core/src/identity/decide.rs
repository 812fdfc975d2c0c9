//! To which contact of the host one incoming record belongs.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::key::KeyClass;

/// A contact of the host that a key found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The host's id.
    pub id: String,
    /// It has the role that the link prefers (Contact or Account).
    #[serde(default)]
    pub role_preferred: bool,
    /// When it was created. An unknown time counts as later than every known one.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// Its name or e-mail agrees with the record's.
    #[serde(default)]
    pub agrees: bool,
    /// A guard or a forced split keeps the record out: it already has another id of a guarded account.
    #[serde(default)]
    pub forbidden: bool,
}

impl Candidate {
    /// A candidate with nothing known but its id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), role_preferred: false, created_at: None, agrees: false, forbidden: false }
    }

    fn rank(&self, by_agreement: bool) -> impl Ord + '_ {
        (
            by_agreement && !self.agrees,
            !self.role_preferred,
            self.created_at.is_none(),
            self.created_at,
            self.id.as_str(),
        )
    }
}

/// Why the keys of a class find nothing although the record has some.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    /// More customers hold it than the limit allows.
    Shared,
    /// On the block list, or not a kind that identity uses.
    Blocked,
    /// The vendor hides it.
    Masked,
}

/// What one class of keys finds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The record has no such key.
    #[default]
    Absent,
    /// The record has one, and it must not be used.
    Unusable(Unusable),
    /// The contacts that have the key; none is an answer too.
    Contacts(Vec<Candidate>),
}

impl Found {
    fn contacts(&self) -> &[Candidate] {
        match self {
            Self::Contacts(contacts) => contacts,
            _ => &[],
        }
    }
}

/// What the vendor's id of the record finds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorLink {
    /// The record has no vendor id: the contact block of an order.
    #[default]
    None,
    /// The id was never seen.
    New,
    /// The id is linked to a contact.
    Known(Candidate),
}

/// Everything that decides where a record belongs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// What its vendor id finds.
    pub vendor: VendorLink,
    /// What its phones find.
    pub phone: Found,
    /// What its e-mails find.
    pub email: Found,
}

/// What to do with the record.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It belongs to a contact that exists.
    Bind,
    /// It becomes a new contact.
    Create,
    /// Nothing tells who it is: no contact.
    WalkIn,
}

/// One step of the reasoning.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The vendor id is linked to the contact.
    VendorIdKnown {
        /// The contact.
        contact: String,
    },
    /// The class of keys found the contact.
    KeyMatched {
        /// The class.
        class: KeyClass,
        /// The contact.
        contact: String,
    },
    /// The class of keys was not used.
    KeyUnusable {
        /// The class.
        class: KeyClass,
        /// Why.
        cause: Unusable,
    },
    /// The class of keys found no contact.
    NothingFound {
        /// The class.
        class: KeyClass,
    },
    /// A guard or a forced split keeps the record out of the contact.
    Forbidden {
        /// The class.
        class: KeyClass,
        /// The contact.
        contact: String,
    },
    /// Several contacts have the key; the one whose name or e-mail agrees was taken.
    Agreed {
        /// The contact.
        contact: String,
    },
    /// Several contacts have the key; the preferred role, then the oldest was taken.
    OldestOfSeveral {
        /// How many.
        contacts: usize,
    },
    /// The record has neither vendor id nor usable key.
    NoKeys,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |class: &KeyClass| match class {
            KeyClass::VendorId => "vendor id",
            KeyClass::Phone => "phone",
            KeyClass::Email => "e-mail",
        };
        match self {
            Self::VendorIdKnown { contact } => write!(f, "the vendor id is linked to contact {contact}"),
            Self::KeyMatched { class, contact } => write!(f, "the {} found contact {contact}", name(class)),
            Self::KeyUnusable { class, cause } => {
                let cause = match cause {
                    Unusable::Shared => "shared by too many",
                    Unusable::Blocked => "blocked",
                    Unusable::Masked => "masked",
                };
                write!(f, "the {} is {cause} and was not used", name(class))
            }
            Self::NothingFound { class } => write!(f, "no contact has the {}", name(class)),
            Self::Forbidden { class, contact } => {
                write!(f, "the {} found contact {contact}, which must not take the record in", name(class))
            }
            Self::Agreed { contact } => write!(f, "of several, name or e-mail of contact {contact} agree"),
            Self::OldestOfSeveral { contacts } => write!(f, "the oldest of {contacts} contacts was taken"),
            Self::NoKeys => f.write_str("there is no vendor id, phone or e-mail to go by"),
        }
    }
}

/// A contact that may be the same person and was not taken.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// The contact.
    pub contact: String,
    /// The class of keys that found it.
    pub class: KeyClass,
}

/// Where a record belongs, and why.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// The contact, when the record is bound to one.
    pub contact: Option<String>,
    /// What bound it.
    pub matched_by: Option<KeyClass>,
    /// Contacts whose records become one group with the contact's: the record has keys of both and no guard forbids
    /// it. The host's contacts themselves stay two until a person merges them.
    pub unites: Vec<String>,
    /// Contacts to report as suspected duplicates, each once.
    pub suspects: Vec<Suspect>,
    /// More than one contact was as good and the choice may be wrong.
    pub ambiguous: bool,
    /// The reasoning, step by step.
    pub reasons: Vec<Reason>,
}

impl Decision {
    fn suspect(&mut self, contact: &Candidate, class: KeyClass) {
        let taken = self.contact.as_deref() == Some(&contact.id);
        if !taken && !self.suspects.iter().any(|known| known.contact == contact.id) {
            self.suspects.push(Suspect { contact: contact.id.clone(), class });
        }
    }

    fn unite(&mut self, contact: &Candidate) {
        if !contact.forbidden && !self.unites.contains(&contact.id) {
            self.unites.push(contact.id.clone());
        }
    }
}

/// Decides where one record belongs: the vendor's id first, then the classes of keys in the given order.
///
/// - A known vendor id settles it. Another contact that the strongest key finds becomes one group with it, or is a
///   suspect when a guard forbids that.
/// - A new record goes to what its strongest finding key finds: the preferred role, the oldest, the smallest id. If a
///   guard keeps it out of all of them, it becomes a contact of its own, and weaker keys are not asked.
/// - An order block without a vendor id prefers, among several, the contact whose name or e-mail agrees. The choice
///   is marked ambiguous.
/// - A class that is absent, shared, blocked or masked finds nothing.
/// - With neither vendor id nor usable key it is a walk-in.
pub fn decide(incoming: &Incoming, key_order: &[KeyClass]) -> Decision {
    let mut decision = Decision {
        action: Action::Create,
        contact: None,
        matched_by: None,
        unites: Vec::new(),
        suspects: Vec::new(),
        ambiguous: false,
        reasons: Vec::new(),
    };
    let classes: Vec<(KeyClass, &Found)> = key_order
        .iter()
        .filter_map(|&class| match class {
            KeyClass::VendorId => None,
            KeyClass::Phone => Some((class, &incoming.phone)),
            KeyClass::Email => Some((class, &incoming.email)),
        })
        .collect();
    let anonymous = matches!(incoming.vendor, VendorLink::None);
    let mut usable = false;
    let mut settled = false;
    if let VendorLink::Known(contact) = &incoming.vendor {
        decision.action = Action::Bind;
        decision.contact = Some(contact.id.clone());
        decision.matched_by = Some(KeyClass::VendorId);
        decision.reasons.push(Reason::VendorIdKnown { contact: contact.id.clone() });
        settled = true;
    }
    for (place, (class, found)) in classes.into_iter().enumerate() {
        let contacts = match found {
            Found::Absent => continue,
            Found::Unusable(cause) => {
                decision.reasons.push(Reason::KeyUnusable { class, cause: *cause });
                continue;
            }
            Found::Contacts(_) => found.contacts(),
        };
        usable = true;
        if contacts.is_empty() {
            decision.reasons.push(Reason::NothingFound { class });
            continue;
        }
        let mut contacts: Vec<&Candidate> = contacts.iter().collect();
        contacts.sort_by(|a, b| a.rank(anonymous).cmp(&b.rank(anonymous)));
        contacts.dedup_by(|a, b| a.id == b.id);
        if !settled {
            settled = true;
            let several = contacts.len();
            match contacts.iter().find(|contact| !contact.forbidden) {
                Some(chosen) => {
                    decision.action = Action::Bind;
                    decision.contact = Some(chosen.id.clone());
                    decision.matched_by = Some(class);
                    decision.reasons.push(Reason::KeyMatched { class, contact: chosen.id.clone() });
                    if several > 1 {
                        decision.ambiguous = true;
                        decision.reasons.push(if anonymous && chosen.agrees {
                            Reason::Agreed { contact: chosen.id.clone() }
                        } else {
                            Reason::OldestOfSeveral { contacts: several }
                        });
                    }
                }
                None => {
                    decision.action = Action::Create;
                    for contact in &contacts {
                        decision.reasons.push(Reason::Forbidden { class, contact: contact.id.clone() });
                    }
                }
            }
            for contact in contacts {
                decision.suspect(contact, class);
            }
            continue;
        }
        for contact in contacts {
            if decision.contact.as_deref() == Some(&contact.id) {
                continue;
            }
            if contact.forbidden {
                decision.reasons.push(Reason::Forbidden { class, contact: contact.id.clone() });
            }
            match (decision.action, decision.matched_by) {
                // The strongest key of a known record shows that two groups are one; weaker keys only hint at it.
                (Action::Bind, Some(KeyClass::VendorId)) if place == 0 && !contact.forbidden => {
                    decision.reasons.push(Reason::KeyMatched { class, contact: contact.id.clone() });
                    decision.unite(contact);
                }
                (Action::Bind, Some(KeyClass::VendorId)) | (Action::Create | Action::WalkIn, _) => {
                    decision.suspect(contact, class);
                }
                // A new record has keys of both.
                (Action::Bind, _) => {
                    decision.unite(contact);
                    decision.suspect(contact, class);
                }
            }
        }
    }
    if decision.contact.is_none() && !usable && anonymous {
        decision.action = Action::WalkIn;
        decision.reasons.push(Reason::NoKeys);
    }
    decision
}
