//! What answers mean.

use pos_core::http::{Outcome, Response, retry_after};
use pos_core::kit::Members;
use pos_core::{Clock, Error, ErrorKind, Retry};
use time::OffsetDateTime;

use crate::answer::{existing, failure_in};

/// What an answer means, now. See [`classify_at`].
pub fn classify(response: &Response) -> Outcome {
    classify_at(response, Clock::default().now())
}

/// What an answer means; `now` is for a `Retry-After` that is a date.
///
/// | answer | meaning |
/// | --- | --- |
/// | 200 with `Success` true and no `ErrorType`, or without `Success` and with `Code` 200 | success |
/// | 200 with an `ErrorType` | what the code says, see the vendor page: 4 and 7 are [`ErrorKind::Auth`], 102 is [`ErrorKind::RateLimited`], 100 is [`ErrorKind::Unavailable`], 200 is [`ErrorKind::Conflict`] |
/// | 200 with `Success` false and no code | [`ErrorKind::Unexpected`], to be tried again |
/// | 401, and `ErrorType` 4 under a token | log in again; so too at 404, because a shop may have moved to another environment |
/// | 429, 5xx with the proxies' 520 to 527 | wait and try again |
/// | anything that is no JSON | [`ErrorKind::Decode`], to be tried again |
pub fn classify_at(response: &Response, now: OffsetDateTime) -> Outcome {
    let status = response.status;
    let error = match status {
        200..=299 => match Members::of_body(&response.body) {
            Ok(members) => match failure_in(&members) {
                None => return Outcome::Success,
                Some(error) => error,
            },
            Err(error) => error,
        },
        // The shape of this body is not known, and nothing depends on it.
        401 => Error::new(ErrorKind::Auth, "MISA eShop does not accept the token"),
        404 => {
            Error::new(ErrorKind::Unavailable, "there is nothing at this address: the shop may have moved")
        }
        _ => {
            let (kind, what) = by_status(status);
            // The envelope under a status of its own, should there be one.
            let told = Members::of_body(&response.body).ok().filter(|members| members.has("ErrorType"));
            told.and_then(|members| failure_in(&members)).unwrap_or_else(|| Error::new(kind, what))
        }
    };
    let error = match retry_after(response, now) {
        Some(wait) if matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Unavailable) => {
            error.with_retry(Retry::After(wait))
        }
        _ => error,
    };
    let error = error.with_status(status);
    let is_stale = matches!(status, 401 | 404) || error.vendor_code() == Some("4");
    if is_stale { Outcome::RefreshToken(error) } else { Outcome::Failure(error) }
}

/// The same for this crate's own client, which wants to know who the customer is that exists.
pub(crate) fn judge(response: &Response, now: OffsetDateTime) -> Outcome {
    match classify_at(response, now) {
        Outcome::Failure(error)
            if error.kind() == ErrorKind::Conflict && existing(&response.body).is_some() =>
        {
            Outcome::Success
        }
        outcome => outcome,
    }
}

/// What an answer to a login means: there is nothing to log in again for.
pub(crate) fn judge_login(response: &Response, now: OffsetDateTime) -> Outcome {
    match classify_at(response, now) {
        Outcome::RefreshToken(error) => Outcome::Failure(error),
        outcome => outcome,
    }
}

fn by_status(status: u16) -> (ErrorKind, &'static str) {
    match status {
        429 => (ErrorKind::RateLimited, "MISA eShop wants fewer requests"),
        408 => (ErrorKind::Timeout, "MISA eShop waited in vain"),
        403 => (ErrorKind::Forbidden, "something before MISA eShop does not let this through"),
        300..=399 => (ErrorKind::Config, "the address redirects: there is no API of MISA eShop"),
        400..=499 => (ErrorKind::Rejected, "MISA eShop refuses the request"),
        500..=599 => (ErrorKind::Unavailable, "MISA eShop is not available"),
        _ => (ErrorKind::Unexpected, "an answer that nobody explained"),
    }
}
