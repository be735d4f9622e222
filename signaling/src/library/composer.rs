//! Brings every job to its end: submits it to a recorder, hears how it stands, publishes.
//!
//! Enters: rows of open jobs, what recorders say. Leaves: calls to recorders, steps of lessons, rows.
//! A job may be submitted many times; the recorder takes it once.

use crate::bus::Bus;
use crate::clock;
use crate::fresh;
use crate::lesson::delivery::RECONCILE;
use crate::lesson::retell::{NotRetold, retell};
use crate::lesson::runner::CommandError;
use crate::lesson::{Command, Lessons, Runner};
use crate::nodes::{Nodes, RecorderClient};
use crate::problem::ApiError;
use crate::store::job::{Job, Stopped};
use crate::store::resource::Resource;
use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tongtang_protocol::control::{ComposeOutput, ComposeSpec, ComposeState, ComposeStatus};
use tongtang_protocol::ids::{JobId, NodeId, RecordingId, ResourceId};
use tongtang_protocol::library::JobState;
use tongtang_protocol::trouble::{JobFailure, JobTrouble};
use tongtang_protocol::units::UnixMillis;

/// How soon a job that no recorder took is offered again.
const RETRY: Duration = Duration::from_millis(500);

/// How long a recorder need not be heard of before its job is offered again.
const LEASE_MS: i64 = 60_000;

/// No recorder knows the recording.
const NEVER_CAPTURED: &str = "nothing was captured: no recorder was running during the lesson";

/// A recorder names files outside its own folder.
const BAD_OUTPUT: &str = "the recorder named files outside the recording's folder";

/// The composer. Cheap to clone.
#[derive(Clone)]
pub struct Composer(Arc<Inner>);

struct Inner {
    store: Store,
    nodes: Nodes,
    lessons: Lessons,
    bus: Bus,
    media_dir: PathBuf,
}

/// Which recorder, in which life, was given a job.
type Given = HashMap<JobId, (NodeId, u64)>;

impl Composer {
    /// Nothing runs before [`Composer::run`].
    pub fn new(store: Store, nodes: Nodes, lessons: Lessons, bus: Bus, media_dir: PathBuf) -> Self {
        Self(Arc::new(Inner { store, nodes, lessons, bus, media_dir }))
    }

    /// There may be work.
    pub fn wake(&self) {
        self.0.bus.jobs_changed();
    }

    /// Submits jobs, for ever.
    pub async fn run(self) {
        let mut table = self.0.nodes.watch();
        let mut given = Given::new();
        loop {
            table.borrow_and_update();
            if let Err(error) = self.sweep().await {
                tracing::error!(%error, "cannot read what is to be removed");
            }
            let all_given = match self.submit_all(&mut given).await {
                Ok(all_given) => all_given,
                Err(error) => {
                    tracing::error!(%error, "cannot read the jobs");
                    false
                }
            };
            tokio::select! {
                () = self.0.bus.wait_for_jobs() => {}
                changed = table.changed() => if changed.is_err() { return },
                () = sleep(if all_given { RECONCILE } else { RETRY }) => if all_given { given.clear() },
            }
        }
    }

    /// True: every open job is with a recorder.
    async fn submit_all(&self, given: &mut Given) -> Result<bool, StoreError> {
        let jobs = self.0.store.open_jobs().await?;
        given.retain(|id, _| jobs.iter().any(|job| job.id == *id));
        let mut all_given = true;
        for job in jobs {
            let Some(recorder) = self.recorder_for(&job).await? else {
                all_given = false;
                continue;
            };
            let place = (recorder.node().id.clone(), recorder.node().epoch);
            if given.get(&job.id) == Some(&place) {
                continue;
            }
            match self.submit(&recorder, &job).await {
                Ok(()) => {
                    given.insert(job.id.clone(), place);
                    let until = UnixMillis(clock::now().0 + LEASE_MS);
                    self.0.store.lease_job(&job.id, &recorder.node().id, until).await?;
                }
                Err(NotRetold::Node(error)) if error.is_not_found() => {
                    self.fail(&job, JobFailure::new(JobTrouble::NothingCaptured, NEVER_CAPTURED)).await;
                }
                Err(error) => {
                    tracing::debug!(job = %job.id, %error, "job not taken yet");
                    all_given = false;
                }
            }
        }
        Ok(all_given)
    }

    /// The recorder that has the recording. Where that is not known, it has not been captured (or by an
    /// older version): the one that has the lease, or else any.
    async fn recorder_for(&self, job: &Job) -> Result<Option<RecorderClient>, StoreError> {
        if let Some(node) = self.0.store.recorder_of(&job.recording_id).await? {
            return Ok(self.0.nodes.recorder_named(&node));
        }
        let holder = job.lease_node.as_ref().and_then(|node| self.0.nodes.recorder_named(node));
        Ok(holder.or_else(|| self.0.nodes.recorder()))
    }

    async fn submit(&self, recorder: &RecorderClient, job: &Job) -> Result<(), NotRetold> {
        retell(&self.0.store, recorder, &job.recording_id, 0).await?;
        recorder.finish(&job.recording_id).await?;
        recorder.put_job(&job.id, &ComposeSpec { recording_id: job.recording_id.clone() }).await?;
        Ok(())
    }

    /// What a recorder says of a job.
    pub async fn hear(&self, node: &NodeId, said: ComposeStatus) {
        if let Err(error) = self.try_hear(node, said).await {
            tracing::error!(%node, %error, "cannot store how a job stands");
        }
    }

    async fn try_hear(&self, node: &NodeId, said: ComposeStatus) -> Result<(), StoreError> {
        let Some(job) = self.0.store.job(&said.job_id).await? else {
            // Its resource was deleted while the recorder was away.
            if matches!(said.state, ComposeState::Queued | ComposeState::Running { .. }) {
                self.call_off(node, &said.job_id).await;
            }
            return Ok(());
        };
        let open = matches!(job.state, JobState::Queued | JobState::Running);
        let (state, percent, step, eta_s) = match said.state {
            ComposeState::Queued => (JobState::Queued, 0, None, None),
            ComposeState::Running { percent, step, eta_s } => {
                (JobState::Running, percent.min(100), Some(step), eta_s)
            }
            ComposeState::Done { output } if open => {
                self.publish(&job, &output).await;
                return Ok(());
            }
            ComposeState::Failed { failure } if open => {
                self.fail(&job, failure).await;
                return Ok(());
            }
            ComposeState::Cancelled if open => {
                self.stop(&job, Stopped::Cancelled).await;
                return Ok(());
            }
            ComposeState::Done { .. } | ComposeState::Failed { .. } | ComposeState::Cancelled => {
                return Ok(());
            }
        };
        if !open {
            // It was cancelled while the recorder was away.
            self.call_off(node, &job.id).await;
            return Ok(());
        }
        self.0.store.lease_job(&job.id, node, UnixMillis(clock::now().0 + LEASE_MS)).await?;
        if self.0.store.progress_job(&job.id, state, percent, step, eta_s).await? {
            self.0.bus.resource_changed(&job.resource_id);
        }
        Ok(())
    }

    async fn call_off(&self, node: &NodeId, job: &JobId) {
        if let Some(recorder) = self.0.nodes.recorder_named(node)
            && let Err(error) = recorder.cancel_job(job).await
        {
            tracing::warn!(%job, %error, "cannot cancel");
        }
    }

    async fn publish(&self, job: &Job, output: &ComposeOutput) {
        if !is_inside(&job.recording_id, &output.playlist) || !is_inside(&job.recording_id, &output.poster) {
            self.fail(job, JobFailure::new(JobTrouble::Other, BAD_OUTPUT)).await;
            return;
        }
        self.end_with(job, Command::Composed, async |step| {
            self.0.store.publish(&step, &job.id, output).await?;
            Ok(step)
        })
        .await;
    }

    async fn fail(&self, job: &Job, failure: JobFailure) {
        tracing::warn!(job = %job.id, reason = failure.text, "a job failed");
        self.stop(job, Stopped::Failed(failure)).await;
    }

    async fn stop(&self, job: &Job, how: Stopped) {
        self.end_with(job, Command::ComposeFailed, async |step| {
            self.0.store.stop_job(&step, &job.id, &how).await?;
            Ok(step)
        })
        .await;
    }

    async fn end_with(
        &self,
        job: &Job,
        command: Command,
        save: impl AsyncFnOnce(crate::lesson::machine::Step) -> Result<crate::lesson::machine::Step, StoreError>,
    ) {
        let ended = async {
            let runner = self.runner_of(&job.resource_id).await?;
            runner.command_with(command, save).await?;
            Ok::<_, ApiError>(())
        };
        match ended.await {
            Ok(()) => self.0.bus.resource_changed(&job.resource_id),
            Err(error) => tracing::error!(job = %job.id, %error, "cannot end a job"),
        }
    }

    /// Another attempt at a resource whose job failed or was stopped.
    pub async fn retry(&self, id: &ResourceId) -> Result<(), ApiError> {
        let resource = self.resource(id).await?;
        if !matches!(resource.job.state, JobState::Failed | JobState::Cancelled) {
            return Err(ApiError::JobNotNow);
        }
        let job = fresh::job_id();
        let runner = self.runner_of(id).await?;
        let retried = runner
            .command_with(Command::RetryCompose, async |step| {
                self.0.store.retry(&step, &resource, &job, clock::now()).await?;
                Ok(step)
            })
            .await;
        match retried {
            Ok(()) => {}
            // Two people pressed at once: the other one's attempt is there.
            Err(CommandError::Store(error)) if error.is_taken() => {}
            Err(error) => return Err(error.into()),
        }
        self.0.bus.resource_changed(id);
        self.wake();
        Ok(())
    }

    /// Stops the job of a resource.
    pub async fn cancel(&self, id: &ResourceId) -> Result<(), ApiError> {
        let job = self.resource(id).await?.job;
        match job.state {
            JobState::Cancelled => return Ok(()),
            JobState::Queued | JobState::Running => {}
            JobState::Done | JobState::Failed => return Err(ApiError::JobNotNow),
        }
        self.stop(&job, Stopped::Cancelled).await;
        self.cancel_at_recorder(&job).await?;
        Ok(())
    }

    /// Removes a resource: its rows, its composed files and its captured tracks.
    pub async fn delete(&self, id: &ResourceId) -> Result<(), ApiError> {
        let resource = self.resource(id).await?;
        let recorder = match self.0.store.recorder_of(&resource.facts.recording_id).await? {
            None => resource.job.lease_node.clone(),
            known => known,
        };
        let runner = self.runner_of(id).await?;
        runner
            .command_with(Command::ForgetResource, async |step| {
                self.0.store.delete_resource(&step, &resource, recorder.as_ref(), clock::now()).await?;
                Ok(step)
            })
            .await?;
        self.0.bus.resource_changed(id);
        // What cannot be removed now is tried again for as long as it takes.
        self.sweep().await?;
        Ok(())
    }

    /// Removes what deleted resources left: the work on them first, then their files.
    async fn sweep(&self) -> Result<(), StoreError> {
        for removal in self.0.store.removals().await? {
            let recorder = match &removal.recorder {
                Some(node) => self.0.nodes.recorder_named(node),
                None => self.0.nodes.recorder(),
            };
            let is_told = match recorder {
                Some(recorder) => recorder.cancel_job(&removal.job_id).await.is_ok(),
                // Nobody ever had it, so nobody works on it.
                None => removal.recorder.is_none(),
            };
            let folder = self.0.media_dir.join(removal.recording_id.as_str());
            match tokio::fs::remove_dir_all(&folder).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::error!(recording = %removal.recording_id, %error, "cannot remove the files yet");
                }
                Ok(()) | Err(_) if is_told => self.0.store.removed(&removal.recording_id).await?,
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    async fn cancel_at_recorder(&self, job: &Job) -> Result<(), StoreError> {
        if let Some(recorder) = self.recorder_for(job).await?
            && let Err(error) = recorder.cancel_job(&job.id).await
        {
            // The recorder says what it works on when it is back, and is told then.
            tracing::warn!(job = %job.id, %error, "cannot cancel now");
        }
        Ok(())
    }

    async fn resource(&self, id: &ResourceId) -> Result<Resource, ApiError> {
        self.0.store.resource(id).await?.ok_or(ApiError::NotFound)
    }

    async fn runner_of(&self, id: &ResourceId) -> Result<Arc<Runner>, ApiError> {
        let lesson = self.resource(id).await?.facts.lesson_id;
        self.0.lessons.get(&lesson).await?.ok_or(ApiError::NotFound)
    }
}

/// Do these files stand in the recording's own folder?
fn is_inside(recording: &RecordingId, path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.next() == Some(Component::Normal(recording.as_str().as_ref()))
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_recorder_cannot_publish_what_is_not_its_recordings() {
        let mine = RecordingId::new("rec-1").unwrap();
        assert!(is_inside(&mine, "rec-1/out/master.m3u8"));
        for bad in ["rec-2/out/master.m3u8", "rec-1/../rec-2/x.m3u8", "/rec-1/x.m3u8", "../rec-1/x", ""] {
            assert!(!is_inside(&mine, bad), "{bad}");
        }
    }
}
