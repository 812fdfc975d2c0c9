//! The key on requests of JSON-2; JSON-RPC has it inside of each call.

use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use pos_core::http::{Authorize, Request};
use pos_core::{Error, Result, Secret};

/// Puts the key on requests of JSON-2, and on no other.
#[derive(Debug)]
pub(crate) struct KeyAuth(Secret);

impl KeyAuth {
    pub(crate) fn new(key: Secret) -> Self {
        Self(key)
    }
}

#[async_trait]
impl Authorize for KeyAuth {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        if request.url.path().contains("/json/2/") {
            let mut value = HeaderValue::from_str(&format!("bearer {}", self.0.expose()))
                .map_err(|_| Error::config("Odoo: api_key has characters that no header may have"))?;
            value.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, value);
        }
        Ok(0)
    }
}
