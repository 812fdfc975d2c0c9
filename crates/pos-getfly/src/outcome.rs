//! What answers mean.

use std::collections::BTreeMap;

use pos_core::http::{Outcome, Response, retry_after};
use pos_core::lenient::without_mark;
use pos_core::{Clock, Error, ErrorKind, Retry};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// What an answer means, now. See [`classify_at`].
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// What an answer means. The vendor has no codes: the status decides, and of a refused write the text, which is the only
/// thing that tells a code that is taken from a member that is wrong. `now` is for a `Retry-After` that is a date.
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    let told = Told::read(&response.body);
    if response.is_success() {
        let is_json = matches!(without_mark(&response.body).trim_ascii_start().first(), Some(b'{' | b'['));
        return match told {
            _ if !is_json => {
                let what = "the answer is not JSON: something stands before the vendor";
                Outcome::Failure(Error::decode(what).with_retry(Retry::Backoff))
            }
            Some(told) if told.is_failure => {
                let (kind, what) = refused(told.is_taken());
                Outcome::Failure(told.into_error(kind, what))
            }
            _ => Outcome::Success,
        };
    }
    let told = told.unwrap_or_default();
    let is_page = response.is_html();
    let (kind, what) = meaning(response.status, told.is_taken());
    let mut error = told.into_error(kind, what).with_status(response.status);
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = retry_after(response, now)
    {
        error = error.with_retry(Retry::After(wait));
    }
    // A firewall's page: it may let the next one through.
    if kind == ErrorKind::Forbidden && is_page {
        error = error.with_retry(Retry::Backoff);
    }
    Outcome::Failure(error)
}

/// What an object says that is no data: a text, and complaints by field.
#[derive(Default)]
struct Told {
    message: Option<String>,
    fields: BTreeMap<String, Vec<String>>,
    /// It complains, and has nothing else.
    is_failure: bool,
}

/// The largest answer that is searched for words: pages of records are larger.
const LARGEST: usize = 64 * 1024;

/// The members with a text, as clients read them (C:2).
const TEXTS: [&str; 3] = ["message", "error", "msg"];

/// Members that only data has.
const DATA: [&str; 8] =
    ["data", "records", "id", "account_id", "order_id", "info", "order_info", "total_orders_pending"];

impl Told {
    fn read(body: &[u8]) -> Option<Self> {
        let body = without_mark(body).trim_ascii();
        if !body.starts_with(b"{") || body.len() > LARGEST {
            return None;
        }
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return None };
        let mut told = Self::default();
        for name in TEXTS {
            let text = match members.get(name) {
                Some(Value::Object(inner)) => TEXTS.iter().find_map(|name| inner.get(*name)?.as_str()),
                Some(value) => value.as_str(),
                None => None,
            };
            told.message = told.message.or_else(|| text.map(str::to_owned).filter(|text| !text.is_empty()));
        }
        if let Some(Value::Object(errors)) = members.get("errors") {
            told.fields = errors.iter().map(|(name, why)| (name.clone(), texts(why))).collect();
        }
        told.is_failure = is_failure(&members);
        Some(told)
    }

    /// Whether it says that there is one already. "không tồn tại" says the opposite.
    fn is_taken(&self) -> bool {
        let texts = self.message.iter().chain(self.fields.values().flatten());
        texts.map(|text| text.to_lowercase()).any(|text| {
            let says = |word: &str| text.contains(word);
            says("already exists")
                || says("đã tồn tại")
                || says("duplicate")
                || (says("đã có") && !says("đã có lỗi"))
        })
    }

    fn into_error(self, kind: ErrorKind, what: &str) -> Error {
        Error::new(kind, what).with_vendor_message(self.message).with_fields(self.fields)
    }
}

/// A failure that came as a success: it complains, and shows nothing.
fn is_failure(members: &Map<String, Value>) -> bool {
    let says = |name: &str| match members.get(name) {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Object(inner)) => !inner.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Bool(is)) => *is,
        _ => false,
    };
    (says("error") || says("errors")) && !DATA.iter().any(|name| members.contains_key(*name))
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

fn refused(is_taken: bool) -> (ErrorKind, &'static str) {
    match is_taken {
        true => (ErrorKind::Conflict, "Getfly has one like this already"),
        false => (ErrorKind::Rejected, "Getfly refuses the request"),
    }
}

fn meaning(status: u16, is_taken: bool) -> (ErrorKind, &'static str) {
    use ErrorKind::{
        Auth, Config, Conflict, Forbidden, NotFound, RateLimited, Rejected, Timeout, Unavailable, Unexpected,
    };
    match status {
        401 => (Auth, "Getfly does not accept the API key"),
        403 => {
            (Forbidden, "Getfly does not take this request: its method, or something that stands before it")
        }
        404 => (NotFound, "Getfly does not know it"),
        409 => (Conflict, "Getfly has one like this already"),
        400 | 422 => refused(is_taken),
        408 => (Timeout, "Getfly waited in vain"),
        429 => (RateLimited, "Getfly wants fewer requests"),
        300..=399 => (Config, "the address redirects: connect the company by the one that it leads to"),
        400..=499 => (Rejected, "Getfly refuses the request"),
        500..=599 => (Unavailable, "Getfly is not available"),
        _ => (Unexpected, "an answer that nobody explained"),
    }
}
