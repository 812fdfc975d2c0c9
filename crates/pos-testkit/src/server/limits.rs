//! The two ways in which vendors count requests.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// So many requests in any stretch of time.
#[derive(Debug, Default)]
pub(crate) struct Window(VecDeque<Instant>);

impl Window {
    /// Counts a request; answers false where it is one too many, which is not counted.
    pub(crate) fn takes(&mut self, limit: u32, per: Duration) -> bool {
        let now = Instant::now();
        while self.0.front().is_some_and(|sent| *sent + per <= now) {
            self.0.pop_front();
        }
        let fits = self.0.len() < limit as usize;
        if fits {
            self.0.push_back(now);
        }
        fits
    }
}

/// A bucket that leaks.
#[derive(Debug)]
pub(crate) struct Bucket {
    level: f64,
    drained: Instant,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { level: 0.0, drained: Instant::now() }
    }
}

impl Bucket {
    /// Pours a request in; answers false where it runs over, which leaves the bucket as full as it was.
    pub(crate) fn takes(&mut self, size: u32, leak: f64) -> bool {
        let now = Instant::now();
        self.level = (self.level - now.duration_since(self.drained).as_secs_f64() * leak).max(0.0);
        self.drained = now;
        let fits = self.level + 1.0 <= f64::from(size);
        if fits {
            self.level += 1.0;
        }
        fits
    }

    /// How full it is.
    pub(crate) fn level(&self) -> u32 {
        self.level.ceil() as u32
    }
}
