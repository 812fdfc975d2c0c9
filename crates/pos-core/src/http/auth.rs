//! Authorising requests, and tokens that are fetched once for any number of waiting calls.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::transport::Request;
use crate::error::Result;
use crate::secret::Secret;

/// Puts credentials on a request.
#[async_trait]
pub trait Authorize: Send + Sync + Debug {
    /// Adds what the vendor wants to see and returns a number that tells this set of credentials from the next one.
    ///
    /// # Errors
    /// When there are no credentials to be had.
    async fn authorize(&self, request: &mut Request) -> Result<u64>;

    /// The vendor refused the credentials of this generation. Returns whether newer ones may exist.
    async fn refused(&self, generation: u64) -> bool {
        let _ = generation;
        false
    }
}

/// Requests that need no credentials.
#[derive(Clone, Copy, Debug)]
pub struct NoAuth;

#[async_trait]
impl Authorize for NoAuth {
    async fn authorize(&self, _request: &mut Request) -> Result<u64> {
        Ok(0)
    }
}

/// A token and how long it lives.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// How long from now; `None` for a token without an end.
    pub expires_in: Option<Duration>,
}

/// Fetches a new token.
#[async_trait]
pub trait TokenSource: Send + Sync + Debug {
    /// Asks the vendor for a token.
    ///
    /// # Errors
    /// When the vendor refuses, or cannot be reached.
    async fn fetch(&self) -> Result<Token>;
}

#[derive(Debug)]
struct Cached {
    token: Token,
    generation: u64,
    fetched_at: Instant,
    refused: bool,
}

/// Keeps a token and renews it early. However many calls wait for a new one, one request fetches it.
#[derive(Debug)]
pub struct TokenCache<S> {
    source: S,
    early: Duration,
    cached: Mutex<Option<Cached>>,
}

impl<S: TokenSource> TokenCache<S> {
    /// A cache that renews a token when less than `early` of its life is left (or a tenth of it, if that is shorter).
    pub fn new(source: S, early: Duration) -> Self {
        Self { source, early, cached: Mutex::new(None) }
    }

    /// A valid token with its generation.
    ///
    /// # Errors
    /// Those of the source. Every waiting call then tries for itself, one after the other.
    pub async fn token(&self) -> Result<(Secret, u64)> {
        let mut cached = self.cached.lock().await;
        if let Some(known) = cached.as_ref().filter(|known| !known.refused && !self.is_old(known)) {
            return Ok((known.token.secret.clone(), known.generation));
        }
        let generation = cached.as_ref().map_or(1, |old| old.generation + 1);
        let token = self.source.fetch().await?;
        let secret = token.secret.clone();
        *cached = Some(Cached { token, generation, fetched_at: Instant::now(), refused: false });
        Ok((secret, generation))
    }

    fn is_old(&self, known: &Cached) -> bool {
        known.token.expires_in.is_some_and(|life| {
            let early = self.early.min(life / 10);
            known.fetched_at.elapsed() + early >= life
        })
    }

    /// The vendor refused the token of this generation: the next call fetches another.
    pub async fn refuse(&self, generation: u64) {
        if let Some(known) = self.cached.lock().await.as_mut().filter(|known| known.generation == generation)
        {
            known.refused = true;
        }
    }
}
