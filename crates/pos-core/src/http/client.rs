//! The retry loop.

use std::fmt::{self, Debug};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout};

use super::auth::{Authorize, NoAuth};
use super::pacer::Pacer;
use super::telling::{AskingAgain, tell};
use super::transport::{Request, ReqwestTransport, Response, Transport};
use crate::clock::{Clock, Skew};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::lenient;

/// What an answer means.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It is what was asked for.
    Success,
    /// The token is not accepted (any more): fetch another and ask again, once.
    RefreshToken(Error),
    /// It failed; [`Error::retry`] says whether asking again may help.
    Failure(Error),
}

impl Outcome {
    /// The error, unless it is a success.
    pub fn into_error(self) -> Option<Error> {
        match self {
            Self::Success => None,
            Self::RefreshToken(error) | Self::Failure(error) => Some(error),
        }
    }
}

/// One call: a request, and what may be done with it.
#[derive(Clone, Debug)]
pub struct Call {
    request: Request,
    endpoint: &'static str,
    idempotent: bool,
}

impl Call {
    /// A call. `endpoint` is its name in logs, errors and per-endpoint quotas: method and path without ids
    /// (`GET /customers`). Reads may be repeated, writes not.
    pub fn new(endpoint: &'static str, request: Request) -> Self {
        let idempotent = request.method == Method::GET || request.method == Method::HEAD;
        Self { request, endpoint, idempotent }
    }

    /// Declares that sending this write twice is the same as sending it once.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

/// How often and how long the client tries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Attempts in all.
    pub attempts: u32,
    /// The first wait; it doubles every time, with jitter. In seconds where it is written down, as the others are.
    #[serde(with = "lenient::seconds")]
    pub first_wait: Duration,
    /// The longest wait that backoff chooses.
    #[serde(with = "lenient::seconds")]
    pub longest_wait: Duration,
    /// A vendor that asks for a longer wait than this gets its error handed to the caller, whose schedule is better at
    /// long waits.
    #[serde(with = "lenient::seconds")]
    pub patience: Duration,
}

impl RetryPolicy {
    /// What is done unless something else is said: five attempts, the first wait up to half a second, the longest up to 30.
    pub const USUAL: Self = Self {
        attempts: 5,
        first_wait: Duration::from_millis(500),
        longest_wait: Duration::from_secs(30),
        patience: Duration::from_secs(120),
    };
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::USUAL
    }
}

type Classify = Arc<dyn Fn(&Response) -> Outcome + Send + Sync>;
type Observe = Arc<dyn Fn(&Response, &Pacer) + Send + Sync>;

struct Inner {
    transport: Arc<dyn Transport>,
    auth: Arc<dyn Authorize>,
    pacer: Arc<Pacer>,
    classify: Classify,
    observe: Option<Observe>,
    retry: RetryPolicy,
    time_limit: Duration,
    max_body: usize,
    clock: Clock,
    skew: Skew,
}

/// The HTTP client of one account. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

impl Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("retry", &self.0.retry).finish_non_exhaustive()
    }
}

/// Builds a [`Client`].
pub struct ClientBuilder(Inner);

impl Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("retry", &self.0.retry).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Credentials for every request; none unless said.
    #[must_use]
    pub fn auth(mut self, auth: Arc<dyn Authorize>) -> Self {
        self.0.auth = auth;
        self
    }

    /// The account's quota; none unless said.
    #[must_use]
    pub fn pacer(mut self, pacer: Arc<Pacer>) -> Self {
        self.0.pacer = pacer;
        self
    }

    /// Looks at every answer to correct the pacer from the vendor's header fields.
    #[must_use]
    pub fn observe(mut self, observe: impl Fn(&Response, &Pacer) + Send + Sync + 'static) -> Self {
        self.0.observe = Some(Arc::new(observe));
        self
    }

    /// How often and how long to try.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.0.retry = retry;
        self
    }

    /// The time limit of one attempt; 60 s unless said.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.0.time_limit = limit;
        self
    }

    /// The largest answer; 32 MiB unless said.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.0.max_body = bytes;
        self
    }

    /// Who tells the time; the system unless said.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.0.clock = clock;
        self
    }

    /// The client.
    pub fn build(self) -> Client {
        Client(Arc::new(self.0))
    }
}

impl Client {
    /// The largest answer that is taken in unless something else is said.
    pub const LARGEST: usize = 32 * 1024 * 1024;

    /// A client that sends through `transport` and judges answers by the vendor's one `classify` function.
    pub fn builder(
        transport: Arc<dyn Transport>,
        classify: impl Fn(&Response) -> Outcome + Send + Sync + 'static,
    ) -> ClientBuilder {
        ClientBuilder(Inner {
            transport,
            auth: Arc::new(NoAuth),
            pacer: Arc::new(Pacer::new([])),
            classify: Arc::new(classify),
            observe: None,
            retry: RetryPolicy::default(),
            time_limit: Duration::from_secs(60),
            max_body: Self::LARGEST,
            clock: Clock::default(),
            skew: Skew::unknown(),
        })
    }

    /// The vendor's time: our clock, corrected by the `Date` of its answers as soon as there was one.
    pub fn now(&self) -> OffsetDateTime {
        self.0.clock.now().saturating_add(self.skew().unwrap_or_default())
    }

    /// How far the vendor's clock is ahead of ours; `None` before its first answer with a `Date`.
    pub fn skew(&self) -> Option<time::Duration> {
        self.0.skew.get()
    }

    /// The pacer that the client asks.
    pub fn pacer(&self) -> &Arc<Pacer> {
        &self.0.pacer
    }

    /// The default transport.
    ///
    /// # Errors
    /// When the TLS library cannot start.
    pub fn default_transport() -> Result<Arc<dyn Transport>> {
        Ok(Arc::new(ReqwestTransport::new()?))
    }

    /// Sends a call until it succeeds, fails for good, or the policy is used up.
    ///
    /// # Errors
    /// What the last answer meant, with the endpoint as context.
    ///
    /// # Cancel safety
    /// May be dropped at any time; a write that was under way may have reached the vendor.
    pub async fn send(&self, call: Call) -> Result<Response> {
        let inner = &*self.0;
        if let Some(locked) =
            inner.pacer.blocked_for(call.endpoint).filter(|locked| *locked > inner.retry.patience)
        {
            let what = "the vendor asked to wait, and the wait is not over: nothing was sent";
            return Err(Error::new(ErrorKind::RateLimited, what)
                .with_retry(Retry::After(locked))
                .with_context(call.endpoint));
        }
        let mut attempt = 0;
        let mut refreshed = false;
        loop {
            attempt += 1;
            let (error, again) = match self.attempt(&call).await {
                Ok(Attempt::Done(response)) => return Ok(response),
                Ok(Attempt::Refused(generation, error)) => {
                    if !refreshed && inner.auth.refused(generation).await {
                        refreshed = true;
                        continue;
                    }
                    (error, false)
                }
                Ok(Attempt::Failed(error)) => {
                    // The vendor answered. A 429 was surely not carried out; of a 5xx nobody knows.
                    let again = call.idempotent || error.kind() == ErrorKind::RateLimited;
                    (error, again)
                }
                Ok(Attempt::NoAnswer(error, unsent)) => (error, call.idempotent || unsent),
                Err(error) => (error, false),
            };
            let wait = match error.retry() {
                Retry::Never => None,
                Retry::Backoff => Some(self.backoff(attempt)),
                // Where an early call makes the wait longer, jitter comes on top of it.
                Retry::After(asked) if inner.pacer.is_per_endpoint() => Some(asked + self.backoff(attempt)),
                Retry::After(asked) => Some(asked.max(self.backoff(attempt) / 2)),
            };
            match wait {
                Some(wait) if again && attempt < inner.retry.attempts && wait <= inner.retry.patience => {
                    tracing::debug!(
                        endpoint = call.endpoint,
                        attempt,
                        wait_ms = wait.as_millis() as u64,
                        "asking again"
                    );
                    tell(&AskingAgain { endpoint: call.endpoint, attempt, error: &error, wait });
                    if error.kind() == ErrorKind::RateLimited {
                        inner.pacer.throttled(call.endpoint, wait);
                    }
                    sleep(wait).await;
                }
                _ => {
                    // Where the vendor locks an endpoint, a call before the end makes the lock longer: make none.
                    if let (ErrorKind::RateLimited, Retry::After(asked)) = (error.kind(), error.retry())
                        && inner.pacer.is_per_endpoint()
                    {
                        inner.pacer.block_endpoint(call.endpoint, asked);
                    }
                    return Err(error.with_context(call.endpoint));
                }
            }
        }
    }

    /// Sends a call and reads the answer as JSON.
    ///
    /// # Errors
    /// Those of [`send`](Client::send), and [`ErrorKind::Decode`] naming the place when the answer is something else.
    pub async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        let endpoint = call.endpoint;
        let response = self.send(call).await?;
        Self::decode(&response, endpoint)
    }

    /// Reads an answer as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] naming the place, without the value.
    pub fn decode<T: DeserializeOwned>(response: &Response, endpoint: &'static str) -> Result<T> {
        let body = crate::lenient::without_mark(&response.body);
        if let Ok(value) = serde_json::from_slice(body) {
            return Ok(value);
        }
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let place = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(_) => "after its end".to_owned(),
            Err(error) => format!("at {}", error.path()),
        };
        let what = if response.is_html() {
            "the answer is a web page, not JSON".to_owned()
        } else {
            format!("the answer is not what the vendor documents, {place}")
        };
        Err(Error::decode(what).with_context(endpoint).with_status(response.status))
    }

    async fn attempt(&self, call: &Call) -> Result<Attempt> {
        let inner = &*self.0;
        let mut request = call.request.clone();
        request.headers.entry(http::header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let generation = inner.auth.authorize(&mut request).await?;
        let permit = inner.pacer.permit(call.endpoint).await;
        let started = Instant::now();
        let sent = timeout(inner.time_limit, inner.transport.send(request, inner.max_body)).await;
        drop(permit);
        let elapsed_ms = started.elapsed().as_millis() as u64;
        match sent {
            Ok(Ok(response)) => {
                tracing::debug!(endpoint = call.endpoint, status = response.status, elapsed_ms, "answered");
                if let Some(date) = response.header("date").and_then(http_date) {
                    inner.skew.learn(date, inner.clock.now());
                }
                if let Some(observe) = &inner.observe {
                    observe(&response, &inner.pacer);
                }
                Ok(match (inner.classify)(&response) {
                    Outcome::Success => Attempt::Done(response),
                    Outcome::RefreshToken(error) => {
                        Attempt::Refused(generation, capped(error).with_status(response.status))
                    }
                    Outcome::Failure(error) => Attempt::Failed(capped(error).with_status(response.status)),
                })
            }
            Ok(Err(failure)) => {
                let kind = if failure.timeout { ErrorKind::Timeout } else { ErrorKind::Unavailable };
                let unsent = failure.unsent;
                tracing::debug!(endpoint = call.endpoint, elapsed_ms, unsent, "no answer");
                Ok(Attempt::NoAnswer(Error::new(kind, failure.what.clone()).with_source(failure), unsent))
            }
            Err(_) => {
                tracing::debug!(endpoint = call.endpoint, elapsed_ms, "time limit");
                Ok(Attempt::NoAnswer(
                    Error::new(ErrorKind::Timeout, "no answer within the time limit"),
                    false,
                ))
            }
        }
    }

    /// Doubling waits, each between half and all of its size.
    fn backoff(&self, attempt: u32) -> Duration {
        let policy = self.0.retry;
        let full =
            policy.first_wait.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(policy.longest_wait);
        let dice = foldhash::fast::RandomState::default().hash_one(attempt) % 1000;
        full.mul_f64(0.5 + dice as f64 / 2000.0)
    }
}

enum Attempt {
    Done(Response),
    Refused(u64, Error),
    Failed(Error),
    NoAnswer(Error, bool),
}

/// The longest wait that is believed: what asks for more is no schedule of a vendor.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// A wait in seconds as a vendor says it, at most [`LONGEST_WAIT`]; `None` for what is no wait.
pub fn wait_of(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())))
}

/// The wait that a `Retry-After` field asks for, as seconds or as an HTTP date, at most [`LONGEST_WAIT`].
pub fn retry_after(response: &Response, now: OffsetDateTime) -> Option<Duration> {
    let text = response.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return wait_of(seconds);
    }
    // The date is the vendor's, so its own clock says how long it is until then.
    let now = response.header("date").and_then(http_date).unwrap_or(now);
    Some(Duration::try_from(http_date(text)? - now).unwrap_or(Duration::ZERO).min(LONGEST_WAIT))
}

fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text.trim(), &time::format_description::well_known::Rfc2822).ok()
}

/// Cuts a wait to what is believed.
fn capped(error: Error) -> Error {
    match error.retry() {
        Retry::After(asked) if asked > LONGEST_WAIT => error.with_retry(Retry::After(LONGEST_WAIT)),
        _ => error,
    }
}
