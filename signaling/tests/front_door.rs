//! Conditions: the front door with a small inner house and a stand-in sfu. Check: what leaves it.
#![allow(clippy::unwrap_used, missing_docs)]

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use reqwest::Client;
use std::net::SocketAddr;
use tongtang::app::Scheme;
use tongtang::front::bounded::Tally;
use tongtang::front::patient::Patience;
use tongtang::front::{self, listen};
use tongtang::import::sheet::MAX_FILE_BYTES;
use tongtang::nodes::Nodes;
use tongtang::store::Store;
use tongtang::tls;
use tongtang_config::Config;
use tongtang_protocol::control::{MAX_SDP_BYTES, NodeKind, Register};
use tongtang_protocol::ids::NodeId;

const SECRET: &str = "control";

fn inner() -> Router {
    Router::new()
        .route("/api/panic", get(|| async { assert!(std::env::args().count() == 0, "on purpose") }))
        .route("/api/echo", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/api/orgs/{id}/imports", post(counted))
        .route("/api/orgs/{id}/others", post(counted))
        .route(
            "/api/long",
            get(|| async { ([(header::CONTENT_TYPE, "application/json")], "x".repeat(9000)) }),
        )
        .route(
            "/api/scheme",
            get(|Extension(scheme): Extension<Scheme>| async move { format!("{scheme:?}") }),
        )
}

/// How many bytes came, or that too many did.
async fn counted(body: Body) -> (StatusCode, String) {
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => (StatusCode::OK, bytes.len().to_string()),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    }
}

struct Door {
    http: SocketAddr,
    https: SocketAddr,
    nodes: Nodes,
    store: Store,
    client: Client,
    _listeners: listen::Listeners,
    _data: tempfile::TempDir,
}

async fn door() -> Door {
    let patience = Patience::default();
    let data = tempfile::tempdir().unwrap();
    let config = Config { data_dir: data.path().to_owned(), ..Config::default() };
    let _ = rustls::crypto::ring::default_provider().install_default();
    front::health::counters();
    let nodes = Nodes::new(SECRET, String::new());
    let store = Store::open(&data.path().join("tongtang.db")).await.unwrap();
    let router = front::router(inner(), nodes.clone(), store.clone(), SECRET, patience);
    let http = listen::bind("127.0.0.1:0".parse().unwrap(), "http.listen").unwrap();
    let https = listen::bind("127.0.0.1:0".parse().unwrap(), "https.listen").unwrap();
    let (http_at, https_at) = (http.local_addr().unwrap(), https.local_addr().unwrap());
    let tls = tls::server_config(&config, None, &[]).unwrap();
    let listeners =
        listen::Listeners::serve(&router, http, Some((https, tls)), Tally::new(Vec::new()), patience)
            .unwrap();
    let client = Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build().unwrap();
    Door { http: http_at, https: https_at, nodes, store, client, _listeners: listeners, _data: data }
}

impl Door {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    fn with_sfu(&self, sfu: SocketAddr) {
        let said = Register {
            node_id: NodeId::new("sfu-1").unwrap(),
            kind: NodeKind::Sfu,
            epoch: 1,
            http_url: format!("http://{sfu}"),
            tap_addr: Some(sfu),
            draining: false,
        };
        self.nodes.register(said).unwrap();
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_headers_that_protect_pages() {
    let door = door().await;
    for path in ["/", "/api/scheme", "/no/such/page", "/healthz", "/whip/room"] {
        let response = door.get(path).await;
        let headers = response.headers();
        assert!(
            headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'"),
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-request-id"].len(), 16, "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
}

#[tokio::test]
async fn pages_are_served_or_it_is_said_how_to_build_them() {
    let door = door().await;
    let response = door.get("/classroom").await;
    match response.status().as_u16() {
        200 => {
            let etag = response.headers()["etag"].clone();
            let again = door.client.get(door.url("/classroom")).header("if-none-match", etag);
            assert_eq!(again.send().await.unwrap().status().as_u16(), 304);
        }
        503 => assert!(response.text().await.unwrap().contains("make web")),
        other => panic!("{other}"),
    }
    let missing = door.get("/assets/../../Cargo.toml").await;
    assert_eq!(missing.status().as_u16(), 404);
    assert!(missing.text().await.unwrap().contains("没有这个页面"));
}

/// The addresses a page loads by itself.
fn loaded_by(page: &str) -> Vec<String> {
    let quoted = |after: &str| after.split('"').next().unwrap_or_default().to_owned();
    ["src=\"", "href=\""].iter().flat_map(|attribute| page.split(attribute).skip(1)).map(quoted).collect()
}

#[tokio::test]
async fn the_pages_of_the_api_are_served_from_here_alone() {
    // As they stand in the source, and as they are served, if the pages are built.
    let source = include_str!("../../web-client/public/docs/index.html");
    let script = include_str!("../../web-client/public/docs/docs.js");
    let door = door().await;
    let response = door.get("/api/docs").await;
    let (is_built, page) = match response.status().as_u16() {
        200 => (true, response.text().await.unwrap()),
        _ => (false, source.to_owned()),
    };
    let parts = loaded_by(&page);
    assert!(parts.iter().any(|part| part.ends_with("swagger-ui-bundle.js")), "{parts:?}");
    for part in parts {
        assert!(part.starts_with('/') && !part.starts_with("//"), "{part} is another origin's");
        if is_built {
            assert_eq!(door.get(&part).await.status().as_u16(), 200, "{part}");
        }
    }
    // Its own validator is the one thing Swagger UI would ask of somebody else.
    assert!(!script.contains("://") && script.contains("validatorUrl: null"), "{script}");
    assert!(script.contains("/api/openapi.json"), "{script}");
}

#[tokio::test]
async fn a_panic_is_one_bad_answer_and_no_more() {
    let door = door().await;
    let response = door.get("/api/panic").await;
    assert_eq!(response.status().as_u16(), 500);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(door.get("/api/scheme").await.text().await.unwrap(), "Http");
}

#[tokio::test]
async fn an_oversized_body_is_refused_unread() {
    let door = door().await;
    let send = |bytes: usize| door.client.post(door.url("/api/echo")).body(vec![0; bytes]).send();
    assert_eq!(send(1000).await.unwrap().text().await.unwrap(), "1000");
    let refused = send(front::MAX_BODY_BYTES + 1).await.unwrap();
    assert_eq!(refused.status().as_u16(), 413);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_file_that_is_imported_may_be_larger_than_anything_else() {
    let door = door().await;
    let send = async |path: &str, bytes: usize| {
        let sent = door.client.post(door.url(path)).body(vec![0; bytes]).send().await.unwrap();
        (sent.status().as_u16(), sent.text().await.unwrap())
    };
    let most = MAX_FILE_BYTES.to_string();
    assert_eq!(send("/api/orgs/org-1/imports", MAX_FILE_BYTES).await, (200, most));
    assert_eq!(send("/api/orgs/org-1/imports", MAX_FILE_BYTES + 1).await.0, 413);
    assert_eq!(send("/api/orgs/org-1/others", front::MAX_BODY_BYTES + 1).await.0, 413);
    // Without a length it is cut where it becomes too much.
    let pieces = futures_util::stream::iter((0..9).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 1 << 20])));
    let body = reqwest::Body::wrap_stream(pieces);
    let sent = door.client.post(door.url("/api/orgs/org-1/imports")).body(body).send().await;
    assert_ne!(sent.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn text_is_compressed_for_those_who_ask() {
    let door = door().await;
    let asked = door.client.get(door.url("/api/long")).header("accept-encoding", "gzip");
    let response = asked.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.bytes().await.unwrap().len() < 500);
}

#[tokio::test]
async fn https_serves_with_the_generated_certificate() {
    let door = door().await;
    let response = door.client.get(format!("https://{}/api/scheme", door.https)).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "Https");
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_operators() {
    let door = door().await;
    door.get("/healthz").await;
    let page = door.get("/metrics").await;
    assert_eq!(page.status().as_u16(), 200);
    assert!(page.text().await.unwrap().contains("tongtang_http_requests_total"));
    let forwarded = || door.client.get(door.url("/metrics")).header("x-forwarded-for", "10.1.1.1");
    assert_eq!(forwarded().send().await.unwrap().status().as_u16(), 403);
    assert_eq!(forwarded().bearer_auth(SECRET).send().await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn ready_means_that_an_sfu_is_up_and_the_database_takes_what_is_written() {
    let door = door().await;
    assert_eq!(door.get("/readyz").await.status().as_u16(), 503);
    door.with_sfu(door.http);
    let ready = door.get("/readyz").await;
    assert_eq!(ready.status().as_u16(), 200);
    let said = ready.text().await.unwrap();
    assert!(said.contains("\"sfu\":1") && said.contains("\"database\":true"), "{said}");
    door.store.close().await;
    let ready = door.get("/readyz").await;
    assert_eq!(ready.status().as_u16(), 503);
    assert!(ready.text().await.unwrap().contains("\"database\":false"));
}

#[tokio::test]
async fn without_an_sfu_pages_are_told_when_to_come_again() {
    let door = door().await;
    for sfu in [None, Some("127.0.0.1:1")] {
        if let Some(sfu) = sfu {
            door.with_sfu(sfu.parse().unwrap());
        }
        let response = door.client.post(door.url("/whip/room")).body("v=0").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}

async fn stand_in_sfu() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move |headers: HeaderMap, body: Bytes| async move {
        assert_eq!(headers["authorization"], "Bearer room-token");
        assert!(!headers.contains_key("cookie"), "a page's cookie is not the sfu's business");
        let said = [
            (header::LOCATION, format!("http://{address}/whip/room/session-1")),
            (header::ETAG, "\"1\"".to_owned()),
            (header::LINK, "<stun:stun.example.net>; rel=\"ice-server\"".to_owned()),
            (header::HeaderName::from_static("accept-post"), "application/sdp".to_owned()),
            (header::HeaderName::from_static("accept-patch"), "application/trickle-ice-sdpfrag".to_owned()),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
            (header::SERVER, "an sfu".to_owned()),
        ];
        let pieces = ["answer to ".to_owned(), String::from_utf8(body.to_vec()).unwrap()];
        let body = Body::from_stream(tokio_stream::iter(pieces.map(Ok::<_, std::io::Error>)));
        (StatusCode::CREATED, said, body).into_response()
    };
    let slots = |uri: axum::http::Uri| async move { uri.query().unwrap_or_default().to_owned() };
    let router = Router::new().route("/whip/room", post(answer)).route("/whep/room", post(slots));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn media_set_up_is_passed_on_with_what_the_protocol_needs_and_nothing_else() {
    let door = door().await;
    door.with_sfu(stand_in_sfu().await);
    let offer =
        door.client.post(door.url("/whip/room")).bearer_auth("room-token").header("cookie", "tongtang=1");
    let response = offer.body("offer").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 201);
    assert_eq!(response.headers()["location"], "/whip/room/session-1");
    assert_eq!(response.headers()["etag"], "\"1\"");
    assert_eq!(response.headers()["link"], "<stun:stun.example.net>; rel=\"ice-server\"");
    assert_eq!(response.headers()["accept-post"], "application/sdp");
    assert_eq!(response.headers()["accept-patch"], "application/trickle-ice-sdpfrag");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert!(!response.headers().contains_key("server"));
    assert_eq!(response.text().await.unwrap(), "answer to offer");
    let slots = door.client.post(door.url("/whep/room?slots=teacher,audio0")).send().await.unwrap();
    assert_eq!(slots.text().await.unwrap(), "slots=teacher,audio0");

    // The largest real offer: a browser's with a wall of sixteen.
    let offer = include_str!("../../sfu/tests/offers/chromium-whep-22.sdp");
    let large = door.client.post(door.url("/whip/room")).bearer_auth("room-token").body(offer);
    let response = large.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 201);
    assert_eq!(response.text().await.unwrap().len(), "answer to ".len() + offer.len());
}

#[tokio::test]
async fn what_is_no_media_set_up_does_not_reach_the_sfu() {
    let door = door().await;
    door.with_sfu(stand_in_sfu().await);
    let big =
        door.client.post(door.url("/whip/room")).body(vec![b'v'; MAX_SDP_BYTES + 1]).send().await.unwrap();
    assert_eq!(big.status().as_u16(), 413);
    let odd = door.client.post(door.url("/whip/a%2F..%2Fb")).send().await.unwrap();
    assert_eq!(odd.status().as_u16(), 404);
}

#[test]
fn a_taken_port_is_named_with_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let said = listen::bind(taken.local_addr().unwrap(), "http.listen").unwrap_err().to_string();
    assert!(said.contains("http.listen") && said.contains("another program has this port"), "{said}");
}
