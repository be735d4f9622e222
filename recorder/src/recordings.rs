//! All recordings of this process.
//!
//! Owns one task ([`Run`]) for each recording that is not finished. At start every such recording on
//! disk goes on by itself: its specification, with the tap's address, is in its manifest.

use crate::manifest;
use crate::run::{Command, Context, Refusal, Run, status_of};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tongtang_protocol::control::{CaptureState, RecordingSpec, RecordingStatus};
use tongtang_protocol::ids::RecordingId;
use tongtang_protocol::lesson::LessonEvent;

/// Recordings captured at once. Signaling is refused one more and looks for another recorder.
pub const MAX_RECORDINGS: usize = 32;
/// Lesson events in one request.
pub const MAX_EVENTS_AT_ONCE: usize = 1000;
/// Commands waiting for one recording; further askers wait.
const MAX_WAITING_COMMANDS: usize = 16;
/// Folder names in the media folder that are not recordings.
const RESERVED: [&str; 1] = ["jobs"];
/// The file that composing leaves last; a recording that has it is of no more interest here.
const COMPOSED: &str = "out/resource.json";

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingsError {
    /// No such recording.
    #[error("there is no recording {0} on this recorder")]
    Unknown(RecordingId),
    /// The name is taken by a folder of the recorder's own.
    #[error("a recording cannot be called {0}")]
    Reserved(RecordingId),
    /// Another recording stands behind this name.
    #[error("the specification names recording {0}")]
    OtherRecording(RecordingId),
    /// [`MAX_RECORDINGS`].
    #[error("this recorder captures {MAX_RECORDINGS} recordings at once and not more")]
    Full,
    /// [`MAX_EVENTS_AT_ONCE`].
    #[error("at most {MAX_EVENTS_AT_ONCE} events are taken at once")]
    TooManyEvents,
    /// It is finished; nothing is added to it.
    #[error("recording {0} is finished")]
    Finished(RecordingId),
    /// The recording itself refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The process is stopping.
    #[error("this recorder is stopping")]
    Stopping,
}

struct Running {
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

/// The recordings; clones share them.
#[derive(Clone)]
pub struct Recordings {
    context: Arc<Context>,
    running: Arc<Mutex<BTreeMap<RecordingId, Running>>>,
}

impl Recordings {
    /// Takes up every recording in the media folder that is not finished, and shows the finished ones that
    /// are not composed. Reads no manifest but its end, so that a live recording goes on at once however
    /// many lessons were captured before it; those that go on are read by their own tasks.
    pub async fn resume(context: Context) -> std::io::Result<Self> {
        let all = Self { context: Arc::new(context), running: Arc::default() };
        std::fs::create_dir_all(&all.context.media_dir)?;
        let mut running = all.running.lock().await;
        for entry in std::fs::read_dir(&all.context.media_dir)? {
            let folder = entry?.path();
            let id = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            let Some(id) = id else { continue };
            if folder.join(COMPOSED).exists() || !folder.join(manifest::FILE_NAME).exists() {
                continue;
            }
            match finished_status(&folder, &id) {
                Some(status) => all.context.board.set_recording(status),
                None => {
                    tracing::info!(recording = %id, "recording goes on after a restart");
                    // Not limited: what was begun is not given up.
                    let run = all.start(id.clone());
                    running.insert(id, run);
                }
            }
        }
        drop(running);
        Ok(all)
    }

    fn start(&self, id: RecordingId) -> Running {
        let (commands, receiver) = mpsc::channel(MAX_WAITING_COMMANDS);
        let task = tokio::spawn(Run::new(self.context.clone(), id, receiver).run());
        Running { commands, task }
    }

    /// Captures what `spec` says, or moves there.
    pub async fn put(
        &self,
        id: &RecordingId,
        spec: RecordingSpec,
    ) -> Result<RecordingStatus, RecordingsError> {
        if RESERVED.contains(&id.as_str()) {
            return Err(RecordingsError::Reserved(id.clone()));
        }
        if spec.of.recording_id != *id {
            return Err(RecordingsError::OtherRecording(spec.of.recording_id));
        }
        if let Found::Finished(status) = self.look(id).await {
            return Ok(status);
        }
        let commands = {
            let mut running = self.running.lock().await;
            running.retain(|_, running| !running.task.is_finished());
            if let Some(running) = running.get(id) {
                running.commands.clone()
            } else if running.len() >= MAX_RECORDINGS {
                return Err(RecordingsError::Full);
            } else {
                let run = self.start(id.clone());
                let commands = run.commands.clone();
                running.insert(id.clone(), run);
                commands
            }
        };
        self.ask(id, &commands, |reply| Command::Specify(Box::new(spec), reply)).await
    }

    /// Appends events; those already known are skipped.
    pub async fn events(
        &self,
        id: &RecordingId,
        events: Vec<LessonEvent>,
    ) -> Result<RecordingStatus, RecordingsError> {
        if events.len() > MAX_EVENTS_AT_ONCE {
            return Err(RecordingsError::TooManyEvents);
        }
        match self.look(id).await {
            Found::Running(commands) => self.ask(id, &commands, |reply| Command::Events(events, reply)).await,
            Found::Finished(status) if events.iter().all(|event| event.seq <= status.last_event_seq) => {
                Ok(status)
            }
            Found::Finished(_) => Err(RecordingsError::Finished(id.clone())),
            Found::Nothing => Err(RecordingsError::Unknown(id.clone())),
        }
    }

    /// Closes a recording. The answer comes when the wish is on disk; the board tells when it is done.
    pub async fn finish(&self, id: &RecordingId) -> Result<RecordingStatus, RecordingsError> {
        match self.look(id).await {
            Found::Running(commands) => self.ask(id, &commands, Command::Finish).await,
            Found::Finished(status) => Ok(status),
            Found::Nothing => Err(RecordingsError::Unknown(id.clone())),
        }
    }

    /// How a recording stands, composed ones included.
    pub async fn status(&self, id: &RecordingId) -> Result<RecordingStatus, RecordingsError> {
        if let Some(status) = self.context.board.recording(id) {
            return Ok(status);
        }
        self.finished(id).await.ok_or_else(|| RecordingsError::Unknown(id.clone()))
    }

    /// Stops all recordings as they are; the next process resumes them.
    pub async fn stop(&self) {
        let running = std::mem::take(&mut *self.running.lock().await);
        for (_, running) in running {
            let (done, stopped) = oneshot::channel();
            if running.commands.send(Command::Stop(done)).await.is_ok() {
                let _ = stopped.await;
            }
        }
    }

    async fn look(&self, id: &RecordingId) -> Found {
        let running = {
            let running = self.running.lock().await;
            let running = running.get(id).filter(|running| !running.task.is_finished());
            running.map(|running| running.commands.clone())
        };
        match running {
            Some(commands) => Found::Running(commands),
            None => self.finished(id).await.map_or(Found::Nothing, Found::Finished),
        }
    }

    /// A finished recording's status, from its files.
    async fn finished(&self, id: &RecordingId) -> Option<RecordingStatus> {
        let (folder, id) = (self.context.media_dir.join(id.as_str()), id.clone());
        spawn_blocking(move || finished_status(&folder, &id)).await.ok().flatten()
    }

    async fn ask(
        &self,
        id: &RecordingId,
        commands: &mpsc::Sender<Command>,
        command: impl FnOnce(crate::run::Reply) -> Command,
    ) -> Result<RecordingStatus, RecordingsError> {
        let (reply, answer) = oneshot::channel();
        let sent = commands.send(command(reply)).await.is_ok();
        match answer.await {
            Ok(result) if sent => Ok(result?),
            // It ended between the look-up and the command.
            _ => self.finished(id).await.ok_or(RecordingsError::Stopping),
        }
    }
}

enum Found {
    Running(mpsc::Sender<Command>),
    Finished(RecordingStatus),
    Nothing,
}

/// The status of a finished recording; `None` when it is not finished or not there.
fn finished_status(folder: &Path, id: &RecordingId) -> Option<RecordingStatus> {
    let finished = manifest::read_finished(folder).ok()??;
    Some(status_of(id, finished.totals, CaptureState::Finished, None))
}
