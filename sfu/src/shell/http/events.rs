//! `GET /control/events`: NDJSON, first one snapshot, then changes. A reader that falls behind is cut
//! off; it reconnects and gets a new snapshot.

use crate::engine::{Event, Snapshot};
use crate::shell::http::Node;
use crate::shell::http::refused::Refused;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use futures_util::stream::{self, SelectAll};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tongtang_protocol::control::{KEEP_ALIVE_S, RoomSnapshot, SfuEvent};
use tongtang_protocol::ids::RoomId;

/// Silence after which a line says that the connection still lives.
const KEEP_ALIVE: Duration = Duration::from_secs(KEEP_ALIVE_S);

/// What a reader has still to get.
struct Reader {
    first: Option<SfuEvent>,
    /// Of each worker.
    events: SelectAll<BroadcastStream<Event>>,
}

/// Answers with the stream.
pub async fn stream(State(node): State<Arc<Node>>) -> Result<Response, Refused> {
    let (parts, events): (Vec<Snapshot>, Vec<_>) =
        node.workers.watch(crate::engine::Engine::snapshot).await?.into_iter().unzip();
    let rooms = joined(parts);
    let events = stream::select_all(events.into_iter().map(BroadcastStream::new));
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
            match timeout(KEEP_ALIVE, self.events.next()).await {
                Err(_) => return Some(SfuEvent::KeepAlive),
                Ok(Some(Ok(Event::Participant { room, participant }))) => {
                    return Some(SfuEvent::Participant { room, participant });
                }
                Ok(Some(Ok(Event::SessionEnded { .. }))) => {}
                Ok(None | Some(Err(BroadcastStreamRecvError::Lagged(_)))) => return None,
            }
        }
    }
}

/// The rooms of all workers: each has its own part of the participants.
fn joined(parts: Vec<Snapshot>) -> Snapshot {
    let mut rooms: BTreeMap<RoomId, RoomSnapshot> = BTreeMap::new();
    for part in parts.into_iter().flatten() {
        match rooms.get_mut(&part.room) {
            Some(known) => known.participants.extend(part.participants),
            None => {
                rooms.insert(part.room.clone(), part);
            }
        }
    }
    rooms
        .into_values()
        .map(|mut room| {
            room.participants.sort_by(|a, b| a.id.cmp(&b.id));
            room
        })
        .collect()
}
