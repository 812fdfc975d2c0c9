//! Keys: how they go along with a request, and how a merchant gives them to an app.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use pos_core::http::{Authorize, Request};
use pos_core::{Error, Result, Secret, lenient};
use serde::Deserialize;
use url::Url;

use crate::profile::{self, PROFILE};

/// Puts the key on a request: in the `Authorization` header, or in the query where that is allowed and the header did not
/// arrive.
pub(crate) struct KeyAuth {
    key: String,
    secret: Secret,
    header: HeaderValue,
    may_query: bool,
    in_query: AtomicBool,
}

impl Debug for KeyAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyAuth").field("in_query", &self.in_query).finish_non_exhaustive()
    }
}

impl KeyAuth {
    pub(crate) fn new(key: String, secret: Secret, may_query: bool) -> Result<Self> {
        let text = format!("Basic {}", STANDARD.encode(format!("{key}:{}", secret.expose())));
        let mut header = HeaderValue::from_str(&text)
            .map_err(|_| PROFILE.error("the key has characters that no header may have"))?;
        header.set_sensitive(true);
        Ok(Self { key, secret, header, may_query, in_query: AtomicBool::new(false) })
    }
}

#[async_trait]
impl Authorize for KeyAuth {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        let in_query = self.in_query.load(Ordering::Relaxed);
        if in_query {
            let pairs = [("consumer_key", self.key.as_str()), ("consumer_secret", self.secret.expose())];
            request.url.query_pairs_mut().extend_pairs(pairs);
        } else {
            request.headers.insert(AUTHORIZATION, self.header.clone());
        }
        Ok(u64::from(in_query))
    }

    /// Nobody was logged in: the header may have been lost on the way.
    async fn refused(&self, generation: u64) -> bool {
        if generation > 0 || !self.may_query {
            return false;
        }
        self.in_query.store(true, Ordering::Relaxed);
        true
    }
}

/// What an app asks a merchant for: the page on which WooCommerce makes a key for it (D).
///
/// ```
/// use pos_woocommerce::Consent;
///
/// let consent = Consent {
///     app_name: "CRM",
///     scope: "read_write",
///     user_id: "one-time-7f3c2a",
///     return_url: "https://crm.example.com/done",
///     callback_url: "https://crm.example.com/keys",
/// };
/// let url = consent.url("shop.example.com").unwrap();
/// assert!(url.as_str().starts_with("https://shop.example.com/wc-auth/v1/authorize?app_name=CRM&scope=read_write"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Consent<'a> {
    /// What the merchant reads.
    pub app_name: &'a str,
    /// `read`, `write` or `read_write`.
    pub scope: &'a str,
    /// Comes back with the keys. They are not signed, so make it a secret that is good for one time.
    pub user_id: &'a str,
    /// Where the browser goes afterwards, with `success` and `user_id`.
    pub return_url: &'a str,
    /// Where the keys are posted: HTTPS.
    pub callback_url: &'a str,
}

impl Consent<'_> {
    /// The page of a shop.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the shop's address is none that secrets may be sent from, or the
    /// callback is not HTTPS.
    pub fn url(&self, site: &str) -> Result<Url> {
        if !self.callback_url.starts_with("https://") {
            return Err(PROFILE.error("callback_url must be https: keys travel to it"));
        }
        let mut url = join(&profile::site(site)?, &["wc-auth", "v1", "authorize"]);
        url.query_pairs_mut()
            .append_pair("app_name", self.app_name)
            .append_pair("scope", self.scope)
            .append_pair("user_id", self.user_id)
            .append_pair("return_url", self.return_url)
            .append_pair("callback_url", self.callback_url);
        Ok(url)
    }
}

/// The keys that WooCommerce posts to [`Consent::callback_url`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Keys {
    /// What the consent was asked with. Believe the keys only if it is one that waits.
    #[serde(deserialize_with = "lenient::required_id")]
    pub user_id: String,
    /// The key.
    pub consumer_key: Secret,
    /// Its secret.
    pub consumer_secret: Secret,
    /// `read`, `write` or `read_write`.
    #[serde(default)]
    pub key_permissions: String,
}

impl Keys {
    /// Reads the body of the callback.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](pos_core::ErrorKind::Decode) when it is something else.
    pub fn read(body: &[u8]) -> Result<Self> {
        serde_json::from_slice(lenient::without_mark(body))
            .map_err(|_| Error::decode("this is not what WooCommerce posts to a callback"))
    }
}

/// An address with more parts at its end.
pub(crate) fn join(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}
