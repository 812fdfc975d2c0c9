//! What a sync keeps beside the CRM's own data: links, checkpoints, runs, and the two boxes.

use std::fmt;
use std::time::Duration;

use crm_merge::{ContactId, Counts, DocumentId, EntryId, LinkRules, Outbox};
use pos_core::record::{Account, Stream};
use pos_core::webhook::{Remember, Verified};
use pos_core::{Cursor, Rejected, debug_only};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Whether a link works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkStatus {
    /// It pulls, takes webhooks and pushes.
    Enabled,
    /// The vendor refuses the credentials: deliveries and pushes are kept and wait until the shop is connected again, or
    /// the vendor accepts them again.
    Parked,
    /// The merchant paused it, or uninstalled the app: nothing moves, everything stays.
    Disabled,
    /// The merchant took the shop away: nothing moves, data stays.
    Disconnected,
}

/// What a link does, apart from the merge rules.
///
/// ```
/// use pos_core::Stream;
/// use pos_sync::LinkOptions;
///
/// let options = LinkOptions { once: vec![Stream::Categories], push_orders: false, ..LinkOptions::default() };
/// // The same as a host's settings have it.
/// let same: LinkOptions = serde_json::from_str(r#"{"once": ["categories"], "push_orders": false}"#)?;
/// assert_eq!(options, same);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkOptions {
    /// The streams that it follows; all that the vendor has when empty.
    pub streams: Vec<Stream>,
    /// Streams that are read once after connecting and then only when they are asked for by name.
    pub once: Vec<Stream>,
    /// Contacts may be written to the shop.
    pub push_customers: bool,
    /// Orders may be written to the shop.
    pub push_orders: bool,
    /// From how many customers on an import is announced before it starts.
    pub large_import: u64,
    /// After how many seconds a stream is read in full again, to catch what vendors leave out of their change lists.
    /// Never when absent.
    pub full_every_seconds: Option<u64>,
    /// Records a page; the vendor's maximum when absent.
    pub page_size: Option<u32>,
    /// How many records are planned and committed together at most, if the vendor's pages come fast enough; a page is
    /// never divided. More is faster, fewer are read again after a crash.
    pub records_per_commit: u32,
    /// How many pages a list may have whose length the vendor does not say, before it counts as endless.
    pub max_pages: u64,
    /// After a time of being disconnected, go on from now instead of catching up.
    pub skip_gap: bool,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            streams: Vec::new(),
            once: Vec::new(),
            push_customers: true,
            push_orders: true,
            large_import: 5000,
            full_every_seconds: Some(7 * 24 * 3600),
            page_size: None,
            records_per_commit: 500,
            max_pages: 1_000_000,
            skip_gap: false,
        }
    }
}

impl LinkOptions {
    /// After how long a stream is read in full again.
    pub fn full_every(&self) -> Option<Duration> {
        self.full_every_seconds.map(Duration::from_secs)
    }
}

/// The connection of one shop with the CRM. A shop has at most one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Link {
    /// The shop.
    pub account: Account,
    /// Its name for people.
    pub shop_name: String,
    /// The vendor's name for people.
    pub vendor_name: String,
    /// Whether it works.
    pub status: LinkStatus,
    /// Why it does not, in one line without secrets and personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How its records are merged.
    pub rules: LinkRules,
    /// What it does.
    pub options: LinkOptions,
    /// When it was connected (again).
    #[serde(with = "time::serde::rfc3339")]
    pub connected_at: OffsetDateTime,
}

impl Link {
    /// A link that works.
    pub fn new(account: Account, rules: LinkRules, options: LinkOptions, now: OffsetDateTime) -> Self {
        Self {
            shop_name: account.id().to_owned(),
            vendor_name: account.vendor().to_string(),
            account,
            status: LinkStatus::Enabled,
            reason: None,
            rules,
            options,
            connected_at: now,
        }
    }
}

/// A link that begins or ceases to work. It is applied to the link as it is when it is written, so that whoever connects,
/// pauses or takes away the shop meanwhile has the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkTurn {
    /// The shop.
    pub account: Account,
    /// Out of which it leads; out of any when empty.
    pub from: Vec<LinkStatus>,
    /// Where it leads.
    pub to: LinkStatus,
    /// Why, in one line without secrets and personal data.
    pub reason: Option<String>,
    /// The connection that is meant: one that was made since is left alone. Any, when absent.
    pub connected_at: Option<OffsetDateTime>,
}

impl LinkTurn {
    /// A turn out of any status and of whatever connection there is.
    pub fn new(account: Account, to: LinkStatus) -> Self {
        Self { account, from: Vec::new(), to, reason: None, connected_at: None }
    }

    /// A turn of this very connection, out of one of these statuses.
    pub fn of(link: &Link, from: &[LinkStatus], to: LinkStatus, reason: Option<String>) -> Self {
        let (account, connected_at) = (link.account.clone(), Some(link.connected_at));
        Self { account, from: from.to_vec(), to, reason, connected_at }
    }

    /// The link after it, unless it does not lead out of what the link is by now.
    pub fn apply(&self, link: &Link) -> Option<Link> {
        let fits = (self.from.is_empty() || self.from.contains(&link.status))
            && self.connected_at.is_none_or(|at| at == link.connected_at);
        fits.then(|| Link { status: self.to, reason: self.reason.clone(), ..link.clone() })
    }
}

/// A window of changes that is being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Window {
    /// Inclusive lower bound; absent for everything.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub from: Option<OffsetDateTime>,
    /// When the window was fixed: what changes later belongs to the next one.
    #[serde(with = "time::serde::rfc3339")]
    pub fixed_at: OffsetDateTime,
    /// Where the next page starts; absent before the first one.
    pub cursor: Option<Cursor>,
    /// The run that reads it.
    pub run: u64,
}

impl Window {
    /// A window before its first page.
    pub fn new(from: Option<OffsetDateTime>, fixed_at: OffsetDateTime, run: u64) -> Self {
        Self { from, fixed_at, cursor: None, run }
    }
}

/// How far a stream of a shop was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// Every change before this instant is in the CRM.
    #[serde(with = "time::serde::rfc3339::option")]
    pub complete_to: Option<OffsetDateTime>,
    /// When everything was read last.
    #[serde(with = "time::serde::rfc3339::option")]
    pub full_at: Option<OffsetDateTime>,
    /// The window that is being read, if one is.
    pub window: Option<Window>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunKind {
    /// Everything.
    Full,
    /// What changed.
    CatchUp,
    /// Webhooks.
    Webhooks,
    /// Pushes.
    Push,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunStatus {
    /// It is under way, or the process died; the next run goes on from its checkpoint.
    Running,
    /// Done.
    Done,
    /// Somebody stopped it; the next run goes on from its checkpoint.
    Stopped,
    /// It failed with this error; the next run goes on from its checkpoint.
    Failed(String),
}

/// One run of one stream: a line of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run {
    /// Number, given by the store; 0 before.
    pub id: u64,
    /// The shop.
    pub account: Account,
    /// The stream; absent for webhooks and pushes.
    pub stream: Option<Stream>,
    /// What it did.
    pub kind: RunKind,
    /// How it ended.
    pub status: RunStatus,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub finished_at: Option<OffsetDateTime>,
    /// How many records the vendor says there are.
    pub announced: Option<u64>,
    /// How many the CRM has, after a run that read everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<u64>,
    /// What somebody should know: hints that led to nothing, objects that a full read did not show and that were left
    /// alone. Without personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What became of the records.
    pub counts: Counts,
    /// How many records were recognised as contacts that were there.
    pub duplicates: u64,
    /// Pages read.
    pub pages: u64,
}

impl Run {
    /// A run that begins.
    pub fn new(account: Account, stream: Option<Stream>, kind: RunKind, now: OffsetDateTime) -> Self {
        Self {
            id: 0,
            account,
            stream,
            kind,
            status: RunStatus::Running,
            started_at: now,
            finished_at: None,
            announced: None,
            kept: None,
            notes: Vec::new(),
            counts: Counts::default(),
            duplicates: 0,
            pages: 0,
        }
    }
}

/// A record that a run could not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The run.
    pub run: u64,
    /// The stream.
    pub stream: Option<Stream>,
    /// Which record, where, and why.
    #[serde(flatten)]
    pub rejected: Rejected,
}

/// The right to work on something alone, until it expires. The fence grows with every holder, so that a commit of a
/// holder who lost it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is leased (`kiotviet:shop/customers`).
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// The number of this holding.
    pub fence: u64,
}

/// A webhook delivery that waits to be worked on: kept as it came, and read when its turn comes.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InboxItem {
    /// The shop.
    pub account: Account,
    /// The delivery's id: the same one is accepted once, as long as it is remembered.
    pub delivery: String,
    /// How long that is.
    pub remember: Remember,
    /// What was proven, with the raw body.
    pub verified: Verified,
    /// How often it was tried.
    pub attempts: u32,
    /// How often it came, since it waits: one that comes again while it is worked on is worked on again. One that is
    /// replayed did not come at all.
    pub arrivals: u32,
}

debug_only!(InboxItem { account, delivery, remember, attempts, arrivals });

impl InboxItem {
    /// A delivery that arrived.
    pub fn new(
        account: Account,
        delivery: impl Into<String>,
        remember: Remember,
        verified: Verified,
    ) -> Self {
        Self { account, delivery: delivery.into(), remember, verified, attempts: 0, arrivals: 1 }
    }

    /// Whether it was done and is worked on again because somebody asked.
    pub fn is_replayed(&self) -> bool {
        self.arrivals == 0
    }

    /// When it arrived.
    pub fn received_at(&self) -> OffsetDateTime {
        self.verified.received_at
    }
}

/// Whether a delivery that is done is still known as the same when it comes again: for ever, for a time since it arrived,
/// or not at all.
pub fn is_remembered(remember: Remember, arrived: OffsetDateTime, again: OffsetDateTime) -> bool {
    match remember {
        Remember::Always => true,
        Remember::Seconds(seconds) => again - arrived < time::Duration::seconds(i64::from(seconds)),
        _ => false,
    }
}

/// A delivery that was worked on, as it was when the work began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settled {
    /// The shop.
    pub account: Account,
    /// The delivery.
    pub delivery: String,
    /// [`InboxItem::arrivals`] when it was read: a delivery that came again since is not done.
    pub arrivals: u32,
    /// What becomes of it.
    pub fate: Fate,
}

impl Settled {
    /// What becomes of an item.
    pub fn new(item: &InboxItem, fate: Fate) -> Self {
        Self { account: item.account.clone(), delivery: item.delivery.clone(), arrivals: item.arrivals, fate }
    }
}

/// One of the two boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boxed {
    /// Deliveries.
    Inbox,
    /// Pushes.
    Outbox,
}

/// Which items of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// All.
    All,
    /// One: a delivery by its id, a push by its number.
    One(String),
    /// Deliveries that arrived in a span of time, its end not included.
    Between(OffsetDateTime, OffsetDateTime),
}

/// What is kept how long. Everything for ever, unless said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// Deliveries that are done, or failed for good. While they are kept they can be replayed, and are known when they
    /// come again.
    pub deliveries_seconds: Option<u64>,
    /// Runs, with what they could not read. The last run of every stream stays.
    pub runs_seconds: Option<u64>,
    /// The audit trail.
    pub audit_seconds: Option<u64>,
}

/// Something that changed, in the order of the commits that changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Changed {
    /// The number of the commit.
    pub sequence: u64,
    /// What changed.
    pub what: ChangedObject,
}

impl Changed {
    /// A change.
    pub fn new(sequence: u64, what: ChangedObject) -> Self {
        Self { sequence, what }
    }
}

/// What changed. Read it for what it says now: an object that changed several times is there once, at its last change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangedObject {
    /// A contact is new or other than before.
    Contact(ContactId),
    /// A contact is no more; its id leads to another one, or nowhere.
    ContactGone {
        /// The id that is retired.
        id: ContactId,
        /// Where it leads.
        into: Option<ContactId>,
    },
    /// A document is new, other than before, or counts differently; walk-in sales included.
    Document(DocumentId),
    /// A product, branch, member of staff or category is new or other than before.
    Entry(EntryId),
}

/// A push that waits to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutboxItem {
    /// Number, given by the store.
    pub id: u64,
    /// What to write, where.
    pub entry: Outbox,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was first sent without an answer that tells whether it arrived, by the vendor's clock.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub maybe_sent: Option<OffsetDateTime>,
}

impl OutboxItem {
    /// An entry with its number.
    pub fn new(id: u64, entry: Outbox, attempts: u32) -> Self {
        Self { id, entry, attempts, maybe_sent: None }
    }

    /// The same entry, perhaps sent.
    #[must_use]
    pub fn with_maybe_sent(mut self, at: Option<OffsetDateTime>) -> Self {
        self.maybe_sent = at;
        self
    }
}

/// What becomes of an item of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It is done.
    Done,
    /// It failed; try it again at this instant.
    Later {
        /// When.
        at: OffsetDateTime,
        /// Why, without personal data.
        why: String,
    },
    /// It was not its turn yet: try it at this instant. That was no try of it.
    Waits {
        /// When.
        at: OffsetDateTime,
        /// What it waits for, without personal data.
        why: String,
    },
    /// It failed for good: a person may look at it.
    Dead {
        /// Why, without personal data.
        why: String,
    },
}

impl fmt::Display for LinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enabled => "enabled",
            Self::Parked => "parked",
            Self::Disabled => "disabled",
            Self::Disconnected => "disconnected",
        })
    }
}
