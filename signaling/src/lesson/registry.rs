//! All running lessons. A lesson runs from the first time somebody asks for it until nobody does
//! and the nodes have nothing to do for it.

use super::delivery::Delivery;
use super::machine::{By, Command, Lesson};
use super::runner::{CommandError, Runner};
use crate::bus::Bus;
use crate::clock;
use crate::nodes::Nodes;
use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tongtang_protocol::control::MAX_ROOMS;
use tongtang_protocol::ids::{DeviceId, LessonId};
use tongtang_protocol::lesson::{LessonState, OPENS_BEFORE_MS};
use tongtang_protocol::units::UnixMillis;

/// How long a lesson that ended still runs, so that its delivery closes its room.
const ENDING_MS: i64 = 60_000;

/// A scheduled lesson that could not be opened so long after its time does not take place.
const MISSED_MS: i64 = 2 * 3_600_000;

/// A lesson being taught ends when its teacher is gone so long, in milliseconds: a whole morning's
/// break is shorter, a laptop that was closed is not opened again.
pub const TAUGHT_ALONE_MS: i64 = 2 * 3_600_000;

/// An open lesson ends when no teacher was there for so long, in milliseconds: it may be made the day
/// before.
pub const OPEN_ALONE_MS: i64 = 24 * 3_600_000;

/// The registry. Cheap to clone.
#[derive(Clone)]
pub struct Lessons(Arc<Inner>);

struct Inner {
    store: Store,
    nodes: Nodes,
    bus: Bus,
    running: Mutex<HashMap<LessonId, Arc<Runner>>>,
    /// One lesson is never loaded twice at once: two runners would overwrite each other's steps.
    loading: tokio::sync::Mutex<()>,
}

const POISON: &str = "no holder of this lock panics";

impl Lessons {
    /// Nothing runs yet.
    pub fn new(store: Store, nodes: Nodes, bus: Bus) -> Self {
        Self(Arc::new(Inner {
            store,
            nodes,
            bus,
            running: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
        }))
    }

    /// The runner of a lesson, if it runs.
    pub fn running(&self, id: &LessonId) -> Option<Arc<Runner>> {
        self.0.running.lock().expect(POISON).get(id).cloned()
    }

    /// All that run.
    pub fn all_running(&self) -> Vec<Arc<Runner>> {
        self.0.running.lock().expect(POISON).values().cloned().collect()
    }

    /// The runner of a lesson; it runs from now on. None: there is no such lesson.
    pub async fn get(&self, id: &LessonId) -> Result<Option<Arc<Runner>>, StoreError> {
        if let Some(runner) = self.running(id) {
            return Ok(Some(runner));
        }
        let _one_at_a_time = self.0.loading.lock().await;
        if let Some(runner) = self.running(id) {
            return Ok(Some(runner));
        }
        let Some(lesson) = self.0.store.lesson(id).await? else { return Ok(None) };
        Ok(Some(self.run(lesson)))
    }

    fn run(&self, lesson: Lesson) -> Arc<Runner> {
        let delivery =
            Delivery { lesson: lesson.id.clone(), store: self.0.store.clone(), nodes: self.0.nodes.clone() };
        let id = lesson.id.clone();
        let runner = Arc::new(Runner::new(lesson, self.0.store.clone(), self.0.bus.clone(), |stage| {
            tokio::spawn(delivery.run(stage))
        }));
        self.0.running.lock().expect(POISON).insert(id, runner.clone());
        runner
    }

    /// Removes a screen that is no longer known from its lesson.
    pub async fn expel_device(&self, lesson: &LessonId, device: &DeviceId) -> Result<(), CommandError> {
        let Some(runner) = self.get(lesson).await? else { return Ok(()) };
        let seat = runner
            .lesson()
            .classrooms()
            .find(|seat| seat.device_id.as_ref() == Some(device))
            .map(|seat| seat.id.clone());
        match seat {
            Some(participant) => runner.command(By::Desk, Command::Expel(participant)).await,
            None => Ok(()),
        }
    }

    /// Opens the scheduled lessons whose time has come. One whose time passed long ago, while the server
    /// was off, ends instead: nobody waits for it any more.
    pub async fn open_due(&self, now: UnixMillis) -> Result<(), CommandError> {
        for id in self.0.store.due_lessons(UnixMillis(now.0 + OPENS_BEFORE_MS)).await? {
            let Some(runner) = self.get(&id).await? else { continue };
            let missed = runner.lesson().starts_at.is_some_and(|at| at.0 < now.0 - MISSED_MS);
            if !missed && !self.has_room().await? {
                tracing::warn!(lesson = %id, "not opened yet: the media servers have no room for one more");
                continue;
            }
            let command = if missed { Command::End } else { Command::Open };
            tracing::info!(lesson = %id, missed, "a scheduled lesson's time has come");
            runner.command(By::Desk, command).await?;
        }
        Ok(())
    }

    /// Is there room for one more open lesson? An sfu refuses rooms beyond its limit, and a lesson
    /// without a room would only keep its pages waiting.
    pub async fn has_room(&self) -> Result<bool, StoreError> {
        let sfus = self.0.nodes.sfus().len().max(1);
        Ok(self.0.store.count_open_lessons().await? < sfus * MAX_ROOMS)
    }

    /// Ends lessons that nobody teaches any more: what is recorded is silence, their codes can be
    /// guessed, and each holds a room.
    pub async fn end_abandoned(&self, now: UnixMillis) -> Result<(), CommandError> {
        for runner in self.all_running() {
            let lesson = runner.lesson();
            let patience = match lesson.state {
                LessonState::Open => OPEN_ALONE_MS,
                LessonState::Live | LessonState::Paused => TAUGHT_ALONE_MS,
                _ => continue,
            };
            let Some(since) = runner.teacher_away_since() else { continue };
            let since = lesson.starts_at.map_or(since, |at| since.max(at));
            if now.0 - since.0 >= patience {
                tracing::warn!(lesson = %runner.id(), state = ?lesson.state, "ended: its teacher is gone");
                runner.command(By::Desk, Command::End).await?;
            }
        }
        Ok(())
    }

    /// Runs every lesson the nodes have something to do for; lets go of those nobody needs.
    pub async fn reconcile(&self) -> Result<(), CommandError> {
        for id in self.0.store.unfinished_lessons().await? {
            if let Some(runner) = self.get(&id).await? {
                runner.process_if_ended().await?;
            }
        }
        self.0.running.lock().expect(POISON).retain(|_, runner| {
            let view = runner.view_now();
            let ending = view.ended_at.is_some_and(|at| at.0 > clock::now().0 - ENDING_MS);
            let working = view.state.has_media() || view.state == LessonState::Processing || ending;
            // With the map locked nobody can come by another handle than through one of these.
            working || Arc::strong_count(runner) > 1
        });
        Ok(())
    }
}
