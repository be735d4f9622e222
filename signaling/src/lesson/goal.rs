//! What the nodes should hold for a lesson: derived from the lesson alone, so that it can be put
//! there again at any time by anyone.

use super::machine::Lesson;
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::ids::RoomId;
use tongtang_protocol::lesson::{LessonState, RecordingOf};

/// The nodes' part of a lesson.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// The room, or that there should be none.
    pub room: Option<RoomSpec>,
    /// What is to be captured.
    pub capture: Capture,
}

/// A recording as it should stand on its recorder.
#[derive(Debug, Clone, PartialEq)]
pub enum Capture {
    /// Nothing was recorded, or it is composed by now.
    None,
    /// Runs, and knows the events up to this one.
    Running(RecordingOf, u64),
    /// Is over, and knows the events up to this one.
    Over(RecordingOf, u64),
}

impl Goal {
    /// What the nodes should hold for `lesson`.
    pub fn of(lesson: &Lesson) -> Self {
        let room = lesson
            .state
            .has_media()
            .then(|| RoomSpec { video_codec: lesson.video_codec, routes: routes_of(lesson) });
        let capture = match &lesson.recording_id {
            None => Capture::None,
            Some(recording_id) => {
                let of = RecordingOf {
                    recording_id: recording_id.clone(),
                    lesson_id: lesson.id.clone(),
                    title: lesson.title.clone(),
                };
                match lesson.state {
                    state if state.has_media() => Capture::Running(of, lesson.last_event_seq),
                    LessonState::Ended | LessonState::Processing => Capture::Over(of, lesson.last_event_seq),
                    _ => Capture::None,
                }
            }
        };
        Self { room, capture }
    }
}

/// What feeds the slots, and who may no longer be there.
pub fn routes_of(lesson: &Lesson) -> Routes {
    Routes {
        teacher: lesson.teacher().map(|seat| seat.id.clone()),
        stage: lesson.on_stage.clone(),
        wall: lesson.classrooms().map(|seat| seat.id.clone()).collect(),
        muted: lesson.seated().filter(|seat| seat.muted).map(|seat| seat.id.clone()).collect(),
        expelled: lesson
            .seats
            .iter()
            .filter(|seat| seat.expelled_at.is_some())
            .map(|seat| seat.id.clone())
            .collect(),
    }
}

/// A lesson's room carries the lesson's id.
pub fn room_of(lesson: &tongtang_protocol::ids::LessonId) -> RoomId {
    RoomId::new(lesson.as_str()).expect("both are identifiers of the same alphabet and length")
}
