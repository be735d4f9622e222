//! Compose jobs: which recordings wait to be composed, which are being composed, how each ended.
//!
//! ```text
//!  control ── submit, cancel ─▶ Jobs ── Queued ▶ Running ▶ Done | Failed | Cancelled ─▶ board
//!                                 │                 │
//!                      store: jobs/ID.json     process: tongtang-recorder compose
//! ```
//!
//! In: jobs from signaling. Out: their states, to the board and to one file a job. Every state is
//! brought to its end at start: what ran is queued again, at most [`MAX_ATTEMPTS`] times, unless its
//! output stands already; what a dead composer left is removed. A job waits in `Queued` until its
//! recording is finished, so signaling may submit it as soon as the lesson has ended.

mod process;
mod store;

use crate::board::Board;
use crate::compose::output::{self, Resource};
use crate::compose::progress::Line;
use crate::manifest;
use process::Ended;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Job, Store};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tongtang_protocol::control::{ComposeOutput, ComposeSpec, ComposeState, ComposeStatus};
use tongtang_protocol::ids::{JobId, RecordingId};
use tongtang_protocol::library::JobStep;
use tongtang_protocol::trouble::{JobFailure, JobTrouble};

/// How often a job is started again because the recorder ended under it. Then it has failed: it may be
/// what ends the recorder.
pub const MAX_ATTEMPTS: u32 = 3;

/// Jobs that wait or run. Beyond it a new one is refused.
pub const MAX_OPEN_JOBS: usize = 10_000;

/// Jobs that ended and are remembered; the oldest are forgotten. A done one that is submitted once more is
/// known again by its output.
pub const MAX_ENDED_JOBS: usize = 1_000;

/// Between two looks at a recording that is not finished yet, if the board does not speak before.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What jobs need of the configuration.
#[derive(Debug, Clone)]
pub struct JobsConfig {
    /// Where recordings and the folder of job files stand.
    pub media_dir: PathBuf,
    /// Composers at once; at least one.
    pub at_once: u8,
    /// Where recording stops; composers leave more than that free.
    pub min_free_bytes: u64,
    /// The program that composes when its first argument is `compose`: this one.
    pub program: PathBuf,
}

/// Why a job is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// There is no such recording here.
    #[error("this recorder has no recording {0}")]
    UnknownRecording(RecordingId),
    /// The job's name is taken by one for another recording.
    #[error("job {0} is for another recording")]
    OtherRecording(JobId),
    /// Another job composes that recording already.
    #[error("job {0} composes this recording already")]
    Busy(JobId),
    /// [`MAX_OPEN_JOBS`].
    #[error("{MAX_OPEN_JOBS} jobs wait already")]
    TooMany,
    /// The job cannot be written down.
    #[error("the job cannot be written down: {0}")]
    Store(#[from] io::Error),
}

/// The jobs of this recorder; clones share them. Dropping the last one stops nothing.
#[derive(Debug, Clone)]
pub struct Jobs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: JobsConfig,
    board: Board,
    store: Store,
    places: Semaphore,
    entries: Mutex<BTreeMap<JobId, Entry>>,
}

#[derive(Debug)]
struct Entry {
    job: Job,
    /// Stops the task that works on it; cancelled ones have none any more.
    stop: CancellationToken,
}

impl Jobs {
    /// Reads the job files, brings half-done states to their end and goes on with what waits. Must be
    /// called in a tokio runtime.
    pub fn start(config: JobsConfig, board: Board) -> io::Result<Self> {
        let store = Store::open(&config.media_dir)?;
        sweep_outputs(&config.media_dir);
        let places = Semaphore::new(usize::from(config.at_once.max(1)));
        let jobs =
            Self { inner: Arc::new(Inner { config, board, store, places, entries: Mutex::default() }) };
        let mut all = jobs.inner.store.read_all()?;
        all.sort_by_key(|job| job.ended_unix_us);
        for mut job in all {
            let before = job.clone();
            jobs.inner.reconcile(&mut job);
            if job == before {
                jobs.inner.board.set_job(job.status());
            } else {
                jobs.inner.record(&job);
            }
            let waits = job.state == ComposeState::Queued;
            let (id, stop) = (job.job_id.clone(), CancellationToken::new());
            jobs.inner.entries().insert(id.clone(), Entry { job, stop: stop.clone() });
            if waits {
                jobs.spawn(id, stop);
            }
        }
        jobs.inner.forget_oldest(&mut jobs.inner.entries());
        Ok(jobs)
    }

    /// Accepts a job. The same job again changes nothing while it waits, runs or is done (which is told
    /// again: who asks does not know it); if it failed or was cancelled, this is the retry.
    pub fn submit(&self, id: &JobId, spec: &ComposeSpec) -> Result<ComposeStatus, SubmitError> {
        let recording = &spec.recording_id;
        if !self.inner.folder(recording).is_dir() {
            return Err(SubmitError::UnknownRecording(recording.clone()));
        }
        let mut entries = self.inner.entries();
        if let Some(entry) = entries.get(id) {
            if entry.job.recording_id != *recording {
                return Err(SubmitError::OtherRecording(id.clone()));
            }
            if entry.job.is_active() {
                return Ok(entry.job.status());
            }
            if self.inner.is_done(&entry.job) {
                self.inner.board.tell_job(entry.job.status());
                return Ok(entry.job.status());
            }
        } else if let Some(output) = self.inner.made(id, recording) {
            let (job_id, recording_id) = (id.clone(), recording.clone());
            let status = ComposeStatus { job_id, recording_id, state: ComposeState::Done { output } };
            self.inner.board.tell_job(status.clone());
            return Ok(status);
        }
        if entries.values().filter(|entry| entry.job.is_active()).count() >= MAX_OPEN_JOBS {
            return Err(SubmitError::TooMany);
        }
        let mut active = entries.values().filter(|entry| entry.job.is_active());
        if let Some(other) = active.find(|entry| entry.job.recording_id == *recording) {
            return Err(SubmitError::Busy(other.job.job_id.clone()));
        }
        let job = Job {
            job_id: id.clone(),
            recording_id: recording.clone(),
            attempts: 0,
            ended_unix_us: None,
            state: ComposeState::Queued,
        };
        self.inner.store.write(&job)?;
        let status = job.status();
        self.inner.board.set_job(status.clone());
        let stop = CancellationToken::new();
        entries.insert(id.clone(), Entry { job, stop: stop.clone() });
        drop(entries);
        self.spawn(id.clone(), stop);
        Ok(status)
    }

    /// Stops a job that waits or runs; one that has ended stays as it is. `None`: there is no such job.
    pub fn cancel(&self, id: &JobId) -> Option<ComposeStatus> {
        let mut entries = self.inner.entries();
        let entry = entries.get_mut(id)?;
        if entry.job.is_active() {
            entry.stop.cancel();
            entry.job.turn(ComposeState::Cancelled);
            self.inner.record(&entry.job);
            let status = entry.job.status();
            self.inner.forget_oldest(&mut entries);
            return Some(status);
        }
        Some(entry.job.status())
    }

    /// How a job stands.
    pub fn status(&self, id: &JobId) -> Option<ComposeStatus> {
        self.inner.entries().get(id).map(|entry| entry.job.status())
    }

    /// How all jobs stand.
    pub fn snapshot(&self) -> Vec<ComposeStatus> {
        self.inner.entries().values().map(|entry| entry.job.status()).collect()
    }

    fn spawn(&self, id: JobId, stop: CancellationToken) {
        let inner = self.inner.clone();
        tokio::spawn(async move { inner.work(&id, &stop).await });
    }
}

impl Inner {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<JobId, Entry>> {
        // Every write leaves the map whole, so a poisoned lock is still good.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self, recording: &RecordingId) -> PathBuf {
        self.config.media_dir.join(recording.as_str())
    }

    fn output(&self, recording: &RecordingId) -> PathBuf {
        self.folder(recording).join(output::FOLDER)
    }

    /// Is it done, and does what it made still stand?
    fn is_done(&self, job: &Job) -> bool {
        matches!(job.state, ComposeState::Done { .. })
            && Resource::read(&self.output(&job.recording_id)).is_some()
    }

    /// What a job that was left in this state by a dead recorder is now.
    fn reconcile(&self, job: &mut Job) {
        if !matches!(job.state, ComposeState::Running { .. }) {
            return;
        }
        job.turn(match self.made(&job.job_id, &job.recording_id) {
            Some(output) => ComposeState::Done { output },
            None if job.attempts >= MAX_ATTEMPTS => ComposeState::Failed {
                failure: JobFailure::new(
                    JobTrouble::Interrupted { times: job.attempts },
                    format!("composing was interrupted {} times by the recorder ending", job.attempts),
                ),
            },
            None => ComposeState::Queued,
        });
    }

    /// What a job has made, if it stands.
    fn made(&self, id: &JobId, recording: &RecordingId) -> Option<ComposeOutput> {
        let resource = Resource::read(&self.output(recording))?;
        (resource.job.as_ref() == Some(id)).then(|| resource.to_output(recording))
    }

    /// Forgets of the jobs that ended all but the last.
    fn forget_oldest(&self, entries: &mut BTreeMap<JobId, Entry>) {
        let ended = entries.values().map(|entry| &entry.job).filter(|job| !job.is_active());
        let mut ended: Vec<_> = ended.map(|job| (job.ended_unix_us, job.job_id.clone())).collect();
        ended.sort_unstable();
        let surplus = ended.len().saturating_sub(MAX_ENDED_JOBS);
        for (_, id) in ended.drain(..surplus) {
            if let Err(error) = self.store.remove(&id) {
                tracing::warn!(job = %id, %error, "an old job's file cannot be removed");
            }
            self.board.forget_job(&id);
            entries.remove(&id);
        }
    }

    /// Writes a state down and shows it. What cannot be written is shown nevertheless: the next start
    /// finds the older state and works it out again from the files.
    fn record(&self, job: &Job) {
        if let Err(error) = self.store.write(job) {
            tracing::error!(job = %job.job_id, %error, "a job's state cannot be written down");
        }
        self.board.set_job(job.status());
        if matches!(job.state, ComposeState::Done { .. }) {
            self.board.forget_recording(&job.recording_id);
        }
    }

    /// Changes a job that this task works on. Nothing happens when it was stopped meanwhile.
    fn set(&self, id: &JobId, stop: &CancellationToken, change: impl FnOnce(&mut Job)) -> Option<Job> {
        let mut entries = self.entries();
        let entry = entries.get_mut(id).filter(|_| !stop.is_cancelled())?;
        change(&mut entry.job);
        Some(entry.job.clone())
    }

    async fn work(&self, id: &JobId, stop: &CancellationToken) {
        let Some(recording) = self.entries().get(id).map(|entry| entry.job.recording_id.clone()) else {
            return;
        };
        let _place = tokio::select! {
            // A stopped job's state was set by who stopped it.
            () = stop.cancelled() => return,
            place = self.place_for(&recording) => place,
        };
        let running = ComposeState::Running { percent: 0, step: JobStep::Reading, eta_s: None };
        let Some(job) = self.set(id, stop, |job| {
            job.attempts += 1;
            job.state = running;
        }) else {
            return;
        };
        self.record(&job);
        tracing::info!(job = %id, %recording, attempt = job.attempts, "composing begins");
        let hear = |line: &Line| {
            let state = ComposeState::Running { percent: line.percent, step: line.step, eta_s: line.eta_s };
            if let Some(job) = self.set(id, stop, |job| job.state = state) {
                // Shown, not written down: after a restart it begins again anyway.
                self.board.set_job(job.status());
            }
        };
        let JobsConfig { program, min_free_bytes, .. } = &self.config;
        let folder = self.folder(&recording);
        let ended = process::compose(program, &folder, *min_free_bytes, id, stop, hear).await;
        let Some(state) = self.state_after(ended, &recording) else { return };
        let result = match &state {
            ComposeState::Failed { failure } => {
                tracing::warn!(job = %id, %recording, error = failure.text, "composing failed");
                "failed"
            }
            _ => {
                tracing::info!(job = %id, %recording, "composing is done");
                "done"
            }
        };
        metrics::counter!("tongtang_recorder_compose_jobs_total", "result" => result).increment(1);
        if let Some(job) = self.set(id, stop, |job| job.turn(state)) {
            self.record(&job);
            self.forget_oldest(&mut self.entries());
        }
    }

    /// `None`: it was stopped, and who stopped it has set its state.
    fn state_after(&self, ended: Ended, recording: &RecordingId) -> Option<ComposeState> {
        let failure = match ended {
            Ended::Well => match Resource::read(&self.output(recording)) {
                Some(resource) => return Some(ComposeState::Done { output: resource.to_output(recording) }),
                None => JobFailure::new(JobTrouble::DiskFailing, "the composer ended without an output"),
            },
            Ended::Badly(failure) => failure,
            Ended::Stopped => return None,
        };
        Some(ComposeState::Failed { failure })
    }

    /// Waits until the recording can be composed and it is its turn.
    async fn place_for(&self, recording: &RecordingId) -> Option<SemaphorePermit<'_>> {
        self.until_finished(recording).await;
        // Never closed, so always a place.
        self.places.acquire().await.ok()
    }

    /// Waits until a recording's last packet is on disk.
    async fn until_finished(&self, recording: &RecordingId) {
        let mut changes = self.board.changes();
        // A manifest that cannot be read at all is the composer's to complain of.
        while manifest::read_finished(&self.folder(recording)).is_ok_and(|finished| finished.is_none()) {
            // Whatever changed, lagging and closing included, the files are looked at again.
            let _ = tokio::time::timeout(LOOK_AGAIN, changes.recv()).await;
        }
    }
}

/// Removes what composers left that died with the recorder.
fn sweep_outputs(media_dir: &std::path::Path) {
    let Ok(recordings) = std::fs::read_dir(media_dir) else { return };
    for recording in recordings.filter_map(Result::ok).filter(|entry| entry.path().is_dir()) {
        if let Err(error) = output::sweep(&recording.path().join(output::FOLDER)) {
            tracing::warn!(folder = %recording.path().display(), %error, "a half-done output cannot be removed");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_open_job_too_many_is_refused_and_one_that_ended_makes_room() {
        let media = tempfile::tempdir().unwrap();
        std::fs::create_dir(media.path().join("rec-new")).unwrap();
        let config = JobsConfig {
            media_dir: media.path().to_owned(),
            at_once: 1,
            min_free_bytes: 0,
            program: "/bin/false".into(),
        };
        let jobs = Jobs::start(config, Board::new(1)).unwrap();
        let name = |number: usize| JobId::new(format!("job-{number}")).unwrap();
        for number in 0..MAX_OPEN_JOBS {
            let job = Job {
                job_id: name(number),
                recording_id: RecordingId::new(format!("rec-{number}")).unwrap(),
                attempts: 0,
                ended_unix_us: None,
                state: ComposeState::Queued,
            };
            jobs.inner.entries().insert(name(number), Entry { job, stop: CancellationToken::new() });
        }
        let spec = ComposeSpec { recording_id: RecordingId::new("rec-new").unwrap() };
        let new = name(MAX_OPEN_JOBS);
        assert!(matches!(jobs.submit(&new, &spec), Err(SubmitError::TooMany)));
        assert_eq!(jobs.cancel(&name(7)).unwrap().state, ComposeState::Cancelled);
        assert_eq!(jobs.submit(&new, &spec).unwrap().state, ComposeState::Queued);
    }
}
