//! A refusal as an HTTP answer (RFC 9457).

use http::{HeaderValue, Response, StatusCode, header};
use tongtang_protocol::problem::{CONTENT_TYPE, Problem};

/// The answer. Refusals are not kept by caches: the next request may be right.
pub fn answer(problem: &Problem) -> Response<String> {
    let mut response = Response::new(serde_json::to_string(problem).unwrap_or_default());
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
