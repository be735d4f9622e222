//! Somebody falls ill at 7:40, a capture room fails: ways out that change as little as possible, each tried on the timetable
//! as it is before it is proposed.
//!
//! Enters: the lessons concerned, who could step in, and the lessons around them. Leaves: [`Way`]s, lists of changes that
//! the timetable takes as they are. No clock, no database.

use super::instance::{County, TeacherRow};
use crate::timetable::clash::{bookings, links, with_busy};
use crate::timetable::{Facts, change};
use std::collections::{BTreeMap, BTreeSet};
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassroomId, OrgId, PersonId, TimetableLessonId};
use tongtang_protocol::timetable::{ChangeRequest, TimetableLessonView};
use tongtang_protocol::units::UnixMillis;

/// Days after the absence to which a lesson may be moved.
const DAYS_AFTER: i64 = 14;

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
    /// Why, as the changes will say it.
    pub reason: String,
}

impl Absence {
    /// Does it hit this lesson?
    pub fn hits(&self, lesson: &TimetableLessonView) -> bool {
        let is_theirs = self.teacher.as_ref() == Some(&lesson.teacher_id)
            || self.classroom.as_ref() == Some(&lesson.classroom_id);
        is_theirs && (self.from..=self.to).contains(&lesson.day)
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
    /// Planned lessons from the absence's first day to its horizon, those concerned among them.
    pub lessons: &'a [TimetableLessonView],
    /// Who is not there.
    pub absence: &'a Absence,
    /// Now.
    pub now: UnixMillis,
}

/// Lessons by day, as a way out would have them.
struct Board<'a> {
    of: &'a Situation<'a>,
    days: BTreeMap<Day, Vec<TimetableLessonView>>,
}

/// The ways out, the one with fewest lessons lost first; equal ones once.
pub fn ways(of: &Situation<'_>) -> Vec<Way> {
    let mut hit: Vec<&TimetableLessonView> =
        of.lessons.iter().filter(|lesson| of.absence.hits(lesson) && lesson.starts_at > of.now).collect();
    hit.sort_by_key(|lesson| (lesson.starts_at, lesson.id.clone()));
    hit.truncate(MAX_LESSONS);
    if hit.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Way> = Vec::new();
    for preference in [Preference::SameTime, Preference::SameTeacher, Preference::CallOff] {
        let mut board = Board::new(of, &hit);
        let mends: Vec<Mend> = hit.iter().map(|lesson| board.mend(lesson, preference)).collect();
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

impl<'a> Board<'a> {
    fn new(of: &'a Situation<'a>, hit: &[&TimetableLessonView]) -> Self {
        let mut days: BTreeMap<Day, Vec<TimetableLessonView>> = BTreeMap::new();
        let ids: BTreeSet<&TimetableLessonId> = hit.iter().map(|lesson| &lesson.id).collect();
        for lesson in of.lessons.iter().filter(|lesson| !ids.contains(&lesson.id)) {
            days.entry(lesson.day).or_default().push(lesson.clone());
        }
        Self { of, days }
    }

    fn mend(&mut self, lesson: &TimetableLessonView, preference: Preference) -> Mend {
        let candidates: Vec<ChangeRequest> = match preference {
            Preference::SameTime => {
                [self.same_room_elsewhere(lesson), self.substitutes(lesson), self.later(lesson)].concat()
            }
            Preference::SameTeacher => {
                [self.same_room_elsewhere(lesson), self.later(lesson), self.substitutes(lesson)].concat()
            }
            Preference::CallOff => Vec::new(),
        };
        for change in candidates {
            if let Some(after) = self.tried(lesson, &change) {
                self.days.entry(after.day).or_default().push(after.clone());
                return Mend { before: lesson.clone(), after: Some(after), change };
            }
        }
        let change =
            ChangeRequest::Cancel { reason: self.of.absence.reason.clone(), version: lesson.version };
        Mend { before: lesson.clone(), after: None, change }
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
    fn substitutes(&self, lesson: &TimetableLessonView) -> Vec<ChangeRequest> {
        let mut able: Vec<&TeacherRow> = self
            .of
            .county
            .teachers
            .iter()
            .filter(|teacher| teacher.id != lesson.teacher_id.as_str() && self.can_teach(teacher, lesson))
            .filter(|teacher| self.delivered(&teacher.id, lesson.week) < usize::from(teacher.max_delivered))
            .collect();
        able.sort_by_key(|teacher| {
            let elsewhere = teacher.org_id != lesson.org_id.as_str();
            (elsewhere, self.delivered(&teacher.id, lesson.week), teacher.id.clone())
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
        teacher.subjects.iter().any(|(subject, from, to, edition)| {
            *subject == lesson.subject
                && (*from..=*to).contains(&lesson.grade)
                && editions.iter().all(|class| edition.is_empty() || class.is_empty() || class == edition)
        })
    }

    fn delivered(&self, teacher: &str, week: u8) -> usize {
        let of_week = self.days.values().flatten().filter(|lesson| lesson.week == week);
        of_week.filter(|lesson| lesson.teacher_id.as_str() == teacher).count()
    }

    /// Later times of the same teacher, the nearest first.
    fn later(&self, lesson: &TimetableLessonView) -> Vec<ChangeRequest> {
        let (facts, absence) = (self.of.facts, self.of.absence);
        let Some(school) = facts.schools.get(&lesson.org_id) else { return Vec::new() };
        let days = facts
            .calendar
            .teaching_days()
            .iter()
            .filter(|day| (absence.from..=absence.horizon()).contains(&day.day));
        days.flat_map(|day| {
            school.bells.iter().map(|bell| ChangeRequest::Move {
                day: day.day,
                period: bell.period,
                classroom_id: None,
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
            && self.is_free(&after)
            && self.links_carry(&after);
        fits.then_some(after)
    }

    /// Lessons at the same time.
    fn beside<'s>(
        &'s self,
        lesson: &'s TimetableLessonView,
    ) -> impl Iterator<Item = &'s TimetableLessonView> + 's {
        let day = self.days.get(&lesson.day).into_iter().flatten();
        day.filter(move |other| other.starts_at < lesson.ends_at && other.ends_at > lesson.starts_at)
    }

    fn is_free(&self, lesson: &TimetableLessonView) -> bool {
        let own: BTreeSet<_> =
            bookings(lesson).iter().map(|taken| (taken.kind, taken.who.to_owned())).collect();
        self.beside(lesson).all(|other| {
            bookings(other).iter().all(|taken| !own.contains(&(taken.kind, taken.who.to_owned())))
        })
    }

    fn links_carry(&self, lesson: &TimetableLessonView) -> bool {
        let carries = |org: &OrgId| {
            let school = self.of.county.schools.iter().find(|school| school.id == org.as_str());
            school.map_or(usize::MAX, |school| school.lessons_at_once as usize)
        };
        let own = links(lesson);
        own.iter().all(|org| {
            let count = |lesson: &TimetableLessonView| links(lesson).iter().filter(|one| *one == org).count();
            count(lesson) + self.beside(lesson).map(count).sum::<usize>() <= carries(org)
        })
    }
}
