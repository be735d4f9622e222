//! How every recording and job stands.
//!
//! Capture and jobs write their newest status here; signaling's event stream and the control API
//! read it. The board is memory only: at start both halves fill it again from the files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;
use tongtang_protocol::control::{ComposeStatus, RecorderEvent, RecordingStatus};
use tongtang_protocol::ids::{JobId, RecordingId};

/// Changes kept for a slow reader of the event stream. One that falls further behind is cut off,
/// reconnects and gets a snapshot.
pub const MAX_CHANGES_BEHIND: usize = 256;

/// The board; clones share it.
#[derive(Debug, Clone)]
pub struct Board {
    statuses: Arc<Mutex<Statuses>>,
    changes: broadcast::Sender<RecorderEvent>,
    epoch: u64,
}

#[derive(Debug, Default)]
struct Statuses {
    recordings: BTreeMap<RecordingId, RecordingStatus>,
    jobs: BTreeMap<JobId, ComposeStatus>,
}

impl Board {
    /// An empty board of a process that registers with this epoch.
    pub fn new(epoch: u64) -> Self {
        Self { statuses: Arc::default(), changes: broadcast::channel(MAX_CHANGES_BEHIND).0, epoch }
    }

    /// The process's epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    fn statuses(&self) -> MutexGuard<'_, Statuses> {
        // Every write below leaves the maps whole, so a poisoned lock is still good.
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces what is known of a recording and tells the readers, if it is a change.
    pub fn set_recording(&self, status: RecordingStatus) {
        let mut statuses = self.statuses();
        if statuses.recordings.get(&status.recording_id) != Some(&status) {
            statuses.recordings.insert(status.recording_id.clone(), status.clone());
            // No reader is no error. Sent under the lock, so that a snapshot and what follows agree.
            let _ = self.changes.send(RecorderEvent::Recording { recording: status });
        }
    }

    /// Replaces what is known of a job and tells the readers, if it is a change.
    pub fn set_job(&self, status: ComposeStatus) {
        let mut statuses = self.statuses();
        if statuses.jobs.get(&status.job_id) != Some(&status) {
            statuses.jobs.insert(status.job_id.clone(), status.clone());
            let _ = self.changes.send(RecorderEvent::Job { job: status });
        }
    }

    /// A recording's status.
    pub fn recording(&self, id: &RecordingId) -> Option<RecordingStatus> {
        self.statuses().recordings.get(id).cloned()
    }

    /// A job's status.
    pub fn job(&self, id: &JobId) -> Option<ComposeStatus> {
        self.statuses().jobs.get(id).cloned()
    }

    /// All recordings.
    pub fn recordings(&self) -> Vec<RecordingStatus> {
        self.statuses().recordings.values().cloned().collect()
    }

    /// All jobs.
    pub fn jobs(&self) -> Vec<ComposeStatus> {
        self.statuses().jobs.values().cloned().collect()
    }

    /// Every change from now on.
    pub fn changes(&self) -> broadcast::Receiver<RecorderEvent> {
        self.changes.subscribe()
    }

    /// The snapshot and every change after it.
    pub fn follow(&self) -> (RecorderEvent, broadcast::Receiver<RecorderEvent>) {
        let statuses = self.statuses();
        let snapshot = RecorderEvent::Snapshot {
            epoch: self.epoch,
            recordings: statuses.recordings.values().cloned().collect(),
            jobs: statuses.jobs.values().cloned().collect(),
        };
        (snapshot, self.changes.subscribe())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::control::CaptureState;

    fn status(bytes: u64) -> RecordingStatus {
        RecordingStatus {
            recording_id: RecordingId::new("rec-1").unwrap(),
            state: CaptureState::Capturing,
            alarm: None,
            bytes,
            gap_ms: 0,
            last_event_seq: 0,
        }
    }

    #[test]
    fn a_follower_gets_the_snapshot_then_only_changes() {
        let board = Board::new(5);
        board.set_recording(status(1));
        let (snapshot, mut changes) = board.follow();
        assert_eq!(snapshot, RecorderEvent::Snapshot { epoch: 5, recordings: vec![status(1)], jobs: vec![] });
        board.set_recording(status(1));
        board.set_recording(status(2));
        assert_eq!(changes.try_recv().unwrap(), RecorderEvent::Recording { recording: status(2) });
        assert!(changes.try_recv().is_err());
    }
}
