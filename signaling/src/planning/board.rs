//! Lessons by day, as a proposal would have them: who is free at a time, and what the schools' links still carry. Pure.

use super::instance::{County, TeacherRow};
use crate::timetable::clash::{bookings, links};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::timetable::TimetableLessonView;

/// The lessons that stand.
pub struct Board<'a> {
    /// Lessons that each school's link carries at once.
    carries: HashMap<&'a str, usize>,
    days: BTreeMap<Day, Vec<TimetableLessonView>>,
}

impl<'a> Board<'a> {
    /// These lessons, at the schools of this county.
    pub fn new(county: &'a County, lessons: impl Iterator<Item = &'a TimetableLessonView>) -> Self {
        let carries =
            county.schools.iter().map(|school| (school.id.as_str(), school.lessons_at_once as usize));
        let mut board = Self { carries: carries.collect(), days: BTreeMap::new() };
        lessons.for_each(|lesson| board.put(lesson.clone()));
        board
    }

    /// One lesson more.
    pub fn put(&mut self, lesson: TimetableLessonView) {
        self.days.entry(lesson.day).or_default().push(lesson);
    }

    /// Could this lesson be held as it is, beside all others? A lesson on the board with the same id is the one it replaces.
    pub fn takes(&self, lesson: &TimetableLessonView) -> bool {
        self.is_free(lesson) && self.links_carry(lesson)
    }

    /// Lessons of a day.
    pub fn of_day(&self, day: Day) -> &[TimetableLessonView] {
        self.days.get(&day).map_or(&[], Vec::as_slice)
    }

    /// Lessons that this teacher gives in a week.
    pub fn given(&self, teacher: &str, week: u8) -> usize {
        let of_week = self.days.values().flatten().filter(|lesson| lesson.week == week);
        of_week.filter(|lesson| lesson.teacher_id.as_str() == teacher).count()
    }

    /// Others at the same time.
    fn beside<'s>(
        &'s self,
        lesson: &'s TimetableLessonView,
    ) -> impl Iterator<Item = &'s TimetableLessonView> + 's {
        let at_once = |other: &&TimetableLessonView| {
            other.id != lesson.id && other.starts_at < lesson.ends_at && other.ends_at > lesson.starts_at
        };
        self.of_day(lesson.day).iter().filter(at_once)
    }

    fn is_free(&self, lesson: &TimetableLessonView) -> bool {
        let own: BTreeSet<_> =
            bookings(lesson).iter().map(|taken| (taken.kind, taken.who.to_owned())).collect();
        self.beside(lesson).all(|other| {
            bookings(other).iter().all(|taken| !own.contains(&(taken.kind, taken.who.to_owned())))
        })
    }

    fn links_carry(&self, lesson: &TimetableLessonView) -> bool {
        let own = links(lesson);
        own.iter().all(|org: &&OrgId| {
            let count = |lesson: &TimetableLessonView| links(lesson).iter().filter(|one| *one == org).count();
            let most = self.carries.get(org.as_str()).copied().unwrap_or(usize::MAX);
            count(lesson) + self.beside(lesson).map(count).sum::<usize>() <= most
        })
    }
}

/// Can this teacher teach classes of this grade, with these textbook editions (empty: any)?
pub fn can_teach(teacher: &TeacherRow, subject: &str, grade: u8, editions: &[&str]) -> bool {
    teacher.subjects.iter().any(|(taught, from, to, edition)| {
        taught == subject
            && (*from..=*to).contains(&grade)
            && editions.iter().all(|class| edition.is_empty() || class.is_empty() || class == edition)
    })
}
