//! How a link is doing.

use pos_core::record::{Account, Stream};
use time::{Duration, OffsetDateTime};

use crate::crm::Crm;
use crate::error::{SyncError, SyncResult};
use crate::model::{Boxed, Checkpoint, Link, Run, RunKind, RunStatus};
use crate::store::Depth;

/// How many of the latest runs are looked through.
const RUNS: u32 = 500;

/// How a stream of a link is doing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StreamHealth {
    /// The stream.
    pub stream: Stream,
    /// How far it was read.
    pub checkpoint: Checkpoint,
    /// How old the newest change is that the CRM is sure to have; absent before the first read ended.
    pub lag: Option<Duration>,
    /// The run that read it last to its end, if it is among the latest 500 of the link.
    pub done: Option<Run>,
    /// The run that failed last, if no later one was done.
    pub failed: Option<Run>,
    /// What the last full read counted: how many the shop said there are, and how many the CRM has.
    pub complete: Option<(u64, u64)>,
}

/// How a link is doing: what a page of links shows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LinkHealth {
    /// The link, with whether it works and why not.
    pub link: Link,
    /// Every stream that was read, or tried, in the order in which an import reads them.
    pub streams: Vec<StreamHealth>,
    /// Deliveries.
    pub inbox: Depth,
    /// Pushes.
    pub outbox: Depth,
    /// The last work on deliveries that failed, if none was done later.
    pub inbox_failed: Option<Run>,
    /// The same of pushes.
    pub outbox_failed: Option<Run>,
}

impl LinkHealth {
    /// How far behind the slowest stream is.
    pub fn lag(&self) -> Option<Duration> {
        self.streams.iter().filter_map(|stream| stream.lag).max()
    }
}

/// The last of these runs that was done, and the last that failed after it. The latest stands first.
fn ends<'r>(runs: impl Iterator<Item = &'r Run>) -> (Option<Run>, Option<Run>) {
    let mut failed = None;
    for run in runs {
        match &run.status {
            RunStatus::Done => return (Some(run.clone()), failed),
            RunStatus::Failed(_) => failed = failed.or_else(|| Some(run.clone())),
            RunStatus::Running | RunStatus::Stopped => {}
        }
    }
    (None, failed)
}

impl Crm {
    /// How a link is doing, from what is kept: nothing is asked of the vendor. It reads the latest 500 runs.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use pos_sync::{Crm, Link, LinkOptions, MemoryStore, Store};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let crm = Crm::new(Arc::new(MemoryStore::new()));
    /// # let account = pos_core::Account::new("kiotviet", "cuahangmau");
    /// # let now = time::OffsetDateTime::now_utc();
    /// # crm.store().put_link(&Link::new(account.clone(), Default::default(), LinkOptions::default(), now)).await?;
    /// let health = crm.health(&account).await?;
    /// println!("{}: {:?} behind", health.link.status, health.lag());
    /// println!("{} deliveries wait, {} need somebody", health.inbox.waiting, health.inbox.dead);
    /// for stream in &health.streams {
    ///     if let Some((shop, crm)) = stream.complete {
    ///         println!("{}: the shop says {shop}, the CRM has {crm}", stream.stream);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the shop is not connected, or the store fails.
    pub async fn health(&self, account: &Account) -> SyncResult<LinkHealth> {
        let link = self.store.link(account).await?.ok_or_else(|| SyncError::NotConnected(account.clone()))?;
        let now: OffsetDateTime = self.clock.now();
        let runs = self.store.runs(Some(account), RUNS).await?;
        let mut streams = Vec::new();
        for stream in Stream::ALL {
            let checkpoint = self.store.checkpoint(account, stream).await?;
            let mut of_stream = runs.iter().filter(|run| run.stream == Some(stream)).peekable();
            if of_stream.peek().is_none() && checkpoint == Checkpoint::default() {
                continue;
            }
            let complete = of_stream.clone().find_map(|run| Some((run.announced?, run.kept?)));
            let (done, failed) = ends(of_stream);
            let lag = checkpoint.complete_to.map(|to| (now - to).max(Duration::ZERO));
            streams.push(StreamHealth { stream, checkpoint, lag, done, failed, complete });
        }
        Ok(LinkHealth {
            streams,
            inbox: self.store.depth(account, Boxed::Inbox).await?,
            outbox: self.store.depth(account, Boxed::Outbox).await?,
            inbox_failed: ends(runs.iter().filter(|run| run.kind == RunKind::Webhooks)).1,
            outbox_failed: ends(runs.iter().filter(|run| run.kind == RunKind::Push)).1,
            link,
        })
    }
}
