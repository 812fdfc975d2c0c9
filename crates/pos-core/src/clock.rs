//! The time of day as an argument.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// Tells the time. Everything in these crates that needs it asks the clock that it was given.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// A clock of the host's own: for tests, and for hosts that keep time elsewhere.
    pub fn new(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The same clock, off by this much.
    #[must_use]
    pub fn ahead_by(self, offset: Duration) -> Self {
        Self::new(move || self.now() + offset)
    }

    /// What time it is.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
    }
}

impl Default for Clock {
    /// The system's clock.
    fn default() -> Self {
        Self::new(OffsetDateTime::now_utc)
    }
}

impl Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// How far a vendor's clock is ahead of ours, learned from the `Date` of its answers.
///
/// `Date` is cut to whole seconds and is a little old when it arrives, so every answer tells a lower bound: the highest
/// one counts. A clock that was set anew is noticed when the bounds fall by more than that can explain. What is further off
/// than [`FURTHEST`] is nobody's clock, and is not believed.
#[derive(Debug)]
pub(crate) struct Skew(AtomicI64);

/// What cutting and travelling explain.
const NOISE_MS: i64 = 5_000;

/// How far two clocks may be apart. One machine of a vendor whose `Date` is a month ahead would move every sight and every
/// checkpoint by a month.
const FURTHEST: Duration = Duration::DAY;

impl Skew {
    pub(crate) fn unknown() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }

    /// Takes in an answer's `Date`, and when it arrived by our clock.
    pub(crate) fn learn(&self, date: OffsetDateTime, arrived: OffsetDateTime) {
        let ahead = date - arrived;
        if ahead.abs() > FURTHEST {
            return;
        }
        let Ok(seen) = i64::try_from(ahead.whole_milliseconds()) else { return };
        let keep = |known: i64| {
            let falls = known != i64::MIN && seen < known && known - seen <= NOISE_MS;
            (!falls).then_some(seen)
        };
        // Nobody writes an equal value twice on purpose; a lost race is made good by the next answer.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, keep);
    }

    pub(crate) fn get(&self) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            i64::MIN => None,
            ms => Some(Duration::milliseconds(ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bound_counts_until_the_clock_is_set_anew() {
        let skew = Skew::unknown();
        assert_eq!(skew.get(), None);
        let ours = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        skew.learn(ours + Duration::minutes(60), ours + Duration::milliseconds(900));
        skew.learn(ours + Duration::minutes(60), ours + Duration::milliseconds(300));
        skew.learn(ours + Duration::minutes(60), ours + Duration::milliseconds(800));
        assert_eq!(skew.get(), Some(Duration::minutes(60) - Duration::milliseconds(300)));
        skew.learn(ours, ours);
        assert_eq!(skew.get(), Some(Duration::ZERO));
    }

    #[test]
    fn a_clock_that_is_days_off_is_not_believed() {
        let ours = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let absurd = [
            ours + Duration::days(30),
            ours - Duration::days(30),
            time::macros::datetime!(9999-12-31 23:59:59 UTC),
            OffsetDateTime::UNIX_EPOCH,
        ];
        let skew = Skew::unknown();
        for date in absurd {
            skew.learn(date, ours);
            assert_eq!(skew.get(), None, "{date}");
        }
        skew.learn(ours - Duration::hours(2), ours);
        for date in absurd {
            skew.learn(date, ours);
            assert_eq!(skew.get(), Some(Duration::hours(-2)), "{date}");
        }
    }
}
