//! From the socket to the vendor and back, through the faults.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::ListenerExt;
use http::{HeaderValue, header};
use tokio::net::TcpListener;

use super::{Answer, Asked, Inner, Options, Twist, Vendor, instant};
use crate::fault::Fault;

/// The largest request body.
const MAX_BODY: usize = 4 * 1024 * 1024;

pub(super) async fn serve<V: Vendor>(listener: TcpListener, inner: Arc<Inner<V>>) {
    let router = axum::Router::new().fallback(handle::<V>).with_state(inner);
    drop(axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), router).await);
}

async fn handle<V: Vendor>(
    State(inner): State<Arc<Inner<V>>>,
    request: Request,
) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return Ok(Answer::text(413, "payload too large").whole());
    };
    let asked = Asked {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let number = inner.note(&asked);
    let entered = match V::enter(&inner, &asked) {
        Ok(entered) => entered,
        Err(refusal) => {
            inner.answered(number, refusal.status);
            return Ok(dated(&inner, refusal.whole()));
        }
    };
    if let Some(latency) = inner.options.frame().latency {
        tokio::time::sleep(latency).await;
    }
    let fault = inner.faults.decide(V::method(&asked), &V::path(&asked));
    let mut twist = Twist::default();
    let made = match &fault {
        Some(Fault::Throttle { retry_after }) => Some(V::throttled(&inner, *retry_after)),
        Some(Fault::Status(code)) => Some(Answer::text(*code, "out of order")),
        Some(Fault::Refuse(code)) => Some(V::refused(&inner, code)),
        Some(Fault::Html) => Some(Answer::page(200)),
        Some(Fault::Answer { status, body }) => Some(Answer::bytes(*status, body.as_str())),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Reset) => return Ok(Answer::bytes(200, "").broken(0)),
        Some(Fault::StaleToken) => V::stale(&inner),
        Some(Fault::BreakRecord { row }) => {
            twist.broken_row = Some(*row);
            None
        }
        Some(Fault::RepeatTail) => {
            twist.repeat_tail = true;
            None
        }
        Some(Fault::Drift(drift)) => {
            twist.drift = Some(*drift);
            None
        }
        Some(Fault::CutBody | Fault::LoseAnswer) | None => None,
    };
    let answer = V::respond(&inner, &asked, twist, made);
    inner.answered(number, answer.status);
    entered.answered();
    let response = match fault {
        Some(Fault::CutBody) => answer.broken(answer.body.len() / 2),
        Some(Fault::LoseAnswer) => answer.broken(0),
        _ => answer.whole(),
    };
    Ok(dated(&inner, response))
}

/// An answer says the shop's time, not the computer's.
fn dated<V: Vendor>(inner: &Inner<V>, mut response: Response) -> Response {
    if let Some(date) = http_date(inner.state().clock().now_ms()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// `Sun, 12 Jul 2026 10:00:00 GMT`.
fn http_date(ms: i64) -> Option<HeaderValue> {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    HeaderValue::from_str(&instant(ms).format(&format).ok()?).ok()
}
