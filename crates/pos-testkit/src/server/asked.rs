//! What was asked, and the log of it.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::{Inner, Options, Vendor};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Query without the question mark.
    pub query: String,
    /// Header fields.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header(header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ")
    }

    /// The parts of the path, decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        let parts = self.path.split('/').filter(|part| !part.is_empty());
        parts
            .map(|part| first_of(&part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D")))
            .collect()
    }

    /// The body where it is a JSON object.
    pub(crate) fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

fn first_of(form: &str) -> String {
    let first = url::form_urlencoded::parse(form.as_bytes()).next();
    first.map(|(key, _)| key.into_owned()).unwrap_or_default()
}

/// Parameters of a query or members of a form.
#[derive(Clone, Debug)]
pub struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: impl AsRef<[u8]>) -> Self {
        Self(url::form_urlencoded::parse(query.as_ref()).into_owned().collect())
    }

    /// A parameter that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    fn count(&self, name: &str) -> Option<usize> {
        self.number(name).and_then(|count| usize::try_from(count).ok())
    }

    /// The size of a page: what is asked for, or `usual`, and never more than `most`.
    pub(crate) fn size(&self, name: &str, usual: usize, most: usize) -> usize {
        self.count(name).unwrap_or(usual).clamp(1, most)
    }

    /// The number of a page, counted from 1.
    pub(crate) fn page(&self, name: &str) -> usize {
        self.count(name).unwrap_or(1).max(1)
    }
}

/// A request that reached a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Logged {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Query without the question mark, and without a key that stands in it.
    pub query: String,
    /// The exact bytes of the body.
    pub body: Bytes,
    /// Status of the answer; 0 when there was none (yet).
    pub status: u16,
}

impl Logged {
    /// The value of a query parameter.
    pub fn param(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// The last requests and the number of the last one.
#[derive(Debug, Default)]
pub(super) struct Log {
    kept: VecDeque<Logged>,
    last: u64,
}

impl Log {
    pub(super) fn all(&self) -> Vec<Logged> {
        self.kept.iter().cloned().collect()
    }
}

impl<V: Vendor> Inner<V> {
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts and logs a request. Answers its number where it is logged.
    pub(super) fn note(&self, asked: &Asked) -> Option<u64> {
        if asked.path == V::TOKEN_PATH {
            self.token_requests.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let shown =
            asked.query.split('&').filter(|part| V::KEY.is_empty() || part.split('=').next() != Some(V::KEY));
        let logged = Logged {
            method: asked.method.clone(),
            path: asked.path.clone(),
            query: shown.collect::<Vec<_>>().join("&"),
            body: asked.body.clone(),
            status: 0,
        };
        let mut log = self.log();
        while log.kept.len() >= self.options.frame().log_limit.max(1) {
            log.kept.pop_front();
        }
        log.kept.push_back(logged);
        log.last += 1;
        Some(log.last)
    }

    /// Notes the answer to a logged request.
    pub(super) fn answered(&self, number: Option<u64>, status: u16) {
        let Some(number) = number else { return };
        let mut log = self.log();
        let age = usize::try_from(log.last - number).unwrap_or(usize::MAX);
        let at = log.kept.len().checked_sub(age.saturating_add(1));
        if let Some(logged) = at.and_then(|at| log.kept.get_mut(at)) {
            logged.status = status;
        }
    }
}
