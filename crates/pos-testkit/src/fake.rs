//! A vendor made of a closure: a transport for tests of single requests and answers.
//!
//! ```
//! use pos_testkit::fake::{Fake, ok};
//!
//! let fake = Fake::new(|asked, before| match (asked.line().as_str(), before) {
//!     ("GET /customers", 0) => ok(r#"{"data":[]}"#),
//!     _ => (503, "").into(),
//! });
//! // let shop = KiotViet::builder().connection(fake.connection())…
//! assert!(fake.asked().is_empty());
//! ```

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::http::{Request, Response, Transport, TransportError};
use pos_core::kit::Connection;
use serde_json::Value;
use tokio::time::Instant;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// The members of the query in their order.
    pub query: Vec<(String, String)>,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
    /// When, on tokio's clock.
    pub at: Instant,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            query: request.url.query_pairs().into_owned().collect(),
            headers: request.headers.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            at: Instant::now(),
        }
    }

    /// A member of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status and a body.
    Answer(u16, String),
    /// The same with a header field.
    With(u16, &'static str, String, String),
    /// Nothing, ever.
    Hang,
    /// The connection breaks after the request was sent.
    Broken,
}

impl<T: Into<String>> From<(u16, T)> for Reply {
    fn from((status, body): (u16, T)) -> Self {
        Self::Answer(status, body.into())
    }
}

/// A success with a body.
pub fn ok(body: impl Into<String>) -> Reply {
    Reply::Answer(200, body.into())
}

type Vendor = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// A transport that answers what a closure says, and remembers what was asked.
pub struct Fake {
    vendor: Box<Vendor>,
    tokens: Option<(&'static str, String)>,
    asked: Mutex<Vec<Asked>>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").finish_non_exhaustive()
    }
}

impl Fake {
    /// Answers every request; the number counts the requests to the same method and path, from 0.
    pub fn new(vendor: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { vendor: Box::new(vendor), tokens: None, asked: Mutex::default() })
    }

    /// The same, where a request for a token (its path ends so) that the closure answers with a bare 404 gets this body.
    pub fn with_tokens(
        path: &'static str,
        body: impl Into<String>,
        vendor: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            vendor: Box::new(vendor),
            tokens: Some((path, body.into())),
            asked: Mutex::default(),
        })
    }

    /// The way to this vendor.
    pub fn connection(self: &Arc<Self>) -> Connection {
        Connection { transport: Some(self.clone()), ..Connection::default() }
    }

    /// Everything that was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests as method and path, without those for tokens.
    pub fn lines(&self) -> Vec<String> {
        let is_token = |line: &String| self.tokens.as_ref().is_some_and(|(path, _)| line.ends_with(path));
        self.asked().iter().map(Asked::line).filter(|line| !is_token(line)).collect()
    }

    /// The last request with this method and path.
    ///
    /// # Panics
    /// When there was none.
    #[expect(clippy::expect_used, reason = "a test that asks for what was never sent has failed")]
    pub fn last(&self, line: &str) -> Asked {
        self.asked().into_iter().rfind(|asked| asked.line() == line).expect("such a request was sent")
    }

    fn reply(&self, asked: &Asked, before: usize) -> Reply {
        match ((self.vendor)(asked, before), &self.tokens) {
            (Reply::Answer(404, body), Some((path, token)))
                if body.is_empty() && asked.path.ends_with(path) =>
            {
                ok(token.as_str())
            }
            (reply, _) => reply,
        }
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request, _max_body: usize) -> Result<Response, TransportError> {
        let asked = Asked::of(&request);
        let before = {
            let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let before = all.iter().filter(|known| known.line() == asked.line()).count();
            all.push(asked.clone());
            before
        };
        tokio::task::yield_now().await;
        let mut headers = HeaderMap::new();
        match self.reply(&asked, before) {
            Reply::Answer(status, body) => Ok(Response::new(status, headers, body)),
            Reply::With(status, name, value, body) => {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    headers.insert(HeaderName::from_static(name), value);
                }
                Ok(Response::new(status, headers, body))
            }
            Reply::Hang => std::future::pending().await,
            Reply::Broken => Err(TransportError::new("the connection broke", false, false)),
        }
    }
}

/// A fixture of the crate under test, by name.
///
/// # Panics
/// When there is none.
#[expect(clippy::expect_used, reason = "a test without its fixture has failed")]
pub fn fixture(manifest_dir: &str, name: &str) -> Vec<u8> {
    std::fs::read(format!("{manifest_dir}/tests/fixtures/{name}")).expect(name)
}
