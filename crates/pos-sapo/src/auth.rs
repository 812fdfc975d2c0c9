//! Credentials on requests, and the OAuth flow of public apps.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use pos_core::http::{Authorize, Call, Request, Transport};
use pos_core::kit::Connection;
use pos_core::webhook::{Refusal, hmac_sha256, same_bytes, unhex};
use pos_core::{Clock, Error, ErrorKind, Result, Secret, lenient};
use serde::Deserialize;
use time::OffsetDateTime;
use url::Url;
use url::form_urlencoded::parse;

use crate::client::classify_at;
use crate::profile::PROFILE;
use crate::store::{Flavor, StoreHost};

/// Puts what opens a store, and the content type, which Sapo wants on reads too (D), on every request.
pub(crate) struct Header(Vec<(HeaderName, HeaderValue)>);

impl Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Header(..)")
    }
}

impl Header {
    pub(crate) fn basic(key: &str, secret: &str) -> Result<Self> {
        let text = format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")));
        Ok(Self(vec![(AUTHORIZATION, secret_value(&text)?)]))
    }

    /// Older hosts knew the header by another name (C:1); they get both.
    pub(crate) fn token(token: &str, legacy: bool) -> Result<Self> {
        let mut headers = vec![(HeaderName::from_static("x-sapo-access-token"), secret_value(token)?)];
        if legacy {
            headers.push((HeaderName::from_static("x-bizweb-access-token"), secret_value(token)?));
        }
        Ok(Self(headers))
    }
}

fn secret_value(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::config("the credentials have characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Authorize for Header {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        for (name, value) in &self.0 {
            request.headers.insert(name.clone(), value.clone());
        }
        request.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        Ok(0)
    }
}

/// How far the time in a callback may lie from ours.
const FRESH: Duration = Duration::from_secs(300);

/// A public app: what its registration at developers.sapo.vn gave.
#[derive(Clone)]
#[must_use]
pub struct OAuthApp {
    api_key: String,
    secrets: Vec<Secret>,
    redirect_uri: String,
    fresh: Duration,
    connection: Connection,
}

impl Debug for OAuthApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApp").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

/// A callback that was proven.
#[derive(Clone)]
#[non_exhaustive]
pub struct Callback {
    /// The store that was opened.
    pub store: StoreHost,
    /// What was sent along, where the signature covers it; whether Sapo always gives it back is not established (?).
    pub state: Option<String>,
    /// When it was made.
    pub timestamp: OffsetDateTime,
    code: Secret,
}

pos_core::debug_only!(Callback { store, timestamp });

/// What the exchange gave.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuthToken {
    /// The token; it does not end (D).
    pub access_token: Secret,
    /// What it opens, when the vendor says so.
    pub scopes: Vec<String>,
}

impl OAuthApp {
    /// An app by its API Key and Secret Key, and the Redirect URL that is registered, letter for letter.
    pub fn new(
        api_key: impl Into<String>,
        secret: impl Into<Secret>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        Self {
            api_key: api_key.into(),
            secrets: vec![secret.into()],
            redirect_uri: redirect_uri.into(),
            fresh: FRESH,
            connection: Connection::default(),
        }
    }

    /// Who tells the time of the exchange; the system without it.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.connection.clock = clock;
        self
    }

    /// Another secret that callbacks may be signed with, for rotation. The first one is used for the exchange.
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// How far the time in a callback may lie from ours; 300 s without it.
    pub fn with_freshness(mut self, span: Duration) -> Self {
        self.fresh = span;
        self
    }

    /// Another way to send requests.
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.connection.transport = Some(transport);
        self
    }

    /// What stands for `https://{store}`, for a sandbox. HTTPS, or HTTP on this machine.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when secrets may not be sent there.
    pub fn with_base_url(mut self, url: &str) -> Result<Self> {
        self.connection.base_url = Some(PROFILE.address("base_url", url)?.into());
        Ok(self)
    }

    /// Where to send the shop owner. Scopes are free words (`read_orders`), joined by commas (D).
    ///
    /// Keep the store and a nonce of your own with the installation: that `state` comes back is not established (?).
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the host makes no URL.
    pub fn authorize_url(&self, store: &StoreHost, scopes: &[&str], state: &str) -> Result<Url> {
        let mut url = self.base(store)?;
        url.set_path("/admin/oauth/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.api_key)
            .append_pair("scope", &scopes.join(","))
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", state);
        Ok(url)
    }

    fn base(&self, store: &StoreHost) -> Result<Url> {
        PROFILE.address("base_url", self.connection.base_url.as_ref().unwrap_or(&store.url()))
    }

    /// Proves the query string of the return to the redirect address: the signature (base64 or hex), the time in it, and
    /// that the store is one of Sapo's. Sends nothing.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify_callback(
        &self,
        query: &str,
        now: OffsetDateTime,
    ) -> std::result::Result<Callback, Refusal> {
        const HMAC: &str = "hmac parameter";
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        if self.secrets.iter().all(Secret::is_empty) {
            return Err(Refusal::NotConfigured("secret of the app"));
        }
        if query.len() > 16 * 1024 {
            return Err(Refusal::TooLarge { size: query.len(), limit: 16 * 1024 });
        }
        let query = query.trim().trim_start_matches('?');
        let pairs: Vec<(String, String)> = parse(query.as_bytes()).into_owned().collect();
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(malformed("a parameter comes twice"));
        }
        let one = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let given = one("hmac").filter(|text| !text.is_empty()).ok_or(Refusal::Unsigned(HMAC))?;
        let digest = callback_digest(given).ok_or(Refusal::MalformedProof(HMAC))?;
        let signed = |keep: &dyn Fn(&str) -> bool| message(&pairs, keep);
        let proven = |message: &str| {
            self.secrets.iter().filter(|secret| !secret.is_empty()).fold(false, |proven, secret| {
                proven | same_bytes(&hmac_sha256(secret.expose().as_bytes(), message.as_bytes()), &digest)
            })
        };
        let whole = proven(&signed(&|name| !matches!(name, "hmac" | "signature")));
        if !whole && !proven(&signed(&|name| matches!(name, "code" | "store" | "timestamp"))) {
            return Err(Refusal::BadProof(HMAC));
        }
        // What the signature leaves out may have been put there by anybody, and is handed on to nobody.
        let outside = |name: &str| one(name).filter(|_| whole);
        let timestamp = one("timestamp")
            .and_then(|text| text.parse().ok())
            .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let timestamp = timestamp.ok_or_else(|| malformed("it has no timestamp"))?;
        if (now - timestamp).unsigned_abs() > self.fresh {
            return Err(Refusal::Stale);
        }
        // The documentation says `store`; one README says `shop` [?].
        let host = one("store").or_else(|| outside("shop")).ok_or_else(|| malformed("it names no store"))?;
        let store: StoreHost = Some(host)
            .filter(|host| host.contains('.') && !host.contains(['/', ':']))
            .and_then(|host| host.parse().ok())
            .ok_or_else(|| malformed("the store is not one of Sapo's"))?;
        let code = one("code").filter(|code| !code.is_empty()).ok_or_else(|| malformed("it has no code"))?;
        Ok(Callback { store, state: outside("state").map(str::to_owned), timestamp, code: Secret::new(code) })
    }

    /// Gives the code of a proven callback for a token. One request, not repeated: a code works once.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when the code is unknown or used; see [`classify_at`].
    pub async fn exchange(&self, callback: &Callback) -> Result<OAuthToken> {
        const NAME: &str = "POST /oauth/access_token";
        #[derive(Deserialize)]
        struct Body {
            #[serde(default, deserialize_with = "lenient::text")]
            access_token: Option<String>,
            #[serde(default, deserialize_with = "lenient::text")]
            scope: Option<String>,
        }
        let mut connection = self.connection.clone();
        connection.base_url.get_or_insert_with(|| callback.store.url());
        let line = connection.open(PROFILE)?;
        let mut url = line.base.clone();
        url.set_path("/admin/oauth/access_token");
        let secret = self.secrets.first().map(Secret::expose).unwrap_or_default();
        let fields = [
            ("client_id", self.api_key.as_str()),
            ("client_secret", secret),
            ("code", callback.code.expose()),
        ];
        let request = Request::new(Method::POST, url);
        let request = match callback.store.flavor() {
            Flavor::Web => request.json(&BTreeMap::from(fields))?,
            // The documentation of POS shows a form [D].
            Flavor::Pos => request.form(&fields),
        };
        let body: Body = line.beside(classify_at).build().json(Call::new(NAME, request)).await?;
        let token = body.access_token.ok_or_else(|| {
            Error::new(ErrorKind::Auth, "the store answers without a token").with_context(NAME)
        })?;
        // Commas, or blanks [C:1].
        let scopes = body.scope.unwrap_or_default();
        let scopes = scopes.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        Ok(OAuthToken { access_token: Secret::new(token), scopes })
    }
}

/// Base64 of 44 characters, in which a form decoder may have turned `+` into blanks, or 64 hex digits.
fn callback_digest(text: &str) -> Option<Vec<u8>> {
    let bytes = match text.len() {
        44 => STANDARD.decode(text.replace(' ', "+")).ok()?,
        64 => unhex(text)?,
        _ => return None,
    };
    (bytes.len() == 32).then_some(bytes)
}

/// The text that is signed: sorted by name, `%` and `&` written so that no value can pose as another parameter.
fn message(pairs: &[(String, String)], keep: &dyn Fn(&str) -> bool) -> String {
    let value = |text: &str| text.replace('%', "%25").replace('&', "%26");
    let mut kept: Vec<(String, String)> = pairs
        .iter()
        .filter(|(name, _)| keep(name))
        .map(|(name, text)| (value(name).replace('=', "%3D"), value(text)))
        .collect();
    kept.sort();
    kept.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}
