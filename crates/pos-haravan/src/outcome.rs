//! What answers mean.

use std::collections::BTreeMap;

use pos_core::http::{Outcome, Response, retry_after};
use pos_core::lenient::without_mark;
use pos_core::{Clock, Error, ErrorKind, Retry};
use time::OffsetDateTime;

/// What an answer means, now. See [`classify_at`].
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// What an answer of any of the three hosts means. `now` is for a `Retry-After` that is a date; Haravan sends a decimal
/// number of seconds (`2.0`).
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    let html = response.is_html();
    let failure =
        if html { Failure::default() } else { Failure::read(&response.body, response.is_success()) };
    if response.is_success() && !html && !failure.said {
        return Outcome::Success;
    }
    let (kind, what) = meaning(response.status, html, &failure);
    let refused = kind == ErrorKind::Auth && response.status == 401;
    let mut error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(failure.code)
        .with_vendor_message(failure.message)
        .with_fields(failure.fields);
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = retry_after(response, now)
    {
        error = error.with_retry(Retry::After(wait));
    }
    if refused { Outcome::RefreshToken(error) } else { Outcome::Failure(error) }
}

/// Where Haravan's answers hold the reason of a failure.
#[derive(Default)]
struct Failure {
    /// Whether the body says that something failed.
    said: bool,
    /// Whether it says so in the vendor's own way: in `errors`, or with `error: true`.
    own: bool,
    /// `{}`, as the vendor answers when a scope is missing.
    bare: bool,
    code: Option<String>,
    message: Option<String>,
    fields: BTreeMap<String, Vec<String>>,
}

/// The largest successful answer that is searched for a failure: pages of records are larger, and start otherwise.
const SMALL: usize = 4096;

/// Whether a text is a code and no prose: prose may name people and numbers, and codes are printed.
fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Whether there is anything in it: an empty list or object of errors is none.
fn says_something(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

impl Failure {
    fn read(body: &[u8], success: bool) -> Self {
        use serde_json::Value;
        let body = without_mark(body);
        let first = body.trim_ascii_start();
        if success && (body.len() > SMALL || !first.starts_with(b"{")) {
            return Self::default();
        }
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        if success && members.contains_key("id") {
            return Self::default();
        }
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        let (code, prose) = match text(members.get("error")) {
            Some(text) if is_code(&text) => (Some(text), None),
            prose => (None, prose),
        };
        let mut failure = Self {
            said: members.get("error").is_some_and(says_something),
            // The webhook host says `{"error":true,"message":…}`.
            own: members.get("error") == Some(&Value::Bool(true)),
            bare: members.is_empty(),
            code,
            message: text(members.get("error_description"))
                .or_else(|| text(members.get("message")))
                .or(prose),
            fields: BTreeMap::new(),
        };
        let texts = |value: &Value| -> Vec<String> {
            match value {
                Value::String(one) => vec![one.clone()],
                Value::Array(many) => many
                    .iter()
                    .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                    .collect(),
                other => vec![other.to_string()],
            }
        };
        let all: Vec<String> = match members.get("errors").filter(|errors| says_something(errors)) {
            None => Vec::new(),
            Some(Value::Object(fields)) => {
                let told = fields.iter().filter(|(_, value)| says_something(value));
                failure.fields = told.map(|(name, value)| (name.clone(), texts(value))).collect();
                failure.fields.values().map(|texts| texts.join("; ")).collect()
            }
            Some(other) => texts(other).into_iter().filter(|text| !text.trim().is_empty()).collect(),
        };
        if !all.is_empty() {
            failure.said = true;
            failure.own = true;
            failure.message =
                failure.message.or_else(|| Some(all.join("; ")).filter(|text| !text.is_empty()));
        }
        failure
    }
}

/// What a status means. Anybody on the way may answer 403, 404 or 410, or a web page; what only the vendor may say (this
/// object does not exist, this is not allowed) is believed in the vendor's own words alone.
fn meaning(status: u16, html: bool, failure: &Failure) -> (ErrorKind, &'static str) {
    let oauth =
        ["invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "unsupported_grant_type"];
    let says_gone =
        failure.message.as_deref().is_some_and(|text| text.to_lowercase().contains("không tồn tại"));
    match status {
        429 => (ErrorKind::RateLimited, "the quota is used up"),
        300..=399 => (ErrorKind::Decode, "the vendor redirects, as its API never does"),
        _ if html => (ErrorKind::Unavailable, "a web page answers in the place of the vendor"),
        401 => (ErrorKind::Auth, "Haravan does not accept the token: connect the shop again"),
        400 if failure.code.as_deref().is_some_and(|code| oauth.contains(&code)) => (
            ErrorKind::Auth,
            "Haravan does not accept the credentials: the shop has to install the app again",
        ),
        403 if failure.own || failure.bare => (
            ErrorKind::Forbidden,
            "Haravan does not allow this: a scope is missing (com.read_… and com.write_… of what is used, wh_api for webhooks)",
        ),
        404 if failure.own => (ErrorKind::NotFound, "the vendor does not know it"),
        422 if says_gone => (ErrorKind::NotFound, "the vendor does not know it"),
        403 | 404 | 410 => (ErrorKind::Unavailable, "this answer is not in the vendor's own words"),
        408 => (ErrorKind::Timeout, "the vendor waited in vain"),
        409 => (ErrorKind::Conflict, "the vendor sees a conflict"),
        500..=599 => (ErrorKind::Unavailable, "the vendor is not available"),
        200..=299 | 400..=499 => (ErrorKind::Rejected, "Haravan refuses the request"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    }
}
