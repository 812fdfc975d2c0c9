//! Telling at once that a call did not go through.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// A call that failed and is made again after a wait.
#[derive(Debug)]
#[non_exhaustive]
pub struct AskingAgain<'a> {
    /// Its name: method and path without ids.
    pub endpoint: &'a str,
    /// Which attempt failed, from 1.
    pub attempt: u32,
    /// What it failed with.
    pub error: &'a Error,
    /// How long until the next attempt.
    pub wait: Duration,
}

type Listener = Arc<dyn Fn(&AskingAgain<'_>) + Send + Sync>;

tokio::task_local! {
    static LISTENER: Listener;
}

/// Runs some work and hears at once of every call in it that failed and is made again, whichever client makes it: that of
/// the shop, or the one that fetches its token. What the work spawns is not heard.
pub async fn telling<T>(
    listener: impl Fn(&AskingAgain<'_>) + Send + Sync + 'static,
    work: impl Future<Output = T>,
) -> T {
    LISTENER.scope(Arc::new(listener), work).await
}

pub(super) fn tell(asking: &AskingAgain<'_>) {
    // Nobody listens: nobody is told.
    let _ = LISTENER.try_with(|listener| listener(asking));
}
