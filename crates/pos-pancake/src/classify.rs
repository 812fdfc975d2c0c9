//! What answers mean.

use pos_core::http::{Outcome, Response, retry_after};
use pos_core::kit::Members;
use pos_core::{Clock, Error, ErrorKind, Retry};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::model::read::{flag_if_any, text_if_any};

/// What an answer says of its own success.
struct Failure {
    success: Option<bool>,
    message: Option<String>,
    code: Option<String>,
}

impl Failure {
    /// Reads the vendor's words from a body that is an object. The message is `message`, `error.message`, `error` or
    /// `data.message`, in this order (C:1).
    fn read(body: &[u8]) -> Option<Self> {
        let members = Members::of_body(body).ok()?;
        let text = |members: &Members<'_>, name| text_if_any(members.get(name)?).ok().flatten();
        let words = |raw: &RawValue| {
            serde_json::from_str::<String>(raw.get()).ok().filter(|words| !words.trim().is_empty())
        };
        let error = members.get("error");
        let message = text(&members, "message")
            .or_else(|| Members::of(error?).ok()?.get("message").and_then(words))
            .or_else(|| words(error?))
            .or_else(|| text(&Members::of(members.get("data")?).ok()?, "message"));
        let success = members.get("success").and_then(|raw| flag_if_any(raw).ok().flatten());
        Some(Self { success, message, code: text(&members, "error_code") })
    }

    /// Who says it.
    fn voice(&self) -> Voice {
        if self.success == Some(false) {
            Voice::Vendor
        } else if self.message.is_some() || self.code.is_some() {
            Voice::Json
        } else {
            Voice::Foreign
        }
    }
}

/// Whose words an answer that is no success holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// The vendor's: `success` is false.
    Vendor,
    /// An object with a reason: the vendor's, or that of a gateway which speaks JSON.
    Json,
    /// A web page, a text, nothing.
    Foreign,
}

/// What an answer means. Pure but for the clock, which only a `Retry-After` with a date needs; see [`classify_at`].
///
/// | answer | meaning |
/// | --- | --- |
/// | any that says `access_token`, beside 404 and 5xx | the key is not accepted, or not without the extra header: asked again with it, once |
/// | 401, or 403 that speaks of the key | the key is not accepted |
/// | other 403 | forbidden |
/// | `success: false` that says "not found", or with 404 | not found |
/// | 2xx with `success: false`, other 4xx with a reason | rejected |
/// | 408 | timeout |
/// | 429 | rate limited, after `Retry-After` if there is one |
/// | 5xx whatever the body; 4xx without the vendor's words; a web page | unavailable: something between answers |
/// | a redirect | not what the vendor documents |
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// A failure tells its reason in less than this; pages of records are larger.
const FAILURE_SIZE: usize = 64 * 1024;

/// [`classify`] with the time as an argument.
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    classify_call(response, now, false)
}

/// [`classify_at`] for a call that reads by key, or any other. An unknown key is answered with 400 or 500 (L): a 400 is believed
/// when the vendor says it in its own words.
pub(crate) fn classify_call(response: &Response, now: OffsetDateTime, by_key: bool) -> Outcome {
    let html = response.is_html();
    if response.is_success() && !html && response.body.len() > FAILURE_SIZE {
        return Outcome::Success;
    }
    let body = if html { None } else { Failure::read(&response.body) };
    if response.is_success() && !html && body.as_ref().is_none_or(|body| body.success != Some(false)) {
        // A body that cannot be read is for the reader to refuse.
        return Outcome::Success;
    }
    let voice = body.as_ref().map_or(Voice::Foreign, Failure::voice);
    let (message, code) = match body {
        Some(body) => (body.message, body.code),
        None => (start_of(&response.body), None),
    };
    outcome(response.status, voice, by_key, code, message, || retry_after(response, now))
}

/// The first 200 characters of a body that is no JSON, without keys.
fn start_of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    let text: String = text.chars().take(200).collect();
    Some(text).filter(|text| !text.trim().is_empty())
}

/// The failure that a saved body tells of, if it does.
pub(crate) fn failure_in(body: &[u8]) -> Option<Error> {
    if body.len() > FAILURE_SIZE {
        return None;
    }
    let failure = Failure::read(body).filter(|failure| failure.success == Some(false))?;
    outcome(200, Voice::Vendor, false, failure.code, failure.message, || None).into_error()
}

/// Whether an answer says that a write was done: an empty object was written by something between.
pub(crate) fn says_done(body: &[u8]) -> bool {
    let Ok(members) = Members::of_body(body) else { return false };
    let shows = |name| members.get(name).is_some_and(|raw| raw.get() != "null");
    shows("data") || shows("shop") || Failure::read(body).is_some_and(|said| said.success == Some(true))
}

fn outcome(
    status: u16,
    voice: Voice,
    by_key: bool,
    code: Option<String>,
    message: Option<String>,
    wait: impl FnOnce() -> Option<std::time::Duration>,
) -> Outcome {
    let message = message.map(|message| redact(&message));
    let lower = message.as_deref().unwrap_or_default().to_lowercase();
    let (kind, what) = meaning(status, voice, by_key, &lower);
    let refresh = kind == ErrorKind::Auth && lower.contains("access_token");
    let mut error =
        Error::new(kind, what).with_status(status).with_vendor_code(code).with_vendor_message(message);
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = wait()
    {
        error = error.with_retry(Retry::After(wait));
    }
    if refresh { Outcome::RefreshToken(error) } else { Outcome::Failure(error) }
}

fn meaning(status: u16, voice: Voice, by_key: bool, message: &str) -> (ErrorKind, &'static str) {
    let speaks_of_the_key = ["access_token", "api_key", "api key", "token", "unauthorized"]
        .iter()
        .any(|word| message.contains(word));
    let between = (ErrorKind::Unavailable, "something between answers in the vendor's place");
    match (status, voice) {
        (408, _) => (ErrorKind::Timeout, "the vendor waited in vain"),
        (429, _) => (ErrorKind::RateLimited, "the vendor asks for a pause"),
        (500..=599, _) => (ErrorKind::Unavailable, "the vendor is not available"),
        (300..=399, _) => (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        (200..=299 | 400..=499, Voice::Foreign) => between,
        // What an unknown id is answered with must be the vendor's word: somebody's record depends on it.
        (404 | 410, Voice::Json) => between,
        (404, Voice::Vendor) => (ErrorKind::NotFound, "the vendor does not know it"),
        (401, _) => (ErrorKind::Auth, "Pancake does not accept the API key"),
        (403, _) if speaks_of_the_key => (ErrorKind::Auth, "Pancake does not accept the API key"),
        (403, _) => (ErrorKind::Forbidden, "Pancake does not allow this"),
        (409, _) => (ErrorKind::Conflict, "the vendor sees a conflict"),
        (200..=299 | 400..=499, _) if message.contains("access_token") => {
            (ErrorKind::Auth, "Pancake does not accept the API key")
        }
        (400, Voice::Vendor) if by_key => (ErrorKind::NotFound, "the vendor does not know it"),
        (400, Voice::Json) if by_key => between,
        (200..=299 | 400..=499, Voice::Vendor) if message.contains("not found") => {
            (ErrorKind::NotFound, "the vendor does not know it")
        }
        (200..=299 | 400..=499, _) => (ErrorKind::Rejected, "Pancake refuses the request"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    }
}

/// Hides the value of a key or token in a text that looks like a query string.
pub(crate) fn redact(text: &str) -> String {
    let mut clean = text.to_owned();
    for name in ["api_key=", "access_token="] {
        let mut from = 0;
        while let Some(at) = clean[from..].find(name).map(|at| from + at + name.len()) {
            let end = clean[at..].find(|c: char| !(c.is_ascii_alphanumeric() || "-_.%~+".contains(c)));
            clean.replace_range(at..end.map_or(clean.len(), |end| at + end), "…");
            from = at;
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_query_is_hidden() {
        let text = "GET /orders?api_key=0123abcd&page=1 failed; access_token=eyJ.x-y_z.";
        assert_eq!(redact(text), "GET /orders?api_key=…&page=1 failed; access_token=…");
        assert_eq!(redact("nothing"), "nothing");
        assert_eq!(redact("api_key="), "api_key=…");
    }
}
