//! Reads the nodes' event streams and tells the lessons what was said of them.
//!
//! One task a node and epoch; a stream that breaks is opened again, and begins with a snapshot that
//! replaces what was known.

use super::goal::room_of;
use super::registry::Lessons;
use crate::library::Composer;
use crate::nodes::{NodeError, NodeState, Nodes, RecorderClient, SfuClient};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;
use tongtang_protocol::control::{NodeKind, RecorderEvent, RecordingStatus, RoomSnapshot, SfuEvent};
use tongtang_protocol::ids::{LessonId, NodeId, RoomId};

/// Pause before a broken stream is opened again.
const REOPEN: Duration = Duration::from_millis(200);

/// Who hears what the nodes say.
#[derive(Clone)]
pub struct Follower {
    /// The nodes.
    pub nodes: Nodes,
    /// The lessons.
    pub lessons: Lessons,
    /// Who follows jobs.
    pub composer: Composer,
}

impl Follower {
    /// Follows all nodes, for ever.
    pub async fn run(self) {
        let mut table = self.nodes.watch();
        let mut streams: HashMap<(NodeId, u64), AbortOnDropHandle<()>> = HashMap::new();
        loop {
            let all = table.borrow_and_update().clone();
            let living: HashSet<_> = all
                .iter()
                .filter(|node| node.state != NodeState::Gone)
                .map(|node| (node.id.clone(), node.epoch))
                .collect();
            streams.retain(|key, _| living.contains(key));
            self.forget_media_of_the_dead(&living);
            for runner in self.lessons.all_running() {
                runner.keep_capture_of(|id| living.iter().any(|(node, _)| node == id));
            }
            for sfu in self.nodes.sfus() {
                let key = (sfu.node().id.clone(), sfu.node().epoch);
                streams
                    .entry(key)
                    .or_insert_with(|| AbortOnDropHandle::new(tokio::spawn(self.clone().follow_sfu(sfu))));
            }
            for node in all.iter().filter(|node| node.kind == NodeKind::Recorder) {
                if let Some(recorder) = self.nodes.recorder_named(&node.id) {
                    let key = (recorder.node().id.clone(), recorder.node().epoch);
                    streams.entry(key).or_insert_with(|| {
                        AbortOnDropHandle::new(tokio::spawn(self.clone().follow_recorder(recorder)))
                    });
                }
            }
            if table.changed().await.is_err() {
                return;
            }
        }
    }

    async fn follow_sfu(self, sfu: SfuClient) {
        loop {
            if let Err(error) = self.read_sfu(&sfu).await {
                tracing::debug!(node = %sfu.node().id, %error, "event stream broke");
            }
            sleep(REOPEN).await;
        }
    }

    async fn read_sfu(&self, sfu: &SfuClient) -> Result<(), NodeError> {
        let mut events = sfu.events().await?;
        while let Some(event) = events.next().await? {
            match event {
                SfuEvent::Snapshot { rooms, .. } => self.hear_rooms(sfu, rooms).await?,
                SfuEvent::Participant { room, participant } => {
                    if let Some(runner) = lesson_of(&room).and_then(|id| self.lessons.running(&id)) {
                        runner.hear_participant(participant);
                    }
                }
                SfuEvent::KeepAlive => {}
            }
        }
        Ok(())
    }

    /// A room without a lesson (its lesson ended while signaling or the sfu was away) is closed.
    async fn hear_rooms(&self, sfu: &SfuClient, rooms: Vec<RoomSnapshot>) -> Result<(), NodeError> {
        for snapshot in rooms {
            let runner = match lesson_of(&snapshot.room) {
                Some(id) => match self.lessons.get(&id).await {
                    Ok(runner) => runner,
                    Err(error) => {
                        // Not knowing is no reason to close a room.
                        tracing::error!(%error, "cannot look up the lesson of a room");
                        continue;
                    }
                },
                None => None,
            };
            match runner.filter(|runner| runner.view_now().state.has_media()) {
                Some(runner) => {
                    self.nodes.place(&snapshot.room, &sfu.node().id);
                    runner.hear_room(snapshot.participants);
                }
                None => sfu.delete_room(&snapshot.room).await?,
            }
        }
        Ok(())
    }

    async fn follow_recorder(self, recorder: RecorderClient) {
        loop {
            if let Err(error) = self.read_recorder(&recorder).await {
                tracing::debug!(node = %recorder.node().id, %error, "event stream broke");
            }
            sleep(REOPEN).await;
        }
    }

    async fn read_recorder(&self, recorder: &RecorderClient) -> Result<(), NodeError> {
        let node = &recorder.node().id;
        let mut events = recorder.events().await?;
        while let Some(event) = events.next().await? {
            match event {
                RecorderEvent::Snapshot { recordings, jobs, .. } => {
                    for recording in recordings {
                        self.hear_recording(node, &recording);
                    }
                    for job in jobs {
                        self.composer.hear(node, job).await;
                    }
                    self.composer.wake();
                }
                RecorderEvent::Recording { recording } => self.hear_recording(node, &recording),
                RecorderEvent::Job { job } => self.composer.hear(node, job).await,
                RecorderEvent::KeepAlive => {}
            }
        }
        Ok(())
    }

    fn hear_recording(&self, node: &NodeId, said: &RecordingStatus) {
        for runner in self.lessons.all_running() {
            if runner.lesson().recording_id.as_ref() == Some(&said.recording_id) {
                runner.hear_capture(node, said.clone());
            }
        }
    }

    fn forget_media_of_the_dead(&self, living: &HashSet<(NodeId, u64)>) {
        for runner in self.lessons.all_running() {
            let place = runner.place().borrow().clone();
            if place.is_some_and(|place| !living.contains(&(place.node, place.epoch))) {
                runner.hear_room(Vec::new());
            }
        }
    }
}

/// A lesson's room carries the lesson's id.
fn lesson_of(room: &RoomId) -> Option<LessonId> {
    let id = LessonId::new(room.as_str()).ok()?;
    (room_of(&id) == *room).then_some(id)
}
