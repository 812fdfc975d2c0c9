//! The account's key: how it goes along with a request.

use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use pos_core::http::{Authorize, Request};
use pos_core::{Result, Secret, debug_only};

use crate::profile::PROFILE;

/// Puts the key on a request. It has no end and cannot be renewed: making another one ends it (C:1).
pub(crate) struct KeyAuth {
    header: HeaderValue,
}

debug_only!(KeyAuth {});

impl KeyAuth {
    pub(crate) fn new(key: &Secret) -> Result<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| PROFILE.error("api_key has characters that no header may have"))?;
        header.set_sensitive(true);
        Ok(Self { header })
    }
}

#[async_trait]
impl Authorize for KeyAuth {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        request.headers.insert(AUTHORIZATION, self.header.clone());
        Ok(0)
    }
}
