//! The sender of webhooks.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use url::Url;

use crate::wire;

/// How a vendor delivers webhooks, at the pace of a test.
#[derive(Clone, Copy, Debug)]
pub struct Courier {
    /// How often one delivery is tried.
    pub tries: u32,
    /// How long an answer is waited for.
    pub patience: Duration,
    /// The pause after the first try, and what it is multiplied with after each further one.
    pub pause: (Duration, u32),
    /// Which statuses mean that it was taken; every answer does when absent.
    pub taken: Option<fn(u16) -> bool>,
}

impl Courier {
    /// One try, whatever comes of it.
    pub const ONCE: Self =
        Self { tries: 1, patience: Duration::from_secs(10), pause: (Duration::ZERO, 1), taken: None };

    /// Where deliveries are put, and who makes them.
    pub(super) fn employ(self) -> (Outbox, impl Future<Output = ()> + Send) {
        let (sender, waiting) = unbounded_channel();
        (Outbox(sender), self.carry(waiting))
    }

    /// Makes deliveries one after the other until the sandbox ends.
    async fn carry(self, mut waiting: UnboundedReceiver<Delivery>) {
        while let Some((url, headers, body)) = waiting.recv().await {
            let (mut pause, growth) = self.pause;
            for _ in 0..self.tries {
                let sent = wire::send("POST", &url, &headers, &body);
                let answered = tokio::time::timeout(self.patience, sent).await;
                if let Ok(Ok(answer)) = answered
                    && self.taken.is_none_or(|taken| taken(answer.status))
                {
                    break;
                }
                tokio::time::sleep(pause).await;
                pause *= growth;
            }
        }
    }
}

type Delivery = (Url, HeaderMap, Bytes);

/// Where deliveries wait for the courier.
#[derive(Clone, Debug)]
pub struct Outbox(UnboundedSender<Delivery>);

impl Outbox {
    /// Hands a delivery to the courier. A sandbox that is ending sends nothing.
    pub(crate) fn post(&self, url: Url, headers: HeaderMap, body: Bytes) {
        drop(self.0.send((url, headers, body)));
    }
}

/// Whether an address is on this machine. Nothing is ever sent away from it.
pub(crate) fn is_here(url: &Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost"))
}
