//! What the control API asks of a running recording.

use super::{Link, Next, Run};
use crate::clock::now_unix_us;
use crate::disk::DiskError;
use crate::manifest::GapReason;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tongtang_protocol::control::{RecordingSpec, RecordingStatus};
use tongtang_protocol::lesson::LessonEvent;

use super::finishing::Finishing;

/// Why a command was not carried out; asking again later may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The disk takes nothing.
    #[error("{0}")]
    Disk(String),
}

/// Where the answer goes.
pub type Reply = oneshot::Sender<Result<RecordingStatus, Refusal>>;

/// A command. Each has the same effect when it is repeated.
#[derive(Debug)]
pub enum Command {
    /// What to capture and from where.
    Specify(Box<RecordingSpec>, Reply),
    /// The lesson's events; answered when they are on disk.
    Events(Vec<LessonEvent>, Reply),
    /// Close the recording; answered when the wish is on disk.
    Finish(Reply),
    /// The process stops; the next one goes on.
    Stop(oneshot::Sender<()>),
}

impl Run {
    pub(super) fn command(&mut self, command: Command) -> Next {
        match command {
            Command::Specify(spec, reply) => {
                let result = self.specify(*spec);
                self.answer(reply, result);
            }
            Command::Events(events, reply) => {
                let result = self.with_disk(|run| run.events(events));
                self.answer(reply, result);
            }
            Command::Finish(reply) => {
                let result = self.with_disk(|run| {
                    let now = now_unix_us();
                    run.capture.as_mut().map_or(Ok(()), |capture| capture.finish_asked(now))?;
                    run.finishing.get_or_insert_with(|| Finishing::new(now));
                    Ok(())
                });
                self.answer(reply, result);
            }
            Command::Stop(done) => {
                let next = self.stop();
                let _ = done.send(());
                return next;
            }
        }
        Next::Turn
    }

    /// Closes the fragments; the next process resumes from the files.
    pub(super) fn stop(&mut self) -> Next {
        if let Some(mut capture) = self.capture.take() {
            match block_in_place(|| capture.roll()) {
                Ok(durable) => self.acknowledge(&durable),
                Err(error) => {
                    tracing::error!(recording = %self.id, %error, "the last fragment could not be closed");
                }
            }
        }
        Next::End
    }

    fn events(&mut self, events: Vec<LessonEvent>) -> Result<(), DiskError> {
        let Some(capture) = &mut self.capture else { return Ok(()) };
        let taken = capture.events(events)?;
        self.acknowledge(&taken.durable);
        self.wants_keyframes |= taken.needs_keyframes;
        match &self.link {
            Link::Up { .. } | Link::Connecting { .. } if taken.is_rewound => self.link = Link::again(),
            Link::Up { tap, .. } if taken.needs_keyframes => {
                tap.keyframes();
                self.wants_keyframes = false;
            }
            _ => {}
        }
        Ok(())
    }

    fn specify(&mut self, spec: RecordingSpec) -> Result<(), Refusal> {
        if self.spec.as_ref() == Some(&spec) {
            return Ok(());
        }
        self.spec = Some(spec);
        // Packets still queued belong to the old connection and are sent again by the new one.
        self.link = Link::now();
        if let Some(capture) = &mut self.capture {
            capture.away(GapReason::Away);
        }
        // A specification that cannot be written yet is written once the disk can be used again.
        let _ = self.with_disk(|run| match (&mut run.capture, &run.spec) {
            (Some(capture), Some(spec)) => Ok(capture.specify(spec, now_unix_us())?),
            _ => Ok(()),
        });
        Ok(())
    }

    /// Runs `work` with open files.
    fn with_disk(&mut self, work: impl FnOnce(&mut Self) -> Result<(), DiskError>) -> Result<(), Refusal> {
        let result = block_in_place(|| {
            if self.capture.is_none() {
                self.context.disk.check()?;
                self.open()?;
            }
            work(self)
        });
        result.map_err(|error| {
            self.disk_failed(&error);
            Refusal::Disk(error.to_string())
        })
    }

    fn answer(&self, reply: Reply, result: Result<(), Refusal>) {
        self.show();
        // The asker may have gone; the command holds all the same.
        let _ = reply.send(result.map(|()| self.status()));
    }
}
