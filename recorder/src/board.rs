//! How every recording and job stands.
//!
//! Capture and jobs write their newest status here; signaling's event stream and the control API
//! read it. The board is memory only: at start both halves fill it again from the files.
//!
//! Its snapshot is one line that signaling reads whole, so what has ended is told up to a number of bytes,
//! the last first.

use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;
use tongtang_protocol::control::{
    CaptureState, ComposeState, ComposeStatus, MAX_EVENT_LINE_BYTES, RecorderEvent, RecordingStatus,
};
use tongtang_protocol::ids::{JobId, RecordingId};

/// Changes kept for a slow reader of the event stream. One that falls further behind is cut off,
/// reconnects and gets a snapshot.
pub const MAX_CHANGES_BEHIND: usize = 256;

/// Of a snapshot's line, what jobs that ended may take, and again what finished recordings may take. The half
/// that is left is enough for all that is open: see [`crate::jobs::MAX_OPEN_JOBS`] and
/// [`crate::recordings::MAX_RECORDINGS`].
const MAX_ENDED_BYTES: usize = MAX_EVENT_LINE_BYTES / 4;

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
    /// Those that are finished, in the order in which they were shown so.
    finished: VecDeque<RecordingId>,
    jobs: BTreeMap<JobId, ComposeStatus>,
    /// Those that neither wait nor run, in the order in which they were shown so.
    ended: VecDeque<JobId>,
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
            let id = &status.recording_id;
            statuses.finished.retain(|other| other != id);
            if status.state == CaptureState::Finished {
                statuses.finished.push_back(id.clone());
            }
            statuses.recordings.insert(id.clone(), status.clone());
            // No reader is no error. Sent under the lock, so that a snapshot and what follows agree.
            let _ = self.changes.send(RecorderEvent::Recording { recording: status });
        }
    }

    /// A finished recording is of no more interest: it is composed.
    pub fn forget_recording(&self, id: &RecordingId) {
        let mut statuses = self.statuses();
        if statuses.finished.contains(id) {
            statuses.finished.retain(|other| other != id);
            statuses.recordings.remove(id);
        }
    }

    /// Replaces what is known of a job and tells the readers, if it is a change.
    pub fn set_job(&self, status: ComposeStatus) {
        let mut statuses = self.statuses();
        if statuses.jobs.get(&status.job_id) != Some(&status) {
            let id = &status.job_id;
            statuses.ended.retain(|other| other != id);
            if !is_open(&status.state) {
                statuses.ended.push_back(id.clone());
            }
            statuses.jobs.insert(id.clone(), status.clone());
            let _ = self.changes.send(RecorderEvent::Job { job: status });
        }
    }

    /// Tells the readers how a job stands though nothing has changed: somebody does not know it.
    pub fn tell_job(&self, status: ComposeStatus) {
        let _statuses = self.statuses();
        let _ = self.changes.send(RecorderEvent::Job { job: status });
    }

    /// A job that ended is not told of any more.
    pub fn forget_job(&self, id: &JobId) {
        let mut statuses = self.statuses();
        statuses.ended.retain(|other| other != id);
        statuses.jobs.remove(id);
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
        let finished = statuses.finished.iter().rev().filter_map(|id| statuses.recordings.get(id));
        let captured = statuses.recordings.values().filter(|status| status.state != CaptureState::Finished);
        let ended = statuses.ended.iter().rev().filter_map(|id| statuses.jobs.get(id));
        let open = statuses.jobs.values().filter(|status| is_open(&status.state));
        let snapshot = RecorderEvent::Snapshot {
            epoch: self.epoch,
            recordings: captured.chain(as_many_as_fit(finished)).cloned().collect(),
            jobs: open.chain(as_many_as_fit(ended)).cloned().collect(),
        };
        (snapshot, self.changes.subscribe())
    }
}

/// Does it wait or run?
fn is_open(state: &ComposeState) -> bool {
    matches!(state, ComposeState::Queued | ComposeState::Running { .. })
}

/// As many from the front as have [`MAX_ENDED_BYTES`] in a line.
fn as_many_as_fit<'a, T: Serialize + 'a>(all: impl Iterator<Item = &'a T>) -> impl Iterator<Item = &'a T> {
    let mut bytes = 0;
    all.take_while(move |status| {
        bytes += serde_json::to_vec(status).map_or(0, |text| text.len() + 1);
        bytes <= MAX_ENDED_BYTES
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::compose::plan::MAX_CHAPTERS;
    use crate::jobs::{MAX_ENDED_JOBS, MAX_OPEN_JOBS};
    use tongtang_protocol::control::ComposeOutput;
    use tongtang_protocol::library::Chapter;

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

    fn job(number: usize, state: ComposeState) -> ComposeStatus {
        ComposeStatus {
            job_id: JobId::new(format!("job-{number}")).unwrap(),
            recording_id: RecordingId::new(format!("rec-{number}")).unwrap(),
            state,
        }
    }

    /// What a lesson with as many chapters as there may be leaves.
    fn done() -> ComposeState {
        let chapter = |at_ms| Chapter { at_ms, title: "三年级二班（河口教学点）上台".into() };
        ComposeState::Done {
            output: ComposeOutput {
                playlist: "rec/out/master.m3u8".into(),
                poster: "rec/out/poster.jpg".into(),
                duration_ms: 2_700_000,
                chapters: (0..MAX_CHAPTERS as u64).map(chapter).collect(),
                gap_ms: 0,
            },
        }
    }

    #[test]
    fn a_snapshot_tells_all_that_is_open_and_the_newest_of_the_rest_and_can_be_read() {
        let board = Board::new(5);
        for number in 0..MAX_OPEN_JOBS {
            board.set_job(job(number, ComposeState::Queued));
        }
        for number in MAX_OPEN_JOBS..MAX_OPEN_JOBS + MAX_ENDED_JOBS {
            board.set_job(job(number, done()));
            board.set_recording(RecordingStatus {
                recording_id: RecordingId::new(format!("rec-{number}")).unwrap(),
                state: CaptureState::Finished,
                ..status(1)
            });
        }
        let (snapshot, _) = board.follow();
        let bytes = serde_json::to_vec(&snapshot).unwrap().len();
        assert!(bytes < MAX_EVENT_LINE_BYTES, "{bytes}");
        let RecorderEvent::Snapshot { jobs, recordings, .. } = snapshot else { panic!("a snapshot") };
        let (open, ended): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| is_open(&job.state));
        assert_eq!(open.len(), MAX_OPEN_JOBS);
        assert!(ended.len() > 50, "{}", ended.len());
        for (told, number) in ended.iter().zip((0..MAX_OPEN_JOBS + MAX_ENDED_JOBS).rev()) {
            assert_eq!(told.job_id.as_str(), format!("job-{number}"));
        }
        assert_eq!(recordings.len(), MAX_ENDED_JOBS, "small enough for all");
    }

    #[test]
    fn a_composed_recording_and_a_forgotten_job_are_not_told_of() {
        let board = Board::new(5);
        board.set_recording(status(1));
        board.forget_recording(&RecordingId::new("rec-1").unwrap());
        assert_eq!(board.recordings(), [status(1)], "it is still being captured");
        let finished = RecordingStatus { state: CaptureState::Finished, ..status(2) };
        board.set_recording(finished);
        board.forget_recording(&RecordingId::new("rec-1").unwrap());
        assert_eq!(board.recordings(), []);
        board.set_job(job(1, done()));
        let (_, mut changes) = board.follow();
        board.set_job(job(1, done()));
        board.tell_job(job(1, done()));
        assert_eq!(changes.try_recv().unwrap(), RecorderEvent::Job { job: job(1, done()) });
        assert!(changes.try_recv().is_err(), "told again once, because it was asked for");
        board.forget_job(&job(1, done()).job_id);
        assert_eq!(board.jobs(), []);
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
