//! What a lesson takes, and which lessons are in each other's way.
//!
//! Pure: the store brings the lessons that are there, this says which of them collide with those that are wanted.

use super::facts::Facts;
use super::placing::LONGEST_MIN;
use crate::calendar::is_in_week;
use std::collections::HashMap;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{OrgId, TimetableLessonId};
use tongtang_protocol::places::Busy;
use tongtang_protocol::timetable::{Conflict, ConflictKind, TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// Conflicts that are told at most; a person reads the first few.
pub const MAX_CONFLICTS: usize = 50;

/// Longest lesson, which bounds how far back an overlap is looked for.
pub const LONGEST_MS: i64 = LONGEST_MIN as i64 * 60_000;

/// Somebody or something for the time of a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Booking<'a> {
    /// A teacher, a class or a classroom.
    pub kind: ConflictKind,
    /// Its id.
    pub who: &'a str,
    /// From.
    pub starts_at: UnixMillis,
    /// To.
    pub ends_at: UnixMillis,
}

/// What a planned lesson takes: each teacher, class and room once. Lessons in another state take nothing.
pub fn bookings(lesson: &TimetableLessonView) -> Vec<Booking<'_>> {
    if lesson.state != TimetableState::Planned {
        return Vec::new();
    }
    let rooms = lesson.classes.iter().map(|class| (ConflictKind::Classroom, class.classroom_id.as_str()));
    let classes = lesson.classes.iter().map(|class| (ConflictKind::Class, class.class_id.as_str()));
    let own = [
        (ConflictKind::Teacher, lesson.teacher_id.as_str()),
        (ConflictKind::Classroom, lesson.classroom_id.as_str()),
    ];
    let mut all: Vec<_> = own
        .into_iter()
        .chain(classes)
        .chain(rooms)
        .map(|(kind, who)| Booking { kind, who, starts_at: lesson.starts_at, ends_at: lesson.ends_at })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What a planned lesson takes of the schools' links: one for the master school, one for each class at a distance.
pub fn links(lesson: &TimetableLessonView) -> Vec<&OrgId> {
    if lesson.state != TimetableState::Planned {
        return Vec::new();
    }
    let far = lesson.classes.iter().filter(|class| class.classroom_id != lesson.classroom_id);
    let mut links: Vec<_> = far.map(|class| &class.org_id).collect();
    if !links.is_empty() {
        links.push(&lesson.org_id);
    }
    links
}

/// The name of whom a booking is for, as the lesson shows it.
fn name_in(lesson: &TimetableLessonView, booking: &Booking<'_>) -> String {
    let class = |is: &dyn Fn(&str, &str) -> bool| {
        lesson.classes.iter().find(|class| is(class.class_id.as_str(), class.classroom_id.as_str()))
    };
    match booking.kind {
        ConflictKind::Teacher => lesson.teacher_name.clone(),
        ConflictKind::Classroom if booking.who == lesson.classroom_id.as_str() => {
            lesson.classroom_name.clone()
        }
        ConflictKind::Classroom => {
            class(&|_, room| room == booking.who).map_or_else(String::new, |class| class.class_name.clone())
        }
        ConflictKind::Class | ConflictKind::Link => {
            class(&|id, _| id == booking.who).map_or_else(String::new, |class| class.class_name.clone())
        }
    }
}

/// A conflict with this lesson.
pub fn with_lesson(kind: ConflictKind, name: String, other: &TimetableLessonView) -> Conflict {
    Conflict {
        kind,
        name,
        lesson_id: Some(other.id.clone()),
        title: other.title.clone(),
        place: format!("{} {}", other.org_name, other.classroom_name),
        starts_at: other.starts_at,
        ends_at: other.ends_at,
    }
}

/// Collisions of lessons that are wanted together, e.g. of two that change places.
pub fn among(wanted: &[&TimetableLessonView]) -> Vec<Conflict> {
    let mut taken: Vec<(Booking<'_>, &TimetableLessonView)> = wanted
        .iter()
        .flat_map(|lesson| bookings(lesson).into_iter().map(move |booking| (booking, *lesson)))
        .collect();
    taken.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
    let mut conflicts = Vec::new();
    // By who and begin: whoever overlaps a later one overlaps the next.
    for pair in taken.windows(2) {
        let ((first, earlier), (second, lesson)) = (&pair[0], &pair[1]);
        let same = (first.kind, first.who) == (second.kind, second.who);
        if same && first.ends_at > second.starts_at && conflicts.len() < MAX_CONFLICTS {
            conflicts.push(with_lesson(second.kind, name_in(lesson, second), earlier));
        }
    }
    conflicts
}

/// A time of a teacher or a class that is taken every week, if a lesson lies in it.
pub fn with_busy(facts: &Facts, lesson: &TimetableLessonView) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    if let Some(teacher) = facts.teachers.get(&lesson.teacher_id) {
        let mut found = overlapping(facts, &teacher.org_id, &teacher.busy, lesson);
        found.iter_mut().for_each(|conflict| conflict.name.clone_from(&teacher.name));
        conflicts.extend(found);
    }
    for received in &lesson.classes {
        let Some(class) = facts.classes.get(&received.class_id) else { continue };
        let mut found = overlapping(facts, &class.org_id, &class.busy, lesson);
        for conflict in &mut found {
            conflict.kind = ConflictKind::Class;
            conflict.name.clone_from(&class.name);
        }
        conflicts.extend(found);
    }
    conflicts.truncate(MAX_CONFLICTS);
    conflicts
}

fn overlapping(facts: &Facts, org: &OrgId, busy: &[Busy], lesson: &TimetableLessonView) -> Vec<Conflict> {
    let (Some(school), Some(day)) = (facts.schools.get(org), facts.calendar.of_day(lesson.day)) else {
        return Vec::new();
    };
    let at = |minute: u16| lesson.day.at_minute(i64::from(minute));
    let on = busy.iter().filter(|busy| busy.weekday == day.weekday && is_in_week(busy.parity, day.week));
    on.filter_map(|busy| {
        let bell = school.bells.iter().find(|bell| bell.period == busy.period)?;
        let (starts_at, ends_at) = (at(bell.starts_min), at(bell.ends_min));
        (starts_at < lesson.ends_at && ends_at > lesson.starts_at).then(|| Conflict {
            kind: ConflictKind::Teacher,
            name: String::new(),
            lesson_id: None,
            title: busy.what.clone(),
            place: school.name.clone(),
            starts_at,
            ends_at,
        })
    })
    .collect()
}

/// How many lessons a school's link carries at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The school's name.
    pub name: String,
    /// So many.
    pub most: usize,
}

/// A lesson on a school's link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carried {
    /// From.
    pub starts_at: UnixMillis,
    /// To.
    pub ends_at: UnixMillis,
    /// Which lesson.
    pub lesson: TimetableLessonId,
    /// Wanted, or there already?
    pub is_wanted: bool,
}

/// A moment at which a school's link would carry too many: the wanted lesson, and one that is in its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Overload {
    /// The school's name.
    pub school: String,
    /// What is wanted.
    pub wanted: TimetableLessonId,
    /// What is there, or wanted too.
    pub other: TimetableLessonId,
}

/// Where wanted lessons would overload a link, at most [`MAX_CONFLICTS`].
pub fn overloads(links: &HashMap<OrgId, Link>, carried: HashMap<OrgId, Vec<Carried>>) -> Vec<Overload> {
    let mut found = Vec::new();
    for (org, mut lessons) in carried {
        let Some(link) = links.get(&org) else { continue };
        lessons.sort_unstable();
        let mut running: Vec<&Carried> = Vec::new();
        for lesson in &lessons {
            running.retain(|other| other.ends_at > lesson.starts_at);
            running.push(lesson);
            if running.len() <= link.most {
                continue;
            }
            for wanted in running.iter().filter(|one| one.is_wanted) {
                let mut others: Vec<_> = running.iter().filter(|one| one.lesson != wanted.lesson).collect();
                if others.is_empty() {
                    // Alone it has more classes of this school than the link carries.
                    others.push(wanted);
                }
                for other in others {
                    let overload = Overload {
                        school: link.name.clone(),
                        wanted: wanted.lesson.clone(),
                        other: other.lesson.clone(),
                    };
                    let told = |o: &Overload| {
                        *o == overload || (o.wanted == overload.other && o.other == overload.wanted)
                    };
                    if found.len() < MAX_CONFLICTS && !found.iter().any(told) {
                        found.push(overload);
                    }
                }
            }
        }
    }
    found
}

/// The day of a conflict, for sentences.
pub fn day_of(conflict: &Conflict) -> Day {
    Day::of(conflict.starts_at)
}
