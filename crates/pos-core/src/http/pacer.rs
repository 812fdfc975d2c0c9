//! Using a quota fully without ever breaking it.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Arc, Mutex as StdMutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::error::Result;
use crate::lenient;

/// One rule of a vendor's quota.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// At most `requests` in any span of `per`, wherever the span starts.
    Window {
        /// How many.
        requests: u32,
        /// In what time; in seconds where it is written down.
        #[serde(with = "lenient::seconds")]
        per: Duration,
    },
    /// A bucket of `capacity` requests that refills by `per_second`.
    Bucket {
        /// How many at once.
        capacity: u32,
        /// How many come back every second.
        per_second: f64,
    },
    /// At least this much time between two requests.
    Spacing(#[serde(with = "lenient::seconds")] Duration),
}

/// How much later than ours a vendor's clock may count a request: two requests that we send a window apart can arrive
/// closer together by the difference of their travel times.
const TRAVEL: Duration = Duration::from_secs(2);

#[derive(Debug)]
enum Meter {
    Window { requests: usize, per: Duration, sent: VecDeque<Instant> },
    Bucket { capacity: f64, per_second: f64, level: f64, at: Instant },
    Spacing { gap: Duration, last: Option<Instant> },
}

impl Meter {
    fn new(limit: Limit) -> Self {
        match limit {
            Limit::Window { requests, per } => {
                let travel = TRAVEL.min(per / 20);
                Self::Window { requests: requests.max(1) as usize, per: per + travel, sent: VecDeque::new() }
            }
            Limit::Bucket { capacity, per_second } => Self::Bucket {
                capacity: f64::from(capacity.max(1)),
                per_second: per_second.max(1e-6),
                level: f64::from(capacity.max(1)),
                at: Instant::now(),
            },
            Limit::Spacing(gap) => Self::Spacing { gap, last: None },
        }
    }

    /// The earliest instant at which one more request is within the limit.
    fn earliest(&mut self, now: Instant) -> Instant {
        match self {
            Self::Window { requests, per, sent } => {
                while sent.front().is_some_and(|first| *first + *per <= now) {
                    sent.pop_front();
                }
                if sent.len() < *requests { now } else { sent[sent.len() - *requests] + *per }
            }
            Self::Bucket { capacity, per_second, level, at } => {
                *level = (*level + now.duration_since(*at).as_secs_f64() * *per_second).min(*capacity);
                *at = now;
                if *level >= 1.0 {
                    now
                } else {
                    now + Duration::from_secs_f64((1.0 - *level) / *per_second + 1e-3)
                }
            }
            Self::Spacing { gap, last } => last.map_or(now, |last| (last + *gap).max(now)),
        }
    }

    fn spend(&mut self, now: Instant) {
        match self {
            Self::Window { sent, .. } => sent.push_back(now),
            Self::Bucket { level, .. } => *level -= 1.0,
            Self::Spacing { last, .. } => *last = Some(now),
        }
    }
}

/// What may be sent out of a quota that several workers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// How many requests.
    pub requests: u32,
    /// How long to wait before the first of them.
    pub wait: Duration,
    /// How long they may be sent from then on; what is left after that is lost.
    pub valid: Duration,
}

/// Keeps what an account has spent where every worker sees it, and where a restart finds it.
#[async_trait]
pub trait SharedQuota: Send + Sync + Debug {
    /// Takes a slice of at most `wanted` requests out of the limits. `endpoint` is blank for limits of the account.
    ///
    /// # Errors
    /// When the place where it is kept cannot be reached: the pacer then goes by what it knows itself.
    async fn take(&self, endpoint: &str, limits: &[Limit], wanted: u32) -> Result<Grant>;
}

/// How many requests are taken together: few enough that a worker who dies loses little, many enough that asking costs
/// little.
fn slice_of(limits: &[Limit]) -> u32 {
    let of = |limit: &Limit| match limit {
        Limit::Window { requests, .. } => (requests / 50).clamp(1, 20),
        Limit::Bucket { capacity, .. } => (capacity / 10).clamp(1, 8),
        // Kept by each worker for itself.
        Limit::Spacing(_) => u32::MAX,
    };
    limits.iter().map(of).min().unwrap_or(1)
}

#[derive(Debug)]
struct Slice {
    left: u32,
    until: Instant,
}

#[derive(Debug)]
struct State {
    /// What is left of the slices that were taken, by endpoint; blank for the account.
    slices: HashMap<String, Slice>,
    meters: Vec<Meter>,
    /// Limits that the vendor counts by endpoint.
    endpoints: HashMap<String, Vec<Meter>>,
    blocked_until: Option<Instant>,
    endpoint_blocked_until: HashMap<String, Instant>,
    /// Who waits for an endpoint by itself waits here.
    lanes: HashMap<String, Arc<Mutex<()>>>,
}

/// Hands out permits to send, on tokio time.
///
/// One pacer stands for one account. Permits of an endpoint are given in the order in which they were asked for. An endpoint
/// that is locked, or has used up a quota of its own, holds nobody up who wants another one.
#[derive(Debug)]
pub struct Pacer {
    limits: Vec<Limit>,
    shared: OnceLock<Arc<dyn SharedQuota>>,
    per_endpoint: Vec<Limit>,
    state: StdMutex<State>,
    turn: Mutex<()>,
    slots: Arc<Semaphore>,
}

impl Pacer {
    /// A pacer for the limits of an account.
    pub fn new(limits: impl IntoIterator<Item = Limit>) -> Self {
        let limits: Vec<Limit> = limits.into_iter().collect();
        Self {
            shared: OnceLock::new(),
            per_endpoint: Vec::new(),
            state: StdMutex::new(State {
                slices: HashMap::new(),
                meters: limits.iter().copied().map(Meter::new).collect(),
                endpoints: HashMap::new(),
                blocked_until: None,
                endpoint_blocked_until: HashMap::new(),
                lanes: HashMap::new(),
            }),
            turn: Mutex::new(()),
            slots: Arc::new(Semaphore::new(8)),
            limits,
        }
    }

    /// Goes by a quota that is kept elsewhere, beside what this pacer knows itself. The first one stays.
    pub fn share(&self, quota: Arc<dyn SharedQuota>) {
        let _ = self.shared.set(quota);
    }

    /// Limits that the vendor counts for every endpoint by itself.
    #[must_use]
    pub fn per_endpoint(mut self, limits: impl IntoIterator<Item = Limit>) -> Self {
        self.per_endpoint = limits.into_iter().collect();
        self
    }

    /// How many requests may be under way at once; 8 unless said otherwise.
    #[must_use]
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.slots = Arc::new(Semaphore::new(requests.max(1)));
        self
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits until a request to `endpoint` may be sent, and counts it.
    pub async fn permit(&self, endpoint: &str) -> Permit {
        // One of an endpoint at a time, so that nobody overtakes; the others wait without a slot.
        let lane = self.lane(endpoint);
        let _lane = lane.lock().await;
        loop {
            self.opening(endpoint).await;
            let mut good_until = self.draw(endpoint, &self.per_endpoint).await;
            // A closed semaphore would be a bug of ours; going on without a slot is the harmless answer to it.
            let slot = self.slots.clone().acquire_owned().await.ok();
            // The turn is kept while waiting for the account, and not while waiting for an endpoint.
            let _turn = self.turn.lock().await;
            self.draw("", &self.limits).await;
            loop {
                if good_until.is_some_and(|until| until < Instant::now()) {
                    // The wait for the account took longer than what was drawn is good for.
                    good_until = self.draw(endpoint, &self.per_endpoint).await;
                }
                let now = Instant::now();
                let ready = {
                    let mut state = self.state();
                    if self.endpoint_ready(&mut state, endpoint, now) > now {
                        // It was locked meanwhile.
                        break;
                    }
                    let ready = account_ready(&mut state, now);
                    if ready <= now {
                        self.spend(&mut state, endpoint, now);
                        return Permit { _slot: slot };
                    }
                    ready
                };
                sleep_until(ready).await;
            }
        }
    }

    fn lane(&self, endpoint: &str) -> Arc<Mutex<()>> {
        let mut state = self.state();
        if let Some(lane) = state.lanes.get(endpoint) {
            return Arc::clone(lane);
        }
        Arc::clone(state.lanes.entry(endpoint.to_owned()).or_default())
    }

    /// Waits until an endpoint's own limits let a request go.
    async fn opening(&self, endpoint: &str) {
        loop {
            let now = Instant::now();
            let ready = self.endpoint_ready(&mut self.state(), endpoint, now);
            if ready <= now {
                return;
            }
            sleep_until(ready).await;
        }
    }

    /// Draws one request from a slice of the shared quota, and takes another slice when there is none. Says until when it may
    /// be sent, where that is limited.
    async fn draw(&self, endpoint: &str, limits: &[Limit]) -> Option<Instant> {
        let is_shared = |limit: &Limit| !matches!(limit, Limit::Spacing(_));
        let shared = self.shared.get().filter(|_| limits.iter().any(is_shared))?;
        let now = Instant::now();
        if let Some(slice) = self.state().slices.get_mut(endpoint)
            && slice.left > 0
            && now < slice.until
        {
            slice.left -= 1;
            return Some(slice.until);
        }
        match shared.take(endpoint, limits, slice_of(limits)).await {
            Ok(grant) => {
                sleep_until(Instant::now() + grant.wait.min(super::LONGEST_WAIT)).await;
                let until = Instant::now() + grant.valid;
                let slice = Slice { left: grant.requests.saturating_sub(1), until };
                self.state().slices.insert(endpoint.to_owned(), slice);
                Some(until)
            }
            Err(error) => {
                tracing::warn!(%error, "the shared quota cannot be reached");
                None
            }
        }
    }

    fn endpoint_ready(&self, state: &mut State, endpoint: &str, now: Instant) -> Instant {
        let mut ready = state.endpoint_blocked_until.get(endpoint).map_or(now, |until| (*until).max(now));
        if !self.per_endpoint.is_empty() {
            for meter in self.endpoint(state, endpoint) {
                ready = ready.max(meter.earliest(now));
            }
        }
        ready
    }

    fn spend(&self, state: &mut State, endpoint: &str, now: Instant) {
        for meter in &mut state.meters {
            meter.spend(now);
        }
        if !self.per_endpoint.is_empty() {
            for meter in self.endpoint(state, endpoint) {
                meter.spend(now);
            }
        }
    }

    fn endpoint<'a>(&self, state: &'a mut State, endpoint: &str) -> &'a mut Vec<Meter> {
        if !state.endpoints.contains_key(endpoint) {
            let meters = self.per_endpoint.iter().copied().map(Meter::new).collect();
            state.endpoints.insert(endpoint.to_owned(), meters);
        }
        state.endpoints.entry(endpoint.to_owned()).or_default()
    }

    /// The vendor said to wait: nothing is sent for this long.
    pub fn block(&self, wait: Duration) {
        let until = Instant::now() + wait.min(super::LONGEST_WAIT);
        let mut state = self.state();
        state.blocked_until = Some(state.blocked_until.map_or(until, |old| old.max(until)));
    }

    /// The vendor said to wait with this endpoint alone.
    pub fn block_endpoint(&self, endpoint: &str, wait: Duration) {
        let until = Instant::now() + wait.min(super::LONGEST_WAIT);
        let mut state = self.state();
        let known = state.endpoint_blocked_until.entry(endpoint.to_owned()).or_insert(until);
        *known = (*known).max(until);
    }

    /// How long nothing may be sent to an endpoint because the vendor said to wait; `None` when it may.
    pub fn blocked_for(&self, endpoint: &str) -> Option<Duration> {
        let now = Instant::now();
        let state = self.state();
        let until = state.endpoint_blocked_until.get(endpoint).copied().max(state.blocked_until)?;
        until.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// The vendor answered a request to `endpoint` with a wait. A vendor that counts by endpoint locks that endpoint alone,
    /// any other the account.
    pub(super) fn throttled(&self, endpoint: &str, wait: Duration) {
        if self.per_endpoint.is_empty() { self.block(wait) } else { self.block_endpoint(endpoint, wait) }
    }

    /// Whether the vendor counts by endpoint.
    pub(super) fn is_per_endpoint(&self) -> bool {
        !self.per_endpoint.is_empty()
    }

    /// The vendor said how many requests its bucket has taken (`32/40`). Ours is lowered to agree and never raised:
    /// answers arrive out of order, and the fuller one is the newer truth.
    pub fn correct(&self, used: u32, capacity: u32) {
        for meter in &mut self.state().meters {
            if let Meter::Bucket { level, capacity: ours, .. } = meter {
                *ours = f64::from(capacity.max(1));
                *level = level.min(f64::from(capacity.saturating_sub(used)));
            }
        }
    }
}

fn account_ready(state: &mut State, now: Instant) -> Instant {
    let mut ready = state.blocked_until.unwrap_or(now).max(now);
    for meter in &mut state.meters {
        ready = ready.max(meter.earliest(now));
    }
    ready
}

/// The right to have one request under way. Drop it when the answer is read.
#[derive(Debug)]
pub struct Permit {
    _slot: Option<OwnedSemaphorePermit>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most requests that any span of `per` holds.
    fn busiest(sent: &[Instant], per: Duration) -> usize {
        let mut start = 0;
        let mut most = 0;
        for end in 0..sent.len() {
            while sent[end].duration_since(sent[start]) >= per {
                start += 1;
            }
            most = most.max(end - start + 1);
        }
        most
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_import_uses_the_hourly_quota_and_never_breaks_it() {
        let hour = Duration::from_secs(3600);
        let limits = [Limit::Window { requests: 5000, per: hour }, Limit::Spacing(Duration::from_millis(20))];
        let pacer = Pacer::new(limits);
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..20_000 {
            let _permit = pacer.permit("customers").await;
            sent.push(Instant::now());
        }
        assert!(busiest(&sent, hour) <= 5000);
        // 20 000 requests at 5 000 an hour: the last quarter may start when three hours are over.
        let allowed = hour * 3;
        assert!(start.elapsed() <= allowed.mul_f64(1.05), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_gives_its_content_at_once_and_then_its_refill() {
        let pacer = Pacer::new([Limit::Bucket { capacity: 40, per_second: 2.0 }]);
        let start = Instant::now();
        for _ in 0..40 {
            drop(pacer.permit("orders").await);
        }
        assert!(start.elapsed() < Duration::from_millis(10));
        for _ in 0..20 {
            drop(pacer.permit("orders").await);
        }
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_secs(10) && elapsed < Duration::from_millis(10_500), "{elapsed:?}");
        pacer.correct(40, 40);
        drop(pacer.permit("orders").await);
        assert!(start.elapsed() >= elapsed + Duration::from_millis(499));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_answer_blocks_what_the_vendor_counts_by() {
        let second = Duration::from_secs(1);
        let by_endpoint = Pacer::new([]).per_endpoint([Limit::Window { requests: 2, per: 30 * second }]);
        by_endpoint.throttled("a", 9 * second);
        assert_eq!((by_endpoint.blocked_for("a"), by_endpoint.blocked_for("b")), (Some(9 * second), None));
        tokio::time::advance(9 * second).await;
        assert_eq!(by_endpoint.blocked_for("a"), None);
        let by_account = Pacer::new([Limit::Spacing(second)]);
        by_account.throttled("a", 9 * second);
        assert_eq!(by_account.blocked_for("b"), Some(9 * second));
    }

    #[tokio::test(start_paused = true)]
    async fn a_blocked_endpoint_leaves_the_others_alone() {
        let pacer =
            Pacer::new([]).per_endpoint([Limit::Window { requests: 2, per: Duration::from_secs(30) }]);
        let start = Instant::now();
        pacer.block_endpoint("a", Duration::from_secs(9));
        drop(pacer.permit("b").await);
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(pacer.permit("a").await);
        assert!(start.elapsed() >= Duration::from_secs(9));
        pacer.block(Duration::from_secs(100));
        drop(pacer.permit("b").await);
        assert!(start.elapsed() >= Duration::from_secs(109));
    }

    /// After how many seconds each of these calls gets its permit, asked for in this order.
    async fn waits(pacer: Pacer, endpoints: &[&'static str]) -> Vec<u64> {
        let (pacer, start) = (Arc::new(pacer), Instant::now());
        let call = |endpoint: &&'static str| {
            let (pacer, endpoint) = (Arc::clone(&pacer), *endpoint);
            tokio::spawn(async move {
                drop(pacer.permit(endpoint).await);
                start.elapsed().as_secs()
            })
        };
        let calls: Vec<_> = endpoints.iter().map(call).collect();
        let mut waits = Vec::new();
        for call in calls {
            waits.push(call.await.unwrap());
        }
        waits
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_locked_endpoint_holds_up_nobody_else() {
        let second = Duration::from_secs(1);
        let limits = [Limit::Window { requests: 2, per: 100 * second }];
        let pacer = Pacer::new([]).per_endpoint(limits).in_flight(2);
        pacer.block_endpoint("a", 30 * second);
        // More waiters than there are slots, and one of another endpoint behind them.
        assert_eq!(waits(pacer, &["a", "a", "a", "b"]).await, [30, 30, 132, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_is_locked_while_it_waits_for_the_account_gives_its_turn_away() {
        let second = Duration::from_secs(1);
        let pacer = Pacer::new([Limit::Spacing(10 * second)]);
        let start = Instant::now();
        let permit = async |endpoint| {
            drop(pacer.permit(endpoint).await);
            start.elapsed().as_secs()
        };
        let lock = async {
            tokio::time::sleep(5 * second).await;
            pacer.block_endpoint("b", 45 * second);
        };
        let (a, b, c, d, ()) = tokio::join!(permit("a"), permit("b"), permit("c"), permit("d"), lock);
        assert_eq!([a, b, c, d], [0, 50, 10, 20]);
    }

    /// A quota of which every slice is one request, good for a second, and comes after a wait.
    #[derive(Debug)]
    struct Slices(StdMutex<Vec<String>>);

    #[async_trait]
    impl SharedQuota for Slices {
        async fn take(&self, endpoint: &str, _: &[Limit], _: u32) -> Result<Grant> {
            self.0.lock().unwrap().push(endpoint.to_owned());
            let wait = Duration::from_secs(if endpoint == "a" { 20 } else { 0 });
            Ok(Grant { requests: 1, wait, valid: Duration::from_secs(1) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_quota_of_an_endpoint_holds_up_nobody_else() {
        let limits = [Limit::Window { requests: 99, per: Duration::from_secs(99) }];
        let pacer = Pacer::new([]).per_endpoint(limits);
        let quota = Arc::new(Slices(StdMutex::default()));
        pacer.share(quota.clone());
        assert_eq!(waits(pacer, &["a", "b"]).await, [20, 0]);
        assert_eq!(*quota.0.lock().unwrap(), ["a", "b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_endpoint_drew_is_drawn_anew_when_the_account_took_too_long() {
        let limits = [Limit::Window { requests: 99, per: Duration::from_secs(99) }];
        let pacer = Pacer::new([]).per_endpoint(limits);
        let quota = Arc::new(Slices(StdMutex::default()));
        pacer.share(quota.clone());
        pacer.block(Duration::from_secs(7));
        assert_eq!(waits(pacer, &["b"]).await, [7]);
        assert_eq!(*quota.0.lock().unwrap(), ["b", "b"]);
    }
}
