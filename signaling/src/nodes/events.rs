//! Reads a node's event stream: NDJSON, a snapshot first, then changes.
//!
//! Enters: an open answer. Leaves: one parsed event after the other; an error or the end means that
//! what was known is stale: open a new stream and begin with its snapshot.

use super::{Node, NodeError};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::time::Duration;
use tongtang_protocol::control::{KEEP_ALIVE_S, MAX_EVENT_LINE_BYTES};
use tongtang_protocol::ids::NodeId;

/// Two keep-alives missed, and a little. After it the stream counts as dead.
const MAX_SILENCE: Duration = Duration::from_secs(2 * KEEP_ALIVE_S + 5);

/// Events of one node, in order.
pub struct EventStream<E> {
    node: NodeId,
    response: reqwest::Response,
    lines: Lines,
    event: PhantomData<fn() -> E>,
}

impl<E: DeserializeOwned> EventStream<E> {
    pub(super) fn new(node: &Node, response: reqwest::Response) -> Self {
        Self { node: node.id.clone(), response, lines: Lines::default(), event: PhantomData }
    }

    /// The next event; `Ok(None)` when the node ended the stream.
    ///
    /// Cancel-safe: dropping the future loses no event.
    pub async fn next(&mut self) -> Result<Option<E>, NodeError> {
        loop {
            if let Some(line) = self.lines.take() {
                let event =
                    serde_json::from_slice(&line).map_err(|error| self.nonsense(error.to_string()))?;
                return Ok(Some(event));
            }
            let chunk = tokio::time::timeout(MAX_SILENCE, self.response.chunk())
                .await
                .map_err(|_| self.nonsense("silent for longer than two keep-alives".into()))?
                .map_err(|source| NodeError::Unreachable { node: self.node.clone(), source })?;
            let Some(chunk) = chunk else { return Ok(None) };
            if !self.lines.push(&chunk) {
                return Err(self.nonsense(format!("a line of more than {MAX_EVENT_LINE_BYTES} bytes")));
            }
        }
    }

    fn nonsense(&self, what: String) -> NodeError {
        NodeError::Nonsense { node: self.node.clone(), what }
    }
}

/// Cuts bytes into lines.
#[derive(Default)]
struct Lines {
    buffer: Vec<u8>,
    /// Bytes at the front that are handed out already.
    taken: usize,
}

impl Lines {
    /// False: the line under construction is too long.
    fn push(&mut self, bytes: &[u8]) -> bool {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
        self.buffer.len() <= MAX_EVENT_LINE_BYTES
    }

    /// The next complete line that is not empty.
    fn take(&mut self) -> Option<Vec<u8>> {
        loop {
            let rest = &self.buffer[self.taken..];
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let line = rest[..end].to_vec();
            self.taken += end + 1;
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Some(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_arrive() {
        let text = b"{\"a\":1}\n\n{\"b\":2}\n{\"c\":3}\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut seen = Vec::new();
            for piece in text.chunks(size) {
                assert!(lines.push(piece));
                while let Some(line) = lines.take() {
                    seen.push(line);
                }
            }
            assert_eq!(seen, [b"{\"a\":1}", b"{\"b\":2}", b"{\"c\":3}"]);
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'x'; MAX_EVENT_LINE_BYTES]));
        assert!(!lines.push(b"x"));
    }
}
