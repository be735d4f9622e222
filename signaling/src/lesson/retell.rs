//! Tells a recorder what happened in a lesson; what it knows already it skips.

use crate::nodes::{NodeError, RecorderClient};
use crate::store::{Store, StoreError};
use tongtang_protocol::ids::RecordingId;

/// Events sent at once; recorders take a thousand.
const MAX_EVENTS_AT_ONCE: usize = 500;

/// Why a recorder does not know it all.
#[derive(Debug, thiserror::Error)]
pub enum NotRetold {
    /// The recorder did not take it.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The events could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends all events after `after`, in order.
pub async fn retell(
    store: &Store,
    recorder: &RecorderClient,
    recording: &RecordingId,
    after: u64,
) -> Result<(), NotRetold> {
    let events = store.lesson_events(recording, after).await?;
    for some in events.chunks(MAX_EVENTS_AT_ONCE) {
        recorder.append_events(recording, some.to_vec()).await?;
    }
    Ok(())
}
