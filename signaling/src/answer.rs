//! The front door's own answers that are no page: problem documents (RFC 9457).

use axum::response::{IntoResponse, Response};
use tongtang_protocol::problem::Problem;

/// A problem as an HTTP answer.
pub fn problem(problem: &Problem) -> Response {
    tongtang_http::problem::answer(problem).into_response()
}
