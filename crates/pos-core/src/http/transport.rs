//! Sending one request and reading its answer.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// A request.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Address with query.
    pub url: Url,
    /// Header fields.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
}

impl Request {
    /// A request without header fields and body.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Adds a header field. A value with control characters is refused.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the value cannot stand in a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self> {
        let value = HeaderValue::from_str(value).map_err(|_| {
            Error::config(format!("the value for the header {name} has characters no header may have"))
        })?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Adds a JSON body.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn json<T: serde::Serialize + ?Sized>(mut self, body: &T) -> Result<Self> {
        let bytes = serde_json::to_vec(body).map_err(|error| {
            Error::new(ErrorKind::Unexpected, "a request body could not be written").with_source(error)
        })?;
        self.body = bytes.into();
        self.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// Adds a form body.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body = text.into();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.headers.insert(http::header::CONTENT_TYPE, form);
        self
    }
}

impl Debug for Request {
    /// Method, host and path: query strings and header fields carry secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer with its whole body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header fields.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Response {
    /// An answer.
    pub fn new(status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: body.into() }
    }

    /// A header field as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the body is a web page instead of data.
    pub fn is_html(&self) -> bool {
        let declared = self.header("content-type").is_some_and(|kind| kind.contains("text/html"));
        declared || crate::lenient::without_mark(&self.body).trim_ascii_start().first() == Some(&b'<')
    }
}

impl Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A request without an answer.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct TransportError {
    /// What happened, without address and content.
    pub what: String,
    /// Whether the request surely did not reach the vendor, so that even a write may be sent again.
    pub unsent: bool,
    /// Whether time ran out.
    pub timeout: bool,
    /// The error underneath, without its address.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error.
    pub fn new(what: impl Into<String>, unsent: bool, timeout: bool) -> Self {
        Self { what: what.into(), unsent, timeout, source: None }
    }
}

/// Sends requests. Replace it to record, to inject faults, or to use another HTTP stack.
#[async_trait]
pub trait Transport: Send + Sync + Debug {
    /// Sends one request and reads the whole answer, at most `max_body` bytes of it.
    ///
    /// # Errors
    /// When there is no complete answer.
    async fn send(&self, request: Request, max_body: usize) -> Result<Response, TransportError>;
}

/// The transport of `reqwest`: connections are kept, redirects are not followed (a vendor's API does not redirect, a
/// login page does).
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport with its own connection pool.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the TLS library cannot start.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(std::time::Duration::from_secs(10))
            .user_agent(concat!("pos-core/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::config("the HTTP client cannot start").with_source(error))?;
        Ok(Self { client })
    }

    /// Uses a client that the host configured. It should not follow redirects.
    pub fn with_client(client: reqwest::Client) -> Self {
        Self { client }
    }
}

/// Says where the way ended and why: a host and what the system said about it are neither secret nor about people.
fn transport_error(error: reqwest::Error) -> TransportError {
    let timeout = error.is_timeout();
    let unsent = error.is_connect();
    let host = error.url().map_or_else(|| "the vendor".to_owned(), authority);
    let cause = root_cause(&error);
    let what = match (unsent, timeout) {
        (true, _) => format!("no connection to {host}: {cause}"),
        (false, true) => format!("no answer from {host} in time"),
        (false, false) => format!("the connection to {host} broke: {cause}"),
    };
    TransportError { what, unsent, timeout, source: Some(Box::new(error.without_url())) }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the vendor");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What lies at the bottom of an error: the layers above only say that something failed.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if cause.is::<reqwest::Error>() { "no cause is known".to_owned() } else { cause.to_string() }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request, max_body: usize) -> Result<Response, TransportError> {
        let mut builder = self.client.request(request.method, request.url).headers(request.headers);
        if !request.body.is_empty() {
            builder = builder.body(request.body);
        }
        let mut answer = builder.send().await.map_err(transport_error)?;
        let status = answer.status().as_u16();
        let headers = std::mem::take(answer.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(transport_error)? {
            if body.len() + chunk.len() > max_body {
                return Err(TransportError::new(
                    format!("the answer is larger than {max_body} bytes"),
                    false,
                    false,
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.freeze() })
    }
}
