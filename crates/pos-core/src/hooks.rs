//! Registration: which webhooks a shop shall have, and what it has of them.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use url::Url;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// Which webhooks a shop shall have.
///
/// What a vendor has no use for is left aside: the address of an app's webhooks stands in its partner dashboard, for example.
///
/// ```
/// use pos_core::{HookPlan, Secret};
///
/// let plan = HookPlan::new("https://crm.example.com/hooks/kiotviet", Secret::new("test-secret-f4f1"))?
///     .with_topics(["customer.update", "order.update"]);
/// assert_eq!(plan.topics_or(&["product.update"]), ["customer.update", "order.update"]);
/// assert!(HookPlan::new("crm.example.com", Secret::default()).is_err());
/// # Ok::<(), pos_core::Error>(())
/// ```
#[derive(Clone)]
pub struct HookPlan {
    /// Where the host listens.
    pub url: Url,
    /// What deliveries are signed with, or what proves them in a header; blank where the vendor signs with the app's secret.
    pub secret: Secret,
    /// What to report, in the vendor's words; everything that a sync follows when empty.
    pub topics: Vec<String>,
    /// Header fields that every delivery shall carry, at a vendor that takes such.
    pub headers: BTreeMap<String, Secret>,
    /// Where the vendor writes to when deliveries fail, at a vendor that does.
    pub email: Option<String>,
    /// Whether the merchant agreed that a webhook at another address ends, at a vendor that has one for each shop.
    pub replaces: bool,
}

impl Debug for HookPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookPlan")
            .field("topics", &self.topics)
            .field("replaces", &self.replaces)
            .finish_non_exhaustive()
    }
}

impl HookPlan {
    /// Webhooks for everything that a sync follows.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the address is no HTTP URL.
    pub fn new(url: &str, secret: impl Into<Secret>) -> Result<Self> {
        let url = Url::parse(url)
            .map_err(|error| Error::config("the webhook address is no URL").with_source(error))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Error::config("the webhook address is no HTTP URL"));
        }
        Ok(Self {
            url,
            secret: secret.into(),
            topics: Vec::new(),
            headers: BTreeMap::new(),
            email: None,
            replaces: false,
        })
    }

    /// Only these topics.
    #[must_use]
    pub fn with_topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// One more header field for every delivery.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Where the vendor writes to when deliveries fail.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The merchant agreed that a webhook at another address ends.
    #[must_use]
    pub fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// The planned topics, or all of these.
    pub fn topics_or<'p>(&'p self, all: &[&'p str]) -> Vec<&'p str> {
        match self.topics.is_empty() {
            true => all.to_vec(),
            false => self.topics.iter().map(String::as_str).collect(),
        }
    }
}

/// How a webhook of ours does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookState {
    /// It delivers.
    #[default]
    Alive,
    /// The vendor switched it off, after deliveries that failed: events may have been missed.
    Dropped,
    /// Somebody switched it off: it stays so.
    Paused,
    /// It is signed with another secret, or with nobody knows which.
    Outdated,
}

/// A webhook as the vendor lists it. `Debug` leaves the address out: whoever knows it may be believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// The vendor's id.
    pub id: String,
    /// What it reports, where it reports one thing.
    pub topic: String,
    /// Where to.
    pub url: String,
    /// How it does.
    pub state: HookState,
}

crate::debug_only!(Hook { id, topic, state });

/// What a shop had of a plan, by topic. After [`Connector::register_webhooks`](crate::Connector::register_webhooks) what was
/// missing, dropped or outdated is made good; [`Connector::webhook_health`](crate::Connector::webhook_health) only looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookReport {
    /// Were there and deliver.
    pub kept: Vec<String>,
    /// Were not there.
    pub missing: Vec<String>,
    /// The vendor had switched them off: events may have been missed, so read again from the checkpoint.
    pub dropped: Vec<String>,
    /// Were signed with another secret, or with nobody knows which. Keep the old secret beside the new one for a while:
    /// deliveries that are under way are signed with it.
    pub outdated: Vec<String>,
    /// Somebody switched them off: they stay so.
    pub paused: Vec<String>,
    /// The vendor takes no webhook of these topics; they keep no other from being registered.
    pub refused: Vec<String>,
    /// Webhooks of the same topics at other addresses. They are left alone unless the plan replaces them; the merchant should
    /// know, because some vendors serve only one of a topic.
    pub foreign: Vec<Hook>,
    /// What the merchant should know beside.
    pub warnings: Vec<String>,
}

impl HookReport {
    /// Whether there was nothing to make good.
    pub fn is_healthy(&self) -> bool {
        [&self.missing, &self.dropped, &self.outdated, &self.paused, &self.refused]
            .iter()
            .all(|topics| topics.is_empty())
    }

    /// Puts a topic where it belongs by how its best webhook does; `None` where it has none.
    pub fn tell(&mut self, topic: &str, state: Option<HookState>) {
        let topics = match state {
            Some(HookState::Alive) => &mut self.kept,
            Some(HookState::Dropped) => &mut self.dropped,
            Some(HookState::Paused) => &mut self.paused,
            Some(HookState::Outdated) => &mut self.outdated,
            None => &mut self.missing,
        };
        topics.push(topic.to_owned());
    }
}
