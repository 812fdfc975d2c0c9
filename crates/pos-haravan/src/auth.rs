//! A private token, or OAuth: authorize address, exchange, refresh, and what the id token says.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use pos_core::http::{
    Authorize, Call, Client, Outcome, Request, Response, Token, TokenCache, TokenSource, Transport,
};
use pos_core::{Clock, Error, ErrorKind, Result, Secret, lenient};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;

use crate::outcome::classify_at;
use crate::profile::PROFILE;

/// Where tokens come from.
pub const ACCOUNTS: &str = "https://accounts.haravan.com";

/// Logging in (D).
pub const LOGIN_SCOPES: &str = "openid profile email org userinfo";

/// Installing: logging in, the long-lived token, webhooks, and everything that a CRM reads and writes (D). A write scope
/// includes reading; another page of the vendor asks for both, so both are asked for.
pub const INSTALL_SCOPES: &str = "openid profile email org userinfo grant_service wh_api com.read_customers \
com.write_customers com.read_orders com.write_orders com.read_products com.read_inventories com.read_shop";

/// One author's production apps renew half an hour before the end; life times are not documented (?).
const EARLY: Duration = Duration::from_secs(1800);

/// An app of the partner dashboard.
#[derive(Clone)]
pub struct OAuthApp {
    client_id: String,
    client_secret: Secret,
    redirect_uri: String,
    accounts: Url,
    transport: Arc<dyn Transport>,
    http: Client,
}

impl Debug for OAuthApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApp").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What an authorization gave. Keep it with the org id: the token alone selects the shop.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Tokens {
    /// For requests.
    pub access_token: Secret,
    /// For the next access token; not every answer has one.
    pub refresh_token: Option<Secret>,
    /// When the access token ends, as the vendor said.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// What was granted.
    pub scope: Option<String>,
    /// Who granted it, for which shop; in the answer to an authorization only.
    pub id_token: Option<Secret>,
}

impl Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct TokenBody {
    #[serde(default)]
    access_token: Secret,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default)]
    id_token: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    scope: Option<String>,
}

impl Tokens {
    /// Reads the answer of the token endpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is none, [`ErrorKind::Auth`] when it has no token.
    pub fn read(body: &[u8], now: OffsetDateTime) -> Result<Self> {
        let body: TokenBody = serde_json::from_slice(lenient::without_mark(body))
            .map_err(|_| Error::decode("the token endpoint answers without JSON of its own"))?;
        if body.access_token.is_empty() {
            return Err(Error::new(ErrorKind::Auth, "the token endpoint answers without a token"));
        }
        let some = |secret: Option<Secret>| secret.filter(|secret| !secret.is_empty());
        Ok(Self {
            access_token: body.access_token,
            refresh_token: some(body.refresh_token),
            expires_at: body
                .expires_in
                .filter(|life| *life > 0)
                .and_then(|life| now.checked_add(time::Duration::seconds(life))),
            scope: body.scope,
            id_token: some(body.id_token),
        })
    }

    /// A token that goes on working without an end that anybody knows.
    pub fn of(access_token: impl Into<Secret>) -> Self {
        Self { access_token: access_token.into(), ..Self::default() }
    }

    /// With this refresh token.
    #[must_use]
    pub fn with_refresh(mut self, refresh_token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// What the id token says, unverified: it came over TLS from the token endpoint itself.
    pub fn claims(&self) -> Option<Claims> {
        Claims::of_token(self.id_token.as_ref()?.expose())
    }
}

/// What an id token or `userinfo` says (C:4).
#[derive(Clone, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Claims {
    /// The person's id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sub: Option<String>,
    /// The person's name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The person's e-mail.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// The shop's org id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub orgid: Option<String>,
    /// The shop's name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub orgname: Option<String>,
    /// The shop's handle at myharavan.com.
    #[serde(default, deserialize_with = "lenient::text")]
    pub orgsub: Option<String>,
    /// What the person may do: a list, or one text with blanks.
    #[serde(default, deserialize_with = "roles")]
    pub role: Vec<String>,
    /// Our own text from the authorize address; compare it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub nonce: Option<String>,
    /// For which app.
    #[serde(default, deserialize_with = "lenient::text")]
    pub aud: Option<String>,
    /// The end, as Unix time.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub exp: Option<i64>,
}

pos_core::debug_only!(Claims { orgid, orgsub, role, exp });

fn roles<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<String>, D::Error> {
    let text = |text: &str| {
        text.split([' ', ',']).filter(|role| !role.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(one) => text(&one),
        serde_json::Value::Array(many) => {
            many.iter().filter_map(|role| role.as_str()).flat_map(text).collect()
        }
        _ => Vec::new(),
    })
}

impl Claims {
    /// Reads the middle part of a token. Its signature is not checked.
    pub fn of_token(token: &str) -> Option<Self> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// Whether the person may install apps: only then ask for the install scopes.
    pub fn is_admin(&self) -> bool {
        self.role.iter().any(|role| role.eq_ignore_ascii_case("admin"))
    }
}

impl OAuthApp {
    /// An app by what the dashboard shows; `redirect_uri` is exactly one of those registered there.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when something is blank or the HTTP client cannot start.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        redirect_uri: impl Into<String>,
    ) -> Result<Self> {
        let (client_id, client_secret, redirect_uri) =
            (client_id.into(), client_secret.into(), redirect_uri.into());
        for (name, value) in [("client_id", client_id.as_str()), ("client_secret", client_secret.expose())] {
            if value.trim().is_empty() {
                return Err(Error::config(format!("Haravan: {name} is blank")));
            }
        }
        let accounts = PROFILE.address("accounts_url", ACCOUNTS)?;
        let transport = Client::default_transport()?;
        let http = token_client(transport.clone(), Clock::default());
        Ok(Self { client_id, client_secret, redirect_uri, accounts, transport, http })
    }

    /// Another host for tokens, for a sandbox.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is no address that secrets may be sent to.
    pub fn with_accounts_url(mut self, url: &str) -> Result<Self> {
        self.accounts = PROFILE.address("accounts_url", url)?;
        Ok(self)
    }

    /// Another way to send requests.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.http = token_client(transport.clone(), Clock::default());
        self.transport = transport;
        self
    }

    /// Another clock: a connector gives its own.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.http = token_client(self.transport.clone(), clock);
        self
    }

    /// The key of this app's webhooks.
    pub fn webhook_secret(&self) -> Secret {
        self.client_secret.clone()
    }

    /// Where to send the browser: `code` comes back in the query, with `state`. `orgid` preselects a shop.
    ///
    /// The vendor asks for two rounds: first with [`LOGIN_SCOPES`], and only for an admin with [`INSTALL_SCOPES`].
    pub fn authorize_url(&self, scopes: &str, state: &str, nonce: &str, orgid: Option<&str>) -> Url {
        let mut url = join(&self.accounts, &["connect", "authorize"]);
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("scope", scopes)
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", state)
            .append_pair("nonce", nonce);
        if let Some(orgid) = orgid {
            url.query_pairs_mut().append_pair("orgid", orgid);
        }
        url
    }

    /// Changes the code of a callback into tokens. One request, never repeated after it may have been received.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when the code is not accepted.
    pub async fn exchange(&self, code: &str) -> Result<Tokens> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose()),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
        ];
        self.token(&fields, false).await
    }

    /// Asks for a new access token. The answer keeps the old refresh token when no new one came.
    ///
    /// Run it under a lock for each shop: refresh tokens may be rotated.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when the shop has to install the app again.
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<Tokens> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose()),
        ];
        // If the first request was carried out unheard, the old refresh token is good still, or lost either way.
        let mut tokens = self.token(&fields, true).await?;
        tokens.refresh_token = tokens.refresh_token.or_else(|| Some(refresh_token.clone()));
        Ok(tokens)
    }

    async fn token(&self, fields: &[(&str, &str)], repeatable: bool) -> Result<Tokens> {
        let request = Request::new(Method::POST, join(&self.accounts, &["connect", "token"])).form(fields);
        let call = Call::new("POST /connect/token", request);
        let response = self.http.send(if repeatable { call.idempotent() } else { call }).await?;
        Tokens::read(&response.body, self.http.now())
            .map_err(|error| error.with_context("POST /connect/token"))
    }

    /// `GET /connect/userinfo`: the claims of an access token.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when the token is not accepted.
    pub async fn userinfo(&self, access_token: &Secret) -> Result<Claims> {
        let request = Request::new(Method::GET, join(&self.accounts, &["connect", "userinfo"]))
            .header("authorization", &format!("Bearer {}", access_token.expose()))?;
        self.http.json(Call::new("GET /connect/userinfo", request)).await
    }
}

pub(crate) fn join(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

fn token_client(transport: Arc<dyn Transport>, clock: Clock) -> Client {
    let now = clock.clone();
    let classify = move |response: &Response| classify_token(response, now.now());
    Client::builder(transport, classify).clock(clock).max_body(1024 * 1024).build()
}

/// What an answer of the accounts host means: every refusal is one of the credentials.
fn classify_token(response: &Response, now: OffsetDateTime) -> Outcome {
    match classify_at(response, now) {
        Outcome::RefreshToken(error) => Outcome::Failure(error),
        outcome => outcome,
    }
}

/// Hears of every new set of tokens, so that the host can keep it.
pub type OnTokens = Arc<dyn Fn(&Tokens) + Send + Sync>;

/// Refreshes the tokens of one shop.
pub(crate) struct Refresher {
    pub(crate) app: Option<OAuthApp>,
    pub(crate) on_tokens: Option<OnTokens>,
    state: std::sync::Mutex<(Option<Tokens>, Option<Secret>)>,
}

impl Debug for Refresher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher").field("app", &self.app).finish_non_exhaustive()
    }
}

impl Refresher {
    pub(crate) fn new(app: Option<OAuthApp>, tokens: Tokens, on_tokens: Option<OnTokens>) -> Self {
        let refresh = tokens.refresh_token.clone();
        let first = Some(tokens).filter(|tokens| !tokens.access_token.is_empty());
        Self { app, on_tokens, state: std::sync::Mutex::new((first, refresh)) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, (Option<Tokens>, Option<Secret>)> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether a refused token can be replaced.
    pub(crate) fn can_refresh(&self) -> bool {
        self.app.is_some() && self.state().1.is_some()
    }
}

#[async_trait]
impl TokenSource for Refresher {
    async fn fetch(&self) -> Result<Token> {
        // Without an app nothing is renewed, whatever the time is.
        let now = self.app.as_ref().map_or(OffsetDateTime::UNIX_EPOCH, |app| app.http.now());
        let (kept, refresh) = {
            let mut state = self.state();
            (state.0.take(), state.1.clone().filter(|_| self.app.is_some()))
        };
        // The tokens that the host kept are used first, unless they are known to be over.
        let kept = kept.filter(|kept| refresh.is_none() || kept.expires_at.is_none_or(|end| end > now));
        let tokens = match (kept, &self.app, refresh) {
            (Some(kept), ..) => kept,
            (None, Some(app), Some(refresh)) => {
                let tokens = app.refresh(&refresh).await?;
                self.state().1.clone_from(&tokens.refresh_token);
                if let Some(hear) = &self.on_tokens {
                    hear(&tokens);
                }
                tokens
            }
            _ => {
                let what = "Haravan does not accept the token, and it cannot be renewed";
                return Err(Error::new(ErrorKind::Auth, what));
            }
        };
        let left = tokens.expires_at.map(|end| Duration::try_from(end - now).unwrap_or(Duration::ZERO));
        // A token without a way to another one is used until it is refused.
        let left = left.filter(|_| self.can_refresh());
        Ok(Token { secret: tokens.access_token, expires_in: left })
    }
}

/// Puts the token on every request.
#[derive(Debug)]
pub(crate) struct Bearer {
    cache: TokenCache<Refresher>,
    renewable: bool,
}

impl Bearer {
    pub(crate) fn new(source: Refresher) -> Self {
        let renewable = source.can_refresh();
        Self { cache: TokenCache::new(source, EARLY), renewable }
    }
}

#[async_trait]
impl Authorize for Bearer {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        let (token, generation) = self.cache.token().await?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| Error::config("the token has characters that no header may have"))?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        Ok(generation)
    }

    async fn refused(&self, generation: u64) -> bool {
        if self.renewable {
            self.cache.refuse(generation).await;
        }
        self.renewable
    }
}
