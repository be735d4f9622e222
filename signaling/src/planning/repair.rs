//! Somebody falls ill at 7:40, a capture room fails: ways out that change as little as possible, each tried on the timetable
//! as it is before it is proposed.
//!
//! Enters: the lessons concerned, who could step in, and the lessons around them. Leaves: [`Way`]s, lists of changes that
//! the timetable takes as they are. No clock, no database.

use super::board::{Board, can_teach};
use super::instance::{County, TeacherRow};
use crate::timetable::clash::with_busy;
use crate::timetable::{Facts, change};
use std::collections::BTreeSet;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassroomId, PersonId, TimetableLessonId};
use tongtang_protocol::timetable::{ChangeRequest, TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// Days after the absence to which a lesson may be moved.
const DAYS_AFTER: i64 = 14;

/// Lessons a week by which somebody who steps in may exceed what is agreed with them, before a lesson is called off.
const MAX_OVER: usize = 2;

/// Lessons of one absence that are looked at.
pub const MAX_LESSONS: usize = 200;

/// Who or what is not there, on which days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// A teacher.
    pub teacher: Option<PersonId>,
    /// A classroom.
    pub classroom: Option<ClassroomId>,
    /// From.
    pub from: Day,
    /// To, included.
    pub to: Day,
    /// Only these periods of the master school; none: whole days.
    pub periods: Vec<u8>,
    /// Why, as the changes will say it.
    pub reason: String,
}

impl Absence {
    /// Does it hit this lesson?
    pub fn hits(&self, lesson: &TimetableLessonView) -> bool {
        let is_theirs = self.teacher.as_ref() == Some(&lesson.teacher_id)
            || self.classroom.as_ref() == Some(&lesson.classroom_id);
        is_theirs
            && (self.from..=self.to).contains(&lesson.day)
            && (self.periods.is_empty() || self.periods.contains(&lesson.period))
    }

    /// The last day to which a lesson is moved.
    pub fn horizon(&self) -> Day {
        self.to.plus(DAYS_AFTER)
    }
}

/// What is done with a lesson.
#[derive(Debug, Clone, PartialEq)]
pub struct Mend {
    /// As it is.
    pub before: TimetableLessonView,
    /// As it would be; absent: it is called off.
    pub after: Option<TimetableLessonView>,
    /// What to send.
    pub change: ChangeRequest,
    /// Who steps in gives more lessons that week than this number, which is agreed with them.
    pub over: Option<u8>,
}

/// Does somebody who steps in keep to the number of lessons a week that is agreed with them?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Load {
    /// Yes.
    Agreed,
    /// No, by a few.
    Over,
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preference {
    /// Every lesson stays where it is; somebody else teaches.
    SameTime,
    /// The class keeps its teacher; the lesson is held later.
    SameTeacher,
    /// Nothing is moved; what cannot be is called off.
    CallOff,
}

/// A way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// What came first.
    pub preference: Preference,
    /// Lesson by lesson, by time.
    pub mends: Vec<Mend>,
}

impl Way {
    /// Lessons that are called off.
    pub fn lost(&self) -> usize {
        self.mends.iter().filter(|mend| mend.after.is_none()).count()
    }
}

/// All there is to know.
pub struct Situation<'a> {
    /// Terms, bells, rooms, classes and teachers, of all that may come into it.
    pub facts: &'a Facts,
    /// Who can teach what, and what links carry.
    pub county: &'a County,
    /// Lessons planned or held from the Monday before the absence to its horizon, those concerned among them.
    pub lessons: &'a [TimetableLessonView],
    /// Who is not there.
    pub absence: &'a Absence,
    /// Now.
    pub now: UnixMillis,
}

/// Looks for what becomes of each lesson, and keeps what was found.
struct Search<'a> {
    of: &'a Situation<'a>,
    board: Board<'a>,
}

/// The ways out, the one with fewest lessons lost first; equal ones once.
pub fn ways(of: &Situation<'_>) -> Vec<Way> {
    let mut hit: Vec<&TimetableLessonView> = of
        .lessons
        .iter()
        .filter(|lesson| lesson.state == TimetableState::Planned && lesson.starts_at > of.now)
        .filter(|lesson| of.absence.hits(lesson))
        .collect();
    hit.sort_by_key(|lesson| (lesson.starts_at, lesson.id.clone()));
    hit.truncate(MAX_LESSONS);
    if hit.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Way> = Vec::new();
    for preference in [Preference::SameTime, Preference::SameTeacher, Preference::CallOff] {
        let mut search = Search::new(of, &hit);
        let mends: Vec<Mend> = hit.iter().map(|lesson| search.mend(lesson, preference)).collect();
        let is_new = found
            .iter()
            .all(|way| way.mends.iter().map(|mend| &mend.change).ne(mends.iter().map(|mend| &mend.change)));
        if is_new {
            found.push(Way { preference, mends });
        }
    }
    found.sort_by_key(|way| (way.lost(), way.preference));
    found
}

/// Somebody who can teach a lesson as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StandIn {
    /// Who.
    pub teacher: PersonId,
    /// From where; absent: from the lesson's own room.
    pub room: Option<ClassroomId>,
    /// The lesson as it would be.
    pub after: TimetableLessonView,
    /// Lessons that they give in that week already.
    pub that_week: usize,
    /// The number that is agreed with them, if this lesson is more.
    pub over: Option<u8>,
}

/// Who could teach this lesson instead of its teacher: those first who keep to what is agreed with them, of the same school
/// first, then those who deliver least that week.
/// The situation's absence is the teacher's at this lesson.
pub fn stand_ins(of: &Situation<'_>, lesson: &TimetableLessonView) -> Vec<StandIn> {
    let search = Search::new(of, &[lesson]);
    let mut found: Vec<StandIn> = Vec::new();
    let all = [Load::Agreed, Load::Over].map(|load| search.substitutes(lesson, load)).concat();
    for change in all {
        let ChangeRequest::Substitute { teacher_id, classroom_id, .. } = &change else { continue };
        if found.iter().any(|known| known.teacher == *teacher_id) {
            continue;
        }
        if let Some(after) = search.tried(lesson, &change) {
            found.push(StandIn {
                teacher: teacher_id.clone(),
                room: classroom_id.clone(),
                that_week: search.board.given(teacher_id.as_str(), lesson.week),
                over: search.over(lesson, &after),
                after,
            });
        }
    }
    found
}

impl<'a> Search<'a> {
    fn new(of: &'a Situation<'a>, hit: &[&TimetableLessonView]) -> Self {
        let ids: BTreeSet<&TimetableLessonId> = hit.iter().map(|lesson| &lesson.id).collect();
        let others = of.lessons.iter().filter(|lesson| !ids.contains(&lesson.id));
        Self { of, board: Board::new(of.county, others) }
    }

    fn mend(&mut self, lesson: &TimetableLessonView, preference: Preference) -> Mend {
        let elsewhere = self.same_room_elsewhere(lesson);
        let agreed = || self.substitutes(lesson, Load::Agreed);
        let candidates: Vec<ChangeRequest> = match preference {
            Preference::SameTime => {
                [elsewhere, agreed(), self.later(lesson), self.substitutes(lesson, Load::Over)].concat()
            }
            Preference::SameTeacher => {
                [elsewhere, self.later(lesson), agreed(), self.substitutes(lesson, Load::Over)].concat()
            }
            Preference::CallOff => Vec::new(),
        };
        for change in candidates {
            if let Some(after) = self.tried(lesson, &change) {
                let over = self.over(lesson, &after);
                self.board.put(after.clone());
                return Mend { before: lesson.clone(), after: Some(after), change, over };
            }
        }
        let change =
            ChangeRequest::Cancel { reason: self.of.absence.reason.clone(), version: lesson.version };
        Mend { before: lesson.clone(), after: None, change, over: None }
    }

    /// The number that is agreed with who steps in, if this lesson is more.
    fn over(&self, before: &TimetableLessonView, after: &TimetableLessonView) -> Option<u8> {
        let id = after.teacher_id.as_str();
        let row = self.of.county.teachers.iter().find(|teacher| teacher.id == id)?;
        let is_more = self.board.given(id, after.week) >= usize::from(row.max_delivered);
        (after.teacher_id != before.teacher_id && is_more).then_some(row.max_delivered)
    }

    /// If only the room is missing: another of the school.
    fn same_room_elsewhere(&self, lesson: &TimetableLessonView) -> Vec<ChangeRequest> {
        if self.of.absence.classroom.is_none() {
            return Vec::new();
        }
        let to = |room| ChangeRequest::Move {
            day: lesson.day,
            period: lesson.period,
            classroom_id: Some(room),
            reason: self.of.absence.reason.clone(),
            version: lesson.version,
        };
        self.rooms(lesson.org_id.as_str(), lesson).map(to).collect()
    }

    /// Rooms of a school that hold the lesson's classes.
    fn rooms<'s>(
        &'s self,
        org: &'s str,
        lesson: &'s TimetableLessonView,
    ) -> impl Iterator<Item = ClassroomId> + 's {
        self.of
            .county
            .rooms
            .iter()
            .filter(move |room| {
                room.org_id == org
                    && usize::from(room.max_receivers) >= lesson.classes.len()
                    && self.of.absence.classroom.as_ref().is_none_or(|absent| absent.as_str() != room.id)
            })
            .filter_map(|room| ClassroomId::new(&room.id).ok())
    }

    /// Who could teach it then: of the same school first, then those who deliver least that week.
    fn substitutes(&self, lesson: &TimetableLessonView, load: Load) -> Vec<ChangeRequest> {
        let mut able: Vec<&TeacherRow> = self
            .of
            .county
            .teachers
            .iter()
            .filter(|teacher| teacher.id != lesson.teacher_id.as_str() && self.can_teach(teacher, lesson))
            .filter(|teacher| {
                let (given, most) =
                    (self.board.given(&teacher.id, lesson.week), usize::from(teacher.max_delivered));
                match load {
                    Load::Agreed => given < most,
                    Load::Over => (most..most + MAX_OVER).contains(&given),
                }
            })
            .collect();
        able.sort_by_key(|teacher| {
            let elsewhere = teacher.org_id != lesson.org_id.as_str();
            (elsewhere, self.board.given(&teacher.id, lesson.week), teacher.id.clone())
        });
        let mut found = Vec::new();
        for teacher in able {
            let Ok(teacher_id) = PersonId::new(&teacher.id) else { continue };
            let by = |classroom_id| ChangeRequest::Substitute {
                teacher_id: teacher_id.clone(),
                classroom_id,
                reason: self.of.absence.reason.clone(),
                version: lesson.version,
            };
            if teacher.org_id == lesson.org_id.as_str() && self.of.absence.classroom.is_none() {
                found.push(by(None));
            } else {
                found.extend(self.rooms(&teacher.org_id, lesson).map(|room| by(Some(room))));
            }
        }
        found
    }

    fn can_teach(&self, teacher: &TeacherRow, lesson: &TimetableLessonView) -> bool {
        let editions: Vec<&str> = lesson
            .classes
            .iter()
            .filter_map(|class| {
                let row = self.of.county.classes.iter().find(|row| row.id == class.class_id.as_str())?;
                row.subjects.get(&lesson.subject).map(|(edition, _)| edition.as_str())
            })
            .collect();
        can_teach(teacher, &lesson.subject, lesson.grade, &editions)
    }

    /// Later times of the same teacher, the nearest first; each in the lesson's own room, then in others of the school.
    fn later(&self, lesson: &TimetableLessonView) -> Vec<ChangeRequest> {
        let (facts, absence) = (self.of.facts, self.of.absence);
        let Some(school) = facts.schools.get(&lesson.org_id) else { return Vec::new() };
        let days = facts
            .calendar
            .teaching_days()
            .iter()
            .filter(|day| (absence.from..=absence.horizon()).contains(&day.day));
        let others = self.rooms(lesson.org_id.as_str(), lesson).filter(|room| *room != lesson.classroom_id);
        let rooms: Vec<Option<ClassroomId>> = std::iter::once(None).chain(others.map(Some)).collect();
        let times = days.flat_map(|day| school.bells.iter().map(|bell| (day.day, bell.period)));
        times
            .flat_map(|(day, period)| {
                rooms.iter().map(move |room| ChangeRequest::Move {
                    day,
                    period,
                    classroom_id: room.clone(),
                    reason: absence.reason.clone(),
                    version: lesson.version,
                })
            })
            .collect()
    }

    /// The lesson as it would be, if nobody and nothing is in its way.
    fn tried(&self, lesson: &TimetableLessonView, change: &ChangeRequest) -> Option<TimetableLessonView> {
        let steps = change::steps(change, lesson, None, self.of.facts, self.of.now).ok()?;
        let after = steps.into_iter().next()?.after?;
        let fits = !self.of.absence.hits(&after)
            && with_busy(self.of.facts, &after).is_empty()
            && self.board.takes(&after);
        fits.then_some(after)
    }
}
