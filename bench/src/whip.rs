//! WHIP and WHEP as a client: one blocking HTTP request on a connection of its own, as a page that joins makes it.

use anyhow::{Context, bail};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// More than any description or list of counters has.
const MAX_BODY_BYTES: u64 = 4 << 20;
/// The same for a line of a head, and for its lines.
const MAX_LINE_BYTES: u64 = 16 << 10;
const MAX_HEADERS: usize = 128;

/// How often a request that was refused for now (429, 503 with Retry-After) is made again.
const MAX_TRIES: u32 = 60;

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The SDP answer.
    pub answer: String,
    /// Where it is ended, as the server says it: relative or not.
    pub location: Option<String>,
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
pub fn open(server: SocketAddr, path: &str, headers: &[(&str, &str)], offer: &str) -> anyhow::Result<Opened> {
    let first_requested = Instant::now();
    let headers = [&[("Content-Type", "application/sdp")], headers].concat();
    for _ in 0..MAX_TRIES {
        let requested = Instant::now();
        let response = request(server, "POST", path, &headers, offer)?;
        let retry_after = response.header("retry-after").and_then(|seconds| seconds.parse().ok());
        match (response.status, retry_after) {
            // RFC 9725 §4.2 wants 201; servers older than it say 200.
            (200 | 201, _) => {
                let location = response.header("location").map(str::to_owned);
                return Ok(Opened { answer: response.body, location, requested, first_requested });
            }
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

/// One request on a new connection, written at once: there are servers that take what they read first for the whole.
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
    let answer = read_response(&mut BufReader::new(stream));
    let answer = answer.with_context(|| format!("{method} {path} on http://{server}"))?;
    answer.with_context(|| format!("{method} {path}: not an HTTP answer"))
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.take(MAX_LINE_BYTES).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// An answer that ends where its length says, with its last chunk, or with the connection; `None`: it is none.
fn read_response(stream: &mut impl BufRead) -> io::Result<Option<Response>> {
    let Some(status) = read_line(stream)?.split(' ').nth(1).and_then(|status| status.parse().ok()) else {
        return Ok(None);
    };
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() || headers.len() == MAX_HEADERS {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    let mut response = Response { status, headers, body: String::new() };
    let length = response.header("content-length").and_then(|bytes| bytes.parse::<u64>().ok());
    let is_chunked =
        response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let mut body = Vec::new();
    match length {
        // An answer of this kind has no body, whatever its connection does.
        _ if status == 204 => {}
        _ if is_chunked => read_chunks(stream, &mut body)?,
        Some(bytes) => {
            stream.take(bytes.min(MAX_BODY_BYTES)).read_to_end(&mut body)?;
        }
        None => {
            stream.take(MAX_BODY_BYTES).read_to_end(&mut body)?;
        }
    }
    response.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(response))
}

/// RFC 9112 §7.1.
fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(stream)?;
        let size = line.split(';').next().and_then(|size| u64::from_str_radix(size.trim(), 16).ok());
        let left = MAX_BODY_BYTES.saturating_sub(body.len() as u64);
        match size.unwrap_or_default().min(left) {
            0 => return Ok(()),
            size => stream.take(size).read_to_end(body)?,
        };
        read_line(stream)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(answer: &str) -> Option<Response> {
        read_response(&mut answer.as_bytes()).unwrap()
    }

    #[test]
    fn an_answer_is_taken_apart() {
        let response =
            parse("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n{\"title\":\"t\"}").unwrap();
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
        assert_eq!(response.body, "{\"title\":\"t\"}");
        assert!(parse("").is_none());
    }

    #[test]
    fn an_answer_ends_where_it_says_although_its_connection_does_not() {
        let body = |answer: &str| parse(answer).unwrap().body;
        assert_eq!(body("HTTP/1.1 201 Created\r\ncontent-length:3\r\n\r\nv=0 and more"), "v=0");
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nv=0\r\n2;x=y\r\n\r\n\r\n0\r\n\r\nmore";
        assert_eq!(body(chunked), "v=0\r\n");
        assert_eq!(body("HTTP/1.1 204 No Content\r\n\r\nmore"), "");
    }
}
