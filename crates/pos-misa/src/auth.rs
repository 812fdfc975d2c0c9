//! Signing in: a signed message for a token, a company code and an environment, which belong together.

use std::fmt::Write;
use std::time::Duration;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use pos_core::http::{Authorize, Call, Client, Request, Response, Token, TokenCache, TokenSource};
use pos_core::kit::foreign;
use pos_core::webhook::hmac_sha256;
use pos_core::{Error, ErrorKind, Result, Secret, debug_only, lenient};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;

use crate::answer::{at, failure, object_in, read_one};
use crate::model::utc;
use crate::profile::PROFILE;

/// The name of the login in logs and errors.
const LOGIN: &str = "POST /auth/api/Account/Login";

/// How long a token is used: its life is not told, and clients take it for an hour (C:2).
const LIFE: Duration = Duration::from_secs(3600);

/// How long before that another one is fetched.
const EARLY: Duration = Duration::from_secs(300);

/// What stands for the environment until the login names it.
pub(crate) const ENVIRONMENT: &str = "_";

/// From here on a clock is wrong enough to be the reason of a refusal.
const WRONG: time::Duration = time::Duration::seconds(30);

/// What is signed, in this order of names and without blanks (C:5).
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "AppID")]
    app_id: &'a str,
    #[serde(rename = "Domain")]
    domain: &'a str,
    #[serde(rename = "LoginTime")]
    login_time: &'a str,
}

#[derive(Serialize)]
struct Login<'a> {
    #[serde(rename = "Domain")]
    domain: &'a str,
    #[serde(rename = "AppID")]
    app_id: &'a str,
    #[serde(rename = "LoginTime")]
    login_time: &'a str,
    #[serde(rename = "SignatureInfo")]
    signature: &'a str,
}

/// The signature of a login: HMAC-SHA256 over `{"AppID":…,"Domain":…,"LoginTime":…}`, in lower-case hex. Whoever has it can log
/// in: keep it as you keep the key.
///
/// ```
/// use pos_misa::{APP_ID, signature};
///
/// let signed = signature(APP_ID, "cuahangthu.mshopkeeper.vn", "2026-03-12T03:15:27.123Z", &"test-secret-f4f1".into());
/// assert!(signed.starts_with("fc8dcbf1c0be1ef8"));
/// ```
pub fn signature(app_id: &str, domain: &str, login_time: &str, secret_key: &Secret) -> String {
    let message = serde_json::to_string(&Message { app_id, domain, login_time }).unwrap_or_default();
    let digest = hmac_sha256(secret_key.expose().as_bytes(), message.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a login gives. The three are kept and replaced together.
#[derive(Serialize, Deserialize)]
struct Session {
    #[serde(rename = "t")]
    token: String,
    #[serde(rename = "c")]
    company_code: String,
    #[serde(rename = "e")]
    environment: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Granted {
    #[serde(deserialize_with = "lenient::text")]
    access_token: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    company_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    environment: Option<String>,
}

impl Session {
    fn of(response: &Response) -> Result<Self> {
        let lacks = |what: &str| foreign(format!("the login answers without {what}"));
        let data = object_in(&response.body)?.ok_or_else(|| lacks("a token"))?;
        let granted: Granted = read_one(data)?;
        let filled =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let token = filled(granted.access_token).ok_or_else(|| lacks("a token"))?;
        let company_code = filled(granted.company_code).ok_or_else(|| lacks("a company code"))?;
        let environment = filled(granted.environment).ok_or_else(|| {
            PROFILE.error("the login names no environment: this is another product of MISA, such as CukCuk")
        })?;
        // It becomes a part of addresses to which the token is sent.
        let is_plain =
            environment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_plain || environment.len() > 32 {
            return Err(foreign("the login names an environment that is no part of an address"));
        }
        Ok(Self { token, company_code, environment })
    }
}

/// Logs in.
pub(crate) struct SignIn {
    pub(crate) http: Client,
    pub(crate) url: Url,
    pub(crate) domain: String,
    pub(crate) app_id: String,
    pub(crate) secret_key: Secret,
}

debug_only!(SignIn { domain });

impl SignIn {
    async fn log_in(&self, now: OffsetDateTime) -> Result<Session> {
        let login_time = utc(now);
        let signature = signature(&self.app_id, &self.domain, &login_time, &self.secret_key);
        let body = Login {
            domain: &self.domain,
            app_id: &self.app_id,
            login_time: &login_time,
            signature: &signature,
        };
        let request = Request::new(Method::POST, self.url.clone()).json(&body)?;
        // A second token does no harm to the first.
        let response = self.http.send(Call::new(LOGIN, request).idempotent()).await?;
        Session::of(&response).map_err(|error| at(error, LOGIN, &response))
    }
}

#[async_trait]
impl TokenSource for SignIn {
    /// One login; another one where the first was refused and the vendor's `Date` says that our clock is wrong.
    async fn fetch(&self) -> Result<Token> {
        let known = self.http.skew().unwrap_or_default();
        let session = match self.log_in(self.http.now()).await {
            Err(error) if error.vendor_code() == Some(failure::SIGNATURE.to_string().as_str()) => {
                let learned = self.http.skew().unwrap_or_default();
                if (learned - known).abs() < WRONG {
                    return Err(error);
                }
                self.log_in(self.http.now()).await?
            }
            session => session?,
        };
        let kept = serde_json::to_string(&session)
            .map_err(|error| Error::decode("the login cannot be kept").with_source(error))?;
        Ok(Token { secret: Secret::new(kept), expires_in: Some(LIFE) })
    }
}

/// Puts token, company code and environment on every request.
#[derive(Debug)]
pub(crate) struct Bearer {
    cache: TokenCache<SignIn>,
    /// How long the path of the API's address is.
    base: usize,
}

impl Bearer {
    pub(crate) fn new(source: SignIn, base: &Url) -> Self {
        Self { cache: TokenCache::new(source, EARLY), base: base.path().trim_end_matches('/').len() }
    }

    async fn session(&self) -> Result<(Session, u64)> {
        let (kept, generation) = self.cache.token().await?;
        let session = serde_json::from_str(kept.expose())
            .map_err(|_| Error::new(ErrorKind::Unexpected, "a kept login cannot be read"))?;
        Ok((session, generation))
    }

    /// The code of the company that the credentials opened. Logs in where nobody did yet.
    pub(crate) async fn company_code(&self) -> Result<String> {
        Ok(self.session().await?.0.company_code)
    }
}

#[async_trait]
impl Authorize for Bearer {
    async fn authorize(&self, request: &mut Request) -> Result<u64> {
        let (session, generation) = self.session().await?;
        let value = |text: &str| {
            HeaderValue::from_str(text).map_err(|_| {
                Error::decode("the login has characters that no header may have").with_context(LOGIN)
            })
        };
        let mut token = value(&format!("Bearer {}", session.token))?;
        token.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, token);
        request.headers.insert(HeaderName::from_static("companycode"), value(&session.company_code)?);
        let path = request.url.path();
        let rest = path.get(self.base..).and_then(|rest| rest.strip_prefix('/')?.strip_prefix(ENVIRONMENT));
        if let Some(rest) = rest {
            let base = path.get(..self.base).unwrap_or_default();
            let path = format!("{base}/{}{rest}", session.environment);
            request.url.set_path(&path);
        }
        Ok(generation)
    }

    async fn refused(&self, generation: u64) -> bool {
        self.cache.refuse(generation).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_signed_as_the_sample_says() {
        let sample: serde_json::Value =
            serde_json::from_str(include_str!("../tests/fixtures/login.signature.json")).unwrap();
        let request: serde_json::Value =
            serde_json::from_str(include_str!("../tests/fixtures/login.request.json")).unwrap();
        let text = |name: &str| request[name].as_str().unwrap();
        let message =
            Message { app_id: text("AppID"), domain: text("Domain"), login_time: text("LoginTime") };
        let exact = include_str!("../tests/fixtures/login.signed-message.txt");
        assert_eq!(serde_json::to_string(&message).unwrap(), exact);
        let key = Secret::new(sample["secret_key"].as_str().unwrap().to_owned());
        let signed = signature(text("AppID"), text("Domain"), text("LoginTime"), &key);
        assert_eq!(signed, sample["SignatureInfo"].as_str().unwrap());
        assert_eq!(signed, text("SignatureInfo"));
    }

    #[test]
    fn a_login_gives_three_things_or_says_what_lacks() {
        let read = |body: &str| Session::of(&Response::new(200, http::HeaderMap::new(), body.to_owned()));
        for (body, environment) in [
            (include_str!("../tests/fixtures/login.response.json"), "g1"),
            (include_str!("../tests/fixtures/login.response.minimal.json"), "g2"),
        ] {
            let session = read(body).unwrap();
            assert_eq!(
                (session.company_code.as_str(), session.environment.as_str()),
                ("cuahangthu", environment)
            );
        }
        for (data, kind) in [
            (r#"{"CompanyCode":"c","Environment":"g1"}"#, ErrorKind::Decode),
            (r#"{"AccessToken":"INVENTED","Environment":"g1"}"#, ErrorKind::Decode),
            (r#"{"AccessToken":"INVENTED","CompanyCode":"c"}"#, ErrorKind::Config),
            (r#"{"AccessToken":"INVENTED","CompanyCode":"c","Environment":"../x"}"#, ErrorKind::Decode),
            ("null", ErrorKind::Decode),
        ] {
            let error = read(&format!(r#"{{"Success":true,"Data":{data}}}"#)).err().unwrap();
            assert_eq!(error.kind(), kind, "{data}");
            assert!(!format!("{error} {error:?}").contains("INVENTED"), "{error:?}");
        }
    }
}
