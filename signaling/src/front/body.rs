//! A request's body arrives within a named time or not at all: a limit for each read would let a byte
//! every few seconds hold its place for hours.

use super::patient::Patience;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use futures_util::StreamExt;
use std::error::Error;
use tokio::time::{Instant, timeout_at};

/// The body did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
pub struct TooSlow;

/// Middleware: gives the body [`Patience::body`], counted from the request's head.
pub async fn in_time(State(patience): State<Patience>, request: Request) -> Request {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return Request::from_parts(parts, body);
    }
    let deadline = Instant::now() + patience.body;
    let pieces = futures_util::stream::unfold(Some(body.into_data_stream()), move |body| async move {
        let mut body = body?;
        match timeout_at(deadline, body.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(body))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => Some((Err(axum::Error::new(TooSlow)), None)),
        }
    });
    Request::from_parts(parts, Body::from_stream(pieces))
}

/// Is slowness at the bottom of this error?
pub fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        if error.is::<TooSlow>() {
            return true;
        }
        at = error.source();
    }
    false
}
