//! Consent, exchange, and the token of a year.
//!
//! The merchant opens [`App::consent_url`], logs in and grants; the browser comes back with an `accessCode` of ten minutes
//! ([`access_code`]), which [`App::exchange`] turns into a token. There is no refresh token: before the year is over the
//! merchant has to be asked again ([`Grant::warning`]). A new token ends the old one after fifteen minutes ([`OVERLAP`]).

use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use pos_core::http::{Authorize, Call, Client as HttpClient, Request, Transport};
use pos_core::kit::Connection;
use pos_core::record::Extra;
use pos_core::{Error, ErrorKind, Result, Secret};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::answer::read_object;
use crate::classify::classify_at;
use crate::profile::{PROFILE, joined};
use crate::wire::{id, text, texts, time};

/// How long the old token works after a new one was issued, in 3.0 (D).
pub const OVERLAP: Duration = Duration::minutes(15);

/// How long before its end a token is worth a warning, unless said otherwise.
pub const WARN_BEFORE: Duration = Duration::days(30);

/// Which depots or pages a token may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Granted {
    /// All, those of the future included: `"All"` or an empty list (D).
    #[default]
    All,
    /// These.
    Only(Vec<String>),
}

fn granted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Granted, D::Error> {
    let ids = match Value::deserialize(deserializer)? {
        list @ Value::Array(_) => texts(list).unwrap_or_default(),
        Value::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    };
    Ok(if ids.is_empty() { Granted::All } else { Granted::Only(ids) })
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    Ok(Secret::new(text(deserializer)?.unwrap_or_default()))
}

/// What the merchant granted: the answer to an exchange and to a check.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Grant {
    /// The token. Keep it like a password.
    #[serde(deserialize_with = "secret")]
    pub access_token: Secret,
    /// Which version of the API it is for.
    #[serde(deserialize_with = "text")]
    pub version: Option<String>,
    /// When it ends: a year after the consent. One client reads `expireTime`.
    #[serde(alias = "expireTime", deserialize_with = "time")]
    pub expired_at: Option<OffsetDateTime>,
    /// The shop.
    #[serde(deserialize_with = "id")]
    pub business_id: Option<String>,
    /// Depots that it sees.
    #[serde(deserialize_with = "granted")]
    pub depot_ids: Granted,
    /// Pages that it sees; for another product of the vendor.
    #[serde(deserialize_with = "granted")]
    pub page_ids: Granted,
    /// Rights, in a form that the documentation contradicts itself about.
    pub permissions: Value,
    /// What else came.
    #[serde(flatten)]
    pub extra: Extra,
}

pos_core::debug_only!(Grant { version, expired_at, business_id, depot_ids });

impl Grant {
    /// From when on the merchant should be asked again: [`WARN_BEFORE`] the end.
    pub fn warn_from(&self) -> Option<OffsetDateTime> {
        self.expired_at.map(|end| end - WARN_BEFORE)
    }

    /// What to tell the merchant now, if anything.
    pub fn warning(&self, now: OffsetDateTime) -> Option<String> {
        let end = self.expired_at?;
        if now >= end {
            return Some(format!("the access token ended on {}: connect the shop again", end.date()));
        }
        (now >= end - WARN_BEFORE).then(|| {
            format!("the access token ends on {} and cannot be renewed: connect the shop again", end.date())
        })
    }

    /// Until when the token before this one works, when this one was issued at `issued_at` (3.0).
    pub fn old_token_works_until(issued_at: OffsetDateTime) -> OffsetDateTime {
        issued_at + OVERLAP
    }
}

/// An app of the developer console: what asks for consent and exchanges codes.
#[derive(Clone)]
pub struct App {
    id: u64,
    secret_key: Secret,
    base: Url,
    http: HttpClient,
}

impl Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Where the merchant consents.
const CONSENT_URL: &str = "https://nhanh.vn/oauth";

impl App {
    /// An app by its id and its secret key.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the key is blank or TLS cannot start.
    pub fn new(id: u64, secret_key: impl Into<Secret>) -> Result<Self> {
        Self::with_transport(id, secret_key, PROFILE.base_url, HttpClient::default_transport()?)
    }

    /// An app at another address and through another transport, for a sandbox.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the key is blank or the address may not be told secrets.
    pub fn with_transport(
        id: u64,
        secret_key: impl Into<Secret>,
        base_url: &str,
        transport: Arc<dyn Transport>,
    ) -> Result<Self> {
        let secret_key = secret_key.into();
        if secret_key.expose().trim().is_empty() || id == 0 {
            return Err(PROFILE.error("an app needs its id and its secret key"));
        }
        let line = Connection { transport: Some(transport), ..Connection::to(base_url) }.open(PROFILE)?;
        Ok(Self { id, secret_key, http: line.beside(classify_at).build(), base: line.base })
    }

    /// The secret key, for [`Client::check_token`](crate::Client::check_token).
    pub fn secret_key(&self) -> &Secret {
        &self.secret_key
    }

    /// Where to send the merchant's browser for API 3.0. `return_link` is one of the addresses registered in the console,
    /// https (D). The vendor knows no `state`: bind the pending connection to the browser's session.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the address is not https.
    pub fn consent_url(&self, return_link: &str) -> Result<Url> {
        consent_url(self.id, return_link, "3.0")
    }

    /// Turns the code of ten minutes into a token. The code dies with the first success (D), so this is not repeated after it
    /// may have been received. One request.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] with the field `accessCode` when the code is wrong or over.
    pub async fn exchange(&self, access_code: &str) -> Result<Grant> {
        const NAME: &str = "POST /app/getaccesstoken";
        let mut url = joined(&self.base, "v3.0/app/getaccesstoken");
        url.query_pairs_mut().append_pair("appId", &self.id.to_string());
        let body = json!({ "accessCode": access_code, "secretKey": self.secret_key.expose() });
        let response = self.http.send(Call::new(NAME, Request::new(Method::POST, url).json(&body)?)).await?;
        let grant: Grant = read_object(&response.body)
            .map_err(|error| error.with_context(NAME).with_status(response.status))?;
        whole(grant, NAME)
    }
}

/// A grant without token or shop is none.
pub(crate) fn whole(grant: Grant, name: &'static str) -> Result<Grant> {
    if grant.access_token.is_empty() || grant.business_id.is_none() {
        return Err(
            Error::new(ErrorKind::Auth, "the exchange answers without token or business").with_context(name)
        );
    }
    Ok(grant)
}

pub(crate) fn consent_url(app_id: u64, return_link: &str, version: &str) -> Result<Url> {
    let wrong = || PROFILE.error("the return link is an https address");
    let link = Url::parse(return_link.trim()).map_err(|error| wrong().with_source(error))?;
    if link.scheme() != "https" {
        return Err(wrong());
    }
    let mut url = Url::parse(CONSENT_URL).map_err(|error| wrong().with_source(error))?;
    url.query_pairs_mut()
        .append_pair("version", version)
        .append_pair("appId", &app_id.to_string())
        .append_pair("returnLink", return_link.trim());
    Ok(url)
}

/// The code in the query string that the browser comes back with. No parameter for a refusal is documented: no code means
/// that the merchant refused (?).
///
/// # Errors
/// [`ErrorKind::Auth`] when there is none.
pub fn access_code(query: &str) -> Result<String> {
    let query = query.split_once('?').map_or(query, |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, code)| name == "accessCode" && !code.trim().is_empty())
        .map(|(_, code)| code.into_owned())
        .ok_or_else(|| {
            Error::new(ErrorKind::Auth, "the merchant came back without a code: the app was refused")
        })
}

/// Where the host keeps the token of a shop. It is asked again once when the vendor refuses the token, because another
/// process may have connected the shop anew.
#[async_trait]
pub trait TokenStore: Send + Sync + Debug {
    /// The token as it is kept now.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn load(&self) -> Result<Secret>;
}

/// The token in use.
#[derive(Debug)]
struct InUse {
    token: Secret,
    generation: u64,
}

/// Puts the token on every request, as it is: the vendor wants no scheme before it (D).
#[derive(Debug)]
pub(crate) struct Bearer {
    store: Option<Arc<dyn TokenStore>>,
    in_use: Mutex<InUse>,
}

impl Bearer {
    pub(crate) fn new(token: Secret, store: Option<Arc<dyn TokenStore>>) -> Self {
        Self { store, in_use: Mutex::new(InUse { token, generation: 1 }) }
    }

    fn in_use(&self) -> MutexGuard<'_, InUse> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses another token from now on.
    pub(crate) fn replace(&self, token: Secret) {
        let mut in_use = self.in_use();
        if in_use.token != token {
            *in_use = InUse { token, generation: in_use.generation + 1 };
        }
    }
}

#[async_trait]
impl Authorize for Bearer {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        let missing = self.in_use().token.is_empty();
        if let (true, Some(store)) = (missing, &self.store) {
            let token = store.load().await?;
            self.replace(token);
        }
        let in_use = self.in_use();
        let mut value = HeaderValue::from_str(in_use.token.expose())
            .map_err(|_| Error::config("the access token has characters that no header may have"))?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        Ok(in_use.generation)
    }

    async fn refused(&self, generation: u64) -> bool {
        if self.in_use().generation != generation {
            // Somebody replaced it meanwhile.
            return true;
        }
        let Some(store) = &self.store else { return false };
        if let Ok(token) = store.load().await {
            self.replace(token);
        }
        self.in_use().generation != generation
    }
}
