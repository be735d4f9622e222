//! The event stream: a snapshot, then every change, one JSON object a line.

use crate::board::Board;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;
use tongtang_protocol::control::{KEEP_ALIVE_S, RecorderEvent};

/// Silence after which a line says that the connection still lives.
const KEEP_ALIVE: Duration = Duration::from_secs(KEEP_ALIVE_S);

struct Follower {
    first: Option<RecorderEvent>,
    changes: Receiver<RecorderEvent>,
}

/// The answer to `GET /control/events`. It ends when the reader has fallen too far behind: it then
/// asks again and gets a snapshot.
pub(super) fn stream(board: &Board) -> Response {
    let (snapshot, changes) = board.follow();
    let follower = Follower { first: Some(snapshot), changes };
    let lines = stream::unfold(follower, |mut follower| async {
        let event = match follower.first.take() {
            Some(snapshot) => snapshot,
            None => match timeout(KEEP_ALIVE, follower.changes.recv()).await {
                Ok(Ok(event)) => event,
                Ok(Err(_)) => return None,
                Err(_) => RecorderEvent::KeepAlive,
            },
        };
        let mut line = serde_json::to_vec(&event).expect("events have only string keys");
        line.push(b'\n');
        Some((Ok::<_, Infallible>(Bytes::from(line)), follower))
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::board::MAX_CHANGES_BEHIND;
    use tongtang_protocol::control::{CaptureState, RecordingStatus};
    use tongtang_protocol::ids::RecordingId;

    #[tokio::test]
    async fn a_reader_too_far_behind_is_cut_off_and_finds_everything_in_the_next_snapshot() {
        let board = Board::new(5);
        let slow = stream(&board);
        let last = MAX_CHANGES_BEHIND as u64 + 1;
        for bytes in 1..=last {
            board.set_recording(RecordingStatus {
                recording_id: RecordingId::new("rec-1").unwrap(),
                state: CaptureState::Capturing,
                alarm: None,
                bytes,
                gap_ms: 0,
                last_event_seq: 0,
            });
        }
        let heard = axum::body::to_bytes(slow.into_body(), usize::MAX).await.unwrap();
        let lines: Vec<_> = heard.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 1, "the old snapshot, then the end");
        let (snapshot, _) = board.follow();
        let RecorderEvent::Snapshot { recordings, .. } = snapshot else { panic!("{snapshot:?}") };
        assert_eq!(recordings[0].bytes, last);
    }
}
