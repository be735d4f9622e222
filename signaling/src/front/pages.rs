//! The web client: its pages under their addresses, its files with the right caching.
//!
//! Release builds carry `web-client/dist` inside; development builds read it from disk at each
//! request. Names under `assets/` contain a hash of the content and are kept for ever; pages are
//! asked for again each time, which costs an `If-None-Match` and a 304.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../web-client/dist"]
#[allow_missing = true]
struct WebClient;

/// The desk pages are one application.
const DESK: &str = "index.html";
/// As `readRoute` of the web client reads them.
const DESK_ADDRESSES: [&str; 17] = [
    "/",
    "/teach",
    "/library",
    "/library/{id}",
    "/setup",
    "/lessons",
    "/lessons/{id}",
    "/county",
    "/timetable",
    "/timetable/terms",
    "/plans",
    "/plans/{id}",
    "/ledger",
    "/today",
    "/sign-in",
    "/accounts",
    "/devices",
];
const CLASSROOM: &str = "classroom.html";
const API_DOCS: &str = "docs/index.html";

/// Which page stands at which address.
pub fn router() -> Router {
    let mut router = Router::new();
    for path in DESK_ADDRESSES {
        router = router.route(path, page(DESK));
    }
    router.route("/classroom", page(CLASSROOM)).route("/api/docs", page(API_DOCS))
}

fn page<S: Clone + Send + Sync + 'static>(name: &'static str) -> axum::routing::MethodRouter<S> {
    get(move |headers: HeaderMap| async move { file(name, &headers).unwrap_or_else(not_built) })
}

/// Every other address: a file of the web client, or nothing.
pub async fn not_found(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let found = match path {
        "" => None,
        _ if path.ends_with('/') => file(&format!("{path}index.html"), request.headers()),
        _ => file(path, request.headers()),
    };
    found.unwrap_or_else(|| (StatusCode::NOT_FOUND, Html(NOT_FOUND)).into_response())
}

/// Worth compressing: text. Media is compressed already, event streams must not wait.
pub fn is_text(
    _: StatusCode,
    _: axum::http::Version,
    headers: &HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text =
        ["text/", "application/json", "application/javascript", "application/problem+json", "image/svg"];
    !kind.starts_with("text/event-stream") && text.iter().any(|prefix| kind.starts_with(prefix))
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let file = WebClient::get(path)?;
    let etag = etag(&file);
    let caching =
        if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fresh = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| *known == etag);
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = HeaderValue::from_str(file.metadata.mimetype()).ok()?;
        let mut response = Response::new(Body::from(file.data.into_owned()));
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    };
    response.headers_mut().insert(header::ETAG, etag);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    Some(response)
}

/// Weak, because the same file also leaves compressed (RFC 9110 §8.8.1).
fn etag(file: &EmbeddedFile) -> HeaderValue {
    let text = format!("W/\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]));
    HeaderValue::from_str(&text).expect("hex in quotes is a header value")
}

fn not_built() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response()
}

const NOT_FOUND: &str = r#"<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>同堂</title>
<h1>没有这个页面</h1><p>地址可能输错了。<a href="/">回到首页</a></p>
<p lang="en">There is no such page. <a href="/">Back to the start</a></p>"#;

const NOT_BUILT: &str = r#"<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>同堂</title>
<h1>网页还没有构建</h1><p>服务器正在运行，但缺少网页文件。请在源码目录运行 <code>make web</code>，然后刷新。</p>
<p lang="en">The server runs, but its pages are not built. Run <code>make web</code> in the source folder, then reload.</p>"#;
