//! Fault rules: when, what, how often.
//!
//! A sandbox applies them to its answers; [`FaultyTransport`] applies the ones that need no server beneath a client's
//! retry loop.
//!
//! ```
//! use pos_testkit::fault::{Fault, Faults, Rule};
//!
//! let faults = Faults::new(1);
//! faults.add(Rule::new(Fault::Throttle { retry_after: Some(1) }).on("GET", "/customers").nth(2));
//! assert_eq!(faults.decide("GET", "/customers"), None);
//! assert_eq!(faults.decide("GET", "/customers"), Some(Fault::Throttle { retry_after: Some(1) }));
//! assert_eq!(faults.decide("GET", "/customers"), None);
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use pos_core::http::{Request, Response, Transport, TransportError};

use crate::seed::Dice;

/// How the list changes between a page and the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drift {
    /// The first row of the page is deleted after the page was answered.
    Delete,
    /// A row is added at the end of the list.
    Insert,
    /// The first row of the page is changed.
    Modify,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 429, with or without a `Retry-After` in seconds.
    Throttle {
        /// Seconds to wait.
        retry_after: Option<u32>,
    },
    /// A bare HTTP status (500, 502, 503, 504, 404 ...) with a text body. Nothing is processed.
    Status(u16),
    /// The vendor's own way to refuse, with its own code (KiotViet: HTTP 420 and `KvException`). Nothing is processed.
    Refuse(String),
    /// A web page with status 200 instead of data.
    Html,
    /// The answer's length is declared in full, half of it is sent, and the connection breaks.
    CutBody,
    /// No answer, ever.
    Hang,
    /// The request is processed; the connection breaks before the answer.
    LoseAnswer,
    /// The connection breaks before the request is processed.
    Reset,
    /// Every token that was handed out so far stops working, this request's included.
    StaleToken,
    /// The list changes after the page was answered.
    Drift(Drift),
    /// The last page of the list is answered again, whatever was asked for.
    RepeatTail,
    /// One record of the page is broken: its id is right, an amount or a name is not what it should be.
    BreakRecord {
        /// Its position in the page.
        row: usize,
    },
    /// This answer, as JSON. Nothing is processed.
    Answer {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
}

/// When it goes wrong and how often. Without conditions: at the next request, once.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    method: Option<String>,
    path: Option<String>,
    exact: bool,
    nth: u64,
    every: Option<u64>,
    chance: Option<f64>,
    times: Option<u64>,
    matched: u64,
    done: u64,
}

impl Rule {
    /// A fault at the next request, once.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            method: None,
            path: None,
            exact: false,
            nth: 1,
            every: None,
            chance: None,
            times: Some(1),
            matched: 0,
            done: 0,
        }
    }

    /// Only requests with this method whose path starts with this prefix. An empty text stands for any.
    #[must_use]
    pub fn on(mut self, method: &str, path_prefix: &str) -> Self {
        self.method = (!method.is_empty()).then(|| method.to_owned());
        self.path = (!path_prefix.is_empty()).then(|| path_prefix.to_owned());
        self
    }

    /// Only requests with this method and exactly this path.
    #[must_use]
    pub fn on_exactly(mut self, method: &str, path: &str) -> Self {
        self.exact = true;
        self.on(method, path)
    }

    /// From the `n`th matching request on, counted from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.nth = n.max(1);
        self
    }

    /// At every `n`th matching request, without end unless [`times`](Rule::times) follows.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.every = Some(n.max(1));
        self.times = None;
        self
    }

    /// With this probability at each matching request, without end unless [`times`](Rule::times) follows. The dice are
    /// the fault list's, and its seed makes them repeat.
    #[must_use]
    pub fn chance(mut self, probability: f64) -> Self {
        self.chance = Some(probability);
        self.times = None;
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Without end.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    fn decide(&mut self, method: &str, path: &str, dice: &mut Dice) -> bool {
        let path_fits = self
            .path
            .as_deref()
            .is_none_or(|wanted| if self.exact { path == wanted } else { path.starts_with(wanted) });
        if !path_fits || self.method.as_deref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(method)) {
            return false;
        }
        if self.times.is_some_and(|times| self.done >= times) {
            return false;
        }
        self.matched += 1;
        let due = self.matched >= self.nth
            && self.every.is_none_or(|every| self.matched.is_multiple_of(every))
            && self.chance.is_none_or(|chance| (dice.below(1 << 32) as f64) < chance * (1_u64 << 32) as f64);
        self.done += u64::from(due);
        due
    }
}

#[derive(Debug)]
struct State {
    rules: Vec<Rule>,
    dice: Dice,
    applied: u64,
}

/// A list of rules that several places may share. The first rule that is due wins.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Mutex<State>>);

impl Default for Faults {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Faults {
    /// No rules; the seed is for [`Rule::chance`].
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State { rules: Vec::new(), dice: Dice::new(seed, 99, 0), applied: 0 })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.state().rules.clear();
    }

    /// How many faults were handed out.
    pub fn applied(&self) -> u64 {
        self.state().applied
    }

    /// What shall go wrong with this request.
    pub fn decide(&self, method: &str, path: &str) -> Option<Fault> {
        let mut state = self.state();
        let State { rules, dice, applied } = &mut *state;
        let rule =
            rules.iter_mut().find_map(|rule| rule.decide(method, path, dice).then(|| rule.fault.clone()))?;
        *applied += 1;
        Some(rule)
    }
}

/// A transport that breaks what passes through it, by rule: for tests of retry loops without a server.
///
/// Faults that need a server's data ([`Fault::Drift`], [`Fault::RepeatTail`], [`Fault::BreakRecord`]) pass unharmed.
#[derive(Clone, Debug)]
pub struct FaultyTransport {
    inner: Arc<dyn Transport>,
    faults: Faults,
}

impl FaultyTransport {
    /// Wraps a transport.
    pub fn new(inner: Arc<dyn Transport>, faults: Faults) -> Self {
        Self { inner, faults }
    }

    /// The rules.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}

pub(crate) const WEB_PAGE: &str = "<!DOCTYPE html><html><head><title>Bảo trì</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>";

fn plain(status: u16, kind: &'static str, body: &'static str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Response::new(status, headers, body)
}

#[async_trait]
impl Transport for FaultyTransport {
    async fn send(&self, request: Request, max_body: usize) -> Result<Response, TransportError> {
        match self.faults.decide(request.method.as_str(), request.url.path()) {
            Some(Fault::Throttle { retry_after }) => {
                let mut response = plain(429, "application/json", "{}");
                if let Some(seconds) = retry_after {
                    response.headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                Ok(response)
            }
            Some(Fault::Status(status)) => Ok(plain(status, "text/plain", "out of order")),
            Some(Fault::Refuse(_)) => Ok(plain(400, "application/json", "{\"message\":\"refused\"}")),
            Some(Fault::Html) => Ok(plain(200, "text/html; charset=utf-8", WEB_PAGE)),
            Some(Fault::Answer { status, body }) => {
                let mut response = plain(status, "application/json", "");
                response.body = body.into();
                Ok(response)
            }
            Some(Fault::StaleToken) => Ok(plain(401, "application/json", "{}")),
            Some(Fault::CutBody) => Err(TransportError::new("the connection broke", false, false)),
            Some(Fault::Reset) => Err(TransportError::new("no connection to the vendor", true, false)),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::LoseAnswer) => {
                self.inner.send(request, max_body).await?;
                Err(TransportError::new("the connection broke", false, false))
            }
            Some(Fault::Drift(_) | Fault::RepeatTail | Fault::BreakRecord { .. }) | None => {
                self.inner.send(request, max_body).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(rule: Rule, requests: usize) -> Vec<usize> {
        let faults = Faults::new(3);
        faults.add(rule);
        (1..=requests).filter(|_| faults.decide("GET", "/orders").is_some()).collect()
    }

    #[test]
    fn rules_strike_when_and_as_often_as_they_say() {
        let rule = || Rule::new(Fault::Html);
        assert_eq!(hits(rule(), 5), [1]);
        assert_eq!(hits(rule().nth(3), 6), [3]);
        assert_eq!(hits(rule().nth(3).times(2), 6), [3, 4]);
        assert_eq!(hits(rule().every(2), 6), [2, 4, 6]);
        assert_eq!(hits(rule().always(), 3), [1, 2, 3]);
        assert_eq!(hits(rule().on("POST", ""), 3), [0; 0]);
        assert_eq!(hits(rule().on("get", "/ord").always(), 2), [1, 2]);
        assert_eq!(hits(rule().on_exactly("GET", "/ord").always(), 2), [0; 0]);
        let some = hits(rule().chance(0.25), 1000).len();
        assert!((200..300).contains(&some), "{some}");
        assert_eq!(hits(rule().chance(0.25), 100), hits(rule().chance(0.25), 100));
    }

    #[derive(Debug)]
    struct Good;

    #[async_trait]
    impl Transport for Good {
        async fn send(&self, _request: Request, _max_body: usize) -> Result<Response, TransportError> {
            Ok(plain(200, "application/json", "{}"))
        }
    }

    #[tokio::test]
    async fn a_faulty_transport_breaks_what_the_rules_say_and_nothing_else() {
        let faults = Faults::new(1);
        let transport = FaultyTransport::new(Arc::new(Good), faults.clone());
        let send = async || {
            let url = "http://127.0.0.1/customers".parse().unwrap();
            transport.send(Request::new(http::Method::GET, url), 1024).await
        };
        for fault in
            [Fault::Throttle { retry_after: Some(2) }, Fault::Status(503), Fault::Reset, Fault::LoseAnswer]
        {
            faults.add(Rule::new(fault));
        }
        let first = send().await.unwrap();
        assert_eq!((first.status, first.header("retry-after")), (429, Some("2")));
        assert_eq!(send().await.unwrap().status, 503);
        assert!(send().await.unwrap_err().unsent);
        assert!(!send().await.unwrap_err().unsent);
        assert_eq!(send().await.unwrap().status, 200);
        assert_eq!(faults.applied(), 4);
    }
}
