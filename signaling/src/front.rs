//! The front door: one origin for pages, API, media set-up and operators.
//!
//! ```text
//!  request ──▶ id, log line, headers, size, time, panic guard ──▶ /api /media     app (inner house)
//!                                                              ├─▶ /whip /whep    media_proxy ──▶ sfu
//!                                                              ├─▶ /internal      nodes::register
//!                                                              ├─▶ /healthz …     health
//!                                                              └─▶ everything else pages (embedded)
//! ```
//!
//! Owns no state. Enters: the inner house's router, the registry. Leaves: the router that the
//! listeners serve.

pub mod body;
pub mod bounded;
pub mod headers;
pub mod health;
pub mod listen;
pub mod media_proxy;
pub mod pages;
pub mod patient;
pub mod request;

use crate::answer;
use crate::nodes::{self, Nodes};
use crate::store::Store;
use axum::http::Request;
use axum::{Router, middleware};
use patient::Patience;
use tongtang_protocol::control::MAX_SDP_BYTES;
use tongtang_protocol::problem::Problem;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

/// Largest request body, in bytes: an offer. Single routes allow less; only files that are imported may be larger. More is
/// answered with 413.
pub const MAX_BODY_BYTES: usize = MAX_SDP_BYTES;

/// Everything a listener serves. `inner` is all of `/api` and `/media`.
pub fn router(inner: Router, nodes: Nodes, store: Store, control_secret: &str, patience: Patience) -> Router {
    let media = media_proxy::router(nodes.clone());
    let compressed =
        inner.merge(pages::router()).layer(CompressionLayer::new().compress_when(pages::is_text));
    Router::new()
        .merge(nodes::register::router(nodes.clone(), control_secret.to_owned()))
        .merge(health::router(nodes, store, control_secret.to_owned()))
        .merge(media)
        .merge(compressed)
        .fallback(pages::not_found)
        .layer(middleware::from_fn(body::in_size))
        .layer(middleware::map_request_with_state(patience, body::in_time))
        .layer(middleware::map_response(headers::secure))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            metrics::counter!("tongtang_panics_total").increment(1);
            let problem = Problem::new(500, "internal", "the server made a mistake");
            answer::problem(
                &problem.with_detail("It is in the server's log, with the id of this answer (X-Request-Id)."),
            )
        }))
        .layer(middleware::from_fn(request::account))
}

/// Did the request come through another proxy? Then its peer address says nothing.
fn is_forwarded<B>(request: &Request<B>) -> bool {
    ["forwarded", "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name))
}
