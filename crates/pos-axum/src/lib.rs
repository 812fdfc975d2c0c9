#![doc = include_str!("../README.md")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Request, State};
use axum::http::header;
use axum::response::Response;
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
    // Whoever hung up in the middle of a body gets no answer anyway.
    let body = match told {
        Some(size) if size > most => None,
        _ => to_bytes(body, most).await.ok(),
    };
    let answered = match body {
        Some(body) => hooks.answer(Request::from_parts(parts, body)).await,
        None => hooks.answer_too_large(parts.uri.path(), told.unwrap_or(most + 1)),
    };
    answered.map(Body::from)
}
