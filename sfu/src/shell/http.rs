//! WHIP (RFC 9725), WHEP (draft-ietf-wish-whep), the control API, and health.
//!
//! Enters: HTTP requests. Leaves: calls into the engine, answers, problem+json for everything refused.
//!
//! * [`session`]: `/whip` and `/whep`
//! * [`token`]: who may
//! * [`registry`]: whose session a session URL is
//! * [`placement`]: on which worker
//! * [`control`]: `/control`, for signaling
//! * [`events`]: the stream of changes below `/control`
//! * [`extract`]: the parts of an address
//! * [`health`]: `/healthz`, `/readyz`, `/metrics`
//! * [`refused`]: every error answer
//! * [`pace`]: how many offers a second

pub mod control;
pub mod events;
pub mod extract;
pub mod health;
pub mod ice_links;
pub mod pace;
pub mod placement;
pub mod refused;
pub mod registry;
pub mod session;
pub mod token;

use crate::shell::udp::Workers;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use pace::Pace;
use refused::Refused;
use registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use token::TokenKey;
use tower_http::catch_panic::CatchPanicLayer;

/// Longest request body (an offer, a fragment, routes): 413 beyond it.
pub const MAX_BODY_BYTES: usize = crate::sdp::MAX_SDP_BYTES;

/// A body that takes longer to arrive is refused: 408.
pub const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// Who may publish and subscribe.
#[derive(Debug)]
pub enum Access {
    /// Anybody, without tokens (`--dev`).
    Open,
    /// Holders of a room token.
    Tokens(TokenKey),
}

/// What the handlers share.
#[derive(Debug)]
pub struct Node {
    /// The engines' threads.
    pub workers: Workers,
    /// What was counted of media over TCP.
    pub tcp_counters: Arc<crate::shell::tcp::TcpCounters>,
    /// TCP connections now.
    pub tcp_places: Arc<crate::shell::tcp::places::Places>,
    /// Chosen at process start.
    pub epoch: u64,
    /// Who may.
    pub access: Access,
    /// Bearer secret of the control API; `None`: there is no control API (`--dev` alone).
    pub control_secret: Option<String>,
    /// Open sessions.
    pub registry: Registry,
    /// New sessions a second.
    pub pace: Pace,
    /// `Link` headers that name ICE servers (RFC 9725 §4.6).
    pub ice_links: Vec<axum::http::HeaderValue>,
    /// Does this node take new sessions?
    pub draining: AtomicBool,
    /// Requests answered, by hundred of the status: index 2 counts 2xx.
    pub answered: [AtomicU64; 6],
    /// Packets lost between the engine and recorders.
    pub tap_lost: AtomicU64,
    /// Recorders connected now.
    pub taps: AtomicU64,
}

/// The whole HTTP surface.
pub fn router(node: Arc<Node>) -> Router {
    let mut router = Router::new().merge(session::routes()).merge(health::routes());
    if node.control_secret.is_some() {
        router = router.merge(control::routes(node.clone()));
    }
    router
        .fallback(|| async { Refused::not_found("there is nothing at this address") })
        .method_not_allowed_fallback(|method: Method| async move {
            Refused::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                format!("{method} is not possible here"),
            )
        })
        .layer(middleware::from_fn_with_state(node.clone(), around))
        .layer(CatchPanicLayer::custom(|_| {
            Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server made a mistake")
                .into_response()
        }))
        .with_state(node)
}

/// Counts, and lets pages of every origin read the answers: the right to a room is in the token, never
/// in a cookie, so no origin gains anything by it.
async fn around(
    axum::extract::State(node): axum::extract::State<Arc<Node>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let hundreds = usize::from(response.status().as_u16() / 100).min(node.answered.len() - 1);
    node.answered[hundreds].fetch_add(1, Ordering::Relaxed);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Location, ETag, Link, Accept-Patch, Retry-After"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Reads a body of at most [`MAX_BODY_BYTES`] that is UTF-8.
pub(crate) async fn read_text(body: axum::body::Body) -> Result<String, Refused> {
    let read = tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, MAX_BODY_BYTES + 1));
    let bytes = match read.await {
        Err(_) => {
            return Err(Refused::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "the body took too long to arrive",
            ));
        }
        Ok(Err(_)) => return Err(too_large()),
        Ok(Ok(bytes)) => bytes,
    };
    if bytes.len() > MAX_BODY_BYTES {
        return Err(too_large());
    }
    String::from_utf8(bytes.into())
        .map_err(|_| Refused::new(StatusCode::BAD_REQUEST, "not_text", "the body is not UTF-8 text"))
}

fn too_large() -> Refused {
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!("the body is longer than {MAX_BODY_BYTES} bytes"),
    )
}
