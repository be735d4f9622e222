//! One running lesson: takes commands one after the other, stores each step, and shows the lesson
//! to whoever watches.
//!
//! Owns: the lesson and the moment. Enters: commands, sockets opening and closing, what the sfu and
//! the recorder say. Leaves: a [`LessonView`] for pages, a [`Goal`] for the delivery.

use super::goal::Goal;
use super::machine::{By, Command, Context, Lesson, Newcomer, Refusal, Step, step};
use super::view::{Moment, view_of};
use crate::bus::Bus;
use crate::store::lesson::Draft;
use crate::store::{Store, StoreError};
use crate::{clock, fresh};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tongtang_protocol::control::{RecordingStatus, SfuParticipant};
use tongtang_protocol::ids::{LessonId, NodeId, ParticipantId};
use tongtang_protocol::lesson::{LessonState, LessonView, Role};
use tongtang_protocol::trouble::RecordingAlarm;
use tongtang_protocol::units::UnixMillis;

/// How often a code is drawn again when an open lesson has it. With all 4,096 lessons a server could
/// hold open, eight collisions in a row come once in 10¹⁹.
pub const MAX_DRAWS: u32 = 8;

/// Where the room stands: what a grant must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The sfu.
    pub node: NodeId,
    /// Its epoch.
    pub epoch: u64,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The lesson says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database says no; nothing changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommandError> for crate::problem::ApiError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => Self::Lesson(refusal),
            CommandError::Store(error) => error.into(),
        }
    }
}

/// A running lesson.
pub struct Runner {
    id: LessonId,
    store: Store,
    bus: Bus,
    lesson: tokio::sync::Mutex<Lesson>,
    stage: Arc<Stage>,
    /// Ends with the runner.
    _delivery: AbortOnDropHandle<()>,
}

/// What of a running lesson others watch and report to; shared with its delivery.
pub struct Stage {
    moment: Mutex<Moment>,
    /// The lesson as last stored, for views that change with the moment only.
    stored: Mutex<Arc<Lesson>>,
    view: watch::Sender<Arc<LessonView>>,
    goal: watch::Sender<Arc<Goal>>,
    place: watch::Sender<Option<Place>>,
}

const POISON: &str = "no holder of this lock panics";

impl Stage {
    fn new(lesson: &Lesson) -> Self {
        let moment = Moment { teacher_away_since: Some(clock::now()), ..Moment::default() };
        Self {
            moment: Mutex::new(moment),
            stored: Mutex::new(Arc::new(lesson.clone())),
            view: watch::Sender::new(Arc::new(view_of(lesson, &Moment::default()))),
            goal: watch::Sender::new(Arc::new(Goal::of(lesson))),
            place: watch::Sender::new(None),
        }
    }

    fn moment(&self) -> MutexGuard<'_, Moment> {
        self.moment.lock().expect(POISON)
    }

    /// What the nodes should hold, now and whenever it changes.
    pub fn goal(&self) -> watch::Receiver<Arc<Goal>> {
        self.goal.subscribe()
    }

    /// What keeps the lesson from being captured, or that nothing does.
    pub fn set_not_captured(&self, why: Option<RecordingAlarm>) {
        self.change(|moment| moment.not_captured = why);
    }

    /// The room was put on this sfu, or it is nowhere.
    pub fn set_place(&self, place: Option<Place>) {
        self.place.send_if_modified(|known| {
            let differs = *known != place;
            if differs {
                *known = place;
            }
            differs
        });
    }

    /// Changes the moment and shows the lesson again.
    fn change(&self, change: impl FnOnce(&mut Moment)) {
        let lesson = self.stored.lock().expect(POISON).clone();
        let mut moment = self.moment();
        change(&mut moment);
        moment.mind_the_teacher(&lesson, clock::now());
        drop(moment);
        self.show();
    }

    fn show(&self) {
        let lesson = self.stored.lock().expect(POISON).clone();
        let moment = self.moment();
        let view = view_of(&lesson, &moment);
        self.view.send_if_modified(|known| {
            let differs = **known != view;
            if differs {
                *known = Arc::new(view);
            }
            differs
        });
    }

    fn set_lesson(&self, lesson: &Lesson) {
        *self.stored.lock().expect(POISON) = Arc::new(lesson.clone());
        self.show();
        let goal = Goal::of(lesson);
        self.goal.send_if_modified(|known| {
            let differs = **known != goal;
            if differs {
                *known = Arc::new(goal);
            }
            differs
        });
    }
}

impl Runner {
    /// Runs a stored lesson. `deliver` is what brings the nodes to its goal.
    pub fn new(
        lesson: Lesson,
        store: Store,
        bus: Bus,
        deliver: impl FnOnce(Arc<Stage>) -> tokio::task::JoinHandle<()>,
    ) -> Self {
        let stage = Arc::new(Stage::new(&lesson));
        Self {
            id: lesson.id.clone(),
            store,
            bus,
            _delivery: AbortOnDropHandle::new(deliver(stage.clone())),
            stage,
            lesson: tokio::sync::Mutex::new(lesson),
        }
    }

    /// Whose runner this is.
    pub fn id(&self) -> &LessonId {
        &self.id
    }

    /// The lesson as pages see it, now and whenever it changes.
    pub fn view(&self) -> watch::Receiver<Arc<LessonView>> {
        self.stage.view.subscribe()
    }

    /// The lesson as pages see it, now.
    pub fn view_now(&self) -> Arc<LessonView> {
        self.stage.view.borrow().clone()
    }

    /// Where its media is, now and whenever it moves.
    pub fn place(&self) -> watch::Receiver<Option<Place>> {
        self.stage.place.subscribe()
    }

    /// Since when no teacher is there; None: one is.
    pub fn teacher_away_since(&self) -> Option<UnixMillis> {
        self.stage.moment().teacher_away_since
    }

    /// The lesson as last stored.
    pub fn lesson(&self) -> Arc<Lesson> {
        self.stage.stored.lock().expect(POISON).clone()
    }

    /// Carries out a command. When this returns, it is stored.
    pub async fn command(&self, by: By<'_>, command: Command) -> Result<(), CommandError> {
        let mut lesson = self.lesson.lock().await;
        let before = lesson.state;
        let mut draws = 1;
        loop {
            let mut done = step(&lesson, &context(), by, command.clone())?;
            let mut draft = None;
            if done.lesson.state == LessonState::Ended && before != LessonState::Ended {
                draft = begin_processing(&mut done)?;
            }
            if done.lesson == *lesson {
                return Ok(());
            }
            let is_drawn = lesson.code.is_none() && done.lesson.code.is_some();
            match self.save(&mut lesson, done, draft).await {
                // Another open lesson has this code.
                Err(error) if is_drawn && error.is_taken() && draws < MAX_DRAWS => draws += 1,
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn save(&self, lesson: &mut Lesson, done: Step, draft: Option<Draft>) -> Result<(), StoreError> {
        self.store.save_step(&done, draft.as_ref()).await?;
        let before = std::mem::replace(lesson, done.lesson);
        self.stage.set_lesson(lesson);
        if let Some(draft) = draft {
            self.bus.resource_changed(&draft.resource_id);
            self.bus.jobs_changed();
        }
        if !before.state.has_media() && lesson.state.has_media() {
            match self.store.invited_devices(&self.id).await {
                Ok(devices) => devices.iter().for_each(|device| self.bus.device_changed(device)),
                // It is stored and open all the same; a screen that is connected again finds it.
                Err(error) => tracing::error!(lesson = %self.id, %error, "cannot tell the invited screens"),
            }
        }
        let over = before.state.has_media() && !lesson.state.has_media();
        for seat in before.seated().filter(|seat| over || lesson.seat(&seat.id).is_none()) {
            if let Some(device) = &seat.device_id {
                self.bus.device_changed(device);
            }
        }
        Ok(())
    }

    /// A lesson that ended with a recording but was not processed (killed in between) is, now.
    pub async fn process_if_ended(&self) -> Result<(), CommandError> {
        let mut lesson = self.lesson.lock().await;
        if lesson.state != LessonState::Ended || lesson.recording_id.is_none() {
            return Ok(());
        }
        let mut done = Step { lesson: lesson.clone(), log: Vec::new() };
        let draft = begin_processing(&mut done)?;
        self.save(&mut lesson, done, draft).await?;
        Ok(())
    }

    /// A command of the server itself whose storing is the caller's, in the same transaction as rows
    /// of the caller's own.
    pub async fn command_with(
        &self,
        command: Command,
        save: impl AsyncFnOnce(Step) -> Result<Step, StoreError>,
    ) -> Result<(), CommandError> {
        let mut lesson = self.lesson.lock().await;
        let done = save(step(&lesson, &context(), By::Desk, command)?).await?;
        *lesson = done.lesson;
        self.stage.set_lesson(&lesson);
        Ok(())
    }

    /// Gives a seat, or finds the one there is.
    pub async fn admit(&self, newcomer: Newcomer) -> Result<(ParticipantId, Role), CommandError> {
        if let Some(seat) = self.lesson().seat_of(&newcomer) {
            return Ok((seat.id.clone(), seat.role));
        }
        self.command(By::Desk, Command::Admit(newcomer.clone())).await?;
        let lesson = self.lesson();
        let seat = lesson.seat_of(&newcomer).ok_or(Refusal::NoSuchParticipant)?;
        Ok((seat.id.clone(), seat.role))
    }

    /// A page of this participant is connected for as long as the guard lives.
    pub fn present(self: &Arc<Self>, who: ParticipantId) -> Present {
        self.stage.change(|moment| *moment.sockets.entry(who.clone()).or_default() += 1);
        Present { runner: self.clone(), who }
    }

    /// What the sfu says of one participant.
    pub fn hear_participant(&self, said: SfuParticipant) {
        self.stage.change(|moment| {
            moment.media.insert(said.id.clone(), said);
        });
    }

    /// What the sfu says of all participants.
    pub fn hear_room(&self, said: Vec<SfuParticipant>) {
        self.stage.change(|moment| {
            moment.media = said.into_iter().map(|one| (one.id.clone(), one)).collect();
        });
    }

    /// What the recorder says.
    pub fn hear_capture(&self, node: &NodeId, said: RecordingStatus) {
        self.stage.change(|moment| {
            moment.capture = Some(said);
            moment.capture_node = Some(node.clone());
        });
    }

    /// Only these recorders answer: what another one said is not known any more.
    pub fn keep_capture_of(&self, living: impl Fn(&NodeId) -> bool) {
        let is_gone = self.stage.moment().capture_node.as_ref().is_some_and(|node| !living(node));
        if is_gone {
            self.stage.change(|moment| {
                moment.capture = None;
                moment.capture_node = None;
            });
        }
    }
}

/// A connected page.
pub struct Present {
    runner: Arc<Runner>,
    who: ParticipantId,
}

impl Present {
    /// Is this the presence of that participant in that lesson?
    pub fn is_of(&self, runner: &Arc<Runner>, who: &ParticipantId) -> bool {
        Arc::ptr_eq(&self.runner, runner) && self.who == *who
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.runner.stage.change(|moment| {
            if let Some(sockets) = moment.sockets.get_mut(&self.who) {
                *sockets -= 1;
                if *sockets == 0 {
                    moment.sockets.remove(&self.who);
                }
            }
        });
    }
}

fn context() -> Context {
    Context { now: clock::now(), fresh_recording: fresh::recording_id(), fresh_code: fresh::code() }
}

/// `ended → processing`, if there is something to process.
fn begin_processing(done: &mut Step) -> Result<Option<Draft>, Refusal> {
    let Some(recording_id) = done.lesson.recording_id.clone() else { return Ok(None) };
    let draft = Draft { resource_id: fresh::resource_id(), job_id: fresh::job_id(), recording_id };
    let next = step(&done.lesson, &context(), By::Desk, Command::Process(draft.resource_id.clone()))?;
    done.lesson = next.lesson;
    Ok(Some(draft))
}
