//! WHIP and WHEP as a client: one blocking HTTP request on a connection of its own, as a page that joins makes it.

use anyhow::{Context, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a request that was refused for now (429, 503 with Retry-After) is made again.
const MAX_TRIES: u32 = 60;

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The SDP answer.
    pub answer: String,
    /// When the request was made that was answered: one that is told to come back later is made again.
    pub requested: Instant,
    /// When it was made for the first time.
    pub first_requested: Instant,
}

/// An answer to a request.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Posts an offer; waits and tries again where the server says so.
pub fn open(server: SocketAddr, path: &str, offer: &str) -> anyhow::Result<Opened> {
    let first_requested = Instant::now();
    for _ in 0..MAX_TRIES {
        let requested = Instant::now();
        let response = request(server, "POST", path, &[("Content-Type", "application/sdp")], offer)?;
        let retry_after = response.header("retry-after").and_then(|seconds| seconds.parse().ok());
        match (response.status, retry_after) {
            (201, _) => return Ok(Opened { answer: response.body, requested, first_requested }),
            // A limit that is reached does not go away by waiting.
            (429 | 503, Some(seconds)) if !response.body.contains("limit_reached") => {
                std::thread::sleep(Duration::from_secs(seconds));
            }
            (status, _) => {
                let problem: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
                let title = problem["title"].as_str().unwrap_or(response.body.trim());
                let resource = path.split('?').next().unwrap_or(path);
                bail!("the server refuses {resource} with {status}: {title}");
            }
        }
    }
    bail!("the server told us {MAX_TRIES} times to come back later")
}

/// One request on a new connection, in HTTP/1.0, so that no answer comes in chunks.
pub fn request(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<Response> {
    let mut stream =
        TcpStream::connect_timeout(&server, PATIENCE).with_context(|| format!("http://{server}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {server}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let whole = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(whole.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(|| format!("{method} {path} on http://{server}"))?;
    parse(&answer).with_context(|| format!("{method} {path}: not an HTTP answer"))
}

/// An answer that ended with its connection.
fn parse(answer: &str) -> Option<Response> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned()));
    Some(Response { status, headers: headers.collect(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let response =
            parse("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n{\"title\":\"t\"}").unwrap();
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
        assert_eq!(response.body, "{\"title\":\"t\"}");
        assert!(parse("").is_none());
    }
}
