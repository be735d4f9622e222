//! The recorder tells signaling that it is there.

use super::process::{DEADLINE, Home};
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tongtang_protocol::control::{NodeKind, Register, Registered};

type Heard = mpsc::UnboundedSender<(String, Register)>;

/// A signaling that only listens.
async fn signaling(heard: Heard) -> String {
    let hear = |State(heard): State<Heard>, headers: HeaderMap, Json(register): Json<Register>| async move {
        let bearer = headers["authorization"].to_str().unwrap().to_owned();
        heard.send((bearer, register)).unwrap();
        Json(Registered { token_public_key_pem: String::new() })
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/internal/nodes", post(hear)).with_state(heard);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_registers_with_its_secret_and_keeps_saying_that_it_is_there() {
    let mut home = Home::new();
    let (heard, mut hears) = mpsc::unbounded_channel();
    home.signaling_url = signaling(heard).await;
    let recorder = home.start();
    let mut next = async || timeout(DEADLINE, hears.recv()).await.expect("a registration").unwrap();
    let (bearer, first) = next().await;
    assert_eq!(bearer, format!("Bearer {}", recorder.secret));
    assert_eq!((first.kind, first.draining, first.tap_addr), (NodeKind::Recorder, false, None));
    assert_eq!(first.http_url, recorder.url);
    assert_eq!(next().await.1, first, "the heartbeat says the same");
    recorder.kill();

    let again = home.start();
    let restarted = loop {
        let (_, register) = next().await;
        if register.http_url == again.url {
            break register;
        }
    };
    assert_eq!(restarted.node_id, first.node_id);
    assert_ne!(restarted.epoch, first.epoch, "signaling must know that it is another process");
}
