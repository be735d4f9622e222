//! Accounts for each request: an id, a line in the log, a count.
//!
//! Paths carry secrets (media signatures, session addresses), so only the first segment is logged.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::Instrument;

/// The name of the header with the request's id.
pub const REQUEST_ID: &str = "x-request-id";

/// Runs the request inside a span with its id.
pub async fn account(request: Request, next: Next) -> Response {
    let id = format!("{:016x}", rand::random::<u64>());
    let area = area(request.uri().path());
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id);
    let begin = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| match status.as_u16() {
        // 503 is how we say "not yet"; the rest is a fault of ours.
        status if status >= 500 && status != 503 => tracing::warn!(%method, area, status, ms, "answered"),
        _ => tracing::debug!(%method, area, status = status.as_u16(), ms, "answered"),
    });
    metrics::counter!("tongtang_http_requests_total", "area" => area, "class" => class(status.as_u16()))
        .increment(1);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// One of few words, so that strangers cannot fill the table of counters.
fn area(path: &str) -> &'static str {
    const AREAS: [&str; 9] =
        ["api", "media", "whip", "whep", "internal", "assets", "healthz", "readyz", "metrics"];
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    AREAS.into_iter().find(|area| *area == first).unwrap_or("page")
}

fn class(status: u16) -> &'static str {
    match status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_accounted_by_a_word_that_holds_no_secret() {
        assert_eq!(area("/media/123/signature/rec-1/x.m4s"), "media");
        assert_eq!(area("/whip/room/secret-session"), "whip");
        assert_eq!(area("/anything-a-stranger-sends"), "page");
    }
}
