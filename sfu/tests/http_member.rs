//! A node that belongs to signaling: it registers, learns the key, checks tokens, and leaves cleanly.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod node;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use node::{ANY_PORT, DEADLINE, client, command, problem};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::process::Child;
use tokio::sync::mpsc;
use tongtang_config::Secrets;
use tongtang_protocol::control::{Register, Registered};
use tongtang_protocol::ids::{ParticipantId, RoomId};
use tongtang_protocol::lesson::{Role, Source};
use tongtang_protocol::token::{AUDIENCE, RoomClaims};

/// Signaling as far as a node sees it: registrations come out of the channel.
async fn signaling(folder: &Path) -> (String, mpsc::Receiver<Register>) {
    let secrets = Secrets::ensure(folder).unwrap();
    let (heard, hear) = mpsc::channel(100);
    let register = move |headers: HeaderMap, Json(register): Json<Register>| {
        let (heard, secrets) = (heard.clone(), secrets.clone());
        async move {
            let sent = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
            if sent != format!("Bearer {}", secrets.control_secret) {
                return Err(StatusCode::UNAUTHORIZED);
            }
            let _ = heard.try_send(register);
            Ok(Json(Registered { token_public_key_pem: secrets.token_public_key_pem.clone() }))
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/internal/nodes", post(register))).await.unwrap();
    });
    (url, hear)
}

fn member(folder: &Path, signaling_url: &str) -> Child {
    command(ANY_PORT)
        .env("TONGTANG_DATA_DIR", folder)
        .env("TONGTANG_SFU__SIGNALING_URL", signaling_url)
        .env("TONGTANG_SFU__NODE_ID", "sfu-test")
        .spawn()
        .unwrap()
}

async fn next(hear: &mut mpsc::Receiver<Register>) -> Register {
    tokio::time::timeout(DEADLINE, hear.recv()).await.expect("the node registers").unwrap()
}

fn claims() -> RoomClaims {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    RoomClaims {
        aud: AUDIENCE.into(),
        sub: ParticipantId::new("t").unwrap(),
        room: RoomId::new("r1").unwrap(),
        role: Role::Teacher,
        publish: vec![Source::Camera, Source::Microphone],
        subscribe: false,
        iat: now_s,
        exp: now_s + 600,
    }
}

fn bearer(folder: &Path, claims: &RoomClaims) -> String {
    let key = Secrets::ensure(folder).unwrap().token_private_key_pem;
    let key = EncodingKey::from_ed_pem(key.as_bytes()).unwrap();
    format!("Bearer {}", encode(&Header::new(Algorithm::EdDSA), claims, &key).unwrap())
}

#[tokio::test]
async fn a_node_registers_checks_tokens_and_leaves_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let (url, mut hear) = signaling(folder.path()).await;
    let mut child = member(folder.path(), &url);
    let first = next(&mut hear).await;
    assert_eq!((first.node_id.as_str(), first.draining), ("sfu-test", false));
    assert!(first.tap_addr.is_some());
    assert_eq!(next(&mut hear).await, first, "the heartbeat is the same registration");

    let client = client();
    let ready = client.get(format!("{}/readyz", first.http_url)).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let offer = |room: &str, token: Option<String>| {
        let mut request = client
            .post(format!("{}/whip/{room}", first.http_url))
            .header("content-type", "application/sdp")
            .body("v=0\r\n");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        request.send()
    };
    let refused = offer("r1", None).await.unwrap();
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(problem(refused).await.0, 401);
    let token = |claims: &RoomClaims| Some(bearer(folder.path(), claims));
    let expired = RoomClaims { iat: claims().iat - 900, exp: claims().iat - 300, ..claims() };
    assert_eq!(problem(offer("r1", token(&expired)).await.unwrap()).await.0, 401);
    assert_eq!(problem(offer("r2", token(&claims())).await.unwrap()).await.0, 403, "another room");
    let listener = RoomClaims { publish: Vec::new(), subscribe: true, ..claims() };
    assert_eq!(problem(offer("r1", token(&listener)).await.unwrap()).await.0, 403, "may not publish");
    let granted = problem(offer("r1", token(&claims())).await.unwrap()).await;
    assert_ne!(granted.0, 401, "the token was accepted; what is wrong is the offer or the room: {granted:?}");
    assert_ne!(granted.0, 403);

    let secret = format!("Bearer {}", Secrets::ensure(folder.path()).unwrap().control_secret);
    let drained = client.post(format!("{}/control/drain", first.http_url)).header("authorization", secret);
    assert_eq!(drained.send().await.unwrap().status(), 204);
    while !next(&mut hear).await.draining {}

    let pid = child.id().unwrap().to_string();
    let kill = |signal: &str| std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(kill("-HUP").success());
    while !next(&mut hear).await.draining {}
    assert!(child.try_wait().unwrap().is_none(), "SIGHUP is ignored");
    assert!(kill("-TERM").success());
    let status = tokio::time::timeout(DEADLINE, child.wait()).await.expect("it ends on SIGTERM").unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn a_node_waits_for_signaling_and_tells_clients_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = command(&http.to_string())
        .env("TONGTANG_DATA_DIR", folder.path())
        .env("TONGTANG_SFU__SIGNALING_URL", format!("http://{free}"))
        .spawn()
        .unwrap();
    let client = client();
    let answer = loop {
        match client.get(format!("http://{http}/readyz")).send().await {
            Ok(answer) => break answer,
            Err(_) => assert!(child.try_wait().unwrap().is_none(), "it must not end"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(problem(answer).await, (503, "not_registered".into()));
    let offer = client
        .post(format!("http://{http}/whip/r1"))
        .header("content-type", "application/sdp")
        .header("authorization", bearer(folder.path(), &claims()))
        .body("v=0\r\n");
    let answer = offer.send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(problem(answer).await, (503, "not_registered".into()));
}
