//! What an account has spent at its vendor, kept in the store: so that workers share one quota, and a restart forgets
//! nothing.
//!
//! A worker takes a slice of requests ahead and has a short time to send them. What it took counts as spent, sent or not;
//! so a crash costs a slice, and no request costs a write.
//!
//! Spacing is kept by each worker for itself: a slice of it could only be spent by whoever sends faster than the spacing
//! allows, and would be lost to everybody else.
//!
//! The workers' clocks may differ. What is written as spent by a clock that is ahead counts as spent now, so that nobody
//! waits longer than one span of the limit for it.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pos_core::http::{Grant, Limit, SharedQuota};
use pos_core::record::Account;
use pos_core::{Clock, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::store::Store;

/// How often a slice is asked for again because another worker was faster.
const TRIES: u32 = 50;

/// How long a slice is valid at most.
const LONGEST_VALID: Duration = Duration::from_secs(5);

/// How much later than ours a vendor's clock may count a request.
const TRAVEL: Duration = Duration::from_secs(2);

/// The quota of one account in a store.
pub(crate) struct StoreQuota {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) account: Account,
    pub(crate) clock: Clock,
}

impl Debug for StoreQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreQuota").field("account", &self.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl SharedQuota for StoreQuota {
    async fn take(&self, endpoint: &str, limits: &[Limit], wanted: u32) -> Result<Grant> {
        let failed =
            |error| Error::new(ErrorKind::Unavailable, "the quota cannot be kept").with_source(error);
        let key = format!("{}/{endpoint}", self.account);
        for _ in 0..TRIES {
            let known = self.store.pace(&key).await.map_err(failed)?;
            let (version, body) = known.unwrap_or_default();
            // A form of another release says nothing: the account starts fresh.
            let mut spent: Spent = serde_json::from_str(&body).unwrap_or_default();
            let now = millis(self.clock.now());
            let grant = spent.take(limits, wanted, now);
            let body = serde_json::to_string(&spent).unwrap_or_default();
            if self.store.put_pace(&key, version, &body).await.map_err(failed)? {
                return Ok(grant);
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "the quota is fought over"))
    }
}

fn millis(at: time::OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// What was spent of each limit, in the order of the limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Spent(Vec<Meter>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Meter {
    /// Slices, each with the last instant at which it may be sent and its size.
    Window(Vec<(i64, u32)>),
    /// How much is in the bucket, and since when.
    Bucket { level: f64, at: i64 },
    /// Nothing: every worker keeps its own.
    Spacing,
}

impl Meter {
    fn of(limit: &Limit, known: Option<&Self>, now: i64) -> Self {
        match (limit, known) {
            (Limit::Window { per, .. }, Some(Self::Window(slices))) => {
                // A slice is taken at most a window ahead, and then has its time to be sent.
                let latest = now + ms(*per + LONGEST_VALID);
                let settled = |(at, size): &(i64, u32)| (if *at > latest { now } else { *at }, *size);
                Self::Window(slices.iter().map(settled).collect())
            }
            (Limit::Bucket { capacity, per_second }, Some(Self::Bucket { level, at })) => {
                let fills = f64::from(*capacity) / per_second.max(1e-6) * 1000.0;
                let latest = now.saturating_add(fills.min(1e12) as i64);
                Self::Bucket { level: *level, at: if *at > latest { now } else { *at } }
            }
            (Limit::Window { .. }, _) => Self::Window(Vec::new()),
            (Limit::Bucket { capacity, .. }, _) => Self::Bucket { level: f64::from(*capacity), at: now },
            _ => Self::Spacing,
        }
    }
}

impl Spent {
    /// Takes a slice, as early as every limit allows.
    fn take(&mut self, limits: &[Limit], wanted: u32, now: i64) -> Grant {
        let wanted = wanted.max(1);
        let valid = limits.iter().map(valid_for).min().unwrap_or(LONGEST_VALID);
        let mut meters: Vec<Meter> =
            limits.iter().enumerate().map(|(at, limit)| Meter::of(limit, self.0.get(at), now)).collect();
        let start = limits
            .iter()
            .zip(&mut meters)
            .map(|(limit, meter)| earliest(limit, meter, wanted, now))
            .max()
            .unwrap_or(now);
        for (limit, meter) in limits.iter().zip(&mut meters) {
            spend(limit, meter, wanted, start, valid);
        }
        self.0 = meters;
        let wait = Duration::from_millis(u64::try_from(start - now).unwrap_or_default());
        Grant { requests: wanted, wait, valid }
    }
}

/// How long a slice may be sent: so short that counting it as sent at the end wastes little of a window.
fn valid_for(limit: &Limit) -> Duration {
    match limit {
        Limit::Window { per, .. } => (*per / 50).min(LONGEST_VALID),
        Limit::Bucket { .. } => Duration::from_secs(1),
        _ => LONGEST_VALID,
    }
}

fn earliest(limit: &Limit, meter: &mut Meter, wanted: u32, now: i64) -> i64 {
    match (limit, meter) {
        (Limit::Window { requests, per }, Meter::Window(slices)) => {
            let span = ms(*per + TRAVEL.min(*per / 20));
            slices.retain(|(at, _)| at + span > now);
            // The oldest slices have to leave the window until the new one fits beside the rest.
            let mut sum: u64 = slices.iter().map(|(_, size)| u64::from(*size)).sum();
            let mut start = now;
            for (at, size) in slices.iter() {
                if sum + u64::from(wanted) <= u64::from(*requests).max(u64::from(wanted)) {
                    break;
                }
                sum -= u64::from(*size);
                start = start.max(at + span);
            }
            start
        }
        (Limit::Bucket { capacity, per_second }, Meter::Bucket { level, at }) => {
            // What was taken and is not sent yet comes on top of what a full bucket gives.
            let most = (f64::from(*capacity) - f64::from(wanted)).max(f64::from(wanted));
            let gone = (now - *at).max(0) as f64 / 1000.0;
            *level = (*level + gone * per_second).min(most);
            *at = now.max(*at);
            let missing = (f64::from(wanted) - *level).max(0.0);
            *at + (missing / per_second.max(1e-6) * 1000.0).ceil().min(1e12) as i64
        }
        _ => now,
    }
}

fn spend(limit: &Limit, meter: &mut Meter, wanted: u32, start: i64, valid: Duration) {
    match (limit, meter) {
        (_, Meter::Window(slices)) => slices.push((start + ms(valid), wanted)),
        (Limit::Bucket { per_second, .. }, Meter::Bucket { level, at }) => {
            let gone = (start - *at).max(0) as f64 / 1000.0;
            *level += gone * per_second - f64::from(wanted);
            *at = start;
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Workers that take slices one after the other and send each at the worst moment that it allows.
    fn sent(limit: Limit, wanted: u32, slices: usize, late: bool) -> Vec<i64> {
        let mut spent = Spent::default();
        let mut now = 0;
        let mut sent = Vec::new();
        for _ in 0..slices {
            let grant = spent.take(&[limit], wanted, now);
            let start = now + ms(grant.wait);
            let at = if late { start + ms(grant.valid) } else { start };
            sent.extend(std::iter::repeat_n(at, wanted as usize));
            now = start;
        }
        sent.sort_unstable();
        sent
    }

    #[test]
    fn no_window_is_broken_and_nearly_all_of_it_is_used() {
        for (requests, per, wanted) in [(150, 30, 3), (5000, 3600, 20), (70, 60, 1)] {
            let limit = Limit::Window { requests, per: Duration::from_secs(per) };
            for late in [false, true] {
                let sent = sent(limit, wanted, 5 * requests as usize / wanted as usize, late);
                let span = i64::try_from(per).unwrap() * 1000;
                for (first, at) in sent.iter().enumerate() {
                    let inside = sent[first..].iter().take_while(|other| **other < at + span).count();
                    assert!(inside <= requests as usize, "{inside} of {requests}, late {late}");
                }
                let windows = (sent.len() as f64 / f64::from(requests)).ceil() - 1.0;
                let took = (sent.last().unwrap() - sent.first().unwrap()) as f64 / 1000.0;
                assert!(took <= windows * per as f64 * 1.09 + 1.0, "{took} s for {windows} windows of {per}");
            }
        }
    }

    #[test]
    fn a_bucket_is_never_overdrawn() {
        let limit = Limit::Bucket { capacity: 40, per_second: 2.0 };
        for late in [false, true] {
            let (mut level, mut at) = (40.0_f64, 0);
            for next in sent(limit, 4, 100, late) {
                level = (level + (next - at) as f64 / 1000.0 * 2.0).min(40.0) - 1.0;
                at = next;
                assert!(level >= -1e-6, "{level}, late {late}");
            }
        }
    }

    #[test]
    fn spacing_costs_no_slice_and_no_wait() {
        let limits = [
            Limit::Window { requests: 5000, per: Duration::from_secs(3600) },
            Limit::Spacing(Duration::from_millis(20)),
        ];
        let mut spent = Spent::default();
        for _ in 0..3 {
            let grant = spent.take(&limits, 20, 0);
            assert_eq!((grant.wait, grant.valid), (Duration::ZERO, LONGEST_VALID));
        }
    }

    #[test]
    fn a_worker_whose_clock_is_ahead_stops_nobody() {
        const HOUR: i64 = 3_600_000;
        let window = Limit::Window { requests: 150, per: Duration::from_secs(30) };
        let bucket = Limit::Bucket { capacity: 40, per_second: 2.0 };
        for (limit, wanted, slices, longest) in [(window, 3, 50, 32), (bucket, 4, 10, 2)] {
            let mut spent = Spent::default();
            for _ in 0..slices {
                spent.take(&[limit], wanted, HOUR);
            }
            let wait = spent.take(&[limit], wanted, 0).wait;
            assert!(wait <= Duration::from_secs(longest), "{limit:?}: {wait:?}");
            // And what it spent is not forgotten.
            assert!(wait > Duration::ZERO, "{limit:?}");
        }
    }

    #[test]
    fn limits_that_changed_start_fresh() {
        let mut spent = Spent(vec![Meter::Spacing]);
        let grant = spent.take(&[Limit::Window { requests: 5, per: Duration::from_secs(30) }], 1, 0);
        assert_eq!(grant.wait, Duration::ZERO);
    }
}
