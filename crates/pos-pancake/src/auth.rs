//! The key of one user in one shop: in the query of every request, and nowhere else.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use pos_core::http::{Authorize, Outcome, Request, Transport, TransportError};
use pos_core::{Error, Result, Secret, debug_only};
use url::Url;

/// Whether the key also travels as `Authorization: Bearer`.
///
/// Twelve clients work with the query alone; one was told `Missing access_token` until it sent both (?).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessTokenHeader {
    /// From the first refusal on that speaks of an `access_token`.
    #[default]
    OnDemand,
    /// With every request.
    Always,
    /// Never.
    Never,
}

/// Puts the key on every request.
pub(crate) struct Key {
    key: Secret,
    header: AccessTokenHeader,
    wanted: AtomicBool,
}

debug_only!(Key { header });

impl Key {
    pub(crate) fn new(key: Secret, header: AccessTokenHeader) -> Self {
        Self { key, header, wanted: AtomicBool::new(header == AccessTokenHeader::Always) }
    }
}

#[async_trait]
impl Authorize for Key {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        request.url.query_pairs_mut().append_pair("api_key", self.key.expose());
        let with_header = self.wanted.load(Ordering::Relaxed);
        if with_header {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", self.key.expose()))
                .map_err(|_| Error::config("the API key has characters that no header may have"))?;
            value.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, value);
        }
        Ok(u64::from(with_header))
    }

    async fn refused(&self, generation: u64) -> bool {
        if generation > 0 || self.header != AccessTokenHeader::OnDemand {
            return false;
        }
        self.wanted.store(true, Ordering::Relaxed);
        true
    }
}

/// Takes the key out of whatever a vendor wrote back.
#[derive(Clone)]
pub(crate) struct Redactor(Vec<String>);

debug_only!(Redactor {});

impl Redactor {
    pub(crate) fn new(key: &Secret) -> Self {
        let plain = key.expose().to_owned();
        let mut forms = vec![plain.clone()];
        // The vendor shows the key as a uuid in `editor_id` (C:1).
        if plain.len() == 32 && plain.is_ascii() {
            let (a, b, c, d, e) = (&plain[..8], &plain[8..12], &plain[12..16], &plain[16..20], &plain[20..]);
            forms.push(format!("{a}-{b}-{c}-{d}-{e}"));
        }
        let encoded: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        if encoded != plain {
            forms.push(encoded);
        }
        Self(forms)
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::RefreshToken(error) => Outcome::RefreshToken(self.error(error)),
            Outcome::Failure(error) => Outcome::Failure(self.error(error)),
            other => other,
        }
    }

    fn error(&self, error: Error) -> Error {
        let Some(message) = error.vendor_message() else { return error };
        let mut clean = message.to_owned();
        for form in &self.0 {
            clean = clean.replace(form.as_str(), "…");
        }
        error.with_vendor_message(Some(clean))
    }
}

/// Sends to the second host what surely did not reach the first.
#[derive(Debug)]
pub(crate) struct SecondHost {
    pub(crate) inner: std::sync::Arc<dyn Transport>,
    pub(crate) first: Url,
    pub(crate) second: Url,
}

#[async_trait]
impl Transport for SecondHost {
    async fn send(
        &self,
        request: Request,
        max_body: usize,
    ) -> Result<pos_core::http::Response, TransportError> {
        let again = request.clone();
        let failure = match self.inner.send(request, max_body).await {
            Err(failure) if failure.unsent => failure,
            answer => return answer,
        };
        let Some(path) = again.url.path().strip_prefix(self.first.path()) else { return Err(failure) };
        if again.url.origin() != self.first.origin() {
            return Err(failure);
        }
        let mut url = self.second.clone();
        url.set_path(&format!("{}{path}", self.second.path()));
        url.set_query(again.url.query());
        let mut again = again;
        again.url = url;
        self.inner.send(again, max_body).await
    }
}
