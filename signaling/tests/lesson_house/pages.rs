//! A page's end of the lesson WebSocket.

use crate::house::DEADLINE;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub session: String,
    pub last_seq: u64,
    next_id: u64,
}

impl Page {
    /// Connects and says hello.
    pub async fn hello(addr: SocketAddr, credential: &str, resume: Option<(&str, u64)>) -> Self {
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://{addr}/api/ws")).await.unwrap();
        let mut page = Self { socket, session: String::new(), last_seq: 0, next_id: 1 };
        let resume = resume.map(|(session, last_seq)| {
            page.session = session.to_owned();
            page.last_seq = last_seq;
            json!({"session_id": session, "last_seq": last_seq})
        });
        page.say(json!({"type": "hello", "credential": credential, "resume": resume})).await;
        page
    }

    /// Connects, says hello and is welcomed.
    pub async fn enter(addr: SocketAddr, credential: &str) -> (Self, Value) {
        let mut page = Self::hello(addr, credential, None).await;
        let welcome = page.hear("welcome").await;
        page.session = welcome["session_id"].as_str().unwrap().to_owned();
        (page, welcome)
    }

    /// The status of an upgrade that is refused.
    pub async fn refused_upgrade(addr: SocketAddr, headers: &[(&'static str, &str)]) -> u16 {
        let mut request = format!("ws://{addr}/api/ws").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
            Ok(_) => 101,
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn say(&mut self, message: Value) {
        self.say_raw(Message::text(message.to_string())).await;
    }

    pub async fn say_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next message, or None: closed. Checks the numbering.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let message =
                tokio::time::timeout(DEADLINE, self.socket.next()).await.expect("no message in time")?;
            match message {
                Ok(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    let seq = message["seq"].as_u64().unwrap();
                    if seq != 0 {
                        assert_eq!(seq, self.last_seq + 1, "a hole before {message}");
                        self.last_seq = seq;
                    }
                    return Some(message);
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message of this type; others are passed over.
    pub async fn hear(&mut self, kind: &str) -> Value {
        self.hear_that(kind, |_| true).await
    }

    pub async fn hear_that(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("closed before {kind}"));
            if message["type"] == kind && fits(&message) {
                return message;
            }
        }
    }

    /// The lesson, once it looks like this.
    pub async fn see(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        self.hear_that("lesson", |message| fits(&message["lesson"])).await["lesson"].clone()
    }

    /// Asks, and waits for the answer: Ok or the problem.
    pub async fn ask(&mut self, action: Value) -> Result<(), Value> {
        let id = self.next_id;
        self.next_id += 1;
        self.say(json!({"type": "request", "id": id, "action": action})).await;
        loop {
            let message = self.next().await.expect("closed before the answer");
            if message["id"] == id {
                return match message["type"].as_str() {
                    Some("ack") => Ok(()),
                    _ => Err(message["problem"].clone()),
                };
            }
        }
    }

    /// The connection breaks without a goodbye.
    pub fn drop_it(self) -> (String, u64) {
        (self.session, self.last_seq)
    }
}
