//! The one HTTP client of every connector.
//!
//! A call goes: retry loop { authorize, pacer permit, time limit { send, read the whole body }, release, classify }.
//! Nothing else in the family retries, sleeps or refreshes tokens.

mod auth;
mod client;
mod pacer;
mod telling;
mod transport;

pub use auth::{Authorize, NoAuth, Token, TokenCache, TokenSource};
pub use client::{Call, Client, ClientBuilder, LONGEST_WAIT, Outcome, RetryPolicy, retry_after, wait_of};
pub use pacer::{Grant, Limit, Pacer, SharedQuota};
pub use telling::{AskingAgain, telling};
pub use transport::{Request, ReqwestTransport, Response, Transport, TransportError};
