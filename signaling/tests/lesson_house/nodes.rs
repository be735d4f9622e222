//! Stand-ins for an sfu and a recorder: they write down what they are told and say what a test
//! tells them to.

use crate::house::wait_for;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tongtang::nodes::Nodes;
use tongtang_protocol::control::{NodeKind, Register};
use tongtang_protocol::ids::NodeId;

static EPOCHS: AtomicU64 = AtomicU64::new(1000);

#[derive(Clone)]
struct Told {
    secret: String,
    kind: NodeKind,
    calls: Arc<Mutex<Vec<(Method, String, Value)>>>,
    rooms: Arc<Mutex<BTreeMap<String, Value>>>,
    known_recordings: Arc<Mutex<Vec<String>>>,
    snapshot: Arc<Mutex<Value>>,
    lines: broadcast::Sender<String>,
}

impl Told {
    fn has_recording(&self, id: &str) -> bool {
        self.known_recordings.lock().unwrap().iter().any(|known| known == id)
    }
}

struct Node {
    told: Told,
    addr: std::net::SocketAddr,
    epoch: u64,
    task: JoinHandle<()>,
}

impl Node {
    async fn start(secret: &str, kind: NodeKind) -> Self {
        let epoch = EPOCHS.fetch_add(1, Ordering::Relaxed);
        let snapshot = match kind {
            NodeKind::Sfu => json!({"type": "snapshot", "epoch": epoch, "rooms": []}),
            NodeKind::Recorder => json!({"type": "snapshot", "epoch": epoch, "recordings": [], "jobs": []}),
        };
        let told = Told {
            secret: secret.to_owned(),
            kind,
            calls: Arc::default(),
            rooms: Arc::default(),
            known_recordings: Arc::default(),
            snapshot: Arc::new(Mutex::new(snapshot)),
            lines: broadcast::Sender::new(64),
        };
        let router = Router::new().fallback(answer).with_state(told.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { told, addr, epoch, task }
    }

    fn register(&self, nodes: &Nodes) {
        match self.told.kind {
            NodeKind::Sfu => self.register_as(nodes, "sfu-1"),
            NodeKind::Recorder => self.register_as(nodes, "recorder-1"),
        }
    }

    fn register_as(&self, nodes: &Nodes, name: &str) {
        let tap_addr = match self.told.kind {
            NodeKind::Sfu => Some("127.0.0.1:7881".parse().unwrap()),
            NodeKind::Recorder => None,
        };
        nodes
            .register(Register {
                node_id: NodeId::new(name).unwrap(),
                kind: self.told.kind,
                epoch: self.epoch,
                http_url: format!("http://{}", self.addr),
                tap_addr,
                draining: false,
            })
            .unwrap();
    }

    fn calls(&self, method: &Method, path: &str) -> Vec<Value> {
        let calls = self.told.calls.lock().unwrap();
        calls.iter().filter(|(m, p, _)| m == method && p == path).map(|(_, _, body)| body.clone()).collect()
    }

    async fn wait_call(&self, method: Method, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        wait_for(&format!("{method} {path}"), async || {
            self.calls(&method, path).into_iter().rev().find(|body| fits(body))
        })
        .await
    }

    /// Signaling must be listening by now.
    async fn say(&self, line: Value) {
        wait_for("a listener", async || (self.told.lines.receiver_count() > 0).then_some(())).await;
        self.told.lines.send(format!("{line}\n")).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(told): State<Told>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let bearer = format!("Bearer {}", told.secret);
    if headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes) != Some(bearer.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let path = uri.path().to_owned();
    if path == "/control/events" {
        return events(&told);
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let parts: Vec<&str> = path.split('/').collect();
    match (&method, parts.as_slice()) {
        (&Method::PUT, ["", "control", "rooms", room]) => {
            told.rooms.lock().unwrap().insert((*room).to_owned(), body["routes"].clone());
        }
        (&Method::PUT, ["", "control", "rooms", room, "routes"]) => {
            told.rooms.lock().unwrap().insert((*room).to_owned(), body.clone());
        }
        (&Method::DELETE, ["", "control", "rooms", room]) => {
            told.rooms.lock().unwrap().remove(*room);
        }
        (&Method::PUT, ["", "control", "recordings", id]) => {
            told.known_recordings.lock().unwrap().push((*id).to_owned());
        }
        (&Method::POST, ["", "control", "recordings", id, _]) if !told.has_recording(id) => {
            return StatusCode::NOT_FOUND.into_response();
        }
        _ => {}
    }
    told.calls.lock().unwrap().push((method, path, body));
    StatusCode::NO_CONTENT.into_response()
}

fn events(told: &Told) -> Response {
    let receiver = told.lines.subscribe();
    let first = format!("{}\n", told.snapshot.lock().unwrap());
    let stream = futures_util::stream::unfold((Some(first), receiver), async |(first, mut receiver)| {
        let line = match first {
            Some(line) => line,
            None => receiver.recv().await.ok()?,
        };
        Some((Ok::<_, std::io::Error>(line), (None, receiver)))
    });
    Body::from_stream(stream).into_response()
}

pub struct FakeSfu(Node);

impl FakeSfu {
    pub async fn start(secret: &str) -> Self {
        Self(Node::start(secret, NodeKind::Sfu).await)
    }

    pub fn register(&self, nodes: &Nodes) {
        self.0.register(nodes);
    }

    pub fn epoch(&self) -> u64 {
        self.0.epoch
    }

    pub fn set_rooms(&self, rooms: &Value) {
        *self.0.told.snapshot.lock().unwrap() =
            json!({"type": "snapshot", "epoch": self.0.epoch, "rooms": rooms});
    }

    /// The room's routes as last told.
    pub fn routes(&self, room: &str) -> Option<Value> {
        self.0.told.rooms.lock().unwrap().get(room).cloned()
    }

    pub async fn wait_routes(&self, room: &str, fits: impl Fn(&Value) -> bool) -> Value {
        wait_for("routes", async || self.routes(room).filter(|routes| fits(routes))).await
    }

    pub async fn wait_deleted(&self, path: &str) {
        self.0.wait_call(Method::DELETE, path, |_| true).await;
    }

    pub async fn wait_room_gone(&self, room: &str) {
        wait_for("the room to go", async || self.routes(room).is_none().then_some(())).await;
    }

    pub fn room_puts(&self, room: &str) -> usize {
        self.0.calls(&Method::PUT, &format!("/control/rooms/{room}")).len()
    }

    pub async fn say_participant(&self, room: &str, participant: Value) {
        self.0.say(json!({"type": "participant", "room": room, "participant": participant})).await;
    }
}

pub struct FakeRecorder(Node);

impl FakeRecorder {
    pub async fn start(secret: &str) -> Self {
        Self(Node::start(secret, NodeKind::Recorder).await)
    }

    pub fn register(&self, nodes: &Nodes) {
        self.0.register(nodes);
    }

    pub fn register_as(&self, nodes: &Nodes, name: &str) {
        self.0.register_as(nodes, name);
    }

    /// How many recordings it was given.
    pub fn recordings(&self) -> usize {
        self.0.told.known_recordings.lock().unwrap().len()
    }

    /// Its recordings outlive its process.
    pub fn inherit(&self, before: &Self) {
        *self.0.told.known_recordings.lock().unwrap() =
            before.0.told.known_recordings.lock().unwrap().clone();
    }

    pub fn set_snapshot(&self, recordings: &Value, jobs: &Value) {
        *self.0.told.snapshot.lock().unwrap() =
            json!({"type": "snapshot", "epoch": self.0.epoch, "recordings": recordings, "jobs": jobs});
    }

    /// The recording of this lesson, and its spec.
    pub async fn wait_recording(&self, lesson: &str) -> (String, Value) {
        wait_for("a recording", async || {
            let calls = self.0.told.calls.lock().unwrap();
            calls
                .iter()
                .rev()
                .find(|(method, path, body)| {
                    method == Method::PUT
                        && path.starts_with("/control/recordings/")
                        && body["of"]["lesson_id"] == lesson
                })
                .map(|(_, path, body)| (path.rsplit('/').next().unwrap().to_owned(), body.clone()))
        })
        .await
    }

    pub async fn wait_events(&self, recording: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/control/recordings/{recording}/events");
        self.0.wait_call(Method::POST, &path, |body| fits(&body["events"])).await["events"].clone()
    }

    /// The events of this recording as they were told, call by call.
    pub fn told_events(&self, recording: &str) -> Vec<Vec<Value>> {
        let calls = self.0.calls(&Method::POST, &format!("/control/recordings/{recording}/events"));
        calls.iter().map(|body| body["events"].as_array().unwrap().clone()).collect()
    }

    pub async fn wait_finish(&self, recording: &str) {
        self.0.wait_call(Method::POST, &format!("/control/recordings/{recording}/finish"), |_| true).await;
    }

    /// The newest job for this recording that is none of `but`.
    pub async fn wait_job(&self, recording: &str, but: &[&str]) -> String {
        wait_for("a job", async || {
            let calls = self.0.told.calls.lock().unwrap();
            calls
                .iter()
                .rev()
                .filter(|(method, path, body)| {
                    method == Method::PUT
                        && path.starts_with("/control/jobs/")
                        && body["recording_id"] == recording
                })
                .map(|(_, path, _)| path.rsplit('/').next().unwrap().to_owned())
                .find(|job| !but.contains(&job.as_str()))
        })
        .await
    }

    pub async fn wait_cancelled(&self, job: &str) {
        self.0.wait_call(Method::DELETE, &format!("/control/jobs/{job}"), |_| true).await;
    }

    pub async fn say_recording(&self, recording: Value) {
        self.0.say(json!({"type": "recording", "recording": recording})).await;
    }

    pub async fn say_job(&self, job: Value) {
        self.0.say(json!({"type": "job", "job": job})).await;
    }
}
