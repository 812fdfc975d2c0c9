//! Client credentials: a token for a day, asked for again before it ends.

use std::time::Duration;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use pos_core::http::{Authorize, Call, Client, Outcome, Request, Response, Token, TokenCache, TokenSource};
use pos_core::{Error, ErrorKind, Result, Secret, debug_only, lenient};
use serde::Deserialize;
use time::OffsetDateTime;
use url::Url;

use crate::client::classify_at;

/// The vendor's own plugin renews an hour before the end (V).
const EARLY: Duration = Duration::from_secs(3600);

/// How long a token lives (D).
const LIFE: Duration = Duration::from_secs(24 * 3600);

/// Asks the identity server for tokens.
pub(crate) struct ClientCredentials {
    pub(crate) http: Client,
    pub(crate) url: Url,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) scope: String,
}

debug_only!(ClientCredentials { scope });

#[derive(Deserialize)]
struct TokenBody {
    #[serde(default)]
    access_token: String,
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_in: Option<i64>,
}

#[async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self) -> Result<Token> {
        let request = Request::new(Method::POST, self.url.clone()).form(&[
            // The plural is the vendor's.
            ("scopes", self.scope.as_str()),
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose()),
        ]);
        // A second token does not invalidate the first, so asking again is harmless.
        let body: TokenBody = self.http.json(Call::new("POST /connect/token", request).idempotent()).await?;
        if body.access_token.is_empty() {
            let what = "the identity server answers without a token";
            return Err(Error::new(ErrorKind::Unavailable, what).with_context("POST /connect/token"));
        }
        let told = body.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        let life = told.filter(|life| !life.is_zero()).unwrap_or(LIFE).min(LIFE);
        Ok(Token { secret: Secret::new(body.access_token), expires_in: Some(life) })
    }
}

/// What an answer of the identity server means: it says 400 where others say 401.
pub(crate) fn classify_token(response: &Response, now: OffsetDateTime) -> Outcome {
    let refused = |error: Error| {
        let what = "KiotViet does not accept client id and secret: copy both anew from Thiết lập cửa hàng, Thiết lập kết nối API";
        let code = error.vendor_code().map(str::to_owned);
        Outcome::Failure(Error::new(ErrorKind::Auth, what).with_vendor_code(code))
    };
    match classify_at(response, now) {
        Outcome::RefreshToken(error) | Outcome::Failure(error) if error.kind() == ErrorKind::Auth => {
            refused(error)
        }
        Outcome::RefreshToken(error) => Outcome::Failure(error),
        outcome => outcome,
    }
}

/// Puts token and shop name on every request.
#[derive(Debug)]
pub(crate) struct Bearer {
    cache: TokenCache<ClientCredentials>,
    retailer: HeaderValue,
}

impl Bearer {
    pub(crate) fn new(source: ClientCredentials, retailer: HeaderValue) -> Self {
        Self { cache: TokenCache::new(source, EARLY), retailer }
    }

    /// What the token says about the shop, as far as it says anything.
    pub(crate) async fn claims(&self) -> Result<Claims> {
        let (token, _) = self.cache.token().await?;
        Ok(Claims::of(token.expose()))
    }
}

#[async_trait]
impl Authorize for Bearer {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        let (token, generation) = self.cache.token().await?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| Error::decode("the token has characters that no header may have"))?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        request.headers.insert(HeaderName::from_static("retailer"), self.retailer.clone());
        Ok(generation)
    }

    async fn refused(&self, generation: u64) -> bool {
        self.cache.refuse(generation).await;
        true
    }
}

/// What the vendor writes into its tokens (C:2). A convenience: nothing depends on it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct Claims {
    #[serde(rename = "client_RetailerCode", default, deserialize_with = "lenient::text")]
    pub(crate) retailer_code: Option<String>,
    #[serde(rename = "client_RetailerId", default, deserialize_with = "lenient::text")]
    pub(crate) retailer_id: Option<String>,
}

impl Claims {
    fn of(token: &str) -> Self {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let payload = token.split('.').nth(1).unwrap_or_default();
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).unwrap_or_default();
        serde_json::from_slice(&payload).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_shop_and_any_other_text_tells_nothing() {
        let body: TokenBody =
            serde_json::from_str(include_str!("../tests/fixtures/token_response.json")).unwrap();
        assert_eq!(body.expires_in, Some(86_400));
        let claims = Claims::of(&body.access_token);
        assert_eq!(claims.retailer_code.as_deref(), Some("cuahangmau"));
        assert_eq!(claims.retailer_id.as_deref(), Some("500987654"));
        for text in ["", "abc", "a.b.c", "..", "a.e30.c"] {
            assert_eq!(Claims::of(text), Claims::default(), "{text}");
        }
    }
}
