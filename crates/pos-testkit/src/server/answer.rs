//! What goes back.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::fault::WEB_PAGE;

/// An answer: status, kind of content, body, and header fields of the vendor's own.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub body: Vec<u8>,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// These bytes, which are JSON or nothing.
    pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, kind: "application/json; charset=utf-8", body: body.into(), headers: Vec::new() }
    }

    /// JSON.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::bytes(status, value.to_string())
    }

    /// JSON, and all is well.
    pub fn ok(value: &Value) -> Self {
        Self::json(200, value)
    }

    /// A few words.
    pub fn text(status: u16, text: &str) -> Self {
        Self { kind: "text/plain", ..Self::bytes(status, text) }
    }

    /// A web page.
    pub fn page(status: u16) -> Self {
        Self { kind: "text/html; charset=utf-8", ..Self::bytes(status, WEB_PAGE) }
    }

    /// The same with a header field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The same, which asks to wait so many seconds.
    #[must_use]
    pub fn to_wait(self, seconds: Option<impl ToString>) -> Self {
        match seconds {
            Some(seconds) => self.with("retry-after", seconds),
            None => self,
        }
    }

    fn response(&self, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        response
    }

    pub(super) fn whole(self) -> Response {
        let mut response = self.response(Body::empty());
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(*name, value);
            }
        }
        *response.body_mut() = Body::from(self.body);
        response
    }

    /// Declares the whole length, sends the first `sent` bytes, and breaks the connection.
    pub(super) fn broken(&self, sent: usize) -> Response {
        let part = Bytes::copy_from_slice(&self.body[..sent]);
        let mut response = self.response(Body::from_stream(Broken((!part.is_empty()).then_some(part))));
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(self.body.len().max(2)));
        response
    }
}

/// A body that breaks off.
struct Broken(Option<Bytes>);

impl futures_core::Stream for Broken {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let gone = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        Poll::Ready(Some(self.0.take().ok_or_else(gone)))
    }
}
