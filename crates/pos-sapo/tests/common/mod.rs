//! A vendor made of a closure, and a connector to it.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, unreachable_pub)]

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::HeaderMap;
use pos_core::http::{Request, Response, Transport, TransportError};
use pos_sapo::{Sapo, SapoBuilder};

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: String,
    pub at: tokio::time::Instant,
}

impl Asked {
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub enum Reply {
    Answer(u16, String),
    With(u16, &'static str, String, String),
    Hang,
    Broken,
}

pub fn ok(body: impl Into<String>) -> Reply {
    Reply::Answer(200, body.into())
}

type Vendor = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

pub struct Fake {
    vendor: Box<Vendor>,
    asked: Mutex<Vec<Asked>>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    /// Answers every request; the number counts the requests to the same method and path, from 0.
    pub fn new(vendor: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { vendor: Box::new(vendor), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The requests as method and path.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    pub fn last(&self, line: &str) -> Asked {
        self.asked().into_iter().rfind(|asked| asked.line() == line).unwrap()
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request, _max_body: usize) -> Result<Response, TransportError> {
        let asked = Asked {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            query: request.url.query_pairs().into_owned().collect(),
            headers: request.headers.clone(),
            body: String::from_utf8(request.body.to_vec()).unwrap(),
            at: tokio::time::Instant::now(),
        };
        let before = {
            let mut all = self.asked.lock().unwrap();
            let before = all.iter().filter(|known| known.line() == asked.line()).count();
            all.push(asked.clone());
            before
        };
        tokio::task::yield_now().await;
        match (self.vendor)(&asked, before) {
            Reply::Answer(status, body) => Ok(Response::new(status, HeaderMap::new(), body)),
            Reply::With(status, name, value, body) => {
                let mut headers = HeaderMap::new();
                headers.insert(name, value.parse().unwrap());
                Ok(Response::new(status, headers, body))
            }
            Reply::Hang => std::future::pending().await,
            Reply::Broken => Err(TransportError::new("the connection broke", false, false)),
        }
    }
}

pub fn builder() -> SapoBuilder {
    Sapo::builder().store("gom-lam-demo.mysapo.net").private_app("api-key-mau", "api-secret-mau")
}

pub fn shop(fake: &Arc<Fake>) -> Sapo {
    builder().transport(fake.clone()).build().unwrap()
}

/// A store of the POS flavour.
pub fn pos(fake: &Arc<Fake>) -> Sapo {
    let builder = Sapo::builder()
        .store("tra-moc-demo.mysapogo.com")
        .access_token("token-mau")
        .location_id(776_001)
        .account_id(1_260_001);
    builder.transport(fake.clone()).build().unwrap()
}

/// A vendor that knows nothing.
pub fn unknown() -> Reply {
    Reply::Answer(404, r#"{"errors":"Not Found"}"#.into())
}

/// One try, for tests of what is worth several.
pub fn once() -> pos_core::http::RetryPolicy {
    let mut retry = pos_core::http::RetryPolicy::default();
    retry.attempts = 1;
    retry
}
