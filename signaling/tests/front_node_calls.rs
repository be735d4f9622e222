//! Conditions: a node that fails in the ways nodes fail. Check: repeats, errors in words, events.
#![allow(clippy::unwrap_used, missing_docs)]

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get};
use axum::{Json, Router};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tongtang::nodes::{NodeError, Nodes, SfuClient};
use tongtang_protocol::control::{NodeKind, Register, Routes, SfuEvent};
use tongtang_protocol::ids::{NodeId, RoomId};

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn nodes_with(address: SocketAddr) -> Nodes {
    let nodes = Nodes::new("the-secret", "pem".into());
    let said = Register {
        node_id: NodeId::new("sfu-1").unwrap(),
        kind: NodeKind::Sfu,
        epoch: 1,
        http_url: format!("http://{address}"),
        tap_addr: Some(address),
        draining: false,
    };
    nodes.register(said).unwrap();
    nodes
}

fn room() -> RoomId {
    RoomId::new("room").unwrap()
}

async fn sfu(router: Router) -> SfuClient {
    nodes_with(serve(router).await).sfu_for(&room()).unwrap()
}

#[tokio::test]
async fn a_call_that_failed_on_the_way_is_repeated() {
    let calls = Arc::new(AtomicU32::new(0));
    let answer = |State(calls): State<Arc<AtomicU32>>, headers: HeaderMap, Json(_): Json<Routes>| async move {
        assert_eq!(headers["authorization"], "Bearer the-secret");
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::NO_CONTENT,
        }
    };
    let sfu =
        sfu(Router::new().route("/control/rooms/room/routes", any(answer)).with_state(calls.clone())).await;
    sfu.set_routes(&room(), &Routes::default()).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_keeps_the_nodes_words() {
    let calls = Arc::new(AtomicU32::new(0));
    let answer = |State(calls): State<Arc<AtomicU32>>| async move {
        calls.fetch_add(1, Ordering::Relaxed);
        (StatusCode::CONFLICT, r#"{"type":"full","title":"this node is full","status":409}"#)
    };
    let sfu =
        sfu(Router::new().route("/control/rooms/room/routes", any(answer)).with_state(calls.clone())).await;
    let error = sfu.set_routes(&room(), &Routes::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "node sfu-1 refused (409): this node is full");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn removing_what_is_not_there_succeeds() {
    let sfu = sfu(Router::new()).await;
    sfu.delete_room(&room()).await.unwrap();
}

#[tokio::test]
async fn a_dead_node_is_an_error_that_names_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sfu = nodes_with(address).sfu_for(&room()).unwrap();
    let error = sfu.delete_room(&room()).await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }) && error.to_string().contains("sfu-1"), "{error}");
}

#[tokio::test]
async fn an_endless_answer_is_given_up() {
    let endless = || async {
        let piece = Bytes::from(vec![b' '; 64 * 1024]);
        let pieces = std::iter::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        Body::from_stream(tokio_stream::iter(pieces))
    };
    let sfu = sfu(Router::new().route("/control/stats", get(endless))).await;
    let error = sfu.stats().await.unwrap_err();
    assert!(matches!(error, NodeError::Nonsense { .. }), "{error}");
}

#[tokio::test]
async fn events_arrive_one_by_one_and_the_end_is_told() {
    let lines = || async {
        let pieces = ["{\"type\":\"snapshot\",\"epo", "ch\":9,\"rooms\":[]}\n{\"type\":\"keep_alive\"}\n"];
        Body::from_stream(tokio_stream::iter(pieces.map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)))))
    };
    let sfu = sfu(Router::new().route("/control/events", get(lines))).await;
    let mut events = sfu.events().await.unwrap();
    assert!(matches!(events.next().await.unwrap(), Some(SfuEvent::Snapshot { epoch: 9, .. })));
    assert_eq!(events.next().await.unwrap(), Some(SfuEvent::KeepAlive));
    assert_eq!(events.next().await.unwrap(), None);
}

#[tokio::test]
async fn only_the_control_secret_registers_a_node() {
    let nodes = Nodes::new("the-secret", "public key".into());
    let address = serve(tongtang::nodes::register::router(nodes.clone(), "the-secret".into())).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = |secret: &'static str, body: &'static str| {
        let client = client.clone();
        async move {
            let request = client.post(format!("http://{address}/internal/nodes"));
            let request = request.header("content-type", "application/json").bearer_auth(secret).body(body);
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        }
    };
    let good = r#"{"node_id":"recorder-1","kind":"recorder","epoch":3,"http_url":"http://127.0.0.1:1","tap_addr":null,"draining":false}"#;
    assert_eq!(send("wrong", good).await.0, 401);
    assert_eq!(send("", good).await.0, 401);
    assert!(nodes.all().is_empty());
    let (status, answer) = send("the-secret", good).await;
    assert!(status == 200 && answer.contains("public key"), "{status} {answer}");
    assert_eq!(nodes.all().len(), 1);
    assert_eq!(send("the-secret", "{").await.0, 400);
    assert_eq!(send("the-secret", "x".repeat(10_000).leak()).await.0, 413);
}
