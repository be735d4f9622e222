//! A class will end the term short of a subject: which pairing would mend it, tried on the timetable as it is.
//!
//! Enters: the class, what it lacks, the lessons to come and the pairings in force. Leaves: [`Remedy`]s, those that give most
//! first: a pairing that the class could join, or a teacher who could teach it anew. Nothing is changed, no clock, no database.

use super::board::{Board, can_teach};
use super::instance::{ClassRow, County, RoomRow, TeacherRow};
use super::{LESSON_MINUTES, MAX_RECEIVING};
use crate::calendar::TeachingDay;
use crate::timetable::Facts;
use crate::timetable::clash::with_busy;
use crate::timetable::placing::place;
use std::collections::{BTreeMap, BTreeSet};
use tongtang_protocol::ids::{ClassId, ClassroomId, PairingId, PersonId, TimetableLessonId};
use tongtang_protocol::planning::{PairingTime, PairingView};
use tongtang_protocol::timetable::{LessonKind, TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// Remedies that are told.
const MAX_REMEDIES: usize = 3;

/// Teachers who are tried for a new pairing: those who give least.
const MAX_TEACHERS: usize = 12;

/// Weekly times of a new pairing at most, one a weekday.
const MAX_TIMES: usize = 5;

/// The id of a lesson that is only tried: none has it.
const NOT_THERE: &str = "not-there";

/// All there is to know.
pub struct Lack<'a> {
    /// Term, bells, rooms, classes and teachers, of all that may come into it.
    pub facts: &'a Facts,
    /// Who can teach what, and what links carry.
    pub county: &'a County,
    /// Planned lessons to come, by time, until the last day that is looked at.
    pub lessons: &'a [TimetableLessonView],
    /// The pairings in force.
    pub pairings: &'a [PairingView],
    /// The class that will be short.
    pub class: &'a ClassId,
    /// In this subject.
    pub subject: &'a str,
    /// Of so many periods.
    pub short: u32,
    /// Days that are looked at.
    pub days: &'a [TeachingDay],
    /// Now.
    pub now: UnixMillis,
}

/// A pairing that would give some of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Remedy {
    /// The one that the class could join; absent: a new one.
    pub pairing: Option<PairingId>,
    /// Who teaches.
    pub teacher: PersonId,
    /// From where.
    pub room: ClassroomId,
    /// Classes that have these lessons already.
    pub classes: usize,
    /// Weekly times.
    pub times: Vec<PairingTime>,
    /// Periods, at most as many as are missing.
    pub gives: u32,
}

/// Those that give most first; of equals those that change least.
pub fn remedies(of: &Lack<'_>) -> Vec<Remedy> {
    let Some(class) = of.county.classes.iter().find(|row| row.id == of.class.as_str()) else {
        return Vec::new();
    };
    let search = Search { of, class, board: Board::new(of.county, of.lessons.iter()) };
    let mut found = search.joined();
    found.extend(search.anew());
    found.sort_by_key(|remedy| {
        (
            std::cmp::Reverse(remedy.gives),
            remedy.pairing.is_none(),
            remedy.times.len(),
            remedy.teacher.clone(),
        )
    });
    found.truncate(MAX_REMEDIES);
    found
}

struct Search<'a> {
    of: &'a Lack<'a>,
    class: &'a ClassRow,
    board: Board<'a>,
}

impl Search<'_> {
    fn edition(&self) -> &str {
        self.class.subjects.get(self.of.subject).map_or("", |(edition, _)| edition.as_str())
    }

    /// Pairings of subject, grade and edition that have room for one class more.
    fn joined(&self) -> Vec<Remedy> {
        let edition = self.edition();
        let fits = |pairing: &&PairingView| {
            pairing.subject == self.of.subject
                && pairing.grade == self.class.grade
                && (edition.is_empty() || pairing.edition.is_empty() || pairing.edition == edition)
                && pairing.classes.len() < usize::from(MAX_RECEIVING)
                && pairing.classes.iter().all(|class| class.class_id != *self.of.class)
        };
        self.of.pairings.iter().filter(fits).filter_map(|pairing| self.join(pairing)).collect()
    }

    fn join(&self, pairing: &PairingView) -> Option<Remedy> {
        let (mut gives, mut times) = (0, BTreeSet::new());
        let own = self.of.lessons.iter().filter(|lesson| lesson.pairing_id.as_ref() == Some(&pairing.id));
        for lesson in own.filter(|lesson| lesson.starts_at > self.of.now && lesson.lesson_id.is_none()) {
            let classes: Vec<ClassId> = lesson
                .classes
                .iter()
                .map(|class| class.class_id.clone())
                .chain(std::iter::once(self.of.class.clone()))
                .collect();
            if let Some(time) = self.tried(lesson.clone(), &classes) {
                gives += 1;
                times.insert(time);
            }
        }
        (gives > 0).then(|| Remedy {
            pairing: Some(pairing.id.clone()),
            teacher: pairing.teacher_id.clone(),
            room: pairing.classroom_id.clone(),
            classes: pairing.classes.len(),
            times: times.into_iter().collect(),
            gives: gives.min(self.of.short),
        })
    }

    /// The lesson with these classes, if nobody and nothing is in its way: its weekly time.
    fn tried(&self, mut lesson: TimetableLessonView, classes: &[ClassId]) -> Option<PairingTime> {
        let facts = self.of.facts;
        let placed = place(facts, &lesson.classroom_id, lesson.day, lesson.period, classes).ok()?;
        lesson.week = placed.week;
        lesson.starts_at = placed.starts_at;
        lesson.ends_at = placed.ends_at;
        lesson.classes = placed.classes;
        let has_one_that_day = self.board.of_day(lesson.day).iter().any(|other| {
            other.id != lesson.id
                && other.subject == self.of.subject
                && other.classes.iter().any(|class| class.class_id == *self.of.class)
        });
        let fits = !has_one_that_day
            && lesson.starts_at > self.of.now
            && with_busy(facts, &lesson).is_empty()
            && self.board.takes(&lesson);
        let weekday = facts.calendar.of_day(lesson.day)?.weekday;
        fits.then_some(PairingTime { weekday, period: lesson.period })
    }

    /// Teachers of the subject who have time for a pairing of this class alone.
    fn anew(&self) -> Vec<Remedy> {
        let edition = self.edition();
        let first_week = self.of.days.first().map_or(0, |day| day.week);
        let mut able: Vec<(usize, &TeacherRow)> = self
            .of
            .county
            .teachers
            .iter()
            .filter(|teacher| can_teach(teacher, self.of.subject, self.class.grade, &[edition]))
            .map(|teacher| (self.board.given(&teacher.id, first_week + 1), teacher))
            .collect();
        able.sort_by_key(|(given, teacher)| (*given, teacher.id.clone()));
        able.into_iter().take(MAX_TEACHERS).filter_map(|(_, teacher)| self.taught_by(teacher)).collect()
    }

    /// The weekly times, one a weekday, that give this class most, from the room that gives most.
    fn taught_by(&self, teacher: &TeacherRow) -> Option<Remedy> {
        let person = PersonId::new(&teacher.id).ok()?;
        let rooms = self.of.county.rooms.iter();
        let rooms = rooms.filter(|room| room.org_id == teacher.org_id && room.max_receivers > 0);
        let found = rooms.filter_map(|room| self.taught_from(teacher, &person, room));
        found.max_by_key(|remedy| remedy.gives)
    }

    fn taught_from(&self, teacher: &TeacherRow, person: &PersonId, room: &RoomRow) -> Option<Remedy> {
        let room = ClassroomId::new(&room.id).ok()?;
        let facts = self.of.facts;
        let school = facts.schools.get(&facts.rooms.get(&room)?.org_id)?;
        // How many more they may give, by week.
        let mut left: BTreeMap<u8, usize> = BTreeMap::new();
        for day in self.of.days {
            left.entry(day.week).or_insert_with(|| {
                usize::from(teacher.max_delivered).saturating_sub(self.board.given(&teacher.id, day.week))
            });
        }
        let mut fits: BTreeMap<PairingTime, BTreeSet<TeachingDay>> = BTreeMap::new();
        for day in self.of.days {
            for bell in school.bells.iter().filter(|bell| bell.ends_min - bell.starts_min >= LESSON_MINUTES) {
                let Some(lesson) = self.blank(person, &room, *day, bell.period) else { continue };
                if let Some(time) = self.tried(lesson, std::slice::from_ref(self.of.class)) {
                    fits.entry(time).or_default().insert(*day);
                }
            }
        }
        let (mut times, mut gives) = (Vec::new(), 0);
        while gives < self.of.short && times.len() < MAX_TIMES {
            let open = |days: &BTreeSet<TeachingDay>| days.iter().filter(|day| left[&day.week] > 0).count();
            let others = fits
                .iter()
                .filter(|(time, _)| !times.iter().any(|chosen: &PairingTime| chosen.weekday == time.weekday));
            let best = others.max_by_key(|(time, days)| (open(days), std::cmp::Reverse(**time)));
            // What could be held now and then is no weekly lesson.
            let is_weekly = |time: &PairingTime, days: &BTreeSet<TeachingDay>| {
                let of_weekday = self.of.days.iter().filter(|day| day.weekday == time.weekday).count();
                open(days) > 0 && open(days) * 2 >= of_weekday
            };
            let Some((time, days)) = best.filter(|(time, days)| is_weekly(time, days)) else { break };
            for day in days {
                if let Some(more) = left.get_mut(&day.week).filter(|more| **more > 0) {
                    *more -= 1;
                    gives += 1;
                }
            }
            times.push(*time);
        }
        times.sort_unstable();
        let gives = gives.min(self.of.short);
        (gives > 0).then(|| Remedy { pairing: None, teacher: person.clone(), room, classes: 0, times, gives })
    }

    /// A lesson that is not there yet; placing fills in its time.
    fn blank(
        &self,
        person: &PersonId,
        room: &ClassroomId,
        day: TeachingDay,
        period: u8,
    ) -> Option<TimetableLessonView> {
        let facts = self.of.facts;
        Some(TimetableLessonView {
            id: TimetableLessonId::new(NOT_THERE).ok()?,
            term_id: facts.term.id.clone(),
            pairing_id: None,
            kind: LessonKind::Delivery,
            title: String::new(),
            subject: self.of.subject.to_owned(),
            grade: self.class.grade,
            org_id: facts.rooms.get(room)?.org_id.clone(),
            org_name: String::new(),
            teacher_id: person.clone(),
            teacher_name: String::new(),
            classroom_id: room.clone(),
            classroom_name: String::new(),
            day: day.day,
            week: day.week,
            period,
            starts_at: UnixMillis(0),
            ends_at: UnixMillis(0),
            state: TimetableState::Planned,
            reason: None,
            lesson_id: None,
            version: 1,
            classes: Vec::new(),
        })
    }
}
