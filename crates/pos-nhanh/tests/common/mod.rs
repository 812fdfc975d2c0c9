//! A vendor made of a closure, and a connector to it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::HeaderMap;
use pos_core::http::{Request, Response, Transport, TransportError};
use pos_nhanh::{Nhanh, NhanhBuilder};
use serde_json::Value;

/// A fixture by name.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
    pub at: tokio::time::Instant,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub fn ok(body: impl Into<String>) -> Option<(u16, String)> {
    Some((200, body.into()))
}

type Vendor = dyn Fn(&Asked, usize) -> Option<(u16, String)> + Send + Sync;

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
    /// Answers every request; the number counts the requests to the same path, from 0. `None` breaks the connection.
    pub fn new(vendor: impl Fn(&Asked, usize) -> Option<(u16, String)> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { vendor: Box::new(vendor), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }

    pub fn last(&self) -> Asked {
        self.asked().pop().unwrap()
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request, _max_body: usize) -> Result<Response, TransportError> {
        let asked = Asked {
            path: request.url.path().to_owned(),
            query: request.url.query().unwrap_or_default().to_owned(),
            headers: request.headers.clone(),
            body: String::from_utf8(request.body.to_vec()).unwrap(),
            at: tokio::time::Instant::now(),
        };
        let before = {
            let mut all = self.asked.lock().unwrap();
            let before = all.iter().filter(|known| known.path == asked.path).count();
            all.push(asked.clone());
            before
        };
        tokio::task::yield_now().await;
        match (self.vendor)(&asked, before) {
            Some((status, body)) => Ok(Response::new(status, HeaderMap::new(), body)),
            None => Err(TransportError::new("the connection broke", false, false)),
        }
    }
}

pub const TOKEN: &str = "FAKEnhanhAccessTokenForTestsOnly0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub fn builder() -> NhanhBuilder {
    Nhanh::builder().app_id(79001).business_id(215_500).access_token(TOKEN).secret_key("APP-SECRET-KEY")
}

pub fn shop(fake: &Arc<Fake>) -> Nhanh {
    builder().transport(fake.clone()).build().unwrap()
}
