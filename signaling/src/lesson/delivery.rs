//! Brings the nodes to a lesson's goal, again and again: at once when the goal or the table of
//! nodes changes, soon after a failure, and every [`RECONCILE`] in any case.
//!
//! Every call is idempotent, so nothing is remembered but what saves calls. What a node lost (its
//! epoch changed) is put there again.

use super::goal::{Capture, Goal, room_of};
use super::retell::{NotRetold, retell};
use super::runner::{Place, Stage};
use crate::nodes::{NodeError, Nodes, SfuClient};
use crate::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tongtang_protocol::control::{RecordingSpec, Routes};
use tongtang_protocol::ids::{LessonId, RoomId};

/// How often the nodes are told even if nothing changed.
pub const RECONCILE: Duration = Duration::from_secs(10);

/// How soon a call that failed is made again.
const RETRY: Duration = Duration::from_millis(500);

/// How long the end of a room waits for its recording to be closed: the recorder still fetches
/// what it had not yet written. After it the room ends all the same.
const MAX_FINISH_WAIT: Duration = Duration::from_secs(5);

/// What a delivery needs.
#[derive(Clone)]
pub struct Delivery {
    /// Which lesson.
    pub lesson: LessonId,
    /// Where the events of its recording are.
    pub store: Store,
    /// Whom to tell.
    pub nodes: Nodes,
}

/// What was told already; wrong at worst until the next reconciliation.
#[derive(Default)]
struct Told {
    room: Option<(Place, tongtang_protocol::control::RoomSpec)>,
    expelled: Option<(Place, usize)>,
    capture: Option<(u64, u64, Capture)>,
    gone: bool,
}

/// The goal could not be reached (yet).
#[derive(Debug, thiserror::Error)]
enum NotDelivered {
    #[error("no sfu is up")]
    NoSfu,
    #[error("no recorder is up")]
    NoRecorder,
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Retell(#[from] NotRetold),
}

impl Delivery {
    /// Delivers until the lesson's runner is dropped.
    pub async fn run(self, stage: Arc<Stage>) {
        let mut goals = stage.goal();
        let mut nodes = self.nodes.watch();
        let mut told = Told::default();
        loop {
            let goal = goals.borrow_and_update().clone();
            nodes.borrow_and_update();
            let pause = match self.deliver(&stage, &goal, &mut told).await {
                Ok(()) => RECONCILE,
                Err(error) => {
                    tracing::debug!(lesson = %self.lesson, %error, "not delivered yet");
                    RETRY
                }
            };
            tokio::select! {
                changed = goals.changed() => if changed.is_err() { return },
                changed = nodes.changed() => if changed.is_err() { return },
                () = sleep(pause) => if pause == RECONCILE { told = Told { gone: told.gone, ..Told::default() } },
            }
        }
    }

    async fn deliver(&self, stage: &Stage, goal: &Goal, told: &mut Told) -> Result<(), NotDelivered> {
        let room = room_of(&self.lesson);
        if goal.room.is_none() {
            return self.end(stage, &room, goal, told).await;
        }
        // A recording that cannot start must not keep the room waiting, nor the other way round.
        let media = self.put_room(stage, &room, goal, told).await;
        let capture = self.put_capture(&room, goal, told).await;
        media.and(capture)
    }

    async fn put_room(
        &self,
        stage: &Stage,
        room: &RoomId,
        goal: &Goal,
        told: &mut Told,
    ) -> Result<(), NotDelivered> {
        let Some(spec) = &goal.room else { return Ok(()) };
        let sfu = self.nodes.sfu_for(room).ok_or(NotDelivered::NoSfu)?;
        let place = Place { node: sfu.node().id.clone(), epoch: sfu.node().epoch };
        match &told.room {
            Some((known_place, known)) if *known_place == place => {
                if known != spec {
                    sfu.set_routes(room, &spec.routes).await.inspect_err(|_| told.room = None)?;
                }
            }
            _ => {
                sfu.put_room(room, spec).await?;
                tracing::info!(lesson = %self.lesson, node = %place.node, epoch = place.epoch, "room put");
            }
        }
        told.room = Some((place.clone(), spec.clone()));
        self.expel(&sfu, room, &spec.routes, told, &place).await?;
        stage.set_place(Some(place));
        Ok(())
    }

    /// The routes keep them out; this ends the sessions they have.
    async fn expel(
        &self,
        sfu: &SfuClient,
        room: &RoomId,
        routes: &Routes,
        told: &mut Told,
        place: &Place,
    ) -> Result<(), NotDelivered> {
        let wanted = Some((place.clone(), routes.expelled.len()));
        if told.expelled == wanted {
            return Ok(());
        }
        for participant in &routes.expelled {
            sfu.expel(room, participant).await?;
        }
        told.expelled = wanted;
        Ok(())
    }

    async fn put_capture(&self, room: &RoomId, goal: &Goal, told: &mut Told) -> Result<(), NotDelivered> {
        let Capture::Running(of, _) = &goal.capture else { return Ok(()) };
        let recorder = self.nodes.recorder().ok_or(NotDelivered::NoRecorder)?;
        let sfu = self.nodes.sfu_for(room).ok_or(NotDelivered::NoSfu)?;
        let wanted = (recorder.node().epoch, sfu.node().epoch, goal.capture.clone());
        if told.capture.as_ref() == Some(&wanted) {
            return Ok(());
        }
        let tap_addr = sfu.node().tap_addr.ok_or(NotDelivered::NoSfu)?;
        let known_seq = match &told.capture {
            Some((recorder, sfu, Capture::Running(_, seq))) if (*recorder, *sfu) == (wanted.0, wanted.1) => {
                Some(*seq)
            }
            _ => None,
        };
        if known_seq.is_none() {
            let spec =
                RecordingSpec { of: of.clone(), room: room.clone(), tap_addr, sfu_epoch: sfu.node().epoch };
            recorder.put_recording(&of.recording_id, &spec).await?;
        }
        retell(&self.store, &recorder, &of.recording_id, known_seq.unwrap_or(0)).await?;
        told.capture = Some(wanted);
        Ok(())
    }

    /// The lesson is over: close the recording first, then the room.
    async fn end(
        &self,
        stage: &Stage,
        room: &RoomId,
        goal: &Goal,
        told: &mut Told,
    ) -> Result<(), NotDelivered> {
        stage.set_place(None);
        if told.gone {
            return Ok(());
        }
        if let Capture::Over(of, _) = &goal.capture
            && let Some(recorder) = self.nodes.recorder()
        {
            let close = async {
                retell(&self.store, &recorder, &of.recording_id, 0).await?;
                recorder.finish(&of.recording_id).await?;
                Ok::<_, NotDelivered>(())
            };
            // The job that composes it closes the recording too, so nothing is lost here.
            if !matches!(timeout(MAX_FINISH_WAIT, close).await, Ok(Ok(()))) {
                tracing::warn!(lesson = %self.lesson, "the recording is not closed yet");
            }
        }
        let sfu = self.nodes.sfu_for(room).ok_or(NotDelivered::NoSfu)?;
        sfu.delete_room(room).await?;
        self.nodes.forget_room(room);
        told.gone = true;
        Ok(())
    }
}
