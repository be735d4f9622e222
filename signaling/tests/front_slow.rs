//! Conditions: clients that connect and say nothing, or send a request and not its body. Check: they are
//! cut, and cost the others nothing meanwhile.
#![allow(clippy::unwrap_used, missing_docs)]

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tongtang::front::bounded::Tally;
use tongtang::front::patient::Patience;
use tongtang::front::{self, listen};
use tongtang::nodes::Nodes;
use tongtang::store::Store;
use tongtang_protocol::control::{NodeKind, Register};
use tongtang_protocol::ids::NodeId;

/// Longest wait for anything.
const DEADLINE: Duration = Duration::from_secs(30);

/// So short that whoever waits for it notices.
const SHORT: Duration = Duration::from_millis(50);

/// More than the requests that may be on their way to an sfu at once.
const CROWD: usize = 600;

struct Door {
    http: SocketAddr,
    _listeners: listen::Listeners,
    _data: tempfile::TempDir,
}

/// A front door with a stand-in sfu that answers at once.
async fn door(patience: Patience) -> Door {
    tongtang::machine::raise_open_files();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sfu = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = sfu.local_addr().unwrap();
    let answer = Router::new().route("/whip/room", post(|| async { (StatusCode::CREATED, "answer") }));
    tokio::spawn(async move { axum::serve(sfu, answer).await });
    let nodes = Nodes::new("control", String::new());
    nodes
        .register(Register {
            node_id: NodeId::new("sfu-1").unwrap(),
            kind: NodeKind::Sfu,
            epoch: 1,
            http_url: format!("http://{at}"),
            tap_addr: Some(at),
            draining: false,
        })
        .unwrap();
    let inner = Router::new().route("/api/echo", post(|body: Bytes| async move { body.len().to_string() }));
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(&data.path().join("tongtang.db")).await.unwrap();
    let router = front::router(inner, nodes, store, "control", patience);
    let http = listen::bind("127.0.0.1:0".parse().unwrap(), "http.listen").unwrap();
    let address = http.local_addr().unwrap();
    let listeners = listen::Listeners::serve(&router, http, None, Tally::new(Vec::new()), patience).unwrap();
    Door { http: address, _listeners: listeners, _data: data }
}

/// Sends the head of a request and waits until the server asks for its body (RFC 9110 §10.1.1).
async fn head_alone(door: &Door, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(door.http).await.unwrap();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 25];
    tokio::time::timeout(DEADLINE, socket.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket
}

/// All that is said until the server closes.
async fn to_the_end(mut socket: TcpStream) -> String {
    let mut said = Vec::new();
    // Closed with a reset is closed.
    let _ = tokio::time::timeout(DEADLINE, socket.read_to_end(&mut said)).await.expect("not cut");
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn requests_without_their_bodies_keep_nobody_from_connecting() {
    let door = door(Patience::default()).await;
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(head_alone(&door, "/whip/room").await);
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let offer = client.post(format!("http://{}/whip/room", door.http)).body("offer").send().await.unwrap();
    assert_eq!(offer.status().as_u16(), 201);
    // And a slow one that ends well is served like any other.
    let mut last = crowd.pop().unwrap();
    last.write_all(b"0123456789").await.unwrap();
    let mut said = [0; 12];
    tokio::time::timeout(DEADLINE, last.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"HTTP/1.1 201");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let door = door(Patience { body: SHORT, ..Patience::default() }).await;
    for (path, status) in [("/whip/room", "408"), ("/api/echo", "400")] {
        let said = to_the_end(head_alone(&door, path).await).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {said}");
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_a_head_or_no_more_is_cut() {
    let door = door(Patience { head: SHORT, ..Patience::default() }).await;
    for half in ["", "P", "PRI", "GET /he", "GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
        let mut socket = TcpStream::connect(door.http).await.unwrap();
        socket.write_all(half.as_bytes()).await.unwrap();
        let said = to_the_end(socket).await;
        assert!(!said.contains("200 OK"), "{half}: {said}");
    }
    let mut kept = TcpStream::connect(door.http).await.unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(to_the_end(kept).await.contains("200 OK"), "answered, then idle, then cut");
}

#[tokio::test]
async fn http2_without_asking_is_not_spoken() {
    let door = door(Patience::default()).await;
    let mut socket = TcpStream::connect(door.http).await.unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert_eq!(to_the_end(socket).await, "");
}
