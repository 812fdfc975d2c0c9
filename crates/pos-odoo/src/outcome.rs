//! What answers mean.

use pos_core::http::{Outcome, Response, retry_after};
use pos_core::kit::{Members, Walk, is_object, text_of};
use pos_core::lenient::without_mark;
use pos_core::{Clock, Error, ErrorKind, Retry};
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::xml;

/// What an answer means, now. See [`classify_at`].
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// What an answer means: JSON-2 by its status and the name of the error, JSON-RPC by the name alone (its status is always 200,
/// and its code differs between versions), XML-RPC by the number of the fault. `now` is for a `Retry-After` that is a date.
///
/// A bare `false` as the result of JSON-RPC counts as a refused login, which says nothing more than that (M14, M19).
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    match envelope(&response.body) {
        Envelope::False => Outcome::Failure(refused_login().with_status(response.status)),
        _ => classify_call(response, now),
    }
}

/// The same for answers of methods: their `false` is an answer.
pub(crate) fn classify_call(response: &Response, now: OffsetDateTime) -> Outcome {
    let failure = match envelope(&response.body) {
        Envelope::Error(failure) => Some(failure),
        Envelope::Fault(code, said) => {
            let (kind, what) = fault(code);
            return Outcome::Failure(
                Error::new(kind, what)
                    .with_status(response.status)
                    .with_vendor_code(Some(code.to_string()))
                    .with_vendor_message(said),
            );
        }
        Envelope::Result | Envelope::False if response.is_success() => return Outcome::Success,
        _ if response.is_success() => {
            let first = without_mark(&response.body).trim_ascii_start().first().copied();
            let is_json = first.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"{[\"-".contains(&byte));
            let is_data = first == Some(b'<') && xml::is_answer(&response.body);
            return if is_json || is_data { Outcome::Success } else { Outcome::Failure(foreign_page()) };
        }
        _ => Failure::of_json2(&response.body),
    };
    let failure = failure.unwrap_or_default();
    let (kind, what, retry) = meaning(response, &failure);
    let mut error = Error::new(kind, what)
        .with_status(response.status)
        .with_vendor_code(Some(failure.name).filter(|name| !name.is_empty()))
        .with_vendor_message(failure.message);
    if let Some(retry) = retry {
        error = error.with_retry(retry);
    }
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable)
        && let Some(wait) = retry_after(response, now)
    {
        error = error.with_retry(Retry::After(wait));
    }
    Outcome::Failure(error)
}

/// What a refused login means; the vendor says `false`.
pub(crate) fn refused_login() -> Error {
    Error::new(ErrorKind::Auth, "the server does not know this login with this key in this database")
}

/// Something else stands where JSON should: a login page, a firewall. It may be gone in a moment.
fn foreign_page() -> Error {
    Error::decode("the answer is not JSON: a proxy or a page stands before the server")
        .with_retry(Retry::Backoff)
}

/// What sort of body it is.
enum Envelope {
    /// JSON-RPC with an error.
    Error(Failure),
    /// JSON-RPC with a result.
    Result,
    /// JSON-RPC with `false`.
    False,
    /// XML-RPC with a fault.
    Fault(i64, Option<String>),
    /// Anything else.
    Bare,
}

/// Looks no further than to the member that decides: results are long.
fn envelope(body: &[u8]) -> Envelope {
    if let Some((code, said)) = xml::fault(body) {
        return Envelope::Fault(code, said);
    }
    let Ok(text) = text_of(body) else { return Envelope::Bare };
    let mut walk = Walk::new(text);
    if walk.peek() != Some(b'{') {
        return Envelope::Bare;
    }
    let (mut is_rpc, mut found) = (false, Envelope::Bare);
    walk.object(|walk, name| match &*name {
        "error" => {
            let (raw, _) = walk.read::<&RawValue>()?;
            found = Envelope::Error(Failure::of_rpc(raw));
            Some(())
        }
        "result" => {
            let is_false = walk.peek() == Some(b'f');
            found = if is_false { Envelope::False } else { Envelope::Result };
            is_rpc = true;
            None
        }
        "jsonrpc" => {
            is_rpc = true;
            walk.skip().map(drop)
        }
        _ => walk.skip().map(drop),
    });
    if is_rpc { found } else { Envelope::Bare }
}

/// An error of the vendor's.
#[derive(Default, Deserialize)]
struct Failure {
    /// Name of the exception.
    #[serde(default)]
    name: String,
    /// In the user's language; may quote people.
    #[serde(default)]
    message: Option<String>,
}

/// Whether a text is the name of an exception and no prose: prose may name people and numbers, and codes are printed.
fn is_name(text: &str) -> bool {
    (1..=120).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

impl Failure {
    fn read(raw: &RawValue) -> Option<Self> {
        let mut failure: Self = serde_json::from_str(raw.get()).ok()?;
        if !is_name(&failure.name) {
            failure.name.clear();
        }
        Some(failure)
    }

    /// `{"code", "message", "data": {"name", "message", …}}`.
    fn of_rpc(error: &RawValue) -> Self {
        let members = Members::of(error).unwrap_or_default();
        members.get("data").filter(|data| is_object(data)).and_then(Self::read).unwrap_or_default()
    }

    /// `{"name", "message", "arguments", "context", "debug"}`.
    fn of_json2(body: &[u8]) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text_of(body).ok()?).ok()?;
        is_object(raw).then(|| Self::read(raw)).flatten()
    }
}

/// What a fault of XML-RPC means (M14, M19).
fn fault(code: i64) -> (ErrorKind, &'static str) {
    match code {
        2 => (ErrorKind::Rejected, "Odoo refuses the request"),
        3 => (ErrorKind::Auth, "the server does not accept the key"),
        4 => (ErrorKind::Forbidden, "the user of the key may not do this"),
        _ => (ErrorKind::Unexpected, "the server failed over the request"),
    }
}

/// Whether a collision of transactions was answered: nothing was written, and again may work (M19b).
fn is_collision(name: &str) -> bool {
    ["SerializationFailure", "DeadlockDetected", "LockNotAvailable", "TransactionRollbackError"]
        .iter()
        .any(|known| name.ends_with(known))
}

/// What an error means, and what to do where its kind does not say it.
fn meaning(response: &Response, failure: &Failure) -> (ErrorKind, &'static str, Option<Retry>) {
    use ErrorKind::{
        Auth, Config, Decode, Forbidden, NotFound, RateLimited, Rejected, Timeout, Unavailable, Unexpected,
    };
    let says = |what: &str| failure.message.as_deref().is_some_and(|message| message.contains(what));
    let (kind, what) = match failure.name.as_str() {
        "odoo.exceptions.AccessDenied" | "werkzeug.exceptions.Unauthorized" => {
            (Auth, "the server does not accept the key: it may have expired, three months is the longest")
        }
        name if name.ends_with(".SessionExpiredException") => (Auth, "the session is over"),
        "odoo.exceptions.AccessError" | "werkzeug.exceptions.Forbidden" => {
            (Forbidden, "the user of the key may not do this, or may not see one of the records")
        }
        "odoo.exceptions.MissingError" => (NotFound, "the record, or one that it refers to, does not exist"),
        "werkzeug.exceptions.NotFound" => (Config, "the server has no such model, method or database"),
        // All that version 14 says of a model that it does not have; in English unless the user reads another language.
        "odoo.exceptions.UserError" if says("Object ") && says(" doesn't exist") => {
            (Config, "the server has no such model: its module is not installed")
        }
        name if name.starts_with("odoo.exceptions.") => (Rejected, "Odoo refuses the request"),
        "werkzeug.exceptions.UnprocessableEntity" => (Rejected, "the method does not take these arguments"),
        // An unknown field, a date in another writing: the same again fails the same way (M19).
        name if name.starts_with("builtins.") => {
            (Rejected, "the server cannot work with these values or fields")
        }
        name if is_collision(name) => {
            (Unavailable, "somebody else writes the same records: nothing was written")
        }
        "psycopg2.OperationalError" if says("does not exist") => {
            (Config, "the server has no database of this name")
        }
        name if name.starts_with("psycopg2.errors.") => (Rejected, "the database refuses the request"),
        name if name.starts_with("psycopg2.") => (Unavailable, "the server has no database at the moment"),
        _ => match response.status {
            429 => (RateLimited, "the host wants fewer requests"),
            300..=399 => (Config, "the address redirects: connect the shop by the one that it leads to"),
            401 => (Auth, "the server does not accept the key"),
            403 if response.is_html() => {
                return (Forbidden, "a firewall or a proxy does not let this through", Some(Retry::Backoff));
            }
            403 => (Forbidden, "the user of the key may not do this"),
            404 => (Config, "there is no Odoo at this address, or no database of this name"),
            408 => (Timeout, "the host waited in vain"),
            413 => (Rejected, "the request is too large"),
            415 => (Unexpected, "the server wants JSON"),
            200..=299 if failure.name.is_empty() && response.is_html() => {
                return (Decode, "a page stands before the server", Some(Retry::Backoff));
            }
            400..=499 => (Rejected, "Odoo refuses the request"),
            // The exception of a module, or a fault of the server.
            _ => (Unavailable, "the server failed over the request"),
        },
    };
    (kind, what, None)
}
