//! `/whip/{room}…` and `/whep/{room}…`: passes media set-up on to the sfu that has the room, so that
//! pages need one origin and one certificate. Media itself goes past us, over UDP.
//!
//! Enters: a page's request. Leaves: the sfu's answer, or a problem when there is no sfu. A request
//! counts against the limit only once it is there as a whole, so that slow ones cost the others nothing.

use super::body::is_too_slow;
use crate::answer;
use crate::nodes::{Nodes, SfuClient};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tongtang_protocol::control::MAX_SDP_BYTES;
use tongtang_protocol::ids::RoomId;
use tongtang_protocol::problem::Problem;

/// Longest wait for the sfu's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests on their way to an sfu at once. At the limit pages are told to come again.
const MAX_IN_FLIGHT: usize = 512;

/// When pages should come again while no sfu is up; it is back within a second or two.
const RETRY_AFTER_S: &str = "1";

/// What the sfu needs of a request (RFC 9725 §4).
const PASSED_TO_SFU: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::IF_MATCH,
    header::ORIGIN,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
];

/// What a page needs of an answer, beside everything that begins with `access-control-`.
const PASSED_TO_PAGE: [HeaderName; 11] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CACHE_CONTROL,
    header::LOCATION,
    header::ETAG,
    header::LINK,
    header::ALLOW,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("accept-patch"),
    HeaderName::from_static("accept-post"),
];

#[derive(Clone)]
struct Proxy {
    nodes: Nodes,
    in_flight: Arc<Semaphore>,
}

/// The routes of both protocols.
pub fn router(nodes: Nodes) -> Router {
    Router::new()
        .route("/whip/{*rest}", any(pass))
        .route("/whep/{*rest}", any(pass))
        .with_state(Proxy { nodes, in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)) })
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let room = request.uri().path().split('/').nth(2).map(RoomId::new);
    let Some(Ok(room)) = room else {
        return answer::problem(&Problem::new(404, "no_such_room", "this is no room's address"));
    };
    let Some(sfu) = proxy.nodes.find_sfu(&room) else {
        return come_again(
            "no_media_node",
            "the media server is not running",
            "It is usually back within seconds.",
        );
    };
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, MAX_SDP_BYTES).await {
        Ok(body) => body,
        Err(error) if is_too_slow(&error) => {
            return answer::problem(&Problem::new(408, "too_slow", "the request did not arrive in time"));
        }
        Err(_) => {
            let title = format!("a media description has at most {MAX_SDP_BYTES} bytes");
            return answer::problem(&Problem::new(413, "too_large", title));
        }
    };
    let Ok(_permit) = proxy.in_flight.try_acquire() else {
        return come_again("busy", "too many pages are connecting at once", "Try again in a second.");
    };
    let path = parts.uri.path_and_query().map_or_else(|| parts.uri.path(), |whole| whole.as_str());
    let mut headers = HeaderMap::new();
    for name in PASSED_TO_SFU {
        for value in parts.headers.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    let sent = sfu
        .http()
        .request(parts.method, format!("{}{path}", sfu.node().http_url))
        .headers(headers)
        .timeout(ANSWER_TIMEOUT)
        .body(body)
        .send()
        .await;
    match sent {
        Ok(response) => answer_of(&sfu, response),
        Err(error) => {
            tracing::warn!(node = %sfu.node().id, error = %error.without_url(), "media set-up not passed on");
            come_again(
                "media_node_silent",
                "the media server does not answer",
                "It is usually back within seconds.",
            )
        }
    }
}

fn answer_of(sfu: &SfuClient, answer: reqwest::Response) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers() {
        if PASSED_TO_PAGE.contains(name) || name.as_str().starts_with("access-control-") {
            let value = if name == header::LOCATION { from_here(sfu, value) } else { value.clone() };
            response.headers_mut().append(name.clone(), value);
        }
    }
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    response
}

/// A session's address as pages reach it: the path alone.
fn from_here(sfu: &SfuClient, location: &HeaderValue) -> HeaderValue {
    let stripped = location
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix(sfu.node().http_url.as_str()))
        .and_then(|path| HeaderValue::from_str(path).ok());
    stripped.unwrap_or_else(|| location.clone())
}

fn come_again(kind: &str, title: &str, detail: &str) -> Response {
    let mut response = answer::problem(&Problem::new(503, kind, title).with_detail(detail));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    response
}
