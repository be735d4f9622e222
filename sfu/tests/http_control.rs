//! The control API: only with the secret, every call as often as one likes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod node;

use node::{DEADLINE, Sfu, problem};
use reqwest::Method;
use serde_json::{Value, json};
use tongtang_config::Secrets;

fn bearer(folder: &std::path::Path) -> String {
    format!("Bearer {}", Secrets::ensure(folder).unwrap().control_secret)
}

fn spec() -> String {
    json!({"video_codec": "vp8", "routes": {"teacher": "t", "stage": null, "wall": ["c1"], "muted": []}})
        .to_string()
}

#[tokio::test]
async fn without_the_secret_nothing_is_told_or_done() {
    let folder = tempfile::tempdir().unwrap();
    let sfu = Sfu::dev(Some(folder.path())).await;
    let secret = bearer(folder.path());
    let other_end = if secret.ends_with('0') { '1' } else { '0' };
    let almost = format!("{}{other_end}", &secret[..secret.len() - 1]);
    for (method, path) in [
        (Method::PUT, "/control/rooms/r"),
        (Method::DELETE, "/control/rooms/r"),
        (Method::PUT, "/control/rooms/r/routes"),
        (Method::DELETE, "/control/rooms/r/participants/p"),
        (Method::PUT, "/control/rooms/r/participants/p"),
        (Method::GET, "/control/stats"),
        (Method::POST, "/control/drain"),
        (Method::GET, "/control/events"),
    ] {
        for headers in [&[][..], &[("authorization", "Bearer x")], &[("authorization", almost.as_str())]] {
            let answer = sfu.send(method.clone(), path, headers, spec()).await;
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            assert_eq!(problem(answer).await.0, 401, "{method} {path}");
        }
    }
    assert_eq!(sfu.send(Method::GET, "/readyz", &[], "").await.status(), 200, "nobody drained it");
}

#[tokio::test]
async fn a_room_may_be_put_and_deleted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let sfu = Sfu::dev(Some(folder.path())).await;
    let secret = bearer(folder.path());
    let auth = [("authorization", secret.as_str())];
    for _ in 0..2 {
        assert_eq!(sfu.send(Method::PUT, "/control/rooms/r1", &auth, spec()).await.status(), 204);
    }
    let stats: Value =
        serde_json::from_str(&sfu.send(Method::GET, "/control/stats", &auth, "").await.text().await.unwrap())
            .unwrap();
    assert_eq!(stats["rooms"], 1);
    let routes = json!({"teacher": "t", "stage": "c1", "wall": ["c1", "c2"], "muted": ["c2"]}).to_string();
    for _ in 0..2 {
        let path = "/control/rooms/r1/routes";
        assert_eq!(sfu.send(Method::PUT, path, &auth, routes.clone()).await.status(), 204);
    }
    let answer = sfu.send(Method::PUT, "/control/rooms/r1", &auth, "{\"video_codec\": 7}").await;
    assert_eq!(problem(answer).await, (400, "bad_json".into()));
    let answer = sfu
        .send(
            Method::PUT,
            "/control/rooms/none/routes",
            &auth,
            "{\"teacher\":null,\"stage\":null,\"wall\":[],\"muted\":[]}",
        )
        .await;
    assert_eq!(problem(answer).await, (404, "no_room".into()));
    for method in [Method::DELETE, Method::DELETE, Method::PUT, Method::PUT] {
        let path = "/control/rooms/r1/participants/nobody";
        assert_eq!(sfu.send(method, path, &auth, "").await.status(), 204);
    }
    let answer = sfu.send(Method::PUT, "/control/rooms/none/participants/nobody", &auth, "").await;
    assert_eq!(problem(answer).await, (404, "no_room".into()));
    let answer = sfu.send(Method::PUT, "/control/rooms/r1/participants/a%20b", &auth, "").await;
    assert_eq!(problem(answer).await, (400, "bad_request".into()));
    for _ in 0..2 {
        assert_eq!(sfu.send(Method::DELETE, "/control/rooms/r1", &auth, "").await.status(), 204);
    }
    assert_eq!(sfu.metric("rooms").await, 0);
}

#[tokio::test]
async fn events_begin_with_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let sfu = Sfu::dev(Some(folder.path())).await;
    let secret = bearer(folder.path());
    let auth = [("authorization", secret.as_str())];
    sfu.send(Method::PUT, "/control/rooms/r1", &auth, spec()).await;
    let mut events = sfu.send(Method::GET, "/control/events", &auth, "").await;
    assert_eq!(events.headers()["content-type"], "application/x-ndjson");
    let first = tokio::time::timeout(DEADLINE, events.chunk()).await.unwrap().unwrap().unwrap();
    let first: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(first["type"], "snapshot");
    assert_eq!(first["rooms"][0]["room"], "r1");
    assert!(first["epoch"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_drained_node_says_so_and_takes_no_new_rooms() {
    let folder = tempfile::tempdir().unwrap();
    let sfu = Sfu::dev(Some(folder.path())).await;
    let secret = bearer(folder.path());
    let auth = [("authorization", secret.as_str())];
    for _ in 0..2 {
        assert_eq!(sfu.send(Method::POST, "/control/drain", &auth, "").await.status(), 204);
    }
    let ready = sfu.send(Method::GET, "/readyz", &[], "").await;
    assert_eq!(problem(ready).await, (503, "draining".into()));
    let put = sfu.send(Method::PUT, "/control/rooms/r1", &auth, spec()).await;
    assert_eq!(put.headers()["retry-after"], "1");
    assert_eq!(problem(put).await, (503, "draining".into()));
}

#[tokio::test]
async fn metrics_are_not_for_whoever_a_proxy_lets_through() {
    let folder = tempfile::tempdir().unwrap();
    let sfu = Sfu::dev(Some(folder.path())).await;
    let secret = bearer(folder.path());
    let forwarded = ("x-forwarded-for", "203.0.113.9");
    let refused = sfu.send(Method::GET, "/metrics", &[forwarded], "").await;
    assert_eq!(problem(refused).await, (403, "forbidden".into()));
    let auth = ("authorization", secret.as_str());
    assert_eq!(sfu.send(Method::GET, "/metrics", &[forwarded, auth], "").await.status(), 200);
    assert_eq!(sfu.send(Method::GET, "/metrics", &[], "").await.status(), 200);
}
