//! The lesson and its state machine: a command and a lesson give the next lesson and what to log.
//!
//! Pure: no clock, no randomness, no I/O. Time and fresh identifiers come in with [`Context`].
//! [`step`] never changes its input, so that a lesson that could not be stored did not change.

use std::fmt;
use tongtang_protocol::ids::{DeviceId, LessonId, ParticipantId, RecordingId, ResourceId};
use tongtang_protocol::lesson::{
    LessonEvent, LessonEventKind, LessonState, MAX_CLASSROOMS, Role, VideoCodec,
};
use tongtang_protocol::units::UnixMillis;

/// Assistants of one lesson. One more is refused as [`Refusal::Full`].
pub const MAX_ASSISTANTS: usize = 16;

/// Observers of one lesson. One more is refused as [`Refusal::Full`]; broadcasts have no such limit.
pub const MAX_OBSERVERS: usize = 16;

/// Longest shown name of a participant or device, in characters; longer ones are refused.
pub const MAX_NAME_CHARS: usize = 60;

/// A six-digit code a classroom screen types once.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Code(String);

impl Code {
    /// Digits of a code.
    pub const DIGITS: usize = 6;

    /// Exactly six ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == Self::DIGITS && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A code is a secret: it is not printed.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(……)")
    }
}

/// A lesson, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// Identity.
    pub id: LessonId,
    /// Title.
    pub title: String,
    /// Where it stands.
    pub state: LessonState,
    /// Codec of every picture.
    pub video_codec: VideoCodec,
    /// Is it to be recorded while live?
    pub record: bool,
    /// What classroom screens type; absent before the lesson is open and once it is over.
    pub code: Option<Code>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it is to begin, if on a timetable.
    pub starts_at: Option<UnixMillis>,
    /// When it became live for the first time.
    pub started_at: Option<UnixMillis>,
    /// When it ended.
    pub ended_at: Option<UnixMillis>,
    /// Everybody who was ever admitted, in that order.
    pub seats: Vec<Seat>,
    /// The classroom being called on.
    pub on_stage: Option<ParticipantId>,
    /// Its capture, once there was one.
    pub recording_id: Option<RecordingId>,
    /// The last event of that capture.
    pub last_event_seq: u64,
    /// The resource made of it.
    pub resource_id: Option<ResourceId>,
}

/// A participant's seat; stays when the participant is expelled, so that its id is never used again.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    /// Identity in this lesson.
    pub id: ParticipantId,
    /// What the participant is.
    pub role: Role,
    /// Shown name.
    pub name: String,
    /// The paired screen, for classrooms.
    pub device_id: Option<DeviceId>,
    /// Muted: routed to nobody.
    pub muted: bool,
    /// When the hand went up.
    pub hand_raised_at: Option<UnixMillis>,
    /// When last called on stage.
    pub last_on_stage_at: Option<UnixMillis>,
    /// When removed from the lesson.
    pub expelled_at: Option<UnixMillis>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// The administrator, the command line, or this server itself.
    Desk,
    /// A participant of the lesson.
    Participant(&'a ParticipantId),
}

/// Somebody who wants in.
#[derive(Debug, Clone, PartialEq)]
pub struct Newcomer {
    /// Identity, if the seat is new.
    pub id: ParticipantId,
    /// What the participant is.
    pub role: Role,
    /// Shown name.
    pub name: String,
    /// The paired screen, for classrooms.
    pub device_id: Option<DeviceId>,
}

/// What is asked of a lesson. Asking twice is the same as once.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `scheduled → open`.
    Open,
    /// `open → live`; a scheduled lesson is opened and begun.
    Start,
    /// `live → paused`.
    Pause,
    /// `paused → live`.
    Continue,
    /// To `ended`.
    End,
    /// A classroom on stage, or nobody.
    CallOnStage(Option<ParticipantId>),
    /// Mute or unmute.
    Mute(ParticipantId, bool),
    /// Record while live, or not.
    SetRecording(bool),
    /// Raise or lower the asker's hand.
    RaiseHand(bool),
    /// Remove a participant.
    Expel(ParticipantId),
    /// Give a seat; a screen or a named guest that has one keeps it.
    Admit(Newcomer),
    /// Somebody else teaches: the teacher's seat has another name.
    NameTeacher(String),
    /// `ended → processing`: a resource is being made.
    Process(ResourceId),
    /// `processing → published`.
    Composed,
    /// `processing → failed`.
    ComposeFailed,
    /// `failed → processing`.
    RetryCompose,
    /// The resource was deleted: the lesson is one that recorded nothing.
    ForgetResource,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The asker may not do this.
    #[error("not allowed to the asker")]
    NotAllowed,
    /// Not in this state.
    #[error("not possible while the lesson is {0:?}")]
    NotNow(LessonState),
    /// Nobody of that name is in the lesson.
    #[error("no such participant")]
    NoSuchParticipant,
    /// Only a classroom can be called on stage.
    #[error("not a classroom")]
    NotAClassroom,
    /// All seats of that role are taken.
    #[error("all seats are taken")]
    Full,
    /// The teacher cannot be removed from their lesson.
    #[error("the teacher stays")]
    TeacherStays,
}

/// What a step needs from the world.
#[derive(Debug, Clone)]
pub struct Context {
    /// Now.
    pub now: UnixMillis,
    /// Used if the step begins a recording.
    pub fresh_recording: RecordingId,
    /// Used if the step opens the lesson.
    pub fresh_code: Code,
}

/// What a command leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The lesson afterwards.
    pub lesson: Lesson,
    /// What its recording has to know.
    pub log: Vec<LessonEvent>,
}

impl Lesson {
    /// Everybody in the lesson, in the order of admission.
    pub fn seated(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(|seat| seat.expelled_at.is_none())
    }

    /// The classrooms in the order of admission: the order of the wall.
    pub fn classrooms(&self) -> impl Iterator<Item = &Seat> {
        self.seated().filter(|seat| seat.role == Role::Classroom)
    }

    /// Who teaches. Every lesson has a teacher's seat from its first moment.
    pub fn teacher(&self) -> Option<&Seat> {
        self.seated().find(|seat| seat.role == Role::Teacher)
    }

    /// The seat of somebody who is in the lesson.
    pub fn seat(&self, id: &ParticipantId) -> Option<&Seat> {
        self.seated().find(|seat| &seat.id == id)
    }

    /// Is what happens now to be seen in the recording?
    pub fn is_rolling(&self) -> bool {
        self.record && self.state == LessonState::Live
    }

    fn seat_mut(&mut self, id: &ParticipantId) -> Result<&mut Seat, Refusal> {
        self.seats
            .iter_mut()
            .find(|seat| &seat.id == id && seat.expelled_at.is_none())
            .ok_or(Refusal::NoSuchParticipant)
    }
}

/// Carries out `command` on a copy of `lesson`.
pub fn step(lesson: &Lesson, context: &Context, by: By<'_>, command: Command) -> Result<Step, Refusal> {
    authorize(lesson, by, &command)?;
    let mut next = lesson.clone();
    apply(&mut next, context, by, command)?;
    let log = log_of(lesson, &mut next, context);
    Ok(Step { lesson: next, log })
}

fn authorize(lesson: &Lesson, by: By<'_>, command: &Command) -> Result<(), Refusal> {
    let By::Participant(id) = by else { return Ok(()) };
    let role = lesson.seat(id).ok_or(Refusal::NotAllowed)?.role;
    let allowed = match command {
        Command::RaiseHand(_) => matches!(role, Role::Classroom | Role::Assistant),
        Command::Mute(whom, _) => role == Role::Teacher || (whom == id && role != Role::Observer),
        Command::Open
        | Command::Start
        | Command::Pause
        | Command::Continue
        | Command::End
        | Command::CallOnStage(_)
        | Command::SetRecording(_)
        | Command::Expel(_) => role == Role::Teacher,
        Command::Admit(_)
        | Command::NameTeacher(_)
        | Command::Process(_)
        | Command::Composed
        | Command::ComposeFailed
        | Command::RetryCompose
        | Command::ForgetResource => false,
    };
    if allowed { Ok(()) } else { Err(Refusal::NotAllowed) }
}

fn apply(lesson: &mut Lesson, context: &Context, by: By<'_>, command: Command) -> Result<(), Refusal> {
    use LessonState as S;
    let state = lesson.state;
    let now = context.now;
    if needs_media(&command) && !state.has_media() {
        return Err(Refusal::NotNow(state));
    }
    match command {
        Command::Open => match state {
            S::Scheduled => open(lesson, context),
            S::Open | S::Live | S::Paused => {}
            _ => return Err(Refusal::NotNow(state)),
        },
        Command::Start => match state {
            S::Scheduled | S::Open => {
                open(lesson, context);
                lesson.state = S::Live;
                lesson.started_at = Some(now);
            }
            S::Live => {}
            _ => return Err(Refusal::NotNow(state)),
        },
        Command::Pause => lesson.state = transition(state, S::Live, S::Paused)?,
        Command::Continue => lesson.state = transition(state, S::Paused, S::Live)?,
        Command::End => {
            if matches!(state, S::Scheduled | S::Open | S::Live | S::Paused) {
                lesson.state = S::Ended;
                lesson.ended_at = Some(now);
                lesson.code = None;
                lesson.on_stage = None;
                lesson.seats.iter_mut().for_each(|seat| seat.hand_raised_at = None);
            }
        }
        Command::CallOnStage(whom) => call_on_stage(lesson, now, whom)?,
        Command::Mute(whom, muted) => lesson.seat_mut(&whom)?.muted = muted,
        Command::SetRecording(on) => lesson.record = on,
        Command::RaiseHand(raised) => {
            let By::Participant(id) = by else { return Err(Refusal::NotAllowed) };
            let seat = lesson.seat_mut(id)?;
            seat.hand_raised_at = raised.then(|| seat.hand_raised_at.unwrap_or(now));
        }
        Command::Expel(whom) => expel(lesson, now, &whom)?,
        Command::Admit(newcomer) => admit(lesson, newcomer)?,
        Command::NameTeacher(name) => {
            let teacher = lesson.seats.iter_mut().find(|seat| seat.role == Role::Teacher);
            teacher.ok_or(Refusal::NoSuchParticipant)?.name = name;
        }
        Command::Process(resource) => match state {
            S::Ended => {
                lesson.state = S::Processing;
                lesson.resource_id = Some(resource);
            }
            _ => return Err(Refusal::NotNow(state)),
        },
        Command::Composed => lesson.state = transition(state, S::Processing, S::Published)?,
        Command::ComposeFailed => lesson.state = transition(state, S::Processing, S::Failed)?,
        Command::RetryCompose => lesson.state = transition(state, S::Failed, S::Processing)?,
        Command::ForgetResource => match state {
            S::Processing | S::Published | S::Failed | S::Ended => {
                lesson.state = S::Ended;
                lesson.resource_id = None;
                lesson.recording_id = None;
                lesson.last_event_seq = 0;
            }
            _ => return Err(Refusal::NotNow(state)),
        },
    }
    Ok(())
}

fn needs_media(command: &Command) -> bool {
    matches!(
        command,
        Command::CallOnStage(_)
            | Command::Mute(..)
            | Command::SetRecording(_)
            | Command::RaiseHand(_)
            | Command::Expel(_)
            | Command::Admit(_)
            | Command::NameTeacher(_)
    )
}

/// From now on classrooms may join. Codes are few, so a lesson has one only as long as it is open.
fn open(lesson: &mut Lesson, context: &Context) {
    lesson.state = LessonState::Open;
    lesson.code.get_or_insert_with(|| context.fresh_code.clone());
}

/// `from → to`; already there is fine.
fn transition(state: LessonState, from: LessonState, to: LessonState) -> Result<LessonState, Refusal> {
    if state == from || state == to { Ok(to) } else { Err(Refusal::NotNow(state)) }
}

fn call_on_stage(lesson: &mut Lesson, now: UnixMillis, whom: Option<ParticipantId>) -> Result<(), Refusal> {
    if let Some(id) = &whom {
        let already = lesson.on_stage.as_ref() == Some(id);
        let seat = lesson.seat_mut(id)?;
        if seat.role != Role::Classroom {
            return Err(Refusal::NotAClassroom);
        }
        if !already {
            seat.last_on_stage_at = Some(now);
            seat.hand_raised_at = None;
        }
    }
    lesson.on_stage = whom;
    Ok(())
}

fn expel(lesson: &mut Lesson, now: UnixMillis, whom: &ParticipantId) -> Result<(), Refusal> {
    let Some(seat) = lesson.seats.iter_mut().find(|seat| &seat.id == whom) else {
        return Err(Refusal::NoSuchParticipant);
    };
    if seat.role == Role::Teacher {
        return Err(Refusal::TeacherStays);
    }
    seat.expelled_at.get_or_insert(now);
    seat.hand_raised_at = None;
    if lesson.on_stage.as_ref() == Some(whom) {
        lesson.on_stage = None;
    }
    Ok(())
}

fn admit(lesson: &mut Lesson, newcomer: Newcomer) -> Result<(), Refusal> {
    if lesson.seat_of(&newcomer).is_some() {
        return Ok(());
    }
    let seats = match newcomer.role {
        Role::Teacher => 1,
        Role::Classroom => MAX_CLASSROOMS,
        Role::Assistant => MAX_ASSISTANTS,
        Role::Observer => MAX_OBSERVERS,
    };
    if lesson.seated().filter(|seat| seat.role == newcomer.role).count() >= seats {
        return Err(Refusal::Full);
    }
    lesson.seats.push(Seat {
        id: newcomer.id,
        role: newcomer.role,
        name: newcomer.name,
        device_id: newcomer.device_id,
        muted: false,
        hand_raised_at: None,
        last_on_stage_at: None,
        expelled_at: None,
    });
    Ok(())
}

impl Lesson {
    /// The seat a newcomer already has: a screen by its device, the teacher by the role, a guest
    /// without a device by role and name.
    pub fn seat_of(&self, newcomer: &Newcomer) -> Option<&Seat> {
        self.seated().find(|seat| {
            seat.role == newcomer.role
                && match (newcomer.role, &newcomer.device_id) {
                    (Role::Teacher, _) => true,
                    (_, Some(device)) => seat.device_id.as_ref() == Some(device),
                    (_, None) => seat.device_id.is_none() && seat.name == newcomer.name,
                }
        })
    }
}

/// What changed, as far as a recording must know: compared, not remembered, so that no command can
/// forget to log.
fn log_of(before: &Lesson, after: &mut Lesson, context: &Context) -> Vec<LessonEvent> {
    let mut kinds = Vec::new();
    let begins = after.is_rolling() && after.recording_id.is_none();
    if begins {
        after.recording_id = Some(context.fresh_recording.clone());
    }
    if after.recording_id.is_none() || !(begins || before.state.has_media()) {
        return Vec::new();
    }
    if after.is_rolling()
        && (begins || !before.is_rolling())
        && let Some(teacher) = after.teacher()
    {
        kinds.push(LessonEventKind::Live { teacher: teacher.id.clone() });
    }
    if before.is_rolling() && !after.is_rolling() && after.state.has_media() {
        kinds.push(LessonEventKind::Paused);
    }
    if if begins { after.on_stage.is_some() } else { after.on_stage != before.on_stage } {
        let name = after.on_stage.as_ref().and_then(|id| after.seat(id)).map(|seat| seat.name.clone());
        kinds.push(LessonEventKind::Stage { participant: after.on_stage.clone(), name });
    }
    for seat in &after.seats {
        let was = !begins && before.seats.iter().any(|old| old.id == seat.id && old.muted);
        if seat.muted != was {
            kinds.push(LessonEventKind::Muted { participant: seat.id.clone(), muted: seat.muted });
        }
    }
    if after.state == LessonState::Ended && before.state != LessonState::Ended {
        kinds.push(LessonEventKind::Ended);
    }
    kinds
        .into_iter()
        .map(|kind| {
            after.last_event_seq += 1;
            LessonEvent { seq: after.last_event_seq, at: context.now, kind }
        })
        .collect()
}

#[cfg(test)]
mod tests;
