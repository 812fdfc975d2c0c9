#![doc = include_str!("../README.md")]

use std::error::Error;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use pos_sync::HookRoutes;

/// A router that takes the webhooks of all shops in that these routes serve. Mount it where the vendors call, and give
/// [`HookRoutes::url`] that address.
///
/// It answers every path below: with 404 where nobody is served. It reads at most [`HookRoutes::max_body`] bytes of a body.
pub fn router(hooks: HookRoutes) -> Router {
    Router::new().fallback(answer).with_state(hooks)
}

async fn answer(
    State(hooks): State<HookRoutes>,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    // Where the proof is in the address, it is in the one that the vendor called.
    parts.uri = uri;
    let told = parts.headers.get(header::CONTENT_LENGTH).and_then(|size| size.to_str().ok()?.parse().ok());
    let most = hooks.max_body();
    if let Some(size) = told.filter(|size| *size > most) {
        return hooks.answer_too_large(parts.uri.path(), size).map(Body::from);
    }
    match to_bytes(body, most).await {
        Ok(body) => hooks.answer(Request::from_parts(parts, body)).await.map(Body::from),
        Err(error) if error.source().is_some_and(|why| why.is::<LengthLimitError>()) => {
            hooks.answer_too_large(parts.uri.path(), most + 1).map(Body::from)
        }
        // It did not come in full: the vendor shall send it again.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
