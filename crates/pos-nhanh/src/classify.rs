//! What answers mean: the envelope, and what a failure in it asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use pos_core::http::{LONGEST_WAIT, Outcome, Response, retry_after, wait_of};
use pos_core::kit::{foreign, not_json, text_of};
use pos_core::{Clock, Error, ErrorKind, Result, Retry, lenient, page};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::wire;

/// What surrounds every answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<'a> {
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "word")]
    error_code: Option<String>,
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) paginator: Option<&'a RawValue>,
}

/// A text, or nothing where something else is in its place: that costs no page.
fn word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    Ok(lenient::text(deserializer).unwrap_or_default())
}

/// Texts that say in the words of a failure that there is nothing (C:1)(U).
const NOTHING: [&str; 2] = ["no records", "order without histories"];

impl<'a> Envelope<'a> {
    /// Reads the envelope.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when there is none.
    pub(crate) fn of(body: &'a [u8]) -> Result<Self> {
        let envelope: Self = serde_json::from_str(text_of(body)?).map_err(|error| not_json(&error))?;
        match envelope.code() {
            Some(_) => Ok(envelope),
            None => Err(foreign("the answer has no `code`, as every answer of the vendor has")),
        }
    }

    /// Reads the envelope of a success, be it that there is nothing.
    ///
    /// # Errors
    /// What the answer means, where it is a failure.
    pub(crate) fn of_success(body: &'a [u8]) -> Result<Self> {
        let envelope = Self::of(body)?;
        if envelope.is_success() || envelope.is_empty_list() {
            return Ok(envelope);
        }
        let response = Response::new(200, http::HeaderMap::new(), Vec::new());
        Err(failure(&response, &envelope, OffsetDateTime::UNIX_EPOCH))
    }

    fn code(&self) -> Option<bool> {
        match self.code?.get() {
            "1" | "\"1\"" | "true" => Some(true),
            "0" | "\"0\"" | "false" => Some(false),
            _ => None,
        }
    }

    fn is_success(&self) -> bool {
        self.code() == Some(true)
    }

    /// Texts and fields, from either key in any of their shapes.
    fn texts(&self) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
        let mut texts = Vec::new();
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        for raw in [self.messages, self.message].into_iter().flatten() {
            let Ok(value) = serde_json::from_str::<Value>(raw.get()) else { continue };
            match value {
                Value::Object(members) => {
                    for (field, value) in members {
                        let mut said = Vec::new();
                        flatten(&value, &mut said);
                        texts.extend(said.iter().cloned());
                        if !said.is_empty() {
                            fields.entry(field).or_default().extend(said);
                        }
                    }
                }
                other => flatten(&other, &mut texts),
            }
        }
        (texts, fields)
    }

    /// Whether a failure only says that there is nothing.
    pub(crate) fn is_empty_list(&self) -> bool {
        self.code() == Some(false)
            && self.error_code.is_none()
            && self
                .texts()
                .0
                .first()
                .is_some_and(|text| NOTHING.contains(&text.trim().to_lowercase().as_str()))
    }
}

fn flatten(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => texts.push(text.trim().to_owned()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| flatten(item, texts)),
        Value::Object(members) => members.values().for_each(|item| flatten(item, texts)),
        _ => {}
    }
}

/// What an answer means. Pure but for the clock, which a lock with an end needs where the answer has no `Date`; see
/// [`classify_at`].
///
/// A readable envelope decides, whatever the HTTP status is. Without one it is not the vendor's API that answers, but
/// something before it: a 404 is not "not found", a 401 says nothing about the token.
///
/// | answer | meaning |
/// | --- | --- |
/// | `code` 1 | success, warnings included |
/// | `code` 0 with `No records` or `Order without histories` | success with nothing in it |
/// | `ERR_INVALID_ACCESS_TOKEN`, `ERR_INVALID_VERSION` (a token of another version of the API) | the token is not accepted: read the stored one again, once |
/// | `ERR_INVALID_APP_ID`, `ERR_INVALID_BUSINESS_ID` | configuration |
/// | `ERR_403`, `ERR_INVALID_DEPOT_ID`, `ERR_BUSINESS_NOT_ENABLE_API` | forbidden |
/// | `ERR_429`, `ERR_EXCEEDED_RATE_LIMIT`, HTTP 429 | rate limited until `unlockedAt`, else for `lockedSeconds`, else 30 s |
/// | any other code | rejected |
/// | no envelope: 401, 403, 404, 410, 5xx, web pages | not to be reached for now |
/// | no envelope: redirects, and success with other JSON | not what the vendor documents; later may be better |
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// [`classify`] with the time as an argument.
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    if is_plain_success(response) {
        return Outcome::Success;
    }
    let envelope = if response.is_html() { None } else { Envelope::of(&response.body).ok() };
    match envelope {
        Some(envelope) if envelope.is_success() || envelope.is_empty_list() => Outcome::Success,
        Some(envelope) => {
            let error = failure(response, &envelope, now);
            if error.kind() == ErrorKind::Auth {
                Outcome::RefreshToken(error)
            } else {
                Outcome::Failure(error)
            }
        }
        None => Outcome::Failure(without_envelope(response, now)),
    }
}

/// Pages of records are large: what begins with `{"code":1` need not be read twice.
fn is_plain_success(response: &Response) -> bool {
    let mut rest = lenient::without_mark(&response.body).trim_ascii_start();
    for part in [&b"{"[..], b"\"code\"", b":", b"1"] {
        match rest.strip_prefix(part) {
            Some(after) => rest = after.trim_ascii_start(),
            None => return false,
        }
    }
    matches!(rest.first(), Some(b',' | b'}'))
}

/// The error in an envelope.
fn failure(response: &Response, envelope: &Envelope<'_>, now: OffsetDateTime) -> Error {
    let (texts, fields) = envelope.texts();
    let message = (!texts.is_empty()).then(|| texts.join("; "));
    let (kind, what) = meaning(response.status, envelope.error_code.as_deref(), &texts);
    let error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(envelope.error_code.clone())
        .with_vendor_message(message)
        .with_fields(fields);
    match kind {
        ErrorKind::RateLimited => error.with_retry(Retry::After(lock(envelope.data, response, now))),
        _ => error,
    }
}

fn meaning(status: u16, code: Option<&str>, texts: &[String]) -> (ErrorKind, &'static str) {
    const THROTTLED: (ErrorKind, &str) = (ErrorKind::RateLimited, "the quota of this address is used up");
    const TOKEN: (ErrorKind, &str) =
        (ErrorKind::Auth, "Nhanh.vn does not accept the access token: connect the shop again");
    const FORBIDDEN: (ErrorKind, &str) = (ErrorKind::Forbidden, "Nhanh.vn does not allow this to the token");
    match code.map(str::trim) {
        Some("ERR_429" | "ERR_EXCEEDED_RATE_LIMIT") => return THROTTLED,
        Some("ERR_INVALID_ACCESS_TOKEN") => return TOKEN,
        Some("ERR_INVALID_VERSION") => {
            return (
                ErrorKind::Auth,
                "the access token is of another version of the API: the merchant has to consent to 3.0 again",
            );
        }
        Some("ERR_INVALID_APP_ID") => return (ErrorKind::Config, "Nhanh.vn does not know the app"),
        Some("ERR_INVALID_BUSINESS_ID") => return (ErrorKind::Config, "the token is not for this business"),
        Some("ERR_403" | "ERR_INVALID_DEPOT_ID") => return FORBIDDEN,
        Some("ERR_BUSINESS_NOT_ENABLE_API") => {
            return (ErrorKind::Forbidden, "the merchant has the Open API switched off");
        }
        Some(_) => return (ErrorKind::Rejected, "Nhanh.vn refuses the request"),
        None => {}
    }
    let throttled = |text: &String| {
        let text = text.to_lowercase();
        text.contains("too many requests") || text.contains("exceeded the api rate limit")
    };
    match status {
        _ if texts.iter().any(throttled) => THROTTLED,
        401 => TOKEN,
        403 => FORBIDDEN,
        409 => (ErrorKind::Conflict, "the vendor sees a conflict"),
        429 => THROTTLED,
        500..=599 => (ErrorKind::Unavailable, "the vendor is not available"),
        _ => (ErrorKind::Rejected, "Nhanh.vn refuses the request"),
    }
}

/// How long an address is locked: until `unlockedAt` by the vendor's own clock, as far as the answer tells it; when that is over,
/// for `lockedSeconds`; when nothing is said, 30 s. No wait is longer than a day.
fn lock(data: Option<&RawValue>, response: &Response, now: OffsetDateTime) -> Duration {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Lock {
        #[serde(deserialize_with = "wire::int")]
        locked_seconds: Option<i64>,
        #[serde(deserialize_with = "wire::time")]
        unlocked_at: Option<OffsetDateTime>,
    }
    let lock: Lock = data.and_then(|data| page::read_row(data, "data").ok()).unwrap_or_default();
    let now = date_of(response).unwrap_or(now);
    if let Some(wait) =
        lock.unlocked_at.and_then(|until| Duration::try_from(until - now).ok()).filter(|wait| !wait.is_zero())
    {
        return wait.min(LONGEST_WAIT);
    }
    if let Some(wait) = lock.locked_seconds.and_then(|seconds| wait_of(seconds as f64)) {
        return wait;
    }
    retry_after(response, now).unwrap_or(Duration::from_secs(30))
}

/// The vendor's time when it answered.
fn date_of(response: &Response) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(response.header("date")?.trim(), &Rfc2822).ok()
}

fn without_envelope(response: &Response, now: OffsetDateTime) -> Error {
    let status = response.status;
    let (kind, what) = match status {
        408 => (ErrorKind::Timeout, "the vendor waited in vain"),
        409 => (ErrorKind::Conflict, "the vendor sees a conflict"),
        429 => (ErrorKind::RateLimited, "the quota of this address is used up"),
        200..=299 if response.is_html() => {
            (ErrorKind::Unavailable, "a web page answers instead of the vendor's API")
        }
        200..=299 => (ErrorKind::Decode, "the answer is not what the vendor documents"),
        300..=399 => (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        401 | 403 | 404 | 410 => {
            (ErrorKind::Unavailable, "something else than the vendor's API answers at its address")
        }
        500..=599 => (ErrorKind::Unavailable, "the vendor is not available"),
        400..=499 => (ErrorKind::Rejected, "Nhanh.vn refuses the request"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    };
    let error = Error::new(kind, what).with_status(status).with_vendor_message(excerpt(&response.body));
    match (kind, retry_after(response, now)) {
        (ErrorKind::Decode, _) => error.with_retry(Retry::Backoff),
        (ErrorKind::RateLimited, wait) => {
            error.with_retry(Retry::After(wait.unwrap_or(Duration::from_secs(30))))
        }
        (ErrorKind::Unavailable, Some(wait)) => error.with_retry(Retry::After(wait)),
        _ => error,
    }
}

/// The words at the beginning of a page, without its tags.
fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(2000)]).into_owned();
    let mut words = String::new();
    let mut in_tag = false;
    for letter in text.chars() {
        match letter {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                words.push(' ');
            }
            letter if !in_tag => words.push(letter),
            _ => {}
        }
    }
    let words = pos_core::record::clean(&words)?;
    Some(words.chars().take(160).collect())
}
