//! A `tongtang-sfu` process of a test's own, on free ports, ended with the test.
// Each test file uses a part of it.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use reqwest::{Client, Method, Response};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longest wait for anything that must happen.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Loopback, any free port.
pub const ANY_PORT: &str = "127.0.0.1:0";

/// A running process.
pub struct Sfu {
    pub child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The tap, with `--data-dir`.
    pub tap: Option<SocketAddr>,
    client: Client,
}

impl Sfu {
    /// `tongtang-sfu --dev`, with control API and tap when there is a data folder.
    pub async fn dev(data_dir: Option<&Path>) -> Self {
        let mut command = command(ANY_PORT);
        if let Some(folder) = data_dir {
            command.arg("--data-dir").arg(folder);
        }
        Self::start(command, data_dir.is_some()).await
    }

    /// `tongtang-sfu --dev` with a configuration file.
    pub async fn configured(file: &Path) -> Self {
        let mut command = command(ANY_PORT);
        command.arg("--config").arg(file);
        Self::start(command, false).await
    }

    async fn start(mut command: Command, has_tap: bool) -> Self {
        command.arg("--dev").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let last = if has_tap { "tap" } else { "subscribe" };
        let (mut url, mut tap) = (None, None);
        tokio::time::timeout(DEADLINE, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let mut words = line.split_whitespace();
                let word = words.next().unwrap_or_default();
                match word {
                    "publish" => url = Some(words.next().unwrap().trim_end_matches("/whip/ROOM").to_owned()),
                    "tap" => tap = Some(words.next().unwrap().parse().unwrap()),
                    _ => {}
                }
                if word == last {
                    break;
                }
            }
        })
        .await
        .expect("the sfu says where it listens");
        Self { child, url: url.expect("the sfu started"), tap, client: client() }
    }

    /// A request to the node.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// The counter of that name in `/metrics`, without prefix.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.send(Method::GET, "/metrics", &[], "").await.text().await.unwrap();
        let name = format!("tongtang_sfu_{name} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |value| value.parse().unwrap())
    }

    /// Requests refused with a status of four hundred and something.
    pub async fn refused(&self) -> u64 {
        let text = self.send(Method::GET, "/metrics", &[], "").await.text().await.unwrap();
        let name = "tongtang_sfu_http_answers_total{status=\"4xx\"} ";
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap().parse().unwrap()
    }

    /// SIGTERM, and the exit code.
    pub async fn terminate(&mut self) -> i32 {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").arg(&pid).status().await.unwrap().success());
        let status =
            tokio::time::timeout(DEADLINE, self.child.wait()).await.expect("it ends on SIGTERM").unwrap();
        status.code().expect("it exits by itself")
    }
}

/// The program with ports of its own and no settings of the machine.
pub fn command(http_listen: &str) -> Command {
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongtang-sfu"));
    command
        .current_dir(std::env::temp_dir())
        .env("TONGTANG_LOG__FILTER", "warn")
        .args(["--http-listen", http_listen, "--udp-port", "0", "--tap-listen", "127.0.0.1:0"])
        .kill_on_drop(true);
    command
}

/// A client without proxies of the machine.
pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().timeout(DEADLINE).build().unwrap()
}

/// Checks that an answer is a problem and gives its `type`.
pub async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["access-control-allow-origin"], "*", "a page can read why");
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body["status"], status);
    assert!(!body["title"].as_str().unwrap().is_empty());
    (status, body["type"].as_str().unwrap().to_owned())
}
