//! The lesson as pages see it: what is stored, and what is known only while it lasts.

use super::machine::Lesson;
use std::collections::HashMap;
use tongtang_protocol::control::{CaptureState, RecordingStatus, SfuParticipant};
use tongtang_protocol::ids::{NodeId, ParticipantId};
use tongtang_protocol::lesson::{
    LessonState, LessonView, Link, LinkLevel, Participant, RecordingState, Role,
};
use tongtang_protocol::trouble::RecordingAlarm;
use tongtang_protocol::units::UnixMillis;

/// What is known of a lesson only while it lasts; lost with the process, and heard again.
#[derive(Debug, Default)]
pub struct Moment {
    /// Open sockets by participant.
    pub sockets: HashMap<ParticipantId, u32>,
    /// What the sfu last said.
    pub media: HashMap<ParticipantId, SfuParticipant>,
    /// What the recorder last said.
    pub capture: Option<RecordingStatus>,
    /// Why no recorder captures it.
    pub not_captured: Option<RecordingAlarm>,
    /// Which recorder said it.
    pub capture_node: Option<NodeId>,
    /// Since when the lesson has no teacher: no page of theirs, nothing published by them.
    pub teacher_away_since: Option<UnixMillis>,
}

impl Moment {
    /// Notes since when the teacher is away, after any change.
    pub fn mind_the_teacher(&mut self, lesson: &Lesson, now: UnixMillis) {
        let is_here = lesson.teacher().is_some_and(|teacher| {
            self.sockets.contains_key(&teacher.id)
                || self.media.get(&teacher.id).is_some_and(|media| media.publishing)
        });
        match is_here {
            true => self.teacher_away_since = None,
            false => _ = self.teacher_away_since.get_or_insert(now),
        }
    }
}

/// The whole lesson; the code and the recording's troubles are for the teacher only, so [`for_classroom`] takes them
/// away.
pub fn view_of(lesson: &Lesson, moment: &Moment) -> LessonView {
    let (recording, recording_alarm) = recording_of(lesson, moment);
    let mut participants: Vec<Participant> = lesson
        .seated()
        .filter(|seat| seat.role != Role::Observer)
        .map(|seat| {
            let media = moment.media.get(&seat.id);
            Participant {
                id: seat.id.clone(),
                role: seat.role,
                name: seat.name.clone(),
                device_id: seat.device_id.clone(),
                present: moment.sockets.contains_key(&seat.id),
                publishing: media.map(|media| media.sources.clone()).unwrap_or_default(),
                muted: seat.muted,
                hand_raised_at: seat.hand_raised_at,
                last_on_stage_at: seat.last_on_stage_at,
                link: media.map_or_else(Link::default, link_of),
            }
        })
        .collect();
    participants.sort_by_key(|participant| match participant.role {
        Role::Teacher => 0,
        Role::Classroom => 1,
        Role::Assistant | Role::Observer => 2,
    });
    LessonView {
        id: lesson.id.clone(),
        title: lesson.title.clone(),
        state: lesson.state,
        video_codec: lesson.video_codec,
        record: lesson.record,
        starts_at: lesson.starts_at,
        started_at: lesson.started_at,
        ended_at: lesson.ended_at,
        participants,
        on_stage: lesson.on_stage.clone(),
        recording,
        recording_alarm,
        code: lesson.code.as_ref().map(|code| code.as_str().to_owned()),
        resource_id: lesson.resource_id.clone(),
    }
}

/// The same without what only the teacher may see.
pub fn for_classroom(view: &LessonView) -> LessonView {
    LessonView { code: None, recording_alarm: None, ..view.clone() }
}

fn link_of(media: &SfuParticipant) -> Link {
    if media.publishing || media.subscribing {
        media.link.clone()
    } else {
        Link { level: LinkLevel::Lost, ..Link::default() }
    }
}

fn recording_of(lesson: &Lesson, moment: &Moment) -> (RecordingState, Option<RecordingAlarm>) {
    if !lesson.record || lesson.state != LessonState::Live {
        return (RecordingState::Off, None);
    }
    let not_captured = moment.not_captured.clone();
    let Some(status) = &moment.capture else { return (RecordingState::Starting, not_captured) };
    match status.state {
        CaptureState::Waiting | CaptureState::Finished => {
            (RecordingState::Starting, status.alarm.clone().or(not_captured))
        }
        CaptureState::Capturing => (RecordingState::On, status.alarm.clone()),
        CaptureState::Alarmed => (RecordingState::Failed, status.alarm.clone()),
    }
}
