//! The error of every crate of the family: what happened, and what to do next.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What kind of failure this is. Match on it; never on texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration cannot work (a blank secret, a malformed address). Nothing was sent.
    Config,
    /// The vendor does not accept the credentials or the token.
    Auth,
    /// The credentials are good, but this is not allowed to them.
    Forbidden,
    /// The object does not exist (any more).
    NotFound,
    /// The object exists already, or changed meanwhile.
    Conflict,
    /// The vendor understood the request and refuses it.
    Rejected,
    /// The quota is used up for now.
    RateLimited,
    /// The vendor, the network or the database is not to be reached for now.
    Unavailable,
    /// No answer within the time limit.
    Timeout,
    /// The answer is not what the vendor documents.
    Decode,
    /// This vendor or this account cannot do that. Nothing was sent.
    Unsupported,
    /// Anything else.
    Unexpected,
}

impl ErrorKind {
    /// The name as it is serialised (`rate_limited`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Decode => "decode",
            Self::Unsupported => "unsupported",
            Self::Unexpected => "unexpected",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a scheduler should do with the work that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// The same work will fail the same way.
    Never,
    /// Later may work; the caller chooses the wait.
    Backoff,
    /// Later may work, and not before this much time has passed.
    After(Duration),
}

/// An error that says what to do next.
///
/// `Display` is one line without secrets and without personal data; what the vendor wrote is only in
/// [`vendor_message`](Error::vendor_message), because vendors quote names and numbers in their texts.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    retry: Retry,
    what: String,
    at: Option<String>,
    status: Option<u16>,
    vendor_code: Option<String>,
    vendor_message: Option<String>,
    fields: BTreeMap<String, Vec<String>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in this crate family that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A new error; `what` is one line without secrets and personal data.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        let retry = match kind {
            ErrorKind::RateLimited | ErrorKind::Unavailable | ErrorKind::Timeout => Retry::Backoff,
            _ => Retry::Never,
        };
        Self(Box::new(Inner {
            kind,
            retry,
            what: what.into(),
            at: None,
            status: None,
            vendor_code: None,
            vendor_message: None,
            fields: BTreeMap::new(),
            source: None,
        }))
    }

    /// A configuration that cannot work.
    pub fn config(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, what)
    }

    /// Something that this vendor cannot do.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }

    /// An answer that is not what the vendor documents.
    pub fn decode(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Decode, what)
    }

    /// Says what the scheduler should do.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Says where it happened: an endpoint, a file, a JSON path. No query string, no personal data.
    #[must_use]
    pub fn with_context(mut self, at: impl Into<String>) -> Self {
        self.0.at = Some(at.into());
        self
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The vendor's own code for the failure.
    #[must_use]
    pub fn with_vendor_code(mut self, code: Option<String>) -> Self {
        self.0.vendor_code = code;
        self
    }

    /// The vendor's own text; it may quote personal data and is never part of `Display` or `Debug`.
    #[must_use]
    pub fn with_vendor_message(mut self, message: Option<String>) -> Self {
        self.0.vendor_message = message;
        self
    }

    /// The request fields that the vendor complains about.
    #[must_use]
    pub fn with_fields(mut self, fields: BTreeMap<String, Vec<String>>) -> Self {
        self.0.fields = fields;
        self
    }

    /// The error underneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What to do with the work that failed.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The HTTP status, when a vendor answered.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The vendor's own code, for a support request.
    pub fn vendor_code(&self) -> Option<&str> {
        self.0.vendor_code.as_deref()
    }

    /// The vendor's own text. It may hold personal data: show it to the merchant, do not log it.
    pub fn vendor_message(&self) -> Option<&str> {
        self.0.vendor_message.as_deref()
    }

    /// The request fields that the vendor complains about.
    pub fn fields(&self) -> &BTreeMap<String, Vec<String>> {
        &self.0.fields
    }

    /// Where it happened.
    pub fn context(&self) -> Option<&str> {
        self.0.at.as_deref()
    }

    fn line(&self) -> String {
        let mut line = format!("{}: {}", self.0.kind, self.0.what);
        if let Some(at) = &self.0.at {
            line.push_str(" at ");
            line.push_str(at);
        }
        if let Some(status) = self.0.status {
            line.push_str(&format!(" (HTTP {status}"));
            if let Some(code) = &self.0.vendor_code {
                line.push_str(", ");
                line.push_str(code);
            }
            line.push(')');
        }
        line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("retry", &self.0.retry)
            .field("what", &self.0.what)
            .field("at", &self.0.at)
            .field("status", &self.0.status)
            .field("vendor_code", &self.0.vendor_code)
            .field("source", &self.0.source.as_ref().map(ToString::to_string))
            .finish_non_exhaustive()
    }
}
