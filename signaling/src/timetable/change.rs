//! What a change asked for makes of a lesson, and what takes a change back. Pure.

use super::facts::Facts;
use super::placing::{Placed, nearest_period, place};
use super::refusal::{Misplaced, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassId, ClassroomId, PersonId, TimetableLessonId};
use tongtang_protocol::timetable::{ChangeKind, ChangeRequest, TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// What becomes of one lesson; absent: it is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// As it was.
    pub before: Option<TimetableLessonView>,
    /// As it is to be.
    pub after: Option<TimetableLessonView>,
}

impl Step {
    /// Which lesson.
    pub fn lesson(&self) -> Option<&TimetableLessonView> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// What kind of change is asked for, why, and the version that was seen.
pub fn asked(request: &ChangeRequest) -> (ChangeKind, &str, u32) {
    match request {
        ChangeRequest::Move { reason, version, .. } => (ChangeKind::Move, reason, *version),
        ChangeRequest::Cancel { reason, version } => (ChangeKind::Cancel, reason, *version),
        ChangeRequest::Restore { version } => (ChangeKind::Restore, "", *version),
        ChangeRequest::Substitute { reason, version, .. } => (ChangeKind::Substitute, reason, *version),
        ChangeRequest::Swap { reason, version, .. } => (ChangeKind::Swap, reason, *version),
    }
}

/// The lesson as it would be; for a swap both lessons.
pub fn steps(
    request: &ChangeRequest,
    lesson: &TimetableLessonView,
    with: Option<&TimetableLessonView>,
    facts: &Facts,
    now: UnixMillis,
) -> Result<Vec<Step>, Refusal> {
    let (_, _, version) = asked(request);
    if version != lesson.version {
        return Err(Refusal::Stale);
    }
    let state = if matches!(request, ChangeRequest::Restore { .. }) {
        TimetableState::Cancelled
    } else {
        TimetableState::Planned
    };
    need(lesson, state, now)?;
    let after = match request {
        ChangeRequest::Move { day, period, classroom_id, .. } => {
            not_open(lesson)?;
            let room = classroom_id.as_ref().unwrap_or(&lesson.classroom_id);
            replaced(lesson, facts, &Seat { day: *day, period: *period, room, ..Seat::of(lesson) }, now)?
        }
        ChangeRequest::Cancel { reason, .. } => {
            let mut after = lesson.clone();
            after.state = TimetableState::Cancelled;
            after.reason = Some(reason.clone());
            // What was open ends; restored, it opens anew.
            after.lesson_id = None;
            after.version += 1;
            after
        }
        ChangeRequest::Restore { .. } => replaced(lesson, facts, &Seat::of(lesson), now)?,
        ChangeRequest::Substitute { teacher_id, classroom_id, .. } => {
            let room = classroom_id.as_ref().unwrap_or(&lesson.classroom_id);
            if room != &lesson.classroom_id {
                not_open(lesson)?;
            }
            replaced(lesson, facts, &Seat { teacher: teacher_id, room, ..Seat::of(lesson) }, now)?
        }
        ChangeRequest::Swap { .. } => {
            let other = with.ok_or(Misplaced::Unknown("with"))?;
            return swapped(lesson, other, facts, now);
        }
    };
    Ok(vec![Step { before: Some(lesson.clone()), after: Some(after) }])
}

/// Where, when and by whom a lesson is taught.
struct Seat<'a> {
    day: Day,
    period: u8,
    room: &'a ClassroomId,
    teacher: &'a PersonId,
}

impl<'a> Seat<'a> {
    fn of(lesson: &'a TimetableLessonView) -> Self {
        Self {
            day: lesson.day,
            period: lesson.period,
            room: &lesson.classroom_id,
            teacher: &lesson.teacher_id,
        }
    }
}

/// The lesson, planned, with another seat.
fn replaced(
    lesson: &TimetableLessonView,
    facts: &Facts,
    seat: &Seat<'_>,
    now: UnixMillis,
) -> Result<TimetableLessonView, Refusal> {
    let classes: Vec<ClassId> = lesson.classes.iter().map(|class| class.class_id.clone()).collect();
    let placed = place(facts, seat.room, seat.day, seat.period, &classes)?;
    let mut after = lesson.clone();
    after.version += 1;
    after.state = TimetableState::Planned;
    after.reason = None;
    seated(&mut after, facts, seat, placed)?;
    if after.starts_at <= now {
        return Err(Refusal::Past { title: lesson.title.clone() });
    }
    Ok(after)
}

/// A lesson that is not there yet, with all but its place.
pub fn added(
    mut lesson: TimetableLessonView,
    classes: &[ClassId],
    facts: &Facts,
    now: UnixMillis,
) -> Result<TimetableLessonView, Refusal> {
    let placed = place(facts, &lesson.classroom_id, lesson.day, lesson.period, classes)?;
    let (room, teacher) = (lesson.classroom_id.clone(), lesson.teacher_id.clone());
    let seat = Seat { day: lesson.day, period: lesson.period, room: &room, teacher: &teacher };
    seated(&mut lesson, facts, &seat, placed)?;
    if lesson.starts_at <= now {
        return Err(Refusal::Past { title: lesson.title });
    }
    Ok(lesson)
}

fn seated(
    lesson: &mut TimetableLessonView,
    facts: &Facts,
    seat: &Seat<'_>,
    placed: Placed,
) -> Result<(), Misplaced> {
    let teacher = facts.teachers.get(seat.teacher).ok_or(Misplaced::Unknown("teacher_id"))?;
    let room = facts.rooms.get(seat.room).ok_or(Misplaced::Unknown("classroom_id"))?;
    lesson.teacher_id = seat.teacher.clone();
    lesson.teacher_name.clone_from(&teacher.name);
    lesson.classroom_id = seat.room.clone();
    lesson.classroom_name.clone_from(&room.name);
    lesson.org_id = room.org_id.clone();
    lesson.org_name = facts.school_name(&room.org_id).to_owned();
    lesson.day = seat.day;
    lesson.period = seat.period;
    lesson.week = placed.week;
    lesson.starts_at = placed.starts_at;
    lesson.ends_at = placed.ends_at;
    lesson.classes = placed.classes;
    Ok(())
}

/// Each at the other's time, in the period of its own school that has most in common with it.
fn swapped(
    lesson: &TimetableLessonView,
    other: &TimetableLessonView,
    facts: &Facts,
    now: UnixMillis,
) -> Result<Vec<Step>, Refusal> {
    if lesson.id == other.id || lesson.term_id != other.term_id {
        return Err(Misplaced::Unknown("with").into());
    }
    need(other, TimetableState::Planned, now)?;
    not_open(lesson)?;
    not_open(other)?;
    let at = |one: &TimetableLessonView, time: &TimetableLessonView| {
        let period = if one.org_id == time.org_id {
            time.period
        } else {
            let school = facts.schools.get(&one.org_id).ok_or(Misplaced::Unknown("with"))?;
            nearest_period(&school.bells, time.starts_at, time.ends_at)
                .ok_or_else(|| Misplaced::NoOverlap { school: school.name.clone() })?
        };
        replaced(one, facts, &Seat { day: time.day, period, ..Seat::of(one) }, now)
    };
    Ok(vec![
        Step { before: Some(lesson.clone()), after: Some(at(lesson, other)?) },
        Step { before: Some(other.clone()), after: Some(at(other, lesson)?) },
    ])
}

/// The lesson is in this state and has not begun.
fn need(lesson: &TimetableLessonView, state: TimetableState, now: UnixMillis) -> Result<(), Refusal> {
    if lesson.starts_at <= now || matches!(lesson.state, TimetableState::Held | TimetableState::Missed) {
        return Err(Refusal::Past { title: lesson.title.clone() });
    }
    if lesson.state != state {
        return Err(Refusal::WrongState { title: lesson.title.clone(), state: lesson.state });
    }
    Ok(())
}

/// Screens wait in it already.
fn not_open(lesson: &TimetableLessonView) -> Result<(), Refusal> {
    match lesson.lesson_id {
        Some(_) => Err(Refusal::Open { title: lesson.title.clone() }),
        None => Ok(()),
    }
}

/// What takes these steps back, if every lesson is still as they left it.
pub fn reversed(
    done: &[Step],
    current: &HashMap<TimetableLessonId, TimetableLessonView>,
    now: UnixMillis,
) -> Result<Vec<Step>, Refusal> {
    let back = |step: &Step| {
        let lesson = step.lesson().ok_or(Refusal::Stale)?;
        let here = current.get(&lesson.id);
        let title = || lesson.title.clone();
        if here.map(|here| here.version) != step.after.as_ref().map(|after| after.version) {
            return Err(Refusal::ChangedSince { title: title() });
        }
        let begun = [here, step.before.as_ref()].into_iter().flatten().any(|one| one.starts_at <= now);
        if begun {
            return Err(Refusal::Past { title: title() });
        }
        // Of an open lesson only who teaches can be taken back.
        let open = here.filter(|here| {
            let seat = |one: &TimetableLessonView| (one.starts_at, one.classroom_id.clone(), one.state);
            step.before.as_ref().is_some_and(|before| seat(before) == seat(here))
        });
        if let (Some(here), None) = (here, open) {
            not_open(here)?;
        }
        let newest = lesson.version;
        let after = step.before.clone().map(|before| TimetableLessonView {
            version: newest + 1,
            lesson_id: open.and_then(|here| here.lesson_id.clone()),
            ..before
        });
        Ok(Step { before: here.cloned(), after })
    };
    done.iter().map(back).collect()
}
