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

/// What an answer means. The status says little (400 is documented for everything), `status` in the body says whether it is a
/// failure, and the reason stands in `details`: the text at the top is "Validation error" whatever is wrong. `now` is for a
/// `Retry-After` that is a date.
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    let told = Told::read(&response.body);
    if response.is_success() {
        return match told {
            Some(told) if told.is_failure => Outcome::Failure(told.into_error(None)),
            Some(_) => Outcome::Success,
            None => {
                let what = "the answer is not JSON: something stands before the vendor";
                Outcome::Failure(Error::decode(what).with_retry(Retry::Backoff))
            }
        };
    }
    let mut error = told.unwrap_or_default().into_error(Some(response.status));
    if matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = retry_after(response, now)
    {
        error = error.with_retry(Retry::After(wait));
    }
    Outcome::Failure(error.with_status(response.status))
}

/// What an answer says beside data.
#[derive(Default)]
struct Told {
    is_failure: bool,
    message: Option<String>,
    code: Option<String>,
    /// Complaints by member; those that name none stand under [`NAMELESS`].
    fields: BTreeMap<String, Vec<String>>,
}

/// Where complaints stand that name no member.
const NAMELESS: &str = "details";

impl Told {
    /// `None` where it is no JSON object.
    fn read(body: &[u8]) -> Option<Self> {
        let body = without_mark(body).trim_ascii();
        if !body.starts_with(b"{") || !body.ends_with(b"}") {
            return None;
        }
        // Data is not looked at: only what stands at the top.
        let members: Top = serde_json::from_slice(body).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned).filter(|text| !text.trim().is_empty());
        let mut told = Self {
            // A success says so; what says nothing is judged by its data.
            is_failure: members.status.as_ref().and_then(Value::as_str).is_some_and(|is| is != "success"),
            message: members.message.as_ref().and_then(text),
            code: members.code.as_ref().filter(|code| !code.is_null()).map(plain),
            fields: BTreeMap::new(),
        };
        match &members.details {
            Some(Value::Object(details)) => told.heed(details.get("messages")),
            details => told.heed(details.as_ref()),
        }
        Some(told)
    }

    /// Complaints: by member, in a list, or a text.
    fn heed(&mut self, complaints: Option<&Value>) {
        let mut add = |name: &str, why: Vec<String>| {
            if !why.is_empty() {
                self.fields.entry(name.to_owned()).or_default().extend(why);
            }
        };
        match complaints {
            // `{"message": …}` is one complaint, not one about a member of that name.
            Some(Value::Object(by_name)) if !is_complaint(by_name) => {
                by_name.iter().for_each(|(name, why)| add(name, texts(why)));
            }
            Some(other) => add(NAMELESS, texts(other)),
            None => {}
        }
    }

    fn reasons(&self) -> impl Iterator<Item = &str> {
        self.message.iter().chain(self.fields.values().flatten()).map(String::as_str)
    }

    fn says(&self, words: &[&str]) -> bool {
        self.reasons().map(str::to_lowercase).any(|text| words.iter().any(|word| text.contains(word)))
    }

    fn into_error(self, status: Option<u16>) -> Error {
        let (kind, what) = self.meaning(status);
        let names: Vec<&str> = self
            .fields
            .keys()
            .map(String::as_str)
            .filter(|name| *name != NAMELESS && is_name(name))
            .collect();
        let what = if names.is_empty() { what.to_owned() } else { format!("{what} ({})", names.join(", ")) };
        // The reason is what a person needs; the text at the top says only that there is one.
        let mut reasons: Vec<&str> = Vec::new();
        for reason in self.reasons() {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let message = Some(reasons.join(": ")).filter(|text| !text.is_empty());
        Error::new(kind, what)
            .with_vendor_code(self.code)
            .with_vendor_message(message)
            .with_fields(self.fields)
    }

    fn meaning(&self, status: Option<u16>) -> (ErrorKind, &'static str) {
        use ErrorKind::{
            Auth, Config, Conflict, Forbidden, NotFound, RateLimited, Rejected, Timeout, Unavailable,
            Unexpected,
        };
        let refused = |told: &Self| {
            if told.says(&["wrong format token"]) {
                (Auth, "the key is not of the form that ManyChat gives: digits, a colon, a secret")
            } else if told.says(&["wrong token"]) {
                (Auth, "ManyChat does not know this key: another one may have been made since")
            } else if told.says(&["permission denied"]) {
                let what = "ManyChat does not let this account do that: importing contacts is off until ManyChat's support opens it";
                (Forbidden, what)
            } else if told.says(&["already exists"]) {
                (Conflict, "ManyChat has a contact like this already")
            } else if told.says(&["not found", "does not exist", "doesn't exist"]) {
                (NotFound, "ManyChat does not know it")
            } else {
                (Rejected, "ManyChat refuses the request")
            }
        };
        match status {
            None | Some(400 | 422) => refused(self),
            Some(401) => match refused(self) {
                (Auth, what) => (Auth, what),
                _ => (Auth, "ManyChat does not accept the key"),
            },
            Some(403) => (Forbidden, "ManyChat does not let this key do that"),
            // One that ManyChat says itself; another 404 is that of an address which is none.
            Some(404) if self.is_failure => (NotFound, "ManyChat does not know it"),
            Some(404) => (Unexpected, "nothing at this address answers as ManyChat does"),
            Some(408) => (Timeout, "ManyChat waited in vain"),
            Some(409) => (Conflict, "ManyChat has a contact like this already"),
            Some(429) => (RateLimited, "ManyChat wants fewer requests"),
            Some(300..=399) => (Config, "the address redirects: ManyChat answers at its own"),
            Some(400..=499) => refused(self),
            Some(500..=599) => (Unavailable, "ManyChat is not available"),
            Some(_) => (Unexpected, "an answer that nobody explained"),
        }
    }
}

/// The top of an answer.
#[derive(serde::Deserialize)]
struct Top {
    #[serde(default)]
    status: Option<Value>,
    #[serde(default)]
    message: Option<Value>,
    #[serde(default)]
    code: Option<Value>,
    #[serde(default)]
    details: Option<Value>,
}

fn is_complaint(members: &Map<String, Value>) -> bool {
    matches!(members.get("message"), Some(Value::String(_) | Value::Array(_)))
}

/// Names of members are short words; what else stands in their place may be about somebody.
fn is_name(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The texts in a complaint: `{"message": text or list}`, a list of such, or a text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => vec![text.trim().to_owned()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => match members.get("message") {
            Some(message) => texts(message),
            None => members.values().flat_map(texts).collect(),
        },
        Value::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    }
}
