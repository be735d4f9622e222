//! A request's body arrives within a named time or not at all: a limit for each read would let a byte
//! every few seconds hold its place for hours. A file that somebody imports may be larger, and take longer.

use super::MAX_BODY_BYTES;
use super::patient::Patience;
use crate::answer;
use crate::import::sheet::MAX_FILE_BYTES;
use crate::problem::Language;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use http_body_util::Limited;
use std::error::Error;
use tokio::time::{Instant, timeout_at};
use tongtang_protocol::problem::Problem;

/// The body did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
pub struct TooSlow;

/// Middleware: gives the body [`Patience::body`], counted from the request's head.
pub async fn in_time(State(patience): State<Patience>, request: Request) -> Request {
    let (parts, body) = request.into_parts();
    let request_path = parts.uri.path();
    if body.is_end_stream() {
        return Request::from_parts(parts, body);
    }
    let patience = if is_file(request_path) { patience.file } else { patience.body };
    let deadline = Instant::now() + patience;
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

/// Does a request for this path bring a file?
fn is_file(path: &str) -> bool {
    path.strip_prefix("/api/orgs/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, rest)| rest == "imports")
}

/// Middleware: a body larger than its route takes is answered with 413, at its head or where it becomes too large.
pub async fn in_size(request: Request, next: Next) -> Response {
    let max = if is_file(request.uri().path()) { MAX_FILE_BYTES } else { MAX_BODY_BYTES };
    let told = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > max as u64) {
        let title = match Language::of(request.headers()) {
            Language::Chinese => format!("内容太大：这里最多 {max} 字节"),
            Language::English => format!("too large: at most {max} bytes are taken here"),
        };
        return answer::problem(&Problem::new(413, "too_large", title));
    }
    next.run(request.map(|body| Body::new(Limited::new(body, max)))).await
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
