//! Conditions: a signaling that answers badly, then well. Check: the node asks on and believes only the good answer.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::mpsc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tongtang_http::register::Registrar;
use tongtang_protocol::control::{NodeKind, Register};
use tongtang_protocol::ids::NodeId;

const DEADLINE: Duration = Duration::from_secs(30);

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Reads a request to its end: head and as many bytes as it announces.
async fn request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= announced.unwrap_or(0) {
                return text;
            }
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "a whole request");
    }
}

#[tokio::test]
async fn a_node_believes_a_good_answer_only_and_asks_until_it_has_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let signaling_url = format!("http://{}/", listener.local_addr().unwrap());
    let register = Register {
        node_id: NodeId::new("node-1").unwrap(),
        kind: NodeKind::Recorder,
        epoch: 7,
        http_url: "http://127.0.0.1:1".into(),
        tap_addr: None,
        draining: false,
    };
    let (tell, heard) = mpsc::channel();
    let registrar = Registrar { signaling_url, control_secret: "secret".into() };
    let node = tokio::spawn(registrar.keep_registered(
        move || register.clone(),
        move |registered| {
            tell.send(registered.token_public_key_pem.clone()).unwrap();
            Ok(())
        },
    ));
    let long = format!(r#"{{"token_public_key_pem":"{}"}}"#, "x".repeat(20_000));
    let answers = [
        answer("503 Service Unavailable", ""),
        answer("200 OK", "no JSON"),
        answer("200 OK", &long),
        answer("302 Found", ""),
        answer("200 OK", r#"{"token_public_key_pem":"key"}"#),
        // The heartbeat after it.
        answer("200 OK", r#"{"token_public_key_pem":"key"}"#),
    ];
    let talk = async {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = request(&mut stream).await;
            assert!(asked.starts_with("POST /internal/nodes HTTP/1.1\r\n"), "{asked}");
            assert!(asked.to_lowercase().contains("authorization: bearer secret\r\n"), "{asked}");
            assert!(asked.contains(r#""epoch":7"#), "{asked}");
            // It hangs up on an answer that is too long.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    };
    tokio::time::timeout(DEADLINE, talk).await.unwrap();
    node.abort();
    let _ = node.await;
    assert!(heard.iter().all(|key| key == "key"));
}
