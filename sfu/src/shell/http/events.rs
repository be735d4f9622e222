//! `GET /control/events`: NDJSON, first one snapshot, then changes. A reader that falls behind is cut
//! off; it reconnects and gets a new snapshot.

use crate::engine::Event;
use crate::shell::http::Node;
use crate::shell::http::refused::Refused;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;
use tongtang_protocol::control::{KEEP_ALIVE_S, SfuEvent};

/// Silence after which a line says that the connection still lives.
const KEEP_ALIVE: Duration = Duration::from_secs(KEEP_ALIVE_S);

/// What a reader has still to get.
struct Reader {
    first: Option<SfuEvent>,
    events: Receiver<Event>,
}

/// Answers with the stream.
pub async fn stream(State(node): State<Arc<Node>>) -> Result<Response, Refused> {
    let (rooms, events) = node.worker.watch(crate::engine::Engine::snapshot).await?;
    let reader = Reader { first: Some(SfuEvent::Snapshot { epoch: node.epoch, rooms }), events };
    let lines = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        let mut line = serde_json::to_vec(&event).ok()?;
        line.push(b'\n');
        Some((Ok::<_, Infallible>(Bytes::from(line)), reader))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

impl Reader {
    /// `None` ends the stream: the node stops, or the reader was too slow.
    async fn next(&mut self) -> Option<SfuEvent> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            match timeout(KEEP_ALIVE, self.events.recv()).await {
                Err(_) => return Some(SfuEvent::KeepAlive),
                Ok(Ok(Event::Participant { room, participant })) => {
                    return Some(SfuEvent::Participant { room, participant });
                }
                Ok(Ok(Event::SessionEnded { .. })) => {}
                Ok(Err(RecvError::Closed | RecvError::Lagged(_))) => return None,
            }
        }
    }
}
