//! Every error answer: problem+json with plain words, and the headers a client needs to do better.

use crate::engine::Refusal;
use crate::shell::udp::WorkerError;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::AppendHeaders;
use axum::response::{IntoResponse, Response};
use tongtang_protocol::problem::Problem;

/// A refused request.
#[derive(Debug, Clone)]
pub struct Refused {
    problem: Problem,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refused {
    /// A problem with its status, stable word and title.
    pub fn new(status: StatusCode, kind: &str, title: impl Into<String>) -> Self {
        Self { problem: Problem::new(status.as_u16(), kind, title), headers: Vec::new() }
    }

    /// What it means and what to do next.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.problem = self.problem.with_detail(detail);
        self
    }

    /// A header the client needs.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 404.
    pub fn not_found(title: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", title)
    }

    /// 400.
    pub fn bad_request(title: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", title)
    }

    /// 401 (RFC 6750 §3).
    pub fn unauthorized(title: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token_invalid", title)
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403.
    pub fn forbidden(title: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_granted", title)
    }

    /// 503, come back in a second.
    pub fn unavailable(kind: &str, title: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, title)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (AppendHeaders(self.headers), tongtang_http::problem::answer(&self.problem)).into_response()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let title = refusal.to_string();
        match refusal {
            Refusal::NoRoom(_) => Self::new(StatusCode::NOT_FOUND, "no_room", title)
                .detail("The lesson has not been opened or is over. Load the page again."),
            Refusal::NoSession(_) => Self::new(StatusCode::NOT_FOUND, "no_session", title)
                .detail("The session has ended. Start a new one with POST."),
            Refusal::BadOffer(_) => Self::new(StatusCode::BAD_REQUEST, "bad_sdp", title),
            Refusal::EtagMismatch(_) => Self::new(StatusCode::PRECONDITION_FAILED, "etag_mismatch", title)
                .detail("Send the ETag of the last answer, or `*` for an ICE restart."),
            Refusal::Limit { .. } => Self::unavailable("limit_reached", title),
            Refusal::Expelled(_) => Self::new(StatusCode::FORBIDDEN, "expelled", title)
                .detail("Only the teacher can let you in again."),
            Refusal::Draining => {
                Self::unavailable("draining", title).detail("Ask signaling for another node.")
            }
        }
    }
}

impl From<WorkerError> for Refused {
    fn from(error: WorkerError) -> Self {
        Self::unavailable("busy", error.to_string())
    }
}
