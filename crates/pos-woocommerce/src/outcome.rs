//! What answers mean.

use std::collections::BTreeMap;

use pos_core::http::{Outcome, Response, retry_after};
use pos_core::lenient::without_mark;
use pos_core::{Clock, Error, ErrorKind, Retry};
use serde_json::Value;
use time::OffsetDateTime;

use crate::answer::unexpected;

/// The code of a route that is not there: the plugin is off, the permalinks are plain, or the version is older.
pub(crate) const NO_ROUTE: &str = "rest_no_route";

/// What an answer means, now. See [`classify_at`].
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// What an answer means. Codes decide, and never texts: these are translated. `now` is for a `Retry-After` that is a date.
///
/// A 401 with one of the codes `woocommerce_rest_cannot_…` is [`Outcome::RefreshToken`]: nobody was logged in at all, so the
/// key may be tried another way.
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    let html = response.is_html() && !is_json(&response.body);
    let failure = if html { None } else { Failure::read(&response.body) };
    if response.is_success() && failure.is_none() {
        return if is_json(&response.body) { Outcome::Success } else { Outcome::Failure(unexpected()) };
    }
    let failure = failure.unwrap_or_default();
    // What the error says of itself goes before the status: caches answer it under 200, and some routes under 500.
    let status = failure.status.unwrap_or(response.status);
    let (kind, what, again) = meaning(status, html, &failure.code);
    let nobody = kind == ErrorKind::Auth && is_refused(&failure.code);
    let mut error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(Some(failure.code).filter(|code| !code.is_empty()))
        .with_vendor_message(failure.message)
        .with_fields(failure.fields);
    if again {
        error = error.with_retry(Retry::Backoff);
    }
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = retry_after(response, now)
    {
        error = error.with_retry(Retry::After(wait));
    }
    if nobody { Outcome::RefreshToken(error) } else { Outcome::Failure(error) }
}

/// Whether a body begins as JSON does.
fn is_json(body: &[u8]) -> bool {
    matches!(without_mark(body).trim_ascii_start().first(), Some(b'{' | b'['))
}

/// An error of the REST API: `{"code", "message", "data": {"status", …}}`.
#[derive(Default)]
struct Failure {
    code: String,
    message: Option<String>,
    status: Option<u16>,
    fields: BTreeMap<String, Vec<String>>,
}

/// The largest answer that is searched for an error: pages of records are larger, and start otherwise.
const LARGEST: usize = 64 * 1024;

/// Whether a text is a code and no prose: prose may name people and numbers, and codes are printed.
fn is_code(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Failure {
    fn read(body: &[u8]) -> Option<Self> {
        let body = without_mark(body).trim_ascii();
        if !body.starts_with(b"{") || body.len() > LARGEST {
            return None;
        }
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return None };
        let code = members.get("code").and_then(Value::as_str).filter(|code| is_code(code))?;
        if members.contains_key("id") || !members.contains_key("message") {
            return None;
        }
        let mut failure = Self { code: code.to_owned(), ..Self::default() };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        failure.message = members.get("message").and_then(Value::as_str).map(str::to_owned);
        // Some routes say the status alone.
        let data = members.get("data").unwrap_or(&Value::Null);
        let status = data.get("status").unwrap_or(data).as_u64();
        failure.status = status.and_then(|status| status.try_into().ok()).filter(|status| *status >= 400);
        match data.get("params") {
            Some(Value::Object(params)) => {
                failure.fields = params.iter().map(|(name, why)| (name.clone(), vec![text(why)])).collect();
            }
            // Parameters that are missing.
            Some(Value::Array(names)) => {
                failure.fields = names.iter().map(|name| (text(name), Vec::new())).collect();
            }
            _ => {}
        }
        Some(failure)
    }
}

/// Whether it is one of the codes that mean: whoever this is may not do this.
fn is_refused(code: &str) -> bool {
    code.starts_with("woocommerce_rest_cannot_")
}

/// Whether it is one of the codes that mean: there is one already.
fn is_taken(code: &str) -> bool {
    code.starts_with("registration-error-") && code.ends_with("-exists")
        || code == "product_invalid_sku"
        || code.starts_with("woocommerce_rest_") && code.ends_with("_exists")
}

/// What a status with a code means, and whether asking again may help although the kind says otherwise.
fn meaning(status: u16, html: bool, code: &str) -> (ErrorKind, &'static str, bool) {
    use ErrorKind::{
        Auth, Config, Conflict, Forbidden, NotFound, RateLimited, Rejected, Timeout, Unavailable, Unexpected,
    };
    let closed = ["rest_forbidden", "rest_not_logged_in", "rest_cannot_access"].contains(&code);
    let (kind, what) = match status {
        429 => (RateLimited, "the host wants fewer requests"),
        300..=399 => (Config, "the address redirects: connect the shop by the one that it leads to"),
        404 if code == NO_ROUTE => (
            Config,
            "there is no such route: WooCommerce is off, older than this route, or has plain permalinks",
        ),
        404 if html => (Config, "a web page says that there is no REST API at this address"),
        404 | 410 if code.is_empty() => (Unavailable, "this answer is not in the vendor's own words"),
        404 => (NotFound, "the shop does not know it"),
        410 => (NotFound, "it is in the trash already"),
        401 | 403 if closed => (Forbidden, "a security plugin keeps the REST API closed"),
        401 if is_refused(code) => (
            Auth,
            "nobody is logged in: the key is unknown, the host strips the Authorization header, or the shop does not know \
             that it is called over HTTPS",
        ),
        401 if code == "woocommerce_rest_authentication_error" => (
            Auth,
            "the secret is wrong, or the key may not do this: make a new one with read and write access",
        ),
        401 => (Auth, "the shop does not accept the key"),
        403 | 406 if html || code.is_empty() => {
            return (Forbidden, "a firewall or a security plugin does not let this through", true);
        }
        403 => (Forbidden, "the user of the key may not do this: it needs the role of a shop manager"),
        // An update of what is not there.
        400 if code.ends_with("_invalid_id") => (NotFound, "the shop does not know it"),
        400 if is_taken(code) => (Conflict, "the shop has one like this already"),
        413 => (Rejected, "the request is too large"),
        408 => (Timeout, "the host waited in vain"),
        501 => (Rejected, "this has no trash: it can only be deleted for good"),
        500..=599 => (Unavailable, "the shop is not available"),
        200..=299 => return (Unexpected, "an error that says nothing of itself", true),
        400..=499 => (Rejected, "WooCommerce refuses the request"),
        _ => (Unexpected, "an answer that nobody explained"),
    };
    (kind, what, false)
}
