//! What time it is in a shop.

use std::time::Duration;

use time::OffsetDateTime;

/// A shop's clock: the computer's unless it is stopped, and so much ahead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    stopped: Option<i64>,
    ahead: i64,
    passed: i64,
}

impl Clock {
    pub(crate) fn ahead(ahead: time::Duration) -> Self {
        Self { ahead: whole_ms(ahead), ..Self::default() }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let running = self.stopped.unwrap_or_else(|| to_ms(OffsetDateTime::now_utc()));
        running.saturating_add(self.ahead).saturating_add(self.passed)
    }

    pub(super) fn stop(&mut self, at: Option<OffsetDateTime>) {
        self.stopped = at.map(to_ms);
    }

    pub(super) fn set_off(&mut self, ahead: time::Duration) {
        self.ahead = whole_ms(ahead);
    }

    pub(crate) fn pass(&mut self, time: time::Duration) {
        self.passed += whole_ms(time);
    }
}

fn whole_ms(time: time::Duration) -> i64 {
    i64::try_from(time.whole_milliseconds()).unwrap_or(0)
}

/// Unix milliseconds.
pub(crate) fn to_ms(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// A length of time in milliseconds.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn instant(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
