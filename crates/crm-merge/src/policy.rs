//! The policies that come with the engine.

use pos_core::identity::SubjectId;
use pos_core::merge::{Candidate, Choice, MergePolicy, Source};
use serde::{Deserialize, Serialize};

/// A policy by name, as a link's rules carry it.
///
/// All of them are convergent: the same records in any order, any number of times, through pages or webhooks, end in the
/// same contact.
///
/// ```
/// use crm_merge::{LinkRules, Policy};
///
/// let rules: LinkRules = serde_json::from_str(
///     r#"{"policy": "overwrite", "field_policies": {"name": "skip", "segment": {"named": "ours"}}}"#,
/// )?;
/// assert_eq!(rules.policy("phones"), &Policy::Overwrite);
/// assert_eq!(rules.policy("name"), &Policy::Skip);
/// assert_eq!(rules.policy("segment").named(), Some("ours"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Policy {
    /// Only link: the contact that was there keeps its data.
    #[default]
    Skip,
    /// Incoming values win, blanks never erase. Between records the later change wins.
    Overwrite,
    /// Incoming values fill what is blank, and nothing else.
    FillBlanks,
    /// The latest value wins, whoever says it, people included.
    PreferNewest,
    /// The value of the vendor that stands first here wins; `host` stands for people. Who is not listed comes last.
    PreferVendor(Vec<String>),
    /// Fills blanks, and asks a person whenever a value differs.
    Review,
    /// A policy of the host's own, by the name that it was registered with. By itself it keeps what is there.
    Named(String),
}

impl Policy {
    /// The name of a policy of the host's own.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            _ => None,
        }
    }
}

impl MergePolicy for Policy {
    fn name(&self) -> &str {
        match self {
            Self::Skip => "skip",
            Self::Overwrite => "overwrite",
            Self::FillBlanks => "fill_blanks",
            Self::PreferNewest => "prefer_newest",
            Self::PreferVendor(_) => "prefer_vendor",
            Self::Review => "review",
            Self::Named(name) => name,
        }
    }

    fn choose(&self, _field: &str, current: Option<&Candidate<'_>>, incoming: &Candidate<'_>) -> Choice {
        let Some(current) = current else {
            let keeps = matches!(self, Self::Skip | Self::Named(_));
            return if keeps { Choice::Keep } else { Choice::Take };
        };
        let take = match self {
            Self::Skip | Self::FillBlanks | Self::Named(_) => false,
            Self::Overwrite => *current.source == Source::Host || newer(current, incoming),
            Self::PreferNewest => newer(current, incoming),
            Self::PreferVendor(order) => {
                let rank = |candidate: &Candidate<'_>| {
                    let name = candidate.source.vendor().unwrap_or("host");
                    order.iter().position(|listed| listed == name).unwrap_or(order.len())
                };
                match rank(incoming).cmp(&rank(current)) {
                    std::cmp::Ordering::Less => true,
                    std::cmp::Ordering::Equal => newer(current, incoming),
                    std::cmp::Ordering::Greater => false,
                }
            }
            Self::Review => {
                let settled = *current.source == Source::Host && current.at >= incoming.at;
                let keep = settled || current.value == incoming.value;
                return if keep { Choice::Keep } else { Choice::Review };
            }
        };
        if take { Choice::Take } else { Choice::Keep }
    }

    fn unites_lists(&self, _field: &str) -> bool {
        !matches!(self, Self::Skip | Self::Named(_))
    }
}

/// Whether the incoming value was said later. At the same instant the smaller id wins, so that order does not matter.
fn newer(current: &Candidate<'_>, incoming: &Candidate<'_>) -> bool {
    let id = |source: &Source| -> Option<SubjectId> {
        match source {
            Source::Host => None,
            Source::Record(id) => Some(id.clone()),
        }
    };
    match incoming.at.cmp(&current.at) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => match (id(current.source), id(incoming.source)) {
            (Some(current), Some(incoming)) => incoming < current,
            _ => false,
        },
    }
}
