//! The company's key: how it goes along with a request.

use async_trait::async_trait;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use pos_core::http::{Authorize, Request};
use pos_core::{Result, Secret, debug_only};

use crate::profile::PROFILE;

/// The header with the key (D). It never stands in an address.
const HEADER: &str = "x-api-key";

/// Puts the key on a request. It has no end and cannot be renewed.
pub(crate) struct KeyAuth {
    header: HeaderValue,
}

debug_only!(KeyAuth {});

impl KeyAuth {
    pub(crate) fn new(key: &Secret) -> Result<Self> {
        let mut header = HeaderValue::from_str(key.expose())
            .map_err(|_| PROFILE.error("the key has characters that no header may have"))?;
        header.set_sensitive(true);
        Ok(Self { header })
    }
}

#[async_trait]
impl Authorize for KeyAuth {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        request.headers.insert(HEADER, self.header.clone());
        // The only type that the vendor takes (D); clients send it with reads as well (C).
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(0)
    }
}
